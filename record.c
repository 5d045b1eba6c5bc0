// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a guest's clocks: what user space sees of the models, field by field, and
 * whether a guest could have brought them there. What is not a state of a device is refused
 * here, before any of it is used.
 */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "model.h"
#include "record.h"

#define KNOWN_DEVICES	((1U << KVM_TIMERS_DEVICE_END) - 1)

/* A line's rate and its TSC's differ by no more than a part of that, in 2^-9. */
#define RATE_SHIFT	9

/* A guest with a faster or a slower TSC has no line. */
#define MIN_TSC_KHZ	1000
#define MAX_TSC_KHZ	1000000000

#define NS_PER_MS	1000000

static u32 bit_if(bool is_set, u32 bit)
{
	return is_set ? bit : 0;
}

/**
 * kt_record_put_debt() - what a source owes
 * @debt:	filled in
 * @tick:	its account
 * @edges:	of its model
 *
 * Context: Any; the caller serializes calls.
 */
void kt_record_put_debt(struct kvm_timers_debt *debt, const struct kt_tick *tick, u64 edges)
{
	*debt = (struct kvm_timers_debt) {
		.unseen		= edges > tick->seen ? edges - tick->seen : 0,
		.owed		= tick->owed,
		.period_ns	= tick->period_ns,
		.last_ns	= tick->last_ns,
		.room_ns	= tick->room_ns,
		.level		= tick->level,
		.flags		= bit_if(tick->injected, KVM_TIMERS_DEBT_INJECTED) |
				  bit_if(tick->held, KVM_TIMERS_DEBT_HELD) |
				  bit_if(tick->catching, KVM_TIMERS_DEBT_CATCHING) |
				  bit_if(tick->within, KVM_TIMERS_DEBT_WITHIN) |
				  bit_if(tick->blocked, KVM_TIMERS_DEBT_BLOCKED) |
				  bit_if(tick->overrun, KVM_TIMERS_DEBT_OVERRUN) |
				  bit_if(tick->crowded, KVM_TIMERS_DEBT_CROWDED) |
				  bit_if(tick->on_grid, KVM_TIMERS_DEBT_ON_GRID),
	};
}

/**
 * kt_record_take_debt() - a source owes that from now on
 * @tick:	its account; what it owed before is dropped
 * @debt:	checked
 * @edges:	of its model, @debt->unseen or more
 *
 * Context: Any; the caller serializes calls.
 */
void kt_record_take_debt(struct kt_tick *tick, const struct kvm_timers_debt *debt, u64 edges)
{
	kt_tick_drop(tick, tick->seen);
	tick->seen = edges - debt->unseen;
	tick->owed = debt->owed;
	tick->period_ns = debt->period_ns;
	tick->last_ns = debt->last_ns;
	tick->room_ns = debt->room_ns;
	tick->retry_ns = 0;
	tick->served_ns = KT_NEVER;
	tick->injected = debt->flags & KVM_TIMERS_DEBT_INJECTED;
	tick->held = debt->flags & KVM_TIMERS_DEBT_HELD;
	tick->catching = debt->flags & KVM_TIMERS_DEBT_CATCHING;
	tick->within = debt->flags & KVM_TIMERS_DEBT_WITHIN;
	tick->blocked = debt->flags & KVM_TIMERS_DEBT_BLOCKED;
	tick->overrun = debt->flags & KVM_TIMERS_DEBT_OVERRUN;
	tick->crowded = debt->flags & KVM_TIMERS_DEBT_CROWDED;
	tick->on_grid = debt->flags & KVM_TIMERS_DEBT_ON_GRID;
	tick->level = debt->level;
	tick->stats.due += debt->owed;
	/* By the bounds that hold here. */
	kt_tick_set_params(tick, &tick->params);
}

