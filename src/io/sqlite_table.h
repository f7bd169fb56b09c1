// SPDX-License-Identifier: MIT
/*
 * sqlite_table: SQLite's functions, found at first use: most commands open no database, and linked
 * in they would be two fifths of the program.
 */
#ifndef IO_SQLITE_TABLE_H
#define IO_SQLITE_TABLE_H

#include <sqlite3.h>

#include "base/err.h"

/* clang-format off */
/* Each with "sqlite3_" in front of its name. */
#define SQLITE_FUNCTIONS(each) \
	each(open_v2) each(close) each(errcode) each(errmsg) each(busy_timeout) each(db_config) \
	each(limit) each(exec) each(prepare_v2) each(step) each(reset) each(finalize) each(changes) \
	each(bind_blob64) each(bind_int) each(bind_int64) each(bind_null) each(bind_text) \
	each(bind_text64) each(column_blob) each(column_bytes) each(column_int) each(column_int64) \
	each(column_text) each(column_type) each(table_column_metadata) each(wal_autocheckpoint) \
	each(wal_checkpoint_v2)
/* clang-format on */

struct sqlite_table {
#define DECLARE(function) typeof(&sqlite3_##function) function;
	SQLITE_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* NULL and e (ERR_IO, naming the package) when it is not installed. From any thread. */
[[nodiscard]] const struct sqlite_table *sqlite_table_open(struct err *e);

#endif
