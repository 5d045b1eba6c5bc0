// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers set: change the lost-tick policy of a running VM.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "cmd.h"
#include "dev.h"
#include "names.h"
#include "out.h"
#include "policy.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char * const settings[] = {
	[KT_POLICY_POLICY]	= "policy",
	[KT_POLICY_MAX_RATE]	= "catchup_max_rate",
	[KT_POLICY_LIMIT]	= "catchup_limit_ms",
	[KT_POLICY_THRESHOLD]	= "catchup_threshold_us",
};

static const char *setting_name(unsigned int i)
{
	return i < ARRAY_SIZE(settings) ? settings[i] : NULL;
}

static int find_setting(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcmp(settings[i], text))
			return i;

	return -1;
}

/* DEVICE.SETTING=VALUE */
static int parse_change(struct kt_policy_change *tick, const char *arg)
{
	const char *equals = strchr(arg, '=');
	const char *dot = strchr(arg, '.');
	char name[64], device_name[32];
	int device, key;

	if (!equals || !dot || dot > equals)
		return kt_out_fail(KT_OUT_USAGE,
				   "'%s' is no setting: write DEVICE.SETTING=VALUE, such as 'pit.policy=catchup'",
				   arg);

	device = kt_names_find_device(arg, dot - arg);
	if (device < 0) {
		snprintf(device_name, sizeof(device_name), "%.*s", (int)(dot - arg), arg);
		return kt_names_refuse("device", device_name, kt_names_device);
	}

	snprintf(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
	key = find_setting(name);
	if (key < 0)
		return kt_names_refuse("setting", name, setting_name);

	snprintf(name, sizeof(name), "%s.%s", kt_names_device(device), settings[key]);
	if (tick[device].named & 1U << key)
		return kt_out_fail(KT_OUT_USAGE, "'%s' is given twice: write it once", name);

	return kt_policy_parse(&tick[device], key, name, equals + 1);
}

static int change_vm(int vm, __u32 id, const struct kt_policy_change *tick)
{
	struct kvm_timers_policy_config config;
	struct kvm_timers_status status;
	unsigned int i;
	int ret;

	ret = kt_dev_status(vm, &status);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_STATUS, ret));

	/* Refuse all or change all. */
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (tick[i].named && !(status.devices & 1U << i))
			return kt_out_fail(KT_OUT_ERROR,
					   "VM %u: its %s has not been taken over: see 'kvm-timers status %u'",
					   id, kt_names_device(i), id);

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		if (!tick[i].named)
			continue;

		config.policy = status.device[i].policy;
		config.catchup_max_rate_pct = status.device[i].catchup_max_rate_pct;
		config.catchup_limit_ms = status.device[i].catchup_limit_ms;
		config.catchup_threshold_us = status.device[i].catchup_threshold_us;
		kt_policy_apply(&tick[i], &config);

		ret = kt_dev_set_policy(vm, i, &config);
		if (ret < 0)
			return kt_out_fail(KT_OUT_ERROR, "VM %u, %s: %s", id, kt_names_device(i),
					   kt_dev_words(KT_DEV_SET_POLICY, ret));
	}

	return KT_OUT_OK;
}

/**
 * kt_set_run() - change the lost-tick policy of a running VM
 * @argc:	number of arguments
 * @argv:	id of the VM, then settings
 *
 * Return: enum kt_out_exit.
 */
int kt_set_run(int argc, char **argv)
{
	struct kt_policy_change tick[KVM_TIMERS_NR_DEVICES] = { 0 };
	int dev, vm, i, ret;
	__u32 id;

	if (kt_policy_parse_u32(argv[0], &id))
		return kt_out_fail(KT_OUT_USAGE,
				   "'%s' is not the id of a VM: write a number from 'kvm-timers list'",
				   argv[0]);

	for (i = 1; i < argc; i++) {
		ret = parse_change(tick, argv[i]);
		if (ret)
			return ret;
	}

	dev = kt_dev_open();
	if (dev < 0)
		return kt_out_fail(KT_OUT_ERROR, "%s", kt_dev_words(KT_DEV_OPEN, dev));

	vm = kt_dev_open_vm(dev, id);
	close(dev);
	if (vm < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id, kt_dev_words(KT_DEV_OPEN_VM, vm));

	ret = change_vm(vm, id, tick);
	close(vm);

	return ret;
}
