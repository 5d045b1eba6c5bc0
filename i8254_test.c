// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254 on the bus: control words, counts, latches, port 0x61, edges, deadlines.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "i8254_test.h"

/* CLK pulses in a second, times 88: 105 MHz / 88. */
#define CLKS_IN_SECONDS(s)	((s) * 105000000ULL / 88)

/* P1: mode 0 by its status byte, and the wrap of the element. */
static void i8254_p1(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x30);
	bench_count(&b, 0, 4);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0x70);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0x30);
	b.clk += 3;
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0x30);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xb0);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 0xffff);
}

/* P2: read-back of both: status, then the count. */
static void i8254_p2(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 0x1234);
	b.clk += 2;
	bench_control(&b, 0xc2);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0xb4);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x33);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x12);
}

/* P3: mode 3 with an odd count. */
static void i8254_p3(struct kunit *test)
{
	static const u8 elements[] = { 4, 2, 0, 4, 2, 4, 2, 0, 4, 2 };
	static const u8 outs[] = { 1, 1, 1, 0, 0, 1, 1, 1, 0, 0 };
	struct bench b;
	unsigned int i;

	bench_init(&b);
	bench_control(&b, 0x36);
	bench_count(&b, 0, 5);
	for (i = 0; i < ARRAY_SIZE(outs); i++) {
		b.clk++;
		KUNIT_EXPECT_EQ(test, bench_out(&b, 0), outs[i]);
		KUNIT_EXPECT_EQ(test, bench_element(&b, 0), elements[i]);
	}
}

/* P4: a second latch before the first was read is ignored. */
static void i8254_p4(struct kunit *test)
{
	struct bench b;
	u16 first;

	bench_init(&b);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 1000);
	b.clk += 51;
	bench_control(&b, 0x00);
	b.clk += 100;
	first = bench_element(&b, 0);
	KUNIT_EXPECT_EQ(test, first, 950);
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), first - 100);
}

/* P5: BCD wraps from 0 to 9999. */
static void i8254_p5(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x31);
	bench_count(&b, 0, 0);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 0x0000);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 0x9999);
	b.clk += 9998;
	KUNIT_EXPECT_FALSE(test, bench_out(&b, 0));
	b.clk++;
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 0));
}

/* P6: in mode 0 the first byte of two stops the counter. */
static void i8254_p6(struct kunit *test)
{
	struct bench b;
	u16 element;

	bench_init(&b);
	bench_control(&b, 0x30);
	bench_count(&b, 0, 3);
	b.clk += 10;
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 0));
	element = bench_element(&b, 0);
	bench_write(&b, 0, 0x20);
	KUNIT_EXPECT_FALSE(test, bench_out(&b, 0));
	b.clk += 50;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), element);
	bench_write(&b, 0, 0x00);
	b.clk += 32;
	KUNIT_EXPECT_FALSE(test, bench_out(&b, 0));
	b.clk++;
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 0));
}

/* P7: the guest's calibration of its TSC by OUT2. */
static void i8254_p7(struct kunit *test)
{
	struct bench b;
	u64 start;

	bench_init(&b);
	bench_gate(&b, true);
	bench_control(&b, 0xb0);
	start = bench_now(&b);
	bench_count(&b, 2, 0x2e9b);
	b.clk += 11931;
	KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0x21, 0x01);
	b.clk++;
	KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b) - 1) & 0x21, 0x01);
	KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0x21, 0x21);
	/* 10.000152 ms, give or take the rounding of both ends. */
	KUNIT_EXPECT_LE(test, bench_now(&b) - start - 10000152, 1ULL);
}

/* P8: mode 3 takes a new count at the end of the half cycle. */
static void i8254_p8(struct kunit *test)
{
	static const u8 outs[] = { 1, 1, 1, 1, 0, 0, 1, 1, 0, 0 };
	struct bench b;
	unsigned int i;

	bench_init(&b);
	bench_control(&b, 0x36);
	bench_count(&b, 0, 8);
	for (i = 0; i < ARRAY_SIZE(outs); i++) {
		if (i == 2)
			bench_count(&b, 0, 4);
		b.clk++;
		KUNIT_EXPECT_EQ_MSG(test, bench_out(&b, 0), outs[i], "clk %u", i + 1);
	}
}

/* Test that one byte of two is written and read where the control word says so. */
static void i8254_access_forms(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x14);
	bench_write(&b, 0, 0x20);
	b.clk += 2;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x1f);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x1f);
	bench_control(&b, 0x00);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x1f);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x1e);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0x94);

	bench_control(&b, 0x24);
	bench_write(&b, 0, 0x02);
	b.clk += 2;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x01);
	bench_control(&b, 0x00);
	b.clk += 0x100;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x01);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x00);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xa4);
}

