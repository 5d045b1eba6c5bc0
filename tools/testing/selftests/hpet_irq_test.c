// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupts of the HPET: none too early, none lost, none made up, by every
 * way to a vCPU; a level until it is acknowledged; a message to whom it names;
 * and what a guest could not take in time as the policy says.
 */
#include "hpet_vm.h"
#include "kt_trace.h"

#define NSEC_PER_MSEC		1000000ULL
#define ONE_SHOTS		3
#define ONE_SHOT_NS		(20 * NSEC_PER_MSEC)
#define PERIOD_NS		(2 * NSEC_PER_MSEC)
#define TICKS			100

/* A timer that is starved. */
#define FAST_NS			(NSEC_PER_MSEC / 10)
#define BEFORE_GAP		50
#define AFTER_GAP		50
#define GAP_NS			(1000 * NSEC_PER_MSEC)

/* One that even an emulated host can catch up with. */
#define SLOW_NS			(5 * NSEC_PER_MSEC)
#define AT_A_TIME		10

/* What the guest has been given, but has not yet taken when it looks away. */
#define MAX_IN_FLIGHT		1

#define MSI_BASE		0xfee00000ULL
#define MSI_DEST_SHIFT		12
#define MESSAGES		200
#define STORES			50
#define STORE_DATA		0x12345678

#define LEVEL_PIN		21
#define IGNORED			3

static int create(struct kt_vmm *vm, uint32_t policy)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= 2,
		.pit		= KT_VMM_NO_PIT,
		.devices	= KVM_TIMERS_HPET,
		.policy		= { .policy = policy },
	};

	return kt_vmm_create(vm, &config);
}

static struct kvm_timers_device_status status(struct kt_vmm *vm)
{
	return hpet_status(vm, KVM_TIMERS_DEVICE_HPET);
}

static void print_lateness(struct kt_vmm *vm)
{
	struct kvm_timers_device_status row = status(vm);
	unsigned int i;

	printf("# late by less than 2^n us:");
	for (i = 0; i < KVM_TIMERS_LATE_BUCKETS; i++)
		if (row.late[i])
			printf(" %u:%llu", i, (unsigned long long)row.late[i]);
	printf("\n");
	fflush(stdout);
}

/* The counter stops, and with it all timers. Return: its last count. */
static uint64_t stop(struct kt_vmm *vm)
{
	hpet_write(vm, HPET_CONF, 4, 0);
	hpet_do(vm, HPET_DRAIN, 0, 0, 0);
	return hpet_counter(vm);
}

FIXTURE(edge) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(edge) {
	struct hpet_way way;
};

FIXTURE_VARIANT_ADD(edge, irq0_by_pic) {
	.way = { .timer = 0, .legacy = true, .pic = true },
};

FIXTURE_VARIANT_ADD(edge, irq0_by_ioapic) {
	.way = { .timer = 0, .legacy = true, .pin = 2 },
};

FIXTURE_VARIANT_ADD(edge, irq8_by_pic) {
	.way = { .timer = 1, .legacy = true, .pic = true },
};

FIXTURE_VARIANT_ADD(edge, irq8_by_ioapic) {
	.way = { .timer = 1, .legacy = true, .pin = 8 },
};

FIXTURE_VARIANT_ADD(edge, pin20) {
	.way = { .timer = 0, .pin = 20 },
};

FIXTURE_VARIANT_ADD(edge, pin21) {
	.way = { .timer = 1, .pin = 21 },
};

FIXTURE_VARIANT_ADD(edge, pin22) {
	.way = { .timer = 2, .pin = 22 },
};

FIXTURE_VARIANT_ADD(edge, pin23) {
	.way = { .timer = 2, .pin = 23 },
};

FIXTURE_SETUP(edge)
{
	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP));
	hpet_open_way(&self->vm, &variant->way);
}

FIXTURE_TEARDOWN(edge)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

/* Set a comparator ahead of the counter. Return: its value. */
static uint64_t set_ahead(struct kt_vmm *vm, unsigned int n, uint64_t ticks)
{
	uint64_t target;

	do {
		target = hpet_counter(vm) + ticks;
		hpet_write(vm, HPET_TIMER(n) + HPET_TN_COMP, 8, target);
	} while (hpet_counter(vm) >= target);
	return target;
}

