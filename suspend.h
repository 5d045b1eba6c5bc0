/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KT_SUSPEND_H
#define KT_SUSPEND_H

int kt_suspend_init(void);
void kt_suspend_exit(void);

#endif /* KT_SUSPEND_H */
