// SPDX-License-Identifier: MIT
#include "ui/visible.h"

#include <string.h>

#include "base/utf8.h"

/* Where a terminal sequence begins that has no end in text; text.n when there is none. */
static size_t open_escape(struct str text)
{
	const char *start = text.n ? memrchr(text.p, '\x1b', text.n) : NULL;
	bool is_open = false;

	/* Each ends before the next one. */
	if (start)
		(void)utf8_escape(str_range(start, text.p + text.n), &is_open);
	return is_open ? (size_t)(start - text.p) : text.n;
}

/* The same for a character. */
static size_t open_character(struct str text)
{
	for (size_t back = 1; back <= 3 && back <= text.n; back++) {
		unsigned char c = (unsigned char)text.p[text.n - back];
		size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		if ((c & 0xc0) != 0x80)
			return length > back ? text.n - back : text.n;
	}
	return text.n;
}

void visible_release(struct visible *v)
{
	buf_release(&v->open);
}

void visible_end(struct visible *v)
{
	buf_clear(&v->open);
}

void visible_put(struct visible *v, struct buf *shown, struct str text)
{
	AUTO(buf) whole = {0};

	buf_put_str(&whole, buf_str(&v->open));
	buf_put_str(&whole, text);
	size_t open = open_escape(buf_str(&whole));
	if (open == whole.n)
		open = open_character(buf_str(&whole));
	utf8_put_shown(shown, str_head(buf_str(&whole), open));
	buf_clear(&v->open);
	buf_put_str(&v->open, str_skip(buf_str(&whole), open));
}
