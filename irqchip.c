// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM does to the in-kernel interrupt controllers.
 *
 * No VMM tells KVM of an RTC or an HPET. They need the controllers and come
 * with them. Nor does one tell KVM that the machine has been reset; but it then
 * sets the 8259s to a state that no guest leaves them in.
 */
#include "irqchip.h"
#include "io.h"

#include <linux/kvm_host.h>
#include <linux/uaccess.h>

/**
 * kt_irqchip_create() - give the guest the devices that only need the controllers
 * @vm:		the guest; without the controllers nothing is done
 *
 * Context: Process, kvm->lock held, no vCPU has been made.
 * Return: 0 or -errno.
 */
int kt_irqchip_create(struct kt_vm *vm)
{
	u32 missing = vm->devices & ~vm->active;
	int ret;

	lockdep_assert_held(&vm->kvm->lock);

	if (!kt_inject_irqchip(vm->kvm))
		return 0;
	ret = kt_io_add_pic(vm);
	if (!ret && (missing & KVM_TIMERS_RTC))
		ret = kt_io_add_rtc(vm) ?: kt_vm_rtc_create(vm);
	if (!ret && (missing & KVM_TIMERS_HPET))
		ret = kt_io_add_hpet(vm) ?: kt_vm_hpet_create(vm);
	return ret;
}

/* A first 8259 that was never initialized, with all lines open: power-on or reset. */
static bool is_reset(const struct kvm_irqchip *chip)
{
	return chip->chip_id == KVM_IRQCHIP_PIC_MASTER && !chip->chip.pic.irq_base &&
	       !chip->chip.pic.imr && !chip->chip.pic.isr && !chip->chip.pic.init_state;
}

static int set_irqchip(struct kt_vm *vm, void __user *argp)
{
	struct kvm_irqchip *chip = memdup_user(argp, sizeof(*chip));

	if (IS_ERR(chip))
		return PTR_ERR(chip);

	if (is_reset(chip)) {
		kt_vm_rtc_reset(vm);
		kt_vm_hpet_reset(vm);
	}
	kfree(chip);

	/* The lines' masks have changed, and nobody was told. */
	kt_vm_recheck(vm);
	return 0;
}

/**
 * kt_irqchip_ioctl() - follow what KVM has just done
 * @vm:		the guest
 * @ioctl:	any of a VM's, and KVM has carried it out
 * @argp:	its argument
 *
 * Context: Process.
 * Return: 0 or -errno.
 */
int kt_irqchip_ioctl(struct kt_vm *vm, unsigned int ioctl, void __user *argp)
{
	int ret;

	switch (ioctl) {
	case KVM_CREATE_IRQCHIP:
		mutex_lock(&vm->kvm->lock);
		ret = kt_irqchip_create(vm);
		mutex_unlock(&vm->kvm->lock);
		return ret;
	case KVM_SET_IRQCHIP:
		return set_irqchip(vm, argp);
	default:
		return 0;
	}
}
