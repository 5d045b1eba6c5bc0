/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line of guest time, as the guest sees it: the pvclock page of kvmclock.
 */
#ifndef KT_KVMCLOCK_H
#define KT_KVMCLOCK_H

#include <linux/math64.h>
#include <linux/types.h>

/* A rate is in ns per cycle of the TSC, times 2^KT_KVMCLOCK_RATE_SHIFT. */
#define KT_KVMCLOCK_RATE_SHIFT	40

/* A mul of 1 is 2^-KT_KVMCLOCK_MUL_SHIFT ns per cycle. */
#define KT_KVMCLOCK_MUL_SHIFT	32

/* A clock is brought back to the one that it follows by no more than that. */
#define KT_KVMCLOCK_MAX_STEER_PPM	500

/**
 * struct kt_kvmclock_line - a straight piece of guest time
 * @tsc:	where it begins
 * @ns:		guest time there
 * @mul:	with @shift: ns per cycle, see kt_kvmclock_read(); 2^31 or more
 * @shift:	-31 to 31
 *
 * What the page says, but for the vCPU's own offset of its TSC: the line is over the TSC
 * that the host's gives by the guest's ratio alone.
 */
struct kt_kvmclock_line {
	u64	tsc;
	u64	ns;
	u32	mul;
	s8	shift;
};

/**
 * struct kt_kvmclock_host - the host's clock, a straight piece of it
 * @cycle:	the host's TSC where it begins
 * @ns:		its time there, whole ns
 * @frac:	and what is left, in units of 2^-@shift ns
 * @mult:	with @shift: ns per cycle of the host's TSC
 * @shift:	8 to 32
 */
struct kt_kvmclock_host {
	u64	cycle;
	u64	ns;
	u64	frac;
	u32	mult;
	u32	shift;
};

static __always_inline u64 kt_kvmclock_shift(u64 val, s8 shift)
{
	/* A branch that is always the same costs less than two shifts. */
	if (likely(shift <= 0))
		return val >> -shift;

	return val << shift;
}

/**
 * kt_kvmclock_read() - guest time, as a guest reads it
 * @line:	the piece that holds
 * @tsc:	the TSC; before the line's beginning counts as that
 *
 * Context: Any.
 * Return: ns, rounded down as the ABI has it: the shift first.
 */
static __always_inline u64 kt_kvmclock_read(const struct kt_kvmclock_line *line, u64 tsc)
{
	u64 delta = tsc - line->tsc;

	if ((s64)delta < 0)
		return line->ns;

	return line->ns + mul_u64_u32_shr(kt_kvmclock_shift(delta, line->shift), line->mul,
					  KT_KVMCLOCK_MUL_SHIFT);
}

u64 kt_kvmclock_tsc_at(const struct kt_kvmclock_line *line, u64 ns);
int kt_kvmclock_set_hz(struct kt_kvmclock_line *line, u64 hz);
u64 kt_kvmclock_rate(const struct kt_kvmclock_line *line);
int kt_kvmclock_begin(struct kt_kvmclock_line *line, u64 tsc, u64 ns, u64 rate);
u64 kt_kvmclock_steer(u64 rate, s64 lag_ns, u64 horizon_ns);
s32 kt_kvmclock_skew(u64 rate, u64 host_rate);

u64 kt_kvmclock_host_read(const struct kt_kvmclock_host *host, u64 cycle);
u64 kt_kvmclock_host_rate(const struct kt_kvmclock_host *host, u64 ratio, u8 frac_bits);

#endif /* KT_KVMCLOCK_H */
