# SPDX-License-Identifier: GPL-2.0-only
#
# People's verbs. Kbuild says what the module is made of.
#
#   make [KVER=<release>]   build kvm_timers.ko for that kernel (default: the running one)
#   make install            install the module, the tool and what belongs to it
#   make uninstall          take all of that away again, from every kernel
#   make deb                Debian packages, in build/deb
#   make check-deb          the packages, in a fresh Debian 12
#   make test               install what is needed, then run every test on both kernels
#   make demo               install what is needed, then show a guest's ticks being ours
#   make bench              what guest accesses cost, in instructions
#   make bench-drift        what guests count on an overloaded host; a table and a picture
#   make check-debug        the selftests on debug kernels
#   make check-intel        the selftests on an Intel host, in Bochs
#   make kunit, make style  single steps of make test
#   make html               the pages of Documentation, in build/html

# KVER=<release>, or KDIR=<build tree> of a kernel that is not installed.
ifdef KDIR
KVER	:= $(shell $(MAKE) -s -C $(KDIR) kernelrelease)
else
KVER	?= $(shell uname -r)
KDIR	:= /lib/modules/$(KVER)/build
endif
B	:= build/$(KVER)

all: modules tools

ifeq ($(filter 6.1.% 6.12.%,$(KVER)),)
modules:
	@echo "kvm_timers: kernel $(KVER) is not supported: Debian's 6.1 and 6.12 are" >&2
	@exit 1
else
modules:
	@test -d $(KDIR) || { echo "kvm_timers: no headers of $(KVER) in $(KDIR)" >&2; exit 1; }
	@mkdir -p $(B)
	@ln -sf $(addprefix $(CURDIR)/,$(wildcard *.c *.h Kbuild include)) $(B)/
	+$(MAKE) -C $(KDIR) M=$(CURDIR)/$(B) W=1 modules
	@ln -sf $(B)/kvm_timers.ko kvm_timers.ko
endif

tools:
	$(MAKE) -C tools/kvm_timers

deps:
	tools/scripts/install-deps

# KVER names one kernel: the tests run on both.
test: deps
	tools/scripts/run-tests

demo: deps
	tools/lab/build-qemu || echo "the lab goes on with Debian's QEMU"
	tools/scripts/demo

# Instruction counts in the deterministic lab.
bench: deps tools
	tools/scripts/run-bench

# Ticks counted by guests on an overloaded host: a table, and a picture in build/bench.
bench-drift: tools
	tools/scripts/install-deps bench
	tools/scripts/run-bench drift

# The selftests on kernels with KASAN, lockdep and their kin. Builds the kernels first.
check-debug: deps tools
	tools/scripts/check-debug

# The selftests with kvm_intel. Slow: Bochs interprets each instruction.
check-intel:
	tools/scripts/install-deps intel
	tools/scripts/check-intel

deb:
	tools/scripts/build-packages build/deb

# The packages in a fresh Debian 12, and in the lab.
check-deb: deps
	tools/scripts/install-deps packages
	tools/testing/packages/package_test.sh

kunit: deps
	tools/testing/kunit/run.sh 6.1
	tools/testing/kunit/run.sh 6.12

style:
	tools/scripts/check-includes
	tools/scripts/check-docs

html:
	sphinx-build -W --keep-going -b html Documentation build/html

# depmod is for the machine that the module is on, which a DESTDIR is not.
install: modules tools
	install -D -m 644 $(B)/kvm_timers.ko $(DESTDIR)/lib/modules/$(KVER)/updates/kvm_timers.ko
	$(if $(DESTDIR),,depmod $(KVER))
	$(MAKE) -C tools/kvm_timers install

uninstall:
	@for dir in $(DESTDIR)/lib/modules/*/updates; do \
		[ -e $$dir/kvm_timers.ko ] || continue; \
		echo "rm $$dir/kvm_timers.ko"; \
		rm $$dir/kvm_timers.ko; \
		rmdir --ignore-fail-on-non-empty $$dir; \
		$(if $(DESTDIR),,depmod $$(basename $${dir%/updates});) \
	done
	$(MAKE) -C tools/kvm_timers uninstall

clean:
	rm -rf build kvm_timers.ko

.PHONY: all modules tools deps test demo bench bench-drift check-debug check-intel deb check-deb \
	kunit style html install uninstall clean
