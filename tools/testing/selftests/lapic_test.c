// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of the LAPIC timer and its counting modes, by MMIO and by MSR: every
 * divider, masks, software disable, INIT; and its interrupt never comes early.
 */
#include "lapic_vm.h"

#define MMIO(reg)		(0xfee00000UL + (reg))
#define LONG_COUNT		0xffffffffU
#define SPAN_NS			(3 * NS_PER_MS)
#define PERIOD_NS		(2 * NS_PER_MS)
#define SHORT_NS		(200 * 1000ULL)
#define LATER_NS		(200 * NS_PER_MS)
#define TICKS			20
#define ICR_VCPU		1
#define SLOW_CYCLE_NS		25

FIXTURE(lapic) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(lapic) {
	bool x2apic;
};

FIXTURE_VARIANT_ADD(lapic, xapic) {
};

FIXTURE_VARIANT_ADD(lapic, x2apic) {
	.x2apic = true,
};

FIXTURE_SETUP(lapic)
{
	struct kt_vmm_config config = { .nr_vcpus = 2 };

	ASSERT_EQ(0, lapic_create(&self->vm, &config, variant->x2apic));
}

FIXTURE_TEARDOWN(lapic)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

static const uint32_t dividers[] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };

/* Input cycles a count. */
static unsigned int by(uint32_t tdcr)
{
	unsigned int i;

	for (i = 0; dividers[i] != tdcr; i++)
		;
	return 1U << i;
}

TEST_F_TIMEOUT(lapic, reset_values, SLOW_TIMEOUT)
{
	EXPECT_EQ(LVTT_MASKED, lapic_read(&self->vm, LAPIC_REG_LVTT));
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TDCR));
	EXPECT_EQ(0, lapic_rdmsr(&self->vm, MSR_DEADLINE));
}

TEST_F_TIMEOUT(lapic, values_read_back, SLOW_TIMEOUT)
{
	const uint32_t lvtt[] = { LVTT_MASKED | 0xff, LVTT_PERIODIC | LAPIC_VEC,
				  LVTT_PERIODIC | LVTT_MASKED | 0x10, LVTT_DEADLINE | LAPIC_VEC,
				  LVTT_DEADLINE | LVTT_MASKED | 0xfe, LAPIC_VEC };
	const uint32_t tmict[] = { LONG_COUNT, 0x80000000, 0 };
	unsigned int i;

	for (i = 0; i < sizeof(lvtt) / sizeof(lvtt[0]); i++) {
		lapic_write(&self->vm, LAPIC_REG_LVTT, lvtt[i]);
		EXPECT_EQ(lvtt[i], lapic_read(&self->vm, LAPIC_REG_LVTT));
	}
	for (i = 0; i < sizeof(dividers) / sizeof(dividers[0]); i++) {
		lapic_write(&self->vm, LAPIC_REG_TDCR, dividers[i]);
		EXPECT_EQ(dividers[i], lapic_read(&self->vm, LAPIC_REG_TDCR));
	}
	for (i = 0; i < sizeof(tmict) / sizeof(tmict[0]); i++) {
		lapic_write(&self->vm, LAPIC_REG_TMICT, tmict[i]);
		EXPECT_EQ(tmict[i], lapic_read(&self->vm, LAPIC_REG_TMICT));
	}
}

/* By MSR they would be faults of a CPU's. */
TEST_F_TIMEOUT(lapic, reserved_bits, SLOW_TIMEOUT)
{
	uint32_t lvtt;

	if (variant->x2apic)
		SKIP(return, "MMIO only");

	lapic_write(&self->vm, LAPIC_REG_TDCR, LONG_COUNT);
	EXPECT_EQ(0xb, lapic_read(&self->vm, LAPIC_REG_TDCR));
	lapic_write(&self->vm, LAPIC_REG_LVTT, LONG_COUNT & ~LVTT_DEADLINE);
	lvtt = lapic_read(&self->vm, LAPIC_REG_LVTT);
	EXPECT_EQ(LVTT_PERIODIC | LVTT_MASKED | 0xff, lvtt & ~0x1000);
	/* KVM lets a guest set the delivery status. */
	if (!kt_host_plain()) {
		EXPECT_EQ(0, lvtt & 0x1000);
	}
}

