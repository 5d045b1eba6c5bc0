// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adoption reaches the VMs that it should, and no others; who may not, cannot.
 *
 *	adopt_test			TAP
 *	adopt_test --expect-auto	exit 0 if a VM that nobody asked for is taken over:
 *					the module was loaded with auto_attach=1
 *	adopt_test --make-vm		what the tests execute: exit EXIT_TAKEN or EXIT_NOT_TAKEN
 */
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "harness.h"
#include "tick_cmds.h"

#define NOBODY			65534
#define MAX_VMS			256
#define COUNT_1KHZ		1193
#define TICKS			20
#define SELF			"/proc/self/exe"

#define EXIT_NOT_TAKEN		10
#define EXIT_TAKEN		11
#define EXIT_TROUBLE		12

/* The status of the first listed VM that this process has created. */
static bool find_mine(int dev, struct kvm_timers_status *status)
{
	uint32_t ids[MAX_VMS], i;
	struct kvm_timers_list arg = {
		.size	= sizeof(arg),
		.count	= MAX_VMS,
		.ids	= (uintptr_t)ids,
	};

	if (ioctl(dev, KVM_TIMERS_LIST, &arg))
		return false;

	for (i = 0; i < arg.count && i < MAX_VMS; i++) {
		int timers = ioctl(dev, KVM_TIMERS_OPEN, (unsigned long)ids[i]);
		bool mine;

		if (timers < 0)
			continue;
		mine = !kt_host_timers_status(timers, status) && status->pid == getpid();
		close(timers);
		if (mine)
			return true;
	}
	return false;
}

static int make_vm(void)
{
	int dev = open(KT_HOST_DEV_TIMERS, O_RDWR | O_CLOEXEC);
	int kvm = open(KT_HOST_DEV_KVM, O_RDWR | O_CLOEXEC);
	struct kvm_timers_status status;
	int vm, ret;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (dev < 0 || vm < 0)
		return EXIT_TROUBLE;

	ret = find_mine(dev, &status) ? EXIT_TAKEN : EXIT_NOT_TAKEN;
	close(vm);
	close(kvm);
	close(dev);
	return ret;
}

static int exit_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return EXIT_TROUBLE;
	return WEXITSTATUS(status);
}

static pid_t fork_make_vm(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(make_vm());
	return pid;
}

static int adopt(int dev, uint32_t devices, uint32_t policy)
{
	struct kvm_timers_config config;

	kt_host_pit_config(&config);
	config.devices = devices;
	config.tick[0].policy = policy;
	return ioctl(dev, KVM_TIMERS_ADOPT, &config);
}

FIXTURE(adopt) {
	int dev;
};

