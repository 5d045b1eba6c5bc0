# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # these are the sourcing script's variables
#
# What the labs share: their options, finding kernel and module, filling an initrd, the verdict.

lab=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repo=$(readlink -f "$lab/../..")
cache=${KT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvm_timers}

kernel=6.1 image='' modules='' version='' module='' module_params='' kvm_params=''
use_module=1 use_kvm=1 command='' timeout='' append='' log=''
allow=()

die()
{
	echo "lab: $*" >&2
	exit 2
}

# Take an option that every lab has. Leaves in "words" how many of the arguments it was.
common_option()
{
	words=2
	case $1 in
	--kernel) kernel=${2:?} ;;
	--image) image=${2:?} ;;
	--modules) modules=${2:?} ;;
	--module) module=${2:?} ;;
	--module-params) module_params=${2?} ;;
	--kvm-params) kvm_params=${2?} ;;
	--no-module) use_module='' words=1 ;;
	--no-kvm) use_module='' use_kvm='' words=1 ;;
	--mem) mem=${2:?} ;;
	--timeout) timeout=${2:?} ;;
	--append) append+=" ${2?}" ;;
	--allow) allow+=(--allow "${2:?}") ;;
	--log) log=${2:?} ;;
	-h | --help) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
}

# Find image, modules and version of the kernel asked for.
find_kernel()
{
	local dir=$cache/$kernel

	if [[ $image ]]; then
		version=${modules:+$(basename "$modules")}
	elif [[ $kernel == debug-* ]]; then
		[[ -f $dir/done ]] || die "not built: tools/lab/build-debug-kernel ${kernel#debug-}"
		version=$(<"$dir/version")
		image=$dir/bzImage
		modules=$dir/lib/modules/$version
	else
		version=$(cd /lib/modules && printf '%s\n' "$kernel" "$kernel".*-amd64 |
			grep -vE 'cloud|-rt-' | sort -V |
			while read -r v; do [[ ! -d $v ]] || echo "$v"; done | tail -n 1)
		[[ $version ]] || die "no kernel $kernel: apt-get install its linux-image package"
		image=/boot/vmlinuz-$version
	fi
	if [[ $kernel == debug-* ]]; then
		# With five levels an interrupt in identify_cpu(), which clears the flags of the
		# CPU for a moment, lets KASAN complain of any address.
		append="pci=noacpi no_hash_pointers no5lvl $append"
		: "${timeout:=900}"
	fi
	# An emulated CPU takes fifty times as long, and now and then the machine has no time for
	# it at all. What hangs does so for longer.
	append="watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 $append"
	: "${timeout:=300}"
	[[ -f $image ]] || die "no kernel image $image"
	[[ ! $modules ]] || modules=$(readlink -f "$modules")
}

# Print the files of modules of this kernel and of those they depend on, in the order of loading.
# Arguments: names
module_files()
{
	local dir=()

	[[ $version ]] || return 0
	[[ ! $modules ]] || dir=(-d "${modules%/lib/modules/*}")
	modprobe "${dir[@]}" -S "$version" -a --show-depends "$@" |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

# Unpack modules into a directory, and print their names. $1: directory; the rest are files
put_modules()
{
	local file name

	for file in "${@:2}"; do
		name=$(basename "$file")
		name=${name%%.ko*}.ko
		case $file in
		*.xz) xz -dc "$file" >"$1/$name" ;;
		*.zst) zstd -qdc "$file" >"$1/$name" ;;
		*) cp "$file" "$1/$name" ;;
		esac
		echo "$name"
	done
}

# Copy files into a tree, at their own paths, with the libraries of programs. $1: tree; the rest
# are files
put_files()
{
	local file libraries part

	for file in "${@:2}"; do
		[[ -f $file ]] || die "no file $file"
		# Not a dynamic program: no libraries.
		libraries=$(ldd "$file" 2>/dev/null | grep -o '/[^ ]*') || libraries=''
		for part in $(readlink -f "$file") $libraries; do
			mkdir -p "$1$(dirname "$part")"
			cp -L "$part" "$1$part"
		done
	done
}

# The module that is to be loaded.
find_module()
{
	if [[ $use_module ]]; then
		: "${module:=$repo/build/$version/kvm_timers.ko}"
		[[ -f $module ]] || die "no $module (--no-module runs without)"
		module=$(readlink -f "$module")
	else
		module=''
	fi
}

# Write what l1-main is told. $1: directory, $2: module of the CPU's vendor
make_job()
{
	mkdir "$1"
	cp "$lab/l1-main" "$1/main"
	printf '%s\n' "$command" >"$1/command"
	{
		printf 'KT_REPO=%q\nKT_CWD=%q\nKT_MODULES=%q\n' "$repo" "$PWD" "$modules"
		printf 'KT_KVM=%q\nKT_KVM_PARAMS=%q\n' "$use_kvm" "$kvm_params"
		printf 'KT_VENDOR=%q\n' "$2"
		printf 'KT_MODULE=%q\nKT_MODULE_PARAMS=%q\n' "$module" "$module_params"
	} >"$1/env"
}

# End as the run ended. $1: status of the emulator, $2: file that has the command's
verdict()
{
	if (($1 == 124 || $1 == 137)); then
		echo "lab: timeout after $timeout s; the log ends with:" >&2
		tail -n 15 "$log" >&2
		"$lab/judge" --partial "${allow[@]}" "$log" || true
		exit 124
	fi
	"$lab/judge" "${allow[@]}" "$log" || exit 70
	[[ -s $2 ]] || { echo "lab: L1 left no result" >&2; exit 70; }
	exit "$(<"$2")"
}
