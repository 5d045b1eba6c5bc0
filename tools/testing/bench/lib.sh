# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the benches share.

passed=0 failed=0

# $1: claim, $2: figure, $3: how it is to its bound, as "test" has it, and as people do, $5: the bound
compare()
{
	if test "$2" "$3" "$5"; then
		passed=$((passed + 1))
		printf 'ok      %-58s %6d %s %d\n' "$1" "$2" "$4" "$5"
	else
		failed=$((failed + 1))
		printf 'not ok  %-58s %6d, not %s %d\n' "$1" "$2" "$4" "$5"
	fi
}

at_most()
{
	compare "$1" "$2" -le '<=' "$3"
}

at_least()
{
	compare "$1" "$2" -ge '>=' "$3"
}
