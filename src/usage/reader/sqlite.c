// SPDX-License-Identifier: MIT
/*
 * A database with a write-ahead log is told by its header (https://www.sqlite.org/fileformat2.html,
 * 1.3.3). SQLite would make or change the index of the log, x.db-shm, for any reader, so that one
 * is built in memory here: "unix-none" takes no locks, and locking_mode=EXCLUSIVE wants no shared
 * index. Without a log to read, such a database is taken as it lies on the disk ("immutable").
 *
 * So that it holds still, three locks are taken here, which any owner respects
 * (https://www.sqlite.org/walformat.html, 2.3): of a reader on the database, against an end of the
 * log; of a checkpointer on the index, against pages that move from the log into the database; and
 * of a reader there, against a log that begins anew. What is appended to the log does not matter.
 */
#include "usage/reader/sqlite.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum {
	BUSY_MS = 200,
	HEADER_BYTES = 100,
	HEADER_WRITE_VERSION = 18, /* and behind it the read version; 2: write-ahead log */
	LOG_HEADER_BYTES = 32,
	LOG_SALT = 16, /* 8 bytes that change when the log begins anew */
	VALUE_MAX_BYTES = 256 << 20,
	LOCK_STEP_MS = 5,
	SHARED_FIRST = 0x40000002, /* of the database */
	SHARED_SIZE = 510,
	CHECKPOINT_BYTE = 121, /* of the index */
	READER_BYTE = 124,
};

static bool fail(struct source *source, struct err *e)
{
	int code = source->db ? source->sqlite->errcode(source->db) : SQLITE_NOMEM;
	struct str path = source->file->path;

	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, ERR_IO, "%.*s: locked by who writes it", STR_ARG(path));
	case SQLITE_READONLY:
		return err_set(e, ERR_IO, "%.*s: left in the middle of a change", STR_ARG(path));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		if (!source_end(source, e)) /* pages of two moments */
			return false;
		return err_set(e, ERR_PARSE, "%.*s: a damaged database", STR_ARG(path));
	default:
		return err_set(e, ERR_IO, "%.*s: %s", STR_ARG(path),
			source->db ? source->sqlite->errmsg(source->db) : "no memory");
	}
}

/* "file:" with what has a meaning in a URI escaped. */
static void put_uri(struct buf *uri, struct str path, const char *parameters)
{
	buf_put_text(uri, "file:");
	for (size_t i = 0; i < path.n; i++) {
		if (strchr("?#%", path.p[i]) && path.p[i])
			buf_printf(uri, "%%%02x", (unsigned char)path.p[i]);
		else
			buf_put_char(uri, path.p[i]);
	}
	buf_printf(uri, "?mode=ro%s", parameters);
}

/* False when there is no log with anything in it. */
static bool read_log_salt(struct usage_file *file, char salt[8])
{
	struct str path = arena_printf(file->arena, "%.*s-wal", STR_ARG(file->path));
	AUTO_FD fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char header[LOG_HEADER_BYTES];

	if (fd < 0 || pread(fd, header, sizeof header, 0) != sizeof header)
		return false;
	memcpy(salt, header + LOG_SALT, 8);
	return true;
}

static bool read_header(struct source *source, char header[HEADER_BYTES], ssize_t *n, struct err *e)
{
	const char *path = arena_text(source->file->arena, source->file->path);
	AUTO_FD fd = file_open_regular(AT_FDCWD, path, e);

	if (fd < 0)
		return false;
	*n = pread(fd, header, HEADER_BYTES, 0);
	if (*n < 0)
		return err_errno(e, "%s", path);
	return true;
}

