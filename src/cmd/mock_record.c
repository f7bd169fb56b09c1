// SPDX-License-Identifier: MIT
#include "cmd/mock_record.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/must.h"
#include "cmd/mock.h"
#include "cmd/mock_note.h"
#include "io/http.h"

/* Patient: the client behind us has deadlines of its own. */
enum { CONNECT_MS = 30'000, SILENCE_MS = HTTPD_IDLE_S * 1000 };

struct recorder {
	struct loop *loop;
	struct http_client *http;
	struct passage *first; /* under way */
	struct arena arena;
	struct str base;
	const char *path, *draft; /* the file, and what is renamed to it */
	struct buf entries; /* each on its line, with commas between them */
	bool has_failed, is_full;
};

/* One request on its way to the provider, and the answer on its way back. */
struct passage {
	struct passage *next, **link;
	struct recorder *recorder;
	struct httpd_request *request;
	struct http *http;
	struct exchange exchange;
	int64_t last; /* when the request or the last byte came, ns */
};

/* ---- the file ---- */

void recorder_script(const struct recorder *r, struct buf *out)
{
	buf_put_text(out, "{\"replies\": [");
	buf_put_str(out, buf_str(&r->entries));
	buf_put_text(out, "\n]}\n");
}

/* Beside, then renamed: whoever reads it sees the old one or the new one, whole. */
static bool write_script(const struct recorder *r, struct err *e)
{
	AUTO(buf) script = {0};
	AUTO_FD fd = -1;

	if (!r->path)
		return true;
	recorder_script(r, &script);
	fd = open(r->draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, "%s", r->draft);
	if (!file_write_fd(fd, buf_str(&script), e)) {
		err_context(e, "%s", r->path);
		unlink(r->draft);
		return false;
	}
	if (rename(r->draft, r->path) == 0)
		return true;
	(void)err_errno(e, "%s", r->path);
	unlink(r->draft);
	return false;
}

static void keep(struct recorder *r, const struct exchange *x)
{
	const char *obstacle = exchange_obstacle(x);
	AUTO(buf) entry = {.max = MOCK_SCRIPT_MAX_BYTES};
	struct json_writer w = {.buf = &entry};
	struct err e;

	if (!obstacle)
		exchange_put(x, &w);
	if (!obstacle && (entry.overflow || r->entries.n + entry.n > MOCK_SCRIPT_MAX_BYTES - 64))
		obstacle = "the script is full";
	if (obstacle) {
		fprintf(stderr, "fettle: an answer is not recorded: %s\n", obstacle);
		return;
	}
	buf_put_text(&r->entries, r->entries.n ? ",\n" : "\n");
	buf_put_str(&r->entries, buf_str(&entry));
	if (write_script(r, &e)) {
		r->has_failed = false;
	} else if (!r->has_failed) {
		fprintf(stderr, "fettle: the recording cannot be written: %s\n", e.text);
		r->has_failed = true;
	}
}

/* ---- the way back ---- */

static void passage_free(struct passage *p)
{
	if (p->next)
		p->next->link = p->link;
	*p->link = p->next;
	exchange_release(&p->exchange);
	free(p);
}

static int64_t pause_ms(struct passage *p)
{
	int64_t now = clock_ns(), ms = (now - p->last) / 1'000'000;

	p->last = now;
	return ms;
}

static void note_pause(struct passage *p)
{
	int64_t ms = pause_ms(p);

	if (ms >= MOCK_NOTE_WAIT_MS)
		vec_push(&p->exchange.waits, (struct exchange_wait){p->exchange.body.n, ms});
}

static void got_header(void *self, struct str name, struct str value)
{
	struct passage *p = self;
	struct arena *a = &p->exchange.arena;

	vec_push(&p->exchange.headers, (struct header){arena_text(a, name), arena_copy(a, value)});
}

/* Those that belong to one connection, or are written by whoever sends. */
static bool is_own(struct str name)
{
	static const char *const names[] = {"connection", "keep-alive", "proxy-connection",
		"transfer-encoding", "te", "trailer", "upgrade", "expect", "host", "content-length",
		"accept-encoding", "alt-svc"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return true;
	return false;
}

static void got_head(void *self, int status)
{
	struct passage *p = self;
	const char *type = "application/octet-stream";
	bool is_chunked = false;
	int64_t length = -1;

	p->exchange.status = status;
	p->exchange.delay_ms = pause_ms(p);
	vec_each (&p->exchange.headers, header) {
		struct str name = str_from(header->name);

		if (str_is(name, "content-type"))
			type = header->value.p;
		else if (str_is(name, "content-length") && !str_int(header->value, &length))
			length = -1;
		else if (!is_own(name))
			httpd_put_header(p->request, header->name, header->value.p);
		is_chunked |= str_is(name, "transfer-encoding");
	}
	/* RFC 9112, 6.3: beside a transfer coding a length does not count. */
	httpd_start(p->request, status, type, is_chunked ? -1 : length);
}

static void got_body(void *self, struct str bytes)
{
	struct passage *p = self;

	note_pause(p);
	buf_put_str(&p->exchange.body, bytes);
	if (bytes.n)
		httpd_write(p->request, bytes, NULL, NULL);
}

static void got_end(void *self, const struct err *e, const struct http_times *)
{
	struct passage *p = self;

	p->http = NULL;
	if (p->exchange.status)
		note_pause(p);
	else
		p->exchange.delay_ms = pause_ms(p);
	p->exchange.end = e ? EXCHANGE_CUT : EXCHANGE_WHOLE;
	if (e) {
		fprintf(stderr, "fettle: %.*s: %s\n", STR_ARG(p->recorder->base), e->text);
		httpd_cut(p->request);
	} else {
		httpd_end(p->request);
	}
	keep(p->recorder, &p->exchange);
	passage_free(p);
}

static void client_gone(void *self)
{
	struct passage *p = self;

	http_cancel(p->http);
	note_pause(p);
	p->exchange.end = EXCHANGE_LEFT;
	keep(p->recorder, &p->exchange);
	passage_free(p);
}

/* ---- the way there ---- */

/* The base URL with the path as it came; the /v1 that both may have counts once. */
static const char *url_of(struct passage *p)
{
	struct str base = p->recorder->base, target = httpd_target(p->request);

	if (str_ends(base, STR("/v1")) && str_starts(target, STR("/v1/")))
		target = str_skip(target, 3);
	return arena_printf(&p->exchange.arena, "%.*s%.*s", STR_ARG(base), STR_ARG(target)).p;
}

static const struct http_header *headers_for(struct passage *p, const struct mock_question *q)
{
	struct arena *a = &p->exchange.arena;
	struct http_header *headers = arena_alloc(a, q->header_count + 1, sizeof *headers);
	size_t n = 0;

	for (size_t i = 0; i < q->header_count; i++) {
		struct str name = str_from(q->headers[i].name);

		if (!is_own(name))
			headers[n++] = (struct http_header){
				arena_text(a, name), q->headers[i].value, exchange_is_secret(name)};
	}
	return headers;
}

void recorder_forward(
	struct recorder *r, struct httpd_request *request, const struct mock_question *question)
{
	struct passage *p = must_alloc(1, sizeof *p);
	bool is_get = strcmp(httpd_method(request), "GET") == 0;

	*p = (struct passage){.next = r->first,
		.link = &r->first,
		.recorder = r,
		.request = request,
		.last = clock_ns()};
	if (r->first)
		r->first->link = &p->next;
	r->first = p;
	p->exchange.body.max = MOCK_SCRIPT_MAX_BYTES;
	exchange_ask(&p->exchange, question);
	httpd_on_gone(request, client_gone, p);
	struct http_request forwarded = {.url = url_of(p),
		.headers = headers_for(p, question),
		.body = is_get ? (struct str){0} : httpd_body(request),
		.limits = {CONNECT_MS, SILENCE_MS, SILENCE_MS}};
	struct http_sink sink = {got_head, got_header, got_body, got_end, p};
	p->http = http_start(r->http, &forwarded, &sink);
}

/* ---- begin and end ---- */

static bool check_base(struct str *base, struct err *e)
{
	/* What may be a secret is not repeated in the sentence. */
	if (str_find_char(*base, '@', 0) != SIZE_MAX || str_find_char(*base, '?', 0) != SIZE_MAX ||
		str_find_char(*base, '#', 0) != SIZE_MAX)
		return err_set(e, ERR_USAGE,
			"option --record: a name, a password or a query (@, ? or #) in the URL");
	if (!str_starts(*base, STR("http://")) && !str_starts(*base, STR("https://")))
		return err_set(e, ERR_USAGE,
			"option --record: %.*s does not begin with http:// or https://",
			STR_ARG(*base));
	while (base->n && base->p[base->n - 1] == '/')
		base->n--;
	return true;
}

/* A device or a directory is not replaced by a file. */
static bool check_path(const char *path, struct err *e)
{
	struct stat st;

	if (path && lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "option --output: %s is no regular file", path);
	return true;
}

struct recorder *recorder_new(
	struct loop *loop, const char *base_url, const char *path, struct err *e)
{
	struct recorder *r = must_alloc(1, sizeof *r);

	r->loop = loop;
	r->base = str_from(base_url);
	r->path = path;
	r->draft = arena_printf(&r->arena, "%s.new", path ? path : "").p;
	r->entries.max = MOCK_SCRIPT_MAX_BYTES;
	/* Written at once, so that a place that takes no file is known before anything is asked. */
	if (!check_base(&r->base, e) || !check_path(path, e) || !write_script(r, e)) {
		e->code = ERR_USAGE;
		recorder_free(r);
		return NULL;
	}
	r->http = http_client_new(loop);
	return r;
}

bool recorder_is_well(const struct recorder *r)
{
	return !r->has_failed;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	/* The server is gone, and with it every request that was open. */
	must(!r->first);
	http_client_free(r->http);
	buf_release(&r->entries);
	arena_release(&r->arena);
	free(r);
}
