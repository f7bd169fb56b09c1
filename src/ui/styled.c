// SPDX-License-Identifier: MIT
#include "ui/styled.h"

#include <string.h>

#include "base/utf8.h"

void styled_release(struct styled *s)
{
	buf_release(&s->text);
	buf_release(&s->style);
}

void styled_clear(struct styled *s)
{
	buf_clear(&s->text);
	buf_clear(&s->style);
}

void styled_put(struct styled *s, struct str text, uint8_t style)
{
	buf_put_str(&s->text, text);
	char *at = text.n ? buf_reserve(&s->style, text.n) : NULL;
	if (!at)
		return;
	memset(at, style, text.n);
	s->style.n += text.n;
}

void styled_put_spaces(struct styled *s, size_t count, uint8_t style)
{
	for (size_t i = 0; i < count; i++)
		styled_put(s, STR(" "), style);
}

static struct str part(const struct buf *b, size_t from, size_t end)
{
	return str_skip(str_head(buf_str(b), end), from);
}

void styled_copy(struct styled *to, const struct styled *s, size_t from, size_t end)
{
	buf_put_str(&to->text, part(&s->text, from, end));
	buf_put_str(&to->style, part(&s->style, from, end));
}

void styled_cut(struct styled *s, size_t n)
{
	buf_cut(&s->text, n);
	buf_cut(&s->style, n);
}

void styled_drop_front(struct styled *s, size_t n)
{
	buf_drop_front(&s->text, n);
	buf_drop_front(&s->style, n);
}

static int cells_at(struct str text, size_t *length)
{
	return utf8_cells(utf8_get(text, length));
}

size_t styled_cells(const struct styled *s, size_t from, size_t end)
{
	size_t cells = 0, length;

	for (struct str rest = part(&s->text, from, end); rest.n; rest = str_skip(rest, length))
		cells += (size_t)cells_at(rest, &length);
	return cells;
}

size_t styled_common(const struct styled *a, const struct styled *b)
{
	size_t n = a->text.n < b->text.n ? a->text.n : b->text.n, i = 0;

	while (i < n && a->text.p[i] == b->text.p[i] && a->style.p[i] == b->style.p[i])
		i++;
	/* Not from within a character. */
	while (i && i < n && ((unsigned char)b->text.p[i] & 0xc0) == 0x80)
		i--;
	return i;
}

/* ---- writing ---- */

static void put_sgr(const struct pen *pen, uint8_t style)
{
	static const struct {
		uint8_t style;
		const char *code;
	} attributes[] = {{STYLE_BOLD, ";1"}, {STYLE_DIM, ";2"}, {STYLE_ITALIC, ";3"},
		{STYLE_UNDERLINE, ";4"}, {STYLE_STRIKE, ";9"}};
	static const char *const colours[] = {"", ";34", ";32", ";36", ";35", ";31", ";33", ""};

	buf_put_text(pen->out, "\x1b[0");
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (style & attributes[i].style)
			buf_put_text(pen->out, attributes[i].code);
	if (pen->has_colour)
		buf_put_text(pen->out, colours[style / STYLE_COLOUR]);
	buf_put_char(pen->out, 'm');
}

static uint8_t visible_style(const struct pen *pen, uint8_t style)
{
	return pen->has_colour ? style : style & ~COLOUR_MASK;
}

/* A line's end has no style: an underlined one would run on to the terminal's edge. */
static void write_text(const struct pen *pen, struct str text, uint8_t style)
{
	style = visible_style(pen, style);
	if (style)
		put_sgr(pen, style);
	buf_put_str(pen->out, text);
	if (style)
		buf_put_text(pen->out, "\x1b[0m");
}

void pen_write(const struct pen *pen, struct str text, uint8_t style)
{
	if (text.n)
		write_text(pen, text, style);
}

void styled_write(const struct styled *s, size_t from, size_t end, const struct pen *pen)
{
	while (from < end) {
		uint8_t style = (uint8_t)s->style.p[from];
		size_t to = from;
		while (to < end && s->text.p[to] != '\n' && (uint8_t)s->style.p[to] == style)
			to++;
		pen_write(pen, part(&s->text, from, to), style);
		if (to < end && s->text.p[to] == '\n') {
			buf_put_text(pen->out, pen->clears ? "\x1b[K\n" : "\n");
			to++;
		}
		from = to;
	}
}

/* ---- rows ---- */

void rows_release(struct rows *rows)
{
	vec_release(&rows->list);
}

/* These stay with what is before them. */
static bool clings(uint32_t c)
{
	static const uint32_t closing[] = {0x3001, 0x3002, 0x300d, 0x300f, 0x3011, 0x3015, 0x3017,
		0x3009, 0x300b, 0x30fc, 0xff01, 0xff09, 0xff0c, 0xff0e, 0xff1a, 0xff1b, 0xff1f};

	for (size_t i = 0; i < sizeof closing / sizeof *closing; i++)
		if (c == closing[i])
			return true;
	return false;
}

struct breaker {
	const struct styled *s;
	struct rows *out;
	size_t width, rest_width;
	size_t from, cells; /* of the row that is being filled, and its cells so far */
	size_t word; /* where it may be broken; from: nowhere */
	bool was_wide;
};

static void end_row(struct breaker *b, size_t end)
{
	const char *text = b->s->text.p;

	while (end > b->from && text[end - 1] == ' ')
		end--;
	vec_push(&b->out->list, (struct row){b->from, end});
}

static void begin_row(struct breaker *b, size_t at)
{
	b->from = b->word = at;
	b->cells = 0;
	b->width = b->rest_width;
	b->was_wide = false;
}

static void take_space(struct breaker *b, size_t at)
{
	if (at == b->from) {
		b->from = b->word = at + 1;
		return;
	}
	b->cells++;
	b->word = at + 1;
	b->was_wide = false;
}

/* Where to go on: what was broken off is looked at again, as rows differ in width. */
static size_t take_character(struct breaker *b, size_t at, struct str character, bool is_certain)
{
	size_t length;
	uint32_t c = utf8_get(character, &length);
	size_t cells = (size_t)utf8_cells(c);

	if (cells && at > b->from && (cells == 2 || b->was_wide) && !clings(c))
		b->word = at;
	if (b->cells + cells > b->width && at > b->from) {
		size_t next = b->word > b->from ? b->word : at;
		end_row(b, next);
		begin_row(b, next);
		b->out->final += is_certain;
		return next;
	}
	b->cells += cells;
	if (cells)
		b->was_wide = cells == 2;
	return at + length;
}

void styled_rows(const struct styled *s, size_t certain, size_t first_width, size_t rest_width,
	struct rows *out)
{
	struct breaker b = {.s = s, .out = out, .width = first_width, .rest_width = rest_width};

	out->list.n = out->final = 0;
	for (size_t at = 0; at < s->text.n;) {
		struct str rest = str_skip(buf_str(&s->text), at);
		if (*rest.p == ' ')
			take_space(&b, at++);
		else
			at = take_character(&b, at, rest, at < certain);
	}
	end_row(&b, s->text.n);
}
