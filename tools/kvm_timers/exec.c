// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers exec: become a VMM whose VMs are taken over.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "advance.h"
#include "budget.h"
#include "changes.h"
#include "cmd.h"
#include "dev.h"
#include "names.h"
#include "out.h"
#include "policy.h"
#include "rtc_base.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define HOW_TO		"kvm-timers exec [OPTION...] -- COMMAND [ARG...]"

/**
 * struct choice - what the caller wants
 * @devices:	KVM_TIMERS_PIT | ...
 * @named:	of @devices: those that the caller asked for by name, and will not do without
 * @rtc:	what the RTC begins with
 * @clock_rate:	enum kvm_timers_clock_rate
 * @all:	policy and bounds of all devices
 * @own:	what was said of one device, which counts more, and of the VM
 */
struct choice {
	__u32			devices;
	__u32			named;
	struct kt_rtc_base	rtc;
	__u32			clock_rate;
	struct kt_policy_change	all;
	struct kt_changes	own;
};

/**
 * struct option - an option of this command
 * @name:	as written
 * @parse:	reads the value
 * @arg:	enum kt_policy_key, or enum kvm_timers_device for a switch
 */
struct option {
	const char	*name;
	int		(*parse)(struct choice *c, const struct option *opt, const char *text);
	int		arg;
};

static void switch_on(struct choice *c, int device)
{
	c->devices |= 1U << device;
	c->named |= 1U << device;
}

static void switch_off(struct choice *c, int device)
{
	c->devices &= ~(1U << device);
	c->named &= ~(1U << device);
}

static int parse_switch(struct choice *c, const struct option *opt, const char *text)
{
	if (!strcmp(text, "on"))
		switch_on(c, opt->arg);
	else if (!strcmp(text, "off"))
		switch_off(c, opt->arg);
	else
		return kt_out_fail(KT_OUT_USAGE, "%s '%s': write '%s=on' or '%s=off'", opt->name,
				   text, opt->name, opt->name);

	return KT_OUT_OK;
}

static int parse_rtc(struct choice *c, const struct option *opt, const char *text)
{
	int ret;

	if (!strcmp(text, "off")) {
		switch_off(c, opt->arg);
		return KT_OUT_OK;
	}

	ret = kt_rtc_base_parse(&c->rtc, opt->name, text);
	if (ret == KT_OUT_OK)
		switch_on(c, opt->arg);

	return ret;
}

static int parse_advance(struct choice *c, const struct option *opt, const char *text)
{
	return kt_advance_parse(&c->own.advance, opt->name, text);
}

static int parse_budget(struct choice *c, const struct option *opt, const char *text)
{
	return kt_budget_parse(&c->own.budget, opt->name, text);
}

static int parse_clock_rate(struct choice *c, const struct option *opt, const char *text)
{
	const char *name;
	unsigned int i;

	(void)opt;

	for (i = 0; (name = kt_names_clock_rate(i)); i++) {
		if (strcmp(text, name))
			continue;
		c->clock_rate = i;
		return KT_OUT_OK;
	}

	return kt_names_refuse("rate of the clock", text, kt_names_clock_rate);
}

static int parse_gap(struct choice *c, const struct option *opt, const char *text)
{
	(void)opt;

	return kt_names_parse_gap(text, &c->own.gap);
}

static int parse_bound(struct choice *c, const struct option *opt, const char *text)
{
	return kt_policy_parse(&c->all, opt->arg, opt->name, text);
}

static int parse_set(struct choice *c, const struct option *opt, const char *text)
{
	(void)opt;

	return kt_changes_parse(&c->own, text);
}

static int parse_policy(struct choice *c, const struct option *opt, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[32];
	int device;

	if (!equals)
		return parse_bound(c, opt, text);

	device = kt_names_find_ticking(text, equals - text);
	if (device >= 0)
		return kt_policy_parse(&c->own.tick[device], KT_POLICY_POLICY, opt->name,
				       equals + 1);

	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);

	return kt_names_refuse("device", name, kt_names_ticking);
}

