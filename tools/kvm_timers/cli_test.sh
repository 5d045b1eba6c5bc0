#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What kvm-timers says and asks of the module, on a fake module. Prints TAP.
#
# DAMAGE	the program that damages records; the rest is in tests/lib.sh

DAMAGE=${DAMAGE:?path of the program that damages records}
HERE=$(dirname "$(readlink -f "$0")")

# shellcheck source=tools/kvm_timers/tests/lib.sh
. "$HERE/tests/lib.sh"

test_usage_errors()
{
	usage "missing command"
	usage "did you mean 'status'?" stat 1
	usage "did you mean 'list'?" lst
	usage "write one of exec, list, status, top, set, freeze, thaw, save, restore, show, record, report, export, doctor, version, help" frobnicate
	usage "write one of exec, list" $'two\nlines'
	usage "unknown option '--jsno': did you mean '--json'?" --jsno list
	usage "unknown option '--all': write one of" list --all
	usage "unknown option '--'" list --
	usage "unexpected argument '1': write 'kvm-timers list'" list 1
	usage "unexpected argument '2'" status 1 2
	usage "unexpected argument 'x'" version x
	usage "unexpected argument 'b'" help a b
	usage "did you mean 'exec'?" help exce
	usage "'one' is not the id of a VM" status one
	usage "'-1' is not the id of a VM" status -1
	usage "'1x' is not the id of a VM" status 1x
	usage "'' is not the id of a VM" status ""
	usage "'4294967296' is not the id of a VM" status 4294967296
}

test_exec_usage_errors()
{
	usage "missing '--' and command" exec
	usage "missing '--' and command" exec --pit=on
	usage "missing '--' before 'true'" exec true
	usage "missing '--' before 'true'" exec --policy=merge true
	usage "no command after '--'" exec --
	usage "no command after '--'" exec -- ""
	usage "unknown option '--polcy': did you mean '--policy'?" exec --polcy=merge -- true
	usage "unknown option '-x': write one of" exec -x -- true
	usage "unknown option '--steal': write one of --pit, --rtc, --hpet, --lapic, --lapic-advance, --kvmclock, --tsc" \
		exec --steal=on -- true
	usage "unknown option '--kvmclok': did you mean '--kvmclock'?" exec --kvmclok=on -- true
	usage "unknown option '--hpte': did you mean '--hpet'?" exec --hpte=on -- true
	usage "unknown option '--lapci': did you mean '--lapic'?" exec --lapci=on -- true
	usage "unknown option '--lapic-advanc': did you mean '--lapic-advance'?" \
		exec --lapic-advanc=5 -- true
	usage "--policy has no value" exec --policy
	usage "--policy has no value" exec --policy -- true
	usage "write '--pit=on' or '--pit=off'" exec --pit=yes -- true
	usage "write '--hpet=on' or '--hpet=off'" exec --hpet=utc -- true
	usage "write '--lapic=on' or '--lapic=off'" exec --lapic=auto -- true
	usage "write '--kvmclock=on' or '--kvmclock=off'" exec --kvmclock=host -- true
	usage "write '--tsc=on' or '--tsc=off'" exec --tsc= -- true
	usage "every device is off" exec --pit=off --rtc=off --hpet=off --lapic=off --kvmclock=off \
		--tsc=off -- true
	usage "'--lapic=off', '--kvmclock=off' or '--tsc=off', or run" exec --lapic=off --tsc=off \
		--kvmclock=off --hpet=off --rtc=utc --rtc=off --pit=on --pit=off -- true
	usage "unknown rate of the clock 'hots': did you mean 'host'?" exec --clock-rate=hots -- true
	usage "write one of default, host, tsc" exec --clock-rate=500 -- true
	usage "--clock-rate has no value" exec --clock-rate -- true
	usage "unknown gap 'jmup': did you mean 'jump'?" exec --gap=jmup -- true
	usage "write one of default, stop, jump, slew" exec --gap=0 -- true
	usage "--gap has no value" exec --gap -- true
	usage "unknown device 'kvmclock': write one of pit, rtc, hpet, lapic" \
		exec --policy=kvmclock=merge -- true
	usage "did you mean 'merge'?" exec --policy=mrege -- true
	usage "write one of default, catchup, merge, discard, delay" exec --policy=slow -- true
	usage "write one of default" exec --policy= -- true
	usage "policy 'delay' has no such --catchup bounds" exec --policy=delay --catchup-max-rate=2 -- true
	usage "unknown device 'hept': did you mean 'hpet'?" exec --policy=hept=merge -- true
	usage "unknown device 'apic': did you mean 'lapic'?" exec --policy=apic=merge -- true
	usage "unknown device 'tsc0': write one of pit, rtc, hpet, lapic" exec --policy=tsc0=merge -- true
	usage "policy 'discard' has no such --catchup bounds" exec --policy=discard \
		--catchup-limit=5 -- true
	usage "1.01 to 10" exec --catchup-max-rate=1 -- true
	usage "1.01 to 10" exec --catchup-max-rate=10.01 -- true
	usage "1.01 to 10" exec --catchup-max-rate=1.234 -- true
	usage "1.01 to 10" exec --catchup-max-rate=2. -- true
	usage "1.01 to 10" exec --catchup-max-rate=.5 -- true
	usage "1.01 to 10" exec --catchup-max-rate=1.2.3 -- true
	usage "1.01 to 10" exec --catchup-max-rate=-2 -- true
	usage "1.01 to 10" exec --catchup-max-rate=fast -- true
	usage "1.01 to 10" exec --catchup-max-rate=99999999999999999999 -- true
	usage "write milliseconds, 1 to 4294967295" exec --catchup-limit=0 -- true
	usage "write milliseconds" exec --catchup-limit=1s -- true
	usage "write milliseconds" exec --catchup-limit=4294967296 -- true
	usage "write microseconds, 0 to 4294967295" exec --catchup-threshold=-1 -- true
	usage "write microseconds" exec --catchup-threshold=default -- true
	usage "policy 'merge' has no such --catchup bounds" exec --policy=merge --catchup-limit=5 -- true
}

test_rtc_usage_errors()
{
	local form="write 'utc', 'localtime', a time such as '2001-02-03T04:05:06', 'on' or 'off'"
	local text

	for text in "" yes UTC "utc " localtme fixed default now 0 981173106 2001-02-03 04:05:06 \
		2001-2-3T4:5:6 2001-02-03T04:05 "2001-02-03 04:05:06" 2001-02-03t04:05:06 \
		2001-02-03T04:05:06Z 2001-02-03T04:05:06.5 2001-02-03T04:05:06+00:00 \
		" 2001-02-03T04:05:06" "2001-02-03T04:05:06 " +001-02-03T04:05:06 \
		2001-02-03T04:05:-6 12001-02-03T04:05:06 2001/02/03T04:05:06 2001-02-03T04:05:0x
	do
		usage "--rtc '$text': $form" exec --rtc="$text" -- true
	done

	for text in 2001-00-03T04:05:06 2001-13-03T04:05:06 2001-02-00T04:05:06 \
		2001-02-29T04:05:06 2000-02-30T04:05:06 2001-04-31T04:05:06 2001-02-03T24:00:00 \
		2001-02-03T04:60:06 2001-02-03T04:05:60 2001-99-99T99:99:99
	do
		usage "--rtc '$text': no calendar has that time: write a day of its month" \
			exec --rtc="$text" -- true
	done

	for text in 1969-12-31T23:59:59 2100-01-01T00:00:00 0000-00-00T00:00:00 \
		9999-12-31T23:59:59
	do
		usage "--rtc '$text': write a year from 1970 to 2099" exec --rtc="$text" -- true
	done

	usage "--rtc has no value: write '--rtc=VALUE'" exec --rtc -- true
	export TZ=ABC-24:30
	usage "more than a day from UTC" exec --rtc=localtime -- true
	unset TZ
}

test_advance_usage_errors()
{
	local range="write 'auto', nanoseconds, 0 to 5000, or 'default'"
	local text

	for text in "" off on AUTO "auto " fixed -1 +1 1.5 1us 0x10 " 1" 5001 4294967296 \
		18446744073709551616
	do
		usage "--lapic-advance '$text': $range" exec --lapic-advance="$text" -- true
		usage "lapic.advance_ns '$text': $range" set 1 lapic.advance_ns="$text"
	done
	usage "--lapic-advance has no value: write '--lapic-advance=VALUE'" \
		exec --lapic-advance -- true
	usage "'lapic.advance_ns' is given twice" set 1 lapic.advance_ns=0 lapic.policy=merge \
		lapic.advance_ns=auto
	usage "did you mean 'advance_ns'?" set 1 lapic.advance=5
	usage "unknown setting 'advance_ns': write one of policy, catchup_max_rate" \
		set 1 hpet.advance_ns=5
	! grep -q "catchup_threshold_us, advance_ns" "$err"
	ok $? "and no setting that an HPET does not have"
	usage "catchup_threshold_us, advance_ns" set 1 lapic.x=5
}

test_budget_usage_errors()
{
	local range="write interrupts in a second, 100 to 1000000, or 'default'"
	local text

	for text in "" 0 99 1000001 4294967396 18446744073709551716 -100 +100 100.5 1e3 0x100 " 100" \
		"100 " 100Hz DEFAULT "default " auto
	do
		usage "--catchup-budget '$text': $range" exec --catchup-budget="$text" -- true
		usage "budget_hz '$text': $range" set 1 budget_hz="$text"
	done
	usage "--catchup-budget has no value: write '--catchup-budget=VALUE'" \
		exec --catchup-budget -- true
	usage "did you mean '--catchup-budget'?" exec --catchup-budgte=500 -- true
	usage "'budget_hz' is given twice" set 1 budget_hz=500 pit.policy=merge budget_hz=default
	usage "is no setting" set 1 budget_hz
	usage "is no setting" set 1 budget=500
	usage "unknown setting 'budget_hz'" set 1 pit.budget_hz=500
}

