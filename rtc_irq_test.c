// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MC146818A's IRQF: what raises it, and when; and a reference that goes cycle by
 * cycle.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "rtc_test.h"

/* Test that flags come whether enabled or not, and that a read clears them all. */
static void rtc_irq_flags(struct kunit *test)
{
	struct bench b;
	u8 enables;

	for (enables = 0; enables < 8; enables++) {
		u8 b_bits = enables << 4;

		bench_init(&b);
		bench_set_alarm(&b, ANY, ANY, ANY);
		bench_write(&b, KT_RTC_B, B_24H | b_bits);
		bench_to_update(&b, 1);
		KUNIT_EXPECT_EQ(test, kt_rtc_irqf(&b.rtc, b.now), !!b_bits);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), b_bits ? 0xf0 : 0x70);
		KUNIT_EXPECT_FALSE(test, kt_rtc_irqf(&b.rtc, b.now));
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0);
		/* What comes later is kept for the next read. */
		bench_to(&b, FIRST_END + 32);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), b_bits & B_PIE ? 0xc0 : 0x40);
	}
}

/* Test that each enable raises IRQF once, and that without any it falls. */
static void rtc_irq_enables(struct kunit *test)
{
	struct bench b;
	u8 bit;

	bench_init(&b);
	bench_set_alarm(&b, ANY, ANY, ANY);
	bench_to_update(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 0);
	for (bit = B_UIE; bit <= B_PIE; bit <<= 1) {
		u64 rises = bench_rises(&b);

		bench_write(&b, KT_RTC_B, B_24H | bit);
		KUNIT_EXPECT_EQ(test, bench_rises(&b), rises + 1);
		bench_write(&b, KT_RTC_B, B_24H | bit);
		KUNIT_EXPECT_EQ(test, bench_rises(&b), rises + 1);
		bench_write(&b, KT_RTC_B, B_24H | B_SQWE);
		KUNIT_EXPECT_EQ(test, bench_rises(&b), rises + 1);
	}
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0x70);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE | B_AIE | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 3);
}

/* Test the update interrupt: each second if C is read, else once. */
static void rtc_irq_update(struct kunit *test)
{
	struct bench b;
	u64 n;

	bench_init(&b);
	bench_write(&b, KT_RTC_A, 0x20);
	bench_write(&b, KT_RTC_B, B_24H | B_UIE);
	for (n = 1; n <= 3600; n++) {
		b.now = bench_deadline(&b);
		KUNIT_ASSERT_EQ(test, b.now, bench_ns(FIRST_END + (n - 1) * SECOND_CYCLES));
		KUNIT_ASSERT_EQ(test, kt_rtc_rises(&b.rtc, b.now - 1), n - 1);
		KUNIT_ASSERT_EQ(test, bench_rises(&b), n);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_C), 0x90);
	}
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x010000);
	bench_to_update(&b, n);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), n);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_to_update(&b, 2 * n);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), n);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
}

/* Test that an alarm a day away is one deadline, and nothing before it. */
static void rtc_irq_alarm(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_set_alarm(&b, 0x00, 0x00, 0x00);
	bench_write(&b, KT_RTC_B, B_24H | B_AIE);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(86399 * SECOND_CYCLES + FIRST_END));
	b.now = bench_deadline(&b);
	KUNIT_EXPECT_EQ(test, kt_rtc_rises(&b.rtc, b.now - 1), 0);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0xf0);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b),
			bench_ns(2 * 86400 * SECOND_CYCLES - SECOND_CYCLES + FIRST_END));
	bench_set_alarm(&b, 0x24, 0x00, 0x00);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	/* With both it is the update. */
	bench_write(&b, KT_RTC_B, B_24H | B_AIE | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(86400 * SECOND_CYCLES + FIRST_END));
}

/* Test that a periodic edge inside the gap comes before an update that is later. */
static void rtc_irq_order(struct kunit *test)
{
	struct bench b;

	/* The edge comes first: IRQF is up when the update ends. */
	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE | B_UIE);
	bench_to_update(&b, 3);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), (2 * SECOND_CYCLES + FIRST_END + 16) / 32);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0xd0);

	/* The update comes first, edges later, in one gap. */
	bench_to(&b, 2 * SECOND_CYCLES + HALF_CYCLES + 48);
	bench_write(&b, KT_RTC_A, 0x28);
	bench_read(&b, KT_RTC_C);
	bench_to(&b, 2 * SECOND_CYCLES + HALF_CYCLES + 64);
	bench_read(&b, KT_RTC_C);
	bench_to(&b, 3 * SECOND_CYCLES + HALF_CYCLES + 64);
	bench_read(&b, KT_RTC_C);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(3 * SECOND_CYCLES + FIRST_END));
	bench_to(&b, 4 * SECOND_CYCLES);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 1);
	/* IRQF is up: the update to come is no deadline, but the edge is. */
	bench_write(&b, KT_RTC_B, B_24H | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), KT_NEVER);
	bench_write(&b, KT_RTC_B, B_24H | B_UIE | B_PIE);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(4 * SECOND_CYCLES + 64));
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 1);
}

