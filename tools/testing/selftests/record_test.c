// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a VM: set again it changes nothing; set later, or on another VM, all clocks go
 * on where they were, or where they would be by now; and what is no record is refused.
 */
#include "clock_vm.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define NR_VCPUS	2
#define GAP_NS		(50 * NS_PER_MS)
#define ROOM		65536
#define FLIPS		2000
/* Rounded once where it was read, and once where it was set. */
#define ROUNDED_NS	2

#define ALL_DEVICES	(KVM_TIMERS_PIT | KVM_TIMERS_RTC | KVM_TIMERS_HPET | KVM_TIMERS_LAPIC | \
			 KVM_TIMERS_KVMCLOCK | KVM_TIMERS_TSC)

#define WITH_STATE	(ALL_DEVICES & ~(KVM_TIMERS_KVMCLOCK | KVM_TIMERS_TSC))

union buffer {
	struct kvm_timers_record	rec;
	uint8_t				bytes[ROOM];
};

FIXTURE(record) {
	struct kt_vmm vm;
	union buffer *first;
	union buffer *second;
};

FIXTURE_VARIANT(record) {
	uint32_t rate;
};

FIXTURE_VARIANT_ADD(record, host) {
	.rate = KVM_TIMERS_CLOCK_HOST,
};

FIXTURE_VARIANT_ADD(record, tsc) {
	.rate = KVM_TIMERS_CLOCK_TSC,
};

static int create(struct kt_vmm *vm, unsigned int nr_vcpus, uint32_t devices, uint32_t rate)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= nr_vcpus,
		.devices	= devices,
		.clock_rate	= rate,
	};

	return kt_vmm_create(vm, &config);
}

FIXTURE_SETUP(record)
{
	unsigned int i;

	ASSERT_EQ(0, create(&self->vm, NR_VCPUS, ALL_DEVICES, variant->rate));
	for (i = 0; i < NR_VCPUS; i++)
		clock_open_page(&self->vm, i, MSR_SYSTEM_NEW);
	clock_read(&self->vm, 0);
	self->first = calloc(1, sizeof(*self->first));
	self->second = calloc(1, sizeof(*self->second));
	ASSERT_NE(NULL, self->first);
	ASSERT_NE(NULL, self->second);
}

FIXTURE_TEARDOWN(record)
{
	free(self->first);
	free(self->second);
	kt_vmm_destroy(&self->vm);
}

static int get(struct kt_vmm *vm, union buffer *buffer)
{
	return kt_host_get_record(vm->timers, buffer, sizeof(*buffer));
}

static int set(struct kt_vmm *vm, const union buffer *buffer)
{
	return kt_host_set_record(vm->timers, buffer, buffer->rec.size,
				  KVM_TIMERS_RECORD_SAME_BOOT);
}

/* All but where the host's clocks were, and by which page the same guest time goes on. */
static bool same_state(const struct kvm_timers_record *a, const struct kvm_timers_record *b)
{
	size_t devices = offsetof(struct kvm_timers_record, tick);

	return a->size == b->size && a->guest_ns == b->guest_ns &&
	       a->kvmclock_ns == b->kvmclock_ns &&
	       !memcmp((char *)a + devices, (char *)b + devices, a->size - devices);
}

TEST_F(record, reads_what_is_set)
{
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, get(&self->vm, self->first));
	EXPECT_EQ(ALL_DEVICES, self->first->rec.devices);
	EXPECT_EQ(WITH_STATE, self->first->rec.active);
	EXPECT_EQ(NR_VCPUS, self->first->rec.nr_vcpus);
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, get(&self->vm, self->second));
	EXPECT_EQ(0, memcmp(self->first, self->second, sizeof(*self->first)));

	ASSERT_EQ(0, set(&self->vm, self->first));
	ASSERT_EQ(0, get(&self->vm, self->second));
	EXPECT_EQ(true, same_state(&self->first->rec, &self->second->rec));
	EXPECT_EQ(self->first->rec.lag_ns, self->second->rec.lag_ns);
	if (variant->rate == KVM_TIMERS_CLOCK_TSC) {
		EXPECT_EQ(self->first->rec.line_tsc, self->second->rec.line_tsc);
		EXPECT_EQ(self->first->rec.line_ns, self->second->rec.line_ns);
		EXPECT_EQ(self->first->rec.line_mul, self->second->rec.line_mul);
	}
}

