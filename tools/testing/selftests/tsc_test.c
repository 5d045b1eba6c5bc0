// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TSC: what a VMM writes it reads back, vCPUs that it means to agree do so exactly, and
 * what a guest does to its own moves no other one.
 */
#include "clock_vm.h"

#include <string.h>

#define NR_VCPUS	4
#define FAR		(1ULL << 44)

/* From one vCPU to the next. */
#define READ_CYCLES	20000000

FIXTURE(tsc) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(tsc)
{
	ASSERT_EQ(0, clock_create(&self->vm, NR_VCPUS, KVM_TIMERS_CLOCK_HOST));
}

FIXTURE_TEARDOWN(tsc)
{
	kt_vmm_destroy(&self->vm);
}

static uint64_t offset(struct kt_vmm *vm, unsigned int vcpu)
{
	return clock_offset(vm->vcpu[vcpu].fd);
}

TEST_F(tsc, born_together)
{
	unsigned int i;

	for (i = 1; i < NR_VCPUS; i++)
		EXPECT_EQ(offset(&self->vm, 0), offset(&self->vm, i));
}

/* What is written is there at the instant of the write: nothing is guessed, nothing added. */
TEST_F(tsc, written_is_read)
{
	static const uint64_t values[] = { 1, 5000, FAR, FAR + 1000, ~0ULL << 20, 0, 77 };
	uint64_t before, after, val;
	unsigned int i;

	if (kt_host_plain())
		SKIP(return, "KVM takes what is near to what it expects for that");

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		before = clock_host_tsc();
		clock_set_msr(&self->vm, 0, MSR_TSC, values[i]);
		val = clock_get_msr(&self->vm, 0, MSR_TSC) - values[i];
		after = clock_host_tsc();
		EXPECT_LE(val, after - before);
		val = values[i] - offset(&self->vm, 0);
		EXPECT_GE(val, before);
		EXPECT_LE(val, after);
		EXPECT_EQ(0, clock_get_msr(&self->vm, 0, MSR_TSC_ADJUST));
	}
}

/* As VMMs restore: one vCPU after the other, each with what it had been. */
TEST_F(tsc, others_join)
{
	uint64_t saved[NR_VCPUS];
	unsigned int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < NR_VCPUS; i++)
			saved[i] = clock_get_msr(&self->vm, i, MSR_TSC) + FAR;
		for (i = 0; i < NR_VCPUS; i++)
			clock_set_msr(&self->vm, i, MSR_TSC, saved[i]);
		for (i = 1; i < NR_VCPUS; i++)
			EXPECT_EQ(offset(&self->vm, 0), offset(&self->vm, i));
	}
	/* One that was slow to read them, and is quick to write. */
	for (i = 0; i < NR_VCPUS; i++)
		clock_set_msr(&self->vm, i, MSR_TSC, FAR + i * READ_CYCLES);
	for (i = 1; i < NR_VCPUS; i++)
		EXPECT_EQ(offset(&self->vm, 0), offset(&self->vm, i));
	/* And as they reset. */
	for (i = 0; i < NR_VCPUS; i++)
		clock_set_msr(&self->vm, i, MSR_TSC, 0);
	for (i = 1; i < NR_VCPUS; i++)
		EXPECT_EQ(offset(&self->vm, 0), offset(&self->vm, i));
}

/* Another line is another line. */
TEST_F(tsc, others_stand_alone)
{
	uint64_t first, before, after;

	clock_set_msr(&self->vm, 0, MSR_TSC, FAR);
	first = offset(&self->vm, 0);
	before = clock_host_tsc();
	clock_set_msr(&self->vm, 1, MSR_TSC, 3 * FAR);
	after = clock_host_tsc();
	EXPECT_EQ(first, offset(&self->vm, 0));
	EXPECT_GE(3 * FAR - offset(&self->vm, 1), before);
	EXPECT_LE(3 * FAR - offset(&self->vm, 1), after);
}

static int set_offset(int fd, uint64_t val)
{
	struct kvm_device_attr attr = {
		.group	= KVM_VCPU_TSC_CTRL,
		.attr	= KVM_VCPU_TSC_OFFSET,
		.addr	= (uint64_t)&val,
	};

	return ioctl(fd, KVM_SET_DEVICE_ATTR, &attr);
}

/* The attribute is exact, for whoever wants them apart by less than the time between. */
TEST_F(tsc, attribute)
{
	uint64_t val = 0x123456789abcULL;
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++) {
		ASSERT_EQ(0, set_offset(self->vm.vcpu[i].fd, val));
		EXPECT_EQ(val, offset(&self->vm, i));
		val++;
	}
	EXPECT_EQ(0x123456789abcULL, offset(&self->vm, 0));
}

/* One that comes later is on the guest's line, wherever that was moved to. */
TEST_F(tsc, plugged_in_later)
{
	uint64_t saved = clock_get_msr(&self->vm, 0, MSR_TSC) + FAR;
	unsigned int i;
	int fd;

	for (i = 0; i < NR_VCPUS; i++)
		clock_set_msr(&self->vm, i, MSR_TSC, saved);
	fd = ioctl(self->vm.fd, KVM_CREATE_VCPU, (unsigned long)NR_VCPUS);
	ASSERT_LE(0, fd);
	EXPECT_EQ(offset(&self->vm, 0), clock_offset(fd));
	close(fd);
}

