// SPDX-License-Identifier: MIT
#include "usage/pieces.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/must.h"

enum {
	PIECE_VERSION = 0x66740002, /* user_version: "ft", and the format's number */
	BUSY_MS = 2000,
	CHUNK_ROW_BYTES = 16 << 10, /* a file's row takes more chunks up to this */
	COPY_MAX_BYTES = 1 << 30,
	WAL_PAGES = 64, /* a start reads what the log has: it stays short */
};

struct pieces {
	sqlite3 *db;
	char *path, *temporary; /* temporary NULL: it is at its place */
	sqlite3_stmt *add_chunk; /* of a new file: prepared once for thousands */
	int64_t generation;
	bool is_writing;
};

static bool failed(struct pieces *pieces, struct err *e)
{
	int code = sqlite3_errcode(pieces->db) & 0xff;

	return err_set(e, code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ERR_PARSE : ERR_IO,
		"the index: %s", sqlite3_errmsg(pieces->db));
}

static bool run(struct pieces *pieces, const char *sql, struct err *e)
{
	return sqlite3_exec(pieces->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(pieces, e);
}

static sqlite3_stmt *prepare(struct pieces *pieces, const char *sql, struct err *e)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(pieces->db, sql, -1, &s, NULL) != SQLITE_OK) {
		(void)failed(pieces, e);
		return NULL;
	}
	return s;
}

/* The one number that a statement gives. */
static bool number_of(struct pieces *pieces, const char *sql, int64_t *number, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, sql, e);

	if (!s)
		return false;
	int code = sqlite3_step(s);
	*number = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || failed(pieces, e);
	sqlite3_finalize(s);
	return is_good;
}

static bool finish(struct pieces *pieces, sqlite3_stmt *s, struct err *e)
{
	bool is_done = sqlite3_step(s) == SQLITE_DONE || failed(pieces, e);

	sqlite3_finalize(s);
	return is_done;
}

static struct str blob(sqlite3_stmt *s, int column)
{
	const char *p = sqlite3_column_blob(s, column);

	return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(s, column)};
}

/* ---- opening ---- */

/* The file and what SQLite puts beside it. */
static void remove_all(const char *path)
{
	static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
	AUTO(buf) name = {0};

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		buf_clear(&name);
		buf_printf(&name, "%s%s", path, tails[i]);
		(void)unlink(buf_text(&name));
	}
}

void pieces_close(struct pieces *pieces)
{
	if (!pieces)
		return;
	pieces_rollback(pieces);
	sqlite3_finalize(pieces->add_chunk);
	if (pieces->db)
		sqlite3_close(pieces->db);
	if (pieces->temporary) {
		remove_all(pieces->temporary);
		free(pieces->temporary);
	}
	free(pieces->path);
	free(pieces);
}

static struct pieces *open_at(const char *path, const char *file, int flags, struct err *e)
{
	struct pieces *pieces = must_alloc(1, sizeof *pieces);

	pieces->path = must_copy(path, strlen(path));
	if (sqlite3_open_v2(file, &pieces->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		(void)failed(pieces, e);
		pieces_close(pieces);
		return NULL;
	}
	(void)sqlite3_busy_timeout(pieces->db, BUSY_MS);
	return pieces;
}

static enum pieces_found check(struct pieces *pieces, struct err *e)
{
	int64_t version = 0;

