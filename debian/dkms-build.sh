#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build and install kvm_timers by DKMS for the kernels named, or for all; remove it from all.
# Always ends with 0: that the module does not build must not keep a package from being installed,
# be it this one or a kernel.
#
# usage: dkms-build build [KERNEL...]
#        dkms-build remove

name=kvm_timers
version=@VERSION@

# Where the headers are missing, their own hook comes back later.
build()
{
	[ -d "/lib/modules/$1/build/include" ] || return
	dkms status -m $name -v $version -k "$1" | grep -q installed && return

	log=$(dkms install -m $name -v $version -k "$1" 2>&1 </dev/null)
	rc=$?
	case $rc in
	0)
		echo "$name: built for $1" ;;
	77)
		echo "$name: not for $1: this kernel is not supported" ;;
	*)
		echo "$log" >&2
		echo "$name: NOT built for $1 (dkms: $rc), which has no $name until it is:" >&2
		echo "$name: see above, then: dkms install $name/$version -k $1" >&2 ;;
	esac
}

verb=$1
[ $# = 0 ] || shift

case $verb in
build)
	# The administrator's word to DKMS holds here, too.
	[ ! -e /etc/dkms/no-autoinstall ] || exit 0
	if [ $# = 0 ]; then
		for dir in /lib/modules/*/; do
			build "$(basename "$dir")"
		done
	fi
	for kernel; do
		build "$kernel"
	done ;;
remove)
	if [ -n "$(dkms status -m $name -v $version)" ]; then
		dkms remove -m $name -v $version --all ||
			echo "$name: dkms cannot remove $version" >&2
	fi ;;
*)
	echo "usage: dkms-build build [KERNEL...] | remove" >&2
	exit 2 ;;
esac
exit 0
