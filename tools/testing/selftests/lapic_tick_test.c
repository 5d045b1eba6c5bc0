// SPDX-License-Identifier: GPL-2.0-only
/*
 * Periodic ticks of the LAPIC timer that a guest could not take are given back as the
 * policy says, every one of them is in the account, and the grid is the one from before.
 * With KT_PLAIN=1 it shows what KVM's own timer makes of the same gaps.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lapic_vm.h"

#define PERIOD_NS		NS_PER_MS
#define BEFORE_GAP		100
#define AFTER_GAP		20
#define GAP_NS			(1200 * NS_PER_MS)
#define STOP_NS			(5000 * NS_PER_MS)

/* The gap may begin and end within a period. */
#define GRID_EDGES		2

/* What the guest has been given, but has not yet taken when it looks away. */
#define MAX_IN_FLIGHT		1

/* In the deterministic lab. */
#define MAX_PHASE_NS		1000

/* For when the next expiry is. */
#define LOOKS			4

/* An instant of both clocks: the host's between two readings, and the guest's TSC. */
struct instant {
	struct lapic_when	host;
	uint64_t		tsc;
};

FIXTURE(tick) {
	struct kt_vmm vm;
	struct kvm_timers_status before;
	struct kvm_timers_status after;
	struct lapic_when grid;
	uint64_t seen;
};

FIXTURE_VARIANT(tick) {
	bool x2apic;
	bool spin;
};

FIXTURE_VARIANT_ADD(tick, xapic_spin) {
	.spin = true,
};

FIXTURE_VARIANT_ADD(tick, x2apic_hlt) {
	.x2apic = true,
};

FIXTURE_SETUP(tick)
{
}

FIXTURE_TEARDOWN(tick)
{
	if (self->vm.mem && self->vm.shared->ghosts)
		TH_LOG("%llu ghost interrupts", (unsigned long long)self->vm.shared->ghosts);
	kt_vmm_destroy(&self->vm);
}

static uint64_t tsc_offset(struct kt_vmm *vm)
{
	uint64_t offset = 0;
	struct kvm_device_attr attr = {
		.group	= KVM_VCPU_TSC_CTRL,
		.attr	= KVM_VCPU_TSC_OFFSET,
		.addr	= (uint64_t)&offset,
	};

	if (ioctl(vm->vcpu[0].fd, KVM_GET_DEVICE_ATTR, &attr)) {
		perror("# KVM_VCPU_TSC_OFFSET");
		abort();
	}
	return offset;
}

static struct instant now(struct kt_vmm *vm)
{
	uint64_t offset = tsc_offset(vm);
	struct instant instant;

	instant.host.from = kt_host_now();
	instant.tsc = __builtin_ia32_rdtsc() + offset;
	instant.host.to = kt_host_now();
	return instant;
}

/* When the next expiry is, on the host's clock. The guest has looked just before. */
static struct lapic_when look_at_expiry(struct kt_vmm *vm)
{
	const struct lapic_sample *look = &lapic_vcpu(vm, 0)->access;
	uint64_t left = lapic_read(vm, LAPIC_REG_TMCCT);
	struct instant after = now(vm);

	return (struct lapic_when) {
		.from	= after.host.from - lapic_ns_up(vm, after.tsc - look->from) + left - 1,
		.to	= after.host.to - lapic_ns(vm, after.tsc - look->to) + left + lapic_slack(),
	};
}

/* The closest of some: whatever else the host does makes one wider, and moves its middle. */
static struct lapic_when next_expiry(struct kt_vmm *vm)
{
	struct lapic_when best = look_at_expiry(vm), when;
	unsigned int i;

	for (i = 1; i < LOOKS; i++) {
		when = look_at_expiry(vm);
		if (when.to - when.from < best.to - best.from)
			best = when;
	}
	return best;
}

static uint64_t middle(struct lapic_when when)
{
	return when.from + (when.to - when.from) / 2;
}

