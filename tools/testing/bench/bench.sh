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
# shellcheck source=tools/testing/bench/lib.sh
. "$(dirname "$0")/lib.sh"

# Run the guest under QEMU, by the command prefix given. $1: where the figures go
measure()
{
	"${@:2}" qemu-system-x86_64 -enable-kvm -cpu host -machine pc,hpet=on -m 64 -nodefaults \
		-display none -no-reboot -kernel "$guest" \
		-chardev file,id=con,path="$out/$1" -device isa-debugcon,chardev=con \
		-device isa-debug-exit,iobase=0xf4 || [ $? -eq 1 ]
}

figure()
{
	awk -v name="$2" '$1 == name { print $2 }' "$out/$1"
}

# What the module does in a read and a write of the HPET, and which locks it takes there. In a run
# of its own: tracing costs. Leaves the two functions and _raw_spin_lock_irq(), as they nest.
trace_hpet()
{
	local tracing=/sys/kernel/tracing

	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	echo 'kt_vm_hpet_read kt_vm_hpet_write _raw_*lock*' >$tracing/set_ftrace_filter
	echo 'kt_vm_hpet_read kt_vm_hpet_write' >$tracing/set_graph_function
	# An interrupt that comes in between takes locks of its own.
	echo 0 >$tracing/options/funcgraph-irqs
	echo 8192 >$tracing/buffer_size_kb
	echo function_graph >$tracing/current_tracer
	measure traced "$tool" exec --
	echo 0 >$tracing/tracing_on
	cp $tracing/trace "$out/hpet"
	echo nop >$tracing/current_tracer
}

# $1: function, $2: "calls" of it, or the "locks" that it took
traced()
{
	awk -v function_name="$1" '
		/kt_vm_hpet_/ { inside = index($0, function_name " "); calls += inside > 0 }
		/_raw_[a-z_]*lock/ && !/unlock/ { locks += inside > 0 }
		END { print '"$2"' + 0 }' "$out/hpet"
}

# $1: claim, $2, $3: run and name of the figure, $4: of plain KVM's it is at most so many per mille
ratio()
{
	at_most "$1" "$(figure "$2" "$3")" $(($4 * $(figure before "$3") / 1000))
}

measure before env
insmod "$module"
measure beside env
measure ours "$tool" exec --

printf '%-24s %10s %10s %10s\n' "instructions" "plain KVM" "not ours" "ours"
while read -r name plain; do
	printf '%-24s %10d %10d %10d\n' "$name" "$plain" "$(figure beside "$name")" \
		"$(figure ours "$name")"
done <"$out/before"

ratio "read of port 0x40: no dearer than KVM's PIT" ours pit_read 1000
ratio "read of port 0x61: at most a third of QEMU's" ours port61_read 333
ratio "RTC seconds, 0x70 and 0x71: at most 0.42 of QEMU's" ours rtc_seconds 420
ratio "HPET counter, 32 bits: at most 0.52 of QEMU's" ours hpet_read_32 520
ratio "HPET counter, 64 bits: at most 0.52 of QEMU's" ours hpet_read_64 520
for name in {lapic,x2apic}_{tmict_write,tmcct_read} deadline_wrmsr; do
	ratio "$name: at most 3 % dearer than KVM's" ours "$name" 1030
done
for expiry in {oneshot,periodic,deadline}_{running,halted}; do
	for name in "$expiry"_{mean,worst}; do
		ratio "$name, from expiry to handler: no slower than KVM's" ours "$name" 1000
	done
	at_most "${expiry}_early: handled before its time" "$(figure ours "${expiry}_early")" 0
done
for name in rdmsr_tsc {pit,lapic_tmcct}_read lapic_tmict_write {lapic,pic}_eoi deadline_wrmsr; do
	ratio "$name of a VM that is not ours: at most 2 % dearer" beside "$name" 1020
done

# No lock: then vCPUs that read the counter at the same time do not wait for each other.
trace_hpet
at_most "the trace has all reads of the HPET's counter" 1000 "$(traced kt_vm_hpet_read calls)"
at_most "locks taken by them" "$(traced kt_vm_hpet_read locks)" 0
at_most "the trace shows locks: those of the writes" \
	"$(traced kt_vm_hpet_write calls)" "$(traced kt_vm_hpet_write locks)"
at_most "and there are such" 1 "$(traced kt_vm_hpet_write calls)"

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
