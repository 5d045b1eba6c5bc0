// SPDX-License-Identifier: GPL-2.0-only
/*
 * Matches of the HPET: what they do, when they come, and what a gap makes of them.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "hpet_test.h"

#define YEAR_NS		(365 * 86400 * 1000000000ULL)

/* Too large for a stack. */
static struct bench bench;

static struct bench *new_bench(void)
{
	bench_init(&bench);

	return &bench;
}

/* Expect the next edge in exactly so many ticks, and go there. */
static void expect_edge_after(struct kunit *test, struct bench *b, unsigned int n, u64 ticks)
{
	u64 edges = bench_edges(b, n);
	u64 deadline = b->now + ticks * BENCH_TICK_NS;

	KUNIT_EXPECT_EQ(test, bench_deadline(b, n), deadline);
	KUNIT_EXPECT_EQ(test, kt_hpet_edges(&b->hpet, n, deadline - 1), edges);
	KUNIT_EXPECT_EQ(test, kt_hpet_edges(&b->hpet, n, deadline), edges + 1);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, n, deadline), deadline);
	b->now = deadline;
}

/* Test that a one-shot fires each time the counter comes to its comparator, which stays. */
static void hpet_one_shot(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | MODE32, 0, 300);
	bench_arm(b, 2, INT_ENB, 0, 300);
	bench_write(b, GEN_CONF, ENABLE);
	expect_edge_after(test, b, 0, 300);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 1);
	/* 2^64 ticks of 10 ns are beyond the end of time. */
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 2), KT_NEVER);
	expect_edge_after(test, b, 0, 1ULL << 32);
	expect_edge_after(test, b, 0, 1ULL << 32);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 300);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 1);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 0);
}

/* Test that a match takes counting: equal or passed when written waits for a full turn. */
static void hpet_passed(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_write(b, TN_CONF(0), INT_ENB | MODE32);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 1000);
	bench_write32(b, TN_COMP(0), 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), b->now + (1ULL << 32) * BENCH_TICK_NS);
	bench_write32(b, TN_COMP(0), 999);
	expect_edge_after(test, b, 0, (1ULL << 32) - 1);
	bench_write32(b, TN_COMP(0), 1001);
	expect_edge_after(test, b, 0, 2);

	/* Nor does enabling the counter, or the interrupt, where they are equal. */
	bench_write(b, GEN_CONF, 0);
	bench_write(b, GEN_CONF, ENABLE);
	bench_write(b, TN_CONF(0), MODE32);
	bench_write(b, TN_CONF(0), INT_ENB | MODE32);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), b->now + (1ULL << 32) * BENCH_TICK_NS);
}

/* Test that 64 bits are compared, or 32 in 32MODE. */
static void hpet_widths(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | MODE32, 0xaaaaaaaafffffff0ULL, 5);
	bench_arm(b, 1, INT_ENB, 0xaaaaaaaafffffff0ULL, 0xaaaaaaab00000006ULL);
	bench_arm(b, 2, INT_ENB, 0xaaaaaaaafffffff0ULL, 6);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 2), KT_NEVER);
	expect_edge_after(test, b, 0, 21);
	expect_edge_after(test, b, 1, 1);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 0);

	bench_write(b, GEN_CONF, 0);
	bench_write(b, MAIN_CNT, U64_MAX);
	bench_write(b, GEN_CONF, ENABLE);
	expect_edge_after(test, b, 2, 7);
}

