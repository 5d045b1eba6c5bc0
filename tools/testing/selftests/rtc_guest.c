// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of the RTC tests: registers, the VMM's part of the CMOS, several vCPUs.
 */
#include "guest.h"
#include "rtc_cmds.h"

#define PIT_MODE0		0x30
#define FLOATING		0xff
#define NR_CMOS			0x80
#define ALARM_PATTERN		0x5a
#define STRING_LENGTH		4

/* The VMM's CMOS, see KT_VMM_CMOS(). */
#define CMOS(index)		((uint8_t)((index) ^ 0xa5))

/* Indices of the VMM. */
#define FOREIGN_LOW		0x40
#define FOREIGN_HIGH		0x7b

/*
 * As long as UIP reads 0 there are 244 us left: 291 CLK pulses. OUT of counter 2
 * in mode 0 is high not later than two pulses after the count.
 */
#define STABLE_CLKS		288

/* RTC_STABLE begins shortly before midnight, later than this. */
#define STABLE_SECONDS		0x50

struct selection {
	uint8_t	index;
	uint8_t	val;
};

/* What the vCPUs select, each with a byte of its own. */
static const struct selection selections[] = {
	{ RTC_SECONDS_ALARM,	0x11 },
	{ FOREIGN_LOW,		CMOS(FOREIGN_LOW) },
	{ RTC_MINUTES_ALARM,	0x22 },
	{ FOREIGN_HIGH,		CMOS(FOREIGN_HIGH) },
};

#define NR_SELECTIONS		(sizeof(selections) / sizeof(selections[0]))

static volatile uint64_t posted;
static volatile uint64_t taken;

static uint64_t arg(unsigned int n)
{
	return kt_guest_shared->arg[n];
}

/**
 * kt_rtc_guest_read() - read a byte of the CMOS
 * @index:	which
 *
 * Return: byte.
 */
uint8_t kt_rtc_guest_read(uint8_t index)
{
	outb(index, RTC_INDEX);
	return inb(RTC_DATA);
}

/**
 * kt_rtc_guest_write() - write a byte of the CMOS
 * @index:	which
 * @val:	byte
 */
void kt_rtc_guest_write(uint8_t index, uint8_t val)
{
	outb(index, RTC_INDEX);
	outb(val, RTC_DATA);
}

static bool is_rtc(uint8_t index)
{
	return index <= RTC_D || index == RTC_CENTURY;
}

static void set_time(uint8_t b, uint64_t time)
{
	static const uint8_t order[RTC_TIME_BYTES] = RTC_TIME_ORDER;
	unsigned int i;

	kt_rtc_guest_write(RTC_B, RTC_B_SET | b);
	kt_rtc_guest_write(RTC_A, RTC_A_RESET);
	for (i = 0; i < RTC_TIME_BYTES; i++)
		kt_rtc_guest_write(order[i], time >> 8 * i);
	kt_rtc_guest_write(RTC_B, b);
	kt_rtc_guest_read(RTC_C);
}

static uint64_t get_time(void)
{
	static const uint8_t order[RTC_TIME_BYTES] = RTC_TIME_ORDER;
	uint64_t time = 0;
	unsigned int i;

	for (i = 0; i < RTC_TIME_BYTES; i++)
		time |= (uint64_t)kt_rtc_guest_read(order[i]) << 8 * i;
	return time;
}

