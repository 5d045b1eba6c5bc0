// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only way to the module: /dev/kvm_timers and timers fds.
 */
#include "dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Room for the first try; VMs may come while the list is read. */
#define LIST_ROOM	64

/* Room for the first try; vCPUs may come while the record is read. */
#define RECORD_ROOM	(16U << 10)
#define RECORD_TRIES	8

struct words {
	enum kt_dev_call	call;
	int			err;
	const char		*text;
};

static const struct words words[] = {
	{ KT_DEV_OPEN, ENOENT,
	  "no " KT_DEV_PATH ": load the module with 'modprobe kvm_timers'" },
	{ KT_DEV_OPEN, ENXIO,
	  "nothing behind " KT_DEV_PATH ": load the module with 'modprobe kvm_timers'" },
	{ KT_DEV_OPEN, ENODEV,
	  "nothing behind " KT_DEV_PATH ": load the module with 'modprobe kvm_timers'" },
	{ KT_DEV_OPEN, EACCES,
	  "no permission to open " KT_DEV_PATH ": be root or in the group kvm" },
	{ KT_DEV_OPEN, EPERM,
	  KT_DEV_PATH " is denied, though its owner and mode allow it: see its cgroup, and 'dmesg | grep DENIED' of AppArmor" },
	{ KT_DEV_OPEN, ENOTTY,
	  KT_DEV_PATH " is not the module's device: load the module with 'modprobe kvm_timers'" },
	{ KT_DEV_OPEN, EPROTO,
	  "the module speaks another version of the ABI: install the tool built with it" },
	{ KT_DEV_ADOPT, ENODEV,
	  "the administrator has switched this device off: see 'modinfo -p kvm_timers'" },
	{ KT_DEV_ADOPT, ENOSPC,
	  "too many processes wait for their VMs to be taken over: end some first" },
	{ KT_DEV_ADOPT, ERANGE,
	  "policy, bound or budget beyond what the administrator allows: see 'modinfo -p kvm_timers'" },
	{ KT_DEV_ADOPT, EOPNOTSUPP,
	  "the module loaded cannot take over this device, or not with that gap: write '--gap=stop' or '--gap=jump' where the clock goes as the TSC does" },
	{ KT_DEV_OPEN_VM, ENOENT,
	  "no such VM: see 'kvm-timers list'" },
	{ KT_DEV_OPEN_VM, EPERM,
	  "not permitted: be the owner of the VM, or root" },
	{ KT_DEV_SET_POLICY, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_SET_POLICY, ENODEV,
	  "this device of the VM has not been taken over: see 'kvm-timers status ID'" },
	{ KT_DEV_SET_POLICY, EOPNOTSUPP,
	  "the module loaded does not know this device: load the module this tool came with" },
	{ KT_DEV_SET_POLICY, ERANGE,
	  "policy or bound beyond what the administrator allows: see 'modinfo -p kvm_timers'" },
	{ KT_DEV_SET_ADVANCE, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_SET_ADVANCE, ENODEV,
	  "this device of the VM has not been taken over: see 'kvm-timers status ID'" },
	{ KT_DEV_SET_BUDGET, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_SET_BUDGET, ERANGE,
	  "budget beyond what the administrator allows: see 'modinfo -p kvm_timers'" },
	{ KT_DEV_FREEZE, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_FREEZE, EBUSY,
	  "the VM runs: have its VMM pause it first" },
	{ KT_DEV_THAW, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_THAW, EINVAL,
	  "its clocks do not stand still: see 'kvm-timers status ID'" },
	{ KT_DEV_THAW, EBUSY,
	  "its VMM is at work on a vCPU: try again" },
	{ KT_DEV_THAW, EOPNOTSUPP,
	  "a clock that goes as the TSC does makes up for nothing: write '--gap=stop' or '--gap=jump'" },
	{ KT_DEV_THAW, ERANGE,
	  "the gap is too long for a clock: write '--gap=stop'" },
	{ KT_DEV_SET_GAP, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_SET_GAP, EOPNOTSUPP,
	  "a clock that goes as the TSC does makes up for nothing: write 'gap=stop' or 'gap=jump'" },
	{ KT_DEV_SET_GAP, ERANGE,
	  "the module loaded does not know this gap: load the module this tool came with" },
	{ KT_DEV_GET_RECORD, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_GET_RECORD, ENOSPC,
	  "its record grows faster than it can be read: try again when it gets no more vCPUs" },
	{ KT_DEV_SET_RECORD, ESRCH,
	  "the VM is gone: see 'kvm-timers list'" },
	{ KT_DEV_SET_RECORD, EBUSY,
	  "the VM runs: have its VMM pause it first" },
	{ KT_DEV_SET_RECORD, EPROTO,
	  "a record of another version: load the module that it was saved with, or a newer one" },
	{ KT_DEV_SET_RECORD, EBADMSG,
	  "no record, or one with a state that no guest can bring about: see 'kvm-timers show FILE'" },
	{ KT_DEV_SET_RECORD, EXDEV,
	  "a record of another kind of VM: its devices, its vCPUs and its HPET must be the same" },
	{ KT_DEV_SET_RECORD, ESTALE,
	  "the LAPIC timers have other registers than in the record: have the VMM restore the VM first" },
	{ KT_DEV_SET_RECORD, ENODEV,
	  "the TSC cannot go by the record's frequency here: restore on a host that can scale it" },
	{ KT_DEV_SET_RECORD, ERANGE,
	  "policy or bound beyond what the administrator allows: see 'modinfo -p kvm_timers'" },
	{ KT_DEV_ANY, EPERM,
	  "not permitted: be root or in the group kvm" },
	{ KT_DEV_ANY, EACCES,
	  "not permitted: be root or in the group kvm" },
	{ KT_DEV_ANY, E2BIG,
	  "the module does not know this tool's structures: install the tool built with it" },
	{ KT_DEV_ANY, EINVAL,
	  "the module does not know this request: install the tool built with it" },
	{ KT_DEV_ANY, ENOTTY,
	  "the module does not know this request: install the tool built with it" },
};

