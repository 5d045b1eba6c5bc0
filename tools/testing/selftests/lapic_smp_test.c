// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each vCPU has a LAPIC timer of its own: with a mode and a period of its own it gets
 * exactly its own interrupts, whatever the others do to theirs.
 */
#include "kt_trace.h"
#include "lapic_vm.h"

#define TICKS			50
#define BASE_NS			(10 * NS_PER_MS)
#define STEP_NS			(370 * 1000ULL)

enum kind {
	PERIODIC,
	ONE_SHOT,
	DEADLINE,
	NR_KINDS,
};

/**
 * struct runner - one vCPU and the thread that runs it
 * @thread:	thread
 * @vm:		VM
 * @index:	vCPU
 * @kind:	its mode
 * @ns:		its period, or the time from each arming on
 * @began:	periodic: TSC around the start of the count
 * @done:	it has had TICKS of them
 */
struct runner {
	pthread_t	thread;
	struct kt_vmm	*vm;
	unsigned int	index;
	enum kind	kind;
	uint64_t	ns;
	struct lapic_when began;
	volatile bool	done;
};

FIXTURE(smp) {
	struct kt_vmm vm;
	struct runner runners[KT_MAX_VCPUS];
};

FIXTURE_VARIANT(smp) {
	unsigned int nr_vcpus;
	bool x2apic;
};

FIXTURE_VARIANT_ADD(smp, xapic_2) {
	.nr_vcpus = 2,
};

FIXTURE_VARIANT_ADD(smp, x2apic_2) {
	.nr_vcpus = 2,
	.x2apic = true,
};

FIXTURE_VARIANT_ADD(smp, xapic_8) {
	.nr_vcpus = 8,
};

FIXTURE_VARIANT_ADD(smp, x2apic_8) {
	.nr_vcpus = 8,
	.x2apic = true,
};

FIXTURE_SETUP(smp)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= variant->nr_vcpus,
		.policy		= { .policy = KVM_TIMERS_POLICY_CATCHUP },
	};

	ASSERT_EQ(0, lapic_create(&self->vm, &config, variant->x2apic));
}

FIXTURE_TEARDOWN(smp)
{
	kt_vmm_destroy(&self->vm);
}

static void write_on(struct runner *r, unsigned int reg, uint32_t val)
{
	lapic_on(r->vm, r->index, LAPIC_WRITE, reg, val, 0);
}

static uint64_t irqs(const struct runner *r)
{
	return lapic_vcpu(r->vm, r->index)->irqs[LAPIC_VEC + r->index];
}

/* Those that spin leave no CPU to the others if there are many. */
static bool spins(const struct runner *r)
{
	return r->vm->nr_vcpus == 2 && r->index;
}

static void wait_on(struct runner *r)
{
	lapic_on(r->vm, r->index, LAPIC_WAIT, LAPIC_VEC + r->index, TICKS, spins(r));
}

static void open_on(struct runner *r, uint64_t ns)
{
	lapic_on(r->vm, r->index, LAPIC_OPEN, lapic_cycles_up(r->vm, ns), 0, 0);
}

static void run_periodic(struct runner *r)
{
	const struct lapic_vcpu *vcpu = lapic_vcpu(r->vm, r->index);

	write_on(r, LAPIC_REG_LVTT, LVTT_PERIODIC | (LAPIC_VEC + r->index));
	write_on(r, LAPIC_REG_TMICT, r->ns);
	r->began = (struct lapic_when) { .from = vcpu->access.from, .to = vcpu->access.to };
	wait_on(r);
}

/* The guest's handler arms again, and judges when it was called. */
static void run_armed(struct runner *r)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(r->vm, r->index);

	vcpu->armings = TICKS - 1;
	if (r->kind == DEADLINE) {
		vcpu->rearm = LAPIC_REARM_DEADLINE;
		vcpu->step = lapic_cycles_up(r->vm, r->ns);
		write_on(r, LAPIC_REG_LVTT, LVTT_DEADLINE | (LAPIC_VEC + r->index));
		lapic_on(r->vm, r->index, LAPIC_ARM, vcpu->step, 0, 0);
	} else {
		vcpu->rearm = LAPIC_REARM_COUNT;
		vcpu->step = r->ns;
		vcpu->least = lapic_cycles(r->vm, r->ns);
		write_on(r, LAPIC_REG_LVTT, LAPIC_VEC + r->index);
		write_on(r, LAPIC_REG_TMICT, r->ns);
	}
	wait_on(r);
	open_on(r, 2 * r->ns);
}

static void *run(void *arg)
{
	struct runner *r = arg;

	write_on(r, LAPIC_REG_TDCR, TDCR_BY_1);
	if (r->kind == PERIODIC)
		run_periodic(r);
	else
		run_armed(r);
	r->done = true;
	return NULL;
}

