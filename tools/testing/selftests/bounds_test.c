// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever a guest does with its timers, neither what it is owed nor what it costs the host grows
 * beyond the bounds: one that never takes an interrupt, that masks its inputs, that halts for ever,
 * that programs the shortest period, and that programs another one a hundred thousand times. The
 * host's work is what is left to somebody who does nothing but count. For the deterministic lab.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "kt_spare.h"
#include "stall_vm.h"

#define LIMIT_MS		300
/* A pin that stays blocked is looked at so often at least. */
#define LOOK_MS			10

#define LONG_NS			(1000 * NS_PER_MS)
#define WAVERS			25000

/* Some 12 000 instructions for each alarm, of which there is one in min_period_us; in percent. */
#define MOST_WORK		8

/* Nothing but the host's own timers. */
#define NO_WORK			1

FIXTURE(bounds) {
	struct kt_vmm vm;
	uint64_t alone;
};

FIXTURE_VARIANT(bounds) {
	unsigned int device;
};

FIXTURE_VARIANT_ADD(bounds, pit) {
	.device = KVM_TIMERS_DEVICE_PIT,
};

FIXTURE_VARIANT_ADD(bounds, rtc) {
	.device = KVM_TIMERS_DEVICE_RTC,
};

FIXTURE_VARIANT_ADD(bounds, hpet) {
	.device = KVM_TIMERS_DEVICE_HPET,
};

FIXTURE_VARIANT_ADD(bounds, lapic) {
	.device = KVM_TIMERS_DEVICE_LAPIC,
};

/* Rounds that the guest makes without looking at an interrupt. */
static uint64_t ignore(struct kt_vmm *vm)
{
	stall_do(vm, STALL_IGNORE, stall_cycles(vm, LONG_NS));
	return ((struct stall_page *)(vm->mem + STALL_PAGE_GPA))->rounds;
}

static struct kvm_timers_device_status row_of(struct kt_vmm *vm, unsigned int device)
{
	return stall_status(vm).device[device];
}

static int set_limit(struct kt_vmm *vm, unsigned int device)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= device,
		.tick	= {
			.policy			= KVM_TIMERS_POLICY_CATCHUP,
			.catchup_limit_ms	= LIMIT_MS,
		},
	};

	return ioctl(vm->timers, KVM_TIMERS_SET_POLICY, &set) ? errno : 0;
}

FIXTURE_SETUP(bounds)
{
	ASSERT_EQ(0, stall_create_quiet(&self->vm, 1U << variant->device, KVM_TIMERS_POLICY_CATCHUP));
	ASSERT_EQ(0, set_limit(&self->vm, variant->device));
	/* The first time of anything is longer. */
	ignore(&self->vm);
	self->alone = ignore(&self->vm);
	stall_do(&self->vm, STALL_START, 1U << variant->device);
}

FIXTURE_TEARDOWN(bounds)
{
	kt_vmm_destroy(&self->vm);
}

/* Percent of the rounds that somebody else has had. */
static unsigned int work(uint64_t alone, uint64_t rounds)
{
	return rounds < alone ? (alone - rounds) * 100 / alone : 0;
}

/* Beside the debt one may be held, and others not be seen yet. */
#define OWED_WITHIN_THE_LIMIT(period_ns)						\
	EXPECT_LE(row_of(&self->vm, variant->device).owed,				\
		  (LIMIT_MS + LOOK_MS) * NS_PER_MS / (period_ns) + 1)

TEST_F_TIMEOUT(bounds, never_taken, 600)
{
	unsigned int percent;

	percent = work(self->alone, ignore(&self->vm));
	TH_LOG("%u %% of the CPU", percent);
	EXPECT_LE(percent, MOST_WORK);
	OWED_WITHIN_THE_LIMIT(stall_period_ns(variant->device));
	EXPECT_LT(0, row_of(&self->vm, variant->device).owed);
	EXPECT_LT(0, row_of(&self->vm, variant->device).stats.given_up);
}

TEST_F_TIMEOUT(bounds, masked, 600)
{
	struct kvm_timers_device_status before;
	unsigned int percent;

	stall_do(&self->vm, STALL_MASK, 1U << variant->device);
	stall_do(&self->vm, STALL_HURRY, 1U << variant->device);
	ignore(&self->vm);
	before = row_of(&self->vm, variant->device);
	percent = work(self->alone, ignore(&self->vm));
	TH_LOG("%u %% of the CPU", percent);
	EXPECT_LE(percent, NO_WORK);
	EXPECT_EQ(before.owed, row_of(&self->vm, variant->device).owed);
}

TEST_F_TIMEOUT(bounds, shortest_period, 600)
{
	unsigned int percent;

	stall_do(&self->vm, STALL_HURRY, 1U << variant->device);
	percent = work(self->alone, ignore(&self->vm));
	TH_LOG("%u %% of the CPU", percent);
	EXPECT_LE(percent, MOST_WORK);
	OWED_WITHIN_THE_LIMIT(kt_host_parameter("kvm_timers", "min_period_us") * 1000);
}

TEST_F_TIMEOUT(bounds, ever_another_rate, 600)
{
	unsigned int percent, i;

	for (i = 0; i < 4; i++) {
		self->vm.shared->arg[1] = WAVERS;
		stall_do(&self->vm, STALL_WAVER, 1U << variant->device);
		/* Two milliseconds are the longest of the periods. */
		OWED_WITHIN_THE_LIMIT(1000);
	}
	stall_do(&self->vm, STALL_START, 1U << variant->device);
	percent = work(self->alone, ignore(&self->vm));
	TH_LOG("%u %% of the CPU", percent);
	EXPECT_LE(percent, MOST_WORK);
	OWED_WITHIN_THE_LIMIT(stall_period_ns(variant->device));
}

static void *die(void *arg)
{
	struct kt_vmm *vm = arg;

	vm->shared->cmd = STALL_DIE;
	kt_vmm_run(vm, 0);
	return NULL;
}

static uint64_t count_for(uint64_t ns)
{
	uint64_t from = kt_spare_rounds();

	kt_host_wait_until(kt_host_now() + ns);
	return kt_spare_rounds() - from;
}

TEST_F_TIMEOUT(bounds, halted_for_ever, 600)
{
	const struct sched_param usual = { };
	pthread_t vcpu;
	unsigned int percent;
	uint64_t alone;

	ASSERT_EQ(true, kt_spare_start());
	alone = count_for(LONG_NS);
	stall_do(&self->vm, STALL_HURRY, 1U << variant->device);
	ASSERT_EQ(0, pthread_create(&vcpu, NULL, die, &self->vm));
	ASSERT_EQ(0, pthread_setschedparam(vcpu, SCHED_OTHER, &usual));
	count_for(LONG_NS / 10);
	percent = work(alone, count_for(LONG_NS));
	TH_LOG("%u %% of the CPU", percent);
	EXPECT_LE(percent, MOST_WORK);
	OWED_WITHIN_THE_LIMIT(kt_host_parameter("kvm_timers", "min_period_us") * 1000);
	pthread_kill(vcpu, SIGUSR1);
	pthread_join(vcpu, NULL);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	kt_host_require_exact();
	return harness_main(argc, argv);
}
