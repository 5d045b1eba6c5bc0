/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that tests the kernel version. Sources are written for the
 * newest supported kernel; this file lends its names to the older ones.
 */
#ifndef KT_COMPAT_H
#define KT_COMPAT_H

#include <linux/version.h>

#if !(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0) && \
      LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)) && \
    !(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) && \
      LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0))
#error "kvm_timers supports Debian's kernels 6.1 and 6.12 only"
#endif

#include <linux/file.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>

/* Period of the local APICs' input clock, ns: a choice of the VMM since 6.11. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define kt_compat_apic_bus_cycle_ns(kvm)	((void)(kvm), 1)
#else
#define kt_compat_apic_bus_cycle_ns(kvm)	((kvm)->arch.apic_bus_cycle_ns)
#endif

/*
 * Where KVM asks for kvmclock: get_kvmclock_ns(), and kvm_get_wall_clock_epoch() since there is
 * one; before, all by get_kvmclock().
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define KT_COMPAT_WALL_CLOCK_EPOCH	1
#endif

/* What kvm_synchronize_tsc() is given: a value, or where it is; nowhere for a new vCPU. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define kt_compat_tsc_value(arg)	(arg)
#else
#define kt_compat_tsc_value(arg)	((arg) ? *(u64 *)(arg) : 0)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define fd_file(f)	((f).file)

#define ftrace_regs_set_instruction_pointer(fregs, ip) \
	ftrace_instruction_pointer_set(fregs, ip)
#define ftrace_regs_get_argument(fregs, n) \
	({ BUILD_BUG_ON((n) > 1); (n) ? (fregs)->regs.si : (fregs)->regs.di; })
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#endif /* KT_COMPAT_H */
