// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own interface to its PIT, served by the module: the same errors, state
 * that goes round whole, and the tick's phase with it.
 */
#include <sys/ioctl.h>

#include "harness.h"
#include "pit_cmds.h"

#define MODE2			0x34
#define COUNT_1KHZ		1193
#define TICKS			20

/* 50 ms of CLK, and what drains the last interrupt. */
#define WATCH_CLKS		59659
#define WATCH_TICKS		(WATCH_CLKS / COUNT_1KHZ)
#define DRAIN_CLKS		11932

/* A slow tick, set anew in the middle of its period. */
#define SLOW_COUNT		59659
#define SLOW_TICKS		8

/* The best of SLOW_TICKS is not later than this; a lost phase is half a period late. */
#define PHASE_BOUND_NS		(20 * 1000 * 1000ULL)

#define MAX_STEPS		24

FIXTURE(state) {
	struct kt_vmm vm;
};

FIXTURE_SETUP(state)
{
	ASSERT_EQ(0, kt_vmm_create(&self->vm, NULL));
}

FIXTURE_TEARDOWN(state)
{
	kt_vmm_destroy(&self->vm);
}

static enum kt_vmm_event command(struct kt_vmm *vm, enum pit_cmd cmd, uint64_t arg1)
{
	vm->shared->arg[1] = arg1;
	return kt_vmm_command(vm, cmd);
}

static enum kt_vmm_event start(struct kt_vmm *vm, uint16_t count)
{
	vm->shared->arg[0] = KT_PIN_PIC;
	if (kt_vmm_command(vm, PIT_SETUP) != KT_VMM_DONE)
		return KT_VMM_ERROR;
	vm->shared->arg[2] = count;
	vm->shared->arg[3] = 2;
	return command(vm, PIT_PROGRAM, MODE2);
}

/* Fields that a VMM saves; the load time is the kernel's own business. */
static bool same_channels(const struct kvm_pit_channel_state *a,
			  const struct kvm_pit_channel_state *b)
{
	struct kvm_pit_channel_state x, y;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		x = a[i];
		y = b[i];
		x.count_load_time = 0;
		y.count_load_time = 0;
		if (memcmp(&x, &y, sizeof(x)))
			return false;
	}
	return true;
}

TEST_F_TIMEOUT(state, round_trip, SLOW_TIMEOUT)
{
	struct kvm_pit_state2 saved, again;

	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_SCATTER));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &saved));
	EXPECT_EQ(KVM_PIT_FLAGS_SPEAKER_DATA_ON, saved.flags);
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT2, &saved));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &again));
	EXPECT_EQ(true, same_channels(saved.channels, again.channels));
	EXPECT_EQ(saved.flags, again.flags);
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_GATHER));
}

/* The guest's memory stays behind; its PIT goes to another VM. */
TEST_F_TIMEOUT(state, to_another_vm, SLOW_TIMEOUT)
{
	struct kvm_pit_state2 saved;
	struct kt_vmm other;

	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_SCATTER));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &saved));
	ASSERT_EQ(0, kt_vmm_create(&other, NULL));
	ASSERT_EQ(0, ioctl(other.fd, KVM_SET_PIT2, &saved));
	EXPECT_EQ(KT_VMM_DONE, kt_vmm_command(&other, PIT_GATHER));
	kt_vmm_destroy(&other);
}

TEST_F_TIMEOUT(state, round_trip_old_ioctls, SLOW_TIMEOUT)
{
	struct kvm_pit_state saved, again;

	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&self->vm, PIT_SCATTER));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT, &saved));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT, &saved));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT, &again));
	EXPECT_EQ(true, same_channels(saved.channels, again.channels));
}

/* No tick comes before its place on the old grid, and the best one comes at it. */
TEST_F_TIMEOUT(state, phase_is_kept, SLOW_TIMEOUT)
{
	uint64_t period = kt_host_clks_to_ns(SLOW_COUNT), best = UINT64_MAX;
	struct kt_vmm_vcpu *vcpu = &self->vm.vcpu[0];
	uint64_t from, to, due, late, i;
	struct kvm_pit_state2 saved;

	ASSERT_EQ(KT_VMM_DONE, start(&self->vm, SLOW_COUNT));
	from = vcpu->entered_ns;
	to = vcpu->exited_ns;
	for (i = 1; i <= SLOW_TICKS; i++) {
		self->vm.shared->cmd = PIT_STAMPS;
		ASSERT_EQ(KT_VMM_SYNC, kt_vmm_run(&self->vm, 0));
		due = kt_host_clks_to_ns(i * SLOW_COUNT);
		ASSERT_GE(vcpu->exited_ns, from + due);
		/* The first one ends before any state was set. */
		late = vcpu->exited_ns > to + due ? vcpu->exited_ns - to - due : 0;
		if (i > 1 && late < best)
			best = late;

		kt_host_wait_until(to + due + period / 2);
		ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &saved));
		ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT2, &saved));
	}
	EXPECT_LE(best, PHASE_BOUND_NS);
}

