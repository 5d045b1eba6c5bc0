/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs that a process will create.
 */
#ifndef KT_ADOPT_H
#define KT_ADOPT_H

#include "params.h"

struct kt_vm;

bool kt_adopt_wanted(void);
struct kt_vm *kt_adopt_prepare(void);
int kt_adopt_current(const struct kt_vm_params *params);
void kt_adopt_init(void);
void kt_adopt_exit(void);

#endif /* KT_ADOPT_H */
