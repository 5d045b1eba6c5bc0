/* SPDX-License-Identifier: GPL-2.0-only */
/* A multiboot kernel: QEMU loads it by -kernel. It goes on in 64 bits, 4 GiB mapped one to one. */
#define MAGIC		0x1badb002
#define FLAGS		0

#define CR0_PG		0x80000000
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME	0x100
#define CODE64		8

#define TABLE		0x03
#define PAGE_2M		0x83

	.section .multiboot, "a"
	.long	MAGIC, FLAGS, -(MAGIC + FLAGS)

	.text
	.code32
	.globl	_start
_start:
	/* What the loader says is what guest_main() gets. */
	mov	%ebx, %edi
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$CODE64, $start64

	.code64
start64:
	mov	%edi, %edi
	mov	$stack_top, %esp
	/* The end of an interrupt loads it again: it must be of this GDT. */
	xor	%eax, %eax
	mov	%eax, %ss
	call	guest_main
1:	hlt
	jmp	1b

	.data
	.align	8
gdt:
	.quad	0, 0x00af9a000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.align	4096
pml4:
	.quad	pdpt + TABLE
	.fill	511, 8, 0
pdpt:
	.quad	pd + TABLE, pd + 0x1000 + TABLE, pd + 0x2000 + TABLE, pd + 0x3000 + TABLE
	.fill	508, 8, 0
pd:
	.set	address, 0
	.rept	2048
	.quad	address + PAGE_2M
	.set	address, address + 0x200000
	.endr

	.bss
	.align	4096
	.skip	4096
stack_top:

	.section .note.GNU-stack, "", @progbits
