// SPDX-License-Identifier: GPL-2.0-only
/*
 * IA-PC high precision event timers 1.0a, as a pure model.
 *
 * The main counter comes from an origin: counter and guest time at which it was
 * started. Each comparator is brought up to date when somebody looks at it. This file
 * is the bus side; hpet_timer.c is what happens at the ticks.
 *
 * Time that goes backwards is no time at all.
 *
 * Where the specification leaves the behaviour open: accesses other than of 4 and 8
 * bytes, unaligned ones and those outside of a register read 0, and writes go nowhere;
 * a write to the running main counter is ignored; a halted counter keeps the status
 * bits; a timer that becomes edge triggered loses its status bit; VAL_SET reads back
 * until a write to the comparator clears it, in one-shot mode too; any INT_ROUTE is
 * kept, but only those in INT_ROUTE_CAP deliver; the part of a tick in which the
 * counter is halted is dropped.
 */
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "hpet.h"
#include "hpet_timer.h"
#include "model.h"

#define REG_GCAP_ID		0x000
#define REG_GEN_CONF		0x010
#define REG_GINTR_STA		0x020
#define REG_MAIN_CNT		0x0f0
#define REG_TIMER		0x100

/* Of a timer. */
#define REG_TN_CONF		0x00
#define REG_TN_COMP		0x08
#define REG_TN_FSB		0x10
#define REG_TN_SIZE		0x20

#define GCAP_VENDOR_SHIFT	16
#define GCAP_VENDOR		0x8086U
#define GCAP_LEGACY		0x8000
#define GCAP_64BIT		0x2000
#define GCAP_TIMERS_SHIFT	8
#define GCAP_REVISION		0x01

#define GEN_CONF_WRITABLE	(KT_HPET_ENABLE | KT_HPET_LEGACY)

/* FSB_CAP, SIZE_CAP and PER_INT_CAP. */
#define TN_CAPABILITIES		0x8030

#define LEGACY_TIMERS		2

/* Part of a 64-bit register: what an access reaches. */
struct part {
	u32		reg;
	unsigned int	shift;
	u64		mask;
};

static bool find_part(struct part *part, u32 offset, u32 len)
{
	if ((len != 4 && len != 8) || offset % len || offset >= KT_HPET_SIZE)
		return false;

	part->reg = offset & ~7U;
	part->shift = (offset & 4) * 8;
	part->mask = len == 8 ? U64_MAX : (u64)U32_MAX << part->shift;

	return true;
}

static u64 merge(const struct part *part, u64 old, u64 val)
{
	return (old & ~part->mask) | (val << part->shift & part->mask);
}

/* Return: whose register that is, NULL if there is no such timer; @reg: which of its. */
static struct kt_hpet_timer *find_timer(struct kt_hpet *hpet, u32 *reg)
{
	u32 n = (*reg - REG_TIMER) / REG_TN_SIZE;

	if (*reg < REG_TIMER || n >= hpet->params.timers)
		return NULL;

	*reg %= REG_TN_SIZE;

	return &hpet->timer[n];
}

static void advance_all(struct kt_hpet *hpet, u64 now)
{
	unsigned int n;

	for (n = 0; n < hpet->params.timers; n++)
		kt_hpet_timer_advance(hpet, &hpet->timer[n], now);
}

/* What a timer has seen has happened: a write cannot come before it. */
static u64 not_before_seen(const struct kt_hpet *hpet, u64 now)
{
	unsigned int n;

	for (n = 0; n < hpet->params.timers; n++)
		now = max(now, hpet->timer[n].seen_ns);

	return now;
}

static struct kt_hpet_timer timer_at(const struct kt_hpet *hpet, unsigned int n, u64 now)
{
	struct kt_hpet_timer t = hpet->timer[n];

	kt_hpet_timer_advance(hpet, &t, now);

	return t;
}

static u64 capabilities(const struct kt_hpet *hpet)
{
	u32 id = GCAP_VENDOR << GCAP_VENDOR_SHIFT | GCAP_LEGACY | GCAP_64BIT | GCAP_REVISION;

	return (u64)hpet->params.period_fs << 32 | id |
	       (hpet->params.timers - 1) << GCAP_TIMERS_SHIFT;
}

static u64 read_status(struct kt_hpet *hpet, u64 now)
{
	unsigned int n;
	u64 status = 0;

	advance_all(hpet, now);
	for (n = 0; n < hpet->params.timers; n++) {
		if (hpet->timer[n].pending)
			status |= BIT_ULL(n);
	}

	return status;
}

