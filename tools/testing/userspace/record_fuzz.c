// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are a record, or what is changed in a good one. It is refused,
 * or it is a state in which the devices go on: time moves, edges never go back, deadlines are
 * to come, the guest's accesses are served, and the record read back is the one that was set.
 */
#include <string.h>

#include <linux/minmax.h>

#include "fuzz.h"
#include "model.h"
#include "record.h"

#define VCPUS		3
#define MAX_CHANGES	24
#define STEPS		6
#define TSC_KHZ		2400000

union buffer {
	struct kvm_timers_record	rec;
	u8				bytes[sizeof(struct kvm_timers_record) +
					      VCPUS * sizeof(struct kvm_timers_vcpu_record)];
};

struct guest {
	struct kt_i8254		pit;
	struct kt_rtc		rtc;
	struct kt_hpet		hpet;
	struct kt_lapic_timer	lapic;
	u64			now;
	u64			tsc;
	u64			edges[4];
};

static const struct kt_tick_params tick_params = {
	.policy			= KVM_TIMERS_POLICY_CATCHUP,
	.max_rate_pct		= 400,
	.limit_ns		= 60000000000ULL,
	.min_interval_ns	= 200000,
};

/* A guest that has done something, and its record. */
static void fill(union buffer *buffer, struct input *in)
{
	static const struct kt_hpet_params params = { 3, 10000000, 0xf00000 };
	struct kvm_timers_record *rec = &buffer->rec;
	struct kt_kvmclock_line line = { .tsc = 1000 };
	u64 now = 1000000000ULL + take(in, 4);
	struct guest g;
	unsigned int i;

	memset(buffer, 0, sizeof(*buffer));
	kt_i8254_init(&g.pit, 5);
	kt_rtc_init(&g.rtc, KT_RTC_UPDATE_CYCLES, 5);
	kt_hpet_init(&g.hpet, &params);
	kt_lapic_timer_init(&g.lapic, 1);
	for (i = 0; i < 3; i++) {
		kt_i8254_write(&g.pit, KT_I8254_CONTROL, i << 6 | 0x30 | (take(in, 1) & 0xf), 10);
		kt_i8254_write(&g.pit, i, take(in, 1), 20);
		kt_i8254_write(&g.pit, i, take(in, 1), 30);
		kt_hpet_write(&g.hpet, 0x100 + i * 0x20, 4, take(in, 2), 40);
		kt_hpet_write(&g.hpet, 0x108 + i * 0x20, 8, take(in, 4), 50);
	}
	kt_hpet_write(&g.hpet, 0x010, 4, take(in, 1), 60);
	kt_rtc_write(&g.rtc, KT_RTC_A, 0x20 | take(in, 1), 70);
	kt_rtc_write(&g.rtc, KT_RTC_B, take(in, 1), 80);

	rec->version = KVM_TIMERS_RECORD_VERSION;
	rec->nr_vcpus = take(in, 1) % (VCPUS + 1);
	rec->size = kt_record_size(rec->nr_vcpus);
	rec->devices = rec->active = (1U << KVM_TIMERS_DEVICE_END) - 1;
	rec->clock_rate = KVM_TIMERS_CLOCK_HOST;
	rec->gap = KVM_TIMERS_GAP_STOP;
	rec->clock_flags = rec->nr_vcpus ? KVM_TIMERS_CLOCK_BY_TSC : 0;
	rec->guest_ns = now;
	kt_kvmclock_set_hz(&line, TSC_KHZ * 1000ULL);
	kt_record_put_line(rec, &line);
	kt_record_put_pit(&rec->pit, &g.pit);
	kt_record_put_rtc(&rec->rtc, &g.rtc);
	kt_record_put_hpet(&rec->hpet, &g.hpet);
	for (i = 0; i < rec->nr_vcpus; i++) {
		rec->vcpu[i].id = i * 2;
		rec->vcpu[i].tsc = kt_kvmclock_tsc_at(&line, now);
		rec->vcpu[i].tsc_khz = TSC_KHZ;
		kt_record_put_lapic(&rec->vcpu[i], &g.lapic);
	}
}

