// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmclock: the page's protocol, one line for all vCPUs, set and read by the VMM, and a
 * clock that follows the host's without a step while that is bent.
 */
#include "clock_vm.h"
#include "kt_trace.h"

#include <string.h>
#include <time.h>

#define NR_VCPUS		2

/* Changes of the line that are looked at. */
#define STEPS			20

#define SETTLE_NS		(2 * KT_NSEC_PER_SEC)
#define LOOK_NS			(20 * NS_PER_MS)

/* How far guest time may be from the host's: at a steady rate, and while that changes. */
#define STEADY_NS		1000
#define BENT_NS			10000

FIXTURE(kvmclock) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(kvmclock) {
	uint32_t system;
	uint32_t wall;
};

FIXTURE_VARIANT_ADD(kvmclock, new_msrs) {
	.system	= MSR_SYSTEM_NEW,
	.wall	= MSR_WALL_NEW,
};

FIXTURE_VARIANT_ADD(kvmclock, old_msrs) {
	.system	= MSR_SYSTEM_OLD,
	.wall	= MSR_WALL_OLD,
};

FIXTURE_SETUP(kvmclock)
{
	ASSERT_EQ(0, clock_create(&self->vm, NR_VCPUS, KVM_TIMERS_CLOCK_HOST));
}

FIXTURE_TEARDOWN(kvmclock)
{
	kt_bend(0);
	kt_vmm_destroy(&self->vm);
}

/* A page that was never written, and one with whatever was there. */
TEST_F(kvmclock, versions)
{
	clock_open_page(&self->vm, 0, variant->system);
	EXPECT_EQ(2, clock_pv(&self->vm, 0)->version);
	clock_pv(&self->vm, 1)->version = 5;
	clock_open_page(&self->vm, 1, variant->system);
	EXPECT_EQ(8, clock_pv(&self->vm, 1)->version);
}

TEST_F(kvmclock, register_reads_back)
{
	uint64_t val = CLOCK_PV_GPA(0) | 1;

	EXPECT_EQ(0, clock_rdmsr(&self->vm, 0, variant->system));
	clock_wrmsr(&self->vm, 0, variant->system, val);
	EXPECT_EQ(val, clock_rdmsr(&self->vm, 0, variant->system));
	EXPECT_EQ(val, clock_get_msr(&self->vm, 0, variant->system));
	clock_wrmsr(&self->vm, 0, variant->wall, CLOCK_WALL_GPA);
	EXPECT_EQ(CLOCK_WALL_GPA, clock_rdmsr(&self->vm, 0, variant->wall));
}

/* Switched off, the page stays as it is, whatever happens. */
TEST_F(kvmclock, switched_off)
{
	struct kvm_clock_data data = { .clock = 5 };
	struct clock_pv was;

	clock_open_page(&self->vm, 0, variant->system);
	clock_wrmsr(&self->vm, 0, variant->system, CLOCK_PV_GPA(0));
	was = *clock_pv(&self->vm, 0);
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	EXPECT_EQ(-1, ioctl(self->vm.vcpu[0].fd, KVM_KVMCLOCK_CTRL, 0));
	EXPECT_EQ(EINVAL, errno);
	clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0);
	EXPECT_EQ(0, memcmp(&was, clock_pv(&self->vm, 0), sizeof(was)));
}

/* The flag is the guest's to take back, and other updates keep it. */
TEST_F(kvmclock, stopped)
{
	struct clock_pv *pv = clock_pv(&self->vm, 0);
	struct kvm_clock_data data = { .clock = 5 };

	clock_open_page(&self->vm, 0, variant->system);
	EXPECT_EQ(0, pv->flags & PV_STOPPED);
	ASSERT_EQ(0, ioctl(self->vm.vcpu[0].fd, KVM_KVMCLOCK_CTRL, 0));
	clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0);
	EXPECT_EQ(PV_STOPPED, pv->flags & PV_STOPPED);
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0);
	EXPECT_EQ(PV_STOPPED, pv->flags & PV_STOPPED);
	pv->flags &= ~PV_STOPPED;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0);
	EXPECT_EQ(0, pv->flags & PV_STOPPED);
}

static uint64_t real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * KT_NSEC_PER_SEC + ts.tv_nsec;
}

