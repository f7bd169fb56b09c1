// SPDX-License-Identifier: MIT
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "io/sandbox_inside.h"

/* How often the cancel flag is looked at, and the process where there is no pidfd. */
enum { TICK_MS = 20 };

struct child {
	const struct child_options *options;
	pid_t pid;
	int out_fd, errors_fd;
	int pid_fd; /* -1 before Linux 5.3 */
	int64_t deadline_ns;
	int read_error; /* errno of a pipe that could not be read to its end; 0 none */
};

void child_result_release(struct child_result *r)
{
	buf_release(&r->out);
	buf_release(&r->errors);
	*r = (struct child_result){0};
}

bool child_find(const char *name, struct buf *path)
{
	const char *set = getenv("PATH");
	struct str rest = str_from(set ? set : "/usr/local/bin:/usr/bin:/bin"), directory;

	while (str_split(&rest, ':', &directory)) {
		/* A relative entry would run programs that lie in the workspace. */
		if (!str_starts(directory, STR("/")))
			continue;
		size_t start = path->n;
		buf_printf(path, "%.*s/%s", STR_ARG(directory), name);
		if (access(path->p + start, X_OK) == 0)
			return true;
		buf_cut(path, start);
	}
	return false;
}

/* No signal blocked, none ignored, whatever our own threads do. */
static void reset_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGCHLD);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &defaults);
}

bool child_spawn(const struct child_start *start, pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	if (start->sandbox)
		return sandbox_spawn(start, pid, e);
	posix_spawn_file_actions_init(&actions);
	if (start->in_fd < 0)
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&actions, start->in_fd, 0);
	posix_spawn_file_actions_adddup2(&actions, start->out_fd, 1);
	posix_spawn_file_actions_adddup2(&actions, start->errors_fd, 2);
	if (start->directory)
		posix_spawn_file_actions_addchdir_np(&actions, start->directory);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	reset_signals(&attributes);
	/* posix_spawn takes the vectors as char *const *, and does not write to them. */
	int failure = posix_spawn(pid, start->program, &actions, &attributes,
		(char *const *)start->arguments, (char *const *)start->environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	errno = failure;
	return !failure || err_errno(e, "%s", start->program);
}

/* A file in memory that stands at its start, so that nobody has to write while it reads. */
static int open_input(struct str input, struct err *e)
{
	AUTO_FD fd = memfd_create("input", MFD_CLOEXEC);
	int made = -1;

	if (fd < 0)
		err_errno(e, "memfd_create");
	else if (file_write_fd(fd, input, e) && lseek(fd, 0, SEEK_SET) == 0)
		made = fd;
	if (made >= 0)
		fd = -1;
	return made;
}

int child_watch(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool child_has_ended(pid_t pid)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == pid;
}

int child_collect(pid_t pid)
{
	int status = 0;
	pid_t collected;

	kill(-pid, SIGKILL);
	do
		collected = waitpid(pid, &status, 0);
	while (collected < 0 && errno == EINTR);
	if (collected < 0)
		return 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool start(struct child *c, struct err *e)
{
	int out[2] = {-1, -1}, errors[2] = {-1, -1};
	AUTO_FD in_fd = c->options->input.n ? open_input(c->options->input, e) : -1;

	if (c->options->input.n && in_fd < 0)
		return false;
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_errno(e, "pipe");
	if (pipe2(errors, O_CLOEXEC) < 0) {
		err_errno(e, "pipe");
		close(out[0]);
		close(out[1]);
		return false;
	}
	struct child_start how = {.program = c->options->program,
		.arguments = c->options->arguments,
		.environment = c->options->environment,
		.directory = c->options->directory,
		.in_fd = in_fd,
		.out_fd = out[1],
		.errors_fd = errors[1]};
	bool is_started = child_spawn(&how, &c->pid, e);
	close(out[1]);
	close(errors[1]);
	c->out_fd = out[0];
	c->errors_fd = errors[0];
	if (!is_started) {
		file_close(&c->out_fd);
		file_close(&c->errors_fd);
		return false;
	}
	fcntl(c->out_fd, F_SETFL, O_NONBLOCK);
	fcntl(c->errors_fd, F_SETFL, O_NONBLOCK);
	c->pid_fd = child_watch(c->pid);
	return true;
}

/* Reads what is there; closes at the end. Keeps max bytes, drops the rest; returns all it read. */
static uint64_t drain(struct child *c, int *fd, struct buf *kept, size_t max)
{
	uint64_t total = 0;
	char bytes[16 << 10];

	while (*fd >= 0) {
		ssize_t n = read(*fd, bytes, sizeof bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			c->read_error = errno;
		if (n <= 0) {
			file_close(fd);
			break;
		}
		total += (uint64_t)n;
		size_t room = max > kept->n ? max - kept->n : 0;
		buf_put(kept, bytes, (size_t)n < room ? (size_t)n : room);
		/* One that writes without end must not keep us from the deadline. */
		if (total >= 1 << 20)
			break;
	}
	return total;
}

static int wait_ms(const struct child *c)
{
	int64_t left = (c->deadline_ns - clock_ns()) / 1'000'000 + 1;

	if ((c->options->cancel || c->pid_fd < 0) && left > TICK_MS)
		left = TICK_MS;
	return left < 0 ? 0 : left > 60'000 ? 60'000 : (int)left;
}

/* Until the program ends, whoever else may still hold its pipes. */
static bool follow(struct child *c, struct child_result *r, struct err *e)
{
	const struct child_options *o = c->options;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = c->out_fd, .events = POLLIN},
			{.fd = c->errors_fd, .events = POLLIN},
			{.fd = c->pid_fd, .events = POLLIN},
		};
		poll(fds, 3, wait_ms(c));
		bool ended = child_has_ended(c->pid);
		r->out_bytes += drain(c, &c->out_fd, &r->out, o->out_max_bytes);
		drain(c, &c->errors_fd, &r->errors, o->errors_max_bytes);
		if (ended)
			return true;
		if (o->cancel && atomic_load(o->cancel))
			return err_set(e, ERR_CANCELLED, "%s: stopped", o->arguments[0]);
		if (clock_ns() >= c->deadline_ns)
			return err_set(e, ERR_TIMEOUT, "%s: not done after %lld ms",
				o->arguments[0], (long long)o->deadline_ms);
	}
}

bool child_run(const struct child_options *options, struct child_result *out, struct err *e)
{
	struct child c = {.options = options, .out_fd = -1, .errors_fd = -1, .pid_fd = -1};
	struct child_result made = {0};

	c.deadline_ns = clock_ns() + options->deadline_ms * 1'000'000;
	if (!start(&c, e))
		return false;
	bool done = follow(&c, &made, e);
	made.status = child_collect(c.pid);
	/* What was written in the last moment is still in the pipes. */
	made.out_bytes += drain(&c, &c.out_fd, &made.out, options->out_max_bytes);
	drain(&c, &c.errors_fd, &made.errors, options->errors_max_bytes);
	file_close(&c.out_fd);
	file_close(&c.errors_fd);
	file_close(&c.pid_fd);
	if (done && c.read_error) {
		errno = c.read_error;
		done = err_errno(e, "output of %s", options->arguments[0]);
	}
	if (done)
		*out = made;
	else
		child_result_release(&made);
	return done;
}
