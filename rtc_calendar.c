// SPDX-License-Identifier: GPL-2.0-only
/*
 * MC146818A: what the bytes of time, date and alarm mean, in the format that
 * register B says at the moment.
 *
 * The bytes are as the guest has written them until an update. That writes hours,
 * minutes and seconds, and the date only if it changes; to that end a byte with a
 * nonsensical value, digits above 9 included, is taken for the nearest sensible one.
 * The chip has a leap day each 4 years, and the day of the week is a counter of its
 * own. Where the datasheet says nothing: the century counts on at the end of year 99,
 * in BCD from 99 to 0.
 */
#include <linux/bcd.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "model.h"
#include "rtc_calendar.h"

/* An alarm byte with both set matches everything. */
#define ALARM_ANY		0xc0

#define PM			0x80

#define SECS_PER_MIN		60
#define SECS_PER_HOUR		3600
#define SECS_PER_DAY		86400

#define DAYS_PER_4_YEARS	1461
#define DAYS_PER_CENTURY	36525

/* By the Gregorian calendar, three centuries of four begin without a leap day. */
#define DAYS_SHORT_CENTURY	36524
#define DAYS_TO_LEAP_DAY	59

/* 1970-01-01, a Thursday, in days: from year 0, and from the chip's year 00. */
#define EPOCH_DAYS		719528
#define EPOCH_CENTURY		19
#define EPOCH_CENTURY_DAYS	25568
#define EPOCH_WEEKDAY		5

/* 2099-12-31 23:59:59. */
#define CLOCK_MAX_S		4102444799LL

static bool is_leap(u32 year)
{
	return year % 4 == 0;
}

static u32 from_byte(const struct kt_rtc *rtc, u8 val)
{
	return rtc->b & KT_RTC_CALENDAR_BINARY ? val : bcd2bin(val);
}

static u8 to_byte(const struct kt_rtc *rtc, u32 val)
{
	return rtc->b & KT_RTC_CALENDAR_BINARY ? val : bin2bcd(val);
}

static u32 from_hour(const struct kt_rtc *rtc, u8 val)
{
	u32 hour;

	if (rtc->b & KT_RTC_CALENDAR_24H)
		return min(from_byte(rtc, val), 23U);

	hour = clamp(from_byte(rtc, val & ~PM), 1U, 12U) % 12;

	return val & PM ? hour + 12 : hour;
}

static u8 to_hour(const struct kt_rtc *rtc, u32 hour)
{
	if (rtc->b & KT_RTC_CALENDAR_24H)
		return to_byte(rtc, hour);

	return to_byte(rtc, hour % 12 ? hour % 12 : 12) | (hour < 12 ? 0 : PM);
}

/* Return: seconds since midnight. */
static u32 time_of_day(const struct kt_rtc *rtc)
{
	return from_hour(rtc, rtc->time[KT_RTC_HOURS]) * SECS_PER_HOUR +
	       min(from_byte(rtc, rtc->time[KT_RTC_MINUTES]), 59U) * SECS_PER_MIN +
	       min(from_byte(rtc, rtc->time[KT_RTC_SECONDS]), 59U);
}

static void set_time_of_day(struct kt_rtc *rtc, u32 secs)
{
	rtc->time[KT_RTC_HOURS] = to_hour(rtc, secs / SECS_PER_HOUR);
	rtc->time[KT_RTC_MINUTES] = to_byte(rtc, secs / SECS_PER_MIN % 60);
	rtc->time[KT_RTC_SECONDS] = to_byte(rtc, secs % 60);
}

/* Return: days of the year before @month, 1 to 13. */
static u32 days_before(u32 month, bool leap)
{
	static const u16 days[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365
	};

	return days[month - 1] + (leap && month > 2);
}

/* Return: days since the first of January of year 00. */
static u32 day_of_century(const struct kt_rtc *rtc)
{
	u32 year = min(from_byte(rtc, rtc->time[KT_RTC_YEAR]), 99U);
	u32 month = clamp(from_byte(rtc, rtc->time[KT_RTC_MONTH]), 1U, 12U);
	u32 first = days_before(month, is_leap(year));
	u32 length = days_before(month + 1, is_leap(year)) - first;
	u32 date = clamp(from_byte(rtc, rtc->time[KT_RTC_DATE]), 1U, length);

	return year * 365 + (year + 3) / 4 + first + date - 1;
}

static void set_day_of_century(struct kt_rtc *rtc, u32 day)
{
	u32 year = day / DAYS_PER_4_YEARS * 4;
	u32 month = 1;

	day %= DAYS_PER_4_YEARS;
	if (day > 365) {
		year += (day - 1) / 365;
		day = (day - 1) % 365;
	}
	while (day >= days_before(month + 1, is_leap(year)))
		month++;

	rtc->time[KT_RTC_YEAR] = to_byte(rtc, year);
	rtc->time[KT_RTC_MONTH] = to_byte(rtc, month);
	rtc->time[KT_RTC_DATE] = to_byte(rtc, day - days_before(month, is_leap(year)) + 1);
}

static u32 century(const struct kt_rtc *rtc)
{
	u32 val = from_byte(rtc, rtc->century);

	return rtc->b & KT_RTC_CALENDAR_BINARY ? val : min(val, 99U);
}

