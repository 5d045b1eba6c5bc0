// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HPET on the bus: registers, accesses, the main counter, routing, reset.
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

/* H1: the identification, which nobody can write. */
static void hpet_h1(struct kunit *test)
{
	struct bench *b = new_bench();

	KUNIT_EXPECT_EQ(test, bench_read32(b, 0x000), 0x8086a201U);
	KUNIT_EXPECT_EQ(test, bench_read32(b, 0x004), 0x00989680U);
	bench_write(b, GCAP_ID, U64_MAX);
	bench_write32(b, 0x000, 0);
	bench_write32(b, 0x004, 0);
	KUNIT_EXPECT_EQ(test, bench_read(b, GCAP_ID), 0x009896808086a201ULL);
}

/* H2: periodic by two writes. */
static void hpet_h2(struct kunit *test)
{
	struct bench *b = new_bench();
	unsigned int i;

	bench_write(b, MAIN_CNT, 1000);
	bench_write32(b, TN_CONF(0), 0x14c);
	KUNIT_EXPECT_EQ(test, bench_read32(b, TN_CONF(0)), 0x14cU | TN_CAPS);
	bench_write32(b, TN_COMP(0), 1500);
	KUNIT_EXPECT_EQ(test, bench_read32(b, TN_CONF(0)), 0x10cU | TN_CAPS);
	bench_write32(b, TN_COMP(0), 500);
	KUNIT_EXPECT_EQ(test, bench_read32(b, TN_COMP(0)), 1500U);
	bench_write32(b, GEN_CONF, ENABLE);

	for (i = 0; i < 3; i++) {
		bench_run(b, 499);
		KUNIT_EXPECT_EQ(test, bench_edges(b, 0), i);
		KUNIT_EXPECT_EQ(test, bench_read32(b, TN_COMP(0)), 1500 + 500 * i);
		bench_run(b, 1);
		KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 1500 + 500 * i);
		KUNIT_EXPECT_EQ(test, bench_edges(b, 0), i + 1);
		KUNIT_EXPECT_EQ(test, bench_read32(b, TN_COMP(0)), 2000 + 500 * i);
	}
	KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 0);
}

/* H3: a level holds until its own bit is written with 1. */
static void hpet_h3(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_arm(b, 1, LEVEL | INT_ENB | ROUTE(20), 0, 300);
	bench_write32(b, GEN_CONF, ENABLE);
	bench_run(b, 299);
	KUNIT_EXPECT_EQ(test, bench_read32(b, GINTR_STA), 0U);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
	bench_run(b, 1);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));
	KUNIT_EXPECT_EQ(test, bench_read32(b, GINTR_STA), 2U);
	bench_write32(b, GINTR_STA, 0);
	KUNIT_EXPECT_EQ(test, bench_read32(b, GINTR_STA), 2U);
	bench_write32(b, GINTR_STA, 1);
	KUNIT_EXPECT_EQ(test, bench_read32(b, GINTR_STA), 2U);
	KUNIT_EXPECT_TRUE(test, bench_line(b, 1));
	bench_write32(b, GINTR_STA, 2);
	KUNIT_EXPECT_EQ(test, bench_read32(b, GINTR_STA), 0U);
	KUNIT_EXPECT_FALSE(test, bench_line(b, 1));
}

/* Test that only aligned accesses of 4 and 8 bytes are any. */
static void hpet_access(struct kunit *test)
{
	struct bench *b = new_bench();
	u32 len, offset;

	bench_write(b, TN_FSB(0), 0x1122334455667788ULL);
	for (len = 0; len <= 16; len++) {
		for (offset = TN_FSB(0); offset < TN_FSB(0) + 8; offset++) {
			u64 want = 0;

			if (len == 8 && offset == TN_FSB(0))
				want = 0x1122334455667788ULL;
			else if (len == 4 && offset == TN_FSB(0))
				want = 0x55667788;
			else if (len == 4 && offset == TN_FSB(0) + 4)
				want = 0x11223344;
			KUNIT_EXPECT_EQ_MSG(test, kt_hpet_read(&b->hpet, offset, len, b->now),
					    want, "%u bytes at %x", len, offset);
			if (want)
				continue;
			kt_hpet_write(&b->hpet, offset, len, 0, b->now);
			KUNIT_EXPECT_EQ_MSG(test, bench_read(b, TN_FSB(0)), 0x1122334455667788ULL,
					    "%u bytes at %x", len, offset);
		}
	}

	/* The upper half of what is written in 4 bytes is not looked at. */
	kt_hpet_write(&b->hpet, TN_FSB(0), 4, 0xffffffff00000001ULL, b->now);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_FSB(0)), 0x1122334400000001ULL);
	bench_write32(b, TN_FSB(0) + 4, 0xfee00000);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_FSB(0)), 0xfee0000000000001ULL);
	KUNIT_EXPECT_EQ(test, kt_hpet_fsb(&b->hpet, 0), 0xfee0000000000001ULL);
	KUNIT_EXPECT_EQ(test, kt_hpet_fsb(&b->hpet, 1), 0);
}

