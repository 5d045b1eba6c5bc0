// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares the model of the 8254 with the reference that goes pulse by pulse.
 *
 * Random programs of accesses and waits; after each step every answer of the
 * model is compared: the byte read, port 0x61 (OUT2, refresh toggle), the edge
 * count, the last edge and the deadline, and OUT of all counters by status.
 *
 * Usage: i8254_diff [seed [steps]]
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/limits.h>

#include "i8254.h"
#include "i8254_ref.h"
#include "model.h"

#define DEFAULT_STEPS	1500000
#define PROGRAM_STEPS	3000
#define LOG_STEPS	24
#define LOOK_AHEAD	100

enum op {
	OP_CONTROL,
	OP_LATCH,
	OP_READ_BACK,
	OP_COUNT,
	OP_READ,
	OP_GATE,
	OP_WAIT,
	OP_BACKWARD,
	OP_SAVE,
	OP_NR,
};

static const char * const op_names[OP_NR] = {
	"control", "latch", "read-back", "count", "read", "port61", "wait", "backward", "save",
};

struct entry {
	enum op		op;
	unsigned int	port;
	unsigned int	val;
	u64		now;
};

static struct entry entries[LOG_STEPS];
static struct kt_i8254 pit;
static struct ref_pit ref;
static u64 steps_done;
static u64 compared;
static u64 seed;
static u64 rng;
static u64 now;

static u64 rnd(void)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;

	return rng * 0x2545f4914f6cdd1dULL;
}

/* Return: 0 to @n - 1. */
static u64 below(u64 n)
{
	return (rnd() >> 16) % n;
}

static void note(enum op op, unsigned int port, unsigned int val)
{
	entries[steps_done % LOG_STEPS] = (struct entry) {
		.op = op, .port = port, .val = val, .now = now,
	};
}

static void same(const char *what, u64 model, u64 expected)
{
	u64 i;

	compared++;
	if (model == expected)
		return;

	for (i = steps_done < LOG_STEPS ? 0 : steps_done - LOG_STEPS + 1; i <= steps_done; i++) {
		struct entry *e = &entries[i % LOG_STEPS];

		printf("# step %llu: %s %u 0x%02x at %llu\n", i, op_names[e->op], e->port,
		       e->val, e->now);
	}
	printf("# now %llu, clk %llu\n", now, (u64)ref.clk);
	printf("not ok 1 - seed %llu, step %llu: %s is %llu, reference %llu\n", seed, steps_done,
	       what, model, expected);
	printf("# 0 passed, 1 failed\n");
	exit(EXIT_FAILURE);
}

static void write_port(enum op op, unsigned int port, u8 val)
{
	note(op, port, val);
	kt_i8254_write(&pit, port, val, now);
	ref_write(&ref, port, val);
}

static void do_control(void)
{
	unsigned int counter = below(3);
	/* Two bytes, and modes that make edges, more often than the rest. */
	static const u8 rws[] = { 1, 2, 3, 3, 3, 1 };
	unsigned int cw = rws[below(6)] << 4 | below(8) << 1 | !below(6);

	write_port(OP_CONTROL, KT_I8254_CONTROL, counter << 6 | cw);
}

static void do_count(void)
{
	static const u8 interesting[] = { 0x00, 0x00, 0xff, 0x99, 0x10, 0x0a, 0x9a, 0xfe };
	unsigned int counter = below(3);
	u8 val = below(10);

	if (!below(12))
		val = interesting[below(8)];
	else if (!below(12))
		val = rnd() >> 20;
	/* Most high bytes are 0, or hardly a counter would ever come to its end. */
	if (pit.ch[counter].write_msb && below(8))
		val = 0;
	write_port(OP_COUNT, counter, val);
}

static void do_read(void)
{
	unsigned int port = below(12) ? below(3) : 3;

	note(OP_READ, port, 0);
	same("the byte read", kt_i8254_read(&pit, port, now), ref_read(&ref, port));
}

static void do_gate(void)
{
	u8 val = rnd() >> 20;

	note(OP_GATE, 0, val);
	kt_i8254_write_port61(&pit, val, now);
	ref_write_port61(&ref, val);
}

static void do_wait(void)
{
	u64 deadline = kt_i8254_deadline(&pit, now);
	u64 gap = below(6000);

	if (!below(8))
		gap = below(60000);
	else if (!below(40))
		gap = below(1500000);
	else if (!below(1500))
		gap = below(200000000);
	else if (!below(4) && deadline != KT_NEVER && deadline - now < 1000000)
		gap = deadline - now - below(2);

	note(OP_WAIT, 0, 0);
	now += gap;
	ref_go(&ref, now);
}

