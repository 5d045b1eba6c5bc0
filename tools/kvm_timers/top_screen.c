// SPDX-License-Identifier: GPL-2.0-only
/*
 * The screen of kvm-timers top: a line a VM, and below it, if it is expanded, one for its clock
 * and one a device.
 */
#include "top.h"

#include <curses.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "late.h"
#include "names.h"
#include "out.h"

#define US_PER_MS	1000.0
#define US_PER_S	1000000.0
#define MS_PER_S	1000.0
#define NS_PER_S	1e9

#define P50		500
#define P99		990
#define ALL		1000

/* The title, the heads of the columns, and the keys. */
#define LINES_ABOVE	2
#define LINES_BELOW	1

#define LINE_ROOM	512

/* From where on there is room for process and clock in a VM's own line. */
#define WIDE		160
#define BEHIND		" %-8s %s"

/* And for the rate of a catch-up in the last column. */
#define ROOMY		86
#define STATE_NARROW	8
#define STATE_ROOMY	14

/* The kernel's names of processes have up to 15 characters. */
#define COLUMNS		"%-5s %-15.15s %8s %8s %7s %7s %7s %7s %-*s"

static const char * const sorts[] = {
	[KT_TOP_BY_ID]		= "id",
	[KT_TOP_BY_ASKED]	= "asked",
	[KT_TOP_BY_DELIVERED]	= "delivered",
	[KT_TOP_BY_OWED]	= "owed",
	[KT_TOP_BY_LATE]	= "late",
};

static const char * const states[] = {
	[KT_RATES_ABSENT]	= "absent",
	[KT_RATES_IDLE]		= "idle",
	[KT_RATES_ON_TIME]	= "on time",
	[KT_RATES_OWES]		= "owes",
	[KT_RATES_CATCHING_UP]	= "catch-up",
};

/**
 * struct canvas - where the next line goes
 * @top:	what is shown
 * @line:	number of the next one, of all
 * @rows:	how many there are on the screen
 */
struct canvas {
	const struct kt_top	*top;
	size_t			line;
	size_t			rows;
};

static void format_rate(char *text, size_t room, bool known, double rate)
{
	if (!known)
		snprintf(text, room, "-");
	else if (rate < 1e6)
		snprintf(text, room, "%.1f", rate);
	else
		snprintf(text, room, "%.2e", rate);
}

static void format_count(char *text, size_t room, __u64 count)
{
	if (count < 10000000)
		snprintf(text, room, "%llu", count);
	else
		snprintf(text, room, "%.1e", (double)count);
}

/* A bound of a bucket: what is late is late by less. */
static void format_late(char *text, size_t room, __u64 below_us)
{
	if (below_us == KT_RATES_NO_LATE)
		snprintf(text, room, "-");
	else if (below_us == KT_LATE_UNBOUNDED)
		snprintf(text, room, ">%.3gs",
			 kt_late_from_us(KVM_TIMERS_LATE_BUCKETS - 1) / US_PER_S);
	else if (below_us < US_PER_MS)
		snprintf(text, room, "<%lluus", below_us);
	else if (below_us < US_PER_S)
		snprintf(text, room, "<%.3gms", below_us / US_PER_MS);
	else
		snprintf(text, room, "<%.3gs", below_us / US_PER_S);
}

static int state_width(void)
{
	return COLS < ROOMY ? STATE_NARROW : STATE_ROOMY;
}

static bool is_frozen(const struct kt_top_vm *vm)
{
	return vm->vm.status.clock_flags & KVM_TIMERS_CLOCK_FROZEN;
}

/* Who is given nothing catches nothing up, whatever the rate will be once the guest runs. */
static bool is_stalled(const struct kt_top_vm *vm, const struct kt_rates *rates)
{
	return is_frozen(vm) || (rates->known && rates->asked > 0 && !(rates->delivered > 0));
}

/* A catch-up that has just ended has no rate. */
static void format_state(char *text, size_t room, const struct kt_top_vm *vm,
			 const struct kt_rates *rates)
{
	if (rates->state == KT_RATES_CATCHING_UP && is_stalled(vm, rates))
		snprintf(text, room, "%s", states[KT_RATES_OWES]);
	else if (rates->catchup_pct && COLS >= ROOMY)
		snprintf(text, room, "%s %u.%02u", states[rates->state], rates->catchup_pct / 100,
			 rates->catchup_pct % 100);
	else
		snprintf(text, room, "%s", states[rates->state]);
}

