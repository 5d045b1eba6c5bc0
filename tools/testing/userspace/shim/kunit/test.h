/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of KUnit as the unit tests use, so that the very same files run in
 * userspace, under the sanitizers. The output is TAP.
 */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	void		*priv;
	const void	*param_value;
	bool		failed;
	jmp_buf		abort;
};

struct kunit_case {
	void		(*run_case)(struct kunit *test);
	const char	*name;
	const void	*(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char		*name;
	int			(*suite_init)(struct kunit_suite *suite);
	void			(*suite_exit)(struct kunit_suite *suite);
	int			(*init)(struct kunit *test);
	void			(*exit)(struct kunit *test);
	struct kunit_case	*test_cases;
	struct kunit_suite	*shim_next;
};

void shim_kunit_add(struct kunit_suite *suite);
void shim_kunit_fail(struct kunit *test, bool stop, const char *file, int line,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));

#define KUNIT_CASE(function)		{ .run_case = function, .name = #function }
#define KUNIT_CASE_SLOW(function)	KUNIT_CASE(function)
#define KUNIT_CASE_PARAM(function, gen)	\
	{ .run_case = function, .name = #function, .generate_params = gen }

#define KUNIT_ARRAY_PARAM(prefix, array, get_desc)					\
	static const void *prefix##_gen_params(const void *prev, char *desc)		\
	{										\
		void (*describe)(__typeof__((array)[0]) *, char *) = get_desc;		\
		__typeof__((array)[0]) *next;						\
											\
		next = prev ? (__typeof__(next))prev + 1 : (array);			\
		if (next - (array) >= (long)ARRAY_SIZE(array))				\
			return NULL;							\
		if (describe)								\
			describe(next, desc);						\
		return next;								\
	}

#define kunit_test_suite(suite)								\
	static void __attribute__((constructor)) shim_add_##suite(void)			\
	{										\
		shim_kunit_add(&suite);							\
	}

#define kunit_test_suites(...)								\
	static void __attribute__((constructor)) shim_add_suites(void)			\
	{										\
		struct kunit_suite *suites[] = { __VA_ARGS__ };				\
		unsigned int i;								\
											\
		for (i = 0; i < ARRAY_SIZE(suites); i++)				\
			shim_kunit_add(suites[i]);					\
	}

#define kunit_info(test, format, ...)	printf("    # " format, ##__VA_ARGS__)

/* Fail with both values. */
#define shim_check(test, stop, left, op, right, format, ...) do {			\
	__typeof__(left) shim_left = (left);						\
	__typeof__(right) shim_right = (right);						\
											\
	if (!(shim_left op shim_right))							\
		shim_kunit_fail(test, stop, __FILE__, __LINE__,				\
				"%s " #op " %s: %lld and %lld " format,			\
				#left, #right, (long long)shim_left,			\
				(long long)shim_right, ##__VA_ARGS__);			\
} while (0)

#define shim_check_ptr(test, stop, left, op, right) do {				\
	if (!((left) op (right)))							\
		shim_kunit_fail(test, stop, __FILE__, __LINE__, "%s " #op " %s", #left,	\
				#right);						\
} while (0)

#define shim_check_bool(test, stop, cond, want, format, ...) do {			\
	if ((bool)(cond) != (want))								\
		shim_kunit_fail(test, stop, __FILE__, __LINE__, "%s is not " #want " "	\
				format, #cond, ##__VA_ARGS__);				\
} while (0)

#define KUNIT_FAIL(test, format, ...)	\
	shim_kunit_fail(test, false, __FILE__, __LINE__, format, ##__VA_ARGS__)

#define KUNIT_EXPECT_EQ(test, l, r)	shim_check(test, false, l, ==, r, "")
#define KUNIT_EXPECT_NE(test, l, r)	shim_check(test, false, l, !=, r, "")
#define KUNIT_EXPECT_LT(test, l, r)	shim_check(test, false, l, <, r, "")
#define KUNIT_EXPECT_LE(test, l, r)	shim_check(test, false, l, <=, r, "")
#define KUNIT_EXPECT_GT(test, l, r)	shim_check(test, false, l, >, r, "")
#define KUNIT_EXPECT_GE(test, l, r)	shim_check(test, false, l, >=, r, "")
#define KUNIT_EXPECT_TRUE(test, c)	shim_check_bool(test, false, c, true, "")
#define KUNIT_EXPECT_FALSE(test, c)	shim_check_bool(test, false, c, false, "")
#define KUNIT_EXPECT_PTR_EQ(test, l, r)	shim_check_ptr(test, false, l, ==, r)
#define KUNIT_EXPECT_NOT_NULL(test, p)	shim_check_ptr(test, false, p, !=, NULL)
#define KUNIT_EXPECT_NULL(test, p)	shim_check_ptr(test, false, p, ==, NULL)

#define KUNIT_ASSERT_EQ(test, l, r)	shim_check(test, true, l, ==, r, "")
#define KUNIT_ASSERT_NE(test, l, r)	shim_check(test, true, l, !=, r, "")
#define KUNIT_ASSERT_LT(test, l, r)	shim_check(test, true, l, <, r, "")
#define KUNIT_ASSERT_LE(test, l, r)	shim_check(test, true, l, <=, r, "")
#define KUNIT_ASSERT_GT(test, l, r)	shim_check(test, true, l, >, r, "")
#define KUNIT_ASSERT_GE(test, l, r)	shim_check(test, true, l, >=, r, "")
#define KUNIT_ASSERT_TRUE(test, c)	shim_check_bool(test, true, c, true, "")
#define KUNIT_ASSERT_FALSE(test, c)	shim_check_bool(test, true, c, false, "")
#define KUNIT_ASSERT_PTR_EQ(test, l, r)	shim_check_ptr(test, true, l, ==, r)
#define KUNIT_ASSERT_NOT_NULL(test, p)	shim_check_ptr(test, true, p, !=, NULL)

#define KUNIT_EXPECT_EQ_MSG(test, l, r, ...)	shim_check(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(test, l, r, ...)	shim_check(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_LT_MSG(test, l, r, ...)	shim_check(test, false, l, <, r, __VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(test, l, r, ...)	shim_check(test, false, l, <=, r, __VA_ARGS__)
#define KUNIT_EXPECT_GT_MSG(test, l, r, ...)	shim_check(test, false, l, >, r, __VA_ARGS__)
#define KUNIT_EXPECT_GE_MSG(test, l, r, ...)	shim_check(test, false, l, >=, r, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, c, ...)	\
	shim_check_bool(test, false, c, true, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(test, c, ...)	\
	shim_check_bool(test, false, c, false, __VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(test, l, r, ...)	shim_check(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_NE_MSG(test, l, r, ...)	shim_check(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_LT_MSG(test, l, r, ...)	shim_check(test, true, l, <, r, __VA_ARGS__)
#define KUNIT_ASSERT_LE_MSG(test, l, r, ...)	shim_check(test, true, l, <=, r, __VA_ARGS__)
#define KUNIT_ASSERT_GT_MSG(test, l, r, ...)	shim_check(test, true, l, >, r, __VA_ARGS__)
#define KUNIT_ASSERT_GE_MSG(test, l, r, ...)	shim_check(test, true, l, >=, r, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(test, c, ...)	\
	shim_check_bool(test, true, c, true, __VA_ARGS__)
#define KUNIT_ASSERT_FALSE_MSG(test, c, ...)	\
	shim_check_bool(test, true, c, false, __VA_ARGS__)

#endif /* SHIM_KUNIT_TEST_H */
