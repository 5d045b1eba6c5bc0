/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bench for the tests of the 8254: time in CLK pulses after an arbitrary epoch.
 */
#ifndef KT_I8254_TEST_H
#define KT_I8254_TEST_H

#include <linux/limits.h>
#include <linux/types.h>

#include "i8254.h"
#include "model.h"

#define BENCH_EPOCH_CLK		987654321987ULL

#define READ_BACK_BOTH(c)	(0xc0 | 2 << (c))
#define READ_BACK_COUNT(c)	(0xd0 | 2 << (c))
#define READ_BACK_STATUS(c)	(0xe0 | 2 << (c))

/* Control word for two bytes, binary unless BCD is added. */
#define CONTROL(c, mode)	((c) << 6 | 0x30 | (mode) << 1)
#define BCD			1

struct bench {
	struct kt_i8254	pit;
	u64		clk;
};

static inline u64 bench_ns(u64 clk)
{
	return kt_model_scale_up(clk, KT_I8254_CLK_DIV, KT_I8254_CLK_MUL);
}

static inline u64 bench_now(const struct bench *b)
{
	return bench_ns(b->clk);
}

static inline void bench_init(struct bench *b)
{
	b->clk = BENCH_EPOCH_CLK;
	kt_i8254_init(&b->pit, bench_now(b));
}

static inline void bench_write(struct bench *b, unsigned int port, u8 val)
{
	kt_i8254_write(&b->pit, port, val, bench_now(b));
}

static inline u8 bench_read(struct bench *b, unsigned int port)
{
	return kt_i8254_read(&b->pit, port, bench_now(b));
}

static inline void bench_control(struct bench *b, u8 val)
{
	bench_write(b, KT_I8254_CONTROL, val);
}

static inline void bench_count(struct bench *b, unsigned int counter, u16 count)
{
	bench_write(b, counter, count & 0xff);
	bench_write(b, counter, count >> 8);
}

static inline void bench_gate(struct bench *b, bool gate)
{
	kt_i8254_write_port61(&b->pit, gate, bench_now(b));
}

static inline u8 bench_status(struct bench *b, unsigned int counter)
{
	bench_control(b, READ_BACK_STATUS(counter));

	return bench_read(b, counter);
}

static inline bool bench_out(struct bench *b, unsigned int counter)
{
	return bench_status(b, counter) & 0x80;
}

/* The element of a counter that is read in two bytes. */
static inline u16 bench_element(struct bench *b, unsigned int counter)
{
	u16 low;

	bench_control(b, counter << 6);
	low = bench_read(b, counter);

	return low | bench_read(b, counter) << 8;
}

static inline u64 bench_edges(const struct bench *b)
{
	return kt_i8254_edges(&b->pit, bench_now(b));
}

#endif /* KT_I8254_TEST_H */
