// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs that a process will create.
 *
 * The process is remembered by its struct pid, which execve() does not change
 * and which no later process can have. A VM is adopted if its creator, or a
 * process above its creator, has asked. Records of dead processes are dropped
 * whenever a new one comes.
 */
#include "adopt.h"
#include "vm.h"

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#define MAX_ADOPTIONS	4096

struct adoption {
	struct list_head	link;
	struct pid		*pid;
	struct kt_vm_params	params;
};

static DEFINE_MUTEX(lock);
static LIST_HEAD(adoptions);
static unsigned int count;
static bool opened;

static void drop(struct adoption *a)
{
	lockdep_assert_held(&lock);
	list_del(&a->link);
	WRITE_ONCE(count, count - 1);
	put_pid(a->pid);
	kfree(a);
}

static bool is_alive(struct pid *pid)
{
	bool alive;

	rcu_read_lock();
	alive = pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return alive;
}

static void drop_dead(void)
{
	struct adoption *a, *next;

	list_for_each_entry_safe(a, next, &adoptions, link)
		if (!is_alive(a->pid))
			drop(a);
}

static struct adoption *find(struct pid *pid)
{
	struct adoption *a;

	lockdep_assert_held(&lock);
	list_for_each_entry(a, &adoptions, link)
		if (a->pid == pid)
			return a;
	return NULL;
}

/* The nearest process, from the current one up, that has asked. */
static struct adoption *find_above(void)
{
	struct adoption *a = NULL;
	struct task_struct *task;

	rcu_read_lock();
	for (task = current; !a && task_pid_nr(task); task = rcu_dereference(task->real_parent))
		a = find(task_tgid(task));
	rcu_read_unlock();
	return a;
}

/**
 * kt_adopt_wanted() - whether a new VM may be one to take over
 *
 * Context: Any; called from the ftrace handler for each new VM on the host.
 * Return: false if it cannot be.
 */
bool notrace kt_adopt_wanted(void)
{
	return READ_ONCE(opened) && (READ_ONCE(count) || kt_params_auto_attach());
}

/**
 * kt_adopt_prepare() - get a guest ready if the current task's VM is wanted
 *
 * Context: Process, the creator of the VM.
 * Return: a guest to attach, NULL if the VM is not wanted, or ERR_PTR(-ENOMEM).
 */
struct kt_vm *kt_adopt_prepare(void)
{
	struct kt_vm_params params;
	struct adoption *a;
	bool wanted;

	mutex_lock(&lock);
	a = find_above();
	wanted = a;
	if (a)
		params = a->params;
	mutex_unlock(&lock);

	if (!wanted && kt_params_auto_attach()) {
		kt_params_default(&params);
		wanted = true;
	}
	return wanted ? kt_vm_create(&params) : NULL;
}

/**
 * kt_adopt_current() - take over what the calling process will create
 * @params:	how; no device: nothing any more
 *
 * Context: Process.
 * Return: 0, -ENOMEM, or -ENOSPC when too many processes have asked.
 */
int kt_adopt_current(const struct kt_vm_params *params)
{
	struct adoption *new, *old;
	int ret = 0;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->pid = get_task_pid(current, PIDTYPE_TGID);
	new->params = *params;

	mutex_lock(&lock);
	drop_dead();
	old = find(new->pid);
	if (old)
		drop(old);
	if (params->devices && count >= MAX_ADOPTIONS)
		ret = -ENOSPC;
	if (params->devices && !ret) {
		list_add(&new->link, &adoptions);
		WRITE_ONCE(count, count + 1);
		new = NULL;
	}
	mutex_unlock(&lock);

	if (new) {
		put_pid(new->pid);
		kfree(new);
	}
	return ret;
}

/**
 * kt_adopt_init() - from now on new VMs may be taken over
 *
 * Context: Process, the last step of the module's initialization: whatever is
 * attached must not be left behind by a step that fails.
 */
void kt_adopt_init(void)
{
	WRITE_ONCE(opened, true);
}

/**
 * kt_adopt_exit() - forget all wishes
 *
 * Context: Process, no hook can come any more.
 */
void kt_adopt_exit(void)
{
	struct adoption *a, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(a, next, &adoptions, link)
		drop(a);
	mutex_unlock(&lock);
}