static void set_century(struct kt_rtc *rtc, u32 val)
{
	rtc->century = to_byte(rtc, rtc->b & KT_RTC_CALENDAR_BINARY ? val : val % 100);
}

static void add_days(struct kt_rtc *rtc, u32 days)
{
	u32 weekday = clamp(from_byte(rtc, rtc->time[KT_RTC_WEEKDAY]), 1U, 7U);
	u32 day = day_of_century(rtc) + days;

	rtc->time[KT_RTC_WEEKDAY] = to_byte(rtc, (weekday - 1 + days) % 7 + 1);
	set_day_of_century(rtc, day % DAYS_PER_CENTURY);
	if (day >= DAYS_PER_CENTURY)
		set_century(rtc, century(rtc) + day / DAYS_PER_CENTURY);
}

/*
 * The comparison is of bytes. After an update these are the ones that the format
 * has, so an alarm byte which it has not never matches.
 */
static bool can_match(const struct kt_rtc *rtc)
{
	u8 hours = rtc->time[KT_RTC_HOURS_ALARM];
	u8 minutes = rtc->time[KT_RTC_MINUTES_ALARM];
	u8 seconds = rtc->time[KT_RTC_SECONDS_ALARM];

	return (hours >= ALARM_ANY || to_hour(rtc, from_hour(rtc, hours)) == hours) &&
	       (minutes >= ALARM_ANY ||
		to_byte(rtc, min(from_byte(rtc, minutes), 59U)) == minutes) &&
	       (seconds >= ALARM_ANY ||
		to_byte(rtc, min(from_byte(rtc, seconds), 59U)) == seconds);
}

/**
 * kt_rtc_calendar_set() - write date and time
 * @rtc:	device; its time, date and century change
 * @time_s:	seconds since 1970-01-01 00:00:00; taken as the nearest before 2100
 *
 * Context: Any.
 */
void kt_rtc_calendar_set(struct kt_rtc *rtc, s64 time_s)
{
	u32 day, days, secs;

	days = div_u64_rem(clamp_t(s64, time_s, 0, CLOCK_MAX_S), SECS_PER_DAY, &secs);
	day = EPOCH_CENTURY_DAYS + days;
	set_time_of_day(rtc, secs);
	set_day_of_century(rtc, day % DAYS_PER_CENTURY);
	set_century(rtc, EPOCH_CENTURY + day / DAYS_PER_CENTURY);
	rtc->time[KT_RTC_WEEKDAY] = to_byte(rtc, (EPOCH_WEEKDAY - 1 + days) % 7 + 1);
}

/**
 * kt_rtc_calendar_get() - date and time that the bytes show
 * @rtc:	device
 *
 * Context: Any.
 * Return: seconds since 1970-01-01 00:00:00, by the Gregorian calendar; negative before.
 */
s64 kt_rtc_calendar_get(const struct kt_rtc *rtc)
{
	s64 centuries = century(rtc);
	s64 day = day_of_century(rtc);

	if (centuries % 4 && day > DAYS_TO_LEAP_DAY)
		day--;
	day += centuries * DAYS_SHORT_CENTURY + (centuries + 3) / 4 - EPOCH_DAYS;

	return day * SECS_PER_DAY + time_of_day(rtc);
}

/**
 * kt_rtc_calendar_add() - so many updates
 * @rtc:	device; its time, date and century change
 * @secs:	number of updates, not 0
 *
 * Context: Any.
 */
void kt_rtc_calendar_add(struct kt_rtc *rtc, u64 secs)
{
	u32 days, rest;

	days = div_u64_rem(time_of_day(rtc) + secs, SECS_PER_DAY, &rest);
	set_time_of_day(rtc, rest);
	if (days)
		add_days(rtc, days);
}

/**
 * kt_rtc_calendar_alarm_wait() - when the alarm comes
 * @rtc:	device
 *
 * Context: Any.
 * Return: updates until the one after which the time bytes match the alarm, 1 to the
 * seconds of a day; KT_NEVER if none does.
 */
u64 kt_rtc_calendar_alarm_wait(const struct kt_rtc *rtc)
{
	u8 hours = rtc->time[KT_RTC_HOURS_ALARM];
	u8 minutes = rtc->time[KT_RTC_MINUTES_ALARM];
	u8 seconds = rtc->time[KT_RTC_SECONDS_ALARM];
	u32 second = seconds >= ALARM_ANY ? 0 : from_byte(rtc, seconds);
	u32 minute = minutes >= ALARM_ANY ? 0 : from_byte(rtc, minutes);
	u32 hour = from_hour(rtc, hours);
	u32 start = time_of_day(rtc);
	u32 secs = start + 1;
	u32 step;

	if (!can_match(rtc))
		return KT_NEVER;

	/* To the second, the minute, the hour: where a step is made, those below start anew. */
	if (seconds < ALARM_ANY)
		secs += (60 + second - secs % 60) % 60;

	step = (60 + minute - secs / SECS_PER_MIN % 60) % 60;
	if (minutes < ALARM_ANY && step)
		secs = (secs / SECS_PER_MIN + step) * SECS_PER_MIN + second;

	step = (24 + hour - secs / SECS_PER_HOUR % 24) % 24;
	if (hours < ALARM_ANY && step)
		secs = (secs / SECS_PER_HOUR + step) * SECS_PER_HOUR +
		       minute * SECS_PER_MIN + second;

	return secs - start;
}
