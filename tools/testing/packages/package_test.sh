#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the packages, and see in a fresh Debian 12 what they do: with both kernels, with others, on
# upgrades of theirs and of the kernel's, and that nothing of them is left. The same of "make
# install". Modules are signed and the signature is verified; and, unless --no-lab is given, all is
# run in the lab, on both kernels. Prints TAP.
#
# usage: package_test.sh [--no-lab]
set -u

# Mounts that end with the test.
[ -n "${KT_UNSHARED:-}" ] || KT_UNSHARED=1 exec unshare -m "$0" "$@"

here=$(dirname "$(readlink -f "$0")")
repo=$(readlink -f "$here/../../..")
cache=${KT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvm_timers}/packages
work=$repo/build/packages
root=$work/root
out=$work/out
next=0.1.99

# shellcheck source=tools/scripts/lib.sh
. "$repo/tools/scripts/lib.sh"
# shellcheck source=tools/testing/packages/lib.sh
. "$here/lib.sh"
# shellcheck source=tools/testing/packages/sign.sh
. "$here/sign.sh"

[ "$(id -u)" = 0 ] || bail "must be root"
for program in dpkg-buildpackage dh lintian mmdebstrap openssl rst2man; do
	command -v $program >/dev/null || bail "no $program: tools/scripts/install-deps packages"
done

mkdir -p "$work"
: >"$out"

# DKMS looks for a compiler's name in Debian's vmlinux, and complains that it has none.
dkms_status()
{
	chroot "$root" dkms status 2>/dev/null
}

# The module of a kernel that DKMS has put into the image. $1: release
module()
{
	find "$root/lib/modules/$1/updates/dkms" -name 'kvm_timers.ko*' 2>/dev/null
}

# Built for that very kernel, of that version, and known to modprobe. $1: release, $2: version
is_built()
{
	local file

	file=$(module "$1")
	[ -n "$file" ] &&
		[ "$(modinfo -F version "$file")" = "$2" ] &&
		[[ $(modinfo -F vermagic "$file") == "$1 "* ]] &&
		grep -q '^updates/dkms/kvm_timers.ko' "$root/lib/modules/$1/modules.dep" &&
		dkms_status | grep -qF "kvm_timers/$2, $1, x86_64: installed"
}

# Nothing for that kernel, neither a file nor a note of DKMS.
is_not_built()
{
	[ -z "$(module "$1")" ] && ! dkms_status | grep -qF ", $1,"
}

same_version()
{
	local version

	version=$(dpkg-parsechangelog -l "$repo/debian/changelog" -S Version)
	grep -qF "MODULE_VERSION(\"$version\")" "$repo/main.c" &&
		grep -qFx "PACKAGE_VERSION=\"$version\"" "$repo/dkms.conf" &&
		grep -qE "^VERSION.*= $version\$" "$repo/tools/kvm_timers/Makefile"
}

test_build()
{
	same_version
	ok $? "one version in changelog, dkms.conf, module and tool"

	"$repo/tools/scripts/build-packages" "$work/new" $next >"$out" 2>&1
	ok $? "packages of the next version are built"
	"$repo/tools/scripts/build-packages" "$work/deb" >"$out" 2>&1 || bail "no packages"
	ok 0 "packages are built from a clean copy"

	(cd "$work/deb/src" && dpkg-buildpackage -T clean && find . -type f | sort) >"$out" 2>&1
	diff <(cd "$repo" && git ls-files --cached --others --exclude-standard | sed 's,^,./,' |
		sort) <(grep '^\./' "$out") >"$out.diff"
	ok $? "clean leaves what was there before"
	mv "$out.diff" "$out"

	lintian --allow-root --fail-on error,warning "$work"/deb/*.changes >"$out" 2>&1
	ok $? "lintian has no errors or warnings"
}

# Each parameter of the module, once.
test_conf()
{
	diff <(modinfo -F parm "$(module "$r61")" | cut -d: -f1 | sort) \
		<(sed -n 's/^#options kvm_timers \([a-z_]*\)=.*/\1/p' \
			"$root/etc/modprobe.d/kvm_timers.conf" | sort) >"$out"
	ok $? "modprobe.d: every parameter of the module, once"
	! grep -v '^#' "$root/etc/modprobe.d/kvm_timers.conf" | grep .
	ok $? "modprobe.d: all of it is comments"
}

