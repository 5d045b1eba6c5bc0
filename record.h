/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of a guest's clocks: what user space sees of the models. Pure, as they are.
 */
#ifndef KT_RECORD_H
#define KT_RECORD_H

#include <linux/types.h>

#include "include/uapi/linux/kvm_timers.h"
#include "hpet.h"
#include "i8254.h"
#include "kvmclock.h"
#include "lapic_timer.h"
#include "rtc.h"
#include "tick.h"

/* Far more than KVM has. */
#define KT_RECORD_MAX_VCPUS	4096

/* Seventy years: no time of a record is later. */
#define KT_RECORD_MAX_NS	(1ULL << 61)

/* Bytes of a record. */
static inline u32 kt_record_size(u32 nr_vcpus)
{
	return sizeof(struct kvm_timers_record) + nr_vcpus * sizeof(struct kvm_timers_vcpu_record);
}

void kt_record_put_debt(struct kvm_timers_debt *debt, const struct kt_tick *tick, u64 edges);
void kt_record_take_debt(struct kt_tick *tick, const struct kvm_timers_debt *debt, u64 edges);
void kt_record_put_pit(struct kvm_timers_pit_record *rec, const struct kt_i8254 *pit);
void kt_record_take_pit(struct kt_i8254 *pit, const struct kvm_timers_pit_record *rec);
void kt_record_put_rtc(struct kvm_timers_rtc_record *rec, const struct kt_rtc *rtc);
void kt_record_take_rtc(struct kt_rtc *rtc, const struct kvm_timers_rtc_record *rec);
void kt_record_put_hpet(struct kvm_timers_hpet_record *rec, const struct kt_hpet *hpet);
void kt_record_take_hpet(struct kt_hpet *hpet, const struct kvm_timers_hpet_record *rec);
void kt_record_put_lapic(struct kvm_timers_vcpu_record *rec, const struct kt_lapic_timer *t);
void kt_record_take_lapic(struct kt_lapic_timer *t, const struct kvm_timers_vcpu_record *rec);
void kt_record_put_line(struct kvm_timers_record *rec, const struct kt_kvmclock_line *line);
void kt_record_take_line(struct kt_kvmclock_line *line, const struct kvm_timers_record *rec);
int kt_record_check(const struct kvm_timers_record *rec, u32 length, struct kt_hpet *scratch);

#endif /* KT_RECORD_H */
