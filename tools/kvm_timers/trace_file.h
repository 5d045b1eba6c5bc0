/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace files: JSON, a line an object. The first one is the header, then there is one for each
 * event, and a last one with the totals, which a file that was cut does not have.
 */
#ifndef KT_TRACE_FILE_H
#define KT_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <linux/kvm_timers.h>
#include <linux/types.h>

#include "trace_event.h"
#include "vm.h"

struct json_object;

#define KT_TRACE_FORMAT		"kvm_timers trace"
#define KT_TRACE_VERSION	1

/* Room for the line of an event. */
#define KT_TRACE_EVENT_ROOM	512

/* No line of a file that is read is longer. */
#define KT_TRACE_LINE_MAX	(1 << 20)

/* Of a name or a version that a file has. */
#define KT_TRACE_TEXT_ROOM	64

/* VMs that a file may be about. */
#define KT_TRACE_MAX_VMS	1024

/**
 * struct kt_trace_known_vm - what the module said of a VM, when the recording began or ended
 * @id:		its id
 * @pid:	its process
 * @name:	of that
 * @policy:	of each device, KVM_TIMERS_POLICY_DEFAULT: not taken over
 * @period_ns:	of each device, 0: not periodic then
 */
struct kt_trace_known_vm {
	__u32	id;
	__s32	pid;
	char	name[KT_TRACE_TEXT_ROOM];
	__u32	policy[KVM_TIMERS_NR_DEVICES];
	__u64	period_ns[KVM_TIMERS_NR_DEVICES];
};

/**
 * struct kt_trace_header - the first line
 * @tool:	version of the tool that has written the file
 * @kernel:	of the host
 * @abi:	of the module
 * @start_ns:	the host's CLOCK_MONOTONIC when the recording began
 * @start_real_ns: its CLOCK_REALTIME at that instant
 * @vms:	what the module said of them
 */
struct kt_trace_header {
	char			tool[KT_TRACE_TEXT_ROOM];
	char			kernel[KT_TRACE_TEXT_ROOM];
	__u32			abi;
	__u64			start_ns;
	__u64			start_real_ns;
	struct json_object	*vms;
};

/**
 * struct kt_trace_totals - the last line
 * @end_ns:	the host's CLOCK_MONOTONIC when the recording ended
 * @events:	lines between the first and this one
 * @lost:	events that the ring buffer had no room for
 * @unknown:	lines of trace_pipe that were no events
 * @vms:	what the module said of them
 */
struct kt_trace_totals {
	__u64			end_ns;
	__u64			events;
	__u64			lost;
	__u64			unknown;
	struct json_object	*vms;
};

struct json_object *kt_trace_vms(const struct kt_vm *vms, size_t nr);
struct json_object *kt_trace_header(const struct kt_trace_header *header);
struct json_object *kt_trace_totals(const struct kt_trace_totals *totals);

bool kt_trace_get_u64(struct json_object *obj, const char *key, __u64 max, __u64 *val);
bool kt_trace_get_vm(struct json_object *obj, struct kt_trace_known_vm *vm);

/**
 * struct kt_trace_reader - what is called for the lines of a file
 * @header:	the first one; @vms of it is gone afterwards
 * @event:	each event that is known
 * @totals:	the last one, if it is there
 * @arg:	for them
 *
 * Each returns NULL, or why the file is not to be read on.
 */
struct kt_trace_reader {
	const char	*(*header)(void *arg, const struct kt_trace_header *header);
	const char	*(*event)(void *arg, const struct kt_event *event);
	const char	*(*totals)(void *arg, const struct kt_trace_totals *totals);
	void		*arg;
};

/**
 * struct kt_trace_state - how a file was read
 * @lines:	so many, and the first that is wrong if there is one
 * @strange:	events with names that are not known
 * @complete:	the last line was there
 * @error:	what is wrong, without the file's name
 */
struct kt_trace_state {
	__u64	lines;
	__u64	strange;
	bool	complete;
	char	error[160];
};

bool kt_trace_read(FILE *file, const struct kt_trace_reader *reader,
		   struct kt_trace_state *state);

#endif /* KT_TRACE_FILE_H */
