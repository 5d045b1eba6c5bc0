// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-timers doctor: the kernel, the module's file, and whether the one takes the other.
 */
#include "doctor.h"

#include <limits.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* By the variable's GUID, that of EFI's global ones. */
#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* The variable's attributes, before its value. */
#define EFI_ATTRIBUTES	4

static const char * const options[] = {
	"CONFIG_DYNAMIC_FTRACE_WITH_ARGS",
	"CONFIG_KPROBES",
	"CONFIG_KALLSYMS_ALL",
	"CONFIG_DEBUG_INFO_BTF_MODULES",
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static void check_release(struct kt_doctor *doctor)
{
	const char *release = doctor->release;
	bool is_6_1 = !strncmp(release, "6.1.", 4), is_6_12 = !strncmp(release, "6.12.", 5);
	const char *remedy = "boot Debian's 6.1 (linux-image-amd64) or its 6.12 for Debian 12";

	if (!is_6_1 && !is_6_12)
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "kernel", remedy,
			      "%s is not supported", release);
	else if (ends_with(release, "-rt-amd64"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "kernel", remedy,
			      "%s is not supported: PREEMPT_RT", release);
	else if (ends_with(release, "-cloud-amd64") ||
		 !ends_with(release, is_6_1 ? "-amd64" : "+deb12-amd64"))
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "kernel", remedy,
			      "%s is none of Debian's that were tested", release);
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "kernel", NULL, "%s is supported", release);
}

/* Return: the configuration's path, NULL if there is none. */
static const char *config_path(const struct kt_doctor *doctor, char *path, size_t room)
{
	snprintf(path, room, "/boot/config-%s", doctor->release);
	if (kt_doctor_exists(doctor, path))
		return path;
	snprintf(path, room, "/lib/modules/%s/build/.config", doctor->release);

	return kt_doctor_exists(doctor, path) ? path : NULL;
}

static bool has_option(const struct kt_doctor *doctor, const char *path, const char *option)
{
	char value[8];

	return kt_doctor_field(doctor, path, option, value, sizeof(value)) && !strcmp(value, "y");
}

static void check_config(struct kt_doctor *doctor)
{
	char room[PATH_MAX];
	const char *path = config_path(doctor, room, sizeof(room));
	unsigned int i, missing = 0;

	if (!path) {
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "config",
			      "install the kernel's package, or its headers",
			      "no configuration of this kernel in /boot or with its headers");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (has_option(doctor, path, options[i]))
			continue;
		missing++;
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "config",
			      "boot a kernel of Debian's, which has it",
			      "the kernel is built without %s", options[i]);
	}
	if (!missing)
		kt_doctor_say(doctor, KT_DOCTOR_OK, "config", NULL,
			      "ftrace, kprobes, symbols and BTF are built in");
}

static void check_btf(struct kt_doctor *doctor)
{
	if (!kt_doctor_exists(doctor, "/sys/kernel/btf/vmlinux"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "btf",
			      "boot a kernel with CONFIG_DEBUG_INFO_BTF, as Debian's are",
			      "no /sys/kernel/btf/vmlinux: the layout of KVM's structures is not known");
	else if (kt_doctor_exists(doctor, "/sys/module/kvm") &&
		 !kt_doctor_exists(doctor, "/sys/kernel/btf/kvm"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "btf",
			      "use the kvm.ko that came with the kernel",
			      "no /sys/kernel/btf/kvm: the layout of KVM's structures is not known");
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "btf", NULL,
			      "the layout of KVM's structures is known");
}

static void check_ftrace(struct kt_doctor *doctor)
{
	char value[8];

	if (!kt_doctor_read(doctor, "/proc/sys/kernel/ftrace_enabled", value, sizeof(value)))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "ftrace",
			      "boot a kernel with CONFIG_FUNCTION_TRACER, as Debian's are",
			      "no kernel.ftrace_enabled: functions cannot be redirected");
	else if (strcmp(value, "1"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "ftrace",
			      "sysctl kernel.ftrace_enabled=1",
			      "function tracing is switched off");
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "ftrace", NULL, "function tracing is on");
}

/**
 * kt_doctor_check_kernel() - is it one that the module can be loaded into?
 * @doctor:	look at the host
 */
void kt_doctor_check_kernel(struct kt_doctor *doctor)
{
	check_release(doctor);
	check_config(doctor);
	check_btf(doctor);
	check_ftrace(doctor);
}

