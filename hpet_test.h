/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bench for the tests of the HPET: three timers of 10 ns at an arbitrary epoch.
 */
#ifndef KT_HPET_TEST_H
#define KT_HPET_TEST_H

#include <linux/limits.h>
#include <linux/types.h>

#include "hpet.h"
#include "model.h"

#define BENCH_EPOCH_NS		987654321987ULL
#define BENCH_TIMERS		3
#define BENCH_TICK_NS		10
#define BENCH_PERIOD_FS		10000000
#define BENCH_ROUTE_CAP		0x00f00104

#define GCAP_ID			0x000
#define GEN_CONF		0x010
#define GINTR_STA		0x020
#define MAIN_CNT		0x0f0
#define TN_CONF(n)		(0x100 + 0x20 * (n))
#define TN_COMP(n)		(0x108 + 0x20 * (n))
#define TN_FSB(n)		(0x110 + 0x20 * (n))

#define ENABLE			0x01
#define LEGACY			0x02

#define LEVEL			0x0002
#define INT_ENB			0x0004
#define PERIODIC		0x0008
#define VAL_SET			0x0040
#define MODE32			0x0100
#define ROUTE(pin)		((pin) << 9)
#define FSB_EN			0x4000
#define TN_CAPS			0x8030

struct bench {
	struct kt_hpet	hpet;
	u64		now;
};

static inline void bench_init_as(struct bench *b, u32 timers, u32 period_fs)
{
	const struct kt_hpet_params params = {
		.timers		= timers,
		.period_fs	= period_fs,
		.route_cap	= BENCH_ROUTE_CAP,
	};

	b->now = BENCH_EPOCH_NS;
	kt_hpet_init(&b->hpet, &params);
}

static inline void bench_init(struct bench *b)
{
	bench_init_as(b, BENCH_TIMERS, BENCH_PERIOD_FS);
}

static inline u64 bench_read(struct bench *b, u32 offset)
{
	return kt_hpet_read(&b->hpet, offset, 8, b->now);
}

static inline u32 bench_read32(struct bench *b, u32 offset)
{
	return kt_hpet_read(&b->hpet, offset, 4, b->now);
}

static inline void bench_write(struct bench *b, u32 offset, u64 val)
{
	kt_hpet_write(&b->hpet, offset, 8, val, b->now);
}

static inline void bench_write32(struct bench *b, u32 offset, u32 val)
{
	kt_hpet_write(&b->hpet, offset, 4, val, b->now);
}

/* Run for so many ticks of 10 ns. */
static inline void bench_run(struct bench *b, u64 ticks)
{
	b->now += ticks * BENCH_TICK_NS;
}

static inline u64 bench_edges(const struct bench *b, unsigned int n)
{
	return kt_hpet_edges(&b->hpet, n, b->now);
}

static inline u64 bench_deadline(const struct bench *b, unsigned int n)
{
	return kt_hpet_deadline(&b->hpet, n, b->now);
}

static inline bool bench_line(const struct bench *b, unsigned int n)
{
	return kt_hpet_line(&b->hpet, n, b->now);
}

/* A halted counter of this value, and timer @n with this comparator. */
static inline void bench_arm(struct bench *b, unsigned int n, u32 config, u64 counter, u64 comp)
{
	bench_write(b, MAIN_CNT, counter);
	bench_write(b, TN_CONF(n), config);
	bench_write(b, TN_COMP(n), comp);
}

static inline u64 bench_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;

	return *seed * 0x2545f4914f6cdd1dULL;
}

#endif /* KT_HPET_TEST_H */
