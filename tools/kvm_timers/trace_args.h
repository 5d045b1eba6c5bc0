/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of "kvm-timers record".
 */
#ifndef KT_TRACE_ARGS_H
#define KT_TRACE_ARGS_H

#include <stddef.h>

#include <linux/types.h>

/* As many as the kernel's filter surely has room for. */
#define KT_TRACE_MAX_IDS	64

/**
 * struct kt_trace_args - what was asked for
 * @output:	name of the file, "-": stdout
 * @tracefs:	where that is mounted
 * @seconds_ns:	for how long, 0: until it is ended
 * @ids:	VMs to record
 * @nr:		their number, 0: all
 * @command:	to run meanwhile, NULL: none
 */
struct kt_trace_args {
	const char	*output;
	const char	*tracefs;
	__u64		seconds_ns;
	__u32		ids[KT_TRACE_MAX_IDS];
	size_t		nr;
	char		**command;
};

int kt_trace_parse_args(struct kt_trace_args *args, int argc, char **argv);

#endif /* KT_TRACE_ARGS_H */
