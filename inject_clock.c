// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of a VM's vCPUs as KVM has them: TSC, and the page of kvmclock, which KVM
 * writes when it is asked to.
 */
#include "inject.h"
#include "symbols.h"

#include <linux/bits.h>
#include <linux/kvm_host.h>

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
