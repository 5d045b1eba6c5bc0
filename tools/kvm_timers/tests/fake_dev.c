// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake /dev/kvm_timers to preload into the tool: refuses what the module must refuse, answers
 * with fixed VMs, and writes down what it was asked.
 *
 * KT_FAKE_LOG=FILE	append a line for each request
 * KT_FAKE_OPEN=ERRNO	the device cannot be opened
 * KT_FAKE_MAY=1	though its owner and mode allow it
 * KT_FAKE_FAIL=NAME=ERRNO	requests of that name fail: version adopt list open status set
 *			set_pit set_rtc set_hpet set_lapic advance budget freeze thaw gap
 *			get_record set_record
 * KT_FAKE_SIGNAL=NAME=SIGNAL	that process is sent it by requests of that name, of those
 * KT_FAKE_ABI=N	version that the module speaks
 * KT_FAKE_VMS=N	number of VMs, ids from 1 (default 2)
 * KT_FAKE_VMS_FILE=FILE	has that number, read anew for each list; -1: the list fails
 * KT_FAKE_TICKS=N	VMs from 3 on are alive: their PITs and LAPIC timers give N ticks more, times
 *			the id, for each status; VM 3 catches up
 * KT_FAKE_RATE=PCT	and so fast (default 200; 0: it has just ended)
 * KT_FAKE_STALLED=ID	this one of them is given nothing
 * KT_FAKE_HIDDEN=ID	VM that ends between list and open
 * KT_FAKE_PID=PID	process of VM 1
 * KT_FAKE_DEVICES=BITS	devices taken over of each VM
 * KT_FAKE_OFF=BITS	devices that the administrator has switched off
 * KT_FAKE_RTC_BASE=N	what the RTC of VM 1 was set from
 * KT_FAKE_RTC_TIME=S	what it shows
 * KT_FAKE_HPET_FLAGS=BITS	of VM 1
 * KT_FAKE_ADVANCE=N	how the advance of its LAPIC timers is chosen
 * KT_FAKE_CLOCK=N	rate of its clock
 * KT_FAKE_CLOCK_FLAGS=BITS	of it
 * KT_FAKE_GAP=N	what a pause is to it
 * KT_FAKE_BUDGET=HZ	no VM may have more (default 1000000)
 * KT_FAKE_VCPUS=N	vCPUs of its record (default 2)
 * KT_FAKE_FROZEN=FILE	where it is kept which VMs stand still; else each process begins anew
 */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm_timers.h>

#define MAX_FDS		1024
#define KIND_DEVICE	(-1)

#define BUDGET_MIN_HZ	100
#define BUDGET_MAX_HZ	1000000

#define RTC_LAST_S	4102444799
#define RTC_OFFSET_S	86400

/* By fd: KIND_DEVICE, the id of a VM, or 0. */
static int kinds[MAX_FDS];

/* What a variable says of a request. */
static int number_of(const char *variable, const char *name)
{
	const char *text = getenv(variable);
	size_t len = strlen(name);

	if (!text || strncmp(text, name, len) || text[len] != '=')
		return 0;

	return atoi(text + len + 1);
}

static int failure_of(const char *name)
{
	int sig = number_of("KT_FAKE_SIGNAL", name);

	if (sig)
		raise(sig);

	return number_of("KT_FAKE_FAIL", name);
}

static int new_fd(int kind, int flags)
{
	int fd = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC), 0);

	if (fd >= MAX_FDS) {
		close(fd);
		return fake_fail(EMFILE);
	}
	if (fd >= 0)
		kinds[fd] = kind;

	return fd;
}

static int check_tick(const struct kvm_timers_policy_config *tick)
{
	if (tick->policy >= KVM_TIMERS_POLICY_END)
		return -ERANGE;
	if (tick->catchup_max_rate_pct &&
	    (tick->catchup_max_rate_pct < 101 || tick->catchup_max_rate_pct > 1000))
		return -ERANGE;

	return 0;
}

static int check_rtc(const struct kvm_timers_config *config)
{
	switch (config->rtc_base) {
	case KVM_TIMERS_RTC_DEFAULT:
	case KVM_TIMERS_RTC_UTC:
		return config->rtc_time_s ? -EINVAL : 0;
	case KVM_TIMERS_RTC_LOCALTIME:
		return config->rtc_time_s < -RTC_OFFSET_S || config->rtc_time_s > RTC_OFFSET_S ?
		       -ERANGE : 0;
	case KVM_TIMERS_RTC_FIXED:
		return config->rtc_time_s < 0 || config->rtc_time_s > RTC_LAST_S ? -ERANGE : 0;
	default:
		return -ERANGE;
	}
}

