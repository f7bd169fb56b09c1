// SPDX-License-Identifier: MIT
#include "usage/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"

enum {
	STORE_VERSION = 0x66740001, /* user_version: "ft", and the format's number */
	BUSY_MS = 2000,
	CHUNK_ROW_BYTES = 16 << 10, /* a file's row takes more chunks up to this */
	WAL_PAGES = 128, /* a start reads what the log has: it stays short */
};

struct store {
	sqlite3 *db;
	char *path, *temporary; /* temporary NULL: it is at its place */
	sqlite3_stmt *add_chunk; /* of a new file: prepared once for thousands */
	int64_t generation;
	bool is_writing;
};

static bool failed(struct store *store, struct err *e)
{
	int code = sqlite3_errcode(store->db) & 0xff;

	return err_set(e, code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ERR_PARSE : ERR_IO,
		"the index: %s", sqlite3_errmsg(store->db));
}

static bool run(struct store *store, const char *sql, struct err *e)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(store, e);
}

static sqlite3_stmt *prepare(struct store *store, const char *sql, struct err *e)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK) {
		(void)failed(store, e);
		return NULL;
	}
	return s;
}

/* The one number that a statement gives. */
static bool number_of(struct store *store, const char *sql, int64_t *number, struct err *e)
{
	sqlite3_stmt *s = prepare(store, sql, e);

	if (!s)
		return false;
	int code = sqlite3_step(s);
	*number = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || failed(store, e);
	sqlite3_finalize(s);
	return is_good;
}

static bool finish(struct store *store, sqlite3_stmt *s, struct err *e)
{
	bool is_done = sqlite3_step(s) == SQLITE_DONE || failed(store, e);

	sqlite3_finalize(s);
	return is_done;
}

static struct str blob(sqlite3_stmt *s, int column)
{
	const char *p = sqlite3_column_blob(s, column);

	return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(s, column)};
}

/* ---- opening ---- */

void store_close(struct store *store)
{
	if (!store)
		return;
	store_rollback(store);
	sqlite3_finalize(store->add_chunk);
	if (store->db)
		sqlite3_close(store->db);
	if (store->temporary) {
		(void)unlink(store->temporary);
		free(store->temporary);
	}
	free(store->path);
	free(store);
}

static struct store *open_at(const char *path, const char *file, int flags, struct err *e)
{
	struct store *store = must_alloc(1, sizeof *store);

	store->path = must_copy(path, strlen(path));
	if (sqlite3_open_v2(file, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		(void)failed(store, e);
		store_close(store);
		return NULL;
	}
	(void)sqlite3_busy_timeout(store->db, BUSY_MS);
	return store;
}

static enum store_found check(struct store *store, struct err *e)
{
	int64_t version = 0;

	if (!number_of(store, "PRAGMA user_version", &version, e))
		return e->code == ERR_PARSE ? STORE_DAMAGED : STORE_NONE;
	if (version != STORE_VERSION)
		return STORE_OTHER_VERSION;
	if (!number_of(store, "SELECT number FROM generation", &store->generation, e))
		return e->code == ERR_PARSE ? STORE_DAMAGED : STORE_NONE;
	return STORE_GOOD;
}

struct store *store_open(const char *path, enum store_found *found, struct err *e)
{
	*found = STORE_NONE;
	if (access(path, F_OK) < 0) {
		(void)err_set(e, ERR_NOT_FOUND, "there is no index yet");
		return NULL;
	}
	struct store *store = open_at(path, path, SQLITE_OPEN_READWRITE, e);
	if (!store)
		return NULL;
	(void)sqlite3_exec(store->db,
		"PRAGMA mmap_size=268435456; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000",
		NULL, NULL, NULL);
	(void)sqlite3_wal_autocheckpoint(store->db, WAL_PAGES);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	*found = check(store, e);
	if (*found == STORE_GOOD)
		return store;
	store_close(store);
	return NULL;
}

struct store *store_create(const char *path, struct err *e)
{
	char temporary[4096];

	if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >=
		(int)sizeof temporary) {
		(void)err_set(e, ERR_IO, "the index: too long a path");
		return NULL;
	}
	(void)unlink(temporary);
	struct store *store =
		open_at(path, temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
	if (!store)
		return NULL;
	store->temporary = must_copy(temporary, strlen(temporary));
	char sql[600];
	(void)snprintf(sql, sizeof sql,
		"PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		"PRAGMA cache_size=-2000; PRAGMA user_version=%d;"
		"CREATE TABLE generation(number INTEGER NOT NULL);"
		"INSERT INTO generation VALUES(0);"
		"CREATE TABLE piece(kind INTEGER NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL,"
		" PRIMARY KEY(kind, number)) WITHOUT ROWID;"
		"CREATE TABLE chunk(file INTEGER NOT NULL, number INTEGER NOT NULL,"
		" first_item INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, bytes BLOB NOT NULL,"
		" PRIMARY KEY(file, number)) WITHOUT ROWID;",
		STORE_VERSION);
	if (!run(store, sql, e)) {
		store_close(store);
		return NULL;
	}
	return store;
}

void store_set_aside(const char *path)
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

bool store_each_piece(struct store *store, enum store_kind below,
	bool (*visit)(
		void *self, enum store_kind kind, uint32_t number, struct str bytes, struct err *e),
	void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(store,
		"SELECT kind, number, bytes FROM piece WHERE kind < ? ORDER BY kind, number", e);
	bool is_good = s != NULL;
	int code = SQLITE_DONE;

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)below);
	while (is_good && (code = sqlite3_step(s)) == SQLITE_ROW)
		is_good = visit(self, (enum store_kind)sqlite3_column_int(s, 0),
			(uint32_t)sqlite3_column_int64(s, 1), blob(s, 2), e);
	if (is_good && code != SQLITE_DONE)
		is_good = failed(store, e);
	sqlite3_finalize(s);
	return is_good;
}

