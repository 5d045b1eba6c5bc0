// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that makes accesses which no driver would, with interrupts on: to the
 * ports of the PIT and the RTC, and to the registers of the HPET and the LAPIC timer.
 */
#include "guest.h"
#include "hostile_cmds.h"

#define CONTROL_MODE2		0x34
#define COUNT_1KHZ		1193
#define FIRST_PIT		0x3e
#define NR_PIT			9
#define FIRST_KBC		0x60
#define NR_KBC			5
#define FIRST_RTC		0x6d
#define NR_RTC			9
#define MAX_STRING		16

#define PIT_STOP		0x30
#define RTC_LAST_INDEX		0x0d
#define RTC_B			0x0b
#define RTC_C			0x0c
#define RTC_24H			0x02

#define HPET_BASE		0xfed00000UL
#define HPET_PAGE		0x1000
#define HPET_SIZE		0x400
#define HPET_CONF		0x10
#define HPET_TIMERS		0x100
#define HPET_TIMER_SIZE		0x20
#define HPET_FSB		0x10
#define HPET_FSB_SIZE		8

/*
 * What the HPET is let write: interrupts that are fixed or of lowest priority, with
 * a vector that is no exception's, no 8259's and not the spurious one; or data to a
 * page that is not used.
 */
#define FSB_LAPIC		0xfee00000
#define FSB_PAGE		0x40000
#define FSB_PAGE_OFFSET		0xffc
#define FSB_DATA		0xffffc13f
#define FSB_VECTOR		0x40

#define PIC2_DATA		0xa1
#define PIC_IRQ0_CASCADE	0xfa
#define PIC2_IRQ8		0xfe
#define VEC_IRQ8_PIC		(KT_GUEST_VEC_PIC + 8)
#define VEC_IRQ8_IOAPIC		(KT_GUEST_VEC_IOAPIC + 1)

#define LAPIC_LVTT		0x320
#define LAPIC_TMICT		0x380
#define LAPIC_TMCCT		0x390
#define LAPIC_TDCR		0x3e0
#define LAPIC_REG_SIZE		16
#define LVTT_NO_VECTOR		0xffffff00
#define MSR_TSC			0x10
#define MSR_TSC_ADJUST		0x3b
#define MSR_DEADLINE		0x6e0

/* The LAPIC timer's vectors, which are nobody else's. */
#define VEC_LAPIC		0x60
#define NR_VEC_LAPIC		16

/* So many interrupts between two accesses: a level that nobody takes down. */
#define STORM			32

static uint64_t rng;
static unsigned int devices;
static volatile unsigned int since_access;

static void hpet_write32(unsigned int offset, uint32_t val)
{
	*(volatile uint32_t *)(HPET_BASE + offset) = val;
}

static void rtc_write(uint8_t index, uint8_t val)
{
	outb(index, RTC_INDEX);
	outb(val, RTC_DATA);
}

/* The guest gets to nothing else: end it. */
static void silence(void)
{
	if (devices & HOSTILE_LAPIC) {
		kt_guest_lapic_write(LAPIC_TMICT, 0);
		kt_guest_wrmsr(MSR_DEADLINE, 0);
	}
	hpet_write32(HPET_CONF, 0);
	rtc_write(RTC_B, RTC_24H);
	outb(PIT_STOP, PIT_CTRL);
}

