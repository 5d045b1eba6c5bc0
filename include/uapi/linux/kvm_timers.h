/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The user ABI of kvm_timers.
 *
 * /dev/kvm_timers adopts the VMs that a process will create, or takes over one
 * VM that its owner names. Each VM taken over has a timers file descriptor for
 * its status and policies.
 *
 * Every structure begins with its own size. A size that the kernel does not
 * know, an unknown flag or device bit, or a reserved field that is not zero is
 * refused, and nothing has changed.
 */
#ifndef _UAPI_LINUX_KVM_TIMERS_H
#define _UAPI_LINUX_KVM_TIMERS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_TIMERS_ABI_VERSION		6

#define KVM_TIMERS_IOC			0xB8

/*
 * Devices: bits of @devices and, as numbers, rows of the status. A row is for one that gives
 * interrupts.
 */
enum kvm_timers_device {
	KVM_TIMERS_DEVICE_PIT		= 0,
	KVM_TIMERS_DEVICE_RTC		= 1,
	KVM_TIMERS_DEVICE_HPET		= 2,
	KVM_TIMERS_DEVICE_LAPIC		= 3,
	KVM_TIMERS_NR_DEVICES		= 4,
	KVM_TIMERS_DEVICE_KVMCLOCK	= 4,
	KVM_TIMERS_DEVICE_TSC		= 5,
	KVM_TIMERS_DEVICE_END		= 6,
};

#define KVM_TIMERS_PIT			(1U << KVM_TIMERS_DEVICE_PIT)
#define KVM_TIMERS_RTC			(1U << KVM_TIMERS_DEVICE_RTC)
#define KVM_TIMERS_HPET			(1U << KVM_TIMERS_DEVICE_HPET)
#define KVM_TIMERS_LAPIC		(1U << KVM_TIMERS_DEVICE_LAPIC)
#define KVM_TIMERS_KVMCLOCK		(1U << KVM_TIMERS_DEVICE_KVMCLOCK)
#define KVM_TIMERS_TSC			(1U << KVM_TIMERS_DEVICE_TSC)

/* How fast guest time goes, which all devices and kvmclock have their time from. */
enum kvm_timers_clock_rate {
	/* What the module parameter says. */
	KVM_TIMERS_CLOCK_DEFAULT	= 0,
	/* As the host's CLOCK_MONOTONIC, and so its NTP, without a step. */
	KVM_TIMERS_CLOCK_HOST		= 1,
	/* As the guest's TSC by its nominal frequency, for ever. */
	KVM_TIMERS_CLOCK_TSC		= 2,
};

/* What the time is to a guest in which its VMM has paused it. */
enum kvm_timers_gap {
	/* What the VM was told, or the module parameter. */
	KVM_TIMERS_GAP_DEFAULT	= 0,
	/* It never happened: all clocks go on from where they were. */
	KVM_TIMERS_GAP_STOP	= 1,
	/* Time like any other: all clocks move together. Ticks missed follow the policies. */
	KVM_TIMERS_GAP_JUMP	= 2,
	/*
	 * To be made up for: guest time goes on from where it was, 500 ppm faster than the host's
	 * until it has caught up. Not with KVM_TIMERS_CLOCK_TSC.
	 */
	KVM_TIMERS_GAP_SLEW	= 3,
};

/* What the RTC shows when the VM is made. From then on it follows the guest's clock. */
enum kvm_timers_rtc_base {
	/* What the module parameter says. */
	KVM_TIMERS_RTC_DEFAULT		= 0,
	/* The host's UTC. */
	KVM_TIMERS_RTC_UTC		= 1,
	/* The host's UTC and rtc_time_s seconds, the local time of whoever asks. */
	KVM_TIMERS_RTC_LOCALTIME	= 2,
	/* rtc_time_s, seconds since 1970-01-01 00:00:00 as the RTC shows them. */
	KVM_TIMERS_RTC_FIXED		= 3,
};

/*
 * How far ahead of its time an interrupt of the LAPIC timer is prepared, so that the way
 * into the guest does not make it late.
 */
enum kvm_timers_advance {
	/* What the module parameter says. */
	KVM_TIMERS_ADVANCE_DEFAULT	= 0,
	/* As far as KVM finds, for each vCPU, that it takes. */
	KVM_TIMERS_ADVANCE_AUTO		= 1,
	/* A fixed time; 0: not at all. */
	KVM_TIMERS_ADVANCE_FIXED	= 2,
};

