/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's own PIT ioctls, answered for a VM of ours.
 */
#ifndef KT_PIT_IOCTL_H
#define KT_PIT_IOCTL_H

#include "vm.h"

long kt_pit_ioctl(struct kt_vm *vm, unsigned int ioctl, void __user *argp);

#endif /* KT_PIT_IOCTL_H */
