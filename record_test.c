// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record: whatever a guest does to a device is in it, comes back the same, and is legal;
 * what no guest can do is refused.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "record.h"

#define STEPS		20000
#define LONGEST_NS	(3 * 1000000000ULL)
#define TSC_KHZ		2000000
#define NR_VCPUS	2

/* Numbers that look like chance, the same ones each time. */
static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static u64 below(u64 *seed, u64 limit)
{
	return next_random(seed) % limit;
}

/* Short times as often as long ones. */
static u64 later(u64 *seed, u64 now)
{
	return now + (below(seed, LONGEST_NS) >> below(seed, 32));
}

/* A record with room for two vCPUs. */
union buffer {
	struct kvm_timers_record	rec;
	u8				bytes[sizeof(struct kvm_timers_record) +
					      NR_VCPUS * sizeof(struct kvm_timers_vcpu_record)];
};

/*
 * What is tested as one: all devices of a guest, and their record. Too large for the stack, and
 * tests run one after the other.
 */
static struct {
	struct kt_i8254		pit, pit_back;
	struct kt_rtc		rtc, rtc_back;
	struct kt_hpet		hpet, hpet_back;
	struct kt_lapic_timer	lapic, lapic_back;
	struct kt_tick		tick, tick_back;
	struct kt_hpet		scratch;
	union buffer		buffer;
	union buffer		bad;
} guest;

static const struct kt_hpet_params hpet_params = {
	.timers		= 3,
	.period_fs	= 10000000,
	.route_cap	= 0xf00000,
};

static const struct kt_tick_params tick_params = {
	.policy			= KVM_TIMERS_POLICY_CATCHUP,
	.max_rate_pct		= 400,
	.limit_ns		= 60000000000ULL,
	.min_interval_ns	= 200000,
};

/* What is no bool may be anything between the fields. */
static void clear_guest(u64 now)
{
	memset(&guest, 0, sizeof(guest));
	kt_i8254_init(&guest.pit, now);
	kt_rtc_init(&guest.rtc, KT_RTC_UPDATE_CYCLES, now);
	kt_hpet_init(&guest.hpet, &hpet_params);
	kt_lapic_timer_init(&guest.lapic, KT_LAPIC_TIMER_CYCLE_NS);
	kt_tick_init(&guest.tick, &tick_params, 0, now);
}

/* A record of a guest that has all devices, and on each vCPU the same LAPIC timer. */
static struct kvm_timers_record *fill_record(u64 now)
{
	struct kvm_timers_record *rec = &guest.buffer.rec;
	struct kt_kvmclock_line line = { .tsc = 12345, .ns = 0 };
	unsigned int i;

	memset(&guest.buffer, 0, sizeof(guest.buffer));
	rec->size = sizeof(guest.buffer);
	rec->version = KVM_TIMERS_RECORD_VERSION;
	rec->devices = (1U << KVM_TIMERS_DEVICE_END) - 1;
	rec->active = rec->devices;
	rec->clock_rate = KVM_TIMERS_CLOCK_TSC;
	rec->gap = KVM_TIMERS_GAP_STOP;
	rec->clock_flags = KVM_TIMERS_CLOCK_BY_TSC;
	rec->nr_vcpus = NR_VCPUS;
	rec->guest_ns = now;
	kt_kvmclock_set_hz(&line, TSC_KHZ * 1000ULL);
	kt_record_put_line(rec, &line);
	kt_record_put_pit(&rec->pit, &guest.pit);
	kt_record_put_debt(&rec->pit.debt, &guest.tick, kt_i8254_edges(&guest.pit, now));
	kt_record_put_rtc(&rec->rtc, &guest.rtc);
	kt_record_put_hpet(&rec->hpet, &guest.hpet);
	for (i = 0; i < NR_VCPUS; i++) {
		rec->vcpu[i].id = i;
		rec->vcpu[i].tsc = kt_kvmclock_tsc_at(&line, now);
		rec->vcpu[i].tsc_khz = TSC_KHZ;
		kt_record_put_lapic(&rec->vcpu[i], &guest.lapic);
	}
	return rec;
}

static int check_record(const struct kvm_timers_record *rec, u32 length)
{
	return kt_record_check(rec, length, &guest.scratch);
}

