// SPDX-License-Identifier: MIT
/*
 * usage: `fettle usage` and its reports: one file and one entry a report, or one entry alone where
 * reports differ in what they group by.
 */
#ifndef CMD_USAGE_H
#define CMD_USAGE_H

#include "cmd/world.h"
#include "ui/usage.h"
#include "usage/price.h"
#include "usage/usage.h"
#include "usage/zone.h"

/* What is there when a report begins. */
struct usage_run {
	struct world *world;
	const struct options *given;
	const struct usage_report *report;
	const char *const *words; /* behind the report's name */
	size_t word_count;
	const struct usage_reader *only; /* fettle usage claude daily; NULL all */
	struct usage_wish wish;
	struct usage_prices *prices;
	struct usage_zone *zone;
	struct usage_view *view; /* NULL where the report opens it itself */
	bool is_early; /* the view: see usage_open_early */
	int64_t now_ms;
	int32_t today;
	struct usage_query query; /* filled by the filters */
	struct usage_look look;
	const char *page_path; /* --html; NULL none */
	bool has_told_faults, has_told_index;
	uint32_t blocks_of; /* a source: blocks are of its answers alone; 0 any */
	struct buf out; /* goes to stdout at the end */
};

/* Reports of one kind know the same options. */
enum usage_kind {
	USAGE_KIND_GLANCE = 1 << 0,
	USAGE_KIND_ROWS = 1 << 1, /* a row a day, a model ... */
	USAGE_KIND_SESSIONS = 1 << 2,
	USAGE_KIND_ONE = 1 << 3, /* one conversation */
	USAGE_KIND_BLOCK = 1 << 4,
	USAGE_KIND_TOOL = 1 << 5,
	USAGE_KIND_CHECK = 1 << 6,
	USAGE_KIND_WATCH = 1 << 7,
	USAGE_KIND_EXPORT = 1 << 8,
	USAGE_KIND_DOCTOR = 1 << 9,
	USAGE_KIND_MERGE = 1 << 10,
	USAGE_KIND_FORGET = 1 << 11,
};

struct usage_report {
	const char *name;
	const char *also; /* another name; NULL */
	const char *brief;
	/* Returns the exit status; EXIT_USAGE and e for wrong words. */
	int (*run)(struct usage_run *u, struct err *e);
	enum usage_kind kind;
	enum usage_by by; /* of reports that group */
	bool needs_files;
	bool is_claude; /* Claude Code's answers alone, unless --source says otherwise */
	const char *words; /* further ones, for its help; NULL none */
	bool takes_words;
	bool opens_view; /* by usage_run_open, when and as often as it likes */
};

/* Ended by a NULL name; the first is that of `fettle usage` alone. */
extern const struct usage_report usage_reports[];

extern const struct option usage_options[];
/* "fettle usage codex daily": the command as it was typed, without what is behind the report. */
const char *usage_run_typed(const struct usage_run *u, struct arena *arena);
/* ERR_USAGE for an option that the report does not know. */
[[nodiscard]] bool usage_options_check(const struct usage_run *u, struct err *e);
/* The command as far as the report goes. */
const struct command *usage_options_help(const struct usage_report *report, struct arena *arena);

int usage_run_glance(struct usage_run *u, struct err *e);
int usage_run_rows(struct usage_run *u, struct err *e);
int usage_run_session(struct usage_run *u, struct err *e);
int usage_run_blocks(struct usage_run *u, struct err *e);
int usage_run_tools(struct usage_run *u, struct err *e);
int usage_run_check(struct usage_run *u, struct err *e);
int usage_run_merge(struct usage_run *u, struct err *e);
int usage_run_forget(struct usage_run *u, struct err *e);
int usage_run_watch(struct usage_run *u, struct err *e);
int usage_run_export(struct usage_run *u, struct err *e);
int usage_run_doctor(struct usage_run *u, struct err *e);

/* ---- for reports ---- */

/* --chart, --ascii, --html: false where the report has none. */
[[nodiscard]] bool usage_run_read_drawing(struct usage_run *u, struct err *e);
/* Writes a page to u->page_path: of tools or blocks where it has some, else of the query's rows. */
int usage_run_page(struct usage_run *u, struct usage_page *page, struct err *e);

/* ccusage counts the weeks and months of one assistant as it counts sessions, but not its days. */
enum usage_compat_report usage_run_compat(const struct usage_run *u, enum usage_by by);
/* By ccusage's rules rows are others. */
void usage_run_compat_rows(
	const struct usage_run *u, const struct usage_view *view, struct usage_query *query);
/* Reads the transcripts into u->view, in place of what was there. */
[[nodiscard]] bool usage_run_open(struct usage_run *u, struct err *e);
/* Of a view that may be an early one: before a word of it is told. !*is_same: work it out anew. */
[[nodiscard]] bool usage_run_settle(struct usage_run *u, bool *is_same, struct err *e);
/*
 * Blocks of the answers that pass the query's filter, days left aside, by --length. Those that
 * begin at from_ms or later are as they are; of earlier ones not all may be there.
 */
[[nodiscard]] bool usage_run_make_blocks(
	struct usage_run *u, int64_t from_ms, struct usage_blocks *out, struct err *e);
/* The block that is on begins after this; INT64_MIN for a wrong --length. */
int64_t usage_run_active_from(const struct usage_run *u);
/* On stderr: which of the names that were asked for are in no transcript. */
void usage_run_tell_unmatched(const struct usage_run *u);
/* On stderr, once: that the view's index was made anew, and what it was made of. */
void usage_run_tell_index(struct usage_run *u);
/* On stderr: which models have no known price. */
void usage_run_tell_unpriced(const struct usage_run *u, const struct usage_row *total);
/* The moments at which the filter's days begin and end. */
void usage_run_span(const struct usage_run *u, int64_t *since_ms, int64_t *until_ms);

#endif
