/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What follows from two statuses of a VM, one after the other. Pure: no clock, no module.
 */
#ifndef KT_RATES_H
#define KT_RATES_H

#include <stdbool.h>

#include <linux/kvm_timers.h>

/* No interrupt was delivered: there is no lateness. */
#define KT_RATES_NO_LATE	0

/* From the least to the most telling: of several devices the last one counts. */
enum kt_rates_state {
	KT_RATES_ABSENT,
	KT_RATES_IDLE,
	KT_RATES_ON_TIME,
	KT_RATES_OWES,
	KT_RATES_CATCHING_UP,
};

/**
 * struct kt_rates - what a device, or several, did between two statuses
 * @known:	there were two: else the rates are 0, and @late is empty
 * @asked:	interrupts that fell due, per second
 * @delivered:	interrupts given to the guest, per second
 * @owed:	interrupts, at the second one
 * @catchup_pct: catch-up in progress at the second one, in percent of the programmed rate, 0:
 *		none; of several devices the fastest
 * @state:	enum kt_rates_state
 * @late:	histogram of those delivered between the two
 * @late_all:	histogram of those delivered since the VM began
 */
struct kt_rates {
	bool			known;
	double			asked;
	double			delivered;
	__u64			owed;
	__u32			catchup_pct;
	enum kt_rates_state	state;
	__u64			late[KVM_TIMERS_LATE_BUCKETS];
	__u64			late_all[KVM_TIMERS_LATE_BUCKETS];
};

void kt_rates_device(struct kt_rates *rates, const struct kvm_timers_device_status *before,
		     const struct kvm_timers_device_status *now, __u64 elapsed_ns);
void kt_rates_add(struct kt_rates *sum, const struct kt_rates *rates);
__u64 kt_rates_quantile(const __u64 *late, unsigned int permille);

#endif /* KT_RATES_H */
