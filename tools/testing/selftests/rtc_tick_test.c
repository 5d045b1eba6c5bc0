// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupts of the RTC, by the second 8259 and by the IOAPIC: every rate is
 * on its grid for good, register C holds the line up, and what a guest could not
 * take is given back as the policy says, with PF set.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "rtc_vm.h"

#define RS_8KHZ			3
#define RS_1KHZ			6
#define RS_64HZ			10
#define NR_RATES		15
#define MIN_TICKS		4
#define REPORTS_PER_SECOND	8
#define BURST_NS		(100 * 1000 * 1000ULL)
#define BATCHES			5
#define BATCH			100

/* So many times what a tick costs the guest is a period in which it does something else, too. */
#define SLACK			2

#define WATCH_CLKS		59659
#define WATCH_NS		(WATCH_CLKS * 1000000ULL / 1194)
#define WATCHES			4
#define DRAIN_CLKS		11932

#define BEFORE_GAP		20
#define AFTER_GAP		8
#define GAP_NS			KT_NSEC_PER_SEC

/* The gap may begin and end within a period. */
#define GRID_EDGES		2

/* What the guest has been given, but has not yet taken when it looks away. */
#define MAX_IN_FLIGHT		1

/* The fastest rate up to 1 kHz at which a guest of this host does more than take ticks. */
static unsigned int lively_rate = RS_1KHZ;

/* What a tick costs a guest that has more of them than it can take, ns. */
static uint64_t tick_cost;

FIXTURE(rtc_tick) {
	struct kt_vmm vm;
	struct kvm_timers_status before;
	struct kvm_timers_status after;
	struct rtc_span released;
	uint64_t seen;
};

FIXTURE_VARIANT(rtc_tick) {
	enum kt_pin pin;
	unsigned int rate_step;
};

FIXTURE_VARIANT_ADD(rtc_tick, pic) {
	.pin = KT_PIN_PIC,
	.rate_step = 1,
};

FIXTURE_VARIANT_ADD(rtc_tick, ioapic) {
	.pin = KT_PIN_IOAPIC_2,
	.rate_step = 5,
};

FIXTURE_SETUP(rtc_tick)
{
}

FIXTURE_TEARDOWN(rtc_tick)
{
	if (self->vm.mem && self->vm.shared->ghosts)
		TH_LOG("%llu ghost interrupts", (unsigned long long)self->vm.shared->ghosts);
	kt_vmm_destroy(&self->vm);
}

static bool create(struct kt_vmm *vm, uint32_t policy, enum kt_pin pin)
{
	struct kt_vmm_config config = {
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC,
		.policy		= { .policy = policy },
	};

	return !kt_vmm_create(vm, &config) && rtc_command(vm, RTC_ROUTE, pin, 0);
}

/* PIE on, no flag set, the divider from zero. Return: when. */
static bool start(struct kt_vmm *vm, unsigned int rs, struct rtc_span *released)
{
	if (!rtc_write(vm, RTC_A, RTC_A_RESET | rs) || rtc_read(vm, RTC_C) < 0 ||
	    !rtc_write(vm, RTC_B, RTC_B_24H | RTC_B_PIE) ||
	    !rtc_write(vm, RTC_A, RTC_A_RUN | rs))
		return false;

	*released = rtc_last_span(vm);
	return true;
}

static bool until(struct kt_vmm *vm, uint64_t ticks)
{
	return rtc_command(vm, RTC_UNTIL, ticks, 0);
}

static struct kvm_timers_device_status *row(struct kvm_timers_status *status)
{
	return &status->device[KVM_TIMERS_DEVICE_RTC];
}

static struct kvm_timers_tick_stats *stats(struct kvm_timers_status *status)
{
	return &row(status)->stats;
}

/* Return: the status and when it was that, or false. */
static bool read_status(struct kt_vmm *vm, struct kvm_timers_status *status, struct rtc_span *when)
{
	when->from = kt_host_now();
	if (kt_vmm_status(vm, status))
		return false;
	when->to = kt_host_now();
	return true;
}

/*
 * No more edges; settle all that is owed, so that nothing is in flight. Without edges delay gives
 * nothing.
 */