bool store_piece(
	struct store *store, enum store_kind kind, uint32_t number, struct buf *out, struct err *e)
{
	sqlite3_stmt *s =
		prepare(store, "SELECT bytes FROM piece WHERE kind = ? AND number = ?", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)kind);
	(void)sqlite3_bind_int64(s, 2, number);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		buf_put_str(out, blob(s, 0));
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || failed(store, e);
	sqlite3_finalize(s);
	return is_good;
}

static bool each_chunk(
	struct store *store, sqlite3_stmt *s, store_chunk_fn *visit, void *self, struct err *e)
{
	bool is_good = true;
	int code = SQLITE_DONE;

	while (is_good && (code = sqlite3_step(s)) == SQLITE_ROW)
		is_good = visit(self, (uint32_t)sqlite3_column_int64(s, 0),
			sqlite3_column_int64(s, 1), blob(s, 2), e);
	if (is_good && code != SQLITE_DONE)
		is_good = failed(store, e);
	sqlite3_finalize(s);
	return is_good;
}

bool store_each_chunk(struct store *store, int64_t since_ms, int64_t until_ms,
	store_chunk_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(store,
		"SELECT file, first_item, bytes FROM chunk WHERE last_ms >= ? AND first_ms < ?"
		" ORDER BY file, number",
		e);

	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, since_ms);
	(void)sqlite3_bind_int64(s, 2, until_ms);
	return each_chunk(store, s, visit, self, e);
}

bool store_file_chunks(
	struct store *store, uint32_t file, store_chunk_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(store,
		"SELECT file, first_item, bytes FROM chunk WHERE file = ? ORDER BY number", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, file);
	return each_chunk(store, s, visit, self, e);
}

/* ---- writing ---- */

bool store_begin(struct store *store, struct err *e)
{
	int64_t generation = 0;

	if (!store->temporary && !run(store, "PRAGMA journal_mode=WAL", e))
		return false;
	if (!run(store, "BEGIN IMMEDIATE", e))
		return false;
	store->is_writing = true;
	if (!number_of(store, "SELECT number FROM generation", &generation, e))
		return false;
	if (generation != store->generation)
		return err_set(e, ERR_CANCELLED, "the index has been written by somebody else");
	return run(store, "UPDATE generation SET number = number + 1", e);
}

bool store_put(
	struct store *store, enum store_kind kind, uint32_t number, struct str bytes, struct err *e)
{
	sqlite3_stmt *s = prepare(store, "INSERT OR REPLACE INTO piece VALUES(?, ?, ?)", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)kind);
	(void)sqlite3_bind_int64(s, 2, number);
	(void)sqlite3_bind_blob64(s, 3, bytes.p ? bytes.p : "", bytes.n, SQLITE_STATIC);
	return finish(store, s, e);
}

bool store_drop(struct store *store, enum store_kind kind, struct err *e)
{
	sqlite3_stmt *s = prepare(store, "DELETE FROM piece WHERE kind = ?", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int(s, 1, (int)kind);
	return finish(store, s, e);
}

/* Into the file's last row while that is small. */
static bool extend_row(struct store *store, uint32_t file, int64_t first_ms, int64_t last_ms,
	struct str bytes, struct err *e)
{
	sqlite3_stmt *s = prepare(store,
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
	return finish(store, s, e);
}

bool store_add_chunk(struct store *store, uint32_t file, int64_t first_item, int64_t first_ms,
	int64_t last_ms, struct str bytes, struct err *e)
{
	if (!store->temporary) {
		if (!extend_row(store, file, first_ms, last_ms, bytes, e))
			return false;
		if (sqlite3_changes(store->db) > 0)
			return true;
	}
	sqlite3_stmt *s = store->add_chunk;
	if (!s)
		store->add_chunk = s = prepare(store,
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
	bool is_done = sqlite3_step(s) == SQLITE_DONE || failed(store, e);
	(void)sqlite3_reset(s);
	return is_done;
}

bool store_drop_chunks(struct store *store, uint32_t file, struct err *e)
{
	sqlite3_stmt *s = prepare(store, "DELETE FROM chunk WHERE file = ?", e);

	if (!s)
		return false;
	(void)sqlite3_bind_int64(s, 1, file);
	return finish(store, s, e);
}

/* To its place, unless there is something by now. */
static bool land(struct store *store, struct err *e)
{
	sqlite3_finalize(store->add_chunk);
	store->add_chunk = NULL;
	int closed = sqlite3_close(store->db);
	store->db = NULL;
	if (closed != SQLITE_OK)
		return err_set(e, ERR_IO, "the index cannot be closed");
	if (link(store->temporary, store->path) < 0)
		return err_errno(e, "%s", store->path);
	(void)unlink(store->temporary);
	return true;
}

bool store_commit(struct store *store, struct err *e)
{
	if (!run(store, "COMMIT", e))
		return false;
	store->is_writing = false;
	store->generation++;
	return !store->temporary || land(store, e);
}

void store_rollback(struct store *store)
{
	if (store->is_writing && store->db)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->is_writing = false;
}
