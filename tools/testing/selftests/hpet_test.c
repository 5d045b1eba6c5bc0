// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of the HPET, as a guest sees them, are those of IA-PC HPET 1.0a;
 * its counter has the host's rate and order; and the kernel serves all of it.
 */
#include <sys/ioctl.h>

#include "hpet_vm.h"

#define ID_OF_3_TIMERS		0x8086a201
#define CAPABILITIES		0x8030
#define ROUTE_CAP		0x00f00000
#define PIN			20
#define READS			2000
#define RACE_READS		1000
#define NR_VCPUS		4
#define SPAN_NS			(300 * 1000 * 1000ULL)

/* What a VM may cost, with as many timers as there can be. */
#define MAX_MEM_BYTES		16384

/* The carry into the upper half, and how long before it reading begins. */
#define CARRY			0x900000000ULL
#define BEFORE_CARRY_NS		(20 * 1000 * 1000ULL)

FIXTURE(hpet) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(hpet)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= NR_VCPUS,
		.pit		= KT_VMM_NO_PIT,
		.devices	= KVM_TIMERS_HPET,
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
}

FIXTURE_TEARDOWN(hpet)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

static uint64_t timers(void)
{
	return kt_host_parameter("kvm_timers", "hpet_timers");
}

TEST_F_TIMEOUT(hpet, h1_capabilities, SLOW_TIMEOUT)
{
	uint64_t id = ID_OF_3_TIMERS + ((timers() - 3) << 8);
	struct kvm_timers_status status;

	hpet_write(&self->vm, HPET_ID, 4, 0);
	hpet_write(&self->vm, HPET_ID, 8, ~0ULL);
	EXPECT_EQ(id, hpet_read(&self->vm, HPET_ID, 4));
	EXPECT_EQ(hpet_period_fs(), hpet_read(&self->vm, HPET_ID + 4, 4));
	EXPECT_EQ(hpet_period_fs() << 32 | id, hpet_read(&self->vm, HPET_ID, 8));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(timers(), status.hpet_timers);
	EXPECT_EQ(hpet_period_fs(), status.hpet_period_fs);
	EXPECT_EQ(1, status.device[KVM_TIMERS_DEVICE_HPET].active);
	EXPECT_EQ(3, status.device[KVM_TIMERS_DEVICE_HPET].reads);
	EXPECT_EQ(2, status.device[KVM_TIMERS_DEVICE_HPET].writes);
}

TEST_F_TIMEOUT(hpet, memory, SLOW_TIMEOUT)
{
	struct kvm_timers_status status;

	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_LE(status.mem_bytes, MAX_MEM_BYTES);
}

TEST_F_TIMEOUT(hpet, reset_values, SLOW_TIMEOUT)
{
	uint64_t n;

	EXPECT_EQ(0, hpet_read(&self->vm, HPET_CONF, 8));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 8));
	EXPECT_EQ(0, hpet_counter(&self->vm));
	for (n = 0; n < timers(); n++) {
		EXPECT_EQ((uint64_t)ROUTE_CAP << 32 | CAPABILITIES,
			  hpet_read(&self->vm, HPET_TIMER(n) + HPET_TN_CONF, 8));
		EXPECT_EQ(~0ULL, hpet_read(&self->vm, HPET_TIMER(n) + HPET_TN_COMP, 8));
		EXPECT_EQ(0, hpet_read(&self->vm, HPET_TIMER(n) + HPET_TN_FSB, 8));
	}
}

/* A comparator that is not there, and what is between the registers. */
TEST_F_TIMEOUT(hpet, nothing_there, SLOW_TIMEOUT)
{
	const uint64_t holes[] = { 0x008, 0x018, 0x028, 0x0e8, 0x0f8, 0x118, 0x4f8,
				   HPET_TIMER(timers()), HPET_TIMER(timers()) + HPET_TN_COMP };
	unsigned int i;

	for (i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		/* With 32 timers the last two are outside of the device. */
		if (holes[i] >= 0x500)
			continue;
		hpet_write(&self->vm, holes[i], 8, ~0ULL);
		EXPECT_EQ(0, hpet_read(&self->vm, holes[i], 8));
		EXPECT_EQ(0, hpet_read(&self->vm, holes[i] + 4, 4));
	}
	hpet_write(&self->vm, HPET_CONF, 8, ~3ULL);
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_CONF, 8));
}

