// SPDX-License-Identifier: GPL-2.0-only
/*
 * One counter of the Intel 8254: what CLK and GATE do to it.
 *
 * A counter's state is as of its own pulse and is brought forward when somebody
 * looks, in constant time whatever the gap: one special pulse by itself (a load,
 * the end of a strobe), the rest in closed form.
 */
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "i8254_counter.h"

static_assert(sizeof(struct kt_i8254_channel) <= 64);

/* What an unprogrammed counter answers with. */
#define CW_POWER_ON	(KT_I8254_RW_BOTH << KT_I8254_CW_RW_SHIFT)

static bool is_strobe(const struct kt_i8254_channel *ch)
{
	return ch->mode == 4 || ch->mode == 5;
}

static u32 modulus(const struct kt_i8254_channel *ch)
{
	return kt_i8254_counter_is_bcd(ch) ? 10000 : 65536;
}

static bool load_is_due(const struct kt_i8254_channel *ch)
{
	if (kt_i8254_counter_is_periodic(ch) || kt_i8254_counter_is_triggered(ch))
		return ch->load || ch->trigger;

	return ch->load;
}

static bool strobe_is_on(const struct kt_i8254_channel *ch)
{
	return is_strobe(ch) && !ch->out;
}

static bool is_frozen(const struct kt_i8254_channel *ch)
{
	if (!ch->loaded || ch->inhibit)
		return true;

	return !ch->gate && !kt_i8254_counter_is_triggered(ch);
}

/**
 * kt_i8254_counter_to_bcd() - a number in four decades
 * @val:	number
 *
 * Context: Any.
 * Return: @val modulo 10000 as a register shows it.
 */
u16 kt_i8254_counter_to_bcd(u32 val)
{
	return (val / 1000 % 10) << 12 | (val / 100 % 10) << 8 | (val / 10 % 10) << 4 | val % 10;
}

/**
 * kt_i8254_counter_init() - power-on state
 * @ch:		counter
 * @clk:	pulse to begin with
 * @gate:	GATE
 *
 * Context: Any.
 */
void kt_i8254_counter_init(struct kt_i8254_channel *ch, u64 clk, bool gate)
{
	*ch = (struct kt_i8254_channel) {
		.clk	= clk,
		.cw	= CW_POWER_ON,
		.out	= true,
		.null	= true,
		.gate	= gate,
	};
}

/**
 * kt_i8254_counter_set_cw() - take on a control word, and nothing else of its effects
 * @ch:		counter
 * @cw:		control word, less the counter's number
 *
 * Context: Any.
 */
void kt_i8254_counter_set_cw(struct kt_i8254_channel *ch, u8 cw)
{
	ch->cw = cw;
	ch->mode = kt_i8254_mode(cw);
}

/* Mode 3: pulses from here to the end of the half cycle. */
static u32 half_left(const struct kt_i8254_channel *ch)
{
	return ch->ce / 2 + (ch->out && ch->odd);
}

/* Modes 2 and 3: pulses from here to the start of the next period. */
static u32 period_left(const struct kt_i8254_channel *ch)
{
	if (ch->mode == 2)
		return ch->ce;

	return half_left(ch) + (ch->out ? ch->cr / 2 : 0);
}

/* Rising edges at CLK pulses, the newest of them at @clk. */
static void rise(struct kt_i8254_channel *ch, u64 clk, u64 edges)
{
	ch->edges += edges;
	ch->edge_ns = kt_i8254_counter_ns(clk);
}

/**
 * kt_i8254_counter_set_out() - the guest does what sets OUT at once, between two pulses
 * @ch:		counter, up to date
 * @out:	new level
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_i8254_counter_set_out(struct kt_i8254_channel *ch, bool out, u64 now)
{
	if (out && !ch->out) {
		ch->edges++;
		ch->edge_ns = max3(now, ch->edge_ns, kt_i8254_counter_ns(ch->clk));
	}
	ch->out = out;
}

static void reload(struct kt_i8254_channel *ch)
{
	ch->null = false;
	ch->odd = ch->mode == 3 && (ch->cr & 1);
	ch->ce = ch->cr - ch->odd;
}

/* What a pulse with a pending load or trigger does; it does not count. */
static void load_element(struct kt_i8254_channel *ch)
{
	reload(ch);
	ch->load = false;
	ch->trigger = false;
	ch->loaded = true;
	ch->armed = true;
	if (ch->mode == 1)
		ch->out = false;
}