/* The longest of them, ns. */
#define KVM_TIMERS_ADVANCE_MAX_NS	5000

/* What a guest gets for ticks that it could not take in time. */
enum kvm_timers_policy {
	/* What the module parameter says, or what the VMM asks of KVM's PIT. */
	KVM_TIMERS_POLICY_DEFAULT	= 0,
	/* All of them, faster than programmed, until none is owed. */
	KVM_TIMERS_POLICY_CATCHUP	= 1,
	/* One for any number of them. */
	KVM_TIMERS_POLICY_MERGE		= 2,
	/* None of them: the next one on the grid. */
	KVM_TIMERS_POLICY_DISCARD	= 3,
	/* All of them, but none beside the grid: the guest's tick clock stays behind. */
	KVM_TIMERS_POLICY_DELAY		= 4,
	KVM_TIMERS_POLICY_END		= 5,
};

/**
 * struct kvm_timers_policy_config - lost-tick policy of one device
 * @policy:		enum kvm_timers_policy
 * @catchup_max_rate_pct: fastest catch-up in percent of the programmed rate,
 *			101 to 1000; 0: the host's default
 * @catchup_limit_ms:	a debt beyond this is given up; 0: the host's default
 * @catchup_threshold_us: a lag below this is not caught up, up to 1000000;
 *			0: the host's default
 */
struct kvm_timers_policy_config {
	__u32	policy;
	__u32	catchup_max_rate_pct;
	__u32	catchup_limit_ms;
	__u32	catchup_threshold_us;
};

/**
 * struct kvm_timers_config - how to take over a VM
 * @size:	sizeof(struct kvm_timers_config)
 * @flags:	0
 * @devices:	devices to take over, KVM_TIMERS_PIT | ...; none is only for
 *		KVM_TIMERS_ADOPT
 * @rtc_base:	enum kvm_timers_rtc_base
 * @rtc_time_s:	KVM_TIMERS_RTC_LOCALTIME: seconds east of UTC, -86400 to 86400;
 *		KVM_TIMERS_RTC_FIXED: 0 (1970) to 4102444799 (2099); else 0
 * @lapic_advance: enum kvm_timers_advance
 * @lapic_advance_ns: KVM_TIMERS_ADVANCE_FIXED: 0 to KVM_TIMERS_ADVANCE_MAX_NS; else 0
 * @clock_rate:	enum kvm_timers_clock_rate
 * @gap:	enum kvm_timers_gap
 * @budget_hz:	what all timers together may give the guest in a second, for each of its vCPUs,
 *		when they catch up; what they have been programmed to give they give in any
 *		case; 0: the host's default
 * @reserved:	0
 * @tick:	policy of each device
 */
struct kvm_timers_config {
	__u32				size;
	__u32				flags;
	__u32				devices;
	__u32				rtc_base;
	__s64				rtc_time_s;
	__u32				lapic_advance;
	__u32				lapic_advance_ns;
	__u32				clock_rate;
	__u32				gap;
	__u32				budget_hz;
	__u32				reserved;
	struct kvm_timers_policy_config	tick[KVM_TIMERS_NR_DEVICES];
};

/**
 * struct kvm_timers_attach - take over one VM
 * @size:	sizeof(struct kvm_timers_attach)
 * @vm_fd:	what KVM_CREATE_VM returned; no vCPU and no PIT made yet
 * @config:	how
 */
struct kvm_timers_attach {
	__u32				size;
	__s32				vm_fd;
	struct kvm_timers_config	config;
};

/**
 * struct kvm_timers_list - the VMs the caller may see
 * @size:	sizeof(struct kvm_timers_list)
 * @count:	in: room at @ids, in entries; out: number of VMs, which may exceed the room
 * @ids:	user address of an array of __u32
 */
struct kvm_timers_list {
	__u32	size;
	__u32	count;
	__u64	ids;
};

/**
 * struct kvm_timers_tick_stats - account of one device's interrupts
 * @due:	edges of the device
 * @rescaled:	change of the debt, in ticks, where the guest changed the period
 * @delivered:	given to the guest
 * @coalesced:	found the one before still waiting in the guest
 * @merged:	given as part of another one
 * @dropped:	not given, by policy or because the guest had masked the pin
 * @given_up:	not given, because the debt passed its limit
 * @caught_up:	of @delivered: given late, from the debt
 *
 * due + rescaled = delivered + merged + dropped + given_up + owed, always.
 */
