// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are lines of guest time, clocks of the host, and a chain of
 * pieces. Nothing may divide by zero or out of 64 bits, or shift out of its domain; a read
 * and its inverse fit together; and a new piece is no step.
 */
#include <string.h>

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>

#include "fuzz.h"
#include "kvmclock.h"
#include "model.h"

#define MAX_OPS		400

#define NS_PER_S	1000000000ULL

typedef unsigned __int128 u128;
typedef __int128 s128;

static u64 take_any(struct input *in)
{
	return take(in, 8) >> (take(in, 1) & 63);
}

/* What has passed after so many cycles, with no end of the bits. */
static u128 passed_ns(const struct kt_kvmclock_line *line, u64 cycles)
{
	u128 shifted = line->shift < 0 ? cycles >> -line->shift : (u128)cycles << line->shift;

	return shifted * line->mul >> KT_KVMCLOCK_MUL_SHIFT;
}

/* Behind that the guest's own shift loses bits. */
static u64 last_cycle(const struct kt_kvmclock_line *line)
{
	u64 last = BIT_ULL(63) - 1;

	return line->shift > 0 ? min(last, U64_MAX >> line->shift) : last;
}

static void check_read(const struct kt_kvmclock_line *line, u64 cycles)
{
	u64 ns = kt_kvmclock_read(line, line->tsc + cycles);

	if (cycles >= BIT_ULL(63)) {
		REQUIRE(ns == line->ns);
		return;
	}
	if (cycles > last_cycle(line))
		return;
	REQUIRE(ns == line->ns + (u64)passed_ns(line, cycles));
	if (cycles)
		REQUIRE(ns - line->ns >=
			kt_kvmclock_read(line, line->tsc + cycles - 1) - line->ns);
}

static bool is_first(const struct kt_kvmclock_line *line, u64 cycles, u64 wait)
{
	return cycles && cycles <= last_cycle(line) && passed_ns(line, cycles) >= wait &&
	       passed_ns(line, cycles - 1) < wait;
}

static void check_inverse(const struct kt_kvmclock_line *line, u64 ns)
{
	u64 at = kt_kvmclock_tsc_at(line, ns);
	u64 wait = ns - line->ns;

	if (ns <= line->ns) {
		REQUIRE(at == line->tsc);
	} else if (is_first(line, at - line->tsc, wait)) {
		REQUIRE(kt_kvmclock_read(line, at) - line->ns >= wait);
	} else {
		/* Nothing waits for 2^63 ns; before that, only for what no cycle gives. */
		REQUIRE(at == KT_NEVER);
		REQUIRE(wait >= BIT_ULL(63) - 1 || passed_ns(line, last_cycle(line)) < wait);
	}
}

static void check_line(struct input *in, const struct kt_kvmclock_line *line)
{
	u64 cycles = take_any(in);

	check_read(line, cycles);
	check_read(line, last_cycle(line));
	check_inverse(line, line->ns + (u64)passed_ns(line, cycles));
	check_inverse(line, line->ns + take_any(in));
	check_inverse(line, take(in, 8));
}

/* Any line that a page may say. */
static void take_line(struct input *in)
{
	struct kt_kvmclock_line line = {
		.tsc	= take(in, 8),
		.ns	= take_any(in),
		.mul	= take(in, 4) | BIT(31),
		.shift	= (int)(take(in, 1) % 63) - 31,
	};

	check_line(in, &line);
}

static void take_hz(struct input *in)
{
	struct kt_kvmclock_line line = { .tsc = 3, .ns = 4, .mul = 5, .shift = 6 }, before = line;
	u64 hz = take_any(in);
	u128 second, passed;
	int err = kt_kvmclock_set_hz(&line, hz);

	REQUIRE(line.tsc == 3 && line.ns == 4);
	if (err) {
		REQUIRE(err == -ERANGE && (hz < 1000000 || hz > 1000 * NS_PER_S));
		REQUIRE(line.mul == before.mul && line.shift == before.shift);
		return;
	}
	REQUIRE(line.mul >= BIT(31));
	second = (u128)NS_PER_S << (KT_KVMCLOCK_MUL_SHIFT - line.shift);
	passed = (u128)hz * line.mul;
	REQUIRE(second < passed + hz);
	/* Only halving makes it fast. */
	if (hz <= 2 * NS_PER_S)
		REQUIRE(passed <= second);
	REQUIRE(passed * NS_PER_S < second * (NS_PER_S + 1));
	check_line(in, &line);
}

