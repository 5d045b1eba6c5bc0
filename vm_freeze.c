// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest time stands still, and goes on: freeze and thaw, a pause by the VMM, the host's
 * suspend.
 *
 * It stands still only while no vCPU is in KVM_RUN. No device moves and no alarm is set.
 * What was between is told at the thaw: it never happened, it was time like any other, or it
 * is to be made up for. To that end the line is moved along the TSC, and the TSC with it: the
 * guest's pages stay as they are, to the bit, and no rounding is in it.
 *
 * A VMM pauses a VM by taking its vCPUs out of KVM_RUN, reads kvmclock, and sets it to the
 * same before it has them run again. So guest time stops where kvmclock is read of a VM that
 * is paused, and where it is set back to that the pause is over. A vCPU that comes without
 * goes on by what held before, as if nobody had asked.
 */
#include "vm_clock.h"
#include "host_clock.h"
#include "inject.h"
#include "record.h"
#include "vm.h"

#include <linux/errno.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

/* Gaps that a guest's lockup detector may notice: it is told that it was stopped. */
#define NOTICED_NS	NSEC_PER_SEC

static u64 boot_ns(u64 host_ns)
{
	return ktime_to_ns(ktime_mono_to_any(ns_to_ktime(host_ns), TK_OFFS_BOOT));
}

/**
 * kt_vm_freeze_at() - guest time stands still from there on
 * @clock:	of a guest; its @map is not changed but for its ratio
 * @held:	by what it went
 * @cycle:	the host's TSC
 *
 * Context: Any, kt_vm.lock held.
 */
void kt_vm_freeze_at(struct kt_vm_clock *clock, const struct kt_vm_map *held, u64 cycle)
{
	clock->frozen.held = *held;
	clock->frozen.cycle = cycle;
	if (clock->map.is_frozen)
		clock->map.scale = held->scale;
}

static void freeze(struct kt_vm *vm)
{
	struct kt_vm_clock *clock = &vm->clock;
	struct kt_vm_map map = clock->map;
	u64 cycle;

	map.ns = kt_vm_clock_sample(clock, &cycle);
	map.host_ns = kt_host_clock_at(cycle);
	map.by_tsc = false;
	map.is_plain = false;
	map.is_frozen = true;

	memset(&clock->frozen, 0, sizeof(clock->frozen));
	kt_vm_freeze_at(clock, &clock->map, cycle);
	clock->frozen.real_ns = kt_vm_clock_real_ns(map.host_ns);
	clock->frozen.boot_ns = boot_ns(map.host_ns);
	clock->frozen.lag_ns = map.host_ns - clock->origin_ns - map.ns;
	WRITE_ONCE(clock->is_still, true);
	kt_vm_clock_put_in_force(vm, &map, KT_VM_CLOCK_FROZEN);
}

/**
 * kt_vm_freeze() - have guest time stand still
 * @vm:		the guest
 *
 * Until kt_vm_thaw(), or until a vCPU runs.
 *
 * Context: Process, sleeps.
 * Return: 0, also if it does already; -EBUSY a vCPU is in KVM_RUN, or the VMM is at work on
 * one; -ESRCH the VM is gone.
 */
int kt_vm_freeze(struct kt_vm *vm)
{
	struct kvm *kvm = kt_vm_hold(vm);
	int ret = -EBUSY;

	if (!kvm)
		return -ESRCH;

	if (kt_inject_lock_vcpus(kvm)) {
		kt_vm_lock_irq(vm);
		if (!vm->clock.map.is_frozen)
			freeze(vm);
		kt_vm_unlock_irq(vm);
		/* Whoever runs next, or halts, passes kt_vm_freeze_end(). */
		kt_inject_summon_all(kvm);
		kt_inject_unlock_vcpus(kvm);
		ret = 0;
	}
	kvm_put_kvm(kvm);
	return ret;
}

/**
 * struct thaw - how guest time goes on
 * @map:	by what
 * @cycle:	the host's TSC
 * @ahead:	cycles that the guest's TSC is moved by, modulo 2^64
 * @lag_ns:	what the host's clock is ahead by from now on
 * @gap_ns:	for how long it stood still
 */
