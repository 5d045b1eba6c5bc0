// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of "kvm-timers record".
 */
#include "trace_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "out.h"
#include "tracefs.h"
#include "vm.h"

#define OUTPUT		"kvm-timers.trace"
#define MAX_SECONDS	86400
#define NS_PER_S	1000000000ULL

static const char * const options[] = { "--seconds", "--output", "--tracefs" };

static const char *option_name(unsigned int i)
{
	return i < sizeof(options) / sizeof(options[0]) ? options[i] : NULL;
}

static int parse_seconds(struct kt_trace_args *args, const char *text)
{
	double seconds;
	char *end;

	/* Digits, and a point: strtod() takes much more than that. */
	seconds = strspn(text, "0123456789.") == strlen(text) ? strtod(text, &end) : 0;
	if (!(seconds >= 0.1 && seconds <= MAX_SECONDS) || *end)
		return kt_out_fail(KT_OUT_USAGE,
				   "'%s' is no time to record: write 0.1 to %u seconds", text,
				   MAX_SECONDS);
	args->seconds_ns = seconds * NS_PER_S;

	return KT_OUT_OK;
}

/* "--name=value" or "--name value"; @argv moves on past it. */
static int parse_option(struct kt_trace_args *args, char ***argv)
{
	const char *arg = *(*argv)++, *value;
	size_t len = strcspn(arg, "=");
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)len, arg);
	if (strcmp(name, options[0]) && strcmp(name, options[1]) && strcmp(name, options[2]))
		return kt_names_refuse("option", name, option_name);
	value = arg[len] ? arg + len + 1 : **argv;
	if (!value || !*value || (!arg[len] && !strcmp(value, "--")))
		return kt_out_fail(KT_OUT_USAGE, "%s has no value: write '%s=%s'", name, name,
				   strcmp(name, "--seconds") ? "PATH" : "SECONDS");
	if (!arg[len])
		(*argv)++;

	if (!strcmp(name, "--seconds"))
		return parse_seconds(args, value);
	if (!strcmp(name, "--output"))
		args->output = value;
	else
		args->tracefs = value;

	return KT_OUT_OK;
}

static int parse_id(struct kt_trace_args *args, const char *text)
{
	if (args->nr == KT_TRACE_MAX_IDS)
		return kt_out_fail(KT_OUT_USAGE,
				   "too many VMs: name at most %u, or none to record all",
				   KT_TRACE_MAX_IDS);

	return kt_vm_parse(text, &args->ids[args->nr++]);
}

/**
 * kt_trace_parse_args() - read the command line
 * @args:	result
 * @argc:	number of arguments
 * @argv:	options and ids, then perhaps "--" and a command
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE, having been reported.
 */
int kt_trace_parse_args(struct kt_trace_args *args, int argc, char **argv)
{
	int ret;

	(void)argc;
	memset(args, 0, sizeof(*args));
	args->output = OUTPUT;
	args->tracefs = KT_TRACEFS_DIR;
	while (*argv && strcmp(*argv, "--")) {
		ret = kt_names_is_option(*argv) ? parse_option(args, &argv) :
						  parse_id(args, *argv++);
		if (ret)
			return ret;
	}
	if (!*argv)
		return KT_OUT_OK;
	if (!argv[1] || !*argv[1])
		return kt_out_fail(KT_OUT_USAGE,
				   "no command after '--': write 'kvm-timers record -- COMMAND'");
	args->command = argv + 1;

	return KT_OUT_OK;
}
