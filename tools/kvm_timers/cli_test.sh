#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What kvm-timers says and asks of the module, on a fake module. Prints TAP.
#
# KVM_TIMERS	the tool
# FAKE_DEV	the library that fakes the device

KVM_TIMERS=${KVM_TIMERS:?path of the tool}
FAKE_DEV=${FAKE_DEV:?path of the fake device}
HERE=$(dirname "$(readlink -f "$0")")

command -v jq >/dev/null || { echo "Bail out! jq is missing"; exit 1; }

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

out=$dir/out
err=$dir/err
log=$dir/log
passed=0
failed=0
rc=0

ok()
{
	local result=$1 name=${2//[[:space:]]/ }

	if [ "$result" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $name"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $name"
		sed 's/^/# stdout: /' "$out"
		sed 's/^/# stderr: /' "$err"
		sed 's/^/# asked: /' "$log"
		echo "# exit code: $rc"
	fi
}

# The tool, on the fake device. Settings of the fake may stand in front.
tool()
{
	: >"$log"
	env LD_PRELOAD="$FAKE_DEV" KT_FAKE_LOG="$log" KT_FAKE_PID=$$ "$KVM_TIMERS" "$@" \
		>"$out" 2>"$err" </dev/null
	rc=$?
}

one_line_on_stderr()
{
	[ "$(wc -l <"$err")" = 1 ] && [ ! -s "$out" ] && ! grep -q '%\|(null)' "$err"
}

is_json()
{
	jq -e . "$1" >/dev/null 2>&1
}

# Exit code and text of an error, for people and in JSON. fails CODE TEXT ARG...
fails()
{
	local code=$1 text=$2

	shift 2
	tool "$@"
	[ $rc = "$code" ] && one_line_on_stderr && grep -q "^kvm-timers: " "$err" &&
		grep -qF -- "$text" "$err"
	ok $? "exit $code: kvm-timers $*"

	tool --json "$@"
	[ $rc = "$code" ] && one_line_on_stderr && is_json "$err" &&
		jq -r .error "$err" | grep -qF -- "$text"
	ok $? "exit $code: kvm-timers --json $*"
}

# A usage error is found before the module is asked anything. usage TEXT ARG...
usage()
{
	fails 2 "$@"
	[ ! -s "$log" ]
	ok $? "nothing asked of the module: kvm-timers ${*:2}"
}

# What the tool prints. prints CODE TEXT... -- ARG...
prints()
{
	local texts=() text

	while [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	shift
	tool "$@"
	for text in "${texts[@]}"; do
		[ $rc = 0 ] && [ ! -s "$err" ] && grep -qE -- "$text" "$out"
		ok $? "kvm-timers $* prints $text"
	done
}

# What the tool prints in JSON. json FILTER ARG...
json()
{
	local filter=$1

	shift
	tool "$@"
	[ $rc = 0 ] && [ ! -s "$err" ] && is_json "$out" && jq -e "$filter" "$out" >/dev/null
	ok $? "kvm-timers $* gives $filter"
}

# What the module is asked. asks LINE ARG...
asks()
{
	local line=$1

	shift
	tool "$@"
	[ $rc = 0 ] && [ ! -s "$err" ] && grep -q -- "$line" "$log"
	ok $? "kvm-timers $* asks $line"
}

test_usage_errors()
{
	usage "missing command"
	usage "did you mean 'status'?" stat 1
	usage "did you mean 'list'?" lst
	usage "write one of exec, list, status, set, version, help" frobnicate
	usage "write one of exec, list" $'two\nlines'
	usage "unknown option '--jsno': did you mean '--json'?" --jsno list
	usage "unknown option '--all': write one of" list --all
	usage "unknown option '--'" list --
	usage "unexpected argument '1': write 'kvm-timers list'" list 1
	usage "missing argument: write 'kvm-timers status ID'" status
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
	usage "unknown option '--rtc': " exec --rtc=on -- true
	usage "--policy has no value" exec --policy
	usage "--policy has no value" exec --policy -- true
	usage "write '--pit=on' or '--pit=off'" exec --pit=yes -- true
	usage "every device is off" exec --pit=off -- true
	usage "did you mean 'merge'?" exec --policy=mrege -- true
	usage "write one of default, catchup, merge, discard" exec --policy=slow -- true
	usage "write one of default" exec --policy= -- true
	usage "policy 'delay' is not built yet: write 'catchup'" exec --policy=delay -- true
	usage "policy 'delay' is not built yet" exec --policy pit=delay -- true
	usage "unknown device 'hpet'" exec --policy=hpet=merge -- true
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
	usage "policy 'merge' has no --catchup bounds" exec --policy=merge --catchup-limit=5 -- true
}

test_set_usage_errors()
{
	usage "missing argument: write 'kvm-timers set ID DEVICE.SETTING=VALUE...'" set
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
	usage "pit.policy: policy 'delay' is not built yet" set 1 pit.policy=delay
	usage "pit.catchup_max_rate '11': write" set 1 pit.catchup_max_rate=11
	usage "pit.catchup_limit_ms '0': write" set 1 pit.catchup_limit_ms=0
	usage "pit.catchup_threshold_us '': write" set 1 pit.catchup_threshold_us=
	usage "'pit.policy' is given twice" set 1 pit.policy=merge pit.policy=catchup
	usage "pit.catchup_limit_ms 'x'" set 1 pit.policy=merge pit.catchup_limit_ms=x
}

test_list()
{
	prints '^ID +PID +DEVICES +COMMAND$' "^1 +$$ +pit +$(cat /proc/$$/comm)\$" \
		'^2 +- +pit +\(gone\)$' -- list
	json 'length == 2' list --json
	json ".[0] == {id: 1, pid: $$, command: \"$(cat /proc/$$/comm)\", dead: false,
		devices: [\"pit\"]}" --json list
	json '.[1] == {id: 2, pid: null, command: null, dead: true, devices: ["pit"]}' list --json

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
	prints '^VM 1$' "PID +$$ \\(" 'Guest time +12003.000000004 s' 'Devices +pit' \
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

	prints '^VM 2: gone' 'PID +unknown' '^Device pit: not created' 'Policy +merge' \
		'Period +none' 'Catch-up max rate +1\.01 times' -- status 2
	! grep -q 'Delivered late' "$out"
	ok $? "status of a VM without ticks shows no lateness"

	json '.id == 1 and .dead == false and .guest_ns == 12003000000004' status 1 --json
	json '.devices.pit | .active and .policy == "catchup" and .catchup_max_rate_pct == 250 and
		.catchup_limit_ms == 60000 and .catchup_threshold_us == 17' status --json 1
	json '.devices.pit.late | length == 24 and .[11] == {from_us: 1024, below_us: 2048,
		count: 2} and .[23].below_us == null' status 1 --json

	# jq rounds: look at the text for the exact numbers.
	prints '"due": 18446744073709551615,' '"delivered": 18446744073709551500,' \
		'"rescaled": -15,' '"reads": 9007199254740993,' \
		'"count": 18446744073709551494' -- status 1 --json
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

	fails 1 "VM 2, pit: the VM is gone" set 2 pit.policy=merge
	export KT_FAKE_DEVICES=0
	fails 1 "its pit has not been taken over" set 1 pit.policy=merge
	unset KT_FAKE_DEVICES
}

# shellcheck disable=SC2016
test_exec()
{
	local pid

	asks 'devices=1 policy=0 rate=0 limit=0 threshold=0$' exec -- true
	asks 'device cloexec=1' exec -- true
	asks 'policy=1 rate=150 limit=2000 threshold=30$' exec --pit=on --policy=catchup \
		--catchup-max-rate=1.5 --catchup-limit=2000 --catchup-threshold=30 -- true
	asks 'policy=2 ' exec --policy pit=merge -- true
	asks 'policy=3 ' exec --policy=merge --policy discard -- true
	asks 'rate=101 limit=4294967295 ' exec --catchup-max-rate 1.01 \
		--catchup-limit=4294967295 -- true
	asks 'rate=1000 ' exec --catchup-max-rate=10.00 --json -- true
	asks 'rate=0 limit=0 ' exec --catchup-max-rate=default --catchup-limit=default -- true
	asks 'devices=1 ' exec --pit=off --pit=on -- true

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

	for cmd in "list" "status 1" "set 1 pit.policy=merge" "exec -- true"; do
		# shellcheck disable=SC2086
		{
			wording KT_FAKE_OPEN=2 "modprobe kvm_timers" $cmd
			wording KT_FAKE_OPEN=6 "modprobe kvm_timers" $cmd
			wording KT_FAKE_OPEN=19 "modprobe kvm_timers" $cmd
			wording KT_FAKE_OPEN=13 "in the group kvm" $cmd
			wording KT_FAKE_OPEN=24 "Too many open files" $cmd
			wording KT_FAKE_ABI=2 "another version of the ABI" $cmd
			wording KT_FAKE_FAIL=version=25 "is not the module's device" $cmd
		}
	done

	wording KT_FAKE_FAIL=adopt=19 "administrator has switched this device off" exec -- true
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
	wording KT_FAKE_FAIL=set=19 "switched this device off" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=set=95 "has not been taken over" set 1 pit.policy=merge
	wording KT_FAKE_FAIL=set=25 "does not know this request" set 1 pit.policy=merge

	fails 1 "VM 7: no such VM: see 'kvm-timers list'" status 7
	fails 1 "VM 0: no such VM" set 0 pit.policy=merge
}

test_version_and_help()
{
	local cmd

	prints '^kvm-timers [0-9]+\.[0-9]+\.[0-9]+$' '^ABI of the module: 1$' -- version
	prints '^ABI of the tool: 1$' -- --version
	json '.abi == 1 and .module_abi == 1 and (.version | type) == "string"' version --json
	export KT_FAKE_OPEN=2
	prints '^ABI of the module: unknown: no /dev/kvm_timers' -- version
	json '.module_abi == null' version --json
	unset KT_FAKE_OPEN

	prints '^Usage: kvm-timers COMMAND' -- help
	prints '^Usage: kvm-timers COMMAND' -- --help
	json 'length == 6' help --json
	for cmd in exec list status set version help; do
		prints "^Usage: kvm-timers $cmd" -- help $cmd
		prints "^Usage: kvm-timers $cmd" -- $cmd --help
		json ".name == \"$cmd\"" help $cmd --json
	done
}

test_output_failures()
{
	local cmd

	for cmd in list "status 1" version help "list --json" "status 1 --json"; do
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
	completes "kvm-timers " "exec list status set version help"
	completes "kvm-timers s" "status set"
	completes "kvm-timers --json st" "status"
	completes "kvm-timers status " "1 2"
	completes "kvm-timers status 1 " ""
	completes "kvm-timers help ve" "version"
	completes "kvm-timers exec --pi" "--pit="
	completes "kvm-timers exec --policy=m" "merge"
	completes "kvm-timers exec --policy=pit=d" "discard default"
	completes "kvm-timers set 1 pit.catchup_l" "pit.catchup_limit_ms="
	completes "kvm-timers set 1 pit.policy=c" "catchup"
	completes "kvm-timers list --j" "--json"
	completes "kvm-timers exec --pit=on -- kvm-time" "kvm-timers"
}

test_usage_errors
test_exec_usage_errors
test_set_usage_errors
test_list
test_status
test_set
test_exec
test_exec_subreaper
test_exec_failures
test_errors
test_version_and_help
test_output_failures
test_completion

echo "1..$((passed + failed))"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
