# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of the tool share. They print TAP.
#
# KVM_TIMERS	the tool
# FAKE_DEV	the library that fakes the device

KVM_TIMERS=${KVM_TIMERS:?path of the tool}
FAKE_DEV=${FAKE_DEV:?path of the fake device}

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

# What the module is asked, the last time if several times. wishes LINE ARG...
wishes()
{
	local line=$1

	shift
	tool "$@"
	[ $rc = 0 ] && [ ! -s "$err" ] && grep '^adopt' "$log" | tail -n 1 | grep -q -- "$line"
	ok $? "kvm-timers $* asks $line in the end"
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

# The last line of a test. Return: whether all passed.
finish()
{
	echo "1..$((passed + failed))"
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}
