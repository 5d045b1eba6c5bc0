// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of the PIT tests: interrupts and state.
 */
#include "guest.h"
#include "pit_cmds.h"

#define CONTROL_MODE0		0x30
#define CONTROL_MODE2		0x34
#define ONE_SHOT_COUNT		1193
#define ONE_SHOT_WATCH		2500
#define SCATTERED_COUNT		0x1234
#define SCATTERED_MODE1		0x76
#define READ_BACK_BOTH_CH2	0xc8

static uint64_t arg(unsigned int n)
{
	return kt_guest_shared->arg[n];
}

void kt_guest_irq(unsigned int vector)
{
	if (vector == KT_GUEST_VEC_PIC || vector == KT_GUEST_VEC_IOAPIC)
		kt_guest_shared->ticks++;
}

static void program(uint8_t control, uint16_t count, unsigned int bytes)
{
	outb(control, PIT_CTRL);
	if (bytes > 0)
		outb(count, PIT_CH0);
	if (bytes > 1)
		outb(count >> 8, PIT_CH0);
}

static void count_to(uint64_t ticks)
{
	while (kt_guest_shared->ticks < ticks) {
		sti_hlt();
		cli();
	}
}

static void settle(uint16_t clks)
{
	sti();
	kt_guest_pit_pause(clks);
	cli();
}

static void one_shot(uint8_t control, uint64_t repeats)
{
	uint64_t start = kt_guest_shared->ticks;
	uint64_t i;

	program(control, 0, 0);
	settle(ONE_SHOT_WATCH);
	KT_CLAIM(kt_guest_shared->ticks, ==, start);
	for (i = 1; i <= repeats; i++) {
		outb(ONE_SHOT_COUNT & 0xff, PIT_CH0);
		outb(ONE_SHOT_COUNT >> 8, PIT_CH0);
		count_to(start + i);
		settle(ONE_SHOT_WATCH);
		KT_CLAIM(kt_guest_shared->ticks, ==, start + i);
	}
}

static void nmi(uint64_t nmis)
{
	kt_guest_pic_off();
	kt_guest_ioapic_mask(0);
	kt_guest_ioapic_mask(2);
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_NMI);
	while (kt_guest_shared->nmis < nmis)
		cpu_relax();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED);
}

/*
 * A request that waits in the 8259 makes no edge when LVT0 is opened: halted, the guest gets it
 * all the same.
 */
static void lint0(void)
{
	uint64_t seen;

	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED | LAPIC_LVT_EXTINT);
	seen = kt_guest_shared->ticks;
	settle(ONE_SHOT_WATCH);
	KT_CLAIM(kt_guest_shared->ticks, ==, seen);
	kt_guest_sync(kt_guest_pic_is_requested(0), 0, 0, 0);
	kt_guest_lapic_lvt0(LAPIC_LVT_EXTINT);
	count_to(seen + 1);
}

static void stamps(void)
{
	uint64_t seen = kt_guest_shared->ticks;

	for (;;) {
		count_to(++seen);
		kt_guest_sync(kt_guest_shared->ticks, 0, 0, 0);
	}
}

/* A latched status and count, a first byte of two, a running counter. */
static void scatter(void)
{
	outb(0, PORT61);
	kt_guest_pit_program(0, CONTROL_MODE2, 0);
	outb(SCATTERED_MODE1, PIT_CTRL);
	outb(0x99, PIT_CH1);
	kt_guest_pit_program(2, CONTROL_MODE0, SCATTERED_COUNT);
	kt_guest_pit_wait_loaded(2);
	outb(READ_BACK_BOTH_CH2, PIT_CTRL);
	outb(PORT61_SPEAKER, PORT61);
}

static void gather(void)
{
	KT_CLAIM(inb(PIT_CH2), ==, CONTROL_MODE0);
	KT_CLAIM(inb(PIT_CH2), ==, SCATTERED_COUNT & 0xff);
	KT_CLAIM(inb(PIT_CH2), ==, SCATTERED_COUNT >> 8);
	KT_CLAIM(inb(PORT61) & (PORT61_SPEAKER | PORT61_GATE2), ==, PORT61_SPEAKER);

	/* The second byte completes the count: no lone first byte is left over. */
	KT_CLAIM(kt_guest_pit_status(1) & 0x3f, ==, SCATTERED_MODE1 & 0x3f);
	outb(0x01, PIT_CH1);
	kt_guest_pit_wait_loaded(1);
	KT_CLAIM(kt_guest_pit_latch(1), <=, 0x0199);
}

/**
 * kt_pit_guest_interrupts() - the commands of this file
 * @cmd:	enum pit_cmd
 *
 * Return: the command is known.
 */
bool kt_pit_guest_interrupts(uint64_t cmd)
{
	switch (cmd) {
	case PIT_SETUP:
		kt_guest_irq0_route(arg(0));
		return true;
	case PIT_PROGRAM:
		program(arg(1), arg(2), arg(3));
		return true;
	case PIT_COUNT:
		count_to(arg(1));
		return true;
	case PIT_SETTLE:
		settle(arg(1));
		return true;
	case PIT_ONE_SHOT:
		one_shot(arg(1), arg(2));
		return true;
	case PIT_NMI:
		nmi(arg(1));
		return true;
	case PIT_LINT0:
		lint0();
		return true;
	case PIT_STAMPS:
		stamps();
		return true;
	case PIT_SCATTER:
		scatter();
		return true;
	case PIT_GATHER:
		gather();
		return true;
	default:
		return false;
	}
}
