// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HPET of one guest: its model, under the guest's lock and clock.
 *
 * The main counter is what guests read most. Its readers take no lock: they
 * repeat if a write came between, and do not disturb each other.
 */
#include "vm.h"
#include "record.h"

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>

/* Registers, by offset. */
#define GEN_CONF		0x010
#define MAIN_COUNTER		0x0f0
#define MAIN_COUNTER_HIGH	0x0f4
#define FIRST_TIMER		0x100
#define TIMER_SHIFT		5

static u64 read_counter(struct kt_vm *vm)
{
	unsigned int seq;
	u64 count;

	do {
		seq = read_seqcount_begin(&vm->hpet.seq);
		count = kt_hpet_counter(&vm->hpet.model, kt_vm_now(vm));
	} while (read_seqcount_retry(&vm->hpet.seq, seq));
	return count;
}

/**
 * kt_vm_hpet_read() - the guest reads a register
 * @vm:		the guest
 * @offset:	of its first byte
 * @len:	1, 2, 4 or 8 bytes
 *
 * Context: Process.
 * Return: the value.
 */
u64 kt_vm_hpet_read(struct kt_vm *vm, u32 offset, u32 len)
{
	u64 val;

	this_cpu_inc(*vm->hpet.reads);
	if (offset == MAIN_COUNTER && len == 8)
		return read_counter(vm);
	if (offset == MAIN_COUNTER && len == 4)
		return (u32)read_counter(vm);
	if (offset == MAIN_COUNTER_HIGH && len == 4)
		return read_counter(vm) >> 32;

	kt_vm_lock_irq(vm);
	val = kt_hpet_read(&vm->hpet.model, offset, len, kt_vm_now(vm));
	kt_vm_unlock_irq(vm);
	return val;
}

static struct kt_source *source_of(struct kt_vm *vm, unsigned int n)
{
	return &vm->source[KT_SOURCE_HPET + n];
}

static struct kt_line *line_of(struct kt_vm *vm, unsigned int n)
{
	switch (kt_hpet_route(&vm->hpet.model, n)) {
	case KT_HPET_ROUTE_LEGACY:
		return &vm->hpet.lines[n ? KT_HPET_LINE_IRQ8 : KT_HPET_LINE_IRQ0];
	case KT_HPET_ROUTE_PIN:
		return &vm->hpet.lines[KT_HPET_LINE_PIN + kt_hpet_pin(&vm->hpet.model, n) -
				       KT_PARAMS_HPET_FIRST_PIN];
	default:
		return NULL;
	}
}

/* After any write: where the timer's interrupts go, and when the next one is. */
static void settle_timer(struct kt_vm *vm, unsigned int n, u64 now)
{
	struct kt_hpet *hpet = &vm->hpet.model;
	struct kt_source *source = source_of(vm, n);
	enum kt_hpet_route route = kt_hpet_route(hpet, n);
	struct kt_line *line = line_of(vm, n);

	lockdep_assert_held(&vm->lock);

	if (line != source->line)
		source->dormant = false;
	WRITE_ONCE(source->line, line);
	WRITE_ONCE(source->message, route == KT_HPET_ROUTE_FSB ? kt_hpet_fsb(hpet, n) : 0);
	/* Nobody waits for ticks that are switched off. */
	if (route == KT_HPET_ROUTE_NONE || !kt_hpet_enabled(hpet))
		kt_tick_drop(&source->tick, kt_hpet_edges(hpet, n, now));
	kt_vm_rearm(vm, KT_SOURCE_HPET + n, now);
}

/* Which timers a write concerns. */
static void written(struct kt_vm *vm, u32 offset, unsigned int *first, unsigned int *end)
{
	*first = 0;
	*end = vm->hpet.model.params.timers;
	if (offset < FIRST_TIMER)
		return;

	*first = min((offset - FIRST_TIMER) >> TIMER_SHIFT, *end);
	*end = min(*first + 1, *end);
}

/* Whether there is a line to bring up or down at all. */
static bool has_levels(const struct kt_vm *vm)
{
	unsigned int n;

	for (n = 0; n < vm->hpet.model.params.timers; n++)
		if (kt_hpet_is_level(&vm->hpet.model, n))
			return true;
	return vm->hpet.level;
}

/**
 * kt_vm_hpet_write() - the guest writes a register
 * @vm:		the guest
 * @offset:	of its first byte
 * @len:	1, 2, 4 or 8 bytes
 * @val:	the value
 *
 * Context: Process, a vCPU's thread.
 */
