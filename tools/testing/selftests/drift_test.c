// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of a guest do not drift apart: TSC, kvmclock, HPET, PIT, RTC and TMCCT, looked at
 * together, while the host has something else to do and its clock is bent. Each pair agrees to
 * within a tick of the coarser one and the time that the look took. And guest time stays beside
 * the host's clock where it is to follow it.
 *
 *	drift_test [SECONDS]	of guest time, for each rate of the clock
 */
#include "clock_vm.h"
#include "drift_cmds.h"

#include <pthread.h>
#include <string.h>

#define SECONDS			60
#define LOOK_NS			(500 * NS_PER_MS)

/* How far guest time may be from the host's: at a steady rate, and while that changes. */
#define STEADY_NS		1000
#define BENT_NS			10000
/* From a change of the rate on it may take so many looks. */
#define SETTLE_LOOKS		3

#define BUSY_NS			(3 * NS_PER_MS)
#define REST_NS			(7 * NS_PER_MS)

static unsigned long seconds = SECONDS;

FIXTURE(drift) {
	struct kt_vmm vm;
	pthread_t busy;
	bool is_over;
};

FIXTURE_VARIANT(drift) {
	uint32_t rate;
};

FIXTURE_VARIANT_ADD(drift, host) {
	.rate = KVM_TIMERS_CLOCK_HOST,
};

FIXTURE_VARIANT_ADD(drift, tsc) {
	.rate = KVM_TIMERS_CLOCK_TSC,
};

/* A host that has something else to do. */
static void *be_busy(void *arg)
{
	volatile bool *is_over = arg;
	uint64_t until;

	while (!*is_over) {
		until = kt_host_now() + BUSY_NS;
		while (kt_host_now() < until)
			;
		kt_host_wait_until(until + REST_NS);
	}
	return NULL;
}

FIXTURE_SETUP(drift)
{
	struct kt_vmm_config config = {
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET |
				  KVM_TIMERS_LAPIC | KVM_TIMERS_KVMCLOCK | KVM_TIMERS_TSC,
		.clock_rate	= variant->rate,
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
	self->is_over = false;
	ASSERT_EQ(0, pthread_create(&self->busy, NULL, be_busy, &self->is_over));
}

FIXTURE_TEARDOWN(drift)
{
	kt_bend(0);
	self->is_over = true;
	pthread_join(self->busy, NULL);
	kt_vmm_destroy(&self->vm);
}

static enum kt_vmm_event tell(struct kt_vmm *vm, enum drift_cmd cmd)
{
	enum kt_vmm_event event;

	vm->shared->cmd = cmd;
	do {
		event = kt_vmm_run(vm, 0);
	} while (event == KT_VMM_INTERRUPTED);
	return event;
}

/* Guest time less the host's, of one instant. */
static int64_t against_host(struct kt_vmm *vm)
{
	const struct kvm_timers_record *rec = kt_host_record(vm->timers);

	if (!rec) {
		perror("# KVM_TIMERS_GET_RECORD");
		abort();
	}
	return rec->guest_ns - rec->boot_ns;
}

/* What has been found, in ns. */
struct found {
	struct kt_drift	pairs;
	int64_t		steady;
	int64_t		bent;
	uint64_t	backs;
};

static void report(const struct found *found)
{
	const struct kt_drift *pairs = &found->pairs;
	unsigned int a, b;

	for (a = 0; a < KT_NR_CLOCKS; a++) {
		for (b = 0; b < a; b++) {
			if (!KT_DRIFT_HAS(pairs, a) || !KT_DRIFT_HAS(pairs, b))
				continue;
			printf("# %s%s and %s: %ld ns apart, %ld more than a tick and the look\n",
			       kt_host_plain() ? "plain " : "", kt_drift_name(a), kt_drift_name(b),
			       pairs->apart[a][b], pairs->beyond[a][b]);
		}
	}
	if (!kt_host_plain())
		printf("# from the host's clock: %ld ns at a steady rate, %ld ns while it changes\n",
		       found->steady, found->bent);
	fflush(stdout);
}

TEST_F_TIMEOUT(drift, all_pairs, 3600)
{
	volatile struct kt_drift_look *page = (void *)(self->vm.mem + DRIFT_PAGE_GPA);
	uint64_t looks = seconds * KT_NSEC_PER_SEC / LOOK_NS, i, start;
	struct kt_drift_look look, last;
	struct found found = { };
	unsigned int a, b, since = SETTLE_LOOKS;
	int64_t origin = 0, off;
	long ppm = 0, next;

	if (kt_host_plain() && variant->rate == KVM_TIMERS_CLOCK_TSC)
		SKIP(return, "KVM has one rate");

	found.pairs.tsc_khz = ioctl(self->vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	/* KVM alone has neither HPET nor RTC. */
	found.pairs.clocks = 1U << KT_CLOCK_TSC | 1U << KT_CLOCK_KVMCLOCK | 1U << KT_CLOCK_PIT |
			     1U << KT_CLOCK_TMCCT;
	if (!kt_host_plain())
		found.pairs.clocks |= 1U << KT_CLOCK_HPET | 1U << KT_CLOCK_RTC;
	self->vm.shared->arg[0] = !kt_host_plain();
	ASSERT_EQ(KT_VMM_DONE, tell(&self->vm, DRIFT_START));
	/* The first look at anything takes longer than all that follow. */
	ASSERT_EQ(KT_VMM_DONE, tell(&self->vm, DRIFT_LOOK));
	start = kt_host_now();
	for (i = 0; i <= looks; i++) {
		ASSERT_EQ(KT_VMM_DONE, tell(&self->vm, DRIFT_LOOK));
		look = *page;
		if (!i)
			last = look;
		found.backs += look.ticks[KT_CLOCK_KVMCLOCK] < last.ticks[KT_CLOCK_KVMCLOCK];
		last = look;
		kt_drift_add(&found.pairs, &look);
		if (!kt_host_plain()) {
			off = against_host(&self->vm);
			if (!i)
				origin = off;
			off = clock_distance(off, origin);
			if (since >= SETTLE_LOOKS)
				found.steady = off > found.steady ? off : found.steady;
			found.bent = off > found.bent ? off : found.bent;
		}
		next = kt_bend_at(i);
		since++;
		if (next != ppm) {
			kt_bend(next);
			ppm = next;
			since = 0;
		}
		kt_host_wait_until(start + (i + 1) * LOOK_NS);
	}
	report(&found);
	if (kt_host_plain())
		return;

	EXPECT_EQ(0, found.backs);
	for (a = 0; a < KT_NR_CLOCKS; a++) {
		for (b = 0; b < a; b++) {
			/* The TSC keeps its own rate where guest time follows the host's. */
			if (variant->rate == KVM_TIMERS_CLOCK_HOST && b == KT_CLOCK_TSC)
				continue;
			EXPECT_EQ(0, found.pairs.beyond[a][b]);
		}
	}
	if (variant->rate == KVM_TIMERS_CLOCK_HOST) {
		EXPECT_LE(found.steady, STEADY_NS);
		EXPECT_LE(found.bent, BENT_NS);
	} else {
		/* It was bent. */
		EXPECT_GE(found.bent, BENT_NS);
	}
}

int main(int argc, char **argv)
{
	kt_host_require();
	if (argc > 1)
		seconds = strtoul(argv[1], NULL, 0);
	return harness_main(argc, argv);
}
