// SPDX-License-Identifier: GPL-2.0-only
/*
 * The six modes of the 8254 pulse by pulse, on counter 2, which has a GATE.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "i8254_test.h"

#define MAX_GATES	3

struct gate_event {
	u32	clk;
	bool	gate;
};

/*
 * @wave is the element and OUT after each pulse that follows the last byte of the
 * count. A gate event comes right after its pulse.
 */
struct wave_case {
	const char		*name;
	u8			mode;
	u16			count;
	bool			gate;
	struct gate_event	gates[MAX_GATES];
	u32			rewrite_clk;
	u16			rewrite;
	const char		*wave;
};

static const struct wave_case waves[] = {
	{
		.name = "mode 0", .mode = 0 << 1, .count = 4, .gate = true,
		.wave = "4/0 3/0 2/0 1/0 0/1 ffff/1 fffe/1",
	}, {
		.name = "mode 0, 1 is legal", .mode = 0 << 1, .count = 1, .gate = true,
		.wave = "1/0 0/1 ffff/1",
	}, {
		.name = "mode 0, GATE low freezes", .mode = 0 << 1, .count = 4, .gate = true,
		.gates = { { 2, false }, { 5, true } },
		.wave = "4/0 3/0 3/0 3/0 3/0 2/0 1/0 0/1",
	}, {
		.name = "mode 0, loaded with GATE low", .mode = 0 << 1, .count = 3,
		.gates = { { 2, true } },
		.wave = "3/0 3/0 2/0 1/0 0/1 ffff/1",
	}, {
		.name = "mode 0, rewritten", .mode = 0 << 1, .count = 3, .gate = true,
		.rewrite_clk = 5, .rewrite = 2,
		.wave = "3/0 2/0 1/0 0/1 ffff/1 2/0 1/0 0/1",
	}, {
		.name = "mode 0, BCD", .mode = 0 << 1 | BCD, .count = 0x10, .gate = true,
		.wave = "10/0 9/0 8/0 7/0 6/0 5/0 4/0 3/0 2/0 1/0 0/1 9999/1 9998/1",
	}, {
		.name = "mode 1", .mode = 1 << 1, .count = 3,
		.gates = { { 0, true } },
		.wave = "3/0 2/0 1/0 0/1 ffff/1",
	}, {
		.name = "mode 1, GATE low is ignored", .mode = 1 << 1, .count = 3,
		.gates = { { 0, true }, { 1, false } },
		.wave = "3/0 2/0 1/0 0/1 ffff/1",
	}, {
		.name = "mode 1, retriggered", .mode = 1 << 1, .count = 3,
		.gates = { { 0, true }, { 1, false }, { 2, true } },
		.wave = "3/0 2/0 3/0 2/0 1/0 0/1 ffff/1",
	}, {
		.name = "mode 1, a new count waits", .mode = 1 << 1, .count = 3,
		.gates = { { 0, true }, { 4, false }, { 5, true } },
		.rewrite_clk = 1, .rewrite = 2,
		.wave = "3/0 2/0 1/0 0/1 ffff/1 2/0 1/0 0/1",
	}, {
		.name = "mode 2", .mode = 2 << 1, .count = 3, .gate = true,
		.wave = "3/1 2/1 1/0 3/1 2/1 1/0 3/1",
	}, {
		.name = "mode 2 by its other name", .mode = 6 << 1, .count = 3, .gate = true,
		.wave = "3/1 2/1 1/0 3/1 2/1 1/0 3/1",
	}, {
		.name = "mode 2, 1 counts as 2", .mode = 2 << 1, .count = 1, .gate = true,
		.wave = "2/1 1/0 2/1 1/0 2/1",
	}, {
		.name = "mode 2, BCD", .mode = 2 << 1 | BCD, .count = 0x11, .gate = true,
		.wave = "11/1 10/1 9/1 8/1 7/1 6/1 5/1 4/1 3/1 2/1 1/0 11/1",
	}, {
		.name = "mode 2, BCD, digits over 9",
		.mode = 2 << 1 | BCD, .count = 0x0f, .gate = true,
		.wave = "9/1 8/1 7/1 6/1 5/1 4/1 3/1 2/1 1/0 9/1",
	}, {
		.name = "mode 2, GATE stops and reloads", .mode = 2 << 1, .count = 3, .gate = true,
		.gates = { { 2, false }, { 4, true } },
		.wave = "3/1 2/1 2/1 2/1 3/1 2/1 1/0 3/1",
	}, {
		.name = "mode 2, GATE low raises OUT", .mode = 2 << 1, .count = 3, .gate = true,
		.gates = { { 3, false }, { 4, true } },
		.wave = "3/1 2/1 1/0 1/1 3/1 2/1 1/0",
	}, {
		.name = "mode 2, a new count waits", .mode = 2 << 1, .count = 4, .gate = true,
		.rewrite_clk = 2, .rewrite = 2,
		.wave = "4/1 3/1 2/1 1/0 2/1 1/0 2/1",
	}, {
		.name = "mode 2, a trigger takes the new count",
		.mode = 2 << 1, .count = 5, .gate = true,
		.gates = { { 3, false }, { 3, true } },
		.rewrite_clk = 2, .rewrite = 2,
		.wave = "5/1 4/1 3/1 2/1 1/0 2/1",
	}, {
		.name = "mode 3, even", .mode = 3 << 1, .count = 4, .gate = true,
		.wave = "4/1 2/1 4/0 2/0 4/1 2/1 4/0 2/0 4/1",
	}, {
		.name = "mode 3 by its other name", .mode = 7 << 1, .count = 4, .gate = true,
		.wave = "4/1 2/1 4/0 2/0 4/1",
	}, {
		.name = "mode 3, odd", .mode = 3 << 1, .count = 5, .gate = true,
		.wave = "4/1 2/1 0/1 4/0 2/0 4/1 2/1 0/1 4/0 2/0 4/1",
	}, {
		.name = "mode 3, smallest odd", .mode = 3 << 1, .count = 3, .gate = true,
		.wave = "2/1 0/1 2/0 2/1 0/1 2/0",
	}, {
		.name = "mode 3, 1 counts as 2", .mode = 3 << 1, .count = 1, .gate = true,
		.wave = "2/1 2/0 2/1 2/0",
	}, {
		.name = "mode 3, GATE", .mode = 3 << 1, .count = 4, .gate = true,
		.gates = { { 3, false }, { 4, true } },
		.wave = "4/1 2/1 4/0 4/1 4/1 2/1 4/0 2/0 4/1",
	}, {
		.name = "mode 3, a new count at the half", .mode = 3 << 1, .count = 8, .gate = true,
		.rewrite_clk = 2, .rewrite = 5,
		.wave = "8/1 6/1 4/1 2/1 4/0 2/0 4/1 2/1 0/1 4/0 2/0 4/1",
	}, {
		.name = "mode 4", .mode = 4 << 1, .count = 3, .gate = true,
		.wave = "3/1 2/1 1/1 0/0 ffff/1 fffe/1",
	}, {
		.name = "mode 4, GATE low freezes", .mode = 4 << 1, .count = 3, .gate = true,
		.gates = { { 2, false }, { 3, true } },
		.wave = "3/1 2/1 2/1 1/1 0/0 ffff/1",
	}, {
		.name = "mode 4, the strobe ends without GATE",
		.mode = 4 << 1, .count = 3, .gate = true,
		.gates = { { 4, false } },
		.wave = "3/1 2/1 1/1 0/0 0/1 0/1",
	}, {
		.name = "mode 4, rewritten", .mode = 4 << 1, .count = 3, .gate = true,
		.rewrite_clk = 3, .rewrite = 2,
		.wave = "3/1 2/1 1/1 2/1 1/1 0/0 ffff/1",
	}, {
		.name = "mode 4, rewritten in the strobe", .mode = 4 << 1, .count = 1, .gate = true,
		.rewrite_clk = 2, .rewrite = 1,
		.wave = "1/1 0/0 1/1 0/0 ffff/1",
	}, {
		.name = "mode 5", .mode = 5 << 1, .count = 3,
		.gates = { { 0, true } },
		.wave = "3/1 2/1 1/1 0/0 ffff/1",
	}, {
		.name = "mode 5, GATE low is ignored", .mode = 5 << 1, .count = 3,
		.gates = { { 0, true }, { 2, false } },
		.wave = "3/1 2/1 1/1 0/0 ffff/1",
	}, {
		.name = "mode 5, retriggered", .mode = 5 << 1, .count = 3,
		.gates = { { 0, true }, { 1, false }, { 2, true } },
		.wave = "3/1 2/1 3/1 2/1 1/1 0/0 ffff/1",
	},
};

