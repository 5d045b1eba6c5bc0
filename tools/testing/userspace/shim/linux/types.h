/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the models need of the kernel's types, in userspace.
 */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel gives it to every file. */
#include <linux/compiler.h>

/* 64 bits are long long, as in the kernel, so that the same printf formats fit. */
typedef uint8_t			u8;
typedef uint16_t		u16;
typedef uint32_t		u32;
typedef unsigned long long	u64;
typedef int8_t			s8;
typedef int16_t			s16;
typedef int32_t			s32;
typedef long long		s64;

typedef u8	__u8;
typedef u16	__u16;
typedef u32	__u32;
typedef u64	__u64;
typedef s8	__s8;
typedef s16	__s16;
typedef s32	__s32;
typedef s64	__s64;

#endif /* SHIM_LINUX_TYPES_H */
