# SPDX-License-Identifier: GPL-2.0-only
#
# Write a modprobe.d file that has every module parameter as a comment, with its description and
# its default.
#
# usage: awk -f params.awk -f modprobe.awk params.c [HEADER...]

END {
	if (failed)
		exit 1
	print "# The parameters of kvm_timers and their defaults, as of this version. They take effect"
	print "# when the module is loaded: take the # away from the front of \"options\"."
	for (i = 1; i <= count; i++)
		printf "\n# %s\n#options kvm_timers %s=%s\n", text[names[i]], names[i], value[names[i]]
}
