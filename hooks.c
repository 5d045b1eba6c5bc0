// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where KVM enters this module: a table of redirected functions, installed
 * all or none.
 *
 * A redirect is an ftrace handler that moves the instruction pointer to the
 * replacement, for VMs that were taken over only: the test is in the handler,
 * so that no task of another VM is ever inside this module. The original is
 * called past its fentry site, by a static call.
 *
 * The handler is PERMANENT: while it is installed, kernel.ftrace_enabled
 * cannot be switched off underneath it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "hooks.h"
#include "adopt.h"
#include "compat.h"
#include "inject.h"
#include "irqchip.h"
#include "pit_ioctl.h"
#include "symbols.h"
#include "vm.h"

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/static_call.h>

#include <asm/apicdef.h>
#include <asm/ibt.h>

/* In the order of how often they are called: the handler looks for them one by one. */
enum hook_id {
	HOOK_LAPIC_WRITE,
	HOOK_SET_DEADLINE,
	HOOK_LAPIC_READ,
	HOOK_EXPIRED,
	HOOK_VCPU_HALT,
	HOOK_PROCESS_STIMERS,
	HOOK_MIGRATE_TIMER,
	HOOK_TSC_OFFSET,
	HOOK_TSC_MULTIPLIER,
	HOOK_GET_DEADLINE,
	HOOK_PVCLOCK,
	HOOK_KVMCLOCK,
#ifdef KT_COMPAT_WALL_CLOCK_EPOCH
	HOOK_WALL_CLOCK_EPOCH,
#endif
	HOOK_HV_TSC_PAGE,
	HOOK_SYNC_TSC,
	HOOK_TSC_KHZ,
	HOOK_VCPU_IOCTL,
	HOOK_APIC_GET_STATE,
	HOOK_APIC_SET_STATE,
	HOOK_LAPIC_RESET,
	HOOK_VCPU_CREATE,
	HOOK_VCPU_DESTROY,
	HOOK_VM_IOCTL,
	HOOK_POST_INIT_VM,
	HOOK_PRE_DESTROY_VM,
	NR_HOOKS,
};

KT_ORIGINAL(kvm_vcpu_halt);
KT_ORIGINAL(kvm_hv_process_stimers);
KT_ORIGINAL(kvm_arch_vm_ioctl);
KT_ORIGINAL(kvm_arch_post_init_vm);
KT_ORIGINAL(kvm_arch_pre_destroy_vm);

/*
 * A halted vCPU does not look at its requests. Say that it is about to halt,
 * then serve what came before: an alarm either sees the first or is seen by
 * the second.
 */
static void vcpu_halt(struct kvm_vcpu *vcpu)
{
	struct kt_vm *vm = kt_vm_find(vcpu->kvm);

	kt_vm_halt_begin(vm, vcpu);
	static_call(kt_original_kvm_vcpu_halt)(vcpu);
	kt_vm_halt_end(vm, vcpu);
}

/*
 * KVM_REQ_HV_STIMER is how an alarm summons a vCPU: the original does nothing
 * that is not due, whoever asked, and runs before interrupts are evaluated.
 */
static void hv_process_stimers(struct kvm_vcpu *vcpu)
{
	static_call(kt_original_kvm_hv_process_stimers)(vcpu);
	kt_vm_summoned(kt_vm_find(vcpu->kvm), vcpu);
}

static typeof(kvm_arch_vm_ioctl(NULL, 0, 0)) vm_ioctl(struct file *filp, unsigned int ioctl,
						      unsigned long arg)
{
	struct kt_vm *vm = kt_vm_find(filp->private_data);
	long ret;

	ret = kt_pit_ioctl(vm, ioctl, (void __user *)arg);
	if (ret == -ENOIOCTLCMD)
		ret = kt_hooks_clock_ioctl(vm, ioctl, (void __user *)arg);
	if (ret == -ENOIOCTLCMD)
		ret = kt_hooks_tsc_ioctl(vm, ioctl, arg);
	if (ret != -ENOIOCTLCMD)
		return ret;

	ret = static_call(kt_original_kvm_arch_vm_ioctl)(filp, ioctl, arg);
	return ret ?: kt_irqchip_ioctl(vm, ioctl, (void __user *)arg);
}