struct thaw {
	struct kt_vm_map	map;
	u64			cycle;
	u64			ahead;
	s64			lag_ns;
	u64			gap_ns;
};

/* Go on at @ns, at @thaw->cycle. The line and the TSC are moved together. */
static void go_on_at(struct thaw *thaw, u64 ns, u64 tsc)
{
	struct kt_vm_map *map = &thaw->map;
	u64 scaled = kt_tsc_scale(&map->scale, thaw->cycle);

	if (!map->by_tsc) {
		kt_vm_clock_leave_line(map, ns, thaw->cycle);
		return;
	}
	thaw->ahead = tsc - scaled;
	map->line.tsc -= thaw->ahead;
	map->ns = ns;
	map->host_ns = kt_host_clock_at(thaw->cycle);
}

/*
 * Time has gone on: by what held before, or as the host's clock has, where that may be
 * something else by now.
 */
static void jump(struct kt_vm_clock *clock, struct thaw *thaw, u64 *ns, u64 *tsc)
{
	u64 host_ns = kt_host_clock_at(thaw->cycle);

	*tsc = kt_tsc_scale(&thaw->map.scale, thaw->cycle);
	if (clock->rate == KVM_TIMERS_CLOCK_HOST && thaw->gap_ns >= NOTICED_NS) {
		*ns = clock->map.ns + host_ns - clock->map.host_ns;
		kt_vm_follow_begin(clock, &thaw->map, &clock->frozen.held.scale, *ns, thaw->cycle);
	} else {
		*ns = kt_vm_map_read(&thaw->map, thaw->cycle);
		thaw->lag_ns = host_ns - clock->origin_ns - *ns;
	}
}

/* Return: -ERANGE for a gap that no clock can count. */
static int plan(struct kt_vm_clock *clock, u32 gap, struct thaw *thaw)
{
	const struct kt_vm_frozen *frozen = &clock->frozen;
	u64 stop_tsc = kt_tsc_scale(&frozen->held.scale, frozen->cycle);
	struct kt_kvmclock_host now_host;
	u64 ns = clock->map.ns;
	u64 tsc = stop_tsc;
	u32 bends;

	thaw->map = frozen->held;
	thaw->ahead = 0;
	thaw->cycle = rdtsc_ordered();
	thaw->gap_ns = frozen->before_ns + boot_ns(kt_host_clock_at(thaw->cycle)) - frozen->boot_ns;
	thaw->lag_ns = frozen->lag_ns;
	if (!kt_host_clock_look(&now_host, &bends))
		kt_vm_clock_leave_line(&thaw->map, ns, thaw->cycle);

	switch (gap) {
	case KVM_TIMERS_GAP_JUMP:
		ns += thaw->gap_ns;
		if (!thaw->map.by_tsc)
			break;
		if (frozen->before_ns || frozen->is_cut) {
			/* The line says what the TSC would be by now. */
			tsc = kt_kvmclock_tsc_at(&thaw->map.line, ns);
			if (tsc == KT_NEVER)
				return -ERANGE;
		} else {
			jump(clock, thaw, &ns, &tsc);
		}
		break;
	case KVM_TIMERS_GAP_SLEW:
		thaw->lag_ns += thaw->gap_ns;
		break;
	}
	go_on_at(thaw, ns, tsc);
	return 0;
}

/* Of what holds from now on: where the host's clock is. */
static void thaw(struct kt_vm *vm, const struct thaw *thaw, u32 gap)
{
	struct kt_vm_clock *clock = &vm->clock;

	lockdep_assert_held(&vm->lock);

	clock->origin_ns = thaw->map.host_ns - thaw->map.ns - thaw->lag_ns;
	clock->thaws++;
	if (gap == KVM_TIMERS_GAP_STOP)
		clock->stopped_ns += thaw->gap_ns;
	kt_vm_clock_put_in_force(vm, &thaw->map, KT_VM_CLOCK_THAWED);
	kt_vm_follow_thawed(clock);
}