struct kvm_timers_tick_stats {
	__u64	due;
	__s64	rescaled;
	__u64	delivered;
	__u64	coalesced;
	__u64	merged;
	__u64	dropped;
	__u64	given_up;
	__u64	caught_up;
};

#define KVM_TIMERS_LATE_BUCKETS		24

/*
 * Levels of a catch-up: 105, 110, 125, 150, 175, 200 and 300 percent of the programmed rate, and
 * the fastest that is allowed, which bounds the others too.
 */
#define KVM_TIMERS_CATCHUP_LEVELS	8

/**
 * struct kvm_timers_device_status - one device
 * @active:	the guest has the device: the VMM has created it, or what it needs
 * @policy:	in force, enum kvm_timers_policy, never KVM_TIMERS_POLICY_DEFAULT
 * @catchup_max_rate_pct: in force
 * @catchup_limit_ms:	in force
 * @catchup_threshold_us: in force
 * @catchup_rate_pct:	of the catch-up in progress, 0: none; of several timers the fastest
 * @period_ns:	present period, 0 if the device is not periodic; of several timers the shortest
 * @owed:	interrupts owed now
 * @reads:	register reads by the guest
 * @writes:	register writes by the guest
 * @stats:	counters
 * @catchup_ns:	guest time spent at each level of a catch-up; of several timers the sum
 * @late:	lateness of delivered interrupts: bucket n counts those late by less than
 *		2^n us (and by no less than bucket n-1's bound); the last one counts all
 *		the rest
 */
struct kvm_timers_device_status {
	__u32				active;
	__u32				policy;
	__u32				catchup_max_rate_pct;
	__u32				catchup_limit_ms;
	__u32				catchup_threshold_us;
	__u32				catchup_rate_pct;
	__u64				period_ns;
	__u64				owed;
	__u64				reads;
	__u64				writes;
	struct kvm_timers_tick_stats	stats;
	__u64				catchup_ns[KVM_TIMERS_CATCHUP_LEVELS];
	__u64				late[KVM_TIMERS_LATE_BUCKETS];
};

/* Bits of @hpet_flags. */
#define KVM_TIMERS_HPET_ENABLED		(1U << 0)
#define KVM_TIMERS_HPET_LEGACY		(1U << 1)

/* Bits of @clock_flags. */
#define KVM_TIMERS_CLOCK_BY_TSC		(1U << 0)
#define KVM_TIMERS_CLOCK_FROZEN		(1U << 1)

/**
 * struct kvm_timers_status - one VM, at one instant
 * @size:	sizeof(struct kvm_timers_status)
 * @id:		number of the VM, as in the list
 * @pid:	process that created or attached the VM, in the caller's PID namespace;
 *		0 if it is not there
 * @devices:	devices taken over
 * @guest_ns:	guest time; of a dead VM its last
 * @dead:	the VM is gone; the counters are its last
 * @mem_bytes:	kernel memory this VM costs the module
 * @rtc_base:	what the RTC was set from, never KVM_TIMERS_RTC_DEFAULT
 * @hpet_flags:	KVM_TIMERS_HPET_*: main counter running, PIT and RTC replaced
 * @rtc_time_s:	what the RTC shows now, seconds since 1970-01-01 00:00:00
 * @hpet_counter: HPET main counter now
 * @hpet_period_fs: its period
 * @hpet_timers: number of HPET timers
 * @lapic_vcpus: vCPUs whose LAPIC timer is the module's
 * @lapic_advance: in force, never KVM_TIMERS_ADVANCE_DEFAULT
 * @lapic_advance_ns: in force now; of several vCPUs the largest
 * @clock_rate:	in force, never KVM_TIMERS_CLOCK_DEFAULT
 * @clock_flags: KVM_TIMERS_CLOCK_BY_TSC: guest time is a line over the host's TSC; else
 *		that is no clock, and guest time is the host's; KVM_TIMERS_CLOCK_FROZEN: it
 *		stands still
 * @gap:	enum kvm_timers_gap in force, never KVM_TIMERS_GAP_DEFAULT
 * @clock_lag_ns: how far the host's CLOCK_MONOTONIC has moved ahead of guest time
 * @clock_segments: changes of the slope of guest time, none of which is a step
 * @clock_sets:	times that the VMM has set kvmclock
 * @clock_thaws: times that guest time stood still, and went on
 * @clock_stopped_ns: time in which it did, and which never happened to the guest
 * @kvmclock_ns: what kvmclock shows now
 * @budget_hz:	in force, for each vCPU
 * @reserved:	0
 * @budget_waits: times that a catch-up had to wait because of it
 * @device:	a row a device; that of the LAPIC timer is the sum of all vCPUs, which are looked at
 *		one after the other
 */
