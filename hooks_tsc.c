// SPDX-License-Identifier: GPL-2.0-only
/*
 * The redirected functions of KVM's TSC: what stands in for them where a VM's was taken
 * over. hooks.c says how they get here.
 *
 * KVM keeps TSC and TSC_ADJUST as the guest writes them, and programs the hardware. Which
 * line a vCPU is on when the VMM writes its TSC is decided here, by what is written and not
 * by how long ago.
 */
#include "hooks.h"
#include "compat.h"
#include "inject.h"
#include "model.h"
#include "symbols.h"
#include "vm.h"

#include <linux/kvm_host.h>
#include <linux/static_call.h>
#include <linux/time64.h>

#include <asm/tsc.h>

/* A second of cycles, in those of a kHz: nobody takes longer from one vCPU to the next. */
#define KHZ_SLACK	1000

KT_ORIGINAL(kvm_set_tsc_khz);
KT_ORIGINAL(kvm_synchronize_tsc);

/*
 * KVM knows the guest's line, and who is on it, however they came to be: by this call or by
 * KVM_VCPU_TSC_OFFSET. A vCPU that has just been made is on the line that is there.
 */
static bool choose_line(struct kvm_vcpu *vcpu, u64 val, u64 scaled_now, u64 base_ns, u64 *offset)
{
	struct kvm_arch *ka = &vcpu->kvm->arch;
	u32 khz = vcpu->arch.virtual_tsc_khz;
	struct kt_tsc_line line = {
		.offset		= ka->cur_tsc_offset,
		.written	= ka->last_tsc_write,
		.written_at	= scaled_now - kt_model_scale(base_ns - ka->last_tsc_nsec, khz,
							      NSEC_PER_MSEC),
	};
	bool in_round = vcpu->arch.this_tsc_generation == ka->cur_tsc_generation;

	/* One of another frequency has a line of its own. */
	if (ka->cur_tsc_generation && ka->last_tsc_khz != khz)
		in_round = true;
	if (!vcpu->arch.this_tsc_generation && !in_round) {
		*offset = line.offset;
		return true;
	}
	return kt_tsc_join(&line, in_round, val, scaled_now, (u64)khz * KHZ_SLACK, offset);
}

/* The VMM writes IA32_TSC, or a vCPU is made. */
void kt_hooks_synchronize_tsc(struct kvm_vcpu *vcpu, unsigned long arg)
{
	struct kt_vm *vm = kt_vm_find(vcpu->kvm);
	struct kvm_arch *ka = &vcpu->kvm->arch;
	u64 val = kt_compat_tsc_value(arg);
	u64 scaled_now, base_ns, offset;
	struct kt_tsc_scale scale;
	unsigned long flags;
	bool joined;

	/* A TSC that is no clock: KVM makes up for it by the host's. */
	if (!kt_vm_clock_by_tsc(&vm->clock)) {
		static_call(kt_original_kvm_synchronize_tsc)(vcpu, arg);
		return;
	}

	kt_inject_tsc_scale(vcpu, &scale);
	raw_spin_lock_irqsave(&ka->tsc_write_lock, flags);
	scaled_now = kt_tsc_scale(&scale, kt_vm_clock_kvm_base(&base_ns));
	joined = choose_line(vcpu, val, scaled_now, base_ns, &offset);
	static_call(kt___kvm_synchronize_tsc)(vcpu, offset, joined ? scaled_now + offset : val,
					      base_ns, joined);
	raw_spin_unlock_irqrestore(&ka->tsc_write_lock, flags);
}

/*
 * A TSC that has to catch up does so where KVM has read the host's clock: not by a snapshot that
 * KVM shares among the vCPUs, which such TSCs do not go by.
 */
static void no_snapshot(struct kvm_vcpu *vcpu)
{
	vcpu->kvm->arch.backwards_tsc_observed = true;
	kvm_make_request(KVM_REQ_MASTERCLOCK_UPDATE, vcpu);
}

/* What cannot be done leaves everything as it was. */
int kt_hooks_set_tsc_khz(struct kvm_vcpu *vcpu, u32 user_tsc_khz)
{
	u32 khz = vcpu->arch.virtual_tsc_khz;
	u32 mult = vcpu->arch.virtual_tsc_mult;
	s8 shift = vcpu->arch.virtual_tsc_shift;
	int ret;

	ret = static_call(kt_original_kvm_set_tsc_khz)(vcpu, user_tsc_khz);
	if (ret && khz) {
		vcpu->arch.virtual_tsc_khz = khz;
		vcpu->arch.virtual_tsc_mult = mult;
		vcpu->arch.virtual_tsc_shift = shift;
	}
	if (vcpu->arch.tsc_catchup)
		no_snapshot(vcpu);
	return ret;
}

/**
 * kt_hooks_tsc_ioctl() - calls of a VMM that are about the TSC of its vCPUs to come
 * @vm:		the guest
 * @ioctl:	of the VM
 * @arg:	its argument
 *
 * Context: Process.
 * Return: what the VMM gets, or -ENOIOCTLCMD: KVM's.
 */
long kt_hooks_tsc_ioctl(struct kt_vm *vm, unsigned int ioctl, unsigned long arg)
{
	if (!(vm->devices & KVM_TIMERS_TSC) || ioctl != KVM_SET_TSC_KHZ)
		return -ENOIOCTLCMD;

	/* No vCPU could be given it. */
	return (u32)arg && kt_inject_tsc_is_too_slow(arg) ? -EINVAL : -ENOIOCTLCMD;
}
