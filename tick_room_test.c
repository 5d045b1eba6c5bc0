// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the lost-tick policy: a guest that is slower than its ticks gets on.
 */
#include <kunit/test.h>

#include "model.h"
#include "tick.h"
#include "tick_test.h"

#define SPAN	(10 * SEC)

/*
 * A guest whose handler takes @cost_ns. It is done with it at @end_ns, and then takes the next
 * one at once if that has come meanwhile.
 */
struct handler {
	u64	cost_ns;
	u64	end_ns;
	bool	serving;
	bool	requested;
	u64	own_ns;
	u64	taken;
};

static enum kt_tick_pin pin_of(const struct handler *h)
{
	if (h->requested)
		return KT_TICK_BUSY;

	return h->serving ? KT_TICK_SERVED : KT_TICK_READY;
}

static void take(struct handler *h, u64 now)
{
	h->serving = true;
	h->end_ns = now + h->cost_ns;
	h->taken++;
}

/* Go from event to event. @tells: the end of an interrupt is one. */
static void run_handler(struct line *l, struct handler *h, u64 end, bool tells)
{
	u64 edge, next;

	while (l->now < end) {
		edge = T0 + (div64_u64(l->now - T0, l->period) + 1) * l->period;
		next = min3(edge, max(kt_tick_deadline(&l->tick), l->now + 1), end);
		if (h->serving)
			next = min(next, h->end_ns);
		else
			h->own_ns += next - l->now;
		l->now = next;

		if (h->serving && l->now == h->end_ns) {
			h->serving = false;
			if (h->requested)
				take(h, l->now);
			h->requested = false;
			if (!tells)
				continue;
		}
		if (!service_grid(l, pin_of(h)))
			continue;
		KUNIT_ASSERT_FALSE(l->test, h->requested);
		if (h->serving)
			h->requested = true;
		else
			take(h, l->now);
	}
}

/* A period, what a tick costs, and whether the end of an interrupt is told. */
static const struct {
	u64	period_ns;
	u64	cost_ns;
	bool	tells;
} slow_guests[] = {
	{ MS,		1500 * US,	true },
	{ MS,		1500 * US,	false },
	{ MS,		5 * MS,		true },
	{ MS,		5 * MS,		false },
	{ 122 * US,	1900 * US,	true },
	{ 122 * US,	1900 * US,	false },
	{ 122 * US,	210 * US,	true },
};

/* A guest that takes its ticks late, or one for many, has a third of the time for itself. */
static void kt_tick_room_test_slow_guest(struct kunit *test)
{
	unsigned int i, j;
	struct handler h;
	struct line l;

	for (i = 0; i < ARRAY_SIZE(slow_guests); i++) {
		for (j = 0; j < ARRAY_SIZE(policies); j++) {
			h = (struct handler){ .cost_ns = slow_guests[i].cost_ns };
			start_policy(&l, test, policies[j], slow_guests[i].period_ns);
			run_handler(&l, &h, T0 + SPAN, slow_guests[i].tells);
			KUNIT_EXPECT_GE_MSG(test, h.own_ns, SPAN / 4, "guest %u, policy %u", i, j);
			KUNIT_EXPECT_LE_MSG(test, h.own_ns, SPAN / 2, "guest %u, policy %u", i, j);
		}
	}
}

/* One that can take them is not held up: all ticks, and each on the grid. */
static void kt_tick_room_test_quick_guest(struct kunit *test)
{
	struct handler h = { .cost_ns = 900 * US };
	struct line l;

	start_policy(&l, test, CATCHUP, MS);
	run_handler(&l, &h, T0 + SPAN, true);
	KUNIT_EXPECT_EQ(test, h.taken, div64_u64(SPAN, MS));
	KUNIT_EXPECT_EQ(test, l.tick.stats.caught_up, 0ULL);
}

static struct kunit_case kt_tick_room_test_cases[] = {
	KUNIT_CASE(kt_tick_room_test_slow_guest),
	KUNIT_CASE(kt_tick_room_test_quick_guest),
	{ }
};

static struct kunit_suite kt_tick_room_test_suite = {
	.name		= "kvm_timers-tick_room",
	.test_cases	= kt_tick_room_test_cases,
};

kunit_test_suite(kt_tick_room_test_suite);
