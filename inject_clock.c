// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of a VM's vCPUs as KVM has them: TSC, and the page of kvmclock, which KVM
 * writes when it is asked to.
 */
#include "inject.h"
#include "symbols.h"

#include <linux/bits.h>
#include <linux/kvm_host.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/static_call.h>

#include <asm/tsc.h>

/*
 * A request that KVM does not know, and so does not take back: whoever has it does not
 * enter the guest.
 */
#define REQ_HOLD	KVM_ARCH_REQ_FLAGS(55, KVM_REQUEST_WAIT | KVM_REQUEST_NO_WAKEUP)

u64 kt_inject_tsc_one __ro_after_init;

/**
 * kt_inject_init() - get ready for VMs
 *
 * Context: Process, module initialization, after kt_layout_read().
 */
void __init kt_inject_init(void)
{
	kt_inject_tsc_one = BIT_ULL(kt_tsc_frac_bits());
}

/**
 * kt_inject_hold() - no vCPU is in the guest until kt_inject_release()
 * @kvm:	the VM
 *
 * Context: Any with interrupts on, preemption off until kt_inject_release(): who is held
 * spins. One caller at a time.
 */
void kt_inject_hold(struct kvm *kvm)
{
	kvm_make_all_cpus_request(kvm, REQ_HOLD);
}

/**
 * kt_inject_release() - let vCPUs go on, by a new page of kvmclock
 * @kvm:	the VM
 *
 * Context: as kt_inject_hold().
 */
void kt_inject_release(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	kvm_for_each_vcpu(i, vcpu, kvm)
		kvm_clear_request(REQ_HOLD, vcpu);
}

/**
 * kt_inject_refresh_pages() - have kvmclock's pages written anew
 * @kvm:	the VM
 *
 * Context: Any, hard interrupt included.
 */
void kt_inject_refresh_pages(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
		kvm_vcpu_kick(vcpu);
	}
}

/**
 * kt_inject_tsc_scale() - by what ratio a vCPU's TSC goes
 * @vcpu:	a vCPU, or NULL for one whose ratio has not been set
 * @scale:	filled in
 *
 * Context: Any.
 */
void kt_inject_tsc_scale(const struct kvm_vcpu *vcpu, struct kt_tsc_scale *scale)
{
	scale->frac_bits = kt_tsc_frac_bits();
	scale->ratio = vcpu ? vcpu->arch.l1_tsc_scaling_ratio : kt_inject_tsc_one;
}

/**
 * kt_inject_tsc_is_too_slow() - whether the hardware cannot let a TSC go so slowly
 * @khz:	frequency
 *
 * Without scaling KVM can only have a TSC catch up. What is near enough it takes as it is.
 *
 * Context: Any.
 * Return: true if no vCPU can be given it.
 */
bool kt_inject_tsc_is_too_slow(u32 khz)
{
	return !kt_has_tsc_scaling() && khz < tsc_khz - tsc_khz / 1000000 * *kt_kvm_tsc_tolerance;
}

/**
 * kt_inject_tscs_agree() - whether all vCPUs have one TSC
 * @kvm:	the VM
 *
 * Context: Any.
 * Return: true if they read the same at the same instant.
 */
bool kt_inject_tscs_agree(struct kvm *kvm)
{
	const struct kvm_vcpu *first = NULL;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (!first)
			first = vcpu;
		if (vcpu->arch.tsc_catchup ||
		    vcpu->arch.l1_tsc_offset != first->arch.l1_tsc_offset ||
		    vcpu->arch.l1_tsc_scaling_ratio != first->arch.l1_tsc_scaling_ratio)
			return false;
	}
	return true;
}

static void unlock_before(struct kvm *kvm, unsigned long end)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (i == end)
			break;
		mutex_unlock(&vcpu->mutex);
	}
}

/**
 * kt_inject_lock_vcpus() - keep all vCPUs out of KVM_RUN, if none is in it
 * @kvm:	the VM
 *
 * Context: Process, sleeps.
 * Return: false if one is, or an ioctl of the VMM is at work on one. Else kvm->lock and the
 * vCPUs' are held until kt_inject_unlock_vcpus().
 */
bool kt_inject_lock_vcpus(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	mutex_lock(&kvm->lock);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (mutex_trylock(&vcpu->mutex))
			continue;
		unlock_before(kvm, i);
		mutex_unlock(&kvm->lock);
		return false;
	}
	return true;
}

/**
 * kt_inject_unlock_vcpus() - let vCPUs run again
 * @kvm:	the VM
 *
 * Context: Process, after kt_inject_lock_vcpus().
 */
void kt_inject_unlock_vcpus(struct kvm *kvm)
{
	unlock_before(kvm, ULONG_MAX);
	mutex_unlock(&kvm->lock);
}

