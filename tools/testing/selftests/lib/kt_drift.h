/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks that were looked at together: how far they have got from each other.
 */
#ifndef KT_DRIFT_H
#define KT_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

/* What is compared. KT_CLOCK_HOST is CLOCK_MONOTONIC of the host, where it is known. */
enum kt_clock {
	KT_CLOCK_TSC,
	KT_CLOCK_KVMCLOCK,
	KT_CLOCK_HPET,
	KT_CLOCK_PIT,
	KT_CLOCK_TMCCT,
	KT_CLOCK_RTC,
	KT_CLOCK_HOST,
	KT_NR_CLOCKS,
};

/**
 * struct kt_drift_look - all clocks, one after the other
 * @from:	TSC before
 * @to:		TSC after
 * @ticks:	what each clock showed. PIT: a rate generator that counts down from 65536; TMCCT:
 *		of a periodic count down from 2^32 - 1; RTC: seconds since the hour
 */
struct kt_drift_look {
	uint64_t	from;
	uint64_t	to;
	uint64_t	ticks[KT_NR_CLOCKS];
};

/**
 * struct kt_drift - what has been found, of each pair: the later clock first
 * @tsc_khz:	frequency of the TSC
 * @clocks:	bits of those that are there
 * @exact:	bits of those that were looked at as they began a tick: it tells nothing to allow
 *		them another one
 * @apart:	how far apart they got, ns
 * @beyond:	how much more than a tick of the coarser one and the time of the looks, ns
 * @has_first:	there has been a look
 * @first:	the first one: all clocks count from it
 * @last:	the last one
 * @passed:	ticks between these two
 */
struct kt_drift {
	uint64_t		tsc_khz;
	unsigned int		clocks;
	unsigned int		exact;
	int64_t			apart[KT_NR_CLOCKS][KT_NR_CLOCKS];
	int64_t			beyond[KT_NR_CLOCKS][KT_NR_CLOCKS];
	bool			has_first;
	struct kt_drift_look	first;
	struct kt_drift_look	last;
	uint64_t		passed[KT_NR_CLOCKS];
};

/* Is a clock there? */
#define KT_DRIFT_HAS(drift, id)	(!!((drift)->clocks & 1U << (id)))

const char *kt_drift_name(enum kt_clock id);
void kt_drift_add(struct kt_drift *drift, const struct kt_drift_look *look);

#endif /* KT_DRIFT_H */
