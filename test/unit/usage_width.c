// SPDX-License-Identifier: MIT
/* No report is wider than its terminal, whatever is in it, from 20 columns on. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "ui/usage.h"
#include "usage/price.h"
#include "usage/zone.h"

enum { NAMES = 40, ENTRIES = 120, WIDTH_MIN = 20, WIDTH_MAX = 200, WORLDS = 2 };
enum { HOUR_MS = 3'600'000 };
static const int64_t now_ms = 1'790'000'000'000;

/* ---- anything at all ---- */

static uint64_t dice_state;

static uint64_t dice(uint64_t below)
{
	dice_state = dice_state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
	return (dice_state >> 33) % below;
}

struct world {
	struct arena arena;
	struct str names[NAMES];
	struct usage_entry entries[ENTRIES];
	struct usage_cell cells[ENTRIES];
	struct usage_file_facts files[6];
	struct usage_limit limits[4];
	struct usage_limits shown;
	struct usage_view view;
	struct usage_zone *zone;
	struct usage_prices *prices;
	uint32_t tools[ENTRIES];
};

/* Wide, combining, of several code points, from right to left, and what is no character to see. */
static const char *const bits[] = {"a", "claude-", "opus", " ", "/home/me/", "-20260101", "日本語",
	"漢", "한국어", "e\u0301", "n\u0303\u0332", "😀", "✨", "⏰", "🇩🇪", "👩\u200d💻", "ﷺ", "עברית",
	"\x1b[31m", "\x07", "\u202e", "\t", "\n", "\xff", "Ａ", "กำ", "\u00ad", "…",
	"mcp__server__", "✈\ufe0f"};

static struct str any_name(struct world *w)
{
	AUTO(buf) name = {0};
	size_t count = dice(4) == 0 ? dice(60) : dice(8);

	for (size_t i = 0; i <= count; i++)
		buf_put_text(&name, bits[dice(sizeof bits / sizeof *bits)]);
	return arena_copy(&w->arena, buf_str(&name));
}

