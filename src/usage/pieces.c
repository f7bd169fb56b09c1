// SPDX-License-Identifier: MIT
#include "usage/pieces_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

enum { CHUNK_ROW_BYTES = 8 << 10 }; /* a file's row takes more chunks up to this */

static sqlite3_stmt *prepare_once(
	struct pieces *pieces, sqlite3_stmt **s, const char *sql, struct err *e)
{
	if (!*s)
		*s = pieces_prepare(pieces, sql, e);
	return *s;
}

static bool finish(struct pieces *pieces, sqlite3_stmt *s, struct err *e)
{
	bool is_done = pieces->sqlite->step(s) == SQLITE_DONE || pieces_failed(pieces, e);

	pieces->sqlite->finalize(s);
	return is_done;
}

static struct str blob(const struct pieces *pieces, sqlite3_stmt *s, int column)
{
	const char *p = pieces->sqlite->column_blob(s, column);

	return (struct str){p ? p : "", (size_t)pieces->sqlite->column_bytes(s, column)};
}

/* ---- marks ---- */

/*
 * Behind the bytes of each piece stands its mark, a hash of all that the row says, as SQLite does
 * not notice a byte that changed within a row. The sum of the marks tells whether rows are missing.
 * The format's number is in it: what a file holds whose head is lost is not taken for this format.
 */
static uint64_t mark_of(enum piece_kind kind, uint32_t number, struct str bytes)
{
	uint64_t parts[] = {PIECE_VERSION, kind, number, hash_bytes(bytes)};

	return hash_bytes((struct str){(const char *)parts, sizeof parts});
}

bool pieces_take_mark(
	enum piece_kind kind, uint32_t number, struct str *bytes, uint64_t *mark, struct err *e)
{
	if (bytes->n >= sizeof *mark) {
		bytes->n -= sizeof *mark;
		memcpy(mark, bytes->p + bytes->n, sizeof *mark);
		if (*mark == mark_of(kind, number, *bytes))
			return true;
	}
	return err_set(e, ERR_PARSE, "the index: a piece of it is damaged");
}

/* ---- reading ---- */

struct piece_row {
	enum piece_kind kind;
	uint32_t number;
	struct str bytes;
	uint64_t mark;
};

/* A piece's id is its kind, and its number in the lower half. */
static int64_t id_of(enum piece_kind kind, uint32_t number)
{
	return (int64_t)kind << 32 | number;
}

static bool take_row(
	const struct pieces *pieces, sqlite3_stmt *s, struct piece_row *row, struct err *e)
{
	int64_t id = pieces->sqlite->column_int64(s, 0);

	*row = (struct piece_row){.kind = (enum piece_kind)(id >> 32),
		.number = (uint32_t)id,
		.bytes = blob(pieces, s, 1)};
	return pieces_take_mark(row->kind, row->number, &row->bytes, &row->mark, e);
}

bool pieces_load(struct pieces *pieces, piece_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s =
		pieces_prepare(pieces, "SELECT id, bytes FROM piece WHERE id < ? ORDER BY id", e);
	bool is_good = s != NULL;
	int code = SQLITE_DONE;
	uint64_t sum = 0;
	struct piece_row row;

	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, id_of(PIECE_LOADED, 0));
	while (is_good && (code = pieces->sqlite->step(s)) == SQLITE_ROW) {
		is_good = take_row(pieces, s, &row, e) &&
			  visit(self, row.kind, row.number, row.bytes, e);
		sum += is_good ? row.mark : 0;
	}
	if (is_good && code != SQLITE_DONE)
		is_good = pieces_failed(pieces, e);
	pieces->sqlite->finalize(s);
	if (is_good && sum != pieces->sum)
		return err_set(e, ERR_PARSE, "the index: pieces of it are missing");
	return is_good;
}

bool pieces_get(struct pieces *pieces, enum piece_kind kind, uint32_t number, struct buf *out,
	struct err *e)
{
	struct piece_row row;

