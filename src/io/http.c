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

/* How long libcurl may be late with its own deadline. */
enum { CONNECT_GRACE_MS = 500 };

enum waiting { WAITING_CONNECTION, WAITING_FIRST_BYTE, WAITING_IDLE };

struct http_client {
	struct loop *loop;
	const struct curl_table *curl; /* NULL until the first request */
	CURLM *multi;
	struct timer *timer;
	struct http *first;
	const char *inside; /* the socket all requests go to; NULL: where their URL says */
};

struct http {
	struct http *next, **link; /* in the client's list */
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	struct http_sink sink;
	struct http_limits limits;
	struct http_times times;
	struct timer *watch, *failing;
	struct err error; /* of our own making: a deadline, a failed start */
	int64_t last_byte;
	int64_t suspected; /* last_byte when a deadline seemed to have passed; 0: it did not */
	int status;
	bool has_head, in_callback, cancelled;
};

struct http_client *http_client_new(struct loop *loop)
{
	struct http_client *client = must_alloc(1, sizeof *client);

	client->loop = loop;
	return client;
}

void http_client_stay_inside(struct http_client *client, const char *name)
{
	client->inside = name;
}

static void release(struct http *http)
{
	const struct curl_table *curl = http->client->curl;

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
	curl_off_t connected = 0, sent = 0, first = 0;
	long opened = 1;

	curl->curl_easy_getinfo(http->easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl->curl_easy_getinfo(http->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	curl->curl_easy_getinfo(http->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	curl->curl_easy_getinfo(http->easy, CURLINFO_NUM_CONNECTS, &opened);
	http->times.reused = opened == 0 && http->times.first_byte;
	if (connected || http->times.reused)
		http->times.connected = http->times.started + connected * 1000;
	if (sent)
		http->times.sent = http->times.started + sent * 1000;
	if (first && !http->times.first_byte)
		http->times.first_byte = http->times.started + first * 1000;
}

static void no_connection(const struct http *http, struct err *e)
{
	err_set(e, ERR_TIMEOUT, "no connection within %g s (connect timeout)",
		(double)http->limits.connect_ms / 1e3);
}

static const char *reason(struct http *http, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT: return "connection refused or unreachable";
	case CURLE_COULDNT_RESOLVE_HOST: return "host name not found";
	case CURLE_GOT_NOTHING: return "connection closed without an answer";
	case CURLE_PARTIAL_FILE: return "connection closed in the middle of the answer";
	default: return http->client->curl->curl_easy_strerror(code);
	}
}

static bool is_lasting(CURLcode code)
{
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_INVALIDCERTSTATUS: return true;
	default: return false;
	}
}

static void complete(struct http *http, CURLcode code)
{
	struct err e = http->error;

	read_times(http);
	http->times.is_lasting = is_lasting(code);
	if (code == CURLE_OK && !e.code) {
		finish(http, NULL);
		return;
	}
	if (!e.code && code == CURLE_OPERATION_TIMEDOUT)
		no_connection(http, &e);
	else if (!e.code)
		err_set(&e, ERR_NETWORK, "%s", reason(http, code));
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

static void act(struct http_client *client, curl_socket_t socket, int events)
{
	int running;

	client->curl->curl_multi_socket_action(client->multi, socket, events, &running);
	collect(client);
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

static size_t got_header(char *bytes, size_t size, size_t count, void *self)
{
	struct http *http = self;
	struct str line = str_trim((struct str){bytes, size * count});

	http->last_byte = clock_ns();
	if (!http->times.first_byte)
		http->times.first_byte = http->last_byte;
	http->in_callback = true;
	if (line.n && !http->has_head) {
		head_line(http, line);
	} else if (!http->has_head && http->status >= 200) {
		http->has_head = true;
		http->sink.head(http->sink.self, http->status);
	}
	http->in_callback = false;
	return http->cancelled ? 0 : size * count;
}

static size_t got_body(char *bytes, size_t size, size_t count, void *self)
{
	struct http *http = self;

	http->last_byte = clock_ns();
	http->in_callback = true;
	http->sink.body(http->sink.self, (struct str){bytes, size * count});
	http->in_callback = false;
	/* Anything but the full count ends the transfer. */
	return http->cancelled ? 0 : size * count;
}

/* Which deadline runs, and how much of it is left. */
static int64_t time_left(struct http *http, enum waiting *what)
{
	const struct http_limits *l = &http->limits;
	int64_t now = clock_ns();

	*what = WAITING_IDLE;
	if (http->times.first_byte)
		return l->idle_ms - (now - http->last_byte) / 1'000'000;
	read_times(http);
	*what = http->times.sent ? WAITING_FIRST_BYTE : WAITING_CONNECTION;
	if (http->times.sent)
		return l->first_byte_ms - (now - http->times.sent) / 1'000'000;
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
	if (http->suspected != http->last_byte) {
		http->suspected = http->last_byte;
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

/*
 * The hashed directory takes 0.2 ms where parsing the bundle takes 15 ms. A bundle that the user
 * names in the environment and that is not the system's own is honoured all the same.
 */
static void set_trust(struct http *http)
{
	const struct curl_table *curl = http->client->curl;
	const char *file = getenv("SSL_CERT_FILE"), *directory = getenv("SSL_CERT_DIR");

	if (file && (!*file || strcmp(file, "/etc/ssl/certs/ca-certificates.crt") == 0))
		file = NULL;
	curl->curl_easy_setopt(http->easy, CURLOPT_CAINFO, file);
	curl->curl_easy_setopt(
		http->easy, CURLOPT_CAPATH, directory && *directory ? directory : "/etc/ssl/certs");
}

/* A proxy cannot reach this machine's own servers. */
static void set_no_proxy(struct http *http)
{
	const char *given = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
	AUTO(buf) list = {0};

	buf_printf(&list, "localhost,127.0.0.1,::1%s%s", given && *given ? "," : "",
		given ? given : "");
	/* "*" alone means every host; in a list it would not. */
	http->client->curl->curl_easy_setopt(http->easy, CURLOPT_NOPROXY,
		given && strcmp(given, "*") == 0 ? given : buf_text(&list));
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
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->limits.connect_ms);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, got_header);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, got_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	set_trust(http);
	set_no_proxy(http);
	if (http->client->inside) {
		curl->curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, http->client->inside);
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, "");
	}
}

struct http *http_start(struct http_client *client, const struct http_request *request,
	const struct http_sink *sink)
{
	struct http *http = must_alloc(1, sizeof *http);

	*http = (struct http){.client = client,
		.sink = *sink,
		.limits = request->limits,
		.next = client->first,
		.link = &client->first};
	if (client->first)
		client->first->link = &http->next;
	client->first = http;
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
	watch_deadlines(http);
	client->curl->curl_multi_add_handle(client->multi, http->easy);
	log_debug("%s %s, %zu bytes", request->body.p ? "POST" : "GET", request->url,
		request->body.n);
	return http;
}

void http_cancel(struct http *http)
{
	if (!http)
		return;
	http->cancelled = true;
	if (!http->in_callback)
		release(http);
}
