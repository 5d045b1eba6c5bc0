// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record, for people and in JSON. Both have the same rows: for people registers are in
 * hexadecimal.
 */
#include "show_record.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

#include "names.h"
#include "out.h"

/**
 * struct sink - where rows go
 * @obj:	JSON, or NULL: to stdout
 */
struct sink {
	struct json_object	*obj;
};

static void begin(struct sink *sink, struct json_object *into, const char *key, const char *heading)
{
	sink->obj = into ? json_object_new_object() : NULL;
	if (into)
		json_object_object_add(into, key, sink->obj);
	else
		printf("\n%s\n", heading);
}

static void count(const struct sink *sink, const char *key, const char *name, __u64 val)
{
	if (sink->obj)
		json_object_object_add(sink->obj, key, json_object_new_uint64(val));
	else
		kt_out_count(name, val);
}

static void number(const struct sink *sink, const char *key, const char *name, __s64 val,
		   const char *unit)
{
	if (sink->obj)
		json_object_object_add(sink->obj, key, json_object_new_int64(val));
	else
		printf("  %-20s %lld%s\n", name, val, unit);
}

static void time_of(const struct sink *sink, const char *key, const char *name, __u64 ns)
{
	if (sink->obj)
		json_object_object_add(sink->obj, key, json_object_new_uint64(ns));
	else
		kt_out_ns(name, ns);
}

static void reg(const struct sink *sink, const char *key, const char *name, __u64 val)
{
	if (sink->obj)
		json_object_object_add(sink->obj, key, json_object_new_uint64(val));
	else
		printf("  %-20s 0x%llx\n", name, val);
}

static void flag(const struct sink *sink, const char *key, const char *name, bool val)
{
	if (sink->obj)
		json_object_object_add(sink->obj, key, json_object_new_boolean(val));
	else
		printf("  %-20s %s\n", name, val ? "yes" : "no");
}

static void devices(const struct sink *sink, const char *key, const char *name, __u32 bits)
{
	char text[64];

	kt_names_format_devices(bits, text, sizeof(text));
	if (sink->obj)
		kt_out_add_bits(sink->obj, key, bits, kt_names_device);
	else
		printf("  %-20s %s\n", name, text[0] ? text : "none");
}

static void word(const struct sink *sink, const char *key, const char *name, const char *text)
{
	if (!text)
		text = "unknown";
	if (sink->obj)
		json_object_object_add(sink->obj, key, json_object_new_string(text));
	else
		printf("  %-20s %s\n", name, text);
}

/* For people by its rate, in JSON by its number as in the record. */
static void put_level(const struct sink *sink, __u32 level)
{
	if (sink->obj)
		kt_out_add_u64(sink->obj, "level", level);
	else
		word(sink, "level", "Catches up at rate", kt_names_level(level));
}

static void put_debt(const struct sink *sink, const struct kvm_timers_debt *debt)
{
	count(sink, "owed", "Owed", debt->owed);
	count(sink, "unseen", "Not accounted yet", debt->unseen);
	count(sink, "period_ns", "Period, ns", debt->period_ns);
	time_of(sink, "last_ns", "Last interrupt", debt->last_ns);
	time_of(sink, "room_ns", "None owed before", debt->room_ns);
	reg(sink, "debt_flags", "Flags of the debt", debt->flags);
	flag(sink, "on_grid", "Next is on the grid", debt->flags & KVM_TIMERS_DEBT_ON_GRID);
	if (debt->flags & KVM_TIMERS_DEBT_CATCHING)
		put_level(sink, debt->level);
}

static void put_policy(const struct sink *sink, const struct kvm_timers_policy_config *tick)
{
	word(sink, "policy", "Policy", kt_names_policy(tick->policy));
	count(sink, "catchup_max_rate_pct", "Catch-up max rate, %", tick->catchup_max_rate_pct);
	count(sink, "catchup_limit_ms", "Catch-up limit, ms", tick->catchup_limit_ms);
	count(sink, "catchup_threshold_us", "Threshold, us", tick->catchup_threshold_us);
}

static void put_clock(const struct kvm_timers_record *rec, struct json_object *obj)
{
	struct sink sink;

	begin(&sink, obj, "clock", "Clock");
	word(&sink, "rate", "Rate", kt_names_clock_rate(rec->clock_rate));
	word(&sink, "gap", "Gap", kt_names_gap(rec->gap));
	time_of(&sink, "guest_ns", "Guest time", rec->guest_ns);
	time_of(&sink, "kvmclock_ns", "kvmclock shows", rec->kvmclock_ns);
	number(&sink, "lag_ns", "Behind the host", rec->lag_ns, " ns");
	time_of(&sink, "real_ns", "Host's UTC", rec->real_ns);
	time_of(&sink, "boot_ns", "Host is up for", rec->boot_ns);
	flag(&sink, "by_tsc", "By the TSC", rec->clock_flags & KVM_TIMERS_CLOCK_BY_TSC);
	if (!(rec->clock_flags & KVM_TIMERS_CLOCK_BY_TSC))
		return;

	reg(&sink, "line_tsc", "Line begins at TSC", rec->line_tsc);
	time_of(&sink, "line_ns", "at guest time", rec->line_ns);
	reg(&sink, "line_mul", "Multiplier", rec->line_mul);
	number(&sink, "line_shift", "Shift", rec->line_shift, "");
}

