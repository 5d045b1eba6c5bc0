#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel or its headers have been installed, $1: build kvm_timers for it. What goes wrong is
# said, but is not the kernel's business. Stays until the package is purged, hence the question.

if [ -x /usr/lib/kvm-timers-dkms/dkms-build ]; then
	/usr/lib/kvm-timers-dkms/dkms-build build "$1"
fi
exit 0
