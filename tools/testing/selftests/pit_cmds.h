/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of pit_test, pit_tick_test and pit_state_test.
 */
#ifndef PIT_CMDS_H
#define PIT_CMDS_H

enum pit_cmd {
	/* Registers: claims are made in the guest; counter 2, gate low. */
	PIT_ACCESS_FORMS,
	PIT_FLIP_FLOPS,
	PIT_READ_BACK,
	PIT_LATCH_HOLDS,
	PIT_NULL_COUNT,
	PIT_BCD,
	PIT_MODE0_OUT,
	PIT_MODE3_EVEN,
	PIT_GATE_FREEZES,
	PIT_REWRITE_WAITS,
	PIT_MODE2_OUT,
	PIT_WIDE_INSIDE,
	PIT_WIDE_ACROSS,
	PIT_STRING,
	/* Readings that the VMM judges by its own clock. */
	PIT_REFRESH,
	PIT_P7,
	/*
	 * Interrupts: SETUP: arg 0 is enum kt_pin.
	 * PROGRAM: control word, count, and how many bytes of it to write.
	 * COUNT: until @ticks has reached arg 1. SETTLE: for arg 1 CLK pulses.
	 * ONE_SHOT: control word, repeats. NMI: until @nmis has reached arg 1.
	 * LINT0: one that waits in the 8259 while LVT0 is masked. STAMPS: a sync a tick.
	 */
	PIT_SETUP,
	PIT_PROGRAM,
	PIT_COUNT,
	PIT_SETTLE,
	PIT_ONE_SHOT,
	PIT_NMI,
	PIT_LINT0,
	PIT_STAMPS,
	/* State: put some in, find it again. */
	PIT_SCATTER,
	PIT_GATHER,
};

#ifdef KT_GUEST_H
bool kt_pit_guest_interrupts(uint64_t cmd);
#endif

#endif /* PIT_CMDS_H */
