// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of the LAPIC timer's tests: the VMM tells each vCPU every access, and judges.
 */
#include "guest.h"
#include "lapic_cmds.h"

#define ICR_INIT		0x4500

static struct lapic_vcpu *me(void)
{
	return &((struct lapic_page *)LAPIC_PAGE_GPA)->vcpu[kt_guest_vcpu()];
}

static uint64_t arg(unsigned int n)
{
	return me()->arg[n];
}

static void arm_deadline(struct lapic_vcpu *mine, uint64_t cycles)
{
	mine->armed = rdtsc();
	mine->deadline = mine->armed + cycles;
	mine->ok = kt_guest_wrmsr(MSR_DEADLINE, mine->deadline);
}

static void rearm(struct lapic_vcpu *mine)
{
	uint64_t tsc = kt_guest_irq_tsc();

	if (mine->rearm == LAPIC_REARM_NONE)
		return;

	KT_CLAIM(tsc - mine->armed, >=, mine->least);
	if (mine->rearm == LAPIC_REARM_DEADLINE)
		KT_CLAIM(tsc, >=, mine->deadline);
	if (!mine->armings)
		return;

	mine->armings--;
	if (mine->rearm == LAPIC_REARM_DEADLINE) {
		arm_deadline(mine, mine->step);
		return;
	}
	mine->armed = rdtsc();
	kt_guest_lapic_write(LAPIC_REG_TMICT, mine->step);
}

void kt_guest_irq(unsigned int vector)
{
	struct lapic_vcpu *mine = me();

	mine->stamps[mine->taken % LAPIC_NR_STAMPS] = kt_guest_irq_tsc();
	mine->irqs[vector]++;
	mine->taken++;
	rearm(mine);
	if (mine->cmd == LAPIC_WAIT || mine->cmd == LAPIC_REPORT)
		kt_guest_close();
}

static void setup(bool x2apic)
{
	uint64_t base = 0;

	kt_guest_pic_off();
	kt_guest_rdmsr(MSR_APIC_BASE, &base);
	if (x2apic)
		kt_guest_wrmsr(MSR_APIC_BASE, base | MSR_APIC_BASE_X2APIC);
	kt_guest_lapic_look();
	KT_CLAIM(kt_guest_lapic_is_x2apic(), ==, x2apic);
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED);
}

static void open_window(bool spin)
{
	if (spin)
		sti_window_cli();
	else
		sti_hlt();
	cli();
}

static void wait_irqs(unsigned int vector, uint64_t count, bool spin)
{
	volatile uint32_t *irqs = &me()->irqs[vector];

	while (*irqs < count)
		open_window(spin);
}

/* A TSC that is moved meanwhile is no clock: the VMM does not. */
static void stay_open(uint64_t cycles)
{
	uint64_t start = rdtsc();

	sti();
	while (rdtsc() - start < cycles)
		cpu_relax();
	cli();
}

static void read_sample(struct lapic_sample *sample, unsigned int reg)
{
	sample->from = rdtsc();
	sample->val = kt_guest_lapic_read(reg);
	sample->to = rdtsc();
}

static void write_sample(struct lapic_sample *sample, unsigned int reg, uint32_t val)
{
	sample->from = rdtsc();
	kt_guest_lapic_write(reg, val);
	sample->to = rdtsc();
}

static void take_samples(struct lapic_vcpu *mine, uint32_t tmict)
{
	unsigned int i;

	write_sample(&mine->access, LAPIC_REG_TMICT, tmict);
	for (i = 0; i < LAPIC_NR_SAMPLES; i++)
		read_sample(&mine->samples[i], LAPIC_REG_TMCCT);
}

static void past(struct lapic_vcpu *mine, uint64_t tsc, uint64_t deadline)
{
	uint64_t left = 0;

	mine->ok = kt_guest_wrmsr(MSR_TSC, tsc) && kt_guest_wrmsr(MSR_DEADLINE, deadline) &&
		   kt_guest_rdmsr(MSR_DEADLINE, &left);
	mine->access.val = left;
}

static void send_init(unsigned int dest)
{
	if (kt_guest_lapic_is_x2apic()) {
		kt_guest_wrmsr(MSR_X2APIC + LAPIC_ICR / 16, (uint64_t)dest << 32 | ICR_INIT);
		return;
	}
	kt_guest_lapic_write(LAPIC_ICR2, dest << 24);
	kt_guest_lapic_write(LAPIC_ICR, ICR_INIT);
}

static void report(struct lapic_vcpu *mine)
{
	unsigned int vector = arg(0) & 0xff;
	uint64_t each = arg(3);

	kt_guest_lapic_write(LAPIC_REG_LVTT, arg(0));
	kt_guest_lapic_write(LAPIC_REG_TDCR, arg(1));
	kt_guest_lapic_write(LAPIC_REG_TMICT, arg(2));
	for (;;) {
		wait_irqs(vector, mine->irqs[vector] + each, false);
		kt_guest_sync(mine->irqs[vector], 0, 0, 0);
	}
}

static void command(struct lapic_vcpu *mine)
{
	uint64_t val = 0;

	switch (mine->cmd) {
	case LAPIC_SETUP:
		setup(arg(0));
		break;
	case LAPIC_LOOK:
		kt_guest_lapic_look();
		break;
	case LAPIC_READ:
		read_sample(&mine->access, arg(0));
		break;
	case LAPIC_WRITE:
		write_sample(&mine->access, arg(0), arg(1));
		break;
	case LAPIC_PEEK:
		mine->access.val = kt_guest_peek(arg(0), arg(1));
		break;
	case LAPIC_POKE:
		kt_guest_poke(arg(0), arg(1), arg(2));
		break;
	case LAPIC_RDMSR:
		mine->access.from = rdtsc();
		mine->ok = kt_guest_rdmsr(arg(0), &val);
		mine->access.to = rdtsc();
		mine->access.val = val;
		break;
	case LAPIC_WRMSR:
		mine->access.from = rdtsc();
		mine->ok = kt_guest_wrmsr(arg(0), arg(1));
		mine->access.to = rdtsc();
		break;
	case LAPIC_WAIT:
		wait_irqs(arg(0), arg(1), arg(2));
		break;
	case LAPIC_OPEN:
		stay_open(arg(0));
		break;
	case LAPIC_SAMPLE:
		take_samples(mine, arg(0));
		break;
	case LAPIC_ARM:
		arm_deadline(mine, arg(0));
		break;
	case LAPIC_PAST:
		past(mine, arg(0), arg(1));
		break;
	case LAPIC_INIT:
		send_init(arg(0));
		break;
	case LAPIC_REPORT:
		report(mine);
		break;
	default:
		KT_CLAIM(mine->cmd, <, LAPIC_NR_CMDS);
	}
}

void kt_guest_main(void)
{
	for (;;) {
		command(me());
		kt_guest_done();
	}
}
