#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How far the clocks of a guest get from each other, and from the host's, while that is bent:
# with QEMU and KVM alone, and taken over, at each rate of the clock. Runs inside L1, in the
# deterministic lab: tools/lab/run --icount --no-module.
#
# usage: clocks.sh MODULE KVM_TIMERS GUEST WATCH [SECONDS]
set -euo pipefail

module=$1 tool=$2 guest=$3 watch=$4 seconds=${5:-60}
out=$(mktemp -d)
passed=0 failed=0
# How far guest time may be from the host's while that changes its rate, as in drift_test.
bent_ns=10000

# $1: where the figures go; then a prefix of the command
measure()
{
	"$watch" "$seconds" "${@:2}" qemu-system-x86_64 -enable-kvm -cpu host \
		-machine pc,hpet=on -m 64 -nodefaults -display none -no-reboot -kernel "$guest" \
		-chardev stdio,id=con,signal=off -device isa-debugcon,chardev=con \
		>"$out/$1" </dev/null
}

# What a pair of clocks may be apart by, beyond its tick and the look. $1: run, $2: pair
bound()
{
	case $1:$2 in
	# The TSC keeps its own rate where guest time follows the host's, and the other way round.
	host:TSC-* | tsc:*-host) echo any ;;
	host:*-host) echo $bent_ns ;;
	*) echo 0 ;;
	esac
}

judge()
{
	local pair beyond most

	while read -r pair _ beyond; do
		most=$(bound "$1" "$pair")
		[[ $most != any ]] || continue
		if ((beyond <= most)); then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "not ok  $1: $pair $beyond > $most"
		fi
	done <"$out/$1"
}

measure plain env
insmod "$module"
measure tsc "$tool" exec --clock-rate=tsc --
measure host "$tool" exec --clock-rate=host --
rmmod kvm_timers

echo "$seconds s of guest time; ns beyond a tick of the coarser clock and the look, and in all"
printf '%-18s %21s %21s %21s\n' "" "plain KVM + QEMU" "clock_rate=tsc" "clock_rate=host"
join <(sort "$out/plain") <(sort "$out/tsc") | join - <(sort "$out/host") |
	awk '{ printf "%-18s %10d %10d %10d %10d %10d %10d\n", $1, $3, $2, $5, $4, $7, $6 }'
judge tsc
judge host
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
