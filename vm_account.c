// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest is given: each source's model tells what is due, the tick engine
 * decides, and both are traced and counted.
 */
#include "vm.h"
#include "record.h"

#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

/* What the model of a source tells. Return: whether its interrupts are the guest's to have. */
static bool model_input(const struct kt_vm *vm, unsigned int id, struct kt_tick_input *in)
{
	const struct kt_hpet *hpet = &vm->hpet.model;
	const struct kt_i8254 *pit = &vm->pit.model;
	const struct kt_rtc *rtc = &vm->rtc.model;

	switch (id) {
	case KT_SOURCE_PIT:
		in->edges = kt_i8254_edges(pit, in->now);
		in->period_ns = kt_i8254_period(pit);
		in->edge_ns = kt_i8254_last_edge(pit, in->now);
		return kt_vm_pit_ticking(vm);
	case KT_SOURCE_RTC:
		in->edges = kt_rtc_edges(rtc, in->now);
		in->period_ns = kt_rtc_period(rtc);
		in->edge_ns = kt_rtc_last_edge(rtc, in->now);
		return kt_vm_rtc_ticking(vm);
	default:
		id -= KT_SOURCE_HPET;
		in->edges = kt_hpet_edges(hpet, id, in->now);
		in->period_ns = kt_hpet_period(hpet, id);
		in->edge_ns = kt_hpet_last_edge(hpet, id, in->now);
		return kt_hpet_route(hpet, id) != KT_HPET_ROUTE_NONE;
	}
}

static u64 model_deadline(const struct kt_vm *vm, unsigned int id, u64 now)
{
	const struct kt_hpet *hpet = &vm->hpet.model;

	switch (id) {
	case KT_SOURCE_PIT:
		return kt_vm_pit_ticking(vm) ? kt_i8254_deadline(&vm->pit.model, now) : KT_NEVER;
	case KT_SOURCE_RTC:
		return kt_vm_rtc_ticking(vm) ? kt_rtc_deadline(&vm->rtc.model, now) : KT_NEVER;
	default:
		id -= KT_SOURCE_HPET;
		return kt_hpet_route(hpet, id) != KT_HPET_ROUTE_NONE ?
		       kt_hpet_deadline(hpet, id, now) : KT_NEVER;
	}
}

/**
 * kt_vm_deadline() - when there is something to do for a source
 * @vm:		the guest
 * @id:		the source
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 * Return: guest time, ns, or KT_NEVER.
 */
u64 kt_vm_deadline(const struct kt_vm *vm, unsigned int id, u64 now)
{
	lockdep_assert_held(&vm->lock);

	return kt_tick_next_ns(&vm->source[id].tick, model_deadline(vm, id, now));
}

/**
 * kt_vm_is_level() - whether a source holds its line up until the guest takes it down
 * @vm:		the guest
 * @id:		the source
 *
 * Context: Any, vm->lock held.
 * Return: true for a level triggered timer of the HPET: a level is not a tick.
 */
bool kt_vm_is_level(const struct kt_vm *vm, unsigned int id)
{
	return kt_source_is_hpet(id) && kt_hpet_is_level(&vm->hpet.model, id - KT_SOURCE_HPET);
}

static u64 lost(const struct kvm_timers_tick_stats *stats)
{
	return stats->merged + stats->dropped + stats->given_up;
}

/* Which of a device's timers an account is of: the HPET's number, or the id of a vCPU. */
static u32 index_of(const struct kt_vm *vm, unsigned int device, const struct kt_tick *tick)
{
	switch (device) {
	case KVM_TIMERS_DEVICE_HPET:
		return container_of(tick, struct kt_source, tick) - vm->source - KT_SOURCE_HPET;
	case KVM_TIMERS_DEVICE_LAPIC:
		return container_of(tick, struct kt_vcpu, tick)->vcpu->vcpu_id;
	default:
		return 0;
	}
}

/* Tell what a call of the tick engine has changed. */
static void trace_tick(struct kt_vm *vm, unsigned int device, u64 now,
		       const struct kt_tick *old, const struct kt_tick *new)
{
	u64 due = new->stats.due - old->stats.due;
	u64 gone = lost(&new->stats) - lost(&old->stats);
	u32 index = index_of(vm, device, new);

	if (due)
		trace_tick_due(vm->id, device, index, now, due, new->owed);
	if (new->catching && !old->catching)
		trace_catchup_begin(vm->id, device, index, now, 0, new->owed);
	if (new->stats.delivered != old->stats.delivered)
		trace_tick_delivered(vm->id, device, index, now, 1, new->owed);
	if (gone)
		trace_tick_lost(vm->id, device, index, now, gone, new->owed);
	if (old->catching && !new->catching)
		trace_catchup_end(vm->id, device, index, now, 0, new->owed);
}

