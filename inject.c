// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raising interrupts in a guest, and knowing what became of the last one.
 *
 * kvm_set_irq() takes spinlocks that KVM takes with interrupts on: process
 * context only. An alarm therefore summons the vCPU that the interrupt is
 * for, and the pulse is made by the vCPU itself just before it enters the
 * guest; see vm.c. Where a pulse would make the IOAPIC send a message and
 * change nothing else, the alarm sends that.
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
#define ENTRY_LEVEL(e)		((e) & BIT_ULL(15))
#define ENTRY_MASKED(e)		((e) & BIT_ULL(16))
#define ENTRY_DEST(e)		((u32)((e) >> 56))

/* Of an entry, what a message has as its data: vector and delivery. */
#define ENTRY_DATA(e)		((u32)(e) & 0x7ff & ~APIC_DEST_LOGICAL)

/* No interrupt has a smaller one. */
#define FIRST_VECTOR		16

/* A message's address, see kvm_set_msi_irq(). */
#define ADDRESS_DEST_SHIFT	12
#define ADDRESS_LOGICAL		BIT(2)

/* The destination is in the message itself. */
#define NO_SHORTHAND		0

#define NO_PIN			(-1)

#define NR_PIC_PINS		16
#define PIC_CASCADE		2

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
		else if (entries[n].irqchip.pin < NR_PIC_PINS)
			pins.pic = entries[n].irqchip.pin;
	}
	return pins;
}

/*
 * With posted interrupts a request waits outside of the register page until
 * the next entry.
 */
static bool posts_interrupts(struct kvm_vcpu *vcpu)
{
	bool *apicv_active = (void *)vcpu->arch.apic + kt_layout.lapic_apicv_active;

	return boot_cpu_has(X86_FEATURE_VMX) && READ_ONCE(*apicv_active);
}

/* Posted interrupts have every end of interrupt reported. */
static enum kt_tick_pin line_vector(struct kt_line *line, struct kvm_vcpu *vcpu, u8 vector)
{
	if (posts_interrupts(vcpu))
		return READ_ONCE(line->acked) ? KT_TICK_READY : KT_TICK_BUSY;

	return kt_inject_vector_pin(vcpu, vector);
}

/* An unmasked IOAPIC entry: find the vCPU that it names. */
static enum kt_tick_pin probe_ioapic(struct kt_line *line, u64 entry)
{
	enum kt_tick_pin vector, pin = KT_TICK_READY;
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
		if (ENTRY_DELIVERY(entry) <= APIC_DM_LOWEST) {
			vector = line_vector(line, vcpu, ENTRY_VECTOR(entry));
			if (vector != KT_TICK_READY) {
				target = vcpu;
				pin = vector;
			}
			if (vector == KT_TICK_BUSY)
				break;
		}
		/* A physical destination is one vCPU. */
		if (!ENTRY_DEST_MODE(entry) && ENTRY_DEST(entry) != 0xff)
			break;
	}
	WRITE_ONCE(line->target, target);
	return pin;
}

/* A request at the second 8259 passes the first one's cascade as well. */
static enum kt_tick_pin probe_pic(struct kt_line *line, int pin, bool *masked)
{
	u8 *first = (void *)line->kvm->arch.vpic + kt_layout.pic_pics;
	u8 *chip = first + (pin / 8) * kt_layout.kpic_size;
	bool requested = READ_ONCE(chip[kt_layout.kpic_irr]) & BIT(pin % 8);
	bool served = READ_ONCE(chip[kt_layout.kpic_isr]) & BIT(pin % 8);
	struct kvm_vcpu *vcpu0 = kvm_get_vcpu(line->kvm, 0);

	*masked = READ_ONCE(chip[kt_layout.kpic_imr]) & BIT(pin % 8);
	if (!*masked && vcpu0 && static_call(kt_kvm_apic_accept_pic_intr)(vcpu0) &&
	    (pin < 8 || !(READ_ONCE(first[kt_layout.kpic_imr]) & BIT(PIC_CASCADE)))) {
		WRITE_ONCE(line->through_pic, true);
		return requested ? KT_TICK_BUSY : served ? KT_TICK_SERVED : KT_TICK_READY;
	}
	if (!READ_ONCE(line->through_pic))
		return KT_TICK_MASKED;

	return requested ? KT_TICK_LATCHED : KT_TICK_LATCH;
}