struct kvm_timers_status {
	__u32				size;
	__u32				id;
	__s32				pid;
	__u32				devices;
	__u64				guest_ns;
	__u32				dead;
	__u32				mem_bytes;
	__u32				rtc_base;
	__u32				hpet_flags;
	__s64				rtc_time_s;
	__u64				hpet_counter;
	__u32				hpet_period_fs;
	__u32				hpet_timers;
	__u32				lapic_vcpus;
	__u32				lapic_advance;
	__u32				lapic_advance_ns;
	__u32				clock_rate;
	__u32				clock_flags;
	__u32				gap;
	__s64				clock_lag_ns;
	__u64				clock_segments;
	__u64				clock_sets;
	__u64				clock_thaws;
	__u64				clock_stopped_ns;
	__u64				kvmclock_ns;
	__u32				budget_hz;
	__u32				reserved;
	__u64				budget_waits;
	struct kvm_timers_device_status	device[KVM_TIMERS_NR_DEVICES];
};

/**
 * struct kvm_timers_set_policy - change a policy at run time
 * @size:	sizeof(struct kvm_timers_set_policy)
 * @device:	enum kvm_timers_device
 * @tick:	new policy and bounds
 */
struct kvm_timers_set_policy {
	__u32				size;
	__u32				device;
	struct kvm_timers_policy_config	tick;
};

/**
 * struct kvm_timers_set_advance - change the advance of the LAPIC timer at run time
 * @size:	sizeof(struct kvm_timers_set_advance)
 * @advance:	enum kvm_timers_advance
 * @advance_ns:	KVM_TIMERS_ADVANCE_FIXED: 0 to KVM_TIMERS_ADVANCE_MAX_NS; else 0
 * @reserved:	0
 */
struct kvm_timers_set_advance {
	__u32	size;
	__u32	advance;
	__u32	advance_ns;
	__u32	reserved;
};

/**
 * struct kvm_timers_set_budget - change what all timers may give together, at run time
 * @size:	sizeof(struct kvm_timers_set_budget)
 * @budget_hz:	see struct kvm_timers_config
 */
struct kvm_timers_set_budget {
	__u32	size;
	__u32	budget_hz;
};

/**
 * struct kvm_timers_thaw - have guest time go on, or say what pauses are to be
 * @size:	sizeof(struct kvm_timers_thaw)
 * @gap:	enum kvm_timers_gap
 */
struct kvm_timers_thaw {
	__u32	size;
	__u32	gap;
};

/*
 * The record: all that a guest's clocks are, at one instant. Times are guest time where nothing
 * else is said. It is read whole, checked whole, and set whole.
 */
#define KVM_TIMERS_RECORD_VERSION	1

/* The most timers that an HPET has. */
#define KVM_TIMERS_HPET_TIMERS		32

/* Bits of struct kvm_timers_debt.flags, see struct kt_tick. */
#define KVM_TIMERS_DEBT_INJECTED	(1U << 0)
#define KVM_TIMERS_DEBT_HELD		(1U << 1)
#define KVM_TIMERS_DEBT_CATCHING	(1U << 2)
#define KVM_TIMERS_DEBT_WITHIN		(1U << 3)
#define KVM_TIMERS_DEBT_BLOCKED		(1U << 4)
#define KVM_TIMERS_DEBT_OVERRUN		(1U << 5)
#define KVM_TIMERS_DEBT_CROWDED		(1U << 6)
#define KVM_TIMERS_DEBT_ON_GRID		(1U << 7)

/**
 * struct kvm_timers_debt - what a source of interrupts owes its guest
 * @unseen:	edges that are not accounted yet
 * @owed:	interrupts
 * @period_ns:	of the present stream of ticks
 * @last_ns:	last interrupt
 * @room_ns:	nothing that is owed comes before
 * @flags:	KVM_TIMERS_DEBT_*
 * @level:	of the catch-up, below KVM_TIMERS_CATCHUP_LEVELS
 */
