// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the lost-tick policy: its bounds, and changes of them under way.
 */
#include <kunit/test.h>

#include "model.h"
#include "tick.h"
#include "tick_test.h"

static void kt_tick_bounds_test_rescale(struct kunit *test)
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

static void kt_tick_bounds_test_one_shot(struct kunit *test)
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

static void kt_tick_bounds_test_limit(struct kunit *test)
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

static void kt_tick_bounds_test_threshold(struct kunit *test)
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
static void kt_tick_bounds_test_short_period(struct kunit *test)
{
	struct line l;
	int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		start_policy(&l, test, policies[i], 100 * US);
		run_until(&l, T0 + 100 * MS);
		KUNIT_EXPECT_EQ(test, l.count, 500ULL);
		KUNIT_EXPECT_EQ(test, l.min_distance, 200 * US);
		KUNIT_EXPECT_LE(test, l.tick.owed, 1ULL);

		/* Two edges at a time are what the bound brings, not a late host. */
		reset_line(&l);
		KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + 200 * US, KT_TICK_READY, 2));
	}

	/* Three are one. */
	start_policy(&l, test, DISCARD, 100 * US);
	KUNIT_EXPECT_FALSE(test, service_edges(&l, T0 + 300 * US, KT_TICK_READY, 3));
}

static void kt_tick_bounds_test_set_params_forgive(struct kunit *test)
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

/* Nothing overflows, traps or hangs on any value; the account balances modulo 2^64. */
static void kt_tick_bounds_test_extremes(struct kunit *test)
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
static void kt_tick_bounds_test_backwards(struct kunit *test)
{
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	run_until(&l, T0 + 10 * MS);
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 3 * MS, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, 10ULL);
	l.last = 0;
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 4 * MS, KT_TICK_READY));
}

static bool single(struct line *l, u64 now, enum kt_tick_pin pin, u64 edges)
{
	struct kt_tick_input in = {
		.now = now, .edges = l->tick.seen + edges, .period_ns = 0,
		.edge_ns = now - 3 * US, .pin = pin,
	};
	bool fire = kt_tick_single(&l->tick, &in);

	check_balance(l->test, &l->tick);
	return fire;
}

/* What the guest asks for one by one has no policy and keeps no distance. */
static void kt_tick_bounds_test_single(struct kunit *test)
{
	unsigned int i;
	struct line l;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		start_policy(&l, test, policies[i], MS);
		KUNIT_EXPECT_TRUE(test, single(&l, T0 + 5, KT_TICK_READY, 1));
		KUNIT_EXPECT_EQ(test, l.tick.late_us, 3ULL);
		KUNIT_EXPECT_TRUE(test, single(&l, T0 + 6, KT_TICK_READY, 1));
		KUNIT_EXPECT_FALSE(test, single(&l, T0 + 7, KT_TICK_READY, 0));
		KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 2ULL);

		/* One with the one before, as on hardware; lost where nobody listens. */
		KUNIT_EXPECT_FALSE(test, single(&l, T0 + 8, KT_TICK_BUSY, 1));
		KUNIT_EXPECT_EQ(test, l.tick.stats.coalesced, 1ULL);
		KUNIT_EXPECT_EQ(test, l.tick.stats.merged, 1ULL);
		KUNIT_EXPECT_FALSE(test, single(&l, T0 + 9, KT_TICK_MASKED, 1));
		KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 1ULL);
		KUNIT_EXPECT_TRUE(test, single(&l, T0 + 10, KT_TICK_READY, 2));
		KUNIT_EXPECT_EQ(test, l.tick.stats.merged, 2ULL);
		KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
		KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), U64_MAX);
	}
}

/* The debt of a stream of ticks that has ended is not paid in single ones. */
static void kt_tick_bounds_test_single_forgives(struct kunit *test)
{
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 100 * MS, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 99ULL);
	KUNIT_EXPECT_FALSE(test, single(&l, T0 + 101 * MS, KT_TICK_READY, 0));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 99ULL);
}

/* The first tick of a new stream comes when it is due, however close the last one is. */
static void kt_tick_bounds_test_begin(struct kunit *test)
{
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + MS, KT_TICK_READY, 1));
	KUNIT_EXPECT_FALSE(test, service_edges(&l, T0 + MS + 10 * US, KT_TICK_READY, 1));
	kt_tick_begin(&l.tick);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + MS + 20 * US, KT_TICK_READY, 0));
	kt_tick_begin(&l.tick);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + MS + 30 * US, KT_TICK_READY, 1));
	/* From then on the distance is kept again. */
	KUNIT_EXPECT_FALSE(test, service_edges(&l, T0 + MS + 40 * US, KT_TICK_READY, 1));
}

static struct kunit_case kt_tick_bounds_test_cases[] = {
	KUNIT_CASE(kt_tick_bounds_test_rescale),
	KUNIT_CASE(kt_tick_bounds_test_one_shot),
	KUNIT_CASE(kt_tick_bounds_test_limit),
	KUNIT_CASE(kt_tick_bounds_test_threshold),
	KUNIT_CASE(kt_tick_bounds_test_short_period),
	KUNIT_CASE(kt_tick_bounds_test_set_params_forgive),
	KUNIT_CASE(kt_tick_bounds_test_extremes),
	KUNIT_CASE(kt_tick_bounds_test_backwards),
	KUNIT_CASE(kt_tick_bounds_test_single),
	KUNIT_CASE(kt_tick_bounds_test_single_forgives),
	KUNIT_CASE(kt_tick_bounds_test_begin),
	{ }
};

static struct kunit_suite kt_tick_bounds_test_suite = {
	.name		= "kvm_timers-tick_bounds",
	.test_cases	= kt_tick_bounds_test_cases,
};

kunit_test_suite(kt_tick_bounds_test_suite);
