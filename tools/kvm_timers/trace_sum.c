// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the events of a trace add up to. Sums do not wrap, whatever a file says: they stay at the
 * largest number.
 */
#include "trace_sum.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define NS_PER_S	1e9
#define NO_MEMORY	"out of memory"

static __u64 add(__u64 a, __u64 b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/**
 * kt_sum_times() - how long a number of periods is
 * @ticks:	number
 * @period_ns:	period
 *
 * Return: the time, UINT64_MAX if it is longer.
 */
__u64 kt_sum_times(__u64 ticks, __u64 period_ns)
{
	return period_ns && ticks > UINT64_MAX / period_ns ? UINT64_MAX : ticks * period_ns;
}

/**
 * kt_sum_hz() - how many in a second
 * @ticks:	number
 * @ns:		in that time
 *
 * Return: the rate, 0 if there was no time.
 */
double kt_sum_hz(__u64 ticks, __u64 ns)
{
	return ns ? ticks * NS_PER_S / ns : 0;
}

/**
 * kt_sum_begin() - nothing is known yet
 * @sum:	sums
 * @start_ns:	when the trace began, CLOCK_MONOTONIC
 */
void kt_sum_begin(struct kt_sum *sum, __u64 start_ns)
{
	memset(sum, 0, sizeof(*sum));
	sum->start_ns = start_ns;
	sum->bin_ns = KT_SUM_BIN_NS;
}

/* Return: the VM, a new one if need be; NULL, with the reason in @why. */
static struct kt_sum_vm *find_vm(struct kt_sum *sum, __u32 id, const char **why)
{
	struct kt_sum_vm *vm;
	size_t i;

	for (i = sum->nr; i; i--)
		if (sum->vm[i - 1].known.id == id)
			return &sum->vm[i - 1];

	*why = "there are too many VMs";
	if (sum->nr == KT_TRACE_MAX_VMS)
		return NULL;
	*why = NO_MEMORY;
	vm = realloc(sum->vm, (sum->nr + 1) * sizeof(*vm));
	if (!vm)
		return NULL;
	sum->vm = vm;
	vm += sum->nr++;
	memset(vm, 0, sizeof(*vm));
	vm->known.id = id;
	vm->to_ns = UINT64_MAX;

	return vm;
}

static bool is_before(const struct kt_sum_device *device, const struct kt_event *event)
{
	return device->device != event->device ? device->device < event->device :
						 device->index < event->index;
}

/* Return: what an event is of, a new one if need be; NULL, with the reason in @why. */
static struct kt_sum_device *find_device(struct kt_sum *sum, struct kt_sum_vm *vm,
					 const struct kt_event *event, const char **why)
{
	size_t from = 0, to = vm->nr, middle;
	struct kt_sum_device *device;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (is_before(&vm->device[middle], event))
			from = middle + 1;
		else
			to = middle;
	}
	device = vm->device + from;
	if (from < vm->nr && device->device == event->device && device->index == event->index)
		return device;

	*why = "there are too many timers";
	if (sum->devices == KT_SUM_MAX_DEVICES)
		return NULL;
	*why = NO_MEMORY;
	device = realloc(vm->device, (vm->nr + 1) * sizeof(*device));
	if (!device)
		return NULL;
	vm->device = device;
	device += from;
	memmove(device + 1, device, (vm->nr - from) * sizeof(*device));
	memset(device, 0, sizeof(*device));
	device->device = event->device;
	device->index = event->index;
	vm->nr++;
	sum->devices++;

	return device;
}

/**
 * kt_sum_know() - what the module said of a VM
 * @sum:	sums
 * @known:	that; later words count, but do not take back what they are silent about
 *
 * Return: NULL, or why not.
 */
const char *kt_sum_know(struct kt_sum *sum, const struct kt_trace_known_vm *known)
{
	const char *why;
	struct kt_sum_vm *vm = find_vm(sum, known->id, &why);
	unsigned int n;

	if (!vm)
		return why;
	if (known->pid)
		vm->known.pid = known->pid;
	if (known->name[0])
		memcpy(vm->known.name, known->name, sizeof(vm->known.name));
	for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++) {
		if (known->policy[n])
			vm->known.policy[n] = known->policy[n];
		if (known->period_ns[n])
			vm->known.period_ns[n] = known->period_ns[n];
	}

	return NULL;
}

