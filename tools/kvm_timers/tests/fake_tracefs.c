// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake tracefs, for the library that is preloaded into the tool: an instance is there with all
 * its files as soon as it is made, and can be removed with them.
 *
 * KT_FAKE_INSTANCE=DIR	what a new instance has; else mkdir() and rmdir() are the system's
 * KT_FAKE_LEFT=DIR	where the files of one that is removed go to
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without the library itself: it would fake for cp, too. */
static int shell(const char *fmt, const char *a, const char *b)
{
	char line[4096];

	snprintf(line, sizeof(line), fmt, a, b);

	return system(line);
}

static int is_instance(const char *path)
{
	return getenv("KT_FAKE_INSTANCE") && strstr(path, "/instances/kvm_timers.");
}

int mkdir(const char *path, mode_t mode)
{
	int (*real)(const char *path, mode_t mode) = dlsym(RTLD_NEXT, "mkdir");

	if (!is_instance(path))
		return real(path, mode);
	if (!access(path, F_OK)) {
		errno = EEXIST;
		return -1;
	}

	return shell("LD_PRELOAD= cp -r '%s' '%s'", getenv("KT_FAKE_INSTANCE"), path) ? -1 : 0;
}

int rmdir(const char *path)
{
	int (*real)(const char *path) = dlsym(RTLD_NEXT, "rmdir");
	const char *left = getenv("KT_FAKE_LEFT");

	if (!is_instance(path))
		return real(path);

	return shell("LD_PRELOAD= rm -rf '%2$s' && LD_PRELOAD= mv -T '%1$s' '%2$s'", path, left) ?
	       -1 : 0;
}
