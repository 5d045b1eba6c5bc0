// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are a program of accesses and restores at any times, with
 * a TSC that goes on, is moved or changes its frequency. The model may never divide by
 * zero, overflow a shift or leave its own domain, and what it says of its edges must
 * hold together.
 */
#include <string.h>

#include <linux/errno.h>

#include "fuzz.h"
#include "lapic_timer.h"
#include "model.h"

#define MAX_OPS		400

#define LVTT		KT_LAPIC_TIMER_LVTT
#define TMICT		KT_LAPIC_TIMER_TMICT
#define TMCCT		KT_LAPIC_TIMER_TMCCT
#define TDCR		KT_LAPIC_TIMER_TDCR
#define DEADLINE	KT_LAPIC_TIMER_DEADLINE

#define MASKED		0x10000
#define MODE		0x60000
#define ONE_SHOT	0x00000
#define PERIODIC	0x20000
#define TSC_DEADLINE	0x40000

struct history {
	struct kt_lapic_timer	t;
	struct kt_lapic_clock	clock;
	u64			edges;
};

static u32 mode(const struct kt_lapic_timer *t)
{
	return t->lvtt & MODE;
}

/* The clock at another time, if nobody moves the TSC. */
static struct kt_lapic_clock clock_at(const struct kt_lapic_clock *clock, u64 now)
{
	struct kt_lapic_clock at = *clock;
	u64 cycles = kt_model_scale(now - clock->now, clock->tsc_khz, 1000000);

	at.now = now;
	at.tsc = cycles > U64_MAX - clock->tsc ? U64_MAX : clock->tsc + cycles;

	return at;
}

static u64 edges_at(const struct history *h, u64 now)
{
	struct kt_lapic_clock clock = clock_at(&h->clock, now);
	struct kt_lapic_timer t = h->t;

	return kt_lapic_timer_edges(&t, &clock);
}

static u64 last_edge_at(const struct history *h, u64 now)
{
	struct kt_lapic_clock clock = clock_at(&h->clock, now);
	struct kt_lapic_timer t = h->t;

	return kt_lapic_timer_last_edge(&t, &clock);
}

static u64 read_at(const struct history *h, enum kt_lapic_timer_reg reg)
{
	struct kt_lapic_timer t = h->t;

	return kt_lapic_timer_read(&t, reg, &h->clock);
}

static void check_deadline(const struct history *h)
{
	struct kt_lapic_timer t = h->t;
	u64 deadline = kt_lapic_timer_deadline(&t, &h->clock);
	u64 period = kt_lapic_timer_period(&t);
	u64 count = edges_at(h, h->clock.now);

	if (deadline == KT_NEVER) {
		/* The last one may fall on KT_NEVER itself. */
		REQUIRE(h->clock.now == U64_MAX || edges_at(h, U64_MAX - 1) == count);
		return;
	}

	REQUIRE(!(t.lvtt & MASKED) && t.enabled);
	REQUIRE(deadline > h->clock.now);
	REQUIRE(edges_at(h, deadline - 1) == count);
	REQUIRE(edges_at(h, deadline) == count + 1);
	REQUIRE(last_edge_at(h, deadline) == deadline);
	REQUIRE(period != KT_NEVER);
	REQUIRE(!period == (mode(&t) != PERIODIC));
	if (period && period < U64_MAX - deadline) {
		REQUIRE(edges_at(h, deadline + period - 1) == count + 1);
		REQUIRE(edges_at(h, deadline + period) == count + 2);
	}
}

