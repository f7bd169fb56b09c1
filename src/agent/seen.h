// SPDX-License-Identifier: MIT
/*
 * seen: what the model of one conversation last saw of each file, so that a change is refused when
 * the file is no longer that. In a dry run it also holds the files that would have been written.
 * Paths are relative to the workspace's root, without links. Any thread may call.
 */
#ifndef AGENT_SEEN_H
#define AGENT_SEEN_H

#include <stdint.h>

#include "base/arena.h"

struct seen;

[[nodiscard]] struct seen *seen_new(void);
void seen_free(struct seen *s); /* NULL is nothing */

/* What a file's bytes were. {0} is that of no bytes, to begin with. */
struct seen_mark {
	uint64_t size_bytes, hash;
};

/* Bytes are added in pieces of this size; only the last one may be shorter. */
enum { SEEN_PIECE_BYTES = 64 << 10 };
void seen_mark_add(struct seen_mark *mark, struct str piece);
struct seen_mark seen_mark_of(struct str bytes);

enum seen_state { SEEN_NEVER, SEEN_SAME, SEEN_OTHER };

void seen_note(struct seen *s, struct str path, struct seen_mark mark);
enum seen_state seen_compare(struct seen *s, struct str path, struct seen_mark mark);
void seen_forget(struct seen *s, struct str path);

/* ---- files of a dry run ---- */

/* bytes absent: the file would be gone. */
void seen_put_draft(struct seen *s, struct str path, struct str bytes);
/* False: there is no draft. bytes is a copy in the arena, absent when the file would be gone. */
bool seen_draft(struct seen *s, struct str path, struct arena *a, struct str *bytes);

#endif
