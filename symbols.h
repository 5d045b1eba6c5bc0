/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's functions and private layouts, bound by name when the module loads.
 *
 * For hooks.c and inject.c only. A function is called by
 * static_call(kt_NAME)(...): a direct call, which is legal at any address and
 * in any context. A member of a private structure is reached by its offset in
 * kt_layout, which layout.c takes from the BTF of the running kvm.ko.
 */
#ifndef KT_SYMBOLS_H
#define KT_SYMBOLS_H

#include <linux/kvm_host.h>
#include <linux/static_call.h>

#include <asm/apicdef.h>

/* Private to KVM, not in any header for modules. */
void get_kvmclock(struct kvm *kvm, struct kvm_clock_data *data);
u64 get_kvmclock_ns(struct kvm *kvm);
int kvm_apic_accept_pic_intr(struct kvm_vcpu *vcpu);
bool kvm_apic_match_dest(struct kvm_vcpu *vcpu, struct kvm_lapic *source,
			 int shorthand, unsigned int dest, int dest_mode);
int kvm_apic_get_state(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s);
int kvm_apic_local_deliver(struct kvm_lapic *apic, int lvt_type);
void kvm_apic_nmi_wd_deliver(struct kvm_vcpu *vcpu);
int kvm_apic_set_state(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s);
u64 kvm_get_lapic_tscdeadline_msr(struct kvm_vcpu *vcpu);
u64 kvm_get_wall_clock_epoch(struct kvm *kvm);
void kvm_hv_process_stimers(struct kvm_vcpu *vcpu);
void kvm_hv_setup_tsc_page(struct kvm *kvm, struct pvclock_vcpu_time_info *hv_clock);
void kvm_lapic_expired_hv_timer(struct kvm_vcpu *vcpu);
int kvm_lapic_reg_read(struct kvm_lapic *apic, u32 offset, int len, void *data);
int kvm_lapic_reg_write(struct kvm_lapic *apic, u32 reg, u32 val);
void kvm_lapic_reset(struct kvm_vcpu *vcpu, bool init_event);
void kvm_set_lapic_tscdeadline_msr(struct kvm_vcpu *vcpu, u64 data);
int kvm_set_tsc_khz(struct kvm_vcpu *vcpu, u32 user_tsc_khz);
int kvm_set_msi(struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int irq_source_id,
		int level, bool line_status);
void kvm_setup_guest_pvclock(struct kvm_vcpu *v, struct gfn_to_pfn_cache *gpc,
			     unsigned int offset, bool force_tsc_unstable);
void kvm_synchronize_tsc(struct kvm_vcpu *vcpu, unsigned long arg);
void kvm_vcpu_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 l1_multiplier);
void kvm_vcpu_write_tsc_offset(struct kvm_vcpu *vcpu, u64 l1_offset);
void __kvm_migrate_apic_timer(struct kvm_vcpu *vcpu);
void __kvm_synchronize_tsc(struct kvm_vcpu *vcpu, u64 offset, u64 tsc, u64 ns, bool matched);

#define KT_KVM_FUNCTIONS(X)		\
	X(kvm_apic_accept_pic_intr)	\
	X(kvm_apic_local_deliver)	\
	X(kvm_apic_match_dest)		\
	X(kvm_apic_nmi_wd_deliver)	\
	X(kvm_arch_set_irq_inatomic)	\
	X(kvm_free_irq_source_id)	\
	X(kvm_io_bus_register_dev)	\
	X(kvm_irq_map_gsi)		\
	X(kvm_register_irq_ack_notifier)	\
	X(kvm_register_irq_mask_notifier)	\
	X(kvm_request_irq_source_id)	\
	X(kvm_set_irq)			\
	X(kvm_set_msi)			\
	X(kvm_set_tsc_khz)		\
	X(kvm_unregister_irq_ack_notifier)	\
	X(kvm_unregister_irq_mask_notifier)	\
	X(kvm_vcpu_write_tsc_offset)	\
	X(__kvm_synchronize_tsc)

#define KT_DECLARE(name)	DECLARE_STATIC_CALL(kt_##name, name);
KT_KVM_FUNCTIONS(KT_DECLARE)
#undef KT_DECLARE

/**
 * struct kt_layout - offsets in KVM's private structures, bytes
 * @lapic_vcpu:		owner of a struct kvm_lapic
 * @lapic_regs:		register page of a struct kvm_lapic
 * @lapic_apicv_active:	whether the hardware works on that page
 * @lapic_timer:	struct kvm_timer of a struct kvm_lapic
 * @timer_expired:	TSC until which KVM holds the vCPU back before it enters the guest
 * @timer_advance_ns:	longest time it does so, and how early KVM's own alarm would ring
 * @caps_has_tsc_control: whether the CPU can scale a guest's TSC, in struct kvm_caps
 * @caps_frac_bits:	bits of a TSC's ratio that are behind the point
 * @ioapic_redirtbl:	redirection table of a struct kvm_ioapic
 * @pic_pics:		the two chips of a struct kvm_pic
 * @kpic_irr:		request register of a struct kvm_kpic_state
 * @kpic_imr:		mask register
 * @kpic_isr:		in-service register
 * @kpic_elcr_mask:	constant by which the layout is recognized
 * @kpic_size:		of a struct kvm_kpic_state: from the first 8259 to the second
 */
struct kt_layout {
	u32	lapic_vcpu;
	u32	lapic_regs;
	u32	lapic_apicv_active;
	u32	lapic_timer;
	u32	timer_expired;
	u32	timer_advance_ns;
	u32	caps_has_tsc_control;
	u32	caps_frac_bits;
	u32	ioapic_redirtbl;
	u32	pic_pics;
	u32	kpic_irr;
	u32	kpic_imr;
	u32	kpic_isr;
	u32	kpic_elcr_mask;
	u32	kpic_size;
};

extern struct kt_layout kt_layout;

/* What the module of the CPU's vendor has given KVM; another one may take its place. */
extern struct kvm_x86_ops *kt_kvm_ops;

/* struct kvm_caps, which is in no header for modules. */
extern void *kt_kvm_caps;

/* Parts per million that a TSC may differ before KVM scales it. */
extern u32 *kt_kvm_tsc_tolerance;

unsigned long kt_symbols_lookup(const char *name);
int kt_symbols_bind(void);
int kt_layout_read(void);
int kt_layout_check(struct kvm_vcpu *vcpu);

static inline struct kvm_vcpu *kt_lapic_vcpu(struct kvm_lapic *apic)
{
	return *(struct kvm_vcpu **)((void *)apic + kt_layout.lapic_vcpu);
}

static inline void *kt_lapic_regs(struct kvm_vcpu *vcpu)
{
	return *(void **)((void *)vcpu->arch.apic + kt_layout.lapic_regs);
}

static inline bool kt_has_tsc_scaling(void)
{
	return *(bool *)(kt_kvm_caps + kt_layout.caps_has_tsc_control);
}

static inline u8 kt_tsc_frac_bits(void)
{
	return *(u8 *)(kt_kvm_caps + kt_layout.caps_frac_bits);
}

/* A vector's bit in IRR or ISR. */
static inline bool kt_lapic_vector_bit(struct kvm_vcpu *vcpu, u32 reg, u8 vector)
{
	u32 *bits = kt_lapic_regs(vcpu) + reg + (vector / 32) * 0x10;

	return READ_ONCE(*bits) & BIT(vector % 32);
}

#endif /* KT_SYMBOLS_H */
