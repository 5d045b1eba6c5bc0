// SPDX-License-Identifier: GPL-2.0-only
/*
 * The RTC of one guest: its model, under the guest's lock and clock, beside the
 * CMOS memory of the VMM.
 *
 * An index that is the VMM's goes on to the VMM, and counts here only when its
 * vCPU is about to run on: then the VMM has seen it. Until then port 0x71 is
 * what it was. So whoever reads it gets the byte of an index that was selected
 * at that time, in whatever order the vCPUs wrote.
 */
#include "vm.h"
#include "record.h"

#include <linux/bitops.h>
#include <linux/kvm_host.h>

/* PIE of register B. */
#define PERIODIC	BIT(6)

static struct kt_tick *tick_of(struct kt_vm *vm)
{
	return &vm->source[KT_SOURCE_RTC].tick;
}

/**
 * kt_vm_rtc_select() - the guest writes an index to port 0x70
 * @vm:		the guest
 * @vcpu:	the vCPU that writes
 * @val:	index, and in bit 7 the mask of the NMI, which is the VMM's
 *
 * Context: Process, the vCPU's thread.
 * Return: false if the VMM has to see it.
 */
bool kt_vm_rtc_select(struct kt_vm *vm, struct kvm_vcpu *vcpu, u8 val)
{
	u8 index = val & KT_RTC_INDEX_MASK;

	if (kt_rtc_has(index)) {
		WRITE_ONCE(vm->rtc.index, index);
		return true;
	}

	set_bit(vcpu->vcpu_idx, vm->rtc.foreign);
	kt_inject_summon_self(vcpu);
	return false;
}

/**
 * kt_vm_rtc_selected() - a vCPU runs on: the VMM has seen its index
 * @vm:		the guest
 * @vcpu:	the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vm_rtc_selected(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	if (test_bit(vcpu->vcpu_idx, vm->rtc.foreign) &&
	    test_and_clear_bit(vcpu->vcpu_idx, vm->rtc.foreign))
		WRITE_ONCE(vm->rtc.index, KT_RTC_FOREIGN);
}

/* After any access: when the next thing is. Return: whether there is one already. */
static bool rearm(struct kt_vm *vm, u64 now)
{
	struct kt_tick *tick = tick_of(vm);

	kt_vm_rearm(vm, KT_SOURCE_RTC, now);
	return kt_tick_is_promised(tick) || kt_rtc_edges(&vm->rtc.model, now) != tick->seen ||
	       kt_rtc_rises(&vm->rtc.model, now) != vm->rtc.rises;
}

/* The line is about to go down: the flag of edges that it has hidden is read with it. */
static void end_interrupt(struct kt_vm *vm, u64 now)
{
	bool edge;

	if (!vm->rtc.asserted)
		return;

	kt_vm_account(vm, KT_SOURCE_RTC, KT_TICK_LATCHED, now, &edge);
	vm->rtc.asserted = false;
}

/**
 * kt_vm_rtc_read() - the guest reads port 0x71
 * @vm:		the guest
 * @val:	the byte
 *
 * Context: Process, a vCPU's thread.
 * Return: false if the VMM has to answer.
 */
bool kt_vm_rtc_read(struct kt_vm *vm, u8 *val)
{
	bool attend = false;
	u8 index;
	u64 now;

	kt_vm_lock_irq(vm);
	index = READ_ONCE(vm->rtc.index);
	if (index != KT_RTC_FOREIGN) {
		now = kt_vm_now(vm);
		if (index == KT_RTC_C)
			end_interrupt(vm, now);
		*val = kt_rtc_read(&vm->rtc.model, index, now);
		vm->rtc.reads++;
		/* The line is down: the next edge can come. */
		attend = index == KT_RTC_C && rearm(vm, now);
	}
	kt_vm_unlock_irq(vm);

	if (attend)
		kt_vm_serve(vm, KT_SOURCE_RTC, false);
	return index != KT_RTC_FOREIGN;
}

/**
 * kt_vm_rtc_write() - the guest writes port 0x71
 * @vm:		the guest
 * @index:	byte of the CMOS; that of the same access, or the one that is selected
 * @val:	the byte
 *
 * Context: Process, a vCPU's thread.
 * Return: false if it is for the VMM.
 */
bool kt_vm_rtc_write(struct kt_vm *vm, u8 index, u8 val)
{
	struct kt_rtc *rtc = &vm->rtc.model;
	bool attend;
	u64 now;
	u8 old;

	if (index == KT_RTC_FOREIGN)
		return false;

	kt_vm_lock_irq(vm);
	now = kt_vm_now(vm);
	old = rtc->b;
	kt_rtc_write(rtc, index, val, now);
	vm->rtc.writes++;
	vm->rtc.asserted &= kt_rtc_irqf(rtc, now);
	/* Nobody waits for ticks that are switched off. */
	if (old & ~rtc->b & PERIODIC)
		kt_tick_drop(tick_of(vm), kt_rtc_edges(rtc, now));
	/* A debt is rescaled with the rate. */
	attend = rearm(vm, now) || tick_of(vm)->owed;
	kt_vm_unlock_irq(vm);

	if (attend)
		kt_vm_serve(vm, KT_SOURCE_RTC, false);
	return true;
}

/* The time that the owner of the VM asked for. */
static void set_clock(struct kt_vm *vm, u64 now)
{
	struct timespec64 wall = { .tv_sec = vm->rtc.time_s };

	if (vm->rtc.base != KVM_TIMERS_RTC_FIXED) {
		kt_vm_wall_clock(&wall);
		wall.tv_sec += vm->rtc.time_s;
	}
	kt_rtc_set_clock(&vm->rtc.model, wall.tv_sec, wall.tv_nsec, now);
}

