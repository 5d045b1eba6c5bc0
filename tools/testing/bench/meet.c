// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many CPUs can be in a function at the same time: each that comes waits in it for the
 * others, for as long as patience lasts. An emulated machine runs its CPUs in turns, so that
 * time tells nothing of how they wait for each other; this does.
 */
#include <linux/kprobes.h>
#include <linux/minmax.h>
#include <linux/module.h>

/* Turns to wait, each of which lets the other CPUs run. */
#define PATIENCE	2000

static char *function = "";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "Where to meet");

static unsigned int wanted = 1;
module_param(wanted, uint, 0444);
MODULE_PARM_DESC(wanted, "CPUs that are to meet (default 1)");

static unsigned int most;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "CPUs that were in the function at the same time; not to be set");

static unsigned int calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "Calls of the function until all have met; not to be set");

static DEFINE_RAW_SPINLOCK(count_lock);
static unsigned int inside;

static void come(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&count_lock, flags);
	calls++;
	inside++;
	WRITE_ONCE(most, max(most, inside));
	raw_spin_unlock_irqrestore(&count_lock, flags);
}

static void leave(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&count_lock, flags);
	inside--;
	raw_spin_unlock_irqrestore(&count_lock, flags);
}

static int meet(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned int turn;

	if (READ_ONCE(most) >= wanted)
		return 0;

	come();
	for (turn = 0; turn < PATIENCE && READ_ONCE(most) < wanted; turn++)
		cpu_relax();
	leave();
	return 0;
}

static struct kprobe probe = {
	.pre_handler = meet,
};

static int __init meet_init(void)
{
	probe.symbol_name = function;
	return register_kprobe(&probe);
}

static void __exit meet_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(meet_init);
module_exit(meet_exit);

MODULE_DESCRIPTION("Counts the CPUs that are in a function at the same time");
MODULE_LICENSE("GPL");
