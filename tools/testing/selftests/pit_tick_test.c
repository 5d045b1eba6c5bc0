// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupts of the PIT: none too early, none lost, none made up, by the PIC
 * and by either pin of the IOAPIC, and as NMIs by LVT0.
 */
#include "harness.h"
#include "pit_cmds.h"

#define MODE0			0x30
#define MODE2			0x34
#define MODE4			0x38
#define COUNT_1KHZ		1193
#define TICKS			500
#define ONE_SHOTS		20
#define NMIS			100

/* 10 ms and 50 ms of CLK. */
#define DRAIN_CLKS		11932
#define WATCH_CLKS		59659

/* A write takes effect with the next CLK, and a span may end within one. */
#define CLK_EDGES		2

/* What the guest has been given, but has not yet taken when it looks away. */
#define MAX_IN_FLIGHT		1

FIXTURE(ticks) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(ticks) {
	enum kt_pin pin;
};

FIXTURE_VARIANT_ADD(ticks, pic) {
	.pin = KT_PIN_PIC,
};

FIXTURE_VARIANT_ADD(ticks, ioapic_pin2) {
	.pin = KT_PIN_IOAPIC_2,
};

FIXTURE_VARIANT_ADD(ticks, ioapic_pin0) {
	.pin = KT_PIN_IOAPIC_0,
};

FIXTURE_SETUP(ticks)
{
	struct kt_vmm_config config = {
		.kvm_routing	= variant->pin == KT_PIN_IOAPIC_0,
		.policy		= { .policy = KVM_TIMERS_POLICY_DISCARD },
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	self->vm.shared->arg[0] = variant->pin;
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_SETUP));
}

FIXTURE_TEARDOWN(ticks)
{
	kt_vmm_destroy(&self->vm);
}

static enum kt_vmm_event command(struct kt_vmm *vm, enum pit_cmd cmd, uint64_t arg1)
{
	vm->shared->arg[1] = arg1;
	return kt_vmm_command(vm, cmd);
}

static enum kt_vmm_event program(struct kt_vmm *vm, uint8_t control, uint16_t count, int bytes)
{
	vm->shared->arg[2] = count;
	vm->shared->arg[3] = bytes;
	return command(vm, PIT_PROGRAM, control);
}

/* Edges that the account must hold, by the host's clock around write and reading. */
TEST_F_TIMEOUT(ticks, one_kilohertz, SLOW_TIMEOUT)
{
	struct kt_vmm_vcpu *vcpu = &self->vm.vcpu[0];
	struct kvm_timers_device_status *pit;
	struct kvm_timers_status status;
	uint64_t from, to, before, after, seen;

	ASSERT_EQ(KT_VMM_DONE, program(&self->vm, MODE2, COUNT_1KHZ, 2));
	from = vcpu->entered_ns;
	to = vcpu->exited_ns;
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_COUNT, TICKS));
	seen = self->vm.shared->ticks;
	EXPECT_GE(seen, TICKS);
	EXPECT_GE(vcpu->exited_ns - from, kt_host_clks_to_ns(seen * COUNT_1KHZ));
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x40, 0x43));
	if (kt_host_plain())
		return;

	before = kt_host_now();
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	after = kt_host_now();
	pit = &status.device[KVM_TIMERS_DEVICE_PIT];
	EXPECT_GE(pit->stats.due,
		  (kt_host_clks_floor(before - to) - CLK_EDGES) / COUNT_1KHZ);
	EXPECT_LE(pit->stats.due, (kt_host_clks_floor(after - from) + CLK_EDGES) / COUNT_1KHZ);
	EXPECT_EQ(kt_host_clks_to_ns(COUNT_1KHZ), pit->period_ns);
	EXPECT_GE(pit->stats.delivered, seen);
	EXPECT_LE(pit->stats.delivered, seen + MAX_IN_FLIGHT);
	EXPECT_EQ(true, kt_host_conserved(&status));
}

