#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests whose worker is slow at one place after the other, so that the vCPU's thread overtakes
# it there; and one whose every third look at the host's clock takes long. Runs inside L1 with the
# module loaded.
#
# usage: race_test.sh SLOW_MODULE SELFTESTS
set -uo pipefail

slow=$1 selftests=$2
passed=0 failed=0

# $1: what it is about, $2: the module's parameters; the rest is the test
overtaken()
{
	local title=$1 times p f

	# shellcheck disable=SC2086 # words
	insmod "$slow" $2 || exit
	read -r p f <<<"$("${@:3}" | tee /dev/stderr | grep -aoE '[0-9]+ passed, [0-9]+ failed' |
		tail -n 1 | tr -dc '0-9 ')"
	times=$(</sys/module/slow/parameters/times)
	rmmod slow
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
	if ((times)); then
		passed=$((passed + 1))
		echo "ok $title: slow $times times"
	else
		failed=$((failed + 1))
		echo "not ok $title: nobody was slow"
	fi
}

# After it has looked at the 8259.
overtaken "what was seen is out of date" "function=kvm_apic_accept_pic_intr delay_ms=3" \
	"$selftests/run.sh" race_test
# Between the two edges of a pulse.
overtaken "register C is read within the pulse" "function=kvm_set_irq delay_ms=20" \
	"$selftests/run.sh" rtc_race_test
# At the end of a change of the line.
overtaken "vCPUs are held" "function=kt_vm_clock_changed delay_ms=20" \
	"$selftests/run.sh" kvmclock_hold_test
# After it has looked at the TSC, on a host that has another clock.
overtaken "the TSC and the clock are of one instant" \
	"function=ktime_get caller=kvm_timers every=3 delay_ms=4" \
	"$selftests/run.sh" kvmclock_host_test

echo "$passed passed, $failed failed"
((failed == 0))