static int start(struct runner *r, struct kt_vmm *vm, unsigned int index, enum kind kind)
{
	*r = (struct runner) {
		.vm	= vm,
		.index	= index,
		.kind	= kind,
		.ns	= BASE_NS + index * STEP_NS,
	};
	return pthread_create(&r->thread, NULL, run, r);
}

/*
 * Interrupts that are due by now, and whether they are on the grid: of a count by the
 * guest's TSC, of an arming by its number.
 */
static bool is_due(struct runner *r, struct lapic_when *due)
{
	const struct lapic_sample *look = &lapic_vcpu(r->vm, r->index)->access;
	struct lapic_when passed;

	if (r->kind != PERIODIC) {
		*due = (struct lapic_when) { .from = TICKS, .to = TICKS };
		return true;
	}
	lapic_on(r->vm, r->index, LAPIC_READ, LAPIC_REG_TMCCT, 0, 0);
	passed.from = lapic_ns(r->vm, look->from - r->began.to);
	passed.to = lapic_ns_up(r->vm, look->to - r->began.from);
	due->from = passed.from / r->ns;
	due->to = passed.to / r->ns;
	return (passed.to + look->val + lapic_slack()) / r->ns * r->ns + 1 >=
	       passed.from + look->val;
}

/* Plain KVM gives no tick twice, and that is all. */
#define JUDGE(r) do {									\
	struct lapic_when __due;							\
											\
	EXPECT_EQ(true, is_due(r, &__due));						\
	EXPECT_EQ(irqs(r), lapic_vcpu((r)->vm, (r)->index)->taken);			\
	EXPECT_LE(irqs(r), __due.to);							\
	EXPECT_GE(irqs(r), TICKS);							\
} while (0)

/* Nothing is lost, however slow the host: what was not given is owed. */
#define ACCOUNT(runners, n) do {							\
	struct lapic_when due, sum = { 0 };						\
	struct kvm_timers_status status;						\
	uint64_t taken = 0;								\
	unsigned int j;									\
											\
	if (kt_host_plain())								\
		break;									\
	for (j = 0; j < (n); j++) {							\
		is_due(&(runners)[j], &due);						\
		sum.from += due.from;							\
		taken += irqs(&(runners)[j]);						\
	}										\
	status = lapic_status((runners)->vm);						\
	for (j = 0; j < (n); j++) {							\
		is_due(&(runners)[j], &due);						\
		sum.to += due.to;							\
	}										\
	EXPECT_EQ(n, status.lapic_vcpus);						\
	EXPECT_GE(lapic_row(&status)->stats.due, sum.from);				\
	EXPECT_LE(lapic_row(&status)->stats.due, sum.to);				\
	EXPECT_GE(lapic_row(&status)->stats.delivered, taken);				\
	EXPECT_LE(lapic_row(&status)->stats.delivered, taken + (n));			\
	EXPECT_EQ(0, lapic_row(&status)->stats.merged);					\
	EXPECT_EQ(0, lapic_row(&status)->stats.dropped);				\
	EXPECT_EQ(0, lapic_row(&status)->stats.given_up);				\
} while (0)

TEST_F_TIMEOUT(smp, each_its_own, SLOW_TIMEOUT)
{
	unsigned int i;

	for (i = 0; i < variant->nr_vcpus; i++)
		ASSERT_EQ(0, start(&self->runners[i], &self->vm, i, i % NR_KINDS));
	for (i = 0; i < variant->nr_vcpus; i++)
		pthread_join(self->runners[i].thread, NULL);
	for (i = 0; i < variant->nr_vcpus; i++)
		JUDGE(&self->runners[i]);
	ACCOUNT(self->runners, variant->nr_vcpus);
}

TEST_F_TIMEOUT(smp, all_periodic, SLOW_TIMEOUT)
{
	unsigned int i;

	for (i = 0; i < variant->nr_vcpus; i++)
		ASSERT_EQ(0, start(&self->runners[i], &self->vm, i, PERIODIC));
	for (i = 0; i < variant->nr_vcpus; i++)
		pthread_join(self->runners[i].thread, NULL);
	for (i = 0; i < variant->nr_vcpus; i++)
		JUDGE(&self->runners[i]);
	ACCOUNT(self->runners, variant->nr_vcpus);
}

