// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost-tick policy: edges in, interrupts owed out. Pure, as the models are.
 *
 * What a device owes its guest is a count, never a list: each call is O(1),
 * whatever the gap. Of the count at most one is @held: it came in time, but too
 * close to the one before it. The rest is debt: it has a lag, which the
 * threshold, the limit and the rate of a catch-up are about. The policies merge
 * and discard, and the others with a period that the shortest interval swallows,
 * never owe more than the one held. By delay each edge of a periodic device gives
 * one, and the debt waits: for the guest to be behind by so much, or for another
 * policy.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "model.h"
#include "tick_pace.h"

/* No sum of a few debts overflows. */
#define MAX_DEBT	(U64_MAX >> 2)

/* A blocked pin is not polled faster than this, whatever the parameters. */
#define MIN_RETRY_NS	1000ULL

/* What a guest that is too slow for its ticks is left to itself, at most. */
#define MAX_ROOM_NS	10000000ULL

static bool owes_one_at_most(const struct kt_tick *t)
{
	return (t->params.policy != KVM_TIMERS_POLICY_CATCHUP &&
		t->params.policy != KVM_TIMERS_POLICY_DELAY) || kt_tick_pace_is_short(t);
}

/* One-shot edges have no grid to stay on: what is owed of them is given. */
static bool stays_behind(const struct kt_tick *t)
{
	return t->params.policy == KVM_TIMERS_POLICY_DELAY && t->period_ns && !kt_tick_pace_is_short(t);
}

/* The next one that is given is the next one on the grid. */
static bool skips_missed(const struct kt_tick *t)
{
	return t->params.policy == KVM_TIMERS_POLICY_DISCARD || stays_behind(t);
}

/*
 * One on the grid may come within the handler of the one before, as on hardware. What is owed
 * waits for its end, and so does the next one on the grid: the guest would be left no time for
 * anything else.
 */
static bool is_patient(const struct kt_tick *t)
{
	return kt_tick_is_promised(t) || kt_tick_pace_is_short(t) || t->within || t->crowded;
}

/*
 * The guest is done with the last interrupt. If that was after the time of the next one, twice
 * in a row, it does nothing but take ticks: leave it half the time that this one took it.
 */
static void make_room(struct kt_tick *t, u64 now)
{
	if (t->blocked && kt_tick_is_promised(t) && now >= kt_tick_pace_slot(t)) {
		if (t->crowded && !t->overrun)
			t->room_ns = kt_tick_pace_add(now, min((now - t->last_ns) / 2, MAX_ROOM_NS));
		t->overrun = true;
	}
	t->blocked = false;
}

static u64 max_debt(const struct kt_tick *t)
{
	u64 period = kt_tick_pace_period(t);

	return period ? min(div64_u64(t->params.limit_ns, period), MAX_DEBT) : MAX_DEBT;
}

static void apply_bounds(struct kt_tick *t)
{
	u64 debt, max;

	if (owes_one_at_most(t)) {
		u64 surplus = t->owed > 1 ? t->owed - 1 : 0;

		if (t->params.policy == KVM_TIMERS_POLICY_MERGE)
			t->stats.merged += surplus;
		else
			t->stats.dropped += surplus;
		t->owed -= surplus;
		t->held = t->owed;
		t->catching = false;
		return;
	}

	/* A limit below the threshold starts a catch-up too: no debt stays at it for ever. */
	debt = t->owed - t->held;
	if (stays_behind(t))
		t->catching = false;
	else if (debt && (debt > max_debt(t) || kt_tick_pace_lag(t, debt) >= t->params.threshold_ns))
		t->catching = true;
	if (t->catching)
		t->held = false;

	debt = t->owed - t->held;
	max = debt ? max_debt(t) : 0;
	if (debt > max) {
		t->stats.given_up += debt - max;
		t->owed -= debt - max;
	}
}

/* Apply all bounds to what is owed, after any change of it or of the bounds. */
static void settle(struct kt_tick *t)
{
	apply_bounds(t);
	kt_tick_pace_set_level(t);
}

