// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line of guest time: straight pieces over the TSC, each of which begins where the one
 * before it is then. One is what the guest reads by the page of kvmclock, in the page's own
 * arithmetic; every device has its time from the same piece.
 *
 * pvclock ABI: Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "kvmclock.h"
#include "model.h"

#define NS_PER_S	1000000000ULL

/* Between which rates there is a mul and a shift. */
#define MIN_RATE	BIT_ULL(31)
#define MAX_RATE	BIT_ULL(62)

/**
 * kt_kvmclock_tsc_at() - when it is that time
 * @line:	the piece that holds
 * @ns:		guest time
 *
 * Context: Any.
 * Return: the first TSC, not before the line's beginning, at which kt_kvmclock_read() gives
 * @ns or more; KT_NEVER if that is 2^63 cycles or more away, or 2^63 ns to within a cycle.
 */
u64 kt_kvmclock_tsc_at(const struct kt_kvmclock_line *line, u64 ns)
{
	u64 delta, shifted, limit;

	if (ns <= line->ns)
		return line->tsc;

	/* ceil(ns * 2^32 / mul): mul is 2^31 or more, so twice the wait at most. */
	delta = ns - line->ns;
	if (delta > U64_MAX / 2 - 1)
		return KT_NEVER;
	shifted = kt_model_scale_long(delta, BIT_ULL(KT_KVMCLOCK_MUL_SHIFT), line->mul);
	if (mul_u64_u32_shr(shifted, line->mul, KT_KVMCLOCK_MUL_SHIFT) < delta)
		shifted++;

	/* And ceil(shifted * 2^-shift). */
	if (line->shift >= 0) {
		delta = shifted >> line->shift;
		if (delta << line->shift != shifted)
			delta++;
		/* There the guest's own shift has lost the highest bit. */
		if (delta > U64_MAX >> line->shift)
			return KT_NEVER;
	} else {
		limit = BIT_ULL(63) >> -line->shift;
		if (shifted >= limit)
			return KT_NEVER;
		delta = shifted << -line->shift;
	}
	return delta < BIT_ULL(63) ? line->tsc + delta : KT_NEVER;
}

/**
 * kt_kvmclock_set_hz() - the rate of a TSC by its frequency
 * @line:	its @mul and @shift are set
 * @hz:		frequency, 1 MHz to 1 THz
 *
 * Rounded down: the clock is slow by less than 2^-31. Above 2 GHz a frequency that halving
 * takes bits from may be fast, by less than 10^-9. As KVM has it, so that a guest which finds
 * its frequency by it finds the same.
 *
 * Context: Any.
 * Return: 0; -ERANGE, and nothing has changed.
 */
int kt_kvmclock_set_hz(struct kt_kvmclock_line *line, u64 hz)
{
	s8 shift = 0;

	if (hz < 1000000 || hz > 1000000000000ULL)
		return -ERANGE;

	while (hz > 2 * NS_PER_S) {
		hz >>= 1;
		shift--;
	}
	while (hz <= NS_PER_S) {
		hz <<= 1;
		shift++;
	}
	line->mul = div64_u64(NS_PER_S << KT_KVMCLOCK_MUL_SHIFT, hz);
	line->shift = shift;
	return 0;
}

/**
 * kt_kvmclock_rate() - the rate of a line
 * @line:	a piece
 *
 * Context: Any.
 * Return: ns per cycle, in units of 2^-KT_KVMCLOCK_RATE_SHIFT; bits that are none are lost.
 */
u64 kt_kvmclock_rate(const struct kt_kvmclock_line *line)
{
	return kt_kvmclock_shift((u64)line->mul << 8, line->shift);
}

/**
 * kt_kvmclock_begin() - a new piece
 * @line:	set
 * @tsc:	where it begins
 * @ns:		guest time there
 * @rate:	of it, in units of 2^-KT_KVMCLOCK_RATE_SHIFT ns per cycle
 *
 * Rounded down, by less than 2^-31.
 *
 * Context: Any.
 * Return: 0; -ERANGE @rate is below 2^31 or above 2^62, and nothing has changed.
 */
