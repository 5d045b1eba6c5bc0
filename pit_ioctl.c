// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own PIT ioctls, answered for a VM of ours, so that a VMM which saves
 * and restores what it believes to be KVM's PIT goes on doing so.
 *
 * struct kvm_pit_channel_state has no room for a pending reload or a stopped
 * counter's element. It has the load time, in ns of CLOCK_MONOTONIC, and with
 * that the phase.
 */
#include "pit_ioctl.h"
#include "io.h"

#include <linux/kvm_host.h>
#include <linux/uaccess.h>

/* KVM's codes in read_state, write_state and count_latched. */
enum {
	STATE_LSB	= 1,
	STATE_MSB	= 2,
	STATE_WORD0	= 3,
	STATE_WORD1	= 4,
};

/* KVM's mode of a counter that no control word has been written to. */
#define MODE_NONE	0xff

#define RW_WORD		3

static void channel_to_kvm(struct kvm_pit_channel_state *kc,
			   const struct kt_i8254_channel_state *ch, u64 origin_ns)
{
	u8 latch_states[] = { 0, ch->rw == RW_WORD ? STATE_WORD1 : ch->rw, STATE_WORD0 };

	kc->count = ch->programmed && !ch->counting ? 0 : ch->count;
	kc->latched_count = ch->latched_count;
	kc->count_latched = latch_states[ch->latch_bytes];
	kc->status_latched = ch->status_latched;
	kc->status = ch->status;
	kc->read_state = ch->rw != RW_WORD ? ch->rw : ch->read_msb ? STATE_WORD1 : STATE_WORD0;
	kc->write_state = ch->rw != RW_WORD ? ch->rw : ch->write_msb ? STATE_WORD1 : STATE_WORD0;
	kc->write_latch = ch->write_latch;
	kc->rw_mode = ch->rw;
	kc->mode = ch->programmed ? ch->mode : MODE_NONE;
	kc->bcd = ch->bcd;
	kc->gate = ch->gate;
	kc->count_load_time = ch->loaded_ns + origin_ns;
}

static int channel_from_kvm(struct kt_i8254_channel_state *ch,
			    const struct kvm_pit_channel_state *kc, u64 origin_ns)
{
	if (kc->rw_mode > RW_WORD || kc->read_state > STATE_WORD1 ||
	    kc->write_state > STATE_WORD1 || kc->count_latched > STATE_WORD1)
		return -EINVAL;

	*ch = (struct kt_i8254_channel_state) {
		.loaded_ns	= kc->count_load_time - origin_ns,
		.count		= kc->count,
		.programmed	= kc->mode != MODE_NONE,
		.counting	= kc->mode != MODE_NONE && kc->count,
		.mode		= kc->mode != MODE_NONE ? kc->mode : 0,
		.bcd		= kc->bcd,
		/* VMMs leave 0 here when they reset the device. */
		.rw		= kc->rw_mode ?: RW_WORD,
		.gate		= kc->gate,
		.read_msb	= kc->read_state == STATE_WORD1,
		.write_msb	= kc->write_state == STATE_WORD1,
		.write_latch	= kc->write_latch,
		.latch_bytes	= !kc->count_latched ? 0 :
				  kc->count_latched == STATE_WORD0 ? 2 : 1,
		.latched_count	= kc->latched_count,
		.status_latched	= kc->status_latched,
		.status		= kc->status,
	};
	return 0;
}

static void pit_to_kvm(struct kt_vm *vm, struct kvm_pit_state2 *ps)
{
	struct kt_i8254_state state;
	u64 origin_ns;
	bool silenced;
	int i;

	kt_vm_pit_get(vm, &state, &origin_ns, &silenced);

	memset(ps, 0, sizeof(*ps));
	for (i = 0; i < KT_I8254_CHANNELS; i++)
		channel_to_kvm(&ps->channels[i], &state.ch[i], origin_ns);
	if (silenced)
		ps->flags |= KVM_PIT_FLAGS_HPET_LEGACY;
	if (state.port61 & BIT(1))
		ps->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
}