static void owe(struct kt_tick *t, u64 ticks)
{
	u64 taken = min(ticks, MAX_DEBT);

	t->stats.given_up += ticks - taken;
	t->owed += taken;
	settle(t);
}

/*
 * A debt is a time that the guest's tick clock is behind: keep that. The
 * product fits: the limit bounds it.
 */
static void set_period(struct kt_tick *t, u64 period_ns)
{
	u64 debt, rescaled;

	if (period_ns == KT_NEVER || period_ns == t->period_ns)
		return;

	if (!period_ns || !t->period_ns) {
		kt_tick_forgive(t);
	} else {
		debt = t->owed - t->held;
		rescaled = min(div64_u64(kt_tick_pace_mul(debt, t->period_ns), period_ns), MAX_DEBT);
		t->stats.rescaled = (s64)((u64)t->stats.rescaled + rescaled - debt);
		t->owed = rescaled + t->held;
	}
	t->period_ns = period_ns;
	settle(t);
}

/* The pin is masked. One edge is what hardware loses as well; more are a late host. */
static void miss_masked(struct kt_tick *t, u64 ticks)
{
	if (ticks == 1 || t->params.policy == KVM_TIMERS_POLICY_DISCARD)
		t->stats.dropped += ticks;
	else if (ticks)
		owe(t, ticks);

	/* Time will not unmask it. */
	t->retry_ns = KT_NEVER;
}

/* The guest has not taken the one before, which for merge stands for these. */
static void miss_busy(struct kt_tick *t, u64 ticks)
{
	t->stats.coalesced += ticks;

	switch (t->params.policy) {
	case KVM_TIMERS_POLICY_CATCHUP:
	case KVM_TIMERS_POLICY_DELAY:
		owe(t, ticks);
		break;
	case KVM_TIMERS_POLICY_DISCARD:
		t->stats.dropped += ticks;
		break;
	default:
		t->stats.merged += ticks;
		break;
	}
	t->blocked = kt_tick_is_promised(t);
}

/* To look whether a guest is done takes its time: the longer it takes, the less often. */
static u64 retry_interval(const struct kt_tick *t, u64 now)
{
	return max3(kt_tick_pace_spacing(t), MIN_RETRY_NS, min(now - t->last_ns, MAX_ROOM_NS));
}

/*
 * The guest is still at the one before, and nothing is requested: whatever the policy, one of
 * these waits here as it would in a controller.
 */
static void miss_served(struct kt_tick *t, u64 ticks)
{
	if (ticks) {
		owe(t, ticks - 1);
		t->owed++;
		t->held = true;
		settle(t);
	}
	t->blocked = kt_tick_is_promised(t);
}

/* A period below the bound brings several edges at a time to a host in time. */
static bool host_was_late(const struct kt_tick *t, u64 ticks)
{
	u64 period = kt_tick_pace_period(t);

	return ticks > 1 && kt_tick_pace_mul(ticks - 1, period) >= max(period, t->params.min_interval_ns);
}

static void count_delivery(struct kt_tick *t, const struct kt_tick_input *in)
{
	u64 late_ns = in->now > in->edge_ns ? in->now - in->edge_ns : 0;

	if (t->owed)
		late_ns = kt_tick_pace_add(late_ns, kt_tick_pace_lag(t, t->owed));
	t->late_us = div_u64(late_ns, 1000);
	t->stats.delivered++;
}

/* Since the last call. */
static void count_time(struct kt_tick *t, u64 now)
{
	if (t->catching && now > t->served_ns)
		t->catchup_ns[t->level] += now - t->served_ns;
	t->served_ns = now;
}

