// SPDX-License-Identifier: MIT
/*
 * How libcurl and the loop fit together: libcurl tells which sockets to watch (watch_socket) and
 * when it wants to be called for time (set_timer); every such event calls curl_multi_socket_action,
 * and collect then takes what has finished. A request that is cancelled from within one of its own
 * callbacks is only marked; libcurl ends it when the callback returns.
 */
#include "io/http.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "io/curl_table.h"
#include "io/gate.h"
#include "io/http_reason.h"
#include "io/http_setup.h"
#include "io/tls_session.h"

/* How long libcurl may be late with its own deadline. */
enum { CONNECT_GRACE_MS = 500 };

/* Numbers that no clock shows. */
enum waiting { WAITING_CONNECTION = 1, WAITING_FIRST_BYTE, WAITING_IDLE };

struct http_client {
	struct loop *loop;
	const struct curl_table *curl; /* NULL until the first request */
	CURLM *multi;
	struct timer *timer, *opener;
	struct http *first;
	struct gate gate; /* of https only: there is HTTP/2 by ALPN and nowhere else */
	struct http_trust trust;
	struct tls_sessions sessions;
	bool in_callback; /* of libcurl: it takes no calls then */
	const char *inside; /* the socket all requests go to; NULL: where their URL says */
};

struct http {
	struct http *next, **link; /* in the client's list */
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	struct gate_pass pass;
	struct tls_host *tls_host; /* NULL: no sessions are kept of it */
	int64_t joined; /* when libcurl got it, and its clock began */
	struct http_sink sink;
	struct http_limits limits;
	struct http_times times;
	struct timer *watch, *failing;
	struct err error; /* of our own making: a deadline, a failed start */
	int64_t last_byte;
	int64_t suspected; /* which deadline seemed to have passed: last_byte, or what was waited
			      for */
	int status;
	size_t head_bytes; /* of all heads: also 1xx */
	size_t body_bytes, body_max_bytes;
	bool has_head, in_callback, cancelled;
	char detail[CURL_ERROR_SIZE];
};

struct http_client *http_client_new(struct loop *loop)
{
	struct http_client *client = must_alloc(1, sizeof *client);

	client->loop = loop;
	return client;
}

void http_client_trust(struct http_client *client, const struct http_trust *trust)
{
	client->trust = *trust;
	client->sessions.directory = trust->session_directory;
}

static void open_doors(void *self);

/* From the next turn of the loop: libcurl takes no request from within its callbacks. */
static void open_soon(struct http_client *client)
{
	if (client->gate.doors && !client->opener)
		client->opener = loop_after(client->loop, 0, open_doors, client);
}

void http_client_stay_inside(struct http_client *client, const char *name)
{
	client->inside = name;
}

static void release(struct http *http)
{
	const struct curl_table *curl = http->client->curl;

	if (http->pass.door)
		open_soon(http->client);
	gate_leave(&http->pass);
	timer_cancel(http->watch);
	timer_cancel(http->failing);
	if (http->easy) {
		curl->curl_multi_remove_handle(http->client->multi, http->easy);
		curl->curl_easy_cleanup(http->easy);
	}
	if (http->headers)
		curl->curl_slist_free_all(http->headers);
	if (http->next)
		http->next->link = http->link;
	*http->link = http->next;
	free(http);
}

static void finish(struct http *http, const struct err *e)
{
	struct http_sink sink = http->sink;
	struct http_times times = http->times;
	struct err error = e ? *e : (struct err){0};
	bool quiet = http->cancelled;

	times.ended = clock_ns();
	release(http);
	if (!quiet)
		sink.end(sink.self, e ? &error : NULL, &times);
}

