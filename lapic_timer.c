// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of a local APIC, as a pure model: one-shot, periodic, TSC-deadline.
 *
 * The count comes from an origin: a guest time, and the nanoseconds that were left then.
 * The input clock and its dividers are whole nanoseconds: an expiry is never rounded,
 * and those of a gap come by one division. The deadline is compared with the guest's TSC
 * whenever somebody looks, so it does not matter who has moved the TSC, or why.
 *
 * Time that goes backwards is no time at all. The TSC may go anywhere.
 *
 * Where the specification leaves the behaviour open: a change between one-shot and
 * periodic lets the count go on, and applies at 0; a count that has ended does not start
 * again by it. A change of the divider keeps the part of a count that has passed as well
 * as the counts. The reserved mode is a stopped timer: to enter it stops the count,
 * TMICT may be written and read but starts nothing, and after it nothing counts before
 * TMICT is written. Delivery status reads 0.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "lapic_timer.h"
#include "model.h"

#define LVTT_VECTOR		0x000ff
#define LVTT_PENDING		0x01000
#define LVTT_MASKED		0x10000
#define LVTT_WRITABLE		(LVTT_VECTOR | LVTT_MASKED | KT_LAPIC_TIMER_MODE)

#define TDCR_WRITABLE		0xb

/* Milliseconds have as many nanoseconds, and a TSC tsc_khz cycles. */
#define NS_PER_MS		1000000

static u64 add_saturating(u64 a, u64 b)
{
	return a > U64_MAX - b ? U64_MAX : a + b;
}

static u32 mode(const struct kt_lapic_timer *t)
{
	return t->lvtt & KT_LAPIC_TIMER_MODE;
}

static bool has_count(const struct kt_lapic_timer *t)
{
	return mode(t) == KT_LAPIC_TIMER_ONE_SHOT || mode(t) == KT_LAPIC_TIMER_PERIODIC;
}

static bool is_masked(const struct kt_lapic_timer *t)
{
	return !t->enabled || (t->lvtt & LVTT_MASKED);
}

/* 0 divides by 2, 0xa by 128, and 0xb by 1. */
static unsigned int divider_shift(u32 tdcr)
{
	return (((tdcr & 8) >> 1 | (tdcr & 3)) + 1) & 7;
}

static u32 count_ns(const struct kt_lapic_timer *t)
{
	return t->cycle_ns << divider_shift(t->tdcr);
}

static u64 counts_to_ns(const struct kt_lapic_timer *t, u32 counts)
{
	return (u64)counts * count_ns(t);
}

static void count_edges(struct kt_lapic_timer *t, u64 edges, u64 edge_ns)
{
	if (is_masked(t))
		return;

	t->edges = add_saturating(t->edges, edges);
	t->edge_ns = edge_ns;
}

/* Bring the count up to date; @now is not before what has been seen. */
static void advance_count(struct kt_lapic_timer *t, u64 now)
{
	u64 passed = now - t->origin_ns;
	u64 more = 0, rest = passed - t->left_ns;
	u64 period_ns = 0;

	if (!has_count(t) || !t->left_ns || passed < t->left_ns)
		return;

	if (mode(t) == KT_LAPIC_TIMER_PERIODIC) {
		period_ns = counts_to_ns(t, t->tmict);
		more = div64_u64_rem(rest, period_ns, &rest);
	}

	count_edges(t, more + 1, now - rest);
	t->origin_ns = now - rest;
	t->left_ns = period_ns;
}

static void reach_deadline(struct kt_lapic_timer *t, u64 now, const struct kt_lapic_clock *clock)
{
	u64 late_ns;

	/* A TSC that was moved has been at the deadline at no time: not before the last look. */
	late_ns = kt_model_scale(clock->tsc - t->deadline, NS_PER_MS, clock->tsc_khz);
	count_edges(t, 1, now - min(late_ns, now - t->seen_ns));
	t->deadline = 0;
}

