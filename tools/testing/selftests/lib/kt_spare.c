// SPDX-License-Identifier: GPL-2.0-only
/*
 * See kt_spare.h.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

#include "kt_spare.h"

static volatile uint64_t rounds;

static void *count_rounds(void *arg)
{
	for (;;)
		rounds++;
	return NULL;
}

static void wake(int signal)
{
}

/**
 * kt_spare_start() - have what is left of the CPU counted from now on
 *
 * The caller comes before all others then, so that it looks when it wants to. SIGUSR1 ends a call
 * of the kernel, and nothing else.
 *
 * Return: it is counted.
 */
bool kt_spare_start(void)
{
	const struct sched_param first = { .sched_priority = 1 }, last = { };
	const struct sigaction action = { .sa_handler = wake };
	pthread_t counter;

	return !sigaction(SIGUSR1, &action, NULL) &&
	       !pthread_create(&counter, NULL, count_rounds, NULL) &&
	       !pthread_setschedparam(counter, SCHED_IDLE, &last) &&
	       !pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
}

/**
 * kt_spare_rounds() - rounds so far
 *
 * Return: their number.
 */
uint64_t kt_spare_rounds(void)
{
	return rounds;
}
