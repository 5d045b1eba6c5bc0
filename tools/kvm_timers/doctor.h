/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of "kvm-timers doctor" have of each other. All that a host says of itself is
 * read below one directory, "/" unless the caller names another one.
 */
#ifndef KT_DOCTOR_H
#define KT_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_object;

enum kt_doctor_level {
	KT_DOCTOR_OK,
	KT_DOCTOR_WARNING,
	KT_DOCTOR_FAULT,
	KT_DOCTOR_NR_LEVELS,
};

/**
 * struct kt_doctor - one look at a host
 * @root:	what all paths are below, without a slash at the end
 * @release:	of the running kernel, empty if that is not known
 * @checks:	findings so far, where they are printed in JSON
 * @found:	how many of each level
 * @installed:	the module is where modprobe finds it
 * @loaded:	it is in the kernel
 */
struct kt_doctor {
	const char		*root;
	char			release[64];
	struct json_object	*checks;
	unsigned int		found[KT_DOCTOR_NR_LEVELS];
	bool			installed;
	bool			loaded;
};

/* In the order in which people read them. */
void kt_doctor_check_kernel(struct kt_doctor *doctor);
void kt_doctor_check_module(struct kt_doctor *doctor);
void kt_doctor_check_kvm(struct kt_doctor *doctor);
void kt_doctor_check_hooks(struct kt_doctor *doctor);
void kt_doctor_check_tsc(struct kt_doctor *doctor);

void kt_doctor_say(struct kt_doctor *doctor, enum kt_doctor_level level, const char *check,
		   const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

bool kt_doctor_exists(const struct kt_doctor *doctor, const char *path);
bool kt_doctor_may_open(const struct kt_doctor *doctor, const char *path);
FILE *kt_doctor_open(const struct kt_doctor *doctor, const char *path);
bool kt_doctor_read(const struct kt_doctor *doctor, const char *path, char *text, size_t room);
bool kt_doctor_is(const struct kt_doctor *doctor, const char *path, const char *value);
bool kt_doctor_field(const struct kt_doctor *doctor, const char *path, const char *key,
		     char *text, size_t room);
bool kt_doctor_has_word(const char *text, const char *word);
size_t kt_doctor_modinfo(const struct kt_doctor *doctor, const char *field, char *text,
			 size_t room);

#endif /* KT_DOCTOR_H */
