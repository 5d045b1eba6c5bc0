// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's clocks on another host, whose TSC has another frequency:
 *
 *	move_test save FILE	on the one
 *	move_test load FILE	on the other
 *
 * There the guest's TSC keeps its frequency, by scaling, and all clocks go on. Without FILE both
 * are done here, of a guest with another frequency than the host's.
 */
#include "clock_vm.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define NR_VCPUS	2
#define ROOM		65536
/* A cycle, and a nanosecond, are less than a part in 10^9 of that. */
#define RUN_NS		(20 * KT_NSEC_PER_SEC)
#define LOOK_NS		(10 * NS_PER_MS)
#define PPB		1000000000ULL

/* One of them is disturbed by nothing. */
#define NR_LOOKS	1000

#define ALL_DEVICES	(KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET | KVM_TIMERS_LAPIC | \
			 KVM_TIMERS_KVMCLOCK | KVM_TIMERS_TSC)

static const char *file;
static bool is_saving;

union buffer {
	struct kvm_timers_record	rec;
	uint8_t				bytes[ROOM];
};

static int create(struct kt_vmm *vm)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= NR_VCPUS,
		.devices	= ALL_DEVICES,
		.clock_rate	= KVM_TIMERS_CLOCK_TSC,
	};

	return kt_vmm_create(vm, &config);
}

static void get(struct kt_vmm *vm, union buffer *buffer)
{
	if (kt_host_get_record(vm->timers, buffer, sizeof(*buffer))) {
		perror("# KVM_TIMERS_GET_RECORD");
		abort();
	}
}

static bool transfer(union buffer *buffer, const char *mode)
{
	FILE *f = fopen(file, mode);
	size_t done;

	if (!f)
		return false;
	done = *mode == 'w' ? fwrite(buffer, 1, buffer->rec.size, f) :
	       fread(buffer, 1, sizeof(*buffer), f);
	return !fclose(f) && done >= sizeof(buffer->rec);
}

/* A guest that has run, and is paused. */
static bool save(union buffer *buffer, uint32_t khz)
{
	struct kt_vmm vm;
	unsigned int i;

	if (create(&vm))
		return false;
	for (i = 0; i < NR_VCPUS; i++) {
		if (khz && ioctl(vm.vcpu[i].fd, KVM_SET_TSC_KHZ, khz))
			return false;
		clock_open_page(&vm, i, MSR_SYSTEM_NEW);
	}
	clock_read(&vm, 0);
	if (kt_host_freeze(vm.timers))
		return false;
	get(&vm, buffer);
	kt_vmm_destroy(&vm);
	return true;
}

static uint64_t host_khz(void)
{
	int kvm = open(KT_HOST_DEV_KVM, O_RDWR), vm, vcpu;
	uint64_t khz;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	khz = ioctl(vcpu, KVM_GET_TSC_KHZ, 0);
	close(vcpu);
	close(vm);
	close(kvm);
	return khz;
}

/* A cycle of the host's TSC, and what its clock shows then. */
struct moment {
	uint64_t	tsc;
	uint64_t	ns;
};

static struct moment look(void)
{
	uint64_t from, ns, bracket, least = UINT64_MAX;
	struct moment best = { };
	unsigned int i;

	for (i = 0; i < NR_LOOKS; i++) {
		from = clock_host_tsc();
		ns = kt_host_now();
		bracket = clock_host_tsc() - from;
		if (bracket < least) {
			least = bracket;
			best = (struct moment){ from, ns };
		}
	}
	return best;
}

/*
 * How far a number of cycles in so many ns by the host's clock is off so many kHz, in parts of
 * 10^9. That clock's own rate is a rounded one, off by up to a few of them: it is taken by what it
 * does between two moments, and the frequency that the host has found its TSC to have.
 */
static uint64_t ppb_off(uint64_t cycles, uint64_t ns, uint64_t khz, const struct moment *from,
			const struct moment *to, uint64_t host_khz)
{
	long double host_ns = (long double)(to->tsc - from->tsc) * NS_PER_MS / host_khz;
	long double true_ns = ns * host_ns / (to->ns - from->ns);

	return fabsl(cycles * (long double)NS_PER_MS / (khz * true_ns) - 1) * PPB;
}