/* Of a chip that is held in reset, so that nothing changes but by these writes. */
static void registers(void)
{
	unsigned int i;

	set_time(RTC_B_24H, 0);
	for (i = RTC_SECONDS; i <= RTC_YEAR; i++) {
		kt_rtc_guest_write(i, 0xf0 | i);
		KT_CLAIM(kt_rtc_guest_read(i), ==, (i == RTC_SECONDS ? 0x70 : 0xf0) | i);
	}
	kt_rtc_guest_write(RTC_CENTURY, 0x19);
	KT_CLAIM(kt_rtc_guest_read(RTC_CENTURY), ==, 0x19);

	/* UIP, C and D are read only, and SET clears UIE. */
	kt_rtc_guest_write(RTC_A, 0xff);
	KT_CLAIM(kt_rtc_guest_read(RTC_A), ==, 0x7f);
	kt_rtc_guest_write(RTC_C, 0xff);
	KT_CLAIM(kt_rtc_guest_read(RTC_C), ==, 0);
	kt_rtc_guest_write(RTC_D, 0);
	KT_CLAIM(kt_rtc_guest_read(RTC_D), ==, RTC_D_VRT);
	kt_rtc_guest_write(RTC_B, 0x7f);
	KT_CLAIM(kt_rtc_guest_read(RTC_B), ==, 0x7f);
	kt_rtc_guest_write(RTC_B, 0xff);
	KT_CLAIM(kt_rtc_guest_read(RTC_B), ==, 0xff & ~RTC_B_UIE);

	/* The mask of the NMI is not part of the index. */
	kt_rtc_guest_write(RTC_NMI_OFF | RTC_HOURS_ALARM, ALARM_PATTERN);
	KT_CLAIM(kt_rtc_guest_read(RTC_HOURS_ALARM), ==, ALARM_PATTERN);
	KT_CLAIM(kt_rtc_guest_read(RTC_NMI_OFF | RTC_HOURS_ALARM), ==, ALARM_PATTERN);

	/* The index stays. */
	KT_CLAIM(inb(RTC_DATA), ==, ALARM_PATTERN);
	KT_CLAIM(inb(RTC_DATA), ==, ALARM_PATTERN);
}

static void foreign(void)
{
	unsigned int i;

	kt_rtc_guest_write(RTC_SECONDS_ALARM, ALARM_PATTERN);
	for (i = 0; i < NR_CMOS; i++) {
		if (is_rtc(i))
			continue;
		KT_CLAIM(kt_rtc_guest_read(i), ==, CMOS(i));
		KT_CLAIM(inb(RTC_DATA), ==, CMOS(i));
		KT_CLAIM(kt_rtc_guest_read(RTC_SECONDS_ALARM), ==, ALARM_PATTERN);
		KT_CLAIM(kt_rtc_guest_read(RTC_NMI_OFF | i), ==, CMOS(i));

		/* Data for the VMM does not come to the RTC. */
		outb(RTC_SECONDS_ALARM, RTC_INDEX);
		kt_rtc_guest_write(i, 0);
		KT_CLAIM(kt_rtc_guest_read(RTC_SECONDS_ALARM), ==, ALARM_PATTERN);
	}
	KT_CLAIM(inb(RTC_INDEX), ==, FLOATING);
}

static void wide(void)
{
	static const uint8_t pattern[STRING_LENGTH] = { 1, 2, 3, ALARM_PATTERN };
	uint8_t bytes[STRING_LENGTH];
	unsigned int i;

	/* Index and data at once. */
	outw(0x1200 | RTC_SECONDS_ALARM, RTC_INDEX);
	KT_CLAIM(inb(RTC_DATA), ==, 0x12);
	KT_CLAIM(inw(RTC_INDEX), ==, 0x1200 | FLOATING);
	KT_CLAIM(inw(RTC_DATA), ==, FLOATING << 8 | 0x12);

	/* What hangs over belongs to nobody. */
	outw(0xff34, RTC_DATA);
	KT_CLAIM(inb(RTC_DATA), ==, 0x34);
	outl(0xffff5600 | RTC_MINUTES_ALARM, RTC_INDEX);
	KT_CLAIM(inl(RTC_INDEX), ==, 0xffff56ff);
	outl((uint32_t)RTC_SECONDS_ALARM << 24, RTC_INDEX - 3);
	KT_CLAIM(inb(RTC_DATA), ==, 0x34);
	KT_CLAIM(inl(RTC_DATA - 3), ==, 0x34ffffff);
	outw(RTC_MINUTES_ALARM << 8, RTC_INDEX - 1);
	KT_CLAIM(inl(RTC_DATA), ==, 0xffffff56);

	outsb(RTC_DATA, pattern, STRING_LENGTH);
	insb(RTC_DATA, bytes, STRING_LENGTH);
	for (i = 0; i < STRING_LENGTH; i++)
		KT_CLAIM(bytes[i], ==, ALARM_PATTERN);
}

/* All of such an access is for the VMM, and it has the ports to itself. */
static void wide_foreign(void)
{
	kt_rtc_guest_write(RTC_SECONDS_ALARM, ALARM_PATTERN);
	outw(0x0100 | FOREIGN_LOW, RTC_INDEX);
	KT_CLAIM(inw(RTC_INDEX), ==, CMOS(FOREIGN_LOW) << 8 | FLOATING);
	KT_CLAIM(inw(RTC_DATA), ==, FLOATING << 8 | CMOS(FOREIGN_LOW));
	outl((uint32_t)FOREIGN_HIGH << 24, RTC_INDEX - 3);
	KT_CLAIM(inl(RTC_INDEX), ==, 0xffff00ff | CMOS(FOREIGN_HIGH) << 8);
	KT_CLAIM(kt_rtc_guest_read(RTC_SECONDS_ALARM), ==, ALARM_PATTERN);
}