/* One instant: what the guest's page says of the first vCPU's TSC is what kvmclock shows. */
TEST_F(record, is_one_instant)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, get(&self->vm, self->first));
		EXPECT_EQ(self->first->rec.kvmclock_ns,
			  clock_at(clock_pv(&self->vm, 0), self->first->rec.vcpu[0].tsc));
		EXPECT_EQ(self->first->rec.vcpu[0].tsc, self->first->rec.vcpu[1].tsc);
	}
}

/* vCPUs are in the order of their ids, and the first of them tells the line by its own TSC. */
TEST_F(record, by_ids)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= NR_VCPUS,
		.ids_descend	= true,
		.devices	= ALL_DEVICES,
		.clock_rate	= variant->rate,
	};
	const struct kvm_timers_record *rec = &self->first->rec;
	struct clock_pv line = { };
	struct kt_vmm other;
	unsigned int i;

	ASSERT_EQ(0, kt_vmm_create(&other, &config));
	for (i = 0; i < NR_VCPUS; i++)
		clock_wrmsr(&other, i, MSR_TSC_ADJUST, (uint64_t)(NR_VCPUS - 1 - i) << 40);
	ASSERT_EQ(0, kt_host_freeze(other.timers));
	ASSERT_EQ(0, get(&other, self->first));
	for (i = 0; i < NR_VCPUS; i++) {
		EXPECT_EQ(i, rec->vcpu[i].id);
		EXPECT_EQ((uint64_t)i << 40, rec->vcpu[i].tsc_adjust);
		EXPECT_EQ((uint64_t)i << 40, rec->vcpu[i].tsc - rec->vcpu[0].tsc);
	}
	line.tsc_timestamp = rec->line_tsc;
	line.system_time = rec->line_ns;
	line.mul = rec->line_mul;
	line.shift = rec->line_shift;
	EXPECT_EQ(rec->guest_ns, clock_at(&line, rec->vcpu[0].tsc));

	ASSERT_EQ(0, set(&other, self->first));
	ASSERT_EQ(0, get(&other, self->second));
	EXPECT_EQ(true, same_state(rec, &self->second->rec));
	kt_vmm_destroy(&other);
}

/* The time since never happened. */
TEST_F(record, stop)
{
	uint64_t before, after, ns, tsc;

	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, get(&self->vm, self->first));
	kt_host_pass(GAP_NS);
	clock_read(&self->vm, 0);
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, set(&self->vm, self->first));
	kt_host_pass(GAP_NS);
	before = kt_host_now();
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	ns = clock_read(&self->vm, 0);
	tsc = clock_vcpu(&self->vm, 0)->to;
	after = kt_host_now();
	EXPECT_GE(ns, self->first->rec.kvmclock_ns);
	EXPECT_LE(ns, self->first->rec.kvmclock_ns + (after - before) + (after - before) / 1000);
	EXPECT_GE(tsc, self->first->rec.vcpu[0].tsc);
	EXPECT_LE(tsc, self->first->rec.vcpu[0].tsc +
		  (after - before) * (self->first->rec.vcpu[0].tsc_khz / 1000 + 1) / 999);
}

/* All clocks are where they would be by now: to a nanosecond, and a cycle, of what has passed. */
TEST_F(record, jump)
{
	int64_t passed, went;

	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, get(&self->vm, self->first));
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, set(&self->vm, self->first));
	kt_host_pass(GAP_NS);
	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_JUMP));
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, get(&self->vm, self->second));
	passed = self->second->rec.boot_ns - self->first->rec.boot_ns;
	went = self->second->rec.guest_ns - self->first->rec.guest_ns;
	EXPECT_GE(passed, 2 * GAP_NS);
	/* Between thaw and freeze the two rates may differ by a part in a thousand. */
	EXPECT_LE(clock_distance(went, passed), ROUNDED_NS + 100);
	printf("# jump: %ld ns went while %ld ns passed\n", went, passed);
	fflush(stdout);
	went = self->second->rec.vcpu[0].tsc - self->first->rec.vcpu[0].tsc;
	EXPECT_LE(clock_distance(went * NS_PER_MS / self->first->rec.vcpu[0].tsc_khz, passed),
		  passed / 1000);
}

