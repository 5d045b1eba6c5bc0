// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MC146818A's registers and divider: updates, periodic edges, flags, interrupts.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "rtc_test.h"

/* Hop from deadline to deadline, reading C at each; all are periodic edges. */
static void expect_ticks(struct kunit *test, u8 a, unsigned int secs, u64 per_s, u64 period_ns)
{
	struct bench b;
	u64 n, last;

	bench_init(&b);
	bench_write(&b, KT_RTC_A, a);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE);
	for (n = 1, last = 0; n <= secs * per_s; n++, last = b.now) {
		b.now = bench_deadline(&b);
		KUNIT_ASSERT_EQ(test, kt_rtc_edges(&b.rtc, b.now - 1), n - 1);
		KUNIT_ASSERT_EQ(test, bench_edges(&b), n);
		if (last)
			KUNIT_ASSERT_EQ(test, b.now - last, period_ns);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_C) & (C_IRQF | C_PF), C_IRQF | C_PF);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_C), 0);
	}
	KUNIT_EXPECT_LE(test, b.now, bench_ns(secs * SECOND_CYCLES));
	KUNIT_EXPECT_GT(test, bench_deadline(&b), bench_ns(secs * SECOND_CYCLES));
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 0);
}

/* R1: 64 interrupts per second, 15.625 ms apart; RS 1 is 256 Hz and not 32768. */
static void rtc_r1(struct kunit *test)
{
	expect_ticks(test, 0x2a, 10, 64, 15625000);
	expect_ticks(test, 0x21, 10, 256, 3906250);
}

/* R2: PF comes without PIE, goes with a read of C, and interrupts nobody. */
static void rtc_r2(struct kunit *test)
{
	struct bench b;
	u64 start;

	bench_init(&b);
	bench_write(&b, KT_RTC_A, 0x26);
	bench_to(&b, 1000);
	bench_read(&b, KT_RTC_C);
	start = b.now;
	b.now = start + 5 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0x40);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0x00);
	KUNIT_EXPECT_EQ(test, bench_edges(&b) + bench_rises(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
}

/* R3: an enable that meets its flag interrupts at once. */
static void rtc_r3(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_to(&b, 100);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 0);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	/* IRQF is up already: no second rise. */
	bench_write(&b, KT_RTC_B, B_24H | B_PIE | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0xc0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0x00);
}

/* R4: 500 ms from the release of the divider to the first update. */
static void rtc_r4(struct kunit *test)
{
	struct bench b;
	u64 start;

	bench_init(&b);
	/* Not where the divider would be by itself. */
	bench_to(&b, 12345678);
	bench_write(&b, KT_RTC_B, 0x02);
	bench_write(&b, KT_RTC_A, 0x76);
	bench_set_time(&b, 0x12, 0x00, 0x00);
	b.now += 700 * NSEC_PER_MSEC;
	bench_write(&b, KT_RTC_A, 0x26);
	start = b.now;
	b.now = start + 499 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x120000);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x26);
	b.now = start + 499900 * NSEC_PER_USEC;
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0xa6);
	b.now = start + 503 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x120001);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x26);
	b.now = start + 1499 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x120001);
	b.now = start + 1503 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x120002);
}

struct rate_case {
	u8	rs;
	u32	hz;
	u32	period_ns;
};

static const struct rate_case rates[] = {
	{ 1,	256,	3906250 },
	{ 2,	128,	7812500 },
	{ 3,	8192,	122070 },
	{ 4,	4096,	244141 },
	{ 5,	2048,	488281 },
	{ 6,	1024,	976563 },
	{ 7,	512,	1953125 },
	{ 8,	256,	3906250 },
	{ 9,	128,	7812500 },
	{ 10,	64,	15625000 },
	{ 11,	32,	31250000 },
	{ 12,	16,	62500000 },
	{ 13,	8,	125000000 },
	{ 14,	4,	250000000 },
	{ 15,	2,	500000000 },
};

