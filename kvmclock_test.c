// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line of guest time: the page's arithmetic to the nanosecond, pieces that join without
 * a step, and a clock that is brought back to the host's.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "kvmclock.h"
#include "model.h"

#define NS_PER_S	1000000000ULL
#define ONE_PPM(rate)	((rate) / 1000000)

/* A clock that is reviewed each second is that near to the one that it follows. */
#define NEAR_NS		100LL

typedef unsigned __int128 u128;
typedef __int128 s128;

/* Numbers that look like chance, the same ones each time. */
static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* As the guest does it. */
static u64 guest_reads(const struct kt_kvmclock_line *line, u64 tsc)
{
	u64 delta = tsc - line->tsc;

	delta = line->shift < 0 ? delta >> -line->shift : delta << line->shift;
	return line->ns + (u64)((u128)delta * line->mul >> 32);
}

/* What has passed after so many cycles, with no end of the bits. */
static u128 passed_ns(const struct kt_kvmclock_line *line, u64 cycles)
{
	u128 shifted = line->shift < 0 ? cycles >> -line->shift : (u128)cycles << line->shift;

	return shifted * line->mul >> 32;
}

struct hz_case {
	u64	khz;
	s8	shift;
	u32	mul;
	u64	ns;
};

static const struct hz_case hz_cases[] = {
	{ 500000,	2,	0x80000000,	1000000000 },
	{ 1000001,	0,	0xffffef39,	999999999 },
	{ 1500000,	0,	0xaaaaaaaa,	999999999 },
	{ 2000000,	0,	0x80000000,	1000000000 },
	{ 2400000,	-1,	0xd5555555,	999999999 },
	{ 3000000,	-1,	0xaaaaaaaa,	999999999 },
	{ 5000000,	-2,	0xcccccccc,	999999999 },
};

/* Test that a frequency gives the multiplier that KVM's algorithm gives, and a second its ns. */
static void kvmclock_frequencies(struct kunit *test)
{
	struct kt_kvmclock_line line = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hz_cases); i++) {
		const struct hz_case *c = &hz_cases[i];

		KUNIT_ASSERT_EQ(test, kt_kvmclock_set_hz(&line, c->khz * 1000), 0);
		KUNIT_EXPECT_EQ_MSG(test, line.shift, c->shift, "%llu kHz", c->khz);
		KUNIT_EXPECT_EQ_MSG(test, line.mul, c->mul, "%llu kHz", c->khz);
		KUNIT_EXPECT_EQ_MSG(test, kt_kvmclock_read(&line, c->khz * 1000), c->ns,
				    "%llu kHz", c->khz);
	}
	KUNIT_ASSERT_EQ(test, kt_kvmclock_set_hz(&line, 2400000000ULL), 0);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_read(&line, 7), 2ULL);
}

/* Test the slope of any frequency: the last bit where nothing is lost, else one of 10^9. */
static void kvmclock_any_frequency(struct kunit *test)
{
	struct kt_kvmclock_line line = { };
	u64 seed = 362436069ULL, hz;
	u128 second, passed;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		hz = 1000000 + (next_random(&seed) >> (25 + i % 19));
		if (i % 2)
			hz &= ~511ULL;
		if (hz < 1000000 || hz > 1000000000000ULL)
			continue;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_set_hz(&line, hz), 0);
		KUNIT_ASSERT_GE(test, line.mul, BIT(31));
		second = (u128)NS_PER_S << (32 - line.shift);
		passed = (u128)hz * line.mul;
		if (i % 2)
			KUNIT_ASSERT_TRUE_MSG(test, passed <= second, "%llu Hz", hz);
		KUNIT_ASSERT_TRUE_MSG(test, second < passed + hz, "%llu Hz", hz);
		KUNIT_ASSERT_TRUE_MSG(test, passed * NS_PER_S < second * (NS_PER_S + 1), "%llu Hz",
				      hz);
	}
}

