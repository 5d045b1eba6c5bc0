/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raising interrupts in a guest.
 */
#ifndef KT_INJECT_H
#define KT_INJECT_H

#include <linux/atomic.h>
#include <linux/kvm_host.h>

#include "tick.h"
#include "tsc.h"

/**
 * struct kt_line - one interrupt line into the in-kernel PIC and IOAPIC
 * @kvm:	the VM
 * @owner:	whose line it is, for @event
 * @gsi:	the line's number, as KVM_SET_GSI_ROUTING knows it
 * @source_id:	KVM's number for this module as a source of the line
 * @through_pic: the 8259 was the last controller to have the line unmasked
 * @acked:	the guest has acknowledged since the last pulse, where KVM tells
 * @unmasks:	times that the guest may have unmasked the line
 * @target:	vCPU that an interrupt goes to, as far as known
 * @ack:	KVM's call at the guest's end of interrupt
 * @mask:	KVM's call when a controller masks or unmasks the line
 * @event:	what to do then: @unmasked or else acknowledged. Vcpu context, under
 *		KVM's interrupt locks if @unmasked
 */
struct kt_line {
	struct kvm			*kvm;
	void				*owner;
	int				gsi;
	int				source_id;
	bool				through_pic;
	bool				acked;
	atomic_t			unmasks;
	struct kvm_vcpu			*target;
	struct kvm_irq_ack_notifier	ack;
	struct kvm_irq_mask_notifier	mask;
	void				(*event)(struct kt_line *line, bool unmasked);
};

int kt_inject_open(struct kt_line *line, struct kvm *kvm, int gsi, void *owner,
		   void (*event)(struct kt_line *line, bool unmasked));
void kt_inject_close(struct kt_line *line);
enum kt_tick_pin kt_inject_probe(struct kt_line *line, bool *masked);
enum kt_tick_pin kt_inject_peek(struct kt_line *line, u64 *message);
int kt_inject_send(struct kt_line *line, u64 message);
void kt_inject_pulse(struct kt_line *line);
void kt_inject_level(struct kt_line *line, bool level);

bool kt_inject_is_msi(u64 message);
enum kt_tick_pin kt_inject_probe_msi(struct kvm *kvm, u64 message, struct kvm_vcpu **target);
enum kt_tick_pin kt_inject_peek_msi(struct kvm *kvm, u64 message, struct kvm_vcpu *target);
int kt_inject_msi_atomic(struct kvm *kvm, u64 message);
void kt_inject_msi(struct kvm *kvm, u64 message);
bool kt_inject_can_store(void);
void kt_inject_store(struct kvm *kvm, u64 message);

/* The ratio of a TSC that goes as the host's does. */
extern u64 kt_inject_tsc_one;

/**
 * enum kt_presence - where a vCPU that is not halted is
 * @KT_PRESENCE_AWAY:	not in the guest, and not on this CPU
 * @KT_PRESENCE_HERE:	on this CPU, outside of the guest for the moment
 * @KT_PRESENCE_ELSEWHERE: in the guest, on another CPU
 */
enum kt_presence {
	KT_PRESENCE_AWAY,
	KT_PRESENCE_HERE,
	KT_PRESENCE_ELSEWHERE,
};

/**
 * kt_inject_guest_tsc() - the guest's TSC
 * @vcpu:	a vCPU
 * @host_tsc:	of the host, at the same instant
 *
 * Context: Any.
 * Return: what the guest would read, outside of a guest of its own.
 */
static inline u64 kt_inject_guest_tsc(struct kvm_vcpu *vcpu, u64 host_tsc)
{
	if (likely(vcpu->arch.l1_tsc_scaling_ratio == kt_inject_tsc_one))
		return host_tsc + vcpu->arch.l1_tsc_offset;

	return kvm_read_l1_tsc(vcpu, host_tsc);
}

enum kt_presence kt_inject_presence(struct kvm_vcpu *vcpu);
enum kt_tick_pin kt_inject_vector_pin(struct kvm_vcpu *vcpu, u8 vector);
enum kt_tick_pin kt_inject_probe_lvtt(struct kvm_vcpu *vcpu);
void kt_inject_lvtt(struct kvm_vcpu *vcpu);
void kt_inject_set_tmict(struct kvm_vcpu *vcpu, u32 val);
u32 kt_inject_take_lvtt(struct kvm_vcpu *vcpu);
u32 kt_inject_advance_ns(struct kvm_vcpu *vcpu);
bool kt_inject_is_held(struct kvm_vcpu *vcpu);
void kt_inject_set_advance(struct kvm_vcpu *vcpu, u32 advance_ns);
void kt_inject_hold_until(struct kvm_vcpu *vcpu, u64 tsc, u32 advance_ns);
bool kt_inject_has_cpu_timer(struct kvm_vcpu *vcpu);
bool kt_inject_set_cpu_timer(struct kvm_vcpu *vcpu, u64 tsc, u32 early_ns);
void kt_inject_clear_cpu_timer(struct kvm_vcpu *vcpu);

void kt_inject_init(void);
void kt_inject_hold(struct kvm *kvm);
void kt_inject_release(struct kvm *kvm);
void kt_inject_refresh_pages(struct kvm *kvm);
void kt_inject_tsc_scale(const struct kvm_vcpu *vcpu, struct kt_tsc_scale *scale);
bool kt_inject_tsc_is_too_slow(u32 khz);
bool kt_inject_tscs_agree(struct kvm *kvm);
bool kt_inject_lock_vcpus(struct kvm *kvm);
void kt_inject_unlock_vcpus(struct kvm *kvm);
bool kt_inject_is_paused(struct kvm *kvm, u64 *exits);
void kt_inject_move_tscs(struct kvm *kvm, u64 ahead);
bool kt_inject_can_have_khz(const struct kvm_vcpu *vcpu, u32 khz);
void kt_inject_set_tsc(struct kvm_vcpu *vcpu, const struct kvm_timers_vcpu_record *rec,
		       u64 cycle, u64 base_ns, bool is_first);
void kt_inject_say_stopped(struct kvm *kvm);

bool kt_inject_irqchip(struct kvm *kvm);
bool kt_inject_nmi_mode(struct kvm *kvm);
void kt_inject_nmi_watchdog(struct kvm *kvm);
void kt_inject_summon(struct kvm_vcpu *vcpu);
void kt_inject_rouse(struct kvm_vcpu *vcpu);
void kt_inject_summon_self(struct kvm_vcpu *vcpu);
void kt_inject_summon_all(struct kvm *kvm);

int kt_inject_register(struct kvm *kvm, enum kvm_bus bus, gpa_t addr, int len,
		       struct kvm_io_device *dev);

#endif /* KT_INJECT_H */
