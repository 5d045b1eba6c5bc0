// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else who redirects kvm_vcpu_halt(): a live patch, as far as ftrace
 * can tell.
 */
#include <linux/ftrace.h>
#include <linux/module.h>

static void notrace touch(unsigned long ip, unsigned long parent_ip,
			  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ops = {
	.func	= touch,
	.flags	= FTRACE_OPS_FL_IPMODIFY,
};

static int __init busy_init(void)
{
	char function[] = "kvm_vcpu_halt";
	int ret;

	ret = ftrace_set_filter(&ops, function, sizeof(function) - 1, 1);
	return ret ?: register_ftrace_function(&ops);
}

static void __exit busy_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}

module_init(busy_init);
module_exit(busy_exit);

MODULE_DESCRIPTION("Redirects kvm_vcpu_halt() to where it is");
MODULE_LICENSE("GPL");
