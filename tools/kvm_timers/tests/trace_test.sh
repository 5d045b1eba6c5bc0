#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "kvm-timers record" and "report": on a fake tracefs and a fake module, and of files that are
# good, cut, damaged, or no traces. Prints TAP.
set -u

# shellcheck source=tools/kvm_timers/tests/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

tracefs=$dir/tracefs
left=$dir/left
trace=$dir/trace
export KT_FAKE_INSTANCE=$dir/instance KT_FAKE_LEFT=$left

# A tracefs whose instances have these lines in their trace_pipe.
make_tracefs()
{
	rm -rf "$tracefs" "$dir/instance" "$left"
	mkdir -p "$tracefs/instances" "$tracefs/events/kvm_timers" \
		"$dir/instance/events/kvm_timers" "$dir/instance/options" \
		"$dir/instance/per_cpu/cpu0" "$dir/instance/per_cpu/cpu1"
	touch "$dir/instance/options/"{context-info,irq-info,record-tgid} \
		"$dir/instance/"{trace_clock,tracing_on} \
		"$dir/instance/events/kvm_timers/"{filter,enable}
	printf 'entries: 0\noverrun: 0\ndropped events: 0\n' | tee "$dir/instance/per_cpu/cpu0/stats" \
		>"$dir/instance/per_cpu/cpu1/stats"
	cat >"$dir/instance/trace_pipe"
}

# A line of trace_pipe at so many ms after the start of time. event MS TEXT
event()
{
	printf '%16s-%-7d [000] d..1. %5d.%03d000: %s\n' "CPU 0/KVM" 42 $(($1 / 1000)) \
		$(($1 % 1000)) "$2"
}

# Half a second of 100 Hz, half a second of nothing, a catch-up.
some_events()
{
	local at

	event 0 "vm_attach: id 9 pid 4242 devices 0x1"
	for ((at = 10; at <= 500; at += 10)); do
		event $at "tick_due: id 9 pit index 0 guest_ns ${at}000000 ticks 1 owed 1"
		event $at "tick_delivered: id 9 pit index 0 guest_ns ${at}000000 ticks 1 owed 0"
	done
	echo "this is no event"
	event 700 "clock_changed: id 9 follows guest_ns 700000000 kvmclock ahead by 0 mul 1 shift 0"
	event 1000 "tick_due: id 9 pit index 0 guest_ns 1000000000 ticks 50 owed 50"
	event 1000 "catchup_begin: id 9 pit index 0 guest_ns 1000000000 ticks 0 owed 50"
	for ((at = 1; at <= 50; at++)); do
		event $((1000 + at)) "tick_delivered: id 9 pit index 0 guest_ns 1 ticks 1 owed $((50 - at))"
	done
	event 1050 "catchup_end: id 9 pit index 0 guest_ns 1050000000 ticks 0 owed 0"
	echo "CPU:1 [LOST 7 EVENTS]"
	event 1100 "vm_detach: id 9"
}

no_instance()
{
	[ -z "$(ls "$tracefs/instances")" ]
	ok $? "no instance is left: $1"
}

test_usage()
{
	usage "unknown option '--secnds': did you mean '--seconds'?" record --secnds=1
	usage "--seconds has no value" record --seconds
	usage "--output has no value" record --output=
	usage "--output has no value" record --output -- true
	usage "'0' is no time to record" record --seconds=0
	usage "'nan' is no time to record" record --seconds=nan
	usage "'1.2.3' is no time to record" record --seconds=1.2.3
	usage "'86401' is no time to record" record --seconds=86401
	usage "'x' is not the id of a VM" record x
	usage "no command after '--'" record --
	# shellcheck disable=SC2046
	usage "too many VMs" record $(seq 65)
	usage "missing argument: write 'kvm-timers report FILE'" report
	usage "unexpected argument 'b'" report a b
	usage "unknown option '--pictur': did you mean '--picture'?" report a --pictur=b.png
	usage "--picture has no value" report a --picture
	usage "'b.gif' is no name of a picture" report a --picture=b.gif
	usage "'.png' is no name of a picture" report a --picture=.png
}

