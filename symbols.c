// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding KVM's functions by name.
 *
 * kallsyms_lookup_name() is not exported: one disabled kprobe gives its
 * address, and it gives all the others at once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "symbols.h"

#include <linux/kprobes.h>
#include <linux/static_call.h>

#include <asm/ibt.h>

unsigned long kallsyms_lookup_name(const char *name);
DEFINE_STATIC_CALL_NULL(kt_kallsyms_lookup_name, kallsyms_lookup_name);

#define KT_DEFINE(name)	DEFINE_STATIC_CALL_NULL(kt_##name, name);
KT_KVM_FUNCTIONS(KT_DEFINE)
#undef KT_DEFINE

static const struct {
	const char		*name;
	struct static_call_key	*key;
	void			*trampoline;
} functions[] __initconst = {
#define KT_ROW(fn)	{ "kvm:" #fn, &STATIC_CALL_KEY(kt_##fn), STATIC_CALL_TRAMP_ADDR(kt_##fn) },
	KT_KVM_FUNCTIONS(KT_ROW)
#undef KT_ROW
};

struct kvm_x86_ops *kt_kvm_ops __ro_after_init;
void *kt_kvm_caps __ro_after_init;
u32 *kt_kvm_tsc_tolerance __ro_after_init;

static const struct {
	const char	*name;
	void		**addr;
} data[] __initconst = {
	{ "kvm:kvm_x86_ops",		(void **)&kt_kvm_ops },
	{ "kvm:kvm_caps",		&kt_kvm_caps },
	{ "kvm:tsc_tolerance_ppm",	(void **)&kt_kvm_tsc_tolerance },
};

static int __init bind_kallsyms(void)
{
	struct kprobe kp = {
		.symbol_name	= "kallsyms_lookup_name",
		.flags		= KPROBE_FLAG_DISABLED,
	};
	unsigned long addr;
	int ret;

	ret = register_kprobe(&kp);
	if (ret) {
		pr_err("cannot find kallsyms_lookup_name: %d (CONFIG_KPROBES, CONFIG_KALLSYMS?)\n",
		       ret);
		return ret;
	}
	addr = (unsigned long)kp.addr;
	unregister_kprobe(&kp);

	/* A kprobe stands behind the ENDBR that a function may start with. */
	if (is_endbr(*(u32 *)(addr - 4)))
		addr -= 4;
	static_call_update(kt_kallsyms_lookup_name, (typeof(&kallsyms_lookup_name))addr);
	return 0;
}

/**
 * kt_symbols_lookup() - address of a kernel symbol
 * @name:	"symbol" or "module:symbol"
 *
 * Context: Process, after kt_symbols_bind() has begun.
 * Return: the address of its first byte, or 0.
 */
unsigned long kt_symbols_lookup(const char *name)
{
	return static_call(kt_kallsyms_lookup_name)(name);
}

/**
 * kt_symbols_bind() - bind every function of KT_KVM_FUNCTIONS, and KVM's tables
 *
 * Context: Process, module initialization.
 * Return: 0, or -ENOENT with the missing symbol in the log.
 */
int __init kt_symbols_bind(void)
{
	unsigned long addr;
	int ret;
	int i;

	ret = bind_kallsyms();
	if (ret)
		return ret;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		addr = kt_symbols_lookup(functions[i].name);
		if (!addr) {
			pr_err("symbol %s is missing\n", functions[i].name);
			return -ENOENT;
		}
		__static_call_update(functions[i].key, functions[i].trampoline, (void *)addr);
	}

	for (i = 0; i < ARRAY_SIZE(data); i++) {
		*data[i].addr = (void *)kt_symbols_lookup(data[i].name);
		if (!*data[i].addr) {
			pr_err("symbol %s is missing\n", data[i].name);
			return -ENOENT;
		}
	}
	return 0;
}
