// SPDX-License-Identifier: GPL-2.0-only
/*
 * Motorola MC146818A real-time clock as PCs have it, as a pure model.
 *
 * Time inside is an integer number of cycles of 32768 Hz, so nothing is ever
 * rounded twice: cycle k comes at ceil(k * 1953125 / 64) ns of guest time. All is
 * brought up to date when somebody looks at it, in one step whatever the gap: the
 * divider says how many updates and periodic edges there have been. This file is
 * the divider and the registers; rtc_calendar.c is what the time bytes mean.
 *
 * Time that goes backwards is no time at all.
 *
 * Where the datasheet leaves the behaviour open: the time bytes read as before
 * during an update. The test settings of the divider (DV 011 and 10x) stop it where
 * it is, an update in progress included, and UIP reads 0 as long. The 4 MHz and
 * 1 MHz time bases run as the 32 kHz one.
 *
 * Not modelled: daylight saving (DSE is kept, without effect), the square wave pin,
 * the RAM.
 */
#include <linux/minmax.h>
#include <linux/time64.h>

#include "model.h"
#include "rtc.h"
#include "rtc_calendar.h"

#define A_UIP			0x80
#define A_DV_SHIFT		4
#define A_DV_MASK		0x7
#define A_RS_MASK		0xf

/* Settings of the divider up to this one run; these bits hold it in reset. */
#define DV_32KHZ		2
#define DV_RESET		6

#define B_SET			0x80
#define B_PIE			0x40
#define B_AIE			0x20
#define B_UIE			0x10
#define B_SQWE			0x08

/* In register C. The flags are where register B has their enables. */
#define C_IRQF			0x80
#define C_PF			B_PIE
#define C_AF			B_AIE
#define C_UF			B_UIE
#define C_FLAGS			(C_PF | C_AF | C_UF)

#define D_VRT			0x80

#define POWER_ON_A		0x26
#define POWER_ON_B		KT_RTC_CALENDAR_24H
#define POWER_ON_CENTURY	0x20

#define NO_BYTE			0xff
#define SECONDS_WRITABLE	0x7f

/* The divider counts cycles: an update begins in the middle of each of its seconds. */
#define SECOND_SHIFT		15
#define SECOND			(1ULL << SECOND_SHIFT)
#define UPDATE_BEGIN		(SECOND / 2)
#define UIP_LEAD		8

static bool is_running(const struct kt_rtc *rtc)
{
	return ((rtc->a >> A_DV_SHIFT) & A_DV_MASK) <= DV_32KHZ;
}

static bool is_reset(const struct kt_rtc *rtc)
{
	return ((rtc->a >> A_DV_SHIFT) & DV_RESET) == DV_RESET;
}

static bool irqf(const struct kt_rtc *rtc)
{
	return rtc->b & rtc->flags & C_FLAGS;
}

static u64 divider(const struct kt_rtc *rtc)
{
	return rtc->cycle - rtc->origin;
}

static u64 cycle_at(u64 now)
{
	return kt_model_scale(now, KT_RTC_CYCLE_MUL, KT_RTC_CYCLE_DIV);
}

static u64 cycle_ns(u64 cycle)
{
	return kt_model_scale_up(cycle, KT_RTC_CYCLE_DIV, KT_RTC_CYCLE_MUL);
}

/* Return: binary logarithm of the periodic interrupt's period in cycles, 0 if it has none. */
static unsigned int period_shift(const struct kt_rtc *rtc)
{
	unsigned int rs = rtc->a & A_RS_MASK;

	if (!rs)
		return 0;

	return rs < 3 ? rs + 6 : rs - 1;
}

/* Return: periodic edges until the divider has come to @count; the period is not 0. */
static u64 periods_until(const struct kt_rtc *rtc, u64 count)
{
	unsigned int shift = period_shift(rtc);

	return (count + (1ULL << (shift - 1))) >> shift;
}

/* Return: what the divider counts to at periodic edge @n, from 1. */
static u64 period_end(const struct kt_rtc *rtc, u64 n)
{
	unsigned int shift = period_shift(rtc);

	return (n << shift) - (1ULL << (shift - 1));
}

/* Return: updates which have begun until the divider has come to @count. */
static u64 updates_begun(u64 count)
{
	return (count + SECOND - UPDATE_BEGIN) >> SECOND_SHIFT;
}

