# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2086 # no path here has a space
#
# Inside L1: Debian's libvirt, unmodified, and a domain set up as Documentation/admin/install.rst
# says. What is there in literal blocks is what is tested. AppArmor confines both, as on any Debian;
# paths in its profiles are those of the root of a mount namespace, so that of as_root().

: "${root:?}" "${out:?}"

page=$KT_REPO/Documentation/admin/install.rst
wrapper=/usr/local/bin/qemu-kvm-timers
of_libvirtd=/etc/apparmor.d/local/usr.sbin.libvirtd
of_domains=/etc/apparmor.d/local/abstractions/libvirt-qemu

# The literal block behind the paragraph that ends in a line that has $1.
block()
{
	awk -v begin="$1" '
		in_block && /^[^ ]/ { exit }
		in_block && (NF || printed) { sub(/^    /, ""); print; printed = 1 }
		index($0, begin) && /::$/ { in_block = 1 }' "$page"
}

# Like inside(), where the image is the root of a mount namespace: libvirt makes a /dev for each QEMU,
# and enters its namespace for that, which leads out of a chroot.
as_root()
{
	unshare -m --propagation private bash -c "cd $root && pivot_root . mnt && umount -l /mnt &&
		exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		bash -c '$1'" >$out 2>&1 </dev/null
}

# The profile that confines process $1
profile_of()
{
	cat "/proc/$1/attr/apparmor/current"
}

# Whether AppArmor has denied something, with $1 in its line, since "dmesg -C".
denied()
{
	dmesg | grep 'apparmor="DENIED"' >$out.denied
	cat $out.denied >>$out
	grep -qF -- "$1" $out.denied
}

# What systemd does at boot, which L1 has not.
start_apparmor()
{
	mount -t securityfs securityfs $root/sys/kernel/security
	as_root "apparmor_parser -r /etc/apparmor.d" && inside "aa-enabled" &&
		cp $root/sys/kernel/security/apparmor/profiles $out &&
		grep -qFx "libvirtd (enforce)" $out && grep -qFx "virt-aa-helper (enforce)" $out
	ok $? "AppArmor is enabled, and enforces Debian's profiles of libvirt"
}

start_libvirt()
{
	mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
	inside "SYSTEMD_IGNORE_CHROOT=1
		export SYSTEMD_IGNORE_CHROOT
		/lib/systemd/systemd-udevd --daemon && udevadm trigger --settle /dev/kvm_timers" &&
		[ "$(chroot $root stat -c '%a %G' /dev/kvm_timers)" = "660 kvm" ]
	ok $? "udev: the group kvm may open the device"
	as_root "virtlogd -d && libvirtd -d" && inside "virsh version"
	ok $? "libvirtd runs: $(sed -n 's/^Using library: //p' $out)"
	profile_of "$(<$root/run/libvirtd.pid)" >$out && grep -qFx "libvirtd (enforce)" $out
	ok $? "confined: $(<$out)"
}

# The page's. $1: where the tool is
put_wrapper()
{
	block "$wrapper\`\`::" | sed "s,/usr/local/sbin/kvm-timers,$1," >$root$wrapper
	chmod 755 $root$wrapper
}

# As the page says, but for where the package has the tool.
set_up()
{
	put_wrapper /usr/sbin/kvm-timers
	mkdir $root/etc/kvm-timers
	block 'has, in ``/etc/kvm-timers/NAME``::' >$root/etc/kvm-timers/clocked
	# The list that libvirt has by itself is there as a comment.
	sed -n '/^#cgroup_device_acl/,/^#\]/s/^#//p' $root/etc/libvirt/qemu.conf |
		sed 's,"/dev/kvm",&\, "/dev/kvm_timers",' >$out
	cat $out >>$root/etc/libvirt/qemu.conf
	grep -q kvm_timers $out && grep -q exec $root$wrapper &&
		grep -q policy $root/etc/kvm-timers/clocked
	ok $? "wrapper, options and qemu.conf are those of the page"
}

# $1: name, $2: emulator
define()
{
	cat >$root/tmp/$1.xml <<-DOMAIN
	<domain type='kvm'>
	  <name>$1</name>
	  <memory unit='MiB'>64</memory>
	  <os><type arch='x86_64' machine='pc'>hvm</type></os>
	  <features><acpi/><apic/></features>
	  $(block 'A domain with ::')
	  <devices>
	    <emulator>$2</emulator>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	  </devices>
	</domain>
	DOMAIN
	inside "virsh define --validate /tmp/$1.xml"
}

# Of the VM of domain $1, by its process.
status_of()
{
	local pid id

	[ -s "$root/run/libvirt/qemu/$1.pid" ] || return
	pid=$(<"$root/run/libvirt/qemu/$1.pid")
	id=$(chroot $root kvm-timers list --json | jq ".[] | select(.pid == $pid) | .id")
	[ -n "$id" ] && chroot $root kvm-timers status "$id" --json
}

