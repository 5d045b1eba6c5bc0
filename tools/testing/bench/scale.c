// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tick costs the host beside many others: so many VMs on one CPU, each with a PIT at 1 kHz.
 * Instructions are counted by what is left to a thread that runs when nobody else does, and counts
 * its own. For the deterministic lab, where one takes 1 ns.
 *
 * usage: scale VMS [MS]	KT_PLAIN=1: KVM's own PIT
 *
 * Prints the instructions for each tick that the guests have taken.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kt_host.h"
#include "kt_spare.h"
#include "kt_vmm.h"
#include "tick_cmds.h"

#define COUNT_1KHZ	1193
#define NS_PER_MS	1000000ULL

/* It is alone, and finds out what a round of its own takes. */
#define ALONE_NS	(50 * NS_PER_MS)

/* The first time of anything takes longer. */
#define WARM_NS		(100 * NS_PER_MS)

struct guest {
	struct kt_vmm	vm;
	pthread_t	thread;
	bool		is_over;
};

static void *run(void *arg)
{
	struct guest *g = arg;

	while (!g->is_over)
		kt_vmm_run(&g->vm, 0);
	return NULL;
}

static bool start(struct guest *g)
{
	struct kt_vmm_config config = { .devices = KVM_TIMERS_PIT };

	if (kt_vmm_create(&g->vm, &config))
		return false;
	g->vm.shared->arg[0] = KT_PIN_IOAPIC_2;
	g->vm.shared->arg[1] = COUNT_1KHZ;
	if (kt_vmm_command(&g->vm, TICK_START) != KT_VMM_DONE)
		return false;
	g->vm.shared->cmd = TICK_UNTIL;
	g->vm.shared->arg[0] = UINT64_MAX;
	g->vm.shared->arg[1] = 0;
	return true;
}

static uint64_t ticks(const struct guest *g, unsigned int nr)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		sum += g[i].vm.shared->ticks;
	return sum;
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 1 ? atoi(argv[1]) : 1, i;
	uint64_t span_ns = (argc > 2 ? atoi(argv[2]) : 1000) * NS_PER_MS;
	uint64_t alone, from, from_ns, from_ticks, left, taken;
	struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };
	struct kvm_timers_status status = { };
	struct guest *guests;
	pthread_attr_t attr;

	kt_host_require();
	if (!nr || setrlimit(RLIMIT_NOFILE, &files))
		return EXIT_FAILURE;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	guests = calloc(nr, sizeof(*guests));
	if (!guests || !kt_spare_start())
		return EXIT_FAILURE;

	from = kt_spare_rounds();
	from_ns = kt_host_now();
	kt_host_wait_until(from_ns + ALONE_NS);
	alone = (kt_spare_rounds() - from) * NS_PER_MS / (kt_host_now() - from_ns);

	for (i = 0; i < nr; i++)
		if (!start(&guests[i]))
			return EXIT_FAILURE;
	for (i = 0; i < nr; i++)
		if (pthread_create(&guests[i].thread, &attr, run, &guests[i]))
			return EXIT_FAILURE;
	for (i = 0; i < nr; i++)
		pthread_setschedparam(guests[i].thread, SCHED_OTHER, &(struct sched_param){ });
	kt_host_wait_until(kt_host_now() + WARM_NS);

	from = kt_spare_rounds();
	from_ticks = ticks(guests, nr);
	from_ns = kt_host_now();
	kt_host_wait_until(from_ns + span_ns);
	taken = ticks(guests, nr) - from_ticks;
	span_ns = kt_host_now() - from_ns;
	left = (kt_spare_rounds() - from) * NS_PER_MS / alone;
	if (!taken || left > span_ns)
		return EXIT_FAILURE;

	if (!kt_host_plain() && kt_vmm_status(&guests[0].vm, &status))
		return EXIT_FAILURE;
	printf("%u %llu %llu %u\n", nr, (unsigned long long)taken,
	       (unsigned long long)((span_ns - left) / taken), status.mem_bytes);
	for (i = 0; i < nr; i++) {
		guests[i].is_over = true;
		pthread_kill(guests[i].thread, SIGUSR1);
	}
	for (i = 0; i < nr; i++)
		pthread_join(guests[i].thread, NULL);
	return EXIT_SUCCESS;
}
