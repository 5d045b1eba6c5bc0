// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of a local APIC: registers, one-shot, periodic, divider, modes, masking; and
 * a reference that goes nanosecond by nanosecond.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "lapic_timer_test.h"

#define MINUTE_NS	(60 * 1000000000ULL)
#define YEAR_NS		(365 * 86400 * 1000000000ULL)

/* L1: one-shot, divided by 16. */
static void lapic_timer_l1(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, TDCR, 3);
	bench_write(&b, LVTT, 0x40);
	bench_write(&b, TMICT, 1000);
	bench_run(&b, 8000);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 500);
	bench_run(&b, 7999);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	bench_run(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), BENCH_EPOCH_NS + 16000);
	bench_run(&b, 4000);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 1000);
	bench_run(&b, YEAR_NS);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
}

static void expect_registers(struct kunit *test, struct bench *b, u64 lvtt)
{
	KUNIT_EXPECT_EQ(test, bench_read(b, LVTT), lvtt);
	KUNIT_EXPECT_EQ(test, bench_read(b, TMICT), 0);
	KUNIT_EXPECT_EQ(test, bench_read(b, TMCCT), 0);
	KUNIT_EXPECT_EQ(test, bench_read(b, TDCR), 0);
	KUNIT_EXPECT_EQ(test, bench_read(b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_period(b), KT_NEVER);
}

/* Test the values after init, and that reset leaves nothing but the total. */
static void lapic_timer_reset(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	expect_registers(test, &b, MASKED);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), 0);

	bench_start(&b, PERIODIC, DIVIDE_1, 100);
	bench_run(&b, 250);
	kt_lapic_timer_reset(&b.t, &b.clock);
	expect_registers(test, &b, MASKED);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);

	/* It has disabled the APIC as well. */
	bench_write(&b, LVTT, VECTOR);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), MASKED | VECTOR);
	bench_enable(&b, true);
	bench_arm(&b, 100);
	kt_lapic_timer_reset(&b.t, &b.clock);
	expect_registers(test, &b, MASKED);
	bench_enable(&b, true);
	bench_write(&b, LVTT, TSC_DEADLINE);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
}

/* Test which bits there are. */
static void lapic_timer_registers(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, LVTT, U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), 0x700ff);
	bench_write(&b, LVTT, 0xffffffff00000000ULL | VECTOR);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), VECTOR);
	bench_write(&b, TDCR, U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TDCR), 0xb);
	bench_write(&b, TMICT, 0x1fffffffeULL);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 0xfffffffe);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0xfffffffe);
	bench_write(&b, TMCCT, 5);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0xfffffffe);
}

/* Test every value of TDCR, with the input clock's default and its limits. */
static void lapic_timer_dividers(struct kunit *test)
{
	static const u32 dividers[16] = {
		2, 4, 8, 16, 2, 4, 8, 16, 32, 64, 128, 1, 32, 64, 128, 1,
	};
	static const u32 cycles_ns[] = { 1, 40, 1000 };
	unsigned int i, tdcr;
	struct bench b;

	for (i = 0; i < ARRAY_SIZE(cycles_ns); i++) {
		for (tdcr = 0; tdcr < 16; tdcr++) {
			u64 step_ns = dividers[tdcr] * cycles_ns[i];

			bench_init_as(&b, cycles_ns[i]);
			bench_start(&b, ONE_SHOT, tdcr, U32_MAX);
			KUNIT_EXPECT_EQ(test, bench_read(&b, TDCR), tdcr & 0xb);
			KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), U32_MAX);
			bench_run(&b, step_ns - 1);
			KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), U32_MAX);
			bench_run(&b, 1);
			KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), U32_MAX - 1);
			KUNIT_EXPECT_EQ(test, bench_deadline(&b),
					BENCH_EPOCH_NS + U32_MAX * step_ns);
			bench_run(&b, (U32_MAX - 1) * step_ns - 1);
			KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
			KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 1);
			bench_run(&b, 1);
			KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
			KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
		}
	}
}