static const char *add_span(struct kt_spans *spans, __u64 begin_ns, __u64 end_ns, __u64 ticks)
{
	struct kt_span *span;

	spans->nr++;
	spans->ns = add(spans->ns, end_ns - begin_ns);
	spans->ticks = add(spans->ticks, ticks);
	if (end_ns - begin_ns > spans->max_ns)
		spans->max_ns = end_ns - begin_ns;
	if (spans->kept == KT_SUM_MAX_SPANS)
		return NULL;

	if (spans->kept == spans->room) {
		spans->room = spans->room ? spans->room * 2 : 8;
		span = realloc(spans->span, spans->room * sizeof(*span));
		if (!span)
			return NO_MEMORY;
		spans->span = span;
	}
	spans->span[spans->kept++] = (struct kt_span){ begin_ns, end_ns, ticks };

	return NULL;
}

static void join(struct kt_sum_bin *into, const struct kt_sum_bin *a, const struct kt_sum_bin *b)
{
	struct kt_sum_bin both = {
		.due		= add(a->due, b->due),
		.delivered	= add(a->delivered, b->delivered),
		.owed_max	= a->owed_max > b->owed_max ? a->owed_max : b->owed_max,
		.owed_last	= b->any ? b->owed_last : a->owed_last,
		.any		= a->any || b->any,
	};

	*into = both;
}

static void halve(struct kt_sum_bin *bin)
{
	unsigned int i;

	for (i = 0; i < KT_SUM_BINS / 2; i++)
		join(&bin[i], &bin[2 * i], &bin[2 * i + 1]);
	memset(bin + i, 0, i * sizeof(*bin));
}

/* Bins are long enough for a time then. */
static void reach(struct kt_sum *sum, __u64 at_ns)
{
	size_t i, n;

	while (at_ns / sum->bin_ns >= KT_SUM_BINS) {
		sum->bin_ns *= 2;
		for (i = 0; i < sum->nr; i++)
			for (n = 0; n < sum->vm[i].nr; n++)
				if (sum->vm[i].device[n].bin)
					halve(sum->vm[i].device[n].bin);
	}
}

/*
 * Edges are told of when the guest is served: those that come together have fallen due, one after
 * the other, since the last time.
 */
static void spread(const struct kt_sum *sum, struct kt_sum_device *device, __u64 ticks, __u64 at_ns)
{
	__u64 first = device->due_ns / sum->bin_ns + 1, last = at_ns / sum->bin_ns;
	__u64 nr, rest, i;

	if (first > last || ticks == 1)
		first = last;
	nr = last - first + 1;
	rest = ticks % nr;
	for (i = 0; i < nr; i++)
		device->bin[first + i].due = add(device->bin[first + i].due, ticks / nr +
						 rest * (i + 1) / nr - rest * i / nr);
	device->due_ns = at_ns;
}

static const char *add_to_bin(const struct kt_sum *sum, struct kt_sum_device *device,
			      const struct kt_event *event, __u64 at_ns)
{
	struct kt_sum_bin *bin;

	if (!device->bin)
		device->bin = calloc(KT_SUM_BINS, sizeof(*device->bin));
	if (!device->bin)
		return NO_MEMORY;

	bin = &device->bin[at_ns / sum->bin_ns];
	if (event->type == KT_EVENT_TICK_DUE)
		spread(sum, device, event->ticks, at_ns);
	else if (event->type == KT_EVENT_TICK_DELIVERED)
		bin->delivered = add(bin->delivered, event->ticks);
	if (event->owed > bin->owed_max)
		bin->owed_max = event->owed;
	bin->owed_last = event->owed;
	bin->any = true;

	return NULL;
}

