// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small VMM of our own on /dev/kvm: one to one mapped long mode, no BIOS.
 *
 * Only what the tests need, and nothing of it hidden: every exit that reaches
 * this process is counted, so a test can claim that a port is served in the
 * kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kt_host.h"
#include "kt_vmm.h"

#define NR_PORTS		0x10000
#define CMOS_INDEX		0x70
#define CMOS_DATA		0x71
#define CMOS_INDEX_MASK		0x7f
#define NR_GSIS			24
#define NR_PIC_LINES		16
#define MAX_CPUID		128
#define CPUID_FEATURES		1
#define CPUID_ECX_DEADLINE	(1U << 24)

#define TSS_ADDR		0xfffbd000UL

#define CR0_PE_NE_WP_PG		0x80010021UL
#define CR4_PAE			0x20UL
#define EFER_LME_LMA		0x500UL
#define RFLAGS_FIXED		0x2UL

#define PTE_PRESENT_RW		0x3UL
#define PTE_LARGE		0x80UL
#define LARGE_PAGE		0x200000UL
#define NR_PDS			4
#define PAGE_SIZE		0x1000UL
#define PTES_PER_PAGE		512

#define GDT_CODE64		0x00af9b000000ffffULL
#define GDT_DATA		0x00cf93000000ffffULL

static int set_pc_routing(int fd)
{
	unsigned int max = NR_PIC_LINES + NR_GSIS, n = 0, i;
	struct kvm_irq_routing *table;
	int ret;

	table = calloc(1, sizeof(*table) + max * sizeof(table->entries[0]));
	if (!table)
		return -1;

	for (i = 0; i < NR_PIC_LINES; i++) {
		/* Line 2 is the cascade. */
		if (i == 2)
			continue;
		table->entries[n].gsi = i;
		table->entries[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		table->entries[n].u.irqchip.irqchip =
			i < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE;
		table->entries[n++].u.irqchip.pin = i & 7;
	}
	for (i = 0; i < NR_GSIS; i++) {
		if (i == 2)
			continue;
		table->entries[n].gsi = i;
		table->entries[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		table->entries[n].u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		table->entries[n++].u.irqchip.pin = i ? i : 2;
	}
	table->nr = n;
	ret = ioctl(fd, KVM_SET_GSI_ROUTING, table);
	free(table);
	return ret;
}

static void build_memory(struct kt_vmm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->mem + KT_PML4_GPA);
	uint64_t *pdpt = (uint64_t *)(vm->mem + KT_PDPT_GPA);
	uint64_t *pd = (uint64_t *)(vm->mem + KT_PD_GPA);
	uint64_t *gdt = (uint64_t *)(vm->mem + KT_GDT_GPA);
	unsigned int i;

	pml4[0] = KT_PDPT_GPA | PTE_PRESENT_RW;
	for (i = 0; i < NR_PDS; i++)
		pdpt[i] = (KT_PD_GPA + i * PAGE_SIZE) | PTE_PRESENT_RW;
	for (i = 0; i < NR_PDS * PTES_PER_PAGE; i++)
		pd[i] = i * LARGE_PAGE | PTE_PRESENT_RW | PTE_LARGE;

	gdt[KT_CODE_SEL / sizeof(*gdt)] = GDT_CODE64;
	gdt[KT_DATA_SEL / sizeof(*gdt)] = GDT_DATA;
	for (i = 0; i < KT_MAX_VCPUS; i++)
		*(uint64_t *)(vm->mem + KT_STACK_GPA + i * KT_STACK_SIZE) = i;

	memcpy(vm->mem + KT_IMAGE_GPA, kt_blob, kt_blob_end - kt_blob);
	vm->shared = (struct kt_shared *)(vm->mem + KT_SHARED_GPA);
}

static int create_memory(struct kt_vmm *vm)
{
	struct kvm_userspace_memory_region region = {
		.memory_size	= KT_MEM_SIZE,
	};

	vm->mem = mmap(NULL, KT_MEM_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->mem == MAP_FAILED) {
		vm->mem = NULL;
		return -1;
	}

	build_memory(vm);
	region.userspace_addr = (uint64_t)vm->mem;
	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static int set_long_mode(struct kt_vmm_vcpu *vcpu)
{
	struct kvm_segment seg = {
		.limit	= 0xffffffff,
		.present = 1,
		.s	= 1,
		.g	= 1,
	};
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return -1;

	sregs.cs = seg;
	sregs.cs.selector = KT_CODE_SEL;
	sregs.cs.type = 11;
	sregs.cs.l = 1;
	seg.selector = KT_DATA_SEL;
	seg.type = 3;
	seg.db = 1;
	sregs.ds = seg;
	sregs.es = seg;
	sregs.fs = seg;
	sregs.gs = seg;
	sregs.ss = seg;
	sregs.gdt.base = KT_GDT_GPA;
	sregs.gdt.limit = KT_DATA_SEL + sizeof(uint64_t) - 1;
	sregs.cr3 = KT_PML4_GPA;
	sregs.cr4 = CR4_PAE;
	sregs.cr0 = CR0_PE_NE_WP_PG;
	sregs.efer = EFER_LME_LMA;
	return ioctl(vcpu->fd, KVM_SET_SREGS, &sregs);
}

/* KVM says by a capability what it can do here. */
static void set_deadline(struct kt_vmm *vm, struct kvm_cpuid2 *cpuid)
{
	unsigned int i;

	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) <= 0)
		return;

	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == CPUID_FEATURES)
			cpuid->entries[i].ecx |= CPUID_ECX_DEADLINE;
}

