/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What drift_test and its guest agree on beside the library's.
 */
#ifndef DRIFT_CMDS_H
#define DRIFT_CMDS_H

#include <stdint.h>

#include "clock_cmds.h"
#include "kt_drift.h"

#define DRIFT_PAGE_GPA		0x10000UL
#define DRIFT_HPET		0xfed00000UL

enum drift_cmd {
	/* Start what has to be started. arg 0: there is an HPET. */
	DRIFT_START,
	/* Look at all clocks: struct kt_drift_look in DRIFT_PAGE_GPA. */
	DRIFT_LOOK,
};

#endif /* DRIFT_CMDS_H */
