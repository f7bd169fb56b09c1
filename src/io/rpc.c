// SPDX-License-Identifier: MIT
#include "io/rpc_inside.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

/* How often a cancel flag, and a deadline that moves, are looked at. */
enum { TICK_MS = 50 };

static const char *copy_text(struct arena *a, const char *text)
{
	return text ? arena_text(a, str_from(text)) : NULL;
}

static void copy_options(struct rpc *c, const struct rpc_options *o)
{
	c->options = *o;
	/* The words for the child are looked at before rpc_start returns, and not after. */
	c->options.name = copy_text(&c->arena, o->name);
	c->options.cancel_method = copy_text(&c->arena, o->cancel_method);
	c->options.cancel_member = copy_text(&c->arena, o->cancel_member);
	if (!c->options.stop_ms)
		c->options.stop_ms = RPC_STOP_MS;
	c->frames.framing = o->framing;
}

/* Signals belong to the loop's thread; and no write of this one ends us with SIGPIPE. */
static bool start_thread(struct rpc *c, struct err *e)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&c->thread, NULL, rpc_serve, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return !errno || err_errno(e, "thread");
}

static void release(struct rpc *c)
{
	file_close(&c->in_fd);
	file_close(&c->out_fd);
	file_close(&c->errors_fd);
	file_close(&c->pid_fd);
	file_close(&c->wake_fd);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
	frames_release(&c->frames);
	buf_release(&c->queue);
	buf_release(&c->sending);
	buf_release(&c->errors);
	arena_release(&c->arena);
	free(c);
}

static bool has_started(struct rpc *c, struct err *e)
{
	pthread_mutex_lock(&c->lock);
	while (!c->has_begun)
		pthread_cond_wait(&c->changed, &c->lock);
	bool is_started = !c->is_over || c->pid;
	if (!is_started)
		*e = c->failure;
	pthread_mutex_unlock(&c->lock);
	return is_started;
}

struct rpc *rpc_start(const struct rpc_options *options, struct err *e)
{
	struct rpc *c = must_alloc(1, sizeof *c);
	pthread_condattr_t monotonic;

	*c = (struct rpc){.wake_fd = -1, .in_fd = -1, .out_fd = -1, .errors_fd = -1, .pid_fd = -1};
	copy_options(c, options);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake_fd < 0)
		err_errno(e, "eventfd");
	else if (start_thread(c, e)) {
		if (has_started(c, e))
			return c;
		pthread_join(c->thread, NULL);
	}
	err_context(e, "%s", c->options.name);
	release(c);
	return NULL;
}

static void wake(struct rpc *rpc)
{
	eventfd_write(rpc->wake_fd, 1);
}

bool rpc_enqueue(struct rpc *rpc, struct str body)
{
	if (rpc->queue.n + body.n > RPC_QUEUE_MAX_BYTES)
		return false;
	frame_put(&rpc->queue, rpc->options.framing, body);
	wake(rpc);
	return true;
}

void rpc_put_message(struct buf *out, int64_t id, const char *method, struct str params)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "jsonrpc", "2.0");
	if (id)
		json_member_int(&w, "id", id);
	json_member_text(&w, "method", method);
	if (params.p) {
		json_key(&w, "params");
		json_put_compact(out, params);
	}
	buf_put_char(out, '}');
}

/* The lock is held. */
static bool send_locked(struct rpc *rpc, struct str body, struct err *e)
{
	if (rpc->is_over) {
		*e = rpc->failure;
		return false;
	}
	if (!rpc_enqueue(rpc, body))
		return err_set(
			e, ERR_LIMIT, "%s: it does not read what it is sent", rpc->options.name);
	return true;
}

bool rpc_notify(struct rpc *rpc, const char *method, struct str params, struct err *e)
{
	AUTO(buf) body = {0};

	rpc_put_message(&body, 0, method, params);
	pthread_mutex_lock(&rpc->lock);
	bool is_sent = send_locked(rpc, buf_str(&body), e);
	pthread_mutex_unlock(&rpc->lock);
	return is_sent;
}

/* Sleeps until something changed, the moment has come, or a flag is to be looked at. */
static void sleep_until(struct rpc *rpc, int64_t moment_ns, bool has_flag)
{
	int64_t tick = clock_ns() + TICK_MS * 1'000'000LL;

	if (has_flag && tick < moment_ns)
		moment_ns = tick;
	struct timespec until = {
		.tv_sec = moment_ns / 1'000'000'000, .tv_nsec = moment_ns % 1'000'000'000};
	pthread_cond_timedwait(&rpc->changed, &rpc->lock, &until);
}

