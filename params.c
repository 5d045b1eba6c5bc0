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
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/time.h>
#include <linux/time64.h>

#define MIN_RATE_PCT		101
#define MAX_RATE_PCT		1000
#define MAX_LIMIT_MS		3600000
#define MAX_THRESHOLD_US	1000000
#define MIN_BUDGET_HZ		100
#define MAX_BUDGET_HZ		1000000
#define MIN_PERIOD_US		50
#define MAX_PERIOD_US		10000
#define MAX_UPDATE_US		1984
#define MIN_HPET_PERIOD_FS	1000000

/* 2099-12-31 23:59:59; the RTC takes 2100 for a leap year. */
#define MAX_RTC_TIME_S		4102444799LL
#define MAX_UTC_OFFSET_S	86400

#define KNOWN_DEVICES		(BIT(KVM_TIMERS_DEVICE_END) - 1)

static bool auto_attach;
module_param(auto_attach, bool, 0444);
MODULE_PARM_DESC(auto_attach, "Take over every VM that is created from now on (default 0)");

static bool pit = true;
module_param(pit, bool, 0444);
MODULE_PARM_DESC(pit, "Offer the PIT (i8254, ports 0x40-0x43 and 0x61) (default 1)");

static char *pit_policy = "catchup";
module_param(pit_policy, charp, 0444);
MODULE_PARM_DESC(pit_policy,
		 "Lost ticks of the PIT: catchup, delay, merge or discard (default catchup)");

static char *rtc = "utc";
module_param(rtc, charp, 0444);
MODULE_PARM_DESC(rtc,
		 "Offer the RTC, set to: utc, localtime, YYYY-MM-DDThh:mm:ss, or off (default utc)");

static char *rtc_policy = "catchup";
module_param(rtc_policy, charp, 0444);
MODULE_PARM_DESC(rtc_policy,
		 "Lost ticks of the RTC: catchup, delay, merge or discard (default catchup)");

static unsigned int rtc_update_us = MAX_UPDATE_US;
module_param(rtc_update_us, uint, 0444);
MODULE_PARM_DESC(rtc_update_us, "Length of an update of the RTC, in us, up to 1984 (default 1984)");

static bool hpet = true;
module_param(hpet, bool, 0444);
MODULE_PARM_DESC(hpet, "Offer the HPET, at 0xfed00000 (default 1)");

static char *hpet_policy = "catchup";
module_param(hpet_policy, charp, 0444);
MODULE_PARM_DESC(hpet_policy,
		 "Lost ticks of the HPET: catchup, delay, merge or discard (default catchup)");

static unsigned int hpet_timers = KT_HPET_MIN_TIMERS;
module_param(hpet_timers, uint, 0444);
MODULE_PARM_DESC(hpet_timers, "Timers of an HPET, 3 to 32 (default 3)");

static unsigned int hpet_period_fs = 10000000;
module_param(hpet_period_fs, uint, 0444);
MODULE_PARM_DESC(hpet_period_fs,
		 "Period of the HPET's main counter, in fs, 1000000 to 100000000 (default 10000000)");

static bool lapic = true;
module_param(lapic, bool, 0444);
MODULE_PARM_DESC(lapic, "Offer the LAPIC timer (default 1)");

static char *lapic_policy = "catchup";
module_param(lapic_policy, charp, 0444);
MODULE_PARM_DESC(lapic_policy,
		 "Lost ticks of the LAPIC timer: catchup, delay, merge or discard (default catchup)");

static char *lapic_advance_ns = "auto";
module_param(lapic_advance_ns, charp, 0444);
MODULE_PARM_DESC(lapic_advance_ns,
		 "How far ahead an interrupt of the LAPIC timer is prepared: auto, or ns, up to 5000 (default auto)");

static bool kvmclock = true;
module_param(kvmclock, bool, 0444);
MODULE_PARM_DESC(kvmclock, "Offer kvmclock (default 1)");

static bool tsc = true;
module_param(tsc, bool, 0444);
MODULE_PARM_DESC(tsc, "Offer the TSC (default 1)");

