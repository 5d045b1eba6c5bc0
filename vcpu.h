/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU: its LAPIC timer.
 */
#ifndef KT_VCPU_H
#define KT_VCPU_H

#include <linux/hrtimer.h>
#include <linux/kvm_host.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "include/uapi/linux/kvm_timers.h"
#include "lapic_timer.h"
#include "tick.h"

struct kt_vm;

/**
 * struct kt_vcpu - a vCPU whose LAPIC timer is ours
 * @rcu:	frees it
 * @vcpu:	the vCPU; not to be used once @stopped
 * @vm:		the guest
 * @host:	an ioctl of the VMM is at work: nothing is given, nothing is armed
 * @due:	there is something to do before the vCPU runs on
 * @has_cpu_timer: the CPU has a timer of its own that may be used
 * @in_cpu:	the CPU's own timer is set, not @alarm; changed under @lock
 * @alarm:	fires at the next thing to do, on the CPU where the vCPU runs
 * @lock:	protects all below
 * @seq:	for readers of TMCCT, and for the status, who take no lock
 * @stopped:	the vCPU is being destroyed
 * @next_ns:	next edge that the alarm was set to, guest time; KT_NEVER: another reason
 * @rang_ns:	guest time of the last alarm
 * @early_ns:	how early the alarm was set for it
 * @advance_ns:	how early to be, as found so far
 * @spare_ns:	what may be added to that
 * @timer:	the device
 * @tick:	account of its interrupts
 * @reads:	register reads
 * @writes:	register writes
 * @late:	lateness, see struct kvm_timers_device_status
 */
struct kt_vcpu {
	struct rcu_head		rcu;
	struct kvm_vcpu		*vcpu;
	struct kt_vm		*vm;
	bool			host;
	bool			due;
	bool			has_cpu_timer;
	bool			in_cpu;
	struct hrtimer		alarm;
	raw_spinlock_t		lock;
	seqcount_raw_spinlock_t	seq;
	bool			stopped;
	u64			next_ns;
	u64			rang_ns;
	u32			early_ns;
	u32			advance_ns;
	u32			spare_ns;
	struct kt_lapic_timer	timer;
	struct kt_tick		tick;
	u64			reads;
	u64			writes;
	u64			late[KVM_TIMERS_LATE_BUCKETS];
};

/**
 * struct kt_vcpus - the LAPIC timers of a guest
 * @table:	struct kt_vcpu by the vCPU's id
 * @params:	policy and bounds of all of them
 * @advance:	enum kvm_timers_advance
 * @advance_ns:	see struct kvm_timers_config
 */
struct kt_vcpus {
	struct xarray		table;
	struct kt_tick_params	params;
	u32			advance;
	u32			advance_ns;
};

DECLARE_PER_CPU(struct kt_vcpu *, kt_vcpu_last);

/**
 * kt_vcpu_recall() - the vCPU that was last looked up on this CPU
 * @vcpu:	a vCPU that cannot go away during the call
 *
 * Context: Any; called from ftrace handlers of every VM on the host.
 * Return: the vCPU, if it is that one; else NULL, and kt_vcpu_find() knows.
 */
static __always_inline struct kt_vcpu *kt_vcpu_recall(struct kvm_vcpu *vcpu)
{
	struct kt_vcpu *v;

	/* Another one may be on its way out, and is there until preemption. */
	preempt_disable_notrace();
	v = this_cpu_read(kt_vcpu_last);
	if (v && v->vcpu != vcpu)
		v = NULL;
	preempt_enable_notrace();
	return v;
}

/* With the lock comes the sequence that those who do not take it look at. */
static inline void kt_vcpu_lock(struct kt_vcpu *v)
{
	raw_spin_lock(&v->lock);
	write_seqcount_begin(&v->seq);
}

static inline void kt_vcpu_unlock(struct kt_vcpu *v)
{
	write_seqcount_end(&v->seq);
	raw_spin_unlock(&v->lock);
}

