// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel 8254 programmable interval timer and port 0x61, as a pure model.
 *
 * Time inside is an integer number of CLK pulses, so nothing is ever rounded
 * twice: pulse k comes at ceil(k * 17600 / 21) ns of guest time. Each counter is
 * brought up to date when somebody looks at it. This file is the bus side;
 * i8254_counter.c is what happens at the pulses.
 *
 * Time that goes backwards is no time at all.
 *
 * Where the datasheet leaves the behaviour open: a count of 1 in modes 2 and 3
 * counts as 2, a BCD digit above 9 as 9, a control word drops a latched status
 * too, counts for a counter that has no control word yet are ignored, and the
 * element keeps its old value until a load.
 *
 * Not modelled: parity and channel check of port 0x61 (bits 7:6 read 0).
 */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "i8254.h"
#include "i8254_counter.h"

#define CW_SELECT_SHIFT		6
#define SELECT_READ_BACK	3

/* Read-back command: both requests are active low. */
#define READ_BACK_NO_COUNT	0x20
#define READ_BACK_NO_STATUS	0x10
#define READ_BACK_COUNTER_0	0x02

#define STATUS_OUT		0x80
#define STATUS_NULL		0x40

#define PORT61_GATE2		0x01
#define PORT61_WRITABLE		0x0f
#define PORT61_REFRESH		0x10
#define PORT61_OUT2		0x20

#define GATED_COUNTER		2
#define REFRESH_COUNTER		1
#define REFRESH_CLKS		18

/* Return: the number which a count register means, never 0. */
static u32 from_register(u16 reg, bool bcd)
{
	u32 val = 0;
	int shift;

	if (!bcd)
		return reg ? reg : 65536;

	for (shift = 12; shift >= 0; shift -= 4)
		val = val * 10 + min((reg >> shift) & 0xf, 9);

	return val ? val : 10000;
}

static u8 status_byte(const struct kt_i8254_channel *ch)
{
	return (ch->out ? STATUS_OUT : 0) | (ch->null ? STATUS_NULL : 0) | ch->cw;
}

static void write_control(struct kt_i8254_channel *ch, u8 val, u64 now)
{
	/* The bits of the element stay, whatever the last mode took them for. */
	ch->ce = kt_i8254_counter_element(ch);
	kt_i8254_counter_set_cw(ch, val & KT_I8254_CW_KEPT);
	ch->cr = 0;
	ch->programmed = true;
	ch->null = true;
	ch->trigger = false;
	ch->load = false;
	ch->loaded = false;
	ch->armed = false;
	ch->odd = false;
	ch->inhibit = false;
	ch->write_msb = false;
	ch->read_msb = false;
	ch->latch_bytes = 0;
	ch->status_latched = false;
	kt_i8254_counter_set_out(ch, ch->mode != 0, now);
}

static void write_first_byte(struct kt_i8254_channel *ch, u8 val)
{
	ch->lsb = val;
	ch->write_msb = true;
	if (ch->mode == 0) {
		ch->inhibit = true;
		ch->out = false;
	}
}

static void write_complete(struct kt_i8254_channel *ch, u16 reg)
{
	ch->write_msb = false;
	ch->inhibit = false;
	ch->null = true;
	ch->cr = from_register(reg, kt_i8254_counter_is_bcd(ch));

	if (kt_i8254_counter_is_periodic(ch)) {
		ch->cr = max(ch->cr, 2U);
		/* A running counter takes it at its next reload. */
		if (!ch->loaded)
			ch->load = true;
	} else if (!kt_i8254_counter_is_triggered(ch)) {
		ch->load = true;
	}
	if (ch->mode == 0)
		ch->out = false;
}

static void write_count(struct kt_i8254_channel *ch, u8 val)
{
	if (!ch->programmed)
		return;

	switch (kt_i8254_counter_rw(ch)) {
	case KT_I8254_RW_LSB:
		write_complete(ch, val);
		break;
	case KT_I8254_RW_MSB:
		write_complete(ch, val << 8);
		break;
	default:
		if (ch->write_msb)
			write_complete(ch, val << 8 | ch->lsb);
		else
			write_first_byte(ch, val);
		break;
	}
}

