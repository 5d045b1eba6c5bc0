// SPDX-License-Identifier: GPL-2.0-only
/*
 * damage FILE: cut a record at every byte, flip each of its bits, and let bytes follow it. None of
 * these may be read; the tool's own code says on stderr, in a line each, what is wrong. Prints how
 * many there were.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../out.h"
#include "../record_file.h"

#define ROOM		65536
#define MORE		64

static unsigned char bytes[ROOM + MORE];
static char path[32];
static int fd;

static int is_read(size_t length)
{
	struct kt_record_file file;

	if (ftruncate(fd, length) || pwrite(fd, bytes, length, 0) != (ssize_t)length)
		exit(2);
	if (kt_record_file_read(&file, path) != KT_OUT_OK)
		return 0;
	free(file.record);

	return 1;
}

static int refuses(const char *how, size_t at, size_t length)
{
	if (!is_read(length))
		return 1;
	fprintf(stderr, "read, although %s at %zu\n", how, at);
	exit(1);
}

int main(int argc, char **argv)
{
	int record = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	ssize_t length = record < 0 ? -1 : read(record, bytes, ROOM);
	size_t at, cases = 0;
	unsigned int bit;

	fd = memfd_create("damage", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || length <= 0 || !is_read(length))
		return 2;

	for (at = 0; at < (size_t)length; at++)
		cases += refuses("cut", at, at);
	for (at = 1; at <= MORE; at++)
		cases += refuses("followed by bytes", at, length + at);
	for (at = 0; at < (size_t)length; at++) {
		for (bit = 1; bit < 256; bit *= 2) {
			bytes[at] ^= bit;
			cases += refuses("flipped", at, length);
			bytes[at] ^= bit;
		}
	}
	printf("%zu\n", cases);

	return is_read(length) ? 0 : 1;
}
