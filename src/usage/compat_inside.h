// SPDX-License-Identifier: MIT
/* What the files of compat share. */
#ifndef USAGE_COMPAT_INSIDE_H
#define USAGE_COMPAT_INSIDE_H

#include "base/arena.h"
#include "base/vec.h"
#include "usage/compat.h"
#include "usage/reader.h"

/* ---- lines of Claude Code, compat_line.c ---- */

struct compat_line {
	int64_t time_ms;
	struct str id, request, session, model; /* absent where the line has none */
	struct usage_tokens tokens;
	int64_t cost_nanousd; /* -1: none */
	bool is_sidechain, is_fast, has_speed;
	int64_t resets_ms; /* the limit that it says is reached; 0: it says none; not by day */
};

/* False for a line that does not count. with_progress: it may be what an agent's parent noted. */
bool compat_line_read(
	struct str line, bool with_progress, struct arena *a, struct compat_line *out);

/* ---- prices, compat_price.c ---- */

struct compat_rate;

struct compat_price {
	const struct compat_rate *rate; /* NULL: unknown */
	bool is_regional;
};

struct compat_price compat_price_find(struct str model);
/* Nano-dollars; -1 when it is unknown. */
int64_t compat_price_cost(
	const struct compat_price *price, const struct usage_tokens *tokens, bool is_fast);

/* ---- answers, compat_join.c ---- */

struct compat_entry {
	uint64_t exact, side; /* hashes of what makes two lines one answer; 0: nothing does */
	int64_t time_ms;
	struct usage_tokens tokens;
	int64_t reported_nanousd, calculated_nanousd; /* -1 none, unknown */
	int64_t resets_ms;
	uint32_t source, session, project, provider, branch, model, file; /* names; a view's file */
	unsigned flags;
	bool has_speed;
};

struct compat_places;

/* Answers, each once: by ccusage's rules for Claude Code, by ids for the others. */
struct compat_join {
	VEC(struct compat_entry) all;
	struct compat_places *places;
	int64_t copies;
	bool is_by_day;
	enum usage_mode mode;
};

void compat_join_release(struct compat_join *join);
void compat_join_line(struct compat_join *join, const struct compat_entry *entry);
void compat_join_record(
	struct compat_join *join, const struct compat_entry *entry, bool is_replacing);

/* Answers of a session and a model that came no later than a sum of both. */
void compat_join_leave_out(struct compat_join *join);

/* ---- files, compat_files.c ---- */

struct compat_file {
	struct str path;
	size_t place_n; /* how much of the path is its place's */
	const struct usage_reader *reader;
	unsigned note;
};

struct compat_files {
	VEC(struct compat_file) all; /* of a reader by their paths' bytes */
	struct arena arena;
	size_t shut; /* directories that cannot be read */
};

void compat_files_release(struct compat_files *files);
/* Links are not followed. sources: a comma list of readers' names, "" all. */
void compat_files_find(struct compat_files *files, const char *(*environment)(const char *name),
	struct str sources);

#endif