struct kvm_timers_debt {
	__u64	unseen;
	__u64	owed;
	__u64	period_ns;
	__u64	last_ns;
	__u64	room_ns;
	__u32	flags;
	__u32	level;
};

/* Bits of struct kvm_timers_pit_channel.flags, see struct kt_i8254_channel. */
#define KVM_TIMERS_PIT_PROGRAMMED	(1U << 0)
#define KVM_TIMERS_PIT_OUT		(1U << 1)
#define KVM_TIMERS_PIT_NULL		(1U << 2)
#define KVM_TIMERS_PIT_GATE		(1U << 3)
#define KVM_TIMERS_PIT_TRIGGER		(1U << 4)
#define KVM_TIMERS_PIT_LOAD		(1U << 5)
#define KVM_TIMERS_PIT_LOADED		(1U << 6)
#define KVM_TIMERS_PIT_ARMED		(1U << 7)
#define KVM_TIMERS_PIT_ODD		(1U << 8)
#define KVM_TIMERS_PIT_INHIBIT		(1U << 9)
#define KVM_TIMERS_PIT_WRITE_MSB	(1U << 10)
#define KVM_TIMERS_PIT_READ_MSB		(1U << 11)
#define KVM_TIMERS_PIT_STATUS_LATCHED	(1U << 12)

/**
 * struct kvm_timers_pit_channel - a counter of the PIT
 * @clk:	CLK pulses since guest time 0; the rest is as of this one
 * @edges:	rising edges of OUT
 * @edge_ns:	the newest of them, 0: none
 * @ce:		counting element
 * @cr:		count register, 0: no complete count yet
 * @flags:	KVM_TIMERS_PIT_*
 * @latched_count: output latch
 * @cw:		control word, less the counter's number
 * @lsb:	first byte of a count in two bytes
 * @status:	latched status byte
 * @latch_bytes: bytes of @latched_count still to be read
 * @reserved:	0
 */
struct kvm_timers_pit_channel {
	__u64	clk;
	__u64	edges;
	__u64	edge_ns;
	__u32	ce;
	__u32	cr;
	__u32	flags;
	__u16	latched_count;
	__u8	cw;
	__u8	lsb;
	__u8	status;
	__u8	latch_bytes;
	__u8	reserved[6];
};

/* Bits of struct kvm_timers_pit_record.flags. */
#define KVM_TIMERS_PIT_SILENCED		(1U << 0)
#define KVM_TIMERS_PIT_CHOSEN		(1U << 1)

/**
 * struct kvm_timers_pit_record - the PIT
 * @ch:		its counters
 * @port61:	latched bits 3:0 of port 0x61
 * @flags:	KVM_TIMERS_PIT_SILENCED: an HPET of the VMM's stands in; KVM_TIMERS_PIT_CHOSEN:
 *		the policy is the owner's, whatever KVM_REINJECT_CONTROL says
 * @debt:	interrupts
 */
struct kvm_timers_pit_record {
	struct kvm_timers_pit_channel	ch[3];
	__u32				port61;
	__u32				flags;
	struct kvm_timers_debt		debt;
};

/* Bits of struct kvm_timers_rtc_record.state. */
#define KVM_TIMERS_RTC_ASSERTED		(1U << 0)

/**
 * struct kvm_timers_rtc_record - the RTC
 * @cycle:	cycles of 32768 Hz since guest time 0; the rest is as of this one
 * @origin:	cycle at which the divider was 0, modulo 2^64
 * @resumed:	the divider when SET was last cleared
 * @periods:	edges of the periodic interrupt
 * @period_cycle: the newest of them
 * @rises:	times that IRQF went up by anything else
 * @served:	of @rises, those that have been told
 * @update_cycles: length of an update
 * @state:	KVM_TIMERS_RTC_ASSERTED: the line has been up since the last interrupt
 * @time:	bytes 0x00 to 0x09
 * @century:	byte 0x32
 * @a:		register A without UIP
 * @b:		register B
 * @flags:	PF, AF and UF of register C
 * @index:	byte that port 0x71 gives, 0xff: one of the VMM's
 * @reserved:	0
 * @debt:	interrupts
 */
struct kvm_timers_rtc_record {
	__u64			cycle;
	__u64			origin;
	__u64			resumed;
	__u64			periods;
	__u64			period_cycle;
	__u64			rises;
	__u64			served;
	__u32			update_cycles;
	__u32			state;
	__u8			time[10];
	__u8			century;
	__u8			a;
	__u8			b;
	__u8			flags;
	__u8			index;
	__u8			reserved;
	struct kvm_timers_debt	debt;
};

