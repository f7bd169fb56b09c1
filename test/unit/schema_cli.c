// SPDX-License-Identifier: MIT
/*
 * schema_cli: for test/schema_diff.py. Schemas and values in turn on stdin, each after its length
 * in decimal and a newline; one line of output for two: "valid", "invalid", or why there is no
 * schema.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/schema.h"
#include "index/index.h"

static bool next_document(struct str *rest, struct str *document)
{
	size_t end = str_find_char(*rest, '\n', 0);
	int64_t n;

	if (end == SIZE_MAX || !str_int(str_head(*rest, end), &n) || n < 0)
		return false;
	*rest = str_skip(*rest, end + 1);
	*document = str_head(*rest, (size_t)n);
	*rest = str_skip(*rest, (size_t)n);
	return true;
}

int main(void)
{
	AUTO(buf) all = {0};
	char piece[4096];
	struct err e;
	struct str text, value;

	for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;)
		buf_put(&all, piece, n);
	struct str rest = buf_str(&all);
	while (rest.n) {
		AUTO(arena) a = {0};
		struct schema_faults faults;
		if (!next_document(&rest, &text) || !next_document(&rest, &value))
			return 1;
		struct schema *s = schema_new(text, &pattern_functions, &e);
		if (!s)
			puts(e.text);
		else
			puts(schema_check(s, value, &a, &faults) ? "valid" : "invalid");
		schema_free(s);
	}
}
