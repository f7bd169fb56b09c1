// SPDX-License-Identifier: MIT
#include "io/gumbo_table.h"

#include <dlfcn.h>
#include <pthread.h>

static bool load(struct gumbo_table *table, struct err *e)
{
	void *library = dlopen("libgumbo.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return err_set(e, ERR_NOT_FOUND,
			"libgumbo.so.1 cannot be loaded (Debian package libgumbo1): %s", dlerror());
	table->parse = (typeof(table->parse))dlsym(library, "gumbo_parse_with_options");
	table->attribute = (typeof(table->attribute))dlsym(library, "gumbo_get_attribute");
	table->defaults = dlsym(library, "kGumboDefaultOptions");
	if (!table->parse || !table->attribute || !table->defaults)
		return err_set(e, ERR_NOT_FOUND, "libgumbo.so.1 lacks functions of version 0.10");
	return true;
}

const struct gumbo_table *gumbo_table_open(struct err *e)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct gumbo_table table;
	static bool is_open;

	pthread_mutex_lock(&lock);
	is_open = is_open || load(&table, e);
	bool is_there = is_open;
	pthread_mutex_unlock(&lock);
	return is_there ? &table : NULL;
}