/**
 * kt_inject_probe() - what would become of a pulse now
 * @line:	an open line
 * @masked:	set if no controller has it unmasked: only an event of the line changes that
 *
 * Looks at the controllers' and local APICs' registers without their locks: a
 * guest that rewrites them at this moment may be told either answer.
 *
 * Context: Process or softirq, not under the VM's lock. Updates the target.
 * Return: see enum kt_tick_pin.
 */
enum kt_tick_pin kt_inject_probe(struct kt_line *line, bool *masked)
{
	struct pins pins = line_pins(line);
	u64 entry;

	*masked = false;
	if (pins.ioapic != NO_PIN) {
		entry = READ_ONCE(((u64 *)((void *)line->kvm->arch.vioapic +
					   kt_layout.ioapic_redirtbl))[pins.ioapic]);
		if (!ENTRY_MASKED(entry)) {
			WRITE_ONCE(line->through_pic, false);
			return probe_ioapic(line, entry);
		}
	}

	WRITE_ONCE(line->target, kvm_get_vcpu(line->kvm, 0));
	if (pins.pic != NO_PIN)
		return probe_pic(line, pins.pic, masked);

	*masked = true;
	return KT_TICK_MASKED;
}

/* A pulse would do nothing else at an 8259 than be remembered, by one that is not in use. */
static bool is_past_pic(const struct kt_line *line, int pin)
{
	const u8 *first = (void *)line->kvm->arch.vpic + kt_layout.pic_pics;
	const u8 *chip = first + (pin / 8) * kt_layout.kpic_size;

	return pin == NO_PIN || READ_ONCE(chip[kt_layout.kpic_imr]) & BIT(pin % 8);
}

/**
 * kt_inject_peek() - whether an edge can be sent past the controllers, and what would become of it
 * @line:	an open line
 * @message:	filled in: what the IOAPIC would send
 *
 * It can if the IOAPIC would do nothing but send it, to the one vCPU that it was last known to be
 * for, and if that runs now. What is seen of an entry that is just being written may be neither the
 * old one nor the new one, but then its vector is none or it is for another vCPU.
 *
 * Context: Any, hard interrupt included.
 * Return: KT_TICK_READY, KT_TICK_SERVED or KT_TICK_BUSY; KT_TICK_MASKED where it takes
 * kt_inject_probe() and kt_inject_pulse().
 */
enum kt_tick_pin kt_inject_peek(struct kt_line *line, u64 *message)
{
	struct kvm_vcpu *target = READ_ONCE(line->target);
	struct pins pins;
	u32 address;
	u64 entry;

	if (!target || kt_inject_presence(target) == KT_PRESENCE_AWAY ||
	    kt_inject_nmi_mode(line->kvm))
		return KT_TICK_MASKED;
	pins = line_pins(line);
	if (pins.ioapic == NO_PIN || !is_past_pic(line, pins.pic))
		return KT_TICK_MASKED;

	entry = READ_ONCE(((u64 *)((void *)line->kvm->arch.vioapic +
				   kt_layout.ioapic_redirtbl))[pins.ioapic]);
	if (ENTRY_MASKED(entry) || ENTRY_LEVEL(entry) || ENTRY_VECTOR(entry) < FIRST_VECTOR ||
	    ENTRY_DELIVERY(entry) > APIC_DM_LOWEST)
		return KT_TICK_MASKED;
	/* To one vCPU only. */
	if (ENTRY_DEST_MODE(entry) ? hweight8(ENTRY_DEST(entry)) != 1 : ENTRY_DEST(entry) == 0xff)
		return KT_TICK_MASKED;
	if (!static_call(kt_kvm_apic_match_dest)(target, NULL, NO_SHORTHAND, ENTRY_DEST(entry),
						 ENTRY_DEST_MODE(entry)))
		return KT_TICK_MASKED;

	address = APIC_DEFAULT_PHYS_BASE | ENTRY_DEST(entry) << ADDRESS_DEST_SHIFT;
	if (ENTRY_DEST_MODE(entry))
		address |= ADDRESS_LOGICAL;
	*message = (u64)address << 32 | ENTRY_DATA(entry);
	return line_vector(line, target, ENTRY_VECTOR(entry));
}