test_set_usage_errors()
{
	usage "missing argument: write 'kvm-timers set ID SETTING=VALUE...'" set
	usage "missing argument" set 1
	usage "'pit' is not the id of a VM" set pit pit.policy=merge
	usage "unknown option '--force'" set 1 pit.policy=merge --force
	usage "'merge' is no setting: write DEVICE.SETTING=VALUE" set 1 merge
	usage "is no setting" set 1 pit.policy
	usage "is no setting" set 1 policy=merge
	usage "is no setting" set 1 policy=a.b
	usage "unknown device 'pti': did you mean 'pit'?" set 1 pti.policy=merge
	usage "did you mean 'policy'?" set 1 pit.polciy=merge
	usage "did you mean 'catchup_limit_ms'?" set 1 pit.catchup_limit=5
	usage "write one of policy, catchup_max_rate" set 1 pit.x=5
	usage "pit.catchup_max_rate '11': write" set 1 pit.catchup_max_rate=11
	usage "pit.catchup_limit_ms '0': write" set 1 pit.catchup_limit_ms=0
	usage "pit.catchup_threshold_us '': write" set 1 pit.catchup_threshold_us=
	usage "unknown device 'rtcc': did you mean 'rtc'?" set 1 rtcc.policy=merge
	usage "unknown device 'lapci': did you mean 'lapic'?" set 1 lapci.advance_ns=5
	usage "unknown device 'tsc0': write one of pit, rtc, hpet, lapic" set 1 tsc0.policy=merge
	usage "hpet.catchup_max_rate '11': write" set 1 hpet.catchup_max_rate=11
	usage "'rtc.policy' is given twice" set 1 rtc.policy=merge pit.policy=merge \
		rtc.policy=merge
	usage "'pit.policy' is given twice" set 1 pit.policy=merge pit.policy=catchup
	usage "pit.catchup_limit_ms 'x'" set 1 pit.policy=merge pit.catchup_limit_ms=x
	usage "unknown gap 'stpo': did you mean 'stop'?" set 1 gap=stpo
	usage "unknown gap ''" set 1 gap=
	usage "is no setting: write DEVICE.SETTING=VALUE, such as 'pit.policy=catchup', budget_hz=HZ or gap=GAP" \
		set 1 gpa=stop
	usage "'gap' is given twice" set 1 gap=stop pit.policy=merge gap=stop
}

test_freeze_usage_errors()
{
	usage "missing argument: write 'kvm-timers freeze ID'" freeze
	usage "unexpected argument '2'" freeze 1 2
	usage "'x' is not the id of a VM" freeze x
	usage "unknown option '--gap=stop': write one of" freeze 1 --gap=stop
	usage "missing argument: write 'kvm-timers thaw ID [--gap=GAP]'" thaw
	usage "one VM at a time: write 'kvm-timers thaw ID'" thaw 1 2
	usage "one VM at a time" thaw --gap=stop
	usage "'x' is not the id of a VM" thaw x
	usage "unknown option '--gpa=stop'" thaw 1 --gpa=stop
	usage "unknown option '-g'" thaw 1 -g
	usage "unknown option '--'" thaw 1 --
	usage "'-1' is not the id of a VM" thaw -1
	usage "'-1' is not the id of a VM" freeze -1
	usage "--gap has no value" thaw 1 --gap stop
	usage "unknown gap 'stopp': did you mean 'stop'?" thaw 1 --gap=stopp
	usage "write one of default, stop, jump, slew" thaw --gap=x 1
}

test_record_usage_errors()
{
	usage "missing argument: write 'kvm-timers save ID FILE'" save 1
	usage "unexpected argument 'x'" save 1 "$dir/x" x
	usage "'x' is not the id of a VM" save x "$dir/x"
	usage "missing argument: write 'kvm-timers restore ID FILE [--gap=GAP]'" restore 1
	usage "one VM and one file: write 'kvm-timers restore ID FILE'" restore 1 --gap=stop
	usage "one VM and one file" restore 1 a b
	usage "unknown gap 'x'" restore 1 a --gap=x
	usage "--gap has no value: write '--gap=VALUE'" restore 1 a --gap
	usage "unknown option '--gpa=stop'" restore 1 a --gpa=stop
	usage "'-1' is not the id of a VM" restore -1 a
	usage "unknown option '--gap=stop': write one of" save 1 "$dir/x" --gap=stop
	usage "unknown option '-x'" show -x
	usage "missing argument: write 'kvm-timers save ID FILE'" save
	usage "missing argument: write 'kvm-timers show FILE'" show
	usage "unexpected argument 'b'" show a b
}

test_list()
{
	prints '^ID +PID +DEVICES +COMMAND$' "^1 +$$ +pit,rtc,hpet,lapic,kvmclock,tsc +$(cat /proc/$$/comm)\$" \
		'^2 +- +pit,rtc,hpet,lapic,kvmclock,tsc +\(gone\)$' -- list
	json 'length == 2' list --json
	json ".[0] == {id: 1, pid: $$, command: \"$(cat /proc/$$/comm)\", dead: false,
		devices: [\"pit\", \"rtc\", \"hpet\", \"lapic\", \"kvmclock\", \"tsc\"]}" --json list
	json '.[1] == {id: 2, pid: null, command: null, dead: true,
		devices: ["pit", "rtc", "hpet", "lapic", "kvmclock", "tsc"]}' list --json

	export KT_FAKE_DEVICES=5
	prints "^1 +$$ +pit,hpet +" -- list
	json '.[0].devices == ["pit", "hpet"]' list --json
	export KT_FAKE_DEVICES=2
	prints "^1 +$$ +rtc +" -- list
	json '.[0].devices == ["rtc"]' list --json
	export KT_FAKE_DEVICES=8
	prints "^1 +$$ +lapic +" -- list
	json '.[0].devices == ["lapic"]' list --json
	export KT_FAKE_DEVICES=48
	prints "^1 +$$ +kvmclock,tsc +" -- list
	unset KT_FAKE_DEVICES

	export KT_FAKE_VMS=0
	tool list
	[ $rc = 0 ] && [ "$(wc -l <"$out")" = 1 ]
	ok $? "list without VMs"
	json '. == []' list --json

	export KT_FAKE_VMS=200 KT_FAKE_HIDDEN=150
	json 'length == 199 and .[198].id == 200' list --json
	unset KT_FAKE_VMS KT_FAKE_HIDDEN
}

test_status()
{
	# The counters of one device at a time.
	export KT_FAKE_DEVICES=1
	prints '^VM 1$' "PID +$$ \\(" 'Guest time +12003.000000004 s' 'Devices +pit$' \
		'Kernel memory +4096 bytes' '^Device pit$' 'Policy +catchup$' \
		'Catch-up max rate +2\.50 times' 'Catch-up limit +60000 ms' \
		'Catch-up threshold +17 us' 'Period +1000152 ns \(999\.848 Hz\)' \
		'Due +18446744073709551615$' 'Rescaled +-15$' 'Delivered +18446744073709551500$' \
		'Owed +40$' 'Merged +3$' 'Dropped +7$' 'Given up +50$' 'Caught up +11$' \
		'Coalesced +2$' 'Reads +9007199254740993$' 'Writes +8$' \
		'^ +0 us to below +1 us 18446744073709551494$' '^ +16 us to below +32 us 1$' \
		'^ +1\.024 ms to below +2\.048 ms 2$' '^ +4194\.304 ms or more +3$' -- status 1
	[ "$(grep -cE ' (us|ms) ' "$out")" = 4 ]
	ok $? "status shows no empty bucket"

	! grep -qE 'Device (rtc|hpet|lapic)|Shows|Counter|Advance' "$out"
	ok $? "status shows no device that was not taken over"
	json '.devices | keys == ["pit"]' status 1 --json

	prints '^VM 2: gone' 'PID +unknown' '^Device pit$' 'Not active +not created' 'Policy +merge' \
		'Period +none' 'Catch-up max rate +1\.01 times' -- status 2
	! grep -q 'Delivered late' "$out"
	ok $? "status of a VM without ticks shows no lateness"

	unset KT_FAKE_DEVICES

	json '.id == 1 and .dead == false and .guest_ns == 12003000000004' status 1 --json
	json '.devices.pit | .active and .policy == "catchup" and .catchup_max_rate_pct == 250 and
		.catchup_limit_ms == 60000 and .catchup_threshold_us == 17' status --json 1
	json '.devices.pit.late | length == 24 and .[11] == {from_us: 1024, below_us: 2048,
		count: 2} and .[23].below_us == null' status 1 --json
	json '.devices | keys == ["hpet", "lapic", "pit", "rtc"]' status 1 --json
	json '[.devices[].late[1:4] | map(.count)] == [[0, 0, 0], [20, 0, 0], [0, 29, 0],
		[0, 0, 42]]' status 1 --json

	# jq rounds: look at the text for the exact numbers.
	prints '"due": 18446744073709551615,' '"delivered": 18446744073709551500,' \
		'"rescaled": -15,' '"reads": 9007199254740993,' \
		'"count": 18446744073709551494' -- status 1 --json
}

