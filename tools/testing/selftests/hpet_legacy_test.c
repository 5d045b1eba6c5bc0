// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HPET beside the PIT and the RTC: it replaces them and gives their lines
 * back, goes with the machine's reset, and, as the PIT does, costs the host
 * nothing while nobody listens.
 */
#include <sys/ioctl.h>
#include <string.h>

#include "hpet_vm.h"
#include "kt_trace.h"

#define NSEC_PER_MSEC		1000000ULL
#define MODE2			0x34
#define COUNT_1KHZ		1193
#define TICKS			50
#define WATCH_NS		(100 * NSEC_PER_MSEC)
#define MATCH_NS		(20 * NSEC_PER_MSEC)

/* Registers A and B of the RTC: rates, and the periodic interrupt in binary, 24 h mode. */
#define RTC_A			0x0a
#define RTC_B			0x0b
#define RTC_1024HZ		0x26
#define RTC_NO_RATE		0x20
#define RTC_PIE			0x42

#define LVT_NMI			0x400
#define NMIS			20

#define SYMBOL			"alarm\t[kvm_timers]"

/* Until each source has found out that nobody listens. */
#define SETTLE_NS		(100 * NSEC_PER_MSEC)
#define QUIET_NS		(2000 * NSEC_PER_MSEC)
#define PIN			22
#define SLOW_NS			(100 * NSEC_PER_MSEC)
#define FAST_NS			(1 * NSEC_PER_MSEC)
#define GRID_TICKS		3

static const struct hpet_way irq0_by_pic = { .timer = 0, .legacy = true, .pic = true };
static const struct hpet_way irq0_by_ioapic = { .timer = 0, .legacy = true, .pin = 2 };

static int create(struct kt_vmm *vm, uint32_t policy)
{
	struct kt_vmm_config config = {
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET,
		.policy		= { .policy = policy },
	};

	return kt_vmm_create(vm, &config);
}

static void write_rtc(struct kt_vmm *vm, uint8_t index, uint8_t val)
{
	hpet_do(vm, HPET_RTC, index, val, 0);
}

FIXTURE(legacy) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(legacy) {
	struct hpet_way irq0;
	struct hpet_way irq8;
};

FIXTURE_VARIANT_ADD(legacy, pic) {
	.irq0 = { .timer = 0, .legacy = true, .pic = true },
	.irq8 = { .timer = 1, .legacy = true, .pic = true },
};

FIXTURE_VARIANT_ADD(legacy, ioapic) {
	.irq0 = { .timer = 0, .legacy = true, .pin = 2 },
	.irq8 = { .timer = 1, .legacy = true, .pin = 8 },
};

FIXTURE_SETUP(legacy)
{
	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_DISCARD));
}

FIXTURE_TEARDOWN(legacy)
{
	EXPECT_EQ(0, self->vm.mmio_exits);
	kt_vmm_destroy(&self->vm);
}

