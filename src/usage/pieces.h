// SPDX-License-Identifier: MIT
/*
 * pieces: the index on disk, one SQLite file of pieces: rows of packed bytes, each known by a kind
 * and a number. Whoever opens it sees one commit until it is closed. What is written lands only if
 * nobody else wrote since: who comes second keeps its results and drops its writing.
 *
 * A new file is filled beside its place and linked there whole. It is no loss when a crash of the
 * system damages that: all of it is still in the transcripts. Later commits go through the
 * write-ahead log.
 */
#ifndef USAGE_PIECES_H
#define USAGE_PIECES_H

#include "base/buf.h"
#include "base/err.h"

enum piece_kind {
	PIECE_META,
	PIECE_DIRS,
	PIECE_FILES, /* with these one can begin to look for what is new */
	PIECE_NAMES,
	PIECE_CELLS,
	PIECE_COPIED, /* keys of answers that are in several places */
	PIECE_LOADED, /* those in front are read at each start */
	PIECE_KEYS = PIECE_LOADED, /* number: the part */
	PIECE_NEW_KEYS, /* those that are in no part yet */
	PIECE_KINDS,
};

struct pieces;

enum pieces_found {
	PIECE_GOOD,
	PIECE_NONE,
	PIECE_OTHER_VERSION, /* or something else */
	PIECE_NEWER, /* it is a later program's, which goes on with it */
	PIECE_DAMAGED
};

/* NULL: found says why; for PIECE_NONE e is ERR_NOT_FOUND, or why it cannot be opened. */
struct pieces *pieces_open(const char *path, enum pieces_found *found, struct err *e);
/* One that belongs to somebody else: it is not touched, a copy beside the own one is read. */
struct pieces *pieces_open_copy(
	const char *path, const char *beside, enum pieces_found *found, struct err *e);
/* Whether path may be taken for an index: nothing is there, or an SQLite file with our number. */
bool pieces_are_ours(const char *path);
void pieces_close(struct pieces *pieces); /* NULL is nothing */

typedef bool piece_fn(
	void *self, enum piece_kind kind, uint32_t number, struct str bytes, struct err *e);
/* All that is in front of PIECE_LOADED; bytes hold until visit returns. False: damaged (ERR_PARSE),
   or visit said so. */
[[nodiscard]] bool pieces_load(struct pieces *pieces, piece_fn *visit, void *self, struct err *e);
/* Appends. ERR_PARSE: it is not there, or damaged. */
[[nodiscard]] bool pieces_get(struct pieces *pieces, enum piece_kind kind, uint32_t number,
	struct buf *out, struct err *e);
/* first_item: how many answers the file has in front of these. */
typedef bool piece_chunk_fn(
	void *self, uint32_t file, int64_t first_item, struct str bytes, struct err *e);
/* Chunks by file and number, those with answers in [since_ms, until_ms): one after the other. */
struct piece_chunk {
	uint32_t file;
	int64_t first_item;
	struct str bytes; /* until the next one is asked for */
};
struct piece_chunks; /* only one thread at a time may use it and its index */
/* NULL: e says why. */
struct piece_chunks *pieces_chunks_begin(
	struct pieces *pieces, int64_t since_ms, int64_t until_ms, struct err *e);
/* At the end, and on failure, the chunk's bytes are absent. */
[[nodiscard]] bool pieces_chunks_next(
	struct piece_chunks *chunks, struct piece_chunk *chunk, struct err *e);
void pieces_chunks_end(struct piece_chunks *chunks); /* NULL is nothing */
/* The same for a function. */
[[nodiscard]] bool pieces_each_chunk(struct pieces *pieces, int64_t since_ms, int64_t until_ms,
	piece_chunk_fn *visit, void *self, struct err *e);
/* One file's, those with its items in [first, last] and perhaps more. */
[[nodiscard]] bool pieces_file_chunks(struct pieces *pieces, uint32_t file, int64_t first,
	int64_t last, piece_chunk_fn *visit, void *self, struct err *e);

/* ---- writing ---- */

/* Beside path; lands there by pieces_commit. */
struct pieces *pieces_create(const char *path, struct err *e);
/* To change what reader has open, which goes on to read what was before. ERR_CANCELLED: somebody
   else wrote since. */
struct pieces *pieces_writer(struct pieces *reader, struct err *e);
/* For what was created. */
[[nodiscard]] bool pieces_begin(struct pieces *pieces, struct err *e);
[[nodiscard]] bool pieces_put(struct pieces *pieces, enum piece_kind kind, uint32_t number,
	struct str bytes, struct err *e);
[[nodiscard]] bool pieces_drop(struct pieces *pieces, enum piece_kind kind, struct err *e);
/* Behind what the file has; into what was created, file by file. */
[[nodiscard]] bool pieces_add_chunk(struct pieces *pieces, uint32_t file, int64_t first_item,
	int64_t first_ms, int64_t last_ms, struct str bytes, struct err *e);
[[nodiscard]] bool pieces_drop_chunks(struct pieces *pieces, uint32_t file, struct err *e);
[[nodiscard]] bool pieces_commit(struct pieces *pieces, struct err *e);
void pieces_rollback(struct pieces *pieces);
/* The file with that inode: out of the way, kept as path.old, or path.old2 ...: that is put out.
   False: it is not there. */
bool pieces_set_aside(const char *path, uint64_t inode, struct buf *aside);

#endif
