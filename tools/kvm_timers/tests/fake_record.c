// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of the fake device that stands still, and its record.
 */
#include "fake.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bit a VM. */
static unsigned long frozen;

static void read_frozen(void)
{
	const char *path = getenv("KT_FAKE_FROZEN");
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file)
		return;
	if (fscanf(file, "%lu", &frozen) != 1)
		frozen = 0;
	fclose(file);
}

static void set_frozen(int id, bool on)
{
	const char *path = getenv("KT_FAKE_FROZEN");
	FILE *file;

	read_frozen();
	frozen = on ? frozen | 1UL << id : frozen & ~(1UL << id);
	file = path ? fopen(path, "we") : NULL;
	if (!file)
		return;
	fprintf(file, "%lu\n", frozen);
	fclose(file);
}

bool fake_is_frozen(int id)
{
	read_frozen();

	return frozen & 1UL << id;
}

int fake_freeze(int id)
{
	if (id == 2)
		return fake_fail(ESRCH);
	fake_log("freeze id=%d\n", id);
	set_frozen(id, true);

	return 0;
}

static int check_gap(int id, const struct kvm_timers_thaw *arg)
{
	if (arg->size != sizeof(*arg))
		return E2BIG;
	if (arg->gap > KVM_TIMERS_GAP_SLEW)
		return ERANGE;
	if (arg->gap == KVM_TIMERS_GAP_SLEW &&
	    fake_number("KT_FAKE_CLOCK", KVM_TIMERS_CLOCK_HOST) == KVM_TIMERS_CLOCK_TSC)
		return EOPNOTSUPP;

	return id == 2 ? ESRCH : 0;
}

int fake_thaw(int id, const struct kvm_timers_thaw *thaw)
{
	int err = check_gap(id, thaw);

	if (!err && !fake_is_frozen(id))
		err = EINVAL;
	if (err)
		return fake_fail(err);
	fake_log("thaw id=%d gap=%u\n", id, thaw->gap);
	set_frozen(id, false);

	return 0;
}

int fake_set_gap(int id, const struct kvm_timers_thaw *set)
{
	int err = check_gap(id, set);

	if (err)
		return fake_fail(err);
	fake_log("gap id=%d gap=%u\n", id, set->gap);

	return 0;
}

/* Numbers that differ, and some that no double can hold. Where @n is odd there is a catch-up. */
static void fill_debt(struct kvm_timers_debt *debt, __u32 n)
{
	debt->unseen = n + 1;
	debt->owed = n + 2;
	debt->period_ns = n + 3;
	debt->last_ns = n + 4;
	debt->room_ns = n + 5;
	debt->flags = KVM_TIMERS_DEBT_BLOCKED |
		      (n % 2 ? KVM_TIMERS_DEBT_CATCHING : KVM_TIMERS_DEBT_ON_GRID);
	debt->level = n % KVM_TIMERS_CATCHUP_LEVELS;
}

static void fill_pit(struct kvm_timers_pit_record *pit)
{
	struct kvm_timers_pit_channel *ch = &pit->ch[1];

	fill_debt(&pit->debt, 39);
	pit->port61 = 3;
	pit->flags = KVM_TIMERS_PIT_CHOSEN;
	pit->ch[0].cw = 0x34;
	pit->ch[0].cr = 11932;
	pit->ch[2].ce = 77;
	ch->clk = 9007199254740993;
	ch->edges = 50;
	ch->edge_ns = 51;
	ch->flags = KVM_TIMERS_PIT_GATE | KVM_TIMERS_PIT_LOADED;
	ch->latched_count = 0x5253;
	ch->lsb = 0x54;
	ch->status = 0x55;
	ch->latch_bytes = 2;
}

static void fill_rtc(struct kvm_timers_rtc_record *rtc)
{
	fill_debt(&rtc->debt, 60);
	rtc->cycle = 66;
	rtc->origin = UINT64_MAX;
	rtc->resumed = 67;
	rtc->periods = 68;
	rtc->period_cycle = 69;
	rtc->rises = 70;
	rtc->served = 71;
	rtc->update_cycles = 72;
	rtc->state = KVM_TIMERS_RTC_ASSERTED;
	rtc->time[9] = 0x26;
	rtc->century = 0x20;
	rtc->a = 0x2d;
	rtc->b = 0x42;
	rtc->flags = 0x40;
	rtc->index = 0x0c;
}

static void fill_hpet(struct kvm_timers_hpet_record *hpet)
{
	struct kvm_timers_hpet_timer *timer = &hpet->timer[2];

	hpet->timers = 3;
	hpet->period_fs = 10000000;
	hpet->route_cap = 0xff0104;
	hpet->config = 3;
	hpet->base = 0xfeedbeef;
	hpet->base_ns = 80;
	fill_debt(&timer->debt, 81);
	timer->comparator = 0xabcd;
	timer->seen_ns = 87;
	timer->period = 0x88;
	timer->fsb = 0x89;
	timer->edges = 90;
	timer->edge_ns = 91;
	timer->config = 0x1c;
	timer->pending = 1;
}

