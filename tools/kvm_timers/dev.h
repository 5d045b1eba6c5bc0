/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only way to the module: /dev/kvm_timers and timers fds.
 */
#ifndef KT_DEV_H
#define KT_DEV_H

#include <stdbool.h>

#include <linux/kvm_timers.h>

#define KT_DEV_PATH	"/dev/kvm_timers"

/* What was tried, for kt_dev_words(). */
enum kt_dev_call {
	KT_DEV_OPEN,
	KT_DEV_ADOPT,
	KT_DEV_LIST,
	KT_DEV_OPEN_VM,
	KT_DEV_STATUS,
	KT_DEV_SET_POLICY,
	KT_DEV_SET_ADVANCE,
	KT_DEV_SET_BUDGET,
	KT_DEV_FREEZE,
	KT_DEV_THAW,
	KT_DEV_SET_GAP,
	KT_DEV_GET_RECORD,
	KT_DEV_SET_RECORD,
	KT_DEV_ANY,
};

int kt_dev_abi(void);
int kt_dev_open(void);
int kt_dev_adopt(int dev, struct kvm_timers_config *config);
int kt_dev_list(int dev, __u32 **ids);
int kt_dev_open_vm(int dev, __u32 id);
int kt_dev_status(int vm, struct kvm_timers_status *status);
int kt_dev_set_policy(int vm, __u32 device, const struct kvm_timers_policy_config *tick);
int kt_dev_set_advance(int vm, __u32 advance, __u32 advance_ns);
int kt_dev_set_budget(int vm, __u32 budget_hz);
int kt_dev_freeze(int vm);
int kt_dev_thaw(int vm, __u32 gap);
int kt_dev_set_gap(int vm, __u32 gap);
int kt_dev_get_record(int vm, void **record, __u32 *length);
int kt_dev_set_record(int vm, const void *record, __u32 length, bool same_boot);
const char *kt_dev_words(enum kt_dev_call call, int err);

#endif /* KT_DEV_H */
