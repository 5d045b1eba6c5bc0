// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers set: change the lost-tick policy, advance, budget or gap of a running VM.
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "changes.h"
#include "cmd.h"
#include "dev.h"
#include "names.h"
#include "out.h"
#include "policy.h"
#include "vm.h"

static bool concerns(const struct kt_changes *changes, unsigned int device)
{
	return changes->tick[device].named ||
	       (device == KVM_TIMERS_DEVICE_LAPIC && changes->advance.named);
}

static int refuse(__u32 id, unsigned int device, enum kt_dev_call call, int err)
{
	return kt_out_fail(KT_OUT_ERROR, "VM %u, %s: %s", id, kt_names_device(device),
			   kt_dev_words(call, err));
}

static int change_devices(int vm, __u32 id, const struct kt_changes *changes,
			  const struct kvm_timers_status *status)
{
	struct kvm_timers_policy_config config;
	unsigned int i;
	int ret;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		if (!changes->tick[i].named)
			continue;

		config.policy = status->device[i].policy;
		config.catchup_max_rate_pct = status->device[i].catchup_max_rate_pct;
		config.catchup_limit_ms = status->device[i].catchup_limit_ms;
		config.catchup_threshold_us = status->device[i].catchup_threshold_us;
		kt_policy_apply(&changes->tick[i], &config);

		ret = kt_dev_set_policy(vm, i, &config);
		if (ret < 0)
			return refuse(id, i, KT_DEV_SET_POLICY, ret);
	}

	if (changes->advance.named) {
		ret = kt_dev_set_advance(vm, changes->advance.advance, changes->advance.ns);
		if (ret < 0)
			return refuse(id, KVM_TIMERS_DEVICE_LAPIC, KT_DEV_SET_ADVANCE, ret);
	}

	return KT_OUT_OK;
}

static int change_vm(int vm, __u32 id, const struct kt_changes *changes)
{
	struct kvm_timers_status status;
	unsigned int i;
	int ret;

	ret = kt_dev_status(vm, &status);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_STATUS, ret));

	/* Refuse all or change all. */
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (concerns(changes, i) && !(status.devices & 1U << i))
			return kt_out_fail(KT_OUT_ERROR,
					   "VM %u: its %s has not been taken over: see 'kvm-timers status %u'",
					   id, kt_names_device(i), id);

	if (changes->has_gap && changes->gap == KVM_TIMERS_GAP_SLEW &&
	    status.clock_rate == KVM_TIMERS_CLOCK_TSC)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_SET_GAP, -EOPNOTSUPP));

	/* The first, as it can be taken back: what was in force is never refused. */
	if (changes->budget.named) {
		ret = kt_dev_set_budget(vm, changes->budget.hz);
		if (ret < 0)
			return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
					   kt_dev_words(KT_DEV_SET_BUDGET, ret));
	}

	ret = change_devices(vm, id, changes, &status);
	if (ret) {
		if (changes->budget.named)
			kt_dev_set_budget(vm, status.budget_hz);
		return ret;
	}

	/* Of all of them this one cannot be refused any more. */
	if (changes->has_gap) {
		ret = kt_dev_set_gap(vm, changes->gap);
		if (ret < 0)
			return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
					   kt_dev_words(KT_DEV_SET_GAP, ret));
	}

	return KT_OUT_OK;
}

/**
 * kt_set_run() - change the lost-tick policy, advance, budget or gap of a running VM
 * @argc:	number of arguments
 * @argv:	id of the VM, then settings
 *
 * Return: enum kt_out_exit.
 */
int kt_set_run(int argc, char **argv)
{
	struct kt_changes changes = { 0 };
	int vm, i, ret;
	__u32 id;

	ret = kt_vm_parse(argv[0], &id);
	if (ret)
		return ret;

	for (i = 1; i < argc; i++) {
		ret = kt_changes_parse(&changes, argv[i]);
		if (ret)
			return ret;
	}

	ret = kt_vm_open(id, &vm);
	if (ret)
		return ret;

	ret = change_vm(vm, id, &changes);
	close(vm);

	return ret;
}
