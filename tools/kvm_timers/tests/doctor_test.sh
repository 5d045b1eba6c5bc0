#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "kvm-timers doctor" says of hosts: of a healthy one, then of one with a single thing wrong
# with it. Hosts are directories, with a module file as modprobe finds it. Prints TAP.
set -u

# shellcheck source=tools/kvm_timers/tests/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

RELEASE=6.1.0-99-amd64
HOOKS="kvm_vcpu_halt kvm_arch_vm_ioctl kvm_set_tsc_khz"
SECURE_BOOT=sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c

host=$dir/host

# What was wrong alone, and was named: a line "CHECK:LEVEL TEXT" each.
named=$dir/named
: >"$named"

for program in objcopy depmod; do
	PATH=$PATH:/sbin command -v $program >/dev/null || { echo "Bail out! no $program"; exit 1; }
done

# A file of the host with that text. put PATH TEXT
put()
{
	mkdir -p "$host/$(dirname "$1")"
	printf '%s\n' "$2" >"$host/$1"
}

# A module file that has nothing but what modinfo reads. module VERMAGIC [SIGNER]
module()
{
	local folder=$host/lib/modules/$RELEASE hook

	mkdir -p "$folder/updates"
	{
		printf 'license=GPL\0name=kvm_timers\0vermagic=%s SMP mod_unload \0' "$1"
		for hook in $HOOKS; do
			printf 'redirects=%s\0' "$hook"
		done
	} >"$dir/modinfo"
	objcopy -I binary -O elf64-x86-64 --rename-section .data=.modinfo,alloc,load,readonly,data,contents \
		"$dir/modinfo" "$folder/updates/kvm_timers.ko"
	# A signer, a key and a signature, one byte each of the last two, then their lengths.
	[ -z "${2-}" ] ||
		printf '%s%s\0\4\0%b\1\0\0\0\0\0\0\1~Module signature appended~\n' "$2" KS \
			"\\0$(printf %o ${#2})" >>"$folder/updates/kvm_timers.ko"
	: >"$folder/modules.builtin"
	: >"$folder/modules.order"
	: >"$folder/modules.builtin.modinfo"
	PATH=$PATH:/sbin depmod -b "$host" "$RELEASE"
}

cpu()
{
	put proc/cpuinfo "processor	: 0
flags		: fpu tsc $1
vmx flags	: ${2-}"
}

ALL_FLAGS="svm constant_tsc nonstop_tsc tsc_known_freq tsc_reliable tsc_adjust tsc_scale"

