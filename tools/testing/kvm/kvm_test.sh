#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# KVM's own selftests of clocks, which build has built: of VMs that are KVM's, then of the same
# ones taken over, at either rate. What passes on KVM is to pass on the module. Runs inside L1
# (tools/lab/run), with the module loaded; prints TAP.
set -uo pipefail

dir=$KT_REPO/build/kvm
tool=$KT_REPO/build/tools/kvm-timers
programs=(x86_64/kvm_clock_test x86_64/tsc_msrs_test x86_64/tsc_scaling_sync x86_64/hyperv_clock
	steal_time system_counter_offset_test)
skip=4
tests=0 failed=0 skipped=0
declare -A plain

# $1: what is said of it; $2: program; the rest is put before it
try()
{
	local rc=0 output

	tests=$((tests + 1))
	output=$(timeout 120 "${@:3}" "$dir/$2" 2>&1) || rc=$?
	if ((rc == skip)); then
		skipped=$((skipped + 1))
		echo "ok $tests $1 $2 # SKIP ${output##*SKIP - }"
	elif ((rc)); then
		failed=$((failed + 1))
		sed 's/^/# /' <<<"$output"
		echo "not ok $tests $1 $2"
	else
		echo "ok $tests $1 $2"
	fi
	return $rc
}

for program in "${programs[@]}"; do
	# A VM of KVM's beside the module is as good as without it.
	try "left to KVM:" "$program" env
	plain[$program]=$?
done
for rate in host tsc; do
	for program in "${programs[@]}"; do
		((plain[$program] && plain[$program] != skip)) && continue
		try "taken over, clock_rate=$rate:" "$program" "$tool" exec "--clock-rate=$rate" --
	done
done
echo "1..$tests"
echo "$((tests - failed - skipped)) passed, $failed failed, $skipped skipped"
((failed == 0))
