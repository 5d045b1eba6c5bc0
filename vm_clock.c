// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one clock of a guest: a line over the host's TSC, from which kvmclock and every
 * device have their time.
 * vm_follow.c is how it follows the host's clock, vm_freeze.c how it stands still.
 */
#include "vm_clock.h"
#include "host_clock.h"
#include "inject.h"
#include "trace.h"
#include "vm.h"

#include <linux/mutex.h>
#include <linux/timekeeping.h>

#include <asm/tsc.h>

/**
 * kt_vm_clock_leave_line() - the line no longer holds: go on as the host's clock does
 * @map:	what held
 * @now:	guest time, ns
 * @cycle:	the host's TSC then
 *
 * Context: Any.
 */
void kt_vm_clock_leave_line(struct kt_vm_map *map, u64 now, u64 cycle)
{
	map->by_tsc = false;
	map->is_plain = false;
	map->ns = now;
	map->host_ns = kt_host_clock_at(cycle);
	map->skew = 0;
}

/* Else only the alarms' idea of the host's clock is another one. */
static bool is_other_line(const struct kt_vm_map *a, const struct kt_vm_map *b)
{
	return a->by_tsc != b->by_tsc || a->is_frozen != b->is_frozen ||
	       a->line.tsc != b->line.tsc;
}

/**
 * kt_vm_clock_put_in_force() - guest time goes another way from now on
 * @vm:		the guest
 * @map:	which
 * @why:	for who traces it
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_clock_put_in_force(struct kt_vm *vm, const struct kt_vm_map *map,
			      enum kt_vm_clock_why why)
{
	struct kt_vm_clock *clock = &vm->clock;
	bool is_line = is_other_line(&clock->map, map);

	lockdep_assert_held(&vm->lock);

	if (clock->map.line.tsc != map->line.tsc)
		clock->segments++;
	write_seqcount_begin(&clock->seq);
	clock->map = *map;
	write_seqcount_end(&clock->seq);
	if (is_line)
		trace_clock_changed(vm->id, why, clock, map->ns);
	kt_vm_realarm(vm);
}

/* Of holders one at a time: none lets go what another one holds. */
static DEFINE_MUTEX(turn);

/**
 * kt_vm_clock_change() - no vCPU reads guest time until kt_vm_clock_changed()
 * @vm:		the guest
 *
 * Context: Process. Takes vm->lock, interrupts off.
 */
void kt_vm_clock_change(struct kt_vm *vm)
{
	mutex_lock(&turn);
	preempt_disable();
	if (vm->devices & KVM_TIMERS_KVMCLOCK)
		kt_inject_hold(vm->kvm);
	kt_vm_lock_irq(vm);
}

/**
 * kt_vm_clock_changed() - vCPUs go on, by a new page of kvmclock
 * @vm:		the guest
 *
 * Context: Process, after kt_vm_clock_change().
 */
void kt_vm_clock_changed(struct kt_vm *vm)
{
	kt_vm_unlock_irq(vm);
	if (vm->devices & KVM_TIMERS_KVMCLOCK)
		kt_inject_release(vm->kvm);
	preempt_enable();
	mutex_unlock(&turn);
}

/**
 * kt_vm_clock_start() - guest time is 0
 * @vm:		a guest that nobody knows yet
 * @rate:	enum kvm_timers_clock_rate, not KVM_TIMERS_CLOCK_DEFAULT
 * @gap:	enum kvm_timers_gap, not KVM_TIMERS_GAP_DEFAULT
 *
 * Context: Process.
 */
void kt_vm_clock_start(struct kt_vm *vm, u32 rate, u32 gap)
{
	struct kt_vm_clock *clock = &vm->clock;
	struct kt_tsc_scale scale;

	seqcount_raw_spinlock_init(&clock->seq, &vm->lock);
	clock->rate = rate;
	clock->gap = gap;
	clock->map.by_tsc = true;
	kt_inject_tsc_scale(NULL, &scale);
	kt_vm_follow_begin(clock, &clock->map, &scale, 0, rdtsc_ordered());
	clock->origin_ns = clock->map.host_ns;
}

