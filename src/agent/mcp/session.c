// SPDX-License-Identifier: MIT
#include "agent/mcp/session.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"

static int64_t after_ms(int64_t ms)
{
	return clock_ns() + ms * 1'000'000;
}

/* ---- what a server says by itself ---- */

bool mcp_session_asked(struct mcp_session *s, struct str method, struct buf *result)
{
	/* Modern servers ask nothing. */
	if (s->era == MCP_MODERN)
		return false;
	if (str_is(method, "ping")) {
		buf_put_text(result, "{}");
		return true;
	}
	if (!str_is(method, "roots/list"))
		return false;
	mcp_put_roots(result, s->world->root);
	return true;
}

void mcp_session_told(struct mcp_session *s, struct str method, struct str params)
{
	int64_t token = mcp_get_progress(params);

	if (!token || !str_is(method, "notifications/progress"))
		return;
	pthread_mutex_lock(&s->lock);
	for (struct mcp_waiting *w = s->waiting; w; w = w->next)
		if (w->token == token) {
			int64_t next = after_ms(MCP_CALL_MS);
			atomic_store(&w->deadline_ns, next < w->latest_ns ? next : w->latest_ns);
		}
	pthread_mutex_unlock(&s->lock);
}

/* ---- opening ---- */

/* The server's own error, as ours. */
static bool refuse(
	struct mcp_session *s, const char *method, const struct rpc_answer *answer, struct err *e)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, answer->message, 200);
	return err_set(e, ERR_PROVIDER, "%s: %s: %s (%lld)", s->name, method, buf_text(&shown),
		(long long)answer->code);
}

static bool ask(struct mcp_session *s, const struct mcp_message *m, struct rpc_answer *answer,
	struct err *e)
{
	if (!s->carrier->call(s, m, answer, e))
		return false;
	if (answer->result.p)
		return true;
	refuse(s, m->method, answer, e);
	rpc_answer_release(answer);
	return false;
}

/* Whether the server is a modern one. No answer is one, too: that of older servers. */
static bool discover(struct mcp_session *s, const struct mcp_patience *patience)
{
	AUTO(buf) params = {0};
	/* Half of what is left is for the other era. */
	int64_t end = after_ms(MCP_PROBE_MS),
		half = clock_ns() + (atomic_load(patience->deadline_ns) - clock_ns()) / 2;
	_Atomic int64_t deadline = end < half ? end : half;
	struct mcp_message m = {.method = "server/discover",
		.patience = {&deadline, patience->cancel},
		.is_silent = true};
	struct rpc_answer answer = {0};
	struct err e;

	mcp_put_discover(&params);
	m.params = buf_str(&params);
	s->era = MCP_MODERN;
	bool is_modern = ask(s, &m, &answer, &e) && mcp_get_discover(answer.result, &e);
	rpc_answer_release(&answer);
	if (!is_modern)
		log_debug("mcp: %s: no modern server: %s", s->name, e.text);
	s->era = is_modern ? MCP_MODERN : MCP_LEGACY;
	return is_modern;
}

static bool initialize(struct mcp_session *s, const struct mcp_patience *patience, struct err *e)
{
	AUTO(buf) params = {0};
	struct mcp_message m = {.method = "initialize", .patience = *patience, .is_silent = true};
	struct rpc_answer answer = {0};

	/* Some end at a first word that they do not know. */
	if (!mcp_session_is_open(s) && !s->carrier->open(s, e))
		return false;
	mcp_put_initialize(&params);
	m.params = buf_str(&params);
	struct str version;
	bool is_good = ask(s, &m, &answer, e) && (mcp_get_initialize(answer.result, &version, e) ||
							 err_context(e, "%s", s->name));
	rpc_answer_release(&answer);
	if (!is_good)
		return false;
	pthread_mutex_lock(&s->lock);
	s->version = version;
	s->greeting++;
	pthread_mutex_unlock(&s->lock);
	return s->carrier->notify(s, "notifications/initialized", e);
}

static bool greet(struct mcp_session *s, enum mcp_era known, const struct mcp_patience *patience,
	struct err *e)
{
	s->era = known;
	if (known == MCP_MODERN || (!known && discover(s, patience)))
		return true;
	s->era = MCP_LEGACY;
	return initialize(s, patience, e);
}

struct mcp_session *mcp_session_open(const struct mcp_config *config, const struct mcp_world *world,
	enum mcp_era known, const struct mcp_patience *patience, struct err *e)
{
	struct mcp_session *s = must_alloc(1, sizeof *s);
	AUTO(buf) name = {0};

	*s = (struct mcp_session){
		.config = config, .world = world, .carrier = config->url ? &mcp_http : &mcp_stdio};
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->greeting_lock, NULL);
	buf_put_text(&name, "MCP server ");
	utf8_put_line(&name, config->name, MCP_NAME_MAX_BYTES);
	s->name = arena_text(&s->arena, buf_str(&name));
	if (s->carrier->open(s, e) && greet(s, known, patience, e))
		return s;
	mcp_session_free(s);
	return NULL;
}

