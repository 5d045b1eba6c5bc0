#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unmodified QEMU, unmodified guests: their ticks are ours, all of them, and what is lost is
# lost as the policy says. Each claim is seen from inside of the guest and in the module's
# counters. Runs inside L1 (tools/lab/run), with the module loaded; prints TAP.
#
# GAP: for how many seconds a VMM is stopped.
set -uo pipefail

gap=${GAP:-2}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

kvm_pits()
{
	grep -lsx "kvm-pit/$1" /proc/[0-9]*/comm | wc -l
}

# Two guests at once: one is ours, with the default clocks, the other one is not.
default_and_foreign()
{
	local -A s
	local id

	start_guest foreign none "$pit_only" -machine pc,hpet=off
	start_guest plain "" ""
	expect plain '^@ready'
	id=$(vm_of "${guest_pid[plain]}")
	ok "default clocks: the VM is listed under QEMU's pid" like "$id" '^[0-9]+$'
	ask plain clocks
	ok "default clocks: the guest runs on kvmclock and its local APIC" \
		like "$answer" '^kvm-clock lapic'
	sample s "$id"
	ok "default clocks: its PIT is ours" is "${s[active]}" true
	ok "default clocks: the guest has programmed it" holds "s[writes] > 0"
	ok "default clocks: the account adds up" adds_up s
	ok "default clocks: QEMU finds the guest running" qmp plain query-status
	ok "default clocks: and says so" like "$line" '"status": "running"'
	ok "default clocks: QEMU shows the interrupt controllers" \
		qmp plain human-monitor-command '{"command-line":"info pic"}'
	ok "default clocks: KVM has made no PIT of its own" \
		is "$(kvm_pits "${guest_pid[plain]}")" 0
	echo "9 end" >&"${guest_in[plain]}"
	ok "default clocks: the guest powers off, QEMU ends well" end_of plain
	ok "default clocks: without a complaint" is "$(<"$scratch/plain.err")" ""

	expect foreign '^@ready'
	ok "not ours: a QEMU started without kvm-timers is not in the list" is "$(listed)" 0
	ok "not ours: it has KVM's PIT" is "$(kvm_pits "${guest_pid[foreign]}")" 1
	ask foreign ticks 50
	ok "not ours: which ticks" like "$answer" '^[0-9]+ XT-PIC'
	qmp foreign quit
	ok "not ours: QEMU ends well" end_of foreign
}

period_of_250_hz()
{
	local -n at=$1

	# 4773 clocks of 88000/105 ns, rounded either way.
	holds "at[period_ns] == 4773 * 88000 / 105 || at[period_ns] == 4773 * 88000 / 105 + 1"
}

pit_only_guest()
{
	qemu-img create -q -f qcow2 "$scratch/disk.qcow2" 16M || abandon "no disk"
	start_guest pit "--policy merge" "$pit_only" -machine pc,hpet=off \
		-drive "if=none,id=disk,file=$scratch/disk.qcow2"
	expect pit '^@ready'
	pit=$(vm_of "${guest_pid[pit]}")

	local -A before after
	ask pit clocks
	ok "PIT only: the guest's tick is the PIT" like "$answer" '^tsc[a-z-]* pit$'
	look pit before "$pit"
	ok "PIT only: through the 8259" is "$chip" XT-PIC
	bios=$(uncounted before)
	ok "PIT only: the module gave the guest's kernel every tick it counted" holds "bios >= 0"
	sample before "$pit"
	ask pit ticks 250
	sample after "$pit"
	ok "PIT only: the period is that of 250 Hz" period_of_250_hz after
	ok "PIT only: as many are due as the time says" due_by_time before after
	look pit after "$pit"
	ok "PIT only: the guest's count is the module's" is "$(uncounted after)" "$bios"
	ok "PIT only: the account adds up" adds_up after
	ok "PIT only: QEMU has not talked the policy over" is "${after[policy]}" merge
	echo "# $bios ticks before those of the guest's kernel"
}

