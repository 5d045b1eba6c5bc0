/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small VMM of our own on /dev/kvm, for the selftests.
 */
#ifndef KT_VMM_H
#define KT_VMM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>
#include <linux/kvm_timers.h>

#include "shared.h"

/* A guest's image, linked into each test program. */
extern const char kt_blob[];
extern const char kt_blob_end[];

enum kt_vmm_pit {
	KT_VMM_PIT2,
	KT_VMM_PIT1,
	KT_VMM_NO_PIT,
};

enum kt_vmm_takeover {
	/* /dev/kvm_timers, unless KT_PLAIN is set in the environment. */
	KT_VMM_ATTACH,
	/* KVM's own devices. */
	KT_VMM_PLAIN,
};

/**
 * struct kt_vmm_config - what VM to build; all zero is a PC with our PIT
 * @nr_vcpus:	number of vCPUs; 0 is 1
 * @ids_descend: the first vCPU has the highest id
 * @no_irqchip:	no in-kernel interrupt controllers
 * @kvm_routing: KVM's own routing, GSI 0 to pin 0 of the IOAPIC, not a PC's to pin 2
 * @pit:	which ioctl makes the PIT
 * @takeover:	who serves it
 * @devices:	KVM_TIMERS_* to take over; 0 is the PIT
 * @policy:	lost-tick policy of each of them
 * @rtc_base:	see struct kvm_timers_config
 * @rtc_time_s:	see struct kvm_timers_config
 * @coalesce:	like QEMU, let KVM collect the writes to port 0x70
 * @no_deadline: CPUs without the TSC-deadline mode
 * @apic_cycle_ns: input clock of the LAPIC timers; 0 is KVM's own
 * @lapic_advance: see struct kvm_timers_config
 * @lapic_advance_ns: see struct kvm_timers_config
 * @clock_rate:	see struct kvm_timers_config
 */
struct kt_vmm_config {
	unsigned int				nr_vcpus;
	bool					ids_descend;
	bool					no_irqchip;
	bool					kvm_routing;
	enum kt_vmm_pit				pit;
	enum kt_vmm_takeover			takeover;
	uint32_t				devices;
	struct kvm_timers_policy_config		policy;
	uint32_t				rtc_base;
	int64_t					rtc_time_s;
	bool					coalesce;
	bool					no_deadline;
	unsigned int				apic_cycle_ns;
	uint32_t				lapic_advance;
	uint32_t				lapic_advance_ns;
	uint32_t				clock_rate;
};

/* The VMM's own CMOS: a byte for each index. */
#define KT_VMM_CMOS(index)	((uint8_t)((index) ^ 0xa5))

enum kt_vmm_event {
	KT_VMM_ERROR,
	KT_VMM_SYNC,
	KT_VMM_DONE,
	KT_VMM_INTERRUPTED,
};

/**
 * struct kt_vmm_vcpu - one vCPU
 * @fd:		vCPU
 * @run:	its shared page
 * @run_size:	size of @run
 * @entered_ns:	host clock just before the guest code since the last event began
 * @exited_ns:	host clock just after the event
 * @val:	what the guest handed over, KT_VMM_SYNC
 */
struct kt_vmm_vcpu {
	int		fd;
	struct kvm_run	*run;
	size_t		run_size;
	uint64_t	entered_ns;
	uint64_t	exited_ns;
	uint64_t	val[KT_NR_VALS];
};

/**
 * struct kt_vmm - a VM
 * @kvm:	/dev/kvm
 * @fd:		the VM
 * @timers:	timers fd, -1 if not attached
 * @mem:	guest memory
 * @shared:	page that the guest sees, too
 * @nr_vcpus:	vCPUs
 * @vcpu:	each of them
 * @port_exits:	exits to this VMM, a counter a port
 * @mmio_exits:	exits to this VMM for memory
 * @cmos_lock:	protects the three below
 * @cmos_index:	what the VMM has last seen at port 0x70
 * @cmos_reads:	reads of the VMM's CMOS, a counter an index
 * @ring:	writes that KVM has collected; NULL: none are
 */
struct kt_vmm {
	int			kvm;
	int			fd;
	int			timers;
	char			*mem;
	struct kt_shared	*shared;
	unsigned int		nr_vcpus;
	struct kt_vmm_vcpu	vcpu[KT_MAX_VCPUS];
	uint32_t		*port_exits;
	uint64_t		mmio_exits;
	pthread_mutex_t		cmos_lock;
	uint8_t			cmos_index;
	uint32_t		cmos_reads[128];
	struct kvm_coalesced_mmio_ring *ring;
};

/* Of KVM, newer than the headers may be. */
#ifndef KVM_CAP_X86_APIC_BUS_CYCLES_NS
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS	237
#endif

void kt_vmm_init(struct kt_vmm *vm);
int kt_vmm_create(struct kt_vmm *vm, const struct kt_vmm_config *config);
void kt_vmm_destroy(struct kt_vmm *vm);
int kt_vmm_restart(struct kt_vmm *vm, unsigned int index);
enum kt_vmm_event kt_vmm_run(struct kt_vmm *vm, unsigned int index);
enum kt_vmm_event kt_vmm_command(struct kt_vmm *vm, uint64_t cmd);
uint64_t kt_vmm_exits(const struct kt_vmm *vm, unsigned int first, unsigned int last);
int kt_vmm_status(const struct kt_vmm *vm, struct kvm_timers_status *status);
struct kvm_timers_status kt_vmm_account(const struct kt_vmm *vm);

#endif /* KT_VMM_H */