/* A register is 32 bits that are written as one. */
TEST_F_TIMEOUT(lapic, access_forms, SLOW_TIMEOUT)
{
	const unsigned int len[] = { 1, 2, 8 };
	unsigned int i;

	if (variant->x2apic)
		SKIP(return, "MMIO only");

	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_MASKED);
	lapic_write(&self->vm, LAPIC_REG_TMICT, 0xf1e2d3c4);
	for (i = 0; i < 3; i++)
		lapic_do(&self->vm, LAPIC_POKE, MMIO(LAPIC_REG_TMICT), len[i], 0);
	lapic_do(&self->vm, LAPIC_POKE, MMIO(LAPIC_REG_TMICT + 4), 4, 0);
	EXPECT_EQ(0xf1e2d3c4, lapic_read(&self->vm, LAPIC_REG_TMICT));
	lapic_do(&self->vm, LAPIC_PEEK, MMIO(LAPIC_REG_TMICT + 1), 1, 0);
	EXPECT_EQ(0xd3, lapic_vcpu(&self->vm, 0)->access.val);
	lapic_do(&self->vm, LAPIC_PEEK, MMIO(LAPIC_REG_TMICT + 2), 2, 0);
	EXPECT_EQ(0xf1e2, lapic_vcpu(&self->vm, 0)->access.val);
}

TEST_F_TIMEOUT(lapic, l1_one_shot, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	unsigned int i;

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_16);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LAPIC_VEC);
	lapic_do(&self->vm, LAPIC_SAMPLE, 1000, 0, 0);
	for (i = 0; i < LAPIC_NR_SAMPLES; i++) {
		struct lapic_sample *s = &vcpu->samples[i];
		uint64_t most_ns = lapic_ns_up(&self->vm, s->to - vcpu->access.from);
		uint64_t least_ns = lapic_ns(&self->vm, s->from - vcpu->access.to);

		EXPECT_GE(s->val, lapic_least(1000, 16, most_ns));
		EXPECT_LE(s->val, lapic_most(1000, 16, least_ns));
	}
	lapic_wait(&self->vm, 1, false);
	EXPECT_GE(lapic_ns_up(&self->vm, vcpu->stamps[0] - vcpu->access.from), 16000);
	EXPECT_EQ(1, lapic_open(&self->vm, QUIET_NS));
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
	EXPECT_EQ(1000, lapic_read(&self->vm, LAPIC_REG_TMICT));
}

TEST_F_TIMEOUT(lapic, every_divider, SLOW_TIMEOUT)
{
	struct lapic_when began, first, second, passed;
	uint64_t val[2];
	unsigned int i;

	for (i = 0; i < sizeof(dividers) / sizeof(dividers[0]); i++) {
		unsigned int count_ns = by(dividers[i]);

		lapic_write(&self->vm, LAPIC_REG_TDCR, dividers[i]);
		began = lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
		first = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val[0]);
		kt_host_wait_until(first.to + SPAN_NS);
		second = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val[1]);

		passed = lapic_passed(began, first);
		EXPECT_GE(val[0], lapic_least(LONG_COUNT, count_ns, passed.to));
		EXPECT_LE(val[0], lapic_most(LONG_COUNT, count_ns, passed.from));
		passed = lapic_passed(began, second);
		EXPECT_GE(val[1], lapic_least(LONG_COUNT, count_ns, passed.to));
		EXPECT_LE(val[1], lapic_most(LONG_COUNT, count_ns, passed.from));
	}
}