TEST_F_TIMEOUT(edge, one_shot, SLOW_TIMEOUT)
{
	const struct hpet_way *way = &variant->way;
	struct kvm_timers_device_status row;
	uint64_t ticks = hpet_ticks(ONE_SHOT_NS);
	uint64_t target, i;

	hpet_program(&self->vm, way->timer, HPET_TN_INT_ENB | hpet_route(way), ~0ULL);
	hpet_write(&self->vm, HPET_CONF, 4, hpet_enable(way));
	for (i = 1; i <= ONE_SHOTS; i++) {
		hpet_page(&self->vm)->first = 0;
		target = set_ahead(&self->vm, way->timer, ticks);
		hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), i, i & 1);
		EXPECT_GE(hpet_page(&self->vm)->first, target);
		hpet_do(&self->vm, HPET_OPEN, ticks, 0, 0);
		EXPECT_EQ(i, hpet_irqs(&self->vm, way));
	}
	stop(&self->vm);
	row = status(&self->vm);
	EXPECT_EQ(ONE_SHOTS, hpet_irqs(&self->vm, way));
	EXPECT_GE(row.stats.due, ONE_SHOTS);
	EXPECT_EQ(ONE_SHOTS, row.stats.delivered);
}

TEST_F_TIMEOUT(edge, periodic, SLOW_TIMEOUT)
{
	const struct hpet_way *way = &variant->way;
	uint64_t period = hpet_ticks(PERIOD_NS);
	struct kvm_timers_device_status row;
	uint64_t from, count, ns;

	hpet_program(&self->vm, way->timer,
		     HPET_TN_PERIODIC | HPET_TN_INT_ENB | hpet_route(way), period);
	hpet_write(&self->vm, HPET_CONF, 4, hpet_enable(way));
	from = self->vm.vcpu[0].entered_ns;
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), TICKS, 0);
	EXPECT_GE(self->vm.vcpu[0].exited_ns - from, hpet_ns(TICKS * period));
	EXPECT_GE(hpet_page(&self->vm)->first, period);
	ns = status(&self->vm).period_ns;
	EXPECT_GE(ns, hpet_ns(period));
	EXPECT_LE(ns, hpet_ns(period) + 1);

	count = stop(&self->vm);
	row = status(&self->vm);
	EXPECT_EQ(count / period, row.stats.due);
	EXPECT_EQ((count / period + 1) * period,
		  hpet_read(&self->vm, HPET_TIMER(way->timer) + HPET_TN_COMP, 8));
	EXPECT_EQ(row.stats.delivered, hpet_irqs(&self->vm, way));
	EXPECT_EQ(0, row.owed);
	EXPECT_EQ(0, row.stats.merged);
	EXPECT_EQ(0, row.stats.given_up);
}

/* The tracepoints say which timer it was. */
TEST_F_TIMEOUT(edge, traced, SLOW_TIMEOUT)
{
	const struct hpet_way *way = &variant->way;
	struct kvm_timers_device_status row;
	char text[64];

	if (kt_host_plain() || !kt_trace_open("kvm_timers/tick_delivered", NULL))
		SKIP(return, "no tracepoint");
	kt_trace_clear();
	hpet_program(&self->vm, way->timer,
		     HPET_TN_PERIODIC | HPET_TN_INT_ENB | hpet_route(way), hpet_ticks(PERIOD_NS));
	hpet_write(&self->vm, HPET_CONF, 4, hpet_enable(way));
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), TICKS, 0);
	stop(&self->vm);
	row = status(&self->vm);
	snprintf(text, sizeof(text), " hpet index %u guest_ns ", way->timer);
	EXPECT_GE(row.stats.delivered, TICKS);
	EXPECT_EQ(row.stats.delivered, kt_trace_count(text));
	EXPECT_EQ(row.stats.delivered, kt_trace_count("tick_delivered: id "));
	kt_trace_close();
}

FIXTURE(starved) {
	struct kt_vmm vm;
	struct kvm_timers_device_status before;
	struct kvm_timers_device_status after;
	uint64_t period;
	uint64_t count;
	uint64_t least;
	uint64_t most;
};

FIXTURE_VARIANT(starved) {
	struct hpet_way way;
};

