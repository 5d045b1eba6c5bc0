// SPDX-License-Identifier: GPL-2.0-only
/*
 * What gnuplot is told: numbers, and words of the tool's own. Nothing that a file has as a text
 * is in it.
 */
#include <string.h>

#include "trace_plot.h"

#define NS_PER_S	1e9
#define NS_PER_MS	1e6

/* More lines than that nobody tells apart. */
#define MAX_CURVES	8

/* Rates are of so many parts, or of fewer, so that each has some ticks: else the rate is noise. */
#define RATE_PARTS	128
#define PART_TICKS	10

/* In the colour of the device: others may tick on in its gap. */
#define CATCHUP_FILL	"transparent solid 0.18"
#define GAP_FILL	"transparent pattern 4"

/* A catch-up and a gap that are shorter than this part of the picture are drawn as long. */
#define LEAST_PART	1000

static const char * const colors[MAX_CURVES] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#555555",
};

/* The same, half the way to white: hatching must not be taken for lines. */
static const char * const pale[MAX_CURVES] = {
	"#80b9d9", "#eaaf80", "#80cfb9", "#e6bcd3", "#f3cf80", "#abdaf4", "#bf9ec6", "#aaaaaa",
};

/**
 * struct curve - a device whose lines are drawn
 * @vm:		its VM
 * @device:	the device, or a timer of it
 */
struct curve {
	const struct kt_sum_vm		*vm;
	const struct kt_sum_device	*device;
};

/* What there is most to see of: the largest debt, then the most ticks. */
static bool is_better(const struct kt_sum_device *a, const struct kt_sum_device *b)
{
	return a->owed_max != b->owed_max ? a->owed_max > b->owed_max : a->due > b->due;
}

/* Return: how many there are, of which @curves gets the best. */
static size_t choose(const struct kt_sum *sum, struct curve *curves, size_t *nr)
{
	struct curve curve;
	size_t i, n, at, all = 0;

	for (i = 0; i < sum->nr; i++) {
		for (n = 0; n < sum->vm[i].nr; n++) {
			curve = (struct curve){ &sum->vm[i], &sum->vm[i].device[n] };
			if (!curve.device->bin)
				continue;
			for (at = all < MAX_CURVES ? all : MAX_CURVES; at; at--) {
				if (!is_better(curve.device, curves[at - 1].device))
					break;
				if (at < MAX_CURVES)
					curves[at] = curves[at - 1];
			}
			if (at < MAX_CURVES)
				curves[at] = curve;
			all++;
		}
	}
	*nr = all < MAX_CURVES ? all : MAX_CURVES;

	return all;
}

static double seconds(__u64 ns)
{
	return ns / NS_PER_S;
}

/* Is the whole of a bin within a gap? */
static bool is_in_gap(const struct kt_sum *sum, const struct kt_spans *gaps, unsigned int bin)
{
	__u64 begin_ns = bin * sum->bin_ns, end_ns = begin_ns + sum->bin_ns;
	size_t i;

	for (i = 0; i < gaps->kept; i++)
		if (gaps->span[i].begin_ns <= begin_ns && end_ns <= gaps->span[i].end_ns)
			return true;

	return false;
}

/*
 * What is owed stays so until an event says something else; but in a gap it grows all the time, and
 * the event comes in the end.
 */
static void put_lag(FILE *file, const struct kt_sum *sum, const struct curve *curve, size_t number)
{
	double ms = kt_sum_period_ns(sum, curve->vm, curve->device) / NS_PER_MS;
	const struct kt_sum_bin *bin = curve->device->bin;
	__u64 at_ns, owed = 0;
	bool grows = false;
	unsigned int i;

	fprintf(file, "$lag%zu << END\n", number);
	for (i = 0; i < KT_SUM_BINS && i * sum->bin_ns <= sum->end_ns; i++) {
		at_ns = i * sum->bin_ns;
		if (bin[i].any && !grows)
			fprintf(file, "%.6f %.6g\n", seconds(at_ns), owed * ms);
		if (bin[i].any) {
			fprintf(file, "%.6f %.6g\n", seconds(at_ns), bin[i].owed_max * ms);
			owed = bin[i].owed_last;
		}
		grows = is_in_gap(sum, &curve->device->gaps, i);
		if (!grows)
			fprintf(file, "%.6f %.6g\n", seconds(at_ns) + seconds(sum->bin_ns),
				owed * ms);
	}
	fprintf(file, "END\n");
}

/* Return: bins of a part, of those that are in use. */
static unsigned int rate_step(const struct kt_sum_device *device, unsigned int used)
{
	__u64 parts = device->due / PART_TICKS;

	if (parts > RATE_PARTS)
		parts = RATE_PARTS;
	if (!parts)
		parts = 1;

	return (used + parts - 1) / parts;
}

