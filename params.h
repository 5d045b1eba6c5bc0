/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters: the administrator's defaults and bounds.
 */
#ifndef KT_PARAMS_H
#define KT_PARAMS_H

#include "tick.h"

/**
 * struct kt_vm_params - how one VM is taken over
 * @devices:	KVM_TIMERS_* to take over
 * @tick:	policy and bounds of each device
 * @chosen:	bits of the devices whose policy the owner named
 */
struct kt_vm_params {
	u32			devices;
	struct kt_tick_params	tick[KVM_TIMERS_NR_DEVICES];
	u32			chosen;
};

int kt_params_check(void);
bool kt_params_auto_attach(void);
void kt_params_default(struct kt_vm_params *params);
int kt_params_from_config(struct kt_vm_params *params, const struct kvm_timers_config *config);
int kt_params_tick(struct kt_tick_params *tick, const struct kvm_timers_policy_config *config);

#endif /* KT_PARAMS_H */