/* Read one "v/o" of a wave. Return: what follows it. */
static const char *next_point(const char *wave, u16 *element, bool *out)
{
	*element = 0;
	while (*wave == ' ')
		wave++;
	for (; *wave != '/'; wave++)
		*element = *element << 4 | (*wave <= '9' ? *wave - '0' : *wave - 'a' + 10);
	*out = wave[1] == '1';

	return wave + 2;
}

static void apply_events(struct bench *b, const struct wave_case *c, u32 clk)
{
	unsigned int i;

	if (c->rewrite && c->rewrite_clk == clk)
		bench_count(b, 2, c->rewrite);

	for (i = 0; i < MAX_GATES; i++) {
		/* Pulse 0 twice is the end of the table, not an event. */
		if (c->gates[i].clk == clk && (clk || c->gates[i].gate))
			bench_gate(b, c->gates[i].gate);
	}
}

static void start(struct bench *b, const struct wave_case *c)
{
	bench_init(b);
	bench_gate(b, c->gate);
	bench_control(b, CONTROL(2, 0) | c->mode);
	bench_count(b, 2, c->count);
	apply_events(b, c, 0);
}

/* Test that each mode goes as its diagram, looked at after every pulse. */
static void i8254_waves(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(waves); i++) {
		const struct wave_case *c = &waves[i];
		const char *wave = c->wave;
		struct bench b;
		u16 element;
		bool out;
		u32 clk;

		start(&b, c);
		for (clk = 1; *wave; clk++) {
			wave = next_point(wave, &element, &out);
			b.clk++;
			KUNIT_EXPECT_EQ_MSG(test, bench_element(&b, 2), element, "%s, clk %u",
					    c->name, clk);
			KUNIT_EXPECT_EQ_MSG(test, bench_out(&b, 2), out, "%s, OUT, clk %u",
					    c->name, clk);
			apply_events(&b, c, clk);
		}
	}
}

