// SPDX-License-Identifier: MIT
/* server: how it is started and stopped. */
#include "agent/lsp/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/lsp/inside.h"
#include "base/clock.h"
#include "base/json.h"
#include "io/child.h"
#include "io/condition.h"

enum {
	INITIALIZE_MS = 20'000,
	SHUTDOWN_MS = 300,
	STOP_MS = 500,
	TICK_MS = 50,
};

struct lsp_server *lsp_server_new(
	const struct lsp_entry *entry, const struct workspace *w, struct fence *fence)
{
	struct lsp_server *s = must_alloc(1, sizeof *s);

	*s = (struct lsp_server){.entry = entry, .workspace = w, .fence = fence};
	pthread_mutex_init(&s->lock, NULL);
	condition_init(&s->changed);
	return s;
}

bool lsp_entry_find(const struct lsp_entry *entry, struct buf *path)
{
	const char *program = entry->command[0];

	/* A relative path would run what lies in the workspace. */
	if (!strchr(program, '/'))
		return child_find(program, path);
	if (*program != '/' || access(program, X_OK) != 0)
		return false;
	buf_put_text(path, program);
	return true;
}

static struct rpc *launch(struct lsp_server *s, struct err *e)
{
	AUTO(buf) program = {0};
	struct arena scratch = {0};

	if (!lsp_entry_find(s->entry, &program)) {
		err_set(e, ERR_NOT_FOUND, "%.*s is not installed", STR_ARG(s->entry->name));
		return NULL;
	}
	const struct sandbox *sandbox = fence_sandbox(s->fence, e);
	if (!sandbox)
		return NULL;
	struct rpc_options options = {.name = arena_text(&scratch, s->entry->name),
		.program = buf_text(&program),
		.arguments = s->entry->command,
		.environment = fence_environment(s->fence),
		.directory = s->workspace->root,
		.sandbox = sandbox,
		.framing = RPC_HEADERS,
		.cancel_method = "$/cancelRequest",
		.cancel_member = "id",
		.stop_ms = STOP_MS,
		.on_request = lsp_on_request,
		.on_notification = lsp_on_notification,
		.self = s};
	struct rpc *rpc = rpc_start(&options, e);
	arena_release(&scratch);
	return rpc;
}

static void read_capabilities(struct lsp_server *s, struct str result)
{
	struct str pull = json_get(json_get(result, "capabilities"), "diagnosticProvider");

	pthread_mutex_lock(&s->lock);
	s->encoding = lsp_encoding_of(result);
	s->can_pull = json_type(pull) == JSON_OBJECT;
	struct str identifier = json_get(pull, "identifier");
	if (json_type(identifier) == JSON_STRING)
		buf_put_str(&s->identifier, identifier);
	pthread_mutex_unlock(&s->lock);
}

static bool initialize(struct lsp_server *s, struct rpc *rpc, struct err *e)
{
	struct rpc_wait wait = {.deadline_ms = INITIALIZE_MS, .cancel = &s->is_stopping};
	AUTO(buf) params = {0};
	AUTO(rpc_answer) answer = {0};

	lsp_put_initialize(&params, s->workspace->root, s->entry->extra);
	if (!rpc_call(rpc, "initialize", buf_str(&params), &wait, &answer, e))
		return false;
	if (answer.error.p)
		return rpc_answer_fail(rpc, "initialize", &answer, e);
	read_capabilities(s, answer.result);
	return rpc_notify(rpc, "initialized", STR("{}"), e);
}

/* The thread that starts it. */
static void *bring_up(void *self)
{
	struct lsp_server *s = self;
	struct err e = {0};
	struct rpc *rpc = launch(s, &e);
	bool is_up = rpc && initialize(s, rpc, &e);

	if (!is_up) {
		rpc_stop(rpc);
		rpc = NULL;
	}
	pthread_mutex_lock(&s->lock);
	s->rpc = rpc;
	if (is_up)
		s->state = LSP_READY;
	else
		lsp_server_fail(s, &e);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* The lock is held. Signals belong to the loop's thread. */
static void begin(struct lsp_server *s)
{
	sigset_t all, old;
	struct err e;

	s->state = LSP_STARTING;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&s->thread, NULL, bring_up, s);
	s->has_thread = !errno;
	if (!s->has_thread) {
		err_errno(&e, "thread");
		lsp_server_fail(s, &e);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void lsp_server_fail(struct lsp_server *s, const struct err *e)
{
	if (s->state != LSP_FAILED)
		s->failure = *e;
	s->state = LSP_FAILED;
}

void lsp_server_sleep(struct lsp_server *s, int64_t until_ns)
{
	int64_t tick = clock_ns() + TICK_MS * 1'000'000LL;

	if (tick < until_ns)
		until_ns = tick;
	struct timespec until = {
		.tv_sec = until_ns / 1'000'000'000, .tv_nsec = until_ns % 1'000'000'000};
	pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

/* The lock is held. */
static bool is_ready(struct lsp_server *s, const struct lsp_patience *patience, struct err *e)
{
	if (s->state == LSP_UNTRIED)
		begin(s);
	while (s->state == LSP_STARTING) {
		if (patience->cancel && atomic_load(patience->cancel))
			return err_set(e, ERR_CANCELLED, "stopped");
		if (clock_ns() >= patience->until_ns)
			return err_set(
				e, ERR_TIMEOUT, "%.*s is still starting", STR_ARG(s->entry->name));
		lsp_server_sleep(s, patience->until_ns);
	}
	if (s->state == LSP_READY)
		return true;
	*e = s->failure;
	return false;
}

bool lsp_server_ready(struct lsp_server *s, const struct lsp_patience *patience, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	bool ready = is_ready(s, patience, e);
	pthread_mutex_unlock(&s->lock);
	return ready;
}

void lsp_server_stop(struct lsp_server *s)
{
	struct rpc_wait wait = {.deadline_ms = SHUTDOWN_MS};
	AUTO(rpc_answer) answer = {0};
	struct err ignored;

	atomic_store(&s->is_stopping, true);
	pthread_mutex_lock(&s->lock);
	bool has_thread = s->has_thread;
	s->has_thread = false;
	pthread_mutex_unlock(&s->lock);
	if (has_thread)
		pthread_join(s->thread, NULL);
	if (!s->rpc)
		return;
	if (rpc_call(s->rpc, "shutdown", (struct str){0}, &wait, &answer, &ignored))
		(void)rpc_notify(s->rpc, "exit", (struct str){0}, &ignored);
	rpc_close(s->rpc);
}

void lsp_server_free(struct lsp_server *s)
{
	lsp_server_stop(s);
	rpc_stop(s->rpc);
	vec_each (&s->documents, at) {
		free((*at)->path);
		buf_release(&(*at)->text);
		buf_release(&(*at)->pushed);
		free(*at);
	}
	vec_release(&s->documents);
	buf_release(&s->identifier);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s);
}
