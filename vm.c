// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of one guest: its lock, its alarm, and the host clock, read once
 * an entry.
 *
 * The alarm is a host timer for the next thing to do. A message it sends by
 * itself, and what the IOAPIC would send for an edge, to a vCPU that runs. For
 * any other line it summons the vCPU that the interrupt is for, and
 * kt_vm_serve() runs there just before that vCPU enters the guest. So a vCPU
 * that the host does not let run is not given ticks that it cannot take, and
 * what it missed is known and settled by the policy when it comes back. A
 * halted vCPU is roused for it, and serves itself on its way out of the halt;
 * one that has not been started, or that does not come, is served by a worker.
 */
#include "vm.h"
#include "compat.h"

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/vmalloc.h>

/* How long to wait for a summoned vCPU before looking where it is. */
#define BACKSTOP_FIRST_NS	(10 * NSEC_PER_MSEC)
#define BACKSTOP_LAST_NS	NSEC_PER_SEC

/* All sources of a guest together ring so many times faster than one of them may. */
#define ALARM_SHARE		4

static struct workqueue_struct *workers;

/* Host time at which a source wants the alarm, KTIME_MAX if it does not. */
static u64 wanted_at(const struct kt_vm *vm, const struct kt_source *source)
{
	u64 host_ns = kt_vm_clock_host_ns(&vm->clock, source->next_ns);

	/* Whatever the guest programs, the host is not interrupted faster. */
	return max(host_ns, source->rang_ns + source->tick.params.min_interval_ns);
}

static u64 next_alarm(const struct kt_vm *vm)
{
	u64 share_ns = vm->source[KT_SOURCE_PIT].tick.params.min_interval_ns / ALARM_SHARE;
	u64 host = vm->due ? vm->backstop_at_ns : KTIME_MAX;
	unsigned int id;

	/* Those that are due are being called for already. */
	for (id = 0; id < vm->nr_sources; id++)
		if (!test_bit(id, &vm->due))
			host = min(host, wanted_at(vm, &vm->source[id]));

	return max(host, vm->rang_ns + share_ns);
}

static void set_alarm(struct kt_vm *vm)
{
	u64 host = next_alarm(vm);

	if (host == KTIME_MAX)
		hrtimer_try_to_cancel(&vm->alarm);
	else
		hrtimer_start(&vm->alarm, ns_to_ktime(host), HRTIMER_MODE_ABS_PINNED_HARD);
}

/* From the alarm itself. Another CPU may have set it since it rang. */
static enum hrtimer_restart set_alarm_again(struct kt_vm *vm)
{
	u64 host = next_alarm(vm);

	if (hrtimer_is_queued(&vm->alarm)) {
		set_alarm(vm);
		return HRTIMER_NORESTART;
	}
	if (host == KTIME_MAX)
		return HRTIMER_NORESTART;

	hrtimer_set_expires(&vm->alarm, ns_to_ktime(host));
	return HRTIMER_RESTART;
}

/**
 * kt_vm_realarm() - guest time goes another way: set all alarms by it
 * @vm:		the guest
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_realarm(struct kt_vm *vm)
{
	lockdep_assert_held(&vm->lock);

	if (vm->dead)
		return;

	set_alarm(vm);
	kt_vcpu_reconsider_all(vm);
}

/**
 * kt_vm_rearm() - set the alarm to the next thing to do
 * @vm:		the guest
 * @id:		source for which that may have changed
 * @now:	guest time, ns
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_rearm(struct kt_vm *vm, unsigned int id, u64 now)
{
	struct kt_source *source = &vm->source[id];

	lockdep_assert_held(&vm->lock);

	if (source->dormant)
		source->next_ns = KT_NEVER;
	else
		source->next_ns = kt_vm_deadline(vm, id, now);
	set_alarm(vm);
}

/* The vCPU that an interrupt of a source is for, as far as known. */
static struct kvm_vcpu *target_of(struct kt_source *source)
{
	struct kt_line *line = READ_ONCE(source->line);

	return line ? READ_ONCE(line->target) : READ_ONCE(source->target);
}