/* Test that 60 seconds of each rate are exact, each edge in its cycle and no drift. */
static void rtc_rates(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		u32 period = SECOND_CYCLES / rates[i].hz;
		struct bench b;
		u64 n;

		bench_init(&b);
		bench_write(&b, KT_RTC_A, 0x20 | rates[i].rs);
		KUNIT_EXPECT_EQ(test, kt_rtc_period(&b.rtc), KT_NEVER);
		bench_write(&b, KT_RTC_B, B_24H | B_PIE);
		KUNIT_EXPECT_EQ(test, kt_rtc_period(&b.rtc), rates[i].period_ns);
		KUNIT_EXPECT_EQ(test, kt_rtc_last_edge(&b.rtc, b.now), 0);
		for (n = 0; n < 60 * rates[i].hz; n++) {
			u64 edge = bench_ns(n * period + period / 2);

			KUNIT_ASSERT_EQ(test, bench_deadline(&b), edge);
			KUNIT_ASSERT_EQ(test, kt_rtc_edges(&b.rtc, edge - 1), n);
			b.now = edge;
			KUNIT_ASSERT_EQ(test, bench_edges(&b), n + 1);
			KUNIT_ASSERT_EQ(test, kt_rtc_last_edge(&b.rtc, edge + 1000), edge);
			if (n & 1)
				bench_read(&b, KT_RTC_C);
		}
		bench_to(&b, 60 * SECOND_CYCLES);
		KUNIT_EXPECT_EQ(test, bench_edges(&b), 60 * rates[i].hz);
		KUNIT_EXPECT_EQ(test, bench_time(&b), 0x000100);
	}
}

/* Test that RS 0 is no rate at all. */
static void rtc_no_rate(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, KT_RTC_A, 0x20);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE);
	KUNIT_EXPECT_EQ(test, kt_rtc_period(&b.rtc), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_to(&b, 100 * SECOND_CYCLES);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), C_UF);
}

/* Test that another rate begins within its own period, and with one edge. */
static void rtc_rate_change(struct kunit *test)
{
	unsigned int from, to;
	u64 at;

	for (from = 0; from < ARRAY_SIZE(rates); from++) {
		for (to = 0; to < ARRAY_SIZE(rates); to++) {
			u64 period = SECOND_CYCLES / rates[to].hz;

			for (at = 100000; at < 150000; at += 4987) {
				u64 edges, next = at + 1;
				struct bench b;

				bench_init(&b);
				bench_write(&b, KT_RTC_A, 0x20 | rates[from].rs);
				bench_write(&b, KT_RTC_B, B_24H | B_PIE);
				bench_to(&b, at);
				edges = bench_edges(&b);
				bench_write(&b, KT_RTC_A, 0x20 | rates[to].rs);
				KUNIT_EXPECT_EQ(test, bench_edges(&b), edges);
				while (next % period != period / 2)
					next++;
				KUNIT_ASSERT_EQ(test, bench_deadline(&b), bench_ns(next));
				bench_to(&b, at + period);
				KUNIT_ASSERT_EQ(test, bench_edges(&b), edges + 1);
			}
		}
	}
}

/* Test UIP, UF and the time in each cycle around an update, for each length of it. */
static void rtc_update(struct kunit *test)
{
	u32 length, c;

	for (length = 0; length <= KT_RTC_UPDATE_MAX; length++) {
		struct bench b;

		bench_init_update(&b, length);
		bench_write(&b, KT_RTC_A, 0x20);
		for (c = HALF_CYCLES - 20; c < HALF_CYCLES + 100; c++) {
			bool busy = c >= HALF_CYCLES - 8 && c < HALF_CYCLES + length;
			bool over = c >= HALF_CYCLES + length;

			bench_to(&b, c);
			KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_A), busy ? UIP | 0x20 : 0x20);
			KUNIT_ASSERT_EQ(test, bench_time(&b), over);
			KUNIT_ASSERT_EQ(test, b.rtc.flags & C_UF, over ? C_UF : 0);
		}
		bench_to(&b, SECOND_CYCLES + HALF_CYCLES + length - 1);
		KUNIT_EXPECT_EQ(test, bench_time(&b), 1);
		bench_to_update(&b, 2);
		KUNIT_EXPECT_EQ(test, bench_time(&b), 2);
	}

	/* More than the longest is the longest. */
	for (length = KT_RTC_UPDATE_MAX + 1; length; length <<= 1) {
		struct kt_rtc rtc;

		kt_rtc_init(&rtc, length, 0);
		KUNIT_EXPECT_EQ(test, rtc.update_cycles, KT_RTC_UPDATE_MAX);
	}
}