/*
 * A VMM that has paused its guest writes the PIT back, with a load time by its own clock. The
 * guest's did not move: the counters are where they were.
 */
TEST_F_TIMEOUT(state, written_back_in_a_pause, SLOW_TIMEOUT)
{
	uint64_t third = kt_host_clks_to_ns(SLOW_COUNT) / 3;
	const struct kvm_timers_record *rec;
	struct kvm_timers_pit_record before;
	struct kvm_pit_state2 state;
	unsigned int i;

	ASSERT_EQ(KT_VMM_DONE, start(&self->vm, SLOW_COUNT));
	self->vm.shared->cmd = PIT_STAMPS;
	ASSERT_EQ(KT_VMM_SYNC, kt_vmm_run(&self->vm, 0));
	ASSERT_EQ(0, kt_host_freeze(self->vm.timers));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &state));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT2, &state));
	rec = kt_host_record(self->vm.timers);
	ASSERT_NE(NULL, rec);
	before = rec->pit;
	for (i = 0; i < 3; i++)
		state.channels[i].count_load_time += third;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT2, &state));
	rec = kt_host_record(self->vm.timers);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(before.ch[0].clk, rec->pit.ch[0].clk);
	EXPECT_EQ(before.ch[0].ce, rec->pit.ch[0].ce);
	EXPECT_EQ(before.ch[0].edge_ns, rec->pit.ch[0].edge_ns);

	ASSERT_EQ(0, kt_host_thaw(self->vm.timers, KVM_TIMERS_GAP_STOP));
	EXPECT_EQ(KT_VMM_SYNC, kt_vmm_run(&self->vm, 0));
}

TEST_F_TIMEOUT(state, hpet_legacy_silences, SLOW_TIMEOUT)
{
	struct kvm_timers_status before, after;
	struct kvm_pit_state2 state;
	uint64_t seen;

	ASSERT_EQ(KT_VMM_DONE, start(&self->vm, COUNT_1KHZ));
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_COUNT, TICKS));
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &state));
	EXPECT_EQ(0, state.flags & KVM_PIT_FLAGS_HPET_LEGACY);
	state.flags |= KVM_PIT_FLAGS_HPET_LEGACY;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT2, &state));
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_SETTLE, DRAIN_CLKS));
	seen = self->vm.shared->ticks;
	if (!kt_host_plain())
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &before));
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_SETTLE, WATCH_CLKS));
	EXPECT_EQ(seen, self->vm.shared->ticks);

	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_GET_PIT2, &state));
	EXPECT_EQ(KVM_PIT_FLAGS_HPET_LEGACY, state.flags & KVM_PIT_FLAGS_HPET_LEGACY);
	state.flags &= ~KVM_PIT_FLAGS_HPET_LEGACY;
	ASSERT_EQ(0, ioctl(self->vm.fd, KVM_SET_PIT2, &state));

	/* What fell due in silence is not owed. */
	if (!kt_host_plain()) {
		ASSERT_EQ(0, kt_vmm_status(&self->vm, &after));
		EXPECT_LT(after.device[KVM_TIMERS_DEVICE_PIT].stats.due,
			  before.device[KVM_TIMERS_DEVICE_PIT].stats.due + WATCH_TICKS);
	}
	ASSERT_EQ(KT_VMM_DONE, command(&self->vm, PIT_COUNT, seen + TICKS));
}

static uint32_t policy_after(struct kt_vmm *vm, uint8_t reinject)
{
	struct kvm_reinject_control control = { .pit_reinject = reinject };
	struct kvm_timers_status status;

	if (ioctl(vm->fd, KVM_REINJECT_CONTROL, &control) || kt_vmm_status(vm, &status))
		return UINT32_MAX;
	return status.device[KVM_TIMERS_DEVICE_PIT].policy;
}

