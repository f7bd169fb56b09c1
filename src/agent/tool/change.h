// SPDX-License-Identifier: MIT
/*
 * change: the one way by which tools change files. A set of changes is prepared in memory, then all
 * of it is written or nothing.
 *
 *   AUTO(change_set) set;  change_begin(&set, call);
 *   struct change *c = change_open(&set, path, &e);  -> c->after is edited
 *   change_commit(&set, &e)
 *
 * Every file is opened beneath the workspace's root by the kernel's word, with links followed only
 * as long as they stay inside, and from then on reached by its directory's descriptor and its name
 * in it. New bytes go into a file beside it, onto the disk, and then take its place by one rename:
 * whoever looks, also after a crash, finds the old file or the new one. The file that is displaced
 * has to be the one that was read, otherwise it is put back and the set fails. When one file of a
 * set fails, those before it are put back.
 *
 * Sets of one run come one after the other. In a dry run nothing is written: the conversation
 * remembers the new bytes, and later sets start from them.
 */
#ifndef AGENT_TOOL_CHANGE_H
#define AGENT_TOOL_CHANGE_H

#include "agent/seen.h"
#include "agent/tool/tool.h"
#include "base/diff.h"
#include "base/vec.h"

/* Of a file before and after. */
enum { CHANGE_MAX_BYTES = 10 << 20 };

struct change_place; /* change_place.h */

struct change {
	struct str written; /* as the model wrote it */
	struct str relative; /* to the root, without links */
	struct str shown; /* as seen from the working directory */
	bool was_there, is_there; /* before and after */
	struct str before; /* "" when it was not there */
	struct buf after; /* the same at first; only what is_there counts */
	unsigned mode_before, mode_after; /* 0 for a new file: as the umask has it */
	const struct change *moved_from; /* NULL: it is no other file's new place */
	bool is_moved; /* its bytes are in another file of the set */
	enum seen_state seen; /* what the model knows of before */
	struct change_place *place;
};

struct change_set {
	const struct tool_call *call;
	VEC(struct change *) changes;
};

void change_begin(struct change_set *set, const struct tool_call *call);
void change_set_release(struct change_set *set);
/*
 * The file that path names; the same change when it is in the set already. A file that is not there
 * is one that may be made, with its directories. Refused (ERR_DENIED): what is outside, protected
 * (agent/protect.h), secret, no regular file, or has several names.
 */
[[nodiscard]] struct change *change_open(struct change_set *set, struct str path, struct err *e);
/* ERR_DENIED when the model saw other bytes than those there are now. */
[[nodiscard]] bool change_is_current(const struct change *c, struct err *e);
/* Whether it would make a difference. */
bool change_is_any(const struct change *c);
/* After it every file is as it should be, or, on failure, as it was; e says where it is not. */
[[nodiscard]] bool change_commit(struct change_set *set, struct err *e);

/* ---- what is told ---- */

/*
 * Commits and tells: a line for each file, then the differences; or why not, as the tool's failure.
 */
void change_finish(struct change_set *set, struct tool_result *out);
/* The same with letters and paths instead: "A new.c", "M old.c", "D gone.c". */
void change_finish_patch(struct change_set *set, struct tool_result *out);
/* A file that is not there, with names like its own. */
void change_tell_missing(const struct change_set *set, const struct change *c, struct buf *why);

#endif
