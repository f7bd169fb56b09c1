// SPDX-License-Identifier: MIT
/*
 * usage_page: a report as one HTML file that needs nothing else. Its frame is usage_page.html: what
 * stands in double braces there is put in here.
 */
#include "ui/usage_page.h"

#include <stdlib.h>

#include "base/money.h"
#include "base/utf8.h"
#include "usage/zone.h"

extern const char embed_usage_page_html[], embed_usage_page_css[];

enum { TEXT_MAX_CELLS = 400, SHARES_MAX = 20, MODELS_MAX = 4 };

/* ---- text ---- */

void page_put_text(const struct page *page, struct str text)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, text, TEXT_MAX_CELLS);
	for (size_t i = 0; i < shown.n; i++) {
		switch (shown.p[i]) {
		case '&': buf_put_text(page->out, "&amp;"); break;
		case '<': buf_put_text(page->out, "&lt;"); break;
		case '>': buf_put_text(page->out, "&gt;"); break;
		case '"': buf_put_text(page->out, "&quot;"); break;
		case '\'': buf_put_text(page->out, "&#39;"); break;
		default: buf_put_char(page->out, shown.p[i]);
		}
	}
}

void page_put_count(const struct page *page, int64_t count)
{
	buf_printf(page->out, "<data value=\"%lld\">", (long long)count);
	buf_put_count(page->out, count);
	buf_put_text(page->out, "</data>");
}

void page_put_cost(const struct page *page, const struct usage_sum *sum)
{
	int64_t cost = sum->cost_nanousd[page->look->mode];
	AUTO(buf) text = {0};

	buf_put_text(page->out, "<data value=\"");
	usage_put_usd(page->out, cost);
	buf_put_text(page->out, "\">");
	usage_put_cost(page->look, &text, cost, sum->unpriced[page->look->mode]);
	page_put_text(page, buf_str(&text));
	buf_put_text(page->out, "</data>");
}

void page_put_model(const struct page *page, const struct usage_part *part)
{
	AUTO(buf) name = {0};

	usage_put_model(&name, page->look->view, part);
	page_put_text(page, buf_str(&name));
}

size_t page_colour(const struct page *page, const struct usage_part *part)
{
	const struct usage_row *total = &page->rows->total;

	for (size_t i = 0; i < total->part_count && i < PAGE_COLOURS - 1; i++)
		if (total->parts[i].name == part->name && total->parts[i].is_fast == part->is_fast)
			return i;
	return PAGE_COLOURS - 1;
}

static void put_key(
	const struct page *page, const struct usage_query *query, const struct usage_row *row)
{
	AUTO(buf) key = {0};

	if (query->by == USAGE_BY_PROJECT)
		usage_put_path(&key, page->look, usage_name(page->look->view, row->name));
	else
		usage_put_key(&key, page->look, query, row);
	if (key.n == 0)
		buf_put_text(&key, query->by == USAGE_BY_AGENT ? "(main)" : "(none)");
	page_put_text(page, buf_str(&key));
}

static void put_project(const struct page *page, uint32_t project)
{
	AUTO(buf) name = {0};

	usage_put_path(&name, page->look, usage_name(page->look->view, project));
	page_put_text(page, name.n ? buf_str(&name) : STR("(none)"));
}

/* ---- the head ---- */

static void put_title(const struct page *page)
{
	enum usage_by by = page->what->query->by;

	buf_printf(page->out, "Usage by %s",
		page->what->tools    ? "tool"
		: page->what->blocks ? "block"
		: by == USAGE_BY_DAY ? "day"
				     : usage_words[by].field);
}

static void put_style(const struct page *page)
{
	buf_put_text(page->out, embed_usage_page_css);
}

static void put_version(const struct page *page)
{
	buf_put_text(page->out, FETTLE_VERSION);
}

static void put_about(const struct page *page)
{
	const struct usage_row *total = &page->rows->total;
	const struct usage_zone *zone = page->look->view->zone;
	AUTO(buf) text = {0};

	if (total->sum.answers) {
		usage_zone_put(zone, total->first_ms, "%Y-%m-%d", &text);
		buf_put_text(&text, " to ");
		usage_zone_put(zone, total->last_ms, "%Y-%m-%d", &text);
	} else {
		buf_put_text(&text, "Nothing was used");
	}
	buf_printf(&text, ", days of %s. Made ", usage_zone_name(zone));
	usage_zone_put(zone, page->what->now_ms, "%Y-%m-%d %H:%M", &text);
	buf_put_text(&text, ".");
	page_put_text(page, buf_str(&text));
}

