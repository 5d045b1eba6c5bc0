// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of one guest: its lock, its alarm, and the host clock, read once
 * an entry.
 *
 * The alarm is a host timer for the next thing to do. It does nothing itself:
 * it summons the vCPU that the interrupt is for, and kt_vm_serve() runs there just
 * before that vCPU enters the guest. So a vCPU that the host does not let run
 * is not given ticks that it cannot take, and what it missed is known and
 * settled by the policy when it comes back. A halted vCPU is served by a
 * worker, or on its own way into the halt.
 */
#include "vm.h"
#include "compat.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>

/* How long to wait for a summoned vCPU before looking where it is. */
#define BACKSTOP_FIRST_NS	(10 * NSEC_PER_MSEC)
#define BACKSTOP_LAST_NS	NSEC_PER_SEC

static struct workqueue_struct *workers;

/**
 * kt_vm_rearm() - set the alarm to the next thing to do
 * @vm:		the guest
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_rearm(struct kt_vm *vm, u64 now)
{
	u64 next = KT_NEVER;
	u64 host;

	lockdep_assert_held(&vm->lock);

	if (kt_vm_pit_ticking(vm))
		next = min(kt_i8254_deadline(&vm->pit.model, now),
			   kt_tick_deadline(&vm->pit.tick));
	if (next >= KTIME_MAX - vm->origin_ns) {
		hrtimer_try_to_cancel(&vm->alarm);
		return;
	}

	/* Whatever the guest programs, the host is not interrupted faster. */
	host = max(vm->origin_ns + next, vm->rang_ns + vm->pit.tick.params.min_interval_ns);
	hrtimer_start(&vm->alarm, ns_to_ktime(host), HRTIMER_MODE_ABS_PINNED_HARD);
}

static u64 lost(const struct kvm_timers_tick_stats *stats)
{
	return stats->merged + stats->dropped + stats->given_up;
}

/* Tell what a call of the tick engine has changed. */
static void trace_tick(struct kt_vm *vm, unsigned int device, u64 now,
		       const struct kt_tick *old, const struct kt_tick *new)
{
	u64 due = new->stats.due - old->stats.due;
	u64 gone = lost(&new->stats) - lost(&old->stats);

	if (due)
		trace_tick_due(vm->id, device, now, due, new->owed);
	if (new->catching && !old->catching)
		trace_catchup_begin(vm->id, device, now, 0, new->owed);
	if (new->stats.delivered != old->stats.delivered)
		trace_tick_delivered(vm->id, device, now, 1, new->owed);
	if (gone)
		trace_tick_lost(vm->id, device, now, gone, new->owed);
	if (old->catching && !new->catching)
		trace_catchup_end(vm->id, device, now, 0, new->owed);
}

static bool tracing(void)
{
	return trace_tick_due_enabled() || trace_tick_delivered_enabled() ||
	       trace_tick_lost_enabled() || trace_catchup_begin_enabled() ||
	       trace_catchup_end_enabled();
}

static bool service(struct kt_vm *vm, unsigned int device, struct kt_tick *tick,
		    const struct kt_tick_input *in)
{
	struct kt_tick old;
	bool pulse;

	if (!tracing())
		return kt_tick_service(tick, in);

	old = *tick;
	pulse = kt_tick_service(tick, in);
	trace_tick(vm, device, in->now, &old, tick);
	return pulse;
}

/* Return: whether to pulse the line. @edge: whether the PIT had any edge. */
static bool account_pit(struct kt_vm *vm, enum kt_tick_pin pin, u64 now, bool *edge)
{
	struct kt_pit *pit = &vm->pit;
	struct kt_tick_input in = {
		.now		= now,
		.edges		= kt_i8254_edges(&pit->model, now),
		.period_ns	= kt_i8254_period(&pit->model),
		.edge_ns	= kt_i8254_last_edge(&pit->model, now),
		.pin		= pit->pulsing ? KT_TICK_BUSY : pin,
	};

	lockdep_assert_held(&vm->lock);

	*edge = false;
	if (!kt_vm_pit_ticking(vm)) {
		kt_tick_skip(&pit->tick, in.edges);
		return false;
	}
	*edge = in.edges != pit->tick.seen;
	if (!service(vm, KVM_TIMERS_DEVICE_PIT, &pit->tick, &in))
		return false;
	pit->pulsing = true;
	return true;
}

