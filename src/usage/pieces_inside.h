// SPDX-License-Identifier: MIT
/* pieces_inside: what opening the index, and reading and writing it, share. Private to them. */
#ifndef USAGE_PIECES_INSIDE_H
#define USAGE_PIECES_INSIDE_H

#include "io/sqlite_table.h"
#include "usage/pieces.h"

enum {
	PIECE_VERSION = 0x66740008, /* user_version: "ft", and the format's number */
};

struct pieces {
	const struct sqlite_table *sqlite;
	sqlite3 *db;
	char *path, *temporary; /* temporary NULL: it is at its place */
	sqlite3_stmt *add_chunk, *get, *put, *marks; /* prepared once for hundreds and thousands */
	int64_t generation;
	uint64_t sum; /* of the marks of all pieces that are loaded at each start */
	uint32_t last_file; /* of chunks that were added to what is not at its place yet */
	int64_t last_number; /* in it */
	bool is_writing, has_written;
};

bool pieces_failed(struct pieces *pieces, struct err *e);
bool pieces_run(struct pieces *pieces, const char *sql, struct err *e);
sqlite3_stmt *pieces_prepare(struct pieces *pieces, const char *sql, struct err *e);
/* The one number that a statement gives. */
bool pieces_number_of(struct pieces *pieces, const char *sql, int64_t *number, struct err *e);
/* Takes the mark off a row's bytes. ERR_PARSE: they are not what was written. */
[[nodiscard]] bool pieces_take_mark(
	enum piece_kind kind, uint32_t number, struct str *bytes, uint64_t *mark, struct err *e);
/* path is whose it is, file what is opened. */
struct pieces *pieces_open_at(const char *path, const char *file, int flags, struct err *e);
void pieces_set_up_writer(struct pieces *pieces);
void pieces_forget_statements(struct pieces *pieces);
/* The file and what SQLite puts beside it. */
void pieces_remove_all(const char *path);
/* What processes that were killed had begun beside it. */
void pieces_remove_left(const char *path);

#endif
