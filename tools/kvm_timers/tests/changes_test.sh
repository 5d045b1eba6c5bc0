#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Settings of one device: "kvm-timers exec --set", beside what is said of all, and that
# "kvm-timers set" changes all that it was told or nothing. Prints TAP.
set -u

# shellcheck source=tools/kvm_timers/tests/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# What the module was asked to change, one after the other, is exactly these lines. changed LINE...
changed()
{
	[ "$(grep -E '^(set|budget|gap)' "$log")" = "$(printf '%s\n' "$@")" ]
	ok $? "asked of the module: ${*:-nothing}"
}

# What each device is to have, as the module was asked in the end. has LINE...
has()
{
	local line

	for line in "$@"; do
		grep '^tick' "$log" | tail -n 4 | grep -q "^tick $line\$"
		ok $? "and $line"
	done
}

test_exec_usage()
{
	local bounds="has no such bounds: write '--set=rtc.policy=catchup', or leave them out"

	usage "'rtc' is no setting: write DEVICE.SETTING=VALUE" exec --set=rtc -- true
	usage "--set has no value" exec --set -- true
	usage "unknown device 'rtcc': did you mean 'rtc'?" exec --set=rtcc.policy=merge -- true
	usage "unknown setting 'polcy': did you mean 'policy'?" exec --set=rtc.polcy=merge -- true
	usage "did you mean 'merge'?" exec --set=rtc.policy=mrege -- true
	usage "rtc.catchup_max_rate '11': write how many times" exec --set=rtc.catchup_max_rate=11 \
		-- true
	usage "rtc.catchup_limit_ms '0': write milliseconds" exec --set rtc.catchup_limit_ms=0 -- true
	usage "budget_hz '99': write interrupts in a second" exec --set=budget_hz=99 -- true
	usage "unknown gap 'leap'" exec --set=gap=leap -- true
	usage "unknown setting 'advance_ns'" exec --set=rtc.advance_ns=5 -- true

	# A bound that nobody will look at, of the device's own policy or of all.
	usage "policy 'discard' of the rtc $bounds" exec --set=rtc.policy=discard \
		--set=rtc.catchup_max_rate=2 -- true
	usage "policy 'merge' of the rtc $bounds" exec --policy=merge --set=rtc.catchup_limit_ms=5 \
		-- true
	usage "policy 'delay' of the rtc $bounds" exec --policy=rtc=delay \
		--set=rtc.catchup_threshold_us=5 -- true
	usage "policy 'merge' has no such --catchup bounds" exec --policy=merge \
		--set=rtc.policy=discard --catchup-max-rate=2 -- true
}

test_exec()
{
	# A libvirt domain's: a policy each, and bounds of the only one that catches up.
	asks 'device=1 policy=1 rate=120 limit=10000 threshold=2000$' exec --policy=pit=delay \
		--policy=hpet=discard --set=rtc.policy=catchup --set=rtc.catchup_max_rate=1.20 \
		--set=rtc.catchup_limit_ms=10000 --set=rtc.catchup_threshold_us=2000 -- true
	has 'device=0 policy=4 rate=0 limit=0 threshold=0' \
		'device=2 policy=3 rate=0 limit=0 threshold=0' \
		'device=3 policy=0 rate=0 limit=0 threshold=0'

	# What is said of one device counts more, wherever it stands.
	asks 'device=1 policy=1 rate=300 limit=5 threshold=0$' exec --set=rtc.catchup_max_rate=3 \
		--policy=catchup --catchup-max-rate=2 --catchup-limit=5 -- true
	has 'device=0 policy=1 rate=200 limit=5 threshold=0' \
		'device=3 policy=1 rate=200 limit=5 threshold=0'
	asks 'device=2 policy=3 ' exec --policy=hpet=discard --policy=merge -- true
	asks 'device=1 policy=1 rate=0 limit=5 ' exec --policy=catchup --catchup-max-rate=2 \
		--catchup-limit=5 --set rtc.catchup_max_rate=default -- true

	# Of two words for the same the last one counts.
	asks 'device=1 policy=2 ' exec --policy=rtc=discard --set=rtc.policy=merge -- true
	asks 'device=1 policy=3 ' exec --set=rtc.policy=merge --policy=rtc=discard -- true
	asks 'rate=150 ' exec --set=rtc.catchup_max_rate=3 --set=rtc.catchup_max_rate=1.5 -- true

	# Bounds of all are of use where one device catches up.
	asks 'device=0 policy=1 rate=200 ' exec --policy=pit=catchup --policy=rtc=discard \
		--catchup-max-rate=2 -- true
	asks 'device=1 policy=4 rate=0 limit=7 ' exec --set=rtc.policy=delay \
		--set=rtc.catchup_limit_ms=7 -- true

	asks '^advance=2 ns=7$' exec --set=lapic.advance_ns=7 -- true
	asks '^advance=1 ns=0$' exec --lapic-advance=7 --set=lapic.advance_ns=auto -- true
	asks 'gap=2' exec --set=gap=jump -- true
	asks 'budget=500' exec --catchup-budget=400 --set=budget_hz=500 -- true
}

