/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second lost-tick policy, that accounts tick by tick, in wide arithmetic, with
 * loops where tick.c has a formula, and that keeps the debt and the held tick apart:
 * what tick.c is compared with.
 */
#ifndef KT_TICK_REF_H
#define KT_TICK_REF_H

#include "../../../tick.h"

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
	u64				budget;
	u64				now;
	bool				grid;
	u32				level;
	u64				spent[KVM_TIMERS_CATCHUP_LEVELS];
	u64				late_us;
	struct kvm_timers_tick_stats	s;
};

u64 ref_pace(const struct ref *r);
void ref_forgive(struct ref *r);
void ref_lose(struct ref *r, u64 edges);
void ref_params(struct ref *r, const struct kt_tick_params *p);
bool ref_service(struct ref *r, const struct kt_tick_input *in);
u64 ref_deadline(const struct ref *r);

#endif /* KT_TICK_REF_H */