/* Test the three ways in which guests start a period. */
static void hpet_periodic_models(struct kunit *test)
{
	struct bench *b = new_bench();

	/* One write to a halted counter of 0. */
	bench_write(b, MAIN_CNT, 0);
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC | VAL_SET);
	bench_write(b, TN_COMP(0), 700);
	/* The accumulator, then the period. */
	bench_write(b, TN_CONF(1), INT_ENB | PERIODIC | VAL_SET | MODE32);
	bench_write32(b, TN_COMP(1), 50);
	bench_write32(b, TN_COMP(1), 700);
	/* Each half with its VAL_SET. */
	bench_write(b, TN_CONF(2), INT_ENB | PERIODIC | VAL_SET);
	bench_write32(b, TN_COMP(2), 700);
	bench_write(b, TN_CONF(2), INT_ENB | PERIODIC | VAL_SET);
	bench_write32(b, TN_COMP(2) + 4, 0);
	bench_write(b, GEN_CONF, ENABLE);
	expect_edge_after(test, b, 1, 50);
	expect_edge_after(test, b, 0, 650);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 1);
	expect_edge_after(test, b, 1, 50);
	expect_edge_after(test, b, 0, 650);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 2);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(1)), 1450);

	/* A new period from the next match on. */
	bench_write(b, TN_COMP(0), 10);
	expect_edge_after(test, b, 0, 700);
	expect_edge_after(test, b, 0, 10);
}

/* Test that a period of 0 is a full turn, and the comparator stays. */
static void hpet_period_zero(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | MODE32, 0, 300);
	bench_write(b, TN_CONF(0), INT_ENB | MODE32 | PERIODIC);
	bench_write(b, GEN_CONF, ENABLE);
	expect_edge_after(test, b, 0, 300);
	expect_edge_after(test, b, 0, 1ULL << 32);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 300);
	bench_run(b, 10ULL << 32);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 12);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 300);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 0);
}

/* Test that a late look advances the comparator past the counter, in phase. */
static void hpet_gap(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | PERIODIC | VAL_SET | MODE32, 0, 333);
	bench_write(b, GEN_CONF, ENABLE);
	b->now += 10 * YEAR_NS;
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), YEAR_NS / 333);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, 0, b->now),
			BENCH_EPOCH_NS + YEAR_NS / 333 * 3330);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), (u32)((YEAR_NS / 333 + 1) * 333));
	expect_edge_after(test, b, 0, 333 - YEAR_NS % 333);
}

/* Test that INT_ENB gates the request, and nothing else. */
static void hpet_int_disabled(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, PERIODIC | VAL_SET, 0, 100);
	bench_arm(b, 1, LEVEL, 0, 150);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), KT_NEVER);
	bench_run(b, 550);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 600);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 2);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 0);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, 0, b->now), 0);
	expect_edge_after(test, b, 0, 50);

	/* What was counted before is not taken back, and what comes after is not counted. */
	bench_run(b, 200);
	bench_write(b, TN_CONF(0), PERIODIC);
	bench_run(b, 200);
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 3);

	/* The status bit raises the line as soon as it may. That is no match. */
	bench_write(b, TN_CONF(1), INT_ENB | LEVEL);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 0);
}

/* Test that a level is one edge until it is cleared, and its time is the first match's. */
static void hpet_level(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 1, INT_ENB | LEVEL | PERIODIC | VAL_SET, 0, 100);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 1), b->now + 1000);
	bench_run(b, 1050);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 1);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, 1, b->now), BENCH_EPOCH_NS + 1000);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 1), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(1)), 1100);

	bench_write(b, GINTR_STA, 2);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
	expect_edge_after(test, b, 1, 50);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));
	/* With and without a look in between: it was pending all along. */
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 2);
	bench_run(b, 500);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 2);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, 1, b->now), BENCH_EPOCH_NS + 11000);

	/* The interrupt is gated, not forgotten. */
	bench_write(b, TN_CONF(1), LEVEL | PERIODIC);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
	bench_write(b, TN_CONF(1), INT_ENB | LEVEL | PERIODIC);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));

	/* An edge timer has no status bit, and none comes back. */
	bench_write(b, TN_CONF(1), INT_ENB | PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 0);
	bench_write(b, TN_CONF(1), INT_ENB | LEVEL | PERIODIC);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 2);
}

/* Test that each half of the status is written on its own, and clears several bits. */
static void hpet_status(struct kunit *test)
{
	struct bench *b = new_bench();
	unsigned int n;

	for (n = 0; n < BENCH_TIMERS; n++)
		bench_arm(b, n, INT_ENB | LEVEL, 0, 10);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 10);
	/* A match which nobody has looked at is there to be cleared. */
	bench_write32(b, GINTR_STA, 5);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 2);
	bench_write32(b, GINTR_STA + 4, U32_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 2);
	bench_write(b, GINTR_STA, U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 0);
}

