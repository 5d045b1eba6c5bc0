// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all timers of a guest may give together when they catch up. Pure, as the models are.
 *
 * Each timer's own rate bounds its own catch-up; several of them at once are too much for a guest.
 * So there is one budget, of which each interrupt takes its part while anybody catches up. What
 * the guest has programmed comes in any case. What is owed waits until the rest allows it, and
 * then the oldest is the first: a timer that had to wait leaves a claim, and whoever owes
 * something younger gives way to that. One claim is enough, the oldest, so that all of this is
 * O(1) for any number of timers.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "arbiter.h"

#define NS_PER_SEC	1000000000ULL

/* Interrupts that come beyond the budget leave each sixteenth one for what is owed. */
#define MAX_DELAY	16

/* What nobody could take in time is kept, that much of it. */
#define MAX_SAVED	8

/* A claimant is given that much time to come. If its vCPU is away others go on. */
#define GRACE_NS	1000000ULL

/* Without a catch-up for so long nobody is charged. */
#define ACTIVE_NS	100000000ULL

static u64 longest_delay(const struct kt_arbiter *a)
{
	return MAX_DELAY * a->interval_ns;
}

/* The guest's clock may have been set back. */
static bool has_claim(const struct kt_arbiter *a, u64 now)
{
	return a->claimant && now < a->until_ns && a->since_ns <= now;
}

static u64 free_ns(const struct kt_arbiter *a, u64 now)
{
	return min(a->free_ns, now + longest_delay(a));
}

/**
 * kt_arbiter_init() - nobody has had anything, and nobody waits
 * @a:		the arbiter
 *
 * Context: Any.
 */
void kt_arbiter_init(struct kt_arbiter *a)
{
	memset(a, 0, sizeof(*a));
}

/**
 * kt_arbiter_set_rate() - set the budget
 * @a:		the arbiter
 * @rate_hz:	interrupts in a second, 0: no bound
 *
 * Context: Any; the caller serializes calls.
 */
void kt_arbiter_set_rate(struct kt_arbiter *a, u64 rate_hz)
{
	a->interval_ns = rate_hz ? div64_u64(NS_PER_SEC, rate_hz) : 0;
}

/**
 * kt_arbiter_ask() - from when on one may be given that the grid does not bring
 * @a:		the arbiter
 * @who:	a number of the timer, not 0
 * @oldest_ns:	when the oldest that it owes fell due
 * @now:	guest time, ns
 *
 * Context: Any; the caller serializes calls.
 * Return: guest time, ns: @now or earlier if at once. What comes later may be asked again.
 */
u64 kt_arbiter_ask(const struct kt_arbiter *a, u64 who, u64 oldest_ns, u64 now)
{
	u64 free = free_ns(a, now);

	if (!a->interval_ns)
		return 0;
	if (!has_claim(a, now))
		return free;
	/* What leaves one for that. */
	if (a->claimant != who && a->oldest_ns <= oldest_ns)
		return free + a->interval_ns;
	return min(free, a->since_ns + longest_delay(a));
}

/**
 * kt_arbiter_wait() - one is not given because of what kt_arbiter_ask() said
 * @a:		the arbiter
 * @who:	the timer
 * @oldest_ns:	when the oldest that it owes fell due
 * @from_ns:	what kt_arbiter_ask() said: then it comes again
 * @now:	guest time, ns
 *
 * Context: Any; the caller serializes calls.
 */
void kt_arbiter_wait(struct kt_arbiter *a, u64 who, u64 oldest_ns, u64 from_ns, u64 now)
{
	bool has = has_claim(a, now);

	a->waits++;
	if (has && a->claimant != who && a->oldest_ns <= oldest_ns)
		return;

	if (!has)
		a->since_ns = now;
	a->claimant = who;
	a->oldest_ns = oldest_ns;
	a->until_ns = from_ns + GRACE_NS;
}

/**
 * kt_arbiter_charge() - an interrupt is given
 * @a:		the arbiter
 * @who:	the timer
 * @on_grid:	it is one that the guest has programmed; else it is what kt_arbiter_ask() was about
 * @oldest_ns:	when the oldest that it owes now fell due, @now: it owes nothing
 * @now:	guest time, ns
 *
 * A claimant that owes more comes again, and is the first still.
 *
 * Context: Any; the caller serializes calls.
 */
void kt_arbiter_charge(struct kt_arbiter *a, u64 who, bool on_grid, u64 oldest_ns, u64 now)
{
	u64 saved_ns = min(now, MAX_SAVED * a->interval_ns);

	a->free_ns = min(max(free_ns(a, now), now - saved_ns) + a->interval_ns,
			 now + longest_delay(a));
	if (on_grid || a->claimant != who)
		return;

	a->claimant = oldest_ns < now ? who : 0;
	a->oldest_ns = oldest_ns;
	a->since_ns = now;
	a->until_ns = now + GRACE_NS;
}

/**
 * kt_arbiter_stay_active() - a catch-up is in progress
 * @a:		the arbiter
 * @now:	guest time, ns
 *
 * Context: Any; the caller serializes calls.
 */
void kt_arbiter_stay_active(struct kt_arbiter *a, u64 now)
{
	a->active_ns = now + ACTIVE_NS;
}