/* Test that a frequency out of range is refused, and nothing changes. */
static void kvmclock_frequencies_refused(struct kunit *test)
{
	struct kt_kvmclock_line line = { .ns = 9, .mul = 1, .shift = 2 };

	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 999999), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 1000000000001ULL), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_begin(&line, 5, 6, BIT_ULL(31) - 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_begin(&line, 5, 6, BIT_ULL(62) + 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, line.mul, 1U);
	KUNIT_EXPECT_EQ(test, line.shift, 2);
	KUNIT_EXPECT_EQ(test, line.tsc, 0ULL);
	KUNIT_EXPECT_EQ(test, line.ns, 9ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 1000000), 0);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 1000000000000ULL), 0);
}

struct rate_case {
	u64	rate;
	s8	shift;
	u32	mul;
};

static const struct rate_case rate_cases[] = {
	{ BIT_ULL(31),			-8,	0x80000000 },
	{ BIT_ULL(32) - 1,		-8,	0xffffffff },
	{ BIT_ULL(32) + 1,		-7,	0x80000000 },
	{ BIT_ULL(40) * 5 / 12,		-1,	0xd5555555 },
	{ BIT_ULL(40) - 1,		0,	0xffffffff },
	{ BIT_ULL(40),			1,	0x80000000 },
	{ BIT_ULL(62) - 1,		22,	0xffffffff },
	{ BIT_ULL(62),			23,	0x80000000 },
};

/* Test what becomes of a rate, at its ends and between. */
static void kvmclock_rates(struct kunit *test)
{
	struct kt_kvmclock_line line;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rate_cases); i++) {
		const struct rate_case *c = &rate_cases[i];

		KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&line, 5, 6, c->rate), 0);
		KUNIT_EXPECT_EQ_MSG(test, line.shift, c->shift, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, line.mul, c->mul, "case %u", i);
		KUNIT_EXPECT_EQ(test, line.tsc, 5ULL);
		KUNIT_EXPECT_EQ(test, line.ns, 6ULL);
	}
}

/* Test reads against the guest's own arithmetic, and their inverse, over years. */
static void kvmclock_inverse(struct kunit *test)
{
	struct kt_kvmclock_line line = { .tsc = 12345, .ns = 678 };
	u64 seed = 88172645463325252ULL;
	unsigned int i, j;
	u64 tsc, ns, at;

	for (i = 0; i < ARRAY_SIZE(hz_cases); i++) {
		kt_kvmclock_set_hz(&line, hz_cases[i].khz * 1000);
		for (j = 0; j < 2000; j++) {
			/* Up to 2^60 cycles, ten years of the fastest. */
			tsc = line.tsc + (next_random(&seed) >> (4 + j % 60));
			ns = kt_kvmclock_read(&line, tsc);
			KUNIT_ASSERT_EQ(test, ns, guest_reads(&line, tsc));

			at = kt_kvmclock_tsc_at(&line, ns);
			KUNIT_ASSERT_LE(test, at, tsc);
			KUNIT_ASSERT_GE(test, guest_reads(&line, at), ns);
			if (at > line.tsc)
				KUNIT_ASSERT_LT(test, guest_reads(&line, at - 1), ns);
		}
	}
}

/* Test that any time, also one which nobody reads, is at the first TSC that is not before it. */
static void kvmclock_any_time(struct kunit *test)
{
	struct kt_kvmclock_line line;
	u64 seed = 521288629ULL;
	u64 rate, wait, at;
	unsigned int i;

	for (i = 0; i < 40000; i++) {
		rate = BIT_ULL(31) + (next_random(&seed) >> (2 + i % 31));
		if (rate > BIT_ULL(62))
			continue;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&line, next_random(&seed), 678, rate), 0);
		wait = 1 + (next_random(&seed) >> (2 + i % 61));
		at = kt_kvmclock_tsc_at(&line, 678 + wait);
		if (at == KT_NEVER) {
			KUNIT_ASSERT_TRUE(test, passed_ns(&line, BIT_ULL(63) - 1) < wait);
			continue;
		}
		at -= line.tsc;
		KUNIT_ASSERT_LT(test, at, BIT_ULL(63));
		KUNIT_ASSERT_GT(test, at, 0ULL);
		KUNIT_ASSERT_TRUE(test, passed_ns(&line, at) >= wait);
		KUNIT_ASSERT_TRUE(test, passed_ns(&line, at - 1) < wait);
	}
}