	if (!number_of(pieces, "PRAGMA user_version", &version, e))
		return e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	if (version != PIECE_VERSION)
		return PIECE_OTHER_VERSION;
	if (!number_of(pieces, "SELECT number FROM generation", &pieces->generation, e))
		return e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	return PIECE_GOOD;
}

struct pieces *pieces_open(const char *path, enum pieces_found *found, struct err *e)
{
	*found = PIECE_NONE;
	if (access(path, F_OK) < 0) {
		(void)err_set(e, ERR_NOT_FOUND, "there is no index yet");
		return NULL;
	}
	struct pieces *pieces = open_at(path, path, SQLITE_OPEN_READWRITE, e);
	if (!pieces)
		return NULL;
	(void)sqlite3_exec(pieces->db,
		"PRAGMA mmap_size=268435456; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000;"
		"PRAGMA journal_size_limit=1048576",
		NULL, NULL, NULL);
	(void)sqlite3_wal_autocheckpoint(pieces->db, WAL_PAGES);
	(void)sqlite3_db_config(pieces->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	*found = check(pieces, e);
	if (*found == PIECE_GOOD)
		return pieces;
	pieces_close(pieces);
	return NULL;
}

static bool copy_file(const char *from, const char *to, const char *tail, struct err *e)
{
	AUTO(buf) source = {0};
	AUTO(buf) bytes = {.max = COPY_MAX_BYTES};

	buf_printf(&source, "%s%s", from, tail);
	if (*tail && access(buf_text(&source), F_OK) < 0)
		return true;
	if (!file_read(AT_FDCWD, buf_text(&source), COPY_MAX_BYTES, &bytes, e))
		return false;
	buf_clear(&source);
	buf_printf(&source, "%s%s", to, tail);
	AUTO_FD fd = open(buf_text(&source), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return (fd >= 0 || err_errno(e, "%s", buf_text(&source))) &&
	       file_write_fd(fd, buf_str(&bytes), e);
}

struct pieces *pieces_open_copy(
	const char *path, const char *beside, enum pieces_found *found, struct err *e)
{
	char copy[4096];

	*found = PIECE_DAMAGED;
	if (snprintf(copy, sizeof copy, "%s.%ld.copy", beside, (long)getpid()) >=
		(int)sizeof copy) {
		(void)err_set(e, ERR_IO, "the index: too long a path");
		return NULL;
	}
	remove_all(copy);
	struct pieces *pieces = NULL;
	if (copy_file(path, copy, "", e) && copy_file(path, copy, "-wal", e))
		pieces = open_at(path, copy, SQLITE_OPEN_READWRITE, e);
	if (!pieces) {
		remove_all(copy);
		return NULL;
	}
	pieces->temporary = must_copy(copy, strlen(copy));
	*found = check(pieces, e);
	if (*found == PIECE_GOOD)
		return pieces;
	if (*found == PIECE_OTHER_VERSION || *found == PIECE_DAMAGED)
		(void)err_set(e, ERR_PARSE, "it is no index, or one of another version");
	pieces_close(pieces);
	return NULL;
}

struct pieces *pieces_create(const char *path, struct err *e)
{
	char temporary[4096];

	if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >=
		(int)sizeof temporary) {
		(void)err_set(e, ERR_IO, "the index: too long a path");
		return NULL;
	}
	(void)unlink(temporary);
	struct pieces *pieces =
		open_at(path, temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
	if (!pieces)
		return NULL;
	pieces->temporary = must_copy(temporary, strlen(temporary));
	char sql[600];
	(void)snprintf(sql, sizeof sql,
		"PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		"PRAGMA cache_size=-2000; PRAGMA user_version=%d;"
		"CREATE TABLE generation(number INTEGER NOT NULL);"
		"INSERT INTO generation VALUES(0);"
		"CREATE TABLE piece(kind INTEGER NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL,"
		" PRIMARY KEY(kind, number)) WITHOUT ROWID;"
		"CREATE TABLE chunk(file INTEGER NOT NULL, number INTEGER NOT NULL,"
		" first_item INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, bytes BLOB NOT NULL,"
		" PRIMARY KEY(file, number)) WITHOUT ROWID;",
		PIECE_VERSION);
	if (!run(pieces, sql, e)) {
		pieces_close(pieces);
		return NULL;
	}
	return pieces;
}

void pieces_set_aside(const char *path)
{
	static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
	char from[4096], to[4096];

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		if (snprintf(from, sizeof from, "%s%s", path, tails[i]) < (int)sizeof from &&
			snprintf(to, sizeof to, "%s.old%s", path, tails[i]) < (int)sizeof to)
			(void)rename(from, to);
	}
}

/* ---- reading ---- */

bool pieces_each(struct pieces *pieces, enum piece_kind below,
	bool (*visit)(
		void *self, enum piece_kind kind, uint32_t number, struct str bytes, struct err *e),
	void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces,
		"SELECT kind, number, bytes FROM piece WHERE kind < ? ORDER BY kind, number", e);
	bool is_good = s != NULL;
	int code = SQLITE_DONE;

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)below);
	while (is_good && (code = sqlite3_step(s)) == SQLITE_ROW)
		is_good = visit(self, (enum piece_kind)sqlite3_column_int(s, 0),
			(uint32_t)sqlite3_column_int64(s, 1), blob(s, 2), e);
	if (is_good && code != SQLITE_DONE)
		is_good = failed(pieces, e);
	sqlite3_finalize(s);
	return is_good;
}

bool pieces_get(struct pieces *pieces, enum piece_kind kind, uint32_t number, struct buf *out,
	struct err *e)
{
	sqlite3_stmt *s =
		prepare(pieces, "SELECT bytes FROM piece WHERE kind = ? AND number = ?", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)kind);
	(void)sqlite3_bind_int64(s, 2, number);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		buf_put_str(out, blob(s, 0));
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || failed(pieces, e);
	sqlite3_finalize(s);
	return is_good;
}

static bool each_chunk(
	struct pieces *pieces, sqlite3_stmt *s, piece_chunk_fn *visit, void *self, struct err *e)
{
	bool is_good = true;
	int code = SQLITE_DONE;

	while (is_good && (code = sqlite3_step(s)) == SQLITE_ROW)
		is_good = visit(self, (uint32_t)sqlite3_column_int64(s, 0),
			sqlite3_column_int64(s, 1), blob(s, 2), e);
	if (is_good && code != SQLITE_DONE)
		is_good = failed(pieces, e);
	sqlite3_finalize(s);
	return is_good;
}

bool pieces_each_chunk(struct pieces *pieces, int64_t since_ms, int64_t until_ms,
	piece_chunk_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces,
		"SELECT file, first_item, bytes FROM chunk WHERE last_ms >= ? AND first_ms < ?"
		" ORDER BY file, number",
		e);

	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, since_ms);
	(void)sqlite3_bind_int64(s, 2, until_ms);
	return each_chunk(pieces, s, visit, self, e);
}