static void begin_total(const struct page *page, const char *name)
{
	buf_printf(page->out, "<div><dt>%s</dt><dd>", name);
}

static void end_total(const struct page *page)
{
	buf_put_text(page->out, "</dd></div>\n");
}

static void put_totals(const struct page *page)
{
	const struct usage_sum *sum = &page->rows->total.sum;
	int64_t cached = usage_cached_permille(&sum->tokens);

	if (!page->look->hides_cost) {
		begin_total(page, "Cost");
		page_put_cost(page, sum);
		end_total(page);
	}
	begin_total(page, "Tokens");
	page_put_count(page, usage_tokens_total(&sum->tokens));
	end_total(page);
	begin_total(page, "Answers");
	page_put_count(page, sum->answers);
	end_total(page);
	if (cached < 0)
		return;
	begin_total(page, "Read from caches");
	buf_printf(page->out, "%lld.%lld %%", (long long)cached / 10, (long long)cached % 10);
	end_total(page);
}

static void put_warning(const struct page *page)
{
	const struct usage_row *total = &page->rows->total;
	int64_t unpriced = total->sum.unpriced[page->look->mode];
	bool is_first = true;

	if (page->look->hides_cost || !unpriced)
		return;
	buf_put_text(page->out, "<p class=\"warning\" role=\"note\">Costs are without those of ");
	page_put_count(page, unpriced);
	buf_put_text(page->out, unpriced == 1 ? " answer, whose cost is unknown: "
					      : " answers, whose costs are unknown: ");
	for (size_t i = 0; i < total->part_count; i++) {
		if (!total->parts[i].sum.unpriced[page->look->mode])
			continue;
		buf_put_text(page->out, is_first ? "" : ", ");
		page_put_model(page, &total->parts[i]);
		is_first = false;
	}
	buf_put_text(page->out, ".</p>\n");
}

/* ---- shares of models and projects ---- */

static void put_length(const struct page *page, double part, size_t colour)
{
	buf_printf(page->out,
		"<td class=\"length\"><svg aria-hidden=\"true\"><rect class=\"m%zu\" rx=\"2\" "
		"width=\"%.2f%%\" height=\"12\"/></svg></td>",
		colour, part * 100);
}

static void begin_shares(const struct page *page, const char *title, const char *column)
{
	buf_printf(page->out,
		"<table>\n<caption>%s</caption>\n<thead><tr><th scope=\"col\">%s</th>"
		"<th scope=\"col\">Share</th><th scope=\"col\" class=\"number\">Tokens</th>",
		title, column);
	if (!page->look->hides_cost)
		buf_put_text(page->out, "<th scope=\"col\" class=\"number\">Cost</th>");
	buf_put_text(page->out, "</tr></thead>\n<tbody>\n");
}

static void put_share(
	const struct page *page, const struct usage_sum *sum, int64_t most, size_t colour)
{
	buf_put_text(page->out, "</th>");
	put_length(
		page, usage_part_of(usage_size_of(page->look, sum, page->by_cost), most), colour);
	buf_put_text(page->out, "<td class=\"number\">");
	page_put_count(page, usage_tokens_total(&sum->tokens));
	if (!page->look->hides_cost) {
		buf_put_text(page->out, "</td><td class=\"number\">");
		page_put_cost(page, sum);
	}
	buf_put_text(page->out, "</td></tr>\n");
}

static void end_shares(const struct page *page)
{
	buf_put_text(page->out, "</tbody>\n</table>\n");
}

static void put_models(const struct page *page)
{
	const struct usage_row *total = &page->rows->total;
	int64_t most = 0;

	for (size_t i = 0; i < total->part_count; i++) {
		int64_t size = usage_size_of(page->look, &total->parts[i].sum, page->by_cost);
		most = size > most ? size : most;
	}
	begin_shares(page, "By model", "Model");
	for (size_t i = 0; i < total->part_count; i++) {
		const struct usage_part *part = &total->parts[i];
		size_t colour = page_colour(page, part);
		if (!usage_part_counts(page->look, part))
			continue;
		buf_printf(page->out,
			"<tr><th scope=\"row\"><svg class=\"swatch\" aria-hidden=\"true\">"
			"<rect class=\"m%zu\" width=\"12\" height=\"12\" rx=\"2\"/></svg>",
			colour);
		page_put_model(page, part);
		put_share(page, &part->sum, most, colour);
	}
	end_shares(page);
}

