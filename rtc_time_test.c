// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MC146818A's calendar and alarm, and its clock as seen from outside.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "rtc_test.h"

#define DAY_S	86400

/* R5: seconds at 30, all else any: one AF per minute. */
static void rtc_time_r5(struct kunit *test)
{
	struct bench b;
	u64 n;

	bench_init(&b);
	bench_write(&b, KT_RTC_A, 0x20);
	bench_set_alarm(&b, 0xc0, 0xff, 0x30);
	bench_write(&b, KT_RTC_B, B_24H | B_AIE);
	for (n = 0; n < 100; n++) {
		b.now = bench_deadline(&b);
		KUNIT_ASSERT_EQ(test, b.now, bench_ns((n * 60 + 29) * SECOND_CYCLES + FIRST_END));
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_SECONDS), 0x30);
		KUNIT_ASSERT_EQ(test, bench_rises(&b), n + 1);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_C), 0xb0);
	}
}

/* R6: the end of a year, in 12 hours. */
static void rtc_time_r6(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, 0);
	bench_set_time(&b, 0x91, 0x59, 0x59);
	bench_set_date(&b, 0x20, 0x23, 0x12, 0x31);
	bench_to_update(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x120000);
	KUNIT_EXPECT_EQ(test, bench_date(&b), 0x20240101);
}

struct carry {
	u8	b;
	u32	date;
	u32	time;
	u32	next_date;
	u32	next_time;
};

static const struct carry carries[] = {
	{ B_24H,		0x20230531, 0x000009, 0x20230531, 0x000010 },
	{ B_24H,		0x20230531, 0x095959, 0x20230531, 0x100000 },
	{ B_24H,		0x20230531, 0x195959, 0x20230531, 0x200000 },
	{ B_24H,		0x20230531, 0x235959, 0x20230601, 0x000000 },
	{ B_24H,		0x20230430, 0x235959, 0x20230501, 0x000000 },
	{ B_24H,		0x20230109, 0x235959, 0x20230110, 0x000000 },
	{ B_24H,		0x20230930, 0x235959, 0x20231001, 0x000000 },
	{ B_24H,		0x20230228, 0x235959, 0x20230301, 0x000000 },
	{ B_24H,		0x20240228, 0x235959, 0x20240229, 0x000000 },
	{ B_24H,		0x20240229, 0x235959, 0x20240301, 0x000000 },
	{ B_24H,		0x20000228, 0x235959, 0x20000229, 0x000000 },
	{ B_24H,		0x21000228, 0x235959, 0x21000229, 0x000000 },
	{ B_24H,		0x19981231, 0x235959, 0x19990101, 0x000000 },
	{ B_24H,		0x19991231, 0x235959, 0x20000101, 0x000000 },
	{ B_24H,		0x20991231, 0x235959, 0x21000101, 0x000000 },
	{ B_24H,		0x99991231, 0x235959, 0x00000101, 0x000000 },
	/* Nonsense, taken for the nearest that makes sense when it is needed. */
	{ B_24H,		0x20230531, 0x00000f, 0x20230531, 0x000016 },
	{ B_24H,		0x20230531, 0x306079, 0x20230601, 0x000000 },
	{ B_24H,		0x20230230, 0x235959, 0x20230301, 0x000000 },
	{ B_24H,		0x20230000, 0x235959, 0x20230102, 0x000000 },
	{ B_24H,		0x20231399, 0x235959, 0x20240101, 0x000000 },
	{ B_24H,		0x20ff1231, 0x235959, 0x21000101, 0x000000 },
	{ B_24H,		0xff981231, 0x235959, 0xff990101, 0x000000 },
	{ B_24H,		0xff991231, 0x235959, 0x00000101, 0x000000 },
	/* Daylight saving is not modelled. */
	{ B_24H | B_DSE,	0x20230430, 0x015959, 0x20230430, 0x020000 },
	{ 0,			0x20230531, 0x125959, 0x20230531, 0x010000 },
	{ 0,			0x20230531, 0x095959, 0x20230531, 0x100000 },
	{ 0,			0x20230531, 0x115959, 0x20230531, 0x920000 },
	{ 0,			0x20230531, 0x925959, 0x20230531, 0x810000 },
	{ 0,			0x20230531, 0x895959, 0x20230531, 0x900000 },
	{ 0,			0x20230531, 0x915959, 0x20230601, 0x120000 },
	{ B_24H | B_BINARY,	0x1417051f, 0x000009, 0x1417051f, 0x00000a },
	{ B_24H | B_BINARY,	0x1417051f, 0x093b3b, 0x1417051f, 0x0a0000 },
	{ B_24H | B_BINARY,	0x1417051f, 0x173b3b, 0x14170601, 0x000000 },
	{ B_24H | B_BINARY,	0x1418021c, 0x173b3b, 0x1418021d, 0x000000 },
	{ B_24H | B_BINARY,	0x13630c1f, 0x173b3b, 0x14000101, 0x000000 },
	{ B_24H | B_BINARY,	0xff630c1f, 0x173b3b, 0x00000101, 0x000000 },
	{ B_BINARY,		0x1417051f, 0x0b3b3b, 0x1417051f, 0x8c0000 },
	{ B_BINARY,		0x1417051f, 0x8c3b3b, 0x1417051f, 0x810000 },
	{ B_BINARY,		0x1417051f, 0x8b3b3b, 0x14170601, 0x0c0000 },
	{ B_BINARY,		0x1417051f, 0x0c3b3b, 0x1417051f, 0x010000 },
};