static bool debt_is_legal(const struct kvm_timers_debt *debt, u64 edges, u64 now)
{
	u32 known = (KVM_TIMERS_DEBT_ON_GRID << 1) - 1;

	return !(debt->flags & ~known) && debt->level < KVM_TIMERS_CATCHUP_LEVELS &&
	       debt->unseen <= edges &&
	       kt_tick_is_legal(debt->owed, debt->flags & KVM_TIMERS_DEBT_HELD, debt->period_ns) &&
	       debt->last_ns <= now && debt->room_ns <= KT_RECORD_MAX_NS;
}

static void put_channel(struct kvm_timers_pit_channel *rec, const struct kt_i8254_channel *ch)
{
	*rec = (struct kvm_timers_pit_channel) {
		.clk		= ch->clk,
		.edges		= ch->edges,
		.edge_ns	= ch->edge_ns,
		.ce		= ch->ce,
		.cr		= ch->cr,
		.flags		= bit_if(ch->programmed, KVM_TIMERS_PIT_PROGRAMMED) |
				  bit_if(ch->out, KVM_TIMERS_PIT_OUT) |
				  bit_if(ch->null, KVM_TIMERS_PIT_NULL) |
				  bit_if(ch->gate, KVM_TIMERS_PIT_GATE) |
				  bit_if(ch->trigger, KVM_TIMERS_PIT_TRIGGER) |
				  bit_if(ch->load, KVM_TIMERS_PIT_LOAD) |
				  bit_if(ch->loaded, KVM_TIMERS_PIT_LOADED) |
				  bit_if(ch->armed, KVM_TIMERS_PIT_ARMED) |
				  bit_if(ch->odd, KVM_TIMERS_PIT_ODD) |
				  bit_if(ch->inhibit, KVM_TIMERS_PIT_INHIBIT) |
				  bit_if(ch->write_msb, KVM_TIMERS_PIT_WRITE_MSB) |
				  bit_if(ch->read_msb, KVM_TIMERS_PIT_READ_MSB) |
				  bit_if(ch->status_latched, KVM_TIMERS_PIT_STATUS_LATCHED),
		.latched_count	= ch->latched_count,
		.cw		= ch->cw,
		.lsb		= ch->lsb,
		.status		= ch->status,
		.latch_bytes	= ch->latch_bytes,
	};
}

static void take_channel(struct kt_i8254_channel *ch, const struct kvm_timers_pit_channel *rec)
{
	*ch = (struct kt_i8254_channel) {
		.clk		= rec->clk,
		.edges		= rec->edges,
		.edge_ns	= rec->edge_ns,
		.ce		= rec->ce,
		.cr		= rec->cr,
		.latched_count	= rec->latched_count,
		.cw		= rec->cw,
		.mode		= kt_i8254_mode(rec->cw),
		.lsb		= rec->lsb,
		.status		= rec->status,
		.latch_bytes	= rec->latch_bytes,
		.programmed	= rec->flags & KVM_TIMERS_PIT_PROGRAMMED,
		.out		= rec->flags & KVM_TIMERS_PIT_OUT,
		.null		= rec->flags & KVM_TIMERS_PIT_NULL,
		.gate		= rec->flags & KVM_TIMERS_PIT_GATE,
		.trigger	= rec->flags & KVM_TIMERS_PIT_TRIGGER,
		.load		= rec->flags & KVM_TIMERS_PIT_LOAD,
		.loaded		= rec->flags & KVM_TIMERS_PIT_LOADED,
		.armed		= rec->flags & KVM_TIMERS_PIT_ARMED,
		.odd		= rec->flags & KVM_TIMERS_PIT_ODD,
		.inhibit	= rec->flags & KVM_TIMERS_PIT_INHIBIT,
		.write_msb	= rec->flags & KVM_TIMERS_PIT_WRITE_MSB,
		.read_msb	= rec->flags & KVM_TIMERS_PIT_READ_MSB,
		.status_latched	= rec->flags & KVM_TIMERS_PIT_STATUS_LATCHED,
	};
}

