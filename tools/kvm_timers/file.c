// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are there as a whole, or not at all.
 */
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/**
 * kt_file_read() - read a descriptor to its end
 * @fd:		descriptor
 * @bytes:	gets what it gives
 * @room:	no more than that is read
 *
 * Return: bytes read, or -errno.
 */
ssize_t kt_file_read(int fd, void *bytes, size_t room)
{
	size_t length = 0;
	ssize_t done;

	while (length < room) {
		done = read(fd, (char *)bytes + length, room - length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (!done)
			break;
		length += done;
	}

	return length;
}

static int write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	ssize_t done;

	while (length) {
		done = write(fd, at, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		length -= done;
	}

	return 0;
}

/**
 * kt_file_write() - write to a descriptor
 * @fd:		descriptor
 * @parts:	what
 * @nr:		number of the parts
 *
 * Return: 0 or -errno.
 */
int kt_file_write(int fd, const struct iovec *parts, size_t nr)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < nr && !ret; i++)
		ret = write_all(fd, parts[i].iov_base, parts[i].iov_len);

	return ret;
}

static int replace(const char *path, mode_t mode, const struct iovec *parts, size_t nr)
{
	char *other;
	int fd, ret;

	if (asprintf(&other, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(other, O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		free(other);
		return ret;
	}

	ret = kt_file_write(fd, parts, nr);
	if (!ret && (fchmod(fd, mode) || fsync(fd)))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(other, path))
		ret = -errno;
	if (ret)
		unlink(other);
	free(other);

	return ret;
}

/* A pipe or a device: there is nothing to replace. */
static int write_through(const char *path, const struct iovec *parts, size_t nr)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = kt_file_write(fd, parts, nr);
	if (close(fd) && !ret)
		ret = -errno;

	return ret;
}

/**
 * kt_file_replace() - write a file: who opens it has the old one, or all of the new one
 * @path:	its name; a link stays one
 * @mode:	who may read it
 * @parts:	what
 * @nr:		number of the parts
 *
 * Return: 0 or -errno.
 */
int kt_file_replace(const char *path, mode_t mode, const struct iovec *parts, size_t nr)
{
	struct stat stat_of;
	char *target;
	int ret;

	if (stat(path, &stat_of))
		return replace(path, mode, parts, nr);
	if (!S_ISREG(stat_of.st_mode))
		return write_through(path, parts, nr);

	target = realpath(path, NULL);
	if (!target)
		return -errno;
	ret = replace(target, mode, parts, nr);
	free(target);

	return ret;
}
