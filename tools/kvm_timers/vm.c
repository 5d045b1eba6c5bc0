// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM, as the command line names it and as the module shows it.
 */
#include "vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev.h"
#include "out.h"
#include "policy.h"

/**
 * kt_vm_parse() - read the id of a VM
 * @text:	number
 * @id:		set on success
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE, having been reported.
 */
int kt_vm_parse(const char *text, __u32 *id)
{
	if (!kt_policy_parse_u32(text, id))
		return KT_OUT_OK;

	return kt_out_fail(KT_OUT_USAGE,
			   "'%s' is not the id of a VM: write a number from 'kvm-timers list'",
			   text);
}

/**
 * kt_vm_open() - open a VM
 * @id:		its id
 * @vm:		set on success, for the caller to close
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported.
 */
int kt_vm_open(__u32 id, int *vm)
{
	int dev = kt_dev_open();

	if (dev < 0)
		return kt_out_fail(KT_OUT_ERROR, "%s", kt_dev_words(KT_DEV_OPEN, dev));

	*vm = kt_dev_open_vm(dev, id);
	close(dev);
	if (*vm < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_OPEN_VM, *vm));

	return KT_OUT_OK;
}

static void read_comm(struct kt_vm *vm)
{
	char path[64];
	FILE *file;

	vm->comm[0] = '\0';
	/* A process that ended may have left its number to another one. */
	if (vm->status.pid <= 0 || vm->status.dead)
		return;

	snprintf(path, sizeof(path), "/proc/%d/comm", vm->status.pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(vm->comm, sizeof(vm->comm), file))
		vm->comm[0] = '\0';
	fclose(file);
	vm->comm[strcspn(vm->comm, "\n")] = '\0';
	kt_out_clean(vm->comm);
}

/**
 * kt_vm_read() - read what the module shows of a VM
 * @dev:	from kt_dev_open()
 * @id:		its id
 * @vm:		result
 *
 * Return: 0; -ENOENT if there is none, which has not been reported; or enum kt_out_exit.
 */
int kt_vm_read(int dev, __u32 id, struct kt_vm *vm)
{
	int fd, ret;

	fd = kt_dev_open_vm(dev, id);
	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id, kt_dev_words(KT_DEV_OPEN_VM, fd));

	ret = kt_dev_status(fd, &vm->status);
	close(fd);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_STATUS, ret));
	read_comm(vm);

	return 0;
}

static int read_each(int dev, const __u32 *ids, int nr, struct kt_vm *vms, size_t *seen)
{
	int i, ret;

	/* A VM that ended since is no error, only no longer there. */
	for (i = 0; i < nr; i++) {
		ret = kt_vm_read(dev, ids[i], &vms[*seen]);
		if (ret > 0)
			return ret;
		if (!ret)
			(*seen)++;
	}

	return KT_OUT_OK;
}

static int read_list(int dev, struct kt_vm **vms, size_t *seen)
{
	__u32 *ids = NULL;
	int nr, ret;

	nr = kt_dev_list(dev, &ids);
	if (nr < 0)
		return kt_out_fail(KT_OUT_ERROR, "cannot list the VMs: %s",
				   kt_dev_words(KT_DEV_LIST, nr));

	*vms = calloc(nr + 1, sizeof(**vms));
	if (*vms)
		ret = read_each(dev, ids, nr, *vms, seen);
	else
		ret = kt_out_fail(KT_OUT_ERROR, "cannot list the VMs: %s", strerror(ENOMEM));
	free(ids);
	if (ret)
		free(*vms);

	return ret;
}

/**
 * kt_vm_read_all() - read what the module shows of all VMs that the caller may see
 * @vms:	gets an array, to be freed by the caller
 * @nr:		gets their number
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported; then there is no array.
 */
int kt_vm_read_all(struct kt_vm **vms, size_t *nr)
{
	int dev = kt_dev_open();
	int ret;

	if (dev < 0)
		return kt_out_fail(KT_OUT_ERROR, "%s", kt_dev_words(KT_DEV_OPEN, dev));

	*nr = 0;
	ret = read_list(dev, vms, nr);
	close(dev);

	return ret;
}
