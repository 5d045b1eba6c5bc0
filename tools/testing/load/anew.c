// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host whose TSC begins anew when it is suspended, as with ACPI S3 on most machines. The
 * kernel's own test mode for suspend does all but the last step, which is what would do that:
 * here the first thing after it is to write the TSC.
 *
 * Where the CPU has TSC_ADJUST the kernel would take that back, some time later (clearcpuid=).
 */
#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/module.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/x86_init.h>

static unsigned int times;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "How often so far; not to be set");

/* Interrupts are off, and timekeeping is still suspended. */
static int anew(struct kprobe *probe, struct pt_regs *regs)
{
	x86_platform.save_sched_clock_state();
	wrmsrl(MSR_IA32_TSC, 0);
	x86_platform.restore_sched_clock_state();
	times++;
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "syscore_resume",
	.pre_handler = anew,
};

static int __init anew_init(void)
{
	/* Other CPUs would find it out of step when they come back. */
	if (num_possible_cpus() > 1 || boot_cpu_has(X86_FEATURE_TSC_ADJUST))
		return -EOPNOTSUPP;

	return register_kprobe(&probe);
}

static void __exit anew_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(anew_init);
module_exit(anew_exit);

MODULE_DESCRIPTION("Has the TSC begin anew over suspend");
MODULE_LICENSE("GPL");
