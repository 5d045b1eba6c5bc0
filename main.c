// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_timers: one clock for all the timers of a KVM guest.
 */
#include "adopt.h"
#include "chardev.h"
#include "hooks.h"
#include "params.h"
#include "suspend.h"
#include "vm.h"

#include <linux/module.h>

static int __init kt_main_init(void)
{
	int ret;

	ret = kt_params_check();
	if (ret)
		return ret;
	ret = kt_vm_init();
	if (ret)
		return ret;
	ret = kt_hooks_install();
	if (ret)
		goto err_vm;
	ret = kt_suspend_init();
	if (ret)
		goto err_hooks;
	ret = kt_chardev_init();
	if (ret)
		goto err_suspend;
	kt_adopt_init();
	return 0;

err_suspend:
	kt_suspend_exit();
err_hooks:
	kt_hooks_remove();
err_vm:
	kt_vm_exit();
	return ret;
}

static void __exit kt_main_exit(void)
{
	kt_chardev_exit();
	kt_hooks_remove();
	kt_adopt_exit();
	kt_suspend_exit();
	kt_vm_exit();
}

module_init(kt_main_init);
module_exit(kt_main_exit);

MODULE_DESCRIPTION("One clock for all the timers of a KVM guest");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
