// SPDX-License-Identifier: GPL-2.0-only
/*
 * All devices of a guest catch up at once: together they keep to the guest's budget, and the one
 * that is behind the most is the first. What it costs the host, and another VM, does not depend
 * on how much is owed. For the deterministic lab.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stall_vm.h"

#define ALL_DEVICES		(KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET | KVM_TIMERS_LAPIC)
#define NR			KVM_TIMERS_NR_DEVICES

/* What all of them have been programmed with is 4024 in a second. */
#define BUDGET_HZ		5000
#define GRID_HZ			4024

/* What of it was not taken in time may come later. */
#define SAVED			8

#define BEFORE_NS		(50 * NS_PER_MS)
#define SHORT_NS		(500 * NS_PER_MS)
#define LONG_NS			(120000 * NS_PER_MS)
#define WINDOW_NS		(100 * NS_PER_MS)

/* The host has something else to do at times, but not that often. */
#define TRIES			3

/* Some instructions that depend on numbers: a division, a cache. */
#define SAME_NS			4000

/* Bucket of the histogram: below 64 us. */
#define LATE_BUCKET		6

FIXTURE(budget) {
	struct kt_vmm vm;
	struct kt_vmm other;
};

FIXTURE_SETUP(budget)
{
	kt_vmm_init(&self->vm);
	kt_vmm_init(&self->other);
}

FIXTURE_TEARDOWN(budget)
{
	kt_vmm_destroy(&self->vm);
	kt_vmm_destroy(&self->other);
}

static int set_budget(struct kt_vmm *vm, uint32_t budget_hz)
{
	struct kvm_timers_set_budget set = { .size = sizeof(set), .budget_hz = budget_hz };

	return ioctl(vm->timers, KVM_TIMERS_SET_BUDGET, &set) ? errno : 0;
}

static int set_policy(struct kt_vmm *vm, unsigned int device, uint32_t policy)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= device,
		.tick	= { .policy = policy },
	};

	return ioctl(vm->timers, KVM_TIMERS_SET_POLICY, &set) ? errno : 0;
}

static uint64_t ticks(struct kt_vmm *vm)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NR; i++)
		sum += stall_device(vm, i)->ticks;
	return sum;
}

static uint64_t owed(struct kt_vmm *vm)
{
	struct kvm_timers_status status = stall_status(vm);
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NR; i++)
		sum += status.device[i].owed;
	return sum;
}

static uint64_t lag_ns(struct kvm_timers_status *status, unsigned int device)
{
	return status->device[device].owed * stall_period_ns(device);
}

/* The guest is not run. */
static void stay_away(uint64_t ns)
{
	kt_host_wait_until(kt_host_now() + ns);
}

TEST_F_TIMEOUT(budget, bounds_the_sum, 600)
{
	uint64_t before, windows;

	ASSERT_EQ(0, stall_create(&self->vm, ALL_DEVICES, KVM_TIMERS_POLICY_CATCHUP));
	EXPECT_EQ(kt_host_parameter("kvm_timers", "catchup_budget_hz"),
		  stall_status(&self->vm).budget_hz);
	ASSERT_EQ(0, set_budget(&self->vm, BUDGET_HZ));
	EXPECT_EQ(BUDGET_HZ, stall_status(&self->vm).budget_hz);
	stall_take(&self->vm, BEFORE_NS);
	EXPECT_EQ(0, stall_status(&self->vm).budget_waits);
	stay_away(SHORT_NS);

	for (windows = 0; windows < 100; windows++) {
		before = ticks(&self->vm);
		stall_take(&self->vm, WINDOW_NS);
		/* The grid may have brought one of each at either end; each window ends with one. */
		ASSERT_LE(ticks(&self->vm) - before,
			  BUDGET_HZ * WINDOW_NS / KT_NSEC_PER_SEC + 2 * NR + SAVED);
		if (!owed(&self->vm))
			break;
		/* And no less, until the last levels of each are slower than that. */
		if (owed(&self->vm) > GRID_HZ / 5)
			ASSERT_GE(ticks(&self->vm) - before,
				  BUDGET_HZ * WINDOW_NS / KT_NSEC_PER_SEC * 19 / 20);
	}
	TH_LOG("%llu windows, %llu waits", (unsigned long long)windows,
	       stall_status(&self->vm).budget_waits);
	/* Half a second of each, with what the grid leaves. */
	EXPECT_GE(windows, GRID_HZ / 2 * 10 / (BUDGET_HZ - GRID_HZ) - 1);
	EXPECT_LE(windows, GRID_HZ / 2 * 10 / (BUDGET_HZ - GRID_HZ) + 4);
	EXPECT_LT(0, stall_status(&self->vm).budget_waits);
}

