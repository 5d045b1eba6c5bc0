// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker raises IRQ8; the guest reads register C and asks for another interrupt
 * before the worker has let the line down again. Never found by itself: race_test.sh
 * makes the worker slow there.
 */
#include "harness.h"
#include "rtc_vm.h"

#define RS_256HZ	8
#define TICKS		50
#define DRAIN_CLKS	11932

FIXTURE(rtc_race) {
	struct kt_vmm vm;
	struct kvm_timers_status status;
	struct kvm_timers_device_status *row;
};

FIXTURE_VARIANT(rtc_race) {
	enum kt_pin pin;
};

FIXTURE_VARIANT_ADD(rtc_race, pic) {
	.pin = KT_PIN_PIC,
};

FIXTURE_VARIANT_ADD(rtc_race, ioapic) {
	.pin = KT_PIN_IOAPIC_2,
};

FIXTURE_SETUP(rtc_race)
{
	self->row = &self->status.device[KVM_TIMERS_DEVICE_RTC];
}

FIXTURE_TEARDOWN(rtc_race)
{
	kt_vmm_destroy(&self->vm);
}

TEST_F_TIMEOUT(rtc_race, guest_ticks_on, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = {
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC,
		.policy.policy	= KVM_TIMERS_POLICY_CATCHUP,
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_ROUTE, variant->pin, 0));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_HANDLER, RTC_HANDLER_REENABLE, 0));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN | RS_256HZ));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_24H | RTC_B_PIE));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_UNTIL, TICKS, 0));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN));
	do {
		ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->status));
	} while (self->row->owed);
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));
	EXPECT_EQ(self->row->stats.delivered, self->vm.shared->ticks);
	EXPECT_EQ(true, kt_host_conserved(&self->status));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