static int check_advance(__u32 advance, __u32 ns)
{
	if (advance > KVM_TIMERS_ADVANCE_FIXED)
		return -ERANGE;
	if (advance != KVM_TIMERS_ADVANCE_FIXED)
		return ns ? -EINVAL : 0;

	return ns > KVM_TIMERS_ADVANCE_MAX_NS ? -ERANGE : 0;
}

static int check_budget(__u32 hz)
{
	return hz && (hz < BUDGET_MIN_HZ || hz > fake_number("KT_FAKE_BUDGET", BUDGET_MAX_HZ)) ?
	       -ERANGE : 0;
}

static void log_tick(unsigned int device, const struct kvm_timers_policy_config *tick)
{
	fake_log("tick device=%u policy=%u rate=%u limit=%u threshold=%u\n", device, tick->policy,
		tick->catchup_max_rate_pct, tick->catchup_limit_ms, tick->catchup_threshold_us);
}

static int do_adopt(const struct kvm_timers_config *config)
{
	unsigned int i;
	int ret;

	if (config->size != sizeof(*config))
		return fake_fail(E2BIG);
	if (config->flags || config->reserved)
		return fake_fail(EINVAL);
	if (config->devices & ~FAKE_ALL_DEVICES)
		return fake_fail(EOPNOTSUPP);
	if (config->devices & fake_number("KT_FAKE_OFF", 0)) {
		fake_log("refuse devices=%u\n", config->devices);
		return fake_fail(ENODEV);
	}
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (check_tick(&config->tick[i]))
			return fake_fail(-check_tick(&config->tick[i]));
	if (check_rtc(config))
		return fake_fail(-check_rtc(config));
	ret = check_advance(config->lapic_advance, config->lapic_advance_ns);
	if (ret)
		return fake_fail(-ret);

	if (config->clock_rate > KVM_TIMERS_CLOCK_TSC || config->gap > KVM_TIMERS_GAP_SLEW)
		return fake_fail(ERANGE);
	if (config->clock_rate == KVM_TIMERS_CLOCK_TSC && config->gap == KVM_TIMERS_GAP_SLEW)
		return fake_fail(EOPNOTSUPP);

	if (check_budget(config->budget_hz))
		return fake_fail(ERANGE);

	fake_log("adopt pid=%d devices=%u base=%u time=%lld\n", getpid(), config->devices,
		config->rtc_base, config->rtc_time_s);
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		log_tick(i, &config->tick[i]);
	fake_log("advance=%u ns=%u\n", config->lapic_advance, config->lapic_advance_ns);
	fake_log("clock=%u\n", config->clock_rate);
	fake_log("gap=%u\n", config->gap);
	fake_log("budget=%u\n", config->budget_hz);

	return 0;
}

