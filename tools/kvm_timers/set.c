// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers set: change the lost-tick policy, advance, budget or gap of a running VM, all that is
 * named or nothing.
 */
#include <errno.h>
#include <signal.h>
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

/*
 * What is changed one after the other. What may be refused comes first. Of the PIT, any policy
 * that is set counts as the owner's word against the VMM's: there is no way back from that, so it
 * comes after all that may be refused for what its value is.
 */
enum step {
	STEP_BUDGET,
	STEP_ADVANCE,
	STEP_LAPIC,
	STEP_HPET,
	STEP_RTC,
	STEP_PIT,
	STEP_GAP,
	NR_STEPS,
};

static const unsigned int devices[NR_STEPS] = {
	[STEP_LAPIC]	= KVM_TIMERS_DEVICE_LAPIC,
	[STEP_HPET]	= KVM_TIMERS_DEVICE_HPET,
	[STEP_RTC]	= KVM_TIMERS_DEVICE_RTC,
	[STEP_PIT]	= KVM_TIMERS_DEVICE_PIT,
};

static bool concerns(const struct kt_changes *changes, unsigned int device)
{
	return changes->tick[device].named ||
	       (device == KVM_TIMERS_DEVICE_LAPIC && changes->advance.named);
}

static bool is_named(const struct kt_changes *changes, enum step step)
{
	switch (step) {
	case STEP_BUDGET:
		return changes->budget.named;
	case STEP_ADVANCE:
		return changes->advance.named;
	case STEP_GAP:
		return changes->has_gap;
	default:
		return changes->tick[devices[step]].named;
	}
}

static int set_policy(int vm, unsigned int device, const struct kt_policy_change *change,
		      const struct kvm_timers_device_status *before)
{
	struct kvm_timers_policy_config config = {
		.policy			= before->policy,
		.catchup_max_rate_pct	= before->catchup_max_rate_pct,
		.catchup_limit_ms	= before->catchup_limit_ms,
		.catchup_threshold_us	= before->catchup_threshold_us,
	};

	kt_policy_apply(change, &config);

	return kt_dev_set_policy(vm, device, &config);
}

static int apply(int vm, enum step step, const struct kt_changes *changes,
		 const struct kvm_timers_status *before)
{
	unsigned int device = devices[step];

	switch (step) {
	case STEP_BUDGET:
		return kt_dev_set_budget(vm, changes->budget.hz);
	case STEP_ADVANCE:
		return kt_dev_set_advance(vm, changes->advance.advance, changes->advance.ns);
	case STEP_GAP:
		return kt_dev_set_gap(vm, changes->gap);
	default:
		return set_policy(vm, device, &changes->tick[device], &before->device[device]);
	}
}

/* What was in force is not refused. The last step need not be put back. */
static int put_back(int vm, enum step step, const struct kvm_timers_status *before)
{
	static const struct kt_policy_change nothing;

	switch (step) {
	case STEP_BUDGET:
		return kt_dev_set_budget(vm, before->budget_hz);
	case STEP_ADVANCE:
		return kt_dev_set_advance(vm, before->lapic_advance,
					  before->lapic_advance == KVM_TIMERS_ADVANCE_FIXED ?
					  before->lapic_advance_ns : 0);
	default:
		return set_policy(vm, devices[step], &nothing, &before->device[devices[step]]);
	}
}

static int refuse(__u32 id, enum step step, int err, bool is_back)
{
	static const enum kt_dev_call calls[NR_STEPS] = {
		[STEP_BUDGET]	= KT_DEV_SET_BUDGET,
		[STEP_ADVANCE]	= KT_DEV_SET_ADVANCE,
		[STEP_LAPIC]	= KT_DEV_SET_POLICY,
		[STEP_HPET]	= KT_DEV_SET_POLICY,
		[STEP_RTC]	= KT_DEV_SET_POLICY,
		[STEP_PIT]	= KT_DEV_SET_POLICY,
		[STEP_GAP]	= KT_DEV_SET_GAP,
	};
	const char *how = is_back ? "" : "; what was set before it could not be put back";
	const char *words = kt_dev_words(calls[step], err);

	if (step == STEP_BUDGET || step == STEP_GAP)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s%s", id, words, how);

	return kt_out_fail(KT_OUT_ERROR, "VM %u, %s: %s%s", id,
			   kt_names_device(step == STEP_ADVANCE ? KVM_TIMERS_DEVICE_LAPIC :
								  devices[step]), words, how);
}

static int change_steps(int vm, __u32 id, const struct kt_changes *changes,
			const struct kvm_timers_status *before)
{
	unsigned int step, done;
	bool is_back = true;
	int ret;

	for (step = 0; step < NR_STEPS; step++) {
		ret = is_named(changes, step) ? apply(vm, step, changes, before) : 0;
		if (ret < 0)
			break;
	}
	if (step == NR_STEPS)
		return KT_OUT_OK;

	for (done = step; ret != -ESRCH && done--;)
		if (is_named(changes, done) && put_back(vm, done, before) < 0)
			is_back = false;

	return refuse(id, step, ret, is_back);
}

/* Whoever has had enough of it waits until the VM has all or nothing of it. */
static int change_all(int vm, __u32 id, const struct kt_changes *changes,
		      const struct kvm_timers_status *before)
{
	sigset_t all, unblocked;
	int ret;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &unblocked);
	ret = change_steps(vm, id, changes, before);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);

	return ret;
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

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (concerns(changes, i) && !(status.devices & 1U << i))
			return kt_out_fail(KT_OUT_ERROR,
					   "VM %u: its %s has not been taken over: see 'kvm-timers status %u'",
					   id, kt_names_device(i), id);

	if (changes->has_gap && changes->gap == KVM_TIMERS_GAP_SLEW &&
	    status.clock_rate == KVM_TIMERS_CLOCK_TSC)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_SET_GAP, -EOPNOTSUPP));

	return change_all(vm, id, changes, &status);
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
