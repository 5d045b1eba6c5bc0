// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that has something better to do: a SCHED_FIFO thread has CPU 0 for slices of random
 * length, the same ones each time. It halts the CPU meanwhile, which is as busy to the scheduler
 * and to everybody else as one that computes, and costs an emulator nothing.
 */
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>

#define SEED	20240101

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "For how long (default 60)");

static unsigned int busy_us = 90000;
module_param(busy_us, uint, 0444);
MODULE_PARM_DESC(busy_us, "Mean length of what is taken (default 90000)");

static unsigned int free_us = 10000;
module_param(free_us, uint, 0444);
MODULE_PARM_DESC(free_us, "Mean length of what is left (default 10000)");

static struct rnd_state random;
static struct task_struct *task;
static struct hrtimer alarm;

/* A tenth of the mean at least, and so much less than its double at most. */
static ktime_t slice(unsigned int mean_us)
{
	unsigned int least = mean_us / 10;
	unsigned int range = 2 * (mean_us - least) + 1;

	return ns_to_ktime((least + prandom_u32_state(&random) % range) * (u64)NSEC_PER_USEC);
}

static enum hrtimer_restart wake(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

static void be_busy(ktime_t until)
{
	hrtimer_start(&alarm, until, HRTIMER_MODE_ABS);
	while (ktime_before(ktime_get(), until)) {
		local_irq_disable();
		/* An interrupt that comes from here on ends the halt. */
		native_safe_halt();
	}
}

static int hog(void *unused)
{
	ktime_t now = ktime_get();
	ktime_t end = ktime_add_ms(now, seconds * MSEC_PER_SEC);

	while (!kthread_should_stop() && ktime_before(now, end)) {
		now = ktime_add(now, slice(busy_us));
		be_busy(now);
		now = ktime_add(now, slice(free_us));
		set_current_state(TASK_IDLE);
		schedule_hrtimeout(&now, HRTIMER_MODE_ABS);
	}
	while (!kthread_should_stop())
		schedule_timeout_idle(HZ / 10);
	return 0;
}

static int __init hog_init(void)
{
	if (!busy_us || !free_us)
		return -EINVAL;
	prandom_seed_state(&random, SEED);
	hrtimer_init(&alarm, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	alarm.function = wake;
	task = kthread_create(hog, NULL, "hog");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 0);
	sched_set_fifo(task);
	wake_up_process(task);
	return 0;
}

static void __exit hog_exit(void)
{
	kthread_stop(task);
	hrtimer_cancel(&alarm);
}

module_init(hog_init);
module_exit(hog_exit);

MODULE_DESCRIPTION("Takes a CPU away in slices of random length");
MODULE_LICENSE("GPL");
