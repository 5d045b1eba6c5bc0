// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the ticks of one device. Prints ten times a second how many it has taken and how many
 * ns have passed by kvmclock, both since one of the first ticks.
 *
 * Its command line: ... DEVICE SECONDS, DEVICE being pit, rtc, hpet or lapic
 */
#include "guest.h"

#define PIT_CHANNEL_0	0x40
#define PIT_COMMAND	0x43
#define PIT_RATE_0	0x34
/* 105/88 MHz by this is about 1 kHz. */
#define PIT_COUNT	1193

#define RTC_A		0x0a
#define RTC_B		0x0b
#define RTC_C		0x0c
/* The usual time base, 1024 Hz. */
#define RTC_RATE	0x26
/* Periodic interrupts, a day of 24 hours. */
#define RTC_PERIODIC	0x42
#define RTC_IRQ		8

#define HPET_LEGACY	2
#define HPET_TIMER_0	0xfed00100
#define HPET_COMPARATOR	0xfed00108
/* Edge, periodic, the next write is of the comparator. */
#define HPET_PERIODIC	0x4c
/* 1 ms of its 10 ns. */
#define HPET_COUNT	100000

#define LAPIC_LVTT	0xfee00320
#define LAPIC_TMICT	0xfee00380
#define LAPIC_TDCR	0xfee003e0
#define TDCR_BY_1	0xb
#define LVTT_PERIODIC	(1 << 17)
/* 1 ms of its 1 ns. */
#define LAPIC_COUNT	1000000

/* What firmware left may come in among the first ones. */
#define FIRST_TICK	10
#define NS_PER_SECOND	1000000000ULL
#define REPORT_NS	(NS_PER_SECOND / 10)

/* As far as it is of interest. */
struct multiboot {
	uint32_t	flags;
	uint32_t	memory[2];
	uint32_t	boot_device;
	uint32_t	command_line;
};

static volatile uint64_t ticks;

__attribute__((interrupt)) static void on_irq_0(void *frame)
{
	(void)frame;
	ticks++;
	end_pic_interrupt(0);
}

__attribute__((interrupt)) static void on_rtc(void *frame)
{
	(void)frame;
	outb(RTC_INDEX, RTC_C);
	inb(RTC_DATA);
	ticks++;
	end_pic_interrupt(RTC_IRQ);
}

__attribute__((interrupt)) static void on_lapic(void *frame)
{
	(void)frame;
	ticks++;
	MEMORY(uint32_t, LAPIC_EOI) = 0;
}

static void start_pit(void)
{
	set_handler(VECTOR_PIC, on_irq_0);
	outb(PIT_COMMAND, PIT_RATE_0);
	outb(PIT_CHANNEL_0, PIT_COUNT & 0xff);
	outb(PIT_CHANNEL_0, PIT_COUNT >> 8);
	open_pic(0);
}

static void start_rtc(void)
{
	set_handler(VECTOR_PIC + RTC_IRQ, on_rtc);
	open_pic(RTC_IRQ);
	outb(RTC_INDEX, RTC_A);
	outb(RTC_DATA, RTC_RATE);
	outb(RTC_INDEX, RTC_B);
	outb(RTC_DATA, RTC_PERIODIC);
	outb(RTC_INDEX, RTC_C);
	inb(RTC_DATA);
}

static void start_hpet(void)
{
	set_handler(VECTOR_PIC, on_irq_0);
	MEMORY(uint64_t, HPET_CONFIG) = 0;
	MEMORY(uint64_t, HPET_COUNTER) = 0;
	MEMORY(uint64_t, HPET_TIMER_0) = HPET_PERIODIC;
	MEMORY(uint64_t, HPET_COMPARATOR) = HPET_COUNT;
	MEMORY(uint64_t, HPET_COMPARATOR) = HPET_COUNT;
	MEMORY(uint64_t, HPET_CONFIG) = HPET_ENABLE | HPET_LEGACY;
	open_pic(0);
}

static void start_lapic(void)
{
	set_handler(VECTOR_LAPIC, on_lapic);
	open_pic(-1);
	MEMORY(uint32_t, LAPIC_LVTT) = LVTT_PERIODIC | VECTOR_LAPIC;
	MEMORY(uint32_t, LAPIC_TDCR) = TDCR_BY_1;
	MEMORY(uint32_t, LAPIC_TMICT) = LAPIC_COUNT;
}

static const struct {
	const char	*name;
	void		(*start)(void);
} devices[] = {
	{ "pit",	start_pit },
	{ "rtc",	start_rtc },
	{ "hpet",	start_hpet },
	{ "lapic",	start_lapic },
};

static const char *last_word(const char *from, const char *end)
{
	while (end > from && end[-1] != ' ')
		end--;
	return end;
}

/* Up to a space. */
static int is_word(const char *text, const char *word)
{
	while (*word && *text == *word) {
		text++;
		word++;
	}
	return !*word && *text == ' ';
}

static uint64_t number(const char *text)
{
	uint64_t n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + *text++ - '0';
	return n;
}

static void start(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (is_word(name, devices[i].name)) {
			devices[i].start();
			return;
		}
	}
	print("no such device\n");
	power_off();
}

static void await_interrupt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static void report(uint64_t count, uint64_t ns)
{
	print_number(count);
	print(" ");
	print_number(ns);
	print("\n");
}

void guest_main(const struct multiboot *info)
{
	const char *line = (const char *)(uintptr_t)info->command_line;
	uint64_t from, ns, next = 0, end;
	const char *last = line;

	while (*last)
		last++;
	last = last_word(line, last);
	end = number(last) * NS_PER_SECOND;

	start_kvmclock();
	start(last_word(line, last - 1));
	while (ticks < FIRST_TICK)
		await_interrupt();
	from = read_kvmclock();
	for (;;) {
		ns = read_kvmclock() - from;
		if (ns >= next) {
			report(ticks - FIRST_TICK, ns);
			next += REPORT_NS;
		}
		if (ns >= end)
			power_off();
		await_interrupt();
	}
}
