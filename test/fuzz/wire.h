// SPDX-License-Identifier: MIT
/*
 * wire: what the fuzz targets of all wires do. The bytes are read as a stream (whole and in small
 * pieces, which must give the same), as an answer that is one value, as a request's body and as an
 * error's body; what was understood is written and must be read back as the same.
 */
#ifndef TEST_FUZZ_WIRE_H
#define TEST_FUZZ_WIRE_H

#include "../unit/deltas.h"
#include "base/utf8.h"

struct fuzz_stream {
	struct buf log;
	bool has_ended, has_failed;
};

static inline bool fuzz_note(void *self, const struct delta *d)
{
	struct fuzz_stream *s = self;

	must(!s->has_ended && !s->has_failed); /* nothing after the last */
	must(d->index >= 0);
	must(d->kind == DELTA_START || d->kind == DELTA_ERROR || s->log.n);
	s->has_ended = d->kind == DELTA_END;
	s->has_failed = d->kind == DELTA_ERROR;
	must(utf8_is_valid(d->text) && utf8_is_valid(d->error.message));
	return deltas_write(&s->log, d);
}

static inline void fuzz_stream(
	const struct wire *wire, struct str bytes, size_t piece, struct fuzz_stream *s)
{
	struct wire_reader r = {.wire = wire};
	struct err e = {0};

	for (; bytes.n; bytes = str_skip(bytes, piece))
		must(wire_feed(&r, str_head(bytes, piece), fuzz_note, s, &e));
	bool is_whole = wire_end(&r, fuzz_note, s, &e);
	must(is_whole == s->has_ended);
	must(is_whole || e.code == (s->has_failed ? ERR_PROVIDER : ERR_NETWORK));
	must(r.usage.input >= -1 && r.usage.output >= -1);
	wire_reader_release(&r);
}

/* The bytes as an answer that came as one value: its deltas obey the same rules. */
static inline void fuzz_whole(const struct wire *wire, struct str bytes)
{
	struct wire_reader r = {.wire = wire};
	struct fuzz_stream s = {0};
	struct err e = {0};

	if (wire_feed_whole(&r, bytes, fuzz_note, &s, &e)) {
		bool is_whole = wire_end(&r, fuzz_note, &s, &e);
		must(is_whole == s.has_ended);
		must(is_whole || e.code == (s.has_failed ? ERR_PROVIDER : ERR_NETWORK));
	} else {
		must(e.code == ERR_PARSE && !s.log.n);
	}
	wire_reader_release(&r);
	buf_release(&s.log);
}

/* False when the body is refused. */
static inline bool fuzz_rewrite(const struct wire *wire, struct str body, struct buf *out)
{
	AUTO(arena) a = {0};
	struct prompt prompt;
	struct err e;

	if (!wire->get_request(body, &a, &prompt, &e))
		return false;
	must(prompt.model.n && prompt.max_output_tokens > 0);
	wire->put_request(&prompt, out);
	return true;
}

/*
 * What is empty vanishes in the first writing, which brings others side by side to be joined in the
 * second; from there on nothing changes. What was as deep as JSON may be is refused in our shell.
 */
static inline void fuzz_request(const struct wire *wire, struct str body)
{
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};
	AUTO(buf) third = {0};

	if (!fuzz_rewrite(wire, body, &first) || !fuzz_rewrite(wire, buf_str(&first), &second) ||
		!fuzz_rewrite(wire, buf_str(&second), &third))
		return;
	must(str_eq(buf_str(&second), buf_str(&third)));
}

static inline void fuzz_error(const struct wire *wire, struct str body)
{
	AUTO(arena) a = {0};
	struct llm_error error;

	wire->get_error(500, body, &a, &error);
	must(error.message.n && error.message.n < 2000 && error.status == 500);
	for (size_t i = 0; i < error.message.n; i++)
		must((unsigned char)error.message.p[i] >= 0x20);
}

static inline int fuzz_wire(const struct wire *wire, const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct fuzz_stream whole = {0}, cut = {0};

	fuzz_stream(wire, bytes, size + 1, &whole);
	fuzz_stream(wire, bytes, 3, &cut);
	must(str_eq(buf_str(&whole.log), buf_str(&cut.log)));
	buf_release(&whole.log);
	buf_release(&cut.log);
	fuzz_whole(wire, bytes);
	fuzz_request(wire, bytes);
	fuzz_error(wire, bytes);
	return 0;
}

#endif
