/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters: the administrator's defaults and bounds.
 */
#ifndef KT_PARAMS_H
#define KT_PARAMS_H

#include <linux/bits.h>

#include "hpet.h"
#include "rtc.h"
#include "tick.h"

/* Inputs of the IOAPIC that HPET timers may choose: those that chipsets offer. */
#define KT_PARAMS_HPET_FIRST_PIN	20
#define KT_PARAMS_HPET_LAST_PIN		23
#define KT_PARAMS_HPET_ROUTE_CAP	GENMASK(KT_PARAMS_HPET_LAST_PIN, KT_PARAMS_HPET_FIRST_PIN)

/**
 * struct kt_vm_params - how one VM is taken over
 * @devices:	KVM_TIMERS_* to take over
 * @tick:	policy and bounds of each device
 * @chosen:	bits of the devices whose policy the owner named
 * @rtc_base:	what the RTC shows at first, not KVM_TIMERS_RTC_DEFAULT
 * @rtc_time_s:	with @rtc_base, see struct kvm_timers_config
 * @rtc_update_cycles: see struct kt_rtc
 * @hpet:	what the HPET is built as
 * @lapic_advance: enum kvm_timers_advance, not KVM_TIMERS_ADVANCE_DEFAULT
 * @lapic_advance_ns: with KVM_TIMERS_ADVANCE_FIXED, else 0
 * @clock_rate:	enum kvm_timers_clock_rate, not KVM_TIMERS_CLOCK_DEFAULT
 * @gap:	enum kvm_timers_gap, not KVM_TIMERS_GAP_DEFAULT
 * @budget_hz:	of timer interrupts, for each vCPU
 */
struct kt_vm_params {
	u32			devices;
	struct kt_tick_params	tick[KVM_TIMERS_NR_DEVICES];
	u32			chosen;
	u32			rtc_base;
	s64			rtc_time_s;
	u32			rtc_update_cycles;
	struct kt_hpet_params	hpet;
	u32			lapic_advance;
	u32			lapic_advance_ns;
	u32			clock_rate;
	u32			gap;
	u32			budget_hz;
};

int kt_params_check(void);
bool kt_params_auto_attach(void);
void kt_params_default(struct kt_vm_params *params);
int kt_params_from_config(struct kt_vm_params *params, const struct kvm_timers_config *config);
int kt_params_advance(u32 *advance, u32 *advance_ns, u32 want, u32 want_ns);
int kt_params_gap(u32 *gap, u32 want, u32 clock_rate);
int kt_params_budget(u32 *budget_hz, u32 want);
int kt_params_tick(struct kt_tick_params *tick, unsigned int device,
		   const struct kvm_timers_policy_config *config);

#endif /* KT_PARAMS_H */
