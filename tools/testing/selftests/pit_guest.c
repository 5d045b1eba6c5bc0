// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of the PIT tests.
 *
 * Time runs by itself here. Where a claim needs an exact count, counter 2 is
 * used with its gate low: in mode 0 a count is loaded even so, and then stays.
 */
#include "guest.h"
#include "pit_cmds.h"

#define CTRL_CH1		0x40
#define CTRL_CH2		0x80
#define LATCH_CH2		0x80
#define READ_BACK_CH2		0x08
#define READ_BACK_ALL		0x0e
#define READ_BACK_BOTH		0xc0
#define READ_BACK_COUNT		0xd0
#define READ_BACK_STATUS	0xe0
#define READ_BACK_NOTHING	0xf0

#define RW_LSB			0x10
#define RW_MSB			0x20
#define RW_WORD			0x30
#define MODE(m)			((m) << 1)
#define BCD			0x01

#define SAMPLES			300

/* Nobody answers there: the bus floats. */
#define FLOATING		0xffU

static void gate2(bool high)
{
	outb(high ? PORT61_GATE2 : 0, PORT61);
}

static uint16_t read_word(uint16_t port)
{
	uint8_t lo = inb(port);

	return lo | (inb(port) << 8);
}

static void freeze(uint8_t control, uint16_t count)
{
	gate2(false);
	kt_guest_pit_program(2, RW_WORD | control, count);
	kt_guest_pit_wait_loaded(2);
}

static void access_forms(void)
{
	freeze(MODE(0), 0x1234);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);

	outb(CTRL_CH2 | RW_LSB | MODE(0), PIT_CTRL);
	outb(0x56, PIT_CH2);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(inb(PIT_CH2), ==, 0x56);
	KT_CLAIM(inb(PIT_CH2), ==, 0x56);
	outb(READ_BACK_COUNT | READ_BACK_CH2, PIT_CTRL);
	KT_CLAIM(inb(PIT_CH2), ==, 0x56);

	outb(CTRL_CH2 | RW_MSB | MODE(0), PIT_CTRL);
	outb(0x78, PIT_CH2);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(inb(PIT_CH2), ==, 0x78);
	KT_CLAIM(inb(PIT_CH2), ==, 0x78);
	outb(LATCH_CH2, PIT_CTRL);
	KT_CLAIM(inb(PIT_CH2), ==, 0x78);

	/* The control port is write only. */
	KT_CLAIM(inb(PIT_CTRL), ==, 0);
}

static void flip_flops(void)
{
	freeze(MODE(0), 0x1234);
	KT_CLAIM(inb(PIT_CH2), ==, 0x34);
	outb(0x78, PIT_CH2);
	KT_CLAIM(inb(PIT_CH2), ==, 0x12);
	outb(0x56, PIT_CH2);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x5678);

	/* A control word sets both back. */
	inb(PIT_CH2);
	outb(0x11, PIT_CH2);
	freeze(MODE(0), 0x9abc);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x9abc);
}

static void read_back(void)
{
	freeze(MODE(0), 0x1234);

	outb(READ_BACK_STATUS | READ_BACK_CH2, PIT_CTRL);
	KT_CLAIM(inb(PIT_CH2), ==, RW_WORD | MODE(0));
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);

	/* Status comes first, in whatever order both were latched. */
	outb(READ_BACK_BOTH | READ_BACK_CH2, PIT_CTRL);
	KT_CLAIM(inb(PIT_CH2), ==, RW_WORD | MODE(0));
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);
	outb(READ_BACK_COUNT | READ_BACK_CH2, PIT_CTRL);
	outb(READ_BACK_STATUS | READ_BACK_CH2, PIT_CTRL);
	KT_CLAIM(inb(PIT_CH2), ==, RW_WORD | MODE(0));
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);

	/* Both bits high: nothing is latched. */
	outb(READ_BACK_NOTHING | READ_BACK_CH2, PIT_CTRL);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);

	/* One command for several counters. */
	outb(RW_WORD | MODE(2), PIT_CTRL);
	outb(CTRL_CH1 | RW_LSB | MODE(0), PIT_CTRL);
	outb(READ_BACK_STATUS | READ_BACK_ALL, PIT_CTRL);
	KT_CLAIM(inb(PIT_CH0), ==, PIT_STATUS_OUT | PIT_STATUS_NULL | RW_WORD | MODE(2));
	KT_CLAIM(inb(PIT_CH1), ==, PIT_STATUS_NULL | RW_LSB | MODE(0));
	KT_CLAIM(inb(PIT_CH2), ==, RW_WORD | MODE(0));
}

