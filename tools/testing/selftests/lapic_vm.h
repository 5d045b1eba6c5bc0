/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM whose vCPUs do to their LAPIC timers what a test says, access by access.
 *
 * Time is never compared with a tolerance. What a guest did, it did between two readings
 * of the host's clock, or of its own TSC, whose frequency is known to the kHz.
 */
#ifndef LAPIC_VM_H
#define LAPIC_VM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "lapic_cmds.h"

#define NS_PER_MS		(1000 * 1000ULL)

/* The guest looks for an interrupt that must not come, so long. */
#define QUIET_NS		(2 * NS_PER_MS)

/* KVM's own TMCCT leaves out the count that has begun. */
#define lapic_slack()		((uint64_t)kt_host_plain())

/* A span, or a bracket. */
struct lapic_when {
	uint64_t	from;
	uint64_t	to;
};

static inline struct lapic_vcpu *lapic_vcpu(struct kt_vmm *vm, unsigned int index)
{
	return &((struct lapic_page *)(vm->mem + LAPIC_PAGE_GPA))->vcpu[index];
}

static inline void lapic_prepare(struct kt_vmm *vm, unsigned int index, enum lapic_cmd cmd,
				 uint64_t a, uint64_t b, uint64_t c)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(vm, index);

	vcpu->cmd = cmd;
	vcpu->arg[0] = a;
	vcpu->arg[1] = b;
	vcpu->arg[2] = c;
}

static inline enum kt_vmm_event lapic_run(struct kt_vmm *vm, unsigned int index)
{
	enum kt_vmm_event event;

	do {
		event = kt_vmm_run(vm, index);
	} while (event == KT_VMM_INTERRUPTED);
	return event;
}

/*
 * What is wrong has been said on stderr. Returns when the host's clock was while the
 * guest did it.
 */
static inline struct lapic_when lapic_on(struct kt_vmm *vm, unsigned int index,
					 enum lapic_cmd cmd, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t from = kt_host_now();

	lapic_prepare(vm, index, cmd, a, b, c);
	if (lapic_run(vm, index) != KT_VMM_DONE)
		abort();
	return (struct lapic_when) { .from = from, .to = vm->vcpu[index].exited_ns };
}

static inline struct lapic_when lapic_do(struct kt_vmm *vm, enum lapic_cmd cmd, uint64_t a,
					 uint64_t b, uint64_t c)
{
	return lapic_on(vm, 0, cmd, a, b, c);
}

static inline struct lapic_when lapic_write(struct kt_vmm *vm, unsigned int reg, uint32_t val)
{
	return lapic_do(vm, LAPIC_WRITE, reg, val, 0);
}

static inline struct lapic_when lapic_read_at(struct kt_vmm *vm, unsigned int reg, uint64_t *val)
{
	struct lapic_when when = lapic_do(vm, LAPIC_READ, reg, 0, 0);

	*val = lapic_vcpu(vm, 0)->access.val;
	return when;
}

static inline uint64_t lapic_read(struct kt_vmm *vm, unsigned int reg)
{
	uint64_t val;

	lapic_read_at(vm, reg, &val);
	return val;
}

/* Return: no #GP. */
static inline bool lapic_wrmsr(struct kt_vmm *vm, uint32_t msr, uint64_t val)
{
	lapic_do(vm, LAPIC_WRMSR, msr, val, 0);
	return lapic_vcpu(vm, 0)->ok;
}

static inline uint64_t lapic_rdmsr(struct kt_vmm *vm, uint32_t msr)
{
	lapic_do(vm, LAPIC_RDMSR, msr, 0, 0);
	if (!lapic_vcpu(vm, 0)->ok)
		abort();
	return lapic_vcpu(vm, 0)->access.val;
}

static inline uint64_t lapic_irqs(struct kt_vmm *vm)
{
	return lapic_vcpu(vm, 0)->irqs[LAPIC_VEC];
}

static inline void lapic_wait(struct kt_vmm *vm, uint64_t count, bool spin)
{
	lapic_do(vm, LAPIC_WAIT, LAPIC_VEC, count, spin);
}

static inline uint64_t lapic_tsc_khz(struct kt_vmm *vm)
{
	int khz = ioctl(vm->vcpu[0].fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0) {
		perror("# KVM_GET_TSC_KHZ");
		abort();
	}
	return khz;
}

/* The frequency is a whole number of kHz only in what KVM says. */
static inline uint64_t lapic_ns(struct kt_vmm *vm, uint64_t cycles)
{
	return (unsigned __int128)cycles * NS_PER_MS / (lapic_tsc_khz(vm) + 1);
}

static inline uint64_t lapic_ns_up(struct kt_vmm *vm, uint64_t cycles)
{
	return (unsigned __int128)cycles * NS_PER_MS / (lapic_tsc_khz(vm) - 1) + 1;
}

static inline uint64_t lapic_cycles(struct kt_vmm *vm, uint64_t ns)
{
	return (unsigned __int128)ns * (lapic_tsc_khz(vm) - 1) / NS_PER_MS;
}

static inline uint64_t lapic_cycles_up(struct kt_vmm *vm, uint64_t ns)
{
	return (unsigned __int128)ns * (lapic_tsc_khz(vm) + 1) / NS_PER_MS + 1;
}

/* Interrupts open, and the number that has come. */
static inline uint64_t lapic_open(struct kt_vmm *vm, uint64_t ns)
{
	lapic_do(vm, LAPIC_OPEN, lapic_cycles_up(vm, ns), 0, 0);
	return lapic_irqs(vm);
}

/* What passed between two brackets, at least and at most. */
static inline struct lapic_when lapic_passed(struct lapic_when first, struct lapic_when second)
{
	return (struct lapic_when) {
		.from	= second.from > first.to ? second.from - first.to : 0,
		.to	= second.to - first.from,
	};
}

/* A count of @tmict after @ns: what is left of it once @ns have passed, or fewer. */
static inline uint64_t lapic_most(uint64_t tmict, unsigned int count_ns, uint64_t ns)
{
	return tmict - (ns / count_ns < tmict ? ns / count_ns : tmict);
}

/* The same where up to @ns have passed: that, or more. */
static inline uint64_t lapic_least(uint64_t tmict, unsigned int count_ns, uint64_t ns)
{
	return lapic_most(tmict, count_ns, ns + lapic_slack() * count_ns);
}

static inline struct kvm_timers_status lapic_status(struct kt_vmm *vm)
{
	return kt_vmm_account(vm);
}

static inline struct kvm_timers_device_status *lapic_row(struct kvm_timers_status *status)
{
	return &status->device[KVM_TIMERS_DEVICE_LAPIC];
}

/* vCPUs that take interrupts, of nothing but their timers. */
static inline int lapic_create(struct kt_vmm *vm, struct kt_vmm_config *config, bool x2apic)
{
	unsigned int i;

	config->pit = KT_VMM_NO_PIT;
	config->devices = KVM_TIMERS_LAPIC;
	if (kt_vmm_create(vm, config))
		return -1;
	for (i = 0; i < vm->nr_vcpus; i++)
		lapic_on(vm, i, LAPIC_SETUP, x2apic, 0, 0);
	return 0;
}

#endif /* LAPIC_VM_H */
