// SPDX-License-Identifier: GPL-2.0-only
/*
 * The redirected functions of KVM's local APIC and of its vCPUs: what stands in for
 * them where a VM's LAPIC timers were taken over. hooks.c says how they get here.
 *
 * KVM is to know mode, divider and masks, but never a count: with TMICT at 0 it starts
 * no timer. What the guest reads stays in KVM's register page.
 */
#include "hooks.h"
#include "inject.h"
#include "symbols.h"
#include "vm.h"

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/static_call.h>
#include <linux/string.h>

#include <asm/apicdef.h>
#include <asm/msr-index.h>

/* Bits of LVTT and of TDCR that a local APIC's timer has. */
#define LVTT_BITS	(APIC_VECTOR_MASK | APIC_LVT_MASKED | APIC_LVT_TIMER_PERIODIC | \
			 APIC_LVT_TIMER_TSCDEADLINE)
#define TDCR_BITS	0xb

KT_ORIGINAL(kvm_lapic_reg_write);
KT_ORIGINAL(kvm_set_lapic_tscdeadline_msr);
KT_ORIGINAL(kvm_lapic_reg_read);
KT_ORIGINAL(kvm_lapic_expired_hv_timer);
KT_ORIGINAL(__kvm_migrate_apic_timer);
KT_ORIGINAL(kvm_vcpu_write_tsc_offset);
KT_ORIGINAL(kvm_vcpu_write_tsc_multiplier);
KT_ORIGINAL(kvm_get_lapic_tscdeadline_msr);
KT_ORIGINAL(kvm_arch_vcpu_ioctl);
KT_ORIGINAL(kvm_apic_get_state);
KT_ORIGINAL(kvm_apic_set_state);
KT_ORIGINAL(kvm_lapic_reset);
KT_ORIGINAL(kvm_arch_vcpu_create);
KT_ORIGINAL(kvm_arch_vcpu_destroy);

int kt_hooks_lapic_write(struct kvm_lapic *apic, u32 reg, u32 val)
{
	struct kvm_vcpu *vcpu = kt_lapic_vcpu(apic);
	struct kt_vcpu *v = kt_vcpu_find(vcpu);
	int ret;

	if (v && reg == APIC_TMICT) {
		kt_vcpu_write(v, KT_LAPIC_TIMER_TMICT, val);
		return 0;
	}

	ret = static_call(kt_original_kvm_lapic_reg_write)(apic, reg, val);
	/*
	 * LINT0 may have begun to listen to the timer, past both interrupt controllers. What waits
	 * in the 8259 already makes no edge any more, and KVM looks for it only when asked to: a
	 * guest that halts would wake at once, and get nothing, for ever.
	 */
	if (reg == APIC_LVT0) {
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		kt_vm_recheck(kt_vm_find(vcpu->kvm));
	}
	if (!v)
		return ret;

	switch (reg) {
	case APIC_SPIV:
		kt_vcpu_set_enabled(v, val & APIC_SPIV_APIC_ENABLED);
		break;
	case APIC_LVTT:
		kt_vcpu_write(v, KT_LAPIC_TIMER_LVTT, kt_inject_take_lvtt(vcpu));
		break;
	case APIC_TDCR:
		kt_vcpu_write(v, KT_LAPIC_TIMER_TDCR, val & TDCR_BITS);
		break;
	}
	return ret;
}

int kt_hooks_lapic_read(struct kvm_lapic *apic, u32 offset, int len, void *data)
{
	struct kt_vcpu *v = kt_vcpu_find(kt_lapic_vcpu(apic));
	u32 byte = offset & 0xf;
	u32 val;

	if (!v || byte + len > sizeof(val))
		return static_call(kt_original_kvm_lapic_reg_read)(apic, offset, len, data);

	val = kt_vcpu_read_tmcct(v);
	if (likely(len == sizeof(val)))
		*(u32 *)data = val;
	else
		memcpy(data, (void *)&val + byte, len);
	return 0;
}

void kt_hooks_set_tscdeadline(struct kvm_vcpu *vcpu, u64 data)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (!v)
		static_call(kt_original_kvm_set_lapic_tscdeadline_msr)(vcpu, data);
	else if (READ_ONCE(v->host) || (vcpu->arch.apic_base & MSR_IA32_APICBASE_ENABLE))
		kt_vcpu_write_deadline(v, data);
}

u64 kt_hooks_get_tscdeadline(struct kvm_vcpu *vcpu)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (!v)
		return static_call(kt_original_kvm_get_lapic_tscdeadline_msr)(vcpu);

	return READ_ONCE(v->host) || (vcpu->arch.apic_base & MSR_IA32_APICBASE_ENABLE) ?
	       kt_vcpu_read_deadline(v) : 0;
}