test_record()
{
	some_events | make_tracefs
	tool record --seconds=0.3 --tracefs="$tracefs" --output="$trace"
	[ $rc = 0 ] && [ ! -s "$err" ] && grep -q "^157 events, 7 lost, in $trace\$" "$out"
	ok $? "it says what it has recorded"
	[ "$(stat -c %a "$trace")" = 600 ]
	ok $? "nobody else may read it"
	no_instance "after a recording"
	[ "$(<"$left/trace_clock")" = mono ] && [ "$(<"$left/options/irq-info")" = 1 ] &&
		[ ! -s "$left/events/kvm_timers/filter" ] &&
		[ "$(<"$left/events/kvm_timers/enable")" = 0 ]
	ok $? "it has set up what it needs, and ended it"
	jq -es '.[0].version == 1 and .[0].format == "kvm_timers trace" and .[0].abi == 6 and
		(.[0].vms | length) == 2 and .[0].vms[0].devices.pit.policy == "catchup" and
		.[1] == {event: "vm_attach", host_ns: 0, cpu: 0, vm: 9, pid: 4242, devices: 1} and
		.[2] == {event: "tick_due", host_ns: 10000000, cpu: 0, vm: 9, device: "pit", index: 0,
			guest_ns: 10000000, ticks: 1, owed: 1} and
		.[-1].event == "end" and .[-1].events == 157 and .[-1].unknown == 1 and
		.[-1].lost == 7' "$trace" >"$out"
	ok $? "each line is what it should be"

	some_events | make_tracefs
	printf 'overrun: 20\ndropped events: 3\n' >"$dir/instance/per_cpu/cpu1/stats"
	json '.events == 157 and .lost == 23 and .unknown == 1' \
		record --json --seconds 0.2 --tracefs "$tracefs" --output "$trace" 2 1
	[ "$(<"$left/events/kvm_timers/filter")" = "id==2||id==1" ] &&
		jq -es '[.[0].vms[].id] == [1, 2]' "$trace" >"$out"
	ok $? "of some VMs only"

	some_events | make_tracefs
	tool record --seconds=0.2 --tracefs="$tracefs" --output=- 1
	[ $rc = 0 ] && [ ! -s "$err" ] && jq -es 'length == 159' "$out" >"$dir/count"
	ok $? "the trace may go to stdout"
}

test_command()
{
	local code

	for code in 0 3; do
		some_events | make_tracefs
		tool record --tracefs="$tracefs" --output="$trace" -- sh -c "echo said; exit $code"
		[ $rc = $code ] && [ "$(<"$out")" = said ] && [ ! -s "$err" ]
		ok $? "the command's output and status are its own: $code"
		no_instance "after a command"
	done
	some_events | make_tracefs
	tool record --tracefs="$tracefs" --output="$trace" -- sh -c 'kill -9 $$'
	[ $rc = 137 ]
	ok $? "killed by a signal"
	some_events | make_tracefs
	fails 127 "cannot run '$dir/nothing': command not found" \
		record --tracefs="$tracefs" --output="$trace" -- "$dir/nothing"
	some_events | make_tracefs
	fails 126 "cannot run '$dir': Permission denied" \
		record --tracefs="$tracefs" --output="$trace" -- "$dir"
	no_instance "after a command that cannot be run"
}

test_signals()
{
	local signal pid try

	for signal in INT TERM HUP; do
		some_events | make_tracefs
		rm -f "$trace"
		env LD_PRELOAD="$FAKE_DEV" bash -c 'trap - INT; exec "$@"' _ "$KVM_TIMERS" record \
			--tracefs="$tracefs" --output="$trace" >"$out" 2>"$err" </dev/null &
		pid=$!
		for ((try = 0; try < 200; try++)); do
			[ -s "$trace" ] && [ "$(wc -l <"$trace")" -ge 158 ] && break
			sleep 0.05
		done
		kill -$signal $pid
		wait $pid
		rc=$?
		[ $rc = 0 ] && tail -n 1 "$trace" | jq -e '.event == "end"' >/dev/null
		ok $? "SIG$signal ends it, and the file is whole"
		no_instance "after SIG$signal"
	done
}

