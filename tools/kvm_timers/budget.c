// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all timers of a VM may give together when they catch up, as people write it.
 */
#include "budget.h"

#include <string.h>

#include "out.h"
#include "policy.h"

#define BUDGET_MIN_HZ	100
#define BUDGET_MAX_HZ	1000000

/**
 * kt_budget_parse() - read a budget
 * @budget:	result, if it is valid
 * @option:	what the caller calls it, for the error
 * @text:	interrupts in a second, or "default"
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE after the error has been reported.
 */
int kt_budget_parse(struct kt_budget *budget, const char *option, const char *text)
{
	struct kt_budget new = { .named = true };

	if (strcmp(text, "default") &&
	    (kt_policy_parse_u32(text, &new.hz) || new.hz < BUDGET_MIN_HZ ||
	     new.hz > BUDGET_MAX_HZ))
		return kt_out_fail(KT_OUT_USAGE,
				   "%s '%s': write interrupts in a second, %u to %u, or 'default'",
				   option, text, BUDGET_MIN_HZ, BUDGET_MAX_HZ);
	*budget = new;

	return KT_OUT_OK;
}
