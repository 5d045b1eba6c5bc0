/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: what was decided about a guest's ticks and its clock.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_timers

#if !defined(KT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KT_TRACE_H

#include <linux/tracepoint.h>

#include "include/uapi/linux/kvm_timers.h"
#include "vm_clock.h"

TRACE_DEFINE_ENUM(KVM_TIMERS_DEVICE_PIT);
TRACE_DEFINE_ENUM(KVM_TIMERS_DEVICE_RTC);
TRACE_DEFINE_ENUM(KVM_TIMERS_DEVICE_HPET);
TRACE_DEFINE_ENUM(KVM_TIMERS_DEVICE_LAPIC);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_FOLLOWS);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_SCALED);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_SET);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_LEFT);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_SUSPENDED);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_RESUMED);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_FROZEN);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_THAWED);
TRACE_DEFINE_ENUM(KT_VM_CLOCK_RESTORED);

#define kt_trace_device(device) \
	__print_symbolic(device,				\
			 { KVM_TIMERS_DEVICE_PIT, "pit" },	\
			 { KVM_TIMERS_DEVICE_RTC, "rtc" },	\
			 { KVM_TIMERS_DEVICE_HPET, "hpet" },	\
			 { KVM_TIMERS_DEVICE_LAPIC, "lapic" })

TRACE_EVENT(vm_attach,
	TP_PROTO(u32 id, pid_t pid, u32 devices),
	TP_ARGS(id, pid, devices),

	TP_STRUCT__entry(
		__field(u32,	id)
		__field(pid_t,	pid)
		__field(u32,	devices)
	),

	TP_fast_assign(
		__entry->id	 = id;
		__entry->pid	 = pid;
		__entry->devices = devices;
	),

	TP_printk("id %u pid %d devices 0x%x", __entry->id, __entry->pid, __entry->devices)
);

TRACE_EVENT(vm_detach,
	TP_PROTO(u32 id),
	TP_ARGS(id),

	TP_STRUCT__entry(
		__field(u32,	id)
	),

	TP_fast_assign(
		__entry->id	= id;
	),

	TP_printk("id %u", __entry->id)
);

DECLARE_EVENT_CLASS(kt_tick,
	TP_PROTO(u32 id, u32 device, u32 index, u64 guest_ns, u64 ticks, u64 owed),
	TP_ARGS(id, device, index, guest_ns, ticks, owed),

	TP_STRUCT__entry(
		__field(u32,	id)
		__field(u32,	device)
		__field(u32,	index)
		__field(u64,	guest_ns)
		__field(u64,	ticks)
		__field(u64,	owed)
	),

	TP_fast_assign(
		__entry->id	  = id;
		__entry->device	  = device;
		__entry->index	  = index;
		__entry->guest_ns = guest_ns;
		__entry->ticks	  = ticks;
		__entry->owed	  = owed;
	),

	TP_printk("id %u %s index %u guest_ns %llu ticks %llu owed %llu", __entry->id,
		  kt_trace_device(__entry->device), __entry->index, __entry->guest_ns,
		  __entry->ticks, __entry->owed)
);

/* Edges of the device since the guest was last served. */
DEFINE_EVENT(kt_tick, tick_due,
	TP_PROTO(u32 id, u32 device, u32 index, u64 guest_ns, u64 ticks, u64 owed),
	TP_ARGS(id, device, index, guest_ns, ticks, owed));

/* One interrupt is on its way. */
DEFINE_EVENT(kt_tick, tick_delivered,
	TP_PROTO(u32 id, u32 device, u32 index, u64 guest_ns, u64 ticks, u64 owed),
	TP_ARGS(id, device, index, guest_ns, ticks, owed));

/* Ticks that the guest will not get: merged, dropped, or given up. */
DEFINE_EVENT(kt_tick, tick_lost,
	TP_PROTO(u32 id, u32 device, u32 index, u64 guest_ns, u64 ticks, u64 owed),
	TP_ARGS(id, device, index, guest_ns, ticks, owed));

DEFINE_EVENT(kt_tick, catchup_begin,
	TP_PROTO(u32 id, u32 device, u32 index, u64 guest_ns, u64 ticks, u64 owed),
	TP_ARGS(id, device, index, guest_ns, ticks, owed));

DEFINE_EVENT(kt_tick, catchup_end,
	TP_PROTO(u32 id, u32 device, u32 index, u64 guest_ns, u64 ticks, u64 owed),
	TP_ARGS(id, device, index, guest_ns, ticks, owed));

/* Guest time goes by another line from here on. */
TRACE_EVENT(clock_changed,
	TP_PROTO(u32 id, enum kt_vm_clock_why why, const struct kt_vm_clock *clock, u64 guest_ns),
	TP_ARGS(id, why, clock, guest_ns),

	TP_STRUCT__entry(
		__field(u32,	id)
		__field(u32,	why)
		__field(u64,	guest_ns)
		__field(u64,	base_ns)
		__field(u32,	mul)
		__field(s8,	shift)
	),

	TP_fast_assign(
		__entry->id	  = id;
		__entry->why	  = why;
		__entry->guest_ns = guest_ns;
		__entry->base_ns  = clock->base_ns;
		__entry->mul	  = clock->map.line.mul;
		__entry->shift	  = clock->map.line.shift;
	),

	TP_printk("id %u %s guest_ns %llu kvmclock ahead by %lld mul %u shift %d", __entry->id,
		  __print_symbolic(__entry->why,
				   { KT_VM_CLOCK_FOLLOWS, "follows" },
				   { KT_VM_CLOCK_SCALED, "scaled" },
				   { KT_VM_CLOCK_SET, "set" },
				   { KT_VM_CLOCK_LEFT, "left" },
				   { KT_VM_CLOCK_SUSPENDED, "suspended" },
				   { KT_VM_CLOCK_RESUMED, "resumed" },
				   { KT_VM_CLOCK_FROZEN, "frozen" },
				   { KT_VM_CLOCK_THAWED, "thawed" },
				   { KT_VM_CLOCK_RESTORED, "restored" }),
		  __entry->guest_ns, (s64)__entry->base_ns, __entry->mul, __entry->shift)
);

#endif /* KT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
