// SPDX-License-Identifier: GPL-2.0-only
/*
 * Property test of the lost-tick policy: random histories against the reference of
 * tick_ref.c.
 *
 * usage: tick_property [seed [steps]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../model.h"
#include "tick_ref.h"

typedef unsigned __int128 u128;

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
	if (t->level != r->level || memcmp(t->catchup_ns, r->spent, sizeof(r->spent)))
		return "level of the catch-up";
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
	    ((u128)distance + 1) * before->params.max_rate_pct <=
	    (u128)before->period_ns * 100 && before->params.max_rate_pct > 100)
		return "closer than the fastest rate";
	if (fire && before->params.policy == KVM_TIMERS_POLICY_DELAY && !before->held &&
	    before->period_ns > before->params.min_interval_ns &&
	    before->period_ns == h->tick.period_ns && in->edges <= before->seen)
		return "delay gave one beside the grid";
	if (fire && before->catching && !before->on_grid && in->edges <= before->seen &&
	    in->now < in->budget_ns &&
	    before->period_ns == h->tick.period_ns)
		return "beyond the budget";
	if (in->edges <= before->seen && ready && !before->retry_ns && !h->went_back &&
	    in->now >= in->budget_ns && in->now >= before->budget_ns &&
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
		.budget_ns = rnd(8) ? 0 : h->now + rnd(2 * MS),
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
