// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's CLOCK_MONOTONIC as a line over its TSC: what the timekeeping core tells of
 * each of its updates.
 */
#include "host_clock.h"
#include "model.h"

#include <linux/clocksource.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/pvclock_gtod.h>
#include <linux/seqlock.h>
#include <linux/timekeeper_internal.h>
#include <linux/timekeeping.h>

#include <asm/tsc.h>
#include <asm/vdso/clocksource.h>

/* Shifts of a clock that kt_kvmclock_host_rate() takes. */
#define MIN_SHIFT		8
#define MAX_SHIFT		32

/* NTP has the rate tremble by one unit; more is a change. */
#define TREMBLE			2

/* How often clock and TSC are read together at most, of which the closest pair counts. */
#define PAIRS			4
/* How slowly what a pair usually takes follows a host where all take more: by that part of it. */
#define USUAL_SHIFT		6

/* An instant that is longer ago is none of a TSC that the host has given up. */
#define MAX_AGO_NS		NSEC_PER_SEC

static struct {
	seqcount_t		seq;
	struct kt_kvmclock_host	clock;
	bool			by_tsc;
	u32			bends;
} host = {
	.seq	= SEQCNT_ZERO(host.seq),
};

/* Cycles between the two TSCs around a reading of the clock. */
static u64 usual_width;

static void (*tell)(void);

static void bent(struct irq_work *work)
{
	tell();
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

	if (is_bent)
		irq_work_queue(&bent_work);
	return 0;
}

static struct notifier_block notifier = {
	.notifier_call	= host_changed,
};

/**
 * kt_host_clock_look() - what the host's clock is now
 * @clock:	filled in
 * @bends:	filled in: how often its rate has changed
 *
 * Context: Any.
 * Return: whether it is its TSC, else @clock means nothing.
 */
bool kt_host_clock_look(struct kt_kvmclock_host *clock, u32 *bends)
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
 * kt_host_clock_pair() - CLOCK_MONOTONIC and the TSC of one instant, where one is not the other
 * @cycle:	filled in: the host's TSC, off by half of what it takes to read the clock
 *
 * The CPU may be away between two readings, on a host that is a VM itself: what has taken much
 * longer than usual is read again.
 *
 * Context: Any.
 * Return: ns, as read: it never goes back.
 */
u64 kt_host_clock_pair(u64 *cycle)
{
	u64 usual = READ_ONCE(usual_width);
	u64 before, after, ns, pair_ns = 0, width = U64_MAX;
	unsigned int i;

	for (i = 0; i < PAIRS && (width > 2 * usual || !i); i++) {
		before = rdtsc_ordered();
		ns = ktime_get_ns();
		after = rdtsc_ordered();
		if (after - before >= width)
			continue;
		width = after - before;
		*cycle = before + width / 2;
		pair_ns = ns;
	}
	WRITE_ONCE(usual_width, min(width, usual + (usual >> USUAL_SHIFT) + 1));
	return pair_ns;
}

/**
 * kt_host_clock_at() - CLOCK_MONOTONIC of an instant that has just been
 * @cycle:	the host's TSC then
 *
 * Whatever the host's clock is. Since @cycle was read the CPU may have been away, on a host that is
 * a VM itself: "now" is not what is asked for.
 *
 * Context: Any.
 * Return: ns.
 */
u64 kt_host_clock_at(u64 cycle)
{
	u64 pair_cycle = cycle, pair_ns, ago;
	struct kt_kvmclock_host clock;
	u32 bends;

	if (kt_host_clock_look(&clock, &bends))
		return kt_kvmclock_host_read(&clock, cycle);

	pair_ns = kt_host_clock_pair(&pair_cycle);
	ago = pair_cycle - cycle;
	if ((s64)ago <= 0)
		return pair_ns;
	ago = kt_model_scale_long(ago, USEC_PER_SEC, tsc_khz);
	return ago < MAX_AGO_NS ? pair_ns - ago : pair_ns;
}

/**
 * kt_host_clock_init() - begin to listen
 * @bent:	called in hard interrupt after each change of the rate
 *
 * Context: Process, module initialization.
 * Return: 0 or -errno.
 */
int kt_host_clock_init(void (*bent)(void))
{
	tell = bent;
	return pvclock_gtod_register_notifier(&notifier);
}

/**
 * kt_host_clock_exit() - no more
 *
 * Context: Process.
 */
void kt_host_clock_exit(void)
{
	pvclock_gtod_unregister_notifier(&notifier);
	irq_work_sync(&bent_work);
}
