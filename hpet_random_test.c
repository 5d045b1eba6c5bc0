// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random programs for the HPET: against a reference that counts tick by tick, and a
 * leap against many steps.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "hpet_test.h"

#define YEAR_NS		(365 * 86400 * 1000000000ULL)

/* Too large for a stack. */
static struct bench bench;
static struct bench other;

/* One comparator, literally. */
struct ref_timer {
	u64	comp;
	u64	period;
	u64	edges;
	u32	config;
	bool	status;
};

struct ref {
	u64			counter;
	bool			enabled;
	struct ref_timer	t[BENCH_TIMERS];
};

static u64 ref_width(const struct ref_timer *t, u64 val)
{
	return t->config & MODE32 ? val & U32_MAX : val;
}

static void ref_match(struct ref_timer *t)
{
	if (t->config & LEVEL) {
		if (!t->status && (t->config & INT_ENB))
			t->edges++;
		t->status = true;
	} else if (t->config & INT_ENB) {
		t->edges++;
	}
	if (t->config & PERIODIC)
		t->comp = ref_width(t, t->comp + t->period);
}

static void ref_tick(struct ref *r)
{
	unsigned int n;

	if (!r->enabled)
		return;

	r->counter++;
	for (n = 0; n < BENCH_TIMERS; n++) {
		if (ref_width(&r->t[n], r->counter) == r->t[n].comp)
			ref_match(&r->t[n]);
	}
}

static void ref_write_config(struct ref_timer *t, u32 config)
{
	t->config = config;
	t->comp = ref_width(t, t->comp);
	t->period = ref_width(t, t->period);
	if (!(config & LEVEL))
		t->status = false;
}

static void ref_write_comp(struct ref_timer *t, u64 val)
{
	if (t->config & PERIODIC)
		t->period = ref_width(t, val);
	if (!(t->config & PERIODIC) || (t->config & VAL_SET))
		t->comp = ref_width(t, val);
	t->config &= ~VAL_SET;
}

/* Where things happen: around the counter, and around the ends of both widths. */
static u64 random_comp(u64 *seed, u64 counter)
{
	u64 r = bench_random(seed);

	switch (r >> 62) {
	case 0:
		return counter + (r & 63) - 16;
	case 1:
		return r & 31;
	case 2:
		return (counter | U32_MAX) + (r & 31) - 16;
	default:
		return (u32)counter + (r & 63) - 16;
	}
}

static u32 random_config(u64 *seed)
{
	/* Mostly with the interrupt. */
	u32 config = bench_random(seed) >> 32 & (LEVEL | PERIODIC | VAL_SET | MODE32 | INT_ENB);

	return bench_random(seed) >> 62 ? config | INT_ENB : config;
}

static u64 random_counter(u64 *seed)
{
	static const u64 starts[] = { 0, U32_MAX - 40, U64_MAX - 40, 0x7ffffffe0ULL };

	return starts[bench_random(seed) >> 62];
}

static void ref_program(struct bench *b, struct ref *r, u64 *seed)
{
	unsigned int n = (bench_random(seed) >> 32) % BENCH_TIMERS;
	u64 val;

	switch ((bench_random(seed) >> 32) % 16) {
	case 0:
		bench_write(b, GEN_CONF, 0);
		r->enabled = false;
		break;
	case 1:
		val = random_counter(seed);
		bench_write(b, MAIN_CNT, val);
		if (!r->enabled)
			r->counter = val;
		break;
	case 2 ... 4:
		bench_write(b, GEN_CONF, ENABLE);
		r->enabled = true;
		break;
	case 5 ... 6:
		bench_write(b, GINTR_STA, 1 << n);
		r->t[n].status = false;
		break;
	case 7 ... 10:
		val = random_config(seed);
		bench_write(b, TN_CONF(n), val);
		ref_write_config(&r->t[n], val);
		break;
	default:
		val = random_comp(seed, r->counter);
		bench_write(b, TN_COMP(n), val);
		ref_write_comp(&r->t[n], val);
		break;
	}
}