static char *clock_rate = "host";
module_param(clock_rate, charp, 0444);
MODULE_PARM_DESC(clock_rate,
		 "How fast guest time goes: host, as the host's NTP has it, or tsc, as the guest's TSC (default host)");

static char *gap = "stop";
module_param(gap, charp, 0444);
MODULE_PARM_DESC(gap,
		 "What a pause by the VMM is to a guest: stop, it never happened; jump, time like any other; slew, made up for (default stop)");

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

static unsigned int catchup_budget_hz = 10000;
module_param(catchup_budget_hz, uint, 0444);
MODULE_PARM_DESC(catchup_budget_hz,
		 "Most timer interrupts in a second, for each vCPU of a guest, to which catch-ups add, 100 to 1000000 (default 10000)");

static unsigned int min_period_us = 200;
module_param(min_period_us, uint, 0444);
MODULE_PARM_DESC(min_period_us,
		 "Shortest interval between two interrupts of a device, in us, 50 to 10000 (default 200)");

static const char * const policies[] = {
	[KVM_TIMERS_POLICY_CATCHUP]	= "catchup",
	[KVM_TIMERS_POLICY_MERGE]	= "merge",
	[KVM_TIMERS_POLICY_DISCARD]	= "discard",
	[KVM_TIMERS_POLICY_DELAY]	= "delay",
};

static const char * const gaps[] = {
	[KVM_TIMERS_GAP_STOP]	= "stop",
	[KVM_TIMERS_GAP_JUMP]	= "jump",
	[KVM_TIMERS_GAP_SLEW]	= "slew",
};

static int check_range(const char *name, unsigned int value, unsigned int min, unsigned int max)
{
	if (value >= min && value <= max)
		return 0;

	pr_err("%s=%u: %u to %u\n", name, value, min, max);
	return -ERANGE;
}

static const char *policy_of(unsigned int device)
{
	switch (device) {
	case KVM_TIMERS_DEVICE_RTC:
		return rtc_policy;
	case KVM_TIMERS_DEVICE_HPET:
		return hpet_policy;
	case KVM_TIMERS_DEVICE_LAPIC:
		return lapic_policy;
	default:
		return pit_policy;
	}
}

static u32 default_policy(unsigned int device)
{
	int policy = match_string(policies + 1, ARRAY_SIZE(policies) - 1, policy_of(device));

	return policy < 0 ? KVM_TIMERS_POLICY_DEFAULT : policy + 1;
}

static void default_tick(struct kt_tick_params *tick, unsigned int device)
{
	tick->policy = default_policy(device);
	tick->max_rate_pct = catchup_max_rate_pct;
	tick->limit_ns = (u64)catchup_limit_ms * NSEC_PER_MSEC;
	tick->threshold_ns = (u64)catchup_threshold_us * NSEC_PER_USEC;
	tick->min_interval_ns = (u64)min_period_us * NSEC_PER_USEC;
}

static u32 offered(void)
{
	return (pit ? KVM_TIMERS_PIT : 0) | (hpet ? KVM_TIMERS_HPET : 0) |
	       (strcmp(rtc, "off") ? KVM_TIMERS_RTC : 0) | (lapic ? KVM_TIMERS_LAPIC : 0) |
	       (kvmclock ? KVM_TIMERS_KVMCLOCK : 0) | (tsc ? KVM_TIMERS_TSC : 0);
}

/* "2001-02-03T04:05:06" and nothing else: what is read is what it would be written as. */
static bool parse_time(const char *text, s64 *time_s)
{
	unsigned int year, month, day, hour, min, sec;
	char back[32];
	struct tm tm;

	if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &min, &sec) != 6)
		return false;

	*time_s = mktime64(year, month, day, hour, min, sec);
	time64_to_tm(*time_s, 0, &tm);
	snprintf(back, sizeof(back), "%04ld-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return !strcmp(text, back) && *time_s >= 0 && *time_s <= MAX_RTC_TIME_S;
}

