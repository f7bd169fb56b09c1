// SPDX-License-Identifier: MIT
/*
 * A command is followed by the thread that started it: the caller's in the foreground, one of its
 * own in the background. That thread alone touches the pipe; what others read of a job is under the
 * shell's lock.
 */
#include "agent/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/shell_output.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "io/child.h"
#include "io/condition.h"

enum {
	TICK_MS = 20,
	WATCH_MS = 100,
	/* The keeper ends it 2 s after it was asked to; should it not, this does. */
	PATIENCE_MS = 10'000,
	JOBS_KEPT_MAX = 100,
};

struct job {
	struct shell *shell;
	int number;
	const char *directory; /* of the fence, for its output */
	const char *seen;
	struct output output;
	struct sandbox_watch watch;
	pid_t pid;
	int pid_fd;
	int64_t started, deadline, ended; /* ns; deadline 0: none */
	const atomic_bool *cancel;
	atomic_int stop; /* 0, or 1 + enum sandbox_ending */
	enum shell_end end;
	int status;
	const char *why;
	enum sandbox_kind kind;
	pthread_t thread;
	struct str text;
};

struct shell {
	pthread_mutex_t lock; /* protects what follows, and outputs and ends of jobs */
	pthread_cond_t changed;
	VEC(struct job *) jobs;
	struct arena arena;
};

struct shell *shell_new(void)
{
	struct shell *s = must_alloc(1, sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	condition_init(&s->changed);
	return s;
}

void shell_report_release(struct shell_report *r)
{
	buf_release(&r->text);
	*r = (struct shell_report){0};
}

/* ---- one command ---- */

static bool spawn(struct job *job, const struct shell_command *command, int writer, struct err *e)
{
	const struct sandbox *sandbox = fence_sandbox(command->fence, e);
	const char *bash = "/bin/bash", *sh = "/bin/sh";
	const char *program = access(bash, X_OK) == 0 ? bash : sh;
	const char *arguments[] = {strrchr(program, '/') + 1, "-c",
		arena_text(&job->shell->arena, command->text), NULL};
	struct child_start start = {.program = program,
		.arguments = arguments,
		.environment = fence_environment(command->fence),
		.directory = command->directory,
		.in_fd = -1,
		.out_fd = writer,
		.errors_fd = writer,
		.sandbox = sandbox};

	if (!sandbox || !child_spawn(&start, &job->pid, e))
		return false;
	job->kind = sandbox_kind(sandbox);
	job->seen = sandbox_temporary(sandbox);
	job->pid_fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	job->started = clock_ns();
	job->deadline = command->timeout_ms ? job->started + command->timeout_ms * 1'000'000 : 0;
	sandbox_watch_begin(&job->watch, sandbox, job->pid);
	return true;
}

/* With the shell's lock held, as the arena is the shell's. */
static bool begin(struct job *job, const struct shell_command *command, struct err *e)
{
	int writer = -1;

	if (!fence_sandbox(command->fence, e))
		return false;
	job->directory = fence_temporary(command->fence);
	job->cancel = command->cancel;
	job->pid_fd = -1;
	if (!output_open(&job->output, job->directory, fence_number(command->fence), &writer, e))
		return false;
	bool is_running = spawn(job, command, writer, e);
	file_close(&writer);
	if (!is_running)
		output_close(&job->output, job->directory);
	return is_running;
}

static bool has_ended(const struct job *job)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == job->pid;
}

/* Why it has to end now; SHELL_RUNS: it need not. */
static enum shell_end judge(struct job *job, int64_t now, int64_t *watched)
{
	if ((job->cancel && atomic_load(job->cancel)) || atomic_load(&job->stop))
		return SHELL_STOPPED;
	if (job->deadline && now >= job->deadline)
		return SHELL_TIMED_OUT;
	if (now - *watched < WATCH_MS * 1'000'000LL)
		return SHELL_RUNS;
	*watched = now;
	job->why = sandbox_watch_look(&job->watch);
	return job->why ? SHELL_LIMITED : SHELL_RUNS;
}