/* Have the vCPU that the interrupt is for, or a worker, call kt_vm_serve(). */
static void call_for_service(struct kt_vm *vm, unsigned int id)
{
	struct kvm_vcpu *target = target_of(&vm->source[id]);

	if (kt_vm_comes_when_summoned(vm, target))
		kt_inject_summon(target);
	else if (target && kt_vm_is_halted(vm, target))
		kt_inject_rouse(target);
	else
		queue_work(workers, &vm->work);
}

/* What would become of an interrupt that the alarm sends by itself. */
static enum kt_tick_pin peek(struct kt_vm *vm, unsigned int id, u64 *message)
{
	struct kt_source *source = &vm->source[id];

	if (source->line)
		return kt_vm_is_level(vm, id) ? KT_TICK_MASKED :
						kt_inject_peek(source->line, message);

	*message = source->message;
	if (!source->message || !source->target || !kt_inject_is_msi(source->message))
		return KT_TICK_MASKED;
	return kt_inject_peek_msi(vm->kvm, source->message, source->target);
}

/* Send an interrupt from the alarm itself. Return: false where that takes a process. */
static bool send_at_once(struct kt_vm *vm, unsigned int id, u64 now)
{
	struct kt_source *source = &vm->source[id];
	enum kt_tick_pin pin;
	u64 message;
	bool edge;
	int ret;

	if (source->pulsing)
		return false;
	pin = peek(vm, id, &message);
	if (pin != KT_TICK_READY && pin != KT_TICK_SERVED)
		return false;

	if (kt_vm_account(vm, id, pin, now, &edge)) {
		smp_store_release(&source->given, source->given + 1);
		ret = source->line ? kt_inject_send(source->line, message) :
				     kt_inject_msi_atomic(vm->kvm, message);
		source->pulsing = ret == -EWOULDBLOCK;
		source->unsent = source->pulsing;
	}
	source->next_ns = kt_vm_deadline(vm, id, now);
	return !source->unsent;
}

/* Return: sources, a bit each, that have become due. */
static unsigned long ring(struct kt_vm *vm, u64 now)
{
	unsigned long due = 0;
	unsigned int id;

	for (id = 0; id < vm->nr_sources; id++) {
		struct kt_source *source = &vm->source[id];

		if (test_bit(id, &vm->due) || source->next_ns > now)
			continue;
		source->rang_ns = vm->rang_ns;
		if (!send_at_once(vm, id, now))
			__set_bit(id, &due);
	}
	return due;
}

static enum hrtimer_restart alarm(struct hrtimer *timer)
{
	struct kt_vm *vm = container_of(timer, struct kt_vm, alarm);
	unsigned long due, overdue = 0;
	enum hrtimer_restart again;
	unsigned int id;
	u64 now;

	kt_vm_lock(vm);
	/* It may have been waiting for the lock while guest time was stopped. */
	if (vm->dead || vm->clock.map.is_frozen) {
		kt_vm_unlock(vm);
		return HRTIMER_NORESTART;
	}
	now = kt_vm_now(vm);
	vm->rang_ns = kt_vm_clock_host_ns(&vm->clock, now);
	if (!vm->due) {
		vm->backstop_ns = BACKSTOP_FIRST_NS;
		vm->backstop_at_ns = vm->rang_ns + vm->backstop_ns;
	} else if (vm->rang_ns >= vm->backstop_at_ns) {
		overdue = vm->due;
		vm->backstop_ns = min_t(u64, vm->backstop_ns * 2, BACKSTOP_LAST_NS);
		vm->backstop_at_ns = vm->rang_ns + vm->backstop_ns;
	}
	due = ring(vm, now);
	for_each_set_bit(id, &due, KT_MAX_SOURCES)
		set_bit(id, &vm->due);
	again = set_alarm_again(vm);
	kt_vm_unlock(vm);

	/* It did not come: the interrupt may be for another vCPU by now. */
	if (overdue)
		queue_work(workers, &vm->work);
	for_each_set_bit(id, &due, KT_MAX_SOURCES)
		call_for_service(vm, id);
	return again;
}

static void work(struct work_struct *work)
{
	struct kt_vm *vm = container_of(work, struct kt_vm, work);
	unsigned long due = READ_ONCE(vm->due);
	struct kt_source *source;
	unsigned int id;

	for_each_set_bit(id, &due, KT_MAX_SOURCES) {
		source = &vm->source[id];
		kt_vm_look(vm, id);
		if (kt_vm_comes_when_summoned(vm, target_of(source)))
			kt_inject_summon(target_of(source));
		else
			kt_vm_serve(vm, id, false);
	}
}