static u64 read_timer(struct kt_hpet *hpet, u32 reg, u64 now)
{
	struct kt_hpet_timer *t = find_timer(hpet, &reg);

	if (!t)
		return 0;

	switch (reg) {
	case REG_TN_CONF:
		return (u64)hpet->params.route_cap << 32 | TN_CAPABILITIES | t->config;
	case REG_TN_COMP:
		kt_hpet_timer_advance(hpet, t, now);
		return t->comparator;
	case REG_TN_FSB:
		return t->fsb;
	default:
		return 0;
	}
}

static u64 read_register(struct kt_hpet *hpet, u32 reg, u64 now)
{
	switch (reg) {
	case REG_GCAP_ID:
		return capabilities(hpet);
	case REG_GEN_CONF:
		return hpet->config;
	case REG_GINTR_STA:
		return read_status(hpet, now);
	case REG_MAIN_CNT:
		return kt_hpet_counter(hpet, now);
	default:
		return read_timer(hpet, reg, now);
	}
}

static void write_config(struct kt_hpet *hpet, u32 config, u64 now)
{
	bool enable = config & KT_HPET_ENABLE;

	if (kt_hpet_enabled(hpet) && !enable) {
		advance_all(hpet, now);
		hpet->base = kt_hpet_counter(hpet, now);
	} else if (!kt_hpet_enabled(hpet) && enable) {
		hpet->base_ns = now;
	}
	hpet->config = config & GEN_CONF_WRITABLE;
}

static void write_status(struct kt_hpet *hpet, u64 clear, u64 now)
{
	unsigned int n;

	advance_all(hpet, now);
	for (n = 0; n < hpet->params.timers; n++) {
		if (clear & BIT_ULL(n))
			hpet->timer[n].pending = false;
	}
}

static void write_timer_config(struct kt_hpet_timer *t, u32 config)
{
	t->config = config & KT_HPET_TIMER_WRITABLE;
	t->comparator = kt_hpet_timer_narrow(t, t->comparator);
	t->period = kt_hpet_timer_narrow(t, t->period);
	if (!kt_hpet_timer_is_level(t))
		t->pending = false;
}

static void write_comparator(struct kt_hpet_timer *t, const struct part *part, u64 val)
{
	bool periodic = kt_hpet_timer_is_periodic(t);

	/* The half that is not there does not take VAL_SET either. */
	if (!kt_hpet_timer_narrow(t, part->mask))
		return;

	if (!periodic || (t->config & KT_HPET_TIMER_VAL_SET))
		t->comparator = kt_hpet_timer_narrow(t, merge(part, t->comparator, val));
	if (periodic)
		t->period = kt_hpet_timer_narrow(t, merge(part, t->period, val));
	t->config &= ~KT_HPET_TIMER_VAL_SET;
}

static void write_timer(struct kt_hpet *hpet, struct part *part, u64 val, u64 now)
{
	struct kt_hpet_timer *t = find_timer(hpet, &part->reg);

	if (!t)
		return;

	kt_hpet_timer_advance(hpet, t, now);
	switch (part->reg) {
	case REG_TN_CONF:
		write_timer_config(t, merge(part, t->config, val));
		break;
	case REG_TN_COMP:
		write_comparator(t, part, val);
		break;
	case REG_TN_FSB:
		t->fsb = merge(part, t->fsb, val);
		break;
	}
}

/**
 * kt_hpet_init() - power-on state
 * @hpet:	device
 * @params:	what it is built as, within the bounds
 *
 * Context: Any.
 */
void kt_hpet_init(struct kt_hpet *hpet, const struct kt_hpet_params *params)
{
	memset(hpet, 0, sizeof(*hpet));
	hpet->params = *params;
	kt_hpet_reset(hpet);
}

/**
 * kt_hpet_reset() - the platform's reset: all registers as at power-on
 * @hpet:	device
 *
 * The totals of the edges go on. They are those of the last time that the device has
 * been told: whoever has asked for later ones writes 0 to GEN_CONF, at the time of the
 * reset, first.
 *
 * Context: Any.
 */
void kt_hpet_reset(struct kt_hpet *hpet)
{
	unsigned int n;

	hpet->config = 0;
	hpet->base = 0;
	for (n = 0; n < KT_HPET_MAX_TIMERS; n++) {
		struct kt_hpet_timer *t = &hpet->timer[n];

		t->config = 0;
		t->pending = false;
		t->comparator = U64_MAX;
		t->period = 0;
		t->fsb = 0;
	}
}

