/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM, as the command line names it.
 */
#ifndef KT_VM_H
#define KT_VM_H

#include <linux/types.h>

int kt_vm_parse(const char *text, __u32 *id);
int kt_vm_open(__u32 id, int *vm);

#endif /* KT_VM_H */
