#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unmodified QEMU, unmodified guests of two vCPUs: their LAPIC timers are ours, in each of the
# modes that Linux knows, in xAPIC and in x2APIC mode. Linux's own tests of timers, savevm and
# loadvm, and a VMM that is stopped while they tick. Runs inside L1 (tools/lab/run), with the
# module or, for what KVM itself does, without it; prints TAP.
#
# GAP: for how many seconds a VMM is stopped. MODES, APICS: which of them, if not all.
set -uo pipefail

gap=${GAP:-5}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

programs=${KT_KSELFTESTS:-$KT_REPO/build/guests}
tracing=/sys/kernel/tracing
sleeping=(nanosleep nsleep-lat set-timer-lat mqueue-lat)
busy=(posix_timers inconsistency-check)
# What fails on a machine that is slow or has else to do: bounds of 40 ms for the worst case,
# time as the process's own CPU sees it.
declare -A by_load=(
	[set-timer-lat]="max latency: .*\[FAILED\]"
	[nsleep-lat]="Large (rel|abs) latency: .*\[FAILED\]"
	[posix_timers]="(virtual|prof|per thread|per process)\.\.\. Diff too high"
)
vcpus=2
# Without the module the guest's own view is all there is to see.
ours=${KT_MODULE:+yes}
# A guest that is slow must not make the others slower by catching up.
options=${ours:+--policy=merge}
options=${options:-none}

# How Linux is told which mode to use, and what its list of timers says then.
declare -A parameters=(
	[periodic]="lapic=notscdeadline nohz=off highres=off"
	[oneshot]="lapic=notscdeadline"
	[deadline]=""
	[xapic]="nox2apic"
	[x2apic]=""
)
# Of mode 4 is one that is stopped between shots.
declare -A clock_event=(
	[periodic]="lapic 2 tick_handle_periodic"
	[oneshot]="lapic [34] hrtimer_interrupt"
	[deadline]="lapic-deadline [34] hrtimer_interrupt"
)
read -ra modes <<<"${MODES:-periodic oneshot deadline}"
declare -A id least_of most_of

# A claim about the module.
ok_ours()
{
	[[ ! $ours ]] || ok "$@"
}

start_mode()
{
	local name=$1

	qemu-img create -q -f qcow2 "$scratch/$name.qcow2" 16M || abandon "no disk"
	start_guest "$name" "$options" "${parameters[${name%-*}]} ${parameters[${name#*-}]}" \
		-smp $vcpus -drive "if=none,id=disk,file=$scratch/$name.qcow2"
}

# What Linux has chosen.
boots()
{
	local name=$1 device=${clock_event[${1%-*}]}
	local -A at

	expect "$name" '^@ready'
	ask "$name" sh "dmesg | grep -q 'routing to.* x2apic' && echo x2apic || echo xapic"
	ok "$name: the guest's local APICs are in that mode" is "$answer" "${name#*-};"
	ask "$name" sh "awk '/^Per CPU device/ { cpu = \$4 } cpu == \"\" { next }
		/^Clock Event Device/ { device = \$4 } /^ mode:/ { mode = \$2 }
		/^ event_handler/ { print cpu, device, mode, \$2 }' /proc/timer_list"
	ok "$name: both CPUs tick by their timers, and in that mode" \
		like "$answer" "^0 $device;1 $device;\$"
	ask "$name" beat 20
	ok "$name: which interrupt both" like "$answer" '^[0-9]+ [0-9]+$'

	[[ $ours ]] || return 0
	id[$name]=$(vm_of "${guest_pid[$name]}")
	ok "$name: the VM is listed under QEMU's pid" like "${id[$name]}" '^[0-9]+$'
	sample at "${id[$name]}" lapic
	ok "$name: its LAPIC timers are ours" is "${at[active]}" true
	ok "$name: of every vCPU" is "${at[vcpus]:-}" "$vcpus"
	least_of[$name]=-9999999999 most_of[$name]=9999999999
}

