#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "kvm-timers record" and "report" of an unmodified guest whose QEMU is stopped for a while: the
# file says what the status does. Runs inside L1 (tools/lab/run), with the module loaded; prints
# TAP. The trace stays in $KT_WORK, if that is set.
#
# GAP: for how many seconds it is stopped.
set -uo pipefail

gap=${GAP:-1}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

instances=/sys/kernel/tracing/instances
trace=${KT_WORK:-$scratch}/kvm-timers.trace
report=$scratch/report.json
# shellcheck disable=SC2034 # by name
declare -A before after paid

# Field $1 of the PIT in the report.
of_pit()
{
	jq -r ".vms[] | select(.id == $vm) | .devices.pit.$1" "$report"
}

# shellcheck disable=SC2119 # it needs no option
make_initrd
start_guest traced "--policy catchup" "$pit_only" -machine pc,hpet=off
expect traced '^@ready'
vm=$(vm_of "${guest_pid[traced]}")

# One of an earlier run would look as if it had begun.
rm -f "$trace"
"$KT_TOOL" record --output="$trace" "$vm" >"$scratch/record.out" 2>"$scratch/record.err" &
recorder=$!
until [[ -s $trace ]]; do
	kill -0 $recorder || abandon "record: $(<"$scratch/record.err")"
	sleep 0.1
done
sample before "$vm"
ok "it has an instance of its own" \
	is "$(compgen -G "$instances/kvm_timers.*")" "$instances/kvm_timers.$recorder"
sleep 2
stop_vmm traced
sleep "$gap"
kill -CONT "${guest_pid[traced]}"
ask traced ticks 20
ok "nothing is owed in the end" paid_back paid "$vm"
sleep 1
sample after "$vm"
kill -INT $recorder
wait $recorder
ok "SIGINT ends it well" is $? 0
ok "and its instance" is "$(compgen -G "$instances/kvm_timers.*")" ""
ok "without a complaint" is "$(<"$scratch/record.err")" ""

"$KT_TOOL" report --json "$trace" >"$report"
ok "the report is read" is $? 0
ok "the file is complete" is "$(jq .complete "$report")" true
ok "no line was unknown" is "$(jq .unknown "$report")" 0
ok "nothing was lost" is "$(jq .lost_events "$report")" 0
ok "it has all that fell due between two looks, and was delivered" \
	holds "$(of_pit due) >= after[due] - before[due] &&
	       $(of_pit delivered) >= after[delivered] - before[delivered]"
ok "it has the gap" holds "$(of_pit gaps.max_ns) >= gap * 1000000000"
ok "and a catch-up, which has ended" holds "$(of_pit catchups.count) >= 1 &&
	$(of_pit owed_last) <= 1"
"$KT_TOOL" report "$trace" | sed 's/^/# /'
end_guest traced
finish