static const char *end_catchup(struct kt_sum_device *device, __u64 at_ns)
{
	bool begun = device->catching;

	if (begun && --device->catching)
		return NULL;
	/* One that does not begin in the trace was there when that began. Other begins were lost. */
	if (!begun) {
		device->catchup_ns = device->catchups.nr ? at_ns : 0;
		device->catchup_ticks = 0;
	}

	return add_span(&device->catchups, device->catchup_ns, at_ns, device->catchup_ticks);
}

/* An interrupt is given: was there none for long, though ticks fell due? */
static const char *end_gap(struct kt_sum_device *device, __u64 at_ns)
{
	const char *why = NULL;

	if (device->due_since > 1 && at_ns - device->given_ns >= KT_SUM_GAP_NS)
		why = add_span(&device->gaps, device->given_ns, at_ns, device->due_since);
	device->given_ns = at_ns;
	device->due_since = 0;

	return why;
}

static const char *add_tick(struct kt_sum *sum, struct kt_sum_device *device,
			    const struct kt_event *event, __u64 at_ns)
{
	const char *why = NULL;

	device->events++;
	device->owed_last = event->owed;
	if (event->owed > device->owed_max)
		device->owed_max = event->owed;
	if (!device->given) {
		device->given = true;
		device->given_ns = at_ns;
		device->due_ns = at_ns;
	}

	switch (event->type) {
	case KT_EVENT_TICK_DUE:
		device->due = add(device->due, event->ticks);
		device->due_since = add(device->due_since, event->ticks);
		break;
	case KT_EVENT_TICK_DELIVERED:
		device->delivered = add(device->delivered, event->ticks);
		if (device->catching)
			device->catchup_ticks = add(device->catchup_ticks, event->ticks);
		why = end_gap(device, at_ns);
		break;
	case KT_EVENT_TICK_LOST:
		device->lost = add(device->lost, event->ticks);
		break;
	case KT_EVENT_CATCHUP_BEGIN:
		if (device->catching++)
			break;
		device->catchup_ns = at_ns;
		device->catchup_ticks = 0;
		break;
	default:
		why = end_catchup(device, at_ns);
		break;
	}

	return why ? why : add_to_bin(sum, device, event, at_ns);
}

static const char *add_change(struct kt_sum_vm *vm, const struct kt_event *event, __u64 at_ns)
{
	vm->changes++;
	if (!vm->change)
		vm->change = calloc(KT_SUM_MAX_SPANS, sizeof(*vm->change));
	if (!vm->change)
		return NO_MEMORY;
	if (vm->kept < KT_SUM_MAX_SPANS)
		vm->change[vm->kept++] = (struct kt_sum_change){ at_ns, event->guest_ns,
								 event->why };

	return NULL;
}

/* Since the trace began. Time does not go back: CPUs are merged by it, and so is a file. */
static __u64 time_of(struct kt_sum *sum, __u64 host_ns)
{
	__u64 at_ns = host_ns > sum->start_ns ? host_ns - sum->start_ns : 0;

	if (at_ns < sum->end_ns) {
		sum->backward++;
		return sum->end_ns;
	}
	sum->end_ns = at_ns;

	return at_ns;
}

/**
 * kt_sum_add() - add an event
 * @sum:	sums
 * @event:	event
 *
 * Return: NULL, or why not.
 */
const char *kt_sum_add(struct kt_sum *sum, const struct kt_event *event)
{
	struct kt_sum_device *device;
	struct kt_sum_vm *vm;
	const char *why;
	__u64 at_ns;

	sum->events++;
	if (event->type == KT_EVENT_OVERRUN) {
		sum->overruns = add(sum->overruns, event->ticks);
		return NULL;
	}

	vm = find_vm(sum, event->vm, &why);
	if (!vm)
		return why;
	at_ns = time_of(sum, event->host_ns);
	reach(sum, at_ns);

	if (kt_event_is_tick(event->type)) {
		device = find_device(sum, vm, event, &why);
		return device ? add_tick(sum, device, event, at_ns) : why;
	}
	if (event->type == KT_EVENT_CLOCK_CHANGED)
		return add_change(vm, event, at_ns);
	if (event->type == KT_EVENT_VM_DETACH) {
		vm->to_ns = at_ns;
		return NULL;
	}
	vm->from_ns = at_ns;
	vm->known.pid = event->pid;

	return NULL;
}

