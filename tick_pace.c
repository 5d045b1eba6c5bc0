// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far behind a guest is, and how fast it is given what it is owed. Pure, as the models are.
 */
#include <linux/minmax.h>

#include "model.h"
#include "tick_pace.h"

/* The fastest rate has to be faster than the grid, or a catch-up never ends. */
#define MIN_RATE_PCT	101U

/*
 * Levels of a catch-up: each begins at a lag, and the last one is as fast as is allowed. It goes
 * up at once, and down a quarter, and a tick, below where the level begins: not up and down with
 * each tick.
 */
static const struct {
	u64	from_ns;
	u32	rate_pct;
} levels[KVM_TIMERS_CATCHUP_LEVELS] = {
	{ 0,			105 },
	{ 1500000ULL,		110 },
	{ 8000000ULL,		125 },
	{ 30000000ULL,		150 },
	{ 75000000ULL,		175 },
	{ 175000000ULL,		200 },
	{ 500000000ULL,		300 },
	{ 3000000000ULL,	U32_MAX },
};

static bool is_below(const struct kt_tick *t, u64 lag_ns)
{
	u64 from_ns = levels[t->level].from_ns;

	return lag_ns < from_ns - from_ns / 4 && kt_tick_pace_add(lag_ns, kt_tick_pace_period(t)) < from_ns;
}

/**
 * kt_tick_pace_set_level() - set the level of a catch-up by what is owed
 * @t:		the account
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_pace_set_level(struct kt_tick *t)
{
	u64 lag_ns;

	if (!t->catching) {
		t->level = 0;
		return;
	}
	lag_ns = kt_tick_pace_lag(t, t->owed);
	while (t->level + 1 < KVM_TIMERS_CATCHUP_LEVELS && lag_ns >= levels[t->level + 1].from_ns)
		t->level++;
	while (is_below(t, lag_ns))
		t->level--;
}

static u32 catchup_rate_pct(const struct kt_tick *t)
{
	return max(min(levels[t->level].rate_pct, t->params.max_rate_pct), MIN_RATE_PCT);
}

/**
 * kt_tick_pace_spacing() - least distance between the last injection and the next
 * @t:		the account
 *
 * Context: Any; the caller serializes calls.
 * Return: ns.
 */
u64 kt_tick_pace_spacing(const struct kt_tick *t)
{
	u64 interval = 0;

	if (t->catching)
		interval = kt_model_scale(kt_tick_pace_period(t), 100, catchup_rate_pct(t));

	return max(t->params.min_interval_ns, interval);
}

/**
 * kt_tick_pace_slot() - when that distance is kept
 * @t:		the account
 *
 * Context: Any; the caller serializes calls.
 * Return: guest time, ns.
 */
u64 kt_tick_pace_slot(const struct kt_tick *t)
{
	return t->injected ? kt_tick_pace_add(t->last_ns, kt_tick_pace_spacing(t)) : 0;
}

/**
 * kt_tick_pace_earliest() - when that distance is kept, and the guest has had its room
 * @t:		the account
 *
 * Context: Any; the caller serializes calls.
 * Return: guest time, ns.
 */
u64 kt_tick_pace_earliest(const struct kt_tick *t)
{
	return max(kt_tick_pace_slot(t), t->room_ns);
}

/**
 * kt_tick_deadline() - when the next owed interrupt may be injected
 * @t:		account
 *
 * The model's own deadline, when the next edge comes, is not in it.
 *
 * Context: Any; the caller serializes calls.
 * Return: guest time in ns, which may be past; KT_NEVER if nothing is promised, or
 * if the pin was masked at the last call: then the unmasking has to call
 * kt_tick_service().
 */
u64 kt_tick_deadline(const struct kt_tick *t)
{
	if (!kt_tick_is_promised(t))
		return KT_NEVER;

	return max3(kt_tick_pace_earliest(t), t->retry_ns, t->catching ? t->budget_ns : 0);
}

/**
 * kt_tick_next_ns() - when there is something to do
 * @t:		the account
 * @edge_ns:	when the model's next edge comes, KT_NEVER: none
 *
 * In a catch-up edges are seen when the next one can be given. To look at each would hold that up,
 * as there is a shortest time between two looks, too: where it is little faster than the grid it
 * would be a look too late for each edge, for ever. But a guest that did not take what it was given is
 * looked at with each edge, unless an event tells when it does: it may have come back long before the
 * next try.
 *
 * Context: Any; the caller serializes calls.
 * Return: guest time in ns, which may be past; KT_NEVER: nothing.
 */
u64 kt_tick_next_ns(const struct kt_tick *t, u64 edge_ns)
{
	bool tries = t->retry_ns && t->retry_ns != KT_NEVER;
	u64 deadline_ns = kt_tick_deadline(t);

	if (!t->catching || t->budget_ns || tries || edge_ns == KT_NEVER)
		return min(edge_ns, deadline_ns);
	if (!t->owed)
		return max(edge_ns, kt_tick_pace_earliest(t));

	return deadline_ns == KT_NEVER ? edge_ns : deadline_ns;
}

/**
 * kt_tick_catchup_pct() - rate of the catch-up in progress
 * @t:		the account
 *
 * Context: Any; the caller serializes calls.
 * Return: percent of the programmed rate, 0: there is none in progress.
 */
u32 kt_tick_catchup_pct(const struct kt_tick *t)
{
	return t->catching ? catchup_rate_pct(t) : 0;
}

/**
 * kt_tick_oldest_ns() - when the oldest of what is owed fell due
 * @t:		the account
 * @now:	guest time, ns
 *
 * Context: Any. A look without the lock of @t is out of date at once.
 * Return: guest time, ns; @now if nothing is owed.
 */
u64 kt_tick_oldest_ns(const struct kt_tick *t, u64 now)
{
	return now - min(now, kt_tick_pace_lag(t, t->owed));
}
