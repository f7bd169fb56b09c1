// SPDX-License-Identifier: MIT
/*
 *   REST --send--> RESOLVE > CONNECT > GREET > READY
 *    ^                |         |        |       |
 *    |                v         v        v       v
 *    +--nobody---- PAUSE <-----------------------+   all that wait end, ERR_NETWORK
 *       waits        +--somebody does--> RESOLVE
 */
#include "io/redis.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "base/sha1.h"
#include "io/resolve.h"

enum {
	CONNECT_MS = 5'000, /* until it is ready */
	PAUSE_FIRST_MS = 50,
	PAUSE_MAX_MS = 2'000,
	REFUSAL_COLUMNS = 200,
};
#define NS_PER_MS 1'000'000LL

struct asked {
	struct asked *next;
	int64_t deadline_ns;
	char *bytes; /* NULL: they are sent, and of no use any more */
	size_t n, head_n; /* of what names the script */
	const struct redis_script *script;
	enum err_code refused; /* ends with the next turn */
	void (*answer)(void *self, const struct redis_value *value, const struct err *e);
	void *self;
};

struct list {
	struct asked *first, *last;
	size_t count;
};

struct redis {
	struct loop *loop;
	const struct redis_url *url;
	struct buf name; /* of the server, for sentences */
	enum { REST, PAUSE, RESOLVE, CONNECT, GREET, READY } state;
	struct redis_reader *reader;
	struct resolve *resolve;
	struct addrinfo *addresses, *address;
	struct bufferevent *stream;
	struct timer *step_timer; /* of PAUSE, and of all until READY */
	struct timer *late_timer;
	int64_t late_ns; /* when late_timer fires */
	struct list sent, unsent;
	size_t unsent_bytes;
	int greetings; /* that are not answered */
	int failures; /* in a row */
	int depth; /* within answers */
	bool is_freed;
};

static void start(struct redis *r);

/* ---- lists ---- */

static void append(struct list *l, struct asked *a)
{
	a->next = NULL;
	*(l->last ? &l->last->next : &l->first) = a;
	l->last = a;
	l->count++;
}

static struct asked *take_first(struct list *l)
{
	struct asked *a = l->first;

	l->first = a->next;
	l->last = l->first ? l->last : NULL;
	l->count--;
	return a;
}

static void drop(struct asked *a)
{
	free(a->bytes);
	free(a);
}

static void drop_all(struct list *l)
{
	while (l->first)
		drop(take_first(l));
}

/* ---- answers ---- */

static void really_free(struct redis *r)
{
	redis_reader_free(r->reader);
	buf_release(&r->name);
	free(r);
}

/* Everything may have changed afterwards; false: it was freed. */
static bool answer(
	struct redis *r, struct asked *a, const struct redis_value *value, const struct err *e)
{
	r->depth++;
	if (a->answer)
		a->answer(a->self, value, e);
	drop(a);
	r->depth--;
	bool is_there = !r->is_freed;
	if (!is_there && !r->depth)
		really_free(r);
	return is_there;
}

static void close_stream(struct redis *r)
{
	resolve_cancel(r->resolve);
	r->resolve = NULL;
	if (r->addresses)
		freeaddrinfo(r->addresses);
	r->addresses = r->address = NULL;
	if (r->stream)
		bufferevent_free(r->stream);
	r->stream = NULL;
	timer_cancel(r->step_timer);
	r->step_timer = NULL;
}

static void pause_over(void *self)
{
	struct redis *r = self;

	r->step_timer = NULL;
	r->state = REST;
	if (r->unsent.first)
		start(r);
}