static const struct option options[] = {
	{ "--pit",			parse_switch,	KVM_TIMERS_DEVICE_PIT },
	{ "--rtc",			parse_rtc,	KVM_TIMERS_DEVICE_RTC },
	{ "--hpet",			parse_switch,	KVM_TIMERS_DEVICE_HPET },
	{ "--lapic",			parse_switch,	KVM_TIMERS_DEVICE_LAPIC },
	{ "--lapic-advance",		parse_advance,	KVM_TIMERS_DEVICE_LAPIC },
	{ "--kvmclock",			parse_switch,	KVM_TIMERS_DEVICE_KVMCLOCK },
	{ "--tsc",			parse_switch,	KVM_TIMERS_DEVICE_TSC },
	{ "--clock-rate",		parse_clock_rate, 0 },
	{ "--gap",			parse_gap,	0 },
	{ "--policy",			parse_policy,	KT_POLICY_POLICY },
	{ "--catchup-max-rate",		parse_bound,	KT_POLICY_MAX_RATE },
	{ "--catchup-limit",		parse_bound,	KT_POLICY_LIMIT },
	{ "--catchup-threshold",	parse_bound,	KT_POLICY_THRESHOLD },
	{ "--catchup-budget",		parse_budget,	0 },
	{ "--set",			parse_set,	0 },
};

static const char *option_name(unsigned int i)
{
	return i < ARRAY_SIZE(options) ? options[i].name : NULL;
}

static const struct option *find_option(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == len && !memcmp(options[i].name, text, len))
			return &options[i];

	return NULL;
}

/* "--name=value" or "--name value"; @argv moves on past it. */
static int parse_option(struct choice *c, char ***argv)
{
	const char *arg = *(*argv)++;
	size_t len = strcspn(arg, "=");
	const struct option *opt;
	const char *value;
	char name[64];

	opt = find_option(arg, len);
	if (!opt) {
		snprintf(name, sizeof(name), "%.*s", (int)len, arg);
		return kt_names_refuse("option", name, option_name);
	}

	value = arg[len] ? arg + len + 1 : **argv;
	if (!value || (!arg[len] && !strcmp(value, "--")))
		return kt_out_fail(KT_OUT_USAGE, "%s has no value: write '%s=VALUE'", opt->name,
				   opt->name);
	if (!arg[len])
		(*argv)++;

	return opt->parse(c, opt, value);
}

/* What a device is to have. */
static struct kt_policy_change tick_of(const struct choice *c, unsigned int device)
{
	struct kt_policy_change tick = c->all;

	kt_policy_merge(&tick, &c->own.tick[device]);

	return tick;
}

/* Return: bounds that a policy looks at, or may look at. */
static unsigned int bounds_of(__u32 policy)
{
	switch (policy) {
	case KVM_TIMERS_POLICY_DEFAULT:
	case KVM_TIMERS_POLICY_CATCHUP:
		return 1U << KT_POLICY_MAX_RATE | 1U << KT_POLICY_LIMIT |
		       1U << KT_POLICY_THRESHOLD;
	case KVM_TIMERS_POLICY_DELAY:
		/* What stays behind is bounded, too. */
		return 1U << KT_POLICY_LIMIT;
	default:
		return 0;
	}
}

/* A bound that nothing will ever look at is a misunderstanding. */
static int check_bounds(const struct choice *c)
{
	unsigned int i, useless = c->all.named & ~(1U << KT_POLICY_POLICY);
	struct kt_policy_change tick;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		tick = tick_of(c, i);
		useless &= ~bounds_of(tick.value.policy);
		if (c->own.tick[i].named & ~(1U << KT_POLICY_POLICY) &
		    ~bounds_of(tick.value.policy))
			return kt_out_fail(KT_OUT_USAGE,
					   "policy '%s' of the %s has no such bounds: write '--set=%s.policy=catchup', or leave them out",
					   kt_names_policy(tick.value.policy),
					   kt_names_device(i), kt_names_device(i));
	}
	if (!useless)
		return KT_OUT_OK;

	return kt_out_fail(KT_OUT_USAGE,
			   "policy '%s' has no such --catchup bounds: write '--policy=catchup', or leave them out",
			   kt_names_policy(tick.value.policy));
}

/* On success, @argv is at the command to run. */
static int parse_args(struct choice *c, char ***argv)
{
	int ret;

	while (**argv && strcmp(**argv, "--")) {
		if (***argv != '-')
			return kt_out_fail(KT_OUT_USAGE, "missing '--' before '%s': write '%s'",
					   **argv, HOW_TO);
		ret = parse_option(c, argv);
		if (ret)
			return ret;
	}

	if (!**argv)
		return kt_out_fail(KT_OUT_USAGE, "missing '--' and command: write '" HOW_TO "'");
	(*argv)++;
	if (!**argv || !***argv)
		return kt_out_fail(KT_OUT_USAGE, "no command after '--': write '" HOW_TO "'");
	if (!c->devices)
		return kt_out_fail(KT_OUT_USAGE,
				   "every device is off: leave out '--pit=off', '--rtc=off', '--hpet=off', '--lapic=off', '--kvmclock=off' or '--tsc=off', or run the command by itself");

	return check_bounds(c);
}

