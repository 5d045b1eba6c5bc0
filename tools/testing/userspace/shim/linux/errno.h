/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

/* Not errno.h: the C library's own includes this file. */
#include <asm/errno.h>

#endif /* SHIM_LINUX_ERRNO_H */
