/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IA-PC high precision event timers 1.0a, as a pure model.
 */
#ifndef KT_HPET_H
#define KT_HPET_H

#include <linux/types.h>

#define KT_HPET_SIZE		0x500
#define KT_HPET_MIN_TIMERS	3
#define KT_HPET_MAX_TIMERS	32

/* Period of the main counter, fs: what the specification allows. */
#define KT_HPET_MIN_PERIOD_FS	1
#define KT_HPET_MAX_PERIOD_FS	100000000

/* Where an interrupt of a timer goes. */
enum kt_hpet_route {
	/* To no valid input, or no interrupt is enabled. */
	KT_HPET_ROUTE_NONE,
	/* A write of its own, kt_hpet_fsb(). */
	KT_HPET_ROUTE_FSB,
	/* Timer 0: the PIT's IRQ0, timer 1: the RTC's IRQ8. */
	KT_HPET_ROUTE_LEGACY,
	/* IOAPIC input kt_hpet_pin(). */
	KT_HPET_ROUTE_PIN,
};

/**
 * struct kt_hpet_params - what the device is built as
 * @timers:	KT_HPET_MIN_TIMERS to KT_HPET_MAX_TIMERS
 * @period_fs:	KT_HPET_MIN_PERIOD_FS to KT_HPET_MAX_PERIOD_FS
 * @route_cap:	INT_ROUTE_CAP of every timer: a bit an IOAPIC input
 */
struct kt_hpet_params {
	u32	timers;
	u32	period_fs;
	u32	route_cap;
};

/**
 * struct kt_hpet_timer - one comparator
 * @seen_ns:	guest time up to which matches are in the fields below
 * @comparator:	of a 32-bit timer the upper half is 0
 * @period:	hidden period register of the periodic mode; of a 32-bit timer the upper
 *		half is 0
 * @fsb:	FSB route register
 * @edges:	matches that asked for an interrupt (edge), or set the status bit while
 *		the interrupt was enabled (level), since init; saturates
 * @edge_ns:	guest time of the newest of them, 0 if none
 * @config:	writable bits of the low half of Tn_CONF
 * @pending:	status bit in GINTR_STA; level only
 */
struct kt_hpet_timer {
	u64	seen_ns;
	u64	comparator;
	u64	period;
	u64	fsb;
	u64	edges;
	u64	edge_ns;
	u32	config;
	bool	pending;
};

/**
 * struct kt_hpet - the device
 * @params:	what it was built as
 * @base:	main counter at @base_ns, or where it is halted
 * @base_ns:	guest time at which it was started
 * @config:	GEN_CONF
 * @timer:	comparators
 */
struct kt_hpet {
	struct kt_hpet_params	params;
	u64			base;
	u64			base_ns;
	u32			config;
	struct kt_hpet_timer	timer[KT_HPET_MAX_TIMERS];
};

void kt_hpet_init(struct kt_hpet *hpet, const struct kt_hpet_params *params);
void kt_hpet_reset(struct kt_hpet *hpet);
u64 kt_hpet_read(struct kt_hpet *hpet, u32 offset, u32 len, u64 now);
void kt_hpet_write(struct kt_hpet *hpet, u32 offset, u32 len, u64 val, u64 now);
u64 kt_hpet_counter(const struct kt_hpet *hpet, u64 now);
bool kt_hpet_enabled(const struct kt_hpet *hpet);
bool kt_hpet_legacy(const struct kt_hpet *hpet);
u64 kt_hpet_edges(const struct kt_hpet *hpet, unsigned int n, u64 now);
u64 kt_hpet_deadline(const struct kt_hpet *hpet, unsigned int n, u64 now);
u64 kt_hpet_last_edge(const struct kt_hpet *hpet, unsigned int n, u64 now);
u64 kt_hpet_period(const struct kt_hpet *hpet, unsigned int n);
bool kt_hpet_is_level(const struct kt_hpet *hpet, unsigned int n);
bool kt_hpet_line(const struct kt_hpet *hpet, unsigned int n, u64 now);
enum kt_hpet_route kt_hpet_route(const struct kt_hpet *hpet, unsigned int n);
unsigned int kt_hpet_pin(const struct kt_hpet *hpet, unsigned int n);
bool kt_hpet_is_legal(const struct kt_hpet *hpet, u64 now);
u64 kt_hpet_fsb(const struct kt_hpet *hpet, unsigned int n);

#endif /* KT_HPET_H */
