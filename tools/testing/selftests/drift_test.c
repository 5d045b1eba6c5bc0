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
/* A bend of the host's clock, or a step of a ramp, takes so many looks. */
#define BEND_LOOKS		4

/* How far guest time may be from the host's: at a steady rate, and while that changes. */
#define STEADY_NS		1000
#define BENT_NS			10000
/* From a change of the rate on it may take so many looks. */
#define SETTLE_LOOKS		3

#define BUSY_NS			(3 * NS_PER_MS)
#define REST_NS			(7 * NS_PER_MS)

static unsigned long seconds = SECONDS;

/* The host's clock, in ppm: steps, then a ramp. */
static const long bends[] = {
	0, 0, CLOCK_BEND_PPM, CLOCK_BEND_PPM, -CLOCK_BEND_PPM, -CLOCK_BEND_PPM, 0, 0,
	-400, -300, -200, -100, 0, 100, 200, 300, 400, 500, 490, 480, 470, 3, -3, 3, 0,
};

enum clock_id {
	TSC,
	KVMCLOCK,
	HPET,
	PIT,
	TMCCT,
	RTC,
	NR_CLOCKS,
};

/*
 * A tick is @mul / @div ns; the clock begins anew after @wrap ticks, 0: never. Of the TSC @div is
 * its frequency.
 */
static struct {
	const char	*name;
	uint64_t	mul;
	uint64_t	div;
	uint64_t	wrap;
} clocks[NR_CLOCKS] = {
	[TSC]		= { "TSC", NS_PER_MS, 0, 0 },
	[KVMCLOCK]	= { "kvmclock", 1, 1, 0 },
	[HPET]		= { "HPET", 10, 1, 0 },
	[PIT]		= { "PIT", KT_PIT_CLK_MUL, KT_PIT_CLK_DIV, 65536 },
	[TMCCT]		= { "TMCCT", 1, 1, UINT32_MAX },
	[RTC]		= { "RTC", KT_NSEC_PER_SEC, 1, 3600 },
};

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
	clock_bend(0);
	self->is_over = true;
	pthread_join(self->busy, NULL);
	kt_vmm_destroy(&self->vm);
}

