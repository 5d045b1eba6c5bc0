// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking over one VM: every refusal leaves it as it was.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "harness.h"

#define UNKNOWN_DEVICE		(1U << 31)
#define MAX_VMS			256

/* A VM before its vCPUs, and the request that would take it over. */
FIXTURE(attach) {
	struct kvm_timers_attach request;
	int dev;
	int kvm;
	int vm;
};

FIXTURE_SETUP(attach)
{
	self->dev = open(KT_HOST_DEV_TIMERS, O_RDWR | O_CLOEXEC);
	self->kvm = open(KT_HOST_DEV_KVM, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->dev, 0);
	ASSERT_GE(self->kvm, 0);
	self->vm = ioctl(self->kvm, KVM_CREATE_VM, 0);
	ASSERT_GE(self->vm, 0);
	memset(&self->request, 0, sizeof(self->request));
	self->request.size = sizeof(self->request);
	self->request.vm_fd = self->vm;
	kt_host_pit_config(&self->request.config);
}

FIXTURE_TEARDOWN(attach)
{
	close(self->vm);
	close(self->kvm);
	close(self->dev);
}

static int result(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static unsigned int list(int dev, uint32_t *ids, uint32_t room)
{
	struct kvm_timers_list arg = {
		.size	= sizeof(arg),
		.count	= room,
		.ids	= (uintptr_t)ids,
	};

	return ioctl(dev, KVM_TIMERS_LIST, &arg) ? UINT32_MAX : arg.count;
}

/* The VM is in no list, and a PIT of KVM's own can still be made and answers. */
static bool untouched(int dev, int vm, unsigned int listed)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_pit_state2 state;

	return list(dev, NULL, 0) == listed && !ioctl(vm, KVM_CREATE_IRQCHIP, 0) &&
	       !ioctl(vm, KVM_CREATE_PIT2, &config) && !ioctl(vm, KVM_GET_PIT2, &state);
}

TEST_F(attach, version)
{
	EXPECT_EQ(KVM_TIMERS_ABI_VERSION, result(self->dev, KVM_TIMERS_GET_VERSION, NULL));
	EXPECT_EQ(-ENOTTY, result(self->dev, _IO(KVM_TIMERS_IOC, 0x7f), NULL));
}

#define REFUSAL_TEST(name, error, change)						\
TEST_F(attach, name)									\
{											\
	struct kvm_timers_attach *r = &self->request;					\
	unsigned int listed = list(self->dev, NULL, 0);					\
											\
	change;										\
	EXPECT_EQ(-(error), result(self->dev, KVM_TIMERS_ATTACH, r));			\
	EXPECT_EQ(true, untouched(self->dev, self->vm, listed));			\
}

REFUSAL_TEST(ebadf, EBADF, r->vm_fd = -1)
REFUSAL_TEST(ebadfd_other_file, EBADFD, r->vm_fd = self->dev)
REFUSAL_TEST(ebadfd_dev_kvm, EBADFD, r->vm_fd = self->kvm)
REFUSAL_TEST(e2big_outer, E2BIG, r->size++)
REFUSAL_TEST(e2big_outer_zero, E2BIG, r->size = 0)
REFUSAL_TEST(e2big_inner, E2BIG, r->config.size = sizeof(r->config) - 4)
REFUSAL_TEST(einval_flags, EINVAL, r->config.flags = 1)
REFUSAL_TEST(einval_rtc_time, EINVAL, r->config.rtc_time_s = 1)
REFUSAL_TEST(einval_utc_time, EINVAL,
	     r->config.rtc_base = KVM_TIMERS_RTC_UTC; r->config.rtc_time_s = 1)
REFUSAL_TEST(erange_rtc_base, ERANGE, r->config.rtc_base = KVM_TIMERS_RTC_FIXED + 1)
REFUSAL_TEST(erange_utc_offset, ERANGE,
	     r->config.rtc_base = KVM_TIMERS_RTC_LOCALTIME; r->config.rtc_time_s = -86401)
