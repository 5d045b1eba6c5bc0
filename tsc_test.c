// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's TSC: ratio and offset against an oracle, TSC_ADJUST, and who shares a line.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>

#include <kunit/test.h>

#include "tsc.h"

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

/* Test the ratio of a host of 2.5 GHz and a guest of 2 GHz, and what becomes of 10^12 cycles. */
static void tsc_ratio_of_two(struct kunit *test)
{
	struct kt_tsc_scale svm = { .frac_bits = KT_TSC_SVM_FRAC_BITS };
	struct kt_tsc_scale vmx = { .frac_bits = KT_TSC_VMX_FRAC_BITS };

	KUNIT_ASSERT_EQ(test, kt_tsc_set_ratio(&svm, 2000000, 2500000), 0);
	KUNIT_EXPECT_EQ(test, svm.ratio, 0xccccccccULL);
	KUNIT_EXPECT_EQ(test, kt_tsc_scale(&svm, 1000000000000ULL), 799999999813ULL);
	KUNIT_ASSERT_EQ(test, kt_tsc_set_ratio(&vmx, 2000000, 2500000), 0);
	KUNIT_EXPECT_EQ(test, vmx.ratio, 0xccccccccccccULL);
	KUNIT_EXPECT_EQ(test, kt_tsc_scale(&vmx, 1000000000000ULL), 799999999999ULL);
}

/* Test that a frequency is what was asked for, though its ratio is rounded down. */
static void tsc_hz_of_ratio(struct kunit *test)
{
	static const u8 bits[] = { KT_TSC_SVM_FRAC_BITS, KT_TSC_VMX_FRAC_BITS };
	u64 seed = 0x747363;
	u32 guest_khz, host_khz;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		struct kt_tsc_scale scale = { .frac_bits = bits[i % 2] };

		guest_khz = 100000 + next_random(&seed) % 5000000;
		host_khz = 100000 + next_random(&seed) % 5000000;
		KUNIT_ASSERT_EQ(test, kt_tsc_set_ratio(&scale, guest_khz, host_khz), 0);
		/* 2^-32 of 5 GHz is more than one. */
		KUNIT_ASSERT_LE(test, guest_khz * 1000ULL - kt_tsc_hz(&scale, host_khz),
				scale.frac_bits == KT_TSC_SVM_FRAC_BITS ? 2 : 0);
	}
}

/* Test that a ratio which is none is refused, and nothing changes. */
static void tsc_ratio_refused(struct kunit *test)
{
	struct kt_tsc_scale svm = { .ratio = 5, .frac_bits = KT_TSC_SVM_FRAC_BITS };
	struct kt_tsc_scale vmx = { .ratio = 5, .frac_bits = KT_TSC_VMX_FRAC_BITS };

	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, 1, 0), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, 0, 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, 256, 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, U32_MAX, 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&vmx, 1, 0), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&vmx, 0, 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&vmx, 65536, 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&vmx, U32_MAX, 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, svm.ratio, 5ULL);
	KUNIT_EXPECT_EQ(test, vmx.ratio, 5ULL);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, 255, 1), 0);
	KUNIT_EXPECT_EQ(test, svm.ratio, 255ULL << 32);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&vmx, 65535, 1), 0);
	KUNIT_EXPECT_EQ(test, vmx.ratio, 65535ULL << 48);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, 1, U32_MAX), 0);
	KUNIT_EXPECT_EQ(test, svm.ratio, 1ULL);

	/* The greatest that two frequencies have. */
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&svm, U32_MAX, 1 << 24), 0);
	KUNIT_EXPECT_EQ(test, svm.ratio, BIT_ULL(40) - 256);
	KUNIT_EXPECT_EQ(test, kt_tsc_set_ratio(&vmx, U32_MAX, 1 << 16), 0);
	KUNIT_EXPECT_EQ(test, vmx.ratio, 0xffffffff00000000ULL);
}

/*
 * Test all frequencies that there are: a ratio is the last that is not too fast, and it is
 * refused only where it is 0 or has too many bits.
 */