# Debian 12 on an AMD host, the module loaded by root.
healthy()
{
	local hook

	rm -rf "$host"
	put proc/sys/kernel/osrelease $RELEASE
	put proc/sys/kernel/ftrace_enabled 1
	put "boot/config-$RELEASE" "# CONFIG_MODULE_SIG_FORCE is not set
CONFIG_KPROBES=y
CONFIG_KALLSYMS_ALL=y
CONFIG_DEBUG_INFO_BTF_MODULES=y
CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y"
	put lib/modules/$RELEASE/build/Makefile "# headers"
	put sys/kernel/btf/vmlinux btf
	put sys/kernel/btf/kvm btf
	put sys/kernel/security/lockdown "[none] integrity confidentiality"
	put sys/module/kvm/initstate live
	put sys/module/kvm_amd/initstate live
	put sys/module/kvm_amd/parameters/avic N
	put sys/module/kvm_timers/initstate live
	put sys/module/module/parameters/sig_enforce N
	put sys/devices/system/clocksource/clocksource0/current_clocksource tsc
	put dev/kvm ""
	put dev/kvm_timers ""
	chmod -R go+rX "$dir"
	chmod 666 "$host"/dev/*
	cpu "$ALL_FLAGS"
	module $RELEASE
	for hook in $HOOKS; do
		ours "$hook"
	done >"$dir/functions"
	put sys/kernel/tracing/enabled_functions "$(cat "$dir/functions")"
}

# As ftrace shows a function with the module's redirect.
ours()
{
	printf '%s [kvm] (1)    I     \ttramp: 0xffffffffc0401000 (redirect+0x0/0x1b0 [kvm_timers]) ->ftrace_ops_assist_func+0x0/0xf0\n' "$1"
}

unloaded()
{
	rm -r "$host/sys/module/kvm_timers" "$host/dev/kvm_timers"
	put sys/kernel/tracing/enabled_functions "schedule (1)         	tramp: 0xffffffffc0401000"
}

# Exactly these findings that are not ok, as CHECK:LEVEL, and a text in the first of them.
# finds TEXT REMEDY FINDING...
finds()
{
	local text=$1 remedy=$2 code=0 before=$failed wanted got

	shift 2
	case " $* " in *:fault*) code=1 ;; esac
	wanted=$(printf '%s\n' "$@")
	tool doctor --root="$host" --json
	got=$(jq -r '.checks[] | select(.level != "ok") | .check + ":" + .level' "$out")
	[ $rc = $code ] && [ ! -s "$err" ] && [ "$got" = "$wanted" ] &&
		jq -e --argjson code $code '.ok == ($code == 0) and
			.faults == ([.checks[] | select(.level == "fault")] | length) and
			.warnings == ([.checks[] | select(.level == "warning")] | length)' "$out" >/dev/null &&
		jq -r '[.checks[] | select(.level != "ok")][0] | .text' "$out" | grep -qF -- "$text" &&
		jq -r '[.checks[] | select(.level != "ok")][0] | .remedy' "$out" | grep -qF -- "$remedy"
	ok $? "$*: $text"

	tool doctor --root="$host"
	[ $rc = $code ] && [ ! -s "$err" ] && grep -qF -- "$text" "$out" &&
		grep -qF -- "-> $remedy" "$out"
	ok $? "the same for people"
	[ $# != 1 ] || [ "$failed" != "$before" ] || echo "$1 $text" >>"$named"
}

# No finding but what is ok, and a text in one of these. fine CHECK TEXT
fine()
{
	tool doctor --root="$host" --json
	[ $rc = 0 ] && [ ! -s "$err" ] && jq -e '.ok and .faults == 0 and .warnings == 0' "$out" >/dev/null &&
		jq -r --arg check "$1" '.checks[] | select(.check == $check) | .text' "$out" |
			grep -qF -- "$2"
	ok $? "nothing wrong, $1: $2"
}

test_usage()
{
	usage "unknown option '--rot': did you mean '--root'?" doctor --rot=/
	usage "--root has no value: write '--root=DIR'" doctor --root
	usage "--root has no value" doctor --root=
	usage "unexpected argument 'x'" doctor x
	fails 1 "is that the root of a host?" doctor --root="$dir/nowhere"
}

test_healthy()
{
	healthy
	fine module "installed, loaded"
	tool doctor --root="$host"
	[ $rc = 0 ] && grep -q "^This host can run kvm_timers: 0 faults, 0 warnings$" "$out" &&
		! grep -q -e '^fault' -e '^warning' -e '->' "$out"
	ok $? "a healthy host has no faults"
	[ ! -s "$log" ]
	ok $? "and the module has not been asked anything"

	unloaded
	fine module "installed, not loaded"
	healthy
	cpu "vmx constant_tsc nonstop_tsc tsc_known_freq tsc_reliable tsc_adjust" "vnmi tsc_scaling"
	mv "$host/sys/module/kvm_amd" "$host/sys/module/kvm_intel"
	fine kvm "kvm_intel is loaded"
	healthy
	cpu "${ALL_FLAGS/tsc_known_freq/}"
	fine tsc "no tsc_known_freq: the frequency is measured at each boot"
	healthy
	cpu "${ALL_FLAGS/tsc_reliable/}"
	fine tsc "no tsc_reliable: the host checks the TSC by another clock"
	healthy
	mv "$host/boot/config-$RELEASE" "$host/lib/modules/$RELEASE/build/.config"
	fine config "ftrace, kprobes"
}

# The release of a host is in more than one place.
release()
{
	healthy
	put proc/sys/kernel/osrelease "$1"
	mv "$host/boot/config-$RELEASE" "$host/boot/config-$1"
	mv "$host/lib/modules/$RELEASE" "$host/lib/modules/$1"
	RELEASE=$1 module "$1"
}

test_kernel()
{
	local option

	release 6.12.200+deb12-amd64
	fine kernel "6.12.200+deb12-amd64 is supported"
	release 6.5.0-1-amd64
	finds "6.5.0-1-amd64 is not supported" "boot Debian's 6.1" kernel:fault
	release 6.1.0-99-rt-amd64
	finds "PREEMPT_RT" "boot Debian's 6.1" kernel:fault
	release 6.1.0-99-cloud-amd64
	finds "none of Debian's that were tested" "boot Debian's" kernel:warning
	release 6.12.9-amd64
	finds "none of Debian's that were tested" "boot Debian's" kernel:warning

	for option in KPROBES KALLSYMS_ALL DEBUG_INFO_BTF_MODULES DYNAMIC_FTRACE_WITH_ARGS; do
		healthy
		sed -i "s/CONFIG_$option=y/# CONFIG_$option is not set/" "$host/boot/config-$RELEASE"
		finds "built without CONFIG_$option" "boot a kernel of Debian's" config:fault
	done
	healthy
	sed -i /KPROBES/d "$host/boot/config-$RELEASE"
	finds "built without CONFIG_KPROBES" "boot a kernel of Debian's" config:fault
	healthy
	rm "$host/boot/config-$RELEASE"
	finds "no configuration of this kernel" "install the kernel's package" config:warning
	healthy
	rm "$host/sys/kernel/btf/vmlinux"
	finds "no /sys/kernel/btf/vmlinux" "boot a kernel with CONFIG_DEBUG_INFO_BTF" btf:fault
	healthy
	rm "$host/sys/kernel/btf/kvm"
	finds "no /sys/kernel/btf/kvm" "use the kvm.ko" btf:fault
	healthy
	put proc/sys/kernel/ftrace_enabled 0
	finds "function tracing is switched off" "sysctl kernel.ftrace_enabled=1" ftrace:fault
	healthy
	rm "$host/proc/sys/kernel/ftrace_enabled"
	finds "functions cannot be redirected" "boot a kernel" ftrace:fault
}

test_module()
{
	healthy
	unloaded
	rm "$host/lib/modules/$RELEASE/updates/kvm_timers.ko"
	PATH=$PATH:/sbin depmod -b "$host" "$RELEASE"
	finds "not installed for the running kernel" "make KVER" module:warning hooks:warning
	rm "$host/lib/modules/$RELEASE/build/Makefile"
	finds "not installed" "make KVER" module:warning headers:fault hooks:warning
	put sys/kernel/security/lockdown "none [integrity] confidentiality"
	finds "not installed" "make KVER" module:warning headers:fault signature:warning hooks:warning

	healthy
	rm "$host/lib/modules/$RELEASE/build/Makefile"
	finds "cannot be built anew" "apt install linux-headers" headers:warning
	healthy
	module 6.1.0-98-amd64
	finds "built for another kernel: 6.1.0-98-amd64" "make KVER" module:fault
	# The longer of two releases begins as the other does.
	healthy
	module ${RELEASE}2
	finds "built for another kernel" "make KVER" module:fault
	healthy
	rm "$host/dev/kvm_timers"
	finds "no /dev/kvm_timers" "udevadm trigger" device:fault
}

test_signature()
{
	local must="the kernel takes signed modules only"

	healthy
	mkdir -p "$host/$(dirname $SECURE_BOOT)"
	printf '\6\0\0\0\1' >"$host/$SECURE_BOOT"
	fine signature "Secure Boot is on, and no lockdown"
	put sys/kernel/security/lockdown "none [integrity] confidentiality"
	finds "$must (lockdown, by Secure Boot), and this one is not" "sign it" signature:fault
	printf '\6\0\0\0\0' >"$host/$SECURE_BOOT"
	finds "$must (lockdown), and this one is not" "sign it" signature:fault
	module $RELEASE "A. Signer"
	fine signature "asked for (lockdown), and there: by A. Signer"
	put sys/kernel/security/lockdown "none integrity [confidentiality]"
	fine signature "asked for (lockdown), and there"

	healthy
	put sys/module/module/parameters/sig_enforce Y
	finds "$must (module.sig_enforce)" "sign it" signature:fault
	healthy
	echo CONFIG_MODULE_SIG_FORCE=y >>"$host/boot/config-$RELEASE"
	finds "$must (CONFIG_MODULE_SIG_FORCE)" "sign it" signature:fault
}

test_kvm()
{
	healthy
	cpu "${ALL_FLAGS/svm/}"
	finds "neither svm nor vmx" "switch SVM or VT-x on" cpu:fault
	healthy
	rm -r "$host/sys/module/kvm_amd"
	finds "neither kvm_amd nor kvm_intel" "modprobe kvm_amd" kvm:fault
	cpu "${ALL_FLAGS/svm/vmx}"
	finds "neither kvm_amd nor kvm_intel" "modprobe kvm_intel" kvm:fault
	healthy
	rm "$host/dev/kvm"
	finds "no /dev/kvm" "load KVM" kvm-device:fault
	healthy
	mv "$host/sys/module/kvm_amd" "$host/sys/module/kvm_intel"
	put sys/module/kvm_intel/parameters/enable_apicv Y
	finds "APICv is on" "where a guest counts ticks: enable_apicv=0" apicv:warning
	healthy
	put sys/module/kvm_amd/parameters/avic Y
	finds "AVIC is on" "where each tick counts: avic=0" apicv:warning
	put sys/module/kvm_amd/parameters/avic 1
	finds "AVIC is on" "where each tick counts: avic=0" apicv:warning
}

# Root may open whatever it likes: look as somebody else.
test_permissions()
{
	local device

	[ "$(id -u)" = 0 ] || return 0
	for device in kvm kvm_timers; do
		healthy
		chmod 600 "$host/dev/$device"
		setpriv --reuid=65534 --regid=65534 --clear-groups "$KVM_TIMERS" doctor --root="$host" \
			>"$out" 2>"$err"
		rc=$?
		[ $rc = 1 ] && [ "$(grep -c '^fault' "$out")" = 1 ] &&
			grep -q "no permission to open /dev/$device\$" "$out"
		ok $? "no permission to open /dev/$device"
	done

	healthy
	chmod 700 "$host/sys/kernel/tracing"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$KVM_TIMERS" doctor --root="$host" \
		>"$out" 2>"$err"
	rc=$?
	[ $rc = 0 ] && grep -q "^warning  hooks .*Permission denied" "$out" &&
		grep -q -e "-> look as root" "$out"
	ok $? "no permission to see who else is at KVM's functions"
}

test_tsc()
{
	local flag

	for flag in constant_tsc nonstop_tsc tsc_adjust; do
		healthy
		cpu "${ALL_FLAGS/$flag/}"
		finds "no $flag: " "use a CPU that has it" tsc:warning
	done
	healthy
	put sys/devices/system/clocksource/clocksource0/current_clocksource hpet
	finds "the host's clock is hpet, not the TSC" "see why in the log: dmesg" clocksource:warning
	healthy
	cpu "${ALL_FLAGS/tsc_scale/xtsc_scale tsc_scaler}"
	finds "does not scale a guest's TSC" "move guests between hosts" tsc-scaling:warning
	cpu "${ALL_FLAGS/svm/vmx}" "vnmi tsc_scaling_not"
	sed -i 's/ tsc_scale$//' "$host/proc/cpuinfo"
	mv "$host/sys/module/kvm_amd" "$host/sys/module/kvm_intel"
	finds "does not scale a guest's TSC" "move guests between hosts" tsc-scaling:warning
}

test_hooks()
{
	local functions=sys/kernel/tracing/enabled_functions

	healthy
	unloaded
	put $functions "kvm_vcpu_halt [kvm] (1)    I     	tramp: 0xffffffffc0401000 (redirect+0x0/0x1b [other]) ->ftrace_ops_assist_func+0x0/0xf0"
	finds "kvm_vcpu_halt is redirected by module other" "unload or disable" hooks:fault
	mkdir -p "$host/sys/kernel/livepatch/fix_halt/kvm/kvm_vcpu_halt,1"
	finds "kvm_vcpu_halt is redirected by live patch fix_halt" "unload" hooks:fault
	put $functions "kvm_vcpu_block [kvm] (1)    I     	tramp: 0xffffffffc0401000 (x+0x0/0x1b [other])
kvm_vcpu_halt (1) R I
kvm_vcpu_halts [kvm] (1) R I"
	fine hooks "nobody else"
	put $functions "kvm_arch_vm_ioctl [kvm] (1) R   D
	direct-->bpf_trampoline_6442491234+0x0/0x1000
kvm_set_tsc_khz [kvm] (2) R     	->ftrace_ops_list_func+0x0/0x210"
	finds "kvm_arch_vm_ioctl is redirected by a BPF program" "unload" hooks:fault hooks:warning
	put $functions "kvm_set_tsc_khz [kvm] (1)         	tramp: 0xffffffffc0401000 (kprobe_ftrace_handler+0x0/0x1b0)"
	finds "kvm_set_tsc_khz is traced or probed by others" "harmless" hooks:warning

	healthy
	{
		ours kvm_vcpu_halt
		ours kvm_set_tsc_khz | sed 's/(1)/(2)/'
	} >"$dir/functions"
	put $functions "$(cat "$dir/functions")"
	finds "kvm_set_tsc_khz is traced or probed by others" "harmless" hooks:warning
	rm "$host/$functions"
	finds "cannot see who else redirects" "mount -t tracefs" hooks:warning
}

# Nothing that a healthy host is told to be in order has gone unfaked, and eight faults at least,
# by what is said of them, were each alone.
test_coverage()
{
	local check nr_faults

	healthy
	tool doctor --root="$host" --json
	for check in $(jq -r '[.checks[].check] | unique | .[]' "$out"); do
		grep -q "^$check:" "$named"
		ok $? "something wrong with $check alone is named"
	done
	nr_faults=$(sort -u "$named" | grep -c ':fault ')
	[ "$nr_faults" -ge 8 ]
	ok $? "at least 8 faults, each alone, are named: $nr_faults"
}

test_usage
test_healthy
test_kernel
test_module
test_signature
test_kvm
test_permissions
test_tsc
test_hooks
test_coverage
finish
