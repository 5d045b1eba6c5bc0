/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far ahead an interrupt of the LAPIC timer is prepared, as people write it.
 */
#ifndef KT_ADVANCE_H
#define KT_ADVANCE_H

#include <stdbool.h>

#include <linux/types.h>

/**
 * struct kt_advance - what the caller named, if anything
 * @named:	the caller did
 * @advance:	enum kvm_timers_advance
 * @ns:		what goes with it, as in struct kvm_timers_config
 */
struct kt_advance {
	bool	named;
	__u32	advance;
	__u32	ns;
};

int kt_advance_parse(struct kt_advance *advance, const char *option, const char *text);

#endif /* KT_ADVANCE_H */