/* The VMM's wish counts where the owner has none. */
TEST_F(state, reinject_control)
{
	struct kt_vmm_config chosen = { .policy = { .policy = KVM_TIMERS_POLICY_MERGE } };
	struct kt_vmm other;

	SKIP_IF_PLAIN();

	EXPECT_EQ(KVM_TIMERS_POLICY_DISCARD, policy_after(&self->vm, 0));
	EXPECT_EQ(KVM_TIMERS_POLICY_CATCHUP, policy_after(&self->vm, 1));
	EXPECT_EQ(KVM_TIMERS_POLICY_DISCARD, policy_after(&self->vm, 0));

	ASSERT_EQ(0, kt_vmm_create(&other, &chosen));
	EXPECT_EQ(KVM_TIMERS_POLICY_MERGE, policy_after(&other, 0));
	EXPECT_EQ(KVM_TIMERS_POLICY_MERGE, policy_after(&other, 1));
	kt_vmm_destroy(&other);
}

static int error_of(int ret)
{
	return ret < 0 ? errno : 0;
}

static unsigned int use_pit(int fd, int *errors)
{
	struct kvm_reinject_control control = { 0 };
	struct kvm_pit_state2 state2 = { 0 };
	struct kvm_pit_state state = { 0 };
	unsigned int n = 0;

	errors[n++] = error_of(ioctl(fd, KVM_GET_PIT, &state));
	errors[n++] = error_of(ioctl(fd, KVM_GET_PIT2, &state2));
	errors[n++] = error_of(ioctl(fd, KVM_SET_PIT, &state));
	errors[n++] = error_of(ioctl(fd, KVM_SET_PIT2, &state2));
	errors[n++] = error_of(ioctl(fd, KVM_REINJECT_CONTROL, &control));
	errors[n++] = error_of(ioctl(fd, KVM_GET_PIT, NULL));
	errors[n++] = error_of(ioctl(fd, KVM_GET_PIT2, NULL));
	errors[n++] = error_of(ioctl(fd, KVM_SET_PIT, NULL));
	errors[n++] = error_of(ioctl(fd, KVM_SET_PIT2, NULL));
	errors[n++] = error_of(ioctl(fd, KVM_REINJECT_CONTROL, NULL));
	return n;
}

static unsigned int walk(int fd, int *errors)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };
	unsigned int n = use_pit(fd, errors);

	errors[n++] = error_of(ioctl(fd, KVM_CREATE_PIT2, NULL));
	errors[n++] = error_of(ioctl(fd, KVM_CREATE_PIT2, &config));
	errors[n++] = error_of(ioctl(fd, KVM_CREATE_PIT2, &config));
	errors[n++] = error_of(ioctl(fd, KVM_CREATE_PIT, 0));
	return n + use_pit(fd, errors + n);
}

static int compare_errors(bool no_irqchip)
{
	struct kt_vmm_config config = { .pit = KT_VMM_NO_PIT, .no_irqchip = no_irqchip };
	int kvm[MAX_STEPS], ours[MAX_STEPS];
	unsigned int n, i;
	int differ = 0;
	struct kt_vmm vm;

	if (kt_vmm_create(&vm, &config))
		return -1;
	walk(vm.fd, ours);
	kt_vmm_destroy(&vm);

	config.takeover = KT_VMM_PLAIN;
	if (kt_vmm_create(&vm, &config))
		return -1;
	n = walk(vm.fd, kvm);
	kt_vmm_destroy(&vm);

	for (i = 0; i < n; i++) {
		if (kvm[i] == ours[i])
			continue;
		differ++;
		fprintf(stderr, "# step %u: KVM says %d, the module %d\n", i, kvm[i], ours[i]);
	}
	return differ;
}

TEST_F(state, errors_are_kvms)
{
	SKIP_IF_PLAIN();
	EXPECT_EQ(0, compare_errors(false));
}

TEST_F(state, errors_are_kvms_no_irqchip)
{
	SKIP_IF_PLAIN();
	EXPECT_EQ(0, compare_errors(true));
}

TEST_F(state, errors_by_name)
{
	struct kt_vmm_config config = { .pit = KT_VMM_NO_PIT };
	int errors[MAX_STEPS];
	struct kt_vmm vm;

	ASSERT_EQ(0, kt_vmm_create(&vm, &config));
	walk(vm.fd, errors);
	EXPECT_EQ(ENXIO, errors[0]);
	EXPECT_EQ(ENXIO, errors[1]);
	EXPECT_EQ(EFAULT, errors[10]);
	EXPECT_EQ(0, errors[11]);
	EXPECT_EQ(EEXIST, errors[12]);
	EXPECT_EQ(EEXIST, errors[13]);
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
