// SPDX-License-Identifier: MIT
/* The scripted provider as a server: requests in, scripted streams out, with their faults. */
#include "cmd/mock.h"

#include "base/file.h"
#include "base/json.h"
#include "base/must.h"
#include "cmd/mock_note.h"
#include "cmd/mock_record.h"
#include "cmd/mock_side.h"
#include "io/httpd.h"

/* Deltas are gathered into pieces of about this size: one write for many. */
enum { WRITE_BYTES = 16 << 10, SIDE_BODY_MAX_BYTES = 256 << 20 };

struct mock {
	struct loop *loop;
	struct httpd *httpd;
	struct mock_script script;
	struct recorder *recorder; /* NULL: the script answers */
	int log_fd;
	bool has_lost_log;
	int64_t served;
};

/* One request and its answer: begin, then play until everything is told, cut or left to stall. */
struct play {
	struct mock *mock;
	struct httpd_request *request;
	struct mock_reply *reply;
	struct arena arena;
	struct mock_question question;
	struct wire_writer writer;
	struct buf out; /* bytes of the pieces told last */
	size_t out_sent; /* of out */
	int64_t bytes_sent; /* of the body, in all */
	size_t piece; /* to be told next, and how often it was told */
	int64_t told, deltas;
	int64_t pause_ms; /* due when what is in out has left; 0 none */
	bool is_cut_due;
	struct timer *timer;
};

static void play_free(struct play *p)
{
	timer_cancel(p->timer);
	buf_release(&p->out);
	wire_writer_release(&p->writer);
	arena_release(&p->arena);
	free(p);
}

static void play_gone(void *self)
{
	play_free(self);
}

/* ---- the answer's bytes ---- */

static struct delta delta_of(struct play *p, const struct mock_piece *piece)
{
	struct delta delta = piece->delta;

	if (delta.kind == DELTA_START) {
		delta.id = arena_printf(&p->arena, "msg_mock_%lld", (long long)p->mock->served);
		delta.model = p->question.prompt.model;
	}
	return delta;
}

static void tell(struct play *p, const struct mock_piece *piece)
{
	struct delta delta;

	if (piece->raw.p) {
		buf_put_str(&p->out, piece->raw);
		return;
	}
	delta = delta_of(p, piece);
	p->question.wire->put_delta(&p->writer, &delta, &p->out);
}

/*
 * The same pieces for a client that asked for no stream, as one body. What can only go wrong in a
 * stream goes wrong with the body: bad_event stands in front of it, no_end takes its last byte,
 * cut_after_deltas all of it.
 */
static void tell_whole(struct play *p)
{
	struct whole_answer answer = {0};

	vec_each (&p->reply->pieces, piece) {
		struct delta delta = delta_of(p, piece);

		if (piece->raw.p)
			buf_put_str(&p->out, piece->raw);
		for (int64_t i = 0; i < piece->repeat && !piece->raw.p; i++)
			whole_answer_take(&answer, &delta);
	}
	if (p->reply->cut_after_deltas >= 0)
		p->is_cut_due = true;
	else
		p->question.wire->put_answer(&answer, &p->out);
	if (p->reply->no_end)
		buf_cut(&p->out, p->out.n - 1);
	p->piece = p->reply->pieces.n;
	whole_answer_release(&answer);
}

/* Refills out with the next pieces, up to a pause or a cut. Empty when everything was told. */
static void fill(struct play *p)
{
	const struct mock_reply *reply = p->reply;

	buf_clear(&p->out);
	p->out_sent = 0;
	while (p->piece < reply->pieces.n && p->out.n < WRITE_BYTES && !p->pause_ms) {
		const struct mock_piece *piece = &reply->pieces.p[p->piece];

		if (p->piece > 0 && reply->cut_after_deltas >= 0 &&
			p->deltas >= reply->cut_after_deltas) {
			p->is_cut_due = true;
			return;
		}
		tell(p, piece);
		p->deltas += piece->is_content;
		p->pause_ms = piece->is_content ? reply->chunk_delay_ms : piece->wait_ms;
		if (++p->told == piece->repeat) {
			p->told = 0;
			p->piece++;
		}
	}
}

/* Bytes until the answer is cut or stalls; INT64_MAX when it does not. */
static int64_t bytes_left(const struct play *p)
{
	int64_t left = INT64_MAX;

	if (p->reply->cut_after_bytes >= 0)
		left = p->reply->cut_after_bytes - p->bytes_sent;
	if (p->reply->stall_after_bytes >= 0 && p->reply->stall_after_bytes - p->bytes_sent < left)
		left = p->reply->stall_after_bytes - p->bytes_sent;
	return left;
}

static void play_on(void *self);