static bool tracing(void)
{
	return trace_tick_due_enabled() || trace_tick_delivered_enabled() ||
	       trace_tick_lost_enabled() || trace_catchup_begin_enabled() ||
	       trace_catchup_end_enabled();
}

/* Interrupts in a second that all timers of a guest may give. */
static u64 budget_hz(const struct kt_vm *vm)
{
	return (u64)READ_ONCE(vm->budget_hz) * max(1, atomic_read(&vm->kvm->online_vcpus));
}

/* From when on a timer that owes may give one that the grid does not bring. */
static u64 ask_budget(struct kt_vm *vm, const struct kt_tick *tick, u64 now)
{
	unsigned long flags;
	u64 from_ns;

	raw_spin_lock_irqsave(&vm->budget_lock, flags);
	kt_arbiter_set_rate(&vm->arbiter, budget_hz(vm));
	from_ns = kt_arbiter_ask(&vm->arbiter, (uintptr_t)tick, kt_tick_oldest_ns(tick, now), now);
	raw_spin_unlock_irqrestore(&vm->budget_lock, flags);
	return from_ns;
}

/* After the engine has decided. @on_grid: one was the guest's in any case */
static void keep_budget(struct kt_vm *vm, const struct kt_tick *tick, u64 now, bool pulse,
			bool on_grid)
{
	unsigned long flags;

	/* Without a catch-up there is nothing to bound. */
	if (likely(!tick->catching && now >= READ_ONCE(vm->arbiter.active_ns)))
		return;

	raw_spin_lock_irqsave(&vm->budget_lock, flags);
	if (tick->catching)
		kt_arbiter_stay_active(&vm->arbiter, now);
	if (pulse)
		kt_arbiter_charge(&vm->arbiter, (uintptr_t)tick, on_grid,
				  kt_tick_oldest_ns(tick, now), now);
	else if (tick->budget_ns)
		kt_arbiter_wait(&vm->arbiter, (uintptr_t)tick, kt_tick_oldest_ns(tick, now),
				tick->budget_ns, now);
	raw_spin_unlock_irqrestore(&vm->budget_lock, flags);
}

/**
 * kt_vm_service_tick() - have the tick engine decide; trace and count what it did
 * @vm:		the guest
 * @device:	enum kvm_timers_device
 * @tick:	an account of that device
 * @late:	lateness of its interrupts, KVM_TIMERS_LATE_BUCKETS of them
 * @in:		what is known now, without the budget
 * @single:	the edges are no stream of ticks: kt_tick_single()
 *
 * Context: Any; the lock of @tick held.
 * Return: true if exactly one interrupt is to be injected now.
 */
bool kt_vm_service_tick(struct kt_vm *vm, unsigned int device, struct kt_tick *tick, u64 *late,
			struct kt_tick_input *in, bool single)
{
	bool on_grid = tick->on_grid || in->edges != tick->seen;
	struct kt_tick old;
	bool pulse;

	in->budget_ns = unlikely(tick->owed) ? ask_budget(vm, tick, in->now) : 0;
	if (tracing()) {
		old = *tick;
		pulse = single ? kt_tick_single(tick, in) : kt_tick_service(tick, in);
		trace_tick(vm, device, in->now, &old, tick);
	} else {
		pulse = single ? kt_tick_single(tick, in) : kt_tick_service(tick, in);
	}
	keep_budget(vm, tick, in->now, pulse, on_grid);
	if (pulse)
		late[min_t(unsigned int, fls64(tick->late_us), KVM_TIMERS_LATE_BUCKETS - 1)]++;
	return pulse;
}

static bool service(struct kt_vm *vm, unsigned int id, struct kt_tick_input *in)
{
	unsigned int device = kt_source_device(id);

	return kt_vm_service_tick(vm, device, &vm->source[id].tick, vm->late[device], in,
				  false);
}

/* An interrupt beside the ticks. */
static void pass(struct kt_vm *vm, unsigned int id, u64 interrupts, u64 now)
{
	struct kt_tick *tick = &vm->source[id].tick;
	struct kt_tick old = *tick;

	kt_tick_pass(tick, interrupts);
	vm->late[kt_source_device(id)][0] += interrupts;
	if (tracing())
		trace_tick(vm, kt_source_device(id), now, &old, tick);
}

/*
 * IRQ8 stays up until the guest reads register C: until then there is no new
 * edge, and time will not bring one.
 */