/**
 * kt_inject_send() - an edge past the controllers
 * @line:	an open line
 * @message:	of kt_inject_peek()
 *
 * Context: Any, hard interrupt included.
 * Return: -EWOULDBLOCK if it takes kt_inject_pulse().
 */
int kt_inject_send(struct kt_line *line, u64 message)
{
	WRITE_ONCE(line->acked, false);
	return kt_inject_msi_atomic(line->kvm, message);
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
 * kt_inject_level() - hold a line up, or let it go
 * @line:	an open line
 * @level:	up
 *
 * Context: Process; the caller keeps the order of calls.
 */
void kt_inject_level(struct kt_line *line, bool level)
{
	static_call(kt_kvm_set_irq)(line->kvm, line->source_id, line->gsi, level, false);
}

/* A message as devices write it: address in the upper half, data in the lower. */
static struct kvm_kernel_irq_routing_entry msi_entry(u64 message)
{
	return (struct kvm_kernel_irq_routing_entry) {
		.type	= KVM_IRQ_ROUTING_MSI,
		.msi	= {
			.address_lo	= upper_32_bits(message),
			.data		= lower_32_bits(message),
		},
	};
}

/**
 * kt_inject_is_msi() - whether a message is an interrupt
 * @message:	address in the upper half, data in the lower
 *
 * Context: Any.
 * Return: false for an address outside of the local APICs' window: a write to memory.
 */
bool kt_inject_is_msi(u64 message)
{
	return (upper_32_bits(message) & 0xfff00000) == APIC_DEFAULT_PHYS_BASE;
}

static bool msi_matches(struct kvm_vcpu *vcpu, const struct kvm_lapic_irq *irq)
{
	return vcpu->arch.apic &&
	       static_call(kt_kvm_apic_match_dest)(vcpu, NULL, NO_SHORTHAND, irq->dest_id,
						   irq->dest_mode);
}

/**
 * kt_inject_probe_msi() - what would become of a message now
 * @kvm:	the VM
 * @message:	an interrupt, kt_inject_is_msi()
 * @target:	set to the first vCPU that it is for, NULL if there is none
 *
 * With posted interrupts the answer is always that it is taken.
 *
 * Context: Process.
 * Return: KT_TICK_READY, KT_TICK_SERVED or KT_TICK_BUSY.
 */
enum kt_tick_pin kt_inject_probe_msi(struct kvm *kvm, u64 message, struct kvm_vcpu **target)
{
	struct kvm_kernel_irq_routing_entry entry = msi_entry(message);
	struct kvm_vcpu *found = NULL;
	struct kvm_lapic_irq irq;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_set_msi_irq(kvm, &entry, &irq);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (!msi_matches(vcpu, &irq))
			continue;
		found = vcpu;
		break;
	}
	WRITE_ONCE(*target, found);
	return found ? kt_inject_vector_pin(found, irq.vector) : KT_TICK_READY;
}

/**
 * kt_inject_peek_msi() - what would become of a message now, if it is for a vCPU still
 * @kvm:	the VM
 * @message:	an interrupt
 * @target:	vCPU that it was last known to be for
 *
 * Context: Any, hard interrupt included.
 * Return: KT_TICK_READY, KT_TICK_SERVED or KT_TICK_BUSY; KT_TICK_MASKED if it is for another one.
 */
enum kt_tick_pin kt_inject_peek_msi(struct kvm *kvm, u64 message, struct kvm_vcpu *target)
{
	struct kvm_kernel_irq_routing_entry entry = msi_entry(message);
	struct kvm_lapic_irq irq;

	kvm_set_msi_irq(kvm, &entry, &irq);
	return msi_matches(target, &irq) ? kt_inject_vector_pin(target, irq.vector) :
					   KT_TICK_MASKED;
}

/**
 * kt_inject_msi_atomic() - send a message
 * @kvm:	the VM
 * @message:	an interrupt
 *
 * Context: Any, hard interrupt included.
 * Return: -EWOULDBLOCK if it takes kt_inject_msi().
 */
int kt_inject_msi_atomic(struct kvm *kvm, u64 message)
{
	struct kvm_kernel_irq_routing_entry entry = msi_entry(message);

	return static_call(kt_kvm_arch_set_irq_inatomic)(&entry, kvm, KVM_USERSPACE_IRQ_SOURCE_ID,
							 1, false);
}