static bool stop(struct kt_vmm *vm, enum kt_pin pin, struct kvm_timers_status *status)
{
	if (!rtc_write(vm, RTC_A, RTC_A_RUN) || !rtc_command(vm, RTC_MASK, pin, false))
		return false;
	do {
		if (!rtc_command(vm, RTC_SETTLE, DRAIN_CLKS, 0) || kt_vmm_status(vm, status))
			return false;
	} while (row(status)->owed && row(status)->policy != KVM_TIMERS_POLICY_DELAY);
	return rtc_command(vm, RTC_SETTLE, DRAIN_CLKS, 0) && !kt_vmm_status(vm, status);
}

#define STOP() do {									\
	ASSERT_EQ(true, stop(&self->vm, variant->pin, &self->after));			\
	EXPECT_EQ(self->vm.shared->ticks, stats(&self->after)->delivered);		\
	EXPECT_EQ(true, kt_host_conserved(&self->after));				\
} while (0)

/* Every interrupt found IRQF and PF in register C. */
#define EXPECT_FLAGS() do {								\
	ASSERT_EQ(true, rtc_query(&self->vm, RTC_REPORT, 0));				\
	EXPECT_EQ(0, self->vm.vcpu[0].val[0]);						\
	EXPECT_EQ(0, self->vm.vcpu[0].val[1]);						\
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_run(&self->vm, 0));				\
} while (0)

/* Rates that this host cannot follow: count what comes, and look away. */
static bool is_fast(unsigned int rs)
{
	return rtc_period(rs) < rtc_period(lively_rate);
}

/* Take ticks for a while. */
static bool take(struct kt_vmm *vm, unsigned int rs, enum kt_pin pin, uint64_t ns)
{
	uint64_t chunk = RTC_SECOND / rtc_period(rs) / REPORTS_PER_SECOND ?: 1;
	uint64_t least = vm->shared->ticks + MIN_TICKS;
	uint64_t end = kt_host_now() + ns;

	/* What is not taken meanwhile is taken afterwards, at the same cost: not too much of it. */
	if (is_fast(rs))
		return rtc_command(vm, RTC_BURST, least + BURST_NS / tick_cost, pin);
	while (kt_host_now() < end || vm->shared->ticks < least)
		if (!until(vm, vm->shared->ticks + chunk))
			return false;
	return true;
}

/*
 * One rate: what the account holds is what the divider has counted, and nothing
 * came before its time.
 */
#define RATE(rs, ns) do {								\
	uint64_t __due, __first;							\
	struct rtc_span __when;								\
	struct rtc_range __count;							\
											\
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->before));				\
	__due = stats(&self->before)->due;						\
	__first = self->vm.shared->ticks;						\
	ASSERT_EQ(true, start(&self->vm, rs, &self->released));				\
	ASSERT_EQ(true, take(&self->vm, rs, variant->pin, ns));					\
	__count = rtc_divider(self->released, rtc_last_span(&self->vm));		\
	EXPECT_LE(self->vm.shared->ticks - __first, rtc_edges(rs, __count.most));	\
	ASSERT_EQ(true, read_status(&self->vm, &self->after, &__when));			\
	__count = rtc_divider(self->released, __when);					\
	EXPECT_GE(stats(&self->after)->due - __due, rtc_edges(rs, __count.least)) {	\
		TH_LOG("rate %u", rs);							\
	}										\
	EXPECT_LE(stats(&self->after)->due - __due, rtc_edges(rs, __count.most)) {	\
		TH_LOG("rate %u", rs);							\
	}										\
	EXPECT_EQ((rtc_period(rs) * RTC_CYCLE_DIV + RTC_CYCLE_MUL / 2) / RTC_CYCLE_MUL,	\
		  row(&self->after)->period_ns);					\
	EXPECT_EQ(true, kt_host_conserved(&self->after));				\
	STOP();										\
} while (0)

TEST_F_TIMEOUT(rtc_tick, every_rate, SLOW_TIMEOUT)
{
	uint64_t min_period_ns = kt_host_parameter("kvm_timers", "min_period_us") * 1000;
	uint64_t given, from;
	unsigned int rs;

	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	for (rs = 1; rs <= NR_RATES; rs += variant->rate_step) {
		from = kt_host_now();
		RATE(rs, KT_NSEC_PER_SEC);
		given = stats(&self->after)->delivered - stats(&self->before)->delivered;
		EXPECT_LE(given, (kt_host_now() - from) / min_period_ns + 1);
		EXPECT_EQ(0, row(&self->after)->period_ns);
		if (!is_fast(rs)) {
			EXPECT_EQ(stats(&self->before)->dropped, stats(&self->after)->dropped);
			EXPECT_EQ(stats(&self->before)->merged, stats(&self->after)->merged);
		}
	}
	EXPECT_FLAGS();
	EXPECT_EQ(0, kt_vmm_exits(&self->vm, 0x70, 0x71));
}

