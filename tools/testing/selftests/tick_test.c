// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ticks that a guest could not take are given back as the policy says, and every
 * one of them is in the account: by PIC and IOAPIC, to a guest that spins and to
 * one that is halted, whether its thread was away or its whole process stopped.
 */
#include <signal.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "kt_trace.h"
#include "tick_cmds.h"

#define COUNT_1KHZ		1193
#define BEFORE_GAP		100
#define AFTER_GAP		20
#define GAP_NS			(1200 * 1000 * 1000ULL)

/* The gap may begin and end within a period. */
#define GRID_EDGES		2

/* What the guest has been given, but has not yet taken when it looks away. */
#define MAX_IN_FLIGHT		1

FIXTURE(tick) {
	struct kt_vmm vm;
	struct kvm_timers_status before;
	struct kvm_timers_status after;
	uint64_t seen;
};

FIXTURE_VARIANT(tick) {
	enum kt_pin pin;
	bool spin;
};

FIXTURE_VARIANT_ADD(tick, pic_hlt) {
	.pin = KT_PIN_PIC,
};

FIXTURE_VARIANT_ADD(tick, pic_spin) {
	.pin = KT_PIN_PIC,
	.spin = true,
};

FIXTURE_VARIANT_ADD(tick, ioapic_hlt) {
	.pin = KT_PIN_IOAPIC_2,
};

FIXTURE_VARIANT_ADD(tick, ioapic_spin) {
	.pin = KT_PIN_IOAPIC_2,
	.spin = true,
};

FIXTURE_SETUP(tick)
{
}

FIXTURE_TEARDOWN(tick)
{
	if (self->vm.mem && self->vm.shared->ghosts)
		TH_LOG("%llu ghost interrupts", (unsigned long long)self->vm.shared->ghosts);
	kt_vmm_destroy(&self->vm);
}

static bool until(struct kt_vmm *vm, uint64_t ticks, bool spin)
{
	enum kt_vmm_event event;

	vm->shared->arg[0] = ticks;
	vm->shared->arg[1] = spin;
	event = kt_vmm_command(vm, TICK_UNTIL);
	while (event == KT_VMM_INTERRUPTED)
		event = kt_vmm_run(vm, 0);
	return event == KT_VMM_DONE;
}

static bool start(struct kt_vmm *vm, uint32_t policy, enum kt_pin pin, bool spin)
{
	struct kt_vmm_config config = { .policy = { .policy = policy } };

	if (kt_vmm_create(vm, &config))
		return false;
	vm->shared->arg[0] = pin;
	vm->shared->arg[1] = COUNT_1KHZ;
	return kt_vmm_command(vm, TICK_START) == KT_VMM_DONE && until(vm, BEFORE_GAP, spin);
}

/* The guest ends its ticks; settle all that is owed, so that nothing is in flight. */
static bool stop(struct kt_vmm *vm, struct kvm_timers_status *status)
{
	if (kt_vmm_command(vm, TICK_STOP) != KT_VMM_DONE || kt_vmm_status(vm, status))
		return false;

	vm->shared->arg[0] = COUNT_1KHZ;
	while (status->device[KVM_TIMERS_DEVICE_PIT].owed)
		if (kt_vmm_command(vm, TICK_SETTLE) != KT_VMM_DONE ||
		    kt_vmm_status(vm, status))
			return false;
	return kt_vmm_command(vm, TICK_SETTLE) == KT_VMM_DONE && !kt_vmm_status(vm, status);
}

static struct kvm_timers_tick_stats *stats(struct kvm_timers_status *status)
{
	return &status->device[KVM_TIMERS_DEVICE_PIT].stats;
}

static uint64_t least_due(void)
{
	return kt_host_clks_floor(GAP_NS) / COUNT_1KHZ - GRID_EDGES;
}