# As many as the guest's kernel has counted are those that the module has delivered, but for a
# number that never changes: each look tells it better.
counts_ours()
{
	local -A earlier later
	local round total

	least=${least_of[$1]} most=${most_of[$1]}
	for ((round = 0; round < 4; round++)); do
		sample earlier "${id[$1]}" lapic
		ask "$1" loc
		sample later "${id[$1]}" lapic
		total=$((${answer/ / + }))
		((earlier[delivered] - total > least)) && least=$((earlier[delivered] - total))
		((later[delivered] - total < most)) && most=$((later[delivered] - total))
	done
	least_of[$1]=$least most_of[$1]=$most
	echo "# $answer counted, $least to $most before those of the guest's kernel"
	holds "least <= most && most >= 0" && adds_up later
}

# Whose timers of the host's tick the guests, for as long as it takes for some ticks: KVM's, or
# none of KVM's. All guests are either ours or not.
timers_used()
{
	local name kvms modules

	mountpoint -q $tracing || mount -t tracefs tracefs $tracing || abandon "no tracefs"
	echo 0 >$tracing/tracing_on
	echo 8192 >$tracing/buffer_size_kb
	: >$tracing/trace
	echo 1 >$tracing/events/timer/hrtimer_start/enable
	echo 1 >$tracing/events/timer/hrtimer_expire_entry/enable
	echo 1 >$tracing/tracing_on
	for name in "$@"; do
		ask "$name" beat 20
	done
	echo 0 >$tracing/tracing_on
	echo 0 >$tracing/events/timer/enable
	kvms=$(grep -c 'function=apic_timer_fn' $tracing/trace)
	modules=$(grep -c 'function=.*\[kvm_timers\]' $tracing/trace)
	: >$tracing/trace
	echo "# timers of the host: $kvms times KVM's, $modules times the module's"
	if [[ $ours ]]; then
		ok "KVM's timers are not used" is "$kvms" 0
		ok "the module's are" holds "modules >= 20 * $#"
	else
		ok "KVM's timers are seen if used" holds "kvms >= 20 * $#"
	fi
}

# $1: guest, $2: program
program_starts()
{
	ask "$1" sh "{ $binaries/$2 ${*:3}; echo status \$?; } >/tmp/$2.log 2>&1 &"
}

# Each line of a program of kselftest must say that it passed, and so must its end. Where the
# machine was too slow for it, that is told.
program_ends()
{
	local log slow verdict

	ask "$1" sh "until grep '^status' /tmp/$2.log; do sleep 1; done; cat /tmp/$2.log"
	log=$(tr ';' '\n' <<<"${answer#*;}")
	verdict=$(grep -E '^not ok|\[FAIL|^status' <<<"$log")
	slow=$(grep -E "${by_load[$2]:-^$}" <<<"$verdict")
	if [[ $slow ]]; then
		sed "s/^/# slow machine: $1: /" <<<"$slow"
		verdict=$(grep -vE "${by_load[$2]}" <<<"$verdict")
		verdict=${verdict/%status 1/status 0}
	fi
	ok "$1: kselftest $2" is "$verdict" "status 0"
	echo "# $(grep -cE '^ok|\[OK\]' <<<"$log") passed in it"
}

# Those that sleep most of the time run together, and in all guests.
kselftests()
{
	local name program

	for name in "$@"; do
		for program in "${sleeping[@]}"; do
			program_starts "$name" "$program"
		done
	done
	for name in "$@"; do
		for program in "${sleeping[@]}"; do
			program_ends "$name" "$program"
		done
	done
	for name in "$@"; do
		for program in "${busy[@]}"; do
			program_starts "$name" "$program" -t 1
			program_ends "$name" "$program"
		done
		ok_ours "$name: the guest counts what the module delivers" counts_ours "$name"
	done
}