static void fill_lapic(struct kvm_timers_vcpu_record *vcpu)
{
	fill_debt(&vcpu->debt, 100);
	vcpu->flags = KVM_TIMERS_VCPU_LAPIC | KVM_TIMERS_VCPU_ENABLED;
	vcpu->cycle_ns = 1;
	vcpu->seen_ns = 106;
	vcpu->origin_ns = 107;
	vcpu->left_ns = 108;
	vcpu->deadline = 0x109;
	vcpu->edges = 110;
	vcpu->edge_ns = 111;
	vcpu->lvtt = 0x200ef;
	vcpu->tmict = 0x112;
	vcpu->tdcr = 0xb;
}

static void fill_record(struct kvm_timers_record *rec, __u32 nr_vcpus)
{
	__u32 i;

	rec->size = sizeof(*rec) + nr_vcpus * sizeof(rec->vcpu[0]);
	rec->version = KVM_TIMERS_RECORD_VERSION;
	rec->devices = FAKE_ALL_DEVICES;
	rec->active = KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET | KVM_TIMERS_LAPIC;
	rec->clock_rate = KVM_TIMERS_CLOCK_TSC;
	rec->gap = KVM_TIMERS_GAP_JUMP;
	rec->clock_flags = KVM_TIMERS_CLOCK_BY_TSC;
	rec->nr_vcpus = nr_vcpus;
	rec->guest_ns = 9007199254740993;
	rec->kvmclock_ns = 11000000012;
	rec->lag_ns = -13;
	rec->line_tsc = 0x14;
	rec->line_ns = 15;
	rec->line_mul = 0x80000016;
	rec->line_shift = -17;
	rec->real_ns = 18;
	rec->boot_ns = 19;
	rec->tick[KVM_TIMERS_DEVICE_PIT].policy = KVM_TIMERS_POLICY_DISCARD;
	rec->tick[KVM_TIMERS_DEVICE_LAPIC].policy = KVM_TIMERS_POLICY_MERGE;
	rec->tick[KVM_TIMERS_DEVICE_LAPIC].catchup_max_rate_pct = 150;
	rec->tick[KVM_TIMERS_DEVICE_LAPIC].catchup_limit_ms = 20;
	rec->tick[KVM_TIMERS_DEVICE_LAPIC].catchup_threshold_us = 21;
	fill_pit(&rec->pit);
	fill_rtc(&rec->rtc);
	fill_hpet(&rec->hpet);
	for (i = 0; i < nr_vcpus; i++) {
		rec->vcpu[i].id = i * 3;
		rec->vcpu[i].tsc = 0x7000 + i;
		rec->vcpu[i].tsc_adjust = 0x30 + i;
		rec->vcpu[i].tsc_khz = 2400000;
	}
	if (nr_vcpus)
		fill_lapic(&rec->vcpu[0]);
}

int fake_get_record(int id, struct kvm_timers_record_call *get)
{
	struct kvm_timers_record *rec = (struct kvm_timers_record *)(uintptr_t)get->addr;
	__u32 nr_vcpus = fake_number("KT_FAKE_VCPUS", 2);
	__u32 room = get->length;

	if (get->size != sizeof(*get))
		return fake_fail(E2BIG);
	if (get->flags || get->reserved)
		return fake_fail(EINVAL);
	if (id == 2)
		return fake_fail(ESRCH);
	get->length = sizeof(*rec) + nr_vcpus * sizeof(rec->vcpu[0]);
	fake_log("get_record id=%d room=%u\n", id, room);
	if (room < get->length)
		return fake_fail(ENOSPC);
	memset(rec, 0, get->length);
	fill_record(rec, nr_vcpus);

	return 0;
}

int fake_set_record(int id, const struct kvm_timers_record_call *set)
{
	const struct kvm_timers_record *rec = (void *)(uintptr_t)set->addr;
	__u32 i, sum = 0;

	if (set->size != sizeof(*set))
		return fake_fail(E2BIG);
	if (set->flags & ~KVM_TIMERS_RECORD_SAME_BOOT || set->reserved)
		return fake_fail(EINVAL);
	if (set->length < sizeof(*rec))
		return fake_fail(EBADMSG);
	if (rec->version != KVM_TIMERS_RECORD_VERSION)
		return fake_fail(EPROTO);
	if (rec->size != set->length ||
	    rec->size != sizeof(*rec) + (size_t)rec->nr_vcpus * sizeof(rec->vcpu[0]))
		return fake_fail(EBADMSG);
	if (id == 2)
		return fake_fail(ESRCH);
	for (i = 0; i < set->length; i++)
		sum = sum * 31 + ((const unsigned char *)rec)[i];
	fake_log("set_record id=%d flags=%u length=%u sum=%u\n", id, set->flags, set->length, sum);
	set_frozen(id, true);

	return 0;
}
