// SPDX-License-Identifier: GPL-2.0-only
/*
 * Library of the guests: calls to the VMM, interrupt controllers, the PIT.
 */
#include "guest.h"

#define PIC1_CMD		0x20
#define PIC1_DATA		0x21
#define PIC2_CMD		0xa0
#define PIC2_DATA		0xa1
#define PIC_EOI			0x20
#define PIC_READ_IRR		0x0a
#define PIC_READ_ISR		0x0b
#define PIC_ONLY_IRQ0		0xfe
#define PIC1_CASCADE		2
#define PIC_ONLY_CASCADE	0xfb
#define PIC2_ONLY_IRQ8		0xfe

#define IOAPIC_BASE		0xfec00000UL
#define IOAPIC_DATA		0x10
#define IOAPIC_REDTBL		0x10
#define IOAPIC_MASKED		0x10000

#define NR_VECTORS		256
#define STUB_SIZE		16
#define GATE_INTERRUPT		0x8e00
#define RFLAGS_IF		0x200UL
#define OPCODE_HLT		0xf4
#define VEC_GP			13

/* Length of RDMSR and WRMSR. */
#define MSR_INSN		2

/* Pushed by start.S and the CPU. */
struct frame {
	uint64_t	regs[7];
	uint64_t	tsc;
	uint64_t	rdx;
	uint64_t	rax;
	uint64_t	vector;
	uint64_t	error;
	uint64_t	rip;
	uint64_t	cs;
	uint64_t	rflags;
};

struct gate {
	uint16_t	offset_low;
	uint16_t	selector;
	uint16_t	flags;
	uint16_t	offset_mid;
	uint32_t	offset_high;
	uint32_t	reserved;
};

struct idtr {
	uint16_t	limit;
	uint64_t	base;
} __attribute__((packed));

extern char kt_start_stubs[];
void kt_guest_entry(void);
void kt_guest_trap(struct frame *frame);

bool kt_guest_trusts_irqs;

static struct gate idt[NR_VECTORS] __attribute__((aligned(16)));
static bool closing[KT_MAX_VCPUS];
static bool x2apic[KT_MAX_VCPUS];
static uint64_t irq_tsc[KT_MAX_VCPUS];

/* The next #GP is RDMSR's or WRMSR's, and no error. A handler may do one within another. */
static volatile bool fixing[KT_MAX_VCPUS];

/**
 * kt_guest_vcpu() - which vCPU this is
 *
 * The VMM leaves the number in the lowest word of each vCPU's stack.
 *
 * Return: number, from 0.
 */
unsigned int kt_guest_vcpu(void)
{
	uint64_t rsp;

	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	return *(uint64_t *)(rsp & ~(KT_STACK_SIZE - 1));
}

static struct kt_shared_call *my_call(void)
{
	return &kt_guest_shared->call[kt_guest_vcpu()];
}

static void call(enum kt_call nr)
{
	outb(nr, KT_CALL_PORT);
}

/**
 * kt_guest_irq_tsc() - TSC when the interrupt came that is being handled
 *
 * Return: TSC of this vCPU.
 */
uint64_t kt_guest_irq_tsc(void)
{
	return irq_tsc[kt_guest_vcpu()];
}

/**
 * kt_guest_rdmsr() - RDMSR that may fault
 * @msr:	number
 * @val:	filled in if it does not
 *
 * Return: it did not.
 */
bool kt_guest_rdmsr(uint32_t msr, uint64_t *val)
{
	volatile bool *mine = &fixing[kt_guest_vcpu()];
	uint32_t lo = 0, hi = 0;
	bool outer = *mine, ok;

	*mine = true;
	asm volatile("rdmsr" : "+a"(lo), "=d"(hi) : "c"(msr) : "memory");
	ok = *mine;
	*mine = outer;
	if (ok)
		*val = (uint64_t)hi << 32 | lo;
	return ok;
}

/**
 * kt_guest_wrmsr() - WRMSR that may fault
 * @msr:	number
 * @val:	value
 *
 * Return: it did not.
 */
bool kt_guest_wrmsr(uint32_t msr, uint64_t val)
{
	volatile bool *mine = &fixing[kt_guest_vcpu()];
	bool outer = *mine, ok;

	*mine = true;
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)val), "d"((uint32_t)(val >> 32))
		     : "memory");
	ok = *mine;
	*mine = outer;
	return ok;
}

/**
 * kt_guest_lapic_look() - see which mode this vCPU's local APIC is in
 *
 * To be called whenever it may have changed; until then it is the xAPIC's.
 */