/* Test that later reads never give less, cycle by cycle and in leaps. */
static void kvmclock_monotone(struct kunit *test)
{
	struct kt_kvmclock_line line = { .tsc = -5000ULL, .ns = 1 };
	u64 seed = 88675123ULL, tsc, ns, last_ns;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(hz_cases); i++) {
		kt_kvmclock_set_hz(&line, hz_cases[i].khz * 1000);
		/* From before the beginning, over the end of the TSC's 64 bits. */
		tsc = line.tsc - 100;
		last_ns = line.ns;
		for (j = 0; j < 20000; j++) {
			ns = kt_kvmclock_read(&line, tsc);
			KUNIT_ASSERT_GE(test, ns, last_ns);
			last_ns = ns;
			tsc += j < 10000 ? 1 : next_random(&seed) >> 20;
		}
		KUNIT_EXPECT_GT(test, last_ns, 86400 * NS_PER_S);
	}
}

struct end_case {
	u64	hz;
	u64	last_ns;
	u64	cycles;
};

/* The last time that comes, and when; 4, 3, 0.5 and 0.25 GHz. */
static const struct end_case end_cases[] = {
	{ 4000000000ULL,	BIT_ULL(61) - 1,	BIT_ULL(63) - 4 },
	{ 3000000000ULL,	3074457344902430719ULL,	BIT_ULL(63) - 2 },
	{ 500000000ULL,		BIT_ULL(63) - 2,	BIT_ULL(62) - 1 },
	{ 250000000ULL,		BIT_ULL(63) - 4,	BIT_ULL(61) - 1 },
};

/* Test where a line ends, by the bits of the TSC, of the guest's shift, and of time. */
static void kvmclock_last(struct kunit *test)
{
	struct kt_kvmclock_line line = { .tsc = 1000, .ns = 500 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(end_cases); i++) {
		const struct end_case *c = &end_cases[i];

		kt_kvmclock_set_hz(&line, c->hz);
		KUNIT_EXPECT_EQ_MSG(test, kt_kvmclock_tsc_at(&line, 500 + c->last_ns),
				    1000 + c->cycles, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, kt_kvmclock_read(&line, 1000 + c->cycles),
				    500 + c->last_ns, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, kt_kvmclock_tsc_at(&line, 500 + c->last_ns + 1),
				    KT_NEVER, "case %u", i);
	}
}

/* Test what lies before a line, and what never comes. */
static void kvmclock_ends(struct kunit *test)
{
	struct kt_kvmclock_line line = { .tsc = 1000, .ns = 500 };

	kt_kvmclock_set_hz(&line, 2000000000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_read(&line, 999), 500ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_read(&line, 0), 500ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_tsc_at(&line, 0), 1000ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_tsc_at(&line, 500), 1000ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_tsc_at(&line, 501), 1002ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_tsc_at(&line, KT_NEVER), KT_NEVER);
	/* Half of 2^63 cycles is the last that can be. */
	KUNIT_EXPECT_EQ(test, kt_kvmclock_tsc_at(&line, 500 + BIT_ULL(62) - 1),
			1000 + BIT_ULL(63) - 2);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_tsc_at(&line, 500 + BIT_ULL(62)), KT_NEVER);
}

/* Test that any number of pieces never makes a step, and the clock never goes back. */
static void kvmclock_pieces(struct kunit *test)
{
	u64 nominal = BIT_ULL(KT_KVMCLOCK_RATE_SHIFT) * 5 / 12;
	struct kt_kvmclock_line line, next;
	u64 seed = 2463534242ULL;
	u64 tsc = 0, ns = 0, rate;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&line, 0, 0, nominal), 0);
	for (i = 0; i < 20000; i++) {
		tsc += next_random(&seed) % (1ULL << (i % 34));
		KUNIT_ASSERT_GE(test, kt_kvmclock_read(&line, tsc), ns);
		ns = kt_kvmclock_read(&line, tsc);
		rate = nominal - ONE_PPM(nominal) * 500 +
		       next_random(&seed) % (ONE_PPM(nominal) * 1000);
		KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&next, tsc, ns, rate), 0);
		KUNIT_ASSERT_EQ(test, kt_kvmclock_read(&next, tsc), ns);
		if (tsc != line.tsc)
			KUNIT_ASSERT_LE(test, ns - kt_kvmclock_read(&line, tsc - 1), 1ULL);
		KUNIT_ASSERT_LE(test, kt_kvmclock_read(&next, tsc + 1) - ns, 1ULL);
		KUNIT_ASSERT_GE(test, next.mul, BIT(31));
		/* Rounded down, in its last bit. */
		KUNIT_ASSERT_LE(test, kt_kvmclock_rate(&next), rate);
		KUNIT_ASSERT_LT(test, rate - kt_kvmclock_rate(&next), rate >> 31);
		line = next;
	}
}

