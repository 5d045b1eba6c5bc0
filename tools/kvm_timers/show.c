// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers list, status, version: what there is, for people and in JSON.
 */
#include <errno.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "cmd.h"
#include "dev.h"
#include "late.h"
#include "names.h"
#include "out.h"
#include "rtc_base.h"
#include "show_clock.h"
#include "vm.h"

#define NS_PER_S	1000000000ULL
#define US_PER_MS	1000ULL
#define FS_PER_NS	1000000U

/* Blanks of a level, as json-c has it. */
#define INDENT		2

#define LAST_BUCKET	(KVM_TIMERS_LATE_BUCKETS - 1)
#define LAST_LEVEL	(KVM_TIMERS_CATCHUP_LEVELS - 1)

/* Room for a bound of the histogram, and for what an RTC shows. */
#define BOUND_ROOM	32
#define TIME_ROOM	64

static void add_process(struct json_object *obj, const struct kt_vm *vm)
{
	kt_out_add(obj, "pid", vm->status.pid > 0 ? json_object_new_int(vm->status.pid) : NULL);
	kt_out_add(obj, "command", vm->comm[0] ? json_object_new_string(vm->comm) : NULL);
	kt_out_add(obj, "dead", json_object_new_boolean(vm->status.dead));
}

static void list_as_json(const struct kt_vm *vms, size_t nr)
{
	struct json_object *array = json_object_new_array();
	struct json_object *obj;
	size_t i;

	for (i = 0; i < nr; i++) {
		obj = json_object_new_object();
		kt_out_add_u64(obj, "id", vms[i].status.id);
		add_process(obj, &vms[i]);
		kt_out_add_bits(obj, "devices", vms[i].status.devices, kt_names_device);
		json_object_array_add(array, obj);
	}
	kt_out_put_json(array);
}

static void list_as_table(const struct kt_vm *vms, size_t nr)
{
	char devices[64], pid[16];
	size_t i;

	printf("%-10s %-10s %-32s %s\n", "ID", "PID", "DEVICES", "COMMAND");
	for (i = 0; i < nr; i++) {
		kt_names_format_devices(vms[i].status.devices, devices, sizeof(devices));
		snprintf(pid, sizeof(pid), vms[i].status.pid > 0 ? "%d" : "-", vms[i].status.pid);
		printf("%-10u %-10s %-32s %s\n", vms[i].status.id, pid, devices,
		       vms[i].status.dead ? "(gone)" : vms[i].comm[0] ? vms[i].comm : "-");
	}
}

static const char *policy_name(__u32 policy)
{
	const char *name = kt_names_policy(policy);

	return name ? name : "unknown";
}

static const char *rtc_base_name(__u32 base)
{
	const char *name = kt_names_rtc_base(base);

	return name ? name : "unknown";
}

static const char *advance_name(__u32 advance)
{
	const char *name = kt_names_advance(advance);

	return name ? name : "unknown";
}

static void format_us(__u64 us, char *text, size_t room)
{
	if (us < US_PER_MS)
		snprintf(text, room, "%llu us", us);
	else
		snprintf(text, room, "%llu.%03llu ms", us / US_PER_MS, us % US_PER_MS);
}

/* A line a bucket: as objects of their own they would be most of what a status costs. */
static int write_late(struct json_object *obj, struct printbuf *text, int level, int flags)
{
	const __u64 *late = json_object_get_userdata(obj);
	unsigned int n;

	(void)flags;

	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++) {
		sprintbuf(text, "%s\n%*s{ \"from_us\": %llu, \"below_us\": ", n ? "," : "[",
			  (level + 1) * INDENT, "", kt_late_from_us(n));
		if (n == LAST_BUCKET)
			sprintbuf(text, "null, \"count\": %llu }", late[n]);
		else
			sprintbuf(text, "%llu, \"count\": %llu }", kt_late_below_us(n), late[n]);
	}

	return sprintbuf(text, "\n%*s]", level * INDENT, "");
}

/* The counters are to outlive it. */
static struct json_object *late_to_json(const __u64 *late)
{
	struct json_object *array = json_object_new_array();

	json_object_set_serializer(array, write_late, (void *)late, NULL);

	return array;
}

static struct json_object *catchup_to_json(const __u64 *catchup_ns)
{
	struct json_object *array = json_object_new_array();
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_CATCHUP_LEVELS; n++)
		json_object_array_add(array, json_object_new_uint64(catchup_ns[n]));

	return array;
}

static void add_rtc(struct json_object *obj, const struct kvm_timers_status *status)
{
	kt_out_add(obj, "base", json_object_new_string(rtc_base_name(status->rtc_base)));
	kt_out_add(obj, "time_s", json_object_new_int64(status->rtc_time_s));
}

