// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest of kvmclock_test and tsc_test: the VMM tells each vCPU every access, and judges.
 */
#include "guest.h"
#include "clock_cmds.h"

static struct clock_page *page(void)
{
	return (struct clock_page *)CLOCK_PAGE_GPA;
}

void kt_guest_irq(unsigned int vector)
{
	/* There is none. */
	KT_CLAIM(vector, !=, vector);
}

static uint64_t read_clock(unsigned int vcpu, uint64_t *tsc)
{
	return clock_pv_read((void *)CLOCK_PV_GPA(vcpu), rdtsc, tsc);
}

static uint64_t race(unsigned int vcpu, uint64_t times)
{
	volatile uint64_t *latest = &page()->latest;
	uint64_t seen, ns, tsc, backs = 0;

	while (times--) {
		seen = __atomic_load_n(latest, __ATOMIC_ACQUIRE);
		ns = read_clock(vcpu, &tsc);
		if (ns < seen)
			backs++;
		while (seen < ns && !__atomic_compare_exchange_n(latest, &seen, ns, false,
								 __ATOMIC_ACQ_REL,
								 __ATOMIC_ACQUIRE))
			;
	}
	return backs;
}

/* Into the host's kernel and back, for hosts whose interrupts wait until then. */
static void leave(void)
{
	uint32_t leaf = 0;

	asm volatile("cpuid" : "+a"(leaf) : : "ebx", "ecx", "edx");
}

static void watch(struct clock_away *away, uint64_t cycles)
{
	uint64_t last = rdtsc(), tsc;
	bool stop;

	/* Once more after that: what it was away for last is a gap, too. */
	do {
		stop = page()->stop;
		tsc = rdtsc();
		if (tsc - last >= cycles && away->nr < CLOCK_MAX_GAPS) {
			away->gap[away->nr].from = last;
			away->gap[away->nr].to = tsc;
			away->nr++;
		}
		last = tsc;
		away->looks++;
		leave();
	} while (!stop);
}

static void rdtscp(struct clock_vcpu *mine)
{
	uint32_t lo, hi, aux;

	asm volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	mine->val = (uint64_t)hi << 32 | lo;
	mine->ok = aux;
}

static void run(struct clock_vcpu *mine)
{
	uint64_t val = 0, tsc;

	switch (mine->cmd) {
	case CLOCK_RDMSR:
		mine->from = rdtsc();
		mine->ok = kt_guest_rdmsr(mine->arg[0], &val);
		mine->to = rdtsc();
		mine->val = val;
		break;
	case CLOCK_WRMSR:
		mine->from = rdtsc();
		mine->ok = kt_guest_wrmsr(mine->arg[0], mine->arg[1]);
		mine->to = rdtsc();
		break;
	case CLOCK_READ:
		mine->from = rdtsc();
		mine->val = read_clock(mine->arg[0], &tsc);
		mine->ok = tsc;
		mine->to = rdtsc();
		break;
	case CLOCK_RACE:
		mine->val = race(kt_guest_vcpu(), mine->arg[0]);
		mine->ok = page()->latest;
		break;
	case CLOCK_RUN:
		mine->val = 0;
		while (!page()->stop) {
			mine->val += race(kt_guest_vcpu(), 1);
			leave();
		}
		break;
	case CLOCK_AWAY:
		watch((struct clock_away *)CLOCK_AWAY_GPA(kt_guest_vcpu()), mine->arg[0]);
		break;
	case CLOCK_RDTSC:
		mine->val = rdtsc();
		break;
	case CLOCK_RDTSCP:
		rdtscp(mine);
		break;
	default:
		KT_CLAIM(mine->cmd, <, CLOCK_NR_CMDS);
	}
}

void kt_guest_main(void)
{
	for (;;) {
		run(&page()->vcpu[kt_guest_vcpu()]);
		kt_guest_done();
	}
}