FIXTURE_VARIANT_ADD(starved, irq0_by_pic) {
	.way = { .timer = 0, .legacy = true, .pic = true },
};

FIXTURE_VARIANT_ADD(starved, irq0_by_ioapic) {
	.way = { .timer = 0, .legacy = true, .pin = 2 },
};

FIXTURE_VARIANT_ADD(starved, pin21) {
	.way = { .timer = 2, .pin = 21 },
};

FIXTURE_SETUP(starved)
{
}

FIXTURE_TEARDOWN(starved)
{
	kt_vmm_destroy(&self->vm);
}

static void start_periodic(struct kt_vmm *vm, const struct hpet_way *way, uint64_t period)
{
	hpet_open_way(vm, way);
	hpet_program(vm, way->timer, HPET_TN_PERIODIC | HPET_TN_INT_ENB | hpet_route(way), period);
	hpet_write(vm, HPET_CONF, 4, hpet_enable(way));
	hpet_do(vm, HPET_WAIT, hpet_vector(way), BEFORE_GAP, 0);
}

/* Nothing runs for a while, and the account holds each edge of it. */
#define STARVE(chosen) do {								\
	uint64_t begin, begun, end, ended, seen;					\
											\
	ASSERT_EQ(0, create(&self->vm, chosen));					\
	self->period = hpet_ticks(FAST_NS);						\
	start_periodic(&self->vm, &variant->way, self->period);				\
	seen = hpet_irqs(&self->vm, &variant->way);					\
	begin = kt_host_now();								\
	self->before = status(&self->vm);						\
	begun = kt_host_now();								\
	kt_host_wait_until(begun + GAP_NS);						\
	end = kt_host_now();								\
	self->after = status(&self->vm);						\
	ended = kt_host_now();								\
	self->least = hpet_ticks(end - begun) / self->period;				\
	self->most = hpet_ticks_up(ended - begin) / self->period + 1;			\
	EXPECT_EQ(chosen, self->after.policy);						\
	EXPECT_GE(self->after.stats.due - self->before.stats.due, self->least);		\
	EXPECT_LE(self->after.stats.due - self->before.stats.due, self->most);		\
	EXPECT_LE(self->after.stats.delivered, seen + MAX_IN_FLIGHT);			\
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(&variant->way), seen + AFTER_GAP, 0);	\
	self->before = status(&self->vm);						\
	self->count = stop(&self->vm);							\
	self->after = status(&self->vm);						\
	EXPECT_EQ(self->count / self->period, self->after.stats.due);			\
	EXPECT_EQ((self->count / self->period + 1) * self->period,			\
		  hpet_read(&self->vm, HPET_TIMER(variant->way.timer) + HPET_TN_COMP, 8)); \
	EXPECT_EQ(hpet_irqs(&self->vm, &variant->way), self->after.stats.delivered);	\
	EXPECT_EQ(0, self->after.owed);							\
	EXPECT_EQ(0, self->after.stats.given_up);					\
	EXPECT_EQ(0, self->after.stats.rescaled);					\
	EXPECT_EQ(self->after.stats.due,						\
		  self->after.stats.delivered + hpet_lost(&self->after));		\
} while (0)

/* The host's bound may make a debt of such a fast timer impossible. */
static bool host_can_catch_up(uint64_t period)
{
	return kt_host_parameter("kvm_timers", "min_period_us") * 1000 < hpet_ns(period);
}

TEST_F_TIMEOUT(starved, catchup_owes_all, SLOW_TIMEOUT)
{
	STARVE(KVM_TIMERS_POLICY_CATCHUP);
	EXPECT_EQ(0, self->after.stats.merged);
	if (host_can_catch_up(self->period)) {
		/* Until the timer was stopped nothing was lost. */
		EXPECT_EQ(0, hpet_lost(&self->before));
		EXPECT_GE(self->after.stats.caught_up, AFTER_GAP - MAX_IN_FLIGHT);
	}
}

