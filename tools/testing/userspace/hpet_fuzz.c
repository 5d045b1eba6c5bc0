// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are a program of accesses of any width, anywhere, at any
 * times. The model may never divide by zero, overflow a shift or leave its own domain,
 * and what it says of its edges must hold together.
 */
#include <string.h>

#include "fuzz.h"
#include "hpet.h"
#include "model.h"

#define MAX_OPS		400
#define FS_PER_NS	1000000

#define GEN_CONF	0x010
#define GINTR_STA	0x020
#define MAIN_CNT	0x0f0

#define LEVEL		0x0002
#define INT_ENB		0x0004
#define MODE32		0x0100

struct history {
	struct kt_hpet	hpet;
	u64		now;
	u64		edges[KT_HPET_MAX_TIMERS];
};

static void check_same(const struct kt_hpet *a, const struct kt_hpet *b)
{
	unsigned int n;

	for (n = 0; n < a->params.timers; n++) {
		const struct kt_hpet_timer *x = &a->timer[n], *y = &b->timer[n];

		REQUIRE(x->seen_ns == y->seen_ns && x->pending == y->pending);
		REQUIRE(x->comparator == y->comparator && x->period == y->period);
		REQUIRE(x->edges == y->edges && x->edge_ns == y->edge_ns);
	}
}

static void check_deadline(const struct kt_hpet *hpet, unsigned int n, u64 now)
{
	u64 deadline = kt_hpet_deadline(hpet, n, now);
	u64 count = kt_hpet_edges(hpet, n, now);

	if (deadline == KT_NEVER) {
		/* The last one may fall on KT_NEVER itself. */
		REQUIRE(now == U64_MAX || kt_hpet_edges(hpet, n, U64_MAX - 1) == count);
		return;
	}

	REQUIRE(kt_hpet_enabled(hpet));
	REQUIRE(deadline > now);
	REQUIRE(kt_hpet_edges(hpet, n, deadline - 1) == count);
	REQUIRE(kt_hpet_last_edge(hpet, n, deadline) == deadline);
	if (hpet->params.period_fs >= FS_PER_NS)
		REQUIRE(kt_hpet_edges(hpet, n, deadline) == count + 1);
	else
		REQUIRE(kt_hpet_edges(hpet, n, deadline) > count);
}

static void check_timer(struct history *h, unsigned int n)
{
	const struct kt_hpet *hpet = &h->hpet;
	const struct kt_hpet_timer *t = &hpet->timer[n];
	u64 count = kt_hpet_edges(hpet, n, h->now);

	REQUIRE(!(t->config & ~0x7f4e));
	REQUIRE(!(t->config & MODE32) || (t->comparator <= U32_MAX && t->period <= U32_MAX));
	REQUIRE(!t->pending || (t->config & LEVEL));
	REQUIRE(count >= h->edges[n]);
	h->edges[n] = count;

	check_deadline(hpet, n, h->now);
	REQUIRE(kt_hpet_period(hpet, n) == KT_NEVER ||
		(kt_hpet_enabled(hpet) && (t->config & INT_ENB)));
	REQUIRE(kt_hpet_pin(hpet, n) < 32);
	REQUIRE(kt_hpet_fsb(hpet, n) == t->fsb);
	REQUIRE(!kt_hpet_line(hpet, n, h->now) || kt_hpet_is_level(hpet, n));
	if (kt_hpet_route(hpet, n) == KT_HPET_ROUTE_FSB)
		REQUIRE(!kt_hpet_is_level(hpet, n));
	if (kt_hpet_route(hpet, n) == KT_HPET_ROUTE_LEGACY)
		REQUIRE(kt_hpet_legacy(hpet) && n < 2);
	if (kt_hpet_route(hpet, n) == KT_HPET_ROUTE_PIN)
		REQUIRE(hpet->params.route_cap >> kt_hpet_pin(hpet, n) & 1);
}

static void check(struct history *h)
{
	unsigned int n;

	REQUIRE(h->hpet.config <= 3);
	for (n = 0; n < h->hpet.params.timers; n++)
		check_timer(h, n);
	for (; n < KT_HPET_MAX_TIMERS; n++)
		REQUIRE(!h->hpet.timer[n].edges && h->hpet.timer[n].comparator == U64_MAX);
}

