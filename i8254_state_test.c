// SPDX-License-Identifier: GPL-2.0-only
/*
 * Save and restore of the 8254.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "i8254_test.h"

/* A counter 0 in mode 2 that has been given a count of 1000 now. */
static void good_state(struct kt_i8254_state *state, const struct bench *b)
{
	unsigned int i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < KT_I8254_CHANNELS; i++)
		state->ch[i].rw = 3;
	state->ch[0].programmed = true;
	state->ch[0].counting = true;
	state->ch[0].gate = true;
	state->ch[0].mode = 2;
	state->ch[0].count = 1000;
	state->ch[0].loaded_ns = bench_now(b);
}

static void expect_same(struct kunit *test, const struct kt_i8254_state *a,
			const struct kt_i8254_state *b)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, a->port61, b->port61);
	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		const struct kt_i8254_channel_state *x = &a->ch[i], *y = &b->ch[i];

		KUNIT_EXPECT_EQ(test, x->loaded_ns, y->loaded_ns);
		KUNIT_EXPECT_EQ(test, x->count, y->count);
		KUNIT_EXPECT_EQ(test, x->programmed, y->programmed);
		KUNIT_EXPECT_EQ(test, x->counting, y->counting);
		KUNIT_EXPECT_EQ(test, x->mode, y->mode);
		KUNIT_EXPECT_EQ(test, x->bcd, y->bcd);
		KUNIT_EXPECT_EQ(test, x->rw, y->rw);
		KUNIT_EXPECT_EQ(test, x->gate, y->gate);
		KUNIT_EXPECT_EQ(test, x->read_msb, y->read_msb);
		KUNIT_EXPECT_EQ(test, x->write_msb, y->write_msb);
		KUNIT_EXPECT_EQ(test, x->write_latch, y->write_latch);
		KUNIT_EXPECT_EQ(test, x->latch_bytes, y->latch_bytes);
		KUNIT_EXPECT_EQ(test, x->latched_count, y->latched_count);
		KUNIT_EXPECT_EQ(test, x->status_latched, y->status_latched);
		KUNIT_EXPECT_EQ(test, x->status, y->status);
	}
}

/* Move all state to a device that is new and has been made at another time. */
static void move(struct kunit *test, struct bench *to, const struct bench *from)
{
	struct kt_i8254_state first, second;

	kt_i8254_init(&to->pit, 0);
	to->clk = from->clk;
	kt_i8254_get_state(&from->pit, &first, bench_now(from));
	KUNIT_ASSERT_EQ(test, kt_i8254_set_state(&to->pit, &first, bench_now(to)), 0);
	kt_i8254_get_state(&to->pit, &second, bench_now(to));
	expect_same(test, &first, &second);
}

static void start_counter2(struct bench *b, u8 mode, u16 count)
{
	bench_init(b);
	bench_gate(b, mode != 1 && mode != 5);
	bench_control(b, CONTROL(2, 0) | mode << 1 | (count > 0x9000));
	bench_count(b, 2, count);
	bench_gate(b, true);
}

/* Test that a restored counter goes on as the saved one does, in each mode and phase. */
static void i8254_state_phase(struct kunit *test)
{
	static const u16 counts[] = { 1, 2, 3, 4, 5, 9, 0x9999 };
	struct bench a, b;
	unsigned int i;
	u8 mode, clk, k;

	for (mode = 0; mode <= 7; mode++) {
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			for (clk = 1; clk < 25; clk++) {
				start_counter2(&a, mode, counts[i]);
				a.clk += clk;
				move(test, &b, &a);
				for (k = 0; k < 25; k++, a.clk++, b.clk++) {
					KUNIT_ASSERT_EQ_MSG(test, bench_element(&b, 2),
							    bench_element(&a, 2),
							    "mode %u, count %u, %u + %u clk", mode,
							    counts[i], clk, k);
					KUNIT_ASSERT_EQ_MSG(test, bench_status(&b, 2),
							    bench_status(&a, 2),
							    "mode %u, count %u, %u + %u clk", mode,
							    counts[i], clk, k);
				}
			}
		}
	}
}

