// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes are a program of accesses, at any times, with states
 * that no guest could have made. The model may never divide by zero, overflow a
 * shift or leave its own domain.
 */
#include <string.h>

#include "fuzz.h"
#include "i8254.h"
#include "model.h"

#define MAX_OPS	400

static void check_channel(const struct kt_i8254_channel *ch)
{
	u32 max = ch->cw & 1 ? 10000 : 65536;

	REQUIRE(ch->mode <= 5);
	REQUIRE(ch->latch_bytes <= 2);
	REQUIRE(ch->cr <= max);
	if (ch->loaded) {
		REQUIRE(ch->cr);
		REQUIRE(ch->ce <= max);
		if (ch->mode == 2)
			REQUIRE(ch->ce >= 1);
		if (ch->mode == 3)
			REQUIRE(ch->ce % 2 == 0);
		if (ch->armed && ch->mode != 2 && ch->mode != 3)
			REQUIRE(ch->ce >= 1);
	} else {
		REQUIRE(ch->ce <= U16_MAX);
	}
}

static void check_pit(const struct kt_i8254 *pit, u64 now, u64 *edges)
{
	u64 deadline = kt_i8254_deadline(pit, now);
	u64 count = kt_i8254_edges(pit, now);
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++)
		check_channel(&pit->ch[i]);

	REQUIRE(pit->ch[0].gate && pit->ch[1].gate);
	REQUIRE((pit->port61 & 1) == pit->ch[2].gate);
	REQUIRE(pit->port61 <= 0xf);
	REQUIRE(count >= *edges);
	*edges = count;

	if (deadline != KT_NEVER) {
		REQUIRE(deadline > now);
		REQUIRE(kt_i8254_edges(pit, deadline - 1) == count);
		REQUIRE(kt_i8254_edges(pit, deadline) == count + 1);
		REQUIRE(kt_i8254_last_edge(pit, deadline) == deadline);
	} else {
		/* The last one may fall on KT_NEVER itself. */
		REQUIRE(kt_i8254_edges(pit, U64_MAX - 1) == count);
	}
}

static void take_channel(struct input *in, struct kt_i8254_channel_state *st, u64 now)
{
	u8 flags = take(in, 1);

	memset(st, 0, sizeof(*st));
	st->programmed = flags & 1;
	st->counting = flags & 2;
	st->bcd = flags & 4;
	st->gate = flags & 8;
	st->read_msb = flags & 16;
	st->write_msb = flags & 32;
	st->status_latched = flags & 64;
	st->mode = take(in, 1) & 15;
	st->rw = take(in, 1) & 7;
	st->write_latch = take(in, 1);
	st->latch_bytes = take(in, 1) & 3;
	st->latched_count = take(in, 2);
	st->status = take(in, 1);
	st->count = take(in, 3);
	/* Near now, or anywhere. */
	if (flags & 128)
		st->loaded_ns = take(in, 8);
	else
		st->loaded_ns = now - take(in, 4);
}

static void check_same(const struct kt_i8254_state *a, const struct kt_i8254_state *b)
{
	unsigned int i;

	REQUIRE(a->port61 == b->port61);
	for (i = 0; i < KT_I8254_CHANNELS; i++) {
		const struct kt_i8254_channel_state *x = &a->ch[i], *y = &b->ch[i];

		REQUIRE(x->loaded_ns == y->loaded_ns);
		REQUIRE(x->count == y->count && x->mode == y->mode && x->rw == y->rw);
		REQUIRE(x->programmed == y->programmed && x->counting == y->counting);
		REQUIRE(x->bcd == y->bcd && x->gate == y->gate);
		REQUIRE(x->read_msb == y->read_msb && x->write_msb == y->write_msb);
		REQUIRE(x->write_latch == y->write_latch && x->latch_bytes == y->latch_bytes);
		REQUIRE(x->latched_count == y->latched_count && x->status == y->status);
		REQUIRE(x->status_latched == y->status_latched);
	}
}

static void set_state(struct kt_i8254 *pit, struct input *in, u64 now)
{
	struct kt_i8254_state state, first, second;
	struct kt_i8254 before = *pit;
	u64 edges = kt_i8254_edges(pit, now);
	unsigned int i;

	for (i = 0; i < KT_I8254_CHANNELS; i++)
		take_channel(in, &state.ch[i], now);
	state.port61 = take(in, 1) & 0x1f;

	if (kt_i8254_set_state(pit, &state, now)) {
		REQUIRE(!memcmp(pit, &before, sizeof(before)));
		return;
	}
	REQUIRE(kt_i8254_edges(pit, now) == edges);

	kt_i8254_get_state(pit, &first, now);
	for (i = 0; i < KT_I8254_CHANNELS; i++)
		REQUIRE(first.ch[i].count <= (first.ch[i].bcd ? 10000 : 65536));
	REQUIRE(!kt_i8254_set_state(pit, &first, now));
	kt_i8254_get_state(pit, &second, now);
	if (now < S64_MAX - 1000)
		check_same(&first, &second);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .data = data, .left = size };
	u64 now = take(&in, 8) >> (take(&in, 1) & 63);
	struct kt_i8254_state state;
	struct kt_i8254 pit;
	unsigned int ops;
	u64 edges = 0;

	memset(&pit, 0, sizeof(pit));
	kt_i8254_init(&pit, now);
	for (ops = 0; in.left && ops < MAX_OPS; ops++) {
		u8 op = take(&in, 1);

		now = take_now(&in, now, op, 2);
		switch (op & 7) {
		case 0:
		case 1:
		case 2:
			kt_i8254_write(&pit, (op >> 4) & 3, take(&in, 1), now);
			break;
		case 3:
			kt_i8254_read(&pit, (op >> 4) & 3, now);
			break;
		case 4:
			kt_i8254_write_port61(&pit, take(&in, 1), now);
			break;
		case 5:
			REQUIRE(!(kt_i8254_read_port61(&pit, now) & 0xc0));
			break;
		case 6:
			/* Time in the past of what the device has seen must be harmless. */
			kt_i8254_read(&pit, 0, now);
			kt_i8254_write(&pit, (op >> 4) & 3, take(&in, 1), take(&in, 8) % (now | 1));
			break;
		default:
			set_state(&pit, &in, now);
			break;
		}
		check_pit(&pit, now, &edges);
		kt_i8254_get_state(&pit, &state, now);
	}

	return 0;
}