/* CLOCK_REALTIME is what the wall clock was, and kvmclock since. */
TEST_F(kvmclock, wall_clock)
{
	struct clock_wall *wall = clock_wall(&self->vm);
	uint64_t before, after, guest;

	wall->version = 7;
	clock_open_page(&self->vm, 0, variant->system);
	clock_wrmsr(&self->vm, 0, variant->wall, CLOCK_WALL_GPA);
	EXPECT_EQ(10, wall->version);
	before = real_ns();
	guest = wall->sec * KT_NSEC_PER_SEC + wall->nsec + clock_read(&self->vm, 0);
	after = real_ns();
	/* KVM reads its two clocks one after the other. */
	if (kt_host_plain())
		after += NS_PER_MS;
	EXPECT_GE(guest, before);
	EXPECT_LE(guest, after);

	wall->version = 7;
	clock_wrmsr(&self->vm, 0, variant->wall, 0);
	EXPECT_EQ(7, wall->version);
}

/* Pages of all vCPUs say the same, and say so, whoever registered how. */
TEST_F(kvmclock, one_line)
{
	struct clock_pv a, b;

	if (kt_host_plain() && variant->system == MSR_SYSTEM_OLD)
		SKIP(return, "KVM gives up its one clock for a guest with the old registers");

	clock_open_page(&self->vm, 0, variant->system);
	clock_open_page(&self->vm, 1, variant->system);
	clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0);
	clock_on(&self->vm, 1, CLOCK_RDTSC, 0, 0);
	a = *clock_pv(&self->vm, 0);
	b = *clock_pv(&self->vm, 1);
	EXPECT_EQ(PV_STABLE, a.flags);
	EXPECT_EQ(PV_STABLE, b.flags);
	EXPECT_EQ(a.tsc_timestamp, b.tsc_timestamp);
	EXPECT_EQ(a.system_time, b.system_time);
	EXPECT_EQ(a.mul, b.mul);
	EXPECT_EQ(a.shift, b.shift);
}

/* One vCPU whose TSC its guest has moved goes by the same time, and its page is its own. */
TEST_F(kvmclock, moved_tsc)
{
	uint64_t moved = 1ULL << 40, first, second, third;

	clock_open_page(&self->vm, 0, variant->system);
	clock_open_page(&self->vm, 1, variant->system);
	clock_wrmsr(&self->vm, 1, MSR_TSC_ADJUST, moved);
	first = clock_read(&self->vm, 0);
	second = clock_read(&self->vm, 1);
	third = clock_read(&self->vm, 0);
	EXPECT_GE(second, first);
	EXPECT_GE(third, second);
	if (kt_host_plain())
		SKIP(return, "KVM has the pages say that they agree");
	EXPECT_EQ(0, clock_pv(&self->vm, 0)->flags & PV_STABLE);
	EXPECT_EQ(0, clock_pv(&self->vm, 1)->flags & PV_STABLE);

	clock_wrmsr(&self->vm, 1, MSR_TSC_ADJUST, 0);
	clock_read(&self->vm, 0);
	EXPECT_EQ(PV_STABLE, clock_pv(&self->vm, 0)->flags & PV_STABLE);
}

/* What the VMM is told is what the page says for that TSC, to the nanosecond. */
TEST_F(kvmclock, get)
{
	uint64_t before, after, tsc_before, tsc_after, real_before, real_after;
	struct kvm_clock_data data;
	unsigned int i;

	if (kt_host_plain() && variant->system == MSR_SYSTEM_OLD)
		SKIP(return, "KVM gives up its one clock for a guest with the old registers");

	clock_open_page(&self->vm, 0, variant->system);
	for (i = 0; i < 100; i++) {
		before = clock_read(&self->vm, 0);
		tsc_before = clock_host_tsc();
		real_before = real_ns();
		data = clock_get(&self->vm);
		real_after = real_ns();
		tsc_after = clock_host_tsc();
		after = clock_read(&self->vm, 0);
		EXPECT_GE(data.clock, before);
		EXPECT_LE(data.clock, after);
		ASSERT_EQ(KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC,
			  data.flags);
		EXPECT_GE(data.host_tsc, tsc_before);
		EXPECT_LE(data.host_tsc, tsc_after);
		EXPECT_GE(data.realtime, real_before);
		EXPECT_LE(data.realtime, real_after);
		/* KVM may have begun anew since the page was written. */
		if (!kt_host_plain())
			EXPECT_EQ(data.clock,
				  clock_at(clock_pv(&self->vm, 0),
					   data.host_tsc + clock_offset(self->vm.vcpu[0].fd)));
	}
}

