// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host as the selftests see it: its clock, and the module.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "kt_host.h"

#define EXIT_KSFT_SKIP		4

/** kt_host_plain() - Return: KVM's own PIT is to be tested, not the module's. */
bool kt_host_plain(void)
{
	const char *plain = getenv("KT_PLAIN");

	return plain && *plain && strcmp(plain, "0");
}

static void skip_all(const char *why)
{
	printf("TAP version 13\n1..0 # SKIP %s\n", why);
	exit(EXIT_KSFT_SKIP);
}

/** kt_host_require() - skip the whole program where a device it needs is missing */
void kt_host_require(void)
{
	if (access(KT_HOST_DEV_KVM, F_OK))
		skip_all("no " KT_HOST_DEV_KVM);
	if (!kt_host_plain() && access(KT_HOST_DEV_TIMERS, F_OK))
		skip_all("no " KT_HOST_DEV_TIMERS);
}

/** kt_host_require_module() - the same, for a program that is about the module only */
void kt_host_require_module(void)
{
	if (kt_host_plain())
		skip_all("needs the module");
	kt_host_require();
}

/** kt_host_require_exact() - the program is for the deterministic lab, which says so */
void kt_host_require_exact(void)
{
	if (!getenv("KT_EXACT"))
		skip_all("for the deterministic lab: set KT_EXACT=1 there");
}

/** kt_host_now() - Return: CLOCK_MONOTONIC, ns. */
uint64_t kt_host_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * KT_NSEC_PER_SEC + ts.tv_nsec;
}

/* A number that a module that is there was loaded with, or says. */
uint64_t kt_host_parameter(const char *module, const char *name)
{
	unsigned long long val;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%llu", &val) != 1) {
		perror(path);
		abort();
	}
	fclose(file);
	return val;
}

/**
 * kt_host_wait_until() - block until an instant has come
 * @ns:		CLOCK_MONOTONIC
 */
void kt_host_wait_until(uint64_t ns)
{
	struct itimerspec its = {
		.it_value = {
			.tv_sec		= ns / KT_NSEC_PER_SEC,
			.tv_nsec	= ns % KT_NSEC_PER_SEC,
		},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t expirations = 0;

	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL)) {
		perror("# timerfd");
		abort();
	}
	while (!expirations)
		if (read(fd, &expirations, sizeof(expirations)) < 0 && errno != EINTR)
			abort();
	close(fd);
}

/**
 * kt_host_pass() - block for a time
 * @ns:		how long
 */
void kt_host_pass(uint64_t ns)
{
	kt_host_wait_until(kt_host_now() + ns);
}

/**
 * kt_host_clks_floor() - complete CLK periods in a span
 * @ns:		span
 *
 * Return: number.
 */
uint64_t kt_host_clks_floor(uint64_t ns)
{
	return (unsigned __int128)ns * KT_PIT_CLK_DIV / KT_PIT_CLK_MUL;
}

/**
 * kt_host_clks_to_ns() - span of a number of CLK periods, rounded down
 * @clks:	number
 *
 * Return: ns.
 */
uint64_t kt_host_clks_to_ns(uint64_t clks)
{
	return (unsigned __int128)clks * KT_PIT_CLK_MUL / KT_PIT_CLK_DIV;
}

/**
 * kt_host_pit_config() - a configuration that takes over the PIT
 * @config:	filled in
 */
void kt_host_pit_config(struct kvm_timers_config *config)
{
	memset(config, 0, sizeof(*config));
	config->size = sizeof(*config);
	config->devices = KVM_TIMERS_PIT;
}

/**
 * kt_host_attach() - take over a VM
 * @vm_fd:	VM
 * @config:	how
 *
 * Return: timers fd, or -1 with errno.
 */
int kt_host_attach(int vm_fd, const struct kvm_timers_config *config)
{
	int dev = open(KT_HOST_DEV_TIMERS, O_RDWR | O_CLOEXEC);
	struct kvm_timers_attach attach = {
		.size	= sizeof(attach),
		.vm_fd	= vm_fd,
		.config	= *config,
	};
	int timers, err;

	if (dev < 0)
		return -1;

	timers = ioctl(dev, KVM_TIMERS_ATTACH, &attach);
	err = errno;
	close(dev);
	errno = err;
	return timers;
}

