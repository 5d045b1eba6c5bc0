// SPDX-License-Identifier: GPL-2.0-only
/*
 * One vCPU: its LAPIC timer, under a lock and with an alarm of its own.
 *
 * The alarm rings in hard interrupt on the CPU where the vCPU runs, and the
 * interrupt goes from there into the local APIC. That is for a vCPU which is in
 * KVM_RUN and on a CPU, or halted. One that the host does not let run, or whose
 * VMM has it, is given nothing while it is away: what it missed is settled by
 * the policy when it enters the guest again.
 *
 * While an ioctl of the VMM is at work, registers, TSC and deadline may come in
 * any order. Nothing is compared or armed before the vCPU runs.
 */
#include "vcpu.h"
#include "compat.h"
#include "inject.h"
#include "vm.h"

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>

/* What an advance may be longer than KVM finds, and when it is too long. */
#define SPARE_STEP_NS		16
#define MAX_SPARE_NS		128
#define TOO_EARLY_NS		400

/* From here on a wait is cut by that part of it, more than two clocks differ. */
#define LONG_WAIT_NS		(10 * NSEC_PER_MSEC)
#define LONG_WAIT_SHIFT		9

DEFINE_PER_CPU(struct kt_vcpu *, kt_vcpu_last);

static __always_inline void sample(const struct kt_vcpu *v, struct kt_lapic_clock *clock)
{
	u64 host_tsc;

	clock->now = kt_vm_clock_sample(&v->vm->clock, &host_tsc);
	clock->tsc = kt_inject_guest_tsc(v->vcpu, host_tsc);
	clock->tsc_khz = v->vcpu->arch.virtual_tsc_khz;
}

/**
 * kt_vcpu_sample() - one instant on all clocks
 * @v:		the vCPU
 * @clock:	filled in
 *
 * Context: Any, v->lock held, or a reader of v->seq.
 */
void kt_vcpu_sample(const struct kt_vcpu *v, struct kt_lapic_clock *clock)
{
	sample(v, clock);
}

/**
 * kt_vcpu_sample_lazily() - kt_vcpu_sample(), without a TSC where the mode needs none
 * @v:		the vCPU
 * @clock:	filled in
 *
 * Context: Any, v->lock held.
 */
void kt_vcpu_sample_lazily(const struct kt_vcpu *v, struct kt_lapic_clock *clock)
{
	if (kt_lapic_timer_has_deadline(&v->timer)) {
		kt_vcpu_sample(v, clock);
		return;
	}
	clock->tsc = 0;
	clock->now = kt_vm_now(v->vm);
	clock->tsc_khz = 0;
}

/**
 * kt_vcpu_advance_ns() - how early the alarm rings
 * @v:		the vCPU
 *
 * Context: Any.
 * Return: ns.
 */
u32 kt_vcpu_advance_ns(const struct kt_vcpu *v)
{
	const struct kt_vcpus *vcpus = &v->vm->vcpus;

	return READ_ONCE(vcpus->advance) == KVM_TIMERS_ADVANCE_FIXED ?
	       READ_ONCE(vcpus->advance_ns) : v->advance_ns;
}

/*
 * KVM changes the advance by an eighth of what it was wrong by, is content with one that
 * is wrong by 100 ns in either direction, and begins anew beyond the longest. Go on until
 * the vCPU is never late, and stay at the longest where that is too short.
 */
static void learn_advance(struct kt_vcpu *v)
{
	u32 found_ns = kt_inject_advance_ns(v->vcpu);
	u32 was_ns = v->advance_ns;

	if (found_ns > was_ns) {
		v->advance_ns = found_ns;
		v->spare_ns = MAX_SPARE_NS;
	} else if (found_ns == was_ns) {
		if (!v->spare_ns)
			return;
		v->advance_ns += SPARE_STEP_NS;
		v->spare_ns -= SPARE_STEP_NS;
	} else if (was_ns - found_ns > was_ns / 8 + 1) {
		v->advance_ns = KVM_TIMERS_ADVANCE_MAX_NS;
	} else if (was_ns - found_ns > TOO_EARLY_NS / 8) {
		v->advance_ns = found_ns;
	}
	v->advance_ns = min_t(u32, v->advance_ns, KVM_TIMERS_ADVANCE_MAX_NS);
}

