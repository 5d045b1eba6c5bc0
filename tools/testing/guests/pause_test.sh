#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unmodified QEMU, unmodified guests whose clock is kvmclock or the TSC: stop and cont, a VMM that
# is stopped itself, savevm and loadvm, and a move to a second QEMU, both with the record. The
# guest's clock never goes back, and its kernel complains about nothing. Runs inside L1
# (tools/lab/run), with the module loaded; prints TAP.
#
# GAP: for how many seconds a guest is paused. AWAY: and its VMM stopped, longer than a guest's
# lockup detector waits.
set -uo pipefail

gap=${GAP:-3}
away=${AWAY:-45}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

# What a guest's kernel says of a clock that is wrong, or of a time that it did not get.
complaints='clocksource.*(unstable|skewed|wd-)|unstable due|lockup|stall|blocked for more'
complaints+='|backwards|time warp'
declare -A parameters=(
	[kvm-clock]=""
	[tsc]="clocksource=tsc tsc=reliable"
)
declare -A id at_boot

# Array $1 gets the clock of guest $2, in ns, and the host's before and after, in us.
clock_of()
{
	local -n take=$1

	take=([before]=${EPOCHREALTIME/./})
	ask "$2" now
	take[after]=$((${EPOCHREALTIME/./} + 1))
	take[ns]=${answer% *}
}

# By how many us less than the host's the guest's clock went between two looks, in $least to
# $most.
lost_between()
{
	local -n from=$1 to=$2
	local went=$(((to[ns] - from[ns]) / 1000))

	least=$((to[before] - from[after] - went - 1))
	most=$((to[after] - from[before] - went + 1))
}

now_us()
{
	echo "${EPOCHREALTIME/./}"
}

never_back()
{
	local name=$1

	ask "$name" backs
	ok "$name: $2: its clock has not gone back" like "$answer" '^[1-9][0-9]* 0$'
	ask "$name" sh "dmesg | grep -E '$complaints'"
	ok "$name: $2: its kernel complains about nothing new" is "$answer" "${at_boot[$1]}"
}

# Field $3 of the clock of VM $2, into variable $1.
of_clock()
{
	local -n into=$1

	into=$("$KT_TOOL" --json status "$2" | jq -r ".clock.$3")
}

boots()
{
	local name=$1

	qemu-img create -q -f qcow2 "$scratch/$name.qcow2" 16M || abandon "no disk"
	start_guest "$name" "--policy=merge" "${parameters[$name]}" -smp 2 \
		-drive "if=none,id=disk,file=$scratch/$name.qcow2"
	expect "$name" '^@ready'
	id[$name]=$(vm_of "${guest_pid[$name]}")
	ask "$name" clocks
	ok "$name: the guest's clock" is "${answer%% *}" "$name"
	# A CPU that does not say that its TSC is constant.
	ask "$name" sh "dmesg | grep -E '$complaints'"
	at_boot[$name]=$answer
	ask "$name" watch
}

# The time in which a VMM has stopped its guest never happened to it.
stop_and_cont()
{
	local name=$1 from to thaws stopped stopped_before
	local -A before after

	of_clock stopped_before "${id[$name]}" stopped_ns
	clock_of before "$name"
	from=$(now_us)
	ok "$name: stop" qmp "$name" stop
	sleep "$gap"
	of_clock frozen "${id[$name]}" frozen
	ok "$name: guest time stands still" is "$frozen" true
	ok "$name: cont" qmp "$name" cont
	to=$(now_us)
	clock_of after "$name"
	lost_between before after
	of_clock thaws "${id[$name]}" thaws
	of_clock stopped "${id[$name]}" stopped_ns
	stopped=$((stopped - stopped_before))
	echo "# $name: $gap s of $((to - from)) us: its clock lost $least to $most us"
	ok "$name: so the guest's clock has lost that time, and no more" \
		holds "most >= gap * 1000000 && least <= to - from"
	ok "$name: which is what the status says" \
		holds "stopped / 1000 >= gap * 1000000 && stopped / 1000 <= to - from && thaws >= 1"
	never_back "$name" "stop and cont"
}

