/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bench for the tests of the RTC: time in cycles after an arbitrary epoch, at which
 * the divider is 0.
 */
#ifndef KT_RTC_TEST_H
#define KT_RTC_TEST_H

#include <linux/bcd.h>
#include <linux/limits.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "model.h"
#include "rtc.h"

/* No whole number of ns, nor of seconds. */
#define BENCH_EPOCH_CYCLE	87654321987ULL

#define SECOND_CYCLES		32768ULL
#define HALF_CYCLES		16384ULL

/* Where the first update ends. */
#define FIRST_END		(HALF_CYCLES + KT_RTC_UPDATE_CYCLES)

#define B_SET			0x80
#define B_PIE			0x40
#define B_AIE			0x20
#define B_UIE			0x10
#define B_SQWE			0x08
#define B_BINARY		0x04
#define B_24H			0x02
#define B_DSE			0x01

#define C_IRQF			0x80
#define C_PF			0x40
#define C_AF			0x20
#define C_UF			0x10

#define UIP			0x80
#define ANY			0xff

struct bench {
	struct kt_rtc	rtc;
	u64		now;
};

static inline u64 bench_ns(u64 cycle)
{
	return kt_model_scale_up(BENCH_EPOCH_CYCLE + cycle, KT_RTC_CYCLE_DIV, KT_RTC_CYCLE_MUL);
}

/* To so many cycles after the epoch. */
static inline void bench_to(struct bench *b, u64 cycle)
{
	b->now = bench_ns(cycle);
}

/* To the end of update @n, from 1, if the divider has been left alone. */
static inline void bench_to_update(struct bench *b, u64 n)
{
	bench_to(b, (n - 1) * SECOND_CYCLES + HALF_CYCLES + b->rtc.update_cycles);
}

static inline void bench_init_update(struct bench *b, u32 update_cycles)
{
	bench_to(b, 0);
	kt_rtc_init(&b->rtc, update_cycles, b->now);
}

static inline void bench_init(struct bench *b)
{
	bench_init_update(b, KT_RTC_UPDATE_CYCLES);
}

static inline void bench_write(struct bench *b, u8 index, u8 val)
{
	kt_rtc_write(&b->rtc, index, val, b->now);
}

static inline u8 bench_read(struct bench *b, u8 index)
{
	return kt_rtc_read(&b->rtc, index, b->now);
}

static inline u64 bench_edges(const struct bench *b)
{
	return kt_rtc_edges(&b->rtc, b->now);
}

static inline u64 bench_rises(const struct bench *b)
{
	return kt_rtc_rises(&b->rtc, b->now);
}

static inline u64 bench_deadline(const struct bench *b)
{
	return kt_rtc_deadline(&b->rtc, b->now);
}

/* Bytes as they are. */
static inline void bench_set_time(struct bench *b, u8 hours, u8 minutes, u8 seconds)
{
	bench_write(b, KT_RTC_HOURS, hours);
	bench_write(b, KT_RTC_MINUTES, minutes);
	bench_write(b, KT_RTC_SECONDS, seconds);
}

static inline void bench_set_date(struct bench *b, u8 century, u8 year, u8 month, u8 date)
{
	bench_write(b, KT_RTC_CENTURY, century);
	bench_write(b, KT_RTC_YEAR, year);
	bench_write(b, KT_RTC_MONTH, month);
	bench_write(b, KT_RTC_DATE, date);
}

static inline void bench_set_alarm(struct bench *b, u8 hours, u8 minutes, u8 seconds)
{
	bench_write(b, KT_RTC_HOURS_ALARM, hours);
	bench_write(b, KT_RTC_MINUTES_ALARM, minutes);
	bench_write(b, KT_RTC_SECONDS_ALARM, seconds);
}

/* One hexadecimal number, as in 0x235959. */
static inline u32 bench_time(struct bench *b)
{
	return bench_read(b, KT_RTC_HOURS) << 16 | bench_read(b, KT_RTC_MINUTES) << 8 |
	       bench_read(b, KT_RTC_SECONDS);
}

/* One hexadecimal number, as in 0x20240229. */
static inline u32 bench_date(struct bench *b)
{
	return (u32)bench_read(b, KT_RTC_CENTURY) << 24 | bench_read(b, KT_RTC_YEAR) << 16 |
	       bench_read(b, KT_RTC_MONTH) << 8 | bench_read(b, KT_RTC_DATE);
}

/* Good enough to pick cases with, and the same each time. */
static inline u32 bench_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;

	return *seed >> 33;
}

#endif /* KT_RTC_TEST_H */
