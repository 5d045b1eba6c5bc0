# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Unmodified QEMU guests and what is asked of them. Sourced inside L1.
#
# A guest's console is a pair of FIFOs: one command a line goes in, one answer
# a line comes out, see guest.sh. Its monitor (QMP) is another pair. So nothing
# here waits by the clock for what can be awaited.

KT_TOOL=${KT_TOOL:-$KT_REPO/build/tools/kvm-timers}
KT_KERNEL=${KT_KERNEL:-/boot/vmlinuz-$(uname -r)}
KT_PATIENCE=${KT_PATIENCE:-300}
# So often a guest that says nothing is looked after.
KT_LOOK=${KT_LOOK:-5}
scratch=$(mktemp -d)

declare -A guest_pid guest_in guest_out guest_qmp_in guest_qmp_out
tests=0 failed=0

# With these the tick is the PIT's, periodic, on the 8259. Its handler is to read the TSC, as
# any other clock costs exits: it cannot be measured well on a busy machine, so it is told.
khz=$(awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)
# shellcheck disable=SC2034 # for those who source this
pit_only="noapic nolapic no-kvmclock nohz=off highres=off tsc=reliable tsc_early_khz=$khz"
common_args="console=ttyS0 quiet panic=-1 mitigations=off"

ok()
{
	tests=$((tests + 1))
	if "${@:2}"; then
		echo "ok $tests $1"
	else
		echo "not ok $tests $1"
		failed=$((failed + 1))
	fi
}

# Is the arithmetic true? Names what was in it if it is not.
holds()
{
	local expr=$* word

	(($*)) && return
	printf '# false: %s\n' "$expr"
	for word in $(grep -oE '[A-Za-z_][A-Za-z_0-9]*(\[[a-z_]+\])?' <<<"$expr" | sort -u); do
		printf '#   %s = %s\n' "$word" "${!word}"
	done
	return 1
}

is()
{
	[[ $1 == "$2" ]] || { printf '# got "%s", want "%s"\n' "$1" "$2"; return 1; }
}

like()
{
	[[ $1 =~ $2 ]] || { printf '# got "%s", want /%s/\n' "$1" "$2"; return 1; }
}

finish()
{
	echo "1..$tests"
	echo "$((tests - failed)) passed, $failed failed"
	((failed == 0))
}

abandon()
{
	local name

	echo "Bail out! $*"
	"$KT_TOOL" --json list | jq -r '.[].id' | while read -r name; do
		"$KT_TOOL" status "$name" | sed 's/^/# /'
	done
	for name in "${!guest_pid[@]}"; do
		tail -n 15 "$scratch/$name.log" "$scratch/$name.err" 2>/dev/null | sed 's/^/# /'
	done
	tests=$((tests + 1)) failed=$((failed + 1))
	finish
	exit 1
}

# What all guests run. Arguments: options of guest-initrd
make_initrd()
{
	"$KT_REPO/tools/lab/guest-initrd" "$@" "$scratch/initrd" \
		"$KT_REPO/tools/testing/guests/guest.sh" || abandon "no initramfs"
}

# Start QEMU, ready to be asked. $1: name, $2: options of kvm-timers exec, or "none" to do
# without; $3: the guest kernel's parameters; then further arguments of QEMU.
start_guest()
{
	local name=$1 options=$2 args="$common_args $3" base=$scratch/$1 launcher=() end

	shift 3
	# shellcheck disable=SC2206 # options are words
	[[ $options == none ]] || launcher=("$KT_TOOL" exec $options --)

	for end in in out qmp.in qmp.out; do
		rm -f "$base.$end"
		mkfifo "$base.$end"
	done
	exec {guest_in[$name]}<>"$base.in" {guest_out[$name]}<>"$base.out" \
		{guest_qmp_in[$name]}<>"$base.qmp.in" {guest_qmp_out[$name]}<>"$base.qmp.out"

	"${launcher[@]}" qemu-system-x86_64 -enable-kvm -cpu host -m 160 -nodefaults \
		-display none -no-reboot -serial stdio -qmp "pipe:$base.qmp" -kernel "$KT_KERNEL" \
		-initrd "$scratch/initrd" -append "$args" "$@" \
		<"$base.in" >"$base.out" 2>"$base.err" &
	guest_pid[$name]=$!
	echo '{"execute":"qmp_capabilities"}' >&"${guest_qmp_in[$name]}"
}

# Wait for a line of a guest's console; it is left in $line.
expect()
{
	local name=$1 want=$2 until=$((SECONDS + KT_PATIENCE)) part

	line=
	while ((SECONDS < until)); do
		if ! IFS= read -r -t "$KT_LOOK" part <&"${guest_out[$name]}"; then
			line+=$part
			kill -0 "${guest_pid[$name]}" 2>/dev/null || break
			continue
		fi
		line=$line${part%$'\r'}
		printf '%s\n' "$line" >>"$scratch/$name.log"
		[[ $line =~ $want ]] && return
		line=
	done
	abandon "guest $name never said /$want/"
}

# Ask a guest; the answer's words are left in $answer. A command may be written in many lines.
ask()
{
	local name=$1 words=${*:2}

	asked=$((asked + 1))
	echo "$asked ${words//$'\n'/ }" >&"${guest_in[$name]}"
	expect "$name" "^@$asked( |\$)"
	read -r _ answer <<<"$line"
}

