// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one access costs the guest, in ticks of its TSC. In the deterministic
 * lab that is instructions of the whole machine: exit, KVM, and the VMM where
 * it is asked. Prints "NAME TICKS" lines on the debug console.
 */
#include <stdint.h>

#define DEBUG_CONSOLE	0xe9
#define EXIT_PORT	0xf4
#define ROUNDS		500

static inline void outb(uint16_t port, uint8_t val)
{
	asm volatile("outb %0, %1" : : "a"(val), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline uint64_t rdtsc(void)
{
	uint64_t val;

	asm volatile("lfence; rdtsc" : "=A"(val) : : "memory");
	return val;
}

static void print(const char *s)
{
	while (*s)
		outb(DEBUG_CONSOLE, *s++);
}

static void print_number(uint32_t n)
{
	char digits[11];
	char *p = digits + sizeof(digits) - 1;

	*p = 0;
	do {
		*--p = '0' + n % 10;
		n /= 10;
	} while (n);
	print(p);
}

static void read_pit(void)
{
	inb(0x40);
}

static void latch_pit(void)
{
	outb(0x43, 0);
	inb(0x40);
	inb(0x40);
}

static void program_pit(void)
{
	outb(0x43, 0x34);
	outb(0x40, 0xff);
	outb(0x40, 0xff);
}

static void read_port61(void)
{
	inb(0x61);
}

static void read_tsc_msr(void)
{
	asm volatile("rdmsr" : : "c"(0x10) : "eax", "edx");
}

static const struct {
	const char	*name;
	void		(*run)(void);
} cases[] = {
	{ "pit_read",		read_pit },
	{ "pit_latch_read",	latch_pit },
	{ "pit_program",	program_pit },
	{ "port61_read",	read_port61 },
	{ "rdmsr_tsc",		read_tsc_msr },
};

void guest_main(void)
{
	uint64_t start;
	unsigned int c;
	int i;

	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	program_pit();

	for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		cases[c].run();
		start = rdtsc();
		for (i = 0; i < ROUNDS; i++)
			cases[c].run();
		start = rdtsc() - start;
		print(cases[c].name);
		print(" ");
		print_number((uint32_t)start / ROUNDS);
		print("\n");
	}
	outb(EXIT_PORT, 0);
}
