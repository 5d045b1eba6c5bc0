#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside L1: what an administrator does with the packages, in an image that has had them built for
# its kernels; from the installation of both to their purge while the module is loaded. Changes are
# kept in memory. Files to look at stay in $KT_WORK.
#
# usage: lab_test.sh IMAGE VERSION
set -u

here=$(dirname "$(readlink -f "$0")")
root=/tmp/root
out=/tmp/out
upper=/tmp/changes/upper
failed=0
parameters=/sys/module/kvm_timers/parameters

# $1: exit status of what was tested, which is returned, $2: its name
ok()
{
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		tail -n 40 $out | sed 's/^/# /'
		failed=1
	fi
	return "$1"
}

inside()
{
	chroot $root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		TERM=dumb DEBIAN_FRONTEND=noninteractive bash -c "$1" >$out 2>&1 </dev/null
}

# shellcheck source=tools/testing/packages/guest.sh
. "$here/guest.sh"
# shellcheck source=tools/testing/packages/libvirt.sh
. "$here/libvirt.sh"

enter()
{
	modprobe overlay
	mkdir -p /tmp/changes $root
	mount -t tmpfs tmpfs /tmp/changes
	mkdir /tmp/changes/{upper,work}
	mount -t overlay -o "lowerdir=$1,upperdir=$upper,workdir=/tmp/changes/work" overlay $root
	mount -t proc proc $root/proc
	mount -t sysfs sysfs $root/sys
	mount -t tracefs tracefs $root/sys/kernel/tracing
	mount --rbind /dev $root/dev
	mount -t tmpfs tmpfs $root/run
	mount -t tmpfs tmpfs $root/tmp
}

# All that is other than in the image, but for what apt, dpkg and libvirt write down, caches, logs,
# and what administrators tell AppArmor.
changes()
{
	(cd $upper && find . \( -path ./root -o -path ./var/cache -o -path ./var/log -o \
		-path ./var/lib/apt -o -path ./var/lib/dpkg -o -path '*/libvirt' -o \
		-path ./etc/apparmor.d/local \) -prune -o \
		\( ! -type d -o -exec test ! -d "$1/{}" \; \) \
		-printf '%p %y %m %U:%G %l\n' -type f -exec sha256sum {} \; | sort)
}

values()
{
	(cd $parameters && grep -H . -- *)
}

# The emulated CPU would take a quarter of an hour for each kernel whose headers are there.
leave_one_kernel()
{
	local dir

	for dir in "$root"/lib/modules/*; do
		[ "${dir##*/}" = "$(uname -r)" ] || rm -f "$dir/build"
	done
}

test_install()
{
	inside "apt-get -q -y purge kvm-timers kvm-timers-dkms"
	ok $? "both are purged, for a fresh start"
	leave_one_kernel
	changes "$1" >/tmp/before
	inside "cd /root && apt-get -q -y install ./kvm-timers_$2_amd64.deb \
		./kvm-timers-dkms_$2_all.deb" && grep -q "kvm_timers: built for $(uname -r)" $out
	ok $? "apt install ./kvm-timers*.deb, built by DKMS"
	inside "modprobe kvm_amd && modprobe kvm_timers"
	ok $? "modprobe kvm_timers"
	values >/tmp/defaults
	inside "kvm-timers doctor"
	ok $? "kvm-timers doctor finds nothing in the way"
}

# The file's comments are the defaults, and settings.
test_settings()
{
	inside "modprobe -r kvm_timers &&
		sed -i 's/^#options/options/' /etc/modprobe.d/kvm_timers.conf && modprobe kvm_timers"
	ok $? "loads with every line of modprobe.d"
	values | diff /tmp/defaults - >$out
	ok $? "which are the defaults"
	inside "modprobe -r kvm_timers && echo options kvm_timers auto_attach=1 \
		>>/etc/modprobe.d/kvm_timers.conf && modprobe kvm_timers &&
		grep -qx Y $parameters/auto_attach"
	ok $? "a setting takes effect"
}

test_purge()
{
	inside "apt-get -q -y purge kvm-timers kvm-timers-dkms"
	ok $? "purged with the module loaded"
	inside "rmmod kvm_timers" && ! inside "modprobe -n kvm_timers" && [ ! -e /dev/kvm_timers ]
	ok $? "unloaded, and not there to be loaded again"
	changes "$1" | diff /tmp/before - >$out
	ok $? "nothing is left behind"
}

enter "$1"
test_install "$@"
test_guest
test_libvirt
test_settings
test_purge "$1"
exit $failed