/**
 * kt_vm_serve() - settle what is due and do the next thing
 * @vm:		the guest
 * @fresh:	the guest has just begun a new stream of ticks. A debt of the old one
 *		is not carried over where nobody listens: a boot loader's ticks are
 *		none of the kernel's
 *
 * Context: Process, interrupts on.
 */
void kt_vm_serve(struct kt_vm *vm, bool fresh)
{
	struct kt_pit *pit = &vm->pit;
	enum kt_tick_pin pin;
	bool pulse;
	bool edge;
	u64 now;

	pin = kt_inject_probe(&pit->line);

	raw_spin_lock_irq(&vm->lock);
	WRITE_ONCE(vm->called, false);
	if (vm->dead) {
		raw_spin_unlock_irq(&vm->lock);
		return;
	}
	now = kt_vm_now(vm);
	if (fresh && pin != KT_TICK_READY && pin != KT_TICK_BUSY)
		kt_tick_forgive(&pit->tick);
	pulse = account_pit(vm, pin, now, &edge);
	kt_vm_rearm(vm, now);
	raw_spin_unlock_irq(&vm->lock);

	if (edge)
		kt_inject_nmi_watchdog(vm->kvm);
	if (pulse) {
		kt_inject_pulse(&pit->line);
		raw_spin_lock_irq(&vm->lock);
		pit->pulsing = false;
		raw_spin_unlock_irq(&vm->lock);
	}
}

/* A vCPU that is halted, or has not been started, looks at no request. */
static bool comes_when_summoned(struct kt_vm *vm, struct kvm_vcpu *target)
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

/* Have the vCPU that the interrupt is for, or a worker, call kt_vm_serve(). */
static void call_for_service(struct kt_vm *vm)
{
	struct kvm_vcpu *target = READ_ONCE(vm->pit.line.target);

	if (comes_when_summoned(vm, target))
		kt_inject_summon(target);
	else
		queue_work(workers, &vm->work);
}

static enum hrtimer_restart alarm(struct hrtimer *timer)
{
	struct kt_vm *vm = container_of(timer, struct kt_vm, alarm);
	bool waiting;

	raw_spin_lock(&vm->lock);
	if (vm->dead) {
		raw_spin_unlock(&vm->lock);
		return HRTIMER_NORESTART;
	}
	waiting = vm->called;
	vm->rang_ns = ktime_get_ns();
	vm->backstop_ns = waiting ? min_t(u64, vm->backstop_ns * 2, BACKSTOP_LAST_NS) :
				    BACKSTOP_FIRST_NS;
	WRITE_ONCE(vm->called, true);
	hrtimer_start(&vm->alarm, ns_to_ktime(vm->rang_ns + vm->backstop_ns),
		      HRTIMER_MODE_ABS_PINNED_HARD);
	raw_spin_unlock(&vm->lock);

	/* It did not come: the interrupt may be for another vCPU by now. */
	if (waiting)
		queue_work(workers, &vm->work);
	else
		call_for_service(vm);
	return HRTIMER_NORESTART;
}

static void work(struct work_struct *work)
{
	struct kt_vm *vm = container_of(work, struct kt_vm, work);
	struct kvm_vcpu *target;

	kt_inject_probe(&vm->pit.line);
	target = READ_ONCE(vm->pit.line.target);
	if (comes_when_summoned(vm, target))
		call_for_service(vm);
	else
		kt_vm_serve(vm, false);
}

/**
 * kt_vm_line_event() - a line's pin takes interrupts again
 * @line:	a line of a guest's device
 * @unmasked:	the guest has unmasked it, else acknowledged an interrupt
 *
 * Context: Process, a vCPU's thread. KVM may hold its interrupt locks if @unmasked.
 */
void kt_vm_line_event(struct kt_line *line, bool unmasked)
{
	struct kt_vm *vm = container_of(line, struct kt_vm, pit.line);

	if (!READ_ONCE(vm->pit.tick.owed))
		return;

	if (unmasked) {
		WRITE_ONCE(vm->called, true);
		queue_work(workers, &vm->work);
	} else {
		kt_vm_serve(vm, false);
	}
}

/**
 * kt_vm_halt_begin() - a vCPU will not look at its requests
 * @vm:		the guest
 * @vcpu_idx:	the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vm_halt_begin(struct kt_vm *vm, unsigned int vcpu_idx)
{
	set_bit(vcpu_idx, vm->halted);
	/* Pairs with call_for_service(). */
	smp_mb__after_atomic();
	kt_vm_summoned(vm);
}

