# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What runs in the guests, by busybox, on the console: commands come in as
# "NUMBER COMMAND [ARG]", answers go out as "@NUMBER WORDS".

# Leaves count and name of the controller of IRQ0; "0 none" where nothing uses it. By the
# shell alone: a process costs a small guest many ticks.
irq0()
{
	while read -r irq count chip _; do
		[ "$irq" = 0: ] && return
	done </proc/interrupts
	count=0 chip=none
}

# Wait until IRQ0 has come $1 times more.
ticks()
{
	irq0
	end=$((count + $1))
	while [ "$count" -lt "$end" ]; do
		usleep 200000
		irq0
	done
}

# Write bytes to the PIT, behind the kernel's back. $1: port, $2...: bytes in octal
pit()
{
	port=$1
	shift
	for byte in "$@"; do
		printf "\\$byte" | dd of=/dev/port bs=1 seek="$port" conv=notrunc 2>/dev/null
	done
}

# No new tick falls due after this: once those owed are given the count stands still. The
# console needs no tick.
pause()
{
	pit 67 060
}

# As the kernel has programmed it: 250 Hz in mode 2.
resume()
{
	pit 67 064
	pit 64 245 022
}

clocks()
{
	echo "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" \
		"$(cat /sys/devices/system/clockevents/clockevent0/current_device)"
}

stty -echo
echo "@ready"
while read -r number command arg; do
	case $command in
	irq0)
		irq0
		echo "@$number $count $chip"
		;;
	ticks)
		ticks "$arg"
		echo "@$number $count $chip"
		;;
	pause)
		pause
		echo "@$number"
		;;
	resume)
		resume
		echo "@$number"
		;;
	clocks) echo "@$number $(clocks)" ;;
	tsc) echo "@$number $(dmesg | grep -E 'tsc:|clock speed' |
		tr '\n' ';')" ;;
	end) break ;;
	esac
done
