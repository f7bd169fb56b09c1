// SPDX-License-Identifier: MIT
#include "io/sqlite_table.h"

#include <dlfcn.h>

#include "io/late.h"

static void *find(void *library, const char *name, struct err *e)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		err_set(e, ERR_IO, "libsqlite3.so.0 has no %s", name);
	return symbol;
}

static bool load(void *self, void *library, struct err *e)
{
	struct sqlite_table *table = self;

#define FIND(function) \
	table->function = (typeof(table->function))find(library, "sqlite3_" #function, e); \
	if (!table->function) \
		return false;
	SQLITE_FUNCTIONS(FIND)
#undef FIND
	return true;
}

const struct sqlite_table *sqlite_table_open(struct err *e)
{
	static struct late late = {.library = "libsqlite3.so.0",
		.package = "libsqlite3-0",
		.code = ERR_IO,
		.flags = RTLD_NOW,
		.load = load};
	static struct sqlite_table table;

	return late_open(&late, &table, e) ? &table : NULL;
}
