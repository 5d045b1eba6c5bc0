// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one clock of a guest: a line over the host's TSC, from which kvmclock and every
 * device have their time.
 *
 * With KVM_TIMERS_CLOCK_HOST it follows CLOCK_MONOTONIC, and so the host's NTP. It is
 * reviewed once a second, and when the host's rate has changed. Where it would go astray
 * by more than TOLERANCE_NS a new piece begins, exactly where the old one is: no step, in
 * neither direction. All vCPUs are held meanwhile, so that no two of them read by different
 * pieces.
 */
#include "vm_clock.h"
#include "compat.h"
#include "inject.h"
#include "model.h"
#include "trace.h"
#include "vm.h"

#include <linux/clocksource.h>
#include <linux/irq_work.h>
#include <linux/math64.h>
#include <linux/pvclock_gtod.h>
#include <linux/timekeeper_internal.h>
#include <linux/workqueue.h>

#include <asm/tsc.h>
#include <asm/vdso/clocksource.h>

/* How long a piece is left alone, and in what time it is to meet the host's clock. */
#define REVIEW_NS		NSEC_PER_SEC
/* How far it may go astray in that time. */
#define TOLERANCE_NS		100
/* Too short for the host's rate to be measured by it. */
#define MEASURE_NS		(NSEC_PER_SEC / 4)

/* Shifts of a clock that kt_kvmclock_host_rate() takes. */
#define MIN_SHIFT		8
#define MAX_SHIFT		32

/* NTP has the rate tremble by one unit; more is a change. */
#define TREMBLE			2

/* The host's clock, as the timekeeping core has it. */
static struct {
	seqcount_t		seq;
	struct kt_kvmclock_host	clock;
	bool			by_tsc;
	u32			bends;
} host = {
	.seq	= SEQCNT_ZERO(host.seq),
};

static void review_all(struct work_struct *work);
static DECLARE_DELAYED_WORK(review_work, review_all);

static void bent(struct irq_work *work)
{
	mod_delayed_work(system_highpri_wq, &review_work, 0);
}

static DEFINE_IRQ_WORK(bent_work, bent);

/* Under the timekeeper's lock, interrupts off: whatever wakes somebody waits. */
static int host_changed(struct notifier_block *nb, unsigned long was_set, void *priv)
{
	const struct tk_read_base *mono = &((struct timekeeper *)priv)->tkr_mono;
	bool is_bent = abs((s32)(mono->mult - host.clock.mult)) > TREMBLE;

	write_seqcount_begin(&host.seq);
	host.clock.cycle = mono->cycle_last;
	host.clock.ns = ktime_to_ns(mono->base);
	host.clock.frac = mono->xtime_nsec;
	host.clock.mult = mono->mult;
	host.clock.shift = mono->shift;
	host.by_tsc = mono->clock->vdso_clock_mode == VDSO_CLOCKMODE_TSC &&
		      mono->shift >= MIN_SHIFT && mono->shift <= MAX_SHIFT;
	host.bends += is_bent;
	write_seqcount_end(&host.seq);

	if (is_bent && READ_ONCE(kt_vm_count))
		irq_work_queue(&bent_work);
	return 0;
}

static struct notifier_block host_notifier = {
	.notifier_call	= host_changed,
};

/* Return: whether the host's clock is its TSC; then what it is, and how often it was bent. */
static bool look_at_host(struct kt_kvmclock_host *clock, u32 *bends)
{
	unsigned int seq;
	bool by_tsc;

	do {
		seq = read_seqcount_begin(&host.seq);
		*clock = host.clock;
		*bends = host.bends;
		by_tsc = host.by_tsc;
	} while (read_seqcount_retry(&host.seq, seq));
	return by_tsc && !check_tsc_unstable();
}

/**
 * struct review - what a look at the host's clock has brought
 * @map:	what is to hold from now on
 * @cycle:	the host's TSC
 * @host_ns:	CLOCK_MONOTONIC
 * @bends:	how often its rate has changed
 */
struct review {
	struct kt_vm_map	map;
	u64			cycle;
	u64			host_ns;
	u32			bends;
};

