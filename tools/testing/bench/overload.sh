#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What guests count that tick by one device, on a host that leaves them a tenth of a CPU in
# slices of random length for a minute, then all of it: with QEMU and KVM alone, by each policy
# that they have, and taken over, by each of ours. Runs inside L1, in the deterministic lab:
# tools/lab/run --icount --no-module. Leaves a file for each run in $KT_WORK, "seconds lag".
#
# usage: overload.sh MODULE KVM_TIMERS GUEST HOG
set -euo pipefail

module=$1 tool=$2 guest=$3 hog=$4
# DEVICES, POLICIES, PLAIN: only these, in development.
devices=${DEVICES:-pit rtc hpet lapic}
policies=${POLICIES:-catchup delay merge discard}
loaded_s=${LOADED_S:-60}
# What is owed by then, 38 s of ticks, takes 14 s at the default rates.
rest_s=${REST_S:-25}
out=$(mktemp -d)
launcher=()
passed=0 failed=0

# $1: where it goes, $2: device; then options of QEMU, which $launcher starts
count()
{
	local file=$out/$1 device=$2 pid

	shift 2
	: >"$file.raw"
	"${launcher[@]}" qemu-system-x86_64 -enable-kvm -cpu host -machine pc,hpet=on -m 64 \
		-nodefaults -display none -no-reboot -kernel "$guest" \
		-append "$device $((loaded_s + rest_s))" \
		-chardev file,id=con,path="$file.raw" -device isa-debugcon,chardev=con \
		-device isa-debug-exit,iobase=0xf4 "$@" &
	pid=$!
	# The first ticks are taken on a quiet host: the others are counted from them.
	until [[ -s $file.raw ]]; do
		kill -0 $pid 2>/dev/null || { echo "$file: QEMU has ended" >&2; exit 1; }
		sleep 0.05
	done
	insmod "$hog" seconds="$loaded_s"
	wait $pid || (($? == 1))
	rmmod hog
	evaluate "$device" <"$file.raw" >"$file"
}

# "COUNT NS" to "SECONDS LAG DUE COUNT": due to the nearest period, as a tick is taken somewhat
# after its time.
evaluate()
{
	awk -v device="$1" '
		BEGIN {
			hz["pit"] = 105000000 / 88 / 1193
			hz["rtc"] = 1024
			hz["hpet"] = hz["lapic"] = 1000
		}
		{
			due = int($2 * hz[device] / 1e9 + 0.5)
			printf "%.3f %d %d %d\n", $2 / 1e9, due - $1, due, $1
		}'
}

row()
{
	awk -v who="$2" -v policy="$3" -v device="$4" '
		{ due = $3; counted = $4; lag = $2 }
		NR == 1 || lag > most { most = lag }
		END { printf "%-6s %-16s %-10s %8d %8d %8d %8d\n",
		      device, who, policy, due, counted, lag, most }' "$out/$1"
}

judge()
{
	local lag

	lag=$(awk 'END { print $2 }' "$out/$1")
	if [[ $lag == 0 ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok  $1: $lag ticks behind at the end"
	fi
}

# The hog may have all of the CPU that it wants.
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
[[ ${PLAIN:-1} == 0 ]] || for device in $devices; do
	case $device in
	pit)
		for policy in delay discard; do
			count plain-pit-$policy pit -global kvm-pit.lost_tick_policy=$policy
		done
		;;
	rtc)
		for policy in slew discard; do
			count plain-rtc-$policy rtc \
				-global mc146818rtc.lost_tick_policy=$policy
		done
		;;
	*) count "plain-$device-none" "$device" ;;
	esac
done
insmod "$module"
for device in $devices; do
	for policy in $policies; do
		launcher=("$tool" exec --policy="$policy" --)
		count "ours-$device-$policy" "$device"
	done
done
rmmod kvm_timers

printf '%-6s %-16s %-10s %8s %8s %8s %8s\n' ticks by policy due counted "lag, end" "lag, max"
for device in $devices; do
	for file in "$out/plain-$device"-* "$out/ours-$device"-*; do
		[[ -f $file && $file != *.raw ]] || continue
		name=${file##*/}
		who="plain KVM + QEMU"
		[[ $name == plain-* ]] || who=ours
		row "$name" "$who" "${name##*-}" "$device"
	done
done
for device in $devices; do
	[[ " $policies " != *" catchup "* ]] || judge "ours-$device-catchup"
done
rm "$out"/*.raw
cp "$out"/* "$KT_WORK"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
