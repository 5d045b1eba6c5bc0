/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timer of a local APIC, as a pure model.
 */
#ifndef KT_LAPIC_TIMER_H
#define KT_LAPIC_TIMER_H

#include <linux/types.h>

/* Period of the input clock, ns. */
#define KT_LAPIC_TIMER_CYCLE_NS		1
#define KT_LAPIC_TIMER_MIN_CYCLE_NS	1
#define KT_LAPIC_TIMER_MAX_CYCLE_NS	1000

/**
 * enum kt_lapic_timer_reg - registers of the timer
 * @KT_LAPIC_TIMER_LVTT:	vector, mask and mode
 * @KT_LAPIC_TIMER_TMICT:	initial count
 * @KT_LAPIC_TIMER_TMCCT:	current count, which nobody writes
 * @KT_LAPIC_TIMER_TDCR:	divider of the input clock
 * @KT_LAPIC_TIMER_DEADLINE:	IA32_TSC_DEADLINE, the only one with 64 bits
 *
 * The values are offsets in the page of registers, and the number of the MSR.
 */
enum kt_lapic_timer_reg {
	KT_LAPIC_TIMER_LVTT	= 0x320,
	KT_LAPIC_TIMER_TMICT	= 0x380,
	KT_LAPIC_TIMER_TMCCT	= 0x390,
	KT_LAPIC_TIMER_TDCR	= 0x3e0,
	KT_LAPIC_TIMER_DEADLINE	= 0x6e0,
};

/* Modes, in LVTT; the value that is missing is reserved. */
#define KT_LAPIC_TIMER_MODE		0x60000
#define KT_LAPIC_TIMER_ONE_SHOT		0x00000
#define KT_LAPIC_TIMER_PERIODIC		0x20000
#define KT_LAPIC_TIMER_TSC_DEADLINE	0x40000

/**
 * struct kt_lapic_clock - one instant, on both clocks of the timer
 * @now:	guest time, ns
 * @tsc:	the guest's TSC at @now
 * @tsc_khz:	its frequency; 0: unknown, no deadline is ever reached
 *
 * Only the TSC-deadline mode looks at the TSC, and kt_lapic_timer_due_tsc().
 */
struct kt_lapic_clock {
	u64	now;
	u64	tsc;
	u32	tsc_khz;
};

/**
 * struct kt_lapic_timer_state - what is saved and restored
 * @deadline:	IA32_TSC_DEADLINE as armed
 * @lvtt:	LVTT
 * @tmict:	TMICT
 * @tmcct:	TMCCT: 0 nothing counts, otherwise not above @tmict
 * @tdcr:	TDCR
 * @enabled:	software enable, bit 8 of SVR
 *
 * What the mode in @lvtt has no use for is in here too, and does nothing.
 */
struct kt_lapic_timer_state {
	u64	deadline;
	u32	lvtt;
	u32	tmict;
	u32	tmcct;
	u32	tdcr;
	bool	enabled;
};

/**
 * struct kt_lapic_timer - the timer of a vCPU
 * @seen_ns:	guest time up to which expiries are in the fields below
 * @origin_ns:	guest time at which @left_ns were left
 * @left_ns:	until the count is at 0; 0 if nothing counts. Does not run in the modes
 *		without a count
 * @deadline:	TSC at which the interrupt is due, 0 if none; means something in the
 *		TSC-deadline mode only
 * @edges:	expiries that asked for an interrupt since init; saturates
 * @edge_ns:	guest time of the newest of them, 0 if none
 * @cycle_ns:	period of the input clock
 * @lvtt:	writable bits of LVTT
 * @tmict:	TMICT
 * @tdcr:	writable bits of TDCR
 * @enabled:	software enable
 */
struct kt_lapic_timer {
	u64	seen_ns;
	u64	origin_ns;
	u64	left_ns;
	u64	deadline;
	u64	edges;
	u64	edge_ns;
	u32	cycle_ns;
	u32	lvtt;
	u32	tmict;
	u32	tdcr;
	bool	enabled;
};

void kt_lapic_timer_init(struct kt_lapic_timer *t, u32 cycle_ns);
void kt_lapic_timer_reset(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock);
u64 kt_lapic_timer_read(struct kt_lapic_timer *t, enum kt_lapic_timer_reg reg,
			const struct kt_lapic_clock *clock);
u32 kt_lapic_timer_count(const struct kt_lapic_timer *t, u64 now);
void kt_lapic_timer_write(struct kt_lapic_timer *t, enum kt_lapic_timer_reg reg, u64 val,
			  const struct kt_lapic_clock *clock);
void kt_lapic_timer_write_deadline(struct kt_lapic_timer *t, u64 val,
				   const struct kt_lapic_clock *clock);
void kt_lapic_timer_set_enabled(struct kt_lapic_timer *t, bool enabled,
				const struct kt_lapic_clock *clock);
void kt_lapic_timer_get_state(const struct kt_lapic_timer *t, struct kt_lapic_timer_state *state,
			      const struct kt_lapic_clock *clock);
int kt_lapic_timer_set_state(struct kt_lapic_timer *t, const struct kt_lapic_timer_state *state,
			     const struct kt_lapic_clock *clock);
bool kt_lapic_timer_is_legal(const struct kt_lapic_timer *t, u64 now);
u64 kt_lapic_timer_edges(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock);
u64 kt_lapic_timer_deadline(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock);
u64 kt_lapic_timer_next(const struct kt_lapic_timer *t, const struct kt_lapic_clock *clock);
u64 kt_lapic_timer_last_edge(struct kt_lapic_timer *t, const struct kt_lapic_clock *clock);
u64 kt_lapic_timer_period(const struct kt_lapic_timer *t);
u64 kt_lapic_timer_due_tsc(const struct kt_lapic_timer *t, u64 due_ns,
			   const struct kt_lapic_clock *clock);

/**
 * kt_lapic_timer_has_deadline() - whether the mode is TSC-deadline
 * @t:		timer
 *
 * Context: Any.
 * Return: true if the clock of a call needs a TSC.
 */
static inline bool kt_lapic_timer_has_deadline(const struct kt_lapic_timer *t)
{
	return (t->lvtt & KT_LAPIC_TIMER_MODE) == KT_LAPIC_TIMER_TSC_DEADLINE;
}

/**
 * kt_lapic_timer_is_periodic() - whether there is a stream of ticks
 * @t:		timer
 *
 * That of the state which the last call with a clock has seen.
 *
 * Context: Any.
 * Return: true while a periodic count runs, masked or not.
 */
static inline bool kt_lapic_timer_is_periodic(const struct kt_lapic_timer *t)
{
	return (t->lvtt & KT_LAPIC_TIMER_MODE) == KT_LAPIC_TIMER_PERIODIC && t->left_ns;
}

/**
 * kt_lapic_timer_tmict() - what the guest reads as TMICT
 * @t:		timer
 *
 * It does not change by itself.
 *
 * Context: Any.
 * Return: value of the register.
 */
static inline u32 kt_lapic_timer_tmict(const struct kt_lapic_timer *t)
{
	return kt_lapic_timer_has_deadline(t) ? 0 : t->tmict;
}

/**
 * kt_lapic_timer_edges_seen() - kt_lapic_timer_edges() of the last call with a clock
 * @t:		timer
 *
 * Context: Any.
 * Return: expiries since init that found the timer unmasked.
 */
static inline u64 kt_lapic_timer_edges_seen(const struct kt_lapic_timer *t)
{
	return t->edges;
}

#endif /* KT_LAPIC_TIMER_H */
