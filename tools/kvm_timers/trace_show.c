// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report of a trace file, for people and in JSON.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "names.h"
#include "out.h"
#include "trace_report.h"

#define NS_PER_S	1000000000ULL
#define NS_PER_MS	1e6

/* So many of a kind are shown to people; JSON has all that were kept. */
#define SHOWN		10

static double ms(__u64 ns)
{
	return ns / NS_PER_MS;
}

static double seconds(__u64 ns)
{
	return (double)ns / NS_PER_S;
}

static void put_date(__u64 real_ns, char *text, size_t room)
{
	time_t s = real_ns / NS_PER_S;
	struct tm tm;

	if (!gmtime_r(&s, &tm) || !strftime(text, room, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(text, room, "an unknown time");
}

static void spans_text(const char *what, const char *ticks, const struct kt_spans *spans)
{
	size_t i;

	printf("    %-18s %llu", what, spans->nr);
	if (spans->nr)
		printf(", %.1f ms in all, the longest %.1f ms, %llu ticks %s", ms(spans->ns),
		       ms(spans->max_ns), spans->ticks, ticks);
	putchar('\n');
	for (i = 0; i < spans->kept && i < SHOWN; i++)
		printf("      %.6f s to %.6f s: %.1f ms, %llu ticks\n",
		       seconds(spans->span[i].begin_ns), seconds(spans->span[i].end_ns),
		       ms(spans->span[i].end_ns - spans->span[i].begin_ns), spans->span[i].ticks);
	if (spans->nr > i)
		printf("      and %llu more\n", spans->nr - i);
}

static void device_text(const struct kt_sum *sum, const struct kt_sum_vm *vm,
			const struct kt_sum_device *device)
{
	__u64 period_ns = kt_sum_period_ns(sum, vm, device), here_ns = kt_sum_here_ns(sum, vm);
	__u32 policy = vm->known.policy[device->device];
	char label[KT_SUM_LABEL_ROOM];

	kt_sum_label(device, label, sizeof(label));
	printf("  %s%s%s\n", label, policy ? ", policy " : "",
	       policy ? kt_names_policy(policy) : "");
	printf("    %-18s %llu due, %llu delivered, %llu lost\n", "Ticks", device->due,
	       device->delivered, device->lost);
	printf("    %-18s %.3f Hz asked, %.3f Hz delivered\n", "Rate",
	       kt_sum_hz(device->due, here_ns), kt_sum_hz(device->delivered, here_ns));
	printf("    %-18s %.6f ms%s\n", "Period", ms(period_ns),
	       kt_sum_said_ns(vm, device) ? "" : ", the mean of all ticks");
	printf("    %-18s %llu at most, %llu in the end\n", "Owed", device->owed_max,
	       device->owed_last);
	printf("    %-18s %.3f ms at most, %.3f ms in the end\n", "Behind",
	       ms(kt_sum_times(device->owed_max, period_ns)),
	       ms(kt_sum_times(device->owed_last, period_ns)));
	spans_text("Catch-ups", "given", &device->catchups);
	spans_text("Gaps", "due", &device->gaps);
}

static void vm_text(const struct kt_sum *sum, const struct kt_sum_vm *vm)
{
	size_t i, n;

	printf("\nVM %u, process %d%s%s\n", vm->known.id, vm->known.pid,
	       vm->known.name[0] ? ", " : "", vm->known.name);
	if (vm->from_ns)
		printf("  came at %.6f s\n", seconds(vm->from_ns));
	if (vm->to_ns != UINT64_MAX)
		printf("  went at %.6f s\n", seconds(vm->to_ns));
	for (i = 0; i < vm->kept && i < SHOWN; i++)
		printf("  clock %s at %.6f s, guest time %.6f s\n", kt_event_why(vm->change[i].why),
		       seconds(vm->change[i].at_ns), seconds(vm->change[i].guest_ns));
	if (vm->changes > i)
		printf("  and %llu more changes of the clock\n", vm->changes - i);
	for (n = 0; n < vm->nr; n++)
		device_text(sum, vm, &vm->device[n]);
}

/**
 * kt_report_text() - report for people
 * @report:	what
 */
void kt_report_text(const struct kt_report *report)
{
	const struct kt_sum *sum = &report->sum;
	char date[64];
	size_t i;

	put_date(report->header.start_real_ns, date, sizeof(date));
	printf("Recorded %s, for %.3f s, kernel %s, ABI %u\n", date, seconds(sum->end_ns),
	       report->header.kernel, report->header.abi);
	printf("Events: %llu, lost %llu, unknown %llu\n", sum->events, report->totals.lost,
	       report->totals.unknown + report->state.strange);
	if (report->totals.lost)
		printf("Events were lost: all numbers below are too small\n");
	if (sum->backward)
		printf("Out of order: %llu\n", sum->backward);
	if (!report->state.complete)
		printf("The file was cut: it has no last line\n");
	for (i = 0; i < sum->nr; i++)
		vm_text(sum, &sum->vm[i]);
}

static struct json_object *spans_json(const struct kt_spans *spans)
{
	struct json_object *obj = json_object_new_object(), *array = json_object_new_array();
	struct json_object *span;
	size_t i;

	kt_out_add_u64(obj, "count", spans->nr);
	kt_out_add_u64(obj, "ns", spans->ns);
	kt_out_add_u64(obj, "max_ns", spans->max_ns);
	kt_out_add_u64(obj, "ticks", spans->ticks);
	for (i = 0; i < spans->kept; i++) {
		span = json_object_new_object();
		kt_out_add_u64(span, "begin_ns", spans->span[i].begin_ns);
		kt_out_add_u64(span, "end_ns", spans->span[i].end_ns);
		kt_out_add_u64(span, "ticks", spans->span[i].ticks);
		json_object_array_add(array, span);
	}
	json_object_object_add(obj, "first", array);

	return obj;
}

static void add_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *device_json(const struct kt_sum *sum, const struct kt_sum_vm *vm,
				       const struct kt_sum_device *device)
{
	__u64 period_ns = kt_sum_period_ns(sum, vm, device), here_ns = kt_sum_here_ns(sum, vm);
	struct json_object *obj = json_object_new_object();
	__u32 policy = vm->known.policy[device->device];

	add_text(obj, "device", kt_names_ticking(device->device));
	json_object_object_add(obj, "index", device->index == KT_EVENT_NO_INDEX ? NULL :
				    json_object_new_uint64(device->index));
	add_text(obj, "policy", policy ? kt_names_policy(policy) : NULL);
	kt_out_add_u64(obj, "period_ns", period_ns);
	kt_out_add_u64(obj, "due", device->due);
	kt_out_add_u64(obj, "delivered", device->delivered);
	kt_out_add_u64(obj, "lost", device->lost);
	json_object_object_add(obj, "asked_hz",
			       json_object_new_double(kt_sum_hz(device->due, here_ns)));
	json_object_object_add(obj, "delivered_hz",
			       json_object_new_double(kt_sum_hz(device->delivered, here_ns)));
	kt_out_add_u64(obj, "owed_max", device->owed_max);
	kt_out_add_u64(obj, "owed_last", device->owed_last);
	kt_out_add_u64(obj, "behind_max_ns", kt_sum_times(device->owed_max, period_ns));
	kt_out_add_u64(obj, "behind_last_ns", kt_sum_times(device->owed_last, period_ns));
	json_object_object_add(obj, "catchups", spans_json(&device->catchups));
	json_object_object_add(obj, "gaps", spans_json(&device->gaps));

	return obj;
}

static struct json_object *changes_json(const struct kt_sum_vm *vm)
{
	struct json_object *obj = json_object_new_object(), *array = json_object_new_array();
	struct json_object *change;
	size_t i;

	kt_out_add_u64(obj, "count", vm->changes);
	for (i = 0; i < vm->kept; i++) {
		change = json_object_new_object();
		kt_out_add_u64(change, "at_ns", vm->change[i].at_ns);
		kt_out_add_u64(change, "guest_ns", vm->change[i].guest_ns);
		add_text(change, "why", kt_event_why(vm->change[i].why));
		json_object_array_add(array, change);
	}
	json_object_object_add(obj, "first", array);

	return obj;
}

static struct json_object *vm_json(const struct kt_sum *sum, const struct kt_sum_vm *vm)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *devices = json_object_new_object();
	char label[KT_SUM_LABEL_ROOM];
	size_t n;

	kt_out_add_u64(obj, "id", vm->known.id);
	json_object_object_add(obj, "pid", json_object_new_int(vm->known.pid));
	add_text(obj, "name", vm->known.name);
	kt_out_add_u64(obj, "from_ns", vm->from_ns);
	kt_out_add_u64(obj, "to_ns", vm->to_ns < sum->end_ns ? vm->to_ns : sum->end_ns);
	json_object_object_add(obj, "clock_changes", changes_json(vm));
	for (n = 0; n < vm->nr; n++) {
		kt_sum_label(&vm->device[n], label, sizeof(label));
		json_object_object_add(devices, label, device_json(sum, vm, &vm->device[n]));
	}
	json_object_object_add(obj, "devices", devices);

	return obj;
}

/**
 * kt_report_json() - report in JSON
 * @report:	what
 */
void kt_report_json(const struct kt_report *report)
{
	const struct kt_sum *sum = &report->sum;
	struct json_object *obj = json_object_new_object(), *vms = json_object_new_array();
	size_t i;

	json_object_object_add(obj, "complete", json_object_new_boolean(report->state.complete));
	add_text(obj, "tool", report->header.tool);
	add_text(obj, "kernel", report->header.kernel);
	kt_out_add_u64(obj, "abi", report->header.abi);
	kt_out_add_u64(obj, "start_real_ns", report->header.start_real_ns);
	kt_out_add_u64(obj, "duration_ns", sum->end_ns);
	kt_out_add_u64(obj, "events", sum->events);
	kt_out_add_u64(obj, "lost_events", report->totals.lost);
	kt_out_add_u64(obj, "unknown", report->totals.unknown + report->state.strange);
	kt_out_add_u64(obj, "out_of_order", sum->backward);
	for (i = 0; i < sum->nr; i++)
		json_object_array_add(vms, vm_json(sum, &sum->vm[i]));
	json_object_object_add(obj, "vms", vms);
	kt_out_put_json(obj);
}
