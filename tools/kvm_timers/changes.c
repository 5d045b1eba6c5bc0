// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of a VM in the words of "kvm-timers set".
 */
#include "changes.h"

#include <stdio.h>
#include <string.h>

#include "names.h"
#include "out.h"

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

static bool is_named(const struct kt_changes *changes, int device, int setting)
{
	return setting == ADVANCE ? changes->advance.named :
				    changes->tick[device].named & 1U << setting;
}

static int refuse_twice(const char *name)
{
	return kt_out_fail(KT_OUT_USAGE, "'%s' is given twice: write it once", name);
}

static int parse_gap(struct kt_changes *changes, const char *text)
{
	if (changes->has_gap && !changes->last_counts)
		return refuse_twice("gap");
	changes->has_gap = true;

	return kt_names_parse_gap(text, &changes->gap);
}

static int parse_budget(struct kt_changes *changes, const char *text)
{
	if (changes->budget.named && !changes->last_counts)
		return refuse_twice("budget_hz");

	return kt_budget_parse(&changes->budget, "budget_hz", text);
}

/**
 * kt_changes_parse() - read one setting
 * @changes:	gets it, if it is valid
 * @arg:	DEVICE.SETTING=VALUE, budget_hz=HZ or gap=GAP
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE after the error has been reported.
 */
int kt_changes_parse(struct kt_changes *changes, const char *arg)
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
	if (is_named(changes, device, setting) && !changes->last_counts)
		return refuse_twice(name);

	if (setting == ADVANCE)
		return kt_advance_parse(&changes->advance, name, equals + 1);
	return kt_policy_parse(&changes->tick[device], setting, name, equals + 1);
}