static void run_one_shot(struct kt_i8254_channel *ch, u64 clks)
{
	u32 max = modulus(ch);
	u32 rest;

	if (ch->armed && clks >= ch->ce) {
		ch->armed = false;
		ch->out = !is_strobe(ch) || clks > ch->ce;
		if (ch->out)
			rise(ch, ch->clk + ch->ce + is_strobe(ch), 1);
	}

	div_u64_rem(clks, max, &rest);
	ch->ce = (ch->ce + max - rest) % max;
}

/* OUT is low while the element shows 1, and rises with the reload. */
static void run_mode2(struct kt_i8254_channel *ch, u64 clks)
{
	u64 first = ch->clk + ch->ce;
	u64 periods;
	u32 rest;

	if (clks < ch->ce) {
		ch->ce -= clks;
	} else {
		periods = div_u64_rem(clks - ch->ce, ch->cr, &rest);
		rise(ch, first + periods * ch->cr, periods + 1);
		reload(ch);
		ch->ce -= rest;
	}
	ch->out = ch->ce != 1;
}

/* To the end of the half cycle, if that is within @clks. Return: pulses left over. */
static u64 finish_half(struct kt_i8254_channel *ch, u64 clks)
{
	u32 half = half_left(ch);

	if (clks < half) {
		ch->ce -= 2 * clks;
		ch->clk += clks;
		return 0;
	}

	ch->clk += half;
	ch->out = !ch->out;
	if (ch->out)
		rise(ch, ch->clk, 1);
	reload(ch);

	return clks - half;
}

static void run_mode3(struct kt_i8254_channel *ch, u64 clks)
{
	u64 periods;
	u32 rest;

	/* A new count is taken at the end of a half: get to the start of a period first. */
	clks = finish_half(ch, clks);
	if (!ch->out)
		clks = finish_half(ch, clks);
	if (!clks)
		return;

	periods = div_u64_rem(clks, ch->cr, &rest);
	if (periods) {
		ch->clk += periods * ch->cr;
		rise(ch, ch->clk, periods);
	}
	finish_half(ch, finish_half(ch, rest));
}

static void run(struct kt_i8254_channel *ch, u64 clks)
{
	switch (ch->mode) {
	case 2:
		run_mode2(ch, clks);
		break;
	case 3:
		run_mode3(ch, clks);
		break;
	default:
		run_one_shot(ch, clks);
		break;
	}
}

/**
 * kt_i8254_counter_run() - whatever the pulses up to now do
 * @ch:		counter
 * @clk:	pulse to go to, not reached yet
 *
 * Context: Any.
 */
void kt_i8254_counter_run(struct kt_i8254_channel *ch, u64 clk)
{
	if (ch->cr) {
		/* No decrement can meet a strobe's end: take OUT ahead of it. */
		if (strobe_is_on(ch)) {
			ch->out = true;
			rise(ch, ch->clk + 1, 1);
		}
		if (load_is_due(ch)) {
			ch->clk++;
			load_element(ch);
		}
		if (!is_frozen(ch) && clk > ch->clk)
			run(ch, clk - ch->clk);
	}
	ch->trigger = false;
	ch->clk = clk;
}

/**
 * kt_i8254_counter_next_rise() - when OUT rises next
 * @counter:	up to date
 *
 * Context: Any.
 * Return: pulse, KT_NEVER if it takes the guest to get one.
 */
u64 kt_i8254_counter_next_rise(const struct kt_i8254_channel *counter)
{
	struct kt_i8254_channel ch = *counter;

	if (!ch.cr)
		return KT_NEVER;

	if (strobe_is_on(&ch))
		return ch.clk + 1;

	if (load_is_due(&ch)) {
		ch.clk++;
		load_element(&ch);
	}
	if (is_frozen(&ch))
		return KT_NEVER;

	if (kt_i8254_counter_is_periodic(&ch))
		return ch.clk + period_left(&ch);

	return ch.armed ? ch.clk + ch.ce + is_strobe(&ch) : KT_NEVER;
}

