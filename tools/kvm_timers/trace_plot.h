/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A picture of a trace, drawn by gnuplot.
 */
#ifndef KT_TRACE_PLOT_H
#define KT_TRACE_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "trace_sum.h"

enum kt_plot_format {
	KT_PLOT_NONE,
	KT_PLOT_PNG,
	KT_PLOT_SVG,
};

enum kt_plot_format kt_plot_format(const char *path);
void kt_plot_script(FILE *file, const struct kt_sum *sum, enum kt_plot_format format);
int kt_plot_draw(const struct kt_sum *sum, const char *path);

#endif /* KT_TRACE_PLOT_H */
