// SPDX-License-Identifier: GPL-2.0-only
/*
 * An instance of tracing for the module's events, beside all others. Nothing is mounted, and
 * nothing of the host's own tracing is touched.
 */
#define _GNU_SOURCE
#include "tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out.h"

#define EVENTS		"events/kvm_timers"
#define FILTER_ROOM	4096

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What a file of the instance is set to; NULL: it is left alone. */
struct setting {
	const char	*file;
	const char	*text;
};

static int put(const struct kt_tracefs *trace, const char *file, const char *text)
{
	char path[PATH_MAX];
	size_t length = strlen(text);
	ssize_t done;
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", trace->path, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, text, length);
	if (done < 0)
		ret = -errno;
	else if ((size_t)done != length)
		ret = -EIO;
	close(fd);

	return ret;
}

/* Return: KT_OUT_OK, or KT_OUT_ERROR, having said what is to be done. */
static int look(const char *root)
{
	char path[PATH_MAX];
	struct stat stat_of;

	snprintf(path, sizeof(path), "%s/instances", root);
	if (stat(path, &stat_of)) {
		if (errno == EACCES)
			return kt_out_fail(KT_OUT_ERROR,
					   "cannot trace: no permission to look into '%s': be root",
					   root);
		return kt_out_fail(KT_OUT_ERROR,
				   "cannot trace: no tracefs at '%s': as root, mount -t tracefs nodev /sys/kernel/tracing",
				   root);
	}
	snprintf(path, sizeof(path), "%s/" EVENTS, root);
	if (stat(path, &stat_of))
		return errno == EACCES ?
		       kt_out_fail(KT_OUT_ERROR,
				   "cannot trace: no permission to look into '%s': be root", root) :
		       kt_out_fail(KT_OUT_ERROR,
				   "cannot trace: '%s' has no events of kvm_timers: modprobe kvm_timers",
				   root);

	return KT_OUT_OK;
}

static void make_filter(char *filter, const __u32 *ids, size_t nr)
{
	size_t i, used = 0;

	for (i = 0; i < nr; i++)
		used += snprintf(filter + used, FILTER_ROOM - used, "%sid==%u", i ? "||" : "",
				 ids[i]);
}

/* Return: 0 or -errno; then @what is the file. */
static int put_all(const struct kt_tracefs *trace, const struct setting *settings, size_t nr,
		   const char **what)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < nr && !ret; i++) {
		*what = settings[i].file;
		if (settings[i].text)
			ret = put(trace, settings[i].file, settings[i].text);
	}

	return ret;
}

static int set_up(struct kt_tracefs *trace, const __u32 *ids, size_t nr, const char **what)
{
	char filter[FILTER_ROOM] = "", path[PATH_MAX];
	/* What the lines are like is what the host has set for others. */
	const struct setting before[] = {
		{ "options/context-info", "1" },
		{ "options/irq-info", "1" },
		{ "options/record-tgid", "0" },
		{ "trace_clock", "mono" },
		{ EVENTS "/filter", nr ? filter : NULL },
	};
	const struct setting then[] = {
		{ EVENTS "/enable", "1" },
		{ "tracing_on", "1" },
	};
	int ret;

	make_filter(filter, ids, nr);
	ret = put_all(trace, before, ARRAY_SIZE(before), what);
	if (ret)
		return ret;

	*what = "trace_pipe";
	snprintf(path, sizeof(path), "%s/%s", trace->path, *what);
	trace->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace->pipe < 0)
		return -errno;

	return put_all(trace, then, ARRAY_SIZE(then), what);
}

/**
 * kt_tracefs_begin() - have the module's events recorded
 * @trace:	the instance, for the caller to end
 * @root:	where tracefs is mounted
 * @ids:	of these VMs
 * @nr:		their number, 0: of all
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported; there is no instance then.
 */
int kt_tracefs_begin(struct kt_tracefs *trace, const char *root, const __u32 *ids, size_t nr)
{
	const char *what;
	int ret;

	trace->path[0] = '\0';
	trace->pipe = -1;
	if (strlen(root) > sizeof(trace->path) / 2)
		return kt_out_fail(KT_OUT_ERROR, "cannot trace: '%s': %s", root,
				   strerror(ENAMETOOLONG));
	ret = look(root);
	if (ret)
		return ret;

	snprintf(trace->path, sizeof(trace->path), "%s/instances/kvm_timers.%d", root, getpid());
	if (mkdir(trace->path, S_IRWXU)) {
		ret = errno;
		trace->path[0] = '\0';
		return kt_out_fail(KT_OUT_ERROR,
				   "cannot trace: cannot make an instance below '%s': %s%s", root,
				   strerror(ret), ret == EACCES || ret == EPERM ? ": be root" : "");
	}
	ret = set_up(trace, ids, nr, &what);
	if (!ret)
		return KT_OUT_OK;
	kt_tracefs_end(trace);

	return kt_out_fail(KT_OUT_ERROR, "cannot trace: cannot set up '%s': %s", what,
			   strerror(-ret));
}

/**
 * kt_tracefs_stop() - record no more; what is there can be read
 * @trace:	the instance
 */
void kt_tracefs_stop(struct kt_tracefs *trace)
{
	put(trace, EVENTS "/enable", "0");
	put(trace, "tracing_on", "0");
}

/**
 * kt_tracefs_read() - read what was recorded
 * @trace:	the instance
 * @text:	gets it
 * @room:	of @text
 *
 * Return: length, 0 if there is nothing now, or -errno.
 */
ssize_t kt_tracefs_read(struct kt_tracefs *trace, char *text, size_t room)
{
	ssize_t done = read(trace->pipe, text, room);

	if (done >= 0)
		return done;

	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Lines such as "overrun: 17"; others are of no interest. */
static int add_lost(const char *path, __u64 *lost)
{
	unsigned long long val;
	char line[128];
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "overrun: %llu", &val) == 1 ||
		    sscanf(line, "dropped events: %llu", &val) == 1)
			*lost += val;
	fclose(file);

	return 0;
}

/**
 * kt_tracefs_lost() - how many events the ring buffers had no room for
 * @trace:	the instance
 * @lost:	set on success
 *
 * Return: 0 or -errno.
 */
int kt_tracefs_lost(const struct kt_tracefs *trace, __u64 *lost)
{
	char pattern[PATH_MAX];
	glob_t found;
	int ret = 0;
	size_t i;

	*lost = 0;
	snprintf(pattern, sizeof(pattern), "%s/per_cpu/cpu*/stats", trace->path);
	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return -ENOENT;
	for (i = 0; i < found.gl_pathc && !ret; i++)
		ret = add_lost(found.gl_pathv[i], lost);
	globfree(&found);

	return ret;
}

/**
 * kt_tracefs_end() - remove the instance
 * @trace:	the instance, or none
 *
 * Return: 0 or -errno; then it is still there.
 */
int kt_tracefs_end(struct kt_tracefs *trace)
{
	int ret = 0;

	if (!trace->path[0])
		return 0;
	if (trace->pipe >= 0)
		close(trace->pipe);
	trace->pipe = -1;
	put(trace, EVENTS "/enable", "0");
	if (rmdir(trace->path))
		ret = -errno;

	return ret;
}