/* Test that a write to TMICT starts again, and that 0 stops without an interrupt. */
static void lapic_timer_restart(struct kunit *test)
{
	static const u32 modes[] = { ONE_SHOT, PERIODIC };
	unsigned int i;
	struct bench b;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		bench_init(&b);
		bench_start(&b, modes[i], DIVIDE_2, 100);
		bench_run(&b, 199);
		bench_write(&b, TMICT, 50);
		KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 50);
		KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 100);
		bench_run(&b, 99);
		bench_write(&b, TMICT, 0);
		KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
		KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
		KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
		bench_run(&b, YEAR_NS);
		KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	}
}

/* Test that 60 s of periods do not drift, whatever the period. */
static void lapic_timer_drift(struct kunit *test)
{
	static const u32 counts[] = { 62500, 62501, 999983, 10000019 };
	static const u32 cycles_ns[] = { 1, 7, 40 };
	u64 period_ns, end_ns, tick;
	unsigned int i, j;
	struct bench b;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		for (j = 0; j < ARRAY_SIZE(cycles_ns); j++) {
			bench_init_as(&b, cycles_ns[j]);
			bench_start(&b, PERIODIC, DIVIDE_16, counts[i]);
			period_ns = (u64)counts[i] * 16 * cycles_ns[j];
			KUNIT_EXPECT_EQ(test, bench_period(&b), period_ns);
			end_ns = BENCH_EPOCH_NS + MINUTE_NS;
			tick = 1;
			while (bench_deadline(&b) <= end_ns) {
				/* A service that is late, each time by another bit. */
				bench_run(&b, bench_deadline(&b) + tick % 1000 - b.clock.now);
				KUNIT_ASSERT_EQ(test, bench_edges(&b), tick);
				KUNIT_ASSERT_EQ(test, bench_last_edge(&b),
						BENCH_EPOCH_NS + tick * period_ns);
				tick++;
			}
			KUNIT_EXPECT_EQ(test, tick, MINUTE_NS / period_ns + 1);
		}
	}
}

/* Test that a year in one step is a year in many. */
static void lapic_timer_year(struct kunit *test)
{
	struct bench leap, steps;
	unsigned int i;

	bench_init(&leap);
	bench_start(&leap, PERIODIC, DIVIDE_1, 1000003);
	steps = leap;
	bench_run(&leap, YEAR_NS);
	for (i = 0; i < 100000; i++) {
		bench_run(&steps, YEAR_NS / 100000);
		bench_edges(&steps);
	}

	KUNIT_EXPECT_EQ(test, leap.clock.now, steps.clock.now);
	KUNIT_EXPECT_EQ(test, bench_edges(&leap), YEAR_NS / 1000003);
	KUNIT_EXPECT_EQ(test, bench_edges(&steps), YEAR_NS / 1000003);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&leap), leap.clock.now - YEAR_NS % 1000003);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&steps), bench_last_edge(&leap));
	KUNIT_EXPECT_EQ(test, bench_deadline(&steps), bench_deadline(&leap));
	KUNIT_EXPECT_EQ(test, bench_read(&leap, TMCCT), 1000003 - YEAR_NS % 1000003);
	KUNIT_EXPECT_EQ(test, bench_read(&steps, TMCCT), 1000003 - YEAR_NS % 1000003);
}

/* Test the end of time, at the fastest rate that there is. */
static void lapic_timer_end(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1);
	KUNIT_EXPECT_EQ(test, bench_period(&b), 1);
	b.clock.now = U64_MAX;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), U64_MAX - BENCH_EPOCH_NS);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_write(&b, TMICT, U32_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), U32_MAX);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);

	/* And that of the total. */
	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	b.t.edges = U64_MAX - 1;
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 1000);
	bench_run(&b, 5000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
}