/* Another VM goes on where the first one was. */
TEST_F(record, moves)
{
	uint64_t before, after, ns;
	struct kt_vmm other;
	struct clock_pv pv;

	clock_wrmsr(&self->vm, 1, MSR_TSC_ADJUST, 4096);
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, get(&self->vm, self->first));
	kt_host_pass(GAP_NS);

	ASSERT_EQ(0, create(&other, NR_VCPUS, ALL_DEVICES, KVM_TIMERS_CLOCK_DEFAULT));
	ASSERT_EQ(0, set(&other, self->first));
	ASSERT_EQ(0, get(&other, self->second));
	EXPECT_EQ(true, same_state(&self->first->rec, &self->second->rec));
	before = kt_host_now();
	ASSERT_EQ(0, kt_host_thaw(other.timers, KVM_TIMERS_GAP_STOP));
	clock_open_page(&other, 0, MSR_SYSTEM_NEW);
	ns = clock_read(&other, 0);
	after = kt_host_now();
	EXPECT_GE(ns, self->first->rec.kvmclock_ns);
	EXPECT_LE(ns, self->first->rec.kvmclock_ns + (after - before) + (after - before) / 1000);
	EXPECT_EQ(4096, clock_rdmsr(&other, 1, MSR_TSC_ADJUST));
	EXPECT_EQ(4096, clock_offset(other.vcpu[1].fd) - clock_offset(other.vcpu[0].fd));
	pv = *clock_pv(&other, 0);
	if (variant->rate == KVM_TIMERS_CLOCK_TSC) {
		EXPECT_EQ(clock_pv(&self->vm, 0)->tsc_timestamp, pv.tsc_timestamp);
		EXPECT_EQ(clock_pv(&self->vm, 0)->system_time, pv.system_time);
		EXPECT_EQ(clock_pv(&self->vm, 0)->mul, pv.mul);
	}
	kt_vmm_destroy(&other);
}

/* What KVM_SET_CLOCK says is the record's kvmclock ends the pause, as on the host it came from. */
TEST_F(record, vmm_goes_on)
{
	struct kvm_clock_data data = { };
	struct kvm_timers_status status;
	uint64_t ns;

	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_CLOCK, &data));
	ASSERT_EQ(0, get(&self->vm, self->first));
	EXPECT_EQ(data.clock, self->first->rec.kvmclock_ns);
	clock_read(&self->vm, 0);
	ASSERT_EQ(0, set(&self->vm, self->first));
	kt_host_pass(GAP_NS);
	data.flags = 0;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_CLOCK, &data));
	ns = clock_read(&self->vm, 0);
	EXPECT_GE(ns, data.clock);
	EXPECT_LE(ns, data.clock + GAP_NS);
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(0, status.clock_sets);
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
}

static void *run(void *arg)
{
	clock_on(arg, 1, CLOCK_RUN, 0, 0);
	return NULL;
}

#define EXPECT_REFUSED(err, call) do {	\
	errno = 0;			\
	EXPECT_EQ(-1, call);		\
	EXPECT_EQ(err, errno);		\
} while (0)