REFUSAL_TEST(erange_rtc_2100, ERANGE,
	     r->config.rtc_base = KVM_TIMERS_RTC_FIXED; r->config.rtc_time_s = 4102444800LL)
REFUSAL_TEST(einval_no_device, EINVAL, r->config.devices = 0)
REFUSAL_TEST(eopnotsupp, EOPNOTSUPP, r->config.devices |= UNKNOWN_DEVICE)
REFUSAL_TEST(erange_policy, ERANGE, r->config.tick[0].policy = KVM_TIMERS_POLICY_END)
REFUSAL_TEST(erange_rate_low, ERANGE, r->config.tick[0].catchup_max_rate_pct = 100)
REFUSAL_TEST(erange_rate_high, ERANGE, r->config.tick[0].catchup_max_rate_pct = 1001)
REFUSAL_TEST(erange_budget_low, ERANGE, r->config.budget_hz = 99)
REFUSAL_TEST(erange_budget_high, ERANGE, r->config.budget_hz = 1000001)
REFUSAL_TEST(einval_reserved, EINVAL, r->config.reserved = 1)
REFUSAL_TEST(erange_limit, ERANGE, r->config.tick[0].catchup_limit_ms = UINT32_MAX)
REFUSAL_TEST(efault, EFAULT, r = (void *)1)

TEST_F(attach, ebusy_with_vcpu)
{
	unsigned int listed = list(self->dev, NULL, 0);
	int vcpu = ioctl(self->vm, KVM_CREATE_VCPU, 0);

	ASSERT_GE(vcpu, 0);
	EXPECT_EQ(-EBUSY, result(self->dev, KVM_TIMERS_ATTACH, &self->request));
	EXPECT_EQ(listed, list(self->dev, NULL, 0));
	close(vcpu);
}

TEST_F(attach, eexist_with_pit)
{
	unsigned int listed = list(self->dev, NULL, 0);
	struct kvm_pit_state2 state;

	ASSERT_EQ(true, untouched(self->dev, self->vm, listed));
	EXPECT_EQ(-EEXIST, result(self->dev, KVM_TIMERS_ATTACH, &self->request));
	EXPECT_EQ(0, ioctl(self->vm, KVM_GET_PIT2, &state));
	EXPECT_EQ(listed, list(self->dev, NULL, 0));
}

TEST_F(attach, ealready)
{
	int timers = result(self->dev, KVM_TIMERS_ATTACH, &self->request);
	unsigned int listed = list(self->dev, NULL, 0);
	struct kvm_timers_status status;

	ASSERT_GE(timers, 0);
	EXPECT_EQ(-EALREADY, result(self->dev, KVM_TIMERS_ATTACH, &self->request));
	EXPECT_EQ(listed, list(self->dev, NULL, 0));
	EXPECT_EQ(0, kt_host_timers_status(timers, &status));
	EXPECT_EQ(getpid(), status.pid);
	EXPECT_EQ(KVM_TIMERS_PIT, status.devices);
	EXPECT_EQ(0, status.device[0].active);
	close(timers);
}

TEST_F(attach, adopt_refusals)
{
	struct kvm_timers_config config;

	kt_host_pit_config(&config);
	config.size--;
	EXPECT_EQ(-E2BIG, result(self->dev, KVM_TIMERS_ADOPT, &config));
	kt_host_pit_config(&config);
	config.flags = 1;
	EXPECT_EQ(-EINVAL, result(self->dev, KVM_TIMERS_ADOPT, &config));
	kt_host_pit_config(&config);
	config.rtc_time_s = 1;
	EXPECT_EQ(-EINVAL, result(self->dev, KVM_TIMERS_ADOPT, &config));
	kt_host_pit_config(&config);
	config.devices |= UNKNOWN_DEVICE;
	EXPECT_EQ(-EOPNOTSUPP, result(self->dev, KVM_TIMERS_ADOPT, &config));
	kt_host_pit_config(&config);
	config.tick[0].policy = UINT32_MAX;
	EXPECT_EQ(-ERANGE, result(self->dev, KVM_TIMERS_ADOPT, &config));
	EXPECT_EQ(-EFAULT, result(self->dev, KVM_TIMERS_ADOPT, (void *)1));
}

