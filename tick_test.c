// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the lost-tick policy: what becomes of a tick.
 */
#include <kunit/test.h>

#include "model.h"
#include "tick.h"
#include "tick_test.h"

static void kt_tick_test_on_time(struct kunit *test)
{
	struct line l;
	int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		start_policy(&l, test, policies[i], MS);
		run_until(&l, T0 + 100 * MS);
		KUNIT_EXPECT_EQ(test, l.count, 100ULL);
		KUNIT_EXPECT_EQ(test, l.min_distance, MS);
		KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 0ULL);
		KUNIT_EXPECT_EQ(test, l.tick.late_us, 0ULL);
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

/* None of them comes beside the grid; by another policy they still may. */
static void kt_tick_test_stall_delay(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	u64 end = T0 + 10 * MS + 5 * SEC + 400 * US;
	struct line l;
	u64 i;

	start_policy(&l, test, DELAY, MS);
	run_until(&l, T0 + 10 * MS);
	reset_line(&l);

	KUNIT_EXPECT_FALSE(test, service_at(&l, end, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 5000ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);
	run_until(&l, end + SEC);
	KUNIT_EXPECT_EQ(test, l.count, 1000ULL);
	KUNIT_EXPECT_EQ(test, l.min_distance, MS);
	KUNIT_EXPECT_EQ(test, l.last, end + SEC - 400 * US);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 5000ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 0ULL);
	/* So late is the guest's tick clock. */
	KUNIT_EXPECT_EQ(test, l.tick.late_us, 5000000ULL);

	/* A debt is a time, as with any policy. */
	change_period(&l, 10 * MS);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 500ULL);
	change_period(&l, MS);

	/* And has the same limit. */
	params.policy = DELAY;
	params.limit_ns = 3 * SEC;
	change_params(&l, &params);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 3000ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.given_up, 2000ULL);

	params.policy = CATCHUP;
	change_params(&l, &params);
	reset_line(&l);
	KUNIT_EXPECT_TRUE(test, service_grid(&l, KT_TICK_READY));
	run_until(&l, end + 5 * SEC);
	KUNIT_EXPECT_EQ(test, l.count, 7000ULL);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);

	/* Late by less than a period is no tick missed: it comes, and so does the next. */
	start_policy(&l, test, DELAY, MS);
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + MS + 700 * US, KT_TICK_READY));
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 2 * MS, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);

	/* Of those within the handler one is given after it, as below; the others are owed. */
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 3 * MS, KT_TICK_SERVED));
	KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 6 * MS, KT_TICK_SERVED));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 3ULL);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + 6 * MS + 300 * US, KT_TICK_READY, 0));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 2ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);

	/* Without a period there is no grid: each is given. */
	start_policy(&l, test, DELAY, MS);
	change_period(&l, 0);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + MS, KT_TICK_READY, 5));
	for (i = 4; i; i--) {
		KUNIT_EXPECT_EQ(test, l.tick.owed, i);
		KUNIT_EXPECT_TRUE(test, service_edges(&l, l.now + 200 * US, KT_TICK_READY, 0));
	}
	KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
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
	/* Asked again after as long as it has taken so far. */
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), l.now + 4 * MS);
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

/* One that comes within the handler waits for its end as in a controller, whatever the policy. */
static void kt_tick_test_served(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	struct line l;
	int i;

	params.threshold_ns = SEC;
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		params.policy = policies[i];
		start(&l, test, &params, MS);
		/* The first of two in a row is taken after it, on hardware and here. */
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + MS, KT_TICK_SERVED));
		KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 2 * MS, KT_TICK_SERVED));
		KUNIT_EXPECT_EQ(test, l.tick.owed, 1ULL);
		KUNIT_EXPECT_NE(test, kt_tick_deadline(&l.tick), KT_NEVER);
		KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + 2 * MS + 300 * US, KT_TICK_READY, 0));
		KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
	}
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
	KUNIT_EXPECT_EQ(test, service_edges(&l, T0 + 13 * MS + 9, KT_TICK_READY, 0),
			owed > 0 && policy != DELAY);
}

static void kt_tick_test_masked(struct kunit *test)
{
	masked(test, CATCHUP, 10, 0, 0);
	masked(test, MERGE, 1, 9, 0);
	masked(test, DISCARD, 0, 0, 10);
	masked(test, DELAY, 10, 0, 0);
}