static void latch_count(struct kt_i8254_channel *ch)
{
	if (ch->latch_bytes)
		return;

	ch->latched_count = kt_i8254_counter_element(ch);
	ch->latch_bytes = kt_i8254_counter_rw(ch) == KT_I8254_RW_BOTH ? 2 : 1;
}

static void latch_status(struct kt_i8254_channel *ch)
{
	if (ch->status_latched)
		return;

	ch->status = status_byte(ch);
	ch->status_latched = true;
}

static void read_back(struct kt_i8254 *pit, u8 val, u64 now)
{
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		if (!(val & (READ_BACK_COUNTER_0 << i)))
			continue;

		kt_i8254_counter_advance(&pit->ch[i], kt_i8254_counter_clk(now));
		if (!(val & READ_BACK_NO_COUNT))
			latch_count(&pit->ch[i]);
		if (!(val & READ_BACK_NO_STATUS))
			latch_status(&pit->ch[i]);
	}
}

static void write_command(struct kt_i8254 *pit, u8 val, u64 now)
{
	unsigned int select = val >> CW_SELECT_SHIFT;
	struct kt_i8254_channel *ch;

	if (select == SELECT_READ_BACK) {
		read_back(pit, val, now);
		return;
	}

	ch = &pit->ch[select];
	kt_i8254_counter_advance(ch, kt_i8254_counter_clk(now));
	if (((val >> KT_I8254_CW_RW_SHIFT) & KT_I8254_CW_RW_MASK) == KT_I8254_RW_LATCH) {
		latch_count(ch);
		return;
	}

	/* From here on OUT1 asks for refreshes. The toggle goes on from where it is. */
	if (select == REFRESH_COUNTER && !ch->programmed)
		ch->edges = div_u64(ch->clk, REFRESH_CLKS);
	write_control(ch, val, now);
}

static u8 read_latch(struct kt_i8254_channel *ch)
{
	bool msb = kt_i8254_counter_rw(ch) == KT_I8254_RW_MSB;

	if (kt_i8254_counter_rw(ch) == KT_I8254_RW_BOTH)
		msb = ch->latch_bytes == 1;
	ch->latch_bytes--;

	return msb ? ch->latched_count >> 8 : ch->latched_count;
}

/* A byte of what the counting element shows. */
static u8 read_live(struct kt_i8254_channel *ch, u16 val)
{
	bool msb = kt_i8254_counter_rw(ch) == KT_I8254_RW_MSB;

	if (kt_i8254_counter_rw(ch) == KT_I8254_RW_BOTH) {
		msb = ch->read_msb;
		ch->read_msb = !msb;
	}

	return msb ? val >> 8 : val;
}

/* Out of line, so that the usual read saves no registers. */
static noinline u8 read_any(struct kt_i8254_channel *ch, u64 clk)
{
	kt_i8254_counter_advance(ch, clk);
	if (ch->status_latched) {
		ch->status_latched = false;
		return ch->status;
	}

	return ch->latch_bytes ? read_latch(ch) : read_live(ch, kt_i8254_counter_element(ch));
}

static void set_gate(struct kt_i8254_channel *ch, bool gate, u64 now)
{
	if (gate && !ch->gate)
		ch->trigger = true;
	if (!gate && kt_i8254_counter_is_periodic(ch))
		kt_i8254_counter_set_out(ch, true, now);
	ch->gate = gate;
}

/**
 * kt_i8254_init() - power-on state
 * @pit:	device
 * @now:	guest time, ns
 *
 * No counter is programmed, every OUT is high, and no edge has been seen.
 *
 * Context: Any.
 */
void kt_i8254_init(struct kt_i8254 *pit, u64 now)
{
	unsigned int i;

	pit->port61 = 0;
	for (i = 0; i < KT_I8254_CHANNELS; i++)
		kt_i8254_counter_init(&pit->ch[i], kt_i8254_counter_clk(now), i != GATED_COUNTER);
}

