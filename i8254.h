/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel 8254 programmable interval timer and port 0x61, as a pure model.
 */
#ifndef KT_I8254_H
#define KT_I8254_H

#include <linux/types.h>

#define KT_I8254_CHANNELS	3

/* Ports, relative to 0x40. */
enum kt_i8254_port {
	KT_I8254_COUNTER0	= 0,
	KT_I8254_COUNTER1	= 1,
	KT_I8254_COUNTER2	= 2,
	KT_I8254_CONTROL	= 3,
};

/* CLK is 105/88 MHz: one pulse is 17600/21 ns. */
#define KT_I8254_CLK_MUL	21
#define KT_I8254_CLK_DIV	17600

/**
 * struct kt_i8254_channel - one 16-bit down counter
 * @clk:		CLK pulses since guest time 0; all other fields are as of this pulse
 * @edges:		rising edges of OUT since init. Counter 1 counts refresh requests
 *			here, so it starts from those made before it was programmed
 * @edge_ns:		guest time of the newest rising edge, 0 if none
 * @ce:			counting element as a number, 0 to 65536 (10000 in BCD) once @loaded;
 *			before that the register image which the last mode left
 * @cr:			count register, 1 to 65536 (10000 in BCD); 0: no complete count yet
 * @latched_count:	output latch, as the register shows it
 * @cw:			control word as written, less the counter's number
 * @mode:		0 to 5
 * @lsb:		first byte of a count in two bytes
 * @status:		latched status byte
 * @latch_bytes:	bytes of @latched_count still to be read
 * @programmed:		a control word has been written
 * @out:		OUT
 * @null:		NULL COUNT: what was written last has not reached @ce
 * @gate:		GATE
 * @trigger:		GATE has risen since the last CLK pulse
 * @load:		the next CLK pulse loads @ce
 * @loaded:		@ce has been loaded since the control word
 * @armed:		one-shot modes: OUT has not yet told that @ce reached 0
 * @odd:		mode 3: the count which the present half cycle was loaded with is odd
 * @inhibit:		mode 0: half of a count stops counting
 * @write_msb:		the next write is the MSB
 * @read_msb:		the next unlatched read is the MSB
 * @status_latched:	@status is to be read next
 */
struct kt_i8254_channel {
	u64	clk;
	u64	edges;
	u64	edge_ns;
	u32	ce;
	u32	cr;
	u16	latched_count;
	u8	cw;
	u8	mode;
	u8	lsb;
	u8	status;
	u8	latch_bytes;
	bool	programmed;
	bool	out;
	bool	null;
	bool	gate;
	bool	trigger;
	bool	load;
	bool	loaded;
	bool	armed;
	bool	odd;
	bool	inhibit;
	bool	write_msb;
	bool	read_msb;
	bool	status_latched;
};

/**
 * struct kt_i8254 - the device
 * @ch:		the three counters
 * @port61:	latched bits 3:0 of port 0x61
 */
struct kt_i8254 {
	struct kt_i8254_channel	ch[KT_I8254_CHANNELS];
	u8			port61;
};

/**
 * struct kt_i8254_channel_state - a counter as a VMM's save format can hold it
 * @loaded_ns:		guest time at which the counting element was loaded; for modes 2
 *			and 3 the start of any period of the present phase. May be
 *			negative (loaded before the guest's time began)
 * @count:		reload value, 1 to 65536 (10000 in BCD)
 * @programmed:		a control word has been written
 * @counting:		a complete count has been written since
 * @mode:		mode field as written in the control word, 0 to 7
 * @bcd:		count in four decades
 * @rw:			access form: 1 LSB, 2 MSB, 3 LSB then MSB
 * @gate:		GATE level
 * @read_msb:		the next unlatched read returns the MSB (@rw 3)
 * @write_msb:		the next write is the MSB (@rw 3)
 * @write_latch:	LSB already written (@write_msb)
 * @latch_bytes:	bytes of @latched_count still to be read: 0, 1, 2. With @rw 3 and 1,
 *			the MSB is left
 * @latched_count:	output latch, as the register shows it
 * @status_latched:	@status is to be read next
 * @status:		latched status byte
 */
struct kt_i8254_channel_state {
	s64	loaded_ns;
	u32	count;
	bool	programmed;
	bool	counting;
	u8	mode;
	bool	bcd;
	u8	rw;
	bool	gate;
	bool	read_msb;
	bool	write_msb;
	u8	write_latch;
	u8	latch_bytes;
	u16	latched_count;
	bool	status_latched;
	u8	status;
};

struct kt_i8254_state {
	struct kt_i8254_channel_state	ch[KT_I8254_CHANNELS];
	u8				port61;
};

/* Mode of a control word. Bit 2 of the field is not looked at in modes 2 and 3. */
static inline u8 kt_i8254_mode(u8 cw)
{
	u8 mode = cw >> 1 & 7;

	return mode & 2 ? mode & 3 : mode;
}

void kt_i8254_init(struct kt_i8254 *pit, u64 now);
void kt_i8254_write(struct kt_i8254 *pit, enum kt_i8254_port port, u8 val, u64 now);
u8 kt_i8254_read(struct kt_i8254 *pit, enum kt_i8254_port port, u64 now);
void kt_i8254_write_port61(struct kt_i8254 *pit, u8 val, u64 now);
u8 kt_i8254_read_port61(struct kt_i8254 *pit, u64 now);
void kt_i8254_run(struct kt_i8254 *pit, u64 now);
u64 kt_i8254_edges(const struct kt_i8254 *pit, u64 now);
u64 kt_i8254_deadline(const struct kt_i8254 *pit, u64 now);
u64 kt_i8254_last_edge(const struct kt_i8254 *pit, u64 now);
u64 kt_i8254_period(const struct kt_i8254 *pit);
void kt_i8254_get_state(const struct kt_i8254 *pit, struct kt_i8254_state *state, u64 now);
bool kt_i8254_is_legal(const struct kt_i8254 *pit, u64 now);
int kt_i8254_set_state(struct kt_i8254 *pit, const struct kt_i8254_state *state, u64 now);

#endif /* KT_I8254_H */
