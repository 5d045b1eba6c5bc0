// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers doctor: can this host run the module, and what is to be done if not. It only reads:
 * whatever it finds, nothing has changed.
 */
#include "doctor.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>

#include "cmd.h"
#include "option.h"
#include "out.h"

static const char * const levels[] = {
	[KT_DOCTOR_OK]		= "ok",
	[KT_DOCTOR_WARNING]	= "warning",
	[KT_DOCTOR_FAULT]	= "fault",
};

/**
 * kt_doctor_say() - a finding
 * @doctor:	look at the host
 * @level:	how bad it is
 * @check:	what was looked at, a name for scripts
 * @remedy:	what to do about it, NULL: nothing
 * @fmt:	as for printf(): what was found
 */
void kt_doctor_say(struct kt_doctor *doctor, enum kt_doctor_level level, const char *check,
		   const char *remedy, const char *fmt, ...)
{
	struct json_object *obj;
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	kt_out_clean(text);
	doctor->found[level]++;

	if (!doctor->checks) {
		printf("%-8s %-14s %s\n", levels[level], check, text);
		if (remedy)
			printf("%-23s -> %s\n", "", remedy);
		return;
	}

	obj = json_object_new_object();
	json_object_object_add(obj, "check", json_object_new_string(check));
	json_object_object_add(obj, "level", json_object_new_string(levels[level]));
	json_object_object_add(obj, "text", json_object_new_string(text));
	json_object_object_add(obj, "remedy", remedy ? json_object_new_string(remedy) : NULL);
	json_object_array_add(doctor->checks, obj);
}

static void conclude(struct kt_doctor *doctor)
{
	const unsigned int *found = doctor->found;
	struct json_object *obj;

	if (!doctor->checks) {
		printf("\nThis host %s run kvm_timers: %u faults, %u warnings\n",
		       found[KT_DOCTOR_FAULT] ? "cannot" : "can", found[KT_DOCTOR_FAULT],
		       found[KT_DOCTOR_WARNING]);
		return;
	}

	obj = json_object_new_object();
	json_object_object_add(obj, "ok", json_object_new_boolean(!found[KT_DOCTOR_FAULT]));
	kt_out_add_u64(obj, "faults", found[KT_DOCTOR_FAULT]);
	kt_out_add_u64(obj, "warnings", found[KT_DOCTOR_WARNING]);
	json_object_object_add(obj, "checks", doctor->checks);
	kt_out_put_json(obj);
}

/**
 * kt_doctor_run() - look at the host, and say what keeps it from running the module
 * @argc:	number of arguments
 * @argv:	options
 *
 * Return: KT_OUT_ERROR if anything does, else enum kt_out_exit.
 */
int kt_doctor_run(int argc, char **argv)
{
	static const struct kt_option option = { "doctor", "--root", "DIR" };
	struct kt_doctor doctor = { .root = "" };
	int ret;

	ret = kt_option_take(&option, argc, argv, &doctor.root);
	if (ret)
		return ret;
	if (!kt_doctor_read(&doctor, "/proc/sys/kernel/osrelease", doctor.release,
			    sizeof(doctor.release)))
		return kt_out_fail(KT_OUT_ERROR,
				   "cannot read '%s/proc/sys/kernel/osrelease': is that the root of a host?",
				   doctor.root);

	if (kt_out_is_json())
		doctor.checks = json_object_new_array();
	kt_doctor_check_kernel(&doctor);
	kt_doctor_check_module(&doctor);
	kt_doctor_check_kvm(&doctor);
	kt_doctor_check_hooks(&doctor);
	kt_doctor_check_tsc(&doctor);
	conclude(&doctor);

	return doctor.found[KT_DOCTOR_FAULT] ? KT_OUT_ERROR : KT_OUT_OK;
}