TEST_F_TIMEOUT(hpet, access_forms, SLOW_TIMEOUT)
{
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_ID, 1));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_ID, 2));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_ID + 2, 4));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_ID + 4, 8));
	hpet_write(&self->vm, HPET_CONF, 1, HPET_ENABLE);
	hpet_write(&self->vm, HPET_CONF, 2, HPET_ENABLE);
	hpet_write(&self->vm, HPET_CONF - 4, 8, (uint64_t)HPET_ENABLE << 32);
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_CONF, 4));
	hpet_write(&self->vm, HPET_COUNTER + 2, 4, ~0U);
	hpet_write(&self->vm, HPET_COUNTER + 4, 8, ~0ULL);
	EXPECT_EQ(0, hpet_counter(&self->vm));
}

TEST_F_TIMEOUT(hpet, counter_writes, SLOW_TIMEOUT)
{
	uint64_t before;

	hpet_write(&self->vm, HPET_COUNTER, 8, 0x1122334455667788);
	EXPECT_EQ(0x1122334455667788, hpet_counter(&self->vm));
	hpet_write(&self->vm, HPET_COUNTER, 4, 0x99aabbcc);
	EXPECT_EQ(0x1122334499aabbcc, hpet_counter(&self->vm));
	hpet_write(&self->vm, HPET_COUNTER + 4, 4, 0x1);
	EXPECT_EQ(0x199aabbcc, hpet_counter(&self->vm));

	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	before = hpet_counter(&self->vm);
	EXPECT_GT(before, 0x199aabbcc);
	hpet_write(&self->vm, HPET_COUNTER, 8, 0);
	EXPECT_GE(hpet_counter(&self->vm), before);
	hpet_write(&self->vm, HPET_CONF, 4, 0);
	before = hpet_counter(&self->vm);
	EXPECT_EQ(before, hpet_counter(&self->vm));
}

/* Matches at 1500, 2000, 2500 and so on: the counter is stopped to look. */
TEST_F_TIMEOUT(hpet, h2_accumulator, SLOW_TIMEOUT)
{
	const uint64_t conf = HPET_TIMER(0) + HPET_TN_CONF;
	const uint64_t comp = HPET_TIMER(0) + HPET_TN_COMP;
	uint64_t count, matches = 0;
	unsigned int i;

	hpet_write(&self->vm, HPET_COUNTER, 8, 1000);
	hpet_write(&self->vm, conf, 4, 0x14c);
	EXPECT_EQ(0x14c | CAPABILITIES, hpet_read(&self->vm, conf, 4));
	hpet_write(&self->vm, comp, 4, 1500);
	EXPECT_EQ(0x10c | CAPABILITIES, hpet_read(&self->vm, conf, 4));
	hpet_write(&self->vm, comp, 4, 500);
	EXPECT_EQ(1500, hpet_read(&self->vm, comp, 8));

	for (i = 0; i < 10; i++) {
		hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
		hpet_write(&self->vm, HPET_CONF, 4, 0);
		count = hpet_counter(&self->vm);
		matches = count < 1500 ? 0 : (count - 1500) / 500 + 1;
		EXPECT_EQ(1500 + matches * 500, hpet_read(&self->vm, comp, 8));
		EXPECT_EQ(matches, hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.due);
	}
	EXPECT_GT(matches, 0);
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 4));
}

static bool line_is_up(struct kt_vmm *vm, unsigned int pin)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	if (ioctl(vm->fd, KVM_GET_IRQCHIP, &chip))
		abort();
	return chip.chip.ioapic.irr & 1U << pin;
}

static void wait_for_line(struct kt_vmm *vm, unsigned int pin)
{
	while (!line_is_up(vm, pin))
		hpet_read(vm, HPET_ID, 4);
}

