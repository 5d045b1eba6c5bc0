/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One counter of the Intel 8254; private to the model of the device.
 */
#ifndef KT_I8254_COUNTER_H
#define KT_I8254_COUNTER_H

#include <linux/math64.h>
#include <linux/types.h>

#include "i8254.h"
#include "model.h"

/* Control word, less the counter's number. */
#define KT_I8254_CW_BCD		0x01
#define KT_I8254_CW_MODE_SHIFT	1
#define KT_I8254_CW_MODE_MASK	0x07
#define KT_I8254_CW_RW_SHIFT	4
#define KT_I8254_CW_RW_MASK	0x03
#define KT_I8254_CW_KEPT	0x3f

#define KT_I8254_RW_LATCH	0
#define KT_I8254_RW_LSB		1
#define KT_I8254_RW_MSB		2
#define KT_I8254_RW_BOTH	3

/* On the path of every read. A ratio below 1 cannot overflow. */
static inline u64 kt_i8254_counter_clk(u64 ns)
{
	return mul_u64_u32_div(ns, KT_I8254_CLK_MUL, KT_I8254_CLK_DIV);
}

/* The first nanosecond which sees the pulse, so that kt_i8254_counter_clk() gives it back. */
static inline u64 kt_i8254_counter_ns(u64 clk)
{
	return kt_model_scale_up(clk, KT_I8254_CLK_DIV, KT_I8254_CLK_MUL);
}

static inline u8 kt_i8254_counter_rw(const struct kt_i8254_channel *ch)
{
	return (ch->cw >> KT_I8254_CW_RW_SHIFT) & KT_I8254_CW_RW_MASK;
}

static inline bool kt_i8254_counter_is_bcd(const struct kt_i8254_channel *ch)
{
	return ch->cw & KT_I8254_CW_BCD;
}

static inline bool kt_i8254_counter_is_periodic(const struct kt_i8254_channel *ch)
{
	return ch->mode == 2 || ch->mode == 3;
}

/* GATE starts these two, and its level does not matter. */
static inline bool kt_i8254_counter_is_triggered(const struct kt_i8254_channel *ch)
{
	return ch->mode == 1 || ch->mode == 5;
}

u16 kt_i8254_counter_to_bcd(u32 val);

/* The counting element as the bus sees it. */
static inline u16 kt_i8254_counter_element(const struct kt_i8254_channel *ch)
{
	if (kt_i8254_counter_is_bcd(ch) && ch->loaded)
		return kt_i8254_counter_to_bcd(ch->ce);

	return ch->ce;
}

void kt_i8254_counter_run(struct kt_i8254_channel *ch, u64 clk);

/*
 * Nothing but decrements lies between two reads of a running rate generator. A
 * pulse in the past is far ahead here, modulo 2^64.
 */
static inline bool kt_i8254_counter_only_decrements(const struct kt_i8254_channel *ch, u64 clk)
{
	return ch->mode == 2 && clk - ch->clk < ch->ce - 1 && ch->loaded && ch->gate &&
	       !ch->load && !ch->trigger;
}

static inline void kt_i8254_counter_decrement(struct kt_i8254_channel *ch, u64 clk)
{
	ch->ce -= clk - ch->clk;
	ch->clk = clk;
}

/* Bring the counter up to date; a pulse in the past is no time at all. */
static inline void kt_i8254_counter_advance(struct kt_i8254_channel *ch, u64 clk)
{
	if (clk <= ch->clk)
		return;

	if (kt_i8254_counter_only_decrements(ch, clk))
		kt_i8254_counter_decrement(ch, clk);
	else
		kt_i8254_counter_run(ch, clk);
}

void kt_i8254_counter_init(struct kt_i8254_channel *ch, u64 clk, bool gate);
void kt_i8254_counter_set_cw(struct kt_i8254_channel *ch, u8 cw);
void kt_i8254_counter_set_out(struct kt_i8254_channel *ch, bool out, u64 now);
u64 kt_i8254_counter_next_rise(const struct kt_i8254_channel *ch);
void kt_i8254_counter_save(const struct kt_i8254_channel *ch, struct kt_i8254_channel_state *st);
bool kt_i8254_counter_state_is_valid(const struct kt_i8254_channel_state *st);
bool kt_i8254_counter_is_legal(const struct kt_i8254_channel *ch, u64 clk);
void kt_i8254_counter_restore(struct kt_i8254_channel *ch,
			      const struct kt_i8254_channel_state *st, bool gate);

#endif /* KT_I8254_COUNTER_H */