test_status_all()
{
	local i

	export KT_FAKE_VMS=3
	for i in 1 2 3; do
		tool status $i
		[ $i = 1 ] || echo
		cat "$out"
	done >"$dir/each"
	tool status
	[ $rc = 0 ] && [ ! -s "$err" ] && cmp -s "$out" "$dir/each"
	ok $? "status shows each VM as it is shown alone"
	for i in 1 2 3; do
		tool status $i --json
		cat "$out"
	done | jq -s . >"$dir/each"
	tool status --json
	[ $rc = 0 ] && [ ! -s "$err" ] && jq . "$out" | cmp -s - "$dir/each"
	ok $? "and an array of them in JSON"
	export KT_FAKE_HIDDEN=3
	json '[.[].id] == [1, 2]' status --json
	unset KT_FAKE_HIDDEN
	export KT_FAKE_VMS=0
	json '. == []' status --json
	tool status
	[ $rc = 0 ] && [ ! -s "$out" ]
	ok $? "nothing where there is none"
	unset KT_FAKE_VMS
}

test_status_rtc()
{
	export KT_FAKE_DEVICES=2
	prints 'Devices +rtc$' '^Device rtc$' 'Shows +2001-02-03T04:05:06 \(base utc\)$' \
		'Policy +merge$' 'Catch-up max rate +3\.00 times' 'Period +122070 ns' 'Due +23$' \
		'Merged +3$' 'Reads +21$' 'Writes +22$' '^ +1 us to below +2 us 20$' -- status 1
	! grep -qE 'Device (pit|hpet|lapic)|Counter|Advance' "$out"
	ok $? "status of an RTC alone shows nothing else"
	json '.devices | keys == ["rtc"]' status 1 --json
	json '.devices.rtc | .active and .base == "utc" and .time_s == 981173106 and
		.policy == "merge" and .due == 23 and .reads == 21 and .writes == 22' \
		status 1 --json

	export KT_FAKE_RTC_BASE=2 KT_FAKE_RTC_TIME=4102444799 TZ=ABC-05:30
	prints 'Shows +2099-12-31T23:59:59 \(base localtime\)$' -- status 1
	json '.devices.rtc | .base == "localtime" and .time_s == 4102444799' status 1 --json
	unset TZ
	export KT_FAKE_RTC_BASE=3 KT_FAKE_RTC_TIME=-1
	prints 'Shows +1969-12-31T23:59:59 \(base fixed\)$' -- status 1
	json '.devices.rtc | .base == "fixed" and .time_s == -1' status 1 --json
	export KT_FAKE_RTC_BASE=9 KT_FAKE_RTC_TIME=9223372036854775807
	prints 'Shows +9223372036854775807 s since 1970 \(base unknown\)$' -- status 1
	unset KT_FAKE_RTC_BASE KT_FAKE_RTC_TIME KT_FAKE_DEVICES
}

test_status_hpet()
{
	export KT_FAKE_DEVICES=4
	prints 'Devices +hpet$' '^Device hpet$' 'Timers +32$' \
		'Counter +18446744073709551614 \(running\)$' 'Counter period +69\.841279 ns$' \
		'Legacy replacement +on$' 'Policy +discard$' 'Period +1000000 ns' 'Due +33$' \
		'Dropped +4$' 'Reads +31$' 'Writes +32$' '^ +2 us to below +4 us 29$' -- status 1
	! grep -qE 'Device (pit|rtc|lapic)|Shows|Advance' "$out"
	ok $? "status of an HPET alone shows nothing else"
	json '.devices.hpet | .active and .timers == 32 and .counter_period_fs == 69841279 and
		.enabled == true and .legacy == true and .period_ns == 1000000 and .due == 33' \
		status 1 --json
	prints '"counter": 18446744073709551614,' -- status 1 --json

	export KT_FAKE_HPET_FLAGS=1
	prints 'Counter +[0-9]+ \(running\)$' 'Legacy replacement +off$' -- status 1
	json '.devices.hpet | .enabled == true and .legacy == false' status 1 --json
	export KT_FAKE_HPET_FLAGS=2
	prints 'Counter +[0-9]+ \(halted\)$' 'Legacy replacement +on$' -- status 1
	json '.devices.hpet | .enabled == false and .legacy == true' status 1 --json
	unset KT_FAKE_HPET_FLAGS KT_FAKE_DEVICES
}

test_status_lapic()
{
	export KT_FAKE_DEVICES=8
	prints 'Devices +lapic$' '^Device lapic$' 'vCPUs +255$' 'Advance +1234 ns \(auto\)$' \
		'Policy +catchup$' 'Catch-up max rate +5\.00 times' 'Period +4000000 ns' 'Due +43$' \
		'Caught up +5$' 'Owed +1$' 'Reads +41$' 'Writes +42$' \
		'^ +4 us to below +8 us 42$' -- status 1
	! grep -qE 'Device (pit|rtc|hpet)|Shows|Timers|Counter' "$out"
	ok $? "status of a LAPIC timer alone shows nothing else"
	json '.devices | keys == ["lapic"]' status 1 --json
	json '.devices.lapic | .active and .vcpus == 255 and .advance == "auto" and
		.advance_ns == 1234 and .policy == "catchup" and .due == 43 and .reads == 41 and
		.writes == 42' status 1 --json

	export KT_FAKE_ADVANCE=2
	prints 'Advance +1234 ns \(fixed\)$' -- status 1
	json '.devices.lapic.advance == "fixed"' status 1 --json
	export KT_FAKE_ADVANCE=9
	prints 'Advance +1234 ns \(unknown\)$' -- status 1
	unset KT_FAKE_ADVANCE KT_FAKE_DEVICES
}

test_status_clock()
{
	prints '^Clock$' 'Rate +host$' "Line +over the host's TSC$" 'Behind the host +-73 ns$' \
		'Segments +9007199254740993$' 'kvmclock shows +6\.000000007 s$' 'Times set +5$' -- status 1
	prints 'Gap +stop$' 'Thaws +9007199254740995$' 'Stopped for +3\.000000009 s$' -- status 1
	json '.clock | .gap == "stop" and .frozen == false and .stopped_ns == 3000000009' \
		status 1 --json
	export KT_FAKE_CLOCK_FLAGS=3 KT_FAKE_GAP=3
	prints "Line +over the host's TSC, stands still$" 'Gap +slew$' -- status 1
	json '.clock | .gap == "slew" and .frozen' status 1 --json
	export KT_FAKE_GAP=9
	prints 'Gap +unknown$' -- status 1
	unset KT_FAKE_CLOCK_FLAGS KT_FAKE_GAP
	json '.clock | .rate == "host" and .by_tsc and .lag_ns == -73 and .kvmclock_ns == 6000000007
		and .sets == 5' status 1 --json
	export KT_FAKE_CLOCK=2 KT_FAKE_DEVICES=1
	prints 'Rate +tsc$' -- status 1
	! grep -qE 'kvmclock|Times set' "$out"
	ok $? "status shows no kvmclock that was not taken over"
	export KT_FAKE_CLOCK=9
	prints 'Rate +unknown$' -- status 1
	unset KT_FAKE_CLOCK KT_FAKE_DEVICES

	prints "Line +none: the host's TSC is no clock$" -- status 2
	! grep -q 'Behind' "$out"
	ok $? "the clock of a dead VM is behind nothing"
	json '.clock | .by_tsc == false and .lag_ns == null' status 2 --json
}

test_status_catchup()
{
	prints '^  Catch-up budget +4321 Hz for each vCPU$' \
		'^  Waits for the budget 9007199254740997$' -- status 1
	sed '/^Clock$/,$d' "$out" >"$dir/vm"
	grep -q '^  Catch-up budget' "$dir/vm" && grep -q '^  Waits for the budget' "$dir/vm"
	ok $? "the budget is the VM's"
	prints '"budget_waits": 9007199254740997,' '"budget_hz": 4321,' -- status 1 --json
	json '.budget_hz == 10000 and .budget_waits == 0' status 2 --json

	export KT_FAKE_DEVICES=1
	prints '^  Catch-up in progress 1\.25 times$' '^  Time of catch-ups at$' \
		'^ +1\.05 times +0\.000000001 s$' '^ +1\.10 times +9007199\.254740999 s$' \
		'^ +1\.25 times +3\.000000000 s$' '^ +1\.75 times +0\.000000005 s$' \
		'^ +2 times +0\.000000006 s$' '^ +3 times +18446744073\.709551615 s$' \
		'^ +fastest +80\.000000008 s$' -- status 1
	! grep -qE '^ +1\.50 times' "$out"
	ok $? "and no time of a level at which there was none"
	json '.devices.pit | .catchup_rate_pct == 125 and (.catchup_ns | length) == 8 and
		.catchup_ns[2:6] == [3000000000, 0, 5, 6] and .catchup_ns[7] == 80000000008' \
		status 1 --json
	prints '^ +9007199254740999,$' '^ +18446744073709551615,$' -- status 1 --json

	prints '^  Catch-up in progress none$' -- status 2
	json '.devices.pit.catchup_rate_pct == 0' status 2 --json

	export KT_FAKE_DEVICES=2
	prints '^  Catch-up in progress none$' -- status 1
	! grep -q 'Time of catch-ups' "$out"
	ok $? "a device that has never caught up shows no time of it"
	json '.devices.rtc | .catchup_rate_pct == 0 and .catchup_ns == [0, 0, 0, 0, 0, 0, 0, 0]' \
		status 1 --json
	export KT_FAKE_DEVICES=8
	prints '^  Catch-up in progress 10\.00 times$' '^ +1\.50 times +0\.002000000 s$' -- status 1
	json '.devices.lapic | .catchup_rate_pct == 1000 and .catchup_ns[3] == 2000000' \
		status 1 --json
	unset KT_FAKE_DEVICES
}

