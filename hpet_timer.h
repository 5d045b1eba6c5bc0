/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One comparator of the HPET; private to the model of the device.
 */
#ifndef KT_HPET_TIMER_H
#define KT_HPET_TIMER_H

#include <linux/math64.h>
#include <linux/types.h>

#include "hpet.h"

#define KT_HPET_FS_PER_NS		1000000

/* GEN_CONF. */
#define KT_HPET_ENABLE			0x01
#define KT_HPET_LEGACY			0x02

/* Tn_CONF. */
#define KT_HPET_TIMER_LEVEL		0x0002
#define KT_HPET_TIMER_INT_ENB		0x0004
#define KT_HPET_TIMER_PERIODIC		0x0008
#define KT_HPET_TIMER_VAL_SET		0x0040
#define KT_HPET_TIMER_32MODE		0x0100
#define KT_HPET_TIMER_ROUTE_SHIFT	9
#define KT_HPET_TIMER_ROUTE_MASK	0x1f
#define KT_HPET_TIMER_FSB_EN		0x4000
#define KT_HPET_TIMER_WRITABLE		0x7f4e

static inline bool kt_hpet_timer_is_level(const struct kt_hpet_timer *t)
{
	return t->config & KT_HPET_TIMER_LEVEL;
}

static inline bool kt_hpet_timer_is_periodic(const struct kt_hpet_timer *t)
{
	return t->config & KT_HPET_TIMER_PERIODIC;
}

static inline bool kt_hpet_timer_is_32bit(const struct kt_hpet_timer *t)
{
	return t->config & KT_HPET_TIMER_32MODE;
}

static inline bool kt_hpet_timer_int_enabled(const struct kt_hpet_timer *t)
{
	return t->config & KT_HPET_TIMER_INT_ENB;
}

/* As many bits of a register as the timer has. */
static inline u64 kt_hpet_timer_narrow(const struct kt_hpet_timer *t, u64 val)
{
	return kt_hpet_timer_is_32bit(t) ? (u32)val : val;
}

/*
 * Ticks since the main counter was started, 0 while it is halted. They pass 64 bits
 * only where a tick is shorter than a nanosecond.
 *
 * A whole number of periods is a whole number of nanoseconds here: nothing is rounded
 * before the end.
 */
static inline unsigned __int128 kt_hpet_timer_ticks(const struct kt_hpet *hpet, u64 now)
{
	u64 ns = now > hpet->base_ns ? now - hpet->base_ns : 0;
	u32 period_fs = hpet->params.period_fs;
	u64 whole;
	u32 rest;

	if (!(hpet->config & KT_HPET_ENABLE))
		return 0;

	whole = div_u64_rem(ns, period_fs, &rest);

	return (unsigned __int128)whole * KT_HPET_FS_PER_NS +
	       div_u64((u64)rest * KT_HPET_FS_PER_NS, period_fs);
}

void kt_hpet_timer_advance(const struct kt_hpet *hpet, struct kt_hpet_timer *t, u64 now);
bool kt_hpet_timer_is_legal(const struct kt_hpet_timer *t, u64 now);
u64 kt_hpet_timer_next_match(const struct kt_hpet *hpet, const struct kt_hpet_timer *t);

#endif /* KT_HPET_TIMER_H */
