// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines of a trace file, written and read. A reader trusts nothing: a line has a largest
 * length, a number its range, a text its characters.
 */
#define _GNU_SOURCE
#include "trace_file.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "out.h"

#define JSON_DEPTH	8

static void add_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, json_object_new_string(text));
}

static struct json_object *vm_to_json(const struct kt_vm *vm)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *devices = json_object_new_object();
	const struct kvm_timers_device_status *status;
	struct json_object *device;
	unsigned int n;

	kt_out_add_u64(obj, "id", vm->status.id);
	json_object_object_add(obj, "pid", json_object_new_int(vm->status.pid));
	add_text(obj, "name", vm->comm);
	kt_out_add_u64(obj, "guest_ns", vm->status.guest_ns);
	for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++) {
		status = &vm->status.device[n];
		if (!(vm->status.devices & 1U << n) || !kt_names_policy(status->policy))
			continue;
		device = json_object_new_object();
		add_text(device, "policy", kt_names_policy(status->policy));
		kt_out_add_u64(device, "period_ns", status->period_ns);
		kt_out_add_u64(device, "owed", status->owed);
		json_object_object_add(devices, kt_names_ticking(n), device);
	}
	json_object_object_add(obj, "devices", devices);

	return obj;
}

/**
 * kt_trace_vms() - what the module says of VMs, for a first or last line
 * @vms:	VMs
 * @nr:		their number
 *
 * Return: an array, for the caller to pass on or put.
 */
struct json_object *kt_trace_vms(const struct kt_vm *vms, size_t nr)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_object_array_add(array, vm_to_json(&vms[i]));

	return array;
}

/**
 * kt_trace_header() - the first line of a file
 * @header:	what it says; the reference to its VMs is taken over
 *
 * Return: the line.
 */
struct json_object *kt_trace_header(const struct kt_trace_header *header)
{
	struct json_object *obj = json_object_new_object();

	add_text(obj, "format", KT_TRACE_FORMAT);
	kt_out_add_u64(obj, "version", KT_TRACE_VERSION);
	add_text(obj, "tool", header->tool);
	add_text(obj, "kernel", header->kernel);
	kt_out_add_u64(obj, "abi", header->abi);
	add_text(obj, "clock", "CLOCK_MONOTONIC");
	kt_out_add_u64(obj, "start_ns", header->start_ns);
	kt_out_add_u64(obj, "start_real_ns", header->start_real_ns);
	json_object_object_add(obj, "vms", header->vms);

	return obj;
}

/**
 * kt_trace_totals() - the last line of a file
 * @totals:	what it says; the reference to its VMs is taken over
 *
 * Return: the line.
 */
struct json_object *kt_trace_totals(const struct kt_trace_totals *totals)
{
	struct json_object *obj = json_object_new_object();

	add_text(obj, "event", "end");
	kt_out_add_u64(obj, "end_ns", totals->end_ns);
	kt_out_add_u64(obj, "events", totals->events);
	kt_out_add_u64(obj, "lost", totals->lost);
	kt_out_add_u64(obj, "unknown", totals->unknown);
	json_object_object_add(obj, "vms", totals->vms);

	return obj;
}

/* Return: the text, whose characters are harmless then; an empty one if there is none. */
static void copy_text(struct json_object *obj, const char *key, char *text)
{
	struct json_object *member;
	const char *from = "";

	if (json_object_object_get_ex(obj, key, &member) &&
	    json_object_is_type(member, json_type_string))
		from = json_object_get_string(member);
	snprintf(text, KT_TRACE_TEXT_ROOM, "%s", from);
	kt_out_clean(text);
}

static bool get_device(struct json_object *obj, __u32 *policy, __u64 *period_ns)
{
	char name[KT_TRACE_TEXT_ROOM];
	int found;

	if (!json_object_is_type(obj, json_type_object))
		return false;
	copy_text(obj, "policy", name);
	found = kt_names_find_policy(name);
	if (found < 0)
		return false;
	*policy = found;

	return kt_trace_get_u64(obj, "period_ns", INT64_MAX, period_ns);
}

