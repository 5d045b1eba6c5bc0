# SPDX-License-Identifier: GPL-2.0-only
#
# Read the module parameters from their source, for a second program that says in its END what is
# written. It finds them in the order of the source, 1 to count:
#
#   names[i]            name
#   type[name]          bool, uint or charp
#   text[name]          description
#   value[name]         default, as the description has it and the initializer too
#   min[name] max[name] range, if it is a uint; the description has the same
#
# usage: awk -f params.awk -f PROGRAM params.c [HEADER...]
#
# Headers are those with the numbers that the source has its ranges from.

function die(what)
{
	if (!failed)
		print place ": " what >"/dev/stderr"
	failed = 1
	exit 1
}

function between(line, from, to)
{
	line = substr(line, index(line, from) + 1)
	return substr(line, 1, index(line, to) - 1)
}

# A number, by its name or as it is.
function number(word)
{
	while (word in macro)
		word = macro[word]
	sub(/(U|L|LL|ULL)$/, "", word)
	if (word !~ /^[0-9]+$/)
		die(word " is no number that is known: add the header that has it")
	return word
}

# A description may be several strings, and have ';' and '(' in them.
function describe(statement,	name, desc)
{
	name = between(statement, "(", ",")
	while (match(statement, /"[^"]*"/)) {
		desc = desc substr(statement, RSTART + 1, RLENGTH - 2)
		statement = substr(statement, RSTART + RLENGTH)
	}
	if (!match(desc, /\(default [^()]+\)$/))
		die(name " has no default in its description")
	value[name] = substr(desc, RSTART + 9, RLENGTH - 10)
	text[name] = desc
}

# What it is without a word: that of a static variable.
function initial(name,	init)
{
	init = first[name]
	if (type[name] == "bool")
		return init == "true" ? 1 : 0
	if (type[name] == "uint")
		return init == "" ? 0 : number(init)
	return init
}

function check(name,	range)
{
	if (!(name in text))
		die(name " has no description")
	if (initial(name) != value[name])
		die(name " is " initial(name) ", its description says " value[name])
	if (type[name] != "uint")
		return
	if (!(name in low))
		die(name " has no range")
	min[name] = number(low[name])
	max[name] = number(high[name])
	range = ", " (min[name] == 0 ? "up" : min[name]) " to " max[name] " (default"
	if (!index(text[name], range))
		die(name " has no \"" range "\" in its description")
}

{
	place = FILENAME ":" FNR
}

NR == 1 {
	source = FILENAME
}

$1 == "#define" && NF == 3 {
	macro[$2] = $3
}

/^static (bool|unsigned int|char) \*?[a-z_]+( = [^;]*)?;$/ {
	line = $0
	sub(/^static (bool|unsigned int|char) \*?/, "", line)
	name = line
	sub(/[ ;].*/, "", name)
	first[name] = ""
	if (sub(/^[^=]*= /, "", line)) {
		gsub(/[";]/, "", line)
		first[name] = line
	}
}

/^module_param\(/ {
	name = between($0, "(", ",")
	names[++count] = name
	type[name] = between($0, ",", ",")
	sub(/^ */, "", type[name])
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

# A row of the table of ranges: its name, the variable, and the two ends.
/^\t+\{ "[a-z_]+", [a-z_]+, [A-Z0-9_]+, [A-Z0-9_]+ \},?$/ {
	name = between($0, "\"", "\"")
	line = $0
	gsub(/[{}, \t]+/, " ", line)
	split(line, field, " ")
	low[name] = field[3]
	high[name] = field[4]
}

END {
	if (failed)
		exit 1
	place = source
	if (!count)
		die("no parameters")
	for (i = 1; i <= count; i++)
		check(names[i])
}
