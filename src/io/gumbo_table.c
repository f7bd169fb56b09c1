// SPDX-License-Identifier: MIT
#include "io/gumbo_table.h"

#include <dlfcn.h>

#include "io/late.h"

static bool load(void *self, void *library, struct err *e)
{
	struct gumbo_table *table = self;

	table->parse = (typeof(table->parse))dlsym(library, "gumbo_parse_with_options");
	table->attribute = (typeof(table->attribute))dlsym(library, "gumbo_get_attribute");
	table->defaults = dlsym(library, "kGumboDefaultOptions");
	if (!table->parse || !table->attribute || !table->defaults)
		return err_set(e, ERR_NOT_FOUND, "libgumbo.so.1 lacks functions of version 0.10");
	return true;
}

const struct gumbo_table *gumbo_table_open(struct err *e)
{
	static struct late late = {.library = "libgumbo.so.1",
		.package = "libgumbo1",
		.code = ERR_NOT_FOUND,
		.flags = RTLD_NOW,
		.load = load};
	static struct gumbo_table table;

	return late_open(&late, &table, e) ? &table : NULL;
}