/* Test that not looking makes no difference: each point of each diagram in one leap. */
static void i8254_leaps(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(waves); i++) {
		const struct wave_case *c = &waves[i];
		const char *wave = c->wave;
		u16 element;
		u32 clk, k;
		bool out;

		for (clk = 1; *wave; clk++) {
			struct bench b;

			wave = next_point(wave, &element, &out);
			start(&b, c);
			for (k = 1; k < clk; k++) {
				b.clk++;
				apply_events(&b, c, k);
			}
			b.clk++;
			KUNIT_EXPECT_EQ_MSG(test, bench_element(&b, 2), element, "%s, clk %u",
					    c->name, clk);
			KUNIT_EXPECT_EQ_MSG(test, bench_out(&b, 2), out, "%s, OUT, clk %u",
					    c->name, clk);
		}
	}
}

/* Test that GATE low raises OUT of modes 2 and 3 at once, without a pulse. */
static void i8254_gate_low_at_once(struct kunit *test)
{
	struct bench b;
	u8 mode;

	for (mode = 2; mode <= 3; mode++) {
		bench_init(&b);
		bench_gate(&b, true);
		bench_control(&b, CONTROL(2, mode));
		bench_count(&b, 2, 4);
		b.clk += 4;
		KUNIT_EXPECT_FALSE(test, bench_out(&b, 2));
		KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0x21, 0x01);
		bench_gate(&b, false);
		KUNIT_EXPECT_TRUE(test, bench_out(&b, 2));
		KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0x21, 0x20);
	}
}

