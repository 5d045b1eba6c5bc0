// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several timers of a guest catch up at once.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "arbiter.h"
#include "tick.h"

#define US	1000ULL
#define MS	1000000ULL
#define SEC	1000000000ULL

#define T0	(77 * SEC + 13)
#define NR	4

/* Of the budget, from before. */
#define SAVED	8

/* Timers with one budget, served as the glue does it. */
struct bench {
	struct kunit	*test;
	struct kt_arbiter arbiter;
	struct kt_tick	tick[NR];
	u64		period[NR];
	u64		given[NR];
	u64		now;
	bool		away[NR];
};

static void start(struct bench *b, struct kunit *test, u64 rate_hz, u32 max_rate_pct)
{
	static const u64 periods[NR] = { MS, 976562, 2 * MS, 4 * MS };
	struct kt_tick_params params = {
		.policy			= KVM_TIMERS_POLICY_CATCHUP,
		.max_rate_pct		= max_rate_pct,
		.limit_ns		= 60 * SEC,
		.min_interval_ns	= 100 * US,
	};
	unsigned int i;

	*b = (struct bench){ .test = test, .now = T0 };
	kt_arbiter_init(&b->arbiter);
	kt_arbiter_set_rate(&b->arbiter, rate_hz);
	for (i = 0; i < NR; i++) {
		b->period[i] = periods[i];
		kt_tick_init(&b->tick[i], &params, 0, T0);
	}
}

static u64 edges(const struct bench *b, unsigned int i)
{
	return div64_u64(b->now - T0, b->period[i]);
}

static void service(struct bench *b, unsigned int i)
{
	struct kt_tick *t = &b->tick[i];
	struct kt_tick_input in = {
		.now		= b->now,
		.edges		= edges(b, i),
		.period_ns	= b->period[i],
		.edge_ns	= T0 + edges(b, i) * b->period[i],
		.pin		= KT_TICK_READY,
	};
	u64 oldest_ns = kt_tick_oldest_ns(t, b->now);
	bool on_grid = t->on_grid || in.edges != t->seen;

	in.budget_ns = kt_arbiter_ask(&b->arbiter, i + 1, oldest_ns, b->now);
	if (kt_tick_service(t, &in)) {
		b->given[i]++;
		kt_arbiter_charge(&b->arbiter, i + 1, on_grid, kt_tick_oldest_ns(t, b->now),
				  b->now);
	} else if (t->budget_ns) {
		kt_arbiter_wait(&b->arbiter, i + 1, oldest_ns, t->budget_ns, b->now);
	}
}

static u64 next(const struct bench *b, unsigned int i)
{
	if (b->away[i])
		return U64_MAX;
	return min(T0 + (edges(b, i) + 1) * b->period[i], kt_tick_deadline(&b->tick[i]));
}

/* From event to event; what is due at once is served in any order. */
static void run_until(struct bench *b, u64 end)
{
	unsigned int i;
	u64 at;

	while (b->now < end) {
		for (at = end, i = 0; i < NR; i++)
			at = min(at, next(b, i));
		KUNIT_ASSERT_GT(b->test, at, b->now);
		b->now = at;
		for (i = NR; i--; )
			if (!b->away[i])
				service(b, i);
	}
}

static u64 sum(const u64 *counts)
{
	return counts[0] + counts[1] + counts[2] + counts[3];
}

static u64 lag_ns(const struct bench *b, unsigned int i)
{
	return b->tick[i].owed * b->period[i];
}

/* The guest was away, for each timer as long as @away_ns says. */
static void stall(struct bench *b, const u64 *away_ns)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		b->away[i] = true;
	for (i = NR; i--; ) {
		run_until(b, b->now + away_ns[i] - (i + 1 < NR ? away_ns[i + 1] : 0));
		b->tick[i].seen = 0;
	}
	for (i = 0; i < NR; i++) {
		/* What was given until then. */
		b->tick[i].seen = edges(b, i) - div64_u64(away_ns[i], b->period[i]);
		b->away[i] = false;
	}
}

static const u64 even[NR] = { SEC, SEC, SEC, SEC };

/* All together give no more than the budget, and what they owe is given in the end. */
static void kt_arbiter_test_bounds_the_sum(struct kunit *test)
{
	u64 before, rate_hz = 3000;
	struct bench b;
	unsigned int i;

	start(&b, test, rate_hz, 400);
	stall(&b, even);
	for (i = 0; i < 1500; i++) {
		before = sum(b.given);
		run_until(&b, b.now + 10 * MS);
		/* The grid may have brought one of each just then; and what was saved. */
		KUNIT_ASSERT_LE(test, sum(b.given) - before, div64_u64(rate_hz, 100) + NR + SAVED);
	}
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, b.tick[i].owed, 0ULL);
	KUNIT_EXPECT_GT(test, b.arbiter.waits, 0ULL);
}

/* Without that they would give more. */
static void kt_arbiter_test_without(struct kunit *test)
{
	u64 before;
	struct bench b;

	start(&b, test, 0, 400);
	stall(&b, even);
	before = sum(b.given);
	run_until(&b, b.now + 100 * MS);
	KUNIT_EXPECT_GT(test, sum(b.given) - before, 600ULL);
	KUNIT_EXPECT_EQ(test, b.arbiter.waits, 0ULL);
}