/* Edges since the guest was last served are given up with the timer, and none before. */
TEST_F_TIMEOUT(starved, catchup_gives_all, SLOW_TIMEOUT)
{
	uint64_t seen;

	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP));
	self->period = hpet_ticks(SLOW_NS);
	start_periodic(&self->vm, &variant->way, self->period);
	kt_host_wait_until(kt_host_now() + GAP_NS);
	EXPECT_GE(status(&self->vm).owed, GAP_NS / SLOW_NS - 1);
	do {
		seen = hpet_irqs(&self->vm, &variant->way);
		hpet_do(&self->vm, HPET_WAIT, hpet_vector(&variant->way), seen + AT_A_TIME, 0);
		self->before = status(&self->vm);
	} while (self->before.owed);
	EXPECT_EQ(self->before.stats.due, self->before.stats.delivered);
	EXPECT_GE(self->before.stats.caught_up, GAP_NS / SLOW_NS - 1);

	self->count = stop(&self->vm);
	self->after = status(&self->vm);
	EXPECT_EQ(self->count / self->period, self->after.stats.due);
	EXPECT_EQ(hpet_irqs(&self->vm, &variant->way), self->after.stats.delivered);
	EXPECT_EQ(self->after.stats.due, self->after.stats.delivered + self->after.stats.dropped);
}

TEST_F_TIMEOUT(starved, merge_gives_one, SLOW_TIMEOUT)
{
	STARVE(KVM_TIMERS_POLICY_MERGE);
	EXPECT_EQ(0, self->before.stats.dropped);
	EXPECT_LE(self->after.stats.dropped,
		  self->before.owed + self->after.stats.due - self->before.stats.due);
	EXPECT_GE(self->after.stats.merged, self->least - MAX_IN_FLIGHT);
}

TEST_F_TIMEOUT(starved, discard_gives_none, SLOW_TIMEOUT)
{
	STARVE(KVM_TIMERS_POLICY_DISCARD);
	EXPECT_EQ(0, self->after.stats.merged);
	EXPECT_GE(self->after.stats.dropped, self->least - MAX_IN_FLIGHT);
}

/* What is still owed is dropped with the timer. */
TEST_F_TIMEOUT(starved, delay_stays_behind, SLOW_TIMEOUT)
{
	uint64_t seen;

	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_DELAY));
	start_periodic(&self->vm, &variant->way, hpet_ticks(SLOW_NS));
	kt_host_wait_until(kt_host_now() + GAP_NS);
	seen = hpet_irqs(&self->vm, &variant->way);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(&variant->way), seen + AT_A_TIME, 0);
	self->before = status(&self->vm);
	EXPECT_GE(self->before.owed, GAP_NS / SLOW_NS - 1);
	EXPECT_EQ(0, self->before.stats.dropped);

	stop(&self->vm);
	self->after = status(&self->vm);
	EXPECT_EQ(hpet_irqs(&self->vm, &variant->way), self->after.stats.delivered);
	EXPECT_EQ(0, self->after.stats.merged);
	EXPECT_EQ(self->after.stats.due, self->after.stats.delivered + self->after.stats.dropped);
}

FIXTURE(level) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(level)
{
	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP));
	hpet_do(&self->vm, HPET_PIC, 0xff, 0xff, 0);
	hpet_do(&self->vm, HPET_LAPIC, IOAPIC_MASKED, 0, 0);
}

FIXTURE_TEARDOWN(level)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

static uint32_t level_irqs(struct kt_vmm *vm)
{
	return hpet_page(vm)->irqs[0][HPET_VEC_PIN];
}

/* The line comes back after each end of interrupt, until the status bit is cleared. */
TEST_F_TIMEOUT(level, held_until_acknowledged, SLOW_TIMEOUT)
{
	uint64_t ticks = hpet_ticks(ONE_SHOT_NS);

	hpet_do(&self->vm, HPET_IOAPIC, LEVEL_PIN, IOAPIC_LEVEL | HPET_VEC_PIN, 0);
	hpet_page(&self->vm)->ack = 1 << 1;
	hpet_page(&self->vm)->ignore = IGNORED;
	hpet_program(&self->vm, 1, HPET_TN_LEVEL | HPET_TN_INT_ENB | HPET_TN_PIN(LEVEL_PIN), ticks);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_PIN, IGNORED + 1, 0);
	EXPECT_GE(hpet_page(&self->vm)->first, ticks);
	hpet_do(&self->vm, HPET_OPEN, ticks, 0, 0);
	EXPECT_EQ(IGNORED + 1, level_irqs(&self->vm));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 4));
	EXPECT_EQ(1, status(&self->vm).stats.due);
	EXPECT_EQ(1, status(&self->vm).stats.delivered);
}

