/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command whose only argument is one option.
 */
#ifndef KT_OPTION_H
#define KT_OPTION_H

/**
 * struct kt_option - the option
 * @command:	name of the command
 * @name:	of the option, with its dashes
 * @what:	its value is, such as FILE
 */
struct kt_option {
	const char	*command;
	const char	*name;
	const char	*what;
};

int kt_option_take(const struct kt_option *option, int argc, char **argv, const char **value);

#endif /* KT_OPTION_H */