/* Test each carry, in each format. */
static void rtc_time_carry(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(carries); i++) {
		const struct carry *c = &carries[i];
		bool new_day = c->date != c->next_date;
		struct bench b;

		bench_init(&b);
		bench_write(&b, KT_RTC_B, c->b);
		bench_set_time(&b, c->time >> 16, c->time >> 8, c->time);
		bench_set_date(&b, c->date >> 24, c->date >> 16, c->date >> 8, c->date);
		bench_write(&b, KT_RTC_WEEKDAY, 3);
		bench_to(&b, FIRST_END - 1);
		KUNIT_EXPECT_EQ(test, bench_time(&b), c->time);
		bench_to(&b, FIRST_END);
		KUNIT_EXPECT_EQ_MSG(test, bench_time(&b), c->next_time, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, bench_date(&b), c->next_date, "case %u", i);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_WEEKDAY), new_day ? 4 : 3);
	}
}

/* Test that the day of the week is a counter to 7, whatever the date. */
static void rtc_time_weekday(struct kunit *test)
{
	struct bench b;
	u64 day;

	bench_init(&b);
	bench_write(&b, KT_RTC_WEEKDAY, 5);
	for (day = 1; day < 100; day++) {
		bench_to_update(&b, day * DAY_S - 1);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_WEEKDAY), (4 + day - 1) % 7 + 1);
		bench_to_update(&b, day * DAY_S);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_WEEKDAY), (4 + day) % 7 + 1);
	}
}

/* Test that a change of the format converts nothing, and that the next update uses it. */
static void rtc_time_format_change(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_set_time(&b, 0x23, 0x09, 0x10);
	bench_set_date(&b, 0x20, 0x99, 0x14, 0x31);
	bench_write(&b, KT_RTC_B, B_BINARY | B_24H);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x230910);
	bench_write(&b, KT_RTC_HOURS, 0x17);
	bench_write(&b, KT_RTC_B, B_BINARY);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x170910);
	bench_write(&b, KT_RTC_HOURS, 0x8b);
	bench_to_update(&b, 1);
	KUNIT_EXPECT_EQ(test, bench_time(&b), 0x8b0911);
	/* Nor does an update touch a date that stays. */
	KUNIT_EXPECT_EQ(test, bench_date(&b), 0x20991431);
}

/* Bit 7 of the hours is apart in 12 hours. */
static void expect_sense(struct kunit *test, struct bench *b)
{
	static const u8 lows[] = { 0, 0, 0, 0, 0, 0, 1, 1, 1, 0 };
	static const u8 highs[] = { 59, 0, 59, 0, 23, 0, 7, 31, 12, 99 };
	u8 format = bench_read(b, KT_RTC_B);
	unsigned int i;

	for (i = 0; i < KT_RTC_NR_TIME; i++) {
		bool half = i == KT_RTC_HOURS && !(format & B_24H);
		u8 val = bench_read(b, i);

		if (i == KT_RTC_SECONDS_ALARM || i == KT_RTC_MINUTES_ALARM ||
		    i == KT_RTC_HOURS_ALARM)
			continue;
		if (half)
			val &= 0x7f;
		if (!(format & B_BINARY)) {
			KUNIT_ASSERT_LE(test, val & 0xf, 9);
			val = bcd2bin(val);
		}
		KUNIT_ASSERT_GE(test, val, half ? 1 : lows[i]);
		KUNIT_ASSERT_LE(test, val, half ? 12 : highs[i]);
	}
}

