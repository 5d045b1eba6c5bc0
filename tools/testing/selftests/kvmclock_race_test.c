// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmclock by several vCPUs at once: none reads less than another one has read before, while
 * the host's clock is bent, kvmclock is set forward, vCPUs are added, policies change, and the VM
 * is paused, frozen and thawed.
 *
 *	kvmclock_race_test [READS]	of all vCPUs together
 */
#include "clock_vm.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define RACE_READS		100000
/* Of them one after the other, at least so many times: a pause, a bend, and so on. */
#define CHANGES			8
#define LEAST_CHANGES		(4 * CHANGES)
#define CHUNK			2000
#define MORE_VCPUS		4
#define BEND_NS			(5 * NS_PER_MS)
/* Pieces of the line that followed a bend, at least. */
#define LEAST_FOLLOWED		4
/* More than passes between the two calls. */
#define SET_AHEAD_NS		(1000 * NS_PER_MS)

FIXTURE(race) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(race) {
	unsigned int nr_vcpus;
};

FIXTURE_VARIANT_ADD(race, two) {
	.nr_vcpus = 2,
};

FIXTURE_VARIANT_ADD(race, eight) {
	.nr_vcpus = 8,
};

FIXTURE_SETUP(race)
{
	unsigned int i;

	ASSERT_EQ(0, clock_create(&self->vm, variant->nr_vcpus, KVM_TIMERS_CLOCK_HOST));
	for (i = 0; i < variant->nr_vcpus; i++)
		clock_open_page(&self->vm, i, MSR_SYSTEM_NEW);
}

FIXTURE_TEARDOWN(race)
{
	kt_bend(0);
	kt_vmm_destroy(&self->vm);
}

static unsigned long reads = RACE_READS;

/* A pause has begun; so many vCPUs are out of the guest. */
static unsigned int pausing, paused;

/**
 * struct racer - a vCPU
 * @thread:	its thread
 * @vm:		its VM
 * @index:	its number
 * @running:	counts those that are not done
 * @enough:	it is done when that is set
 * @backs:	times that it has read less than another one before
 * @done:	reads
 */
struct racer {
	pthread_t	thread;
	struct kt_vmm	*vm;
	unsigned int	index;
	unsigned int	*running;
	volatile bool	*enough;
	uint64_t	backs;
	volatile uint64_t done;
};

static void wait_while_paused(struct kvm_run *run)
{
	__atomic_fetch_add(&paused, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&pausing, __ATOMIC_ACQUIRE))
		kt_host_pass(NS_PER_MS / 10);
	run->immediate_exit = 0;
	__atomic_fetch_sub(&paused, 1, __ATOMIC_ACQ_REL);
}

static void read_for(struct racer *r, uint64_t times)
{
	struct clock_vcpu *vcpu = clock_vcpu(r->vm, r->index);
	enum kt_vmm_event event;

	vcpu->cmd = CLOCK_RACE;
	vcpu->arg[0] = times;
	do {
		event = kt_vmm_run(r->vm, r->index);
		if (event == KT_VMM_INTERRUPTED && __atomic_load_n(&pausing, __ATOMIC_ACQUIRE))
			wait_while_paused(r->vm->vcpu[r->index].run);
	} while (event == KT_VMM_INTERRUPTED);
	if (event != KT_VMM_DONE)
		abort();
	r->backs += vcpu->val;
	r->done += times;
}