test_status_not_active()
{
	local why='Not active +not created by the VMM, or no interrupt controllers in the kernel$'
	local lapic='Not active +no vCPU yet, or none with a timer that can be taken over$'

	prints '^Device pit$' '^Device rtc$' '^Device hpet$' "^  $why" -- status 2
	[ "$(grep -cE "^  $why" "$out")" = 3 ]
	ok $? "status says of each device that is not active why"
	prints '^Device lapic$' "^  $lapic" -- status 2
	[ "$(grep -cE "^  $lapic" "$out")" = 1 ]
	ok $? "of the LAPIC timer another reason"
	! grep -qE 'Shows|Timers|Counter|Legacy|vCPUs|Advance' "$out"
	ok $? "and not what it would show"
	json '.devices | map(.active) == [false, false, false, false]' status 2 --json

	tool status 1
	[ $rc = 0 ] && ! grep -q "Not active" "$out"
	ok $? "status gives no reason for active devices"
}

test_set()
{
	asks 'set id=1 device=0 policy=2 rate=250 limit=60000 threshold=17$' set 1 pit.policy=merge
	asks 'policy=0 rate=250 limit=60000 threshold=17$' set 1 pit.policy=default
	asks 'policy=1 rate=150 limit=60000 threshold=17$' set 1 pit.catchup_max_rate=1.5
	asks 'policy=1 rate=0 limit=0 threshold=17$' set 1 pit.catchup_max_rate=default \
		pit.catchup_limit_ms=default
	asks 'policy=3 rate=200 limit=5 threshold=0$' set 1 pit.policy=discard \
		pit.catchup_max_rate=2 pit.catchup_limit_ms=5 pit.catchup_threshold_us=0
	[ ! -s "$out" ] && [ "$(grep -c '^set' "$log")" = 1 ]
	ok $? "set says nothing and asks once"

	asks 'set id=1 device=1 policy=3 rate=300 limit=1000 threshold=18$' set 1 rtc.policy=discard
	asks 'set id=1 device=2 policy=1 rate=400 limit=2000 threshold=19$' set 1 hpet.policy=catchup
	asks 'set id=1 device=2 policy=3 rate=150 limit=7 threshold=5$' set 1 \
		hpet.catchup_max_rate=1.5 hpet.catchup_limit_ms=7 hpet.catchup_threshold_us=5
	asks 'set id=1 device=0 policy=3 ' set 1 hpet.policy=merge pit.policy=discard
	grep -q 'set id=1 device=2 policy=2 ' "$log" && [ "$(grep -c '^set' "$log")" = 2 ]
	ok $? "set asks once for each device named"

	asks 'set id=1 device=3 policy=2 rate=500 limit=3000 threshold=20$' set 1 lapic.policy=merge
	! grep -q 'advance=' "$log"
	ok $? "and leaves the advance alone"
	asks 'set id=1 advance=1 ns=0$' set 1 lapic.advance_ns=auto
	asks 'set id=1 advance=0 ns=0$' set 1 lapic.advance_ns=default
	asks 'set id=1 advance=2 ns=0$' set 1 lapic.advance_ns=0
	asks 'set id=1 advance=2 ns=5000$' set 1 lapic.advance_ns=5000
	[ ! -s "$out" ] && [ "$(grep -c '^set' "$log")" = 1 ]
	ok $? "and the policy"
	asks 'set id=1 advance=2 ns=7$' set 1 lapic.advance_ns=7 lapic.policy=discard
	grep -q 'set id=1 device=3 policy=3 ' "$log" && [ "$(grep -c '^set' "$log")" = 2 ]
	ok $? "or changes both"

	asks 'gap id=1 gap=2$' set 1 gap=jump
	! grep -q '^set' "$log"
	ok $? "and nothing else"
	asks 'gap id=1 gap=0$' set 1 pit.policy=merge gap=default
	grep -q 'set id=1 device=0 policy=2 ' "$log"
	ok $? "or with a policy"
	export KT_FAKE_CLOCK=2
	fails 1 "VM 1: a clock that goes as the TSC does makes up for nothing" set 1 gap=slew \
		pit.policy=merge
	! grep -q '^set' "$log"
	ok $? "and the policy has not been changed"
	unset KT_FAKE_CLOCK

	asks '^budget id=1 hz=100$' set 1 budget_hz=100
	[ ! -s "$out" ] && [ "$(grep -cE '^(set|gap|budget)' "$log")" = 1 ]
	ok $? "and nothing else, and it says nothing"
	asks '^budget id=1 hz=1000000$' set 1 budget_hz=1000000
	asks '^budget id=1 hz=0$' set 1 budget_hz=default
	asks '^budget id=1 hz=500$' set 1 pit.policy=merge budget_hz=500 gap=jump lapic.advance_ns=7
	grep -q '^set id=1 device=0 policy=2 ' "$log" && grep -q '^set id=1 advance=2 ns=7$' "$log" &&
		grep -q '^gap id=1 gap=2$' "$log" && [ "$(grep -c '^budget' "$log")" = 1 ]
	ok $? "or with all the others"
	export KT_FAKE_BUDGET=10000
	asks '^budget id=1 hz=10000$' set 1 budget_hz=10000
	fails 1 "VM 1: budget beyond what the administrator allows: see 'modinfo -p kvm_timers'" \
		set 1 pit.policy=merge gap=jump budget_hz=10001
	! grep -qE '^(set|gap|budget)' "$log"
	ok $? "and nothing has been changed where a budget is refused"
	fails 1 "policy, bound or budget beyond what the administrator allows" \
		exec --catchup-budget=10001 -- true
	unset KT_FAKE_BUDGET
	fails 1 "VM 2: the VM is gone" set 2 budget_hz=500

	export KT_FAKE_FAIL=set=34
	fails 1 "what the administrator allows" set 1 budget_hz=500 pit.policy=merge
	[ "$(grep '^budget' "$log" | tr '\n' ' ')" = "budget id=1 hz=500 budget id=1 hz=4321 " ]
	ok $? "the budget is as it was where a policy is refused"
	export KT_FAKE_FAIL=advance=34
	fails 1 "VM 1, lapic: " set 1 budget_hz=500 lapic.advance_ns=7
	[ "$(grep '^budget' "$log" | tail -n 1)" = "budget id=1 hz=4321" ]
	ok $? "or the advance"
	fails 1 "VM 1, lapic: " set 1 lapic.advance_ns=7
	! grep -q '^budget' "$log"
	ok $? "and is not touched where it was not named"

	export KT_FAKE_FAIL=set=34
	fails 1 "what the administrator allows" set 1 gap=jump pit.policy=merge
	! grep -q '^gap' "$log"
	ok $? "nor the gap where a policy is refused"
	unset KT_FAKE_FAIL
	fails 1 "VM 2: the VM is gone" set 2 gap=stop
	fails 1 "VM 2, lapic: the VM is gone" set 2 lapic.advance_ns=5
	fails 1 "VM 2, pit: the VM is gone" set 2 pit.policy=merge
	fails 1 "VM 2, hpet: the VM is gone" set 2 hpet.policy=merge
	export KT_FAKE_DEVICES=0
	fails 1 "its pit has not been taken over" set 1 pit.policy=merge
	export KT_FAKE_DEVICES=1
	fails 1 "its rtc has not been taken over" set 1 pit.policy=merge rtc.policy=merge
	fails 1 "its lapic has not been taken over" set 1 pit.policy=merge lapic.advance_ns=5
	! grep -q '^set' "$log"
	ok $? "and nothing has been changed"
	unset KT_FAKE_DEVICES
}

# shellcheck disable=SC2016
test_exec()
{
	local pid

	asks 'devices=63 base=0 time=0$' exec -- true
	[ "$(grep -c '^adopt' "$log")" = 1 ] &&
		[ "$(grep -c ' policy=0 rate=0 limit=0 threshold=0$' "$log")" = 4 ] &&
		grep -q '^advance=0 ns=0$' "$log"
	ok $? "exec asks once, and for the defaults"
	asks 'device cloexec=1' exec -- true
	asks 'policy=1 rate=150 limit=2000 threshold=30$' exec --pit=on --policy=catchup \
		--catchup-max-rate=1.5 --catchup-limit=2000 --catchup-threshold=30 -- true
	asks 'device=0 policy=2 ' exec --policy pit=merge -- true
	grep -q 'device=1 policy=0 ' "$log" && grep -q 'device=2 policy=0 ' "$log"
	ok $? "a policy of the PIT is no other device's"
	asks 'device=1 policy=2 ' exec --policy rtc=merge -- true
	asks 'device=2 policy=3 ' exec --policy=merge --policy=hpet=discard -- true
	asks 'device=1 policy=0 ' exec --rtc=off --policy=merge -- true
	asks 'device=0 policy=4 ' exec --policy=pit=delay --catchup-limit=5 -- true
	asks 'policy=3 ' exec --policy=merge --policy discard -- true
	asks 'rate=101 limit=4294967295 ' exec --catchup-max-rate 1.01 \
		--catchup-limit=4294967295 -- true
	asks 'rate=1000 ' exec --catchup-max-rate=10.00 --json -- true
	asks 'rate=0 limit=0 ' exec --catchup-max-rate=default --catchup-limit=default -- true
	asks 'devices=63 ' exec --pit=off --pit=on -- true
	asks 'devices=62 ' exec --pit=off -- true
	asks 'devices=61 ' exec --rtc=off -- true
	asks 'devices=59 ' exec --hpet=off -- true
	asks 'devices=55 ' exec --lapic=off -- true
	asks 'devices=60 ' exec --pit off --rtc off --hpet on -- true
	asks 'devices=56 ' exec --pit=off --rtc=off --hpet=off -- true
	asks 'devices=63 ' exec --pit=on --rtc=on --hpet=on --lapic=on -- true
	asks 'device=3 policy=2 ' exec --policy=lapic=merge -- true
	asks 'devices=47 ' exec --kvmclock=off -- true
	asks 'devices=31 ' exec --tsc=off --kvmclock=on -- true

	asks '^clock=0$' exec -- true
	asks '^clock=1$' exec --clock-rate=host -- true
	asks '^clock=2$' exec --clock-rate=host --clock-rate tsc --kvmclock=off -- true
	asks '^clock=0$' exec --clock-rate=tsc --clock-rate=default -- true

	asks '^gap=0$' exec -- true
	asks '^gap=1$' exec --gap=stop -- true
	asks '^gap=3$' exec --gap=stop --gap slew -- true
	asks '^gap=0$' exec --gap=jump --gap=default -- true
	fails 1 "or not with that gap" exec --gap=slew --clock-rate=tsc -- true

	asks '^budget=0$' exec -- true
	asks '^budget=100$' exec --catchup-budget=100 -- true
	asks '^budget=1000000$' exec --catchup-budget=5000 --catchup-budget 1000000 -- true
	asks '^budget=0$' exec --catchup-budget=5000 --catchup-budget=default -- true
	asks '^budget=300$' exec --policy=merge --catchup-budget=300 --pit=off -- true

	asks '^advance=1 ns=0$' exec --lapic-advance=auto -- true
	asks '^advance=2 ns=0$' exec --lapic-advance=0 -- true
	asks '^advance=2 ns=5000$' exec --lapic-advance 5000 -- true
	asks '^advance=0 ns=0$' exec --lapic-advance=7 --lapic-advance=default -- true
	asks '^advance=0 ns=0$' exec --lapic-advance=7 --lapic=off -- true

	prints '^--json --help -- x y$' -- exec -- echo --json --help -- "x y"

	tool exec -- sh -c 'exit 42'
	[ $rc = 42 ]
	ok $? "exec hands on the exit code"

	: >"$log"
	LD_PRELOAD=$FAKE_DEV KT_FAKE_LOG=$log "$KVM_TIMERS" exec -- sh -c 'echo $$' >"$out" 2>"$err" &
	pid=$!
	wait $pid
	[ "$(cat "$out")" = $pid ] && grep -q "^adopt pid=$pid " "$log"
	ok $? "exec keeps the PID, and that is adopted"

	env ls /proc/self/fd >"$dir/fds" 2>"$err" </dev/null
	tool exec -- ls /proc/self/fd
	[ $rc = 0 ] && cmp -s "$dir/fds" "$out"
	ok $? "exec leaks no file descriptor"
}

