// SPDX-License-Identifier: MIT
/*
 * reader: one for each assistant whose transcripts are understood, a file and an entry each. A
 * reader names places and takes records out of what is there; it opens no index and prints nothing.
 * Its functions are called on several threads at once, for one file on one thread at a time.
 */
#ifndef USAGE_READER_H
#define USAGE_READER_H

#include "base/arena.h"
#include "base/err.h"
#include "usage/record.h"

/* ---- where transcripts are ---- */

/* Filled by a reader's places: directories that are walked, or single files. */
struct usage_places {
	const char *(*environment)(const char *name);
	const char *home; /* NULL: none */
	bool is_usual; /* variables that are some assistant's own have no say */
	struct arena *arena;
	/* "~/" is HOME, what is relative to nothing known is left out. note: a word for the reader.
	 */
	void (*add)(struct usage_places *places, struct str path, unsigned note);
};

const char *usage_places_get(const struct usage_places *places, const char *name);
/* Each path of a comma list in the variable with tail ("/sessions") behind it; false: not set. */
bool usage_places_variable(
	struct usage_places *places, const char *variable, const char *tail, unsigned note);
void usage_places_add(struct usage_places *places, const char *path, unsigned note);
/* ${XDG_CONFIG_HOME:-~/.config} and the like, with tail behind it. */
void usage_places_xdg(struct usage_places *places, const char *variable, const char *below_home,
	const char *tail, unsigned note);

/* ---- what is in a file ---- */

/* The text behind a reader's own is limit.h's, and the one behind that the reader's again. */
enum {
	USAGE_OWN_TEXTS = 8,
	USAGE_LATE_TEXT = 9,
	USAGE_TEXTS = 10,
	USAGE_OWN_NUMBERS = 16,
	USAGE_NUMBERS = 24
};

/* A reader's own notes about a file, kept from one reading to the next. {0} for a new file. */
struct usage_memory {
	int64_t numbers[USAGE_NUMBERS]; /* the reader's own, and those of limit.h */
	struct str texts[USAGE_TEXTS]; /* the same; set by usage_remember */
};

struct usage_file {
	struct str path; /* as found, absolute */
	struct str below; /* the part of it below its place, "" for a place that is a file */
	unsigned note; /* the place's */
	bool is_compat; /* by ccusage's rules, where they differ */
	struct usage_memory memory;
	struct arena *arena; /* of this reading: what a record points to may be built here */
	int64_t modified_ms;
	struct usage_tracks *tracks; /* this thread's, of lines before; NULL: none are kept */
	/* The rest belongs to who reads the file. */
	void *self;
	void (*take)(void *self, struct usage_file *file, const struct usage_record *record);
	void (*complain)(void *self, struct usage_file *file, const char *why);
};

void usage_remember(struct usage_file *file, int text, struct str value);
/* The record counts. */
void usage_take(struct usage_file *file, const struct usage_record *record);
/* The line or document at hand is damaged or cannot be understood, and probably held usage. */
void usage_complain(struct usage_file *file, const char *why);

enum { USAGE_NEEDLES = 8 };

struct usage_reader {
	const char *name; /* "claude": for --source, in JSON */
	const char *title; /* "Claude Code" */
	/* Of answers whose records name none, as the catalogue or OpenCode call it; NULL: it may be
	   any. Prices do not depend on it. */
	const char *provider;
	bool tells_limits; /* of the plan, as limit.h has them */
	bool tells_credits; /* what it bills by is no money */
	void (*places)(struct usage_places *places);
	/* Whether a file below a place is a transcript, by its path below the place. */
	bool (*wants)(struct str below, unsigned note);
	/* A reader may have several: .jsonl goes to line, .db to database, others to document. */
	/*
	 * Files of lines that only grow: called for each whole line that contains one of the
	 * needles, without its end ("\n" or "\r\n").
	 */
	void (*line)(struct usage_file *file, struct str line);
	struct str needles[USAGE_NEEDLES]; /* ended by an absent one; at least 4 bytes each */
	/* A file that is read whole whenever it changed. */
	void (*document)(struct usage_file *file, struct str text);
	/* The same, as SQLite; the file at path is not to be changed. */
	bool (*database)(struct usage_file *file, struct err *e);
};

/* NULL-ended. */
extern const struct usage_reader *const usage_readers[];
const struct usage_reader *usage_reader_find(struct str name);

/* ---- for readers ---- */

/*
 * "2026-11-20T10:00:00.123Z", with any number of fractional digits, a space for the T, an offset
 * (+01:00, +0100) for the Z, UTC where there is none. False for what is no time.
 */
[[nodiscard]] bool usage_time(struct str text, int64_t *time_ms);
/* A time in JSON: such a string, or a number (or digits in a string) of seconds, ms, us or ns. */
[[nodiscard]] bool usage_json_time(struct str value, int64_t *time_ms);
/* A count in JSON: a number, or one in a string; 0 for what is absent, null, negative or no number;
   what is too large is INT64_MAX. */
int64_t usage_json_count(struct str value);
bool usage_json_is_count(struct str value); /* a number of 0 or more, or one in a string */
/* US dollars in JSON, a number or one in a string, as nano-dollars; -1 for none. */
int64_t usage_json_cost(struct str value);
/* The name of the file without its directory and ".jsonl". */
struct str usage_file_stem(const struct usage_file *file);
/* Whether a line is one whole object, as far as its brackets say; complains where it is not. */
bool usage_line_is_whole(struct usage_file *file, struct str line);
/* What the total names beyond the parts goes into other. */
void usage_fill_total(struct usage_tokens *tokens, int64_t total);

#endif
