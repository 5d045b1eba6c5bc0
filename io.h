/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses of a guest, decoded.
 */
#ifndef KT_IO_H
#define KT_IO_H

#include "vm.h"

int kt_io_add_pit(struct kt_vm *vm);
int kt_io_add_pic(struct kt_vm *vm);
int kt_io_add_rtc(struct kt_vm *vm);
int kt_io_add_hpet(struct kt_vm *vm);

#endif /* KT_IO_H */
