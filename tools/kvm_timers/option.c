// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command whose only argument is one option.
 */
#include "option.h"

#include <stdio.h>
#include <string.h>

#include "names.h"
#include "out.h"

/* For the words of kt_names_refuse(), which has no argument for it. */
static const char *only_name;

static const char *option_name(unsigned int i)
{
	return i ? NULL : only_name;
}

/**
 * kt_option_take() - read "--name=value" or "--name value"; of several the last one counts
 * @option:	the option
 * @argc:	number of arguments
 * @argv:	arguments, of which all are read
 * @value:	set if the option is given
 *
 * Return: KT_OUT_OK, or KT_OUT_USAGE, having been reported.
 */
int kt_option_take(const struct kt_option *option, int argc, char **argv, const char **value)
{
	char name[64];
	size_t len;
	int i;

	only_name = option->name;
	for (i = 0; i < argc; i++) {
		if (!kt_names_is_option(argv[i]))
			return kt_out_fail(KT_OUT_USAGE,
					   "unexpected argument '%s': write 'kvm-timers %s'",
					   argv[i], option->command);
		len = strcspn(argv[i], "=");
		snprintf(name, sizeof(name), "%.*s", (int)len, argv[i]);
		if (strcmp(name, option->name))
			return kt_names_refuse("option", name, option_name);
		*value = argv[i][len] ? argv[i] + len + 1 : argv[++i];
		if (!*value || !**value)
			return kt_out_fail(KT_OUT_USAGE, "%s has no value: write '%s=%s'", name,
					   name, option->what);
	}

	return KT_OUT_OK;
}
