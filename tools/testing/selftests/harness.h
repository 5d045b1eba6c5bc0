/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kselftest's harness with a main() that each program may have to itself.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "kselftest_harness.h"

#include "kt_host.h"
#include "kt_vmm.h"

/* The lab emulates its CPU: allow for it. */
#define SLOW_TIMEOUT		120

#define main harness_main
TEST_HARNESS_MAIN
#undef main

#define SKIP_IF_PLAIN() do {							\
	if (kt_host_plain())							\
		SKIP(return, "needs the module");				\
} while (0)

#endif /* HARNESS_H */
