// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port accesses, decoded into register accesses of one byte.
 *
 * The bus of a PC splits a wide access into consecutive ports. KVM hands an
 * access to a device only if all of it lies in the device's range, so ours is
 * three ports wider than the PIT at either end; what does not touch the PIT is
 * passed on.
 */
#include "io.h"

#include <linux/kvm_host.h>
#include <linux/string.h>
#include <kvm/iodev.h>

#define PIT_PORT		0x40
#define PIT_PORTS		4
#define PORT61			0x61
#define WIDEST			4

/* What a port without a device reads as. */
#define FLOATING		0xff

static bool touches_pit(gpa_t addr, int len)
{
	return addr + len > PIT_PORT && addr < PIT_PORT + PIT_PORTS;
}

static bool is_pit(gpa_t addr)
{
	return addr >= PIT_PORT && addr < PIT_PORT + PIT_PORTS;
}

static struct kt_vm *active_vm(struct kt_vm *vm)
{
	return READ_ONCE(vm->active) & KVM_TIMERS_PIT ? vm : NULL;
}

static struct kt_vm *ports_vm(struct kvm_io_device *dev)
{
	return active_vm(container_of(dev, struct kt_vm, pit.ports));
}

static noinline int read_wide(struct kt_vm *vm, gpa_t addr, int len, u8 *bytes)
{
	int i;

	if (!touches_pit(addr, len))
		return -EOPNOTSUPP;

	for (i = 0; i < len; i++)
		bytes[i] = is_pit(addr + i) ? kt_vm_pit_read(vm, addr + i - PIT_PORT) : FLOATING;
	return 0;
}

static int ports_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		      gpa_t addr, int len, void *val)
{
	struct kt_vm *vm = ports_vm(dev);

	if (!vm)
		return -EOPNOTSUPP;
	if (len != 1 || !is_pit(addr))
		return read_wide(vm, addr, len, val);

	*(u8 *)val = kt_vm_pit_read(vm, addr - PIT_PORT);
	return 0;
}

static int ports_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		       gpa_t addr, int len, const void *val)
{
	struct kt_vm *vm = ports_vm(dev);
	const u8 *bytes = val;
	int i;

	if (!vm || !touches_pit(addr, len))
		return -EOPNOTSUPP;

	for (i = 0; i < len; i++)
		if (is_pit(addr + i))
			kt_vm_pit_write(vm, addr + i - PIT_PORT, bytes[i]);
	return 0;
}

static void ports_destructor(struct kvm_io_device *dev)
{
	kt_vm_put(container_of(dev, struct kt_vm, pit.ports));
}

static const struct kvm_io_device_ops ports_ops = {
	.read		= ports_read,
	.write		= ports_write,
	.destructor	= ports_destructor,
};

static struct kt_vm *port61_vm(struct kvm_io_device *dev)
{
	return active_vm(container_of(dev, struct kt_vm, pit.port61));
}

static int port61_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		       gpa_t addr, int len, void *val)
{
	struct kt_vm *vm = port61_vm(dev);

	if (!vm || addr != PORT61)
		return -EOPNOTSUPP;

	memset(val, FLOATING, len);
	*(u8 *)val = kt_vm_pit_read61(vm);
	return 0;
}

static int port61_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
			gpa_t addr, int len, const void *val)
{
	struct kt_vm *vm = port61_vm(dev);

	if (!vm || addr != PORT61)
		return -EOPNOTSUPP;

	kt_vm_pit_write61(vm, *(const u8 *)val);
	return 0;
}

static void port61_destructor(struct kvm_io_device *dev)
{
	kt_vm_put(container_of(dev, struct kt_vm, pit.port61));
}

static const struct kvm_io_device_ops port61_ops = {
	.read		= port61_read,
	.write		= port61_write,
	.destructor	= port61_destructor,
};

/* A device that is on the bus already, from an attempt that failed later, stays. */
static int add(struct kt_vm *vm, struct kvm_io_device *dev,
	       const struct kvm_io_device_ops *ops, gpa_t addr, int len)
{
	int ret;

	if (dev->ops)
		return 0;

	kvm_iodevice_init(dev, ops);
	kt_vm_get(vm);
	ret = kt_inject_register_pio(vm->kvm, addr, len, dev);
	if (ret) {
		dev->ops = NULL;
		kt_vm_put(vm);
	}
	return ret;
}

/**
 * kt_io_add_pit() - put the PIT's ports on a VM's bus
 * @vm:		the guest; its ports answer once the PIT is active
 *
 * Context: Process, kvm->lock held, not from a vCPU that is in KVM_RUN.
 * Return: 0 or -errno.
 */
int kt_io_add_pit(struct kt_vm *vm)
{
	int ret;

	ret = add(vm, &vm->pit.ports, &ports_ops, PIT_PORT - (WIDEST - 1),
		  PIT_PORTS + 2 * (WIDEST - 1));
	if (!ret)
		ret = add(vm, &vm->pit.port61, &port61_ops, PORT61, WIDEST);
	return ret;
}
