// SPDX-License-Identifier: MIT
/* The steps that touch the provider: send the request, read the stream. */
#include "base/clock.h"
#include "base/utf8.h"
#include "call/walk.h"

static void got_header(void *self, struct str name, struct str value)
{
	struct call *call = self;

	retry_take_header(&call->hints, name, value);
	pace_take_header(&call->heard, name, value);
	if (str_is(name, "content-type"))
		call->content_type = arena_copy(&call->arena, value);
	if (str_is(name, "content-encoding"))
		call->encoding = arena_copy(&call->arena, value);
	if (str_is(name, "location"))
		call->location = arena_copy(&call->arena, value);
	if (str_is(name, "request-id") || str_is(name, "x-request-id"))
		call->result.request_id = arena_copy(&call->arena, value);
}

static void got_head(void *self, int status)
{
	struct call *call = self;

	call->result.http_status = status;
}

static void take_times(struct call *call, const struct http_times *times)
{
	struct call_times *known = &call->result.times;

	known->loading = times->loading;
	known->started = times->started;
	known->resolved = times->resolved;
	known->connected = times->connected;
	known->secured = times->secured;
	known->sent = times->sent;
	known->first_byte = times->first_byte;
	known->reused = times->reused;
}

void call_hang_up(struct call *call)
{
	struct http_times times;

	if (!call->http)
		return;
	http_look(call->http, &times);
	take_times(call, &times);
	http_cancel(call->http);
	call->http = NULL;
}

static void got_body(void *self, struct str bytes)
{
	struct call *call = self;

	call->result.response_bytes += bytes.n;
	if (call->result.http_status < 200 || call->result.http_status >= 300)
		buf_put_str(&call->error_body, bytes);
	else
		call->errand->take(call, bytes);
}

/* A stream of events does not begin so; a server that cannot stream, or will not, does. */
static bool begins_json(const struct call *call, struct str bytes)
{
	struct str text = str_trim(bytes);

	return call->route->wire->framing == FRAMING_SSE &&
	       call->result.response_bytes == bytes.n && text.n &&
	       (text.p[0] == '{' || text.p[0] == '[');
}

void stream_take(struct call *call, struct str bytes)
{
	struct err e;

	if (call->body.n || begins_json(call, bytes)) {
		buf_put_str(&call->body, bytes);
		return;
	}
	if (wire_feed(&call->reader, bytes, call_take_delta, call, &e))
		return;
	/* The sink stopped it, the stream said so, or it is beyond our limits. */
	if (!call->error.code) {
		call->error = e;
		call->error.code = ERR_PROVIDER;
		call->trouble = (struct trouble){.code = ERR_PROVIDER};
		err_context(&call->error, "%.*s", STR_ARG(call->route->name));
	}
	call_hang_up(call);
	call->is_answered = true;
	call_walk_soon(call);
}

/* The key and the question would go to wherever an answer says: the user has to say so. */
static void explain_redirect(struct call *call)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, str_head(call->location, str_find_char(call->location, '?', 0)), 120);
	err_set(&call->error, ERR_PROVIDER,
		"HTTP %d: the server sends us on to %s, where a request with a key does not follow "
		"by itself: if that is right, use it with --base-url",
		call->result.http_status, shown.n ? buf_text(&shown) : "nowhere");
	call->trouble = (struct trouble){.status = call->result.http_status, .code = ERR_PROVIDER};
	err_context(&call->error, "%.*s", STR_ARG(call->route->name));
}

static void explain_key(struct call *call)
{
	const struct route *route = call->route;
	int status = call->result.http_status;

	if (status != 401 && status != 403)
		return;
	if (!route->key.n)
		call_say_more(call, " (no key was sent: set %s)", route->key_name);
	else if (status == 401)
		call_say_more(call, " (the key is that of %s: check it there)", route->key_name);
	else
		call_say_more(
			call, " (with the key of %s: may it use this model?)", route->key_name);
}