static int set_cpuid(struct kt_vmm *vm, struct kt_vmm_vcpu *vcpu, bool deadline)
{
	struct kvm_cpuid2 *cpuid;
	int ret;

	cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return -1;

	cpuid->nent = MAX_CPUID;
	ret = ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	if (!ret && deadline)
		set_deadline(vm, cpuid);
	if (!ret)
		ret = ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return ret;
}

/* Before the image's first byte. */
static int set_start(struct kt_vmm_vcpu *vcpu, unsigned int index)
{
	struct kvm_regs regs = {
		.rip	= KT_IMAGE_GPA,
		.rsp	= KT_STACK_GPA + (index + 1) * KT_STACK_SIZE,
		.rflags	= RFLAGS_FIXED,
	};

	return set_long_mode(vcpu) || ioctl(vcpu->fd, KVM_SET_REGS, &regs) ? -1 : 0;
}

static int create_vcpu(struct kt_vmm *vm, unsigned int index, const struct kt_vmm_config *config)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kt_vmm_vcpu *vcpu = &vm->vcpu[index];
	unsigned long id = config->ids_descend ? config->nr_vcpus - 1 - index : index;
	bool irqchip = !config->no_irqchip;
	int size;

	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (vcpu->fd < 0)
		return -1;

	size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return -1;
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return -1;
	}
	vcpu->run_size = size;

	if (set_cpuid(vm, vcpu, irqchip && !config->no_deadline) || set_start(vcpu, index))
		return -1;
	return irqchip ? ioctl(vcpu->fd, KVM_SET_MP_STATE, &runnable) : 0;
}

/* The ring is one for all vCPUs, in the pages that each of them shares. */
static int coalesce_cmos(struct kt_vmm *vm)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr	= CMOS_INDEX,
		.size	= 1,
		.pio	= 1,
	};
	int page = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);

	if (page <= 0 || ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone))
		return -1;

	vm->ring = (void *)vm->vcpu[0].run + page * PAGE_SIZE;
	return 0;
}

