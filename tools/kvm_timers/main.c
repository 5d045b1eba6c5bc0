// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers: have the clocks of KVM guests taken over, look at them, save and restore them.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "names.h"
#include "out.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NO_LIMIT	(-1)

struct cmd {
	const char	*name;
	int		(*run)(int argc, char **argv);
	int		min_args;
	int		max_args;
	bool		has_options;
	const char	*usage;
	const char	*summary;
	const char	*details;
};

static int do_help(int argc, char **argv);

static const struct cmd cmds[] = {
	{
		.name		= "exec",
		.run		= kt_exec_run,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "exec [OPTION...] -- COMMAND [ARG...]",
		.summary	= "run a VMM and take over the timers of its VMs",
		.details	=
"  --pit=on|off                 take over the PIT (default: what the administrator offers)\n"
"  --rtc=on|off|utc|localtime|YYYY-MM-DDThh:mm:ss\n"
"                               take over the RTC, and what it shows when a VM begins\n"
"  --hpet=on|off                take over the HPET\n"
"  --lapic=on|off               take over the LAPIC timer\n"
"  --lapic-advance=NS           how far ahead its interrupts are prepared: 0 to 5000, auto or\n"
"                               default\n"
"  --kvmclock=on|off            take over kvmclock\n"
"  --tsc=on|off                 take over the TSC\n"
"  --clock-rate=RATE            guest time goes as the host's NTP has it, or as the guest's TSC:\n"
"                               host, tsc or default\n"
"  --gap=GAP                    what a pause by the VMM is to the guest: stop, it never happened;\n"
"                               jump, time like any other; slew, made up for; or default\n"
"  --policy=POLICY              lost ticks: catchup, delay, merge, discard or default\n"
"  --policy=DEVICE=POLICY       the same for one device\n"
"  --catchup-max-rate=RATE      fastest catch-up, times the programmed rate: 1.01 to 10\n"
"  --catchup-limit=MS           a debt beyond this is given up\n"
"  --catchup-threshold=US       a lag below this is not caught up\n"
"  --catchup-budget=HZ          most interrupts in a second, for each vCPU, that all timers together\n"
"                               give when they catch up: 100 to 1000000, or default\n"
"  --set=SETTING=VALUE          a setting as 'kvm-timers set' has it, such as\n"
"                               rtc.catchup_max_rate=2: of one device, which counts more\n",
	}, {
		.name		= "list",
		.run		= kt_show_list,
		.usage		= "list",
		.summary	= "list the VMs taken over",
	}, {
		.name		= "status",
		.run		= kt_show_status,
		.max_args	= 1,
		.usage		= "status [ID]",
		.summary	= "show the devices and tick counters of one VM, or of all",
	}, {
		.name		= "top",
		.run		= kt_top_run,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "top [--interval=SECONDS]",
		.summary	= "show all VMs live: rates, debts, lateness",
		.details	=
"  --interval=SECONDS  time between two readings, 0.1 to 3600 (default 1)\n"
"\n"
"  q quit, s sort, + and - interval, enter devices of a VM, e of all VMs, l lateness of the\n"
"  interval or since the VMs began; arrows, page up, page down, home and end select a VM\n",
	}, {
		.name		= "set",
		.run		= kt_set_run,
		.min_args	= 2,
		.max_args	= NO_LIMIT,
		.usage		= "set ID SETTING=VALUE...",
		.summary	= "change the lost-tick policy, advance, budget or gap of one VM",
		.details	=
"  DEVICE is pit, rtc, hpet or lapic.\n"
"\n"
"  DEVICE.policy=POLICY            catchup, delay, merge, discard or default\n"
"  DEVICE.catchup_max_rate=RATE    times the programmed rate, 1.01 to 10, or default\n"
"  DEVICE.catchup_limit_ms=MS      milliseconds, or default\n"
"  DEVICE.catchup_threshold_us=US  microseconds\n"
"  lapic.advance_ns=NS             nanoseconds, 0 to 5000, auto or default\n"
"  budget_hz=HZ                    of all timers together, for each vCPU, 100 to 1000000, or default\n"
"  gap=GAP                         stop, jump, slew or default\n",
	}, {
		.name		= "freeze",
		.run		= kt_freeze_run,
		.min_args	= 1,
		.max_args	= 1,
		.usage		= "freeze ID",
		.summary	= "have the clocks of a paused VM stand still",
	}, {
		.name		= "thaw",
		.run		= kt_thaw_run,
		.min_args	= 1,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "thaw ID [--gap=GAP]",
		.summary	= "have them go on",
		.details	=
"  --gap=GAP  what the time was to the guest: stop, it never happened; jump, time like any other;\n"
"             slew, made up for; default, that of the VM\n",
	}, {
		.name		= "save",
		.run		= kt_record_save,
		.min_args	= 2,
		.max_args	= 2,
		.usage		= "save ID FILE",
		.summary	= "write the record of a VM: all its clocks, at one instant",
	}, {
		.name		= "restore",
		.run		= kt_record_restore,
		.min_args	= 2,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "restore ID FILE [--gap=GAP]",
		.summary	= "have the clocks of a paused VM be what a record says",
		.details	=
"  --gap=GAP  have them go on at once, see 'kvm-timers help thaw'; else they do with the VM\n",
	}, {
		.name		= "show",
		.run		= kt_record_show,
		.min_args	= 1,
		.max_args	= 1,
		.usage		= "show FILE",
		.summary	= "show what is in a record",
	}, {
		.name		= "record",
		.run		= kt_trace_record,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "record [OPTION...] [ID...] [-- COMMAND...]",
		.summary	= "record what the module decides, tick by tick",
		.details	=
"  --seconds=N     for so long, 0.1 to 86400 (default: until COMMAND ends, or ctrl-C)\n"
"  --output=FILE   trace file to write (default kvm-timers.trace); -: stdout\n"
"  --tracefs=DIR   where that is mounted (default /sys/kernel/tracing)\n",
	}, {
		.name		= "report",
		.run		= kt_trace_report,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "report FILE [--picture=FILE.png]",
		.summary	= "say what is in a trace file, or draw it",
		.details	=
"  --picture=FILE  draw lag and rates over time, by gnuplot: a PNG or an SVG, as FILE ends in\n",
	}, {
		.name		= "export",
		.run		= kt_export_run,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "export [--output=FILE]",
		.summary	= "write the counters of all VMs in Prometheus's text format",
		.details	=
"  --output=FILE  replace that file, for the node exporter's textfile collector; else to stdout\n",
	}, {
		.name		= "doctor",
		.run		= kt_doctor_run,
		.max_args	= NO_LIMIT,
		.has_options	= true,
		.usage		= "doctor [--root=DIR]",
		.summary	= "say whether this host can run the module, and what to do if not",
		.details	=
"  --root=DIR  look at the host whose root directory is mounted there\n",
	}, {
		.name		= "version",
		.run		= kt_show_version,
		.usage		= "version",
		.summary	= "show the versions of the tool and of the module's ABI",
	}, {
		.name		= "help",
		.run		= do_help,
		.max_args	= 1,
		.usage		= "help [COMMAND]",
		.summary	= "show this help, or that of one command",
	},
};