save_and_load()
{
	local name=$1
	local -A before after
	local saved left back

	ask "$name" loc
	saved=$answer
	ok "$name: savevm" hmp "$name" "savevm one"
	# More than pass until it answers after loadvm.
	ask "$name" beat 400
	left=$answer
	ok "$name: loadvm" hmp "$name" "loadvm one"
	ask "$name" loc
	back=$answer
	ok "$name: the guest's counts are back where they were saved" holds "
		${back% *} >= ${saved% *} && ${back% *} < ${left% *} &&
		${back#* } >= ${saved#* } && ${back#* } < ${left#* }"
	if [[ $ours ]]; then
		sample before "${id[$name]}" lapic
		least_of[$name]=-9999999999 most_of[$name]=9999999999
	fi
	ask "$name" beat 50
	ok "$name: after loadvm both CPUs are interrupted" \
		holds "${answer% *} >= ${back% *} + 50 && ${answer#* } >= ${back#* } + 50"
	ask "$name" sh "sleep 1; echo awake"
	ok "$name: after loadvm it sleeps and wakes" is "$answer" "awake;"
	[[ $ours ]] || return 0
	sample after "${id[$name]}" lapic
	ok "$name: after loadvm by the module's timers" \
		holds "$(change before after delivered) >= 100 && after[vcpus] == vcpus"
	ok "$name: after loadvm the guest counts what the module delivers" counts_ours "$name"
}

# A periodic timer goes on while the VMM does not; of the ticks that were missed each vCPU gets one,
# as the policy says.
gap_of_periodic()
{
	local name=$1
	local -A stopped resumed late
	local from ticks period us

	us=${EPOCHREALTIME/./}
	ask "$name" loc
	from=$answer
	stop_vmm "$name"
	[[ ! $ours ]] || sample stopped "${id[$name]}" lapic
	sleep "$gap"
	[[ ! $ours ]] || sample resumed "${id[$name]}" lapic
	kill -CONT "${guest_pid[$name]}"
	ask "$name" beat 20
	if [[ ! $ours ]]; then
		ask "$name" loc
		us=$((${EPOCHREALTIME/./} - us))
		ticks=$((${answer/ / + } - (${from/ / + })))
		echo "# $name: KVM gives $ticks ticks in $us us, due at 250 Hz:" \
			"$((vcpus * us * 250 / 1000000))"
		return
	fi
	sample late "${id[$name]}" lapic
	period=${late[period_ns]}
	echo "# $name: owed after $gap s: ${resumed[owed]}, merged: $(change stopped late merged)"
	# Linux has measured it, on a machine that may have had else to do.
	ok "$name: the period is that of 250 Hz" holds "period > 3800000 && period < 4200000"
	ok "$name: a stopped guest is given nothing" \
		holds "resumed[delivered] == stopped[delivered]"
	ok "$name: but its timers go on" holds "resumed[owed] >= vcpus * gap * 1000000000 / period - 4"
	ok "$name: of the gap's each vCPU gets one" \
		holds "$(change stopped late merged) >= resumed[owed] - stopped[owed] - vcpus"
	ok "$name: nothing is lost beside" \
		holds "$(change stopped late dropped) == 0 && $(change stopped late given_up) == 0"
	ok "$name: the guest counts what the module delivers" counts_ours "$name"
}

test_modes()
{
	local names=("${modes[@]/%/-$1}") name

	for name in "${names[@]}"; do
		start_mode "$name"
		boots "$name"
	done
	echo "# $SECONDS s"
	timers_used "${names[@]}"
	kselftests "${names[@]}"
	echo "# $SECONDS s"
	for name in "${names[@]}"; do
		save_and_load "$name"
	done
	[[ ! ${guest_pid[periodic-$1]:-} ]] || gap_of_periodic "periodic-$1"
	for name in "${names[@]}"; do
		end_guest "$name"
	done
	echo "# $SECONDS s"
}

# Guests have a /tmp of their own.
binaries=/run/kselftests
files=()
mkdir $binaries
for program in "${sleeping[@]}" "${busy[@]}"; do
	cp "$programs/$program" $binaries/ || abandon "no $program: make -C tools/testing/guests"
	files+=(--file "$binaries/$program")
done
make_initrd "${files[@]}"
for apic in ${APICS:-xapic x2apic}; do
	test_modes "$apic"
done
finish
