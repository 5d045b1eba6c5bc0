/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocks of one guest.
 */
#ifndef KT_VM_H
#define KT_VM_H

#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/kvm_host.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <kvm/iodev.h>

#include "arbiter.h"
#include "hpet.h"
#include "i8254.h"
#include "inject.h"
#include "model.h"
#include "params.h"
#include "rtc.h"
#include "tick.h"
#include "vcpu.h"
#include "vm_clock.h"

/* Lines, as PCs have them. */
#define KT_PIT_GSI		0
#define KT_RTC_GSI		8


/* Sources of interrupts, by index in struct kt_vm. */
enum kt_source_id {
	KT_SOURCE_PIT	= 0,
	KT_SOURCE_RTC	= 1,
	/* The first timer; the others follow. */
	KT_SOURCE_HPET	= 2,
};

#define KT_MAX_SOURCES		(KT_SOURCE_HPET + KT_HPET_MAX_TIMERS)

/* The HPET's lines: the PIT's, the RTC's, and the IOAPIC inputs. */
enum kt_hpet_line {
	KT_HPET_LINE_IRQ0,
	KT_HPET_LINE_IRQ8,
	KT_HPET_LINE_PIN,
	KT_HPET_NR_LINES = KT_HPET_LINE_PIN + KT_PARAMS_HPET_LAST_PIN - KT_PARAMS_HPET_FIRST_PIN + 1,
};

/**
 * struct kt_source - one source of interrupts: the PIT, the RTC, or a timer of the HPET
 * @tick:	account of its interrupts
 * @line:	where they go; NULL: nowhere, or by a message of their own
 * @message:	without @line: what to send, address in the upper half; 0: nothing
 * @target:	of a message: the vCPU it is for, as far as known
 * @next_ns:	next thing to do, guest time
 * @rang_ns:	host time of its last alarm
 * @given:	counts interrupts: what was seen before the last one is out of date
 * @pulsing:	one entry is raising the line, or sending the message, now
 * @again:	@pulsing, and there is something to do when that is over
 * @unsent:	@pulsing, and the message is still to be sent
 * @dormant:	the pin is masked: no alarm until the line's next event
 * @latched:	@dormant, and the 8259 remembers an edge
 */
struct kt_source {
	struct kt_tick		tick;
	struct kt_line		*line;
	u64			message;
	struct kvm_vcpu		*target;
	u64			next_ns;
	u64			rang_ns;
	u32			given;
	bool			pulsing;
	bool			again;
	bool			unsent;
	bool			dormant;
	bool			latched;
};

/**
 * struct kt_pit - the PIT as the glue sees it
 * @model:	the device
 * @line:	IRQ0
 * @ports:	0x40 to 0x43 on the VM's port bus
 * @port61:	0x61
 * @chosen:	the owner chose the policy: KVM_REINJECT_CONTROL does not change it
 * @silenced:	interrupts are off while an HPET of the VMM's stands in
 * @reads:	register reads
 * @writes:	register writes
 */
struct kt_pit {
	struct kt_i8254		model;
	struct kt_line		line;
	struct kvm_io_device	ports;
	struct kvm_io_device	port61;
	bool			chosen;
	bool			silenced;
	u64			reads;
	u64			writes;
};

/* A range of ports or memory, where a device has several. */
struct kt_range {
	struct kvm_io_device	dev;
	struct kt_vm		*vm;
};

#define KT_RTC_RANGES		3

/**
 * struct kt_rtc_device - the RTC as the glue sees it
 * @model:	the device
 * @line:	IRQ8
 * @ports:	0x70 and 0x71
 * @base:	what it was set from, enum kvm_timers_rtc_base
 * @time_s:	with @base, see struct kvm_timers_config
 * @index:	byte that port 0x71 gives; of one of the VMM's, KT_RTC_FOREIGN
 * @asserted:	the guest was given an interrupt, and IRQF has been up since
 * @rises:	of the model, as far as served
 * @reads:	register reads
 * @writes:	register writes
 * @foreign:	vCPUs, by index, whose write of an index is on its way to the VMM
 */
struct kt_rtc_device {
	struct kt_rtc		model;
	struct kt_line		line;
	struct kt_range		ports[KT_RTC_RANGES];
	u32			base;
	s64			time_s;
	u8			index;
	bool			asserted;
	u64			rises;
	u64			reads;
	u64			writes;
	DECLARE_BITMAP(foreign, KVM_MAX_VCPUS);
};

/* What of a byte written to port 0x70 is the index. No byte of the CMOS has the other number. */
#define KT_RTC_INDEX_MASK	0x7f
#define KT_RTC_FOREIGN		0xff