static void work_on_pit(u64 *seed, u64 now)
{
	switch (below(seed, 8)) {
	case 0:
		kt_i8254_write(&guest.pit, KT_I8254_CONTROL, next_random(seed), now);
		break;
	case 1:
		kt_i8254_read(&guest.pit, below(seed, 4), now);
		break;
	case 2:
		kt_i8254_write_port61(&guest.pit, next_random(seed), now);
		break;
	case 3:
		kt_i8254_read_port61(&guest.pit, now);
		break;
	default:
		/* Small counts as often as large ones. */
		kt_i8254_write(&guest.pit, below(seed, 3), next_random(seed) >> below(seed, 64),
			       now);
		break;
	}
}

static void work_on_rtc(u64 *seed, u64 now)
{
	static const u8 index[] = {
		KT_RTC_A, KT_RTC_B, KT_RTC_B, KT_RTC_C, KT_RTC_SECONDS, KT_RTC_YEAR,
		KT_RTC_SECONDS_ALARM, KT_RTC_HOURS, KT_RTC_CENTURY,
	};
	u8 at = index[below(seed, sizeof(index))];

	switch (below(seed, 8)) {
	case 0:
		kt_rtc_read(&guest.rtc, at, now);
		break;
	case 1:
		kt_rtc_set_clock(&guest.rtc, below(seed, 4000000000ULL), below(seed, 1000000000),
				 now);
		break;
	case 2:
		kt_rtc_reset(&guest.rtc, now);
		break;
	case 3:
		kt_rtc_assert_periodic(&guest.rtc, now);
		break;
	default:
		kt_rtc_write(&guest.rtc, at, next_random(seed), now);
		break;
	}
}

static void work_on_hpet(u64 *seed, u64 now)
{
	static const u32 offset[] = {
		0x010, 0x010, 0x020, 0x0f0, 0x0f4, 0x100, 0x108, 0x10c, 0x110, 0x120, 0x128,
		0x140, 0x148,
	};
	u32 at = offset[below(seed, sizeof(offset) / sizeof(offset[0]))];

	if (below(seed, 50) == 0)
		kt_hpet_reset(&guest.hpet);
	else
		kt_hpet_write(&guest.hpet, at, at % 8 ? 4 : 4 << below(seed, 2),
			      next_random(seed) >> below(seed, 64), now);
}

static void work_on_lapic(u64 *seed, u64 now)
{
	const struct kt_lapic_clock clock = {
		.now		= now,
		.tsc		= now * 2 + below(seed, 1000),
		.tsc_khz	= TSC_KHZ,
	};
	static const enum kt_lapic_timer_reg regs[] = {
		KT_LAPIC_TIMER_LVTT, KT_LAPIC_TIMER_TMICT, KT_LAPIC_TIMER_TDCR,
		KT_LAPIC_TIMER_DEADLINE,
	};
	enum kt_lapic_timer_reg reg = regs[below(seed, 4)];
	u64 val = next_random(seed) >> below(seed, 64);

	if (reg == KT_LAPIC_TIMER_DEADLINE)
		val = clock.tsc + (val >> 40);
	switch (below(seed, 10)) {
	case 0:
		kt_lapic_timer_set_enabled(&guest.lapic, below(seed, 4), &clock);
		break;
	case 1:
		kt_lapic_timer_edges(&guest.lapic, &clock);
		break;
	case 2:
		if (below(seed, 8) == 0)
			kt_lapic_timer_reset(&guest.lapic, &clock);
		break;
	default:
		kt_lapic_timer_write(&guest.lapic, reg, val, &clock);
		break;
	}
}

static void work_on_tick(u64 *seed, u64 now)
{
	struct kt_tick_input in = {
		.now		= now,
		.edges		= kt_i8254_edges(&guest.pit, now),
		.period_ns	= kt_i8254_period(&guest.pit),
		.edge_ns	= kt_i8254_last_edge(&guest.pit, now),
		.pin		= below(seed, KT_TICK_MASKED + 1),
	};

	kt_tick_service(&guest.tick, &in);
}