static void tsc_any_ratio(struct kunit *test)
{
	u64 seed = 362436069ULL;
	unsigned int i, bits, taken = 0, refused = 0;
	u32 guest_khz, host_khz;
	u128 wanted;

	for (i = 0; i < 40000; i++) {
		struct kt_tsc_scale scale = {
			.ratio		= 5,
			.frac_bits	= i % 2 ? KT_TSC_SVM_FRAC_BITS : KT_TSC_VMX_FRAC_BITS,
		};

		bits = i % 2 ? KT_TSC_SVM_RATIO_BITS : 64;
		guest_khz = next_random(&seed) >> (32 + i % 32);
		host_khz = 1 + (next_random(&seed) >> (33 + i % 31));
		wanted = (u128)guest_khz << scale.frac_bits;
		if (wanted < host_khz || wanted >= (u128)host_khz << bits) {
			KUNIT_ASSERT_EQ(test, kt_tsc_set_ratio(&scale, guest_khz, host_khz),
					-ERANGE);
			KUNIT_ASSERT_EQ(test, scale.ratio, 5ULL);
			refused++;
			continue;
		}
		KUNIT_ASSERT_EQ(test, kt_tsc_set_ratio(&scale, guest_khz, host_khz), 0);
		KUNIT_ASSERT_TRUE(test, (u128)scale.ratio * host_khz <= wanted);
		KUNIT_ASSERT_TRUE(test, ((u128)scale.ratio + 1) * host_khz > wanted);
		taken++;
	}
	KUNIT_EXPECT_GT(test, taken, 1000);
	KUNIT_EXPECT_GT(test, refused, 1000);
}

/* Test ratio, scaling and offset against an oracle. */
static void tsc_scales(struct kunit *test)
{
	u64 seed = 88172645463325252ULL;
	struct kt_tsc_scale scale;
	u64 host_tsc, guest_tsc;
	u32 guest_khz, host_khz;
	unsigned int i;
	u128 ratio;

	for (i = 0; i < 20000; i++) {
		scale.frac_bits = i % 2 ? KT_TSC_SVM_FRAC_BITS : KT_TSC_VMX_FRAC_BITS;
		guest_khz = 100000 + next_random(&seed) % 10000000;
		host_khz = 100000 + next_random(&seed) % 10000000;
		ratio = ((u128)guest_khz << scale.frac_bits) / host_khz;
		KUNIT_ASSERT_EQ(test, kt_tsc_set_ratio(&scale, guest_khz, host_khz), 0);
		KUNIT_ASSERT_EQ(test, scale.ratio, (u64)ratio);

		host_tsc = next_random(&seed) >> (i % 64);
		guest_tsc = next_random(&seed);
		KUNIT_ASSERT_EQ(test, kt_tsc_scale(&scale, host_tsc),
				(u64)((u128)host_tsc * scale.ratio >> scale.frac_bits));
		KUNIT_ASSERT_EQ(test, kt_tsc_scale(&scale, host_tsc) +
				kt_tsc_offset(&scale, guest_tsc, host_tsc), guest_tsc);
	}
}

/* Test that a guest's guest reads what its two ratios and offsets give one after the other. */
static void tsc_nested(struct kunit *test)
{
	u64 seed = 2463534242ULL, outer_offset, inner_offset, host_tsc, twice, once;
	struct kt_tsc_scale outer, inner, both;
	unsigned int i;
	s64 diff;

	for (i = 0; i < 20000; i++) {
		outer.frac_bits = inner.frac_bits = both.frac_bits = i % 2 ? 32 : 48;
		kt_tsc_set_ratio(&outer, 1000000 + next_random(&seed) % 3000000, 2400000);
		kt_tsc_set_ratio(&inner, 1000000 + next_random(&seed) % 3000000, 2400000);
		outer_offset = next_random(&seed) >> 24;
		if (i % 3)
			outer_offset = -outer_offset;
		inner_offset = next_random(&seed);
		/* A day of cycles, later than any negative offset: no TSC below 0 is scaled. */
		host_tsc = BIT_ULL(42) + (next_random(&seed) >> 18);

		both.ratio = kt_tsc_nested_ratio(&outer, inner.ratio);
		once = kt_tsc_scale(&both, host_tsc) +
		       kt_tsc_nested_offset(&inner, outer_offset, inner_offset);
		twice = kt_tsc_scale(&inner, kt_tsc_scale(&outer, host_tsc) + outer_offset) +
			inner_offset;
		diff = once - twice;
		/*
		 * A rounding loses a cycle, the first of them times the inner ratio; the
		 * composed ratio has lost less than its last bit, of so many cycles.
		 */
		KUNIT_ASSERT_LE(test, diff, 3LL);
		KUNIT_ASSERT_GE(test, diff, -(s64)(host_tsc >> both.frac_bits) - 3);
	}
	inner.frac_bits = KT_TSC_SVM_FRAC_BITS;
	inner.ratio = BIT_ULL(31);
	KUNIT_EXPECT_EQ(test, kt_tsc_nested_offset(&inner, -3ULL, 10), 9ULL);
	KUNIT_EXPECT_EQ(test, kt_tsc_nested_offset(&inner, 3, 10), 11ULL);
}