/* Test that at the same cycle the periodic edge comes first. */
static void rtc_irq_same_cycle(struct kunit *test)
{
	struct bench b;

	bench_init_update(&b, 2);
	bench_write(&b, KT_RTC_A, 0x23);
	bench_to(&b, HALF_CYCLES - 1);
	bench_read(&b, KT_RTC_C);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE | B_UIE);
	KUNIT_EXPECT_EQ(test, bench_deadline(&b), bench_ns(HALF_CYCLES + 2));
	bench_to_update(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0xd0);
}

/* Test that a tick which is handed out late is found in C, and is no edge. */
static void rtc_irq_assert_periodic(struct kunit *test)
{
	struct bench b;
	u64 edges;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_PIE | B_UIE);
	bench_to(&b, 1000);
	bench_read(&b, KT_RTC_C);
	edges = bench_edges(&b);
	kt_rtc_assert_periodic(&b.rtc, b.now);
	KUNIT_EXPECT_EQ(test, bench_edges(&b), edges);
	KUNIT_EXPECT_EQ(test, bench_rises(&b), 0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0xc0);
	KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), 0x00);
	/* It also sees to what has happened until then. */
	bench_to_update(&b, 1);
	kt_rtc_assert_periodic(&b.rtc, b.now);
	KUNIT_EXPECT_EQ(test, b.rtc.time[KT_RTC_SECONDS], 1);
}

/* The same device, naively: one cycle after the other, in BCD and 24 hours. */
struct reference {
	u64	cycle;
	u32	count;
	u32	length;
	bool	updating;
	u32	secs;
	u8	alarm[3];
	u8	a;
	u8	b;
	u8	flags;
	u64	periods;
	u64	rises;
};

static bool reference_runs(const struct reference *r)
{
	return r->a < 0x30;
}

static u8 reference_uip(const struct reference *r)
{
	u32 phase = r->count % 32768;

	if (!reference_runs(r) || (r->b & B_SET))
		return 0;

	return r->updating || (phase >= 16376 && phase < 16384) ? UIP : 0;
}

static void reference_update(struct reference *r)
{
	u8 now[3];
	int i;

	r->updating = false;
	r->secs = (r->secs + 1) % 86400;
	r->flags |= C_UF;
	now[0] = bin2bcd(r->secs / 3600);
	now[1] = bin2bcd(r->secs / 60 % 60);
	now[2] = bin2bcd(r->secs % 60);
	for (i = 0; i < 3 && (r->alarm[i] >= 0xc0 || r->alarm[i] == now[i]); i++)
		;
	if (i == 3)
		r->flags |= C_AF;
}

static void reference_step(struct reference *r)
{
	static const u16 periods[] = {
		0, 128, 256, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384
	};
	u32 period = periods[r->a & 15];
	bool before;

	r->cycle++;
	if (!reference_runs(r))
		return;

	r->count++;
	if (period && r->count % period == period / 2) {
		r->flags |= C_PF;
		r->periods += !!(r->b & B_PIE);
	}
	if (r->b & B_SET)
		return;

	before = r->flags & r->b & 0x70;
	if (r->count % 32768 == 16384)
		r->updating = true;
	if (r->updating && r->count % 32768 == 16384 + r->length)
		reference_update(r);
	r->rises += !before && (r->flags & r->b & 0x70);
}

static void reference_write_a(struct reference *r, u8 val)
{
	r->a = val;
	if (val >= 0x60) {
		r->count = 0;
		r->updating = false;
	}
}

static void reference_write_b(struct reference *r, u8 val)
{
	bool before = r->flags & r->b & 0x70;

	if (val & B_SET) {
		r->updating = false;
		val &= ~B_UIE;
	}
	r->b = val;
	r->rises += !before && (r->flags & r->b & 0x70);
}

