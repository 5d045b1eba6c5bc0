/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one clock of a guest: its line over the host's TSC, and where the host's own clock is.
 */
#ifndef KT_VM_CLOCK_H
#define KT_VM_CLOCK_H

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/seqlock.h>
#include <linux/timekeeping.h>

#include <asm/msr.h>

#include "include/uapi/linux/kvm_timers.h"
#include "kvmclock.h"
#include "tsc.h"

struct kvm_vcpu;
struct kt_vm;

/* Why the line is another one from now on. */
enum kt_vm_clock_why {
	KT_VM_CLOCK_FOLLOWS,	/* the host's clock has another rate */
	KT_VM_CLOCK_SCALED,	/* the guest's TSC has another ratio */
	KT_VM_CLOCK_SET,	/* the VMM has set kvmclock */
	KT_VM_CLOCK_LEFT,	/* the host's clock is no longer its TSC */
	KT_VM_CLOCK_SUSPENDED,	/* the host goes to sleep */
	KT_VM_CLOCK_RESUMED,	/* it is back */
	KT_VM_CLOCK_FROZEN,	/* it stands still */
	KT_VM_CLOCK_THAWED,	/* it goes on */
	KT_VM_CLOCK_RESTORED,	/* it is that of a record */
};

/**
 * struct kt_vm_map - guest time by the host's clocks
 * @line:	guest time over the TSC, as @scale gives it
 * @scale:	the guest's TSC, but for its offset
 * @by_tsc:	the line holds; else guest time goes as CLOCK_MONOTONIC does
 * @is_plain:	@by_tsc, and @scale is 1
 * @is_frozen:	it stands still at @ns, and nothing else holds
 * @ns:		guest time at which the two were compared
 * @host_ns:	CLOCK_MONOTONIC then
 * @skew:	from there on CLOCK_MONOTONIC is so much faster, see kt_kvmclock_skew()
 */
struct kt_vm_map {
	struct kt_kvmclock_line	line;
	struct kt_tsc_scale	scale;
	bool			by_tsc;
	bool			is_plain;
	bool			is_frozen;
	u64			ns;
	u64			host_ns;
	s32			skew;
};

/**
 * struct kt_vm_frozen - a guest time that stands still
 * @held:	by what it went, and goes on if nobody says otherwise
 * @cycle:	the host's TSC when it stopped
 * @boot_ns:	CLOCK_BOOTTIME then
 * @real_ns:	CLOCK_REALTIME then
 * @before_ns:	of a record: for how long it had stood still then
 * @lag_ns:	what the host's clock was ahead by
 * @is_cut:	the host was suspended since, and its TSC says nothing about the time between
 */
struct kt_vm_frozen {
	struct kt_vm_map	held;
	u64			cycle;
	u64			boot_ns;
	u64			real_ns;
	u64			before_ns;
	s64			lag_ns;
	bool			is_cut;
};

/**
 * struct kt_vm_clock - the clock of one guest
 * @seq:	for readers of @map, who take no lock; kt_vm.lock for writers
 * @map:	what holds now
 * @rate:	enum kvm_timers_clock_rate
 * @gap:	enum kvm_timers_gap: what a pause is to the guest
 * @is_still:	no vCPU has run since guest time stopped, be it that it goes on by now
 * @away_ns:	since when no vCPU has been in KVM_RUN, CLOCK_MONOTONIC; 0: one was
 * @seen_exits:	of all vCPUs at the last review
 * @frozen:	while @map.is_frozen
 * @origin_ns:	what CLOCK_MONOTONIC is to be ahead of guest time: it was that when this was 0
 * @base_ns:	kvmclock is so far ahead of guest time, modulo 2^64
 * @segments:	pieces of the line so far
 * @sets:	times that it was set
 * @thaws:	times that it stood still, and went on
 * @stopped_ns:	time of the host in which it did, and that is not to be made up for
 * @seen_cycle:	the host's TSC at the last review
 * @seen_ns:	CLOCK_MONOTONIC then
 * @seen_bends:	count of changes of its rate then
 */
struct kt_vm_clock {
	seqcount_raw_spinlock_t	seq;
	struct kt_vm_map	map;
	u32			rate;
	u32			gap;
	bool			is_still;
	u64			away_ns;
	u64			seen_exits;
	struct kt_vm_frozen	frozen;
	u64			origin_ns;
	u64			base_ns;
	u64			segments;
	u64			sets;
	u64			thaws;
	u64			stopped_ns;
	u64			seen_cycle;
	u64			seen_ns;
	u32			seen_bends;
};

/**
 * struct kt_vm_instant - the host's clocks and the guest's at one instant
 * @ns:		what kvmclock shows
 * @by_tsc:	the rest is known
 * @host_tsc:	TSC of the host
 * @real_ns:	CLOCK_REALTIME of the host
 */
struct kt_vm_instant {
	u64	ns;
	bool	by_tsc;
	u64	host_tsc;
	u64	real_ns;
};

/**
 * struct kt_vm_page - what a vCPU reads kvmclock by, but for the page's own protocol
 * @tsc:	the vCPU's TSC where the line begins
 * @ns:		kvmclock there
 * @mul:	see kt_kvmclock_read()
 * @shift:	see kt_kvmclock_read()
 * @stable:	all vCPUs read by the same line
 */
struct kt_vm_page {
	u64	tsc;
	u64	ns;
	u32	mul;
	s8	shift;
	bool	stable;
};

u64 kt_vm_clock_read_slowly(const struct kt_vm_map *map, u64 host_tsc);
u64 kt_vm_clock_sample_slowly(const struct kt_vm_map *map, u64 *host_tsc);

