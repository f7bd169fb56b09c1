// SPDX-License-Identifier: MIT
/*
 * sandbox_filter: which system calls a child is refused (seccomp(2), classic BPF as in bpf(4) of
 * the BSDs). Refused calls answer EPERM; what is not of this machine's own kind (32 bits, x32)
 * ENOSYS. ptrace and process_vm_* are left: namespaces or Landlock keep them to the child's own
 * processes, and the leak sanitizer needs them.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sandbox_inside.h"

#if defined(__x86_64__)
#define OWN_KIND AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_KIND AUDIT_ARCH_AARCH64
#else
#error "seccomp: the kind of this processor is not known here"
#endif

/* Numbers are the same on every processor from 424 on. */
static const int refused[] = {SYS_add_key, SYS_keyctl, SYS_request_key, SYS_bpf, SYS_userfaultfd,
	SYS_perf_event_open, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_swapon, SYS_swapoff,
	SYS_reboot, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_acct, SYS_quotactl, SYS_setns, SYS_open_by_handle_at,
	SYS_name_to_handle_at, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
	SYS_sethostname, SYS_setdomainname, SYS_chroot, SYS_syslog, SYS_fanotify_init,
	SYS_lookup_dcookie, SYS_vhangup, SYS_nfsservctl, 425 /* io_uring_setup */,
	426 /* io_uring_enter */, 427 /* io_uring_register */, 428 /* open_tree */,
	429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */, 432 /* fsmount */,
	433 /* fspick */, 442 /* mount_setattr */, 443 /* quotactl_fd */, 467 /* open_tree_attr */};

enum { SYS_CLONE3 = 435, SYS_PIDFD_SEND_SIGNAL = 424, X32_BIT = 0x40000000 };

#define NAMESPACES \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
		CLONE_NEWCGROUP)

static void put(struct filter *f, struct sock_filter instruction)
{
	must(f->n < FILTER_MAX);
	f->code[f->n++] = instruction;
}

static void load(struct filter *f, size_t offset)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void refuse(struct filter *f, int error)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error));
}

static void allow(struct filter *f)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

/* Goes over the next skip instructions unless the loaded value is this one. */
static void unless(struct filter *f, uint32_t value, unsigned char skip)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

/* The lower half: both processors are little-endian. */
static void load_argument(struct filter *f, int n)
{
	load(f, offsetof(struct seccomp_data, args) + (size_t)n * 8);
}

static void refuse_call(struct filter *f, int number, int error)
{
	unless(f, (uint32_t)number, 1);
	refuse(f, error);
}

/* When any of the bits is set in the call's argument. */
static void refuse_bits(struct filter *f, int number, int argument, uint32_t bits)
{
	unless(f, (uint32_t)number, 4);
	load_argument(f, argument);
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
	refuse(f, EPERM);
	allow(f);
}

/* Puts characters into a terminal's input, or reads its screen. */
static void refuse_terminals(struct filter *f)
{
	unless(f, SYS_ioctl, 6);
	load_argument(f, 1);
	unless(f, TIOCSTI, 1);
	refuse(f, EPERM);
	unless(f, 0x541c /* TIOCLINUX */, 1);
	refuse(f, EPERM);
	allow(f);
}

static void refuse_others_limits(struct filter *f)
{
	unless(f, SYS_prlimit64, 4);
	load_argument(f, 0);
	unless(f, 0, 1);
	allow(f);
	refuse(f, EPERM);
}

/*
 * No network, and no socket of a service on this machine: Landlock knows no connect(2) to a path
 * before Linux 7.1. What remains is a pair of streams, which cannot be connected elsewhere.
 */
static void refuse_sockets(struct filter *f, bool has_network)
{
	if (has_network) {
		unless(f, SYS_socket, 4);
		load_argument(f, 0);
		unless(f, AF_UNIX, 1);
		refuse(f, EPERM);
		allow(f);
	} else {
		refuse_call(f, SYS_socket, EPERM);
	}
	unless(f, SYS_socketpair, 5);
	load_argument(f, 1);
	put(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf));
	unless(f, SOCK_DGRAM, 1);
	refuse(f, EPERM);
	allow(f);
}

/*
 * A network namespace holds the internet's families and netlink; others lead out of it (vsock, to
 * the machine around a virtual one) or are what kernels had holes in.
 */
static void refuse_families(struct filter *f)
{
	static const uint32_t kept[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	enum { KEPT = sizeof kept / sizeof *kept };

	unless(f, SYS_socket, 2 * KEPT + 2);
	load_argument(f, 0);
	for (size_t i = 0; i < KEPT; i++) {
		unless(f, kept[i], 1);
		allow(f);
	}
	refuse(f, EAFNOSUPPORT);
}

/* Where Landlock leaves signals alone: at least not to us, and not to everybody at once. */
static void refuse_signals(struct filter *f, pid_t us, pid_t our_group)
{
	const uint32_t protected[] = {(uint32_t)us, (uint32_t)-our_group, (uint32_t)-1};
	static const int calls[] = {
		SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		unless(f, (uint32_t)calls[i], 8);
		load_argument(f, 0);
		for (size_t k = 0; k < 3; k++) {
			unless(f, protected[k], 1);
			refuse(f, EPERM);
		}
		allow(f);
	}
	refuse_call(f, SYS_PIDFD_SEND_SIGNAL, EPERM);
}

void filter_build(struct filter *f, const struct sandbox *s)
{
	f->n = 0;
	load(f, offsetof(struct seccomp_data, arch));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_KIND, 1, 0));
	refuse(f, ENOSYS);
	load(f, offsetof(struct seccomp_data, nr));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	refuse(f, ENOSYS);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		refuse_call(f, refused[i], EPERM);
	/* Its flags are in memory, where no filter can look; libraries then use clone. */
	refuse_call(f, SYS_CLONE3, ENOSYS);
	refuse_bits(f, SYS_clone, 0, NAMESPACES);
	refuse_bits(f, SYS_unshare, 0, NAMESPACES);
	refuse_terminals(f);
	if (s->kind == SANDBOX_BUBBLEWRAP)
		refuse_families(f);
	if (s->kind == SANDBOX_LANDLOCK) {
		refuse_others_limits(f);
		refuse_sockets(f, s->rules.has_network);
		if (s->abi < SANDBOX_SIGNALS_ABI)
			refuse_signals(f, getpid(), getpgrp());
	}
	allow(f);
}
