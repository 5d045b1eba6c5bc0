// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost-tick policies and their bounds, as people write them.
 */
#include "policy.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "names.h"
#include "out.h"

/* The ABI counts the rate in percent, people write how many times. */
#define RATE_MIN_PCT	101
#define RATE_MAX_PCT	1000
#define RATE_DECIMALS	2

/* 0 is the ABI's word for it. */
#define HOST_DEFAULT	0

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

/* "2", "1.5" or "1.25" to percent. */
static int parse_rate(const char *text, __u32 *pct)
{
	unsigned int decimals = 0;
	bool point = false;
	__u32 val = 0;

	if (digit(*text) < 0)
		return -EINVAL;

	for (; *text; text++) {
		if (*text == '.' && !point && digit(text[1]) >= 0) {
			point = true;
			continue;
		}
		if (digit(*text) < 0 || (point && ++decimals > RATE_DECIMALS))
			return -EINVAL;
		val = val * 10 + digit(*text);
		if (val > RATE_MAX_PCT)
			return -ERANGE;
	}

	while (decimals++ < RATE_DECIMALS)
		val *= 10;
	*pct = val;

	return val < RATE_MIN_PCT || val > RATE_MAX_PCT ? -ERANGE : 0;
}

static int parse_policy(__u32 *policy, const char *text)
{
	int found = kt_names_find_policy(text);

	if (found >= 0) {
		*policy = found;
		return 0;
	}

	return kt_names_refuse("policy", text, kt_names_policy);
}

static int parse_max_rate(__u32 *pct, const char *option, const char *text)
{
	if (!strcmp(text, "default")) {
		*pct = HOST_DEFAULT;
		return 0;
	}

	if (!parse_rate(text, pct))
		return 0;

	return kt_out_fail(KT_OUT_USAGE,
			   "%s '%s': write how many times the programmed rate, 1.01 to 10, or 'default'",
			   option, text);
}

static int parse_limit(__u32 *ms, const char *option, const char *text)
{
	if (!strcmp(text, "default")) {
		*ms = HOST_DEFAULT;
		return 0;
	}

	/* A limit of 0 would say "no catch-up" to people and "default" to the kernel. */
	if (!kt_policy_parse_u32(text, ms) && *ms)
		return 0;

	return kt_out_fail(KT_OUT_USAGE,
			   "%s '%s': write milliseconds, 1 to %u, or 'default'", option, text,
			   UINT_MAX);
}

static int parse_threshold(__u32 *us, const char *option, const char *text)
{
	if (!kt_policy_parse_u32(text, us))
		return 0;

	return kt_out_fail(KT_OUT_USAGE, "%s '%s': write microseconds, 0 to %u", option, text,
			   UINT_MAX);
}

/**
 * kt_policy_parse_u32() - read a decimal number
 * @text:	digits and nothing else
 * @val:	result
 *
 * Return: 0, -EINVAL for a text that is no number, or -ERANGE for a number over 32 bits.
 */
int kt_policy_parse_u32(const char *text, __u32 *val)
{
	__u64 sum = 0;

	if (!*text)
		return -EINVAL;

	for (; *text; text++) {
		if (digit(*text) < 0)
			return -EINVAL;
		sum = sum * 10 + digit(*text);
		if (sum > UINT_MAX)
			return -ERANGE;
	}
	*val = sum;

	return 0;
}

/**
 * kt_policy_parse() - read one setting
 * @change:	gets the setting, if it is valid
 * @key:	which one
 * @option:	what the caller calls it, for the error
 * @text:	its value as written
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE after the error has been reported.
 */
int kt_policy_parse(struct kt_policy_change *change, enum kt_policy_key key, const char *option,
		    const char *text)
{
	__u32 val = 0;
	int ret;

	switch (key) {
	case KT_POLICY_POLICY:
		ret = parse_policy(&val, text);
		change->value.policy = val;
		break;
	case KT_POLICY_MAX_RATE:
		ret = parse_max_rate(&val, option, text);
		change->value.catchup_max_rate_pct = val;
		break;
	case KT_POLICY_LIMIT:
		ret = parse_limit(&val, option, text);
		change->value.catchup_limit_ms = val;
		break;
	default:
		ret = parse_threshold(&val, option, text);
		change->value.catchup_threshold_us = val;
		break;
	}
	change->named |= 1U << key;

	return ret;
}

/**
 * kt_policy_apply() - change what was named, keep the rest
 * @change:	settings
 * @config:	changed in place
 */
void kt_policy_apply(const struct kt_policy_change *change, struct kvm_timers_policy_config *config)
{
	if (change->named & 1U << KT_POLICY_POLICY)
		config->policy = change->value.policy;
	if (change->named & 1U << KT_POLICY_MAX_RATE)
		config->catchup_max_rate_pct = change->value.catchup_max_rate_pct;
	if (change->named & 1U << KT_POLICY_LIMIT)
		config->catchup_limit_ms = change->value.catchup_limit_ms;
	if (change->named & 1U << KT_POLICY_THRESHOLD)
		config->catchup_threshold_us = change->value.catchup_threshold_us;
}

/**
 * kt_policy_merge() - have what was named elsewhere replace what was named here
 * @change:	settings, changed in place
 * @over:	those that count more
 */
void kt_policy_merge(struct kt_policy_change *change, const struct kt_policy_change *over)
{
	kt_policy_apply(over, &change->value);
	change->named |= over->named;
}
