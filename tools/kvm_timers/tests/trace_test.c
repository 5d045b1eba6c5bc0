// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read of trace_pipe, to the letter, and what events add up to. Prints TAP.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../trace_event.h"
#include "../trace_sum.h"

#define NS_PER_S	1000000000ULL
#define NS_PER_MS	1000000ULL
#define CONTEXT		"            qemu-42      [003] d..1.    12.345678: "
#define TICK		"tick_due: id 7 rtc index 4 guest_ns 5 ticks 2 owed 3"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static unsigned int tests, failed;

static void ok(bool good, const char *what)
{
	size_t i;

	tests++;
	failed += !good;
	printf("%sok %u - ", good ? "" : "not ", tests);
	for (i = 0; what[i]; i++)
		putchar(what[i] < ' ' || what[i] > '~' || what[i] == '#' ? '?' : what[i]);
	putchar('\n');
}

static const char * const good[] = {
	CONTEXT TICK,
	"a[0] x: 1.2: b:x-4194304 [255] d.h2.. 99999.000000: " TICK,
	/* Whatever a task is called. */
	"           \n\x1b\xff]0-1       [000] .....     0.000001: " TICK,
	CONTEXT "tick_lost: id 4294967295 lapic index 4 guest_ns 18446744073709551615 ticks 1 owed 0",
	CONTEXT "catchup_begin: id 1 pit index 4 guest_ns 1 ticks 0 owed 9",
	CONTEXT "clock_changed: id 1 frozen guest_ns 1 kvmclock ahead by -9223372036854775808 mul 1 shift -128",
	CONTEXT "vm_attach: id 1 pid 42 devices 0x3f",
	CONTEXT "vm_detach: id 1",
	"CPU:3 [LOST 17 EVENTS]",
	"CPU:3 [LOST EVENTS]",
};

static const char * const bad[] = {
	"",
	" ",
	TICK,
	CONTEXT,
	CONTEXT TICK " ",
	CONTEXT "tick_due: id 7 rtc index 4 guest_ns 5 ticks 2 owed ",
	CONTEXT "tick_due: id 7 rtc index 4 guest_ns 5 ticks 2 owed -3",
	CONTEXT "tick_due: id 7 rtc index 4 guest_ns 5 ticks 2 owed 0x3",
	CONTEXT "tick_due: id 7 rtc index 4 guest_ns 5 ticks  2 owed 3",
	CONTEXT "tick_due: id 7 0x9 index 4 guest_ns 5 ticks 2 owed 3",
	CONTEXT "tick_due: id 7 tsc index 4 guest_ns 5 ticks 2 owed 3",
	CONTEXT "tick_due: id 4294967296 rtc index 4 guest_ns 5 ticks 2 owed 3",
	CONTEXT "tick_due: id 7 rtc index 4 guest_ns 18446744073709551616 ticks 2 owed 3",
	CONTEXT "tick_due: id 7 rtc guest_ns 5 ticks 2 owed 3",
	CONTEXT "tick_due: id 7 rtc index -1 guest_ns 5 ticks 2 owed 3",
	CONTEXT "tick_due: id 7 rtc index 4294967296 guest_ns 5 ticks 2 owed 3",
	CONTEXT "tick_du: id 7 rtc index 4 guest_ns 5 ticks 2 owed 3",
	CONTEXT "overrun: id 7",
	CONTEXT "kvm_exit: id 7",
	CONTEXT "clock_changed: id 1 melted guest_ns 1 kvmclock ahead by 0 mul 1 shift 0",
	CONTEXT "clock_changed: id 1 frozen guest_ns 1 kvmclock ahead by 9223372036854775808 mul 1 shift 0",
	CONTEXT "vm_attach: id 1 pid 42 devices 3f",
	CONTEXT "vm_attach: id 1 pid 42 devices 0x1ffffffff",
	CONTEXT "vm_detach: id 1 pid 42",
	/* Without flags, with another clock, with a TGID: not as it was asked for. */
	"            qemu-42      [003]    12.345678: " TICK,
	"            qemu-42      [003] d..1. 12345678: " TICK,
	"            qemu-42      [003] d..1.    12.34567: " TICK,
	"            qemu-42      (     42) [003] d..1.    12.345678: " TICK,
	"           qemu-42      [003] d..1.    12.345678: " TICK,
	"CPU:3 [LOST 17 EVENTS] ",
	"CPU:3 [LOST -1 EVENTS]",
	"CPU: [LOST EVENTS]",
};

