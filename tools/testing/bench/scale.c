// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tick costs the host beside many others: so many VMs on one CPU, each with a PIT.
 * For the deterministic lab, where an instruction takes 1 ns: those of a tick are missing elsewhere.
 * Of guests that halt, in a thread that runs when nobody else does; of guests that never do, in
 * themselves.
 *
 * usage: scale VMS MS halted|running HZ	KT_PLAIN=1: KVM's own PIT
 *
 * Prints how many VMs, the ticks that they have taken, the instructions for each, the memory of one.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "kt_host.h"
#include "kt_spare.h"
#include "kt_vmm.h"
#include "tick_cmds.h"

#define PIT_HZ		1193182
#define MAX_COUNT	65535
#define NS_PER_MS	1000000ULL

/*
 * The middle one of many windows counts: in some of them the kernel has something else to do, and of
 * a thousandth of a window's time a tick costs twice as much. Each has as many of the host's ticks.
 */
#define WINDOW_NS	(40 * NS_PER_MS)

/* Nobody has a tick, and it shows what a window is of whatever is counted. */
#define ALONE_WINDOWS	25

/* Time to get ready, and the first time of anything takes longer. */
#define WARM_NS		(100 * NS_PER_MS)

/* A timer of a process is as exact as the host's. */
#define SLACK_NS	1

struct guest {
	struct kt_vmm	vm;
	pthread_t	thread;
	uint64_t	start_ns;
};

static struct guest *guests;
static unsigned int nr_guests;
static unsigned int hz;
static bool running;
static bool is_over;
static pthread_barrier_t alone_over;

static void fail(const char *what)
{
	fprintf(stderr, "# %s\n", what);
	exit(EXIT_FAILURE);
}

static void command(struct guest *g, enum tick_cmd cmd)
{
	if (kt_vmm_command(&g->vm, cmd) != KT_VMM_DONE)
		fail("a guest does not do what it is told");
}

static void *run(void *arg)
{
	struct guest *g = arg;
	struct kt_shared *shared = g->vm.shared;

	command(g, TICK_TRUST);
	shared->arg[0] = 0;
	if (running)
		command(g, TICK_ROUNDS);
	pthread_barrier_wait(&alone_over);

	kt_host_wait_until(g->start_ns);
	shared->arg[0] = KT_PIN_IOAPIC_2;
	shared->arg[1] = PIT_HZ / hz;
	command(g, TICK_START);

	shared->cmd = running ? TICK_ROUNDS : TICK_UNTIL;
	shared->arg[0] = running ? 0 : UINT64_MAX;
	shared->arg[1] = 0;
	while (!is_over)
		kt_vmm_run(&g->vm, 0);
	return NULL;
}

static void start(struct guest *g)
{
	const struct sched_param none = { };
	pthread_attr_t attr;

	/* The caller comes before all of them. */
	if (pthread_attr_init(&attr) || pthread_attr_setstacksize(&attr, 64 << 10) ||
	    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) ||
	    pthread_attr_setschedpolicy(&attr, SCHED_OTHER) ||
	    pthread_attr_setschedparam(&attr, &none) ||
	    pthread_create(&g->thread, &attr, run, g))
		fail("no thread");
	pthread_attr_destroy(&attr);
}

static uint64_t ticks(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr_guests; i++)
		sum += guests[i].vm.shared->ticks;
	return sum;
}