static void tell_guest(struct kt_vm *vm, u32 gap, u64 gap_ns)
{
	if (gap == KVM_TIMERS_GAP_JUMP && gap_ns >= NOTICED_NS)
		kt_inject_say_stopped(vm->kvm);
}

/* The vCPUs are locked, and stay so. */
static int thaw_locked(struct kt_vm *vm, u32 gap)
{
	struct thaw plan_of = { };
	int ret = -EINVAL;

	kt_vm_clock_change(vm);
	if (vm->clock.map.is_frozen)
		ret = plan(&vm->clock, gap, &plan_of);
	if (!ret)
		thaw(vm, &plan_of, gap);
	kt_vm_clock_changed(vm);
	if (ret)
		return ret;

	if (plan_of.ahead && (vm->devices & KVM_TIMERS_TSC))
		kt_inject_move_tscs(vm->kvm, plan_of.ahead);
	tell_guest(vm, gap, plan_of.gap_ns);
	return 0;
}

/**
 * kt_vm_thaw() - have guest time go on
 * @vm:		the guest
 * @gap:	enum kvm_timers_gap; KVM_TIMERS_GAP_DEFAULT: that of the VM
 *
 * Context: Process, sleeps.
 * Return: 0; -ERANGE no such @gap, or it is too long for a clock; -EOPNOTSUPP nothing is made
 * up for by a clock that goes as the TSC does; -EINVAL guest time does not stand still; -EBUSY
 * the VMM is at work on a vCPU; -ESRCH the VM is gone. Then nothing has changed.
 */
int kt_vm_thaw(struct kt_vm *vm, u32 gap)
{
	int ret = -EBUSY;
	struct kvm *kvm;

	if (gap > KVM_TIMERS_GAP_SLEW)
		return -ERANGE;
	if (gap == KVM_TIMERS_GAP_DEFAULT)
		gap = READ_ONCE(vm->clock.gap);
	if (gap == KVM_TIMERS_GAP_SLEW && vm->clock.rate == KVM_TIMERS_CLOCK_TSC)
		return -EOPNOTSUPP;
	kvm = kt_vm_hold(vm);
	if (!kvm)
		return -ESRCH;

	if (kt_inject_lock_vcpus(kvm)) {
		ret = thaw_locked(vm, gap);
		kt_inject_unlock_vcpus(kvm);
	}
	kvm_put_kvm(kvm);
	return ret;
}

/**
 * kt_vm_set_gap() - say what pauses to come are to the guest
 * @vm:		the guest
 * @gap:	enum kvm_timers_gap
 *
 * Context: Process.
 * Return: 0; -ERANGE no such @gap; -EOPNOTSUPP not with the rate of its clock; -ESRCH the VM
 * is gone.
 */
int kt_vm_set_gap(struct kt_vm *vm, u32 gap)
{
	u32 new;
	int ret;

	if (READ_ONCE(vm->dead))
		return -ESRCH;
	ret = kt_params_gap(&new, gap, vm->clock.rate);
	if (!ret)
		WRITE_ONCE(vm->clock.gap, new);
	return ret;
}

/**
 * kt_vm_thaw_by_set() - the VMM sets kvmclock: the end of a pause?
 * @vm:		the guest
 * @ns:		to what
 * @by_real_time: and to what it is by now, if it went on since
 *
 * Context: Process, sleeps.
 * Return: true if that is done; else kvmclock is still to be set.
 */
bool kt_vm_thaw_by_set(struct kt_vm *vm, u64 ns, bool by_real_time)
{
	const struct kt_vm_clock *clock = &vm->clock;
	bool is_frozen, is_same;
	u32 gap;

	kt_vm_lock_irq(vm);
	is_frozen = clock->map.is_frozen;
	is_same = is_frozen && ns == clock->map.ns + clock->base_ns;
	gap = clock->gap;
	kt_vm_unlock_irq(vm);
	if (!is_frozen)
		return false;

	/* To another time: for the devices the pause never happened. */
	if (!is_same)
		gap = KVM_TIMERS_GAP_STOP;
	else if (by_real_time)
		gap = KVM_TIMERS_GAP_JUMP;
	return !kt_vm_thaw(vm, gap) && is_same;
}