/* H4: the PIT, the HPET instead of it, and the PIT again. */
TEST_F_TIMEOUT(legacy, h4_pit_is_replaced, SLOW_TIMEOUT)
{
	const struct hpet_way *way = &variant->irq0;
	uint64_t ticks = hpet_ticks(MATCH_NS);
	uint64_t delivered, irqs;

	hpet_open_way(&self->vm, way);
	hpet_do(&self->vm, HPET_PIT, MODE2, COUNT_1KHZ, 0);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), TICKS, 0);

	/* With LEG_RT_CNF alone, too. */
	hpet_program(&self->vm, 0, HPET_TN_INT_ENB, ~0ULL);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_LEGACY);
	hpet_do(&self->vm, HPET_DRAIN, 0, 0, 0);
	irqs = hpet_irqs(&self->vm, way);
	delivered = hpet_status(&self->vm, KVM_TIMERS_DEVICE_PIT).stats.delivered;
	EXPECT_EQ(delivered, irqs);
	EXPECT_EQ(0, hpet_status(&self->vm, KVM_TIMERS_DEVICE_PIT).owed);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_LEGACY | HPET_ENABLE);
	hpet_do(&self->vm, HPET_OPEN, hpet_ticks(WATCH_NS), 0, 0);
	EXPECT_EQ(irqs, hpet_irqs(&self->vm, way));

	hpet_page(&self->vm)->first = 0;
	do {
		ticks = hpet_counter(&self->vm) + hpet_ticks(MATCH_NS);
		hpet_write(&self->vm, HPET_TIMER(0) + HPET_TN_COMP, 8, ticks);
	} while (hpet_counter(&self->vm) >= ticks);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), irqs + 1, 0);
	EXPECT_GE(hpet_page(&self->vm)->first, ticks);
	hpet_do(&self->vm, HPET_OPEN, hpet_ticks(WATCH_NS), 0, 0);
	EXPECT_EQ(irqs + 1, hpet_irqs(&self->vm, way));
	EXPECT_EQ(1, hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.delivered);
	EXPECT_EQ(delivered, hpet_status(&self->vm, KVM_TIMERS_DEVICE_PIT).stats.delivered);

	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), irqs + 1 + TICKS, 0);
	EXPECT_GE(hpet_status(&self->vm, KVM_TIMERS_DEVICE_PIT).stats.delivered,
		  delivered + TICKS);
	EXPECT_EQ(1, hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.delivered);
}

/* The same with the RTC, whose flag is up when its line comes back. */
TEST_F_TIMEOUT(legacy, rtc_is_replaced, SLOW_TIMEOUT)
{
	const struct hpet_way *way = &variant->irq8;
	uint64_t irqs, delivered;

	hpet_open_way(&self->vm, way);
	hpet_page(&self->vm)->read_c = 1;
	write_rtc(&self->vm, RTC_A, RTC_1024HZ);
	write_rtc(&self->vm, RTC_B, RTC_PIE);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), TICKS, 0);

	hpet_page(&self->vm)->read_c = 0;
	hpet_program(&self->vm, 1, HPET_TN_INT_ENB, ~0ULL);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_LEGACY | HPET_ENABLE);
	hpet_do(&self->vm, HPET_DRAIN, 0, 0, 0);
	irqs = hpet_irqs(&self->vm, way);
	delivered = hpet_status(&self->vm, KVM_TIMERS_DEVICE_RTC).stats.delivered;
	EXPECT_EQ(delivered, irqs);
	hpet_do(&self->vm, HPET_OPEN, hpet_ticks(WATCH_NS), 0, 0);
	EXPECT_EQ(irqs, hpet_irqs(&self->vm, way));

	hpet_page(&self->vm)->first = 0;
	hpet_write(&self->vm, HPET_TIMER(1) + HPET_TN_COMP, 8,
		   hpet_counter(&self->vm) + hpet_ticks(10 * MATCH_NS));
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), irqs + 1, 0);
	EXPECT_EQ(1, hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.delivered);
	EXPECT_EQ(delivered, hpet_status(&self->vm, KVM_TIMERS_DEVICE_RTC).stats.delivered);

	/* No new flag will come; the one that is up is an edge. */
	write_rtc(&self->vm, RTC_A, RTC_NO_RATE);
	hpet_do(&self->vm, HPET_DRAIN, 0, 0, 0);
	EXPECT_EQ(irqs + 1, hpet_irqs(&self->vm, way));
	hpet_page(&self->vm)->read_c = 1;
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), irqs + 2, 0);
	hpet_do(&self->vm, HPET_OPEN, hpet_ticks(WATCH_NS), 0, 0);
	EXPECT_EQ(irqs + 2, hpet_irqs(&self->vm, way));

	/* And it has been acknowledged: the ticks go on. */
	write_rtc(&self->vm, RTC_A, RTC_1024HZ);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), irqs + 2 + TICKS, 0);
	EXPECT_GE(hpet_status(&self->vm, KVM_TIMERS_DEVICE_RTC).stats.delivered,
		  delivered + 1 + TICKS);
	EXPECT_EQ(1, hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.delivered);
}

