// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a LAPIC timer may be restored in any order: LVTT, the count or the
 * deadline, the TSC and the APIC base, each by itself, in all 24 of them. The next
 * interrupt is the same one, comes once, and never before its time.
 */
#include "lapic_vm.h"

#define LEFT_NS			(300 * NS_PER_MS)
#define COUNT_NS		16
#define TMICT			(LEFT_NS / COUNT_NS)

/* Far from what KVM takes for the wish that TSCs be in step. */
#define TSC			(1ULL << 42)

enum part {
	PART_LVTT,
	PART_TIMER,
	PART_TSC,
	PART_BASE,
	NR_PARTS,
};

#define NR_ORDERS		24

/* What a VMM saves. */
struct saved {
	struct kvm_lapic_state	lapic;
	uint64_t		deadline;
	uint64_t		tsc;
	uint64_t		base;
};

FIXTURE(state) {
	struct kt_vmm vm;
	struct saved saved;
	struct lapic_when timer;
	struct lapic_when whole;
	uint64_t stall_ns;
};

FIXTURE_VARIANT(state) {
	uint32_t mode;
	bool x2apic;
};

FIXTURE_VARIANT_ADD(state, one_shot_xapic) {
};

FIXTURE_VARIANT_ADD(state, one_shot_x2apic) {
	.x2apic = true,
};

FIXTURE_VARIANT_ADD(state, periodic_xapic) {
	.mode = LVTT_PERIODIC,
};

FIXTURE_VARIANT_ADD(state, periodic_x2apic) {
	.mode = LVTT_PERIODIC,
	.x2apic = true,
};

FIXTURE_VARIANT_ADD(state, deadline_xapic) {
	.mode = LVTT_DEADLINE,
};

FIXTURE_VARIANT_ADD(state, deadline_x2apic) {
	.mode = LVTT_DEADLINE,
	.x2apic = true,
};

FIXTURE_SETUP(state)
{
}

FIXTURE_TEARDOWN(state)
{
	kt_vmm_destroy(&self->vm);
}

static uint64_t msr(struct kt_vmm *vm, unsigned long request, uint32_t index, uint64_t val)
{
	struct {
		struct kvm_msrs		head;
		struct kvm_msr_entry	entry;
	} msrs = {
		.head.nmsrs	= 1,
		.entry		= { .index = index, .data = val },
	};

	if (ioctl(vm->vcpu[0].fd, request, &msrs) != 1) {
		perror("# MSR");
		abort();
	}
	return msrs.entry.data;
}

static void vcpu_ioctl(struct kt_vmm *vm, unsigned long request, void *arg)
{
	if (ioctl(vm->vcpu[0].fd, request, arg)) {
		perror("# state");
		abort();
	}
}

static uint32_t get(const struct kvm_lapic_state *state, unsigned int reg)
{
	uint32_t val;

	memcpy(&val, state->regs + reg, sizeof(val));
	return val;
}

static void copy(struct kvm_lapic_state *to, const struct kvm_lapic_state *from, unsigned int reg)
{
	memcpy(to->regs + reg, from->regs + reg, sizeof(uint32_t));
}

/* Of a VM that has LEFT_NS to go. */
static void save(struct saved *saved, uint32_t mode, bool x2apic)
{
	struct kt_vmm_config config = { 0 };
	struct kvm_sregs sregs;
	struct kt_vmm vm;

	if (lapic_create(&vm, &config, x2apic))
		abort();
	lapic_wrmsr(&vm, MSR_TSC, TSC);
	lapic_write(&vm, LAPIC_REG_TDCR, TDCR_BY_16);
	lapic_write(&vm, LAPIC_REG_LVTT, mode | LAPIC_VEC);
	if (mode == LVTT_DEADLINE)
		lapic_do(&vm, LAPIC_ARM, lapic_cycles_up(&vm, LEFT_NS), 0, 0);
	else
		lapic_write(&vm, LAPIC_REG_TMICT, TMICT);
	vcpu_ioctl(&vm, KVM_GET_LAPIC, &saved->lapic);
	vcpu_ioctl(&vm, KVM_GET_SREGS, &sregs);
	saved->deadline = msr(&vm, KVM_GET_MSRS, MSR_DEADLINE, 0);
	saved->tsc = msr(&vm, KVM_GET_MSRS, MSR_TSC, 0);
	saved->base = sregs.apic_base;
	kt_vmm_destroy(&vm);
}

