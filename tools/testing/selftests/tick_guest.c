// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that takes ticks, spinning or halted.
 */
#include "guest.h"
#include "tick_cmds.h"

#define CONTROL_STOP		0x30
#define CONTROL_MODE2		0x34
#define DRAIN_CLKS		11932

static uint64_t linger_each;
static uint16_t linger_clks;

void kt_guest_irq(unsigned int vector)
{
	if (vector != KT_GUEST_VEC_PIC && vector != KT_GUEST_VEC_IOAPIC)
		return;

	kt_guest_shared->ticks++;
	if (linger_each && kt_guest_shared->ticks % linger_each == 0)
		kt_guest_pit_pause(linger_clks);
}

static void start(enum kt_pin pin, uint16_t count)
{
	kt_guest_irq0_route(pin);
	kt_guest_pit_program(0, CONTROL_MODE2, count);
}

static void until(uint64_t ticks, bool spin)
{
	while (kt_guest_shared->ticks < ticks) {
		if (spin)
			sti_window_cli();
		else
			sti_hlt();
		cli();
	}
}

/* It never halts: what is taken from it is missing in their number. */
static void count_rounds(void)
{
	sti();
	while (!kt_guest_shared->arg[0])
		kt_guest_shared->rounds++;
	cli();
}

static void settle(uint16_t clks)
{
	sti();
	kt_guest_pit_pause(clks);
	cli();
}

static void report(uint64_t each)
{
	for (;;) {
		until(kt_guest_shared->ticks + each, false);
		kt_guest_sync(kt_guest_shared->ticks, 0, 0, 0);
	}
}

void kt_guest_main(void)
{
	struct kt_shared *shared = kt_guest_shared;

	for (;;) {
		switch (shared->cmd) {
		case TICK_START:
			start(shared->arg[0], shared->arg[1]);
			break;
		case TICK_UNTIL:
			until(shared->arg[0], shared->arg[1]);
			break;
		case TICK_STOP:
			outb(CONTROL_STOP, PIT_CTRL);
			settle(DRAIN_CLKS);
			break;
		case TICK_SETTLE:
			settle(shared->arg[0]);
			break;
		case TICK_REPORT:
			report(shared->arg[0]);
			break;
		case TICK_ROUNDS:
			count_rounds();
			break;
		case TICK_TRUST:
			kt_guest_trusts_irqs = true;
			break;
		case TICK_LINGER:
			linger_each = shared->arg[0];
			linger_clks = shared->arg[1];
			break;
		default:
			KT_CLAIM(shared->cmd, <=, TICK_LINGER);
		}
		kt_guest_done();
	}
}
