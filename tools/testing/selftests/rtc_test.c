// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of the RTC, as a guest sees them, are those of an MC146818A; the
 * kernel serves them, and the rest of the CMOS stays with the VMM. Its clock is
 * the host's, to the cycle.
 */
#include <sys/timex.h>
#include <time.h>

#include "harness.h"
#include "rtc_vm.h"

#define RS_NONE			0
#define NR_VCPUS		3
#define RACES			3000
#define PASSES			500
#define UPDATES			3
/* On a slow host; the byte is BCD. */
#define MAX_UPDATES		9
#define NR_CMOS			0x80
#define HALF_NS			(KT_NSEC_PER_SEC / 2)

/* An update is over this long after it has begun. */
#define UPDATE_NS		(3 * 1000 * 1000ULL)

#define FIXED_TIME_S		946684798
#define EAST_S			19800

/* A step of the wall clock, in seconds. */
#define STEP_S			3600

FIXTURE(rtc) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(rtc) {
	bool coalesce;
};

FIXTURE_VARIANT_ADD(rtc, direct) {
};

FIXTURE_VARIANT_ADD(rtc, coalesced) {
	.coalesce = true,
};

FIXTURE_SETUP(rtc)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= NR_VCPUS,
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC,
		.coalesce	= variant->coalesce,
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
}

FIXTURE_TEARDOWN(rtc)
{
	kt_vmm_destroy(&self->vm);
}

static bool is_rtc(unsigned int index)
{
	return index <= RTC_D || index == RTC_CENTURY;
}

/* Reads of the RTC's bytes that came to the VMM. */
static uint64_t strays(const struct kt_vmm *vm)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NR_CMOS; i++)
		if (is_rtc(i))
			sum += vm->cmos_reads[i];
	return sum;
}

TEST_F_TIMEOUT(rtc, registers, SLOW_TIMEOUT)
{
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, RTC_REGISTERS));
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x70, 0x71));
}

TEST_F_TIMEOUT(rtc, wide, SLOW_TIMEOUT)
{
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, RTC_WIDE));
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x6d, 0x74));
}

TEST_F_TIMEOUT(rtc, foreign, SLOW_TIMEOUT)
{
	unsigned int i;

	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, RTC_FOREIGN));
	for (i = 0; i < NR_CMOS; i++) {
		EXPECT_EQ(is_rtc(i) ? 0 : 3, self->vm.cmos_reads[i]);
	}
}

TEST_F_TIMEOUT(rtc, wide_foreign, SLOW_TIMEOUT)
{
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, RTC_WIDE_FOREIGN));
	EXPECT_EQ(0, strays(&self->vm));
}

struct runner {
	struct kt_vmm *vm;
	unsigned int index;
	uint64_t others;
	bool done;
};

static void *run(void *data)
{
	struct runner *r = data;
	enum kt_vmm_event event;

	while ((event = kt_vmm_run(r->vm, r->index)) == KT_VMM_SYNC)
		r->others = r->vm->vcpu[r->index].val[0];
	r->done = event == KT_VMM_DONE;
	return NULL;
}

/* Return: each vCPU has carried it out. */
static bool run_all(struct kt_vmm *vm, unsigned int nr_vcpus, enum rtc_cmd cmd, uint64_t times,
		    uint64_t *others)
{
	struct runner runners[KT_MAX_VCPUS] = { };
	pthread_t threads[KT_MAX_VCPUS];
	bool done = true;
	unsigned int i;

	/* Whatever was selected before is none of theirs. */
	if (!rtc_write(vm, RTC_MINUTES_ALARM, 0x22) || !rtc_write(vm, RTC_SECONDS_ALARM, 0x11))
		return false;

	vm->shared->arg[0] = times;
	vm->shared->cmd = cmd;
	for (i = 0; i < nr_vcpus; i++) {
		runners[i] = (struct runner) { .vm = vm, .index = i };
		pthread_create(&threads[i], NULL, run, &runners[i]);
	}
	for (i = 0; i < nr_vcpus; i++) {
		pthread_join(threads[i], NULL);
		done &= runners[i].done;
		*others += runners[i].others;
	}
	return done;
}