void kt_vm_hpet_write(struct kt_vm *vm, u32 offset, u32 len, u64 val)
{
	struct kt_hpet *hpet = &vm->hpet.model;
	unsigned int first, end, n;
	bool legacy, restored, levels;
	u64 now;

	written(vm, offset, &first, &end);

	kt_vm_lock_irq(vm);
	now = kt_vm_now(vm);
	legacy = kt_hpet_legacy(hpet);
	write_seqcount_begin(&vm->hpet.seq);
	kt_hpet_write(hpet, offset, len, val, now);
	write_seqcount_end(&vm->hpet.seq);
	vm->hpet.writes++;
	for (n = first; n < end; n++)
		settle_timer(vm, n, now);
	if (legacy != kt_hpet_legacy(hpet)) {
		kt_vm_pit_settle(vm, now);
		kt_vm_rtc_settle(vm, now);
	}
	restored = legacy && !kt_hpet_legacy(hpet);
	levels = has_levels(vm);
	kt_vm_unlock_irq(vm);

	if (levels)
		kt_vm_hpet_levels(vm);
	if (restored)
		kt_vm_serve(vm, KT_SOURCE_RTC, false);
}

/* Which lines are up: all timers that hold one. */
static u32 wanted_levels(struct kt_vm *vm, u64 now)
{
	u32 level = 0;
	unsigned int n;

	for (n = 0; n < vm->hpet.model.params.timers; n++)
		if (source_of(vm, n)->line && kt_hpet_line(&vm->hpet.model, n, now))
			level |= BIT(source_of(vm, n)->line - vm->hpet.lines);
	return level;
}

/**
 * kt_vm_hpet_levels() - bring the lines of level triggered timers to their levels
 * @vm:		the guest
 *
 * One entry does so at a time, and goes on until nothing is left to do.
 *
 * Context: Process.
 */
void kt_vm_hpet_levels(struct kt_vm *vm)
{
	u32 changed, level;
	unsigned int i;

	kt_vm_lock_irq(vm);
	if (vm->hpet.levelling || vm->dead) {
		kt_vm_unlock_irq(vm);
		return;
	}
	vm->hpet.levelling = true;
	for (;;) {
		level = wanted_levels(vm, kt_vm_now(vm));
		changed = level ^ vm->hpet.level;
		if (!changed)
			break;
		vm->hpet.level = level;
		kt_vm_unlock_irq(vm);
		for (i = 0; i < KT_HPET_NR_LINES; i++)
			if (changed & BIT(i))
				kt_inject_level(&vm->hpet.lines[i], level & BIT(i));
		kt_vm_lock_irq(vm);
	}
	vm->hpet.levelling = false;
	kt_vm_unlock_irq(vm);
}

static int line_gsi(unsigned int i)
{
	switch (i) {
	case KT_HPET_LINE_IRQ0:
		return KT_PIT_GSI;
	case KT_HPET_LINE_IRQ8:
		return KT_RTC_GSI;
	default:
		return KT_PARAMS_HPET_FIRST_PIN + i - KT_HPET_LINE_PIN;
	}
}

/**
 * kt_vm_hpet_create() - give the guest its HPET
 * @vm:		the guest, with an in-kernel irqchip
 *
 * Context: Process, kvm->lock held. Its registers must be on the VM's bus already.
 * Return: 0 or -ENOSPC.
 */
int kt_vm_hpet_create(struct kt_vm *vm)
{
	int ret;
	int i;

	lockdep_assert_held(&vm->kvm->lock);

	for (i = 0; i < KT_HPET_NR_LINES; i++) {
		ret = kt_inject_open(&vm->hpet.lines[i], vm->kvm, line_gsi(i), vm,
				     kt_vm_line_event);
		if (ret)
			goto err_lines;
	}
	kt_vm_lock_irq(vm);
	WRITE_ONCE(vm->active, vm->active | KVM_TIMERS_HPET);
	kt_vm_unlock_irq(vm);
	return 0;

err_lines:
	while (i--)
		kt_inject_close(&vm->hpet.lines[i]);
	return ret;
}

/**
 * kt_vm_hpet_destroy() - take its lines from a VM that is being destroyed
 * @vm:		the guest, whose HPET is active
 *
 * Context: Process, sleeps.
 */
void kt_vm_hpet_destroy(struct kt_vm *vm)
{
	int i;

	for (i = 0; i < KT_HPET_NR_LINES; i++)
		kt_inject_close(&vm->hpet.lines[i]);
}

