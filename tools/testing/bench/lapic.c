// SPDX-License-Identifier: GPL-2.0-only
/*
 * What accesses to the LAPIC's timer cost, and how long it is from its expiry
 * to the guest's handler.
 */
#include "guest.h"

#define LAPIC_LVTT	0xfee00320
#define LAPIC_TMICT	0xfee00380
#define LAPIC_TMCCT	0xfee00390
#define LAPIC_TDCR	0xfee003e0
#define TDCR_BY_1	0xb
#define LVTT_PERIODIC	(1 << 17)
#define LVTT_DEADLINE	(2 << 17)

#define MSR_APIC_BASE	0x1b
#define APIC_X2APIC	(1 << 10)
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC_LVTT	0x832
#define MSR_X2APIC_TMICT	0x838
#define MSR_X2APIC_TMCCT	0x839

/* To find how fast the TSC is. */
#define CALIBRATION	(1 << 22)
#define READINGS	25

/* Expiries are one period apart. A halted vCPU sleeps only if it is longer than KVM polls. */
#define RUNNING_NS	100000
#define HALTED_NS	500000
/* KVM has no shorter one in periodic mode. */
#define PERIODIC_NS	250000
#define RUNS		20
#define EXPIRIES	20

/* Seconds ahead: it never expires. */
static void write_tmict(void)
{
	MEMORY(uint32_t, LAPIC_TMICT) = UINT32_MAX;
}

static void read_tmcct(void)
{
	(void)MEMORY(uint32_t, LAPIC_TMCCT);
}

static void write_deadline(void)
{
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + UINT32_MAX);
}

static void write_x2apic_tmict(void)
{
	wrmsr(MSR_X2APIC_TMICT, UINT32_MAX);
}

static void read_x2apic_tmcct(void)
{
	rdmsr(MSR_X2APIC_TMCCT);
}

static const struct access lapic_accesses[] = {
	{ "lapic_tmict_write",	write_tmict },
	{ "lapic_tmcct_read",	read_tmcct },
	{ 0 }
};

static const struct access deadline_accesses[] = {
	{ "deadline_wrmsr",	write_deadline },
	{ 0 }
};

static const struct access x2apic_accesses[] = {
	{ "x2apic_tmict_write",	write_x2apic_tmict },
	{ "x2apic_tmcct_read",	read_x2apic_tmcct },
	{ 0 }
};

static volatile uint64_t fired_at;

__attribute__((interrupt)) static void on_timer(void *frame)
{
	(void)frame;
	fired_at = rdtsc();
	MEMORY(uint32_t, LAPIC_EOI) = 0;
}

static void wait_running(void)
{
	asm volatile("sti");
	while (!fired_at)
		;
	asm volatile("cli");
}

static void wait_halted(void)
{
	while (!fired_at)
		asm volatile("sti; hlt; cli" : : : "memory");
}

struct instant {
	uint64_t	tsc;
	uint32_t	count;
};

/* The TSC and the timer's count at one instant: of some readings the quickest. */
static struct instant look(void)
{
	uint64_t least = UINT64_MAX;
	struct instant quickest = { 0 };
	struct instant at;
	uint64_t took;
	int i;

	for (i = 0; i < READINGS; i++) {
		at.tsc = rdtsc();
		at.count = MEMORY(uint32_t, LAPIC_TMCCT);
		took = rdtsc() - at.tsc;
		if (took < least) {
			least = took;
			quickest = at;
		}
	}
	return quickest;
}

static uint64_t tsc_elapsed, ns_elapsed;

/* How fast the TSC is, by the timer's own clock: 1 GHz. */
static void calibrate(void)
{
	struct instant from, to;

	MEMORY(uint32_t, LAPIC_LVTT) = VECTOR_LAPIC;
	write_tmict();
	from = look();
	while (rdtsc() - from.tsc < CALIBRATION)
		;
	to = look();
	MEMORY(uint32_t, LAPIC_TMICT) = 0;
	tsc_elapsed = to.tsc - from.tsc;
	ns_elapsed = from.count - to.count;
}