/* Test that counters which are waiting or stopped stay so. */
static void i8254_state_waiting(struct kunit *test)
{
	struct bench a, b;

	/* A load with the next pulse, a word without a count, a count half written. */
	bench_init(&a);
	bench_control(&a, CONTROL(0, 2));
	bench_count(&a, 0, 100);
	bench_control(&a, CONTROL(1, 0));
	bench_gate(&a, true);
	bench_control(&a, CONTROL(2, 0));
	bench_count(&a, 2, 10);
	a.clk += 3;
	bench_control(&a, CONTROL(0, 2));
	bench_count(&a, 0, 100);
	bench_write(&a, 2, 0x55);
	move(test, &b, &a);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 0), 0xf4);
	KUNIT_EXPECT_EQ(test, bench_status(&b, 1), 0x70);
	KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&b.pit, bench_now(&b)), bench_ns(b.clk + 101));
	b.clk += 20;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 0), 81);
	KUNIT_EXPECT_EQ(test, bench_element(&b, 2), 8);
	bench_write(&b, 2, 0x00);
	b.clk++;
	KUNIT_EXPECT_EQ(test, bench_element(&b, 2), 0x55);

	/* GATE low. */
	bench_gate(&b, false);
	b.clk += 1000;
	move(test, &a, &b);
	a.clk += 1000;
	KUNIT_EXPECT_EQ(test, bench_element(&a, 2), 0x55);
	bench_gate(&a, true);
	a.clk++;
	KUNIT_EXPECT_EQ(test, bench_element(&a, 2), 0x54);

	/* Mode 4 stopped at 0, after its strobe and not in it. */
	bench_control(&a, CONTROL(2, 4));
	bench_count(&a, 2, 2);
	a.clk += 3;
	KUNIT_EXPECT_FALSE(test, bench_out(&a, 2));
	bench_gate(&a, false);
	a.clk++;
	move(test, &b, &a);
	KUNIT_EXPECT_EQ(test, bench_element(&b, 2), 0);
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 2));
}

/* Test that latches and flip-flops are carried. */
static void i8254_state_latches(struct kunit *test)
{
	struct bench a, b;

	bench_init(&a);
	bench_control(&a, CONTROL(0, 2));
	bench_count(&a, 0, 0x1234);
	bench_control(&a, CONTROL(1, 4));
	bench_count(&a, 1, 0x1234);
	a.clk++;
	bench_control(&a, READ_BACK_BOTH(0));
	bench_control(&a, READ_BACK_COUNT(1));
	bench_read(&a, 1);
	bench_write(&a, 1, 0x77);
	a.clk += 5;
	move(test, &b, &a);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0xb4);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x34);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 0), 0x12);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 1), 0x12);
	KUNIT_EXPECT_EQ(test, bench_read(&b, 1), 0x2f);
	move(test, &a, &b);
	KUNIT_EXPECT_EQ(test, bench_read(&a, 1), 0x12);
	bench_write(&a, 1, 0x01);
	a.clk++;
	KUNIT_EXPECT_EQ(test, bench_element(&a, 1), 0x0177);
}

/* Test that a restore is no edge, and that later edges are counted on from the total. */
static void i8254_state_edges(struct kunit *test)
{
	struct kt_i8254_state low, high;
	struct bench b;
	u64 edges;

	bench_init(&b);
	bench_control(&b, CONTROL(0, 2));
	bench_count(&b, 0, 10);
	b.clk += 100;
	edges = bench_edges(&b);
	KUNIT_EXPECT_EQ(test, edges, 9);

	good_state(&low, &b);
	high = low;
	low.ch[0].mode = 0;
	KUNIT_EXPECT_EQ(test, kt_i8254_set_state(&b.pit, &low, bench_now(&b)), 0);
	KUNIT_EXPECT_FALSE(test, bench_out(&b, 0));
	KUNIT_EXPECT_EQ(test, kt_i8254_set_state(&b.pit, &high, bench_now(&b)), 0);
	KUNIT_EXPECT_TRUE(test, bench_out(&b, 0));
	KUNIT_EXPECT_EQ(test, bench_edges(&b), edges);
	KUNIT_EXPECT_EQ(test, kt_i8254_deadline(&b.pit, bench_now(&b)), bench_ns(b.clk + 1000));
	b.clk += 5000;
	KUNIT_EXPECT_EQ(test, bench_edges(&b), edges + 5);
}

