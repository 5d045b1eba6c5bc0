// SPDX-License-Identifier: GPL-2.0-only
/*
 * See tick_ref.h.
 */
#include "../../../model.h"
#include "tick_ref.h"

typedef unsigned __int128 u128;

u64 ref_pace(const struct ref *r)
{
	return r->period ? r->period : r->p.min_interval_ns;
}

static bool ref_one_at_most(const struct ref *r)
{
	if (r->p.policy == KVM_TIMERS_POLICY_MERGE || r->p.policy == KVM_TIMERS_POLICY_DISCARD)
		return true;
	return r->period && r->period <= r->p.min_interval_ns;
}

/* Nothing but the grid gives any. */
static bool ref_grid_only(const struct ref *r)
{
	return r->p.policy == KVM_TIMERS_POLICY_DELAY && r->period > r->p.min_interval_ns;
}

static u32 ref_level(u128 lag)
{
	return lag < 1500 * US ? 0 : lag < 8 * MS ? 1 : lag < 30 * MS ? 2 : lag < 75 * MS ? 3 :
	       lag < 175 * MS ? 4 : lag < 500 * MS ? 5 : lag < 3 * SEC ? 6 : 7;
}

/* A lag that is a third longer, or one tick, would still be below the level. */
static void ref_relevel(struct ref *r, u64 owed)
{
	u128 lag = (u128)owed * ref_pace(r);

	if (!r->catching)
		r->level = 0;
	else if (ref_level(lag) > r->level)
		r->level = ref_level(lag);
	else
		while (r->level && ref_level(lag * 4 / 3) < r->level &&
		       ref_level(lag + ref_pace(r)) < r->level)
			r->level--;
}

static u64 ref_gap(const struct ref *r)
{
	static const u32 rates[] = { 105, 110, 125, 150, 175, 200, 300, U32_MAX };
	u32 rate = rates[r->level];
	u128 gap;

	if (!r->catching)
		return r->p.min_interval_ns;
	if (rate > r->p.max_rate_pct)
		rate = r->p.max_rate_pct;
	if (rate <= 100)
		rate = 101;
	gap = (u128)ref_pace(r) * 100 / rate;
	return gap > r->p.min_interval_ns ? gap : r->p.min_interval_ns;
}

static void ref_surplus(struct ref *r)
{
	if (r->p.policy == KVM_TIMERS_POLICY_MERGE)
		r->s.merged++;
	else
		r->s.dropped++;
}

static void ref_apply(struct ref *r)
{
	u128 limit = r->p.limit_ns;

	if (ref_one_at_most(r)) {
		for (; r->debt; r->debt--) {
			if (r->held)
				ref_surplus(r);
			r->held = true;
		}
		r->catching = false;
		return;
	}

	if (ref_grid_only(r))
		r->catching = false;
	else if (r->debt && ((u128)r->debt * ref_pace(r) >= r->p.threshold_ns ||
			     (u128)r->debt * ref_pace(r) > limit))
		r->catching = true;
	if (r->catching && r->held) {
		r->held = false;
		r->debt++;
	}
	while ((u128)r->debt * ref_pace(r) > limit) {
		r->debt--;
		r->s.given_up++;
	}
}

static void ref_bounds(struct ref *r)
{
	ref_apply(r);
	ref_relevel(r, r->debt + r->held);
}

static void ref_miss(struct ref *r)
{
	r->debt++;
	ref_bounds(r);
}

/* It waits for nothing but the guest: what waited before is behind. */
static void ref_hold(struct ref *r)
{
	r->debt += r->held;
	r->held = true;
	ref_bounds(r);
}

void ref_forgive(struct ref *r)
{
	r->s.dropped += r->debt + r->held;
	r->debt = 0;
	r->held = false;
	r->catching = false;
	r->level = 0;
	r->grid = false;
	r->inside = false;
	r->waits = false;
	r->late = false;
	r->late_before = false;
	r->room = 0;
}

/* Not like a masked pin: whatever the policy and however many, all are gone. */
void ref_lose(struct ref *r, u64 edges)
{
	for (; r->seen < edges; r->seen++) {
		r->s.due++;
		r->s.dropped++;
	}
	r->seen = edges;
}

static void ref_period(struct ref *r, u64 period)
{
	u128 behind = (u128)r->debt * r->period;

	if (period == KT_NEVER || period == r->period)
		return;
	if (!period || !r->period) {
		ref_forgive(r);
	} else {
		r->s.rescaled -= r->debt;
		for (r->debt = 0; behind >= period; behind -= period)
			r->debt++;
		r->s.rescaled += r->debt;
	}
	r->period = period;
	ref_bounds(r);
}

void ref_params(struct ref *r, const struct kt_tick_params *p)
{
	if (p->policy == KVM_TIMERS_POLICY_DISCARD && r->p.policy != p->policy)
		ref_forgive(r);
	r->p = *p;
	ref_bounds(r);
}