static void add_hpet(struct json_object *obj, const struct kvm_timers_status *status)
{
	bool enabled = status->hpet_flags & KVM_TIMERS_HPET_ENABLED;
	bool legacy = status->hpet_flags & KVM_TIMERS_HPET_LEGACY;

	kt_out_add_u64(obj, "timers", status->hpet_timers);
	kt_out_add_u64(obj, "counter", status->hpet_counter);
	kt_out_add_u64(obj, "counter_period_fs", status->hpet_period_fs);
	kt_out_add(obj, "enabled", json_object_new_boolean(enabled));
	kt_out_add(obj, "legacy", json_object_new_boolean(legacy));
}

static void add_lapic(struct json_object *obj, const struct kvm_timers_status *status)
{
	kt_out_add_u64(obj, "vcpus", status->lapic_vcpus);
	kt_out_add(obj, "advance", json_object_new_string(advance_name(status->lapic_advance)));
	kt_out_add_u64(obj, "advance_ns", status->lapic_advance_ns);
}

static struct json_object *device_to_json(const struct kvm_timers_status *status,
					  unsigned int device)
{
	const struct kvm_timers_device_status *dev = &status->device[device];
	const struct kvm_timers_tick_stats *stats = &dev->stats;
	struct json_object *obj = json_object_new_object();

	kt_out_add(obj, "active", json_object_new_boolean(dev->active));
	kt_out_add(obj, "policy", json_object_new_string(policy_name(dev->policy)));
	kt_out_add_u64(obj, "catchup_max_rate_pct", dev->catchup_max_rate_pct);
	kt_out_add_u64(obj, "catchup_limit_ms", dev->catchup_limit_ms);
	kt_out_add_u64(obj, "catchup_threshold_us", dev->catchup_threshold_us);
	kt_out_add_u64(obj, "catchup_rate_pct", dev->catchup_rate_pct);
	kt_out_add_u64(obj, "period_ns", dev->period_ns);
	kt_out_add_u64(obj, "due", stats->due);
	kt_out_add(obj, "rescaled", json_object_new_int64(stats->rescaled));
	kt_out_add_u64(obj, "delivered", stats->delivered);
	kt_out_add_u64(obj, "owed", dev->owed);
	kt_out_add_u64(obj, "merged", stats->merged);
	kt_out_add_u64(obj, "dropped", stats->dropped);
	kt_out_add_u64(obj, "given_up", stats->given_up);
	kt_out_add_u64(obj, "caught_up", stats->caught_up);
	kt_out_add_u64(obj, "coalesced", stats->coalesced);
	kt_out_add_u64(obj, "reads", dev->reads);
	kt_out_add_u64(obj, "writes", dev->writes);
	if (device == KVM_TIMERS_DEVICE_RTC)
		add_rtc(obj, status);
	if (device == KVM_TIMERS_DEVICE_HPET)
		add_hpet(obj, status);
	if (device == KVM_TIMERS_DEVICE_LAPIC)
		add_lapic(obj, status);
	kt_out_add(obj, "catchup_ns", catchup_to_json(dev->catchup_ns));
	kt_out_add(obj, "late", late_to_json(dev->late));

	return obj;
}

static struct json_object *status_to_json(const struct kt_vm *vm)
{
	struct json_object *devices = json_object_new_object();
	struct json_object *obj = json_object_new_object();
	unsigned int i;

	kt_out_add_u64(obj, "id", vm->status.id);
	add_process(obj, vm);
	kt_out_add_u64(obj, "guest_ns", vm->status.guest_ns);
	kt_out_add_u64(obj, "mem_bytes", vm->status.mem_bytes);
	kt_out_add_u64(obj, "budget_hz", vm->status.budget_hz);
	kt_out_add_u64(obj, "budget_waits", vm->status.budget_waits);
	kt_out_add(obj, "clock", kt_show_clock_to_json(&vm->status));
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (vm->status.devices & 1U << i)
			kt_out_add(devices, kt_names_device(i), device_to_json(&vm->status, i));
	kt_out_add(obj, "devices", devices);

	return obj;
}

static void print_catchup(const __u64 *catchup_ns)
{
	bool any = false;
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_CATCHUP_LEVELS; n++) {
		if (!catchup_ns[n])
			continue;
		if (!any)
			printf("  Time of catch-ups at\n");
		any = true;

		printf("    %12s %-11s %llu.%09llu s\n", kt_names_level(n),
		       n == LAST_LEVEL ? "" : "times", catchup_ns[n] / NS_PER_S,
		       catchup_ns[n] % NS_PER_S);
	}
}