static void format_vm_state(char *text, size_t room, const struct kt_top_vm *vm)
{
	if (vm->vm.status.dead)
		snprintf(text, room, "gone");
	else if (is_frozen(vm))
		snprintf(text, room, "frozen");
	else
		format_state(text, room, vm, &vm->sum);
}

/* Segments are what there is the least to see of: in a line of its own there is no room for them. */
static void format_clock(char *text, size_t room, const struct kvm_timers_status *status)
{
	const char *rate = kt_names_clock_rate(status->clock_rate);
	char lag[40] = "", segments[40] = "";

	if (!status->dead)
		snprintf(lag, sizeof(lag), ", lag %lld ns", status->clock_lag_ns);
	if (COLS >= WIDE)
		snprintf(segments, sizeof(segments), ", segments %llu", status->clock_segments);
	snprintf(text, room, "%s, %s%s%s, thaws %llu, stopped %.1f s", rate ? rate : "unknown",
		 status->clock_flags & KVM_TIMERS_CLOCK_BY_TSC ? "by TSC" : "no TSC", lag,
		 segments, status->clock_thaws, status->clock_stopped_ns / NS_PER_S);
}

/* Processes of the same name are told apart by it. What is not the caller's to see has none. */
static void format_pid(char *text, size_t room, const struct kt_vm *vm)
{
	if (vm->status.pid > 0)
		snprintf(text, room, "%d", vm->status.pid);
	else
		snprintf(text, room, "-");
}

/* What is scrolled away is not drawn. What does not fit is cut: no line is ever wrapped. */
static void put(struct canvas *canvas, attr_t attributes, const char *text)
{
	size_t line = canvas->line++;

	if (line < canvas->top->first || line >= canvas->top->first + canvas->rows)
		return;
	move(LINES_ABOVE + line - canvas->top->first, 0);
	attrset(attributes);
	printw("%-*.*s", COLS, COLS, text);
	attrset(A_NORMAL);
}

static void format_row(char *text, const struct kt_top *top, const char *id, const char *name,
		       const struct kt_rates *rates, const char *state)
{
	char asked[24], delivered[24], owed[24], p50[24], p99[24], max[24];
	const __u64 *late = kt_top_late(top, rates);

	format_rate(asked, sizeof(asked), rates->known, rates->asked);
	format_rate(delivered, sizeof(delivered), rates->known, rates->delivered);
	format_count(owed, sizeof(owed), rates->owed);
	format_late(p50, sizeof(p50), kt_rates_quantile(late, P50));
	format_late(p99, sizeof(p99), kt_rates_quantile(late, P99));
	format_late(max, sizeof(max), kt_rates_quantile(late, ALL));
	snprintf(text, LINE_ROOM, COLUMNS, id, name, asked, delivered, owed, p50, p99, max,
		 state_width(), state);
}

static void put_vm(struct canvas *canvas, const struct kt_top_vm *vm)
{
	bool selected = vm->vm.status.id == canvas->top->selected;
	char text[LINE_ROOM], clock[LINE_ROOM / 2], id[16], state[24], pid[16];
	const char *name = vm->vm.comm[0] ? vm->vm.comm : "-";

	snprintf(id, sizeof(id), "%u", vm->vm.status.id);
	format_vm_state(state, sizeof(state), vm);
	format_row(text, canvas->top, id, name, &vm->sum, state);
	if (COLS >= WIDE) {
		format_clock(clock, sizeof(clock), &vm->vm.status);
		format_pid(pid, sizeof(pid), &vm->vm);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), BEHIND, pid, clock);
	}
	put(canvas, selected ? A_REVERSE : A_BOLD, text);
}

static void put_clock(struct canvas *canvas, const struct kt_top_vm *vm)
{
	char text[LINE_ROOM], clock[LINE_ROOM / 2], pid[16];

	format_clock(clock, sizeof(clock), &vm->vm.status);
	format_pid(pid, sizeof(pid), &vm->vm);
	snprintf(text, sizeof(text), "        PID %s, clock: %s", pid, clock);
	put(canvas, A_NORMAL, text);
}

