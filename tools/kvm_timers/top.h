/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What "kvm-timers top" shows, and how it is drawn.
 */
#ifndef KT_TOP_H
#define KT_TOP_H

#include <stdbool.h>
#include <stddef.h>

#include "rates.h"
#include "vm.h"

enum kt_top_sort {
	KT_TOP_BY_ID,
	KT_TOP_BY_ASKED,
	KT_TOP_BY_DELIVERED,
	KT_TOP_BY_OWED,
	KT_TOP_BY_LATE,
	KT_TOP_NR_SORTS,
};

/**
 * struct kt_top_vm - one VM
 * @vm:		as the module shows it
 * @sum:	of its devices
 * @device:	each of them
 * @expanded:	its devices are shown
 */
struct kt_top_vm {
	struct kt_vm	vm;
	struct kt_rates	sum;
	struct kt_rates	device[KVM_TIMERS_NR_DEVICES];
	bool		expanded;
};

/**
 * struct kt_top - what is shown
 * @vms:	VMs, in the order of @sort
 * @nr:		their number
 * @at_ns:	when they were read
 * @interval_ms: time between two readings
 * @sort:	enum kt_top_sort
 * @all_time:	lateness is that since the VMs began, not that of the interval
 * @expand_new:	VMs that come are shown with their devices
 * @selected:	id of the VM that keys are for
 * @first:	line of all that is the first on the screen
 */
struct kt_top {
	struct kt_top_vm	*vms;
	size_t			nr;
	__u64			at_ns;
	unsigned int		interval_ms;
	enum kt_top_sort	sort;
	bool			all_time;
	bool			expand_new;
	__u32			selected;
	size_t			first;
};

const __u64 *kt_top_late(const struct kt_top *top, const struct kt_rates *rates);
size_t kt_top_find(const struct kt_top *top, __u32 id);
int kt_top_screen_open(void);
void kt_top_screen_close(void);
void kt_top_screen_draw(struct kt_top *top);
size_t kt_top_screen_page(void);

#endif /* KT_TOP_H */
