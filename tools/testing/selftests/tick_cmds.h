/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of tick_test, race_test, attach_test and unload_test.
 */
#ifndef TICK_CMDS_H
#define TICK_CMDS_H

enum tick_cmd {
	/* arg 0: enum kt_pin, arg 1: count of counter 0, mode 2. */
	TICK_START,
	/* arg 0: until so many interrupts, arg 1: spin instead of HLT. */
	TICK_UNTIL,
	/* A bare control word, and time for what is in flight. */
	TICK_STOP,
	/* Time for what is owed: arg 0 CLK pulses. */
	TICK_SETTLE,
	/* A sync each arg 0 interrupts, for ever. */
	TICK_REPORT,
	/* Count rounds, interrupts on, until arg 0 is not zero. */
	TICK_ROUNDS,
	/* Take interrupts for what they are, as an OS does. */
	TICK_TRUST,
	/* From now on each arg 0th handler takes arg 1 CLK pulses. */
	TICK_LINGER,
};

#endif /* TICK_CMDS_H */