void kt_guest_lapic_look(void)
{
	uint64_t base = 0;

	kt_guest_rdmsr(MSR_APIC_BASE, &base);
	x2apic[kt_guest_vcpu()] = (base & MSR_APIC_BASE_X2APIC) == MSR_APIC_BASE_X2APIC;
}

/** kt_guest_lapic_is_x2apic() - Return: that mode. */
bool kt_guest_lapic_is_x2apic(void)
{
	return x2apic[kt_guest_vcpu()];
}

/**
 * kt_guest_lapic_write() - write a register of this vCPU's local APIC
 * @reg:	offset, in both modes
 * @val:	value
 */
void kt_guest_lapic_write(unsigned int reg, uint32_t val)
{
	if (kt_guest_lapic_is_x2apic())
		asm volatile("wrmsr" : : "c"(MSR_X2APIC + reg / 16), "a"(val), "d"(0) : "memory");
	else
		*(volatile uint32_t *)(LAPIC_BASE + reg) = val;
}

/**
 * kt_guest_lapic_read() - read a register of this vCPU's local APIC
 * @reg:	offset, in both modes
 *
 * Return: value.
 */
uint32_t kt_guest_lapic_read(unsigned int reg)
{
	uint32_t lo, hi;

	if (!kt_guest_lapic_is_x2apic())
		return *(volatile uint32_t *)(LAPIC_BASE + reg);

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(MSR_X2APIC + reg / 16) : "memory");
	return lo;
}

static void ioapic_write(unsigned int reg, uint32_t val)
{
	*(volatile uint32_t *)IOAPIC_BASE = reg;
	*(volatile uint32_t *)(IOAPIC_BASE + IOAPIC_DATA) = val;
}

static void idt_init(void)
{
	struct idtr idtr = {
		.limit	= sizeof(idt) - 1,
		.base	= (uint64_t)idt,
	};
	unsigned int i;

	for (i = 0; i < NR_VECTORS; i++) {
		uint64_t stub = (uint64_t)kt_start_stubs + i * STUB_SIZE;

		idt[i] = (struct gate) {
			.offset_low	= stub,
			.selector	= KT_CODE_SEL,
			.flags		= GATE_INTERRUPT,
			.offset_mid	= stub >> 16,
			.offset_high	= stub >> 32,
		};
	}
	asm volatile("lidt %0" : : "m"(idtr));
}

/*
 * A vector that its controller does not have in service has been delivered
 * twice. Emulated SVM does so about once in 5000 times, with KVM's own PIT, too,
 * where a guest takes interrupts back to back. Do what systems do with a
 * spurious interrupt.
 */
static bool has_bit(uint16_t port, uint8_t reg, unsigned int line)
{
	outb(reg, port);
	return inb(port) & (1 << (line & 7));
}

static uint16_t pic_of(unsigned int line)
{
	return line < 8 ? PIC1_CMD : PIC2_CMD;
}

static bool is_pic_ghost(unsigned int line)
{
	return !has_bit(pic_of(line), PIC_READ_ISR, line);
}

static bool is_lapic_ghost(unsigned int vector)
{
	return !(kt_guest_lapic_read(LAPIC_ISR + vector / 32 * 0x10) & (1U << (vector % 32)));
}

static void pic_irq(unsigned int vector)
{
	unsigned int line = vector - KT_GUEST_VEC_PIC;

	if (!kt_guest_trusts_irqs && is_pic_ghost(line)) {
		kt_guest_shared->ghosts++;
		/* The second one had nothing any more, but the first one does not know. */
		if (line >= 8 && has_bit(PIC1_CMD, PIC_READ_ISR, PIC1_CASCADE))
			outb(PIC_EOI, PIC1_CMD);
		return;
	}
	kt_guest_irq(vector);
	if (line >= 8)
		outb(PIC_EOI, PIC2_CMD);
	outb(PIC_EOI, PIC1_CMD);
}

static void lapic_irq(unsigned int vector)
{
	if (!kt_guest_trusts_irqs && is_lapic_ghost(vector)) {
		kt_guest_shared->ghosts++;
		return;
	}
	kt_guest_irq(vector);
	kt_guest_lapic_write(LAPIC_EOI, 0);
}

/*
 * Emulated SVM may forget the shadow of STI and interrupt just before HLT, which
 * would then wait for what has been.
 */
static void skip_halt(struct frame *frame)
{
	if (*(const uint8_t *)frame->rip == OPCODE_HLT)
		frame->rip++;
}

