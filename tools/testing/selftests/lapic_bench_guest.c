// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that measures the LAPIC timer in cycles of its TSC.
 */
#include "guest.h"
#include "lapic_bench_cmds.h"
#include "lapic_cmds.h"

#define VEC_TIMER		0x50
#define WARM_UP			50

static volatile uint64_t taken;
static volatile uint64_t stamp;

/*
 * The accesses that are measured: one instruction each, which the library's are not, and the
 * same one wherever it stands, for KVM decodes it.
 */
static void tmict_write(uint32_t val)
{
	asm volatile("movl %%eax, (%%rcx)" : : "a"(val), "c"(LAPIC_BASE + LAPIC_REG_TMICT)
		     : "memory");
}

static void tmcct_read(void)
{
	uint32_t val;

	asm volatile("movl (%%rcx), %%eax" : "=a"(val) : "c"(LAPIC_BASE + LAPIC_REG_TMCCT)
		     : "memory");
}

static void deadline_write(uint64_t val)
{
	asm volatile("wrmsr" : : "c"(MSR_DEADLINE), "a"((uint32_t)val),
		     "d"((uint32_t)(val >> 32)) : "memory");
}

void kt_guest_irq(unsigned int vector)
{
	KT_CLAIM(vector, ==, VEC_TIMER);
	stamp = kt_guest_irq_tsc();
	taken++;
}

static void setup(void)
{
	kt_guest_pic_off();
	kt_guest_lapic_init();
	kt_guest_lapic_lvt0(LAPIC_LVT_MASKED);
	kt_guest_lapic_write(LAPIC_REG_TDCR, TDCR_BY_1);
}

/* What came on a slow host, although nobody waited, is none of the next command's. */
static void stop(void)
{
	tmict_write(0);
	kt_guest_lapic_write(LAPIC_REG_LVTT, LVTT_MASKED | VEC_TIMER);
	sti_window_cli();
}

/* The timer does not come to its end: the guest arms it again and again. */
static void cost(enum lapic_bench_op op, uint64_t count, uint32_t tmict, uint64_t cycles)
{
	uint64_t start, i;

	kt_guest_lapic_write(LAPIC_REG_LVTT,
			     VEC_TIMER | (op == BENCH_DEADLINE_WRMSR ? LVTT_DEADLINE : 0));
	if (op == BENCH_TMCCT_READ)
		tmict_write(UINT32_MAX);

	start = rdtsc();
	for (i = 0; i < count; i++) {
		uint64_t due = rdtsc() + cycles;

		if (op == BENCH_DEADLINE_WRMSR)
			deadline_write(due);
		else if (op == BENCH_TMICT_WRITE)
			tmict_write(tmict);
		else if (op == BENCH_TMCCT_READ)
			tmcct_read();
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
		tmict_write(tmict);
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

	kt_guest_lapic_write(LAPIC_REG_LVTT, lvtt[mode]);
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