# The wrapper for libvirt and the options of a domain, both as install.rst has them.
test_wrapper()
{
	local page

	page=$(dirname "$(readlink -f "$0")")/../../../Documentation/admin/install.rst
	mkdir "$dir/etc"
	printf '#!/bin/sh\necho "VMM $*"\n' >"$dir/qemu"
	sed -n '/^    #!.bin.sh$/,/^    exec .*kvm-timers exec/s/^    //p' "$page" |
		sed "s|/usr/bin/qemu-system-x86_64|$dir/qemu|; s|/etc/kvm-timers|$dir/etc|g
			s|/usr/local/sbin/kvm-timers|$KVM_TIMERS|" >"$dir/wrapper"
	sed -n '/^    --rtc=localtime$/,/^    --hpet=off$/s/^    //p' "$page" >"$dir/etc/mixed"
	chmod +x "$dir/qemu" "$dir/wrapper"

	: >"$log"
	env LD_PRELOAD="$FAKE_DEV" KT_FAKE_LOG="$log" "$dir/wrapper" -name guest=mixed,debug-threads=on \
		-m 64 >"$out" 2>"$err"
	rc=$?
	[ $rc = 0 ] && [ ! -s "$err" ] &&
		[ "$(<"$out")" = "VMM -name guest=mixed,debug-threads=on -m 64" ] &&
		grep -q 'devices=59 base=2 ' "$log"
	ok $? "a libvirt domain by the wrapper"
	has 'device=0 policy=4 rate=0 limit=0 threshold=0' \
		'device=1 policy=1 rate=120 limit=10000 threshold=2000'

	: >"$log"
	env LD_PRELOAD="$FAKE_DEV" KT_FAKE_LOG="$log" "$dir/wrapper" -S -machine none >"$out" 2>"$err"
	rc=$?
	[ $rc = 0 ] && [ "$(<"$out")" = "VMM -S -machine none" ] && [ ! -s "$log" ]
	ok $? "libvirt asks the VMM what it can do, and the module nothing"
}

# VM 1 of the fake has these.
PIT="set id=1 device=0 policy=1 rate=250 limit=60000 threshold=17"
RTC="set id=1 device=1 policy=2 rate=300 limit=1000 threshold=18"
HPET="set id=1 device=2 policy=3 rate=400 limit=2000 threshold=19"
LAPIC="set id=1 device=3 policy=1 rate=500 limit=3000 threshold=20"

merge()
{
	echo "${1/policy=?/policy=2}"
}

test_set()
{
	local all=(pit.policy=merge rtc.policy=merge hpet.policy=merge lapic.policy=merge
		lapic.advance_ns=7 budget_hz=500 gap=jump)

	tool set 1 "${all[@]}"
	[ $rc = 0 ]
	ok $? "all at once"
	changed "budget id=1 hz=500" "set id=1 advance=2 ns=7" "$(merge "$LAPIC")" \
		"$(merge "$HPET")" "$(merge "$RTC")" "$(merge "$PIT")" "gap id=1 gap=2"

	# Nothing is asked before all is known to make sense.
	usage "rtc.catchup_max_rate '11': write" set 1 pit.policy=merge rtc.catchup_max_rate=11
	export KT_FAKE_DEVICES=13
	fails 1 "VM 1: its rtc has not been taken over" set 1 "${all[@]}"
	changed
	unset KT_FAKE_DEVICES

	export KT_FAKE_FAIL=set_pit=34
	fails 1 "VM 1, pit: policy or bound beyond what the administrator allows" set 1 "${all[@]}"
	changed "budget id=1 hz=500" "set id=1 advance=2 ns=7" "$(merge "$LAPIC")" \
		"$(merge "$HPET")" "$(merge "$RTC")" \
		"$RTC" "$HPET" "$LAPIC" "set id=1 advance=1 ns=0" "budget id=1 hz=4321"
	fails 1 "VM 1, pit: " set 1 pit.policy=merge rtc.policy=merge
	changed "$(merge "$RTC")" "$RTC"
	export KT_FAKE_FAIL=set_hpet=34
	fails 1 "VM 1, hpet: " set 1 hpet.catchup_max_rate=2 pit.policy=merge lapic.policy=merge
	changed "$(merge "$LAPIC")" "$LAPIC"
	export KT_FAKE_FAIL=gap=34
	fails 1 "VM 1: the module loaded does not know this gap" set 1 rtc.policy=merge pit.policy=merge \
		gap=jump
	changed "$(merge "$RTC")" "$(merge "$PIT")" "$PIT" "$RTC"
	export KT_FAKE_ADVANCE=2 KT_FAKE_FAIL=set_lapic=34
	fails 1 "VM 1, lapic: " set 1 lapic.advance_ns=7 lapic.policy=merge
	changed "set id=1 advance=2 ns=7" "set id=1 advance=2 ns=1234"
	unset KT_FAKE_ADVANCE

	# Who has had enough of it ends it after the last step, or the first that is refused.
	unset KT_FAKE_FAIL
	export KT_FAKE_SIGNAL=set_lapic=15
	tool set 1 lapic.policy=merge pit.policy=merge
	[ $rc = 143 ]
	ok $? "a signal ends it"
	changed "$(merge "$LAPIC")" "$(merge "$PIT")"
	export KT_FAKE_FAIL=set_pit=34
	tool set 1 lapic.policy=merge pit.policy=merge
	[ $rc = 143 ]
	ok $? "a signal ends what is refused"
	changed "$(merge "$LAPIC")" "$LAPIC"
	unset KT_FAKE_SIGNAL

	# There is nothing to put back of a VM that has gone meanwhile.
	export KT_FAKE_FAIL=set_pit=3
	fails 1 "VM 1, pit: the VM is gone" set 1 rtc.policy=merge pit.policy=merge
	changed "$(merge "$RTC")"
	export KT_FAKE_FAIL=set_pit=34 KT_FAKE_BUDGET=1000
	fails 1 "what was set before it could not be put back" set 1 budget_hz=500 pit.policy=merge
	changed "budget id=1 hz=500"
	unset KT_FAKE_FAIL KT_FAKE_BUDGET
}

test_exec_usage
test_exec
test_wrapper
test_set
finish
