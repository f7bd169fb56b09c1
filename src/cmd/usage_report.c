// SPDX-License-Identifier: MIT
/* usage: reports whose rows are sums of cells, and of blocks and tools. */
#include <string.h>

#include "base/json.h"
#include "cmd/usage.h"
#include "usage/block.h"
#include "usage/tool.h"

/* ---- rows ---- */

static const struct {
	const char *word;
	enum usage_by by;
} section_words[] = {{"daily", USAGE_BY_DAY}, {"weekly", USAGE_BY_WEEK},
	{"monthly", USAGE_BY_MONTH}, {"session", USAGE_BY_SESSION}};

enum { SECTION_WORDS = sizeof section_words / sizeof *section_words };

/* The report itself and, behind it, those that --sections names, each once. */
struct sections {
	struct usage_section list[SECTION_WORDS + 1];
	size_t count;
	struct usage_view *other; /* NULL: not needed */
};

static void add_section(
	struct sections *s, const struct usage_run *u, const char *report, enum usage_by by)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].query.by == by)
			return;
	struct usage_section *section = &s->list[s->count++];
	*section = (struct usage_section){.report = report, .query = u->query};
	section->query.by = by;
	if (s->count > 1)
		section->query.limit = 0;
}

static bool read_sections(struct sections *s, const struct usage_run *u, struct err *e)
{
	struct str rest = str_from(options_value(u->given, "sections")), word;
	size_t at;

	add_section(s, u, u->report->name, u->query.by);
	while (str_split(&rest, ',', &word)) {
		for (at = 0; at < SECTION_WORDS; at++)
			if (str_is(str_trim(word), section_words[at].word))
				break;
		if (at == SECTION_WORDS)
			return err_set(e, ERR_USAGE,
				"option --sections: %.*s is none of daily, weekly, monthly, session",
				STR_ARG(str_head(word, 40)));
		add_section(s, u, section_words[at].word, section_words[at].by);
	}
	return true;
}

/* By ccusage's rules two reports may need two views. */
static bool group_sections(struct sections *s, const struct usage_run *u, struct err *e)
{
	struct usage_wish wish = u->wish;

	for (size_t i = 0; i < s->count; i++) {
		struct usage_section *section = &s->list[i];
		section->view = u->view;
		wish.compat_report = usage_run_compat(u, section->query.by);
		if (wish.is_compat && wish.compat_report != u->wish.compat_report) {
			if (!s->other && !usage_open(&wish, &s->other, e))
				return false;
			section->view = s->other;
		}
		usage_run_compat_rows(u, section->view, &section->query);
		usage_group(section->view, &section->query, &section->rows);
	}
	return true;
}

static int run_sections(struct usage_run *u, struct err *e)
{
	struct sections s = {0};

	if (u->page_path || u->query.is_by_project ||
		(u->look.form != USAGE_TABLE && u->look.form != USAGE_JSON)) {
		err_set(e, ERR_USAGE,
			"--sections goes with tables and --json, not with --csv, "
			"--chart, --html or --instances");
		return EXIT_USAGE;
	}
	if (!read_sections(&s, u, e))
		return EXIT_USAGE;
	bool is_good = group_sections(&s, u, e);
	if (is_good) {
		usage_show_sections(&u->look, s.list, s.count);
		usage_run_tell_unpriced(u, &s.list[0].rows.total);
	}
	for (size_t i = 0; i < s.count; i++)
		usage_rows_release(&s.list[i].rows);
	usage_close(s.other);
	return is_good ? EXIT_DONE : EXIT_TASK_FAILED;
}

static void show_rows(struct usage_run *u, struct usage_rows *rows)
{
	usage_group(u->view, &u->query, rows);
	usage_show_rows(&u->look, &u->query, rows);
}

int usage_run_rows(struct usage_run *u, struct err *e)
{
	struct usage_rows rows;
	bool is_same;

	if (options_has(u->given, "sections"))
		return run_sections(u, e);
	if (u->page_path)
		return usage_run_page(u, &(struct usage_page){0}, e);
	show_rows(u, &rows);
	if (!usage_run_settle(u, &is_same, e)) {
		usage_rows_release(&rows);
		return EXIT_TASK_FAILED;
	}
	if (!is_same) {
		usage_rows_release(&rows);
		buf_clear(&u->out);
		show_rows(u, &rows);
	}
	usage_run_tell_unpriced(u, &rows.total);
	usage_rows_release(&rows);
	return EXIT_DONE;
}

int usage_run_tools(struct usage_run *u, struct err *e)
{
	struct usage_tools counted;

	if (!usage_tools_count(u->view, &u->query, &counted, e))
		return EXIT_TASK_FAILED;
	int status = EXIT_DONE;
	if (u->page_path)
		status = usage_run_page(u, &(struct usage_page){.tools = &counted}, e);
	else
		usage_show_tools(&u->look, &counted);
	usage_tools_release(&counted);
	return status;
}

/* ---- blocks ---- */

enum { HOUR_MS = 3'600'000, RECENT_HOURS = 72, LOOK_BACK_HOURS = 48 };

struct gathering {
	const struct usage_run *run;
	struct usage_sieve sieve;
	struct hand {
		enum usage_mode mode;
		struct usage_moments moments;
	} hands[USAGE_HANDS_MAX];
};

static bool wants(void *self, struct usage_entry *like)
{
	struct gathering *g = self;
	uint32_t source = g->run->blocks_of;

	return (!source || like->source == source) &&
	       usage_sieve_passes(&g->sieve, like->project, like->model, like->flags & USAGE_FAST,
		       like->provider);
}

static bool gather(void *self, const struct usage_entry *entry)
{
	struct hand *hand = self;
	struct usage_moment moment = usage_moment_of(entry, hand->mode);

	usage_moments_add(&hand->moments, &moment);
	return true;
}

