// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's clock bent, as NTP does it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>

#include "kt_bend.h"

/* Unit of the kernel's. */
#define PPM		65536L

/* A bend, or a step of a ramp, takes so many looks. */
#define BEND_LOOKS	4

static const long bends[] = {
	0, 0, KT_BEND_PPM, KT_BEND_PPM, -KT_BEND_PPM, -KT_BEND_PPM, 0, 0,
	-400, -300, -200, -100, 0, 100, 200, 300, 400, 500, 490, 480, 470, 3, -3, 3, 0,
};

void kt_bend(long ppm)
{
	struct timex tx = { .modes = ADJ_FREQUENCY, .freq = ppm * PPM };

	if (adjtimex(&tx) < 0) {
		perror("# adjtimex");
		abort();
	}
}

long kt_bend_at(unsigned long look)
{
	return bends[look / BEND_LOOKS % (sizeof(bends) / sizeof(bends[0]))];
}