/* Test that unlatched bytes are live, and that both flip-flops are their own. */
static void i8254_unlatched(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 0x0201);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x01);
	b.clk += 2;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x01);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0xff);
	/* The MSB is next to be read, but the LSB to be written. */
	bench_count(&b, 0, 0x0003);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x01);
	b.clk += 0x1ff;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 3);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_I8254_CONTROL), 0);
}

/* Test that status comes first whatever the order, and that both latches hold. */
static void i8254_read_back(struct kunit *test)
{
	struct bench b;
	unsigned int i;

	bench_init(&b);
	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		bench_control(&b, CONTROL(i, 4));
		bench_count(&b, i, 0x0300 + i);
	}
	b.clk++;
	/* Counters 0 and 1: count, later status. Counter 2: nothing. */
	bench_control(&b, 0xd6);
	b.clk += 5;
	bench_control(&b, 0xe6);
	bench_control(&b, CONTROL(2, 4));
	bench_control(&b, 0xc6);
	b.clk += 0x400;
	bench_control(&b, 0xfe);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, bench_read(&b, i), 0xb8);
		KUNIT_EXPECT_EQ(test, bench_read(&b, i), i);
		KUNIT_EXPECT_EQ(test, bench_read(&b, i), 0x03);
		KUNIT_EXPECT_EQ(test, bench_element(&b, i), 0xfefb + i);
	}
	KUNIT_EXPECT_EQ(test, bench_status(&b, 2), 0xf8);
}

/* Test that NULL COUNT tells a value which has not reached the element. */
static void i8254_null_count(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x34);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xf4);
	bench_write(&b, 0, 5);
	b.clk += 10;
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xf4);
	bench_write(&b, 0, 0);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xf4);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xb4);
	b.clk++;
	bench_write(&b, 0, 9);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xb4);
	bench_write(&b, 0, 0);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xf4);
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 4);
	b.clk += 4;
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xb4);
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 9);
}

/* Test that a control word drops latches and resets both flip-flops. */
static void i8254_control_word_resets(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 0x1000);
	b.clk++;
	bench_control(&b, 0xc2);
	bench_read(&b, 1);
	bench_write(&b, 0, 0x77);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 0x0304);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x04);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 0x0304);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x04);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x03);
}

/* Test that a control word alone stops IRQ0, for good, from any mode. */
static void i8254_control_word_stops(struct kunit *test)
{
	struct bench b;
	u8 from, to;

	for (from = 0; from < 8; from++) {
		for (to = 0; to < 8; to++) {
			bench_init(&b);
			bench_control(&b, CONTROL(0, from));
			bench_count(&b, 0, 4);
			/* Here OUT is high in every mode: no edge by the word itself. */
			b.clk += 2;
			KUNIT_ASSERT_EQ(test, bench_edges(&b), 0);
			bench_control(&b, CONTROL(0, to));
			/* Half of a count counts nothing either. */
			bench_write(&b, 0, 3);
			b.clk += 1000000;
			KUNIT_EXPECT_EQ(test, bench_edges(&b), from == 0 && to != 0);
			KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&b.pit, bench_now(&b)), KT_NEVER);
			KUNIT_EXPECT_EQ(test, kt_i8254_period(&b.pit), KT_NEVER);
		}
	}
}

/* Test that a control word which raises OUT0 is an edge, at that very instant. */
static void i8254_control_word_edge(struct kunit *test)
{
	struct bench b;
	u64 now;

	bench_init(&b);
	now = bench_now(&b) + 100;
	KUNIT_EXPECT_EQ(test, kt_i8254_last_edge(&b.pit, now), 0);
	kt_i8254_write(&b.pit, KT_I8254_CONTROL, 0x30, now);
	KUNIT_EXPECT_EQ(test, kt_i8254_edges(&b.pit, now), 0);
	now += 50;
	kt_i8254_write(&b.pit, KT_I8254_CONTROL, 0x34, now);
	KUNIT_EXPECT_EQ(test, kt_i8254_edges(&b.pit, now), 1);
	KUNIT_EXPECT_EQ(test, kt_i8254_last_edge(&b.pit, now), now);
	kt_i8254_write(&b.pit, KT_I8254_CONTROL, 0x36, now);
	KUNIT_EXPECT_EQ(test, kt_i8254_edges(&b.pit, now), 1);
}

/* Test that an unprogrammed device is silent and forgives everything. */
static void i8254_power_on(struct kunit *test)
{
	struct bench b;
	unsigned int i;

	bench_init(&b);
	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		bench_count(&b, i, 2);
		KUNIT_EXPECT_EQ(test, bench_status(&b, i) & 0xc0, 0xc0);
		KUNIT_EXPECT_EQ(test, bench_element(&b, i), 0);
	}
	b.clk += 100000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&b.pit, bench_now(&b)), KT_NEVER);
	KUNIT_EXPECT_EQ(test, kt_i8254_period(&b.pit), KT_NEVER);
	KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0xef, 0x20);
}

