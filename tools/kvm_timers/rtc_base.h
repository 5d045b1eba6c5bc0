/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an RTC begins with, and what it shows, as people write them.
 */
#ifndef KT_RTC_BASE_H
#define KT_RTC_BASE_H

#include <stddef.h>

#include <linux/types.h>

/**
 * struct kt_rtc_base - what an RTC begins with
 * @base:	enum kvm_timers_rtc_base
 * @time_s:	what goes with it, as in struct kvm_timers_config
 */
struct kt_rtc_base {
	__u32	base;
	__s64	time_s;
};

int kt_rtc_base_parse(struct kt_rtc_base *rtc, const char *option, const char *text);
void kt_rtc_base_format(__s64 time_s, char *text, size_t room);

#endif /* KT_RTC_BASE_H */
