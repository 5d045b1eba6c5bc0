#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a tick of a PIT costs the host beside many others, KVM's and ours in one run. Runs inside L1,
# in the deterministic lab: tools/lab/run --icount.
#
# usage: scale.sh SCALE
# VMS: how many that halt, in ascending order (default "1 10 100"; 1000 take the emulator long).
# Of more than 100, KVM's PITs leave the emulated CPU no time for anything else at 1 kHz: for these
# both are measured at 20 Hz, too, and compared by that.
set -euo pipefail

scale=$1
read -ra numbers <<<"${VMS:-1 10 100}"
# shellcheck source=tools/testing/bench/lib.sh
. "$(dirname "$0")/lib.sh"

# $1: VMs, $2: halted or running, $3: Hz. Sets ours, plain.
measure()
{
	# A CPU has some forty thousand ticks in a second.
	local ms=$(($1 * $3 < 100000 ? 2000 : $1 < 1000 ? 300 : 600)) plain_ticks=- ticks bytes

	plain=-
	(($1 * $3 > 100000)) ||
		read -r _ plain_ticks plain _ <<<"$(KT_PLAIN=1 "$scale" "$1" $ms "$2" "$3")"
	read -r _ ticks ours bytes <<<"$("$scale" "$1" $ms "$2" "$3")"
	printf '%5d %-8s %5d %18s %8s %19d %8d %16d\n' "$1" "$2" "$3" "$plain_ticks" "$plain" \
		"$ticks" "$ours" "$bytes"
}

# Their memory is by pages of the smallest size.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
printf '%5s %-8s %5s %27s %28s %16s\n' VMs "" Hz "KVM's PIT: ticks, each" "ours: ticks, each" "bytes for a VM"
for vms in "${numbers[@]}"; do
	measure "$vms" halted 1000
	each+=("$ours")
	[ "$plain" != - ] || measure "$vms" halted 20
	same+=("$ours") kvms+=("$plain")
done
for i in "${!numbers[@]}"; do
	at_most "instructions for a tick of ${numbers[i]} VMs: no more than KVM's" "${same[i]}" \
		"${kvms[i]}"
	at_most "and at 1 kHz at most 5 % more than for ${numbers[0]}" "${each[i]}" \
		$((each[0] * 105 / 100))
done
# A vCPU that runs is given its tick without another thread.
measure 1 running 1000
at_most "of a VM that does not halt: at most 0.7 of KVM's" "$ours" $((plain * 7 / 10))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
