// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far ahead an interrupt of the LAPIC timer is prepared, as people write it.
 */
#include "advance.h"

#include <string.h>

#include <linux/kvm_timers.h>

#include "names.h"
#include "out.h"
#include "policy.h"

/**
 * kt_advance_parse() - read an advance
 * @advance:	result, if it is valid
 * @option:	what the caller calls it, for the error
 * @text:	"auto", "default" or nanoseconds
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE after the error has been reported.
 */
int kt_advance_parse(struct kt_advance *advance, const char *option, const char *text)
{
	struct kt_advance new = { .named = true };

	if (!strcmp(text, kt_names_advance(KVM_TIMERS_ADVANCE_AUTO)))
		new.advance = KVM_TIMERS_ADVANCE_AUTO;
	else if (!kt_policy_parse_u32(text, &new.ns) && new.ns <= KVM_TIMERS_ADVANCE_MAX_NS)
		new.advance = KVM_TIMERS_ADVANCE_FIXED;
	else if (strcmp(text, kt_names_advance(KVM_TIMERS_ADVANCE_DEFAULT)))
		return kt_out_fail(KT_OUT_USAGE,
				   "%s '%s': write 'auto', nanoseconds, 0 to %u, or 'default'",
				   option, text, KVM_TIMERS_ADVANCE_MAX_NS);
	*advance = new;

	return KT_OUT_OK;
}