/**
 * kt_trace_get_vm() - read what a first or last line says of a VM
 * @obj:	an entry of "vms"
 * @vm:		set on success
 *
 * Return: false if that is not what it should be.
 */
bool kt_trace_get_vm(struct json_object *obj, struct kt_trace_known_vm *vm)
{
	struct json_object *devices, *device;
	__u64 id, pid;
	unsigned int n;

	memset(vm, 0, sizeof(*vm));
	if (!kt_trace_get_u64(obj, "id", UINT32_MAX, &id) ||
	    !kt_trace_get_u64(obj, "pid", INT32_MAX, &pid) ||
	    !json_object_object_get_ex(obj, "devices", &devices) ||
	    !json_object_is_type(devices, json_type_object))
		return false;
	vm->id = id;
	vm->pid = pid;
	copy_text(obj, "name", vm->name);
	for (n = 0; n < KVM_TIMERS_NR_DEVICES; n++)
		if (json_object_object_get_ex(devices, kt_names_ticking(n), &device) &&
		    !get_device(device, &vm->policy[n], &vm->period_ns[n]))
			return false;

	return true;
}

static bool wrong(struct kt_trace_state *state, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool wrong(struct kt_trace_state *state, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(state->error, sizeof(state->error), fmt, args);
	va_end(args);

	return false;
}

/* Return: the array of VMs, or NULL if it is none or too long. */
static struct json_object *vms_of(struct json_object *obj)
{
	struct json_object *vms;

	if (!json_object_object_get_ex(obj, "vms", &vms) ||
	    !json_object_is_type(vms, json_type_array) ||
	    json_object_array_length(vms) > KT_TRACE_MAX_VMS)
		return NULL;

	return vms;
}

static bool read_header(struct json_object *obj, const struct kt_trace_reader *reader,
			struct kt_trace_state *state)
{
	struct kt_trace_header header;
	char format[KT_TRACE_TEXT_ROOM];
	const char *why;
	__u64 version, abi;

	copy_text(obj, "format", format);
	if (strcmp(format, KT_TRACE_FORMAT) ||
	    !kt_trace_get_u64(obj, "version", UINT32_MAX, &version))
		return wrong(state, "it is no trace of 'kvm-timers record'");
	if (version != KT_TRACE_VERSION)
		return wrong(state, "it is of version %llu, and only %u can be read", version,
			     KT_TRACE_VERSION);

	copy_text(obj, "tool", header.tool);
	copy_text(obj, "kernel", header.kernel);
	header.vms = vms_of(obj);
	if (!header.vms || !kt_trace_get_u64(obj, "abi", UINT32_MAX, &abi) ||
	    !kt_trace_get_u64(obj, "start_ns", INT64_MAX, &header.start_ns) ||
	    !kt_trace_get_u64(obj, "start_real_ns", INT64_MAX, &header.start_real_ns))
		return wrong(state, "line 1 is damaged");
	header.abi = abi;
	why = reader->header(reader->arg, &header);

	return why ? wrong(state, "line 1: %s", why) : true;
}

static bool read_totals(struct json_object *obj, const struct kt_trace_reader *reader,
			struct kt_trace_state *state)
{
	struct kt_trace_totals totals;
	const char *why;

	totals.vms = vms_of(obj);
	if (!totals.vms || !kt_trace_get_u64(obj, "end_ns", INT64_MAX, &totals.end_ns) ||
	    !kt_trace_get_u64(obj, "events", UINT64_MAX, &totals.events) ||
	    !kt_trace_get_u64(obj, "lost", UINT64_MAX, &totals.lost) ||
	    !kt_trace_get_u64(obj, "unknown", UINT64_MAX, &totals.unknown))
		return wrong(state, "line %llu is damaged", state->lines);
	/* Itself, and the first one. */
	if (totals.events != state->lines - 2)
		return wrong(state, "it has %llu events, and says that they are %llu",
			     state->lines - 2, totals.events);
	state->complete = true;
	why = reader->totals(reader->arg, &totals);

	return why ? wrong(state, "line %llu: %s", state->lines, why) : true;
}

static bool read_event(struct json_object *obj, const struct kt_trace_reader *reader,
		       struct kt_trace_state *state)
{
	struct json_object *name;
	struct kt_event event;
	const char *why = NULL;
	bool known;

	if (json_object_object_get_ex(obj, "event", &name) &&
	    json_object_is_type(name, json_type_string) &&
	    !strcmp(json_object_get_string(name), "end"))
		return read_totals(obj, reader, state);
	if (!kt_event_from_json(obj, &event, &known))
		return wrong(state, "line %llu is damaged", state->lines);
	if (known)
		why = reader->event(reader->arg, &event);
	else
		state->strange++;

	return why ? wrong(state, "line %llu: %s", state->lines, why) : true;
}

static struct json_object *parse(struct json_tokener *tokener, const char *line, size_t length)
{
	struct json_object *obj;

	json_tokener_reset(tokener);
	obj = json_tokener_parse_ex(tokener, line, length);
	if (obj && json_tokener_get_error(tokener) == json_tokener_success &&
	    json_tokener_get_parse_end(tokener) == length &&
	    json_object_is_type(obj, json_type_object))
		return obj;
	json_object_put(obj);

	return NULL;
}

/*
 * Return: length of the next line without its newline; 0 at the end of the file, at what is left
 * of a line that was cut, at an empty line; -1 if a line is too long.
 */
static ssize_t next_line(FILE *file, char *line)
{
	size_t length = 0;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		if (length == KT_TRACE_LINE_MAX)
			return -1;
		line[length++] = c;
	}

	return c == '\n' && length ? (ssize_t)length : 0;
}

