// SPDX-License-Identifier: GPL-2.0-only
/*
 * A status takes no lock, and is of one instant all the same: of a guest that ticks meanwhile each
 * tick is accounted for in every one of them, and nothing goes back.
 */
#include <signal.h>

#include "harness.h"
#include "tick_cmds.h"

/* As fast as it may be, so that a tick comes between in as many looks as can be. */
#define COUNT		239

/* An emulated host runs its CPUs in turns, and seldom ends one in the middle of a look. */
#define LOOK_NS		(15 * KT_NSEC_PER_SEC)

FIXTURE(status) {
	struct kt_vmm vm;
	pthread_t thread;
	volatile bool is_over;
};

static void wake(int signal)
{
}

static void *run(void *arg)
{
	FIXTURE_DATA(status) *self = arg;

	while (!self->is_over)
		kt_vmm_run(&self->vm, 0);
	return NULL;
}

FIXTURE_SETUP(status)
{
	struct kt_vmm_config config = { .policy.policy = KVM_TIMERS_POLICY_CATCHUP };
	const struct sigaction action = { .sa_handler = wake };

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	self->vm.shared->arg[0] = KT_PIN_IOAPIC_2;
	self->vm.shared->arg[1] = COUNT;
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, TICK_START));
	self->vm.shared->cmd = TICK_UNTIL;
	self->vm.shared->arg[0] = UINT64_MAX;
	self->vm.shared->arg[1] = 0;
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, run, self));
}

FIXTURE_TEARDOWN(status)
{
	self->is_over = true;
	pthread_kill(self->thread, SIGUSR1);
	pthread_join(self->thread, NULL);
	kt_vmm_destroy(&self->vm);
}

/* Each interrupt that was delivered was late by something. */
static bool is_whole(const struct kvm_timers_status *status)
{
	const struct kvm_timers_device_status *row = &status->device[KVM_TIMERS_DEVICE_PIT];
	uint64_t late = 0;
	unsigned int i;

	for (i = 0; i < KVM_TIMERS_LATE_BUCKETS; i++)
		late += row->late[i];
	return kt_host_conserved(status) && late == row->stats.delivered;
}

/* What only grows. */
static bool is_after(const struct kvm_timers_status *now, const struct kvm_timers_status *before)
{
	const struct kvm_timers_device_status *a = &before->device[KVM_TIMERS_DEVICE_PIT];
	const struct kvm_timers_device_status *b = &now->device[KVM_TIMERS_DEVICE_PIT];

	return now->guest_ns >= before->guest_ns && b->stats.due >= a->stats.due &&
	       b->stats.delivered >= a->stats.delivered && b->stats.dropped >= a->stats.dropped &&
	       b->reads >= a->reads && b->writes >= a->writes;
}

TEST_F_TIMEOUT(status, is_of_one_instant, SLOW_TIMEOUT)
{
	struct kvm_timers_status before, now;
	unsigned int looks = 0, torn = 0, back = 0;
	uint64_t first, end_ns;

	ASSERT_EQ(0, kt_vmm_status(&self->vm, &before));
	first = before.device[KVM_TIMERS_DEVICE_PIT].stats.delivered;
	end_ns = kt_host_now() + LOOK_NS;
	for (; kt_host_now() < end_ns; looks++) {
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &now));
		torn += !is_whole(&now);
		back += !is_after(&now, &before);
		before = now;
	}
	EXPECT_EQ(0, torn);
	EXPECT_EQ(0, back);
	/* Else it has shown nothing. */
	EXPECT_GT(now.device[KVM_TIMERS_DEVICE_PIT].stats.delivered, first);
	printf("# %llu ticks in %u looks\n",
	       (unsigned long long)(now.device[KVM_TIMERS_DEVICE_PIT].stats.delivered - first), looks);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