/*
 * One-shot modes: pulses since the load, modulo full turns of the element.
 * Past the terminal count the load itself is forgotten; any turn does.
 */
static u32 one_shot_elapsed(const struct kt_i8254_channel *ch)
{
	u32 max = modulus(ch);
	u32 elapsed, done;

	if (!ch->loaded)
		return ch->cr + 1;

	if (ch->armed)
		return ch->cr - min(ch->ce, ch->cr);

	done = ch->cr + (is_strobe(ch) && ch->out);
	elapsed = (ch->cr + max - ch->ce) % max;
	while (elapsed < done)
		elapsed += max;

	return elapsed;
}

/* Return: pulse at which the element was, or will be, loaded with the count register. */
static s64 load_clk(const struct kt_i8254_channel *ch)
{
	if (load_is_due(ch))
		return ch->clk + 1;

	/* Also right where the rest of this period still is of the count before. */
	if (kt_i8254_counter_is_periodic(ch))
		return ch->clk - (ch->cr - period_left(ch) % ch->cr) % ch->cr;

	return ch->clk - one_shot_elapsed(ch);
}

static s64 load_clk_to_ns(s64 clk)
{
	if (clk < 0)
		return -(s64)kt_model_scale(-clk, KT_I8254_CLK_DIV, KT_I8254_CLK_MUL);

	return min_t(u64, kt_i8254_counter_ns(clk), S64_MAX);
}

static s64 load_ns_to_clk(s64 ns)
{
	if (ns < 0)
		return -(s64)kt_model_scale_up(-(u64)ns, KT_I8254_CLK_MUL, KT_I8254_CLK_DIV);

	return kt_i8254_counter_clk(ns);
}

/**
 * kt_i8254_counter_save() - one counter of kt_i8254_get_state()
 * @ch:		counter, up to date
 * @st:		filled in
 *
 * Context: Any.
 */
void kt_i8254_counter_save(const struct kt_i8254_channel *ch, struct kt_i8254_channel_state *st)
{
	*st = (struct kt_i8254_channel_state) {
		.programmed	= ch->programmed,
		.counting	= ch->cr,
		.count		= ch->cr,
		.loaded_ns	= ch->cr ? load_clk_to_ns(load_clk(ch)) : 0,
		.mode		= (ch->cw >> KT_I8254_CW_MODE_SHIFT) & KT_I8254_CW_MODE_MASK,
		.bcd		= kt_i8254_counter_is_bcd(ch),
		.rw		= kt_i8254_counter_rw(ch),
		.gate		= ch->gate,
		.read_msb	= ch->read_msb,
		.write_msb	= ch->write_msb,
		.write_latch	= ch->write_msb ? ch->lsb : 0,
		.latch_bytes	= ch->latch_bytes,
		.latched_count	= ch->latch_bytes ? ch->latched_count : 0,
		.status_latched	= ch->status_latched,
		.status		= ch->status_latched ? ch->status : 0,
	};
}

/**
 * kt_i8254_counter_state_is_valid() - check one counter of kt_i8254_set_state()
 * @st:		to check
 *
 * Context: Any.
 * Return: whether all fields are in range.
 */
bool kt_i8254_counter_state_is_valid(const struct kt_i8254_channel_state *st)
{
	if (!st->programmed)
		return !st->counting;

	if (st->mode > KT_I8254_CW_MODE_MASK)
		return false;

	switch (st->rw) {
	case KT_I8254_RW_LSB:
	case KT_I8254_RW_MSB:
		if (st->read_msb || st->write_msb || st->latch_bytes > 1)
			return false;
		break;
	case KT_I8254_RW_BOTH:
		if (st->latch_bytes > 2)
			return false;
		break;
	default:
		return false;
	}

	return !st->counting || (st->count >= 1 && st->count <= (st->bcd ? 10000 : 65536));
}

