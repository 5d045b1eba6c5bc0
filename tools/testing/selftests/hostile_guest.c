// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that makes port accesses which no driver would, with interrupts on.
 */
#include "guest.h"

#define CONTROL_MODE2		0x34
#define COUNT_1KHZ		1193
#define FIRST_PIT		0x3e
#define NR_PIT			9
#define FIRST_KBC		0x60
#define NR_KBC			5
#define MAX_STRING		16

static uint64_t rng;

void kt_guest_irq(unsigned int vector)
{
	if (vector == KT_GUEST_VEC_PIC || vector == KT_GUEST_VEC_IOAPIC)
		kt_guest_shared->ticks++;
}

/* xorshift64*. */
static uint32_t random(void)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1dULL) >> 32;
}

static void insw(uint16_t port, void *buf, uint64_t count)
{
	asm volatile("rep insw" : "+D"(buf), "+c"(count) : "d"(port) : "memory");
}

static void outsw(uint16_t port, const void *buf, uint64_t count)
{
	asm volatile("rep outsw" : "+S"(buf), "+c"(count) : "d"(port) : "memory");
}

static void insl(uint16_t port, void *buf, uint64_t count)
{
	asm volatile("rep insl" : "+D"(buf), "+c"(count) : "d"(port) : "memory");
}

static void outsl(uint16_t port, const void *buf, uint64_t count)
{
	asm volatile("rep outsl" : "+S"(buf), "+c"(count) : "d"(port) : "memory");
}

static void access_string(uint16_t port, unsigned int how)
{
	static uint32_t buf[MAX_STRING];
	unsigned int n = 1 + random() % MAX_STRING, i;

	for (i = 0; i < MAX_STRING; i++)
		buf[i] = random();

	switch (how % 6) {
	case 0:
		insb(port, buf, n);
		break;
	case 1:
		insw(port, buf, n);
		break;
	case 2:
		insl(port, buf, n);
		break;
	case 3:
		outsb(port, buf, n);
		break;
	case 4:
		outsw(port, buf, n);
		break;
	default:
		outsl(port, buf, n);
	}
}

static void access(uint16_t port, unsigned int how)
{
	switch (how % 6) {
	case 0:
		inb(port);
		break;
	case 1:
		inw(port);
		break;
	case 2:
		inl(port);
		break;
	case 3:
		outb(random(), port);
		break;
	case 4:
		outw(random(), port);
		break;
	default:
		outl(random(), port);
	}
}

static uint16_t pick_port(void)
{
	/* Mostly the PIT: the others have one register of interest. */
	if (random() % 4)
		return FIRST_PIT + random() % NR_PIT;
	return FIRST_KBC + random() % NR_KBC;
}

/* arg 0: accesses, arg 1: seed, arg 2: enum kt_pin. */
void kt_guest_main(void)
{
	uint64_t n = kt_guest_shared->arg[0], i;

	rng = kt_guest_shared->arg[1] | 1;
	kt_guest_irq0_route(kt_guest_shared->arg[2]);
	sti();
	for (i = 0; i < n; i++) {
		if (random() % 8)
			access(pick_port(), random());
		else
			access_string(pick_port(), random());
	}

	/* The device still works, whatever has been done to it. */
	cli();
	kt_guest_shared->ticks = 0;
	kt_guest_pit_program(0, CONTROL_MODE2, COUNT_1KHZ);
	while (kt_guest_shared->ticks < 10) {
		sti_hlt();
		cli();
	}
	kt_guest_done();
}