static void test_lines(void)
{
	struct kt_event event;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		ok(kt_event_from_pipe(good[i], &event), good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!kt_event_from_pipe(bad[i], &event), bad[i]);

	kt_event_from_pipe(good[0], &event);
	ok(event.type == KT_EVENT_TICK_DUE && event.cpu == 3 && event.vm == 7 &&
	   event.device == 1 && event.index == 4 &&
	   event.host_ns == 12345678000ULL && event.guest_ns == 5 && event.ticks == 2 &&
	   event.owed == 3, "a tick is what it says");
	kt_event_from_pipe(good[5], &event);
	ok(event.type == KT_EVENT_CLOCK_CHANGED && !strcmp(kt_event_why(event.why), "frozen") &&
	   event.ahead_ns == INT64_MIN && event.mul == 1 && event.shift == -128,
	   "a change of the clock is");
	kt_event_from_pipe(good[6], &event);
	ok(event.type == KT_EVENT_VM_ATTACH && event.pid == 42 && event.devices == 0x3f, "a VM is");
	kt_event_from_pipe(good[8], &event);
	ok(event.type == KT_EVENT_OVERRUN && event.ticks == 17, "an overrun is");
}

static const char *tick(struct kt_sum *sum, enum kt_event_type type, __u64 at_ms, __u64 ticks,
			__u64 owed)
{
	struct kt_event event = {
		.type = type, .host_ns = NS_PER_S + at_ms * NS_PER_MS, .vm = 1, .ticks = ticks,
		.owed = owed,
	};

	return kt_sum_add(sum, &event);
}

/* A second of 100 Hz, of which half is missed and made up for. */
static void test_sums(void)
{
	const struct kt_sum_device *d;
	__u64 at, due = 0, given = 0;
	struct kt_sum sum;
	unsigned int i;

	kt_sum_begin(&sum, NS_PER_S);
	for (at = 10; at <= 500; at += 10) {
		tick(&sum, KT_EVENT_TICK_DUE, at, 1, 1);
		tick(&sum, KT_EVENT_TICK_DELIVERED, at, 1, 0);
	}
	tick(&sum, KT_EVENT_TICK_DUE, 1000, 50, 50);
	tick(&sum, KT_EVENT_TICK_LOST, 1000, 3, 47);
	tick(&sum, KT_EVENT_CATCHUP_BEGIN, 1000, 0, 47);
	for (i = 1; i <= 47; i++)
		tick(&sum, KT_EVENT_TICK_DELIVERED, 1000 + i, 1, 47 - i);
	tick(&sum, KT_EVENT_CATCHUP_END, 1047, 0, 0);
	kt_sum_end(&sum, NS_PER_S + 1100 * NS_PER_MS);

	d = &sum.vm[0].device[0];
	ok(d->due == 100 && d->delivered == 97 && d->lost == 3, "ticks");
	ok(d->owed_max == 50 && d->owed_last == 0, "what was owed");
	ok(d->catchups.nr == 1 && d->catchups.ticks == 47 && d->catchups.ns == 47 * NS_PER_MS &&
	   d->catchups.span[0].begin_ns == 1000 * NS_PER_MS, "a catch-up");
	ok(d->gaps.nr == 1 && d->gaps.max_ns == 501 * NS_PER_MS && d->gaps.ticks == 50, "a gap");
	ok(sum.end_ns == 1100 * NS_PER_MS && !sum.backward, "its end");
	for (i = 0; i < KT_SUM_BINS; i++) {
		due += d->bin[i].due;
		given += d->bin[i].delivered;
	}
	ok(due == 100 && given == 97, "bins have all of them, also where they were joined");
	ok(d->bin[750 * NS_PER_MS / sum.bin_ns].due <= 1 &&
	   d->bin[1000 * NS_PER_MS / sum.bin_ns].due <= 2, "and where they fell due");
	kt_sum_free(&sum);
}

static void timer(struct kt_sum *sum, __u32 device, __u32 index, __u64 ticks)
{
	const struct kt_event event = {
		.type = KT_EVENT_TICK_DUE, .host_ns = NS_PER_S, .vm = 1, .device = device,
		.index = index, .ticks = ticks, .owed = ticks,
	};

	kt_sum_add(sum, &event);
}