# Wait until QEMU has done what it was told: the lines before are events.
qmp()
{
	local name=$1 until=$((SECONDS + KT_PATIENCE))

	echo "{\"execute\":\"$2\"${3:+,\"arguments\":$3},\"id\":\"$((++asked))\"}" \
		>&"${guest_qmp_in[$name]}"
	while ((SECONDS < until)); do
		IFS= read -r -t 5 line <&"${guest_qmp_out[$name]}" || continue
		[[ $line == *"\"id\": \"$asked\""* ]] || continue
		[[ $line == *'"error"'* ]] && return 1
		return 0
	done
	abandon "QEMU of $name does not answer $2"
}

# A command of the human monitor; it says something only if it fails.
hmp()
{
	qmp "$1" human-monitor-command "{\"command-line\":\"$2\"}" &&
		like "$line" '"return": ""'
}

# Wait for QEMU's end; its status is the result.
end_of()
{
	local status=0

	wait "${guest_pid[$1]}" || status=$?
	unset "guest_pid[$1]"
	return $status
}

end_guest()
{
	echo "9 end" >&"${guest_in[$1]}"
	ok "$1: the guest powers off, QEMU ends well" end_of "$1"
	ok "$1: without a complaint" is "$(<"$scratch/$1.err")" ""
}

# The number of the VM that a process has made.
vm_of()
{
	"$KT_TOOL" --json list | jq -r ".[] | select(.pid == $1) | .id"
}

listed()
{
	"$KT_TOOL" --json list | jq -r length
}

# Take the counters of device $3 (the PIT) of VM $2 into the array $1. Without a program to
# read JSON: on a slow machine that takes a guest's time from it.
sample()
{
	# shellcheck disable=SC2178 # a reference to an array
	local -n into=$1
	local device=${3:-pit} json key value

	into=()
	json=$("$KT_TOOL" --json status "$2") || abandon "no status of VM $2"
	[[ $json == *\"$device\":* ]] || abandon "VM $2 has no $device"
	json=${json%%\"devices\"*}${json#*\"$device\":}
	json=${json%%\"late\"*}
	json=${json//[{\}\" ]/}
	while IFS=: read -r key value; do
		[[ $value ]] && into[$key]=$value
	done <<<"${json//,/$'\n'}"
	[[ ${into[due]:-} && ${into[guest_ns]:-} ]] || abandon "strange status of VM $2: $json"
}

# In every sample, always.
adds_up()
{
	local -n of=$1

	holds "of[due] + of[rescaled] == of[delivered] + of[merged] + of[dropped] +
	       of[given_up] + of[owed]"
}

# Change of a counter between two samples.
change()
{
	local -n from=$1 to=$2

	echo $((to[$3] - from[$3]))
}

# Wait until nothing is owed to VM $2 by device $3 (the PIT) any more; array $1 gets the counters
# of then.
paid_back()
{
	local until=$((SECONDS + KT_PATIENCE))
	local -n now=$1

	while ((SECONDS < until)); do
		sample "$1" "$2" "${3:-pit}"
		((now[owed] == 0)) && return
		sleep 1
	done
	echo "# still owed: ${now[owed]}"
	return 1
}

# The guest's own count, in $count, and the module's, in array $2, at one instant: the guest
# stops its PIT for that, and once it has got what it was owed neither can move. For guests with
# a periodic tick: others would start it again.
look()
{
	ask "$1" pause
	paid_back "$2" "$3" || abandon "guest $1 is not given what it is owed"
	ask "$1" irq0
	read -r count chip <<<"$answer"
	ask "$1" resume
}

# What the module has given that the guest's kernel has not counted, in array $1: the ticks of
# the BIOS. It never changes.
uncounted()
{
	local -n at=$1

	echo $((at[delivered] - count))
}

# The same for any guest, which ticks on: delivered before <= count + uncounted <= delivered
# after. Each look leaves a narrower range of what uncounted can be, from $least to $most.
# $1: name, $2: VM, $3: device and $4: its IRQs, the PIT's by default
glance()
{
	local -A earlier later

	sample earlier "$2" "${3:-pit}"
	ask "$1" irq "${4:-0}"
	sample later "$2" "${3:-pit}"
	read -r count chip <<<"$answer"
	((earlier[delivered] - count > least)) && least=$((earlier[delivered] - count))
	((later[delivered] - count < most)) && most=$((later[delivered] - count))
	return 0
}

# Edges between two samples are what their guest times and the period say.
due_by_time()
{
	local -n from=$1 to=$2
	local ticks=$((to[due] - from[due])) ns=$((to[guest_ns] - from[guest_ns]))
	local period=$((to[period_ns]))

	# The period that is shown is rounded to 1 ns; ends lie anywhere in a period.
	holds "(ticks - 1) * (period - 1) < ns && ns < (ticks + 1) * (period + 1)"
}

threads_stopped()
{
	local stat

	for stat in /proc/"$1"/task/*/stat; do
		[[ $(<"$stat") =~ \)\ T ]] || return 1
	done
}

# Stop a whole VMM; returns when none of its threads runs.
stop_vmm()
{
	local pid=${guest_pid[$1]} try

	kill -STOP "$pid"
	for ((try = 0; try < 100; try++)); do
		threads_stopped "$pid" && return
		sleep 0.05
	done
	abandon "guest $1 does not stop"
}

clean_up()
{
	local name

	for name in "${!guest_pid[@]}"; do
		kill -KILL "${guest_pid[$name]}"
		wait "${guest_pid[$name]}"
	done 2>/dev/null
	rm -rf "$scratch"
}

asked=0 line='' answer='' count=0 chip=''
least=-9999999999 most=9999999999
trap clean_up EXIT