/* The dearest ones, and the rest as one. */
static void put_projects(const struct page *page)
{
	const struct usage_rows *projects = &page->projects;
	struct usage_query query = {.by = USAGE_BY_PROJECT};
	struct usage_sum rest = {0};
	int64_t most = 0;

	if (page->what->blocks)
		return;
	for (size_t i = 0; i < projects->count; i++) {
		int64_t size = usage_size_of(page->look, &projects->list[i].sum, page->by_cost);
		most = size > most ? size : most;
		if (i >= SHARES_MAX)
			usage_sum_add(&rest, &projects->list[i].sum);
	}
	begin_shares(page, "By project", "Project");
	for (size_t i = 0; i < projects->count && i < SHARES_MAX; i++) {
		buf_put_text(page->out, "<tr><th scope=\"row\">");
		put_key(page, &query, &projects->list[i]);
		put_share(page, &projects->list[i].sum, most, 0);
	}
	if (projects->count > SHARES_MAX) {
		buf_printf(page->out, "<tr><th scope=\"row\">%zu others",
			projects->count - SHARES_MAX);
		int64_t size = usage_size_of(page->look, &rest, page->by_cost);
		put_share(page, &rest, size > most ? size : most, PAGE_COLOURS - 1);
	}
	end_shares(page);
}

/* ---- the report's table ---- */

static bool has_project(const struct page *page)
{
	return page->what->query->is_by_project || page->what->query->by == USAGE_BY_SESSION;
}

static bool has_models(const struct page *page)
{
	return page->what->query->by != USAGE_BY_MODEL;
}

void page_put_number_heads(
	const struct page *page, const char *const *titles, size_t count, const char *behind)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(page->out, "<th scope=\"col\" class=\"number\">%s</th>", titles[i]);
	if (!page->look->hides_cost)
		buf_put_text(page->out, "<th scope=\"col\" class=\"number\">Cost</th>");
	buf_printf(page->out, "%s</tr></thead>\n<tbody>\n", behind);
}

void page_put_sum_heads(const struct page *page, const char *behind)
{
	static const char *const numbers[] = {
		"Answers", "Input", "Output", "Cache write", "Cache read", "Total"};

	page_put_number_heads(page, numbers, sizeof numbers / sizeof *numbers, behind);
}

static void put_heads(const struct page *page)
{
	AUTO(buf) behind = {0};

	buf_put_text(&behind, has_project(page) ? "<th scope=\"col\">Project</th>" : "");
	buf_put_text(&behind, has_models(page) ? "<th scope=\"col\">Models</th>" : "");
	buf_printf(page->out, "<thead><tr><th scope=\"col\">%s</th>",
		usage_words[page->what->query->by].title);
	page_put_sum_heads(page, buf_text(&behind));
}

void page_put_count_cell(const struct page *page, int64_t count)
{
	buf_put_text(page->out, "<td class=\"number\">");
	page_put_count(page, count);
	buf_put_text(page->out, "</td>");
}

void page_put_cost_cell(const struct page *page, const struct usage_sum *sum)
{
	if (page->look->hides_cost)
		return;
	buf_put_text(page->out, "<td class=\"number\">");
	page_put_cost(page, sum);
	buf_put_text(page->out, "</td>");
}

void page_put_sum(const struct page *page, const struct usage_sum *sum)
{
	const struct usage_tokens *t = &sum->tokens;
	const int64_t numbers[] = {sum->answers, t->input, money_add(t->output, t->other),
		usage_writes(t), t->cache_read, usage_tokens_total(t)};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		page_put_count_cell(page, numbers[i]);
	page_put_cost_cell(page, sum);
}

void page_put_models_cell(const struct page *page, const struct usage_part *parts, size_t count)
{
	size_t counting = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		counting += usage_part_counts(page->look, &parts[i]);
	size_t shown = counting > MODELS_MAX ? MODELS_MAX - 1 : counting;
	buf_put_text(page->out, "<td class=\"names\">");
	for (size_t i = 0; i < count && at < shown; i++) {
		if (!usage_part_counts(page->look, &parts[i]))
			continue;
		buf_put_text(page->out, at++ ? ", " : "");
		page_put_model(page, &parts[i]);
	}
	if (shown < counting)
		buf_printf(page->out, " and %zu more", counting - shown);
	buf_put_text(page->out, "</td>");
}