/* Points of the grid between two instants: no more than these. */
static uint64_t most_points(struct lapic_when grid, uint64_t from, uint64_t to)
{
	return (to - grid.from) / PERIOD_NS - (from - grid.to) / PERIOD_NS;
}

static bool start(struct kt_vmm *vm, uint32_t policy, bool x2apic, bool spin)
{
	struct kt_vmm_config config = { .policy = { .policy = policy } };

	if (lapic_create(vm, &config, x2apic))
		return false;
	lapic_write(vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(vm, LAPIC_REG_LVTT, LVTT_PERIODIC | LAPIC_VEC);
	lapic_write(vm, LAPIC_REG_TMICT, PERIOD_NS);
	lapic_wait(vm, BEFORE_GAP, spin);
	return true;
}

static struct kvm_timers_tick_stats *stats(struct kvm_timers_status *status)
{
	return &lapic_row(status)->stats;
}

static uint64_t least_due(uint64_t gap_ns)
{
	return gap_ns / PERIOD_NS - GRID_EDGES;
}

/* Plain or not: what came of the points since the gap began. */
static void show(const char *what, struct kt_vmm *vm, struct lapic_when grid, uint64_t seen)
{
	struct lapic_when after = next_expiry(vm);
	uint64_t irqs = lapic_irqs(vm) - seen;
	int64_t phase = (middle(after) - middle(grid) + PERIOD_NS / 2) % PERIOD_NS -
			PERIOD_NS / 2;

	printf("# %s%s: %llu points of the grid, %llu interrupts, phase %lld ns off, known to %llu ns\n",
	       kt_host_plain() ? "plain KVM, " : "", what,
	       (unsigned long long)((middle(after) - middle(grid) + PERIOD_NS / 2) / PERIOD_NS),
	       (unsigned long long)irqs, (long long)phase,
	       (unsigned long long)(after.to - after.from + grid.to - grid.from));
	/* The harness ends a test without it. */
	fflush(stdout);
}

/* One gap, and what the account says on both sides of it. */
#define GAP(chosen) do {								\
	ASSERT_EQ(true, start(&self->vm, chosen, variant->x2apic, variant->spin));	\
	self->grid = next_expiry(&self->vm);						\
	self->seen = lapic_irqs(&self->vm);						\
	if (kt_host_plain()) {								\
		kt_host_wait_until(kt_host_now() + GAP_NS);				\
		lapic_wait(&self->vm, self->seen + AFTER_GAP, variant->spin);		\
		show("away", &self->vm, self->grid, self->seen);			\
		SKIP(return, "shown only");						\
	}										\
	self->before = lapic_status(&self->vm);						\
	kt_host_wait_until(kt_host_now() + GAP_NS);					\
	self->after = lapic_status(&self->vm);						\
	EXPECT_EQ(chosen, lapic_row(&self->after)->policy);				\
	EXPECT_GE(stats(&self->after)->due - stats(&self->before)->due,		\
		  least_due(GAP_NS));							\
	EXPECT_LE(stats(&self->after)->delivered, self->seen + MAX_IN_FLIGHT);		\
} while (0)

/*
 * Both sides have counted the same, while it goes on ticking: to end the ticks would drop
 * what is owed. What is not in here is owed: the rule of the account.
 */
#define ACCOUNT() do {									\
	self->after = lapic_status(&self->vm);						\
	EXPECT_GE(stats(&self->after)->delivered, lapic_irqs(&self->vm));		\
	EXPECT_LE(stats(&self->after)->delivered,					\
		  lapic_irqs(&self->vm) + MAX_IN_FLIGHT);				\
	EXPECT_EQ(0, stats(&self->after)->given_up);					\
	EXPECT_EQ(0, stats(&self->after)->rescaled);					\
} while (0)

