// SPDX-License-Identifier: MIT
/*
 * database: answers in a SQLite database for whoever wants to ask it. It is made beside its place
 * without a journal: what is not whole never gets there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "io/sqlite_table.h"
#include "usage/export.h"
#include "usage/group.h"

/* "fetu", at offset 68 of the file: https://www.sqlite.org/fileformat.html#application_id */
static const unsigned char mark[4] = {'f', 'e', 't', 'u'};
enum { MARK_OFFSET = 68, HEAD_BYTES = 72 };
#define APPLICATION_ID 0x66657475
enum { SCHEMA_VERSION = 3 };

struct usage_database {
	struct beside place;
	char *path;
	const struct sqlite_table *sqlite;
	sqlite3 *db;
	sqlite3_stmt *answer, *tool;
	bool has_cost;
	int64_t count;
};

static bool failed(struct usage_database *d, struct err *e)
{
	int code = d->db ? d->sqlite->errcode(d->db) & 0xff : SQLITE_NOMEM;

	return err_set(e, code == SQLITE_FULL || code == SQLITE_IOERR ? ERR_IO : ERR_LIMIT,
		"%s: %s", d->path, d->db ? d->sqlite->errmsg(d->db) : "no memory");
}

static bool execute(struct usage_database *d, const char *sql, struct err *e)
{
	return d->sqlite->exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(d, e);
}

/* ---- what is at its place ---- */

/* Another database, or no database, may be worth something. */
static bool is_ours(const char *path, struct err *e)
{
	char head[HEAD_BYTES];
	size_t n = 0;

	if (access(path, F_OK) < 0)
		return errno == ENOENT || err_errno(e, "%s", path);
	AUTO_FD fd = file_open_regular(AT_FDCWD, path, e);
	if (fd < 0)
		return false;
	for (ssize_t got = 1; n < sizeof head && got > 0; n += got > 0 ? (size_t)got : 0) {
		got = read(fd, head + n, sizeof head - n);
		if (got < 0 && errno != EINTR)
			return err_errno(e, "%s", path);
	}
	return n == 0 ||
	       (n == sizeof head && memcmp(head, "SQLite format 3", 16) == 0 &&
		       memcmp(head + MARK_OFFSET, mark, sizeof mark) == 0) ||
	       err_set(e, ERR_DENIED,
		       "%s is there already, and is no database that this command made", path);
}

/* What a writer has beside it would be taken for part of the new one. */
static bool is_free(const char *path, struct err *e)
{
	static const char *const tails[] = {"-wal", "-journal"};

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		AUTO(buf) name = {0};
		buf_printf(&name, "%s%s", path, tails[i]);
		if (access(buf_text(&name), F_OK) == 0)
			return err_set(
				e, ERR_DENIED, "%s is in use: there is %s", path, buf_text(&name));
	}
	return true;
}

/* ---- tables ---- */

static const char *type_of(const struct usage_field *field)
{
	return field->kind == USAGE_FIELD_NAME ? "TEXT NOT NULL" : "INTEGER NOT NULL";
}

static void put_columns(const struct usage_database *d, struct buf *sql, struct buf *values)
{
	for (const struct usage_field *f = usage_fields; f->name; f++) {
		if (f->kind != USAGE_FIELD_COST) {
			/* What is counted in billionths is told twice, as the cost is. */
			bool is_nano = f->kind == USAGE_FIELD_CREDITS;
			buf_printf(sql, ", %s%s %s", is_nano ? "nano" : "", f->name, type_of(f));
			buf_put_text(values, ", ?");
		} else if (d->has_cost) {
			buf_put_text(sql, ", cost_nanousd INTEGER");
			buf_put_text(values, ", ?");
		}
	}
	buf_put_text(sql, ", credits REAL AS (nanocredits / 1e9) VIRTUAL");
	if (d->has_cost)
		buf_put_text(sql, ", cost_usd REAL AS (cost_nanousd / 1e9) VIRTUAL");
}

static bool make_tables(struct usage_database *d, struct err *e)
{
	AUTO(buf) sql = {0};
	AUTO(buf) insert = {0};

	buf_printf(&sql,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		"PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN;"
		"CREATE TABLE answers (id INTEGER PRIMARY KEY, time TEXT NOT NULL, "
		"time_ms INTEGER NOT NULL",
		APPLICATION_ID, SCHEMA_VERSION);
	buf_put_text(&insert, "INSERT INTO answers VALUES (?, ?, ?");
	put_columns(d, &sql, &insert);
	buf_put_text(&sql,
		"); CREATE TABLE tools (answer INTEGER NOT NULL REFERENCES answers (id), "
		"call INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (answer, call)) "
		"WITHOUT ROWID; CREATE TABLE limits (source TEXT NOT NULL, told TEXT NOT NULL, "
		"told_ms INTEGER NOT NULL, used_percent REAL NOT NULL, window_minutes INTEGER, "
		"resets TEXT, resets_ms INTEGER); CREATE INDEX answers_time ON answers (time_ms)");
	buf_put_text(&insert, ")");
	if (!execute(d, buf_text(&sql), e))
		return false;
	return (d->sqlite->prepare_v2(d->db, buf_text(&insert), -1, &d->answer, NULL) ==
			       SQLITE_OK &&
		       d->sqlite->prepare_v2(d->db, "INSERT INTO tools VALUES (?, ?, ?)", -1,
			       &d->tool, NULL) == SQLITE_OK) ||
	       failed(d, e);
}

