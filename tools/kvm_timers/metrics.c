// SPDX-License-Identifier: GPL-2.0-only
/*
 * The status of VMs in Prometheus's text format: a family a metric, with a sample a VM, or a VM
 * and device. Numbers are exact; units are Prometheus's, seconds and not their parts.
 */
#include "metrics.h"

#include <stdbool.h>

#include "late.h"
#include "names.h"
#include "vm.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define PREFIX		"kvm_timers_"

#define NS_PER_S	1000000000ULL
#define US_PER_S	1000000U
#define MS_PER_S	1000U
#define PERCENT		100U

enum type {
	COUNTER,
	GAUGE,
};

/* What a member is, and how it becomes a number. */
enum kind {
	KIND_U32,
	KIND_U64,
	KIND_S64,
	KIND_NS,
	KIND_NS32,
	KIND_SIGNED_NS,
	KIND_US32,
	KIND_MS32,
	KIND_PERCENT32,
	KIND_PERIOD_HERTZ,
	KIND_BIT0,
	KIND_BIT1,
};

/**
 * struct metric - a family of a sample a VM, or a VM and device
 * @name:	less the prefix
 * @help:	for people, without a backslash or a newline
 * @type:	enum type
 * @kind:	enum kind
 * @offset:	of the member, in the VM's status or the device's
 * @devices:	only of VMs of which one of these was taken over; 0: of all
 * @alive:	means nothing of a VM that is gone
 */
struct metric {
	const char	*name;
	const char	*help;
	enum type	type;
	enum kind	kind;
	size_t		offset;
	__u32		devices;
	bool		alive;
};

#define VM(member)	offsetof(struct kvm_timers_status, member)
#define DEVICE(member)	offsetof(struct kvm_timers_device_status, member)

static const struct metric vm_metrics[] = {
	{ "vm_dead", "Whether the VM is gone, and its counters are its last.",
	  GAUGE, KIND_U32, VM(dead), 0, false },
	{ "vm_memory_bytes", "Kernel memory that the VM costs the module.",
	  GAUGE, KIND_U32, VM(mem_bytes), 0, false },
	{ "guest_time_seconds", "Guest time since the VM began.",
	  GAUGE, KIND_NS, VM(guest_ns), 0, false },
	{ "clock_by_tsc", "Whether guest time is a line over the TSC of the host.",
	  GAUGE, KIND_BIT0, VM(clock_flags), 0, true },
	{ "clock_frozen", "Whether guest time stands still.",
	  GAUGE, KIND_BIT1, VM(clock_flags), 0, true },
	{ "clock_lag_seconds", "How far CLOCK_MONOTONIC of the host has moved ahead of guest time.",
	  GAUGE, KIND_SIGNED_NS, VM(clock_lag_ns), 0, true },
	{ "clock_segments_total", "Changes of the slope of guest time, none of them a step.",
	  COUNTER, KIND_U64, VM(clock_segments), 0, false },
	{ "clock_thaws_total", "Times that guest time stood still, and went on.",
	  COUNTER, KIND_U64, VM(clock_thaws), 0, false },
	{ "clock_stopped_seconds_total", "Time that never happened to the guest.",
	  COUNTER, KIND_NS, VM(clock_stopped_ns), 0, false },
	{ "catchup_budget_hertz", "Interrupts of all timers, for each vCPU, to which catch-ups add.",
	  GAUGE, KIND_U32, VM(budget_hz), 0, false },
	{ "catchup_budget_waits_total", "Times that a catch-up had to wait because of the budget.",
	  COUNTER, KIND_U64, VM(budget_waits), 0, false },
	{ "kvmclock_seconds", "What kvmclock shows.",
	  GAUGE, KIND_NS, VM(kvmclock_ns), KVM_TIMERS_KVMCLOCK, true },
	{ "kvmclock_sets_total", "Times that the VMM has set kvmclock.",
	  COUNTER, KIND_U64, VM(clock_sets), KVM_TIMERS_KVMCLOCK, false },
	{ "rtc_time_seconds", "What the RTC shows, since 1970-01-01 00:00:00 in its own zone.",
	  GAUGE, KIND_S64, VM(rtc_time_s), KVM_TIMERS_RTC, true },
	{ "lapic_vcpus", "vCPUs whose LAPIC timer was taken over.",
	  GAUGE, KIND_U32, VM(lapic_vcpus), KVM_TIMERS_LAPIC, false },
	{ "lapic_advance_seconds", "How far ahead interrupts of LAPIC timers are prepared.",
	  GAUGE, KIND_NS32, VM(lapic_advance_ns), KVM_TIMERS_LAPIC, false },
};