static long nr_vms(void)
{
	const char *path = getenv("KT_FAKE_VMS_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;
	long nr;

	if (!file)
		return fake_number("KT_FAKE_VMS", 2);
	if (fscanf(file, "%ld", &nr) != 1)
		nr = 0;
	fclose(file);

	return nr;
}

static int do_list(struct kvm_timers_list *list)
{
	__u32 *ids = (__u32 *)(uintptr_t)list->ids;
	long nr = nr_vms();
	long i;

	if (list->size != sizeof(*list))
		return fake_fail(E2BIG);
	if (nr < 0)
		return fake_fail(ENODEV);

	for (i = 0; i < nr && i < (long)list->count; i++)
		ids[i] = i + 1;
	fake_log("list room=%u\n", list->count);
	list->count = nr;

	return 0;
}

static int do_open(unsigned long id)
{
	if (id < 1 || id > (unsigned long)nr_vms() ||
	    id == (unsigned long)fake_number("KT_FAKE_HIDDEN", 0))
		return fake_fail(ENOENT);
	fake_log("open id=%lu\n", id);

	return new_fd(id, O_CLOEXEC);
}

/* Counters no double can hold: whoever rounds them is found out. */
static const struct kvm_timers_device_status busy_pit = {
	.active			= 1,
	.policy			= KVM_TIMERS_POLICY_CATCHUP,
	.catchup_max_rate_pct	= 250,
	.catchup_limit_ms	= 60000,
	.catchup_threshold_us	= 17,
	.catchup_rate_pct	= 125,
	.period_ns		= 1000152,
	.owed			= 40,
	.reads			= 9007199254740993,
	.writes			= 8,
	.stats = {
		.due		= UINT64_MAX,
		.rescaled	= -15,
		.delivered	= UINT64_MAX - 115,
		.coalesced	= 2,
		.merged		= 3,
		.dropped	= 7,
		.given_up	= 50,
		.caught_up	= 11,
	},
	.catchup_ns		= { 1, 9007199254740999, 3000000000, 0, 5, 6, UINT64_MAX, 80000000008 },
	.late = {
		[0]	= UINT64_MAX - 121,
		[5]	= 1,
		[11]	= 2,
		[23]	= 3,
	},
};

static const struct kvm_timers_device_status busy_rtc = {
	.active			= 1,
	.policy			= KVM_TIMERS_POLICY_MERGE,
	.catchup_max_rate_pct	= 300,
	.catchup_limit_ms	= 1000,
	.catchup_threshold_us	= 18,
	.period_ns		= 122070,
	.reads			= 21,
	.writes			= 22,
	.stats			= { .due = 23, .delivered = 20, .merged = 3 },
	.late			= { [1] = 20 },
};

static const struct kvm_timers_device_status busy_hpet = {
	.active			= 1,
	.policy			= KVM_TIMERS_POLICY_DISCARD,
	.catchup_max_rate_pct	= 400,
	.catchup_limit_ms	= 2000,
	.catchup_threshold_us	= 19,
	.period_ns		= 1000000,
	.reads			= 31,
	.writes			= 32,
	.stats			= { .due = 33, .delivered = 29, .dropped = 4 },
	.late			= { [2] = 29 },
};

static const struct kvm_timers_device_status busy_lapic = {
	.active			= 1,
	.policy			= KVM_TIMERS_POLICY_CATCHUP,
	.catchup_max_rate_pct	= 500,
	.catchup_limit_ms	= 3000,
	.catchup_threshold_us	= 20,
	.catchup_rate_pct	= 1000,
	.period_ns		= 4000000,
	.owed			= 1,
	.reads			= 41,
	.writes			= 42,
	.stats			= { .due = 43, .delivered = 42, .caught_up = 5 },
	.catchup_ns		= { [3] = 2000000 },
	.late			= { [3] = 42 },
};

static const struct kvm_timers_device_status idle = {
	.policy			= KVM_TIMERS_POLICY_MERGE,
	.catchup_max_rate_pct	= 101,
	.catchup_limit_ms	= 1,
};

static void fill_busy(struct kvm_timers_status *status)
{
	status->rtc_base = fake_number("KT_FAKE_RTC_BASE", KVM_TIMERS_RTC_UTC);
	status->rtc_time_s = fake_number("KT_FAKE_RTC_TIME", 981173106);
	status->hpet_flags = fake_number("KT_FAKE_HPET_FLAGS",
					KVM_TIMERS_HPET_ENABLED | KVM_TIMERS_HPET_LEGACY);
	status->hpet_counter = UINT64_MAX - 1;
	status->hpet_period_fs = 69841279;
	status->hpet_timers = 32;
	status->lapic_vcpus = 255;
	status->lapic_advance = fake_number("KT_FAKE_ADVANCE", KVM_TIMERS_ADVANCE_AUTO);
	status->lapic_advance_ns = 1234;
	status->device[KVM_TIMERS_DEVICE_PIT] = busy_pit;
	status->device[KVM_TIMERS_DEVICE_RTC] = busy_rtc;
	status->device[KVM_TIMERS_DEVICE_HPET] = busy_hpet;
	status->device[KVM_TIMERS_DEVICE_LAPIC] = busy_lapic;
}

static void fill_clock(struct kvm_timers_status *status)
{
	status->clock_rate = fake_number("KT_FAKE_CLOCK", KVM_TIMERS_CLOCK_HOST);
	status->clock_flags = fake_number("KT_FAKE_CLOCK_FLAGS", KVM_TIMERS_CLOCK_BY_TSC);
	if (fake_is_frozen(status->id))
		status->clock_flags |= KVM_TIMERS_CLOCK_FROZEN;
	status->gap = fake_number("KT_FAKE_GAP", KVM_TIMERS_GAP_STOP);
	status->budget_hz = 4321;
	status->budget_waits = 9007199254740997;
	status->clock_thaws = 9007199254740995;
	status->clock_stopped_ns = 3000000009;
	status->clock_lag_ns = -73;
	status->clock_segments = 9007199254740993;
	status->clock_sets = 5;
	status->kvmclock_ns = 6000000007;
}

static void fill_idle(struct kvm_timers_status *status)
{
	unsigned int i;

	status->rtc_base = KVM_TIMERS_RTC_UTC;
	status->gap = KVM_TIMERS_GAP_JUMP;
	status->budget_hz = 10000;
	status->hpet_period_fs = 10000000;
	status->hpet_timers = 3;
	status->lapic_advance = KVM_TIMERS_ADVANCE_AUTO;
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		status->device[i] = idle;
}

/* Statuses so far are the time: rates are proportional to the ticks of each. */
static void fill_live(int id, struct kvm_timers_status *status)
{
	static const unsigned int devices[] = { KVM_TIMERS_DEVICE_PIT, KVM_TIMERS_DEVICE_LAPIC };
	static __u64 times[MAX_FDS];
	struct kvm_timers_device_status *dev;
	unsigned int i;
	__u64 ticks;

	times[id % MAX_FDS]++;
	ticks = times[id % MAX_FDS] * fake_number("KT_FAKE_TICKS", 0) * id;
	status->pid = fake_number("KT_FAKE_PID", 0);
	status->clock_rate = KVM_TIMERS_CLOCK_HOST;
	status->clock_flags = KVM_TIMERS_CLOCK_BY_TSC;
	status->clock_lag_ns = id;
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		dev = &status->device[devices[i]];
		dev->active = 1;
		dev->policy = KVM_TIMERS_POLICY_CATCHUP;
		dev->period_ns = 1000000;
		dev->owed = 1000 * i;
		dev->stats.due = ticks + dev->owed;
		dev->stats.delivered = id == fake_number("KT_FAKE_STALLED", 0) ? 0 : ticks;
		dev->stats.caught_up = id == 3 && i ? ticks : 0;
		dev->catchup_rate_pct = id == 3 && i ? fake_number("KT_FAKE_RATE", 200) : 0;
		/* One of fifty is late, and one was before anybody looked. */
		dev->late[3] = ticks - ticks / 50;
		dev->late[12] = ticks / 50;
		dev->late[21] = id == 3 && i ? 1 : 0;
	}
}