/* Test that halting ends the interrupts and keeps the status bits. */
static void hpet_halt(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | PERIODIC | VAL_SET, 0, 100);
	bench_arm(b, 1, INT_ENB | LEVEL, 0, 150);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), KT_NEVER);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 230);
	bench_write(b, GEN_CONF, 0);
	bench_run(b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 2);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 300);
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 2);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));
	expect_edge_after(test, b, 0, 70);

	/* From a counter that was written: matching starts there. */
	bench_write(b, GEN_CONF, 0);
	bench_write(b, MAIN_CNT, 350);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 3);
	expect_edge_after(test, b, 0, 50);
	bench_write(b, GEN_CONF, 0);
	bench_write(b, MAIN_CNT, 0);
	bench_write(b, GEN_CONF, ENABLE);
	expect_edge_after(test, b, 0, 500);
}

/* Test that a change of width or type leaves the past alone. */
static void hpet_reconfigure(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | PERIODIC | VAL_SET, 0xfffffff0, 0x100000010ULL);
	bench_write(b, TN_COMP(0), 100);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 0x20 + 150);
	/* Two edges; the comparator becomes 32 bits of 0x1000000d8. */
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC | MODE32);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 2);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 0xd8);
	expect_edge_after(test, b, 0, 50);

	bench_run(b, 30);
	bench_write(b, TN_CONF(0), INT_ENB | MODE32);
	expect_edge_after(test, b, 0, 70);
	expect_edge_after(test, b, 0, 1ULL << 32);

	/* The hidden period has outlived the one-shot. */
	bench_write(b, TN_CONF(0), INT_ENB | MODE32 | PERIODIC);
	expect_edge_after(test, b, 0, 1ULL << 32);
	expect_edge_after(test, b, 0, 100);
}

/* Test the period for display: nearest, at least 1 ns, saturated. */
static void hpet_period(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_init_as(b, BENCH_TIMERS, 69841279);
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC);
	bench_write(b, TN_COMP(0), 3);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), KT_NEVER);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 210);
	bench_write(b, TN_COMP(0), 2);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 140);
	bench_write(b, TN_COMP(0), 14318180);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 1000000004);
	bench_write(b, TN_COMP(0), U64_MAX);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), KT_NEVER);
	bench_write(b, TN_COMP(0), 0);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 0);
	bench_write(b, TN_COMP(0), 3);
	bench_write(b, TN_CONF(0), PERIODIC);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), KT_NEVER);
	bench_write(b, TN_CONF(0), INT_ENB);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 0);
	bench_write(b, TN_CONF(0), INT_ENB | LEVEL | PERIODIC);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 210);

	bench_init_as(b, BENCH_TIMERS, 1);
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC);
	bench_write(b, GEN_CONF, ENABLE);
	bench_write(b, TN_COMP(0), 1);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 1);
	bench_write(b, TN_COMP(0), 1499999);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 1);
	bench_write(b, TN_COMP(0), 1500000);
	KUNIT_EXPECT_EQ(test, kt_hpet_period(&b->hpet, 0), 2);
}

/* Test that 1 kHz for an hour, hopping from deadline to deadline, never drifts. */
static void hpet_hop(struct kunit *test)
{
	struct bench *b = new_bench();
	u64 n, ns, fs;

	bench_init_as(b, BENCH_TIMERS, 69841279);
	bench_arm(b, 0, INT_ENB | PERIODIC | VAL_SET | MODE32, 0, 14318);
	bench_write(b, GEN_CONF, ENABLE);
	ns = b->now;
	fs = 0;
	for (n = 1; n <= 3600000; n++) {
		/* The exact time of tick n * 14318, rounded up. */
		fs += 14318ULL * 69841279;
		ns += fs / 1000000;
		fs %= 1000000;

		KUNIT_ASSERT_EQ(test, bench_deadline(b, 0), ns + (fs > 0));
		KUNIT_ASSERT_EQ(test, kt_hpet_edges(&b->hpet, 0, ns + (fs > 0) - 1), n - 1);
		b->now = ns + (fs > 0);
		KUNIT_ASSERT_EQ(test, bench_edges(b, 0), n);
		/* Half of the time, let the device see that it is later. */
		if (n & 1)
			bench_read(b, TN_COMP(0));
	}
}

