#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Loading and unloading the module while VMs come, go and die.
#
#   unload.sh [CYCLES [LOADS [KILLS]]]		default 1000 100 100
#
# KT_MODULE: path of kvm_timers.ko, or its name for modprobe. Without it the
# cases that load are skipped. Leaves the module as it was found.

set -uo pipefail

cycles=${1:-1000}
loads=${2:-100}
kills=${3:-100}
program=$(dirname "$0")/unload_test
device=/dev/kvm_timers
skip=4
number=0
failed=0
work=

report()
{
	local result=$1 name=$2

	number=$((number + 1))
	if [ "$result" -eq 0 ]; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=1
	fi
}

load()
{
	case $KT_MODULE in
	*/*)	insmod "$KT_MODULE" ;;
	*)	modprobe "$KT_MODULE" ;;
	esac
}

# start NAME ARG: a VMM that waits for the end of its standard input
start()
{
	mkfifo "$work/$1.in" "$work/$1.out"
	# It must not hold the others' inputs open, or they never end.
	(
		for fd in "${in[@]}"; do
			exec {fd}>&-
		done
		exec "$program" "$2" < "$work/$1.in" > "$work/$1.out"
	) &
	pids[$1]=$!
	exec {fd}> "$work/$1.in"
	in[$1]=$fd
	exec {fd}< "$work/$1.out"
	out[$1]=$fd
	read -r line <&"$fd" && [ "$line" = ready ]
}

# finish NAME: let it end by itself
finish()
{
	local fd=${in[$1]}

	unset "in[$1]"
	exec {fd}>&-
	fd=${out[$1]}
	wait "${pids[$1]}" || return
	exec {fd}<&-
}

# die NAME: end it
die()
{
	kill -KILL "${pids[$1]}"
	wait "${pids[$1]}" 2> /dev/null
	return 0
}

refused()
{
	local text

	text=$(LC_ALL=C rmmod kvm_timers 2>&1) && return 1
	[[ $text == *"in use"* || $text == *"temporarily unavailable"* || $text == *busy* ]]
}

load_cycles()
{
	local i

	for ((i = 0; i < loads; i++)); do
		rmmod kvm_timers && load && [ -e $device ] || return 1
	done
}

if [ ! -e /dev/kvm ] || [ ! -e $device ]; then
	echo "1..0 # SKIP no /dev/kvm or no $device"
	exit $skip
fi

declare -A pids in out
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "TAP version 13"

start held hold
report $? "a VM is attached and its timers fd closed"
refused
report $? "unloading is refused while it lives"
finish held
report $? "the VM ends"

start killed hold
report $? "another VM is attached"
die killed

"$program" cycle "$cycles" > /dev/null
report $? "$cycles times attached and gone"
"$program" kill "$kills" > /dev/null
report $? "$kills times killed with ticks in flight"

if [ -z "${KT_MODULE:-}" ]; then
	number=$((number + 1))
	echo "ok $number # SKIP set KT_MODULE to load and unload"
else
	rmmod kvm_timers
	report $? "unloading works when all are dead"
	load
	report $? "loading again"
	start other1 run && start other2 run
	report $? "two VMs of KVM's own run"
	load_cycles
	report $? "$loads times unloaded and loaded beside them"
	finish other1
	report $? "the first one ticked all the time"
	finish other2
	report $? "the second one ticked all the time"
	"$program" cycle 1 > /dev/null
	report $? "attaching works afterwards"
fi

echo "1..$number"
exit $failed
