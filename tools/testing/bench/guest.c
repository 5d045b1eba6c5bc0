// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one access costs the guest, in ticks of its TSC. In the deterministic
 * lab that is instructions of the whole machine: exit, KVM, and the VMM where
 * it is asked. Prints "NAME TICKS" lines on the debug console.
 */
#include "guest.h"

#define BATCHES		25
#define ROUNDS		20

static void read_pit(void)
{
	inb(0x40);
}

static void latch_pit(void)
{
	outb(0x43, 0);
	inb(0x40);
	inb(0x40);
}

static void program_pit(void)
{
	outb(0x43, 0x34);
	outb(0x40, 0xff);
	outb(0x40, 0xff);
}

static void read_port61(void)
{
	inb(0x61);
}

static void read_tsc_msr(void)
{
	asm volatile("rdmsr" : : "c"(0x10) : "eax", "edx");
}

static void read_rtc_seconds(void)
{
	outb(RTC_INDEX, RTC_SECONDS);
	inb(RTC_DATA);
}

static void read_hpet_32(void)
{
	(void)MEMORY(uint32_t, HPET_COUNTER);
}

static void read_hpet_64(void)
{
	(void)MEMORY(uint64_t, HPET_COUNTER);
}

static void end_lapic_interrupt(void)
{
	MEMORY(uint32_t, LAPIC_EOI) = 0;
}

static void end_irq_0(void)
{
	end_pic_interrupt(0);
}

static const struct access cases[] = {
	{ "pit_read",		read_pit },
	{ "pit_latch_read",	latch_pit },
	{ "pit_program",	program_pit },
	{ "port61_read",	read_port61 },
	{ "rdmsr_tsc",		read_tsc_msr },
	{ "rtc_seconds",	read_rtc_seconds },
	{ "hpet_read_32",	read_hpet_32 },
	{ "hpet_read_64",	read_hpet_64 },
	{ "lapic_eoi",		end_lapic_interrupt },
	{ "pic_eoi",		end_irq_0 },
	{ 0 }
};

static uint64_t batch(void (*run)(void))
{
	uint64_t start = rdtsc();
	int i;

	for (i = 0; i < ROUNDS; i++)
		run();
	return rdtsc() - start;
}

/* What else the machine does now and then is no part of the access: the least of some counts. */
static uint64_t cost(void (*run)(void))
{
	uint64_t least = UINT64_MAX;
	uint64_t ticks;
	int i;

	for (i = 0; i < BATCHES; i++) {
		ticks = batch(run);
		if (ticks < least)
			least = ticks;
	}
	return least / ROUNDS;
}

void put(const char *name, const char *what, uint32_t n)
{
	print(name);
	print(what);
	print(" ");
	print_number(n);
	print("\n");
}

void measure(const struct access *access)
{
	for (; access->name; access++)
		put(access->name, "", cost(access->run));
}

void guest_main(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	program_pit();
	MEMORY(uint32_t, HPET_CONFIG) = HPET_ENABLE;

	measure(cases);
	measure_lapic();
	power_off();
}
