/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The histogram of how late interrupts were delivered: what its buckets mean, and what follows
 * from them.
 */
#ifndef KT_LATE_H
#define KT_LATE_H

#include <stdint.h>

#include <linux/kvm_timers.h>

/* What is late by anything from there on is in the last bucket. */
#define KT_LATE_UNBOUNDED	UINT64_MAX

/**
 * kt_late_from_us() - what is in a bucket is late by no less
 * @n:	number of the bucket
 *
 * Return: microseconds.
 */
static inline __u64 kt_late_from_us(unsigned int n)
{
	return n ? 1ULL << (n - 1) : 0;
}

/**
 * kt_late_below_us() - what is in a bucket is late by less
 * @n:	number of the bucket
 *
 * Return: microseconds, or KT_LATE_UNBOUNDED.
 */
static inline __u64 kt_late_below_us(unsigned int n)
{
	return n < KVM_TIMERS_LATE_BUCKETS - 1 ? 1ULL << n : KT_LATE_UNBOUNDED;
}

#endif /* KT_LATE_H */
