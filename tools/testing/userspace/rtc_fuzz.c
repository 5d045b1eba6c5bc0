// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are a program of accesses, at any times. Counts never
 * decrease, a deadline is where the next one comes, one long step is as good as many
 * short ones, and time once set right stays right.
 */
#include <string.h>

#include <linux/bcd.h>

#include "fuzz.h"
#include "model.h"
#include "rtc.h"

#define MAX_OPS		400
#define MAX_STEPS	16

#define B_BINARY	0x04
#define B_24H		0x02
#define PM		0x80

struct counts {
	u64	edges;
	u64	rises;
};

static bool in_range(const struct kt_rtc *rtc, u8 val, u8 low, u8 high)
{
	if (!(rtc->b & B_BINARY)) {
		if ((val & 0xf) > 9 || val >> 4 > 9)
			return false;
		val = bcd2bin(val);
	}

	return val >= low && val <= high;
}

/* A day that no month has is the one thing which is not looked at. */
static bool is_valid(const struct kt_rtc *rtc)
{
	u8 hours = rtc->time[KT_RTC_HOURS];

	if (rtc->b & B_24H ? !in_range(rtc, hours, 0, 23) : !in_range(rtc, hours & ~PM, 1, 12))
		return false;

	return in_range(rtc, rtc->time[KT_RTC_SECONDS], 0, 59) &&
	       in_range(rtc, rtc->time[KT_RTC_MINUTES], 0, 59) &&
	       in_range(rtc, rtc->time[KT_RTC_WEEKDAY], 1, 7) &&
	       in_range(rtc, rtc->time[KT_RTC_DATE], 1, 31) &&
	       in_range(rtc, rtc->time[KT_RTC_MONTH], 1, 12) &&
	       in_range(rtc, rtc->time[KT_RTC_YEAR], 0, 99);
}

static void check_same(const struct kt_rtc *a, const struct kt_rtc *b)
{
	REQUIRE(a->cycle == b->cycle && a->origin == b->origin && a->resumed == b->resumed);
	REQUIRE(a->periods == b->periods && a->period_cycle == b->period_cycle);
	REQUIRE(a->rises == b->rises);
	REQUIRE(!memcmp(a->time, b->time, sizeof(a->time)) && a->century == b->century);
	REQUIRE(a->a == b->a && a->b == b->b && a->flags == b->flags);
}

static u64 count(const struct kt_rtc *rtc, u64 now)
{
	return kt_rtc_edges(rtc, now) + kt_rtc_rises(rtc, now);
}

static void check_rtc(const struct kt_rtc *rtc, u64 now, struct counts *seen)
{
	u64 deadline = kt_rtc_deadline(rtc, now);
	u64 edges = kt_rtc_edges(rtc, now);
	u64 rises = kt_rtc_rises(rtc, now);

	REQUIRE(edges >= seen->edges && rises >= seen->rises);
	seen->edges = edges;
	seen->rises = rises;

	REQUIRE(rtc->update_cycles <= KT_RTC_UPDATE_MAX);
	REQUIRE(!(rtc->a & 0x80) && !(rtc->flags & ~0x70));
	REQUIRE((rtc->b & 0x90) != 0x90);
	REQUIRE(kt_rtc_irqf(rtc, now) == !!(rtc->b & rtc->flags & 0x70));
	REQUIRE(kt_rtc_period(rtc) == KT_NEVER || (rtc->b & 0x40));
	REQUIRE(kt_rtc_last_edge(rtc, now) <= now);
	REQUIRE(kt_rtc_clock(rtc, now) >= -719528LL * 86400);

	if (deadline != KT_NEVER) {
		REQUIRE(deadline > now);
		REQUIRE(count(rtc, deadline - 1) == edges + rises);
		REQUIRE(count(rtc, deadline) == edges + rises + 1);
		if (kt_rtc_edges(rtc, deadline) > edges)
			REQUIRE(kt_rtc_last_edge(rtc, deadline) == deadline);
	} else {
		/* The last one may fall on KT_NEVER itself. */
		REQUIRE(count(rtc, U64_MAX - 1) == edges + rises);
	}
}

/* To @until in one step, and in some others; register D has no effect. */
static void go(struct kt_rtc *rtc, struct input *in, u64 now, u64 until)
{
	bool valid = is_valid(rtc);
	struct kt_rtc copy = *rtc;
	unsigned int steps = take(in, 1) % MAX_STEPS;

	while (steps-- && now < until) {
		u64 deadline = kt_rtc_deadline(&copy, now);

		if (steps % 2 && deadline < until)
			now = deadline;
		else
			now += (until - now) / 256 * take(in, 1);
		kt_rtc_read(&copy, KT_RTC_D, now);
	}
	kt_rtc_read(&copy, KT_RTC_D, until);
	kt_rtc_read(rtc, KT_RTC_D, until);
	check_same(rtc, &copy);
	if (valid)
		REQUIRE(is_valid(rtc));
}

static void set_clock(struct kt_rtc *rtc, struct input *in, u64 now)
{
	s64 time_s = take(in, 5) - 1000;
	u32 ns = take(in, 4);
	s64 expected = time_s;

	kt_rtc_set_clock(rtc, time_s, ns, now);
	if (expected < 0)
		expected = 0;
	if (expected > 4102444799LL)
		expected = 4102444799LL;
	REQUIRE(is_valid(rtc));
	REQUIRE(kt_rtc_clock(rtc, now) == expected);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	u64 now = take(&in, 8) >> (take(&in, 1) & 63);
	struct counts seen = {};
	struct kt_rtc rtc;
	unsigned int ops;

	kt_rtc_init(&rtc, take(&in, 1), now);
	REQUIRE(is_valid(&rtc));
	for (ops = 0; in.left && ops < MAX_OPS; ops++) {
		u8 op = take(&in, 1);
		u64 until = take_now(&in, now, op, 3);

		go(&rtc, &in, now, until);
		now = until;
		switch (op & 7) {
		case 0:
		case 1:
			kt_rtc_write(&rtc, take(&in, 1) % 16, take(&in, 1), now);
			break;
		case 2:
			kt_rtc_write(&rtc, KT_RTC_B, take(&in, 1), now);
			break;
		case 3:
			kt_rtc_read(&rtc, KT_RTC_C, now);
			break;
		case 4:
			kt_rtc_write(&rtc, take(&in, 1), take(&in, 1), now);
			kt_rtc_read(&rtc, take(&in, 1), now);
			break;
		case 5:
			set_clock(&rtc, &in, now);
			break;
		case 6:
			/* Time in the past of what the device has seen must be harmless. */
			kt_rtc_write(&rtc, KT_RTC_A, take(&in, 1), take(&in, 8) % (now | 1));
			break;
		default:
			if (take(&in, 1) & 1)
				kt_rtc_reset(&rtc, now);
			else
				kt_rtc_assert_periodic(&rtc, now);
			break;
		}
		check_rtc(&rtc, now, &seen);
	}

	return 0;
}