/* Account what is due, and give one interrupt if it is time for one. */
static noinline void give(struct kt_vcpu *v, u64 now)
{
	struct kt_tick_input in = {
		.now		= now,
		.edges		= kt_lapic_timer_edges_seen(&v->timer),
		.period_ns	= kt_lapic_timer_period(&v->timer),
		.edge_ns	= v->timer.edge_ns,
		.pin		= kt_inject_probe_lvtt(v->vcpu),
	};

	if (kt_vm_service_tick(v->vm, KVM_TIMERS_DEVICE_LAPIC, &v->tick, v->late, &in,
			       !kt_lapic_timer_is_periodic(&v->timer)))
		kt_inject_lvtt(v->vcpu);
}

/* After the timer was brought up to date. */
static void settle(struct kt_vcpu *v, u64 now)
{
	lockdep_assert_held(&v->lock);

	/* A debt that nobody is promised is rescaled, or dropped, with what the guest has changed. */
	if (kt_lapic_timer_edges_seen(&v->timer) != v->tick.seen || v->tick.owed)
		give(v, now);
}

/*
 * The host steers its clock, by 500 ppm at most, while the guest's TSC goes its own way:
 * of a long wait look again in time, so that the rest is off by no more than 5 us.
 */
static u64 look_again_at(u64 now, u64 next_ns)
{
	u64 wait_ns = next_ns - now;

	if (likely(next_ns <= now || wait_ns <= LONG_WAIT_NS) || next_ns == KT_NEVER)
		return next_ns;

	return next_ns - (wait_ns >> LONG_WAIT_SHIFT);
}

static void leave_cpu(struct kt_vcpu *v)
{
	lockdep_assert_held(&v->lock);

	if (!v->in_cpu)
		return;

	kt_inject_clear_cpu_timer(v->vcpu);
	WRITE_ONCE(v->in_cpu, false);
}

/*
 * The CPU's own timer takes the place of the alarm for an edge of a vCPU that is about to
 * run. One that is away needs none: it comes upon it when it enters the guest.
 */
static bool enter_cpu(struct kt_vcpu *v, const struct kt_lapic_clock *clock)
{
	bool has_deadline = kt_lapic_timer_has_deadline(&v->timer);
	struct kt_lapic_clock full = *clock;

	if (!v->has_cpu_timer)
		return false;
	if (kt_tick_is_promised(&v->tick) ||
	    (!has_deadline && v->next_ns > clock->now + LONG_WAIT_NS))
		return false;
	if (kt_inject_presence(v->vcpu) != KT_PRESENCE_HERE || kt_vm_is_halted(v->vm, v->vcpu))
		return false;

	if (!clock->tsc_khz)
		kt_vcpu_sample(v, &full);
	if (!kt_inject_set_cpu_timer(v->vcpu, kt_lapic_timer_due_tsc(&v->timer, v->next_ns, &full),
				     v->early_ns))
		return false;

	WRITE_ONCE(v->in_cpu, true);
	return true;
}

/* Set the alarm to the next thing to do. An edge is prepared before it is due. */
static void arm(struct kt_vcpu *v, const struct kt_lapic_clock *clock)
{
	u64 guest_ns, host_ns, least_ns = 0;

	lockdep_assert_held(&v->lock);

	v->next_ns = kt_lapic_timer_next(&v->timer, clock);
	v->early_ns = min_t(u64, kt_vcpu_advance_ns(v), v->next_ns);
	guest_ns = v->next_ns == KT_NEVER ? KT_NEVER : v->next_ns - v->early_ns;
	/* Whatever the guest programs, the host is not interrupted faster. */
	if (kt_lapic_timer_is_periodic(&v->timer))
		least_ns = v->rang_ns + v->tick.params.min_interval_ns;
	if (guest_ns != KT_NEVER && guest_ns >= least_ns && enter_cpu(v, clock)) {
		if (hrtimer_is_queued(&v->alarm))
			hrtimer_try_to_cancel(&v->alarm);
		return;
	}

	leave_cpu(v);
	if (kt_lapic_timer_has_deadline(&v->timer))
		guest_ns = look_again_at(clock->now, guest_ns);
	if (unlikely(v->tick.held || v->tick.catching))
		guest_ns = kt_tick_next_ns(&v->tick, guest_ns);
	host_ns = kt_vm_clock_host_ns(&v->vm->clock, max(guest_ns, least_ns));
	if (host_ns == KTIME_MAX) {
		hrtimer_try_to_cancel(&v->alarm);
		return;
	}
	hrtimer_start(&v->alarm, ns_to_ktime(host_ns), HRTIMER_MODE_ABS_PINNED_HARD);
}

