// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of devices, policies, RTC bases, advances, rates of the clock, gaps and levels of a
 * catch-up, and the nearest one to a misspelt word.
 */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include <linux/kvm_timers.h>

#include "out.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Longest word worth a guess, and how many of its letters may be wrong. */
#define WORD_MAX	32
#define WRONG_MAX	2

static const char * const devices[KVM_TIMERS_DEVICE_END] = {
	[KVM_TIMERS_DEVICE_PIT]		= "pit",
	[KVM_TIMERS_DEVICE_RTC]		= "rtc",
	[KVM_TIMERS_DEVICE_HPET]	= "hpet",
	[KVM_TIMERS_DEVICE_LAPIC]	= "lapic",
	[KVM_TIMERS_DEVICE_KVMCLOCK]	= "kvmclock",
	[KVM_TIMERS_DEVICE_TSC]		= "tsc",
};

static const char * const policies[] = {
	[KVM_TIMERS_POLICY_DEFAULT]	= "default",
	[KVM_TIMERS_POLICY_CATCHUP]	= "catchup",
	[KVM_TIMERS_POLICY_MERGE]	= "merge",
	[KVM_TIMERS_POLICY_DISCARD]	= "discard",
	[KVM_TIMERS_POLICY_DELAY]	= "delay",
};

static const char * const rtc_bases[] = {
	[KVM_TIMERS_RTC_DEFAULT]	= "default",
	[KVM_TIMERS_RTC_UTC]		= "utc",
	[KVM_TIMERS_RTC_LOCALTIME]	= "localtime",
	[KVM_TIMERS_RTC_FIXED]		= "fixed",
};

static const char * const advances[] = {
	[KVM_TIMERS_ADVANCE_DEFAULT]	= "default",
	[KVM_TIMERS_ADVANCE_AUTO]	= "auto",
	[KVM_TIMERS_ADVANCE_FIXED]	= "fixed",
};

static const char * const clock_rates[] = {
	[KVM_TIMERS_CLOCK_DEFAULT]	= "default",
	[KVM_TIMERS_CLOCK_HOST]		= "host",
	[KVM_TIMERS_CLOCK_TSC]		= "tsc",
};

static const char * const gaps[] = {
	[KVM_TIMERS_GAP_DEFAULT]	= "default",
	[KVM_TIMERS_GAP_STOP]		= "stop",
	[KVM_TIMERS_GAP_JUMP]		= "jump",
	[KVM_TIMERS_GAP_SLEW]		= "slew",
};

/* By their rates, in times the programmed one. */
static const char * const levels[KVM_TIMERS_CATCHUP_LEVELS] = {
	"1.05", "1.10", "1.25", "1.50", "1.75", "2", "3", "fastest",
};

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int min = a < b ? a : b;

	return min < c ? min : c;
}

/* Letters to insert, delete or exchange to make one word of the other. */
static unsigned int distance(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b);
	unsigned int row[WORD_MAX + 1];
	size_t i, j;

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return WRONG_MAX + 1;

	for (j = 0; j <= len_b; j++)
		row[j] = j;

	for (i = 1; i <= len_a; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= len_b; j++) {
			unsigned int above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}

	return row[len_b];
}

/**
 * kt_names_device() - name of a device
 * @device:	enum kvm_timers_device
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_device(unsigned int device)
{
	return device < ARRAY_SIZE(devices) ? devices[device] : NULL;
}

/**
 * kt_names_format_devices() - names of several devices
 * @devices:	KVM_TIMERS_PIT | ...
 * @text:	result
 * @room:	its size
 */
void kt_names_format_devices(__u32 devices, char *text, size_t room)
{
	unsigned int i;
	size_t used;

	*text = '\0';
	for (i = 0; i < KVM_TIMERS_DEVICE_END; i++) {
		if (!(devices & 1U << i))
			continue;
		used = strlen(text);
		snprintf(text + used, room - used, "%s%s", used ? "," : "", kt_names_device(i));
	}
}

/**
 * kt_names_ticking() - name of a device that gives interrupts, and so has a policy
 * @device:	enum kvm_timers_device
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_ticking(unsigned int device)
{
	return device < KVM_TIMERS_NR_DEVICES ? devices[device] : NULL;
}

/**
 * kt_names_find_ticking() - device of a name
 * @text:	name, which need not end there
 * @len:	its length
 *
 * Return: enum kvm_timers_device of one that gives interrupts, or -1.
 */