/* Return: enum kvm_timers_rtc_base, KVM_TIMERS_RTC_DEFAULT if it is none. */
static u32 default_base(s64 *time_s)
{
	*time_s = 0;
	if (!strcmp(rtc, "utc") || !strcmp(rtc, "off"))
		return KVM_TIMERS_RTC_UTC;
	if (!strcmp(rtc, "localtime")) {
		*time_s = -60LL * sys_tz.tz_minuteswest;
		return KVM_TIMERS_RTC_LOCALTIME;
	}
	return parse_time(rtc, time_s) ? KVM_TIMERS_RTC_FIXED : KVM_TIMERS_RTC_DEFAULT;
}

/* Return: 0, or -EINVAL or -ERANGE if it is none. */
static int default_advance(u32 *advance, u32 *advance_ns)
{
	int ret;

	*advance_ns = 0;
	*advance = KVM_TIMERS_ADVANCE_AUTO;
	if (!strcmp(lapic_advance_ns, "auto"))
		return 0;

	*advance = KVM_TIMERS_ADVANCE_FIXED;
	ret = kstrtou32(lapic_advance_ns, 10, advance_ns);
	if (ret)
		return ret;
	return *advance_ns > KVM_TIMERS_ADVANCE_MAX_NS ? -ERANGE : 0;
}

/* Return: enum kvm_timers_clock_rate, KVM_TIMERS_CLOCK_DEFAULT if it is none. */
static u32 default_rate(void)
{
	if (!strcmp(clock_rate, "host"))
		return KVM_TIMERS_CLOCK_HOST;

	return strcmp(clock_rate, "tsc") ? KVM_TIMERS_CLOCK_DEFAULT : KVM_TIMERS_CLOCK_TSC;
}

/* Return: enum kvm_timers_gap, KVM_TIMERS_GAP_DEFAULT if it is none. */
static u32 default_gap(void)
{
	int i = match_string(gaps + 1, ARRAY_SIZE(gaps) - 1, gap);

	return i < 0 ? KVM_TIMERS_GAP_DEFAULT : i + 1;
}

static int check_advance(void)
{
	u32 advance, advance_ns;
	int ret = default_advance(&advance, &advance_ns);

	if (ret)
		pr_err("lapic_advance_ns=%s: auto, or 0 to %u\n", lapic_advance_ns,
		       KVM_TIMERS_ADVANCE_MAX_NS);
	return ret;
}

static int check_words(void)
{
	static const char * const names[] = {
		[KVM_TIMERS_DEVICE_PIT]		= "pit_policy",
		[KVM_TIMERS_DEVICE_RTC]		= "rtc_policy",
		[KVM_TIMERS_DEVICE_HPET]	= "hpet_policy",
		[KVM_TIMERS_DEVICE_LAPIC]	= "lapic_policy",
	};
	s64 time_s;
	int i;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		if (default_policy(i) != KVM_TIMERS_POLICY_DEFAULT)
			continue;
		pr_err("%s=%s: catchup, delay, merge or discard\n", names[i], policy_of(i));
		return -EINVAL;
	}
	if (default_base(&time_s) == KVM_TIMERS_RTC_DEFAULT) {
		pr_err("rtc=%s: utc, localtime, YYYY-MM-DDThh:mm:ss from 1970 to 2099, or off\n",
		       rtc);
		return -EINVAL;
	}
	if (default_rate() == KVM_TIMERS_CLOCK_DEFAULT) {
		pr_err("clock_rate=%s: host or tsc\n", clock_rate);
		return -EINVAL;
	}
	if (default_gap() == KVM_TIMERS_GAP_DEFAULT) {
		pr_err("gap=%s: stop, jump or slew\n", gap);
		return -EINVAL;
	}
	return check_advance();
}

/**
 * kt_params_check() - check the module parameters once
 *
 * Context: Process, module initialization.
 * Return: 0, or -EINVAL or -ERANGE with the parameter and its range in the log.
 */