/* The pin takes one: decide whether it gets one now. */
static bool deliver(struct kt_tick *t, const struct kt_tick_input *in, u64 ticks)
{
	bool on_time = ticks == 1 && !kt_tick_is_promised(t);
	bool due, ok;

	make_room(t, in->now);
	if (skips_missed(t) && host_was_late(t, ticks)) {
		if (stays_behind(t))
			owe(t, ticks);
		else
			t->stats.dropped += ticks;
		ticks = 0;
	}

	/* All but the newest are debt; that one is due on the grid, now. */
	due = ticks;
	if (due) {
		if (ticks > 1)
			owe(t, ticks - 1);
		t->owed++;
		kt_tick_pace_set_level(t);
	}
	if (owes_one_at_most(t)) {
		settle(t);
		due = false;
	}

	ok = (due || kt_tick_is_promised(t)) && in->now >= kt_tick_pace_earliest(t);
	/* The grid has its own; what a catch-up adds to that is within the budget. */
	if (ok && !t->on_grid && t->catching && in->now < in->budget_ns) {
		t->budget_ns = in->budget_ns;
		ok = false;
	}
	if (!t->catching)
		t->held = ok ? due && t->held : due || t->held;
	if (ok) {
		t->owed--;
		/* Nothing was owed, and it came no earlier than its edge: back on the grid. */
		if (on_time)
			t->catching = false;
		else
			t->stats.caught_up++;
		t->last_ns = in->now;
		t->injected = true;
		t->on_grid = false;
		t->within = in->pin != KT_TICK_READY;
		t->crowded = t->overrun;
		t->overrun = false;
	}
	settle(t);
	if (ok)
		count_delivery(t, in);

	t->retry_ns = 0;
	return ok;
}

/**
 * kt_tick_init() - open an account
 * @t:		account
 * @params:	bounds and policy
 * @edges:	edges of the model so far: none of them is owed
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_tick_init(struct kt_tick *t, const struct kt_tick_params *params,
		  u64 edges, u64 now)
{
	memset(t, 0, sizeof(*t));
	t->params = *params;
	t->seen = edges;
	t->last_ns = now;
}

/**
 * kt_tick_service() - account new edges and decide about one interrupt
 * @t:		account
 * @in:		what is known now
 *
 * May be called at any time and as often as one likes: without a new edge, and
 * before kt_tick_deadline(), it does nothing. A change of the pin that makes it
 * take an interrupt again is worth a call.
 *
 * Context: Any; the caller serializes calls.
 * Return: true if exactly one interrupt is to be injected now.
 */
bool kt_tick_service(struct kt_tick *t, const struct kt_tick_input *in)
{
	u64 ticks = in->edges > t->seen ? in->edges - t->seen : 0;

	count_time(t, in->now);
	t->seen = in->edges;
	t->stats.due += ticks;
	t->budget_ns = 0;

	/* A guest clock that was set back must not silence the device until it is past. */
	t->last_ns = min(t->last_ns, in->now);
	t->room_ns = min(t->room_ns, kt_tick_pace_add(in->now, MAX_ROOM_NS));
	set_period(t, in->period_ns);
	t->on_grid = t->on_grid || ticks;

	switch (in->pin) {
	case KT_TICK_MASKED:
		miss_masked(t, ticks);
		return false;
	case KT_TICK_BUSY:
		miss_busy(t, ticks);
		t->retry_ns = kt_tick_pace_add(in->now, retry_interval(t, in->now));
		return false;
	case KT_TICK_LATCHED:
		miss_busy(t, ticks);
		/* Time will not unmask it. */
		t->retry_ns = KT_NEVER;
		return false;
	default:
		/* Handlers end an interrupt at their own end, or mask the 8259 until then. */
		if (in->pin == KT_TICK_READY || !is_patient(t))
			return deliver(t, in, ticks);
		miss_served(t, ticks);
		t->retry_ns = in->pin == KT_TICK_LATCH ? KT_NEVER :
			      kt_tick_pace_add(in->now, retry_interval(t, in->now));
		return false;
	}
}

/**
 * kt_tick_single() - account interrupts that the guest asked for one by one
 * @t:		account
 * @in:		what is known now
 *
 * No policy and no bound applies: each took the guest an access. One that finds the one
 * before still waiting is one with it, as on hardware. What a stream of ticks that has
 * ended still owed is dropped.
 *
 * Context: Any; the caller serializes calls.
 * Return: true if exactly one interrupt is to be injected now.
 */
