# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2086 # no path here has a space
#
# Inside L1: a guest that has only its firmware, and what the tool tells of it.

: "${root:?}" "${out:?}"

# The firmware's count of the PIT's ticks begins anew after so many, each midnight.
TICKS_A_DAY=$((0x1800b0))
COUNT_AT=0x46c

# A counter of VM $1's PIT
of_pit()
{
	chroot $root kvm-timers status "$1" --json | jq ".devices.pit.$2"
}

# A field of the PIT of VM $1 in the report.
reported()
{
	jq ".vms[] | select(.id == $1) | .devices.pit.$2" $root/tmp/report
}

# Ask QEMU's human monitor; its answer is left in $answer. Lines before that are events.
monitor()
{
	echo "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"$1\"},\"id\":1}" \
		>&"$to_qemu"
	while IFS= read -r -t 60 answer <&"$from_qemu"; do
		[[ $answer != *'"id": 1'* ]] || return 0
	done
	return 1
}

# How many ticks the guest itself has counted since it has begun.
count_ticks()
{
	monitor "xp /1wd $COUNT_AT" && [[ $answer =~ 46c:\ *([0-9]+) ]] && count=${BASH_REMATCH[1]}
}

start_guest()
{
	local way=$root/tmp/qmp try

	mkfifo $way.in $way.out
	exec {to_qemu}<>$way.in {from_qemu}<>$way.out
	chroot $root kvm-timers exec -- qemu-system-x86_64 -accel kvm -m 64 -display none \
		-nodefaults -qmp pipe:/tmp/qmp >/tmp/qemu 2>&1 &
	qemu=$!
	echo '{"execute":"qmp_capabilities"}' >&"$to_qemu"
	for ((try = 0; try < 120; try++)); do
		vm=$(chroot $root kvm-timers list | awk 'NR == 2 { print $1 }')
		[ -z "$vm" ] || break
		sleep 0.5
	done
	cp /tmp/qemu $out
	[ -n "$vm" ]
	ok $? "kvm-timers exec -- qemu-system-x86_64: its VM is taken over"
}

# Its firmware counts what the module gives.
see_ticks()
{
	local before after first=0 last=0 try

	for ((try = 0; try < 120; try++)); do
		count_ticks && ((count > 0)) && break
		sleep 0.5
	done
	sleep 1
	before=$(of_pit "$vm" delivered)
	count_ticks && first=$count
	sleep 2
	count_ticks && last=$count
	after=$(of_pit "$vm" delivered)
	echo "given: $before, then $after; counted: $first, then $last" >$out
	((last > first && after - before >= last - first))
	ok $? "its PIT ticks, by its own count"
}

see_top()
{
	local size

	for size in 80x24 200x60; do
		inside "(sleep 5; printf q) | script -qec \
			'stty rows ${size#*x} cols ${size%x*}; TERM=vt100 kvm-timers top' /dev/null" &&
			grep -q ASKED $out && grep -q qemu-system $out
		ok $? "kvm-timers top shows it on $size, and quits"
	done
}

# Until all is given that it was owed.
wait_paid()
{
	local try

	for ((try = 0; try < 240; try++)); do
		[ "$(of_pit "$vm" owed)" != 0 ] || return 0
		sleep 0.5
	done
	return 1
}

# A recording in which the whole VMM is stopped for a while.
record_guest()
{
	local recorder try first last before after

	before=$(of_pit "$vm" delivered)
	chroot $root kvm-timers record --output=/tmp/trace "$vm" >$out 2>&1 &
	recorder=$!
	for ((try = 0; try < 240; try++)); do
		[ ! -s $root/tmp/trace ] || break
		sleep 0.5
	done
	count_ticks && first=$count
	sleep 1
	kill -STOP $qemu
	sleep 3
	kill -CONT $qemu
	wait_paid && count_ticks && last=$count
	kill -INT $recorder
	wait $recorder
	ok $? "kvm-timers record, of a guest that is stopped for 3 s"
	after=$(of_pit "$vm" delivered)
	counted=$(((last - first + TICKS_A_DAY) % TICKS_A_DAY))
	given=$((after - before))
	from=$after
}

# What the recording says is what the guest has counted, and what the module has.
report_guest()
{
	inside "kvm-timers report --json /tmp/trace" && cp $out $root/tmp/report &&
		jq -e '.complete and .unknown == 0 and .lost_events == 0' $out >/dev/null
	ok $? "kvm-timers report --json: complete, nothing lost or unknown"

	echo "counted $counted, reported $(reported "$vm" delivered), given $given" >$out
	((counted > 0 && counted <= $(reported "$vm" delivered) &&
		$(reported "$vm" delivered) <= given))
	ok $? "it has the ticks that the guest has counted, and no others"
	# A second for what stopping it takes.
	cp $root/tmp/report $out
	(($(reported "$vm" gaps.max_ns) >= 2000000000 && $(reported "$vm" owed_max) > 30 &&
		$(reported "$vm" catchups.count) >= 1 && $(reported "$vm" catchups.ticks) > 0 &&
		$(reported "$vm" owed_last) == 0))
	ok $? "and the time in which it was stopped, and that it has caught up"

	inside "kvm-timers report /tmp/trace" && grep -q "^VM $vm, process $qemu, qemu-system" $out &&
		sed -n '/^  pit/,/^  [a-z]/p' $out | tr -s ' ' | grep -qx " Ticks $(
		reported "$vm" due) due, $(reported "$vm" delivered) delivered, $(
		reported "$vm" lost) lost"
	ok $? "the same for people"
}

draw_guest()
{
	inside "kvm-timers report /tmp/trace --picture=/tmp/picture.png" &&
		cmp -s <(printf '\x89PNG\r\n\x1a\n') <(head -c 8 $root/tmp/picture.png)
	ok $? "a picture of it: PNG"
	inside "kvm-timers report /tmp/trace --picture=/tmp/picture.svg" &&
		grep -q "VM $vm pit delivered" $root/tmp/picture.svg &&
		tail -n 2 $root/tmp/picture.svg | grep -q '</svg>'
	ok $? "and SVG, with the PIT's line in it"
	cp $root/tmp/{trace,picture.png,picture.svg} "$KT_WORK"
}

# From the last look to now.
export_guest()
{
	local exported

	inside "kvm-timers export --output=/tmp/kvm_timers.prom"
	exported=$(sed -n "s/^kvm_timers_ticks_delivered_total{vm=\"$vm\",device=\"pit\"} //p" \
		$root/tmp/kvm_timers.prom)
	echo "given $from, then exported $exported" >$out
	((from <= ${exported:-0} && ${exported:-0} <= $(of_pit "$vm" delivered)))
	ok $? "kvm-timers export: its ticks"
}

end_guest()
{
	kill $qemu
	wait $qemu
	[ "$(chroot $root kvm-timers list --json | jq length)" = 0 ]
	ok $? "and it is gone"
}

test_guest()
{
	start_guest
	see_ticks
	see_top
	record_guest
	report_guest
	draw_guest
	export_guest
	end_guest
}
