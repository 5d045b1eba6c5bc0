// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses of a guest, decoded: ports into register accesses of one byte,
 * memory into those of the HPET.
 *
 * The bus of a PC splits a wide access into consecutive ports. KVM hands an
 * access to a device only if all of it lies in the device's range, so ours are
 * three ports wider than the device at either end; what does not touch it is
 * passed on.
 */
#include "io.h"

#include <linux/kvm_host.h>
#include <linux/string.h>
#include <kvm/iodev.h>

#define PIT_PORT		0x40
#define PIT_PORTS		4
#define PORT61			0x61
#define PIC_MASTER		0x20
#define PIC_SLAVE		0xa0
#define RTC_INDEX		0x70
#define RTC_DATA		0x71
#define RTC_PORTS		2
#define HPET_BASE		0xfed00000
#define WIDEST			4

/* The first command word of an 8259's initialization. */
#define PIC_ICW1		BIT(4)

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

static struct kt_vm *active_vm(struct kt_vm *vm, u32 device)
{
	return READ_ONCE(vm->active) & device ? vm : NULL;
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
	struct kt_vm *vm = container_of(dev, struct kt_vm, pit.ports);

	if (!(READ_ONCE(vm->active) & KVM_TIMERS_PIT))
		return -EOPNOTSUPP;
	if (len != 1 || !is_pit(addr))
		return read_wide(vm, addr, len, val);

	*(u8 *)val = kt_vm_pit_read(vm, addr - PIT_PORT);
	return 0;
}

static int ports_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		       gpa_t addr, int len, const void *val)
{
	struct kt_vm *vm = active_vm(container_of(dev, struct kt_vm, pit.ports), KVM_TIMERS_PIT);
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
	return active_vm(container_of(dev, struct kt_vm, pit.port61), KVM_TIMERS_PIT);
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

/*
 * KVM looks ranges up by bisection, which a range inside of another one leads
 * astray: with the VMM's own at port 0x70 alone, between ours that begin before
 * it and at it, each access at 0x70 or 0x71 finds ours, and finds ours first.
 */
static const struct {
	gpa_t	addr;
	int	len;
} rtc_ranges[KT_RTC_RANGES] = {
	{ RTC_INDEX - (WIDEST - 1),	RTC_PORTS + 2 * (WIDEST - 1) },
	{ RTC_INDEX,			1 },
	{ RTC_INDEX,			RTC_PORTS + WIDEST - 1 },
};

static struct kt_vm *rtc_vm(struct kvm_io_device *dev)
{
	return active_vm(container_of(dev, struct kt_range, dev)->vm, KVM_TIMERS_RTC);
}

/* What of the CMOS is the VMM's goes to the VMM as a whole: it has all of the ports. */
static int rtc_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		    gpa_t addr, int len, void *val)
{
	struct kt_vm *vm = rtc_vm(dev);
	u8 byte;

	if (!vm || addr > RTC_DATA || addr + len <= RTC_DATA || !kt_vm_rtc_read(vm, &byte))
		return -EOPNOTSUPP;

	memset(val, FLOATING, len);
	((u8 *)val)[RTC_DATA - addr] = byte;
	return 0;
}

static int rtc_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		     gpa_t addr, int len, const void *val)
{
	struct kt_vm *vm = rtc_vm(dev);
	const u8 *bytes = val;
	u8 index;

	if (!vm || addr > RTC_DATA || addr + len <= RTC_INDEX)
		return -EOPNOTSUPP;

	/* An index and its byte in one access belong together, whatever other vCPUs select. */
	index = READ_ONCE(vm->rtc.index);
	if (addr <= RTC_INDEX) {
		index = bytes[RTC_INDEX - addr] & KT_RTC_INDEX_MASK;
		if (!kt_vm_rtc_select(vm, vcpu, bytes[RTC_INDEX - addr]))
			return -EOPNOTSUPP;
	}
	if (addr + len > RTC_DATA && !kt_vm_rtc_write(vm, index, bytes[RTC_DATA - addr]))
		return -EOPNOTSUPP;
	return 0;
}

static void rtc_destructor(struct kvm_io_device *dev)
{
	kt_vm_put(container_of(dev, struct kt_range, dev)->vm);
}

static const struct kvm_io_device_ops rtc_ops = {
	.read		= rtc_read,
	.write		= rtc_write,
	.destructor	= rtc_destructor,
};

/* The access is KVM's to carry out. */
static int pic_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		     gpa_t addr, int len, const void *val)
{
	if (*(const u8 *)val & PIC_ICW1)
		kt_vm_pic_initialized(container_of(dev, struct kt_range, dev)->vm, vcpu);
	return -EOPNOTSUPP;
}

