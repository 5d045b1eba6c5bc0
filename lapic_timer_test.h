/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bench for the tests of the APIC timer: an enabled APIC with an input clock of 1 GHz,
 * and a TSC of 2 GHz, at an arbitrary epoch.
 */
#ifndef KT_LAPIC_TIMER_TEST_H
#define KT_LAPIC_TIMER_TEST_H

#include <linux/limits.h>
#include <linux/types.h>

#include "lapic_timer.h"
#include "model.h"

#define BENCH_EPOCH_NS		987654321987ULL
#define BENCH_TSC_KHZ		2000000
#define BENCH_TSC_PER_NS	2

#define LVTT			KT_LAPIC_TIMER_LVTT
#define TMICT			KT_LAPIC_TIMER_TMICT
#define TMCCT			KT_LAPIC_TIMER_TMCCT
#define TDCR			KT_LAPIC_TIMER_TDCR
#define DEADLINE		KT_LAPIC_TIMER_DEADLINE

#define VECTOR			0x00040
#define MASKED			0x10000
#define ONE_SHOT		0x00000
#define PERIODIC		0x20000
#define TSC_DEADLINE		0x40000
#define RESERVED		0x60000

#define DIVIDE_2		0x0
#define DIVIDE_4		0x1
#define DIVIDE_16		0x3
#define DIVIDE_128		0xa
#define DIVIDE_1		0xb

struct bench {
	struct kt_lapic_timer	t;
	struct kt_lapic_clock	clock;
};

static inline void bench_init_as(struct bench *b, u32 cycle_ns)
{
	b->clock.now = BENCH_EPOCH_NS;
	b->clock.tsc = 5000;
	b->clock.tsc_khz = BENCH_TSC_KHZ;
	kt_lapic_timer_init(&b->t, cycle_ns);
	kt_lapic_timer_set_enabled(&b->t, true, &b->clock);
}

static inline void bench_init(struct bench *b)
{
	bench_init_as(b, KT_LAPIC_TIMER_CYCLE_NS);
}

static inline u64 bench_read(struct bench *b, enum kt_lapic_timer_reg reg)
{
	return kt_lapic_timer_read(&b->t, reg, &b->clock);
}

static inline void bench_write(struct bench *b, enum kt_lapic_timer_reg reg, u64 val)
{
	kt_lapic_timer_write(&b->t, reg, val, &b->clock);
}

static inline void bench_run(struct bench *b, u64 ns)
{
	b->clock.now += ns;
	b->clock.tsc += ns * BENCH_TSC_PER_NS;
}

static inline u64 bench_edges(struct bench *b)
{
	return kt_lapic_timer_edges(&b->t, &b->clock);
}

static inline u64 bench_deadline(struct bench *b)
{
	return kt_lapic_timer_deadline(&b->t, &b->clock);
}

static inline u64 bench_last_edge(struct bench *b)
{
	return kt_lapic_timer_last_edge(&b->t, &b->clock);
}

static inline u64 bench_period(const struct bench *b)
{
	return kt_lapic_timer_period(&b->t);
}

static inline void bench_enable(struct bench *b, bool enabled)
{
	kt_lapic_timer_set_enabled(&b->t, enabled, &b->clock);
}

/* A count that begins now. */
static inline void bench_start(struct bench *b, u32 mode, u32 divider, u32 count)
{
	bench_write(b, TDCR, divider);
	bench_write(b, LVTT, mode | VECTOR);
	bench_write(b, TMICT, count);
}

/* A deadline so many cycles ahead. */
static inline void bench_arm(struct bench *b, u64 cycles)
{
	bench_write(b, LVTT, TSC_DEADLINE | VECTOR);
	bench_write(b, DEADLINE, b->clock.tsc + cycles);
}

static inline void bench_get_state(const struct bench *b, struct kt_lapic_timer_state *state)
{
	kt_lapic_timer_get_state(&b->t, state, &b->clock);
}

static inline int bench_set_state(struct bench *b, const struct kt_lapic_timer_state *state)
{
	return kt_lapic_timer_set_state(&b->t, state, &b->clock);
}

static inline u64 bench_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;

	return *seed * 0x2545f4914f6cdd1dULL;
}

#endif /* KT_LAPIC_TIMER_TEST_H */
