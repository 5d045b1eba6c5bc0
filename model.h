/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vocabulary that all device models share.
 */
#ifndef KT_MODEL_H
#define KT_MODEL_H

#include <linux/limits.h>
#include <linux/types.h>

/* A guest time that never comes. */
#define KT_NEVER	U64_MAX

u64 kt_model_scale(u64 a, u32 mul, u32 div);
u64 kt_model_scale_long(u64 a, u64 mul, u64 div);
u64 kt_model_scale_up(u64 a, u32 mul, u32 div);

#endif /* KT_MODEL_H */
