// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from two statuses of a VM, one after the other. Pure: no clock, no module.
 */
#include "rates.h"

#include <stdint.h>
#include <string.h>

#include "late.h"

#define NS_PER_S	1e9
#define PERMILLE	1000

static __u64 add_sat(__u64 a, __u64 b)
{
	__u64 sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* A VM of that id that is another one, after the module was loaded anew, counts from 0 again. */
static bool follows(const struct kvm_timers_device_status *before,
		    const struct kvm_timers_device_status *now)
{
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++)
		if (now->late[n] < before->late[n])
			return false;

	return now->stats.due >= before->stats.due &&
	       now->stats.delivered >= before->stats.delivered;
}

static enum kt_rates_state state_of(const struct kt_rates *rates,
				    const struct kvm_timers_device_status *before,
				    const struct kvm_timers_device_status *now)
{
	if (!now->active)
		return KT_RATES_ABSENT;
	if (now->catchup_rate_pct ||
	    (rates->known && now->stats.caught_up > before->stats.caught_up))
		return KT_RATES_CATCHING_UP;
	if (now->owed)
		return KT_RATES_OWES;
	if (now->period_ns || (rates->known && now->stats.delivered > before->stats.delivered))
		return KT_RATES_ON_TIME;

	return KT_RATES_IDLE;
}

/**
 * kt_rates_device() - what a device did between two statuses
 * @rates:	result
 * @before:	the first status, NULL if there is none
 * @now:	the second
 * @elapsed_ns:	time between them
 */
void kt_rates_device(struct kt_rates *rates, const struct kvm_timers_device_status *before,
		     const struct kvm_timers_device_status *now, __u64 elapsed_ns)
{
	double seconds = elapsed_ns / NS_PER_S;
	unsigned int n;

	memset(rates, 0, sizeof(*rates));
	rates->known = before && elapsed_ns && follows(before, now);
	rates->owed = now->owed;
	rates->catchup_pct = now->active ? now->catchup_rate_pct : 0;
	rates->state = state_of(rates, before, now);
	memcpy(rates->late_all, now->late, sizeof(rates->late_all));
	if (!rates->known)
		return;

	rates->asked = (now->stats.due - before->stats.due) / seconds;
	rates->delivered = (now->stats.delivered - before->stats.delivered) / seconds;
	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++)
		rates->late[n] = now->late[n] - before->late[n];
}

/**
 * kt_rates_add() - take one more device into a sum
 * @sum:	of all devices before, zeroed for the first
 * @rates:	of one device
 */
void kt_rates_add(struct kt_rates *sum, const struct kt_rates *rates)
{
	unsigned int n;

	sum->known |= rates->known;
	sum->asked += rates->asked;
	sum->delivered += rates->delivered;
	sum->owed = add_sat(sum->owed, rates->owed);
	if (rates->catchup_pct > sum->catchup_pct)
		sum->catchup_pct = rates->catchup_pct;
	if (rates->state > sum->state)
		sum->state = rates->state;
	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++) {
		sum->late[n] = add_sat(sum->late[n], rates->late[n]);
		sum->late_all[n] = add_sat(sum->late_all[n], rates->late_all[n]);
	}
}

/**
 * kt_rates_quantile() - what so many of the interrupts are late by less than
 * @late:	histogram
 * @permille:	1 to 1000; 1000: all of them
 *
 * Return: microseconds, the upper bound of a bucket; KT_LATE_UNBOUNDED for the last one;
 * KT_RATES_NO_LATE if the histogram is empty.
 */
__u64 kt_rates_quantile(const __u64 *late, unsigned int permille)
{
	__u64 count = 0, rank, seen = 0;
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++)
		count = add_sat(count, late[n]);
	if (!count)
		return KT_RATES_NO_LATE;

	/* Rounded up, without a product that overflows: one that is late makes the maximum. */
	rank = count / PERMILLE * permille +
	       (count % PERMILLE * permille + PERMILLE - 1) / PERMILLE;
	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS - 1; n++) {
		seen = add_sat(seen, late[n]);
		if (seen >= rank)
			break;
	}

	return kt_late_below_us(n);
}
