// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers record: the module's events, from the ring buffer into a trace file, until a time
 * has passed, a command has ended, or somebody says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "dev.h"
#include "file.h"
#include "out.h"
#include "trace_args.h"
#include "trace_file.h"
#include "tracefs.h"

#define NS_PER_S	1000000000ULL

/* What comes in between is read at once; a ring buffer holds a lot more. */
#define INTERVAL_MS	100
#define PROGRESS_NS	500000000ULL

#define PIPE_ROOM	65536
#define SHELL_SIGNALED	128

/**
 * struct recording - one run
 * @args:	what was asked for
 * @trace:	where events come from
 * @out:	the file
 * @signals:	SIGCHLD, and those that end a recording
 * @command:	process of the command, 0: none, or it has ended
 * @status:	of the command, from waitpid()
 * @stopped:	a signal has come that ends it
 * @start_ns:	CLOCK_MONOTONIC
 * @events:	lines of events written
 * @overruns:	events lost, as far as told in between
 * @unknown:	lines that were none
 * @shows:	progress is on a terminal
 * @shown_ns:	when that was last written
 * @text:	of trace_pipe, a line that is not whole at its beginning
 * @used:	of @text
 */
struct recording {
	const struct kt_trace_args	*args;
	struct kt_tracefs		trace;
	int				out;
	int				signals;
	pid_t				command;
	int				status;
	bool				stopped;
	__u64				start_ns;
	__u64				events;
	__u64				overruns;
	__u64				unknown;
	bool				shows;
	__u64				shown_ns;
	size_t				used;
	char				text[PIPE_ROOM];
};

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);

	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int cannot_write(const struct recording *rec, int err)
{
	return kt_out_fail(KT_OUT_ERROR, "cannot write '%s': %s", rec->args->output,
			   strerror(-err));
}

static int put(const struct recording *rec, const char *text, size_t length)
{
	struct iovec part = { (char *)text, length };
	int ret = kt_file_write(rec->out, &part, 1);

	return ret ? cannot_write(rec, ret) : KT_OUT_OK;
}

/* A reference to @obj is taken over. */
static int put_line(const struct recording *rec, struct json_object *obj)
{
	const char *text = json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN |
							       JSON_C_TO_STRING_NOSLASHESCAPE);
	int ret = put(rec, text, strlen(text));

	json_object_put(obj);

	return ret ? ret : put(rec, "\n", 1);
}

static bool is_wanted(const struct kt_trace_args *args, __u32 id)
{
	size_t i;

	for (i = 0; i < args->nr; i++)
		if (args->ids[i] == id)
			return true;

	return !args->nr;
}

/* What the module says of the VMs that are recorded. */
static int read_vms(const struct recording *rec, struct json_object **array)
{
	size_t nr, i, wanted = 0;
	struct kt_vm *vms;
	int ret;

	ret = kt_vm_read_all(&vms, &nr);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		if (is_wanted(rec->args, vms[i].status.id))
			vms[wanted++] = vms[i];
	if (wanted > KT_TRACE_MAX_VMS)
		ret = kt_out_fail(KT_OUT_ERROR, "more than %u VMs: name those to be recorded",
				  KT_TRACE_MAX_VMS);
	else
		*array = kt_trace_vms(vms, wanted);
	free(vms);

	return ret;
}

static int put_header(struct recording *rec)
{
	struct kt_trace_header header = { .abi = 0 };
	struct utsname host;
	int ret;

	ret = read_vms(rec, &header.vms);
	if (ret)
		return ret;
	snprintf(header.tool, sizeof(header.tool), "%s", KT_VERSION);
	ret = kt_dev_abi();
	header.abi = ret > 0 ? ret : 0;
	if (!uname(&host))
		snprintf(header.kernel, sizeof(header.kernel), "%.63s", host.release);
	header.start_ns = clock_ns(CLOCK_MONOTONIC);
	header.start_real_ns = clock_ns(CLOCK_REALTIME);
	rec->start_ns = header.start_ns;

	return put_line(rec, kt_trace_header(&header));
}

static void take_line(struct recording *rec, const char *line, FILE *into)
{
	char text[KT_TRACE_EVENT_ROOM];
	struct kt_event event;

	if (!kt_event_from_pipe(line, &event)) {
		rec->unknown++;
		return;
	}
	if (event.type == KT_EVENT_OVERRUN)
		rec->overruns += event.ticks;
	rec->events++;
	fwrite(text, 1, kt_event_to_line(&event, text, sizeof(text)), into);
}