static bool refresh(struct bench *b)
{
	return kt_i8254_read_port61(&b->pit, bench_now(b)) & 0x10;
}

/* Test that the refresh toggle changes each 18 pulses, and then with OUT1. */
static void i8254_refresh(struct kunit *test)
{
	struct bench b;
	bool level;
	u32 i;

	bench_init(&b);
	b.clk -= b.clk % 36;
	kt_i8254_init(&b.pit, bench_now(&b));
	for (i = 0; i < 100; i++, b.clk++)
		KUNIT_EXPECT_EQ(test, refresh(&b), i / 18 % 2);

	/* A latch command is no programming, and programming no request. */
	bench_control(&b, 1 << 6);
	KUNIT_EXPECT_EQ(test, refresh(&b), i / 18 % 2);
	level = refresh(&b);
	bench_control(&b, 0x54);
	b.clk += 18;
	KUNIT_EXPECT_EQ(test, refresh(&b), level);
	bench_write(&b, 1, 7);
	for (i = 0; i < 50; i++, b.clk++)
		KUNIT_EXPECT_EQ(test, refresh(&b), level ^ (i >= 8 && (i - 1) / 7 % 2));

	/* OUT1 stays high, and low: no request. */
	bench_control(&b, 0x50);
	level = refresh(&b);
	b.clk += 1000;
	KUNIT_EXPECT_EQ(test, refresh(&b), level);
	bench_control(&b, 0x54);
	KUNIT_EXPECT_NE(test, refresh(&b), level);
}

struct edge_case {
	u8	mode;
	u16	count;
	u32	first;
	u32	period;
};

/* Pulse of the first edge after the count, and the distance of all others. */
static const struct edge_case edge_cases[] = {
	{ 0, 1,		2,	0 },
	{ 0, 1193,	1194,	0 },
	{ 0, 0,		65537,	0 },
	{ 1, 100,	0,	0 },
	{ 2, 1,		3,	2 },
	{ 2, 2,		3,	2 },
	{ 2, 1193,	1194,	1193 },
	{ 2, 0,		65537,	65536 },
	{ 3, 1,		3,	2 },
	{ 3, 3,		4,	3 },
	{ 3, 1193,	1194,	1193 },
	{ 3, 0,		65537,	65536 },
	{ 4, 1,		3,	0 },
	{ 4, 1193,	1195,	0 },
	{ 4, 0,		65538,	0 },
	{ 5, 100,	0,	0 },
	{ 6, 50,	51,	50 },
	{ 7, 50,	51,	50 },
};

static u64 expected_edges(const struct edge_case *c, u64 clk)
{
	if (!c->first || clk < c->first)
		return 0;

	return c->period ? (clk - c->first) / c->period + 1 : 1;
}

/* Test that edges come when they must, seen from far away and just beside them. */
static void i8254_edges(struct kunit *test)
{
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(edge_cases); i++) {
		const struct edge_case *c = &edge_cases[i];
		struct bench b;
		u64 start, clk;

		bench_init(&b);
		start = b.clk;
		bench_control(&b, CONTROL(0, c->mode));
		bench_count(&b, 0, c->count);
		/* Mode 0 lowers OUT with the word, all others leave it high. */
		for (n = 0, clk = 0; n < 1000; n++, clk += n * n * 7) {
			u64 edges = expected_edges(c, clk);
			u64 edge = c->first + (edges - 1) * c->period;
			u64 next = edges ? edge + c->period : c->first;

			b.clk = start + clk;
			KUNIT_ASSERT_EQ_MSG(test, bench_edges(&b), edges, "case %u, clk %llu", i,
					    clk);
			KUNIT_ASSERT_EQ(test, kt_i8254_last_edge(&b.pit, bench_now(&b)),
					edges ? bench_ns(start + edge) : 0);
			KUNIT_ASSERT_EQ(test, kt_i8254_deadline(&b.pit, bench_now(&b)),
					!c->first || (edges && !c->period) ?
					KT_NEVER : bench_ns(start + next));
		}
		KUNIT_EXPECT_EQ(test, kt_i8254_period(&b.pit), c->period * 17600ULL / 21);
	}
}

