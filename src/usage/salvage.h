// SPDX-License-Identifier: MIT
/*
 * salvage: what is whole in an index that is damaged, read without changing it: which transcripts
 * it knew, and their answers. Each piece and each chunk has a hash of its own, so that what is
 * taken is as it was written; which file's a row of answers is, is checked by how many it had.
 */
#ifndef USAGE_SALVAGE_H
#define USAGE_SALVAGE_H

#include "usage/known.h"
#include "usage/names.h"
#include "usage/ruin.h"
#include "usage/state.h"

/* Answers of one row, those of its chunks that are whole. */
struct salvage_row {
	uint32_t file;
	int64_t number, first_item, items;
	int64_t first_ms, last_ms;
	struct str bytes;
	bool is_sure; /* as in ruin.h */
	bool is_stray; /* it cannot be that file's, or nothing is known of the file */
	bool is_bare; /* some of its answers have no key */
};

enum salvage_loss { SALVAGE_WHOLE, SALVAGE_NO_PATH, SALVAGE_NOTHING };

struct salvage_piece {
	int64_t id;
	uint64_t mark;
	struct str bytes;
	bool is_sure;
};

struct salvage {
	struct buf file, log;
	struct ruin ruin;
	struct arena arena;
	struct known known; /* numbers are the index's; what is lost has a place, too */
	VEC(enum salvage_loss) dirs; /* as known.dirs; without its path a source may be known */
	VEC(enum salvage_loss) files; /* as known.files */
	uint64_t origin; /* 0: lost */
	struct state_history history;
	VEC(struct salvage_row) rows; /* by file */
	int64_t lost_pieces; /* that told of transcripts */
	struct names names;
	uint32_t *session_sources; /* by name: a name, 0 none, UINT32_MAX several */
	VEC(struct salvage_piece) pieces; /* by id */
	uint64_t sum; /* of all marks, as it was written */
	bool has_sum;
	int64_t bad_pieces; /* that told of transcripts, and are not what was written */
};

/*
 * beside: where its log may be, too, while it is being set aside; NULL nowhere. ERR_PARSE: it is
 * no index, or one of another version.
 */
[[nodiscard]] bool salvage_read(
	struct salvage *salvage, const char *path, const char *beside, struct err *e);
/* The same of bytes, which the salvage frees. */
[[nodiscard]] bool salvage_take(
	struct salvage *salvage, struct buf *file, struct buf *log, struct err *e);
/* Of the files that are wanted, and of those of which nothing is known. */
void salvage_take_rows(
	struct salvage *salvage, bool (*is_wanted)(void *self, uint32_t file), void *self);
/* Whose the answers are, by their conversations: a place in usage_readers; false: nobody knows. */
[[nodiscard]] bool salvage_source(
	struct salvage *salvage, const struct salvage_row *row, uint32_t *source);
void salvage_release(struct salvage *salvage);

#endif
