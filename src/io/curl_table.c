// SPDX-License-Identifier: MIT
#include "io/curl_table.h"

#include <dlfcn.h>
#include <pthread.h>

static void *find(void *library, const char *name, struct err *e)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		err_set(e, ERR_NETWORK, "libcurl.so.4 has no %s: is it libcurl 7.85 or newer?",
			name);
	return symbol;
}

static bool load(struct curl_table *table, struct err *e)
{
	/* Lazy: to bind every function of its thirty libraries now takes 0.3 ms. */
	void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return err_set(e, ERR_NETWORK,
			"libcurl.so.4 cannot be loaded (Debian package libcurl4): %s", dlerror());
#define FIND(function) \
	table->function = (typeof(table->function))find(library, #function, e); \
	if (!table->function) \
		return false;
	CURL_FUNCTIONS(FIND)
#undef FIND
	if (table->curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_NETWORK, "libcurl does not start");
	return true;
}

const struct curl_table *curl_table_open(struct err *e)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct curl_table table;
	static bool is_open;

	pthread_mutex_lock(&lock);
	is_open = is_open || load(&table, e);
	bool is_there = is_open;
	pthread_mutex_unlock(&lock);
	return is_there ? &table : NULL;
}
