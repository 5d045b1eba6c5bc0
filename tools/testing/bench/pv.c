// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmclock, as the guests read it.
 */
#include "clock_cmds.h"
#include "guest.h"

#define PAGE_ENABLE	1

static struct clock_pv page __attribute__((aligned(64)));

void start_kvmclock(void)
{
	wrmsr(MSR_SYSTEM_NEW, (uintptr_t)&page | PAGE_ENABLE);
}

uint64_t read_kvmclock(void)
{
	uint64_t tsc;

	return clock_pv_read(&page, rdtsc, &tsc);
}
