// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the lost-tick policy.
 */
#include <kunit/test.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "model.h"
#include "tick.h"

#define US	1000ULL
#define MS	1000000ULL
#define SEC	1000000000ULL

/* Any time will do. */
#define T0	(1234567 * SEC + 891)

#define CATCHUP	KVM_TIMERS_POLICY_CATCHUP
#define MERGE	KVM_TIMERS_POLICY_MERGE
#define DISCARD	KVM_TIMERS_POLICY_DISCARD

static const u32 policies[] = { CATCHUP, MERGE, DISCARD };

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

static void check_balance(struct kunit *test, const struct kt_tick *t)
{
	const struct kvm_timers_tick_stats *s = &t->stats;
	u64 late = 0;
	int i;

	for (i = 0; i < KVM_TIMERS_LATE_BUCKETS; i++)
		late += s->late[i];
	KUNIT_ASSERT_EQ(test, s->due + (u64)s->rescaled,
			s->delivered + s->merged + s->dropped + s->given_up + t->owed);
	KUNIT_ASSERT_EQ(test, late, s->delivered);
}

static bool service(struct line *l, enum kt_tick_pin pin, u64 edges, u64 edge_ns)
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
static bool service_grid(struct line *l, enum kt_tick_pin pin)
{
	u64 edges = div64_u64(l->now - T0, l->period);

	return service(l, pin, edges, T0 + edges * l->period);
}

static bool service_at(struct line *l, u64 now, enum kt_tick_pin pin)
{
	l->now = now;
	return service_grid(l, pin);
}

/* Some edges more than at the last call, the newest of them now. */
static bool service_edges(struct line *l, u64 now, enum kt_tick_pin pin, u64 edges)
{
	l->now = now;
	return service(l, pin, l->tick.seen + edges, now);
}

static void change_params(struct line *l, const struct kt_tick_params *params)
{
	kt_tick_set_params(&l->tick, params);
	check_balance(l->test, &l->tick);
}

static void change_period(struct line *l, u64 period)
{
	l->period = period;
	service_edges(l, l->now, KT_TICK_READY, 0);
}

static void reset_line(struct line *l)
{
	l->count = 0;
	l->min_distance = U64_MAX;
}

static void start(struct line *l, struct kunit *test, const struct kt_tick_params *params,
		  u64 period)
{
	*l = (struct line){ .test = test, .period = period, .now = T0 };
	reset_line(l);
	kt_tick_init(&l->tick, params, 0, T0);
	KUNIT_ASSERT_FALSE(test, service_grid(l, KT_TICK_READY));
}

/* Go from event to event, a host always in time and a guest always ready. */
static void run_until(struct line *l, u64 end)
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

static void start_policy(struct line *l, struct kunit *test, u32 policy, u64 period)
{
	struct kt_tick_params params = defaults;

	params.policy = policy;
	start(l, test, &params, period);
}

static void kt_tick_test_on_time(struct kunit *test)
{
	struct line l;
	int i;

	for (i = 0; i < 3; i++) {
		start_policy(&l, test, policies[i], MS);
		run_until(&l, T0 + 100 * MS);
		KUNIT_EXPECT_EQ(test, l.count, 100ULL);
		KUNIT_EXPECT_EQ(test, l.min_distance, MS);
		KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 0ULL);
		KUNIT_EXPECT_EQ(test, l.tick.stats.late[0], 100ULL);
		KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);
	}
}

/* 5000 ticks at 1 kHz, in the policy's own way, and then the grid as if nothing had been. */
static void kt_tick_test_stall_catchup(struct kunit *test)
{
	u64 end = T0 + 10 * MS + 5 * SEC;
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	run_until(&l, T0 + 10 * MS);
	reset_line(&l);

	service_at(&l, end, KT_TICK_READY);
	KUNIT_EXPECT_EQ(test, l.count, 1ULL);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 4999ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), end + MS / 4);

	run_until(&l, end + 4 * SEC);
	KUNIT_EXPECT_EQ(test, l.count, 9000ULL);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	KUNIT_EXPECT_FALSE(test, l.tick.catching);
	KUNIT_EXPECT_GE(test, l.min_distance, MS / 4);

	reset_line(&l);
	run_until(&l, end + 5 * SEC);
	KUNIT_EXPECT_EQ(test, l.count, 1000ULL);
	KUNIT_EXPECT_EQ(test, l.min_distance, MS);
	KUNIT_EXPECT_EQ(test, l.last, end + 5 * SEC);
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, 10010ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 10010ULL);
}