/* From now on edges are ticks again. To serve them is for somebody without KVM's locks. */
static void pin_opened(struct kt_vm *vm, unsigned int id)
{
	struct kt_source *source = &vm->source[id];
	unsigned long flags;

	if (!READ_ONCE(source->dormant) && !data_race(kt_tick_is_promised(&source->tick)))
		return;

	kt_vm_lock_save(vm, flags);
	if (!vm->dead)
		kt_vm_wake(vm, id, kt_vm_now(vm));
	kt_vm_unlock_restore(vm, flags);

	set_bit(id, &vm->due);
	queue_work(workers, &vm->work);
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
	struct kt_vm *vm = line->owner;
	struct kt_source *source;
	unsigned int id;

	if (unmasked)
		atomic_inc(&line->unmasks);
	/* Pairs with kt_vm_serve(). */
	smp_mb__after_atomic();

	for (id = 0; id < vm->nr_sources; id++) {
		source = &vm->source[id];
		if (READ_ONCE(source->line) != line)
			continue;
		if (unmasked)
			pin_opened(vm, id);
		/* What waits for its time and not for the guest has its alarm. */
		else if (data_race(source->tick.blocked))
			kt_vm_serve(vm, id, false);
	}
}

/**
 * kt_vm_recheck() - masks may have changed without an event
 * @vm:		the guest
 *
 * Context: Process.
 */
void kt_vm_recheck(struct kt_vm *vm)
{
	struct kt_line *line;
	unsigned int id;

	for (id = 0; id < vm->nr_sources; id++) {
		line = READ_ONCE(vm->source[id].line);
		if (line)
			kt_vm_line_event(line, true);
	}
}

/**
 * kt_vm_pic_initialized() - the guest is about to initialize an 8259
 * @vm:		the guest
 * @vcpu:	the vCPU that writes
 *
 * KVM tells of each mask that a guest writes, but not that this clears all of
 * them. It has done so when the vCPU runs on.
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vm_pic_initialized(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(vm->reopened, true);
	kt_inject_summon_self(vcpu);
}

/**
 * kt_vm_halt_begin() - a vCPU will not look at its requests
 * @vm:		the guest
 * @vcpu:	the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vm_halt_begin(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	set_bit(vcpu->vcpu_idx, vm->halted);
	/* Pairs with call_for_service(). */
	smp_mb__after_atomic();
	kt_vm_summoned(vm, vcpu);
}

/**
 * kt_vm_halt_end() - a vCPU looks at its requests again
 * @vm:		the guest
 * @vcpu:	the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vm_halt_end(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	unsigned long parked = READ_ONCE(vm->parked);
	unsigned int id;

	clear_bit(vcpu->vcpu_idx, vm->halted);
	/* Pairs with call_for_service(). */
	smp_mb__after_atomic();
	if (READ_ONCE(vm->due))
		kt_vm_summoned(vm, vcpu);
	if (likely(!parked))
		return;

	for_each_set_bit(id, &parked, KT_MAX_SOURCES) {
		WRITE_ONCE(vm->source[id].target, vcpu);
		set_bit(id, &vm->due);
	}
	kt_inject_summon_self(vcpu);
}

/**
 * kt_vm_summoned() - a vCPU is about to enter the guest
 * @vm:		the guest
 * @vcpu:	the vCPU
 *
 * Serves what is due and for this vCPU, or for nobody in particular.
 *
 * Context: Process, the vCPU's thread, no lock of KVM held but its srcu.
 */
