/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MC146818A: the bytes of time, date and alarm. For rtc.c; everybody else uses rtc.h.
 */
#ifndef KT_RTC_CALENDAR_H
#define KT_RTC_CALENDAR_H

#include <linux/types.h>

#include "rtc.h"

/* Format of the bytes, in register B. */
#define KT_RTC_CALENDAR_BINARY	0x04
#define KT_RTC_CALENDAR_24H	0x02

void kt_rtc_calendar_set(struct kt_rtc *rtc, s64 time_s);
s64 kt_rtc_calendar_get(const struct kt_rtc *rtc);
void kt_rtc_calendar_add(struct kt_rtc *rtc, u64 secs);
u64 kt_rtc_calendar_alarm_wait(const struct kt_rtc *rtc);

#endif /* KT_RTC_CALENDAR_H */
