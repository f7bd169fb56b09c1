// SPDX-License-Identifier: MIT
#include "io/hiredis_table.h"

#include <dlfcn.h>
#include <pthread.h>

static bool load(struct hiredis_table *table, struct err *e)
{
	void *library = dlopen("libhiredis.so.0.14", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return err_set(e, ERR_NOT_FOUND,
			"libhiredis.so.0.14 cannot be loaded (Debian package libhiredis0.14): %s",
			dlerror());
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
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct hiredis_table table;
	static bool is_open;

	pthread_mutex_lock(&lock);
	is_open = is_open || load(&table, e);
	bool is_there = is_open;
	pthread_mutex_unlock(&lock);
	return is_there ? &table : NULL;
}