/* Test that any bytes stay as they are without an update, and make sense after one. */
static void rtc_time_nonsense(struct kunit *test)
{
	static const u8 formats[] = { 0, B_24H, B_BINARY, B_BINARY | B_24H };
	u64 seed = 3;
	u32 i, n;

	for (n = 0; n < 20000; n++) {
		u8 written[KT_RTC_NR_TIME];
		struct bench b, once;
		s64 clock;

		bench_init(&b);
		bench_write(&b, KT_RTC_B, formats[n % 4]);
		bench_write(&b, KT_RTC_CENTURY, bench_random(&seed));
		for (i = 0; i < KT_RTC_NR_TIME; i++) {
			written[i] = bench_random(&seed) & (i ? 0xff : 0x7f);
			bench_write(&b, i, written[i]);
		}
		bench_to(&b, FIRST_END - 1);
		for (i = 0; i < KT_RTC_NR_TIME; i++)
			KUNIT_ASSERT_EQ(test, bench_read(&b, i), written[i]);
		clock = kt_rtc_clock(&b.rtc, b.now);
		once = b;
		bench_to_update(&b, 1);
		/* The date may be set right, but by whole days. */
		clock = kt_rtc_clock(&b.rtc, b.now) - clock;
		KUNIT_ASSERT_EQ(test, (clock - 1) % DAY_S, 0);
		/* A year in two steps, and in one. */
		bench_to_update(&b, 180 * DAY_S);
		bench_to_update(&b, 365 * DAY_S);
		bench_to_update(&once, 365 * DAY_S);
		KUNIT_ASSERT_EQ(test, bench_time(&b), bench_time(&once));
		KUNIT_ASSERT_EQ(test, bench_date(&b), bench_date(&once));
		expect_sense(test, &b);
	}
}

struct day {
	u32	century;
	u32	year;
	u32	month;
	u32	date;
	u32	weekday;
};

/* The next day, by the chip's calendar and naively. */
static void next_day(struct day *d)
{
	static const u8 lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	d->weekday = d->weekday == 7 ? 1 : d->weekday + 1;
	if (d->date++ < lengths[d->month - 1] + (d->month == 2 && d->year % 4 == 0))
		return;
	d->date = 1;
	if (d->month++ < 12)
		return;
	d->month = 1;
	if (d->year++ < 99)
		return;
	d->year = 0;
	d->century++;
}

/* Test each day of two centuries: in steps of a day, and all in one step. */
static void rtc_time_centuries(struct kunit *test)
{
	struct day d = { .century = 20, .month = 1, .date = 1, .weekday = 7 };
	struct bench b, jump;
	u64 n;

	bench_init(&b);
	for (n = 1; n <= 2 * 36525; n++) {
		u32 expected;

		next_day(&d);
		expected = (u32)bin2bcd(d.century) << 24 | bin2bcd(d.year) << 16 |
			   bin2bcd(d.month) << 8 | bin2bcd(d.date);
		bench_to_update(&b, n * DAY_S);
		KUNIT_ASSERT_EQ(test, bench_time(&b), 0);
		KUNIT_ASSERT_EQ(test, bench_date(&b), expected);
		KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_WEEKDAY), d.weekday);
		bench_init(&jump);
		bench_to_update(&jump, n * DAY_S);
		KUNIT_ASSERT_EQ(test, bench_date(&jump), expected);
		KUNIT_ASSERT_EQ(test, bench_read(&jump, KT_RTC_WEEKDAY), d.weekday);
	}
	KUNIT_EXPECT_EQ(test, bench_date(&b), 0x22000101);
}

