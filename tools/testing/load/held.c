// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches vCPUs that are held while guest time takes another way: lets that last long enough
 * for the host's tick to end a stay in the guest, and counts those that have ended.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>

#define WATCH_MS	20

static unsigned int times;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "How often vCPUs were held; not to be set");

static unsigned int exits;
module_param(exits, uint, 0444);
MODULE_PARM_DESC(exits, "How often one of them left the guest meanwhile; not to be set");

static u64 count_exits(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 sum = 0;

	kvm_for_each_vcpu(i, vcpu, kvm)
		sum += READ_ONCE(vcpu->stat.exits);
	return sum;
}

static int watch(struct kprobe *probe, struct pt_regs *regs)
{
	struct kvm *kvm = (void *)regs->di;
	u64 before = count_exits(kvm);

	mdelay(WATCH_MS);
	WRITE_ONCE(exits, exits + count_exits(kvm) - before);
	WRITE_ONCE(times, times + 1);
	return 0;
}

static struct kprobe probe = {
	.symbol_name	= "kt_inject_release",
	.pre_handler	= watch,
};

static int __init held_init(void)
{
	return register_kprobe(&probe);
}

static void __exit held_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(held_init);
module_exit(held_exit);

MODULE_DESCRIPTION("Watches vCPUs that are held");
MODULE_LICENSE("GPL");