/**
 * kt_sum_end() - the trace is over
 * @sum:	sums
 * @end_ns:	when, CLOCK_MONOTONIC; 0 if nobody knows: with its last event
 */
void kt_sum_end(struct kt_sum *sum, __u64 end_ns)
{
	struct kt_sum_device *device;
	size_t i, n;

	if (end_ns > sum->start_ns && end_ns - sum->start_ns > sum->end_ns)
		sum->end_ns = end_ns - sum->start_ns;
	reach(sum, sum->end_ns);

	for (i = 0; i < sum->nr; i++) {
		for (n = 0; n < sum->vm[i].nr; n++) {
			device = &sum->vm[i].device[n];
			if (device->catching) {
				device->catching = 1;
				end_catchup(device, sum->end_ns);
			}
			if (device->given)
				end_gap(device, sum->end_ns);
		}
	}
}

/**
 * kt_sum_free() - give the memory back
 * @sum:	sums
 */
void kt_sum_free(struct kt_sum *sum)
{
	size_t i, n;

	for (i = 0; i < sum->nr; i++) {
		free(sum->vm[i].change);
		for (n = 0; n < sum->vm[i].nr; n++) {
			free(sum->vm[i].device[n].catchups.span);
			free(sum->vm[i].device[n].gaps.span);
			free(sum->vm[i].device[n].bin);
		}
		free(sum->vm[i].device);
	}
	free(sum->vm);
	memset(sum, 0, sizeof(*sum));
}

/**
 * kt_sum_here_ns() - for how long a VM was there in the trace
 * @sum:	sums
 * @vm:		VM
 *
 * Return: the time.
 */
__u64 kt_sum_here_ns(const struct kt_sum *sum, const struct kt_sum_vm *vm)
{
	__u64 to_ns = vm->to_ns < sum->end_ns ? vm->to_ns : sum->end_ns;

	return to_ns > vm->from_ns ? to_ns - vm->from_ns : 0;
}

/**
 * kt_sum_said_ns() - what the module said is the period of a device
 * @vm:		its VM
 * @device:	the device, or a timer of it
 *
 * Return: the period; 0 if the module was silent, or if there are several timers, and it is that of
 * one of them.
 */
__u64 kt_sum_said_ns(const struct kt_sum_vm *vm, const struct kt_sum_device *device)
{
	size_t n;

	for (n = 0; n < vm->nr; n++)
		if (&vm->device[n] != device && vm->device[n].device == device->device)
			return 0;

	return vm->known.period_ns[device->device];
}

/**
 * kt_sum_period_ns() - period of a device
 * @sum:	sums
 * @vm:		its VM
 * @device:	the device, or a timer of it
 *
 * Return: what the module said, else the mean time from tick to tick; 0 if there were none.
 */
__u64 kt_sum_period_ns(const struct kt_sum *sum, const struct kt_sum_vm *vm,
		       const struct kt_sum_device *device)
{
	__u64 said_ns = kt_sum_said_ns(vm, device);

	if (said_ns || !device->due)
		return said_ns;

	return kt_sum_here_ns(sum, vm) / device->due;
}

/**
 * kt_sum_label() - a name for a device, or for a timer of it
 * @device:	which
 * @text:	gets it, such as "pit" or "hpet.2"
 * @room:	of @text, KT_SUM_LABEL_ROOM is enough
 */
void kt_sum_label(const struct kt_sum_device *device, char *text, size_t room)
{
	bool is_one = device->device < KVM_TIMERS_DEVICE_HPET ||
		      device->index == KT_EVENT_NO_INDEX;

	if (is_one)
		snprintf(text, room, "%s", kt_names_ticking(device->device));
	else
		snprintf(text, room, "%s.%u", kt_names_ticking(device->device), device->index);
}