/* A tick too close to the last one is held, whatever the policy, and not for long. */
static void kt_tick_test_held(struct kunit *test)
{
	struct kt_tick_params params = defaults;
	struct line l;
	int i;

	params.threshold_ns = SEC;
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
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

/* The lateness of the last delivery: 0, 1 us - 1 ns, 1 us, 3 us, 4 us, an hour. */
static void kt_tick_test_lateness(struct kunit *test)
{
	static const u64 late_ns[] = { 0, 999, US, 3 * US, 4 * US, 3600 * SEC };
	static const u64 late_us[] = { 0, 0, 1, 3, 4, 3600000000ULL };
	struct line l;
	int i;

	for (i = 0; i < 6; i++) {
		start_policy(&l, test, MERGE, MS);
		l.now = T0 + MS + late_ns[i];
		KUNIT_EXPECT_TRUE(test, service(&l, KT_TICK_READY, 1, T0 + MS));
		KUNIT_EXPECT_EQ(test, l.tick.late_us, late_us[i]);
	}

	/* What is still owed says how late the guest's tick clock is. */
	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_edges(&l, T0 + 3 * MS, KT_TICK_READY, 3));
	KUNIT_EXPECT_EQ(test, l.tick.late_us, 2000ULL);

	/* Without a delivery it stays what it was; with the next it goes down as the debt does. */
	KUNIT_EXPECT_FALSE(test, service_edges(&l, l.now + 1, KT_TICK_BUSY, 0));
	KUNIT_EXPECT_EQ(test, l.tick.late_us, 2000ULL);
	l.now = kt_tick_deadline(&l.tick);
	KUNIT_EXPECT_TRUE(test, service(&l, KT_TICK_READY, l.tick.seen, l.now));
	KUNIT_EXPECT_EQ(test, l.tick.late_us, 1000ULL);
}

/* Edges that nobody could hear are gone, by every policy; a debt stays, and its time. */
static void kt_tick_test_lose(struct kunit *test)
{
	struct line l;
	u64 deadline;
	int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		start_policy(&l, test, policies[i], MS);
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + MS, KT_TICK_READY));

		kt_tick_lose(&l.tick, 4);
		check_balance(test, &l.tick);
		KUNIT_EXPECT_EQ(test, l.tick.stats.due, 4ULL);
		KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 3ULL);
		KUNIT_EXPECT_EQ(test, l.tick.owed, 0ULL);
		KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);

		/* Nothing twice, nothing back: only the fifth is new to the pin. */
		kt_tick_lose(&l.tick, 4);
		KUNIT_EXPECT_EQ(test, l.tick.stats.due, 4ULL);
		KUNIT_EXPECT_FALSE(test, service_at(&l, T0 + 4 * MS, KT_TICK_READY));
		KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 5 * MS, KT_TICK_READY));
		KUNIT_EXPECT_EQ(test, l.tick.stats.due, 5ULL);
		KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 2ULL);
		KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 0ULL);
	}

	start_policy(&l, test, CATCHUP, MS);
	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 10 * MS, KT_TICK_READY));
	KUNIT_EXPECT_EQ(test, l.tick.owed, 9ULL);
	deadline = kt_tick_deadline(&l.tick);
	kt_tick_lose(&l.tick, 10 + 50);
	check_balance(test, &l.tick);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 9ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.dropped, 50ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), deadline);
}

/* Interrupts that are no ticks: no debt is paid with them, none is made. */
static void kt_tick_test_pass(struct kunit *test)
{
	struct line l;
	u64 deadline;

	start_policy(&l, test, CATCHUP, MS);
	kt_tick_pass(&l.tick, 3);
	check_balance(test, &l.tick);
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, 3ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 3ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), KT_NEVER);

	KUNIT_EXPECT_TRUE(test, service_at(&l, T0 + 10 * MS, KT_TICK_READY));
	deadline = kt_tick_deadline(&l.tick);
	kt_tick_pass(&l.tick, 2);
	check_balance(test, &l.tick);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 9ULL);
	KUNIT_EXPECT_EQ(test, l.tick.late_us, 9000ULL);
	KUNIT_EXPECT_EQ(test, kt_tick_deadline(&l.tick), deadline);
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, 15ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.delivered, 6ULL);

	kt_tick_merge(&l.tick, 2);
	check_balance(test, &l.tick);
	KUNIT_EXPECT_EQ(test, l.tick.owed, 9ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.due, 17ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.merged, 2ULL);
	KUNIT_EXPECT_EQ(test, l.tick.stats.coalesced, 2ULL);
}

static struct kunit_case kt_tick_test_cases[] = {
	KUNIT_CASE(kt_tick_test_on_time),
	KUNIT_CASE(kt_tick_test_stall_catchup),
	KUNIT_CASE(kt_tick_test_stall_other),
	KUNIT_CASE(kt_tick_test_stall_delay),
	KUNIT_CASE(kt_tick_test_busy_latch),
	KUNIT_CASE(kt_tick_test_served),
	KUNIT_CASE(kt_tick_test_masked),
	KUNIT_CASE(kt_tick_test_held),
	KUNIT_CASE(kt_tick_test_lateness),
	KUNIT_CASE(kt_tick_test_lose),
	KUNIT_CASE(kt_tick_test_pass),
	{ }
};

static struct kunit_suite kt_tick_test_suite = {
	.name		= "kvm_timers-tick",
	.test_cases	= kt_tick_test_cases,
};

kunit_test_suite(kt_tick_test_suite);
