// SPDX-License-Identifier: GPL-2.0-only
/*
 * One comparator of the HPET: what the main counter does to it.
 *
 * A comparator matches when the counter reaches it by counting; where they are equal
 * to begin with, a full turn is to come. The matches of a gap come in constant time:
 * the first by its distance, the others by division.
 */
#include <linux/limits.h>
#include <linux/math64.h>

#include "hpet_timer.h"
#include "model.h"

static u64 add_saturating(u64 a, u64 b)
{
	return a > U64_MAX - b ? U64_MAX : a + b;
}

/*
 * Divide bit by bit where the dividend needs it: that is after 2^64 ticks without
 * anybody looking, or of a counter which the guest has not stopped for as long.
 *
 * Return: floor(@n / @d), saturated.
 */
static u64 divide(unsigned __int128 n, u64 d, u64 *rest)
{
	u64 low = n, high = n >> 64;
	u64 quotient = 0;
	unsigned int i;
	bool carry;

	if (!high)
		return div64_u64_rem(low, d, rest);

	/* What this leaves out is a quotient which does not fit. */
	div64_u64_rem(high, d, rest);
	for (i = 0; i < 64; i++) {
		carry = *rest >> 63;
		*rest = *rest << 1 | low >> 63;
		low <<= 1;
		quotient <<= 1;
		if (carry || *rest >= d) {
			*rest -= d;
			quotient |= 1;
		}
	}

	return high >= d ? U64_MAX : quotient;
}

/* The first nanosecond which sees so many ticks; the inverse of kt_hpet_timer_ticks(). */
static u64 ticks_to_ns(const struct kt_hpet *hpet, unsigned __int128 ticks)
{
	u32 period_fs = hpet->params.period_fs;
	u64 ns, rest;

	if (ticks <= U64_MAX)
		ns = kt_model_scale_up(ticks, period_fs, KT_HPET_FS_PER_NS);
	else
		ns = divide(ticks * period_fs + KT_HPET_FS_PER_NS - 1, KT_HPET_FS_PER_NS, &rest);

	return add_saturating(hpet->base_ns, ns);
}

/* Return: ticks since the counter was started, at the first match after so many. */
static unsigned __int128 first_match(const struct kt_hpet *hpet, const struct kt_hpet_timer *t,
				     unsigned __int128 ticks)
{
	u64 counter = hpet->base + (u64)ticks;

	/* Less the last tick, so that a full turn fits. */
	return ticks + kt_hpet_timer_narrow(t, t->comparator - counter - 1) + 1;
}

/* Return: matches in so many ticks after one; @rest: ticks since the newest. */
static u64 more_matches(const struct kt_hpet_timer *t, unsigned __int128 ticks, u64 *rest)
{
	if (kt_hpet_timer_is_periodic(t) && t->period)
		return divide(ticks, t->period, rest);

	*rest = kt_hpet_timer_narrow(t, ticks);

	return ticks >> (kt_hpet_timer_is_32bit(t) ? 32 : 64);
}

static void count_edges(struct kt_hpet_timer *t, u64 edges, u64 edge_ns)
{
	if (!kt_hpet_timer_int_enabled(t))
		return;

	t->edges = add_saturating(t->edges, edges);
	t->edge_ns = edge_ns;
}

/**
 * kt_hpet_timer_advance() - bring a comparator up to date
 * @hpet:	device
 * @t:		one of its comparators, or a copy of it
 * @now:	guest time, ns; if that is in the past nothing happens
 *
 * Context: Any.
 */
void kt_hpet_timer_advance(const struct kt_hpet *hpet, struct kt_hpet_timer *t, u64 now)
{
	unsigned __int128 first, ticks;
	u64 more, rest;

	if (now <= t->seen_ns)
		return;

	first = first_match(hpet, t, kt_hpet_timer_ticks(hpet, t->seen_ns));
	ticks = kt_hpet_timer_ticks(hpet, now);
	t->seen_ns = now;
	if (ticks < first)
		return;

	more = more_matches(t, ticks - first, &rest);
	if (!kt_hpet_timer_is_level(t)) {
		count_edges(t, add_saturating(more, 1), ticks_to_ns(hpet, ticks - rest));
	} else if (!t->pending) {
		t->pending = true;
		count_edges(t, 1, ticks_to_ns(hpet, first));
	}

	if (kt_hpet_timer_is_periodic(t))
		t->comparator = kt_hpet_timer_narrow(t, hpet->base + (u64)ticks - rest + t->period);
}

/**
 * kt_hpet_timer_next_match() - when the comparator matches next
 * @hpet:	device, its main counter running
 * @t:		comparator, up to date
 *
 * Context: Any.
 * Return: guest time in ns, the first nanosecond which sees the match; KT_NEVER if that
 * is beyond the end of time.
 */
u64 kt_hpet_timer_next_match(const struct kt_hpet *hpet, const struct kt_hpet_timer *t)
{
	return ticks_to_ns(hpet, first_match(hpet, t, kt_hpet_timer_ticks(hpet, t->seen_ns)));
}

/**
 * kt_hpet_timer_is_legal() - whether a comparator can be like that
 * @t:		comparator
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: false if no guest brings it about.
 */
bool kt_hpet_timer_is_legal(const struct kt_hpet_timer *t, u64 now)
{
	return t->seen_ns <= now && t->edge_ns <= now && !(t->config & ~KT_HPET_TIMER_WRITABLE) &&
	       kt_hpet_timer_narrow(t, t->comparator) == t->comparator &&
	       kt_hpet_timer_narrow(t, t->period) == t->period &&
	       (!t->pending || kt_hpet_timer_is_level(t));
}