static void ref_compare(struct kunit *test, struct bench *b, const struct ref *r)
{
	u64 status = 0;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, bench_read(b, MAIN_CNT), r->counter);
	for (n = 0; n < BENCH_TIMERS; n++) {
		const struct ref_timer *t = &r->t[n];

		if (t->status)
			status |= 1 << n;
		KUNIT_ASSERT_EQ(test, bench_edges(b, n), t->edges);
		KUNIT_ASSERT_EQ(test, bench_line(b, n),
				t->status && r->enabled && (t->config & INT_ENB));
		/* Not always, so that gaps add up. */
		if (r->counter & 1)
			KUNIT_ASSERT_EQ(test, bench_read(b, TN_COMP(n)), t->comp);
	}
	if (r->counter & 2)
		KUNIT_ASSERT_EQ(test, bench_read(b, GINTR_STA), status);
}

/* Test random programs against the reference, on both sides of each wrap. */
static void hpet_reference(struct kunit *test)
{
	struct bench *b = &bench;
	u64 seed = 0x5eed;
	struct ref r;
	unsigned int i, n, ticks;

	for (i = 0; i < 100000; i++) {
		if (i % 200 == 0) {
			bench_init(b);
			memset(&r, 0, sizeof(r));
			for (n = 0; n < BENCH_TIMERS; n++)
				r.t[n].comp = U64_MAX;
		}
		ref_program(b, &r, &seed);
		ticks = (bench_random(&seed) >> 32) % 40;
		bench_run(b, ticks);
		while (ticks--)
			ref_tick(&r);
		ref_compare(test, b, &r);
	}
}

static const u32 periods_fs[] = {
	KT_HPET_MIN_PERIOD_FS, 999, 1000000, 10000000, 69841279, KT_HPET_MAX_PERIOD_FS,
};

static u64 random_gap(u64 *seed)
{
	u64 r = bench_random(seed) >> 8;

	switch ((bench_random(seed) >> 32) % 8) {
	case 0:
		return r % YEAR_NS;
	case 1:
		return r % 100000000000ULL;
	case 2 ... 4:
		return r % 1000000;
	default:
		return r % 1000;
	}
}

/* The same to both. */
static void random_write(struct bench *a, struct bench *b, u64 *seed)
{
	unsigned int n = (bench_random(seed) >> 32) % BENCH_TIMERS;
	u64 counter = kt_hpet_counter(&a->hpet, a->now);
	u64 val = bench_random(seed);
	u32 offset;

	switch (val >> 60) {
	case 0:
		offset = GEN_CONF;
		break;
	case 1 ... 2:
		offset = GEN_CONF;
		val |= ENABLE;
		break;
	case 3:
		offset = MAIN_CNT;
		break;
	case 4 ... 5:
		offset = GINTR_STA;
		break;
	case 6 ... 9:
		offset = TN_CONF(n);
		val = random_config(seed);
		break;
	case 10:
		offset = TN_COMP(n);
		break;
	default:
		offset = TN_COMP(n);
		val = val & 1 ? random_comp(seed, counter) : val >> 32 & 0xfffff;
		break;
	}
	bench_write(a, offset, val);
	bench_write(b, offset, val);
}

/* Go there by steps: deadlines, a nanosecond before them, and anything. */
static void walk(struct bench *b, u64 to, u64 *seed)
{
	unsigned int i;

	for (i = 0; i < 20 && b->now < to; i++) {
		u64 r = bench_random(seed);
		unsigned int n = (r >> 32) % BENCH_TIMERS;
		u64 next = bench_deadline(b, n);

		if (r & 1)
			next = b->now + (bench_random(seed) >> 8) % (to - b->now);
		else if (r & 2)
			next--;
		if (next > to)
			next = to;
		b->now = next;
		bench_read(b, r & 4 ? GINTR_STA : TN_COMP(n));
	}
	b->now = to;
}

