/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BCD_H
#define SHIM_LINUX_BCD_H

#include <linux/types.h>

static inline unsigned int bcd2bin(u8 val)
{
	return (val & 0x0f) + (val >> 4) * 10;
}

static inline u8 bin2bcd(unsigned int val)
{
	return (val / 10) << 4 | val % 10;
}

#endif /* SHIM_LINUX_BCD_H */