static void set_master(struct kt_vmm *vm, bool reset)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	if (ioctl(vm->fd, KVM_GET_IRQCHIP, &chip))
		abort();
	if (reset)
		memset(&chip.chip.pic, 0, sizeof(chip.chip.pic));
	if (ioctl(vm->fd, KVM_SET_IRQCHIP, &chip))
		abort();
}

/* A VMM resets the 8259, and means the machine. */
TEST_F_TIMEOUT(legacy, reset, SLOW_TIMEOUT)
{
	const struct hpet_way *way = &variant->irq0;
	struct kvm_timers_status status;
	uint64_t irqs;

	hpet_open_way(&self->vm, way);
	hpet_do(&self->vm, HPET_PIT, MODE2, COUNT_1KHZ, 0);
	hpet_program(&self->vm, 0, HPET_TN_PERIODIC | HPET_TN_INT_ENB, hpet_ticks(FAST_NS));
	hpet_program(&self->vm, 1, HPET_TN_PERIODIC | HPET_TN_LEVEL | HPET_TN_INT_ENB |
		     HPET_TN_PIN(PIN), hpet_ticks(FAST_NS));
	hpet_write(&self->vm, HPET_TIMER(2) + HPET_TN_FSB, 8, ~0ULL);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_LEGACY | HPET_ENABLE);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), TICKS, 0);

	/* What is read and written back is none. */
	set_master(&self->vm, false);
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(KVM_TIMERS_HPET_ENABLED | KVM_TIMERS_HPET_LEGACY, status.hpet_flags);

	set_master(&self->vm, true);
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(0, status.hpet_flags);
	EXPECT_EQ(0, status.hpet_counter);
	EXPECT_EQ(0, status.device[KVM_TIMERS_DEVICE_HPET].owed);
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_CONF, 4));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_STATUS, 4));
	EXPECT_EQ(0, hpet_counter(&self->vm));
	EXPECT_EQ(0x8030, hpet_read(&self->vm, HPET_TIMER(0) + HPET_TN_CONF, 4));
	EXPECT_EQ(~0ULL, hpet_read(&self->vm, HPET_TIMER(0) + HPET_TN_COMP, 8));
	EXPECT_EQ(0, hpet_read(&self->vm, HPET_TIMER(2) + HPET_TN_FSB, 8));

	hpet_open_way(&self->vm, way);
	hpet_do(&self->vm, HPET_DRAIN, 0, 0, 0);
	irqs = hpet_irqs(&self->vm, way);
	hpet_do(&self->vm, HPET_WAIT, hpet_vector(way), irqs + TICKS, 0);
	EXPECT_GE(hpet_status(&self->vm, KVM_TIMERS_DEVICE_PIT).stats.delivered, TICKS);
	EXPECT_EQ(status.device[KVM_TIMERS_DEVICE_HPET].stats.due,
		  hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.due);
}

FIXTURE(masked) {
	struct kt_vmm vm;
	bool tracing;
};

/* Address of the module's timer function. */
static unsigned long long alarm_address(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long long addr, found = 0;
	char line[256], *symbol;

	while (file && fgets(line, sizeof(line), file)) {
		symbol = strstr(line, " " SYMBOL);
		if (symbol && symbol - line == 18 && sscanf(line, "%llx", &addr) == 1)
			found = addr;
	}
	if (file)
		fclose(file);
	return found;
}

/* Record the module's alarms, and no other timers. */
static bool trace_alarms(void)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "function == 0x%llx", alarm_address());
	return alarm_address() && kt_trace_open("timer/hrtimer_expire_entry", filter);
}

/* Alarms while nothing runs for a while. */
static unsigned int alarms_in(uint64_t ns)
{
	kt_trace_clear();
	kt_host_wait_until(kt_host_now() + ns);
	return kt_trace_count("hrtimer_expire_entry:");
}

/* The same while the guest runs. */
static unsigned int alarms_while_open(struct kt_vmm *vm, uint64_t ns)
{
	kt_trace_clear();
	hpet_do(vm, HPET_OPEN, hpet_ticks(ns), 0, 0);
	return kt_trace_count("hrtimer_expire_entry:");
}

