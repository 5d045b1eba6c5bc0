// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers top: VMs and their devices, live. This file reads, keeps what was read before, and
 * takes keys; rates.c computes, top_screen.c draws.
 */
#include "top.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "late.h"
#include "option.h"
#include "out.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define INTERVAL_OPTION	"--interval"
#define INTERVAL_MS	1000

#define NS_PER_S	1000000000ULL
#define NS_PER_MS	1000000ULL

#define P99		990

/* What the keys step through. */
static const unsigned int intervals_ms[] = { 200, 500, 1000, 2000, 5000, 10000, 30000, 60000 };

/* What VMs are compared by; qsort() has no argument for it. */
static const struct kt_top *sorted;

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/**
 * kt_top_late() - the histogram that is shown
 * @top:	what is shown
 * @rates:	of a device or a VM
 *
 * Return: that of the interval, or that of all time.
 */
const __u64 *kt_top_late(const struct kt_top *top, const struct kt_rates *rates)
{
	return top->all_time ? rates->late_all : rates->late;
}

/**
 * kt_top_find() - where a VM is
 * @top:	what is shown
 * @id:		its id
 *
 * Return: its number among those shown, or their number.
 */
size_t kt_top_find(const struct kt_top *top, __u32 id)
{
	size_t i;

	for (i = 0; i < top->nr && top->vms[i].vm.status.id != id; i++)
		;

	return i;
}

static double key_of(const struct kt_top_vm *vm)
{
	switch (sorted->sort) {
	case KT_TOP_BY_ASKED:
		return vm->sum.asked;
	case KT_TOP_BY_DELIVERED:
		return vm->sum.delivered;
	case KT_TOP_BY_OWED:
		return vm->sum.owed;
	case KT_TOP_BY_LATE:
		return kt_rates_quantile(kt_top_late(sorted, &vm->sum), P99);
	default:
		return 0;
	}
}

/* The most telling first; where nothing tells them apart, as the module numbers them. */
static int compare(const void *a, const void *b)
{
	const struct kt_top_vm *one = a, *other = b;
	double key = key_of(one), other_key = key_of(other);
	__u32 id = one->vm.status.id, other_id = other->vm.status.id;

	if (key != other_key)
		return key < other_key ? 1 : -1;

	return id < other_id ? -1 : id > other_id;
}

static void sort(struct kt_top *top)
{
	sorted = top;
	qsort(top->vms, top->nr, sizeof(*top->vms), compare);
}

static void compute(struct kt_top_vm *vm, const struct kt_top_vm *before, __u64 elapsed_ns)
{
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++) {
		if (!(vm->vm.status.devices & 1U << n))
			continue;
		kt_rates_device(&vm->device[n], before ? &before->vm.status.device[n] : NULL,
				&vm->vm.status.device[n], elapsed_ns);
		kt_rates_add(&vm->sum, &vm->device[n]);
	}
}

/* Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported. */
static int read_again(struct kt_top *top)
{
	struct kt_top_vm *vms;
	struct kt_vm *read;
	size_t nr, i, was;
	__u64 at;
	int ret;

	ret = kt_vm_read_all(&read, &nr);
	if (ret)
		return ret;
	at = now_ns();

	vms = calloc(nr + 1, sizeof(*vms));
	for (i = 0; vms && i < nr; i++) {
		was = kt_top_find(top, read[i].status.id);
		vms[i].vm = read[i];
		vms[i].expanded = was < top->nr ? top->vms[was].expanded : top->expand_new;
		compute(&vms[i], was < top->nr ? &top->vms[was] : NULL, at - top->at_ns);
	}
	free(read);
	if (!vms)
		return kt_out_fail(KT_OUT_ERROR, "no memory for %zu VMs", nr);

	free(top->vms);
	top->vms = vms;
	top->nr = nr;
	top->at_ns = at;
	sort(top);
	if (nr && kt_top_find(top, top->selected) == nr)
		top->selected = vms[0].vm.status.id;

	return KT_OUT_OK;
}

static void step_interval(struct kt_top *top, bool longer)
{
	size_t i, last = ARRAY_SIZE(intervals_ms) - 1;

	if (longer) {
		for (i = 0; i < last && intervals_ms[i] <= top->interval_ms; i++)
			;
	} else {
		for (i = last; i > 0 && intervals_ms[i] >= top->interval_ms; i--)
			;
	}
	top->interval_ms = intervals_ms[i];
}