int kt_params_check(void)
{
	const struct {
		const char	*name;
		unsigned int	value;
		unsigned int	min;
		unsigned int	max;
	} ranges[] = {
		{ "catchup_max_rate_pct", catchup_max_rate_pct, MIN_RATE_PCT, MAX_RATE_PCT },
		{ "catchup_limit_ms", catchup_limit_ms, 1, MAX_LIMIT_MS },
		{ "catchup_threshold_us", catchup_threshold_us, 0, MAX_THRESHOLD_US },
		{ "catchup_budget_hz", catchup_budget_hz, MIN_BUDGET_HZ, MAX_BUDGET_HZ },
		{ "min_period_us", min_period_us, MIN_PERIOD_US, MAX_PERIOD_US },
		{ "rtc_update_us", rtc_update_us, 0, MAX_UPDATE_US },
		{ "hpet_timers", hpet_timers, KT_HPET_MIN_TIMERS, KT_HPET_MAX_TIMERS },
		{ "hpet_period_fs", hpet_period_fs, MIN_HPET_PERIOD_FS, KT_HPET_MAX_PERIOD_FS },
	};
	int ret = check_words();
	int i;

	for (i = 0; !ret && i < ARRAY_SIZE(ranges); i++)
		ret = check_range(ranges[i].name, ranges[i].value, ranges[i].min, ranges[i].max);
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
	return auto_attach && offered();
}

/**
 * kt_params_default() - what a VM gets whose owner did not say
 * @params:	filled in
 *
 * Context: Any.
 */
void kt_params_default(struct kt_vm_params *params)
{
	int i;

	memset(params, 0, sizeof(*params));
	params->devices = offered();
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		default_tick(&params->tick[i], i);
	params->rtc_base = default_base(&params->rtc_time_s);
	params->rtc_update_cycles = rtc_update_us * KT_RTC_UPDATE_MAX / MAX_UPDATE_US;
	params->hpet.timers = hpet_timers;
	params->hpet.period_fs = hpet_period_fs;
	params->hpet.route_cap = KT_PARAMS_HPET_ROUTE_CAP;
	default_advance(&params->lapic_advance, &params->lapic_advance_ns);
	params->clock_rate = default_rate();
	params->gap = default_gap();
	params->budget_hz = catchup_budget_hz;
}

/**
 * kt_params_tick() - apply an owner's policy within the host's bounds
 * @tick:	filled in, unless an error is returned
 * @device:	enum kvm_timers_device
 * @config:	the owner's choice
 *
 * Context: Any.
 * Return: 0, or -ERANGE where a value is unknown or beyond the host's bound.
 */
