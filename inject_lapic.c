// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC of a vCPU: where the vCPU is, what its timer's interrupt would
 * find there, and how it is raised. All of it is legal in hard interrupt.
 */
#include "inject.h"
#include "symbols.h"

#include <linux/kvm_host.h>
#include <linux/static_call.h>

#include <asm/apicdef.h>
#include <asm/msr-index.h>

/* TSC cycles that lie between KVM's wait and the guest, on any CPU and more than that. */
#define ENTRY_CYCLES	32

/**
 * kt_inject_presence() - where a vCPU is
 * @vcpu:	a vCPU that is not halted
 *
 * Context: Any.
 * Return: KT_PRESENCE_AWAY for one that the host does not let run, or that is on its
 * way to the guest on another CPU: it looks at its requests before it is there.
 */
enum kt_presence kt_inject_presence(struct kvm_vcpu *vcpu)
{
	if (kvm_get_running_vcpu() == vcpu)
		return KT_PRESENCE_HERE;

	return READ_ONCE(vcpu->mode) == IN_GUEST_MODE ? KT_PRESENCE_ELSEWHERE : KT_PRESENCE_AWAY;
}

static u32 *lapic_reg(struct kvm_vcpu *vcpu, u32 reg)
{
	return kt_lapic_regs(vcpu) + reg;
}

/**
 * kt_inject_vector_pin() - what would become of a vector's next interrupt
 * @vcpu:	a vCPU
 * @vector:	the vector
 *
 * Posted, a request waits elsewhere until the next entry: it is not seen.
 *
 * Context: Any.
 * Return: KT_TICK_READY, KT_TICK_SERVED or KT_TICK_BUSY.
 */
enum kt_tick_pin kt_inject_vector_pin(struct kvm_vcpu *vcpu, u8 vector)
{
	if (kt_lapic_vector_bit(vcpu, APIC_IRR, vector))
		return KT_TICK_BUSY;

	return kt_lapic_vector_bit(vcpu, APIC_ISR, vector) ? KT_TICK_SERVED : KT_TICK_READY;
}

/**
 * kt_inject_probe_lvtt() - what would become of an interrupt of the LAPIC timer now
 * @vcpu:	a vCPU
 *
 * Context: Any.
 * Return: KT_TICK_READY, KT_TICK_SERVED, KT_TICK_BUSY or KT_TICK_MASKED.
 */
enum kt_tick_pin kt_inject_probe_lvtt(struct kvm_vcpu *vcpu)
{
	u32 lvtt = READ_ONCE(*lapic_reg(vcpu, APIC_LVTT));

	if ((lvtt & APIC_LVT_MASKED) || !(vcpu->arch.apic_base & MSR_IA32_APICBASE_ENABLE))
		return KT_TICK_MASKED;

	return kt_inject_vector_pin(vcpu, lvtt & APIC_VECTOR_MASK);
}

/**
 * kt_inject_lvtt() - raise the interrupt of a vCPU's LAPIC timer
 * @vcpu:	a vCPU, which wakes if it is halted
 *
 * Context: Any, hard interrupt included.
 */
void kt_inject_lvtt(struct kvm_vcpu *vcpu)
{
	static_call(kt_kvm_apic_local_deliver)(vcpu->arch.apic, APIC_LVTT);
}

/**
 * kt_inject_set_tmict() - what the guest reads as TMICT
 * @vcpu:	a vCPU
 * @val:	the count
 *
 * Hardware that works on the register page reads it there.
 *
 * Context: Process, the vCPU's thread.
 */
void kt_inject_set_tmict(struct kvm_vcpu *vcpu, u32 val)
{
	WRITE_ONCE(*lapic_reg(vcpu, APIC_TMICT), val);
}

/**
 * kt_inject_take_lvtt() - LVTT as the guest, or the VMM, has just written it
 * @vcpu:	a vCPU
 *
 * KVM drops what is reserved, but lets them set the delivery status.
 *
 * Context: Process, the vCPU's thread.
 * Return: the register, as the guest reads it from now on.
 */
