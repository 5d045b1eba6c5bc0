// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of the guests: the IDT, the 8259s, and the local APIC that lets them through.
 */
#include "guest.h"

#define LAPIC_SVR	0xfee000f0
#define LAPIC_LVT0	0xfee00350
#define SVR_ENABLE	0x1ff
#define LVT_EXTINT	0x700

#define PIC_MASTER	0x20
#define PIC_SLAVE	0xa0
#define PIC_EOI		0x20
#define ICW1_INIT	0x11
#define ICW4_8086	0x01
#define SLAVE_IRQ	2

#define VECTORS		0x50
#define CODE64		8
#define INTERRUPT_GATE	0x8e00

static struct {
	uint16_t	offset_low;
	uint16_t	segment;
	uint16_t	type;
	uint16_t	offset_middle;
	uint32_t	offset_high;
	uint32_t	reserved;
} idt[VECTORS];

void set_handler(unsigned int vector, void (*handler)(void *frame))
{
	struct {
		uint16_t	limit;
		uint64_t	base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };
	uintptr_t addr = (uintptr_t)handler;

	idt[vector].offset_low = addr;
	idt[vector].segment = CODE64;
	idt[vector].type = INTERRUPT_GATE;
	idt[vector].offset_middle = addr >> 16;
	idt[vector].offset_high = addr >> 32;
	asm volatile("lidt %0" : : "m"(idtr));
}

static void pic_start(uint16_t port, uint8_t vector, uint8_t cascade, uint16_t lines)
{
	outb(port, ICW1_INIT);
	outb(port + 1, vector);
	outb(port + 1, cascade);
	outb(port + 1, ICW4_8086);
	outb(port + 1, ~lines);
}

/* Let one line of the 8259s in, or none if it is negative. */
void open_pic(int irq)
{
	uint16_t lines = irq < 0 ? 0 : 1 << irq | (irq >= 8) << SLAVE_IRQ;

	MEMORY(uint32_t, LAPIC_SVR) = SVR_ENABLE;
	MEMORY(uint32_t, LAPIC_LVT0) = LVT_EXTINT;
	pic_start(PIC_MASTER, VECTOR_PIC, 1 << SLAVE_IRQ, lines);
	pic_start(PIC_SLAVE, VECTOR_PIC + 8, SLAVE_IRQ, lines >> 8);
}

void end_pic_interrupt(unsigned int irq)
{
	if (irq >= 8)
		outb(PIC_SLAVE, PIC_EOI);
	outb(PIC_MASTER, PIC_EOI);
}
