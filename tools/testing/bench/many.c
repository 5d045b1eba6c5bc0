// SPDX-License-Identifier: GPL-2.0-only
/*
 * What commands cost on a host with many VMs, each with all devices. For the deterministic lab,
 * where an instruction takes 1 ns.
 *
 * usage: many VMS COMMAND...	each a command line of blanks and words
 *
 * Prints for each how many us of a CPU its second run took, in user space and in the kernel, and
 * the command. What it waits for its own files is the lab's.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kt_host.h"
#include "kt_vmm.h"

#define ALL_DEVICES	((1U << KVM_TIMERS_DEVICE_END) - 1)
#define ARGS_MAX	16
#define US_PER_S	1000000ULL

/* The first time of anything takes longer. */
#define ROUNDS		2

static uint64_t us(const struct timeval *time)
{
	return time->tv_sec * US_PER_S + time->tv_usec;
}

/* Cuts the command line. Return: whether it was done with success, and what that took. */
static bool run(char *line, uint64_t *us_user, uint64_t *us_kernel)
{
	posix_spawn_file_actions_t actions;
	char *args[ARGS_MAX + 1] = { };
	struct rusage usage = { };
	int nr, status;
	bool done;
	pid_t pid;

	args[0] = strtok(line, " ");
	for (nr = 0; args[nr] && nr < ARGS_MAX - 1; nr++)
		args[nr + 1] = strtok(NULL, " ");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	done = args[0] && !posix_spawnp(&pid, args[0], &actions, NULL, args, environ) &&
	       wait4(pid, &status, 0, &usage) == pid && !status;
	*us_user = us(&usage.ru_utime);
	*us_kernel = us(&usage.ru_stime);
	posix_spawn_file_actions_destroy(&actions);
	return done;
}

int main(int argc, char **argv)
{
	struct kt_vmm_config config = { .devices = ALL_DEVICES };
	struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };
	unsigned int nr = argc > 1 ? atoi(argv[1]) : 0, i, round;
	struct kt_vmm *vms;
	char line[512];
	uint64_t user, kernel;

	kt_host_require();
	vms = calloc(nr, sizeof(*vms));
	if (!nr || !vms || setrlimit(RLIMIT_NOFILE, &files))
		return EXIT_FAILURE;
	for (i = 0; i < nr; i++)
		if (kt_vmm_create(&vms[i], &config))
			return EXIT_FAILURE;

	for (argv += 2; *argv; argv++) {
		for (round = 0; round < ROUNDS; round++) {
			snprintf(line, sizeof(line), "%s", *argv);
			if (!run(line, &user, &kernel))
				return EXIT_FAILURE;
		}
		printf("%llu %llu %s\n", (unsigned long long)user, (unsigned long long)kernel,
		       *argv);
	}
	return EXIT_SUCCESS;
}