static int attach(struct kt_vmm *vm, const struct kt_vmm_config *config)
{
	struct kvm_timers_config c = {
		.size		= sizeof(c),
		.devices	= config->devices ?: KVM_TIMERS_PIT,
		.rtc_base	= config->rtc_base,
		.rtc_time_s	= config->rtc_time_s,
		.lapic_advance	= config->lapic_advance,
		.lapic_advance_ns = config->lapic_advance_ns,
		.clock_rate	= config->clock_rate,
	};
	unsigned int i;

	for (i = 0; i < KVM_TIMERS_NR_DEVICES; i++)
		if (c.devices & 1U << i)
			c.tick[i] = config->policy;
	vm->timers = kt_host_attach(vm->fd, &c);
	return vm->timers < 0 ? -1 : 0;
}

static int create_pit(struct kt_vmm *vm, enum kt_vmm_pit pit)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (pit == KT_VMM_NO_PIT)
		return 0;
	return pit == KT_VMM_PIT1 ? ioctl(vm->fd, KVM_CREATE_PIT, 0) :
				    ioctl(vm->fd, KVM_CREATE_PIT2, &config);
}

static int set_apic_cycle(struct kt_vmm *vm, unsigned int cycle_ns)
{
	struct kvm_enable_cap cap = {
		.cap	= KVM_CAP_X86_APIC_BUS_CYCLES_NS,
		.args	= { cycle_ns },
	};

	return cycle_ns ? ioctl(vm->fd, KVM_ENABLE_CAP, &cap) : 0;
}

static int create(struct kt_vmm *vm, const struct kt_vmm_config *config)
{
	unsigned int i;

	vm->port_exits = calloc(NR_PORTS, sizeof(*vm->port_exits));
	if (!vm->port_exits)
		return -1;

	vm->kvm = open(KT_HOST_DEV_KVM, O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -1;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0 || ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDR) || create_memory(vm))
		return -1;

	if (config->takeover == KT_VMM_ATTACH && !kt_host_plain() && attach(vm, config))
		return -1;
	if (!config->no_irqchip && ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return -1;
	if (!config->no_irqchip && !config->kvm_routing && set_pc_routing(vm->fd))
		return -1;
	if (create_pit(vm, config->pit) || set_apic_cycle(vm, config->apic_cycle_ns))
		return -1;

	for (i = 0; i < (config->nr_vcpus ?: 1); i++) {
		if (create_vcpu(vm, i, config))
			return -1;
		vm->nr_vcpus++;
	}
	return config->coalesce ? coalesce_cmos(vm) : 0;
}

/**
 * kt_vmm_init() - have no VM yet
 * @vm:		filled in; kt_vmm_destroy() of it does nothing
 */
void kt_vmm_init(struct kt_vmm *vm)
{
	unsigned int i;

	memset(vm, 0, sizeof(*vm));
	pthread_mutex_init(&vm->cmos_lock, NULL);
	vm->kvm = -1;
	vm->fd = -1;
	vm->timers = -1;
	for (i = 0; i < KT_MAX_VCPUS; i++)
		vm->vcpu[i].fd = -1;
}

/**
 * kt_vmm_create() - build a VM whose vCPUs stand before the image's first byte
 * @vm:		filled in
 * @config:	what to build; NULL is a PC with one vCPU
 *
 * Return: 0, or -1 with errno and nothing left behind.
 */
int kt_vmm_create(struct kt_vmm *vm, const struct kt_vmm_config *config)
{
	static const struct kt_vmm_config pc;
	int err;

	kt_vmm_init(vm);
	if (!create(vm, config ?: &pc))
		return 0;

	err = errno;
	perror("# cannot build the VM");
	kt_vmm_destroy(vm);
	errno = err;
	return -1;
}

/**
 * kt_vmm_destroy() - close everything that is still open
 * @vm:		VM
 *
 * A test may have closed a descriptor before and set it to -1.
 */