static int do_status(int id, struct kvm_timers_status *status)
{
	if (status->size != sizeof(*status))
		return fake_fail(E2BIG);

	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	status->id = id;
	status->devices = fake_number("KT_FAKE_DEVICES", FAKE_ALL_DEVICES);
	status->guest_ns = 12003000000004ULL * id;
	status->mem_bytes = 4096;
	status->dead = id == 2;
	status->pid = id == 1 ? fake_number("KT_FAKE_PID", 0) : 0;
	if (id == 1) {
		fill_busy(status);
		fill_clock(status);
	} else {
		fill_idle(status);
	}
	if (id > 2 && fake_number("KT_FAKE_TICKS", 0))
		fill_live(id, status);
	fake_log("status id=%d\n", id);

	return 0;
}

static int do_set(int id, const struct kvm_timers_set_policy *set)
{
	static const char * const requests[KVM_TIMERS_NR_DEVICES] = {
		"set_pit", "set_rtc", "set_hpet", "set_lapic",
	};

	if (set->size != sizeof(*set))
		return fake_fail(E2BIG);
	if (set->device >= KVM_TIMERS_NR_DEVICES)
		return fake_fail(EOPNOTSUPP);
	if (check_tick(&set->tick))
		return fake_fail(-check_tick(&set->tick));
	if (id == 2)
		return fake_fail(ESRCH);
	if (!(fake_number("KT_FAKE_DEVICES", FAKE_ALL_DEVICES) & 1U << set->device))
		return fake_fail(ENODEV);

	if (failure_of(requests[set->device]))
		return fake_fail(failure_of(requests[set->device]));

	fake_log("set id=%d device=%u policy=%u rate=%u limit=%u threshold=%u\n", id, set->device,
		set->tick.policy, set->tick.catchup_max_rate_pct, set->tick.catchup_limit_ms,
		set->tick.catchup_threshold_us);

	return 0;
}

