/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record in a file: whole, and of which boot of which host.
 */
#ifndef KT_RECORD_FILE_H
#define KT_RECORD_FILE_H

#include <stdbool.h>

#include <linux/kvm_timers.h>

#define KT_RECORD_FILE_BOOT_ROOM	40

/**
 * struct kt_record_file - what is in the file
 * @record:	bytes, to be freed by the caller
 * @length:	how many
 * @boot_id:	of the host that it is from
 */
struct kt_record_file {
	struct kvm_timers_record	*record;
	__u32				length;
	char				boot_id[KT_RECORD_FILE_BOOT_ROOM];
};

void kt_record_file_boot_id(char *boot_id);
int kt_record_file_write(const struct kt_record_file *file, const char *path);
int kt_record_file_read(struct kt_record_file *file, const char *path);

#endif /* KT_RECORD_FILE_H */