/* A leap and one with a stop on the way end in the same state, and the counter is exact. */
static void go(struct history *h, struct input *in, u64 to)
{
	u64 on_the_way = h->now + (to > h->now ? take(in, 8) % (to - h->now) : 0);
	u64 counter = kt_hpet_counter(&h->hpet, h->now);
	struct kt_hpet leap = h->hpet;
	struct kt_hpet stop = h->hpet;
	u64 ns = to - h->hpet.base_ns;

	kt_hpet_read(&leap, GINTR_STA, 8, to);
	kt_hpet_read(&stop, GINTR_STA, 8, on_the_way);
	kt_hpet_read(&stop, GINTR_STA, 8, to);
	check_same(&leap, &stop);

	if (kt_hpet_enabled(&h->hpet) && to >= h->hpet.base_ns)
		REQUIRE(kt_hpet_counter(&h->hpet, to) - h->hpet.base ==
			(u64)((unsigned __int128)ns * FS_PER_NS / h->hpet.params.period_fs));
	else
		REQUIRE(kt_hpet_counter(&h->hpet, to) == counter);
	h->now = to;
}

static u64 next_now(struct input *in, const struct history *h, u8 op)
{
	unsigned int n = (op >> 4) % h->hpet.params.timers;
	u64 gap = 0;

	switch (op & 3) {
	case 0:
		gap = take(in, 2);
		break;
	case 1:
		gap = take(in, 4);
		break;
	case 2:
		gap = take(in, 8) >> (take(in, 1) & 63);
		break;
	default:
		if (kt_hpet_deadline(&h->hpet, n, h->now) != KT_NEVER)
			gap = kt_hpet_deadline(&h->hpet, n, h->now) - h->now;
		break;
	}

	return gap > U64_MAX - h->now ? U64_MAX : h->now + gap;
}

/* A register that there is, or any address. */
static u32 take_offset(struct input *in, const struct history *h)
{
	static const u32 registers[] = { 0, GEN_CONF, GEN_CONF, GINTR_STA, MAIN_CNT };
	u8 what = take(in, 1);

	if (what == 0xff)
		return take(in, 4);
	if (what >= 0xe0)
		return take(in, 2) & 0x7ff;
	if (what < 0x40)
		return registers[what % 5] + (what & 0x20) / 8;

	return 0x100 + (what & 0x1f) % h->hpet.params.timers * 0x20 + (what >> 5) % 3 * 8;
}

static u64 take_value(struct input *in, const struct history *h)
{
	u8 how = take(in, 1);

	switch (how & 3) {
	case 0:
		return take(in, 2);
	case 1:
		return take(in, 4);
	case 2:
		return kt_hpet_counter(&h->hpet, h->now) + take(in, 2) - 16;
	default:
		return take(in, 8) >> (how >> 2);
	}
}

static void access_it(struct history *h, struct input *in, u64 now)
{
	u8 op = take(in, 1);
	u32 offset = take_offset(in, h);
	u32 len = op & 0x80 ? op & 0x1f : op & 0x40 ? 4 : 8;
	u64 val;

	if (op & 0x20) {
		kt_hpet_write(&h->hpet, offset, len, take_value(in, h), now);
	} else {
		val = kt_hpet_read(&h->hpet, offset, len, now);
		if (len != 8)
			REQUIRE(val <= U32_MAX);
		if (len != 4 && len != 8)
			REQUIRE(!val);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u32 periods[] = { 1, 999, 1000000, 10000000, 69841279, 100000000 };
	struct input in = { .data = data, .left = size };
	struct kt_hpet_params params;
	static struct history h;
	unsigned int ops;

	memset(&h, 0, sizeof(h));
	params.timers = KT_HPET_MIN_TIMERS;
	if (!(take(&in, 1) & 7))
		params.timers += take(&in, 1) % (KT_HPET_MAX_TIMERS - KT_HPET_MIN_TIMERS + 1);
	params.period_fs = periods[take(&in, 1) % 6];
	if (take(&in, 1) & 1)
		params.period_fs = 1 + take(&in, 4) % KT_HPET_MAX_PERIOD_FS;
	params.route_cap = take(&in, 4);
	h.now = take(&in, 8) >> (take(&in, 1) & 63);
	kt_hpet_init(&h.hpet, &params);

	for (ops = 0; in.left && ops < MAX_OPS; ops++) {
		u8 op = take(&in, 1);

		go(&h, &in, next_now(&in, &h, op));
		switch (op >> 2 & 15) {
		case 0:
			/* Time in the past of what the device has seen must be harmless. */
			kt_hpet_read(&h.hpet, GINTR_STA, 8, h.now);
			access_it(&h, &in, take(&in, 8) % (h.now | 1));
			break;
		case 1:
			kt_hpet_write(&h.hpet, GEN_CONF, 8, 0, h.now);
			kt_hpet_reset(&h.hpet);
			break;
		default:
			access_it(&h, &in, h.now);
			break;
		}
		check(&h);
	}

	return 0;
}