	sqlite3_stmt *s =
		prepare_once(pieces, &pieces->get, "SELECT id, bytes FROM piece WHERE id = ?", e);
	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, id_of(kind, number));
	int code = pieces->sqlite->step(s);
	bool is_good = code == SQLITE_ROW ? take_row(pieces, s, &row, e)
		       : code == SQLITE_DONE
			       ? err_set(e, ERR_PARSE, "the index: a piece of it is missing")
			       : pieces_failed(pieces, e);
	if (is_good)
		buf_put_str(out, row.bytes);
	(void)pieces->sqlite->reset(s);
	return is_good;
}

struct piece_chunks {
	struct pieces *pieces;
	sqlite3_stmt *rows;
};

struct piece_chunks *pieces_chunks_begin(
	struct pieces *pieces, int64_t since_ms, int64_t until_ms, struct err *e)
{
	sqlite3_stmt *s = pieces_prepare(pieces,
		"SELECT file, first_item, bytes FROM chunk WHERE last_ms >= ? AND first_ms < ?"
		" ORDER BY file, number",
		e);

	if (!s)
		return NULL;
	(void)pieces->sqlite->bind_int64(s, 1, since_ms);
	(void)pieces->sqlite->bind_int64(s, 2, until_ms);
	struct piece_chunks *chunks = must_alloc(1, sizeof *chunks);
	*chunks = (struct piece_chunks){pieces, s};
	return chunks;
}

bool pieces_chunks_next(struct piece_chunks *chunks, struct piece_chunk *chunk, struct err *e)
{
	const struct pieces *pieces = chunks->pieces;
	int code = pieces->sqlite->step(chunks->rows);

	*chunk = (struct piece_chunk){0};
	if (code != SQLITE_ROW)
		return code == SQLITE_DONE || pieces_failed(chunks->pieces, e);
	*chunk = (struct piece_chunk){(uint32_t)pieces->sqlite->column_int64(chunks->rows, 0),
		pieces->sqlite->column_int64(chunks->rows, 1), blob(pieces, chunks->rows, 2)};
	return true;
}

void pieces_chunks_end(struct piece_chunks *chunks)
{
	if (chunks)
		chunks->pieces->sqlite->finalize(chunks->rows);
	free(chunks);
}

static bool each_chunk(
	struct piece_chunks *chunks, piece_chunk_fn *visit, void *self, struct err *e)
{
	struct piece_chunk chunk;
	bool is_good;

	while ((is_good = pieces_chunks_next(chunks, &chunk, e)) && chunk.bytes.p)
		if (!visit(self, chunk.file, chunk.first_item, chunk.bytes, e))
			return false;
	return is_good;
}

bool pieces_each_chunk(struct pieces *pieces, int64_t since_ms, int64_t until_ms,
	piece_chunk_fn *visit, void *self, struct err *e)
{
	struct piece_chunks *chunks = pieces_chunks_begin(pieces, since_ms, until_ms, e);
	bool is_good = chunks && each_chunk(chunks, visit, self, e);

	pieces_chunks_end(chunks);
	return is_good;
}

bool pieces_file_chunks(struct pieces *pieces, uint32_t file, int64_t first, int64_t last,
	piece_chunk_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s = pieces_prepare(pieces,
		"SELECT file, first_item, bytes FROM chunk WHERE file = ?1 AND first_item <= ?3 AND number >="
		" (SELECT coalesce(max(number), 0) FROM chunk WHERE file = ?1 AND first_item <= ?2)"
		" ORDER BY number",
		e);

	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, file);
	(void)pieces->sqlite->bind_int64(s, 2, first);
	(void)pieces->sqlite->bind_int64(s, 3, last);
	struct piece_chunks chunks = {pieces, s};
	bool is_good = each_chunk(&chunks, visit, self, e);
	pieces->sqlite->finalize(s);
	return is_good;
}

/* ---- writing ---- */