static void stall_other(struct kunit *test, u32 policy, u64 count, u64 merged, u64 dropped)
{
	u64 end = T0 + 10 * MS + 5 * SEC;
	struct line l;

	start_policy(&l, test, policy, MS);
	run_until(&l, T0 + 10 * MS);
	reset_line(&l);

	service_at(&l, end, KT_TICK_READY);
	KUNIT_EXPECT_EQ(test, l.count, count);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.merged, merged);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, dropped);
	run_until(&l, end + SEC);
	KUNIT_EXPECT_EQ(test, l.count, count + 1000);
}

static void kt_tick_test_stall_other(struct kunit *test)
{
	stall_other(test, MERGE, 1, 4999, 0);
	stall_other(test, DISCARD, 0, 0, 5000);
}

/* Rates by lag at a period of 1 ms: debt left after the injection, next distance. */
static void kt_tick_test_rates(struct kunit *test)
{
	static const struct {
		u64	missed;
		u32	max_rate_pct;
		u64	distance;
	} cases[] = {
		{ 2,	400,	952380 }, { 3,	400,	909090 }, { 8,	400,	909090 },
		{ 9,	400,	800000 }, { 30,	400,	800000 }, { 31,	400,	666666 },
		{ 75,	400,	666666 }, { 76,	400,	571428 }, { 175, 400,	571428 },
		{ 176,	400,	500000 }, { 500, 400,	500000 }, { 501, 400,	333333 },
		{ 3000,	400,	333333 }, { 3001, 400,	250000 }, { 3001, 1000,	200000 },
		{ 3001,	150,	666666 }, { 3001, 101,	990099 }, { 31,	110,	909090 },
		{ 3001,	0,	990099 },
	};
	struct kt_tick_params params = defaults;
	struct line l;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params.max_rate_pct = cases[i].max_rate_pct;
		start(&l, test, &params, MS);
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + cases[i].missed * MS, KT_TICK_READY));
		KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), l.now + cases[i].distance);

		/* Not before, and then exactly one. */
		KUNIT_EXPECT_FALSE(test, service_edges(&l, kt_tick_deadline(&l.tick) - 1,
						       KT_TICK_READY, 0));
		KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + 1, KT_TICK_READY, 0));
		KUNIT_EXPECT_FALSE(test, service_edges(&l, l.now, KT_TICK_READY, 0));
	}
}

static void kt_tick_test_busy_latch(struct kunit *test)
{
	struct kt_tick_params params = { .policy = CATCHUP, .limit_ns = SEC };
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + MS, KT_TICK_BUSY));
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 4 * MS, KT_TICK_BUSY));
	KUNIT_EXPECT_EQ(test, l.tick.stats.coalesced, 4ULL);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 4ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), l.now + 909090);
	/* The guest takes it: nothing but the slot counts, which is long past. */
	KUNIT_EXPECT_TRUE(test, service_at(&l, l.now + 10, KT_TICK_READY));
	/* A handler that masks the pin while it runs loses nothing, but only it can go on. */
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 5 * MS, KT_TICK_LATCHED));
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);
	run_until(&l, T0 + SEC);
	KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 1000ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 0ULL);

	start_policy(&l, test, MERGE, MS);
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 4 * MS, KT_TICK_BUSY));
	KUNIT_EXPECT_EQ(test, l.tick.stats.coalesced, 4ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.merged, 4ULL);
	KUNIT_EXPECT_FALSE(test, service_at(&l, l.now + 10, KT_TICK_READY));

	start_policy(&l, test, DISCARD, MS);
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + MS, KT_TICK_BUSY));
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 1ULL);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);

	/* A latch takes one, as a ready pin does. */
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 2 * MS, KT_TICK_LATCH));

	/* A blocked pin is never polled without a pause, whatever the bounds say. */
	start(&l, test, &params, 1);
	service_edges(&l, T0 + 5, KT_TICK_BUSY, 5);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 5ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), l.now + 1000);
}