/* Guest time when the host's TSC was that, just now. */
static __always_inline u64 kt_vm_map_read(const struct kt_vm_map *map, u64 host_tsc)
{
	if (unlikely(!map->is_plain))
		return kt_vm_clock_read_slowly(map, host_tsc);

	return kt_kvmclock_read(&map->line, host_tsc);
}

/* Guest time, ns, and the host's TSC at the same instant: the one look at the host's clock. */
static __always_inline u64 kt_vm_clock_sample(const struct kt_vm_clock *clock, u64 *host_tsc)
{
	unsigned int seq;
	u64 now;

	do {
		seq = read_seqcount_begin(&clock->seq);
		if (unlikely(!clock->map.is_plain)) {
			now = kt_vm_clock_sample_slowly(&clock->map, host_tsc);
		} else {
			*host_tsc = rdtsc_ordered();
			now = kt_kvmclock_read(&clock->map.line, *host_tsc);
		}
	} while (read_seqcount_retry(&clock->seq, seq));
	return now;
}

/**
 * kt_vm_clock_host_ns() - when it is that guest time, for an alarm
 * @clock:	of a guest
 * @guest_ns:	guest time, or KT_NEVER
 *
 * As far as known now: an alarm is set anew when the line changes.
 *
 * Context: Any.
 * Return: CLOCK_MONOTONIC, KTIME_MAX where that is seventy years away, or guest time stands
 * still.
 */
static inline u64 kt_vm_clock_host_ns(const struct kt_vm_clock *clock, u64 guest_ns)
{
	u64 host_ns, wait_ns;
	unsigned int seq;
	bool is_frozen;
	s32 skew;

	do {
		seq = read_seqcount_begin(&clock->seq);
		is_frozen = clock->map.is_frozen;
		host_ns = clock->map.host_ns;
		wait_ns = guest_ns - clock->map.ns;
		skew = clock->map.skew;
	} while (read_seqcount_retry(&clock->seq, seq));

	if (unlikely(is_frozen))
		return KTIME_MAX;
	if (unlikely(wait_ns >= KTIME_MAX / 4)) {
		/* Not even the time before the last change of the line. */
		if ((s64)wait_ns < 0 && guest_ns < KTIME_MAX)
			return host_ns - min(host_ns, -wait_ns);
		return KTIME_MAX;
	}
	return host_ns + wait_ns + (s64)((__int128)wait_ns * skew >> 31);
}

/* The host's wall clock when its CLOCK_MONOTONIC is that, as it is set now. */
static inline u64 kt_vm_clock_real_ns(u64 host_ns)
{
	return ktime_to_ns(ktime_mono_to_real(ns_to_ktime(host_ns)));
}

/* Is guest time a line over the host's TSC, or will it be when it goes on? */
static inline bool kt_vm_clock_by_tsc(const struct kt_vm_clock *clock)
{
	return clock->map.is_frozen ? clock->frozen.held.by_tsc : clock->map.by_tsc;
}

void kt_vm_clock_start(struct kt_vm *vm, u32 rate, u32 gap);
u64 kt_vm_clock_origin(const struct kt_vm_clock *clock);
void kt_vm_clock_rescale(struct kt_vm *vm, const struct kt_tsc_scale *scale);
u64 kt_vm_clock_kvm_base(u64 *base_ns);
void kt_vm_clock_get(struct kt_vm *vm, struct kt_vm_instant *instant);
void kt_vm_clock_set(struct kt_vm *vm, u64 ns, u64 real_ns);
void kt_vm_clock_page(struct kt_vm *vm, const struct kt_tsc_scale *scale, u64 offset,
		      struct kt_vm_page *page);
void kt_vm_clock_status(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now);

void kt_vm_clock_change(struct kt_vm *vm);
void kt_vm_clock_changed(struct kt_vm *vm);
void kt_vm_clock_put_in_force(struct kt_vm *vm, const struct kt_vm_map *map,
			      enum kt_vm_clock_why why);
void kt_vm_clock_leave_line(struct kt_vm_map *map, u64 now, u64 cycle);

void kt_vm_follow_begin(struct kt_vm_clock *clock, struct kt_vm_map *map,
			const struct kt_tsc_scale *scale, u64 now, u64 cycle);
void kt_vm_follow_thawed(const struct kt_vm_clock *clock);
void kt_vm_follow_attached(void);
int kt_vm_follow_init(void);
void kt_vm_follow_exit(void);

int kt_vm_freeze(struct kt_vm *vm);
int kt_vm_thaw(struct kt_vm *vm, u32 gap);
int kt_vm_set_gap(struct kt_vm *vm, u32 gap);
bool kt_vm_thaw_by_set(struct kt_vm *vm, u64 ns, bool by_real_time);
void kt_vm_freeze_at(struct kt_vm_clock *clock, const struct kt_vm_map *held, u64 cycle);
void kt_vm_freeze_end(struct kt_vm *vm);
u64 kt_vm_freeze_sample(const struct kt_vm_clock *clock, u64 *cycle);
void kt_vm_freeze_put(const struct kt_vm_clock *clock, struct kvm_timers_record *rec, u64 now,
		      u64 cycle);
void kt_vm_freeze_take(struct kt_vm *vm, const struct kvm_timers_record *rec,
		       const struct kvm_vcpu *first, u64 cycle, bool same_boot);
void kt_vm_freeze_suspend(struct kt_vm *vm);
void kt_vm_freeze_resume(struct kt_vm *vm);

#endif /* KT_VM_CLOCK_H */
