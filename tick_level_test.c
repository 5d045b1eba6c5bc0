// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast a catch-up is.
 */
#include "tick_test.h"

/* Rates by lag at a period of 1 ms: debt with what is given at once, next distance. */
static void kt_tick_level_test_rates(struct kunit *test)
{
	static const struct {
		u64	missed;
		u32	max_rate_pct;
		u64	distance;
	} cases[] = {
		{ 2,	400,	909090 }, { 3,	400,	909090 }, { 7,	400,	909090 },
		{ 8,	400,	800000 }, { 29,	400,	800000 }, { 30,	400,	666666 },
		{ 74,	400,	666666 }, { 75,	400,	571428 }, { 174, 400,	571428 },
		{ 175,	400,	500000 }, { 499, 400,	500000 }, { 500, 400,	333333 },
		{ 2999,	400,	333333 }, { 3000, 400,	250000 }, { 3000, 1000,	200000 },
		{ 3000,	150,	666666 }, { 3000, 101,	990099 }, { 30,	110,	909090 },
		{ 3000,	0,	990099 },
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

/* A level is left a quarter below where it begins, and the time at each is counted. */
static void kt_tick_level_test_by_lag(struct kunit *test)
{
	static const u64 from_ms[] = { 0, 2, 8, 30, 75 };
	u64 spent = 0, begun = T0 + 100 * MS;
	unsigned int level = 4;
	struct line l;
	unsigned int i;

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_EQ(test, kt_tick_catchup_pct(&l.tick), 0U);
	KUNIT_EXPECT_TRUE(test, service_at(&l, begun, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.level, level);
	KUNIT_EXPECT_EQ(test, kt_tick_catchup_pct(&l.tick), 175U);
	while (l.tick.catching) {
		run_until(&l, l.now + 100 * US);
		KUNIT_ASSERT_LE(test, l.tick.level, level);
		if (l.tick.level < level) {
			/* Not sooner; and not later, but for the tick that has just come. */
			KUNIT_EXPECT_LE(test, (l.tick.owed - 1) * 4, from_ms[level] * 3);
			level--;
		}
	}
	KUNIT_EXPECT_EQ(test, level, 0U);
	KUNIT_EXPECT_EQ(test, kt_tick_catchup_pct(&l.tick), 0U);
	for (i = 0; i < KVM_TIMERS_CATCHUP_LEVELS; i++) {
		KUNIT_EXPECT_EQ(test, !l.tick.catchup_ns[i], i > 4);
		spent += l.tick.catchup_ns[i];
	}
	KUNIT_EXPECT_LE(test, spent, l.now - begun);
	KUNIT_EXPECT_GE(test, spent, l.now - begun - 100 * US);
}

/* Between two marks of the lag the level does not go up and down with each tick. */
static void kt_tick_level_test_holds(struct kunit *test)
{
	unsigned int i, changes = 0, level;
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 30 * MS, KT_TICK_READY));
	level = l.tick.level;
	KUNIT_EXPECT_EQ(test, level, 3U);
	/* One more, and one less. */
	for (i = 1; i <= 1000; i++) {
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + (30 + 2 * i) * MS, KT_TICK_READY));
		changes += l.tick.level != level;
		level = l.tick.level;
		KUNIT_EXPECT_TRUE(test, service_at(&l, l.now + 700 * US, KT_TICK_READY));
		changes += l.tick.level != level;
		level = l.tick.level;
	}
	KUNIT_EXPECT_EQ(test, l.tick.owed, 29ULL);
	KUNIT_EXPECT_EQ(test, changes, 0U);
	KUNIT_EXPECT_EQ(test, level, 3U);
}