/* All lines that are whole. What fills the buffer without an end is no line. */
static void take_lines(struct recording *rec, FILE *into)
{
	char *line = rec->text, *end;

	while ((end = memchr(line, '\n', rec->text + rec->used - line))) {
		*end = '\0';
		/* A NUL in it, in the name of a task, makes it end there: no event. */
		take_line(rec, line, into);
		line = end + 1;
	}
	rec->used -= line - rec->text;
	memmove(rec->text, line, rec->used);
	if (rec->used == sizeof(rec->text)) {
		rec->unknown++;
		rec->used = 0;
	}
}

/* Whole lines in one write(): a file that is cut has no more than one that is not whole. */
static int take_some(struct recording *rec, bool *more)
{
	char *text = NULL;
	size_t length = 0;
	ssize_t done;
	FILE *into;
	int ret;

	done = kt_tracefs_read(&rec->trace, rec->text + rec->used, sizeof(rec->text) - rec->used);
	*more = done > 0;
	if (done < 0)
		return kt_out_fail(KT_OUT_ERROR, "cannot read 'trace_pipe': %s", strerror(-done));
	if (!done)
		return KT_OUT_OK;

	into = open_memstream(&text, &length);
	if (!into)
		return kt_out_fail(KT_OUT_ERROR, "cannot record: %s", strerror(ENOMEM));
	rec->used += done;
	take_lines(rec, into);
	ret = fclose(into) ? kt_out_fail(KT_OUT_ERROR, "cannot record: %s", strerror(ENOMEM)) :
			     put(rec, text, length);
	free(text);

	return ret;
}

/* An event may come for each that is read: not to the end, but for as long as a round is. */
static int take_all(struct recording *rec)
{
	__u64 until_ns = clock_ns(CLOCK_MONOTONIC) + NS_PER_S;
	bool more = true;
	int ret = KT_OUT_OK;

	while (more && !ret && clock_ns(CLOCK_MONOTONIC) < until_ns)
		ret = take_some(rec, &more);

	return ret;
}

static void show(struct recording *rec, bool last)
{
	__u64 now_ns = clock_ns(CLOCK_MONOTONIC);

	if (!rec->shows || !rec->start_ns || (!last && now_ns - rec->shown_ns < PROGRESS_NS))
		return;
	rec->shown_ns = now_ns;
	fprintf(stderr, "\r%.1f s, %llu events, %llu lost%s",
		(double)(now_ns - rec->start_ns) / NS_PER_S, rec->events, rec->overruns,
		last ? "\n" : "");
}

static void take_signals(struct recording *rec)
{
	struct signalfd_siginfo info;

	while (read(rec->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD) {
			rec->stopped = true;
			/* A terminal sends it to both; nobody else does. */
			if (rec->command && info.ssi_signo != SIGINT)
				kill(rec->command, info.ssi_signo);
		} else if (rec->command && waitpid(rec->command, &rec->status, WNOHANG) > 0) {
			rec->command = 0;
		}
	}
}

static int record(struct recording *rec)
{
	__u64 for_ns = rec->args->seconds_ns;
	bool has_command = rec->command;
	struct pollfd poll_of = { .fd = rec->signals, .events = POLLIN };
	int ret = KT_OUT_OK;

	while (!ret && !rec->stopped && !(has_command && !rec->command) &&
	       (!for_ns || clock_ns(CLOCK_MONOTONIC) - rec->start_ns < for_ns)) {
		if (poll(&poll_of, 1, INTERVAL_MS) > 0)
			take_signals(rec);
		ret = take_all(rec);
		show(rec, false);
	}

	return ret;
}

static int put_totals(struct recording *rec)
{
	struct kt_trace_totals totals = { .end_ns = clock_ns(CLOCK_MONOTONIC) };
	int ret;

	kt_tracefs_stop(&rec->trace);
	ret = take_all(rec);
	if (ret)
		return ret;
	if (kt_tracefs_lost(&rec->trace, &totals.lost) || totals.lost < rec->overruns)
		totals.lost = rec->overruns;
	rec->overruns = totals.lost;
	totals.events = rec->events;
	totals.unknown = rec->unknown;
	ret = read_vms(rec, &totals.vms);

	return ret ? ret : put_line(rec, kt_trace_totals(&totals));
}

static int open_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, before);

	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Return: enum kt_out_exit. */