/* Each match that finds the bit clear is one interrupt; none is owed for the others. */
TEST_F_TIMEOUT(level, second_match_adds_nothing, SLOW_TIMEOUT)
{
	const uint64_t comp = HPET_TIMER(1) + HPET_TN_COMP;
	uint64_t ticks = hpet_ticks(PERIOD_NS);

	hpet_do(&self->vm, HPET_IOAPIC, LEVEL_PIN, IOAPIC_LEVEL | IOAPIC_MASKED | HPET_VEC_PIN, 0);
	hpet_program(&self->vm, 1, HPET_TN_PERIODIC | HPET_TN_LEVEL | HPET_TN_INT_ENB |
		     HPET_TN_PIN(LEVEL_PIN), ticks);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	while (hpet_read(&self->vm, comp, 8) < 20 * ticks)
		;
	EXPECT_EQ(2, hpet_read(&self->vm, HPET_STATUS, 4));
	EXPECT_EQ(1, status(&self->vm).stats.due);

	/* Stop the matches, but leave the bit and the counter. */
	hpet_write(&self->vm, HPET_TIMER(1) + HPET_TN_CONF, 4,
		   HPET_TN_LEVEL | HPET_TN_INT_ENB | HPET_TN_PIN(LEVEL_PIN));
	hpet_write(&self->vm, comp, 8, 0);
	hpet_page(&self->vm)->ack = 1 << 1;
	hpet_do(&self->vm, HPET_IOAPIC, LEVEL_PIN, IOAPIC_LEVEL | HPET_VEC_PIN, 0);
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_PIN, 1, 0);
	hpet_do(&self->vm, HPET_OPEN, 10 * ticks, 0, 0);
	EXPECT_EQ(1, level_irqs(&self->vm));
	EXPECT_EQ(1, status(&self->vm).stats.due);
	EXPECT_EQ(1, status(&self->vm).stats.delivered);
	EXPECT_EQ(0, status(&self->vm).owed);
}

/* Two timers hold one line: it falls when both have let it go. */
TEST_F_TIMEOUT(level, two_timers_one_line, SLOW_TIMEOUT)
{
	uint32_t conf = HPET_TN_LEVEL | HPET_TN_INT_ENB | HPET_TN_PIN(LEVEL_PIN);
	uint64_t ticks = hpet_ticks(PERIOD_NS);

	hpet_do(&self->vm, HPET_IOAPIC, LEVEL_PIN, IOAPIC_LEVEL | HPET_VEC_PIN, 0);
	hpet_program(&self->vm, 1, conf, ticks);
	hpet_program(&self->vm, 2, conf, ticks);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	while (hpet_read(&self->vm, HPET_STATUS, 4) != 0x6)
		;
	hpet_write(&self->vm, HPET_STATUS, 4, 1 << 1);
	hpet_page(&self->vm)->ack = 1 << 2;
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_PIN, 1, 0);
	hpet_do(&self->vm, HPET_OPEN, 5 * ticks, 0, 0);
	EXPECT_EQ(1, level_irqs(&self->vm));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 4));
}

FIXTURE(message) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(message) {
	unsigned int vcpu;
	bool spin;
};

FIXTURE_VARIANT_ADD(message, vcpu0_spin) {
	.vcpu = 0,
	.spin = true,
};

FIXTURE_VARIANT_ADD(message, vcpu0_hlt) {
	.vcpu = 0,
};

FIXTURE_VARIANT_ADD(message, vcpu1_spin) {
	.vcpu = 1,
	.spin = true,
};

FIXTURE_VARIANT_ADD(message, vcpu1_hlt) {
	.vcpu = 1,
};

FIXTURE_SETUP(message)
{
	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP));
}

FIXTURE_TEARDOWN(message)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