/**
 * struct kvm_timers_hpet_timer - a timer of the HPET
 * @seen_ns:	time up to which matches are in the rest
 * @comparator:	register
 * @period:	of the periodic mode
 * @fsb:	FSB route register
 * @edges:	interrupts asked for
 * @edge_ns:	the newest of them, 0: none
 * @config:	writable bits of Tn_CONF
 * @pending:	status bit, 0 or 1
 * @debt:	interrupts
 */
struct kvm_timers_hpet_timer {
	__u64			seen_ns;
	__u64			comparator;
	__u64			period;
	__u64			fsb;
	__u64			edges;
	__u64			edge_ns;
	__u32			config;
	__u32			pending;
	struct kvm_timers_debt	debt;
};

/**
 * struct kvm_timers_hpet_record - the HPET
 * @timers:	number of timers
 * @period_fs:	period of the main counter
 * @route_cap:	inputs of the IOAPIC that a timer can choose
 * @config:	GEN_CONF
 * @base:	main counter at @base_ns, or where it is halted
 * @base_ns:	when it was started
 * @timer:	timers; what is beyond @timers is 0
 */
struct kvm_timers_hpet_record {
	__u32				timers;
	__u32				period_fs;
	__u32				route_cap;
	__u32				config;
	__u64				base;
	__u64				base_ns;
	struct kvm_timers_hpet_timer	timer[KVM_TIMERS_HPET_TIMERS];
};

/* Bits of struct kvm_timers_vcpu_record.flags. */
#define KVM_TIMERS_VCPU_LAPIC		(1U << 0)
#define KVM_TIMERS_VCPU_ENABLED		(1U << 1)

/**
 * struct kvm_timers_vcpu_record - a vCPU
 * @id:		as the VMM has numbered it
 * @flags:	KVM_TIMERS_VCPU_LAPIC: its LAPIC timer is in the record, else that is 0;
 *		KVM_TIMERS_VCPU_ENABLED: bit 8 of SVR
 * @tsc:	IA32_TSC
 * @tsc_adjust:	IA32_TSC_ADJUST
 * @tsc_khz:	frequency
 * @cycle_ns:	input clock of the LAPIC timer
 * @seen_ns:	time up to which expiries are in the rest
 * @origin_ns:	time at which @left_ns were left
 * @left_ns:	until the count is at 0; 0: nothing counts
 * @deadline:	IA32_TSC_DEADLINE
 * @edges:	interrupts asked for
 * @edge_ns:	the newest of them, 0: none
 * @lvtt:	LVTT
 * @tmict:	TMICT
 * @tdcr:	TDCR
 * @reserved:	0
 * @debt:	interrupts
 */
struct kvm_timers_vcpu_record {
	__u32			id;
	__u32			flags;
	__u64			tsc;
	__u64			tsc_adjust;
	__u32			tsc_khz;
	__u32			cycle_ns;
	__u64			seen_ns;
	__u64			origin_ns;
	__u64			left_ns;
	__u64			deadline;
	__u64			edges;
	__u64			edge_ns;
	__u32			lvtt;
	__u32			tmict;
	__u32			tdcr;
	__u32			reserved;
	struct kvm_timers_debt	debt;
};

/**
 * struct kvm_timers_record - a guest's clocks
 * @size:	of all of it, with its vCPUs
 * @version:	KVM_TIMERS_RECORD_VERSION
 * @devices:	devices taken over
 * @active:	those that the guest has
 * @clock_rate:	enum kvm_timers_clock_rate
 * @gap:	enum kvm_timers_gap
 * @clock_flags: KVM_TIMERS_CLOCK_BY_TSC, else the line means nothing
 * @nr_vcpus:	entries of @vcpu
 * @guest_ns:	guest time
 * @kvmclock_ns: what kvmclock shows
 * @lag_ns:	how far the host's clock is ahead of what guest time is to be
 * @line_tsc:	the line of guest time: the first vCPU's TSC where it begins
 * @line_ns:	guest time there
 * @line_mul:	of the page of kvmclock
 * @line_shift:	of the page of kvmclock
 * @real_ns:	CLOCK_REALTIME
 * @boot_ns:	CLOCK_BOOTTIME
 * @tick:	policy of each device
 * @pit:	0 unless active
 * @rtc:	0 unless active
 * @hpet:	0 unless active
 * @vcpu:	vCPUs, by ascending id
 */
