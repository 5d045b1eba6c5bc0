/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What drift_test and its guest agree on beside the library's.
 */
#ifndef DRIFT_CMDS_H
#define DRIFT_CMDS_H

#include <stdint.h>

#include "clock_cmds.h"

#define DRIFT_PAGE_GPA		0x10000UL
#define DRIFT_HPET		0xfed00000UL

enum drift_cmd {
	/* Start what has to be started. arg 0: there is an HPET. */
	DRIFT_START,
	/* Look at all clocks. */
	DRIFT_LOOK,
};

/**
 * struct drift_look - all clocks, one after the other
 * @from:	TSC before
 * @kvmclock:	by the vCPU's page, ns
 * @hpet:	main counter
 * @pit:	counter 2, a rate generator that counts down from 65536
 * @tmcct:	of a periodic count down from 2^32 - 1
 * @rtc:	seconds since the hour
 * @to:		TSC after
 */
struct drift_look {
	volatile uint64_t	from;
	volatile uint64_t	kvmclock;
	volatile uint64_t	hpet;
	volatile uint64_t	pit;
	volatile uint64_t	tmcct;
	volatile uint64_t	rtc;
	volatile uint64_t	to;
};

#endif /* DRIFT_CMDS_H */
