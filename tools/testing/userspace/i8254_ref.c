// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference 8254: written from the rules of the datasheet, pulse by pulse,
 * and sharing nothing with the model, not even its arithmetic.
 */
#include <string.h>

#include "i8254_ref.h"

/* 105/88 MHz. Return: guest time of pulse @clk in ns, rounded up. */
static uint64_t pulse_ns(uint64_t clk)
{
	return ((unsigned __int128)clk * 88000 + 104) / 105;
}

static int top(const struct ref_counter *c)
{
	return c->bcd ? 10000 : 65536;
}

static unsigned int encode(const struct ref_counter *c, int value)
{
	unsigned int digits = 0;
	int i;

	value %= top(c);
	if (!c->bcd)
		return value;

	for (i = 0; i < 4; i++) {
		digits |= (value % 10) << (4 * i);
		value /= 10;
	}

	return digits;
}

static int decode(const struct ref_counter *c, unsigned int bits)
{
	int value = 0;
	int i;

	if (!c->bcd)
		return bits ? (int)bits : 65536;

	for (i = 3; i >= 0; i--) {
		int digit = (bits >> (4 * i)) & 15;

		value = value * 10 + (digit > 9 ? 9 : digit);
	}

	return value ? value : 10000;
}

static unsigned int visible(const struct ref_counter *c)
{
	return c->running ? encode(c, c->value) : c->image;
}

static void drive(struct ref_counter *c, bool out, uint64_t ns)
{
	if (out && !c->out) {
		c->edges++;
		c->last_edge = ns;
	}
	c->out = out;
}

static void count_one(struct ref_counter *c)
{
	c->value = (c->value + top(c) - 1) % top(c);
}

/* CR into CE. Mode 3 takes even numbers only. */
static void transfer(struct ref_counter *c)
{
	c->odd_half = c->mode == 3 && c->reload % 2;
	c->value = c->reload - c->odd_half;
	c->null = false;
	c->load = false;
	c->running = true;
	c->waiting_zero = true;
}

static void pulse_mode_0(struct ref_counter *c, uint64_t ns)
{
	if (c->load) {
		transfer(c);
	} else if (c->gate && !c->half_written) {
		count_one(c);
		if (c->value == 0 && c->waiting_zero) {
			c->waiting_zero = false;
			drive(c, true, ns);
		}
	}
}

static void pulse_mode_1(struct ref_counter *c, bool trigger, uint64_t ns)
{
	if (trigger) {
		transfer(c);
		drive(c, false, ns);
	} else if (c->running) {
		count_one(c);
		if (c->value == 0 && c->waiting_zero) {
			c->waiting_zero = false;
			drive(c, true, ns);
		}
	}
}

static void pulse_mode_2(struct ref_counter *c, bool trigger, uint64_t ns)
{
	if (c->load || trigger) {
		transfer(c);
		drive(c, true, ns);
	} else if (c->gate) {
		if (c->value == 1) {
			transfer(c);
			drive(c, true, ns);
		} else {
			c->value--;
			drive(c, c->value != 1, ns);
		}
	}
}

static void pulse_mode_3(struct ref_counter *c, bool trigger, uint64_t ns)
{
	int last;

	if (c->load || trigger) {
		transfer(c);
		drive(c, true, ns);
	} else if (c->gate) {
		/* An odd count's high half shows one 0; all other halves stop at 2. */
		last = c->out && c->odd_half ? 0 : 2;
		if (c->value == last) {
			transfer(c);
			drive(c, !c->out, ns);
		} else {
			c->value -= 2;
		}
	}
}

static void pulse_mode_45(struct ref_counter *c, bool trigger, uint64_t ns)
{
	bool load = c->mode == 4 ? c->load : trigger;
	bool run = c->mode == 4 ? c->gate : c->running;

	/* A strobe lasts one pulse, whatever else that pulse does. */
	drive(c, true, ns);
	if (load) {
		transfer(c);
	} else if (run) {
		count_one(c);
		if (c->value == 0 && c->waiting_zero) {
			c->waiting_zero = false;
			drive(c, false, ns);
		}
	}
}

static void pulse(struct ref_counter *c, uint64_t ns)
{
	bool trigger = c->gate_rose;

	c->gate_rose = false;
	if (!c->have_count)
		return;

	switch (c->mode) {
	case 0:
		pulse_mode_0(c, ns);
		break;
	case 1:
		pulse_mode_1(c, trigger, ns);
		break;
	case 2:
		pulse_mode_2(c, trigger, ns);
		break;
	case 3:
		pulse_mode_3(c, trigger, ns);
		break;
	default:
		pulse_mode_45(c, trigger, ns);
		break;
	}
}

void ref_init(struct ref_pit *p, uint64_t now)
{
	int i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < 3; i++) {
		p->c[i].out = true;
		p->c[i].null = true;
		p->c[i].gate = i != 2;
		p->c[i].rw = 3;
		p->c[i].cw = 0x30;
		p->c[i].latched_status = -1;
	}
	p->now = now;
	p->clk = (unsigned __int128)now * 105 / 88000;
	p->toggle = p->clk / 18 % 2;
}

