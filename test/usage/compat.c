// SPDX-License-Identifier: MIT
/*
 * compat days|sessions [SOURCES [ZONE]]: what a view by ccusage's rules has, a line of JSON for
 * each sum, for the transcripts of HOME.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "usage/price.h"
#include "usage/usage.h"
#include "usage/zone.h"

static const char *environment(const char *name)
{
	return getenv(name);
}

static void member_name(
	struct json_writer *w, const char *member, const struct usage_view *view, uint32_t name)
{
	json_member_str(w, member, view->names[name]);
}

static void print_cell(const struct usage_view *view, const struct usage_cell *cell)
{
	AUTO(buf) line = {0};
	AUTO(buf) day = {0};
	struct json_writer w = {.buf = &line};
	const struct usage_sum *sum = &cell->sum;

	day_put(cell->day, &day);
	json_open(&w, '{');
	json_member_text(&w, "day", buf_text(&day));
	member_name(&w, "source", view, cell->source);
	member_name(&w, "project", view, cell->project);
	member_name(&w, "session", view, cell->session);
	member_name(&w, "model", view, cell->model);
	json_member_int(&w, "answers", sum->answers);
	json_member_int(&w, "input", sum->tokens.input);
	json_member_int(&w, "output", sum->tokens.output);
	json_member_int(&w, "cache_write", sum->tokens.cache_write_5m + sum->tokens.cache_write_1h);
	json_member_int(&w, "cache_read", sum->tokens.cache_read);
	json_member_int(&w, "other", sum->tokens.other);
	json_member_int(&w, "cost_nanousd", sum->cost_nanousd[USAGE_AUTO]);
	json_member_int(&w, "unpriced", sum->unpriced[USAGE_AUTO]);
	json_close(&w, '}');
	puts(buf_text(&line));
}

struct tally {
	int64_t answers, cost_nanousd;
};

static bool count(void *self, const struct usage_entry *entry)
{
	struct tally *tally = self;
	int64_t cost = usage_entry_cost(entry, USAGE_AUTO);

	tally->answers++;
	tally->cost_nanousd += cost > 0 ? cost : 0;
	return true;
}

/* The sums are those of the single answers. */
static bool is_consistent(struct usage_view *view)
{
	struct tally by_entry = {0}, by_cell = {0};
	struct err e;

	if (!usage_each(view, INT64_MIN, INT64_MAX, count, &by_entry, &e))
		return false;
	for (size_t i = 0; i < view->cell_count; i++) {
		by_cell.answers += view->cells[i].sum.answers;
		by_cell.cost_nanousd += view->cells[i].sum.cost_nanousd[USAGE_AUTO];
	}
	return by_entry.answers == by_cell.answers && by_entry.cost_nanousd == by_cell.cost_nanousd;
}

int main(int argc, char **argv)
{
	struct usage_wish wish = {.environment = environment, .is_compat = true};
	struct usage_prices *prices = NULL;
	struct usage_zone *zone = NULL;
	struct usage_view *view;
	struct err e;

	if (argc < 2)
		return 2;
	wish.compat_report = argv[1][0] == 'd' ? USAGE_COMPAT_DAYS : USAGE_COMPAT_SESSIONS;
	wish.sources = argc > 2 ? str_from(argv[2]) : STR("");
	if (!usage_zone_new(argc > 3 ? argv[3] : "UTC", environment, &zone, &e) ||
		!usage_prices_new((struct str){0}, &prices, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	wish.zone = zone;
	wish.prices = prices;
	if (!usage_open(&wish, &view, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < view->cell_count; i++)
		print_cell(view, &view->cells[i]);
	int status = is_consistent(view) ? 0 : 1;
	usage_close(view);
	usage_prices_free(prices);
	usage_zone_free(zone);
	return status;
}