/* Test ticks below a nanosecond over years: all counts wrap, and the totals saturate. */
static void hpet_femtoseconds(struct kunit *test)
{
	struct bench *b = new_bench();
	/* 2^64 ticks of 1 fs are 18446744073709.551616 ns. */
	const u64 turn_ns = 18446744073709ULL;

	bench_init_as(b, BENCH_TIMERS, 1);
	bench_arm(b, 0, INT_ENB, 0, 0);
	bench_arm(b, 1, INT_ENB | PERIODIC | VAL_SET | MODE32, 0, 1);
	bench_arm(b, 2, INT_ENB | PERIODIC | VAL_SET, 0, 3000000);
	bench_write(b, GEN_CONF, ENABLE);

	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), BENCH_EPOCH_NS + turn_ns + 1);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 1), BENCH_EPOCH_NS + 1);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 2), BENCH_EPOCH_NS + 3);
	b->now += 2;
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 2000000);

	b->now = BENCH_EPOCH_NS + 30 * turn_ns;
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 29);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), b->now + 17);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 1), KT_NEVER);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, 1, b->now), b->now);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 10 * turn_ns);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 2), b->now + 3);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(2)), (30 * turn_ns + 3) * 1000000);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(1)), (u32)(30 * turn_ns * 1000000 + 1));

	/* 2^64 ns: a million turns, less what the epoch takes. */
	b->now = U64_MAX;
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 999999);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), (U64_MAX - BENCH_EPOCH_NS) / 3);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), KT_NEVER);
}

/* Test that time in the past of what a timer has seen neither repeats nor loses a match. */
static void hpet_backwards(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 0, INT_ENB | PERIODIC | VAL_SET, 0, 100);
	bench_arm(b, 1, INT_ENB, 0, 250);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 300);
	bench_read(b, GINTR_STA);
	KUNIT_EXPECT_EQ(test, kt_hpet_edges(&b->hpet, 0, 0), 3);
	KUNIT_EXPECT_EQ(test, kt_hpet_deadline(&b->hpet, 0, 0), b->now + 1000);
	KUNIT_EXPECT_EQ(test, kt_hpet_read(&b->hpet, TN_COMP(0), 8, 0), 400);
	kt_hpet_read(&b->hpet, TN_COMP(1), 8, 0);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 1);

	/* Halted in the past, where the comparator has not been reached yet. */
	kt_hpet_write(&b->hpet, GEN_CONF, 8, 0, b->now - 1500);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 300);
	kt_hpet_write(&b->hpet, GEN_CONF, 8, ENABLE, b->now - 1500);
	KUNIT_EXPECT_EQ(test, bench_deadline(b, 0), b->now + 1000);
	KUNIT_EXPECT_EQ(test, kt_hpet_edges(&b->hpet, 1, b->now + 5000), 1);
}

static struct kunit_case hpet_irq_cases[] = {
	KUNIT_CASE(hpet_one_shot),
	KUNIT_CASE(hpet_passed),
	KUNIT_CASE(hpet_widths),
	KUNIT_CASE(hpet_periodic_models),
	KUNIT_CASE(hpet_period_zero),
	KUNIT_CASE(hpet_gap),
	KUNIT_CASE(hpet_int_disabled),
	KUNIT_CASE(hpet_level),
	KUNIT_CASE(hpet_status),
	KUNIT_CASE(hpet_halt),
	KUNIT_CASE(hpet_reconfigure),
	KUNIT_CASE(hpet_period),
	KUNIT_CASE(hpet_hop),
	KUNIT_CASE(hpet_femtoseconds),
	KUNIT_CASE(hpet_backwards),
	{}
};

static struct kunit_suite hpet_irq_suite = {
	.name		= "kvm_timers-hpet-irq",
	.test_cases	= hpet_irq_cases,
};

kunit_test_suite(hpet_irq_suite);

MODULE_LICENSE("GPL");