static bool read_length(const struct usage_run *u, int64_t *length_ms, struct err *e)
{
	bool is_long = options_has(u->given, "session-length");
	const char *word = options_value(u->given, is_long ? "session-length" : "length");
	double hours = USAGE_BLOCK_HOURS;

	if (word && (!json_double(str_from(word), &hours) || !(hours > 0) ||
			    hours > USAGE_BLOCK_HOURS_MAX))
		return err_set(e, ERR_USAGE,
			"option --length: %s is no number of hours above 0, up to %d", word,
			USAGE_BLOCK_HOURS_MAX);
	*length_ms = (int64_t)(hours * HOUR_MS);
	return *length_ms > 0 || err_set(e, ERR_USAGE, "option --length: too short");
}

/* Where a block begins depends on the one before it, up to a pause as long as a block. */
static bool are_right(const struct usage_blocks *blocks, int64_t since_ms, int64_t from_ms,
	const struct usage_block_rules *rules)
{
	if (blocks->count == 0 || blocks->list[0].first_ms - since_ms > rules->length_ms)
		return true;
	for (size_t i = 0; i < blocks->count; i++)
		if (blocks->list[i].is_gap && blocks->list[i].end_ms < from_ms)
			return true;
	return false;
}

int64_t usage_run_active_from(const struct usage_run *u)
{
	int64_t length_ms;
	struct err e;

	return read_length(u, &length_ms, &e) ? u->now_ms - length_ms : INT64_MIN;
}

static bool make_since(struct usage_run *u, int64_t since_ms, const struct usage_block_rules *rules,
	struct usage_blocks *out, struct err *e)
{
	struct gathering g = {.run = u};
	struct usage_visitor visitor = {
		.wants = wants, .self = &g, .visit = gather, .hand_count = USAGE_HANDS_MAX};
	AUTO(arena) arena = {0};

	for (size_t i = 0; i < USAGE_HANDS_MAX; i++) {
		g.hands[i] = (struct hand){u->query.mode, {.length_ms = rules->length_ms}};
		visitor.hands[i] = &g.hands[i];
	}
	usage_sieve_begin(&g.sieve, u->view, &u->query.filter, &arena);
	bool is_whole = usage_visit(u->view, since_ms, INT64_MAX, &visitor, e);
	for (size_t i = 1; i < USAGE_HANDS_MAX; i++) {
		if (is_whole)
			usage_moments_add_all(&g.hands[0].moments, &g.hands[i].moments);
		usage_moments_release(&g.hands[i].moments);
	}
	if (is_whole) {
		usage_blocks_make(&g.hands[0].moments, rules, out);
		const struct usage_limits *limits = usage_limits(u->view);
		usage_blocks_add_resets(out, limits->resets, limits->reset_count, u->blocks_of);
	}
	usage_moments_release(&g.hands[0].moments);
	return is_whole;
}

bool usage_run_make_blocks(
	struct usage_run *u, int64_t from_ms, struct usage_blocks *out, struct err *e)
{
	struct usage_block_rules rules = {.now_ms = u->now_ms,
		.span_ms = u->wish.is_compat ? 0 : USAGE_BLOCK_SPAN_MS,
		.names_all = u->wish.is_compat};
	int64_t back = (int64_t)LOOK_BACK_HOURS * HOUR_MS;

	if (!read_length(u, &rules.length_ms, e))
		return false;
	for (; from_ms > INT64_MIN && back < u->now_ms; back *= 8) {
		if (!make_since(u, from_ms - back, &rules, out, e))
			return false;
		if (are_right(out, from_ms - back, from_ms, &rules))
			return true;
		usage_blocks_release(out);
	}
	return make_since(u, INT64_MIN, &rules, out, e);
}

static bool read_limit(const struct usage_run *u, const struct usage_blocks *blocks,
	struct usage_block_look *look, struct err *e)
{
	const char *word = options_value(u->given, "token-limit");

	if (!word || strcmp(word, "max") != 0)
		return options_int(u->given, "token-limit", 1, 0, &look->token_limit, e);
	look->token_limit = usage_blocks_largest(blocks, look->since_ms, look->until_ms);
	return true;
}

/* From when on blocks are wanted. */
static int64_t wanted_from(const struct usage_run *u, const struct usage_block_look *look)
{
	const char *limit = options_value(u->given, "token-limit");
	int64_t from = look->since_ms;

	if (limit && strcmp(limit, "max") == 0)
		return from;
	if (look->is_only_active)
		return usage_run_active_from(u);
	return look->recent_ms > from ? look->recent_ms : from;
}

int usage_run_blocks(struct usage_run *u, struct err *e)
{
	struct usage_blocks blocks;
	struct usage_block_look look = {.now_ms = u->now_ms,
		.recent_ms = INT64_MIN,
		.is_only_active = options_has(u->given, "active"),
		.is_down = u->query.order == USAGE_ORDER_DOWN};

	usage_run_span(u, &look.since_ms, &look.until_ms);
	if (options_has(u->given, "recent"))
		look.recent_ms = u->now_ms - (int64_t)RECENT_HOURS * HOUR_MS;
	if (!usage_run_make_blocks(u, wanted_from(u, &look), &blocks, e))
		return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_TASK_FAILED;
	int status = read_limit(u, &blocks, &look, e) ? EXIT_DONE : EXIT_USAGE;
	if (status == EXIT_DONE && u->page_path)
		status = usage_run_page(
			u, &(struct usage_page){.blocks = &blocks, .block_look = &look}, e);
	else if (status == EXIT_DONE)
		usage_show_blocks(&u->look, &look, &blocks);
	usage_blocks_release(&blocks);
	return status;
}
