// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kvm_timers and the timers file descriptors: include/uapi/linux/kvm_timers.h
 * says what each call means and refuses.
 */
#include "chardev.h"
#include "adopt.h"
#include "compat.h"
#include "irqchip.h"
#include "params.h"
#include "record.h"
#include "vcpu.h"
#include "vm.h"

#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* No host has more VMs than this; bounds what KVM_TIMERS_LIST allocates. */
#define MAX_LIST	65536

/* Every structure begins with its own size. */
static int get_user_struct(void *to, const void __user *from, u32 size)
{
	u32 said;

	if (get_user(said, (const u32 __user *)from))
		return -EFAULT;
	if (said != size)
		return -E2BIG;
	if (copy_from_user(to, from, size))
		return -EFAULT;
	/* It may have changed between the two looks. */
	return *(u32 *)to == size ? 0 : -E2BIG;
}

static long get_status(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_status *status;
	long ret;

	status = kzalloc(sizeof(*status), GFP_KERNEL);
	if (!status)
		return -ENOMEM;

	ret = get_user_struct(status, argp, sizeof(*status));
	if (!ret) {
		memset(status, 0, sizeof(*status));
		status->size = sizeof(*status);
		ret = kt_vm_status(vm, status);
	}
	if (!ret && copy_to_user(argp, status, sizeof(*status)))
		ret = -EFAULT;
	kfree(status);
	return ret;
}

static long set_policy(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_set_policy arg;
	int ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	return ret ?: kt_vm_set_policy(vm, arg.device, &arg.tick);
}

static long set_advance(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_set_advance arg;
	u32 advance, advance_ns;
	int ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	if (ret)
		return ret;
	if (arg.reserved)
		return -EINVAL;

	ret = kt_params_advance(&advance, &advance_ns, arg.advance, arg.advance_ns);
	return ret ?: kt_vcpu_set_advance(vm, advance, advance_ns);
}

static long thaw(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_thaw arg;
	int ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	return ret ?: kt_vm_thaw(vm, arg.gap);
}

static long set_gap(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_thaw arg;
	int ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	return ret ?: kt_vm_set_gap(vm, arg.gap);
}

static long set_budget(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_set_budget arg;
	int ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	return ret ?: kt_vm_set_budget(vm, arg.budget_hz);
}

static long get_record(struct kt_vm *vm, struct kvm_timers_record_call __user *argp)
{
	struct kvm_timers_record_call arg;
	struct kvm_timers_record *rec;
	long ret;
	int size;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	size = kt_vm_record_size(vm);
	if (size < 0)
		return size;
	rec = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!rec)
		return -ENOMEM;

	ret = kt_vm_get_record(vm, rec, size);
	/* A vCPU may have come since. */
	size = max_t(int, size, rec->size);
	if (!ret && arg.length < size)
		ret = -ENOSPC;
	if (put_user(size, &argp->length) ||
	    (!ret && copy_to_user(u64_to_user_ptr(arg.addr), rec, size)))
		ret = -EFAULT;
	kvfree(rec);
	return ret;
}

static long set_record(struct kt_vm *vm, void __user *argp)
{
	struct kvm_timers_record_call arg;
	struct kvm_timers_record *rec;
	long ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	if (ret)
		return ret;
	if ((arg.flags & ~KVM_TIMERS_RECORD_SAME_BOOT) || arg.reserved)
		return -EINVAL;
	if (arg.length < sizeof(*rec) || arg.length > kt_record_size(KT_RECORD_MAX_VCPUS))
		return -EBADMSG;

	rec = vmemdup_user(u64_to_user_ptr(arg.addr), arg.length);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	ret = kt_vm_set_record(vm, rec, arg.length, arg.flags & KVM_TIMERS_RECORD_SAME_BOOT);
	kvfree(rec);
	return ret;
}

