/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host as the selftests see it: its clock, and the module.
 */
#ifndef KT_HOST_H
#define KT_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/kvm_timers.h>

#define KT_HOST_DEV_KVM		"/dev/kvm"
#define KT_HOST_DEV_TIMERS	"/dev/kvm_timers"

#define KT_NSEC_PER_SEC		1000000000ULL

/* CLK of the PIT, as a fraction of nanoseconds. */
#define KT_PIT_CLK_MUL		17600
#define KT_PIT_CLK_DIV		21

bool kt_host_plain(void);
void kt_host_require(void);
void kt_host_require_module(void);
void kt_host_require_exact(void);
uint64_t kt_host_now(void);
void kt_host_wait_until(uint64_t ns);
uint64_t kt_host_parameter(const char *module, const char *name);
uint64_t kt_host_clks_floor(uint64_t ns);
uint64_t kt_host_clks_to_ns(uint64_t clks);

void kt_host_pit_config(struct kvm_timers_config *config);
int kt_host_attach(int vm_fd, const struct kvm_timers_config *config);
void kt_host_pass(uint64_t ns);
int kt_host_freeze(int timers);
int kt_host_thaw(int timers, uint32_t gap);
int kt_host_get_record(int timers, void *record, uint32_t room);
const struct kvm_timers_record *kt_host_record(int timers);
int kt_host_set_record(int timers, const void *record, uint32_t length, uint32_t flags);
int kt_host_timers_status(int timers, struct kvm_timers_status *status);
pid_t kt_host_stopper(int *to_stopper, uint64_t ns);
bool kt_host_conserved(const struct kvm_timers_status *status);

#endif /* KT_HOST_H */
