// SPDX-License-Identifier: MIT
/*
 * usage: what assistants' transcripts say was used, and what it cost. usage_open finds the
 * transcripts, reads what is new in them, and gives a view: sums small enough to be grouped again
 * and again. Nothing here writes to a transcript, talks to a network or prints.
 *
 * The index is one SQLite file; it belongs to who has it open for the moment of a commit only. A
 * view does not change any more and belongs to its caller, on one thread.
 */
#ifndef USAGE_USAGE_H
#define USAGE_USAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "usage/reader.h"
#include "usage/record.h"

struct usage_prices;
struct usage_zone;

/* Costs as: reported by the assistant where it says one and computed elsewhere; always computed;
   only as reported. */
enum usage_mode { USAGE_AUTO, USAGE_CALCULATE, USAGE_DISPLAY, USAGE_MODES };

struct usage_sum {
	struct usage_tokens tokens;
	int64_t answers;
	int64_t cost_nanousd[USAGE_MODES];
	int64_t unpriced[USAGE_MODES]; /* answers with tokens whose cost is unknown, so not in the
					  cost */
};

void usage_sum_add(struct usage_sum *sum, const struct usage_sum *more);
void usage_sum_remove(struct usage_sum *sum, const struct usage_sum *less);

/* Names are numbers into the view's names; 0 is "". */
struct usage_cell {
	int32_t day; /* of the zone, days since 1970-01-01 */
	uint32_t source; /* the reader's name */
	uint32_t session, project, branch, agent, model;
	uint32_t provider; /* the assistant's usual one where records name none */
	uint32_t flags; /* USAGE_FAST, USAGE_SIDECHAIN, USAGE_GUESSED_MODEL, USAGE_SUMMED */
	int64_t first_ms, last_ms; /* of its answers; after a correction they may lie too far out */
	struct usage_sum sum;
};

/* One answer, whole. */
struct usage_entry {
	int64_t time_ms;
	uint32_t source, session, project, branch, agent, model, provider;
	uint32_t flags;
	uint32_t file; /* of the view's files */
	uint32_t item; /* of its file */
	struct usage_tokens tokens;
	int64_t cost_reported_nanousd; /* -1 none */
	int64_t cost_calculated_nanousd; /* -1 unknown */
	const uint32_t *tools; /* names, one for each call */
	size_t tool_count;
};

/* In nano-dollars, -1 where it is unknown in that mode. */
int64_t usage_entry_cost(const struct usage_entry *entry, enum usage_mode mode);

enum usage_file_state {
	USAGE_FILE_READ,
	USAGE_FILE_GONE, /* deleted; what it said still counts */
	USAGE_FILE_UNREADABLE,
	USAGE_FILE_MERGED, /* of another machine */
};

struct usage_damage {
	int64_t offset; /* byte of the line's start, -1 the whole file */
	struct str why;
};

enum { USAGE_DAMAGES = 8 };

struct usage_file_facts {
	struct str path;
	uint32_t source;
	enum usage_file_state state;
	int64_t size_bytes, modified_ms;
	int64_t entries; /* answers it holds, copies of others' too */
	int64_t damaged; /* lines */
	struct usage_damage damages[USAGE_DAMAGES]; /* the first of them */
	size_t damage_count;
	struct str why; /* of a file that could not be read */
};

/* How much of a plan's window was used, as the provider told the assistant then: no estimate. */
struct usage_limit {
	uint32_t source; /* name */
	int64_t told_ms;
	int64_t used_permyriad; /* 10,000 is all of it */
	int64_t window_minutes; /* 0 unknown */
	int64_t resets_ms; /* when it begins anew; 0 unknown */
};

/* A limit that was reached, as the provider told the assistant then. */
struct usage_reset {
	uint32_t source; /* name */
	int64_t told_ms;
	int64_t resets_ms; /* when its window begins anew */
};

struct usage_limits {
	const struct usage_limit *list; /* the newest of each source and window, in this order */
	size_t count;
	const struct usage_reset *resets; /* of the sources that are wanted, the oldest first */
	size_t reset_count;
};

/* Whether the window it tells of is certainly over. */
bool usage_limit_is_over(const struct usage_limit *limit, int64_t now_ms);

enum { USAGE_HANDS_MAX = 8 };

/* Who looks at answers. */
struct usage_visitor {
	/*
	 * Whether answers like this one are wanted, which has no time, no numbers and no tools:
	 * what answers have in common is asked about once, by one thread at a time. What this
	 * changes in it is so for all of them. NULL: all are.
	 */
	bool (*wants)(void *self, struct usage_entry *like);
	void *self;
	/* Called by as many threads as there are hands, each with one of its own. False: enough.
	   With several of them it may not look into the view. */
	bool (*visit)(void *hand, const struct usage_entry *entry);
	void *hands[USAGE_HANDS_MAX];
	size_t hand_count;
};

