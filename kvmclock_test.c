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

typedef unsigned __int128 u128;

/* As the guest does it. */
static u64 guest_reads(const struct kt_kvmclock_line *line, u64 tsc)
{
	u64 delta = tsc - line->tsc;

	delta = line->shift < 0 ? delta >> -line->shift : delta << line->shift;
	return line->ns + (u64)((u128)delta * line->mul >> 32);
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

/* Test that a frequency out of range is refused, and nothing changes. */
static void kvmclock_frequencies_refused(struct kunit *test)
{
	struct kt_kvmclock_line line = { .mul = 1, .shift = 2 };

	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 999999), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 1000000000001ULL), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_begin(&line, 5, 6, BIT_ULL(31) - 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_begin(&line, 5, 6, BIT_ULL(62) + 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, line.mul, 1U);
	KUNIT_EXPECT_EQ(test, line.shift, 2);
	KUNIT_EXPECT_EQ(test, line.tsc, 0ULL);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 1000000), 0);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_set_hz(&line, 1000000000000ULL), 0);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_begin(&line, 5, 6, BIT_ULL(31)), 0);
	KUNIT_EXPECT_EQ(test, kt_kvmclock_begin(&line, 5, 6, BIT_ULL(62)), 0);
}

/* Numbers that look like chance, the same ones each time. */
static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
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

/* Test the host's clock against an oracle, its fraction included, over months. */
static void kvmclock_host_reads(struct kunit *test)
{
	struct kt_kvmclock_host host = { .cycle = 1000, .ns = 77 };
	u64 seed = 521288629ULL, cycle;
	unsigned int i;
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
	}
	KUNIT_EXPECT_EQ(test, kt_kvmclock_host_read(&host, 999),
			host.ns + (host.frac >> host.shift));
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

/*
 * Test that a clock which is reviewed each second, and when the host's rate changes, is where
 * the host's is: within 100 ns after two seconds, and never as much as 500 ppm off its rate.
 */
static void kvmclock_follows(struct kunit *test)
{
	static const s32 bends[] = { 0, 500, -500, 20, 20, -1, 0, 499, -37, 500 };
	struct kt_kvmclock_host host = { };
	struct kt_kvmclock_line line;
	u64 second = 2400000000ULL;
	u64 cycle = 0, ns, rate, wanted;
	unsigned int i, s;
	s64 lag;

	bend(&host, 0, 0);
	rate = kt_kvmclock_host_rate(&host, BIT_ULL(32), 32);
	/* A clock that begins 7 us behind. */
	host.ns = 7000;
	KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&line, 0, 0, rate), 0);
	for (i = 0; i < ARRAY_SIZE(bends); i++) {
		/* It takes a millisecond to find out. */
		bend(&host, cycle, bends[i]);
		cycle += second / 1000;
		for (s = 0; s < 5; s++) {
			ns = kt_kvmclock_read(&line, cycle);
			lag = kt_kvmclock_host_read(&host, cycle) - ns;
			KUNIT_ASSERT_LE(test, lag < 0 ? -lag : lag, s < 2 ? 8000LL : 100LL);
			rate = kt_kvmclock_host_rate(&host, BIT_ULL(32), 32);
			wanted = kt_kvmclock_steer(rate, lag, NS_PER_S);
			KUNIT_ASSERT_LE(test, wanted, rate + ONE_PPM(rate) * 500);
			KUNIT_ASSERT_GE(test, wanted, rate - ONE_PPM(rate) * 500);
			KUNIT_ASSERT_EQ(test, kt_kvmclock_begin(&line, cycle, ns, wanted), 0);
			cycle += second;
		}
	}
}

static struct kunit_case kvmclock_cases[] = {
	KUNIT_CASE(kvmclock_frequencies),
	KUNIT_CASE(kvmclock_frequencies_refused),
	KUNIT_CASE(kvmclock_inverse),
	KUNIT_CASE(kvmclock_ends),
	KUNIT_CASE(kvmclock_pieces),
	KUNIT_CASE(kvmclock_steer_bound),
	KUNIT_CASE(kvmclock_skews),
	KUNIT_CASE(kvmclock_host_reads),
	KUNIT_CASE(kvmclock_host_rates),
	KUNIT_CASE(kvmclock_follows),
	{}
};

static struct kunit_suite kvmclock_suite = {
	.name		= "kvm_timers-kvmclock",
	.test_cases	= kvmclock_cases,
};

kunit_test_suite(kvmclock_suite);

MODULE_LICENSE("GPL");