static inline void advance_deadline(struct kt_lapic_timer *t, u64 now,
				    const struct kt_lapic_clock *clock)
{
	if (kt_lapic_timer_has_deadline(t) && t->deadline && clock->tsc_khz &&
	    clock->tsc >= t->deadline)
		reach_deadline(t, now, clock);
}

static u64 clock_now(const struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	return max(clock->now, t->seen_ns);
}

/* Return: guest time, ns. */
static u64 advance(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	u64 now = clock_now(t, clock);

	advance_count(t, now);
	advance_deadline(t, now, clock);
	t->seen_ns = now;

	return now;
}

/* Return: ns until 0 of a timer that is up to date. */
static u64 left_ns(const struct kt_lapic_timer *t, u64 now)
{
	if (!has_count(t) || !t->left_ns)
		return t->left_ns;

	return t->left_ns - (now - t->origin_ns);
}

/* A count that has begun is there until it has passed. */
static u32 current_count(const struct kt_lapic_timer *t, u64 now)
{
	u32 step_ns = count_ns(t);

	return div_u64(left_ns(t, now) + step_ns - 1, step_ns);
}

static void start_count(struct kt_lapic_timer *t, u64 ns, u64 now)
{
	t->origin_ns = now;
	t->left_ns = ns;
}

static void write_lvtt(struct kt_lapic_timer *t, u32 val)
{
	bool had_deadline = kt_lapic_timer_has_deadline(t);
	bool had_count = has_count(t);

	t->lvtt = val & LVTT_WRITABLE;
	if (!t->enabled)
		t->lvtt |= LVTT_MASKED;

	if (!had_count || !has_count(t))
		t->left_ns = 0;
	if (had_deadline != (kt_lapic_timer_has_deadline(t))) {
		t->tmict = 0;
		t->deadline = 0;
	}
}

static void write_tmict(struct kt_lapic_timer *t, u32 val, u64 now)
{
	if (kt_lapic_timer_has_deadline(t))
		return;

	t->tmict = val;
	start_count(t, has_count(t) ? counts_to_ns(t, val) : 0, now);
}

static void write_tdcr(struct kt_lapic_timer *t, u32 val, u64 now)
{
	unsigned int old = divider_shift(t->tdcr);
	unsigned int new = divider_shift(val);
	u64 ns = left_ns(t, now);

	t->tdcr = val & TDCR_WRITABLE;
	if (new != old)
		start_count(t, ((ns << new) + (1U << old) - 1) >> old, now);
}

/**
 * kt_lapic_timer_init() - power-on state
 * @t:		timer
 * @cycle_ns:	period of the input clock in ns, KT_LAPIC_TIMER_MIN_CYCLE_NS to
 *		KT_LAPIC_TIMER_MAX_CYCLE_NS
 *
 * As after a reset, the APIC is disabled by software.
 *
 * Context: Any.
 */
void kt_lapic_timer_init(struct kt_lapic_timer *t, u32 cycle_ns)
{
	memset(t, 0, sizeof(*t));
	t->cycle_ns = cycle_ns;
	t->lvtt = LVTT_MASKED;
}

/**
 * kt_lapic_timer_reset() - reset or INIT: all registers as at power-on
 * @t:		timer
 * @clock:	when
 *
 * The totals of the edges go on; those up to now are in them.
 *
 * Context: Any.
 */
void kt_lapic_timer_reset(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	advance(t, clock);
	t->left_ns = 0;
	t->deadline = 0;
	t->lvtt = LVTT_MASKED;
	t->tmict = 0;
	t->tdcr = 0;
	t->enabled = false;
}

/**
 * kt_lapic_timer_count() - what the guest reads as TMCCT
 * @t:		timer, which stays as it is
 * @now:	guest time, ns
 *
 * For those who read without a lock: whatever is in @t, also in the midst of a change,
 * is a result.
 *
 * Context: Any.
 * Return: value of the register.
 */
