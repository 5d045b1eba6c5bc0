// SPDX-License-Identifier: GPL-2.0-only
/*
 * What unload.sh does to the module while VMs come, go and die.
 *
 *	unload_test hold		attach a VM, close the timers fd, say "ready", wait
 *					for the end of standard input
 *	unload_test run			a VM of KVM's own that ticks until the end of standard
 *					input; fails if it stood still
 *	unload_test cycle N		attach, tick, detach, N times
 *	unload_test kill N		kill a VMM with ticks in flight, N times
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kt_host.h"
#include "kt_vmm.h"
#include "tick_cmds.h"

#define COUNT_1KHZ		1193
#define TICKS_A_CYCLE		3
#define TICKS_A_REPORT		10

static int start(struct kt_vmm *vm, enum kt_vmm_takeover takeover, enum kt_pin pin)
{
	struct kt_vmm_config config = { .takeover = takeover };

	if (kt_vmm_create(vm, &config))
		return -1;
	vm->shared->arg[0] = pin;
	vm->shared->arg[1] = COUNT_1KHZ;
	return kt_vmm_command(vm, TICK_START) == KT_VMM_DONE ? 0 : -1;
}

static enum kt_vmm_event tick(struct kt_vmm *vm, uint64_t n)
{
	vm->shared->arg[0] = vm->shared->ticks + n;
	vm->shared->arg[1] = 0;
	return kt_vmm_command(vm, TICK_UNTIL);
}

static int ready(void)
{
	return puts("ready") < 0 || fflush(stdout);
}

static int hold(void)
{
	struct kt_vmm vm;
	char byte;

	if (start(&vm, KT_VMM_ATTACH, KT_PIN_PIC) || tick(&vm, TICKS_A_CYCLE) != KT_VMM_DONE)
		return 1;
	close(vm.timers);
	vm.timers = -1;
	if (ready())
		return 1;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	kt_vmm_destroy(&vm);
	return 0;
}

static int run(void)
{
	struct pollfd input = { .fd = STDIN_FILENO };
	uint64_t reports = 0;
	struct kt_vmm vm;

	if (start(&vm, KT_VMM_PLAIN, KT_PIN_IOAPIC_2) || ready())
		return 1;
	while (!poll(&input, 1, 0)) {
		if (tick(&vm, TICKS_A_REPORT) != KT_VMM_DONE)
			return 1;
		reports++;
	}
	kt_vmm_destroy(&vm);
	printf("%llu ticks\n", (unsigned long long)reports * TICKS_A_REPORT);
	return !reports;
}

static int cycle(unsigned long n)
{
	struct kvm_timers_status status;
	struct kt_vmm vm;
	unsigned long i;

	for (i = 0; i < n; i++) {
		if (start(&vm, KT_VMM_ATTACH, i & 1 ? KT_PIN_PIC : KT_PIN_IOAPIC_2) ||
		    tick(&vm, TICKS_A_CYCLE) != KT_VMM_DONE)
			return 1;
		if (!kt_host_plain() && (kt_vmm_status(&vm, &status) ||
					 !kt_host_conserved(&status) ||
					 status.device[0].stats.delivered < TICKS_A_CYCLE))
			return 1;
		kt_vmm_destroy(&vm);
	}
	printf("%lu cycles\n", i);
	return 0;
}

static void victim(int report)
{
	struct kt_vmm vm;

	if (start(&vm, KT_VMM_ATTACH, KT_PIN_IOAPIC_2))
		_exit(1);
	for (;;)
		if (tick(&vm, TICKS_A_CYCLE) != KT_VMM_DONE || write(report, "", 1) != 1)
			_exit(1);
}

static int kill_one(void)
{
	int fds[2], status;
	pid_t child;
	char byte;

	if (pipe(fds))
		return -1;
	child = fork();
	if (child < 0)
		return -1;
	if (!child) {
		close(fds[0]);
		victim(fds[1]);
	}

	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		return -1;
	if (kill(child, SIGKILL) || waitpid(child, &status, 0) != child)
		return -1;
	close(fds[0]);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : -1;
}

static int kill_many(unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		if (kill_one())
			return 1;
	printf("%lu killed\n", i);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (!strcmp(what, "hold"))
		return hold();
	if (!strcmp(what, "run"))
		return run();
	if (!strcmp(what, "cycle") && n)
		return cycle(n);
	if (!strcmp(what, "kill") && n)
		return kill_many(n);

	fprintf(stderr, "usage: unload_test hold|run|cycle N|kill N\n");
	return 2;
}