/* Something that a guest may do, to both. */
static void access_both(struct kunit *test, struct reference *r, struct bench *b, u64 *seed)
{
	static const u8 dvs[] = { 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x00, 0x70, 0x30, 0x50 };
	u32 what = bench_random(seed), val = bench_random(seed);
	u8 expected;

	switch (what % 6) {
	case 0:
		val = dvs[val / 16 % ARRAY_SIZE(dvs)] | val % 16;
		bench_write(b, KT_RTC_A, val);
		reference_write_a(r, val);
		break;
	case 1:
	case 2:
		val = (val & 0x70) | B_24H | (val % 8 ? 0 : B_SET);
		bench_write(b, KT_RTC_B, val);
		reference_write_b(r, val);
		break;
	case 3:
		r->alarm[0] = ANY;
		r->alarm[1] = ANY;
		r->alarm[2] = val % 3 ? bin2bcd((r->secs + 1 + val % 4) % 60) : ANY;
		bench_set_alarm(b, r->alarm[0], r->alarm[1], r->alarm[2]);
		break;
	default:
		expected = r->flags | (r->flags & r->b & 0x70 ? C_IRQF : 0);
		KUNIT_ASSERT_EQ(test, bench_read(b, KT_RTC_C), expected);
		r->flags = 0;
		break;
	}
}

static void compare_both(struct kunit *test, const struct reference *r, struct bench *b)
{
	KUNIT_ASSERT_EQ(test, bench_edges(b), r->periods);
	KUNIT_ASSERT_EQ(test, bench_rises(b), r->rises);
	KUNIT_ASSERT_EQ(test, kt_rtc_irqf(&b->rtc, b->now), !!(r->flags & r->b & 0x70));
	KUNIT_ASSERT_EQ(test, bench_read(b, KT_RTC_A), r->a | reference_uip(r));
	KUNIT_ASSERT_EQ(test, bench_read(b, KT_RTC_B), r->b);
	KUNIT_ASSERT_EQ(test, bench_read(b, KT_RTC_SECONDS), bin2bcd(r->secs % 60));
	KUNIT_ASSERT_EQ(test, bench_read(b, KT_RTC_MINUTES), bin2bcd(r->secs / 60 % 60));
}

/* To the next access: often a long way, often to somewhere around an update. */
static u64 random_gap(const struct reference *r, u64 *seed)
{
	u32 val = bench_random(seed);
	u32 left = (16384 + 32768 - r->count % 32768) % 32768;

	if (val % 4 < 2)
		return 1 + val / 4 % 300;
	if (val % 4 == 2)
		return left + val / 4 % 80;

	return 1 + val / 4 % 60000;
}

/* Test random programs against the reference: each count, and each deadline. */
static void rtc_irq_reference(struct kunit *test)
{
	u64 seed = 1, program, n;

	for (program = 0; program < 60; program++) {
		struct reference r = { .a = 0x26, .b = B_24H };
		struct bench b;

		r.length = program % 2 ? KT_RTC_UPDATE_CYCLES : bench_random(&seed) % 66;
		bench_init_update(&b, r.length);
		for (n = 0; n < 60; n++) {
			u64 gap = random_gap(&r, &seed);
			u64 seen = r.periods + r.rises;
			u64 deadline = bench_deadline(&b);

			for (; gap; gap--) {
				reference_step(&r);
				if (r.periods + r.rises == seen)
					continue;
				/* The first that counts is what the deadline said. */
				if (deadline)
					KUNIT_ASSERT_EQ(test, deadline, bench_ns(r.cycle));
				deadline = 0;
			}
			bench_to(&b, r.cycle);
			if (deadline)
				KUNIT_ASSERT_GT(test, deadline, b.now);
			compare_both(test, &r, &b);
			access_both(test, &r, &b, &seed);
			compare_both(test, &r, &b);
		}
	}
}

static struct kunit_case rtc_irq_cases[] = {
	KUNIT_CASE(rtc_irq_flags),
	KUNIT_CASE(rtc_irq_enables),
	KUNIT_CASE(rtc_irq_update),
	KUNIT_CASE(rtc_irq_alarm),
	KUNIT_CASE(rtc_irq_order),
	KUNIT_CASE(rtc_irq_same_cycle),
	KUNIT_CASE(rtc_irq_assert_periodic),
	KUNIT_CASE(rtc_irq_reference),
	{}
};

static struct kunit_suite rtc_irq_suite = {
	.name		= "kvm_timers-rtc_irq",
	.test_cases	= rtc_irq_cases,
};

kunit_test_suite(rtc_irq_suite);

MODULE_LICENSE("GPL");