/**
 * kt_hpet_read() - the guest reads
 * @hpet:	device
 * @offset:	from the start of the registers
 * @len:	bytes
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: what is there; 0 where there is nothing, or the access is none of the two
 * that the device knows.
 */
u64 kt_hpet_read(struct kt_hpet *hpet, u32 offset, u32 len, u64 now)
{
	struct part part;

	if (!find_part(&part, offset, len))
		return 0;

	return (read_register(hpet, part.reg, now) & part.mask) >> part.shift;
}

/**
 * kt_hpet_write() - the guest writes
 * @hpet:	device
 * @offset:	from the start of the registers
 * @len:	bytes
 * @val:	value
 * @now:	guest time, ns
 *
 * Context: Any.
 */
void kt_hpet_write(struct kt_hpet *hpet, u32 offset, u32 len, u64 val, u64 now)
{
	struct part part;

	if (!find_part(&part, offset, len))
		return;

	now = not_before_seen(hpet, now);
	switch (part.reg) {
	case REG_GCAP_ID:
		break;
	case REG_GEN_CONF:
		write_config(hpet, merge(&part, hpet->config, val), now);
		break;
	case REG_GINTR_STA:
		write_status(hpet, merge(&part, 0, val), now);
		break;
	case REG_MAIN_CNT:
		if (!kt_hpet_enabled(hpet))
			hpet->base = merge(&part, hpet->base, val);
		break;
	default:
		write_timer(hpet, &part, val, now);
		break;
	}
}

/**
 * kt_hpet_counter() - the main counter
 * @hpet:	device
 * @now:	guest time, ns
 *
 * Reads nothing but the params, which never change, the origin and GEN_CONF. Of those
 * two it takes any values, torn or not, for a number that means nothing; what it
 * divides by is of the params. So a reader without the lock may find out afterwards
 * that somebody was writing, and ask again.
 *
 * Context: Any; also while kt_hpet_write() or kt_hpet_reset() runs.
 * Return: counter, modulo 2^64.
 */
u64 kt_hpet_counter(const struct kt_hpet *hpet, u64 now)
{
	return hpet->base + (u64)kt_hpet_timer_ticks(hpet, now);
}

/**
 * kt_hpet_enabled() - whether the main counter runs
 * @hpet:	device
 *
 * Context: Any.
 * Return: ENABLE_CNF.
 */
bool kt_hpet_enabled(const struct kt_hpet *hpet)
{
	return hpet->config & KT_HPET_ENABLE;
}

/**
 * kt_hpet_legacy() - whether the PIT's IRQ0 and the RTC's IRQ8 are replaced
 * @hpet:	device
 *
 * They are, whether the main counter runs or not.
 *
 * Context: Any.
 * Return: LEG_RT_CNF.
 */
bool kt_hpet_legacy(const struct kt_hpet *hpet)
{
	return hpet->config & KT_HPET_LEGACY;
}

/**
 * kt_hpet_edges() - count the interrupt requests of a timer
 * @hpet:	device
 * @n:		timer
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: matches with the interrupt enabled since init, of a level timer those that
 * found the status bit clear. Never decreasing in @now; saturates.
 */
u64 kt_hpet_edges(const struct kt_hpet *hpet, unsigned int n, u64 now)
{
	return timer_at(hpet, n, now).edges;
}

/**
 * kt_hpet_deadline() - when the next interrupt request of a timer is due
 * @hpet:	device
 * @n:		timer
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: guest time in ns, the first nanosecond after @now at which kt_hpet_edges()
 * counts more: one more, or as many as there are in a nanosecond. KT_NEVER if there
 * is none unless the guest does something.
 */
u64 kt_hpet_deadline(const struct kt_hpet *hpet, unsigned int n, u64 now)
{
	struct kt_hpet_timer t = timer_at(hpet, n, now);

	if (!kt_hpet_enabled(hpet) || !kt_hpet_timer_int_enabled(&t) || t.pending ||
	    t.edges == U64_MAX)
		return KT_NEVER;

	return kt_hpet_timer_next_match(hpet, &t);
}

/**
 * kt_hpet_last_edge() - when the last interrupt request of a timer was made
 * @hpet:	device
 * @n:		timer
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: guest time in ns of the newest edge which kt_hpet_edges() counts, 0 if there
 * has been none.
 */
u64 kt_hpet_last_edge(const struct kt_hpet *hpet, unsigned int n, u64 now)
{
	return timer_at(hpet, n, now).edge_ns;
}