/* What is left keeps its number, and goes on at the new rate. */
TEST_F_TIMEOUT(lapic, live_divider_change, SLOW_TIMEOUT)
{
	struct lapic_when first, change, second, old, new;
	uint32_t from = TDCR_BY_1;
	uint64_t val[2];
	unsigned int i;

	lapic_write(&self->vm, LAPIC_REG_TDCR, from);
	lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
	for (i = 1; i <= sizeof(dividers) / sizeof(dividers[0]); i++) {
		uint32_t to = dividers[i % (sizeof(dividers) / sizeof(dividers[0]))];

		first = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val[0]);
		change = lapic_write(&self->vm, LAPIC_REG_TDCR, to);
		kt_host_wait_until(change.to + SPAN_NS);
		second = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val[1]);
		old = lapic_passed(first, change);
		new = lapic_passed(change, second);
		/* Each rate may have found a count begun, and have left one so. */
		EXPECT_GE(val[1] + 2, lapic_least(lapic_least(val[0], by(from), old.to), by(to),
						  new.to));
		EXPECT_LE(val[1], 2 + lapic_most(lapic_most(val[0], by(from), old.from), by(to),
						 new.from));
		from = to;
	}
}

TEST_F_TIMEOUT(lapic, tmict_0_stops, SLOW_TIMEOUT)
{
	const uint32_t lvtt[] = { LAPIC_VEC, LVTT_PERIODIC | LAPIC_VEC };
	unsigned int i;

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	for (i = 0; i < 2; i++) {
		lapic_write(&self->vm, LAPIC_REG_LVTT, lvtt[i]);
		lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
		EXPECT_GT(lapic_read(&self->vm, LAPIC_REG_TMCCT), 0);
		lapic_write(&self->vm, LAPIC_REG_TMICT, 0);
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
		EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMCCT));
		EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	}
}

/* A write while it counts starts again; the count before is as if it had not been. */
TEST_F_TIMEOUT(lapic, tmict_again, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	struct lapic_when first, second;

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LAPIC_VEC);
	lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
	lapic_write(&self->vm, LAPIC_REG_TMICT, SHORT_NS);
	lapic_wait(&self->vm, 1, true);
	EXPECT_GE(lapic_ns_up(&self->vm, vcpu->stamps[0] - vcpu->access.from), SHORT_NS);
	first = lapic_write(&self->vm, LAPIC_REG_TMICT, LATER_NS);
	second = lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
	if (lapic_passed(first, second).to >= LATER_NS)
		SKIP(return, "the host is too slow");
	EXPECT_EQ(1, lapic_open(&self->vm, LATER_NS + QUIET_NS));
}

TEST_F_TIMEOUT(lapic, tmcct_is_read_only, SLOW_TIMEOUT)
{
	struct lapic_when began, look, passed;
	uint64_t val;

	began = lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
	if (variant->x2apic) {
		EXPECT_EQ(false, lapic_wrmsr(&self->vm, MSR_X2APIC_TMCCT, 5));
	} else {
		lapic_write(&self->vm, LAPIC_REG_TMCCT, 5);
	}
	look = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val);
	passed = lapic_passed(began, look);
	EXPECT_GE(val, lapic_least(LONG_COUNT, 2, passed.to));
	EXPECT_LE(val, lapic_most(LONG_COUNT, 2, passed.from));
}

TEST_F_TIMEOUT(lapic, l4_faults, SLOW_TIMEOUT)
{
	if (!variant->x2apic)
		SKIP(return, "MSR only");

	EXPECT_EQ(false, lapic_wrmsr(&self->vm, MSR_X2APIC_TMCCT, 0));
	EXPECT_EQ(false, lapic_wrmsr(&self->vm, MSR_X2APIC_TMICT, 1ULL << 32));
	EXPECT_EQ(false, lapic_wrmsr(&self->vm, MSR_X2APIC_TMICT, 1ULL << 63 | 1000));
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
	EXPECT_EQ(true, lapic_wrmsr(&self->vm, MSR_X2APIC_TMICT, LONG_COUNT));
	EXPECT_EQ(LONG_COUNT, lapic_rdmsr(&self->vm, MSR_X2APIC_TMICT));
	EXPECT_GT(lapic_rdmsr(&self->vm, MSR_X2APIC_TMCCT), LONG_COUNT / 2);
}

