// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TSC-deadline mode of the LAPIC timer: one interrupt once the guest's TSC, and not
 * any other, is there, whoever has moved it; and the ways into the mode and out of it.
 */
#include "lapic_vm.h"

#define FAR_NS			(1000 * NS_PER_MS)
#define NEAR_NS			(200 * NS_PER_MS)
#define DISTANCES		12
#define ARMINGS			200
#define STEP_NS			(100 * 1000ULL)

FIXTURE(deadline) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(deadline) {
	bool x2apic;
};

FIXTURE_VARIANT_ADD(deadline, xapic) {
};

FIXTURE_VARIANT_ADD(deadline, x2apic) {
	.x2apic = true,
};

FIXTURE_SETUP(deadline)
{
	struct kt_vmm_config config = { 0 };

	ASSERT_EQ(0, lapic_create(&self->vm, &config, variant->x2apic));
	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
}

FIXTURE_TEARDOWN(deadline)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

static uint64_t arm(struct kt_vmm *vm, uint64_t ns)
{
	lapic_do(vm, LAPIC_ARM, lapic_cycles_up(vm, ns), 0, 0);
	return lapic_vcpu(vm, 0)->deadline;
}

static bool is_pending(struct kt_vmm *vm)
{
	return lapic_read(vm, LAPIC_REG_IRR + LAPIC_VEC / 32 * 16) & 1U << LAPIC_VEC % 32;
}

TEST_F_TIMEOUT(deadline, l2_past, SLOW_TIMEOUT)
{
	lapic_do(&self->vm, LAPIC_PAST, 5000, 4000, 0);
	EXPECT_EQ(1, lapic_vcpu(&self->vm, 0)->ok);
	EXPECT_EQ(0, lapic_vcpu(&self->vm, 0)->access.val);
	EXPECT_EQ(true, is_pending(&self->vm));
	lapic_wait(&self->vm, 1, false);
	EXPECT_EQ(1, lapic_open(&self->vm, QUIET_NS));
	EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
}

TEST_F_TIMEOUT(deadline, l3_no_count, SLOW_TIMEOUT)
{
	lapic_write(&self->vm, LAPIC_REG_TMICT, 123);
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	lapic_write(&self->vm, LAPIC_REG_LVTT, LAPIC_VEC);
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
}

TEST_F_TIMEOUT(deadline, l5_disarm, SLOW_TIMEOUT)
{
	uint64_t deadline = arm(&self->vm, FAR_NS);

	EXPECT_EQ(deadline, lapic_rdmsr(&self->vm, MSR_DEADLINE));
	EXPECT_EQ(true, lapic_wrmsr(&self->vm, MSR_DEADLINE, 0));
	EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
	lapic_do(&self->vm, LAPIC_OPEN, deadline - lapic_vcpu(&self->vm, 0)->access.to +
		 lapic_cycles_up(&self->vm, QUIET_NS), 0, 0);
	EXPECT_EQ(0, lapic_irqs(&self->vm));
	EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
}

/* What has been asked for is not taken back. */
TEST_F_TIMEOUT(deadline, disarm_is_too_late, SLOW_TIMEOUT)
{
	arm(&self->vm, 0);
	while (!is_pending(&self->vm))
		;
	EXPECT_EQ(true, lapic_wrmsr(&self->vm, MSR_DEADLINE, 0));
	lapic_wait(&self->vm, 1, false);
}

TEST_F_TIMEOUT(deadline, never_early, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t deadline;
	unsigned int i;

	for (i = 0; i < 2 * DISTANCES; i++) {
		deadline = arm(&self->vm, 1000ULL << i / 2);
		lapic_wait(&self->vm, i + 1, i % 2);
		EXPECT_GE(vcpu->stamps[i], deadline);
		EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
		EXPECT_EQ(i + 1, lapic_irqs(&self->vm));
	}
}

/* The guest's handler judges each of them. */
TEST_F_TIMEOUT(deadline, armed_in_the_handler, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);

	vcpu->rearm = LAPIC_REARM_DEADLINE;
	vcpu->armings = ARMINGS - 1;
	vcpu->step = lapic_cycles_up(&self->vm, STEP_NS);
	arm(&self->vm, STEP_NS);
	lapic_wait(&self->vm, ARMINGS / 2, false);
	lapic_wait(&self->vm, ARMINGS, true);
	EXPECT_EQ(ARMINGS, lapic_open(&self->vm, QUIET_NS));
}