/**
 * kt_record_put_pit() - the PIT's registers
 * @rec:	its counters and port 0x61 are filled in
 * @pit:	device
 *
 * Context: Any.
 */
void kt_record_put_pit(struct kvm_timers_pit_record *rec, const struct kt_i8254 *pit)
{
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++)
		put_channel(&rec->ch[i], &pit->ch[i]);
	rec->port61 = pit->port61;
}

/**
 * kt_record_take_pit() - the PIT has those registers
 * @pit:	filled in
 * @rec:	what kt_record_put_pit() has filled in
 *
 * Context: Any.
 */
void kt_record_take_pit(struct kt_i8254 *pit, const struct kvm_timers_pit_record *rec)
{
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++)
		take_channel(&pit->ch[i], &rec->ch[i]);
	pit->port61 = rec->port61;
}

static bool channel_is_clean(const struct kvm_timers_pit_channel *rec)
{
	u32 known = (KVM_TIMERS_PIT_STATUS_LATCHED << 1) - 1;

	return !(rec->flags & ~known) && !memchr_inv(rec->reserved, 0, sizeof(rec->reserved));
}

static bool pit_is_legal(const struct kvm_timers_pit_record *rec, u64 now)
{
	u32 known = KVM_TIMERS_PIT_SILENCED | KVM_TIMERS_PIT_CHOSEN;
	struct kt_i8254 pit;
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++)
		if (!channel_is_clean(&rec->ch[i]))
			return false;
	if (rec->port61 > U8_MAX || (rec->flags & ~known))
		return false;

	kt_record_take_pit(&pit, rec);
	return kt_i8254_is_legal(&pit, now) &&
	       debt_is_legal(&rec->debt, kt_i8254_edges(&pit, now), now);
}

/**
 * kt_record_put_rtc() - the RTC's registers
 * @rec:	what is the model's is filled in
 * @rtc:	device
 *
 * Context: Any.
 */
void kt_record_put_rtc(struct kvm_timers_rtc_record *rec, const struct kt_rtc *rtc)
{
	rec->cycle = rtc->cycle;
	rec->origin = rtc->origin;
	rec->resumed = rtc->resumed;
	rec->periods = rtc->periods;
	rec->period_cycle = rtc->period_cycle;
	rec->rises = rtc->rises;
	rec->update_cycles = rtc->update_cycles;
	memcpy(rec->time, rtc->time, sizeof(rec->time));
	rec->century = rtc->century;
	rec->a = rtc->a;
	rec->b = rtc->b;
	rec->flags = rtc->flags;
}

/**
 * kt_record_take_rtc() - the RTC has those registers
 * @rtc:	filled in
 * @rec:	what kt_record_put_rtc() has filled in
 *
 * Context: Any.
 */
void kt_record_take_rtc(struct kt_rtc *rtc, const struct kvm_timers_rtc_record *rec)
{
	*rtc = (struct kt_rtc) {
		.cycle		= rec->cycle,
		.origin		= rec->origin,
		.resumed	= rec->resumed,
		.update_cycles	= rec->update_cycles,
		.periods	= rec->periods,
		.period_cycle	= rec->period_cycle,
		.rises		= rec->rises,
		.century	= rec->century,
		.a		= rec->a,
		.b		= rec->b,
		.flags		= rec->flags,
	};
	memcpy(rtc->time, rec->time, sizeof(rtc->time));
}

static bool rtc_is_legal(const struct kvm_timers_rtc_record *rec, u64 now)
{
	struct kt_rtc rtc;

	if ((rec->state & ~KVM_TIMERS_RTC_ASSERTED) || rec->reserved ||
	    (!kt_rtc_has(rec->index) && rec->index != U8_MAX))
		return false;

	kt_record_take_rtc(&rtc, rec);
	return kt_rtc_is_legal(&rtc, now) && rec->served <= kt_rtc_rises(&rtc, now) &&
	       debt_is_legal(&rec->debt, kt_rtc_edges(&rtc, now), now);
}