/* R1: 64 a second, not one more and not one less. */
TEST_F_TIMEOUT(rtc_tick, r1_64_hz, SLOW_TIMEOUT)
{
	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	RATE(RS_64HZ, 2 * KT_NSEC_PER_SEC);
	EXPECT_EQ(stats(&self->after)->due, self->vm.shared->ticks);
	EXPECT_FLAGS();
}

/* R2: PF comes with PIE off, too, and no interrupt. */
TEST_F_TIMEOUT(rtc_tick, r2_pf_without_pie, SLOW_TIMEOUT)
{
	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_SET | RTC_B_24H));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN | RS_1KHZ));
	ASSERT_LE(0, rtc_read(&self->vm, RTC_C));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));

	/* No more of them, lest the second reading meets one. */
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN));
	EXPECT_EQ(RTC_C_PF, rtc_read(&self->vm, RTC_C));
	EXPECT_EQ(0, rtc_read(&self->vm, RTC_C));
	EXPECT_EQ(0, self->vm.shared->ticks);
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
	EXPECT_EQ(0, stats(&self->after)->due);
	EXPECT_EQ(0, row(&self->after)->period_ns);
}

/* R3: an enable that meets its flag interrupts at once, and once. */
TEST_F_TIMEOUT(rtc_tick, r3_enable_meets_flag, SLOW_TIMEOUT)
{
	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_SET | RTC_B_24H));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN | RS_1KHZ));
	ASSERT_LE(0, rtc_read(&self->vm, RTC_C));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN));
	ASSERT_EQ(0, self->vm.shared->ticks);

	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_SET | RTC_B_PIE | RTC_B_24H));
	ASSERT_EQ(true, until(&self->vm, 1));
	ASSERT_EQ(true, rtc_query(&self->vm, RTC_REPORT, 0));
	EXPECT_EQ(RTC_C_IRQF | RTC_C_PF, self->vm.vcpu[0].val[2]);
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_run(&self->vm, 0));
	EXPECT_EQ(0, rtc_read(&self->vm, RTC_C));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, DRAIN_CLKS, 0));
	EXPECT_EQ(1, self->vm.shared->ticks);
	STOP();
}

/* Update-ended and alarm interrupts are counted beside the ticks. */
TEST_F_TIMEOUT(rtc_tick, updates_interrupt, SLOW_TIMEOUT)
{
	struct rtc_range count;

	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RESET));
	/* An update before this one would interrupt as soon as it may. */
	ASSERT_LE(0, rtc_read(&self->vm, RTC_C));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_24H | RTC_B_UIE));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RUN));
	self->released = rtc_last_span(&self->vm);
	ASSERT_EQ(true, until(&self->vm, 2));
	count = rtc_divider(self->released, rtc_last_span(&self->vm));
	EXPECT_GE(rtc_updates(count.most), 2);
	ASSERT_EQ(true, rtc_query(&self->vm, RTC_REPORT, 0));
	EXPECT_EQ(RTC_C_IRQF | RTC_C_UF, self->vm.vcpu[0].val[2]);
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_run(&self->vm, 0));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_24H));
	STOP();
	EXPECT_EQ(self->vm.shared->ticks, stats(&self->after)->due);
}

/* The line is up until register C is read: no edge, whatever the rate and the policy. */
TEST_F_TIMEOUT(rtc_tick, no_edge_until_c_is_read, SLOW_TIMEOUT)
{
	static const uint32_t policies[] = {
		KVM_TIMERS_POLICY_CATCHUP, KVM_TIMERS_POLICY_MERGE, KVM_TIMERS_POLICY_DISCARD,
		KVM_TIMERS_POLICY_DELAY,
	};
	unsigned int i, n;
	int c;

	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		ASSERT_EQ(true, create(&self->vm, policies[i], variant->pin));
		ASSERT_EQ(true, rtc_command(&self->vm, RTC_HANDLER, RTC_HANDLER_IDLE, 0));
		ASSERT_EQ(true, start(&self->vm, lively_rate, &self->released));
		ASSERT_EQ(true, until(&self->vm, 1));
		for (n = 0; n < WATCHES; n++) {
			ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, WATCH_CLKS, 0));
		}
		EXPECT_EQ(1, self->vm.shared->ticks);
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
		EXPECT_EQ(1, stats(&self->after)->delivered);
		EXPECT_GE(stats(&self->after)->due,
			  rtc_cycles(WATCHES * WATCH_NS) / rtc_period(lively_rate));
		EXPECT_EQ(true, kt_host_conserved(&self->after));

		ASSERT_EQ(true, rtc_command(&self->vm, RTC_HANDLER, RTC_HANDLER_READ, 0));
		c = rtc_read(&self->vm, RTC_C);
		EXPECT_EQ(RTC_C_IRQF | RTC_C_PF, c & (RTC_C_IRQF | RTC_C_PF));
		ASSERT_EQ(true, until(&self->vm, AFTER_GAP));
		EXPECT_FLAGS();
		STOP();
		kt_vmm_destroy(&self->vm);
	}
}

