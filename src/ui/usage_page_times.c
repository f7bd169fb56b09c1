// SPDX-License-Identifier: MIT
/* usage_page_times: bars over time as SVG. What they show is in the page's table, too. */
#include "ui/usage_page.h"
#include "ui/view.h"
#include "usage/zone.h"

enum { PERIODS_MAX = 200, WIDTH = 960, HEIGHT = 300, LEFT = 70, RIGHT = 40, TOP = 12, BOTTOM = 28 };
enum { TICKS = 4, LABEL_WIDTH = 84, PLOT_WIDTH = WIDTH - LEFT - RIGHT };
enum { PLOT_HEIGHT = HEIGHT - TOP - BOTTOM };

struct period {
	int32_t day;
	const struct usage_row *row; /* NULL: nothing was used */
};

struct times {
	const struct page *page;
	struct usage_query query;
	VEC(struct period) periods; /* without a hole, the last ones */
	size_t first; /* that is shown */
	double top; /* what the height of the plot stands for */
	double tick;
};

/* ---- scale ---- */

static int64_t size_of(const struct times *t, const struct usage_sum *sum)
{
	return usage_size_of(t->page->look, sum, t->page->by_cost);
}

/* 1, 2 or 5 times a power of ten. */
static double round_up(double value)
{
	double power = 1;

	while (power * 10 <= value)
		power *= 10;
	while (power > value)
		power /= 10;
	double digit = value / power;
	return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static void choose_scale(struct times *t)
{
	int64_t most = 0;

	for (size_t i = t->first; i < t->periods.n; i++) {
		const struct usage_row *row = t->periods.p[i].row;
		int64_t size = row ? size_of(t, &row->sum) : 0;
		most = size > most ? size : most;
	}
	t->tick = most > 0 ? round_up((double)most / TICKS) : 0;
	t->top = most > 0 ? 0 : 1;
	while (t->top < (double)most)
		t->top += t->tick;
}

/* With as many places as tell one tick from the next. */
static void put_tick(const struct times *t, double value)
{
	char text[16];

	if (!t->page->by_cost) {
		buf_put_text(t->page->out, view_count((int64_t)value, text));
		return;
	}
	double step = t->tick / 1e9;
	int places = step >= 1 ? 0 : step >= 0.01 ? 2 : 6;
	buf_printf(t->page->out, "$%.*f", places, value / 1e9);
}

static void put_grid(const struct times *t)
{
	for (int i = 0; t->tick > 0 && t->tick * i <= t->top * 1.001; i++) {
		double y = TOP + PLOT_HEIGHT * (1 - t->tick * i / t->top);
		buf_printf(t->page->out,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
			LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4);
		put_tick(t, t->tick * i);
		buf_put_text(t->page->out, "</text>\n");
	}
}

/* ---- bars ---- */

static void put_name(const struct times *t, const struct period *period)
{
	struct usage_row row = {.day = period->day};

	usage_put_key(t->page->out, t->page->look, &t->query, &row);
}

static void put_words(const struct times *t, const struct usage_sum *sum)
{
	const struct usage_look *look = t->page->look;

	if (!look->hides_cost) {
		usage_put_cost(look, t->page->out, sum->cost_nanousd[look->mode],
			sum->unpriced[look->mode]);
		buf_put_text(t->page->out, ", ");
	}
	buf_put_count(t->page->out, usage_tokens_total(&sum->tokens));
	buf_put_text(t->page->out, " tokens");
}

static void put_part(const struct times *t, const struct period *period,
	const struct usage_part *part, double x, double width, double *y)
{
	double height = (double)size_of(t, &part->sum) / t->top * PLOT_HEIGHT;
	struct buf *out = t->page->out;

	if (height <= 0)
		return;
	*y -= height;
	buf_printf(out,
		"<rect class=\"m%zu\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>",
		page_colour(t->page, part), x, *y, width, height);
	put_name(t, period);
	buf_put_text(out, " ");
	page_put_model(t->page, part);
	buf_put_text(out, ": ");
	put_words(t, &part->sum);
	buf_put_text(out, "</title></rect>");
}

static void put_bars(const struct times *t)
{
	size_t count = t->periods.n - t->first;
	double step = (double)PLOT_WIDTH / (double)count;
	double width = step > 3 ? step * 0.8 : step;

	width = width < 60 ? width : 60;
	for (size_t i = 0; i < count; i++) {
		const struct period *period = &t->periods.p[t->first + i];
		double y = TOP + PLOT_HEIGHT;
		double x = LEFT + step * (double)i + (step - width) / 2;
		if (!period->row)
			continue;
		buf_put_text(t->page->out, "<g class=\"bar\">");
		/* A colour has the same place in every bar. */
		for (size_t colour = 0; colour < PAGE_COLOURS; colour++)
			for (size_t k = 0; k < period->row->part_count; k++)
				if (page_colour(t->page, &period->row->parts[k]) == colour)
					put_part(t, period, &period->row->parts[k], x, width, &y);
		buf_put_text(t->page->out, "</g>\n");
	}
}

/* As many names below the bars as there is room for. */
static void put_names(const struct times *t)
{
	size_t count = t->periods.n - t->first;
	double step = (double)PLOT_WIDTH / (double)count;
	size_t every = (LABEL_WIDTH * count + PLOT_WIDTH - 1) / PLOT_WIDTH;

	for (size_t i = 0; i < count; i += every) {
		buf_printf(t->page->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
			LEFT + step * ((double)i + 0.5), HEIGHT - 8);
		put_name(t, &t->periods.p[t->first + i]);
		buf_put_text(t->page->out, "</text>\n");
	}
}

/* ---- the figure ---- */

static void find_periods(struct times *t)
{
	const struct usage_rows *rows = &t->page->times;

	for (size_t i = 0; i < rows->count; i++) {
		const struct usage_row *row = &rows->list[i];
		int32_t from = i ? usage_period_beside(t->query.by, row[-1].day, false) : row->day;
		/* What lies too far apart is not drawn to scale in any case. */
		for (size_t n = 0; from < row->day && n < PERIODS_MAX; n++) {
			vec_push(&t->periods, (struct period){.day = from});
			from = usage_period_beside(t->query.by, from, false);
		}
		vec_push(&t->periods, (struct period){row->day, row});
	}
	t->first = t->periods.n > PERIODS_MAX ? t->periods.n - PERIODS_MAX : 0;
}

static void put_caption(const struct times *t)
{
	static const char *const words[] = {
		[USAGE_BY_DAY] = "day", [USAGE_BY_WEEK] = "week", [USAGE_BY_MONTH] = "month"};

	buf_printf(t->page->out, "<figcaption>%s by %s and model",
		t->page->by_cost ? "Cost" : "Tokens", words[t->query.by]);
	if (t->first)
		buf_printf(t->page->out, ": the last %d %ss", PERIODS_MAX, words[t->query.by]);
	buf_put_text(t->page->out, "</figcaption>\n");
}

void page_put_times(const struct page *page)
{
	struct times t = {.page = page, .query = {.by = page->times_by}};

	find_periods(&t);
	put_caption(&t);
	if (t.periods.n == 0) {
		buf_put_text(page->out, "<p>Nothing was used.</p>\n");
		return;
	}
	choose_scale(&t);
	buf_printf(page->out,
		"<svg class=\"times\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"Bars over time; the tables below have their numbers\">\n",
		WIDTH, HEIGHT);
	put_grid(&t);
	put_bars(&t);
	put_names(&t);
	buf_put_text(page->out, "</svg>\n");
	vec_release(&t.periods);
}