static void put_rates(FILE *file, const struct kt_sum *sum, const struct curve *curve,
		      size_t number)
{
	unsigned int used = sum->end_ns / sum->bin_ns + 1, i, n;
	unsigned int step = rate_step(curve->device, used);
	const struct kt_sum_bin *bin = curve->device->bin;
	__u64 due, delivered, from_ns, to_ns;

	fprintf(file, "$rate%zu << END\n", number);
	for (i = 0; i < used; i += step) {
		due = 0;
		delivered = 0;
		for (n = i; n < i + step && n < used; n++) {
			due += bin[n].due;
			delivered += bin[n].delivered;
		}
		from_ns = i * sum->bin_ns;
		to_ns = n * sum->bin_ns < sum->end_ns ? n * sum->bin_ns : sum->end_ns;
		/* What is left at the end is too short for a rate. */
		if (to_ns - from_ns < step * sum->bin_ns / 2 && i)
			break;
		fprintf(file, "%.6f %.6g %.6g\n", seconds(from_ns),
			kt_sum_hz(due, to_ns - from_ns), kt_sum_hz(delivered, to_ns - from_ns));
		fprintf(file, "%.6f %.6g %.6g\n", seconds(to_ns),
			kt_sum_hz(due, to_ns - from_ns), kt_sum_hz(delivered, to_ns - from_ns));
	}
	fprintf(file, "END\n");
}

static void put_spans(FILE *file, const struct kt_sum *sum, const struct kt_spans *spans,
		      const char *color, const char *fill, unsigned int *object)
{
	const struct kt_span *span;
	__u64 end_ns;
	size_t i;

	for (i = 0; i < spans->kept; i++) {
		span = &spans->span[i];
		end_ns = span->end_ns;
		if (end_ns - span->begin_ns < sum->end_ns / LEAST_PART)
			end_ns = span->begin_ns + sum->end_ns / LEAST_PART;
		fprintf(file,
			"set object %u rectangle from %.6f, graph 0 to %.6f, graph 1 behind fillcolor rgb \"%s\" fillstyle %s noborder\n",
			(*object)++, seconds(span->begin_ns), seconds(end_ns), color, fill);
	}
}

/* Without this, gnuplot takes "pit of VM 1" for a line that is not in the key. */
static void put_titles(FILE *file, const struct curve *curve, size_t number, const char *what)
{
	char label[KT_SUM_LABEL_ROOM];

	kt_sum_label(curve->device, label, sizeof(label));
	fprintf(file, "lc rgb \"%s\" title \"VM %u %s%s\"", colors[number], curve->vm->known.id,
		label, what);
}

static void put_plots(FILE *file, const struct curve *curves, size_t nr)
{
	size_t i;

	fprintf(file, "set title \"Lag: what is owed, in ms of ticks\"\nset ylabel \"ms behind\"\n");
	for (i = 0; i < nr; i++) {
		fprintf(file, "%s$lag%zu using 1:2 with lines lw 2 ", i ? ", " : "plot ", i);
		put_titles(file, &curves[i], i, "");
	}
	fprintf(file, "\nset title \"Rate: asked (dashed) and delivered\"\nset ylabel \"ticks/s\"\n");
	for (i = 0; i < nr; i++) {
		fprintf(file, "%s$rate%zu using 1:3 with lines lw 2 ", i ? ", " : "plot ", i);
		put_titles(file, &curves[i], i, " delivered");
		fprintf(file, ", $rate%zu using 1:2 with lines lw 2 dt (6,6) ", i);
		put_titles(file, &curves[i], i, " asked");
	}
	fprintf(file, "\nunset multiplot\n");
}

/**
 * kt_plot_script() - write what gnuplot is to do; the picture is on its stdout
 * @file:	gets it
 * @sum:	a trace
 * @format:	of the picture
 */
void kt_plot_script(FILE *file, const struct kt_sum *sum, enum kt_plot_format format)
{
	struct curve curves[MAX_CURVES];
	unsigned int object = 1;
	size_t nr, all, i;

	all = choose(sum, curves, &nr);
	fprintf(file, "set terminal %s size 1400,900 font \",12\"\n",
		format == KT_PLOT_PNG ? "pngcairo" : "svg background rgb \"white\"");
	for (i = 0; i < nr; i++) {
		put_lag(file, sum, &curves[i], i);
		put_rates(file, sum, &curves[i], i);
	}
	for (i = 0; i < nr; i++) {
		put_spans(file, sum, &curves[i].device->gaps, pale[i], GAP_FILL, &object);
		put_spans(file, sum, &curves[i].device->catchups, colors[i], CATCHUP_FILL, &object);
	}
	fprintf(file,
		"set multiplot layout 2,1 title \"kvm-timers: %.1f s; in the colour of a device, filled: it catches up, hatched: it is given nothing",
		seconds(sum->end_ns));
	if (all > nr)
		fprintf(file, "; %zu of %zu devices", nr, all);
	fprintf(file,
		"\" font \",14\"\nset grid\nset key outside right top samplen 2\nset lmargin 10\nset rmargin 28\nset xlabel \"seconds since the recording began\"\nset xrange [0:%.6f]\nset yrange [0:*]\n",
		sum->end_ns ? seconds(sum->end_ns) : 1);
	if (nr)
		put_plots(file, curves, nr);
	else
		fprintf(file, "set label \"no ticks\" at graph 0.5, graph 0.5 center\nset yrange [0:1]\nplot 0 notitle\nunset multiplot\n");
}