static u64 difference(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

/* How fast the host's clock goes: by measurement, but for what has just changed. */
static u64 rate_of_host(const struct kt_vm_clock *clock, const struct review *review,
			const struct kt_kvmclock_host *now)
{
	const struct kt_tsc_scale *scale = &clock->map.scale;
	u64 passed_ns = review->host_ns - clock->seen_ns;
	u64 cycles = kt_tsc_scale(scale, review->cycle - clock->seen_cycle);

	if (review->bends != clock->seen_bends || passed_ns < MEASURE_NS ||
	    passed_ns > U32_MAX || !cycles)
		return kt_kvmclock_host_rate(now, scale->ratio, scale->frac_bits);

	return kt_model_scale_long(passed_ns, BIT_ULL(KT_KVMCLOCK_RATE_SHIFT), cycles);
}

/* The line no longer holds: go on from where it is, as the host's clock does. */
static void leave_line(struct kt_vm_map *map, u64 now)
{
	map->by_tsc = false;
	map->is_plain = false;
	map->ns = now;
	map->host_ns = ktime_get_ns();
	map->skew = 0;
}

/*
 * A new piece for the same guest time. Where there is none for such a rate, the line cannot
 * hold.
 */
static void begin(const struct kt_vm_clock *clock, struct review *review, u64 now, u64 rate)
{
	struct kt_vm_map *map = &review->map;
	struct kt_kvmclock_line line = {
		.tsc	= kt_tsc_scale(&map->scale, review->cycle),
		.ns	= now,
	};
	int ret;

	if (clock->rate == KVM_TIMERS_CLOCK_TSC)
		ret = kt_kvmclock_set_hz(&line, kt_tsc_scale(&map->scale, tsc_khz) * 1000);
	else
		ret = kt_kvmclock_begin(&line, line.tsc, now, rate);
	if (ret) {
		leave_line(map, now);
		return;
	}
	map->line = line;
	map->ns = now;
	map->host_ns = review->host_ns;
}

/* Return: whether guest time goes another way from now on. */
static bool plan(const struct kt_vm_clock *clock, struct review *review)
{
	struct kt_vm_map *map = &review->map;
	struct kt_kvmclock_host now_host;
	u64 now, rate, is_rate, wanted;
	bool by_tsc;

	*map = clock->map;
	if (!map->by_tsc)
		return false;

	by_tsc = look_at_host(&now_host, &review->bends);
	review->cycle = rdtsc_ordered();
	now = kt_vm_map_read(map, review->cycle);
	if (!by_tsc) {
		leave_line(map, now);
		return true;
	}
	review->host_ns = kt_kvmclock_host_read(&now_host, review->cycle);
	rate = rate_of_host(clock, review, &now_host);
	is_rate = kt_kvmclock_rate(&map->line);
	if (clock->rate == KVM_TIMERS_CLOCK_HOST) {
		wanted = kt_kvmclock_steer(rate, review->host_ns - clock->origin_ns - now,
					   REVIEW_NS);
		if (difference(wanted, is_rate) < is_rate / (REVIEW_NS / TOLERANCE_NS))
			return false;
		begin(clock, review, now, wanted);
		is_rate = wanted;
	} else {
		/* Only the alarms have to know. */
		if (difference(kt_vm_clock_host_ns(clock, now), review->host_ns) < TOLERANCE_NS)
			return false;
		map->ns = now;
		map->host_ns = review->host_ns;
	}
	map->skew = kt_kvmclock_skew(is_rate, rate);
	return true;
}

/* Else only the alarms' idea of the host's clock is another one. */
static bool is_other_line(const struct kt_vm_map *a, const struct kt_vm_map *b)
{
	return a->by_tsc != b->by_tsc || a->line.tsc != b->line.tsc;
}

static enum kt_vm_clock_why reviewed(const struct review *review)
{
	return review->map.by_tsc ? KT_VM_CLOCK_FOLLOWS : KT_VM_CLOCK_LEFT;
}

static void put_in_force(struct kt_vm *vm, const struct kt_vm_map *map, enum kt_vm_clock_why why)
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
		trace_clock_changed(vm->id, why, clock, map->by_tsc ? map->line.ns : map->ns);
	kt_vm_realarm(vm);
}

/* Of holders one at a time: none lets go what another one holds. */
static DEFINE_MUTEX(turn);

/* No vCPU reads guest time until kvmclock_changed(). */
static void change_kvmclock(struct kt_vm *vm)
{
	mutex_lock(&turn);
	preempt_disable();
	if (vm->devices & KVM_TIMERS_KVMCLOCK)
		kt_inject_hold(vm->kvm);
	raw_spin_lock_irq(&vm->lock);
}

static void kvmclock_changed(struct kt_vm *vm)
{
	raw_spin_unlock_irq(&vm->lock);
	if (vm->devices & KVM_TIMERS_KVMCLOCK)
		kt_inject_release(vm->kvm);
	preempt_enable();
	mutex_unlock(&turn);
}

static void note(struct kt_vm_clock *clock, const struct review *review)
{
	clock->seen_cycle = review->cycle;
	clock->seen_ns = review->host_ns;
	clock->seen_bends = review->bends;
}