#define kt_vcpu_lock_save(v, flags) do {		\
	raw_spin_lock_irqsave(&(v)->lock, flags);	\
	write_seqcount_begin(&(v)->seq);		\
} while (0)

static inline void kt_vcpu_unlock_restore(struct kt_vcpu *v, unsigned long flags)
{
	write_seqcount_end(&v->seq);
	raw_spin_unlock_irqrestore(&v->lock, flags);
}

int kt_vcpu_create(struct kt_vm *vm, struct kvm_vcpu *vcpu);
void kt_vcpu_created(struct kt_vm *vm, struct kvm_vcpu *vcpu);
void kt_vcpu_destroy(struct kt_vm *vm, struct kvm_vcpu *vcpu, bool frees);
struct kt_vcpu *kt_vcpu_search(struct kvm_vcpu *vcpu);

/**
 * kt_vcpu_find() - a vCPU whose LAPIC timer is ours
 * @vcpu:	a vCPU that cannot go away during the call
 *
 * Context: Any.
 * Return: the vCPU, or NULL if its timer is KVM's.
 */
static inline struct kt_vcpu *kt_vcpu_find(struct kvm_vcpu *vcpu)
{
	struct kt_vcpu *v = kt_vcpu_recall(vcpu);

	return likely(v) ? v : kt_vcpu_search(vcpu);
}

u32 kt_vcpu_read_tmcct(struct kt_vcpu *v);
u64 kt_vcpu_read_deadline(struct kt_vcpu *v);
void kt_vcpu_write(struct kt_vcpu *v, enum kt_lapic_timer_reg reg, u32 val);
void kt_vcpu_write_deadline(struct kt_vcpu *v, u64 val);
void kt_vcpu_set_enabled(struct kt_vcpu *v, bool enabled);
void kt_vcpu_reset(struct kt_vcpu *v);
bool kt_vcpu_get_state(struct kt_vcpu *v, struct kt_lapic_timer_state *state);
void kt_vcpu_set_state(struct kt_vcpu *v, const struct kt_lapic_timer_state *state);
void kt_vcpu_put(struct kt_vcpu *v, struct kvm_timers_vcpu_record *rec, u64 now);
bool kt_vcpu_has(struct kt_vcpu *v, const struct kvm_timers_vcpu_record *rec);
void kt_vcpu_take(struct kt_vcpu *v, const struct kvm_timers_vcpu_record *rec, u64 now);

void kt_vcpu_host_begin(struct kt_vcpu *v);
void kt_vcpu_host_end(struct kt_vcpu *v, bool tsc_changed);
void kt_vcpu_sample(const struct kt_vcpu *v, struct kt_lapic_clock *clock);
void kt_vcpu_sample_lazily(const struct kt_vcpu *v, struct kt_lapic_clock *clock);
u32 kt_vcpu_advance_ns(const struct kt_vcpu *v);
void kt_vcpu_changed(struct kt_vcpu *v, const struct kt_lapic_clock *clock);
void kt_vcpu_publish(struct kt_vcpu *v);
void kt_vcpu_reconsider(struct kt_vcpu *v);
void kt_vcpu_reconsider_all(struct kt_vm *vm);
enum hrtimer_restart kt_vcpu_alarm(struct hrtimer *timer);
void kt_vcpu_cpu_alarm(struct kt_vcpu *v);

void kt_vcpu_tsc_moving(struct kt_vcpu *v);
void kt_vcpu_tsc_moved(struct kt_vcpu *v);
void kt_vcpu_migrated(struct kt_vcpu *v);
void kt_vcpu_serve(struct kt_vcpu *v);

int kt_vcpu_set_advance(struct kt_vm *vm, u32 advance, u32 advance_ns);
void kt_vcpu_set_tick_params(struct kt_vm *vm, const struct kt_tick_params *params);
void kt_vcpu_stop_all(struct kt_vm *vm);
void kt_vcpu_free_all(struct kt_vm *vm);
int kt_vcpu_status(struct kt_vm *vm, bool has_vcpus, struct kvm_timers_status *status);

#endif /* KT_VCPU_H */