/* What nobody has taken of the CPU. */
static uint64_t rounds(void)
{
	uint64_t sum = 0;
	unsigned int i;

	if (!running)
		return kt_spare_rounds();
	for (i = 0; i < nr_guests; i++)
		sum += guests[i].vm.shared->rounds;
	return sum;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t median(uint64_t *val, unsigned int nr)
{
	qsort(val, nr, sizeof(*val), compare);
	return val[nr / 2];
}

/* In a window in which nobody has a tick. */
static uint64_t rounds_alone(void)
{
	uint64_t val[ALONE_WINDOWS], at_ns = kt_host_now(), from = rounds(), now;
	unsigned int i;

	for (i = 0; i < ALONE_WINDOWS; i++) {
		at_ns += WINDOW_NS;
		kt_host_wait_until(at_ns);
		now = rounds();
		val[i] = now - from;
		from = now;
	}
	return median(val, ALONE_WINDOWS);
}

/* Return: instructions for a tick. @taken: so many, in all windows. */
static uint64_t cost(unsigned int nr, uint64_t alone, uint64_t *taken)
{
	uint64_t val[nr], at_ns = kt_host_now(), from = rounds(), from_ticks = ticks(), now, left;
	unsigned int i;

	*taken = from_ticks;
	for (i = 0; i < nr; i++) {
		at_ns += WINDOW_NS;
		kt_host_wait_until(at_ns);
		now = rounds();
		left = (now - from) * WINDOW_NS / alone;
		from = now;
		now = ticks();
		if (now == from_ticks)
			fail("no ticks");
		val[i] = left < WINDOW_NS ? (WINDOW_NS - left) / (now - from_ticks) : 0;
		from_ticks = now;
	}
	*taken = from_ticks - *taken;
	return median(val, nr);
}

/* Ticks of different guests do not come at once, nor after each other by chance. */
static void begin_ticks(void)
{
	uint64_t from_ns = kt_host_now() + WARM_NS;
	unsigned int i;

	for (i = 0; i < nr_guests; i++) {
		guests[i].start_ns = from_ns + i * (KT_NSEC_PER_SEC / hz) / nr_guests;
		guests[i].vm.shared->arg[0] = 1;
	}
	pthread_barrier_wait(&alone_over);
	kt_host_wait_until(from_ns + WARM_NS);
	for (i = 0; i < nr_guests; i++)
		while (!guests[i].vm.shared->ticks)
			kt_host_wait_until(kt_host_now() + NS_PER_MS);
}

static void stop(void)
{
	unsigned int i;

	is_over = true;
	for (i = 0; i < nr_guests; i++)
		pthread_kill(guests[i].thread, SIGUSR1);
	for (i = 0; i < nr_guests; i++)
		pthread_join(guests[i].thread, NULL);
}

int main(int argc, char **argv)
{
	struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };
	uint64_t alone, each, taken;
	const struct kt_vmm_config config = { .devices = KVM_TIMERS_PIT };
	struct kvm_timers_status status = { };
	unsigned int nr_windows = 0, i;

	if (argc == 5) {
		nr_guests = atoi(argv[1]);
		nr_windows = atoi(argv[2]) * NS_PER_MS / WINDOW_NS;
		running = !strcmp(argv[3], "running");
		hz = atoi(argv[4]);
	}
	if (!nr_guests || !nr_windows || hz <= PIT_HZ / MAX_COUNT)
		fail("usage: scale VMS MS halted|running HZ, of 19 Hz at least");

	kt_host_require();
	guests = calloc(nr_guests, sizeof(*guests));
	if (!guests || setrlimit(RLIMIT_NOFILE, &files) || prctl(PR_SET_TIMERSLACK, SLACK_NS) ||
	    pthread_barrier_init(&alone_over, NULL, nr_guests + 1))
		fail("not on this host");
	for (i = 0; i < nr_guests; i++)
		if (kt_vmm_create(&guests[i].vm, &config))
			fail("no VM");
	/* Not before: waiting for RCU, which each VM does, costs nothing where nobody runs. */
	if (!kt_spare_start())
		fail("no real time");
	for (i = 0; i < nr_guests; i++)
		start(&guests[i]);
	kt_host_wait_until(kt_host_now() + WARM_NS);
	alone = rounds_alone();
	begin_ticks();

	each = cost(nr_windows, alone, &taken);
	if (!kt_host_plain() && kt_vmm_status(&guests[0].vm, &status))
		fail("no status");
	printf("%u %llu %llu %u\n", nr_guests, (unsigned long long)taken,
	       (unsigned long long)each, status.mem_bytes);
	stop();
	return EXIT_SUCCESS;
}