bool pieces_file_chunks(
	struct pieces *pieces, uint32_t file, piece_chunk_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces,
		"SELECT file, first_item, bytes FROM chunk WHERE file = ? ORDER BY number", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, file);
	return each_chunk(pieces, s, visit, self, e);
}

/* ---- writing ---- */

bool pieces_begin(struct pieces *pieces, struct err *e)
{
	int64_t generation = 0;

	if (!pieces->temporary && !run(pieces, "PRAGMA journal_mode=WAL", e))
		return false;
	if (!run(pieces, "BEGIN IMMEDIATE", e))
		return false;
	pieces->is_writing = true;
	if (!number_of(pieces, "SELECT number FROM generation", &generation, e))
		return false;
	if (generation != pieces->generation)
		return err_set(e, ERR_CANCELLED, "the index has been written by somebody else");
	return run(pieces, "UPDATE generation SET number = number + 1", e);
}

bool pieces_put(struct pieces *pieces, enum piece_kind kind, uint32_t number, struct str bytes,
	struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, "INSERT OR REPLACE INTO piece VALUES(?, ?, ?)", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)kind);
	(void)sqlite3_bind_int64(s, 2, number);
	(void)sqlite3_bind_blob64(s, 3, bytes.p ? bytes.p : "", bytes.n, SQLITE_STATIC);
	return finish(pieces, s, e);
}

bool pieces_drop(struct pieces *pieces, enum piece_kind kind, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, "DELETE FROM piece WHERE kind = ?", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)kind);
	return finish(pieces, s, e);
}

/* Into the file's last row while that is small. */
static bool extend_row(struct pieces *pieces, uint32_t file, int64_t first_ms, int64_t last_ms,
	struct str bytes, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces,
		"UPDATE chunk SET bytes = CAST(bytes || ?1 AS BLOB), first_ms = min(first_ms, ?2),"
		" last_ms = max(last_ms, ?3) WHERE file = ?4"
		" AND number = (SELECT max(number) FROM chunk WHERE file = ?4)"
		" AND length(bytes) < ?5",
		e);

	if (!s)
		return false;
	(void)sqlite3_bind_blob64(s, 1, bytes.p, bytes.n, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 2, first_ms);
	(void)sqlite3_bind_int64(s, 3, last_ms);
	(void)sqlite3_bind_int64(s, 4, file);
	(void)sqlite3_bind_int(s, 5, CHUNK_ROW_BYTES);
	return finish(pieces, s, e);
}

bool pieces_add_chunk(struct pieces *pieces, uint32_t file, int64_t first_item, int64_t first_ms,
	int64_t last_ms, struct str bytes, struct err *e)
{
	if (!pieces->temporary) {
		if (!extend_row(pieces, file, first_ms, last_ms, bytes, e))
			return false;
		if (sqlite3_changes(pieces->db) > 0)
			return true;
	}
	sqlite3_stmt *s = pieces->add_chunk;
	if (!s)
		pieces->add_chunk = s = prepare(pieces,
			"INSERT INTO chunk SELECT ?1, coalesce(max(number), -1) + 1, ?2, ?3, ?4, ?5 FROM chunk"
			" WHERE file = ?1",
			e);
	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, file);
	(void)sqlite3_bind_int64(s, 2, first_item);
	(void)sqlite3_bind_int64(s, 3, first_ms);
	(void)sqlite3_bind_int64(s, 4, last_ms);
	(void)sqlite3_bind_blob64(s, 5, bytes.p, bytes.n, SQLITE_STATIC);
	bool is_done = sqlite3_step(s) == SQLITE_DONE || failed(pieces, e);
	(void)sqlite3_reset(s);
	return is_done;
}

bool pieces_drop_chunks(struct pieces *pieces, uint32_t file, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, "DELETE FROM chunk WHERE file = ?", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, file);
	return finish(pieces, s, e);
}

/* To its place, unless there is something by now. */
static bool land(struct pieces *pieces, struct err *e)
{
	sqlite3_finalize(pieces->add_chunk);
	pieces->add_chunk = NULL;
	int closed = sqlite3_close(pieces->db);
	pieces->db = NULL;
	if (closed != SQLITE_OK)
		return err_set(e, ERR_IO, "the index cannot be closed");
	if (link(pieces->temporary, pieces->path) < 0)
		return err_errno(e, "%s", pieces->path);
	(void)unlink(pieces->temporary);
	return true;
}

bool pieces_commit(struct pieces *pieces, struct err *e)
{
	if (!run(pieces, "COMMIT", e))
		return false;
	pieces->is_writing = false;
	pieces->generation++;
	return !pieces->temporary || land(pieces, e);
}

void pieces_rollback(struct pieces *pieces)
{
	if (pieces->is_writing && pieces->db)
		(void)sqlite3_exec(pieces->db, "ROLLBACK", NULL, NULL, NULL);
	pieces->is_writing = false;
}