static int64_t any_number(void)
{
	static const uint64_t most[] = {2, 1000, 10'000'000, 2'000'000'000};
	int64_t number = (int64_t)dice(most[dice(4)]);

	return dice(8) ? number : number * 100'000;
}

static uint32_t any_of(void)
{
	return (uint32_t)dice(NAMES);
}

static bool each(void *self, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *)
{
	struct world *w = self;

	for (size_t i = 0; i < ENTRIES; i++) {
		struct usage_entry entry = w->entries[i];
		if (entry.time_ms < since_ms || entry.time_ms >= until_ms ||
			(visitor->wants && !visitor->wants(visitor->self, &entry)))
			continue;
		if (!visitor->visit(visitor->hands[i % visitor->hand_count], &entry))
			break;
	}
	return true;
}

static void fill_entry(struct world *w, size_t i)
{
	int64_t day_ms = 24LL * HOUR_MS, back = (int64_t)dice(dice(2) ? 20 : 900) * day_ms;
	struct usage_entry *e = &w->entries[i];

	*e = (struct usage_entry){
		.time_ms = now_ms - (int64_t)dice(3 * HOUR_MS) - (i % 3 ? back : 0),
		.source = 1,
		.session = i % 5 ? any_of() : 2,
		.project = any_of(),
		.branch = any_of(),
		.agent = any_of(),
		.model = any_of(),
		.flags = dice(3) ? 0 : USAGE_FAST,
		.tokens = {any_number(), any_number(), any_number(), 0, any_number()},
		.cost_reported_nanousd = -1,
		.cost_calculated_nanousd = dice(4) ? any_number() * 1000 : -1,
		.tools = w->tools + i,
		.tool_count = dice(3) && i + 3 < ENTRIES ? dice(4) : 0};
	struct usage_cell *c = &w->cells[i];
	*c = (struct usage_cell){.day = usage_zone_day(w->zone, e->time_ms),
		.source = 1,
		.session = e->session,
		.project = e->project,
		.branch = e->branch,
		.agent = e->agent,
		.model = e->model,
		.flags = e->flags,
		.first_ms = e->time_ms,
		.last_ms = e->time_ms,
		.sum = {.tokens = e->tokens, .answers = 1 + any_number()}};
	for (int mode = 0; mode < USAGE_MODES; mode++) {
		int64_t cost = usage_entry_cost(e, (enum usage_mode)mode);
		c->sum.cost_nanousd[mode] = cost > 0 ? cost : 0;
		c->sum.unpriced[mode] = cost < 0;
	}
}

static const struct usage_limits *limits(void *self)
{
	struct world *w = self;

	w->shown = (struct usage_limits){.list = w->limits, .count = 4};
	return &w->shown;
}

static const char *environment(const char *)
{
	return NULL;
}

static void fill_world(struct world *w, uint64_t seed)
{
	struct err e;

	dice_state = seed;
	if (!usage_zone_new("UTC", environment, &w->zone, &e) ||
		!usage_prices_new((struct str){0}, &w->prices, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < NAMES; i++)
		w->names[i] = any_name(w);
	w->names[0] = STR("");
	w->names[1] = STR("codex");
	w->names[2] = STR("s1");
	for (size_t i = 0; i < ENTRIES; i++) {
		w->tools[i] = any_of();
		fill_entry(w, i);
	}
	for (size_t i = 0; i < 6; i++)
		w->files[i] = (struct usage_file_facts){.path = any_name(w),
			.source = 1,
			.state = i % 3 ? USAGE_FILE_READ : USAGE_FILE_UNREADABLE,
			.entries = any_number(),
			.damaged = 3,
			.damages = {{.offset = any_number(), .why = any_name(w)}},
			.damage_count = 1,
			.why = any_name(w)};
	for (size_t i = 0; i < 4; i++)
		w->limits[i] = (struct usage_limit){1, now_ms - (int64_t)i * HOUR_MS / 2,
			(int64_t)dice(10'001), (int64_t)i * 300,
			now_ms + (int64_t)(i + 1) * HOUR_MS * 10};
	w->view = (struct usage_view){w->names, NAMES, w->cells, ENTRIES, w->files, 6,
		.limits = limits, .copies = any_number(), .zone = w->zone, .self = w, .each = each};
}

static void free_world(struct world *w)
{
	usage_zone_free(w->zone);
	usage_prices_free(w->prices);
	arena_release(&w->arena);
}

/* ---- how wide it is ---- */

/* What the C library says of the cells, not what the program does. */
static size_t cells_of(struct str line)
{
	size_t cells = 0, n;

	while (line.n) {
		if (line.p[0] == '\x1b') {
			size_t end = str_find(line, STR("m"), 0);
			assert_true(end != SIZE_MAX);
			line = str_skip(line, end + 1);
			continue;
		}
		int width = wcwidth((wchar_t)utf8_get(line, &n));
		assert_true(width >= 0);
		cells += (size_t)width;
		line = str_skip(line, n);
	}
	return cells;
}

static void expect_fits(const struct usage_look *look, const char *report)
{
	struct str rest = buf_str(look->out), line;

	assert_true(rest.n > 0);
	while (str_split(&rest, '\n', &line))
		if (cells_of(line) > look->columns)
			fail_msg("%s at %zu columns has a line of %zu: %.*s", report, look->columns,
				cells_of(line), STR_ARG(line));
	buf_clear(look->out);
}

/* ---- reports ---- */

static void show_rows(const struct usage_look *look)
{
	for (int by = 0; by < USAGE_BY_COUNT; by++) {
		struct usage_query query = {.by = (enum usage_by)by,
			.filter = USAGE_FILTER_ALL,
			.is_by_project = dice(2),
			.first_weekday = 1};
		struct usage_rows rows;
		usage_group(look->view, &query, &rows);
		usage_show_rows(look, &query, &rows);
		expect_fits(look, look->form == USAGE_CHART ? "a chart of rows" : "rows");
		usage_rows_release(&rows);
	}
}

static void make_blocks(const struct world *w, struct usage_blocks *out)
{
	struct usage_moments moments = {.length_ms = 5LL * HOUR_MS};

	for (size_t i = 0; i < ENTRIES; i++) {
		struct usage_moment moment = usage_moment_of(&w->entries[i], USAGE_AUTO);
		usage_moments_add(&moments, &moment);
	}
	usage_blocks_make(&moments,
		&(struct usage_block_rules){5LL * HOUR_MS, now_ms, USAGE_BLOCK_SPAN_MS}, out);
	usage_moments_release(&moments);
}

static void show_blocks(const struct world *w, const struct usage_look *look)
{
	struct usage_block_look wish = {.token_limit = dice(2) ? any_number() : 0,
		.now_ms = now_ms,
		.since_ms = INT64_MIN,
		.until_ms = INT64_MAX,
		.recent_ms = INT64_MIN};
	struct usage_blocks blocks;

	make_blocks(w, &blocks);
	usage_show_blocks(look, &wish, &blocks);
	expect_fits(look, "blocks");
	wish.is_only_active = true;
	wish.until_ms = INT64_MIN;
	usage_show_blocks(look, &wish, &blocks);
	expect_fits(look, "no block");
	usage_blocks_release(&blocks);
}

static void show_others(struct world *w, const struct usage_look *look)
{
	struct usage_query query = {.filter = USAGE_FILTER_ALL};
	struct usage_conversation conversation;
	struct usage_tools tools;
	struct usage_rows models;
	struct err e;

	assert_true(usage_tools_count(&w->view, &query, &tools, &e));
	usage_show_tools(look, &tools);
	expect_fits(look, "tools");
	usage_tools_release(&tools);
	query.filter.session = 2;
	assert_true(usage_conversation_read(&w->view, &query, &conversation, &e));
	usage_show_conversation(look, w->names[10], &conversation);
	expect_fits(look, "a conversation");
	usage_conversation_release(&conversation);
	query = (struct usage_query){.by = USAGE_BY_PROVIDER, .filter = USAGE_FILTER_ALL};
	usage_group(&w->view, &query, &models);
	usage_show_diagnosis(
		look, &(struct usage_diagnosis){&w->view, w->prices, &models,
			      "/home/me/.cache/fettle/usage.sqlite", STR("2026-11-20")});
	expect_fits(look, "the doctor");
	usage_rows_release(&models);
}

static void group(const struct world *w, enum usage_by by, int32_t since, struct usage_rows *out)
{
	struct usage_query query = {.by = by, .filter = USAGE_FILTER_ALL};

	query.filter.since = since;
	usage_group(&w->view, &query, out);
}

static void show_now(const struct world *w, const struct usage_look *look)
{
	int32_t today = usage_zone_day(w->zone, now_ms);
	struct usage_glance glance = {.first_day = today - 13, .today = today, .now_ms = now_ms};
	struct usage_now now = {.now_ms = now_ms};

	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++)
		group(w, USAGE_BY_MONTH, today - 10 * (int)i, &glance.periods[i]);
	group(w, USAGE_BY_DAY, glance.first_day, &glance.days);
	usage_show_glance(look, &glance);
	expect_fits(look, "the glance");
	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++)
		usage_rows_release(&glance.periods[i]);
	usage_rows_release(&glance.days);
	group(w, USAGE_BY_DAY, today, &now.today);
	group(w, USAGE_BY_SESSION, INT32_MIN, &now.sessions);
	if (dice(3))
		make_blocks(w, &now.blocks);
	usage_show_now(look, &now, 40);
	expect_fits(look, "the watch");
	usage_rows_release(&now.today);
	usage_rows_release(&now.sessions);
	usage_blocks_release(&now.blocks);
}

static void no_report_is_wider(void **)
{
	AUTO(buf) out = {0};

	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct world *w = calloc(1, sizeof *w);
		fill_world(w, seed);
		for (size_t columns = WIDTH_MIN; columns <= WIDTH_MAX;
			columns += 1 + columns / 20) {
			struct usage_look look = {.view = &w->view,
				.report = "daily",
				.home = "/home/me",
				.columns = columns,
				.has_style = dice(2),
				.has_colour = dice(2),
				.is_ascii = dice(2),
				.is_compact = dice(2),
				.hides_cost = dice(3) == 0,
				.has_breakdown = dice(2),
				.out = &out};
			look.has_style |= look.has_colour;
			show_rows(&look);
			show_blocks(w, &look);
			show_others(w, &look);
			show_now(w, &look);
			look.form = USAGE_CHART;
			show_rows(&look);
			show_blocks(w, &look);
		}
		free_world(w);
		free(w);
	}
}

static void prose_is_broken_at_words(void **)
{
	AUTO(buf) out = {0};
	struct usage_look look = {.columns = 20, .out = &out};

	usage_put_prose(&look, STR("  one two three four five"), 4);
	assert_string_equal(buf_text(&out), "  one two three four\n    five\n");
	buf_clear(&out);
	usage_put_prose(&look, STR("/a/path/that/is/longer/than/that: why"), 2);
	assert_string_equal(buf_text(&out), "/a/path/that/is/long\n  er/than/that: why\n");
	buf_clear(&out);
	look.columns = 0;
	usage_put_prose(&look, STR("  one  two"), 4);
	assert_string_equal(buf_text(&out), "  one  two\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_report_is_wider),
		cmocka_unit_test(prose_is_broken_at_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
