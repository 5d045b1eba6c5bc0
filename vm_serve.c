// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving a guest what is due: what would become of an interrupt, what the
 * account says of that, and the interrupt.
 */
#include "vm.h"

#include <linux/bitops.h>
#include <linux/kvm_host.h>

/**
 * kt_vm_comes_when_summoned() - whether a vCPU looks at its requests
 * @vm:		the guest
 * @target:	the vCPU, or NULL
 *
 * Context: Any.
 * Return: false for one that is halted or has not been started.
 */
bool kt_vm_comes_when_summoned(struct kt_vm *vm, struct kvm_vcpu *target)
{
	int state;

	if (!target)
		return false;

	state = READ_ONCE(target->arch.mp_state);
	if (state == KVM_MP_STATE_UNINITIALIZED || state == KVM_MP_STATE_INIT_RECEIVED)
		return false;

	/* Pairs with kt_vm_halt_begin(): one of both sees the other. */
	smp_mb();
	return !test_bit(target->vcpu_idx, vm->halted);
}

/* Some vCPU that runs, or will when it is asked to. */
static struct kvm_vcpu *awake_vcpu(struct kt_vm *vm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, vm->kvm)
		if (kt_vm_comes_when_summoned(vm, vcpu))
			return vcpu;
	return NULL;
}

/* What would become of an interrupt now. @masked: until the line's next event. */
static enum kt_tick_pin probe(struct kt_vm *vm, unsigned int id, struct kt_line *line,
			      u64 message, bool *masked)
{
	struct kt_source *source = &vm->source[id];
	enum kt_tick_pin pin;

	*masked = false;
	if (line) {
		pin = kt_inject_probe(line, masked);
		*masked &= line->gsi != KT_PIT_GSI || !kt_inject_nmi_mode(vm->kvm);
		return pin;
	}
	if (!message)
		return KT_TICK_MASKED;
	if (kt_inject_is_msi(message))
		return kt_inject_probe_msi(vm->kvm, message, &source->target);

	WRITE_ONCE(source->target, awake_vcpu(vm));
	return KT_TICK_READY;
}

static void give(struct kt_vm *vm, struct kt_line *line, u64 message)
{
	if (line)
		kt_inject_pulse(line);
	else if (!kt_inject_is_msi(message))
		kt_inject_store(vm->kvm, message);
	else if (kt_inject_msi_atomic(vm->kvm, message) == -EWOULDBLOCK)
		kt_inject_msi(vm->kvm, message);
}

/* A message to memory takes a vCPU's thread. Return: false where it has to wait for one. */
static bool can_give(struct kt_line *line, u64 message)
{
	return line || kt_inject_is_msi(message) || kt_inject_can_store();
}

/* Where interrupts of a source go, and what would become of one. */
struct outlook {
	struct kt_line		*line;
	u64			message;
	int			unmasks;
	enum kt_tick_pin	pin;
	bool			masked;
};

/*
 * Look at the controllers, which takes a process, then take the lock. An interrupt that somebody
 * else gave in between is not in what was seen: it would be given another one on top.
 */
static void look_and_lock(struct kt_vm *vm, unsigned int id, struct outlook *out)
{
	struct kt_source *source = &vm->source[id];
	u32 given;

	for (;;) {
		given = smp_load_acquire(&source->given);
		out->line = READ_ONCE(source->line);
		out->message = READ_ONCE(source->message);
		out->unmasks = out->line ? atomic_read_acquire(&out->line->unmasks) : 0;
		out->pin = probe(vm, id, out->line, out->message, &out->masked);

		kt_vm_lock_irq(vm);
		if (likely(given == source->given))
			break;
		kt_vm_unlock_irq(vm);
	}
	/* Routed to somewhere else meanwhile: whoever did that comes here as well. */
	if (out->line != source->line || out->message != source->message)
		out->pin = KT_TICK_BUSY;
}

/* Return: whether something waited for the end of this interrupt's pulse. */
static bool give_and_look(struct kt_vm *vm, unsigned int id, const struct outlook *out)
{
	struct kt_source *source = &vm->source[id];
	bool again;

	give(vm, out->line, out->message);
	kt_vm_lock_irq(vm);
	source->pulsing = false;
	/* Who looked before it was given knows by this. */
	smp_store_release(&source->given, source->given + 1);
	again = source->again;
	source->again = false;
	kt_vm_unlock_irq(vm);
	return again;
}

/**
 * kt_vm_look() - find the vCPU that an interrupt of a source would be for
 * @vm:		the guest
 * @id:		the source
 *
 * Context: Process.
 */
void kt_vm_look(struct kt_vm *vm, unsigned int id)
{
	const struct kt_source *source = &vm->source[id];
	bool masked;

	probe(vm, id, READ_ONCE(source->line), READ_ONCE(source->message), &masked);
}

/* Return: whether there is more to do at once. */
static bool serve(struct kt_vm *vm, unsigned int id, bool fresh)
{
	struct kt_source *source = &vm->source[id];
	bool level, pulse, edge;
	struct outlook out;
	u64 now;

	look_and_lock(vm, id, &out);
	clear_bit(id, &vm->due);
	if (vm->dead) {
		kt_vm_unlock_irq(vm);
		return false;
	}
	now = kt_vm_now(vm);
	if (fresh && out.pin != KT_TICK_READY && out.pin != KT_TICK_SERVED &&
	    out.pin != KT_TICK_BUSY)
		kt_tick_forgive(&source->tick);
	pulse = kt_vm_account(vm, id, out.pin, now, &edge) || source->unsent;
	source->unsent = pulse && !can_give(out.line, out.message);
	if (source->unsent) {
		set_bit(id, &vm->parked);
		pulse = false;
	} else {
		clear_bit(id, &vm->parked);
	}
	level = kt_vm_is_level(vm, id);
	/* What waits for the end of a handler that masks is given after the unmasking, too. */
	source->latched = out.pin == KT_TICK_LATCHED || (out.pin == KT_TICK_LATCH && !pulse);
	source->dormant = out.masked && (out.pin == KT_TICK_MASKED || source->latched) &&
			  !level;
	/* Pairs with kt_vm_line_event(): one of both sees the other. */
	smp_mb();
	if (out.line && atomic_read(&out.line->unmasks) != out.unmasks)
		source->dormant = false;
	kt_vm_rearm(vm, id, now);
	kt_vm_unlock_irq(vm);

	if (edge && out.line && out.line->gsi == KT_PIT_GSI)
		kt_inject_nmi_watchdog(vm->kvm);
	if (level)
		kt_vm_hpet_levels(vm);
	return pulse && give_and_look(vm, id, &out);
}

/**
 * kt_vm_serve() - settle what is due of a source and do the next thing
 * @vm:		the guest
 * @id:		the source
 * @fresh:	the guest has just begun a new stream of ticks. A debt of the old one
 *		is not carried over where nobody listens: a boot loader's ticks are
 *		none of the kernel's
 *
 * Context: Process, interrupts on.
 */
void kt_vm_serve(struct kt_vm *vm, unsigned int id, bool fresh)
{
	while (serve(vm, id, fresh))
		fresh = false;
}
