// SPDX-License-Identifier: MIT
#include "ui/markdown.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "ui/highlight.h"
#include "ui/line.h"
#include "ui/open_line.h"
#include "ui/table.h"
#include "ui/visible.h"

/* A longer row of a table is text; no more than a piece is looked at again when one comes. */
enum { ROW_MAX_BYTES = 16 << 10, PIECE_BYTES = 1 << 10, ITEMS_MAX = 16 };

enum mode {
	MODE_BEGINNING, /* what the line is, is not known */
	MODE_TEXT,
	MODE_CODE,
	MODE_ROW,
	MODE_DONE, /* nothing but the line's end is missing */
};

struct item {
	size_t at; /* columns in front of its marker, in the source */
	size_t shown; /* cells in front of its text */
};

struct markdown {
	struct pen pen;
	size_t columns, rows;
	struct visible visible;
	enum mode mode;
	bool is_mid_line;
	struct buf line; /* of the source, and not shown for certain */
	struct open_line text;

	size_t quotes;
	struct item items[ITEMS_MAX]; /* those that the line is in */
	size_t item_count;
	bool is_behind_blank, was_indented_code;

	bool is_in_code;
	struct line fence;
	struct styled code_prefix;
	struct highlight highlight;

	struct buf head; /* a line that may be a table's head */
	bool has_head;
	struct styled table_prefix;
	struct table *table;
};

static void begin_anew(struct markdown *m)
{
	m->mode = MODE_BEGINNING;
	m->quotes = m->item_count = 0;
	m->is_behind_blank = true;
	m->was_indented_code = m->is_in_code = false;
	buf_clear(&m->line);
	visible_end(&m->visible);
}

struct markdown *markdown_new(bool has_colour)
{
	struct markdown *m = must_alloc(1, sizeof *m);

	m->pen.has_colour = has_colour;
	markdown_resize(m, 80, 24);
	begin_anew(m);
	return m;
}

void markdown_free(struct markdown *m)
{
	if (!m)
		return;
	visible_release(&m->visible);
	buf_release(&m->line);
	buf_release(&m->head);
	open_line_release(&m->text);
	styled_release(&m->code_prefix);
	styled_release(&m->table_prefix);
	highlight_release(&m->highlight);
	table_free(m->table);
	free(m);
}

void markdown_resize(struct markdown *m, size_t columns, size_t rows)
{
	m->columns = columns;
	m->rows = rows;
}

bool markdown_is_mid_line(const struct markdown *m)
{
	return m->is_mid_line;
}

static void put_newline(struct markdown *m)
{
	buf_put_char(m->pen.out, '\n');
}

/* ---- what stands in front ---- */

/* Bars of quotes, and so many spaces. At least half of the row is left for the text. */
static void put_prefix(const struct markdown *m, struct styled *out, size_t spaces)
{
	size_t bars = m->quotes < m->columns / 4 ? m->quotes : m->columns / 4;

	for (size_t i = 0; i < bars; i++)
		styled_put(out, STR("│ "), STYLE_DIM);
	styled_put_spaces(out, spaces, 0);
}

/* The items that the line is not in are left; returns the cells in front of its text. */
static size_t find_item(struct markdown *m, const struct line *l)
{
	/* A paragraph goes on without its indentation. */
	bool goes_on = l->kind == LINE_PARAGRAPH && l->indent < 2 && !m->is_behind_blank;

	while (m->item_count && !goes_on && l->indent < m->items[m->item_count - 1].at + 2)
		m->item_count--;
	return m->item_count ? m->items[m->item_count - 1].shown : 0;
}

static void show_text(struct markdown *m, bool is_whole)
{
	open_line_show(&m->text, &m->line, is_whole, m->columns, m->rows, &m->pen);
}

static void begin_text(struct markdown *m, size_t spaces, uint8_t style)
{
	open_line_begin(&m->text, style);
	put_prefix(m, &m->text.first, spaces);
	put_prefix(m, &m->text.rest, spaces);
	m->mode = MODE_TEXT;
}

static void begin_item(struct markdown *m, const struct line *l)
{
	size_t outer = find_item(m, l), cells;
	bool is_bullet = l->marker.n == 1;
	struct str marker = is_bullet ? m->item_count % 2 ? STR("◦") : STR("•") : l->marker;

	begin_text(m, outer, 0);
	cells = (is_bullet ? 1 : marker.n) + 1;
	styled_put(&m->text.first, marker, 0);
	styled_put(&m->text.first, STR(" "), 0);
	if (outer + cells > m->columns / 4)
		cells = 0;
	styled_put_spaces(&m->text.rest, cells, 0);
	m->item_count -= m->item_count == ITEMS_MAX;
	m->items[m->item_count++] = (struct item){l->indent, outer + cells};
}