/* Test the bound of steering, and that it is in proportion below it. */
static void kvmclock_steer_bound(struct kunit *test)
{
	u64 rate = 1000000000000ULL;

	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, 0, NS_PER_S), rate);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, 1, NS_PER_S), rate + 1000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, -1, NS_PER_S), rate - 1000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, 499999, NS_PER_S), rate + 499999000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, 500001, NS_PER_S), rate + 500000000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, S64_MAX, NS_PER_S), rate + 500000000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(rate, S64_MIN, NS_PER_S), rate - 500000000);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_steer(BIT_ULL(62) - 1, S64_MAX, 1),
			BIT_ULL(62) - 1 + (BIT_ULL(62) - 1) / 1000000 * 500);
}

/* Test steering against an oracle, and that it never is by more than 500 ppm. */
static void kvmclock_steers(struct kunit *test)
{
	u64 seed = 123456789ULL, rate, horizon, bound, lag;
	unsigned int i, inside = 0;
	u128 change;

	for (i = 0; i < 20000; i++) {
		rate = BIT_ULL(31) + (next_random(&seed) >> (3 + i % 30));
		horizon = 1 + (next_random(&seed) >> (i % 64));
		lag = next_random(&seed) >> (1 + i % 63);
		bound = rate / 1000000 * 500;
		change = (u128)rate * lag / horizon;
		inside += change < bound;
		if (change > bound)
			change = bound;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_steer(rate, lag, horizon), rate + (u64)change);
		KUNIT_ASSERT_EQ(test, kt_kvmclock_steer(rate, -lag, horizon), rate - (u64)change);
	}
	KUNIT_EXPECT_GT(test, inside, 1000);
}

/* Test what an alarm takes the difference of two rates for. */
static void kvmclock_skews(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(1000000, 1000000), 0);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(1000000, 1000500), 1073741);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(1000000, 999500), -1073741);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(BIT_ULL(40), BIT_ULL(40) + BIT_ULL(39)), 1 << 30);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(1, 2), S32_MAX);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(1, U64_MAX), S32_MAX);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_skew(U64_MAX, 0), S32_MIN + 1);
}

/* Test it against an oracle, for near rates and far ones. */
static void kvmclock_any_skew(struct kunit *test)
{
	u64 seed = 2463534242ULL, rate, host_rate, diff;
	unsigned int i, inside = 0;
	u128 part;

	for (i = 0; i < 20000; i++) {
		rate = 1 + (next_random(&seed) >> (1 + i % 62));
		host_rate = next_random(&seed) >> (i % 64);
		/* Near: within 2^-11 of it. */
		if (i % 2)
			host_rate = rate - (rate >> 12) + next_random(&seed) % ((rate >> 11) + 1);
		diff = host_rate < rate ? rate - host_rate : host_rate - rate;
		part = ((u128)diff << 31) / rate;
		inside += part && part < S32_MAX;
		if (part > S32_MAX)
			part = S32_MAX;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_skew(rate, host_rate),
				host_rate < rate ? -(s32)part : (s32)part);
	}
	KUNIT_EXPECT_GT(test, inside, 1000);
}

/* Test the host's clock against an oracle, its fraction included, over months. */
static void kvmclock_host_reads(struct kunit *test)
{
	struct kt_kvmclock_host host = { .cycle = 1000, .ns = 77 };
	u64 seed = 521288629ULL, cycle;
	unsigned int i, compared = 0;
	u128 shifted;

	for (i = 0; i < 20000; i++) {
		host.shift = 8 + i % 25;
		host.mult = next_random(&seed) | 1;
		host.frac = next_random(&seed) >> (i % 2 ? 2 : 40);
		cycle = host.cycle + (next_random(&seed) >> (10 + i % 50));
		shifted = (u128)(cycle - host.cycle) * host.mult + host.frac;
		if (shifted >> host.shift > U64_MAX - host.ns)
			continue;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_host_read(&host, cycle),
				host.ns + (u64)(shifted >> host.shift));
		compared++;
	}
	KUNIT_EXPECT_GT(test, compared, 15000);
}

