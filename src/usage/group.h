// SPDX-License-Identifier: MIT
/*
 * group: a view's cells, filtered and summed up by one thing: days, sessions, models ... Reads
 * nothing but the view, and can be asked again and again.
 */
#ifndef USAGE_GROUP_H
#define USAGE_GROUP_H

#include "usage/usage.h"

enum usage_by {
	USAGE_BY_DAY,
	USAGE_BY_WEEK,
	USAGE_BY_MONTH,
	USAGE_BY_SESSION,
	USAGE_BY_PROJECT,
	USAGE_BY_MODEL,
	USAGE_BY_BRANCH,
	USAGE_BY_AGENT,
	USAGE_BY_SOURCE,
	USAGE_BY_PROVIDER,
	USAGE_BY_COUNT,
};

/* Rows of periods are ordered by time, others by cost, then tokens. */
bool usage_by_is_period(enum usage_by by);

/* What counts. {.since = INT32_MIN, .until = INT32_MAX} is everything. */
struct usage_filter {
	int32_t since, until; /* days, both included */
	/*
	 * "" or absent: any. A project that begins with "/" is this directory and what is below it;
	 * one with "-" the whole path with a "-" for whatever is neither letter nor digit; others
	 * and models and providers are parts of the name, in any case.
	 */
	struct str project, model, provider;
	bool is_whole_project; /* the name of the project as it is, no more and no less */
	uint32_t session; /* a name's number; 0 any */
};

#define USAGE_FILTER_ALL ((struct usage_filter){.since = INT32_MIN, .until = INT32_MAX})

enum usage_order { USAGE_ORDER_USUAL, USAGE_ORDER_UP, USAGE_ORDER_DOWN };

struct usage_query {
	enum usage_by by;
	struct usage_filter filter;
	enum usage_mode mode; /* for the order by cost */
	enum usage_order order; /* usual: periods up, others down */
	int first_weekday; /* 0 Sunday .. 6 */
	bool is_by_project; /* rows of each project by themselves, one project after the other */
	bool is_by_source; /* rows of each assistant by themselves */
	/* As ccusage has them: rows without tokens are none, and conversations of this assistant
	   are the same only in one project; 0: of none. */
	bool drops_empty;
	uint32_t parts_projects_of;
	size_t limit; /* only the newest so many rows; 0 all */
};

struct usage_part {
	uint32_t name; /* a model */
	bool is_fast;
	struct usage_sum sum;
	int64_t first_ms, last_ms;
};

/* A part without answers has no times yet. */
void usage_part_add(
	struct usage_part *part, const struct usage_sum *sum, int64_t first_ms, int64_t last_ms);

struct usage_row {
	int32_t day; /* a period's first */
	uint32_t name; /* what it is grouped by, where that is no period */
	bool is_fast; /* of a model: its answers in fast mode, which are a row of their own */
	uint32_t source; /* of a session */
	uint32_t project; /* with is_by_project, and of a session the one with which it began */
	int64_t first_ms, last_ms;
	struct usage_sum sum;
	struct usage_part *parts; /* by model; the dearest first */
	size_t part_count;
	const uint32_t *sources; /* which ones there are, by name */
	size_t source_count;
};

struct usage_rows {
	struct arena arena;
	struct usage_row *list;
	size_t count;
	struct usage_row total; /* of the rows; its parts, too */
};

/* out is released by its owner, whatever it held before. */
void usage_group(
	const struct usage_view *view, const struct usage_query *query, struct usage_rows *out);
void usage_rows_release(struct usage_rows *rows);

/* The name a number stands for; "" for 0. */
struct str usage_name(const struct usage_view *view, uint32_t name);
/* 0 where nothing in the view is called so. */
uint32_t usage_name_find(const struct usage_view *view, struct str name);

/* A filter made ready for a view: names are judged once. {0} is a valid start. */
struct usage_sieve {
	const struct usage_view *view;
	struct usage_filter filter;
	/* By name: 0 not judged, 1 yes, -1 no. */
	int8_t *projects, *models, *fast_models, *providers;
};

void usage_sieve_begin(struct usage_sieve *sieve, const struct usage_view *view,
	const struct usage_filter *filter, struct arena *arena);
bool usage_sieve_passes(struct usage_sieve *sieve, uint32_t project, uint32_t model, bool is_fast,
	uint32_t provider);
bool usage_project_is(struct str project, struct str wanted);

/* The first day of the period that holds day; of what is no period the day itself. */
int32_t usage_period_start(enum usage_by by, int32_t day, int first_weekday);
/* The first day of the last count periods up to the one that holds day. */
int32_t usage_period_back(enum usage_by by, int32_t day, int first_weekday, int64_t count);

#endif
