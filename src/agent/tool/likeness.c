// SPDX-License-Identifier: MIT
#include "agent/tool/likeness.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"

/* ---- characters and lines ---- */

/* The character that people type for it. */
static uint32_t plain_character(uint32_t c)
{
	static const struct {
		uint16_t first, last;
		char plain;
	} ranges[] = {{0x00a0, 0x00a0, ' '}, {0x2002, 0x200a, ' '}, {0x2010, 0x2015, '-'},
		{0x2018, 0x201b, '\''}, {0x201c, 0x201f, '"'}, {0x202f, 0x202f, ' '},
		{0x205f, 0x205f, ' '}, {0x2212, 0x2212, '-'}, {0x3000, 0x3000, ' '}, {0}};

	for (int i = 0; c >= 0x80 && ranges[i].first; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return (uint32_t)ranges[i].plain;
	return c;
}

/* The next character of s, which is not empty, taken off its front. */
static uint32_t take_plain(struct str *s)
{
	size_t length = 1;
	uint32_t c = (unsigned char)s->p[0];

	/* Bytes that are no character differ from each other, and from all characters. */
	if (c >= 0x80) {
		uint32_t whole = utf8_get(*s, &length);
		c = length == 1 ? c | 0x80000000 : plain_character(whole);
	}
	*s = str_skip(*s, length);
	return c;
}

static bool is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static struct str trim_end(struct str s)
{
	while (s.n && is_blank((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct str trim_start(struct str s)
{
	while (s.n && is_blank((unsigned char)s.p[0]))
		s = str_skip(s, 1);
	return s;
}

/* Without the blank characters at its front; whether there were any. */
static bool skip_blanks(struct str *s)
{
	bool any = false;

	while (s->n) {
		struct str rest = *s;
		if (!is_blank(take_plain(&rest)))
			break;
		*s = rest;
		any = true;
	}
	return any;
}

static bool alike_in_plain(struct str a, struct str b, bool any_spaces)
{
	for (;;) {
		if (any_spaces && skip_blanks(&a) != skip_blanks(&b) && a.n && b.n)
			return false;
		if (a.n == 0 || b.n == 0)
			return a.n == b.n;
		if (take_plain(&a) != take_plain(&b))
			return false;
	}
}

bool lines_alike(struct str a, struct str b, enum likeness likeness)
{
	if (likeness >= LIKE_BUT_ENDS) {
		a = trim_end(a);
		b = trim_end(b);
	}
	if (likeness >= LIKE_BUT_MARGINS) {
		a = trim_start(a);
		b = trim_start(b);
	}
	if (likeness < LIKE_IN_PLAIN)
		return str_eq(a, b);
	if (likeness == LIKE_BUT_SPACES) {
		skip_blanks(&a);
		skip_blanks(&b);
	}
	return alike_in_plain(a, b, likeness == LIKE_BUT_SPACES);
}

struct lines lines_of(struct str text, struct arena *a)
{
	VEC(struct str) found = {0};
	struct str line;

	while (text.n && str_split(&text, '\n', &line)) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		vec_push(&found, line);
	}
	struct lines lines = {arena_alloc(a, found.n + 1, sizeof *lines.items), found.n};
	if (found.n)
		memcpy(lines.items, found.p, found.n * sizeof *found.p);
	vec_release(&found);
	return lines;
}

/* ---- the whole in plain characters ---- */

/* from[i] is where byte i came from in the text. */
struct plain {
	struct buf bytes;
	VEC(uint32_t) from;
};

static void plain_release(struct plain *p)
{
	buf_release(&p->bytes);
	vec_release(&p->from);
}

static void put_plain(struct plain *p, struct str text)
{
	const char *start = text.p;
	size_t line = 0;

	while (text.n) {
		size_t at = (size_t)(text.p - start);
		struct str here = text;
		uint32_t c = take_plain(&text);
		/* Only what ends in a newline has an end: a pattern may stop within a line. */
		while (c == '\n' && p->bytes.n > line &&
			is_blank((unsigned char)p->bytes.p[p->bytes.n - 1])) {
			p->bytes.n--;
			p->from.n--;
		}
		size_t n = c < 0x80 ? 1 : here.n - text.n;
		char plain = (char)c;
		buf_put(&p->bytes, c < 0x80 ? &plain : here.p, n);
		for (size_t i = 0; i < n; i++)
			vec_push(&p->from, (uint32_t)(at + i));
		if (c == '\n')
			line = p->bytes.n;
	}
	vec_push(&p->from, (uint32_t)(text.p - start));
}

/* Where the last character of a match ends in the text: what was dropped behind it stays. */
static size_t end_of(const struct plain *p, struct str text, size_t last)
{
	struct str rest = str_skip(text, p->from.p[last]);

	if (rest.n)
		take_plain(&rest);
	return text.n - rest.n;
}

size_t find_in_plain(struct str text, struct str pattern, struct part *part)
{
	AUTO(plain) all = {0};
	AUTO(plain) sought = {0};

	if (pattern.n == 0 || text.n == 0)
		return 0;
	put_plain(&all, text);
	put_plain(&sought, pattern);
	struct str in = buf_str(&all.bytes), what = buf_str(&sought.bytes);
	size_t at = what.n ? str_find(in, what, 0) : SIZE_MAX;
	if (at == SIZE_MAX)
		return 0;
	size_t from = all.from.p[at], end = end_of(&all, text, at + what.n - 1);
	*part = (struct part){from, end - from};
	return str_find(in, what, at + 1) == SIZE_MAX ? 1 : 2;
}

/* ---- by lines ---- */

static struct str indent_of(struct str line)
{
	return str_head(line, line.n - trim_start(line).n);
}

/* How the indentation of a pattern becomes that of the text. */
struct shift {
	const struct str *theirs, *ours; /* lines of the pattern, and those it stands for */
	size_t count;
	struct str added, removed; /* in front of every line */
	bool is_uniform;
};

static bool is_blank_line(struct str line)
{
	return trim_start(line).n == 0;
}

/* The same is put in front of all lines, or taken away from them. */
static void find_shift(struct shift *s)
{
	bool is_first = true;

	for (size_t i = 0; i < s->count; i++) {
		struct str from = indent_of(s->theirs[i]), to = indent_of(s->ours[i]);
		struct str added = {0}, removed = {0};
		if (is_blank_line(s->theirs[i]))
			continue;
		if (str_ends(to, from))
			added = str_head(to, to.n - from.n);
		else if (str_ends(from, to))
			removed = str_head(from, from.n - to.n);
		else
			return;
		if (!is_first && (!str_eq(added, s->added) || !str_eq(removed, s->removed)))
			return;
		s->added = added;
		s->removed = removed;
		is_first = false;
	}
	s->is_uniform = true;
}

/* What stands for this indentation in the lines that were found; absent: nothing, or more. */
static struct str shifted(const struct shift *s, struct str indent)
{
	struct str to = {0};

	for (size_t i = 0; i < s->count; i++) {
		struct str ours = indent_of(s->ours[i]);
		if (is_blank_line(s->theirs[i]) || !str_eq(indent_of(s->theirs[i]), indent))
			continue;
		if (to.p && !str_eq(to, ours))
			return (struct str){0};
		to = ours.p ? ours : STR("");
	}
	return to;
}

static bool put_indented(struct buf *out, const struct shift *s, struct str line)
{
	struct str indent = indent_of(line);

	if (is_blank_line(line))
		return true;
	if (!s->is_uniform) {
		struct str to = shifted(s, indent);
		buf_put_str(out, to);
		buf_put_str(out, str_skip(line, indent.n));
		return to.p;
	}
	buf_put_str(out, s->added);
	size_t gone = 0;
	while (gone < s->removed.n && gone < indent.n && s->removed.p[gone] == indent.p[gone])
		gone++;
	buf_put_str(out, str_skip(line, gone));
	return true;
}

static struct str indent_like(struct shift *s, struct str replacement, struct arena *a)
{
	AUTO(buf) out = {0};
	bool ends = str_ends(replacement, STR("\n"));
	struct lines lines = lines_of(replacement, a);

	find_shift(s);
	for (size_t i = 0; i < lines.count; i++) {
		if (!put_indented(&out, s, lines.items[i]))
			return (struct str){0};
		if (i + 1 < lines.count || ends)
			buf_put_char(&out, '\n');
	}
	return arena_copy(a, buf_str(&out));
}

static bool matches_at(const struct lines *text, const struct lines *pattern, size_t at)
{
	for (size_t i = 0; i < pattern->count; i++)
		if (!lines_alike(text->items[at + i], pattern->items[i], LIKE_BUT_SPACES))
			return false;
	return true;
}

static bool has_words(const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		if (!is_blank_line(lines->items[i]))
			return true;
	return false;
}

size_t find_by_lines(struct str text, struct str pattern, struct str replacement, struct arena *a,
	struct part *part, struct str *indented)
{
	struct lines all = lines_of(text, a), sought = lines_of(pattern, a);
	size_t count = 0, first = 0;

	if (!has_words(&sought))
		return 0;
	for (size_t i = 0; i + sought.count <= all.count && count < 2; i++)
		if (matches_at(&all, &sought, i) && count++ == 0)
			first = i;
	if (count == 0)
		return 0;
	const struct str *last = &all.items[first + sought.count - 1];
	size_t end = (size_t)(last->p + last->n - text.p);
	if (str_ends(pattern, STR("\n"))) {
		size_t newline = str_find_char(text, '\n', end);
		end = newline == SIZE_MAX ? text.n : newline + 1;
	}
	size_t from = (size_t)(all.items[first].p - text.p);
	*part = (struct part){from, end - from};
	struct shift shift = {sought.items, all.items + first, sought.count};
	*indented = indent_like(&shift, replacement, a);
	return count;
}