/**
 * kt_vm_hpet_reset() - the machine has been reset
 * @vm:		the guest
 *
 * Context: Process.
 */
void kt_vm_hpet_reset(struct kt_vm *vm)
{
	bool active, legacy;
	unsigned int n;
	u64 now;

	kt_vm_lock_irq(vm);
	active = vm->active & KVM_TIMERS_HPET;
	if (active) {
		now = kt_vm_now(vm);
		legacy = kt_hpet_legacy(&vm->hpet.model);
		write_seqcount_begin(&vm->hpet.seq);
		/* Edges up to now count. */
		kt_hpet_write(&vm->hpet.model, GEN_CONF, sizeof(u32), 0, now);
		kt_hpet_reset(&vm->hpet.model);
		write_seqcount_end(&vm->hpet.seq);
		for (n = 0; n < vm->hpet.model.params.timers; n++)
			settle_timer(vm, n, now);
		if (legacy) {
			kt_vm_pit_settle(vm, now);
			kt_vm_rtc_settle(vm, now);
		}
	}
	kt_vm_unlock_irq(vm);

	if (active)
		kt_vm_hpet_levels(vm);
}

/**
 * kt_vm_hpet_put() - the HPET, for the record
 * @vm:		the guest
 * @rec:	filled in
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_hpet_put(struct kt_vm *vm, struct kvm_timers_hpet_record *rec, u64 now)
{
	unsigned int n;

	kt_record_put_hpet(rec, &vm->hpet.model);
	for (n = 0; n < rec->timers; n++)
		kt_vm_source_put(vm, KT_SOURCE_HPET + n, &rec->timer[n].debt,
				 kt_hpet_edges(&vm->hpet.model, n, now));
}

/**
 * kt_vm_hpet_take() - the HPET is what the record says
 * @vm:		the guest, paused
 * @rec:	checked, of such an HPET
 * @now:	guest time, ns
 *
 * Its lines are for kt_vm_hpet_levels().
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_hpet_take(struct kt_vm *vm, const struct kvm_timers_hpet_record *rec, u64 now)
{
	unsigned int n;

	write_seqcount_begin(&vm->hpet.seq);
	kt_record_take_hpet(&vm->hpet.model, rec);
	write_seqcount_end(&vm->hpet.seq);
	for (n = 0; n < rec->timers; n++) {
		kt_vm_source_take(vm, KT_SOURCE_HPET + n, &rec->timer[n].debt,
				  kt_hpet_edges(&vm->hpet.model, n, now));
		settle_timer(vm, n, now);
	}
}

static u64 reads(const struct kt_vm *vm)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(vm->hpet.reads, cpu);
	return sum;
}

/* The shortest period of a timer that runs, 0 if none is periodic. */
static u64 shortest_period(const struct kt_hpet *hpet)
{
	u64 shortest = KT_NEVER;
	unsigned int n;
	u64 period_ns;

	for (n = 0; n < hpet->params.timers; n++) {
		period_ns = kt_hpet_period(hpet, n);
		if (period_ns)
			shortest = min(shortest, period_ns);
	}
	return shortest == KT_NEVER ? 0 : shortest;
}

/**
 * kt_vm_hpet_status() - the HPET's part of the status
 * @vm:		a copy of the guest, dead or alive
 * @status:	filled in
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_vm_hpet_status(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now)
{
	struct kvm_timers_device_status *row = &status->device[KVM_TIMERS_DEVICE_HPET];
	const struct kt_hpet *hpet = &vm->hpet.model;
	unsigned int n;

	if (!(vm->devices & KVM_TIMERS_HPET))
		return;

	status->hpet_flags = (kt_hpet_enabled(hpet) ? KVM_TIMERS_HPET_ENABLED : 0) |
			     (kt_hpet_legacy(hpet) ? KVM_TIMERS_HPET_LEGACY : 0);
	status->hpet_counter = kt_hpet_counter(hpet, now);
	status->hpet_period_fs = hpet->params.period_fs;
	status->hpet_timers = hpet->params.timers;
	row->active = !!(vm->active & KVM_TIMERS_HPET);
	row->period_ns = shortest_period(hpet);
	row->reads = reads(vm);
	row->writes = vm->hpet.writes;
	for (n = 0; n < hpet->params.timers; n++)
		kt_vm_source_status(vm, KT_SOURCE_HPET + n, kt_hpet_edges(hpet, n, now),
				    kt_hpet_route(hpet, n) != KT_HPET_ROUTE_NONE, row);
}
