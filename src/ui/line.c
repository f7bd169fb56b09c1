// SPDX-License-Identifier: MIT
#include "ui/line.h"

#include <ctype.h>
#include <string.h>

enum { TAB_COLUMNS = 4, FENCE_MIN_BYTES = 3, NUMBER_MAX_DIGITS = 9, HEADING_MAX_LEVEL = 6 };

struct reader {
	struct str line;
	bool waits; /* more of it may come */
	size_t at;
};

static bool is_at_end(const struct reader *r)
{
	return r->at == r->line.n;
}

/* The byte at so far behind the place; '\0' at the end. */
static char peek(const struct reader *r, size_t further)
{
	return r->at + further < r->line.n ? r->line.p[r->at + further] : '\0';
}

static size_t skip_spaces(struct reader *r)
{
	size_t columns = 0;

	for (; peek(r, 0) == ' ' || peek(r, 0) == '\t'; r->at++)
		columns += peek(r, 0) == ' ' ? 1 : TAB_COLUMNS - columns % TAB_COLUMNS;
	return columns;
}

static size_t run_of(const struct reader *r, char c)
{
	size_t n = 0;

	while (r->at + n < r->line.n && r->line.p[r->at + n] == c)
		n++;
	return n;
}

static void read_quotes(struct reader *r, struct line *b)
{
	for (;;) {
		size_t start = r->at, columns = skip_spaces(r);
		if (columns > 3 || peek(r, 0) != '>') {
			r->at = start;
			return;
		}
		b->quotes++;
		r->at++;
		r->at += peek(r, 0) == ' ';
	}
}

/* Three or more of one mark, and spaces, up to what is there. */
static bool is_like_rule(const struct reader *r, char c, size_t *count)
{
	*count = 0;
	for (size_t i = r->at; i < r->line.n; i++) {
		if (r->line.p[i] != c && r->line.p[i] != ' ' && r->line.p[i] != '\t')
			return false;
		*count += r->line.p[i] == c;
	}
	return true;
}

/* Behind a marker of so many bytes: a space, or nothing more. */
static bool read_item(struct reader *r, size_t marker, struct line *b)
{
	char after = peek(r, marker);

	if (after && after != ' ' && after != '\t')
		return true;
	struct reader behind = *r;
	behind.at += marker;
	skip_spaces(&behind);
	if (is_at_end(&behind) && r->waits)
		return false;
	b->kind = LINE_ITEM;
	b->marker = str_head(str_skip(r->line, r->at), marker);
	b->at = behind.at;
	return true;
}

static bool read_bullet(struct reader *r, bool is_whole, struct line *b)
{
	char c = peek(r, 0);
	size_t count;

	if (c != '+' && is_like_rule(r, c, &count)) {
		if (r->waits)
			return false;
		if (is_whole && count >= 3) {
			b->kind = LINE_RULE;
			return true;
		}
	}
	return c == '_' || read_item(r, 1, b);
}

static bool read_number(struct reader *r, struct line *b)
{
	size_t digits = 0;

	while (digits <= NUMBER_MAX_DIGITS && isdigit((unsigned char)peek(r, digits)))
		digits++;
	char c = peek(r, digits);
	if (digits > NUMBER_MAX_DIGITS || (c && c != '.' && c != ')'))
		return true;
	if (!c)
		return !r->waits;
	return read_item(r, digits + 1, b);
}

static bool read_heading(struct reader *r, struct line *b)
{
	size_t level = run_of(r, '#');
	char after = peek(r, level);

	if (level > HEADING_MAX_LEVEL || (after && after != ' ' && after != '\t'))
		return true;
	struct reader behind = *r;
	behind.at += level;
	skip_spaces(&behind);
	if (is_at_end(&behind) && r->waits)
		return false;
	b->kind = LINE_HEADING;
	b->level = level;
	b->at = behind.at;
	return true;
}

static bool read_fence(struct reader *r, bool is_whole, struct line *b)
{
	char c = peek(r, 0);
	size_t length = run_of(r, c);
	struct str info = str_skip(r->line, r->at + length);

	if (length < FENCE_MIN_BYTES)
		return info.n || !r->waits;
	/* "```code```" on one line is text. */
	if (c == '`' && str_find_char(info, '`', 0) != SIZE_MAX)
		return true;
	if (r->waits)
		return false;
	if (is_whole) {
		b->kind = LINE_FENCE;
		b->mark = c;
		b->level = length;
	}
	return true;
}

bool line_read(struct str line, bool is_whole, struct line *out)
{
	struct reader r = {.line = line, .waits = !is_whole && line.n < BEGINNING_MAX_BYTES};

	*out = (struct line){0};
	read_quotes(&r, out);
	out->indent = skip_spaces(&r);
	out->at = r.at;
	if (is_at_end(&r)) {
		out->kind = is_whole ? LINE_BLANK : LINE_PARAGRAPH;
		return !r.waits;
	}
	switch (peek(&r, 0)) {
	case '#': return read_heading(&r, out);
	case '`':
	case '~': return read_fence(&r, is_whole, out);
	case '-':
	case '*':
	case '+':
	case '_': return read_bullet(&r, is_whole, out);
	case '|': out->kind = LINE_ROW; return true;
	default: return !isdigit((unsigned char)peek(&r, 0)) || read_number(&r, out);
	}
}

/* As many levels as the fence has. */
static void skip_quotes(struct reader *r, size_t levels)
{
	for (size_t i = 0; i < levels; i++) {
		size_t start = r->at;
		skip_spaces(r);
		if (peek(r, 0) != '>') {
			r->at = start;
			return;
		}
		r->at++;
		r->at += peek(r, 0) == ' ';
	}
}

bool line_read_code(
	struct str line, bool is_whole, const struct line *fence, bool *closes, size_t *at)
{
	struct reader r = {.line = line, .waits = !is_whole && line.n < BEGINNING_MAX_BYTES};
	*closes = false;
	skip_quotes(&r, fence->quotes);
	size_t start = r.at;
	while (peek(&r, 0) == ' ' && r.at - start < fence->indent)
		r.at++;
	*at = r.at;
	bool is_near = skip_spaces(&r) <= 3;
	size_t run = run_of(&r, fence->mark);
	r.at += run;
	skip_spaces(&r);
	if (!is_at_end(&r))
		return true;
	*closes = is_whole && is_near && run >= fence->level;
	return !r.waits;
}
