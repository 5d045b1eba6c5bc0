// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM, as the command line names it.
 */
#include "vm.h"

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