static void pic_destructor(struct kvm_io_device *dev)
{
	kt_vm_put(container_of(dev, struct kt_range, dev)->vm);
}

static const struct kvm_io_device_ops pic_ops = {
	.write		= pic_write,
	.destructor	= pic_destructor,
};

static struct kt_vm *hpet_vm(struct kvm_io_device *dev)
{
	return active_vm(container_of(dev, struct kt_vm, hpet.mmio), KVM_TIMERS_HPET);
}

static int hpet_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		     gpa_t addr, int len, void *val)
{
	struct kt_vm *vm = hpet_vm(dev);
	u64 bytes;

	if (!vm || len > sizeof(bytes))
		return -EOPNOTSUPP;

	bytes = kt_vm_hpet_read(vm, addr - HPET_BASE, len);
	memcpy(val, &bytes, len);
	return 0;
}

static int hpet_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		      gpa_t addr, int len, const void *val)
{
	struct kt_vm *vm = hpet_vm(dev);
	u64 bytes = 0;

	if (!vm || len > sizeof(bytes))
		return -EOPNOTSUPP;

	memcpy(&bytes, val, len);
	kt_vm_hpet_write(vm, addr - HPET_BASE, len, bytes);
	return 0;
}

static void hpet_destructor(struct kvm_io_device *dev)
{
	kt_vm_put(container_of(dev, struct kt_vm, hpet.mmio));
}

static const struct kvm_io_device_ops hpet_ops = {
	.read		= hpet_read,
	.write		= hpet_write,
	.destructor	= hpet_destructor,
};

/* A device that is on the bus already, from an attempt that failed later, stays. */
static int add(struct kt_vm *vm, struct kvm_io_device *dev, const struct kvm_io_device_ops *ops,
	       enum kvm_bus bus, gpa_t addr, int len)
{
	int ret;

	if (dev->ops)
		return 0;

	kvm_iodevice_init(dev, ops);
	kt_vm_get(vm);
	ret = kt_inject_register(vm->kvm, bus, addr, len, dev);
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

	ret = add(vm, &vm->pit.ports, &ports_ops, KVM_PIO_BUS, PIT_PORT - (WIDEST - 1),
		  PIT_PORTS + 2 * (WIDEST - 1));
	if (!ret)
		ret = add(vm, &vm->pit.port61, &port61_ops, KVM_PIO_BUS, PORT61, WIDEST);
	return ret;
}

static int add_ports(struct kt_vm *vm, struct kt_range *range,
		     const struct kvm_io_device_ops *ops, gpa_t addr, int len)
{
	range->vm = vm;
	return add(vm, &range->dev, ops, KVM_PIO_BUS, addr, len);
}

/**
 * kt_io_add_pic() - listen to the command ports of a VM's 8259s
 * @vm:		the guest
 *
 * A range of one port stands before KVM's of two, whoever comes first.
 *
 * Context: Process, kvm->lock held, not from a vCPU that is in KVM_RUN.
 * Return: 0 or -errno.
 */
int kt_io_add_pic(struct kt_vm *vm)
{
	return add_ports(vm, &vm->pic[0], &pic_ops, PIC_MASTER, 1) ?:
	       add_ports(vm, &vm->pic[1], &pic_ops, PIC_SLAVE, 1);
}

/**
 * kt_io_add_rtc() - put the RTC's ports on a VM's bus
 * @vm:		the guest; they answer once the RTC is active
 *
 * Context: Process, kvm->lock held, not from a vCPU that is in KVM_RUN.
 * Return: 0 or -errno.
 */
int kt_io_add_rtc(struct kt_vm *vm)
{
	int ret = 0;
	int i;

	for (i = 0; !ret && i < KT_RTC_RANGES; i++)
		ret = add_ports(vm, &vm->rtc.ports[i], &rtc_ops,
				rtc_ranges[i].addr, rtc_ranges[i].len);
	return ret;
}

/**
 * kt_io_add_hpet() - put the HPET's registers on a VM's bus
 * @vm:		the guest; they answer once the HPET is active
 *
 * Context: Process, kvm->lock held, not from a vCPU that is in KVM_RUN.
 * Return: 0 or -errno.
 */
int kt_io_add_hpet(struct kt_vm *vm)
{
	return add(vm, &vm->hpet.mmio, &hpet_ops, KVM_MMIO_BUS, HPET_BASE, KT_HPET_SIZE);
}