/* All that wait end; what they give anew is for the next attempt. */
static bool fail(struct redis *r, const struct err *why)
{
	struct list lists[] = {r->sent, r->unsent};
	int64_t pause_ms = PAUSE_FIRST_MS << (r->failures < 6 ? r->failures : 6);
	struct err e = *why;
	bool is_there = true;

	close_stream(r);
	r->failures++;
	r->sent = r->unsent = (struct list){0};
	r->unsent_bytes = 0;
	pause_ms = pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
	/* Those that lost the same server do not come back in step. */
	pause_ms = pause_ms / 2 + arc4random_uniform((uint32_t)(pause_ms / 2 + 1));
	r->state = PAUSE;
	r->step_timer = loop_after(r->loop, pause_ms, pause_over, r);
	err_context(&e, "%s", buf_text(&r->name));
	log_debug("%s", e.text);
	for (size_t i = 0; i < 2; i++)
		while (lists[i].first && is_there)
			is_there = answer(r, take_first(&lists[i]), NULL, &e);
	for (size_t i = 0; i < 2; i++)
		drop_all(&lists[i]);
	return is_there;
}

static void step_is_late(void *self)
{
	struct redis *r = self;
	struct err e = {0};

	r->step_timer = NULL;
	err_set(&e, ERR_NETWORK, "it does not answer (%d s)", CONNECT_MS / 1'000);
	(void)!fail(r, &e);
}

/* ---- deadlines ---- */

static void look_for_late(void *self);
static void flush(struct redis *r);

static void wake_for(struct redis *r, int64_t at_ns)
{
	int64_t now_ns = clock_ns();

	if (r->late_timer && r->late_ns <= at_ns)
		return;
	timer_cancel(r->late_timer);
	r->late_ns = at_ns;
	r->late_timer = loop_after(r->loop,
		at_ns > now_ns ? (at_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0, look_for_late,
		r);
}

/* The first one that is late leaves the list. */
static struct asked *take_late(struct list *l, int64_t now_ns, int64_t *next_ns)
{
	struct asked *before = NULL;

	for (struct asked *a = l->first; a; before = a, a = a->next) {
		if (a->deadline_ns > now_ns) {
			*next_ns = a->deadline_ns < *next_ns ? a->deadline_ns : *next_ns;
			continue;
		}
		*(before ? &before->next : &l->first) = a->next;
		l->last = l->last == a ? before : l->last;
		l->count--;
		return a;
	}
	return NULL;
}

static bool end_late(struct redis *r, struct asked *a, bool was_sent)
{
	struct err e = {0}, broken = {0};

	if (a->refused)
		err_set(&e, a->refused, "%s: too many commands wait", buf_text(&r->name));
	else
		err_set(&e, ERR_TIMEOUT, "%s: no answer in time", buf_text(&r->name));
	if (!was_sent)
		r->unsent_bytes -= a->n;
	bool is_there = answer(r, a, NULL, &e);
	if (!is_there || !was_sent)
		return is_there;
	/* Its answer may still come, and nobody would know whose it is. */
	err_set(&broken, ERR_NETWORK, "an answer did not come in time");
	return fail(r, &broken);
}

static void look_for_late(void *self)
{
	struct redis *r = self;
	int64_t now_ns = clock_ns(), next_ns = INT64_MAX;
	struct asked *a;

	r->late_timer = NULL;
	while ((a = take_late(&r->sent, now_ns, &next_ns)))
		if (!end_late(r, a, true))
			return;
	while ((a = take_late(&r->unsent, now_ns, &next_ns)))
		if (!end_late(r, a, false))
			return;
	if (next_ns != INT64_MAX)
		wake_for(r, next_ns);
	if (r->state == READY)
		flush(r);
}

/* ---- sending ---- */

static void put_words(struct buf *out, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "$%zu\r\n", words[i].n);
		buf_put_str(out, words[i]);
		buf_put_str(out, STR("\r\n"));
	}
}

static void put_command(struct buf *out, const struct str *words, size_t count)
{
	buf_printf(out, "*%zu\r\n", count);
	put_words(out, words, count);
}

struct redis_script redis_script_of(const char *text)
{
	struct redis_script script = {.text = text};
	struct sha1 sha = sha1_of(str_from(text));

