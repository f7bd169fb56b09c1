// SPDX-License-Identifier: MIT
#include "ui/usage.h"

#include <string.h>
#include <unistd.h>

#include "base/money.h"
#include "base/utf8.h"
#include "ui/usage_inside.h"
#include "ui/view.h"
#include "usage/zone.h"

void usage_look_at_terminal(struct usage_look *look, enum usage_colours colours,
	const char *(*environment)(const char *name))
{
	const char *term = environment("TERM");
	bool is_dumb = !term || !*term || strcmp(term, "dumb") == 0;
	bool is_terminal = isatty(STDOUT_FILENO);
	size_t columns, rows;

	look->has_colour = colours == USAGE_COLOURS_USUAL
				   ? view_wants_colour(environment, is_terminal, is_dumb)
				   : colours == USAGE_COLOURS_ALWAYS;
	look->has_style = look->has_colour || (is_terminal && !is_dumb);
	look->columns = 0;
	if (is_terminal) {
		view_screen(STDOUT_FILENO, &columns, &rows);
		look->columns = columns;
	}
}

bool usage_locale_is_utf8(const char *(*environment)(const char *name))
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names && !(value && *value); i++)
		value = environment(names[i]);
	return value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
}

const struct usage_word usage_words[USAGE_BY_COUNT] = {
	[USAGE_BY_DAY] = {"Date", "date"},
	[USAGE_BY_WEEK] = {"Week", "week"},
	[USAGE_BY_MONTH] = {"Month", "month"},
	[USAGE_BY_SESSION] = {"Session", "session"},
	[USAGE_BY_PROJECT] = {"Project", "project"},
	[USAGE_BY_MODEL] = {"Model", "model"},
	[USAGE_BY_BRANCH] = {"Branch", "branch"},
	[USAGE_BY_AGENT] = {"Agent", "agent"},
	[USAGE_BY_SOURCE] = {"Source", "source"},
	[USAGE_BY_PROVIDER] = {"Provider", "provider"},
};

/* ---- numbers ---- */

enum { NARROW_COLUMNS = 40 };
enum { NANO_PER_CENT = NANO_PER_USD / 100 };

/* The first two digits that are none of the zeros in front, so that it is no more than there is. */
static void put_little(struct buf *out, int64_t nanousd)
{
	int64_t unit = 1;

	while (nanousd / unit >= 100)
		unit *= 10;
	buf_put_char(out, '$');
	usage_put_usd(out, nanousd / unit * unit);
}

static void put_hundredths(struct buf *out, int64_t nano)
{
	int64_t cents = nano / NANO_PER_CENT + (nano % NANO_PER_CENT >= NANO_PER_CENT / 2);

	buf_put_count(out, cents / 100);
	buf_printf(out, ".%02d", (int)(cents % 100));
}

void usage_put_cost(
	const struct usage_look *look, struct buf *out, int64_t nanousd, int64_t unpriced)
{
	if (nanousd < 0 || (nanousd == 0 && unpriced)) {
		buf_put_text(out, "unknown");
		return;
	}
	buf_put_text(out, !unpriced ? "" : look->is_ascii ? ">= " : "≥ ");
	if (nanousd > 0 && nanousd < NANO_PER_CENT / 2) {
		if (unpriced)
			put_little(out, nanousd);
		else
			buf_put_text(out, "<$0.01");
		return;
	}
	buf_put_char(out, '$');
	put_hundredths(out, nanousd);
}

void usage_put_credits(struct buf *out, int64_t nanocredits)
{
	if (nanocredits > 0 && nanocredits < NANO_PER_CENT / 2)
		buf_put_text(out, "<0.01");
	else
		put_hundredths(out, nanocredits);
}

/* As few places as it takes: 0, 0.5, 12.000000001. */
void usage_put_usd(struct buf *out, int64_t nanousd)
{
	if (nanousd < 0)
		buf_put_char(out, '-');
	uint64_t size = nanousd < 0 ? -(uint64_t)nanousd : (uint64_t)nanousd;
	buf_printf(out, "%llu.%09llu", (unsigned long long)(size / NANO_PER_USD),
		(unsigned long long)(size % NANO_PER_USD));
	while (out->p[out->n - 1] == '0')
		buf_cut(out, out->n - 1);
	if (out->p[out->n - 1] == '.')
		buf_cut(out, out->n - 1);
}

int64_t usage_writes(const struct usage_tokens *t)
{
	return money_add(t->cache_write_5m, t->cache_write_1h);
}

/* ---- names ---- */

