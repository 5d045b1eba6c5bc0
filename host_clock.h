/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's CLOCK_MONOTONIC as a line over its TSC.
 */
#ifndef KT_HOST_CLOCK_H
#define KT_HOST_CLOCK_H

#include <linux/types.h>

#include "kvmclock.h"

bool kt_host_clock_look(struct kt_kvmclock_host *clock, u32 *bends);
u64 kt_host_clock_pair(u64 *cycle);
u64 kt_host_clock_at(u64 cycle);
int kt_host_clock_init(void (*bent)(void));
void kt_host_clock_exit(void);

#endif /* KT_HOST_CLOCK_H */