/* Return: what a register reads after init, with three timers. */
static u64 reset_value(u32 offset)
{
	if (offset == GCAP_ID)
		return 0x009896808086a201ULL;
	if (offset < TN_CONF(0) || offset >= TN_CONF(BENCH_TIMERS))
		return 0;

	switch (offset % 0x20) {
	case 0x00:
		return 0x00f0010400008030ULL;
	case 0x08:
		return U64_MAX;
	default:
		return 0;
	}
}

static void expect_reset_values(struct kunit *test, struct bench *b)
{
	u32 offset;

	for (offset = 0; offset < 2 * KT_HPET_SIZE; offset += 8)
		KUNIT_EXPECT_EQ_MSG(test, bench_read(b, offset), reset_value(offset), "at %x",
				    offset);
}

/* Test the values after init, and that nothing is where there is nothing. */
static void hpet_reset_values(struct kunit *test)
{
	struct bench *b = new_bench();
	u32 offset;
	unsigned int n;

	expect_reset_values(test, b);
	for (n = 0; n < BENCH_TIMERS; n++) {
		KUNIT_EXPECT_EQ(test, bench_deadline(b, n), KT_NEVER);
		KUNIT_EXPECT_EQ(test, bench_edges(b, n), 0);
		KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, n, b->now), 0);
		KUNIT_EXPECT_EQ(test, kt_hpet_route(&b->hpet, n), KT_HPET_ROUTE_NONE);
	}

	/* What is not implemented swallows writes: all ones in all of it change nothing. */
	for (offset = 0; offset < 2 * KT_HPET_SIZE; offset += 8) {
		bool timer = offset >= TN_CONF(0) && offset < TN_CONF(BENCH_TIMERS);

		if (timer ? offset % 0x20 == 0x18 : offset != GEN_CONF && offset != MAIN_CNT)
			bench_write(b, offset, U64_MAX);
	}
	expect_reset_values(test, b);
	KUNIT_EXPECT_EQ(test, kt_hpet_read(&b->hpet, U32_MAX - 7, 8, b->now), 0);
}

/* Test that each number of timers is announced, and its last one is there. */
static void hpet_timers(struct kunit *test)
{
	struct bench *b = new_bench();
	u32 timers;

	for (timers = KT_HPET_MIN_TIMERS; timers <= KT_HPET_MAX_TIMERS; timers++) {
		bench_init_as(b, timers, 69841279);
		KUNIT_EXPECT_EQ(test, bench_read(b, GCAP_ID),
				0x0429b17f8086a001ULL | (timers - 1) << 8);
		/* The specification's registers end before its timers do. */
		if (TN_CONF(timers - 1) >= KT_HPET_SIZE)
			continue;
		KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(timers - 1)), U64_MAX);
		bench_write(b, TN_COMP(timers), 5);
		KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(timers)), 0);

		bench_arm(b, timers - 1, LEVEL | INT_ENB, 0, 1);
		bench_write(b, GEN_CONF, ENABLE);
		b->now += 70;
		KUNIT_EXPECT_EQ(test, bench_read(b, GINTR_STA), 1ULL << (timers - 1));
	}
	KUNIT_EXPECT_EQ(test, bench_read(b, KT_HPET_SIZE), 0);
}