TEST_F_TIMEOUT(deadline, another_replaces_it, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t first, deadline;

	first = arm(&self->vm, NEAR_NS);
	deadline = arm(&self->vm, 2 * NEAR_NS);
	lapic_rdmsr(&self->vm, MSR_DEADLINE);
	if (vcpu->access.to >= first)
		SKIP(return, "the host is too slow");
	lapic_wait(&self->vm, 1, false);
	EXPECT_GE(vcpu->stamps[0], deadline);
	arm(&self->vm, FAR_NS);
	deadline = arm(&self->vm, NEAR_NS);
	lapic_wait(&self->vm, 2, false);
	EXPECT_GE(vcpu->stamps[1], deadline);
	EXPECT_EQ(2, lapic_open(&self->vm, QUIET_NS));
}

TEST_F_TIMEOUT(deadline, masked_expiry_is_lost, SLOW_TIMEOUT)
{
	/* KVM keeps it for when the mask goes. */
	SKIP_IF_PLAIN();
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LVTT_MASKED | LAPIC_VEC);
	arm(&self->vm, STEP_NS);
	while (lapic_rdmsr(&self->vm, MSR_DEADLINE))
		;
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
}

TEST_F_TIMEOUT(deadline, mask_keeps_it, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t deadline = arm(&self->vm, NEAR_NS), armed;

	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LVTT_MASKED | LAPIC_VEC);
	armed = lapic_rdmsr(&self->vm, MSR_DEADLINE);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
	if (vcpu->access.to >= deadline)
		SKIP(return, "the host is too slow");
	EXPECT_EQ(deadline, armed);
	lapic_wait(&self->vm, 1, false);
	EXPECT_GE(vcpu->stamps[0], deadline);
}

TEST_F_TIMEOUT(deadline, software_disable, SLOW_TIMEOUT)
{
	arm(&self->vm, STEP_NS);
	lapic_write(&self->vm, LAPIC_REG_SVR, SVR_OFF);
	while (lapic_rdmsr(&self->vm, MSR_DEADLINE))
		;
	lapic_write(&self->vm, LAPIC_REG_SVR, SVR_ON);
	EXPECT_EQ(LVTT_DEADLINE | LVTT_MASKED | LAPIC_VEC, lapic_read(&self->vm, LAPIC_REG_LVTT));
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
	EXPECT_LE(lapic_open(&self->vm, QUIET_NS), 1);
}

/* Whatever was armed or counted is gone on both ways. */
TEST_F_TIMEOUT(deadline, mode_switches, SLOW_TIMEOUT)
{
	const uint32_t others[] = { LAPIC_VEC, LVTT_PERIODIC | LAPIC_VEC };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		arm(&self->vm, FAR_NS);
		lapic_write(&self->vm, LAPIC_REG_LVTT, others[i]);
		EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
		lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
		EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));

		lapic_write(&self->vm, LAPIC_REG_LVTT, others[i]);
		lapic_write(&self->vm, LAPIC_REG_TMICT, FAR_NS);
		EXPECT_GT(lapic_read(&self->vm, LAPIC_REG_TMCCT), 0);
		lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
		lapic_write(&self->vm, LAPIC_REG_LVTT, others[i]);
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
		lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
	}
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
}

TEST_F_TIMEOUT(deadline, ignored_in_other_modes, SLOW_TIMEOUT)
{
	const uint32_t others[] = { LAPIC_VEC, LVTT_PERIODIC | LAPIC_VEC };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		lapic_write(&self->vm, LAPIC_REG_LVTT, others[i]);
		lapic_write(&self->vm, LAPIC_REG_TMICT, FAR_NS);
		EXPECT_EQ(true, lapic_wrmsr(&self->vm, MSR_DEADLINE, 1));
		EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
		EXPECT_EQ(FAR_NS, lapic_read(&self->vm, LAPIC_REG_TMICT));
		EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
		lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
		EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	}
}

/* KVM's own timer does not know that the TSC has moved. */
TEST_F_TIMEOUT(deadline, tsc_moves_past_it, SLOW_TIMEOUT)
{
	const uint32_t msrs[] = { MSR_TSC, MSR_TSC_ADJUST };
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t deadline, distance, now;
	unsigned int i;

	SKIP_IF_PLAIN();
	distance = lapic_cycles_up(&self->vm, 3600 * KT_NSEC_PER_SEC);
	for (i = 0; i < 4; i++) {
		lapic_do(&self->vm, LAPIC_ARM, distance, 0, 0);
		deadline = vcpu->deadline;
		EXPECT_EQ(deadline, lapic_rdmsr(&self->vm, MSR_DEADLINE));
		now = lapic_rdmsr(&self->vm, msrs[i % 2]);
		EXPECT_EQ(true, lapic_wrmsr(&self->vm, msrs[i % 2], now + distance));
		EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
		EXPECT_EQ(true, is_pending(&self->vm));
		lapic_wait(&self->vm, i + 1, i / 2);
		EXPECT_GE(vcpu->stamps[i], deadline);
		EXPECT_EQ(i + 1, lapic_open(&self->vm, QUIET_NS));
	}
}