/**
 * kt_inject_is_paused() - whether no vCPU is in KVM_RUN now
 * @kvm:	the VM
 * @exits:	filled in: times that one has left the guest
 *
 * Context: Any.
 * Return: true also for a VM between two exits to its VMM.
 */
bool kt_inject_is_paused(struct kvm *kvm, u64 *exits)
{
	struct kvm_vcpu *vcpu;
	bool is_paused = true;
	unsigned long i;

	*exits = 0;
	kvm_for_each_vcpu(i, vcpu, kvm) {
		is_paused &= !mutex_is_locked(&vcpu->mutex);
		*exits += vcpu->stat.exits;
	}
	return is_paused;
}

/* What KVM knows of the line that vCPUs share goes along, for those that are to come. */
static void move_line(struct kvm *kvm, u64 ahead)
{
	struct kvm_arch *ka = &kvm->arch;
	unsigned long flags;

	raw_spin_lock_irqsave(&ka->tsc_write_lock, flags);
	ka->last_tsc_write += ahead;
	ka->cur_tsc_write += ahead;
	ka->cur_tsc_offset += ahead;
	raw_spin_unlock_irqrestore(&ka->tsc_write_lock, flags);
}

/**
 * kt_inject_move_tscs() - set the TSCs of all vCPUs ahead
 * @kvm:	the VM, its vCPUs locked
 * @ahead:	cycles, modulo 2^64; TSC_ADJUST stays as it is
 *
 * Context: Process, sleeps.
 */
void kt_inject_move_tscs(struct kvm *kvm, u64 ahead)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	lockdep_assert_held(&kvm->lock);

	move_line(kvm, ahead);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		vcpu_load(vcpu);
		vcpu->arch.this_tsc_write += ahead;
		static_call(kt_kvm_vcpu_write_tsc_offset)(vcpu, vcpu->arch.l1_tsc_offset + ahead);
		vcpu_put(vcpu);
	}
}

/**
 * kt_inject_can_have_khz() - whether a vCPU's TSC can go at a frequency
 * @vcpu:	a vCPU
 * @khz:	frequency, not 0
 *
 * Context: Any.
 * Return: false if it is another than it has, and too slow or beyond what the CPU can scale.
 */
bool kt_inject_can_have_khz(const struct kvm_vcpu *vcpu, u32 khz)
{
	struct kt_tsc_scale scale = { .frac_bits = kt_tsc_frac_bits() };

	if (khz == vcpu->arch.virtual_tsc_khz)
		return true;
	if (kt_inject_tsc_is_too_slow(khz))
		return false;
	return !kt_has_tsc_scaling() || !kt_tsc_set_ratio(&scale, khz, tsc_khz);
}

/**
 * kt_inject_set_tsc() - a vCPU's TSC is what the record says
 * @vcpu:	the vCPU, locked; kt_inject_can_have_khz() has been asked
 * @rec:	of it
 * @cycle:	the host's TSC then
 * @base_ns:	and its time, as KVM keeps it for TSCs
 * @is_first:	those that are to come share its line
 *
 * Context: Process, sleeps.
 */
void kt_inject_set_tsc(struct kvm_vcpu *vcpu, const struct kvm_timers_vcpu_record *rec,
		       u64 cycle, u64 base_ns, bool is_first)
{
	struct kvm_arch *ka = &vcpu->kvm->arch;
	struct kt_tsc_scale scale;
	unsigned long flags;
	u64 offset;

	vcpu_load(vcpu);
	if (rec->tsc_khz != vcpu->arch.virtual_tsc_khz)
		static_call(kt_kvm_set_tsc_khz)(vcpu, rec->tsc_khz);
	kt_inject_tsc_scale(vcpu, &scale);
	offset = kt_tsc_offset(&scale, rec->tsc, cycle);
	raw_spin_lock_irqsave(&ka->tsc_write_lock, flags);
	if (is_first || offset == ka->cur_tsc_offset)
		static_call(kt___kvm_synchronize_tsc)(vcpu, offset, rec->tsc, base_ns, !is_first);
	else
		static_call(kt_kvm_vcpu_write_tsc_offset)(vcpu, offset);
	raw_spin_unlock_irqrestore(&ka->tsc_write_lock, flags);
	vcpu->arch.ia32_tsc_adjust_msr = rec->tsc_adjust;
	vcpu_put(vcpu);
}

/**
 * kt_inject_say_stopped() - tell the guest, by kvmclock, that it was stopped
 * @kvm:	the VM
 *
 * Context: Any.
 */
void kt_inject_say_stopped(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (!vcpu->arch.pv_time.active)
			continue;
		vcpu->arch.pvclock_set_guest_stopped_request = true;
		kvm_make_request(KVM_REQ_CLOCK_UPDATE, vcpu);
	}
}