/* Test that each state which a guest brings about is legal, and comes back as it was. */
static void record_of_any_guest(struct kunit *test)
{
	u64 seed = 0x7265636f7264ULL, now = 1000000000, edges;
	unsigned int i;

	clear_guest(now);
	for (i = 0; i < STEPS; i++) {
		struct kvm_timers_record *rec;

		now = later(&seed, now);
		work_on_pit(&seed, now);
		work_on_rtc(&seed, now);
		work_on_hpet(&seed, now);
		work_on_lapic(&seed, now);
		work_on_tick(&seed, now);

		now = later(&seed, now);
		rec = fill_record(now);
		KUNIT_ASSERT_EQ_MSG(test, check_record(rec, rec->size), 0, "step %u", i);
		kt_record_take_pit(&guest.pit_back, &rec->pit);
		KUNIT_ASSERT_EQ(test, memcmp(&guest.pit, &guest.pit_back, sizeof(guest.pit)), 0);
		kt_record_take_rtc(&guest.rtc_back, &rec->rtc);
		KUNIT_ASSERT_EQ(test, memcmp(&guest.rtc, &guest.rtc_back, sizeof(guest.rtc)), 0);
		kt_record_take_hpet(&guest.hpet_back, &rec->hpet);
		KUNIT_ASSERT_EQ(test, memcmp(&guest.hpet, &guest.hpet_back, sizeof(guest.hpet)),
				0);
		kt_record_take_lapic(&guest.lapic_back, &rec->vcpu[1]);
		KUNIT_ASSERT_EQ(test, memcmp(&guest.lapic, &guest.lapic_back,
					     sizeof(guest.lapic)), 0);

		edges = kt_i8254_edges(&guest.pit, now);
		kt_tick_init(&guest.tick_back, &tick_params, 0, 0);
		kt_record_take_debt(&guest.tick_back, &rec->pit.debt, edges);
		guest.tick_back.stats = guest.tick.stats;
		guest.tick_back.retry_ns = guest.tick.retry_ns;
		guest.tick_back.late_us = guest.tick.late_us;
		guest.tick_back.served_ns = guest.tick.served_ns;
		memcpy(guest.tick_back.catchup_ns, guest.tick.catchup_ns,
		       sizeof(guest.tick.catchup_ns));
		KUNIT_ASSERT_EQ(test, memcmp(&guest.tick, &guest.tick_back, sizeof(guest.tick)),
				0);
	}
	/* It has had something to do. */
	KUNIT_EXPECT_GT(test, guest.tick.stats.delivered, STEPS / 100);
	KUNIT_EXPECT_GT(test, kt_rtc_rises(&guest.rtc, now), STEPS / 100);
	KUNIT_EXPECT_GT(test, kt_hpet_edges(&guest.hpet, 0, now), STEPS / 2000);
	KUNIT_EXPECT_GT(test, guest.lapic.edges, STEPS / 100);
}

/* Test that the books balance where a debt of a record takes the place of another. */
static void record_debt_balances(struct kunit *test)
{
	const struct kvm_timers_debt debt = { .owed = 7, .unseen = 2, .period_ns = 1000000 };
	const struct kvm_timers_tick_stats *stats = &guest.tick.stats;
	struct kt_tick_input in = {
		.now		= 5000000,
		.edges		= 5,
		.period_ns	= 1000000,
		.edge_ns	= 5000000,
		.pin		= KT_TICK_BUSY,
	};

	clear_guest(0);
	kt_tick_service(&guest.tick, &in);
	KUNIT_ASSERT_EQ(test, guest.tick.owed, 5);
	kt_record_take_debt(&guest.tick, &debt, 100);
	KUNIT_EXPECT_EQ(test, guest.tick.owed, 7);
	KUNIT_EXPECT_EQ(test, guest.tick.seen, 98);
	KUNIT_EXPECT_EQ(test, stats->due, 12);
	KUNIT_EXPECT_EQ(test, stats->dropped, 5);
	KUNIT_EXPECT_EQ(test, stats->due + stats->rescaled, stats->delivered + stats->merged +
			stats->dropped + stats->given_up + guest.tick.owed);
}

/* Test that a record of any other length, and of another version, is none. */
static void record_shape(struct kunit *test)
{
	struct kvm_timers_record *rec;
	u32 length;

	clear_guest(0);
	rec = fill_record(1000);
	KUNIT_ASSERT_EQ(test, check_record(rec, rec->size), 0);
	for (length = 0; length < sizeof(guest.buffer); length++)
		KUNIT_ASSERT_EQ(test, check_record(rec, length), -EBADMSG);
	/* Also if it says so itself. */
	for (length = sizeof(*rec); length < sizeof(guest.buffer); length++) {
		rec->size = length;
		KUNIT_ASSERT_EQ(test, check_record(rec, length), -EBADMSG);
	}
	rec = fill_record(1000);
	rec->version++;
	KUNIT_EXPECT_EQ(test, check_record(rec, rec->size), -EPROTO);
	rec = fill_record(1000);
	rec->nr_vcpus = U32_MAX;
	KUNIT_EXPECT_EQ(test, check_record(rec, rec->size), -EBADMSG);
}

