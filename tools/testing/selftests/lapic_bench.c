// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the LAPIC timer costs, in cycles of the guest's TSC: an arming and a reading, and
 * the way from the timer's end to the guest's handler. Figures, no verdict: they mean
 * something where runs repeat, in the Intel lab and with tools/lab/run --icount. KT_PLAIN=1
 * takes those of KVM's own timer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kt_host.h"
#include "kt_vmm.h"
#include "lapic_bench_cmds.h"

#define MAX_CPUID		128
#define CPUID_FEATURES		1
#define CPUID_ECX_DEADLINE	(1U << 24)

/* KVM's clock of the LAPIC timer has 1 ns. */
#define INTERVAL_NS		1000000
#define NR_OPS			1000
#define NR_IRQS			200

static const struct {
	const char		*name;
	enum lapic_bench_op	op;
} ops[] = {
	{ "deadline_wrmsr",	BENCH_DEADLINE_WRMSR },
	{ "tmict_write",	BENCH_TMICT_WRITE },
	{ "tmcct_read",		BENCH_TMCCT_READ },
};

static const struct {
	const char		*name;
	enum lapic_bench_mode	mode;
} modes[] = {
	{ "one_shot",		BENCH_ONE_SHOT },
	{ "periodic",		BENCH_PERIODIC },
	{ "tsc_deadline",	BENCH_TSC_DEADLINE },
};

/* KVM does not count TSC-deadline to what it supports: it depends on the irqchip. */
static int set_deadline(int vcpu)
{
	struct kvm_cpuid2 *cpuid;
	unsigned int i;
	int ret;

	cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return -1;

	cpuid->nent = MAX_CPUID;
	ret = ioctl(vcpu, KVM_GET_CPUID2, cpuid);
	for (i = 0; !ret && i < cpuid->nent; i++)
		if (cpuid->entries[i].function == CPUID_FEATURES)
			cpuid->entries[i].ecx |= CPUID_ECX_DEADLINE;
	if (!ret)
		ret = ioctl(vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return ret;
}

static enum kt_vmm_event run(struct kt_vmm *vm)
{
	enum kt_vmm_event event;

	do {
		event = kt_vmm_run(vm, 0);
	} while (event == KT_VMM_INTERRUPTED);
	return event;
}

/* A command that ends in values. */
static const uint64_t *measure(struct kt_vmm *vm, enum lapic_bench_cmd cmd)
{
	vm->shared->cmd = cmd;
	if (run(vm) != KT_VMM_SYNC)
		return NULL;
	return run(vm) == KT_VMM_DONE ? vm->vcpu[0].val : NULL;
}

/* Return: cycles of NR_OPS, 0 on an error. */
static uint64_t cost(struct kt_vmm *vm, enum lapic_bench_op op)
{
	const uint64_t *val;

	vm->shared->arg[0] = op;
	vm->shared->arg[1] = NR_OPS;
	val = measure(vm, BENCH_COST);
	return val ? val[0] : 0;
}

static int print_costs(struct kt_vmm *vm)
{
	uint64_t nothing = cost(vm, BENCH_NOTHING), cycles;
	unsigned int i;

	printf("%-24s %8s\n", "cycles", "each");
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		cycles = cost(vm, ops[i].op);
		if (!nothing || cycles < nothing)
			return -1;
		printf("%-24s %8llu\n", ops[i].name,
		       (unsigned long long)(cycles - nothing) / NR_OPS);
	}
	return 0;
}

static int print_late(struct kt_vmm *vm)
{
	const int64_t *val;
	char name[32];
	unsigned int i;
	int halted;

	printf("%-24s %8s %8s %8s\n", "late by, cycles", "mean", "worst", "least");
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		for (halted = 0; halted <= 1; halted++) {
			vm->shared->arg[0] = modes[i].mode;
			vm->shared->arg[1] = halted;
			vm->shared->arg[2] = NR_IRQS;
			val = (const int64_t *)measure(vm, BENCH_LATE);
			if (!val)
				return -1;
			snprintf(name, sizeof(name), "%s_%s", modes[i].name,
				 halted ? "halted" : "running");
			printf("%-24s %8lld %8lld %8lld\n", name, (long long)val[0] / NR_IRQS,
			       (long long)val[1], (long long)val[2]);
		}
	return 0;
}

int main(void)
{
	struct kt_vmm_config config = { .devices = KVM_TIMERS_LAPIC };
	struct kt_vmm vm;
	int khz, ret;

	kt_host_require();
	if (kt_vmm_create(&vm, &config) || set_deadline(vm.vcpu[0].fd))
		return EXIT_FAILURE;

	khz = ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ);
	vm.shared->arg[BENCH_ARG_TMICT] = INTERVAL_NS;
	vm.shared->arg[BENCH_ARG_CYCLES] = khz * (INTERVAL_NS / 1000000ULL);
	ret = khz <= 0 || kt_vmm_command(&vm, BENCH_SETUP) != KT_VMM_DONE;
	printf("%-24s %8d\n", "TSC, kHz", khz);
	if (!ret)
		ret = print_costs(&vm) || print_late(&vm);
	printf("%-24s %8llu\n", "ghost interrupts", (unsigned long long)vm.shared->ghosts);
	kt_vmm_destroy(&vm);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
