/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left of the CPU: a thread that runs when nobody else does, and counts its rounds.
 */
#ifndef KT_SPARE_H
#define KT_SPARE_H

#include <stdbool.h>
#include <stdint.h>

bool kt_spare_start(void);
uint64_t kt_spare_rounds(void);

#endif /* KT_SPARE_H */