/**
 * kt_vcpu_changed() - the guest or the VMM has done something to the timer
 * @v:		the vCPU, whose timer is up to date
 * @clock:	when
 *
 * Context: Any, v->lock held.
 */
void kt_vcpu_changed(struct kt_vcpu *v, const struct kt_lapic_clock *clock)
{
	if (READ_ONCE(v->host)) {
		WRITE_ONCE(v->due, true);
		return;
	}
	settle(v, clock->now);
	arm(v, clock);
}

/*
 * Where the vCPU is, for the alarm. A vCPU on its way into a halt or into the
 * guest either is seen there or sees that it is due.
 */
static enum kt_presence presence(struct kt_vcpu *v)
{
	enum kt_presence where;

	if (READ_ONCE(v->host)) {
		WRITE_ONCE(v->due, true);
		return KT_PRESENCE_AWAY;
	}
	where = kt_inject_presence(v->vcpu);
	if (where != KT_PRESENCE_AWAY)
		return where;

	WRITE_ONCE(v->due, true);
	/* Pairs with kt_vm_halt_begin(). */
	smp_mb();
	return kt_vm_is_halted(v->vm, v->vcpu) ? KT_PRESENCE_HERE : KT_PRESENCE_AWAY;
}

/*
 * The interrupt that the alarm is early for is prepared now, as at the time when it is
 * due: until then the vCPU is held back.
 */
static void advance(struct kt_vcpu *v, struct kt_lapic_clock *clock, u32 early_ns)
{
	u64 due_tsc;

	if (!early_ns || v->next_ns == KT_NEVER || v->next_ns > clock->now + early_ns)
		return;

	/* Until KVM has waited there is nothing to learn, and of a fixed one never. */
	if (READ_ONCE(v->vm->vcpus.advance) == KVM_TIMERS_ADVANCE_AUTO &&
	    !kt_inject_is_held(v->vcpu))
		learn_advance(v);
	due_tsc = kt_lapic_timer_due_tsc(&v->timer, v->next_ns, clock);
	kt_inject_hold_until(v->vcpu, due_tsc, kt_vcpu_advance_ns(v));
	if (v->next_ns <= clock->now)
		return;

	clock->now = v->next_ns;
	clock->tsc = max(clock->tsc, due_tsc);
}

/* Return: false if the vCPU is away, and to be summoned. */
static __always_inline bool ring(struct kt_vcpu *v)
{
	struct kt_lapic_clock clock;
	enum kt_presence where;
	bool stale;

	/* What the alarm was set to may have changed. */
	stale = READ_ONCE(v->due);
	where = presence(v);
	if (where == KT_PRESENCE_AWAY)
		return false;

	kt_vcpu_sample(v, &clock);
	/* In the guest nothing holds it back. */
	if (!stale && where != KT_PRESENCE_ELSEWHERE)
		advance(v, &clock, v->early_ns);
	if (kt_lapic_timer_edges(&v->timer, &clock) != v->tick.seen)
		v->rang_ns = clock.now;
	settle(v, clock.now);
	if (where == KT_PRESENCE_ELSEWHERE) {
		/* It sets its next alarm where it is. */
		WRITE_ONCE(v->due, true);
		kt_inject_summon(v->vcpu);
	} else {
		WRITE_ONCE(v->due, false);
		arm(v, &clock);
	}
	return true;
}

/**
 * kt_vcpu_alarm() - the alarm of a vCPU rings
 * @timer:	its alarm
 *
 * Context: Hard interrupt.
 * Return: HRTIMER_NORESTART; it is set again under the lock.
 */