static int start_command(struct recording *rec, const sigset_t *signals)
{
	char **argv = rec->args->command;
	int pipes[2], err = 0;

	if (pipe2(pipes, O_CLOEXEC))
		return kt_out_fail(KT_OUT_ERROR, "cannot run '%s': %s", argv[0], strerror(errno));
	rec->command = fork();
	if (!rec->command) {
		sigprocmask(SIG_SETMASK, signals, NULL);
		execvp(argv[0], argv);
		err = errno;
		if (write(pipes[1], &err, sizeof(err)) < 0)
			_exit(KT_OUT_NOT_EXECUTABLE);
		_exit(KT_OUT_NOT_FOUND);
	}
	if (rec->command < 0)
		err = errno;
	close(pipes[1]);
	if (rec->command > 0 && read(pipes[0], &err, sizeof(err)) == sizeof(err))
		waitpid(rec->command, NULL, 0);
	close(pipes[0]);
	if (!err)
		return KT_OUT_OK;
	rec->command = 0;

	return kt_out_fail(err == ENOENT ? KT_OUT_NOT_FOUND : KT_OUT_NOT_EXECUTABLE,
			   "cannot run '%s': %s", argv[0],
			   err == ENOENT ? "command not found" : strerror(err));
}

/* A command is not ended because its recording is over. */
static int await_command(struct recording *rec)
{
	struct pollfd poll_of = { .fd = rec->signals, .events = POLLIN };

	while (rec->command)
		if (poll(&poll_of, 1, -1) > 0)
			take_signals(rec);

	return WIFEXITED(rec->status) ? WEXITSTATUS(rec->status) :
	       SHELL_SIGNALED + WTERMSIG(rec->status);
}

static void say(const struct recording *rec)
{
	struct json_object *obj;

	/* Stdout is the command's, or has the trace. */
	if (rec->args->command || rec->out == STDOUT_FILENO)
		return;
	if (!kt_out_is_json()) {
		printf("%llu events, %llu lost, in %s\n", rec->events, rec->overruns,
		       rec->args->output);
		return;
	}

	obj = json_object_new_object();
	json_object_object_add(obj, "file", json_object_new_string(rec->args->output));
	kt_out_add_u64(obj, "events", rec->events);
	kt_out_add_u64(obj, "lost", rec->overruns);
	kt_out_add_u64(obj, "unknown", rec->unknown);
	kt_out_put_json(obj);
}

static int open_output(struct recording *rec)
{
	const char *output = rec->args->output;

	if (!strcmp(output, "-")) {
		rec->out = STDOUT_FILENO;
		return KT_OUT_OK;
	}
	rec->out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);

	return rec->out < 0 ? cannot_write(rec, -errno) : KT_OUT_OK;
}

static int run(struct recording *rec, const sigset_t *signals)
{
	int ret, err;

	ret = kt_tracefs_begin(&rec->trace, rec->args->tracefs, rec->args->ids, rec->args->nr);
	if (ret)
		return ret;
	ret = open_output(rec);
	if (!ret)
		ret = put_header(rec);
	if (!ret && rec->args->command)
		ret = start_command(rec, signals);
	if (!ret)
		ret = record(rec);
	if (!ret)
		ret = put_totals(rec);
	show(rec, true);
	err = kt_tracefs_end(&rec->trace);
	if (err && !ret)
		ret = kt_out_fail(KT_OUT_ERROR, "cannot remove '%s': %s", rec->trace.path,
				  strerror(-err));

	return ret;
}

/**
 * kt_trace_record() - record the events of some VMs, or of all
 * @argc:	number of arguments
 * @argv:	options and ids, then perhaps "--" and a command
 *
 * Return: enum kt_out_exit, or the command's exit status.
 */
int kt_trace_record(int argc, char **argv)
{
	static struct recording rec;
	struct kt_trace_args args;
	sigset_t signals;
	int ret, ended;

	ret = kt_trace_parse_args(&args, argc, argv);
	if (ret)
		return ret;
	rec.args = &args;
	rec.out = -1;
	rec.signals = open_signals(&signals);
	rec.shows = isatty(STDERR_FILENO) && !kt_out_is_json();
	ret = rec.signals < 0 ? kt_out_fail(KT_OUT_ERROR, "cannot record: %s", strerror(errno)) :
				run(&rec, &signals);
	ended = await_command(&rec);
	if (rec.out > STDOUT_FILENO && close(rec.out) && !ret)
		ret = cannot_write(&rec, -errno);
	if (ret)
		return ret;
	say(&rec);

	return ended;
}
