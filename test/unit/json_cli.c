// SPDX-License-Identifier: MIT
/*
 * json_cli: for test/json_diff.py. Documents on stdin, each after its length in decimal and a
 * newline; one line of output each: "accept" or "reject".
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"

int main(void)
{
	AUTO(buf) all = {0};
	char piece[4096];
	struct err e;

	for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;)
		buf_put(&all, piece, n);
	struct str rest = buf_str(&all);
	while (rest.n) {
		size_t end = str_find_char(rest, '\n', 0);
		int64_t n;
		if (end == SIZE_MAX || !str_int(str_head(rest, end), &n) || n < 0)
			return 1;
		rest = str_skip(rest, end + 1);
		struct str document = str_head(rest, (size_t)n);
		puts(json_check(document, &e) ? "accept" : "reject");
		rest = str_skip(rest, (size_t)n);
	}
}
