// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest time on hosts that are not as one would like them: whose clock is not the TSC any more,
 * and whose CPU cannot scale a TSC. It goes on, and never back.
 */
#include "clock_vm.h"

#include <string.h>

#define NR_VCPUS	2
#define LOOKS		200
#define LOOK_NS		(5 * NS_PER_MS)
#define REVIEW_NS	(3 * KT_NSEC_PER_SEC)
/* What a host may need to change its clock. */
#define SWITCH_NS	(2 * NS_PER_MS)

#define CLOCKSOURCE	"/sys/devices/system/clocksource/clocksource0/"

static bool put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool ok = file && fputs(text, file) >= 0;

	return file && !fclose(file) && ok;
}

static bool take(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "r");
	bool ok = file && fgets(text, room, file);

	if (file)
		fclose(file);
	return ok;
}

/* The first one that is not the TSC. */
static bool other_clock(char *name, size_t room)
{
	char all[256], *word, *rest = all;

	if (!take(CLOCKSOURCE "available_clocksource", all, sizeof(all)))
		return false;
	while ((word = strsep(&rest, " \n"))) {
		if (!*word || !strcmp(word, "tsc"))
			continue;
		snprintf(name, room, "%s", word);
		return true;
	}
	return false;
}

/* Both vCPUs in turn: none reads less than the other one before, and all beside the host. */
static unsigned int watch(struct kt_vmm *vm, struct clock_lead from, int64_t slack,
			  unsigned int *away)
{
	unsigned int i, backs = 0;
	struct clock_lead now;
	uint64_t last = 0, ns;

	for (i = 0; i < LOOKS; i++) {
		now = clock_lead(vm, i % NR_VCPUS);
		ns = clock_vcpu(vm, i % NR_VCPUS)->val;
		backs += ns < last;
		last = ns;
		*away += now.least > from.most + slack || now.most < from.least - slack;
		kt_host_pass(LOOK_NS);
	}
	return backs;
}

FIXTURE(host) {
	struct kt_vmm vm;
	bool is_switched;
};

FIXTURE_SETUP(host)
{
	unsigned int i;

	self->is_switched = false;
	ASSERT_EQ(0, clock_create(&self->vm, NR_VCPUS, KVM_TIMERS_CLOCK_HOST));
	for (i = 0; i < NR_VCPUS; i++)
		clock_open_page(&self->vm, i, MSR_SYSTEM_NEW);
}

FIXTURE_TEARDOWN(host)
{
	if (self->is_switched)
		put(CLOCKSOURCE "current_clocksource", "tsc");
	kt_vmm_destroy(&self->vm);
}

/* The host leaves its TSC: guest time goes on by the host's new clock, from where it was. */
TEST_F_TIMEOUT(host, leaves_its_tsc, 120)
{
	char name[64], current[64];
	unsigned int away = 0;
	struct kt_vmm fresh;
	struct clock_lead before;
	uint64_t last;

	if (!take(CLOCKSOURCE "current_clocksource", current, sizeof(current)) ||
	    strncmp(current, "tsc", 3) || !other_clock(name, sizeof(name)))
		SKIP(return, "the host has no two clocks");

	before = clock_lead(&self->vm, 0);
	last = clock_vcpu(&self->vm, 0)->val;
	ASSERT_EQ(true, put(CLOCKSOURCE "current_clocksource", name));
	self->is_switched = true;
	kt_host_pass(REVIEW_NS);
	EXPECT_EQ(0, clock_status(&self->vm).clock_flags);
	EXPECT_EQ(0, watch(&self->vm, before, SWITCH_NS, &away));
	EXPECT_EQ(0, away);
	EXPECT_GE(clock_read(&self->vm, 0), last);
	EXPECT_EQ(0, clock_pv(&self->vm, 0)->flags & PV_STABLE);
	EXPECT_EQ(0, clock_pv(&self->vm, 1)->flags & PV_STABLE);

	/* It stands still, and goes on, as by a TSC. */
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	last = clock_status(&self->vm).guest_ns;
	kt_host_pass(LOOK_NS);
	EXPECT_EQ(last, clock_status(&self->vm).guest_ns);
	EXPECT_GE(clock_read(&self->vm, 0), last);
	EXPECT_EQ(0, clock_status(&self->vm).clock_flags);

	/* Back on its TSC, the line does not come back; guests to come have one. */
	ASSERT_EQ(true, put(CLOCKSOURCE "current_clocksource", "tsc"));
	kt_host_pass(REVIEW_NS);
	EXPECT_EQ(0, clock_status(&self->vm).clock_flags);
	EXPECT_EQ(0, watch(&self->vm, before, 2 * SWITCH_NS, &away));
	EXPECT_EQ(0, away);
	ASSERT_EQ(0, clock_create(&fresh, 1, KVM_TIMERS_CLOCK_HOST));
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, clock_status(&fresh).clock_flags);
	kt_vmm_destroy(&fresh);
}

/* A TSC that is faster than the host's catches up at each entry; no slower one is to be had. */
TEST_F_TIMEOUT(host, cannot_scale, 120)
{
	uint64_t khz = ioctl(self->vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0), tsc, last = 0;
	unsigned int i, away = 0, backs = 0;
	uint64_t from_ns, from_tsc, ns;
	struct clock_lead before;

	if (ioctl(self->vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) > 0)
		SKIP(return, "this CPU can scale a TSC");

	EXPECT_EQ(-1, ioctl(self->vm.vcpu[0].fd, KVM_SET_TSC_KHZ, khz / 2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(khz, ioctl(self->vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0));
	for (i = 0; i < NR_VCPUS; i++)
		ASSERT_EQ(0, ioctl(self->vm.vcpu[i].fd, KVM_SET_TSC_KHZ, 2 * khz));
	before = clock_lead(&self->vm, 0);
	EXPECT_EQ(0, watch(&self->vm, before, NS_PER_MS, &away));
	EXPECT_EQ(0, away);
	EXPECT_EQ(0, clock_pv(&self->vm, 0)->flags & PV_STABLE);

	from_ns = clock_read(&self->vm, 0);
	from_tsc = clock_vcpu(&self->vm, 0)->from;
	for (i = 0; i < LOOKS; i++) {
		tsc = clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0)->val;
		backs += tsc < last;
		last = tsc;
		kt_host_pass(LOOK_NS);
	}
	ns = clock_read(&self->vm, 0);
	tsc = clock_vcpu(&self->vm, 0)->from;
	EXPECT_EQ(0, backs);
	/* Of each stay in the guest it is behind by half, which is little of the whole. */
	EXPECT_GE(tsc - from_tsc, (ns - from_ns) / 1000 * (2 * khz) / 1000 / 100 * 95);
	EXPECT_LE(tsc - from_tsc, (ns - from_ns) / 1000 * (2 * khz) / 1000 / 100 * 105);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