/* Bytes, bits, and whole numbers, wherever they fall. */
static void change(union buffer *buffer, struct input *in)
{
	unsigned int n = take(in, 1) % MAX_CHANGES;
	size_t at;
	u64 val;

	while (n--) {
		at = take(in, 2) % sizeof(buffer->bytes);
		switch (take(in, 1) % 4) {
		case 0:
			buffer->bytes[at] ^= 1 << (take(in, 1) & 7);
			break;
		case 1:
			buffer->bytes[at] = take(in, 1);
			break;
		default:
			at = min(at & ~7UL, sizeof(buffer->bytes) - 8);
			val = take(in, 8) >> (take(in, 1) & 63);
			memcpy(&buffer->bytes[at], &val, sizeof(val));
			break;
		}
	}
}

static void check_deadline(u64 deadline, u64 now)
{
	REQUIRE(deadline > now || deadline == KT_NEVER);
}

static void check_edges(u64 *seen, u64 edges)
{
	REQUIRE(edges >= *seen);
	*seen = edges;
}

static void go_on(struct guest *g, u32 active, bool has_lapic, struct input *in)
{
	struct kt_lapic_clock clock;
	unsigned int i;
	u64 passed;

	passed = take(in, 8) >> (take(in, 1) & 63);
	passed = min(passed, KT_RECORD_MAX_NS);
	g->now += passed;
	g->tsc += passed * (TSC_KHZ / 1000000);
	clock = (struct kt_lapic_clock) { g->now, g->tsc, TSC_KHZ };
	if (active & KVM_TIMERS_PIT) {
		check_edges(&g->edges[0], kt_i8254_edges(&g->pit, g->now));
		check_deadline(kt_i8254_deadline(&g->pit, g->now), g->now);
		kt_i8254_last_edge(&g->pit, g->now);
		kt_i8254_period(&g->pit);
		kt_i8254_read(&g->pit, take(in, 1) & 3, g->now);
		kt_i8254_write(&g->pit, take(in, 1) & 3, take(in, 1), g->now);
	}
	if (active & KVM_TIMERS_RTC) {
		check_edges(&g->edges[1], kt_rtc_edges(&g->rtc, g->now));
		check_deadline(kt_rtc_deadline(&g->rtc, g->now), g->now);
		kt_rtc_clock(&g->rtc, g->now);
		kt_rtc_read(&g->rtc, take(in, 1) & 0x3f, g->now);
		kt_rtc_write(&g->rtc, take(in, 1) & 0x3f, take(in, 1), g->now);
	}
	if (active & KVM_TIMERS_HPET) {
		check_edges(&g->edges[2], kt_hpet_edges(&g->hpet, 0, g->now));
		for (i = 0; i < g->hpet.params.timers; i++)
			check_deadline(kt_hpet_deadline(&g->hpet, i, g->now), g->now);
		kt_hpet_read(&g->hpet, take(in, 2) & 0x3f8, 8, g->now);
		kt_hpet_write(&g->hpet, take(in, 2) & 0x3f8, 8, take(in, 8), g->now);
	}
	if (has_lapic) {
		check_edges(&g->edges[3], kt_lapic_timer_edges(&g->lapic, &clock));
		check_deadline(kt_lapic_timer_deadline(&g->lapic, &clock), g->now);
		kt_lapic_timer_count(&g->lapic, g->now);
		kt_lapic_timer_write(&g->lapic, 0x320 + (take(in, 1) % 13) * 0x10, take(in, 4),
				     &clock);
	}
}