bool kt_tick_single(struct kt_tick *t, const struct kt_tick_input *in)
{
	u64 ticks = in->edges > t->seen ? in->edges - t->seen : 0;

	count_time(t, in->now);
	kt_tick_forgive(t);
	t->period_ns = 0;
	t->seen = in->edges;
	t->stats.due += ticks;
	if (!ticks)
		return false;
	if (in->pin == KT_TICK_MASKED) {
		t->stats.dropped += ticks;
		return false;
	}
	if (in->pin != KT_TICK_READY && in->pin != KT_TICK_SERVED) {
		t->stats.coalesced += ticks;
		t->stats.merged += ticks;
		return false;
	}
	t->stats.merged += ticks - 1;
	count_delivery(t, in);
	return true;
}

/**
 * kt_tick_forgive() - drop what is owed
 * @t:		account
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_forgive(struct kt_tick *t)
{
	t->stats.dropped += t->owed;
	t->owed = 0;
	t->held = false;
	t->catching = false;
	t->level = 0;
	t->budget_ns = 0;
	t->on_grid = false;
	t->within = false;
	t->blocked = false;
	t->overrun = false;
	t->crowded = false;
	t->room_ns = 0;
}

/**
 * kt_tick_begin() - the guest has begun a new stream of ticks
 * @t:		account
 *
 * Its first tick keeps no distance from the last of the old one. Only for a device whose
 * every stream takes the guest an access.
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_begin(struct kt_tick *t)
{
	t->injected = false;
}

/**
 * kt_tick_lose() - edges that nobody could hear: the pin was masked all along
 * @t:		account
 * @edges:	total of the model's edges
 *
 * As on hardware they are gone, whatever the policy. An older debt stays.
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_lose(struct kt_tick *t, u64 edges)
{
	u64 ticks = edges > t->seen ? edges - t->seen : 0;

	t->seen = edges;
	t->stats.due += ticks;
	t->stats.dropped += ticks;
}

/**
 * kt_tick_pass() - count interrupts that are no ticks: due and delivered at once
 * @t:		account
 * @interrupts:	how many
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_pass(struct kt_tick *t, u64 interrupts)
{
	t->stats.due += interrupts;
	t->stats.delivered += interrupts;
}

/**
 * kt_tick_merge() - count interrupts that are no ticks, and one with that which still waits
 * @t:		account
 * @interrupts:	how many
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_merge(struct kt_tick *t, u64 interrupts)
{
	t->stats.due += interrupts;
	t->stats.coalesced += interrupts;
	t->stats.merged += interrupts;
}

/**
 * kt_tick_drop() - the tick stream ends, and nobody gets what is left of it
 * @t:		account
 * @edges:	total of the model's edges
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_drop(struct kt_tick *t, u64 edges)
{
	kt_tick_lose(t, edges);
	kt_tick_forgive(t);
}

/**
 * kt_tick_set_params() - change policy and bounds
 * @t:		account
 * @params:	new ones, applied at once to what is owed
 *
 * Context: Any; the caller serializes calls.
 */
void kt_tick_set_params(struct kt_tick *t, const struct kt_tick_params *params)
{
	if (params->policy == KVM_TIMERS_POLICY_DISCARD && params->policy != t->params.policy)
		kt_tick_forgive(t);

	t->params = *params;
	settle(t);
}

/**
 * kt_tick_is_legal() - whether an account can be like that
 * @owed:	see struct kt_tick
 * @held:	see struct kt_tick
 * @period_ns:	see struct kt_tick
 *
 * Context: Any.
 * Return: false if no call brings it about. What is beyond the bounds in force is not asked.
 */
bool kt_tick_is_legal(u64 owed, bool held, u64 period_ns)
{
	return owed <= MAX_DEBT && (owed || !held) && period_ns != KT_NEVER;
}