/* So is one of a guest whose VMM has set offsets. */
TEST_F(tsc, plugged_in_after_attribute)
{
	unsigned int i;
	int fd;

	for (i = 0; i < NR_VCPUS; i++)
		ASSERT_EQ(0, set_offset(self->vm.vcpu[i].fd, FAR));
	fd = ioctl(self->vm.fd, KVM_CREATE_VCPU, (unsigned long)NR_VCPUS);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FAR, clock_offset(fd));
	close(fd);
}

/* A guest that writes its TSC moves TSC_ADJUST with it, and no other vCPU. */
TEST_F(tsc, guest_writes)
{
	uint64_t was = offset(&self->vm, 0), other = offset(&self->vm, 1), moved;

	clock_wrmsr(&self->vm, 0, MSR_TSC, FAR);
	moved = offset(&self->vm, 0) - was;
	EXPECT_EQ(moved, clock_rdmsr(&self->vm, 0, MSR_TSC_ADJUST));
	EXPECT_EQ(moved, clock_get_msr(&self->vm, 0, MSR_TSC_ADJUST));
	EXPECT_GE(clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0)->val, FAR);

	clock_wrmsr(&self->vm, 0, MSR_TSC_ADJUST, moved + 1000);
	EXPECT_EQ(was + moved + 1000, offset(&self->vm, 0));
	clock_wrmsr(&self->vm, 0, MSR_TSC_ADJUST, 0);
	EXPECT_EQ(was, offset(&self->vm, 0));
	EXPECT_EQ(other, offset(&self->vm, 1));
}

/* What the host does is not for the guest to see there. */
TEST_F(tsc, host_writes_adjust)
{
	uint64_t was = offset(&self->vm, 0);

	clock_set_msr(&self->vm, 0, MSR_TSC_ADJUST, 12345);
	EXPECT_EQ(was, offset(&self->vm, 0));
	EXPECT_EQ(12345, clock_rdmsr(&self->vm, 0, MSR_TSC_ADJUST));
	clock_set_msr(&self->vm, 0, MSR_TSC, FAR);
	EXPECT_EQ(12345, clock_rdmsr(&self->vm, 0, MSR_TSC_ADJUST));
}

/* A frequency that cannot be is refused, of a vCPU and of those to come, and changes nothing. */
TEST_F(tsc, too_slow)
{
	int fd = self->vm.vcpu[0].fd, khz = ioctl(fd, KVM_GET_TSC_KHZ, 0);

	ASSERT_LT(0, khz);
	if (ioctl(self->vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) > 0)
		SKIP(return, "this CPU can");
	EXPECT_EQ(-1, ioctl(fd, KVM_SET_TSC_KHZ, khz / 2));
	if (kt_host_plain())
		SKIP(return, "KVM believes it nonetheless");
	EXPECT_EQ(khz, ioctl(fd, KVM_GET_TSC_KHZ, 0));
	EXPECT_EQ(-1, ioctl(self->vm.fd, KVM_SET_TSC_KHZ, khz / 2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, ioctl(self->vm.fd, KVM_SET_TSC_KHZ, khz));
	EXPECT_EQ(0, ioctl(fd, KVM_SET_TSC_KHZ, khz));
}

/* Scaled, the guest's TSC is the host's times the ratio and its offset, and kvmclock goes on. */
TEST_F(tsc, scaled)
{
	uint64_t before, after, from, until, since, was, clock;
	int khz = ioctl(self->vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	unsigned int i;

	if (ioctl(self->vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) <= 0)
		SKIP(return, "this CPU cannot");

	clock_wrmsr(&self->vm, 0, MSR_SYSTEM_NEW, CLOCK_PV_GPA(0) | 1);
	was = clock_read(&self->vm, 0);
	before = kt_host_now();
	for (i = 0; i < NR_VCPUS; i++)
		ASSERT_EQ(0, ioctl(self->vm.vcpu[i].fd, KVM_SET_TSC_KHZ, khz / 2));
	clock = clock_read(&self->vm, 0);
	after = kt_host_now();
	EXPECT_GE(clock, was);
	EXPECT_LE(clock - was, (after - before) * 2);
	EXPECT_EQ(khz / 2, ioctl(self->vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0));

	from = clock_host_tsc();
	was = clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0)->val;
	until = clock_host_tsc();
	kt_host_wait_until(kt_host_now() + 100 * NS_PER_MS);
	since = clock_host_tsc();
	clock = clock_on(&self->vm, 0, CLOCK_RDTSC, 0, 0)->val;
	after = clock_host_tsc();
	/* Half of an odd number of kHz is not the half. */
	EXPECT_LE(clock - was, (after - from) / 2 + 1);
	EXPECT_GE(clock - was, (since - until) / 2 - (since - until) / khz - 1);
}

TEST_F(tsc, aux)
{
	clock_set_msr(&self->vm, 0, 0xc0000103, 5);
	EXPECT_EQ(5, clock_on(&self->vm, 0, CLOCK_RDTSCP, 0, 0)->ok);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