# Stop the VMM for the gap. Leaves samples: stopped at its begin,
# resumed at its end, end when the guest has ticked on.
gap_of_pit()
{
	"$KT_TOOL" set "$pit" "pit.policy=$1" || abandon "cannot set the policy"
	stop_vmm pit
	sample stopped "$pit"
	sleep "$gap"
	sample resumed "$pit"
	kill -CONT "${guest_pid[pit]}"

	ok "$1: a stopped guest is given nothing" \
		holds "resumed[delivered] == stopped[delivered]"
	ok "$1: but its PIT goes on" holds "resumed[owed] >= gap * 249"
	ok "$1: by the clock" due_by_time stopped resumed
	ask pit ticks 20
	sample end "$pit"
}

# What holds of each policy, $1. Leaves the sample end of a moment when nothing is owed.
after_gap()
{
	ok "$1: the grid goes on where it was" due_by_time stopped end
	ok "$1: the account adds up" adds_up end
	look pit end "$pit"
	ok "$1: the guest counted what the module gave" is "$(uncounted end)" "$bios"
}

after_catchup()
{
	local -A stopped resumed end

	gap_of_pit catchup
	ask pit ticks "${resumed[owed]}"
	sample end "$pit"
	after_gap catchup
	# The guest has stopped its PIT, and taken all of it.
	ok "catchup: in the end nothing is owed" is "${end[owed]}" 0
	ok "catchup: all that was due was delivered" holds "$(change resumed end delivered) ==
		$(change resumed end due) + $(change resumed end rescaled) + ${resumed[owed]}"
	ok "catchup: nothing was lost" holds "$(change stopped end merged) == 0 &&
		$(change stopped end dropped) == 0 && $(change stopped end given_up) == 0"
	ok "catchup: as many came late as the gap was long" \
		holds "$(change resumed end caught_up) >= ${resumed[owed]} - 1"
	echo "# gap ${resumed[owed]}, caught up $(change resumed end caught_up)," \
		"coalesced $(change resumed end coalesced)"
}

# All ticks that were owed at the end of the gap but one are lost, and no more were given
# after it than one and those on the grid. That one is the first after the gap, or, where the
# gap began before the guest took it, the last before: then all found it waiting.
after_merge()
{
	local -A stopped resumed end

	gap_of_pit merge
	ok "merge: all of the gap but one are merged" \
		holds "$(change resumed end merged) >= ${resumed[owed]} - 1"
	ok "merge: one is given for them" holds "($(change resumed end caught_up) >= 1 ||
		$(change resumed end coalesced) >= ${resumed[owed]}) &&
		$(change resumed end delivered) <= $(change resumed end due) + 1"
	ok "merge: nothing is dropped" holds "$(change stopped end dropped) == 0 &&
		$(change stopped end given_up) == 0"
	echo "# gap ${resumed[owed]}, merged $(change resumed end merged)," \
		"late $(change resumed end caught_up), coalesced $(change resumed end coalesced)"
	after_gap merge
}

after_discard()
{
	local -A stopped resumed end

	gap_of_pit discard
	ok "discard: all of the gap are dropped" \
		holds "$(change resumed end dropped) >= ${resumed[owed]}"
	ok "discard: none is given for them" \
		holds "$(change resumed end delivered) <= $(change resumed end due)"
	ok "discard: nothing is merged" holds "$(change stopped end merged) == 0 &&
		$(change stopped end given_up) == 0"
	echo "# gap ${resumed[owed]}, dropped $(change resumed end dropped)"
	after_gap discard
}

stop_and_cont()
{
	local -A before

	"$KT_TOOL" set "$pit" pit.policy=catchup
	paid_back before "$pit"
	ok "stop/cont: QEMU stops" hmp pit stop
	sleep 0.5
	ok "stop/cont: QEMU goes on" hmp pit cont
	ticks_on "stop/cont"
}

# After an event that takes time from the guest, its ticks are as before. $1: the event
ticks_on()
{
	local -A before after

	look pit before "$pit"
	bios=$(uncounted before)
	sample before "$pit"
	ask pit ticks 100
	sample after "$pit"
	ok "$1: the guest ticks" like "$answer" '^[0-9]+ XT-PIC'
	ok "$1: as often as the time says" due_by_time before after
	ok "$1: at its period" period_of_250_hz after
	look pit after "$pit"
	ok "$1: with the module's ticks" is "$(uncounted after)" "$bios"
	ok "$1: the policy is what it was" is "${after[policy]}" catchup
	ok "$1: the account adds up" adds_up after
}