/* The one that is behind the most has all that there is until it is no more behind than others. */
static void kt_arbiter_test_oldest_first(struct kunit *test)
{
	static const u64 away[NR] = { 2 * SEC, 1500 * MS, 1100 * MS, SEC };
	unsigned int i, j, worst;
	u64 before[NR], lag;
	struct bench b;

	start(&b, test, 2800, 1000);
	stall(&b, away);
	/* The first of each is on the grid. */
	run_until(&b, b.now + 20 * MS);
	for (i = 0; i < 200; i++) {
		for (worst = 0, j = 0; j < NR; j++) {
			before[j] = b.given[j];
			if (lag_ns(&b, j) > lag_ns(&b, worst))
				worst = j;
		}
		lag = lag_ns(&b, worst);
		run_until(&b, b.now + 20 * MS);
		for (j = 0; j < NR; j++) {
			/* Far from the oldest: nothing but the grid. */
			if (lag_ns(&b, j) + 60 * MS < lag_ns(&b, worst))
				KUNIT_ASSERT_LE(test, b.given[j] - before[j],
						div64_u64(20 * MS, b.period[j]) + 2);
		}
		KUNIT_ASSERT_LT(test, lag_ns(&b, worst), lag + 1);
	}
	/* They have met. */
	for (j = 0; j < NR; j++)
		KUNIT_EXPECT_LE(test, lag_ns(&b, j), 30 * MS + lag_ns(&b, worst));
}

/* All that has been saved, and one. */
static void spend(struct kt_arbiter *a, u64 now)
{
	unsigned int i;

	for (i = 0; i <= SAVED; i++)
		kt_arbiter_charge(a, 1, true, now, now);
}

/* A claimant whose vCPU is away keeps the others for no longer than the grace. */
static void kt_arbiter_test_absent_claimant(struct kunit *test)
{
	struct kt_arbiter a;
	u64 now = T0, from;

	kt_arbiter_init(&a);
	kt_arbiter_set_rate(&a, 1000);
	spend(&a, now);
	from = kt_arbiter_ask(&a, 2, now - SEC, now);
	KUNIT_EXPECT_EQ(test, from, now + MS);
	kt_arbiter_wait(&a, 2, now - SEC, from, now);
	/* Younger, and older. */
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - SEC + 1, now), now + 2 * MS);
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - SEC - 1, now), now + MS);
	now += 2 * MS - 1;
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - 1, now), T0 + 2 * MS);
	now++;
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - 1, now), T0 + MS);
}

/* One that has been given its own is the first still, as long as it owes. */
static void kt_arbiter_test_keeps_its_claim(struct kunit *test)
{
	struct kt_arbiter a;
	u64 now = T0;

	kt_arbiter_init(&a);
	kt_arbiter_set_rate(&a, 1000);
	spend(&a, now);
	kt_arbiter_wait(&a, 2, now - SEC, now + MS, now);
	now += MS;
	kt_arbiter_charge(&a, 2, false, now - SEC, now);
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 2, now - SEC, now), now + MS);
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - 1, now), now + 2 * MS);
	/* The last one. */
	kt_arbiter_charge(&a, 2, false, now, now);
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - 1, now), now + 2 * MS);
	KUNIT_EXPECT_EQ(test, kt_arbiter_ask(&a, 3, now - 1, now + MS), now + 2 * MS);
}

/* Where the grid alone takes the whole budget, a part of it is left for what is owed. */
static void kt_arbiter_test_no_starving(struct kunit *test)
{
	static const u64 away[NR] = { 500 * MS, 500 * MS, 500 * MS, 500 * MS };
	struct bench b;
	unsigned int i;

	start(&b, test, 1000, 400);
	stall(&b, away);
	run_until(&b, b.now + 60 * SEC);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, b.tick[i].owed, 0ULL);
	/* And the grid has come whole. */
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, b.tick[i].stats.given_up, 0ULL);
}

/* A guest clock that is set back leaves nobody waiting. */
static void kt_arbiter_test_set_back(struct kunit *test)
{
	struct kt_arbiter a;

	kt_arbiter_init(&a);
	kt_arbiter_set_rate(&a, 1000);
	kt_arbiter_charge(&a, 1, true, T0, T0);
	kt_arbiter_wait(&a, 2, T0 - SEC, T0 + MS, T0);
	KUNIT_EXPECT_LE(test, kt_arbiter_ask(&a, 3, 0, SEC), SEC + 16 * MS);
	kt_arbiter_charge(&a, 3, true, SEC, SEC);
	KUNIT_EXPECT_LE(test, kt_arbiter_ask(&a, 3, 0, SEC), SEC + 16 * MS);
}

static struct kunit_case kt_arbiter_test_cases[] = {
	KUNIT_CASE(kt_arbiter_test_bounds_the_sum),
	KUNIT_CASE(kt_arbiter_test_without),
	KUNIT_CASE(kt_arbiter_test_oldest_first),
	KUNIT_CASE(kt_arbiter_test_absent_claimant),
	KUNIT_CASE(kt_arbiter_test_keeps_its_claim),
	KUNIT_CASE(kt_arbiter_test_no_starving),
	KUNIT_CASE(kt_arbiter_test_set_back),
	{ }
};

static struct kunit_suite kt_arbiter_test_suite = {
	.name		= "kvm_timers-arbiter",
	.test_cases	= kt_arbiter_test_cases,
};

kunit_test_suite(kt_arbiter_test_suite);
