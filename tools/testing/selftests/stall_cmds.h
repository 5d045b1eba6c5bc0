/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of stall_test and budget_test, and the page that it shares with them
 * beside the library's.
 */
#ifndef STALL_CMDS_H
#define STALL_CMDS_H

#include <stdint.h>
#include <linux/kvm_timers.h>

#include "shared.h"

#define STALL_PAGE_GPA		0x9000UL

#define STALL_NR_STAMPS		64

/* The shortest time that so many intervals have taken is kept. */
#define STALL_RUN_LENGTH	16

/* Counts that the devices are programmed with. */
#define STALL_PIT_COUNT		1193
#define STALL_HPET_TICKS	100000
#define STALL_LAPIC_COUNT	1000000

enum stall_cmd {
	/* arg 0: devices, KVM_TIMERS_*, that tick from now on: at 1 kHz, the RTC at 1024 Hz. */
	STALL_START,
	/* Take ticks until the TSC has made arg 0 cycles, and then one more. */
	STALL_TAKE,
};

/**
 * struct stall_device - what the guest has had from a device
 * @ticks:	interrupts
 * @first:	TSC of the first of them, as many as there is room for
 * @last:	TSC of the newest: that of number n is entry n % STALL_NR_STAMPS
 * @gap_from:	TSC of the interrupt before the longest gap
 * @gap_to:	TSC of the one after it
 * @least_run:	cycles that STALL_RUN_LENGTH intervals have taken at least
 */
struct stall_device {
	volatile uint64_t	ticks;
	volatile uint64_t	first[STALL_NR_STAMPS];
	volatile uint64_t	last[STALL_NR_STAMPS];
	volatile uint64_t	gap_from;
	volatile uint64_t	gap_to;
	volatile uint64_t	least_run;
};

struct stall_page {
	struct stall_device	device[KVM_TIMERS_NR_DEVICES];
};

_Static_assert(sizeof(struct stall_page) <= KT_STACK_GPA - STALL_PAGE_GPA, "no room");

#endif /* STALL_CMDS_H */
