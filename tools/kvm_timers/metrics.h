/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The status of VMs in Prometheus's text format.
 */
#ifndef KT_METRICS_H
#define KT_METRICS_H

#include <stddef.h>
#include <stdio.h>

struct kt_vm;

void kt_metrics_write(FILE *file, const struct kt_vm *vms, size_t nr);

#endif /* KT_METRICS_H */