/* Test that GEN_CONF has two bits. */
static void hpet_gen_conf(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_write(b, GEN_CONF, U64_MAX);
	KUNIT_EXPECT_EQ(test, bench_read(b, GEN_CONF), ENABLE | LEGACY);
	KUNIT_EXPECT_TRUE(test, kt_hpet_enabled(&b->hpet));
	KUNIT_EXPECT_TRUE(test, kt_hpet_legacy(&b->hpet));
	bench_write32(b, GEN_CONF + 4, 0);
	KUNIT_EXPECT_EQ(test, bench_read(b, GEN_CONF), ENABLE | LEGACY);
	bench_write32(b, GEN_CONF, LEGACY);
	KUNIT_EXPECT_FALSE(test, kt_hpet_enabled(&b->hpet));
	KUNIT_EXPECT_TRUE(test, kt_hpet_legacy(&b->hpet));
	bench_write32(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_TRUE(test, kt_hpet_enabled(&b->hpet));
	KUNIT_EXPECT_FALSE(test, kt_hpet_legacy(&b->hpet));
}

/* Test that the legacy bit does not disturb the running counter. */
static void hpet_gen_conf_legacy_runs_on(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_write(b, GEN_CONF, ENABLE);
	b->now += 15;
	bench_write(b, GEN_CONF, ENABLE | LEGACY);
	b->now += 5;
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 2);
}

static const u32 periods_fs[] = {
	KT_HPET_MIN_PERIOD_FS, 2, 3, 7, 999983, 999999, 1000000, 1000001, 10000000, 69841279,
	99999999, KT_HPET_MAX_PERIOD_FS,
};

static const u64 gaps_ns[] = {
	0, 1, 2, 9, 10, 11, 99, 100, 101, 999999, 1000000, 1000001, 69841278, 69841279, 69841280,
	1000000000, 18446744073709ULL, 18446744073710ULL, YEAR_NS, 100 * YEAR_NS,
	U64_MAX - BENCH_EPOCH_NS,
};

/* Test that the counter is exact for each period and gap, however often it wraps. */
static void hpet_counter_exact(struct kunit *test)
{
	struct bench *b = new_bench();
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(periods_fs); i++) {
		bench_init_as(b, BENCH_TIMERS, periods_fs[i]);
		bench_write(b, MAIN_CNT, U64_MAX);
		bench_write(b, GEN_CONF, ENABLE);
		for (j = 0; j < ARRAY_SIZE(gaps_ns); j++) {
			u64 ticks = kt_hpet_counter(&b->hpet, BENCH_EPOCH_NS + gaps_ns[j]) + 1;
			/* Femtoseconds that are left over; all modulo 2^64. */
			u64 rest = gaps_ns[j] * 1000000 - ticks * periods_fs[i];

			KUNIT_EXPECT_LT_MSG(test, rest, periods_fs[i], "%u fs, %llu ns",
					    periods_fs[i], gaps_ns[j]);
			/* Which leaves no doubt where nothing is over 64 bits. */
			if (gaps_ns[j] > U64_MAX / 1000000)
				continue;
			KUNIT_EXPECT_EQ(test, ticks, gaps_ns[j] * 1000000 / periods_fs[i]);
		}
	}
}

/* Test that a day is as many ticks as it has, whether somebody looks or not. */
static void hpet_counter_day(struct kunit *test)
{
	struct bench *b = new_bench();
	u64 s;

	bench_init_as(b, BENCH_TIMERS, 69841279);
	bench_write(b, GEN_CONF, ENABLE);
	for (s = 1; s <= 86400; s++) {
		/* s * 10^15 fs, split so that it fits. */
		u64 want = s * (1000000000000000ULL / 69841279) +
			   s * (1000000000000000ULL % 69841279) / 69841279;

		b->now = BENCH_EPOCH_NS + s * 1000000000;
		KUNIT_ASSERT_EQ(test, bench_read(b, MAIN_CNT), want);
	}
}