# The time in which the VMM itself was stopped has passed for its guest, too.
stopped_vmm()
{
	local name=$1
	local -A before after

	clock_of before "$name"
	stop_vmm "$name"
	sleep "$away"
	kill -CONT "${guest_pid[$name]}"
	clock_of after "$name"
	lost_between before after
	echo "# $name: after $away s without a VMM its clock lost $least to $most us"
	ok "$name: the guest's clock is where the host's is" \
		holds "least <= 2000 && most >= -2000"
	never_back "$name" "a stopped VMM"
}

# Save, run on, and be back where it was saved.
save_and_load()
{
	local name=$1
	local -A saved left back

	ok "$name: stop" qmp "$name" stop
	ok "$name: save the record" "$KT_TOOL" save "${id[$name]}" "$scratch/$name.record"
	ok "$name: savevm" hmp "$name" "savevm one"
	ok "$name: cont" qmp "$name" cont
	clock_of saved "$name"
	sleep "$gap"
	clock_of left "$name"
	ok "$name: stop" qmp "$name" stop
	ok "$name: loadvm" hmp "$name" "loadvm one"
	ok "$name: restore the record" \
		"$KT_TOOL" restore "${id[$name]}" "$scratch/$name.record"
	ok "$name: cont" qmp "$name" cont
	clock_of back "$name"
	ok "$name: its clock is back where it was saved" \
		holds "back[ns] < left[ns] && back[ns] > saved[ns] - gap * 1000000000"
	never_back "$name" "savevm and loadvm"
}

# The same guest in another QEMU: what that is told by the first one, and the record.
moves()
{
	local name=$1 other=$1-2 record=$scratch/$1.record image=$scratch/$1.image
	local -A before after
	local kvmclock shown

	clock_of before "$name"
	ok "$name: stop" qmp "$name" stop
	ok "$name: save the record" "$KT_TOOL" save "${id[$name]}" "$record"
	ok "$name: migrate" qmp "$name" migrate "{\"uri\":\"exec:cat >$image\"}"
	until qmp "$name" query-migrate && [[ $line == *'"status": "completed"'* ]]; do
		[[ $line == *'"failed"'* ]] && abandon "migration failed: $line"
		sleep 0.2
	done
	ok "$name: quit" qmp "$name" quit
	ok "$name: QEMU ends well" end_of "$name"

	start_guest "$other" "--policy=merge" "${parameters[$name]}" -smp 2 \
		-drive "if=none,id=disk,file=$scratch/$name.qcow2" -incoming "exec:cat $image"
	until qmp "$other" query-status && [[ $line == *'"status": "paused"'* ]]; do
		sleep 0.2
	done
	id[$other]=$(vm_of "${guest_pid[$other]}")
	at_boot[$other]=${at_boot[$name]}
	ok "$other: restore the record" "$KT_TOOL" restore "${id[$other]}" "$record"
	kvmclock=$("$KT_TOOL" --json show "$record" | jq -r .clock.kvmclock_ns)
	of_clock shown "${id[$other]}" kvmclock_ns
	ok "$other: kvmclock stands still where it was" is "$shown" "$kvmclock"
	ok "$other: cont" qmp "$other" cont
	clock_of after "$other"
	of_clock sets "${id[$other]}" sets
	ok "$other: QEMU goes on with the record's clock" is "$sets" 0
	lost_between before after
	echo "# $other: moved; its clock lost $least to $most us"
	ok "$other: the guest's clock goes on" holds "after[ns] > before[ns] && most > 0"
	never_back "$other" "a move"
	# Two vCPUs on a host with one CPU.
	sed -i '/recommended cpus supported by KVM/d' "$scratch/$other.err"
	end_guest "$other"
}

make_initrd
for name in kvm-clock tsc; do
	boots "$name"
	stop_and_cont "$name"
	stopped_vmm "$name"
	save_and_load "$name"
	moves "$name"
	echo "# $SECONDS s"
done
finish
