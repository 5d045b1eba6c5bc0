// SPDX-License-Identifier: GPL-2.0-only
/*
 * The redirected functions of KVM's kvmclock: what stands in for them where a VM's was
 * taken over. hooks.c says how they get here.
 *
 * KVM keeps the registers and writes the page, with its protocol, when and where that is
 * legal; what time it is comes from here.
 */
#include "hooks.h"
#include "compat.h"
#include "inject.h"
#include "symbols.h"
#include "vm.h"

#include <linux/kvm_host.h>
#include <linux/static_call.h>
#include <linux/uaccess.h>

#include <asm/pvclock-abi.h>

#define KNOWN_FLAGS	(KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC)

#ifdef KT_COMPAT_WALL_CLOCK_EPOCH
KT_ORIGINAL(get_kvmclock_ns);
KT_ORIGINAL(kvm_get_wall_clock_epoch);
#else
KT_ORIGINAL(get_kvmclock);
#endif
KT_ORIGINAL(kvm_setup_guest_pvclock);
KT_ORIGINAL(kvm_hv_setup_tsc_page);

static void fill_page(struct kvm_vcpu *vcpu, struct pvclock_vcpu_time_info *info)
{
	struct kt_tsc_scale scale;
	struct kt_vm_page page;

	kt_inject_tsc_scale(vcpu, &scale);
	kt_vm_clock_page(kt_vm_find(vcpu->kvm), &scale, vcpu->arch.l1_tsc_offset, &page);
	info->tsc_timestamp = page.tsc;
	info->system_time = page.ns;
	info->tsc_to_system_mul = page.mul;
	info->tsc_shift = page.shift;
	/* Whoever reads a page of another vCPU is to find the same there. */
	info->flags = page.stable && kt_inject_tscs_agree(vcpu->kvm) ? PVCLOCK_TSC_STABLE_BIT : 0;
}

/* A kernel whose function has three arguments does not look at the fourth. */
void kt_hooks_setup_guest_pvclock(struct kvm_vcpu *vcpu, struct gfn_to_pfn_cache *gpc,
				  unsigned int offset, bool force_tsc_unstable)
{
	fill_page(vcpu, &vcpu->arch.hv_clock);
	static_call(kt_original_kvm_setup_guest_pvclock)(vcpu, gpc, offset, force_tsc_unstable);
}

/* The reference time of a guest that knows Hyper-V goes on from the same clock. */
void kt_hooks_hv_setup_tsc_page(struct kvm *kvm, struct pvclock_vcpu_time_info *hv_clock)
{
	struct pvclock_vcpu_time_info info = *hv_clock;
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();

	if (vcpu && vcpu->kvm == kvm)
		fill_page(vcpu, &info);
	static_call(kt_original_kvm_hv_setup_tsc_page)(kvm, &info);
}

u64 kt_hooks_get_kvmclock_ns(struct kvm *kvm)
{
	struct kt_vm_instant instant;

	kt_vm_clock_get(kt_vm_find(kvm), &instant);
	return instant.ns;
}

void kt_hooks_get_kvmclock(struct kvm *kvm, struct kvm_clock_data *data)
{
	struct kt_vm_instant instant;

	kt_vm_clock_get(kt_vm_find(kvm), &instant);
	data->clock = instant.ns;
	data->flags = 0;
	if (!instant.by_tsc)
		return;

	data->host_tsc = instant.host_tsc;
	data->realtime = instant.real_ns;
	data->flags = KVM_CLOCK_HOST_TSC | KVM_CLOCK_REALTIME;
	if (kt_inject_tscs_agree(kvm))
		data->flags |= KVM_CLOCK_TSC_STABLE;
}

/* CLOCK_REALTIME when kvmclock was 0. */
u64 kt_hooks_get_wall_clock_epoch(struct kvm *kvm)
{
	struct kt_vm_instant instant;

	kt_vm_clock_get(kt_vm_find(kvm), &instant);
	return instant.real_ns - instant.ns;
}

/**
 * kt_hooks_tsc_moved() - a vCPU's TSC has another offset
 * @vcpu:	the vCPU, of a guest of ours
 *
 * All pages are written anew: those of the others may have to say that theirs is not its.
 * Where KVM moves it with each entry they say so already.
 *
 * Context: Any, tsc_write_lock of KVM may be held.
 */
void kt_hooks_tsc_moved(struct kvm_vcpu *vcpu)
{
	struct kt_vm *vm = kt_vm_find(vcpu->kvm);

	if ((vm->devices & KVM_TIMERS_KVMCLOCK) && kt_vm_clock_by_tsc(&vm->clock) &&
	    !vcpu->arch.tsc_catchup)
		kt_inject_refresh_pages(vcpu->kvm);
}

/**
 * kt_hooks_tsc_scaled() - a vCPU's TSC has another ratio
 * @vcpu:	the vCPU, of a guest of ours
 *
 * Context: Process.
 */
void kt_hooks_tsc_scaled(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu *first = kvm_get_vcpu(vcpu->kvm, 0);
	struct kt_vm *vm = kt_vm_find(vcpu->kvm);
	struct kt_tsc_scale scale;

	/* The guest's is that of its first vCPU, which may be being made now. */
	if (first && first != vcpu)
		return;

	kt_inject_tsc_scale(vcpu, &scale);
	kt_vm_clock_rescale(vm, &scale);
	kt_hooks_tsc_moved(vcpu);
}

static long get_clock(struct kt_vm *vm, void __user *argp)
{
	struct kvm_clock_data data = { };
	u64 exits;

	/*
	 * Of a VM that is paused: what is set to the same again is the end of the pause. One that
	 * never ran has not been paused.
	 */
	if (kt_inject_is_paused(vm->kvm, &exits) && exits)
		kt_vm_freeze(vm);
	kt_hooks_get_kvmclock(vm->kvm, &data);
	return copy_to_user(argp, &data, sizeof(data)) ? -EFAULT : 0;
}

static long set_clock(struct kt_vm *vm, void __user *argp)
{
	struct kvm_clock_data data;
	bool by_real_time;

	if (copy_from_user(&data, argp, sizeof(data)))
		return -EFAULT;
	if (data.flags & ~KNOWN_FLAGS)
		return -EINVAL;

	by_real_time = data.flags & KVM_CLOCK_REALTIME;
	if (!kt_vm_thaw_by_set(vm, data.clock, by_real_time))
		kt_vm_clock_set(vm, data.clock, by_real_time ? data.realtime : 0);
	/* KVM has Hyper-V's page filled in again, from here. */
	return -ENOIOCTLCMD;
}

/**
 * kt_hooks_clock_ioctl() - calls of a VMM that are about kvmclock
 * @vm:		the guest
 * @ioctl:	of the VM
 * @argp:	its argument
 *
 * Context: Process.
 * Return: what the VMM gets, or -ENOIOCTLCMD: KVM is to serve it, too.
 */
long kt_hooks_clock_ioctl(struct kt_vm *vm, unsigned int ioctl, void __user *argp)
{
	if (!(vm->devices & KVM_TIMERS_KVMCLOCK))
		return -ENOIOCTLCMD;

	switch (ioctl) {
	case KVM_GET_CLOCK:
		return get_clock(vm, argp);
	case KVM_SET_CLOCK:
		return set_clock(vm, argp);
	default:
		return -ENOIOCTLCMD;
	}
}