void kt_vmm_destroy(struct kt_vmm *vm)
{
	unsigned int i;

	for (i = 0; i < KT_MAX_VCPUS; i++) {
		if (vm->vcpu[i].run)
			munmap(vm->vcpu[i].run, vm->vcpu[i].run_size);
		if (vm->vcpu[i].fd >= 0)
			close(vm->vcpu[i].fd);
		vm->vcpu[i].run = NULL;
		vm->vcpu[i].fd = -1;
	}
	if (vm->timers >= 0)
		close(vm->timers);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	if (vm->mem)
		munmap(vm->mem, KT_MEM_SIZE);
	free(vm->port_exits);
	vm->timers = -1;
	vm->fd = -1;
	vm->kvm = -1;
	vm->mem = NULL;
	vm->port_exits = NULL;
}

/**
 * kt_vmm_restart() - let a vCPU stand before the image's first byte again
 * @vm:		VM
 * @index:	vCPU, which has been reset or has got an INIT
 *
 * Return: 0, or -1 with errno.
 */
int kt_vmm_restart(struct kt_vmm *vm, unsigned int index)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (set_start(&vm->vcpu[index], index))
		return -1;
	return ioctl(vm->vcpu[index].fd, KVM_SET_MP_STATE, &runnable);
}

static const char *guest_text(const struct kt_vmm *vm, uint64_t gpa)
{
	if (gpa >= KT_MEM_SIZE || !memchr(vm->mem + gpa, 0, KT_MEM_SIZE - gpa))
		return "?";
	return vm->mem + gpa;
}

static enum kt_vmm_event handle_call(struct kt_vmm *vm, unsigned int index, uint8_t nr)
{
	const struct kt_shared_call *call = &vm->shared->call[index];

	memcpy(vm->vcpu[index].val, call->val, sizeof(call->val));
	switch (nr) {
	case KT_CALL_SYNC:
		return KT_VMM_SYNC;
	case KT_CALL_DONE:
		return KT_VMM_DONE;
	case KT_CALL_ASSERT:
		fprintf(stderr, "# guest %s:%llu: %s: %#llx, %#llx\n",
			guest_text(vm, call->file), (unsigned long long)call->line,
			guest_text(vm, call->expr), (unsigned long long)call->val[0],
			(unsigned long long)call->val[1]);
		return KT_VMM_ERROR;
	default:
		fprintf(stderr, "# guest: call %u: %#llx error %#llx at %#llx, address %#llx\n", nr,
			(unsigned long long)call->val[0], (unsigned long long)call->val[1],
			(unsigned long long)call->val[2], (unsigned long long)call->val[3]);
		return KT_VMM_ERROR;
	}
}

/* What KVM has collected comes before the exit that is being handled. */
static void flush_ring(struct kt_vmm *vm)
{
	struct kvm_coalesced_mmio_ring *ring = vm->ring;
	uint32_t first;

	if (!ring)
		return;

	for (first = ring->first; first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);
	     first = (first + 1) % KVM_COALESCED_MMIO_MAX) {
		vm->cmos_index = ring->coalesced_mmio[first].data[0] & CMOS_INDEX_MASK;
		__atomic_store_n(&ring->first, (first + 1) % KVM_COALESCED_MMIO_MAX,
				 __ATOMIC_RELEASE);
	}
}

/* The bytes of an access at the ports of the CMOS. */
static void handle_cmos(struct kt_vmm *vm, const struct kvm_run *run, uint8_t *data)
{
	unsigned int i;

	pthread_mutex_lock(&vm->cmos_lock);
	flush_ring(vm);
	for (i = 0; i < run->io.size; i++) {
		if (run->io.direction == KVM_EXIT_IO_OUT && run->io.port + i == CMOS_INDEX) {
			vm->cmos_index = data[i] & CMOS_INDEX_MASK;
		} else if (run->io.direction == KVM_EXIT_IO_IN && run->io.port + i == CMOS_DATA) {
			data[i] = KT_VMM_CMOS(vm->cmos_index);
			vm->cmos_reads[vm->cmos_index]++;
		}
	}
	pthread_mutex_unlock(&vm->cmos_lock);
}