struct loaded_case {
	u8	mode;
	s64	clks_ago;
	u16	element;
	u8	status;
};

/* A count of 1000, loaded long ago, just now, or not yet. */
static const struct loaded_case loaded_cases[] = {
	{ 2, 0,			1000,	0xb4 },
	{ 2, 999,		1,	0x34 },
	{ 2, 1000,		1000,	0xb4 },
	{ 2, 1234567890123LL,	877,	0xb4 },
	{ 2, -1,		0,	0xf4 },
	{ 2, -987654321000LL,	0,	0xf4 },
	{ 3, 499,		2,	0xb6 },
	{ 3, 500,		1000,	0x36 },
	{ 3, 1234567890123LL,	754,	0xb6 },
	{ 0, 999,		1,	0x30 },
	{ 0, 1000,		0,	0xb0 },
	{ 0, 1001,		0xffff,	0xb0 },
	{ 0, 65536 * 15000000LL, 1000,	0xb0 },
	{ 0, -5,		0,	0x70 },
	{ 4, 999,		1,	0xb8 },
	{ 4, 1000,		0,	0x38 },
	{ 4, 1001,		0xffff,	0xb8 },
};

/* Test that the time of the load gives element and OUT, however far it is. */
static void i8254_state_loaded(struct kunit *test)
{
	struct kt_i8254_state state;
	struct bench b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(loaded_cases); i++) {
		const struct loaded_case *c = &loaded_cases[i];
		s64 clk = BENCH_EPOCH_CLK - c->clks_ago;

		bench_init(&b);
		good_state(&state, &b);
		state.ch[0].mode = c->mode;
		/* Before time 0, too, up to the pulse's nanosecond. */
		state.ch[0].loaded_ns = clk >= 0 ? bench_ns(clk) :
					-(s64)kt_model_scale(-clk, 17600, 21);
		KUNIT_ASSERT_EQ(test, kt_i8254_set_state(&b.pit, &state, bench_now(&b)), 0);
		KUNIT_EXPECT_EQ_MSG(test, bench_element(&b, 0), c->element, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, bench_status(&b, 0), c->status, "case %u", i);
		KUNIT_EXPECT_EQ(test, bench_edges(&b), 0);
		if (c->clks_ago >= 0)
			continue;
		b.clk++;
		KUNIT_EXPECT_EQ_MSG(test, bench_element(&b, 0), 1000, "case %u", i);
	}
}

/* Test the ends of the type. */
static void i8254_state_extremes(struct kunit *test)
{
	static const s64 times[] = { S64_MIN, S64_MIN + 1, -1, 0, 1, S64_MAX - 1, S64_MAX };
	static const u64 nows[] = { 0, 1, S64_MAX, U64_MAX - 1, U64_MAX };
	struct kt_i8254_state state;
	unsigned int i, k;
	struct bench b;
	u64 deadline;
	u8 mode;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		for (k = 0; k < ARRAY_SIZE(nows); k++) {
			for (mode = 0; mode <= 5; mode++) {
				bench_init(&b);
				good_state(&state, &b);
				state.ch[0].mode = mode;
				state.ch[0].loaded_ns = times[i];
				KUNIT_EXPECT_EQ(test,
						kt_i8254_set_state(&b.pit, &state, nows[k]), 0);
				KUNIT_EXPECT_EQ(test, kt_i8254_edges(&b.pit, nows[k]), 0);
				deadline = kt_i8254_deadline(&b.pit, nows[k]);
				KUNIT_EXPECT_TRUE(test, deadline == KT_NEVER || deadline > nows[k]);
				kt_i8254_get_state(&b.pit, &state, nows[k]);
				KUNIT_EXPECT_EQ(test, state.ch[0].count, 1000);
			}
		}
	}
}

