/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of hpet_test, hpet_irq_test and hpet_legacy_test, and
 * the page that it shares with them beside the library's.
 */
#ifndef HPET_CMDS_H
#define HPET_CMDS_H

#include <stdint.h>

#include "shared.h"

#define HPET_PAGE_GPA		0x9000UL

/* Vectors of the tests, in the order of priority. */
#define HPET_NR_VECTORS		0x60
#define HPET_VEC_IRQ0		0x20
#define HPET_VEC_IRQ8		0x28
#define HPET_VEC_PIN		0x40
#define HPET_VEC_MSI		0x50

/* Registers. */
#define HPET_ID			0x000
#define HPET_CONF		0x010
#define HPET_STATUS		0x020
#define HPET_COUNTER		0x0f0
#define HPET_TIMER(n)		(0x100 + 0x20 * (n))
#define HPET_TN_CONF		0x00
#define HPET_TN_COMP		0x08
#define HPET_TN_FSB		0x10

#define HPET_ENABLE		0x001
#define HPET_LEGACY		0x002

#define HPET_TN_LEVEL		0x0002
#define HPET_TN_INT_ENB		0x0004
#define HPET_TN_PERIODIC	0x0008
#define HPET_TN_VAL_SET		0x0040
#define HPET_TN_32MODE		0x0100
#define HPET_TN_PIN(pin)	((pin) << 9)
#define HPET_TN_FSB_EN		0x4000

/* IOAPIC redirection entry, lower half. */
#define IOAPIC_LEVEL		0x08000
#define IOAPIC_MASKED		0x10000

enum hpet_cmd {
	/* offset, length: @val. */
	HPET_READ,
	/* offset, length, value. */
	HPET_WRITE,
	/* This vCPU takes interrupts; arg 0: LVT0. */
	HPET_LAPIC,
	/* Both PICs anew; masks of the first and the second. */
	HPET_PIC,
	/* Masks only. */
	HPET_PIC_MASKS,
	/* The four command words of each only: all masks are clear. */
	HPET_PIC_BARE,
	/* Pin, lower half of the entry, destination. */
	HPET_IOAPIC,
	/* Until this vCPU has taken vector arg 0 arg 1 times; arg 2: spin instead of HLT. */
	HPET_WAIT,
	/* Interrupts open while the main counter makes arg 0 ticks. */
	HPET_OPEN,
	/* Interrupts open for what is on its way. */
	HPET_DRAIN,
	/* arg 0 reads of the counter: none goes back; @val: the last one. */
	HPET_MONOTONE,
	/* The same by halves, between reads of both. */
	HPET_HALVES,
	/* The same on all vCPUs against the greatest that any has seen. */
	HPET_RACE,
	/* Until data arg 1 has appeared arg 0 times in @store[1]. */
	HPET_POLL,
	/* Control word and count of the PIT's counter 0. */
	HPET_PIT,
	/* Index and value of the RTC's. */
	HPET_RTC,
	/* arg 0: LVT0; until @nmis has reached arg 1. */
	HPET_NMI,
	HPET_NR_CMDS,
};

/**
 * struct hpet_page - what the tests of the HPET share with their guest
 * @val:	result of a command
 * @greatest:	HPET_RACE: counter
 * @racers:	HPET_RACE: vCPUs that take part
 * @ready:	HPET_RACE: vCPUs that have come to the start
 * @ack:	what the handler writes to the status register
 * @ignore:	so many interrupts are not acknowledged so
 * @read_c:	the handler reads register C of the RTC
 * @first:	main counter at the first interrupt since this was 0
 * @store:	where a timer may write; the middle one is its
 * @irqs:	interrupts taken, by vCPU and vector
 */
struct hpet_page {
	volatile uint64_t	val;
	volatile uint64_t	greatest;
	volatile uint64_t	racers;
	volatile uint64_t	ready;
	volatile uint64_t	ack;
	volatile uint64_t	ignore;
	volatile uint64_t	read_c;
	volatile uint64_t	first;
	volatile uint32_t	store[3];
	volatile uint32_t	irqs[KT_MAX_VCPUS][HPET_NR_VECTORS];
};

#endif /* HPET_CMDS_H */
