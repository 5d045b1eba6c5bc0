// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a guest: read and set at one instant, all of it or nothing.
 *
 * What user space brings is checked before the first lock is taken, and what it is brought to
 * before the first byte is changed. No vCPU is in KVM_RUN meanwhile.
 */
#include "vm.h"
#include "inject.h"
#include "record.h"

#include <linux/kvm_host.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/time64.h>

/**
 * kt_vm_record_size() - bytes that a guest's record takes now
 * @vm:		the guest
 *
 * Context: Process.
 * Return: the size, or -ESRCH if the VM is gone.
 */
int kt_vm_record_size(struct kt_vm *vm)
{
	struct kvm *kvm = kt_vm_hold(vm);
	int size;

	if (!kvm)
		return -ESRCH;

	size = kt_record_size(atomic_read(&kvm->online_vcpus));
	kvm_put_kvm(kvm);
	return size;
}

static void put_policies(struct kt_vm *vm, struct kvm_timers_record *rec)
{
	const struct kt_tick_params *params;
	unsigned int i;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		if (!(vm->devices & BIT(i)))
			continue;
		params = kt_vm_tick_params(vm, i);
		rec->tick[i].policy = params->policy;
		rec->tick[i].catchup_max_rate_pct = params->max_rate_pct;
		rec->tick[i].catchup_limit_ms = div_u64(params->limit_ns, NSEC_PER_MSEC);
		rec->tick[i].catchup_threshold_us = div_u64(params->threshold_ns, NSEC_PER_USEC);
	}
}

/* In KVM's order but for the one that has the lowest id: by its TSC the line is told. */
static void put_vcpus(struct kt_vm *vm, struct kvm_timers_record *rec, u64 now, u64 cycle)
{
	unsigned long i, first = 0;
	struct kvm_vcpu *vcpu;

	kvm_for_each_vcpu(i, vcpu, vm->kvm) {
		struct kvm_timers_vcpu_record *v = &rec->vcpu[i];
		struct kt_vcpu *ours = xa_load(&vm->vcpus.table, vcpu->vcpu_id);

		v->id = vcpu->vcpu_id;
		v->tsc = kt_inject_guest_tsc(vcpu, cycle);
		v->tsc_adjust = vcpu->arch.ia32_tsc_adjust_msr;
		v->tsc_khz = vcpu->arch.virtual_tsc_khz;
		if (ours)
			kt_vcpu_put(ours, v, now);
		if (v->id < rec->vcpu[first].id)
			first = i;
	}
	if (first)
		swap(rec->vcpu[0], rec->vcpu[first]);
}

static int by_id(const void *a, const void *b)
{
	const struct kvm_timers_vcpu_record *v = a, *w = b;

	return v->id < w->id ? -1 : v->id > w->id;
}

/**
 * kt_vm_get_record() - read everything, at one instant
 * @vm:		the guest, which may run
 * @rec:	zeroed; filled in
 * @room:	bytes at @rec
 *
 * Context: Process, sleeps.
 * Return: 0; -ENOSPC it does not fit; -ESRCH the VM is gone.
 */
int kt_vm_get_record(struct kt_vm *vm, struct kvm_timers_record *rec, u32 room)
{
	struct kvm *kvm = kt_vm_hold(vm);
	u64 now, cycle;

	if (!kvm)
		return -ESRCH;

	mutex_lock(&kvm->lock);
	rec->nr_vcpus = atomic_read(&kvm->online_vcpus);
	rec->size = kt_record_size(rec->nr_vcpus);
	if (rec->size > room) {
		mutex_unlock(&kvm->lock);
		kvm_put_kvm(kvm);
		return -ENOSPC;
	}

	kt_vm_lock_irq(vm);
	now = kt_vm_freeze_sample(&vm->clock, &cycle);
	rec->version = KVM_TIMERS_RECORD_VERSION;
	rec->devices = vm->devices;
	rec->active = vm->active;
	put_policies(vm, rec);
	if (vm->active & KVM_TIMERS_PIT)
		kt_vm_pit_put(vm, &rec->pit, now);
	if (vm->active & KVM_TIMERS_RTC)
		kt_vm_rtc_put(vm, &rec->rtc, now);
	if (vm->active & KVM_TIMERS_HPET)
		kt_vm_hpet_put(vm, &rec->hpet, now);
	put_vcpus(vm, rec, now, cycle);
	kt_vm_freeze_put(&vm->clock, rec, now, cycle);
	kt_vm_unlock_irq(vm);
	mutex_unlock(&kvm->lock);
	kvm_put_kvm(kvm);

	sort(rec->vcpu, rec->nr_vcpus, sizeof(rec->vcpu[0]), by_id, NULL);
	return 0;
}

/* Return: -ERANGE for what the administrator does not allow. */
static int check_policies(const struct kvm_timers_record *rec, struct kt_tick_params *params)
{
	unsigned int i;
	int ret;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		if (!(rec->devices & BIT(i)))
			continue;
		ret = kt_params_tick(&params[i], i, &rec->tick[i]);
		if (ret)
			return ret;
		/* In a record 0 is no default. */
		params[i].threshold_ns = (u64)rec->tick[i].catchup_threshold_us * NSEC_PER_USEC;
	}
	return 0;
}