/**
 * kt_vm_rtc_create() - give the guest its RTC
 * @vm:		the guest, with an in-kernel irqchip
 *
 * Context: Process, kvm->lock held. Its ports must be on the VM's bus already.
 * Return: 0 or -ENOSPC.
 */
int kt_vm_rtc_create(struct kt_vm *vm)
{
	int ret;
	u64 now;

	lockdep_assert_held(&vm->kvm->lock);

	ret = kt_inject_open(&vm->rtc.line, vm->kvm, KT_RTC_GSI, vm, kt_vm_line_event);
	if (ret)
		return ret;

	kt_vm_lock_irq(vm);
	now = kt_vm_now(vm);
	set_clock(vm, now);
	vm->rtc.index = KT_RTC_FOREIGN;
	vm->source[KT_SOURCE_RTC].line = &vm->rtc.line;
	WRITE_ONCE(vm->active, vm->active | KVM_TIMERS_RTC);
	kt_vm_unlock_irq(vm);
	return 0;
}

/**
 * kt_vm_rtc_destroy() - take its line from a VM that is being destroyed
 * @vm:		the guest, whose RTC is active
 *
 * Context: Process, sleeps.
 */
void kt_vm_rtc_destroy(struct kt_vm *vm)
{
	kt_inject_close(&vm->rtc.line);
}

/**
 * kt_vm_rtc_settle() - IRQ8 goes to somebody else, or comes back
 * @vm:		the guest
 * @now:	guest time, ns
 *
 * The RTC itself goes on. What it asks for when its line comes back is an edge.
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_rtc_settle(struct kt_vm *vm, u64 now)
{
	lockdep_assert_held(&vm->lock);

	kt_tick_forgive(tick_of(vm));
	kt_tick_skip(tick_of(vm), kt_rtc_edges(&vm->rtc.model, now));
	vm->rtc.asserted = false;
	vm->rtc.rises = kt_rtc_rises(&vm->rtc.model, now);
	if (kt_vm_rtc_ticking(vm) && kt_rtc_irqf(&vm->rtc.model, now))
		vm->rtc.rises--;
	kt_vm_rearm(vm, KT_SOURCE_RTC, now);
}

/**
 * kt_vm_rtc_reset() - the machine has been reset
 * @vm:		the guest
 *
 * Context: Process.
 */
void kt_vm_rtc_reset(struct kt_vm *vm)
{
	u64 now;

	kt_vm_lock_irq(vm);
	if (vm->active & KVM_TIMERS_RTC) {
		now = kt_vm_now(vm);
		kt_rtc_reset(&vm->rtc.model, now);
		kt_tick_drop(tick_of(vm), kt_rtc_edges(&vm->rtc.model, now));
		vm->rtc.asserted = false;
		WRITE_ONCE(vm->rtc.index, KT_RTC_FOREIGN);
		kt_vm_rearm(vm, KT_SOURCE_RTC, now);
	}
	kt_vm_unlock_irq(vm);
}

/**
 * kt_vm_rtc_put() - the RTC, for the record
 * @vm:		the guest
 * @rec:	filled in
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_rtc_put(struct kt_vm *vm, struct kvm_timers_rtc_record *rec, u64 now)
{
	kt_record_put_rtc(rec, &vm->rtc.model);
	rec->served = vm->rtc.rises;
	rec->index = READ_ONCE(vm->rtc.index);
	rec->state = vm->rtc.asserted ? KVM_TIMERS_RTC_ASSERTED : 0;
	kt_vm_source_put(vm, KT_SOURCE_RTC, &rec->debt, kt_rtc_edges(&vm->rtc.model, now));
}

/**
 * kt_vm_rtc_take() - the RTC is what the record says
 * @vm:		the guest, paused
 * @rec:	checked
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_rtc_take(struct kt_vm *vm, const struct kvm_timers_rtc_record *rec, u64 now)
{
	kt_record_take_rtc(&vm->rtc.model, rec);
	vm->rtc.rises = rec->served;
	vm->rtc.asserted = rec->state & KVM_TIMERS_RTC_ASSERTED;
	WRITE_ONCE(vm->rtc.index, rec->index);
	kt_vm_source_take(vm, KT_SOURCE_RTC, &rec->debt, kt_rtc_edges(&vm->rtc.model, now));
	kt_vm_rearm(vm, KT_SOURCE_RTC, now);
}

/**
 * kt_vm_rtc_status() - the RTC's part of the status
 * @vm:		a copy of the guest, dead or alive
 * @status:	filled in
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_vm_rtc_status(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now)
{
	struct kvm_timers_device_status *row = &status->device[KVM_TIMERS_DEVICE_RTC];
	const struct kt_rtc *rtc = &vm->rtc.model;
	u64 period_ns = kt_rtc_period(rtc);

	if (!(vm->devices & KVM_TIMERS_RTC))
		return;

	status->rtc_base = vm->rtc.base;
	status->rtc_time_s = kt_rtc_clock(rtc, now);
	row->active = !!(vm->active & KVM_TIMERS_RTC);
	row->period_ns = period_ns == KT_NEVER ? 0 : period_ns;
	row->reads = vm->rtc.reads;
	row->writes = vm->rtc.writes;
	kt_vm_source_status(vm, KT_SOURCE_RTC, kt_rtc_edges(rtc, now), kt_vm_rtc_ticking(vm), row);
}
