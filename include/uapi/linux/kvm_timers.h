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

#define KVM_TIMERS_ABI_VERSION		4

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

/**
 * struct kvm_timers_device_status - one device
 * @active:	the guest has the device: the VMM has created it, or what it needs
 * @policy:	in force, enum kvm_timers_policy, never KVM_TIMERS_POLICY_DEFAULT
 * @catchup_max_rate_pct: in force
 * @catchup_limit_ms:	in force
 * @catchup_threshold_us: in force
 * @reserved:	0
 * @period_ns:	present period, 0 if the device is not periodic; of several timers the shortest
 * @owed:	interrupts owed now
 * @reads:	register reads by the guest
 * @writes:	register writes by the guest
 * @stats:	counters
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
	__u32				reserved;
	__u64				period_ns;
	__u64				owed;
	__u64				reads;
	__u64				writes;
	struct kvm_timers_tick_stats	stats;
	__u64				late[KVM_TIMERS_LATE_BUCKETS];
};

/* Bits of @hpet_flags. */
#define KVM_TIMERS_HPET_ENABLED		(1U << 0)
#define KVM_TIMERS_HPET_LEGACY		(1U << 1)

/* Bits of @clock_flags. */
#define KVM_TIMERS_CLOCK_BY_TSC		(1U << 0)

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
 *		that is no clock, and guest time is the host's
 * @reserved:	0
 * @clock_lag_ns: how far the host's CLOCK_MONOTONIC has moved ahead of guest time
 * @clock_segments: changes of the slope of guest time, none of which is a step
 * @clock_sets:	times that the VMM has set kvmclock
 * @kvmclock_ns: what kvmclock shows now
 * @device:	a row a device; that of the LAPIC timer is the sum of all vCPUs
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
	__u32				reserved;
	__s64				clock_lag_ns;
	__u64				clock_segments;
	__u64				clock_sets;
	__u64				kvmclock_ns;
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
 *	EOPNOTSUPP	unknown device bit
 *	ENODEV		the administrator has switched that device off
 *	ERANGE		policy, bound, base or time of the RTC, advance, or rate of the clock
 *			out of range
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
 * Each call also knows E2BIG (unknown size), EFAULT and ENOMEM; those that
 * return a descriptor know EMFILE and ENFILE.
 */
#define KVM_TIMERS_GET_STATUS	_IOWR(KVM_TIMERS_IOC, 0x10, struct kvm_timers_status)
#define KVM_TIMERS_SET_POLICY	_IOW(KVM_TIMERS_IOC, 0x11, struct kvm_timers_set_policy)
#define KVM_TIMERS_SET_ADVANCE	_IOW(KVM_TIMERS_IOC, 0x12, struct kvm_timers_set_advance)

#endif /* _UAPI_LINUX_KVM_TIMERS_H */