/* The tracepoints say whose interrupt it was. */
TEST_F_TIMEOUT(smp, traced, SLOW_TIMEOUT)
{
	unsigned int i, traced, sum = 0;
	struct kvm_timers_status status;
	char text[64];

	if (kt_host_plain() || !kt_trace_open("kvm_timers/tick_delivered", NULL))
		SKIP(return, "no tracepoint");
	kt_trace_clear();
	for (i = 0; i < variant->nr_vcpus; i++)
		ASSERT_EQ(0, start(&self->runners[i], &self->vm, i, i % NR_KINDS));
	for (i = 0; i < variant->nr_vcpus; i++)
		pthread_join(self->runners[i].thread, NULL);
	for (i = 0; i < variant->nr_vcpus; i++) {
		snprintf(text, sizeof(text), " lapic index %u guest_ns ", i);
		traced = kt_trace_count(text);
		sum += traced;
		/* One may be on its way still. */
		EXPECT_GE(traced, irqs(&self->runners[i]));
		EXPECT_LE(traced, irqs(&self->runners[i]) + 1);
	}
	status = lapic_status(&self->vm);
	EXPECT_EQ(lapic_row(&status)->stats.delivered, sum);
	kt_trace_close();
}

/* Masks, modes and software disable of one, in turn, while another one ticks. */
static void disturb(struct kt_vmm *vm, unsigned int index)
{
	static const struct {
		unsigned int	reg;
		uint32_t	val;
	} writes[] = {
		{ LAPIC_REG_TDCR, TDCR_BY_128 },
		{ LAPIC_REG_LVTT, LVTT_PERIODIC | LVTT_MASKED | LAPIC_VEC_OTHER },
		{ LAPIC_REG_TMICT, 10000 },
		{ LAPIC_REG_LVTT, LVTT_PERIODIC | LAPIC_VEC_OTHER },
		{ LAPIC_REG_SVR, SVR_OFF },
		{ LAPIC_REG_TDCR, TDCR_BY_16 },
		{ LAPIC_REG_SVR, SVR_ON },
		{ LAPIC_REG_LVTT, LVTT_DEADLINE | LAPIC_VEC_OTHER },
		{ LAPIC_REG_LVTT, LAPIC_VEC_OTHER },
		{ LAPIC_REG_TMICT, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		lapic_on(vm, index, LAPIC_WRITE, writes[i].reg, writes[i].val, 0);
}

TEST_F_TIMEOUT(smp, masks_of_another, SLOW_TIMEOUT)
{
	unsigned int kind;

	for (kind = 0; kind < NR_KINDS; kind++) {
		struct runner *r = &self->runners[0];

		lapic_vcpu(&self->vm, 0)->taken = 0;
		lapic_vcpu(&self->vm, 0)->irqs[LAPIC_VEC] = 0;
		lapic_vcpu(&self->vm, 0)->rearm = LAPIC_REARM_NONE;
		ASSERT_EQ(0, start(r, &self->vm, 0, kind));
		while (!r->done)
			disturb(&self->vm, 1);
		pthread_join(r->thread, NULL);
		lapic_on(&self->vm, 1, LAPIC_OPEN, lapic_cycles_up(&self->vm, QUIET_NS), 0, 0);
		JUDGE(r);
		/* The next kind begins with nothing on its way. */
		write_on(r, LAPIC_REG_TMICT, 0);
		open_on(r, r->ns);
	}
}

/* An INIT ends the timer of the vCPU that gets it, and no other. */
TEST_F_TIMEOUT(smp, init_of_another, SLOW_TIMEOUT)
{
	struct runner *r = &self->runners[0];
	unsigned int inits = 0, victim;
	struct kvm_mp_state mp;

	if (variant->nr_vcpus < 3)
		SKIP(return, "needs a third one");

	ASSERT_EQ(0, start(r, &self->vm, 0, PERIODIC));
	while (!r->done) {
		victim = 2 + inits++ % (variant->nr_vcpus - 2);
		lapic_on(&self->vm, victim, LAPIC_SETUP, variant->x2apic, 0, 0);
		lapic_on(&self->vm, victim, LAPIC_WRITE, LAPIC_REG_LVTT,
			 LVTT_PERIODIC | LAPIC_VEC_OTHER, 0);
		lapic_on(&self->vm, victim, LAPIC_WRITE, LAPIC_REG_TMICT, BASE_NS, 0);
		lapic_on(&self->vm, 1, LAPIC_INIT, victim, 0, 0);
		ASSERT_EQ(0, ioctl(self->vm.vcpu[victim].fd, KVM_GET_MP_STATE, &mp));
		ASSERT_EQ(KVM_MP_STATE_INIT_RECEIVED, mp.mp_state);
		ASSERT_EQ(0, kt_vmm_restart(&self->vm, victim));
		lapic_on(&self->vm, victim, LAPIC_READ, LAPIC_REG_TMICT, 0, 0);
		EXPECT_EQ(0, lapic_vcpu(&self->vm, victim)->access.val);
	}
	pthread_join(r->thread, NULL);
	JUDGE(r);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