static void step(struct ref_pit *p)
{
	uint64_t before = p->c[1].edges;
	uint64_t ns;
	int i;

	p->clk++;
	ns = pulse_ns(p->clk);
	for (i = 0; i < 3; i++)
		pulse(&p->c[i], ns);

	if (p->c[1].programmed ? p->c[1].edges != before : p->clk % 18 == 0)
		p->toggle = !p->toggle;
}

/* All pulses up to and including those at @now. */
void ref_go(struct ref_pit *p, uint64_t now)
{
	while (pulse_ns(p->clk + 1) <= now)
		step(p);
	p->now = now;
}

static void latch(struct ref_counter *c)
{
	if (c->latched_left)
		return;

	c->latched = visible(c);
	c->latched_left = c->rw == 3 ? 2 : 1;
}

static void latch_status(struct ref_counter *c)
{
	if (c->latched_status < 0)
		c->latched_status = c->out * 128 + c->null * 64 + c->cw;
}

static void command(struct ref_pit *p, struct ref_counter *c, uint8_t val)
{
	bool old_out = c->out;

	c->image = visible(c);
	c->running = false;
	c->programmed = true;
	c->cw = val & 0x3f;
	c->rw = (val >> 4) & 3;
	c->mode = (val >> 1) & 7;
	if (c->mode > 5)
		c->mode -= 4;
	c->bcd = val & 1;
	c->have_count = false;
	c->null = true;
	c->load = false;
	c->gate_rose = false;
	c->half_written = false;
	c->read_second = false;
	c->waiting_zero = false;
	c->latched_left = 0;
	c->latched_status = -1;
	drive(c, c->mode != 0, p->now);
	if (c == &p->c[1] && c->out && !old_out)
		p->toggle = !p->toggle;
}

static void control(struct ref_pit *p, uint8_t val)
{
	int i;

	if (val >> 6 != 3) {
		if (val & 0x30)
			command(p, &p->c[val >> 6], val);
		else
			latch(&p->c[val >> 6]);
		return;
	}

	for (i = 0; i < 3; i++) {
		if (!(val & (2 << i)))
			continue;
		if (!(val & 0x20))
			latch(&p->c[i]);
		if (!(val & 0x10))
			latch_status(&p->c[i]);
	}
}

void ref_write(struct ref_pit *p, unsigned int port, uint8_t val)
{
	struct ref_counter *c = &p->c[port];
	unsigned int bits;

	if (port == 3) {
		control(p, val);
		return;
	}
	if (!c->programmed)
		return;

	if (c->rw == 3 && !c->half_written) {
		c->low_byte = val;
		c->half_written = true;
		if (c->mode == 0)
			c->out = false;
		return;
	}

	bits = c->rw == 1 ? val : val << 8;
	if (c->rw == 3)
		bits |= c->low_byte;
	c->half_written = false;
	c->reload = decode(c, bits);
	if ((c->mode == 2 || c->mode == 3) && c->reload == 1)
		c->reload = 2;
	c->have_count = true;
	c->null = true;
	if (c->mode == 0)
		c->out = false;
	if (c->mode == 0 || c->mode == 4)
		c->load = true;
	if ((c->mode == 2 || c->mode == 3) && !c->running)
		c->load = true;
}

uint8_t ref_read(struct ref_pit *p, unsigned int port)
{
	struct ref_counter *c = &p->c[port];
	unsigned int bits;
	bool high;

	if (port == 3)
		return 0;

	if (c->latched_status >= 0) {
		bits = c->latched_status;
		c->latched_status = -1;
		return bits;
	}

	if (c->latched_left) {
		high = c->rw == 2 || (c->rw == 3 && c->latched_left == 1);
		c->latched_left--;
		bits = c->latched;
	} else {
		high = c->rw == 2 || (c->rw == 3 && c->read_second);
		if (c->rw == 3)
			c->read_second = !c->read_second;
		bits = visible(c);
	}

	return high ? bits >> 8 : bits & 0xff;
}

void ref_write_port61(struct ref_pit *p, uint8_t val)
{
	struct ref_counter *c = &p->c[2];

	p->port61 = val & 15;
	if ((val & 1) && !c->gate)
		c->gate_rose = true;
	c->gate = val & 1;
	if (!c->gate && (c->mode == 2 || c->mode == 3))
		drive(c, true, p->now);
}

uint8_t ref_read_port61(const struct ref_pit *p)
{
	return p->port61 | p->toggle << 4 | p->c[2].out << 5;
}

/* Return: time of counter 0's next edge, or UINT64_MAX if there is none in @limit pulses. */
uint64_t ref_next_edge(const struct ref_pit *p, uint64_t limit)
{
	struct ref_counter c = p->c[0];
	uint64_t before = c.edges;
	uint64_t clk;

	for (clk = p->clk + 1; clk <= p->clk + limit; clk++) {
		pulse(&c, pulse_ns(clk));
		if (c.edges != before)
			return pulse_ns(clk);
	}

	return UINT64_MAX;
}
