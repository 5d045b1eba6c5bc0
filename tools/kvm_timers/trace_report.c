// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers report: what a trace file says, in words, in JSON, or in a picture.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "names.h"
#include "option.h"
#include "out.h"
#include "trace_file.h"
#include "trace_plot.h"
#include "trace_report.h"
#include "trace_sum.h"

static const char *know_all(struct kt_sum *sum, struct json_object *vms)
{
	struct kt_trace_known_vm known;
	const char *why = NULL;
	size_t i;

	for (i = 0; i < json_object_array_length(vms) && !why; i++)
		why = kt_trace_get_vm(json_object_array_get_idx(vms, i), &known) ?
		      kt_sum_know(sum, &known) : "a VM is damaged";

	return why;
}

static const char *take_header(void *arg, const struct kt_trace_header *header)
{
	struct kt_report *report = arg;

	report->header = *header;
	report->header.vms = NULL;
	kt_sum_begin(&report->sum, header->start_ns);

	return know_all(&report->sum, header->vms);
}

static const char *take_event(void *arg, const struct kt_event *event)
{
	struct kt_report *report = arg;

	return kt_sum_add(&report->sum, event);
}

static const char *take_totals(void *arg, const struct kt_trace_totals *totals)
{
	struct kt_report *report = arg;

	report->totals = *totals;
	report->totals.vms = NULL;

	return know_all(&report->sum, totals->vms);
}

static int read_file(struct kt_report *report, const char *path)
{
	const struct kt_trace_reader reader = {
		take_header, take_event, take_totals, report,
	};
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	bool good;

	if (!file)
		return kt_out_fail(KT_OUT_ERROR, "cannot read '%s': %s", path, strerror(errno));
	good = kt_trace_read(file, &reader, &report->state);
	if (!is_stdin)
		fclose(file);
	if (!good)
		return kt_out_fail(KT_OUT_ERROR, "cannot read '%s': %s", path,
				   report->state.error);

	if (!report->state.complete)
		report->totals.lost = report->sum.overruns;
	kt_sum_end(&report->sum, report->totals.end_ns);

	return KT_OUT_OK;
}

static int show(struct kt_report *report, const char *path, const char *picture)
{
	int ret = read_file(report, path);

	if (ret)
		return ret;
	if (picture) {
		ret = kt_plot_draw(&report->sum, picture);
		if (ret)
			return ret;
	}
	if (kt_out_is_json())
		kt_report_json(report);
	else
		kt_report_text(report);

	return KT_OUT_OK;
}

/**
 * kt_trace_report() - report what is in a trace file
 * @argc:	number of arguments
 * @argv:	file and options, in any order
 *
 * Return: enum kt_out_exit.
 */
int kt_trace_report(int argc, char **argv)
{
	static const struct kt_option option = { "report FILE", "--picture", "FILE.png" };
	struct kt_report report = { .state = { .lines = 0 } };
	const char *path = NULL, *picture = NULL;
	int i, ret, left = 0;

	for (i = 0; i < argc; i++) {
		/* The value of an option may be a word of its own. */
		if (left && !strcmp(argv[left - 1], option.name) && argv[i - 1] == argv[left - 1])
			argv[left++] = argv[i];
		else if (!path && !kt_names_is_option(argv[i]))
			path = argv[i];
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	ret = kt_option_take(&option, left, argv, &picture);
	if (ret)
		return ret;
	if (!path)
		return kt_out_fail(KT_OUT_USAGE, "missing argument: write 'kvm-timers report FILE'");
	if (picture && kt_plot_format(picture) == KT_PLOT_NONE)
		return kt_out_fail(KT_OUT_USAGE,
				   "'%s' is no name of a picture: have it end in .png or .svg",
				   picture);

	ret = show(&report, path, picture);
	kt_sum_free(&report.sum);

	return ret;
}