static bool read_lines(FILE *file, struct json_tokener *tokener, char *line,
		       const struct kt_trace_reader *reader, struct kt_trace_state *state)
{
	struct json_object *obj;
	ssize_t length;
	bool good = true;

	while (good && (length = next_line(file, line))) {
		state->lines++;
		if (length < 0)
			return wrong(state, "line %llu is too long", state->lines);
		if (state->complete)
			return wrong(state, "line %llu is behind the last one", state->lines);
		obj = parse(tokener, line, length);
		if (!obj)
			return state->lines == 1 ?
				wrong(state, "it is no trace of 'kvm-timers record'") :
				wrong(state, "line %llu is damaged", state->lines);
		good = state->lines == 1 ? read_header(obj, reader, state) :
					   read_event(obj, reader, state);
		json_object_put(obj);
	}
	if (!good)
		return false;
	if (ferror(file))
		return wrong(state, "%s", strerror(errno));
	if (!feof(file))
		return wrong(state, "line %llu is empty", state->lines + 1);

	return state->lines || wrong(state, ftell(file) > 0 ?
				     "it is no trace of 'kvm-timers record'" : "it is empty");
}

/**
 * kt_trace_read() - read a trace file
 * @file:	file, read to its end
 * @reader:	is called for its lines
 * @state:	gets how it went
 *
 * A file that was cut is read as far as its lines are whole.
 *
 * Return: false if it cannot be read, or is not what it should be; see the error in @state.
 */
bool kt_trace_read(FILE *file, const struct kt_trace_reader *reader, struct kt_trace_state *state)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	char *line = malloc(KT_TRACE_LINE_MAX);
	bool good;

	memset(state, 0, sizeof(*state));
	if (tokener && line) {
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
		good = read_lines(file, tokener, line, reader, state);
	} else {
		good = wrong(state, "%s", strerror(ENOMEM));
	}
	free(line);
	if (tokener)
		json_tokener_free(tokener);

	return good;
}
