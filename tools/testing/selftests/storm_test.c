// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests with all devices, each in a process of its own, whatever happens to them: their processes
 * are stopped, they are frozen and thawed, their records set again, policies, bounds and budgets
 * changed, at random; and they change rates, mask, and are not run for a while. At each step every
 * account adds up, and in the end the guests have had what is called delivered, but for single ones.
 * The host's log is for the runner to judge.
 *
 *	storm_test [SECONDS [VMS [SEED]]]
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stall_vm.h"

#define ALL_DEVICES		(KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET | KVM_TIMERS_LAPIC)
#define NR			KVM_TIMERS_NR_DEVICES
#define MAX_VMS			64
#define ROOM			16384

#define STEP_NS			(20 * NS_PER_MS)
#define LONGEST_TAKE_MS		500
#define LONGEST_STALL_MS	3000
#define DRAIN_NS		(200 * NS_PER_MS)

/* What an administrator who has said nothing allows. */
#define MAX_RATE_PCT		400
#define MAX_LIMIT_MS		10000
#define MAX_THRESHOLD_US	1000000
#define MIN_BUDGET_HZ		1000
#define MAX_BUDGET_HZ		10000

static unsigned int seconds = 20, nr_vms = 8, seed = 1;

/* One VM, as its process and the one that torments it have it in common. */
struct shared {
	volatile bool		is_over;
	volatile bool		is_settled;
	volatile uint64_t	commands;
	volatile uint64_t	ticks[NR];
};

struct victim {
	pid_t			pid;
	int			timers;
	uint64_t		stopped_until_ns;
	struct shared		*shared;
};

/* Each in turn, and its own in each process. */
static uint32_t below(uint32_t bound)
{
	return random() % bound;
}

/* Short ones as often as long ones. */
static uint64_t some_ms(uint64_t longest)
{
	return 1 + below(1U << below(64 - __builtin_clzll(longest))) % longest;
}

/* Any of them, none included. */
static uint32_t some_devices(void)
{
	return below(ALL_DEVICES + 1) & ALL_DEVICES;
}

static void live_on(struct kt_vmm *vm)
{
	switch (below(6)) {
	case 0:
		kt_host_wait_until(kt_host_now() + some_ms(LONGEST_TAKE_MS) * NS_PER_MS);
		break;
	case 1:
		stall_do(vm, STALL_IGNORE, stall_cycles(vm, some_ms(LONGEST_TAKE_MS) * NS_PER_MS));
		break;
	case 2:
		stall_do(vm, STALL_MASK, some_devices());
		break;
	case 3:
		vm->shared->arg[1] = 1 + below(20);
		stall_do(vm, STALL_WAVER, some_devices());
		break;
	case 4:
		stall_do(vm, below(4) ? STALL_DAWDLE : STALL_HURRY, some_devices());
		break;
	}
	/* It takes a tick to end this: another device may be masked. */
	stall_do(vm, STALL_START, KVM_TIMERS_LAPIC | (below(2) ? some_devices() : 0));
	stall_take(vm, some_ms(LONGEST_TAKE_MS) * NS_PER_MS);
}

/* The process of a VM. */
static void live(struct shared *shared, unsigned int nr)
{
	const struct kt_vmm_config config = {
		.devices	= ALL_DEVICES | KVM_TIMERS_TSC | KVM_TIMERS_KVMCLOCK,
		.pit		= KT_VMM_PIT2,
		.policy		= { .policy = KVM_TIMERS_POLICY_CATCHUP + nr % 4 },
		.clock_rate	= KVM_TIMERS_CLOCK_HOST,
	};
	struct kt_vmm vm;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom(seed * MAX_VMS + nr);
	if (kt_vmm_create(&vm, &config))
		_exit(EXIT_FAILURE);
	stall_do(&vm, STALL_START, ALL_DEVICES);
	while (!shared->is_over) {
		live_on(&vm);
		shared->commands++;
	}
	/* No new ones; what has been given comes in. */
	stall_do(&vm, STALL_MASK, ALL_DEVICES);
	stall_do(&vm, STALL_SETTLE, stall_cycles(&vm, DRAIN_NS));
	for (i = 0; i < NR; i++)
		shared->ticks[i] = stall_device(&vm, i)->ticks;
	shared->is_settled = true;
	for (;;)
		pause();
}