/* Test that a halted counter keeps its value, can be written, and goes on from there. */
static void hpet_counter_halt(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_run(b, 1000);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 0);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 5);
	bench_write(b, MAIN_CNT, 77);
	bench_write32(b, MAIN_CNT, 77);
	bench_write32(b, MAIN_CNT + 4, 77);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 5);

	bench_write(b, GEN_CONF, 0);
	bench_run(b, 1000);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 5);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 5);
	bench_run(b, 1);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 6);

	bench_write(b, GEN_CONF, 0);
	bench_write32(b, MAIN_CNT + 4, 0x12345678);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 0x1234567800000006ULL);
	bench_write32(b, MAIN_CNT, 0xffffffff);
	KUNIT_EXPECT_EQ(test, bench_read32(b, MAIN_CNT + 4), 0x12345678U);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 1);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 0x1234567900000000ULL);

	bench_write(b, GEN_CONF, 0);
	bench_write(b, MAIN_CNT, U64_MAX);
	bench_write(b, GEN_CONF, ENABLE);
	bench_run(b, 2);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 1);
}

/* Test that the time before the counter was started is no time at all. */
static void hpet_counter_backwards(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_write(b, MAIN_CNT, 1000);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, kt_hpet_counter(&b->hpet, 0), 1000);
	KUNIT_EXPECT_EQ(test, kt_hpet_counter(&b->hpet, b->now - 1), 1000);
	kt_hpet_write(&b->hpet, GEN_CONF, 8, 0, 0);
	KUNIT_EXPECT_EQ(test, bench_read(b, MAIN_CNT), 1000);
}

/* Test that a read may meet any halfway written origin. */
static void hpet_counter_torn(struct kunit *test)
{
	struct bench *b = new_bench();
	u64 seed = 1;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(periods_fs); i++) {
		bench_init_as(b, BENCH_TIMERS, periods_fs[i]);
		for (j = 0; j < 1000; j++) {
			b->hpet.base = bench_random(&seed);
			b->hpet.base_ns = bench_random(&seed);
			b->hpet.config = bench_random(&seed);
			b->now = bench_random(&seed);
			if (b->now <= b->hpet.base_ns || !(b->hpet.config & ENABLE))
				KUNIT_ASSERT_EQ(test, kt_hpet_counter(&b->hpet, b->now),
						b->hpet.base);
			else
				kt_hpet_counter(&b->hpet, b->now);
		}
	}
}

/* Test what of Tn_CONF can be written. */
static void hpet_timer_conf(struct kunit *test)
{
	struct bench *b = new_bench();
	unsigned int n;

	for (n = 0; n < BENCH_TIMERS; n++) {
		bench_write(b, TN_CONF(n), U64_MAX);
		KUNIT_EXPECT_EQ(test, bench_read(b, TN_CONF(n)), 0x00f001040000ff7eULL);
		bench_write32(b, TN_CONF(n) + 4, 0);
		KUNIT_EXPECT_EQ(test, bench_read(b, TN_CONF(n)), 0x00f001040000ff7eULL);
		bench_write32(b, TN_CONF(n), 0);
		KUNIT_EXPECT_EQ(test, bench_read(b, TN_CONF(n)), 0x00f0010400008030ULL);
	}
}

/* Test that 32MODE takes the upper halves away, and clearing it does not bring them back. */
static void hpet_32mode(struct kunit *test)
{
	struct bench *b = new_bench();

	bench_write32(b, TN_CONF(0), PERIODIC | VAL_SET);
	bench_write(b, TN_COMP(0), 0x1111111122222222ULL);
	KUNIT_EXPECT_EQ(test, b->hpet.timer[0].period, 0x1111111122222222ULL);
	bench_write32(b, TN_CONF(0), PERIODIC | MODE32);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 0x22222222);
	KUNIT_EXPECT_EQ(test, b->hpet.timer[0].period, 0x22222222);

	bench_write32(b, TN_CONF(0), PERIODIC | MODE32 | VAL_SET);
	bench_write32(b, TN_COMP(0) + 4, 0x33333333);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 0x22222222);
	KUNIT_EXPECT_EQ(test, b->hpet.timer[0].period, 0x22222222);
	KUNIT_EXPECT_TRUE(test, bench_read32(b, TN_CONF(0)) & VAL_SET);
	bench_write(b, TN_COMP(0), 0x4444444455555555ULL);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 0x55555555);
	KUNIT_EXPECT_EQ(test, b->hpet.timer[0].period, 0x55555555);

	bench_write32(b, TN_CONF(0), PERIODIC);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 0x55555555);
	KUNIT_EXPECT_EQ(test, b->hpet.timer[0].period, 0x55555555);
	bench_write32(b, TN_CONF(0), 0);
	bench_write32(b, TN_COMP(0) + 4, 0x66666666);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(0)), 0x6666666655555555ULL);
}

