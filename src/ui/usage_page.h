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

/* Bars of days, weeks or months, stacked by model. */
void page_put_times(const struct page *page);

#endif
