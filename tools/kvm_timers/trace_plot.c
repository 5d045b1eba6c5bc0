// SPDX-License-Identifier: GPL-2.0-only
/*
 * A picture of a trace, drawn by gnuplot: a program that is asked for only when there is a picture
 * to be drawn.
 */
#define _GNU_SOURCE
#include "trace_plot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "out.h"

#define PROGRAM		"gnuplot"
#define PICTURE_MAX	(64 << 20)
#define PICTURE_MODE	(S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)

static bool ends_in(const char *path, const char *end)
{
	size_t length = strlen(path), of_end = strlen(end);

	return length > of_end && !strcmp(path + length - of_end, end);
}

/**
 * kt_plot_format() - what a picture is to be
 * @path:	its name
 *
 * Return: the format, KT_PLOT_NONE if the name is of none.
 */
enum kt_plot_format kt_plot_format(const char *path)
{
	if (ends_in(path, ".png"))
		return KT_PLOT_PNG;

	return ends_in(path, ".svg") ? KT_PLOT_SVG : KT_PLOT_NONE;
}

/* Return: a descriptor at the script's beginning, or -errno. */
static int make_script(const struct kt_sum *sum, enum kt_plot_format format)
{
	int fd = memfd_create("script", MFD_CLOEXEC), copy;
	FILE *file;
	bool failed;

	if (fd < 0)
		return -errno;
	copy = dup(fd);
	file = copy < 0 ? NULL : fdopen(copy, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	kt_plot_script(file, sum, format);
	failed = ferror(file);
	if (fclose(file) || failed || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -EIO;
	}

	return fd;
}

/* What it says of fonts is of no use to anybody. */
static int spawn(int in, int out, pid_t *pid)
{
	static const char * const argv[] = { PROGRAM, "--default-settings", "-", NULL };
	posix_spawn_file_actions_t actions;
	int ret;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	ret = posix_spawnp(pid, argv[0], &actions, NULL, (char * const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);

	return ret;
}

/* Return: length of the picture, or -errno; -ENOENT: there is no such program. */
static ssize_t run(int script, char *picture)
{
	int pipes[2], ret, status = -1;
	ssize_t length;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	ret = spawn(script, pipes[1], &pid);
	close(pipes[1]);
	if (ret) {
		close(pipes[0]);
		return -ret;
	}
	length = kt_file_read(pipes[0], picture, PICTURE_MAX);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (length < 0)
		return length;

	return !status && length && length < PICTURE_MAX ? length : -EPROTO;
}

static int put(const char *path, char *picture, size_t length)
{
	struct iovec part = { picture, length };
	int ret = kt_file_replace(path, PICTURE_MODE, &part, 1);

	return ret ? kt_out_fail(KT_OUT_ERROR, "cannot write '%s': %s", path, strerror(-ret)) :
		     KT_OUT_OK;
}

static int draw(int script, const char *path)
{
	char *picture = malloc(PICTURE_MAX);
	ssize_t length = picture ? run(script, picture) : -ENOMEM;
	int ret;

	if (length > 0)
		ret = put(path, picture, length);
	else if (length == -ENOENT)
		ret = kt_out_fail(KT_OUT_ERROR,
				  "cannot draw: there is no gnuplot: apt install gnuplot-nox");
	else if (length == -EPROTO)
		ret = kt_out_fail(KT_OUT_ERROR, "cannot draw: gnuplot has failed: see whether it has the terminals pngcairo and svg");
	else
		ret = kt_out_fail(KT_OUT_ERROR, "cannot draw: %s", strerror(-length));
	free(picture);

	return ret;
}

/**
 * kt_plot_draw() - draw a trace
 * @sum:	the trace
 * @path:	name of the picture, of a format; it is replaced as a whole, or not at all
 *
 * Return: KT_OUT_OK, or KT_OUT_ERROR, having been reported.
 */
int kt_plot_draw(const struct kt_sum *sum, const char *path)
{
	int script = make_script(sum, kt_plot_format(path)), ret;

	if (script < 0)
		return kt_out_fail(KT_OUT_ERROR, "cannot draw: %s", strerror(-script));
	ret = draw(script, path);
	close(script);

	return ret;
}
