/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are there as a whole, or not at all.
 */
#ifndef KT_FILE_H
#define KT_FILE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

ssize_t kt_file_read(int fd, void *bytes, size_t room);
int kt_file_write(int fd, const struct iovec *parts, size_t nr);
int kt_file_replace(const char *path, mode_t mode, const struct iovec *parts, size_t nr);

#endif /* KT_FILE_H */