/* Of an open file, not of the process: SQLite opens and closes the same files. */
static bool lock(int fd, off_t start, off_t size)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1'000'000L};
	struct flock range = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = size};

	for (int waited_ms = 0; fcntl(fd, F_OFD_SETLK, &range) != 0; waited_ms += LOCK_STEP_MS) {
		if (waited_ms >= BUSY_MS)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

/* Without an index there is nobody who has the log open. */
static bool hold_still(struct source *source, struct err *e)
{
	struct arena *arena = source->file->arena;
	struct str path = source->file->path;
	int db = open(arena_text(arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	source->held[0] = db + 1;
	int index = open(arena_printf(arena, "%.*s-shm", STR_ARG(path)).p,
		O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	source->held[1] = index + 1;
	if (db < 0 || !lock(db, SHARED_FIRST, SHARED_SIZE) ||
		(index >= 0 && (!lock(index, CHECKPOINT_BYTE, 1) || !lock(index, READER_BYTE, 1))))
		return err_set(e, ERR_IO, "%.*s: locked by who writes it", STR_ARG(path));
	if (fstat(db, &source->before) < 0)
		return err_errno(e, "%.*s", STR_ARG(path));
	return true;
}

static bool open_with(struct source *source, const char *parameters, struct err *e)
{
	AUTO(buf) uri = {0};
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE;

	source->sqlite = sqlite_table_open(e);
	if (!source->sqlite)
		return false;
	put_uri(&uri, source->file->path, parameters);
	if (source->sqlite->open_v2(buf_text(&uri), &source->db, flags, NULL) != SQLITE_OK)
		return fail(source, e);
	source->sqlite->busy_timeout(source->db, BUSY_MS);
	source->sqlite->limit(source->db, SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES);
	source->sqlite->db_config(source->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	source->sqlite->db_config(source->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	source->sqlite->db_config(source->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return true;
}

bool source_open(struct usage_file *file, struct source *out, struct err *e)
{
	char header[HEADER_BYTES];
	ssize_t n = 0;

	*out = (struct source){.file = file};
	if (!read_header(out, header, &n, e))
		return false;
	/* SQLite deletes a log or journal beside an empty file. */
	if (n < HEADER_BYTES || memcmp(header, "SQLite format 3", 16) != 0) {
		usage_complain(file, n == 0 ? "an empty file" : "not a database");
		return true;
	}
	if (header[HEADER_WRITE_VERSION] != 2 && header[HEADER_WRITE_VERSION + 1] != 2)
		return open_with(out, "", e);
	out->has_log_mode = true;
	if (!hold_still(out, e))
		return false;
	out->has_log = read_log_salt(file, out->log_salt);
	if (!out->has_log)
		return open_with(out, "&immutable=1", e);
	if (!open_with(out, "&vfs=unix-none", e))
		return false;
	if (out->sqlite->exec(out->db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL) !=
		SQLITE_OK)
		return fail(out, e);
	return true;
}

bool source_end(struct source *source, struct err *e)
{
	struct stat now;
	char salt[8] = {0};

	if (!source->db || !source->has_log_mode)
		return true;
	const char *path = arena_text(source->file->arena, source->file->path);
	if (stat(path, &now) < 0)
		return err_errno(e, "%s", path);
	if (source->has_log && !read_log_salt(source->file, salt))
		return err_set(e, ERR_IO, "%s: its log went while it was read", path);
	if (now.st_ino != source->before.st_ino || now.st_size != source->before.st_size ||
		now.st_mtim.tv_sec != source->before.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != source->before.st_mtim.tv_nsec ||
		memcmp(salt, source->log_salt, 8) != 0)
		return err_set(e, ERR_IO, "%s: changed while it was read", path);
	return true;
}

void source_release(struct source *source)
{
	if (source->db)
		source->sqlite->close(source->db);
	source->db = NULL;
	for (int i = 0; i < 2; i++) {
		int fd = source->held[i] - 1;
		file_close(&fd);
		source->held[i] = 0;
	}
}

/* A view is none: what it would run is not ours. */
bool source_has_table(struct source *source, const char *table)
{
	static const char sql[] = "SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1";
	sqlite3_stmt *statement = NULL;
	bool has = false;

	if (!source->db ||
		source->sqlite->prepare_v2(source->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return false;
	source->sqlite->bind_text(statement, 1, table, -1, SQLITE_STATIC);
	has = source->sqlite->step(statement) == SQLITE_ROW;
	source->sqlite->finalize(statement);
	return has;
}

static bool has_column(struct source *source, const char *table, const char *column)
{
	return source->sqlite->table_column_metadata(
		       source->db, NULL, table, column, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static void complain(struct source *source, const char *format, const char *a, const char *b)
{
	AUTO(buf) why = {0};

	buf_printf(&why, format, a, b);
	usage_complain(source->file, arena_text(source->file->arena, buf_str(&why)));
}

/* Reads the schema; false when it cannot be read. */
static bool read_schema(struct source *source, struct err *e)
{
	if (source->sqlite->exec(source->db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL,
		    NULL) == SQLITE_OK)
		return true;
	return fail(source, e);
}

bool source_rows(struct source *source, const char *table, const struct column *columns,
	const char *tail, struct sqlite_rows *out, struct err *e)
{
	AUTO(buf) sql = {0};
	int count = 0;

	*out = (struct sqlite_rows){.source = source};
	if (!source->db)
		return true;
	if (!read_schema(source, e))
		return false;
	if (!source_has_table(source, table)) {
		complain(source, "no table \"%s\"%s", table, "");
		return true;
	}
	for (int i = 0; columns[i].name; i++) {
		bool has = has_column(source, table, columns[i].name);
		if (!has && columns[i].is_needed) {
			complain(source, "no column \"%s\" in the table \"%s\"", columns[i].name,
				table);
			return true;
		}
		out->places[i] = has ? count++ : -1;
		if (has)
			buf_printf(
				&sql, "%s\"%s\"", count == 1 ? "SELECT " : ", ", columns[i].name);
	}
	buf_printf(&sql, " FROM \"%s\" %s", table, tail);
	if (source->sqlite->prepare_v2(source->db, buf_text(&sql), -1, &out->statement, NULL) !=
		SQLITE_OK)
		return fail(source, e);
	return true;
}

void sqlite_rows_release(struct sqlite_rows *rows)
{
	if (rows->statement)
		rows->source->sqlite->finalize(rows->statement);
	rows->statement = NULL;
}

void sqlite_rows_again(struct sqlite_rows *rows, struct str value)
{
	if (!rows->statement)
		return;
	rows->source->sqlite->reset(rows->statement);
	rows->source->sqlite->bind_text64(
		rows->statement, 1, value.p ? value.p : "", value.n, SQLITE_STATIC, SQLITE_UTF8);
}

bool sqlite_rows_next(struct sqlite_rows *rows, struct err *e)
{
	if (!rows->statement)
		return false;
	int code = rows->source->sqlite->step(rows->statement);
	rows->is_broken = code != SQLITE_ROW && code != SQLITE_DONE;
	if (rows->is_broken)
		fail(rows->source, e);
	return code == SQLITE_ROW;
}

struct str sqlite_rows_text(struct sqlite_rows *rows, int column)
{
	int place = rows->places[column];

	if (place < 0 || rows->source->sqlite->column_type(rows->statement, place) == SQLITE_NULL)
		return (struct str){0};
	const char *text = (const char *)rows->source->sqlite->column_text(rows->statement, place);
	return (struct str){text ? text : "",
		(size_t)rows->source->sqlite->column_bytes(rows->statement, place)};
}