/* Test that VAL_SET lasts for one write, of whatever width, and sets both registers. */
static void hpet_val_set(struct kunit *test)
{
	struct bench *b = new_bench();
	const struct kt_hpet_timer *t = &b->hpet.timer[2];

	bench_write32(b, TN_CONF(2), PERIODIC | VAL_SET);
	bench_write32(b, TN_COMP(2), 1000);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(2)), 0xffffffff000003e8ULL);
	KUNIT_EXPECT_EQ(test, t->period, 1000);
	KUNIT_EXPECT_FALSE(test, bench_read32(b, TN_CONF(2)) & VAL_SET);

	/* The other half has no VAL_SET of its own: period only. */
	bench_write32(b, TN_COMP(2) + 4, 3);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(2)), 0xffffffff000003e8ULL);
	KUNIT_EXPECT_EQ(test, t->period, 0x3000003e8ULL);

	bench_write32(b, TN_CONF(2), PERIODIC | VAL_SET);
	bench_write32(b, TN_COMP(2) + 4, 2);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(2)), 0x2000003e8ULL);
	KUNIT_EXPECT_EQ(test, t->period, 0x2000003e8ULL);

	bench_write(b, TN_COMP(2), 77);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(2)), 0x2000003e8ULL);
	KUNIT_EXPECT_EQ(test, t->period, 77);

	/* One-shot: the comparator only, and VAL_SET ends all the same. */
	bench_write32(b, TN_CONF(2), VAL_SET);
	bench_write32(b, TN_COMP(2), 5);
	KUNIT_EXPECT_EQ(test, bench_read(b, TN_COMP(2)), 0x200000005ULL);
	KUNIT_EXPECT_EQ(test, t->period, 77);
	KUNIT_EXPECT_FALSE(test, bench_read32(b, TN_CONF(2)) & VAL_SET);
}

struct route_case {
	unsigned int		n;
	u32			config;
	u32			gen_conf;
	enum kt_hpet_route	route;
};

static const struct route_case route_cases[] = {
	{ 0, ROUTE(2), 0, KT_HPET_ROUTE_NONE },
	{ 0, ROUTE(2), LEGACY, KT_HPET_ROUTE_NONE },
	{ 0, FSB_EN, LEGACY, KT_HPET_ROUTE_NONE },
	{ 0, INT_ENB, 0, KT_HPET_ROUTE_NONE },
	{ 0, INT_ENB | ROUTE(2), 0, KT_HPET_ROUTE_PIN },
	{ 0, INT_ENB | ROUTE(3), ENABLE, KT_HPET_ROUTE_NONE },
	{ 0, INT_ENB | ROUTE(31), ENABLE, KT_HPET_ROUTE_NONE },
	{ 0, INT_ENB | ROUTE(23), ENABLE, KT_HPET_ROUTE_PIN },
	{ 0, INT_ENB | ROUTE(3), LEGACY, KT_HPET_ROUTE_LEGACY },
	{ 1, INT_ENB | ROUTE(8), LEGACY, KT_HPET_ROUTE_LEGACY },
	{ 1, INT_ENB | LEVEL, LEGACY, KT_HPET_ROUTE_LEGACY },
	{ 2, INT_ENB, LEGACY, KT_HPET_ROUTE_NONE },
	{ 2, INT_ENB | ROUTE(20), LEGACY, KT_HPET_ROUTE_PIN },
	{ 0, INT_ENB | FSB_EN, 0, KT_HPET_ROUTE_FSB },
	{ 0, INT_ENB | FSB_EN | ROUTE(2), LEGACY, KT_HPET_ROUTE_FSB },
	{ 2, INT_ENB | FSB_EN, 0, KT_HPET_ROUTE_FSB },
	{ 0, INT_ENB | FSB_EN | LEVEL | ROUTE(2), 0, KT_HPET_ROUTE_PIN },
	{ 0, INT_ENB | FSB_EN | LEVEL | ROUTE(2), LEGACY, KT_HPET_ROUTE_LEGACY },
	{ 2, INT_ENB | FSB_EN | LEVEL, LEGACY, KT_HPET_ROUTE_NONE },
};

