// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PIT of one guest: its model, under the guest's lock and clock.
 */
#include "vm.h"
#include "record.h"

#include <linux/kvm_host.h>

/* GATE2 and the speaker: what the VMM's save format knows of port 0x61. */
#define PORT61_KNOWN	(BIT(0) | BIT(1))

/**
 * kt_vm_pit_read() - the guest reads one of the PIT's ports
 * @vm:		the guest
 * @port:	which
 *
 * Context: Process.
 * Return: the byte.
 */
u8 kt_vm_pit_read(struct kt_vm *vm, enum kt_i8254_port port)
{
	u8 val;

	kt_vm_lock_irq(vm);
	val = kt_i8254_read(&vm->pit.model, port, kt_vm_now(vm));
	vm->pit.reads++;
	kt_vm_unlock_irq(vm);
	return val;
}

/* Does this write concern IRQ0? Latch commands and the other counters do not. */
static bool programs_counter0(enum kt_i8254_port port, u8 val)
{
	if (port == KT_I8254_CONTROL)
		return (val & 0xc0) == 0 && (val & 0x30) != 0;

	return port == KT_I8254_COUNTER0;
}

/**
 * kt_vm_pit_write() - the guest writes one of the PIT's ports
 * @vm:		the guest
 * @port:	which
 * @val:	the byte
 *
 * Context: Process, a vCPU's thread.
 */
void kt_vm_pit_write(struct kt_vm *vm, enum kt_i8254_port port, u8 val)
{
	struct kt_tick *tick = &vm->source[KT_SOURCE_PIT].tick;
	bool attend = false;
	u64 now;

	kt_vm_lock_irq(vm);
	now = kt_vm_now(vm);
	kt_i8254_write(&vm->pit.model, port, val, now);
	vm->pit.writes++;
	if (programs_counter0(port, val)) {
		attend = tick->owed || kt_i8254_edges(&vm->pit.model, now) != tick->seen;
		/* An alarm that has lost its cause finds nothing to do: cheaper than taking it back. */
		if (!attend && kt_i8254_period(&vm->pit.model) != KT_NEVER)
			kt_vm_rearm(vm, KT_SOURCE_PIT, now);
	}
	kt_vm_unlock_irq(vm);

	if (attend)
		kt_vm_serve(vm, KT_SOURCE_PIT, port == KT_I8254_CONTROL);
}

/**
 * kt_vm_pit_read61() - the guest reads port 0x61
 * @vm:		the guest
 *
 * Context: Process.
 * Return: the byte.
 */
u8 kt_vm_pit_read61(struct kt_vm *vm)
{
	u8 val;

	kt_vm_lock_irq(vm);
	val = kt_i8254_read_port61(&vm->pit.model, kt_vm_now(vm));
	vm->pit.reads++;
	kt_vm_unlock_irq(vm);
	return val;
}

/**
 * kt_vm_pit_write61() - the guest writes port 0x61
 * @vm:		the guest
 * @val:	the byte
 *
 * Context: Process.
 */
void kt_vm_pit_write61(struct kt_vm *vm, u8 val)
{
	kt_vm_lock_irq(vm);
	kt_i8254_write_port61(&vm->pit.model, val, kt_vm_now(vm));
	vm->pit.writes++;
	kt_vm_unlock_irq(vm);
}

/**
 * kt_vm_pit_create() - give the guest its PIT
 * @vm:		the guest, with an in-kernel irqchip
 *
 * Context: Process, kvm->lock held. The devices must be on the VM's bus already.
 * Return: 0 or -ENOSPC.
 */
int kt_vm_pit_create(struct kt_vm *vm)
{
	int ret;
	u64 now;

	lockdep_assert_held(&vm->kvm->lock);

	ret = kt_inject_open(&vm->pit.line, vm->kvm, KT_PIT_GSI, vm, kt_vm_line_event);
	if (ret)
		return ret;

	kt_vm_lock_irq(vm);
	now = kt_vm_now(vm);
	kt_i8254_init(&vm->pit.model, now);
	vm->source[KT_SOURCE_PIT].line = &vm->pit.line;
	kt_vm_pit_settle(vm, now);
	WRITE_ONCE(vm->active, vm->active | KVM_TIMERS_PIT);
	kt_vm_unlock_irq(vm);
	return 0;
}

/**
 * kt_vm_pit_get() - read the PIT's state for the VMM
 * @vm:		the guest
 * @state:	filled in
 * @origin_ns:	CLOCK_MONOTONIC when guest time was 0
 * @silenced:	whether its interrupts are off
 *
 * Context: Process.
 */
void kt_vm_pit_get(struct kt_vm *vm, struct kt_i8254_state *state, u64 *origin_ns,
		   bool *silenced)
{
	kt_vm_lock_irq(vm);
	kt_i8254_get_state(&vm->pit.model, state, kt_vm_now(vm));
	*origin_ns = kt_vm_clock_origin(&vm->clock);
	*silenced = vm->pit.silenced;
	kt_vm_unlock_irq(vm);
}

static bool same_count(const struct kt_i8254_channel_state *a,
		       const struct kt_i8254_channel_state *b)
{
	return a->counting == b->counting && a->mode == b->mode && a->bcd == b->bcd &&
	       a->count == b->count;
}

/* A VMM measures its pause by its own clock. What has not been programmed anew keeps its phase. */
static void keep_phase(struct kt_i8254_state *new, const struct kt_i8254_state *old)
{
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++)
		if (same_count(&old->ch[i], &new->ch[i]))
			new->ch[i].loaded_ns = old->ch[i].loaded_ns;
}

