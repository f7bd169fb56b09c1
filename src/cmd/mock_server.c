// SPDX-License-Identifier: MIT
/* The scripted provider as a server: requests in, scripted streams out, with their faults. */
#include "cmd/mock.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "cmd/mock_play.h"
#include "cmd/mock_record.h"
#include "cmd/mock_side.h"

/* Of a question in JSON, about. */
enum { BYTES_A_TOKEN = 4 };

static void play_gone(void *self)
{
	play_free(self);
}

/* Where nothing is, in the words of the provider that the request is meant for. */
static void refuse_url(struct play *p, const char *why)
{
	const struct wire *wire = p->question.wire;
	AUTO(buf) body = {0};

	play_log(p, why);
	if (wire == &wire_ollama)
		buf_put_text(&body, "404 page not found");
	else
		mock_put_error(wire, 404,
			wire == &wire_anthropic ? STR("not_found_error")
						: STR("invalid_request_error"),
			str_from(why), &body);
	httpd_reply(p->request, 404, wire == &wire_ollama ? "text/plain" : "application/json",
		buf_str(&body));
	play_free(p);
}

static void refuse(struct play *p, int status, const char *why)
{
	AUTO(buf) body = {0};

	play_log(p, why);
	mock_put_error(p->question.wire ? p->question.wire : &wire_anthropic, status,
		(struct str){0}, str_from(why), &body);
	httpd_reply(p->request, status, "application/json", buf_str(&body));
	play_free(p);
}

/* By itself, when the script does not want it otherwise. */
static void answer_side(struct play *p)
{
	AUTO(buf) body = {.max = SIDE_BODY_MAX_BYTES};
	struct err e;

	if (!p->question.side->answer(&p->mock->script, &p->question, &p->arena, &body, &e)) {
		refuse(p, e.code == ERR_NOT_FOUND ? 404 : 400, e.text);
		return;
	}
	play_log(p, "");
	httpd_reply(p->request, 200, "application/json", buf_str(&body));
	play_free(p);
}

/* ---- the script's limit ---- */

/* What a model is asked; lists and versions are free. */
static bool is_limited(const struct mock *mock, const struct mock_question *q)
{
	return mock->script.limit.is_there &&
	       (!q->side ||
		       (q->wire->embed_path && str_ends(str_from(q->wire->embed_path), q->path)));
}

static void put_header(void *self, const char *name, const char *value)
{
	httpd_put_header(self, name, value);
}

/* False: it was refused, and the play is over. */
static bool let_in(struct play *p)
{
	struct mock_limit *l = &p->mock->script.limit;
	int64_t now_ns = clock_ns(), wait_ms;
	const char *excess = mock_limit_take(l, now_ns);
	char text[80];

	p->is_let_in = !excess;
	mock_limit_each_header(l, p->question.wire == &wire_anthropic, now_ns, clock_wall_ms(),
		put_header, p->request);
	if (!excess)
		return true;
	wait_ms = mock_limit_wait_ms(l, now_ns);
	if (!l->keeps_silent) {
		snprintf(text, sizeof text, "%lld", (long long)(wait_ms + 999) / 1'000);
		httpd_put_header(p->request, "retry-after", text);
	}
	snprintf(text, sizeof text, "above the limit: too many %s", excess);
	refuse(p, 429, text);
	return false;
}

/* What the script says that the answer took, or else the question by its size. */
static int64_t tokens_of(const struct play *p)
{
	if (p->reply)
		vec_each (&p->reply->pieces, piece)
			if (!piece->raw.p && piece->delta.kind == DELTA_USAGE &&
				piece->delta.usage.input >= 0)
				return piece->delta.usage.input +
				       (piece->delta.usage.output > 0 ? piece->delta.usage.output
								      : 0);
	return (int64_t)p->question.body.n / BYTES_A_TOKEN;
}

static void on_request(void *self, struct httpd_request *request)
{
	struct mock *mock = self;
	struct play *p = must_alloc(1, sizeof *p);
	AUTO(buf) why = {0};
	struct err e = {0};
	int status;

	p->mock = mock;
	p->request = request;
	httpd_on_gone(request, play_gone, p);
	mock->served++;
	if (!play_read_question(p, &status, &e)) {
		status == 404 ? refuse_url(p, e.text) : refuse(p, status, e.text);
		return;
	}
	if (mock->recorder) {
		play_log(p, "");
		recorder_forward(mock->recorder, request, &p->question);
		play_free(p);
		return;
	}
	if (is_limited(mock, &p->question) && !let_in(p))
		return;
	p->reply = mock_script_choose(&mock->script, &p->question, &p->arena, &why);
	if (p->is_let_in)
		mock_limit_spend(&mock->script.limit, tokens_of(p));
	if (!p->reply && p->question.side) {
		answer_side(p);
		return;
	}
	if (!p->reply) {
		refuse(p, 404, buf_text(&why));
		return;
	}
	play_log(p, "");
	play_start(p);
}

/* ---- begin and end ---- */

static struct mock *mock_new(struct loop *loop)
{
	struct mock *mock = must_alloc(1, sizeof *mock);

	mock->loop = loop;
	mock->log_fd = -1;
	return mock;
}

static bool serve(struct mock *mock, int port, int *bound_port, struct err *e)
{
	mock->httpd = httpd_new(mock->loop, port, on_request, mock, e);
	if (!mock->httpd)
		return false;
	*bound_port = httpd_port(mock->httpd);
	return true;
}

bool mock_start(struct loop *loop, struct str script_json, const char *script_name, int port,
	int log_fd, struct mock **out, int *bound_port, struct err *e)
{
	struct mock *mock = mock_new(loop);

	mock->log_fd = log_fd;
	if (!mock_script_read(&mock->script, script_json, script_name, e) ||
		!serve(mock, port, bound_port, e)) {
		mock_free(mock);
		return false;
	}
	*out = mock;
	return true;
}

bool mock_start_inside(struct loop *loop, struct str script_json, const char *script_name,
	struct mock **out, const char **socket, struct err *e)
{
	struct mock *mock = mock_new(loop);

	if (mock_script_read(&mock->script, script_json, script_name, e))
		mock->httpd = httpd_new_inside(loop, on_request, mock, e);
	if (!mock->httpd) {
		mock_free(mock);
		return false;
	}
	*out = mock;
	*socket = httpd_name(mock->httpd);
	return true;
}

bool mock_start_recording(struct loop *loop, struct recorder *recorder, int port, int log_fd,
	struct mock **out, int *bound_port, struct err *e)
{
	struct mock *mock = mock_new(loop);

	mock->log_fd = log_fd;
	mock->recorder = recorder;
	if (!serve(mock, port, bound_port, e)) {
		mock_free(mock);
		return false;
	}
	*out = mock;
	return true;
}

void mock_free(struct mock *mock)
{
	if (!mock)
		return;
	httpd_free(mock->httpd);
	mock_script_release(&mock->script);
	free(mock);
}