/**
 * kt_vm_clock_rescale() - the ratio of the guest's TSC and the host's has changed
 * @vm:		the guest
 * @scale:	of its first vCPU
 *
 * Context: Any, kt_vcpu.lock not held.
 */
void kt_vm_clock_rescale(struct kt_vm *vm, const struct kt_tsc_scale *scale)
{
	struct kt_vm_map map;
	unsigned long flags;
	u64 cycle, now;

	kt_vm_lock_save(vm, flags);
	map = vm->clock.map.is_frozen ? vm->clock.frozen.held : vm->clock.map;
	if (!vm->dead && (map.scale.ratio != scale->ratio ||
			  map.scale.frac_bits != scale->frac_bits)) {
		now = kt_vm_clock_sample(&vm->clock, &cycle);
		kt_vm_follow_begin(&vm->clock, &map, scale, now, cycle);
		if (vm->clock.map.is_frozen)
			kt_vm_freeze_at(&vm->clock, &map, cycle);
		else
			kt_vm_clock_put_in_force(vm, &map, KT_VM_CLOCK_SCALED);
	}
	kt_vm_unlock_restore(vm, flags);
}

/**
 * kt_vm_clock_read_slowly() - guest time where the guest's TSC is not the host's, or not its clock
 * @map:	what holds now
 * @host_tsc:	of the host, just now
 *
 * Context: Any.
 * Return: ns.
 */
u64 kt_vm_clock_read_slowly(const struct kt_vm_map *map, u64 host_tsc)
{
	if (map->is_frozen)
		return map->ns;
	if (!map->by_tsc)
		return map->ns + kt_host_clock_at(host_tsc) - map->host_ns;

	return kt_kvmclock_read(&map->line, kt_tsc_scale(&map->scale, host_tsc));
}

/**
 * kt_vm_clock_sample_slowly() - the same of now
 * @map:	what holds now
 * @host_tsc:	filled in: the host's TSC
 *
 * Context: Any.
 * Return: ns.
 */
u64 kt_vm_clock_sample_slowly(const struct kt_vm_map *map, u64 *host_tsc)
{
	if (!map->by_tsc && !map->is_frozen)
		return map->ns + kt_host_clock_pair(host_tsc) - map->host_ns;

	*host_tsc = rdtsc_ordered();
	return kt_vm_clock_read_slowly(map, *host_tsc);
}

/**
 * kt_vm_clock_origin() - what KVM's structures have times of the host for
 * @clock:	of a guest
 *
 * Context: Any.
 * Return: CLOCK_MONOTONIC when guest time was 0, as far as it went like that since.
 */
u64 kt_vm_clock_origin(const struct kt_vm_clock *clock)
{
	unsigned int seq;
	u64 origin_ns;

	do {
		seq = read_seqcount_begin(&clock->seq);
		origin_ns = clock->map.host_ns - clock->map.ns;
	} while (read_seqcount_retry(&clock->seq, seq));
	return origin_ns;
}

/**
 * kt_vm_clock_kvm_base() - the host's time as KVM keeps it for its TSCs
 * @base_ns:	CLOCK_MONOTONIC_RAW, and what the host was suspended for
 *
 * Context: Any.
 * Return: the host's TSC then.
 */
u64 kt_vm_clock_kvm_base(u64 *base_ns)
{
	*base_ns = ktime_get_raw_ns() + ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_BOOT));
	return rdtsc_ordered();
}

/**
 * kt_vm_clock_get() - what kvmclock shows
 * @vm:		the guest
 * @instant:	filled in; while guest time stands still, the one at which it began to
 *
 * Context: Any.
 */
void kt_vm_clock_get(struct kt_vm *vm, struct kt_vm_instant *instant)
{
	const struct kt_vm_clock *clock = &vm->clock;
	struct kt_kvmclock_host now_host;
	unsigned long flags;
	u32 bends;

	kt_vm_lock_save(vm, flags);
	instant->by_tsc = kt_vm_clock_by_tsc(clock) && kt_host_clock_look(&now_host, &bends);
	instant->ns = kt_vm_clock_sample(clock, &instant->host_tsc) + clock->base_ns;
	if (clock->map.is_frozen) {
		instant->host_tsc = clock->frozen.cycle;
		instant->real_ns = clock->frozen.real_ns;
	} else {
		instant->real_ns = kt_vm_clock_real_ns(kt_host_clock_at(instant->host_tsc));
	}
	kt_vm_unlock_restore(vm, flags);
}

