// SPDX-License-Identifier: MIT
#include "base/sse.h"

#include <string.h>

#include "base/utf8.h"

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->name);
	buf_release(&s->data);
	*s = (struct sse){0};
}

static void field(struct sse *s, struct str line)
{
	size_t colon = str_find_char(line, ':', 0);
	struct str name = str_head(line, colon);
	struct str value = colon == SIZE_MAX ? STR("") : str_skip(line, colon + 1);

	if (value.n && value.p[0] == ' ')
		value = str_skip(value, 1);
	if (str_is(name, "data")) {
		if (s->has_data)
			buf_put_char(&s->data, '\n');
		s->has_data = true;
		buf_put_str(&s->data, value);
	} else if (str_is(name, "event")) {
		buf_clear(&s->name);
		buf_put_str(&s->name, value);
	}
}

static bool dispatch(struct sse *s, sse_event_fn *event, void *self)
{
	bool go_on = true;

	if (s->has_data || s->name.n)
		go_on = event(self, buf_str(&s->name), buf_str(&s->data));
	buf_clear(&s->name);
	buf_clear(&s->data);
	s->has_data = false;
	return go_on;
}

static bool end_line(struct sse *s, struct str line, sse_event_fn *event, void *self)
{
	if (!s->past_start)
		line = utf8_without_mark(line);
	s->past_start = true;
	if (line.n == 0)
		return dispatch(s, event, self);
	if (line.p[0] != ':')
		field(s, line);
	return true;
}

static size_t line_end(struct str s)
{
	const char *lf = memchr(s.p, '\n', s.n);
	size_t n = lf ? (size_t)(lf - s.p) : s.n;
	const char *cr = memchr(s.p, '\r', n);

	return cr ? (size_t)(cr - s.p) : lf ? n : SIZE_MAX;
}

bool sse_feed(struct sse *s, struct str bytes, sse_event_fn *event, void *self, struct err *e)
{
	s->line.max = s->data.max = s->name.max = SSE_EVENT_MAX_BYTES;
	while (bytes.n) {
		if (s->after_cr && bytes.p[0] == '\n')
			bytes = str_skip(bytes, 1);
		s->after_cr = false;
		size_t n = bytes.n ? line_end(bytes) : SIZE_MAX;
		if (n == SIZE_MAX) {
			buf_put_str(&s->line, bytes);
			bytes.n = 0;
		} else {
			struct str line = str_head(bytes, n);
			s->after_cr = bytes.p[n] == '\r';
			bytes = str_skip(bytes, n + 1);
			if (s->line.n) {
				buf_put_str(&s->line, line);
				line = buf_str(&s->line);
			}
			if (!end_line(s, line, event, self))
				return false;
			if (!s->line.overflow)
				buf_clear(&s->line);
		}
		if (s->line.overflow || s->data.overflow || s->name.overflow)
			return err_set(e, ERR_LIMIT, "a stream event of more than %d bytes",
				SSE_EVENT_MAX_BYTES);
	}
	return true;
}

bool sse_end(struct sse *s, sse_event_fn *event, void *self)
{
	if (s->line.n && !end_line(s, buf_str(&s->line), event, self))
		return false;
	buf_clear(&s->line);
	return !s->has_data || dispatch(s, event, self);
}
