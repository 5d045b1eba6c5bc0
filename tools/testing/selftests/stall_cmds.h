/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of stall_test, budget_test, bounds_test and storm_test, and the page that it
 * shares with them beside the library's.
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

/* Part of them that "as fast as they can" is: 2 us, of the RTC 122 us. */
#define STALL_FASTEST		500

/* And so many of them "slowly": 20 ms, of the RTC 31 ms. */
#define STALL_SLOWEST		20

enum stall_cmd {
	/* arg 0: devices, KVM_TIMERS_*, that tick from now on: at 1 kHz, the RTC at 1024 Hz. */
	STALL_START,
	/* Take ticks until the TSC has made arg 0 cycles, and then one more. */
	STALL_TAKE,
	/* Take what comes, without halting, while the TSC makes arg 0 cycles. */
	STALL_SETTLE,
	/* Take none while the TSC makes arg 0 cycles: count rounds. */
	STALL_IGNORE,
	/* Mask the inputs of arg 0, devices. */
	STALL_MASK,
	/* arg 0, devices, tick as fast as they can. */
	STALL_HURRY,
	/* And slowly. */
	STALL_DAWDLE,
	/* Program arg 0, devices, anew arg 1 times, to another rate each time. */
	STALL_WAVER,
	/* Halt, and take no interrupt. */
	STALL_DIE,
	STALL_NR_CMDS,
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

/**
 * struct stall_page - what the tests share with their guest
 * @device:	by enum kvm_timers_device
 * @rounds:	STALL_IGNORE
 */
struct stall_page {
	struct stall_device	device[KVM_TIMERS_NR_DEVICES];
	volatile uint64_t	rounds;
};

_Static_assert(sizeof(struct stall_page) <= KT_STACK_GPA - STALL_PAGE_GPA, "no room");

#endif /* STALL_CMDS_H */
