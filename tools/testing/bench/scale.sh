#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a tick of a PIT costs the host beside many others, KVM's and ours in one run. Runs inside L1,
# in the deterministic lab: tools/lab/run --icount.
#
# usage: scale.sh SCALE
# VMS: how many that halt, in ascending order (default "1 10 100"; 1000 take the emulator long)
set -euo pipefail

scale=$1
read -ra numbers <<<"${VMS:-1 10 100}"
# shellcheck source=tools/testing/bench/lib.sh
. "$(dirname "$0")/lib.sh"

# $1: VMs, $2: halted or running. Sets ours, plain.
measure()
{
	# A CPU has some forty thousand ticks in a second.
	local ms=$(($1 < 100 ? 2000 : $1 < 1000 ? 300 : 600)) plain_ticks ticks bytes

	read -r _ plain_ticks plain _ <<<"$(KT_PLAIN=1 "$scale" "$1" $ms "$2")"
	read -r _ ticks ours bytes <<<"$("$scale" "$1" $ms "$2")"
	printf '%5d %-8s %18d %8d %19d %8d %16d\n' "$1" "$2" "$plain_ticks" "$plain" "$ticks" "$ours" \
		"$bytes"
}

# Their memory is by pages of the smallest size.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
printf '%5s %-8s %27s %28s %16s\n' VMs "" "KVM's PIT: ticks, each" "ours: ticks, each" "bytes for a VM"
for vms in "${numbers[@]}"; do
	measure "$vms" halted
	kvms+=("$plain") each+=("$ours")
done
for i in "${!numbers[@]}"; do
	at_most "instructions for a tick of ${numbers[i]} VMs: no more than KVM's" "${each[i]}" \
		"${kvms[i]}"
	at_most "and at most 5 % more than for ${numbers[0]}" "${each[i]}" \
		$((each[0] * 105 / 100))
done
# A vCPU that runs is given its tick without another thread.
measure 1 running
at_most "of a VM that does not halt: at most 0.7 of KVM's" "$ours" $((plain * 7 / 10))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