TEST_F_TIMEOUT(hpet, h3_level_status, SLOW_TIMEOUT)
{
	hpet_do(&self->vm, HPET_IOAPIC, PIN, IOAPIC_MASKED | IOAPIC_LEVEL | HPET_VEC_PIN, 0);
	hpet_program(&self->vm, 1, HPET_TN_LEVEL | HPET_TN_INT_ENB | HPET_TN_PIN(PIN), 300);
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 4));
	EXPECT_EQ(false, line_is_up(&self->vm, PIN));
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	while (hpet_counter(&self->vm) < 300)
		;
	EXPECT_EQ(2, hpet_read(&self->vm, HPET_STATUS, 4));
	wait_for_line(&self->vm, PIN);
	hpet_write(&self->vm, HPET_STATUS, 4, 0);
	EXPECT_EQ(2, hpet_read(&self->vm, HPET_STATUS, 4));
	hpet_write(&self->vm, HPET_STATUS, 4, 1);
	EXPECT_EQ(2, hpet_read(&self->vm, HPET_STATUS, 4));
	EXPECT_EQ(true, line_is_up(&self->vm, PIN));
	hpet_write(&self->vm, HPET_STATUS, 4, 2);
	EXPECT_EQ(false, line_is_up(&self->vm, PIN));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 4));
	EXPECT_EQ(1, hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.due);
}

static void start_before_carry(struct kt_vmm *vm)
{
	hpet_write(vm, HPET_COUNTER, 8, CARRY - hpet_ticks(BEFORE_CARRY_NS));
	hpet_write(vm, HPET_CONF, 4, HPET_ENABLE);
}

TEST_F_TIMEOUT(hpet, counter_is_monotone, SLOW_TIMEOUT)
{
	uint64_t from, to;

	start_before_carry(&self->vm);
	from = self->vm.vcpu[0].entered_ns;
	do {
		hpet_do(&self->vm, HPET_MONOTONE, READS, 0, 0);
		to = self->vm.vcpu[0].exited_ns;
		ASSERT_LE(hpet_page(&self->vm)->val,
			  CARRY - hpet_ticks(BEFORE_CARRY_NS) + hpet_ticks(to - from));
	} while (hpet_page(&self->vm)->val < CARRY);
}

TEST_F_TIMEOUT(hpet, counter_halves_belong_together, SLOW_TIMEOUT)
{
	start_before_carry(&self->vm);
	do {
		hpet_do(&self->vm, HPET_HALVES, READS / 4, 0, 0);
	} while (hpet_page(&self->vm)->val < CARRY);
}

/* Each reading lies between two readings of the host's clock: no tolerance is needed. */
TEST_F_TIMEOUT(hpet, counter_rate, SLOW_TIMEOUT)
{
	struct kt_vmm_vcpu *vcpu = &self->vm.vcpu[0];
	uint64_t first, second, from[2], to[2];

	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	first = hpet_counter(&self->vm);
	from[0] = vcpu->entered_ns;
	to[0] = vcpu->exited_ns;
	kt_host_wait_until(to[0] + SPAN_NS);
	second = hpet_counter(&self->vm);
	from[1] = vcpu->entered_ns;
	to[1] = vcpu->exited_ns;
	EXPECT_GE(second - first, hpet_ticks(from[1] - to[0]));
	EXPECT_LE(second - first, hpet_ticks_up(to[1] - from[0]));
}

struct racer {
	pthread_t		thread;
	struct kt_vmm		*vm;
	unsigned int		index;
	enum kt_vmm_event	event;
};

static void *run_racer(void *arg)
{
	struct racer *racer = arg;

	racer->event = kt_vmm_run(racer->vm, racer->index);
	return NULL;
}

/* What one vCPU has read is past for the others. */
TEST_F_TIMEOUT(hpet, counter_of_four_vcpus, SLOW_TIMEOUT)
{
	struct racer racers[NR_VCPUS];
	struct kvm_timers_status status;
	unsigned int i;

	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	hpet_page(&self->vm)->racers = NR_VCPUS;
	hpet_prepare(&self->vm, HPET_RACE, RACE_READS, 0, 0);
	for (i = 0; i < NR_VCPUS; i++) {
		racers[i] = (struct racer) { .vm = &self->vm, .index = i };
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]));
	}
	for (i = 0; i < NR_VCPUS; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(KT_VMM_DONE, racers[i].event);
	}
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(NR_VCPUS * RACE_READS, status.device[KVM_TIMERS_DEVICE_HPET].reads);
	EXPECT_GE(status.hpet_counter, hpet_page(&self->vm)->greatest);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
