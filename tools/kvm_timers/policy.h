/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lost-tick policies and their bounds, as people write them.
 */
#ifndef KT_POLICY_H
#define KT_POLICY_H

#include <linux/types.h>

#include <linux/kvm_timers.h>

/* Also bits of struct kt_policy_change. */
enum kt_policy_key {
	KT_POLICY_POLICY,
	KT_POLICY_MAX_RATE,
	KT_POLICY_LIMIT,
	KT_POLICY_THRESHOLD,
	KT_POLICY_NR_KEYS,
};

/**
 * struct kt_policy_change - what the caller named, and only that
 * @named:	bits by enum kt_policy_key
 * @value:	values of those; the others are 0
 */
struct kt_policy_change {
	unsigned int			named;
	struct kvm_timers_policy_config	value;
};

int kt_policy_parse(struct kt_policy_change *change, enum kt_policy_key key, const char *option,
		    const char *text);
void kt_policy_apply(const struct kt_policy_change *change,
		     struct kvm_timers_policy_config *config);
void kt_policy_merge(struct kt_policy_change *change, const struct kt_policy_change *over);
int kt_policy_parse_u32(const char *text, __u32 *val);

#endif /* KT_POLICY_H */