/* Test both compositions against an oracle, to the last bit. */
static void tsc_nested_exact(struct kunit *test)
{
	u64 seed = 88675123ULL, outer_offset, inner_offset;
	struct kt_tsc_scale outer, inner;
	unsigned int i;
	s128 offset;

	for (i = 0; i < 20000; i++) {
		outer.frac_bits = inner.frac_bits = i % 2 ? 32 : 48;
		outer.ratio = next_random(&seed) >> (i % 2 ? 24 : 1);
		inner.ratio = next_random(&seed) >> (i % 2 ? 24 : 1);
		KUNIT_ASSERT_EQ(test, kt_tsc_nested_ratio(&outer, inner.ratio),
				(u64)((u128)outer.ratio * inner.ratio >> outer.frac_bits));

		outer_offset = i % 64 ? next_random(&seed) >> (i % 63) : BIT_ULL(63);
		inner_offset = next_random(&seed);
		offset = (s128)(s64)outer_offset * inner.ratio;
		offset = offset < 0 ? -(-offset >> inner.frac_bits) : offset >> inner.frac_bits;
		KUNIT_ASSERT_EQ(test, kt_tsc_nested_offset(&inner, outer_offset, inner_offset),
				(u64)offset + inner_offset);
	}
}

/* Test that TSC and TSC_ADJUST move together, and a guest's writes never their difference. */
static void tsc_adjust(struct kunit *test)
{
	struct kt_tsc tsc = { };
	u64 host_tsc = 1000000;

	kt_tsc_write(&tsc, host_tsc + tsc.offset, 0);
	KUNIT_EXPECT_EQ(test, tsc.adjust, 0xfffffffffff0bdc0ULL);
	KUNIT_EXPECT_EQ(test, host_tsc + tsc.offset, 0ULL);
	host_tsc += 400;
	kt_tsc_write_adjust(&tsc, 0);
	KUNIT_EXPECT_EQ(test, host_tsc + tsc.offset, 1000400ULL);

	/* The host's own changes do not show. */
	tsc.offset += 5000;
	kt_tsc_write_adjust(&tsc, 7);
	KUNIT_EXPECT_EQ(test, host_tsc + tsc.offset, 1005407ULL);
	kt_tsc_write(&tsc, host_tsc + tsc.offset, U64_MAX);
	KUNIT_EXPECT_EQ(test, tsc.offset - tsc.adjust, 5000ULL);
	KUNIT_EXPECT_EQ(test, host_tsc + tsc.offset, U64_MAX);
}

/* Test any history of writes: what is read back, and what moves with it. */
static void tsc_adjust_history(struct kunit *test)
{
	u64 seed = 521288629ULL, host_tsc = 0, apart = 0, before, val;
	struct kt_tsc tsc = { };
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		host_tsc += next_random(&seed) >> (20 + i % 40);
		val = next_random(&seed) >> (i % 64);
		before = host_tsc + tsc.offset;
		switch (next_random(&seed) >> 32 & 3) {
		case 0:
			kt_tsc_write(&tsc, before, val);
			KUNIT_ASSERT_EQ(test, host_tsc + tsc.offset, val);
			break;
		case 1:
			/* The host's, for which TSC_ADJUST is no account. */
			tsc.offset += val;
			apart += val;
			break;
		default:
			kt_tsc_write_adjust(&tsc, val);
			KUNIT_ASSERT_EQ(test, tsc.adjust, val);
			break;
		}
		KUNIT_ASSERT_EQ(test, tsc.offset - tsc.adjust, apart);
	}
}