/* The registers are MSRs in the x2APIC mode only. */
TEST_F_TIMEOUT(lapic, msrs_of_the_other_mode, SLOW_TIMEOUT)
{
	if (variant->x2apic)
		SKIP(return, "MMIO only");

	EXPECT_EQ(false, lapic_wrmsr(&self->vm, MSR_X2APIC_TMICT, 1000));
	lapic_do(&self->vm, LAPIC_RDMSR, MSR_X2APIC_TMCCT, 0, 0);
	EXPECT_EQ(false, lapic_vcpu(&self->vm, 0)->ok);
	EXPECT_EQ(0, lapic_read(&self->vm, LAPIC_REG_TMICT));
}

/* No interrupt before its point of the grid, and no more of them than points. */
TEST_F_TIMEOUT(lapic, periodic, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t began, i, points;

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_PERIODIC | LAPIC_VEC);
	lapic_write(&self->vm, LAPIC_REG_TMICT, PERIOD_NS);
	began = vcpu->access.from;
	lapic_wait(&self->vm, TICKS / 2, false);
	lapic_wait(&self->vm, TICKS, true);
	for (i = 0; i < TICKS; i++) {
		points = lapic_ns_up(&self->vm, vcpu->stamps[i] - began) / PERIOD_NS;
		EXPECT_GE(points, i + 1);
	}
	EXPECT_EQ(PERIOD_NS, lapic_read(&self->vm, LAPIC_REG_TMICT));
}

/* The vector is the one at the expiry. */
TEST_F_TIMEOUT(lapic, vector_changes, SLOW_TIMEOUT)
{
	struct lapic_when began, change;

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LAPIC_VEC);
	began = lapic_write(&self->vm, LAPIC_REG_TMICT, LATER_NS);
	change = lapic_write(&self->vm, LAPIC_REG_LVTT, LAPIC_VEC_OTHER);
	if (lapic_passed(began, change).to >= LATER_NS)
		SKIP(return, "the host is too slow");
	lapic_do(&self->vm, LAPIC_WAIT, LAPIC_VEC_OTHER, 1, 0);
	EXPECT_EQ(0, lapic_irqs(&self->vm));
	EXPECT_EQ(1, lapic_vcpu(&self->vm, 0)->taken);
}

/* Counting goes on; what expires is lost, and does not wait for the mask to go. */
TEST_F_TIMEOUT(lapic, masked_expiry_is_lost, SLOW_TIMEOUT)
{
	/* KVM keeps it for when the mask goes. */
	SKIP_IF_PLAIN();
	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_MASKED | LAPIC_VEC);
	lapic_write(&self->vm, LAPIC_REG_TMICT, SHORT_NS);
	while (lapic_read(&self->vm, LAPIC_REG_TMCCT))
		;
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	lapic_write(&self->vm, LAPIC_REG_LVTT, LAPIC_VEC);
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
}

TEST_F_TIMEOUT(lapic, mask_keeps_the_grid, SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu = lapic_vcpu(&self->vm, 0);
	uint64_t period_ns = 20 * NS_PER_MS, from, to, unmasked, points, i;

	SKIP_IF_PLAIN();
	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_PERIODIC | LVTT_MASKED | LAPIC_VEC);
	lapic_write(&self->vm, LAPIC_REG_TMICT, period_ns);
	/* It began in between. */
	from = vcpu->access.from;
	to = vcpu->access.to;
	EXPECT_EQ(0, lapic_open(&self->vm, 2 * period_ns));
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_PERIODIC | LAPIC_VEC);
	unmasked = vcpu->access.from;
	lapic_wait(&self->vm, 2, false);
	for (i = 0; i < 2; i++) {
		points = lapic_ns_up(&self->vm, vcpu->stamps[i] - from) / period_ns -
			 lapic_ns(&self->vm, unmasked - to) / period_ns;
		EXPECT_GE(points, i + 1);
	}
}

