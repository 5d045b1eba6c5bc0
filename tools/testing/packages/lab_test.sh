#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside L1: what an administrator does who has installed the packages, on what is installed in an
# image; to the purge of both while the module is loaded. Changes are kept in memory.
#
# usage: lab_test.sh IMAGE
set -u

root=/tmp/root
out=/tmp/out
failed=0
parameters=/sys/module/kvm_timers/parameters

ok()
{
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/# /' $out
		failed=1
	fi
}

inside()
{
	chroot $root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		TERM=dumb DEBIAN_FRONTEND=noninteractive bash -c "$1" >$out 2>&1 </dev/null
}

enter()
{
	modprobe overlay
	mkdir -p /tmp/changes $root
	mount -t tmpfs tmpfs /tmp/changes
	mkdir /tmp/changes/{upper,work}
	mount -t overlay -o "lowerdir=$1,upperdir=/tmp/changes/upper,workdir=/tmp/changes/work" \
		overlay $root
	mount -t proc proc $root/proc
	mount -t sysfs sysfs $root/sys
	mount -t tracefs tracefs $root/sys/kernel/tracing
	mount --rbind /dev $root/dev
	mount -t tmpfs tmpfs $root/run
	mount -t tmpfs tmpfs $root/tmp
}

values()
{
	(cd $parameters && grep -H . -- *)
}

# Ticks of the PIT that VM $1 has been given
delivered()
{
	chroot $root kvm-timers status "$1" --json | tr -d ' \n' |
		sed -n 's/.*"pit":{[^}]*"delivered":\([0-9]*\).*/\1/p'
}

# A guest that has only its firmware, which counts the PIT's ticks.
run_guest()
{
	local vm='' try before after

	chroot $root kvm-timers exec -- qemu-system-x86_64 -accel kvm -m 64 -display none \
		-nodefaults >/tmp/qemu 2>&1 &
	for ((try = 0; try < 120; try++)); do
		vm=$(chroot $root kvm-timers list | awk 'NR == 2 { print $1 }')
		[ -z "$vm" ] || break
		sleep 0.5
	done
	cp /tmp/qemu $out
	[ -n "$vm" ]
	ok $? "kvm-timers exec -- qemu-system-x86_64: its VM is taken over"

	for ((try = 0; try < 120; try++)); do
		before=$(delivered "$vm")
		[ "${before:-0}" = 0 ] || break
		sleep 0.5
	done
	sleep 2
	after=$(delivered "$vm")
	echo "ticks: $before, then $after" >$out
	((${after:-0} > ${before:-0}))
	ok $? "its PIT ticks"

	inside "(sleep 5; printf q) | script -qec 'stty rows 24 cols 80; TERM=vt100 kvm-timers top' \
		/dev/null" && grep -q ASKED $out && grep -q qemu-system $out
	ok $? "kvm-timers top shows it, and quits"
	kill %1
	wait
	[ "$(chroot $root kvm-timers list --json | tr -d ' \n')" = "[]" ]
	ok $? "and it is gone"
}

enter "$1"

inside "modprobe kvm_amd && modprobe kvm_timers"
ok $? "modprobe kvm_timers"
values >/tmp/defaults
inside "kvm-timers doctor"
ok $? "kvm-timers doctor finds nothing in the way"
run_guest

# The file's comments are the defaults, and settings.
inside "modprobe -r kvm_timers &&
	sed -i 's/^#options/options/' /etc/modprobe.d/kvm_timers.conf && modprobe kvm_timers"
ok $? "loads with every line of modprobe.d"
values | diff /tmp/defaults - >$out
ok $? "which are the defaults"
inside "modprobe -r kvm_timers && echo options kvm_timers auto_attach=1 \
	>>/etc/modprobe.d/kvm_timers.conf && modprobe kvm_timers &&
	grep -qx Y $parameters/auto_attach"
ok $? "a setting takes effect"

inside "dpkg --purge kvm-timers kvm-timers-dkms"
ok $? "purged with the module loaded"
inside "rmmod kvm_timers" && ! inside "modprobe -n kvm_timers" && [ ! -e /dev/kvm_timers ]
ok $? "unloaded, and not there to be loaded again"
exit $failed