/*
 * Nobody hears the ticks; the grid goes on, and the next one is on it. A catch-up
 * would give back what the 8259 has hidden.
 */
TEST_F_TIMEOUT(rtc_tick, masked, SLOW_TIMEOUT)
{
	bool remembers = variant->pin == KT_PIN_PIC;
	struct rtc_range count;
	struct rtc_span when;
	uint64_t deaf, n;

	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_DISCARD, variant->pin));
	ASSERT_EQ(true, start(&self->vm, RS_64HZ, &self->released));
	ASSERT_EQ(true, until(&self->vm, MIN_TICKS));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_MASK, variant->pin, true));
	self->seen = self->vm.shared->ticks;
	for (n = 0; n < 2 * WATCHES; n++) {
		ASSERT_EQ(true, rtc_command(&self->vm, RTC_SETTLE, WATCH_CLKS, 0));
	}
	EXPECT_EQ(self->seen, self->vm.shared->ticks);
	ASSERT_EQ(true, read_status(&self->vm, &self->after, &when));
	count = rtc_divider(self->released, when);
	EXPECT_GE(stats(&self->after)->due, rtc_edges(RS_64HZ, count.least));
	EXPECT_LE(stats(&self->after)->due, rtc_edges(RS_64HZ, count.most));
	EXPECT_EQ(true, kt_host_conserved(&self->after));
	EXPECT_LE(stats(&self->after)->delivered, self->seen + remembers);
	deaf = stats(&self->after)->due;

	/* Only the 8259 remembers an edge. */
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_MASK, variant->pin, false));
	ASSERT_EQ(true, until(&self->vm, self->seen + remembers + 1));
	count = rtc_divider(self->released, rtc_last_span(&self->vm));
	EXPECT_GT(rtc_edges(RS_64HZ, count.most), deaf);
	ASSERT_EQ(true, until(&self->vm, self->seen + AFTER_GAP));
	ASSERT_EQ(true, read_status(&self->vm, &self->after, &when));
	count = rtc_divider(self->released, when);
	EXPECT_GE(stats(&self->after)->due, rtc_edges(RS_64HZ, count.least));
	EXPECT_LE(stats(&self->after)->due, rtc_edges(RS_64HZ, count.most));
	EXPECT_FLAGS();
	STOP();
}

/* A guest that masks what is just coming gets IRQ15 instead, and its tick afterwards. */
TEST_F_TIMEOUT(rtc_tick, masked_before_taken, SLOW_TIMEOUT)
{
	if (variant->pin != KT_PIN_PIC)
		SKIP(return, "the IOAPIC has no cascade");
	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	ASSERT_EQ(true, start(&self->vm, RS_64HZ, &self->released));
	ASSERT_EQ(true, until(&self->vm, MIN_TICKS));
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_SPURIOUS, 0, 0));
	EXPECT_EQ(1, self->vm.shared->ghosts);
	ASSERT_EQ(true, until(&self->vm, 2 * MIN_TICKS));
	STOP();
	EXPECT_FLAGS();
}