	for (size_t i = 0; i < SHA1_BYTES; i++)
		snprintf(script.sha + 2 * i, 3, "%02x", sha.bytes[i]);
	return script;
}

static void put_script(struct buf *out, struct str command, struct str script, size_t count)
{
	buf_printf(out, "*%zu\r\n", count + 3);
	put_words(out, (struct str[]){command, script, STR("1")}, 3);
}

/* As the next of those to be sent, and with the script itself. */
static void tell_script(struct redis *r, struct asked *a)
{
	struct buf whole = {.max = 2 * REDIS_WAITING_MAX_BYTES};
	struct str tail = {a->bytes + a->head_n, a->n - a->head_n};
	size_t count = (size_t)strtoul(a->bytes + 1, NULL, 10) - 3;

	put_script(&whole, STR("EVAL"), str_from(a->script->text), count);
	buf_put_str(&whole, tail);
	must(!whole.overflow);
	free(a->bytes);
	a->bytes = whole.p;
	a->n = whole.n;
	a->script = NULL;
	append(&r->unsent, a);
	r->unsent_bytes += a->n;
}

static void flush(struct redis *r)
{
	struct evbuffer *output = bufferevent_get_output(r->stream);

	while (r->unsent.first && !r->unsent.first->refused) {
		struct asked *a = take_first(&r->unsent);
		must(evbuffer_add(output, a->bytes, a->n) == 0);
		r->unsent_bytes -= a->n;
		if (!a->script) {
			free(a->bytes);
			a->bytes = NULL;
		}
		append(&r->sent, a);
	}
}

void redis_send(struct redis *r, const struct redis_ask *ask)
{
	struct asked *a = must_alloc(1, sizeof *a);
	struct buf bytes = {.max = REDIS_WAITING_MAX_BYTES};

	must(!r->is_freed && ask->timeout_ms > 0);
	*a = (struct asked){.answer = ask->answer, .self = ask->self, .script = ask->script};
	if (ask->script) {
		put_script(&bytes, STR("EVALSHA"), str_from(ask->script->sha), ask->word_count);
		a->head_n = bytes.n;
		put_words(&bytes, ask->words, ask->word_count);
	} else {
		put_command(&bytes, ask->words, ask->word_count);
	}
	a->bytes = bytes.p;
	a->n = bytes.n;
	if (bytes.overflow || r->unsent_bytes + a->n > REDIS_WAITING_MAX_BYTES ||
		redis_waiting(r) >= REDIS_WAITING_MAX)
		a->refused = ERR_LIMIT;
	a->deadline_ns = a->refused ? 0 : clock_ns() + ask->timeout_ms * NS_PER_MS;
	append(&r->unsent, a);
	r->unsent_bytes += a->n;
	wake_for(r, a->deadline_ns);
	if (r->state == READY)
		flush(r);
	else if (r->state == REST)
		start(r);
}

void redis_forget(struct redis *r, const void *self)
{
	struct list *lists[] = {&r->sent, &r->unsent};

	for (size_t i = 0; i < 2; i++)
		for (struct asked *a = lists[i]->first; a; a = a->next)
			if (a->self == self)
				a->answer = NULL;
}

size_t redis_waiting(const struct redis *r)
{
	return r->sent.count + r->unsent.count;
}

/* ---- replies ---- */

/* The server is there and cannot do anything now: as if it were not. */
static bool is_away(struct str text)
{
	static const struct str words[] = {STR("LOADING "), STR("BUSY "), STR("MASTERDOWN "),
		STR("READONLY "), STR("CLUSTERDOWN ")};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_starts(text, words[i]))
			return true;
	return false;
}

static void put_refusal(struct err *e, enum err_code code, struct str text)
{
	err_set(e, code, "it says: %.*s", STR_ARG(str_head(text, REFUSAL_COLUMNS)));
}