/* One is behind from before, by what it is to be the first with. */
TEST_F_TIMEOUT(budget, oldest_is_first, 600)
{
	struct kvm_timers_status before, after;
	unsigned int first = KVM_TIMERS_DEVICE_HPET, i, windows;

	ASSERT_EQ(0, stall_create(&self->vm, ALL_DEVICES, KVM_TIMERS_POLICY_DISCARD));
	ASSERT_EQ(0, set_budget(&self->vm, BUDGET_HZ));
	ASSERT_EQ(0, set_policy(&self->vm, first, KVM_TIMERS_POLICY_DELAY));
	stall_take(&self->vm, BEFORE_NS);
	stay_away(SHORT_NS);
	stall_take(&self->vm, BEFORE_NS);
	for (i = 0; i < NR; i++)
		ASSERT_EQ(0, set_policy(&self->vm, i, KVM_TIMERS_POLICY_CATCHUP));
	stay_away(SHORT_NS);

	stall_take(&self->vm, BEFORE_NS);
	for (windows = 0; windows < 100; windows++) {
		before = stall_status(&self->vm);
		stall_take(&self->vm, WINDOW_NS);
		after = stall_status(&self->vm);
		/* As long as it is the last by far, the others have nothing but the grid. */
		if (lag_ns(&after, first) < 2 * SHORT_NS - SHORT_NS + 50 * NS_PER_MS)
			break;
		EXPECT_LE(lag_ns(&after, first) + WINDOW_NS / 2, lag_ns(&before, first));
		for (i = 0; i < NR; i++) {
			if (i != first)
				EXPECT_LE(lag_ns(&before, i), lag_ns(&after, i) + 5 * NS_PER_MS);
		}
	}
	TH_LOG("alone for %u windows", windows);
	EXPECT_LE(3, windows);

	/* They are even from then on, to the end. */
	while (owed(&self->vm)) {
		stall_take(&self->vm, WINDOW_NS);
		after = stall_status(&self->vm);
		for (i = 0; i < NR; i++)
			ASSERT_LE(lag_ns(&after, i), lag_ns(&after, first) + 60 * NS_PER_MS);
		ASSERT_LT(++windows, 100);
	}
}

/* Of a VM that is gone no catch-up is in progress, whatever it owes. */
TEST_F(budget, ends_with_the_vm)
{
	struct kvm_timers_device_status row;

	ASSERT_EQ(0, stall_create(&self->vm, KVM_TIMERS_PIT, KVM_TIMERS_POLICY_CATCHUP));
	stall_take(&self->vm, BEFORE_NS);
	stay_away(SHORT_NS);
	stall_take(&self->vm, 0);
	row = stall_status(&self->vm).device[KVM_TIMERS_DEVICE_PIT];
	ASSERT_LT(100, row.catchup_rate_pct);
	munmap(self->vm.vcpu[0].run, self->vm.vcpu[0].run_size);
	close(self->vm.vcpu[0].fd);
	close(self->vm.fd);
	self->vm.vcpu[0].run = NULL;
	self->vm.vcpu[0].fd = self->vm.fd = -1;
	while (!stall_status(&self->vm).dead)
		kt_host_pass(NS_PER_MS);
	row = stall_status(&self->vm).device[KVM_TIMERS_DEVICE_PIT];
	EXPECT_LT(100, row.owed);
	EXPECT_EQ(0, row.catchup_rate_pct);
}

TEST_F(budget, refusals)
{
	ASSERT_EQ(0, stall_create(&self->vm, ALL_DEVICES, KVM_TIMERS_POLICY_CATCHUP));
	ASSERT_EQ(0, set_budget(&self->vm, BUDGET_HZ));
	EXPECT_EQ(ERANGE, set_budget(&self->vm, 99));
	EXPECT_EQ(ERANGE, set_budget(&self->vm,
				     kt_host_parameter("kvm_timers", "catchup_budget_hz") + 1));
	EXPECT_EQ(BUDGET_HZ, stall_status(&self->vm).budget_hz);
	EXPECT_EQ(0, set_budget(&self->vm, 100));
	EXPECT_EQ(0, set_budget(&self->vm, 0));
	EXPECT_EQ(kt_host_parameter("kvm_timers", "catchup_budget_hz"),
		  stall_status(&self->vm).budget_hz);
}

