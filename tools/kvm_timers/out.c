// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tool says: results on stdout, errors in one line on stderr.
 */
#include "out.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S	1000000000ULL

static bool as_json;
static void (*before_fail)(void);

/**
 * kt_out_set_json() - say everything in JSON from now on
 */
void kt_out_set_json(void)
{
	as_json = true;
}

/**
 * kt_out_is_json() - how to print a result
 *
 * Return: true for JSON, false for people.
 */
bool kt_out_is_json(void)
{
	return as_json;
}

/**
 * kt_out_clean() - make a text of unknown origin fit for a terminal and for JSON
 * @text:	text, changed in place
 *
 * A process chooses its own name and a caller its arguments: a control character there could
 * break the one line of an error, drive the terminal, or, not being UTF-8, spoil the JSON.
 */
void kt_out_clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/**
 * kt_out_before_fail() - have something done before an error is reported
 * @prepare:	what, such as giving back a terminal that could not show it; NULL: nothing
 */
void kt_out_before_fail(void (*prepare)(void))
{
	before_fail = prepare;
}

/**
 * kt_out_fail() - report an error in one line
 * @code:	exit code
 * @fmt:	as for printf(), without a newline
 *
 * Return: @code, for the caller to return in turn.
 */
int kt_out_fail(enum kt_out_exit code, const char *fmt, ...)
{
	struct json_object *obj;
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	kt_out_clean(text);
	if (before_fail)
		before_fail();

	if (!as_json) {
		fprintf(stderr, "kvm-timers: %s\n", text);
		return code;
	}

	obj = json_object_new_object();
	json_object_object_add(obj, "error", json_object_new_string(text));
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(obj, JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(obj);

	return code;
}

static const char *to_text(struct json_object *obj)
{
	return json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PRETTY |
						   JSON_C_TO_STRING_SPACED |
						   JSON_C_TO_STRING_NOSLASHESCAPE);
}

/**
 * kt_out_put_json() - print a result
 * @obj:	result; the reference is taken over
 */
void kt_out_put_json(struct json_object *obj)
{
	puts(to_text(obj));
	json_object_put(obj);
}

/**
 * kt_out_put_each() - print a result that is an array
 * @nr:		its length
 * @make:	makes one of them, whose reference is taken over
 * @arg:	for @make
 *
 * One is made when the one before has been printed: all at once would take most of the time to find
 * memory for them.
 */
void kt_out_put_each(size_t nr, struct json_object *(*make)(const void *arg, size_t i),
		     const void *arg)
{
	struct json_object *obj;
	size_t i;

	putchar('[');
	for (i = 0; i < nr; i++) {
		obj = make(arg, i);
		printf("%s\n%s", i ? "," : "", to_text(obj));
		json_object_put(obj);
	}
	puts(nr ? "\n]" : "]");
}

/**
 * kt_out_add() - a member of an object, which has none of that name
 * @obj:	object
 * @key:	its name, which outlives @obj
 * @val:	value, whose reference is taken over
 */
void kt_out_add(struct json_object *obj, const char *key, struct json_object *val)
{
	json_object_object_add_ex(obj, key, val, JSON_C_OBJECT_ADD_KEY_IS_NEW |
						 JSON_C_OBJECT_KEY_IS_CONSTANT);
}

/**
 * kt_out_add_u64() - a number of an object
 * @obj:	object
 * @key:	its name, as for kt_out_add()
 * @val:	number, exact
 */
void kt_out_add_u64(struct json_object *obj, const char *key, __u64 val)
{
	kt_out_add(obj, key, json_object_new_uint64(val));
}

/**
 * kt_out_add_bits() - the names of bits that are set, an array of an object
 * @obj:	object
 * @key:	its name, as for kt_out_add()
 * @bits:	bits
 * @name:	gives the names by number, then NULL
 */
void kt_out_add_bits(struct json_object *obj, const char *key, __u32 bits,
		     const char *(*name)(unsigned int i))
{
	struct json_object *array = json_object_new_array();
	unsigned int i;

	for (i = 0; name(i); i++)
		if (bits & 1U << i)
			json_object_array_add(array, json_object_new_string(name(i)));
	kt_out_add(obj, key, array);
}

/**
 * kt_out_count() - a row with a number
 * @name:	of the row
 * @val:	number
 */
void kt_out_count(const char *name, __u64 val)
{
	printf("  %-20s %llu\n", name, val);
}

/**
 * kt_out_ns() - a row with a time
 * @name:	of the row
 * @ns:		time
 */
void kt_out_ns(const char *name, __u64 ns)
{
	printf("  %-20s %llu.%09llu s\n", name, ns / NS_PER_S, ns % NS_PER_S);
}

/**
 * kt_out_finish() - end the output
 * @code:	exit code so far
 *
 * A result that did not reach its reader is an error, also where the disk fills up only as the
 * file is closed.
 *
 * Return: exit code of the process.
 */
int kt_out_finish(int code)
{
	bool failed = ferror(stdout);
	/* What is longer than the buffer has failed before, as the last of the calls that did. */
	int err = failed ? errno : 0;

	errno = 0;
	if (fclose(stdout))
		failed = true;
	if (errno)
		err = errno;
	if (!failed || code != KT_OUT_OK)
		return code;

	return kt_out_fail(KT_OUT_ERROR, "cannot write the output: %s",
			   err ? strerror(err) : "write error");
}
