/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

/* The kernel refuses operands of different types; so does the comparison of pointers. */
#define shim_pick(a, op, b) ({			\
	__typeof__(a) shim_a = (a);		\
	__typeof__(b) shim_b = (b);		\
	(void)(&shim_a == &shim_b);		\
	shim_a op shim_b ? shim_a : shim_b;	\
})

#define min(a, b)		shim_pick(a, <, b)
#define max(a, b)		shim_pick(a, >, b)
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define clamp(val, low, high)	min(max(val, low), high)
#define clamp_t(type, val, low, high) clamp((type)(val), (type)(low), (type)(high))

#endif /* SHIM_LINUX_MINMAX_H */