static const struct metric device_metrics[] = {
	{ "device_active", "Whether the guest has the device.",
	  GAUGE, KIND_U32, DEVICE(active), 0, false },
	{ "rate_hertz", "Ticks that the guest has asked for per second, 0: none.",
	  GAUGE, KIND_PERIOD_HERTZ, DEVICE(period_ns), 0, false },
	{ "ticks_due_total", "Interrupts that the device raised.",
	  COUNTER, KIND_U64, DEVICE(stats.due), 0, false },
	{ "ticks_delivered_total", "Interrupts given to the guest.",
	  COUNTER, KIND_U64, DEVICE(stats.delivered), 0, false },
	{ "ticks_coalesced_total", "Interrupts that found the one before still waiting in the guest.",
	  COUNTER, KIND_U64, DEVICE(stats.coalesced), 0, false },
	{ "ticks_merged_total", "Interrupts given as part of another one.",
	  COUNTER, KIND_U64, DEVICE(stats.merged), 0, false },
	{ "ticks_dropped_total", "Interrupts not given, by policy or because the pin was masked.",
	  COUNTER, KIND_U64, DEVICE(stats.dropped), 0, false },
	{ "ticks_given_up_total", "Interrupts not given, because the debt passed its limit.",
	  COUNTER, KIND_U64, DEVICE(stats.given_up), 0, false },
	{ "ticks_caught_up_total", "Interrupts of those delivered that were given from the debt.",
	  COUNTER, KIND_U64, DEVICE(stats.caught_up), 0, false },
	{ "ticks_owed", "Interrupts not given yet.",
	  GAUGE, KIND_U64, DEVICE(owed), 0, false },
	{ "ticks_rescaled", "Change of the debt where the guest changed the period, in interrupts.",
	  GAUGE, KIND_S64, DEVICE(stats.rescaled), 0, false },
	{ "register_reads_total", "Registers of the device that the guest has read.",
	  COUNTER, KIND_U64, DEVICE(reads), 0, false },
	{ "register_writes_total", "Registers of the device that the guest has written.",
	  COUNTER, KIND_U64, DEVICE(writes), 0, false },
	{ "catchup_ratio", "Catch-up in progress, in times the programmed rate, 0: none.",
	  GAUGE, KIND_PERCENT32, DEVICE(catchup_rate_pct), 0, false },
	{ "catchup_max_ratio", "Fastest catch-up, in times the programmed rate.",
	  GAUGE, KIND_PERCENT32, DEVICE(catchup_max_rate_pct), 0, false },
	{ "catchup_limit_seconds", "A debt of more is given up.",
	  GAUGE, KIND_MS32, DEVICE(catchup_limit_ms), 0, false },
	{ "catchup_threshold_seconds", "A lag of less is not caught up.",
	  GAUGE, KIND_US32, DEVICE(catchup_threshold_us), 0, false },
};

