/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Library of the guests: bare metal, 64-bit, one to one mapped.
 */
#ifndef KT_GUEST_H
#define KT_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "shared.h"

#define KT_GUEST_VEC_NMI	2
#define KT_GUEST_VEC_PIC	0x20
#define KT_GUEST_VEC_IOAPIC	0x40
#define KT_GUEST_VEC_SPURIOUS	0xff

/* Local APIC: offsets in its page; as MSRs of the x2APIC mode, those by 16. */
#define LAPIC_BASE		0xfee00000UL
#define LAPIC_TPR		0x080
#define LAPIC_EOI		0x0b0
#define LAPIC_SVR		0x0f0
#define LAPIC_ISR		0x100
#define LAPIC_ICR		0x300
#define LAPIC_ICR2		0x310
#define LAPIC_LVT0		0x350
#define LAPIC_SVR_ENABLE	0x100
#define LAPIC_LVT_NMI		0x400
#define LAPIC_LVT_EXTINT	0x700
#define LAPIC_LVT_MASKED	0x10000
#define MSR_X2APIC		0x800
#define MSR_APIC_BASE		0x1b
#define MSR_APIC_BASE_X2APIC	0xc00

/* 8254 and port 0x61. */
#define PIT_CH0			0x40
#define PIT_CH1			0x41
#define PIT_CH2			0x42
#define PIT_CTRL		0x43
#define PORT61			0x61
#define PORT61_GATE2		0x01
#define PORT61_SPEAKER		0x02
#define PORT61_REFRESH		0x10
#define PORT61_OUT2		0x20

#define PIT_STATUS_OUT		0x80
#define PIT_STATUS_NULL		0x40

/* RTC. Bit 7 of the index masks the NMI. */
#define RTC_INDEX		0x70
#define RTC_DATA		0x71
#define RTC_NMI_OFF		0x80

#define kt_guest_shared		((struct kt_shared *)KT_SHARED_GPA)

static inline void outb(uint8_t val, uint16_t port)
{
	asm volatile("outb %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline void outw(uint16_t val, uint16_t port)
{
	asm volatile("outw %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline void outl(uint32_t val, uint16_t port)
{
	asm volatile("outl %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t val;

	asm volatile("inw %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t val;

	asm volatile("inl %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline void insb(uint16_t port, void *buf, uint64_t count)
{
	asm volatile("rep insb" : "+D"(buf), "+c"(count) : "d"(port) : "memory");
}

static inline void outsb(uint16_t port, const void *buf, uint64_t count)
{
	asm volatile("rep outsb" : "+S"(buf), "+c"(count) : "d"(port) : "memory");
}

static inline void cli(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void sti(void)
{
	asm volatile("sti" : : : "memory");
}

/* The interrupt shadow of STI makes this pair one: no wake-up is lost. */
static inline void sti_hlt(void)
{
	asm volatile("sti; hlt" : : : "memory");
}

/* Open the window long enough for one pending interrupt to come in. */
static inline void sti_window_cli(void)
{
	asm volatile("sti; nop; nop; cli" : : : "memory");
}

/* An access of 1, 2, 4 or 8 bytes. */
static inline uint64_t kt_guest_peek(uint64_t addr, uint64_t len)
{
	switch (len) {
	case 1:
		return *(volatile uint8_t *)addr;
	case 2:
		return *(volatile uint16_t *)addr;
	case 4:
		return *(volatile uint32_t *)addr;
	default:
		return *(volatile uint64_t *)addr;
	}
}

static inline void kt_guest_poke(uint64_t addr, uint64_t len, uint64_t val)
{
	switch (len) {
	case 1:
		*(volatile uint8_t *)addr = val;
		break;
	case 2:
		*(volatile uint16_t *)addr = val;
		break;
	case 4:
		*(volatile uint32_t *)addr = val;
		break;
	default:
		*(volatile uint64_t *)addr = val;
	}
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return ((uint64_t)hi << 32) | lo;
}

/* Interrupts are taken unasked: to ask the controller for each costs an exit. */
extern bool kt_guest_trusts_irqs;

/* The test's own part. */
void kt_guest_main(void);
void kt_guest_irq(unsigned int vector);

unsigned int kt_guest_vcpu(void);
uint64_t kt_guest_irq_tsc(void);
bool kt_guest_rdmsr(uint32_t msr, uint64_t *val);
bool kt_guest_wrmsr(uint32_t msr, uint64_t val);
void kt_guest_close(void);
void kt_guest_sync(uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void kt_guest_done(void);
void kt_guest_assert(const char *file, int line, const char *expr, uint64_t a, uint64_t b);

void kt_guest_pic_init(uint8_t mask);
void kt_guest_pic_off(void);
bool kt_guest_pic_is_requested(unsigned int line);
void kt_guest_lapic_init(void);
void kt_guest_lapic_look(void);
bool kt_guest_lapic_is_x2apic(void);
uint32_t kt_guest_lapic_read(unsigned int reg);
void kt_guest_lapic_write(unsigned int reg, uint32_t val);
void kt_guest_lapic_lvt0(uint32_t val);
void kt_guest_ioapic_entry(unsigned int pin, uint32_t entry, uint8_t dest);
void kt_guest_ioapic_edge(unsigned int pin, uint8_t vector);
void kt_guest_ioapic_mask(unsigned int pin);
void kt_guest_irq0_route(enum kt_pin pin);
void kt_guest_irq8_route(enum kt_pin pin);

void kt_guest_pit_program(unsigned int channel, uint8_t control, uint16_t count);
uint8_t kt_guest_pit_status(unsigned int channel);
uint16_t kt_guest_pit_latch(unsigned int channel);
void kt_guest_pit_wait_loaded(unsigned int channel);
void kt_guest_pit_pause(uint16_t clks);

#define KT_CLAIM(a, op, b) do {							\
	uint64_t __a = (uint64_t)(a), __b = (uint64_t)(b);			\
										\
	if (!(__a op __b))							\
		kt_guest_assert(__FILE__, __LINE__, #a " " #op " " #b, __a, __b); \
} while (0)

#endif /* KT_GUEST_H */
