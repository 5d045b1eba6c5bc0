/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second 8254, one step of which is one CLK pulse. Slow and literal: what
 * i8254.c is compared with.
 */
#ifndef KT_I8254_REF_H
#define KT_I8254_REF_H

#include <stdbool.h>
#include <stdint.h>

struct ref_counter {
	int		mode;
	int		rw;
	int		bcd;
	int		cw;
	bool		programmed;
	bool		have_count;
	bool		out;
	bool		null;
	bool		gate;
	bool		gate_rose;
	bool		load;
	bool		running;
	bool		waiting_zero;
	bool		half_written;
	bool		odd_half;
	bool		read_second;
	unsigned int	image;
	unsigned int	low_byte;
	int		value;
	int		reload;
	int		latched;
	int		latched_left;
	int		latched_status;
	uint64_t	edges;
	uint64_t	last_edge;
};

struct ref_pit {
	struct ref_counter	c[3];
	uint64_t		clk;
	uint64_t		now;
	unsigned int		port61;
	bool			toggle;
};

void ref_init(struct ref_pit *p, uint64_t now);
void ref_go(struct ref_pit *p, uint64_t now);
void ref_write(struct ref_pit *p, unsigned int port, uint8_t val);
uint8_t ref_read(struct ref_pit *p, unsigned int port);
void ref_write_port61(struct ref_pit *p, uint8_t val);
uint8_t ref_read_port61(const struct ref_pit *p);
uint64_t ref_next_edge(const struct ref_pit *p, uint64_t limit);

#endif /* KT_I8254_REF_H */