static int call(int fd, unsigned long request, const void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

/* A security module says EACCES as well, and a cgroup EPERM: neither is about who one is. */
static int open_error(int err)
{
	if (err == EACCES && !faccessat(AT_FDCWD, KT_DEV_PATH, R_OK | W_OK, AT_EACCESS))
		return -EPERM;

	return -err;
}

static int open_any(int *abi)
{
	int dev = open(KT_DEV_PATH, O_RDWR | O_CLOEXEC);

	if (dev < 0)
		return open_error(errno);

	*abi = call(dev, KVM_TIMERS_GET_VERSION, NULL);
	if (*abi < 0) {
		close(dev);
		return *abi;
	}

	return dev;
}

/**
 * kt_dev_abi() - ABI version of the module
 *
 * Return: the version, or -errno of KT_DEV_OPEN.
 */
int kt_dev_abi(void)
{
	int abi, dev;

	dev = open_any(&abi);
	if (dev < 0)
		return dev;
	close(dev);

	return abi;
}

/**
 * kt_dev_open() - open the device of a module that speaks this tool's ABI
 *
 * Return: file descriptor, closed by execve(), or -errno.
 */
int kt_dev_open(void)
{
	int abi, dev;

	dev = open_any(&abi);
	if (dev >= 0 && abi != KVM_TIMERS_ABI_VERSION) {
		close(dev);
		return -EPROTO;
	}

	return dev;
}

/**
 * kt_dev_adopt() - have the VMs taken over that this process will create
 * @dev:	from kt_dev_open()
 * @config:	how; the size is filled in here
 *
 * Return: 0 or -errno.
 */
int kt_dev_adopt(int dev, struct kvm_timers_config *config)
{
	config->size = sizeof(*config);

	return call(dev, KVM_TIMERS_ADOPT, config);
}

/**
 * kt_dev_list() - read the ids of the VMs that the caller may open
 * @dev:	from kt_dev_open()
 * @ids:	gets an array, to be freed by the caller
 *
 * Return: number of ids, or -errno.
 */
int kt_dev_list(int dev, __u32 **ids)
{
	struct kvm_timers_list list = { .size = sizeof(list) };
	__u32 room = LIST_ROOM;
	__u32 *array;
	int ret;

	for (;;) {
		array = calloc(room, sizeof(*array));
		if (!array)
			return -ENOMEM;

		list.count = room;
		list.ids = (unsigned long)array;
		ret = call(dev, KVM_TIMERS_LIST, &list);
		if (ret < 0) {
			free(array);
			return ret;
		}
		if (list.count <= room)
			break;

		free(array);
		room = list.count + LIST_ROOM;
	}
	*ids = array;

	return list.count;
}

/**
 * kt_dev_open_vm() - get the timers fd of a VM
 * @dev:	from kt_dev_open()
 * @id:		number of the VM
 *
 * Return: file descriptor or -errno.
 */
int kt_dev_open_vm(int dev, __u32 id)
{
	return call(dev, KVM_TIMERS_OPEN, (void *)(unsigned long)id);
}

/**
 * kt_dev_status() - read the status of a VM
 * @vm:		from kt_dev_open_vm()
 * @status:	result
 *
 * Return: 0 or -errno.
 */
int kt_dev_status(int vm, struct kvm_timers_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);

	return call(vm, KVM_TIMERS_GET_STATUS, status);
}