#define NEEDS_TRACING() do {								\
	if (!self->tracing)								\
		SKIP(return, "no tracefs");						\
} while (0)

FIXTURE_SETUP(masked)
{
	self->tracing = trace_alarms();
	ASSERT_EQ(0, create(&self->vm, KVM_TIMERS_POLICY_CATCHUP));
	hpet_do(&self->vm, HPET_PIC, 0xff, 0xff, 0);
	hpet_do(&self->vm, HPET_LAPIC, IOAPIC_MASKED, 0, 0);
}

FIXTURE_TEARDOWN(masked)
{
	kt_vmm_destroy(&self->vm);
	if (self->tracing)
		kt_trace_close();
}

static void start_timer(struct kt_vmm *vm, uint64_t ns)
{
	hpet_program(vm, 2, HPET_TN_PERIODIC | HPET_TN_INT_ENB | HPET_TN_PIN(PIN),
		     hpet_ticks(ns));
	hpet_write(vm, HPET_CONF, 4, HPET_ENABLE);
}

static void let_settle(struct kt_vmm *vm)
{
	hpet_do(vm, HPET_OPEN, hpet_ticks(SETTLE_NS), 0, 0);
}

/* All run, nobody listens: whether the guest runs or not, the host is left alone. */
TEST_F_TIMEOUT(masked, costs_nothing, SLOW_TIMEOUT)
{
	struct kvm_timers_status before, after;
	int i;

	NEEDS_TRACING();
	hpet_do(&self->vm, HPET_PIT, MODE2, COUNT_1KHZ, 0);
	write_rtc(&self->vm, RTC_A, RTC_1024HZ);
	write_rtc(&self->vm, RTC_B, RTC_PIE);
	start_timer(&self->vm, FAST_NS);
	let_settle(&self->vm);
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &before));
	EXPECT_EQ(0, alarms_in(QUIET_NS));
	EXPECT_EQ(0, alarms_while_open(&self->vm, SETTLE_NS));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &after));
	EXPECT_EQ(true, kt_host_conserved(&after));
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i += KVM_TIMERS_DEVICE_HPET) {
		EXPECT_GE(after.device[i].stats.due - before.device[i].stats.due,
			  QUIET_NS / FAST_NS);
		EXPECT_EQ(before.device[i].stats.delivered, after.device[i].stats.delivered);
	}

	/* So it can be seen where there are any. */
	hpet_do(&self->vm, HPET_IOAPIC, PIN, HPET_VEC_PIN, 0);
	EXPECT_GT(alarms_while_open(&self->vm, SETTLE_NS), 0);
}

/* What fell due meanwhile is lost, and what comes is on the grid as it was. */
TEST_F_TIMEOUT(masked, ioapic_phase_is_kept, SLOW_TIMEOUT)
{
	struct kvm_timers_device_status masked, after;
	uint64_t period = hpet_ticks(SLOW_NS);
	uint64_t before, opened, last;

	start_timer(&self->vm, SLOW_NS);
	hpet_do(&self->vm, HPET_OPEN, 5 * period + period / 3, 0, 0);
	masked = hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET);
	EXPECT_EQ(0, masked.owed);
	EXPECT_EQ(0, masked.stats.delivered);
	before = hpet_counter(&self->vm);
	hpet_do(&self->vm, HPET_IOAPIC, PIN, HPET_VEC_PIN, 0);
	opened = hpet_counter(&self->vm);
	hpet_page(&self->vm)->first = 0;
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_PIN, 1, 0);
	EXPECT_GE(hpet_page(&self->vm)->first, (before / period + 1) * period);
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_PIN, GRID_TICKS, 0);

	/* No more is lost than fell due before, and since then all is given or owed. */
	last = hpet_counter(&self->vm);
	after = hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET);
	EXPECT_GE(after.stats.due, last / period);
	EXPECT_LE(after.stats.dropped, opened / period);
	EXPECT_GE(after.stats.delivered + after.owed, last / period - opened / period);

	hpet_write(&self->vm, HPET_CONF, 4, 0);
	hpet_do(&self->vm, HPET_DRAIN, 0, 0, 0);
	after = hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET);
	EXPECT_EQ(hpet_counter(&self->vm) / period, after.stats.due);
	EXPECT_EQ(after.stats.delivered, hpet_page(&self->vm)->irqs[0][HPET_VEC_PIN]);
}