bool pieces_begin(struct pieces *pieces, struct err *e)
{
	int64_t generation = 0;

	if (pieces->sqlite->exec(pieces->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return pieces->sqlite->errcode(pieces->db) == SQLITE_BUSY
			       ? err_set(e, ERR_CANCELLED, "somebody else writes the index")
			       : pieces_failed(pieces, e);
	pieces->is_writing = true;
	if (!pieces_number_of(pieces, "SELECT number FROM generation", &generation, e))
		return false;
	if (generation != pieces->generation)
		return err_set(e, ERR_CANCELLED, "the index has been written by somebody else");
	return true;
}

struct pieces *pieces_writer(struct pieces *reader, struct err *e)
{
	struct pieces *pieces =
		pieces_open_at(reader->path, reader->path, SQLITE_OPEN_READWRITE, e);

	if (!pieces)
		return NULL;
	pieces_set_up_writer(pieces);
	pieces_remove_left(reader->path);
	pieces->generation = reader->generation;
	pieces->sum = reader->sum;
	reader->has_written = true;
	if (pieces_begin(pieces, e))
		return pieces;
	pieces_close(pieces);
	return NULL;
}

static bool finish_sum(struct pieces *pieces, struct err *e)
{
	sqlite3_stmt *s =
		pieces_prepare(pieces, "UPDATE generation SET number = number + 1, sum = ?", e);

	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, (int64_t)pieces->sum);
	return finish(pieces, s, e);
}

/* Takes the marks of a kind's pieces, or of one of them, out of the sum. */
static bool forget_marks(
	struct pieces *pieces, enum piece_kind kind, uint32_t first, uint32_t last, struct err *e)
{
	static const char sql[] = "SELECT id, bytes FROM piece WHERE id BETWEEN ? AND ?";
	sqlite3_stmt *s;
	int code;

	if (kind >= PIECE_LOADED)
		return true;
	s = prepare_once(pieces, &pieces->marks, sql, e);
	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, id_of(kind, first));
	(void)pieces->sqlite->bind_int64(s, 2, id_of(kind, last));
	bool is_good = true;
	struct piece_row row;
	while (is_good && (code = pieces->sqlite->step(s)) == SQLITE_ROW) {
		is_good = take_row(pieces, s, &row, e);
		pieces->sum -= is_good ? row.mark : 0;
	}
	if (is_good && code != SQLITE_DONE)
		is_good = pieces_failed(pieces, e);
	(void)pieces->sqlite->reset(s);
	return is_good;
}

bool pieces_put(struct pieces *pieces, enum piece_kind kind, uint32_t number, struct str bytes,
	struct err *e)
{
	AUTO(buf) marked = {0};
	uint64_t mark = mark_of(kind, number, bytes);

	buf_put_str(&marked, bytes);
	buf_put(&marked, &mark, sizeof mark);
	if (marked.overflow)
		return err_set(e, ERR_LIMIT, "the index: too large a piece");
	if (!forget_marks(pieces, kind, number, number, e))
		return false;
	sqlite3_stmt *s =
		prepare_once(pieces, &pieces->put, "INSERT OR REPLACE INTO piece VALUES(?, ?)", e);
	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, id_of(kind, number));
	(void)pieces->sqlite->bind_blob64(s, 2, marked.p, marked.n, SQLITE_STATIC);
	pieces->sum += kind < PIECE_LOADED ? mark : 0;
	bool is_done = pieces->sqlite->step(s) == SQLITE_DONE || pieces_failed(pieces, e);
	(void)pieces->sqlite->reset(s);
	return is_done;
}

bool pieces_drop(struct pieces *pieces, enum piece_kind kind, struct err *e)
{
	if (!forget_marks(pieces, kind, 0, UINT32_MAX, e))
		return false;
	sqlite3_stmt *s = pieces_prepare(pieces, "DELETE FROM piece WHERE id BETWEEN ? AND ?", e);
	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, id_of(kind, 0));
	(void)pieces->sqlite->bind_int64(s, 2, id_of(kind, UINT32_MAX));
	return finish(pieces, s, e);
}

/* Into the file's last row while that is small. */
static bool extend_row(struct pieces *pieces, uint32_t file, int64_t first_ms, int64_t last_ms,
	struct str bytes, struct err *e)
{
	sqlite3_stmt *s = pieces_prepare(pieces,
		"UPDATE chunk SET bytes = CAST(bytes || ?1 AS BLOB), first_ms = min(first_ms, ?2),"
		" last_ms = max(last_ms, ?3) WHERE file = ?4"
		" AND number = (SELECT max(number) FROM chunk WHERE file = ?4)"
		" AND length(bytes) < ?5",
		e);