/**
 * kt_host_timers_status() - read the status of a timers fd
 * @timers:	timers fd
 * @status:	filled in
 *
 * Return: 0, or -1 with errno.
 */
int kt_host_timers_status(int timers, struct kvm_timers_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	return ioctl(timers, KVM_TIMERS_GET_STATUS, status);
}

/**
 * kt_host_freeze() - have guest time stand still
 * @timers:	timers fd
 *
 * Return: 0, or -1 with errno.
 */
int kt_host_freeze(int timers)
{
	return ioctl(timers, KVM_TIMERS_FREEZE, 0);
}

/**
 * kt_host_thaw() - have guest time go on
 * @timers:	timers fd
 * @gap:	enum kvm_timers_gap
 *
 * Return: 0, or -1 with errno.
 */
int kt_host_thaw(int timers, uint32_t gap)
{
	struct kvm_timers_thaw arg = { .size = sizeof(arg), .gap = gap };

	return ioctl(timers, KVM_TIMERS_THAW, &arg);
}

/**
 * kt_host_get_record() - read the record
 * @timers:	timers fd
 * @record:	zeroed, and filled in
 * @room:	bytes there
 *
 * Return: 0, or -1 with errno.
 */
int kt_host_get_record(int timers, void *record, uint32_t room)
{
	struct kvm_timers_record_call arg = {
		.size	= sizeof(arg),
		.length	= room,
		.addr	= (uintptr_t)record,
	};

	memset(record, 0, room);
	return ioctl(timers, KVM_TIMERS_GET_RECORD, &arg);
}

/**
 * kt_host_record() - look at the record
 * @timers:	timers fd
 *
 * Return: the record, good until the next call; or NULL with errno.
 */
const struct kvm_timers_record *kt_host_record(int timers)
{
	static union {
		struct kvm_timers_record	record;
		char				room[16384];
	} buffer;

	return kt_host_get_record(timers, &buffer, sizeof(buffer)) ? NULL : &buffer.record;
}

/**
 * kt_host_set_record() - set the record
 * @timers:	timers fd
 * @record:	bytes
 * @length:	how many
 * @flags:	KVM_TIMERS_RECORD_*
 *
 * Return: 0, or -1 with errno.
 */
int kt_host_set_record(int timers, const void *record, uint32_t length, uint32_t flags)
{
	struct kvm_timers_record_call arg = {
		.size	= sizeof(arg),
		.flags	= flags,
		.length	= length,
		.addr	= (uintptr_t)record,
	};

	return ioctl(timers, KVM_TIMERS_SET_RECORD, &arg);
}

static bool is_conserved(const struct kvm_timers_device_status *device)
{
	const struct kvm_timers_tick_stats *s = &device->stats;

	return s->due + s->rescaled ==
	       s->delivered + s->merged + s->dropped + s->given_up + device->owed;
}

/**
 * kt_host_conserved() - the rule of the account
 * @status:	status
 *
 * Return: every tick of every device is accounted for.
 */
bool kt_host_conserved(const struct kvm_timers_status *status)
{
	unsigned int i;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (!is_conserved(&status->device[i]))
			return false;
	return true;
}

/**
 * kt_host_stopper() - have this process stopped for a while
 * @to_stopper:	a byte written here is the signal to begin
 * @ns:		how long
 *
 * Return: the process that does it, to be waited for; -1 on failure.
 */
pid_t kt_host_stopper(int *to_stopper, uint64_t ns)
{
	pid_t victim = getpid(), child;
	int fds[2];
	char byte;

	if (pipe(fds))
		return -1;
	*to_stopper = fds[1];
	child = fork();
	if (child) {
		close(fds[0]);
		return child;
	}

	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		_exit(1);
	kill(victim, SIGSTOP);
	kt_host_wait_until(kt_host_now() + ns);
	kill(victim, SIGCONT);
	_exit(0);
}
