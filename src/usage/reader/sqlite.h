// SPDX-License-Identifier: MIT
/*
 * sqlite: rows out of a database that belongs to another program, which may be writing it. Nothing
 * is written, made or deleted, the files beside it included. Its owner can go on writing a log;
 * with a journal of the old kind it waits until the rows were read.
 */
#ifndef USAGE_READER_SQLITE_H
#define USAGE_READER_SQLITE_H

#include <sys/stat.h>

#include "base/must.h"
#include "io/sqlite_table.h"
#include "usage/reader.h"

struct source {
	const struct sqlite_table *sqlite; /* set with db */
	sqlite3 *db; /* NULL: there is nothing to read, and a complaint said why */
	struct usage_file *file;
	bool has_log_mode, has_log;
	int held[2]; /* descriptors with locks, and one more: 0 is none */
	struct stat before;
	char log_salt[8];
};

/* False: it cannot be read now. {0} is a valid start. */
[[nodiscard]] bool source_open(struct usage_file *file, struct source *out, struct err *e);
/* True when what was read is of one moment. */
[[nodiscard]] bool source_end(struct source *source, struct err *e);
void source_release(struct source *source);
bool source_has_table(struct source *source, const char *table);

enum { ROW_COLUMNS = 20 };

struct column {
	const char *name;
	bool is_needed; /* without it the table is of no use; others are absent in every row */
};

struct sqlite_rows {
	sqlite3_stmt *statement; /* NULL: no rows */
	struct source *source;
	int places[ROW_COLUMNS]; /* by column: its place in a row, -1 none */
	bool is_broken; /* ended by an error */
};

/*
 * The columns, ended by one without a name, of all rows that the tail ("WHERE id = ?1") leaves.
 * A table or column that is missing is a complaint, and there are no rows.
 */
[[nodiscard]] bool source_rows(struct source *source, const char *table,
	const struct column *columns, const char *tail, struct sqlite_rows *out, struct err *e);
void sqlite_rows_release(struct sqlite_rows *rows);
/* Begins again, with another value for ?1; the text has to live until the rows were read. */
void sqlite_rows_again(struct sqlite_rows *rows, struct str value);
/* False at the end, and where is_broken says so after an error. */
[[nodiscard]] bool sqlite_rows_next(struct sqlite_rows *rows, struct err *e);
/* Lives until the next row; absent for NULL. A number is its digits. */
struct str sqlite_rows_text(struct sqlite_rows *rows, int column);

#endif