/* Return: updates which are over then, be it because they were aborted. */
static u64 updates_until(const struct kt_rtc *rtc, u64 count)
{
	u64 ended = (count + SECOND - UPDATE_BEGIN - rtc->update_cycles) >> SECOND_SHIFT;

	return max(ended, updates_begun(rtc->resumed));
}

/* Return: what the divider counts to at the end of update @n, from 1. */
static u64 update_end(const struct kt_rtc *rtc, u64 n)
{
	return (n - 1) * SECOND + UPDATE_BEGIN + rtc->update_cycles;
}

static bool uip(const struct kt_rtc *rtc)
{
	u64 count = divider(rtc);

	if (!is_running(rtc) || (rtc->b & B_SET))
		return false;

	return updates_begun(count + UIP_LEAD) > updates_until(rtc, count);
}

/* Return: what the divider counts to at the next periodic edge that interrupts. */
static u64 next_period(const struct kt_rtc *rtc)
{
	if (!is_running(rtc) || !period_shift(rtc) || !(rtc->b & B_PIE))
		return KT_NEVER;

	return period_end(rtc, periods_until(rtc, divider(rtc)) + 1);
}

/* Return: what it counts to when an update raises IRQF, if no periodic edge does before. */
static u64 next_rise(const struct kt_rtc *rtc)
{
	u64 wait = KT_NEVER;

	if (!is_running(rtc) || (rtc->b & B_SET) || irqf(rtc))
		return KT_NEVER;

	if (rtc->b & B_UIE)
		wait = 1;
	else if (rtc->b & B_AIE)
		wait = kt_rtc_calendar_alarm_wait(rtc);
	if (wait == KT_NEVER)
		return KT_NEVER;

	return update_end(rtc, updates_until(rtc, divider(rtc)) + wait);
}

static void advance_periods(struct kt_rtc *rtc, u64 from, u64 to)
{
	u64 newest, edges;

	if (!period_shift(rtc))
		return;

	newest = periods_until(rtc, to);
	edges = newest - periods_until(rtc, from);
	if (!edges)
		return;

	rtc->flags |= C_PF;
	if (rtc->b & B_PIE) {
		rtc->periods += edges;
		rtc->period_cycle = rtc->origin + period_end(rtc, newest);
	}
}

static void advance_time(struct kt_rtc *rtc, u64 from, u64 to)
{
	u64 secs = updates_until(rtc, to) - updates_until(rtc, from);

	if ((rtc->b & B_SET) || !secs)
		return;

	rtc->flags |= C_UF;
	if (kt_rtc_calendar_alarm_wait(rtc) <= secs)
		rtc->flags |= C_AF;
	kt_rtc_calendar_add(rtc, secs);
}

static void advance(struct kt_rtc *rtc, u64 now)
{
	u64 cycle = cycle_at(now);
	u64 from = divider(rtc);
	u64 rise, to;

	if (cycle <= rtc->cycle)
		return;

	if (!is_running(rtc)) {
		rtc->origin = cycle - from;
		rtc->cycle = cycle;
		return;
	}

	/* At the same cycle the periodic edge comes first. */
	to = cycle - rtc->origin;
	rise = next_rise(rtc);
	if (rise <= to && rise < next_period(rtc))
		rtc->rises++;

	advance_periods(rtc, from, to);
	advance_time(rtc, from, to);
	rtc->cycle = cycle;
}

static void set_divider(struct kt_rtc *rtc, u64 count)
{
	rtc->origin = rtc->cycle - count;
	rtc->resumed = 0;
}

static void write_a(struct kt_rtc *rtc, u8 val)
{
	rtc->a = val & ~A_UIP;
	if (is_reset(rtc))
		set_divider(rtc, 0);
}

static void write_b(struct kt_rtc *rtc, u8 val)
{
	bool asserted = irqf(rtc);

	if (val & B_SET)
		val &= ~B_UIE;
	else if (rtc->b & B_SET)
		rtc->resumed = divider(rtc);

	rtc->b = val;
	if (!asserted && irqf(rtc))
		rtc->rises++;
}

static u8 read_c(struct kt_rtc *rtc)
{
	u8 val = rtc->flags | (irqf(rtc) ? C_IRQF : 0);

	rtc->flags = 0;

	return val;
}

/**
 * kt_rtc_init() - power-on state
 * @rtc:	device
 * @update_cycles: length of an update in cycles; more than KT_RTC_UPDATE_MAX is that
 * @now:	guest time, ns
 *
 * Saturday, 2000-01-01 00:00:00, in BCD and 24 hours, and the registers as firmware
 * leaves them. The first update begins 500 ms later.
 *
 * Context: Any.
 */
