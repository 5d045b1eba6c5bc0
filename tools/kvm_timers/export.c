// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers export: the counters of all VMs for Prometheus, by way of the node exporter's
 * textfile collector.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "file.h"
#include "metrics.h"
#include "names.h"
#include "out.h"
#include "vm.h"

#define OUTPUT_OPTION	"--output"

/* The collector runs as another user. */
#define OUTPUT_MODE	(S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)

static const char *option_name(unsigned int i)
{
	return i ? NULL : OUTPUT_OPTION;
}

/* @output stays NULL for stdout. */
static int take_options(int argc, char **argv, const char **output)
{
	const size_t len = strlen(OUTPUT_OPTION);
	char name[64];
	int i;

	for (i = 0; i < argc; i++) {
		if (!kt_names_is_option(argv[i]))
			return kt_out_fail(KT_OUT_USAGE,
					   "unexpected argument '%s': write 'kvm-timers export'",
					   argv[i]);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(argv[i], "="), argv[i]);
		if (strcmp(name, OUTPUT_OPTION))
			return kt_names_refuse("option", name, option_name);
		*output = argv[i][len] ? argv[i] + len + 1 : argv[++i];
		if (!*output || !**output)
			return kt_out_fail(KT_OUT_USAGE, "%s has no value: write '%s=FILE'", name,
					   name);
	}

	return KT_OUT_OK;
}

/* Return: the text, to be freed by the caller, or NULL. */
static char *make_text(const struct kt_vm *vms, size_t nr, size_t *length)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, length);
	bool failed;

	if (!file)
		return NULL;
	kt_metrics_write(file, vms, nr);
	failed = ferror(file);
	if (fclose(file) || failed) {
		free(text);
		return NULL;
	}

	return text;
}

static int put(const char *output, char *text, size_t length)
{
	struct iovec part = { text, length };
	int ret;

	if (!output) {
		fwrite(text, 1, length, stdout);
		return KT_OUT_OK;
	}

	ret = kt_file_replace(output, OUTPUT_MODE, &part, 1);
	if (ret)
		return kt_out_fail(KT_OUT_ERROR, "cannot write '%s': %s", output, strerror(-ret));

	return KT_OUT_OK;
}

/**
 * kt_export_run() - write the counters of all VMs that the caller may see
 * @argc:	number of arguments
 * @argv:	options
 *
 * Return: enum kt_out_exit; a file that was there is what it was unless that is KT_OUT_OK.
 */
int kt_export_run(int argc, char **argv)
{
	const char *output = NULL;
	struct kt_vm *vms;
	size_t nr, length;
	char *text;
	int ret;

	ret = take_options(argc, argv, &output);
	if (ret)
		return ret;
	ret = kt_vm_read_all(&vms, &nr);
	if (ret)
		return ret;

	text = make_text(vms, nr, &length);
	if (text)
		ret = put(output, text, length);
	else
		ret = kt_out_fail(KT_OUT_ERROR, "cannot export: %s", strerror(ENOMEM));
	free(text);
	free(vms);

	return ret;
}