/* To a point before the deadline, which is then nearer. */
TEST_F_TIMEOUT(deadline, tsc_moves_towards_it, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t deadline, distance, adjust;

	SKIP_IF_PLAIN();
	distance = lapic_cycles_up(&self->vm, 3600 * KT_NSEC_PER_SEC);
	adjust = lapic_rdmsr(&self->vm, MSR_TSC_ADJUST);
	lapic_do(&self->vm, LAPIC_ARM, distance, 0, 0);
	deadline = vcpu->deadline;
	EXPECT_EQ(true, lapic_wrmsr(&self->vm, MSR_TSC_ADJUST,
				    adjust + distance - lapic_cycles(&self->vm, NEAR_NS)));
	lapic_wait(&self->vm, 1, false);
	EXPECT_GE(vcpu->stamps[0], deadline);
}

TEST_F_TIMEOUT(deadline, tsc_moves_back, SLOW_TIMEOUT)
{
	const uint32_t msrs[] = { MSR_TSC, MSR_TSC_ADJUST };
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t deadline, now;
	unsigned int i;

	SKIP_IF_PLAIN();
	for (i = 0; i < 4; i++) {
		deadline = arm(&self->vm, NEAR_NS);
		now = lapic_rdmsr(&self->vm, msrs[i % 2]);
		EXPECT_EQ(true, lapic_wrmsr(&self->vm, msrs[i % 2],
					    now - lapic_cycles(&self->vm, NEAR_NS)));
		lapic_wait(&self->vm, i + 1, i / 2);
		EXPECT_GE(vcpu->stamps[i], deadline);
	}
	EXPECT_EQ(4, lapic_open(&self->vm, QUIET_NS));
}

/* The host's way to move the TSC is as good as the guest's. */
TEST_F_TIMEOUT(deadline, host_moves_tsc, SLOW_TIMEOUT)
{
	struct {
		struct kvm_msrs		head;
		struct kvm_msr_entry	tsc;
	} msrs = { .head.nmsrs = 1, .tsc.index = MSR_TSC };
	uint64_t distance;

	SKIP_IF_PLAIN();
	distance = lapic_cycles_up(&self->vm, 3600 * KT_NSEC_PER_SEC);
	lapic_do(&self->vm, LAPIC_ARM, distance, 0, 0);
	ASSERT_EQ(1, ioctl(self->vm.vcpu[0].fd, KVM_GET_MSRS, &msrs));
	msrs.tsc.data += distance;
	ASSERT_EQ(1, ioctl(self->vm.vcpu[0].fd, KVM_SET_MSRS, &msrs));
	lapic_wait(&self->vm, 1, false);
	EXPECT_GE(lapic_vcpu(&self->vm, 0)->stamps[0], lapic_vcpu(&self->vm, 0)->deadline);
	EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
}

/* The end of the TSC is far, and no shortcut. */
TEST_F_TIMEOUT(deadline, farthest, SLOW_TIMEOUT)
{
	EXPECT_EQ(true, lapic_wrmsr(&self->vm, MSR_DEADLINE, ~0ULL));
	EXPECT_EQ(~0ULL, lapic_rdmsr(&self->vm, MSR_DEADLINE));
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	EXPECT_EQ(~0ULL, lapic_rdmsr(&self->vm, MSR_DEADLINE));
}

/* A CPU without it has no such mode. */
TEST_F_TIMEOUT(deadline, not_there, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = { .no_deadline = true };
	struct kt_vmm vm;

	ASSERT_EQ(0, lapic_create(&vm, &config, variant->x2apic));
	lapic_write(&vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LVTT_MASKED | LAPIC_VEC);
	EXPECT_EQ(LVTT_MASKED | LAPIC_VEC, lapic_read(&vm, LAPIC_REG_LVTT));
	lapic_write(&vm, LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC);
	/* KVM has the MSR all the same, for nothing: hardware has none. */
	lapic_wrmsr(&vm, MSR_DEADLINE, 1);
	EXPECT_EQ(0, lapic_open(&vm, QUIET_NS));
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