static void end_early(struct job *job, enum shell_end end)
{
	/* What floods the machine is not asked. */
	bool is_asked = end != SHELL_LIMITED && atomic_load(&job->stop) != 1 + SANDBOX_KILL;

	sandbox_end(job->pid, is_asked ? SANDBOX_ASK : SANDBOX_KILL);
}

static void take(struct job *job)
{
	pthread_mutex_lock(&job->shell->lock);
	output_take(&job->output);
	pthread_mutex_unlock(&job->shell->lock);
}

/* Until nothing of it is left. The result is in job->end, status and output. */
static void follow(struct job *job, enum shell_end *end)
{
	int64_t watched = job->started, asked = 0, now;

	*end = SHELL_RUNS;
	while (!has_ended(job)) {
		struct pollfd fds[] = {{.fd = job->output.pipe_fd, .events = POLLIN},
			{.fd = job->pid_fd, .events = POLLIN}};
		poll(fds, 2, TICK_MS);
		take(job);
		now = clock_ns();
		if (*end == SHELL_RUNS && (*end = judge(job, now, &watched)) != SHELL_RUNS) {
			asked = now;
			end_early(job, *end);
		}
		if (asked && now - asked > PATIENCE_MS * 1'000'000LL)
			kill(job->pid, SIGKILL);
	}
}

static void collect(struct job *job, enum shell_end end)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(job->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	/* Its last words are still in the pipe; nobody is left to add to them. */
	for (int i = 0; job->output.pipe_fd >= 0 && i < SHELL_FILE_MAX_BYTES / (1 << 20); i++)
		take(job);
	pthread_mutex_lock(&job->shell->lock);
	job->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	job->ended = clock_ns();
	job->end = end == SHELL_RUNS ? SHELL_ENDED : end;
	file_close(&job->pid_fd);
	pthread_cond_broadcast(&job->shell->changed);
	pthread_mutex_unlock(&job->shell->lock);
}

static void run_to_end(struct job *job)
{
	enum shell_end end;

	follow(job, &end);
	collect(job, end);
}

/* With the lock held. */
static void report(struct job *job, struct shell_report *out)
{
	int64_t until = job->ended ? job->ended : clock_ns();

	*out = (struct shell_report){.number = job->number,
		.end = job->end,
		.status = job->status,
		.why = job->why,
		.kind = job->kind,
		.ran_ms = (until - job->started) / 1'000'000};
	output_show(&job->output, job->seen, &out->text);
}

bool shell_run(struct shell *s, const struct shell_command *command, struct shell_report *out,
	struct err *e)
{
	struct job job = {.shell = s};

	pthread_mutex_lock(&s->lock);
	bool is_running = begin(&job, command, e);
	pthread_mutex_unlock(&s->lock);
	if (!is_running)
		return false;
	run_to_end(&job);
	pthread_mutex_lock(&s->lock);
	report(&job, out);
	output_close(&job.output, job.directory);
	pthread_mutex_unlock(&s->lock);
	return true;
}

/* ---- in the background ---- */

struct beginning {
	struct job *job;
	const struct shell_command *command;
	struct err *e;
	bool is_running, is_over;
};

/* The thread that starts a child is the one whose end ends it. */
static void *follow_job(void *self)
{
	struct beginning *b = self;
	struct job *job = b->job;
	struct shell *s = job->shell;

	pthread_mutex_lock(&s->lock);
	bool is_running = begin(job, b->command, b->e);
	b->is_running = is_running;
	b->is_over = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (is_running)
		run_to_end(job);
	return NULL;
}

static size_t count_running(const struct shell *s)
{
	size_t n = 0;

	vec_each (&s->jobs, job)
		n += !(*job)->ended;
	return n;
}

/* Signals are the loop's thread's. */
static bool start_thread(struct job *job, struct beginning *b, struct err *e)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int failure = pthread_create(&job->thread, NULL, follow_job, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = failure;
	return !failure || err_errno(e, "a thread for the command");
}

static bool start_job(
	struct shell *s, struct job *job, const struct shell_command *command, struct err *e)
{
	struct beginning b = {.job = job, .command = command, .e = e};