/* Entered with a reference to the module, see wanted(). */
static int post_init_vm(struct kvm *kvm)
{
	struct kt_vm *vm;
	int ret;

	/* Whatever can fail comes before the original: KVM could not undo it. */
	vm = kt_adopt_prepare();
	ret = PTR_ERR_OR_ZERO(vm);
	if (!ret)
		ret = static_call(kt_original_kvm_arch_post_init_vm)(kvm);

	if (!IS_ERR_OR_NULL(vm)) {
		if (ret)
			kt_vm_put(vm);
		else
			kt_vm_attach(vm, kvm);
	}
	module_put(THIS_MODULE);
	return ret;
}

/* The last moment at which KVM's interrupt routing exists. */
static void pre_destroy_vm(struct kvm *kvm)
{
	kt_vm_detach(kt_vm_find(kvm));
	static_call(kt_original_kvm_arch_pre_destroy_vm)(kvm);
}

struct hook {
	const char		*symbol;
	void			*replacement;
	struct static_call_key	*key;
	void			*trampoline;
	bool			fired;
};

#define KT_HOOK(id, name, fn)	\
	[id] = { "kvm:" #name, fn, &STATIC_CALL_KEY(kt_original_##name), \
		 STATIC_CALL_TRAMP_ADDR(kt_original_##name) }
static struct hook hooks[NR_HOOKS] = {
	KT_HOOK(HOOK_VCPU_HALT,		kvm_vcpu_halt,			vcpu_halt),
	KT_HOOK(HOOK_PROCESS_STIMERS,	kvm_hv_process_stimers,		hv_process_stimers),
	KT_HOOK(HOOK_LAPIC_WRITE,	kvm_lapic_reg_write,		kt_hooks_lapic_write),
	KT_HOOK(HOOK_SET_DEADLINE,	kvm_set_lapic_tscdeadline_msr,	kt_hooks_set_tscdeadline),
	KT_HOOK(HOOK_LAPIC_READ,	kvm_lapic_reg_read,		kt_hooks_lapic_read),
	KT_HOOK(HOOK_EXPIRED,		kvm_lapic_expired_hv_timer,	kt_hooks_expired_hv_timer),
	KT_HOOK(HOOK_MIGRATE_TIMER,	__kvm_migrate_apic_timer,	kt_hooks_migrate_timer),
	KT_HOOK(HOOK_TSC_OFFSET,	kvm_vcpu_write_tsc_offset,	kt_hooks_write_tsc_offset),
	KT_HOOK(HOOK_TSC_MULTIPLIER,	kvm_vcpu_write_tsc_multiplier,	kt_hooks_write_tsc_multiplier),
	KT_HOOK(HOOK_GET_DEADLINE,	kvm_get_lapic_tscdeadline_msr,	kt_hooks_get_tscdeadline),
	KT_HOOK(HOOK_PVCLOCK,		kvm_setup_guest_pvclock,	kt_hooks_setup_guest_pvclock),
#ifdef KT_COMPAT_WALL_CLOCK_EPOCH
	KT_HOOK(HOOK_KVMCLOCK,		get_kvmclock_ns,		kt_hooks_get_kvmclock_ns),
	KT_HOOK(HOOK_WALL_CLOCK_EPOCH,	kvm_get_wall_clock_epoch,	kt_hooks_get_wall_clock_epoch),
#else
	KT_HOOK(HOOK_KVMCLOCK,		get_kvmclock,			kt_hooks_get_kvmclock),
#endif
	KT_HOOK(HOOK_HV_TSC_PAGE,	kvm_hv_setup_tsc_page,		kt_hooks_hv_setup_tsc_page),
	KT_HOOK(HOOK_SYNC_TSC,		kvm_synchronize_tsc,		kt_hooks_synchronize_tsc),
	KT_HOOK(HOOK_TSC_KHZ,		kvm_set_tsc_khz,		kt_hooks_set_tsc_khz),
	KT_HOOK(HOOK_VCPU_IOCTL,	kvm_arch_vcpu_ioctl,		kt_hooks_vcpu_ioctl),
	KT_HOOK(HOOK_APIC_GET_STATE,	kvm_apic_get_state,		kt_hooks_apic_get_state),
	KT_HOOK(HOOK_APIC_SET_STATE,	kvm_apic_set_state,		kt_hooks_apic_set_state),
	KT_HOOK(HOOK_LAPIC_RESET,	kvm_lapic_reset,		kt_hooks_lapic_reset),
	KT_HOOK(HOOK_VCPU_CREATE,	kvm_arch_vcpu_create,		kt_hooks_vcpu_create),
	KT_HOOK(HOOK_VCPU_DESTROY,	kvm_arch_vcpu_destroy,		kt_hooks_vcpu_destroy),
	KT_HOOK(HOOK_VM_IOCTL,		kvm_arch_vm_ioctl,		vm_ioctl),
	KT_HOOK(HOOK_POST_INIT_VM,	kvm_arch_post_init_vm,		post_init_vm),
	KT_HOOK(HOOK_PRE_DESTROY_VM,	kvm_arch_pre_destroy_vm,	pre_destroy_vm),
};

/* Registers of a local APIC's page, whose writes are of interest: a bit each. */
#define REG_BIT(reg)	BIT_ULL((reg) >> 4)
#define TIMER_REGS	(REG_BIT(APIC_SPIV) | REG_BIT(APIC_LVTT) | REG_BIT(APIC_TMICT) | \
			 REG_BIT(APIC_TDCR))
#define WRITTEN_REGS	(TIMER_REGS | REG_BIT(APIC_LVT0))

static bool is_among(u32 reg, u64 regs)
{
	return reg <= APIC_TDCR && (REG_BIT(reg) & regs);
}

/* Is this a vCPU of a VM of ours whose LAPIC timers were taken over? */
static __always_inline bool has_timer(struct kvm_vcpu *vcpu)
{
	struct kt_vm *vm;

	if (kt_vcpu_recall(vcpu))
		return true;

	vm = kt_vm_find(vcpu->kvm);
	return vm && (vm->devices & KVM_TIMERS_LAPIC);
}

/* Is this a VM of ours with those devices? */
static __always_inline bool has_devices(struct kvm *kvm, u32 devices)
{
	struct kt_vm *vm = kt_vm_find(kvm);

	return vm && (vm->devices & devices);
}

/* Is this call for a VM of ours, and of interest? @arg, @arg2: the function's first arguments. */
static __always_inline bool wanted(enum hook_id id, unsigned long arg, unsigned long arg2)
{
	switch (id) {
	case HOOK_LAPIC_WRITE:
		return is_among(arg2, WRITTEN_REGS) &&
		       (kt_vcpu_recall(kt_lapic_vcpu((void *)arg)) ||
			kt_vm_find(kt_lapic_vcpu((void *)arg)->kvm));
	case HOOK_LAPIC_READ:
		return ((u32)arg2 & ~0xf) == APIC_TMCCT && has_timer(kt_lapic_vcpu((void *)arg));
	case HOOK_VCPU_HALT:
	case HOOK_PROCESS_STIMERS:
		return kt_vm_find(((struct kvm_vcpu *)arg)->kvm);
	case HOOK_VCPU_IOCTL:
		return has_timer(((struct file *)arg)->private_data);
	case HOOK_SET_DEADLINE:
	case HOOK_EXPIRED:
	case HOOK_MIGRATE_TIMER:
	case HOOK_GET_DEADLINE:
	case HOOK_APIC_GET_STATE:
	case HOOK_APIC_SET_STATE:
	case HOOK_LAPIC_RESET:
	case HOOK_VCPU_CREATE:
	case HOOK_VCPU_DESTROY:
		return has_timer((struct kvm_vcpu *)arg);
	case HOOK_TSC_OFFSET:
	case HOOK_TSC_MULTIPLIER:
		return kt_vm_find(((struct kvm_vcpu *)arg)->kvm);
	case HOOK_PVCLOCK:
		return has_devices(((struct kvm_vcpu *)arg)->kvm, KVM_TIMERS_KVMCLOCK);
	case HOOK_SYNC_TSC:
	case HOOK_TSC_KHZ:
		return has_devices(((struct kvm_vcpu *)arg)->kvm, KVM_TIMERS_TSC);
	case HOOK_KVMCLOCK:
#ifdef KT_COMPAT_WALL_CLOCK_EPOCH
	case HOOK_WALL_CLOCK_EPOCH:
#endif
	case HOOK_HV_TSC_PAGE:
		return has_devices((struct kvm *)arg, KVM_TIMERS_KVMCLOCK);
	case HOOK_VM_IOCTL:
		return kt_vm_find(((struct file *)arg)->private_data);
	case HOOK_PRE_DESTROY_VM:
		return kt_vm_find((struct kvm *)arg);
	case HOOK_POST_INIT_VM:
		/* No VM holds the module yet, and the replacement may sleep. */
		return kt_adopt_wanted() && try_module_get(THIS_MODULE);
	default:
		return false;
	}
}

/* Addresses of the hooks' calls, close together: each redirect goes through them. */
static unsigned long hook_ip[NR_HOOKS] __read_mostly;

/* While the self-test looks which hooks are called. */
static bool watching __read_mostly;

/* Return: whether the call is that of hook @id. */
static __always_inline bool redirect_one(enum hook_id id, unsigned long ip,
					 struct ftrace_regs *fregs)
{
	if (hook_ip[id] != ip)
		return false;

	if (wanted(id, ftrace_regs_get_argument(fregs, 0), ftrace_regs_get_argument(fregs, 1)))
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)hooks[id].replacement);
	return true;
}

