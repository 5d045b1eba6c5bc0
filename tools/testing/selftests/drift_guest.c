// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of drift_test: looks at all of its clocks when it is told to.
 */
#include "guest.h"
#include "drift_cmds.h"

#define HPET_CONFIG	(DRIFT_HPET + 0x10)
#define HPET_COUNTER	(DRIFT_HPET + 0xf0)

#define LAPIC_LVTT	0x320
#define LAPIC_TMICT	0x380
#define LAPIC_TMCCT	0x390
#define LAPIC_TDCR	0x3e0
#define LVTT_PERIODIC	0x20000
#define TDCR_BY_1	0xb

#define RTC_SECONDS	0x00
#define RTC_MINUTES	0x02
#define RTC_A		0x0a
#define RTC_UIP		0x80

static volatile struct kt_drift_look *page(void)
{
	return (volatile struct kt_drift_look *)DRIFT_PAGE_GPA;
}

void kt_guest_irq(unsigned int vector)
{
	/* Every source is masked. */
	KT_CLAIM(vector, !=, vector);
}

static uint8_t rtc_read(uint8_t index)
{
	outb(RTC_NMI_OFF | index, RTC_INDEX);
	return inb(RTC_DATA);
}

/* As firmware leaves the RTC, in BCD. */
static uint8_t rtc_number(uint8_t index)
{
	uint8_t val = rtc_read(index);

	return val / 16 * 10 + val % 16;
}

static void start(bool has_hpet)
{
	kt_guest_pic_off();
	kt_guest_lapic_init();
	kt_guest_wrmsr(MSR_SYSTEM_NEW, CLOCK_PV_GPA(0) | 1);
	outb(inb(PORT61) | PORT61_GATE2, PORT61);
	kt_guest_pit_program(2, 0xb4, 0);
	kt_guest_lapic_write(LAPIC_LVTT, LVTT_PERIODIC | LAPIC_LVT_MASKED | KT_GUEST_VEC_IOAPIC);
	kt_guest_lapic_write(LAPIC_TDCR, TDCR_BY_1);
	kt_guest_lapic_write(LAPIC_TMICT, UINT32_MAX);
	if (has_hpet)
		kt_guest_poke(HPET_CONFIG, 8, 1);
}

static uint64_t read_clock(void)
{
	uint64_t tsc;

	return clock_pv_read((void *)CLOCK_PV_GPA(0), rdtsc, &tsc);
}

static void look(bool has_hpet)
{
	volatile struct kt_drift_look *look = page();

	/* No update is near, so that the two bytes belong together. */
	while (has_hpet && (rtc_read(RTC_A) & RTC_UIP))
		cpu_relax();
	look->from = rdtsc();
	look->ticks[KT_CLOCK_TSC] = look->from;
	look->ticks[KT_CLOCK_KVMCLOCK] = read_clock();
	if (has_hpet) {
		look->ticks[KT_CLOCK_RTC] = rtc_number(RTC_SECONDS) + 60 * rtc_number(RTC_MINUTES);
		look->ticks[KT_CLOCK_HPET] = kt_guest_peek(HPET_COUNTER, 8);
	}
	look->ticks[KT_CLOCK_PIT] = kt_guest_pit_latch(2);
	look->ticks[KT_CLOCK_TMCCT] = kt_guest_lapic_read(LAPIC_TMCCT);
	look->to = rdtsc();
}

void kt_guest_main(void)
{
	bool has_hpet = kt_guest_shared->arg[0];

	for (;;) {
		if (kt_guest_shared->cmd == DRIFT_START)
			start(has_hpet);
		else
			look(has_hpet);
		kt_guest_done();
	}
}