/* The number of a new VM in the list of the caller, 0 if there is none. */
static uint32_t id_of(int timers)
{
	struct kvm_timers_status status;

	return kt_host_timers_status(timers, &status) ? 0 : status.id;
}

TEST_F(attach, list_and_open)
{
	int timers = result(self->dev, KVM_TIMERS_ATTACH, &self->request), again;
	uint32_t ids[MAX_VMS], id = id_of(timers), n, i;
	struct kvm_timers_status status;
	struct kvm_timers_list arg;

	ASSERT_GE(timers, 0);
	n = list(self->dev, ids, MAX_VMS);
	for (i = 0; i < n && ids[i] != id; i++)
		;
	EXPECT_LT(i, n);

	again = ioctl(self->dev, KVM_TIMERS_OPEN, (unsigned long)id);
	ASSERT_GE(again, 0);
	EXPECT_EQ(id, id_of(again));
	EXPECT_EQ(-ENOENT, result(self->dev, KVM_TIMERS_OPEN, (void *)(uintptr_t)UINT32_MAX));

	memset(&arg, 0, sizeof(arg));
	arg.size = sizeof(arg) + 1;
	EXPECT_EQ(-E2BIG, result(self->dev, KVM_TIMERS_LIST, &arg));
	arg.size = sizeof(arg);
	arg.count = 1;
	arg.ids = 1;
	EXPECT_EQ(-EFAULT, result(self->dev, KVM_TIMERS_LIST, &arg));
	memset(&status, 0, sizeof(status));
	EXPECT_EQ(-E2BIG, result(timers, KVM_TIMERS_GET_STATUS, &status));
	close(again);
	close(timers);
}

TEST_F(attach, policy_and_death)
{
	int timers = result(self->dev, KVM_TIMERS_ATTACH, &self->request);
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.tick	= { .policy = KVM_TIMERS_POLICY_MERGE, .catchup_max_rate_pct = 101 },
	};
	struct kvm_timers_status status;

	ASSERT_GE(timers, 0);
	EXPECT_EQ(0, result(timers, KVM_TIMERS_SET_POLICY, &set));
	ASSERT_EQ(0, kt_host_timers_status(timers, &status));
	EXPECT_EQ(KVM_TIMERS_POLICY_MERGE, status.device[0].policy);
	EXPECT_EQ(101, status.device[0].catchup_max_rate_pct);
	set.tick.catchup_max_rate_pct = 100;
	EXPECT_EQ(-ERANGE, result(timers, KVM_TIMERS_SET_POLICY, &set));
	set.tick.catchup_max_rate_pct = 0;
	set.size++;
	EXPECT_EQ(-E2BIG, result(timers, KVM_TIMERS_SET_POLICY, &set));
	set.size--;
	set.device = KVM_TIMERS_NR_DEVICES;
	EXPECT_EQ(-EOPNOTSUPP, result(timers, KVM_TIMERS_SET_POLICY, &set));
	set.device = KVM_TIMERS_DEVICE_PIT;
	ASSERT_EQ(0, kt_host_timers_status(timers, &status));
	EXPECT_EQ(101, status.device[0].catchup_max_rate_pct);
	EXPECT_EQ(0, status.dead);

	close(self->vm);
	self->vm = -1;
	ASSERT_EQ(0, kt_host_timers_status(timers, &status));
	EXPECT_EQ(1, status.dead);
	EXPECT_EQ(-ESRCH, result(timers, KVM_TIMERS_SET_POLICY, &set));
	EXPECT_EQ(-ENOENT, result(self->dev, KVM_TIMERS_OPEN, (void *)(uintptr_t)status.id));
	close(timers);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