/* INT_ROUTE is valid, too: the message goes instead. */
TEST_F_TIMEOUT(message, periodic, SLOW_TIMEOUT)
{
	uint64_t fsb = (MSI_BASE | variant->vcpu << MSI_DEST_SHIFT) << 32 | HPET_VEC_MSI;
	volatile uint32_t (*irqs)[HPET_NR_VECTORS] = hpet_page(&self->vm)->irqs;
	uint64_t period = hpet_ticks(PERIOD_NS);
	struct kvm_timers_device_status row;
	uint64_t from, count;

	hpet_on(&self->vm, variant->vcpu, HPET_LAPIC, IOAPIC_MASKED, 0, 0);
	hpet_do(&self->vm, HPET_IOAPIC, LEVEL_PIN, HPET_VEC_PIN, 0);
	hpet_write(&self->vm, HPET_TIMER(2) + HPET_TN_FSB, 8, fsb);
	EXPECT_EQ(fsb, hpet_read(&self->vm, HPET_TIMER(2) + HPET_TN_FSB, 8));
	hpet_program(&self->vm, 2, HPET_TN_PERIODIC | HPET_TN_INT_ENB | HPET_TN_FSB_EN |
		     HPET_TN_PIN(LEVEL_PIN), period);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	from = self->vm.vcpu[0].entered_ns;
	hpet_on(&self->vm, variant->vcpu, HPET_WAIT, HPET_VEC_MSI, MESSAGES, variant->spin);
	EXPECT_GE(self->vm.vcpu[variant->vcpu].exited_ns - from, hpet_ns(MESSAGES * period));
	EXPECT_GE(hpet_page(&self->vm)->first, period);

	count = stop(&self->vm);
	hpet_on(&self->vm, variant->vcpu, HPET_DRAIN, 0, 0, 0);
	row = status(&self->vm);
	EXPECT_EQ(count / period, row.stats.due);
	EXPECT_EQ(irqs[variant->vcpu][HPET_VEC_MSI], row.stats.delivered);
	EXPECT_EQ(0, irqs[!variant->vcpu][HPET_VEC_MSI]);
	EXPECT_EQ(0, irqs[0][HPET_VEC_PIN]);
	EXPECT_EQ(0, row.stats.merged);
	EXPECT_EQ(row.stats.due, row.stats.delivered + row.stats.dropped);
	print_lateness(&self->vm);
}

TEST_F_TIMEOUT(level, message_to_memory, SLOW_TIMEOUT)
{
	uint64_t addr = HPET_PAGE_GPA + ((char *)&hpet_page(&self->vm)->store[1] -
					 (char *)hpet_page(&self->vm));
	uint64_t period = hpet_ticks(PERIOD_NS);
	struct kvm_timers_device_status row;

	hpet_write(&self->vm, HPET_TIMER(0) + HPET_TN_FSB, 4, STORE_DATA);
	hpet_write(&self->vm, HPET_TIMER(0) + HPET_TN_FSB + 4, 4, addr);
	hpet_program(&self->vm, 0, HPET_TN_PERIODIC | HPET_TN_INT_ENB | HPET_TN_FSB_EN, period);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	hpet_do(&self->vm, HPET_POLL, STORES, STORE_DATA, 0);
	row = status(&self->vm);
	EXPECT_GE(row.stats.delivered, STORES);

	/* Where there is no memory nothing happens. */
	hpet_write(&self->vm, HPET_TIMER(0) + HPET_TN_FSB + 4, 4, KT_MEM_SIZE + 0x1000);
	hpet_page(&self->vm)->store[1] = 0;
	hpet_do(&self->vm, HPET_OPEN, 5 * period, 0, 0);
	EXPECT_EQ(0, hpet_page(&self->vm)->store[1]);
	stop(&self->vm);
	EXPECT_GE(status(&self->vm).stats.delivered, row.stats.delivered);
}

/* A message takes precedence over the legacy lines. */
TEST_F_TIMEOUT(level, message_before_legacy, SLOW_TIMEOUT)
{
	hpet_do(&self->vm, HPET_IOAPIC, 2, HPET_VEC_PIN, 0);
	hpet_write(&self->vm, HPET_TIMER(0) + HPET_TN_FSB, 8, MSI_BASE << 32 | HPET_VEC_MSI);
	hpet_program(&self->vm, 0, HPET_TN_INT_ENB | HPET_TN_FSB_EN, hpet_ticks(PERIOD_NS));
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE | HPET_LEGACY);
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_MSI, 1, 0);
	stop(&self->vm);
	EXPECT_EQ(1, hpet_page(&self->vm)->irqs[0][HPET_VEC_MSI]);
	EXPECT_EQ(0, level_irqs(&self->vm));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
