// SPDX-License-Identifier: GPL-2.0-only
/*
 * No vCPU is in the guest while its line changes: a worker that takes its time there keeps all
 * of them out of it, on whatever CPU they are. See race_test.sh, which makes it do so.
 */
#include "clock_vm.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define NR_VCPUS	2
#define BENDS		40
#define BEND_NS		(100 * NS_PER_MS)
/* Or no line has changed. */
#define LEAST_TIMES	3

struct watch {
	struct kt_vmm	*vm;
	unsigned int	index;
	uint64_t	cycles;
	uint64_t	times;
};

static void *watch(void *arg)
{
	struct watch *w = arg;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(w->index, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		abort();
	w->times = clock_on(w->vm, w->index, CLOCK_AWAY, w->cycles, 0)->val;
	return NULL;
}

TEST(away_each_time)
{
	struct watch watches[NR_VCPUS];
	pthread_t threads[NR_VCPUS];
	uint64_t cycles, times;
	struct kt_vmm vm;
	unsigned int i;

	if (access("/sys/module/slow", F_OK) || sysconf(_SC_NPROCESSORS_ONLN) < NR_VCPUS)
		SKIP(return, "no worker is slow, or there is one CPU only");

	ASSERT_EQ(0, clock_create(&vm, NR_VCPUS, KVM_TIMERS_CLOCK_HOST));
	cycles = (uint64_t)ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0) * kt_host_parameter("slow", "delay_ms");
	for (i = 0; i < NR_VCPUS; i++) {
		clock_open_page(&vm, i, MSR_SYSTEM_NEW);
		watches[i] = (struct watch){ .vm = &vm, .index = i, .cycles = cycles };
	}
	times = kt_host_parameter("slow", "times");
	for (i = 0; i < NR_VCPUS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, watch, &watches[i]));
	for (i = 0; i < BENDS; i++) {
		kt_host_pass(BEND_NS);
		clock_bend(i % 2 ? CLOCK_BEND_PPM : -CLOCK_BEND_PPM);
	}
	times = kt_host_parameter("slow", "times") - times;
	clock_page(&vm)->stop = 1;
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(threads[i], NULL);
	clock_bend(0);

	EXPECT_LE(LEAST_TIMES, times);
	for (i = 0; i < NR_VCPUS; i++)
		EXPECT_LE(times, watches[i].times);
	printf("# a worker was slow %llu times; vCPUs were away %llu and %llu times\n",
	       (unsigned long long)times, (unsigned long long)watches[0].times,
	       (unsigned long long)watches[1].times);
	fflush(stdout);
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
