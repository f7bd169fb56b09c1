// SPDX-License-Identifier: MIT
/*
 * index: knowledge of the code. Today: listing the files of a tree as git would see them, matching
 * globs, and searching text. No network, no writes. Functions that scan use several threads inside
 * and return when all are done; they are called from a worker, never from the loop's thread.
 */
#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/schema.h"
#include "base/str.h"

/* ---- globs ---- */

/*
 * gitignore-style glob against a path relative to the searched directory: * ? [a-z] [!a-z] {a,b}
 * and ** across directories. A pattern without '/' matches the base name at any depth.
 */
[[nodiscard]] bool glob_match(struct str pattern, struct str path);

/* ---- patterns ---- */

struct pattern;

/*
 * A regular expression as ECMA-262 has it, found anywhere in a text that may have several lines.
 * ERR_PARSE with the offset of the mistake. For one thread at a time.
 */
[[nodiscard]] struct pattern *pattern_new(struct str text, struct err *e);
/* gave_up is set, and the text no match, when PCRE2 gives up backtracking. */
bool pattern_matches(struct pattern *p, struct str text, bool *gave_up);
void pattern_free(struct pattern *p); /* NULL is nothing */
/* The same for schemas. */
extern const struct schema_patterns pattern_functions;

/* ---- scan ---- */

struct scan_file {
	int dir_fd; /* of the directory that holds it; valid during the visit */
	const char *name; /* its name there, NUL-terminated */
	struct str
		path; /* relative to the start directory, '/' separated; valid during the visit */
	unsigned char type; /* DT_REG, DT_LNK or other DT_*; DT_DIR with directories only */
	int worker; /* 0 .. workers - 1: for per-thread state without locks */
};

struct scan_options {
	const char *root; /* absolute path of the repository root (or workspace): ignore files from
			     there down to start count. */
	const char *start; /* directory to list, relative to root; "" is root itself */
	int threads; /* 0: one per processor */
	bool hidden; /* also names that begin with '.', except .git */
	bool directories; /* visit them, too, start itself excepted */
	bool no_ignore; /* do not read .gitignore, .ignore, .git/info/exclude, core.excludesFile */
	size_t max_depth; /* 0: no limit; 1: only start's own files */
	const char *const *include; /* NULL or globs ended by NULL; a file must match one. '!' in
				       front excludes */
	const atomic_bool *cancel; /* NULL or a flag that ends the scan early */
	/* NULL, or true for files that are not visited; path is relative to root. Any thread. */
	bool (*leaves_out)(const void *self, struct str path);
	const void *leaves_out_self;
};

struct scan_stats {
	size_t files, directories, ignored; /* ignored: entries that an ignore rule left out */
	size_t unreadable; /* directories that could not be opened */
};

/*
 * Visits every file under start, from several threads at once, in no order. Symbolic links are
 * visited (DT_LNK), never followed. .git is never entered. Returns false only when start itself
 * cannot be opened; visit returns false to end the scan early.
 */
[[nodiscard]] bool scan_tree(const struct scan_options *options,
	bool (*visit)(void *self, const struct scan_file *file), void *self,
	struct scan_stats *stats, struct err *e);
/* Number of threads that scan_tree will use: the range of scan_file.worker. */
int scan_workers(const struct scan_options *options);

/* ---- grep ---- */

enum grep_mode { GREP_CONTENT, GREP_FILES, GREP_COUNT };

struct grep_options {
	struct scan_options scan;
	const char *file; /* NULL, or one file relative to root/start to search instead of a tree */
	struct str pattern; /* PCRE2 syntax; UTF-8 */
	bool is_literal; /* the pattern is plain text */
	bool ignore_case;
	bool whole_word;
	enum grep_mode mode;
	int before, after; /* context lines, CONTENT only */
	size_t max_matches; /* matching lines (CONTENT) or files (FILES, COUNT) kept: the first
			       ones in the order of paths; 0: all */
	size_t max_columns; /* longer lines are cut to so many bytes, at a character; 0: never */
};

struct grep_line {
	uint32_t number; /* from 1 */
	bool is_match; /* else context */
	struct str text; /* without line end; cut at max_columns */
	bool is_cut;
};

/* One file's result. Files come sorted by path; the strings live as long as the result. */
struct grep_file {
	struct str path; /* relative to start */
	uint64_t matches; /* matching lines, all of them, also beyond max_matches; 1 with FILES */
	struct grep_line *lines;
	size_t line_count;
};

struct grep_result {
	struct grep_file *files;
	size_t file_count; /* kept, after max_matches */
	uint64_t total_matches, total_files; /* found, before max_matches */
	uint64_t searched_files, searched_bytes, unreadable_files;
	/* Files with a NUL: from the piece of 64 kB that has the first one on, they are not
	 * searched. */
	uint64_t binary_files;
	uint64_t limited_lines; /* given up on, too much backtracking: they count as no match */
	struct scan_stats scan;
	struct grep_memory *memory;
};

/*
 * Lines are matched one by one, without their line ends; a '\r' before the line feed is part of the
 * line for the pattern and left out of grep_line.text. \w, \b, [:alpha:] and case follow ripgrep.
 * An empty pattern matches every line. False: bad pattern (ERR_PARSE, with the offset), start or
 * file missing. Release the result.
 */
[[nodiscard]] bool grep_run(
	const struct grep_options *options, struct grep_result *out, struct err *e);
void grep_result_release(struct grep_result *r);

#endif
