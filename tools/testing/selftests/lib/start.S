/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of a guest's vCPU in long mode, and one stub a vector.
 */
	.section .text.start, "ax"
	.globl	kt_start
kt_start:
	cld
	call	kt_guest_entry
1:	hlt
	jmp	1b

	.balign	16
	.globl	kt_start_stubs
kt_start_stubs:
	vector = 0
	.rept	256
	.balign	16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || \
		  vector == 21 || vector == 29 || vector == 30)
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	vector = vector + 1
	.endr

/* The TSC first: it is what a timer is measured by. */
common:
	pushq	%rax
	pushq	%rdx
	lfence
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	pushq	%rax
	pushq	%rcx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	movq	%rsp, %rdi
	movq	%rsp, %rax
	andq	$-16, %rsp
	pushq	%rax
	pushq	%rax
	cld
	call	kt_guest_trap
	popq	%rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rcx
	addq	$8, %rsp
	popq	%rdx
	popq	%rax
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