u32 kt_lapic_timer_count(const struct kt_lapic_timer *t, u64 now)
{
	u64 passed_ns, period_ns, left_ns = t->left_ns;
	u32 step_ns = count_ns(t);

	if (!has_count(t) || !left_ns)
		return 0;

	passed_ns = max(now, t->seen_ns) - t->origin_ns;
	if (passed_ns >= left_ns) {
		period_ns = counts_to_ns(t, t->tmict);
		if (mode(t) != KT_LAPIC_TIMER_PERIODIC || !period_ns)
			return 0;
		passed_ns -= left_ns;
		left_ns = period_ns;
		if (passed_ns >= period_ns)
			div64_u64_rem(passed_ns, period_ns, &passed_ns);
	}

	return div_u64(left_ns - passed_ns + step_ns - 1, step_ns);
}

/**
 * kt_lapic_timer_read() - the guest reads
 * @t:		timer
 * @reg:	register
 * @clock:	when
 *
 * Context: Any.
 * Return: value of the register. What the mode has no use for is 0: TMICT and TMCCT in
 * the TSC-deadline mode, TMCCT in the reserved one, the deadline in all others.
 */
u64 kt_lapic_timer_read(struct kt_lapic_timer *t, enum kt_lapic_timer_reg reg,
			const struct kt_lapic_clock *clock)
{
	u64 now = advance(t, clock);

	switch (reg) {
	case KT_LAPIC_TIMER_LVTT:
		return t->enabled ? t->lvtt : t->lvtt | LVTT_MASKED;
	case KT_LAPIC_TIMER_TMICT:
		return kt_lapic_timer_tmict(t);
	case KT_LAPIC_TIMER_TMCCT:
		return kt_lapic_timer_count(t, now);
	case KT_LAPIC_TIMER_TDCR:
		return t->tdcr;
	case KT_LAPIC_TIMER_DEADLINE:
		return kt_lapic_timer_has_deadline(t) ? t->deadline : 0;
	}

	return 0;
}

/**
 * kt_lapic_timer_write_deadline() - the guest writes IA32_TSC_DEADLINE
 * @t:		timer
 * @val:	value
 * @clock:	when
 *
 * As kt_lapic_timer_write() does it, which takes longer to find out what is written. In
 * no other mode is there anything to do.
 *
 * Context: Any.
 */
void kt_lapic_timer_write_deadline(struct kt_lapic_timer *t, u64 val,
				   const struct kt_lapic_clock *clock)
{
	u64 now = clock_now(t, clock);

	if (!kt_lapic_timer_has_deadline(t))
		return;

	advance_deadline(t, now, clock);
	t->seen_ns = now;
	t->deadline = val;
	/* One in the past is reached already. */
	advance_deadline(t, now, clock);
}

/**
 * kt_lapic_timer_write() - the guest writes
 * @t:		timer
 * @reg:	register
 * @val:	value; the lower half of it, but for the deadline
 * @clock:	when
 *
 * Reserved bits are dropped. On a CPU without the TSC-deadline mode bit 18 of LVTT is
 * one of them: that is known to the caller only.
 *
 * Context: Any.
 */
void kt_lapic_timer_write(struct kt_lapic_timer *t, enum kt_lapic_timer_reg reg, u64 val,
			  const struct kt_lapic_clock *clock)
{
	u64 now = advance(t, clock);

	switch (reg) {
	case KT_LAPIC_TIMER_LVTT:
		write_lvtt(t, val);
		break;
	case KT_LAPIC_TIMER_TMICT:
		write_tmict(t, val, now);
		break;
	case KT_LAPIC_TIMER_TMCCT:
		break;
	case KT_LAPIC_TIMER_TDCR:
		write_tdcr(t, val, now);
		break;
	case KT_LAPIC_TIMER_DEADLINE:
		kt_lapic_timer_write_deadline(t, val, clock);
		break;
	}
}

/**
 * kt_lapic_timer_set_enabled() - the guest writes bit 8 of SVR
 * @t:		timer
 * @enabled:	software enable
 * @clock:	when
 *
 * While the APIC is disabled the timer is masked, and it stays so until the guest writes
 * LVTT again. It goes on counting.
 *
 * Context: Any.
 */
