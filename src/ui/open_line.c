// SPDX-License-Identifier: MIT
#include "ui/open_line.h"

#include <string.h>

#include "ui/inline.h"

void open_line_release(struct open_line *o)
{
	styled_release(&o->first);
	styled_release(&o->rest);
	styled_release(&o->flow);
	styled_release(&o->shown);
	styled_release(&o->next);
	rows_release(&o->rows);
}

void open_line_begin(struct open_line *o, uint8_t style)
{
	styled_clear(&o->first);
	styled_clear(&o->rest);
	styled_clear(&o->flow);
	styled_clear(&o->shown);
	o->style = style;
	o->certain = 0;
	o->before = ' ';
	o->is_begun = false;
}

static void take_source(struct open_line *o, struct buf *source, bool is_whole)
{
	styled_cut(&o->flow, o->certain);
	struct inline_certain c =
		inline_put(&o->flow, buf_str(source), o->before, is_whole, o->style);
	o->certain += c.shown;
	if (c.source)
		o->before = source->p[c.source - 1];
	buf_drop_front(source, c.source);
}

/* The last cell of a row stays free: where it is written, terminals differ in what comes next. */
static size_t width_behind(const struct styled *prefix, size_t columns)
{
	size_t used = styled_cells(prefix, 0, prefix->text.n) + 1;

	return columns > used ? columns - used : 1;
}

static void build_rows(struct open_line *o, size_t count)
{
	styled_clear(&o->next);
	for (size_t i = 0; i < count; i++) {
		const struct styled *prefix = i || o->is_begun ? &o->rest : &o->first;
		styled_copy(&o->next, prefix, 0, prefix->text.n);
		styled_copy(&o->next, &o->flow, o->rows.list.p[i].from, o->rows.list.p[i].end);
		if (i + 1 < count)
			styled_put(&o->next, STR("\n"), 0);
	}
}

/* How many rows of the terminal lie between the place and the end; a narrower one wraps them. */
static size_t rows_up(const struct styled *s, size_t from, size_t columns)
{
	size_t count = 0, end;

	for (; from <= s->text.n; from = end + 1) {
		end = str_find_char(buf_str(&s->text), '\n', from);
		end = end == SIZE_MAX ? s->text.n : end;
		size_t cells = styled_cells(s, from, end);
		count += cells > columns ? (cells + columns - 1) / columns : 1;
	}
	return count - 1;
}

/* How far the row from start on can stay; a mark goes together with what it is on. */
static size_t find_change(const struct open_line *o, size_t start, size_t common, size_t columns)
{
	size_t next = common + 1;

	while (next < o->next.text.n && ((unsigned char)o->next.text.p[next] & 0xc0) == 0x80)
		next++;
	bool is_on_one = common < o->next.text.n && o->next.text.p[common] != '\n' &&
			 styled_cells(&o->next, common, next) == 0;
	return is_on_one || styled_cells(&o->next, start, common) >= columns ? start : common;
}

static void write_changes(struct open_line *o, size_t columns, const struct pen *pen)
{
	size_t common = styled_common(&o->shown, &o->next), start = common;
	struct pen over = *pen;

	if (common == o->shown.text.n) {
		styled_write(&o->next, common, o->next.text.n, pen);
		return;
	}
	while (start && o->shown.text.p[start - 1] != '\n')
		start--;
	size_t up = rows_up(&o->shown, start, columns);
	size_t from = find_change(o, start, common, columns);
	size_t right = styled_cells(&o->next, start, from);
	buf_put_text(pen->out, "\x1b[?2026h");
	if (up)
		buf_printf(pen->out, "\x1b[%zuA", up);
	/* Written over and then cleared behind: the other way round it flickers. */
	buf_put_char(pen->out, '\r');
	if (right)
		buf_printf(pen->out, "\x1b[%zuC", right);
	over.clears = true;
	styled_write(&o->next, from, o->next.text.n, &over);
	buf_put_text(pen->out, "\x1b[J\x1b[?2026l");
}

/* Where the row begins in what was built. */
static size_t find_row(const struct styled *s, size_t row)
{
	size_t at = 0;

	while (row--)
		at = str_find_char(buf_str(&s->text), '\n', at) + 1;
	return at;
}

static void forget_rows(struct open_line *o, size_t count)
{
	size_t n = o->rows.list.p[count].from;

	styled_drop_front(&o->next, find_row(&o->next, count));
	styled_drop_front(&o->flow, n);
	o->certain -= n < o->certain ? n : o->certain;
	o->is_begun = true;
}

void open_line_show(struct open_line *o, struct buf *source, bool is_whole, size_t columns,
	size_t rows, const struct pen *pen)
{
	const struct styled *first = o->is_begun ? &o->rest : &o->first;

	take_source(o, source, is_whole);
	styled_rows(&o->flow, o->certain, width_behind(first, columns),
		width_behind(&o->rest, columns), &o->rows);
	size_t count = o->rows.list.n, final = is_whole ? count - 1 : o->rows.final;
	/* More than the screen has could not be written over: they wait. */
	size_t drawn = final + (rows > 2 ? rows - 1 : 1);
	build_rows(o, drawn < count ? drawn : count);
	write_changes(o, columns, pen);
	if (final)
		forget_rows(o, final);
	struct styled old = o->shown;
	o->shown = o->next;
	o->next = old;
}