/* Test that SET aborts the update in progress, at each cycle of it, and blocks others. */
static void rtc_set_aborts(struct kunit *test)
{
	u32 c;

	for (c = 0; c <= KT_RTC_UPDATE_CYCLES; c++) {
		bool done = c == KT_RTC_UPDATE_CYCLES;
		struct bench b;

		bench_init(&b);
		bench_to(&b, HALF_CYCLES + c);
		bench_write(&b, KT_RTC_B, B_24H | B_SET);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_A) & UIP, 0);
		/* Cleared before the end: it has been aborted for good. */
		if (c % 2)
			bench_write(&b, KT_RTC_B, B_24H);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_A) & UIP, 0);
		bench_to(&b, FIRST_END + 10);
		KUNIT_ASSERT_EQ(test, bench_time(&b), done);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_C) & C_UF, done ? C_UF : 0);
		bench_write(&b, KT_RTC_B, B_24H);
		bench_to(&b, FIRST_END + SECOND_CYCLES - 1);
		KUNIT_ASSERT_EQ(test, bench_time(&b), done);
		bench_to_update(&b, 2);
		KUNIT_ASSERT_EQ(test, bench_time(&b), 1 + done);
	}
}

/* Test that under SET time stands, edges go on, and the divider keeps its phase. */
static void rtc_set_holds(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_set_alarm(&b, ANY, ANY, ANY);
	bench_write(&b, KT_RTC_B, B_24H | B_SET | B_PIE | B_AIE | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_B), B_24H | B_SET | B_PIE | B_AIE);
	bench_to(&b, 100 * SECOND_CYCLES);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 100 * 1024);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), C_IRQF | C_PF);
	bench_to(&b, 100 * SECOND_CYCLES + HALF_CYCLES - 4);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x26);
	/* Let go in time: the update is announced at once, and comes. */
	bench_write(&b, KT_RTC_B, B_24H);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x26 | UIP);
	bench_to(&b, 100 * SECOND_CYCLES + FIRST_END - 1);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0);
	bench_to(&b, 100 * SECOND_CYCLES + FIRST_END);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 1);
	bench_to(&b, 109 * SECOND_CYCLES + FIRST_END);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x10);
}

/* Test that SET takes the update interrupt back, and that it stays away. */
static void rtc_set_clears_uie(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_UIE);
	bench_to_update(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 1);
	bench_write(&b, KT_RTC_B, B_24H | B_SET | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_B), B_24H | B_SET);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C) & (C_IRQF | C_UF), C_UF);
	bench_write(&b, KT_RTC_B, B_24H);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_B), B_24H);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_write(&b, KT_RTC_B, B_24H | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(FIRST_END + SECOND_CYCLES));
}

/* Test each setting of the divider: three run, two reset, three hold. */
static void rtc_divider(struct kunit *test)
{
	u8 dv;

	for (dv = 0; dv < 8; dv++) {
		bool runs = dv <= 2, resets = dv >= 6;
		u64 rest = resets ? 0 : 10000;
		struct bench b;

		bench_init(&b);
		bench_write(&b, KT_RTC_B, B_24H | B_PIE | B_UIE);
		bench_to(&b, 10000);
		bench_write(&b, KT_RTC_A, dv << 4 | 15);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), dv << 4 | 15);
		bench_read(&b, KT_RTC_C);
		KUNIT_EXPECT_EQ(test, kt_rtc_period(&b.rtc), runs ? 500000000 : KT_NEVER);
		KUNIT_EXPECT_EQ(test, bench_deadline(&b), runs ? bench_ns(FIRST_END) : KT_NEVER);
		bench_to(&b, 10000 + 10 * SECOND_CYCLES);
		KUNIT_EXPECT_EQ(test, bench_time(&b), runs ? 0x10 : 0);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), runs ? 0xd0 : 0);
		bench_write(&b, KT_RTC_A, 0x20);
		/* The divider goes on from where it was held. */
		KUNIT_EXPECT_EQ(test, bench_deadline(&b),
				bench_ns(10000 + 10 * SECOND_CYCLES + FIRST_END - rest));
	}
}

