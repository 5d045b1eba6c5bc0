#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What it costs to look at a host with many VMs, and that no tick waits for it. Runs inside L1, in
# the deterministic lab: tools/lab/run --icount.
#
# usage: many.sh KVM_TIMERS MANY
# VMS: how many (default 200)
set -euo pipefail

tool=$1 many=$2 vms=${VMS:-200}
# shellcheck source=tools/testing/bench/lib.sh
. "$(dirname "$0")/lib.sh"

# An instruction takes 1 ns.
max_us=200000

tracing=/sys/kernel/tracing
out=$(mktemp -d)

# Spinlocks that are taken while the tool exports, and by which function.
trace_export()
{
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	echo 'kt_vm_status _raw_spin_lock _raw_spin_lock_irq _raw_spin_lock_irqsave' \
		>$tracing/set_ftrace_filter
	echo 16384 >$tracing/buffer_size_kb
	echo function >$tracing/current_tracer
	"$many" "$vms" "$tool export" >"$out/traced"
	echo 0 >$tracing/tracing_on
	grep ' kvm-timers-[0-9]' $tracing/trace >"$out/trace" || :
	echo nop >$tracing/current_tracer
}

# Lines "FUNCTION CALLER" of the trace.
calls()
{
	sed -n 's/.*: \([^ ]*\) <-\([^ ]*\)$/\1 \2/p' "$out/trace"
}

"$many" "$vms" "$tool status" "$tool status --json" "$tool list" "$tool list --json" \
	"$tool export" >"$out/costs"
while read -r user kernel command; do
	at_most "us of a CPU for $vms VMs: kvm-timers ${command#"$tool "}" $((user + kernel)) $max_us
done <"$out/costs"

trace_export
awk '$4 == "[kvm_timers]" { print $3 }' /proc/kallsyms >"$out/module"
at_least "the trace has all calls for a status" "$(calls | grep -c '^kt_vm_status ')" "$vms"
at_most "spinlocks that the module takes in the tool's calls: a tick may wait for them" \
	"$(calls | awk 'NR == FNR { own[$1]; next } /^_raw/ && $2 in own' "$out/module" - | wc -l)" 0

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
