# SPDX-License-Identifier: GPL-2.0-only
#
# Write a modprobe.d file that has every module parameter as a comment, with its description and
# its default.
#
# usage: awk -f modprobe.awk params.c

function die(what)
{
	print FILENAME ":" FNR ": " what >"/dev/stderr"
	failed = 1
	exit 1
}

# A description may be several strings, and have ';' and '(' in them.
function describe(statement,	name, desc)
{
	name = statement
	sub(/^[^(]*\(/, "", name)
	sub(/,.*/, "", name)
	while (match(statement, /"[^"]*"/)) {
		desc = desc substr(statement, RSTART + 1, RLENGTH - 2)
		statement = substr(statement, RSTART + RLENGTH)
	}
	if (!match(desc, /\(default [^()]+\)$/))
		die(name " has no default in its description")
	value[name] = substr(desc, RSTART + 9, RLENGTH - 10)
	text[name] = desc
}

/^module_param\(/ {
	name = $0
	sub(/^[^(]*\(/, "", name)
	sub(/,.*/, "", name)
	names[++count] = name
}

/^MODULE_PARM_DESC\(/ {
	statement = ""
	inside = 1
}

inside {
	statement = statement $0
	if (/\);$/) {
		inside = 0
		describe(statement)
	}
}

END {
	if (failed)
		exit 1
	if (!count)
		die("no parameters")
	print "# The parameters of kvm_timers and their defaults, as of this version. They take effect"
	print "# when the module is loaded: take the # away from the front of \"options\"."
	for (i = 1; i <= count; i++) {
		if (!(names[i] in text))
			die(names[i] " has no description")
		printf "\n# %s\n#options kvm_timers %s=%s\n", text[names[i]], names[i], value[names[i]]
	}
}