void kt_lapic_timer_set_enabled(struct kt_lapic_timer *t, bool enabled,
				const struct kt_lapic_clock *clock)
{
	advance(t, clock);
	if (!enabled || !t->enabled)
		t->lvtt |= LVTT_MASKED;
	t->enabled = enabled;
}

/**
 * kt_lapic_timer_get_state() - save
 * @t:		timer
 * @state:	result
 * @clock:	when
 *
 * A deadline that has been reached, but which nobody has looked at since, is in the state
 * as it was armed: restored, it is reached there. Expiries of the count that nobody has
 * asked kt_lapic_timer_edges() for are not in the state.
 *
 * Context: Any.
 */
void kt_lapic_timer_get_state(const struct kt_lapic_timer *t, struct kt_lapic_timer_state *state,
			      const struct kt_lapic_clock *clock)
{
	u64 now = clock_now(t, clock);
	struct kt_lapic_timer copy = *t;

	advance_count(&copy, now);
	memset(state, 0, sizeof(*state));
	state->deadline = copy.deadline;
	state->lvtt = copy.lvtt;
	state->tmict = copy.tmict;
	state->tmcct = current_count(&copy, now);
	state->tdcr = copy.tdcr;
	state->enabled = copy.enabled;
}

/**
 * kt_lapic_timer_set_state() - restore
 * @t:		timer
 * @state:	what kt_lapic_timer_get_state() gave, or parts of it in what it gives now
 * @clock:	when
 *
 * Parts may come in any order. A deadline without its mode, a count in a mode that has
 * none, and an unmasked LVTT of a disabled APIC are kept, do nothing, and are there when
 * the other part comes; a guest that changes the mode drops them as any others. A count
 * that is the present one goes on to the nanosecond.
 *
 * The deadline is not compared here: it may come before the TSC that it belongs to. The
 * caller asks nothing but kt_lapic_timer_get_state() and kt_lapic_timer_period() before
 * all is restored. A deadline that was reached before, and not seen, is lost with what
 * is replaced.
 *
 * Context: Any.
 * Return: 0, or -EINVAL if a reserved bit is set, or TMCCT is above TMICT; then nothing
 * has changed.
 */
int kt_lapic_timer_set_state(struct kt_lapic_timer *t, const struct kt_lapic_timer_state *state,
			     const struct kt_lapic_clock *clock)
{
	u64 now = clock_now(t, clock);
	u64 ns;

	if ((state->lvtt & ~(LVTT_WRITABLE | LVTT_PENDING)) || (state->tdcr & ~TDCR_WRITABLE) ||
	    state->tmcct > state->tmict)
		return -EINVAL;

	advance_count(t, now);
	ns = left_ns(t, now);
	if (state->tdcr != t->tdcr || state->tmcct != current_count(t, now)) {
		t->tdcr = state->tdcr;
		ns = counts_to_ns(t, state->tmcct);
	}

	start_count(t, ns, now);
	t->seen_ns = now;
	t->deadline = state->deadline;
	t->lvtt = state->lvtt & LVTT_WRITABLE;
	t->tmict = state->tmict;
	t->enabled = state->enabled;

	return 0;
}

/**
 * kt_lapic_timer_edges() - count the interrupt requests
 * @t:		timer
 * @clock:	when
 *
 * Whoever moves the guest's TSC asks before, with the old value, and after, with the new
 * one: a deadline that neither of them has seen has not been reached.
 *
 * Context: Any.
 * Return: expiries since init that found the timer unmasked. Never decreasing;
 * saturates.
 */
u64 kt_lapic_timer_edges(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	advance(t, clock);

	return t->edges;
}

/**
 * kt_lapic_timer_deadline() - when the next interrupt request is due
 * @t:		timer
 * @clock:	when
 *
 * In the TSC-deadline mode it holds as long as nobody moves the TSC, and comes out later
 * by less than a cycle where @clock is within one.
 *
 * Context: Any.
 * Return: guest time in ns, the first nanosecond after now at which
 * kt_lapic_timer_edges() counts one more. KT_NEVER if there is none unless the guest
 * does something.
 */
