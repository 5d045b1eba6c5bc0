/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Motorola MC146818A real-time clock as PCs have it, as a pure model.
 */
#ifndef KT_RTC_H
#define KT_RTC_H

#include <linux/types.h>

/* Bytes of the chip, and one more that PC firmware agreed on. */
enum kt_rtc_index {
	KT_RTC_SECONDS		= 0x00,
	KT_RTC_SECONDS_ALARM	= 0x01,
	KT_RTC_MINUTES		= 0x02,
	KT_RTC_MINUTES_ALARM	= 0x03,
	KT_RTC_HOURS		= 0x04,
	KT_RTC_HOURS_ALARM	= 0x05,
	KT_RTC_WEEKDAY		= 0x06,
	KT_RTC_DATE		= 0x07,
	KT_RTC_MONTH		= 0x08,
	KT_RTC_YEAR		= 0x09,
	KT_RTC_A		= 0x0a,
	KT_RTC_B		= 0x0b,
	KT_RTC_C		= 0x0c,
	KT_RTC_D		= 0x0d,
	KT_RTC_CENTURY		= 0x32,
};

/* Bytes 0x00 to 0x09: the time and its alarm. */
#define KT_RTC_NR_TIME		10

/* Time base 32.768 kHz: one cycle is 1953125/64 ns. */
#define KT_RTC_CYCLE_MUL	64
#define KT_RTC_CYCLE_DIV	1953125

/* Length of an update in cycles: 1984 us by the datasheet, and what may be asked for. */
#define KT_RTC_UPDATE_CYCLES	65
#define KT_RTC_UPDATE_MAX	65

/**
 * struct kt_rtc - the device
 * @cycle:	cycles since guest time 0; all other fields are as of this cycle
 * @origin:	cycle at which the divider chain was 0: it is released there, or was set so.
 *		May be before guest time 0, so modulo 2^64. It moves along while the divider
 *		stands
 * @resumed:	state of the divider when SET was last cleared: an update that began
 *		before, or then, never ends
 * @update_cycles: length of an update, 0 to KT_RTC_UPDATE_MAX
 * @periods:	edges of the periodic interrupt while it was enabled, since init
 * @period_cycle: cycle of the newest of them
 * @rises:	times that IRQF went up by anything else, since init
 * @time:	bytes 0x00 to 0x09 as stored
 * @century:	byte 0x32
 * @a:		register A without UIP
 * @b:		register B
 * @flags:	PF, AF and UF of register C
 */
struct kt_rtc {
	u64	cycle;
	u64	origin;
	u64	resumed;
	u32	update_cycles;
	u64	periods;
	u64	period_cycle;
	u64	rises;
	u8	time[KT_RTC_NR_TIME];
	u8	century;
	u8	a;
	u8	b;
	u8	flags;
};

/**
 * kt_rtc_has() - whether a byte of the CMOS belongs to the RTC
 * @index:	0x00 to 0x7f
 *
 * Context: Any.
 * Return: false for the RAM, which is not modelled here.
 */
static inline bool kt_rtc_has(u8 index)
{
	return index <= KT_RTC_D || index == KT_RTC_CENTURY;
}

void kt_rtc_init(struct kt_rtc *rtc, u32 update_cycles, u64 now);
void kt_rtc_reset(struct kt_rtc *rtc, u64 now);
void kt_rtc_set_clock(struct kt_rtc *rtc, s64 time_s, u32 ns, u64 now);
s64 kt_rtc_clock(const struct kt_rtc *rtc, u64 now);
void kt_rtc_write(struct kt_rtc *rtc, u8 index, u8 val, u64 now);
u8 kt_rtc_read(struct kt_rtc *rtc, u8 index, u64 now);
bool kt_rtc_irqf(const struct kt_rtc *rtc, u64 now);
u64 kt_rtc_edges(const struct kt_rtc *rtc, u64 now);
u64 kt_rtc_rises(const struct kt_rtc *rtc, u64 now);
u64 kt_rtc_deadline(const struct kt_rtc *rtc, u64 now);
u64 kt_rtc_last_edge(const struct kt_rtc *rtc, u64 now);
u64 kt_rtc_period(const struct kt_rtc *rtc);
bool kt_rtc_is_legal(const struct kt_rtc *rtc, u64 now);
void kt_rtc_assert_periodic(struct kt_rtc *rtc, u64 now);

#endif /* KT_RTC_H */