/* ---- lines that are known when they are whole ---- */

static void write_rule(struct markdown *m, size_t spaces)
{
	struct styled line = {0};

	put_prefix(m, &line, spaces);
	for (size_t cells = styled_cells(&line, 0, line.text.n); cells + 1 < m->columns; cells++)
		styled_put(&line, STR("─"), STYLE_DIM);
	styled_write(&line, 0, line.text.n, &m->pen);
	styled_release(&line);
	m->mode = MODE_DONE;
}

/* Fences are shown: they tell code from text also without colours, and where it is copied. */
static void write_fence(struct markdown *m, size_t at)
{
	styled_write(&m->code_prefix, 0, m->code_prefix.text.n, &m->pen);
	pen_write(&m->pen, str_skip(buf_str(&m->line), at), STYLE_DIM);
	m->mode = MODE_DONE;
}

static void begin_fence(struct markdown *m, const struct line *l)
{
	struct str info = str_trim(str_skip(buf_str(&m->line), l->at + l->level));
	size_t n = 0;

	while (n < info.n && !strchr(" \t{,:", info.p[n]))
		n++;
	m->is_in_code = true;
	m->fence = *l;
	highlight_begin(&m->highlight, str_head(info, n));
	styled_clear(&m->code_prefix);
	put_prefix(m, &m->code_prefix, find_item(m, l));
	write_fence(m, l->at);
}

static void begin_indented_code(struct markdown *m, const struct line *l)
{
	styled_clear(&m->code_prefix);
	put_prefix(m, &m->code_prefix, l->indent - 4);
	styled_write(&m->code_prefix, 0, m->code_prefix.text.n, &m->pen);
	highlight_begin(&m->highlight, (struct str){0});
	buf_drop_front(&m->line, l->at);
	m->mode = MODE_CODE;
}

/* ---- tables ---- */

/* What looked like a table's head is none. */
static void write_head(struct markdown *m)
{
	struct open_line *o = &m->text;

	open_line_begin(o, 0);
	styled_copy(&o->first, &m->table_prefix, 0, m->table_prefix.text.n);
	styled_copy(&o->rest, &m->table_prefix, 0, m->table_prefix.text.n);
	open_line_show(o, &m->head, true, m->columns, m->rows, &m->pen);
	put_newline(m);
	buf_clear(&m->head);
	m->has_head = false;
}

static void leave_table(struct markdown *m)
{
	if (m->table)
		table_end(m->table, m->columns, &m->pen);
	table_free(m->table);
	m->table = NULL;
	if (m->has_head)
		write_head(m);
}

static void end_row(struct markdown *m)
{
	struct str line = buf_str(&m->line);

	if (m->table) {
		table_add(m->table, line, m->columns, &m->pen);
		return;
	}
	if (m->has_head && table_is_rule(line)) {
		m->table = table_new(buf_str(&m->head), line, &m->table_prefix);
		buf_clear(&m->head);
		m->has_head = false;
		return;
	}
	if (m->has_head)
		write_head(m);
	buf_put_str(&m->head, line);
	m->has_head = true;
}

static void begin_row(struct markdown *m, const struct line *l)
{
	size_t spaces = find_item(m, l);

	if (!m->table && !m->has_head) {
		styled_clear(&m->table_prefix);
		put_prefix(m, &m->table_prefix, spaces);
	}
	buf_drop_front(&m->line, l->at);
	m->mode = MODE_ROW;
}

/* A row that does not end is none. */
static void make_row_text(struct markdown *m)
{
	leave_table(m);
	begin_text(m, m->item_count ? m->items[m->item_count - 1].shown : 0, 0);
}

/* ---- a line ---- */

static uint8_t heading_style(size_t level)
{
	return STYLE_BOLD | (level == 1 ? STYLE_UNDERLINE : 0) | (level <= 2 ? COLOUR_BLUE : 0);
}

static void begin_paragraph(struct markdown *m, const struct line *l)
{
	size_t spaces = find_item(m, l);
	bool is_code =
		l->indent >= 4 && !m->item_count && (m->is_behind_blank || m->was_indented_code);

	if (is_code) {
		begin_indented_code(m, l);
	} else {
		begin_text(m, spaces, 0);
		buf_drop_front(&m->line, l->at);
	}
	m->was_indented_code = is_code;
}

