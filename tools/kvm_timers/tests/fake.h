/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the fake device have of each other. What stands in for an ioctl gives what
 * ioctl() does.
 */
#ifndef KT_FAKE_H
#define KT_FAKE_H

#include <stdbool.h>

#include <linux/kvm_timers.h>

#define FAKE_ALL_DEVICES	((1U << KVM_TIMERS_DEVICE_END) - 1)

long fake_number(const char *name, long otherwise);
void fake_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int fake_fail(int err);
bool fake_is_frozen(int id);
int fake_freeze(int id);
int fake_thaw(int id, const struct kvm_timers_thaw *thaw);
int fake_set_gap(int id, const struct kvm_timers_thaw *set);
int fake_get_record(int id, struct kvm_timers_record_call *get);
int fake_set_record(int id, const struct kvm_timers_record_call *set);

#endif /* KT_FAKE_H */