static void take_host(struct input *in)
{
	struct kt_kvmclock_host host = {
		.cycle	= take(in, 8),
		.ns	= take_any(in),
		.frac	= take(in, 8) >> 2,
		.mult	= take(in, 4),
		.shift	= 8 + take(in, 1) % 25,
	};
	u8 frac_bits = take(in, 1) & 1 ? 32 : 48;
	u64 delta = take_any(in), ratio = take_any(in), rate;
	u64 ns = kt_kvmclock_host_read(&host, host.cycle + delta);
	u128 wide;

	/* Forwards or back. */
	REQUIRE(ns == host.ns + (u64)(((s128)(s64)delta * host.mult + host.frac) >> host.shift));

	rate = kt_kvmclock_host_rate(&host, ratio, frac_bits);
	if (!ratio) {
		REQUIRE(rate == U64_MAX);
		return;
	}
	wide = ((u128)host.mult << (KT_KVMCLOCK_RATE_SHIFT - host.shift) << frac_bits) / ratio;
	REQUIRE(rate == (wide > U64_MAX ? U64_MAX : (u64)wide));
}

static void take_skew(struct input *in)
{
	u64 rate = take_any(in), host_rate = take_any(in), diff;
	u128 part;

	if (!rate)
		rate = 1;
	if (take(in, 1) & 1)
		host_rate += rate;
	diff = host_rate > rate ? host_rate - rate : rate - host_rate;
	part = min((u128)S32_MAX, ((u128)diff << 31) / rate);
	REQUIRE(kt_kvmclock_skew(rate, host_rate) ==
		(host_rate > rate ? (s64)part : -(s64)part));
}

static u64 take_steered(struct input *in, u64 rate)
{
	u64 lag = take_any(in) >> 1, horizon = take_any(in), change, wanted;
	u64 bound = rate / 1000000 * KT_KVMCLOCK_MAX_STEER_PPM;

	if (!horizon)
		horizon = 1;
	change = min((u128)bound, (u128)rate * lag / horizon);
	wanted = kt_kvmclock_steer(rate, lag, horizon);
	REQUIRE(wanted == rate + change);
	REQUIRE(kt_kvmclock_steer(rate, -lag, horizon) == rate - change);

	return take(in, 1) & 1 ? wanted : rate - change;
}

/* Go on from a line with another rate: the same time there, and none that is less later. */
static void take_piece(struct input *in, struct kt_kvmclock_line *line)
{
	u64 rate = take(in, 1) & 7 ? take_steered(in, kt_kvmclock_rate(line)) : take_any(in);
	struct kt_kvmclock_line next = *line;
	u64 cycles = take_any(in), tsc, ns;
	int err;

	/* As long as time has not come to its end. */
	if (cycles > last_cycle(line) || passed_ns(line, cycles) > U64_MAX - line->ns)
		cycles = 0;
	tsc = line->tsc + cycles;
	ns = kt_kvmclock_read(line, tsc);
	REQUIRE(ns >= line->ns);

	err = kt_kvmclock_begin(&next, tsc, ns, rate);
	if (err) {
		REQUIRE(err == -ERANGE && (rate < BIT_ULL(31) || rate > BIT_ULL(62)));
		REQUIRE(!memcmp(&next, line, sizeof(next)));
		return;
	}
	REQUIRE(next.tsc == tsc && next.ns == ns && next.mul >= BIT(31));
	REQUIRE(next.shift >= -8 && next.shift <= 23);
	REQUIRE(kt_kvmclock_rate(&next) <= rate);
	REQUIRE(rate - kt_kvmclock_rate(&next) <= rate >> 31);
	REQUIRE(kt_kvmclock_read(&next, tsc) == ns);
	REQUIRE(kt_kvmclock_read(&next, tsc - 1) == ns);
	*line = next;
	check_line(in, line);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	struct kt_kvmclock_line line;
	unsigned int ops;

	memset(&line, 0, sizeof(line));
	REQUIRE(!kt_kvmclock_begin(&line, take(&in, 8), take_any(&in),
				   BIT_ULL(KT_KVMCLOCK_RATE_SHIFT) * 5 / 12));

	for (ops = 0; in.left && ops < MAX_OPS; ops++) {
		switch (take(&in, 1) & 7) {
		case 0:
			take_line(&in);
			break;
		case 1:
			take_hz(&in);
			break;
		case 2:
			take_host(&in);
			break;
		case 3:
			take_skew(&in);
			break;
		default:
			take_piece(&in, &line);
			break;
		}
	}

	return 0;
}
