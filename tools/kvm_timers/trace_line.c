// SPDX-License-Identifier: GPL-2.0-only
/*
 * An event as a line of a trace file, an object in JSON.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "trace_event.h"
#include "trace_file.h"

/**
 * kt_trace_get_u64() - a number of an object
 * @obj:	object
 * @key:	its name
 * @max:	the largest that is taken
 * @val:	set on success
 *
 * Return: false if there is none, or it is anything but a whole number from 0 to @max.
 */
bool kt_trace_get_u64(struct json_object *obj, const char *key, __u64 max, __u64 *val)
{
	struct json_object *member;

	if (!json_object_object_get_ex(obj, key, &member) ||
	    !json_object_is_type(member, json_type_int) || json_object_get_int64(member) < 0)
		return false;
	*val = json_object_get_uint64(member);

	return *val <= max;
}

static bool get_u32(struct json_object *obj, const char *key, __u32 *val)
{
	__u64 wide;

	if (!kt_trace_get_u64(obj, key, UINT32_MAX, &wide))
		return false;
	*val = wide;

	return true;
}

static bool get_s64(struct json_object *obj, const char *key, __s64 *val)
{
	struct json_object *member;

	if (!json_object_object_get_ex(obj, key, &member) ||
	    !json_object_is_type(member, json_type_int))
		return false;
	*val = json_object_get_int64(member);

	return true;
}

static bool get_s32(struct json_object *obj, const char *key, __s32 *val)
{
	__s64 wide;

	if (!get_s64(obj, key, &wide) || wide < INT32_MIN || wide > INT32_MAX)
		return false;
	*val = wide;

	return true;
}

/* Files have it since the module's events do. */
static bool get_index(struct json_object *obj, __u32 *index)
{
	*index = KT_EVENT_NO_INDEX;

	return !json_object_object_get_ex(obj, "index", NULL) || get_u32(obj, "index", index);
}

static const char *get_text(struct json_object *obj, const char *key)
{
	struct json_object *member;

	if (!json_object_object_get_ex(obj, key, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;

	return json_object_get_string(member);
}

/* Return: the number of a word, or -1. */
static int find(const char *word, const char *(*name)(unsigned int i))
{
	unsigned int i;

	for (i = 0; name(i); i++)
		if (!strcmp(name(i), word))
			return i;

	return -1;
}

static bool get_word(struct json_object *obj, const char *key, const char *(*name)(unsigned int i),
		     __u32 *val)
{
	const char *word = get_text(obj, key);
	int found = word ? find(word, name) : -1;

	*val = found;

	return found >= 0;
}

static size_t body_to_line(const struct kt_event *e, char *text, size_t room)
{
	if (kt_event_is_tick(e->type))
		return snprintf(text, room,
				",\"device\":\"%s\",\"index\":%u,\"guest_ns\":%llu,\"ticks\":%llu,\"owed\":%llu}\n",
				kt_names_ticking(e->device), e->index, e->guest_ns, e->ticks,
				e->owed);
	if (e->type == KT_EVENT_CLOCK_CHANGED)
		return snprintf(text, room,
				",\"why\":\"%s\",\"guest_ns\":%llu,\"ahead_ns\":%lld,\"mul\":%u,\"shift\":%d}\n",
				kt_event_why(e->why), e->guest_ns, e->ahead_ns, e->mul, e->shift);
	if (e->type == KT_EVENT_VM_ATTACH)
		return snprintf(text, room, ",\"pid\":%d,\"devices\":%u}\n", e->pid, e->devices);

	return snprintf(text, room, "}\n");
}

/**
 * kt_event_to_line() - write an event for a trace file
 * @event:	event, as read from trace_pipe
 * @text:	gets the line, its newline, and a NUL
 * @room:	of @text, KT_TRACE_EVENT_ROOM is enough
 *
 * Return: length of the line.
 */
size_t kt_event_to_line(const struct kt_event *event, char *text, size_t room)
{
	size_t used;

	if (event->type == KT_EVENT_OVERRUN)
		return snprintf(text, room, "{\"event\":\"%s\",\"cpu\":%u,\"lost\":%llu}\n",
				kt_event_name(event->type), event->cpu, event->ticks);

	used = snprintf(text, room, "{\"event\":\"%s\",\"host_ns\":%llu,\"cpu\":%u,\"vm\":%u",
			kt_event_name(event->type), event->host_ns, event->cpu, event->vm);

	return used + body_to_line(event, text + used, room - used);
}

static bool body_from_json(struct json_object *obj, struct kt_event *e)
{
	if (kt_event_is_tick(e->type))
		return get_word(obj, "device", kt_names_ticking, &e->device) &&
		       get_index(obj, &e->index) &&
		       kt_trace_get_u64(obj, "guest_ns", UINT64_MAX, &e->guest_ns) &&
		       kt_trace_get_u64(obj, "ticks", UINT64_MAX, &e->ticks) &&
		       kt_trace_get_u64(obj, "owed", UINT64_MAX, &e->owed);
	if (e->type == KT_EVENT_CLOCK_CHANGED)
		return get_word(obj, "why", kt_event_why, &e->why) &&
		       kt_trace_get_u64(obj, "guest_ns", UINT64_MAX, &e->guest_ns) &&
		       get_s64(obj, "ahead_ns", &e->ahead_ns) && get_u32(obj, "mul", &e->mul) &&
		       get_s32(obj, "shift", &e->shift);
	if (e->type == KT_EVENT_VM_ATTACH)
		return get_s32(obj, "pid", &e->pid) && get_u32(obj, "devices", &e->devices);

	return true;
}

/**
 * kt_event_from_json() - read an event of a trace file
 * @obj:	a line of it
 * @event:	set on success
 * @known:	set on success: false if the event has a name that is not known here
 *
 * Return: false if the object is no event.
 */
bool kt_event_from_json(struct json_object *obj, struct kt_event *event, bool *known)
{
	const char *name = get_text(obj, "event");
	int type;

	memset(event, 0, sizeof(*event));
	if (!name)
		return false;
	type = find(name, kt_event_name);
	*known = type >= 0;
	if (!*known)
		return true;

	event->type = type;
	if (!get_u32(obj, "cpu", &event->cpu))
		return false;
	if (event->type == KT_EVENT_OVERRUN)
		return kt_trace_get_u64(obj, "lost", UINT64_MAX, &event->ticks);

	return kt_trace_get_u64(obj, "host_ns", INT64_MAX, &event->host_ns) &&
	       get_u32(obj, "vm", &event->vm) && body_from_json(obj, event);
}