TEST_F_TIMEOUT(lapic, software_disable, SLOW_TIMEOUT)
{
	const uint32_t lvtt = LVTT_PERIODIC | LAPIC_VEC;
	struct lapic_when began, look, passed;
	uint64_t val;

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_128);
	lapic_write(&self->vm, LAPIC_REG_LVTT, lvtt);
	began = lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
	lapic_write(&self->vm, LAPIC_REG_SVR, SVR_OFF);
	EXPECT_EQ(lvtt | LVTT_MASKED, lapic_read(&self->vm, LAPIC_REG_LVTT));
	lapic_write(&self->vm, LAPIC_REG_LVTT, lvtt);
	EXPECT_EQ(lvtt | LVTT_MASKED, lapic_read(&self->vm, LAPIC_REG_LVTT));
	look = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val);
	passed = lapic_passed(began, look);
	EXPECT_GE(val, lapic_least(LONG_COUNT, 128, passed.to));
	EXPECT_LE(val, lapic_most(LONG_COUNT, 128, passed.from));

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_TMICT, SHORT_NS);
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	lapic_write(&self->vm, LAPIC_REG_SVR, SVR_ON);
	EXPECT_EQ(lvtt | LVTT_MASKED, lapic_read(&self->vm, LAPIC_REG_LVTT));
	EXPECT_EQ(0, lapic_open(&self->vm, QUIET_NS));
	lapic_write(&self->vm, LAPIC_REG_LVTT, lvtt);
	lapic_wait(&self->vm, 1, false);
}

static uint32_t saved(const struct kvm_lapic_state *state, unsigned int reg)
{
	uint32_t val;

	memcpy(&val, state->regs + reg, sizeof(val));
	return val;
}

/* Asking for its state makes a vCPU that does not run take its INIT. */
TEST_F_TIMEOUT(lapic, init_resets, SLOW_TIMEOUT)
{
	const uint32_t lvtt[] = { LVTT_PERIODIC, 0, LVTT_DEADLINE };
	struct kt_vmm_vcpu *other = &self->vm.vcpu[ICR_VCPU];
	struct kvm_lapic_state state;
	struct kvm_mp_state mp;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		lapic_on(&self->vm, ICR_VCPU, LAPIC_SETUP, variant->x2apic, 0, 0);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_WRITE, LAPIC_REG_TDCR, TDCR_BY_1, 0);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_WRITE, LAPIC_REG_LVTT, lvtt[i] | LAPIC_VEC, 0);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_WRITE, LAPIC_REG_TMICT, SHORT_NS, 0);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_ARM, lapic_cycles_up(&self->vm, SHORT_NS), 0, 0);
		lapic_do(&self->vm, LAPIC_INIT, ICR_VCPU, 0, 0);
		ASSERT_EQ(0, ioctl(other->fd, KVM_GET_MP_STATE, &mp));
		ASSERT_EQ(KVM_MP_STATE_INIT_RECEIVED, mp.mp_state);
		ASSERT_EQ(0, ioctl(other->fd, KVM_GET_LAPIC, &state));
		EXPECT_EQ(LVTT_MASKED, saved(&state, LAPIC_REG_LVTT));
		EXPECT_EQ(0, saved(&state, LAPIC_REG_TMICT));
		EXPECT_EQ(0, saved(&state, LAPIC_REG_TMCCT));
		EXPECT_EQ(0, saved(&state, LAPIC_REG_TDCR));
		EXPECT_EQ(SVR_OFF, saved(&state, LAPIC_REG_SVR));
		ASSERT_EQ(0, kt_vmm_restart(&self->vm, ICR_VCPU));
		lapic_on(&self->vm, ICR_VCPU, LAPIC_RDMSR, MSR_DEADLINE, 0, 0);
		EXPECT_EQ(0, lapic_vcpu(&self->vm, ICR_VCPU)->access.val);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_SETUP, variant->x2apic, 0, 0);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_WRITE, LAPIC_REG_LVTT, lvtt[i] | LAPIC_VEC, 0);
		lapic_on(&self->vm, ICR_VCPU, LAPIC_OPEN, lapic_cycles_up(&self->vm, QUIET_NS), 0, 0);
		EXPECT_EQ(0, lapic_vcpu(&self->vm, ICR_VCPU)->taken);
	}
}

