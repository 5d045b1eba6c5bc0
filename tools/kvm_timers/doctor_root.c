// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a host says of itself: its files, and what modinfo(8) reads in the module's.
 */
#define _GNU_SOURCE
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"

/* It is in no PATH of an ordinary user. */
#define MODINFO		"/sbin/modinfo"

static const char *below(const struct kt_doctor *doctor, const char *path, char *full)
{
	/* What is too long is cut, and is not there then. */
	snprintf(full, PATH_MAX, "%s%s", doctor->root, path);

	return full;
}

/**
 * kt_doctor_exists() - whether there is such a file
 * @doctor:	look at the host
 * @path:	from its root
 *
 * Return: true if there is.
 */
bool kt_doctor_exists(const struct kt_doctor *doctor, const char *path)
{
	char full[PATH_MAX];

	return !access(below(doctor, path, full), F_OK);
}

/**
 * kt_doctor_may_open() - whether the caller may read and write a device
 * @doctor:	look at the host
 * @path:	from its root
 *
 * Return: true if it is there and the caller may.
 */
bool kt_doctor_may_open(const struct kt_doctor *doctor, const char *path)
{
	char full[PATH_MAX];

	return !faccessat(AT_FDCWD, below(doctor, path, full), R_OK | W_OK, AT_EACCESS);
}

/**
 * kt_doctor_open() - open a file to be read line by line
 * @doctor:	look at the host
 * @path:	from its root
 *
 * Return: the file, or NULL with errno.
 */
FILE *kt_doctor_open(const struct kt_doctor *doctor, const char *path)
{
	char full[PATH_MAX];

	return fopen(below(doctor, path, full), "re");
}

/**
 * kt_doctor_read() - first line of a file
 * @doctor:	look at the host
 * @path:	from its root
 * @text:	gets it, without the newline
 * @room:	of @text
 *
 * Return: true if there is one.
 */
bool kt_doctor_read(const struct kt_doctor *doctor, const char *path, char *text, size_t room)
{
	FILE *file = kt_doctor_open(doctor, path);
	bool done;

	if (!file)
		return false;
	done = fgets(text, room, file);
	fclose(file);
	if (done)
		text[strcspn(text, "\n")] = '\0';

	return done;
}

/**
 * kt_doctor_is() - whether a file has a value
 * @doctor:	look at the host
 * @path:	from its root
 * @value:	value
 *
 * Return: true if that is its first line.
 */
bool kt_doctor_is(const struct kt_doctor *doctor, const char *path, const char *value)
{
	char text[64];

	return kt_doctor_read(doctor, path, text, sizeof(text)) && !strcmp(text, value);
}

/* Return: what follows @key and its separator, NULL if the line is another one. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len))
		return NULL;
	line += len;
	line += strspn(line, " \t");
	if (*line != '=' && *line != ':')
		return NULL;
	line++;

	return line + strspn(line, " \t");
}

/**
 * kt_doctor_field() - value of the first line "KEY: VALUE" or "KEY=VALUE" of a file
 * @doctor:	look at the host
 * @path:	from its root
 * @key:	key
 * @text:	gets the value, cut to @room
 * @room:	of @text
 *
 * Return: true if there is one.
 */
bool kt_doctor_field(const struct kt_doctor *doctor, const char *path, const char *key,
		     char *text, size_t room)
{
	FILE *file = kt_doctor_open(doctor, path);
	const char *value = NULL;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return false;
	while (!value && getline(&line, &size, file) > 0)
		value = value_of(line, key);
	if (value)
		snprintf(text, room, "%.*s", (int)strcspn(value, "\n"), value);
	free(line);
	fclose(file);

	return value;
}

/**
 * kt_doctor_has_word() - whether a word is one of many
 * @text:	words between blanks
 * @word:	word
 *
 * Return: true if it is.
 */
bool kt_doctor_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;

	return false;
}

static pid_t spawn(char * const *argv, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int ret;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	/* A module that is not there is a finding, and has words of the tool's own. */
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	ret = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);

	return ret ? -1 : pid;
}

/**
 * kt_doctor_modinfo() - values that the module's file has, compressed or not
 * @doctor:	look at the host
 * @field:	name of the field
 * @text:	gets the values, each with a NUL behind it
 * @room:	of @text
 *
 * Return: length of the values; 0 if there is no such module or field.
 */
size_t kt_doctor_modinfo(const struct kt_doctor *doctor, const char *field, char *text,
			 size_t room)
{
	const char * const argv[] = {
		MODINFO, "-0", "-b", *doctor->root ? doctor->root : "/", "-k", doctor->release,
		"-F", field, "kvm_timers", NULL,
	};
	int pipes[2], status = -1;
	ssize_t length = 0;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return 0;
	pid = spawn((char * const *)argv, pipes[1]);
	close(pipes[1]);
	if (pid > 0) {
		length = kt_file_read(pipes[0], text, room);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(pipes[0]);

	return !status && length > 0 && !text[length - 1] ? length : 0;
}
