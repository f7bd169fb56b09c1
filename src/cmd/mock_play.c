// SPDX-License-Identifier: MIT
#include "cmd/mock_play.h"

#include "cmd/mock_side.h"

/* Deltas are gathered into pieces of about this size: one write for many. */
enum { WRITE_BYTES = 16 << 10 };

void play_free(struct play *p)
{
	if (p->is_let_in)
		mock_limit_leave(&p->mock->script.limit);
	timer_cancel(p->timer);
	buf_release(&p->out);
	wire_writer_release(&p->writer);
	arena_release(&p->arena);
	free(p);
}

/* ---- the bytes ---- */

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

/* ---- on their way ---- */

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

/* ---- the head ---- */

/* The bytes that do not come piece by piece, what the whole is, and the status it goes with. */
static int64_t put_body(struct play *p, const char **type)
{
	const struct mock_reply *reply = p->reply;
	const struct mock_question *q = &p->question;
	bool breaks_off = reply->breaks_off && !q->prompt.stream;
	int64_t status = breaks_off ? mock_error_status(reply->error.type) : reply->status;
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
		mock_put_error(q->wire, status, reply->error.type,
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
	mock_put_error(q->wire, 400, (struct str){0}, str_from(e.text), &p->out);
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

void play_start(struct play *p)
{
	int64_t ms = delay_ms(p);

	p->writer.wire = p->question.wire;
	if (ms)
		p->timer = loop_after(p->mock->loop, ms, play_begin, p);
	else
		play_begin(p);
}