/* The point that was next before the gap, and the one that is next now. */
#define SAME_GRID() do {								\
	struct lapic_when after = next_expiry(&self->vm);				\
	uint64_t least = after.from - self->grid.to;					\
	uint64_t most = after.to - self->grid.from;					\
	uint64_t off = (middle(after) - middle(self->grid) + MAX_PHASE_NS) % PERIOD_NS;	\
											\
	EXPECT_GE(most / PERIOD_NS * PERIOD_NS, least);					\
	if (getenv("KT_EXACT")) {							\
		EXPECT_LE(off, 2 * MAX_PHASE_NS);					\
	}										\
	show("after the gap", &self->vm, self->grid, self->seen);			\
} while (0)

TEST_F_TIMEOUT(tick, catchup_gives_all, SLOW_TIMEOUT)
{
	uint64_t from, owed, bound_ns;

	GAP(KVM_TIMERS_POLICY_CATCHUP);
	owed = lapic_row(&self->after)->owed;
	bound_ns = owed * PERIOD_NS * 100 / lapic_row(&self->after)->catchup_max_rate_pct;
	from = kt_host_now();
	lapic_wait(&self->vm, self->seen + owed, variant->spin);
	/* One was there already, and one may come at once. */
	EXPECT_GE(kt_host_now() - from + 2 * PERIOD_NS, bound_ns);
	SAME_GRID();
	ACCOUNT();
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_GE(stats(&self->after)->caught_up, least_due(GAP_NS) - MAX_IN_FLIGHT);
}

TEST_F_TIMEOUT(tick, merge_gives_one, SLOW_TIMEOUT)
{
	uint64_t from, points;

	GAP(KVM_TIMERS_POLICY_MERGE);
	from = kt_host_now();
	lapic_wait(&self->vm, self->seen + AFTER_GAP, variant->spin);
	points = most_points(self->grid, from, self->vm.vcpu[0].exited_ns);
	EXPECT_LE(lapic_irqs(&self->vm) - self->seen, points + 1 + MAX_IN_FLIGHT);
	SAME_GRID();
	ACCOUNT();
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_GE(stats(&self->after)->merged, least_due(GAP_NS) - MAX_IN_FLIGHT);
}

/* One may have been on its way when the guest went away; the others are lost. */
TEST_F_TIMEOUT(tick, discard_gives_none, SLOW_TIMEOUT)
{
	uint64_t from, points;

	GAP(KVM_TIMERS_POLICY_DISCARD);
	from = kt_host_now();
	lapic_wait(&self->vm, self->seen + AFTER_GAP, variant->spin);
	points = most_points(self->grid, from, self->vm.vcpu[0].exited_ns);
	EXPECT_LE(lapic_irqs(&self->vm) - self->seen, points + MAX_IN_FLIGHT);
	SAME_GRID();
	ACCOUNT();
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_GE(stats(&self->after)->dropped, least_due(GAP_NS) - MAX_IN_FLIGHT);
}

/* One for each point of the grid; what was missed stays owed. */
TEST_F_TIMEOUT(tick, delay_stays_behind, SLOW_TIMEOUT)
{
	uint64_t from, points;

	GAP(KVM_TIMERS_POLICY_DELAY);
	from = kt_host_now();
	lapic_wait(&self->vm, self->seen + AFTER_GAP, variant->spin);
	points = most_points(self->grid, from, self->vm.vcpu[0].exited_ns);
	EXPECT_LE(lapic_irqs(&self->vm) - self->seen, points + MAX_IN_FLIGHT);
	SAME_GRID();
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
	EXPECT_GE(self->after.device[KVM_TIMERS_DEVICE_LAPIC].owed,
		  least_due(GAP_NS) - MAX_IN_FLIGHT);
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_EQ(true, kt_host_conserved(&self->after));
}

