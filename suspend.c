// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's suspend and hibernation.
 *
 * A device is told when all VMMs are frozen, so that no vCPU runs, and again before they are
 * thawed. A PM notifier would be told of the second too late.
 */
#include "suspend.h"
#include "vm.h"

#include <linux/err.h>
#include <linux/platform_device.h>
#include <linux/pm.h>

static int suspend(struct device *dev)
{
	kt_vm_for_each(kt_vm_freeze_suspend);
	return 0;
}

static int resume(struct device *dev)
{
	kt_vm_for_each(kt_vm_freeze_resume);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(pm_ops, suspend, resume);

static struct platform_driver driver = {
	.driver	= {
		.name	= "kvm_timers",
		.pm	= pm_sleep_ptr(&pm_ops),
	},
};

static struct platform_device *device;

/**
 * kt_suspend_init() - be told when the host is suspended
 *
 * Context: Process, module initialization.
 * Return: 0 or -errno.
 */
int kt_suspend_init(void)
{
	int ret;

	ret = platform_driver_register(&driver);
	if (ret)
		return ret;
	device = platform_device_register_simple("kvm_timers", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}

/**
 * kt_suspend_exit() - no more
 *
 * Context: Process.
 */
void kt_suspend_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}
