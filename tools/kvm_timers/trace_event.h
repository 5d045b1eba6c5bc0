/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event of a trace: as the module's tracepoints print it, and as a line of a trace file.
 */
#ifndef KT_TRACE_EVENT_H
#define KT_TRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct json_object;

enum kt_event_type {
	KT_EVENT_TICK_DUE,
	KT_EVENT_TICK_DELIVERED,
	KT_EVENT_TICK_LOST,
	KT_EVENT_CATCHUP_BEGIN,
	KT_EVENT_CATCHUP_END,
	KT_EVENT_CLOCK_CHANGED,
	KT_EVENT_VM_ATTACH,
	KT_EVENT_VM_DETACH,
	/* Of the ring buffer, not of the module: it was full. */
	KT_EVENT_OVERRUN,
	KT_EVENT_END,
};

#define KT_EVENT_NO_INDEX	(~0U)

/**
 * struct kt_event - one event
 * @type:	what happened
 * @host_ns:	when, the host's CLOCK_MONOTONIC; not of KT_EVENT_OVERRUN
 * @cpu:	of the host
 * @vm:		id of the VM; not of KT_EVENT_OVERRUN
 * @device:	of ticks and catch-ups, enum kvm_timers_device
 * @index:	of ticks and catch-ups: timer of the HPET, id of the LAPIC timer's vCPU;
 *		KT_EVENT_NO_INDEX: an older file does not say
 * @guest_ns:	of ticks, catch-ups and the clock: guest time
 * @ticks:	of ticks: how many; of KT_EVENT_OVERRUN: events lost, 0 if nobody knows
 * @owed:	of ticks and catch-ups: owed after it
 * @why:	of the clock: number of the reason, see kt_event_why()
 * @ahead_ns:	of the clock: kvmclock is ahead of guest time by that
 * @mul:	of the clock: slope
 * @shift:	of the clock: slope
 * @pid:	of KT_EVENT_VM_ATTACH: process of the VM
 * @devices:	of KT_EVENT_VM_ATTACH: devices taken over
 */
struct kt_event {
	enum kt_event_type	type;
	__u64			host_ns;
	__u32			cpu;
	__u32			vm;
	__u32			device;
	__u32			index;
	__u64			guest_ns;
	__u64			ticks;
	__u64			owed;
	__u32			why;
	__s64			ahead_ns;
	__u32			mul;
	__s32			shift;
	__s32			pid;
	__u32			devices;
};

const char *kt_event_name(unsigned int type);
const char *kt_event_why(unsigned int why);
bool kt_event_is_tick(enum kt_event_type type);

/* Of trace_pipe. */
bool kt_event_from_pipe(const char *line, struct kt_event *event);

/* Of a trace file. */
size_t kt_event_to_line(const struct kt_event *event, char *text, size_t room);
bool kt_event_from_json(struct json_object *obj, struct kt_event *event, bool *known);

#endif /* KT_TRACE_EVENT_H */