int kt_params_tick(struct kt_tick_params *tick, unsigned int device,
		   const struct kvm_timers_policy_config *config)
{
	struct kt_tick_params new;

	default_tick(&new, device);
	if (config->policy >= KVM_TIMERS_POLICY_END)
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

static int rtc_from_config(struct kt_vm_params *params, const struct kvm_timers_config *config)
{
	s64 min = 0, max = 0;

	switch (config->rtc_base) {
	case KVM_TIMERS_RTC_DEFAULT:
		return config->rtc_time_s ? -EINVAL : 0;
	case KVM_TIMERS_RTC_UTC:
		break;
	case KVM_TIMERS_RTC_LOCALTIME:
		min = -MAX_UTC_OFFSET_S;
		max = MAX_UTC_OFFSET_S;
		break;
	case KVM_TIMERS_RTC_FIXED:
		max = MAX_RTC_TIME_S;
		break;
	default:
		return -ERANGE;
	}
	if (!max && config->rtc_time_s)
		return -EINVAL;
	if (config->rtc_time_s < min || config->rtc_time_s > max)
		return -ERANGE;

	params->rtc_base = config->rtc_base;
	params->rtc_time_s = config->rtc_time_s;
	return 0;
}

/**
 * kt_params_advance() - check an owner's wish for the advance of the LAPIC timer
 * @advance:	enum kvm_timers_advance to put in force, unless an error is returned
 * @advance_ns:	with it
 * @want:	the owner's choice
 * @want_ns:	with it
 *
 * Context: Any.
 * Return: 0; -EINVAL a time where there is to be none; -ERANGE an advance that is unknown
 * or too long.
 */
int kt_params_advance(u32 *advance, u32 *advance_ns, u32 want, u32 want_ns)
{
	if (want > KVM_TIMERS_ADVANCE_FIXED)
		return -ERANGE;
	if (want != KVM_TIMERS_ADVANCE_FIXED && want_ns)
		return -EINVAL;
	if (want_ns > KVM_TIMERS_ADVANCE_MAX_NS)
		return -ERANGE;

	if (want == KVM_TIMERS_ADVANCE_DEFAULT)
		return default_advance(advance, advance_ns);
	*advance = want;
	*advance_ns = want_ns;
	return 0;
}

/**
 * kt_params_gap() - check what an owner wants a pause to be
 * @gap:	enum kvm_timers_gap to put in force, unless an error is returned
 * @want:	the owner's choice
 * @clock_rate:	enum kvm_timers_clock_rate of the VM
 *
 * Nothing is made up for by a clock that goes as the TSC does: where that is only the host's
 * default, such a VM's clock stops instead.
 *
 * Context: Any.
 * Return: 0; -ERANGE no such choice; -EOPNOTSUPP not with that rate.
 */
int kt_params_gap(u32 *gap, u32 want, u32 clock_rate)
{
	bool can_slew = clock_rate != KVM_TIMERS_CLOCK_TSC;

	if (want > KVM_TIMERS_GAP_SLEW)
		return -ERANGE;
	if (want == KVM_TIMERS_GAP_SLEW && !can_slew)
		return -EOPNOTSUPP;

	*gap = want ?: default_gap();
	if (*gap == KVM_TIMERS_GAP_SLEW && !can_slew)
		*gap = KVM_TIMERS_GAP_STOP;
	return 0;
}

/**
 * kt_params_budget() - check an owner's budget of timer interrupts
 * @budget_hz:	budget to put in force, unless an error is returned
 * @want:	the owner's choice
 *
 * Context: Any.
 * Return: 0, or -ERANGE where it is too small, or beyond the host's.
 */
int kt_params_budget(u32 *budget_hz, u32 want)
{
	if (want && (want < MIN_BUDGET_HZ || want > catchup_budget_hz))
		return -ERANGE;

	*budget_hz = want ?: catchup_budget_hz;
	return 0;
}

/**
 * kt_params_from_config() - check an owner's wish
 * @params:	filled in, unless an error is returned
 * @config:	from user space
 *
 * Context: Any.
 * Return: 0; -E2BIG unknown size; -EINVAL unknown flag, or a field to be 0 is not;
 * -EOPNOTSUPP unknown device, or a gap that the rate of the clock does not go with; -ENODEV
 * device switched off; -ERANGE policy, bound, base or time of the RTC, advance, rate of the
 * clock or gap out of range.
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
	if (config->devices & ~KNOWN_DEVICES)
		return -EOPNOTSUPP;

	kt_params_default(&new);
	if (config->devices & ~new.devices)
		return -ENODEV;
	new.devices = config->devices;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		ret = kt_params_tick(&new.tick[i], i, &config->tick[i]);
		if (ret)
			return ret;
		if (config->tick[i].policy)
			new.chosen |= BIT(i);
	}
	ret = rtc_from_config(&new, config) ?:
	      kt_params_advance(&new.lapic_advance, &new.lapic_advance_ns,
				config->lapic_advance, config->lapic_advance_ns);
	if (ret)
		return ret;
	if (config->clock_rate > KVM_TIMERS_CLOCK_TSC)
		return -ERANGE;
	if (config->clock_rate)
		new.clock_rate = config->clock_rate;
	ret = kt_params_gap(&new.gap, config->gap, new.clock_rate) ?:
	      kt_params_budget(&new.budget_hz, config->budget_hz);
	if (ret)
		return ret;
	*params = new;
	return 0;
}