static void masked(struct kunit *test, u32 policy, u64 owed, u64 merged, u64 dropped)
{
	struct line l;

	start_policy(&l, test, policy, MS);
	KUNIT_EXPECT_FALSE(test, service_edges(&l, T0 + MS, KT_TICK_MASKED, 1));
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 1ULL);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);

	KUNIT_EXPECT_FALSE(test, service_edges(&l, T0 + 11 * MS, KT_TICK_MASKED, 10));
	KUNIT_EXPECT_EQ(test, l.tick.owed, owed);
	KUNIT_EXPECT_EQ(test, l.tick.stats.merged, merged);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 1 + dropped);
	KUNIT_EXPECT_EQ(test, l.tick.stats.coalesced, 0ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);

	/* Unmasked between two edges: what is owed may come. */
	KUNIT_EXPECT_EQ(test, service_edges(&l, T0 + 13 * MS + 9, KT_TICK_READY, 0), owed > 0);
}

static void kt_tick_test_masked(struct kunit *test)
{
	masked(test, CATCHUP, 10, 0, 0);
	masked(test, MERGE, 1, 9, 0);
	masked(test, DISCARD, 0, 0, 10);
}

/* A tick too close to the last one is held, whatever the policy, and not for long. */
static void kt_tick_test_held(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	struct line l;
	int i;

	params.threshold_ns = SEC;
	for (i = 0; i < 3; i++) {
		params.policy = policies[i];
		start(&l, test, &params, MS);
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + MS + 900 * US, KT_TICK_READY));
		KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 2 * MS, KT_TICK_READY));
		KUNIT_EXPECT_EQ(test, l.tick.owed, 1ULL);
		KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), T0 + 2 * MS + 100 * US);
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 2 * MS + 100 * US, KT_TICK_READY));
		KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 1ULL);
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 3 * MS, KT_TICK_READY));
	}
}

static void kt_tick_test_rescale(struct kunit *test)
{
	struct line l;

	/* 100 ms are owed: 99 more after the one that goes out. */
	start_policy(&l, test, CATCHUP, MS);
	service_edges(&l, T0 + 100 * MS, KT_TICK_READY, 100);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 99ULL);

	change_period(&l, 10 * MS);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 9ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.rescaled, -90LL);

	change_period(&l, 3 * MS);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 30ULL);

	/* Nothing programmed: the debt waits for what comes. */
	change_period(&l, KT_NEVER);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 30ULL);
	KUNIT_EXPECT_EQ(test, l.tick.period_ns, 3 * MS);

	/* New edges count at the new period. */
	l.period = 6 * MS;
	service_edges(&l, l.now, KT_TICK_BUSY, 5);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 20ULL);
}

static void kt_tick_test_one_shot(struct kunit *test)
{
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	service_edges(&l, T0 + 100 * MS, KT_TICK_READY, 100);

	change_period(&l, 0);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 99ULL);

	/* One-shot edges go out as they come, and the bound paces them. */
	KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + MS, KT_TICK_READY, 1));
	KUNIT_EXPECT_FALSE(test, service_edges(&l, l.now + 50 * US, KT_TICK_READY, 1));
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), l.now + 150 * US);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + 150 * US, KT_TICK_READY, 0));

	service_edges(&l, l.now + MS, KT_TICK_BUSY, 10);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 10ULL);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + MS, KT_TICK_READY, 0));
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), l.now + 200 * US);

	change_period(&l, MS);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
}

static void kt_tick_test_limit(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	struct line l;

	params.limit_ns = 100 * MS + 7;
	start(&l, test, &params, MS);
	service_edges(&l, T0 + SEC, KT_TICK_BUSY, 1000);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 100ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.given_up, 900ULL);

	/* At the limit, one out makes room for one in. */
	KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + MS, KT_TICK_READY, 1));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 100ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.given_up, 900ULL);
}

