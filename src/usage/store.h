// SPDX-License-Identifier: MIT
/*
 * store: the index on disk, one SQLite file of pieces: rows of packed bytes, each known by a kind
 * and a number. Readers see one commit or the next. What is written lands only if nobody else wrote
 * since it was opened: who comes second keeps its results and drops its writing.
 *
 * A new file is filled beside its place and linked there whole. It is no loss when a crash of the
 * system damages that: all of it is still in the transcripts. Later commits go through the
 * write-ahead log.
 */
#ifndef USAGE_STORE_H
#define USAGE_STORE_H

#include "base/buf.h"
#include "base/err.h"

enum store_kind {
	STORE_META,
	STORE_NAMES,
	STORE_DIRS,
	STORE_FILES,
	STORE_CELLS,
	STORE_NEW_KEYS, /* those that are in no part yet */
	STORE_COPIED, /* keys of answers that are in several places */
	STORE_LOADED, /* those in front are read at each start */
	STORE_KEYS = STORE_LOADED, /* number: the part */
	STORE_KINDS,
};

struct store;

enum store_found { STORE_GOOD, STORE_NONE, STORE_OTHER_VERSION, STORE_DAMAGED };

/* NULL: found says why; for STORE_NONE e is ERR_NOT_FOUND, or why it cannot be opened. */
struct store *store_open(const char *path, enum store_found *found, struct err *e);
void store_close(struct store *store); /* NULL is nothing */

/* bytes hold until visit returns. False: damaged, or visit said so (e is set). */
[[nodiscard]] bool store_each_piece(struct store *store, enum store_kind below,
	bool (*visit)(
		void *self, enum store_kind kind, uint32_t number, struct str bytes, struct err *e),
	void *self, struct err *e);
/* Appends; nothing for a piece that is not there. */
[[nodiscard]] bool store_piece(
	struct store *store, enum store_kind kind, uint32_t number, struct buf *out, struct err *e);
/* first_item: how many answers the file has in front of these. */
typedef bool store_chunk_fn(
	void *self, uint32_t file, int64_t first_item, struct str bytes, struct err *e);
/* Chunks by file and number, those with answers in [since_ms, until_ms). */
[[nodiscard]] bool store_each_chunk(struct store *store, int64_t since_ms, int64_t until_ms,
	store_chunk_fn *visit, void *self, struct err *e);
/* All of one file's. */
[[nodiscard]] bool store_file_chunks(
	struct store *store, uint32_t file, store_chunk_fn *visit, void *self, struct err *e);

/* ---- writing ---- */

/* Beside path; lands there by store_commit. */
struct store *store_create(const char *path, struct err *e);
/* False with ERR_CANCELLED: somebody else wrote since. */
[[nodiscard]] bool store_begin(struct store *store, struct err *e);
[[nodiscard]] bool store_put(struct store *store, enum store_kind kind, uint32_t number,
	struct str bytes, struct err *e);
[[nodiscard]] bool store_drop(struct store *store, enum store_kind kind, struct err *e);
/* Behind what the file has. */
[[nodiscard]] bool store_add_chunk(struct store *store, uint32_t file, int64_t first_item,
	int64_t first_ms, int64_t last_ms, struct str bytes, struct err *e);
[[nodiscard]] bool store_drop_chunks(struct store *store, uint32_t file, struct err *e);
[[nodiscard]] bool store_commit(struct store *store, struct err *e);
void store_rollback(struct store *store);
/* Out of the way, kept as path.old; what is there then is not touched any more. */
void store_set_aside(const char *path);

#endif
