/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM does to the in-kernel interrupt controllers.
 */
#ifndef KT_IRQCHIP_H
#define KT_IRQCHIP_H

#include "vm.h"

int kt_irqchip_create(struct kt_vm *vm);
int kt_irqchip_ioctl(struct kt_vm *vm, unsigned int ioctl, void __user *argp);

#endif /* KT_IRQCHIP_H */
