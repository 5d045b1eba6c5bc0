// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers freeze, thaw: have a VM's clocks stand still, and go on.
 */
#include <string.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "cmd.h"
#include "dev.h"
#include "freeze.h"
#include "names.h"
#include "out.h"
#include "vm.h"

static const char *option_name(unsigned int i)
{
	static const char * const options[] = { "--gap", "--json", "--help" };

	return i < sizeof(options) / sizeof(options[0]) ? options[i] : NULL;
}

/**
 * kt_freeze_take_gap() - take "--gap=GAP" out of the arguments
 * @argc:	number of arguments, less what was taken
 * @argv:	arguments
 * @gap:	enum kvm_timers_gap, set if there is one
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE, having been reported.
 */
int kt_freeze_take_gap(int *argc, char **argv, __u32 *gap)
{
	int i, left = 0, ret;

	for (i = 0; i < *argc; i++) {
		if (!kt_names_is_option(argv[i])) {
			argv[left++] = argv[i];
			continue;
		}
		if (!strcmp(argv[i], "--gap"))
			return kt_out_fail(KT_OUT_USAGE, "--gap has no value: write '--gap=VALUE'");
		if (strncmp(argv[i], "--gap=", strlen("--gap=")))
			return kt_names_refuse("option", argv[i], option_name);
		ret = kt_names_parse_gap(argv[i] + strlen("--gap="), gap);
		if (ret)
			return ret;
	}
	argv[left] = NULL;
	*argc = left;

	return KT_OUT_OK;
}

/**
 * kt_freeze_run() - have a VM's clocks stand still
 * @argc:	1
 * @argv:	its id
 *
 * Return: enum kt_out_exit.
 */
int kt_freeze_run(int argc, char **argv)
{
	int vm, ret;
	__u32 id;

	(void)argc;

	ret = kt_vm_parse(argv[0], &id);
	if (!ret)
		ret = kt_vm_open(id, &vm);
	if (ret)
		return ret;

	ret = kt_dev_freeze(vm);
	close(vm);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id, kt_dev_words(KT_DEV_FREEZE, ret));

	return KT_OUT_OK;
}

/**
 * kt_thaw_run() - have a VM's clocks go on
 * @argc:	number of arguments
 * @argv:	its id, and the gap
 *
 * Return: enum kt_out_exit.
 */
int kt_thaw_run(int argc, char **argv)
{
	__u32 id, gap = KVM_TIMERS_GAP_DEFAULT;
	int vm, ret;

	ret = kt_freeze_take_gap(&argc, argv, &gap);
	if (ret)
		return ret;
	if (argc != 1)
		return kt_out_fail(KT_OUT_USAGE, "one VM at a time: write 'kvm-timers thaw ID'");
	ret = kt_vm_parse(argv[0], &id);
	if (!ret)
		ret = kt_vm_open(id, &vm);
	if (ret)
		return ret;

	ret = kt_dev_thaw(vm, gap);
	close(vm);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id, kt_dev_words(KT_DEV_THAW, ret));

	return KT_OUT_OK;
}
