// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offsets in KVM's private structures: read from the BTF of the running
 * kvm.ko, then checked against a live vCPU before anything relies on them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "symbols.h"

#include <linux/btf.h>
#include <linux/hrtimer.h>
#include <linux/static_call.h>

#include <asm/apicdef.h>

/* Reset value of a redirection entry: masked, all else 0. */
#define IOAPIC_ENTRY_RESET	BIT_ULL(16)

/* Lines of the two 8259s that can be level triggered. */
#define PIC_MASTER_ELCR_MASK	0xf8
#define PIC_SLAVE_ELCR_MASK	0xde

s32 bpf_find_btf_id(const char *name, u32 kind, struct btf **btf_p);
DEFINE_STATIC_CALL_NULL(kt_bpf_find_btf_id, bpf_find_btf_id);
DEFINE_STATIC_CALL_NULL(kt_btf_name_by_offset, btf_name_by_offset);
DEFINE_STATIC_CALL_NULL(kt_btf_put, btf_put);

struct kt_layout kt_layout __ro_after_init;

static const struct {
	const char	*type;
	const char	*member;
	u32		*offset;
} members[] __initconst = {
	{ "kvm_lapic",		"vcpu",		&kt_layout.lapic_vcpu },
	{ "kvm_lapic",		"regs",		&kt_layout.lapic_regs },
	{ "kvm_lapic",		"apicv_active",	&kt_layout.lapic_apicv_active },
	{ "kvm_lapic",		"lapic_timer",	&kt_layout.lapic_timer },
	{ "kvm_timer",		"expired_tscdeadline", &kt_layout.timer_expired },
	{ "kvm_timer",		"timer_advance_ns", &kt_layout.timer_advance_ns },
	{ "kvm_caps",		"has_tsc_control", &kt_layout.caps_has_tsc_control },
	{ "kvm_caps",		"tsc_scaling_ratio_frac_bits", &kt_layout.caps_frac_bits },
	{ "kvm_ioapic",		"redirtbl",	&kt_layout.ioapic_redirtbl },
	{ "kvm_pic",		"pics",		&kt_layout.pic_pics },
	{ "kvm_kpic_state",	"irr",		&kt_layout.kpic_irr },
	{ "kvm_kpic_state",	"imr",		&kt_layout.kpic_imr },
	{ "kvm_kpic_state",	"isr",		&kt_layout.kpic_isr },
	{ "kvm_kpic_state",	"elcr_mask",	&kt_layout.kpic_elcr_mask },
	{ "kvm_kpic_state",	NULL,		&kt_layout.kpic_size },
};

static int __init bind_btf(void)
{
	unsigned long find = kt_symbols_lookup("bpf_find_btf_id");
	unsigned long name = kt_symbols_lookup("btf_name_by_offset");
	unsigned long put = kt_symbols_lookup("btf_put");

	if (!find || !name || !put) {
		pr_err("kernel without BTF: symbol %s is missing\n",
		       !find ? "bpf_find_btf_id" : !name ? "btf_name_by_offset" : "btf_put");
		return -ENOENT;
	}
	static_call_update(kt_bpf_find_btf_id, (typeof(&bpf_find_btf_id))find);
	static_call_update(kt_btf_name_by_offset, (typeof(&btf_name_by_offset))name);
	static_call_update(kt_btf_put, (typeof(&btf_put))put);
	return 0;
}

/* Where a member is; without one, how large the structure is. */
static int __init read_member(const char *type, const char *member, u32 *offset)
{
	const struct btf_member *m;
	const struct btf_type *t;
	struct btf *btf = NULL;
	int ret = -ENOENT;
	s32 id;
	u32 i;

	id = static_call(kt_bpf_find_btf_id)(type, BTF_KIND_STRUCT, &btf);
	if (id < 0) {
		pr_err("layout: struct %s is not in the kernel's BTF: %d\n", type, id);
		return id;
	}

	t = btf_type_by_id(btf, id);
	if (!member) {
		*offset = t->size;
		ret = 0;
		goto out;
	}
	for_each_member(i, t, m) {
		if (strcmp(static_call(kt_btf_name_by_offset)(btf, m->name_off), member))
			continue;
		*offset = __btf_member_bit_offset(t, m) / BITS_PER_BYTE;
		ret = 0;
		break;
	}
out:
	static_call(kt_btf_put)(btf);
	if (ret)
		pr_err("layout: struct %s has no member %s\n", type, member);
	return ret;
}

/**
 * kt_layout_read() - fill in kt_layout from the running kernel's BTF
 *
 * Context: Process, module initialization, after kt_symbols_bind().
 * Return: 0, or -errno with the missing type or member in the log.
 */
int __init kt_layout_read(void)
{
	int ret;
	int i;

	ret = bind_btf();
	for (i = 0; !ret && i < ARRAY_SIZE(members); i++)
		ret = read_member(members[i].type, members[i].member, members[i].offset);
	return ret;
}

static int __init wrong(const char *what)
{
	pr_err("layout: %s of a live vCPU is not where the kernel's BTF says\n", what);
	return -ENOEXEC;
}

/**
 * kt_layout_check() - compare kt_layout with a live virtual machine
 * @vcpu:	a vCPU just made, of a VM with an in-kernel irqchip that never ran
 *
 * Context: Process, module initialization.
 * Return: 0, or -ENOEXEC with the first wrong member in the log.
 */
int __init kt_layout_check(struct kvm_vcpu *vcpu)
{
	void *ioapic = vcpu->kvm->arch.vioapic;
	void *pic = vcpu->kvm->arch.vpic;
	void *lapic = vcpu->arch.apic;
	struct hrtimer *timer;
	u64 *redirtbl;
	u8 *master;
	u32 *regs;
	int i;

	if (!lapic || *(void **)(lapic + kt_layout.lapic_vcpu) != vcpu)
		return wrong("kvm_lapic.vcpu");

	regs = kt_lapic_regs(vcpu);
	if (!virt_addr_valid(regs) || !PAGE_ALIGNED(regs) ||
	    regs[APIC_SPIV / 4] != 0xff || regs[APIC_LVTT / 4] != APIC_LVT_MASKED)
		return wrong("kvm_lapic.regs");

	timer = lapic + kt_layout.lapic_timer;
	if (timer->function != (void *)kt_symbols_lookup("kvm:apic_timer_fn"))
		return wrong("kvm_lapic.lapic_timer");

	if (vcpu->arch.l1_tsc_scaling_ratio != BIT_ULL(kt_tsc_frac_bits()))
		return wrong("kvm_caps.tsc_scaling_ratio_frac_bits");

	redirtbl = ioapic + kt_layout.ioapic_redirtbl;
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		if (redirtbl[i] != IOAPIC_ENTRY_RESET)
			return wrong("kvm_ioapic.redirtbl");

	master = pic + kt_layout.pic_pics;
	if (master[kt_layout.kpic_elcr_mask] != PIC_MASTER_ELCR_MASK ||
	    master[kt_layout.kpic_size + kt_layout.kpic_elcr_mask] != PIC_SLAVE_ELCR_MASK)
		return wrong("kvm_kpic_state.elcr_mask");
	return 0;
}