static int set_policy(int timers, unsigned int device)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= device,
		.tick	= {
			.policy			= below(KVM_TIMERS_POLICY_END),
			.catchup_max_rate_pct	= below(2) ? 101 + below(MAX_RATE_PCT - 100) : 0,
			.catchup_limit_ms	= below(2) ? 1 + below(MAX_LIMIT_MS) : 0,
			.catchup_threshold_us	= below(2) ? 1 + below(MAX_THRESHOLD_US) : 0,
		},
	};

	return ioctl(timers, KVM_TIMERS_SET_POLICY, &set);
}

static int set_budget(int timers)
{
	struct kvm_timers_set_budget set = {
		.size		= sizeof(set),
		.budget_hz	= below(4) ? MIN_BUDGET_HZ + below(MAX_BUDGET_HZ - MIN_BUDGET_HZ) : 0,
	};

	return ioctl(timers, KVM_TIMERS_SET_BUDGET, &set);
}

/* Paused guests run again whenever they like, and some calls are not for those. */
static bool is_allowed(const char *what, int ret, int error)
{
	if (!ret || errno == EBUSY || errno == error)
		return true;
	fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	return false;
}

/* Return: nothing was refused without a cause. */
static bool freeze(struct victim *v, unsigned int *frozen, unsigned int *set_anew)
{
	static union {
		struct kvm_timers_record	record;
		uint8_t				bytes[ROOM];
	} buffer;
	int ret;

	ret = kt_host_freeze(v->timers);
	if (ret)
		return is_allowed("freeze", ret, 0);
	++*frozen;
	if (below(2)) {
		if (kt_host_get_record(v->timers, &buffer, sizeof(buffer)))
			return is_allowed("get record", -1, 0);
		ret = kt_host_set_record(v->timers, &buffer, buffer.record.size,
					 KVM_TIMERS_RECORD_SAME_BOOT);
		*set_anew += !ret;
		/* Its LAPIC timer has been programmed meanwhile. */
		if (!is_allowed("set record", ret, ESTALE))
			return false;
	}
	if (below(2))
		kt_host_wait_until(kt_host_now() + some_ms(LONGEST_TAKE_MS) * NS_PER_MS);
	/* Or it is not frozen any more. */
	return is_allowed("thaw", kt_host_thaw(v->timers, KVM_TIMERS_GAP_STOP + below(3)), EINVAL);
}

static void stop(struct victim *v)
{
	if (v->stopped_until_ns)
		return;
	kill(v->pid, SIGSTOP);
	v->stopped_until_ns = kt_host_now() + some_ms(LONGEST_STALL_MS) * NS_PER_MS;
}

static void go_on(struct victim *v)
{
	if (!v->stopped_until_ns || kt_host_now() < v->stopped_until_ns)
		return;
	kill(v->pid, SIGCONT);
	v->stopped_until_ns = 0;
}

/* A timers fd of each VM. Return: all of them are there. */
static bool open_all(struct victim *victims)
{
	int dev = open(KT_HOST_DEV_TIMERS, O_RDWR | O_CLOEXEC);
	uint32_t ids[MAX_VMS];
	struct kvm_timers_list list = {
		.size	= sizeof(list),
		.count	= MAX_VMS,
		.ids	= (uintptr_t)ids,
	};
	struct kvm_timers_status status;
	unsigned int i, j;
	int timers;

	if (dev < 0 || ioctl(dev, KVM_TIMERS_LIST, &list) || list.count != nr_vms) {
		close(dev);
		return false;
	}
	for (i = 0; i < nr_vms; i++) {
		timers = ioctl(dev, KVM_TIMERS_OPEN, ids[i]);
		if (timers < 0 || kt_host_timers_status(timers, &status))
			return false;
		for (j = 0; j < nr_vms; j++)
			if (victims[j].pid == status.pid)
				victims[j].timers = timers;
	}
	close(dev);
	return true;
}

FIXTURE(storm) {
	struct victim		victims[MAX_VMS];
	struct shared		*shared;
};

