# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the benches share.

passed=0 failed=0

# $1: claim, $2: figure, $3: its bound
at_most()
{
	if [ "$2" -le "$3" ]; then
		passed=$((passed + 1))
		printf 'ok      %-58s %6d <= %d\n' "$1" "$2" "$3"
	else
		failed=$((failed + 1))
		printf 'not ok  %-58s %6d >  %d\n' "$1" "$2" "$3"
	fi
}
