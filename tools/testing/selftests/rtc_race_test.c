// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker raises IRQ8; the guest reads register C and asks for another interrupt
 * before the worker has let the line down again. Never found by itself: race_test.sh
 * makes the worker slow there. A vCPU that is started serves itself: there is a worker
 * where the first one that the interrupt is for has not been.
 */
#include <sys/ioctl.h>

#include "harness.h"
#include "rtc_cmds.h"

#define RS_256HZ	8
#define TICKS		50
#define DRAIN_CLKS	11932

/* Physical destination. */
#define ALL_VCPUS	0xff

FIXTURE(rtc_race) {
	struct kt_vmm vm;
	struct kvm_timers_status status;
	struct kvm_timers_device_status *row;
};

FIXTURE_VARIANT(rtc_race) {
	enum kt_pin pin;
	bool for_all;
};

FIXTURE_VARIANT_ADD(rtc_race, pic) {
	.pin = KT_PIN_PIC,
};

FIXTURE_VARIANT_ADD(rtc_race, ioapic) {
	.pin = KT_PIN_IOAPIC_2,
};

FIXTURE_VARIANT_ADD(rtc_race, ioapic_for_all) {
	.pin = KT_PIN_IOAPIC_2,
	.for_all = true,
};

FIXTURE_SETUP(rtc_race)
{
	self->row = &self->status.device[KVM_TIMERS_DEVICE_RTC];
}

FIXTURE_TEARDOWN(rtc_race)
{
	kt_vmm_destroy(&self->vm);
}

/* On the last vCPU: the others wait to be started. */
static bool command(struct kt_vmm *vm, enum rtc_cmd cmd, uint64_t a, uint64_t b)
{
	enum kt_vmm_event event;

	vm->shared->cmd = cmd;
	vm->shared->arg[0] = a;
	vm->shared->arg[1] = b;
	do {
		event = kt_vmm_run(vm, vm->nr_vcpus - 1);
	} while (event == KT_VMM_INTERRUPTED);
	return event == KT_VMM_DONE;
}

static bool has_first_wait(struct kt_vmm *vm)
{
	struct kvm_mp_state waits = { .mp_state = KVM_MP_STATE_UNINITIALIZED };

	return vm->nr_vcpus == 1 || !ioctl(vm->vcpu[0].fd, KVM_SET_MP_STATE, &waits);
}

TEST_F_TIMEOUT(rtc_race, guest_ticks_on, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= variant->for_all ? 2 : 1,
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC,
		.policy.policy	= KVM_TIMERS_POLICY_CATCHUP,
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	ASSERT_EQ(true, has_first_wait(&self->vm));
	ASSERT_EQ(true, command(&self->vm, RTC_ROUTE, variant->pin,
				variant->for_all ? ALL_VCPUS : 0));
	ASSERT_EQ(true, command(&self->vm, RTC_HANDLER, RTC_HANDLER_REENABLE, 0));
	ASSERT_EQ(true, command(&self->vm, RTC_WRITE, RTC_A, RTC_A_RUN | RS_256HZ));
	ASSERT_EQ(true, command(&self->vm, RTC_WRITE, RTC_B, RTC_B_24H | RTC_B_PIE));
	ASSERT_EQ(true, command(&self->vm, RTC_UNTIL, TICKS, 0));
	ASSERT_EQ(true, command(&self->vm, RTC_WRITE, RTC_A, RTC_A_RUN));
	do {
		ASSERT_EQ(true, command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->status));
	} while (self->row->owed);
	ASSERT_EQ(true, command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));
	EXPECT_EQ(self->row->stats.delivered, self->vm.shared->ticks);
	EXPECT_EQ(true, kt_host_conserved(&self->status));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