static void write_head(FILE *file, const char *name, const char *type, const char *help)
{
	fprintf(file, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void write_signed_ns(FILE *file, __s64 ns)
{
	/* Negated as unsigned: the lowest number has no positive one. */
	__u64 abs = ns < 0 ? -(__u64)ns : (__u64)ns;

	fprintf(file, "%s%llu.%09llu", ns < 0 ? "-" : "", abs / NS_PER_S, abs % NS_PER_S);
}

static void write_value(FILE *file, enum kind kind, const void *at)
{
	const __u32 *u32 = at;
	const __u64 *u64 = at;

	switch (kind) {
	case KIND_U32:
		fprintf(file, "%u", *u32);
		break;
	case KIND_U64:
		fprintf(file, "%llu", *u64);
		break;
	case KIND_S64:
		fprintf(file, "%lld", *(const __s64 *)at);
		break;
	case KIND_NS:
		fprintf(file, "%llu.%09llu", *u64 / NS_PER_S, *u64 % NS_PER_S);
		break;
	case KIND_NS32:
		fprintf(file, "%u.%09u", *u32 / (__u32)NS_PER_S, *u32 % (__u32)NS_PER_S);
		break;
	case KIND_SIGNED_NS:
		write_signed_ns(file, *(const __s64 *)at);
		break;
	case KIND_US32:
		fprintf(file, "%u.%06u", *u32 / US_PER_S, *u32 % US_PER_S);
		break;
	case KIND_MS32:
		fprintf(file, "%u.%03u", *u32 / MS_PER_S, *u32 % MS_PER_S);
		break;
	case KIND_PERCENT32:
		fprintf(file, "%u.%02u", *u32 / PERCENT, *u32 % PERCENT);
		break;
	case KIND_PERIOD_HERTZ:
		fprintf(file, "%.9g", *u64 ? (double)NS_PER_S / *u64 : 0.0);
		break;
	case KIND_BIT0:
		fprintf(file, "%u", *u32 & 1);
		break;
	case KIND_BIT1:
		fprintf(file, "%u", *u32 >> 1 & 1);
		break;
	}
}

static void write_label(FILE *file, const char *name, const char *value)
{
	fprintf(file, ",%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', file);
		if (*value == '\n')
			fputs("\\n", file);
		else
			fputc(*value, file);
	}
	fputc('"', file);
}

static bool has_metric(const struct metric *metric, const struct kvm_timers_status *status)
{
	if (metric->alive && status->dead)
		return false;

	return !metric->devices || (status->devices & metric->devices);
}

static void write_vm_metric(FILE *file, const struct metric *metric, const struct kt_vm *vms,
			    size_t nr)
{
	size_t i;

	write_head(file, metric->name, metric->type == COUNTER ? "counter" : "gauge", metric->help);
	for (i = 0; i < nr; i++) {
		if (!has_metric(metric, &vms[i].status))
			continue;
		fprintf(file, PREFIX "%s{vm=\"%u\"} ", metric->name, vms[i].status.id);
		write_value(file, metric->kind, (const char *)&vms[i].status + metric->offset);
		fputc('\n', file);
	}
}

/* What identifies a VM to people: other metrics are joined with it by the label "vm". */
static void write_info(FILE *file, const struct kt_vm *vms, size_t nr)
{
	const char *rate, *gap;
	char pid[16];
	size_t i;

	write_head(file, "vm_info", "gauge", "A VM taken over, its process and its choices.");
	for (i = 0; i < nr; i++) {
		rate = kt_names_clock_rate(vms[i].status.clock_rate);
		gap = kt_names_gap(vms[i].status.gap);
		snprintf(pid, sizeof(pid), vms[i].status.pid > 0 ? "%d" : "", vms[i].status.pid);
		fprintf(file, PREFIX "vm_info{vm=\"%u\"", vms[i].status.id);
		write_label(file, "pid", pid);
		write_label(file, "command", vms[i].comm);
		write_label(file, "clock_rate", rate ? rate : "unknown");
		write_label(file, "gap", gap ? gap : "unknown");
		fputs("} 1\n", file);
	}
}

typedef void (*write_device_t)(FILE *file, const struct metric *metric,
			       const struct kvm_timers_device_status *status, const char *labels);

static void write_sample(FILE *file, const struct metric *metric,
			 const struct kvm_timers_device_status *status, const char *labels)
{
	fprintf(file, PREFIX "%s{%s} ", metric->name, labels);
	write_value(file, metric->kind, (const char *)status + metric->offset);
	fputc('\n', file);
}

static void write_policy(FILE *file, const struct metric *metric,
			 const struct kvm_timers_device_status *status, const char *labels)
{
	const char *policy = kt_names_policy(status->policy);

	fprintf(file, PREFIX "%s{%s", metric->name, labels);
	write_label(file, "policy", policy ? policy : "unknown");
	fputs("} 1\n", file);
}

static void write_catchup(FILE *file, const struct metric *metric,
			  const struct kvm_timers_device_status *status, const char *labels)
{
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_CATCHUP_LEVELS; n++) {
		fprintf(file, PREFIX "%s{%s", metric->name, labels);
		write_label(file, "level", kt_names_level(n));
		fputs("} ", file);
		write_value(file, KIND_NS, &status->catchup_ns[n]);
		fputc('\n', file);
	}
}

/*
 * Buckets of the module have no number of their own in them, those of Prometheus do: a tick late
 * by 2^n us to the nanosecond is in the next one. The sum is not kept: NaN says so, where its
 * absence would be read as 0.
 */
static void write_late(FILE *file, const struct metric *metric,
		       const struct kvm_timers_device_status *status, const char *labels)
{
	__u64 below, count = 0;
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++) {
		count += status->late[n];
		below = kt_late_below_us(n);
		if (below == KT_LATE_UNBOUNDED)
			fprintf(file, PREFIX "%s_bucket{%s,le=\"+Inf\"} %llu\n", metric->name,
				labels, count);
		else
			fprintf(file, PREFIX "%s_bucket{%s,le=\"%llu.%06llu\"} %llu\n",
				metric->name, labels, below / US_PER_S, below % US_PER_S, count);
	}
	fprintf(file, PREFIX "%s_sum{%s} NaN\n" PREFIX "%s_count{%s} %llu\n", metric->name, labels,
		metric->name, labels, count);
}