static void wait_toggles(unsigned int n)
{
	uint8_t last = inb(PORT61) & PORT61_REFRESH;

	while (n) {
		uint8_t now = inb(PORT61) & PORT61_REFRESH;

		n -= now != last;
		last = now;
	}
}

static void latch_holds(void)
{
	uint16_t first, second;

	freeze(MODE(0), 0xffff);
	outb(LATCH_CH2, PIT_CTRL);
	gate2(true);
	wait_toggles(4);
	outb(LATCH_CH2, PIT_CTRL);
	first = read_word(PIT_CH2);
	KT_CLAIM(first, ==, 0xffff);
	second = kt_guest_pit_latch(2);
	KT_CLAIM(second, <, first);

	/* A control word drops what is latched. */
	freeze(MODE(0), 0x1111);
	outb(LATCH_CH2, PIT_CTRL);
	freeze(MODE(0), 0x2222);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x2222);
}

static void null_count(void)
{
	gate2(false);
	outb(CTRL_CH2 | RW_WORD | MODE(2), PIT_CTRL);
	KT_CLAIM(kt_guest_pit_status(2), ==,
		 PIT_STATUS_OUT | PIT_STATUS_NULL | RW_WORD | MODE(2));
	outb(0x00, PIT_CH2);
	outb(0x80, PIT_CH2);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(kt_guest_pit_status(2), ==, PIT_STATUS_OUT | RW_WORD | MODE(2));

	/* With the gate low the element keeps the old count until a trigger. */
	outb(0x00, PIT_CH2);
	KT_CLAIM(kt_guest_pit_status(2) & PIT_STATUS_NULL, ==, 0);
	outb(0x40, PIT_CH2);
	KT_CLAIM(kt_guest_pit_status(2) & PIT_STATUS_NULL, ==, PIT_STATUS_NULL);
	KT_CLAIM(kt_guest_pit_status(2) & PIT_STATUS_NULL, ==, PIT_STATUS_NULL);
	gate2(true);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(kt_guest_pit_latch(2), <=, 0x4000);
}

static bool is_bcd(uint16_t val)
{
	unsigned int i;

	for (i = 0; i < 16; i += 4)
		if (((val >> i) & 0xf) > 9)
			return false;
	return true;
}

static void bcd(void)
{
	uint16_t last = 0, val;
	unsigned int i;

	freeze(MODE(0) | BCD, 0x1234);
	KT_CLAIM(read_word(PIT_CH2), ==, 0x1234);
	KT_CLAIM(kt_guest_pit_status(2), ==, RW_WORD | MODE(0) | BCD);

	/* 0 is 10000: the element shows 0 and goes on at 9999. */
	freeze(MODE(0) | BCD, 0);
	KT_CLAIM(read_word(PIT_CH2), ==, 0);
	gate2(true);
	for (i = 0; i < SAMPLES; i++) {
		val = kt_guest_pit_latch(2);
		KT_CLAIM(is_bcd(val), ==, true);
		if (val)
			last = val;
	}
	KT_CLAIM(last, >, 0);
	KT_CLAIM(last, <=, 0x9999);
}

static void mode0_out(void)
{
	freeze(MODE(0), 5000);
	KT_CLAIM(kt_guest_pit_status(2) & PIT_STATUS_OUT, ==, 0);
	KT_CLAIM(inb(PORT61) & PORT61_OUT2, ==, 0);
	gate2(true);
	while (!(kt_guest_pit_status(2) & PIT_STATUS_OUT))
		cpu_relax();
	KT_CLAIM(inb(PORT61) & PORT61_OUT2, ==, PORT61_OUT2);

	/* It stays up, with the gate low, too, until a first byte is written. */
	gate2(false);
	KT_CLAIM(inb(PORT61) & PORT61_OUT2, ==, PORT61_OUT2);
	outb(0x20, PIT_CH2);
	KT_CLAIM(inb(PORT61) & PORT61_OUT2, ==, 0);
	outb(0x00, PIT_CH2);
	KT_CLAIM(inb(PORT61) & PORT61_OUT2, ==, 0);
	gate2(true);
	while (!(inb(PORT61) & PORT61_OUT2))
		cpu_relax();
}