/* Test that a pulse of GATE between two CLK pulses is not lost. */
static void i8254_gate_short_pulse(struct kunit *test)
{
	static const u8 modes[] = { 1, 2, 3, 5 };
	struct bench b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		bench_init(&b);
		bench_control(&b, CONTROL(2, modes[i]));
		bench_count(&b, 2, 6);
		b.clk += 2;
		bench_count(&b, 2, 8);
		bench_gate(&b, true);
		bench_gate(&b, false);
		KUNIT_EXPECT_TRUE_MSG(test, bench_status(&b, 2) & 0x40, "mode %u", modes[i]);
		b.clk++;
		KUNIT_EXPECT_EQ_MSG(test, bench_element(&b, 2), 8, "mode %u", modes[i]);
		KUNIT_EXPECT_FALSE_MSG(test, bench_status(&b, 2) & 0x40, "mode %u", modes[i]);
	}
}

/* Test that a trigger before there is a count is gone with the next pulse. */
static void i8254_gate_without_count(struct kunit *test)
{
	struct bench b;

	bench_init(&b);
	bench_control(&b, CONTROL(2, 1));
	bench_gate(&b, true);
	b.clk++;
	bench_count(&b, 2, 3);
	b.clk += 10;
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 2));
	KUNIT_EXPECT_TRUE(test, bench_status(&b, 2) & 0x40);

	/* A write to port 0x61 which keeps the bit is no edge either. */
	bench_gate(&b, true);
	b.clk++;
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 2));
}

/* Test that counters 0 and 1 have GATE tied high: nothing ever triggers them. */
static void i8254_gate_tied(struct kunit *test)
{
	struct bench b;
	unsigned int i;

	bench_init(&b);
	for (i = 0; i < 2; i++) {
		bench_control(&b, CONTROL(i, 1));
		bench_count(&b, i, 3);
	}
	bench_gate(&b, true);
	bench_gate(&b, false);
	b.clk += 70000;
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, bench_status(&b, i), 0xf2);
	KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&b.pit, bench_now(&b)), KT_NEVER);

	bench_control(&b, CONTROL(0, 2));
	bench_count(&b, 0, 3);
	b.clk += 4;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), 1);
}

/* Test that port 0x61 keeps four bits, and reading disturbs nothing. */
static void i8254_port61(struct kunit *test)
{
	struct bench b;
	unsigned int i;

	bench_init(&b);
	for (i = 0; i < 256; i++) {
		kt_i8254_write_port61(&b.pit, i, bench_now(&b));
		KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0xef,
				0x20 | (i & 0x0f));
	}
}

static struct kunit_case i8254_gate_cases[] = {
	KUNIT_CASE(i8254_waves),
	KUNIT_CASE(i8254_leaps),
	KUNIT_CASE(i8254_gate_low_at_once),
	KUNIT_CASE(i8254_gate_short_pulse),
	KUNIT_CASE(i8254_gate_without_count),
	KUNIT_CASE(i8254_gate_tied),
	KUNIT_CASE(i8254_port61),
	{}
};

static struct kunit_suite i8254_gate_suite = {
	.name		= "kvm_timers-i8254-gate",
	.test_cases	= i8254_gate_cases,
};

kunit_test_suite(i8254_gate_suite);

MODULE_LICENSE("GPL");