/* The VM cannot go away meanwhile. */
static void review_one(struct kt_vm *vm)
{
	struct review review = { };
	bool is_due, is_line = false;

	raw_spin_lock_irq(&vm->lock);
	is_due = !vm->dead && plan(&vm->clock, &review);
	if (is_due)
		is_line = is_other_line(&vm->clock.map, &review.map);
	/* Alarms alone are nothing to hold vCPUs for. */
	if (is_due && !is_line)
		put_in_force(vm, &review.map, reviewed(&review));
	if (!vm->dead && !is_line && vm->clock.map.by_tsc)
		note(&vm->clock, &review);
	raw_spin_unlock_irq(&vm->lock);
	if (!is_line)
		return;

	change_kvmclock(vm);
	if (!vm->dead && plan(&vm->clock, &review)) {
		put_in_force(vm, &review.map, reviewed(&review));
		note(&vm->clock, &review);
	}
	kvmclock_changed(vm);
}

static void review_all(struct work_struct *work)
{
	if (kt_vm_for_each(review_one))
		queue_delayed_work(system_highpri_wq, &review_work, nsecs_to_jiffies(REVIEW_NS));
}

/**
 * kt_vm_clock_attached() - there is a guest to be looked after
 *
 * Context: Process.
 */
void kt_vm_clock_attached(void)
{
	queue_delayed_work(system_highpri_wq, &review_work, nsecs_to_jiffies(REVIEW_NS));
}

/* The line of a guest whose TSC goes by that ratio, from the same guest time on. */
static void rescale(struct kt_vm_clock *clock, struct kt_vm_map *map,
		    const struct kt_tsc_scale *scale, u64 now, u64 cycle)
{
	struct kt_kvmclock_host now_host;
	struct review review;
	bool by_tsc = look_at_host(&now_host, &review.bends);
	u64 rate;

	review.map = *map;
	review.map.scale = *scale;
	review.map.is_plain = map->by_tsc && scale->ratio == BIT_ULL(scale->frac_bits);
	review.cycle = cycle;
	if (by_tsc && map->by_tsc) {
		review.host_ns = kt_kvmclock_host_read(&now_host, cycle);
		rate = kt_kvmclock_host_rate(&now_host, scale->ratio, scale->frac_bits);
		begin(clock, &review, now, rate);
		review.map.skew = kt_kvmclock_skew(kt_kvmclock_rate(&review.map.line), rate);
		note(clock, &review);
	} else {
		leave_line(&review.map, now);
	}
	*map = review.map;
}

/**
 * kt_vm_clock_start() - guest time is 0
 * @vm:		a guest that nobody knows yet
 * @rate:	enum kvm_timers_clock_rate, not KVM_TIMERS_CLOCK_DEFAULT
 *
 * Context: Process.
 */