static int do_advance(int id, const struct kvm_timers_set_advance *set)
{
	int ret;

	if (set->size != sizeof(*set))
		return fake_fail(E2BIG);
	if (set->reserved)
		return fake_fail(EINVAL);
	ret = check_advance(set->advance, set->advance_ns);
	if (ret)
		return fake_fail(-ret);
	if (id == 2)
		return fake_fail(ESRCH);
	if (!(fake_number("KT_FAKE_DEVICES", FAKE_ALL_DEVICES) & KVM_TIMERS_LAPIC))
		return fake_fail(ENODEV);

	fake_log("set id=%d advance=%u ns=%u\n", id, set->advance, set->advance_ns);

	return 0;
}

static int do_budget(int id, const struct kvm_timers_set_budget *set)
{
	if (set->size != sizeof(*set))
		return fake_fail(E2BIG);
	if (id == 2)
		return fake_fail(ESRCH);
	if (check_budget(set->budget_hz))
		return fake_fail(ERANGE);

	fake_log("budget id=%d hz=%u\n", id, set->budget_hz);

	return 0;
}

static int device_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case KVM_TIMERS_GET_VERSION:
		if (failure_of("version"))
			return fake_fail(failure_of("version"));
		return fake_number("KT_FAKE_ABI", KVM_TIMERS_ABI_VERSION);
	case KVM_TIMERS_ADOPT:
		return failure_of("adopt") ? fake_fail(failure_of("adopt")) : do_adopt(arg);
	case KVM_TIMERS_LIST:
		return failure_of("list") ? fake_fail(failure_of("list")) : do_list(arg);
	case KVM_TIMERS_OPEN:
		return failure_of("open") ? fake_fail(failure_of("open")) : do_open((unsigned long)arg);
	default:
		return fake_fail(ENOTTY);
	}
}

static int vm_ioctl(int id, unsigned long request, void *arg)
{
	switch (request) {
	case KVM_TIMERS_GET_STATUS:
		return failure_of("status") ? fake_fail(failure_of("status")) : do_status(id, arg);
	case KVM_TIMERS_SET_POLICY:
		return failure_of("set") ? fake_fail(failure_of("set")) : do_set(id, arg);
	case KVM_TIMERS_SET_ADVANCE:
		return failure_of("advance") ? fake_fail(failure_of("advance")) : do_advance(id, arg);
	case KVM_TIMERS_SET_BUDGET:
		return failure_of("budget") ? fake_fail(failure_of("budget")) : do_budget(id, arg);
	case KVM_TIMERS_FREEZE:
		return failure_of("freeze") ? fake_fail(failure_of("freeze")) : fake_freeze(id);
	case KVM_TIMERS_THAW:
		return failure_of("thaw") ? fake_fail(failure_of("thaw")) : fake_thaw(id, arg);
	case KVM_TIMERS_SET_GAP:
		return failure_of("gap") ? fake_fail(failure_of("gap")) : fake_set_gap(id, arg);
	case KVM_TIMERS_GET_RECORD:
		return failure_of("get_record") ? fake_fail(failure_of("get_record")) :
						  fake_get_record(id, arg);
	case KVM_TIMERS_SET_RECORD:
		return failure_of("set_record") ? fake_fail(failure_of("set_record")) :
						  fake_set_record(id, arg);
	default:
		return fake_fail(ENOTTY);
	}
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	if (strcmp(path, "/dev/kvm_timers"))
		return syscall(SYS_openat, dir, path, flags, mode);
	if (fake_number("KT_FAKE_OPEN", 0))
		return fake_fail(fake_number("KT_FAKE_OPEN", 0));
	fake_log("device cloexec=%d\n", !!(flags & O_CLOEXEC));

	return new_fd(KIND_DEVICE, flags);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	if (strcmp(path, "/dev/kvm_timers") || !fake_number("KT_FAKE_MAY", 0))
		return syscall(SYS_faccessat2, dir, path, mode, flags);

	return 0;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);

	return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);

	return open_any(dir, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open"), nonnull(1)));
int openat64(int dir, const char *path, int flags, ...)
	__attribute__((alias("openat"), nonnull(2)));

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	if (fd >= 0 && fd < MAX_FDS && kinds[fd] == KIND_DEVICE)
		return device_ioctl(request, arg);
	if (fd >= 0 && fd < MAX_FDS && kinds[fd] > 0)
		return vm_ioctl(kinds[fd], request, arg);

	return syscall(SYS_ioctl, fd, request, arg);
}
