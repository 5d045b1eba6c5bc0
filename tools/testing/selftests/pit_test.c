// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of the PIT and port 0x61, as a guest sees them, are those of an
 * 8254, and the kernel serves them.
 */
#include "harness.h"
#include "pit_cmds.h"

/* CLK periods between two changes of the refresh bit. */
#define REFRESH_CLKS		18
#define REFRESH_TOGGLES		64

/* P7: OUT2 rises with this CLK after the count. */
#define P7_CLKS			11932

FIXTURE(pit) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(pit)
{
	ASSERT_EQ(0, kt_vmm_create(&self->vm, NULL));
}

FIXTURE_TEARDOWN(pit)
{
	kt_vmm_destroy(&self->vm);
}

#define CLAIM_TEST(name, cmd)							\
TEST_F_TIMEOUT(pit, name, SLOW_TIMEOUT)						\
{										\
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, cmd));			\
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x40, 0x43));			\
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x61, 0x61));			\
}

CLAIM_TEST(access_forms, PIT_ACCESS_FORMS)
CLAIM_TEST(flip_flops_are_independent, PIT_FLIP_FLOPS)
CLAIM_TEST(read_back, PIT_READ_BACK)
CLAIM_TEST(latch_holds_until_read, PIT_LATCH_HOLDS)
CLAIM_TEST(null_count, PIT_NULL_COUNT)
CLAIM_TEST(bcd, PIT_BCD)
CLAIM_TEST(mode0_out, PIT_MODE0_OUT)
CLAIM_TEST(mode3_odd_count_reads_even, PIT_MODE3_EVEN)
CLAIM_TEST(gate_freezes, PIT_GATE_FREEZES)
CLAIM_TEST(rewrite_waits_for_reload, PIT_REWRITE_WAITS)
CLAIM_TEST(mode2_out_is_high, PIT_MODE2_OUT)
CLAIM_TEST(wide_inside, PIT_WIDE_INSIDE)
CLAIM_TEST(string_access, PIT_STRING)

/* Part of such an access belongs to others, so it may leave the kernel. */
TEST_F_TIMEOUT(pit, wide_across, SLOW_TIMEOUT)
{
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_WIDE_ACROSS));
}

/* The bit changes each 18 CLK; a slow guest sees fewer changes, never more. */
TEST_F_TIMEOUT(pit, refresh_toggles, SLOW_TIMEOUT)
{
	uint64_t least = kt_host_clks_to_ns((REFRESH_TOGGLES - 1) * REFRESH_CLKS);

	self->vm.shared->arg[0] = REFRESH_TOGGLES;
	ASSERT_EQ(KT_VMM_SYNC, kt_vmm_command(&self->vm, PIT_REFRESH));
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_run(&self->vm, 0));
	EXPECT_GE(self->vm.vcpu[0].exited_ns - self->vm.vcpu[0].entered_ns, least);
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x61, 0x61));
}

/*
 * Each reading lies between two readings of the host's clock, and so does the
 * write that completes the count: no tolerance is needed.
 */
TEST_F_TIMEOUT(pit, p7_to_the_clk, SLOW_TIMEOUT)
{
	uint64_t no_sooner = kt_host_clks_to_ns(P7_CLKS - 1);
	uint64_t no_later = kt_host_clks_to_ns(P7_CLKS) + 1;
	struct kt_vmm_vcpu *vcpu = &self->vm.vcpu[0];
	uint64_t write_from, write_to, polls = 0;
	enum kt_vmm_event event;

	ASSERT_EQ(KT_VMM_SYNC, kt_vmm_command(&self->vm, PIT_P7));
	ASSERT_EQ(KT_VMM_SYNC, kt_vmm_run(&self->vm, 0));
	write_from = vcpu->entered_ns;
	write_to = vcpu->exited_ns;

	for (;;) {
		event = kt_vmm_run(&self->vm, 0);
		if (event != KT_VMM_SYNC)
			break;
		polls++;
		if (vcpu->val[0]) {
			ASSERT_GT(vcpu->exited_ns, write_from + no_sooner);
		} else {
			ASSERT_LE(vcpu->entered_ns, write_to + no_later);
		}
	}
	EXPECT_EQ(KT_VMM_DONE, event);
	EXPECT_GT(polls, 1);
}

/* Reads and writes are counted, and only those of the guest. */
TEST_F_TIMEOUT(pit, status_counts_accesses, SLOW_TIMEOUT)
{
	struct kvm_timers_device_status before, after;
	struct kvm_timers_status status;

	SKIP_IF_PLAIN();

	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	before = status.device[KVM_TIMERS_DEVICE_PIT];
	EXPECT_EQ(1, before.active);
	EXPECT_EQ(0, before.reads);
	EXPECT_EQ(0, before.writes);

	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_STRING));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	after = status.device[KVM_TIMERS_DEVICE_PIT];
	EXPECT_GE(after.reads, 5);
	EXPECT_GE(after.writes, 5);
	EXPECT_EQ(true, kt_host_conserved(&status));
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