static void restore_regs(struct kt_vmm *vm, const struct saved *saved, const unsigned int *regs,
			 unsigned int n)
{
	struct kvm_lapic_state state;

	vcpu_ioctl(vm, KVM_GET_LAPIC, &state);
	while (n--)
		copy(&state, &saved->lapic, regs[n]);
	vcpu_ioctl(vm, KVM_SET_LAPIC, &state);
}

static struct lapic_when restore(struct kt_vmm *vm, const struct saved *saved, enum part part)
{
	const unsigned int count[] = { LAPIC_REG_TMICT, LAPIC_REG_TMCCT, LAPIC_REG_TDCR };
	const unsigned int lvtt[] = { LAPIC_REG_LVTT, LAPIC_REG_SVR };
	struct lapic_when when = { .from = kt_host_now() };
	struct kvm_sregs sregs;

	switch (part) {
	case PART_LVTT:
		restore_regs(vm, saved, lvtt, 2);
		break;
	case PART_TIMER:
		if (saved->deadline)
			msr(vm, KVM_SET_MSRS, MSR_DEADLINE, saved->deadline);
		else
			restore_regs(vm, saved, count, 3);
		break;
	case PART_TSC:
		msr(vm, KVM_SET_MSRS, MSR_TSC, saved->tsc);
		break;
	default:
		vcpu_ioctl(vm, KVM_GET_SREGS, &sregs);
		sregs.apic_base = saved->base;
		vcpu_ioctl(vm, KVM_SET_SREGS, &sregs);
	}
	when.to = kt_host_now();
	return when;
}

/* The nth of all orders. */
static void order(unsigned int n, enum part *parts)
{
	unsigned int left = NR_PARTS, used = 0, i, nth, part;

	for (i = 0; i < NR_PARTS; i++, left--) {
		nth = n % left;
		n /= left;
		for (part = 0; used & 1U << part || nth; part++)
			if (!(used & 1U << part))
				nth--;
		used |= 1U << part;
		parts[i] = part;
	}
}

static const char *name(const enum part *parts)
{
	static const char letters[] = { 'l', 't', 'c', 'b' };
	static char text[NR_PARTS + 1];
	unsigned int i;

	for (i = 0; i < NR_PARTS; i++)
		text[i] = letters[parts[i]];
	return text;
}

/*
 * A new VM with all of it, so soon that nothing has expired meanwhile. To write LVTT
 * reads and writes the count, too, which stands still for that time: at most @stall_ns.
 */
#define RESTORE(n) do {									\
	struct kt_vmm_config config = {							\
		.pit		= KT_VMM_NO_PIT,					\
		.devices	= KVM_TIMERS_LAPIC,					\
	};										\
	enum part parts[NR_PARTS];							\
	struct lapic_when when;								\
	bool counts;									\
	int i;										\
											\
	order(n, parts);								\
	do {										\
		kt_vmm_destroy(&self->vm);						\
		ASSERT_EQ(0, kt_vmm_create(&self->vm, &config));			\
		self->stall_ns = 0;							\
		self->whole.from = kt_host_now();					\
		counts = false;								\
		for (i = 0; i < NR_PARTS; i++) {					\
			when = restore(&self->vm, &self->saved, parts[i]);		\
			if (parts[i] == PART_TIMER) {					\
				self->timer = when;					\
				counts = true;						\
			} else if (parts[i] == PART_LVTT && counts) {			\
				self->stall_ns += when.to - when.from + COUNT_NS;	\
			}								\
		}									\
		lapic_do(&self->vm, LAPIC_LOOK, 0, 0, 0);				\
		self->whole.to = kt_host_now();						\
	} while (self->whole.to - self->whole.from >= LEFT_NS / 2);			\
} while (0)

#define COUNT_IS_RIGHT() do {								\
	uint32_t left = get(&self->saved.lapic, LAPIC_REG_TMCCT);			\
	struct lapic_when look, passed;							\
	uint64_t val;									\
											\
	EXPECT_EQ(get(&self->saved.lapic, LAPIC_REG_TMICT),				\
		  lapic_read(&self->vm, LAPIC_REG_TMICT));				\
	look = lapic_read_at(&self->vm, LAPIC_REG_TMCCT, &val);				\
	passed = lapic_passed(self->timer, look);					\
	passed.from -= passed.from < self->stall_ns ? passed.from : self->stall_ns;	\
	if (passed.to >= (uint64_t)left * COUNT_NS)					\
		break;									\
	EXPECT_GE(val, lapic_least(left, COUNT_NS, passed.to));				\
	EXPECT_LE(val, lapic_most(left, COUNT_NS, passed.from));			\
} while (0)