static const char *cmd_name(unsigned int i)
{
	return i < ARRAY_SIZE(cmds) ? cmds[i].name : NULL;
}

static const char *option_name(unsigned int i)
{
	static const char * const options[] = { "--json", "--help", "--version" };

	return i < ARRAY_SIZE(options) ? options[i] : NULL;
}

static const struct cmd *find_cmd(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		if (!strcmp(cmds[i].name, name))
			return &cmds[i];

	return NULL;
}

static struct json_object *cmd_to_json(const struct cmd *cmd)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "name", json_object_new_string(cmd->name));
	json_object_object_add(obj, "usage", json_object_new_string(cmd->usage));
	json_object_object_add(obj, "summary", json_object_new_string(cmd->summary));

	return obj;
}

static int help_on_cmd(const struct cmd *cmd)
{
	if (kt_out_is_json()) {
		kt_out_put_json(cmd_to_json(cmd));
		return KT_OUT_OK;
	}

	printf("Usage: kvm-timers %s\n%s\n", cmd->usage, cmd->summary);
	if (cmd->details)
		printf("\n%s", cmd->details);

	return KT_OUT_OK;
}

static int help_on_all(void)
{
	struct json_object *array;
	size_t i;

	if (kt_out_is_json()) {
		array = json_object_new_array();
		for (i = 0; i < ARRAY_SIZE(cmds); i++)
			json_object_array_add(array, cmd_to_json(&cmds[i]));
		kt_out_put_json(array);
		return KT_OUT_OK;
	}

	printf("Usage: kvm-timers COMMAND [ARG...] [--json]\n\n");
	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		printf("  %-38s %s\n", cmds[i].usage, cmds[i].summary);
	printf("\n  --json     results, and errors too, in JSON\n"
	       "  --help     help on the command\n");

	return KT_OUT_OK;
}

static int do_help(int argc, char **argv)
{
	const struct cmd *cmd;

	if (!argc)
		return help_on_all();

	cmd = find_cmd(argv[0]);

	return cmd ? help_on_cmd(cmd) : kt_names_refuse("command", argv[0], cmd_name);
}

/*
 * A result printed to a closed stdout must fail, and must not end up in whatever file the tool
 * opens next: put something in its place that cannot be written to, nor inherited by a VMM.
 */
static void reserve_standard_fds(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Options that go with every command, wherever they stand; what follows "--" is not the tool's. */
static int take_global_options(int argc, char **argv, bool *help)
{
	bool ours = true;
	int i, left = 0;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			ours = false;

		if (ours && !strcmp(argv[i], "--json"))
			kt_out_set_json();
		else if (ours && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")))
			*help = true;
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;

	return left;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	int i;

	for (i = 0; !cmd->has_options && i < argc; i++)
		if (kt_names_is_option(argv[i]))
			return kt_names_refuse("option", argv[i], option_name);

	if (argc < cmd->min_args)
		return kt_out_fail(KT_OUT_USAGE, "missing argument: write 'kvm-timers %s'",
				   cmd->usage);
	if (cmd->max_args != NO_LIMIT && argc > cmd->max_args)
		return kt_out_fail(KT_OUT_USAGE, "unexpected argument '%s': write 'kvm-timers %s'",
				   argv[cmd->max_args], cmd->usage);

	return cmd->run(argc, argv);
}

static int dispatch(int argc, char **argv)
{
	const struct cmd *cmd;
	bool help = false;

	argc = take_global_options(argc, argv, &help);
	if (help)
		return do_help(argc ? 1 : 0, argv);

	if (!argc)
		return kt_out_fail(KT_OUT_USAGE,
				   "missing command: write 'kvm-timers help' for a list");
	if (!strcmp(argv[0], "--version"))
		argv[0] = "version";
	if (kt_names_is_option(argv[0]))
		return kt_names_refuse("option", argv[0], option_name);

	cmd = find_cmd(argv[0]);
	if (!cmd)
		return kt_names_refuse("command", argv[0], cmd_name);

	return run(cmd, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	reserve_standard_fds();

	/* execve() can leave out even the program's name. */
	if (argc < 1)
		return KT_OUT_USAGE;

	return kt_out_finish(dispatch(argc - 1, argv + 1));
}
