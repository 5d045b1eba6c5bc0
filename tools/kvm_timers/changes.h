/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of a VM in the words of "kvm-timers set", which "kvm-timers exec" has, too.
 */
#ifndef KT_CHANGES_H
#define KT_CHANGES_H

#include <stdbool.h>

#include <linux/kvm_timers.h>
#include <linux/types.h>

#include "advance.h"
#include "budget.h"
#include "policy.h"

/**
 * struct kt_changes - what the caller named, and only that
 * @last_counts: a setting may be given again, and replaces the one before
 * @tick:	policies
 * @advance:	of the LAPIC timer
 * @budget:	of all timers together
 * @gap:	enum kvm_timers_gap
 * @has_gap:	that was named
 */
struct kt_changes {
	bool			last_counts;
	struct kt_policy_change	tick[KVM_TIMERS_NR_DEVICES];
	struct kt_advance	advance;
	struct kt_budget	budget;
	__u32			gap;
	bool			has_gap;
};

int kt_changes_parse(struct kt_changes *changes, const char *arg);

#endif /* KT_CHANGES_H */