/**
 * kt_hpet_period() - distance of the interrupt requests of a timer
 * @hpet:	device
 * @n:		timer
 *
 * For display and policy only: edges and deadlines do not come from this rounded value.
 *
 * Context: Any.
 * Return: period in ns, rounded to the nearest and not below 1; 0 if the timer is not
 * periodic or its period is 0; KT_NEVER if nothing is enabled, or out of range.
 */
u64 kt_hpet_period(const struct kt_hpet *hpet, unsigned int n)
{
	const struct kt_hpet_timer *t = &hpet->timer[n];
	u64 low, rest;

	if (!kt_hpet_enabled(hpet) || !kt_hpet_timer_int_enabled(t))
		return KT_NEVER;

	if (!kt_hpet_timer_is_periodic(t) || !t->period)
		return 0;

	low = kt_model_scale(t->period, hpet->params.period_fs, KT_HPET_FS_PER_NS);
	if (low == KT_NEVER)
		return KT_NEVER;

	/* Both products are taken modulo 2^64: their difference is below a nanosecond. */
	rest = t->period * hpet->params.period_fs - low * KT_HPET_FS_PER_NS;
	if (rest >= KT_HPET_FS_PER_NS / 2)
		low++;

	return max(low, 1ULL);
}

/**
 * kt_hpet_is_level() - whether a timer's interrupt is a level
 * @hpet:	device
 * @n:		timer
 *
 * Context: Any.
 * Return: INT_TYPE.
 */
bool kt_hpet_is_level(const struct kt_hpet *hpet, unsigned int n)
{
	return kt_hpet_timer_is_level(&hpet->timer[n]);
}

/**
 * kt_hpet_line() - level of a timer's interrupt line
 * @hpet:	device
 * @n:		timer
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: whether it is asserted; never for an edge timer.
 */
bool kt_hpet_line(const struct kt_hpet *hpet, unsigned int n, u64 now)
{
	struct kt_hpet_timer t = timer_at(hpet, n, now);

	return t.pending && kt_hpet_timer_int_enabled(&t) && kt_hpet_enabled(hpet);
}

/**
 * kt_hpet_route() - where a timer's interrupt goes
 * @hpet:	device
 * @n:		timer
 *
 * Context: Any.
 * Return: one of enum kt_hpet_route. It does not depend on whether the counter runs.
 */
enum kt_hpet_route kt_hpet_route(const struct kt_hpet *hpet, unsigned int n)
{
	const struct kt_hpet_timer *t = &hpet->timer[n];

	if (!kt_hpet_timer_int_enabled(t))
		return KT_HPET_ROUTE_NONE;

	if ((t->config & KT_HPET_TIMER_FSB_EN) && !kt_hpet_timer_is_level(t))
		return KT_HPET_ROUTE_FSB;

	if (kt_hpet_legacy(hpet) && n < LEGACY_TIMERS)
		return KT_HPET_ROUTE_LEGACY;

	if (hpet->params.route_cap & BIT(kt_hpet_pin(hpet, n)))
		return KT_HPET_ROUTE_PIN;

	return KT_HPET_ROUTE_NONE;
}

/**
 * kt_hpet_pin() - IOAPIC input of a timer
 * @hpet:	device
 * @n:		timer
 *
 * Context: Any.
 * Return: INT_ROUTE, whether the timer is capable of it or not.
 */
unsigned int kt_hpet_pin(const struct kt_hpet *hpet, unsigned int n)
{
	return hpet->timer[n].config >> KT_HPET_TIMER_ROUTE_SHIFT & KT_HPET_TIMER_ROUTE_MASK;
}

/**
 * kt_hpet_fsb() - the write that is an interrupt of a timer
 * @hpet:	device
 * @n:		timer
 *
 * Context: Any.
 * Return: 31:0 data, 63:32 address.
 */
u64 kt_hpet_fsb(const struct kt_hpet *hpet, unsigned int n)
{
	return hpet->timer[n].fsb;
}

/**
 * kt_hpet_is_legal() - whether the device can be like that
 * @hpet:	device, its params within their bounds, not to be used before it has been asked
 * @now:	guest time, ns
 *
 * Context: Any.
 * Return: false if no guest brings it about.
 */
bool kt_hpet_is_legal(const struct kt_hpet *hpet, u64 now)
{
	unsigned int n;

	for (n = 0; n < hpet->params.timers; n++)
		if (!kt_hpet_timer_is_legal(&hpet->timer[n], now))
			return false;

	return hpet->base_ns <= now && !(hpet->config & ~GEN_CONF_WRITABLE);
}