# FIXED: what date -u -d says of each.
test_exec_rtc()
{
	local text

	asks 'devices=63 base=0 time=0$' exec --rtc=on -- true
	asks 'devices=63 base=1 time=0$' exec --rtc=utc -- true
	asks 'devices=63 base=1 time=0$' exec --rtc utc -- true
	asks 'devices=63 base=0 time=0$' exec --rtc=2001-02-03T04:05:06 --rtc=on -- true
	asks 'devices=61 base=0 time=0$' exec --rtc=2001-02-03T04:05:06 --rtc=off -- true
	asks 'devices=63 base=1 time=0$' exec --rtc=off --rtc=utc -- true

	export TZ=ABC-05:30
	for text in 1970-01-01T00:00:00 1999-12-31T23:59:59 2000-02-29T12:00:00 \
		2001-02-03T04:05:06 2038-01-19T03:14:08 2096-02-29T00:00:00 2099-12-31T23:59:59
	do
		asks "devices=63 base=3 time=$(date -u -d "$text" +%s)\$" exec --rtc="$text" -- true
	done

	# The zones last for all the year, whenever this runs.
	asks 'base=2 time=19800$' exec --rtc=localtime -- true
	export TZ=ABC+03:00
	asks 'base=2 time=-10800$' exec --rtc=localtime -- true
	export TZ=UTC0
	asks 'base=2 time=0$' exec --rtc=localtime -- true
	export TZ=ABC-1DEF,0/0,J365/25
	asks 'base=2 time=7200$' exec --rtc=localtime -- true
	export TZ=ABC-24:00
	asks 'base=2 time=86400$' exec --rtc=localtime -- true
	unset TZ
}

test_freeze()
{
	fails 1 "VM 1: its clocks do not stand still: see 'kvm-timers status ID'" thaw 1
	export KT_FAKE_FROZEN=$dir/frozen
	asks '^freeze id=1$' freeze 1
	[ ! -s "$out" ]
	ok $? "freeze says nothing"
	prints "Line +over the host's TSC, stands still$" -- status 1
	json '.clock.frozen' status 1 --json
	asks '^thaw id=1 gap=0$' thaw 1
	[ ! -s "$out" ]
	ok $? "thaw says nothing"
	json '.clock.frozen == false' status 1 --json
	fails 1 "VM 1: its clocks do not stand still" thaw 1 --gap=jump
	asks '^freeze id=1$' freeze 1 --json
	asks '^thaw id=1 gap=1$' thaw 1 --gap=stop
	asks '^freeze id=1$' freeze 1
	asks '^thaw id=1 gap=2$' --json thaw --gap=jump 1
	asks '^freeze id=1$' freeze 1
	asks '^thaw id=1 gap=3$' thaw 1 --gap=stop --gap=slew
	asks '^set_record id=1 ' restore 1 "$dir/record"
	json '.clock.frozen' status 1 --json
	asks '^thaw id=1 gap=0$' thaw 1 --gap=default
	unset KT_FAKE_FROZEN
	export KT_FAKE_CLOCK=2
	fails 1 "VM 1: a clock that goes as the TSC does makes up for nothing" thaw 1 --gap=slew
	unset KT_FAKE_CLOCK
	fails 1 "VM 2: the VM is gone" freeze 2
	fails 1 "VM 2: the VM is gone" thaw 2
}

# A byte more or less, or another bit, and it is no record any more.
test_record_damage()
{
	local file=$dir/record damaged=$dir/damaged size at cases

	tool save 1 "$file"
	size=$(stat -c %s "$file")
	cases=$((size + 64 + 8 * size))
	"$DAMAGE" "$file" >"$dir/cases" 2>"$dir/refused"
	rc=$?
	[ $rc = 0 ] && [ "$(cat "$dir/cases")" = $cases ]
	ok $? "all cuts, bits flipped and bytes that follow are refused"
	[ "$(wc -l <"$dir/refused")" = $cases ] &&
		[ "$(grep -c "^kvm-timers: '/proc/self/fd/[0-9]*' is " "$dir/refused")" = $cases ]
	ok $? "in one line each"

	# And so does the tool.
	for at in 0 1 7 8 16 24 63; do
		head -c "$at" "$file" >"$damaged"
		fails 1 "is cut, or no record: name a file" show "$damaged"
	done
	for at in 64 65 1000 $((size - 1)); do
		head -c "$at" "$file" >"$damaged"
		fails 1 "is cut, or more than a record: take another copy of it" show "$damaged"
		{ cat "$file"; head -c "$at" "$file"; } >"$damaged"
		fails 1 "is cut, or more than a record: take another copy of it" show "$damaged"
	done
	flips 0 "is no record: name a file of 'kvm-timers save'"
	flips 8 "is of another version of the tool: use the one it was saved with"
	flips 16 "is cut, or more than a record"
	for at in 12 20 24 63 64 1000 $((size - 1)); do
		flips "$at" "is damaged: take another copy of it"
	done
	{ cat "$file"; head -c 2000000 /dev/zero; } >"$damaged"
	fails 1 "is longer than any record" show "$damaged"
	fails 1 "is longer than any record" restore 1 "$damaged"
	[ ! -s "$log" ]
	ok $? "and nothing is asked of the module"
}

# Another bit in a byte of the record. flips AT TEXT
flips()
{
	local byte

	byte=$(od -An -tu1 -j "$1" -N 1 "$dir/record")
	cp "$dir/record" "$dir/flipped"
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((byte ^ 128)))" |
		dd of="$dir/flipped" bs=1 seek="$1" conv=notrunc 2>/dev/null
	fails 1 "$2" show "$dir/flipped"
}

# A file with the right CRC: header up to there, then the rest. forges FILE REST
forges()
{
	{
		printf 'KVMTIMR\n\1\0\0\0'
		gzip -nc <"$2" | tail -c 8 | head -c 4
		cat "$2"
	} >"$1"
}

# The CRC is right, and it is no record all the same. refuses_forged TEXT AT BYTES
refuses_forged()
{
	local rest=$dir/rest

	tail -c +17 "$dir/record" >"$rest"
	# shellcheck disable=SC2059
	printf "$3" | dd of="$rest" bs=1 seek=$(($2 - 16)) conv=notrunc 2>/dev/null
	forges "$dir/forged" "$rest"
	fails 1 "$1" show "$dir/forged"
}

test_record_forged()
{
	tool save 1 "$dir/record"
	tail -c +17 "$dir/record" >"$dir/rest"
	forges "$dir/forged" "$dir/rest"
	cmp -s "$dir/record" "$dir/forged"
	ok $? "what is forged would be the record"

	refuses_forged "is damaged" 20 '\1'
	refuses_forged "is damaged" 24 '\33[31m'
	refuses_forged "is damaged" 24 '0123456789abcdef0123456789abcdef01234567'
	refuses_forged "is damaged" 62 '0'
	refuses_forged "is a record of another version: use the tool" 68 '\2'
	refuses_forged "is a record whose size is wrong" 64 '\0'
	refuses_forged "is a record whose size is wrong" 92 '\3'
	refuses_forged "is a record whose size is wrong" 92 '\377\377\377\377'
	head -c 1000 "$dir/record" | tail -c +17 >"$dir/rest"
	printf '\250\3\0\0' | dd of="$dir/rest" bs=1 conv=notrunc 2>/dev/null
	forges "$dir/forged" "$dir/rest"
	fails 1 "is too short for a record" show "$dir/forged"

	# That is no damage: who has saved it did not know.
	tail -c +17 "$dir/record" >"$dir/rest"
	head -c 40 /dev/zero | dd of="$dir/rest" bs=1 seek=8 conv=notrunc 2>/dev/null
	forges "$dir/forged" "$dir/rest"
	prints 'Boot of the host +unknown$' -- show "$dir/forged"
	asks '^set_record id=1 flags=0 ' restore 1 "$dir/forged"
	printf '%s' 00000000-0000-4000-8000-000000000000 |
		dd of="$dir/rest" bs=1 seek=8 conv=notrunc 2>/dev/null
	forges "$dir/forged" "$dir/rest"
	asks '^set_record id=1 flags=0 ' restore 1 "$dir/forged"
}

