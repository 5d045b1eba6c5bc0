# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of this folder share.

# The newest installed release of a kernel series. $1: 6.1 or 6.12
release()
{
	find /lib/modules -maxdepth 1 -name "$1.*-amd64" -printf '%f\n' | sort -V | tail -n 1
}