/* TSC at which the count that was just read is at 0, at least. */
static uint64_t least_end(struct kt_vmm *vm)
{
	const struct lapic_sample *look = &lapic_vcpu(vm, 0)->access;

	return look->from + lapic_cycles(vm, (look->val - !!look->val) * COUNT_NS);
}

TEST_F_TIMEOUT(state, all_orders, 2 * SLOW_TIMEOUT)
{
	struct lapic_vcpu *vcpu;
	enum part parts[NR_PARTS];
	unsigned int n, lost = 0;
	uint64_t armed, end;

	for (n = 0; n < NR_ORDERS; n++) {
		save(&self->saved, variant->mode, variant->x2apic);
		ASSERT_EQ(variant->mode == LVTT_DEADLINE, !!self->saved.deadline);
		order(n, parts);
		RESTORE(n);
		vcpu = lapic_vcpu(&self->vm, 0);
		EXPECT_EQ(variant->mode | LAPIC_VEC, lapic_read(&self->vm, LAPIC_REG_LVTT));

		if (variant->mode == LVTT_DEADLINE) {
			armed = lapic_rdmsr(&self->vm, MSR_DEADLINE);
			end = self->saved.deadline;
			EXPECT_GE(vcpu->access.to, self->saved.tsc);
			/* Lost, or armed for a TSC that is another now. */
			if (kt_host_plain() && lapic_open(&self->vm, LEFT_NS + QUIET_NS) != 1) {
				printf("# plain KVM loses the deadline in the order %s\n",
				       name(parts));
				fflush(stdout);
				lost++;
				continue;
			}
			if (vcpu->access.to < end) {
				EXPECT_EQ(end, armed);
			}
		} else {
			COUNT_IS_RIGHT();
			end = least_end(&self->vm);
		}

		lapic_wait(&self->vm, 1, n % 2);
		EXPECT_GE(vcpu->stamps[0], end);
		if (variant->mode == LVTT_PERIODIC) {
			lapic_wait(&self->vm, 2, n % 2);
			EXPECT_GE(vcpu->stamps[1], end + lapic_cycles(&self->vm, LEFT_NS));
		} else {
			EXPECT_EQ(1, lapic_open(&self->vm, QUIET_NS));
		}
	}
	if (lost)
		SKIP(return, "needs the module");
}

/* All of it again into the VM that it is from: nothing is lost or comes twice. */
TEST_F_TIMEOUT(state, into_itself, SLOW_TIMEOUT)
{
	struct kt_vmm_config config = { 0 };
	struct kvm_lapic_state state;
	struct lapic_vcpu *vcpu;
	unsigned int i;

	ASSERT_EQ(0, lapic_create(&self->vm, &config, variant->x2apic));
	vcpu = lapic_vcpu(&self->vm, 0);
	lapic_write(&self->vm, LAPIC_REG_TDCR, TDCR_BY_16);
	lapic_write(&self->vm, LAPIC_REG_LVTT, variant->mode | LAPIC_VEC);
	if (variant->mode == LVTT_DEADLINE)
		lapic_do(&self->vm, LAPIC_ARM, lapic_cycles_up(&self->vm, LEFT_NS), 0, 0);
	else
		lapic_write(&self->vm, LAPIC_REG_TMICT, TMICT);
	for (i = 0; i < NR_ORDERS; i++) {
		vcpu_ioctl(&self->vm, KVM_GET_LAPIC, &state);
		vcpu_ioctl(&self->vm, KVM_SET_LAPIC, &state);
		msr(&self->vm, KVM_SET_MSRS, MSR_DEADLINE,
		    msr(&self->vm, KVM_GET_MSRS, MSR_DEADLINE, 0));
	}
	lapic_wait(&self->vm, 1, false);
	if (variant->mode == LVTT_DEADLINE) {
		EXPECT_GE(vcpu->stamps[0], vcpu->deadline);
	} else {
		EXPECT_GE(lapic_ns_up(&self->vm, vcpu->stamps[0] - vcpu->access.from), LEFT_NS);
	}
	EXPECT_EQ(1, lapic_open(&self->vm, QUIET_NS));
}

int main(int argc, char **argv)
{
	kt_host_require();
	return harness_main(argc, argv);
}
