/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest's image inside its test program; the Makefile says which. */
	.section .rodata
	.balign	16
	.globl	kt_blob
kt_blob:
	.incbin	KT_BLOB_FILE
	.globl	kt_blob_end
kt_blob_end:
	.section .note.GNU-stack, "", @progbits