/* Each timer of the HPET, and of each vCPU, is a device of its own; a file may not say which. */
static void test_timers(void)
{
	static const char * const labels[] = {
		"pit", "rtc", "hpet.0", "hpet.2", "lapic.0", "lapic.7", "lapic",
	};
	struct kt_trace_known_vm known = { .id = 1, .period_ns = { 7, 8, 9, 10 } };
	bool good = true, said = true;
	char label[KT_SUM_LABEL_ROOM];
	struct kt_sum sum;
	unsigned int i;

	kt_sum_begin(&sum, NS_PER_S);
	kt_sum_know(&sum, &known);
	timer(&sum, KVM_TIMERS_DEVICE_LAPIC, KT_EVENT_NO_INDEX, 7);
	timer(&sum, KVM_TIMERS_DEVICE_LAPIC, 7, 6);
	timer(&sum, KVM_TIMERS_DEVICE_HPET, 2, 4);
	timer(&sum, KVM_TIMERS_DEVICE_LAPIC, 0, 5);
	timer(&sum, KVM_TIMERS_DEVICE_PIT, 0, 1);
	timer(&sum, KVM_TIMERS_DEVICE_HPET, 0, 3);
	timer(&sum, KVM_TIMERS_DEVICE_RTC, 0, 1);
	timer(&sum, KVM_TIMERS_DEVICE_RTC, 0, 1);
	kt_sum_end(&sum, 2 * NS_PER_S);

	ok(sum.vm[0].nr == ARRAY_SIZE(labels) && sum.devices == ARRAY_SIZE(labels),
	   "timers are told apart");
	for (i = 0; i < sum.vm[0].nr; i++) {
		kt_sum_label(&sum.vm[0].device[i], label, sizeof(label));
		good &= !strcmp(label, labels[i]) && sum.vm[0].device[i].due == i + 1;
		said &= kt_sum_said_ns(&sum.vm[0], &sum.vm[0].device[i]) == (i < 2 ? 7 + i : 0);
	}
	ok(good, "each has its name and its ticks");
	ok(said, "what the module said of several is not taken for each");
	kt_sum_free(&sum);
}

static void test_bounds(void)
{
	struct kt_event event = { .type = KT_EVENT_TICK_DUE, .ticks = UINT64_MAX };
	struct kt_sum sum;
	const char *why = NULL;
	unsigned int i;

	kt_sum_begin(&sum, 0);
	event.host_ns = INT64_MAX;
	kt_sum_add(&sum, &event);
	kt_sum_add(&sum, &event);
	event.host_ns = 0;
	kt_sum_add(&sum, &event);
	kt_sum_end(&sum, 0);
	ok(sum.vm[0].device[0].due == UINT64_MAX, "a sum does not wrap");
	ok(sum.backward == 1 && sum.end_ns == INT64_MAX, "nor does time go back");
	ok(kt_sum_times(UINT64_MAX, 2) == UINT64_MAX && kt_sum_times(7, 0) == 0 &&
	   kt_sum_times(7, 3) == 21, "nor does a product wrap");
	kt_sum_free(&sum);

	kt_sum_begin(&sum, 0);
	event.type = KT_EVENT_VM_DETACH;
	for (i = 0; !why && i <= KT_TRACE_MAX_VMS; i++) {
		event.vm = i;
		why = kt_sum_add(&sum, &event);
	}
	ok(why && sum.nr == KT_TRACE_MAX_VMS, "there is a bound to VMs");
	kt_sum_free(&sum);

	kt_sum_begin(&sum, 0);
	event.type = KT_EVENT_TICK_DUE;
	for (i = 0, why = NULL; !why && i <= KT_SUM_MAX_DEVICES; i++) {
		event.vm = i % 3;
		event.device = KVM_TIMERS_DEVICE_LAPIC;
		event.index = UINT32_MAX - i;
		why = kt_sum_add(&sum, &event);
	}
	ok(why && sum.devices == KT_SUM_MAX_DEVICES, "and to timers");
	kt_sum_free(&sum);

	kt_sum_begin(&sum, 0);
	for (i = 0; i < 1000; i++)
		tick(&sum, i % 2 ? KT_EVENT_CATCHUP_END : KT_EVENT_CATCHUP_BEGIN, i, 0, 0);
	ok(sum.vm[0].device[0].catchups.nr == 500 &&
	   sum.vm[0].device[0].catchups.kept == KT_SUM_MAX_SPANS, "and to catch-ups that are kept");
	tick(&sum, KT_EVENT_CATCHUP_END, 2000, 0, 0);
	ok(sum.vm[0].device[0].catchups.max_ns == NS_PER_MS, "one without a beginning has no length");
	kt_sum_free(&sum);
}

int main(void)
{
	test_lines();
	test_sums();
	test_timers();
	test_bounds();
	printf("1..%u\n%u passed, %u failed\n", tests, tests - failed, failed);

	return failed ? 1 : 0;
}
