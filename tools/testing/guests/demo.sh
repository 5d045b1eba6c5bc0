#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tools/scripts/demo shows, inside L1.
set -uo pipefail

gap=${GAP:-2}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

heading()
{
	printf '\n== %s\n\n' "$*"
}

# Only what did not hold is worth a line here.
must()
{
	"${@:2}" && return
	failed=$((failed + 1))
	echo "NOT SO: $1"
}

interrupts()
{
	ask demo irq0
	read -r count chip <<<"$answer"
	printf '  guest: IRQ0 %10d  %s\n' "$count" "$chip"
}

counters()
{
	local -n of=$1

	printf '  %-22s due %6d  delivered %6d  owed %4d  merged %3d  dropped %3d  caught up %4d\n' \
		"$2" "${of[due]}" "${of[delivered]}" "${of[owed]}" "${of[merged]}" \
		"${of[dropped]}" "${of[caught_up]}"
}

begin()
{
	make_initrd
	heading "A Debian guest in Debian's QEMU, on a host with kvm_timers"
	echo "  Linux $(uname -r), kvm_timers loaded, policy catchup"
	echo "  # kvm-timers exec -- qemu-system-x86_64 -enable-kvm ... (guest: $pit_only)"
	start_guest demo "--policy catchup" "$pit_only" -machine pc,hpet=off
	expect demo '^@ready'
	vm=$(vm_of "${guest_pid[demo]}")
	must "the VM is taken over" like "$vm" '^[0-9]+$'
	echo "  # kvm-timers list"
	"$KT_TOOL" list | sed 's/^/  /'
}

ticking()
{
	local first

	heading "Its ticks, in its own /proc/interrupts and in the module"
	look demo before "$vm"
	bios=$(uncounted before)
	first=$count
	interrupts
	sleep 2
	interrupts
	must "the guest ticks" holds "count > first"
	look demo after "$vm"
	must "the guest counts what the module gave" is "$(uncounted after)" "$bios"
	printf '  guest:  %6d ticks between two instants\n' $((count - first))
	printf '  module: %6d delivered between the same two\n' "$(change before after delivered)"
}

stalled()
{
	heading "All of QEMU is stopped for $gap s, then goes on"
	stop_vmm demo
	sample before "$vm"
	counters before "stopped"
	sleep "$gap"
	sample later "$vm"
	counters later "$gap s later"
	kill -CONT "${guest_pid[demo]}"
	ask demo ticks "${later[owed]}"
	must "nothing is owed in the end" paid_back after "$vm"
	counters after "running, caught up"
	look demo end "$vm"
	must "a stopped guest gets nothing" holds "before[delivered] == later[delivered]"
	must "all that was due was delivered" holds "after[delivered] - later[delivered] ==
		after[due] - later[due] + after[rescaled] - later[rescaled] + later[owed]"
	must "nothing was lost" holds "after[merged] == before[merged] &&
		after[dropped] == before[dropped] && after[given_up] == before[given_up]"
	must "the guest counted them all" is "$(uncounted end)" "$bios"

	echo
	echo "  # kvm-timers status $vm"
	"$KT_TOOL" status "$vm" | sed 's/^/  /'
}

declare -A before later after end
vm='' bios=0
begin
ticking
stalled
qmp demo quit
must "QEMU ends well" end_of demo

heading "Result"
if ((failed)); then
	echo "This did not work: $failed of the claims above did not hold."
	exit 1
fi
cat <<-RESULT
	Every tick of an unmodified guest came from kvm_timers, and the guest counted exactly those.
	Stopped for $gap s it missed ${later[owed]} ticks; it got all of them afterwards, none lost.
RESULT
