// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clocks that were looked at together: how far they have got from each other.
 */
#include "kt_drift.h"
#include "kt_host.h"

#define NS_PER_MS	1000000ULL

/*
 * A tick is @mul / @div ns; the clock begins anew after @wrap ticks, 0: never. Of the TSC @div is
 * its frequency.
 */
static const struct {
	const char	*name;
	uint64_t	mul;
	uint64_t	div;
	uint64_t	wrap;
} clocks[KT_NR_CLOCKS] = {
	[KT_CLOCK_TSC]		= { "TSC", NS_PER_MS, 0, 0 },
	[KT_CLOCK_KVMCLOCK]	= { "kvmclock", 1, 1, 0 },
	[KT_CLOCK_HPET]		= { "HPET", 10, 1, 0 },
	[KT_CLOCK_PIT]		= { "PIT", KT_PIT_CLK_MUL, KT_PIT_CLK_DIV, 65536 },
	[KT_CLOCK_TMCCT]	= { "TMCCT", 1, 1, UINT32_MAX },
	[KT_CLOCK_RTC]		= { "RTC", KT_NSEC_PER_SEC, 1, 3600 },
	[KT_CLOCK_HOST]		= { "host", 1, 1, 0 },
};

/* Return: what to call it. */
const char *kt_drift_name(enum kt_clock id)
{
	return clocks[id].name;
}

static uint64_t frequency(const struct kt_drift *drift, enum kt_clock id)
{
	return id == KT_CLOCK_TSC ? drift->tsc_khz : clocks[id].div;
}

/* Ticks of a clock that counts up; what counts down does so from its end. */
static uint64_t ticks_of(const struct kt_drift_look *look, enum kt_clock id)
{
	uint64_t ticks = look->ticks[id];

	switch (id) {
	case KT_CLOCK_PIT:
		return clocks[id].wrap - (ticks ? ticks : clocks[id].wrap);
	case KT_CLOCK_TMCCT:
		return clocks[id].wrap - ticks;
	default:
		return ticks;
	}
}

static uint64_t to_ns(const struct kt_drift *drift, enum kt_clock id, uint64_t ticks)
{
	return (unsigned __int128)ticks * clocks[id].mul / frequency(drift, id);
}

/*
 * Ticks from one look to the next; of a clock that begins anew, so many that it agrees best with
 * @about, ns. Clocks do not get far from each other in that time.
 */
static uint64_t ticks_between(const struct kt_drift_look *from, const struct kt_drift_look *to,
			      enum kt_clock id, uint64_t about)
{
	uint64_t ticks = ticks_of(to, id) - ticks_of(from, id), wrap = clocks[id].wrap;

	if (!wrap)
		return ticks;

	ticks = (int64_t)ticks < 0 ? ticks + wrap : ticks;
	about = (unsigned __int128)about * clocks[id].div / clocks[id].mul;
	/* The nearest of those that end alike. */
	return about + wrap / 2 < ticks ? ticks - wrap :
	       ticks + (about + wrap / 2 - ticks) / wrap * wrap;
}

static int64_t tick(const struct kt_drift *drift, enum kt_clock id)
{
	return drift->exact & 1U << id ? 0 : to_ns(drift, id, 1) + 1;
}

static void compare_two(struct kt_drift *drift, const uint64_t *ns, int64_t bracket,
			enum kt_clock a, enum kt_clock b)
{
	int64_t apart = ns[a] > ns[b] ? ns[a] - ns[b] : ns[b] - ns[a];
	int64_t coarser = tick(drift, a) > tick(drift, b) ? tick(drift, a) : tick(drift, b);

	if (apart > drift->apart[a][b])
		drift->apart[a][b] = apart;
	if (apart - coarser - bracket > drift->beyond[a][b])
		drift->beyond[a][b] = apart - coarser - bracket;
}

static void compare(struct kt_drift *drift)
{
	const struct kt_drift_look *first = &drift->first, *last = &drift->last;
	uint64_t bracket, ns[KT_NR_CLOCKS];
	unsigned int a, b;

	bracket = to_ns(drift, KT_CLOCK_TSC, first->to - first->from) +
		  to_ns(drift, KT_CLOCK_TSC, last->to - last->from) + 2;
	for (a = 0; a < KT_NR_CLOCKS; a++)
		ns[a] = to_ns(drift, a, drift->passed[a]);
	for (a = 0; a < KT_NR_CLOCKS; a++)
		for (b = 0; b < a; b++)
			if (KT_DRIFT_HAS(drift, a) && KT_DRIFT_HAS(drift, b))
				compare_two(drift, ns, bracket, a, b);
}

/**
 * kt_drift_add() - how far the clocks of each pair are from each other
 * @drift:	what has been found so far
 * @look:	the next one
 */
void kt_drift_add(struct kt_drift *drift, const struct kt_drift_look *look)
{
	unsigned int id;
	uint64_t about;

	if (!drift->has_first) {
		drift->has_first = true;
		drift->first = drift->last = *look;
	}
	about = look->ticks[KT_CLOCK_KVMCLOCK] - drift->last.ticks[KT_CLOCK_KVMCLOCK];
	for (id = 0; id < KT_NR_CLOCKS; id++)
		drift->passed[id] += ticks_between(&drift->last, look, id, about);
	drift->last = *look;
	compare(drift);
}
