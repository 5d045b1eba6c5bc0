// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that takes its time: workers that come to a function stay there a while, or our module
 * does. What happens meanwhile happens between two steps of theirs, each time, and not once a day
 * on a busy machine.
 */
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tsc.h>

/* With preemption off. */
#define MAX_DELAY_MS	50

#define MAX_STAYS	64

static char *function = "";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "Where workers are slow");

static char *caller = "";
module_param(caller, charp, 0444);
MODULE_PARM_DESC(caller, "The module that is slow where it calls the function, and no worker is");

static unsigned int every = 1;
module_param(every, uint, 0444);
MODULE_PARM_DESC(every, "Who comes is slow every so many times");

static unsigned int delay_ms;
module_param(delay_ms, uint, 0444);
MODULE_PARM_DESC(delay_ms, "For how long (at most 50)");

static unsigned int times;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "How often so far; not to be set");

/* One worker at a time, or nobody asks when. */
static unsigned long long from[MAX_STAYS];
module_param_array(from, ullong, NULL, 0444);
MODULE_PARM_DESC(from, "TSC when a worker came, of the last 64 times; not to be set");

static unsigned long long to[MAX_STAYS];
module_param_array(to, ullong, NULL, 0444);
MODULE_PARM_DESC(to, "TSC when it went on; not to be set");

/* By the TSC that the guest looks at, which an emulator may have stumble. */
static void stay(u64 start)
{
	while (rdtsc_ordered() - start < (u64)tsc_khz * delay_ms)
		cpu_relax();
}

/* At the first instruction of a function: has that module called it? */
static bool is_called_by(const char *module, struct pt_regs *regs)
{
	char symbol[KSYM_SYMBOL_LEN];
	const char *name;

	sprint_symbol(symbol, regs_get_kernel_stack_nth(regs, 0));
	name = strrchr(symbol, '[');
	return name && !strncmp(name + 1, module, strlen(module));
}

static int slow(struct kprobe *probe, struct pt_regs *regs)
{
	static atomic_t calls;

	if (*caller ? is_called_by(caller, regs) : current->flags & PF_WQ_WORKER) {
		if (atomic_inc_return(&calls) % every)
			return 0;
		from[times % MAX_STAYS] = rdtsc_ordered();
		stay(from[times % MAX_STAYS]);
		to[times % MAX_STAYS] = rdtsc_ordered();
		WRITE_ONCE(times, times + 1);
	}
	return 0;
}

static struct kprobe probe = {
	.pre_handler = slow,
};

static int __init slow_init(void)
{
	if (delay_ms > MAX_DELAY_MS || !every)
		return -EINVAL;

	probe.symbol_name = function;
	return register_kprobe(&probe);
}

static void __exit slow_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(slow_init);
module_exit(slow_exit);

MODULE_DESCRIPTION("Makes workers, or a module, slow in one function");
MODULE_LICENSE("GPL");
