/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tool says: results on stdout, errors in one line on stderr.
 */
#ifndef KT_OUT_H
#define KT_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct json_object;

/* Exit codes. The last two are the shell's. */
enum kt_out_exit {
	KT_OUT_OK		= 0,
	KT_OUT_ERROR		= 1,
	KT_OUT_USAGE		= 2,
	KT_OUT_NOT_EXECUTABLE	= 126,
	KT_OUT_NOT_FOUND	= 127,
};

void kt_out_set_json(void);
bool kt_out_is_json(void);
void kt_out_clean(char *text);
int kt_out_fail(enum kt_out_exit code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void kt_out_before_fail(void (*prepare)(void));
void kt_out_put_json(struct json_object *obj);
void kt_out_put_each(size_t nr, struct json_object *(*make)(const void *arg, size_t i),
		     const void *arg);
void kt_out_add(struct json_object *obj, const char *key, struct json_object *val);
void kt_out_add_u64(struct json_object *obj, const char *key, __u64 val);
void kt_out_add_bits(struct json_object *obj, const char *key, __u32 bits,
		     const char *(*name)(unsigned int i));
void kt_out_count(const char *name, __u64 val);
void kt_out_ns(const char *name, __u64 ns);
int kt_out_finish(int code);

#endif /* KT_OUT_H */