TEST_F_TIMEOUT(rtc, race_for_the_index, SLOW_TIMEOUT)
{
	uint64_t others = 0;

	ASSERT_EQ(true, run_all(&self->vm, NR_VCPUS, RTC_RACE, RACES, &others));
	EXPECT_EQ(0, strays(&self->vm));
	TH_LOG("%llu of %u readings met an index of another vCPU", (unsigned long long)others,
	       NR_VCPUS * RACES);
}

TEST_F_TIMEOUT(rtc, index_is_passed_on, SLOW_TIMEOUT)
{
	uint64_t others = 0;

	ASSERT_EQ(true, run_all(&self->vm, 2, RTC_PASS, PASSES, &others));
	EXPECT_EQ(0, strays(&self->vm));
}

FIXTURE(clock) {
	struct kt_vmm vm;
	struct rtc_span released;
};

FIXTURE_SETUP(clock)
{
	struct kt_vmm_config config = { .devices = KVM_TIMERS_PIT | KVM_TIMERS_RTC };

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
}

FIXTURE_TEARDOWN(clock)
{
	kt_vmm_destroy(&self->vm);
}

static bool release(struct kt_vmm *vm, struct rtc_span *released)
{
	if (!rtc_write(vm, RTC_A, RTC_A_RUN | RS_NONE))
		return false;
	*released = rtc_last_span(vm);
	return true;
}

/* From a time that is set to after so many updates. */
static bool run_clock(struct kt_vmm *vm, uint8_t b, uint64_t time, unsigned int updates)
{
	struct rtc_span released;

	if (!rtc_command(vm, RTC_SET_TIME, b, time) || !release(vm, &released))
		return false;
	kt_host_wait_until(released.to + HALF_NS + (updates - 1) * KT_NSEC_PER_SEC + UPDATE_NS);
	return true;
}

/*
 * R4: the first update begins half a second after the divider is released, and
 * UIP is up before and while it lasts.
 */
TEST_F_TIMEOUT(clock, r4_updates_to_the_cycle, SLOW_TIMEOUT)
{
	uint64_t polls = 0, exact = 0, updating = 0;
	struct kt_vmm_vcpu *vcpu = &self->vm.vcpu[0];
	struct rtc_range count;

	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SET_TIME, RTC_B_24H,
				    RTC_TIME(0x20, 0x24, 1, 1, 2, 0x12, 0, 0)));
	ASSERT_EQ(true, release(&self->vm, &self->released));
	do {
		ASSERT_EQ(KT_VMM_SYNC, polls++ ? kt_vmm_run(&self->vm, 0) :
						 kt_vmm_command(&self->vm, RTC_POLL));
		count = rtc_divider(self->released, rtc_last_span(&self->vm));
		EXPECT_GE(vcpu->val[1], rtc_updates(count.least));
		EXPECT_LE(vcpu->val[1], rtc_updates(count.most));
		if (rtc_updates_begun(count.least + RTC_UIP_LEAD) !=
		    rtc_updates_begun(count.most + RTC_UIP_LEAD) ||
		    rtc_updates(count.least) != rtc_updates(count.most))
			continue;
		exact++;
		updating += !!(vcpu->val[0] & RTC_A_UIP);
		ASSERT_EQ(rtc_uip(count.least), !!(vcpu->val[0] & RTC_A_UIP)) {
			TH_LOG("divider at %llu", (unsigned long long)count.least);
		}
	} while (vcpu->val[1] < UPDATES || (!updating && vcpu->val[1] < MAX_UPDATES));
	EXPECT_GT(exact, 0);
	TH_LOG("%llu readings, %llu during an update", (unsigned long long)exact,
	       (unsigned long long)updating);
	/* Each reading was right; a debug kernel may take longer for one than an update. */
	if (!updating && rtc_update_cycles() == RTC_UPDATE_CYCLES)
		SKIP(return, "the host is too slow to look into an update");
}

/* As long as UIP reads 0 there are 244 us left. */
TEST_F_TIMEOUT(clock, stable_without_uip, SLOW_TIMEOUT)
{
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SET_TIME, RTC_B_24H,
				    RTC_TIME(0x20, 0x24, 1, 1, 2, 0x23, 0x59, 0x57)));
	ASSERT_EQ(true, release(&self->vm, &self->released));
	ASSERT_EQ(true, rtc_query(&self->vm, RTC_STABLE, UPDATES + 1));
	TH_LOG("%llu readings", (unsigned long long)self->vm.vcpu[0].val[0]);
	if (!self->vm.vcpu[0].val[0])
		SKIP(return, "too slow to read two bytes in 244 us");
}

