/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/kvm_timers and the timers file descriptors.
 */
#ifndef KT_CHARDEV_H
#define KT_CHARDEV_H

int kt_chardev_init(void);
void kt_chardev_exit(void);

#endif /* KT_CHARDEV_H */
