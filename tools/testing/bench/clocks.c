// SPDX-License-Identifier: GPL-2.0-only
/*
 * All clocks of a PC, looked at together twice a second, each second once as the RTC begins a
 * new one: then its reading is as exact as the look is short. Prints a line for each look, for
 * watch.c: whether it is of that kind, TSC before, kvmclock, RTC, HPET, PIT, TMCCT, TSC after.
 */
#include <stdbool.h>

#include "guest.h"

#define PORT61		0x61
#define PORT61_GATE2	0x01
#define PIT_CHANNEL_2	0x42
#define PIT_COMMAND	0x43
/* Counter 2, both bytes, rate generator; and its latch. */
#define PIT_RATE_2	0xb4
#define PIT_LATCH_2	0x80

#define LAPIC_LVTT	0xfee00320
#define LAPIC_TMICT	0xfee00380
#define LAPIC_TMCCT	0xfee00390
#define LAPIC_TDCR	0xfee003e0
#define TDCR_BY_1	0xb
#define LVTT_PERIODIC	(1 << 17)
#define LVTT_MASKED	(1 << 16)

#define RTC_MINUTES	0x02
#define RTC_A		0x0a
#define RTC_UIP		0x80

#define HPET_LEGACY	2
#define HPET_TIMER_0	0xfed00100
#define HPET_TIMER_INT	4
#define HPET_COMPARATOR	0xfed00108
/* Counts of the HPET, whose period is 10 ns. */
#define HPET_MS		100000ULL
#define HPET_SECOND	(1000 * HPET_MS)

/* So much before the RTC's next second the guest looks out for it. */
#define LEAD		(2 * HPET_MS)
#define LINE_START	"@ "

static volatile bool rang;

__attribute__((interrupt)) static void on_hpet(void *frame)
{
	(void)frame;
	rang = true;
	end_pic_interrupt(0);
}

/* Timer 0 in legacy replacement: IRQ 0 is the HPET's then, and the PIT's is nobody's. */
static void sleep_until(uint64_t count)
{
	rang = false;
	MEMORY(uint64_t, HPET_COMPARATOR) = count;
	while (!rang)
		asm volatile("sti; hlt; cli" : : : "memory");
}

static uint8_t rtc_read(uint8_t index)
{
	outb(RTC_INDEX, index);
	return inb(RTC_DATA);
}

/* As firmware leaves the RTC, in BCD. */
static unsigned int rtc_number(uint8_t index)
{
	uint8_t val = rtc_read(index);

	return val / 16 * 10 + val % 16;
}

static unsigned int rtc_time(void)
{
	return rtc_number(RTC_SECONDS) + 60 * rtc_number(RTC_MINUTES);
}

static void start_clocks(void)
{
	set_handler(VECTOR_PIC, on_hpet);
	open_pic(0);
	start_kvmclock();
	outb(PORT61, inb(PORT61) | PORT61_GATE2);
	outb(PIT_COMMAND, PIT_RATE_2);
	outb(PIT_CHANNEL_2, 0);
	outb(PIT_CHANNEL_2, 0);
	MEMORY(uint32_t, LAPIC_LVTT) = LVTT_PERIODIC | LVTT_MASKED | VECTOR_LAPIC;
	MEMORY(uint32_t, LAPIC_TDCR) = TDCR_BY_1;
	MEMORY(uint32_t, LAPIC_TMICT) = UINT32_MAX;
	MEMORY(uint64_t, HPET_TIMER_0) = HPET_TIMER_INT;
	MEMORY(uint64_t, HPET_CONFIG) = HPET_ENABLE | HPET_LEGACY;
}

static void print_field(uint64_t n)
{
	print(" ");
	print_number(n);
}

static void look(uint64_t from, bool exact)
{
	uint64_t kvmclock, rtc, hpet, to;
	uint32_t pit, tmcct;

	kvmclock = read_kvmclock();
	rtc = rtc_time();
	hpet = MEMORY(uint64_t, HPET_COUNTER);
	outb(PIT_COMMAND, PIT_LATCH_2);
	pit = inb(PIT_CHANNEL_2);
	pit |= inb(PIT_CHANNEL_2) << 8;
	tmcct = MEMORY(uint32_t, LAPIC_TMCCT);
	to = rdtsc();

	/* By this the host knows when it was, whatever the rest takes. */
	print(LINE_START);
	flush();
	print_number(exact);
	print_field(from);
	print_field(kvmclock);
	print_field(rtc);
	print_field(hpet);
	print_field(pit);
	print_field(tmcct);
	print_field(to);
	print("\n");
}

/* Return: a count of the HPET less than 1 ms before the RTC began a second. */
static uint64_t find_second(void)
{
	unsigned int second = rtc_number(RTC_SECONDS);
	uint64_t before;

	do {
		before = MEMORY(uint64_t, HPET_COUNTER);
		sleep_until(before + HPET_MS);
	} while (rtc_number(RTC_SECONDS) == second);
	return before;
}

/*
 * Wait for the end of the RTC's update: it was between the return value, a TSC, and now. If
 * the new second has come already, the return value is 0.
 */
static uint64_t await_update(unsigned int second)
{
	uint64_t before, now = 0;
	bool updates = false;

	for (;;) {
		before = now;
		now = rdtsc();
		if (rtc_read(RTC_A) & RTC_UIP)
			updates = true;
		else if (updates)
			return before;
		else if (rtc_number(RTC_SECONDS) != second)
			return 0;
	}
}

void guest_main(void)
{
	uint64_t second_at, before;
	unsigned int second;

	start_clocks();
	second_at = find_second();
	for (;;) {
		sleep_until(second_at + HPET_SECOND / 2);
		second = rtc_number(RTC_SECONDS);
		look(rdtsc(), false);
		sleep_until(second_at + HPET_SECOND - LEAD);
		before = await_update(second);
		if (before) {
			second_at = MEMORY(uint64_t, HPET_COUNTER);
			look(before, true);
		} else {
			second_at = find_second();
		}
	}
}