static void refused(struct call *call)
{
	struct llm_error error = {0};
	int status = call->result.http_status;

	if (status >= 300 && status < 400) {
		explain_redirect(call);
		return;
	}

	call->route->wire->get_error(status, buf_str(&call->error_body), &call->arena, &error);
	error.status = status;
	call_take_error(call, &error);
	explain_key(call);
}

/*
 * A provider that was reached and stayed silent may be at work, at our expense, so it is not asked
 * the same again; one that was not reached may be back in a moment.
 */
void call_broke_off(struct call *call, const struct err *e, const struct http_times *times)
{
	call->error = *e;
	call->trouble = (struct trouble){.code = e->code,
		.is_retryable = e->code == ERR_TIMEOUT ? !times->sent : !times->is_lasting};
}

/* A success that is no event stream: a proxy's page, or a server that cannot stream. */
static void explain_no_stream(struct call *call)
{
	struct str type = call->content_type;

	if (call->encoding.n && !str_eq_nocase(call->encoding, STR("identity"))) {
		AUTO(buf) shown = {0};
		utf8_put_line(&shown, call->encoding, 40);
		err_set(&call->error, ERR_PROVIDER,
			"the answer is compressed (%s), which was not asked for: a proxy between here "
			"and the provider does that",
			buf_text(&shown));
		call->trouble.is_retryable = false;
		return;
	}
	if (call->body.n && !call->reader.has_started) {
		AUTO(buf) shown = {0};
		utf8_put_line(&shown, str_trim(buf_str(&call->body)), 100);
		err_set(&call->error, ERR_PROVIDER,
			"HTTP %d with JSON that is no answer: is the base URL right? It says %s",
			call->result.http_status, buf_text(&shown));
		call->trouble.is_retryable = false;
		return;
	}
	if (call->reader.has_started || !type.n || str_starts(type, STR("text/event-stream")) ||
		str_starts(type, STR("application/x-ndjson")))
		return;
	AUTO(buf) shown = {0};
	utf8_put_line(&shown, type, 60);
	err_set(&call->error, ERR_PROVIDER,
		"HTTP %d with %zu bytes of %s instead of an event stream", call->result.http_status,
		call->result.response_bytes, buf_text(&shown));
	/* It would be the same page again. */
	call->trouble.is_retryable = false;
}

void stream_finish(struct call *call, const struct err *e, const struct http_times *times)
{
	struct err early;
	bool is_fed = true;

	if (!e && call->body.n)
		is_fed = wire_feed_whole(
			&call->reader, buf_str(&call->body), call_take_delta, call, &early);
	if (e) {
		/* What had arrived is kept; a whole answer is whole however the connection ended.
		 */
		if (!call->reader.has_ended) {
			call_broke_off(call, e, times);
			err_context(
				&call->error, "%.*s at %s", STR_ARG(call->route->name), call->url);
		}
	} else if ((!is_fed || !wire_end(&call->reader, call_take_delta, call, &early)) &&
		   !call->error.code) {
		call_broke_off(call, &early, times);
		explain_no_stream(call);
		err_context(&call->error, "%.*s", STR_ARG(call->route->name));
	}
}

static void got_end(void *self, const struct err *e, const struct http_times *times)
{
	struct call *call = self;

	call->http = NULL;
	call->is_answered = true;
	take_times(call, times);
	int status = call->result.http_status;
	bool is_success = status >= 200 && status < 300;
	/* Without a status the connection broke before it. */
	if (status && !is_success)
		refused(call);
	else
		call->errand->finish(call, e, times);
	call_walk(call);
}

static const struct http_sink http_sink = {
	.head = got_head, .header = got_header, .body = got_body, .end = got_end};

static struct str version_of(const struct route *route)
{
	return route->api_version.n ? route->api_version : str_from(route->wire->version);
}

