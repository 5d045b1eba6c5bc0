// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: the administrator's defaults and bounds. The owner of a
 * VM chooses within them, and never beyond.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "params.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/time64.h>

#define MIN_RATE_PCT		101
#define MAX_RATE_PCT		1000
#define MAX_LIMIT_MS		3600000
#define MAX_THRESHOLD_US	1000000
#define MIN_PERIOD_US		50
#define MAX_PERIOD_US		10000

static bool auto_attach;
module_param(auto_attach, bool, 0444);
MODULE_PARM_DESC(auto_attach, "Take over every VM that is created from now on (default 0)");

static bool pit = true;
module_param(pit, bool, 0444);
MODULE_PARM_DESC(pit, "Offer the PIT (i8254, ports 0x40-0x43 and 0x61) (default 1)");

static char *pit_policy = "catchup";
module_param(pit_policy, charp, 0444);
MODULE_PARM_DESC(pit_policy,
		 "Lost ticks of the PIT: catchup, merge or discard (default catchup)");

static unsigned int catchup_max_rate_pct = 400;
module_param(catchup_max_rate_pct, uint, 0444);
MODULE_PARM_DESC(catchup_max_rate_pct,
		 "Fastest catch-up, in percent of the programmed rate, 101 to 1000 (default 400)");

static unsigned int catchup_limit_ms = 60000;
module_param(catchup_limit_ms, uint, 0444);
MODULE_PARM_DESC(catchup_limit_ms,
		 "Largest debt of ticks, in ms; beyond it they are given up, 1 to 3600000 (default 60000)");

static unsigned int catchup_threshold_us;
module_param(catchup_threshold_us, uint, 0444);
MODULE_PARM_DESC(catchup_threshold_us,
		 "Smallest lag that is caught up, in us, up to 1000000 (default 0)");

static unsigned int min_period_us = 200;
module_param(min_period_us, uint, 0444);
MODULE_PARM_DESC(min_period_us,
		 "Shortest interval between two interrupts of a device, in us, 50 to 10000 (default 200)");

static const char * const policies[] = {
	[KVM_TIMERS_POLICY_CATCHUP]	= "catchup",
	[KVM_TIMERS_POLICY_MERGE]	= "merge",
	[KVM_TIMERS_POLICY_DISCARD]	= "discard",
};

static int check_range(const char *name, unsigned int value, unsigned int min, unsigned int max)
{
	if (value >= min && value <= max)
		return 0;

	pr_err("%s=%u: %u to %u\n", name, value, min, max);
	return -ERANGE;
}

static u32 default_policy(void)
{
	int policy = match_string(policies + 1, ARRAY_SIZE(policies) - 1, pit_policy);

	return policy < 0 ? KVM_TIMERS_POLICY_DEFAULT : policy + 1;
}

static void default_tick(struct kt_tick_params *tick)
{
	tick->policy = default_policy();
	tick->max_rate_pct = catchup_max_rate_pct;
	tick->limit_ns = (u64)catchup_limit_ms * NSEC_PER_MSEC;
	tick->threshold_ns = (u64)catchup_threshold_us * NSEC_PER_USEC;
	tick->min_interval_ns = (u64)min_period_us * NSEC_PER_USEC;
}

/**
 * kt_params_check() - check the module parameters once
 *
 * Context: Process, module initialization.
 * Return: 0, or -EINVAL or -ERANGE with the parameter and its range in the log.
 */
int kt_params_check(void)
{
	int ret;

	if (default_policy() == KVM_TIMERS_POLICY_DEFAULT) {
		pr_err("pit_policy=%s: catchup, merge or discard\n", pit_policy);
		return -EINVAL;
	}
	ret = check_range("catchup_max_rate_pct", catchup_max_rate_pct,
			  MIN_RATE_PCT, MAX_RATE_PCT);
	if (!ret)
		ret = check_range("catchup_limit_ms", catchup_limit_ms, 1, MAX_LIMIT_MS);
	if (!ret)
		ret = check_range("catchup_threshold_us", catchup_threshold_us,
				  0, MAX_THRESHOLD_US);
	if (!ret)
		ret = check_range("min_period_us", min_period_us, MIN_PERIOD_US, MAX_PERIOD_US);
	return ret;
}

/**
 * kt_params_auto_attach() - whether every new VM is taken over
 *
 * Context: Any.
 * Return: the parameter; false where no device is on offer.
 */
bool notrace kt_params_auto_attach(void)
{
	return auto_attach && pit;
}

/**
 * kt_params_default() - what a VM gets whose owner did not say
 * @params:	filled in
 *
 * Context: Any.
 */
void kt_params_default(struct kt_vm_params *params)
{
	memset(params, 0, sizeof(*params));
	if (pit)
		params->devices |= KVM_TIMERS_PIT;
	default_tick(&params->tick[KVM_TIMERS_DEVICE_PIT]);
}

/**
 * kt_params_tick() - apply an owner's policy within the host's bounds
 * @tick:	filled in, unless an error is returned
 * @config:	the owner's choice
 *
 * Context: Any.
 * Return: 0, or -ERANGE where a value is unknown or beyond the host's bound.
 */
int kt_params_tick(struct kt_tick_params *tick, const struct kvm_timers_policy_config *config)
{
	struct kt_tick_params new;

	default_tick(&new);
	if (config->policy > KVM_TIMERS_POLICY_DISCARD)
		return -ERANGE;
	if (config->policy)
		new.policy = config->policy;

	if (config->catchup_max_rate_pct) {
		if (config->catchup_max_rate_pct < MIN_RATE_PCT ||
		    config->catchup_max_rate_pct > catchup_max_rate_pct)
			return -ERANGE;
		new.max_rate_pct = config->catchup_max_rate_pct;
	}
	if (config->catchup_limit_ms) {
		if (config->catchup_limit_ms > catchup_limit_ms)
			return -ERANGE;
		new.limit_ns = (u64)config->catchup_limit_ms * NSEC_PER_MSEC;
	}
	if (config->catchup_threshold_us) {
		if (config->catchup_threshold_us > MAX_THRESHOLD_US)
			return -ERANGE;
		new.threshold_ns = (u64)config->catchup_threshold_us * NSEC_PER_USEC;
	}
	*tick = new;
	return 0;
}

/**
 * kt_params_from_config() - check an owner's wish
 * @params:	filled in, unless an error is returned
 * @config:	from user space
 *
 * Context: Any.
 * Return: 0; -E2BIG unknown size; -EINVAL unknown flag or reserved field set;
 * -EOPNOTSUPP unknown device; -ENODEV device switched off; -ERANGE policy or
 * bound out of range.
 */
int kt_params_from_config(struct kt_vm_params *params, const struct kvm_timers_config *config)
{
	struct kt_vm_params new;
	int ret;
	int i;

	if (config->size != sizeof(*config))
		return -E2BIG;
	if (config->flags || config->reserved)
		return -EINVAL;
	if (config->devices & ~KVM_TIMERS_PIT)
		return -EOPNOTSUPP;

	kt_params_default(&new);
	if (config->devices & ~new.devices)
		return -ENODEV;
	new.devices = config->devices;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		ret = kt_params_tick(&new.tick[i], &config->tick[i]);
		if (ret)
			return ret;
		if (config->tick[i].policy)
			new.chosen |= BIT(i);
	}
	*params = new;
	return 0;
}
