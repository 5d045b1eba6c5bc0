/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of the LAPIC timer's tests, and the memory that it shares
 * with them beside the library's: each vCPU has commands of its own.
 */
#ifndef LAPIC_CMDS_H
#define LAPIC_CMDS_H

#include <stdint.h>

#include "shared.h"

#define LAPIC_PAGE_GPA		0x10000UL

/* Vectors of the tests. */
#define LAPIC_VEC		0x40
#define LAPIC_VEC_OTHER		0x51

#define LAPIC_NR_STAMPS		256
#define LAPIC_NR_SAMPLES	64
#define LAPIC_NR_ARGS		4

/* Registers: offsets, in both modes. */
#define LAPIC_REG_SVR		0x0f0
#define LAPIC_REG_IRR		0x200
#define LAPIC_REG_LVTT		0x320
#define LAPIC_REG_TMICT		0x380
#define LAPIC_REG_TMCCT		0x390
#define LAPIC_REG_TDCR		0x3e0

#define LVTT_MASKED		0x10000
#define LVTT_PERIODIC		0x20000
#define LVTT_DEADLINE		0x40000

#define SVR_ON			0x1ff
#define SVR_OFF			0x0ff

#define TDCR_BY_1		0xb
#define TDCR_BY_16		0x3
#define TDCR_BY_128		0xa

#define MSR_TSC			0x10
#define MSR_TSC_ADJUST		0x3b
#define MSR_DEADLINE		0x6e0
#define MSR_X2APIC_TMICT	0x838
#define MSR_X2APIC_TMCCT	0x839

enum lapic_cmd {
	/* arg 0: enter the x2APIC mode. Nothing but the local APIC gives interrupts. */
	LAPIC_SETUP,
	/* See which mode the VMM has put the local APIC into. */
	LAPIC_LOOK,
	/* register: @val. */
	LAPIC_READ,
	/* register, value. */
	LAPIC_WRITE,
	/* address, length: @val. */
	LAPIC_PEEK,
	/* address, length, value. */
	LAPIC_POKE,
	/* MSR: @val, @ok. */
	LAPIC_RDMSR,
	/* MSR, value: @ok. */
	LAPIC_WRMSR,
	/* Until vector arg 0 was taken arg 1 times; arg 2: spin instead of HLT. */
	LAPIC_WAIT,
	/* Interrupts open while the TSC makes arg 0 cycles. */
	LAPIC_OPEN,
	/* TMICT arg 0, then LAPIC_NR_SAMPLES readings of TMCCT. */
	LAPIC_SAMPLE,
	/* Deadline: arg 0 cycles from now. */
	LAPIC_ARM,
	/* TSC to arg 0, then deadline arg 1 and what it reads then: @val. */
	LAPIC_PAST,
	/* An INIT to vCPU arg 0. */
	LAPIC_INIT,
	/* For ever: LVTT arg 0, TDCR arg 1, TMICT arg 2; a sync each arg 3 interrupts. */
	LAPIC_REPORT,
	LAPIC_NR_CMDS,
};

/* What the handler does beside counting, while @armings are left. */
enum lapic_rearm {
	LAPIC_REARM_NONE,
	/* Write TMICT. */
	LAPIC_REARM_COUNT,
	/* Write a deadline. */
	LAPIC_REARM_DEADLINE,
};

/**
 * struct lapic_sample - a reading between two of the TSC
 * @from:	TSC before
 * @val:	TMCCT
 * @to:		TSC after
 */
struct lapic_sample {
	uint64_t	from;
	uint64_t	val;
	uint64_t	to;
};

/**
 * struct lapic_vcpu - of one vCPU
 * @cmd:	what it is to do, enum lapic_cmd
 * @arg:	arguments of @cmd
 * @ok:		no #GP
 * @access:	TSC before and after the last access, and what it has read
 * @rearm:	enum lapic_rearm
 * @armings:	what is left of them
 * @step:	TMICT or cycles of each
 * @least:	an interrupt comes no earlier than so many cycles after @armed
 * @armed:	TSC before the last arming
 * @deadline:	the last one that was armed
 * @taken:	interrupts of all vectors
 * @irqs:	interrupts, by vector
 * @stamps:	TSC at each of them, the newest
 * @samples:	LAPIC_SAMPLE
 */
struct lapic_vcpu {
	volatile uint64_t	cmd;
	volatile uint64_t	arg[LAPIC_NR_ARGS];
	volatile uint64_t	ok;
	struct lapic_sample	access;
	volatile uint64_t	rearm;
	volatile uint64_t	armings;
	volatile uint64_t	step;
	volatile uint64_t	least;
	volatile uint64_t	armed;
	volatile uint64_t	deadline;
	volatile uint64_t	taken;
	volatile uint32_t	irqs[256];
	uint64_t		stamps[LAPIC_NR_STAMPS];
	struct lapic_sample	samples[LAPIC_NR_SAMPLES];
};

struct lapic_page {
	struct lapic_vcpu	vcpu[KT_MAX_VCPUS];
};

_Static_assert(sizeof(struct lapic_page) <= KT_STACK_GPA - LAPIC_PAGE_GPA, "no room");

#endif /* LAPIC_CMDS_H */