/**
 * struct kt_hpet_device - the HPET as the glue sees it
 * @model:	the device
 * @seq:	for readers of the main counter, who take no lock
 * @lines:	by enum kt_hpet_line
 * @level:	lines that are held up, a bit each
 * @levelling:	one entry is bringing the lines to their levels now
 * @mmio:	its registers
 * @reads:	register reads, a counter a CPU
 * @writes:	register writes
 */
struct kt_hpet_device {
	struct kt_hpet		model;
	seqcount_raw_spinlock_t	seq;
	struct kt_line		lines[KT_HPET_NR_LINES];
	u32			level;
	bool			levelling;
	struct kvm_io_device	mmio;
	u64 __percpu		*reads;
	u64			writes;
};

/**
 * struct kt_vm - one guest
 * @hash:	in the table that the hooks look at
 * @link:	in the list of living VMs
 * @refs:	the VM itself, each device on its buses, each timers fd
 * @rcu:	frees it
 * @kvm:	the VM; not to be used once @dead
 * @id:		number for the tool
 * @pid:	process that created it
 * @owner:	user who created it
 * @pic:	command ports of the 8259s, to listen to
 * @reopened:	an 8259 has been initialized, which clears its masks
 * @devices:	KVM_TIMERS_* taken over
 * @active:	KVM_TIMERS_* that the guest has
 * @dead:	the VM is being destroyed
 * @end_ns:	guest time when it died
 * @work:	serves a halted vCPU, or one that cannot be summoned
 * @alarm:	fires at the next thing to do
 * @lock:	protects all below, and the models and counters of the devices
 * @seq:	for the status, which takes no lock: whoever holds @lock writes
 * @clock:	guest time
 * @due:	sources, a bit each, that wait to be served
 * @parked:	sources, a bit each, whose message waits for a vCPU that is not halted
 * @rang_ns:	host time of the last alarm
 * @backstop_ns: wait for a vCPU that does not come
 * @backstop_at_ns: host time at which that is over
 * @pit:	the PIT
 * @rtc:	the RTC
 * @hpet:	the HPET
 * @vcpus:	the LAPIC timers, each under a lock of its own
 * @late:	lateness of each device's interrupts, see struct kvm_timers_device_status
 * @budget_lock: protects @arbiter; nothing is taken under it
 * @arbiter:	what all timers may give together
 * @budget_hz:	for each vCPU
 * @halted:	vCPUs, by index, that do not look at requests
 * @nr_sources:	entries of @source
 * @source:	by enum kt_source_id
 */
struct kt_vm {
	struct hlist_node	hash;
	struct list_head	link;
	refcount_t		refs;
	struct rcu_head		rcu;
	struct kvm		*kvm;
	u32			id;
	struct pid		*pid;
	kuid_t			owner;
	struct kt_range		pic[2];
	bool			reopened;
	u32			devices;
	u32			active;
	bool			dead;
	u64			end_ns;
	struct work_struct	work;

	struct hrtimer		alarm ____cacheline_aligned;
	raw_spinlock_t		lock;
	seqcount_raw_spinlock_t	seq;
	struct kt_vm_clock	clock;
	unsigned long		due;
	unsigned long		parked;
	u64			rang_ns;
	u64			backstop_ns;
	u64			backstop_at_ns;
	struct kt_pit		pit;
	struct kt_rtc_device	rtc;
	struct kt_hpet_device	hpet;
	struct kt_vcpus		vcpus;
	u64			late[KVM_TIMERS_NR_DEVICES][KVM_TIMERS_LATE_BUCKETS];
	raw_spinlock_t		budget_lock;
	struct kt_arbiter	arbiter;
	u32			budget_hz;
	DECLARE_BITMAP(halted, KVM_MAX_VCPUS);
	unsigned int		nr_sources;
	struct kt_source	source[];
};

/* With the lock comes the sequence that the status, which does not take it, looks at. */
static inline void kt_vm_lock(struct kt_vm *vm)
{
	raw_spin_lock(&vm->lock);
	write_seqcount_begin(&vm->seq);
}

static inline void kt_vm_unlock(struct kt_vm *vm)
{
	write_seqcount_end(&vm->seq);
	raw_spin_unlock(&vm->lock);
}

static inline void kt_vm_lock_irq(struct kt_vm *vm)
{
	raw_spin_lock_irq(&vm->lock);
	write_seqcount_begin(&vm->seq);
}

static inline void kt_vm_unlock_irq(struct kt_vm *vm)
{
	write_seqcount_end(&vm->seq);
	raw_spin_unlock_irq(&vm->lock);
}

#define kt_vm_lock_save(vm, flags) do {			\
	raw_spin_lock_irqsave(&(vm)->lock, flags);	\
	write_seqcount_begin(&(vm)->seq);		\
} while (0)