/* Nobody is at the other ports: writes are lost, reads float high. */
static bool handle_io(struct kt_vmm *vm, struct kvm_run *run, uint8_t *call)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.port == KT_CALL_PORT && run->io.direction == KVM_EXIT_IO_OUT) {
		*call = data[0];
		return true;
	}

	vm->port_exits[run->io.port]++;
	if (run->io.direction == KVM_EXIT_IO_IN)
		memset(data, 0xff, (size_t)run->io.size * run->io.count);
	if (run->io.port <= CMOS_DATA && run->io.port + run->io.size > CMOS_INDEX)
		handle_cmos(vm, run, data);
	return false;
}

static enum kt_vmm_event handle_unknown(const struct kvm_run *run)
{
	fprintf(stderr, "# unexpected exit %u", run->exit_reason);
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		fprintf(stderr, ", internal error %u", run->internal.suberror);
	fprintf(stderr, "\n");
	return KT_VMM_ERROR;
}

/**
 * kt_vmm_run() - run a vCPU until it has something to say
 * @vm:		VM
 * @index:	vCPU
 *
 * The guest code up to the event has run between the vCPU's @entered_ns and
 * @exited_ns.
 *
 * Return: what it says; KT_VMM_ERROR has been explained on stderr.
 */
enum kt_vmm_event kt_vmm_run(struct kt_vmm *vm, unsigned int index)
{
	struct kt_vmm_vcpu *vcpu = &vm->vcpu[index];
	struct kvm_run *run = vcpu->run;
	uint8_t call;

	vcpu->entered_ns = kt_host_now();
	for (;;) {
		int ret = ioctl(vcpu->fd, KVM_RUN, 0);

		vcpu->exited_ns = kt_host_now();
		if (ret && errno == EINTR)
			return KT_VMM_INTERRUPTED;
		if (ret) {
			perror("# KVM_RUN");
			return KT_VMM_ERROR;
		}

		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (handle_io(vm, run, &call))
				return handle_call(vm, index, call);
			break;
		case KVM_EXIT_MMIO:
			vm->mmio_exits++;
			if (!run->mmio.is_write)
				memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
			break;
		case KVM_EXIT_INTR:
			return KT_VMM_INTERRUPTED;
		default:
			return handle_unknown(run);
		}
	}
}

/**
 * kt_vmm_command() - let the first vCPU begin a command
 * @vm:		VM
 * @cmd:	number of the guest's own
 *
 * Return: the first event of it.
 */
enum kt_vmm_event kt_vmm_command(struct kt_vmm *vm, uint64_t cmd)
{
	vm->shared->cmd = cmd;
	return kt_vmm_run(vm, 0);
}

/**
 * kt_vmm_exits() - exits to this process that ports caused
 * @vm:		VM
 * @first:	first port
 * @last:	last port
 *
 * Return: number.
 */
uint64_t kt_vmm_exits(const struct kt_vmm *vm, unsigned int first, unsigned int last)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = first; i <= last; i++)
		sum += vm->port_exits[i];
	return sum;
}

/**
 * kt_vmm_status() - read the status of a VM that has been attached
 * @vm:		VM
 * @status:	filled in
 *
 * Return: 0, or -1 with errno.
 */
int kt_vmm_status(const struct kt_vmm *vm, struct kvm_timers_status *status)
{
	return kt_host_timers_status(vm->timers, status);
}

/**
 * kt_vmm_account() - the status of a VM whose account adds up
 * @vm:		VM
 *
 * Does not return if it cannot be read, or does not: that has been said on stderr.
 *
 * Return: the status.
 */
struct kvm_timers_status kt_vmm_account(const struct kt_vmm *vm)
{
	struct kvm_timers_status status;

	if (kt_vmm_status(vm, &status)) {
		perror("# status");
		abort();
	}
	if (!kt_host_conserved(&status)) {
		fprintf(stderr, "# the account does not add up\n");
		abort();
	}
	return status;
}