FIXTURE(move) {
};

FIXTURE_SETUP(move)
{
}

FIXTURE_TEARDOWN(move)
{
}

TEST_F_TIMEOUT(move, goes_on, 300)
{
	static union buffer record, first, second;
	uint64_t khz, is_khz, ns, last = 0, until, backs = 0, before, after, passed_ns;
	struct moment from, to;
	unsigned int looks = 0;
	struct kt_vmm vm;

	if (kt_host_plain())
		SKIP(return, "KVM has no such calls");
	khz = host_khz();
	if (file && is_saving) {
		ASSERT_EQ(true, save(&record, 0));
		ASSERT_EQ(true, transfer(&record, "w"));
		printf("# saved at %u kHz\n", record.rec.vcpu[0].tsc_khz);
		return;
	}

	ASSERT_EQ(0, create(&vm));
	if (ioctl(vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) <= 0)
		SKIP(return, "this CPU cannot scale a TSC");
	ASSERT_EQ(true, file ? transfer(&record, "r") : save(&record, khz / 5 * 4));
	ASSERT_NE(khz, record.rec.vcpu[0].tsc_khz);
	printf("# a guest of %u kHz on a host of %lu kHz\n", record.rec.vcpu[0].tsc_khz, khz);
	fflush(stdout);

	ASSERT_EQ(0, kt_host_set_record(vm.timers, &record, record.rec.size, 0));
	before = kt_host_now();
	ASSERT_EQ(0, kt_host_thaw(vm.timers, KVM_TIMERS_GAP_STOP));
	is_khz = ioctl(vm.vcpu[1].fd, KVM_GET_TSC_KHZ, 0);
	EXPECT_EQ(record.rec.vcpu[1].tsc_khz, is_khz);
	clock_open_page(&vm, 0, MSR_SYSTEM_NEW);
	clock_open_page(&vm, 1, MSR_SYSTEM_NEW);
	ns = clock_read(&vm, 0);
	after = kt_host_now();
	EXPECT_GE(ns, record.rec.kvmclock_ns);
	EXPECT_LE(ns, record.rec.kvmclock_ns + (after - before) + (after - before) / 1000);
	EXPECT_GE(clock_vcpu(&vm, 0)->to, record.rec.vcpu[0].tsc);
	/* The line is the same one, of the guest's own TSC. */
	EXPECT_EQ(record.rec.line_mul, clock_pv(&vm, 0)->mul);
	EXPECT_EQ(record.rec.line_tsc, clock_pv(&vm, 0)->tsc_timestamp);

	from = look();
	get(&vm, &first);
	until = kt_host_now() + RUN_NS;
	while (kt_host_now() < until) {
		ns = clock_read(&vm, looks++ % NR_VCPUS);
		backs += ns < last;
		last = ns;
		kt_host_pass(LOOK_NS);
	}
	get(&vm, &second);
	to = look();
	EXPECT_EQ(0, backs);
	/* The guest's TSC by the host's clock: as many kHz as it was born with. */
	passed_ns = second.rec.boot_ns - first.rec.boot_ns;
	before = ppb_off(second.rec.vcpu[0].tsc - first.rec.vcpu[0].tsc, passed_ns,
			 record.rec.vcpu[0].tsc_khz, &from, &to, khz);
	/* And guest time by the same. */
	after = ppb_off(second.rec.guest_ns - first.rec.guest_ns, passed_ns, NS_PER_MS, &from, &to,
			khz);
	printf("# over %lu ns the TSC's rate is off by %lu ppb, guest time's by %lu ppb\n",
	       (unsigned long)passed_ns, before, after);
	fflush(stdout);
	EXPECT_LT(before, 1);
	EXPECT_LT(after, 1);
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	if (argc > 2) {
		is_saving = !strcmp(argv[1], "save");
		file = argv[2];
	}
	return harness_main(argc, argv);
}