static void print_late(const __u64 *late)
{
	char from[BOUND_ROOM], below[BOUND_ROOM];
	bool any = false;
	unsigned int n;

	for (n = 0; n < KVM_TIMERS_LATE_BUCKETS; n++) {
		if (!late[n])
			continue;
		if (!any)
			printf("  Delivered late by\n");
		any = true;

		format_us(kt_late_from_us(n), from, sizeof(from));
		format_us(kt_late_below_us(n), below, sizeof(below));
		if (n == LAST_BUCKET)
			printf("    %12s or more            %llu\n", from, late[n]);
		else
			printf("    %12s to below %12s %llu\n", from, below, late[n]);
	}
}

static void print_period(__u64 period_ns)
{
	/* Thousandths, rounded. */
	__u64 mhz = period_ns ? (NS_PER_S * 1000 + period_ns / 2) / period_ns : 0;

	if (period_ns)
		printf("  %-20s %llu ns (%llu.%03llu Hz)\n", "Period", period_ns, mhz / 1000,
		       mhz % 1000);
	else
		printf("  %-20s %s\n", "Period", "none: not periodic");
}

static void print_rtc(const struct kvm_timers_status *status)
{
	char text[TIME_ROOM];

	kt_rtc_base_format(status->rtc_time_s, text, sizeof(text));
	printf("  %-20s %s (base %s)\n", "Shows", text, rtc_base_name(status->rtc_base));
}

static void print_hpet(const struct kvm_timers_status *status)
{
	kt_out_count("Timers", status->hpet_timers);
	printf("  %-20s %llu (%s)\n", "Counter", status->hpet_counter,
	       status->hpet_flags & KVM_TIMERS_HPET_ENABLED ? "running" : "halted");
	printf("  %-20s %u.%06u ns\n", "Counter period", status->hpet_period_fs / FS_PER_NS,
	       status->hpet_period_fs % FS_PER_NS);
	printf("  %-20s %s\n", "Legacy replacement",
	       status->hpet_flags & KVM_TIMERS_HPET_LEGACY ? "on" : "off");
}

static void print_lapic(const struct kvm_timers_status *status)
{
	kt_out_count("vCPUs", status->lapic_vcpus);
	printf("  %-20s %u ns (%s)\n", "Advance", status->lapic_advance_ns,
	       advance_name(status->lapic_advance));
}

static void print_heading(unsigned int device, bool active)
{
	const char *why = "not created by the VMM, or no interrupt controllers in the kernel";

	if (device == KVM_TIMERS_DEVICE_LAPIC)
		why = "no vCPU yet, or none with a timer that can be taken over";

	printf("\nDevice %s\n", kt_names_device(device));
	if (!active)
		printf("  %-20s %s\n", "Not active", why);
}

static void print_device(const struct kvm_timers_status *status, unsigned int device)
{
	const struct kvm_timers_device_status *dev = &status->device[device];
	const struct kvm_timers_tick_stats *stats = &dev->stats;

	print_heading(device, dev->active);
	/* A device that the guest does not have shows nothing. */
	if (device == KVM_TIMERS_DEVICE_RTC && dev->active)
		print_rtc(status);
	if (device == KVM_TIMERS_DEVICE_HPET && dev->active)
		print_hpet(status);
	if (device == KVM_TIMERS_DEVICE_LAPIC && dev->active)
		print_lapic(status);
	printf("  %-20s %s\n", "Policy", policy_name(dev->policy));
	printf("  %-20s %u.%02u times\n", "Catch-up max rate", dev->catchup_max_rate_pct / 100,
	       dev->catchup_max_rate_pct % 100);
	printf("  %-20s %u ms\n", "Catch-up limit", dev->catchup_limit_ms);
	printf("  %-20s %u us\n", "Catch-up threshold", dev->catchup_threshold_us);
	if (dev->catchup_rate_pct)
		printf("  %-20s %u.%02u times\n", "Catch-up in progress",
		       dev->catchup_rate_pct / 100, dev->catchup_rate_pct % 100);
	else
		printf("  %-20s %s\n", "Catch-up in progress", "none");
	print_period(dev->period_ns);
	kt_out_count("Due", stats->due);
	printf("  %-20s %lld\n", "Rescaled", stats->rescaled);
	kt_out_count("Delivered", stats->delivered);
	kt_out_count("Owed", dev->owed);
	kt_out_count("Merged", stats->merged);
	kt_out_count("Dropped", stats->dropped);
	kt_out_count("Given up", stats->given_up);
	kt_out_count("Caught up", stats->caught_up);
	kt_out_count("Coalesced", stats->coalesced);
	kt_out_count("Reads", dev->reads);
	kt_out_count("Writes", dev->writes);
	print_catchup(dev->catchup_ns);
	print_late(dev->late);
}

