// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record in a file. What is not all of it, or has another bit anywhere, is refused before the
 * module is asked.
 */
#include "record_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file.h"
#include "out.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAGIC		"KVMTIMR\n"
#define VERSION		1
#define MAX_RECORD	(1U << 20)
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"

/* All numbers are little-endian. */
struct header {
	char	magic[8];
	__u32	version;
	/* CRC-32 of all that follows. */
	__u32	crc;
	__u32	length;
	__u32	reserved;
	char	boot_id[KT_RECORD_FILE_BOOT_ROOM];
};

/* The CRC is no signature: whatever is shown later is looked at now. */
static bool is_boot_id(const char *text)
{
	size_t length = strnlen(text, KT_RECORD_FILE_BOOT_ROOM);
	size_t i;

	if (length == KT_RECORD_FILE_BOOT_ROOM || strspn(text, "0123456789abcdef-") != length)
		return false;
	for (i = length; i < KT_RECORD_FILE_BOOT_ROOM; i++)
		if (text[i])
			return false;

	return true;
}

/**
 * kt_record_file_boot_id() - which boot of which host this is
 * @boot_id:	filled in, KT_RECORD_FILE_BOOT_ROOM bytes; empty if that is not known
 */
void kt_record_file_boot_id(char *boot_id)
{
	FILE *file = fopen(BOOT_ID, "re");

	memset(boot_id, 0, KT_RECORD_FILE_BOOT_ROOM);
	if (!file)
		return;
	if (!fgets(boot_id, KT_RECORD_FILE_BOOT_ROOM, file))
		boot_id[0] = '\0';
	fclose(file);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	if (!is_boot_id(boot_id))
		memset(boot_id, 0, KT_RECORD_FILE_BOOT_ROOM);
}

static __u32 crc_of(const struct header *header, const void *record, __u32 length)
{
	const unsigned char *rest = (const void *)&header->length;
	__u32 crc;

	crc = crc32(0, rest, sizeof(*header) - offsetof(struct header, length));

	return crc32(crc, record, length);
}

static int refuse_path(const char *what, const char *path, int err)
{
	return kt_out_fail(KT_OUT_ERROR, "cannot %s '%s': %s", what, path, strerror(err));
}

/**
 * kt_record_file_write() - write a file
 * @file:	what is to be in it
 * @path:	its name, or "-" for stdout
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported.
 */
int kt_record_file_write(const struct kt_record_file *file, const char *path)
{
	struct header header = {
		.magic		= MAGIC,
		.version	= htole32(VERSION),
		.length		= htole32(file->length),
	};
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ file->record, file->length },
	};
	int ret;

	memcpy(header.boot_id, file->boot_id, sizeof(header.boot_id));
	header.crc = htole32(crc_of(&header, file->record, file->length));

	if (file->length > MAX_RECORD)
		ret = -EFBIG;
	else if (strcmp(path, "-"))
		ret = kt_file_replace(path, S_IRUSR | S_IWUSR, parts, ARRAY_SIZE(parts));
	else
		ret = kt_file_write(STDOUT_FILENO, parts, ARRAY_SIZE(parts));

	return ret ? refuse_path("write", path, -ret) : KT_OUT_OK;
}

/* Return: why it is no record, NULL if it is one. */
static const char *check(const char *bytes, size_t length)
{
	struct header header;
	struct kvm_timers_record rec;

	if (length < sizeof(header))
		return "cut, or no record: name a file of 'kvm-timers save'";
	if (length > sizeof(header) + MAX_RECORD)
		return "longer than any record: name a file of 'kvm-timers save'";
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, MAGIC, sizeof(header.magic)))
		return "no record: name a file of 'kvm-timers save'";
	if (le32toh(header.version) != VERSION)
		return "of another version of the tool: use the one it was saved with";
	if (le32toh(header.length) != length - sizeof(header))
		return "cut, or more than a record: take another copy of it";
	if (le32toh(header.crc) != crc_of(&header, bytes + sizeof(header),
					  length - sizeof(header)))
		return "damaged: take another copy of it";
	if (header.reserved || !is_boot_id(header.boot_id))
		return "damaged: take another copy of it";
	if (length - sizeof(header) < sizeof(rec))
		return "too short for a record: name a file of 'kvm-timers save'";
	memcpy(&rec, bytes + sizeof(header), sizeof(rec));
	if (rec.version != KVM_TIMERS_RECORD_VERSION)
		return "a record of another version: use the tool it was saved with";
	if (rec.size != length - sizeof(header) ||
	    rec.size != sizeof(rec) + (size_t)rec.nr_vcpus * sizeof(rec.vcpu[0]))
		return "a record whose size is wrong: take another copy of it";

	return NULL;
}

static int take(struct kt_record_file *file, const char *bytes, size_t length)
{
	struct header header;

	memcpy(&header, bytes, sizeof(header));
	memcpy(file->boot_id, header.boot_id, sizeof(file->boot_id));
	file->length = length - sizeof(header);
	file->record = malloc(file->length);
	if (!file->record)
		return -ENOMEM;
	memcpy(file->record, bytes + sizeof(header), file->length);

	return 0;
}

/**
 * kt_record_file_read() - read a file
 * @file:	filled in on success
 * @path:	its name, or "-" for stdin
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported.
 */
int kt_record_file_read(struct kt_record_file *file, const char *path)
{
	const size_t room = sizeof(struct header) + MAX_RECORD + 1;
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	const char *why;
	ssize_t length;
	char *bytes;
	int ret;

	if (fd < 0)
		return refuse_path("read", path, errno);

	/* A byte more than there can be shows that there is more. */
	bytes = malloc(room);
	length = bytes ? kt_file_read(fd, bytes, room) : -ENOMEM;
	if (!is_stdin)
		close(fd);
	if (length < 0) {
		free(bytes);
		return refuse_path("read", path, -length);
	}

	why = check(bytes, length);
	if (why)
		ret = kt_out_fail(KT_OUT_ERROR, "'%s' is %s", path, why);
	else
		ret = take(file, bytes, length) ? refuse_path("read", path, ENOMEM) : KT_OUT_OK;
	free(bytes);

	return ret;
}