static void mode3_even(void)
{
	unsigned int i;

	gate2(true);
	kt_guest_pit_program(2, RW_WORD | MODE(3), 4773);
	kt_guest_pit_wait_loaded(2);
	for (i = 0; i < SAMPLES; i++) {
		uint16_t val = kt_guest_pit_latch(2);

		KT_CLAIM(val & 1, ==, 0);
		KT_CLAIM(val, <, 4773);
	}
}

static void gate_freezes_one(uint8_t mode)
{
	uint16_t first;

	gate2(true);
	kt_guest_pit_program(2, RW_WORD | mode, 0xffff);
	kt_guest_pit_wait_loaded(2);
	gate2(false);
	first = kt_guest_pit_latch(2);
	wait_toggles(8);
	KT_CLAIM(kt_guest_pit_latch(2), ==, first);
	gate2(true);
	kt_guest_pit_wait_loaded(2);
	first = kt_guest_pit_latch(2);
	wait_toggles(8);
	KT_CLAIM(kt_guest_pit_latch(2), !=, first);
}

static void gate_freezes(void)
{
	gate_freezes_one(MODE(0));
	gate_freezes_one(MODE(2));
	gate_freezes_one(MODE(3));
	gate_freezes_one(MODE(4));
}

/* A count written in mode 2 is taken at the next reload, not at once. */
static void rewrite_waits(void)
{
	gate2(false);
	kt_guest_pit_program(2, RW_WORD | MODE(2), 0x8000);
	kt_guest_pit_wait_loaded(2);
	outb(0x00, PIT_CH2);
	outb(0x10, PIT_CH2);
	KT_CLAIM(kt_guest_pit_latch(2), ==, 0x8000);
	gate2(true);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(kt_guest_pit_latch(2), <=, 0x1000);
}

/* OUT of mode 2 is high but for one CLK; gate low makes it high, too. */
static void mode2_out(void)
{
	unsigned int i, high = 0;

	gate2(true);
	kt_guest_pit_program(2, RW_WORD | MODE(2), 0xffff);
	kt_guest_pit_wait_loaded(2);
	for (i = 0; i < SAMPLES; i++)
		high += !!(inb(PORT61) & PORT61_OUT2);
	/* Two reads cannot meet the same low CLK, and no two periods pass per read. */
	KT_CLAIM(high, >=, SAMPLES / 2);
	gate2(false);
	KT_CLAIM(inb(PORT61) & PORT61_OUT2, ==, PORT61_OUT2);
}

static void latch_three(void)
{
	gate2(false);
	outb(RW_WORD | MODE(2), PIT_CTRL);
	outb(CTRL_CH1 | RW_LSB | MODE(0), PIT_CTRL);
	outb(CTRL_CH2 | RW_MSB | MODE(2), PIT_CTRL);
	outb(READ_BACK_STATUS | READ_BACK_ALL, PIT_CTRL);
}

#define STATUS0		0xf4U
#define STATUS1		0x50U
#define STATUS2		0xe4U

static void wide_inside(void)
{
	latch_three();
	KT_CLAIM(inw(PIT_CH0), ==, STATUS1 << 8 | STATUS0);
	latch_three();
	KT_CLAIM(inw(PIT_CH1), ==, STATUS2 << 8 | STATUS1);
	latch_three();
	KT_CLAIM(inw(PIT_CH2), ==, STATUS2);
	latch_three();
	KT_CLAIM(inl(PIT_CH0), ==, STATUS2 << 16 | STATUS1 << 8 | STATUS0);

	/* Count byte to counter 2, then a control word to the next port. */
	gate2(false);
	outb(CTRL_CH2 | RW_LSB | MODE(0), PIT_CTRL);
	outw((READ_BACK_STATUS | READ_BACK_CH2) << 8 | 0x55, PIT_CH2);
	KT_CLAIM(inb(PIT_CH2) & ~PIT_STATUS_NULL, ==, RW_LSB | MODE(0));
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(inb(PIT_CH2), ==, 0x55);

	/* All four ports at once: status is latched when the counts are there. */
	outb(CTRL_CH1 | RW_LSB | MODE(0), PIT_CTRL);
	outb(CTRL_CH2 | RW_MSB | MODE(0), PIT_CTRL);
	outl((uint32_t)(READ_BACK_STATUS | READ_BACK_CH2) << 24 | 0x660000, PIT_CH0);
	KT_CLAIM(inb(PIT_CH2) & ~PIT_STATUS_NULL, ==, RW_MSB | MODE(0));
	kt_guest_pit_wait_loaded(1);
	kt_guest_pit_wait_loaded(2);
	KT_CLAIM(inb(PIT_CH2), ==, 0x66);
}