static void read_times(struct http *http)
{
	const struct curl_table *curl = http->client->curl;
	curl_off_t resolved = 0, connected = 0, secured = 0, sent = 0, first = 0;
	long opened = 1;

	curl->curl_easy_getinfo(http->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	curl->curl_easy_getinfo(http->easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl->curl_easy_getinfo(http->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	curl->curl_easy_getinfo(http->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	curl->curl_easy_getinfo(http->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	curl->curl_easy_getinfo(http->easy, CURLINFO_NUM_CONNECTS, &opened);
	http->times.reused = opened == 0 && http->times.first_byte;
	if (resolved && !http->times.reused)
		http->times.resolved = http->joined + resolved * 1000;
	if (secured && !http->times.reused)
		http->times.secured = http->joined + secured * 1000;
	if (connected || http->times.reused)
		http->times.connected = http->joined + connected * 1000;
	if (sent)
		http->times.sent = http->joined + sent * 1000;
	if (first && !http->times.first_byte)
		http->times.first_byte = http->joined + first * 1000;
}

static void no_connection(const struct http *http, struct err *e)
{
	err_set(e, ERR_TIMEOUT, "no connection within %g s (connect timeout)",
		(double)http->limits.connect_ms / 1e3);
}

/* True when the error is the same the next time. */
static bool explain(struct http *http, CURLcode code, struct err *e)
{
	const struct curl_table *curl = http->client->curl;
	struct http_failure failure = {
		.code = code, .detail = http->detail, .general = curl->curl_easy_strerror(code)};

	curl->curl_easy_getinfo(http->easy, CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
	return http_explain(&failure, e);
}

static void note_version(struct http *http)
{
	long version = 0;

	http->client->curl->curl_easy_getinfo(http->easy, CURLINFO_HTTP_VERSION, &version);
	if (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1)
		gate_stands_open(&http->pass);
}

static void complete(struct http *http, CURLcode code)
{
	struct err e = http->error;

	read_times(http);
	note_version(http);
	if (http->has_head)
		tls_host_keep(http->tls_host);
	if (code == CURLE_OK && !e.code) {
		finish(http, NULL);
		return;
	}
	if (!e.code && code == CURLE_OPERATION_TIMEDOUT)
		no_connection(http, &e);
	else if (!e.code)
		http->times.is_lasting = explain(http, code, &e);
	finish(http, &e);
}

static void collect(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = client->curl->curl_multi_info_read(client->multi, &left))) {
		struct http *http;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		client->curl->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &http);
		complete(http, code);
	}
}

static void look_at_leader(struct gate_pass *pass)
{
	struct http *http = (struct http *)((char *)pass - offsetof(struct http, pass));

	read_times(http);
	if (!http->times.sent)
		return;
	gate_through(pass);
	open_soon(http->client);
}

static void act(struct http_client *client, curl_socket_t socket, int events)
{
	int running;

	client->curl->curl_multi_socket_action(client->multi, socket, events, &running);
	collect(client);
	gate_each_leader(&client->gate, look_at_leader);
}

static void socket_ready(evutil_socket_t socket, short events, void *self)
{
	act(self, socket,
		(events & EV_READ ? CURL_CSELECT_IN : 0) |
			(events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void fail_later(void *self)
{
	struct http *http = self;

	http->failing = NULL;
	finish(http, &http->error);
}

/* A socket that nobody watches would stay silent until a deadline. */
static void cannot_watch(struct http_client *client, CURL *easy)
{
	struct http *http = NULL;

	client->curl->curl_easy_getinfo(easy, CURLINFO_PRIVATE, &http);
	if (!http || http->failing)
		return;
	err_errno(&http->error, "watching the connection");
	http->error.code = ERR_NETWORK;
	http->failing = loop_after(client->loop, 0, fail_later, http);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *self, void *old)
{
	struct http_client *client = self;
	struct event *event = old;

	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		short events = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			       (what & CURL_POLL_OUT ? EV_WRITE : 0);
		event = event_new(loop_base(client->loop), socket, events, socket_ready, client);
		must(event);
		if (event_add(event, NULL) < 0)
			cannot_watch(client, easy);
	}
	client->curl->curl_multi_assign(client->multi, socket, event);
	return 0;
}

static void time_is_up(void *self)
{
	struct http_client *client = self;

	client->timer = NULL;
	act(client, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *, long timeout_ms, void *self)
{
	struct http_client *client = self;

	timer_cancel(client->timer);
	client->timer =
		timeout_ms < 0 ? NULL : loop_after(client->loop, timeout_ms, time_is_up, client);
	return 0;
}

static bool client_open(struct http_client *client, struct err *e)
{
	if (client->multi)
		return true;
	client->curl = curl_table_open(e);
	if (!client->curl)
		return false;
	client->multi = client->curl->curl_multi_init();
	must(client->multi);
	client->curl->curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	client->curl->curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	client->curl->curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	client->curl->curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	return true;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	while (client->first)
		release(client->first);
	if (client->multi)
		client->curl->curl_multi_cleanup(client->multi);
	timer_cancel(client->timer);
	timer_cancel(client->opener);
	tls_sessions_release(&client->sessions);
	gate_release(&client->gate);
	free(client);
}

/* ---- what libcurl calls for one request ---- */

static void head_line(struct http *http, struct str line)
{
	size_t colon = str_find_char(line, ':', 0);
	char name[64];

	if (str_starts(line, STR("HTTP/"))) {
		size_t space = str_find_char(line, ' ', 0);
		int64_t status = 0;
		struct str number = str_trim(str_head(str_skip(line, space), 4));
		http->status = space != SIZE_MAX && str_int(number, &status) ? (int)status : 0;
		return;
	}
	if (colon == SIZE_MAX || colon >= sizeof name || !http->sink.header)
		return;
	for (size_t i = 0; i < colon; i++)
		name[i] = line.p[i] >= 'A' && line.p[i] <= 'Z' ? (char)(line.p[i] + 32) : line.p[i];
	http->sink.header(
		http->sink.self, (struct str){name, colon}, str_trim(str_skip(line, colon + 1)));
}

/* Counts bytes of the answer. False when they are too many: the transfer ends, once and for all. */
static bool fits(struct http *http, size_t *sum, size_t n, size_t max, const char *part)
{
	*sum += n;
	if (*sum <= max)
		return true;
	err_set(&http->error, ERR_NETWORK,
		"the answer's %s is longer than %zu %s: the connection "
		"was closed",
		part, max >= 1 << 20 ? max >> 20 : max >> 10, max >= 1 << 20 ? "MB" : "KB");
	http->times.is_lasting = true;
	return false;
}

static size_t got_header(char *bytes, size_t size, size_t count, void *self)
{
	struct http *http = self;
	struct str line = str_trim((struct str){bytes, size * count});

	http->last_byte = clock_ns();
	if (!http->times.first_byte)
		http->times.first_byte = http->last_byte;
	if (http->cancelled ||
		!fits(http, &http->head_bytes, size * count, HTTP_HEAD_MAX_BYTES, "head"))
		return 0;
	http->in_callback = http->client->in_callback = true;
	if (line.n && !http->has_head) {
		head_line(http, line);
	} else if (!http->has_head && http->status >= 200) {
		http->has_head = true;
		http->sink.head(http->sink.self, http->status);
	}
	http->in_callback = http->client->in_callback = false;
	return http->cancelled ? 0 : size * count;
}

static size_t got_body(char *bytes, size_t size, size_t count, void *self)
{
	struct http *http = self;

	http->last_byte = clock_ns();
	if (http->cancelled ||
		!fits(http, &http->body_bytes, size * count, http->body_max_bytes, "body"))
		return 0;
	http->in_callback = http->client->in_callback = true;
	http->sink.body(http->sink.self, (struct str){bytes, size * count});
	http->in_callback = http->client->in_callback = false;
	/* Anything but the full count ends the transfer. */
	return http->cancelled ? 0 : size * count;
}

/* Which deadline runs, and how much of it is left. */
static int64_t time_left(struct http *http, enum waiting *what)
{
	const struct http_limits *l = &http->limits;
	int64_t now = clock_ns();

	*what = WAITING_IDLE;
	/* Half a head is no answer: who sends it line by line has no more time than who is silent.
	 */
	if (http->has_head)
		return l->idle_ms - (now - http->last_byte) / 1'000'000;
	read_times(http);
	*what = http->times.sent ? WAITING_FIRST_BYTE : WAITING_CONNECTION;
	if (http->times.sent)
		return l->first_byte_ms - (now - http->times.sent) / 1'000'000;
	if (!http->joined)
		return l->connect_ms - (now - http->times.started) / 1'000'000;
	/* libcurl watches this one itself, and comes first. */
	return l->connect_ms + CONNECT_GRACE_MS - (now - http->times.started) / 1'000'000;
}

static int64_t shorter(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * One timer watches all deadlines: it looks at the time of the last byte and sleeps for the rest,
 * so that a stream of many small pieces does not re-arm anything.
 */
static void watch_deadlines(void *self)
{
	struct http *http = self;
	enum waiting what;
	int64_t left_ms = time_left(http, &what);

	http->watch = NULL;
	if (left_ms > 0) {
		/* While we sleep the next one may have begun to run. */
		if (what != WAITING_IDLE)
			left_ms = shorter(left_ms, http->limits.idle_ms);
		if (what == WAITING_CONNECTION)
			left_ms = shorter(left_ms, http->limits.first_byte_ms);
		http->watch = loop_after(http->client->loop, left_ms, watch_deadlines, http);
		return;
	}
	/* If this program itself was held up, what waits in the socket is read first. */
	int64_t suspicion = what == WAITING_IDLE ? http->last_byte : what;
	if (http->suspected != suspicion) {
		http->suspected = suspicion;
		http->watch = loop_after(http->client->loop, 100, watch_deadlines, http);
		return;
	}
	if (what == WAITING_CONNECTION)
		no_connection(http, &http->error);
	else if (what == WAITING_FIRST_BYTE)
		err_set(&http->error, ERR_TIMEOUT, "no answer within %g s (first-byte timeout)",
			(double)http->limits.first_byte_ms / 1e3);
	else
		err_set(&http->error, ERR_TIMEOUT, "nothing received for %g s (idle timeout)",
			(double)http->limits.idle_ms / 1e3);
	complete(http, CURLE_OPERATION_TIMEDOUT);
}

static void set_headers(struct http *http, const struct http_header *headers)
{
	const struct curl_table *curl = http->client->curl;
	AUTO(buf) line = {0};

	/* Expect: 100-continue would cost a round trip for larger bodies. */
	http->headers = curl->curl_slist_append(NULL, "Expect:");
	for (const struct http_header *h = headers; h->name; h++) {
		buf_clear(&line);
		buf_printf(&line, "%s: %.*s", h->name, STR_ARG(h->value));
		http->headers = curl->curl_slist_append(http->headers, buf_text(&line));
		if (h->is_secret)
			explicit_bzero(line.p, line.n);
	}
}

static void set_options(struct http *http, const struct http_request *request)
{
	const struct curl_table *curl = http->client->curl;
	CURL *easy = http->easy;

	curl->curl_easy_setopt(easy, CURLOPT_PRIVATE, http);
	curl->curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	if (request->body.p) {
		curl->curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.p);
		curl->curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
	}
	if (request->is_once)
		curl->curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, got_header);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, got_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->detail);
	http_set_trust(curl, easy, str_from(request->url), &http->client->trust);
	http_set_proxy(curl, easy, str_from(request->url));
	if (http->client->inside) {
		curl->curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, http->client->inside);
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, "");
	}
}

/* "https://host:port" of a URL; "" for others. */
static struct str door_name(const char *url)
{
	struct str text = str_from(url);

	return str_starts(text, STR("https://")) ? str_head(text, str_find_char(text, '/', 8))
						 : STR("");
}

static void keep_sessions(struct http *http, struct str door)
{
	struct http_client *client = http->client;
	AUTO(buf) trust = {0};

	if (!door.n || !client->sessions.directory || client->trust.is_insecure)
		return;
	http_put_trust(&trust, &client->trust);
	http->tls_host = tls_sessions_host(&client->sessions, door, buf_str(&trust));
	if (http->tls_host)
		tls_host_watch(http->tls_host, client->curl, http->easy);
}

static void join(struct http *http)
{
	const struct curl_table *curl = http->client->curl;

	http->joined = clock_ns();
	int64_t left_ms =
		http->limits.connect_ms - (http->joined - http->times.started) / 1'000'000;
	/* 0 would be libcurl's own default. */
	curl->curl_easy_setopt(
		http->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
	curl->curl_multi_add_handle(http->client->multi, http->easy);
}

static void open_doors(void *self)
{
	struct http_client *client = self;
	struct gate_pass *pass;

	client->opener = NULL;
	while ((pass = gate_next(&client->gate)))
		join((struct http *)((char *)pass - offsetof(struct http, pass)));
}

struct http *http_start(struct http_client *client, const struct http_request *request,
	const struct http_sink *sink)
{
	struct http *http = must_alloc(1, sizeof *http);

	*http = (struct http){.client = client,
		.sink = *sink,
		.limits = request->limits,
		.body_max_bytes =
			request->answer_max_bytes ? request->answer_max_bytes : HTTP_BODY_MAX_BYTES,
		.next = client->first,
		.link = &client->first};
	if (client->first)
		client->first->link = &http->next;
	client->first = http;
	if (!client->multi)
		http->times.loading = clock_ns();
	bool is_open = client_open(client, &http->error);
	http->times.started = http->last_byte = clock_ns();
	if (!is_open) {
		http->times.is_lasting = true;
		http->failing = loop_after(client->loop, 0, fail_later, http);
		return http;
	}
	http->easy = client->curl->curl_easy_init();
	must(http->easy);
	set_headers(http, request->headers);
	set_options(http, request);
	struct str door = door_name(request->url);
	keep_sessions(http, door);
	if (!door.n || gate_enter(&client->gate, &http->pass, door))
		join(http);
	watch_deadlines(http);
	log_debug("%s %s, %zu bytes", request->body.p ? "POST" : "GET", request->url,
		request->body.n);
	return http;
}

void http_look(struct http *http, struct http_times *times)
{
	if (http->easy)
		read_times(http);
	*times = http->times;
}

void http_cancel(struct http *http)
{
	if (!http)
		return;
	http->cancelled = true;
	if (http->in_callback)
		return;
	if (!http->client->in_callback) {
		release(http);
		return;
	}
	/* Another request's callback: libcurl lets go of this one only behind it. */
	timer_cancel(http->failing);
	http->failing = loop_after(http->client->loop, 0, fail_later, http);
}