u32 kt_inject_take_lvtt(struct kvm_vcpu *vcpu)
{
	u32 *lvtt = lapic_reg(vcpu, APIC_LVTT);

	WRITE_ONCE(*lvtt, *lvtt & ~APIC_SEND_PENDING);
	return *lvtt;
}

static u32 *advance_field(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu->arch.apic + kt_layout.lapic_timer + kt_layout.timer_advance_ns;
}

/**
 * kt_inject_advance_ns() - how long the way into the guest takes, as KVM has found
 * @vcpu:	a vCPU
 *
 * Context: Any.
 * Return: ns; 0 if KVM was told not to care.
 */
u32 kt_inject_advance_ns(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(*advance_field(vcpu));
}

/**
 * kt_inject_set_advance() - set what KVM has found
 * @vcpu:	a vCPU
 * @advance_ns:	0: KVM never holds it back
 *
 * Context: Any.
 */
void kt_inject_set_advance(struct kvm_vcpu *vcpu, u32 advance_ns)
{
	WRITE_ONCE(*advance_field(vcpu), advance_ns);
}

static u64 *expired_field(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu->arch.apic + kt_layout.lapic_timer + kt_layout.timer_expired;
}

/**
 * kt_inject_is_held() - whether the last kt_inject_hold_until() is still to be done
 * @vcpu:	a vCPU
 *
 * Context: Any.
 * Return: true until KVM has looked whether it has to wait.
 */
bool kt_inject_is_held(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(*expired_field(vcpu));
}

/**
 * kt_inject_hold_until() - do not let a vCPU take its timer's interrupt too early
 * @vcpu:	a vCPU that is not in the guest
 * @tsc:	guest's TSC at which the interrupt is due
 * @advance_ns:	how early it may be now; KVM waits no longer
 *
 * KVM waits just before it enters the guest, which takes longer than what it is let go too
 * early here; its loop ends that much too late. It learns from it how early to be. That
 * moves the value it has found: a fixed one is set each time.
 *
 * Context: Any, hard interrupt included.
 */
void kt_inject_hold_until(struct kvm_vcpu *vcpu, u64 tsc, u32 advance_ns)
{
	kt_inject_set_advance(vcpu, advance_ns);
	WRITE_ONCE(*expired_field(vcpu), tsc - ENTRY_CYCLES);
}

/**
 * kt_inject_has_cpu_timer() - whether the CPU can end a vCPU's stay in the guest by itself
 * @vcpu:	a vCPU
 *
 * VMX has a timer for that, which costs no interrupt of the host. It runs in the guest only.
 *
 * Context: Any.
 * Return: as KVM decides, but false for all guests that halt by themselves.
 */
bool kt_inject_has_cpu_timer(struct kvm_vcpu *vcpu)
{
	return kt_kvm_ops->set_hv_timer && !vcpu->kvm->arch.mwait_in_guest &&
	       !vcpu->kvm->arch.hlt_in_guest;
}

/**
 * kt_inject_set_cpu_timer() - end a vCPU's stay in the guest by the CPU's own timer
 * @vcpu:	a vCPU that has one, is on this CPU, and outside of the guest for the moment
 * @tsc:	guest's TSC at which it is due
 * @early_ns:	end it so much earlier
 *
 * Context: Interrupts off.
 * Return: false if the time is too long for it.
 */
bool kt_inject_set_cpu_timer(struct kvm_vcpu *vcpu, u64 tsc, u32 early_ns)
{
	u32 *advance = advance_field(vcpu);
	u32 found_ns = READ_ONCE(*advance);
	bool expired;
	int ret;

	/* KVM takes off what it has found. */
	WRITE_ONCE(*advance, early_ns);
	ret = kt_kvm_ops->set_hv_timer(vcpu, tsc, &expired);
	WRITE_ONCE(*advance, found_ns);
	return !ret;
}

/**
 * kt_inject_clear_cpu_timer() - take back kt_inject_set_cpu_timer()
 * @vcpu:	a vCPU that is not in the guest
 *
 * Context: Interrupts off.
 */
void kt_inject_clear_cpu_timer(struct kvm_vcpu *vcpu)
{
	kt_kvm_ops->cancel_hv_timer(vcpu);
}
