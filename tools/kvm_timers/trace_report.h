/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is reported of a trace file.
 */
#ifndef KT_TRACE_REPORT_H
#define KT_TRACE_REPORT_H

#include "trace_file.h"
#include "trace_sum.h"

/**
 * struct kt_report - a file that was read
 * @header:	its first line
 * @totals:	its last one, or what is known without it
 * @state:	how it was read
 * @sum:	what is in between
 */
struct kt_report {
	struct kt_trace_header	header;
	struct kt_trace_totals	totals;
	struct kt_trace_state	state;
	struct kt_sum		sum;
};

void kt_report_text(const struct kt_report *report);
void kt_report_json(const struct kt_report *report);

#endif /* KT_TRACE_REPORT_H */
