// SPDX-License-Identifier: MIT
/*
 * usage: reports of what transcripts say was used, as tables for people, JSON and CSV. They are put
 * into a buffer; nothing is written here.
 */
#ifndef UI_USAGE_H
#define UI_USAGE_H

#include "base/buf.h"
#include "usage/block.h"
#include "usage/export.h"
#include "usage/group.h"
#include "usage/tool.h"
#include "usage/turn.h"

struct usage_zone;

enum usage_form { USAGE_TABLE, USAGE_JSON, USAGE_CSV, USAGE_CHART };

/* How it shall look. */
struct usage_look {
	const struct usage_view *view;
	const char *report; /* "daily": the list's name in JSON */
	enum usage_form form;
	enum usage_mode mode;
	const char *home; /* NULL none: paths below it are shown as "~/..." */
	size_t columns; /* of the terminal; 0: no limit */
	bool has_style, has_colour;
	bool is_ascii; /* bars, rules and signs are made of what every terminal has */
	bool is_compact;
	bool hides_cost;
	bool is_compat; /* as ccusage counts */
	bool has_breakdown; /* rows for each model */
	bool has_agents; /* JSON: each row by assistant, too */
	const char *only; /* JSON as ccusage has it for this assistant alone; NULL all of them */
	struct buf *out;
};

enum usage_colours { USAGE_COLOURS_USUAL, USAGE_COLOURS_ALWAYS, USAGE_COLOURS_NEVER };
/* Sets columns and, where nothing is wished, colours by what stdout is and by NO_COLOR, FORCE_COLOR
   and TERM. */
void usage_look_at_terminal(struct usage_look *look, enum usage_colours colours,
	const char *(*environment)(const char *name));
/* Whether the locale is one of UTF-8 (POSIX: LC_ALL, LC_CTYPE, LANG, the first that is set). */
bool usage_locale_is_utf8(const char *(*environment)(const char *name));

/* ---- reports ---- */

void usage_show_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows);

/* Several reports as one: tables one below the other, or a JSON document with the first's totals.
 */
struct usage_section {
	const char *report; /* its list's name in JSON */
	const struct usage_view *view;
	struct usage_query query;
	struct usage_rows rows;
};
void usage_show_sections(
	const struct usage_look *look, const struct usage_section *sections, size_t count);

struct usage_block_look {
	int64_t token_limit; /* 0 none */
	int64_t now_ms;
	bool is_only_active;
	int64_t since_ms, until_ms; /* only blocks that begin then */
	int64_t recent_ms; /* only those that begin at it or later, and the active one */
	bool is_down;
};
void usage_show_blocks(const struct usage_look *look, const struct usage_block_look *blocks,
	const struct usage_blocks *list);

void usage_show_tools(const struct usage_look *look, const struct usage_tools *tools);

void usage_show_conversation(const struct usage_look *look, struct str id,
	const struct usage_conversation *conversation);

struct usage_prices;
struct usage_diagnosis {
	const struct usage_view *view; /* with its files */
	struct usage_prices *prices;
	const struct usage_rows *providers; /* a row each, over all time */
	const char *index_path; /* NULL none */
	struct str catalogue_date;
};
void usage_show_diagnosis(const struct usage_look *look, const struct usage_diagnosis *diagnosis);
/* "; 3 answers and 1 piece of it could not be read"; nothing where nothing was lost. */
void usage_put_losses(struct buf *out, const struct usage_history *losses);

enum { USAGE_GLANCE_PERIODS = 3 };
struct usage_glance {
	struct usage_rows periods[USAGE_GLANCE_PERIODS]; /* today, this week, this month: totals */
	int32_t since[USAGE_GLANCE_PERIODS];
	struct usage_rows days; /* of the last days */
	struct usage_section all; /* for JSON: every day */
	int32_t first_day, today;
	int64_t now_ms;
};
void usage_show_glance(const struct usage_look *look, const struct usage_glance *glance);

/* A report as an HTML page that needs nothing else. */
struct usage_page {
	const struct usage_query *query;
	const struct usage_rows *rows; /* with tools: whatever they are by; with blocks: NULL */
	const struct usage_tools *tools; /* what the table is of; NULL: rows */
	const struct usage_blocks *blocks; /* the same, and all that is drawn is of them */
	const struct usage_block_look *block_look;
	int64_t now_ms;
};
void usage_put_page(const struct usage_look *look, const struct usage_page *page);

/* What is going on. */
struct usage_now {
	struct usage_rows today; /* of the day alone */
	struct usage_rows sessions; /* the last ones first */
	struct usage_blocks blocks;
	int64_t now_ms;
};
/* For a screen of so many rows. */
void usage_show_now(const struct usage_look *look, const struct usage_now *now, size_t rows);
/* The same in one line, without what changes with time alone. */
void usage_put_now(const struct usage_look *look, const struct usage_now *now, struct buf *out);

/* ---- for other programs ---- */

/* Answers one after the other, by usage_fields. */
void usage_put_csv_head(const struct usage_look *look);
void usage_put_csv_answer(const struct usage_look *look, const struct usage_entry *entry);
void usage_put_json_answer(const struct usage_look *look, const struct usage_entry *entry);
/* The text format 0.0.4 of Prometheus; rows are those of sources. */
void usage_put_prometheus(
	const struct usage_look *look, const struct usage_rows *rows, int64_t now_ms);

/* ---- parts, for other reports ---- */

/*
 * "$1,234.56"; "<$0.01"; "unknown"; "≥ $1.23" (">= $1.23") where the costs of some answers are
 * unknown, of less than half a cent "≥ $0.00075".
 */
void usage_put_cost(
	const struct usage_look *look, struct buf *out, int64_t nanousd, int64_t unpriced);
/* US dollars as a number of JSON or CSV. */
void usage_put_usd(struct buf *out, int64_t nanousd);
void usage_put_model(struct buf *out, const struct usage_view *view, const struct usage_part *part);
/* A line, or as many as it takes; those behind the first begin with so many spaces. */
void usage_put_prose(const struct usage_look *look, struct str text, size_t indent);
/* A field of a CSV record, quoted where it has to be (RFC 4180), of text from anywhere. */
void usage_put_field(struct buf *out, struct str text);

#endif