/* One gap, and what the account says on both sides of it. */
#define GAP(chosen) do {								\
	ASSERT_EQ(true, start(&self->vm, chosen, variant->pin, variant->spin));		\
	self->seen = self->vm.shared->ticks;						\
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->before));				\
	EXPECT_EQ(true, kt_host_conserved(&self->before));				\
	kt_host_wait_until(kt_host_now() + GAP_NS);					\
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));				\
	EXPECT_EQ(true, kt_host_conserved(&self->after));				\
	EXPECT_EQ(chosen, self->after.device[KVM_TIMERS_DEVICE_PIT].policy);		\
	EXPECT_GE(stats(&self->after)->due - stats(&self->before)->due, least_due());	\
	EXPECT_LE(stats(&self->after)->delivered, self->seen + MAX_IN_FLIGHT);		\
} while (0)

/* Nothing in flight, nothing owed: both sides have counted the same. */
#define STOP() do {									\
	ASSERT_EQ(true, stop(&self->vm, &self->after));					\
	EXPECT_EQ(self->vm.shared->ticks, stats(&self->after)->delivered);		\
	EXPECT_EQ(0, self->after.device[KVM_TIMERS_DEVICE_PIT].owed);			\
	EXPECT_EQ(0, stats(&self->after)->given_up);					\
	EXPECT_EQ(true, kt_host_conserved(&self->after));				\
} while (0)

TEST_F_TIMEOUT(tick, catchup_gives_all, SLOW_TIMEOUT)
{
	GAP(KVM_TIMERS_POLICY_CATCHUP);
	ASSERT_EQ(true, until(&self->vm, self->seen + least_due(), variant->spin));
	STOP();
	EXPECT_EQ(stats(&self->after)->due, stats(&self->after)->delivered);
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_GE(stats(&self->after)->caught_up, least_due() - MAX_IN_FLIGHT);
}

TEST_F_TIMEOUT(tick, merge_gives_one, SLOW_TIMEOUT)
{
	GAP(KVM_TIMERS_POLICY_MERGE);
	ASSERT_EQ(true, until(&self->vm, self->seen + AFTER_GAP, variant->spin));
	STOP();
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_GE(stats(&self->after)->merged, least_due() - MAX_IN_FLIGHT);
	EXPECT_EQ(stats(&self->after)->due, self->vm.shared->ticks + stats(&self->after)->merged);
}

/* One may have been on its way when the guest went away; the others are lost. */
TEST_F_TIMEOUT(tick, discard_gives_none, SLOW_TIMEOUT)
{
	GAP(KVM_TIMERS_POLICY_DISCARD);
	ASSERT_EQ(true, until(&self->vm, self->seen + AFTER_GAP, variant->spin));
	STOP();
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_GE(stats(&self->after)->dropped, least_due() - MAX_IN_FLIGHT);
	EXPECT_EQ(stats(&self->after)->due, self->vm.shared->ticks + stats(&self->after)->dropped);
}

/* What the guest has missed stays owed: the grid gives one for one. */
TEST_F_TIMEOUT(tick, delay_stays_behind, SLOW_TIMEOUT)
{
	GAP(KVM_TIMERS_POLICY_DELAY);
	ASSERT_EQ(true, until(&self->vm, self->seen + AFTER_GAP, variant->spin));
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, TICK_STOP));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
	EXPECT_GE(self->after.device[KVM_TIMERS_DEVICE_PIT].owed, least_due() - MAX_IN_FLIGHT);
	EXPECT_EQ(self->vm.shared->ticks, stats(&self->after)->delivered);
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_EQ(0, stats(&self->after)->given_up);
	EXPECT_EQ(true, kt_host_conserved(&self->after));
}