/* Test that an update stands with the divider, and that a reset ends it. */
static void rtc_divider_in_update(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_to(&b, HALF_CYCLES + 30);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), UIP | 0x26);
	bench_write(&b, KT_RTC_A, 0x46);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x46);
	bench_to(&b, HALF_CYCLES + 1030);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0);
	bench_write(&b, KT_RTC_A, 0x26);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), UIP | 0x26);
	bench_to(&b, 1000 + FIRST_END - 1);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0);
	bench_to(&b, 1000 + FIRST_END);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 1);

	bench_init(&b);
	bench_to(&b, HALF_CYCLES + 30);
	bench_write(&b, KT_RTC_A, 0x76);
	bench_write(&b, KT_RTC_A, 0x26);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x26);
	bench_to(&b, HALF_CYCLES + 30 + FIRST_END - 1);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0);
	bench_to(&b, HALF_CYCLES + 30 + FIRST_END);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 1);
}

/* Test which bytes are the RTC's, and which of them can be written. */
static void rtc_bytes(struct kunit *test)
{
	struct bench b;
	unsigned int i;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_SET);
	for (i = 0; i < 0x100; i++) {
		u8 val = i ^ 0xa5;

		KUNIT_EXPECT_EQ(test, kt_rtc_has(i), i <= 0x0d || i == 0x32);
		if (i >= KT_RTC_A && i <= KT_RTC_D)
			continue;
		bench_write(&b, i, val);
		if (!kt_rtc_has(i))
			val = 0xff;
		KUNIT_EXPECT_EQ(test, bench_read(&b, i), i ? val : val & 0x7f);
	}
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_D), 0x80);
	bench_write(&b, KT_RTC_D, 0x00);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_D), 0x80);
	bench_write(&b, KT_RTC_C, 0xff);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0);
	bench_write(&b, KT_RTC_A, 0xff);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x7f);
	bench_write(&b, KT_RTC_B, 0x6f);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_B), 0x6f);
}

/* Test the state at power-on. */
static void rtc_power_on(struct kunit *test)
{
	static const u8 image[] = { 0, 0, 0, 0, 0, 0, 7, 1, 1, 0, 0x26, 0x02, 0x00, 0x80 };
	struct bench b;
	unsigned int i;

	bench_init(&b);
	for (i = 0; i < ARRAY_SIZE(image); i++)
		KUNIT_EXPECT_EQ(test, bench_read(&b, i), image[i]);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_CENTURY), 0x20);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_edges(&b) + bench_rises(&b), 0);
	/* The divider has begun at 0. */
	bench_to(&b, FIRST_END - 1);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0);
	bench_to(&b, FIRST_END);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 1);
}

/* Test that RESET takes enables and flags, and nothing else. */
static void rtc_reset_pin(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_set_alarm(&b, ANY, ANY, ANY);
	bench_set_time(&b, 0x12, 0x34, 0x56);
	bench_set_date(&b, 0x19, 0x99, 0x11, 0x22);
	bench_write(&b, KT_RTC_A, 0x0f);
	bench_write(&b, KT_RTC_B, 0x7f);
	bench_write(&b, KT_RTC_B, 0x7b);
	bench_to_update(&b, 1);
	kt_rtc_reset(&b.rtc, b.now);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_B), 0x03);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_A), 0x0f);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_HOURS_ALARM), ANY);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x123457);
	KUNIT_EXPECT_EQ(test, bench_date(&b), 0x19991122);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_to_update(&b, 2);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x123458);

	/* SET and the binary format are no enables either. */
	bench_write(&b, KT_RTC_B, 0xff);
	kt_rtc_reset(&b.rtc, b.now);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_B), 0x87);
}

