/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the libFuzzer targets share: a claim, and numbers out of the input's bytes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include <linux/limits.h>
#include <linux/types.h>

#define REQUIRE(cond) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		abort();							\
	}									\
} while (0)

struct input {
	const u8	*data;
	size_t		left;
};

/* The next bytes as a number; behind the end there are zeroes. */
static inline u64 take(struct input *in, unsigned int bytes)
{
	u64 val = 0;

	while (bytes--) {
		val <<= 8;
		if (in->left) {
			val |= *in->data++;
			in->left--;
		}
	}

	return val;
}

/* A later time, by @op: a gap of so many bytes, of two more, of any size, or none. */
static inline u64 take_now(struct input *in, u64 now, u8 op, unsigned int bytes)
{
	u64 gap;

	switch (op >> 6) {
	case 0:
		gap = take(in, bytes);
		break;
	case 1:
		gap = take(in, bytes + 2);
		break;
	case 2:
		gap = take(in, 8) >> (take(in, 1) & 63);
		break;
	default:
		return now;
	}

	return gap > U64_MAX - now ? U64_MAX : now + gap;
}

#endif /* FUZZ_H */
