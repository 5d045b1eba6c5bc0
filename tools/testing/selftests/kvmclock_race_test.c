// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmclock by several vCPUs at once: none reads less than another one has read before, while
 * the host's clock is bent and kvmclock is set forward.
 */
#include "clock_vm.h"

#include <pthread.h>

#define RACE_READS		100000
#define BEND_NS			(5 * NS_PER_MS)
/* More than passes between the two calls. */
#define SET_AHEAD_NS		(1000 * NS_PER_MS)

FIXTURE(race) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(race) {
	unsigned int nr_vcpus;
};

FIXTURE_VARIANT_ADD(race, two) {
	.nr_vcpus = 2,
};

FIXTURE_VARIANT_ADD(race, eight) {
	.nr_vcpus = 8,
};

FIXTURE_SETUP(race)
{
	unsigned int i;

	ASSERT_EQ(0, clock_create(&self->vm, variant->nr_vcpus, KVM_TIMERS_CLOCK_HOST));
	for (i = 0; i < variant->nr_vcpus; i++)
		clock_open_page(&self->vm, i, MSR_SYSTEM_NEW);
}

FIXTURE_TEARDOWN(race)
{
	clock_bend(0);
	kt_vmm_destroy(&self->vm);
}

struct racer {
	pthread_t	thread;
	struct kt_vmm	*vm;
	unsigned int	index;
	unsigned int	*running;
};

static void *run(void *arg)
{
	struct racer *r = arg;

	clock_on(r->vm, r->index, CLOCK_RACE, RACE_READS / r->vm->nr_vcpus, 0);
	__atomic_fetch_sub(r->running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int set_forward(struct kt_vmm *vm)
{
	struct kvm_clock_data data = { };

	if (ioctl(vm->fd, KVM_GET_CLOCK, &data))
		return -1;
	data.clock += SET_AHEAD_NS;
	data.flags = 0;
	return ioctl(vm->fd, KVM_SET_CLOCK, &data);
}

TEST_F_TIMEOUT(race, never_back, 300)
{
	unsigned int running = variant->nr_vcpus, i, bends = 0;
	struct kvm_timers_status status;
	struct racer racers[KT_MAX_VCPUS];

	for (i = 0; i < variant->nr_vcpus; i++) {
		racers[i] = (struct racer) { .vm = &self->vm, .index = i, .running = &running };
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, run, &racers[i]));
	}
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		clock_bend(bends++ % 2 ? CLOCK_BEND_PPM : -CLOCK_BEND_PPM);
		if (bends % 16 == 0)
			ASSERT_EQ(0, set_forward(&self->vm));
		kt_host_wait_until(kt_host_now() + BEND_NS);
	}
	for (i = 0; i < variant->nr_vcpus; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(0, clock_vcpu(&self->vm, i)->val);
	}
	if (kt_host_plain())
		return;
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	/* It did change. */
	EXPECT_GE(status.clock_segments, 2);
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