/**
 * kt_dev_set_policy() - change the policy of one device
 * @vm:		from kt_dev_open_vm()
 * @device:	enum kvm_timers_device
 * @tick:	policy and bounds
 *
 * Return: 0 or -errno.
 */
int kt_dev_set_policy(int vm, __u32 device, const struct kvm_timers_policy_config *tick)
{
	struct kvm_timers_set_policy set = {
		.size	= sizeof(set),
		.device	= device,
		.tick	= *tick,
	};

	return call(vm, KVM_TIMERS_SET_POLICY, &set);
}

/**
 * kt_dev_set_advance() - change the advance of the LAPIC timer
 * @vm:		from kt_dev_open_vm()
 * @advance:	enum kvm_timers_advance
 * @advance_ns:	what goes with it
 *
 * Return: 0 or -errno.
 */
int kt_dev_set_advance(int vm, __u32 advance, __u32 advance_ns)
{
	struct kvm_timers_set_advance set = {
		.size		= sizeof(set),
		.advance	= advance,
		.advance_ns	= advance_ns,
	};

	return call(vm, KVM_TIMERS_SET_ADVANCE, &set);
}

/**
 * kt_dev_set_budget() - change what all timers may give together
 * @vm:		from kt_dev_open_vm()
 * @budget_hz:	for each vCPU; 0: the host's default
 *
 * Return: 0 or -errno.
 */
int kt_dev_set_budget(int vm, __u32 budget_hz)
{
	struct kvm_timers_set_budget set = { .size = sizeof(set), .budget_hz = budget_hz };

	return call(vm, KVM_TIMERS_SET_BUDGET, &set);
}

/**
 * kt_dev_freeze() - have a VM's clocks stand still
 * @vm:		from kt_dev_open_vm()
 *
 * Return: 0 or -errno.
 */
int kt_dev_freeze(int vm)
{
	return call(vm, KVM_TIMERS_FREEZE, NULL);
}

/**
 * kt_dev_thaw() - have a VM's clocks go on
 * @vm:		from kt_dev_open_vm()
 * @gap:	enum kvm_timers_gap
 *
 * Return: 0 or -errno.
 */
int kt_dev_thaw(int vm, __u32 gap)
{
	struct kvm_timers_thaw thaw = { .size = sizeof(thaw), .gap = gap };

	return call(vm, KVM_TIMERS_THAW, &thaw);
}

/**
 * kt_dev_set_gap() - say what a VM's pauses to come are
 * @vm:		from kt_dev_open_vm()
 * @gap:	enum kvm_timers_gap
 *
 * Return: 0 or -errno.
 */
int kt_dev_set_gap(int vm, __u32 gap)
{
	struct kvm_timers_thaw thaw = { .size = sizeof(thaw), .gap = gap };

	return call(vm, KVM_TIMERS_SET_GAP, &thaw);
}

/**
 * kt_dev_get_record() - read the record of a VM
 * @vm:		from kt_dev_open_vm()
 * @record:	gets it, to be freed by the caller
 * @length:	its bytes
 *
 * Return: 0 or -errno.
 */
int kt_dev_get_record(int vm, void **record, __u32 *length)
{
	struct kvm_timers_record_call get = { .size = sizeof(get), .length = RECORD_ROOM };
	int tries, ret = -ENOSPC;
	void *bytes = NULL;

	for (tries = 0; tries < RECORD_TRIES && ret == -ENOSPC; tries++) {
		free(bytes);
		bytes = calloc(1, get.length);
		if (!bytes)
			return -ENOMEM;
		get.addr = (unsigned long)bytes;
		ret = call(vm, KVM_TIMERS_GET_RECORD, &get);
	}
	if (ret < 0) {
		free(bytes);
		return ret;
	}
	*record = bytes;
	*length = get.length;

	return 0;
}

/**
 * kt_dev_set_record() - have a VM's clocks be what a record says
 * @vm:		from kt_dev_open_vm()
 * @record:	bytes
 * @length:	how many
 * @same_boot:	it is of this host, and of this boot of it
 *
 * Return: 0 or -errno.
 */
int kt_dev_set_record(int vm, const void *record, __u32 length, bool same_boot)
{
	struct kvm_timers_record_call set = {
		.size	= sizeof(set),
		.flags	= same_boot ? KVM_TIMERS_RECORD_SAME_BOOT : 0,
		.length	= length,
		.addr	= (unsigned long)record,
	};

	return call(vm, KVM_TIMERS_SET_RECORD, &set);
}

/**
 * kt_dev_words() - name the cause of a failure, and what to do about it
 * @call:	what was tried
 * @err:	negative errno that came back
 *
 * Return: the cause in words.
 */
const char *kt_dev_words(enum kt_dev_call call, int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].err == -err &&
		    (words[i].call == call || words[i].call == KT_DEV_ANY))
			return words[i].text;

	return strerror(-err);
}