static int pit_from_kvm(struct kt_vm *vm, const struct kvm_pit_state2 *ps)
{
	struct kt_i8254_state state;
	u64 origin_ns;
	bool silenced;
	int ret = 0;
	int i;

	kt_vm_pit_get(vm, &state, &origin_ns, &silenced);
	for (i = 0; !ret && i < KT_I8254_CHANNELS; i++)
		ret = channel_from_kvm(&state.ch[i], &ps->channels[i], origin_ns);
	if (ret)
		return ret;

	state.port61 = 0;
	if (ps->channels[2].gate)
		state.port61 |= BIT(0);
	if (ps->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON)
		state.port61 |= BIT(1);
	return kt_vm_pit_set(vm, &state, ps->flags & KVM_PIT_FLAGS_HPET_LEGACY);
}

/*
 * Only a VM with KVM's PIC and IOAPIC can have a PIT of ours. What another one
 * is told is KVM's business.
 */
static long create(struct kt_vm *vm)
{
	struct kvm *kvm = vm->kvm;
	long ret;

	mutex_lock(&kvm->lock);
	if (!kt_inject_irqchip(kvm))
		ret = -ENOIOCTLCMD;
	else if (vm->active & KVM_TIMERS_PIT)
		ret = -EEXIST;
	else
		ret = kt_io_add_pit(vm) ?: kt_vm_pit_create(vm);
	mutex_unlock(&kvm->lock);
	return ret;
}

/* Port 0x61 is served whatever the flags say. */
static long create2(struct kt_vm *vm, void __user *argp)
{
	struct kvm_pit_config config;

	return copy_from_user(&config, argp, sizeof(config)) ? -EFAULT : create(vm);
}

static long get_state(struct kt_vm *vm, void __user *argp, size_t size)
{
	struct kvm_pit_state2 ps;

	pit_to_kvm(vm, &ps);
	return copy_to_user(argp, &ps, size) ? -EFAULT : 0;
}

/* The older structure has no flags: they stay as they are. */
static long set_state(struct kt_vm *vm, void __user *argp, size_t size)
{
	struct kvm_pit_state2 ps;
	long ret;

	pit_to_kvm(vm, &ps);
	if (copy_from_user(&ps, argp, size))
		return -EFAULT;

	mutex_lock(&vm->kvm->lock);
	ret = pit_from_kvm(vm, &ps);
	mutex_unlock(&vm->kvm->lock);
	return ret;
}

static long reinject(struct kt_vm *vm, void __user *argp)
{
	struct kvm_reinject_control control;

	if (copy_from_user(&control, argp, sizeof(control)))
		return -EFAULT;

	kt_vm_pit_reinject(vm, control.pit_reinject);
	return 0;
}

/**
 * kt_pit_ioctl() - answer one of KVM's PIT ioctls
 * @vm:		the guest
 * @ioctl:	KVM_CREATE_PIT and its family
 * @argp:	its argument
 *
 * Context: Process.
 * Return: the ioctl's result, or -ENOIOCTLCMD where it is KVM's to answer.
 */
long kt_pit_ioctl(struct kt_vm *vm, unsigned int ioctl, void __user *argp)
{
	if (!(vm->devices & KVM_TIMERS_PIT))
		return -ENOIOCTLCMD;

	switch (ioctl) {
	case KVM_CREATE_PIT:
		return create(vm);
	case KVM_CREATE_PIT2:
		return create2(vm, argp);
	}

	/* Without a PIT of ours KVM says what it says without a PIT. */
	if (!(READ_ONCE(vm->active) & KVM_TIMERS_PIT))
		return -ENOIOCTLCMD;

	switch (ioctl) {
	case KVM_GET_PIT:
		return get_state(vm, argp, sizeof(struct kvm_pit_state));
	case KVM_SET_PIT:
		return set_state(vm, argp, sizeof(struct kvm_pit_state));
	case KVM_GET_PIT2:
		return get_state(vm, argp, sizeof(struct kvm_pit_state2));
	case KVM_SET_PIT2:
		return set_state(vm, argp, sizeof(struct kvm_pit_state2));
	case KVM_REINJECT_CONTROL:
		return reinject(vm, argp);
	default:
		return -ENOIOCTLCMD;
	}
}
