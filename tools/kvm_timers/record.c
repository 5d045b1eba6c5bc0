// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers save, restore, show: the record of a VM.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#include "cmd.h"
#include "dev.h"
#include "freeze.h"
#include "out.h"
#include "record_file.h"
#include "show_record.h"
#include "vm.h"

/**
 * kt_record_save() - save the record of a VM
 * @argc:	2
 * @argv:	its id, and the file
 *
 * Return: enum kt_out_exit.
 */
int kt_record_save(int argc, char **argv)
{
	struct kt_record_file file = { 0 };
	void *record = NULL;
	int vm, ret;
	__u32 id;

	(void)argc;

	ret = kt_vm_parse(argv[0], &id);
	if (!ret)
		ret = kt_vm_open(id, &vm);
	if (ret)
		return ret;

	ret = kt_dev_get_record(vm, &record, &file.length);
	close(vm);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_GET_RECORD, ret));

	file.record = record;
	kt_record_file_boot_id(file.boot_id);
	ret = kt_record_file_write(&file, argv[1]);
	free(record);

	return ret;
}

static bool is_of_this_boot(const struct kt_record_file *file)
{
	char boot_id[KT_RECORD_FILE_BOOT_ROOM];

	kt_record_file_boot_id(boot_id);

	return boot_id[0] && !strcmp(boot_id, file->boot_id);
}

static int restore(int vm, __u32 id, const struct kt_record_file *file, const __u32 *gap)
{
	int ret;

	ret = kt_dev_set_record(vm, file->record, file->length, is_of_this_boot(file));
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: %s", id,
				   kt_dev_words(KT_DEV_SET_RECORD, ret));
	if (!gap)
		return KT_OUT_OK;

	ret = kt_dev_thaw(vm, *gap);
	if (ret < 0)
		return kt_out_fail(KT_OUT_ERROR, "VM %u: its clocks are the record's, and stand still: %s",
				   id, kt_dev_words(KT_DEV_THAW, ret));

	return KT_OUT_OK;
}

/**
 * kt_record_restore() - have a VM's clocks be what a record says
 * @argc:	number of arguments
 * @argv:	its id, the file, and the gap
 *
 * Return: enum kt_out_exit.
 */
int kt_record_restore(int argc, char **argv)
{
	struct kt_record_file file;
	__u32 id, gap = UINT32_MAX;
	int vm, ret;

	ret = kt_freeze_take_gap(&argc, argv, &gap);
	if (ret)
		return ret;
	if (argc != 2)
		return kt_out_fail(KT_OUT_USAGE,
				   "one VM and one file: write 'kvm-timers restore ID FILE'");
	ret = kt_vm_parse(argv[0], &id);
	if (!ret)
		ret = kt_record_file_read(&file, argv[1]);
	if (ret)
		return ret;

	ret = kt_vm_open(id, &vm);
	if (!ret) {
		ret = restore(vm, id, &file, gap == UINT32_MAX ? NULL : &gap);
		close(vm);
	}
	free(file.record);

	return ret;
}

/**
 * kt_record_show() - show what is in a file
 * @argc:	1
 * @argv:	the file
 *
 * Return: enum kt_out_exit.
 */
int kt_record_show(int argc, char **argv)
{
	struct kt_record_file file;
	int ret;

	(void)argc;

	ret = kt_record_file_read(&file, argv[0]);
	if (ret)
		return ret;

	kt_show_record(file.record, file.boot_id);
	free(file.record);

	return KT_OUT_OK;
}