/**
 * kt_i8254_counter_is_legal() - whether a counter can be like that
 * @ch:		counter
 * @clk:	pulse of now
 *
 * Context: Any.
 * Return: false if no guest brings it about.
 */
bool kt_i8254_counter_is_legal(const struct kt_i8254_channel *ch, u64 clk)
{
	u8 rw = kt_i8254_counter_rw(ch);
	u32 least = kt_i8254_counter_is_periodic(ch) ? 2 : 1;

	if (ch->clk > clk || ch->edge_ns > kt_i8254_counter_ns(clk + 1) || !rw ||
	    (ch->cw & ~KT_I8254_CW_KEPT) || ch->mode != kt_i8254_mode(ch->cw))
		return false;
	if (ch->latch_bytes > 2 || (rw != KT_I8254_RW_BOTH &&
				    (ch->latch_bytes > 1 || ch->read_msb || ch->write_msb)))
		return false;
	if (ch->cr && (ch->cr < least || ch->cr > modulus(ch)))
		return false;
	if (!ch->loaded)
		return ch->ce <= U16_MAX;
	if (!ch->cr || ch->ce > modulus(ch))
		return false;

	/* There is always a pulse left to the end of a period. */
	return ch->mode == 2 ? ch->ce : ch->mode != 3 || half_left(ch);
}

static void restore_periodic(struct kt_i8254_channel *ch, u64 elapsed)
{
	u32 high = ch->mode == 2 ? ch->cr - 1 : ch->cr - ch->cr / 2;
	u32 rest;

	div_u64_rem(elapsed, ch->cr, &rest);
	if (ch->mode == 2)
		ch->ce -= rest;
	else
		ch->ce -= 2 * (rest < high ? rest : rest - high);
	ch->out = rest < high || !ch->gate;
}

static void restore_one_shot(struct kt_i8254_channel *ch, u64 elapsed)
{
	u32 max = modulus(ch);
	u32 rest;

	ch->armed = elapsed < ch->cr;
	if (is_strobe(ch))
		ch->out = elapsed != ch->cr;
	else
		ch->out = !ch->armed && !ch->inhibit;

	/* Freshly loaded with the largest count the element is above its range. */
	div_u64_rem(elapsed, max, &rest);
	if (elapsed)
		ch->ce = (ch->cr + max - rest) % max;
}

/**
 * kt_i8254_counter_restore() - one counter of kt_i8254_set_state()
 * @ch:		counter, fresh from kt_i8254_counter_init()
 * @st:		valid state
 * @gate:	GATE
 *
 * Context: Any.
 */
void kt_i8254_counter_restore(struct kt_i8254_channel *ch,
			      const struct kt_i8254_channel_state *st, bool gate)
{
	s64 loaded;

	ch->gate = gate;
	if (!st->programmed)
		return;

	ch->programmed = true;
	kt_i8254_counter_set_cw(ch, st->rw << KT_I8254_CW_RW_SHIFT |
				st->mode << KT_I8254_CW_MODE_SHIFT | st->bcd);
	ch->out = ch->mode != 0;
	ch->read_msb = st->read_msb;
	ch->write_msb = st->write_msb;
	ch->lsb = st->write_latch;
	ch->inhibit = st->write_msb && ch->mode == 0;
	ch->latch_bytes = st->latch_bytes;
	ch->latched_count = st->latched_count;
	ch->status_latched = st->status_latched;
	ch->status = st->status;
	if (!st->counting)
		return;

	ch->cr = kt_i8254_counter_is_periodic(ch) ? max(st->count, 2U) : st->count;
	loaded = load_ns_to_clk(st->loaded_ns);
	if (loaded > (s64)ch->clk) {
		ch->load = true;
		return;
	}

	/* Put the element where it is so long after the load. */
	ch->loaded = true;
	reload(ch);
	if (kt_i8254_counter_is_periodic(ch))
		restore_periodic(ch, ch->clk - loaded);
	else
		restore_one_shot(ch, ch->clk - loaded);
}
