// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raising interrupts in a guest, and knowing what became of the last one.
 *
 * kvm_set_irq() takes spinlocks that KVM takes with interrupts on: process
 * context only. An alarm therefore summons the vCPU that the interrupt is
 * for, and the pulse is made by the vCPU itself just before it enters the
 * guest; see vm.c.
 */
#include "inject.h"
#include "symbols.h"

#include <linux/cpufeature.h>
#include <linux/kvm_host.h>
#include <linux/static_call.h>

#include <asm/apicdef.h>
#include <asm/kvm_host.h>

/* Fields of an IOAPIC redirection entry. */
#define ENTRY_VECTOR(e)		((u8)(e))
#define ENTRY_DELIVERY(e)	((u32)(e) & 0x700)
#define ENTRY_DEST_MODE(e)	((u32)(e) & APIC_DEST_LOGICAL)
#define ENTRY_MASKED(e)		((e) & BIT_ULL(16))
#define ENTRY_DEST(e)		((u32)((e) >> 56))

/* The destination is in the message itself. */
#define NO_SHORTHAND		0

#define NO_PIN			(-1)

struct pins {
	int	ioapic;
	int	pic;
};

static void acked(struct kvm_irq_ack_notifier *kian)
{
	struct kt_line *line = container_of(kian, struct kt_line, ack);

	WRITE_ONCE(line->acked, true);
	line->event(line, false);
}

static void mask_changed(struct kvm_irq_mask_notifier *kimn, bool masked)
{
	struct kt_line *line = container_of(kimn, struct kt_line, mask);

	if (!masked)
		line->event(line, true);
}

/* Which pins of the two controllers the VMM has routed the line to. */
static struct pins line_pins(struct kt_line *line)
{
	struct kvm_kernel_irq_routing_entry entries[KVM_NR_IRQCHIPS];
	struct pins pins = { NO_PIN, NO_PIN };
	int idx;
	int n;

	idx = srcu_read_lock(&line->kvm->irq_srcu);
	n = static_call(kt_kvm_irq_map_gsi)(line->kvm, entries, line->gsi);
	srcu_read_unlock(&line->kvm->irq_srcu, idx);

	while (n-- > 0) {
		if (entries[n].type != KVM_IRQ_ROUTING_IRQCHIP)
			continue;
		if (entries[n].irqchip.irqchip == KVM_IRQCHIP_IOAPIC &&
		    entries[n].irqchip.pin < KVM_IOAPIC_NUM_PINS)
			pins.ioapic = entries[n].irqchip.pin;
		else if (entries[n].irqchip.irqchip == KVM_IRQCHIP_PIC_MASTER &&
			 entries[n].irqchip.pin < 8)
			pins.pic = entries[n].irqchip.pin;
	}
	return pins;
}

/* Has this vCPU not yet taken the vector? */
static bool vector_pending(struct kt_line *line, struct kvm_vcpu *vcpu, u8 vector)
{
	u32 *irr = kt_lapic_regs(vcpu) + APIC_IRR + (vector / 32) * 0x10;
	bool *apicv_active;

	/*
	 * With posted interrupts a request waits outside of the register page
	 * until the next entry. There, every end of interrupt is reported.
	 */
	apicv_active = (void *)vcpu->arch.apic + kt_layout.lapic_apicv_active;
	if (boot_cpu_has(X86_FEATURE_VMX) && READ_ONCE(*apicv_active))
		return !READ_ONCE(line->acked);

	return READ_ONCE(*irr) & BIT(vector % 32);
}

/* An unmasked IOAPIC entry: find the vCPU that it names. */
static enum kt_tick_pin probe_ioapic(struct kt_line *line, u64 entry)
{
	enum kt_tick_pin pin = KT_TICK_READY;
	struct kvm_vcpu *target = NULL;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, line->kvm) {
		if (!vcpu->arch.apic ||
		    !static_call(kt_kvm_apic_match_dest)(vcpu, NULL, NO_SHORTHAND,
							 ENTRY_DEST(entry),
							 ENTRY_DEST_MODE(entry)))
			continue;
		if (!target)
			target = vcpu;
		if (ENTRY_DELIVERY(entry) <= APIC_DM_LOWEST &&
		    vector_pending(line, vcpu, ENTRY_VECTOR(entry))) {
			target = vcpu;
			pin = KT_TICK_BUSY;
			break;
		}
		/* A physical destination is one vCPU. */
		if (!ENTRY_DEST_MODE(entry) && ENTRY_DEST(entry) != 0xff)
			break;
	}
	WRITE_ONCE(line->target, target);
	return pin;
}

/**
 * kt_inject_probe() - what would become of a pulse now
 * @line:	an open line
 *
 * Looks at the controllers' and local APICs' registers without their locks: a
 * guest that rewrites them at this moment may be told either answer.
 *
 * Context: Process or softirq, not under the VM's lock. Updates the target.
 * Return: see enum kt_tick_pin.
 */
enum kt_tick_pin kt_inject_probe(struct kt_line *line)
{
	struct kvm_vcpu *vcpu0 = kvm_get_vcpu(line->kvm, 0);
	struct pins pins = line_pins(line);
	bool requested;
	bool masked;
	u64 entry;
	u8 *chip;

