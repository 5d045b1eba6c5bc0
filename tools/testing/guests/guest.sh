# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What runs in the guests, by busybox, on the console: commands come in as
# "NUMBER COMMAND [ARG]", answers go out as "@NUMBER WORDS".

# Leaves count and name of the controller of IRQ $1, or of $1 and a later $2 together; "0 none"
# where nothing uses it. By the shell alone: a process costs a small guest many ticks.
irq()
{
	count=0 chip=none last=${2:-$1}
	while read -r irq times where _; do
		case $irq in
		"$1:" | "$last:") count=$((count + times)) chip=$where ;;
		esac
		[ "$irq" = "$last:" ] && return
	done </proc/interrupts
}

# Leaves how many interrupts the LAPIC timer of each of two CPUs has made.
loc()
{
	while read -r irq loc0 loc1 _; do
		[ "$irq" = LOC: ] && return
	done </proc/interrupts
}

# Wait until each of two CPUs has taken $1 more of them. Both are busy with short sleeps: their
# ticks may have stopped.
beat()
{
	for cpu in 1 2; do
		taskset $cpu sh -c 'while :; do usleep 2000; done' &
	done
	loc
	end0=$((loc0 + $1))
	end1=$((loc1 + $1))
	while [ "$loc0" -lt "$end0" ] || [ "$loc1" -lt "$end1" ]; do
		usleep 100000
		loc
	done
	# shellcheck disable=SC2046 # numbers
	kill $(jobs -p)
}

# Wait until IRQ0 has come $1 times more.
ticks()
{
	irq 0
	end=$((count + $1))
	while [ "$count" -lt "$end" ]; do
		usleep 200000
		irq 0
	done
}

# Write bytes to a port, behind the kernel's back. $1: port, $2...: bytes in octal
port()
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
	port 67 060
}

# As the kernel has programmed it: 250 Hz in mode 2.
resume()
{
	port 67 064
	port 64 245 022
}

# Bytes $1 to $2 of the CMOS, in hexadecimal.
cmos()
{
	for index in $(seq "$1" "$2"); do
		port 112 "$(printf '%o' "$index")"
		dd if=/dev/port bs=1 skip=113 count=1 2>/dev/null
	done | hexdump -v -e '1/1 "%02x "'
}

# Write to the CMOS, index and byte by one call: the kernel may want another index any time.
# $1: index, $2: byte, in octal
cmos_write()
{
	printf "\\$1\\$2" | dd of=/dev/port bs=2 seek=56 conv=notrunc 2>/dev/null
}

# Mask pin $1 of the IOAPIC. Needs iomem=relaxed, as every use of devmem.
ioapic_mask()
{
	devmem 0xfec00000 32 $((0x10 + 2 * $1))
	devmem 0xfec00010 32 $(($(devmem 0xfec00010 32) | 0x10000))
}

# Leaves what the kernel's monotonic clock showed, in ns.
now()
{
	while read -r word at ns _; do
		[ "$word $at" = "now at" ] && return
	done </proc/timer_list
}

# Look at the kernel's clock again and again, and count looks, and those that found it earlier
# than the one before.
watch()
{
	looks=0 backs=0 last=0
	while :; do
		now
		[ "$ns" -ge "$last" ] || backs=$((backs + 1))
		last=$ns looks=$((looks + 1))
		echo "$looks $backs" >/tmp/backs.new
		mv /tmp/backs.new /tmp/backs
		usleep 20000
	done
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
		irq 0
		echo "@$number $count $chip"
		;;
	irq)
		# shellcheck disable=SC2086 # numbers
		irq $arg
		echo "@$number $count $chip"
		;;
	loc)
		loc
		echo "@$number $loc0 $loc1"
		;;
	beat)
		beat "$arg"
		echo "@$number $loc0 $loc1"
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
	now)
		now
		echo "@$number $ns $(cat /sys/class/rtc/rtc0/since_epoch)"
		;;
	watch)
		watch &
		echo "@$number"
		;;
	backs) echo "@$number $(cat /tmp/backs)" ;;
	sh) echo "@$number $(eval "$arg" 2>&1 | tr '\n' ';')" ;;
	tsc) echo "@$number $(dmesg | grep -E 'tsc:|clock speed' |
		tr '\n' ';')" ;;
	end) break ;;
	esac
done
