// SPDX-License-Identifier: MIT
/*
 * found: what a search keeps. Each thread has a found and fills it file by file; found_merge makes
 * one result of them. With a limit a thread holds at most about twice the lines that can be kept.
 */
#ifndef INDEX_FOUND_H
#define INDEX_FOUND_H

#include "base/buf.h"
#include "base/vec.h"
#include "index/index.h"

struct found_line {
	size_t text_at, text_n;
	uint32_t number;
	bool is_match, is_cut;
};

struct found_file; /* one block of memory: the file, its lines, their text */

struct found {
	/* the file at hand */
	VEC(struct found_line) lines;
	struct buf text;
	uint64_t matches;
	size_t kept; /* matching lines among lines */
	/* the files before it */
	VEC(struct found_file *) files;
	size_t weight; /* what counts for the limit: matching lines, or files */
	uint64_t total_matches, total_files;
	const struct found_file *last; /* the limit is reached by files up to this one, or NULL */
	/* the same for all files */
	size_t max_matches, max_columns;
	enum grep_mode mode;
};

void found_release(struct found *f);
/* A line, its line end included or not. */
void found_put(struct found *f, uint32_t number, struct str line, bool is_match);
/* Whether a further matching line of the file at hand could be kept. */
bool found_has_room(const struct found *f);
void found_end_file(struct found *f, struct str path);
/* Moves all to out: files, counts, memory. The found are empty afterwards. */
void found_merge(struct found *all, size_t count, struct grep_result *out);

#endif
