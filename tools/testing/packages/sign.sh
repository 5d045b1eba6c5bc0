# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Modules are signed, by DKMS and by hand, and the signature is verified as the kernel does: over
# all that is before it, by the certificate that mokutil would enroll.

: "${work:?}" "${root:?}" "${out:?}"

MAGIC=$'~Module signature appended~\n'

# Take a signed module apart, into $2.content and $2.p7s.
take_apart()
{
	local size length end=$((${#MAGIC} + 12))

	size=$(stat -c %s "$1")
	tail -c ${#MAGIC} "$1" | cmp -s - <(printf %s "$MAGIC") || return
	# The last field before the magic: the length of the signature, big-endian.
	length=$((16#$(tail -c $((${#MAGIC} + 4)) "$1" | head -c 4 | od -An -tx1 | tr -d ' \n')))
	head -c $((size - end - length)) "$1" >"$2.content"
	tail -c $((end + length)) "$1" | head -c $length >"$2.p7s"
}

# $1: taken apart, $2: certificate, DER
verifies()
{
	openssl x509 -inform DER -in "$2" -out "$1.pem" &&
		openssl cms -verify -binary -inform DER -in "$1.p7s" -content "$1.content" \
			-certfile "$1.pem" -nointern -noverify -out /dev/null
}

# Is the module signed by that certificate, for all who look? $1: module, $2: certificate
is_signed_by()
{
	local serial name

	serial=$(openssl x509 -inform DER -in "$2" -noout -serial) serial=${serial#*=}
	name=$(openssl x509 -inform DER -in "$2" -noout -subject -nameopt multiline |
		sed -n 's/^ *commonName *= //p')
	[ "$(modinfo -F signer "$1")" = "$name" ] &&
		[ "$(modinfo -F sig_key "$1" | tr -d :)" = "$serial" ] &&
		take_apart "$1" "$work/signed" && verifies "$work/signed" "$2"
}

# $1: release
test_signed()
{
	local key=$work/mok sign file=$work/kvm_timers.ko mok=$root/var/lib/dkms/mok.pub

	xz -dc "$(module "$1")" >"$file" 2>/dev/null || cp "$(module "$1")" "$file"
	is_signed_by "$file" "$mok" >"$out" 2>&1
	ok $? "$1: signed by DKMS, with its key"

	# As the pages say.
	sign=$root$(chroot "$root" readlink -f "/lib/modules/$1/build/scripts")/sign-file
	strip_signature "$file"
	[ -z "$(modinfo -F signer "$file")" ] &&
		openssl req -new -x509 -newkey rsa:2048 -nodes -days 36500 -subj "/CN=throw-away/" \
			-keyout "$key.priv" -outform DER -out "$key.der" >"$out" 2>&1 &&
		"$sign" sha256 "$key.priv" "$key.der" "$file" >"$out" 2>&1 &&
		is_signed_by "$file" "$key.der" >"$out" 2>&1
	ok $? "$1: signed by hand"

	[ -s "$mok" ] && ! is_signed_by "$file" "$mok" >"$out" 2>&1 &&
		! verifies "$work/signed" "$mok" >"$out" 2>&1
	ok $? "$1: another key does not verify it"
	printf X | dd of="$file" bs=1 seek=4096 conv=notrunc status=none
	take_apart "$file" "$work/signed"
	! verifies "$work/signed" "$key.der" >"$out" 2>&1
	ok $? "$1: nor does its own, once a byte is another"
}

strip_signature()
{
	take_apart "$1" "$work/signed" && mv "$work/signed.content" "$1"
}
