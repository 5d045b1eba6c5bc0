/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a pause is to be, on the command line.
 */
#ifndef KT_FREEZE_H
#define KT_FREEZE_H

#include <linux/types.h>

int kt_freeze_take_gap(int *argc, char **argv, __u32 *gap);

#endif /* KT_FREEZE_H */