FIXTURE_SETUP(adopt)
{
	self->dev = open(KT_HOST_DEV_TIMERS, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(adopt)
{
	close(self->dev);
}

TEST_F(adopt, nobody_asked)
{
	EXPECT_EQ(EXIT_NOT_TAKEN, make_vm());
}

TEST_F(adopt, own_and_child)
{
	ASSERT_EQ(0, adopt(self->dev, KVM_TIMERS_PIT, 0));
	EXPECT_EQ(EXIT_TAKEN, make_vm());
	EXPECT_EQ(EXIT_TAKEN, exit_of(fork_make_vm()));

	/* Closing the device forgets nothing. */
	close(self->dev);
	self->dev = -1;
	EXPECT_EQ(EXIT_TAKEN, exit_of(fork_make_vm()));
}

TEST_F(adopt, survives_execve)
{
	pid_t pid = fork();

	if (!pid) {
		if (adopt(self->dev, KVM_TIMERS_PIT, 0))
			_exit(EXIT_TROUBLE);
		execl(SELF, "adopt_test", "--make-vm", NULL);
		_exit(EXIT_TROUBLE);
	}
	EXPECT_EQ(EXIT_TAKEN, exit_of(pid));
}

/* What a VMM that daemonizes does, below a subreaper: its parent is gone. */
TEST_F(adopt, daemon_below_subreaper)
{
	int result[2], gone[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(result));
	ASSERT_EQ(0, pipe(gone));
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, adopt(self->dev, KVM_TIMERS_PIT, 0));
	child = fork();
	if (!child) {
		setsid();
		if (fork())
			_exit(0);
		close(gone[1]);
		/* End of file: the tester has reaped the one in between. */
		if (read(gone[0], &byte, 1))
			_exit(EXIT_TROUBLE);
		byte = make_vm();
		_exit(write(result[1], &byte, 1) != 1);
	}
	ASSERT_EQ(0, exit_of(child));
	close(gone[1]);
	ASSERT_EQ(1, read(result[0], &byte, 1));
	EXPECT_EQ(EXIT_TAKEN, byte);
}

TEST_F(adopt, not_below)
{
	int ready[2], end[2];
	pid_t asker;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(end));
	asker = fork();
	if (!asker) {
		close(end[1]);
		byte = adopt(self->dev, KVM_TIMERS_PIT, 0);
		if (byte || write(ready[1], &byte, 1) != 1)
			_exit(EXIT_TROUBLE);
		_exit(read(end[0], &byte, 1));
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(EXIT_NOT_TAKEN, exit_of(fork_make_vm()));
	EXPECT_EQ(EXIT_NOT_TAKEN, make_vm());
	close(end[1]);
	EXPECT_EQ(0, exit_of(asker));
}

TEST_F(adopt, no_devices_forgets)
{
	ASSERT_EQ(0, adopt(self->dev, KVM_TIMERS_PIT, 0));
	ASSERT_EQ(EXIT_TAKEN, exit_of(fork_make_vm()));
	ASSERT_EQ(0, adopt(self->dev, 0, 0));
	EXPECT_EQ(EXIT_NOT_TAKEN, exit_of(fork_make_vm()));
	EXPECT_EQ(EXIT_NOT_TAKEN, make_vm());
}

/* A VMM that knows nothing of the module gets ticks by the policy asked for. */
TEST_F(adopt, unmodified_vmm_ticks)
{
	struct kt_vmm_config config = { .takeover = KT_VMM_PLAIN };
	struct kvm_timers_status status;
	struct kt_vmm vm;

	ASSERT_EQ(0, adopt(self->dev, KVM_TIMERS_PIT, KVM_TIMERS_POLICY_CATCHUP));
	ASSERT_EQ(0, adopt(self->dev, KVM_TIMERS_PIT, KVM_TIMERS_POLICY_MERGE));
	ASSERT_EQ(0, kt_vmm_create(&vm, &config));
	vm.shared->arg[0] = KT_PIN_IOAPIC_2;
	vm.shared->arg[1] = COUNT_1KHZ;
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&vm, TICK_START));
	vm.shared->arg[0] = TICKS;
	vm.shared->arg[1] = false;
	ASSERT_EQ(KT_VMM_DONE, kt_vmm_command(&vm, TICK_UNTIL));
	ASSERT_EQ(true, find_mine(self->dev, &status));
	EXPECT_EQ(1, status.device[0].active);
	EXPECT_EQ(KVM_TIMERS_POLICY_MERGE, status.device[0].policy);
	EXPECT_GE(status.device[0].stats.delivered, TICKS);
	EXPECT_EQ(true, kt_host_conserved(&status));
	kt_vmm_destroy(&vm);
}

static int as_nobody(int (*what)(int, unsigned long), int fd, unsigned long arg)
{
	pid_t pid = fork();

	if (!pid) {
		if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(UINT8_MAX);
		_exit(what(fd, arg));
	}
	return exit_of(pid);
}

static int try_open(int fd, unsigned long arg)
{
	return open(KT_HOST_DEV_TIMERS, O_RDWR) < 0 ? errno : 0;
}

static int try_take(int fd, unsigned long id)
{
	return ioctl(fd, KVM_TIMERS_OPEN, id) < 0 ? errno : 0;
}

static int count_listed(int fd, unsigned long arg)
{
	struct kvm_timers_list list = { .size = sizeof(list) };

	return ioctl(fd, KVM_TIMERS_LIST, &list) ? UINT8_MAX : list.count;
}

TEST_F(adopt, other_user)
{
	struct kvm_timers_status status;
	struct kt_vmm vm;

	if (getuid())
		SKIP(return, "needs root");

	ASSERT_EQ(0, kt_vmm_create(&vm, NULL));
	ASSERT_EQ(0, kt_vmm_status(&vm, &status));
	EXPECT_EQ(EACCES, as_nobody(try_open, -1, 0));
	EXPECT_EQ(EPERM, as_nobody(try_take, self->dev, status.id));
	EXPECT_EQ(0, as_nobody(count_listed, self->dev, 0));
	EXPECT_EQ(0, try_take(self->dev, status.id));
	EXPECT_GE(count_listed(self->dev, 0), 1);
	kt_vmm_destroy(&vm);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--make-vm"))
		return make_vm();

	kt_host_require_module();
	if (argc > 1 && !strcmp(argv[1], "--expect-auto"))
		return make_vm() != EXIT_TAKEN;
	return harness_main(argc, argv);
}
