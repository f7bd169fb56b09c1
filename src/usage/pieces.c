// SPDX-License-Identifier: MIT
#include "usage/pieces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/must.h"
#include "io/sqlite_table.h"

enum {
	PIECE_VERSION = 0x66740005, /* user_version: "ft", and the format's number */
	BUSY_MS = 2000,
	CHUNK_ROW_BYTES = 8 << 10, /* a file's row takes more chunks up to this */
	COPY_MAX_BYTES = 1 << 30,
	PAGE_BYTES = 4 << 10,
	LOG_MAX_BYTES = 1 << 20, /* a start reads what the log has: it stays short */
};

struct pieces {
	const struct sqlite_table *sqlite;
	sqlite3 *db;
	char *path, *temporary; /* temporary NULL: it is at its place */
	sqlite3_stmt *add_chunk, *get, *put, *marks; /* prepared once for hundreds and thousands */
	int64_t generation;
	uint64_t sum; /* of the marks of all pieces that are loaded at each start */
	bool is_writing, has_written;
};

static bool failed(struct pieces *pieces, struct err *e)
{
	int code = pieces->sqlite->errcode(pieces->db) & 0xff;
	/* SQLITE_ERROR: there are other tables than there should be. */
	bool is_damage = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;

	return err_set(e, is_damage ? ERR_PARSE : ERR_IO, "the index: %s",
		pieces->sqlite->errmsg(pieces->db));
}

static bool run(struct pieces *pieces, const char *sql, struct err *e)
{
	return pieces->sqlite->exec(pieces->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       failed(pieces, e);
}

static sqlite3_stmt *prepare(struct pieces *pieces, const char *sql, struct err *e)
{
	sqlite3_stmt *s = NULL;

	if (pieces->sqlite->prepare_v2(pieces->db, sql, -1, &s, NULL) != SQLITE_OK) {
		(void)failed(pieces, e);
		return NULL;
	}
	return s;
}

static sqlite3_stmt *prepare_once(
	struct pieces *pieces, sqlite3_stmt **s, const char *sql, struct err *e)
{
	if (!*s)
		*s = prepare(pieces, sql, e);
	return *s;
}

/* The one number that a statement gives. */
static bool number_of(struct pieces *pieces, const char *sql, int64_t *number, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, sql, e);

	if (!s)
		return false;
	int code = pieces->sqlite->step(s);
	*number = code == SQLITE_ROW ? pieces->sqlite->column_int64(s, 0) : 0;
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || failed(pieces, e);
	pieces->sqlite->finalize(s);
	return is_good;
}

static bool finish(struct pieces *pieces, sqlite3_stmt *s, struct err *e)
{
	bool is_done = pieces->sqlite->step(s) == SQLITE_DONE || failed(pieces, e);

	pieces->sqlite->finalize(s);
	return is_done;
}

static struct str blob(const struct pieces *pieces, sqlite3_stmt *s, int column)
{
	const char *p = pieces->sqlite->column_blob(s, column);