struct kvm_timers_record {
	__u32				size;
	__u32				version;
	__u32				devices;
	__u32				active;
	__u32				clock_rate;
	__u32				gap;
	__u32				clock_flags;
	__u32				nr_vcpus;
	__u64				guest_ns;
	__u64				kvmclock_ns;
	__s64				lag_ns;
	__u64				line_tsc;
	__u64				line_ns;
	__u32				line_mul;
	__s32				line_shift;
	__u64				real_ns;
	__u64				boot_ns;
	struct kvm_timers_policy_config	tick[KVM_TIMERS_NR_DEVICES];
	struct kvm_timers_pit_record	pit;
	struct kvm_timers_rtc_record	rtc;
	struct kvm_timers_hpet_record	hpet;
	struct kvm_timers_vcpu_record	vcpu[];
};

/* Bits of struct kvm_timers_record_call.flags. */
#define KVM_TIMERS_RECORD_SAME_BOOT	(1U << 0)

/**
 * struct kvm_timers_record_call - read or set the record
 * @size:	sizeof(struct kvm_timers_record_call)
 * @flags:	KVM_TIMERS_SET_RECORD: KVM_TIMERS_RECORD_SAME_BOOT: the record is of this host, and
 *		of this boot of it: the time since is that of CLOCK_BOOTTIME, else of
 *		CLOCK_REALTIME. KVM_TIMERS_GET_RECORD: 0
 * @length:	of the record; KVM_TIMERS_GET_RECORD: in: room, out: what it takes
 * @reserved:	0
 * @addr:	user address of a struct kvm_timers_record
 */
struct kvm_timers_record_call {
	__u32	size;
	__u32	flags;
	__u32	length;
	__u32	reserved;
	__u64	addr;
};

/*
 * On /dev/kvm_timers.
 *
 * KVM_TIMERS_GET_VERSION	returns KVM_TIMERS_ABI_VERSION.
 *
 * KVM_TIMERS_ATTACH		returns a timers fd for the VM.
 *	EBADF		vm_fd is not an open file
 *	EBADFD		vm_fd is not a KVM VM
 *	ENOENT		the VM is being destroyed
 *	EBUSY		the VM has vCPUs already
 *	EEXIST		the VM has KVM's own PIT already
 *	EALREADY	the VM has been taken over already
 *
 * KVM_TIMERS_ADOPT		VMs that this process, or a process below it, will
 *				create are taken over like this. Survives execve();
 *				a second call replaces the first. No devices: forget it.
 *	ENOSPC		too many processes have asked
 *
 * Both:
 *	E2BIG		unknown size
 *	EINVAL		unknown flag, field to be 0 is not, or nothing to attach
 *	EOPNOTSUPP	unknown device bit; or KVM_TIMERS_GAP_SLEW with KVM_TIMERS_CLOCK_TSC
 *	ENODEV		the administrator has switched that device off
 *	ERANGE		policy, bound, base or time of the RTC, advance, rate of the clock,
 *			gap or budget out of range
 *
 * KVM_TIMERS_LIST		fills in the ids of the VMs that the caller may open.
 *
 * KVM_TIMERS_OPEN		argument: an id. Returns a timers fd.
 *	ENOENT		no such VM
 *	EPERM		neither the VM's owner nor privileged (CAP_SYS_ADMIN)
 */
#define KVM_TIMERS_GET_VERSION	_IO(KVM_TIMERS_IOC, 0x00)
#define KVM_TIMERS_ATTACH	_IOW(KVM_TIMERS_IOC, 0x01, struct kvm_timers_attach)
#define KVM_TIMERS_ADOPT	_IOW(KVM_TIMERS_IOC, 0x02, struct kvm_timers_config)
#define KVM_TIMERS_LIST		_IOWR(KVM_TIMERS_IOC, 0x03, struct kvm_timers_list)
#define KVM_TIMERS_OPEN		_IO(KVM_TIMERS_IOC, 0x04)

