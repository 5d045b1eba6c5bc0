// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scaling: exact, saturating, and never a divide error.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "model.h"

struct scale_case {
	u64	a;
	u32	mul;
	u32	div;
	u64	down;
	u64	up;
};

static const struct scale_case scale_cases[] = {
	{ 0, 1, 1, 0, 0 },
	{ 0, U32_MAX, 1, 0, 0 },
	{ U64_MAX, 0, 1, 0, 0 },
	{ 1, 1, 2, 0, 1 },
	{ 838, 21, 17600, 0, 1 },
	{ 839, 21, 17600, 1, 2 },
	{ 1, 17600, 21, 838, 839 },
	{ 21, 17600, 21, 17600, 17600 },
	{ 11932, 17600, 21, 10000152, 10000153 },
	{ 1000000000, 21, 17600, 1193181, 1193182 },
	/* The product is over 64 bits, the quotient is not. */
	{ U64_MAX, 21, 17600, 22010319633403442ULL, 22010319633403443ULL },
	{ U64_MAX, U32_MAX, U32_MAX, U64_MAX, U64_MAX },
	{ U64_MAX - 1, U32_MAX, U32_MAX, U64_MAX - 1, U64_MAX - 1 },
	{ U64_MAX, 1, U32_MAX, 0x100000001ULL, 0x100000001ULL },
	/* The last that fits, and the first that does not. */
	{ 22010319633403442ULL, 17600, 21, 18446744073709551390ULL, 18446744073709551391ULL },
	{ 22010319633403443ULL, 17600, 21, KT_NEVER, KT_NEVER },
	{ 0x7fffffffffffffffULL, 2, 1, U64_MAX - 1, U64_MAX - 1 },
	{ 0x8000000000000000ULL, 2, 1, KT_NEVER, KT_NEVER },
	{ U64_MAX, U32_MAX, 1, KT_NEVER, KT_NEVER },
	{ U64_MAX, U32_MAX, U32_MAX - 1, KT_NEVER, KT_NEVER },
	/* The longest short way up, and the first value that is too long for it. */
	{ U32_MAX, U32_MAX, 1, 0xfffffffe00000001ULL, 0xfffffffe00000001ULL },
	{ U32_MAX, U32_MAX, U32_MAX, U32_MAX, U32_MAX },
	{ U32_MAX, U32_MAX - 1, U32_MAX, U32_MAX - 1, U32_MAX - 1 },
	{ 0x100000000ULL, 3, 7, 1840700269, 1840700270 },
	{ 0x100000001ULL, U32_MAX, 1, U64_MAX, U64_MAX },
	{ 0x100000002ULL, U32_MAX, 1, KT_NEVER, KT_NEVER },
};

/* Test that both roundings are exact where they fit and KT_NEVER where they do not. */
static void model_scale_table(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scale_cases); i++) {
		const struct scale_case *c = &scale_cases[i];

		KUNIT_EXPECT_EQ_MSG(test, kt_model_scale(c->a, c->mul, c->div), c->down,
				    "case %u down", i);
		KUNIT_EXPECT_EQ_MSG(test, kt_model_scale_up(c->a, c->mul, c->div), c->up,
				    "case %u up", i);
	}
}

/* Test that ticks to time and back gives the tick, over the whole range of time. */
static void model_scale_inverse(struct kunit *test)
{
	const u64 last = kt_model_scale(U64_MAX, 21, 17600);
	u64 step = 1;
	u64 clk, ns;

	for (clk = 0; clk <= last; clk += step) {
		ns = kt_model_scale_up(clk, 17600, 21);
		KUNIT_ASSERT_NE(test, ns, KT_NEVER);
		KUNIT_ASSERT_EQ(test, kt_model_scale(ns, 21, 17600), clk);
		if (ns)
			KUNIT_ASSERT_EQ(test, kt_model_scale(ns - 1, 21, 17600), clk - 1);
		/* Every one of the first thousand, then ever longer strides. */
		if (clk > 1000)
			step += step / 64 + 1;
	}
}

/* Test that a naive product agrees wherever it fits into 64 bits. */
static void model_scale_small(struct kunit *test)
{
	u32 a, mul, div;

	for (a = 0; a < 40; a++) {
		for (mul = 0; mul < 20; mul++) {
			for (div = 1; div < 20; div++) {
				u32 up = (a * mul + div - 1) / div;

				KUNIT_ASSERT_EQ(test, kt_model_scale(a, mul, div), a * mul / div);
				KUNIT_ASSERT_EQ(test, kt_model_scale_up(a, mul, div), up);
			}
		}
	}
}

struct long_case {
	u64	a;
	u64	mul;
	u64	div;
	u64	val;
};

static const struct long_case long_cases[] = {
	{ 0, U64_MAX, 1, 0 },
	{ U64_MAX, 1, 1, U64_MAX },
	{ U64_MAX, U64_MAX, U64_MAX, U64_MAX },
	{ 7, 1ULL << 63, 1ULL << 62, 14 },
	{ 7, 1ULL << 62, 1ULL << 63, 3 },
	{ 12345678901ULL, 1ULL << 40, 987654321098765ULL, 13743895ULL },
	/* The last that fits, and the first that does not. */
	{ 1ULL << 63, 2, 2, 1ULL << 63 },
	{ (1ULL << 63) - 1, 4, 2, U64_MAX - 1 },
	{ 1ULL << 63, 4, 2, KT_NEVER },
	{ U64_MAX, U64_MAX, U64_MAX - 1, KT_NEVER },
	{ U64_MAX, U64_MAX, 1, KT_NEVER },
};

/* Test that long numbers are scaled exactly where they fit. */
static void model_scale_longs(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(long_cases); i++) {
		const struct long_case *c = &long_cases[i];

		KUNIT_EXPECT_EQ_MSG(test, kt_model_scale_long(c->a, c->mul, c->div), c->val,
				    "case %u", i);
	}
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE(model_scale_table),
	KUNIT_CASE(model_scale_inverse),
	KUNIT_CASE(model_scale_small),
	KUNIT_CASE(model_scale_longs),
	{}
};

static struct kunit_suite model_suite = {
	.name		= "kvm_timers-model",
	.test_cases	= model_cases,
};

kunit_test_suite(model_suite);

MODULE_LICENSE("GPL");