static long timers_ioctl(struct file *file, unsigned int ioctl, unsigned long arg)
{
	switch (ioctl) {
	case KVM_TIMERS_GET_STATUS:
		return get_status(file->private_data, (void __user *)arg);
	case KVM_TIMERS_SET_POLICY:
		return set_policy(file->private_data, (void __user *)arg);
	case KVM_TIMERS_SET_ADVANCE:
		return set_advance(file->private_data, (void __user *)arg);
	case KVM_TIMERS_FREEZE:
		return kt_vm_freeze(file->private_data);
	case KVM_TIMERS_THAW:
		return thaw(file->private_data, (void __user *)arg);
	case KVM_TIMERS_SET_GAP:
		return set_gap(file->private_data, (void __user *)arg);
	case KVM_TIMERS_GET_RECORD:
		return get_record(file->private_data, (void __user *)arg);
	case KVM_TIMERS_SET_RECORD:
		return set_record(file->private_data, (void __user *)arg);
	case KVM_TIMERS_SET_BUDGET:
		return set_budget(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int timers_release(struct inode *inode, struct file *file)
{
	kt_vm_put(file->private_data);
	return 0;
}

static const struct file_operations timers_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= timers_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.release	= timers_release,
	.llseek		= noop_llseek,
};

static struct file *timers_file(struct kt_vm *vm)
{
	struct file *file = anon_inode_getfile("kvm-timers", &timers_fops, vm, O_RDWR);

	if (!IS_ERR(file))
		kt_vm_get(vm);
	return file;
}

/* With an error the VM is not ours, and the caller has its reference still. */
static int attach_devices(struct kt_vm *vm, struct kvm *kvm)
{
	int ret;

	ret = kt_vm_attach(vm, kvm);
	if (ret)
		return ret;
	ret = kt_irqchip_create(vm);
	if (ret) {
		kt_vm_get(vm);
		kt_vm_detach(vm);
	}
	return ret;
}

/* Under kvm->lock no vCPU and no PIT can be made. */
static int attach_locked(struct kt_vm *vm, struct kvm *kvm)
{
	int ret;

	mutex_lock(&kvm->lock);
	if (kt_vm_find(kvm))
		ret = -EALREADY;
	else if (kvm->created_vcpus)
		ret = -EBUSY;
	else if (kvm->arch.vpit)
		ret = -EEXIST;
	else
		ret = attach_devices(vm, kvm);
	mutex_unlock(&kvm->lock);
	return ret;
}

/* Whatever can fail comes before the VM is changed. */
static long attach_kvm(struct kvm *kvm, const struct kt_vm_params *params)
{
	struct kt_vm *vm = kt_vm_create(params);
	struct file *file;
	long ret;
	int fd;

	if (IS_ERR(vm))
		return PTR_ERR(vm);

	fd = get_unused_fd_flags(O_CLOEXEC);
	ret = fd;
	if (fd < 0)
		goto err_vm;
	file = timers_file(vm);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret)
		goto err_fd;
	ret = attach_locked(vm, kvm);
	if (ret)
		goto err_file;

	fd_install(fd, file);
	return fd;

err_file:
	fput(file);
err_fd:
	put_unused_fd(fd);
err_vm:
	kt_vm_put(vm);
	return ret;
}

static long attach(void __user *argp)
{
	struct kvm_timers_attach arg;
	struct kt_vm_params params;
	struct kvm *kvm;
	struct fd f;
	long ret;

	ret = get_user_struct(&arg, argp, sizeof(arg)) ?:
	      kt_params_from_config(&params, &arg.config);
	if (ret)
		return ret;
	if (!params.devices)
		return -EINVAL;

	f = fdget(arg.vm_fd);
	if (!fd_file(f))
		return -EBADF;

	ret = -EBADFD;
	if (!file_is_kvm(fd_file(f)))
		goto out;
	kvm = fd_file(f)->private_data;
	ret = -ENOENT;
	if (!kvm_get_kvm_safe(kvm))
		goto out;
	ret = attach_kvm(kvm, &params);
	kvm_put_kvm(kvm);
out:
	fdput(f);
	return ret;
}

static long adopt(void __user *argp)
{
	struct kvm_timers_config config;
	struct kt_vm_params params;
	int ret;

	ret = get_user_struct(&config, argp, sizeof(config)) ?:
	      kt_params_from_config(&params, &config);
	return ret ?: kt_adopt_current(&params);
}

static long list(void __user *argp)
{
	struct kvm_timers_list arg;
	unsigned int room;
	u32 *ids;
	long ret;

	ret = get_user_struct(&arg, argp, sizeof(arg));
	if (ret)
		return ret;

	room = min_t(unsigned int, arg.count, MAX_LIST);
	ids = kvcalloc(room ?: 1, sizeof(*ids), GFP_KERNEL_ACCOUNT);
	if (!ids)
		return -ENOMEM;

	arg.count = kt_vm_list(ids, room);
	if (copy_to_user(u64_to_user_ptr(arg.ids), ids, min(arg.count, room) * sizeof(*ids)) ||
	    copy_to_user(argp, &arg, sizeof(arg)))
		ret = -EFAULT;
	kvfree(ids);
	return ret;
}

static long open_by_id(unsigned long id)
{
	struct file *file;
	struct kt_vm *vm;
	int fd;

	if (id != (u32)id)
		return -ENOENT;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;

	vm = kt_vm_open(id);
	file = IS_ERR(vm) ? ERR_CAST(vm) : timers_file(vm);
	if (!IS_ERR(vm))
		kt_vm_put(vm);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long dev_ioctl(struct file *file, unsigned int ioctl, unsigned long arg)
{
	switch (ioctl) {
	case KVM_TIMERS_GET_VERSION:
		return KVM_TIMERS_ABI_VERSION;
	case KVM_TIMERS_ATTACH:
		return attach((void __user *)arg);
	case KVM_TIMERS_ADOPT:
		return adopt((void __user *)arg);
	case KVM_TIMERS_LIST:
		return list((void __user *)arg);
	case KVM_TIMERS_OPEN:
		return open_by_id(arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations dev_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kvm_timers",
	.fops	= &dev_fops,
	.mode	= 0660,
};

/**
 * kt_chardev_init() - offer /dev/kvm_timers
 *
 * Context: Process, module initialization, everything else is ready.
 * Return: 0 or -errno.
 */
int kt_chardev_init(void)
{
	return misc_register(&dev);
}

/**
 * kt_chardev_exit() - take /dev/kvm_timers away
 *
 * Context: Process.
 */
void kt_chardev_exit(void)
{
	misc_deregister(&dev);
}
