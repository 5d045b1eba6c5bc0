// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of an event in trace_pipe, by the letter: what is not of the form that trace.h has is
 * not guessed at.
 */
#include "trace_event.h"

#include <stdint.h>
#include <string.h>

#include "names.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NS_PER_S	1000000000ULL
#define NS_PER_US	1000ULL
#define US_DIGITS	6

/* The kernel pads the name of a task to this; it may have any bytes in it. */
#define COMM_WIDTH	16

static const char * const names[] = {
	[KT_EVENT_TICK_DUE]		= "tick_due",
	[KT_EVENT_TICK_DELIVERED]	= "tick_delivered",
	[KT_EVENT_TICK_LOST]		= "tick_lost",
	[KT_EVENT_CATCHUP_BEGIN]	= "catchup_begin",
	[KT_EVENT_CATCHUP_END]		= "catchup_end",
	[KT_EVENT_CLOCK_CHANGED]	= "clock_changed",
	[KT_EVENT_VM_ATTACH]		= "vm_attach",
	[KT_EVENT_VM_DETACH]		= "vm_detach",
	[KT_EVENT_OVERRUN]		= "overrun",
};

static const char * const whys[] = {
	"follows", "scaled", "set", "left", "suspended", "resumed", "frozen", "thawed", "restored",
};

/**
 * kt_event_name() - name of a type of events
 * @type:	enum kt_event_type
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_event_name(unsigned int type)
{
	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}

/**
 * kt_event_why() - name of a reason why guest time goes by another line
 * @why:	number
 *
 * Return: its name, or NULL for a number past the last one.
 */
const char *kt_event_why(unsigned int why)
{
	return why < ARRAY_SIZE(whys) ? whys[why] : NULL;
}

/**
 * kt_event_is_tick() - whether an event is about a device's ticks
 * @type:	of the event
 *
 * Return: true for ticks and catch-ups.
 */
bool kt_event_is_tick(enum kt_event_type type)
{
	return type <= KT_EVENT_CATCHUP_END;
}

static bool take(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len))
		return false;
	*at += len;

	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_u64(const char **at, __u64 *val)
{
	const char *start = *at;
	unsigned int digit;

	*val = 0;
	for (; is_digit(**at); (*at)++) {
		digit = **at - '0';
		if (*val > (UINT64_MAX - digit) / 10)
			return false;
		*val = *val * 10 + digit;
	}

	return *at != start;
}

static bool take_u32(const char **at, __u32 *val)
{
	__u64 wide;

	if (!take_u64(at, &wide) || wide > UINT32_MAX)
		return false;
	*val = wide;

	return true;
}

static bool take_s64(const char **at, __s64 *val)
{
	bool minus = take(at, "-");
	__u64 wide;

	if (!take_u64(at, &wide) || wide > (__u64)INT64_MAX + minus)
		return false;
	*val = minus ? (__s64)-wide : (__s64)wide;

	return true;
}

static bool take_s32(const char **at, __s32 *val)
{
	__s64 wide;

	if (!take_s64(at, &wide) || wide < INT32_MIN || wide > INT32_MAX)
		return false;
	*val = wide;

	return true;
}

static bool take_hex(const char **at, __u32 *val)
{
	static const char digits[] = "0123456789abcdef";
	const char *start = *at, *digit;

	for (*val = 0; **at && (digit = strchr(digits, **at)); (*at)++) {
		if (*val > UINT32_MAX >> 4)
			return false;
		*val = *val << 4 | (digit - digits);
	}

	return *at != start;
}

static bool take_blanks(const char **at)
{
	size_t len = strspn(*at, " ");

	*at += len;

	return len;
}

/* A time in seconds, as the kernel prints one of a clock that counts ns. */
static bool take_time(const char **at, __u64 *ns)
{
	const char *fraction;
	__u64 s, us;

	if (!take_u64(at, &s) || s > UINT64_MAX / NS_PER_S - 1 || !take(at, "."))
		return false;
	fraction = *at;
	if (!take_u64(at, &us) || *at - fraction != US_DIGITS)
		return false;
	*ns = s * NS_PER_S + us * NS_PER_US;

	return true;
}