static int try_adopt(int dev, const struct choice *c, __u32 devices)
{
	struct kvm_timers_config config = {
		.devices	= devices,
		.clock_rate	= c->clock_rate,
		.gap		= c->own.gap,
		.budget_hz	= c->own.budget.hz,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(config.tick); i++)
		if (devices & 1U << i)
			config.tick[i] = tick_of(c, i).value;

	if (devices & KVM_TIMERS_RTC) {
		config.rtc_base = c->rtc.base;
		config.rtc_time_s = c->rtc.time_s;
	}
	if (devices & KVM_TIMERS_LAPIC) {
		config.lapic_advance = c->own.advance.advance;
		config.lapic_advance_ns = c->own.advance.ns;
	}

	return kt_dev_adopt(dev, &config);
}

static int refuse(int err)
{
	return kt_out_fail(KT_OUT_ERROR, "cannot take over the timers: %s",
			   kt_dev_words(KT_DEV_ADOPT, err));
}

/*
 * Some device is switched off, and the kernel does not say which: ask for one at a time. The
 * process creates no VM meanwhile, and its last wish replaces those before it.
 */
static int adopt_what_is_offered(int dev, const struct choice *c)
{
	__u32 offered = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < KVM_TIMERS_DEVICE_END; i++) {
		if (!(c->devices & 1U << i))
			continue;

		ret = try_adopt(dev, c, 1U << i);
		if (!ret)
			offered |= 1U << i;
		else if (ret != -ENODEV)
			return refuse(ret);
		else if (c->named & 1U << i)
			return kt_out_fail(KT_OUT_ERROR,
					   "cannot take over the %s: %s, or leave out '--%s'",
					   kt_names_device(i), kt_dev_words(KT_DEV_ADOPT, ret),
					   kt_names_device(i));
	}

	if (!offered)
		return kt_out_fail(KT_OUT_ERROR,
				   "cannot take over the timers: the administrator has switched off every device that is left to take over: see 'modinfo -p kvm_timers', or run the command by itself");

	ret = try_adopt(dev, c, offered);

	return ret < 0 ? refuse(ret) : KT_OUT_OK;
}

static int adopt(const struct choice *c)
{
	int dev, ret;

	dev = kt_dev_open();
	if (dev < 0)
		return kt_out_fail(KT_OUT_ERROR, "%s", kt_dev_words(KT_DEV_OPEN, dev));

	ret = try_adopt(dev, c, c->devices);
	if (ret == -ENODEV)
		ret = adopt_what_is_offered(dev, c);
	else if (ret < 0)
		ret = refuse(ret);
	close(dev);

	return ret;
}

/**
 * kt_exec_run() - become a VMM whose VMs are taken over
 * @argc:	number of arguments
 * @argv:	options, "--", command and its arguments
 *
 * The process, and so its PID, stays the same: whoever supervises the VMM need not know.
 *
 * Return: only on failure, enum kt_out_exit.
 */
int kt_exec_run(int argc, char **argv)
{
	struct choice c = {
		.devices	= (1U << KVM_TIMERS_DEVICE_END) - 1,
		.own		= { .last_counts = true },
	};
	int ret;

	(void)argc;

	ret = parse_args(&c, &argv);
	if (ret)
		return ret;

	/* A VMM that daemonizes by a double fork would leave this process's descendants. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return kt_out_fail(KT_OUT_ERROR, "cannot become a subreaper: %s", strerror(errno));

	ret = adopt(&c);
	if (ret)
		return ret;

	execvp(argv[0], argv);

	/* A script is there, but what its first line names is not. */
	if (errno == ENOENT && strchr(argv[0], '/') && !access(argv[0], F_OK))
		return kt_out_fail(KT_OUT_NOT_EXECUTABLE,
				   "cannot run '%s': its interpreter is missing", argv[0]);
	if (errno == ENOENT)
		return kt_out_fail(KT_OUT_NOT_FOUND, "cannot run '%s': command not found", argv[0]);

	return kt_out_fail(KT_OUT_NOT_EXECUTABLE, "cannot run '%s': %s", argv[0], strerror(errno));
}
