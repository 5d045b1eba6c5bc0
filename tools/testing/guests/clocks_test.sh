#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unmodified QEMU, unmodified guests: their RTC and their HPET are ours. Guests that run on the
# HPET, that tick by it, and that use the RTC as Linux's own tests do; and what a guest that is
# idle costs. What QEMU's devices still see is in QEMU's own trace. Runs inside L1
# (tools/lab/run), with the module loaded; prints TAP.
#
# GAP: for how many seconds a VMM is stopped. IDLE: for how many a guest is idle.
set -uo pipefail

gap=${GAP:-2}
idle=${IDLE:-10}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

rtctest=${KT_RTCTEST:-$KT_REPO/build/guests/rtctest}
tracing=/sys/kernel/tracing
hpet_base=0xfed00000
hpet_counter=$((hpet_base + 0xf0))
hpet_timer2=$((hpet_base + 0x140))
# Nothing but the HPET counts time; devmem may touch devices; addresses are the same each boot.
hpet_only="clocksource=hpet tsc=unstable no-kvmclock iomem=relaxed nokaslr"
# Where SeaBIOS and QEMU keep what they tell each other: all but the time and its century.
cmos_ram=(14-49 51-127)

# With a trace of every access that QEMU's devices serve. Arguments: those of start_guest
start_traced()
{
	start_guest "$@" -trace "memory_region_ops_*" -D "$scratch/$1.trace"
}

# How many accesses have reached a device of QEMU. $1: guest, $2: what QEMU calls it
seen_by_qemu()
{
	grep -c "name '$2'\$" "$scratch/$1.trace"
}