int kt_names_find_ticking(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (strlen(devices[i]) == len && !memcmp(devices[i], text, len))
			return i;

	return -1;
}

/**
 * kt_names_policy() - name of a policy
 * @policy:	enum kvm_timers_policy
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_policy(__u32 policy)
{
	return policy < ARRAY_SIZE(policies) ? policies[policy] : NULL;
}

/**
 * kt_names_find_policy() - policy of a name
 * @text:	name
 *
 * Return: enum kvm_timers_policy, or -1.
 */
int kt_names_find_policy(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		if (!strcmp(policies[i], text))
			return i;

	return -1;
}

/**
 * kt_names_rtc_base() - name of what an RTC was set from
 * @base:	enum kvm_timers_rtc_base
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_rtc_base(__u32 base)
{
	return base < ARRAY_SIZE(rtc_bases) ? rtc_bases[base] : NULL;
}

/**
 * kt_names_advance() - name of how the advance of the LAPIC timer is chosen
 * @advance:	enum kvm_timers_advance
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_advance(__u32 advance)
{
	return advance < ARRAY_SIZE(advances) ? advances[advance] : NULL;
}

/**
 * kt_names_clock_rate() - name of how fast guest time goes
 * @rate:	enum kvm_timers_clock_rate
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_clock_rate(unsigned int rate)
{
	return rate < ARRAY_SIZE(clock_rates) ? clock_rates[rate] : NULL;
}

/**
 * kt_names_gap() - name of what a pause is to a guest
 * @gap:	enum kvm_timers_gap
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_gap(unsigned int gap)
{
	return gap < ARRAY_SIZE(gaps) ? gaps[gap] : NULL;
}

/**
 * kt_names_level() - name of a level of a catch-up
 * @level:	below KVM_TIMERS_CATCHUP_LEVELS
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_names_level(unsigned int level)
{
	return level < ARRAY_SIZE(levels) ? levels[level] : NULL;
}

/**
 * kt_names_parse_gap() - read what a pause is to be
 * @text:	name
 * @gap:	enum kvm_timers_gap, set on success
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE, having been reported.
 */
int kt_names_parse_gap(const char *text, __u32 *gap)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(gaps); i++) {
		if (strcmp(gaps[i], text))
			continue;
		*gap = i;
		return KT_OUT_OK;
	}

	return kt_names_refuse("gap", text, kt_names_gap);
}

/**
 * kt_names_is_option() - whether an argument is an option
 * @arg:	argument
 *
 * "-" is a file, and a negative number is one that is wrong.
 *
 * Return: true if it is one.
 */
bool kt_names_is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] && !(arg[1] >= '0' && arg[1] <= '9');
}

/**
 * kt_names_closest() - what a misspelt word was meant to be
 * @word:	word that is no name
 * @name:	gives the names by number, then NULL
 *
 * Return: the nearest name or one that begins with @word; NULL if none resembles it.
 */
const char *kt_names_closest(const char *word, const char *(*name)(unsigned int i))
{
	unsigned int wrong, best = WRONG_MAX + 1;
	const char *closest = NULL;
	size_t len = strlen(word);
	const char *candidate;
	unsigned int i;

	for (i = 0; (candidate = name(i)); i++) {
		/* A short word is near to every other short word. */
		wrong = distance(word, candidate);
		if (wrong < best && wrong < len) {
			best = wrong;
			closest = candidate;
		}
	}

	for (i = 0; !closest && len > 1 && (candidate = name(i)); i++)
		if (!strncmp(candidate, word, len))
			closest = candidate;

	return closest;
}

/**
 * kt_names_refuse() - report a word that is no name
 * @what:	what it should have been a name of
 * @word:	the word
 * @name:	gives the names by number, then NULL
 *
 * Return: KT_OUT_USAGE.
 */
int kt_names_refuse(const char *what, const char *word, const char *(*name)(unsigned int i))
{
	const char *closest = kt_names_closest(word, name);
	const char *candidate;
	char all[256] = "";
	unsigned int i;

	if (closest)
		return kt_out_fail(KT_OUT_USAGE, "unknown %s '%s': did you mean '%s'?", what, word,
				   closest);

	for (i = 0; (candidate = name(i)); i++) {
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", candidate);
	}

	return kt_out_fail(KT_OUT_USAGE, "unknown %s '%s': write one of %s", what, word, all);
}