static void wide_across(void)
{
	latch_three();
	KT_CLAIM(inw(PIT_CTRL), ==, FLOATING << 8);
	KT_CLAIM(inl(PIT_CH2), ==, FLOATING << 24 | FLOATING << 16 | STATUS2);
	KT_CLAIM(inw(PIT_CH0 - 1), ==, STATUS0 << 8 | FLOATING);
	latch_three();
	KT_CLAIM(inl(PIT_CH0 - 2), ==, STATUS1 << 24 | STATUS0 << 16 | FLOATING << 8 | FLOATING);

	/* The upper byte reaches the control port. */
	outl((uint32_t)(CTRL_CH2 | RW_LSB | MODE(3)) << 24, PIT_CH0);
	outw(CTRL_CH2 | RW_WORD | MODE(1), PIT_CTRL);
	KT_CLAIM(kt_guest_pit_status(2), ==,
		 PIT_STATUS_OUT | PIT_STATUS_NULL | RW_WORD | MODE(1));
}

static void string(void)
{
	static const uint8_t count[] = { 0xcd, 0xab };
	uint8_t buf[5];

	gate2(false);
	outb(CTRL_CH2 | RW_WORD | MODE(0), PIT_CTRL);
	outsb(PIT_CH2, count, sizeof(count));
	kt_guest_pit_wait_loaded(2);
	outb(READ_BACK_STATUS | READ_BACK_CH2, PIT_CTRL);
	insb(PIT_CH2, buf, sizeof(buf));
	KT_CLAIM(buf[0], ==, RW_WORD | MODE(0));
	KT_CLAIM(buf[1], ==, 0xcd);
	KT_CLAIM(buf[2], ==, 0xab);
	KT_CLAIM(buf[3], ==, 0xcd);
	KT_CLAIM(buf[4], ==, 0xab);
}

/* Toggles may be missed between two reads, but none is made up. */
static void refresh(void)
{
	KT_CLAIM(inb(PORT61) & 0xc0, ==, 0);
	kt_guest_sync(0, 0, 0, 0);
	wait_toggles(kt_guest_shared->arg[0]);
}

/* Each poll between two stamps of the VMM's clock. */
static void p7(void)
{
	uint8_t out;

	outb(PORT61_GATE2, PORT61);
	outb(CTRL_CH2 | RW_WORD | MODE(0), PIT_CTRL);
	outb(0x9b, PIT_CH2);
	kt_guest_sync(0, 0, 0, 0);
	outb(0x2e, PIT_CH2);
	kt_guest_sync(0, 0, 0, 0);
	do {
		out = inb(PORT61) & PORT61_OUT2;
		kt_guest_sync(out, 0, 0, 0);
	} while (!out);
}

static void command(uint64_t cmd)
{
	static void (*const claims[])(void) = {
		[PIT_ACCESS_FORMS]	= access_forms,
		[PIT_FLIP_FLOPS]	= flip_flops,
		[PIT_READ_BACK]		= read_back,
		[PIT_LATCH_HOLDS]	= latch_holds,
		[PIT_NULL_COUNT]	= null_count,
		[PIT_BCD]		= bcd,
		[PIT_MODE0_OUT]		= mode0_out,
		[PIT_MODE3_EVEN]	= mode3_even,
		[PIT_GATE_FREEZES]	= gate_freezes,
		[PIT_REWRITE_WAITS]	= rewrite_waits,
		[PIT_MODE2_OUT]		= mode2_out,
		[PIT_WIDE_INSIDE]	= wide_inside,
		[PIT_WIDE_ACROSS]	= wide_across,
		[PIT_STRING]		= string,
		[PIT_REFRESH]		= refresh,
		[PIT_P7]		= p7,
	};

	if (cmd < sizeof(claims) / sizeof(claims[0]))
		claims[cmd]();
	else
		KT_CLAIM(kt_pit_guest_interrupts(cmd), ==, true);
}

void kt_guest_main(void)
{
	for (;;) {
		command(kt_guest_shared->cmd);
		kt_guest_done();
	}
}
