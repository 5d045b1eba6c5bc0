// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an RTC begins with, and what it shows, as people write them.
 */
#include "rtc_base.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/kvm_timers.h>

#include "names.h"
#include "out.h"

/* 0 stands for a digit. */
#define TIME_FORM	"0000-00-00T00:00:00"

#define FIRST_YEAR	1970
#define LAST_YEAR	2099

/* Of KVM_TIMERS_RTC_LOCALTIME. */
#define OFFSET_MAX_S	86400

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool has_time_form(const char *text)
{
	const char *form;

	for (form = TIME_FORM; *form; form++, text++)
		if (*form == '0' ? !is_digit(*text) : *text != *form)
			return false;

	return !*text;
}

static int number(const char *text, unsigned int digits)
{
	int val = 0;

	while (digits--)
		val = val * 10 + *text++ - '0';

	return val;
}

/* timegm() makes a valid time of any other: what it changed was none. */
static bool read_time(const char *text, __s64 *time_s)
{
	struct tm said = {
		.tm_year	= number(text, 4) - 1900,
		.tm_mon		= number(text + 5, 2) - 1,
		.tm_mday	= number(text + 8, 2),
		.tm_hour	= number(text + 11, 2),
		.tm_min		= number(text + 14, 2),
		.tm_sec		= number(text + 17, 2),
	};
	struct tm valid = said;

	*time_s = timegm(&valid);

	return valid.tm_year == said.tm_year && valid.tm_mon == said.tm_mon &&
	       valid.tm_mday == said.tm_mday && valid.tm_hour == said.tm_hour &&
	       valid.tm_min == said.tm_min && valid.tm_sec == said.tm_sec;
}

static int parse_fixed(struct kt_rtc_base *rtc, const char *option, const char *text)
{
	int year = number(text, 4);

	if (year < FIRST_YEAR || year > LAST_YEAR)
		return kt_out_fail(KT_OUT_USAGE, "%s '%s': write a year from %d to %d", option,
				   text, FIRST_YEAR, LAST_YEAR);
	if (!read_time(text, &rtc->time_s))
		return kt_out_fail(KT_OUT_USAGE,
				   "%s '%s': no calendar has that time: write a day of its month, and 00:00:00 to 23:59:59",
				   option, text);
	rtc->base = KVM_TIMERS_RTC_FIXED;

	return KT_OUT_OK;
}

/* The kernel does not know the time zone of its caller. */
static int parse_localtime(struct kt_rtc_base *rtc, const char *option)
{
	time_t now = time(NULL);
	struct tm local;

	/* localtime_r() alone need not look at TZ. */
	tzset();
	if (!localtime_r(&now, &local) || local.tm_gmtoff < -OFFSET_MAX_S ||
	    local.tm_gmtoff > OFFSET_MAX_S)
		return kt_out_fail(KT_OUT_USAGE,
				   "%s localtime: the local time is more than a day from UTC: correct TZ, or write '%s=utc'",
				   option, option);

	rtc->base = KVM_TIMERS_RTC_LOCALTIME;
	rtc->time_s = local.tm_gmtoff;

	return KT_OUT_OK;
}

/**
 * kt_rtc_base_parse() - read what an RTC shall begin with
 * @rtc:	result, if it is valid
 * @option:	what the caller calls it, for the error
 * @text:	"on", "utc", "localtime" or a time
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE after the error has been reported.
 */
int kt_rtc_base_parse(struct kt_rtc_base *rtc, const char *option, const char *text)
{
	struct kt_rtc_base new = { .base = KVM_TIMERS_RTC_DEFAULT };
	int ret = KT_OUT_OK;

	if (has_time_form(text))
		ret = parse_fixed(&new, option, text);
	else if (!strcmp(text, kt_names_rtc_base(KVM_TIMERS_RTC_LOCALTIME)))
		ret = parse_localtime(&new, option);
	else if (!strcmp(text, kt_names_rtc_base(KVM_TIMERS_RTC_UTC)))
		new.base = KVM_TIMERS_RTC_UTC;
	else if (strcmp(text, "on"))
		return kt_out_fail(KT_OUT_USAGE,
				   "%s '%s': write 'utc', 'localtime', a time such as '2001-02-03T04:05:06', 'on' or 'off'",
				   option, text);

	if (ret == KT_OUT_OK)
		*rtc = new;

	return ret;
}

/**
 * kt_rtc_base_format() - write what an RTC shows
 * @time_s:	seconds since 1970-01-01 00:00:00, as the RTC shows them
 * @text:	result
 * @room:	its size
 */
void kt_rtc_base_format(__s64 time_s, char *text, size_t room)
{
	time_t time = time_s;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(text, room, "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(text, room, "%lld s since 1970", time_s);
}