static void *run(void *arg)
{
	struct racer *r = arg;

	while (!*r->enough)
		read_for(r, CHUNK);
	__atomic_fetch_sub(r->running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int start(struct kt_vmm *vm, struct racer *racers, unsigned int *running,
		 volatile bool *enough)
{
	unsigned int i;

	*running = vm->nr_vcpus;
	for (i = 0; i < vm->nr_vcpus; i++) {
		racers[i] = (struct racer) {
			.vm	 = vm,
			.index	 = i,
			.running = running,
			.enough	 = enough,
		};
		if (pthread_create(&racers[i].thread, NULL, run, &racers[i]))
			return -1;
	}
	return 0;
}

static uint64_t done(const struct racer *racers, unsigned int nr)
{
	uint64_t sum = 0;

	while (nr--)
		sum += racers[nr].done;
	return sum;
}

static bool is_running(unsigned int *running)
{
	return __atomic_load_n(running, __ATOMIC_ACQUIRE);
}

static int set_forward(struct kt_vmm *vm)
{
	struct kvm_clock_data data = { };

	if (ioctl(vm->fd, KVM_GET_CLOCK, &data))
		return -1;
	data.clock += SET_AHEAD_NS;
	data.flags = 0;
	return ioctl(vm->fd, KVM_SET_CLOCK, &data);
}

/* New pieces of the line; KVM has none. */
static uint64_t followed(struct kt_vmm *vm)
{
	struct kvm_timers_status status;

	if (kt_host_plain())
		return LEAST_FOLLOWED;

	status = clock_status(vm);
	return status.clock_segments - status.clock_sets;
}

TEST_F_TIMEOUT(race, never_back, 300)
{
	unsigned int running, i, bends = 0;
	struct racer racers[KT_MAX_VCPUS];
	volatile bool enough = false;

	ASSERT_EQ(0, start(&self->vm, racers, &running, &enough));
	while (done(racers, variant->nr_vcpus) < reads || followed(&self->vm) < LEAST_FOLLOWED) {
		kt_bend(bends++ % 2 ? KT_BEND_PPM : -KT_BEND_PPM);
		if (bends % 16 == 0)
			ASSERT_EQ(0, set_forward(&self->vm));
		kt_host_pass(BEND_NS);
	}
	enough = true;
	for (i = 0; i < variant->nr_vcpus; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(0, racers[i].backs);
	}
	if (!kt_host_plain())
		EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, clock_status(&self->vm).clock_flags);
}

static void nothing(int sig)
{
}

/* All vCPUs out of the guest. Return: false if there is none left that runs. */
static bool pause_all(struct racer *racers, unsigned int nr, unsigned int *running)
{
	unsigned int i;

	__atomic_store_n(&pausing, 1, __ATOMIC_RELEASE);
	for (i = 0; i < nr; i++)
		racers[i].vm->vcpu[i].run->immediate_exit = 1;
	while (__atomic_load_n(&paused, __ATOMIC_ACQUIRE) <
	       __atomic_load_n(running, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < nr; i++)
			pthread_kill(racers[i].thread, SIGUSR1);
		kt_host_pass(NS_PER_MS / 10);
	}
	return is_running(running);
}

static void go_on(void)
{
	__atomic_store_n(&pausing, 0, __ATOMIC_RELEASE);
	while (__atomic_load_n(&paused, __ATOMIC_ACQUIRE))
		kt_host_pass(NS_PER_MS / 10);
}

/* Frozen, and thawed by each gap; or by nobody. */
static int freeze_and_thaw(struct kt_vmm *vm, uint32_t gap)
{
	if (kt_host_freeze(vm->timers))
		return -1;
	kt_host_pass(BEND_NS);
	return gap ? kt_host_thaw(vm->timers, gap) : 0;
}

/* One of the things that may happen to a guest. Return: 0, or -1 with errno. */
static int change(struct kt_vmm *vm, unsigned int n, struct racer *racers, unsigned int *running,
		  unsigned int *pauses)
{
	struct kvm_timers_set_policy policy = {
		.size	= sizeof(policy),
		.device	= KVM_TIMERS_DEVICE_PIT,
		.tick	= { .policy = 1 + n % (KVM_TIMERS_POLICY_END - 1) },
	};
	int fd, ret = 0;

	switch (n % CHANGES) {
	case 0:
	case 2:
		kt_bend(n % 4 ? KT_BEND_PPM : -KT_BEND_PPM);
		return 0;
	case 1:
	case 3:
	case 5:
		if (pause_all(racers, vm->nr_vcpus, running)) {
			ret = freeze_and_thaw(vm, n / 2 % (KVM_TIMERS_GAP_SLEW + 1));
			(*pauses)++;
		}
		go_on();
		return ret;
	case 4:
		return ioctl(vm->timers, KVM_TIMERS_SET_POLICY, &policy);
	case 6:
		if (n / CHANGES >= MORE_VCPUS)
			return 0;
		/* It is on the line of the others, and never runs. */
		fd = ioctl(vm->fd, KVM_CREATE_VCPU, vm->nr_vcpus + n / CHANGES);
		return fd < 0 ? -1 : close(fd);
	default:
		return set_forward(vm);
	}
}

FIXTURE(all) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(all)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= 4,
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET |
				  KVM_TIMERS_LAPIC | KVM_TIMERS_KVMCLOCK | KVM_TIMERS_TSC,
		.clock_rate	= KVM_TIMERS_CLOCK_HOST,
	};
	unsigned int i;

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	for (i = 0; i < config.nr_vcpus; i++)
		clock_open_page(&self->vm, i, MSR_SYSTEM_NEW);
}

FIXTURE_TEARDOWN(all)
{
	kt_bend(0);
	kt_vmm_destroy(&self->vm);
}

/* Nothing of what may happen to a guest has any of its vCPUs read less than another one. */
TEST_F_TIMEOUT(all, whatever_happens, 1800)
{
	volatile bool enough = false;
	const struct sigaction kick = { .sa_handler = nothing };
	unsigned int running, i, n = 0, pauses = 0;
	struct racer racers[KT_MAX_VCPUS];
	struct kvm_timers_status status;

	if (kt_host_plain())
		SKIP(return, "KVM has no such calls");

	ASSERT_EQ(0, sigaction(SIGUSR1, &kick, NULL));
	ASSERT_EQ(0, start(&self->vm, racers, &running, &enough));
	while (n < LEAST_CHANGES || done(racers, self->vm.nr_vcpus) < reads) {
		ASSERT_EQ(0, change(&self->vm, n++, racers, &running, &pauses));
		kt_host_pass(BEND_NS);
	}
	enough = true;
	for (i = 0; i < self->vm.nr_vcpus; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(0, racers[i].backs);
	}
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	printf("# %lu reads, %u changes, %u pauses, %llu thaws\n",
	       (unsigned long)done(racers, self->vm.nr_vcpus), n, pauses,
	       (unsigned long long)status.clock_thaws);
	fflush(stdout);
	EXPECT_GE(status.clock_thaws, pauses);
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
}

int main(int argc, char **argv)
{
	kt_host_require();
	if (argc > 1)
		reads = strtoul(argv[1], NULL, 0);
	return harness_main(argc, argv);
}
