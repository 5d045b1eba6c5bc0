/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM whose vCPUs look at their clocks as a test says.
 */
#ifndef CLOCK_VM_H
#define CLOCK_VM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "clock_cmds.h"
#include "kt_bend.h"

#define NS_PER_MS		(1000 * 1000ULL)

static inline struct clock_vcpu *clock_vcpu(struct kt_vmm *vm, unsigned int index)
{
	return &((struct clock_page *)(vm->mem + CLOCK_PAGE_GPA))->vcpu[index];
}

static inline struct clock_page *clock_page(struct kt_vmm *vm)
{
	return (struct clock_page *)(vm->mem + CLOCK_PAGE_GPA);
}

static inline struct clock_pv *clock_pv(struct kt_vmm *vm, unsigned int index)
{
	return (struct clock_pv *)(vm->mem + CLOCK_PV_GPA(index));
}

static inline struct clock_wall *clock_wall(struct kt_vmm *vm)
{
	return (struct clock_wall *)(vm->mem + CLOCK_WALL_GPA);
}

/* What is wrong has been said on stderr. */
static inline struct clock_vcpu *clock_on(struct kt_vmm *vm, unsigned int index,
					  enum clock_cmd cmd, uint64_t a, uint64_t b)
{
	struct clock_vcpu *vcpu = clock_vcpu(vm, index);
	enum kt_vmm_event event;

	vcpu->cmd = cmd;
	vcpu->arg[0] = a;
	vcpu->arg[1] = b;
	do {
		event = kt_vmm_run(vm, index);
	} while (event == KT_VMM_INTERRUPTED);
	if (event != KT_VMM_DONE)
		abort();
	return vcpu;
}

static inline void clock_wrmsr(struct kt_vmm *vm, unsigned int index, uint32_t msr, uint64_t val)
{
	if (!clock_on(vm, index, CLOCK_WRMSR, msr, val)->ok)
		abort();
}

static inline uint64_t clock_rdmsr(struct kt_vmm *vm, unsigned int index, uint32_t msr)
{
	struct clock_vcpu *vcpu = clock_on(vm, index, CLOCK_RDMSR, msr, 0);

	if (!vcpu->ok)
		abort();
	return vcpu->val;
}

static inline uint64_t clock_read(struct kt_vmm *vm, unsigned int index)
{
	return clock_on(vm, index, CLOCK_READ, index, 0)->val;
}

/* The VMM's own way to an MSR. */
static inline uint64_t clock_get_msr(struct kt_vmm *vm, unsigned int index, uint32_t msr)
{
	struct {
		struct kvm_msrs		head;
		struct kvm_msr_entry	entry;
	} m = { .head.nmsrs = 1, .entry.index = msr };

	if (ioctl(vm->vcpu[index].fd, KVM_GET_MSRS, &m) != 1)
		abort();
	return m.entry.data;
}

static inline void clock_set_msr(struct kt_vmm *vm, unsigned int index, uint32_t msr, uint64_t val)
{
	struct {
		struct kvm_msrs		head;
		struct kvm_msr_entry	entry;
	} m = { .head.nmsrs = 1, .entry = { .index = msr, .data = val } };

	if (ioctl(vm->vcpu[index].fd, KVM_SET_MSRS, &m) != 1)
		abort();
}

/* The offset of a vCPU's TSC, by its descriptor. */
static inline uint64_t clock_offset(int fd)
{
	uint64_t offset;
	struct kvm_device_attr attr = {
		.group	= KVM_VCPU_TSC_CTRL,
		.attr	= KVM_VCPU_TSC_OFFSET,
		.addr	= (uint64_t)&offset,
	};

	if (ioctl(fd, KVM_GET_DEVICE_ATTR, &attr)) {
		perror("# KVM_VCPU_TSC_OFFSET");
		abort();
	}
	return offset;
}

static inline uint64_t clock_host_tsc(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void clock_open_page(struct kt_vmm *vm, unsigned int vcpu, uint32_t msr)
{
	clock_wrmsr(vm, vcpu, msr, CLOCK_PV_GPA(vcpu) | 1);
}

static inline struct kvm_timers_status clock_status(struct kt_vmm *vm)
{
	struct kvm_timers_status status;

	if (kt_vmm_status(vm, &status)) {
		perror("# status");
		abort();
	}
	return status;
}

static inline bool clock_is_frozen(struct kt_vmm *vm)
{
	return clock_status(vm).clock_flags & KVM_TIMERS_CLOCK_FROZEN;
}

static inline struct kvm_clock_data clock_get(struct kt_vmm *vm)
{
	struct kvm_clock_data data = { };

	if (ioctl(vm->fd, KVM_GET_CLOCK, &data)) {
		perror("# KVM_GET_CLOCK");
		abort();
	}
	return data;
}

/* How far guest time is ahead of the host's, at most and at least. */
struct clock_lead {
	int64_t	most;
	int64_t	least;
};

static inline struct clock_lead clock_lead(struct kt_vmm *vm, unsigned int vcpu)
{
	uint64_t before, ns, after;

	before = kt_host_now();
	ns = clock_read(vm, vcpu);
	after = kt_host_now();
	return (struct clock_lead) { .most = ns - before, .least = ns - after };
}

static inline int64_t clock_distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* Return when the guest has read its clock: CLOCK_RUN, on another thread. */
static inline void clock_wait_for_run(struct kt_vmm *vm)
{
	uint64_t latest = clock_page(vm)->latest;

	while (clock_page(vm)->latest == latest)
		kt_host_pass(NS_PER_MS);
}

static inline int clock_create(struct kt_vmm *vm, unsigned int nr_vcpus, uint32_t rate)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= nr_vcpus,
		.pit		= KT_VMM_NO_PIT,
		.devices	= KVM_TIMERS_KVMCLOCK | KVM_TIMERS_TSC,
		.clock_rate	= rate,
	};

	return kt_vmm_create(vm, &config);
}

#endif /* CLOCK_VM_H */
