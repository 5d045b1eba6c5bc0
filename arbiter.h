/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all timers of a guest may give together when they catch up. Pure, as the models are.
 */
#ifndef KT_ARBITER_H
#define KT_ARBITER_H

#include <linux/types.h>

/**
 * struct kt_arbiter - the budget of a guest, and who is first to have of it
 * @interval_ns:	one interrupt each, 0: no bound
 * @free_ns:	guest time from which there is budget for one more
 * @active_ns:	until this guest time interrupts are charged: somebody catches up
 * @claimant:	who waits with the oldest debt, 0: nobody
 * @oldest_ns:	when that fell due
 * @since_ns:	since when somebody waits
 * @until_ns:	who has not come by then has no claim any more
 * @waits:	times that somebody had to wait
 */
struct kt_arbiter {
	u64	interval_ns;
	u64	free_ns;
	u64	active_ns;
	u64	claimant;
	u64	oldest_ns;
	u64	since_ns;
	u64	until_ns;
	u64	waits;
};

void kt_arbiter_init(struct kt_arbiter *a);
void kt_arbiter_set_rate(struct kt_arbiter *a, u64 rate_hz);
u64 kt_arbiter_ask(const struct kt_arbiter *a, u64 who, u64 oldest_ns, u64 now);
void kt_arbiter_wait(struct kt_arbiter *a, u64 who, u64 oldest_ns, u64 from_ns, u64 now);
void kt_arbiter_charge(struct kt_arbiter *a, u64 who, bool on_grid, u64 oldest_ns, u64 now);
void kt_arbiter_stay_active(struct kt_arbiter *a, u64 now);

#endif /* KT_ARBITER_H */
