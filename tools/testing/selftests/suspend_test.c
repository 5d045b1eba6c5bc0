// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host is suspended: guest time stands still as CLOCK_MONOTONIC does, while the TSC goes on.
 *
 * The kernel's own test mode goes all the way but the last step, and comes back after five
 * seconds (pm_test). A lab whose disk is a share of its host would not survive it: for hosts
 * that run from memory.
 */
#include "clock_vm.h"
#include "kt_trace.h"

#include <string.h>
#include <time.h>

#define SLEPT_NS	(4 * KT_NSEC_PER_SEC)
#define STEP_NS		1000

static bool put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool ok = file && fputs(text, file) >= 0;

	return file && !fclose(file) && ok;
}

static bool can_suspend(void)
{
	return getenv("KT_SUSPEND") && put("/sys/power/pm_test", "core") &&
	       (put("/sys/power/mem_sleep", "deep") || access("/sys/power/mem_sleep", F_OK));
}

TEST(stands_still)
{
	struct kvm_timers_status status;
	uint64_t cycles, host_ns, khz;
	struct clock_lead before, after;
	struct kt_vmm vm;

	if (kt_host_plain())
		SKIP(return, "KVM's clock counts the time in which the host is suspended");
	if (!can_suspend())
		SKIP(return, "set KT_SUSPEND=1 where pm_test knows \"core\", and nothing needs a device");

	ASSERT_EQ(0, clock_create(&vm, 2, KVM_TIMERS_CLOCK_HOST));
	clock_open_page(&vm, 0, MSR_SYSTEM_NEW);
	khz = ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	ASSERT_EQ(true, kt_trace_open("kvm_timers/clock_changed", NULL));
	before = clock_lead(&vm, 0);
	host_ns = kt_host_now();
	cycles = clock_host_tsc();
	ASSERT_EQ(true, put("/sys/power/state", "mem"));
	cycles = clock_host_tsc() - cycles;
	host_ns = kt_host_now() - host_ns;
	after = clock_lead(&vm, 0);

	/* It did happen: the TSC counted, the host's clock did not. */
	ASSERT_LE(host_ns + SLEPT_NS, cycles / khz * NS_PER_MS);
	EXPECT_LE(after.least - STEP_NS, before.most);
	EXPECT_GE(after.most + STEP_NS, before.least);
	EXPECT_EQ(1, kt_trace_count(" suspended guest_ns "));
	EXPECT_EQ(1, kt_trace_count(" resumed guest_ns "));
	kt_trace_close();

	ASSERT_EQ(0, kt_vmm_status(&vm, &status));
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
	EXPECT_LE(-STEP_NS, (int64_t)status.clock_lag_ns);
	EXPECT_GE(STEP_NS, (int64_t)status.clock_lag_ns);
	kt_vmm_destroy(&vm);
}

/* One that stands still already goes on where it was, or where it would be by now. */
TEST(of_one_that_is_frozen)
{
	static const uint32_t gaps[] = { KVM_TIMERS_GAP_STOP, KVM_TIMERS_GAP_JUMP };
	uint64_t frozen_ns, boot_from, boot_to, ns;
	struct timespec ts;
	struct kt_vmm vm;
	unsigned int i;

	if (kt_host_plain())
		SKIP(return, "KVM has no such calls");
	if (!can_suspend())
		SKIP(return, "set KT_SUSPEND=1 where pm_test knows \"core\", and nothing needs a device");

	ASSERT_EQ(0, clock_create(&vm, 2, KVM_TIMERS_CLOCK_HOST));
	clock_open_page(&vm, 0, MSR_SYSTEM_NEW);
	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		clock_read(&vm, 0);
		clock_gettime(CLOCK_BOOTTIME, &ts);
		boot_from = ts.tv_sec * KT_NSEC_PER_SEC + ts.tv_nsec;
		ASSERT_EQ(0, kt_host_freeze(vm.timers));
		frozen_ns = clock_status(&vm).kvmclock_ns;
		ASSERT_EQ(true, put("/sys/power/state", "mem"));
		EXPECT_EQ(frozen_ns, clock_status(&vm).kvmclock_ns);
		ASSERT_EQ(0, kt_host_thaw(vm.timers, gaps[i]));
		ns = clock_read(&vm, 0);
		clock_gettime(CLOCK_BOOTTIME, &ts);
		boot_to = ts.tv_sec * KT_NSEC_PER_SEC + ts.tv_nsec;
		EXPECT_GE(ns, frozen_ns);
		EXPECT_LE(ns - frozen_ns, boot_to - boot_from);
		if (gaps[i] == KVM_TIMERS_GAP_STOP) {
			EXPECT_LE(ns - frozen_ns, KT_NSEC_PER_SEC / 2);
		} else {
			EXPECT_GE(ns - frozen_ns + KT_NSEC_PER_SEC / 2, boot_to - boot_from);
		}
		EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, clock_status(&vm).clock_flags);
	}
	kt_vmm_destroy(&vm);
}

/* As with most machines' S3: the guest's goes on from where it was, and its clocks with it. */
TEST(tsc_begins_anew)
{
	uint64_t cycles, host_ns, khz, tsc[2], late, times;
	struct clock_lead before, after;
	struct kvm_timers_status status;
	struct kt_vmm vm;
	unsigned int i;

	if (kt_host_plain())
		SKIP(return, "KVM's clock counts the time in which the host is suspended");
	if (access("/sys/module/anew", F_OK) || !can_suspend())
		SKIP(return, "set KT_SUSPEND=1 where pm_test knows \"core\", and load the module anew");

	ASSERT_EQ(0, clock_create(&vm, 2, KVM_TIMERS_CLOCK_HOST));
	khz = ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	for (i = 0; i < 2; i++)
		clock_open_page(&vm, i, MSR_SYSTEM_NEW);
	before = clock_lead(&vm, 0);
	for (i = 0; i < 2; i++)
		tsc[i] = clock_on(&vm, i, CLOCK_RDTSC, 0, 0)->val;
	times = kt_host_parameter("anew", "times");
	host_ns = kt_host_now();
	cycles = clock_host_tsc();
	ASSERT_EQ(true, put("/sys/power/state", "mem"));
	ASSERT_EQ(times + 1, kt_host_parameter("anew", "times"));
	ASSERT_LE(clock_host_tsc(), cycles);

	after = clock_lead(&vm, 0);
	EXPECT_LE(after.least - STEP_NS, before.most);
	EXPECT_GE(after.most + STEP_NS, before.least);
	for (i = 0; i < 2; i++)
		EXPECT_LE(tsc[i], clock_on(&vm, i, CLOCK_RDTSC, 0, 0)->val);
	/* And it counts: no more than the host's clock since the suspend began. */
	late = clock_on(&vm, 0, CLOCK_RDTSC, 0, 0)->val;
	host_ns = kt_host_now() - host_ns;
	EXPECT_LE((late - tsc[0]) / khz * NS_PER_MS, host_ns);
	ASSERT_EQ(0, kt_vmm_status(&vm, &status));
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