TEST_F(kvmclock, set)
{
	static const uint64_t values[] = { 0, 1, 12345678901ULL, 1ULL << 60 };
	struct kvm_clock_data data;
	uint64_t before, after, ns;
	unsigned int i;

	clock_open_page(&self->vm, 0, variant->system);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		data = (struct kvm_clock_data) { .clock = values[i] };
		before = kt_host_now();
		ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
		ns = clock_read(&self->vm, 0);
		after = kt_host_now();
		EXPECT_GE(ns, values[i]);
		EXPECT_LE(ns, values[i] + (after - before) + (after - before) / 1000 + 1);
	}
}

/* Set to what it was a minute ago, it has gone on since. */
TEST_F(kvmclock, set_by_real_time)
{
	struct kvm_clock_data data = clock_get(&self->vm);
	uint64_t before, after, ns;

	clock_open_page(&self->vm, 0, variant->system);
	data.clock = 1000;
	data.flags = KVM_CLOCK_REALTIME;
	data.realtime = real_ns() - 60 * KT_NSEC_PER_SEC;
	before = real_ns();
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	ns = clock_read(&self->vm, 0);
	after = real_ns();
	EXPECT_GE(ns, 1000 + before - data.realtime);
	EXPECT_LE(ns, 1000 + after - data.realtime + (after - before) / 1000 + 1);

	/* A time that is to come is now. */
	data.realtime = real_ns() + 60 * KT_NSEC_PER_SEC;
	before = real_ns();
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	ns = clock_read(&self->vm, 0);
	after = real_ns();
	EXPECT_GE(ns, 1000);
	EXPECT_LE(ns, 1000 + (after - before) + (after - before) / 1000 + 1);
}

