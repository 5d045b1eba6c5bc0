// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of a local APIC: save and restore, in any order.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "lapic_timer_test.h"

/* Parts of a state, and the orders in which they may come. */
#define PARTS		4
#define ORDERS		24

/* Test that a bad state changes nothing, each field alone. */
static void lapic_timer_state_invalid(struct kunit *test)
{
	struct kt_lapic_timer_state state, bad;
	struct kt_lapic_timer before;
	unsigned int bit;
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_4, 1000);
	bench_run(&b, 1234);
	bench_get_state(&b, &state);
	before = b.t;

	for (bit = 0; bit < 32; bit++) {
		bad = state;
		bad.deadline = 1;
		bad.lvtt |= 1U << bit;
		bad.tmict = 2000;
		if ((1U << bit) & 0x710ff)
			continue;
		KUNIT_EXPECT_EQ(test, bench_set_state(&b, &bad), -EINVAL);
	}
	for (bit = 0; bit < 32; bit++) {
		bad = state;
		bad.lvtt = 0;
		bad.tdcr |= 1U << bit;
		if ((1U << bit) & 0xb)
			continue;
		KUNIT_EXPECT_EQ(test, bench_set_state(&b, &bad), -EINVAL);
	}
	bad = state;
	bad.tmcct = bad.tmict + 1;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &b.t, sizeof(before)), 0);

	bad.tmcct = bad.tmict;
	bad.lvtt |= 0x1000;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &bad), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), PERIODIC | VECTOR);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 1000);
}

/* Test that a timer goes on in another as in itself. */
static void lapic_timer_state_moves(struct kunit *test)
{
	struct kt_lapic_timer_state state;
	struct bench from, to;

	bench_init(&from);
	bench_start(&from, PERIODIC, DIVIDE_16, 1000);
	bench_run(&from, 24000);
	bench_get_state(&from, &state);
	KUNIT_EXPECT_EQ(test, state.tmcct, 500);
	bench_init(&to);
	to.clock = from.clock;
	KUNIT_EXPECT_EQ(test, bench_set_state(&to, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&to), bench_deadline(&from));
	KUNIT_EXPECT_EQ(test, bench_period(&to), 16000);
	KUNIT_EXPECT_EQ(test, bench_edges(&to), 0);

	/* Within a count, in the same timer: nothing has happened. */
	bench_run(&from, 7);
	bench_get_state(&from, &state);
	state.deadline = 1;
	KUNIT_EXPECT_EQ(test, bench_set_state(&from, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&from), from.clock.now + 8000 - 7);

	/* One-shot that has ended, and one that has not. */
	bench_start(&from, ONE_SHOT, DIVIDE_1, 1000);
	bench_run(&from, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&from), 2);
	bench_get_state(&from, &state);
	KUNIT_EXPECT_EQ(test, state.tmict, 1000);
	KUNIT_EXPECT_EQ(test, state.tmcct, 0);
	KUNIT_EXPECT_EQ(test, bench_set_state(&to, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&to), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_read(&to, TMICT), 1000);
	state.tmcct = 1;
	KUNIT_EXPECT_EQ(test, bench_set_state(&to, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&to), to.clock.now + 1);
}

/* Test that a deadline nobody has looked at is not lost between two timers. */
static void lapic_timer_state_reached(struct kunit *test)
{
	struct kt_lapic_timer_state state;
	struct bench from, to;

	bench_init(&from);
	bench_arm(&from, 1000);
	bench_run(&from, 5000);
	bench_get_state(&from, &state);
	KUNIT_EXPECT_EQ(test, state.deadline, 6000);
	KUNIT_EXPECT_EQ(test, bench_edges(&from), 1);
	bench_get_state(&from, &state);
	KUNIT_EXPECT_EQ(test, state.deadline, 0);

	state.deadline = 6000;
	bench_init(&to);
	to.clock = from.clock;
	KUNIT_EXPECT_EQ(test, bench_set_state(&to, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_edges(&to), 1);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&to), to.clock.now);
}

/* Test that what was kept for another mode is no more than that to the guest. */
static void lapic_timer_state_kept(struct kunit *test)
{
	struct kt_lapic_timer_state state;
	struct bench b;

	bench_init(&b);
	bench_get_state(&b, &state);
	state.lvtt = ONE_SHOT;
	state.deadline = 5000;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_write(&b, LVTT, TSC_DEADLINE);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);

	bench_get_state(&b, &state);
	state.tmict = 1000;
	state.tmcct = 700;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
	bench_run(&b, 100000);
	bench_write(&b, TDCR, DIVIDE_128);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.tmcct, 700);
	bench_write(&b, LVTT, ONE_SHOT);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_run(&b, 100000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);

	/* The reserved mode has no count either. */
	bench_get_state(&b, &state);
	state.lvtt = RESERVED;
	state.tmict = 1000;
	state.tmcct = 700;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
	bench_write(&b, TMICT, 500);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.tmict, 500);
	KUNIT_EXPECT_EQ(test, state.tmcct, 0);

	/* Unmasked before it is enabled, by the host; the guest has no such order. */
	bench_start(&b, ONE_SHOT, DIVIDE_1, 1000);
	bench_get_state(&b, &state);
	state.lvtt = ONE_SHOT;
	state.enabled = false;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), MASKED);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	bench_enable(&b, true);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), MASKED);
}