static void notrace redirect(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	int id;

	/* With no VM of ours there is one thing to wait for. */
	if (likely(!READ_ONCE(kt_vm_count)) && ip != hook_ip[HOOK_POST_INIT_VM] &&
	    likely(!READ_ONCE(watching)))
		return;

	/* What the guests of busy hosts call without end. */
	if (redirect_one(HOOK_LAPIC_WRITE, ip, fregs) ||
	    redirect_one(HOOK_SET_DEADLINE, ip, fregs) ||
	    redirect_one(HOOK_LAPIC_READ, ip, fregs))
		return;

	for (id = 0; id < NR_HOOKS; id++) {
		if (redirect_one(id, ip, fregs)) {
			if (unlikely(READ_ONCE(watching)))
				hooks[id].fired = true;
			break;
		}
	}
}

static struct ftrace_ops ops __read_mostly = {
	.func	= redirect,
	.flags	= FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
};

static int __init bind_hooks(unsigned long *ips)
{
	unsigned long addr;
	int i;

	for (i = 0; i < NR_HOOKS; i++) {
		addr = kt_symbols_lookup(hooks[i].symbol);
		if (!addr) {
			pr_err("symbol %s is missing\n", hooks[i].symbol);
			return -ENOENT;
		}
		ips[i] = addr;
		hook_ip[i] = addr + (is_endbr(*(u32 *)addr) ? 4 : 0);
		__static_call_update(hooks[i].key, hooks[i].trampoline,
				     (void *)hook_ip[i] + MCOUNT_INSN_SIZE);
	}
	return 0;
}