/* Test that a look at the TSC which is older than the piece is by its rate, against an oracle. */
static void kvmclock_host_reads_before(struct kunit *test)
{
	struct kt_kvmclock_host host = { .cycle = BIT_ULL(60), .ns = BIT_ULL(61) };
	u64 seed = 88172645463325252ULL, ago;
	unsigned int i;
	s128 shifted;

	for (i = 0; i < 20000; i++) {
		host.shift = 8 + i % 25;
		/* As of a TSC of 1 GHz or faster. */
		host.mult = 1 + next_random(&seed) % BIT_ULL(host.shift);
		host.frac = next_random(&seed) >> (i % 2 ? 2 : 40);
		ago = 1 + (next_random(&seed) >> (5 + i % 50));
		shifted = (s128)host.frac - (s128)((u128)ago * host.mult);
		KUNIT_ASSERT_EQ(test, kt_kvmclock_host_read(&host, host.cycle - ago),
				host.ns + (u64)(shifted >> host.shift));
	}
}

/* Test the host's rate by a guest's TSC against an oracle, for both kinds of ratio. */
static void kvmclock_host_rates(struct kunit *test)
{
	struct kt_kvmclock_host host = { .shift = 24, .mult = 6990506 };
	u64 seed = 362436069ULL, ratio;
	unsigned int i, frac_bits;
	u128 rate;

	KUNIT_EXPECT_EQ(test, kt_kvmclock_host_rate(&host, BIT_ULL(32), 32), 6990506ULL << 16);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_host_rate(&host, BIT_ULL(48), 48), 6990506ULL << 16);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_host_rate(&host, BIT_ULL(31), 32), 6990506ULL << 17);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_host_rate(&host, 0, 48), U64_MAX);
	for (i = 0; i < 20000; i++) {
		frac_bits = i % 2 ? 32 : 48;
		host.shift = 8 + i % 25;
		host.mult = next_random(&seed);
		ratio = next_random(&seed) >> (i % 64);
		if (!ratio)
			continue;
		rate = ((u128)host.mult << (40 - host.shift) << frac_bits) / ratio;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_host_rate(&host, ratio, frac_bits),
				rate > U64_MAX ? U64_MAX : (u64)rate);
	}
}

/* A host of 2.4 GHz whose rate is so many ppm off, from here on. */
static void bend(struct kt_kvmclock_host *host, u64 cycle, s32 ppm)
{
	u64 ns = kt_kvmclock_host_read(host, cycle);

	host->ns = ns;
	host->frac = 0;
	host->cycle = cycle;
	host->shift = 31;
	host->mult = 894784853LL + 894784853LL * ppm / 1000000;
}

struct ratio_case {
	u64	ratio;
	u8	frac_bits;
};

static const struct ratio_case ratio_cases[] = {
	{ BIT_ULL(32),			32 },
	{ BIT_ULL(48),			48 },
	/* 2 GHz of 2.4 GHz, and 5 GHz. */
	{ BIT_ULL(32) * 5 / 6,		32 },
	{ BIT_ULL(48) * 25 / 12,	48 },
};

/* Look at the host's clock, and go on from here at the rate that leads to it. */
static void review(struct kunit *test, const struct kt_kvmclock_host *host,
		   struct kt_kvmclock_line *line, const struct ratio_case *c, u64 cycle,
		   s64 bound_ns)
{
	u64 tsc = (u128)cycle * c->ratio >> c->frac_bits;
	u64 rate = kt_kvmclock_host_rate(host, c->ratio, c->frac_bits);
	u64 ns = kt_kvmclock_read(line, tsc);
	s64 lag = kt_kvmclock_host_read(host, cycle) - ns;
	u64 wanted = kt_kvmclock_steer(rate, lag, NS_PER_S);

	KUNIT_ASSERT_LE(test, lag < 0 ? -lag : lag, bound_ns);
	KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(line, tsc, ns, wanted), 0);
	KUNIT_ASSERT_EQ(test, kt_kvmclock_read(line, tsc), ns);
	KUNIT_ASSERT_LE(test, kt_kvmclock_rate(line), rate + ONE_PPM(rate) * 500);
	/* The line's own last bit is less than one of 2^31. */
	KUNIT_ASSERT_GE(test, kt_kvmclock_rate(line),
			rate - ONE_PPM(rate) * 500 - (rate >> 31));
}

