// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the owner of a guest sees of its clocks, and sets.
 */
#include "vm.h"

#include <linux/kvm_host.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/time64.h>

/* A guest whose vCPUs are at its devices all the time must not keep its owner from looking. */
#define COPY_TRIES	100

static u64 unseen_edges(const struct kt_vm *vm, const struct kt_source *source, u64 edges,
			bool ticking)
{
	return ticking && !vm->dead && edges > source->tick.seen ? edges - source->tick.seen : 0;
}

/**
 * kt_vm_add_stats() - add one account to its device's row of the status
 * @status:	added to
 * @tick:	the account
 *
 * Context: Any, the lock of @tick held, or it is a copy.
 */
void kt_vm_add_stats(struct kvm_timers_device_status *status, const struct kt_tick *tick)
{
	const struct kvm_timers_tick_stats *stats = &tick->stats;
	unsigned int i;

	status->stats.due += stats->due;
	status->stats.rescaled += stats->rescaled;
	status->stats.delivered += stats->delivered;
	status->stats.coalesced += stats->coalesced;
	status->stats.merged += stats->merged;
	status->stats.dropped += stats->dropped;
	status->stats.given_up += stats->given_up;
	status->stats.caught_up += stats->caught_up;
	status->owed += tick->owed;
	status->catchup_rate_pct = max(status->catchup_rate_pct, kt_tick_catchup_pct(tick));
	for (i = 0; i < KVM_TIMERS_CATCHUP_LEVELS; i++)
		status->catchup_ns[i] += tick->catchup_ns[i];
}

/**
 * kt_vm_source_status() - add one source to its device's row of the status
 * @vm:		a copy of the guest, dead or alive
 * @id:		the source
 * @edges:	of its model until now
 * @ticking:	whether they are the guest's to have
 * @status:	added to
 *
 * Context: Any.
 */
void kt_vm_source_status(const struct kt_vm *vm, unsigned int id, u64 edges, bool ticking,
			 struct kvm_timers_device_status *status)
{
	const struct kt_source *source = &vm->source[id];
	u64 unseen = unseen_edges(vm, source, edges, ticking);
	struct kt_tick_input in = {
		.now		= source->tick.last_ns,
		.edges		= edges,
		.period_ns	= KT_NEVER,
		.pin		= KT_TICK_LATCHED,
	};
	struct kt_tick tick;

	/* Nobody looks at these until the unmasking, and then within the bounds. */
	if (unseen && source->dormant && source->latched) {
		tick = source->tick;
		kt_tick_service(&tick, &in);
		kt_vm_add_stats(status, &tick);
		return;
	}
	kt_vm_add_stats(status, &source->tick);
	status->stats.due += unseen;
	/* What fell due since the guest was last served is owed, or was never heard. */
	if (source->dormant)
		status->stats.dropped += unseen;
	else
		status->owed += unseen;
}

/**
 * kt_vm_tick_params() - policy and bounds of a device
 * @vm:		the guest
 * @device:	enum kvm_timers_device
 *
 * Context: Any, vm->lock held, or @vm is a copy.
 * Return: what is in force; of several timers each has the same.
 */
const struct kt_tick_params *kt_vm_tick_params(const struct kt_vm *vm, unsigned int device)
{
	return device == KVM_TIMERS_DEVICE_LAPIC ? &vm->vcpus.params :
						   &vm->source[device].tick.params;
}

static void status_of_policy(const struct kt_vm *vm, unsigned int device,
			     struct kvm_timers_device_status *status)
{
	const struct kt_tick_params *params = kt_vm_tick_params(vm, device);

	if (!(vm->devices & BIT(device)))
		return;

	status->policy = params->policy;
	status->catchup_max_rate_pct = params->max_rate_pct;
	status->catchup_limit_ms = div_u64(params->limit_ns, NSEC_PER_MSEC);
	status->catchup_threshold_us = div_u64(params->threshold_ns, NSEC_PER_USEC);
	memcpy(status->late, vm->late[device], sizeof(status->late));
}

static u64 copy_fields(struct kt_vm *copy, const struct kt_vm *vm)
{
	const size_t from = offsetof(struct kt_vm, clock);

	copy->devices = vm->devices;
	copy->active = vm->active;
	copy->dead = vm->dead;
	memcpy((void *)copy + from, (const void *)vm + from,
	       struct_size(vm, source, vm->nr_sources) - from);
	return vm->dead ? vm->end_ns : kt_vm_now(vm);
}

/*
 * What the lock protects, all of one instant, and which instant that is. Alarms take the lock: none
 * waits for a copy, which is made anew if anything has changed meanwhile.
 */
static u64 copy_vm(struct kt_vm *copy, struct kt_vm *vm)
{
	unsigned int seq, tries;
	u64 now;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		seq = raw_read_seqcount(&vm->seq);
		if (seq & 1) {
			cpu_relax();
			continue;
		}
		now = copy_fields(copy, vm);
		if (!read_seqcount_retry(&vm->seq, seq))
			return now;
	}

	/* Its vCPUs have the lock all the time. */
	kt_vm_lock_irq(vm);
	now = copy_fields(copy, vm);
	kt_vm_unlock_irq(vm);
	return now;
}

