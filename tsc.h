/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's TSC: ratio, offset, TSC_ADJUST, and which vCPUs share a line.
 */
#ifndef KT_TSC_H
#define KT_TSC_H

#include <linux/math64.h>
#include <linux/types.h>

/* Bits of a ratio behind the point: VMCB and VMCS. */
#define KT_TSC_SVM_FRAC_BITS	32
#define KT_TSC_VMX_FRAC_BITS	48

/* An SVM ratio has eight bits before the point. */
#define KT_TSC_SVM_RATIO_BITS	40

/**
 * struct kt_tsc_scale - how fast a guest's TSC goes
 * @ratio:	cycles of the guest in one of the host, not 0
 * @frac_bits:	of @ratio: KT_TSC_SVM_FRAC_BITS or KT_TSC_VMX_FRAC_BITS
 */
struct kt_tsc_scale {
	u64	ratio;
	u8	frac_bits;
};

/**
 * struct kt_tsc - TSC of one vCPU
 * @offset:	what is added to the scaled TSC of the host
 * @adjust:	IA32_TSC_ADJUST
 */
struct kt_tsc {
	u64	offset;
	u64	adjust;
};

/**
 * struct kt_tsc_line - the TSC that the vCPUs of a guest are to share
 * @offset:	of all of them
 * @written:	what the VMM wrote last to one of them
 * @written_at:	the host's TSC then, scaled
 */
struct kt_tsc_line {
	u64	offset;
	u64	written;
	u64	written_at;
};

/**
 * kt_tsc_scale() - the host's TSC as the guest's hardware scales it
 * @scale:	ratio
 * @tsc:	of the host
 *
 * Context: Any.
 * Return: cycles of the guest, modulo 2^64.
 */
static inline u64 kt_tsc_scale(const struct kt_tsc_scale *scale, u64 tsc)
{
	return mul_u64_u64_shr(tsc, scale->ratio, scale->frac_bits);
}

u64 kt_tsc_hz(const struct kt_tsc_scale *scale, u32 host_khz);
int kt_tsc_set_ratio(struct kt_tsc_scale *scale, u32 guest_khz, u32 host_khz);
u64 kt_tsc_offset(const struct kt_tsc_scale *scale, u64 guest_tsc, u64 host_tsc);
u64 kt_tsc_nested_ratio(const struct kt_tsc_scale *outer, u64 inner_ratio);
u64 kt_tsc_nested_offset(const struct kt_tsc_scale *inner, u64 outer_offset, u64 inner_offset);
void kt_tsc_write(struct kt_tsc *tsc, u64 now_tsc, u64 val);
void kt_tsc_write_adjust(struct kt_tsc *tsc, u64 val);
bool kt_tsc_join(struct kt_tsc_line *line, bool in_round, u64 val, u64 scaled_now, u64 slack,
		 u64 *offset);

#endif /* KT_TSC_H */