/* A host that looks no more often than two interrupts may come: no debt is left for ever. */
static void kt_tick_level_test_few_looks(struct kunit *test)
{
	static const u64 periods[] = { MS, 999847, 976562, 10 * MS, 300 * US };
	unsigned int i;
	struct line l;
	u64 begun;

	for (i = 0; i < ARRAY_SIZE(periods); i++) {
		start_policy(&l, test, CATCHUP, periods[i]);
		begun = T0 + 500 * periods[i];
		KUNIT_EXPECT_TRUE(test, service_at(&l, begun, KT_TICK_READY));
		while (l.now < begun + 3000 * periods[i]) {
			u64 edge = T0 + (div64_u64(l.now - T0, l.period) + 1) * l.period;
			u64 next = kt_tick_next_ns(&l.tick, edge);

			/* And is on its way there for a while. */
			next = max(next, l.now + defaults.min_interval_ns) + US;
			service_at(&l, next, KT_TICK_READY);
		}
		KUNIT_EXPECT_EQ_MSG(test, l.tick.owed, 0ULL, "period %llu", periods[i]);
		/* And the grid is met again. */
		KUNIT_EXPECT_EQ(test, (l.last - T0) % periods[i], US);
	}
}

/* A guest that was not run in the middle of a catch-up goes on with the next edge. */
static void kt_tick_level_test_comes_back(struct kunit *test)
{
	u64 begun = T0 + 500 * MS, edge = begun + MS;
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_at(&l, begun, KT_TICK_READY));
	while (l.now < begun + 100 * MS) {
		u64 next = kt_tick_next_ns(&l.tick, edge);

		KUNIT_ASSERT_LE(test, next, edge);
		service_at(&l, next, KT_TICK_BUSY);
		edge += next == edge ? MS : 0;
	}
	KUNIT_EXPECT_TRUE(test, service_at(&l, kt_tick_next_ns(&l.tick, edge), KT_TICK_READY));
	/* And as fast as before. */
	KUNIT_EXPECT_LT(test, kt_tick_next_ns(&l.tick, edge), l.now + MS);
}

/* What the grid does not bring is given when the guest's budget allows it, and not before. */
static void kt_tick_level_test_budget(struct kunit *test)
{
	struct kt_tick_input in = { .period_ns = MS, .edges = 20, .pin = KT_TICK_READY };
	struct kt_tick t;

	kt_tick_init(&t, &defaults, 0, T0);
	in.now = T0 + 20 * MS;
	in.edge_ns = in.now;
	in.budget_ns = in.now + 5 * MS;
	/* On the grid. */
	KUNIT_EXPECT_TRUE(test, kt_tick_service(&t, &in));
	KUNIT_EXPECT_TRUE(test, t.catching);
	in.now = kt_tick_deadline(&t);
	KUNIT_EXPECT_LT(test, in.now, T0 + 21 * MS);
	KUNIT_EXPECT_FALSE(test, kt_tick_service(&t, &in));
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&t), in.budget_ns);
	/* On the grid again. */
	in.now = T0 + 21 * MS;
	in.edge_ns = in.now;
	in.edges++;
	KUNIT_EXPECT_TRUE(test, kt_tick_service(&t, &in));
	in.now = in.budget_ns - 1;
	KUNIT_EXPECT_FALSE(test, kt_tick_service(&t, &in));
	in.now++;
	KUNIT_EXPECT_TRUE(test, kt_tick_service(&t, &in));
	KUNIT_EXPECT_EQ(test, t.stats.delivered, 3ULL);
	check_balance(test, &t);
}

static struct kunit_case kt_tick_level_test_cases[] = {
	KUNIT_CASE(kt_tick_level_test_rates),
	KUNIT_CASE(kt_tick_level_test_by_lag),
	KUNIT_CASE(kt_tick_level_test_holds),
	KUNIT_CASE(kt_tick_level_test_few_looks),
	KUNIT_CASE(kt_tick_level_test_comes_back),
	KUNIT_CASE(kt_tick_level_test_budget),
	{ }
};

static struct kunit_suite kt_tick_level_test_suite = {
	.name		= "kvm_timers-tick_level",
	.test_cases	= kt_tick_level_test_cases,
};

kunit_test_suite(kt_tick_level_test_suite);