bool mcp_session_is_open(struct mcp_session *s)
{
	struct err e;

	return s->carrier->is_open(s, &e);
}

void mcp_session_hang_up(struct mcp_session *s)
{
	s->carrier->hang_up(s);
}

void mcp_session_free(struct mcp_session *s)
{
	if (!s)
		return;
	s->carrier->close(s);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->greeting_lock);
	arena_release(&s->arena);
	free(s);
}

static int64_t greeting_of(struct mcp_session *s)
{
	pthread_mutex_lock(&s->lock);
	int64_t greeting = s->greeting;
	pthread_mutex_unlock(&s->lock);
	return greeting;
}

/* Once for all calls that notice at the same time. */
static bool greet_again(
	struct mcp_session *s, int64_t greeting, const struct mcp_patience *patience, struct err *e)
{
	pthread_mutex_lock(&s->greeting_lock);
	bool is_good = greeting_of(s) != greeting || initialize(s, patience, e);
	pthread_mutex_unlock(&s->greeting_lock);
	return is_good;
}

/* The same, once more where the server has forgotten the session meanwhile. */
static bool ask_again(struct mcp_session *s, const struct mcp_message *m, struct rpc_answer *answer,
	struct err *e)
{
	int64_t greeting = greeting_of(s);
	struct err first;

	if (ask(s, m, answer, &first))
		return true;
	if (first.code == ERR_NOT_FOUND && s->era == MCP_LEGACY)
		return greet_again(s, greeting, &m->patience, e) && ask(s, m, answer, e);
	*e = first;
	return false;
}

/* ---- what it can do ---- */

static bool list_page(struct mcp_session *s, const struct mcp_patience *patience,
	struct mcp_tools *listed, struct arena *a, struct str *cursor, struct err *e)
{
	AUTO(buf) params = {0};
	struct mcp_message m = {.method = "tools/list", .patience = *patience};
	struct rpc_answer answer = {0};

	mcp_put_list(&params, &(struct mcp_request){.era = s->era}, *cursor);
	m.params = buf_str(&params);
	bool is_good = ask_again(s, &m, &answer, e) &&
		       (mcp_get_list(answer.result, listed, a, cursor, e) ||
			       err_context(e, "%s", s->name));
	rpc_answer_release(&answer);
	return is_good;
}

bool mcp_session_list(struct mcp_session *s, const struct mcp_patience *patience,
	struct mcp_tools *out, struct err *e)
{
	struct mcp_tools listed = {0};
	struct arena temporary = {0};
	struct str cursor = {0};
	bool is_good = true;

	for (int page = 0; is_good && page < MCP_PAGES_MAX && (page == 0 || cursor.p); page++)
		is_good = list_page(s, patience, &listed, &temporary, &cursor, e);
	arena_release(&temporary);
	mcp_tools_end(&listed);
	if (cursor.p)
		vec_push(&listed.problems, "its list goes on behind 20 pages, which is enough");
	if (is_good)
		*out = listed;
	else
		mcp_tools_release(&listed);
	return is_good;
}

/* ---- calls ---- */

static void begin_waiting(struct mcp_session *s, struct mcp_waiting *w)
{
	w->latest_ns = after_ms(MCP_CALL_LONGEST_MS);
	atomic_store(&w->deadline_ns, after_ms(MCP_CALL_MS));
	pthread_mutex_lock(&s->lock);
	w->token = ++s->last_token;
	w->next = s->waiting;
	s->waiting = w;
	pthread_mutex_unlock(&s->lock);
}

static void end_waiting(struct mcp_session *s, struct mcp_waiting *w)
{
	pthread_mutex_lock(&s->lock);
	struct mcp_waiting **at = &s->waiting;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	pthread_mutex_unlock(&s->lock);
}

bool mcp_session_call(struct mcp_session *s, const struct mcp_tool *tool, struct str arguments,
	const atomic_bool *cancel, struct buf *text, bool *is_error, struct err *e)
{
	AUTO(buf) params = {0};
	struct mcp_waiting waiting = {0};
	struct rpc_answer answer = {0};

	begin_waiting(s, &waiting);
	mcp_put_call(&params, &(struct mcp_request){s->era, waiting.token}, tool->name, arguments);
	struct mcp_message m = {.method = "tools/call",
		.params = buf_str(&params),
		.tool = tool,
		.arguments = arguments,
		.patience = {&waiting.deadline_ns, cancel}};
	bool is_good = ask_again(s, &m, &answer, e);
	end_waiting(s, &waiting);
	if (is_good)
		*is_error = !mcp_get_result(answer.result, text);
	rpc_answer_release(&answer);
	return is_good;
}