/**
 * kt_record_put_hpet() - the HPET's registers
 * @rec:	all but the debts is filled in
 * @hpet:	device
 *
 * Context: Any.
 */
void kt_record_put_hpet(struct kvm_timers_hpet_record *rec, const struct kt_hpet *hpet)
{
	unsigned int i;

	rec->timers = hpet->params.timers;
	rec->period_fs = hpet->params.period_fs;
	rec->route_cap = hpet->params.route_cap;
	rec->config = hpet->config;
	rec->base = hpet->base;
	rec->base_ns = hpet->base_ns;
	for (i = 0; i < hpet->params.timers; i++) {
		rec->timer[i].seen_ns = hpet->timer[i].seen_ns;
		rec->timer[i].comparator = hpet->timer[i].comparator;
		rec->timer[i].period = hpet->timer[i].period;
		rec->timer[i].fsb = hpet->timer[i].fsb;
		rec->timer[i].edges = hpet->timer[i].edges;
		rec->timer[i].edge_ns = hpet->timer[i].edge_ns;
		rec->timer[i].config = hpet->timer[i].config;
		rec->timer[i].pending = hpet->timer[i].pending;
	}
}

/**
 * kt_record_take_hpet() - the HPET has those registers
 * @hpet:	filled in
 * @rec:	what kt_record_put_hpet() has filled in
 *
 * Context: Any.
 */
void kt_record_take_hpet(struct kt_hpet *hpet, const struct kvm_timers_hpet_record *rec)
{
	struct kt_hpet_params params = {
		.timers		= rec->timers,
		.period_fs	= rec->period_fs,
		.route_cap	= rec->route_cap,
	};
	unsigned int i;

	kt_hpet_init(hpet, &params);
	hpet->config = rec->config;
	hpet->base = rec->base;
	hpet->base_ns = rec->base_ns;
	for (i = 0; i < params.timers; i++) {
		hpet->timer[i] = (struct kt_hpet_timer) {
			.seen_ns	= rec->timer[i].seen_ns,
			.comparator	= rec->timer[i].comparator,
			.period		= rec->timer[i].period,
			.fsb		= rec->timer[i].fsb,
			.edges		= rec->timer[i].edges,
			.edge_ns	= rec->timer[i].edge_ns,
			.config		= rec->timer[i].config,
			.pending	= rec->timer[i].pending,
		};
	}
}

static bool hpet_is_legal(const struct kvm_timers_hpet_record *rec, u64 now,
			  struct kt_hpet *hpet)
{
	unsigned int i;

	if (rec->timers < KT_HPET_MIN_TIMERS || rec->timers > KT_HPET_MAX_TIMERS ||
	    rec->period_fs < KT_HPET_MIN_PERIOD_FS || rec->period_fs > KT_HPET_MAX_PERIOD_FS)
		return false;
	for (i = 0; i < rec->timers; i++)
		if (rec->timer[i].pending > 1)
			return false;
	if (memchr_inv(&rec->timer[rec->timers], 0,
		       (KT_HPET_MAX_TIMERS - rec->timers) * sizeof(rec->timer[0])))
		return false;

	kt_record_take_hpet(hpet, rec);
	if (!kt_hpet_is_legal(hpet, now))
		return false;
	for (i = 0; i < rec->timers; i++)
		if (!debt_is_legal(&rec->timer[i].debt, kt_hpet_edges(hpet, i, now), now))
			return false;
	return true;
}

/**
 * kt_record_put_lapic() - the registers of a LAPIC timer
 * @rec:	what is the model's is filled in
 * @t:		timer
 *
 * Context: Any.
 */