/* Newer versions of an API may take the key in this way only. */
static bool is_bearer(const struct route *route)
{
	const char *since = route->wire->bearer_since;

	return route->bearer || (since && str_cmp(version_of(route), str_from(since)) >= 0);
}

static struct http_header key_header(struct call *call)
{
	const struct route *route = call->route;
	bool bearer = is_bearer(route);
	const char *prefix = bearer ? "Bearer " : route->wire->key_prefix;
	struct str value = arena_printf(&call->arena, "%s%.*s", prefix, STR_ARG(route->key));

	return (struct http_header){
		bearer ? "authorization" : route->wire->key_header, value, true};
}

/* Takes the place of one of the same name. */
static size_t put_header(struct http_header *headers, size_t n, struct header h, bool is_secret)
{
	size_t i = 0;

	while (i < n && !str_eq_nocase(str_from(headers[i].name), str_from(h.name)))
		i++;
	headers[i] = (struct http_header){h.name, h.value, is_secret};
	return i < n ? n : n + 1;
}

/* Ours, the wire's, then what the route adds; ended by a NULL name. */
static const struct http_header *make_headers(struct call *call)
{
	const struct route *route = call->route;
	const struct wire *wire = route->wire;
	size_t n = 0, room = 6;

	for (const struct header *h = wire->headers; h && h->name; h++)
		room++;
	for (const struct header *h = route->headers; h && h->name; h++)
		room++;
	struct http_header *headers = arena_alloc(&call->arena, room, sizeof *headers);
	headers[n++] = (struct http_header){"accept", str_from(call->errand->accept), false};
	headers[n++] = (struct http_header){"user-agent", STR("fettle/" FETTLE_VERSION), false};
	if (call->request.n)
		headers[n++] = (struct http_header){"content-type",
			call->request_type.n ? call->request_type : STR("application/json"), false};
	if (route->key.n)
		headers[n++] = key_header(call);
	if (wire->version_header)
		headers[n++] = (struct http_header){wire->version_header, version_of(route), false};
	for (const struct header *h = wire->headers; h && h->name; h++)
		n = put_header(headers, n, *h, false);
	/* People put keys into these. */
	for (const struct header *h = route->headers; h && h->name; h++)
		n = put_header(headers, n, *h, true);
	return headers;
}

static void send_http(struct call *call)
{
	const char *path = call->path ? call->path : call->errand->put_request(call);

	call->result.request_bytes = call->request.n;
	call->error_body.max = ERROR_BODY_MAX_BYTES;
	call->url = route_url(call->route, path, &call->arena);
	struct http_request request = {.url = call->url,
		.headers = make_headers(call),
		.body = call->request.n ? buf_str(&call->request) : (struct str){0},
		.is_once = call->errand->is_once,
		.answer_max_bytes = call->errand->answer_max_bytes,
		.limits = call->route->limits};
	struct http_sink sink = http_sink;
	sink.self = call;
	call->http = http_start(call->world.http, &request, &sink);
}

static void answer_offline(void *self)
{
	struct call *call = self;
	struct call_times *known = &call->result.times;

	call->timer = NULL;
	known->connected = known->sent = known->first_byte = clock_ns();
	call->errand->answer_offline(call);
	call->is_answered = true;
	call_walk(call);
}

enum walk step_send(struct call *call)
{
	call->hints = (struct retry_hints){0};
	call->heard = (struct pace_heard){0};
	call->trouble = (struct trouble){0};
	call->content_type = call->location = call->encoding = (struct str){0};
	call->result.attempts++;
	call->result.times.started = clock_ns();
	if (!call->result.times.asked)
		call->result.times.asked = call->result.times.started;
	if (call->route->wire)
		send_http(call);
	else
		call->timer = loop_after(call->world.loop, 0, answer_offline, call);
	return NEXT;
}

enum walk step_stream(struct call *call)
{
	return call->is_answered ? NEXT : WAIT;
}
