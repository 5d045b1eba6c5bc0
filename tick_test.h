/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bench for the tests of the lost-tick policy: a guest's interrupt line.
 */
#ifndef KT_TICK_TEST_H
#define KT_TICK_TEST_H

#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "tick.h"

#define US	1000ULL
#define MS	1000000ULL
#define SEC	1000000000ULL

/* Any time will do. */
#define T0	(1234567 * SEC + 891)

#define CATCHUP	KVM_TIMERS_POLICY_CATCHUP
#define MERGE	KVM_TIMERS_POLICY_MERGE
#define DISCARD	KVM_TIMERS_POLICY_DISCARD
#define DELAY	KVM_TIMERS_POLICY_DELAY

static const u32 policies[] = { CATCHUP, MERGE, DISCARD, DELAY };

static const struct kt_tick_params defaults = {
	.policy			= KVM_TIMERS_POLICY_CATCHUP,
	.max_rate_pct		= 400,
	.limit_ns		= 60 * SEC,
	.threshold_ns		= 750 * US,
	.min_interval_ns	= 200 * US,
};

/*
 * A guest with one periodic device whose edges lie on a grid from T0 on.
 *
 * @count and @min_distance are since the last reset_line().
 */
struct line {
	struct kt_tick	tick;
	struct kunit	*test;
	u64		period;
	u64		now;
	u64		count;
	u64		last;
	u64		min_distance;
};

static inline void check_balance(struct kunit *test, const struct kt_tick *t)
{
	const struct kvm_timers_tick_stats *s = &t->stats;

	KUNIT_ASSERT_EQ(test, s->due + (u64)s->rescaled,
			s->delivered + s->merged + s->dropped + s->given_up + t->owed);
}

static inline bool service(struct line *l, enum kt_tick_pin pin, u64 edges, u64 edge_ns)
{
	struct kt_tick_input in = {
		.now = l->now, .edges = edges, .period_ns = l->period, .edge_ns = edge_ns,
		.pin = pin,
	};
	bool fire = kt_tick_service(&l->tick, &in);

	check_balance(l->test, &l->tick);
	if (fire) {
		if (l->last)
			l->min_distance = min(l->min_distance, l->now - l->last);
		l->last = l->now;
		l->count++;
	}

	return fire;
}

/* The device as its model reports it now. */
static inline bool service_grid(struct line *l, enum kt_tick_pin pin)
{
	u64 edges = div64_u64(l->now - T0, l->period);

	return service(l, pin, edges, T0 + edges * l->period);
}

static inline bool service_at(struct line *l, u64 now, enum kt_tick_pin pin)
{
	l->now = now;
	return service_grid(l, pin);
}

/* Some edges more than at the last call, the newest of them now. */
static inline bool service_edges(struct line *l, u64 now, enum kt_tick_pin pin, u64 edges)
{
	l->now = now;
	return service(l, pin, l->tick.seen + edges, now);
}

static inline void change_params(struct line *l, const struct kt_tick_params *params)
{
	kt_tick_set_params(&l->tick, params);
	check_balance(l->test, &l->tick);
}

static inline void change_period(struct line *l, u64 period)
{
	l->period = period;
	service_edges(l, l->now, KT_TICK_READY, 0);
}

static inline void reset_line(struct line *l)
{
	l->count = 0;
	l->min_distance = U64_MAX;
}

static inline void start(struct line *l, struct kunit *test,
			 const struct kt_tick_params *params, u64 period)
{
	*l = (struct line){ .test = test, .period = period, .now = T0 };
	reset_line(l);
	kt_tick_init(&l->tick, params, 0, T0);
	KUNIT_ASSERT_FALSE(test, service_grid(l, KT_TICK_READY));
}

/* Go from event to event, a host always in time and a guest always ready. */
static inline void run_until(struct line *l, u64 end)
{
	while (l->now < end) {
		u64 edge = T0 + (div64_u64(l->now - T0, l->period) + 1) * l->period;
		u64 next = min(edge, kt_tick_deadline(&l->tick));

		/* An event that does not move on would loop for ever in the host. */
		KUNIT_ASSERT_GT(l->test, next, l->now);
		l->now = min(next, end);
		service_grid(l, KT_TICK_READY);
	}
}

static inline void start_policy(struct line *l, struct kunit *test, u32 policy, u64 period)
{
	struct kt_tick_params params = defaults;

	params.policy = policy;
	start(l, test, &params, period);
}

#endif