/* A row of a counter of the PIT. */
static void nth(const struct sink *sink, unsigned int n,
		void (*put)(const struct sink *sink, const char *key, const char *name, __u64 val),
		const char *key, const char *name, __u64 val)
{
	char nth_key[32], nth_name[32];

	snprintf(nth_key, sizeof(nth_key), "%s_%u", key, n);
	snprintf(nth_name, sizeof(nth_name), "%s %u", name, n);
	put(sink, nth_key, nth_name, val);
}

static void put_channel(const struct sink *sink, unsigned int n,
			const struct kvm_timers_pit_channel *ch)
{
	nth(sink, n, reg, "control", "Control word", ch->cw);
	nth(sink, n, count, "reload", "Reload value", ch->cr);
	nth(sink, n, count, "count", "Count", ch->ce);
	nth(sink, n, count, "clk", "CLK pulses", ch->clk);
	nth(sink, n, count, "edges", "Edges", ch->edges);
	nth(sink, n, time_of, "edge_ns", "Newest edge", ch->edge_ns);
	nth(sink, n, reg, "flags", "Flags", ch->flags);
	nth(sink, n, reg, "latched_count", "Output latch", ch->latched_count);
	nth(sink, n, count, "latch_bytes", "Bytes left of it", ch->latch_bytes);
	nth(sink, n, reg, "lsb", "First byte", ch->lsb);
	nth(sink, n, reg, "status", "Status byte", ch->status);
}

static void put_pit(const struct kvm_timers_record *rec, struct json_object *obj)
{
	const struct kvm_timers_pit_record *pit = &rec->pit;
	struct sink sink;
	unsigned int i;

	begin(&sink, obj, "pit", "Device pit");
	put_policy(&sink, &rec->tick[KVM_TIMERS_DEVICE_PIT]);
	put_debt(&sink, &pit->debt);
	reg(&sink, "port61", "Port 0x61", pit->port61);
	reg(&sink, "flags", "Flags", pit->flags);
	for (i = 0; i < sizeof(pit->ch) / sizeof(pit->ch[0]); i++)
		put_channel(&sink, i, &pit->ch[i]);
}

static void put_rtc(const struct kvm_timers_record *rec, struct json_object *obj)
{
	const struct kvm_timers_rtc_record *rtc = &rec->rtc;
	char text[3 * sizeof(rtc->time)];
	struct sink sink;
	unsigned int i;

	begin(&sink, obj, "rtc", "Device rtc");
	put_policy(&sink, &rec->tick[KVM_TIMERS_DEVICE_RTC]);
	put_debt(&sink, &rtc->debt);
	for (i = 0; i < sizeof(rtc->time); i++)
		snprintf(text + 3 * i, sizeof(text) - 3 * i, "%02x%s", rtc->time[i],
			 i + 1 < sizeof(rtc->time) ? " " : "");
	word(&sink, "bytes", "Bytes 0x00 to 0x09", text);
	reg(&sink, "century", "Century", rtc->century);
	reg(&sink, "a", "Register A", rtc->a);
	reg(&sink, "b", "Register B", rtc->b);
	reg(&sink, "flags", "Flags of register C", rtc->flags);
	reg(&sink, "index", "Index", rtc->index);
	reg(&sink, "state", "State", rtc->state);
	count(&sink, "cycle", "Cycle", rtc->cycle);
	reg(&sink, "origin", "Divider 0 at cycle", rtc->origin);
	count(&sink, "resumed", "Divider after SET", rtc->resumed);
	count(&sink, "periods", "Periodic edges", rtc->periods);
	count(&sink, "period_cycle", "Newest at cycle", rtc->period_cycle);
	count(&sink, "rises", "Rises of IRQF", rtc->rises);
	count(&sink, "served", "of them told", rtc->served);
	count(&sink, "update_cycles", "Update, cycles", rtc->update_cycles);
}

static void put_hpet_timer(const struct kvm_timers_hpet_timer *timer, unsigned int n,
			   struct json_object *obj)
{
	char key[32], name[32];
	struct sink sink;