/* What is before the name of the event: "           comm-pid     [cpu] flags seconds: ". */
static bool take_context(const char **at, struct kt_event *event)
{
	__u32 pid;
	size_t flags;

	if (strnlen(*at, COMM_WIDTH) < COMM_WIDTH)
		return false;
	*at += COMM_WIDTH;
	if (!take(at, "-") || !take_u32(at, &pid) || !take_blanks(at) || !take(at, "[") ||
	    !take_u32(at, &event->cpu) || !take(at, "] "))
		return false;
	flags = strcspn(*at, " ");
	*at += flags;

	return flags && take_blanks(at) && take_time(at, &event->host_ns) && take(at, ": ");
}

static bool take_name(const char **at, struct kt_event *event)
{
	const char *end = strchr(*at, ':');
	unsigned int i;

	for (i = 0; end && i < KT_EVENT_OVERRUN; i++) {
		if (strlen(names[i]) != (size_t)(end - *at) || strncmp(names[i], *at, end - *at))
			continue;
		event->type = i;
		*at = end;
		return true;
	}

	return false;
}

static bool take_device(const char **at, __u32 *device)
{
	size_t len = strcspn(*at, " ");
	int found = kt_names_find_ticking(*at, len);

	if (found < 0)
		return false;
	*device = found;
	*at += len;

	return true;
}

static bool take_why(const char **at, __u32 *why)
{
	size_t len = strcspn(*at, " ");

	for (*why = 0; *why < ARRAY_SIZE(whys); (*why)++) {
		if (strlen(whys[*why]) != len || strncmp(whys[*why], *at, len))
			continue;
		*at += len;
		return true;
	}

	return false;
}

static bool take_body(const char **at, struct kt_event *event)
{
	if (!take(at, ": id ") || !take_u32(at, &event->vm))
		return false;

	if (kt_event_is_tick(event->type))
		return take(at, " ") && take_device(at, &event->device) && take(at, " index ") &&
		       take_u32(at, &event->index) && take(at, " guest_ns ") &&
		       take_u64(at, &event->guest_ns) && take(at, " ticks ") &&
		       take_u64(at, &event->ticks) && take(at, " owed ") &&
		       take_u64(at, &event->owed);
	if (event->type == KT_EVENT_CLOCK_CHANGED)
		return take(at, " ") && take_why(at, &event->why) && take(at, " guest_ns ") &&
		       take_u64(at, &event->guest_ns) && take(at, " kvmclock ahead by ") &&
		       take_s64(at, &event->ahead_ns) && take(at, " mul ") &&
		       take_u32(at, &event->mul) && take(at, " shift ") &&
		       take_s32(at, &event->shift);
	if (event->type == KT_EVENT_VM_ATTACH)
		return take(at, " pid ") && take_s32(at, &event->pid) && take(at, " devices 0x") &&
		       take_hex(at, &event->devices);

	return true;
}

/* "CPU:1 [LOST 17 EVENTS]", or without a number where the kernel has none. */
static bool take_overrun(const char **at, struct kt_event *event)
{
	if (!take(at, "CPU:") || !take_u32(at, &event->cpu) || !take(at, " [LOST "))
		return false;
	if (is_digit(**at) && (!take_u64(at, &event->ticks) || !take(at, " ")))
		return false;
	event->type = KT_EVENT_OVERRUN;

	return take(at, "EVENTS]");
}

/**
 * kt_event_from_pipe() - read a line of trace_pipe
 * @line:	line, without its newline
 * @event:	set on success
 *
 * Return: false if it is none of the module's events, to the last character.
 */
bool kt_event_from_pipe(const char *line, struct kt_event *event)
{
	const char *at = line;

	memset(event, 0, sizeof(*event));
	if (take_overrun(&at, event))
		return !*at;

	at = line;
	memset(event, 0, sizeof(*event));

	return take_context(&at, event) && take_name(&at, event) && take_body(&at, event) && !*at;
}
