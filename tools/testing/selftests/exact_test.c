// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ten thousand ticks at 1 kHz: none lost, none doubled, and their mean period
 * exact. Only for the deterministic lab (tools/lab/run --icount), where a clock
 * reading costs what it costs; elsewhere set KT_EXACT=1 to insist.
 */
#include "harness.h"
#include "pit_cmds.h"

#define MODE2			0x34
#define COUNT_1KHZ		1193
#define TICKS			10000
#define WARM_UP			16

/* What an interrupt may be late by, from the edge to the VMM that hears of it. */
#define MAX_LATE_NS		100000

/* 1 ppm of the ten seconds. */
#define MAX_ERROR_NS		(TICKS * 1000000ULL / 1000000)

FIXTURE(exact) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(exact) {
	enum kt_pin pin;
};

FIXTURE_VARIANT_ADD(exact, pic) {
	.pin = KT_PIN_PIC,
};

FIXTURE_VARIANT_ADD(exact, ioapic) {
	.pin = KT_PIN_IOAPIC_2,
};

FIXTURE_SETUP(exact)
{
	struct kt_vmm_config config = { 0 };

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	self->vm.shared->arg[0] = variant->pin;
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_SETUP));
}

FIXTURE_TEARDOWN(exact)
{
	kt_vmm_destroy(&self->vm);
}

TEST_F_TIMEOUT(exact, ten_thousand_ticks, SLOW_TIMEOUT)
{
	uint64_t period = kt_host_clks_to_ns(COUNT_1KHZ);
	struct kt_vmm_vcpu *vcpu = &self->vm.vcpu[0];
	struct kvm_timers_device_status *pit;
	uint64_t first, late, mean_error;
	struct kvm_timers_status status;
	int i;

	self->vm.shared->arg[1] = MODE2;
	self->vm.shared->arg[2] = COUNT_1KHZ;
	self->vm.shared->arg[3] = 2;
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_PROGRAM));
	self->vm.shared->cmd = PIT_STAMPS;
	/* The first time that a host does something takes longer than all that follow. */
	for (i = 1; i <= WARM_UP; i++) {
		ASSERT_EQ(KT_VMM_SYNC, kt_vmm_run(&self->vm, 0));
		ASSERT_EQ(i, vcpu->val[0]);
	}
	first = vcpu->exited_ns;

	for (i = 1; i <= TICKS; i++) {
		ASSERT_EQ(KT_VMM_SYNC, kt_vmm_run(&self->vm, 0));
		ASSERT_EQ(i + WARM_UP, vcpu->val[0]);
		late = vcpu->exited_ns - first - kt_host_clks_to_ns((uint64_t)i * COUNT_1KHZ) +
		       MAX_LATE_NS;
		ASSERT_LE(late, 2 * MAX_LATE_NS);
	}

	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	late = vcpu->exited_ns - first;
	mean_error = late > TICKS * COUNT_1KHZ * 88000ULL / 105 ?
		     late - TICKS * COUNT_1KHZ * 88000ULL / 105 :
		     TICKS * COUNT_1KHZ * 88000ULL / 105 - late;
	printf("# %d ticks: %llu ns too long or short in all, period %llu ns\n", TICKS,
	       (unsigned long long)mean_error, (unsigned long long)period);
	EXPECT_LE(mean_error, MAX_ERROR_NS);

	pit = &status.device[KVM_TIMERS_DEVICE_PIT];
	EXPECT_EQ(TICKS + WARM_UP, pit->stats.due);
	EXPECT_EQ(TICKS + WARM_UP, pit->stats.delivered);
	EXPECT_EQ(0, pit->owed);
}

int main(int argc, char **argv)
{
	kt_host_require_exact();
	return harness_main(argc, argv);
}