/* Test that nothing of what the guest wrote in vain is in the state. */
static void lapic_timer_state_ignored(struct kunit *test)
{
	struct kt_lapic_timer_state state;
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	bench_write(&b, DEADLINE, 1);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.deadline, 0);
	bench_write(&b, LVTT, RESERVED);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.tmict, 1000);
	KUNIT_EXPECT_EQ(test, state.tmcct, 0);

	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	bench_write(&b, LVTT, TSC_DEADLINE);
	bench_write(&b, TMICT, 1000);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.tmict, 0);
	KUNIT_EXPECT_EQ(test, state.tmcct, 0);

	bench_enable(&b, false);
	bench_write(&b, LVTT, ONE_SHOT);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.lvtt, MASKED);
}

/* Test that a restore keeps the expiries so far, and compares no deadline. */
static void lapic_timer_state_edges(struct kunit *test)
{
	struct kt_lapic_timer_state state;
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	bench_run(&b, 3500);
	bench_get_state(&b, &state);
	KUNIT_EXPECT_EQ(test, state.tmcct, 500);
	state.lvtt = TSC_DEADLINE;
	state.deadline = b.clock.tsc - 1;
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &state), 0);
	KUNIT_EXPECT_EQ(test, bench_set_state(&b, &state), 0);
	b.clock.tsc -= 2000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 3);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), BENCH_EPOCH_NS + 3000);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 4);
}

/* Part @part of what @to is to become, alone. */
static void restore_part(struct kunit *test, struct bench *to, unsigned int part,
			 const struct kt_lapic_timer_state *saved,
			 const struct kt_lapic_clock *clock)
{
	struct kt_lapic_timer_state state;

	bench_get_state(to, &state);
	switch (part) {
	case 0:
		state.lvtt = saved->lvtt;
		break;
	case 1:
		state.tmict = saved->tmict;
		state.tmcct = saved->tmcct;
		state.deadline = saved->deadline;
		break;
	case 2:
		to->clock.tsc = clock->tsc;
		to->clock.tsc_khz = clock->tsc_khz;
		break;
	case 3:
		state.tdcr = saved->tdcr;
		state.enabled = saved->enabled;
		break;
	}
	KUNIT_EXPECT_EQ(test, bench_set_state(to, &state), 0);
}

/* Every part in the order of this number. */
static void restore(struct kunit *test, struct bench *to, unsigned int order,
		    const struct kt_lapic_timer_state *saved, const struct kt_lapic_clock *clock)
{
	unsigned int parts[PARTS] = { 0, 1, 2, 3 };
	unsigned int left, pick;

	for (left = PARTS; left; left--) {
		pick = order % left;
		order /= left;
		restore_part(test, to, parts[pick], saved, clock);
		parts[pick] = parts[left - 1];
	}
}

/* Test that all orders come to the same, from a TSC behind the right one and beyond. */
static void lapic_timer_state_orders(struct kunit *test)
{
	static const u32 modes[] = { ONE_SHOT, PERIODIC, TSC_DEADLINE };
	static const u64 tscs[] = { 0, 123456, U64_MAX };
	struct kt_lapic_timer_state saved, restored;
	struct bench from, to;
	unsigned int i, order;

	for (i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(tscs); i++) {
		u32 mode = modes[i % ARRAY_SIZE(modes)];

		bench_init(&from);
		bench_start(&from, mode, DIVIDE_16, 1000);
		bench_write(&from, DEADLINE, from.clock.tsc + 40000);
		bench_run(&from, 1600);
		bench_get_state(&from, &saved);

		for (order = 0; order < ORDERS; order++) {
			/* Not enabled yet. */
			kt_lapic_timer_init(&to.t, KT_LAPIC_TIMER_CYCLE_NS);
			to.clock = from.clock;
			to.clock.tsc = tscs[i / ARRAY_SIZE(modes)];
			restore(test, &to, order, &saved, &from.clock);

			bench_get_state(&to, &restored);
			KUNIT_EXPECT_EQ_MSG(test, memcmp(&saved, &restored, sizeof(saved)), 0,
					    "order %u", order);
			KUNIT_EXPECT_EQ_MSG(test, bench_edges(&to), 0, "order %u", order);
			KUNIT_EXPECT_EQ_MSG(test, bench_deadline(&to), bench_deadline(&from),
					    "order %u", order);
			KUNIT_EXPECT_NE(test, bench_deadline(&to), KT_NEVER);
			bench_run(&to, 16000 - 1600);
			KUNIT_EXPECT_EQ(test, bench_edges(&to), mode != TSC_DEADLINE);
			bench_run(&to, 16000);
			KUNIT_EXPECT_EQ(test, bench_edges(&to), mode == PERIODIC ? 2 : 1);
		}
	}
}

static struct kunit_case lapic_timer_state_cases[] = {
	KUNIT_CASE(lapic_timer_state_invalid),
	KUNIT_CASE(lapic_timer_state_moves),
	KUNIT_CASE(lapic_timer_state_reached),
	KUNIT_CASE(lapic_timer_state_kept),
	KUNIT_CASE(lapic_timer_state_ignored),
	KUNIT_CASE(lapic_timer_state_edges),
	KUNIT_CASE(lapic_timer_state_orders),
	{}
};

static struct kunit_suite lapic_timer_state_suite = {
	.name		= "kvm_timers-lapic-timer-state",
	.test_cases	= lapic_timer_state_cases,
};

kunit_test_suite(lapic_timer_state_suite);

MODULE_LICENSE("GPL");
