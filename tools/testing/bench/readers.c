// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest whose vCPUs all read the HPET's counter. Says how often, by the module's own count.
 *
 * usage: readers VCPUS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "hpet_vm.h"

#define READS	500

static struct kt_vmm vm;

static void *run(void *index)
{
	if (kt_vmm_run(&vm, (uintptr_t)index) != KT_VMM_DONE)
		exit(EXIT_FAILURE);
	return NULL;
}

int main(int argc, char **argv)
{
	uintptr_t i, nr_vcpus = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	struct kt_vmm_config config = {
		.nr_vcpus	= nr_vcpus,
		.pit		= KT_VMM_NO_PIT,
		.devices	= KVM_TIMERS_HPET,
	};
	struct kvm_timers_status status;
	pthread_t thread[KT_MAX_VCPUS];

	if (nr_vcpus > KT_MAX_VCPUS || kt_vmm_create(&vm, &config))
		return EXIT_FAILURE;

	hpet_write(&vm, HPET_CONF, 4, HPET_ENABLE);
	hpet_page(&vm)->racers = nr_vcpus;
	hpet_prepare(&vm, HPET_RACE, READS, 0, 0);
	for (i = 0; i < nr_vcpus; i++) {
		if (pthread_create(&thread[i], NULL, run, (void *)i))
			return EXIT_FAILURE;
	}
	for (i = 0; i < nr_vcpus; i++)
		pthread_join(thread[i], NULL);

	if (kt_vmm_status(&vm, &status))
		return EXIT_FAILURE;
	printf("%llu\n", (unsigned long long)status.device[KVM_TIMERS_DEVICE_HPET].reads);
	kt_vmm_destroy(&vm);
	return 0;
}