void kt_record_put_lapic(struct kvm_timers_vcpu_record *rec, const struct kt_lapic_timer *t)
{
	rec->flags |= KVM_TIMERS_VCPU_LAPIC | bit_if(t->enabled, KVM_TIMERS_VCPU_ENABLED);
	rec->cycle_ns = t->cycle_ns;
	rec->seen_ns = t->seen_ns;
	rec->origin_ns = t->origin_ns;
	rec->left_ns = t->left_ns;
	rec->deadline = t->deadline;
	rec->edges = t->edges;
	rec->edge_ns = t->edge_ns;
	rec->lvtt = t->lvtt;
	rec->tmict = t->tmict;
	rec->tdcr = t->tdcr;
}

/**
 * kt_record_take_lapic() - a LAPIC timer has those registers
 * @t:		filled in
 * @rec:	what kt_record_put_lapic() has filled in
 *
 * Context: Any.
 */
void kt_record_take_lapic(struct kt_lapic_timer *t, const struct kvm_timers_vcpu_record *rec)
{
	*t = (struct kt_lapic_timer) {
		.seen_ns	= rec->seen_ns,
		.origin_ns	= rec->origin_ns,
		.left_ns	= rec->left_ns,
		.deadline	= rec->deadline,
		.edges		= rec->edges,
		.edge_ns	= rec->edge_ns,
		.cycle_ns	= rec->cycle_ns,
		.lvtt		= rec->lvtt,
		.tmict		= rec->tmict,
		.tdcr		= rec->tdcr,
		.enabled	= rec->flags & KVM_TIMERS_VCPU_ENABLED,
	};
}

static bool lapic_is_legal(const struct kvm_timers_vcpu_record *rec, u64 now)
{
	const struct kt_lapic_clock clock = {
		.now		= now,
		.tsc		= rec->tsc,
		.tsc_khz	= rec->tsc_khz,
	};
	struct kt_lapic_timer t;

	kt_record_take_lapic(&t, rec);
	return kt_lapic_timer_is_legal(&t, now) &&
	       debt_is_legal(&rec->debt, kt_lapic_timer_edges(&t, &clock), now);
}

static bool vcpu_is_legal(const struct kvm_timers_vcpu_record *rec, u64 now)
{
	static const struct kvm_timers_vcpu_record none;
	struct kvm_timers_vcpu_record bare = *rec;

	if ((rec->flags & ~(KVM_TIMERS_VCPU_LAPIC | KVM_TIMERS_VCPU_ENABLED)) || rec->reserved ||
	    rec->tsc_khz < MIN_TSC_KHZ || rec->tsc_khz > MAX_TSC_KHZ)
		return false;
	if (rec->flags & KVM_TIMERS_VCPU_LAPIC)
		return lapic_is_legal(rec, now);

	/* Without one, nothing is said of it. */
	bare.id = 0;
	bare.tsc = 0;
	bare.tsc_adjust = 0;
	bare.tsc_khz = 0;
	return !memcmp(&bare, &none, sizeof(bare));
}

/**
 * kt_record_put_line() - the line of guest time
 * @rec:	its line is filled in
 * @line:	over the first vCPU's TSC
 *
 * Context: Any.
 */
void kt_record_put_line(struct kvm_timers_record *rec, const struct kt_kvmclock_line *line)
{
	rec->line_tsc = line->tsc;
	rec->line_ns = line->ns;
	rec->line_mul = line->mul;
	rec->line_shift = line->shift;
}

/**
 * kt_record_take_line() - guest time is that line
 * @line:	filled in
 * @rec:	what kt_record_put_line() has filled in
 *
 * Context: Any.
 */
void kt_record_take_line(struct kt_kvmclock_line *line, const struct kvm_timers_record *rec)
{
	*line = (struct kt_kvmclock_line) {
		.tsc	= rec->line_tsc,
		.ns	= rec->line_ns,
		.mul	= rec->line_mul,
		.shift	= rec->line_shift,
	};
}

