#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the KUnit suites of this repository in user-mode Linux.
#
# usage: run.sh [6.1|6.12] [argument of "kunit.py run"]...
#
# KT_LINUX_SOURCE	tarball of the kernel (default /usr/src/linux-source-<version>.tar.xz)
# KT_CACHE		where the private copy and the build live (default
#			$XDG_CACHE_HOME/kvm_timers); may be deleted at any time
# KT_JOBS		compilers at a time (default 2)
#
# The repository is linked into the copy, not copied: a second run compiles what
# has changed since. Nothing is written to the repository.
set -eu

version=${1:-6.12}
[ $# -eq 0 ] || shift

case $version in
6.1|6.12) ;;
*)
	echo "usage: $0 [6.1|6.12] [argument of \"kunit.py run\"]..." >&2
	exit 2
	;;
esac

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
cache=${KT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvm_timers}/kunit
tarball=${KT_LINUX_SOURCE:-/usr/src/linux-source-$version.tar.xz}
linux=$cache/linux-$version
build=$cache/build-$version
log=$cache/log-$version

# Make the private copy; a copy cut short by a signal must not be taken for one.
unpack()
{
	[ -r "$tarball" ] || {
		echo "$0: $tarball: not found (Debian package linux-source-$version)" >&2
		exit 2
	}
	echo "unpacking $tarball"
	rm -rf "$linux.part"
	mkdir "$linux.part"
	nice tar -xf "$tarball" -C "$linux.part" --strip-components=1
	mv "$linux.part" "$linux"
}

# Add a line to a file of the copy, once.
add_line()
{
	grep -qxF "$2" "$1" || echo "$2" >>"$1"
}

link()
{
	# Another work tree may have newer objects than this one has sources.
	if [ "$(readlink "$linux/lib/kvm_timers" || :)" != "$repo" ]; then
		rm -rf "$build/lib/kvm_timers"
		ln -sfn "$repo" "$linux/lib/kvm_timers"
	fi
	add_line "$linux/lib/Kconfig" 'source "lib/kvm_timers/Kconfig"'
	add_line "$linux/lib/Makefile" 'obj-y += kvm_timers/'
}

# Print one of kunit.py's totals, 0 if it is not named.
total()
{
	n=$(sed -n "s/.*Testing complete\..*$1: \([0-9]*\).*/\1/p" "$log" | tail -n 1)
	echo "${n:-0}"
}

mkdir -p "$cache"
exec 9>"$cache/lock-$version"
flock 9

[ -d "$linux" ] || unpack
link

# A pipe hides the exit status of its first part: take it aside.
echo 1 >"$log.status"
(
	cd "$linux"
	if nice ./tools/testing/kunit/kunit.py run --jobs "${KT_JOBS:-2}" --build_dir "$build" \
		--kunitconfig "$here/.kunitconfig" "$@" </dev/null
	then
		echo 0 >"$log.status"
	fi
) 9>&- | tee "$log"
status=$(cat "$log.status")

passed=$(total passed)
failed=$(($(total failed) + $(total crashed) + $(total errors)))
echo "kunit $version: $passed passed, $failed failed"

# A run of nothing has shown nothing.
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
