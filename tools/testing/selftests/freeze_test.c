// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest time stands still: freeze and thaw with each gap, by the owner of the VM and by a VMM
 * that reads kvmclock of a VM which it has paused, and sets it back.
 *
 * A clock that is not to move is compared with itself, exactly; one that is, with the host's
 * between two looks at that.
 */
#include "clock_vm.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define NR_VCPUS	2
#define GAP_NS		(50 * NS_PER_MS)
/* A guest is told of a gap that is longer than a second. */
#define LONG_GAP_NS	(1200 * NS_PER_MS)
/* A VMM that is gone is noticed within three seconds, as it is looked at once a second. */
#define AWAY_NS		(5 * KT_NSEC_PER_SEC)
/* What the two rates may differ by over a gap, in ns of a second, and a step of the page's. */
#define SLOPE_NS(ns)	((ns) / 1000 + 2)

FIXTURE(freeze) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(freeze) {
	uint32_t rate;
};

FIXTURE_VARIANT_ADD(freeze, host) {
	.rate = KVM_TIMERS_CLOCK_HOST,
};

FIXTURE_VARIANT_ADD(freeze, tsc) {
	.rate = KVM_TIMERS_CLOCK_TSC,
};

FIXTURE_SETUP(freeze)
{
	unsigned int i;

	ASSERT_EQ(0, clock_create(&self->vm, NR_VCPUS, variant->rate));
	for (i = 0; i < NR_VCPUS; i++)
		clock_open_page(&self->vm, i, MSR_SYSTEM_NEW);
	/* Written once more by the first, as the second has one now. */
	clock_read(&self->vm, 0);
}

FIXTURE_TEARDOWN(freeze)
{
	kt_vmm_destroy(&self->vm);
}

static int set_gap(struct kt_vmm *vm, uint32_t gap)
{
	struct kvm_timers_thaw arg = { .size = sizeof(arg), .gap = gap };

	return ioctl(vm->timers, KVM_TIMERS_SET_GAP, &arg);
}

/* What the guest sees of its clocks: kvmclock and TSC, and when that was for the host. */
struct look {
	uint64_t	before;
	uint64_t	ns;
	uint64_t	tsc;
	uint64_t	after;
	struct clock_pv	page;
	uint64_t	offset[NR_VCPUS];
};

static struct look look(struct kt_vmm *vm)
{
	struct look look;
	unsigned int i;

	look.before = kt_host_now();
	look.ns = clock_read(vm, 0);
	look.tsc = clock_vcpu(vm, 0)->to;
	look.after = kt_host_now();
	look.page = *clock_pv(vm, 0);
	for (i = 0; i < NR_VCPUS; i++)
		look.offset[i] = clock_offset(vm->vcpu[i].fd);
	return look;
}

/* The page says the same, and all vCPUs by one TSC. */
static bool same_line(const struct look *a, const struct look *b)
{
	return a->page.tsc_timestamp == b->page.tsc_timestamp &&
	       a->page.system_time == b->page.system_time && a->page.mul == b->page.mul &&
	       a->page.shift == b->page.shift && a->page.flags == b->page.flags &&
	       b->offset[0] == b->offset[1];
}

/* By how much less than the host's clock the guest's went between the two, at least and most. */
static int64_t least_lost(const struct look *a, const struct look *b)
{
	return (int64_t)(b->before - a->after) - (int64_t)(b->ns - a->ns);
}

static int64_t most_lost(const struct look *a, const struct look *b)
{
	return (int64_t)(b->after - a->before) - (int64_t)(b->ns - a->ns);
}

