// SPDX-License-Identifier: MIT
/* usage_inside: what the files of usage reports share. */
#ifndef UI_USAGE_INSIDE_H
#define UI_USAGE_INSIDE_H

#include "base/json.h"
#include "ui/grid.h"
#include "ui/usage.h"

struct usage_word {
	const char *title; /* of a table's first column */
	const char *field; /* of a CSV's */
};
extern const struct usage_word usage_words[USAGE_BY_COUNT];

int64_t usage_writes(const struct usage_tokens *t); /* to caches, for however long */
/* Without what all names of Claude begin with. */
struct str usage_short_model(struct str name);
/* Whether the model shows: answers that no model gave have no tokens. By ccusage's rules what has
   a name does. */
bool usage_part_counts(const struct usage_look *look, const struct usage_part *part);
/* The first words of a row: "2026-11-21", "2026-11", a name. */
void usage_put_key(struct buf *out, const struct usage_look *look, const struct usage_query *query,
	const struct usage_row *row);
/* Below the home directory as "~/...". */
void usage_put_path(struct buf *out, const struct usage_look *look, struct str path);
/* As tables have it, however long: nothing in it steers a terminal or ends the line. */
void usage_put_clean(struct buf *out, struct str text);
/* A terminal where every cell counts. */
bool usage_is_narrow(const struct usage_look *look);
/* "2d 3h 4m" */
void usage_put_span(struct buf *out, int64_t ms);
/* Part (0 to 1) of so many cells, to an eighth of one. */
void usage_put_bar(struct buf *out, double part, size_t cells, bool is_ascii);
/* One cell, so high. */
void usage_put_spark(struct buf *out, double part, bool is_ascii);
double usage_part_of(int64_t value, int64_t most);
/* "1,234.56", "<0.01" */
void usage_put_credits(struct buf *out, int64_t nanocredits);
struct grid_look usage_grid_look(const struct usage_look *look);
void usage_member_usd(struct json_writer *w, const char *name, int64_t nanousd);
void usage_member_instant(struct json_writer *w, const char *name, int64_t time_ms);
/* The last two fields of a record; the cost is empty where all of it is unknown. */
void usage_put_csv_cost(const struct usage_look *look, const struct usage_sum *sum);
void usage_put_token_members(struct json_writer *w, const struct usage_tokens *t);
void usage_member_credits(struct json_writer *w, const struct usage_sum *sum);
/* The members of each sum: tokens, answers, the cost. */
void usage_put_sum_members(
	struct json_writer *w, const struct usage_look *look, const struct usage_sum *sum);
/* modelsUsed, modelBreakdowns and, where there are any, unpricedModels. */
void usage_put_part_members(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row);
/* ---- what only some assistants' reports have ---- */

/* Codex's files, by their threads. {0} is a valid start. */
struct usage_rollouts {
	struct rollout *list;
	size_t count;
};
/* Of a view with its files; nothing is found where the report is not about Codex alone. */
void usage_rollouts_find(struct usage_rollouts *rollouts, const struct usage_look *look);
void usage_rollouts_release(struct usage_rollouts *rollouts);
/* What says which session the row is. */
void usage_put_session_members(struct json_writer *w, const struct usage_look *look,
	const struct usage_rollouts *rollouts, const struct usage_row *row);
void usage_put_own_members(struct json_writer *w, const struct usage_look *look,
	const struct usage_sum *sum, bool is_total);
void usage_put_codex_models(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row);

/* Ends a JSON document: two spaces a level, and a newline. */
void usage_put_document(const struct usage_look *look, const struct buf *json);

/* The next line of them, from *at (0 the first time) on; false: there is none any more. */
[[nodiscard]] bool usage_limit_line(
	const struct usage_look *look, int64_t now_ms, size_t *at, struct buf *out);
/* Those that are not over: under a heading, a line an assistant; or as the member rateLimits. Where
   there are none, nothing. */
void usage_put_limits(const struct usage_look *look, int64_t now_ms, const char *heading);
void usage_member_limits(struct json_writer *w, const struct usage_look *look, int64_t now_ms);

/* "1h 2m", "active, 3h 4m left", "5h nothing" */
/* When the limit that was reached in it resets. */
void usage_put_block_reset(
	struct buf *out, const struct usage_look *look, const struct usage_block *block);
void usage_put_block_state(
	struct buf *out, const struct usage_block_look *wish, const struct usage_block *block);
/* Answers that call no tool, beside tools that may be called anything. */
struct str usage_tool_shown(const struct usage_tool_row *row);
bool usage_block_is_shown(const struct usage_block *block, const struct usage_block_look *wish);
/* By tokens where no cost is known, or none shall be shown. */
bool usage_is_by_cost(const struct usage_look *look, const struct usage_sum *total);
int64_t usage_size_of(const struct usage_look *look, const struct usage_sum *sum, bool by_cost);
/* The first day of the next period, or of the one before. */
int32_t usage_period_beside(enum usage_by by, int32_t day, bool is_down);

void usage_chart_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows);
void usage_chart_blocks(const struct usage_look *look, const struct usage_block_look *wish,
	const struct usage_blocks *blocks);
void usage_chart_tools(const struct usage_look *look, const struct usage_tools *tools);
void usage_table_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows);
void usage_json_sections(
	const struct usage_look *look, const struct usage_section *sections, size_t count);
/* A list by day and its totals, as the report by day has them. */
void usage_member_days(
	struct json_writer *w, const struct usage_look *look, const struct usage_section *days);
void usage_json_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows);
void usage_csv_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows);

#endif