static uint64_t ns_to_tsc(uint64_t ns)
{
	return ns * tsc_elapsed / ns_elapsed;
}

static const struct expiry {
	const char	*name;
	void		(*wait)(void);
	uint32_t	mode;
	uint32_t	ns;
} expiries[] = {
	{ "oneshot_running",	wait_running,	0,		RUNNING_NS },
	{ "oneshot_halted",	wait_halted,	0,		HALTED_NS },
	{ "periodic_running",	wait_running,	LVTT_PERIODIC,	PERIODIC_NS },
	{ "periodic_halted",	wait_halted,	LVTT_PERIODIC,	HALTED_NS },
	{ "deadline_running",	wait_running,	LVTT_DEADLINE,	RUNNING_NS },
	{ "deadline_halted",	wait_halted,	LVTT_DEADLINE,	HALTED_NS },
};

/* Return: the TSC from which the period counts. Of a count that is before it is written. */
static uint64_t arm(const struct expiry *expiry)
{
	uint64_t now = rdtsc();

	if (expiry->mode == LVTT_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, now + ns_to_tsc(expiry->ns));
	else
		MEMORY(uint32_t, LAPIC_TMICT) = expiry->ns;
	return now;
}

static void disarm(const struct expiry *expiry)
{
	if (expiry->mode == LVTT_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		MEMORY(uint32_t, LAPIC_TMICT) = 0;
}

/*
 * From expiry to the handler: mean and worst of a run, each the least of some runs, which is
 * that of a run in which the host had nothing else to do; the worst of all; and how many came
 * before their time.
 */
static void measure_expiry(const struct expiry *expiry)
{
	int64_t mean = INT64_MAX, worst = INT64_MAX, worst_of_all = 0;
	int64_t late, sum, most;
	uint64_t armed_at = 0;
	uint32_t periods = 0;
	uint32_t early = 0;
	int run, i;

	MEMORY(uint32_t, LAPIC_LVTT) = VECTOR_LAPIC | expiry->mode;
	asm volatile("mfence" : : : "memory");
	for (run = 0; run < RUNS; run++) {
		sum = 0;
		most = 0;
		for (i = 0; i < EXPIRIES; i++) {
			fired_at = 0;
			if (i == 0 || expiry->mode != LVTT_PERIODIC) {
				armed_at = arm(expiry);
				periods = 0;
			}
			expiry->wait();
			late = fired_at - armed_at - ns_to_tsc((uint64_t)++periods * expiry->ns);
			if (late < 0)
				early++;
			if (late > most)
				most = late;
			sum += late;
		}
		disarm(expiry);
		if (sum < mean)
			mean = sum;
		if (most < worst)
			worst = most;
		if (most > worst_of_all)
			worst_of_all = most;
	}
	put(expiry->name, "_mean", mean > 0 ? mean / EXPIRIES : 0);
	put(expiry->name, "_worst", worst);
	put(expiry->name, "_max", worst_of_all);
	put(expiry->name, "_early", early);
}

void measure_lapic(void)
{
	unsigned int i;

	MEMORY(uint32_t, LAPIC_TDCR) = TDCR_BY_1;
	MEMORY(uint32_t, LAPIC_LVTT) = VECTOR_LAPIC;
	measure(lapic_accesses);
	MEMORY(uint32_t, LAPIC_LVTT) = VECTOR_LAPIC | LVTT_DEADLINE;
	asm volatile("mfence" : : : "memory");
	measure(deadline_accesses);

	set_handler(VECTOR_LAPIC, on_timer);
	calibrate();
	put("tsc_khz", "", tsc_elapsed * 1000000 / ns_elapsed);
	for (i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++)
		measure_expiry(&expiries[i]);

	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_X2APIC);
	wrmsr(MSR_X2APIC_LVTT, VECTOR_LAPIC);
	measure(x2apic_accesses);
}