/* It never happened: the page is the same, and the TSC goes back by what the host's counted. */
TEST_F(freeze, stop)
{
	uint64_t from, to, frozen_from, frozen_to;
	struct kvm_timers_status status;
	struct look before, after;

	before = look(&self->vm);
	frozen_from = clock_host_tsc();
	from = kt_host_now();
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	status = clock_status(&self->vm);
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC | KVM_TIMERS_CLOCK_FROZEN, status.clock_flags);
	kt_host_pass(GAP_NS);
	EXPECT_EQ(status.guest_ns, clock_status(&self->vm).guest_ns);
	EXPECT_EQ(status.kvmclock_ns, clock_status(&self->vm).kvmclock_ns);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	to = kt_host_now();
	frozen_to = clock_host_tsc();
	after = look(&self->vm);

	EXPECT_EQ(true, same_line(&before, &after));
	EXPECT_GE(after.ns, before.ns);
	EXPECT_GE(after.tsc, before.tsc);
	EXPECT_GE(before.offset[0] - after.offset[0], GAP_NS / 1000);
	EXPECT_LE(before.offset[0] - after.offset[0], frozen_to - frozen_from);
	EXPECT_LE(least_lost(&before, &after), (int64_t)(to - from));
	EXPECT_GE(most_lost(&before, &after) + SLOPE_NS(GAP_NS), GAP_NS);

	status = clock_status(&self->vm);
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
	EXPECT_EQ(1, status.clock_thaws);
	EXPECT_GE(status.clock_stopped_ns, GAP_NS);
	EXPECT_LE(status.clock_stopped_ns, to - from);
	/* Nobody makes up for it. */
	EXPECT_LE(status.clock_lag_ns, 1000 + (int64_t)SLOPE_NS(GAP_NS));
	EXPECT_GE(status.clock_lag_ns, -1000 - (int64_t)SLOPE_NS(GAP_NS));
}

/* Time like any other: nothing is moved at all. */
TEST_F(freeze, jump)
{
	struct look before, after;

	before = look(&self->vm);
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_JUMP));
	after = look(&self->vm);
	EXPECT_EQ(true, same_line(&before, &after));
	EXPECT_EQ(before.offset[0], after.offset[0]);
	EXPECT_LE(least_lost(&before, &after), (int64_t)SLOPE_NS(after.after - before.before));
	EXPECT_EQ(0, clock_status(&self->vm).clock_stopped_ns);
}

/* To be made up for: it has stopped, and the host is that much ahead. */
TEST_F(freeze, slew)
{
	struct look before, after, later;
	struct kvm_timers_status status;

	if (variant->rate == KVM_TIMERS_CLOCK_TSC) {
		ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
		EXPECT_EQ(-1, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_SLEW));
		EXPECT_EQ(EOPNOTSUPP, errno);
		EXPECT_EQ(true, clock_is_frozen(&self->vm));
		EXPECT_EQ(-1, set_gap(&self->vm, KVM_TIMERS_GAP_SLEW));
		EXPECT_EQ(EOPNOTSUPP, errno);
		return;
	}
	before = look(&self->vm);
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_SLEW));
	status = clock_status(&self->vm);
	after = look(&self->vm);
	EXPECT_EQ(before.offset[1] - before.offset[0], after.offset[1] - after.offset[0]);
	EXPECT_LE(after.offset[0], before.offset[0]);
	EXPECT_GE(status.clock_lag_ns, GAP_NS - 1000);

	/* By half a per mille, once it has been looked at. */
	kt_host_pass(3 * KT_NSEC_PER_SEC);
	status.clock_lag_ns -= clock_status(&self->vm).clock_lag_ns;
	EXPECT_GE(status.clock_lag_ns, 500 * 1000);
	EXPECT_LE(status.clock_lag_ns, 2000 * 1000);
	later = look(&self->vm);
	EXPECT_GE(later.ns, after.ns);
}

