// SPDX-License-Identifier: MIT
/*
 * sandbox_keeper: the process between us and a child.
 *
 *   fettle ─ fork ─ keeper ─ fork ─ child (bwrap, or the program itself) ─ what it starts
 *
 * The keeper is the subreaper of all below it, so nothing that is forked away is lost. It waits for
 * the child, then ends what is left and takes the child's status as its own. SIGTERM asks the child
 * to end and makes an end after a while, SIGQUIT at once; the kernel sends the former when the
 * thread that made the keeper is gone. Only what is safe after the fork of a process with threads
 * is called here.
 *
 * Ending everything, however fast it forks: under bubblewrap the death of bwrap takes the process
 * namespace with it. Otherwise the keeper is in a Landlock domain whose signals stay inside, so
 * that SIGKILL to -1 reaches all below it, at one moment, and nobody else. Before Linux 6.12 it is
 * the child's group at one moment, and whoever has left that round after round.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "io/sandbox_inside.h"

enum {
	GRACE_S = 2,
	ROUND_MS = 5,
	NOT_STARTED = 127,
	FILES_MAX = 65'536,
	FILE_MAX_BYTES = 1 << 30,
};

struct keeper {
	const struct plan *plan;
	pid_t child;
	bool is_reaped; /* until then its number is its own */
	int status;
	bool has_guard; /* our signals reach what is below us and nobody else */
	bool is_asked;
	struct timespec asked_until;
};

/* ---- the child, before exec ---- */

static void limit(int what, rlim_t value)
{
	struct rlimit now;

	if (getrlimit(what, &now) < 0)
		return;
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > value)
		now.rlim_max = value;
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > now.rlim_max)
		now.rlim_cur = now.rlim_max;
	setrlimit(what, &now);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	syscall(SYS_capset, &head, none);
}

static bool restrict_by_landlock(const struct plan *p)
{
	struct sock_fprog program = {p->filter.n, (struct sock_filter *)p->filter.code};

	drop_capabilities();
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && landlock_enter(p->ruleset_fd) &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static bool place(const struct plan *p)
{
	int in = p->in_fd >= 0 ? p->in_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Above 2 first, as any of them may be one of those. */
	in = fcntl(in, F_DUPFD_CLOEXEC, 3);
	int out = fcntl(p->out_fd, F_DUPFD_CLOEXEC, 3);
	int errors = fcntl(p->errors_fd, F_DUPFD_CLOEXEC, 3);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0)
		return false;
	syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (p->filter_fd >= 0 && fcntl(p->filter_fd, F_SETFD, 0) < 0)
		return false;
	return !p->directory || chdir(p->directory) == 0;
}

static _Noreturn void become_child(const struct plan *p)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, FILE_MAX_BYTES);
	limit(RLIMIT_NOFILE, FILES_MAX);
	limit(RLIMIT_NPROC, p->tasks_max);
	sigemptyset(&none);
	if (place(p) && (p->kind != SANDBOX_LANDLOCK || restrict_by_landlock(p))) {
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(p->program, (char *const *)p->arguments, (char *const *)p->environment);
	}
	int error = errno;
	(void)!write(p->failure_fd, &error, sizeof error);
	_exit(NOT_STARTED);
}

/* ---- ending ---- */

/* Numbers of a process's children, separated by spaces; false where the kernel does not tell. */
static bool read_children(pid_t of, char *text, size_t size_bytes)
{
	char path[64];

	/* Numbers only: no memory is asked for, no lock taken. */
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)of, (int)of);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size_bytes - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* The next number in text; 0 at its end. */
static pid_t next_number(const char **text)
{
	pid_t number = 0;

	while (**text == ' ')
		++*text;
	for (; **text >= '0' && **text <= '9'; ++*text)
		number = number * 10 + (**text - '0');
	return number;
}

static void signal_children(pid_t of, int number, bool whole_groups)
{
	char text[4096];
	const char *rest = text;
	pid_t pid;

	if (!read_children(of, text, sizeof text))
		return;
	while ((pid = next_number(&rest)) > 0)
		kill(whole_groups ? -pid : pid, number);
}

static void kill_all(const struct keeper *k)
{
	if (!k->is_reaped) {
		kill(k->child, SIGKILL);
		kill(-k->child, SIGKILL);
	}
	if (k->has_guard)
		kill(-1, SIGKILL);
	else
		signal_children(getpid(), SIGKILL, false);
}

/* True when nobody is left. */
static bool collect(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->child) {
			k->is_reaped = true;
			k->status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		}
	return pid < 0 && errno == ECHILD;
}

static void end_all(struct keeper *k)
{
	const struct timespec round = {0, ROUND_MS * 1'000'000};
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	for (;;) {
		kill_all(k);
		if (collect(k))
			return;
		sigtimedwait(&ends, NULL, &round);
	}
}

/*
 * Under bubblewrap the child's group is that of the first process of its namespace, which does not
 * listen to SIGTERM itself.
 */