static void status_as_text(const struct kt_vm *vm)
{
	const struct kvm_timers_status *status = &vm->status;
	char devices[64];
	unsigned int i;

	kt_names_format_devices(status->devices, devices, sizeof(devices));
	printf("VM %u%s\n", status->id, status->dead ? ": gone, these are its last counters" : "");
	if (status->pid > 0)
		printf("  %-20s %d%s%s%s\n", "PID", status->pid, vm->comm[0] ? " (" : "", vm->comm,
		       vm->comm[0] ? ")" : "");
	else
		printf("  %-20s %s\n", "PID", "unknown: in another PID namespace, or ended");
	kt_out_ns("Guest time", status->guest_ns);
	printf("  %-20s %s\n", "Devices", devices);
	printf("  %-20s %u bytes\n", "Kernel memory", status->mem_bytes);
	printf("  %-20s %u Hz for each vCPU\n", "Catch-up budget", status->budget_hz);
	kt_out_count("Waits for the budget", status->budget_waits);
	kt_show_print_clock(status);

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (status->devices & 1U << i)
			print_device(status, i);
}

/**
 * kt_show_list() - list the VMs that the caller may see
 * @argc:	0
 * @argv:	unused
 *
 * Return: enum kt_out_exit.
 */
int kt_show_list(int argc, char **argv)
{
	struct kt_vm *vms;
	size_t nr;
	int ret;

	(void)argc;
	(void)argv;

	ret = kt_vm_read_all(&vms, &nr);
	if (ret)
		return ret;

	if (kt_out_is_json())
		list_as_json(vms, nr);
	else
		list_as_table(vms, nr);
	free(vms);

	return KT_OUT_OK;
}

static int show_one(const char *text)
{
	struct kt_vm vm;
	int dev, ret;
	__u32 id;

	ret = kt_vm_parse(text, &id);
	if (ret)
		return ret;

	dev = kt_dev_open();
	if (dev < 0)
		return kt_out_fail(KT_OUT_ERROR, "%s", kt_dev_words(KT_DEV_OPEN, dev));

	ret = kt_vm_read(dev, id, &vm);
	close(dev);
	if (ret == -ENOENT)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_OPEN_VM, ret));
	if (ret)
		return ret;

	if (kt_out_is_json())
		kt_out_put_json(status_to_json(&vm));
	else
		status_as_text(&vm);

	return KT_OUT_OK;
}

static struct json_object *one_of_all(const void *vms, size_t i)
{
	return status_to_json((const struct kt_vm *)vms + i);
}

static int show_all(void)
{
	struct kt_vm *vms;
	size_t nr, i;
	int ret;

	ret = kt_vm_read_all(&vms, &nr);
	if (ret)
		return ret;

	if (kt_out_is_json()) {
		kt_out_put_each(nr, one_of_all, vms);
	} else {
		for (i = 0; i < nr; i++) {
			if (i)
				printf("\n");
			status_as_text(&vms[i]);
		}
	}
	free(vms);

	return KT_OUT_OK;
}

/**
 * kt_show_status() - show the devices and counters of one VM, or of all that the caller may see
 * @argc:	1, or 0: all
 * @argv:	its id
 *
 * Return: enum kt_out_exit.
 */
int kt_show_status(int argc, char **argv)
{
	return argc ? show_one(argv[0]) : show_all();
}

/**
 * kt_show_version() - show the versions of the tool and of the ABI
 * @argc:	0
 * @argv:	unused
 *
 * Return: KT_OUT_OK, also without a module: the tool has a version of its own.
 */
int kt_show_version(int argc, char **argv)
{
	int abi = kt_dev_abi();
	struct json_object *obj;

	(void)argc;
	(void)argv;

	if (kt_out_is_json()) {
		obj = json_object_new_object();
		kt_out_add(obj, "version", json_object_new_string(KT_VERSION));
		kt_out_add(obj, "abi", json_object_new_int(KVM_TIMERS_ABI_VERSION));
		kt_out_add(obj, "module_abi", abi < 0 ? NULL : json_object_new_int(abi));
		kt_out_put_json(obj);
		return KT_OUT_OK;
	}

	printf("kvm-timers %s\nABI of the tool: %d\n", KT_VERSION, KVM_TIMERS_ABI_VERSION);
	if (abi < 0)
		printf("ABI of the module: unknown: %s\n", kt_dev_words(KT_DEV_OPEN, abi));
	else
		printf("ABI of the module: %d\n", abi);

	return KT_OUT_OK;
}
