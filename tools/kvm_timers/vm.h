/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM, as the command line names it and as the module shows it.
 */
#ifndef KT_VM_H
#define KT_VM_H

#include <stddef.h>

#include <linux/kvm_timers.h>
#include <linux/types.h>

#define KT_VM_COMM_ROOM	64

/**
 * struct kt_vm - one VM
 * @status:	from the module
 * @comm:	name of its process, empty if that is not known
 */
struct kt_vm {
	struct kvm_timers_status	status;
	char				comm[KT_VM_COMM_ROOM];
};

int kt_vm_parse(const char *text, __u32 *id);
int kt_vm_open(__u32 id, int *vm);
int kt_vm_read(int dev, __u32 id, struct kt_vm *vm);
int kt_vm_read_all(struct kt_vm **vms, size_t *nr);

#endif /* KT_VM_H */
