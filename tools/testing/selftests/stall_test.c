// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each policy for each device: a process that is stopped for half a second, for 5 s and for two
 * minutes. What the guest counts is what the policy owes it, to the tick; it comes no faster than
 * it may; and the grid is the one from before, to 1 us. For the deterministic lab.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "stall_vm.h"

#define BEFORE_NS		(60 * NS_PER_MS)
#define AFTER_NS		(100 * NS_PER_MS)

/* What the slower levels at the end of a catch-up take, and a little. */
#define LAST_LEVELS_NS		(2500 * NS_PER_MS)

#define MAX_PHASE_NS		1000

/* An interrupt is taken a few microseconds sooner or later. */
#define MAX_JITTER_NS		(20 * 1000ULL)

FIXTURE(stall) {
	struct kt_vmm vm;
	struct kvm_timers_status before;
	struct kvm_timers_status after;
	uint64_t grid;
	uint64_t phase_ns;
	uint64_t points;
	uint64_t missed;
	uint64_t ticks;
};

FIXTURE_VARIANT(stall) {
	unsigned int device;
	uint32_t policy;
};

#define VARIANT(a_device, A_DEVICE, a_policy, A_POLICY)				\
	FIXTURE_VARIANT_ADD(stall, a_device##_##a_policy) {				\
		.device = KVM_TIMERS_DEVICE_##A_DEVICE,					\
		.policy = KVM_TIMERS_POLICY_##A_POLICY,					\
	}

#define ALL_POLICIES(a_device, A_DEVICE)						\
	VARIANT(a_device, A_DEVICE, catchup, CATCHUP);					\
	VARIANT(a_device, A_DEVICE, merge, MERGE);					\
	VARIANT(a_device, A_DEVICE, discard, DISCARD);					\
	VARIANT(a_device, A_DEVICE, delay, DELAY)

ALL_POLICIES(pit, PIT);
ALL_POLICIES(rtc, RTC);
ALL_POLICIES(hpet, HPET);
ALL_POLICIES(lapic, LAPIC);

FIXTURE_SETUP(stall)
{
	kt_vmm_init(&self->vm);
}

FIXTURE_TEARDOWN(stall)
{
	kt_vmm_destroy(&self->vm);
}

static struct kvm_timers_device_status *row(struct kvm_timers_status *status, unsigned int device)
{
	return &status->device[device];
}

static uint64_t lost(const struct kvm_timers_device_status *row)
{
	return row->stats.merged + row->stats.dropped + row->stats.given_up;
}

/* A stop of the whole process, while the guest has ticks: nothing of it runs. */
static bool stop_and_go_on(struct kt_vmm *vm, uint64_t stop_ns, uint64_t after_ns)
{
	int to_stopper, code;
	pid_t stopper;

	stopper = kt_host_stopper(&to_stopper, stop_ns);
	if (stopper < 0 || write(to_stopper, "", 1) != 1)
		return false;
	stall_take(vm, stop_ns + after_ns);
	close(to_stopper);
	return waitpid(stopper, &code, 0) == stopper && !code;
}

/* How late after its point an interrupt comes at least: of some stamps. */
static uint64_t least_beyond(struct kt_vmm *vm, unsigned int device, uint64_t grid,
			     const volatile uint64_t *stamps)
{
	uint64_t least = UINT64_MAX, beyond;
	unsigned int i;

	for (i = 0; i < STALL_NR_STAMPS / 4; i++) {
		stall_points(vm, device, grid, stamps[i], &beyond);
		least = beyond < least ? beyond : least;
	}
	return least;
}

/*
 * The grid as the guest has seen it before: half a period before the first tick, so that no tick
 * is near a point of it.
 */
static uint64_t grid_of(struct kt_vmm *vm, unsigned int device)
{
	return stall_device(vm, device)->first[0] - stall_cycles(vm, stall_period_ns(device) / 2);
}

static uint64_t newest(const struct stall_device *d)
{
	return d->last[(d->ticks - 1) % STALL_NR_STAMPS];
}

