# SPDX-License-Identifier: GPL-2.0-only
# bash completion for kvm-timers

_kvm_timers_ids()
{
	kvm-timers list 2>/dev/null | while read -r id _; do
		[ "$id" = ID ] || printf '%s\n' "$id"
	done
}

# SETTING=VALUE. $1: as far as it is written
_kvm_timers_settings()
{
	local device

	case $1 in
	pit.policy=* | rtc.policy=* | hpet.policy=* | lapic.policy=*)
		printf "${1%%=*}=%s\n" catchup delay merge discard default ;;
	lapic.advance_ns=*)
		printf 'lapic.advance_ns=%s\n' auto default ;;
	budget_hz=*)
		printf 'budget_hz=%s\n' default ;;
	gap=*)
		printf 'gap=%s\n' stop jump slew default ;;
	*)
		for device in pit rtc hpet lapic; do
			printf "$device.%s\n" policy= catchup_max_rate= catchup_limit_ms= \
				catchup_threshold_us=
		done
		echo lapic.advance_ns=
		echo budget_hz=
		echo gap= ;;
	esac
}

_kvm_timers_words()
{
	local command=$1 cur=$2 nth=$3

	case $command:$cur in
	exec:--policy=pit=* | exec:--policy=rtc=* | exec:--policy=hpet=* | \
	exec:--policy=lapic=*)
		printf -- "${cur%=*}=%s\n" catchup delay merge discard default ;;
	exec:--policy=*)
		printf -- '--policy=%s\n' catchup delay merge discard default pit= rtc= hpet= \
			lapic= ;;
	exec:--pit=*)
		printf -- '--pit=%s\n' on off ;;
	exec:--rtc=*)
		printf -- '--rtc=%s\n' on off utc localtime ;;
	exec:--hpet=*)
		printf -- '--hpet=%s\n' on off ;;
	exec:--lapic=*)
		printf -- '--lapic=%s\n' on off ;;
	exec:--lapic-advance=*)
		printf -- '--lapic-advance=%s\n' auto default ;;
	exec:--kvmclock=*)
		printf -- '--kvmclock=%s\n' on off ;;
	exec:--tsc=*)
		printf -- '--tsc=%s\n' on off ;;
	exec:--gap=* | thaw:--gap=* | restore:--gap=*)
		printf -- '--gap=%s\n' stop jump slew default ;;
	exec:--clock-rate=*)
		printf -- '--clock-rate=%s\n' host tsc default ;;
	exec:--catchup-budget=*)
		printf -- '--catchup-budget=%s\n' default ;;
	exec:--set=*)
		_kvm_timers_settings "${cur#--set=}" | sed 's/^/--set=/' ;;
	exec:*)
		printf '%s\n' --pit= --rtc= --hpet= --lapic= --lapic-advance= --kvmclock= \
			--tsc= --clock-rate= --gap= --policy= \
			--catchup-max-rate= --catchup-limit= --catchup-threshold= \
			--catchup-budget= --set= --json --help -- ;;
	thaw:-* | restore:-*)
		printf '%s\n' --gap= --json --help ;;
	top:-*)
		printf '%s\n' --interval= --json --help ;;
	record:-*)
		printf '%s\n' --seconds= --output= --tracefs= --json --help -- ;;
	report:-*)
		printf '%s\n' --picture= --json --help ;;
	export:-*)
		printf '%s\n' --output= --json --help ;;
	doctor:-*)
		printf '%s\n' --root= --json --help ;;
	*:-*)
		printf '%s\n' --json --help ;;
	help:*)
		[ "$nth" -gt 1 ] || printf '%s\n' exec list status top set freeze thaw save \
			restore show record report export doctor version help ;;
	record:*)
		_kvm_timers_ids ;;
	status:* | freeze:* | thaw:* | save:* | restore:*)
		[ "$nth" -gt 1 ] || _kvm_timers_ids ;;
	set:*)
		if [ "$nth" -le 1 ]; then
			_kvm_timers_ids
		else
			_kvm_timers_settings "$cur"
		fi ;;
	:*)
		printf '%s\n' exec list status top set freeze thaw save restore show record \
			report export doctor version help ;;
	esac
}

_kvm_timers()
{
	local line=${COMP_LINE:0:COMP_POINT} command='' nth=0 cur word cut
	local -a words

	# COMP_WORDS is cut at '=' and ':': take the line, cut at blanks.
	read -r -a words <<<"$line"
	cur=${line##*[[:space:]]}
	[ -z "$cur" ] || unset 'words[-1]'

	for word in "${words[@]:1}"; do
		case $command:$word in
		exec:-- | record:--)
			# The rest is another command's business.
			if declare -F _command_offset >/dev/null; then
				for ((cut = 1; cut < COMP_CWORD; cut++)); do
					[ "${COMP_WORDS[cut]}" != -- ] || break
				done
				_command_offset $((cut + 1))
			else
				mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			fi
			return ;;
		*:-*)
			;;
		:*)
			command=$word
			nth=1 ;;
		*)
			nth=$((nth + 1)) ;;
		esac
	done

	case $command:$nth:$cur in
	save:2:[!-]* | save:2: | restore:2:[!-]* | restore:2: | show:1:[!-]* | show:1: | \
	report:1:[!-]* | report:1:)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	export:*:--output=* | record:*:--output=*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -P --output= -- "${cur#*=}") ;;
	report:*:--picture=*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -P --picture= -- "${cur#*=}") ;;
	record:*:--tracefs=*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -P --tracefs= -- "${cur#*=}") ;;
	doctor:*:--root=*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -P --root= -- "${cur#*=}") ;;
	*)
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_kvm_timers_words "$command" "$cur" "$nth")" -- "$cur") ;;
	esac

	# A value or another word follows '=' or 'pit=': no blank.
	case ${COMPREPLY[0]-} in
	*=)
		compopt -o nospace 2>/dev/null ;;
	esac

	# Where '=' cuts words, the shell replaces only what is behind the last one.
	if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
		cut=${cur%"${cur##*=}"}
		COMPREPLY=("${COMPREPLY[@]#"$cut"}")
	fi
}

complete -F _kvm_timers kvm-timers