static void write_devices(FILE *file, const struct metric *metric, const char *type,
			  write_device_t write, const struct kt_vm *vms, size_t nr)
{
	char labels[64];
	unsigned int n;
	size_t i;

	write_head(file, metric->name, type, metric->help);
	for (i = 0; i < nr; i++) {
		for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++) {
			if (!(vms[i].status.devices & 1U << n))
				continue;
			snprintf(labels, sizeof(labels), "vm=\"%u\",device=\"%s\"",
				 vms[i].status.id, kt_names_device(n));
			write(file, metric, &vms[i].status.device[n], labels);
		}
	}
}

/**
 * kt_metrics_write() - write what the module shows of VMs
 * @file:	gets the text
 * @vms:	VMs
 * @nr:		their number
 */
void kt_metrics_write(FILE *file, const struct kt_vm *vms, size_t nr)
{
	static const struct metric policy = {
		.name	= "policy_info",
		.help	= "What the guest gets for ticks that it could not take in time.",
	};
	static const struct metric catchup = {
		.name	= "catchup_seconds_total",
		.help	= "Guest time spent at each level of a catch-up, by its rate.",
	};
	static const struct metric late = {
		.name	= "lateness_seconds",
		.help	= "How late interrupts were delivered. The sum is not known.",
	};
	size_t i;

	write_head(file, "vms", "gauge", "VMs taken over.");
	fprintf(file, PREFIX "vms %zu\n", nr);
	write_info(file, vms, nr);
	for (i = 0; i < ARRAY_SIZE(vm_metrics); i++)
		write_vm_metric(file, &vm_metrics[i], vms, nr);
	write_devices(file, &policy, "gauge", write_policy, vms, nr);
	for (i = 0; i < ARRAY_SIZE(device_metrics); i++)
		write_devices(file, &device_metrics[i],
			      device_metrics[i].type == COUNTER ? "counter" : "gauge", write_sample,
			      vms, nr);
	write_devices(file, &catchup, "counter", write_catchup, vms, nr);
	write_devices(file, &late, "histogram", write_late, vms, nr);
}
