/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where KVM enters this module.
 */
#ifndef KT_HOOKS_H
#define KT_HOOKS_H

int kt_hooks_install(void);
void kt_hooks_remove(void);

#endif /* KT_HOOKS_H */
