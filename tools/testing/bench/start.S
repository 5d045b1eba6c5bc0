/* SPDX-License-Identifier: GPL-2.0-only */
/* A multiboot kernel: QEMU loads it by -kernel. */
#define MAGIC	0x1badb002
#define FLAGS	0

	.section .multiboot, "a"
	.long	MAGIC, FLAGS, -(MAGIC + FLAGS)

	.text
	.globl	_start
_start:
	mov	$stack_top, %esp
	call	guest_main
1:	hlt
	jmp	1b

	.bss
	.align	16
	.skip	4096
stack_top:

	.section .note.GNU-stack, "", @progbits