/* The first command word of an 8259 clears its masks, and nobody writes one. */
TEST_F_TIMEOUT(masked, woken_by_initialization_of_the_pic, SLOW_TIMEOUT)
{
	/* LVT0 takes the 8259's interrupts as they are. */
	hpet_do(&self->vm, HPET_LAPIC, 0x700, 0, 0);
	hpet_do(&self->vm, HPET_PIT, MODE2, COUNT_1KHZ, 0);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	let_settle(&self->vm);
	if (self->tracing)
		EXPECT_EQ(0, alarms_in(SETTLE_NS));
	EXPECT_EQ(0, hpet_irqs(&self->vm, &irq0_by_pic));
	hpet_do(&self->vm, HPET_PIC_BARE, 0, 0, 0);
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_IRQ0, TICKS, 0);
}

/* The 8259 keeps one edge; it comes when its mask is cleared. */
TEST_F_TIMEOUT(masked, woken_by_mask_of_the_pic, SLOW_TIMEOUT)
{
	hpet_do(&self->vm, HPET_LAPIC, 0x700, 0, 0);
	hpet_program(&self->vm, 0, HPET_TN_PERIODIC | HPET_TN_INT_ENB, hpet_ticks(FAST_NS));
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE | HPET_LEGACY);
	let_settle(&self->vm);
	if (self->tracing)
		EXPECT_EQ(0, alarms_in(SETTLE_NS));
	EXPECT_EQ(0, hpet_irqs(&self->vm, &irq0_by_pic));
	hpet_do(&self->vm, HPET_PIC_MASKS, 0xfe, 0xff, 0);
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_IRQ0, TICKS, 0);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_LEGACY);
	hpet_do(&self->vm, HPET_DRAIN, 0, 0, 0);
	EXPECT_EQ(hpet_status(&self->vm, KVM_TIMERS_DEVICE_HPET).stats.delivered,
		  hpet_irqs(&self->vm, &irq0_by_pic));
}

TEST_F_TIMEOUT(masked, woken_by_lvt0, SLOW_TIMEOUT)
{
	hpet_do(&self->vm, HPET_PIT, MODE2, COUNT_1KHZ, 0);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	let_settle(&self->vm);
	if (self->tracing)
		EXPECT_EQ(0, alarms_in(SETTLE_NS));
	EXPECT_EQ(0, self->vm.shared->nmis);
	hpet_do(&self->vm, HPET_NMI, LVT_NMI, NMIS, 0);
}

/* The VMM restores the controllers: no mask is written. */
TEST_F_TIMEOUT(masked, woken_by_set_irqchip, SLOW_TIMEOUT)
{
	struct kvm_irqchip open = { .chip_id = KVM_IRQCHIP_IOAPIC };

	hpet_do(&self->vm, HPET_IOAPIC, 2, HPET_VEC_PIN, 0);
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_IRQCHIP, &open));
	hpet_do(&self->vm, HPET_IOAPIC, 2, IOAPIC_MASKED | HPET_VEC_PIN, 0);
	hpet_do(&self->vm, HPET_PIT, MODE2, COUNT_1KHZ, 0);
	hpet_write(&self->vm, HPET_CONF, 4, HPET_ENABLE);
	let_settle(&self->vm);
	if (self->tracing)
		EXPECT_EQ(0, alarms_in(SETTLE_NS));
	EXPECT_EQ(0, hpet_irqs(&self->vm, &irq0_by_ioapic));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_IRQCHIP, &open));
	hpet_do(&self->vm, HPET_WAIT, HPET_VEC_PIN, TICKS, 0);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
