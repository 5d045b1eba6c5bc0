/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's clock bent, as NTP does it.
 */
#ifndef KT_BEND_H
#define KT_BEND_H

/* The most that NTP bends the host's clock, ppm. */
#define KT_BEND_PPM	500

/**
 * kt_bend() - have the host's clock go faster or slower
 * @ppm:	by how much
 */
void kt_bend(long ppm);

/**
 * kt_bend_at() - steps, then a ramp, and again
 * @look:	of how many before
 *
 * Return: what the bend is to be after a look, ppm.
 */
long kt_bend_at(unsigned long look);

#endif /* KT_BEND_H */