static u32 *state_reg(struct kvm_lapic_state *s, u32 reg)
{
	return (u32 *)(s->regs + reg);
}

/* A count that has ended, and whose interrupt waits for the vCPU to come back, is one in IRR. */
int kt_hooks_apic_get_state(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s)
{
	int ret = static_call(kt_original_kvm_apic_get_state)(vcpu, s);
	struct kt_vcpu *v = kt_vcpu_find(vcpu);
	struct kt_lapic_timer_state state;
	u32 vector;

	if (ret || !v)
		return ret;

	if (kt_vcpu_get_state(v, &state) && !(state.lvtt & APIC_LVT_MASKED)) {
		vector = state.lvtt & APIC_VECTOR_MASK;
		*state_reg(s, APIC_IRR + vector / 32 * 0x10) |= BIT(vector % 32);
	}
	*state_reg(s, APIC_TMCCT) = state.tmcct;
	return 0;
}

int kt_hooks_apic_set_state(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s)
{
	struct kt_lapic_timer_state state = {
		.lvtt		= *state_reg(s, APIC_LVTT) & LVTT_BITS,
		.tmict		= *state_reg(s, APIC_TMICT),
		.tmcct		= min(*state_reg(s, APIC_TMCCT), *state_reg(s, APIC_TMICT)),
		.tdcr		= *state_reg(s, APIC_TDCR) & TDCR_BITS,
		.enabled	= *state_reg(s, APIC_SPIV) & APIC_SPIV_APIC_ENABLED,
	};
	struct kt_vcpu *v = kt_vcpu_find(vcpu);
	int ret;

	if (!v)
		return static_call(kt_original_kvm_apic_set_state)(vcpu, s);

	*state_reg(s, APIC_TMICT) = 0;
	ret = static_call(kt_original_kvm_apic_set_state)(vcpu, s);
	*state_reg(s, APIC_TMICT) = state.tmict;
	if (ret)
		return ret;
	kt_inject_take_lvtt(vcpu);

	/* A VMM that knows no current count means a period that begins. */
	if ((state.lvtt & APIC_LVT_TIMER_PERIODIC) && !state.tmcct)
		state.tmcct = state.tmict;
	kt_vcpu_set_state(v, &state);
	return 0;
}

void kt_hooks_lapic_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	static_call(kt_original_kvm_lapic_reset)(vcpu, init_event);
	if (v)
		kt_vcpu_reset(v);
}

/* The CPU's own timer has ended the vCPU's stay in the guest. */
void kt_hooks_expired_hv_timer(struct kvm_vcpu *vcpu)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (v)
		kt_vcpu_cpu_alarm(v);
	else
		static_call(kt_original_kvm_lapic_expired_hv_timer)(vcpu);
}

/* KVM has no timer to take along. */
void kt_hooks_migrate_timer(struct kvm_vcpu *vcpu)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (v)
		kt_vcpu_migrated(v);
	else
		static_call(kt_original___kvm_migrate_apic_timer)(vcpu);
}

void kt_hooks_write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (v)
		kt_vcpu_tsc_moving(v);
	static_call(kt_original_kvm_vcpu_write_tsc_offset)(vcpu, offset);
	if (v)
		kt_vcpu_tsc_moved(v);
	kt_hooks_tsc_moved(vcpu);
}

void kt_hooks_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier)
{
	struct kt_vcpu *v = kt_vcpu_find(vcpu);

	if (v)
		kt_vcpu_tsc_moving(v);
	static_call(kt_original_kvm_vcpu_write_tsc_multiplier)(vcpu, multiplier);
	kt_hooks_tsc_scaled(vcpu);
	if (v)
		kt_vcpu_tsc_moved(v);
}

long kt_hooks_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kt_vcpu *v = kt_vcpu_find(filp->private_data);
	long ret;

	if (v)
		kt_vcpu_host_begin(v);
	ret = static_call(kt_original_kvm_arch_vcpu_ioctl)(filp, ioctl, arg);
	if (v)
		kt_vcpu_host_end(v, ioctl == KVM_SET_TSC_KHZ);
	return ret;
}

int kt_hooks_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct kt_vm *vm = kt_vm_find(vcpu->kvm);
	int ret;

	ret = kt_vcpu_create(vm, vcpu);
	if (ret)
		return ret;

	ret = static_call(kt_original_kvm_arch_vcpu_create)(vcpu);
	if (ret || !vcpu->arch.apic)
		kt_vcpu_destroy(vm, vcpu, ret);
	else
		kt_vcpu_created(vm, vcpu);
	return ret;
}

/* Of a VM that lives on: KVM could not finish its creation. */
void kt_hooks_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	kt_vcpu_destroy(kt_vm_find(vcpu->kvm), vcpu, true);
	static_call(kt_original_kvm_arch_vcpu_destroy)(vcpu);
}