/* Test that a new divider keeps the count, and is that of the next period. */
static void lapic_timer_live_divider(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_16, 1000);
	bench_run(&b, 8000);
	bench_write(&b, TDCR, DIVIDE_2);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 500);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 1000);
	KUNIT_EXPECT_EQ(test, bench_period(&b), 2000);
	bench_run(&b, 3000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 2);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 1000);
	bench_write(&b, TDCR, DIVIDE_128);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 128000);

	/* A quarter of a count has passed, and three eighths. */
	bench_start(&b, ONE_SHOT, DIVIDE_16, 10);
	bench_run(&b, 4);
	bench_write(&b, TDCR, DIVIDE_128);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 10);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 9 * 128 + 96);
	bench_run(&b, 16);
	bench_write(&b, TDCR, DIVIDE_1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 10);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 10);

	/* The same divider is no change. */
	bench_start(&b, ONE_SHOT, DIVIDE_128, 10);
	bench_run(&b, 100);
	bench_write(&b, TDCR, DIVIDE_128 | 4);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 1180);

	/* Nor does a stopped timer start. */
	bench_write(&b, TMICT, 0);
	bench_write(&b, TDCR, DIVIDE_1);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
}

/* Test that one-shot and periodic turn into each other at 0. */
static void lapic_timer_count_modes(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, ONE_SHOT, DIVIDE_1, 1000);
	KUNIT_EXPECT_EQ(test, bench_period(&b), 0);
	bench_run(&b, 400);
	bench_write(&b, LVTT, PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 600);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 600);
	bench_run(&b, 2700);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 3);
	bench_write(&b, LVTT, ONE_SHOT);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 900);
	bench_run(&b, 5000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 4);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);

	/* What has ended stays so. */
	bench_write(&b, LVTT, PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 1000);
}

/* Test that the reserved mode is a stopped timer. */
static void lapic_timer_reserved(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	bench_run(&b, 400);
	bench_write(&b, LVTT, RESERVED);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), RESERVED);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 1000);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
	bench_write(&b, TMICT, 500);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMICT), 500);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 0);
	bench_write(&b, DEADLINE, 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
	bench_run(&b, 5000);
	bench_write(&b, LVTT, PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	bench_write(&b, TMICT, 500);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 500);

	bench_arm(&b, 1000);
	bench_write(&b, LVTT, RESERVED);
	bench_write(&b, LVTT, TSC_DEADLINE);
	KUNIT_EXPECT_EQ(test, bench_read(&b, DEADLINE), 0);
}

/* Test that a masked timer counts on, and that what expires meanwhile is lost. */
static void lapic_timer_masked(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC | MASKED, DIVIDE_1, 1000);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_period(&b), KT_NEVER);
	bench_run(&b, 3400);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 600);
	bench_write(&b, LVTT, PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 600);
	bench_run(&b, 600);
	bench_write(&b, LVTT, PERIODIC | MASKED);
	bench_run(&b, 10000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_last_edge(&b), BENCH_EPOCH_NS + 4000);

	bench_start(&b, ONE_SHOT | MASKED, DIVIDE_1, 1000);
	bench_run(&b, 1000);
	bench_write(&b, LVTT, ONE_SHOT);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
}

/* Test that software disable masks, and that the mask outlives it. */
static void lapic_timer_disabled(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	bench_run(&b, 1500);
	bench_enable(&b, false);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), PERIODIC | MASKED | VECTOR);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_write(&b, LVTT, PERIODIC | VECTOR);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), PERIODIC | MASKED | VECTOR);
	bench_run(&b, 5100);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 400);
	bench_enable(&b, true);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), PERIODIC | MASKED | VECTOR);
	bench_run(&b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	bench_write(&b, LVTT, PERIODIC | VECTOR);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), b.clock.now + 400);

	/* To enable what is enabled changes nothing. */
	bench_enable(&b, true);
	KUNIT_EXPECT_EQ(test, bench_read(&b, LVTT), PERIODIC | VECTOR);
}

/* Test that time in the past neither repeats nor loses an expiry. */
static void lapic_timer_backwards(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_start(&b, PERIODIC, DIVIDE_1, 1000);
	bench_run(&b, 3500);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 3);
	b.clock.now -= 3000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 3);
	KUNIT_EXPECT_EQ(test, bench_read(&b, TMCCT), 500);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), BENCH_EPOCH_NS + 4000);
	bench_write(&b, TMICT, 2000);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), BENCH_EPOCH_NS + 5500);
	b.clock.now = BENCH_EPOCH_NS + 5500;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 4);
}

