// SPDX-License-Identifier: MIT
/*
 * http: a server that is reached by its URL (streamable HTTP). One POST a message; its answer is
 * JSON, or a stream of events that ends with it. The host of the URL is the user's choice, so it
 * may be a private one; nothing leads to another host.
 */
#include <string.h>

#include "agent/mcp/session.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/sse.h"
#include "io/trust.h"
#include "io/web.h"

enum { ANSWER_MAX_BYTES = 16 << 20, GOODBYE_MS = 1'000 };

/* One request and what comes back. */
struct exchange {
	struct mcp_session *session;
	int64_t id;
	struct sse sse;
	bool has_session; /* the request was one of a session */
	struct buf answer; /* the message with our id */
	struct err error;
};

struct headers {
	VEC(struct http_header) list;
	struct arena arena;
};

static void headers_release(struct headers *h)
{
	vec_release(&h->list);
	arena_release(&h->arena);
}

static void exchange_release(struct exchange *x)
{
	sse_release(&x->sse);
	buf_release(&x->answer);
}

/* ---- headers ---- */

static bool is_plain_value(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	return text.n && text.p[0] != ' ' && text.p[text.n - 1] != ' ' &&
	       !str_starts(text, STR("=?base64?"));
}

static void add_header(struct headers *h, const char *name, struct str value, bool is_secret)
{
	vec_push(&h->list, (struct http_header){name, arena_copy(&h->arena, value), is_secret});
}

/* Other characters than a header can carry go as base64. */
static void add_encoded(struct headers *h, const char *name, struct str value)
{
	AUTO(buf) encoded = {0};

	if (is_plain_value(value)) {
		add_header(h, name, value, false);
		return;
	}
	buf_put_text(&encoded, "=?base64?");
	base64_put(&encoded, value);
	buf_put_text(&encoded, "?=");
	add_header(h, name, buf_str(&encoded), false);
}

static void add_arguments(struct headers *h, const struct mcp_message *m)
{
	for (size_t i = 0; i < m->tool->header_count; i++) {
		const struct mcp_header *wanted = &m->tool->headers[i];
		const char *argument = arena_text(&h->arena, wanted->argument);
		struct str value = json_get(m->arguments, argument);
		if (!value.p || json_type(value) == JSON_NULL)
			continue;
		struct str text = json_type(value) == JSON_STRING ? json_text(value, &h->arena)
								  : str_trim(value);
		add_encoded(h, arena_printf(&h->arena, "Mcp-Param-%.*s", STR_ARG(wanted->name)).p,
			text);
	}
}

/* m NULL: what is no request. Whether a session is named. */
static bool make_headers(
	struct mcp_session *s, const char *method, const struct mcp_message *m, struct headers *h)
{
	const struct mcp_config *c = s->config;

