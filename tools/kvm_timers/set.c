// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers set: change the lost-tick policy, advance, budget or gap of a running VM.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "advance.h"
#include "budget.h"
#include "cmd.h"
#include "dev.h"
#include "names.h"
#include "out.h"
#include "policy.h"
#include "vm.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* After those of enum kt_policy_key; of the LAPIC timer only. */
#define ADVANCE		KT_POLICY_NR_KEYS

static const char * const settings[] = {
	[KT_POLICY_POLICY]	= "policy",
	[KT_POLICY_MAX_RATE]	= "catchup_max_rate",
	[KT_POLICY_LIMIT]	= "catchup_limit_ms",
	[KT_POLICY_THRESHOLD]	= "catchup_threshold_us",
	[ADVANCE]		= "advance_ns",
};

/**
 * struct changes - what the caller named
 * @tick:	policies
 * @advance:	of the LAPIC timer
 * @budget:	of all timers together
 * @gap:	enum kvm_timers_gap
 * @has_gap:	that was named
 */
struct changes {
	struct kt_policy_change	tick[KVM_TIMERS_NR_DEVICES];
	struct kt_advance	advance;
	struct kt_budget	budget;
	__u32			gap;
	bool			has_gap;
};

static const char *tick_setting_name(unsigned int i)
{
	return i < KT_POLICY_NR_KEYS ? settings[i] : NULL;
}

static const char *lapic_setting_name(unsigned int i)
{
	return i < ARRAY_SIZE(settings) ? settings[i] : NULL;
}

static int find_setting(const char *text, const char *(*name)(unsigned int i))
{
	unsigned int i;

	for (i = 0; name(i); i++)
		if (!strcmp(name(i), text))
			return i;

	return -1;
}

static bool is_named(const struct changes *changes, int device, int setting)
{
	return setting == ADVANCE ? changes->advance.named :
				    changes->tick[device].named & 1U << setting;
}

static int parse_gap(struct changes *changes, const char *text)
{
	if (changes->has_gap)
		return kt_out_fail(KT_OUT_USAGE, "'gap' is given twice: write it once");
	changes->has_gap = true;

	return kt_names_parse_gap(text, &changes->gap);
}

static int parse_budget(struct changes *changes, const char *text)
{
	if (changes->budget.named)
		return kt_out_fail(KT_OUT_USAGE, "'budget_hz' is given twice: write it once");

	return kt_budget_parse(&changes->budget, "budget_hz", text);
}

/* DEVICE.SETTING=VALUE, budget_hz=HZ or gap=GAP */
static int parse_change(struct changes *changes, const char *arg)
{
	const char *(*setting_name)(unsigned int i) = tick_setting_name;
	const char *equals = strchr(arg, '=');
	const char *dot = strchr(arg, '.');
	char name[64], device_name[32];
	int device, setting;

	if (!strncmp(arg, "gap=", strlen("gap=")))
		return parse_gap(changes, arg + strlen("gap="));
	if (!strncmp(arg, "budget_hz=", strlen("budget_hz=")))
		return parse_budget(changes, arg + strlen("budget_hz="));
	if (!equals || !dot || dot > equals)
		return kt_out_fail(KT_OUT_USAGE,
				   "'%s' is no setting: write DEVICE.SETTING=VALUE, such as 'pit.policy=catchup', budget_hz=HZ or gap=GAP",
				   arg);

	device = kt_names_find_ticking(arg, dot - arg);
	if (device < 0) {
		snprintf(device_name, sizeof(device_name), "%.*s", (int)(dot - arg), arg);
		return kt_names_refuse("device", device_name, kt_names_ticking);
	}

	if (device == KVM_TIMERS_DEVICE_LAPIC)
		setting_name = lapic_setting_name;
	snprintf(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
	setting = find_setting(name, setting_name);
	if (setting < 0)
		return kt_names_refuse("setting", name, setting_name);

	snprintf(name, sizeof(name), "%s.%s", kt_names_device(device), settings[setting]);
	if (is_named(changes, device, setting))
		return kt_out_fail(KT_OUT_USAGE, "'%s' is given twice: write it once", name);

	if (setting == ADVANCE)
		return kt_advance_parse(&changes->advance, name, equals + 1);
	return kt_policy_parse(&changes->tick[device], setting, name, equals + 1);
}

static bool concerns(const struct changes *changes, unsigned int device)
{
	return changes->tick[device].named ||
	       (device == KVM_TIMERS_DEVICE_LAPIC && changes->advance.named);
}

static int refuse(__u32 id, unsigned int device, enum kt_dev_call call, int err)
{
	return kt_out_fail(KT_OUT_ERROR, "VM %u, %s: %s", id, kt_names_device(device),
			   kt_dev_words(call, err));
}

static int change_devices(int vm, __u32 id, const struct changes *changes,
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

static int change_vm(int vm, __u32 id, const struct changes *changes)
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
	struct changes changes = { 0 };
	int vm, i, ret;
	__u32 id;

	ret = kt_vm_parse(argv[0], &id);
	if (ret)
		return ret;

	for (i = 1; i < argc; i++) {
		ret = parse_change(&changes, argv[i]);
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