void usage_put_model(struct buf *out, const struct usage_view *view, const struct usage_part *part)
{
	struct str name = usage_name(view, part->name);

	if (name.n)
		buf_put_str(out, name);
	else
		buf_put_text(out, "unknown");
	buf_put_text(out, part->is_fast ? "-fast" : "");
}

struct str usage_short_model(struct str name)
{
	return str_starts(name, STR("claude-")) ? str_skip(name, 7) : name;
}

bool usage_part_counts(const struct usage_look *look, const struct usage_part *part)
{
	if (look->is_compat)
		return part->name != 0;
	return usage_tokens_total(&part->sum.tokens) > 0;
}

void usage_put_key(struct buf *out, const struct usage_look *look, const struct usage_query *query,
	const struct usage_row *row)
{
	if (query->by == USAGE_BY_MONTH)
		day_month_put(row->day, out);
	else if (usage_by_is_period(query->by))
		day_put(row->day, out);
	else if (row->is_fast)
		usage_put_model(
			out, look->view, &(struct usage_part){.name = row->name, .is_fast = true});
	else
		buf_put_str(out, usage_name(look->view, row->name));
}

void usage_put_clean(struct buf *out, struct str text)
{
	size_t n = 0;

	while (n < text.n && text.p[n] >= ' ' && text.p[n] <= '~')
		n++;
	if (n == text.n)
		buf_put_str(out, text);
	else
		utf8_put_line(out, text, SIZE_MAX);
}

bool usage_is_narrow(const struct usage_look *look)
{
	return look->columns && look->columns < NARROW_COLUMNS;
}

/* Spaces at the beginning stay where they are. */
void usage_put_prose(const struct usage_look *look, struct str text, size_t indent)
{
	struct styled line = {0};
	struct rows rows = {0};
	struct pen pen = {.out = look->out};
	size_t lead = 0, width = look->columns;

	if (!width) {
		buf_put_str(look->out, text);
		buf_put_char(look->out, '\n');
		return;
	}
	while (lead < text.n && text.p[lead] == ' ' && lead < width / 2)
		lead++;
	indent = indent < width / 2 ? indent : width / 4;
	styled_put(&line, str_skip(text, lead), 0);
	styled_rows(&line, line.text.n, width - lead, width - indent, &rows);
	for (size_t i = 0; i < rows.list.n; i++) {
		buf_printf(look->out, "%*s", (int)(i ? indent : lead), "");
		styled_write(&line, rows.list.p[i].from, rows.list.p[i].end, &pen);
		buf_put_char(look->out, '\n');
	}
	rows_release(&rows);
	styled_release(&line);
}

void usage_put_field(struct buf *out, struct str text)
{
	AUTO(buf) clean = {0};

	usage_put_clean(&clean, text);
	text = buf_str(&clean);
	/* Spreadsheets take it for a formula, which may run programs; an apostrophe makes it text.
	 */
	bool is_formula = text.n && memchr("=+-@", text.p[0], 4);
	if (!memchr(text.p, ',', text.n) && !memchr(text.p, '"', text.n)) {
		buf_put_text(out, is_formula ? "'" : "");
		buf_put_str(out, text);
		return;
	}
	buf_put_text(out, is_formula ? "\"'" : "\"");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_put_char(out, '"');
		buf_put_char(out, text.p[i]);
	}
	buf_put_char(out, '"');
}

void usage_put_csv_cost(const struct usage_look *look, const struct usage_sum *sum)
{
	int64_t unpriced = sum->unpriced[look->mode], nanousd = sum->cost_nanousd[look->mode];

	if (look->hides_cost)
		return;
	buf_put_char(look->out, ',');
	if (nanousd || !unpriced)
		usage_put_usd(look->out, nanousd);
	buf_printf(look->out, ",%lld", (long long)unpriced);
}

void usage_show_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows)
{
	static void (*const forms[])(const struct usage_look *look, const struct usage_query *query,
		const struct usage_rows *rows) = {
		[USAGE_TABLE] = usage_table_rows,
		[USAGE_JSON] = usage_json_rows,
		[USAGE_CSV] = usage_csv_rows,
		[USAGE_CHART] = usage_chart_rows,
	};

	forms[look->form](look, query, rows);
}

void usage_show_sections(
	const struct usage_look *look, const struct usage_section *sections, size_t count)
{
	if (look->form == USAGE_JSON) {
		usage_json_sections(look, sections, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct usage_look own = *look;
		own.view = sections[i].view;
		buf_put_text(look->out, i ? "\n" : "");
		usage_table_rows(&own, &sections[i].query, &sections[i].rows);
	}
}