/* R5: seconds as set, any minute, any hour: raw bytes. */
TEST_F_TIMEOUT(clock, r5_alarm, SLOW_TIMEOUT)
{
	uint8_t b = RTC_B_24H | RTC_B_AIE;

	ASSERT_EQ(true, rtc_write(&self->vm, RTC_SECONDS_ALARM, 0x30));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_MINUTES_ALARM, 0xff));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_HOURS_ALARM, 0xc0));

	ASSERT_EQ(true, run_clock(&self->vm, b, RTC_TIME(0x20, 0x24, 1, 1, 2, 9, 9, 0x28), 1));
	EXPECT_EQ(RTC_C_UF, rtc_read(&self->vm, RTC_C));
	ASSERT_EQ(true, run_clock(&self->vm, b, RTC_TIME(0x20, 0x24, 1, 1, 2, 9, 9, 0x29), 1));
	EXPECT_EQ(RTC_C_IRQF | RTC_C_AF | RTC_C_UF, rtc_read(&self->vm, RTC_C));
	EXPECT_EQ(0, rtc_read(&self->vm, RTC_C));
	ASSERT_EQ(true, run_clock(&self->vm, b, RTC_TIME(0x20, 0x24, 1, 1, 2, 9, 9, 0x30), 1));
	EXPECT_EQ(RTC_C_UF, rtc_read(&self->vm, RTC_C));
}

TEST_F_TIMEOUT(clock, r6_new_year_12h, SLOW_TIMEOUT)
{
	ASSERT_EQ(true, run_clock(&self->vm, 0,
				  RTC_TIME(0x20, 0x23, 0x12, 0x31, 1, 0x91, 0x59, 0x59), 1));
	EXPECT_EQ(RTC_TIME(0x20, 0x24, 1, 1, 2, 0x12, 0, 0), rtc_get_time(&self->vm));
}

TEST_F_TIMEOUT(clock, new_century, SLOW_TIMEOUT)
{
	ASSERT_EQ(true, run_clock(&self->vm, RTC_B_24H,
				  RTC_TIME(0x19, 0x99, 0x12, 0x31, 7, 0x23, 0x59, 0x59), 1));
	EXPECT_EQ(RTC_TIME(0x20, 0, 1, 1, 1, 0, 0, 0), rtc_get_time(&self->vm));
}

FIXTURE(base) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(base)
{
}

FIXTURE_TEARDOWN(base)
{
	kt_vmm_destroy(&self->vm);
}

static unsigned int from_bcd(uint64_t time, unsigned int byte)
{
	uint8_t val = time >> 8 * byte;

	return (val >> 4) * 10 + (val & 0xf);
}

/* In the order of RTC_TIME(), 24 hours and BCD. */
static int64_t to_seconds(uint64_t time)
{
	struct tm tm = {
		.tm_sec		= from_bcd(time, 0),
		.tm_min		= from_bcd(time, 1),
		.tm_hour	= from_bcd(time, 2),
		.tm_mday	= from_bcd(time, 4),
		.tm_mon		= from_bcd(time, 5) - 1,
		.tm_year	= from_bcd(time, 6) + from_bcd(time, 7) * 100 - 1900,
	};

	return timegm(&tm);
}

/* The clock of whoever sets a clock; it may be off by one cycle. */
static int64_t wall_seconds(int64_t off_ns)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec * (int64_t)KT_NSEC_PER_SEC + ts.tv_nsec + off_ns) /
	       (int64_t)KT_NSEC_PER_SEC;
}

struct shown {
	int64_t by_status;
	int64_t by_guest;
	uint32_t base;
};

/* An update between two bytes is a tear that guests look out for, too: read twice. */
static bool read_clock(struct kt_vmm *vm, struct shown *shown)
{
	struct kvm_timers_status status;
	uint64_t time, again;

	do {
		time = rtc_get_time(vm);
		if (time == ~0ULL || kt_vmm_status(vm, &status))
			return false;
		again = rtc_get_time(vm);
	} while (time != again);

	shown->by_status = status.rtc_time_s;
	shown->by_guest = to_seconds(time);
	shown->base = status.rtc_base;
	return true;
}

