/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the guest share. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define LAPIC_EOI	0xfee000b0

#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define RTC_SECONDS	0x00

#define HPET_CONFIG	0xfed00010
#define HPET_COUNTER	0xfed000f0
#define HPET_ENABLE	1

/* Those of the 8259s, and that of the local APIC's timer. */
#define VECTOR_PIC	0x20
#define VECTOR_LAPIC	0x40

struct access {
	const char	*name;
	void		(*run)(void);
};

static inline void outb(uint16_t port, uint8_t val)
{
	asm volatile("outb %0, %1" : : "a"(val), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

/* An address as wide as it is read or written, one access each. */
#define MEMORY(type, addr)	(*(volatile type *)(uintptr_t)(addr))

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)val), "d"((uint32_t)(val >> 32)) : "memory");
}

void print(const char *s);
void print_number(uint64_t n);
void flush(void);
void power_off(void);

void set_handler(unsigned int vector, void (*handler)(void *frame));
void open_pic(int irq);
void end_pic_interrupt(unsigned int irq);

void start_kvmclock(void);
uint64_t read_kvmclock(void);

void put(const char *name, const char *what, uint32_t n);
/* Up to one without a name. */
void measure(const struct access *access);

void measure_lapic(void);

#endif