static void close_window(struct frame *frame)
{
	closing[kt_guest_vcpu()] = false;
	frame->rflags &= ~RFLAGS_IF;
}

/* Called by start.S for every vector. */
void kt_guest_trap(struct frame *frame)
{
	struct kt_shared_call *c = my_call();
	unsigned int vcpu = kt_guest_vcpu();
	uint64_t cr2;

	if (frame->vector == VEC_GP && fixing[vcpu]) {
		fixing[vcpu] = false;
		frame->rip += MSR_INSN;
		return;
	}
	if (frame->vector == KT_GUEST_VEC_NMI) {
		kt_guest_shared->nmis++;
		return;
	}
	if (frame->vector == KT_GUEST_VEC_SPURIOUS)
		return;
	if (frame->vector < KT_GUEST_VEC_PIC) {
		asm volatile("mov %%cr2, %0" : "=r"(cr2));
		c->val[0] = frame->vector;
		c->val[1] = frame->error;
		c->val[2] = frame->rip;
		c->val[3] = cr2;
		for (;;)
			call(KT_CALL_TRAP);
	}

	irq_tsc[vcpu] = frame->tsc;
	if (frame->vector < KT_GUEST_VEC_PIC + 16)
		pic_irq(frame->vector);
	else
		lapic_irq(frame->vector);
	skip_halt(frame);
	if (closing[vcpu])
		close_window(frame);
}

/* Called by start.S on each vCPU. */
void kt_guest_entry(void)
{
	idt_init();
	kt_guest_main();
	for (;;)
		kt_guest_done();
}

/**
 * kt_guest_sync() - hand four values to the VMM and go on when it says so
 * @a:	first
 * @b:	second
 * @c:	third
 * @d:	fourth
 */
void kt_guest_sync(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct kt_shared_call *mine = my_call();

	mine->val[0] = a;
	mine->val[1] = b;
	mine->val[2] = c;
	mine->val[3] = d;
	call(KT_CALL_SYNC);
}

/**
 * kt_guest_close() - let the handler return with interrupts disabled
 *
 * For a handler, where interrupts come faster than a slow host lets a guest take
 * them: what was interrupted would never run on.
 */
void kt_guest_close(void)
{
	closing[kt_guest_vcpu()] = true;
}

/** kt_guest_done() - say that this command is finished */
void kt_guest_done(void)
{
	call(KT_CALL_DONE);
}

/**
 * kt_guest_assert() - report a claim that does not hold, and stop
 * @file:	source file
 * @line:	source line
 * @expr:	the claim
 * @a:		its left side
 * @b:		its right side
 */
void kt_guest_assert(const char *file, int line, const char *expr, uint64_t a, uint64_t b)
{
	struct kt_shared_call *c = my_call();

	cli();
	c->file = (uint64_t)file;
	c->expr = (uint64_t)expr;
	c->line = line;
	c->val[0] = a;
	c->val[1] = b;
	for (;;)
		call(KT_CALL_ASSERT);
}

/**
 * kt_guest_pic_init() - both PICs at KT_GUEST_VEC_PIC
 * @mask:	mask of the first one; the second one has no source
 */
void kt_guest_pic_init(uint8_t mask)
{
	outb(0x11, PIC1_CMD);
	outb(KT_GUEST_VEC_PIC, PIC1_DATA);
	outb(0x04, PIC1_DATA);
	outb(0x01, PIC1_DATA);
	outb(0x11, PIC2_CMD);
	outb(KT_GUEST_VEC_PIC + 8, PIC2_DATA);
	outb(0x02, PIC2_DATA);
	outb(0x01, PIC2_DATA);
	outb(0xff, PIC2_DATA);
	outb(mask, PIC1_DATA);
}

/** kt_guest_pic_off() - mask every line of both PICs */
void kt_guest_pic_off(void)
{
	kt_guest_pic_init(0xff);
}

/**
 * kt_guest_pic_is_requested() - whether an interrupt waits in a PIC
 * @line:	line
 *
 * Return: its bit of IRR.
 */
bool kt_guest_pic_is_requested(unsigned int line)
{
	return has_bit(pic_of(line), PIC_READ_IRR, line);
}

/** kt_guest_lapic_init() - enable the local APIC by software, accept every vector */
void kt_guest_lapic_init(void)
{
	kt_guest_lapic_write(LAPIC_TPR, 0);
	kt_guest_lapic_write(LAPIC_SVR, LAPIC_SVR_ENABLE | KT_GUEST_VEC_SPURIOUS);
}