static void kt_tick_test_threshold(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	struct line l;

	params.threshold_ns = 5 * MS;
	start(&l, test, &params, MS);
	run_until(&l, T0 + 10 * MS);
	service_at(&l, T0 + 14 * MS, KT_TICK_BUSY);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 4ULL);

	/* Below: it stays, and the grid goes on one for one. */
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);
	reset_line(&l);
	run_until(&l, T0 + 34 * MS);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 4ULL);
	KUNIT_EXPECT_EQ(test, l.count, 20ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 0ULL);

	/* Reached: all of it is made up for, down to the last one. */
	service_at(&l, T0 + 35 * MS, KT_TICK_BUSY);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 5ULL);
	KUNIT_EXPECT_NE(test, kt_tick_deadline(&l.tick), KT_NEVER);
	run_until(&l, T0 + SEC);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	KUNIT_EXPECT_FALSE(test, l.tick.catching);
	KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 1000ULL);
}

/* 10 kHz against 200 us: every other one, evenly, and no debt that grows. */
static void kt_tick_test_short_period(struct kunit *test)
{
	struct line l;
	int i;

	for (i = 0; i < 3; i++) {
		start_policy(&l, test, policies[i], 100 * US);
		run_until(&l, T0 + 100 * MS);
		KUNIT_EXPECT_EQ(test, l.count, 500ULL);
		KUNIT_EXPECT_EQ(test, l.min_distance, 200 * US);
		KUNIT_EXPECT_LE(test, l.tick.owed, 1ULL);

		/* Two edges at a time are what the bound brings, not a late host. */
		reset_line(&l);
		KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + 200 * US, KT_TICK_READY, 2));
	}
	KUNIT_EXPECT_FALSE(test, service_edges(&l, l.now + 300 * US, KT_TICK_READY, 3));
}

static void kt_tick_test_set_params_forgive(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	struct line l;
	u64 due;

	start_policy(&l, test, CATCHUP, MS);
	service_edges(&l, T0 + 100 * MS, KT_TICK_BUSY, 100);

	params.limit_ns = 50 * MS;
	change_params(&l, &params);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 50ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.given_up, 50ULL);

	params.policy = MERGE;
	change_params(&l, &params);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 1ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.merged, 49ULL);

	params.policy = DISCARD;
	change_params(&l, &params);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 1ULL);

	/* A threshold that comes down to the debt starts the catch-up by itself. */
	params = defaults;
	params.threshold_ns = SEC;
	change_params(&l, &params);
	service_edges(&l, l.now + 10 * MS, KT_TICK_BUSY, 10);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);
	params.threshold_ns = 10 * MS;
	change_params(&l, &params);
	KUNIT_EXPECT_NE(test, kt_tick_deadline(&l.tick), KT_NEVER);

	kt_tick_forgive(&l.tick);
	check_balance(test, &l.tick);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);

	/* Ticks that nobody has accounted when the stream ends were due as well. */
	due = l.tick.stats.due;
	kt_tick_drop(&l.tick, l.tick.seen + 7);
	check_balance(test, &l.tick);
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, due + 7);
}

/* Lateness of 0, 1 us - 1 ns, 1 us, 3 us, 4 us, an hour. */
static void kt_tick_test_histogram(struct kunit *test)
{
	static const u64 late[] = { 0, 999, US, 3 * US, 4 * US, 3600 * SEC };
	static const int bucket[] = { 0, 0, 1, 2, 3, KVM_TIMERS_LATE_BUCKETS - 1 };
	struct line l;
	int i;

	for (i = 0; i < 6; i++) {
		start_policy(&l, test, MERGE, MS);
		l.now = T0 + MS + late[i];
		KUNIT_EXPECT_TRUE(test, service(&l, KT_TICK_READY, 1, T0 + MS));
		KUNIT_EXPECT_EQ(test, l.tick.stats.late[bucket[i]], 1ULL);
	}

	/* What is still owed says how late the guest's tick clock is. */
	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + 3 * MS, KT_TICK_READY, 3));
	KUNIT_EXPECT_EQ(test, l.tick.stats.late[11], 1ULL);
}

