// SPDX-License-Identifier: MIT
/* export: what an answer is to other programs: its columns, and a database that has them. */
#ifndef USAGE_EXPORT_H
#define USAGE_EXPORT_H

#include "base/buf.h"
#include "usage/usage.h"

enum usage_field_kind {
	USAGE_FIELD_NAME,
	USAGE_FIELD_COUNT,
	USAGE_FIELD_TOTAL, /* of all tokens */
	USAGE_FIELD_COST,
	USAGE_FIELD_FLAG,
	USAGE_FIELD_CREDITS,
};

/* In front of them is the time, behind them are the tools. */
struct usage_field {
	const char *name;
	enum usage_field_kind kind;
	size_t place; /* a name's or count's offset in struct usage_entry, an enum usage_flag */
};

extern const struct usage_field usage_fields[]; /* ended by a NULL name */

uint32_t usage_field_name(const struct usage_field *field, const struct usage_entry *entry);
/* Of a count, the total, a flag (1 or 0), or credits (nano-credits). */
int64_t usage_field_number(const struct usage_field *field, const struct usage_entry *entry);
/* "2026-11-21T14:05:09.000Z" */
void usage_put_instant(struct buf *out, int64_t time_ms);

/*
 * A new SQLite database of answers, which takes its place when it is whole. A file that is there is
 * replaced only where it is such a database and nobody has it open to write.
 */
struct usage_database;
[[nodiscard]] bool usage_database_new(
	const char *path, bool has_cost, struct usage_database **out, struct err *e);
[[nodiscard]] bool usage_database_add(struct usage_database *database,
	const struct usage_view *view, const struct usage_entry *entry, enum usage_mode mode,
	struct err *e);
/* What providers told of limits that are not over. */
[[nodiscard]] bool usage_database_add_limits(struct usage_database *database,
	const struct usage_view *view, int64_t now_ms, struct err *e);
[[nodiscard]] bool usage_database_end(struct usage_database *database, struct err *e);
void usage_database_free(struct usage_database *database); /* NULL is nothing */

#endif
