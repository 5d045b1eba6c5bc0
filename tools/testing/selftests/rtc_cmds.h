/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the guest of rtc_test, rtc_tick_test and rtc_race_test.
 */
#ifndef RTC_CMDS_H
#define RTC_CMDS_H

enum rtc_cmd {
	/* arg 0: index; a sync with the byte. */
	RTC_READ,
	/* arg 0: index, arg 1: byte. */
	RTC_WRITE,
	/* arg 0: register B, arg 1: RTC_TIME(); the divider is held in reset. */
	RTC_SET_TIME,
	/* A sync with RTC_TIME(). */
	RTC_GET_TIME,
	/* Claims are made in the guest. */
	RTC_REGISTERS,
	RTC_FOREIGN,
	RTC_WIDE,
	RTC_WIDE_FOREIGN,
	/* arg 0: updates to see; a sync with the number of claims made. */
	RTC_STABLE,
	/* A sync with register A and the seconds, for ever. */
	RTC_POLL,
	/* All vCPUs, arg 0 times; a sync with how often another one's index was met. */
	RTC_RACE,
	/* Two vCPUs, arg 0 times. */
	RTC_PASS,
	/*
	 * Interrupts: ROUTE: arg 0 is enum kt_pin, arg 1: destination, by the IOAPIC. MASK: that pin, arg 1: masked.
	 * HANDLER: arg 0: enum rtc_handler. UNTIL: that many ticks.
	 * BURST: arg 0: the same, arg 1: pin to be masked then.
	 * SETTLE: for arg 0 CLK pulses, interrupts on.
	 * SPURIOUS: by the PIC: masks a request that is pending, listens, unmasks.
	 * REPORT: a sync with the ticks whose register C had no PF, those that
	 * had no IRQF, and what the last one had.
	 */
	RTC_ROUTE,
	RTC_MASK,
	RTC_HANDLER,
	RTC_UNTIL,
	RTC_BURST,
	RTC_SETTLE,
	RTC_SPURIOUS,
	RTC_REPORT,
};

enum rtc_handler {
	RTC_HANDLER_IDLE,
	/* Reads register C. */
	RTC_HANDLER_READ,
	/* And now and then takes PIE away until PF is set again: twice a period of 256 Hz. */
	RTC_HANDLER_REENABLE,
	/* Takes its time. */
	RTC_HANDLER_SLOW,
};

enum rtc_index {
	RTC_SECONDS		= 0x00,
	RTC_SECONDS_ALARM	= 0x01,
	RTC_MINUTES		= 0x02,
	RTC_MINUTES_ALARM	= 0x03,
	RTC_HOURS		= 0x04,
	RTC_HOURS_ALARM		= 0x05,
	RTC_WEEKDAY		= 0x06,
	RTC_DATE		= 0x07,
	RTC_MONTH		= 0x08,
	RTC_YEAR		= 0x09,
	RTC_A			= 0x0a,
	RTC_B			= 0x0b,
	RTC_C			= 0x0c,
	RTC_D			= 0x0d,
	RTC_CENTURY		= 0x32,
};

#define RTC_A_UIP		0x80
#define RTC_A_RUN		0x20
#define RTC_A_RESET		0x70
#define RTC_B_SET		0x80
#define RTC_B_PIE		0x40
#define RTC_B_AIE		0x20
#define RTC_B_UIE		0x10
#define RTC_B_SQWE		0x08
#define RTC_B_24H		0x02
#define RTC_C_IRQF		0x80
#define RTC_C_PF		0x40
#define RTC_C_AF		0x20
#define RTC_C_UF		0x10
#define RTC_D_VRT		0x80

/* What the bytes of a time are packed into, each as the RTC has it; and in which order. */
#define RTC_TIME(century, year, month, date, weekday, hours, minutes, seconds)		\
	((uint64_t)(century) << 56 | (uint64_t)(year) << 48 | (uint64_t)(month) << 40 |	\
	 (uint64_t)(date) << 32 | (uint64_t)(weekday) << 24 | (uint64_t)(hours) << 16 |	\
	 (uint64_t)(minutes) << 8 | (uint64_t)(seconds))
#define RTC_TIME_ORDER									\
	{ RTC_SECONDS, RTC_MINUTES, RTC_HOURS, RTC_WEEKDAY, RTC_DATE, RTC_MONTH,		\
	  RTC_YEAR, RTC_CENTURY }
#define RTC_TIME_BYTES		8

#ifdef KT_GUEST_H
uint8_t kt_rtc_guest_read(uint8_t index);
void kt_rtc_guest_write(uint8_t index, uint8_t val);
bool kt_rtc_guest_interrupts(uint64_t cmd);
#endif

#endif /* RTC_CMDS_H */
