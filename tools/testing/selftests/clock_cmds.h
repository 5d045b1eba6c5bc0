/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of kvmclock_test and tsc_test, and the memory that it shares with
 * them beside the library's: each vCPU has commands of its own.
 */
#ifndef CLOCK_CMDS_H
#define CLOCK_CMDS_H

#include <stdint.h>

#include "shared.h"

#define CLOCK_PAGE_GPA		0x10000UL
#define CLOCK_WALL_GPA		0x11000UL
#define CLOCK_PV_GPA(vcpu)	(0x12000UL + (vcpu) * 64UL)

/* Of the first two vCPUs, up to the stacks. */
#define CLOCK_AWAY_GPA(vcpu)	(0x13000UL + (vcpu) * 0x6000UL)
#define CLOCK_MAX_GAPS		1500

#define CLOCK_NR_ARGS		3

#define MSR_TSC			0x10
#define MSR_TSC_ADJUST		0x3b
#define MSR_WALL_OLD		0x11
#define MSR_SYSTEM_OLD		0x12
#define MSR_WALL_NEW		0x4b564d00
#define MSR_SYSTEM_NEW		0x4b564d01

#define PV_STABLE		0x01
#define PV_STOPPED		0x02

enum clock_cmd {
	/* MSR: @val, @ok. */
	CLOCK_RDMSR,
	/* MSR, value: @ok; TSC before and after. */
	CLOCK_WRMSR,
	/* kvmclock by the page of vCPU arg 0, between two readings of the TSC. */
	CLOCK_READ,
	/*
	 * arg 0 times kvmclock by the vCPU's own page, each to be no earlier than the latest
	 * that any vCPU has read: @val: how often it was; @ok: the latest.
	 */
	CLOCK_RACE,
	/* RDTSC: @val. RDTSCP: @val and TSC_AUX in @ok. */
	CLOCK_RDTSC,
	/* Read kvmclock by the vCPU's own page until @stop: @val: how often it went back. */
	CLOCK_RUN,
	/* Look at the TSC until @stop: gaps of arg 0 or more between two looks, in CLOCK_AWAY_GPA(). */
	CLOCK_AWAY,
	CLOCK_RDTSCP,
	CLOCK_NR_CMDS,
};

/* The pages of kvmclock, see KVM's documentation of its MSRs. */
struct clock_pv {
	uint32_t	version;
	uint32_t	pad0;
	uint64_t	tsc_timestamp;
	uint64_t	system_time;
	uint32_t	mul;
	int8_t		shift;
	uint8_t		flags;
	uint8_t		pad[2];
};

struct clock_wall {
	uint32_t	version;
	uint32_t	sec;
	uint32_t	nsec;
};

/**
 * struct clock_vcpu - of one vCPU
 * @cmd:	what it is to do, enum clock_cmd
 * @arg:	arguments of @cmd
 * @ok:		no #GP
 * @from:	TSC before
 * @val:	what was read
 * @to:		TSC after
 */
struct clock_vcpu {
	volatile uint64_t	cmd;
	volatile uint64_t	arg[CLOCK_NR_ARGS];
	volatile uint64_t	ok;
	volatile uint64_t	from;
	volatile uint64_t	val;
	volatile uint64_t	to;
};

/**
 * struct clock_away - when a vCPU was not in the guest, by its TSC
 * @looks:	counts all looks
 * @nr:		entries of @gap; CLOCK_MAX_GAPS: there may have been more
 * @from:	last look before
 * @to:		first look after
 */
struct clock_away {
	volatile uint64_t	looks;
	volatile uint64_t	nr;
	struct {
		volatile uint64_t	from;
		volatile uint64_t	to;
	} gap[CLOCK_MAX_GAPS];
};

struct clock_page {
	struct clock_vcpu	vcpu[KT_MAX_VCPUS];
	volatile uint64_t	latest;
	volatile uint64_t	stop;
};

/* kvmclock by a page at a TSC, as the ABI has it. */
static inline uint64_t clock_at(const volatile struct clock_pv *pv, uint64_t tsc)
{
	uint64_t delta = tsc - pv->tsc_timestamp;

	delta = pv->shift < 0 ? delta >> -pv->shift : delta << pv->shift;
	return pv->system_time + (uint64_t)((unsigned __int128)delta * pv->mul >> 32);
}

/* Now, as Linux reads it: again, if the page was being written, or was written meanwhile. */
static inline uint64_t clock_pv_read(const volatile struct clock_pv *pv,
				     uint64_t (*read_tsc)(void), uint64_t *tsc)
{
	uint32_t version;
	uint64_t ns;

	do {
		version = pv->version & ~1U;
		__asm__ volatile("" : : : "memory");
		*tsc = read_tsc();
		ns = clock_at(pv, *tsc);
		__asm__ volatile("" : : : "memory");
	} while (pv->version != version);
	return ns;
}

#endif /* CLOCK_CMDS_H */