/* A row that says neither project nor models. */
static void end_row(const struct page *page, const struct usage_sum *sum)
{
	page_put_sum(page, sum);
	buf_put_text(page->out, has_project(page) ? "<td></td>" : "");
	buf_put_text(page->out, has_models(page) ? "<td></td>" : "");
	buf_put_text(page->out, "</tr>\n");
}

static void put_row(const struct page *page, const struct usage_row *row)
{
	buf_put_text(page->out, "<tr><th scope=\"row\">");
	put_key(page, page->what->query, row);
	buf_put_text(page->out, "</th>");
	page_put_sum(page, &row->sum);
	if (has_project(page)) {
		buf_put_text(page->out, "<td class=\"names\">");
		put_project(page, row->project);
		buf_put_text(page->out, "</td>");
	}
	if (has_models(page))
		page_put_models_cell(page, row->parts, row->part_count);
	buf_put_text(page->out, "</tr>\n");
}

static int by_size(const void *a, const void *b)
{
	const struct page_size *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

const bool *page_choose(const struct page *page, struct page_size *sizes, size_t count,
	size_t places, const char *which, struct arena *arena)
{
	bool *is_drawn = arena_alloc(arena, places, sizeof *is_drawn);

	if (count > PAGE_ROWS_MAX) {
		qsort(sizes, count, sizeof *sizes, by_size);
		buf_printf(page->out, "<p class=\"quiet\">The table has the %s ", which);
		page_put_count(page, PAGE_ROWS_MAX);
		buf_put_text(page->out, " of ");
		page_put_count(page, (int64_t)count);
		buf_put_text(page->out, "; the totals are of all.</p>\n");
	}
	for (size_t i = 0; i < count && i < PAGE_ROWS_MAX; i++)
		is_drawn[sizes[i].place] = true;
	return is_drawn;
}

static const bool *choose_rows(const struct page *page, struct arena *arena)
{
	const struct usage_rows *rows = page->rows;
	bool is_period = usage_by_is_period(page->what->query->by);
	struct page_size *sizes = arena_alloc(arena, rows->count, sizeof *sizes);

	for (size_t i = 0; i < rows->count; i++)
		sizes[i] = (struct page_size){
			is_period ? rows->list[i].day
				  : usage_size_of(page->look, &rows->list[i].sum, page->by_cost),
			i};
	return page_choose(
		page, sizes, rows->count, rows->count, is_period ? "newest" : "largest", arena);
}

static void put_parts(const struct page *page, const struct usage_row *row)
{
	for (size_t k = 0; k < row->part_count; k++) {
		if (!usage_part_counts(page->look, &row->parts[k]))
			continue;
		buf_put_text(page->out, "<tr class=\"part\"><th scope=\"row\">");
		page_put_model(page, &row->parts[k]);
		buf_put_text(page->out, "</th>");
		end_row(page, &row->parts[k].sum);
	}
}

static void put_rows(const struct page *page)
{
	const struct usage_rows *rows = page->rows;
	AUTO(arena) arena = {0};
	const bool *is_drawn = choose_rows(page, &arena);

	buf_put_text(page->out, "<table>\n<caption id=\"rows\">");
	put_title(page);
	buf_put_text(page->out, "</caption>\n");
	put_heads(page);
	for (size_t i = 0; i < rows->count; i++) {
		if (!is_drawn[i])
			continue;
		put_row(page, &rows->list[i]);
		if (page->look->has_breakdown)
			put_parts(page, &rows->list[i]);
	}
	buf_put_text(page->out, "</tbody>\n<tfoot><tr><th scope=\"row\">Total</th>");
	end_row(page, &rows->total.sum);
	buf_put_text(page->out, "</tfoot>\n</table>\n");
}

static void put_table(const struct page *page)
{
	if (page->what->tools)
		page_put_tools(page);
	else if (page->what->blocks)
		page_put_blocks(page);
	else
		put_rows(page);
}

/* ---- what providers say of limits ---- */

static void put_limits(const struct page *page)
{
	AUTO(buf) line = {0};
	bool is_first = true;

	for (size_t at = 0; usage_limit_line(page->look, page->what->now_ms, &at, &line);
		buf_clear(&line)) {
		if (is_first)
			buf_put_text(page->out, "<section class=\"limits\">\n"
						"<h2>Reported limits, when this was made</h2>\n");
		is_first = false;
		buf_put_text(page->out, "<p>");
		page_put_text(page, buf_str(&line));
		buf_put_text(page->out, "</p>\n");
	}
	buf_put_text(page->out, is_first ? "" : "</section>\n");
}

/* ---- the frame ---- */

static const struct {
	const char *name;
	void (*put)(const struct page *page);
} places[] = {
	{"title", put_title},
	{"style", put_style},
	{"about", put_about},
	{"totals", put_totals},
	{"warning", put_warning},
	{"limits", put_limits},
	{"times", page_put_times},
	{"models", put_models},
	{"projects", put_projects},
	{"rows", put_table},
	{"version", put_version},
};

static void put_place(const struct page *page, struct str name)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (str_is(name, places[i].name)) {
			places[i].put(page);
			return;
		}
	must(!"a place that nothing fills");
}