/*
 * Test that a clock which is reviewed each second, and when the host's rate changes, is where
 * the host's is after a second, and never more than 500 ppm off its rate.
 */
static void kvmclock_follows(struct kunit *test)
{
	static const s32 bends[] = { 0, 500, -500, 20, 20, -1, 0, 499, -37, 500 };
	const u64 second = 2400000000ULL;
	struct kt_kvmclock_line line;
	unsigned int i, j, s;
	u64 cycle, rate;
	s64 bound_ns;

	for (i = 0; i < ARRAY_SIZE(ratio_cases); i++) {
		const struct ratio_case *c = &ratio_cases[i];
		struct kt_kvmclock_host host = { };

		cycle = 0;
		bend(&host, 0, 0);
		rate = kt_kvmclock_host_rate(&host, c->ratio, c->frac_bits);
		/* A clock that begins 7 us behind. */
		host.ns = 7000;
		bound_ns = 7000 + NEAR_NS;
		KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&line, 0, 0, rate), 0);
		for (j = 0; j < ARRAY_SIZE(bends); j++) {
			/* It takes a millisecond to find out, and 1000 ppm of that are 1 us. */
			bend(&host, cycle, bends[j]);
			cycle += second / 1000;
			for (s = 0; s < 5; s++) {
				review(test, &host, &line, c, cycle, bound_ns);
				cycle += second;
				bound_ns = NEAR_NS;
			}
			bound_ns = 1000 + NEAR_NS;
		}
	}
}

/* Test that what lies beyond a second's steering comes back at 500 ppm, and then stays. */
static void kvmclock_comes_back(struct kunit *test)
{
	static const s64 ahead_ns[] = { 3000000, -3000000 };
	const u64 second = 2400000000ULL;
	struct kt_kvmclock_host host = { };
	struct kt_kvmclock_line line;
	unsigned int i, s;
	u64 rate;

	for (i = 0; i < ARRAY_SIZE(ahead_ns); i++) {
		host.ns = 10000000;
		host.cycle = 0;
		bend(&host, 0, 0);
		rate = kt_kvmclock_host_rate(&host, BIT_ULL(32), 32);
		KUNIT_ASSERT_EQ(test,
				kt_kvmclock_begin(&line, 0, host.ns + ahead_ns[i], rate), 0);
		/* 3 ms take 6 seconds. */
		for (s = 0; s < 10; s++)
			review(test, &host, &line, &ratio_cases[0], s * second,
			       s < 6 ? 3000000 - s * 500000LL + NEAR_NS : NEAR_NS);
	}
}

static struct kunit_case kvmclock_cases[] = {
	KUNIT_CASE(kvmclock_frequencies),
	KUNIT_CASE(kvmclock_any_frequency),
	KUNIT_CASE(kvmclock_frequencies_refused),
	KUNIT_CASE(kvmclock_rates),
	KUNIT_CASE(kvmclock_inverse),
	KUNIT_CASE(kvmclock_any_time),
	KUNIT_CASE(kvmclock_monotone),
	KUNIT_CASE(kvmclock_ends),
	KUNIT_CASE(kvmclock_last),
	KUNIT_CASE(kvmclock_pieces),
	KUNIT_CASE(kvmclock_steer_bound),
	KUNIT_CASE(kvmclock_steers),
	KUNIT_CASE(kvmclock_skews),
	KUNIT_CASE(kvmclock_any_skew),
	KUNIT_CASE(kvmclock_host_reads),
	KUNIT_CASE(kvmclock_host_reads_before),
	KUNIT_CASE(kvmclock_host_rates),
	KUNIT_CASE(kvmclock_follows),
	KUNIT_CASE(kvmclock_comes_back),
	{}
};

static struct kunit_suite kvmclock_suite = {
	.name		= "kvm_timers-kvmclock",
	.test_cases	= kvmclock_cases,
};

kunit_test_suite(kvmclock_suite);

MODULE_LICENSE("GPL");
