/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the events of a trace add up to. No memory but what VMs and devices need, however long
 * the trace is.
 */
#ifndef KT_TRACE_SUM_H
#define KT_TRACE_SUM_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/kvm_timers.h>
#include <linux/types.h>

#include "trace_event.h"
#include "trace_file.h"

/* For "lapic.4294967295". */
#define KT_SUM_LABEL_ROOM	32

/* Parts of a trace for its pictures: neighbours are joined when more are needed. */
#define KT_SUM_BINS		1024
#define KT_SUM_BIN_NS		(1ULL << 20)

/* So many catch-ups, gaps and changes of the clock are kept one by one, the others counted. */
#define KT_SUM_MAX_SPANS	256

/* What is shorter is no gap. */
#define KT_SUM_GAP_NS		10000000ULL

/**
 * struct kt_span - a part of the trace
 * @begin_ns:	since the recording began
 * @end_ns:	the same
 * @ticks:	of a catch-up: given in it; of a gap: that fell due in it
 */
struct kt_span {
	__u64	begin_ns;
	__u64	end_ns;
	__u64	ticks;
};

/**
 * struct kt_spans - several
 * @nr:		of them
 * @kept:	the first ones, that many
 * @room:	of @span
 * @ns:		how long all are together
 * @ticks:	of all
 * @max_ns:	the longest
 * @span:	the first ones
 */
struct kt_spans {
	__u64		nr;
	size_t		kept;
	size_t		room;
	__u64		ns;
	__u64		ticks;
	__u64		max_ns;
	struct kt_span	*span;
};

/**
 * struct kt_sum_bin - a device in a part of the trace
 * @due:	ticks that fell due
 * @delivered:	interrupts given
 * @owed_max:	the most that was owed
 * @owed_last:	what was owed at its end
 * @any:	it was told what was owed
 */
struct kt_sum_bin {
	__u64	due;
	__u64	delivered;
	__u64	owed_max;
	__u64	owed_last;
	bool	any;
};

/* Timers of all VMs: no host has more, and a damaged file must not take all memory. */
#define KT_SUM_MAX_DEVICES	8192

/**
 * struct kt_sum_device - a device of a VM, or one timer of the HPET, or of one vCPU
 * @device:	enum kvm_timers_device
 * @index:	see struct kt_event
 * @events:	about it
 * @due:	ticks that fell due
 * @delivered:	interrupts given
 * @lost:	that the guest will not get
 * @owed_max:	the most that was owed
 * @owed_last:	what was owed in the end
 * @catchups:	those that have ended, and one that the trace's end cut off
 * @gaps:	times without an interrupt in which ticks fell due
 * @catching:	catch-ups in progress; several timers may be one where a file does not say which
 * @catchup_ns:	when the first of them began
 * @catchup_ticks: given since
 * @given_ns:	when the last interrupt was given, or the first event was
 * @given:	@given_ns is set
 * @due_since:	ticks that fell due since
 * @due_ns:	when the last of all ticks so far fell due, for the bins
 * @bin:	KT_SUM_BINS of them
 */
struct kt_sum_device {
	__u32			device;
	__u32			index;
	__u64			events;
	__u64			due;
	__u64			delivered;
	__u64			lost;
	__u64			owed_max;
	__u64			owed_last;
	struct kt_spans		catchups;
	struct kt_spans		gaps;
	unsigned int		catching;
	__u64			catchup_ns;
	__u64			catchup_ticks;
	__u64			given_ns;
	bool			given;
	__u64			due_since;
	__u64			due_ns;
	struct kt_sum_bin	*bin;
};

/**
 * struct kt_sum_change - a change of the clock of a VM
 * @at_ns:	since the recording began
 * @guest_ns:	guest time then
 * @why:	see kt_event_why()
 */
struct kt_sum_change {
	__u64	at_ns;
	__u64	guest_ns;
	__u32	why;
};

/**
 * struct kt_sum_vm - a VM
 * @known:	what the module said of it
 * @from_ns:	since the recording began: when it came, 0 if it was there
 * @to_ns:	when it went, or UINT64_MAX
 * @changes:	of its clock
 * @kept:	those in @change
 * @change:	the first ones
 * @nr:		entries of @device
 * @device:	its devices that there were events of, in the order of their numbers
 */
struct kt_sum_vm {
	struct kt_trace_known_vm	known;
	__u64				from_ns;
	__u64				to_ns;
	__u64				changes;
	size_t				kept;
	struct kt_sum_change		*change;
	size_t				nr;
	struct kt_sum_device		*device;
};

/**
 * struct kt_sum - a trace
 * @start_ns:	when it began, CLOCK_MONOTONIC
 * @end_ns:	length of it so far
 * @events:	events that were added
 * @overruns:	events that the ring buffer lost, as far as told in between
 * @backward:	events that are older than the one before: taken for as old
 * @bin_ns:	length of a bin
 * @devices:	of all VMs
 * @nr:		VMs
 * @vm:		VMs, as they came
 */
struct kt_sum {
	__u64			start_ns;
	__u64			end_ns;
	__u64			events;
	__u64			overruns;
	__u64			backward;
	__u64			bin_ns;
	size_t			devices;
	size_t			nr;
	struct kt_sum_vm	*vm;
};

void kt_sum_begin(struct kt_sum *sum, __u64 start_ns);
const char *kt_sum_know(struct kt_sum *sum, const struct kt_trace_known_vm *known);
const char *kt_sum_add(struct kt_sum *sum, const struct kt_event *event);
void kt_sum_end(struct kt_sum *sum, __u64 end_ns);
void kt_sum_free(struct kt_sum *sum);

__u64 kt_sum_here_ns(const struct kt_sum *sum, const struct kt_sum_vm *vm);
double kt_sum_hz(__u64 ticks, __u64 ns);
__u64 kt_sum_said_ns(const struct kt_sum_vm *vm, const struct kt_sum_device *device);
__u64 kt_sum_period_ns(const struct kt_sum *sum, const struct kt_sum_vm *vm,
		       const struct kt_sum_device *device);
void kt_sum_label(const struct kt_sum_device *device, char *text, size_t room);
__u64 kt_sum_times(__u64 ticks, __u64 period_ns);

#endif /* KT_TRACE_SUM_H */
