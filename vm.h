/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocks of one guest.
 */
#ifndef KT_VM_H
#define KT_VM_H

#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/kvm_host.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <kvm/iodev.h>

#include "i8254.h"
#include "inject.h"
#include "model.h"
#include "params.h"
#include "tick.h"

/* The PIT's line, as PCs have it. */
#define KT_PIT_GSI	0

/**
 * struct kt_pit - the PIT as the glue sees it
 * @model:	the device
 * @tick:	account of its interrupts
 * @line:	where they go
 * @ports:	0x40 to 0x43 on the VM's port bus
 * @port61:	0x61
 * @chosen:	the owner chose the policy: KVM_REINJECT_CONTROL does not change it
 * @silenced:	interrupts are off while an HPET of the VMM's stands in
 * @pulsing:	one entry is raising the line now
 * @reads:	register reads
 * @writes:	register writes
 */
struct kt_pit {
	struct kt_i8254		model;
	struct kt_tick		tick;
	struct kt_line		line;
	struct kvm_io_device	ports;
	struct kvm_io_device	port61;
	bool			chosen;
	bool			silenced;
	bool			pulsing;
	u64			reads;
	u64			writes;
};

/**
 * struct kt_vm - one guest
 * @hash:	in the table that the hooks look at
 * @link:	in the list of living VMs
 * @refs:	the VM itself, each device on its buses, each timers fd
 * @rcu:	frees it
 * @kvm:	the VM; not to be used once @dead
 * @id:		number for the tool
 * @pid:	process that created it
 * @owner:	user who created it
 * @devices:	KVM_TIMERS_* taken over
 * @active:	KVM_TIMERS_* that the VMM has created
 * @dead:	the VM is being destroyed
 * @origin_ns:	CLOCK_MONOTONIC when guest time was 0
 * @end_ns:	guest time when it died
 * @work:	serves a halted vCPU, or one that cannot be summoned
 * @alarm:	fires at the next thing to do
 * @lock:	protects all below, and the model, tick, silenced and counters of a device
 * @called:	the alarm has fired and nobody has served it yet
 * @rang_ns:	host time of the last alarm
 * @backstop_ns: next wait for a vCPU that does not come
 * @pit:	the PIT
 * @halted:	vCPUs, by index, that do not look at requests
 */
struct kt_vm {
	struct hlist_node	hash;
	struct list_head	link;
	refcount_t		refs;
	struct rcu_head		rcu;
	struct kvm		*kvm;
	u32			id;
	struct pid		*pid;
	kuid_t			owner;
	u32			devices;
	u32			active;
	bool			dead;
	u64			origin_ns;
	u64			end_ns;
	struct work_struct	work;

	struct hrtimer		alarm ____cacheline_aligned;
	raw_spinlock_t		lock;
	bool			called;
	u64			rang_ns;
	u64			backstop_ns;
	struct kt_pit		pit;
	DECLARE_BITMAP(halted, KVM_MAX_VCPUS);
};

#define KT_VM_HASH_BITS	6
extern struct hlist_head kt_vm_table[1 << KT_VM_HASH_BITS];
extern unsigned int kt_vm_count;

/**
 * kt_vm_find() - the guest that a struct kvm is for
 * @kvm:	any VM that cannot go away during the call
 *
 * Context: Any; called from ftrace handlers of every VM on the host.
 * Return: the guest, or NULL if the VM was not taken over.
 */
static __always_inline struct kt_vm *kt_vm_find(struct kvm *kvm)
{
	struct kt_vm *vm;

	if (likely(!READ_ONCE(kt_vm_count)))
		return NULL;

	preempt_disable_notrace();
	hlist_for_each_entry_rcu_notrace(vm, &kt_vm_table[hash_ptr(kvm, KT_VM_HASH_BITS)], hash)
		if (vm->kvm == kvm)
			break;
	preempt_enable_notrace();
	return vm;
}

/* Guest time, ns. The host's clock is read once an entry. */
static inline u64 kt_vm_now(const struct kt_vm *vm)
{
	return ktime_get_ns() - vm->origin_ns;
}

static inline bool kt_vm_pit_ticking(const struct kt_vm *vm)
{
	return (vm->active & KVM_TIMERS_PIT) && !vm->pit.silenced;
}

struct kt_vm *kt_vm_create(const struct kt_vm_params *params);
int kt_vm_attach(struct kt_vm *vm, struct kvm *kvm);
void kt_vm_stop(struct kt_vm *vm);
void kt_vm_detach(struct kt_vm *vm);
void kt_vm_get(struct kt_vm *vm);
void kt_vm_put(struct kt_vm *vm);
struct kt_vm *kt_vm_open(u32 id);
unsigned int kt_vm_list(u32 *ids, unsigned int room);
bool kt_vm_may_access(const struct kt_vm *vm);

void kt_vm_halt_begin(struct kt_vm *vm, unsigned int vcpu_idx);
void kt_vm_halt_end(struct kt_vm *vm, unsigned int vcpu_idx);
void kt_vm_summoned(struct kt_vm *vm);

void kt_vm_rearm(struct kt_vm *vm, u64 now);
void kt_vm_serve(struct kt_vm *vm, bool fresh);
void kt_vm_line_event(struct kt_line *line, bool unmasked);
void kt_vm_set_tick_params(struct kt_vm *vm, const struct kt_tick_params *params);

int kt_vm_pit_create(struct kt_vm *vm);
u8 kt_vm_pit_read(struct kt_vm *vm, enum kt_i8254_port port);
void kt_vm_pit_write(struct kt_vm *vm, enum kt_i8254_port port, u8 val);
u8 kt_vm_pit_read61(struct kt_vm *vm);
void kt_vm_pit_write61(struct kt_vm *vm, u8 val);
void kt_vm_pit_get(struct kt_vm *vm, struct kt_i8254_state *state, u64 *origin_ns,
		   bool *silenced);
int kt_vm_pit_set(struct kt_vm *vm, const struct kt_i8254_state *state, bool silenced);
void kt_vm_pit_reinject(struct kt_vm *vm, bool reinject);
void kt_vm_pit_status(struct kt_vm *vm, struct kvm_timers_device_status *status, u64 now);

void kt_vm_status(struct kt_vm *vm, struct kvm_timers_status *status);
int kt_vm_set_policy(struct kt_vm *vm, unsigned int device,
		     const struct kvm_timers_policy_config *config);

int kt_vm_init(void);
void kt_vm_exit(void);

#endif /* KT_VM_H */