/* Test that the first of a round gets what is written, and the others its line. */
static void tsc_join_a_round(struct kunit *test)
{
	struct kt_tsc_line line = { };
	u64 offset;

	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, true, 500000, 1000, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
	/* The same value, one that was read later, and one that was read still later. */
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500000, 1100, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500150, 1200, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500350, 1300, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
	/* Written at once: what lies between is what lay between the two reads. */
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500400, 1300, 50, &offset));
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500350, 1300, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
	/* One that comes much later names it all the same. */
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500350, BIT_ULL(50), 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
}

/* Test that a guest which is saved and restored, vCPU by vCPU, has one TSC, and again. */
static void tsc_join_restored(struct kunit *test)
{
	u64 seed = 123456789ULL, val, now, gap, slack, offset, first;
	struct kt_tsc_line line = { };
	unsigned int i, vcpu;

	now = next_random(&seed);
	for (i = 0; i < 2000; i++) {
		val = next_random(&seed);
		slack = next_random(&seed) >> (24 + i % 39);
		KUNIT_ASSERT_FALSE(test, kt_tsc_join(&line, true, val, now, slack, &first));
		KUNIT_ASSERT_EQ(test, now + first, val);
		for (vcpu = 1; vcpu < 8; vcpu++) {
			gap = next_random(&seed) >> (24 + i % 40);
			now += gap;
			val += next_random(&seed) % (gap + max(gap, slack) + 1);
			KUNIT_ASSERT_TRUE(test, kt_tsc_join(&line, false, val, now, slack,
							    &offset));
			KUNIT_ASSERT_EQ(test, offset, first);
		}
		now += next_random(&seed) >> 20;
	}
}

/* Test that what names another line, or comes twice, is taken as it is. */
static void tsc_join_another(struct kunit *test)
{
	struct kt_tsc_line line = { };
	u64 offset;

	kt_tsc_join(&line, true, 500000, 1000, 50, &offset);
	/* 101 ahead of what the first is by now, and then 101 behind. */
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, false, 500201, 1100, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499101ULL);
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, false, 500200, 1200, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499000ULL);
	/* A slack that is no longer enough. */
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, false, 500251, 1200, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499051ULL);
	/* A vCPU that has written already. */
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, true, 500252, 1200, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499052ULL);
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 500252, 1300, 50, &offset));
	KUNIT_EXPECT_EQ(test, offset, 499052ULL);
}

/* Test rounds over the end of 64 bits, and a host's TSC that seems to go back. */
static void tsc_join_wraps(struct kunit *test)
{
	struct kt_tsc_line line = { };
	u64 offset;

	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, true, U64_MAX - 5, 100, 2, &offset));
	KUNIT_EXPECT_EQ(test, offset, U64_MAX - 105);
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 10, 108, 2, &offset));
	KUNIT_EXPECT_EQ(test, offset, U64_MAX - 105);
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, false, 13, 108, 2, &offset));
	KUNIT_EXPECT_TRUE(test, kt_tsc_join(&line, false, 15, 90, 2, &offset));
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, false, 18, 90, 2, &offset));
	/* No time has passed, not nearly all of it. */
	KUNIT_EXPECT_FALSE(test, kt_tsc_join(&line, false, 21, 80, 2, &offset));
}

static struct kunit_case tsc_cases[] = {
	KUNIT_CASE(tsc_ratio_of_two),
	KUNIT_CASE(tsc_hz_of_ratio),
	KUNIT_CASE(tsc_ratio_refused),
	KUNIT_CASE(tsc_any_ratio),
	KUNIT_CASE(tsc_scales),
	KUNIT_CASE(tsc_nested),
	KUNIT_CASE(tsc_nested_exact),
	KUNIT_CASE(tsc_adjust),
	KUNIT_CASE(tsc_adjust_history),
	KUNIT_CASE(tsc_join_a_round),
	KUNIT_CASE(tsc_join_restored),
	KUNIT_CASE(tsc_join_another),
	KUNIT_CASE(tsc_join_wraps),
	{}
};

static struct kunit_suite tsc_suite = {
	.name		= "kvm_timers-tsc",
	.test_cases	= tsc_cases,
};

kunit_test_suite(tsc_suite);

MODULE_LICENSE("GPL");