	if (pins.ioapic != NO_PIN) {
		entry = READ_ONCE(((u64 *)((void *)line->kvm->arch.vioapic +
					   kt_layout.ioapic_redirtbl))[pins.ioapic]);
		if (!ENTRY_MASKED(entry)) {
			WRITE_ONCE(line->through_pic, false);
			return probe_ioapic(line, entry);
		}
	}

	WRITE_ONCE(line->target, vcpu0);
	if (pins.pic == NO_PIN)
		return KT_TICK_MASKED;

	chip = (void *)line->kvm->arch.vpic + kt_layout.pic_pics;
	requested = READ_ONCE(chip[kt_layout.kpic_irr]) & BIT(pins.pic);
	masked = READ_ONCE(chip[kt_layout.kpic_imr]) & BIT(pins.pic);
	if (!masked && vcpu0 && static_call(kt_kvm_apic_accept_pic_intr)(vcpu0)) {
		WRITE_ONCE(line->through_pic, true);
		return requested ? KT_TICK_BUSY : KT_TICK_READY;
	}
	if (!READ_ONCE(line->through_pic))
		return KT_TICK_MASKED;

	return requested ? KT_TICK_LATCHED : KT_TICK_LATCH;
}

/**
 * kt_inject_pulse() - one edge on the line
 * @line:	an open line
 *
 * Context: Process.
 */
void kt_inject_pulse(struct kt_line *line)
{
	WRITE_ONCE(line->acked, false);
	static_call(kt_kvm_set_irq)(line->kvm, line->source_id, line->gsi, 1, false);
	static_call(kt_kvm_set_irq)(line->kvm, line->source_id, line->gsi, 0, false);
}

/**
 * kt_inject_nmi_watchdog() - the timer's edge on LINT0 pins programmed as NMI
 * @kvm:	the VM
 *
 * Guests that watch for lockups wire the PIT to every CPU's LINT0 in NMI mode.
 * Where an 8259 stands between them it is passed over, as KVM's own PIT does.
 *
 * Context: Process.
 */
void kt_inject_nmi_watchdog(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	if (!atomic_read(&kvm->arch.vapics_in_nmi_mode))
		return;

	kvm_for_each_vcpu(i, vcpu, kvm)
		static_call(kt_kvm_apic_nmi_wd_deliver)(vcpu);
}

/**
 * kt_inject_summon() - make a vCPU pass kt_vm_summoned() before it runs on
 * @vcpu:	a vCPU that is not halted
 *
 * Context: Any, hard interrupt included.
 */
void kt_inject_summon(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_HV_STIMER, vcpu);
	kvm_vcpu_kick(vcpu);
}

/**
 * kt_inject_open() - become a source of an interrupt line
 * @line:	to be filled in
 * @kvm:	the VM, with an in-kernel irqchip
 * @gsi:	the line
 * @event:	see struct kt_line
 *
 * Context: Process.
 * Return: 0, or -ENOSPC when KVM has no source number left.
 */
int kt_inject_open(struct kt_line *line, struct kvm *kvm, int gsi,
		   void (*event)(struct kt_line *line, bool unmasked))
{
	int id = static_call(kt_kvm_request_irq_source_id)(kvm);

	if (id < 0)
		return -ENOSPC;

	line->kvm = kvm;
	line->gsi = gsi;
	line->source_id = id;
	line->through_pic = true;
	line->acked = true;
	line->target = NULL;
	line->event = event;
	line->ack.gsi = gsi;
	line->ack.irq_acked = acked;
	line->mask.func = mask_changed;

	static_call(kt_kvm_register_irq_mask_notifier)(kvm, gsi, &line->mask);
	static_call(kt_kvm_register_irq_ack_notifier)(kvm, &line->ack);
	return 0;
}

/**
 * kt_inject_close() - stop being a source of an interrupt line
 * @line:	opened by kt_inject_open()
 *
 * Context: Process, sleeps. No event is running or will come afterwards.
 */
void kt_inject_close(struct kt_line *line)
{
	static_call(kt_kvm_unregister_irq_ack_notifier)(line->kvm, &line->ack);
	static_call(kt_kvm_unregister_irq_mask_notifier)(line->kvm, line->gsi, &line->mask);
	static_call(kt_kvm_free_irq_source_id)(line->kvm, line->source_id);
}

/**
 * kt_inject_register_pio() - put a device on a VM's port bus
 * @kvm:	the VM
 * @addr:	first port
 * @len:	number of ports
 * @dev:	device; its destructor is called once for each registration
 *
 * Context: Process, sleeps, not from a vCPU that is in KVM_RUN.
 * Return: 0 or -errno.
 */
int kt_inject_register_pio(struct kvm *kvm, gpa_t addr, int len, struct kvm_io_device *dev)
{
	int ret;

	mutex_lock(&kvm->slots_lock);
	ret = static_call(kt_kvm_io_bus_register_dev)(kvm, KVM_PIO_BUS, addr, len, dev);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}
