/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <string.h>

static inline const void *memchr_inv(const void *start, int c, size_t bytes)
{
	const unsigned char *at = start;

	while (bytes--) {
		if (*at != (unsigned char)c)
			return at;
		at++;
	}
	return NULL;
}

#endif /* SHIM_LINUX_STRING_H */