	if (!start_thread(job, &b, e))
		return false;
	while (!b.is_over)
		pthread_cond_wait(&s->changed, &s->lock);
	if (b.is_running)
		return true;
	pthread_mutex_unlock(&s->lock);
	pthread_join(job->thread, NULL);
	pthread_mutex_lock(&s->lock);
	return false;
}

bool shell_start(struct shell *s, const struct shell_command *command, int *number, struct err *e)
{
	struct job *job = must_alloc(1, sizeof *job);
	struct shell_command own = *command;

	/* It outlives the call, and is stopped by shell_free when the run is. */
	own.cancel = NULL;
	job->shell = s;
	job->pid_fd = -1;
	pthread_mutex_lock(&s->lock);
	job->text = arena_copy(&s->arena, command->text);
	bool is_running = false;
	if (count_running(s) >= SHELL_JOBS_MAX)
		err_set(e, ERR_LIMIT, "%d commands run in the background already: stop one first",
			SHELL_JOBS_MAX);
	else if (s->jobs.n >= JOBS_KEPT_MAX)
		err_set(e, ERR_LIMIT, "%d commands were started in the background already",
			JOBS_KEPT_MAX);
	else
		is_running = start_job(s, job, &own, e);
	if (is_running) {
		vec_push(&s->jobs, job);
		*number = job->number = (int)s->jobs.n;
	} else {
		free(job);
	}
	pthread_mutex_unlock(&s->lock);
	return is_running;
}

static bool no_such_job(const struct shell *s, int number, struct err *e)
{
	AUTO(buf) list = {0};

	vec_each (&s->jobs, job)
		buf_printf(&list, "%s%d (%.*s)", list.n ? ", " : "", (*job)->number, 40,
			(*job)->text.p);
	return err_set(e, ERR_NOT_FOUND, "there is no job %d; %s%s", number,
		list.n ? "there are: " : "none was started", buf_text(&list));
}

static void wait_for(
	struct shell *s, const struct job *job, int64_t wait_ms, const atomic_bool *cancel)
{
	int64_t until = clock_ns() + wait_ms * 1'000'000;

	while (!job->ended && clock_ns() < until && !(cancel && atomic_load(cancel))) {
		int64_t tick = clock_ns() + TICK_MS * 1'000'000LL;
		struct timespec t = {tick / 1'000'000'000, tick % 1'000'000'000};
		pthread_cond_timedwait(&s->changed, &s->lock, &t);
	}
}

static bool read_job(struct shell *s, int number, bool stops, int64_t wait_ms,
	const atomic_bool *cancel, struct shell_report *out, struct err *e)
{
	bool is_there = number >= 1 && (size_t)number <= s->jobs.n;

	if (!is_there)
		return no_such_job(s, number, e);
	struct job *job = s->jobs.p[number - 1];
	if (stops)
		atomic_store(&job->stop, 1 + SANDBOX_ASK);
	wait_for(s, job, wait_ms, cancel);
	report(job, out);
	return true;
}

bool shell_read(struct shell *s, int number, int64_t wait_ms, const atomic_bool *cancel,
	struct shell_report *out, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	bool done = read_job(s, number, false, wait_ms, cancel, out, e);
	pthread_mutex_unlock(&s->lock);
	return done;
}

bool shell_stop(struct shell *s, int number, const atomic_bool *cancel, struct shell_report *out,
	struct err *e)
{
	pthread_mutex_lock(&s->lock);
	bool done = read_job(s, number, true, PATIENCE_MS, cancel, out, e);
	pthread_mutex_unlock(&s->lock);
	return done;
}

static void free_job(struct job *job)
{
	pthread_join(job->thread, NULL);
	output_close(&job->output, job->directory);
	free(job);
}

void shell_free(struct shell *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	vec_each (&s->jobs, job)
		atomic_store(&(*job)->stop, 1 + SANDBOX_KILL);
	pthread_mutex_unlock(&s->lock);
	vec_each (&s->jobs, job)
		free_job(*job);
	vec_release(&s->jobs);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	arena_release(&s->arena);
	free(s);
}