/* As fast as the TSC, or as NTP may have it, and where the TSC says that it is. */
static bool line_is_legal(const struct kvm_timers_record *rec)
{
	struct kt_kvmclock_line line;
	u64 rate, tsc_rate;

	if (!(rec->clock_flags & KVM_TIMERS_CLOCK_BY_TSC) || !rec->nr_vcpus)
		return true;
	if (rec->line_mul < 1U << 31 || rec->line_shift < -31 || rec->line_shift > 31)
		return false;

	kt_record_take_line(&line, rec);
	rate = kt_kvmclock_rate(&line);
	tsc_rate = div_u64((u64)NS_PER_MS << KT_KVMCLOCK_RATE_SHIFT, rec->vcpu[0].tsc_khz);
	return max(rate, tsc_rate) - min(rate, tsc_rate) <= tsc_rate >> RATE_SHIFT &&
	       kt_kvmclock_read(&line, rec->vcpu[0].tsc) == rec->guest_ns;
}

static bool clock_is_legal(const struct kvm_timers_record *rec)
{
	u64 lag_ns = rec->lag_ns < 0 ? -(u64)rec->lag_ns : rec->lag_ns;

	return (rec->clock_rate == KVM_TIMERS_CLOCK_HOST ||
		rec->clock_rate == KVM_TIMERS_CLOCK_TSC) &&
	       rec->gap >= KVM_TIMERS_GAP_STOP && rec->gap <= KVM_TIMERS_GAP_SLEW &&
	       !(rec->gap == KVM_TIMERS_GAP_SLEW && rec->clock_rate == KVM_TIMERS_CLOCK_TSC) &&
	       !(rec->clock_flags & ~KVM_TIMERS_CLOCK_BY_TSC) &&
	       max3(rec->guest_ns, rec->real_ns, rec->boot_ns) <= KT_RECORD_MAX_NS &&
	       lag_ns <= KT_RECORD_MAX_NS && line_is_legal(rec);
}

/* A device that the guest has not got has no state. */
static bool devices_are_legal(const struct kvm_timers_record *rec, struct kt_hpet *scratch)
{
	u64 now = rec->guest_ns;

	if ((rec->devices & ~KNOWN_DEVICES) || (rec->active & ~rec->devices))
		return false;

	return (rec->active & KVM_TIMERS_PIT ? pit_is_legal(&rec->pit, now) :
		!memchr_inv(&rec->pit, 0, sizeof(rec->pit))) &&
	       (rec->active & KVM_TIMERS_RTC ? rtc_is_legal(&rec->rtc, now) :
		!memchr_inv(&rec->rtc, 0, sizeof(rec->rtc))) &&
	       (rec->active & KVM_TIMERS_HPET ? hpet_is_legal(&rec->hpet, now, scratch) :
		!memchr_inv(&rec->hpet, 0, sizeof(rec->hpet)));
}

/**
 * kt_record_check() - check a record
 * @rec:	from user space, at an address for a u64
 * @length:	bytes of it
 * @scratch:	what would be too large for a stack
 *
 * Policies are for whoever knows their bounds.
 *
 * Context: Any.
 * Return: 0; -EPROTO unknown version; -EBADMSG no record, or a state that no guest can bring
 * about.
 */
int kt_record_check(const struct kvm_timers_record *rec, u32 length, struct kt_hpet *scratch)
{
	u32 i;

	if (length < sizeof(*rec) || rec->size != length)
		return -EBADMSG;
	if (rec->version != KVM_TIMERS_RECORD_VERSION)
		return -EPROTO;
	if (rec->nr_vcpus > KT_RECORD_MAX_VCPUS || length != kt_record_size(rec->nr_vcpus))
		return -EBADMSG;

	for (i = 0; i < rec->nr_vcpus; i++) {
		if (i && rec->vcpu[i].id <= rec->vcpu[i - 1].id)
			return -EBADMSG;
		if (!vcpu_is_legal(&rec->vcpu[i], rec->guest_ns))
			return -EBADMSG;
	}
	return clock_is_legal(rec) && devices_are_legal(rec, scratch) ? 0 : -EBADMSG;
}