/**
 * kt_i8254_write() - the guest writes a byte to one of the ports 0x40 to 0x43
 * @pit:	device
 * @port:	which
 * @val:	byte
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_i8254_write(struct kt_i8254 *pit, enum kt_i8254_port port, u8 val, u64 now)
{
	if (port == KT_I8254_CONTROL) {
		write_command(pit, val, now);
	} else if (port < KT_I8254_CHANNELS) {
		kt_i8254_counter_advance(&pit->ch[port], kt_i8254_counter_clk(now));
		write_count(&pit->ch[port], val);
	}
}

/**
 * kt_i8254_read() - the guest reads a byte from one of the ports 0x40 to 0x43
 * @pit:	device
 * @port:	which
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: the byte; the control port reads 0.
 */
u8 kt_i8254_read(struct kt_i8254 *pit, enum kt_i8254_port port, u64 now)
{
	struct kt_i8254_channel *ch = &pit->ch[port];
	u64 clk = kt_i8254_counter_clk(now);

	if (port >= KT_I8254_CHANNELS)
		return 0;

	if (!kt_i8254_counter_only_decrements(ch, clk) || kt_i8254_counter_is_bcd(ch) ||
	    ch->status_latched || ch->latch_bytes)
		return read_any(ch, clk);

	kt_i8254_counter_decrement(ch, clk);

	return read_live(ch, ch->ce);
}

/**
 * kt_i8254_write_port61() - the guest writes port 0x61
 * @pit:	device
 * @val:	byte; bit 0 is counter 2's GATE
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_i8254_write_port61(struct kt_i8254 *pit, u8 val, u64 now)
{
	struct kt_i8254_channel *ch = &pit->ch[GATED_COUNTER];

	kt_i8254_counter_advance(ch, kt_i8254_counter_clk(now));
	pit->port61 = val & PORT61_WRITABLE;
	set_gate(ch, val & PORT61_GATE2, now);
}

/**
 * kt_i8254_read_port61() - the guest reads port 0x61
 * @pit:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: the latched bits, the refresh toggle in bit 4, OUT2 in bit 5.
 */
u8 kt_i8254_read_port61(struct kt_i8254 *pit, u64 now)
{
	struct kt_i8254_channel *refresh = &pit->ch[REFRESH_COUNTER];
	struct kt_i8254_channel *gated = &pit->ch[GATED_COUNTER];
	u8 val = pit->port61;
	u64 requests;

	kt_i8254_counter_advance(refresh, kt_i8254_counter_clk(now));
	kt_i8254_counter_advance(gated, kt_i8254_counter_clk(now));

	requests = refresh->programmed ? refresh->edges : div_u64(refresh->clk, REFRESH_CLKS);
	if (requests & 1)
		val |= PORT61_REFRESH;
	if (gated->out)
		val |= PORT61_OUT2;

	return val;
}

/**
 * kt_i8254_run() - let the time pass that has passed
 * @pit:	device
 * @now:	guest time, ns
 *
 * Nothing that can be seen changes: what is asked for this instant takes less from here on.
 *
 * Context: Any; the caller serializes calls.
 */
void kt_i8254_run(struct kt_i8254 *pit, u64 now)
{
	kt_i8254_counter_advance(&pit->ch[0], kt_i8254_counter_clk(now));
}

/**
 * kt_i8254_edges() - count the interrupt requests
 * @pit:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: rising edges of OUT0 since init, never decreasing in @now.
 */
u64 kt_i8254_edges(const struct kt_i8254 *pit, u64 now)
{
	struct kt_i8254_channel ch = pit->ch[0];

	kt_i8254_counter_advance(&ch, kt_i8254_counter_clk(now));

	return ch.edges;
}

/**
 * kt_i8254_deadline() - when the next interrupt request is due
 * @pit:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: guest time in ns of the first rising edge of OUT0 after @now, the first
 * nanosecond at which kt_i8254_edges() counts it; KT_NEVER if there is none
 * unless the guest does something.
 */
u64 kt_i8254_deadline(const struct kt_i8254 *pit, u64 now)
{
	struct kt_i8254_channel ch = pit->ch[0];

	kt_i8254_counter_advance(&ch, kt_i8254_counter_clk(now));

	return kt_i8254_counter_ns(kt_i8254_counter_next_rise(&ch));
}

/**
 * kt_i8254_last_edge() - when the last interrupt request was made
 * @pit:	device
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: guest time in ns of the newest edge which kt_i8254_edges() counts, 0 if
 * there has been none.
 */