/* A VMM that reads kvmclock between any two runs, for which it stands still, does not keep it back. */
TEST_F(freeze, slew_while_read)
{
	struct kvm_timers_status before, after;
	uint64_t end_ns;

	if (variant->rate == KVM_TIMERS_CLOCK_TSC)
		SKIP(return, "it makes up for nothing");
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_SLEW));
	/* Until it has been looked at. */
	kt_host_pass(2 * KT_NSEC_PER_SEC);
	before = clock_status(&self->vm);
	end_ns = kt_host_now() + 2 * KT_NSEC_PER_SEC;
	while (kt_host_now() < end_ns) {
		clock_get(&self->vm);
		kt_host_pass(20 * NS_PER_MS);
		look(&self->vm);
	}
	after = clock_status(&self->vm);
	EXPECT_GE(before.clock_lag_ns - after.clock_lag_ns, 1000 * 1000);
	EXPECT_LE(before.clock_lag_ns - after.clock_lag_ns, 1500 * 1000);
}

/* A vCPU that comes without a thaw. */
TEST_F(freeze, ends_by_itself)
{
	struct look before, after;

	before = look(&self->vm);
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(GAP_NS);
	after = look(&self->vm);
	EXPECT_EQ(false, clock_is_frozen(&self->vm));
	EXPECT_EQ(true, same_line(&before, &after));
	EXPECT_EQ(before.offset[0], after.offset[0]);
	EXPECT_LE(least_lost(&before, &after), (int64_t)SLOPE_NS(after.after - before.before));
	EXPECT_EQ(-1, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	EXPECT_EQ(EINVAL, errno);
}

/* A TSC that its guest has moved stays as far from the others, and TSC_ADJUST says why. */
TEST_F(freeze, moved_tsc)
{
	uint64_t moved = 1ULL << 40;
	struct look before, after;

	clock_wrmsr(&self->vm, 1, MSR_TSC_ADJUST, moved);
	before = look(&self->vm);
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	after = look(&self->vm);
	EXPECT_EQ(moved, before.offset[1] - before.offset[0]);
	EXPECT_EQ(moved, after.offset[1] - after.offset[0]);
	EXPECT_LT(after.offset[0], before.offset[0]);
	EXPECT_EQ(moved, clock_rdmsr(&self->vm, 1, MSR_TSC_ADJUST));
	EXPECT_EQ(0, clock_rdmsr(&self->vm, 0, MSR_TSC_ADJUST));
}

/* As VMMs pause: what they read, again and again the same, they set. */
TEST_F(freeze, pause)
{
	struct kvm_clock_data data, again;
	struct look before, after;

	before = look(&self->vm);
	data = clock_get(&self->vm);
	EXPECT_EQ(true, clock_is_frozen(&self->vm));
	kt_host_pass(GAP_NS);
	again = clock_get(&self->vm);
	EXPECT_EQ(data.clock, again.clock);
	EXPECT_EQ(data.host_tsc, again.host_tsc);
	EXPECT_EQ(data.realtime, again.realtime);
	data.flags = 0;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	EXPECT_EQ(false, clock_is_frozen(&self->vm));
	after = look(&self->vm);
	EXPECT_EQ(true, same_line(&before, &after));
	EXPECT_LT(after.offset[0], before.offset[0]);
	EXPECT_GE(most_lost(&before, &after) + SLOPE_NS(GAP_NS), GAP_NS);
	EXPECT_EQ(0, clock_status(&self->vm).clock_sets);
}

/* A VM that never ran has not been paused: its RTC shows the host's time when it begins. */
TEST_F(freeze, not_paused_yet)
{
	struct kvm_clock_data data;
	struct kt_vmm fresh;

	ASSERT_EQ(0, clock_create(&fresh, NR_VCPUS, variant->rate));
	data = clock_get(&fresh);
	EXPECT_EQ(false, clock_is_frozen(&fresh));
	kt_host_pass(GAP_NS);
	EXPECT_GE(clock_get(&fresh).clock, data.clock + GAP_NS - SLOPE_NS(GAP_NS));
	kt_vmm_destroy(&fresh);
}

/* The same, but what it would be by now is what is set. */
TEST_F(freeze, pause_by_real_time)
{
	struct kvm_clock_data data;
	struct look before, after;

	before = look(&self->vm);
	data = clock_get(&self->vm);
	kt_host_pass(GAP_NS);
	data.flags = KVM_CLOCK_REALTIME;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	after = look(&self->vm);
	EXPECT_EQ(true, same_line(&before, &after));
	EXPECT_EQ(before.offset[0], after.offset[0]);
}

/* Another time is set: only kvmclock has it. */
TEST_F(freeze, pause_and_set)
{
	uint64_t guest_ns;
	struct kvm_clock_data data;
	struct look after;

	data = clock_get(&self->vm);
	guest_ns = clock_status(&self->vm).guest_ns;
	kt_host_pass(GAP_NS);
	data.flags = 0;
	data.clock += KT_NSEC_PER_SEC;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	after = look(&self->vm);
	EXPECT_GE(after.ns, data.clock);
	EXPECT_LE(after.ns, data.clock + GAP_NS);
	EXPECT_LE(clock_status(&self->vm).guest_ns, guest_ns + GAP_NS);
	EXPECT_EQ(1, clock_status(&self->vm).clock_sets);
}

/* Whose pauses are time like any other: kvmclock set back goes on as if it had not been. */
TEST_F(freeze, pause_of_one_that_jumps)
{
	struct kvm_clock_data data;
	struct look before, after;

	EXPECT_EQ(KVM_TIMERS_GAP_STOP, clock_status(&self->vm).gap);
	ASSERT_EQ(0, set_gap(&self->vm, KVM_TIMERS_GAP_JUMP));
	EXPECT_EQ(KVM_TIMERS_GAP_JUMP, clock_status(&self->vm).gap);
	before = look(&self->vm);
	data = clock_get(&self->vm);
	kt_host_pass(GAP_NS);
	data.flags = 0;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	after = look(&self->vm);
	EXPECT_EQ(true, same_line(&before, &after));
	EXPECT_EQ(before.offset[0], after.offset[0]);
	EXPECT_EQ(-1, set_gap(&self->vm, KVM_TIMERS_GAP_SLEW + 1));
	EXPECT_EQ(ERANGE, errno);
}

/* A lockup detector is told of what it would take for one. */
TEST_F_TIMEOUT(freeze, tells_guest, 60)
{
	struct clock_pv *pv = clock_pv(&self->vm, 0);

	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(LONG_GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	look(&self->vm);
	EXPECT_EQ(0, pv->flags & PV_STOPPED);

	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(GAP_NS);
	look(&self->vm);
	EXPECT_EQ(0, pv->flags & PV_STOPPED);

	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	kt_host_pass(LONG_GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_JUMP));
	look(&self->vm);
	EXPECT_EQ(PV_STOPPED, pv->flags & PV_STOPPED);
	pv->flags &= ~PV_STOPPED;

	/* A VMM that has been stopped itself could not tell. */
	kt_host_pass(AWAY_NS);
	look(&self->vm);
	EXPECT_EQ(PV_STOPPED, pv->flags & PV_STOPPED);
	pv->flags &= ~PV_STOPPED;
	look(&self->vm);
	EXPECT_EQ(0, pv->flags & PV_STOPPED);
}

static void *run(void *arg)
{
	clock_on(arg, 1, CLOCK_RUN, 0, 0);
	return NULL;
}

TEST_F_TIMEOUT(freeze, refused, 300)
{
	pthread_t thread;

	EXPECT_EQ(-1, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_SLEW + 1));
	EXPECT_EQ(ERANGE, errno);

	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &self->vm));
	clock_wait_for_run(&self->vm);
	EXPECT_EQ(-1, kt_host_freeze(self->vm.timers));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(false, clock_is_frozen(&self->vm));
	clock_get(&self->vm);
	EXPECT_EQ(false, clock_is_frozen(&self->vm));
	clock_page(&self->vm)->stop = 1;
	pthread_join(thread, NULL);
	/* It has read its clock all the while, and never less than before. */
	EXPECT_EQ(0, clock_vcpu(&self->vm, 1)->val);
	EXPECT_EQ(0, kt_host_freeze(self->vm.timers));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
