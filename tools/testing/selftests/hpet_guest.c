// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of the HPET tests: the VMM tells it each access, and judges.
 */
#include "guest.h"
#include "hpet_cmds.h"

#define HPET_BASE		0xfed00000UL
#define PIC1_CMD		0x20
#define PIC1_DATA		0x21
#define PIC2_CMD		0xa0
#define PIC2_DATA		0xa1
#define RTC_REG_C		0x0c
#define DRAIN_READS		100

#define page			((struct hpet_page *)HPET_PAGE_GPA)

static bool one_by_one[KT_MAX_VCPUS];

static uint64_t arg(unsigned int n)
{
	return kt_guest_shared->arg[n];
}

static uint64_t read_reg(uint64_t offset, uint64_t len)
{
	return kt_guest_peek(HPET_BASE + offset, len);
}

static void write_reg(uint64_t offset, uint64_t len, uint64_t val)
{
	kt_guest_poke(HPET_BASE + offset, len, val);
}

static uint64_t counter(void)
{
	return read_reg(HPET_COUNTER, 8);
}

void kt_guest_irq(unsigned int vector)
{
	unsigned int vcpu = kt_guest_vcpu();

	if (vector >= HPET_NR_VECTORS)
		return;
	if (!page->first)
		page->first = counter();
	if (page->ignore)
		page->ignore--;
	else if (page->ack)
		write_reg(HPET_STATUS, 4, page->ack);
	if (page->read_c) {
		outb(RTC_REG_C, RTC_INDEX);
		inb(RTC_DATA);
	}
	page->irqs[vcpu][vector]++;
	if (one_by_one[vcpu])
		kt_guest_close();
}

static void pic_bare(void)
{
	outb(0x11, PIC1_CMD);
	outb(KT_GUEST_VEC_PIC, PIC1_DATA);
	outb(0x04, PIC1_DATA);
	outb(0x01, PIC1_DATA);
	outb(0x11, PIC2_CMD);
	outb(KT_GUEST_VEC_PIC + 8, PIC2_DATA);
	outb(0x02, PIC2_DATA);
	outb(0x01, PIC2_DATA);
}

static void pic_masks(uint8_t first, uint8_t second)
{
	outb(second, PIC2_DATA);
	outb(first, PIC1_DATA);
}

static void wait_irqs(unsigned int vector, uint64_t count, bool spin)
{
	volatile uint32_t *irqs = &page->irqs[kt_guest_vcpu()][vector];

	one_by_one[kt_guest_vcpu()] = true;
	while (*irqs < count) {
		if (spin)
			sti_window_cli();
		else
			sti_hlt();
		cli();
	}
	one_by_one[kt_guest_vcpu()] = false;
}

static void stay_open(uint64_t ticks)
{
	uint64_t start = counter();

	sti();
	while (counter() - start < ticks)
		cpu_relax();
	cli();
}

static void drain(void)
{
	unsigned int i;

	sti();
	for (i = 0; i < DRAIN_READS; i++)
		read_reg(HPET_ID, 4);
	cli();
}

static void monotone(uint64_t reads)
{
	uint64_t last = counter(), val;

	while (reads--) {
		val = counter();
		KT_CLAIM(val, >=, last);
		last = val;
	}
	page->val = last;
}

/* A half belongs to a count between those that were read around it. */
static void halves(uint64_t reads)
{
	uint64_t before, val = 0;
	uint32_t high, low;

	while (reads--) {
		before = counter();
		do {
			high = read_reg(HPET_COUNTER + 4, 4);
			low = read_reg(HPET_COUNTER, 4);
		} while (high != read_reg(HPET_COUNTER + 4, 4));
		val = (uint64_t)high << 32 | low;
		KT_CLAIM(val, >=, before);
		KT_CLAIM(val, <=, counter());
	}
	page->val = val;
}

/* What any vCPU has read is past for all of them. */
static void race(uint64_t reads)
{
	uint64_t seen, val;

	__atomic_fetch_add(&page->ready, 1, __ATOMIC_SEQ_CST);
	while (page->ready < page->racers)
		cpu_relax();
	while (reads--) {
		seen = __atomic_load_n(&page->greatest, __ATOMIC_SEQ_CST);
		val = counter();
		KT_CLAIM(val, >=, seen);
		while (val > seen &&
		       !__atomic_compare_exchange_n(&page->greatest, &seen, val, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			cpu_relax();
	}
}

static void poll(uint64_t times, uint32_t data)
{
	while (times--) {
		while (page->store[1] != data)
			cpu_relax();
		KT_CLAIM(page->store[0], ==, 0);
		KT_CLAIM(page->store[2], ==, 0);
		page->store[1] = 0;
	}
}

static void rtc(uint8_t index, uint8_t val)
{
	outb(index, RTC_INDEX);
	outb(val, RTC_DATA);
}

static void nmi(uint32_t lvt0, uint64_t nmis)
{
	kt_guest_lapic_lvt0(lvt0);
	while (kt_guest_shared->nmis < nmis)
		cpu_relax();
}

static void command(uint64_t cmd)
{
	switch (cmd) {
	case HPET_READ:
		page->val = read_reg(arg(0), arg(1));
		break;
	case HPET_WRITE:
		write_reg(arg(0), arg(1), arg(2));
		break;
	case HPET_LAPIC:
		kt_guest_lapic_init();
		kt_guest_lapic_lvt0(arg(0));
		break;
	case HPET_PIC:
		pic_bare();
		pic_masks(arg(0), arg(1));
		break;
	case HPET_PIC_MASKS:
		pic_masks(arg(0), arg(1));
		break;
	case HPET_PIC_BARE:
		pic_bare();
		break;
	case HPET_IOAPIC:
		kt_guest_ioapic_entry(arg(0), arg(1), arg(2));
		break;
	case HPET_WAIT:
		wait_irqs(arg(0), arg(1), arg(2));
		break;
	case HPET_OPEN:
		stay_open(arg(0));
		break;
	case HPET_DRAIN:
		drain();
		break;
	case HPET_MONOTONE:
		monotone(arg(0));
		break;
	case HPET_HALVES:
		halves(arg(0));
		break;
	case HPET_RACE:
		race(arg(0));
		break;
	case HPET_POLL:
		poll(arg(0), arg(1));
		break;
	case HPET_PIT:
		kt_guest_pit_program(0, arg(0), arg(1));
		break;
	case HPET_RTC:
		rtc(arg(0), arg(1));
		break;
	case HPET_NMI:
		nmi(arg(0), arg(1));
		break;
	default:
		KT_CLAIM(cmd, <, HPET_NR_CMDS);
	}
}

void kt_guest_main(void)
{
	for (;;) {
		command(kt_guest_shared->cmd);
		kt_guest_done();
	}
}