/* Test that time which goes backwards is no time at all. */
static void rtc_backwards(struct kunit *test)
{
	struct bench b;
	u64 edges;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE);
	bench_to(&b, 10 * SECOND_CYCLES);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x10);
	edges = bench_edges(&b);
	b.now = 0;
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x10);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), edges);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(10 * SECOND_CYCLES + 16));
	bench_write(&b, KT_RTC_A, 0x76);
	bench_to(&b, 10 * SECOND_CYCLES + 100);
	bench_write(&b, KT_RTC_A, 0x26);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(10 * SECOND_CYCLES + 116));
}

/* Test that the end of time is as good as any: no overflow, and then no deadline. */
static void rtc_extremes(struct kunit *test)
{
	const u64 cycles = kt_model_scale(U64_MAX, KT_RTC_CYCLE_MUL, KT_RTC_CYCLE_DIV);
	struct kt_rtc rtc;
	s64 secs;

	kt_rtc_init(&rtc, KT_RTC_UPDATE_CYCLES, 0);
	kt_rtc_write(&rtc, KT_RTC_A, 0x23, 0);
	kt_rtc_write(&rtc, KT_RTC_B, B_24H | B_PIE | B_AIE | B_UIE, 0);
	KUNIT_EXPECT_EQ(test, kt_rtc_edges(&rtc, U64_MAX), (cycles + 2) / 4);
	KUNIT_EXPECT_EQ(test, kt_rtc_deadline(&rtc, U64_MAX), KT_NEVER);
	KUNIT_EXPECT_LE(test, kt_rtc_last_edge(&rtc, U64_MAX), U64_MAX);
	/* 584 years, with four leap days that only the chip has. */
	secs = (cycles + HALF_CYCLES - KT_RTC_UPDATE_CYCLES) / SECOND_CYCLES - 4 * 86400;
	KUNIT_EXPECT_EQ(test, kt_rtc_clock(&rtc, U64_MAX) - kt_rtc_clock(&rtc, 0), secs);
	KUNIT_EXPECT_EQ(test, kt_rtc_read(&rtc, KT_RTC_C, U64_MAX), 0xf0);
	kt_rtc_set_clock(&rtc, 0, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, kt_rtc_clock(&rtc, U64_MAX), 0);

	kt_rtc_init(&rtc, 0, U64_MAX);
	kt_rtc_write(&rtc, KT_RTC_B, B_24H | B_PIE | B_UIE, U64_MAX);
	KUNIT_EXPECT_EQ(test, kt_rtc_deadline(&rtc, U64_MAX), KT_NEVER);
}

static struct kunit_case rtc_cases[] = {
	KUNIT_CASE(rtc_r1),
	KUNIT_CASE(rtc_r2),
	KUNIT_CASE(rtc_r3),
	KUNIT_CASE(rtc_r4),
	KUNIT_CASE(rtc_rates),
	KUNIT_CASE(rtc_no_rate),
	KUNIT_CASE(rtc_rate_change),
	KUNIT_CASE(rtc_update),
	KUNIT_CASE(rtc_set_aborts),
	KUNIT_CASE(rtc_set_holds),
	KUNIT_CASE(rtc_set_clears_uie),
	KUNIT_CASE(rtc_divider),
	KUNIT_CASE(rtc_divider_in_update),
	KUNIT_CASE(rtc_bytes),
	KUNIT_CASE(rtc_power_on),
	KUNIT_CASE(rtc_reset_pin),
	KUNIT_CASE(rtc_backwards),
	KUNIT_CASE(rtc_extremes),
	{}
};

static struct kunit_suite rtc_suite = {
	.name		= "kvm_timers-rtc",
	.test_cases	= rtc_cases,
};

kunit_test_suite(rtc_suite);

MODULE_LICENSE("GPL");
