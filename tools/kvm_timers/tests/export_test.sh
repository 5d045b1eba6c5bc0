#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "kvm-timers export", on a fake module: read by a strict parser, and by Prometheus's own where
# that is installed; and how it replaces a file. Prints TAP.
set -u

HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tools/kvm_timers/tests/lib.sh
. "$HERE/lib.sh"

command -v python3 >/dev/null || { echo "Bail out! no python3"; exit 1; }

# What is printed is of the format, and says what the statuses say. reads WHAT ID...
reads()
{
	local what=$1 id files=()

	shift
	for id in "$@"; do
		tool status "$id" --json
		mv "$out" "$dir/status.$id"
		files+=("$dir/status.$id")
	done
	tool export
	[ $rc = 0 ] && [ ! -s "$err" ] && "$HERE/check_metrics.py" "$out" "${files[@]}" >"$err"
	ok $? "$what"
	if command -v promtool >/dev/null; then
		promtool check metrics <"$out" >"$err" 2>&1 && [ ! -s "$err" ]
		ok $? "$what: promtool"
	else
		ok 0 "$what: promtool # SKIP not installed"
	fi
}

test_usage()
{
	usage "unknown option '--otput': did you mean '--output'?" export --otput=x
	usage "--output has no value" export --output
	usage "--output has no value" export --output=
	usage "unexpected argument 'x'" export x
}

test_format()
{
	local line

	reads "all devices" 1 2
	prints '^kvm_timers_vms 2$' \
		'^kvm_timers_ticks_due_total\{vm="1",device="pit"\} 18446744073709551615$' \
		'^kvm_timers_ticks_delivered_total\{vm="1",device="lapic"\} 42$' \
		'^kvm_timers_rate_hertz\{vm="1",device="pit"\} 999\.848' \
		'^kvm_timers_clock_lag_seconds\{vm="1"\} -0\.000000073$' \
		'^kvm_timers_kvmclock_seconds\{vm="1"\} 6\.000000007$' \
		'^kvm_timers_rtc_time_seconds\{vm="1"\} 981173106$' \
		'^kvm_timers_lapic_advance_seconds\{vm="1"\} 0\.000001234$' \
		'^kvm_timers_lateness_seconds_bucket\{vm="1",device="pit",le="0\.000032"\}' \
		'^kvm_timers_catchup_budget_hertz\{vm="1"\} 4321$' \
		'^kvm_timers_catchup_budget_waits_total\{vm="1"\} 9007199254740997$' \
		'^kvm_timers_catchup_ratio\{vm="1",device="pit"\} 1\.25$' \
		'^kvm_timers_catchup_ratio\{vm="1",device="rtc"\} 0\.00$' \
		'^kvm_timers_catchup_ratio\{vm="2",device="pit"\} 0\.00$' \
		'^kvm_timers_catchup_seconds_total\{vm="1",device="pit",level="1\.10"\} 9007199\.254740999$' \
		'^kvm_timers_catchup_seconds_total\{vm="1",device="pit",level="fastest"\} 80\.000000008$' \
		'^kvm_timers_lateness_seconds_sum\{vm="1",device="pit"\} NaN$' \
		'clock_rate="host",gap="stop"\} 1$' '^kvm_timers_vm_dead\{vm="2"\} 1$' -- export
	for line in clock_lag_seconds clock_by_tsc kvmclock_seconds rtc_time_seconds; do
		! grep -q "^kvm_timers_$line{vm=\"2\"}" "$out"
		ok $? "no $line of a VM that is gone"
	done

	KT_FAKE_DEVICES=8 reads "one device" 1 2
	! grep -q -e 'device="pit"' -e '^kvm_timers_kvmclock' -e '^kvm_timers_rtc' "$out"
	ok $? "nothing of what was not taken over"
	KT_FAKE_CLOCK_FLAGS=2 reads "a clock that stands still" 1
	KT_FAKE_VMS=0 reads "no VM"
	[ "$(grep -vc '^#' "$out")" = 1 ] && grep -q '^kvm_timers_vms 0$' "$out"
	ok $? "and then nothing else"
}

# A process chooses its name.
test_escaping()
{
	local program="$dir/a\"b\\c d,}" pid

	cp "$(command -v sleep)" "$program"
	"$program" 60 &
	pid=$!
	until [ "$(cat /proc/$pid/comm)" != "$(basename "$0")" ]; do
		:
	done
	: >"$log"
	env LD_PRELOAD="$FAKE_DEV" KT_FAKE_PID=$pid "$KVM_TIMERS" export >"$out" 2>"$err"
	rc=$?
	[ $rc = 0 ] && "$HERE/check_metrics.py" "$out" >"$err" &&
		grep -qF "pid=\"$pid\",command=\"a\\\"b\\\\c d,}\"," "$out"
	ok $? "quotes and backslashes of a label are escaped"
	kill $pid
	wait $pid 2>/dev/null
}

