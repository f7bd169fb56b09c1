// SPDX-License-Identifier: MIT
/* likeness: text as models remember it, against text as it is. */
#ifndef AGENT_TOOL_LIKENESS_H
#define AGENT_TOOL_LIKENESS_H

#include "base/arena.h"
#include "base/buf.h"

/* Each allows what the one before does, and more. */
enum likeness {
	LIKE_EXACTLY,
	LIKE_BUT_ENDS, /* white space at the end */
	LIKE_BUT_MARGINS, /* and at the beginning */
	LIKE_IN_PLAIN, /* and typographic dashes, quotes and spaces for the plain ones */
	LIKE_BUT_SPACES, /* and white space of another length within */
};

/* Two lines, without their ends. */
bool lines_alike(struct str a, struct str b, enum likeness likeness);
/* Lines without LF and CR; a last line that is empty is none. */
struct lines {
	struct str *items;
	size_t count;
};
struct lines lines_of(struct str text, struct arena *a);

/* A part of a text. */
struct part {
	size_t at, n;
};

/*
 * Where pattern is in text when white space at the ends of lines does not count and typographic
 * characters stand for plain ones. Returns how often, at most 2; part is the first.
 */
size_t find_in_plain(struct str text, struct str pattern, struct part *part);

/*
 * Where the lines of pattern are in text, whatever white space they have; how often, at most 2.
 * With a replacement for the first place, in the indentation that is there; absent when it cannot
 * be told.
 */
size_t find_by_lines(struct str text, struct str pattern, struct str replacement, struct arena *a,
	struct part *part, struct str *indented);

/*
 * Puts the lines of text that are most like those of pattern, numbered, and behind them what of
 * them is hidden; false when none is like them.
 */
bool put_nearest(struct buf *out, struct str text, struct str pattern, struct arena *a);

#endif
