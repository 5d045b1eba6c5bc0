// SPDX-License-Identifier: GPL-2.0-only
/*
 * A halted guest is served by a worker, and its own thread may come back in the
 * middle of that: woken by signals, as VMMs do. Whoever serves, each interrupt
 * that the account holds is one that the guest has counted. See race.sh, which
 * makes the middle long.
 */
#include <signal.h>
#include <sys/time.h>

#include "harness.h"
#include "tick_cmds.h"

#define COUNT_1KHZ	1193
#define TICKS		200
#define LINGER_EACH	8
/* Longer than three periods. */
#define LINGER_CLKS	4773
#define SIGNAL_US	1700

FIXTURE(race) {
	struct kt_vmm vm;
	struct kvm_timers_status status;
	struct kvm_timers_tick_stats *stats;
};

FIXTURE_VARIANT(race) {
	enum kt_pin pin;
};

FIXTURE_VARIANT_ADD(race, pic) {
	.pin = KT_PIN_PIC,
};

FIXTURE_VARIANT_ADD(race, ioapic) {
	.pin = KT_PIN_IOAPIC_2,
};

static void awake(int signal)
{
}

static void disturb(unsigned int us)
{
	struct itimerval timer = { .it_interval.tv_usec = us, .it_value.tv_usec = us };
	struct sigaction action = { .sa_handler = awake };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* The alarm of the harness is for another process. */
FIXTURE_SETUP(race)
{
	self->stats = &self->status.device[KVM_TIMERS_DEVICE_PIT].stats;
}

FIXTURE_TEARDOWN(race)
{
	disturb(0);
	kt_vmm_destroy(&self->vm);
}

static bool command(struct kt_vmm *vm, enum tick_cmd cmd, uint64_t arg0, uint64_t arg1)
{
	enum kt_vmm_event event;

	vm->shared->arg[0] = arg0;
	vm->shared->arg[1] = arg1;
	event = kt_vmm_command(vm, cmd);
	while (event == KT_VMM_INTERRUPTED)
		event = kt_vmm_run(vm, 0);
	return event == KT_VMM_DONE;
}

TEST_F_TIMEOUT(race, guest_counts_what_it_is_given, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = { .policy.policy = KVM_TIMERS_POLICY_CATCHUP };

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	ASSERT_EQ(true, command(&self->vm, TICK_LINGER, LINGER_EACH, LINGER_CLKS));
	disturb(SIGNAL_US);
	ASSERT_EQ(true, command(&self->vm, TICK_START, variant->pin, COUNT_1KHZ));
	ASSERT_EQ(true, command(&self->vm, TICK_UNTIL, TICKS, false));
	disturb(0);
	ASSERT_EQ(true, command(&self->vm, TICK_LINGER, 0, 0));
	ASSERT_EQ(true, command(&self->vm, TICK_STOP, 0, 0));
	do {
		ASSERT_EQ(true, command(&self->vm, TICK_SETTLE, COUNT_1KHZ, 0));
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->status));
	} while (self->status.device[KVM_TIMERS_DEVICE_PIT].owed);
	ASSERT_EQ(true, command(&self->vm, TICK_SETTLE, COUNT_1KHZ, 0));
	EXPECT_EQ(self->stats->delivered, self->vm.shared->ticks);
	EXPECT_EQ(true, kt_host_conserved(&self->status));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
