// SPDX-License-Identifier: MIT
/* gumbo_table: the HTML5 parser's functions, found at first use: most runs read no HTML. */
#ifndef IO_GUMBO_TABLE_H
#define IO_GUMBO_TABLE_H

#include <gumbo.h>

#include "base/err.h"

struct gumbo_table {
	typeof(&gumbo_parse_with_options) parse;
	typeof(&gumbo_get_attribute) attribute;
	const GumboOptions *defaults;
};

/* NULL and e (ERR_NOT_FOUND, naming the package) when it is not installed. From any thread. */
[[nodiscard]] const struct gumbo_table *gumbo_table_open(struct err *e);

#endif
