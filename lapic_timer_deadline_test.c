// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of a local APIC: the TSC-deadline mode.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "lapic_timer_test.h"

/* L2: a deadline in the past is reached at once. */
static void lapic_timer_l2(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, LVTT, TSC_DEADLINE | VECTOR);
	KUNIT_EXPECT_EQ(test, b.clock.tsc, 5000);
	bench_write(&b, DEADLINE, 4000);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), b.clock.now);

	bench_write(&b, DEADLINE, 5000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	bench_write(&b, DEADLINE, 5001);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 5001);

	/* At once is before the TSC is moved back. */
	bench_write(&b, DEADLINE, 4999);
	b.clock.tsc = 1000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 3);
}

/* L3: the count does not exist in this mode. */
static void lapic_timer_l3(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, LVTT, TSC_DEADLINE | VECTOR);
	bench_write(&b, TMICT, 123);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_run(&b, 1000);
	bench_write(&b, LVTT, ONE_SHOT | VECTOR);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0);
}

/* L5: 0 disarms, and takes no interrupt back. */
static void lapic_timer_l5(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_arm(&b, 1000000);
	bench_run(&b, 499999);
	bench_write(&b, DEADLINE, 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
	bench_run(&b, 1000000000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);

	bench_arm(&b, 1000);
	bench_run(&b, 500);
	bench_write(&b, DEADLINE, 0);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
}

/* Test one deadline from end to end, and that a new one takes its place. */
static void lapic_timer_deadline(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_arm(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 500);
	KUNIT_EXPECT_EQ(test, bench_period(&b), 0);
	bench_arm(&b, 2001);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 1001);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), b.clock.tsc + 1);
	bench_run(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), b.clock.now);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);

	/* Seen late, it was on time. */
	bench_arm(&b, 1000);
	bench_run(&b, 7777);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), b.clock.now - 7277);

	/* The largest one never comes. */
	bench_write(&b, DEADLINE, U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), U64_MAX);
	bench_run(&b, 1000000000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	b.clock.tsc_khz = 1;
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
}

/* Test that the deadline in ns is the first at which the TSC is there. */
static void lapic_timer_frequency(struct kunit *test)
{
	static const u32 frequencies[] = { 1, 999, 1000000, 1999999, 2400000, 3333333, U32_MAX };
	static const u64 distances[] = { 1, 2, 999, 1000000, 123456789012ULL };
	struct kt_lapic_clock at;
	unsigned int i, j;
	struct bench b;

	for (i = 0; i < ARRAY_SIZE(frequencies); i++) {
		for (j = 0; j < ARRAY_SIZE(distances); j++) {
			u64 deadline;

			bench_init(&b);
			b.clock.tsc_khz = frequencies[i];
			bench_arm(&b, distances[j]);
			at = b.clock;
			deadline = bench_deadline(&b);
			KUNIT_ASSERT_NE(test, deadline, KT_NEVER);
			b.clock.now = deadline - 1;
			b.clock.tsc = at.tsc + kt_model_scale(deadline - 1 - at.now,
							      frequencies[i], 1000000);
			KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
			/* Cycles are whole: from here it is not exact, but not early. */
			KUNIT_EXPECT_GE(test, bench_deadline(&b), deadline);
			b.clock.now = deadline;
			b.clock.tsc = at.tsc + kt_model_scale(deadline - at.now,
							      frequencies[i], 1000000);
			KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
			KUNIT_EXPECT_EQ(test, bench_last_edge(&b), deadline);
		}
	}
}

/* Test that nothing is reached by a TSC of which nobody knows the frequency. */
static void lapic_timer_unknown_frequency(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	b.clock.tsc_khz = 0;
	bench_arm(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_run(&b, 501);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), b.clock.tsc - 2);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	b.clock.tsc_khz = BENCH_TSC_KHZ;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), b.clock.now);
}

/* Test that a TSC that is moved takes the deadline along, and past it makes it fire. */
static void lapic_timer_moved_tsc(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	b.clock.tsc = 1000000;
	bench_arm(&b, 1000);
	bench_run(&b, 100);
	b.clock.tsc -= 600;
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 700);
	bench_run(&b, 699);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	bench_run(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);

	bench_arm(&b, 1000);
	bench_run(&b, 100);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	b.clock.tsc += 799;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 1);
	b.clock.tsc += 1000000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), b.clock.now);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);

	/* What has been seen has been: it does not fire again. */
	b.clock.tsc -= 1000000;
	bench_run(&b, 1000000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);

	/* The count is no concern of the TSC. */
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	b.clock.tsc = U64_MAX;
	b.clock.now += 2500;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 4);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 500);
}