void kt_guest_irq(unsigned int vector)
{
	if (vector == KT_GUEST_VEC_PIC || vector == KT_GUEST_VEC_IOAPIC)
		kt_guest_shared->ticks++;
	if (vector == VEC_IRQ8_PIC || vector == VEC_IRQ8_IOAPIC) {
		outb(RTC_C, RTC_INDEX);
		inb(RTC_DATA);
	}
	if (++since_access > STORM)
		silence();
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

/* Return: how many accesses that was. */
static unsigned int access_string(uint16_t port, unsigned int how)
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
	return n;
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

static bool is_fsb(unsigned int offset, unsigned int len)
{
	unsigned int reg = offset % HPET_TIMER_SIZE;

	return offset + len > HPET_TIMERS && offset < HPET_SIZE &&
	       reg + len > HPET_FSB && reg < HPET_FSB + HPET_FSB_SIZE;
}

static uint32_t fsb_data(void)
{
	return (random() & FSB_DATA) | FSB_VECTOR;
}

static uint32_t fsb_address(void)
{
	return random() % 2 ? FSB_LAPIC : FSB_PAGE + (random() & FSB_PAGE_OFFSET);
}

static void write_fsb(unsigned int offset, unsigned int how)
{
	volatile uint32_t *reg = (void *)(HPET_BASE + (offset & -HPET_TIMER_SIZE) + HPET_FSB);

	switch (how % 3) {
	case 0:
		reg[0] = fsb_data();
		break;
	case 1:
		reg[1] = fsb_address();
		break;
	default:
		*(volatile uint64_t *)reg = (uint64_t)fsb_address() << 32 | fsb_data();
	}
}

/* Often the general configuration and the timers that are there, else anything. */
static unsigned int pick_offset(unsigned int len)
{
	switch (random() % 4) {
	case 0:
		return random() % (HPET_PAGE - len + 1);
	case 1:
		return HPET_CONF;
	default:
		return HPET_TIMERS + random() % (3 * HPET_TIMER_SIZE) / 4 * 4;
	}
}

static void access_hpet(unsigned int how)
{
	unsigned int width = how % 4, len = 1 << width, offset = pick_offset(len);
	uint64_t reg = HPET_BASE + offset;
	uint64_t val = (uint64_t)random() << 32 | random();

	/* Small numbers are the ones that hurt. */
	if (random() % 2)
		val &= 0xffff;
	if (how / 4 % 2 && is_fsb(offset, len)) {
		write_fsb(offset, random());
		return;
	}

	if (how / 4 % 2)
		kt_guest_poke(reg, len, val);
	else
		kt_guest_peek(reg, len);
}

/* Software disable has masked LVT0, too. */
static void enable_lapic(void)
{
	kt_guest_lapic_init();
	if (kt_guest_shared->arg[2] == KT_PIN_PIC)
		kt_guest_lapic_lvt0(LAPIC_LVT_EXTINT);
}

static void access_msr(unsigned int how)
{
	uint64_t val = (uint64_t)random() << 32 | random(), tsc = 0;

	switch (how % 8) {
	case 0:
		kt_guest_rdmsr(MSR_DEADLINE, &val);
		break;
	case 1:
		kt_guest_wrmsr(MSR_DEADLINE, val);
		break;
	case 2:
		kt_guest_wrmsr(how / 8 % 2 ? MSR_TSC : MSR_TSC_ADJUST, val);
		break;
	case 3:
		/* A step, in either direction. */
		kt_guest_rdmsr(MSR_TSC, &tsc);
		kt_guest_wrmsr(MSR_TSC, tsc + (int32_t)random());
		break;
	default:
		/* One that will come soon, or has just passed. */
		kt_guest_wrmsr(MSR_DEADLINE, rdtsc() + (int32_t)random() / 4096);
	}
}

/* Aligned in every way of a width, but never beyond the register's 16 bytes. */
static void access_lapic_form(unsigned int reg, unsigned int how)
{
	unsigned int width = how % 4, len = 1 << width;
	uint64_t at = LAPIC_BASE + reg + random() % (LAPIC_REG_SIZE / len) * len;

	/* Words are what a register is written with: none of these is one. */
	if (how / 4 % 2 == 0)
		kt_guest_peek(at, len);
	else if (len != 4)
		kt_guest_poke(at, len, random());
}

static void access_lapic(unsigned int how)
{
	static const uint16_t regs[] = { LAPIC_LVTT, LAPIC_TMICT, LAPIC_TMCCT, LAPIC_TDCR };
	unsigned int reg = regs[random() % 4];
	uint32_t val = random();

	switch (how % 8) {
	case 0:
		access_lapic_form(reg, random());
		break;
	case 1:
		kt_guest_lapic_write(LAPIC_SVR, KT_GUEST_VEC_SPURIOUS);
		if (how / 8 % 4)
			enable_lapic();
		break;
	case 2:
	case 3:
		access_msr(random());
		break;
	case 4:
		kt_guest_lapic_read(reg);
		break;
	default:
		/* Short counts are the ones that hurt. */
		if (reg == LAPIC_TMICT && how / 8 % 2)
			val &= 0xffff;
		if (reg == LAPIC_LVTT)
			val = (val & LVTT_NO_VECTOR) | (VEC_LAPIC + val % NR_VEC_LAPIC);
		kt_guest_lapic_write(reg, val);
	}
}

static uint16_t pick_rtc_port(void)
{
	/* Few of the indices are the RTC's. */
	if (random() % 3 == 0)
		outb(random() % (RTC_LAST_INDEX + 1), RTC_INDEX);
	if (random() % 2)
		return RTC_INDEX + random() % 2;
	return FIRST_RTC + random() % NR_RTC;
}

static uint16_t pick_port(void)
{
	unsigned int pick = random() % 8;

	if (!(devices & HOSTILE_PIT))
		return pick_rtc_port();
	/* Mostly the PIT and the RTC: the others have one register of interest. */
	if (pick < 4 || !(devices & HOSTILE_RTC))
		return FIRST_PIT + random() % NR_PIT;
	if (pick == 4)
		return FIRST_KBC + random() % NR_KBC;
	return pick_rtc_port();
}

/* Strings make three accesses of one to a port, on average: without the PIT half are the HPET's. */
static bool is_hpet_next(void)
{
	if (!(devices & HOSTILE_HPET))
		return false;
	if (!(devices & (HOSTILE_PIT | HOSTILE_RTC)))
		return true;
	return random() % 4 < (devices & HOSTILE_PIT ? 1 : 3);
}

/* Return: how many accesses that was. */
static unsigned int access_something(void)
{
	if (devices & HOSTILE_LAPIC && random() % 8 == 0)
		access_lapic(random());
	else if (is_hpet_next())
		access_hpet(random());
	else if (random() % 4)
		access(pick_port(), random());
	else
		return access_string(pick_port(), random());
	return 1;
}

static void take_interrupts(enum kt_pin pin)
{
	kt_guest_irq0_route(pin);
	enable_lapic();
	if (pin == KT_PIN_PIC) {
		kt_guest_pic_init(PIC_IRQ0_CASCADE);
		outb(PIC2_IRQ8, PIC2_DATA);
	} else {
		kt_guest_ioapic_edge(8, VEC_IRQ8_IOAPIC);
	}
}

/* arg 0: accesses, arg 1: seed, arg 2: enum kt_pin, arg 3: enum hostile_device, or-ed. */
void kt_guest_main(void)
{
	uint64_t left = kt_guest_shared->arg[0], n;

	rng = kt_guest_shared->arg[1] | 1;
	devices = kt_guest_shared->arg[3];
	take_interrupts(kt_guest_shared->arg[2]);
	sti();
	for (; left; left -= n < left ? n : left) {
		since_access = 0;
		n = access_something();
	}

	/* The device still works, whatever has been done to it and to those that replace it. */
	cli();
	silence();
	since_access = 0;
	take_interrupts(kt_guest_shared->arg[2]);
	kt_guest_shared->ticks = 0;
	kt_guest_pit_program(0, CONTROL_MODE2, COUNT_1KHZ);
	while (kt_guest_shared->ticks < 10) {
		sti_hlt();
		cli();
	}
	kt_guest_done();
}