test_refusals()
{
	some_events | make_tracefs
	echo precious >"$trace"
	rmdir "$tracefs/events/kvm_timers"
	fails 1 "has no events of kvm_timers: modprobe kvm_timers" \
		record --tracefs="$tracefs" --output="$trace"
	rm -r "$tracefs/instances"
	fails 1 "no tracefs at '$tracefs': as root, mount -t tracefs" \
		record --tracefs="$tracefs" --output="$trace"
	[ "$(<"$trace")" = precious ]
	ok $? "a file that was there is what it was"

	some_events | make_tracefs
	rm "$dir/instance/trace_clock"
	fails 1 "cannot set up 'trace_clock': No such file" record --tracefs="$tracefs"
	no_instance "after one that could not be set up"
	some_events | make_tracefs
	fails 1 "cannot write '/dev/full': No space left" \
		record --seconds=0.2 --tracefs="$tracefs" --output=/dev/full
	no_instance "after a full device"
	some_events | make_tracefs
	export KT_FAKE_OPEN=2
	fails 1 "modprobe kvm_timers" record --seconds=0.2 --tracefs="$tracefs" --output="$trace"
	unset KT_FAKE_OPEN
	no_instance "after a module that is gone"
}

# A good file, whose recording began with its first event.
good_file()
{
	some_events | make_tracefs
	tool record --seconds=0.2 --tracefs="$tracefs" --output="$dir/raw"
	# Not by jq, to which a number of that length is a fraction.
	sed -E '1s/"start_ns":[0-9]+/"start_ns":0/
		1s/"start_real_ns":[0-9]+/"start_real_ns":1700000000000000000/
		$s/"end_ns":[0-9]+/"end_ns":1200000000/' "$dir/raw" >"$dir/good"
}

test_report()
{
	good_file
	prints '^Recorded 2023-11-14 22:13:20 UTC, for 1\.200 s' '^Events: 157, lost 7, unknown 1$' \
		'^Events were lost' '^VM 9, process 4242$' '^  went at 1\.100000 s$' \
		'^  clock follows at 0\.700000 s, guest time 0\.700000 s$' \
		'Ticks +100 due, 100 delivered, 0 lost' 'Owed +50 at most, 0 in the end' \
		'Rate +90\.909 Hz asked, 90\.909 Hz delivered' \
		'Behind +550\.000 ms at most' \
		'Catch-ups +1, 50\.0 ms in all, the longest 50\.0 ms, 50 ticks given' \
		'Gaps +1, 501\.0 ms in all' \
		'1\.000000 s to 1\.050000 s: 50\.0 ms, 50 ticks' -- report "$dir/good"
	json '.complete and .events == 157 and .lost_events == 7 and .unknown == 1 and
		(.vms[] | select(.id == 9) | .clock_changes.count == 1 and
			(.devices.pit | .due == 100 and .delivered == 100 and .owed_max == 50 and
			.catchups.first == [{begin_ns: 1000000000, end_ns: 1050000000, ticks: 50}] and
			.gaps.count == 1 and .gaps.max_ns == 501000000))' report --json "$dir/good"
	"$KVM_TIMERS" report - <"$dir/good" >"$out" 2>"$err" && grep -q '^VM 9,' "$out"
	ok $? "of stdin"

	# Any number of bytes less at the end of a file: read as far as it goes.
	head -c -1 "$dir/good" >"$dir/cut"
	prints '^The file was cut' '^Events: 157, ' -- report "$dir/cut"
	head -n 100 "$dir/good" >"$dir/cut"
	json '.complete == false and .events == 99' report --json "$dir/cut"
	head -n 1 "$dir/good" >"$dir/cut"
	json '.complete == false and .events == 0' report --json "$dir/cut"
}

