// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a test tells the fake device by the environment, and where that writes what it was asked.
 */
#include "fake.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

long fake_number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 10) : otherwise;
}

void fake_log(const char *fmt, ...)
{
	const char *path = getenv("KT_FAKE_LOG");
	va_list args;
	FILE *file;

	file = path ? fopen(path, "ae") : NULL;
	if (!file)
		return;
	va_start(args, fmt);
	vfprintf(file, fmt, args);
	va_end(args);
	fclose(file);
}

int fake_fail(int err)
{
	errno = err;
	return -1;
}