save_and_load()
{
	local saved left

	ask pit irq0
	saved=${answer% *}
	ok "savevm: QEMU saves" hmp pit "savevm one"
	ask pit ticks 500
	ok "savevm: the guest ticks on" like "$answer" '^[0-9]+ XT-PIC'
	left=${answer% *}
	ok "loadvm: QEMU loads" hmp pit "loadvm one"
	ask pit irq0
	ok "loadvm: the guest's count is back where it was saved" \
		holds "${answer% *} >= saved && ${answer% *} < left"
	ticks_on "loadvm"
	qmp pit quit
	ok "loadvm: QEMU ends well" end_of pit
	ok "all along QEMU had no complaint" is "$(<"$scratch/pit.err")" ""
}

# The PIT behind the IOAPIC, one shot at a time: the other controller, the other mode.
ioapic_guest()
{
	local -A before after
	local id round

	start_guest ioapic "" "noapictimer no-kvmclock" -machine pc,hpet=off
	expect ioapic '^@ready'
	id=$(vm_of "${guest_pid[ioapic]}")
	sample before "$id"
	ok "IOAPIC: one shot at a time" is "${before[period_ns]}" 0
	ask ioapic clocks
	ok "IOAPIC: the guest's tick is the PIT" like "$answer" ' pit$'
	for ((round = 0; round < 5; round++)); do
		glance ioapic "$id"
	done
	ok "IOAPIC: that is where IRQ0 comes from" is "$chip" IO-APIC
	ask ioapic ticks 50
	ok "IOAPIC: the count of IRQ0 grows" like "$answer" '^[0-9]+ IO-APIC'
	for ((round = 0; round < 5; round++)); do
		glance ioapic "$id"
	done
	ok "IOAPIC: the guest's count is the module's" holds "least <= most && most >= 0"
	echo "# $least to $most ticks before those of the guest's kernel"
	sample after "$id"
	ok "IOAPIC: which delivered them" holds "$(change before after delivered) >= 50"
	ok "IOAPIC: the account adds up" adds_up after
	echo "9 end" >&"${guest_in[ioapic]}"
	ok "IOAPIC: the guest powers off, QEMU ends well" end_of ioapic
}

# The process that is started ends at once: the VM is made by its child's child or so.
daemon_guest()
{
	local -A before after
	local pid id try

	"$KT_TOOL" exec -- qemu-system-x86_64 -daemonize -pidfile "$scratch/daemon.pid" -enable-kvm \
		-cpu host -m 64 -nodefaults -display none -global kvm-pit.lost_tick_policy=discard
	ok "daemon: QEMU has left for the background" is $? 0
	pid=$(<"$scratch/daemon.pid")
	id=$(vm_of "$pid")
	ok "daemon: its VM is ours" like "$id" '^[0-9]+$'
	sample before "$id"
	for ((try = 0; try < 100; try++)); do
		sample after "$id"
		((after[delivered] > before[delivered] + 5)) && break
		sleep 0.1
	done
	ok "daemon: the BIOS is given its 18 ticks a second" \
		holds "after[delivered] > before[delivered] + 5 && after[period_ns] / 1000 == 54925"
	ok "daemon: what QEMU asks of KVM's PIT is the policy" is "${after[policy]}" discard
	kill -KILL "$pid"
	for ((try = 0; try < 100; try++)); do
		(($(listed) == 0)) && break
		sleep 0.1
	done
	ok "daemon: killed, nothing is left in the list" is "$(listed)" 0
}

pit='' bios=0
make_initrd
default_and_foreign
echo "# $SECONDS s"
pit_only_guest
after_merge
echo "# $SECONDS s"
after_catchup
echo "# $SECONDS s"
after_discard
echo "# $SECONDS s"
stop_and_cont
save_and_load
echo "# $SECONDS s"
ioapic_guest
daemon_guest
echo "# $SECONDS s"
finish