/* Handlers of 2 ms and ticks of 122 us: the guest gets on all the same, whatever the policy. */
TEST_F_TIMEOUT(rtc_tick, slow_guest_gets_on, SLOW_TIMEOUT)
{
	static const uint32_t policies[] = {
		KVM_TIMERS_POLICY_CATCHUP, KVM_TIMERS_POLICY_MERGE, KVM_TIMERS_POLICY_DISCARD,
		KVM_TIMERS_POLICY_DELAY,
	};
	unsigned int i;

	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		ASSERT_EQ(true, create(&self->vm, policies[i], variant->pin));
		ASSERT_EQ(true, rtc_command(&self->vm, RTC_HANDLER, RTC_HANDLER_SLOW, 0));
		ASSERT_EQ(true, start(&self->vm, RS_8KHZ, &self->released));
		ASSERT_EQ(true, until(&self->vm, BEFORE_GAP));
		EXPECT_LE(self->vm.shared->ticks, BEFORE_GAP + AFTER_GAP);
		ASSERT_EQ(true, rtc_command(&self->vm, RTC_HANDLER, RTC_HANDLER_READ, 0));
		EXPECT_FLAGS();
		STOP();
		kt_vmm_destroy(&self->vm);
	}
}

static uint64_t least_due(unsigned int rs)
{
	return rtc_cycles(GAP_NS) / rtc_period(rs) - GRID_EDGES;
}

/* One gap, and what the account says on both sides of it. */
#define GAP(chosen, rs) do {								\
	ASSERT_EQ(true, create(&self->vm, chosen, variant->pin));			\
	ASSERT_EQ(true, start(&self->vm, rs, &self->released));				\
	ASSERT_EQ(true, until(&self->vm, BEFORE_GAP));					\
	self->seen = self->vm.shared->ticks;						\
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->before));				\
	kt_host_wait_until(kt_host_now() + GAP_NS);					\
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));				\
	EXPECT_EQ(true, kt_host_conserved(&self->after));				\
	EXPECT_GE(stats(&self->after)->due - stats(&self->before)->due, least_due(rs));	\
	EXPECT_LE(stats(&self->after)->delivered, self->seen + MAX_IN_FLIGHT);		\
} while (0)

/* And on; each of the interrupts must have found PF. */
#define GO_ON(ticks) do {								\
	ASSERT_EQ(true, until(&self->vm, self->seen + (ticks)));			\
	STOP();										\
	EXPECT_FLAGS();									\
	EXPECT_EQ(0, stats(&self->after)->given_up);					\
} while (0)

#define NR_GAP_RATES	2

static unsigned int gap_rate(unsigned int i)
{
	return i ? RS_64HZ : lively_rate;
}

TEST_F_TIMEOUT(rtc_tick, catchup_gives_all, SLOW_TIMEOUT)
{
	unsigned int i, rs;

	for (i = 0; i < NR_GAP_RATES; i++) {
		rs = gap_rate(i);
		GAP(KVM_TIMERS_POLICY_CATCHUP, rs);
		GO_ON(least_due(rs));
		EXPECT_EQ(stats(&self->after)->due, stats(&self->after)->delivered);
		EXPECT_GE(stats(&self->after)->caught_up, least_due(rs) - MAX_IN_FLIGHT);
		kt_vmm_destroy(&self->vm);
	}
}

TEST_F_TIMEOUT(rtc_tick, merge_gives_one, SLOW_TIMEOUT)
{
	unsigned int i, rs;

	for (i = 0; i < NR_GAP_RATES; i++) {
		rs = gap_rate(i);
		GAP(KVM_TIMERS_POLICY_MERGE, rs);
		GO_ON(AFTER_GAP);
		EXPECT_EQ(0, stats(&self->after)->dropped);
		EXPECT_GE(stats(&self->after)->merged, least_due(rs) - MAX_IN_FLIGHT);
		EXPECT_EQ(stats(&self->after)->due,
			  self->vm.shared->ticks + stats(&self->after)->merged);
		kt_vmm_destroy(&self->vm);
	}
}

TEST_F_TIMEOUT(rtc_tick, discard_gives_none, SLOW_TIMEOUT)
{
	unsigned int i, rs;

	for (i = 0; i < NR_GAP_RATES; i++) {
		rs = gap_rate(i);
		GAP(KVM_TIMERS_POLICY_DISCARD, rs);
		GO_ON(AFTER_GAP);
		EXPECT_EQ(0, stats(&self->after)->merged);
		EXPECT_GE(stats(&self->after)->dropped, least_due(rs) - MAX_IN_FLIGHT);
		EXPECT_EQ(stats(&self->after)->due,
			  self->vm.shared->ticks + stats(&self->after)->dropped);
		kt_vmm_destroy(&self->vm);
	}
}

