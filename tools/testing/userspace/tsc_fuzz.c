// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are ratios, offsets, and a program of what a guest and its
 * VMM write. Nothing may divide by zero or out of 64 bits; results are those of wide
 * arithmetic; and who has written a TSC reads it back, or is on the line of the others.
 */
#include <string.h>

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>

#include "fuzz.h"
#include "tsc.h"

#define MAX_OPS		400
#define VCPUS		4

typedef unsigned __int128 u128;
typedef __int128 s128;

/*
 * @apart is the offset less TSC_ADJUST, which the host alone changes; @rounds is the round
 * in which the VMM has written the TSC of a vCPU last.
 */
struct history {
	struct kt_tsc_scale	scale;
	struct kt_tsc_line	line;
	struct kt_tsc		vcpus[VCPUS];
	u64			apart[VCPUS];
	u64			rounds[VCPUS];
	u64			round;
	u64			host_tsc;
};

static u64 take_any(struct input *in)
{
	return take(in, 8) >> (take(in, 1) & 63);
}

static u32 ratio_bits(const struct kt_tsc_scale *scale)
{
	return scale->frac_bits == KT_TSC_SVM_FRAC_BITS ? KT_TSC_SVM_RATIO_BITS : 64;
}

static u64 take_ratio(struct input *in, const struct kt_tsc_scale *scale)
{
	u64 ratio = take_any(in) & (U64_MAX >> (64 - ratio_bits(scale)));

	return ratio ? ratio : 1;
}

static u64 read_tsc(const struct history *h, unsigned int i)
{
	return kt_tsc_scale(&h->scale, h->host_tsc) + h->vcpus[i].offset;
}

/* A ratio of any two frequencies, or if they have none any other. */
static void take_scale(struct input *in, struct kt_tsc_scale *scale)
{
	u32 guest_khz = take(in, 4) >> (take(in, 1) & 31);
	u32 host_khz = take(in, 4) >> (take(in, 1) & 31);
	struct kt_tsc_scale before;
	u128 wanted;
	int err;

	scale->frac_bits = take(in, 1) & 1 ? KT_TSC_SVM_FRAC_BITS : KT_TSC_VMX_FRAC_BITS;
	scale->ratio = take_ratio(in, scale);
	before = *scale;
	err = kt_tsc_set_ratio(scale, guest_khz, host_khz);

	wanted = (u128)guest_khz << scale->frac_bits;
	REQUIRE(scale->frac_bits == before.frac_bits);
	if (wanted < host_khz || wanted >= (u128)host_khz << ratio_bits(scale)) {
		REQUIRE(err == -ERANGE);
		REQUIRE(scale->ratio == before.ratio);
		return;
	}
	REQUIRE(!err);
	REQUIRE((u128)scale->ratio * host_khz <= wanted);
	REQUIRE(((u128)scale->ratio + 1) * host_khz > wanted);
}

static void check_scale(const struct kt_tsc_scale *scale, u64 host_tsc, u64 guest_tsc)
{
	u128 product = (u128)host_tsc * scale->ratio;

	REQUIRE(kt_tsc_scale(scale, host_tsc) == (u64)(product >> scale->frac_bits));
	REQUIRE(kt_tsc_scale(scale, host_tsc) + kt_tsc_offset(scale, guest_tsc, host_tsc) ==
		guest_tsc);
}

/* An offset of either sign is rounded to 0. */
static void check_nested(struct input *in, const struct kt_tsc_scale *outer)
{
	struct kt_tsc_scale inner = { .frac_bits = outer->frac_bits };
	u64 size = take_any(in) & S64_MAX, inner_offset = take(in, 8), scaled;
	u128 product;

	inner.ratio = take_ratio(in, outer);
	product = (u128)outer->ratio * inner.ratio;
	REQUIRE(kt_tsc_nested_ratio(outer, inner.ratio) == (u64)(product >> outer->frac_bits));

	scaled = (u128)size * inner.ratio >> inner.frac_bits;
	REQUIRE(kt_tsc_nested_offset(&inner, size, inner_offset) == inner_offset + scaled);
	REQUIRE(kt_tsc_nested_offset(&inner, -size, inner_offset) == inner_offset - scaled);
}

/* The VMM writes the TSC of a vCPU. */
static void join(struct history *h, unsigned int i, u64 val, u64 slack)
{
	u64 now = kt_tsc_scale(&h->scale, h->host_tsc);
	u64 passed = now - h->line.written_at;
	bool in_round = h->rounds[i] == h->round;
	u64 offset = ~val, line_offset = h->line.offset;
	s128 ahead;
	bool near;

	if (passed > S64_MAX)
		passed = 0;
	ahead = (s64)(val - h->line.written - passed);
	near = ahead <= (s128)max(passed, slack) && -ahead <= (s128)max(passed, slack);
	if (kt_tsc_join(&h->line, in_round, val, now, slack, &offset)) {
		REQUIRE(near && !in_round);
		REQUIRE(offset == line_offset);
	} else {
		REQUIRE(!near || in_round);
		REQUIRE(now + offset == val);
		h->round++;
	}
	REQUIRE(h->line.offset == offset);
	REQUIRE(h->line.written == val && h->line.written_at == now);
	h->rounds[i] = h->round;
	h->apart[i] += offset - h->vcpus[i].offset;
	h->vcpus[i].offset = offset;
}

static u64 take_val(struct input *in, const struct history *h, unsigned int i, u8 how)
{
	switch (how & 3) {
	case 0:
		return take_any(in);
	case 1:
		return h->line.written + take(in, 2) - 256;
	case 2:
		return read_tsc(h, i) + take(in, 3) - 65536;
	default:
		return -take_any(in);
	}
}

static void take_op(struct input *in, struct history *h, u8 op)
{
	unsigned int i = op >> 6 & (VCPUS - 1);
	u64 val = take_val(in, h, i, op >> 4);

	switch (op & 7) {
	case 0:
	case 1:
		kt_tsc_write(&h->vcpus[i], read_tsc(h, i), val);
		REQUIRE(read_tsc(h, i) == val);
		break;
	case 2:
	case 3:
		kt_tsc_write_adjust(&h->vcpus[i], val);
		REQUIRE(h->vcpus[i].adjust == val);
		break;
	case 4:
		/* Another host, or another ratio: the TSC goes on, TSC_ADJUST does not move. */
		val = read_tsc(h, i);
		h->apart[i] -= h->vcpus[i].offset;
		if (op & 8)
			take_scale(in, &h->scale);
		else
			h->host_tsc = take(in, 8);
		h->vcpus[i].offset = kt_tsc_offset(&h->scale, val, h->host_tsc);
		h->apart[i] += h->vcpus[i].offset;
		REQUIRE(read_tsc(h, i) == val);
		break;
	default:
		join(h, i, val, op & 8 ? take(in, 2) : take_any(in));
		break;
	}
}

static void check(const struct history *h)
{
	unsigned int i;

	for (i = 0; i < VCPUS; i++)
		REQUIRE(h->vcpus[i].offset - h->vcpus[i].adjust == h->apart[i]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	struct history h;
	unsigned int ops;

	memset(&h, 0, sizeof(h));
	take_scale(&in, &h.scale);
	check_nested(&in, &h.scale);
	h.host_tsc = take_any(&in);
	h.round = 1;

	for (ops = 0; in.left && ops < MAX_OPS; ops++) {
		u8 op = take(&in, 1);

		h.host_tsc += take(&in, op & 8 ? 1 : 3);
		check_scale(&h.scale, h.host_tsc, h.line.written);
		take_op(&in, &h, op);
		check(&h);
	}

	return 0;
}
