// SPDX-License-Identifier: GPL-2.0-only
#include "kt_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/kt_test"

static bool put(const char *name, const char *text)
{
	char path[256];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), INSTANCE "/%s", name);
	file = fopen(path, "w");
	ok = file && fputs(text, file) >= 0;
	return file && !fclose(file) && ok;
}

bool kt_trace_open(const char *event, const char *filter)
{
	char enable[128], filters[128];

	snprintf(enable, sizeof(enable), "events/%s/enable", event);
	snprintf(filters, sizeof(filters), "events/%s/filter", event);
	if (access(TRACEFS "/instances", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return false;
	if ((!filter || put(filters, filter)) && put(enable, "1"))
		return true;
	kt_trace_close();
	return false;
}

void kt_trace_clear(void)
{
	if (!put("trace", ""))
		abort();
}

unsigned int kt_trace_count(const char *text)
{
	FILE *file = fopen(INSTANCE "/trace", "r");
	unsigned int count = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		count += line[0] != '#' && strstr(line, text);
	if (file)
		fclose(file);
	return count;
}

void kt_trace_close(void)
{
	rmdir(INSTANCE);
}