/* Time that goes backwards must not be noticed. */
static void do_backward(void)
{
	unsigned int counter = below(3);
	u64 past = now - below(now < 1000000 ? now + 1 : 1000000);

	/* A read is as of the last time the counter was looked at: make that now. */
	note(OP_BACKWARD, counter, 0);
	kt_i8254_write(&pit, counter, 0, now);
	ref_write(&ref, counter, 0);
	same("the byte read in the past", kt_i8254_read(&pit, counter, past),
	     ref_read(&ref, counter));
}

/* The save format knows no pending load, and no latch or element of a mode not begun. */
static bool is_settled(const struct ref_counter *c)
{
	if (!c->programmed)
		return !c->latched_left && c->latched_status < 0 && !c->read_second;

	return c->running && !c->null && !c->load && !c->gate_rose;
}

static void do_save(void)
{
	struct kt_i8254_state first, second;
	unsigned int i;

	note(OP_SAVE, 0, 0);
	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		if (!is_settled(&ref.c[i]))
			return;
	}
	/* No s64 holds a later time. */
	if (now > S64_MAX)
		return;

	kt_i8254_get_state(&pit, &first, now);
	same("set_state", kt_i8254_set_state(&pit, &first, now), 0);
	kt_i8254_get_state(&pit, &second, now);
	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		same("loaded_ns", second.ch[i].loaded_ns, first.ch[i].loaded_ns);
		same("count", second.ch[i].count, first.ch[i].count);
	}
}

static void compare_status(void)
{
	unsigned int i;

	/* On copies: the read-back is not part of the program. */
	struct kt_i8254 p = pit;
	struct ref_pit r = ref;

	kt_i8254_write(&p, KT_I8254_CONTROL, 0xee, now);
	ref_write(&r, KT_I8254_CONTROL, 0xee);
	for (i = 0; i < KT_I8254_CHANNELS; i++)
		same("the status", kt_i8254_read(&p, i, now), ref_read(&r, i));
}

static void compare_deadline(void)
{
	u64 expected = ref_next_edge(&ref, LOOK_AHEAD);
	u64 deadline = kt_i8254_deadline(&pit, now);

	if (expected != UINT64_MAX) {
		same("the deadline", deadline, expected);
		same("edges before the deadline", kt_i8254_edges(&pit, deadline - 1),
		     ref.c[0].edges);
		same("edges at the deadline", kt_i8254_edges(&pit, deadline),
		     ref.c[0].edges + 1);
	} else {
		same("a deadline too early", deadline - now < LOOK_AHEAD * 838ULL, false);
	}
}

static void step(void)
{
	static const u8 mix[] = {
		OP_WAIT, OP_WAIT, OP_WAIT, OP_WAIT, OP_WAIT, OP_WAIT, OP_WAIT, OP_WAIT,
		OP_COUNT, OP_COUNT, OP_COUNT, OP_COUNT, OP_READ, OP_READ, OP_READ, OP_READ,
		OP_GATE, OP_GATE, OP_LATCH, OP_READ_BACK, OP_CONTROL, OP_SAVE,
	};

	switch (mix[below(sizeof(mix))]) {
	case OP_CONTROL:
		do_control();
		break;
	case OP_LATCH:
		write_port(OP_LATCH, KT_I8254_CONTROL, below(3) << 6 | below(16));
		break;
	case OP_READ_BACK:
		write_port(OP_READ_BACK, KT_I8254_CONTROL, 0xc0 | below(64));
		break;
	case OP_COUNT:
		do_count();
		break;
	case OP_READ:
		if (below(30))
			do_read();
		else
			do_backward();
		break;
	case OP_GATE:
		do_gate();
		break;
	case OP_SAVE:
		do_save();
		break;
	default:
		do_wait();
		break;
	}

	same("port 0x61", kt_i8254_read_port61(&pit, now), ref_read_port61(&ref));
	if (!below(3))
		kt_i8254_run(&pit, now);
	same("edges", kt_i8254_edges(&pit, now), ref.c[0].edges);
	same("the last edge", kt_i8254_last_edge(&pit, now), ref.c[0].last_edge);
	compare_status();
	if (!below(4))
		compare_deadline();
}

int main(int argc, char **argv)
{
	u64 steps = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_STEPS;
	u64 edges = 0;

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	printf("TAP version 13\n1..1\n# seed %llu, %llu steps\n", seed, steps);

	for (steps_done = 0; steps_done < steps; steps_done++) {
		if (steps_done % PROGRAM_STEPS == 0) {
			edges += ref.c[0].edges;
			/* Any epoch, from a guest just born to one of several centuries. */
			now = rnd() >> (1 + below(63));
			kt_i8254_init(&pit, now);
			ref_init(&ref, now);
		}
		step();
	}

	printf("# %llu edges, %llu comparisons\n", edges, compared);
	printf("ok 1 - model and reference agree\n");
	printf("# 1 passed, 0 failed\n");

	return EXIT_SUCCESS;
}