/**
 * kt_vm_freeze_end() - a vCPU is about to run, or to halt, with guest time standing still
 * @vm:		the guest
 *
 * Context: Process, a vCPU's thread.
 */
void kt_vm_freeze_end(struct kt_vm *vm)
{
	struct kt_vm_clock *clock = &vm->clock;
	struct thaw back = { };

	kt_vm_lock_irq(vm);
	WRITE_ONCE(clock->is_still, false);
	if (!vm->dead && clock->map.is_frozen) {
		/* Its TSC cannot be moved any more: what was before a record is not in this. */
		clock->frozen.before_ns = 0;
		if (!plan(clock, clock->frozen.is_cut ? KVM_TIMERS_GAP_STOP : KVM_TIMERS_GAP_JUMP,
			  &back))
			thaw(vm, &back, KVM_TIMERS_GAP_JUMP);
		/* Under the lock: nobody is to see that it goes on by the page of before. */
		kt_inject_refresh_pages(vm->kvm);
		tell_guest(vm, KVM_TIMERS_GAP_JUMP, back.gap_ns);
	}
	kt_vm_unlock_irq(vm);
}

/**
 * kt_vm_freeze_suspend() - the host goes to sleep
 * @vm:		a guest, none of whose vCPUs runs
 *
 * The TSC may go on meanwhile, stop, or begin anew: guest time goes as CLOCK_MONOTONIC does,
 * which stands still.
 *
 * Context: Process.
 */
void kt_vm_freeze_suspend(struct kt_vm *vm)
{
	struct kt_vm_map map;
	u64 now, cycle;

	kt_vm_clock_change(vm);
	map = vm->clock.map;
	vm->clock.frozen.is_cut = true;
	if (!vm->dead && map.by_tsc) {
		now = kt_vm_clock_sample(&vm->clock, &cycle);
		kt_vm_clock_leave_line(&map, now, cycle);
		kt_vm_clock_put_in_force(vm, &map, KT_VM_CLOCK_SUSPENDED);
	}
	kt_vm_clock_changed(vm);
}

/**
 * kt_vm_freeze_resume() - the host is back
 * @vm:		a guest, none of whose vCPUs runs
 *
 * Context: Process.
 */
void kt_vm_freeze_resume(struct kt_vm *vm)
{
	struct kt_kvmclock_host now_host;
	struct kt_vm_map map;
	u64 cycle, now;
	u32 bends;

	kt_vm_clock_change(vm);
	map = vm->clock.map;
	if (!vm->dead && !map.by_tsc && !map.is_frozen &&
	    kt_host_clock_look(&now_host, &bends)) {
		cycle = rdtsc_ordered();
		now = map.ns + kt_kvmclock_host_read(&now_host, cycle) - map.host_ns;
		map.by_tsc = true;
		kt_vm_follow_begin(&vm->clock, &map, &vm->clock.map.scale, now, cycle);
		kt_vm_clock_put_in_force(vm, &map, KT_VM_CLOCK_RESUMED);
	}
	kt_vm_clock_changed(vm);
}

/**
 * kt_vm_freeze_sample() - the instant of a record
 * @clock:	of a guest
 * @cycle:	filled in: the host's TSC
 *
 * Context: Any, kt_vm.lock held.
 * Return: guest time, ns; of one that stands still, when it began to.
 */
u64 kt_vm_freeze_sample(const struct kt_vm_clock *clock, u64 *cycle)
{
	u64 now = kt_vm_clock_sample(clock, cycle);

	if (clock->map.is_frozen)
		*cycle = clock->frozen.cycle;
	return now;
}

/**
 * kt_vm_freeze_put() - guest time, for the record
 * @clock:	of a guest
 * @rec:	its vCPUs are filled in, the one with the lowest id first; its clock is
 * @now:	guest time, ns, from kt_vm_freeze_sample()
 * @cycle:	the host's TSC
 *
 * Context: Any, kt_vm.lock held.
 */
