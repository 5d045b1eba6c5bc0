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
/* What the module remembers. */
#define MAX_STAYS	64

/* Stays of the worker, by the host's TSC. */
struct stays {
	unsigned long long	from[MAX_STAYS];
	unsigned long long	to[MAX_STAYS];
};

static void read_list(const char *path, unsigned long long *list)
{
	FILE *file = fopen(path, "r");
	unsigned int i;

	if (!file)
		abort();
	for (i = 0; i < MAX_STAYS; i++)
		if (fscanf(file, "%llu,", &list[i]) != 1)
			abort();
	fclose(file);
}

struct watcher {
	pthread_t	thread;
	struct kt_vmm	*vm;
	unsigned int	index;
	uint64_t	cycles;
};

static void *watch(void *arg)
{
	struct watcher *w = arg;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(w->index, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		abort();
	clock_on(w->vm, w->index, CLOCK_AWAY, w->cycles, 0);
	return NULL;
}

static const struct clock_away *away_of(struct kt_vmm *vm, unsigned int index)
{
	return (const struct clock_away *)(vm->mem + CLOCK_AWAY_GPA(index));
}

/* Was that vCPU away from the beginning of a stay to its end? */
static bool was_away(const struct clock_away *away, uint64_t from, uint64_t to)
{
	uint64_t i;

	for (i = 0; i < away->nr; i++)
		if (away->gap[i].from <= from && away->gap[i].to >= to)
			return true;
	return false;
}

TEST(away_each_time)
{
	uint64_t cycles, first, end, n, offset;
	struct watcher watchers[NR_VCPUS];
	const struct clock_away *away;
	unsigned int i, seen;
	struct stays stays;
	struct kt_vmm vm;

	if (access("/sys/module/slow", F_OK) || sysconf(_SC_NPROCESSORS_ONLN) < NR_VCPUS)
		SKIP(return, "no worker is slow, or there is one CPU only");

	ASSERT_EQ(0, clock_create(&vm, NR_VCPUS, KVM_TIMERS_CLOCK_HOST));
	cycles = (uint64_t)ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0) *
		 kt_host_parameter("slow", "delay_ms") / 2;
	for (i = 0; i < NR_VCPUS; i++) {
		clock_open_page(&vm, i, MSR_SYSTEM_NEW);
		watchers[i] = (struct watcher){ .vm = &vm, .index = i, .cycles = cycles };
		ASSERT_EQ(0, pthread_create(&watchers[i].thread, NULL, watch, &watchers[i]));
	}
	for (i = 0; i < NR_VCPUS; i++)
		while (away_of(&vm, i)->looks < 2)
			kt_host_pass(NS_PER_MS);
	/* The stay after one that may have begun before. */
	first = kt_host_parameter("slow", "times") + 1;
	for (i = 0; i < BENDS; i++) {
		kt_bend(i % 2 ? KT_BEND_PPM : -KT_BEND_PPM);
		kt_host_pass(BEND_NS);
	}
	end = kt_host_parameter("slow", "times");
	read_list("/sys/module/slow/parameters/from", stays.from);
	read_list("/sys/module/slow/parameters/to", stays.to);
	clock_page(&vm)->stop = 1;
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(watchers[i].thread, NULL);
	kt_bend(0);

	EXPECT_LE(first + LEAST_TIMES, end);
	ASSERT_LT(end - first, MAX_STAYS);
	for (i = 0; i < NR_VCPUS; i++) {
		away = away_of(&vm, i);
		ASSERT_LT(away->nr, CLOCK_MAX_GAPS);
		offset = clock_offset(vm.vcpu[i].fd);
		for (n = first, seen = 0; n < end; n++)
			seen += !was_away(away, stays.from[n % MAX_STAYS] + offset,
					  stays.to[n % MAX_STAYS] + offset);
		TH_LOG("vCPU %u was in the guest in %u of %llu stays", i, seen,
		       (unsigned long long)(end - first));
		EXPECT_EQ(0, seen);
	}
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
