# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2086 # no path here has a space
#
# Inside L1: Debian's libvirt, unmodified, and a domain set up as Documentation/admin/install.rst
# says. What is there in literal blocks is what is tested.

: "${root:?}" "${out:?}"

page=$KT_REPO/Documentation/admin/install.rst
wrapper=/usr/local/bin/qemu-kvm-timers

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

# By hand, as L1 has no systemd.
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
}

# As the page says, but for where the package has the tool.
set_up()
{
	block "$wrapper\`\`::" | sed 's,/usr/local/sbin/kvm-timers,/usr/sbin/kvm-timers,' \
		>$root$wrapper
	chmod 755 $root$wrapper
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

run_domain()
{
	define clocked $wrapper && inside "virsh start clocked"
	ok $? "virsh define, start: a domain whose emulator is the wrapper" || return
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
	rm -r $root$wrapper $root/etc/kvm-timers
	# shellcheck disable=SC2046 # numbers
	kill $(cat $root/run/libvirtd.pid $root/run/virtlogd.pid) \
		$(pgrep -f /lib/systemd/systemd-udevd) 2>/dev/null
}

test_libvirt()
{
	set_up
	start_libvirt
	run_domain
	run_other
	end_domain
}
