// SPDX-License-Identifier: MIT
#include "io/frames.h"

#include "base/utf8.h"

/* What was given away is dropped when it is more than this, and more than half. */
enum { DROP_BYTES = 64 << 10 };

void frames_release(struct frames *f)
{
	buf_release(&f->bytes);
	*f = (struct frames){.framing = f->framing};
}

void frames_feed(struct frames *f, struct str bytes)
{
	if (f->given == f->bytes.n || (f->given > DROP_BYTES && f->given > f->bytes.n / 2)) {
		buf_drop_front(&f->bytes, f->given);
		f->given = 0;
	}
	buf_put_str(&f->bytes, bytes);
}

static struct str rest_of(const struct frames *f)
{
	return str_skip(buf_str(&f->bytes), f->given);
}

/* The next line without its end, taken off; absent when its end is not there yet. */
static struct str take_line(struct frames *f)
{
	struct str rest = rest_of(f);
	size_t end = str_find_char(rest, '\n', f->looked);

	if (end == SIZE_MAX) {
		f->looked = rest.n;
		return (struct str){0};
	}
	f->looked = 0;
	f->given += end + 1;
	struct str line = str_head(rest, end);
	return str_ends(line, STR("\r")) ? str_head(line, line.n - 1) : line;
}

static bool next_line(struct frames *f, struct str *message, struct err *e)
{
	struct str line;

	do
		line = take_line(f);
	while (line.p && !str_trim(line).n);
	if (line.n > FRAME_MAX_BYTES || (!line.p && rest_of(f).n > FRAME_MAX_BYTES))
		return err_set(e, ERR_LIMIT, "a message of over %d bytes", FRAME_MAX_BYTES);
	*message = line;
	return true;
}

static bool no_header(struct str line, struct err *e)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, line, 60);
	return err_set(
		e, ERR_PARSE, "\"%s\" where a Content-Length was expected", buf_text(&shown));
}

static bool read_header(struct frames *f, struct str line, struct err *e)
{
	size_t colon = str_find_char(line, ':', 0);
	int64_t length;

	if (colon == SIZE_MAX)
		return no_header(line, e);
	if (!str_eq_nocase(str_trim(str_head(line, colon)), STR("Content-Length")))
		return true;
	if (!str_int(str_trim(str_skip(line, colon + 1)), &length) || length <= 0)
		return no_header(line, e);
	if (length > FRAME_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "a message of over %d bytes", FRAME_MAX_BYTES);
	if (f->body && f->body != (size_t)length)
		return err_set(e, ERR_PARSE, "two different Content-Lengths for one message");
	f->body = (size_t)length;
	return true;
}

/* Up to the empty line; has_headers tells whether it was there. */
static bool read_headers(struct frames *f, struct err *e)
{
	struct str line;

	while (!f->has_headers && (line = take_line(f)).p) {
		if (line.n > FRAME_HEADERS_MAX_BYTES)
			return err_set(e, ERR_LIMIT, "a header line of %zu bytes", line.n);
		if (line.n && !read_header(f, line, e))
			return false;
		if (!line.n && !f->body)
			return no_header(line, e);
		f->has_headers = !line.n;
	}
	if (!f->has_headers && rest_of(f).n > FRAME_HEADERS_MAX_BYTES)
		return no_header(str_head(rest_of(f), 60), e);
	return true;
}

bool frames_next(struct frames *f, struct str *message, struct err *e)
{
	if (f->framing == RPC_LINES)
		return next_line(f, message, e);
	if (!read_headers(f, e))
		return false;
	struct str rest = rest_of(f);
	*message = (struct str){0};
	if (!f->has_headers || rest.n < f->body)
		return true;
	*message = str_head(rest, f->body);
	f->given += f->body;
	f->body = 0;
	f->has_headers = false;
	return true;
}

void frame_put(struct buf *out, enum rpc_framing framing, struct str body)
{
	if (framing == RPC_HEADERS)
		buf_printf(out, "Content-Length: %zu\r\n\r\n", body.n);
	buf_put_str(out, body);
	if (framing == RPC_LINES)
		buf_put_char(out, '\n');
}