#define SIGSTOP_GAP(chosen) do {							\
	int to_stopper, code;								\
	pid_t stopper = kt_host_stopper(&to_stopper, STOP_NS);					\
											\
	ASSERT_GT(stopper, 0);								\
	ASSERT_EQ(true, start(&self->vm, chosen, variant->x2apic, variant->spin));	\
	self->grid = next_expiry(&self->vm);						\
	self->seen = lapic_irqs(&self->vm);						\
	ASSERT_EQ(1, write(to_stopper, "", 1));						\
	while (!waitpid(stopper, &code, WNOHANG))					\
		lapic_wait(&self->vm, lapic_irqs(&self->vm) + AFTER_GAP, variant->spin);\
	EXPECT_EQ(0, code);								\
	if (kt_host_plain()) {								\
		show("stopped", &self->vm, self->grid, self->seen);			\
		SKIP(return, "shown only");						\
	}										\
	SAME_GRID();									\
} while (0)

TEST_F_TIMEOUT(tick, catchup_after_sigstop, SLOW_TIMEOUT)
{
	SIGSTOP_GAP(KVM_TIMERS_POLICY_CATCHUP);
	lapic_wait(&self->vm, self->seen + least_due(STOP_NS), variant->spin);
	ACCOUNT();
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_GE(stats(&self->after)->caught_up, least_due(STOP_NS) - MAX_IN_FLIGHT);
}

TEST_F_TIMEOUT(tick, merge_after_sigstop, SLOW_TIMEOUT)
{
	SIGSTOP_GAP(KVM_TIMERS_POLICY_MERGE);
	ACCOUNT();
	EXPECT_EQ(0, stats(&self->after)->dropped);
	EXPECT_GE(stats(&self->after)->merged, least_due(STOP_NS) - MAX_IN_FLIGHT);
}

TEST_F_TIMEOUT(tick, discard_after_sigstop, SLOW_TIMEOUT)
{
	SIGSTOP_GAP(KVM_TIMERS_POLICY_DISCARD);
	ACCOUNT();
	EXPECT_EQ(0, stats(&self->after)->merged);
	EXPECT_GE(stats(&self->after)->dropped, least_due(STOP_NS) - MAX_IN_FLIGHT);
}

/* A policy set at run time takes what is owed with it. */
TEST_F_TIMEOUT(tick, set_policy_drops_debt, SLOW_TIMEOUT)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= KVM_TIMERS_DEVICE_LAPIC,
		.tick	= { .policy = KVM_TIMERS_POLICY_DISCARD },
	};
	uint64_t owed;

	SKIP_IF_PLAIN();
	GAP(KVM_TIMERS_POLICY_CATCHUP);
	owed = lapic_row(&self->after)->owed;
	EXPECT_GE(owed, least_due(GAP_NS) - MAX_IN_FLIGHT);
	ASSERT_EQ(0, ioctl(self->vm.timers, KVM_TIMERS_SET_POLICY, &set));
	self->after = lapic_status(&self->vm);
	EXPECT_EQ(KVM_TIMERS_POLICY_DISCARD, lapic_row(&self->after)->policy);
	lapic_wait(&self->vm, self->seen + AFTER_GAP, variant->spin);
	ACCOUNT();
	EXPECT_GE(stats(&self->after)->dropped, owed - MAX_IN_FLIGHT);
}

static int set_advance(int timers, uint32_t advance, uint32_t ns)
{
	struct kvm_timers_set_advance set = {
		.size		= sizeof(set),
		.advance	= advance,
		.advance_ns	= ns,
	};

	return ioctl(timers, KVM_TIMERS_SET_ADVANCE, &set) ? errno : 0;
}

