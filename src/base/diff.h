// SPDX-License-Identifier: MIT
/*
 * diff: what differs between two texts, by lines, in the form that git apply and patch take.
 *
 * Lines that only one side has are set aside, the rest is compared by Myers' algorithm in linear
 * space ("An O(ND) difference algorithm and its variations", 1986). Where that would cost too much
 * it goes on from the furthest point it has reached: the result is always right, but not always the
 * shortest. Time grows with the number of lines, whatever is in them.
 */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include "base/buf.h"
#include "base/str.h"

enum { DIFF_CONTEXT_LINES = 3, DIFF_BINARY_MAX_BYTES = 200 << 10 };

struct diff_options {
	struct str before_name, after_name; /* without "a/"; absent: no file on this side */
	unsigned before_mode, after_mode; /* as st_mode; 0: a plain file, not executable */
	bool has_binary; /* what is no text is told, too */
};

/* In lines. */
struct diff_counts {
	size_t added, deleted;
};

/*
 * Appends the unified diff with git's header lines; nothing when nothing differs. New and deleted
 * files, other names and other modes are told. Bytes are put as they are. Where a side has a NUL in
 * it, both go in whole with has_binary, and git apply takes that; without, or where diff_is_large,
 * there is one line that says that they differ, which git apply does not take.
 */
struct diff_counts diff_put_unified(
	struct buf *out, const struct diff_options *o, struct str before, struct str after);

/* Whether it has a NUL in it. */
bool diff_is_binary(struct str text);
/* Whether one of them is binary, and one of more than DIFF_BINARY_MAX_BYTES. */
bool diff_is_large(struct str before, struct str after);

/* ---- the comparison by itself ---- */

/* Lines of one side, with their ends. Those that the other side has not are changed. */
struct diff_side {
	struct str *lines;
	bool *is_changed;
	size_t count;
};

struct diff {
	struct diff_side before, after;
};

/* Views of the two texts, which stay. Release it in the end. */
void diff_compare(struct diff *d, struct str before, struct str after);
void diff_release(struct diff *d);

#endif