/* A control word alone ends the counting; what came in is what was delivered. */
TEST_F_TIMEOUT(ticks, control_word_stops, SLOW_TIMEOUT)
{
	struct kvm_timers_status status, later;
	uint64_t seen;

	ASSERT_EQ(KT_VMM_DONE, program(&self->vm, MODE2, COUNT_1KHZ, 2));
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_COUNT, TICKS / 10));
	ASSERT_EQ(KT_VMM_DONE, program(&self->vm, MODE0, 0, 0));
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_SETTLE, DRAIN_CLKS));
	seen = self->vm.shared->ticks;
	if (!kt_host_plain()) {
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
		EXPECT_EQ(seen, status.device[KVM_TIMERS_DEVICE_PIT].stats.delivered);
		EXPECT_EQ(0, status.device[KVM_TIMERS_DEVICE_PIT].owed);
	}

	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_SETTLE, WATCH_CLKS));
	EXPECT_EQ(seen, self->vm.shared->ticks);
	if (!kt_host_plain()) {
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &later));
		EXPECT_EQ(status.device[KVM_TIMERS_DEVICE_PIT].stats.due,
			  later.device[KVM_TIMERS_DEVICE_PIT].stats.due);
		EXPECT_EQ(true, kt_host_conserved(&later));
	}
}

/* One count, one interrupt; the guest makes the claims. */
TEST_F_TIMEOUT(ticks, one_shot_mode0, SLOW_TIMEOUT)
{
	self->vm.shared->arg[2] = ONE_SHOTS;
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_ONE_SHOT, MODE0));
	EXPECT_EQ(ONE_SHOTS, self->vm.shared->ticks);
}

TEST_F_TIMEOUT(ticks, one_shot_mode4, SLOW_TIMEOUT)
{
	self->vm.shared->arg[2] = ONE_SHOTS;
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_ONE_SHOT, MODE4));
	EXPECT_EQ(ONE_SHOTS, self->vm.shared->ticks);
}

/* Mode 3 interrupts once a period, odd counts included. */
TEST_F_TIMEOUT(ticks, mode3_period, SLOW_TIMEOUT)
{
	uint64_t from;

	ASSERT_EQ(KT_VMM_DONE, program(&self->vm, 0x36, COUNT_1KHZ, 2));
	from = self->vm.vcpu[0].entered_ns;
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_COUNT, TICKS / 10));
	EXPECT_GE(self->vm.vcpu[0].exited_ns - from,
		  kt_host_clks_to_ns(TICKS / 10 * COUNT_1KHZ));
}

/* The NMI watchdog: LVT0 in NMI mode, every other way masked. */
TEST_F_TIMEOUT(ticks, nmi_by_lvt0, SLOW_TIMEOUT)
{
	uint64_t from;

	ASSERT_EQ(KT_VMM_DONE, program(&self->vm, MODE2, COUNT_1KHZ, 2));
	from = self->vm.vcpu[0].entered_ns;
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_NMI, NMIS));
	EXPECT_GE(self->vm.vcpu[0].exited_ns - from, kt_host_clks_to_ns(NMIS * COUNT_1KHZ));
	EXPECT_EQ(0, self->vm.shared->ticks);
}

/* What waits in the 8259 comes in when LVT0 is opened. */
TEST_F_TIMEOUT(ticks, opened_lvt0, SLOW_TIMEOUT)
{
	unsigned int i, waited = 0;

	if (kt_host_plain() || variant->pin != KT_PIN_PIC)
		SKIP(return, "of the 8259, and plain KVM forgets it");
	ASSERT_EQ(KT_VMM_DONE, program(&self->vm, MODE2, COUNT_1KHZ, 2));
	for (i = 0; i < ONE_SHOTS; i++) {
		ASSERT_EQ(KT_VMM_SYNC, kt_vmm_command(&self->vm, PIT_LINT0));
		waited += self->vm.shared->call[0].val[0];
		ASSERT_EQ(KT_VMM_DONE, kt_vmm_run(&self->vm, 0));
	}
	EXPECT_LT(0, waited);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
