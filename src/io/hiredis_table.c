// SPDX-License-Identifier: MIT
#include "io/hiredis_table.h"

#include <dlfcn.h>

#include "io/late.h"

static bool load(void *self, void *library, struct err *e)
{
	struct hiredis_table *table = self;

	table->create = (typeof(table->create))dlsym(library, "redisReaderCreateWithFunctions");
	table->free = (typeof(table->free))dlsym(library, "redisReaderFree");
	table->feed = (typeof(table->feed))dlsym(library, "redisReaderFeed");
	table->get_reply = (typeof(table->get_reply))dlsym(library, "redisReaderGetReply");
	if (!table->create || !table->free || !table->feed || !table->get_reply)
		return err_set(
			e, ERR_NOT_FOUND, "libhiredis.so.0.14 lacks functions of its reader");
	return true;
}

const struct hiredis_table *hiredis_table_open(struct err *e)
{
	static struct late late = {.library = "libhiredis.so.0.14",
		.package = "libhiredis0.14",
		.code = ERR_NOT_FOUND,
		.flags = RTLD_NOW,
		.load = load};
	static struct hiredis_table table;

	return late_open(&late, &table, e) ? &table : NULL;
}