/*
 * On a timers fd.
 *
 * KVM_TIMERS_GET_STATUS	set size; the rest is filled in. Works after the VM's end.
 *
 * KVM_TIMERS_SET_POLICY
 *	ESRCH		the VM is gone
 *	EOPNOTSUPP	unknown device
 *	ENODEV		the device was not taken over
 *	ERANGE		policy or bound out of range
 *
 * KVM_TIMERS_SET_ADVANCE	from the next interrupt on.
 *	ESRCH		the VM is gone
 *	ENODEV		the LAPIC timer was not taken over
 *	EINVAL		a field to be 0 is not
 *	ERANGE		advance out of range
 *
 * KVM_TIMERS_FREEZE		guest time stands still until KVM_TIMERS_THAW, or until a vCPU
 *				runs: then that was time like any other. KVM_GET_CLOCK of a VM
 *				that is paused does the same, and KVM_SET_CLOCK to what that
 *				gave thaws by the gap of the VM.
 *	ESRCH		the VM is gone
 *	EBUSY		a vCPU is in KVM_RUN: pause the VM first
 *
 * KVM_TIMERS_THAW
 *	ESRCH		the VM is gone
 *	EINVAL		guest time does not stand still
 *	EBUSY		the VMM is at work on a vCPU
 *	EOPNOTSUPP	KVM_TIMERS_GAP_SLEW with KVM_TIMERS_CLOCK_TSC
 *	ERANGE		no such gap, or a time that is too long for a clock
 *
 * KVM_TIMERS_SET_GAP		of pauses to come; argument as of KVM_TIMERS_THAW.
 *	ESRCH		the VM is gone
 *	EOPNOTSUPP	KVM_TIMERS_GAP_SLEW with KVM_TIMERS_CLOCK_TSC
 *	ERANGE		no such gap
 *
 * KVM_TIMERS_GET_RECORD	works while the guest runs, too.
 *	ESRCH		the VM is gone
 *	ENOSPC		it does not fit; the length is what it takes
 *	EINVAL		unknown flag, or a field to be 0 is not
 *
 * KVM_TIMERS_SET_RECORD	of a VM that is paused. Guest time then stands still at that of the
 *				record until KVM_TIMERS_THAW, KVM_SET_CLOCK to the record's, or
 *				until a vCPU runs. What has passed since the record is part of
 *				the gap. Each LAPIC timer must have the registers already that
 *				it has in the record: they are for the VMM to restore.
 *	ESRCH		the VM is gone
 *	EBUSY		a vCPU is in KVM_RUN: pause the VM first
 *	EPROTO		unknown version
 *	EBADMSG		not a record, or one with a state that no guest can bring about
 *	EXDEV		of a VM with other devices or vCPUs, or with an HPET of another kind
 *	ESTALE		a LAPIC timer has other registers
 *	ENODEV		the TSC cannot go by the record's frequency here
 *	ERANGE		a policy or bound is beyond what the administrator allows
 *	EINVAL		unknown flag, or a field to be 0 is not
 *
 * KVM_TIMERS_SET_BUDGET	no part of the record: it is for each host to say.
 *	ESRCH		the VM is gone
 *	ERANGE		budget out of range, or beyond what the administrator allows
 *
 * Each call also knows E2BIG (unknown size), EFAULT and ENOMEM; those that
 * return a descriptor know EMFILE and ENFILE.
 */
#define KVM_TIMERS_GET_STATUS	_IOWR(KVM_TIMERS_IOC, 0x10, struct kvm_timers_status)
#define KVM_TIMERS_SET_POLICY	_IOW(KVM_TIMERS_IOC, 0x11, struct kvm_timers_set_policy)
#define KVM_TIMERS_SET_ADVANCE	_IOW(KVM_TIMERS_IOC, 0x12, struct kvm_timers_set_advance)
#define KVM_TIMERS_FREEZE	_IO(KVM_TIMERS_IOC, 0x13)
#define KVM_TIMERS_THAW		_IOW(KVM_TIMERS_IOC, 0x14, struct kvm_timers_thaw)
#define KVM_TIMERS_SET_GAP	_IOW(KVM_TIMERS_IOC, 0x15, struct kvm_timers_thaw)
#define KVM_TIMERS_GET_RECORD	_IOWR(KVM_TIMERS_IOC, 0x16, struct kvm_timers_record_call)
#define KVM_TIMERS_SET_RECORD	_IOW(KVM_TIMERS_IOC, 0x17, struct kvm_timers_record_call)
#define KVM_TIMERS_SET_BUDGET	_IOW(KVM_TIMERS_IOC, 0x18, struct kvm_timers_set_budget)

#endif /* _UAPI_LINUX_KVM_TIMERS_H */