/**
 * kt_inject_msi() - send a message
 * @kvm:	the VM
 * @message:	an interrupt
 *
 * Context: Process.
 */
void kt_inject_msi(struct kvm *kvm, u64 message)
{
	struct kvm_kernel_irq_routing_entry entry = msi_entry(message);

	static_call(kt_kvm_set_msi)(&entry, kvm, KVM_USERSPACE_IRQ_SOURCE_ID, 1, false);
}

/**
 * kt_inject_can_store() - whether a message to memory can be stored here
 *
 * Context: Process.
 * Return: true in a vCPU's thread: KVM logs who made a page dirty.
 */
bool kt_inject_can_store(void)
{
	return kvm_get_running_vcpu();
}

/**
 * kt_inject_store() - store a message's data at its address
 * @kvm:	the VM
 * @message:	not an interrupt
 *
 * Where the guest has no memory nothing happens.
 *
 * Context: Process, a vCPU's thread, kvm->srcu held.
 */
void kt_inject_store(struct kvm *kvm, u64 message)
{
	u32 data = lower_32_bits(message);

	kvm_write_guest(kvm, upper_32_bits(message), &data, sizeof(data));
}

/**
 * kt_inject_irqchip() - whether a VM has the interrupt controllers that lines need
 * @kvm:	the VM
 *
 * Context: Process, kvm->lock held.
 * Return: true with a PIC and an IOAPIC in the kernel.
 */
bool kt_inject_irqchip(struct kvm *kvm)
{
	return kvm->arch.vpic && kvm->arch.vioapic;
}

/**
 * kt_inject_nmi_mode() - whether a vCPU listens to the timer past the controllers
 * @kvm:	the VM
 *
 * Context: Any.
 * Return: true if an LINT0 pin is programmed as NMI.
 */
bool kt_inject_nmi_mode(struct kvm *kvm)
{
	return atomic_read(&kvm->arch.vapics_in_nmi_mode);
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

	if (!kt_inject_nmi_mode(kvm))
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
 * kt_inject_rouse() - have a vCPU come out of kvm_vcpu_halt()
 * @vcpu:	a vCPU that is halted; it stays so unless it has an interrupt then
 *
 * Context: Any, hard interrupt included.
 */
void kt_inject_rouse(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_vcpu_wake_up(vcpu);
}

/**
 * kt_inject_summon_self() - have the running vCPU pass kt_vm_summoned() before it runs on
 * @vcpu:	the caller's own
 *
 * Context: Process, the vCPU's thread.
 */
void kt_inject_summon_self(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_HV_STIMER, vcpu);
}

/**
 * kt_inject_summon_all() - make every vCPU pass kt_vm_summoned() before it runs on
 * @kvm:	the VM
 *
 * Context: Any.
 */
void kt_inject_summon_all(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		kt_inject_summon(vcpu);
}

/**
 * kt_inject_open() - become a source of an interrupt line
 * @line:	to be filled in
 * @kvm:	the VM, with an in-kernel irqchip
 * @gsi:	the line
 * @owner:	see struct kt_line
 * @event:	see struct kt_line
 *
 * Context: Process.
 * Return: 0, or -ENOSPC when KVM has no source number left.
 */
int kt_inject_open(struct kt_line *line, struct kvm *kvm, int gsi, void *owner,
		   void (*event)(struct kt_line *line, bool unmasked))
{
	int id = static_call(kt_kvm_request_irq_source_id)(kvm);

	if (id < 0)
		return -ENOSPC;

	line->kvm = kvm;
	line->owner = owner;
	line->gsi = gsi;
	line->source_id = id;
	line->through_pic = true;
	line->acked = true;
	atomic_set(&line->unmasks, 0);
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
 * kt_inject_register() - put a device on one of a VM's buses
 * @kvm:	the VM
 * @bus:	ports or memory
 * @addr:	first port or byte
 * @len:	number of them
 * @dev:	device; its destructor is called once for each registration
 *
 * Context: Process, sleeps, not from a vCPU that is in KVM_RUN.
 * Return: 0 or -errno.
 */
int kt_inject_register(struct kvm *kvm, enum kvm_bus bus, gpa_t addr, int len,
		       struct kvm_io_device *dev)
{
	int ret;

	mutex_lock(&kvm->slots_lock);
	ret = static_call(kt_kvm_io_bus_register_dev)(kvm, bus, addr, len, dev);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}
