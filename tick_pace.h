/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far behind a guest is, and how fast it is given what it is owed; private to the tick engine.
 */
#ifndef KT_TICK_PACE_H
#define KT_TICK_PACE_H

#include <linux/limits.h>
#include <linux/math64.h>

#include "tick.h"

static inline u64 kt_tick_pace_add(u64 a, u64 b)
{
	return a > U64_MAX - b ? U64_MAX : a + b;
}

static inline u64 kt_tick_pace_mul(u64 a, u64 b)
{
	return a && b > div64_u64(U64_MAX, a) ? U64_MAX : a * b;
}

/* Period for lag and pace. One-shot edges have none: the bound stands in for it. */
static inline u64 kt_tick_pace_period(const struct kt_tick *t)
{
	return t->period_ns ? t->period_ns : t->params.min_interval_ns;
}

/* Delivery cannot even keep up with such a period, so a debt is never paid back. */
static inline bool kt_tick_pace_is_short(const struct kt_tick *t)
{
	return t->period_ns && t->period_ns <= t->params.min_interval_ns;
}

static inline u64 kt_tick_pace_lag(const struct kt_tick *t, u64 ticks)
{
	return kt_tick_pace_mul(ticks, kt_tick_pace_period(t));
}

void kt_tick_pace_set_level(struct kt_tick *t);
u64 kt_tick_pace_spacing(const struct kt_tick *t);
u64 kt_tick_pace_slot(const struct kt_tick *t);
u64 kt_tick_pace_earliest(const struct kt_tick *t);

#endif /* KT_TICK_PACE_H */
