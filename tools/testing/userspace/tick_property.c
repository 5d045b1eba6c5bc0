// SPDX-License-Identifier: GPL-2.0-only
/*
 * Property test of the lost-tick policy: random histories against a reference
 * that accounts tick by tick, in wide arithmetic, with loops where tick.c has a
 * formula, and that keeps the debt and the held tick apart.
 *
 * usage: tick_property [seed [steps]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../model.h"
#include "../../../tick.h"

typedef unsigned __int128 u128;

#define US	1000ULL
#define MS	1000000ULL
#define SEC	1000000000ULL

struct ref {
	struct kt_tick_params		p;
	u64				seen;
	u64				period;
	u64				debt;
	bool				held;
	bool				catching;
	bool				injected;
	/* The guest was past the time of what was promised: with this one, with the last one. */
	bool				inside;
	bool				waits;
	bool				late;
	bool				late_before;
	u64				last;
	u64				retry;
	u64				room;
	u64				late_us;
	struct kvm_timers_tick_stats	s;
};

struct history {
	struct kt_tick		tick;
	struct ref		ref;
	struct kt_tick_params	params;
	u64			now;
	u64			period;
	u64			next_edge;
	u64			last_edge;
	u64			edges;
	enum kt_tick_pin	pin;
	bool			went_back;
};

static u64 rng;

static u64 rnd(u64 below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % below;
}

#define PICK(list)	((list)[rnd(sizeof(list) / sizeof((list)[0]))])

static u64 ref_pace(const struct ref *r)
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