/* And is made up for when its owner wants that. */
TEST_F_TIMEOUT(tick, delay_until_catchup, SLOW_TIMEOUT)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= KVM_TIMERS_DEVICE_PIT,
		.tick	= { .policy = KVM_TIMERS_POLICY_CATCHUP },
	};

	GAP(KVM_TIMERS_POLICY_DELAY);
	ASSERT_EQ(true, until(&self->vm, self->seen + AFTER_GAP, variant->spin));
	ASSERT_EQ(0, ioctl(self->vm.timers, KVM_TIMERS_SET_POLICY, &set));
	ASSERT_EQ(true, until(&self->vm, self->seen + least_due(), variant->spin));
	STOP();
	EXPECT_EQ(stats(&self->after)->due, stats(&self->after)->delivered);
	EXPECT_GE(stats(&self->after)->caught_up, least_due() - MAX_IN_FLIGHT);
}

TEST_F_TIMEOUT(tick, catchup_after_sigstop, SLOW_TIMEOUT)
{
	uint64_t from = kt_host_now();
	int to_stopper, status;
	pid_t stopper;

	stopper = kt_host_stopper(&to_stopper, GAP_NS);
	ASSERT_GT(stopper, 0);
	ASSERT_EQ(true, start(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin, variant->spin));
	ASSERT_EQ(1, write(to_stopper, "", 1));
	while (!waitpid(stopper, &status, WNOHANG))
		ASSERT_EQ(true, until(&self->vm, self->vm.shared->ticks + AFTER_GAP,
				      variant->spin));
	EXPECT_EQ(0, status);
	EXPECT_GE(kt_host_now() - from, GAP_NS);
	STOP();
	EXPECT_EQ(stats(&self->after)->due, stats(&self->after)->delivered);
	EXPECT_GE(stats(&self->after)->due, least_due());
}

/* A policy set at run time takes what is owed with it. */
TEST_F_TIMEOUT(tick, set_policy_drops_debt, SLOW_TIMEOUT)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= KVM_TIMERS_DEVICE_PIT,
		.tick	= { .policy = KVM_TIMERS_POLICY_DISCARD },
	};
	uint64_t taken;

	GAP(KVM_TIMERS_POLICY_CATCHUP);
	ASSERT_EQ(true, until(&self->vm, self->seen + AFTER_GAP, variant->spin));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
	/* On a slow host more came before the guest could say that it had its number. */
	taken = self->vm.shared->ticks - self->seen + MAX_IN_FLIGHT;
	ASSERT_LT(taken, least_due());
	EXPECT_GE(self->after.device[KVM_TIMERS_DEVICE_PIT].owed, least_due() - taken);
	ASSERT_EQ(0, ioctl(self->vm.timers, KVM_TIMERS_SET_POLICY, &set));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
	EXPECT_EQ(KVM_TIMERS_POLICY_DISCARD, self->after.device[KVM_TIMERS_DEVICE_PIT].policy);
	EXPECT_GE(stats(&self->after)->dropped, least_due() - taken);
	EXPECT_EQ(true, kt_host_conserved(&self->after));
	STOP();
	EXPECT_EQ(stats(&self->after)->due, self->vm.shared->ticks + stats(&self->after)->dropped);
}

/* Of a vCPU that runs, the alarm makes what the IOAPIC would make of the edge. */
TEST_F_TIMEOUT(tick, passes_the_controllers, SLOW_TIMEOUT)
{
	bool through_pic = variant->pin == KT_PIN_PIC;
	unsigned int pulses;

	SKIP_IF_PLAIN();
	if (!through_pic && !variant->spin)
		SKIP(return, "one that halts may be found before it does, or after");
	ASSERT_EQ(true, start(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin, variant->spin));
	ASSERT_EQ(true, kt_trace_open("kvm/kvm_set_irq", NULL));
	kt_trace_clear();
	self->seen = self->vm.shared->ticks;
	ASSERT_EQ(true, until(&self->vm, self->seen + BEFORE_GAP, variant->spin));
	pulses = kt_trace_count("gsi 0 level 1");
	kt_trace_close();
	if (through_pic) {
		EXPECT_GE(pulses, BEFORE_GAP);
	} else {
		/* The host may have taken the CPU away from it at times. */
		EXPECT_LE(pulses, BEFORE_GAP / 2);
	}
	ASSERT_EQ(true, stop(&self->vm, &self->after));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
