// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that measures the LAPIC timer in cycles of its TSC.
 */
#include "guest.h"
#include "lapic_bench_cmds.h"

#define XAPIC_EOI		0x0b0
#define XAPIC_ISR		0x100
#define XAPIC_LVTT		0x320
#define XAPIC_LVT0		0x350
#define XAPIC_TMICT		0x380
#define XAPIC_TMCCT		0x390
#define XAPIC_TDCR		0x3e0

#define LVT_MASKED		0x10000
#define LVTT_PERIODIC		0x20000
#define LVTT_DEADLINE		0x40000
#define TDCR_BY_1		0xb
#define MSR_DEADLINE		0x6e0

#define VEC_TIMER		0x50
#define WARM_UP			50

struct idtr {
	uint16_t	limit;
	uint64_t	base;
} __attribute__((packed));

struct gate {
	uint16_t	offset_low;
	uint16_t	selector;
	uint16_t	flags;
	uint16_t	offset_mid;
	uint32_t	offset_high;
	uint32_t	reserved;
};

struct interrupt_frame;

static volatile uint64_t taken;
static volatile uint64_t stamp;

static void xapic_write(unsigned int reg, uint32_t val)
{
	*(volatile uint32_t *)(0xfee00000UL + reg) = val;
}

static uint32_t xapic_read(unsigned int reg)
{
	return *(volatile uint32_t *)(0xfee00000UL + reg);
}

static void deadline_write(uint64_t val)
{
	asm volatile("wrmsr" : : "c"(MSR_DEADLINE), "a"((uint32_t)val),
		     "d"((uint32_t)(val >> 32)) : "memory");
}

void kt_guest_irq(unsigned int vector)
{
	KT_CLAIM(vector, ==, VEC_TIMER);
}

/* The library's way here has accesses before the clock is read. */
__attribute__((interrupt))
static void timer_irq(struct interrupt_frame *frame __attribute__((unused)))
{
	uint64_t now = rdtsc();

	if (!(xapic_read(XAPIC_ISR + VEC_TIMER / 32 * 0x10) & 1U << VEC_TIMER % 32)) {
		kt_guest_shared->ghosts++;
		return;
	}
	stamp = now;
	taken++;
	xapic_write(XAPIC_EOI, 0);
}

static void setup(void)
{
	uint64_t handler = (uint64_t)timer_irq;
	struct gate *gate;
	struct idtr idtr;

	asm volatile("sidt %0" : "=m"(idtr));
	gate = (struct gate *)idtr.base + VEC_TIMER;
	gate->offset_low = handler;
	gate->offset_mid = handler >> 16;
	gate->offset_high = handler >> 32;

	kt_guest_pic_off();
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LVT_MASKED);
	xapic_write(XAPIC_TDCR, TDCR_BY_1);
}

/* What came on a slow host, although nobody waited, is none of the next command's. */
static void stop(void)
{
	xapic_write(XAPIC_TMICT, 0);
	xapic_write(XAPIC_LVTT, LVT_MASKED | VEC_TIMER);
	sti_window_cli();
}

/* The timer does not come to its end: the guest arms it again and again. */
static void cost(enum lapic_bench_op op, uint64_t count, uint32_t tmict, uint64_t cycles)
{
	uint64_t start, i;

	xapic_write(XAPIC_LVTT, VEC_TIMER | (op == BENCH_DEADLINE_WRMSR ? LVTT_DEADLINE : 0));
	if (op == BENCH_TMCCT_READ)
		xapic_write(XAPIC_TMICT, UINT32_MAX);

	start = rdtsc();
	for (i = 0; i < count; i++) {
		uint64_t due = rdtsc() + cycles;

		if (op == BENCH_DEADLINE_WRMSR)
			deadline_write(due);
		else if (op == BENCH_TMICT_WRITE)
			xapic_write(XAPIC_TMICT, tmict);
		else if (op == BENCH_TMCCT_READ)
			xapic_read(XAPIC_TMCCT);
		else
			asm volatile("" : : "r"(due));
	}
	kt_guest_sync(rdtsc() - start, 0, 0, 0);
	stop();
}

static void wait(uint64_t until, bool halted)
{
	if (!halted)
		sti();
	while (taken < until) {
		if (!halted)
			continue;
		sti_hlt();
		cli();
	}
	cli();
}

/*
 * Return: when it is due. TMICT counts from within the write, which is taken for its
 * beginning.
 */
static uint64_t arm(enum lapic_bench_mode mode, uint32_t tmict, uint64_t cycles)
{
	uint64_t due = rdtsc() + cycles;

	if (mode == BENCH_TSC_DEADLINE)
		deadline_write(due);
	else
		xapic_write(XAPIC_TMICT, tmict);
	return due;
}

static void late(enum lapic_bench_mode mode, bool halted, uint64_t count, uint32_t tmict,
		 uint64_t cycles)
{
	static const uint32_t lvtt[] = {
		[BENCH_ONE_SHOT]	= VEC_TIMER,
		[BENCH_PERIODIC]	= VEC_TIMER | LVTT_PERIODIC,
		[BENCH_TSC_DEADLINE]	= VEC_TIMER | LVTT_DEADLINE,
	};
	int64_t sum = 0, worst = INT64_MIN, least = INT64_MAX;
	uint64_t due = 0, i;

	xapic_write(XAPIC_LVTT, lvtt[mode]);
	taken = 0;
	for (i = 0; i < WARM_UP + count; i++) {
		int64_t by;

		if (i && mode == BENCH_PERIODIC)
			due += cycles;
		else
			due = arm(mode, tmict, cycles);
		wait(i + 1, halted);
		if (i < WARM_UP)
			continue;
		by = stamp - due;
		sum += by;
		worst = by > worst ? by : worst;
		least = by < least ? by : least;
	}
	stop();
	kt_guest_sync(sum, worst, least, 0);
}

void kt_guest_main(void)
{
	struct kt_shared *shared = kt_guest_shared;

	for (;;) {
		uint64_t cycles = shared->arg[BENCH_ARG_CYCLES];
		uint32_t tmict = shared->arg[BENCH_ARG_TMICT];

		switch (shared->cmd) {
		case BENCH_SETUP:
			setup();
			break;
		case BENCH_COST:
			cost(shared->arg[0], shared->arg[1], tmict, cycles);
			break;
		case BENCH_LATE:
			late(shared->arg[0], shared->arg[1], shared->arg[2], tmict, cycles);
			break;
		default:
			KT_CLAIM(shared->cmd, <=, BENCH_LATE);
		}
		kt_guest_done();
	}
}