test_install()
{
	local needs

	cp "$work"/deb/kvm-timers_*.deb "$work"/deb/kvm-timers-dkms_*.deb "$root/root/"
	debs=$(cd "$root/root" && printf '/root/%s ' kvm-timers*.deb)

	# What they depend on comes first, and is not theirs.
	apt -s install "$debs"
	needs=$(awk '/^Inst/ && $2 !~ /^kvm-timers/ { print $2 }' "$out" | tr '\n' ' ')
	grep -qw dkms <<<"$needs"
	ok $? "apt finds what they depend on: $needs"
	{ apt install "$needs" && apt autoremove --purge; } || bail "apt cannot install $needs"
	snapshot >"$work/before"

	apt install "$debs"
	ok $? "apt install ./kvm-timers*.deb"
	is_built "$r61" "$version"
	ok $? "built for $r61"
	inside "kvm-timers version" && says "$version"
	ok $? "the tool runs"
	inside "cd /usr/share/man/man8 && test -f kvm-timers.8.gz -a -f kvm-timers-exec.8.gz" &&
		[ -f "$root/lib/udev/rules.d/60-kvm-timers.rules" ] &&
		bash -n "$root/usr/share/bash-completion/completions/kvm-timers"
	ok $? "manual pages, udev rule and completion are there"
	[ ! -e "$root/etc/modules-load.d/kvm_timers.conf" ] &&
		[ -f "$root/usr/share/doc/kvm-timers/examples/modules-load.conf" ]
	ok $? "loading at boot is only an example"
}