# A parser that takes everything would find nothing wrong.
test_checker()
{
	local change

	tool export
	cp "$out" "$dir/good"
	# shellcheck disable=SC2016
	for change in 's/^# HELP kvm_timers_vms .*/# HELP kvm_timers_vms/' '/^# TYPE kvm_timers_ticks_owed/d' \
		's/\(kvm_timers_ticks_merged_total{.*\)pit"/\1pit/' 's/le="+Inf"/le="9"/' \
		's/^\(kvm_timers_vms\) .*/\1 two/' 's/^\(kvm_timers_lateness_seconds_count.*\) .*/\1 7/' \
		's/vm="2",device="hpet"/vm="1",device="hpet"/' 's/_due_total/_due/' \
		's/^\(kvm_timers_vm_info.*\)gap="stop"/\1gap="st\\op"/' '$s/^/x/'; do
		sed "$change" "$dir/good" >"$dir/bad"
		! cmp -s "$dir/good" "$dir/bad" && ! "$HERE/check_metrics.py" "$dir/bad" >"$out"
		ok $? "the parser finds $change"
	done
	tool status 1 --json
	cp "$out" "$dir/status"
	for change in '.devices.pit.merged = 4' '.budget_hz = 4322' '.budget_waits = 1' \
		'.devices.lapic.catchup_rate_pct = 999' '.devices.pit.catchup_ns[3] = 1' \
		'.devices.pit.catchup_ns |= .[:7]'; do
		jq "$change" "$dir/status" >"$dir/status.1"
		! "$HERE/check_metrics.py" "$dir/good" "$dir/status.1" >"$out" 2>&1
		ok $? "the parser finds another number: $change"
	done
}

test_file()
{
	local file=$dir/place/kvm.prom

	mkdir "$dir/place"
	echo old >"$file"
	chmod 600 "$file"
	exec 5<"$file"
	tool export --output="$file"
	[ $rc = 0 ] && [ ! -s "$out" ] && [ ! -s "$err" ] && "$HERE/check_metrics.py" "$file" >"$out"
	ok $? "--output writes the file"
	[ "$(cat <&5)" = old ]
	ok $? "who has the old one open keeps it"
	exec 5<&-
	[ "$(stat -c %a "$file")" = 644 ] && [ "$(ls "$dir/place")" = kvm.prom ]
	ok $? "anybody may read it, and nothing else is left"
	ln -s kvm.prom "$dir/place/link"
	tool export --output "$dir/place/link"
	[ $rc = 0 ] && [ -L "$dir/place/link" ]
	ok $? "a link stays one"
	rm "$dir/place/link"

	cp "$file" "$dir/before"
	export KT_FAKE_FAIL=status=12
	fails 1 "VM 1: Cannot allocate memory" export --output="$file"
	unset KT_FAKE_FAIL
	export KT_FAKE_OPEN=2
	fails 1 "modprobe kvm_timers" export --output="$file"
	unset KT_FAKE_OPEN
	cmp -s "$file" "$dir/before" && [ "$(ls "$dir/place")" = kvm.prom ]
	ok $? "a failure leaves the old file"
	fails 1 "cannot write '$dir/nowhere/x': No such file" export --output="$dir/nowhere/x"
	fails 1 "cannot write '/dev/full': No space left" export --output=/dev/full
	env LD_PRELOAD="$FAKE_DEV" "$KVM_TIMERS" export >/dev/full 2>"$err"
	rc=$?
	[ $rc = 1 ] && grep -q "cannot write the output: No space left" "$err"
	ok $? "a full device is an error"
}

# Time of the processor, not on the wall: others may be at work.
test_many()
{
	local TIMEFORMAT='%U %S' used ms cmd

	for cmd in export status "status --json" list; do
		# shellcheck disable=SC2086
		used=$({ time env LD_PRELOAD="$FAKE_DEV" KT_FAKE_VMS=200 "$KVM_TIMERS" $cmd >"$out"; } 2>&1)
		ms=$(awk '{ print int(($1 + $2) * 1000) }' <<<"$used")
		[ "$ms" -lt 200 ]
		ok $? "the status of 200 VMs takes kvm-timers $cmd less than 0.2 s: $ms ms"
	done
	[ "$(tail -n +2 "$out" | wc -l)" = 200 ]
	ok $? "all of them"
}

test_usage
test_format
test_escaping
test_checker
test_file
test_many
finish