static int create_with_base(struct kt_vmm *vm, uint32_t base, int64_t time_s)
{
	struct kt_vmm_config config = {
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC,
		.rtc_base	= base,
		.rtc_time_s	= time_s,
	};

	return kt_vmm_create(vm, &config);
}

/* Two seconds before the year 2000: the century is carried, too. */
TEST_F_TIMEOUT(base, fixed, SLOW_TIMEOUT)
{
	uint64_t from = kt_host_now(), set, before, after;
	struct shown shown;

	ASSERT_EQ(0, create_with_base(&self->vm, KVM_TIMERS_RTC_FIXED, FIXED_TIME_S));
	set = kt_host_now();
	kt_host_wait_until(set + 2 * KT_NSEC_PER_SEC + HALF_NS);
	before = kt_host_now();
	ASSERT_EQ(true, read_clock(&self->vm, &shown));
	after = kt_host_now();
	EXPECT_EQ(KVM_TIMERS_RTC_FIXED, shown.base);
	EXPECT_EQ(shown.by_guest, shown.by_status);
	EXPECT_GE(shown.by_guest, FIXED_TIME_S +
		  (int64_t)((before - set - RTC_CYCLE_NS) / KT_NSEC_PER_SEC));
	EXPECT_LE(shown.by_guest, FIXED_TIME_S +
		  (int64_t)((after - from + RTC_CYCLE_NS) / KT_NSEC_PER_SEC));
}

TEST_F_TIMEOUT(base, utc, SLOW_TIMEOUT)
{
	struct shown shown;
	int64_t before;

	ASSERT_EQ(0, create_with_base(&self->vm, KVM_TIMERS_RTC_UTC, 0));
	before = wall_seconds(-RTC_CYCLE_NS);
	ASSERT_EQ(true, read_clock(&self->vm, &shown));
	EXPECT_EQ(KVM_TIMERS_RTC_UTC, shown.base);
	EXPECT_EQ(shown.by_guest, shown.by_status);
	EXPECT_GE(shown.by_guest, before);
	EXPECT_LE(shown.by_guest, wall_seconds(RTC_CYCLE_NS));
}

TEST_F_TIMEOUT(base, localtime, SLOW_TIMEOUT)
{
	struct shown shown;
	int64_t before;

	ASSERT_EQ(0, create_with_base(&self->vm, KVM_TIMERS_RTC_LOCALTIME, EAST_S));
	before = wall_seconds(-RTC_CYCLE_NS);
	ASSERT_EQ(true, read_clock(&self->vm, &shown));
	EXPECT_EQ(KVM_TIMERS_RTC_LOCALTIME, shown.base);
	EXPECT_EQ(shown.by_guest, shown.by_status);
	EXPECT_GE(shown.by_guest, before + EAST_S);
	EXPECT_LE(shown.by_guest, wall_seconds(RTC_CYCLE_NS) + EAST_S);
}

static bool step_wall_clock(int64_t time_s)
{
	struct timex step = {
		.modes	= ADJ_SETOFFSET,
		.time	= { .tv_sec = time_s },
	};

	return adjtimex(&step) >= 0;
}

/* The RTC follows the guest's clock, which follows the host's rate, but no step. */
TEST_F_TIMEOUT(base, no_step_of_the_host, SLOW_TIMEOUT)
{
	int64_t before, after;
	struct shown shown;
	bool was_read;

	ASSERT_EQ(0, create_with_base(&self->vm, KVM_TIMERS_RTC_UTC, 0));
	if (!step_wall_clock(STEP_S))
		SKIP(return, "the host's clock cannot be set");
	before = wall_seconds(-RTC_CYCLE_NS) - STEP_S;
	was_read = read_clock(&self->vm, &shown);
	after = wall_seconds(RTC_CYCLE_NS) - STEP_S;
	EXPECT_EQ(true, step_wall_clock(-STEP_S));
	ASSERT_EQ(true, was_read);
	EXPECT_EQ(shown.by_guest, shown.by_status);
	EXPECT_GE(shown.by_guest, before);
	EXPECT_LE(shown.by_guest, after);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
