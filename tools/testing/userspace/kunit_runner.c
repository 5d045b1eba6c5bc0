// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs every suite that is linked in. TAP on stdout; fails if a case fails, or if
 * there is none.
 */
#include <stdarg.h>
#include <stdlib.h>

#include <kunit/test.h>

static struct kunit_suite *suites;
static unsigned int passed;
static unsigned int failed;

void shim_kunit_add(struct kunit_suite *suite)
{
	suite->shim_next = suites;
	suites = suite;
}

void shim_kunit_fail(struct kunit *test, bool stop, const char *file, int line,
		     const char *format, ...)
{
	va_list args;

	printf("    # %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");

	test->failed = true;
	if (stop)
		longjmp(test->abort, 1);
}

static bool run_once(struct kunit_suite *suite, struct kunit_case *tc, const void *param)
{
	struct kunit test = { .param_value = param };

	if (suite->init && suite->init(&test))
		return false;
	if (!setjmp(test.abort))
		tc->run_case(&test);
	if (suite->exit)
		suite->exit(&test);

	return !test.failed;
}

static bool run_case(struct kunit_suite *suite, struct kunit_case *tc)
{
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	const void *param = NULL;
	bool ok = true;

	if (!tc->generate_params)
		return run_once(suite, tc, NULL);

	while ((param = tc->generate_params(param, desc))) {
		if (run_once(suite, tc, param))
			continue;
		printf("    # with parameter %s\n", desc);
		ok = false;
	}

	return ok;
}

static void run_suite(struct kunit_suite *suite)
{
	struct kunit_case *tc;

	printf("# Suite: %s\n", suite->name);
	if (suite->suite_init && suite->suite_init(suite)) {
		failed++;
		printf("not ok %u - %s: suite_init\n", passed + failed, suite->name);
		return;
	}

	for (tc = suite->test_cases; tc->run_case; tc++) {
		bool ok = run_case(suite, tc);

		if (ok)
			passed++;
		else
			failed++;
		printf("%sok %u - %s: %s\n", ok ? "" : "not ", passed + failed, suite->name,
		       tc->name);
	}

	if (suite->suite_exit)
		suite->suite_exit(suite);
}

int main(void)
{
	struct kunit_suite *suite;

	printf("TAP version 13\n");
	for (suite = suites; suite; suite = suite->shim_next)
		run_suite(suite);
	printf("1..%u\n", passed + failed);
	printf("# %u passed, %u failed\n", passed, failed);

	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