/* Name the function that another handler has already redirected. */
static void __init name_busy(unsigned long *ips)
{
	static struct ftrace_ops probe __initdata = {
		.func	= redirect,
		.flags	= FTRACE_OPS_FL_IPMODIFY,
	};
	int i;

	for (i = 0; i < NR_HOOKS; i++) {
		if (ftrace_set_filter_ips(&probe, &ips[i], 1, 0, 1))
			continue;
		if (register_ftrace_function(&probe) == -EBUSY)
			pr_err("%s is redirected by somebody else (livepatch, BPF, another module)\n",
			       hooks[i].symbol);
		else
			unregister_ftrace_function(&probe);
	}
	ftrace_free_filter(&probe);
}

static int __init install(void)
{
	unsigned long ips[NR_HOOKS];
	int *ftrace_switch;
	int ret;
	int i;

	ftrace_switch = (int *)kt_symbols_lookup("ftrace_enabled");
	if (ftrace_switch && !READ_ONCE(*ftrace_switch)) {
		pr_err("function tracing is switched off: sysctl kernel.ftrace_enabled=1 first\n");
		return -EOPNOTSUPP;
	}

	ret = bind_hooks(ips);
	if (ret)
		return ret;

	for (i = 0; i < NR_HOOKS; i++) {
		ret = ftrace_set_filter_ips(&ops, &ips[i], 1, 0, !i);
		if (ret) {
			pr_err("%s cannot be traced: %d\n", hooks[i].symbol, ret);
			goto err_filter;
		}
	}

	ret = register_ftrace_function(&ops);
	if (ret == -EBUSY)
		name_busy(ips);
	else if (ret)
		pr_err("cannot redirect KVM's functions: %d\n", ret);
	if (!ret)
		return 0;

err_filter:
	ftrace_free_filter(&ops);
	return ret;
}