# How many accesses to bytes of the CMOS have reached QEMU: to the RTC's in $rtc_bytes, to
# others in $ram_bytes. The index was written by the access before.
cmos_in_qemu()
{
	read -r rtc_bytes ram_bytes < <(awk '
		BEGIN {
			for (i = 0; i < 14; i++)
				clock[sprintf("0x%x", i)] = clock[sprintf("0x%x", i + 128)] = 1
			clock["0x32"] = clock["0xb2"] = 1
		}
		/ops_write .* name .rtc-index.$/ { at = $9 }
		/ name .rtc.$/ { if (at in clock) bytes++; else ram++ }
		END { print bytes + 0, ram + 0 }' "$scratch/$1.trace")
}

# Ask guest $2 for its clocks: array $1 gets what its kernel's clock (ns) and its RTC (s) show,
# and the host's time in us of before and after.
clocks_of()
{
	local -n take=$1

	take=([before]=${EPOCHREALTIME/./})
	ask "$2" now
	take[after]=$((${EPOCHREALTIME/./} + 1))
	read -r "take[ns]" "take[rtc]" <<<"$answer"
}

# As much time has passed in the guest between two looks as in the host.
in_step()
{
	local -n from=$1 to=$2

	holds "to[ns] - from[ns] >= (to[before] - from[after]) * 1000 &&
	       to[ns] - from[ns] <= (to[after] - from[before]) * 1000"
}

# The RTC showed the host's UTC, to the second.
rtc_is_utc()
{
	local -n at=$1

	holds "at[rtc] >= at[before] / 1000000 && at[rtc] <= at[after] / 1000000"
}

# The same for a time that hwclock has printed.
is_utc()
{
	local shown

	shown=$(date -u -d "${1%  *}" +%s) || return
	holds "shown >= $2 / 1000000 && shown <= $3 / 1000000"
}

# Does the guest's count of IRQs $4 follow what device $3 of VM $2 has delivered? Ticks go on.
counts_ours()
{
	local round

	least=-9999999999 most=9999999999
	for ((round = 0; round < 4; round++)); do
		glance "$@"
		sleep 0.3
	done
	echo "# $count counted by $chip, $least to $most before those of the guest's kernel"
	holds "least <= most && most >= 0"
}

# Watch the host's timers for $1 seconds. Leaves how often each VM's alarm has interrupted the
# host in the array $alarms, by its address, and how often the other timers have in $others.
watch_timers()
{
	local number address

	: >$tracing/trace
	echo 1 >$tracing/tracing_on
	sleep "$1"
	echo 0 >$tracing/tracing_on
	alarms=()
	while read -r number address; do
		alarms[$address]=$number
	done < <(grep -E 'function=alarm.*\[kvm_timers\]' $tracing/trace |
		grep -oE 'hrtimer=[^ ]*' | sort | uniq -c)
	others=$(grep hrtimer_expire_entry $tracing/trace |
		grep -vcE 'function=alarm.*\[kvm_timers\]')
}

# The alarm that has rung most.
busiest()
{
	local address best=none

	for address in "${!alarms[@]}"; do
		((${alarms[$address]} > ${alarms[$best]:-0})) && best=$address
	done
	echo "$best"
}

trace_timers()
{
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing || abandon "no tracefs"
	echo 0 >$tracing/tracing_on
	echo 8192 >$tracing/buffer_size_kb
	echo 1 >$tracing/events/timer/hrtimer_expire_entry/enable
}

memory_map()
{
	ask "$1" sh "dmesg | sed -n 's/.*BIOS-e820: //p'; grep MemTotal /proc/meminfo"
}

cmos_of()
{
	local range

	bytes=''
	for range in "${cmos_ram[@]}"; do
		ask "$1" sh "cmos ${range/-/ }"
		bytes+=$answer
	done
}

# Linux's own view of an RTC with an interrupt of its own.
rtc_guest()
{
	local -A first before after

	start_traced rtc "" "iomem=relaxed" -machine pc,hpet=off
	expect rtc '^@ready'
	rtc=$(vm_of "${guest_pid[rtc]}")
	ok "RTC: the VM is listed under QEMU's pid" like "$rtc" '^[0-9]+$'
	sample before "$rtc" rtc
	ok "RTC: it is ours" is "${before[active]}" true
	ok "RTC: Linux has read and written it" holds "before[reads] > 0 && before[writes] > 0"
	clocks_of first rtc
	ok "RTC: it shows the host's UTC" rtc_is_utc first
	ask rtc sh "dmesg | sed -n 's/.*setting system clock to .* (\([0-9]*\))/\1/p'"
	ok "RTC: Linux set its clock by it" \
		holds "${answer%;} <= first[after] / 1000000 && ${answer%;} > first[before] / 1000000 - 60"
	before[us]=${EPOCHREALTIME/./}
	ask rtc sh "hwclock -u -r"
	ok "RTC: hwclock shows the host's UTC" \
		is_utc "${answer%;}" "${before[us]}" "${EPOCHREALTIME/./}"
	sample after "$rtc" rtc
	ok "RTC: it is the module's that was read" holds "after[reads] > before[reads] + 12"
}

# The chip's periodic interrupt, which Linux has no use for: its handler takes it all the same.
# 64 Hz, once every 15.625 ms.
rtc_ticks()
{
	local -A before after

	ask rtc sh "cmos_write 012 052; cmos_write 013 102"
	sample before "$rtc" rtc
	ok "periodic: the period is that of 64 Hz" is "${before[period_ns]}" 15625000
	ok "periodic: the guest's count of IRQ8 is the module's" counts_ours rtc "$rtc" rtc 8
	sample after "$rtc" rtc
	ok "periodic: as many are due as the time says" due_by_time before after
	ok "periodic: the guest is given them" holds "$(change before after delivered) >= 10"
	ok "periodic: the account adds up" adds_up after
	# The kernel's handler may come between and turn the write to another byte.
	ask rtc sh "while cmos_write 013 002; [ \$(cmos 11 11) != 02 ]; do :; done; cmos_write 012 046"
	sample after "$rtc" rtc
	ok "periodic: and then no more" is "${after[period_ns]}" 0
}

# The seconds are those that leave rtctest the least to wait for: it has two alarms at full
# minutes.
rtc_set()
{
	local shown before after

	ask rtc sh "date -u -s '2031-02-28 23:58:08' >/dev/null; hwclock -u -w;
		date -u +%s; hwclock -u -r; date -u +%s"
	IFS=';' read -r before shown after <<<"$answer"
	shown=$(date -u -d "${shown%  *}" +%s)
	# A whole second is written, at any time within it; the RTC's next one begins 500 ms later.
	ok "RTC: hwclock sets it" \
		holds "before > 1930000000 && shown >= before - 1 && shown <= after + 1"
}

rtctest_starts()
{
	sample before_rtctest "$rtc" rtc
	ask rtc sh "{ /run/rtctest; echo status \$?; } >/tmp/rtctest.log 2>&1 &"
}

rtctest_ends()
{
	local -A after
	local log result number name

	ask rtc sh "until grep '^status' /tmp/rtctest.log; do sleep 1; done; cat /tmp/rtctest.log"
	log=$(tr ';' '\n' <<<"$answer")
	sed 's/^/# /' <<<"$log"
	while read -r result number name; do
		ok "rtctest: $name" is "$result" ok
	done < <(sed -n 's/^not ok/not-ok/; /^\(not-\)\?ok /p' <<<"$log")
	ok "rtctest: which are all it has" is "$(grep -oE 'PASSED: .*passed|status [0-9]+' <<<"$log" |
		tr '\n' ' ')" "status 0 PASSED: 8 / 8 tests passed status 0 "
	sample after "$rtc" rtc
	# Six updates and four alarms.
	ok "rtctest: the alarms were the module's" \
		holds "$(change before_rtctest after delivered) >= 10"
	ok "rtctest: the guest's count of IRQ8 is the module's" counts_ours rtc "$rtc" rtc 8
	ok "rtctest: the account adds up" adds_up after
	cmos_in_qemu rtc
	ok "RTC: QEMU's own has seen no byte of it" is "$rtc_bytes" 0
}

