#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "kvm-timers top" has on the screen, of four guests: the first has nothing to complain of, the
# second catches up after its QEMU was stopped, that of the third still is, and the fourth is paused.
# Terminals of several sizes are left in $KT_WORK, for people to look at; README.rst has one of
# them. Runs inside L1 (tools/lab/run), with the module loaded.
#
# GAP: for how many seconds QEMU is stopped.
set -uo pipefail

gap=${GAP:-40}
# shellcheck source=tools/testing/guests/lib.sh
. "$KT_REPO/tools/testing/guests/lib.sh"

# $1: columns, $2: lines, $3: keys, $4: name of the file
shoot()
{
	"$KT_REPO/tools/testing/guests/screen.py" "$1" "$2" 5 "$3" "$KT_TOOL" top >"$KT_WORK/$4"
}

# shellcheck disable=SC2119 # it needs no option
make_initrd
start_guest fine "" "" -machine pc,hpet=off
expect fine '^@ready'
for name in late stopped; do
	start_guest $name "--policy catchup --catchup-max-rate 2" "$pit_only" -machine pc,hpet=off
	expect $name '^@ready'
done
start_guest paused "" "$pit_only" -machine pc,hpet=off
expect paused '^@ready'

qmp paused stop
stop_vmm stopped
stop_vmm late
sleep "$gap"
kill -CONT "${guest_pid[late]}"
shoot 80 24 "" top-80x24
shoot 80 24 e top-80x24-all
shoot 200 60 "" top-200x60
shoot 200 60 e top-200x60-all
"$KT_TOOL" list