static void play_pause(struct play *p)
{
	p->timer = loop_after(p->mock->loop, p->pause_ms, play_on, p);
	p->pause_ms = 0;
}

static void play_written(void *self)
{
	struct play *p = self;

	if (!p->pause_ms || p->out_sent < p->out.n)
		play_on(p);
	else
		play_pause(p);
}

static void play_send(struct play *p)
{
	size_t n = p->reply->byte_by_byte ? 1 : p->out.n - p->out_sent;
	int64_t left = bytes_left(p);

	if ((int64_t)n > left)
		n = (size_t)left;
	struct str bytes = {p->out.p + p->out_sent, n};
	p->out_sent += n;
	p->bytes_sent += (int64_t)n;
	httpd_write(p->request, bytes, play_written, p);
}

static void play_cut(struct play *p)
{
	httpd_cut(p->request);
	play_free(p);
}

/* One step: sends what is there, or fills up and sends, or ends the answer its way. */
static void play_on(void *self)
{
	struct play *p = self;

	p->timer = NULL;
	if (bytes_left(p) <= 0) {
		if (p->reply->cut_after_bytes >= 0 && p->bytes_sent >= p->reply->cut_after_bytes)
			play_cut(p);
		return; /* stalls: until the client leaves */
	}
	if (p->out_sent == p->out.n && !p->is_cut_due)
		fill(p);
	if (p->out_sent < p->out.n) {
		play_send(p);
	} else if (p->pause_ms) {
		play_pause(p);
	} else if (p->is_cut_due) {
		play_cut(p);
	} else {
		httpd_end(p->request);
		play_free(p);
	}
}

static const struct {
	int status;
	const char *type;
} error_types[] = {{400, "invalid_request_error"}, {401, "authentication_error"},
	{403, "permission_error"}, {404, "not_found_error"}, {413, "request_too_large"},
	{429, "rate_limit_error"}, {529, "overloaded_error"}};

static const char *error_type(int64_t status)
{
	for (size_t i = 0; i < sizeof error_types / sizeof *error_types; i++)
		if (error_types[i].status == status)
			return error_types[i].type;
	return "api_error";
}

/* Of an error that a stream would have broken off with, where there is no stream. */
static int64_t error_status(struct str type)
{
	for (size_t i = 0; i < sizeof error_types / sizeof *error_types; i++)
		if (str_is(type, error_types[i].type))
			return error_types[i].status;
	return 500;
}

static void put_error(const struct wire *wire, int64_t status, struct str type, struct str message,
	struct buf *out)
{
	struct llm_error error = {.status = (int)status, .type = type, .message = message};

	if (!error.type.p)
		error.type = str_from(error_type(status));
	wire->put_error(&error, out);
}

/* The bytes that do not come piece by piece, what the whole is, and the status it goes with. */
static int64_t put_body(struct play *p, const char **type)
{
	const struct mock_reply *reply = p->reply;
	const struct mock_question *q = &p->question;
	bool breaks_off = reply->breaks_off && !q->prompt.stream;
	int64_t status = breaks_off ? error_status(reply->error.type) : reply->status;
	struct err e;

	*type = q->prompt.stream ? q->wire->content_type : "application/json";
	if (reply->raw.p) {
		buf_put_str(&p->out, reply->raw);
		return status;
	}
	if (reply->is_raw || (status < 300 && q->prompt.stream))
		return status;
	p->piece = reply->pieces.n;
	if (status >= 300) {
		*type = "application/json";
		put_error(q->wire, status, reply->error.type,
			reply->error.message.p ? reply->error.message : STR("scripted error"),
			&p->out);
		return status;
	}
	if (!q->side) {
		tell_whole(p);
		return status;
	}
	p->out.max = SIDE_BODY_MAX_BYTES;
	if (q->side->answer(&p->mock->script, q, &p->arena, &p->out, &e))
		return status;
	put_error(q->wire, 400, (struct str){0}, str_from(e.text), &p->out);
	return 400;
}

/* The head, and for an answer that is no stream the body too. */
static void play_begin(void *self)
{
	struct play *p = self;
	struct mock_reply *reply = p->reply;
	const char *type;

	p->timer = NULL;
	if (reply->close_before_head) {
		play_cut(p);
		return;
	}
	int64_t status = put_body(p, &type);
	if (reply->content_type.p)
		type = arena_text(&p->arena, reply->content_type);
	vec_each (&reply->headers, header)
		httpd_put_header(p->request, header->name, header->value.p);
	if (!reply->keep_alive)
		httpd_put_header(p->request, "Connection", "close");
	bool has_length = p->piece == reply->pieces.n && !p->is_cut_due && !reply->is_raw;
	httpd_start(p->request, (int)status, type, has_length ? (int64_t)p->out.n : -1);
	play_on(p);
}

/* ---- the log ---- */

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

