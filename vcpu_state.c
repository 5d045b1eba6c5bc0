// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's vCPUs: how they come and go, are reset, have their TSC moved; what the
 * VMM saves and restores of their LAPIC timers, what the owner of the guest sees of
 * them, and sets.
 */
#include "vcpu.h"
#include "compat.h"
#include "inject.h"
#include "record.h"
#include "vm.h"

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/slab.h>

/**
 * kt_vcpu_set_enabled() - the guest has written SVR
 * @v:		the vCPU
 * @enabled:	software enable
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vcpu_set_enabled(struct kt_vcpu *v, bool enabled)
{
	struct kt_lapic_clock clock;
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	kt_vcpu_sample(v, &clock);
	kt_lapic_timer_set_enabled(&v->timer, enabled, &clock);
	kt_vcpu_changed(v, &clock);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_reset() - reset or INIT
 * @v:		the vCPU
 *
 * Context: Process.
 */
void kt_vcpu_reset(struct kt_vcpu *v)
{
	struct kt_lapic_clock clock;
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	kt_vcpu_sample(v, &clock);
	kt_lapic_timer_reset(&v->timer, &clock);
	kt_tick_drop(&v->tick, kt_lapic_timer_edges(&v->timer, &clock));
	kt_vcpu_changed(v, &clock);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_tsc_moving() - the guest's TSC is about to be moved
 * @v:		the vCPU
 *
 * Context: Any, tsc_write_lock of KVM may be held.
 */
void kt_vcpu_tsc_moving(struct kt_vcpu *v)
{
	struct kt_lapic_clock clock;
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	if (!READ_ONCE(v->host)) {
		kt_vcpu_sample(v, &clock);
		kt_lapic_timer_edges(&v->timer, &clock);
	}
	WRITE_ONCE(v->due, true);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_tsc_moved() - the guest's TSC has been moved
 * @v:		the vCPU
 *
 * A deadline may have been passed. It is compared before the vCPU runs on.
 *
 * Context: Any, tsc_write_lock of KVM may be held.
 */
void kt_vcpu_tsc_moved(struct kt_vcpu *v)
{
	WRITE_ONCE(v->due, true);
	kt_inject_summon_self(v->vcpu);
}

/**
 * kt_vcpu_get_state() - what the VMM saves
 * @v:		the vCPU
 * @state:	filled in
 *
 * Context: Process.
 * Return: true if an interrupt of a count is due that the vCPU has not been given yet.
 * That of a deadline is not: it is saved as armed.
 */
bool kt_vcpu_get_state(struct kt_vcpu *v, struct kt_lapic_timer_state *state)
{
	struct kt_lapic_clock clock;
	struct kt_lapic_timer copy;
	unsigned long flags;
	bool due;

	kt_vcpu_lock_save(v, flags);
	kt_vcpu_sample(v, &clock);
	kt_lapic_timer_get_state(&v->timer, state, &clock);
	copy = v->timer;
	due = !state->deadline &&
	      (v->tick.owed || kt_lapic_timer_edges(&copy, &clock) != v->tick.seen);
	/* Of a stream that is not caught up, what was missed is not given back here, either. */
	if (kt_lapic_timer_is_periodic(&v->timer) &&
	    (v->tick.params.policy == KVM_TIMERS_POLICY_DISCARD ||
	     v->tick.params.policy == KVM_TIMERS_POLICY_DELAY))
		due = false;
	kt_vcpu_unlock_restore(v, flags);
	return due;
}

/**
 * kt_vcpu_set_state() - what the VMM restores
 * @v:		the vCPU
 * @state:	registers; the deadline stays as it is
 *
 * Context: Process.
 */
void kt_vcpu_set_state(struct kt_vcpu *v, const struct kt_lapic_timer_state *state)
{
	struct kt_lapic_timer_state old, new = *state;
	struct kt_lapic_clock clock;
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	kt_vcpu_sample(v, &clock);
	kt_lapic_timer_get_state(&v->timer, &old, &clock);
	new.deadline = old.deadline;
	/* What was due before is none of the new state's. */
	kt_lapic_timer_set_state(&v->timer, &new, &clock);
	kt_tick_drop(&v->tick, v->timer.edges);
	kt_vcpu_publish(v);
	kt_vcpu_changed(v, &clock);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_put() - a LAPIC timer, for the record
 * @v:		the vCPU
 * @rec:	its TSC is filled in; the rest is
 * @now:	guest time, ns, with that TSC
 *
 * Context: Any, vm->lock held.
 */
void kt_vcpu_put(struct kt_vcpu *v, struct kvm_timers_vcpu_record *rec, u64 now)
{
	const struct kt_lapic_clock clock = {
		.now		= now,
		.tsc		= rec->tsc,
		.tsc_khz	= rec->tsc_khz,
	};
	struct kt_lapic_timer copy;

	kt_vcpu_lock(v);
	kt_record_put_lapic(rec, &v->timer);
	copy = v->timer;
	kt_record_put_debt(&rec->debt, &v->tick, kt_lapic_timer_edges(&copy, &clock));
	kt_vcpu_unlock(v);
}

/**
 * kt_vcpu_has() - whether a LAPIC timer has the registers that it has in a record
 * @v:		the vCPU
 * @rec:	checked
 *
 * They are KVM's as well, and for the VMM to restore.
 *
 * Context: Process.
 * Return: true if it has those, but for how far it has counted.
 */
bool kt_vcpu_has(struct kt_vcpu *v, const struct kvm_timers_vcpu_record *rec)
{
	unsigned long flags;
	bool has;

	kt_vcpu_lock_save(v, flags);
	has = v->timer.lvtt == rec->lvtt && v->timer.tdcr == rec->tdcr &&
	      v->timer.tmict == rec->tmict &&
	      v->timer.enabled == !!(rec->flags & KVM_TIMERS_VCPU_ENABLED);
	kt_vcpu_unlock_restore(v, flags);
	return has;
}

/**
 * kt_vcpu_take() - a LAPIC timer is what the record says
 * @v:		the vCPU, not in KVM_RUN
 * @rec:	checked
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vcpu_take(struct kt_vcpu *v, const struct kvm_timers_vcpu_record *rec, u64 now)
{
	const struct kt_lapic_clock clock = {
		.now		= now,
		.tsc		= rec->tsc,
		.tsc_khz	= rec->tsc_khz,
	};
	struct kt_lapic_timer copy;

	kt_vcpu_lock(v);
	kt_record_take_lapic(&v->timer, rec);
	copy = v->timer;
	kt_record_take_debt(&v->tick, &rec->debt, kt_lapic_timer_edges(&copy, &clock));
	v->rang_ns = 0;
	kt_vcpu_publish(v);
	WRITE_ONCE(v->due, true);
	kt_vcpu_unlock(v);
}

/**
 * kt_vcpu_host_begin() - an ioctl of the VMM on a vCPU begins
 * @v:		the vCPU
 *
 * Context: Process, vcpu->mutex held.
 */
void kt_vcpu_host_begin(struct kt_vcpu *v)
{
	WRITE_ONCE(v->host, true);
}

/**
 * kt_vcpu_host_end() - an ioctl of the VMM on a vCPU has ended
 * @v:		the vCPU
 * @tsc_changed: it may have changed the frequency of the TSC
 *
 * Context: Process, vcpu->mutex held.
 */
void kt_vcpu_host_end(struct kt_vcpu *v, bool tsc_changed)
{
	if (tsc_changed)
		WRITE_ONCE(v->due, true);
	WRITE_ONCE(v->host, false);
	/* Pairs with presence(). */
	smp_mb();
	if (READ_ONCE(v->due))
		kt_inject_summon_self(v->vcpu);
}

/**
 * kt_vcpu_create() - a vCPU is about to be created
 * @vm:		the guest
 * @vcpu:	the vCPU, which KVM has just allocated
 *
 * Context: Process.
 * Return: 0; -EEXIST there is one with its id; -ENOMEM.
 */
int kt_vcpu_create(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	u64 cycle_ns = kt_compat_apic_bus_cycle_ns(vm->kvm);
	struct kt_vcpu *v;
	int ret;

	/* Slower than any that the model knows: KVM serves it. */
	if (cycle_ns < KT_LAPIC_TIMER_MIN_CYCLE_NS || cycle_ns > KT_LAPIC_TIMER_MAX_CYCLE_NS)
		return 0;

	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		return -ENOMEM;

	v->vcpu = vcpu;
	v->vm = vm;
	v->host = true;
	v->next_ns = KT_NEVER;
	raw_spin_lock_init(&v->lock);
	seqcount_raw_spinlock_init(&v->seq, &v->lock);
	hrtimer_setup(&v->alarm, kt_vcpu_alarm, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	kt_lapic_timer_init(&v->timer, cycle_ns);
	kt_vm_lock_irq(vm);
	kt_tick_init(&v->tick, &vm->vcpus.params, 0, 0);
	kt_vm_unlock_irq(vm);

	ret = xa_insert(&vm->vcpus.table, vcpu->vcpu_id, v, GFP_KERNEL_ACCOUNT);
	if (!ret)
		return 0;

	kfree(v);
	return ret == -EBUSY ? -EEXIST : ret;
}

/**
 * kt_vcpu_created() - KVM has created a vCPU
 * @vm:		the guest
 * @vcpu:	the vCPU
 *
 * Context: Process.
 */
void kt_vcpu_created(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (!v)
		return;

	WRITE_ONCE(v->host, false);
	kt_vm_lock_irq(vm);
	/* The policy may have been changed meanwhile. */
	kt_vcpu_lock(v);
	v->advance_ns = kt_inject_advance_ns(vcpu);
	kt_tick_set_params(&v->tick, &vm->vcpus.params);
	kt_vcpu_unlock(v);
	kt_inject_summon_self(vcpu);
	WRITE_ONCE(vm->active, vm->active | KVM_TIMERS_LAPIC);
	kt_vm_unlock_irq(vm);
}

static void stop(struct kt_vcpu *v)
{
	unsigned long flags;
	int cpu;

	kt_vcpu_lock_save(v, flags);
	v->stopped = true;
	kt_vcpu_unlock_restore(v, flags);
	hrtimer_cancel(&v->alarm);
	for_each_possible_cpu(cpu)
		cmpxchg(per_cpu_ptr(&kt_vcpu_last, cpu), v, NULL);
}

/**
 * kt_vcpu_destroy() - KVM has not created a vCPU after all, or without a local APIC
 * @vm:		the guest
 * @vcpu:	the vCPU
 * @frees:	KVM frees it next
 *
 * Context: Process, sleeps.
 */
void kt_vcpu_destroy(struct kt_vm *vm, struct kvm_vcpu *vcpu, bool frees)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (!v)
		return;

	xa_erase(&vm->vcpus.table, vcpu->vcpu_id);
	stop(v);
	/* A status may be at it. */
	if (frees)
		synchronize_rcu();
	kfree_rcu(v, rcu);
}

/**
 * kt_vcpu_stop_all() - the VM is being destroyed
 * @vm:		the guest, dead
 *
 * Context: Process.
 */
void kt_vcpu_stop_all(struct kt_vm *vm)
{
	struct kt_vcpu *v;
	unsigned long id;

	xa_for_each(&vm->vcpus.table, id, v)
		stop(v);
}

/**
 * kt_vcpu_free_all() - nobody looks at the guest any more
 * @vm:		the guest
 *
 * Context: Any.
 */
void kt_vcpu_free_all(struct kt_vm *vm)
{
	struct kt_vcpu *v;
	unsigned long id;

	xa_for_each(&vm->vcpus.table, id, v)
		kfree_rcu(v, rcu);
	xa_destroy(&vm->vcpus.table);
}

/**
 * kt_vcpu_set_tick_params() - change policy and bounds of the ticks
 * @vm:		the guest
 * @params:	checked
 *
 * Context: Any, vm->lock held.
 */
void kt_vcpu_set_tick_params(struct kt_vm *vm, const struct kt_tick_params *params)
{
	struct kt_vcpu *v;
	unsigned long id;

	lockdep_assert_held(&vm->lock);

	vm->vcpus.params = *params;
	xa_for_each(&vm->vcpus.table, id, v) {
		kt_vcpu_lock(v);
		kt_tick_set_params(&v->tick, params);
		kt_vcpu_reconsider(v);
		kt_vcpu_unlock(v);
	}
}

/**
 * kt_vcpu_reconsider_all() - kt_vcpu_reconsider() of all vCPUs
 * @vm:		the guest
 *
 * Context: Any, vm->lock held.
 */
void kt_vcpu_reconsider_all(struct kt_vm *vm)
{
	struct kt_vcpu *v;
	unsigned long id;

	lockdep_assert_held(&vm->lock);

	xa_for_each(&vm->vcpus.table, id, v) {
		kt_vcpu_lock(v);
		kt_vcpu_reconsider(v);
		kt_vcpu_unlock(v);
	}
}

/* A fixed advance stands where KVM has what it found. */
static void restore_advance(struct kt_vm *vm)
{
	struct kt_vcpu *v;
	unsigned long id;

	lockdep_assert_held(&vm->lock);

	xa_for_each(&vm->vcpus.table, id, v) {
		kt_vcpu_lock(v);
		if (!v->stopped)
			kt_inject_set_advance(v->vcpu, v->advance_ns);
		kt_vcpu_unlock(v);
	}
}

/**
 * kt_vcpu_set_advance() - change at run time how early interrupts are prepared
 * @vm:		the guest
 * @advance:	KVM_TIMERS_ADVANCE_AUTO or KVM_TIMERS_ADVANCE_FIXED
 * @advance_ns:	with the latter, up to KVM_TIMERS_ADVANCE_MAX_NS
 *
 * Context: Process.
 * Return: 0; -ESRCH the VM is gone; -ENODEV the LAPIC timer was not taken over.
 */
int kt_vcpu_set_advance(struct kt_vm *vm, u32 advance, u32 advance_ns)
{
	int ret = 0;

	kt_vm_lock_irq(vm);
	if (vm->dead) {
		ret = -ESRCH;
	} else if (!(vm->devices & KVM_TIMERS_LAPIC)) {
		ret = -ENODEV;
	} else {
		WRITE_ONCE(vm->vcpus.advance_ns, advance_ns);
		WRITE_ONCE(vm->vcpus.advance, advance);
		if (advance == KVM_TIMERS_ADVANCE_AUTO)
			restore_advance(vm);
	}
	kt_vm_unlock_irq(vm);
	return ret;
}

/*
 * What the lock protects, all of one instant. It is a vCPU's own: that has it for less time than it
 * takes to come back. Return: edges that are not in the account yet.
 */
static u64 copy_vcpu(struct kt_vcpu *copy, const struct kt_vcpu *v, bool has_vcpu)
{
	struct kt_lapic_clock clock;
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&v->seq);
		*copy = *v;
		if (has_vcpu)
			kt_vcpu_sample(v, &clock);
	} while (read_seqcount_retry(&v->seq, seq));

	return has_vcpu && !copy->stopped ?
	       kt_lapic_timer_edges(&copy->timer, &clock) - copy->tick.seen : 0;
}

static void add_status(const struct kt_vcpu *v, u64 unseen, struct kvm_timers_status *status)
{
	struct kvm_timers_device_status *row = &status->device[KVM_TIMERS_DEVICE_LAPIC];
	u64 period_ns = kt_lapic_timer_period(&v->timer);
	unsigned int i;

	kt_vm_add_stats(row, &v->tick);
	row->stats.due += unseen;
	row->owed += unseen;
	row->reads += v->reads;
	row->writes += v->writes;
	if (period_ns && period_ns != KT_NEVER)
		row->period_ns = min_not_zero(row->period_ns, period_ns);
	for (i = 0; i < KVM_TIMERS_LATE_BUCKETS; i++)
		row->late[i] += v->late[i];
	status->lapic_vcpus++;
	if (!v->stopped)
		status->lapic_advance_ns = max(status->lapic_advance_ns, kt_vcpu_advance_ns(v));
	status->mem_bytes += sizeof(*v);
}

/**
 * kt_vcpu_status() - the LAPIC timers of a guest
 * @vm:		the guest, dead or alive
 * @has_vcpus:	the caller keeps its VM, so that those vCPUs that were created do not go away
 * @status:	added to
 *
 * Context: Process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int kt_vcpu_status(struct kt_vm *vm, bool has_vcpus, struct kvm_timers_status *status)
{
	struct kt_vcpu *v, *copy;
	unsigned long id;
	u64 unseen;

	if (!(vm->devices & KVM_TIMERS_LAPIC))
		return 0;

	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	status->device[KVM_TIMERS_DEVICE_LAPIC].active =
		!!(READ_ONCE(vm->active) & KVM_TIMERS_LAPIC);
	status->lapic_advance = READ_ONCE(vm->vcpus.advance);
	/* One that is not created after all waits for this. */
	rcu_read_lock();
	xa_for_each(&vm->vcpus.table, id, v) {
		unseen = copy_vcpu(copy, v, has_vcpus);
		add_status(copy, unseen, status);
	}
	rcu_read_unlock();
	kfree(copy);
	return 0;
}