static bool is_there(enum clock_id id)
{
	return !kt_host_plain() || (id != HPET && id != RTC);
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

/* Ticks of a clock that counts up; what counts down does so from its end. */
static uint64_t ticks_of(const struct drift_look *look, enum clock_id id)
{
	switch (id) {
	case TSC:
		return look->from;
	case KVMCLOCK:
		return look->kvmclock;
	case HPET:
		return look->hpet;
	case PIT:
		return clocks[PIT].wrap - (look->pit ? look->pit : clocks[PIT].wrap);
	case TMCCT:
		return clocks[TMCCT].wrap - look->tmcct;
	default:
		return look->rtc;
	}
}

static uint64_t to_ns(enum clock_id id, uint64_t ticks)
{
	return (unsigned __int128)ticks * clocks[id].mul / clocks[id].div;
}

/* Ticks since the first look; of a clock that begins anew, so many that it agrees with @passed. */
static uint64_t ticks_since(const struct drift_look *from, const struct drift_look *to,
			    enum clock_id id, uint64_t passed)
{
	uint64_t ticks = ticks_of(to, id) - ticks_of(from, id), wrap = clocks[id].wrap, about;

	if (!wrap)
		return ticks;

	ticks = (int64_t)ticks < 0 ? ticks + wrap : ticks;
	about = (unsigned __int128)passed * clocks[id].div / clocks[id].mul;
	/* The nearest of those that end alike. */
	return about + wrap / 2 < ticks ? ticks - wrap :
	       ticks + (about + wrap / 2 - ticks) / wrap * wrap;
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
	int64_t		apart[NR_CLOCKS][NR_CLOCKS];
	int64_t		beyond[NR_CLOCKS][NR_CLOCKS];
	int64_t		steady;
	int64_t		bent;
	uint64_t	backs;
};

/* Each pair: how far apart, and by how much more than it may be. */
static void compare(struct found *found, const struct drift_look *first,
		    const struct drift_look *look)
{
	uint64_t passed = look->kvmclock - first->kvmclock, bracket, ns[NR_CLOCKS];
	int64_t apart, tick;
	unsigned int a, b;

	bracket = to_ns(TSC, first->to - first->from) + to_ns(TSC, look->to - look->from) + 2;
	for (a = 0; a < NR_CLOCKS; a++)
		ns[a] = is_there(a) ? to_ns(a, ticks_since(first, look, a, passed)) : 0;
	for (a = 0; a < NR_CLOCKS; a++) {
		for (b = 0; b < a; b++) {
			if (!is_there(a) || !is_there(b))
				continue;
			apart = clock_distance(ns[a], ns[b]);
			tick = to_ns(a, 1) > to_ns(b, 1) ? to_ns(a, 1) + 1 : to_ns(b, 1) + 1;
			if (apart > found->apart[a][b])
				found->apart[a][b] = apart;
			if (apart - tick - (int64_t)bracket > found->beyond[a][b])
				found->beyond[a][b] = apart - tick - bracket;
		}
	}
}

static void report(const struct found *found)
{
	unsigned int a, b;

	for (a = 0; a < NR_CLOCKS; a++) {
		for (b = 0; b < a; b++) {
			if (!is_there(a) || !is_there(b))
				continue;
			printf("# %s%s and %s: %ld ns apart, %ld more than a tick and the look\n",
			       kt_host_plain() ? "plain " : "", clocks[a].name, clocks[b].name,
			       found->apart[a][b], found->beyond[a][b]);
		}
	}
	if (!kt_host_plain())
		printf("# from the host's clock: %ld ns at a steady rate, %ld ns while it changes\n",
		       found->steady, found->bent);
	fflush(stdout);
}

TEST_F_TIMEOUT(drift, all_pairs, 3600)
{
	volatile struct drift_look *page = (void *)(self->vm.mem + DRIFT_PAGE_GPA);
	uint64_t looks = seconds * KT_NSEC_PER_SEC / LOOK_NS, i, start;
	struct drift_look first, look, last;
	struct found found = { };
	unsigned int a, b, since = SETTLE_LOOKS;
	int64_t origin = 0, off;
	long ppm = 0, next;

	if (kt_host_plain() && variant->rate == KVM_TIMERS_CLOCK_TSC)
		SKIP(return, "KVM has one rate");

	clocks[TSC].div = ioctl(self->vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	self->vm.shared->arg[0] = !kt_host_plain();
	ASSERT_EQ(KT_VMM_DONE, tell(&self->vm, DRIFT_START));
	/* The first look at anything takes longer than all that follow. */
	ASSERT_EQ(KT_VMM_DONE, tell(&self->vm, DRIFT_LOOK));
	start = kt_host_now();
	for (i = 0; i <= looks; i++) {
		ASSERT_EQ(KT_VMM_DONE, tell(&self->vm, DRIFT_LOOK));
		look = *page;
		if (!i)
			first = last = look;
		found.backs += look.kvmclock < last.kvmclock;
		last = look;
		compare(&found, &first, &look);
		if (!kt_host_plain()) {
			off = against_host(&self->vm);
			if (!i)
				origin = off;
			off = clock_distance(off, origin);
			if (since >= SETTLE_LOOKS)
				found.steady = off > found.steady ? off : found.steady;
			found.bent = off > found.bent ? off : found.bent;
		}
		next = bends[i / BEND_LOOKS % (sizeof(bends) / sizeof(bends[0]))];
		since++;
		if (next != ppm) {
			clock_bend(next);
			ppm = next;
			since = 0;
		}
		kt_host_wait_until(start + (i + 1) * LOOK_NS);
	}
	report(&found);
	if (kt_host_plain())
		return;

	EXPECT_EQ(0, found.backs);
	for (a = 0; a < NR_CLOCKS; a++) {
		for (b = 0; b < a; b++) {
			/* The TSC keeps its own rate where guest time follows the host's. */
			if (variant->rate == KVM_TIMERS_CLOCK_HOST && b == TSC)
				continue;
			EXPECT_EQ(0, found.beyond[a][b]);
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