int kt_kvmclock_begin(struct kt_kvmclock_line *line, u64 tsc, u64 ns, u64 rate)
{
	/* A rate of 2^(40 - 32) is that of a mul of 1. */
	s8 shift = KT_KVMCLOCK_MUL_SHIFT - KT_KVMCLOCK_RATE_SHIFT;

	if (rate < MIN_RATE || rate > MAX_RATE)
		return -ERANGE;

	while (rate >= BIT_ULL(32)) {
		rate >>= 1;
		shift++;
	}
	while (rate < BIT_ULL(31)) {
		rate <<= 1;
		shift--;
	}
	line->tsc = tsc;
	line->ns = ns;
	line->mul = rate;
	line->shift = shift;
	return 0;
}

/**
 * kt_kvmclock_steer() - the rate that brings a clock back to the one that it follows
 * @rate:	of that one, below 2^62
 * @lag_ns:	how far it is ahead; a clock that is ahead of it has a negative lag
 * @horizon_ns:	in what time they are to meet, not 0
 *
 * Context: Any.
 * Return: the rate, off by KT_KVMCLOCK_MAX_STEER_PPM at most.
 */
u64 kt_kvmclock_steer(u64 rate, s64 lag_ns, u64 horizon_ns)
{
	u64 bound = rate / 1000000 * KT_KVMCLOCK_MAX_STEER_PPM;
	u64 lag = lag_ns < 0 ? -(u64)lag_ns : lag_ns;
	u64 change = bound;

	if (lag < horizon_ns)
		change = min(bound, kt_model_scale_long(rate, lag, horizon_ns));

	return lag_ns < 0 ? rate - change : rate + change;
}

/**
 * kt_kvmclock_skew() - by how much another clock goes faster
 * @rate:	of a clock, not 0
 * @host_rate:	of the other one
 *
 * Context: Any.
 * Return: that part of it, in units of 2^-31; bounded to what fits.
 */
s32 kt_kvmclock_skew(u64 rate, u64 host_rate)
{
	u64 diff = host_rate > rate ? host_rate - rate : rate - host_rate;
	u64 part;

	if (diff >= rate)
		return host_rate > rate ? S32_MAX : S32_MIN + 1;

	part = kt_model_scale_long(diff, BIT_ULL(31), rate);
	part = min_t(u64, part, S32_MAX);
	return host_rate > rate ? (s32)part : -(s32)part;
}

/**
 * kt_kvmclock_host_read() - the host's time
 * @host:	the piece that holds
 * @cycle:	the host's TSC; before the piece begins, by its rate, too
 *
 * Who looks at the TSC first and then at the host's clock may find a piece that began between, as
 * long ago as the host's CPU was away from it.
 *
 * Context: Any.
 * Return: ns, rounded down, modulo 2^64.
 */
u64 kt_kvmclock_host_read(const struct kt_kvmclock_host *host, u64 cycle)
{
	u64 delta = cycle - host->cycle;
	bool is_before = (s64)delta < 0;
	u64 whole, low;

	if (is_before)
		delta = -delta;
	/* The sum may pass 64 bits, its parts do not: shift each, then what both have lost. */
	whole = mul_u64_u32_shr(delta, host->mult, host->shift);
	low = delta * host->mult & (BIT_ULL(host->shift) - 1);
	if (is_before)
		return host->ns - whole + ((s64)(host->frac - low) >> host->shift);

	return host->ns + whole + ((low + host->frac) >> host->shift);
}

/**
 * kt_kvmclock_host_rate() - how fast the host's time goes by a guest's TSC
 * @host:	the piece that holds
 * @ratio:	cycles of the guest in one of the host
 * @frac_bits:	of @ratio, 32 (SVM) or 48 (VMX)
 *
 * Context: Any.
 * Return: ns per cycle of the guest, in units of 2^-KT_KVMCLOCK_RATE_SHIFT, U64_MAX where
 * that is too much.
 */
u64 kt_kvmclock_host_rate(const struct kt_kvmclock_host *host, u64 ratio, u8 frac_bits)
{
	u64 rate = (u64)host->mult << (KT_KVMCLOCK_RATE_SHIFT - host->shift);

	return ratio ? kt_model_scale_long(rate, BIT_ULL(frac_bits), ratio) : U64_MAX;
}