void kt_rtc_init(struct kt_rtc *rtc, u32 update_cycles, u64 now)
{
	*rtc = (struct kt_rtc) {
		.cycle		= cycle_at(now),
		.origin		= cycle_at(now),
		.update_cycles	= min_t(u32, update_cycles, KT_RTC_UPDATE_MAX),
		.time		= {
			[KT_RTC_WEEKDAY]	= 7,
			[KT_RTC_DATE]		= 1,
			[KT_RTC_MONTH]		= 1,
		},
		.century	= POWER_ON_CENTURY,
		.a		= POWER_ON_A,
		.b		= POWER_ON_B,
	};
}

/**
 * kt_rtc_reset() - the RESET pin
 * @rtc:	device
 * @now:	guest time, ns
 *
 * No interrupt is enabled and no flag set; the time, the divider and the formats
 * stay.
 *
 * Context: Any.
 */
void kt_rtc_reset(struct kt_rtc *rtc, u64 now)
{
	advance(rtc, now);
	rtc->b &= ~(B_PIE | B_AIE | B_UIE | B_SQWE);
	rtc->flags = 0;
}

/**
 * kt_rtc_set_clock() - set date and time from outside
 * @rtc:	device
 * @time_s:	seconds since 1970-01-01 00:00:00; taken as the nearest before 2100
 * @ns:		of the second that runs, below 1000000000
 * @now:	guest time, ns
 *
 * The bytes are written in the format that register B says, SET or not. The
 * divider is set such that the next update ends when @ns wraps, to within one
 * cycle; unless it is held in reset, where it stays 0. Alarm and flags stay.
 *
 * Context: Any.
 */
void kt_rtc_set_clock(struct kt_rtc *rtc, s64 time_s, u32 ns, u64 now)
{
	u32 left_ns = NSEC_PER_SEC - min_t(u32, ns, NSEC_PER_SEC - 1);
	u64 left = kt_model_scale_up(left_ns, KT_RTC_CYCLE_MUL, KT_RTC_CYCLE_DIV);

	advance(rtc, now);
	kt_rtc_calendar_set(rtc, time_s);
	if (!is_reset(rtc))
		set_divider(rtc, (update_end(rtc, 1) - left) % SECOND);
}

/**
 * kt_rtc_clock() - date and time for the outside
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: seconds from 1970-01-01 00:00:00 to what the bytes show, by the Gregorian
 * calendar and in the format that register B says. A byte with a nonsensical value
 * counts as the nearest sensible one.
 */
s64 kt_rtc_clock(const struct kt_rtc *rtc, u64 now)
{
	struct kt_rtc copy = *rtc;

	advance(&copy, now);

	return kt_rtc_calendar_get(&copy);
}

/**
 * kt_rtc_write() - the guest writes a byte
 * @rtc:	device
 * @index:	which, enum kt_rtc_index; nothing happens for one that is not the RTC's
 * @val:	byte
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_rtc_write(struct kt_rtc *rtc, u8 index, u8 val, u64 now)
{
	advance(rtc, now);
	switch (index) {
	case KT_RTC_SECONDS:
		rtc->time[index] = val & SECONDS_WRITABLE;
		break;
	case KT_RTC_SECONDS_ALARM ... KT_RTC_YEAR:
		rtc->time[index] = val;
		break;
	case KT_RTC_A:
		write_a(rtc, val);
		break;
	case KT_RTC_B:
		write_b(rtc, val);
		break;
	case KT_RTC_CENTURY:
		rtc->century = val;
		break;
	}
}

/**
 * kt_rtc_read() - the guest reads a byte
 * @rtc:	device
 * @index:	which, enum kt_rtc_index
 * @now:	guest time, ns
 *
 * Reading register C clears it, and takes the interrupt back.
 *
 * Context: Any.
 * Return: the byte; 0xff for one that is not the RTC's.
 */
u8 kt_rtc_read(struct kt_rtc *rtc, u8 index, u64 now)
{
	advance(rtc, now);
	switch (index) {
	case KT_RTC_SECONDS ... KT_RTC_YEAR:
		return rtc->time[index];
	case KT_RTC_A:
		return rtc->a | (uip(rtc) ? A_UIP : 0);
	case KT_RTC_B:
		return rtc->b;
	case KT_RTC_C:
		return read_c(rtc);
	case KT_RTC_D:
		return D_VRT;
	case KT_RTC_CENTURY:
		return rtc->century;
	default:
		return NO_BYTE;
	}
}

