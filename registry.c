// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which VMs are ours: found by struct kvm in the hooks, by number from user
 * space.
 */
#include "vm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>

struct hlist_head kt_vm_table[1 << KT_VM_HASH_BITS];
unsigned int kt_vm_count;

static DEFINE_MUTEX(vms_lock);
static LIST_HEAD(vms);
static u32 last_id;

/**
 * kt_vm_attach() - make a VM ours
 * @vm:		from kt_vm_create(); its reference goes to the VM unless an error is returned
 * @kvm:	the VM
 *
 * Context: Process. kvm->lock held, or nobody else knows @kvm yet.
 * Return: 0 or -EALREADY.
 */
int kt_vm_attach(struct kt_vm *vm, struct kvm *kvm)
{
	mutex_lock(&vms_lock);
	if (kt_vm_find(kvm)) {
		mutex_unlock(&vms_lock);
		return -EALREADY;
	}
	vm->kvm = kvm;
	vm->id = ++last_id;
	list_add_tail(&vm->link, &vms);
	hlist_add_head_rcu(&vm->hash, &kt_vm_table[hash_ptr(kvm, KT_VM_HASH_BITS)]);
	WRITE_ONCE(kt_vm_count, kt_vm_count + 1);
	mutex_unlock(&vms_lock);
	kt_vm_follow_attached();
	trace_vm_attach(vm->id, pid_nr(vm->pid), vm->devices);
	return 0;
}

/**
 * kt_vm_detach() - the VM is being destroyed
 * @vm:		the guest; the VM's reference is dropped
 *
 * Context: Process, see kt_vm_stop().
 */
void kt_vm_detach(struct kt_vm *vm)
{
	kt_vm_stop(vm);
	trace_vm_detach(vm->id);

	mutex_lock(&vms_lock);
	list_del(&vm->link);
	hlist_del_rcu(&vm->hash);
	WRITE_ONCE(kt_vm_count, kt_vm_count - 1);
	mutex_unlock(&vms_lock);
	kt_vm_put(vm);
}

/**
 * kt_vm_get() - take a reference
 * @vm:		a guest the caller has a reference to
 *
 * Context: Any.
 */
void kt_vm_get(struct kt_vm *vm)
{
	refcount_inc(&vm->refs);
}

/**
 * kt_vm_hold() - keep a guest's VM from going away
 * @vm:		the guest
 *
 * Context: Process.
 * Return: the VM, for kvm_put_kvm(); NULL if it is gone, or about to be.
 */
struct kvm *kt_vm_hold(struct kt_vm *vm)
{
	struct kvm *kvm = NULL;

	/* Until it is dead, and off the list, there is at least its memory. */
	mutex_lock(&vms_lock);
	if (!READ_ONCE(vm->dead) && kvm_get_kvm_safe(vm->kvm))
		kvm = vm->kvm;
	mutex_unlock(&vms_lock);
	return kvm;
}

/**
 * kt_vm_put() - drop a reference
 * @vm:		the guest
 *
 * Context: Any. With the last one the module may go.
 */
void kt_vm_put(struct kt_vm *vm)
{
	if (!refcount_dec_and_test(&vm->refs))
		return;

	put_pid(vm->pid);
	kt_vcpu_free_all(vm);
	free_percpu(vm->hpet.reads);
	kvfree_rcu(vm, rcu);
	module_put(THIS_MODULE);
}

/**
 * kt_vm_may_access() - whether the caller may see and steer a guest
 * @vm:		the guest
 *
 * Context: Process.
 * Return: true for its owner and for the host's administrator.
 */
bool kt_vm_may_access(const struct kt_vm *vm)
{
	return uid_eq(vm->owner, current_uid()) || capable(CAP_SYS_ADMIN);
}

/**
 * kt_vm_open() - a living guest by its number
 * @id:		the number
 *
 * Context: Process.
 * Return: the guest with a reference, or ERR_PTR(-ENOENT or -EPERM).
 */
struct kt_vm *kt_vm_open(u32 id)
{
	struct kt_vm *found = ERR_PTR(-ENOENT);
	struct kt_vm *vm;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, link) {
		if (vm->id != id)
			continue;
		found = kt_vm_may_access(vm) ? vm : ERR_PTR(-EPERM);
		if (!IS_ERR(found))
			kt_vm_get(vm);
		break;
	}
	mutex_unlock(&vms_lock);
	return found;
}

/**
 * kt_vm_for_each() - visit every guest
 * @visit:	called for each; the VM cannot go away meanwhile
 *
 * Context: Process.
 * Return: how many there are.
 */
unsigned int kt_vm_for_each(void (*visit)(struct kt_vm *vm))
{
	unsigned int n = 0;
	struct kt_vm *vm;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, link) {
		visit(vm);
		n++;
	}
	mutex_unlock(&vms_lock);
	return n;
}

/**
 * kt_vm_list() - the guests that the caller may open
 * @ids:	their numbers
 * @room:	entries at @ids
 *
 * Context: Process.
 * Return: how many there are, which may be more than @room.
 */
unsigned int kt_vm_list(u32 *ids, unsigned int room)
{
	unsigned int n = 0;
	struct kt_vm *vm;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, link) {
		if (!kt_vm_may_access(vm))
			continue;
		if (n < room)
			ids[n] = vm->id;
		n++;
	}
	mutex_unlock(&vms_lock);
	return n;
}