static void check_registers(const struct history *h)
{
	u64 lvtt = read_at(h, LVTT);
	u64 tmict = read_at(h, TMICT);
	u64 tmcct = read_at(h, TMCCT);

	REQUIRE(!(lvtt & ~0x700ffULL));
	REQUIRE(h->t.enabled || (lvtt & MASKED));
	REQUIRE(tmict <= U32_MAX && tmcct <= tmict);
	/* Those who do not bring the timer up to date see the same. */
	REQUIRE(tmict == kt_lapic_timer_tmict(&h->t));
	REQUIRE(tmcct == kt_lapic_timer_count(&h->t, h->clock.now));
	REQUIRE(!(read_at(h, TDCR) & ~0xbULL));
	if (mode(&h->t) != TSC_DEADLINE)
		REQUIRE(!read_at(h, DEADLINE));
	else
		REQUIRE(!tmict);
	if (mode(&h->t) != ONE_SHOT && mode(&h->t) != PERIODIC)
		REQUIRE(!tmcct);
	REQUIRE(!h->t.left_ns || h->t.tmict);
}

/* To save and restore in the same place is to do nothing. */
static void check_state(const struct history *h)
{
	struct kt_lapic_timer_state state, again;
	struct kt_lapic_timer t = h->t, same = h->t;

	kt_lapic_timer_get_state(&t, &state, &h->clock);
	REQUIRE(!memcmp(&t, &same, sizeof(t)));
	REQUIRE(!kt_lapic_timer_set_state(&t, &state, &h->clock));
	kt_lapic_timer_get_state(&t, &again, &h->clock);
	REQUIRE(!memcmp(&state, &again, sizeof(state)));
	REQUIRE(kt_lapic_timer_edges(&t, &h->clock) == kt_lapic_timer_edges(&same, &h->clock));
	REQUIRE(kt_lapic_timer_deadline(&t, &h->clock) ==
		kt_lapic_timer_deadline(&same, &h->clock));
}

static void check(struct history *h)
{
	/* What was seen; a restore may undo what nobody has looked at. */
	REQUIRE(h->t.edges >= h->edges);
	REQUIRE(edges_at(h, h->clock.now) >= h->t.edges);
	h->edges = h->t.edges;
	check_deadline(h);
	check_registers(h);
	check_state(h);
}

/* A leap and one with a stop on the way end in the same state. */
static void go(struct history *h, struct input *in, u64 to)
{
	u64 stop = h->clock.now + (to > h->clock.now ? take(in, 8) % (to - h->clock.now) : 0);
	struct kt_lapic_clock there = clock_at(&h->clock, to);
	struct kt_lapic_clock half_way = clock_at(&h->clock, stop);
	struct kt_lapic_timer leap = h->t, stops = h->t;

	kt_lapic_timer_edges(&stops, &half_way);
	REQUIRE(kt_lapic_timer_edges(&leap, &there) == kt_lapic_timer_edges(&stops, &there));
	REQUIRE(kt_lapic_timer_deadline(&leap, &there) ==
		kt_lapic_timer_deadline(&stops, &there));
	REQUIRE(kt_lapic_timer_read(&leap, TMCCT, &there) ==
		kt_lapic_timer_read(&stops, TMCCT, &there));
	REQUIRE(kt_lapic_timer_read(&leap, DEADLINE, &there) ==
		kt_lapic_timer_read(&stops, DEADLINE, &there));
	REQUIRE(leap.edge_ns <= to);
	h->clock = there;
}

static void take_tsc(struct input *in, struct history *h)
{
	static const u32 frequencies[] = { 0, 1, 1000000, 2400000, 3999999, U32_MAX };
	u8 how = take(in, 1);

	kt_lapic_timer_edges(&h->t, &h->clock);
	switch (how & 3) {
	case 0:
		h->clock.tsc_khz = frequencies[(how >> 2) % 6];
		break;
	case 1:
		h->clock.tsc = take(in, 8) >> (how >> 2);
		break;
	case 2:
		h->clock.tsc += take(in, 3);
		break;
	default:
		h->clock.tsc -= take(in, 3);
		break;
	}
}