/* The lock is held, and let go while waiting. */
static bool wait_answer(struct rpc *rpc, const struct rpc_waiter *waiter, const char *method,
	const struct rpc_wait *wait, struct err *e)
{
	int64_t started = clock_ns(), last = started + wait->deadline_ms * 1'000'000;
	bool has_flag = wait->cancel || wait->deadline_ns;

	for (;;) {
		if (waiter->is_answered)
			return true;
		if (rpc->is_over) {
			*e = rpc->failure;
			return false;
		}
		if (wait->cancel && atomic_load(wait->cancel))
			return err_set(
				e, ERR_CANCELLED, "%s: %s was given up", rpc->options.name, method);
		int64_t end = wait->deadline_ns ? atomic_load(wait->deadline_ns) : last;
		if (clock_ns() >= end)
			return err_set(e, ERR_TIMEOUT, "%s: no answer to %s after %lld ms",
				rpc->options.name, method,
				(long long)((clock_ns() - started) / 1'000'000));
		sleep_until(rpc, end, has_flag);
	}
}

/* Whether the program is told or not makes no difference to us. */
static void tell_given_up(struct rpc *rpc, int64_t id)
{
	AUTO(buf) params = {0};
	AUTO(buf) body = {0};
	struct err ignored;

	buf_printf(&params, "{\"%s\":%lld}", rpc->options.cancel_member, (long long)id);
	rpc_put_message(&body, 0, rpc->options.cancel_method, buf_str(&params));
	(void)send_locked(rpc, buf_str(&body), &ignored);
}

static void unlist(struct rpc *rpc, struct rpc_waiter *waiter)
{
	struct rpc_waiter **at = &rpc->waiters;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
}

static void read_answer(struct rpc_answer *out, struct buf bytes)
{
	*out = (struct rpc_answer){.bytes = bytes};
	struct str message = buf_str(&out->bytes);
	out->error = json_get(message, "error");
	if (!out->error.p || json_type(out->error) == JSON_NULL) {
		out->error = (struct str){0};
		out->result = json_get(message, "result");
		if (!out->result.p)
			out->result = STR("null");
		return;
	}
	out->code = json_int_or(json_get(out->error, "code"), 0);
	out->message = json_text(json_get(out->error, "message"), &out->arena);
}

bool rpc_call(struct rpc *rpc, const char *method, struct str params, const struct rpc_wait *wait,
	struct rpc_answer *out, struct err *e)
{
	struct rpc_waiter waiter = {.id = 1 + atomic_fetch_add(&rpc->last_id, 1)};
	AUTO(buf) body = {0};

	must(!pthread_equal(pthread_self(), rpc->thread));
	rpc_put_message(&body, waiter.id, method, params);
	pthread_mutex_lock(&rpc->lock);
	rpc->waiting++;
	waiter.next = rpc->waiters;
	rpc->waiters = &waiter;
	bool is_sent = send_locked(rpc, buf_str(&body), e);
	bool is_answered = is_sent && wait_answer(rpc, &waiter, method, wait, e);
	unlist(rpc, &waiter);
	if (is_sent && !is_answered && rpc->options.cancel_method && !wait->is_silent)
		tell_given_up(rpc, waiter.id);
	rpc->waiting--;
	pthread_cond_broadcast(&rpc->changed);
	pthread_mutex_unlock(&rpc->lock);
	if (is_answered)
		read_answer(out, waiter.bytes);
	else
		buf_release(&waiter.bytes);
	return is_answered;
}

void rpc_answer_release(struct rpc_answer *answer)
{
	buf_release(&answer->bytes);
	arena_release(&answer->arena);
	*answer = (struct rpc_answer){0};
}

bool rpc_answer_fail(
	const struct rpc *rpc, const char *method, const struct rpc_answer *answer, struct err *e)
{
	return err_set(e, ERR_IO, "%s: %s: %.*s (%lld)", rpc->options.name, method,
		STR_ARG(answer->message), (long long)answer->code);
}

bool rpc_is_open(struct rpc *rpc, struct err *e)
{
	pthread_mutex_lock(&rpc->lock);
	bool is_open = !rpc->is_over;
	if (!is_open)
		*e = rpc->failure;
	pthread_mutex_unlock(&rpc->lock);
	return is_open;
}

void rpc_put_errors(struct rpc *rpc, struct buf *out)
{
	pthread_mutex_lock(&rpc->lock);
	buf_put_str(out, buf_str(&rpc->errors));
	pthread_mutex_unlock(&rpc->lock);
}

size_t rpc_skipped(struct rpc *rpc)
{
	pthread_mutex_lock(&rpc->lock);
	size_t skipped = rpc->skipped;
	pthread_mutex_unlock(&rpc->lock);
	return skipped;
}

void rpc_close(struct rpc *rpc)
{
	pthread_mutex_lock(&rpc->lock);
	if (!rpc->is_over) {
		rpc->is_over = true;
		err_set(&rpc->failure, ERR_CANCELLED, "%s: it was stopped", rpc->options.name);
	}
	rpc->is_closing = true;
	pthread_cond_broadcast(&rpc->changed);
	pthread_mutex_unlock(&rpc->lock);
	wake(rpc);
}

void rpc_stop(struct rpc *rpc)
{
	if (!rpc)
		return;
	rpc_close(rpc);
	pthread_mutex_lock(&rpc->lock);
	while (rpc->waiting)
		pthread_cond_wait(&rpc->changed, &rpc->lock);
	pthread_mutex_unlock(&rpc->lock);
	pthread_join(rpc->thread, NULL);
	release(rpc);
}