/* Nothing overflows, traps or hangs on any value; the account balances modulo 2^64. */
static void kt_tick_test_extremes(struct kunit *test)
{
	static const u64 values[] = { 0, 1, 200 * US, MS, 1ULL << 63, U64_MAX - 1, U64_MAX };
	struct kt_tick_params params;
	struct line l;
	unsigned int n, i;

	for (n = 0; n < 7 * 7 * 7 * 7 * 5; n++) {
		params.policy = n % 5;
		params.max_rate_pct = values[(n + 3) % 7];
		params.limit_ns = values[n % 7];
		params.threshold_ns = values[n / 7 % 7];
		params.min_interval_ns = values[n / 49 % 7];
		l = (struct line){ .test = test, .period = MS };
		kt_tick_init(&l.tick, &params, 0, 0);

		for (i = 0; i < 8; i++) {
			service_edges(&l, l.now + values[n / 2401], i % 4, values[(n + i) % 7]);
			l.period = i % 3 ? values[n / 343 % 7] : MS;
			kt_tick_deadline(&l.tick);
		}
		params.policy = (params.policy + 1) % 5;
		change_params(&l, &params);
	}

	/* Lag, debt and slot stop at the end of the scale. */
	params = (struct kt_tick_params){ .policy = CATCHUP, .limit_ns = U64_MAX };
	start(&l, test, &params, 1ULL << 63);
	service_edges(&l, T0, KT_TICK_BUSY, 4);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 1ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), T0 + kt_model_scale(1ULL << 63, 100, 101));
	service_edges(&l, U64_MAX - 5, KT_TICK_READY, 1);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), U64_MAX);

	start(&l, test, &params, 1);
	for (i = 0; i < 8; i++)
		service(&l, KT_TICK_BUSY, l.tick.seen ? 0 : U64_MAX, T0);
	KUNIT_EXPECT_GE(test, l.tick.owed, (1ULL << 62) - 1);
	KUNIT_EXPECT_LE(test, l.tick.owed, 1ULL << 63);

	start_policy(&l, test, DISCARD, 1ULL << 63);
	KUNIT_EXPECT_FALSE(test, service_edges(&l, T0, KT_TICK_READY, 3));
}

/* Edges or time that go back count for nothing, and do not silence the device. */
static void kt_tick_test_backwards(struct kunit *test)
{
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	run_until(&l, T0 + 10 * MS);
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 3 * MS, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, 10ULL);
	l.last = 0;
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 4 * MS, KT_TICK_READY));
}

static struct kunit_case kt_tick_test_cases[] = {
	KUNIT_CASE(kt_tick_test_on_time),
	KUNIT_CASE(kt_tick_test_stall_catchup),
	KUNIT_CASE(kt_tick_test_stall_other),
	KUNIT_CASE(kt_tick_test_rates),
	KUNIT_CASE(kt_tick_test_busy_latch),
	KUNIT_CASE(kt_tick_test_masked),
	KUNIT_CASE(kt_tick_test_held),
	KUNIT_CASE(kt_tick_test_rescale),
	KUNIT_CASE(kt_tick_test_one_shot),
	KUNIT_CASE(kt_tick_test_limit),
	KUNIT_CASE(kt_tick_test_threshold),
	KUNIT_CASE(kt_tick_test_short_period),
	KUNIT_CASE(kt_tick_test_set_params_forgive),
	KUNIT_CASE(kt_tick_test_histogram),
	KUNIT_CASE(kt_tick_test_extremes),
	KUNIT_CASE(kt_tick_test_backwards),
	{ }
};

static struct kunit_suite kt_tick_test_suite = {
	.name		= "kvm_timers-tick",
	.test_cases	= kt_tick_test_cases,
};

kunit_test_suite(kt_tick_test_suite);
