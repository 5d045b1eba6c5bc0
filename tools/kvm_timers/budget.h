/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all timers of a VM may give together when they catch up, as people write it.
 */
#ifndef KT_BUDGET_H
#define KT_BUDGET_H

#include <stdbool.h>

#include <linux/types.h>

/**
 * struct kt_budget - what the caller named, if anything
 * @named:	the caller did
 * @hz:		as in struct kvm_timers_config
 */
struct kt_budget {
	bool	named;
	__u32	hz;
};

int kt_budget_parse(struct kt_budget *budget, const char *option, const char *text);

#endif /* KT_BUDGET_H */
