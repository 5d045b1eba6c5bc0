/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record, for people and in JSON.
 */
#ifndef KT_SHOW_RECORD_H
#define KT_SHOW_RECORD_H

#include <linux/kvm_timers.h>

void kt_show_record(const struct kvm_timers_record *rec, const char *boot_id);

#endif /* KT_SHOW_RECORD_H */
