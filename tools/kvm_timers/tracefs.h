/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An instance of tracing for the module's events, beside all others.
 */
#ifndef KT_TRACEFS_H
#define KT_TRACEFS_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

#define KT_TRACEFS_DIR	"/sys/kernel/tracing"

/**
 * struct kt_tracefs - the instance
 * @path:	its directory, empty: there is none
 * @pipe:	its trace_pipe, which does not block
 */
struct kt_tracefs {
	char	path[PATH_MAX / 2];
	int	pipe;
};

int kt_tracefs_begin(struct kt_tracefs *trace, const char *root, const __u32 *ids, size_t nr);
void kt_tracefs_stop(struct kt_tracefs *trace);
ssize_t kt_tracefs_read(struct kt_tracefs *trace, char *text, size_t room);
int kt_tracefs_lost(const struct kt_tracefs *trace, __u64 *lost);
int kt_tracefs_end(struct kt_tracefs *trace);

#endif /* KT_TRACEFS_H */
