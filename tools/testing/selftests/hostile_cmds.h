/* SPDX-License-Identifier: GPL-2.0-only */
/* What hostile_test and its guest have to agree on. */
#ifndef KT_HOSTILE_CMDS_H
#define KT_HOSTILE_CMDS_H

/* Devices that the guest gets at, a bit each. */
enum hostile_device {
	HOSTILE_PIT	= 1,
	HOSTILE_RTC	= 2,
	HOSTILE_HPET	= 4,
	HOSTILE_LAPIC	= 8,
};

#endif
