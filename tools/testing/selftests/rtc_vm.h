/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rtc_test and rtc_tick_test share: access to the guest's RTC, and what its
 * divider must have counted, by the host's clock.
 */
#ifndef RTC_VM_H
#define RTC_VM_H

#include <stdio.h>

#include "kt_host.h"
#include "kt_vmm.h"
#include "rtc_cmds.h"


/* A cycle of 32768 Hz is 1953125/64 ns; it is begun before 30518 ns have passed. */
#define RTC_CYCLE_MUL		64
#define RTC_CYCLE_DIV		1953125
#define RTC_CYCLE_NS		30518
#define RTC_SECOND		32768
#define RTC_UIP_LEAD		8
#define RTC_UPDATE_CYCLES	65
#define RTC_UPDATE_US		1984

/**
 * struct rtc_span - an instant, between two readings of the host's clock
 * @from:	no sooner than this, ns
 * @to:		no later than this, ns
 */
struct rtc_span {
	uint64_t	from;
	uint64_t	to;
};

/**
 * struct rtc_range - a number, as far as it is known
 * @least:	lower bound
 * @most:	upper bound
 */
struct rtc_range {
	uint64_t	least;
	uint64_t	most;
};

static inline struct rtc_span rtc_last_span(const struct kt_vmm *vm)
{
	return (struct rtc_span) { vm->vcpu[0].entered_ns, vm->vcpu[0].exited_ns };
}

static inline bool rtc_command(struct kt_vmm *vm, enum rtc_cmd cmd, uint64_t arg0, uint64_t arg1)
{
	vm->shared->arg[0] = arg0;
	vm->shared->arg[1] = arg1;
	return kt_vmm_command(vm, cmd) == KT_VMM_DONE;
}

/* A command that hands over values, which are in vm->vcpu[0].val. */
static inline bool rtc_query(struct kt_vmm *vm, enum rtc_cmd cmd, uint64_t arg0)
{
	vm->shared->arg[0] = arg0;
	return kt_vmm_command(vm, cmd) == KT_VMM_SYNC;
}

/* Return: the byte, or -1. */
static inline int rtc_read(struct kt_vmm *vm, enum rtc_index index)
{
	int val;

	if (!rtc_query(vm, RTC_READ, index))
		return -1;

	val = vm->vcpu[0].val[0];
	return kt_vmm_run(vm, 0) == KT_VMM_DONE ? val : -1;
}

static inline bool rtc_write(struct kt_vmm *vm, enum rtc_index index, uint8_t val)
{
	return rtc_command(vm, RTC_WRITE, index, val);
}

/* Return: RTC_TIME(), all ones if the guest has failed. */
static inline uint64_t rtc_get_time(struct kt_vmm *vm)
{
	uint64_t time;

	if (!rtc_query(vm, RTC_GET_TIME, 0))
		return ~0ULL;

	time = vm->vcpu[0].val[0];
	return kt_vmm_run(vm, 0) == KT_VMM_DONE ? time : ~0ULL;
}

/* Length of an update, in cycles. */
static inline uint64_t rtc_update_cycles(void)
{
	return kt_host_parameter("kvm_timers", "rtc_update_us") * RTC_UPDATE_CYCLES / RTC_UPDATE_US;
}

static inline uint64_t rtc_cycles(uint64_t ns)
{
	return (unsigned __int128)ns * RTC_CYCLE_MUL / RTC_CYCLE_DIV;
}

/* Cycles between two instants: both may lie anywhere within a cycle. */
static inline struct rtc_range rtc_divider(struct rtc_span released, struct rtc_span now)
{
	return (struct rtc_range) {
		.least	= now.from > released.to ? rtc_cycles(now.from - released.to) : 0,
		.most	= rtc_cycles(now.to - released.from) + 1,
	};
}

/* Period of a rate in cycles. */
static inline uint64_t rtc_period(unsigned int rs)
{
	return 1ULL << (rs < 3 ? rs + 6 : rs - 1);
}

/* Edges when the divider has come to a count: the first after half a period. */
static inline uint64_t rtc_edges(unsigned int rs, uint64_t count)
{
	return (count + rtc_period(rs) / 2) / rtc_period(rs);
}

/* The first update begins after half a second. */
static inline uint64_t rtc_updates_begun(uint64_t count)
{
	return (count + RTC_SECOND / 2) / RTC_SECOND;
}

static inline uint64_t rtc_updates(uint64_t count)
{
	uint64_t cycles = rtc_update_cycles();

	return count < cycles ? 0 : rtc_updates_begun(count - cycles);
}

static inline bool rtc_uip(uint64_t count)
{
	return rtc_updates_begun(count + RTC_UIP_LEAD) > rtc_updates(count);
}

#endif /* RTC_VM_H */
