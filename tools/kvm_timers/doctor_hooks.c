// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers doctor: who else is at the functions of KVM that the module redirects. Which these
 * are is in the module's file, for the kernel that it was built for.
 */
#include "doctor.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define REDIRECTS_ROOM	8192
#define WHO_ROOM	128

/**
 * struct user - what ftrace has at one function
 * @function:	its name
 * @count:	how many are there
 * @moves:	one of them redirects it
 * @direct:	one of them is called directly
 * @rest:	who they are, as far as ftrace says
 */
struct user {
	char	function[64];
	int	count;
	bool	moves;
	bool	direct;
	char	rest[256];
};

/* Return: whether one of several values, each with a NUL behind it, is that one. */
static bool is_among(const char *values, size_t length, const char *value)
{
	size_t at;

	for (at = 0; at < length; at += strlen(values + at) + 1)
		if (!strcmp(values + at, value))
			return true;

	return false;
}

/* A line such as "kvm_vcpu_halt [kvm] (1)  I     tramp: ... (f [module])". */
static bool parse(const char *line, struct user *user)
{
	int at = 0;

	if (sscanf(line, "%63[^ ] [kvm] (%d)%n", user->function, &user->count, &at) != 2 || !at)
		return false;

	/* Flags are capitals between blanks. A tab, or a word, ends them. */
	user->moves = false;
	user->direct = false;
	for (line += at; *line == ' ' || (line[0] >= 'A' && line[0] <= 'Z'); line++) {
		user->moves |= *line == 'I';
		user->direct |= *line == 'D';
	}
	snprintf(user->rest, sizeof(user->rest), "%s", line);

	return true;
}

/* Return: whether a live patch has the function; then it is named. */
static bool find_patch(const struct kt_doctor *doctor, const char *function, char *who)
{
	char pattern[PATH_MAX];
	const char *name;
	glob_t found;
	bool any;

	snprintf(pattern, sizeof(pattern), "%s/sys/kernel/livepatch/*/kvm/%s,*", doctor->root,
		 function);
	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return false;
	any = found.gl_pathc > 0;
	if (any) {
		name = found.gl_pathv[0] + strlen(doctor->root) + strlen("/sys/kernel/livepatch/");
		snprintf(who, WHO_ROOM, "live patch %.*s", (int)strcspn(name, "/"), name);
	}
	globfree(&found);

	return any;
}

static void name_user(const struct kt_doctor *doctor, const struct user *user, char *who)
{
	const char *module = strrchr(user->rest, '[');

	if (find_patch(doctor, user->function, who))
		return;
	if (user->direct && strstr(user->rest, "bpf_trampoline"))
		snprintf(who, WHO_ROOM, "a BPF program");
	else if (module && strchr(module, ']'))
		snprintf(who, WHO_ROOM, "module %.*s", (int)strcspn(module + 1, "]"), module + 1);
	else
		snprintf(who, WHO_ROOM, "another module, or a BPF program");
}

/* Return: whether there was anything to say. */
static bool judge(struct kt_doctor *doctor, const struct user *user)
{
	char who[WHO_ROOM];

	/* One of them is the module's own then, and no other could come beside it. */
	if ((user->moves || user->direct) && !doctor->loaded) {
		name_user(doctor, user, who);
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "hooks",
			      "unload or disable that one first", "%s is redirected by %s",
			      user->function, who);
		return true;
	}
	if (user->count <= (doctor->loaded ? 1 : 0))
		return false;
	kt_doctor_say(doctor, KT_DOCTOR_WARNING, "hooks",
		      "harmless, but each call costs more: end it when it is no longer needed",
		      "%s is traced or probed by others", user->function);

	return true;
}

static bool judge_all(struct kt_doctor *doctor, FILE *file, const char *redirects, size_t length)
{
	struct user user = { .count = 0 };
	bool is_ours = false, any = false;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		/* Direct callers have a line of their own, behind the function's. */
		if (line[0] == '\t') {
			snprintf(user.rest, sizeof(user.rest), "%s", line);
			continue;
		}
		if (is_ours)
			any |= judge(doctor, &user);
		is_ours = parse(line, &user) && is_among(redirects, length, user.function);
	}
	if (is_ours)
		any |= judge(doctor, &user);
	free(line);

	return any;
}

/**
 * kt_doctor_check_hooks() - is anybody else where the module has to be?
 * @doctor:	look at the host
 */
void kt_doctor_check_hooks(struct kt_doctor *doctor)
{
	char redirects[REDIRECTS_ROOM];
	size_t length;
	FILE *file;

	length = kt_doctor_modinfo(doctor, "redirects", redirects, sizeof(redirects));
	if (!length) {
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "hooks",
			      "install the module, then look again",
			      "which of KVM's functions it redirects is in the module's file");
		return;
	}

	file = kt_doctor_open(doctor, "/sys/kernel/tracing/enabled_functions");
	if (!file) {
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "hooks", errno == ENOENT ?
			      "mount -t tracefs nodev /sys/kernel/tracing" : "look as root",
			      "cannot see who else redirects KVM's functions: %s", strerror(errno));
		return;
	}
	if (!judge_all(doctor, file, redirects, length))
		kt_doctor_say(doctor, KT_DOCTOR_OK, "hooks", NULL,
			      "nobody else is at KVM's functions");
	fclose(file);
}
