/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of lapic_bench.
 */
#ifndef LAPIC_BENCH_CMDS_H
#define LAPIC_BENCH_CMDS_H

enum lapic_bench_cmd {
	/* Nothing but the LAPIC timer gives interrupts. */
	BENCH_SETUP,
	/* arg 0: enum lapic_bench_op, arg 1: how often; val 0: cycles in all. */
	BENCH_COST,
	/*
	 * arg 0: enum lapic_bench_mode, arg 1: halted, arg 2: interrupts. After some that
	 * do not count; val 0 to 2: lateness, the sum of all, the worst, the least.
	 */
	BENCH_LATE,
};

/* Arguments of both commands: an interval, in the timer's clock undivided and in cycles. */
#define BENCH_ARG_TMICT		6
#define BENCH_ARG_CYCLES	7

enum lapic_bench_op {
	BENCH_NOTHING,
	BENCH_DEADLINE_WRMSR,
	BENCH_TMICT_WRITE,
	BENCH_TMCCT_READ,
};

enum lapic_bench_mode {
	BENCH_ONE_SHOT,
	BENCH_PERIODIC,
	BENCH_TSC_DEADLINE,
};

#endif /* LAPIC_BENCH_CMDS_H */