/* Two bytes that change at once, in the time that UIP has promised. */
static void stable(uint64_t updates)
{
	uint8_t last = kt_rtc_guest_read(RTC_SECONDS), seconds, hours;
	uint64_t claims = 0;

	outb(PORT61_GATE2, PORT61);
	while (updates) {
		outb(RTC_A, RTC_INDEX);
		kt_guest_pit_program(2, PIT_MODE0, STABLE_CLKS);
		if (inb(RTC_DATA) & RTC_A_UIP)
			continue;
		seconds = kt_rtc_guest_read(RTC_SECONDS);
		hours = kt_rtc_guest_read(RTC_HOURS);
		if (!(inb(PORT61) & PORT61_OUT2)) {
			KT_CLAIM(hours, ==, seconds < STABLE_SECONDS ? 0x00 : 0x23);
			claims++;
		}
		updates -= seconds != last;
		last = seconds;
	}
	kt_guest_sync(claims, 0, 0, 0);
}

static void poll(void)
{
	for (;;) {
		uint8_t a = kt_rtc_guest_read(RTC_A);

		kt_guest_sync(a, kt_rtc_guest_read(RTC_SECONDS), 0, 0);
	}
}

static bool is_selectable(uint8_t val)
{
	unsigned int i;

	for (i = 0; i < NR_SELECTIONS; i++)
		if (selections[i].val == val)
			return true;
	return false;
}

/* Nobody locks: what comes is the byte of somebody's index, and of no other. */
static void race(uint64_t times)
{
	uint64_t rng = kt_guest_vcpu() + 1, others = 0;
	const struct selection *mine;
	uint8_t val;

	while (times--) {
		rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
		mine = &selections[(rng >> 60) % NR_SELECTIONS];
		outb(mine->index | (rng >> 52 & RTC_NMI_OFF), RTC_INDEX);
		if (rng >> 50 & 1)
			cpu_relax();
		val = inb(RTC_DATA);
		KT_CLAIM(is_selectable(val), ==, true);
		others += val != mine->val;
	}
	kt_guest_sync(others, 0, 0, 0);
}

/* One selects and says so; when the other one knows, it reads that byte. */
static void pass(uint64_t times)
{
	uint64_t i;

	for (i = 1; i <= times; i++) {
		const struct selection *s = &selections[i * 7 / 5 % NR_SELECTIONS];

		if (!kt_guest_vcpu()) {
			outb(s->index, RTC_INDEX);
			posted = i;
			while (taken != i)
				cpu_relax();
		} else {
			while (posted != i)
				cpu_relax();
			KT_CLAIM(inb(RTC_DATA), ==, s->val);
			taken = i;
		}
	}
}

static bool claims(uint64_t cmd)
{
	switch (cmd) {
	case RTC_REGISTERS:
		registers();
		return true;
	case RTC_FOREIGN:
		foreign();
		return true;
	case RTC_WIDE:
		wide();
		return true;
	case RTC_WIDE_FOREIGN:
		wide_foreign();
		return true;
	case RTC_STABLE:
		stable(arg(0));
		return true;
	case RTC_RACE:
		race(arg(0));
		return true;
	case RTC_PASS:
		pass(arg(0));
		return true;
	default:
		return false;
	}
}

void kt_guest_main(void)
{
	for (;;) {
		switch (kt_guest_shared->cmd) {
		case RTC_READ:
			kt_guest_sync(kt_rtc_guest_read(arg(0)), 0, 0, 0);
			break;
		case RTC_WRITE:
			kt_rtc_guest_write(arg(0), arg(1));
			break;
		case RTC_SET_TIME:
			set_time(arg(0), arg(1));
			break;
		case RTC_GET_TIME:
			kt_guest_sync(get_time(), 0, 0, 0);
			break;
		case RTC_POLL:
			poll();
			break;
		default:
			if (!kt_rtc_guest_interrupts(kt_guest_shared->cmd))
				KT_CLAIM(claims(kt_guest_shared->cmd), ==, true);
		}
		kt_guest_done();
	}
}