void kt_vm_summoned(struct kt_vm *vm, struct kvm_vcpu *vcpu)
{
	unsigned long due = READ_ONCE(vm->due);
	struct kvm_vcpu *target;
	struct kt_vcpu *v;
	unsigned int id;

	if (unlikely(READ_ONCE(vm->clock.is_still)))
		kt_vm_freeze_end(vm);
	v = vm->devices & KVM_TIMERS_LAPIC ? kt_vcpu_find(vcpu) : NULL;
	if (v)
		kt_vcpu_serve(v);
	if (vm->active & KVM_TIMERS_RTC)
		kt_vm_rtc_selected(vm, vcpu);
	if (unlikely(READ_ONCE(vm->reopened))) {
		WRITE_ONCE(vm->reopened, false);
		kt_vm_recheck(vm);
		due = READ_ONCE(vm->due);
	}
	for_each_set_bit(id, &due, KT_MAX_SOURCES) {
		target = target_of(&vm->source[id]);
		if (!target || target == vcpu)
			kt_vm_serve(vm, id, false);
	}
}

static unsigned int count_sources(const struct kt_vm_params *params)
{
	return params->devices & KVM_TIMERS_HPET ? KT_SOURCE_HPET + params->hpet.timers :
						   KT_SOURCE_HPET;
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
	unsigned int nr_sources = count_sources(params);
	struct kt_vm *vm;
	unsigned int id;

	/* By pages: the next power of two may be almost twice as much. */
	vm = __vmalloc(struct_size(vm, source, nr_sources), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->hpet.reads = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	if (!vm->hpet.reads) {
		vfree(vm);
		return ERR_PTR(-ENOMEM);
	}

	__module_get(THIS_MODULE);
	refcount_set(&vm->refs, 1);
	INIT_LIST_HEAD(&vm->link);
	INIT_WORK(&vm->work, work);
	raw_spin_lock_init(&vm->lock);
	seqcount_raw_spinlock_init(&vm->seq, &vm->lock);
	raw_spin_lock_init(&vm->budget_lock);
	kt_arbiter_init(&vm->arbiter);
	vm->budget_hz = params->budget_hz;
	seqcount_raw_spinlock_init(&vm->hpet.seq, &vm->lock);
	hrtimer_setup(&vm->alarm, alarm, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	vm->pid = get_task_pid(current, PIDTYPE_TGID);
	vm->owner = current_uid();
	vm->devices = params->devices;
	kt_vm_clock_start(vm, params->clock_rate, params->gap);
	vm->pit.chosen = params->chosen & BIT(KVM_TIMERS_DEVICE_PIT);
	vm->rtc.base = params->rtc_base;
	vm->rtc.time_s = params->rtc_time_s;
	kt_rtc_init(&vm->rtc.model, params->rtc_update_cycles, 0);
	kt_hpet_init(&vm->hpet.model, &params->hpet);
	xa_init(&vm->vcpus.table);
	vm->vcpus.params = params->tick[KVM_TIMERS_DEVICE_LAPIC];
	vm->vcpus.advance = params->lapic_advance;
	vm->vcpus.advance_ns = params->lapic_advance_ns;

	vm->nr_sources = nr_sources;
	for (id = 0; id < nr_sources; id++) {
		kt_tick_init(&vm->source[id].tick, &params->tick[kt_source_device(id)], 0, 0);
		vm->source[id].next_ns = KT_NEVER;
	}
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
	kt_vm_lock_irq(vm);
	vm->end_ns = kt_vm_now(vm);
	WRITE_ONCE(vm->dead, true);
	kt_vm_unlock_irq(vm);

	if (vm->active & KVM_TIMERS_PIT)
		kt_inject_close(&vm->pit.line);
	if (vm->active & KVM_TIMERS_RTC)
		kt_vm_rtc_destroy(vm);
	if (vm->active & KVM_TIMERS_HPET)
		kt_vm_hpet_destroy(vm);
	kt_vcpu_stop_all(vm);
	hrtimer_cancel(&vm->alarm);
	cancel_work_sync(&vm->work);
}

/**
 * kt_vm_init() - get ready for guests
 *
 * Context: Process, module initialization.
 * Return: 0 or -errno.
 */
int kt_vm_init(void)
{
	int ret;

	workers = alloc_workqueue("kvm_timers", WQ_HIGHPRI, 0);
	if (!workers)
		return -ENOMEM;
	ret = kt_vm_follow_init();
	if (ret)
		destroy_workqueue(workers);
	return ret;
}

/**
 * kt_vm_exit() - the last guest is gone
 *
 * Context: Process.
 */
void kt_vm_exit(void)
{
	kt_vm_follow_exit();
	destroy_workqueue(workers);
}
