// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock of a VM in its status, for people and in JSON.
 */
#include "show_clock.h"

#include <json-c/json.h>
#include <stdio.h>

#include "names.h"
#include "out.h"

static const char *clock_rate_name(__u32 rate)
{
	const char *name = kt_names_clock_rate(rate);

	return name ? name : "unknown";
}

static const char *gap_name(__u32 gap)
{
	const char *name = kt_names_gap(gap);

	return name ? name : "unknown";
}

/**
 * kt_show_clock_to_json() - the clock in JSON
 * @status:	of the VM
 *
 * Return: an object, for the caller to put.
 */
struct json_object *kt_show_clock_to_json(const struct kvm_timers_status *status)
{
	struct json_object *obj = json_object_new_object();
	__u32 flags = status->clock_flags;

	kt_out_add(obj, "rate", json_object_new_string(clock_rate_name(status->clock_rate)));
	kt_out_add(obj, "by_tsc", json_object_new_boolean(flags & KVM_TIMERS_CLOCK_BY_TSC));
	kt_out_add(obj, "frozen", json_object_new_boolean(flags & KVM_TIMERS_CLOCK_FROZEN));
	kt_out_add(obj, "gap", json_object_new_string(gap_name(status->gap)));
	kt_out_add(obj, "lag_ns", status->dead ? NULL :
				  json_object_new_int64(status->clock_lag_ns));
	kt_out_add_u64(obj, "segments", status->clock_segments);
	kt_out_add_u64(obj, "thaws", status->clock_thaws);
	kt_out_add_u64(obj, "stopped_ns", status->clock_stopped_ns);
	kt_out_add_u64(obj, "kvmclock_ns", status->kvmclock_ns);
	kt_out_add_u64(obj, "sets", status->clock_sets);

	return obj;
}

/**
 * kt_show_print_clock() - the clock for people
 * @status:	of the VM
 */
void kt_show_print_clock(const struct kvm_timers_status *status)
{
	printf("\nClock\n");
	printf("  %-20s %s\n", "Rate", clock_rate_name(status->clock_rate));
	printf("  %-20s %s%s\n", "Line", status->clock_flags & KVM_TIMERS_CLOCK_BY_TSC ?
	       "over the host's TSC" : "none: the host's TSC is no clock",
	       status->clock_flags & KVM_TIMERS_CLOCK_FROZEN ? ", stands still" : "");
	printf("  %-20s %s\n", "Gap", gap_name(status->gap));
	if (!status->dead)
		printf("  %-20s %lld ns\n", "Behind the host", status->clock_lag_ns);
	kt_out_count("Segments", status->clock_segments);
	kt_out_count("Thaws", status->clock_thaws);
	kt_out_ns("Stopped for", status->clock_stopped_ns);
	if (!(status->devices & KVM_TIMERS_KVMCLOCK))
		return;

	kt_out_ns("kvmclock shows", status->kvmclock_ns);
	kt_out_count("Times set", status->clock_sets);
}