/* A VMM that saves and looks changes nothing. */
TEST_F_TIMEOUT(lapic, kvm_shows_the_same, SLOW_TIMEOUT)
{
	struct lapic_when began, look, passed;
	struct kvm_lapic_state state;
	uint64_t val;

	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_PERIODIC | LVTT_MASKED | LAPIC_VEC);
	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_16);
	began = lapic_write(&self->vm, LAPIC_REG_TMICT, LONG_COUNT);
	look.from = kt_host_now();
	ASSERT_EQ(0, ioctl(self->vm.vcpu[0].fd, KVM_GET_LAPIC, &state));
	look.to = kt_host_now();
	EXPECT_EQ(LVTT_PERIODIC | LVTT_MASKED | LAPIC_VEC, saved(&state, LAPIC_REG_LVTT));
	EXPECT_EQ(LONG_COUNT, saved(&state, LAPIC_REG_TMICT));
	EXPECT_EQ(TDCR_BY_16, saved(&state, LAPIC_REG_TDCR));
	passed = lapic_passed(began, look);
	EXPECT_GE(saved(&state, LAPIC_REG_TMCCT), lapic_least(LONG_COUNT, 16, passed.to));
	EXPECT_LE(saved(&state, LAPIC_REG_TMCCT), lapic_most(LONG_COUNT, 16, passed.from));
	look = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val);
	passed = lapic_passed(began, look);
	EXPECT_GE(val, lapic_least(LONG_COUNT, 16, passed.to));
	EXPECT_LE(val, lapic_most(LONG_COUNT, 16, passed.from));
}

/* The input clock that a VMM may choose where its KVM lets it. */
TEST_F_TIMEOUT(lapic, input_clock, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = { .apic_cycle_ns = SLOW_CYCLE_NS };
	struct lapic_when began, look, passed;
	struct kt_vmm vm;
	uint64_t val;

	if (ioctl(self->vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_X86_APIC_BUS_CYCLES_NS) <= 0)
		SKIP(return, "this KVM has one clock only");

	ASSERT_EQ(0, lapic_create(&vm, &config, variant->x2apic));
	lapic_write(&vm, LAPIC_REG_TDCR, TDCR_BY_16);
	began = lapic_write(&vm, LAPIC_REG_TMICT, LONG_COUNT);
	kt_host_wait_until(began.to + SPAN_NS);
	look = lapic_read_at(&vm, LAPIC_REG_TMCCT, &val);
	passed = lapic_passed(began, look);
	EXPECT_GE(val, lapic_least(LONG_COUNT, 16 * SLOW_CYCLE_NS, passed.to));
	EXPECT_LE(val, lapic_most(LONG_COUNT, 16 * SLOW_CYCLE_NS, passed.from));
	kt_vmm_destroy(&vm);
}

TEST_F_TIMEOUT(lapic, account, SLOW_TIMEOUT)
{
	struct kvm_timers_status status;

	SKIP_IF_PLAIN();
	status = lapic_status(&self->vm);
	EXPECT_EQ(KVM_TIMERS_LAPIC, status.devices);
	EXPECT_EQ(2, status.lapic_vcpus);
	EXPECT_EQ(1, lapic_row(&status)->active);
	EXPECT_EQ(0, lapic_row(&status)->stats.due);
	EXPECT_EQ(0, lapic_row(&status)->period_ns);

	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_1);
	lapic_write(&self->vm, LAPIC_REG_LVTT, LVTT_PERIODIC | LAPIC_VEC);
	lapic_write(&self->vm, LAPIC_REG_TMICT, PERIOD_NS);
	lapic_wait(&self->vm, TICKS, false);
	status = lapic_status(&self->vm);
	EXPECT_EQ(PERIOD_NS, lapic_row(&status)->period_ns);
	EXPECT_GE(lapic_row(&status)->stats.due, TICKS);
	EXPECT_GE(lapic_row(&status)->stats.delivered, TICKS);
	EXPECT_GE(lapic_row(&status)->writes, 3);
	lapic_write(&self->vm, LAPIC_REG_TMICT, 0);
	status = lapic_status(&self->vm);
	EXPECT_EQ(0, lapic_row(&status)->period_ns);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