/**
 * kt_vm_clock_set() - set kvmclock, and none of the other clocks
 * @vm:		the guest
 * @ns:		what it shows
 * @real_ns:	when: CLOCK_REALTIME; later than now, or 0: now
 *
 * Context: Process.
 */
void kt_vm_clock_set(struct kt_vm *vm, u64 ns, u64 real_ns)
{
	struct kt_vm_clock *clock = &vm->clock;
	struct kt_vm_map map;
	u64 now, cycle, now_real_ns;

	kt_vm_clock_change(vm);
	now = kt_vm_clock_sample(clock, &cycle);
	now_real_ns = kt_vm_clock_real_ns(kt_host_clock_at(cycle));
	if (real_ns && now_real_ns > real_ns)
		ns += now_real_ns - real_ns;

	/* The page cannot say what kvmclock was before it was 0. */
	map = clock->map;
	if (map.by_tsc) {
		map.line.tsc = kt_tsc_scale(&map.scale, cycle);
		map.line.ns = now;
		map.host_ns = kt_vm_clock_host_ns(clock, now);
		map.ns = now;
	}
	clock->base_ns = ns - now;
	clock->sets++;
	kt_vm_clock_put_in_force(vm, &map, KT_VM_CLOCK_SET);
	kt_vm_clock_changed(vm);
}

/**
 * kt_vm_clock_page() - what a vCPU reads kvmclock by
 * @vm:		the guest
 * @scale:	of the vCPU
 * @offset:	of its TSC
 * @page:	filled in
 *
 * Context: Process, the vCPU's thread, before it enters the guest.
 */
void kt_vm_clock_page(struct kt_vm *vm, const struct kt_tsc_scale *scale, u64 offset,
		      struct kt_vm_page *page)
{
	const struct kt_vm_clock *clock = &vm->clock;
	struct kt_kvmclock_line line;
	u64 cycle, now;

	kt_vm_lock_irq(vm);
	line = clock->map.line;
	page->stable = clock->map.by_tsc && scale->ratio == clock->map.scale.ratio;
	if (!page->stable) {
		/* This vCPU alone, and until it comes here again. */
		now = kt_vm_clock_sample(clock, &cycle);
		line.tsc = kt_tsc_scale(scale, cycle);
		line.ns = now;
		kt_kvmclock_set_hz(&line, kt_tsc_hz(scale, tsc_khz));
	}
	page->ns = line.ns + clock->base_ns;
	kt_vm_unlock_irq(vm);
	page->tsc = line.tsc + offset;
	page->mul = line.mul;
	page->shift = line.shift;
}

/**
 * kt_vm_clock_status() - guest time, and where the host's clock is
 * @vm:		a copy of the guest, dead or alive
 * @status:	filled in
 * @now:	guest time
 *
 * Context: Any.
 */
void kt_vm_clock_status(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now)
{
	const struct kt_vm_clock *clock = &vm->clock;

	status->clock_rate = clock->rate;
	status->clock_flags = (kt_vm_clock_by_tsc(clock) ? KVM_TIMERS_CLOCK_BY_TSC : 0) |
			      (clock->map.is_frozen ? KVM_TIMERS_CLOCK_FROZEN : 0);
	status->gap = clock->gap;
	status->clock_thaws = clock->thaws;
	status->clock_stopped_ns = clock->stopped_ns;
	status->clock_segments = clock->segments;
	status->clock_sets = clock->sets;
	status->kvmclock_ns = now + clock->base_ns;
	if (clock->map.is_frozen)
		status->clock_lag_ns = clock->frozen.lag_ns;
	else if (!vm->dead)
		status->clock_lag_ns = kt_vm_clock_host_ns(clock, now) - clock->origin_ns - now;
}
