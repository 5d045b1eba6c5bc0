// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches the clocks of clocks.c, which a VMM runs, while the host's own is bent; and prints of
 * each pair of them how far apart it got, and by how much more than it may: ns. The host's
 * CLOCK_MONOTONIC is one of them.
 *
 *	watch SECONDS COMMAND...	the VMM, its stdout being the guest's debug console
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "kt_bend.h"
#include "kt_drift.h"
#include "kt_host.h"

#define LOOKS_A_SECOND	2
#define LINE_START	'@'
#define NS_PER_KHZ	1000000ULL

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static uint64_t host_tsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Frequency of the TSC that KVM gives its guests. */
static uint64_t guest_tsc_khz(void)
{
	int kvm = open(KT_HOST_DEV_KVM, O_RDWR | O_CLOEXEC), vm, khz;

	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	khz = vm < 0 ? -1 : ioctl(vm, KVM_GET_TSC_KHZ, 0);
	if (khz <= 0)
		fail("KVM_GET_TSC_KHZ");
	close(vm);
	close(kvm);
	return khz;
}

/* Return: what the command writes. */
static FILE *start(char **command, pid_t *pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		fail("pipe2");
	*pid = fork();
	if (*pid < 0)
		fail("fork");
	if (!*pid) {
		dup2(ends[1], STDOUT_FILENO);
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

/* An instant by both clocks of the host. */
struct instant {
	uint64_t	tsc;
	uint64_t	ns;
};

/* The quickest of some readings. */
static struct instant host_instant(void)
{
	struct instant best = { 0 }, at;
	uint64_t least = UINT64_MAX, after;
	int i;

	for (i = 0; i < 3; i++) {
		at.tsc = host_tsc();
		at.ns = kt_host_now();
		after = host_tsc();
		if (after - at.tsc < least) {
			least = after - at.tsc;
			best.ns = at.ns;
			best.tsc = at.tsc + least / 2;
		}
	}
	return best;
}

/* The next look of the guest, and an instant shortly after it. Return: is there one? */
static bool next_look(FILE *from, struct kt_drift_look *look, bool *exact, struct instant *at)
{
	uint64_t *ticks = look->ticks;
	int c, is_exact;

	do {
		c = getc(from);
	} while (c != EOF && c != LINE_START);
	*at = host_instant();
	if (fscanf(from, "%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64, &is_exact, &look->from, &ticks[KT_CLOCK_KVMCLOCK],
		   &ticks[KT_CLOCK_RTC], &ticks[KT_CLOCK_HPET], &ticks[KT_CLOCK_PIT],
		   &ticks[KT_CLOCK_TMCCT], &look->to) != 8)
		return false;
	ticks[KT_CLOCK_TSC] = look->from;
	*exact = is_exact;
	return true;
}

/*
 * CLOCK_MONOTONIC at a TSC of the guest's, which is the host's less a constant: from an instant
 * shortly after, whose distance the host's TSC knows.
 */
static uint64_t host_at(const struct instant *at, uint64_t tsc, uint64_t offset, long ppm,
			uint64_t tsc_khz)
{
	int64_t ns = (__int128)(at->tsc - offset - tsc) * NS_PER_KHZ / tsc_khz;

	return at->ns - ns - ns * ppm / 1000000;
}

static void report(const struct kt_drift *drift)
{
	unsigned int a, b;

	for (a = 0; a < KT_NR_CLOCKS; a++)
		for (b = 0; b < a; b++)
			printf("%s-%s %" PRId64 " %" PRId64 "\n", kt_drift_name(b),
			       kt_drift_name(a), drift->apart[a][b], drift->beyond[a][b]);
}

/* Return: all looks were there. */
static bool watch(FILE *from, struct kt_drift *drift, unsigned long looks)
{
	const unsigned int all = (1U << KT_NR_CLOCKS) - 1, rtc = 1U << KT_CLOCK_RTC;
	struct kt_drift_look look = { };
	unsigned long i = 0, exact_looks = 0;
	uint64_t offset = 0;
	struct instant at;
	long ppm = 0;
	bool exact;

	drift->exact = rtc;
	while (i <= looks) {
		if (!next_look(from, &look, &exact, &at))
			return false;
		if (!drift->has_first) {
			if (!exact)
				continue;
			offset = at.tsc - look.from;
		}
		look.ticks[KT_CLOCK_HOST] = host_at(&at, look.from, offset, ppm, drift->tsc_khz);
		exact_looks += exact;
		drift->clocks = exact ? all : all & ~rtc;
		kt_drift_add(drift, &look);
		ppm = kt_bend_at(i);
		kt_bend(ppm);
		i++;
	}
	fprintf(stderr, "%lu looks, %lu of them as the RTC began a second\n", i, exact_looks);
	return exact_looks > 1;
}

int main(int argc, char **argv)
{
	struct kt_drift drift = { };
	FILE *console;
	bool ok;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: watch SECONDS COMMAND...\n");
		return 2;
	}
	drift.tsc_khz = guest_tsc_khz();
	console = start(argv + 2, &pid);
	setvbuf(console, NULL, _IONBF, 0);
	ok = watch(console, &drift, strtoul(argv[1], NULL, 0) * LOOKS_A_SECOND);
	kt_bend(0);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	if (!ok)
		return EXIT_FAILURE;
	report(&drift);
	return EXIT_SUCCESS;
}