enum hrtimer_restart kt_vcpu_alarm(struct hrtimer *timer)
{
	struct kt_vcpu *v = container_of(timer, struct kt_vcpu, alarm);
	bool rung;

	kt_vcpu_lock(v);
	rung = v->stopped || ring(v);
	kt_vcpu_unlock(v);
	if (!rung)
		kt_inject_summon(v->vcpu);
	return HRTIMER_NORESTART;
}

/**
 * kt_vcpu_cpu_alarm() - the CPU's own timer has ended a vCPU's stay in the guest
 * @v:		the vCPU
 *
 * Context: The vCPU's thread; interrupts may be off.
 */
void kt_vcpu_cpu_alarm(struct kt_vcpu *v)
{
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	/* It would end each stay from now on. */
	leave_cpu(v);
	if (!ring(v))
		kt_inject_summon_self(v->vcpu);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_reconsider() - the alarm may have to ring earlier, or not at all
 * @v:		the vCPU, which sets it where it is
 *
 * Context: Any, v->lock held.
 */
void kt_vcpu_reconsider(struct kt_vcpu *v)
{
	struct kt_lapic_clock clock;

	lockdep_assert_held(&v->lock);

	if (v->stopped)
		return;

	WRITE_ONCE(v->due, true);
	/* Pairs with kt_vm_halt_begin(). */
	smp_mb();
	if (!READ_ONCE(v->host) && kt_vm_is_halted(v->vm, v->vcpu)) {
		kt_vcpu_sample_lazily(v, &clock);
		kt_lapic_timer_edges(&v->timer, &clock);
		arm(v, &clock);
	} else {
		kt_inject_summon(v->vcpu);
	}
}

/**
 * kt_vcpu_serve() - do what is due before the vCPU runs on, or sleeps
 * @v:		the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vcpu_serve(struct kt_vcpu *v)
{
	struct kt_lapic_clock clock;
	unsigned long flags;

	/* The CPU's own timer does not wake a vCPU that halts. */
	if (!READ_ONCE(v->due) &&
	    likely(!READ_ONCE(v->in_cpu) || !kt_vm_is_halted(v->vm, v->vcpu)))
		return;

	kt_vcpu_lock_save(v, flags);
	WRITE_ONCE(v->due, false);
	/* At its first entry at the latest, and whenever a VMM may have changed its mind. */
	v->has_cpu_timer = kt_inject_has_cpu_timer(v->vcpu);
	kt_vcpu_sample_lazily(v, &clock);
	kt_lapic_timer_edges(&v->timer, &clock);
	settle(v, clock.now);
	arm(v, &clock);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_search() - kt_vcpu_find() of one that was not the last; now it is
 * @vcpu:	a vCPU that cannot go away during the call
 *
 * Context: Any.
 * Return: the vCPU, or NULL if its timer is KVM's.
 */
struct kt_vcpu *kt_vcpu_search(struct kvm_vcpu *vcpu)
{
	struct kt_vm *vm = kt_vm_find(vcpu->kvm);
	struct kt_vcpu *v = vm ? xa_load(&vm->vcpus.table, vcpu->vcpu_id) : NULL;

	if (!v || v->vcpu != vcpu)
		return NULL;

	this_cpu_write(kt_vcpu_last, v);
	return v;
}

/**
 * kt_vcpu_read_tmcct() - the guest, or the VMM, reads TMCCT
 * @v:		the vCPU
 *
 * Takes no lock.
 *
 * Context: Process, the vCPU's thread.
 * Return: its value.
 */
u32 kt_vcpu_read_tmcct(struct kt_vcpu *v)
{
	u64 now = kt_vm_now(v->vm);
	unsigned int seq;
	u32 val;

	v->reads++;
	do {
		seq = read_seqcount_begin(&v->seq);
		val = kt_lapic_timer_count(&v->timer, now);
	} while (read_seqcount_retry(&v->seq, seq));
	return val;
}

/**
 * kt_vcpu_read_deadline() - the guest, or the VMM, reads IA32_TSC_DEADLINE
 * @v:		the vCPU
 *
 * Context: Process, the vCPU's thread.
 * Return: its value. One that has been reached, but whose interrupt has not been given,
 * the VMM saves as armed.
 */
u64 kt_vcpu_read_deadline(struct kt_vcpu *v)
{
	struct kt_lapic_timer_state state;
	struct kt_lapic_clock clock;
	unsigned long flags;
	u64 val;

	kt_vcpu_lock_save(v, flags);
	kt_vcpu_sample_lazily(v, &clock);
	v->reads++;
	if (READ_ONCE(v->host)) {
		kt_lapic_timer_get_state(&v->timer, &state, &clock);
		val = state.deadline;
	} else {
		val = kt_lapic_timer_read(&v->timer, KT_LAPIC_TIMER_DEADLINE, &clock);
	}
	kt_vcpu_unlock_restore(v, flags);
	return val;
}

/* The VMM restores, part by part: what it writes is kept, whatever the mode is now. */
static noinline void restore(struct kt_vcpu *v, enum kt_lapic_timer_reg reg, u64 val,
		    const struct kt_lapic_clock *clock)
{
	struct kt_lapic_timer_state state;

	kt_lapic_timer_get_state(&v->timer, &state, clock);
	switch (reg) {
	case KT_LAPIC_TIMER_LVTT:
		state.lvtt = val;
		break;
	case KT_LAPIC_TIMER_TMICT:
		state.tmict = val;
		state.tmcct = val;
		break;
	case KT_LAPIC_TIMER_TDCR:
		state.tdcr = val;
		break;
	case KT_LAPIC_TIMER_DEADLINE:
		state.deadline = val;
		break;
	default:
		return;
	}
	/* KVM has dropped the reserved bits. */
	kt_lapic_timer_set_state(&v->timer, &state, clock);
}

/**
 * kt_vcpu_publish() - show the guest the register that hardware may read by itself
 * @v:		the vCPU
 *
 * Context: Any, v->lock held.
 */
void kt_vcpu_publish(struct kt_vcpu *v)
{
	kt_inject_set_tmict(v->vcpu, kt_lapic_timer_tmict(&v->timer));
}

/**
 * kt_vcpu_write() - the guest, or the VMM by an MSR, writes a register
 * @v:		the vCPU
 * @reg:	register of the page
 * @val:	value, without reserved bits
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vcpu_write(struct kt_vcpu *v, enum kt_lapic_timer_reg reg, u32 val)
{
	struct kt_lapic_clock clock;
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	/* Of the mode that it has, or is going to have. */
	if (reg == KT_LAPIC_TIMER_LVTT)
		kt_vcpu_sample(v, &clock);
	else
		kt_vcpu_sample_lazily(v, &clock);
	v->writes++;
	if (READ_ONCE(v->host))
		restore(v, reg, val, &clock);
	else
		kt_lapic_timer_write(&v->timer, reg, val, &clock);
	kt_vcpu_publish(v);
	if (reg == KT_LAPIC_TIMER_TMICT) {
		kt_tick_begin(&v->tick);
		v->rang_ns = 0;
	}
	kt_vcpu_changed(v, &clock);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_write_deadline() - the guest, or the VMM, writes IA32_TSC_DEADLINE
 * @v:		the vCPU
 * @val:	value
 *
 * Context: Process, the vCPU's thread; interrupts may be off.
 */
void kt_vcpu_write_deadline(struct kt_vcpu *v, u64 val)
{
	struct kt_lapic_clock clock;
	unsigned long flags;

	kt_vcpu_lock_save(v, flags);
	sample(v, &clock);
	v->writes++;
	if (READ_ONCE(v->host))
		restore(v, KT_LAPIC_TIMER_DEADLINE, val, &clock);
	else
		kt_lapic_timer_write_deadline(&v->timer, val, &clock);
	kt_vcpu_changed(v, &clock);
	kt_vcpu_unlock_restore(v, flags);
}

/**
 * kt_vcpu_migrated() - the vCPU runs on another CPU
 * @v:		the vCPU
 *
 * Context: Process, the vCPU's thread.
 */
void kt_vcpu_migrated(struct kt_vcpu *v)
{
	WRITE_ONCE(v->due, true);
	kt_vcpu_serve(v);
}