# What is there is replaced as a whole, or not at all.
test_record_file()
{
	local file=$dir/place/file pid

	mkdir "$dir/place"
	echo old >"$file"
	tool save 1 "$file"
	[ $rc = 0 ] && cmp -s "$file" "$dir/record" && [ "$(stat -c %a "$file")" = 600 ]
	ok $? "save replaces a file, and only its owner can read that"

	echo old >"$file"
	(trap '' XFSZ; ulimit -f 1; env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" save 1 "$file") 2>"$err"
	rc=$?
	[ $rc = 1 ] && grep -q "cannot write '$file': File too large" "$err" &&
		[ "$(cat "$file")" = old ] && [ "$(echo "$dir"/place/*)" = "$file" ]
	ok $? "a save that fails leaves the old file, and no other"
	fails 1 "VM 2: the VM is gone" save 2 "$file"
	[ "$(cat "$file")" = old ]
	ok $? "and so does one of a VM that is gone"
	fails 1 "cannot write '$dir/place': Is a directory" save 1 "$dir/place"

	ln -s file "$dir/place/link"
	tool save 1 "$dir/place/link"
	[ $rc = 0 ] && [ -L "$dir/place/link" ] && cmp -s "$file" "$dir/record"
	ok $? "a link stays one"

	mkfifo "$dir/place/pipe"
	timeout 10 cat "$dir/place/pipe" >"$dir/piped" &
	pid=$!
	tool save 1 "$dir/place/pipe"
	wait $pid
	[ $rc = 0 ] && [ -p "$dir/place/pipe" ] && cmp -s "$dir/piped" "$dir/record"
	ok $? "a pipe is written to, and stays one"
	tool save 1 /proc/self/fd/1
	[ $rc = 0 ] && cmp -s "$out" "$dir/record"
	ok $? "as is stdout by another name"

	export KT_FAKE_VCPUS=8000
	fails 1 "cannot write '$file': File too large" save 1 "$file"
	unset KT_FAKE_VCPUS
	cmp -s "$file" "$dir/record"
	ok $? "what could not be read again is not saved"
	fails 1 "cannot read '$dir/place': Is a directory" show "$dir/place"
}

test_record()
{
	local file=$dir/record sum

	asks '^get_record id=1 room=16384$' save 1 "$file"
	[ "$(grep -c '^get_record' "$log")" = 1 ]
	ok $? "save asks once"
	[ ! -s "$out" ] && [ "$(echo "$dir"/record*)" = "$file" ]
	ok $? "save says nothing, and leaves one file"
	tool save 1 -
	cmp -s "$out" "$file"
	ok $? "save to stdout is the same"

	asks '^set_record id=1 flags=1 length=4136 ' restore 1 "$file"
	! grep -q '^thaw' "$log"
	ok $? "restore leaves the clocks standing"
	sum=$(grep -o 'sum=.*' "$log")
	asks '^thaw id=1 gap=2$' restore 1 "$file" --gap=jump
	grep -q "^set_record .*$sum\$" "$log"
	ok $? "after the same record"
	asks '^thaw id=1 gap=0$' restore --gap=default 1 "$file"
	env LD_PRELOAD="$FAKE_DEV" KT_FAKE_LOG="$log" "$KVM_TIMERS" restore 1 - <"$file" 2>"$err"
	grep -q "^set_record .*$sum\$" "$log" && [ ! -s "$err" ]
	ok $? "restore from stdin is the same"

	prints '^Record$' '^Clock$' 'Rate +tsc$' 'Gap +jump$' 'Guest time +9007199\.254740993 s$' \
		'Behind the host +-13 ns$' 'Multiplier +0x80000016$' 'Shift +-17$' \
		'^Device pit$' 'Policy +discard$' 'Control word 0 +0x34$' 'Reload value 0 +11932$' \
		'Owed +41$' '^Device rtc$' 'Bytes 0x00 to 0x09 +00 00 00 00 00 00 00 00 00 26$' \
		'Register A +0x2d$' '^Device hpet$' 'Counter +0xfeedbeef$' '^Timer 2 of hpet$' \
		'Comparator +0xabcd$' '^vCPU 3$' 'LVTT +0x200ef$' 'TSC, kHz +2400000$' -- show "$file"
	json '.version == 1 and .size == 4136 and .clock.guest_ns == 9007199254740993 and
		.clock.lag_ns == -13 and .pit.owed == 41 and .pit.reload_0 == 11932 and
		.rtc.a == 45 and .hpet.timer_2.comparator == 43981 and (.vcpus | length) == 2 and
		.vcpus[1].id == 3 and .vcpus[1].tsc == 28673' show "$file" --json
	prints '^  Devices +pit,rtc,hpet,lapic,kvmclock,tsc$' '^  Active +pit,rtc,hpet,lapic$' \
		'By the TSC +yes$' 'CLK pulses 1 +9007199254740993$' 'Flags 1 +0x48$' \
		'None owed before +0\.000000044 s$' 'Flags of the debt +0x14$' \
		'Divider 0 at cycle +0xffffffffffffffff$' 'Index +0xc$' 'Routes +0xff0104$' \
		'^Device lapic$' 'Catch-up max rate, % +150$' 'TSC deadline +0x109$' -- show "$file"
	json '.active == ["pit", "rtc", "hpet", "lapic"] and (.devices | length) == 6 and
		.clock.by_tsc and .lapic.policy == "merge" and .pit.flags_1 == 72 and
		.rtc.index == 12 and .hpet.timer_2.debt_flags == 20 and .vcpus[0].deadline == 265 and
		(.vcpus[1] | has("lvtt") | not)' show "$file" --json
	# Of each debt that catches up the level, by its rate; of the others nothing.
	prints '^  Catches up at rate +fastest$' '^  Next is on the grid +yes$' \
		'^  Next is on the grid +no$' -- show "$file"
	sed '/^Timer 2 of hpet$/,/^$/!d' "$out" | grep -qE '^  Catches up at rate +1\.10$'
	ok $? "the HPET's timer at another one"
	[ "$(grep -c '^  Catches up at rate' "$out")" = 2 ]
	ok $? "and nothing else does"
	json '[.pit, .hpet.timer_2, .rtc, .vcpus[0] | {level, on_grid, debt_flags}] ==
		[{level: 7, on_grid: false, debt_flags: 20}, {level: 1, on_grid: false, debt_flags: 20},
		{level: null, on_grid: true, debt_flags: 144},
		{level: null, on_grid: true, debt_flags: 144}] and (.rtc | has("level") | not)' \
		show "$file" --json
	json '[.. | numbers] | length > 150' show "$file" --json
	prints '"clk_1": 9007199254740993,' '"origin": 18446744073709551615,' -- show "$file" --json
	"$KVM_TIMERS" show - <"$file" >"$dir/shown" 2>"$err"
	tool show "$file"
	cmp -s "$dir/shown" "$out" && [ ! -s "$err" ] && [ ! -s "$log" ]
	ok $? "show asks nothing of the module, and needs none"
	json ".boot_id == \"$(cat /proc/sys/kernel/random/boot_id)\"" show --json "$file"
	export KT_FAKE_VCPUS=300
	asks '^get_record id=1 room=47048$' save 1 "$dir/many"
	[ "$(grep -c '^get_record' "$log")" = 2 ]
	ok $? "and twice where the room is too small"
	asks '^set_record id=1 flags=1 length=47048 ' restore 1 "$dir/many"
	unset KT_FAKE_VCPUS
	json '.vcpus | length == 300' show "$dir/many" --json

	fails 1 "is cut, or no record" show /dev/null
	fails 1 "is no record" show "$KVM_TIMERS"
	fails 1 "cannot read '$dir/none': No such file" show "$dir/none"
	fails 1 "cannot read '$dir/none': No such file" restore 1 "$dir/none"
	[ ! -s "$log" ]
	ok $? "and nothing is asked of the module"
	fails 1 "cannot write '$dir/none/x': No such file" save 1 "$dir/none/x"
	env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" save 1 - >/dev/full 2>"$err"
	rc=$?
	[ $rc = 1 ] && grep -q "cannot write '-': No space left" "$err"
	ok $? "a record to a full device"
	env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" save 1 - >&- 2>"$err"
	rc=$?
	[ $rc = 1 ] && grep -q "cannot write '-': Bad file" "$err"
	ok $? "a record to a closed stdout"
	"$KVM_TIMERS" show - <&- 2>"$err" >"$out"
	rc=$?
	[ $rc = 1 ] && one_line_on_stderr && grep -q "'-' is cut, or no record" "$err"
	ok $? "a record from a closed stdin"
	fails 1 "VM 2: the VM is gone" save 2 "$dir/gone"
	[ ! -e "$dir/gone" ]
	ok $? "and no file is made"
	fails 1 "VM 2: the VM is gone" restore 2 "$file"
	export KT_FAKE_FAIL=thaw=16
	fails 1 "its clocks are the record's, and stand still: its VMM is at work" restore 1 "$file" \
		--gap=stop
	unset KT_FAKE_FAIL
}

# What the administrator has switched off concerns only who has asked for it by name.
test_exec_switched_off()
{
	local off

	for off in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 16 32 47 48 62; do
		export KT_FAKE_OFF=$off
		wishes "devices=$((63 & ~off)) base=0 time=0\$" exec -- true
	done
	export KT_FAKE_OFF=2
	wishes 'devices=60 ' exec --hpet=on --pit=off -- true
	wishes 'devices=61 ' exec --hpet=on -- true
	wishes 'devices=61 ' exec --rtc=utc --rtc=off -- true
	[ "$(grep -c '^refuse' "$log")" = 0 ]
	ok $? "and nothing is asked that must be refused"
	wishes 'devices=57 ' exec --hpet=off --policy=rtc=merge -- true
	export KT_FAKE_OFF=4
	wishes 'devices=59 base=3 time=981173106$' exec --rtc=2001-02-03T04:05:06 -- true
	wishes 'devices=59 ' exec --policy=merge -- true
	grep -A 3 '^adopt.*devices=59 ' "$log" | grep -q 'device=1 policy=2 '
	ok $? "and with the policies asked for"
	wishes 'devices=59 ' exec --catchup-budget=700 -- true
	[ "$(grep '^budget' "$log" | tail -n 1)" = budget=700 ]
	ok $? "and with the budget"
	wishes 'devices=59 ' exec --lapic-advance=7 -- true
	grep -A 5 '^adopt.*devices=59 ' "$log" | grep -q '^advance=2 ns=7$'
	ok $? "and with the advance"
	export KT_FAKE_OFF=8
	wishes 'devices=55 ' exec --policy=lapic=merge --lapic-advance=7 -- true
	wishes 'devices=55 ' exec --lapic=on --lapic=off -- true
	fails 1 "cannot take over the lapic: the administrator has switched this device off" \
		exec --lapic=on -- true
	fails 1 "or leave out '--lapic'" exec --lapic=on --lapic-advance=7 -- true

	export KT_FAKE_OFF=2
	for off in on utc localtime 2001-02-03T04:05:06; do
		fails 1 "cannot take over the rtc: the administrator has switched this device off" \
			exec --rtc=$off -- true
		fails 1 "or leave out '--rtc'" exec --rtc=$off --hpet=on -- true
	done
	export KT_FAKE_OFF=61
	fails 1 "cannot take over the hpet: " exec --hpet=on -- true
	fails 1 "or leave out '--pit'" exec --pit=on -- true
	fails 1 "every device that is left to take over" exec --rtc=off -- true
	export KT_FAKE_OFF=63
	fails 1 "every device that is left to take over" exec -- true
	unset KT_FAKE_OFF
}

# A grandchild whose parent has ended asks who its parent is now: the shell itself?
# shellcheck disable=SC2016
test_exec_subreaper()
{
	local orphan='( (read -r go <"$0/go"; read -r _ _ _ parent _ </proc/self/stat
		echo "$parent" >"$0/parent") & )
		echo >"$0/go"
		read -r parent <"$0/parent"
		[ "$parent" = $$ ]'

	mkfifo "$dir/go" "$dir/parent"
	tool exec -- sh -c "$orphan" "$dir"
	[ $rc = 0 ]
	ok $? "a daemon stays below the process that exec became"

	sh -c "$orphan" "$dir"
	rc=$?
	[ $rc = 1 ]
	ok $? "and would not do so without exec"
}

