// SPDX-License-Identifier: MIT
#include "agent/mcp/server.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/private.h"
#include "io/condition.h"

enum { TICK_MS = 50 };

void mcp_server_init(struct mcp_server *s, const struct mcp_config *config,
	const struct mcp_world *world, const char *program)
{

	*s = (struct mcp_server){.config = config, .world = world, .program = program};
	pthread_mutex_init(&s->lock, NULL);
	condition_init(&s->changed);
}

void mcp_server_hang_up(struct mcp_server *s)
{
	if (s->session)
		mcp_session_hang_up(s->session);
}

void mcp_server_release(struct mcp_server *s)
{
	mcp_session_free(s->session);
	mcp_tools_release(&s->tools);
	mcp_tools_release(&s->listed);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

/* ---- starting ---- */

static void keep(struct mcp_server *s)
{
	struct mcp_cached cached = {s->era, clock_wall_s(), s->start_ms};
	struct err e;

	if (!s->world->cache_directory)
		return;
	AUTO_FD directory = private_open(s->world->cache_directory, true, &e);
	if (directory < 0 || !mcp_cache_write(directory, s->cache_name, &cached, &s->listed, &e))
		log_debug("mcp: %s", e.text);
}

/* A new session, and what the server can do. */
static bool greet(struct mcp_server *s, enum mcp_era known, const struct mcp_patience *patience,
	struct mcp_tools *listed, struct err *e)
{
	mcp_session_free(s->session);
	s->session = mcp_session_open(s->config, s->world, known, patience, e);
	return s->session && mcp_session_list(s->session, patience, listed, e);
}

/* The lock is not held; nobody else touches the session meanwhile. */
static bool start(struct mcp_server *s, const atomic_bool *cancel, struct err *e)
{
	int64_t begun = clock_ns();
	_Atomic int64_t deadline = begun + s->config->timeout_ms * 1'000'000;
	struct mcp_patience patience = {&deadline, cancel};
	struct mcp_tools listed = {0};
	struct err first;

	bool is_good = greet(s, s->cached.era, &patience, &listed, &first);
	/* What it was the last time may be no more: from the beginning, then. */
	if (!is_good && s->cached.era && first.code == ERR_PROVIDER)
		is_good = greet(s, MCP_UNKNOWN, &patience, &listed, &first);
	if (!is_good) {
		mcp_session_free(s->session);
		s->session = NULL;
		*e = first;
		return false;
	}
	mcp_tools_release(&s->listed);
	s->listed = listed;
	s->era = s->session->era;
	s->start_ms = (clock_ns() - begun) / 1'000'000;
	log_debug("mcp: %s: %s, %zu tools, %lld ms", s->session->name, mcp_era_name(s->era),
		listed.list.n, (long long)s->start_ms);
	keep(s);
	return true;
}

/* Sleeps until something changed or the flag is to be looked at. */
static bool wait_changed(struct mcp_server *s, const atomic_bool *cancel, struct err *e)
{
	int64_t moment = clock_ns() + TICK_MS * 1'000'000LL;
	struct timespec until = {
		.tv_sec = moment / 1'000'000'000, .tv_nsec = moment % 1'000'000'000};

	if (cancel && atomic_load(cancel))
		return err_set(e, ERR_CANCELLED, "stopped");
	pthread_cond_timedwait(&s->changed, &s->lock, &until);
	return true;
}

/* Under the lock: whether a call can go on with the session, or with a new one. */
static bool is_usable(struct mcp_server *s)
{
	return s->session && mcp_session_is_open(s->session);
}

static bool start_locked(struct mcp_server *s, const atomic_bool *cancel, struct err *e)
{
	if (s->starts++ == MCP_STARTS_MAX) {
		s->starts = MCP_STARTS_MAX;
		return err_set(e, ERR_IO, "MCP server %.*s: it ended %d times and is left alone",
			STR_ARG(s->config->name), MCP_STARTS_MAX);
	}
	s->is_starting = true;
	pthread_mutex_unlock(&s->lock);
	bool is_good = start(s, cancel, e);
	pthread_mutex_lock(&s->lock);
	s->is_starting = false;
	pthread_cond_broadcast(&s->changed);
	return is_good;
}

/* From here to leave() the session and the list stay. */
static bool enter(struct mcp_server *s, const atomic_bool *cancel, struct err *e)
{
	bool is_good = true;

	pthread_mutex_lock(&s->lock);
	/* A session that broke is replaced when its last call has noticed. */
	while (is_good && (s->is_starting || (!is_usable(s) && s->users)))
		is_good = wait_changed(s, cancel, e);
	if (is_good && !is_usable(s))
		is_good = start_locked(s, cancel, e);
	s->users += is_good;
	pthread_mutex_unlock(&s->lock);
	return is_good;
}

static void leave(struct mcp_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->users--;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void mcp_server_ask(struct mcp_server *s, const atomic_bool *cancel)
{
	AUTO(buf) list = {0};

	if (!enter(s, cancel, &s->error))
		return;
	mcp_tools_release(&s->tools);
	mcp_tools_put(&s->listed, &list);
	mcp_tools_add(&s->tools, buf_str(&list));
	mcp_tools_end(&s->tools);
	vec_each (&s->listed.problems, problem)
		vec_push(&s->tools.problems, arena_text(&s->tools.arena, str_from(*problem)));
	s->cached = (struct mcp_cached){s->era, clock_wall_s(), s->start_ms};
	s->is_known = true;
	leave(s);
}

/* ---- calling ---- */

/* The tool as it is now; NULL and e when the call was made for another. */
static const struct mcp_tool *find_now(
	struct mcp_server *s, const struct mcp_tool *tool, struct err *e)
{
	const struct mcp_tool *now = mcp_tools_find(&s->listed, tool->name);

	if (now && mcp_tool_is_same(now, tool))
		return now;
	if (now)
		err_set(e, ERR_PROVIDER,
			"MCP server %.*s has changed the arguments of this tool since it was "
			"offered; the next run has them",
			STR_ARG(s->config->name));
	else
		err_set(e, ERR_PROVIDER, "MCP server %.*s no longer has this tool",
			STR_ARG(s->config->name));
	return NULL;
}

void mcp_server_call(struct mcp_server *s, const struct mcp_tool *tool,
	const struct tool_call *call, struct tool_result *out)
{
	struct err e;

	if (!enter(s, call->cancel, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	const struct mcp_tool *now = find_now(s, tool, &e);
	if (!now || !mcp_session_call(s->session, now, call->input, call->cancel, &out->text,
			    &out->is_error, &e))
		tool_fail(out, "%s", e.text);
	leave(s);
}