u64 kt_lapic_timer_deadline(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	advance(t, clock);

	return kt_lapic_timer_next(t, clock);
}

/**
 * kt_lapic_timer_next() - kt_lapic_timer_deadline() of a timer that is up to date
 * @t:		timer
 * @clock:	when: that of the last call
 *
 * Context: Any.
 * Return: guest time in ns, or KT_NEVER.
 */
u64 kt_lapic_timer_next(const struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	if (is_masked(t) || t->edges == U64_MAX)
		return KT_NEVER;

	if (kt_lapic_timer_has_deadline(t)) {
		if (!t->deadline || !clock->tsc_khz)
			return KT_NEVER;
		return add_saturating(t->seen_ns, kt_model_scale_up(t->deadline - clock->tsc, NS_PER_MS,
							     clock->tsc_khz));
	}

	if (!has_count(t) || !t->left_ns)
		return KT_NEVER;

	return add_saturating(t->origin_ns, t->left_ns);
}

/**
 * kt_lapic_timer_last_edge() - when the last interrupt request was made
 * @t:		timer
 * @clock:	when
 *
 * Context: Any.
 * Return: guest time in ns of the newest edge which kt_lapic_timer_edges() counts, 0 if
 * there has been none. Of a deadline that is when the TSC was there, rounded up; if it
 * was moved past it, when that was seen.
 */
u64 kt_lapic_timer_last_edge(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock)
{
	advance(t, clock);

	return t->edge_ns;
}

/**
 * kt_lapic_timer_period() - distance of the interrupt requests
 * @t:		timer
 *
 * That of the state which the last call with a clock has seen.
 *
 * Context: Any.
 * Return: period in ns; 0 if there is one interrupt to come, of a count or a deadline;
 * KT_NEVER if nothing is armed, or the timer is masked.
 */
u64 kt_lapic_timer_period(const struct kt_lapic_timer *t)
{
	if (is_masked(t))
		return KT_NEVER;

	if (kt_lapic_timer_has_deadline(t))
		return t->deadline ? 0 : KT_NEVER;

	if (!has_count(t) || !t->left_ns)
		return KT_NEVER;

	return mode(t) == KT_LAPIC_TIMER_PERIODIC ? counts_to_ns(t, t->tmict) : 0;
}

/**
 * kt_lapic_timer_due_tsc() - the guest's TSC when an interrupt request is due
 * @t:		timer
 * @due_ns:	what kt_lapic_timer_deadline() gave, guest time; may be past
 * @clock:	when
 *
 * Context: Any.
 * Return: the deadline where there is one; else the first value at or after @due_ns, or
 * for one that is past the last before it.
 */
u64 kt_lapic_timer_due_tsc(const struct kt_lapic_timer *t, u64 due_ns,
			   const struct kt_lapic_clock *clock)
{
	if (kt_lapic_timer_has_deadline(t))
		return t->deadline;

	if (due_ns < clock->now)
		return clock->tsc - kt_model_scale_up(clock->now - due_ns, clock->tsc_khz,
						      NS_PER_MS);

	return clock->tsc + kt_model_scale_up(due_ns - clock->now, clock->tsc_khz, NS_PER_MS);
}

/**
 * kt_lapic_timer_is_legal() - whether a timer can be like that
 * @t:		timer, not to be used before it has been asked
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: false if no guest brings it about.
 */
bool kt_lapic_timer_is_legal(const struct kt_lapic_timer *t, u64 now)
{
	return t->cycle_ns >= KT_LAPIC_TIMER_MIN_CYCLE_NS &&
	       t->cycle_ns <= KT_LAPIC_TIMER_MAX_CYCLE_NS && !(t->lvtt & ~LVTT_WRITABLE) &&
	       !(t->tdcr & ~TDCR_WRITABLE) && t->seen_ns <= now && t->origin_ns <= t->seen_ns &&
	       t->edge_ns <= now && t->left_ns <= counts_to_ns(t, t->tmict);
}