test_exec_failures()
{
	fails 127 "cannot run 'no-such-command-at-all': command not found" \
		exec -- no-such-command-at-all
	fails 127 "command not found" exec -- "$dir/none"
	echo >"$dir/plain"
	fails 126 "Permission denied" exec -- "$dir/plain"
	printf '#!%s/none\n' "$dir" >"$dir/script"
	chmod +x "$dir/script"
	fails 126 "its interpreter is missing" exec -- "$dir/script"
}

# One line of words for what the kernel says. wording SETTING TEXT ARG...
wording()
{
	export "${1?}"
	fails 1 "${@:2}"
	unset "${1%%=*}"
}

test_errors()
{
	local cmd

	for cmd in "list" "status" "status 1" "set 1 pit.policy=merge" "exec -- true" "freeze 1" "thaw 1" \
		"save 1 $dir/x" "restore 1 $dir/record"; do
		# shellcheck disable=SC2086
		{
			wording KT_FAKE_OPEN=2 "modprobe kvm_timers" $cmd
			wording KT_FAKE_OPEN=6 "modprobe kvm_timers" $cmd
			wording KT_FAKE_OPEN=19 "modprobe kvm_timers" $cmd
			wording KT_FAKE_OPEN=13 "in the group kvm" $cmd
			KT_FAKE_MAY=1 wording KT_FAKE_OPEN=13 "is denied, though its owner and mode allow it" $cmd
			wording KT_FAKE_OPEN=1 "is denied, though its owner and mode allow it" $cmd
			wording KT_FAKE_OPEN=24 "Too many open files" $cmd
			wording KT_FAKE_ABI=2 "another version of the ABI" $cmd
			wording KT_FAKE_ABI=7 "another version of the ABI" $cmd
			wording KT_FAKE_FAIL=version=25 "is not the module's device" $cmd
		}
	done

	wording KT_FAKE_FAIL=adopt=19 "administrator has switched this device off" \
		exec --pit=on -- true
	wording KT_FAKE_FAIL=adopt=19 "administrator has switched off every device" exec -- true
	wording KT_FAKE_FAIL=adopt=95 "cannot take over this device" exec -- true
	wording KT_FAKE_FAIL=adopt=28 "too many processes" exec -- true
	wording KT_FAKE_FAIL=adopt=34 "what the administrator allows" exec -- true
	wording KT_FAKE_FAIL=adopt=1 "not permitted" exec -- true
	wording KT_FAKE_FAIL=adopt=7 "does not know this tool's structures" exec -- true
	wording KT_FAKE_FAIL=adopt=22 "does not know this request" exec -- true
	wording KT_FAKE_FAIL=adopt=12 "Cannot allocate memory" exec -- true
	wording KT_FAKE_FAIL=list=12 "cannot list the VMs: Cannot allocate memory" list
	wording KT_FAKE_FAIL=open=1 "be the owner of the VM, or root" status 1
	wording KT_FAKE_FAIL=open=1 "VM 1: not permitted" list
	wording KT_FAKE_FAIL=open=1 "be the owner of the VM, or root" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=status=7 "does not know this tool's structures" status 1
	wording KT_FAKE_FAIL=status=7 "does not know this tool's structures" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=set=34 "what the administrator allows" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=set=19 "has not been taken over" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=set=95 "does not know this device" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=set=25 "does not know this request" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=advance=3 "VM 1, lapic: the VM is gone" set 1 lapic.advance_ns=5
	wording KT_FAKE_FAIL=advance=19 "has not been taken over" set 1 lapic.advance_ns=5
	wording KT_FAKE_FAIL=advance=25 "does not know this request" set 1 lapic.advance_ns=5

	wording KT_FAKE_FAIL=budget=3 "VM 1: the VM is gone" set 1 budget_hz=500
	wording KT_FAKE_FAIL=budget=34 "VM 1: budget beyond what the administrator allows" \
		set 1 budget_hz=500
	wording KT_FAKE_FAIL=budget=25 "does not know this request" set 1 budget_hz=500
	wording KT_FAKE_FAIL=budget=7 "does not know this tool's structures" set 1 budget_hz=500

	wording KT_FAKE_FAIL=freeze=16 "have its VMM pause it first" freeze 1
	wording KT_FAKE_FAIL=thaw=22 "its clocks do not stand still" thaw 1
	wording KT_FAKE_FAIL=thaw=34 "the gap is too long for a clock" thaw 1
	wording KT_FAKE_FAIL=get_record=12 "VM 1: Cannot allocate memory" save 1 "$dir/x"
	wording KT_FAKE_FAIL=thaw=16 "its VMM is at work on a vCPU: try again" thaw 1
	wording KT_FAKE_FAIL=thaw=95 "write '--gap=stop' or '--gap=jump'" thaw 1
	wording KT_FAKE_FAIL=thaw=3 "the VM is gone" thaw 1
	wording KT_FAKE_FAIL=freeze=25 "does not know this request" freeze 1
	wording KT_FAKE_FAIL=gap=3 "VM 1: the VM is gone" set 1 gap=stop
	wording KT_FAKE_FAIL=gap=95 "write 'gap=stop' or 'gap=jump'" set 1 gap=stop
	wording KT_FAKE_FAIL=gap=34 "does not know this gap" set 1 gap=stop
	wording KT_FAKE_FAIL=get_record=3 "the VM is gone" save 1 "$dir/x"
	wording KT_FAKE_FAIL=get_record=22 "does not know this request" save 1 "$dir/x"
	wording KT_FAKE_FAIL=get_record=28 "VM 1: its record grows faster than it can be read" \
		save 1 "$dir/x"
	[ ! -e "$dir/x" ]
	ok $? "and no file is made"
	tool save 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=3 "the VM is gone" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=22 "does not know this request" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=16 "have its VMM pause it first" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=71 "a record of another version" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=74 "a state that no guest can bring" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=18 "of another kind of VM" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=116 "have the VMM restore the VM first" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=19 "the TSC cannot go by the record's frequency" restore 1 "$dir/record"
	wording KT_FAKE_FAIL=set_record=34 "what the administrator allows" restore 1 "$dir/record"

	fails 1 "VM 7: no such VM: see 'kvm-timers list'" status 7
	fails 1 "VM 7: no such VM: see 'kvm-timers list'" freeze 7
	fails 1 "VM 0: no such VM" set 0 pit.policy=merge
}