/* From the entry to the first tick, after having been away. */
static uint64_t first_tick_ns(struct kt_vmm *vm, uint64_t away_ns)
{
	stall_take(vm, BEFORE_NS);
	stay_away(away_ns);
	stall_take(vm, 0);
	return vm->vcpu[0].exited_ns - vm->vcpu[0].entered_ns;
}

/* Nothing goes through what was missed one by one. */
TEST_F_TIMEOUT(budget, many_cost_no_more, 20000)
{
	uint64_t few_ns, many_ns;
	unsigned int i, tries;

	for (i = 0; i < NR; i++) {
		ASSERT_EQ(0, stall_create(&self->vm, 1U << i, KVM_TIMERS_POLICY_CATCHUP));
		/* The first time of anything is longer. */
		first_tick_ns(&self->vm, 5 * NS_PER_MS);
		few_ns = first_tick_ns(&self->vm, SHORT_NS);
		for (tries = 0; tries < TRIES; tries++) {
			many_ns = first_tick_ns(&self->vm, 10 * LONG_NS);
			if (many_ns <= few_ns + SAME_NS)
				break;
		}
		TH_LOG("%s: %llu ns, after twenty minutes %llu ns", stall_periods[i].name,
		       (unsigned long long)few_ns, (unsigned long long)many_ns);
		EXPECT_LE(many_ns, few_ns + SAME_NS);
		kt_vmm_destroy(&self->vm);
	}
}

static void *be_another(void *arg)
{
	stall_take(arg, LONG_NS / 6);
	return NULL;
}

static struct kvm_timers_device_status row_of_lapic(struct kt_vmm *vm)
{
	return stall_status(vm).device[KVM_TIMERS_DEVICE_LAPIC];
}

/* Ticks of the other VM, while both run, by how late they were: bucket 0 is 0. */
static bool run_both(struct kt_vmm *vm, struct kt_vmm *other, uint64_t *late)
{
	struct kvm_timers_device_status before = row_of_lapic(other), after;
	pthread_t thread;
	unsigned int i;

	if (pthread_create(&thread, NULL, be_another, other))
		return false;
	stall_take(vm, LONG_NS / 6);
	pthread_join(thread, NULL);
	after = row_of_lapic(other);
	for (i = 0; i < KVM_TIMERS_LATE_BUCKETS; i++)
		late[i] = after.late[i] - before.late[i];
	return true;
}

static uint64_t from_bucket(const uint64_t *late, unsigned int bucket)
{
	uint64_t sum = 0;

	for (; bucket < KVM_TIMERS_LATE_BUCKETS; bucket++)
		sum += late[bucket];
	return sum;
}

/* Another VM on the same CPU has its ticks in time while 60 000 are caught up. */
TEST_F_TIMEOUT(budget, no_harm_to_others, 600)
{
	uint64_t late[KVM_TIMERS_LATE_BUCKETS];

	ASSERT_EQ(0, stall_create(&self->vm, KVM_TIMERS_PIT, KVM_TIMERS_POLICY_CATCHUP));
	ASSERT_EQ(0, stall_create(&self->other, KVM_TIMERS_LAPIC, KVM_TIMERS_POLICY_CATCHUP));
	/* The first time of anything is longer. */
	ASSERT_EQ(true, run_both(&self->vm, &self->other, late));
	stay_away(LONG_NS);
	/* It has been away as well, and is to be done with that. */
	ASSERT_EQ(0, set_policy(&self->other, KVM_TIMERS_DEVICE_LAPIC, KVM_TIMERS_POLICY_DISCARD));
	stall_take(&self->other, BEFORE_NS);
	ASSERT_EQ(true, run_both(&self->vm, &self->other, late));
	EXPECT_LE(60000, stall_status(&self->vm).device[KVM_TIMERS_DEVICE_PIT].stats.caught_up);
	TH_LOG("%llu of %llu ticks of the other VM were late by 64 us or more",
	       (unsigned long long)from_bucket(late, LATE_BUCKET + 1),
	       (unsigned long long)from_bucket(late, 0));
	EXPECT_LE(LONG_NS / 6 / NS_PER_MS, from_bucket(late, 0) + 1);
	EXPECT_EQ(0, from_bucket(late, LATE_BUCKET + 1));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	kt_host_require_exact();
	return harness_main(argc, argv);
}
