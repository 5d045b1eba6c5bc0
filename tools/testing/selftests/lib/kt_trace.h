/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host's kernel traces meanwhile, in an instance of its own.
 */
#ifndef KT_TRACE_H
#define KT_TRACE_H

#include <stdbool.h>

/**
 * kt_trace_open() - record one event
 * @event:	"system/event"
 * @filter:	which of them, in the kernel's syntax; NULL: all
 *
 * Return: false without tracefs, or such an event.
 */
bool kt_trace_open(const char *event, const char *filter);

/* Forget what has been recorded. */
void kt_trace_clear(void);

/* Return: how many of those recorded have that in their text. */
unsigned int kt_trace_count(const char *text);

void kt_trace_close(void);

#endif /* KT_TRACE_H */
