/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of a VM in its status.
 */
#ifndef KT_SHOW_CLOCK_H
#define KT_SHOW_CLOCK_H

#include <linux/kvm_timers.h>

struct json_object;

struct json_object *kt_show_clock_to_json(const struct kvm_timers_status *status);
void kt_show_print_clock(const struct kvm_timers_status *status);

#endif /* KT_SHOW_CLOCK_H */
