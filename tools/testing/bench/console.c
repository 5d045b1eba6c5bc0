// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guests say: text on the debug console, a line in one exit.
 */
#include "guest.h"

#define DEBUG_CONSOLE	0xe9
#define EXIT_PORT	0xf4

static char line[256];
static unsigned int length;

/* Text up to here goes out. */
void flush(void)
{
	const char *from = line;
	uint64_t count = length;

	asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(DEBUG_CONSOLE) : "memory");
	length = 0;
}

void print(const char *s)
{
	for (; *s; s++) {
		line[length++] = *s;
		if (*s == '\n' || length == sizeof(line))
			flush();
	}
}

void print_number(uint64_t n)
{
	char digits[21];
	char *p = digits + sizeof(digits) - 1;

	*p = 0;
	do {
		*--p = '0' + n % 10;
		n /= 10;
	} while (n);
	print(p);
}

/* The machine goes off. */
void power_off(void)
{
	outb(EXIT_PORT, 0);
}