static void move_by(struct kt_top *top, long lines)
{
	long to = (long)kt_top_find(top, top->selected) + lines;

	if (to >= (long)top->nr)
		to = (long)top->nr - 1;
	if (to < 0)
		to = 0;
	if (top->nr)
		top->selected = top->vms[to].vm.status.id;
}

static void expand(struct kt_top *top, bool all)
{
	size_t at = kt_top_find(top, top->selected), i;

	if (all) {
		top->expand_new = !top->expand_new;
		for (i = 0; i < top->nr; i++)
			top->vms[i].expanded = top->expand_new;
	} else if (at < top->nr) {
		top->vms[at].expanded = !top->vms[at].expanded;
	}
}

/* Return: whether to go on. */
static bool take_key(struct kt_top *top, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 's':
		top->sort = (top->sort + 1) % KT_TOP_NR_SORTS;
		sort(top);
		break;
	case 'l':
		top->all_time = !top->all_time;
		sort(top);
		break;
	case '+':
		step_interval(top, true);
		break;
	case '-':
		step_interval(top, false);
		break;
	case 'e':
		expand(top, true);
		break;
	case ' ':
	case '\n':
	case '\r':
	case KEY_ENTER:
		expand(top, false);
		break;
	case KEY_UP:
	case 'k':
		move_by(top, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move_by(top, 1);
		break;
	case KEY_PPAGE:
		move_by(top, -(long)kt_top_screen_page());
		break;
	case KEY_NPAGE:
		move_by(top, kt_top_screen_page());
		break;
	case KEY_HOME:
		move_by(top, -(long)top->nr);
		break;
	case KEY_END:
		move_by(top, top->nr);
		break;
	}

	return true;
}

/* A terminal that goes away must not leave a tool behind that asks for keys without end. */
static bool is_gone(int key)
{
	return key == ERR && !isatty(STDIN_FILENO);
}

static int show(struct kt_top *top)
{
	__u64 now, due;
	int key, ret;

	for (;;) {
		kt_top_screen_draw(top);
		now = now_ns();
		due = top->at_ns + top->interval_ms * NS_PER_MS;
		if (now >= due) {
			ret = read_again(top);
			if (ret)
				return ret;
			continue;
		}

		/* Rounded up: a wait of 0 would be one of many. */
		timeout((due - now + NS_PER_MS - 1) / NS_PER_MS);
		key = getch();
		if (is_gone(key) || !take_key(top, key))
			return KT_OUT_OK;
	}
}

/* "S" or "S.F", 0.1 to 3600 seconds. */
static int parse_interval(const char *text, unsigned int *ms)
{
	char *end;
	double s;

	s = strtod(text, &end);
	if (text[strspn(text, "0123456789.")] || *end || end == text || s < 0.1 || s > 3600)
		return kt_out_fail(KT_OUT_USAGE,
				   INTERVAL_OPTION " '%s': write seconds, 0.1 to 3600", text);
	*ms = s * 1000 + 0.5;

	return KT_OUT_OK;
}

/**
 * kt_top_run() - show all VMs that the caller may see until a key ends it
 * @argc:	number of arguments
 * @argv:	options
 *
 * Return: enum kt_out_exit.
 */
int kt_top_run(int argc, char **argv)
{
	static const struct kt_option option = { "top", INTERVAL_OPTION, "SECONDS" };
	struct kt_top top = { .interval_ms = INTERVAL_MS };
	const char *interval = NULL;
	int ret;

	ret = kt_option_take(&option, argc, argv, &interval);
	if (!ret && interval)
		ret = parse_interval(interval, &top.interval_ms);
	if (ret)
		return ret;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return kt_out_fail(KT_OUT_ERROR,
				   "not a terminal: write 'kvm-timers list' or 'kvm-timers status ID'");

	/* Whatever is wrong with the module is said before the screen is taken. */
	ret = read_again(&top);
	if (!ret)
		ret = kt_top_screen_open();
	if (!ret) {
		kt_out_before_fail(kt_top_screen_close);
		ret = show(&top);
		kt_out_before_fail(NULL);
		kt_top_screen_close();
	}
	free(top.vms);

	return ret;
}