/* Hand out one if its time has come; @newest: an edge is due on the grid now. */
static bool ref_choose(struct ref *r, u64 now, u64 budget, bool newest)
{
	u128 open_ns;
	bool open;

	if (newest)
		ref_relevel(r, r->debt + r->held + 1);
	open_ns = (u128)r->last + ref_gap(r);
	open = (!r->injected || now >= open_ns) && now >= r->room;

	if (ref_one_at_most(r)) {
		if (newest && r->held)
			ref_surplus(r);
		r->held |= newest;
		if (!r->held || !open)
			return false;
		r->held = false;
		return true;
	}
	if (r->catching) {
		r->debt += newest;
		if (!r->debt || !open)
			return false;
		if (!r->grid && now < budget) {
			r->budget = budget;
			return false;
		}
		r->debt--;
		return true;
	}
	if (newest && r->held) {
		/* The older one goes, the newer one is held in its place. */
		if (!open)
			r->debt++;
		return open;
	}
	if (newest) {
		r->held = !open;
		return open;
	}
	if (r->held && open) {
		r->held = false;
		return true;
	}
	return false;
}

static void ref_count(struct ref *r, const struct kt_tick_input *in, bool on_time)
{
	u128 late = (u128)(r->debt + r->held) * ref_pace(r);

	if (in->now > in->edge_ns)
		late += in->now - in->edge_ns;
	r->late_us = (late > U64_MAX ? U64_MAX : late) / US;
	r->s.delivered++;
	r->s.caught_up += !on_time;
}

static bool ref_promised(const struct ref *r)
{
	return r->held || (r->catching && r->debt);
}

/* Two in a row that the guest ended too late: half of what the second took it is its own. */
static void ref_end_wait(struct ref *r, u64 now)
{
	u128 open_ns = (u128)r->last + ref_gap(r);

	if (r->waits && ref_promised(r) && (!r->injected || now >= open_ns)) {
		if (r->late_before && !r->late)
			r->room = now + (now - r->last > 20 * MS ? 10 * MS : (now - r->last) / 2);
		r->late = true;
	}
	r->waits = false;
}

static bool ref_deliver(struct ref *r, const struct kt_tick_input *in, u64 ticks)
{
	bool on_time = ticks == 1 && !ref_promised(r);
	bool discard = r->p.policy == KVM_TIMERS_POLICY_DISCARD;
	bool away = ticks > 1 && (discard || ref_grid_only(r));
	u128 behind = (u128)(ticks - 1) * ref_pace(r);
	bool fire;
	u64 i;

	ref_end_wait(r, in->now);
	/* Late by a whole period, and by more than the bound alone explains. */
	away = away && behind >= ref_pace(r) && behind >= r->p.min_interval_ns;
	for (i = 1; i <= ticks; i++) {
		if (away && discard)
			r->s.dropped++;
		else if (away || i < ticks)
			ref_miss(r);
	}

	fire = ref_choose(r, in->now, in->budget_ns, ticks && !away);
	if (fire) {
		r->last = in->now;
		r->injected = true;
		r->grid = false;
		r->inside = in->pin != KT_TICK_READY;
		r->late_before = r->late;
		r->late = false;
		if (on_time)
			r->catching = false;
	}
	ref_bounds(r);
	if (fire)
		ref_count(r, in, on_time);
	r->retry = 0;
	return fire;
}

static bool coalesces(enum kt_tick_pin pin)
{
	return pin == KT_TICK_BUSY || pin == KT_TICK_LATCHED;
}

bool ref_service(struct ref *r, const struct kt_tick_input *in)
{
	u64 ticks = in->edges > r->seen ? in->edges - r->seen : 0;
	bool within, patient;
	u64 i;

	if (r->catching && in->now > r->now)
		r->spent[r->level] += in->now - r->now;
	r->now = in->now;
	r->budget = 0;
	r->seen = in->edges;
	r->s.due += ticks;
	if (r->last > in->now)
		r->last = in->now;
	if (r->room > in->now + 10 * MS)
		r->room = in->now + 10 * MS;
	ref_period(r, in->period_ns);
	r->grid |= ticks > 0;

	/* What was not promised, and can be given at its rate, need not wait for the guest once. */
	within = in->pin == KT_TICK_SERVED || in->pin == KT_TICK_LATCH;
	patient = ref_promised(r) || r->inside || r->late_before ||
		  (r->period && r->period <= r->p.min_interval_ns);
	if (in->pin == KT_TICK_READY || (within && !patient))
		return ref_deliver(r, in, ticks);

	for (i = 0; i < ticks; i++) {
		if (coalesces(in->pin))
			r->s.coalesced++;
		if (within && i == ticks - 1)
			ref_hold(r);
		else if (within)
			ref_miss(r);
		else if (r->p.policy == KVM_TIMERS_POLICY_DISCARD ||
			 (in->pin == KT_TICK_MASKED && ticks == 1))
			r->s.dropped++;
		else if (coalesces(in->pin) && r->p.policy == KVM_TIMERS_POLICY_MERGE)
			r->s.merged++;
		else
			ref_miss(r);
	}
	if (in->pin != KT_TICK_MASKED)
		r->waits = ref_promised(r);

	r->retry = KT_NEVER;
	if (in->pin == KT_TICK_BUSY || in->pin == KT_TICK_SERVED) {
		u64 gap = ref_gap(r);
		u64 waited = in->now - r->last;

		if (waited > 10 * MS)
			waited = 10 * MS;
		if (gap < waited)
			gap = waited;
		r->retry = in->now + (gap > US ? gap : US);
	}
	return false;
}

u64 ref_deadline(const struct ref *r)
{
	u64 slot = r->injected ? r->last + ref_gap(r) : 0;

	if (!ref_promised(r))
		return KT_NEVER;
	if (slot < r->room)
		slot = r->room;
	if (r->catching && slot < r->budget)
		slot = r->budget;
	return slot > r->retry ? slot : r->retry;
}