/* What the guest has missed stays owed. */
TEST_F_TIMEOUT(rtc_tick, delay_stays_behind, SLOW_TIMEOUT)
{
	unsigned int i, rs;

	for (i = 0; i < NR_GAP_RATES; i++) {
		rs = gap_rate(i);
		GAP(KVM_TIMERS_POLICY_DELAY, rs);
		GO_ON(AFTER_GAP);
		EXPECT_GE(row(&self->after)->owed, least_due(rs) - MAX_IN_FLIGHT);
		EXPECT_EQ(stats(&self->after)->due, self->vm.shared->ticks + row(&self->after)->owed);
		kt_vmm_destroy(&self->vm);
	}
}

/* The machine is reset: what interrupts is off, and the clock goes on. */
TEST_F_TIMEOUT(rtc_tick, reset, SLOW_TIMEOUT)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	uint64_t time;

	ASSERT_EQ(true, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP, variant->pin));
	ASSERT_EQ(true, start(&self->vm, RS_64HZ, &self->released));
	ASSERT_EQ(true, until(&self->vm, MIN_TICKS));
	kt_host_wait_until(kt_host_now() + GAP_NS);
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_A, RTC_A_RESET | RS_64HZ));
	ASSERT_EQ(true, rtc_write(&self->vm, RTC_B, RTC_B_24H | RTC_B_PIE | RTC_B_AIE |
				  RTC_B_UIE | RTC_B_SQWE));
	time = rtc_get_time(&self->vm);

	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_IRQCHIP, &chip));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &self->after));
	EXPECT_EQ(0, row(&self->after)->owed);
	EXPECT_EQ(0, row(&self->after)->period_ns);
	EXPECT_EQ(true, kt_host_conserved(&self->after));
	EXPECT_EQ(RTC_B_24H, rtc_read(&self->vm, RTC_B));
	EXPECT_EQ(0, rtc_read(&self->vm, RTC_C));
	EXPECT_EQ(RTC_A_RESET | RS_64HZ, rtc_read(&self->vm, RTC_A));
	EXPECT_EQ(time, rtc_get_time(&self->vm));

	/* It has to be set up again, and then works. */
	ASSERT_EQ(true, rtc_command(&self->vm, RTC_ROUTE, variant->pin, 0));
	self->seen = self->vm.shared->ticks;
	ASSERT_EQ(true, start(&self->vm, RS_64HZ, &self->released));
	ASSERT_EQ(true, until(&self->vm, self->seen + MIN_TICKS));
	ASSERT_EQ(true, stop(&self->vm, variant->pin, &self->after));
	EXPECT_EQ(true, kt_host_conserved(&self->after));

	/* What the 8259 held at the reset is gone with it. */
	EXPECT_LE(self->vm.shared->ticks, stats(&self->after)->delivered);
	EXPECT_GE(self->vm.shared->ticks + MAX_IN_FLIGHT, stats(&self->after)->delivered);
}

/* What else the host does now and then is no part of the cost: the least of some counts. */
static bool measure_tick_cost(void)
{
	uint64_t from, ns, least = UINT64_MAX;
	struct rtc_span released;
	struct kt_vmm vm;
	unsigned int i;

	if (!create(&vm, KVM_TIMERS_POLICY_CATCHUP, KT_PIN_PIC) ||
	    !start(&vm, RS_8KHZ, &released))
		return false;
	for (i = 0; i < BATCHES; i++) {
		from = kt_host_now();
		if (!rtc_command(&vm, RTC_BURST, vm.shared->ticks + BATCH, KT_PIN_PIC))
			return false;
		ns = kt_host_now() - from;
		if (ns < least)
			least = ns;
		if (!rtc_command(&vm, RTC_MASK, KT_PIN_PIC, false))
			return false;
	}
	kt_vmm_destroy(&vm);
	tick_cost = least / BATCH;
	return tick_cost > 0;
}

static uint64_t rate_period_ns(unsigned int rs)
{
	return rtc_period(rs) * RTC_CYCLE_DIV / RTC_CYCLE_MUL;
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	if (!measure_tick_cost())
		return EXIT_FAILURE;
	while (lively_rate < RS_64HZ && rate_period_ns(lively_rate) < SLACK * tick_cost)
		lively_rate++;
	printf("# a tick costs %llu ns; rates are followed up to one in %llu ns\n",
	       (unsigned long long)tick_cost, (unsigned long long)rate_period_ns(lively_rate));
	return harness_main(argc, argv);
}
