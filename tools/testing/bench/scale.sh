#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a tick of a PIT costs the host beside many others, KVM's and ours in one run. Runs inside L1,
# in the deterministic lab: tools/lab/run --icount.
#
# usage: scale.sh SCALE
# VMS: how many, in ascending order (default "1 10 100"; 1000 take the emulator long)
set -euo pipefail

scale=$1
read -ra numbers <<<"${VMS:-1 10 100}"
# shellcheck source=tools/testing/bench/lib.sh
. "$(dirname "$0")/lib.sh"

# Their memory is by pages of the smallest size.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
printf '%5s %28s %28s %16s\n' VMs "KVM's PIT: ticks, each" "ours: ticks, each" "bytes for a VM"
for vms in "${numbers[@]}"; do
	# A CPU has some forty thousand in a second.
	ms=$((vms < 100 ? 2000 : 300))
	read -r _ plain_ticks plain _ <<<"$(KT_PLAIN=1 "$scale" "$vms" $ms)"
	read -r _ ticks ours bytes <<<"$("$scale" "$vms" $ms)"
	printf '%5d %19d %8d %19d %8d %16d\n' "$vms" "$plain_ticks" "$plain" "$ticks" "$ours" "$bytes"
	kvms+=("$plain") each+=("$ours")
done
for i in "${!numbers[@]}"; do
	at_most "instructions for a tick of ${numbers[i]} VMs: no more than KVM's" "${each[i]}" \
		"${kvms[i]}"
	at_most "and at most 5 % more than for ${numbers[0]}" "${each[i]}" \
		$((each[0] * 105 / 100))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