static void check_headers(struct kt_doctor *doctor)
{
	const char *remedy = "apt install linux-headers-$(uname -r)";
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", doctor->release);
	if (kt_doctor_exists(doctor, path))
		kt_doctor_say(doctor, KT_DOCTOR_OK, "headers", NULL,
			      "those of the running kernel are there");
	else if (doctor->installed)
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "headers", remedy,
			      "none of the running kernel: the module cannot be built anew");
	else
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "headers", remedy,
			      "none of the running kernel: the module cannot be built");
}

static void check_file(struct kt_doctor *doctor)
{
	size_t len = strlen(doctor->release);
	char vermagic[256];

	doctor->installed = kt_doctor_modinfo(doctor, "vermagic", vermagic, sizeof(vermagic));
	if (!doctor->installed)
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "module",
			      "make KVER=$(uname -r) && make install",
			      "not installed for the running kernel");
	else if (strncmp(vermagic, doctor->release, len) || vermagic[len] != ' ')
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "module",
			      "make KVER=$(uname -r) && make install",
			      "built for another kernel: %s", vermagic);
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "module",
			      doctor->loaded ? NULL : "modprobe kvm_timers", "installed, %s",
			      doctor->loaded ? "loaded" : "not loaded");
}

static bool is_secure_boot(const struct kt_doctor *doctor)
{
	FILE *file = kt_doctor_open(doctor, SECURE_BOOT);
	unsigned char value[EFI_ATTRIBUTES + 1];
	bool done;

	if (!file)
		return false;
	done = fread(value, sizeof(value), 1, file) == 1;
	fclose(file);

	return done && value[EFI_ATTRIBUTES] == 1;
}

/* Return: why the kernel takes signed modules only, NULL if it does not. */
static const char *why_signed(const struct kt_doctor *doctor)
{
	char room[PATH_MAX], modes[64] = "";
	const char *config = config_path(doctor, room, sizeof(room));

	/* The mode in force stands in brackets. */
	kt_doctor_read(doctor, "/sys/kernel/security/lockdown", modes, sizeof(modes));
	if (kt_doctor_has_word(modes, "[integrity]") ||
	    kt_doctor_has_word(modes, "[confidentiality]"))
		return is_secure_boot(doctor) ? "lockdown, by Secure Boot" : "lockdown";
	if (config && has_option(doctor, config, "CONFIG_MODULE_SIG_FORCE"))
		return "CONFIG_MODULE_SIG_FORCE";
	if (kt_doctor_is(doctor, "/sys/module/module/parameters/sig_enforce", "Y"))
		return "module.sig_enforce";

	return NULL;
}

static void check_signature(struct kt_doctor *doctor)
{
	const char *sign = "sign it, as DKMS does, and enroll the key: mokutil --import mok.pub";
	const char *why = why_signed(doctor);
	char signer[128];

	if (!why)
		kt_doctor_say(doctor, KT_DOCTOR_OK, "signature", NULL,
			      "none is asked for: Secure Boot is %s, and no lockdown",
			      is_secure_boot(doctor) ? "on" : "off");
	else if (!doctor->installed)
		kt_doctor_say(doctor, KT_DOCTOR_WARNING, "signature", sign,
			      "the kernel takes signed modules only: %s", why);
	else if (!kt_doctor_modinfo(doctor, "signer", signer, sizeof(signer)))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "signature", sign,
			      "the kernel takes signed modules only (%s), and this one is not", why);
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "signature",
			      doctor->loaded ? NULL : "see that its key is enrolled: mokutil --list-enrolled",
			      "asked for (%s), and there: by %s", why, signer);
}

static void check_device(struct kt_doctor *doctor)
{
	if (!doctor->loaded)
		return;

	if (!kt_doctor_exists(doctor, "/dev/kvm_timers"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "device", "udevadm trigger, or reboot",
			      "the module is loaded, but there is no /dev/kvm_timers");
	else if (!kt_doctor_may_open(doctor, "/dev/kvm_timers"))
		kt_doctor_say(doctor, KT_DOCTOR_FAULT, "device",
			      "be root or in the group kvm; see that 60-kvm-timers.rules is installed",
			      "no permission to open /dev/kvm_timers");
	else
		kt_doctor_say(doctor, KT_DOCTOR_OK, "device", NULL, "/dev/kvm_timers can be opened");
}

/**
 * kt_doctor_check_module() - can it be built, is it there, and will the kernel take it?
 * @doctor:	look at the host; gets where the module is
 */
void kt_doctor_check_module(struct kt_doctor *doctor)
{
	doctor->loaded = kt_doctor_exists(doctor, "/sys/module/kvm_timers");
	check_file(doctor);
	check_headers(doctor);
	check_signature(doctor);
	check_device(doctor);
}