FIXTURE_SETUP(storm)
{
	unsigned int i;

	self->shared = mmap(NULL, MAX_VMS * sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	for (i = 0; i < nr_vms; i++) {
		struct victim *v = &self->victims[i];

		v->shared = &self->shared[i];
		v->timers = -1;
		v->stopped_until_ns = 0;
		v->pid = fork();
		ASSERT_LE(0, v->pid);
		if (!v->pid)
			live(v->shared, i);
	}
	srandom(seed * MAX_VMS + MAX_VMS - 1);
}

FIXTURE_TEARDOWN(storm)
{
	unsigned int i;

	for (i = 0; i < nr_vms; i++) {
		if (self->victims[i].pid <= 0)
			continue;
		kill(self->victims[i].pid, SIGKILL);
		waitpid(self->victims[i].pid, NULL, 0);
		if (self->victims[i].timers >= 0)
			close(self->victims[i].timers);
	}
	munmap(self->shared, MAX_VMS * sizeof(*self->shared));
}

/* All of them are as they should, and none has ended. */
static bool all_well(struct victim *victims)
{
	struct kvm_timers_status status;
	unsigned int i;

	for (i = 0; i < nr_vms; i++)
		if (kt_host_timers_status(victims[i].timers, &status) ||
		    !kt_host_conserved(&status) || waitpid(victims[i].pid, NULL, WNOHANG))
			return false;
	return true;
}

TEST_F_TIMEOUT(storm, adds_up, 36000)
{
	unsigned int stops = 0, policies = 0, budgets = 0, freezes = 0, set_anew = 0, i, j;
	struct kvm_timers_status status;
	uint64_t end_ns, commands = 0, ticks = 0, lost, all_lost = 0;
	struct victim *v;

	if (kt_host_plain())
		SKIP(return, "KVM has no such calls");
	while (!open_all(self->victims))
		kt_host_wait_until(kt_host_now() + STEP_NS);

	end_ns = kt_host_now() + seconds * KT_NSEC_PER_SEC;
	while (kt_host_now() < end_ns) {
		v = &self->victims[below(nr_vms)];
		switch (below(8)) {
		case 0:
			stop(v);
			stops++;
			break;
		case 1:
			ASSERT_EQ(true, freeze(v, &freezes, &set_anew));
			break;
		case 2:
			ASSERT_EQ(0, set_budget(v->timers));
			budgets++;
			break;
		case 3:
		case 4:
			ASSERT_EQ(0, set_policy(v->timers, below(NR)));
			policies++;
			break;
		}
		for (i = 0; i < nr_vms; i++)
			go_on(&self->victims[i]);
		ASSERT_EQ(true, all_well(self->victims));
		kt_host_wait_until(kt_host_now() + STEP_NS);
	}

	for (i = 0; i < nr_vms; i++) {
		v = &self->victims[i];
		kill(v->pid, SIGCONT);
		v->shared->is_over = true;
	}
	for (i = 0; i < nr_vms; i++) {
		v = &self->victims[i];
		while (!v->shared->is_settled) {
			ASSERT_EQ(0, waitpid(v->pid, NULL, WNOHANG));
			kt_host_wait_until(kt_host_now() + STEP_NS);
		}
		ASSERT_EQ(0, kt_host_timers_status(v->timers, &status));
		EXPECT_EQ(true, kt_host_conserved(&status));
		EXPECT_LT(0, v->shared->commands);
		commands += v->shared->commands;
		for (j = 0; j < NR; j++) {
			lost = status.device[j].stats.delivered - v->shared->ticks[j];
			/*
			 * The first one may be what an 8259 remembers that the guest has masked
			 * for good, before it opens the IOAPIC's input; nor does one arrive that
			 * was on its way as the guest masks that.
			 */
			EXPECT_LE(lost, v->shared->commands);
			all_lost += lost;
			ticks += v->shared->ticks[j];
		}
	}
	EXPECT_LT(0, ticks);
	/* Which is seldom. */
	EXPECT_LE(all_lost, ticks / 100 + 1);
	printf("# %llu ticks, %llu lost, %llu commands, %u stops, %u freezes, %u records, %u policies, %u budgets\n",
	       (unsigned long long)ticks, (unsigned long long)all_lost,
	       (unsigned long long)commands, stops, freezes, set_anew,
	       policies, budgets);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	if (argc > 1)
		seconds = atoi(argv[1]);
	if (argc > 2)
		nr_vms = atoi(argv[2]);
	if (argc > 3)
		seed = atoi(argv[3]);
	if (!seconds || !nr_vms || nr_vms > MAX_VMS)
		return EXIT_FAILURE;
	return harness_main(argc, argv);
}