/*
 * A counter that is looked at every nanosecond, in parts of a count so small that every
 * divider takes a whole number of them.
 */
struct reference {
	u32	parts_per_count;
	u32	parts_per_ns;
	u32	parts_left;
	u32	count;
	u32	lvtt;
	u64	edges;
};

static u32 divide_up(u32 a, u32 b)
{
	return (a + b - 1) / b;
}

static void reference_tick(struct reference *r)
{
	if (!r->parts_left)
		return;

	if (r->parts_left > r->parts_per_ns) {
		r->parts_left -= r->parts_per_ns;
		return;
	}

	r->parts_left = r->lvtt & PERIODIC ? r->count * r->parts_per_count : 0;
	if (!(r->lvtt & MASKED))
		r->edges++;
}

static void reference_divide(struct reference *r, u32 tdcr)
{
	static const u32 dividers[] = { 2, 4, 8, 16, 0, 0, 0, 0, 32, 64, 128, 1 };

	r->parts_per_ns = 128 / dividers[tdcr];
	/* Nothing happens between two nanoseconds. */
	r->parts_left = divide_up(r->parts_left, r->parts_per_ns) * r->parts_per_ns;
}

static void write_both(struct bench *b, struct reference *r, u64 random)
{
	u32 val = random >> 32;

	switch (random % 4) {
	case 0:
		r->count = val % 20;
		r->parts_left = r->count * r->parts_per_count;
		bench_write(b, TMICT, r->count);
		break;
	case 1:
	case 2:
		reference_divide(r, val & 0xb);
		bench_write(b, TDCR, val & 0xf);
		break;
	case 3:
		r->lvtt = val & (MASKED | PERIODIC);
		bench_write(b, LVTT, r->lvtt);
		break;
	}
}

/* Test any writes at any times against the reference. */
static void lapic_timer_reference(struct kunit *test)
{
	static const u32 cycles_ns[] = { 1, 3, 10 };
	u64 seed = 0x1234567;
	unsigned int i, ns;
	struct bench b;

	for (i = 0; i < ARRAY_SIZE(cycles_ns); i++) {
		struct reference r = {
			.parts_per_count	= 128 * cycles_ns[i],
			.parts_per_ns		= 64,
			.lvtt			= MASKED,
		};

		bench_init_as(&b, cycles_ns[i]);
		for (ns = 0; ns < 300000; ns++) {
			u64 random = bench_random(&seed);

			bench_run(&b, 1);
			reference_tick(&r);
			if (random % 512 < 2)
				write_both(&b, &r, random >> 16);
			/* Most of the time the model is not looked at. */
			if (random >> 60)
				continue;
			KUNIT_ASSERT_EQ_MSG(test, bench_edges(&b), r.edges, "at %u", ns);
			KUNIT_ASSERT_EQ_MSG(test, bench_read(&b, TMCCT),
					    divide_up(r.parts_left, r.parts_per_count), "at %u",
					    ns);
		}
		KUNIT_EXPECT_GT(test, r.edges, 100);
	}
}

static struct kunit_case lapic_timer_cases[] = {
	KUNIT_CASE(lapic_timer_l1),
	KUNIT_CASE(lapic_timer_reset),
	KUNIT_CASE(lapic_timer_registers),
	KUNIT_CASE(lapic_timer_dividers),
	KUNIT_CASE(lapic_timer_restart),
	KUNIT_CASE(lapic_timer_drift),
	KUNIT_CASE(lapic_timer_year),
	KUNIT_CASE(lapic_timer_end),
	KUNIT_CASE(lapic_timer_live_divider),
	KUNIT_CASE(lapic_timer_count_modes),
	KUNIT_CASE(lapic_timer_reserved),
	KUNIT_CASE(lapic_timer_masked),
	KUNIT_CASE(lapic_timer_disabled),
	KUNIT_CASE(lapic_timer_backwards),
	KUNIT_CASE(lapic_timer_reference),
	{}
};

static struct kunit_suite lapic_timer_suite = {
	.name		= "kvm_timers-lapic-timer",
	.test_cases	= lapic_timer_cases,
};

kunit_test_suite(lapic_timer_suite);

MODULE_LICENSE("GPL");
