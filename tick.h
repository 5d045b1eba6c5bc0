/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lost-tick policy: edges in, interrupts owed out. Pure, as the models are.
 */
#ifndef KT_TICK_H
#define KT_TICK_H

#include <linux/types.h>

#include "include/uapi/linux/kvm_timers.h"

/**
 * enum kt_tick_pin - what the interrupt pin would do with an edge now
 * @KT_TICK_READY:	unmasked, and the guest is done with the last one: it is delivered
 * @KT_TICK_SERVED:	unmasked, and the guest is still at the last one: it comes after that
 * @KT_TICK_BUSY:	unmasked, but the last one is still waiting: it would be coalesced
 * @KT_TICK_LATCH:	masked by the guest, but the controller would remember one edge
 * @KT_TICK_LATCHED:	masked by the guest, and the controller remembers one already: it
 *			would be coalesced. Handlers mask the 8259 while they run
 * @KT_TICK_MASKED:	masked by the guest: it would be lost
 */
enum kt_tick_pin {
	KT_TICK_READY,
	KT_TICK_SERVED,
	KT_TICK_BUSY,
	KT_TICK_LATCH,
	KT_TICK_LATCHED,
	KT_TICK_MASKED,
};

/**
 * struct kt_tick_params - what the owner of the VM chose, within the host's bounds
 * @policy:		enum kvm_timers_policy
 * @max_rate_pct:	catchup: fastest rate, in percent of the programmed one (101 to 1000)
 * @limit_ns:		catchup, delay: a debt beyond this is given up
 * @threshold_ns:	catchup: a lag below this is not caught up
 * @min_interval_ns:	no two interrupts are closer than this
 */
struct kt_tick_params {
	u32	policy;
	u32	max_rate_pct;
	u64	limit_ns;
	u64	threshold_ns;
	u64	min_interval_ns;
};

/**
 * struct kt_tick - account of one interrupting device
 * @params:	bounds and policy
 * @seen:	edges of the model accounted so far
 * @owed:	interrupts the guest is still to get
 * @period_ns:	period of the present tick stream, 0 for one-shot edges
 * @last_ns:	guest time of the last injection, if @injected
 * @retry_ns:	not before this is a blocked pin tried again; KT_NEVER: not by time
 * @room_ns:	not before this is anything that is owed given: the guest is to get on
 * @budget_ns:	not before this is anything given that is not on the grid
 * @served_ns:	guest time of the last call, KT_NEVER: none since a leap of it
 * @injected:	there has been an injection
 * @held:	one of @owed waits for nothing but its distance from the last one: no
 *		threshold, no limit and no rescaling applies to it
 * @catching:	a catch-up is in progress: from the threshold until the grid is met again
 * @on_grid:	there has been an edge since the last injection: one is the guest's without regard
 *		to its budget
 * @within:	the last injection came within the handler of the one before
 * @blocked:	the pin keeps back what is owed
 * @overrun:	since the last injection it did so until after the time for it
 * @crowded:	and so it did before the last injection
 * @level:	of the catch-up in progress
 * @late_us:	lateness of the last delivery
 * @catchup_ns:	time spent at each level
 * @stats:	counters; due + rescaled = delivered + merged + dropped + given_up + owed
 */
struct kt_tick {
	struct kt_tick_params		params;
	u64				seen;
	u64				owed;
	u64				period_ns;
	u64				last_ns;
	u64				retry_ns;
	u64				room_ns;
	u64				budget_ns;
	u64				served_ns;
	bool				injected;
	bool				held;
	bool				catching;
	bool				on_grid;
	bool				within;
	bool				blocked;
	bool				overrun;
	bool				crowded;
	u32				level;
	u64				late_us;
	u64				catchup_ns[KVM_TIMERS_CATCHUP_LEVELS];
	struct kvm_timers_tick_stats	stats;
};

/**
 * struct kt_tick_input - what the glue knows at one instant
 * @now:	guest time, ns
 * @edges:	interrupt edges of the model since its init, kt_X_edges()
 * @period_ns:	kt_X_period(): 0 one-shot, KT_NEVER nothing programmed (keeps the last)
 * @edge_ns:	guest time of the newest edge in @edges, kt_X_last_edge(): gives the lateness
 * @budget_ns:	guest time from which the guest's timers together may give one more than the
 *		grid brings, see struct kt_arbiter
 * @pin:	what the pin would do
 */
struct kt_tick_input {
	u64			now;
	u64			edges;
	u64			period_ns;
	u64			edge_ns;
	u64			budget_ns;
	enum kt_tick_pin	pin;
};

void kt_tick_init(struct kt_tick *t, const struct kt_tick_params *params,
		  u64 edges, u64 now);
bool kt_tick_service(struct kt_tick *t, const struct kt_tick_input *in);
bool kt_tick_single(struct kt_tick *t, const struct kt_tick_input *in);
u64 kt_tick_deadline(const struct kt_tick *t);
u64 kt_tick_next_ns(const struct kt_tick *t, u64 edge_ns);
u64 kt_tick_oldest_ns(const struct kt_tick *t, u64 now);
u32 kt_tick_catchup_pct(const struct kt_tick *t);
void kt_tick_drop(struct kt_tick *t, u64 edges);
void kt_tick_forgive(struct kt_tick *t);
void kt_tick_begin(struct kt_tick *t);
void kt_tick_lose(struct kt_tick *t, u64 edges);
void kt_tick_pass(struct kt_tick *t, u64 interrupts);
void kt_tick_merge(struct kt_tick *t, u64 interrupts);
void kt_tick_set_params(struct kt_tick *t, const struct kt_tick_params *params);
bool kt_tick_is_legal(u64 owed, bool held, u64 period_ns);

/**
 * kt_tick_is_promised() - whether something is owed of which only the time is to come
 * @t:		the account
 *
 * A debt below the threshold, or under the policy delay, is owed without being promised.
 *
 * Context: Any. A look without the lock of @t is out of date at once.
 * Return: true if kt_tick_deadline() is to be kept.
 */
static inline bool kt_tick_is_promised(const struct kt_tick *t)
{
	return t->held || (t->catching && t->owed);
}

/**
 * kt_tick_skip() - edges up to now are not ticks
 * @t:		the account
 * @edges:	total of the model's edges
 *
 * Context: Any.
 */
static inline void kt_tick_skip(struct kt_tick *t, u64 edges)
{
	t->seen = edges;
}

#endif /* KT_TICK_H */
