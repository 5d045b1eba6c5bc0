// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of the RTC tests: interrupts.
 */
#include "guest.h"
#include "rtc_cmds.h"

#define PIC2_CMD		0xa0
#define PIC2_DATA		0xa1
#define PIC_READ_IRR		0x0a
#define PIC2_ONLY_IRQ8		0xfe
#define PIC2_NONE		0xff
#define PIC2_IRQ8		0x01
#define IOAPIC_PIN		8
#define REENABLE_EACH		4

/* Of 256 Hz. */
#define TWO_PERIODS_CLKS	9322

/* Two milliseconds: sixteen periods of the fastest rate. */
#define SLOW_CLKS		2386

static enum rtc_handler handler = RTC_HANDLER_READ;
static uint64_t without_pf;
static uint64_t without_irqf;
static uint8_t last_c;

/* The handler masks this pin with this tick. */
static uint64_t last_tick = UINT64_MAX;
static enum kt_pin last_pin;

static uint64_t arg(unsigned int n)
{
	return kt_guest_shared->arg[n];
}

static void mask(enum kt_pin pin, bool masked)
{
	if (pin == KT_PIN_PIC)
		outb(masked ? PIC2_NONE : PIC2_ONLY_IRQ8, PIC2_DATA);
	else if (masked)
		kt_guest_ioapic_mask(IOAPIC_PIN);
	else
		kt_guest_ioapic_edge(IOAPIC_PIN, KT_GUEST_VEC_IOAPIC);
}

void kt_guest_irq(unsigned int vector)
{
	if (vector != KT_GUEST_VEC_PIC + IOAPIC_PIN && vector != KT_GUEST_VEC_IOAPIC)
		return;

	if (handler != RTC_HANDLER_IDLE) {
		last_c = kt_rtc_guest_read(RTC_C);
		without_pf += !(last_c & RTC_C_PF);
		without_irqf += !(last_c & RTC_C_IRQF);
	}
	if (handler == RTC_HANDLER_SLOW)
		kt_guest_pit_pause(SLOW_CLKS);
	if (handler == RTC_HANDLER_REENABLE && kt_guest_shared->ticks % REENABLE_EACH == 0) {
		kt_rtc_guest_write(RTC_B, RTC_B_24H);
		kt_guest_pit_pause(TWO_PERIODS_CLKS);
		kt_rtc_guest_write(RTC_B, RTC_B_24H | RTC_B_PIE);
	}
	kt_guest_shared->ticks++;
	if (kt_guest_shared->ticks >= last_tick)
		mask(last_pin, true);
}

static void until(uint64_t ticks)
{
	while (kt_guest_shared->ticks < ticks) {
		sti_hlt();
		cli();
	}
}

/* What comes while the guest is on its way out of its last handler is not counted any more. */
static void burst(uint64_t ticks, enum kt_pin pin)
{
	last_pin = pin;
	last_tick = ticks;
	until(ticks);
	last_tick = UINT64_MAX;
}

static void settle(uint16_t clks)
{
	sti();
	kt_guest_pit_pause(clks);
	cli();
}

/* The first 8259 has it from the second, which then has nothing: IRQ15, in service nowhere. */
static void spurious(void)
{
	outb(PIC_READ_IRR, PIC2_CMD);
	while (!(inb(PIC2_CMD) & PIC2_IRQ8))
		cpu_relax();
	mask(KT_PIN_PIC, true);
	sti_window_cli();
	mask(KT_PIN_PIC, false);
}

/**
 * kt_rtc_guest_interrupts() - the commands of this file
 * @cmd:	enum rtc_cmd
 *
 * Return: the command is known.
 */
bool kt_rtc_guest_interrupts(uint64_t cmd)
{
	switch (cmd) {
	case RTC_ROUTE:
		kt_guest_irq8_route(arg(0));
		if (arg(0) != KT_PIN_PIC)
			kt_guest_ioapic_entry(IOAPIC_PIN, KT_GUEST_VEC_IOAPIC, arg(1));
		return true;
	case RTC_MASK:
		mask(arg(0), arg(1));
		return true;
	case RTC_HANDLER:
		handler = arg(0);
		return true;
	case RTC_UNTIL:
		until(arg(0));
		return true;
	case RTC_BURST:
		burst(arg(0), arg(1));
		return true;
	case RTC_SETTLE:
		settle(arg(0));
		return true;
	case RTC_SPURIOUS:
		spurious();
		return true;
	case RTC_REPORT:
		kt_guest_sync(without_pf, without_irqf, last_c, 0);
		return true;
	default:
		return false;
	}
}