/* Test that a year and four, mostly second by second, and in one step, end up the same. */
static void rtc_time_jump(struct kunit *test)
{
	static const u32 years[] = { 365, 1461 };
	static const u8 formats[] = { 0, B_24H | B_BINARY };
	unsigned int i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(years); i++) {
		struct bench step, jump;

		bench_init(&step);
		bench_write(&step, KT_RTC_B, formats[i] | B_PIE | B_AIE);
		bench_write(&step, KT_RTC_HOURS, formats[i] ? 23 : 0x91);
		bench_set_alarm(&step, formats[i] ? 6 : 0x06, ANY, 0);
		bench_set_date(&step, formats[i] ? 19 : 0x19, formats[i] ? 98 : 0x98, 7, 9);
		jump = step;
		for (n = 1; n <= years[i] * DAY_S; n += n % 500 ? 1 : 43210) {
			bench_to_update(&step, n);
			bench_read(&step, KT_RTC_SECONDS);
		}
		bench_to_update(&step, years[i] * DAY_S);
		bench_to_update(&jump, years[i] * DAY_S);
		KUNIT_EXPECT_EQ(test, bench_edges(&jump), bench_edges(&step));
		KUNIT_EXPECT_EQ(test, bench_rises(&jump), bench_rises(&step));
		KUNIT_EXPECT_EQ(test, bench_time(&jump), bench_time(&step));
		KUNIT_EXPECT_EQ(test, bench_date(&jump), bench_date(&step));
		KUNIT_EXPECT_EQ(test, bench_read(&jump, KT_RTC_WEEKDAY),
				bench_read(&step, KT_RTC_WEEKDAY));
		KUNIT_EXPECT_EQ(test, bench_read(&jump, KT_RTC_C), bench_read(&step, KT_RTC_C));
		KUNIT_EXPECT_EQ(test, bench_read(&jump, KT_RTC_C), 0);
	}
}

struct alarm_case {
	u8	b;
	u8	hours;
	u8	minutes;
	u8	seconds;
	/* Matches per day. */
	u32	matches;
};

static const struct alarm_case alarms[] = {
	{ B_24H,		ANY,	ANY,	ANY,	86400 },
	{ B_24H,		ANY,	ANY,	0x00,	1440 },
	{ B_24H,		ANY,	ANY,	0x59,	1440 },
	{ B_24H,		ANY,	0x00,	0x00,	24 },
	{ B_24H,		0xc0,	0x59,	0x59,	24 },
	{ B_24H,		0x00,	0x00,	0x00,	1 },
	{ B_24H,		0x23,	0x59,	0x59,	1 },
	{ B_24H,		0x09,	0x10,	0x20,	1 },
	{ B_24H,		0x09,	ANY,	ANY,	3600 },
	{ B_24H,		ANY,	0x30,	ANY,	1440 },
	{ B_24H,		0x19,	ANY,	0x07,	60 },
	{ B_24H,		0x19,	0x15,	ANY,	60 },
	{ B_24H,		0x24,	ANY,	ANY,	0 },
	{ B_24H,		0x0a,	ANY,	ANY,	0 },
	{ B_24H,		0xbf,	ANY,	ANY,	0 },
	{ B_24H,		ANY,	0x60,	ANY,	0 },
	{ B_24H,		ANY,	ANY,	0x80,	0 },
	{ B_24H,		ANY,	ANY,	0x1f,	0 },
	{ 0,			0x12,	0x00,	0x00,	1 },
	{ 0,			0x92,	0x00,	0x00,	1 },
	{ 0,			0x91,	ANY,	0x00,	60 },
	{ 0,			0x00,	0x00,	0x00,	0 },
	{ 0,			0x13,	0x00,	0x00,	0 },
	{ 0,			0x80,	0x00,	0x00,	0 },
	{ B_24H | B_BINARY,	0x17,	0x3b,	0x3b,	1 },
	{ B_24H | B_BINARY,	0x18,	ANY,	ANY,	0 },
	{ B_24H | B_BINARY,	ANY,	0x3c,	ANY,	0 },
	{ B_BINARY,		0x0c,	0x00,	0x00,	1 },
	{ B_BINARY,		0x8c,	0x1e,	ANY,	60 },
	{ B_BINARY,		0x0d,	ANY,	ANY,	0 },
};

static bool matches(struct bench *b)
{
	unsigned int i;

	for (i = KT_RTC_SECONDS; i <= KT_RTC_HOURS; i += 2) {
		u8 alarm = bench_read(b, i + 1);

		if (alarm < 0xc0 && alarm != bench_read(b, i))
			return false;
	}

	return true;
}

/* Test a day of each alarm: AF when the bytes match, and each match foretold. */
static void rtc_time_alarm(struct kunit *test)
{
	unsigned int i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(alarms); i++) {
		const struct alarm_case *a = &alarms[i];
		u64 deadline = 0;
		struct bench b;
		u32 found = 0;

		bench_init(&b);
		bench_write(&b, KT_RTC_A, 0x20);
		bench_set_alarm(&b, a->hours, a->minutes, a->seconds);
		bench_write(&b, KT_RTC_B, a->b | B_AIE);
		for (n = 1; n <= DAY_S; n++) {
			bool match;

			if (!deadline)
				deadline = bench_deadline(&b);
			bench_to_update(&b, n);
			match = matches(&b);
			KUNIT_ASSERT_EQ(test, deadline == b.now, match);
			KUNIT_ASSERT_EQ(test, bench_read(&b, KT_RTC_C), match ? 0xb0 : 0x10);
			if (match)
				deadline = 0;
			found += match;
		}
		KUNIT_EXPECT_EQ_MSG(test, found, a->matches, "case %u", i);
	}
}