TEST_F_TIMEOUT(record, refused, 300)
{
	struct kvm_timers_record_call arg = { .size = sizeof(arg) };
	struct kvm_timers_record *rec = &self->second->rec;
	struct kvm_timers_status status;
	struct kt_vmm other;
	pthread_t thread;

	/* How much room it takes. */
	EXPECT_REFUSED(ENOSPC, ioctl(self->vm.timers, KVM_TIMERS_GET_RECORD, &arg));
	ASSERT_EQ(0, get(&self->vm, self->first));
	EXPECT_EQ(self->first->rec.size, arg.length);
	EXPECT_REFUSED(EFAULT, ioctl(self->vm.timers, KVM_TIMERS_GET_RECORD, &arg));
	arg.flags = 2;
	EXPECT_REFUSED(EINVAL, ioctl(self->vm.timers, KVM_TIMERS_GET_RECORD, &arg));
	EXPECT_REFUSED(EINVAL, ioctl(self->vm.timers, KVM_TIMERS_SET_RECORD, &arg));
	arg.flags = 0;
	arg.size--;
	EXPECT_REFUSED(E2BIG, ioctl(self->vm.timers, KVM_TIMERS_SET_RECORD, &arg));

	EXPECT_REFUSED(EBADMSG, kt_host_set_record(self->vm.timers, self->first, 0, 0));
	EXPECT_REFUSED(EBADMSG, kt_host_set_record(self->vm.timers, self->first, UINT32_MAX, 0));
	EXPECT_REFUSED(EBADMSG, kt_host_set_record(self->vm.timers, self->first, arg.length - 1, 0));
	EXPECT_REFUSED(EFAULT, kt_host_set_record(self->vm.timers, NULL, arg.length, 0));
	*self->second = *self->first;
	rec->version++;
	EXPECT_REFUSED(EPROTO, set(&self->vm, self->second));
	*self->second = *self->first;
	rec->tick[0].catchup_max_rate_pct = 100000;
	EXPECT_REFUSED(ERANGE, set(&self->vm, self->second));
	*self->second = *self->first;
	rec->hpet.route_cap ^= 1;
	EXPECT_REFUSED(EXDEV, set(&self->vm, self->second));
	*self->second = *self->first;
	rec->vcpu[1].id = 77;
	EXPECT_REFUSED(EXDEV, set(&self->vm, self->second));
	*self->second = *self->first;
	rec->vcpu[1].tmict = 12345;
	EXPECT_REFUSED(ESTALE, set(&self->vm, self->second));

	ASSERT_EQ(0, create(&other, 1, ALL_DEVICES, variant->rate));
	EXPECT_REFUSED(EXDEV, set(&other, self->first));
	kt_vmm_destroy(&other);
	ASSERT_EQ(0, create(&other, NR_VCPUS, ALL_DEVICES & ~KVM_TIMERS_RTC, variant->rate));
	EXPECT_REFUSED(EXDEV, set(&other, self->first));
	kt_vmm_destroy(&other);

	/* Nothing of all that has changed anything. */
	ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
	EXPECT_EQ(KVM_TIMERS_CLOCK_BY_TSC, status.clock_flags);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, &self->vm));
	clock_wait_for_run(&self->vm);
	EXPECT_REFUSED(EBUSY, set(&self->vm, self->first));
	/* That runs is no reason not to be read. */
	EXPECT_EQ(0, get(&self->vm, self->second));
	clock_page(&self->vm)->stop = 1;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, clock_vcpu(&self->vm, 1)->val);
}

/* Any bit of it may be another one: refused, or a state with which all goes on. */
TEST_F_TIMEOUT(record, flipped, 600)
{
	uint64_t seed = 0x7265636f7264ULL, before;
	struct kvm_timers_status status;
	unsigned int i, bit, taken = 0;

	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, get(&self->vm, self->first));
	for (i = 0; i < FLIPS; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		*self->second = *self->first;
		bit = seed % (self->first->rec.size * 8);
		self->second->bytes[bit / 8] ^= 1 << bit % 8;
		if (set(&self->vm, self->second)) {
			ASSERT_NE(EFAULT, errno);
			continue;
		}
		taken++;
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &status));
		EXPECT_EQ(true, kt_host_conserved(&status));
		ASSERT_EQ(0, get(&self->vm, self->second));
		if (taken % 16 == 0) {
			ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
			before = clock_read(&self->vm, 0);
			EXPECT_GE(clock_read(&self->vm, 1) - before, 0);
		}
	}
	printf("# of %u records with a wrong bit %u are states\n", FLIPS, taken);
	fflush(stdout);
	EXPECT_GE(taken, FLIPS / 100);
	EXPECT_LE(taken, FLIPS - FLIPS / 10);
	ASSERT_EQ(0, set(&self->vm, self->first));
	ASSERT_EQ(0, get(&self->vm, self->second));
	EXPECT_EQ(true, same_state(&self->first->rec, &self->second->rec));
}

int main(int argc, char **argv)
{
	kt_host_require_module();
	return harness_main(argc, argv);
}