static void begin_blank(struct markdown *m)
{
	struct styled line = {0};

	put_prefix(m, &line, 0);
	styled_write(&line, 0, line.text.n, &m->pen);
	styled_release(&line);
	m->mode = MODE_DONE;
}

static void begin_line(struct markdown *m, const struct line *l)
{
	if (l->kind != LINE_ROW || l->quotes != m->quotes)
		leave_table(m);
	if (l->quotes != m->quotes)
		m->item_count = 0;
	m->quotes = l->quotes;
	switch (l->kind) {
	case LINE_PARAGRAPH: begin_paragraph(m, l); break;
	case LINE_BLANK: begin_blank(m); break;
	case LINE_HEADING:
		begin_text(m, find_item(m, l), heading_style(l->level));
		buf_drop_front(&m->line, l->at);
		break;
	case LINE_RULE: write_rule(m, find_item(m, l)); break;
	case LINE_ITEM:
		begin_item(m, l);
		buf_drop_front(&m->line, l->at);
		break;
	case LINE_FENCE: begin_fence(m, l); break;
	case LINE_ROW: begin_row(m, l); break;
	}
	m->is_behind_blank = l->kind == LINE_BLANK;
}

static void begin_code(struct markdown *m, bool is_whole)
{
	bool closes;
	size_t at;

	if (!line_read_code(buf_str(&m->line), is_whole, &m->fence, &closes, &at))
		return;
	if (closes) {
		m->is_in_code = m->is_behind_blank = false;
		write_fence(m, at);
		return;
	}
	styled_write(&m->code_prefix, 0, m->code_prefix.text.n, &m->pen);
	buf_drop_front(&m->line, at);
	m->mode = MODE_CODE;
}

/* Finds out what the line is, once that is certain. */
static void decide(struct markdown *m, bool is_whole)
{
	struct line l;

	if (m->is_in_code)
		begin_code(m, is_whole);
	else if (line_read(buf_str(&m->line), is_whole, &l))
		begin_line(m, &l);
}

static void take_piece(struct markdown *m, struct str piece)
{
	buf_put_str(&m->line, piece);
	if (m->mode == MODE_BEGINNING)
		decide(m, false);
	if (m->mode == MODE_ROW && m->line.n > ROW_MAX_BYTES)
		make_row_text(m);
	if (m->mode == MODE_TEXT) {
		show_text(m, false);
	} else if (m->mode == MODE_CODE) {
		highlight_put(&m->highlight, buf_str(&m->line), &m->pen);
		buf_clear(&m->line);
	}
}

/* All of the line that is there is shown. */
static void end_line(struct markdown *m)
{
	if (m->mode == MODE_BEGINNING)
		decide(m, true);
	switch (m->mode) {
	case MODE_TEXT: show_text(m, true); break;
	case MODE_CODE:
		highlight_put(&m->highlight, buf_str(&m->line), &m->pen);
		highlight_end_line(&m->highlight, &m->pen);
		break;
	case MODE_ROW: end_row(m); break;
	default: break;
	}
	buf_clear(&m->line);
}

static void note_cursor(struct markdown *m, size_t start)
{
	const struct buf *out = m->pen.out;

	if (out->n > start)
		m->is_mid_line = out->p[out->n - 1] != '\n';
}

void markdown_put(struct markdown *m, struct str text, struct buf *out)
{
	AUTO(buf) shown = {0};
	size_t start = out->n;

	m->pen.out = out;
	visible_put(&m->visible, &shown, text);
	for (struct str rest = buf_str(&shown); rest.n;) {
		size_t end = str_find_char(str_head(rest, PIECE_BYTES), '\n', 0);
		struct str piece = utf8_head(rest, end == SIZE_MAX ? PIECE_BYTES : end);
		if (piece.n)
			take_piece(m, piece);
		rest = str_skip(rest, piece.n);
		if (end == SIZE_MAX)
			continue;
		end_line(m);
		if (m->mode != MODE_ROW)
			put_newline(m);
		m->mode = MODE_BEGINNING;
		rest = str_skip(rest, 1);
	}
	note_cursor(m, start);
}

void markdown_end(struct markdown *m, struct buf *out)
{
	size_t start = out->n;

	m->pen.out = out;
	if (m->line.n || m->mode != MODE_BEGINNING)
		end_line(m);
	leave_table(m);
	note_cursor(m, start);
	begin_anew(m);
}
