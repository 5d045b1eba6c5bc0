// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crowd of VMs, each a process with two vCPUs that tick at 1 kHz by their LAPIC timers.
 * Half of them end by themselves, the others are killed in the middle. What is judged is
 * the host's log, by the runner.
 *
 *	lapic_crowd_test [VMS [TICKS [AT_ONCE]]]
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lapic_vm.h"

#define VMS			100
#define TICKS			200
#define MAX_VMS			1000
#define NR_VCPUS		2
#define PERIOD_NS		NS_PER_MS
#define EACH			10

/**
 * struct member - one VM
 * @pid:	its process
 * @from:	gives a byte once it is halfway
 * @victim:	to be killed then
 */
struct member {
	pid_t	pid;
	int	from;
	bool	victim;
};

/**
 * struct runner - a vCPU and its thread
 * @thread:	thread
 * @vm:		VM
 * @index:	vCPU
 * @ticks:	so many; 0: for ever
 * @halfway:	after so many a byte is due
 * @to:		where to
 * @failed:	something was wrong
 */
struct runner {
	pthread_t	thread;
	struct kt_vmm	*vm;
	unsigned int	index;
	uint64_t	ticks;
	uint64_t	halfway;
	int		to;
	bool		failed;
};

static void *run(void *arg)
{
	struct runner *r = arg;
	struct lapic_vcpu *vcpu = lapic_vcpu(r->vm, r->index);
	bool said = false;

	lapic_prepare(r->vm, r->index, LAPIC_REPORT, LVTT_PERIODIC | LAPIC_VEC, TDCR_BY_1,
		      PERIOD_NS);
	vcpu->arg[3] = EACH;
	while (!r->ticks || vcpu->taken < r->ticks) {
		if (lapic_run(r->vm, r->index) != KT_VMM_SYNC) {
			r->failed = true;
			break;
		}
		if (!said && vcpu->taken >= r->halfway) {
			said = true;
			if (write(r->to, "", 1) != 1)
				r->failed = true;
		}
	}
	return NULL;
}

/* Each policy has its turn, each mode of the local APIC, too. */
static int run_vm(unsigned int nr, uint64_t ticks, bool victim, int to)
{
	struct kt_vmm_config config = {
		.nr_vcpus	= NR_VCPUS,
		.policy		= { .policy = KVM_TIMERS_POLICY_CATCHUP + nr / 4 % 3 },
	};
	struct runner runners[NR_VCPUS];
	struct kvm_timers_status status;
	bool failed = false;
	struct kt_vmm vm;
	unsigned int i;

	if (lapic_create(&vm, &config, nr / 2 % 2))
		return 1;

	for (i = 0; i < NR_VCPUS; i++) {
		runners[i] = (struct runner) {
			.vm		= &vm,
			.index		= i,
			.ticks		= victim ? 0 : ticks,
			.halfway	= ticks / 2,
			.to		= to,
		};
		if (pthread_create(&runners[i].thread, NULL, run, &runners[i]))
			return 1;
	}
	for (i = 0; i < NR_VCPUS; i++) {
		pthread_join(runners[i].thread, NULL);
		failed |= runners[i].failed;
	}
	if (kt_vmm_status(&vm, &status) && !kt_host_plain())
		failed = true;
	if (!kt_host_plain() && (!kt_host_conserved(&status) ||
				 lapic_row(&status)->stats.delivered < NR_VCPUS * ticks))
		failed = true;
	kt_vmm_destroy(&vm);
	return failed;
}

static int start(struct member *member, unsigned int nr, uint64_t ticks)
{
	int fds[2];

	member->victim = nr % 2;
	if (pipe(fds))
		return -1;
	member->pid = fork();
	if (!member->pid) {
		close(fds[0]);
		_exit(run_vm(nr, ticks, member->victim, fds[1]));
	}
	close(fds[1]);
	member->from = fds[0];
	return member->pid < 0 ? -1 : 0;
}

/* Return: it ended as it should. */
static bool finish(struct member *member)
{
	bool halfway;
	int status;
	char byte;

	halfway = read(member->from, &byte, 1) == 1;
	if (member->victim)
		kill(member->pid, SIGKILL);
	while (waitpid(member->pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	/* Not before: the other vCPU writes, too. */
	close(member->from);
	if (member->victim)
		return halfway && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	return halfway && WIFEXITED(status) && !WEXITSTATUS(status);
}

static unsigned int run_some(unsigned int first, unsigned int n, uint64_t ticks)
{
	static struct member members[MAX_VMS];
	unsigned int good = 0, i;

	for (i = 0; i < n; i++)
		if (start(&members[i], first + i, ticks)) {
			perror("# start");
			break;
		}
	n = i;
	/* Those that are to be killed would go on for ever, and the others wait for them. */
	for (i = 0; i < n; i++)
		if (members[i].victim)
			good += finish(&members[i]);
	for (i = 0; i < n; i++)
		if (!members[i].victim)
			good += finish(&members[i]);
	return good;
}

static unsigned long argument(int argc, char **argv, int n, unsigned long val)
{
	return argc > n ? strtoul(argv[n], NULL, 0) : val;
}

int main(int argc, char **argv)
{
	unsigned long vms = argument(argc, argv, 1, VMS);
	unsigned long ticks = argument(argc, argv, 2, TICKS);
	unsigned long at_once = argument(argc, argv, 3, vms);
	unsigned long i, n, good = 0;

	kt_host_require();
	if (!at_once || at_once > MAX_VMS) {
		fprintf(stderr, "usage: lapic_crowd_test [VMS [TICKS [AT_ONCE]]], at most %u at once\n",
			MAX_VMS);
		return 2;
	}

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < vms; i += n) {
		n = vms - i < at_once ? vms - i : at_once;
		good += run_some(i, n, ticks);
	}
	printf("%s 1 - %lu of %lu VMs with %u vCPUs and %lu ticks each ended as they should\n",
	       good == vms ? "ok" : "not ok", good, vms, NR_VCPUS, ticks);
	return good != vms;
}