static void put_frame(const struct page *page)
{
	struct str frame = str_from(embed_usage_page_html);

	for (size_t at = 0;;) {
		size_t begin = str_find(frame, STR("{{"), at);
		size_t end = begin == SIZE_MAX ? SIZE_MAX : str_find(frame, STR("}}"), begin);
		if (end == SIZE_MAX) {
			buf_put_str(page->out, str_skip(frame, at));
			return;
		}
		buf_put(page->out, frame.p + at, begin - at);
		put_place(page, str_range(frame.p + begin + 2, frame.p + end));
		at = end + 2;
	}
}

/* More periods than these are no bars any more: weeks, and then months take their place. */
enum { DAYS_MAX = 100, WEEKS_MAX = 100 };

static enum usage_by choose_times(const struct page *page)
{
	const struct usage_row *total = &page->rows->total;
	const struct usage_zone *zone = page->look->view->zone;
	int64_t days = 0;

	if (total->sum.answers)
		days = (int64_t)usage_zone_day(zone, total->last_ms) -
		       usage_zone_day(zone, total->first_ms);
	return days < DAYS_MAX          ? USAGE_BY_DAY
	       : days < 7LL * WEEKS_MAX ? USAGE_BY_WEEK
					: USAGE_BY_MONTH;
}

static uint64_t session_key(uint32_t source, uint32_t session)
{
	return (uint64_t)source << 32 | session;
}

static int compare_keys(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of so many conversations only: what else is on the page is of these, too. */
static struct usage_view limited_view(const struct page *page, struct arena *arena)
{
	struct usage_view view = *page->look->view;
	const struct usage_rows *rows = page->rows;

	if (!page->what->query->limit || page->what->query->by != USAGE_BY_SESSION)
		return view;
	uint64_t *keys = arena_alloc(arena, rows->count, sizeof *keys);
	struct usage_cell *cells = arena_alloc(arena, view.cell_count, sizeof *cells);
	size_t n = 0;
	for (size_t i = 0; i < rows->count; i++)
		keys[i] = session_key(rows->list[i].source, rows->list[i].name);
	if (rows->count)
		qsort(keys, rows->count, sizeof *keys, compare_keys);
	for (size_t i = 0; i < view.cell_count && rows->count; i++) {
		uint64_t key = session_key(view.cells[i].source, view.cells[i].session);
		if (bsearch(&key, keys, rows->count, sizeof key, compare_keys))
			cells[n++] = view.cells[i];
	}
	view.cells = cells;
	view.cell_count = n;
	return view;
}

void usage_put_page(const struct usage_look *look, const struct usage_page *what)
{
	AUTO(arena) arena = {0};
	struct page page = {.look = look, .what = what, .rows = what->rows, .out = look->out};
	struct usage_query query = *what->query;
	struct usage_rows whole = {0};

	if (what->blocks) {
		page_group_blocks(&page, USAGE_BY_DAY, &whole);
		page.rows = &whole;
	}
	struct usage_view view = limited_view(&page, &arena);
	page.by_cost = usage_is_by_cost(look, &page.rows->total.sum);
	page.times_by = query.by = choose_times(&page);
	query.order = USAGE_ORDER_UP;
	query.is_by_project = false;
	query.limit = 0;
	if (what->blocks)
		page_group_blocks(&page, query.by, &page.times);
	else
		usage_group(&view, &query, &page.times);
	query.by = USAGE_BY_PROJECT;
	query.order = USAGE_ORDER_USUAL;
	if (!what->blocks)
		usage_group(&view, &query, &page.projects);
	put_frame(&page);
	usage_rows_release(&page.projects);
	usage_rows_release(&page.times);
	usage_rows_release(&whole);
}