static int __init try_vcpu(unsigned int fd)
{
	struct file *file = fget(fd);
	int ret;

	if (!file)
		return -EBADF;

	ret = kt_layout_check(file->private_data);
	fput(file);
	return ret;
}

/* A VM with one vCPU, made as a VMM makes it, in the loading process. */
static int __init try_vm(unsigned int vm_fd)
{
	struct file *file = fget(vm_fd);
	long fd;
	int ret;

	if (!file)
		return -EBADF;

	ret = file->f_op->unlocked_ioctl(file, KVM_CREATE_IRQCHIP, 0);
	if (ret) {
		pr_err("self-test: KVM_CREATE_IRQCHIP: %d\n", ret);
		goto out;
	}
	fd = file->f_op->unlocked_ioctl(file, KVM_CREATE_VCPU, 0);
	if (fd < 0) {
		pr_err("self-test: KVM_CREATE_VCPU: %ld\n", fd);
		ret = fd;
		goto out;
	}
	ret = try_vcpu(fd);
	close_fd(fd);
out:
	fput(file);
	return ret;
}

/*
 * Make the redirects that a new VM passes fire once, and see that the others
 * have their call in place. The VM goes away when its descriptor is closed.
 */
static int __init self_test(void)
{
	static const enum hook_id passed[] __initconst = {
		HOOK_POST_INIT_VM, HOOK_VM_IOCTL, HOOK_VCPU_CREATE, HOOK_LAPIC_RESET,
		HOOK_TSC_OFFSET, HOOK_TSC_MULTIPLIER, HOOK_SYNC_TSC, HOOK_TSC_KHZ,
	};
	struct file *kvm_dev;
	long fd;
	int ret;
	int i;

	/* Opening it pins the vendor module as well. */
	kvm_dev = filp_open("/dev/kvm", O_RDWR, 0);
	if (IS_ERR(kvm_dev)) {
		pr_err("cannot open /dev/kvm: %ld: load kvm_amd or kvm_intel first\n",
		       PTR_ERR(kvm_dev));
		return PTR_ERR(kvm_dev);
	}
	WRITE_ONCE(watching, true);
	fd = kvm_dev->f_op->unlocked_ioctl(kvm_dev, KVM_CREATE_VM, 0);
	ret = fd < 0 ? fd : try_vm(fd);
	WRITE_ONCE(watching, false);
	filp_close(kvm_dev, NULL);
	if (fd < 0)
		pr_err("self-test: KVM_CREATE_VM: %ld\n", fd);
	else
		close_fd(fd);
	if (ret)
		return ret;

	for (i = 0; i < NR_HOOKS; i++) {
		if (*(u8 *)hook_ip[i] != CALL_INSN_OPCODE) {
			pr_err("self-test: %s is not redirected\n", hooks[i].symbol);
			return -EIO;
		}
	}
	for (i = 0; i < ARRAY_SIZE(passed); i++) {
		if (!hooks[passed[i]].fired) {
			pr_err("self-test: %s did not fire\n", hooks[passed[i]].symbol);
			return -EIO;
		}
	}
	return 0;
}

/**
 * kt_hooks_install() - bind KVM's symbols, redirect its functions, try them
 *
 * All or none. Each way to fail has a line of its own in the log.
 *
 * Context: Process with an mm and a file table (the one that loads the module).
 * Return: 0 or -errno; then nothing is left behind.
 */
int __init kt_hooks_install(void)
{
	int ret;

	ret = kt_symbols_bind();
	if (ret)
		return ret;
	ret = kt_layout_read();
	if (ret)
		return ret;
	kt_inject_init();
	ret = install();
	if (ret)
		return ret;
	ret = self_test();
	if (ret)
		kt_hooks_remove();
	return ret;
}

/**
 * kt_hooks_remove() - give KVM its functions back
 *
 * Waits until nobody is in a replacement any more: each VM taken over holds
 * the module, so none can be sleeping there, and unregistering waits for the
 * rest.
 *
 * Context: Process, may sleep for a second.
 */
void kt_hooks_remove(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
	synchronize_rcu_tasks();
}
