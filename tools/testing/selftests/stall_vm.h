/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM whose guest stamps the ticks of its devices, and where those are on their grids.
 */
#ifndef STALL_VM_H
#define STALL_VM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "stall_cmds.h"

#define NS_PER_MS		(1000 * 1000ULL)

/* A period in ns: @mul / @div. */
static const struct {
	const char	*name;
	uint64_t	mul;
	uint64_t	div;
} stall_periods[KVM_TIMERS_NR_DEVICES] = {
	[KVM_TIMERS_DEVICE_PIT]		= { "PIT", STALL_PIT_COUNT * KT_PIT_CLK_MUL,
					    KT_PIT_CLK_DIV },
	[KVM_TIMERS_DEVICE_RTC]		= { "RTC", KT_NSEC_PER_SEC, 1024 },
	[KVM_TIMERS_DEVICE_HPET]	= { "HPET", STALL_HPET_TICKS * 10, 1 },
	[KVM_TIMERS_DEVICE_LAPIC]	= { "LAPIC timer", STALL_LAPIC_COUNT, 1 },
};

static inline uint64_t stall_period_ns(unsigned int device)
{
	return stall_periods[device].mul / stall_periods[device].div;
}

static inline struct stall_device *stall_device(struct kt_vmm *vm, unsigned int device)
{
	return &((struct stall_page *)(vm->mem + STALL_PAGE_GPA))->device[device];
}

static inline uint64_t stall_khz(struct kt_vmm *vm)
{
	return ioctl(vm->vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
}

static inline uint64_t stall_cycles(struct kt_vmm *vm, uint64_t ns)
{
	return (unsigned __int128)ns * stall_khz(vm) / NS_PER_MS;
}

static inline uint64_t stall_ns(struct kt_vmm *vm, uint64_t cycles)
{
	return (unsigned __int128)cycles * NS_PER_MS / stall_khz(vm);
}

/* What is wrong has been said on stderr. */
static inline void stall_do(struct kt_vmm *vm, enum stall_cmd cmd, uint64_t arg)
{
	enum kt_vmm_event event;

	vm->shared->arg[0] = arg;
	event = kt_vmm_command(vm, cmd);
	while (event == KT_VMM_INTERRUPTED)
		event = kt_vmm_run(vm, 0);
	if (event != KT_VMM_DONE)
		abort();
}

static inline void stall_take(struct kt_vmm *vm, uint64_t ns)
{
	stall_do(vm, STALL_TAKE, stall_cycles(vm, ns));
}

/* A guest of its TSC's own rate, whose devices do not tick yet. */
static inline int stall_create_quiet(struct kt_vmm *vm, uint32_t devices, uint32_t policy)
{
	struct kt_vmm_config config = {
		.devices	= devices | KVM_TIMERS_TSC,
		.pit		= devices & KVM_TIMERS_PIT ? KT_VMM_PIT2 : KT_VMM_NO_PIT,
		.policy		= { .policy = policy },
		.clock_rate	= KVM_TIMERS_CLOCK_TSC,
	};

	return kt_vmm_create(vm, &config);
}

static inline int stall_create(struct kt_vmm *vm, uint32_t devices, uint32_t policy)
{
	if (stall_create_quiet(vm, devices, policy))
		return -1;
	stall_do(vm, STALL_START, devices);
	return 0;
}

static inline struct kvm_timers_status stall_status(struct kt_vmm *vm)
{
	return kt_vmm_account(vm);
}

/* Points of a device's grid between two instants of the TSC, and how far beyond, in ns. */
static inline uint64_t stall_points(struct kt_vmm *vm, unsigned int device, uint64_t from,
				    uint64_t to, uint64_t *beyond_ns)
{
	unsigned __int128 parts = (unsigned __int128)(to - from) * NS_PER_MS *
				  stall_periods[device].div;
	unsigned __int128 period = (unsigned __int128)stall_periods[device].mul * stall_khz(vm);

	*beyond_ns = (uint64_t)(parts % period) / stall_khz(vm) / stall_periods[device].div;
	return parts / period;
}

#endif /* STALL_VM_H */