bool usage_database_new(const char *path, bool has_cost, struct usage_database **out, struct err *e)
{
	const struct sqlite_table *sqlite = sqlite_table_open(e);

	if (!sqlite || !is_ours(path, e) || !is_free(path, e))
		return false;
	struct usage_database *d = must_alloc(1, sizeof *d);
	d->sqlite = sqlite;
	d->path = must_copy(path, strlen(path));
	d->has_cost = has_cost;
	if (!beside_begin(&d->place, path, e) ||
		!(d->sqlite->open_v2(buf_text(&d->place.temporary), &d->db,
			  SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK ||
			failed(d, e)) ||
		!make_tables(d, e)) {
		usage_database_free(d);
		return false;
	}
	*out = d;
	return true;
}

/* ---- rows ---- */

static void bind_text(const struct usage_database *d, sqlite3_stmt *s, int at, struct str text)
{
	AUTO(buf) repaired = {0};

	if (!utf8_is_valid(text)) {
		utf8_put_repaired(&repaired, text);
		text = buf_str(&repaired);
	}
	(void)d->sqlite->bind_text64(
		s, at, text.n ? text.p : "", text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static bool step(struct usage_database *d, sqlite3_stmt *s, struct err *e)
{
	bool is_done = d->sqlite->step(s) == SQLITE_DONE || failed(d, e);

	(void)d->sqlite->reset(s);
	return is_done;
}

static void bind_cost(const struct usage_database *d, sqlite3_stmt *s, int at, int64_t nanousd)
{
	if (nanousd < 0)
		(void)d->sqlite->bind_null(s, at);
	else
		(void)d->sqlite->bind_int64(s, at, nanousd);
}

bool usage_database_add(struct usage_database *d, const struct usage_view *view,
	const struct usage_entry *entry, enum usage_mode mode, struct err *e)
{
	AUTO(buf) time = {0};
	int at = 1;

	(void)d->sqlite->bind_int64(d->answer, at++, ++d->count);
	usage_put_instant(&time, entry->time_ms);
	bind_text(d, d->answer, at++, buf_str(&time));
	(void)d->sqlite->bind_int64(d->answer, at++, entry->time_ms);
	for (const struct usage_field *f = usage_fields; f->name; f++)
		if (f->kind == USAGE_FIELD_NAME)
			bind_text(d, d->answer, at++, usage_name(view, usage_field_name(f, entry)));
		else if (f->kind != USAGE_FIELD_COST)
			(void)d->sqlite->bind_int64(d->answer, at++, usage_field_number(f, entry));
		else if (d->has_cost)
			bind_cost(d, d->answer, at++, usage_entry_cost(entry, mode));
	if (!step(d, d->answer, e))
		return false;
	for (size_t i = 0; i < entry->tool_count; i++) {
		(void)d->sqlite->bind_int64(d->tool, 1, d->count);
		(void)d->sqlite->bind_int64(d->tool, 2, (int64_t)i + 1);
		bind_text(d, d->tool, 3, usage_name(view, entry->tools[i]));
		if (!step(d, d->tool, e))
			return false;
	}
	return true;
}

static void put_instant_or_null(struct buf *sql, int64_t time_ms)
{
	if (time_ms == 0) {
		buf_put_text(sql, ", NULL, NULL");
		return;
	}
	buf_put_text(sql, ", '");
	usage_put_instant(sql, time_ms);
	buf_printf(sql, "', %lld", (long long)time_ms);
}

/* All that is put into the statement are names of readers and numbers. */
bool usage_database_add_limits(
	struct usage_database *d, const struct usage_view *view, int64_t now_ms, struct err *e)
{
	const struct usage_limits *limits = usage_limits(view);
	AUTO(buf) sql = {0};

	for (size_t i = 0; i < limits->count; i++) {
		const struct usage_limit *limit = &limits->list[i];
		if (usage_limit_is_over(limit, now_ms))
			continue;
		buf_printf(&sql, "INSERT INTO limits VALUES ('%.*s'",
			STR_ARG(usage_name(view, limit->source)));
		put_instant_or_null(&sql, limit->told_ms);
		buf_printf(&sql, ", %lld / 100.0", (long long)limit->used_permyriad);
		if (limit->window_minutes)
			buf_printf(&sql, ", %lld", (long long)limit->window_minutes);
		else
			buf_put_text(&sql, ", NULL");
		put_instant_or_null(&sql, limit->resets_ms);
		buf_put_text(&sql, ");");
	}
	return sql.n == 0 || execute(d, buf_text(&sql), e);
}

bool usage_database_end(struct usage_database *d, struct err *e)
{
	if (!execute(d, "COMMIT", e))
		return false;
	d->sqlite->finalize(d->answer);
	d->sqlite->finalize(d->tool);
	d->answer = d->tool = NULL;
	if (d->sqlite->close(d->db) != SQLITE_OK)
		return failed(d, e);
	d->db = NULL;
	return beside_end(&d->place, e);
}

void usage_database_free(struct usage_database *d)
{
	if (!d)
		return;
	d->sqlite->finalize(d->answer);
	d->sqlite->finalize(d->tool);
	d->sqlite->close(d->db);
	beside_release(&d->place);
	free(d->path);
	free(d);
}
