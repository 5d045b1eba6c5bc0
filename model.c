// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic that all device models share.
 *
 * mul_u64_u32_div() is a bare MUL and DIV on x86-64: a quotient over 64 bits
 * is a divide error in the host. Bound it here, once, for everybody.
 */
#include <linux/math64.h>

#include "model.h"

/**
 * kt_model_scale() - scale a value by a ratio, rounding down
 * @a:		value to scale
 * @mul:	numerator
 * @div:	denominator, not 0
 *
 * Context: Any.
 * Return: floor(@a * @mul / @div), or KT_NEVER where that exceeds 64 bits.
 */
u64 kt_model_scale(u64 a, u32 mul, u32 div)
{
	if (mul > div && a > mul_u64_u32_div(U64_MAX, div, mul))
		return KT_NEVER;

	return mul_u64_u32_div(a, mul, div);
}

/**
 * kt_model_scale_long() - kt_model_scale() by a ratio of long numbers
 * @a:		value to scale
 * @mul:	numerator
 * @div:	denominator, not 0
 *
 * Context: Any.
 * Return: floor(@a * @mul / @div), or KT_NEVER where that exceeds 64 bits.
 */
u64 kt_model_scale_long(u64 a, u64 mul, u64 div)
{
	if (mul_u64_u64_shr(a, mul, 64) >= div)
		return KT_NEVER;

	return mul_u64_u64_div_u64(a, mul, div);
}

/**
 * kt_model_scale_up() - scale a value by a ratio, rounding up
 * @a:		value to scale
 * @mul:	numerator
 * @div:	denominator, not 0
 *
 * With @div <= @mul this is the exact inverse of kt_model_scale() with both
 * exchanged: scaling up and down again gives @a back.
 *
 * Context: Any.
 * Return: ceil(@a * @mul / @div), or KT_NEVER where that exceeds 64 bits.
 */
u64 kt_model_scale_up(u64 a, u32 mul, u32 div)
{
	u64 low;

	/* Most values are short: then neither the product nor the sum overflows. */
	if (likely(a <= U32_MAX))
		return div_u64(a * mul + div - 1, div);

	low = kt_model_scale(a, mul, div);
	/* Both products are taken modulo 2^64: their difference is below @div. */
	if (low != KT_NEVER && a * mul != low * div)
		low++;

	return low;
}