	return (struct str){p ? p : "", (size_t)pieces->sqlite->column_bytes(s, column)};
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

/*
 * The log goes back into the file when nobody here reads what was before it: while a snapshot is
 * held, it would only grow. Each start reads all that is in it, so it becomes empty, unless
 * somebody else is just reading; that is not waited for.
 */
static void shorten_log(struct pieces *pieces)
{
	AUTO(buf) name = {0};
	struct stat s;

	buf_printf(&name, "%s-wal", pieces->path);
	(void)pieces->sqlite->exec(pieces->db, "ROLLBACK", NULL, NULL, NULL);
	if (stat(buf_text(&name), &s) < 0 || s.st_size <= LOG_MAX_BYTES)
		return;
	(void)pieces->sqlite->busy_timeout(pieces->db, 0);
	(void)pieces->sqlite->wal_checkpoint_v2(
		pieces->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static void forget_statements(struct pieces *pieces)
{
	pieces->sqlite->finalize(pieces->add_chunk);
	pieces->sqlite->finalize(pieces->get);
	pieces->sqlite->finalize(pieces->put);
	pieces->sqlite->finalize(pieces->marks);
	pieces->add_chunk = pieces->get = pieces->put = pieces->marks = NULL;
}

void pieces_close(struct pieces *pieces)
{
	if (!pieces)
		return;
	pieces_rollback(pieces);
	forget_statements(pieces);
	if (pieces->has_written)
		shorten_log(pieces);
	if (pieces->db)
		pieces->sqlite->close(pieces->db);
	if (pieces->temporary) {
		remove_all(pieces->temporary);
		free(pieces->temporary);
	}
	free(pieces->path);
	free(pieces);
}

static struct pieces *open_at(const char *path, const char *file, int flags, struct err *e)
{
	const struct sqlite_table *sqlite = sqlite_table_open(e);

	if (!sqlite)
		return NULL;
	struct pieces *pieces = must_alloc(1, sizeof *pieces);
	pieces->sqlite = sqlite;
	pieces->path = must_copy(path, strlen(path));
	if (sqlite->open_v2(file, &pieces->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		(void)failed(pieces, e);
		pieces_close(pieces);
		return NULL;
	}
	(void)sqlite->busy_timeout(pieces->db, BUSY_MS);
	return pieces;
}

static bool read_generation(struct pieces *pieces, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, "SELECT number, sum FROM generation", e);

	if (!s)
		return false;
	int code = pieces->sqlite->step(s);
	if (code == SQLITE_ROW) {
		pieces->generation = pieces->sqlite->column_int64(s, 0);
		pieces->sum = (uint64_t)pieces->sqlite->column_int64(s, 1);
	}
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || failed(pieces, e);
	pieces->sqlite->finalize(s);
	return is_good;
}

/* From here on all that is read is one commit's. */
static enum pieces_found check(struct pieces *pieces, struct err *e)
{
	int64_t version = 0;

	if (!run(pieces, "BEGIN", e) || !number_of(pieces, "PRAGMA user_version", &version, e))
		return e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	if (version != PIECE_VERSION)
		return PIECE_OTHER_VERSION;
	if (!read_generation(pieces, e))
		return e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	return PIECE_GOOD;
}

static void set_up(struct pieces *pieces)
{
	(void)pieces->sqlite->exec(pieces->db, "PRAGMA mmap_size=268435456", NULL, NULL, NULL);
	(void)pieces->sqlite->db_config(pieces->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void set_up_writer(struct pieces *pieces)
{
	set_up(pieces);
	(void)pieces->sqlite->exec(pieces->db,
		"PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000;"
		"PRAGMA journal_size_limit=1048576",
		NULL, NULL, NULL);
	(void)pieces->sqlite->wal_autocheckpoint(pieces->db, 0);
}

bool pieces_are_ours(const char *path)
{
	static const struct str magic = {"SQLite format 3", 16};
	enum { AT_VERSION = 60, HEAD_BYTES = 100 }; /* of SQLite's file format: user_version */
	unsigned char head[HEAD_BYTES];
	struct err e;

	if (access(path, F_OK) < 0)
		return errno == ENOENT;
	AUTO_FD fd = file_open_regular(AT_FDCWD, path, &e);
	if (fd < 0 || read(fd, head, sizeof head) != sizeof head)
		return false;
	return memcmp(head, magic.p, magic.n) == 0 && head[AT_VERSION] == PIECE_VERSION >> 24 &&
	       head[AT_VERSION + 1] == (PIECE_VERSION >> 16 & 0xff);
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
	set_up(pieces);
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

/* Whether the name is that of what a process made beside the index, and that process is no more. */
static bool is_left(struct str name, struct str base)
{
	struct str rest, number;
	int64_t pid;

	if (!str_starts(name, base) || name.n <= base.n || name.p[base.n] != '.')
		return false;
	rest = str_skip(name, base.n + 1);
	return str_split(&rest, '.', &number) && str_int(number, &pid) && pid > 0 &&
	       pid <= INT32_MAX &&
	       (str_starts(rest, STR("tmp")) || str_starts(rest, STR("copy"))) &&
	       kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* A process that was killed leaves what it had begun. */
static void remove_left(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct dirent *entry;
	AUTO(buf) name = {0};

	if (!slash)
		return;
	buf_put(&name, path, (size_t)(slash + 1 - path));
	DIR *directory = opendir(buf_text(&name));
	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (is_left(str_from(entry->d_name), str_from(slash + 1)))
			(void)unlinkat(dirfd(directory), entry->d_name, 0);
	(void)closedir(directory);
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
	remove_left(path);
	char sql[800];
	(void)snprintf(sql, sizeof sql,
		"PRAGMA page_size=%d; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-2000;"
		"BEGIN; PRAGMA user_version=%d;"
		/* No two indexes begin with the same number. */
		"CREATE TABLE generation(number INTEGER NOT NULL, sum INTEGER NOT NULL);"
		"INSERT INTO generation VALUES(random() >> 8, 0);"
		"CREATE TABLE piece(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
		"CREATE TABLE chunk(file INTEGER NOT NULL, number INTEGER NOT NULL,"
		" first_item INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, bytes BLOB NOT NULL,"
		" PRIMARY KEY(file, number)) WITHOUT ROWID;"
		"COMMIT",
		PAGE_BYTES, PIECE_VERSION);
	if (!run(pieces, sql, e) ||
		!number_of(pieces, "SELECT number FROM generation", &pieces->generation, e)) {
		pieces_close(pieces);
		return NULL;
	}
	return pieces;
}

void pieces_set_aside(const char *path, uint64_t inode)
{
	static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
	char from[4096], to[4096];
	struct stat s;

	if (stat(path, &s) < 0 || s.st_ino != inode)
		return;
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		if (snprintf(from, sizeof from, "%s%s", path, tails[i]) < (int)sizeof from &&
			snprintf(to, sizeof to, "%s.old%s", path, tails[i]) < (int)sizeof to)
			(void)rename(from, to);
	}
}

/* ---- marks ---- */

/*
 * Behind the bytes of each piece stands its mark, a hash of all that the row says, as SQLite does
 * not notice a byte that changed within a row. The sum of the marks tells whether rows are missing.
 */
static uint64_t mark_of(enum piece_kind kind, uint32_t number, struct str bytes)
{
	uint64_t parts[] = {kind, number, hash_bytes(bytes)};

	return hash_bytes((struct str){(const char *)parts, sizeof parts});
}

/* The row's bytes without its mark. */
static bool take_mark(
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
	return take_mark(row->kind, row->number, &row->bytes, &row->mark, e);
}

bool pieces_load(struct pieces *pieces, piece_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s =
		prepare(pieces, "SELECT id, bytes FROM piece WHERE id < ? ORDER BY id", e);
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
		is_good = failed(pieces, e);
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
			       : failed(pieces, e);
	if (is_good)
		buf_put_str(out, row.bytes);
	(void)pieces->sqlite->reset(s);
	return is_good;
}

static bool each_chunk(
	struct pieces *pieces, sqlite3_stmt *s, piece_chunk_fn *visit, void *self, struct err *e)
{
	bool is_good = true;
	int code = SQLITE_DONE;

	while (is_good && (code = pieces->sqlite->step(s)) == SQLITE_ROW)
		is_good = visit(self, (uint32_t)pieces->sqlite->column_int64(s, 0),
			pieces->sqlite->column_int64(s, 1), blob(pieces, s, 2), e);
	if (is_good && code != SQLITE_DONE)
		is_good = failed(pieces, e);
	pieces->sqlite->finalize(s);
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
	(void)pieces->sqlite->bind_int64(s, 1, since_ms);
	(void)pieces->sqlite->bind_int64(s, 2, until_ms);
	return each_chunk(pieces, s, visit, self, e);
}

bool pieces_file_chunks(struct pieces *pieces, uint32_t file, int64_t first, int64_t last,
	piece_chunk_fn *visit, void *self, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces,
		"SELECT file, first_item, bytes FROM chunk WHERE file = ?1 AND first_item <= ?3 AND number >="
		" (SELECT coalesce(max(number), 0) FROM chunk WHERE file = ?1 AND first_item <= ?2)"
		" ORDER BY number",
		e);

	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, file);
	(void)pieces->sqlite->bind_int64(s, 2, first);
	(void)pieces->sqlite->bind_int64(s, 3, last);
	return each_chunk(pieces, s, visit, self, e);
}

/* ---- writing ---- */

bool pieces_begin(struct pieces *pieces, struct err *e)
{
	int64_t generation = 0;

	if (pieces->sqlite->exec(pieces->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return pieces->sqlite->errcode(pieces->db) == SQLITE_BUSY
			       ? err_set(e, ERR_CANCELLED, "somebody else writes the index")
			       : failed(pieces, e);
	pieces->is_writing = true;
	if (!number_of(pieces, "SELECT number FROM generation", &generation, e))
		return false;
	if (generation != pieces->generation)
		return err_set(e, ERR_CANCELLED, "the index has been written by somebody else");
	return true;
}

struct pieces *pieces_writer(struct pieces *reader, struct err *e)
{
	struct pieces *pieces = open_at(reader->path, reader->path, SQLITE_OPEN_READWRITE, e);

	if (!pieces)
		return NULL;
	set_up_writer(pieces);
	remove_left(reader->path);
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
	sqlite3_stmt *s = prepare(pieces, "UPDATE generation SET number = number + 1, sum = ?", e);

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
		is_good = failed(pieces, e);
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
	bool is_done = pieces->sqlite->step(s) == SQLITE_DONE || failed(pieces, e);
	(void)pieces->sqlite->reset(s);
	return is_done;
}

bool pieces_drop(struct pieces *pieces, enum piece_kind kind, struct err *e)
{
	if (!forget_marks(pieces, kind, 0, UINT32_MAX, e))
		return false;
	sqlite3_stmt *s = prepare(pieces, "DELETE FROM piece WHERE id BETWEEN ? AND ?", e);
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
	sqlite3_stmt *s = prepare(pieces,
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
		"INSERT INTO chunk SELECT ?1, coalesce(max(number), -1) + 1, ?2, ?3, ?4, ?5 FROM chunk"
		" WHERE file = ?1",
		e);
	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, file);
	(void)pieces->sqlite->bind_int64(s, 2, first_item);
	(void)pieces->sqlite->bind_int64(s, 3, first_ms);
	(void)pieces->sqlite->bind_int64(s, 4, last_ms);
	(void)pieces->sqlite->bind_blob64(s, 5, bytes.p, bytes.n, SQLITE_STATIC);
	bool is_done = pieces->sqlite->step(s) == SQLITE_DONE || failed(pieces, e);
	(void)pieces->sqlite->reset(s);
	return is_done;
}

bool pieces_drop_chunks(struct pieces *pieces, uint32_t file, struct err *e)
{
	sqlite3_stmt *s = prepare(pieces, "DELETE FROM chunk WHERE file = ?", e);

	if (!s)
		return false;
	(void)pieces->sqlite->bind_int64(s, 1, file);
	return finish(pieces, s, e);
}

/* To its place, unless there is something by now. */
static bool land(struct pieces *pieces, struct err *e)
{
	forget_statements(pieces);
	/* Whoever reads later does so beside whoever writes. */
	if (!run(pieces, "PRAGMA journal_mode=WAL", e))
		return false;
	int closed = pieces->sqlite->close(pieces->db);
	pieces->db = NULL;
	if (closed != SQLITE_OK)
		return err_set(e, ERR_IO, "the index cannot be closed");
	if (access(pieces->path, F_OK) < 0)
		remove_all(pieces->path); /* the log of one that is no more is not for this one */
	if (link(pieces->temporary, pieces->path) < 0)
		return errno == EEXIST ? err_set(e, ERR_CANCELLED, "somebody else wrote the index")
				       : err_errno(e, "%s", pieces->path);
	(void)unlink(pieces->temporary);
	return true;
}

bool pieces_commit(struct pieces *pieces, struct err *e)
{
	if (!finish_sum(pieces, e) || !run(pieces, "COMMIT", e))
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