static inline void kt_vm_unlock_restore(struct kt_vm *vm, unsigned long flags)
{
	write_seqcount_end(&vm->seq);
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

#define KT_VM_HASH_BITS	6
extern struct hlist_head kt_vm_table[1 << KT_VM_HASH_BITS];
extern unsigned int kt_vm_count;

/**
 * kt_vm_find() - the guest that a struct kvm is for
 * @kvm:	any VM that cannot go away during the call
 *
 * Context: Any; called from ftrace handlers of every VM on the host.
 * Return: the guest, or NULL if the VM was not taken over.
 */
static __always_inline struct kt_vm *kt_vm_find(struct kvm *kvm)
{
	struct kt_vm *vm;

	if (likely(!READ_ONCE(kt_vm_count)))
		return NULL;

	preempt_disable_notrace();
	hlist_for_each_entry_rcu_notrace(vm, &kt_vm_table[hash_ptr(kvm, KT_VM_HASH_BITS)], hash)
		if (vm->kvm == kvm)
			break;
	preempt_enable_notrace();
	return vm;
}

/* Guest time, ns. The host's clock is read once an entry. */
static inline u64 kt_vm_now(const struct kt_vm *vm)
{
	u64 host_tsc;

	return kt_vm_clock_sample(&vm->clock, &host_tsc);
}

/* Is this vCPU in a halt, in which it takes interrupts but looks at no request? */
static inline bool kt_vm_is_halted(const struct kt_vm *vm, const struct kvm_vcpu *vcpu)
{
	return test_bit(vcpu->vcpu_idx, vm->halted);
}

/* The host's wall clock, for what a guest is born with. */
static inline void kt_vm_wall_clock(struct timespec64 *wall)
{
	ktime_get_real_ts64(wall);
}

/* Does IRQ0 belong to the PIT? An HPET, ours or the VMM's, may stand in. */
static inline bool kt_vm_pit_ticking(const struct kt_vm *vm)
{
	return (vm->active & KVM_TIMERS_PIT) && !vm->pit.silenced &&
	       !kt_hpet_legacy(&vm->hpet.model);
}

/* And IRQ8 to the RTC? */
static inline bool kt_vm_rtc_ticking(const struct kt_vm *vm)
{
	return (vm->active & KVM_TIMERS_RTC) && !kt_hpet_legacy(&vm->hpet.model);
}

static inline unsigned int kt_source_device(unsigned int id)
{
	return id < KT_SOURCE_HPET ? id : KVM_TIMERS_DEVICE_HPET;
}

static inline bool kt_source_is_hpet(unsigned int id)
{
	return id >= KT_SOURCE_HPET;
}

struct kt_vm *kt_vm_create(const struct kt_vm_params *params);
int kt_vm_attach(struct kt_vm *vm, struct kvm *kvm);
void kt_vm_stop(struct kt_vm *vm);
void kt_vm_detach(struct kt_vm *vm);
void kt_vm_get(struct kt_vm *vm);
struct kvm *kt_vm_hold(struct kt_vm *vm);
void kt_vm_put(struct kt_vm *vm);
struct kt_vm *kt_vm_open(u32 id);
unsigned int kt_vm_for_each(void (*visit)(struct kt_vm *vm));
unsigned int kt_vm_list(u32 *ids, unsigned int room);
bool kt_vm_may_access(const struct kt_vm *vm);

void kt_vm_halt_begin(struct kt_vm *vm, struct kvm_vcpu *vcpu);
void kt_vm_halt_end(struct kt_vm *vm, struct kvm_vcpu *vcpu);
void kt_vm_summoned(struct kt_vm *vm, struct kvm_vcpu *vcpu);

void kt_vm_realarm(struct kt_vm *vm);
void kt_vm_rearm(struct kt_vm *vm, unsigned int id, u64 now);
bool kt_vm_comes_when_summoned(struct kt_vm *vm, struct kvm_vcpu *target);
void kt_vm_look(struct kt_vm *vm, unsigned int id);
void kt_vm_serve(struct kt_vm *vm, unsigned int id, bool fresh);
void kt_vm_recheck(struct kt_vm *vm);
void kt_vm_pic_initialized(struct kt_vm *vm, struct kvm_vcpu *vcpu);
void kt_vm_line_event(struct kt_line *line, bool unmasked);
bool kt_vm_service_tick(struct kt_vm *vm, unsigned int device, struct kt_tick *tick, u64 *late,
			struct kt_tick_input *in, bool single);
bool kt_vm_account(struct kt_vm *vm, unsigned int id, enum kt_tick_pin pin, u64 now, bool *edge);
u64 kt_vm_deadline(const struct kt_vm *vm, unsigned int id, u64 now);
bool kt_vm_is_level(const struct kt_vm *vm, unsigned int id);
void kt_vm_wake(struct kt_vm *vm, unsigned int id, u64 now);

int kt_vm_pit_create(struct kt_vm *vm);
u8 kt_vm_pit_read(struct kt_vm *vm, enum kt_i8254_port port);
void kt_vm_pit_write(struct kt_vm *vm, enum kt_i8254_port port, u8 val);
u8 kt_vm_pit_read61(struct kt_vm *vm);
void kt_vm_pit_write61(struct kt_vm *vm, u8 val);
void kt_vm_pit_get(struct kt_vm *vm, struct kt_i8254_state *state, u64 *origin_ns,
		   bool *silenced);
int kt_vm_pit_set(struct kt_vm *vm, const struct kt_i8254_state *state, bool silenced);
void kt_vm_pit_reinject(struct kt_vm *vm, bool reinject);
void kt_vm_pit_settle(struct kt_vm *vm, u64 now);
void kt_vm_pit_put(struct kt_vm *vm, struct kvm_timers_pit_record *rec, u64 now);
void kt_vm_pit_take(struct kt_vm *vm, const struct kvm_timers_pit_record *rec, u64 now);
void kt_vm_pit_status(const struct kt_vm *vm, struct kvm_timers_device_status *status, u64 now);

int kt_vm_rtc_create(struct kt_vm *vm);
void kt_vm_rtc_destroy(struct kt_vm *vm);
bool kt_vm_rtc_select(struct kt_vm *vm, struct kvm_vcpu *vcpu, u8 val);
void kt_vm_rtc_selected(struct kt_vm *vm, struct kvm_vcpu *vcpu);
bool kt_vm_rtc_read(struct kt_vm *vm, u8 *val);
bool kt_vm_rtc_write(struct kt_vm *vm, u8 index, u8 val);
void kt_vm_rtc_settle(struct kt_vm *vm, u64 now);
void kt_vm_rtc_reset(struct kt_vm *vm);
void kt_vm_rtc_put(struct kt_vm *vm, struct kvm_timers_rtc_record *rec, u64 now);
void kt_vm_rtc_take(struct kt_vm *vm, const struct kvm_timers_rtc_record *rec, u64 now);
void kt_vm_rtc_status(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now);

int kt_vm_hpet_create(struct kt_vm *vm);
void kt_vm_hpet_destroy(struct kt_vm *vm);
u64 kt_vm_hpet_read(struct kt_vm *vm, u32 offset, u32 len);
void kt_vm_hpet_write(struct kt_vm *vm, u32 offset, u32 len, u64 val);
void kt_vm_hpet_levels(struct kt_vm *vm);
void kt_vm_hpet_reset(struct kt_vm *vm);
void kt_vm_hpet_put(struct kt_vm *vm, struct kvm_timers_hpet_record *rec, u64 now);
void kt_vm_hpet_take(struct kt_vm *vm, const struct kvm_timers_hpet_record *rec, u64 now);
void kt_vm_hpet_status(const struct kt_vm *vm, struct kvm_timers_status *status, u64 now);

void kt_vm_add_stats(struct kvm_timers_device_status *status, const struct kt_tick *tick);
int kt_vm_status(struct kt_vm *vm, struct kvm_timers_status *status);
void kt_vm_source_status(const struct kt_vm *vm, unsigned int id, u64 edges, bool ticking,
			 struct kvm_timers_device_status *status);
void kt_vm_set_tick_params(struct kt_vm *vm, unsigned int device,
			   const struct kt_tick_params *params);
int kt_vm_set_policy(struct kt_vm *vm, unsigned int device,
		     const struct kvm_timers_policy_config *config);
int kt_vm_set_budget(struct kt_vm *vm, u32 want);
const struct kt_tick_params *kt_vm_tick_params(const struct kt_vm *vm, unsigned int device);

int kt_vm_record_size(struct kt_vm *vm);
int kt_vm_get_record(struct kt_vm *vm, struct kvm_timers_record *rec, u32 room);
int kt_vm_set_record(struct kt_vm *vm, const struct kvm_timers_record *rec, u32 length,
		     bool same_boot);
void kt_vm_source_put(const struct kt_vm *vm, unsigned int id, struct kvm_timers_debt *debt,
		      u64 edges);
void kt_vm_source_take(struct kt_vm *vm, unsigned int id, const struct kvm_timers_debt *debt,
		       u64 edges);

int kt_vm_init(void);
void kt_vm_exit(void);

#endif /* KT_VM_H */