static int check_vcpu(struct kt_vm *vm, const struct kvm_timers_vcpu_record *rec)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu_by_id(vm->kvm, rec->id);
	struct kt_vcpu *v = xa_load(&vm->vcpus.table, rec->id);

	if (!vcpu || !v != !(rec->flags & KVM_TIMERS_VCPU_LAPIC))
		return -EXDEV;
	if ((vm->devices & KVM_TIMERS_TSC) && !kt_inject_can_have_khz(vcpu, rec->tsc_khz))
		return -ENODEV;
	if (v && v->timer.cycle_ns != rec->cycle_ns)
		return -EXDEV;
	return v && !kt_vcpu_has(v, rec) ? -ESTALE : 0;
}

/* Is it a record of such a VM? Its vCPUs are locked. */
static int check_vm(struct kt_vm *vm, const struct kvm_timers_record *rec)
{
	const struct kt_hpet_params *hpet = &vm->hpet.model.params;
	unsigned int i;
	int ret;

	if (rec->devices != vm->devices || rec->active != vm->active ||
	    rec->nr_vcpus != atomic_read(&vm->kvm->online_vcpus))
		return -EXDEV;
	if ((rec->active & KVM_TIMERS_HPET) &&
	    (rec->hpet.timers != hpet->timers || rec->hpet.period_fs != hpet->period_fs ||
	     rec->hpet.route_cap != hpet->route_cap))
		return -EXDEV;

	for (i = 0; i < rec->nr_vcpus; i++) {
		ret = check_vcpu(vm, &rec->vcpu[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static void take_tscs(struct kt_vm *vm, const struct kvm_timers_record *rec, u64 cycle,
		      u64 base_ns)
{
	unsigned int i;

	if (!(vm->devices & KVM_TIMERS_TSC))
		return;

	for (i = 0; i < rec->nr_vcpus; i++)
		kt_inject_set_tsc(kvm_get_vcpu_by_id(vm->kvm, rec->vcpu[i].id), &rec->vcpu[i],
				  cycle, base_ns, !i);
}

static void take_devices(struct kt_vm *vm, const struct kvm_timers_record *rec,
			 const struct kt_tick_params *params)
{
	u64 now = rec->guest_ns;
	unsigned int i;

	lockdep_assert_held(&vm->lock);

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (vm->devices & BIT(i))
			kt_vm_set_tick_params(vm, i, &params[i]);
	/* The HPET first: it may stand in for the others. */
	if (vm->active & KVM_TIMERS_HPET)
		kt_vm_hpet_take(vm, &rec->hpet, now);
	if (vm->active & KVM_TIMERS_PIT)
		kt_vm_pit_take(vm, &rec->pit, now);
	if (vm->active & KVM_TIMERS_RTC)
		kt_vm_rtc_take(vm, &rec->rtc, now);
	for (i = 0; i < rec->nr_vcpus; i++)
		if (rec->vcpu[i].flags & KVM_TIMERS_VCPU_LAPIC)
			kt_vcpu_take(xa_load(&vm->vcpus.table, rec->vcpu[i].id), &rec->vcpu[i],
				     now);
}

static void take(struct kt_vm *vm, const struct kvm_timers_record *rec,
		 const struct kt_tick_params *params, bool same_boot)
{
	u64 base_ns, cycle = kt_vm_clock_kvm_base(&base_ns);
	struct kvm_vcpu *first = NULL;

	take_tscs(vm, rec, cycle, base_ns);
	if (rec->nr_vcpus)
		first = kvm_get_vcpu_by_id(vm->kvm, rec->vcpu[0].id);

	kt_vm_lock_irq(vm);
	kt_vm_freeze_take(vm, rec, first, cycle, same_boot);
	take_devices(vm, rec, params);
	kt_vm_unlock_irq(vm);
	kt_inject_refresh_pages(vm->kvm);
	kt_inject_summon_all(vm->kvm);
}

/**
 * kt_vm_set_record() - have a guest be what a record says
 * @vm:		the guest, paused; its time stands still afterwards
 * @rec:	from user space
 * @length:	bytes of it
 * @same_boot:	the time since is that of CLOCK_BOOTTIME
 *
 * Context: Process, sleeps.
 * Return: 0; -ENOMEM; -EPROTO, -EBADMSG see kt_record_check(); -ERANGE a policy that is not
 * allowed; -ESRCH the VM is gone; -EBUSY a vCPU is in KVM_RUN; -EXDEV it is a record of another kind of
 * VM; -ESTALE a LAPIC timer has other registers; -ENODEV the TSC cannot go at that frequency.
 * Then nothing has changed.
 */
int kt_vm_set_record(struct kt_vm *vm, const struct kvm_timers_record *rec, u32 length,
		     bool same_boot)
{
	struct kt_tick_params params[KVM_TIMERS_NR_DEVICES];
	struct kt_hpet *scratch;
	struct kvm *kvm;
	int ret;

	scratch = kmalloc(sizeof(*scratch), GFP_KERNEL_ACCOUNT);
	if (!scratch)
		return -ENOMEM;
	ret = kt_record_check(rec, length, scratch) ?: check_policies(rec, params);
	kfree(scratch);
	if (ret)
		return ret;
	kvm = kt_vm_hold(vm);
	if (!kvm)
		return -ESRCH;

	ret = -EBUSY;
	if (!kt_inject_lock_vcpus(kvm))
		goto out;
	ret = check_vm(vm, rec);
	if (!ret)
		take(vm, rec, params, same_boot);
	kt_inject_unlock_vcpus(kvm);
	if (!ret && (vm->active & KVM_TIMERS_HPET))
		kt_vm_hpet_levels(vm);
out:
	kvm_put_kvm(kvm);
	return ret;
}
