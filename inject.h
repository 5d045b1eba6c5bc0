/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raising interrupts in a guest.
 */
#ifndef KT_INJECT_H
#define KT_INJECT_H

#include <linux/kvm_host.h>

#include "tick.h"

/**
 * struct kt_line - one interrupt line into the in-kernel PIC and IOAPIC
 * @kvm:	the VM
 * @gsi:	the line's number, as KVM_SET_GSI_ROUTING knows it
 * @source_id:	KVM's number for this module as a source of the line
 * @through_pic: the 8259 was the last controller to have the line unmasked
 * @acked:	the guest has acknowledged since the last pulse, where KVM tells
 * @target:	vCPU that an interrupt goes to, as far as known
 * @ack:	KVM's call at the guest's end of interrupt
 * @mask:	KVM's call when a controller masks or unmasks the line
 * @event:	what to do then: @unmasked or else acknowledged. Vcpu context, under
 *		KVM's interrupt locks if @unmasked
 */
struct kt_line {
	struct kvm			*kvm;
	int				gsi;
	int				source_id;
	bool				through_pic;
	bool				acked;
	struct kvm_vcpu			*target;
	struct kvm_irq_ack_notifier	ack;
	struct kvm_irq_mask_notifier	mask;
	void				(*event)(struct kt_line *line, bool unmasked);
};

int kt_inject_open(struct kt_line *line, struct kvm *kvm, int gsi,
		   void (*event)(struct kt_line *line, bool unmasked));
void kt_inject_close(struct kt_line *line);
enum kt_tick_pin kt_inject_probe(struct kt_line *line);
void kt_inject_pulse(struct kt_line *line);
void kt_inject_nmi_watchdog(struct kvm *kvm);
void kt_inject_summon(struct kvm_vcpu *vcpu);

int kt_inject_register_pio(struct kvm *kvm, gpa_t addr, int len, struct kvm_io_device *dev);

#endif /* KT_INJECT_H */