# $1: what jq is to find true of domain "clocked", until it does
clocked()
{
	local try

	for ((try = 0; try < 60; try++)); do
		status_of clocked >$out && jq -e "$1" $out >/dev/null && return
		sleep 1
	done
	return 1
}

# What the page has AppArmor allow libvirtd, without which it denies the wrapper.
allow_libvirtd()
{
	dmesg -C
	! define clocked $wrapper && denied "profile=\"libvirtd\" name=\"$wrapper\""
	ok $? "AppArmor keeps libvirtd from the wrapper"
	block "$of_libvirtd\`\`::" >>$root$of_libvirtd
	as_root "$(block 'when its profile is loaded again::')" && define clocked $wrapper
	ok $? "virsh define, with the page's line: a domain whose emulator is the wrapper"
	inside "virsh domuuid clocked" && profile=libvirt-$(head -n 1 $out)
}

# Each of what the page has it allow a domain. The lines are in the order in which they are needed.
allow_domains()
{
	local lines line

	mapfile -t lines < <(block "$of_domains\`\`::" | grep .)
	for line in "${lines[@]}"; do
		printf '%s\n' "${lines[@]}" | grep -vxF -- "$line" >$root$of_domains
		dmesg -C
		! inside "virsh start clocked" && denied "profile=\"$profile\""
		ok $? "virsh start is denied without: $line"
		chroot $root virsh destroy clocked >/dev/null 2>&1
	done
	# That line comes last, so the tool was there to say it.
	grep -F "/dev/kvm_timers is denied, though its owner and mode allow it" \
		$root/var/log/libvirt/qemu/clocked.log >$out
	ok $? "the tool says that it is not about who it is: $(tail -n 1 $out)"
	printf '%s\n' "${lines[@]}" >$root$of_domains
}

# Domain clocked is what the page promises.
is_confined()
{
	profile_of "$(<$root/run/libvirt/qemu/clocked.pid)" >$out && grep -qFx "$profile (enforce)" $out
}

run_domain()
{
	dmesg -C
	inside "virsh start clocked"
	ok $? "virsh start, with all the page's lines" || return
	is_confined
	ok $? "its QEMU is confined: $(<$out)"
	clocked '.devices.pit.delivered > 0'
	ok $? "its VM is taken over, and its PIT ticks"
	jq -e '.devices.pit.policy == "delay" and (.devices.rtc | [.policy, .catchup_max_rate_pct,
		.catchup_limit_ms, .catchup_threshold_us, .base]) == ["catchup", 120, 10000, 2000,
		"localtime"] and (.devices | has("hpet") | not)' \
		$out >/dev/null
	ok $? "with the options that the page has for its <clock>"
	tr '\0' '\n' <"/proc/$(<"$root/run/libvirt/qemu/clocked.pid")/status" >$out
	grep -q "^Uid:.$(chroot $root id -u libvirt-qemu)" $out
	ok $? "as the user of libvirt's QEMU"

	inside "virsh suspend clocked" && clocked .clock.frozen
	ok $? "virsh suspend: its clocks stand still"
	inside "virsh resume clocked" && clocked '.clock.frozen | not'
	ok $? "virsh resume: they go on"
}

# By hand the tool is elsewhere: the page's wrapper as it is.
run_by_hand()
{
	install -D $root/usr/sbin/kvm-timers $root/usr/local/sbin/kvm-timers
	put_wrapper /usr/local/sbin/kvm-timers
	inside "virsh destroy clocked && virsh start clocked" && is_confined &&
		clocked '.devices.pit.delivered > 0'
	ok $? "the same with the tool in /usr/local/sbin"
	rm $root/usr/local/sbin/kvm-timers
}

# The module is asked for nothing where the wrapper is not named.
run_other()
{
	define other /usr/bin/qemu-system-x86_64 && inside "virsh start other" &&
		inside "virsh domstate other" && grep -q running $out && ! status_of other >>$out
	ok $? "a domain with Debian's QEMU beside it is left alone"
	inside "virsh destroy other && virsh undefine other"
	ok $? "and ends"
}

end_domain()
{
	inside "virsh destroy clocked && virsh undefine clocked" &&
		[ "$(chroot $root kvm-timers list --json | jq length)" = 0 ]
	ok $? "virsh destroy: its VM is gone"
	: >$out
	! denied ""
	ok $? "AppArmor has denied nothing since it was told of the wrapper"
	: >$root$of_libvirtd
	: >$root$of_domains
	rm -r $root$wrapper $root/etc/kvm-timers
	# shellcheck disable=SC2046 # numbers
	kill $(cat $root/run/libvirtd.pid $root/run/virtlogd.pid) \
		$(pgrep -f /lib/systemd/systemd-udevd) 2>/dev/null
}

test_libvirt()
{
	set_up
	start_apparmor
	start_libvirt
	allow_libvirtd
	allow_domains
	run_domain
	run_by_hand
	run_other
	end_domain
}
