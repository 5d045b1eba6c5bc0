#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# An unmodified Linux that has nothing but the PIT to measure its clocks by finds the right
# frequencies. Runs inside the deterministic L1 (tools/lab/run --icount), where no load of the
# machine gets into the result; prints TAP.
set -uo pipefail

# Time leaps here while a file of the machine outside is waited for: the lab's own patience counts.
KT_PATIENCE=${KT_PATIENCE:-3600}
# A look takes the host's only CPU from a guest that measures time.
KT_LOOK=${KT_LOOK:-$KT_PATIENCE}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

# KVM's local APIC timer counts ns.
BUS_KHZ=1000000
# Linux' fast method measures until the ends are known to 1/2048 together, and takes the middle.
# shellcheck disable=SC2034 # read by holds
MAX_PPM=200

# What a kernel's log says of a clock, in kHz.
tsc_khz()
{
	sed -nE 's/.*tsc: Detected ([0-9]+)\.([0-9]{3}) MHz.*/\1\2/p' | tail -n 1
}

bus_khz()
{
	sed -nE 's/.*host bus clock speed is ([0-9]+)\.0*([0-9]+) MHz.*/\1 \2/p' | tail -n 1 |
		{ read -r mhz rest && echo $((mhz * 1000 + rest / 10)); }
}

ppm()
{
	echo $((($1 - $2) * 1000000 / $2))
}

close_enough()
{
	holds "$1 <= MAX_PPM && $1 >= -MAX_PPM"
}

declare -A pit
make_initrd
# Waiting for a file of the machine outside makes time leap here: have them in memory.
qemu-system-x86_64 -version >"$scratch/version"
cat "$KT_KERNEL" "$(type -P qemu-system-x86_64)" /usr/share/seabios/bios-256k.bin \
	/usr/share/qemu/linuxboot_dma.bin >/dev/null
start_guest linux "" "no-kvmclock acpi=off lapic=notscdeadline apic=verbose" \
	-machine pc,hpet=off -cpu host,-hypervisor
expect linux '^@ready'
ask linux tsc
messages=$(tr ';' '\n' <<<"$answer")
sed 's/^/# /' <<<"$messages"
here=$(dmesg | tsc_khz)
tsc=$(tsc_khz <<<"$messages")
bus=$(bus_khz <<<"$messages")
sample pit "$(vm_of "${guest_pid[linux]}")"
qmp linux quit
end_of linux

ok "the BIOS has come through its own calibration, the kernel has booted" like "$tsc" '^[0-9]+$'
# The slow one is off by up to a read of port 0x61 in 10 ms. Nothing here makes it needed.
ok "the TSC was measured by the PIT, with the fast method" \
	like "$messages" 'Fast TSC calibration using PIT'
ok "nothing was wrong with that" \
	is "$(grep -cE 'Unable|failed|disagree' <<<"$messages")" 0
ok "the guest has read and written the module's PIT" \
	holds "pit[reads] > 1000 && pit[writes] > 0"
echo "# TSC: $tsc kHz in the guest, $here kHz in its host: $(ppm "$tsc" "$here") ppm"
ok "the guest's TSC frequency is its host's" close_enough "$(ppm "$tsc" "$here")"
# No claim: this is measured between two ticks, so what else the host's only CPU does gets in.
echo "# local APIC by ticks of the PIT: $bus kHz: $(ppm "$bus" $BUS_KHZ) ppm"
finish