# Two timers of the HPET and two vCPUs, one of each behind.
test_timers()
{
	{
		event 0 "vm_attach: id 9 pid 4242 devices 0xc"
		event 10 "tick_due: id 9 hpet index 0 guest_ns 1 ticks 1 owed 1"
		event 10 "tick_delivered: id 9 hpet index 0 guest_ns 1 ticks 1 owed 0"
		event 20 "tick_due: id 9 hpet index 2 guest_ns 1 ticks 5 owed 5"
		event 30 "tick_due: id 9 lapic index 1 guest_ns 1 ticks 7 owed 7"
		event 30 "tick_due: id 9 lapic index 0 guest_ns 1 ticks 1 owed 0"
	} | make_tracefs
	tool record --seconds=0.2 --tracefs="$tracefs" --output="$dir/timers"
	json '.vms[] | select(.id == 9) | .devices | (keys == ["hpet.0", "hpet.2", "lapic.0", "lapic.1"]) and
		.["hpet.0"].owed_last == 0 and .["hpet.2"].owed_last == 5 and
		.["lapic.0"].owed_max == 0 and .["lapic.1"].owed_max == 7 and
		.["lapic.1"].device == "lapic" and .["lapic.1"].index == 1' report --json "$dir/timers"
	prints '^  hpet\.2$' '^  lapic\.1$' 'Owed +7 at most, 7 in the end' -- report "$dir/timers"

	# As written before the events had it.
	sed 's/"index":[0-9]*,//' "$dir/timers" >"$dir/old"
	json '.vms[] | select(.id == 9) | .devices | (keys == ["hpet", "lapic"]) and
		.hpet.due == 6 and .hpet.index == null' report --json "$dir/old"
	sed 's/"index":2,/"index":-2,/' "$dir/timers" >"$dir/file"
	refused "line 5 is damaged"
	sed 's/"index":2,/"index":4294967296,/' "$dir/timers" >"$dir/file"
	refused "line 5 is damaged"
}

# A file that is refused. refused TEXT
refused()
{
	fails 1 "cannot read '$dir/file': $1" report "$dir/file"
}

test_bad_files()
{
	fails 1 "cannot read '$dir/nowhere': No such file" report "$dir/nowhere"
	fails 1 "cannot read '$dir': Is a directory" report "$dir"
	: >"$dir/file"
	refused "it is empty"
	head -c 20 "$dir/good" >"$dir/file"
	refused "it is no trace of 'kvm-timers record'"
	echo '{"format": "another"}' >"$dir/file"
	refused "it is no trace of 'kvm-timers record'"
	head -c 5000 /dev/zero >"$dir/file"
	refused "it is no trace of 'kvm-timers record'"
	sed '1s/"version":1/"version":2/' "$dir/good" >"$dir/file"
	refused "it is of version 2, and only 1 can be read"
	sed '1s/"start_ns":0/"start_ns":-1/' "$dir/good" >"$dir/file"
	refused "line 1 is damaged"
	sed '1s/"catchup"/"caught"/' "$dir/good" >"$dir/file"
	refused "line 1: a VM is damaged"
	sed '5s/.$//' "$dir/good" >"$dir/file"
	refused "line 5 is damaged"
	sed '5s/$/{}/' "$dir/good" >"$dir/file"
	refused "line 5 is damaged"
	sed '5s/"owed":1/"owed":-1/; 5s/"owed":0/"owed":-1/' "$dir/good" >"$dir/file"
	refused "line 5 is damaged"
	sed '5s/"pit"/"pot"/' "$dir/good" >"$dir/file"
	refused "line 5 is damaged"
	sed '5s/.*//' "$dir/good" >"$dir/file"
	refused "line 5 is empty"
	sed 5d "$dir/good" >"$dir/file"
	refused "it has 156 events, and says that they are 157"
	sed '$p' "$dir/good" >"$dir/file"
	refused "line 160 is behind the last one"
	{ cat "$dir/good"; head -n 3 "$dir/good" | tail -n 1; } >"$dir/file"
	refused "line 160 is behind the last one"
	{ head -n 3 "$dir/good"; head -c 1100000 /dev/zero | tr '\0' x; } >"$dir/file"
	refused "line 4 is too long"
	{ head -n 1 "$dir/good"
	  for ((vm = 10; vm < 1040; vm++)); do
		echo "{\"event\":\"vm_detach\",\"host_ns\":1,\"cpu\":0,\"vm\":$vm}"
	  done; } >"$dir/file"
	refused "line 1024: there are too many VMs"
}

