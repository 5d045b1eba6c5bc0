/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On x86-64 a division by zero, or a quotient over 64 bits, is a divide error in
 * the host. Make it one here, too.
 */
#ifndef SHIM_LINUX_MATH64_H
#define SHIM_LINUX_MATH64_H

#include <stdlib.h>

#include <linux/limits.h>
#include <linux/types.h>

#define NSEC_PER_SEC	1000000000L
#define NSEC_PER_MSEC	1000000L
#define NSEC_PER_USEC	1000L

static inline u64 shim_div(unsigned __int128 dividend, u64 divisor, u64 *remainder)
{
	unsigned __int128 quotient;

	if (!divisor)
		abort();

	quotient = dividend / divisor;
	if (quotient > U64_MAX)
		abort();
	if (remainder)
		*remainder = dividend % divisor;

	return quotient;
}

static inline u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder)
{
	return shim_div(dividend, divisor, remainder);
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return shim_div(dividend, divisor, NULL);
}

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	u64 rest, quotient = shim_div(dividend, divisor, &rest);

	*remainder = rest;

	return quotient;
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return shim_div(dividend, divisor, NULL);
}

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 divisor)
{
	return shim_div((unsigned __int128)a * mul, divisor, NULL);
}

static inline u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 divisor)
{
	return shim_div((unsigned __int128)a * mul, divisor, NULL);
}

static inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return ((unsigned __int128)a * mul) >> shift;
}

static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return mul_u64_u64_shr(a, mul, shift);
}

#endif /* SHIM_LINUX_MATH64_H */