static void ask(struct keeper *k)
{
	if (k->is_asked)
		return;
	k->is_asked = true;
	clock_gettime(CLOCK_MONOTONIC, &k->asked_until);
	k->asked_until.tv_sec += GRACE_S;
	if (k->plan->kind == SANDBOX_BUBBLEWRAP)
		signal_children(k->child, SIGTERM, true);
	else
		kill(-k->child, SIGTERM);
}

/* ---- waiting ---- */

static void left(const struct keeper *k, struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t ns = (k->asked_until.tv_sec - now.tv_sec) * 1'000'000'000LL +
		     (k->asked_until.tv_nsec - now.tv_nsec);
	ns = ns > 0 ? ns : 0;
	*t = (struct timespec){ns / 1'000'000'000, ns % 1'000'000'000};
}

/* Its end is looked at and not yet taken, so that its group can still be ended. */
static bool has_ended(struct keeper *k)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)k->child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
		return true;
	collect(k);
	return k->is_reaped;
}

static void wait_for_end(struct keeper *k, const sigset_t *watched)
{
	struct timespec t;

	while (!has_ended(k)) {
		left(k, &t);
		int number = sigtimedwait(watched, NULL, k->is_asked ? &t : NULL);
		if (number == SIGQUIT || (number < 0 && errno == EAGAIN))
			return;
		if (number == SIGTERM)
			ask(k);
	}
}

/* True only when it is certain that a signal to everybody reaches nobody above us. */
static bool enter_guard(const struct plan *p)
{
	return p->guard_fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       landlock_enter(p->guard_fd) && kill(p->parent, 0) < 0 && errno == EPERM;
}

/* Where memory runs out it is to be the child's end and not ours. */
static void volunteer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "500", 3);
	close(fd);
}

_Noreturn void keeper_run(const struct plan *p)
{
	struct keeper k = {.plan = p};
	sigset_t watched;

	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGQUIT);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != p->parent)
		_exit(NOT_STARTED);
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	volunteer();
	k.has_guard = enter_guard(p);
	k.child = fork();
	if (k.child == 0)
		become_child(p);
	if (k.child < 0) {
		int error = errno;
		(void)!write(p->failure_fd, &error, sizeof error);
		_exit(NOT_STARTED);
	}
	/* All but the lock: the other ends of pipes are not to wait for us. */
	if (p->lock_fd > 0)
		syscall(SYS_close_range, 0, p->lock_fd - 1, 0);
	syscall(SYS_close_range, p->lock_fd > 0 ? p->lock_fd + 1 : 0, ~0U, 0);
	wait_for_end(&k, &watched);
	end_all(&k);
	placeholders_remove(p);
	_exit(k.status);
}

/* ---- starting it ---- */

void plan_release(struct plan *p)
{
	file_close(&p->filter_fd);
	file_close(&p->ruleset_fd);
	file_close(&p->guard_fd);
	file_close(&p->failure_fd);
	file_close(&p->lock_fd);
	vec_release(&p->words);
	vec_release(&p->placeholders);
	arena_release(&p->arena);
}

static bool make_plan(struct plan *p, const struct sandbox *s, struct err *e)
{
	filter_build(&p->filter, s);
	if (p->kind == SANDBOX_BUBBLEWRAP)
		return plan_bubblewrap(p, s, e);
	if (p->kind == SANDBOX_NONE)
		return true;
	p->guard_fd = landlock_guard(s->abi);
	return plan_landlock(p, s, e);
}

/* Waits until exec has closed the pipe, or somebody told why not. */
static bool has_started(int fd, const char *program, struct err *e)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof error);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return true;
	errno = n == sizeof error ? error : EIO;
	return err_errno(e, "%s", program);
}

static bool start(struct plan *p, pid_t *pid, struct err *e)
{
	sigset_t all, before;
	int failure[2];

	if (pipe2(failure, O_CLOEXEC) < 0)
		return err_errno(e, "pipe");
	p->failure_fd = failure[1];
	p->parent = getpid();
	/* Signals that come before the keeper waits for them are kept for it. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid_t made = fork();
	if (made == 0)
		keeper_run(p);
	int why = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	file_close(&p->failure_fd);
	errno = why;
	bool is_running = made > 0 ? has_started(failure[0], p->program, e) : err_errno(e, "fork");
	close(failure[0]);
	if (is_running)
		*pid = made;
	else if (made > 0)
		waitpid(made, NULL, 0);
	return is_running;
}

bool sandbox_spawn(const struct child_start *how, pid_t *pid, struct err *e)
{
	const struct sandbox_limits *limits = &how->sandbox->rules.limits;
	struct plan p = {.kind = how->sandbox->kind,
		.program = how->program,
		.arguments = how->arguments,
		.environment = how->environment,
		.directory = how->directory,
		.in_fd = how->in_fd,
		.out_fd = how->out_fd,
		.errors_fd = how->errors_fd,
		.filter_fd = -1,
		.ruleset_fd = -1,
		.guard_fd = -1,
		.failure_fd = -1,
		.lock_fd = -1,
		.tasks_max = sandbox_all_tasks() +
			     (limits->tasks_max ? limits->tasks_max : SANDBOX_TASKS_MAX)};
	bool is_running = make_plan(&p, how->sandbox, e) && start(&p, pid, e);

	plan_release(&p);
	return is_running;
}
