#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Instruction counts of guest accesses, and what they must not exceed. Runs
# inside L1, in the deterministic lab: tools/lab/run --icount --no-module.
#
# usage: bench.sh MODULE KVM_TIMERS GUEST
set -euo pipefail

module=$1 tool=$2 guest=$3
out=$(mktemp -d)
passed=0 failed=0

# Run the guest under QEMU, by the command prefix given. $1: where the figures go
measure()
{
	"${@:2}" qemu-system-x86_64 -enable-kvm -cpu host -machine pc,hpet=off -m 64 -nodefaults \
		-display none -no-reboot -kernel "$guest" \
		-chardev file,id=con,path="$out/$1" -device isa-debugcon,chardev=con \
		-device isa-debug-exit,iobase=0xf4 || [ $? -eq 1 ]
}

figure()
{
	awk -v name="$2" '$1 == name { print $2 }' "$out/$1"
}

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

measure before env
insmod "$module"
measure beside env
measure ours "$tool" exec --

printf '%-16s %10s %10s %10s\n' "instructions" "plain KVM" "not ours" "ours"
while read -r name plain; do
	printf '%-16s %10d %10d %10d\n' "$name" "$plain" "$(figure beside "$name")" \
		"$(figure ours "$name")"
done <"$out/before"

at_most "read of port 0x40: no dearer than KVM's PIT" \
	"$(figure ours pit_read)" "$(figure before pit_read)"
at_most "read of port 0x61: at most a third of QEMU's" \
	$(($(figure ours port61_read) * 3)) "$(figure before port61_read)"
at_most "RDMSR exit of a VM that is not ours: at most 2 % dearer" \
	$(($(figure beside rdmsr_tsc) * 100)) $(($(figure before rdmsr_tsc) * 102))
at_most "read of port 0x40 of a VM that is not ours: at most 2 % dearer" \
	$(($(figure beside pit_read) * 100)) $(($(figure before pit_read) * 102))

# What a VM costs, as the module itself counts it. vCPUs cost nothing extra.
"$tool" exec -- qemu-system-x86_64 -enable-kvm -S -m 64 -smp 4 -nodefaults -display none \
	-daemonize -pidfile "$out/pid"
id=$("$tool" list --json | jq '.[0].id')
at_most "kernel memory of a VM with 4 vCPUs, bytes" \
	"$("$tool" status "$id" --json | jq .mem_bytes)" $((16384 + 4 * 2048))
kill "$(cat "$out/pid")"
while "$tool" list --json | jq -e 'length > 0' >/dev/null; do :; done
rmmod kvm_timers

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
