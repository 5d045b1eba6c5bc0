#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a tick of a PIT costs the host beside many others, KVM's and ours in one run. Runs inside L1,
# in the deterministic lab: tools/lab/run --icount.
#
# usage: scale.sh SCALE
set -euo pipefail

scale=$1
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

# Their memory is by pages of the smallest size.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
printf '%5s %28s %28s %16s\n' VMs "KVM's PIT: ticks, each" "ours: ticks, each" "bytes for a VM"
for vms in 1 10 100 1000; do
	read -r _ plain_ticks plain _ <<<"$(KT_PLAIN=1 "$scale" "$vms" 2000)"
	read -r _ ticks ours bytes <<<"$("$scale" "$vms" 2000)"
	printf '%5d %19d %8d %19d %8d %16d\n' "$vms" "$plain_ticks" "$plain" "$ticks" "$ours" "$bytes"
	kvms+=("$plain") each+=("$ours")
done
for i in 0 1 2 3; do
	at_most "instructions for a tick of $((10 ** i)) VMs: no more than KVM's" "${each[i]}" \
		"${kvms[i]}"
	at_most "and at most 5 % more than for one" "${each[i]}" $((each[0] * 105 / 100))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