static u64 start_copy(struct kt_vm *copy, struct kt_vm *vm)
{
	u64 now = copy_vm(copy, vm);

	/* Nobody writes to it. */
	raw_spin_lock_init(&copy->lock);
	seqcount_raw_spinlock_init(&copy->clock.seq, &copy->lock);
	return now;
}

static void status_of_copy(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now)
{
	unsigned int device;

	status->guest_ns = now;
	status->dead = vm->dead;
	for (device = 0; device < KVM_TIMERS_NR_DEVICES; device++)
		status_of_policy(vm, device, &status->device[device]);
	kt_vm_pit_status(vm, &status->device[KVM_TIMERS_DEVICE_PIT], now);
	kt_vm_rtc_status(vm, status, now);
	kt_vm_hpet_status(vm, status, now);
	kt_vm_clock_status(vm, status, now);
	status->budget_hz = vm->budget_hz;
	status->budget_waits = vm->arbiter.waits;
}

/**
 * kt_vm_status() - everything an operator wants to see
 * @vm:		the guest, dead or alive
 * @status:	zeroed but for its size; filled in
 *
 * Of one instant but for the LAPIC timers, which are looked at one after the other. No lock is
 * taken that an alarm takes, unless the guest's own vCPUs have it all the time.
 *
 * Context: Process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int kt_vm_status(struct kt_vm *vm, struct kvm_timers_status *status)
{
	size_t size = struct_size(vm, source, vm->nr_sources);
	struct kt_vm *copy = kvmalloc(size, GFP_KERNEL);
	unsigned int device;
	struct kvm *kvm;
	int ret;

	if (!copy)
		return -ENOMEM;

	status->id = vm->id;
	status->pid = pid_vnr(vm->pid);
	status->devices = vm->devices;
	status->mem_bytes = PAGE_ALIGN(size) + sizeof(u64) * num_possible_cpus();

	/* Its vCPUs are there for as long. */
	kvm = kt_vm_hold(vm);
	status_of_copy(copy, status, start_copy(copy, vm));
	ret = kt_vcpu_status(vm, kvm, status);
	if (kvm)
		kvm_put_kvm(kvm);
	kvfree(copy);

	/* Of a VM that is gone nothing is in progress. */
	for (device = 0; status->dead && device < KVM_TIMERS_NR_DEVICES; device++)
		status->device[device].catchup_rate_pct = 0;
	return ret;
}

/**
 * kt_vm_set_tick_params() - change policy and bounds of a device's ticks
 * @vm:		the guest
 * @device:	enum kvm_timers_device, taken over
 * @params:	checked
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_set_tick_params(struct kt_vm *vm, unsigned int device,
			   const struct kt_tick_params *params)
{
	unsigned int id;

	lockdep_assert_held(&vm->lock);

	if (device == KVM_TIMERS_DEVICE_LAPIC)
		kt_vcpu_set_tick_params(vm, params);
	for (id = 0; id < vm->nr_sources; id++) {
		if (kt_source_device(id) != device)
			continue;
		kt_tick_set_params(&vm->source[id].tick, params);
		if (!vm->dead)
			kt_vm_rearm(vm, id, kt_vm_now(vm));
	}
}

/**
 * kt_vm_set_policy() - change the policy of a device at run time
 * @vm:		the guest
 * @device:	enum kvm_timers_device
 * @config:	from the owner
 *
 * Context: Process.
 * Return: 0; -ESRCH the VM is gone; -EOPNOTSUPP no such device; -ENODEV not
 * taken over; -ERANGE a value is out of range. Then nothing has changed.
 */
int kt_vm_set_policy(struct kt_vm *vm, unsigned int device,
		     const struct kvm_timers_policy_config *config)
{
	struct kt_tick_params params;
	int ret;

	if (device >= KVM_TIMERS_NR_DEVICES)
		return -EOPNOTSUPP;
	if (READ_ONCE(vm->dead))
		return -ESRCH;
	if (!(vm->devices & BIT(device)))
		return -ENODEV;

	ret = kt_params_tick(&params, device, config);
	if (ret)
		return ret;

	kt_vm_lock_irq(vm);
	if (device == KVM_TIMERS_DEVICE_PIT)
		vm->pit.chosen = config->policy != KVM_TIMERS_POLICY_DEFAULT;
	kt_vm_set_tick_params(vm, device, &params);
	kt_vm_unlock_irq(vm);
	return 0;
}

/**
 * kt_vm_set_budget() - change what all timers may give together, at run time
 * @vm:		the guest
 * @want:	from the owner: interrupts in a second for each vCPU; 0: the host's default
 *
 * Context: Any.
 * Return: 0; -ESRCH the VM is gone; -ERANGE out of range. Then nothing has changed.
 */
int kt_vm_set_budget(struct kt_vm *vm, u32 want)
{
	u32 budget_hz;
	int ret;

	if (READ_ONCE(vm->dead))
		return -ESRCH;

	ret = kt_params_budget(&budget_hz, want);
	if (!ret)
		WRITE_ONCE(vm->budget_hz, budget_hz);
	return ret;
}
