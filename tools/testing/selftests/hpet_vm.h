/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM whose guest does to its HPET what a test says, access by access.
 */
#ifndef HPET_VM_H
#define HPET_VM_H

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "hpet_cmds.h"

#define HPET_FS_PER_NS		1000000

/* How timers reach a vCPU: by PIC line or IOAPIC pin. */
struct hpet_way {
	unsigned int	timer;
	bool		legacy;
	bool		pic;
	unsigned int	pin;
};

static inline uint64_t hpet_period_fs(void)
{
	return kt_host_parameter("kvm_timers", "hpet_period_fs");
}

/* Ticks of the main counter in a span: complete ones. */
static inline uint64_t hpet_ticks(uint64_t ns)
{
	return (unsigned __int128)ns * HPET_FS_PER_NS / hpet_period_fs();
}

static inline uint64_t hpet_ticks_up(uint64_t ns)
{
	return ((unsigned __int128)ns * HPET_FS_PER_NS + hpet_period_fs() - 1) / hpet_period_fs();
}

static inline uint64_t hpet_ns(uint64_t ticks)
{
	return (unsigned __int128)ticks * hpet_period_fs() / HPET_FS_PER_NS;
}

static inline struct hpet_page *hpet_page(struct kt_vmm *vm)
{
	return (struct hpet_page *)(vm->mem + HPET_PAGE_GPA);
}

static inline void hpet_prepare(struct kt_vmm *vm, enum hpet_cmd cmd, uint64_t a, uint64_t b,
				uint64_t c)
{
	vm->shared->cmd = cmd;
	vm->shared->arg[0] = a;
	vm->shared->arg[1] = b;
	vm->shared->arg[2] = c;
}

/* On one vCPU. What is wrong has been said on stderr. */
static inline void hpet_on(struct kt_vmm *vm, unsigned int vcpu, enum hpet_cmd cmd, uint64_t a,
			   uint64_t b, uint64_t c)
{
	hpet_prepare(vm, cmd, a, b, c);
	if (kt_vmm_run(vm, vcpu) != KT_VMM_DONE)
		abort();
}

static inline void hpet_do(struct kt_vmm *vm, enum hpet_cmd cmd, uint64_t a, uint64_t b,
			   uint64_t c)
{
	hpet_on(vm, 0, cmd, a, b, c);
}

static inline uint64_t hpet_read(struct kt_vmm *vm, uint64_t offset, uint64_t len)
{
	hpet_do(vm, HPET_READ, offset, len, 0);
	return hpet_page(vm)->val;
}

static inline void hpet_write(struct kt_vmm *vm, uint64_t offset, uint64_t len, uint64_t val)
{
	hpet_do(vm, HPET_WRITE, offset, len, val);
}

static inline uint64_t hpet_counter(struct kt_vmm *vm)
{
	return hpet_read(vm, HPET_COUNTER, 8);
}

/* A timer that is halted: matches after @ticks, and then each @ticks if it is periodic. */
static inline void hpet_program(struct kt_vmm *vm, unsigned int n, uint32_t conf, uint64_t ticks)
{
	if (conf & HPET_TN_PERIODIC)
		conf |= HPET_TN_VAL_SET;
	hpet_write(vm, HPET_TIMER(n) + HPET_TN_CONF, 4, conf);
	hpet_write(vm, HPET_TIMER(n) + HPET_TN_COMP, 8, ticks);
}

static inline unsigned int hpet_vector(const struct hpet_way *way)
{
	if (!way->pic)
		return HPET_VEC_PIN;
	return way->timer ? HPET_VEC_IRQ8 : HPET_VEC_IRQ0;
}

static inline uint32_t hpet_route(const struct hpet_way *way)
{
	return way->legacy ? 0 : HPET_TN_PIN(way->pin);
}

static inline uint32_t hpet_enable(const struct hpet_way *way)
{
	return way->legacy ? HPET_ENABLE | HPET_LEGACY : HPET_ENABLE;
}

/* Unmask one way, and nothing else. */
static inline void hpet_open_way(struct kt_vmm *vm, const struct hpet_way *way)
{
	if (way->pic) {
		hpet_do(vm, HPET_PIC, way->timer ? 0xfb : 0xfe, way->timer ? 0xfe : 0xff, 0);
		return;
	}
	hpet_do(vm, HPET_PIC, 0xff, 0xff, 0);
	hpet_do(vm, HPET_LAPIC, IOAPIC_MASKED, 0, 0);
	hpet_do(vm, HPET_IOAPIC, way->pin, HPET_VEC_PIN, 0);
}

static inline uint32_t hpet_irqs(struct kt_vmm *vm, const struct hpet_way *way)
{
	return hpet_page(vm)->irqs[0][hpet_vector(way)];
}

static inline struct kvm_timers_device_status hpet_status(struct kt_vmm *vm, unsigned int device)
{
	return kt_vmm_account(vm).device[device];
}

static inline uint64_t hpet_lost(const struct kvm_timers_device_status *row)
{
	return row->stats.merged + row->stats.dropped + row->stats.given_up;
}

#endif /* HPET_VM_H */