TEST_F(kvmclock, set_refused)
{
	struct kvm_clock_data data = { .clock = 1ULL << 50, .flags = 1 };

	EXPECT_EQ(-1, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_LT(clock_get(&self->vm).clock, 1ULL << 50);
}

/* kvmclock less CLOCK_REALTIME at the same instant, which is the host's steady clock's rate. */
static int64_t against_host(struct kt_vmm *vm)
{
	struct kvm_clock_data data = clock_get(vm);

	return data.clock - data.realtime;
}

/* The largest distance from @origin, for so long; the guest looks at its clock meanwhile. */
static int64_t watch(struct kt_vmm *vm, int64_t origin, uint64_t ns, unsigned int *backs)
{
	uint64_t until = kt_host_now() + ns, last = 0, now;
	int64_t most = 0, off;

	while (kt_host_now() < until) {
		off = clock_distance(against_host(vm), origin);
		most = off > most ? off : most;
		now = clock_read(vm, 0);
		*backs += now < last;
		last = now;
		kt_host_wait_until(kt_host_now() + LOOK_NS);
	}
	return most;
}

/* While the host's clock is bent by all that NTP may, guest time stays beside it. */
TEST_F_TIMEOUT(kvmclock, follows_the_host, 120)
{
	static const long bends[] = { KT_BEND_PPM, -KT_BEND_PPM, 0, 3, -3 };
	int64_t origin, changing, steady;
	unsigned int i, backs = 0;

	if (kt_host_plain() && variant->system == MSR_SYSTEM_OLD)
		SKIP(return, "KVM gives up its one clock for a guest with the old registers");

	clock_open_page(&self->vm, 0, variant->system);
	origin = against_host(&self->vm);
	for (i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
		kt_bend(bends[i]);
		changing = watch(&self->vm, origin, SETTLE_NS, &backs);
		steady = watch(&self->vm, origin, SETTLE_NS, &backs);
		printf("# %s%ld ppm: up to %ld ns off while it changes, %ld ns then\n",
		       kt_host_plain() ? "plain " : "", bends[i], changing, steady);
		fflush(stdout);
		if (kt_host_plain())
			continue;
		EXPECT_LE(changing, BENT_NS);
		EXPECT_LE(steady, STEADY_NS);
	}
	EXPECT_EQ(0, backs);
}

static uint64_t segments(struct kt_vmm *vm)
{
	return clock_status(vm).clock_segments;
}

/* Where a new piece of the line begins the one before says the same, to the nanosecond. */
TEST_F_TIMEOUT(kvmclock, no_step, 120)
{
	struct clock_pv *pv = clock_pv(&self->vm, 0), was;
	unsigned int i, compared = 0;
	uint64_t before;

	if (kt_host_plain())
		SKIP(return, "KVM takes a new snapshot");

	clock_open_page(&self->vm, 0, variant->system);
	for (i = 0; i < STEPS; i++) {
		clock_read(&self->vm, 0);
		was = *pv;
		before = segments(&self->vm);
		kt_bend(i % 2 ? KT_BEND_PPM : -KT_BEND_PPM);
		while (segments(&self->vm) == before)
			kt_host_wait_until(kt_host_now() + NS_PER_MS);
		clock_read(&self->vm, 0);
		EXPECT_NE(was.tsc_timestamp, pv->tsc_timestamp);
		/* Of two pieces the one between is not known. */
		if (segments(&self->vm) != before + 1)
			continue;
		EXPECT_EQ(clock_at(&was, pv->tsc_timestamp), pv->system_time);
		compared++;
	}
	EXPECT_LE(STEPS / 2, compared);
}

/* Each piece, and each time that it was set, is in the trace. */
TEST_F_TIMEOUT(kvmclock, traced, 120)
{
	struct kvm_clock_data data = { .clock = KT_NSEC_PER_SEC };
	unsigned int i, traced;
	uint64_t before, pieces;
	char filter[32];

	if (kt_host_plain())
		SKIP(return, "a tracepoint of the module");
	snprintf(filter, sizeof(filter), "id == %u", clock_status(&self->vm).id);
	if (!kt_trace_open("kvm_timers/clock_changed", filter))
		SKIP(return, "no tracefs");

	/* One more may begin between the two. */
	do {
		before = segments(&self->vm);
		kt_trace_clear();
	} while (before != segments(&self->vm));
	for (i = 0; i < STEPS; i++) {
		kt_bend(i % 2 ? KT_BEND_PPM : -KT_BEND_PPM);
		kt_host_wait_until(kt_host_now() + 10 * NS_PER_MS);
	}
	kt_bend(0);
	do {
		pieces = segments(&self->vm) - before;
		traced = kt_trace_count(" follows guest_ns ");
	} while (pieces != segments(&self->vm) - before);
	EXPECT_EQ(pieces, traced);
	EXPECT_LE(STEPS / 2, traced);

	EXPECT_EQ(0, kt_trace_count(" set guest_ns "));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	EXPECT_EQ(1, kt_trace_count(" set guest_ns "));
	kt_trace_close();
}

/* At the TSC's own rate nothing that the host does to its clock is seen, but by the host. */
TEST(own_rate)
{
	struct kvm_timers_status status;
	struct clock_pv was;
	struct kt_vmm vm;
	unsigned int backs = 0;

	if (kt_host_plain())
		SKIP(return, "KVM knows one rate");

	ASSERT_EQ(0, clock_create(&vm, 1, KVM_TIMERS_CLOCK_TSC));
	clock_open_page(&vm, 0, MSR_SYSTEM_NEW);
	was = *clock_pv(&vm, 0);
	kt_bend(KT_BEND_PPM);
	watch(&vm, against_host(&vm), SETTLE_NS, &backs);
	kt_bend(0);
	EXPECT_EQ(0, backs);
	EXPECT_EQ(was.tsc_timestamp, clock_pv(&vm, 0)->tsc_timestamp);
	EXPECT_EQ(was.system_time, clock_pv(&vm, 0)->system_time);
	EXPECT_EQ(was.mul, clock_pv(&vm, 0)->mul);
	ASSERT_EQ(0, kt_vmm_status(&vm, &status));
	EXPECT_EQ(KVM_TIMERS_CLOCK_TSC, status.clock_rate);
	EXPECT_EQ(0, status.clock_segments);
	/* The host has moved ahead by what it was bent, and by what was left of it. */
	EXPECT_GE(status.clock_lag_ns, (int64_t)SETTLE_NS / 1000000 * (KT_BEND_PPM - 50));
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
