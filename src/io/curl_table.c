// SPDX-License-Identifier: MIT
#include "io/curl_table.h"

#include <dlfcn.h>

#include "io/late.h"

static void *find(void *library, const char *name, struct err *e)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		err_set(e, ERR_NETWORK, "libcurl.so.4 has no %s: is it libcurl 7.85 or newer?",
			name);
	return symbol;
}

static bool load(void *self, void *library, struct err *e)
{
	struct curl_table *table = self;

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
	/* Lazy: to bind every function of its thirty libraries now takes 0.3 ms. */
	static struct late late = {.library = "libcurl.so.4",
		.package = "libcurl4",
		.code = ERR_NETWORK,
		.flags = RTLD_LAZY,
		.load = load};
	static struct curl_table table;

	return late_open(&late, &table, e) ? &table : NULL;
}
