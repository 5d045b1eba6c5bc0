// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest time follows the host's clock.
 *
 * With KVM_TIMERS_CLOCK_HOST it follows CLOCK_MONOTONIC, and so the host's NTP. It is
 * reviewed once a second, and when the host's rate has changed. Where it would go astray
 * by more than TOLERANCE_NS a new piece begins, exactly where the old one is: no step, in
 * neither direction. All vCPUs are held meanwhile, so that no two of them read by different
 * pieces.
 */
#include "vm_clock.h"
#include "host_clock.h"
#include "inject.h"
#include "model.h"
#include "vm.h"

#include <linux/workqueue.h>

#include <asm/tsc.h>

/* How long a piece is left alone, and in what time it is to meet the host's clock. */
#define REVIEW_NS		NSEC_PER_SEC
/* How far it may go astray in that time. */
#define TOLERANCE_NS		100
/* Too short for the host's rate to be measured by it. */
#define MEASURE_NS		(NSEC_PER_SEC / 4)

/* How long no vCPU is in KVM_RUN before that is a pause. */
#define AWAY_NS			(3 * NSEC_PER_SEC / 2)

static void review_all(struct work_struct *work);
static DECLARE_DELAYED_WORK(review_work, review_all);

static void host_bent(void)
{
	if (READ_ONCE(kt_vm_count))
		mod_delayed_work(system_highpri_wq, &review_work, 0);
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
		ret = kt_kvmclock_set_hz(&line, kt_tsc_hz(&map->scale, tsc_khz));
	else
		ret = kt_kvmclock_begin(&line, line.tsc, now, rate);
	if (ret) {
		kt_vm_clock_leave_line(map, now, review->cycle);
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

	by_tsc = kt_host_clock_look(&now_host, &review->bends);
	review->cycle = rdtsc_ordered();
	now = kt_vm_map_read(map, review->cycle);
	if (!by_tsc) {
		kt_vm_clock_leave_line(map, now, review->cycle);
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

static void note(struct kt_vm_clock *clock, const struct review *review)
{
	clock->seen_cycle = review->cycle;
	clock->seen_ns = review->host_ns;
	clock->seen_bends = review->bends;
}

/*
 * A VMM that is stopped tells nobody. When it comes back, the guest is to find that it was
 * stopped before its lockup detector finds something else.
 */
static void look_for_pause(struct kt_vm *vm)
{
	struct kt_vm_clock *clock = &vm->clock;
	u64 now_ns = ktime_get_ns();
	u64 exits;

	if (!kt_inject_is_paused(vm->kvm, &exits) || exits != clock->seen_exits) {
		clock->away_ns = 0;
		clock->seen_exits = exits;
	} else if (!clock->away_ns) {
		clock->away_ns = now_ns;
	} else if (now_ns - clock->away_ns >= AWAY_NS && clock->away_ns != KTIME_MAX) {
		clock->away_ns = KTIME_MAX;
		kt_inject_say_stopped(vm->kvm);
	}
}

/* The VM cannot go away meanwhile. */
static void review_one(struct kt_vm *vm)
{
	struct review review = { };
	bool is_due, is_line = false;

	if (vm->devices & KVM_TIMERS_KVMCLOCK)
		look_for_pause(vm);
	kt_vm_lock_irq(vm);
	is_due = !vm->dead && plan(&vm->clock, &review);
	if (is_due)
		is_line = is_other_line(&vm->clock.map, &review.map);
	/* Alarms alone are nothing to hold vCPUs for. */
	if (is_due && !is_line)
		kt_vm_clock_put_in_force(vm, &review.map, reviewed(&review));
	if (!vm->dead && !is_line && vm->clock.map.by_tsc)
		note(&vm->clock, &review);
	kt_vm_unlock_irq(vm);
	if (!is_line)
		return;

	kt_vm_clock_change(vm);
	if (!vm->dead && plan(&vm->clock, &review)) {
		kt_vm_clock_put_in_force(vm, &review.map, reviewed(&review));
		note(&vm->clock, &review);
	}
	kt_vm_clock_changed(vm);
}

/**
 * kt_vm_follow_begin() - a new piece, by another ratio of the guest's TSC
 * @clock:	of a guest
 * @map:	what holds, and is to hold from now on
 * @scale:	the ratio
 * @now:	guest time, ns
 * @cycle:	the host's TSC
 *
 * Context: Any, kt_vm.lock held, or nobody knows the guest yet.
 */
void kt_vm_follow_begin(struct kt_vm_clock *clock, struct kt_vm_map *map,
			const struct kt_tsc_scale *scale, u64 now, u64 cycle)
{
	struct kt_kvmclock_host now_host;
	struct review review;
	bool by_tsc = kt_host_clock_look(&now_host, &review.bends);
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
		kt_vm_clock_leave_line(&review.map, now, cycle);
	}
	*map = review.map;
}

static void review_all(struct work_struct *work)
{
	if (kt_vm_for_each(review_one))
		queue_delayed_work(system_highpri_wq, &review_work, nsecs_to_jiffies(REVIEW_NS));
}

/**
 * kt_vm_follow_attached() - there is a guest to be looked after
 *
 * Context: Process.
 */
void kt_vm_follow_attached(void)
{
	queue_delayed_work(system_highpri_wq, &review_work, nsecs_to_jiffies(REVIEW_NS));
}

/**
 * kt_vm_follow_thawed() - have a line reviewed that stood still when it was its turn
 * @clock:	of a guest
 *
 * Or when the host's clock left it. A VM whose kvmclock is read between any two of its runs stands
 * still most of the time.
 *
 * Context: Any.
 */
void kt_vm_follow_thawed(const struct kt_vm_clock *clock)
{
	struct kt_kvmclock_host now_host;
	u32 bends;

	if (kt_host_clock_look(&now_host, &bends) &&
	    (bends != clock->seen_bends || (s64)(now_host.ns - clock->seen_ns) >= REVIEW_NS))
		mod_delayed_work(system_highpri_wq, &review_work, 0);
}

/**
 * kt_vm_follow_init() - begin to follow the host's clock
 *
 * Context: Process, module initialization.
 * Return: 0 or -errno.
 */
int kt_vm_follow_init(void)
{
	return kt_host_clock_init(host_bent);
}

/**
 * kt_vm_follow_exit() - the last guest is gone
 *
 * Context: Process.
 */
void kt_vm_follow_exit(void)
{
	kt_host_clock_exit();
	cancel_delayed_work_sync(&review_work);
}