/* Test that GATE of counters 0 and 1 is tied, and counter 2's is port 0x61's. */
static void i8254_state_gate(struct kunit *test)
{
	struct kt_i8254_state state;
	struct bench b;

	bench_init(&b);
	good_state(&state, &b);
	state.ch[0].gate = false;
	state.ch[2].gate = true;
	state.port61 = 0x0e;
	KUNIT_EXPECT_EQ(test, kt_i8254_set_state(&b.pit, &state, bench_now(&b)), 0);
	kt_i8254_get_state(&b.pit, &state, bench_now(&b));
	KUNIT_EXPECT_TRUE(test, state.ch[0].gate);
	KUNIT_EXPECT_TRUE(test, state.ch[1].gate);
	KUNIT_EXPECT_TRUE(test, state.ch[2].gate);
	KUNIT_EXPECT_EQ(test, state.port61, 0x0f);

	state.ch[2].gate = false;
	KUNIT_EXPECT_EQ(test, kt_i8254_set_state(&b.pit, &state, bench_now(&b)), 0);
	KUNIT_EXPECT_EQ(test, kt_i8254_read_port61(&b.pit, bench_now(&b)) & 0x0f, 0x0e);
}

static void expect_refusal(struct kunit *test, const struct kt_i8254_state *state, int line)
{
	struct kt_i8254_state before, after;
	struct bench b;

	bench_init(&b);
	bench_control(&b, CONTROL(0, 3));
	bench_count(&b, 0, 77);
	b.clk += 33;
	kt_i8254_get_state(&b.pit, &before, bench_now(&b));
	KUNIT_EXPECT_EQ_MSG(test, kt_i8254_set_state(&b.pit, state, bench_now(&b)), -EINVAL,
			    "line %d", line);
	kt_i8254_get_state(&b.pit, &after, bench_now(&b));
	expect_same(test, &before, &after);
}

/* One field of an otherwise good state. */
#define REFUSE(test, field, val) do {			\
	refused = state;				\
	refused.field = val;				\
	expect_refusal(test, &refused, __LINE__);	\
} while (0)

/* Test that a field out of range is refused, and that nothing has changed then. */
static void i8254_state_refused(struct kunit *test)
{
	struct kt_i8254_state state, refused;
	struct bench b;

	bench_init(&b);
	good_state(&state, &b);
	REFUSE(test, port61, 0x10);
	REFUSE(test, ch[0].mode, 8);
	REFUSE(test, ch[0].rw, 0);
	REFUSE(test, ch[0].rw, 4);
	REFUSE(test, ch[0].count, 0);
	REFUSE(test, ch[0].count, 65537);
	REFUSE(test, ch[0].latch_bytes, 3);
	REFUSE(test, ch[0].programmed, false);
	REFUSE(test, ch[2].counting, true);

	state.ch[0].bcd = true;
	REFUSE(test, ch[0].count, 10001);
	state.ch[0].rw = 1;
	REFUSE(test, ch[0].latch_bytes, 2);
	REFUSE(test, ch[0].read_msb, true);
	REFUSE(test, ch[0].write_msb, true);

	/* The same without a fault, so that it was the fault that was refused. */
	KUNIT_EXPECT_EQ(test, kt_i8254_set_state(&b.pit, &state, bench_now(&b)), 0);
}

static struct kunit_case i8254_state_cases[] = {
	KUNIT_CASE(i8254_state_phase),
	KUNIT_CASE(i8254_state_waiting),
	KUNIT_CASE(i8254_state_latches),
	KUNIT_CASE(i8254_state_edges),
	KUNIT_CASE(i8254_state_loaded),
	KUNIT_CASE(i8254_state_extremes),
	KUNIT_CASE(i8254_state_gate),
	KUNIT_CASE(i8254_state_refused),
	{}
};

static struct kunit_suite i8254_state_suite = {
	.name		= "kvm_timers-i8254-state",
	.test_cases	= i8254_state_cases,
};

kunit_test_suite(i8254_state_suite);

MODULE_LICENSE("GPL");