/**
 * kt_vm_pit_set() - load the PIT's state for the VMM
 * @vm:		the guest
 * @state:	new state; bits 3:2 of port 0x61, which VMMs do not know, are not in it
 * @silenced:	whether its interrupts are off
 *
 * VMMs read, change one flag and write back: where count and phase stay the
 * same, so does the tick stream with its debt.
 *
 * Context: Process.
 * Return: 0, or -EINVAL and nothing has changed.
 */
int kt_vm_pit_set(struct kt_vm *vm, const struct kt_i8254_state *state, bool silenced)
{
	struct kt_tick *tick = &vm->source[KT_SOURCE_PIT].tick;
	struct kt_i8254_state old, new = *state;
	u64 old_deadline;
	int ret;
	u64 now;

	kt_vm_lock_irq(vm);
	now = kt_vm_now(vm);
	old_deadline = kt_i8254_deadline(&vm->pit.model, now);
	kt_i8254_get_state(&vm->pit.model, &old, now);
	new.port61 = (old.port61 & ~PORT61_KNOWN) | (new.port61 & PORT61_KNOWN);
	if (vm->clock.is_still)
		keep_phase(&new, &old);
	ret = kt_i8254_set_state(&vm->pit.model, &new, now);
	if (ret)
		goto out;

	if (vm->pit.silenced)
		kt_tick_skip(tick, kt_i8254_edges(&vm->pit.model, now));
	if (!same_count(&old.ch[0], &new.ch[0]) ||
	    kt_i8254_deadline(&vm->pit.model, now) != old_deadline)
		kt_tick_drop(tick, kt_i8254_edges(&vm->pit.model, now));
	vm->pit.silenced = silenced;
	kt_vm_rearm(vm, KT_SOURCE_PIT, now);
out:
	kt_vm_unlock_irq(vm);
	return ret;
}

/**
 * kt_vm_pit_reinject() - KVM_REINJECT_CONTROL
 * @vm:		the guest
 * @reinject:	give the guest the ticks it missed, or do not
 *
 * Does nothing where the owner of the VM named a policy: that is the later and
 * the better word.
 *
 * Context: Process.
 */
void kt_vm_pit_reinject(struct kt_vm *vm, bool reinject)
{
	struct kt_tick_params params;

	kt_vm_lock_irq(vm);
	if (!vm->pit.chosen) {
		params = vm->source[KT_SOURCE_PIT].tick.params;
		params.policy = reinject ? KVM_TIMERS_POLICY_CATCHUP : KVM_TIMERS_POLICY_DISCARD;
		kt_vm_set_tick_params(vm, KVM_TIMERS_DEVICE_PIT, &params);
	}
	kt_vm_unlock_irq(vm);
}

/**
 * kt_vm_pit_settle() - IRQ0 goes to somebody else, or comes back
 * @vm:		the guest
 * @now:	guest time, ns
 *
 * Edges of the past are nobody's ticks. The counter itself goes on.
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_pit_settle(struct kt_vm *vm, u64 now)
{
	struct kt_tick *tick = &vm->source[KT_SOURCE_PIT].tick;

	lockdep_assert_held(&vm->lock);

	kt_tick_forgive(tick);
	kt_tick_skip(tick, kt_i8254_edges(&vm->pit.model, now));
	kt_vm_rearm(vm, KT_SOURCE_PIT, now);
}

/**
 * kt_vm_pit_put() - the PIT, for the record
 * @vm:		the guest
 * @rec:	filled in
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_pit_put(struct kt_vm *vm, struct kvm_timers_pit_record *rec, u64 now)
{
	kt_record_put_pit(rec, &vm->pit.model);
	rec->flags = (vm->pit.silenced ? KVM_TIMERS_PIT_SILENCED : 0) |
		     (vm->pit.chosen ? KVM_TIMERS_PIT_CHOSEN : 0);
	kt_vm_source_put(vm, KT_SOURCE_PIT, &rec->debt, kt_i8254_edges(&vm->pit.model, now));
}

/**
 * kt_vm_pit_take() - the PIT is what the record says
 * @vm:		the guest, paused
 * @rec:	checked
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_pit_take(struct kt_vm *vm, const struct kvm_timers_pit_record *rec, u64 now)
{
	kt_record_take_pit(&vm->pit.model, rec);
	vm->pit.silenced = rec->flags & KVM_TIMERS_PIT_SILENCED;
	vm->pit.chosen = rec->flags & KVM_TIMERS_PIT_CHOSEN;
	kt_vm_source_take(vm, KT_SOURCE_PIT, &rec->debt, kt_i8254_edges(&vm->pit.model, now));
	kt_vm_rearm(vm, KT_SOURCE_PIT, now);
}

/**
 * kt_vm_pit_status() - the PIT's row of the status
 * @vm:		a copy of the guest, dead or alive
 * @status:	filled in
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_vm_pit_status(const struct kt_vm *vm, struct kvm_timers_device_status *status, u64 now)
{
	u64 period_ns = kt_i8254_period(&vm->pit.model);

	status->active = !!(vm->active & KVM_TIMERS_PIT);
	status->period_ns = period_ns == KT_NEVER ? 0 : period_ns;
	status->reads = vm->pit.reads;
	status->writes = vm->pit.writes;
	kt_vm_source_status(vm, KT_SOURCE_PIT, kt_i8254_edges(&vm->pit.model, now),
			    kt_vm_pit_ticking(vm), status);
}
