// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's TSC: T = ((H * ratio) >> frac_bits) + offset over the host's H, all of it
 * modulo 2^64.
 *
 * Intel SDM volume 3 (VMX: 16.48), AMD APM volume 2 (SVM: 8.32).
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "model.h"
#include "tsc.h"

#define HZ_PER_KHZ	1000
#define HZ_FRAC_BITS	10

/**
 * kt_tsc_set_ratio() - the ratio of two frequencies
 * @scale:	its @ratio is set, with the @frac_bits that it has
 * @guest_khz:	of the guest
 * @host_khz:	of the host
 *
 * Rounded down: the guest is slow by less than 2^-frac_bits of the host's rate.
 *
 * Context: Any.
 * Return: 0; -ERANGE for a ratio that is 0 or does not fit, and nothing has changed.
 */
int kt_tsc_set_ratio(struct kt_tsc_scale *scale, u32 guest_khz, u32 host_khz)
{
	u64 limit = U64_MAX, ratio;

	if (scale->frac_bits == KT_TSC_SVM_FRAC_BITS)
		limit = BIT_ULL(KT_TSC_SVM_RATIO_BITS) - 1;
	if (!host_khz)
		return -ERANGE;
	ratio = kt_model_scale(BIT_ULL(scale->frac_bits), guest_khz, host_khz);
	if (!ratio || ratio == KT_NEVER || ratio > limit)
		return -ERANGE;

	scale->ratio = ratio;
	return 0;
}

/**
 * kt_tsc_hz() - how fast a guest's TSC goes
 * @scale:	ratio
 * @host_khz:	of the host
 *
 * Context: Any.
 * Return: cycles in a second, to the nearest: a ratio is rounded down, by less than that.
 */
u64 kt_tsc_hz(const struct kt_tsc_scale *scale, u32 host_khz)
{
	u64 hz = (u64)host_khz * HZ_PER_KHZ << HZ_FRAC_BITS;

	return (kt_tsc_scale(scale, hz) + BIT(HZ_FRAC_BITS - 1)) >> HZ_FRAC_BITS;
}

/**
 * kt_tsc_offset() - the offset by which a guest's TSC is what it is to be
 * @scale:	ratio
 * @guest_tsc:	what it is to be
 * @host_tsc:	of the host, at that instant
 *
 * Context: Any.
 * Return: the offset, modulo 2^64.
 */
u64 kt_tsc_offset(const struct kt_tsc_scale *scale, u64 guest_tsc, u64 host_tsc)
{
	return guest_tsc - kt_tsc_scale(scale, host_tsc);
}

/**
 * kt_tsc_nested_ratio() - the ratio of a guest's guest
 * @outer:	of the guest
 * @inner_ratio: which that guest has set for its own, with as many bits behind the point
 *
 * Context: Any.
 * Return: what the hardware is to be given.
 */
u64 kt_tsc_nested_ratio(const struct kt_tsc_scale *outer, u64 inner_ratio)
{
	return mul_u64_u64_shr(outer->ratio, inner_ratio, outer->frac_bits);
}

/**
 * kt_tsc_nested_offset() - the offset of a guest's guest
 * @inner:	ratio that the guest has set for its own
 * @outer_offset: of the guest, which its guest's ratio scales as a signed number
 * @inner_offset: that it has set for its own
 *
 * Context: Any.
 * Return: what the hardware is to be given.
 */
u64 kt_tsc_nested_offset(const struct kt_tsc_scale *inner, u64 outer_offset, u64 inner_offset)
{
	u64 scaled;

	if ((s64)outer_offset < 0)
		scaled = -kt_tsc_scale(inner, -outer_offset);
	else
		scaled = kt_tsc_scale(inner, outer_offset);
	return scaled + inner_offset;
}

/**
 * kt_tsc_write() - the guest writes IA32_TSC
 * @tsc:	of the vCPU, which alone is moved
 * @now_tsc:	what it reads at that instant
 * @val:	what it is to read
 *
 * Context: Any.
 */
void kt_tsc_write(struct kt_tsc *tsc, u64 now_tsc, u64 val)
{
	tsc->offset += val - now_tsc;
	tsc->adjust += val - now_tsc;
}

/**
 * kt_tsc_write_adjust() - the guest writes IA32_TSC_ADJUST
 * @tsc:	of the vCPU, which alone is moved
 * @val:	value
 *
 * Context: Any.
 */
void kt_tsc_write_adjust(struct kt_tsc *tsc, u64 val)
{
	tsc->offset += val - tsc->adjust;
	tsc->adjust = val;
}

/**
 * kt_tsc_join() - the VMM writes IA32_TSC of a vCPU
 * @line:	of the guest
 * @in_round:	of this round of writes the vCPU has had its own already
 * @val:	what it is to read
 * @scaled_now:	the host's TSC, scaled
 * @slack:	cycles that may lie between what the VMM reads of two vCPUs
 * @offset:	the vCPU's offset from now on
 *
 * A VMM writes one vCPU after the other, what it has read of them one after the other. The
 * first value of a round is taken as it is. Whoever names the same line after it gets that
 * line, exactly; anything else is the first of a round of its own. To name it is to be where
 * the one before is by now, to within the time that has passed since, for a VMM that writes
 * to all what it has read of one; or to within @slack, for one that took longer to read.
 *
 * Context: Any.
 * Return: true if the vCPU shares the line.
 */
bool kt_tsc_join(struct kt_tsc_line *line, bool in_round, u64 val, u64 scaled_now, u64 slack,
		 u64 *offset)
{
	u64 passed = scaled_now - line->written_at;
	u64 ahead;
	bool joins;

	if ((s64)passed < 0)
		passed = 0;
	ahead = val - (line->written + passed);
	if ((s64)ahead < 0)
		ahead = -ahead;
	joins = !in_round && ahead <= max(passed, slack);

	if (!joins)
		line->offset = val - scaled_now;
	line->written = val;
	line->written_at = scaled_now;
	*offset = line->offset;
	return joins;
}
