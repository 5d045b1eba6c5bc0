// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that has ticks from any of its devices, each with a vector of its own, and stamps them.
 */
#include "guest.h"
#include "hpet_cmds.h"
#include "lapic_cmds.h"
#include "rtc_cmds.h"
#include "stall_cmds.h"

#define HPET_BASE		0xfed00000UL
#define HPET_PIN		20
#define PIT_PIN			2
#define RTC_PIN			8
#define PIT_MODE2		0x34

/* 1024 Hz, 8192, and 32. */
#define RTC_RATE		6
#define RTC_FASTEST		3
#define RTC_SLOWEST		11

/* Each lets one interrupt in. */
#define SETTLE_WINDOWS		1000

#define VECTOR(device)		(0x50 + (device))

static struct stall_device *device_of(unsigned int device)
{
	return &((struct stall_page *)STALL_PAGE_GPA)->device[device];
}

static uint8_t rtc_read(uint8_t index)
{
	outb(index, RTC_INDEX);
	return inb(RTC_DATA);
}

static void rtc_write(uint8_t index, uint8_t val)
{
	outb(index, RTC_INDEX);
	outb(val, RTC_DATA);
}

static void stamp(struct stall_device *d, uint64_t tsc)
{
	uint64_t n = d->ticks, before;

	if (n) {
		before = d->last[(n - 1) % STALL_NR_STAMPS];
		if (tsc - before > d->gap_to - d->gap_from) {
			d->gap_from = before;
			d->gap_to = tsc;
		}
	}
	if (n >= STALL_RUN_LENGTH) {
		before = d->last[(n - STALL_RUN_LENGTH) % STALL_NR_STAMPS];
		if (!d->least_run || tsc - before < d->least_run)
			d->least_run = tsc - before;
	}
	if (n < STALL_NR_STAMPS)
		d->first[n] = tsc;
	d->last[n % STALL_NR_STAMPS] = tsc;
	d->ticks++;
}

void kt_guest_irq(unsigned int vector)
{
	unsigned int device = vector - VECTOR(0);

	if (vector < VECTOR(0) || device >= KVM_TIMERS_NR_DEVICES)
		return;
	stamp(device_of(device), kt_guest_irq_tsc());
	if (device == KVM_TIMERS_DEVICE_RTC)
		rtc_read(RTC_C);
	kt_guest_close();
}

static void open_inputs(uint64_t devices)
{
	kt_guest_pic_off();
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED);
	if (devices & KVM_TIMERS_PIT)
		kt_guest_ioapic_edge(PIT_PIN, VECTOR(KVM_TIMERS_DEVICE_PIT));
	if (devices & KVM_TIMERS_RTC)
		kt_guest_ioapic_edge(RTC_PIN, VECTOR(KVM_TIMERS_DEVICE_RTC));
	if (devices & KVM_TIMERS_HPET)
		kt_guest_ioapic_edge(HPET_PIN, VECTOR(KVM_TIMERS_DEVICE_HPET));
	if (devices & KVM_TIMERS_LAPIC)
		kt_guest_lapic_write(LAPIC_REG_LVTT,
				     LVTT_PERIODIC | VECTOR(KVM_TIMERS_DEVICE_LAPIC));
}

static void mask_inputs(uint64_t devices)
{
	if (devices & KVM_TIMERS_PIT)
		kt_guest_ioapic_mask(PIT_PIN);
	if (devices & KVM_TIMERS_RTC)
		kt_guest_ioapic_mask(RTC_PIN);
	if (devices & KVM_TIMERS_HPET)
		kt_guest_ioapic_mask(HPET_PIN);
	if (devices & KVM_TIMERS_LAPIC)
		kt_guest_lapic_write(LAPIC_REG_LVTT, LVTT_PERIODIC | LVTT_MASKED |
				     VECTOR(KVM_TIMERS_DEVICE_LAPIC));
}

static void program_hpet(uint64_t ticks)
{
	kt_guest_poke(HPET_BASE + HPET_TIMER(0) + HPET_TN_CONF, 4,
		      HPET_TN_INT_ENB | HPET_TN_PERIODIC | HPET_TN_VAL_SET |
		      HPET_TN_PIN(HPET_PIN));
	kt_guest_poke(HPET_BASE + HPET_TIMER(0) + HPET_TN_COMP, 8, ticks);
	kt_guest_poke(HPET_BASE + HPET_CONF, 4, HPET_ENABLE);
}

/* @times, @part: of the usual period, of the RTC what comes near it */
static void program(uint64_t devices, uint64_t times, uint64_t part)
{
	uint8_t rate = times > 1 ? RTC_SLOWEST : part > 1 ? RTC_FASTEST : RTC_RATE;

	if (devices & KVM_TIMERS_PIT)
		kt_guest_pit_program(0, PIT_MODE2, STALL_PIT_COUNT * times / part);
	if (devices & KVM_TIMERS_RTC) {
		rtc_write(RTC_A, RTC_A_RUN | rate);
		rtc_read(RTC_C);
		rtc_write(RTC_B, RTC_B_24H | RTC_B_PIE);
	}
	if (devices & KVM_TIMERS_HPET)
		program_hpet(STALL_HPET_TICKS * times / part);
	if (devices & KVM_TIMERS_LAPIC) {
		kt_guest_lapic_write(LAPIC_REG_TDCR, TDCR_BY_1);
		kt_guest_lapic_write(LAPIC_REG_TMICT, STALL_LAPIC_COUNT * times / part);
	}
}

static void start(uint64_t devices)
{
	open_inputs(devices);
	program(devices, 1, 1);
}

static void waver(uint64_t devices, uint64_t times)
{
	static const uint16_t parts[] = { 2, 1, 7, 400, 3, 100, 1, 20 };

	while (times--)
		program(devices, 1, parts[times % (sizeof(parts) / sizeof(parts[0]))]);
}

static void ignore(uint64_t cycles)
{
	struct stall_page *page = (struct stall_page *)STALL_PAGE_GPA;
	uint64_t begun = rdtsc();

	page->rounds = 0;
	while (rdtsc() - begun < cycles)
		page->rounds++;
}

static void settle(uint64_t cycles)
{
	uint64_t begun = rdtsc(), windows = 0;

	/* The host may not have run it for most of that time. */
	while (rdtsc() - begun < cycles || windows++ < SETTLE_WINDOWS)
		sti_window_cli();
}

static void take(uint64_t cycles)
{
	uint64_t begun = rdtsc();
	bool is_over;

	do {
		is_over = rdtsc() - begun >= cycles;
		sti_hlt();
		cli();
	} while (!is_over);
}

void kt_guest_main(void)
{
	struct kt_shared *shared = kt_guest_shared;

	for (;;) {
		switch (shared->cmd) {
		case STALL_START:
			start(shared->arg[0]);
			break;
		case STALL_TAKE:
			take(shared->arg[0]);
			break;
		case STALL_SETTLE:
			settle(shared->arg[0]);
			break;
		case STALL_IGNORE:
			ignore(shared->arg[0]);
			break;
		case STALL_MASK:
			mask_inputs(shared->arg[0]);
			break;
		case STALL_HURRY:
			program(shared->arg[0], 1, STALL_FASTEST);
			break;
		case STALL_DAWDLE:
			program(shared->arg[0], STALL_SLOWEST, 1);
			break;
		case STALL_WAVER:
			waver(shared->arg[0], shared->arg[1]);
			break;
		case STALL_DIE:
			for (;;)
				asm volatile("cli; hlt" : : : "memory");
		default:
			KT_CLAIM(shared->cmd, <, STALL_NR_CMDS);
		}
		kt_guest_done();
	}
}