u64 kt_i8254_last_edge(const struct kt_i8254 *pit, u64 now)
{
	struct kt_i8254_channel ch = pit->ch[0];

	kt_i8254_counter_advance(&ch, kt_i8254_counter_clk(now));

	return ch.edge_ns;
}

/**
 * kt_i8254_period() - distance of the interrupt requests
 * @pit:	device
 *
 * For display and policy only: edges and deadlines do not come from this rounded
 * value. A new count shows as soon as it has been written.
 *
 * Context: Any.
 * Return: period of counter 0 in ns, rounded down; 0 in a one-shot mode;
 * KT_NEVER if the counter has not been given a count.
 */
u64 kt_i8254_period(const struct kt_i8254 *pit)
{
	const struct kt_i8254_channel *ch = &pit->ch[0];

	if (!ch->cr)
		return KT_NEVER;

	if (!kt_i8254_counter_is_periodic(ch))
		return 0;

	return kt_model_scale(ch->cr, KT_I8254_CLK_DIV, KT_I8254_CLK_MUL);
}

/**
 * kt_i8254_get_state() - what a VMM can save
 * @pit:	device
 * @state:	filled in
 * @now:	guest time, ns
 *
 * The format has one count and one time for each counter. So a count which the
 * element has not taken yet is saved as taken, in phase with the edges to come,
 * and an element which has never been loaded is not saved. A load which is due
 * with the next CLK pulse has its time in the future.
 *
 * Context: Any.
 */
void kt_i8254_get_state(const struct kt_i8254 *pit, struct kt_i8254_state *state, u64 now)
{
	struct kt_i8254_channel ch;
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		ch = pit->ch[i];
		kt_i8254_counter_advance(&ch, kt_i8254_counter_clk(now));
		kt_i8254_counter_save(&ch, &state->ch[i]);
	}
	state->port61 = pit->port61;
}

/**
 * kt_i8254_set_state() - take on what kt_i8254_get_state() has saved
 * @pit:	device
 * @state:	to take on. Of an unprogrammed counter only the GATE is looked at, and
 *		only counter 2's; it overrides bit 0 of @port61
 * @now:	guest time, ns; may be before any time used so far
 *
 * This is no edge, whatever it does to OUT: the edge count goes on from where it is.
 *
 * Context: Any.
 * Return: 0, or -EINVAL if a field is out of range, and nothing has changed.
 */
int kt_i8254_set_state(struct kt_i8254 *pit, const struct kt_i8254_state *state, u64 now)
{
	u64 clk = kt_i8254_counter_clk(now);
	unsigned int i;

	if (state->port61 & ~PORT61_WRITABLE)
		return -EINVAL;

	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		if (!kt_i8254_counter_state_is_valid(&state->ch[i]))
			return -EINVAL;
	}

	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		struct kt_i8254_channel *ch = &pit->ch[i];
		u64 edges, edge_ns;

		kt_i8254_counter_advance(ch, clk);
		if (i == REFRESH_COUNTER && state->ch[i].programmed && !ch->programmed)
			ch->edges = div_u64(ch->clk, REFRESH_CLKS);
		edges = ch->edges;
		edge_ns = min(ch->edge_ns, now);

		kt_i8254_counter_init(ch, clk, true);
		ch->edges = edges;
		ch->edge_ns = edge_ns;
		kt_i8254_counter_restore(ch, &state->ch[i],
					 i != GATED_COUNTER || state->ch[i].gate);
	}

	pit->port61 = state->port61 & ~PORT61_GATE2;
	if (pit->ch[GATED_COUNTER].gate)
		pit->port61 |= PORT61_GATE2;

	return 0;
}

/**
 * kt_i8254_is_legal() - whether the device can be like that
 * @pit:	device, not to be used before it has been asked
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: false if no guest brings it about.
 */
bool kt_i8254_is_legal(const struct kt_i8254 *pit, u64 now)
{
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		if (!kt_i8254_counter_is_legal(&pit->ch[i], kt_i8254_counter_clk(now)))
			return false;
		if (i != GATED_COUNTER && !pit->ch[i].gate)
			return false;
	}

	return !(pit->port61 & ~PORT61_WRITABLE) &&
	       pit->ch[GATED_COUNTER].gate == !!(pit->port61 & PORT61_GATE2);
}