/* why is what the client was told when no reply was chosen, "" when one was. */
static void log_request(const struct play *p, const char *why)
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

/* ---- the request ---- */

/* What is no conversation. */
static bool read_side(struct play *p, int *status, struct err *e)
{
	struct mock_question *q = &p->question;
	struct str body = httpd_body(p->request);

	q->wire = q->side->wire;
	*status = 400;
	if (body.n && !json_check(body, e))
		return err_context(e, "the request is no JSON");
	if (body.n)
		q->body = str_trim(body);
	q->prompt.model = json_text(json_get(q->body, "model"), &p->arena);
	return true;
}

static const struct wire *wire_of_path(struct str path)
{
	static const struct {
		const char *path;
		const struct wire *wire;
	} paths[] = {
		{"/v1/messages", &wire_anthropic},
		{"/v1/chat/completions", &wire_openai},
		{"/chat/completions", &wire_openai},
		{"/v1/responses", &wire_responses},
		{"/responses", &wire_responses},
		{"/api/chat", &wire_ollama},
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (str_is(path, paths[i].path))
			return paths[i].wire;
	return NULL;
}

static void keep_header(void *self, struct str name, struct str value)
{
	struct play *p = self;
	struct mock_question *q = &p->question;
	char *lower = arena_alloc(&p->arena, name.n + 1, 1);

	for (size_t i = 0; i < name.n; i++)
		lower[i] =
			name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
	q->headers[q->header_count++] = (struct header){lower, value};
}

static void count_header(void *self, struct str, struct str)
{
	(*(size_t *)self)++;
}

/* False: the status and the sentence to refuse the request with. */
static bool read_question(struct play *p, int *status, struct err *e)
{
	struct mock_question *q = &p->question;
	struct str target = httpd_target(p->request), body = httpd_body(p->request);
	size_t header_count = 0;

	httpd_each_header(p->request, count_header, &header_count);
	q->headers = arena_alloc(&p->arena, header_count + 1, sizeof *q->headers);
	httpd_each_header(p->request, keep_header, p);
	q->path = str_head(target, str_find_char(target, '?', 0));
	q->query = str_skip(target, q->path.n + 1);
	q->side = mock_side_find(httpd_method(p->request), q);
	if (q->side)
		return read_side(p, status, e);
	*status = 404;
	q->wire = wire_of_path(q->path);
	if (!q->wire || !str_is(str_from(httpd_method(p->request)), "POST")) {
		q->wire = q->wire ? q->wire : mock_side_owner(q);
		return err_set(e, ERR_NOT_FOUND, "Invalid URL (%s %.*s)", httpd_method(p->request),
			STR_ARG(q->path));
	}
	*status = 400;
	if (!json_check(body, e))
		return err_context(e, "the request is no JSON");
	q->body = body;
	return q->wire->get_request(body, &p->arena, &q->prompt, e);
}

/* Where nothing is, in the words of the provider that the request is meant for. */
static void refuse_url(struct play *p, const char *why)
{
	const struct wire *wire = p->question.wire;
	AUTO(buf) body = {0};

	log_request(p, why);
	if (wire == &wire_ollama)
		buf_put_text(&body, "404 page not found");
	else
		put_error(wire, 404,
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

	log_request(p, why);
	put_error(p->question.wire ? p->question.wire : &wire_anthropic, status, (struct str){0},
		str_from(why), &body);
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
	log_request(p, "");
	httpd_reply(p->request, 200, "application/json", buf_str(&body));
	play_free(p);
}

/* Until the head. What is no stream comes when the last delta would have. */
static int64_t delay_ms(const struct play *p)
{
	int64_t deltas = 0;

	if (p->question.prompt.stream || !p->reply->chunk_delay_ms)
		return p->reply->delay_ms;
	vec_each (&p->reply->pieces, piece)
		deltas += piece->is_content ? piece->repeat : 0;
	return p->reply->delay_ms + deltas * p->reply->chunk_delay_ms;
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
	if (!read_question(p, &status, &e)) {
		status == 404 ? refuse_url(p, e.text) : refuse(p, status, e.text);
		return;
	}
	if (mock->recorder) {
		log_request(p, "");
		recorder_forward(mock->recorder, request, &p->question);
		play_free(p);
		return;
	}
	p->reply = mock_script_choose(&mock->script, &p->question, &p->arena, &why);
	if (!p->reply && p->question.side) {
		answer_side(p);
		return;
	}
	if (!p->reply) {
		refuse(p, 404, buf_text(&why));
		return;
	}
	log_request(p, "");
	p->writer.wire = p->question.wire;
	if (delay_ms(p))
		p->timer = loop_after(mock->loop, delay_ms(p), play_begin, p);
	else
		play_begin(p);
}

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
