/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMM and the guests of the selftests agree on.
 *
 * Guest memory is mapped one to one, so a guest pointer is an offset into the
 * VMM's mapping.
 */
#ifndef KT_SHARED_H
#define KT_SHARED_H

#include <stdint.h>

#define KT_MEM_SIZE		0x200000UL
#define KT_PML4_GPA		0x1000UL
#define KT_PDPT_GPA		0x2000UL
#define KT_PD_GPA		0x3000UL
#define KT_GDT_GPA		0x7000UL
#define KT_SHARED_GPA		0x8000UL
#define KT_STACK_GPA		0x20000UL
#define KT_STACK_SIZE		0x4000UL
#define KT_IMAGE_GPA		0x100000UL

#define KT_MAX_VCPUS		8
#define KT_NR_ARGS		8
#define KT_NR_VALS		6

#define KT_CODE_SEL		0x08
#define KT_DATA_SEL		0x10

/* An OUT of a call number to this port leaves for the VMM. */
#define KT_CALL_PORT		0xe0

enum kt_call {
	KT_CALL_SYNC		= 1,
	KT_CALL_DONE		= 2,
	KT_CALL_ASSERT		= 3,
	KT_CALL_TRAP		= 4,
};

/* What IRQ 0 goes through. */
enum kt_pin {
	KT_PIN_PIC,
	KT_PIN_IOAPIC_0,
	KT_PIN_IOAPIC_2,
};

/**
 * struct kt_shared_call - what one vCPU tells the VMM
 * @file:	KT_CALL_ASSERT: guest address of the file's name
 * @expr:	KT_CALL_ASSERT: guest address of the text of the claim
 * @line:	KT_CALL_ASSERT: line
 * @val:	readings; KT_CALL_TRAP: vector, error code, RIP, CR2
 */
struct kt_shared_call {
	uint64_t	file;
	uint64_t	expr;
	uint64_t	line;
	uint64_t	val[KT_NR_VALS];
};

/**
 * struct kt_shared - the page that both sides see
 * @cmd:	what the guest is to do, a number of the test's own
 * @arg:	arguments of @cmd
 * @ticks:	timer interrupts taken
 * @rounds:	of a loop that does nothing else
 * @nmis:	NMIs taken
 * @ghosts:	interrupts that their controller knew nothing of
 * @call:	one a vCPU
 */
struct kt_shared {
	volatile uint64_t	cmd;
	volatile uint64_t	arg[KT_NR_ARGS];
	volatile uint64_t	ticks;
	volatile uint64_t	rounds;
	volatile uint64_t	nmis;
	volatile uint64_t	ghosts;
	struct kt_shared_call	call[KT_MAX_VCPUS];
};

#endif /* KT_SHARED_H */
