// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <string.h>

/* Length of the valid character at s, or 0. The ranges are table 3-7 of the Unicode standard. */
static size_t character(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (s.n < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t utf8_valid_prefix(struct str s)
{
	size_t at = 0;

	while (at < s.n) {
		uint64_t eight;
		while (s.n - at >= 8 &&
			(memcpy(&eight, s.p + at, 8), !(eight & 0x8080808080808080)))
			at += 8;
		if (at == s.n)
			break;
		size_t n = character(str_skip(s, at));
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

bool utf8_is_valid(struct str s)
{
	return utf8_valid_prefix(s) == s.n;
}

void utf8_put_repaired(struct buf *b, struct str s)
{
	while (s.n) {
		size_t good = utf8_valid_prefix(s);
		buf_put(b, s.p, good);
		s = str_skip(s, good);
		if (s.n == 0)
			break;
		buf_put_text(b, "\xef\xbf\xbd");
		s = str_skip(s, 1);
		while (s.n && ((unsigned char)s.p[0] & 0xc0) == 0x80)
			s = str_skip(s, 1);
	}
}

struct str utf8_without_mark(struct str s)
{
	struct str mark = STR("\xef\xbb\xbf");

	return str_starts(s, mark) ? str_skip(s, mark.n) : s;
}

struct str utf8_head(struct str s, size_t n)
{
	if (n >= s.n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return str_head(s, n);
}

size_t utf8_encode(uint32_t c, char out[4])
{
	size_t n;

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		out[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		n = 2;
	} else if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		n = 3;
	} else {
		out[0] = (char)(0xf0 | c >> 18);
		n = 4;
	}
	for (size_t i = 1; i < n; i++)
		out[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
	return n;
}

void utf8_put(struct buf *b, uint32_t c)
{
	char out[4];

	buf_put(b, out, utf8_encode(c, out));
}

uint32_t utf8_get(struct str s, size_t *length)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = character(s);

	*length = n ? n : 1;
	switch (n) {
	case 1: return p[0];
	case 2: return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	case 3: return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	case 4:
		return (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
		       (p[3] & 0x3fu);
	default: return 0xfffd;
	}
}

struct range {
	uint32_t first, last;
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* East Asian wide and emoji blocks, as whole blocks (Unicode 15, EastAsianWidth.txt); a flag's two
   letters are as wide as two flags in some terminals. */
static const struct range wide[] = {
	{0x1100, 0x115f},
	{0x231a, 0x231b},
	{0x2329, 0x232a},
	{0x23e9, 0x23ec},
	{0x23f0, 0x23f0},
	{0x23f3, 0x23f3},
	{0x25fd, 0x25fe},
	{0x2614, 0x2615},
	{0x2648, 0x2653},
	{0x267f, 0x267f},
	{0x2693, 0x2693},
	{0x26a1, 0x26a1},
	{0x26aa, 0x26ab},
	{0x26bd, 0x26be},
	{0x26c4, 0x26c5},
	{0x26ce, 0x26ce},
	{0x26d4, 0x26d4},
	{0x26ea, 0x26ea},
	{0x26f2, 0x26f3},
	{0x26f5, 0x26f5},
	{0x26fa, 0x26fa},
	{0x26fd, 0x26fd},
	{0x2705, 0x2705},
	{0x270a, 0x270b},
	{0x2728, 0x2728},
	{0x274c, 0x274c},
	{0x274e, 0x274e},
	{0x2753, 0x2755},
	{0x2757, 0x2757},
	{0x2795, 0x2797},
	{0x27b0, 0x27b0},
	{0x27bf, 0x27bf},
	{0x2b1b, 0x2b1c},
	{0x2b50, 0x2b50},
	{0x2b55, 0x2b55},
	{0x2e80, 0x303e},
	{0x3041, 0x33ff},
	{0x3400, 0x4dbf},
	{0x4e00, 0x9fff},
	{0xa000, 0xa4cf},
	{0xa960, 0xa97c},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe10, 0xfe19},
	{0xfe30, 0xfe6f},
	{0xff00, 0xff60},
	{0xffe0, 0xffe6},
	{0x16fe0, 0x16fe4},
	{0x16ff0, 0x16ff1},
	{0x17000, 0x18d08},
	{0x1aff0, 0x1b2fb},
	{0x1f004, 0x1f004},
	{0x1f0cf, 0x1f0cf},
	{0x1f18e, 0x1f18e},
	{0x1f191, 0x1f19a},
	{0x1f1e6, 0x1f1ff},
	{0x1f200, 0x1f265},
	{0x1f300, 0x1f64f},
	{0x1f680, 0x1f6ff},
	{0x1f7e0, 0x1f7f0},
	{0x1f900, 0x1f9ff},
	{0x1fa70, 0x1faff},
	{0x20000, 0x3fffd},
};

/* Marks that take no cell of their own. */
static const struct range zero[] = {
	{0x300, 0x36f},
	{0x483, 0x489},
	{0x591, 0x5bd},
	{0x610, 0x61a},
	{0x64b, 0x65f},
	{0x1ab0, 0x1aff},
	{0x1dc0, 0x1dff},
	{0x20d0, 0x20ff},
	{0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f},
	{0xe0100, 0xe01ef},
};

/* What can hide or reorder text: controls, bidi, zero width, byte order mark, tags. */
static const struct range hidden[] = {
	{0x0, 0x8},
	{0xb, 0x1f},
	{0x7f, 0x9f},
	{0xad, 0xad},
	{0x61c, 0x61c},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0xe0000, 0xe007f},
};

#define WITHIN(table, c) within(table, sizeof(table) / sizeof(table)[0], c)

bool utf8_is_hidden(uint32_t c)
{
	return WITHIN(hidden, c);
}

int utf8_cells(uint32_t c)
{
	if (c < 0x300)
		return c < 0x20 || (c >= 0x7f && c < 0xa0) ? 0 : 1;
	if (WITHIN(hidden, c) || WITHIN(zero, c))
		return 0;
	return WITHIN(wide, c) ? 2 : 1;
}

static bool is_string_escape(char c)
{
	return c == ']' || c == 'P' || c == '_' || c == '^';
}

/* ECMA-48: a control sequence ends with @ to ~; a string with BEL or ESC \; both before an ESC. */
static size_t find_escape_end(struct str s)
{
	bool is_string = is_string_escape(s.p[1]);

	for (size_t i = 2; i < s.n; i++) {
		if (s.p[i] == '\x1b')
			return is_string && i + 1 < s.n && s.p[i + 1] == '\\' ? i + 2 : i;
		if (is_string ? s.p[i] == '\a' : s.p[i] >= 0x40 && s.p[i] <= 0x7e)
			return i + 1;
	}
	return SIZE_MAX;
}

size_t utf8_escape(struct str s, bool *is_open)
{
	*is_open = s.n < 2;
	if (s.n < 2 || (unsigned char)s.p[1] < ' ' || (unsigned char)s.p[1] > '~')
		return 1;
	if (s.p[1] != '[' && !is_string_escape(s.p[1]))
		return 2;
	size_t end = find_escape_end(str_head(s, ESCAPE_MAX_BYTES));
	if (end != SIZE_MAX)
		return end;
	*is_open = s.n < ESCAPE_MAX_BYTES;
	return *is_open ? s.n : 2;
}

/* Next visible character of *s: false at the end. White space comes back as itself. */
static bool next_shown(struct str *s, uint32_t *c)
{
	while (s->n) {
		size_t n;
		bool is_open;
		if (s->p[0] == '\x1b') {
			*s = str_skip(*s, utf8_escape(*s, &is_open));
			continue;
		}
		*c = utf8_get(*s, &n);
		*s = str_skip(*s, n);
		if (*c == '\n' || *c == '\t' || !WITHIN(hidden, *c))
			return true;
	}
	return false;
}

bool utf8_is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return true;
}

void utf8_put_line(struct buf *b, struct str s, size_t columns)
{
	size_t used = 0, mark = b->n;
	uint32_t c;

	if (s.n <= columns && utf8_is_plain(s)) {
		buf_put_str(b, s);
		return;
	}
	while (next_shown(&s, &c)) {
		if (c == '\n' || c == '\t')
			c = ' ';
		size_t cells = (size_t)utf8_cells(c);
		if (used + cells > columns) {
			buf_cut(b, mark);
			buf_put_text(b, columns >= 3 ? "..." : "");
			return;
		}
		used += cells;
		utf8_put(b, c);
		if (used + 3 <= columns)
			mark = b->n;
	}
}

/* How much of it needs no look at its characters: most of most texts. */
static size_t plain_prefix(struct str s)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= ' ' && s.p[n] <= '~') || s.p[n] == '\n' || s.p[n] == '\t'))
		n++;
	return n;
}

void utf8_put_shown(struct buf *b, struct str s)
{
	uint32_t c;

	do {
		size_t n = plain_prefix(s);
		if (n)
			buf_put(b, s.p, n);
		s = str_skip(s, n);
		if (!next_shown(&s, &c))
			return;
		utf8_put(b, c);
	} while (s.n);
}

void utf8_put_exactly(struct buf *b, struct str s)
{
	size_t n;

	for (; s.n; s = str_skip(s, n)) {
		AUTO(buf) shown = {0};
		uint32_t code_point = utf8_get(s, &n);
		struct str bytes = str_head(s, n);
		utf8_put_shown(&shown, bytes);
		if (str_eq(buf_str(&shown), bytes))
			buf_put_str(b, bytes);
		else if (n == 1)
			buf_printf(b, "\\x%02x", (unsigned char)*bytes.p);
		else
			buf_printf(b, "\\u{%04x}", code_point);
	}
}