/* Test that a masked deadline is reached all the same, for nothing. */
static void lapic_timer_masked_deadline(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, LVTT, TSC_DEADLINE | MASKED);
	bench_write(&b, DEADLINE, b.clock.tsc + 1000);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
	bench_run(&b, 499);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), b.clock.tsc + 2);
	bench_run(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	bench_write(&b, LVTT, TSC_DEADLINE);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);

	/* Looked at after it was unmasked only. */
	bench_write(&b, LVTT, TSC_DEADLINE | MASKED);
	bench_write(&b, DEADLINE, b.clock.tsc + 1000);
	bench_run(&b, 500);
	bench_write(&b, LVTT, TSC_DEADLINE);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);

	/* Unmasked before. */
	bench_write(&b, LVTT, TSC_DEADLINE | MASKED);
	bench_write(&b, DEADLINE, b.clock.tsc + 1000);
	bench_run(&b, 499);
	bench_write(&b, LVTT, TSC_DEADLINE);
	bench_run(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);

	bench_arm(&b, 1000);
	bench_enable(&b, false);
	bench_run(&b, 500);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
}

/* Test that a change into the mode or out of it disarms; within it, nothing does. */
static void lapic_timer_deadline_modes(struct kunit *test)
{
	static const u32 modes[] = { ONE_SHOT, PERIODIC };
	unsigned int i;
	struct bench b;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		bench_init(&b);
		bench_start(&b, modes[i], DIVIDE_1, 1000);
		bench_write(&b, DEADLINE, 1);
		KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
		bench_write(&b, LVTT, TSC_DEADLINE);
		KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
		KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0);
		KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
		KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);

		bench_write(&b, DEADLINE, b.clock.tsc + 1000);
		bench_write(&b, LVTT, TSC_DEADLINE | VECTOR);
		KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 500);
		bench_write(&b, LVTT, modes[i]);
		KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
		KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0);
		KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
		bench_write(&b, LVTT, TSC_DEADLINE);
		KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
		bench_run(&b, 10000);
		KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	}
}

/* Test that the short way to write a deadline is the long one, whatever the mode. */
static void lapic_timer_short_write(struct kunit *test)
{
	static const u32 modes[] = { ONE_SHOT, PERIODIC, TSC_DEADLINE, TSC_DEADLINE | MASKED };
	static const s64 ahead[] = { -4000, -1, 0, 1, 3000 };
	struct bench a, b;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		for (j = 0; j < ARRAY_SIZE(ahead); j++) {
			bench_init(&a);
			bench_start(&a, modes[i], DIVIDE_1, 700);
			bench_write(&a, DEADLINE, a.clock.tsc + 1000);
			bench_run(&a, 600);
			b = a;
			bench_write(&a, DEADLINE, a.clock.tsc + ahead[j]);
			kt_lapic_timer_write_deadline(&b.t, b.clock.tsc + ahead[j], &b.clock);
			KUNIT_EXPECT_EQ(test, kt_lapic_timer_edges_seen(&b.t), bench_edges(&a));
			bench_run(&a, 1600);
			bench_run(&b, 1600);
			KUNIT_EXPECT_EQ(test, bench_edges(&b), bench_edges(&a));
			KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_deadline(&a));
			KUNIT_EXPECT_EQ(test, bench_last_edge(&b), bench_last_edge(&a));
		}
	}
}

/* Test at which TSC an interrupt is due, in each mode, before and after its time. */
static void lapic_timer_due_tsc(struct kunit *test)
{
	struct bench b;
	u64 due_ns;

	bench_init(&b);
	bench_arm(&b, 999);
	due_ns = bench_deadline(&b);
	KUNIT_EXPECT_EQ(test, kt_lapic_timer_due_tsc(&b.t, due_ns, &b.clock), b.clock.tsc + 999);
	bench_run(&b, 100);
	KUNIT_EXPECT_EQ(test, kt_lapic_timer_due_tsc(&b.t, due_ns, &b.clock), b.clock.tsc + 799);

	bench_init(&b);
	bench_start(&b, ONE_SHOT, DIVIDE_1, 1000);
	due_ns = bench_deadline(&b);
	KUNIT_EXPECT_EQ(test, kt_lapic_timer_due_tsc(&b.t, due_ns, &b.clock), b.clock.tsc + 2000);
	bench_run(&b, 1010);
	KUNIT_EXPECT_EQ(test, kt_lapic_timer_due_tsc(&b.t, due_ns, &b.clock), b.clock.tsc - 20);
}

static struct kunit_case lapic_timer_deadline_cases[] = {
	KUNIT_CASE(lapic_timer_l2),
	KUNIT_CASE(lapic_timer_l3),
	KUNIT_CASE(lapic_timer_l5),
	KUNIT_CASE(lapic_timer_deadline),
	KUNIT_CASE(lapic_timer_frequency),
	KUNIT_CASE(lapic_timer_unknown_frequency),
	KUNIT_CASE(lapic_timer_moved_tsc),
	KUNIT_CASE(lapic_timer_masked_deadline),
	KUNIT_CASE(lapic_timer_deadline_modes),
	KUNIT_CASE(lapic_timer_short_write),
	KUNIT_CASE(lapic_timer_due_tsc),
	{}
};

static struct kunit_suite lapic_timer_deadline_suite = {
	.name		= "kvm_timers-lapic-timer-deadline",
	.test_cases	= lapic_timer_deadline_cases,
};

kunit_test_suite(lapic_timer_deadline_suite);

MODULE_LICENSE("GPL");