TEST_F_TIMEOUT(tick, set_advance, SLOW_TIMEOUT)
{
	const uint32_t fixed[] = { 0, 1, 1234, KVM_TIMERS_ADVANCE_MAX_NS };
	struct kvm_timers_status status;
	unsigned int i;

	SKIP_IF_PLAIN();
	ASSERT_EQ(true, start(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->x2apic,
			      variant->spin));
	EXPECT_NE(KVM_TIMERS_ADVANCE_DEFAULT, lapic_status(&self->vm).lapic_advance);
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		EXPECT_EQ(0, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_FIXED, fixed[i]));
		lapic_wait(&self->vm, lapic_irqs(&self->vm) + AFTER_GAP, variant->spin);
		status = lapic_status(&self->vm);
		EXPECT_EQ(KVM_TIMERS_ADVANCE_FIXED, status.lapic_advance);
		EXPECT_EQ(fixed[i], status.lapic_advance_ns);
	}
	EXPECT_EQ(0, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_AUTO, 0));
	lapic_wait(&self->vm, lapic_irqs(&self->vm) + AFTER_GAP, variant->spin);
	status = lapic_status(&self->vm);
	EXPECT_EQ(KVM_TIMERS_ADVANCE_AUTO, status.lapic_advance);
	EXPECT_LE(status.lapic_advance_ns, KVM_TIMERS_ADVANCE_MAX_NS);
	EXPECT_EQ(0, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_DEFAULT, 0));
	EXPECT_NE(KVM_TIMERS_ADVANCE_DEFAULT, lapic_status(&self->vm).lapic_advance);
}

TEST_F_TIMEOUT(tick, set_advance_refused, SLOW_TIMEOUT)
{
	struct kt_vmm_config pit = { .devices = KVM_TIMERS_PIT };
	struct kvm_timers_set_advance set = { .size = sizeof(set) - 1 };
	struct kt_vmm other;
	int timers;

	SKIP_IF_PLAIN();
	ASSERT_EQ(true, start(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->x2apic,
			      variant->spin));
	ASSERT_EQ(0, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_FIXED, 77));
	EXPECT_EQ(-1, ioctl(self->vm.timers, KVM_TIMERS_SET_ADVANCE, &set));
	EXPECT_EQ(E2BIG, errno);
	set.size = sizeof(set);
	set.reserved = 1;
	EXPECT_EQ(-1, ioctl(self->vm.timers, KVM_TIMERS_SET_ADVANCE, &set));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(EINVAL, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_AUTO, 1));
	EXPECT_EQ(EINVAL, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_DEFAULT, 1));
	EXPECT_EQ(ERANGE, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_FIXED + 1, 0));
	EXPECT_EQ(ERANGE, set_advance(self->vm.timers, KVM_TIMERS_ADVANCE_FIXED,
				      KVM_TIMERS_ADVANCE_MAX_NS + 1));
	EXPECT_EQ(KVM_TIMERS_ADVANCE_FIXED, lapic_status(&self->vm).lapic_advance);
	EXPECT_EQ(77, lapic_status(&self->vm).lapic_advance_ns);

	ASSERT_EQ(0, kt_vmm_create(&other, &pit));
	EXPECT_EQ(ENODEV, set_advance(other.timers, KVM_TIMERS_ADVANCE_AUTO, 0));
	kt_vmm_destroy(&other);

	timers = dup(self->vm.timers);
	kt_vmm_destroy(&self->vm);
	EXPECT_EQ(ESRCH, set_advance(timers, KVM_TIMERS_ADVANCE_AUTO, 0));
	close(timers);
}

/* Before the first vCPU. */
TEST_F_TIMEOUT(tick, advance_of_attach, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = {
		.lapic_advance		= KVM_TIMERS_ADVANCE_FIXED,
		.lapic_advance_ns	= KVM_TIMERS_ADVANCE_MAX_NS + 1,
	};

	SKIP_IF_PLAIN();
	EXPECT_EQ(-1, lapic_create(&self->vm, &config, variant->x2apic));
	EXPECT_EQ(ERANGE, errno);
	config.lapic_advance_ns--;
	ASSERT_EQ(0, lapic_create(&self->vm, &config, variant->x2apic));
	EXPECT_EQ(KVM_TIMERS_ADVANCE_FIXED, lapic_status(&self->vm).lapic_advance);
	EXPECT_EQ(KVM_TIMERS_ADVANCE_MAX_NS, lapic_status(&self->vm).lapic_advance_ns);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