/**
 * kt_guest_lapic_lvt0() - write LVT0
 * @val:	the register
 */
void kt_guest_lapic_lvt0(uint32_t val)
{
	kt_guest_lapic_write(LAPIC_LVT0, val);
}

/**
 * kt_guest_ioapic_entry() - write a redirection entry
 * @pin:	pin
 * @entry:	its lower half
 * @dest:	destination
 */
void kt_guest_ioapic_entry(unsigned int pin, uint32_t entry, uint8_t dest)
{
	ioapic_write(IOAPIC_REDTBL + 2 * pin + 1, (uint32_t)dest << 24);
	ioapic_write(IOAPIC_REDTBL + 2 * pin, entry);
}

/**
 * kt_guest_ioapic_edge() - unmask a pin: edge, fixed, physical, to the first vCPU
 * @pin:	pin
 * @vector:	vector
 */
void kt_guest_ioapic_edge(unsigned int pin, uint8_t vector)
{
	kt_guest_ioapic_entry(pin, vector, 0);
}

/**
 * kt_guest_ioapic_mask() - mask a pin
 * @pin:	pin
 */
void kt_guest_ioapic_mask(unsigned int pin)
{
	ioapic_write(IOAPIC_REDTBL + 2 * pin, IOAPIC_MASKED);
}

/**
 * kt_guest_irq0_route() - let IRQ 0, and nothing else, come in by one way
 * @pin:	which way
 */
void kt_guest_irq0_route(enum kt_pin pin)
{
	if (pin == KT_PIN_PIC) {
		kt_guest_pic_init(PIC_ONLY_IRQ0);
		return;
	}
	kt_guest_pic_off();
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED);
	kt_guest_ioapic_edge(pin == KT_PIN_IOAPIC_0 ? 0 : 2, KT_GUEST_VEC_IOAPIC);
}

/**
 * kt_guest_irq8_route() - let IRQ 8, and nothing else, come in by one way
 * @pin:	KT_PIN_PIC, or any other: pin 8 of the IOAPIC
 */
void kt_guest_irq8_route(enum kt_pin pin)
{
	if (pin == KT_PIN_PIC) {
		kt_guest_pic_init(PIC_ONLY_CASCADE);
		outb(PIC2_ONLY_IRQ8, PIC2_DATA);
		return;
	}
	kt_guest_pic_off();
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED);
	kt_guest_ioapic_edge(8, KT_GUEST_VEC_IOAPIC);
}

/**
 * kt_guest_pit_program() - control word and both bytes of a count
 * @channel:	counter
 * @control:	RW, mode and BCD bits; RW as for two bytes
 * @count:	count
 */
void kt_guest_pit_program(unsigned int channel, uint8_t control, uint16_t count)
{
	outb((channel << 6) | control, PIT_CTRL);
	outb(count, PIT_CH0 + channel);
	outb(count >> 8, PIT_CH0 + channel);
}

/**
 * kt_guest_pit_status() - read back a status byte
 * @channel:	counter
 *
 * Return: status.
 */
uint8_t kt_guest_pit_status(unsigned int channel)
{
	outb(0xe0 | (2 << channel), PIT_CTRL);
	return inb(PIT_CH0 + channel);
}

/**
 * kt_guest_pit_latch() - latch and read a two-byte count
 * @channel:	counter, RW 3
 *
 * Return: count.
 */
uint16_t kt_guest_pit_latch(unsigned int channel)
{
	uint8_t lo;

	outb(channel << 6, PIT_CTRL);
	lo = inb(PIT_CH0 + channel);
	return lo | (inb(PIT_CH0 + channel) << 8);
}

/**
 * kt_guest_pit_wait_loaded() - wait until NULL COUNT is clear
 * @channel:	counter
 */
void kt_guest_pit_wait_loaded(unsigned int channel)
{
	while (kt_guest_pit_status(channel) & PIT_STATUS_NULL)
		cpu_relax();
}

/**
 * kt_guest_pit_pause() - let time pass, by counter 2 in mode 0
 * @clks:	at least this many CLK pulses
 *
 * Interrupts stay as the caller has them.
 */
void kt_guest_pit_pause(uint16_t clks)
{
	outb(PORT61_GATE2, PORT61);
	kt_guest_pit_program(2, 0x30, clks);
	while (!(inb(PORT61) & PORT61_OUT2))
		cpu_relax();
}
