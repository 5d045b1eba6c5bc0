// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers doctor: the CPU, KVM, and the TSC.
 */
#include "doctor.h"

#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define CPUINFO		"/proc/cpuinfo"
#define FLAGS_ROOM	8192

struct flag {
	const char		*name;
	enum kt_doctor_level	level;
	const char		*cost;
};

static const struct flag tsc_flags[] = {
	{ "constant_tsc", KT_DOCTOR_WARNING,
	  "the TSC goes as fast as the CPU: unless the kernel was told otherwise it is no clock, guest time goes by the host's, and guests see no stable kvmclock" },
	{ "nonstop_tsc", KT_DOCTOR_WARNING,
	  "the TSC stops while the CPU idles deeply: unless the kernel was told otherwise it is no clock, guest time goes by the host's, and guests see no stable kvmclock" },
	{ "tsc_adjust", KT_DOCTOR_WARNING,
	  "firmware that moves the TSC of a CPU is found out late, and the host may give up the TSC as its clock" },
	/* Of hosts that are VMs, and where the kernel was told: nothing to be warned of. */
	{ "tsc_reliable", KT_DOCTOR_OK,
	  "the host checks the TSC by another clock, unless it has the other flags and few sockets, and gives it up if they differ" },
	/* So it is on every AMD processor: nothing to be warned of. */
	{ "tsc_known_freq", KT_DOCTOR_OK,
	  "the frequency is measured at each boot, and differs by some ppm: a guest that is moved here keeps its own by scaling" },
};

/* The flags of the first CPU stand for all. */
static bool cpu_has(const struct kt_doctor *doctor, const char *line, const char *flag)
{
	char flags[FLAGS_ROOM];

	return kt_doctor_field(doctor, CPUINFO, line, flags, sizeof(flags)) &&
	       kt_doctor_has_word(flags, flag);
}

static bool is_amd(const struct kt_doctor *doctor)
{
	return cpu_has(doctor, "flags", "svm");
}

static bool is_intel(const struct kt_doctor *doctor)
{
	return cpu_has(doctor, "flags", "vmx");
}

static void check_cpu(struct kt_doctor *doctor)
{
	if (is_amd(doctor))
		kt_doctor_say(doctor, KT_DOCTOR_OK, "cpu", NULL, "virtualizes: AMD SVM");
	else if (is_intel(doctor))
		kt_doctor_say(doctor, KT_DOCTOR_OK, "cpu", NULL, "virtualizes: Intel VMX");
	else
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "cpu",
			      "switch SVM or VT-x on in the firmware; of a VM, nesting on its host",
			      "no virtualization: neither svm nor vmx in " CPUINFO);
}

static void check_loaded(struct kt_doctor *doctor)
{
	bool amd = kt_doctor_exists(doctor, "/sys/module/kvm_amd");
	bool intel = kt_doctor_exists(doctor, "/sys/module/kvm_intel");

	if (amd || intel)
		kt_doctor_say(doctor, KT_DOCTOR_OK, "kvm", NULL, "%s is loaded",
			      amd ? "kvm_amd" : "kvm_intel");
	else
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "kvm",
			      is_intel(doctor) ? "modprobe kvm_intel" : "modprobe kvm_amd",
			      "neither kvm_amd nor kvm_intel is loaded");
}

static void check_device(struct kt_doctor *doctor)
{
	if (!kt_doctor_exists(doctor, "/dev/kvm"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "kvm-device",
			      "load KVM; if it is, see what it says in the log: dmesg | grep kvm",
			      "no /dev/kvm");
	else if (!kt_doctor_may_open(doctor, "/dev/kvm"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "kvm-device",
			      "be root or in the group kvm: adduser USER kvm",
			      "no permission to open /dev/kvm");
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "kvm-device", NULL, "/dev/kvm can be opened");
}

static void check_apicv(struct kt_doctor *doctor)
{
	bool avic = kt_doctor_is(doctor, "/sys/module/kvm_amd/parameters/avic", "Y") ||
		    kt_doctor_is(doctor, "/sys/module/kvm_amd/parameters/avic", "1");
	bool apicv = kt_doctor_is(doctor, "/sys/module/kvm_intel/parameters/enable_apicv", "Y");

	if (avic)
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "apicv",
			      "where each tick counts: avic=0 of kvm_amd",
			      "AVIC is on, which was not tested: not each end of interrupt is told, and an owed tick may wait for the next");
	else if (apicv)
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "apicv",
			      "where a guest counts ticks: enable_apicv=0 of kvm_intel",
			      "APICv is on: a tick that is posted counts as taken, also where the last one waits");
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "apicv", NULL, "AVIC and APICv are off");
}

/**
 * kt_doctor_check_kvm() - is there a KVM to take timers over from?
 * @doctor:	look at the host
 */
void kt_doctor_check_kvm(struct kt_doctor *doctor)
{
	check_cpu(doctor);
	check_loaded(doctor);
	check_device(doctor);
	check_apicv(doctor);
}

static void check_flags(struct kt_doctor *doctor)
{
	unsigned int i, missing = 0;

	for (i = 0; i < ARRAY_SIZE(tsc_flags); i++) {
		if (cpu_has(doctor, "flags", tsc_flags[i].name))
			continue;
		missing++;
		kt_doctor_say(doctor, tsc_flags[i].level, "tsc", tsc_flags[i].level == KT_DOCTOR_OK ?
			      NULL : "use a CPU that has it; of a VM, have its host show it",
			      "no %s: %s", tsc_flags[i].name, tsc_flags[i].cost);
	}
	if (!missing)
		kt_doctor_say(doctor, KT_DOCTOR_OK, "tsc", NULL,
			      "constant, does not stop, is trusted, and its frequency is known");
}

static void check_clocksource(struct kt_doctor *doctor)
{
	char name[64] = "unknown";

	kt_doctor_read(doctor, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		       name, sizeof(name));
	if (strcmp(name, "tsc"))
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "clocksource",
			      "see why in the log: dmesg | grep -i -e tsc -e clocksource",
			      "the host's clock is %s, not the TSC: guest time is the host's clock, and guests see no stable kvmclock",
			      name);
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "clocksource", NULL,
			      "the host's clock is the TSC");
}

static void check_scaling(struct kt_doctor *doctor)
{
	if (cpu_has(doctor, "flags", "tsc_scale") || cpu_has(doctor, "vmx flags", "tsc_scaling"))
		kt_doctor_say(doctor, KT_DOCTOR_OK, "tsc-scaling", NULL,
			      "a guest's TSC can have a frequency of its own");
	else
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "tsc-scaling",
			      "move guests between hosts of one TSC frequency only",
			      "the CPU does not scale a guest's TSC: one that is slower than the host's is refused, a faster one catches up at each entry");
}

/**
 * kt_doctor_check_tsc() - how good a clock is the TSC?
 * @doctor:	look at the host
 */
void kt_doctor_check_tsc(struct kt_doctor *doctor)
{
	check_flags(doctor);
	check_clocksource(doctor);
	check_scaling(doctor);
}
