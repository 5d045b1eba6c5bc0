// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record, for people and in JSON. Both have the same rows: for people registers are in
 * hexadecimal.
 */
#include "show_record.h"

#include <json-c/json.h>
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
		kt_out_add_u64(sink->obj, key, val);
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
		kt_out_add_u64(sink->obj, key, ns);
	else
		kt_out_ns(name, ns);
}

static void reg(const struct sink *sink, const char *key, const char *name, __u64 val)
{
	if (sink->obj)
		kt_out_add_u64(sink->obj, key, val);
	else
		printf("  %-20s 0x%llx\n", name, val);
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

static void put_debt(const struct sink *sink, const struct kvm_timers_debt *debt)
{
	count(sink, "owed", "Owed", debt->owed);
	count(sink, "unseen", "Not accounted yet", debt->unseen);
	count(sink, "period_ns", "Period, ns", debt->period_ns);
	time_of(sink, "last_ns", "Last interrupt", debt->last_ns);
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
	time_of(&sink, "boot_ns", "Since the host's boot", rec->boot_ns);
	if (!(rec->clock_flags & KVM_TIMERS_CLOCK_BY_TSC))
		return;

	reg(&sink, "line_tsc", "Line begins at TSC", rec->line_tsc);
	time_of(&sink, "line_ns", "at guest time", rec->line_ns);
	reg(&sink, "line_mul", "Multiplier", rec->line_mul);
	number(&sink, "line_shift", "Shift", rec->line_shift, "");
}

static void put_pit(const struct kvm_timers_record *rec, struct json_object *obj)
{
	const struct kvm_timers_pit_record *pit = &rec->pit;
	char key[32], name[32];
	struct sink sink;
	unsigned int i;

	begin(&sink, obj, "pit", "Device pit");
	put_policy(&sink, &rec->tick[KVM_TIMERS_DEVICE_PIT]);
	put_debt(&sink, &pit->debt);
	reg(&sink, "port61", "Port 0x61", pit->port61);
	for (i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "control_%u", i);
		snprintf(name, sizeof(name), "Control word %u", i);
		reg(&sink, key, name, pit->ch[i].cw);
		snprintf(key, sizeof(key), "reload_%u", i);
		snprintf(name, sizeof(name), "Reload value %u", i);
		count(&sink, key, name, pit->ch[i].cr);
		snprintf(key, sizeof(key), "count_%u", i);
		snprintf(name, sizeof(name), "Count %u", i);
		count(&sink, key, name, pit->ch[i].ce);
	}
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
	reg(&sink, "flags", "Flags", rtc->flags);
}

static void put_hpet(const struct kvm_timers_record *rec, struct json_object *obj)
{
	const struct kvm_timers_hpet_record *hpet = &rec->hpet;
	char key[32], name[32];
	struct sink sink, timer;
	unsigned int i;

	begin(&sink, obj, "hpet", "Device hpet");
	put_policy(&sink, &rec->tick[KVM_TIMERS_DEVICE_HPET]);
	count(&sink, "timers", "Timers", hpet->timers);
	count(&sink, "counter_period_fs", "Counter period, fs", hpet->period_fs);
	reg(&sink, "config", "GEN_CONF", hpet->config);
	reg(&sink, "base", "Counter", hpet->base);
	time_of(&sink, "base_ns", "at guest time", hpet->base_ns);
	for (i = 0; i < hpet->timers && i < KVM_TIMERS_HPET_TIMERS; i++) {
		snprintf(key, sizeof(key), "timer_%u", i);
		snprintf(name, sizeof(name), "Timer %u of hpet", i);
		begin(&timer, sink.obj, key, name);
		reg(&timer, "config", "Tn_CONF", hpet->timer[i].config);
		reg(&timer, "comparator", "Comparator", hpet->timer[i].comparator);
		reg(&timer, "period", "Period", hpet->timer[i].period);
		reg(&timer, "fsb", "FSB route", hpet->timer[i].fsb);
		put_debt(&timer, &hpet->timer[i].debt);
	}
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
	reg(&sink, "tsc", "TSC", vcpu->tsc);
	reg(&sink, "tsc_adjust", "TSC_ADJUST", vcpu->tsc_adjust);
	count(&sink, "tsc_khz", "TSC, kHz", vcpu->tsc_khz);
	if (!(vcpu->flags & KVM_TIMERS_VCPU_LAPIC))
		return;

	reg(&sink, "lvtt", "LVTT", vcpu->lvtt);
	reg(&sink, "tmict", "TMICT", vcpu->tmict);
	reg(&sink, "tdcr", "TDCR", vcpu->tdcr);
	reg(&sink, "deadline", "TSC deadline", vcpu->deadline);
	count(&sink, "left_ns", "Count ends in, ns", vcpu->left_ns);
	time_of(&sink, "origin_ns", "from guest time", vcpu->origin_ns);
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
	word(&sink, "boot_id", "Boot of the host", boot_id);
	put_clock(rec, obj);
	if (rec->active & KVM_TIMERS_PIT)
		put_pit(rec, obj);
	if (rec->active & KVM_TIMERS_RTC)
		put_rtc(rec, obj);
	if (rec->active & KVM_TIMERS_HPET)
		put_hpet(rec, obj);
	if (obj)
		json_object_object_add(obj, "vcpus", vcpus);
	for (i = 0; i < rec->nr_vcpus; i++)
		put_vcpu(&rec->vcpu[i], vcpus);
	if (obj)
		kt_out_put_json(obj);
}