#define BAD(field, value) do {							\
	struct kvm_timers_record *rec;						\
										\
	memcpy(&guest.bad, &guest.buffer, sizeof(guest.bad));			\
	rec = &guest.bad.rec;							\
	rec->field = value;							\
	KUNIT_EXPECT_EQ_MSG(test, check_record(rec, rec->size), -EBADMSG,	\
			    "%s = %s", #field, #value);				\
} while (0)

/* Test each field with a value that no guest brings about. */
static void record_bad_fields(struct kunit *test)
{
	u64 now = 1000000000;

	clear_guest(0);
	/* A rate generator, a square wave, a periodic HPET timer of 32 bits, a periodic count. */
	kt_i8254_write(&guest.pit, KT_I8254_CONTROL, 0x34, 1000);
	kt_i8254_write(&guest.pit, KT_I8254_COUNTER0, 0, 1000);
	kt_i8254_write(&guest.pit, KT_I8254_COUNTER0, 16, 1000);
	kt_i8254_write(&guest.pit, KT_I8254_CONTROL, 0xb6, 1000);
	kt_i8254_write(&guest.pit, KT_I8254_COUNTER2, 100, 1000);
	kt_i8254_write(&guest.pit, KT_I8254_COUNTER2, 0, 1000);
	kt_i8254_read(&guest.pit, KT_I8254_COUNTER0, now / 2);
	kt_hpet_write(&guest.hpet, 0x100, 4, 0x14c, 1000);
	kt_rtc_write(&guest.rtc, KT_RTC_B, 0x42, 1000);
	kt_rtc_read(&guest.rtc, KT_RTC_A, now / 2);
	fill_record(now);
	KUNIT_ASSERT_EQ(test, check_record(&guest.buffer.rec, sizeof(guest.buffer)), 0);

	BAD(devices, 1U << KVM_TIMERS_DEVICE_END);
	BAD(devices, KVM_TIMERS_PIT);
	/* It has a state. */
	BAD(active, rec->active & ~KVM_TIMERS_PIT);
	BAD(active, rec->active & ~KVM_TIMERS_RTC);
	BAD(active, rec->active & ~KVM_TIMERS_HPET);
	BAD(clock_rate, KVM_TIMERS_CLOCK_DEFAULT);
	BAD(clock_rate, KVM_TIMERS_CLOCK_TSC + 1);
	BAD(gap, KVM_TIMERS_GAP_DEFAULT);
	BAD(gap, KVM_TIMERS_GAP_SLEW + 1);
	/* Not with the rate that it has. */
	BAD(gap, KVM_TIMERS_GAP_SLEW);
	BAD(clock_flags, KVM_TIMERS_CLOCK_FROZEN);
	BAD(guest_ns, 0);
	BAD(guest_ns, now + 1);
	BAD(guest_ns, U64_MAX);
	BAD(real_ns, U64_MAX);
	BAD(boot_ns, KT_RECORD_MAX_NS + 1);
	BAD(lag_ns, S64_MIN);
	BAD(line_mul, 0);
	BAD(line_mul, U32_MAX);
	BAD(line_shift, 32);
	BAD(line_shift, -32);
	BAD(line_tsc, 0);
	BAD(line_ns, 1);

	BAD(pit.ch[0].clk, U64_MAX);
	BAD(pit.ch[0].edge_ns, now + 1000);
	BAD(pit.ch[0].ce, 0);
	BAD(pit.ch[0].ce, 65537);
	BAD(pit.ch[0].cr, 0);
	BAD(pit.ch[0].cr, 1);
	BAD(pit.ch[0].cr, 65537);
	BAD(pit.ch[0].cw, 0x04);
	BAD(pit.ch[0].cw, 0x74);
	BAD(pit.ch[0].latch_bytes, 3);
	BAD(pit.ch[0].flags, 1U << 31);
	BAD(pit.ch[0].flags, rec->pit.ch[0].flags & ~KVM_TIMERS_PIT_GATE);
	BAD(pit.ch[0].reserved[5], 1);
	BAD(pit.ch[2].flags, rec->pit.ch[2].flags ^ KVM_TIMERS_PIT_GATE);
	BAD(pit.port61, 0x10);
	BAD(pit.port61, 0x100);
	BAD(pit.flags, 4);
	BAD(pit.debt.owed, U64_MAX);
	BAD(pit.debt.unseen, U64_MAX);
	BAD(pit.debt.period_ns, U64_MAX);
	BAD(pit.debt.last_ns, now + 1);
	BAD(pit.debt.room_ns, U64_MAX);
	BAD(pit.debt.flags, KVM_TIMERS_DEBT_HELD);
	BAD(pit.debt.flags, 1U << 31);
	BAD(pit.debt.level, KVM_TIMERS_CATCHUP_LEVELS);

	BAD(rtc.cycle, U64_MAX);
	BAD(rtc.origin, rec->rtc.cycle + 1);
	BAD(rtc.resumed, U64_MAX);
	BAD(rtc.period_cycle, U64_MAX);
	BAD(rtc.served, rec->rtc.rises + 1);
	BAD(rtc.update_cycles, KT_RTC_UPDATE_MAX + 1);
	BAD(rtc.state, 2);
	BAD(rtc.time[0], 0x80);
	BAD(rtc.a, 0x80);
	BAD(rtc.a, 0x66);
	BAD(rtc.b, 0x90);
	BAD(rtc.flags, 0x80);
	BAD(rtc.index, 0x0e);
	BAD(rtc.reserved, 1);
	BAD(rtc.debt.unseen, U64_MAX);

	BAD(hpet.timers, 0);
	BAD(hpet.timers, 2);
	BAD(hpet.timers, KT_HPET_MAX_TIMERS + 1);
	BAD(hpet.timers, U32_MAX);
	BAD(hpet.period_fs, 0);
	BAD(hpet.period_fs, KT_HPET_MAX_PERIOD_FS + 1);
	BAD(hpet.config, 4);
	BAD(hpet.base_ns, now + 1);
	BAD(hpet.timer[0].seen_ns, now + 1);
	BAD(hpet.timer[0].edge_ns, now + 1);
	BAD(hpet.timer[0].comparator, 1ULL << 32);
	BAD(hpet.timer[0].period, 1ULL << 32);
	BAD(hpet.timer[0].config, 1);
	BAD(hpet.timer[0].pending, 1);
	BAD(hpet.timer[0].pending, 2);
	BAD(hpet.timer[0].debt.unseen, 1);
	BAD(hpet.timer[3].fsb, 1);

	BAD(vcpu[0].flags, 1U << 31);
	BAD(vcpu[0].flags, 0);
	BAD(vcpu[0].id, 1);
	BAD(vcpu[0].tsc, 0);
	BAD(vcpu[0].tsc_khz, 0);
	BAD(vcpu[0].tsc_khz, U32_MAX);
	BAD(vcpu[0].tsc_khz, TSC_KHZ / 2);
	BAD(vcpu[1].cycle_ns, 0);
	BAD(vcpu[1].cycle_ns, KT_LAPIC_TIMER_MAX_CYCLE_NS + 1);
	BAD(vcpu[1].seen_ns, now + 1);
	BAD(vcpu[1].origin_ns, rec->vcpu[1].seen_ns + 1);
	BAD(vcpu[1].left_ns, 1);
	BAD(vcpu[1].edge_ns, now + 1);
	BAD(vcpu[1].lvtt, 0x100);
	BAD(vcpu[1].tdcr, 4);
	BAD(vcpu[1].reserved, 1);
	BAD(vcpu[1].debt.unseen, 1);
}

static struct kunit_case record_test_cases[] = {
	KUNIT_CASE(record_of_any_guest),
	KUNIT_CASE(record_debt_balances),
	KUNIT_CASE(record_shape),
	KUNIT_CASE(record_bad_fields),
	{ }
};

static struct kunit_suite record_test_suite = {
	.name		= "kvm_timers-record",
	.test_cases	= record_test_cases,
};

kunit_test_suite(record_test_suite);

MODULE_LICENSE("GPL");
