/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where KVM enters this module.
 */
#ifndef KT_HOOKS_H
#define KT_HOOKS_H

#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/static_call.h>

#include "symbols.h"

struct kt_vm;

/*
 * The function that a redirect stands in for, to be called by static_call(kt_original_NAME). The
 * module's file names it, for "kvm-timers doctor" to see who else has redirected it.
 */
#define KT_ORIGINAL(name)	DEFINE_STATIC_CALL_NULL(kt_original_##name, name); \
				MODULE_INFO(redirects, #name)

DECLARE_STATIC_CALL(kt_original_kvm_lapic_reg_write, kvm_lapic_reg_write);
DECLARE_STATIC_CALL(kt_original_kvm_set_lapic_tscdeadline_msr, kvm_set_lapic_tscdeadline_msr);
DECLARE_STATIC_CALL(kt_original_kvm_lapic_reg_read, kvm_lapic_reg_read);
DECLARE_STATIC_CALL(kt_original_kvm_lapic_expired_hv_timer, kvm_lapic_expired_hv_timer);
DECLARE_STATIC_CALL(kt_original___kvm_migrate_apic_timer, __kvm_migrate_apic_timer);
DECLARE_STATIC_CALL(kt_original_kvm_vcpu_write_tsc_offset, kvm_vcpu_write_tsc_offset);
DECLARE_STATIC_CALL(kt_original_kvm_vcpu_write_tsc_multiplier, kvm_vcpu_write_tsc_multiplier);
DECLARE_STATIC_CALL(kt_original_kvm_get_lapic_tscdeadline_msr, kvm_get_lapic_tscdeadline_msr);
DECLARE_STATIC_CALL(kt_original_kvm_arch_vcpu_ioctl, kvm_arch_vcpu_ioctl);
DECLARE_STATIC_CALL(kt_original_kvm_apic_get_state, kvm_apic_get_state);
DECLARE_STATIC_CALL(kt_original_kvm_apic_set_state, kvm_apic_set_state);
DECLARE_STATIC_CALL(kt_original_kvm_lapic_reset, kvm_lapic_reset);
DECLARE_STATIC_CALL(kt_original_kvm_arch_vcpu_create, kvm_arch_vcpu_create);
DECLARE_STATIC_CALL(kt_original_kvm_arch_vcpu_destroy, kvm_arch_vcpu_destroy);

DECLARE_STATIC_CALL(kt_original_get_kvmclock, get_kvmclock);
DECLARE_STATIC_CALL(kt_original_get_kvmclock_ns, get_kvmclock_ns);
DECLARE_STATIC_CALL(kt_original_kvm_get_wall_clock_epoch, kvm_get_wall_clock_epoch);
DECLARE_STATIC_CALL(kt_original_kvm_hv_setup_tsc_page, kvm_hv_setup_tsc_page);
DECLARE_STATIC_CALL(kt_original_kvm_set_tsc_khz, kvm_set_tsc_khz);
DECLARE_STATIC_CALL(kt_original_kvm_setup_guest_pvclock, kvm_setup_guest_pvclock);
DECLARE_STATIC_CALL(kt_original_kvm_synchronize_tsc, kvm_synchronize_tsc);

/* Each has the arguments, the context and the result of the function that it stands in for. */
int kt_hooks_lapic_write(struct kvm_lapic *apic, u32 reg, u32 val);
void kt_hooks_set_tscdeadline(struct kvm_vcpu *vcpu, u64 data);
int kt_hooks_lapic_read(struct kvm_lapic *apic, u32 offset, int len, void *data);
void kt_hooks_expired_hv_timer(struct kvm_vcpu *vcpu);
void kt_hooks_migrate_timer(struct kvm_vcpu *vcpu);
void kt_hooks_write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset);
void kt_hooks_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier);
u64 kt_hooks_get_tscdeadline(struct kvm_vcpu *vcpu);
long kt_hooks_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
int kt_hooks_apic_get_state(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s);
int kt_hooks_apic_set_state(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s);
void kt_hooks_lapic_reset(struct kvm_vcpu *vcpu, bool init_event);
int kt_hooks_vcpu_create(struct kvm_vcpu *vcpu);
void kt_hooks_vcpu_destroy(struct kvm_vcpu *vcpu);

void kt_hooks_get_kvmclock(struct kvm *kvm, struct kvm_clock_data *data);
u64 kt_hooks_get_kvmclock_ns(struct kvm *kvm);
u64 kt_hooks_get_wall_clock_epoch(struct kvm *kvm);
void kt_hooks_hv_setup_tsc_page(struct kvm *kvm, struct pvclock_vcpu_time_info *hv_clock);
void kt_hooks_setup_guest_pvclock(struct kvm_vcpu *vcpu, struct gfn_to_pfn_cache *gpc,
				  unsigned int offset, bool force_tsc_unstable);
int kt_hooks_set_tsc_khz(struct kvm_vcpu *vcpu, u32 user_tsc_khz);
void kt_hooks_synchronize_tsc(struct kvm_vcpu *vcpu, unsigned long arg);
long kt_hooks_tsc_ioctl(struct kt_vm *vm, unsigned int ioctl, unsigned long arg);
void kt_hooks_tsc_moved(struct kvm_vcpu *vcpu);
void kt_hooks_tsc_scaled(struct kvm_vcpu *vcpu);
long kt_hooks_clock_ioctl(struct kt_vm *vm, unsigned int ioctl, void __user *argp);

int kt_hooks_install(void);
void kt_hooks_remove(void);

#endif /* KT_HOOKS_H */