/* Test that hopping from deadline to deadline, at 1 kHz for an hour, never drifts. */
static void i8254_hop(struct kunit *test)
{
	struct bench b;
	u64 n, now, start;

	bench_init(&b);
	start = b.clk + 1;
	bench_control(&b, 0x34);
	bench_count(&b, 0, 1193);
	now = bench_now(&b);
	for (n = 0; n < CLKS_IN_SECONDS(3600) / 1193; n++) {
		u64 next = kt_i8254_deadline(&b.pit, now);

		KUNIT_ASSERT_EQ(test, next, bench_ns(start + (n + 1) * 1193));
		KUNIT_ASSERT_EQ(test, kt_i8254_edges(&b.pit, next - 1), n);
		KUNIT_ASSERT_EQ(test, kt_i8254_edges(&b.pit, next), n + 1);
		/* Half of the time, let the device see that it is later. */
		if (n & 1)
			bench_read(&b, 0);
		b.clk = start + (n + 1) * 1193;
		now = next;
	}
}

/* Test that a day of 1 kHz is exact at each second, though nobody has looked before. */
static void i8254_day(struct kunit *test)
{
	struct bench b;
	u64 clk, n, next, s;

	bench_init(&b);
	bench_control(&b, 0x36);
	bench_count(&b, 0, 1193);
	for (s = 1; s <= 86400; s++) {
		clk = CLKS_IN_SECONDS(s);
		n = (clk - 1) / 1193;
		b.clk = BENCH_EPOCH_CLK + clk;
		next = kt_i8254_deadline(&b.pit, bench_now(&b));
		KUNIT_ASSERT_EQ(test, bench_edges(&b), n);
		KUNIT_ASSERT_EQ(test, next, bench_ns(BENCH_EPOCH_CLK + 1 + (n + 1) * 1193));
		KUNIT_ASSERT_EQ(test, kt_i8254_edges(&b.pit, next - 1), n);
		KUNIT_ASSERT_EQ(test, kt_i8254_edges(&b.pit, next), n + 1);
	}
}

/* Test that the end of time is as good as any: no overflow, and then no deadline. */
static void i8254_extremes(struct kunit *test)
{
	const u64 last = kt_model_scale(U64_MAX, 21, 17600);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edge_cases); i++) {
		const struct edge_case *c = &edge_cases[i];
		struct kt_i8254 pit;

		kt_i8254_init(&pit, 0);
		kt_i8254_write(&pit, KT_I8254_CONTROL, CONTROL(0, c->mode), 0);
		kt_i8254_write(&pit, 0, c->count & 0xff, 0);
		kt_i8254_write(&pit, 0, c->count >> 8, 0);
		KUNIT_EXPECT_EQ(test, kt_i8254_edges(&pit, U64_MAX), expected_edges(c, last));
		KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&pit, U64_MAX), KT_NEVER);

		kt_i8254_read(&pit, 0, U64_MAX);
		kt_i8254_write(&pit, KT_I8254_CONTROL, CONTROL(0, 2), U64_MAX);
		kt_i8254_write(&pit, 0, 2, U64_MAX);
		kt_i8254_write(&pit, 0, 0, U64_MAX);
		KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&pit, U64_MAX), KT_NEVER);
	}
}

/* Test that time which goes backwards is no time at all. */
static void i8254_backwards(struct kunit *test)
{
	struct bench b;
	u64 edges;
	u16 element;

	bench_init(&b);
	bench_control(&b, 0x34);
	bench_count(&b, 0, 100);
	b.clk += 1234;
	element = bench_element(&b, 0);
	edges = bench_edges(&b);
	b.clk -= 1000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), edges);
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), element);
	b.clk = 0;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), edges);
	KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&b.pit, 0), bench_ns(BENCH_EPOCH_CLK + 1301));
	b.clk = BENCH_EPOCH_CLK + 1235;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), element - 1);
}

static struct kunit_case i8254_cases[] = {
	KUNIT_CASE(i8254_p1),
	KUNIT_CASE(i8254_p2),
	KUNIT_CASE(i8254_p3),
	KUNIT_CASE(i8254_p4),
	KUNIT_CASE(i8254_p5),
	KUNIT_CASE(i8254_p6),
	KUNIT_CASE(i8254_p7),
	KUNIT_CASE(i8254_p8),
	KUNIT_CASE(i8254_access_forms),
	KUNIT_CASE(i8254_unlatched),
	KUNIT_CASE(i8254_read_back),
	KUNIT_CASE(i8254_null_count),
	KUNIT_CASE(i8254_control_word_resets),
	KUNIT_CASE(i8254_control_word_stops),
	KUNIT_CASE(i8254_control_word_edge),
	KUNIT_CASE(i8254_power_on),
	KUNIT_CASE(i8254_refresh),
	KUNIT_CASE(i8254_edges),
	KUNIT_CASE(i8254_hop),
	KUNIT_CASE(i8254_day),
	KUNIT_CASE(i8254_extremes),
	KUNIT_CASE(i8254_backwards),
	{}
};

static struct kunit_suite i8254_suite = {
	.name		= "kvm_timers-i8254",
	.test_cases	= i8254_cases,
};

kunit_test_suite(i8254_suite);

MODULE_LICENSE("GPL");