void kt_vm_freeze_put(const struct kt_vm_clock *clock, struct kvm_timers_record *rec, u64 now,
		      u64 cycle)
{
	const struct kt_vm_map *map = clock->map.is_frozen ? &clock->frozen.held : &clock->map;
	struct kt_kvmclock_line line = map->line;
	u64 host_ns = kt_host_clock_at(cycle);

	rec->clock_rate = clock->rate;
	rec->gap = clock->gap;
	rec->guest_ns = now;
	rec->kvmclock_ns = now + clock->base_ns;
	if (clock->map.is_frozen) {
		rec->lag_ns = clock->frozen.lag_ns;
		rec->real_ns = clock->frozen.real_ns;
		rec->boot_ns = clock->frozen.boot_ns;
	} else {
		rec->lag_ns = host_ns - clock->origin_ns - now;
		rec->real_ns = kt_vm_clock_real_ns(host_ns);
		rec->boot_ns = boot_ns(host_ns);
	}
	if (!map->by_tsc || !rec->nr_vcpus)
		return;

	/* As that vCPU's TSC counts. */
	line.tsc += rec->vcpu[0].tsc - kt_tsc_scale(&map->scale, cycle);
	rec->clock_flags = KVM_TIMERS_CLOCK_BY_TSC;
	kt_record_put_line(rec, &line);
}

/* By what guest time goes when it goes on. */
static void take_line(struct kt_vm_clock *clock, struct kt_vm_map *map,
		      const struct kvm_timers_record *rec, const struct kvm_vcpu *first, u64 cycle)
{
	struct kt_kvmclock_host now_host;
	struct kt_tsc_scale scale;
	u32 bends;

	kt_inject_tsc_scale(first, &scale);
	map->by_tsc = kt_host_clock_look(&now_host, &bends);
	map->is_frozen = false;
	kt_vm_follow_begin(clock, map, &scale, rec->guest_ns, cycle);
	/* A line that never changes does not change here, either. */
	if (first && map->by_tsc && rec->clock_rate == KVM_TIMERS_CLOCK_TSC &&
	    (rec->clock_flags & KVM_TIMERS_CLOCK_BY_TSC)) {
		kt_record_take_line(&map->line, rec);
		map->line.tsc += kt_tsc_scale(&scale, cycle) - rec->vcpu[0].tsc;
	}
}

/**
 * kt_vm_freeze_take() - guest time stands still where the record says
 * @vm:		the guest, paused
 * @rec:	checked
 * @first:	the record's first vCPU, NULL if it has none; its TSC is the record's
 * @cycle:	the host's TSC when that was so
 * @same_boot:	the time since is that of CLOCK_BOOTTIME
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_freeze_take(struct kt_vm *vm, const struct kvm_timers_record *rec,
		       const struct kvm_vcpu *first, u64 cycle, bool same_boot)
{
	struct kt_vm_clock *clock = &vm->clock;
	struct kt_vm_map map = clock->map;
	u64 host_ns = kt_host_clock_at(cycle);
	u64 now_ns, then_ns;

	lockdep_assert_held(&vm->lock);

	clock->rate = rec->clock_rate;
	clock->gap = rec->gap;
	clock->base_ns = rec->kvmclock_ns - rec->guest_ns;
	take_line(clock, &map, rec, first, cycle);
	clock->frozen = (struct kt_vm_frozen) {
		.held		= map,
		.cycle		= cycle,
		.boot_ns	= boot_ns(host_ns),
		.real_ns	= kt_vm_clock_real_ns(host_ns),
		.lag_ns		= rec->lag_ns,
	};
	now_ns = same_boot ? clock->frozen.boot_ns : clock->frozen.real_ns;
	then_ns = same_boot ? rec->boot_ns : rec->real_ns;
	clock->frozen.before_ns = now_ns > then_ns ? now_ns - then_ns : 0;

	map.by_tsc = false;
	map.is_plain = false;
	map.is_frozen = true;
	map.ns = rec->guest_ns;
	map.host_ns = host_ns;
	WRITE_ONCE(clock->is_still, true);
	kt_vm_clock_put_in_force(vm, &map, KT_VM_CLOCK_RESTORED);
}
