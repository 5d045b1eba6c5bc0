# SPDX-License-Identifier: GPL-2.0-only
"""sphinx-build -W -b html Documentation <out>: needs Debian's python3-sphinx, nothing else."""
project = "kvm_timers"
extensions = []
master_doc = "index"
# Literal blocks are shells, C and drawings: none is Python.
highlight_language = "none"
html_theme = "classic"
html_copy_source = False
html_show_copyright = False