/* Test the priorities: FSB for edges, then legacy replacement, then a capable input. */
static void hpet_routes(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(route_cases); i++) {
		const struct route_case *c = &route_cases[i];
		struct bench *b = new_bench();

		bench_write32(b, TN_CONF(c->n), c->config);
		bench_write32(b, GEN_CONF, c->gen_conf);
		KUNIT_EXPECT_EQ_MSG(test, kt_hpet_route(&b->hpet, c->n), c->route, "case %u", i);
		KUNIT_EXPECT_EQ(test, kt_hpet_is_level(&b->hpet, c->n), !!(c->config & LEVEL));
	}
}

/* Test that each input can be stored, and is told as it is. */
static void hpet_pins(struct kunit *test)
{
	struct bench *b = new_bench();
	u32 pin;

	for (pin = 0; pin < 32; pin++) {
		bench_write32(b, TN_CONF(0), INT_ENB | ROUTE(pin));
		KUNIT_EXPECT_EQ(test, bench_read32(b, TN_CONF(0)), INT_ENB | ROUTE(pin) | TN_CAPS);
		KUNIT_EXPECT_EQ(test, kt_hpet_pin(&b->hpet, 0), pin);
		KUNIT_EXPECT_EQ(test, kt_hpet_route(&b->hpet, 0) == KT_HPET_ROUTE_PIN,
				BENCH_ROUTE_CAP >> pin & 1);
	}
}

/* Test that a reset brings all registers back, and no edge. */
static void hpet_reset(struct kunit *test)
{
	struct bench *b = new_bench();
	unsigned int n;

	for (n = 0; n < BENCH_TIMERS; n++) {
		bench_arm(b, n, INT_ENB | PERIODIC | VAL_SET | (n == 1 ? LEVEL : 0), 0, 100 + n);
		bench_write(b, TN_FSB(n), U64_MAX);
	}
	bench_write(b, GEN_CONF, ENABLE | LEGACY);
	bench_run(b, 1000);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 10);
	bench_write(b, GEN_CONF, 0);
	kt_hpet_reset(&b->hpet);
	expect_reset_values(test, b);

	bench_run(b, 1000);
	expect_reset_values(test, b);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 10);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 1), 1);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 2), 9);
	KUNIT_EXPECT_EQ(test, kt_hpet_last_edge(&b->hpet, 0, b->now), BENCH_EPOCH_NS + 10000);

	/* The periods are gone, too. */
	bench_write(b, TN_CONF(0), INT_ENB | PERIODIC);
	bench_write(b, GEN_CONF, ENABLE);
	KUNIT_EXPECT_EQ(test, b->hpet.timer[0].period, 0);
	KUNIT_EXPECT_EQ(test, bench_edges(b, 0), 10);
}

static struct kunit_case hpet_cases[] = {
	KUNIT_CASE(hpet_h1),
	KUNIT_CASE(hpet_h2),
	KUNIT_CASE(hpet_h3),
	KUNIT_CASE(hpet_access),
	KUNIT_CASE(hpet_reset_values),
	KUNIT_CASE(hpet_timers),
	KUNIT_CASE(hpet_gen_conf),
	KUNIT_CASE(hpet_gen_conf_legacy_runs_on),
	KUNIT_CASE(hpet_counter_exact),
	KUNIT_CASE(hpet_counter_day),
	KUNIT_CASE(hpet_counter_halt),
	KUNIT_CASE(hpet_counter_backwards),
	KUNIT_CASE(hpet_counter_torn),
	KUNIT_CASE(hpet_timer_conf),
	KUNIT_CASE(hpet_32mode),
	KUNIT_CASE(hpet_val_set),
	KUNIT_CASE(hpet_routes),
	KUNIT_CASE(hpet_pins),
	KUNIT_CASE(hpet_reset),
	{}
};

static struct kunit_suite hpet_suite = {
	.name		= "kvm_timers-hpet",
	.test_cases	= hpet_cases,
};

kunit_test_suite(hpet_suite);

MODULE_LICENSE("GPL");