/* What indexes that had been set aside knew of transcripts that are gone. */
struct usage_history {
	int64_t answers; /* that were taken over */
	/* What could not be read of them: answers, and pieces that told of nobody knows how many.
	 */
	int64_t lost_answers, lost_pieces;
};

struct usage_view {
	const struct str *names;
	size_t name_count;
	const struct usage_cell *cells; /* those without answers count for nothing */
	size_t cell_count;
	const struct usage_file_facts *files; /* only with needs_files */
	size_t file_count;
	size_t unread; /* files and directories that cannot be read */
	int64_t copies; /* records that were copies of others and did not count */
	const struct usage_zone *zone;
	struct str index_trouble; /* why the index was not used or written; absent: it was */
	bool was_rebuilt; /* the index was damaged or of another version */
	bool will_be_rebuilt; /* that came out too late for this view: the next one is whole */
	struct str old_index; /* where that is now; empty: nowhere */
	const char *index_path; /* that of this view; NULL none */
	bool is_new_index; /* it was not there before */
	struct str newer_index; /* of a later program, which this one leaves alone; absent: none */
	struct usage_history history; /* of all times */
	struct usage_history taken_over; /* now */
	struct str taken_from; /* absent: nothing was */
	/* Belongs to who made the view. */
	void *self;
	const struct usage_limits *(*limits)(void *self);
	void (*name_providers)(void *self); /* NULL: they are named */
	bool (*each)(void *self, int64_t since_ms, int64_t until_ms,
		const struct usage_visitor *visitor, struct err *e);
	bool (*settle)(void *self, bool *is_same, struct err *e); /* NULL: it is */
	void (*close)(void *self);
};

/* What ccusage counts differs between its reports: this is for daily, weekly and monthly ones, or
   for sessions and blocks. */
enum usage_compat_report { USAGE_COMPAT_DAYS, USAGE_COMPAT_SESSIONS };

struct usage_wish {
	const char *(*environment)(const char *name);
	/*
	 * NULL: none, everything is read. Where variables name other places than the usual ones its
	 * name is extended, so that each set of places has an index of its own, unless it is given.
	 */
	const char *index_path;
	bool index_is_given;
	struct usage_prices *prices;
	const struct usage_zone *zone;
	struct str sources; /* comma list of readers' names; "": all */
	bool is_compat; /* ccusage's rules; index_path and prices are not used then */
	enum usage_compat_report compat_report;
	enum usage_mode compat_mode; /* which of two copies counts can depend on it */
	bool needs_files;
	bool all_limits; /* of all assistants, whatever sources says */
	int64_t now_ms; /* limits told later are not believed; 0: all are */
};

/* False only where nothing can be said at all. The view lives until usage_close. */
[[nodiscard]] bool usage_open(
	const struct usage_wish *wish, struct usage_view **view, struct err *e);
/*
 * May give a view of what there was before, while what is new is looked for: its names and cells
 * only, without what usage_name_providers names. usage_settle waits for that; !*is_same: something
 * was new, and what was worked out before does not hold any more. After that, and if the view is
 * none of those (*is_same), it is as usage_open's. False as usage_open; the view is to be closed.
 */
[[nodiscard]] bool usage_open_early(
	const struct usage_wish *wish, struct usage_view **view, struct err *e);
[[nodiscard]] bool usage_settle(struct usage_view *view, bool *is_same, struct err *e);
void usage_close(struct usage_view *view); /* NULL is nothing */
/* Before cells' providers are looked at: those that said none get the usual one of their source.
   Names may be added. */
void usage_name_providers(const struct usage_view *view);
/* What the view has of limits: worked out at the first call; names may be added. */
const struct usage_limits *usage_limits(const struct usage_view *view);
/*
 * Shows each counted answer from since_ms to before until_ms, in no order, until there was enough.
 * The cost of the whole is in proportion to what lies there. ERR_PARSE: the index is damaged; it is
 * out of the way then, and a view that is opened now is whole.
 */
[[nodiscard]] bool usage_visit(struct usage_view *view, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *e);
/* The same for a single hand that wants all. */
[[nodiscard]] bool usage_each(struct usage_view *view, int64_t since_ms, int64_t until_ms,
	bool (*visit)(void *self, const struct usage_entry *entry), void *self, struct err *e);

struct usage_merged {
	int64_t answers; /* that were added */
	struct usage_history history; /* what of a damaged one could not be read */
};

/*
 * Brings in what another machine's index has, or one of this machine that has been set aside: a
 * file, or a directory that has one (or a home directory's .cache/fettle). Doing it again brings in
 * what is new there. Answers that are known count once. ERR_USAGE: there is no index, or it cannot
 * be read.
 */
[[nodiscard]] bool usage_merge_index(const struct usage_wish *wish, const char *path,
	struct usage_merged *merged, struct err *e);
/*
 * Forgets what transcripts said that are gone, with merges also what other machines' said.
 * *answers: how many fewer there are now.
 */
[[nodiscard]] bool usage_forget_gone(
	const struct usage_wish *wish, bool merges, int64_t *answers, struct err *e);

#endif