/* Test that a gap has an alarm if one of its updates had, also if many had. */
static void rtc_time_alarm_gap(struct kunit *test)
{
	static const u32 gaps[] = { 1, 2, 59, 60, 3599, 3600, 3601, 86399, 86400, 86401, 31536000 };
	u32 wait;
	int i;

	for (i = 0; i < ARRAY_SIZE(gaps); i++) {
		for (wait = 1; wait <= 2 * 3600; wait += 7) {
			u32 at = (0x10 * 3600 + wait) % DAY_S;
			struct bench b;

			bench_init(&b);
			bench_write(&b, KT_RTC_B, B_24H | B_BINARY);
			bench_write(&b, KT_RTC_HOURS, 0x10);
			bench_set_alarm(&b, at / 3600, at / 60 % 60, at % 60);
			bench_to_update(&b, gaps[i]);
			KUNIT_ASSERT_EQ(test, !!(bench_read(&b, KT_RTC_C) & C_AF),
					wait <= gaps[i]);
		}
	}
}

struct moment {
	s64	time_s;
	u32	date;
	u32	time;
	u8	weekday;
};

static const struct moment moments[] = {
	{ -1,			0x19700101, 0x000000, 5 },
	{ S64_MIN,		0x19700101, 0x000000, 5 },
	{ 0,			0x19700101, 0x000000, 5 },
	{ 86399,		0x19700101, 0x235959, 5 },
	{ 68169600,		0x19720229, 0x000000, 3 },
	{ 946684799,		0x19991231, 0x235959, 6 },
	{ 946684800,		0x20000101, 0x000000, 7 },
	{ 951782400,		0x20000229, 0x000000, 3 },
	{ 1234567890,		0x20090213, 0x233130, 6 },
	{ 1709251199,		0x20240229, 0x235959, 5 },
	{ 2147483648LL,		0x20380119, 0x031408, 3 },
	{ 4102444799LL,		0x20991231, 0x235959, 5 },
	{ 4102444800LL,		0x20991231, 0x235959, 5 },
	{ S64_MAX,		0x20991231, 0x235959, 5 },
};

/* Test known moments, set and read back. */
static void rtc_time_set_clock(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(moments); i++) {
		const struct moment *m = &moments[i];
		struct bench b;

		bench_init(&b);
		bench_to_update(&b, 3);
		bench_set_alarm(&b, 0x01, 0x02, 0x03);
		kt_rtc_set_clock(&b.rtc, m->time_s, 0, b.now);
		KUNIT_EXPECT_EQ(test, bench_date(&b), m->date);
		KUNIT_EXPECT_EQ(test, bench_time(&b), m->time);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_WEEKDAY), m->weekday);
		KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now),
				clamp_t(s64, m->time_s, 0, 4102444799LL));
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_HOURS_ALARM), 0x01);
		KUNIT_EXPECT_EQ(test, bench_read(&b, KT_RTC_C), C_PF | C_UF);
	}

	/* 13:05:06, as other formats have it. */
	for (i = 0; i < 4; i++) {
		static const u32 times[] = { 0x810506, 0x130506, 0x810506, 0x0d0506 };
		static const u32 dates[] = { 0x20091015, 0x20091015, 0x14090a0f, 0x14090a0f };
		struct bench b;

		bench_init(&b);
		bench_write(&b, KT_RTC_B, i << 1);
		kt_rtc_set_clock(&b.rtc, 1255611906, 5, b.now);
		KUNIT_EXPECT_EQ(test, bench_time(&b), times[i]);
		KUNIT_EXPECT_EQ(test, bench_date(&b), dates[i]);
		KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now), 1255611906);
	}
}