	snprintf(key, sizeof(key), "timer_%u", n);
	snprintf(name, sizeof(name), "Timer %u of hpet", n);
	begin(&sink, obj, key, name);
	reg(&sink, "config", "Tn_CONF", timer->config);
	reg(&sink, "comparator", "Comparator", timer->comparator);
	reg(&sink, "period", "Period", timer->period);
	reg(&sink, "fsb", "FSB route", timer->fsb);
	count(&sink, "pending", "Status bit", timer->pending);
	time_of(&sink, "seen_ns", "Seen up to", timer->seen_ns);
	count(&sink, "edges", "Edges", timer->edges);
	time_of(&sink, "edge_ns", "Newest edge", timer->edge_ns);
	put_debt(&sink, &timer->debt);
}

static void put_hpet(const struct kvm_timers_record *rec, struct json_object *obj)
{
	const struct kvm_timers_hpet_record *hpet = &rec->hpet;
	struct sink sink;
	unsigned int i;

	begin(&sink, obj, "hpet", "Device hpet");
	put_policy(&sink, &rec->tick[KVM_TIMERS_DEVICE_HPET]);
	count(&sink, "timers", "Timers", hpet->timers);
	count(&sink, "counter_period_fs", "Counter period, fs", hpet->period_fs);
	reg(&sink, "route_cap", "Routes", hpet->route_cap);
	reg(&sink, "config", "GEN_CONF", hpet->config);
	reg(&sink, "base", "Counter", hpet->base);
	time_of(&sink, "base_ns", "at guest time", hpet->base_ns);
	for (i = 0; i < hpet->timers && i < KVM_TIMERS_HPET_TIMERS; i++)
		put_hpet_timer(&hpet->timer[i], i, sink.obj);
}

/* Its timers are with the vCPUs. */
static void put_lapic(const struct kvm_timers_record *rec, struct json_object *obj)
{
	struct sink sink;

	begin(&sink, obj, "lapic", "Device lapic");
	put_policy(&sink, &rec->tick[KVM_TIMERS_DEVICE_LAPIC]);
}

static void put_vcpu(const struct kvm_timers_vcpu_record *vcpu, struct json_object *array)
{
	struct sink sink = { 0 };

	if (array) {
		sink.obj = json_object_new_object();
		json_object_array_add(array, sink.obj);
	} else {
		printf("\nvCPU %u\n", vcpu->id);
	}
	if (array)
		kt_out_add_u64(sink.obj, "id", vcpu->id);
	reg(&sink, "flags", "Flags", vcpu->flags);
	reg(&sink, "tsc", "TSC", vcpu->tsc);
	reg(&sink, "tsc_adjust", "TSC_ADJUST", vcpu->tsc_adjust);
	count(&sink, "tsc_khz", "TSC, kHz", vcpu->tsc_khz);
	if (!(vcpu->flags & KVM_TIMERS_VCPU_LAPIC))
		return;

	reg(&sink, "lvtt", "LVTT", vcpu->lvtt);
	reg(&sink, "tmict", "TMICT", vcpu->tmict);
	reg(&sink, "tdcr", "TDCR", vcpu->tdcr);
	reg(&sink, "deadline", "TSC deadline", vcpu->deadline);
	count(&sink, "cycle_ns", "Input clock, ns", vcpu->cycle_ns);
	count(&sink, "left_ns", "Count ends in, ns", vcpu->left_ns);
	time_of(&sink, "origin_ns", "from guest time", vcpu->origin_ns);
	time_of(&sink, "seen_ns", "Seen up to", vcpu->seen_ns);
	count(&sink, "edges", "Edges", vcpu->edges);
	time_of(&sink, "edge_ns", "Newest edge", vcpu->edge_ns);
	put_debt(&sink, &vcpu->debt);
}

/**
 * kt_show_record() - show a record
 * @rec:	record, its size checked
 * @boot_id:	of the host that it is from
 */
void kt_show_record(const struct kvm_timers_record *rec, const char *boot_id)
{
	struct json_object *obj = kt_out_is_json() ? json_object_new_object() : NULL;
	struct json_object *vcpus = obj ? json_object_new_array() : NULL;
	struct sink sink = { .obj = obj };
	unsigned int i;

	if (!obj)
		printf("Record\n");
	count(&sink, "version", "Version", rec->version);
	count(&sink, "size", "Bytes", rec->size);
	word(&sink, "boot_id", "Boot of the host", boot_id[0] ? boot_id : NULL);
	devices(&sink, "devices", "Devices", rec->devices);
	devices(&sink, "active", "Active", rec->active);
	put_clock(rec, obj);
	if (rec->active & KVM_TIMERS_PIT)
		put_pit(rec, obj);
	if (rec->active & KVM_TIMERS_RTC)
		put_rtc(rec, obj);
	if (rec->active & KVM_TIMERS_HPET)
		put_hpet(rec, obj);
	if (rec->active & KVM_TIMERS_LAPIC)
		put_lapic(rec, obj);
	if (obj)
		json_object_object_add(obj, "vcpus", vcpus);
	for (i = 0; i < rec->nr_vcpus; i++)
		put_vcpu(&rec->vcpu[i], vcpus);
	if (obj)
		kt_out_put_json(obj);
}