test_hostile()
{
	sed '1s/"kernel":"[^"]*"/"kernel":"\\u001b[2Jx"/; s/"name":"[^"]*"/"name":"a\\n\\u001b]0;b"/' \
		"$dir/good" >"$dir/file"
	prints 'kernel \?\[2Jx' '^VM 1, process .*, a\?\?]0;b$' -- report "$dir/file"
	! grep -q '[^ -~]' "$out"
	ok $? "no control character is printed"
	sed '3s/"ticks":1/"ticks":18446744073709551615/; 4s/"ticks":1/"ticks":18446744073709551615/' \
		"$dir/good" >"$dir/file"
	json '[.vms[].devices.pit.due // 0] | max == 18446744073709551615' report --json "$dir/file"
	sed '5s/"host_ns":[0-9]*/"host_ns":9223372036854775807/' "$dir/good" >"$dir/file"
	json '.out_of_order > 100 and .duration_ns == 9223372036854775807' report --json "$dir/file"
	sed '5s/"event":"[^"]*"/"event":"\\u001bnew"/' "$dir/good" >"$dir/file"
	json '.unknown == 2 and .events == 156' report --json "$dir/file"
}

# Without a gnuplot in PATH.
test_no_gnuplot()
{
	local path=$PATH

	mkdir -p "$dir/bin"
	for program in env rm jq grep wc sed; do
		ln -sf "$(command -v $program)" "$dir/bin/$program"
	done
	PATH=$dir/bin
	fails 1 "there is no gnuplot: apt install gnuplot-nox" \
		report "$dir/good" --picture="$dir/picture.png"
	PATH=$path
	[ ! -e "$dir/picture.png" ]
	ok $? "nothing is drawn then"
}

test_pictures()
{
	local file

	if ! command -v gnuplot >/dev/null; then
		ok 0 "pictures # SKIP no gnuplot"
		return
	fi
	tool report "$dir/good" --picture="$dir/picture.png"
	[ $rc = 0 ] && [ ! -s "$err" ] &&
		[ "$(head -c 8 "$dir/picture.png" | tail -c 7 | head -c 3)" = PNG ]
	ok $? "a PNG"
	for file in good file cut; do
		tool report --picture "$dir/picture.svg" "$dir/$file"
		[ $rc = 0 ] && [ ! -s "$err" ] && grep -q '^<svg' "$dir/picture.svg" &&
			grep -q '</svg>' "$dir/picture.svg"
		ok $? "an SVG of $file"
	done
	tool report --picture "$dir/picture.svg" "$dir/good"
	grep -q 'VM 9 pit delivered' "$dir/picture.svg" && grep -q 'VM 9 pit asked' "$dir/picture.svg"
	ok $? "it names what it draws"
	# gnuplot's way to say it, of the first device's colours.
	grep -q "<path style='fill:none; stroke:rgb(128,185,217)'" "$dir/picture.svg" &&
		grep -q "fill *= *'rgb(  0, 114, 178)' fill-opacity" "$dir/picture.svg"
	ok $? "a gap is hatched and a catch-up filled in the colour of the device"
	fails 1 "cannot write '$dir/nowhere/x.png'" report "$dir/good" --picture="$dir/nowhere/x.png"
}

# A gnuplot that draws what it is told.
test_script()
{
	mkdir -p "$dir/bin"
	printf '#!/bin/sh\nexec cat\n' >"$dir/bin/gnuplot"
	chmod 755 "$dir/bin/gnuplot"
	PATH=$dir/bin:$PATH tool report "$dir/good" --picture="$dir/script.svg"
	sed -n '/^\$lag0/,/^END/p' "$dir/script.svg" >"$out"
	[ $rc = 0 ] && ! awk '$1 > 0.51 && $1 < 0.99' "$out" | grep -q . &&
		awk '$1 > 0.99 && $1 < 1.01 && $2 >= 500 { found = 1 } END { exit !found }' "$out"
	ok $? "what is owed grows in a gap"
	sed -n '/^\$rate0/,/^END/p' "$dir/script.svg" >"$out"
	[ "$(grep -c '^[0-9]' "$out")" -le 20 ] && [ "$(grep -c '^[0-9]' "$out")" -ge 16 ]
	ok $? "100 ticks are ten rates, or less"
}

test_usage
test_record
test_command
test_signals
test_refusals
test_report
test_timers
test_bad_files
test_hostile
test_no_gnuplot
test_pictures
test_script
finish