static void put_devices(struct canvas *canvas, const struct kt_top_vm *vm)
{
	char text[LINE_ROOM], name[32], state[24];
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++) {
		if (!(vm->vm.status.devices & 1U << n))
			continue;
		snprintf(name, sizeof(name), "  %s", kt_names_device(n));
		format_state(state, sizeof(state), vm, &vm->device[n]);
		format_row(text, canvas->top, "", name, &vm->device[n], state);
		put(canvas, A_NORMAL, text);
	}
}

/* Return: lines of a VM. */
static size_t height_of(const struct kt_top_vm *vm)
{
	unsigned int n;
	size_t height = 1;

	if (!vm->expanded)
		return height;
	for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++)
		height += !!(vm->vm.status.devices & 1U << n);

	return height + (COLS < WIDE);
}

/* Move what is shown so far that the selected VM, and as much of it as can be, is on the screen. */
static void scroll_to_selected(struct kt_top *top, size_t rows)
{
	size_t line = 0, total = 0, height = 1, i;

	for (i = 0; i < top->nr; i++) {
		if (top->vms[i].vm.status.id == top->selected) {
			line = total;
			height = height_of(&top->vms[i]);
		}
		total += height_of(&top->vms[i]);
	}

	if (top->first + rows > total)
		top->first = total > rows ? total - rows : 0;
	if (top->first + rows < line + height)
		top->first = line + height - rows;
	if (top->first > line)
		top->first = line;
}

static void draw_frame(const struct kt_top *top)
{
	char title[LINE_ROOM], heads[LINE_ROOM], behind[32] = "";

	snprintf(title, sizeof(title), "kvm-timers: %zu VM%s, every %.1f s, by %s, lateness %s",
		 top->nr, top->nr == 1 ? "" : "s", top->interval_ms / MS_PER_S, sorts[top->sort],
		 top->all_time ? "since they began" : "in the interval");
	if (COLS >= WIDE)
		snprintf(behind, sizeof(behind), BEHIND, "PID", "CLOCK");
	snprintf(heads, sizeof(heads), COLUMNS "%s", "VM", "COMMAND", "ASKED/s", "GIVEN/s", "OWED",
		 "LATE50", "LATE99", "LATEMAX", state_width(), "STATE", behind);
	mvprintw(0, 0, "%.*s", COLS, title);
	attrset(A_UNDERLINE);
	mvprintw(1, 0, "%-*.*s", COLS, COLS, heads);
	attrset(A_NORMAL);
	/* The last cell of the screen stays free: writing it can scroll. */
	mvprintw(LINES - 1, 0, "%.*s", COLS - 1,
		 "q quit  s sort  + - interval  enter expand  e all  l lateness  arrows move");
}

/**
 * kt_top_screen_draw() - draw all that there is room for
 * @top:	what is shown; where its lines begin is moved to the selected VM
 */
void kt_top_screen_draw(struct kt_top *top)
{
	struct canvas canvas = { .top = top, .rows = kt_top_screen_page() };
	size_t i;

	erase();
	scroll_to_selected(top, canvas.rows);
	for (i = 0; i < top->nr; i++) {
		put_vm(&canvas, &top->vms[i]);
		if (!top->vms[i].expanded)
			continue;
		if (COLS < WIDE)
			put_clock(&canvas, &top->vms[i]);
		put_devices(&canvas, &top->vms[i]);
	}
	draw_frame(top);
	refresh();
}

/**
 * kt_top_screen_page() - lines that fit between head and foot
 *
 * Return: their number, at least 1.
 */
size_t kt_top_screen_page(void)
{
	return LINES > LINES_ABOVE + LINES_BELOW ? LINES - LINES_ABOVE - LINES_BELOW : 1;
}

/**
 * kt_top_screen_open() - take the terminal
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported.
 */
int kt_top_screen_open(void)
{
	const char *terminal = getenv("TERM");

	if (!newterm(NULL, stdout, stdin))
		return kt_out_fail(KT_OUT_ERROR, "the terminal '%s' is not known: set TERM",
				   terminal ? terminal : "");
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);

	return KT_OUT_OK;
}

/**
 * kt_top_screen_close() - give the terminal back as it was; a second time is none
 */
void kt_top_screen_close(void)
{
	if (!isendwin())
		endwin();
}
