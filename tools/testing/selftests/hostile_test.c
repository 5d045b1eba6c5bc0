// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile guest hurts nobody: random accesses of all widths in and around the
 * ports of the PIT and the RTC, in the page of the HPET and to the registers of the
 * LAPIC timer, interrupts on. It survives, its timer works afterwards, its account is
 * right, what it has left its devices in is a record that can be set again, and (for the
 * runner to judge) the host's log stays clean.
 *
 *	hostile_test [ACCESSES [SEED [DEVICES]]]
 *
 * ACCESSES are those of each of the guests; a string instruction makes many. DEVICES are
 * those that they get at: pit, rtc, hpet, lapic, with commas between; all by default.
 */
#include <stddef.h>
#include <string.h>

#include "harness.h"
#include "hostile_cmds.h"

#define ACCESSES		200000
#define SEED			0x8254

#define HOSTILE_TIMEOUT		3600
#define RECORD_ROOM		16384

static unsigned long accesses = ACCESSES;
static unsigned long seed = SEED;
static unsigned int devices = HOSTILE_PIT | HOSTILE_RTC | HOSTILE_HPET | HOSTILE_LAPIC;

static const struct {
	const char		*name;
	enum hostile_device	bit;
} hostile_devices[] = {
	[KVM_TIMERS_DEVICE_PIT]		= { "pit", HOSTILE_PIT },
	[KVM_TIMERS_DEVICE_RTC]		= { "rtc", HOSTILE_RTC },
	[KVM_TIMERS_DEVICE_HPET]	= { "hpet", HOSTILE_HPET },
	[KVM_TIMERS_DEVICE_LAPIC]	= { "lapic", HOSTILE_LAPIC },
};

FIXTURE(hostile) {
	struct kt_vmm vm;
};

FIXTURE_VARIANT(hostile) {
	enum kt_pin pin;
	uint32_t policy;
};

FIXTURE_VARIANT_ADD(hostile, pic_catchup) {
	.pin = KT_PIN_PIC,
	.policy = KVM_TIMERS_POLICY_CATCHUP,
};

FIXTURE_VARIANT_ADD(hostile, ioapic_merge) {
	.pin = KT_PIN_IOAPIC_2,
	.policy = KVM_TIMERS_POLICY_MERGE,
};

FIXTURE_SETUP(hostile)
{
	struct kt_vmm_config config = {
		.devices	= KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET |
				  KVM_TIMERS_LAPIC | KVM_TIMERS_TSC | KVM_TIMERS_KVMCLOCK,
		.policy		= { .policy = variant->policy },
	};

	ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));
}

FIXTURE_TEARDOWN(hostile)
{
	kt_vmm_destroy(&self->vm);
}

/* Whatever it was that the guest did: read, set and read, the devices are the same. */
static bool record_comes_back(struct kt_vmm *vm)
{
	static char first[RECORD_ROOM], second[RECORD_ROOM];
	struct kvm_timers_record *a = (void *)first, *b = (void *)second;
	size_t devices = offsetof(struct kvm_timers_record, tick), i;
	bool same = true;

	if (kt_host_freeze(vm->timers) ||
	    kt_host_get_record(vm->timers, first, sizeof(first)) ||
	    kt_host_set_record(vm->timers, first, a->size, 0) ||
	    kt_host_get_record(vm->timers, second, sizeof(second))) {
		perror("# record");
		return false;
	}
	for (i = devices; i < a->size; i += sizeof(uint64_t)) {
		if (!memcmp(first + i, second + i, sizeof(uint64_t)))
			continue;
		printf("# record: byte %zu: %#llx is set, %#llx comes back\n", i,
		       *(unsigned long long *)(first + i), *(unsigned long long *)(second + i));
		same = false;
	}
	fflush(stdout);
	return same && a->size == b->size && a->guest_ns == b->guest_ns;
}

TEST_F_TIMEOUT(hostile, random_accesses, HOSTILE_TIMEOUT)
{
	struct kvm_timers_status status;
	unsigned int i;

	self->vm.shared->arg[0] = accesses;
	self->vm.shared->arg[1] = seed;
	self->vm.shared->arg[2] = variant->pin;
	self->vm.shared->arg[3] = devices & ~(kt_host_plain() ? HOSTILE_LAPIC : 0);
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_run(&self->vm, 0));
	EXPECT_GE(self->vm.shared->ticks, 10);
	if (kt_host_plain())
		return;

	EXPECT_EQ(true, record_comes_back(&self->vm));
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(true, kt_host_conserved(&status));
	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
		uint64_t served = status.device[i].reads + status.device[i].writes;

		if (!(devices & hostile_devices[i].bit))
			continue;
		printf("# %s: %llu accesses served\n", hostile_devices[i].name,
		       (unsigned long long)served);
		EXPECT_GE(served, accesses / 64);
	}
	fflush(stdout);
}

static unsigned int parse_devices(char *list)
{
	unsigned int bits = 0, i;
	char *name;

	while ((name = strsep(&list, ","))) {
		for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++) {
			if (!strcmp(name, hostile_devices[i].name))
				break;
		}
		if (i == KVM_TIMERS_NR_DEVICES)
			return 0;
		bits |= hostile_devices[i].bit;
	}
	return bits;
}

int main(int argc, char **argv)
{
	kt_host_require();
	if (argc > 1)
		accesses = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		seed = strtoul(argv[2], NULL, 0);
	if (argc > 3)
		devices = parse_devices(argv[3]);
	if (!devices) {
		fprintf(stderr, "hostile_test: no such devices: %s\n", argv[3]);
		return EXIT_FAILURE;
	}
	printf("# %lu accesses, seed %#lx\n", accesses, seed);
	return harness_main(argc, argv);
}