void kt_vm_clock_start(struct kt_vm *vm, u32 rate)
{
	struct kt_vm_clock *clock = &vm->clock;
	struct kt_tsc_scale scale;

	seqcount_raw_spinlock_init(&clock->seq, &vm->lock);
	clock->rate = rate;
	clock->map.by_tsc = true;
	kt_inject_tsc_scale(NULL, &scale);
	rescale(clock, &clock->map, &scale, 0, rdtsc_ordered());
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

	raw_spin_lock_irqsave(&vm->lock, flags);
	map = vm->clock.map;
	if (!vm->dead && (map.scale.ratio != scale->ratio ||
			  map.scale.frac_bits != scale->frac_bits)) {
		now = kt_vm_clock_sample(&vm->clock, &cycle);
		rescale(&vm->clock, &map, scale, now, cycle);
		put_in_force(vm, &map, KT_VM_CLOCK_SCALED);
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

/**
 * kt_vm_clock_suspend() - the host goes to sleep
 * @vm:		a guest, none of whose vCPUs runs
 *
 * The TSC may go on meanwhile, stop, or begin anew: guest time goes as CLOCK_MONOTONIC does,
 * which stands still.
 *
 * Context: Process.
 */
void kt_vm_clock_suspend(struct kt_vm *vm)
{
	struct kt_vm_map map;
	u64 cycle;

	change_kvmclock(vm);
	map = vm->clock.map;
	if (!vm->dead && map.by_tsc) {
		leave_line(&map, kt_vm_clock_sample(&vm->clock, &cycle));
		put_in_force(vm, &map, KT_VM_CLOCK_SUSPENDED);
	}
	kvmclock_changed(vm);
}

/**
 * kt_vm_clock_resume() - the host is back
 * @vm:		a guest, none of whose vCPUs runs
 *
 * Context: Process.
 */
void kt_vm_clock_resume(struct kt_vm *vm)
{
	struct kt_kvmclock_host now_host;
	struct kt_vm_map map;
	u64 cycle, now;
	u32 bends;

	change_kvmclock(vm);
	map = vm->clock.map;
	if (!vm->dead && !map.by_tsc && look_at_host(&now_host, &bends)) {
		cycle = rdtsc_ordered();
		now = map.ns + kt_kvmclock_host_read(&now_host, cycle) - map.host_ns;
		map.by_tsc = true;
		rescale(&vm->clock, &map, &vm->clock.map.scale, now, cycle);
		put_in_force(vm, &map, KT_VM_CLOCK_RESUMED);
	}
	kvmclock_changed(vm);
}

/**
 * kt_vm_clock_read_slowly() - guest time where a line over the host's TSC is not it
 * @map:	what holds now
 * @host_tsc:	of the host
 *
 * Context: Any.
 * Return: ns; of now, as far as the line does not hold.
 */
u64 kt_vm_clock_read_slowly(const struct kt_vm_map *map, u64 host_tsc)
{
	if (!map->by_tsc)
		return map->ns + ktime_get_ns() - map->host_ns;

	return kt_kvmclock_read(&map->line, kt_tsc_scale(&map->scale, host_tsc));
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
 * @instant:	filled in
 *
 * Context: Any.
 */
void kt_vm_clock_get(struct kt_vm *vm, struct kt_vm_instant *instant)
{
	struct system_time_snapshot snapshot;
	struct kt_kvmclock_host now_host;
	unsigned long flags;
	u32 bends;

	raw_spin_lock_irqsave(&vm->lock, flags);
	ktime_get_snapshot(&snapshot);
	instant->by_tsc = vm->clock.map.by_tsc && look_at_host(&now_host, &bends);
	instant->host_tsc = snapshot.cycles;
	instant->real_ns = ktime_to_ns(snapshot.real);
	instant->ns = kt_vm_map_read(&vm->clock.map, snapshot.cycles) + vm->clock.base_ns;
	raw_spin_unlock_irqrestore(&vm->lock, flags);
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

	change_kvmclock(vm);
	now = kt_vm_clock_sample(clock, &cycle);
	now_real_ns = ktime_get_real_ns();
	if (real_ns && now_real_ns > real_ns)
		ns += now_real_ns - real_ns;

	/* The page cannot say what kvmclock was before it was 0. */
	map = clock->map;
	map.line.tsc = kt_tsc_scale(&map.scale, cycle);
	map.line.ns = now;
	clock->base_ns = ns - now;
	clock->sets++;
	put_in_force(vm, &map, KT_VM_CLOCK_SET);
	kvmclock_changed(vm);
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

	raw_spin_lock_irq(&vm->lock);
	line = clock->map.line;
	page->stable = clock->map.by_tsc && scale->ratio == clock->map.scale.ratio;
	if (!page->stable) {
		/* This vCPU alone, and until it comes here again. */
		now = kt_vm_clock_sample(clock, &cycle);
		line.tsc = kt_tsc_scale(scale, cycle);
		line.ns = now;
		kt_kvmclock_set_hz(&line, kt_tsc_scale(scale, tsc_khz) * 1000);
	}
	page->ns = line.ns + clock->base_ns;
	raw_spin_unlock_irq(&vm->lock);
	page->tsc = line.tsc + offset;
	page->mul = line.mul;
	page->shift = line.shift;
}

/**
 * kt_vm_clock_status() - guest time, and where the host's clock is
 * @vm:		the guest, dead or alive
 * @status:	filled in
 * @now:	guest time
 *
 * Context: Any, vm->lock held.
 */
void kt_vm_clock_status(struct kt_vm *vm, struct kvm_timers_status *status, u64 now)
{
	const struct kt_vm_clock *clock = &vm->clock;

	lockdep_assert_held(&vm->lock);

	status->clock_rate = clock->rate;
	status->clock_flags = clock->map.by_tsc ? KVM_TIMERS_CLOCK_BY_TSC : 0;
	status->clock_segments = clock->segments;
	status->clock_sets = clock->sets;
	status->kvmclock_ns = now + clock->base_ns;
	if (!vm->dead)
		status->clock_lag_ns = kt_vm_clock_host_ns(clock, now) - clock->origin_ns - now;
}

/**
 * kt_vm_clock_init() - begin to follow the host's clock
 *
 * Context: Process, module initialization.
 * Return: 0.
 */
int kt_vm_clock_init(void)
{
	return pvclock_gtod_register_notifier(&host_notifier);
}

/**
 * kt_vm_clock_exit() - the last guest is gone
 *
 * Context: Process.
 */
void kt_vm_clock_exit(void)
{
	pvclock_gtod_unregister_notifier(&host_notifier);
	irq_work_sync(&bent_work);
	cancel_delayed_work_sync(&review_work);
}