/**
 * kt_vm_halt_end() - a vCPU looks at its requests again
 * @vm:		the guest
 * @vcpu_idx:	the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vm_halt_end(struct kt_vm *vm, unsigned int vcpu_idx)
{
	clear_bit(vcpu_idx, vm->halted);
}

/**
 * kt_vm_summoned() - a vCPU is about to enter the guest
 * @vm:		the guest
 *
 * Context: Process, the vCPU's thread, no lock of KVM held but its srcu.
 */
void kt_vm_summoned(struct kt_vm *vm)
{
	if (READ_ONCE(vm->called))
		kt_vm_serve(vm, false);
}

/**
 * kt_vm_set_tick_params() - change policy and bounds of the PIT's ticks
 * @vm:		the guest
 * @params:	checked
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_set_tick_params(struct kt_vm *vm, const struct kt_tick_params *params)
{
	lockdep_assert_held(&vm->lock);

	kt_tick_set_params(&vm->pit.tick, params);
	if (!vm->dead)
		kt_vm_rearm(vm, kt_vm_now(vm));
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

	ret = kt_params_tick(&params, config);
	if (ret)
		return ret;

	raw_spin_lock_irq(&vm->lock);
	vm->pit.chosen = config->policy != KVM_TIMERS_POLICY_DEFAULT;
	kt_vm_set_tick_params(vm, &params);
	raw_spin_unlock_irq(&vm->lock);
	return 0;
}

/**
 * kt_vm_status() - everything an operator wants to see, at one instant
 * @vm:		the guest, dead or alive
 * @status:	filled in but for its size
 *
 * Context: Process.
 */
void kt_vm_status(struct kt_vm *vm, struct kvm_timers_status *status)
{
	u64 now;

	status->id = vm->id;
	status->pid = pid_vnr(vm->pid);
	status->devices = vm->devices;
	status->mem_bytes = ksize(vm);

	raw_spin_lock_irq(&vm->lock);
	now = vm->dead ? vm->end_ns : kt_vm_now(vm);
	status->guest_ns = now;
	status->dead = vm->dead;
	kt_vm_pit_status(vm, &status->device[KVM_TIMERS_DEVICE_PIT], now);
	raw_spin_unlock_irq(&vm->lock);
}

/**
 * kt_vm_create() - a guest that no VM is attached to yet
 * @params:	how it is to be taken over
 *
 * Context: Process, the task that creates or owns the VM. The caller holds the module.
 * Return: the guest with one reference, or ERR_PTR(-ENOMEM).
 */
struct kt_vm *kt_vm_create(const struct kt_vm_params *params)
{
	struct kt_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return ERR_PTR(-ENOMEM);

	__module_get(THIS_MODULE);
	refcount_set(&vm->refs, 1);
	INIT_LIST_HEAD(&vm->link);
	INIT_WORK(&vm->work, work);
	raw_spin_lock_init(&vm->lock);
	hrtimer_setup(&vm->alarm, alarm, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	vm->pid = get_task_pid(current, PIDTYPE_TGID);
	vm->owner = current_uid();
	vm->devices = params->devices;
	vm->origin_ns = ktime_get_ns();
	vm->pit.chosen = params->chosen & BIT(KVM_TIMERS_DEVICE_PIT);
	kt_tick_init(&vm->pit.tick, &params->tick[KVM_TIMERS_DEVICE_PIT], 0, 0);
	return vm;
}

/**
 * kt_vm_stop() - the VM is being destroyed
 * @vm:		the guest
 *
 * Context: Process, any task of any mm, no vCPU runs any more, KVM's interrupt
 * routing is still there.
 */
void kt_vm_stop(struct kt_vm *vm)
{
	bool active;

	raw_spin_lock_irq(&vm->lock);
	active = vm->active & KVM_TIMERS_PIT;
	vm->end_ns = kt_vm_now(vm);
	WRITE_ONCE(vm->dead, true);
	raw_spin_unlock_irq(&vm->lock);

	if (active)
		kt_inject_close(&vm->pit.line);
	hrtimer_cancel(&vm->alarm);
	cancel_work_sync(&vm->work);

}

/**
 * kt_vm_init() - get ready for guests
 *
 * Context: Process, module initialization.
 * Return: 0 or -ENOMEM.
 */
int kt_vm_init(void)
{
	workers = alloc_workqueue("kvm_timers", WQ_HIGHPRI, 0);
	return workers ? 0 : -ENOMEM;
}

/**
 * kt_vm_exit() - the last guest is gone
 *
 * Context: Process.
 */
void kt_vm_exit(void)
{
	destroy_workqueue(workers);
}
