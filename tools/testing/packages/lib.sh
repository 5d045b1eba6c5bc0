# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of the packages share. They print TAP.
#
# work		a directory for all that is made
# cache		one for what is kept
# root		the image, a directory
# out		what the last command said

: "${work:?}" "${cache:?}" "${root:?}" "${out:?}"
passed=0
failed=0

# $1: exit status of what was tested, $2: its name
ok()
{
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
		tail -n 40 "$out" | sed 's/^/# /'
	fi
}

# The last line of a test. Return: whether all passed.
finish()
{
	echo "1..$((passed + failed))"
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}

bail()
{
	echo "Bail out! $*"
	[ ! -s "$out" ] || tail -n 20 "$out" | sed 's/^/# /'
	exit 1
}

# A shell command line in the image; says nothing, leaves it in "out". Kernels are booted by the
# lab, if at all, which has an initrd of its own.
inside()
{
	chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive INITRD=No ${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} \
		bash -c "$1" >"$out" 2>&1 </dev/null
}

# apt in the image, and nothing half done afterwards.
apt()
{
	inside "apt-get -q -y -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 $*" || return
	[ -z "$(chroot "$root" dpkg --audit)" ]
}

says()
{
	grep -qF -- "$1" "$out"
}

# The image is Debian's, by the way that this machine has to it. Its bare state is kept for a day.
# $1: packages
make_image()
{
	local base new=$cache/new.tar list=$work/sources.list

	base=$cache/bookworm-$(cksum <<<"$1" | cut -d' ' -f1).tar
	if [ -z "$(find "$base" -mtime -1 2>/dev/null)" ]; then
		rm -f "$cache"/bookworm-*.tar
		# shellcheck disable=SC2016 # apt's own variables
		apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
			'Identifier: Packages' 'Origin: Debian' | grep ' bookworm' | sort -u >"$list"
		apt-config dump | grep -E '^Acquire::(http|https)::' >"$work/apt.conf"
		mkdir -p "$cache"
		INITRD=No nice mmdebstrap --variant=apt --include="$1" --aptopt="$work/apt.conf" \
			--aptopt='APT::Install-Recommends "false"' bookworm "$new" "$list" \
			>"$out" 2>&1 || bail "no image"
		mv "$new" "$base"
	fi
	rm -rf "$root"
	mkdir "$root"
	tar -C "$root" -xf "$base"
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	# No service is started in a chroot.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
}

# For as long as this process, which has mounts of its own.
mount_image()
{
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/run"
}

unmount_image()
{
	local dir

	for dir in proc sys dev run; do
		umount -R "$root/$dir"
	done
}

# All that the image has, by name, kind, mode, owner and content; but for what apt and dpkg write
# down, caches, logs, and the key that DKMS makes for itself once.
snapshot()
{
	chroot "$root" find / -xdev \( -path /root -o -path /tmp -o -path /var/cache -o \
		-path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg -o \
		-path '/var/lib/dkms/mok.*' \) -prune -o -printf '%p %y %m %U:%G %l\n' | sort
	chroot "$root" find /boot /etc /lib/ /usr /var/lib/dkms -xdev -name 'mok.*' -prune -o \
		-type f -print0 | (cd "$root" && sed -z 's,^/,,' | sort -z | xargs -0 sha256sum)
}

# A package of headers of a kernel that there is not. $1: release, $2: a line for its .config,
# $3: what make is to do, $4: a release whose .config it has
fake_headers()
{
	local dir=$work/fake name=linux-headers-$1 src

	src=$dir/usr/src/$name
	rm -rf "$dir"
	mkdir -p "$dir/DEBIAN" "$src/include" "$dir/lib/modules/$1"
	{ cat "$root/usr/src/linux-headers-$4/.config"; echo "$2"; } >"$src/.config"
	printf 'modules:\n\t%s\n' "$3" >"$src/Makefile"
	ln -s "/usr/src/$name" "$dir/lib/modules/$1/build"
	cat >"$dir/DEBIAN/control" <<-CONTROL
	Package: $name
	Version: 1
	Architecture: amd64
	Maintainer: nobody <nobody@example.org>
	Depends: linux-base
	Description: a test
	CONTROL
	printf '#!/bin/sh -e\nlinux-run-hooks headers postinst %s -- "$@"\n' "$1" \
		>"$dir/DEBIAN/postinst"
	chmod 755 "$dir/DEBIAN/postinst"
	dpkg-deb -b "$dir" "$root/root/$name.deb" >"$out" 2>&1
}