/* What is set is what is read: of what the models keep. */
static void check_same(const struct kvm_timers_record *rec, const struct guest *g)
{
	static union buffer back;

	memset(&back, 0, sizeof(back));
	if (rec->active & KVM_TIMERS_PIT) {
		kt_record_put_pit(&back.rec.pit, &g->pit);
		back.rec.pit.flags = rec->pit.flags;
		back.rec.pit.debt = rec->pit.debt;
		REQUIRE(!memcmp(&back.rec.pit, &rec->pit, sizeof(rec->pit)));
	}
	if (rec->active & KVM_TIMERS_RTC) {
		kt_record_put_rtc(&back.rec.rtc, &g->rtc);
		REQUIRE(back.rec.rtc.origin == rec->rtc.origin);
		REQUIRE(!memcmp(back.rec.rtc.time, rec->rtc.time, sizeof(rec->rtc.time)));
	}
	if (rec->active & KVM_TIMERS_HPET) {
		kt_record_put_hpet(&back.rec.hpet, &g->hpet);
		REQUIRE(back.rec.hpet.base == rec->hpet.base);
		REQUIRE(back.rec.hpet.timer[0].comparator == rec->hpet.timer[0].comparator);
	}
}

/* Whatever it was that the host owed, it is paid within its bounds. */
static void check_debt(const struct kvm_timers_debt *debt, u64 edges, u64 now)
{
	struct kt_tick_input in = {
		.now		= now,
		.edges		= edges,
		.period_ns	= debt->period_ns,
		.edge_ns	= now,
	};
	struct kvm_timers_debt back;
	struct kt_tick tick;

	kt_tick_init(&tick, &tick_params, 0, 0);
	kt_record_take_debt(&tick, debt, edges);
	kt_record_put_debt(&back, &tick, edges);
	REQUIRE(back.unseen == debt->unseen);
	REQUIRE(back.owed <= debt->owed);
	kt_tick_service(&tick, &in);
	kt_tick_deadline(&tick);
	REQUIRE(tick.stats.due + (u64)tick.stats.rescaled == tick.stats.delivered +
		tick.stats.merged + tick.stats.dropped + tick.stats.given_up + tick.owed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	const struct kvm_timers_vcpu_record *vcpu;
	static union buffer buffer;
	static struct kt_hpet scratch;
	struct guest g = { };
	bool has_lapic;
	u32 length;
	unsigned int i;

	if (take(&in, 1) & 7) {
		fill(&buffer, &in);
		change(&buffer, &in);
		length = buffer.rec.size;
	} else {
		memset(&buffer, 0, sizeof(buffer));
		length = take(&in, 2) % sizeof(buffer);
		memcpy(&buffer, in.data, min((size_t)length, in.left));
	}
	length = min_t(u32, length, sizeof(buffer));
	if (kt_record_check(&buffer.rec, length, &scratch))
		return 0;

	REQUIRE(buffer.rec.nr_vcpus <= VCPUS);
	vcpu = &buffer.rec.vcpu[0];
	has_lapic = buffer.rec.nr_vcpus && (vcpu->flags & KVM_TIMERS_VCPU_LAPIC);
	g.now = buffer.rec.guest_ns;
	if (buffer.rec.active & KVM_TIMERS_PIT)
		kt_record_take_pit(&g.pit, &buffer.rec.pit);
	if (buffer.rec.active & KVM_TIMERS_RTC)
		kt_record_take_rtc(&g.rtc, &buffer.rec.rtc);
	if (buffer.rec.active & KVM_TIMERS_HPET)
		kt_record_take_hpet(&g.hpet, &buffer.rec.hpet);
	if (has_lapic) {
		g.tsc = vcpu->tsc;
		kt_record_take_lapic(&g.lapic, vcpu);
	}
	check_same(&buffer.rec, &g);
	if (buffer.rec.active & KVM_TIMERS_PIT)
		check_debt(&buffer.rec.pit.debt, kt_i8254_edges(&g.pit, g.now), g.now);
	for (i = 0; i < STEPS; i++)
		go_on(&g, buffer.rec.active, has_lapic, &in);
	return 0;
}