	if (!s)
		return false;
	(void)pieces->sqlite->bind_blob64(s, 1, bytes.p, bytes.n, SQLITE_STATIC);
	(void)pieces->sqlite->bind_int64(s, 2, first_ms);
	(void)pieces->sqlite->bind_int64(s, 3, last_ms);
	(void)pieces->sqlite->bind_int64(s, 4, file);
	(void)pieces->sqlite->bind_int(s, 5, CHUNK_ROW_BYTES);
	return finish(pieces, s, e);
}

bool pieces_add_chunk(struct pieces *pieces, uint32_t file, int64_t first_item, int64_t first_ms,
	int64_t last_ms, struct str bytes, struct err *e)
{
	if (!pieces->temporary) {
		if (!extend_row(pieces, file, first_ms, last_ms, bytes, e))
			return false;
		if (pieces->sqlite->changes(pieces->db) > 0)
			return true;
	}
	sqlite3_stmt *s = prepare_once(pieces, &pieces->add_chunk,
		pieces->temporary
			? "INSERT INTO chunk VALUES(?1, ?6, ?2, ?3, ?4, ?5)"
			: "INSERT INTO chunk SELECT ?1, coalesce(max(number), -1) + 1, ?2, ?3, ?4, ?5"
			  " FROM chunk WHERE file = ?1",
		e);
	if (!s)
		return false;
	if (pieces->temporary) {
		pieces->last_number = file == pieces->last_file ? pieces->last_number + 1 : 0;
		pieces->last_file = file;
		(void)pieces->sqlite->bind_int64(s, 6, pieces->last_number);
	}
	(void)pieces->sqlite->bind_int64(s, 1, file);
	(void)pieces->sqlite->bind_int64(s, 2, first_item);
	(void)pieces->sqlite->bind_int64(s, 3, first_ms);
	(void)pieces->sqlite->bind_int64(s, 4, last_ms);
	(void)pieces->sqlite->bind_blob64(s, 5, bytes.p, bytes.n, SQLITE_STATIC);
	bool is_done = pieces->sqlite->step(s) == SQLITE_DONE || pieces_failed(pieces, e);
	(void)pieces->sqlite->reset(s);
	return is_done;
}

bool pieces_drop_chunks(struct pieces *pieces, uint32_t file, struct err *e)
{
	sqlite3_stmt *s = pieces_prepare(pieces, "DELETE FROM chunk WHERE file = ?", e);

	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, file);
	return finish(pieces, s, e);
}

/* To its place, unless there is something by now. */
static bool land(struct pieces *pieces, struct err *e)
{
	pieces_forget_statements(pieces);
	/* Whoever reads later does so beside whoever writes. */
	if (!pieces_run(pieces, "PRAGMA journal_mode=WAL", e))
		return false;
	int closed = pieces->sqlite->close(pieces->db);
	pieces->db = NULL;
	if (closed != SQLITE_OK)
		return err_set(e, ERR_IO, "the index cannot be closed");
	if (access(pieces->path, F_OK) < 0)
		pieces_remove_all(
			pieces->path); /* the log of one that is no more is not for this one */
	if (link(pieces->temporary, pieces->path) < 0)
		return errno == EEXIST ? err_set(e, ERR_CANCELLED, "somebody else wrote the index")
				       : err_errno(e, "%s", pieces->path);
	(void)unlink(pieces->temporary);
	return true;
}

bool pieces_commit(struct pieces *pieces, struct err *e)
{
	if (!finish_sum(pieces, e) || !pieces_run(pieces, "COMMIT", e))
		return false;
	pieces->is_writing = false;
	pieces->generation++;
	return !pieces->temporary || land(pieces, e);
}

void pieces_rollback(struct pieces *pieces)
{
	if (pieces->is_writing && pieces->db)
		(void)pieces->sqlite->exec(pieces->db, "ROLLBACK", NULL, NULL, NULL);
	pieces->is_writing = false;
}
