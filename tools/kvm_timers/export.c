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

#include "cmd.h"
#include "file.h"
#include "metrics.h"
#include "option.h"
#include "out.h"
#include "vm.h"

/* The collector runs as another user. */
#define OUTPUT_MODE	(S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)

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
	static const struct kt_option option = { "export", "--output", "FILE" };
	const char *output = NULL;
	struct kt_vm *vms;
	size_t nr, length;
	char *text;
	int ret;

	ret = kt_option_take(&option, argc, argv, &output);
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