static void expect_same(struct kunit *test, struct bench *a, struct bench *b)
{
	unsigned int n;

	KUNIT_ASSERT_EQ(test, bench_read(a, GINTR_STA), bench_read(b, GINTR_STA));
	KUNIT_ASSERT_EQ(test, a->hpet.base, b->hpet.base);
	KUNIT_ASSERT_EQ(test, a->hpet.base_ns, b->hpet.base_ns);
	KUNIT_ASSERT_EQ(test, a->hpet.config, b->hpet.config);
	for (n = 0; n < BENCH_TIMERS; n++) {
		const struct kt_hpet_timer *x = &a->hpet.timer[n], *y = &b->hpet.timer[n];

		KUNIT_ASSERT_EQ(test, x->seen_ns, y->seen_ns);
		KUNIT_ASSERT_EQ(test, x->comparator, y->comparator);
		KUNIT_ASSERT_EQ(test, x->period, y->period);
		KUNIT_ASSERT_EQ(test, x->edges, y->edges);
		KUNIT_ASSERT_EQ(test, x->edge_ns, y->edge_ns);
		KUNIT_ASSERT_EQ(test, x->config, y->config);
		KUNIT_ASSERT_EQ(test, x->pending, y->pending);
	}
}

/* The deadline is the nanosecond of the next edge, and without one there is none. */
static void expect_deadline(struct kunit *test, const struct bench *b, unsigned int n)
{
	u64 deadline = bench_deadline(b, n);
	u64 edges = bench_edges(b, n);

	if (deadline == KT_NEVER) {
		KUNIT_ASSERT_EQ(test, kt_hpet_edges(&b->hpet, n, U64_MAX - 1), edges);
		return;
	}

	KUNIT_ASSERT_GT(test, deadline, b->now);
	KUNIT_ASSERT_EQ(test, kt_hpet_edges(&b->hpet, n, deadline - 1), edges);
	KUNIT_ASSERT_EQ(test, kt_hpet_last_edge(&b->hpet, n, deadline), deadline);
	/* Below a nanosecond there can be more than one. */
	if (b->hpet.params.period_fs >= 1000000)
		KUNIT_ASSERT_EQ(test, kt_hpet_edges(&b->hpet, n, deadline), edges + 1);
	else
		KUNIT_ASSERT_GT(test, kt_hpet_edges(&b->hpet, n, deadline), edges);
}

/* Test that a leap ends where any steps end, and that each deadline is kept. */
static void hpet_leaps(struct kunit *test)
{
	struct bench *a = &bench, *b = &other;
	u64 seed = 0x1eaf;
	unsigned int i, n;

	for (i = 0; i < 60000; i++) {
		if (i % 100 == 0) {
			u32 period_fs = periods_fs[i / 100 % ARRAY_SIZE(periods_fs)];

			bench_init_as(a, BENCH_TIMERS, period_fs);
			bench_init_as(b, BENCH_TIMERS, period_fs);
		}
		random_write(a, b, &seed);
		a->now += random_gap(&seed);
		walk(b, a->now, &seed);
		for (n = 0; n < BENCH_TIMERS; n++) {
			expect_deadline(test, a, n);
			KUNIT_ASSERT_EQ(test, bench_deadline(a, n), bench_deadline(b, n));
			KUNIT_ASSERT_EQ(test, bench_edges(a, n), bench_edges(b, n));
		}
		expect_same(test, a, b);
	}
}

static struct kunit_case hpet_random_cases[] = {
	KUNIT_CASE(hpet_reference),
	KUNIT_CASE(hpet_leaps),
	{}
};

static struct kunit_suite hpet_random_suite = {
	.name		= "kvm_timers-hpet-random",
	.test_cases	= hpet_random_cases,
};

kunit_test_suite(hpet_random_suite);

MODULE_LICENSE("GPL");