/* The last quarter of the stamps, in any order. */
static uint64_t least_beyond_now(struct kt_vmm *vm, unsigned int device, uint64_t grid)
{
	const struct stall_device *d = stall_device(vm, device);
	uint64_t stamps[STALL_NR_STAMPS / 4];
	unsigned int i;

	for (i = 0; i < STALL_NR_STAMPS / 4; i++)
		stamps[i] = d->last[(d->ticks - 1 - i) % STALL_NR_STAMPS];
	return least_beyond(vm, device, grid, stamps);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t catchup_ns(uint64_t debt_ns)
{
	/* At 4 times the rate three of four are from the debt. */
	return debt_ns / 3 + LAST_LEVELS_NS;
}

/* Between two neighbours, by the policy. */
static uint64_t least_interval_ns(struct kvm_timers_device_status *row, uint64_t period_ns)
{
	uint64_t bound_ns = kt_host_parameter("kvm_timers", "min_period_us") * 1000;

	if (row->policy != KVM_TIMERS_POLICY_CATCHUP)
		return period_ns;
	period_ns = period_ns * 100 / row->catchup_max_rate_pct;
	return period_ns > bound_ns ? period_ns : bound_ns;
}

#define STALL(stop_ns) do {								\
	const struct stall_device *d;							\
	unsigned int device = variant->device;						\
	uint64_t limit_ns, debt_ns, beyond, first;					\
											\
	if (!getenv("KT_EXACT"))							\
		SKIP(return, "for the deterministic lab");				\
	ASSERT_EQ(0, stall_create(&self->vm, 1U << device, variant->policy));		\
	d = stall_device(&self->vm, device);						\
	stall_take(&self->vm, BEFORE_NS);						\
	ASSERT_GE(d->ticks, STALL_NR_STAMPS / 4);					\
	self->before = stall_status(&self->vm);						\
	ASSERT_EQ(0, lost(row(&self->before, device)));					\
	self->grid = grid_of(&self->vm, device);					\
	self->phase_ns = least_beyond(&self->vm, device, self->grid, d->first);		\
	limit_ns = row(&self->before, device)->catchup_limit_ms * NS_PER_MS;		\
	debt_ns = (stop_ns) < limit_ns ? (stop_ns) : limit_ns;				\
	ASSERT_EQ(true, stop_and_go_on(&self->vm, stop_ns,				\
				       variant->policy == KVM_TIMERS_POLICY_CATCHUP ?	\
				       catchup_ns(debt_ns) : AFTER_NS));		\
	self->after = stall_status(&self->vm);						\
	self->missed = stall_points(&self->vm, device, self->grid, d->gap_to, &beyond) -	\
		       stall_points(&self->vm, device, self->grid, d->gap_from, &beyond);	\
	first = stall_points(&self->vm, device, self->grid, d->first[0], &beyond);	\
	self->points = stall_points(&self->vm, device, self->grid, newest(d), &beyond) - first + 1; \
	self->ticks = d->ticks;								\
	TH_LOG("%s: %llu points, %llu missed, %llu ticks, %llu owed, %llu merged, %llu dropped, %llu given up, phase %llu and %llu ns, %llu ns for %u", \
	       stall_periods[device].name, (unsigned long long)self->points,		\
	       (unsigned long long)self->missed, (unsigned long long)self->ticks,	\
	       row(&self->after, device)->owed, row(&self->after, device)->stats.merged,	\
	       row(&self->after, device)->stats.dropped,				\
	       row(&self->after, device)->stats.given_up,				\
	       (unsigned long long)self->phase_ns,					\
	       (unsigned long long)least_beyond_now(&self->vm, device, self->grid),	\
	       (unsigned long long)stall_ns(&self->vm, d->least_run), STALL_RUN_LENGTH); \
} while (0)

/* What the guest has counted is what it is owed. */
#define COUNTED(stop_ns) do {								\
	struct kvm_timers_device_status *now = row(&self->after, variant->device);	\
	uint64_t period_ns = stall_period_ns(variant->device);				\
	uint64_t max = now->catchup_limit_ms * NS_PER_MS / period_ns, debt, kept;	\
	const struct stall_device *d = stall_device(&self->vm, variant->device);	\
											\
	EXPECT_GE(self->missed, (stop_ns) / period_ns);					\
	EXPECT_EQ(self->points, self->ticks + lost(now) + now->owed);			\
	EXPECT_EQ(self->ticks, now->stats.delivered);					\
	/* The newest is no debt. One may have been on its way when the process was stopped. */ \
	debt = self->missed - (variant->policy == KVM_TIMERS_POLICY_CATCHUP);		\
	kept = debt < max ? debt : max;							\
	switch (variant->policy) {							\
	case KVM_TIMERS_POLICY_CATCHUP:							\
		EXPECT_EQ(0, now->owed);						\
		EXPECT_EQ(now->stats.given_up, lost(now));				\
		EXPECT_LE(distance(now->stats.given_up, debt - kept), 1);		\
		break;									\
	case KVM_TIMERS_POLICY_DELAY:							\
		EXPECT_LE(distance(now->owed, kept), 1);				\
		EXPECT_EQ(now->stats.given_up, lost(now));				\
		EXPECT_LE(distance(now->stats.given_up, debt - kept), 1);		\
		break;									\
	case KVM_TIMERS_POLICY_MERGE:							\
		EXPECT_EQ(0, now->owed);						\
		EXPECT_LE(distance(now->stats.merged, self->missed - 1), 1);		\
		EXPECT_EQ(now->stats.merged, lost(now));				\
		break;									\
	default:									\
		EXPECT_EQ(0, now->owed);						\
		EXPECT_LE(distance(now->stats.dropped, self->missed), 1);		\
		EXPECT_EQ(now->stats.dropped, lost(now));				\
		break;									\
	}										\
	EXPECT_LE(distance(self->phase_ns,						\
			   least_beyond_now(&self->vm, variant->device, self->grid)),	\
		  MAX_PHASE_NS);							\
	/* What is merged comes at once, and the next one is on the grid. */		\
	EXPECT_GE(stall_ns(&self->vm, d->least_run) + MAX_JITTER_NS,			\
		  (STALL_RUN_LENGTH - 1) * least_interval_ns(now, period_ns));		\
} while (0)

TEST_F_TIMEOUT(stall, of_half_a_second, SLOW_TIMEOUT)
{
	STALL(500 * NS_PER_MS);
	COUNTED(500 * NS_PER_MS);
}

TEST_F_TIMEOUT(stall, of_5_seconds, SLOW_TIMEOUT)
{
	STALL(5000 * NS_PER_MS);
	COUNTED(5000 * NS_PER_MS);
}

TEST_F_TIMEOUT(stall, of_2_minutes, 600)
{
	STALL(120000 * NS_PER_MS);
	COUNTED(120000 * NS_PER_MS);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