test_version_and_help()
{
	local cmd

	prints '^kvm-timers [0-9]+\.[0-9]+\.[0-9]+$' '^ABI of the module: 6$' -- version
	prints '^ABI of the tool: 6$' -- --version
	json '.abi == 6 and .module_abi == 6 and (.version | type) == "string"' version --json
	export KT_FAKE_OPEN=2
	prints '^ABI of the module: unknown: no /dev/kvm_timers' -- version
	json '.module_abi == null' version --json
	unset KT_FAKE_OPEN

	prints '--pit=on' '--rtc=on.*utc.*localtime' '--hpet=on' '--lapic=on' '--lapic-advance=NS' \
		'--kvmclock=on' '--tsc=on' '--clock-rate=RATE' '--gap=GAP' '--catchup-budget=HZ' -- help exec
	prints '--gap=GAP.*stop' -- help thaw
	prints '--gap=GAP' -- help restore
	prints 'DEVICE is pit, rtc, hpet or lapic' 'lapic\.advance_ns=NS' -- help set
	prints '^  gap=GAP' '^  budget_hz=HZ' -- help set
	prints '^Usage: kvm-timers COMMAND' -- help
	prints '^Usage: kvm-timers COMMAND' -- --help
	json 'length == 16' help --json
	for cmd in exec list status top set freeze thaw save restore show record report export doctor version help; do
		prints "^Usage: kvm-timers $cmd" -- help $cmd
		prints "^Usage: kvm-timers $cmd" -- $cmd --help
		json ".name == \"$cmd\"" help $cmd --json
	done
}

test_output_failures()
{
	local cmd

	for cmd in list "status 1" version help "list --json" "status 1 --json" \
		"show $dir/record" "show $dir/record --json"; do
		# shellcheck disable=SC2086
		env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" $cmd >/dev/full 2>"$err"
		rc=$?
		[ $rc = 1 ] && grep -q "cannot write the output: No space left" "$err" &&
			[ "$(wc -l <"$err")" = 1 ]
		ok $? "kvm-timers $cmd to a full device"

		# shellcheck disable=SC2086
		env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" $cmd >&- 2>"$err"
		rc=$?
		[ $rc = 1 ] && grep -q "cannot write the output: Bad file" "$err" &&
			[ "$(wc -l <"$err")" = 1 ]
		ok $? "kvm-timers $cmd to a closed stdout"
	done

	env LD_PRELOAD="$FAKE_DEV" KT_FAKE_VMS=200 "$KVM_TIMERS" list >/dev/full 2>"$err"
	rc=$?
	[ $rc = 1 ] && grep -q "cannot write the output: No space left" "$err"
	ok $? "a list longer than a buffer to a full device"

	env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" list --json >/dev/full 2>"$err"
	is_json "$err"
	ok $? "a full device is reported in JSON"

	env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" exec -- ls /proc/self/fd/1 >&- 2>"$err"
	rc=$?
	grep -q "/proc/self/fd/1.*No such file" "$err"
	ok $? "exec leaves a closed stdout closed"
}

# What bash would offer. completes LINE WORDS
completes()
{
	local got

	# shellcheck disable=SC2016
	got=$(env LD_PRELOAD="$FAKE_DEV" PATH="$(dirname "$KVM_TIMERS"):$PATH" \
		bash --norc -c '. "$1/kvm-timers.bash"
			COMP_LINE=$2
			COMP_POINT=${#2}
			_kvm_timers
			echo ${COMPREPLY[*]}' _ "$HERE" "$1" 2>"$err")
	echo "$got" >"$out"
	[ "$got" = "$2" ] && [ ! -s "$err" ]
	ok $? "completion of '$1'"
}

test_completion()
{
	rc=0
	: >"$log"
	completes "kvm-timers " "exec list status top set freeze thaw save restore show record report export doctor version help"
	completes "kvm-timers s" "status set save show"
	completes "kvm-timers --json st" "status"
	completes "kvm-timers status " "1 2"
	completes "kvm-timers status 1 " ""
	completes "kvm-timers help ve" "version"
	completes "kvm-timers t" "top thaw"
	completes "kvm-timers top --" "--interval= --json --help"
	completes "kvm-timers export --" "--output= --json --help"
	completes "kvm-timers export --output=$dir/place/f" "$dir/place/file"
	completes "kvm-timers re" "restore record report"
	completes "kvm-timers record --" "--seconds= --output= --tracefs= --json --help --"
	completes "kvm-timers record 1 " "1 2"
	completes "kvm-timers record --output=$dir/place/f" "$dir/place/file"
	completes "kvm-timers record --tracefs=$dir/pla" "$dir/place"
	completes "kvm-timers record -- kvm-timer" "kvm-timers"
	completes "kvm-timers report $dir/place/f" "$dir/place/file"
	completes "kvm-timers report $dir/place/file " ""
	completes "kvm-timers report --" "--picture= --json --help"
	completes "kvm-timers report --picture=$dir/place/f" "$dir/place/file"
	completes "kvm-timers doctor --" "--root= --json --help"
	completes "kvm-timers doctor --root=$dir/pla" "$dir/place"
	completes "kvm-timers exp" "export"
	completes "kvm-timers exec --pi" "--pit="
	completes "kvm-timers exec --rt" "--rtc="
	completes "kvm-timers exec --rtc=" "on off utc localtime"
	completes "kvm-timers exec --rtc=l" "localtime"
	completes "kvm-timers exec --hp" "--hpet="
	completes "kvm-timers exec --hpet=o" "on off"
	completes "kvm-timers exec --la" "--lapic= --lapic-advance="
	completes "kvm-timers exec --lapic=" "on off"
	completes "kvm-timers exec --kv" "--kvmclock="
	completes "kvm-timers exec --kvmclock=o" "on off"
	completes "kvm-timers exec --tsc=" "on off"
	completes "kvm-timers exec --clock-rate=" "host tsc default"
	completes "kvm-timers exec --lapic-advance=" "auto default"
	completes "kvm-timers exec --gap=" "stop jump slew default"
	completes "kvm-timers freeze " "1 2"
	completes "kvm-timers thaw " "1 2"
	completes "kvm-timers thaw 1 --g" "--gap="
	completes "kvm-timers thaw 1 --gap=s" "stop slew"
	completes "kvm-timers save " "1 2"
	completes "kvm-timers restore " "1 2"
	completes "kvm-timers restore 1 f --gap=j" "jump"
	completes "kvm-timers save 1 $dir/place/f" "$dir/place/file"
	completes "kvm-timers restore 1 $dir/place/f" "$dir/place/file"
	completes "kvm-timers restore --gap=stop 1 $dir/place/f" "$dir/place/file"
	completes "kvm-timers restore 1 $dir/place/file " ""
	completes "kvm-timers show $dir/place/p" "$dir/place/pipe"
	completes "kvm-timers show $dir/place/file " ""
	completes "kvm-timers show --j" "--json"
	completes "kvm-timers save 1 --" "--json --help"
	completes "kvm-timers freeze 1 " ""
	completes "kvm-timers help fr" "freeze"
	completes "kvm-timers set 1 g" "gap="
	completes "kvm-timers set 1 b" "budget_hz="
	completes "kvm-timers set 1 budget_hz=" "default"
	completes "kvm-timers exec --catchup-b" "--catchup-budget="
	completes "kvm-timers exec --catchup-budget=" "default"
	completes "kvm-timers set 1 gap=j" "jump"
	completes "kvm-timers exec --policy=m" "merge"
	completes "kvm-timers exec --policy=h" "hpet="
	completes "kvm-timers exec --policy=rtc=m" "merge"
	completes "kvm-timers exec --policy=hpet=d" "delay discard default"
	completes "kvm-timers exec --policy=pit=d" "delay discard default"
	completes "kvm-timers exec --policy=l" "lapic="
	completes "kvm-timers exec --policy=lapic=m" "merge"
	completes "kvm-timers set 1 pit.catchup_l" "pit.catchup_limit_ms="
	completes "kvm-timers set 1 pit.policy=c" "catchup"
	completes "kvm-timers set 1 rtc.p" "rtc.policy="
	completes "kvm-timers set 1 hpet.catchup_l" "hpet.catchup_limit_ms="
	completes "kvm-timers set 1 hpet.policy=m" "merge"
	completes "kvm-timers set 1 lapic.policy=m" "merge"
	completes "kvm-timers set 1 lapic.a" "lapic.advance_ns="
	completes "kvm-timers exec --se" "--set="
	completes "kvm-timers exec --set=rtc.catchup_m" "rtc.catchup_max_rate="
	completes "kvm-timers exec --set=rtc.policy=m" "merge"
	completes "kvm-timers exec --set=lapic.advance_ns=" "auto default"
	completes "kvm-timers exec --set=g" "gap="
	completes "kvm-timers exec --set=gap=s" "stop slew"
	completes "kvm-timers set 1 hpet.a" ""
	completes "kvm-timers set 1 lapic.advance_ns=" "auto default"
	completes "kvm-timers list --j" "--json"
	completes "kvm-timers exec --pit=on -- kvm-time" "kvm-timers"
}

test_usage_errors
test_exec_usage_errors
test_rtc_usage_errors
test_advance_usage_errors
test_budget_usage_errors
test_set_usage_errors
test_freeze_usage_errors
test_record_usage_errors
test_list
test_status
test_status_all
test_status_rtc
test_status_hpet
test_status_lapic
test_status_clock
test_status_catchup
test_status_not_active
test_set
test_record
test_record_file
test_record_damage
test_record_forged
test_freeze
test_exec
test_exec_rtc
test_exec_switched_off
test_exec_subreaper
test_exec_failures
test_errors
test_version_and_help
test_output_failures
test_completion

finish