/**
 * kt_rtc_irqf() - level of the interrupt pin
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: IRQF of register C, which is not cleared.
 */
bool kt_rtc_irqf(const struct kt_rtc *rtc, u64 now)
{
	struct kt_rtc copy = *rtc;

	advance(&copy, now);

	return irqf(&copy);
}

/**
 * kt_rtc_edges() - count the periodic interrupts
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: edges of the periodic interrupt since init at which it was enabled, each a
 * tick that is due, whether or not the guest has read register C since the last;
 * never decreasing in @now.
 */
u64 kt_rtc_edges(const struct kt_rtc *rtc, u64 now)
{
	struct kt_rtc copy = *rtc;

	advance(&copy, now);

	return copy.periods;
}

/**
 * kt_rtc_rises() - count all other interrupts
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: times since init that IRQF rose because of an update, or because an enable
 * met a flag; never decreasing in @now. A periodic edge does not count, but IRQF which
 * it has set cannot rise.
 */
u64 kt_rtc_rises(const struct kt_rtc *rtc, u64 now)
{
	struct kt_rtc copy = *rtc;

	advance(&copy, now);

	return copy.rises;
}

/**
 * kt_rtc_deadline() - when the next interrupt is due
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: guest time in ns, after @now, the first at which kt_rtc_edges() or
 * kt_rtc_rises() counts one more; KT_NEVER if there is none unless the guest does
 * something.
 */
u64 kt_rtc_deadline(const struct kt_rtc *rtc, u64 now)
{
	struct kt_rtc copy = *rtc;
	u64 count;

	advance(&copy, now);
	count = min(next_period(&copy), next_rise(&copy));

	return count == KT_NEVER ? KT_NEVER : cycle_ns(copy.origin + count);
}

/**
 * kt_rtc_last_edge() - when the last periodic interrupt was due
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: guest time in ns of the newest edge which kt_rtc_edges() counts, 0 if there
 * has been none.
 */
u64 kt_rtc_last_edge(const struct kt_rtc *rtc, u64 now)
{
	struct kt_rtc copy = *rtc;

	advance(&copy, now);

	return cycle_ns(copy.period_cycle);
}

/**
 * kt_rtc_period() - distance of the periodic interrupts
 * @rtc:	device
 *
 * For display and policy only: edges and deadlines do not come from this rounded
 * value.
 *
 * Context: Any.
 * Return: period in ns, rounded to the nearest; KT_NEVER if the periodic interrupt is
 * not enabled, has no rate, or the divider stands.
 */
u64 kt_rtc_period(const struct kt_rtc *rtc)
{
	u64 cycles;

	if (next_period(rtc) == KT_NEVER)
		return KT_NEVER;

	cycles = 1ULL << period_shift(rtc);

	return (cycles * KT_RTC_CYCLE_DIV + KT_RTC_CYCLE_MUL / 2) / KT_RTC_CYCLE_MUL;
}

/**
 * kt_rtc_assert_periodic() - a periodic interrupt that the guest has missed
 * @rtc:	device
 * @now:	guest time, ns
 *
 * Sets PF, for the guest's handler to find. This is no edge.
 *
 * Context: Any.
 */
void kt_rtc_assert_periodic(struct kt_rtc *rtc, u64 now)
{
	advance(rtc, now);
	rtc->flags |= C_PF;
}

/**
 * kt_rtc_is_legal() - whether the device can be like that
 * @rtc:	device, not to be used before it has been asked
 * @now:	guest time, ns
 *
 * The bytes of the time may be anything: a guest can write that.
 *
 * Context: Any.
 * Return: false if no guest brings it about.
 */
bool kt_rtc_is_legal(const struct kt_rtc *rtc, u64 now)
{
	u64 count = divider(rtc);

	return rtc->cycle <= cycle_at(now) && rtc->period_cycle <= rtc->cycle &&
	       /* It was less than a second when guest time began, or has been set to that. */
	       count <= rtc->cycle + SECOND && rtc->resumed <= count &&
	       (!is_reset(rtc) || !count) && rtc->update_cycles <= KT_RTC_UPDATE_MAX &&
	       !(rtc->a & A_UIP) && !((rtc->b & B_SET) && (rtc->b & B_UIE)) &&
	       !(rtc->flags & ~C_FLAGS) && rtc->time[KT_RTC_SECONDS] <= SECONDS_WRITABLE;
}