static bool be_greeted(struct redis *r, const struct redis_value *value)
{
	struct err e = {0};

	if (value->type == REDIS_ERROR) {
		/* A server without AUTH repeats its arguments, the password among them. */
		size_t word = str_find_char(value->text, ' ', 0);
		put_refusal(&e, is_away(value->text) ? ERR_NETWORK : ERR_DENIED,
			str_head(value->text, word));
		return fail(r, &e);
	}
	if (--r->greetings)
		return true;
	r->state = READY;
	timer_cancel(r->step_timer);
	r->step_timer = NULL;
	flush(r);
	return true;
}

static bool take(struct redis *r, const struct redis_value *value)
{
	struct err e = {0};

	if (r->state == GREET)
		return be_greeted(r, value);
	if (!r->sent.first) {
		err_set(&e, ERR_NETWORK, "it speaks unasked");
		return fail(r, &e);
	}
	if (value->type != REDIS_ERROR) {
		r->failures = 0;
		return answer(r, take_first(&r->sent), value, NULL);
	}
	if (r->sent.first->script && str_starts(value->text, STR("NOSCRIPT"))) {
		tell_script(r, take_first(&r->sent));
		flush(r);
		return true;
	}
	bool fails = is_away(value->text);
	put_refusal(&e, fails ? ERR_NETWORK : ERR_PROVIDER, value->text);
	if (fails)
		return fail(r, &e);
	err_context(&e, "%s", buf_text(&r->name));
	return answer(r, take_first(&r->sent), value, &e);
}

/* False: the connection is another one now, or there is none. */
static bool take_all(struct redis *r, struct bufferevent *stream, struct err *e)
{
	const struct redis_value *value;

	while (redis_reader_next(r->reader, &value, e)) {
		if (!value)
			return true;
		if (!take(r, value) || r->stream != stream)
			return false;
	}
	e->code = ERR_NETWORK;
	(void)!fail(r, e);
	return false;
}

static void read_bytes(struct bufferevent *stream, void *self)
{
	struct redis *r = self;
	struct evbuffer *input = bufferevent_get_input(stream);
	struct evbuffer_iovec piece;
	struct err e = {0};

	r->depth++;
	while (evbuffer_peek(input, -1, NULL, &piece, 1) > 0) {
		if (!redis_reader_feed(
			    r->reader, (struct str){piece.iov_base, piece.iov_len}, &e)) {
			e.code = ERR_NETWORK;
			(void)!fail(r, &e);
			break;
		}
		evbuffer_drain(input, piece.iov_len);
		if (!take_all(r, stream, &e))
			break;
	}
	if (--r->depth == 0 && r->is_freed)
		really_free(r);
}

/* ---- connecting ---- */

static void greet(struct redis *r)
{
	AUTO(buf) out = {0};
	AUTO(arena) arena = {0};
	const struct redis_url *url = r->url;
	const struct str auth[] = {STR("AUTH"), url->user, url->password};
	const struct str old_auth[] = {STR("AUTH"), url->password};
	const struct str choose[] = {
		STR("SELECT"), arena_printf(&arena, "%lld", (long long)url->db)};

	r->greetings = (url->password.p != NULL) + (url->db != 0);
	if (url->user.p)
		put_command(&out, auth, 3);
	else if (url->password.p)
		put_command(&out, old_auth, 2);
	if (url->db)
		put_command(&out, choose, 2);
	must(evbuffer_add(bufferevent_get_output(r->stream), out.p, out.n) == 0);
	r->state = GREET;
	if (r->greetings)
		return;
	r->state = READY;
	timer_cancel(r->step_timer);
	r->step_timer = NULL;
	flush(r);
}