static void take_write(struct input *in, struct history *h, const struct kt_lapic_clock *clock)
{
	static const enum kt_lapic_timer_reg registers[] = {
		LVTT, TMICT, TDCR, DEADLINE, TMICT, DEADLINE, TMCCT,
	};
	u8 how = take(in, 1);
	enum kt_lapic_timer_reg reg = registers[(how & 7) % 7];
	u64 val;

	switch (reg) {
	case LVTT:
		val = how & 0x80 ? take(in, 8) : (u64)(how >> 3 & 7) << 16;
		break;
	case DEADLINE:
		val = how & 0x80 ? take(in, 8) : h->clock.tsc + take(in, 3) - 16;
		break;
	default:
		val = take(in, how & 0x80 ? 4 : 1);
		break;
	}
	kt_lapic_timer_write(&h->t, reg, val, clock);
}

/* Any state; a bad one changes nothing. */
static void take_state(struct input *in, struct history *h)
{
	struct kt_lapic_timer before = h->t;
	struct kt_lapic_timer_state state;
	u8 what = take(in, 1);
	int err;

	kt_lapic_timer_get_state(&h->t, &state, &h->clock);
	if (what & 0x01)
		state.deadline = take(in, 8) >> (take(in, 1) & 63);
	if (what & 0x02)
		state.lvtt = (take(in, 1) & 7) << 16;
	if (what & 0x04)
		state.tmict = take(in, 4);
	if (what & 0x08)
		state.tmcct = state.tmict / (1 + take(in, 1));
	if (what & 0x10)
		state.tdcr = take(in, 1) & 0xb;
	if (what & 0x20)
		state.enabled = take(in, 1) & 1;
	if (what & 0x40)
		state.lvtt |= take(in, 4);
	if (what & 0x80)
		state.tdcr |= take(in, 4);

	err = kt_lapic_timer_set_state(&h->t, &state, &h->clock);
	REQUIRE(!err || err == -EINVAL);
	if (err)
		REQUIRE(!memcmp(&before, &h->t, sizeof(before)));
}

static void take_op(struct input *in, struct history *h, u8 op)
{
	struct kt_lapic_clock past = h->clock;

	switch (op & 15) {
	case 0:
		/* Time in the past of what the timer has seen must be harmless. */
		kt_lapic_timer_edges(&h->t, &h->clock);
		past.now = take(in, 8) % (h->clock.now | 1);
		take_write(in, h, &past);
		break;
	case 1:
		kt_lapic_timer_reset(&h->t, &h->clock);
		REQUIRE(kt_lapic_timer_read(&h->t, LVTT, &h->clock) == MASKED);
		break;
	case 2:
		kt_lapic_timer_set_enabled(&h->t, take(in, 1) & 7, &h->clock);
		break;
	case 3:
	case 4:
		take_state(in, h);
		break;
	case 5:
	case 6:
		take_tsc(in, h);
		break;
	case 7:
		kt_lapic_timer_read(&h->t, LVTT, &h->clock);
		break;
	default:
		take_write(in, h, &h->clock);
		break;
	}
}

static u64 next_now(struct input *in, const struct history *h, u8 op)
{
	struct kt_lapic_timer t = h->t;
	u64 deadline = kt_lapic_timer_deadline(&t, &h->clock);

	if (op >> 5 == 7 && deadline != KT_NEVER)
		return deadline;

	return take_now(in, h->clock.now, op, 2);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	struct history h;
	unsigned int ops;

	memset(&h, 0, sizeof(h));
	h.clock.now = take(&in, 8) >> (take(&in, 1) & 63);
	h.clock.tsc = take(&in, 8) >> (take(&in, 1) & 63);
	h.clock.tsc_khz = 2400000;
	kt_lapic_timer_init(&h.t, take(&in, 1) & 1 ? KT_LAPIC_TIMER_CYCLE_NS :
			    1 + take(&in, 2) % KT_LAPIC_TIMER_MAX_CYCLE_NS);
	kt_lapic_timer_set_enabled(&h.t, true, &h.clock);

	for (ops = 0; in.left && ops < MAX_OPS; ops++) {
		u8 op = take(&in, 1);

		go(&h, &in, next_now(&in, &h, op));
		take_op(&in, &h, op);
		check(&h);
	}

	return 0;
}
