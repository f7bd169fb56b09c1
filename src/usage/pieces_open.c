// SPDX-License-Identifier: MIT
/* pieces_open: the index's file: opened, made, copied, set aside. */
#include "usage/pieces_inside.h"

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
#include "base/must.h"

enum {
	BUSY_MS = 2000,
	COPY_MAX_BYTES = 1 << 30,
	PAGE_BYTES = 4 << 10,
	LOG_MAX_BYTES = 1 << 20, /* a start reads what the log has: it stays short */
};

bool pieces_failed(struct pieces *pieces, struct err *e)
{
	int code = pieces->sqlite->errcode(pieces->db) & 0xff;
	/* SQLITE_ERROR: there are other tables than there should be. */
	bool is_damage = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;

	return err_set(e, is_damage ? ERR_PARSE : ERR_IO, "%s: %s", pieces->path,
		pieces->sqlite->errmsg(pieces->db));
}

bool pieces_run(struct pieces *pieces, const char *sql, struct err *e)
{
	return pieces->sqlite->exec(pieces->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       pieces_failed(pieces, e);
}

sqlite3_stmt *pieces_prepare(struct pieces *pieces, const char *sql, struct err *e)
{
	sqlite3_stmt *s = NULL;

	if (pieces->sqlite->prepare_v2(pieces->db, sql, -1, &s, NULL) != SQLITE_OK) {
		(void)pieces_failed(pieces, e);
		return NULL;
	}
	return s;
}

bool pieces_number_of(struct pieces *pieces, const char *sql, int64_t *number, struct err *e)
{
	sqlite3_stmt *s = pieces_prepare(pieces, sql, e);

	if (!s)
		return false;
	int code = pieces->sqlite->step(s);
	*number = code == SQLITE_ROW ? pieces->sqlite->column_int64(s, 0) : 0;
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || pieces_failed(pieces, e);
	pieces->sqlite->finalize(s);
	return is_good;
}

/* ---- opening ---- */

/* The file and what SQLite puts beside it. */
void pieces_remove_all(const char *path)
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

void pieces_forget_statements(struct pieces *pieces)
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
	pieces_forget_statements(pieces);
	if (pieces->has_written)
		shorten_log(pieces);
	if (pieces->db)
		pieces->sqlite->close(pieces->db);
	if (pieces->temporary) {
		pieces_remove_all(pieces->temporary);
		free(pieces->temporary);
	}
	free(pieces->path);
	free(pieces);
}

struct pieces *pieces_open_at(const char *path, const char *file, int flags, struct err *e)
{
	const struct sqlite_table *sqlite = sqlite_table_open(e);

	if (!sqlite)
		return NULL;
	struct pieces *pieces = must_alloc(1, sizeof *pieces);
	pieces->sqlite = sqlite;
	pieces->path = must_copy(path, strlen(path));
	if (sqlite->open_v2(file, &pieces->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		(void)pieces_failed(pieces, e);
		pieces_close(pieces);
		return NULL;
	}
	(void)sqlite->busy_timeout(pieces->db, BUSY_MS);
	return pieces;
}

static bool read_generation(struct pieces *pieces, struct err *e)
{
	sqlite3_stmt *s = pieces_prepare(pieces, "SELECT number, sum FROM generation", e);

	if (!s)
		return false;
	int code = pieces->sqlite->step(s);
	if (code == SQLITE_ROW) {
		pieces->generation = pieces->sqlite->column_int64(s, 0);
		pieces->sum = (uint64_t)pieces->sqlite->column_int64(s, 1);
	}
	bool is_good = code == SQLITE_ROW || code == SQLITE_DONE || pieces_failed(pieces, e);
	pieces->sqlite->finalize(s);
	return is_good;
}

static bool is_newer(uint32_t version)
{
	return version >> 16 == PIECE_VERSION >> 16 && version > PIECE_VERSION;
}

/* From here on all that is read is one commit's. */
static enum pieces_found check(struct pieces *pieces, struct err *e)
{
	int64_t version = 0;

	if (!pieces_run(pieces, "BEGIN", e) ||
		!pieces_number_of(pieces, "PRAGMA user_version", &version, e))
		return e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	if (version != PIECE_VERSION)
		return is_newer((uint32_t)version) ? PIECE_NEWER : PIECE_OTHER_VERSION;
	if (!read_generation(pieces, e))
		return e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	return PIECE_GOOD;
}

static void set_up(struct pieces *pieces)
{
	(void)pieces->sqlite->exec(pieces->db, "PRAGMA mmap_size=268435456", NULL, NULL, NULL);
	(void)pieces->sqlite->db_config(pieces->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void pieces_set_up_writer(struct pieces *pieces)
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
	struct pieces *pieces = pieces_open_at(path, path, SQLITE_OPEN_READWRITE, e);
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
	pieces_remove_all(copy);
	struct pieces *pieces = NULL;
	if (copy_file(path, copy, "", e) && copy_file(path, copy, "-wal", e))
		pieces = pieces_open_at(path, copy, SQLITE_OPEN_READWRITE, e);
	if (!pieces) {
		pieces_remove_all(copy);
		return NULL;
	}
	pieces->temporary = must_copy(copy, strlen(copy));
	*found = check(pieces, e);
	if (*found == PIECE_GOOD)
		return pieces;
	if (*found != PIECE_NONE)
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
void pieces_remove_left(const char *path)
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
		pieces_open_at(path, temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
	if (!pieces)
		return NULL;
	pieces->temporary = must_copy(temporary, strlen(temporary));
	pieces->last_file = UINT32_MAX;
	pieces_remove_left(path);
	char sql[800];
	(void)snprintf(sql, sizeof sql,
		"PRAGMA page_size=%d; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-256;"
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
	if (!pieces_run(pieces, sql, e) ||
		!pieces_number_of(
			pieces, "SELECT number FROM generation", &pieces->generation, e)) {
		pieces_close(pieces);
		return NULL;
	}
	return pieces;
}

/* What was set aside before stays: it may be all that is left of transcripts that are gone. */
static bool name_aside(const char *path, char name[], size_t size)
{
	enum { ASIDE_MAX = 1000 };

	for (int i = 1; i < ASIDE_MAX; i++) {
		int n = i == 1 ? snprintf(name, size, "%s.old", path)
			       : snprintf(name, size, "%s.old%d", path, i);
		if (n >= (int)size)
			return false;
		if (access(name, F_OK) < 0)
			return true;
	}
	return false;
}

bool pieces_set_aside(const char *path, uint64_t inode, struct buf *aside)
{
	static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
	char name[4096], from[4096], to[4096];
	struct stat s;

	if (stat(path, &s) < 0 || s.st_ino != inode || !name_aside(path, name, sizeof name))
		return false;
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		if (snprintf(from, sizeof from, "%s%s", path, tails[i]) < (int)sizeof from &&
			snprintf(to, sizeof to, "%s%s", name, tails[i]) < (int)sizeof to)
			(void)rename(from, to);
	}
	buf_put_text(aside, name);
	return true;
}
