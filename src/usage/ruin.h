// SPDX-License-Identifier: MIT
/*
 * ruin: the rows of an SQLite file that SQLite does not read any more, page by page: each page that
 * is whole gives its rows, whatever became of the others. Bytes in, rows out; nothing here knows
 * what they mean. Source of the format: https://www.sqlite.org/fileformat2.html
 *
 * What a row says may have changed within its bytes: who takes it has to know a hash of them.
 */
#ifndef USAGE_RUIN_H
#define USAGE_RUIN_H

#include "base/buf.h"
#include "base/vec.h"

enum { RUIN_COLUMNS = 8 };

enum ruin_value { RUIN_NULL, RUIN_NUMBER, RUIN_BYTES };

struct ruin_column {
	enum ruin_value kind;
	int64_t number;
	struct str bytes; /* of a blob or text, until the next row */
};

struct ruin_row {
	int64_t id; /* of a table with rowids */
	struct ruin_column columns[RUIN_COLUMNS];
	size_t column_count;
	/* Its page is one that the file's trees lead to. Others may be from before, unless pages
	   are missing from the trees. */
	bool is_sure;
};

struct ruin {
	struct str file,
		log; /* all of it, and all of the write-ahead log; both stay the caller's */
	size_t page_bytes, usable_bytes;
	uint32_t page_count;
	uint32_t *frames; /* by page: the frame of the log that has it, 0 none; NULL: no log */
	uint8_t *marks; /* by page */
	bool is_broken; /* a page of a tree cannot be read */
	bool lacks_pages[2]; /* the same of trees without rowids, and of those with */
	bool knows_free; /* pages that are in no tree and are not free have lost their place */
	struct buf payload;
	size_t budget; /* bytes of long rows that may still be gathered */
};

/* What the head says that its writer calls the format of the content; false: it is not whole. */
bool ruin_version(const struct ruin *ruin, uint32_t *version);
/* file and log ("" for none) have to live until the release. */
void ruin_begin(struct ruin *ruin, struct str file, struct str log);
void ruin_release(struct ruin *ruin);

/* False ends it. */
typedef bool ruin_fn(void *self, const struct ruin_row *row);
/*
 * Rows of all tables with rowids, or of all without, which are in trees of indexes; what is sure
 * comes first.
 */
void ruin_each(struct ruin *ruin, bool has_ids, ruin_fn *visit, void *self);

#endif
