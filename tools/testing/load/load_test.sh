#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module loads whole or not at all: each way to fail has its own line in the
# log and leaves nothing behind. Runs inside L1 with kvm and kvm_amd loaded.
#
# usage: load_test.sh MODULE BUSY_MODULE
set -uo pipefail

module=$1 busy=$2
tracing=/sys/kernel/tracing
scratch=$(mktemp -d)
n=0 failed=0
# What must not be redirected while the module is not there.
left_alone=

ok()
{
	n=$((n + 1))
	if "${@:2}"; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		failed=$((failed + 1))
		dmesg | tail -n 5 | sed 's/^/# /'
	fi
}

nothing_left()
{
	[ ! -e /dev/kvm_timers ] && [ ! -d /sys/module/kvm_timers ] &&
		! grep -q "^kvm_$left_alone" $tracing/enabled_functions
}

# Does loading FILE with the parameters fail, say LINE, and leave nothing behind?
refuses()
{
	local line=$1

	dmesg -C
	! insmod "${@:2}" 2>/dev/null && dmesg | grep -q "$line" && nothing_left
}

loads()
{
	insmod "$module" && [ -c /dev/kvm_timers ] && rmmod kvm_timers && nothing_left
}

# A copy of the module in which one constant string reads otherwise.
altered()
{
	local out=$scratch/$3.ko section found=''

	cp "$module" "$out"
	for section in $(objdump -h "$module" | awk '$2 ~ /rodata.*str|init.rodata/ { print $2 }'); do
		objcopy --dump-section "$section=$scratch/strings" "$module" /dev/null
		FROM=$1 TO=$2 perl -0777 -pe 's/(^|\0)\Q$ENV{FROM}\E\0/$1$ENV{TO}\0/g' \
			"$scratch/strings" >"$scratch/changed"
		cmp -s "$scratch/strings" "$scratch/changed" && continue
		objcopy --update-section "$section=$scratch/changed" "$out" && found=1
	done
	[ "$found" ] && echo "$out"
}

switch_is_held()
{
	insmod "$module" || return
	! sysctl -q kernel.ftrace_enabled=0 2>/dev/null
	local held=$?
	rmmod kvm_timers
	return $held
}

echo "1..14"
ok "loads, unloads, leaves nothing" loads

sysctl -q kernel.ftrace_enabled=0
ok "refused while function tracing is off" refuses "function tracing is switched off" "$module"
sysctl -q kernel.ftrace_enabled=1
ok "function tracing cannot be switched off under it" switch_is_held

insmod "$busy"
left_alone=arch_vm_ioctl
ok "refused while somebody else redirects, naming the function" \
	refuses "kvm:kvm_vcpu_halt is redirected by somebody else" "$module"
rmmod busy
left_alone=

ok "a missing function to redirect is named" refuses "symbol kvm:kvm_vcpu_hxlt is missing" \
	"$(altered kvm:kvm_vcpu_halt kvm:kvm_vcpu_hxlt hook)"
ok "a missing function to call is named" refuses "symbol kvm:kvm_set_irx is missing" \
	"$(altered kvm:kvm_set_irq kvm:kvm_set_irx symbol)"
ok "a structure without a member is named" refuses "struct kvm_kpic_state has no member elcr_mosk" \
	"$(altered elcr_mask elcr_mosk member)"
ok "a member that is elsewhere in a live vCPU is named" \
	refuses "kvm_lapic.vcpu of a live vCPU is not where" "$(altered vcpu regs layout)"

ok "a policy that does not exist" refuses "pit_policy=never" "$module" pit_policy=never
ok "a bound out of range" refuses "catchup_max_rate_pct=5" "$module" catchup_max_rate_pct=5
ok "an advance out of range" refuses "lapic_advance_ns=5001" "$module" lapic_advance_ns=5001
ok "an advance that is no number" refuses "lapic_advance_ns=5us" "$module" lapic_advance_ns=5us

rmmod kvm_amd
ok "refused without a vendor module" refuses "load kvm_amd or kvm_intel first" "$module"
modprobe kvm_amd
ok "loads after all that" loads

echo "$((n - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