/* Test that the next update ends where the nanoseconds wrap, to within a cycle. */
static void rtc_time_set_clock_phase(struct kunit *test)
{
	const u64 cycle_ns = KT_RTC_CYCLE_DIV / KT_RTC_CYCLE_MUL + 1;
	static const u32 lengths[] = { 0, 1, 64, 65 };
	u64 seed = 5;
	u32 n;

	for (n = 0; n < 10000; n++) {
		u32 ns = bench_random(&seed) % NSEC_PER_SEC;
		struct bench b;
		u64 wrap, end;

		if (n < 8)
			ns = n % 2 ? 0 : NSEC_PER_SEC - 1;
		else if (n % 2)
			ns = NSEC_PER_SEC - 1 - ns % 3000000;
		bench_init_update(&b, lengths[n / 2 % 4]);
		b.now += bench_random(&seed);
		kt_rtc_set_clock(&b.rtc, 1000000000, ns, b.now);
		wrap = b.now + NSEC_PER_SEC - ns;
		bench_write(&b, KT_RTC_A, 0x20);
		bench_read(&b, KT_RTC_C);
		bench_write(&b, KT_RTC_B, B_24H | B_UIE);
		end = bench_deadline(&b);
		KUNIT_ASSERT_LE(test, end, wrap + cycle_ns);
		KUNIT_ASSERT_GE(test, end + cycle_ns, wrap);
		KUNIT_ASSERT_EQ(test, kt_rtc_clock(&b.rtc, end - 1), 1000000000);
		KUNIT_ASSERT_EQ(test, kt_rtc_clock(&b.rtc, end), 1000000001);
	}

	/* A whole second or more of ns is all but a second. */
	for (n = 0; n < 2; n++) {
		struct bench b;

		bench_init(&b);
		kt_rtc_set_clock(&b.rtc, 7, n ? U32_MAX : NSEC_PER_SEC, b.now);
		b.now += cycle_ns;
		KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now), 8);
	}
}

/* Test that the clock can be set while updates are off: it begins with them. */
static void rtc_time_set_clock_held(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_SET);
	kt_rtc_set_clock(&b.rtc, 100, 0, b.now);
	b.now += 10 * NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now), 100);
	bench_write(&b, KT_RTC_B, B_24H);
	b.now += 10 * NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now), 110);

	bench_init(&b);
	bench_write(&b, KT_RTC_A, 0x76);
	kt_rtc_set_clock(&b.rtc, 100, NSEC_PER_SEC / 4, b.now);
	bench_to(&b, SECOND_CYCLES);
	bench_write(&b, KT_RTC_A, 0x26);
	bench_to(&b, SECOND_CYCLES + FIRST_END - 1);
	KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now), 100);
	bench_to(&b, SECOND_CYCLES + FIRST_END);
	KUNIT_EXPECT_EQ(test, kt_rtc_clock(&b.rtc, b.now), 101);
}

/* Test the clock by each day of the Gregorian calendar from year 0 to 9999. */
static void rtc_time_clock(struct kunit *test)
{
	struct day d = { .month = 1, .date = 1, .weekday = 1 };
	struct bench b;
	s64 day = -719528;

	bench_init(&b);
	bench_write(&b, KT_RTC_B, B_24H | B_SET);
	bench_set_time(&b, 0x01, 0x02, 0x03);
	for (; d.century < 100; next_day(&d)) {
		/* A leap day of the chip's own. */
		if (d.century % 4 && !d.year && d.month == 2 && d.date == 29)
			continue;
		bench_set_date(&b, bin2bcd(d.century), bin2bcd(d.year), bin2bcd(d.month),
			       bin2bcd(d.date));
		KUNIT_ASSERT_EQ(test, kt_rtc_clock(&b.rtc, b.now), day * DAY_S + 3723);
		day++;
	}
	KUNIT_EXPECT_EQ(test, day * DAY_S, 253402300800LL);
}

static struct kunit_case rtc_time_cases[] = {
	KUNIT_CASE(rtc_time_r5),
	KUNIT_CASE(rtc_time_r6),
	KUNIT_CASE(rtc_time_carry),
	KUNIT_CASE(rtc_time_weekday),
	KUNIT_CASE(rtc_time_format_change),
	KUNIT_CASE(rtc_time_nonsense),
	KUNIT_CASE(rtc_time_centuries),
	KUNIT_CASE(rtc_time_jump),
	KUNIT_CASE(rtc_time_alarm),
	KUNIT_CASE(rtc_time_alarm_gap),
	KUNIT_CASE(rtc_time_set_clock),
	KUNIT_CASE(rtc_time_set_clock_phase),
	KUNIT_CASE(rtc_time_set_clock_held),
	KUNIT_CASE(rtc_time_clock),
	{}
};

static struct kunit_suite rtc_time_suite = {
	.name		= "kvm_timers-rtc_time",
	.test_cases	= rtc_time_cases,
};

kunit_test_suite(rtc_time_suite);

MODULE_LICENSE("GPL");