# Two guests that are alike, but for one QEMU being without the module.
hpet_guest()
{
	local -A before after
	local plain_map plain_cmos bytes rtc_bytes ram_bytes seen

	start_traced plain none "$hpet_only" -machine pc,hpet=on
	expect plain '^@ready'
	memory_map plain
	plain_map=$answer
	cmos_of plain
	plain_cmos=$bytes
	ask plain clocks
	ok "plain: the guest runs on the HPET" like "$answer" '^hpet lapic'
	qmp plain quit
	end_of plain
	seen=$(seen_by_qemu plain hpet)
	ok "plain: the trace shows QEMU's HPET being read" holds "seen > 100"
	cmos_in_qemu plain
	ok "plain: the trace shows QEMU's RTC being read" holds "rtc_bytes > 12"

	start_traced hpet "" "$hpet_only" -machine pc,hpet=on
	expect hpet '^@ready'
	hpet=$(vm_of "${guest_pid[hpet]}")
	sample before "$hpet" hpet
	ok "HPET: it is ours" is "${before[active]}" true
	ask hpet clocks
	ok "HPET: the guest runs on it" like "$answer" '^hpet lapic'
	clocks_of start hpet
	ok "HPET: meanwhile the RTC shows the host's UTC" rtc_is_utc start
	counter_is_ours
	sample after "$hpet" hpet
	ok "HPET: the guest reads ours" holds "after[reads] > before[reads] + 10"
	memory_map hpet
	ok "BIOS: memory is where it is on plain QEMU" is "$answer" "$plain_map"
	cmos_of hpet
	ok "BIOS: the CMOS holds what it holds on plain QEMU" is "$bytes" "$plain_cmos"
	cmos_in_qemu hpet
	ok "BIOS: which is read from QEMU" holds "ram_bytes >= 100"
	ok "BIOS: the RTC's bytes are not" is "$rtc_bytes" 0
}

# A counter that only grows: one reading lies between two others.
counter_is_ours()
{
	local -A early late
	local shown

	sample early "$hpet" hpet
	ask hpet sh "devmem $hpet_counter 64"
	shown=$((${answer%;}))
	sample late "$hpet" hpet
	ok "HPET: the guest reads the module's counter" \
		holds "0 < early[counter] && early[counter] <= shown && shown <= late[counter]"
}

# Clocks that were running when their VMM was stopped.
hpet_gap()
{
	local -A end

	stop_vmm hpet
	sleep "$gap"
	kill -CONT "${guest_pid[hpet]}"
	clocks_of end hpet
	ok "HPET: after $gap s without QEMU the guest's clock is in step with the host's" \
		in_step start end
	ok "RTC: and shows the host's UTC" rtc_is_utc end
	ok "HPET: since its boot QEMU's own has seen nothing" is "$(seen_by_qemu hpet hpet)" 0
}

# The tick is the HPET's, by legacy replacement.
legacy_guest()
{
	local -A before after pit_before pit_after
	local alarm id

	start_traced legacy "" "$hpet_only hpet=force noapictimer" -machine pc,hpet=on
	expect legacy '^@ready'
	id=$(vm_of "${guest_pid[legacy]}")
	ask legacy clocks
	ok "legacy: the guest's clock and its tick are the HPET" like "$answer" '^hpet hpet$'
	sample before "$id" hpet
	sample pit_before "$id"
	ok "legacy: the guest's count of IRQ0 and IRQ8 is what the HPET delivered" \
		counts_ours legacy "$id" hpet "0 8"
	ask legacy ticks 100
	sample after "$id" hpet
	sample pit_after "$id"
	ok "legacy: the HPET delivers" holds "$(change before after delivered) >= 100"
	ok "legacy: the account adds up" adds_up after
	ok "legacy: the PIT delivers nothing" is "$(change pit_before pit_after delivered)" 0
	watch_timers 1
	alarm=$(busiest)
	# Once a second may be another guest's RTC.
	ok "legacy: the host is interrupted for it" holds "${alarms[$alarm]:-0} > 2"
	legacy_alarm "$id"
	ok "legacy: QEMU's HPET has seen nothing" is "$(seen_by_qemu legacy hpet)" 0
}

