// SPDX-License-Identifier: MIT
/* usage_page: what the files that make the HTML page share. */
#ifndef UI_USAGE_PAGE_H
#define UI_USAGE_PAGE_H

#include "ui/usage_inside.h"

/* Models have colours of their own up to this many; the rest is one. */
enum { PAGE_COLOURS = 8 };

struct page {
	const struct usage_look *look;
	const struct usage_page *what;
	const struct usage_rows *rows; /* what totals and models are of */
	struct usage_rows times, projects;
	enum usage_by times_by; /* days, weeks or months */
	struct buf *out;
	bool by_cost; /* what lengths and heights are of */
};

/* Text from outside: nothing in it is HTML, and nothing hides or turns around what follows. */
void page_put_text(const struct page *page, struct str text);
void page_put_count(const struct page *page, int64_t count);
/* "$1.23", with the exact number for programs. */
void page_put_cost(const struct page *page, const struct usage_sum *sum);
void page_put_model(const struct page *page, const struct usage_part *part);
/* The colour of a model: its place among the dearest. */
size_t page_colour(const struct page *page, const struct usage_part *part);

/* <td class="number"> with a count, a cost. */
void page_put_count_cell(const struct page *page, int64_t count);
void page_put_cost_cell(const struct page *page, const struct usage_sum *sum);
/* A cell with the names of models: the first ones, and how many more there are. */
void page_put_models_cell(const struct page *page, const struct usage_part *parts, size_t count);
/*
 * Cells of answers, kinds of tokens, their total and the cost, and the titles above them. Names of
 * any length stand behind these (behind: titles of their own), so that no number is scrolled away.
 */
void page_put_sum(const struct page *page, const struct usage_sum *sum);
void page_put_sum_heads(const struct page *page, const char *behind);
/* Titles of columns of numbers, "Cost" and what is behind them, and the head's end. */
void page_put_number_heads(
	const struct page *page, const char *const *titles, size_t count, const char *behind);

/* What stands in a table: so many rows at most. */
enum { PAGE_ROWS_MAX = 1000 };
struct page_size {
	int64_t size;
	size_t place; /* below places */
};
/*
 * Which places do: the largest. Where not all of them do, a line says so, and that they are the
 * newest or largest (which). sizes are put into order.
 */
const bool *page_choose(const struct page *page, struct page_size *sizes, size_t count,
	size_t places, const char *which, struct arena *arena);

/* The tables of tools and of blocks. */
void page_put_tools(const struct page *page);
void page_put_blocks(const struct page *page);
/* Rows of what the blocks' models have used. */
void page_group_blocks(const struct page *page, enum usage_by by, struct usage_rows *out);

/* Bars of days, weeks or months, stacked by model. */
void page_put_times(const struct page *page);

#endif