	add_header(h, "Accept", STR("application/json, text/event-stream"), false);
	add_header(h, "Content-Type", STR("application/json"), false);
	for (size_t i = 0; i < c->header_count; i++)
		add_header(h, arena_text(&h->arena, c->headers[i].name), c->headers[i].value, true);
	if (s->era == MCP_MODERN) {
		add_header(h, "MCP-Protocol-Version", STR(MCP_MODERN_VERSION), false);
		add_header(h, "Mcp-Method", str_from(method), false);
		if (m && m->tool) {
			add_encoded(h, "Mcp-Name", m->tool->name);
			add_arguments(h, m);
		}
	}
	bool has_session = false;
	if (s->era == MCP_LEGACY && strcmp(method, "initialize") != 0) {
		pthread_mutex_lock(&s->lock);
		if (s->version.n)
			add_header(h, "MCP-Protocol-Version", s->version, false);
		has_session = s->session_id.n;
		if (has_session)
			add_header(h, "Mcp-Session-Id", s->session_id, true);
		pthread_mutex_unlock(&s->lock);
	}
	vec_push(&h->list, (struct http_header){0});
	return has_session;
}

/* ---- requests ---- */

static bool send_body(struct mcp_session *s, const struct headers *headers, const char *method,
	struct str body, const struct mcp_patience *patience, struct exchange *x,
	struct web_answer *out, struct err *e);

/* A server's question, on the stream of one of ours. */
static void answer_request(struct exchange *x, struct str id, struct str method)
{
	struct mcp_session *s = x->session;
	_Atomic int64_t deadline = clock_ns() + GOODBYE_MS * 1'000'000LL;
	struct mcp_patience patience = {.deadline_ns = &deadline};
	struct headers headers = {0};
	struct web_answer answer = {0};
	AUTO(buf) result = {0};
	AUTO(buf) body = {0};
	struct err e;

	buf_printf(&body, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,", STR_ARG(str_trim(id)));
	if (mcp_session_asked(s, method, &result))
		buf_printf(&body, "\"result\":%s}", buf_text(&result));
	else
		buf_put_text(
			&body, "\"error\":{\"code\":-32601,\"message\":\"method not found\"}}");
	make_headers(s, "", NULL, &headers);
	if (send_body(s, &headers, "POST", buf_str(&body), &patience, NULL, &answer, &e))
		web_answer_release(&answer);
	headers_release(&headers);
}

/* A message of the stream. False when it is the answer. */
static bool on_event(void *self, struct str, struct str data)
{
	struct exchange *x = self;
	struct arena a = {0};
	struct err e;

	if (!json_check(data, &e) || json_type(data) != JSON_OBJECT)
		return true;
	struct str method = json_text(json_get(data, "method"), &a), id = json_get(data, "id");
	bool is_answer = !method.p && json_int_or(id, -1) == x->id;
	if (is_answer)
		buf_put_str(&x->answer, data);
	else if (method.p && id.p && json_type(id) != JSON_NULL)
		answer_request(x, id, method);
	else if (method.p)
		mcp_session_told(x->session, method, json_get(data, "params"));
	arena_release(&a);
	return !is_answer;
}

static bool is_stream(const struct web_answer *answer)
{
	struct str type = web_header(answer, "content-type");

	return answer->status >= 200 && answer->status < 300 &&
	       str_eq_nocase(str_head(type, 17), STR("text/event-stream"));
}

static bool on_body(void *self, const struct web_answer *answer, struct str bytes)
{
	struct exchange *x = self;

	if (is_stream(answer))
		return sse_feed(&x->sse, bytes, on_event, x, &x->error);
	buf_put_str(&x->answer, bytes);
	return true;
}

static bool send_body(struct mcp_session *s, const struct headers *headers, const char *method,
	struct str body, const struct mcp_patience *patience, struct exchange *x,
	struct web_answer *out, struct err *e)
{
	struct arena a = {0};
	const char *host = arena_text(&a, url_host(str_from(s->config->url)));
	struct web_policy policy = {
		.allowed_hosts = &host, .allowed_count = 1, .closed = s->world->closed_web};
	struct web_request request = {.url = s->config->url,
		.method = method,
		.headers = headers->list.p,
		.body = body,
		.limits = {.body_bytes = ANSWER_MAX_BYTES, .redirects = -1},
		.deadline_ns = patience->deadline_ns,
		.policy = &policy,
		.cancel = patience->cancel,
		.trust = s->world->trust,
		.on_body = x ? on_body : NULL,
		.self = x};
	bool is_good = web_get(&request, out, e);
	arena_release(&a);
	return is_good || err_context(e, "%s", s->name);
}

/* ---- answers ---- */

static void note_session(struct mcp_session *s, const struct web_answer *answer)
{
	struct str id = web_header(answer, "mcp-session-id");

	pthread_mutex_lock(&s->lock);
	s->session_id = id.n ? arena_copy(&s->arena, id) : (struct str){0};
	pthread_mutex_unlock(&s->lock);
}

static bool explain_status(const struct mcp_session *s, bool has_session, int status, struct err *e)
{
	/* The session is gone: whoever asked begins a new one. */
	if (status == 404 && has_session)
		return err_set(e, ERR_NOT_FOUND, "%s: it has forgotten the session", s->name);
	if (status == 401 || status == 403)
		return err_set(e, ERR_PROVIDER,
			"%s: refused (HTTP %d): the headers of its configuration can carry a key",
			s->name, status);
	return err_set(e, ERR_PROVIDER, "%s: HTTP status %d and no answer", s->name, status);
}

/* Takes the bytes. Whatever the status: an answer with our id, or an error without one, is one. */
static bool read_answer(struct exchange *x, int status, struct rpc_answer *out, struct err *e)
{
	struct str text = str_trim(buf_str(&x->answer));
	struct err ignored;

	if (x->error.code) {
		*e = x->error;
		return err_context(e, "%s", x->session->name);
	}
	if (!text.n || !json_check(text, &ignored) || json_type(text) != JSON_OBJECT)
		return explain_status(x->session, x->has_session, status, e);
	struct rpc_answer answer = {.error = json_get(text, "error")};
	if (json_type(answer.error) == JSON_OBJECT) {
		answer.code = json_int_or(json_get(answer.error, "code"), 0);
		answer.message = json_text(json_get(answer.error, "message"), &answer.arena);
	} else {
		answer.error = (struct str){0};
		answer.result = json_get(text, "result");
	}
	if ((answer.error.p && status == 404 && x->has_session) ||
		(!answer.error.p &&
			(!answer.result.p || json_int_or(json_get(text, "id"), -1) != x->id))) {
		arena_release(&answer.arena);
		return explain_status(x->session, x->has_session, status, e);
	}
	answer.bytes = x->answer;
	x->answer = (struct buf){0};
	*out = answer;
	return true;
}

static bool call(
	struct mcp_session *s, const struct mcp_message *m, struct rpc_answer *out, struct err *e)
{
	AUTO(buf) body = {0};
	struct headers headers = {0};
	struct exchange x = {.session = s, .answer.max = ANSWER_MAX_BYTES};
	struct web_answer answer = {0};

	pthread_mutex_lock(&s->lock);
	x.id = ++s->last_id;
	pthread_mutex_unlock(&s->lock);
	rpc_put_message(&body, x.id, m->method, m->params);
	x.has_session = make_headers(s, m->method, m, &headers);
	bool is_good = send_body(s, &headers, "POST", buf_str(&body), &m->patience, &x, &answer, e);
	if (is_good) {
		/* A last event may come without its empty line. */
		(void)!sse_end(&x.sse, on_event, &x);
		if (strcmp(m->method, "initialize") == 0)
			note_session(s, &answer);
		is_good = read_answer(&x, answer.status, out, e);
	}
	web_answer_release(&answer);
	exchange_release(&x);
	headers_release(&headers);
	return is_good;
}

static bool notify(struct mcp_session *s, const char *method, struct err *e)
{
	AUTO(buf) body = {0};
	struct headers headers = {0};
	struct web_answer answer = {0};
	_Atomic int64_t deadline = clock_ns() + s->config->timeout_ms * 1'000'000;
	struct mcp_patience patience = {.deadline_ns = &deadline};

	rpc_put_message(&body, 0, method, (struct str){0});
	make_headers(s, method, NULL, &headers);
	bool is_good = send_body(s, &headers, "POST", buf_str(&body), &patience, NULL, &answer, e);
	if (is_good && (answer.status < 200 || answer.status > 299))
		is_good = explain_status(s, false, answer.status, e);
	web_answer_release(&answer);
	headers_release(&headers);
	return is_good;
}

static void close_session(struct mcp_session *s)
{
	struct headers headers = {0};
	struct web_answer answer = {0};
	_Atomic int64_t deadline = clock_ns() + GOODBYE_MS * 1'000'000LL;
	struct mcp_patience patience = {.deadline_ns = &deadline};
	struct err e;

	if (!s->session_id.n)
		return;
	make_headers(s, "", NULL, &headers);
	/* Whether it takes the goodbye or not. */
	if (send_body(s, &headers, "DELETE", (struct str){0}, &patience, NULL, &answer, &e))
		web_answer_release(&answer);
	headers_release(&headers);
}

static bool open_nothing(struct mcp_session *, struct err *)
{
	return true;
}

static bool is_always_open(struct mcp_session *, struct err *)
{
	return true;
}

static void hang_up(struct mcp_session *)
{
}

const struct mcp_carrier mcp_http = {
	open_nothing, call, notify, is_always_open, hang_up, close_session};