# Replaced by the HPET's timer 1 the RTC has no interrupt: Linux polls its time, 64 times a
# second, to know when an alarm is due.
legacy_alarm()
{
	local -A rtc_before rtc_after
	local irq8 round

	ask legacy irq 8
	irq8=${answer% *}
	sample rtc_before "$1" rtc
	ask legacy sh "cd /sys/class/rtc/rtc0; echo +3 >wakealarm; for i in \$(seq 100); do
		[ \"\$(cat wakealarm)\" ] || break; usleep 100000; done; cat wakealarm"
	ok "legacy: an alarm goes off" is "$answer" ""
	ask legacy irq 8
	sample rtc_after "$1" rtc
	# A slow guest comes too late for many of the 64 a second.
	ok "legacy: after more than 10 interrupts from IRQ8" holds "${answer% *} - irq8 > 10"
	for ((round = 0; round < 4; round++)); do
		glance legacy "$1" hpet "0 8"
	done
	ok "legacy: that are the HPET's" holds "least <= most"
	ok "legacy: the RTC delivers nothing" is "$(change rtc_before rtc_after delivered)" 0
	ok "legacy: but is read" holds "$(change rtc_before rtc_after reads) > 10"
}

# By no more than its period.
ahead_of_counter()
{
	local early comparator late

	ask hpet sh "for register in $hpet_counter $((hpet_timer2 + 8)) $hpet_counter; do
		devmem \$register 32; done"
	IFS=';' read -r early comparator late _ <<<"$answer"
	early=$((early)) comparator=$((comparator)) late=$((late))
	holds "((comparator - early) & 0xffffffff) > 0 &&
		((comparator - early) & 0xffffffff) <= 1000000 + ((late - early) & 0xffffffff)"
}

# Timers whose interrupts nobody wants cost the host none, and are in time all the same.
idle_guest()
{
	local -A pit_from pit_to hpet_from hpet_to
	local alarm

	# Without legacy replacement the PIT is back on its pin.
	ask hpet sh "devmem $((hpet_base + 0x10)) 32 1"
	ask hpet resume
	watch_timers 1
	alarm=$(busiest)
	ok "idle: the host is interrupted for a PIT that ticks" holds "${alarms[$alarm]:-0} > 100"
	ask hpet sh "ioapic_mask 2"
	# Timer 2 every 10 ms, in 32 bits, from 1 s on; nobody listens to pin 21.
	ask hpet sh "devmem $hpet_timer2 32 0x2b4c;
		devmem $((hpet_timer2 + 8)) 32 \$(((\$(devmem $hpet_counter 32) + 100000000) & 0xffffffff));
		devmem $((hpet_timer2 + 8)) 32 1000000"
	# The edge that is on its way finds the pin masked.
	sleep 2
	sample pit_from "$hpet"
	sample hpet_from "$hpet" hpet
	watch_timers "$idle"
	sample pit_to "$hpet"
	sample hpet_to "$hpet" hpet
	ok "idle: with the pins masked it is not, in $idle s" is "${alarms[$alarm]:-0}" 0
	ok "idle: while its other timers go on" holds "others > 100"
	ok "idle: edges of the PIT are due by the time" due_by_time pit_from pit_to
	ok "idle: edges of the HPET as well" due_by_time hpet_from hpet_to
	ok "idle: the guest finds its comparator ahead of the counter" ahead_of_counter
	ok "idle: nobody is given one" holds "$(change pit_from pit_to delivered) == 0 &&
		$(change hpet_from hpet_to delivered) == 0 && hpet_to[period_ns] == 10000000"
}

[[ -x $rtctest ]] || abandon "no $rtctest: make -C tools/testing/guests"
rtc='' hpet='' others=0
declare -A alarms start before_rtctest
trace_timers
# Guests have a /tmp of their own.
cp "$rtctest" /run/rtctest || abandon "no room in /run"
make_initrd --file /run/rtctest
rtc_guest
rtc_ticks
rtc_set
rtctest_starts
echo "# $SECONDS s"
hpet_guest
hpet_gap
idle_guest
end_guest hpet
echo "# $SECONDS s"
legacy_guest
end_guest legacy
echo "# $SECONDS s"
rtctest_ends
end_guest rtc
echo "# $SECONDS s"
finish