test_kernels()
{
	local rt

	apt install "linux-image-$r612 linux-headers-$r612" && says "kvm_timers: built for $r612"
	ok $? "kernel upgrade from $r61 to $r612"
	is_built "$r612" "$version"
	ok $? "built for $r612"
	is_built "$r61" "$version"
	ok $? "still there for $r61"

	rt=$(newest '^linux-headers-6\.1\.0-[0-9]+-rt-amd64$')
	rt=${rt#linux-headers-}
	apt install "linux-headers-$rt" && says "not for $rt"
	ok $? "headers of $rt are installed, and refused"
	is_not_built "$rt"
	ok $? "nothing is built for $rt"

	fake_headers 6.6.0-1-amd64 "" true "$r61"
	apt install /root/linux-headers-6.6.0-1-amd64.deb && says "not for 6.6.0-1-amd64" &&
		is_not_built 6.6.0-1-amd64
	ok $? "headers of a 6.6 are installed, and refused"

	fake_headers 6.1.0-901-amd64 CONFIG_PREEMPT_RT=y true "$r61"
	apt install /root/linux-headers-6.1.0-901-amd64.deb && says "not for 6.1.0-901-amd64" &&
		is_not_built 6.1.0-901-amd64
	ok $? "headers with PREEMPT_RT are installed, and refused"

	fake_headers 6.1.0-902-amd64 "" false "$r61"
	apt install /root/linux-headers-6.1.0-902-amd64.deb && says "NOT built for 6.1.0-902-amd64" &&
		is_not_built 6.1.0-902-amd64
	ok $? "a build that fails does not fail the headers"
}

test_upgrade()
{
	apt install --reinstall "$debs" && says "built for $r61" && says "built for $r612" &&
		is_built "$r61" "$version" && is_built "$r612" "$version"
	ok $? "reinstalled, and built again for both"

	echo "options kvm_timers pit=1" >>"$root/etc/modprobe.d/kvm_timers.conf"
	cp "$work"/new/kvm-timers_$next*.deb "$work"/new/kvm-timers-dkms_$next*.deb "$root/root/"
	apt install "/root/kvm-timers_${next}_amd64.deb /root/kvm-timers-dkms_${next}_all.deb"
	ok $? "upgraded to $next, with a kernel there that it does not build for"
	is_built "$r61" $next && is_built "$r612" $next
	ok $? "built again for both"
	[ ! -e "$root/usr/src/kvm_timers-$version" ] &&
		[ ! -e "$root/var/lib/dkms/kvm_timers/$version" ]
	ok $? "nothing of $version is left"
	grep -qFx "options kvm_timers pit=1" "$root/etc/modprobe.d/kvm_timers.conf"
	ok $? "the administrator's settings are kept"

	apt install --allow-downgrades "$debs" && is_built "$r61" "$version" &&
		is_built "$r612" "$version"
	ok $? "and back to $version"
}

# The image as a host of VMs. $1: release
test_lab()
{
	local log=$work/lab-$1.log result name rc

	"$repo/tools/lab/run" --image "$root/boot/vmlinuz-$1" --modules "$root/lib/modules/$1" \
		--no-kvm --mem 3072 --timeout 3600 --log "$log" --work "$work/lab-$1" -- \
		"$here/lab_test.sh" "$root" "$version" >"$out" 2>&1
	rc=$?
	while IFS=- read -r result name; do
		[ "$result" = "ok " ]
		ok $? "lab, $1:$name"
	done < <(grep -aE '^(not )?ok - ' "$out" | tr -d '\r')
	ok $rc "lab, $1: all was done, and the kernel's log is clean"
}

test_removal()
{
	apt purge "linux-image-$r612 'linux-headers-$r612' 'linux-headers-*-rt-amd64'" \
		"linux-headers-6.6.0-1-amd64 'linux-headers-6.1.0-90*'" && is_not_built "$r612"
	ok $? "kernels are purged, and the module with them"
	is_built "$r61" "$version"
	ok $? "still there for $r61"

	apt remove "kvm-timers kvm-timers-dkms" && is_not_built "$r61"
	ok $? "removed"
	inside "/etc/kernel/header_postinst.d/kvm-timers-dkms $r61 &&
		/etc/kernel/postinst.d/kvm-timers-dkms $r61 /boot/vmlinuz-$r61" && [ ! -s "$out" ]
	ok $? "the hooks of a removed package do nothing"

	apt purge "kvm-timers kvm-timers-dkms"
	ok $? "purged"
	apt autoremove --purge
	snapshot >"$work/after"
	diff "$work/before" "$work/after" >"$out"
	ok $? "nothing is left behind"
}

# By hand, below DESTDIR, on this machine; and as the pages say, in the image.
# Manual pages, one for the tool and one for each of its commands.
pages()
{
	(cd "$work/deb/src/Documentation/man" && printf '%s\n' *.rst | LC_ALL=C sort | sed 's/\.rst$//')
}

test_make_install()
{
	local dest=$work/dest kver conf

	kver=$(release 6.1)
	conf=$dest/etc/modprobe.d/kvm_timers.conf
	rm -rf "$dest"
	nice make -C "$work/deb/src" "KVER=$kver" "DESTDIR=$dest" PREFIX=/opt/kt install >"$out" 2>&1
	diff - <(cd "$dest" && find . -type f | LC_ALL=C sort) >>"$out" <<-LIST
	./etc/modprobe.d/kvm_timers.conf
	./lib/modules/$kver/updates/kvm_timers.ko
	./opt/kt/lib/udev/rules.d/60-kvm-timers.rules
	./opt/kt/sbin/kvm-timers
	./opt/kt/share/bash-completion/completions/kvm-timers
	./opt/kt/share/doc/kvm-timers/examples/modules-load.conf
	$(pages | sed 's|^|./opt/kt/share/man/man8/|')
	LIST
	ok $? "make install below DESTDIR and PREFIX"
	make -C "$work/deb/src" "DESTDIR=$dest" PREFIX=/opt/kt uninstall >"$out" 2>&1 &&
		find "$dest" -type f -print -o -path '*kvm*' -print >"$out" && [ ! -s "$out" ]
	ok $? "make uninstall leaves nothing"

	echo "options kvm_timers pit=0" >"$conf"
	make -C "$work/deb/src" "KVER=$kver" "DESTDIR=$dest" install >"$out" 2>&1 &&
		make -C "$work/deb/src" "KVER=$kver" "DESTDIR=$dest" uninstall >"$out" 2>&1 &&
		[ "$(find "$dest" -type f)" = "$conf" ] && grep -qFx "options kvm_timers pit=0" "$conf"
	ok $? "but what an administrator has set"

	apt install "build-essential pkg-config libjson-c-dev libncurses-dev zlib1g-dev" \
		python3-docutils || bail "apt cannot install what make needs"
	rm -rf "$root/root/src"
	cp -r "$work/deb/src" "$root/root/src"
	snapshot >"$work/before"
	inside "cd /root/src && rm -rf build && make KVER=$r61 && make KVER=$r61 install" &&
		inside "modinfo -k $r61 -n kvm_timers" && says "/lib/modules/$r61/updates/kvm_timers.ko"
	ok $? "make install in the image: modprobe finds the module"
	inside "kvm-timers version && test -f /usr/local/share/man/man8/kvm-timers-exec.8"
	ok $? "make install in the image: tool and manual pages"
	inside "cd /root/src && make uninstall"
	snapshot >"$work/after"
	# Empty directories that man has, too.
	diff "$work/before" "$work/after" | grep '^[<>]' |
		grep -vE '^> /usr/local/(lib/udev|share/(bash-completion|doc|man)|sbin)(/[a-z0-9.]*)? d ' \
		>"$out"
	[ ! -s "$out" ]
	ok $? "make uninstall in the image leaves nothing"
}

# Names of packages in the image. $1: regular expression
newest()
{
	chroot "$root" apt-cache search --names-only "$1" | awk '{ print $1 }' | sort -V | tail -n 1
}

version=$(dpkg-parsechangelog -l "$repo/debian/changelog" -S Version)
test_build

# What an administrator has besides: VMMs, what confines them on Debian by default, and what draws
# the pictures of a report.
vmms=qemu-system-x86,libvirt-daemon-system,libvirt-clients,apparmor
make_image "linux-image-amd64,linux-headers-amd64,udev,zstd,$vmms,gnuplot-nox"
mount_image
apt update || bail "apt update"
r61=$(cd "$root/lib/modules" && echo 6.1.0-*-amd64)
r612=$(newest '^linux-image-6\.12\.[0-9]+\+deb12-amd64$')
r612=${r612#linux-image-}
[ -n "$r612" ] || bail "no 6.12 for Debian 12"

test_install
test_conf
test_kernels
test_signed "$r61"
test_signed "$r612"
test_upgrade
if [ "${1:-}" != --no-lab ]; then
	unmount_image
	test_lab "$r61"
	test_lab "$r612"
	mount_image
fi
test_removal
test_make_install
finish