static u64 ref_gap(const struct ref *r, u64 owed)
{
	u128 lag = (u128)owed * ref_pace(r), gap;
	u32 rate = lag < 1500 * US ? 105 : lag < 8 * MS ? 110 : lag < 30 * MS ? 125 :
		   lag < 75 * MS ? 150 : lag < 175 * MS ? 175 : lag < 500 * MS ? 200 :
		   lag < 3 * SEC ? 300 : U32_MAX;

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

static void ref_bounds(struct ref *r)
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

static void ref_forgive(struct ref *r)
{
	r->s.dropped += r->debt + r->held;
	r->debt = 0;
	r->held = false;
	r->catching = false;
	r->inside = false;
	r->waits = false;
	r->late = false;
	r->late_before = false;
	r->room = 0;
}

/* Not like a masked pin: whatever the policy and however many, all are gone. */
static void ref_lose(struct ref *r, u64 edges)
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

static void ref_params(struct ref *r, const struct kt_tick_params *p)
{
	if (p->policy == KVM_TIMERS_POLICY_DISCARD && r->p.policy != p->policy)
		ref_forgive(r);
	r->p = *p;
	ref_bounds(r);
}

/* Hand out one if its time has come; @newest: an edge is due on the grid now. */
static bool ref_choose(struct ref *r, u64 now, bool newest)
{
	u128 open_ns = (u128)r->last + ref_gap(r, r->debt + r->held + newest);
	bool open = (!r->injected || now >= open_ns) && now >= r->room;

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
	u128 open_ns = (u128)r->last + ref_gap(r, r->debt + r->held);

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

	fire = ref_choose(r, in->now, ticks && !away);
	if (fire) {
		r->last = in->now;
		r->injected = true;
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

static bool ref_service(struct ref *r, const struct kt_tick_input *in)
{
	u64 ticks = in->edges > r->seen ? in->edges - r->seen : 0;
	bool within, patient;
	u64 i;

	r->seen = in->edges;
	r->s.due += ticks;
	if (r->last > in->now)
		r->last = in->now;
	if (r->room > in->now + 10 * MS)
		r->room = in->now + 10 * MS;
	ref_period(r, in->period_ns);

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
		u64 gap = ref_gap(r, r->debt + r->held);
		u64 waited = in->now - r->last;

		if (waited > 10 * MS)
			waited = 10 * MS;
		if (gap < waited)
			gap = waited;
		r->retry = in->now + (gap > US ? gap : US);
	}
	return false;
}

static u64 ref_deadline(const struct ref *r)
{
	u64 slot = r->injected ? r->last + ref_gap(r, r->debt + r->held) : 0;

	if (!ref_promised(r))
		return KT_NEVER;
	if (slot < r->room)
		slot = r->room;
	return slot > r->retry ? slot : r->retry;
}

static bool is_one_at_most(u32 policy)
{
	return policy == KVM_TIMERS_POLICY_MERGE || policy == KVM_TIMERS_POLICY_DISCARD;
}

static const char *compare(const struct history *h)
{
	const struct kvm_timers_tick_stats *s = &h->tick.stats;
	const struct kt_tick *t = &h->tick;
	const struct ref *r = &h->ref;

	if (s->due + (u64)s->rescaled !=
	    s->delivered + s->merged + s->dropped + s->given_up + t->owed)
		return "the account does not balance";
	if (is_one_at_most(t->params.policy) && t->owed > 1)
		return "more than one owed by merge or discard";
	if (!is_one_at_most(t->params.policy) &&
	    (u128)(t->owed - t->held) * ref_pace(r) > t->params.limit_ns && t->owed > 1)
		return "owed beyond the limit";
	if (t->owed != r->debt + r->held)
		return "owed";
	if (t->held != r->held || t->catching != r->catching)
		return "state of the catch-up";
	if (memcmp(s, &r->s, sizeof(*s)))
		return "counters";
	if (t->late_us != r->late_us)
		return "lateness";
	if (kt_tick_deadline(t) != ref_deadline(r))
		return "deadline";
	return NULL;
}

/* What the interface promises, from nothing but the interface. */
static const char *promises(const struct history *h, const struct kt_tick *before,
			    const struct kt_tick_input *in, bool fire)
{
	bool within = in->pin == KT_TICK_SERVED || in->pin == KT_TICK_LATCH;
	bool promised = before->held || (before->catching && before->owed);
	bool ready = in->pin == KT_TICK_READY;
	u64 distance = in->now - before->last_ns;
	u64 deadline = kt_tick_deadline(before);

	if (fire && !ready && !within)
		return "injected into a blocked pin";
	if (fire && within && promised && before->period_ns == h->tick.period_ns)
		return "what was owed came within a handler";
	if (fire && promised && !h->went_back && in->now < before->room_ns &&
	    before->period_ns == h->tick.period_ns)
		return "no room for the guest";
	if (fire && before->injected && !h->went_back && distance < before->params.min_interval_ns)
		return "closer than the shortest interval";
	if (fire && before->injected && !h->went_back && before->catching &&
	    before->period_ns == h->tick.period_ns &&
	    ((unsigned __int128)distance + 1) * before->params.max_rate_pct <=
	    (unsigned __int128)before->period_ns * 100 && before->params.max_rate_pct > 100)
		return "closer than the fastest rate";
	if (fire && before->params.policy == KVM_TIMERS_POLICY_DELAY && !before->held &&
	    before->period_ns > before->params.min_interval_ns &&
	    before->period_ns == h->tick.period_ns && in->edges <= before->seen)
		return "delay gave one beside the grid";
	if (in->edges <= before->seen && ready && !before->retry_ns && !h->went_back &&
	    before->period_ns == h->tick.period_ns && fire != (in->now >= deadline))
		return "deadline not kept";
	if (h->tick.stats.delivered != before->stats.delivered + fire)
		return "delivered";
	return NULL;
}

static void new_params(struct history *h)
{
	static const u64 limits[] = { 0, MS, 50 * MS + 7, SEC, SEC, 60 * SEC, U64_MAX };
	static const u64 thresholds[] = { 0, 750 * US, 750 * US, 5 * MS, 100 * MS, U64_MAX };
	static const u64 intervals[] = { 0, 200 * US, 200 * US, 200 * US, MS, 20 * MS };
	static const u32 pcts[] = { 0, 101, 150, 400, 400, 1000, U32_MAX };
	static const u32 policies[] = {
		KVM_TIMERS_POLICY_CATCHUP, KVM_TIMERS_POLICY_CATCHUP,
		KVM_TIMERS_POLICY_DELAY, KVM_TIMERS_POLICY_DELAY,
		KVM_TIMERS_POLICY_MERGE, KVM_TIMERS_POLICY_DISCARD,
	};

	h->params.policy = PICK(policies);
	h->params.max_rate_pct = PICK(pcts);
	h->params.limit_ns = PICK(limits);
	h->params.threshold_ns = PICK(thresholds);
	h->params.min_interval_ns = PICK(intervals);
}

static void new_period(struct history *h)
{
	static const u64 periods[] = {
		0, 50 * US, 200 * US, 201 * US, 838 * US + 95, MS, MS, MS, 3999848, 10 * MS,
		54925439, KT_NEVER,
	};

	h->period = PICK(periods);
	h->next_edge = h->period == KT_NEVER ? KT_NEVER : h->now + (h->period ? h->period : MS);
}

static void advance(struct history *h)
{
	u64 period = h->period && h->period != KT_NEVER ? h->period : MS;
	u64 deadline = kt_tick_deadline(&h->tick);
	u64 to = h->now;

	switch (rnd(64)) {
	case 0 ... 23:
		to = h->next_edge;
		break;
	case 24 ... 43:
		to = deadline < h->next_edge ? deadline : h->next_edge;
		break;
	case 44 ... 47:
		to = deadline - 1;
		break;
	case 48 ... 59:
		to = h->now + rnd(2 * period);
		break;
	case 60 ... 61:
		to = h->now + rnd(12 * period);
		break;
	case 62:
		to = h->now + (rnd(8) ? 0 : rnd(2 * SEC));
		break;
	default:
		break;
	}
	if (to > h->now && to - h->now < 100 * SEC)
		h->now = to;

	while (h->next_edge <= h->now) {
		h->last_edge = h->next_edge;
		h->next_edge = h->period ? h->next_edge + h->period : h->now + 1 + rnd(3 * MS);
		h->edges++;
	}
}

static void disturb(struct history *h)
{
	static const enum kt_tick_pin pins[] = {
		KT_TICK_READY, KT_TICK_READY, KT_TICK_READY, KT_TICK_SERVED, KT_TICK_SERVED,
		KT_TICK_BUSY, KT_TICK_BUSY,
		KT_TICK_LATCH, KT_TICK_LATCHED, KT_TICK_MASKED,
	};

	if (!rnd(h->pin == KT_TICK_READY ? 12 : 4))
		h->pin = PICK(pins);
	if (!rnd(120))
		new_period(h);
	if (!rnd(250)) {
		new_params(h);
		kt_tick_set_params(&h->tick, &h->params);
		ref_params(&h->ref, &h->params);
	}
	if (!rnd(700)) {
		kt_tick_forgive(&h->tick);
		ref_forgive(&h->ref);
	}
	if (!rnd(700)) {
		u64 gone = rnd(3) ? rnd(20) : 0;

		h->edges += gone;
		kt_tick_lose(&h->tick, h->edges);
		ref_lose(&h->ref, h->edges);
	}
	if (!rnd(700)) {
		u64 interrupts = rnd(4);

		kt_tick_pass(&h->tick, interrupts);
		h->ref.s.due += interrupts;
		h->ref.s.delivered += interrupts;
	}
	if (!rnd(1000))
		h->edges += rnd(50);
	if (!rnd(2000))
		h->edges -= h->edges > 3 ? 3 : 0;
	h->went_back = !rnd(2000);
	if (h->went_back)
		h->now -= rnd(5 * MS);
}

static const char *step(struct history *h)
{
	struct kt_tick_input in;
	struct kt_tick before;
	const char *why;
	bool fire;

	disturb(h);
	why = compare(h);
	if (why)
		return why;

	advance(h);
	before = h->tick;
	in = (struct kt_tick_input){
		.now = h->now, .edges = h->edges, .period_ns = h->period,
		.edge_ns = h->last_edge, .pin = h->pin,
	};
	fire = kt_tick_service(&h->tick, &in);
	if (fire != ref_service(&h->ref, &in))
		return fire ? "injected" : "not injected";
	why = promises(h, &before, &in, fire);
	return why ? why : compare(h);
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	u64 steps = argc > 2 ? strtoull(argv[2], NULL, 0) : 400000;
	static struct history h;
	const char *why;
	u64 n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	printf("# tick_property: seed %" PRIu64 "\n", (uint64_t)seed);

	for (n = 0; n < steps; n++) {
		/* A fresh guest now and then: the first injection is a case of its own. */
		if (n % 2000 == 0) {
			memset(&h, 0, sizeof(h));
			h.now = 1000 * SEC + rnd(SEC);
			new_params(&h);
			new_period(&h);
			h.edges = rnd(100);
			kt_tick_init(&h.tick, &h.params, h.edges, h.now);
			h.ref.p = h.params;
			h.ref.seen = h.edges;
			h.ref.last = h.now;
		}
		why = step(&h);
		if (why) {
			printf("not ok - step %" PRIu64 ": %s\n", (uint64_t)n, why);
			printf("# 0 passed, 1 failed\n");
			return 1;
		}
	}

	printf("ok 1 - engine and reference agree over %" PRIu64 " steps\n", (uint64_t)n);
	printf("# 1 passed, 0 failed\n");
	return !n;
}