static bool account_rtc(struct kt_vm *vm, struct kt_tick_input *in)
{
	struct kt_source *source = &vm->source[KT_SOURCE_RTC];
	struct kt_tick *tick = &source->tick;
	u64 rises = kt_rtc_rises(&vm->rtc.model, in->now);
	u64 caught_up = tick->stats.caught_up;
	bool pulse;

	if (vm->rtc.asserted && in->pin != KT_TICK_MASKED)
		in->pin = KT_TICK_LATCHED;

	pulse = service(vm, KT_SOURCE_RTC, in);
	/* The flag of a tick that was missed is long read. */
	if (pulse && tick->stats.caught_up != caught_up)
		kt_rtc_assert_periodic(&vm->rtc.model, in->now);

	/*
	 * The guest has read register C before the pulse that told it to was over. Another one
	 * within it would be no edge, and the line would stay up for good.
	 */
	if (rises != vm->rtc.rises && !pulse && !vm->rtc.asserted && source->pulsing) {
		source->again = true;
		return false;
	}

	/* An edge on a masked input is lost, but the line is up. */
	if (rises != vm->rtc.rises && !pulse && !vm->rtc.asserted) {
		vm->rtc.asserted = true;
		pulse = in->pin != KT_TICK_MASKED;
		/* The guest has read register C, and the request for that is still there. */
		if (in->pin == KT_TICK_BUSY || in->pin == KT_TICK_LATCHED)
			kt_tick_merge(tick, 1);
		else if (pulse)
			pass(vm, KT_SOURCE_RTC, 1, in->now);
	}
	vm->rtc.rises = rises;
	vm->rtc.asserted |= pulse;
	return pulse;
}

/**
 * kt_vm_source_put() - what a source owes, for the record
 * @vm:		the guest
 * @id:		the source
 * @debt:	filled in
 * @edges:	of its model until now
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_source_put(const struct kt_vm *vm, unsigned int id, struct kvm_timers_debt *debt,
		      u64 edges)
{
	const struct kt_source *source = &vm->source[id];

	lockdep_assert_held(&vm->lock);

	kt_record_put_debt(debt, &source->tick, edges);
	/* Nobody has heard them. */
	if (source->dormant && !source->latched)
		debt->unseen = 0;
}

/**
 * kt_vm_source_take() - a source owes what the record says
 * @vm:		the guest, paused
 * @id:		the source
 * @debt:	checked
 * @edges:	of its model until now
 *
 * Whether somebody listens is found out anew.
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_source_take(struct kt_vm *vm, unsigned int id, const struct kvm_timers_debt *debt,
		       u64 edges)
{
	struct kt_source *source = &vm->source[id];

	lockdep_assert_held(&vm->lock);

	kt_record_take_debt(&source->tick, debt, edges);
	source->dormant = false;
	source->latched = false;
	source->rang_ns = 0;
	/* A message that waits for a vCPU is of a time that is no more. */
	source->pulsing &= !source->unsent;
	source->unsent = false;
	clear_bit(id, &vm->parked);
}

/**
 * kt_vm_wake() - somebody listens to a source again
 * @vm:		the guest
 * @id:		the source
 * @now:	guest time, ns
 *
 * What fell due while nobody did is settled, if the source was dormant.
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_wake(struct kt_vm *vm, unsigned int id, u64 now)
{
	struct kt_source *source = &vm->source[id];
	struct kt_tick_input in = { .now = now };

	lockdep_assert_held(&vm->lock);

	if (!source->dormant)
		return;

	source->dormant = false;
	if (!model_input(vm, id, &in)) {
		kt_tick_skip(&source->tick, in.edges);
		return;
	}
	in.pin = source->latched ? KT_TICK_LATCHED : KT_TICK_MASKED;
	if (!source->latched)
		kt_tick_lose(&source->tick, in.edges);
	if (id == KT_SOURCE_RTC)
		account_rtc(vm, &in);
	else
		service(vm, id, &in);
}

/**
 * kt_vm_account() - account what is due of a source
 * @vm:		the guest
 * @id:		the source
 * @pin:	what would become of an interrupt now
 * @now:	guest time, ns
 * @edge:	set if there was any edge since the last call
 *
 * Context: Any, vm->lock held.
 * Return: whether to give one interrupt now; then the source is pulsing.
 */
bool kt_vm_account(struct kt_vm *vm, unsigned int id, enum kt_tick_pin pin, u64 now, bool *edge)
{
	struct kt_source *source = &vm->source[id];
	struct kt_tick_input in = { .now = now, .pin = pin };
	bool pulse;

	lockdep_assert_held(&vm->lock);

	*edge = false;
	if (id == KT_SOURCE_PIT)
		kt_i8254_run(&vm->pit.model, now);
	if (!model_input(vm, id, &in)) {
		kt_tick_skip(&source->tick, in.edges);
		return false;
	}
	*edge = in.edges != source->tick.seen;
	if (kt_vm_is_level(vm, id)) {
		if (*edge)
			pass(vm, id, in.edges - source->tick.seen, now);
		kt_tick_skip(&source->tick, in.edges);
		return false;
	}

	kt_vm_wake(vm, id, now);
	/* What is parked waits for a vCPU, not for time. */
	if (source->pulsing)
		in.pin = source->unsent ? KT_TICK_LATCHED : KT_TICK_BUSY;
	pulse = id == KT_SOURCE_RTC ? account_rtc(vm, &in) : service(vm, id, &in);
	source->pulsing |= pulse;
	return pulse;
}
