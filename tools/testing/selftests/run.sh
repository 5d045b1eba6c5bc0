#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run selftests and sum up.
#
#   run.sh [PROGRAM...]		default: all of them
#
# PROGRAM may carry arguments: run.sh "hostile_test 1000000 7". With KT_PLAIN=1
# the programs test KVM's own PIT instead, to show where it differs.
# Exit status 0: no failure and at least one pass.

set -uo pipefail

dir=$(cd "$(dirname "$0")" && pwd)
skip=4
timeout=${KT_TIMEOUT:-900}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ "${1:-}" = --help ]; then
	sed -n '4,12s/^# \{0,1\}//p' "$0"
	exit 0
fi
[ $# -gt 0 ] || set -- attach_test adopt_test pit_test pit_tick_test pit_state_test tick_test \
	status_test rtc_test rtc_tick_test hpet_test hpet_irq_test hpet_legacy_test \
	lapic_test lapic_deadline_test lapic_tick_test lapic_smp_test lapic_state_test \
	kvmclock_test kvmclock_race_test tsc_test freeze_test record_test drift_test \
	kvmclock_host_test \
	storm_test hostile_test unload.sh

passed=0
failed=0
skipped=0

for program in "$@"; do
	echo "# $program"
	read -ra words <<< "$program"
	timeout --foreground -k 5 "$timeout" "$dir/${words[0]}" "${words[@]:1}" | tee "$log"
	status=${PIPESTATUS[0]}

	bad=$(grep -c '^not ok ' "$log")
	skips=$(grep -ciE '^(ok [0-9]+ .*# SKIP|1\.\.0 # SKIP)' "$log")
	good=$(($(grep -c '^ok ' "$log") - $(grep -ciE '^ok [0-9]+ .*# SKIP' "$log")))
	# Ended early: what it did not say counts, too.
	if [ "$status" -ne 0 ] && [ "$status" -ne $skip ] && [ "$bad" -eq 0 ]; then
		echo "not ok - $program: exit status $status"
		bad=1
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skips))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
