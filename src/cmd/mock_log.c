// SPDX-License-Identifier: MIT
/* The log of the scripted provider: a line of JSON for each request. */
#include "cmd/mock_play.h"

#include <stdio.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/mock_note.h"

static void put_headers(struct json_writer *w, const struct play *p)
{
	json_key(w, "headers");
	json_open(w, '{');
	for (size_t i = 0; i < p->question.header_count; i++) {
		const struct header *header = &p->question.headers[i];

		json_key(w, header->name);
		json_put_str(w, exchange_is_secret(str_from(header->name)) ? STR("present")
									   : header->value);
	}
	json_close(w, '}');
}

/* In checked JSON line ends can only stand between values. */
static void put_on_one_line(struct json_writer *w, struct str json)
{
	size_t from = w->buf->n;

	json_put_raw(w, json);
	for (size_t i = from; i < w->buf->n; i++)
		if (w->buf->p[i] == '\n' || w->buf->p[i] == '\r')
			w->buf->p[i] = ' ';
}

static void put_request_body(struct json_writer *w, const struct play *p)
{
	if (p->question.body.p) {
		json_key(w, "body");
		put_on_one_line(w, p->question.body);
		return;
	}
	json_key(w, "body");
	json_put_null(w);
	json_member_str(w, "body_text", httpd_body(p->request));
}

void play_log(const struct play *p, const char *why)
{
	AUTO(buf) line = {.max = HTTPD_BODY_MAX_BYTES * (size_t)7};
	struct json_writer w = {.buf = &line};
	struct err e = {0};

	if (p->mock->log_fd < 0)
		return;
	json_open(&w, '{');
	json_member_int(&w, "n", p->mock->served);
	json_key(&w, "wire");
	if (p->question.wire)
		json_put_text(&w, p->question.wire->name);
	else
		json_put_null(&w);
	json_member_text(&w, "method", httpd_method(p->request));
	json_member_str(&w, "path", httpd_target(p->request));
	json_member_int(&w, "connection", (int64_t)httpd_connection(p->request));
	put_headers(&w, p);
	put_request_body(&w, p);
	json_key(&w, "matched");
	if (p->reply)
		json_put_int(&w, p->reply - p->mock->script.replies.p);
	else
		json_put_null(&w);
	if (*why)
		json_member_text(&w, "why", why);
	json_close(&w, '}');
	buf_put_char(&line, '\n');
	if (file_write_fd(p->mock->log_fd, buf_str(&line), &e) || p->mock->has_lost_log)
		return;
	/* Once: the answers go on, and with a full disk each of them would say it. */
	p->mock->has_lost_log = true;
	fprintf(stderr, "fettle: the log is not whole: %s\n", e.text);
}
