/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of devices, policies, RTC bases, advances, rates of the clock, gaps and levels of a
 * catch-up, and the nearest one to a misspelt word.
 */
#ifndef KT_NAMES_H
#define KT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

const char *kt_names_device(unsigned int device);
void kt_names_format_devices(__u32 devices, char *text, size_t room);
const char *kt_names_ticking(unsigned int device);
int kt_names_find_ticking(const char *text, size_t len);
const char *kt_names_policy(__u32 policy);
int kt_names_find_policy(const char *text);
const char *kt_names_rtc_base(__u32 base);
const char *kt_names_advance(__u32 advance);
const char *kt_names_clock_rate(unsigned int rate);
const char *kt_names_gap(unsigned int gap);
const char *kt_names_level(unsigned int level);
int kt_names_parse_gap(const char *text, __u32 *gap);
bool kt_names_is_option(const char *arg);
const char *kt_names_closest(const char *word, const char *(*name)(unsigned int i));
int kt_names_refuse(const char *what, const char *word, const char *(*name)(unsigned int i));

#endif /* KT_NAMES_H */