static void prepare(int fd)
{
	static const int on = 1, idle_s = 60;

	/* A server whose machine went away says nothing; neither does a socket without this. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
}

static void connect_next(struct redis *r, const struct err *last);

static void on_event(struct bufferevent *stream, short what, void *self)
{
	struct redis *r = self;
	struct err e = {0};
	int error = EVUTIL_SOCKET_ERROR();

	if (what & BEV_EVENT_CONNECTED) {
		if (!r->url->path)
			prepare(bufferevent_getfd(stream));
		greet(r);
		return;
	}
	if (!(what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)))
		return;
	err_set(&e, ERR_NETWORK, "%s",
		what & BEV_EVENT_EOF ? "it closed the connection"
				     : evutil_socket_error_to_string(error));
	if (r->state == CONNECT)
		connect_next(r, &e);
	else
		(void)!fail(r, &e);
}

static bool connect_to(struct redis *r, const struct sockaddr *to, socklen_t n)
{
	if (r->stream)
		bufferevent_free(r->stream);
	r->stream = bufferevent_socket_new(loop_base(r->loop), -1, BEV_OPT_CLOSE_ON_FREE);
	must(r->stream);
	redis_reader_clear(r->reader);
	r->state = CONNECT;
	if (bufferevent_socket_connect(r->stream, (struct sockaddr *)to, (int)n) < 0)
		return false;
	/* Only now: what fails at once is not told twice. */
	bufferevent_setcb(r->stream, read_bytes, NULL, on_event, r);
	must(bufferevent_enable(r->stream, EV_READ | EV_WRITE) == 0);
	return true;
}

/* The next of the host's addresses; after the last one it is over. */
static void connect_next(struct redis *r, const struct err *last)
{
	struct err e = *last;

	while (r->address) {
		struct addrinfo *at = r->address;
		r->address = at->ai_next;
		if (connect_to(r, at->ai_addr, at->ai_addrlen))
			return;
		err_errno(&e, "connect");
		e.code = ERR_NETWORK;
	}
	(void)!fail(r, &e);
}

static void resolved(void *self, struct addrinfo *list, const struct err *e)
{
	static const struct err none = {ERR_NETWORK, "it has no address"};
	struct redis *r = self;

	r->resolve = NULL;
	r->addresses = r->address = list;
	connect_next(r, e ? e : &none);
}

static void connect_to_path(void *self)
{
	struct redis *r = self;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct err e = {0};

	memcpy(at.sun_path, r->url->path, strlen(r->url->path) + 1);
	r->step_timer = loop_after(r->loop, CONNECT_MS, step_is_late, r);
	if (connect_to(r, (const struct sockaddr *)&at, sizeof at))
		return;
	err_errno(&e, "connect");
	e.code = ERR_NETWORK;
	(void)!fail(r, &e);
}

/* Never answers from here: who sends would hear from within. */
static void start(struct redis *r)
{
	r->state = RESOLVE;
	if (r->url->path) {
		r->step_timer = loop_after(r->loop, 0, connect_to_path, r);
		return;
	}
	r->step_timer = loop_after(r->loop, CONNECT_MS, step_is_late, r);
	r->resolve = resolve_start(r->loop, r->url->host, r->url->port, resolved, r);
}

/* ---- life ---- */

struct redis *redis_new(struct loop *loop, const struct redis_url *url, struct err *e)
{
	struct redis_reader *reader = redis_reader_new(e);

	if (!reader)
		return NULL;
	struct redis *r = must_alloc(1, sizeof *r);
	*r = (struct redis){.loop = loop, .url = url, .reader = reader};
	redis_url_put(&r->name, url);
	return r;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	/* What was given is still written where the socket takes it at once. */
	if (r->state == READY) {
		struct evbuffer *output = bufferevent_get_output(r->stream);
		evbuffer_unfreeze(output, 1);
		(void)evbuffer_write(output, bufferevent_getfd(r->stream));
	}
	close_stream(r);
	timer_cancel(r->late_timer);
	drop_all(&r->sent);
	drop_all(&r->unsent);
	r->is_freed = true;
	if (!r->depth)
		really_free(r);
}
