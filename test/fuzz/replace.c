// SPDX-License-Identifier: MIT
/*
 * replace: any old and new text in any file, parted by NULs; the first byte's lowest bit says
 * whether everywhere. What fails changes nothing and says why; a text that is there once is
 * replaced and nothing else.
 */
#include <stdint.h>

#include "agent/tool/replace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_exact(struct str text, const struct replacement *r, struct str after)
{
	size_t at = str_find(text, r->old, 0);

	/* Line ends are made to fit. */
	if (at == SIZE_MAX || str_find_char(text, '\r', 0) != SIZE_MAX || r->is_everywhere)
		return;
	must(str_find(text, r->old, at + 1) == SIZE_MAX);
	must(after.n == text.n - r->old.n + r->new.n);
	must(str_eq(str_head(after, at), str_head(text, at)));
	must(str_eq(str_head(str_skip(after, at), r->new.n), r->new));
	must(str_eq(str_skip(after, at + r->new.n), str_skip(text, at + r->old.n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str parts[3] = {0}, rest = {(const char *)data, size};
	AUTO(arena) arena = {0};
	AUTO(buf) text = {0};
	AUTO(buf) why = {0};
	enum replaced_how how;

	if (size < 2)
		return 0;
	rest = str_skip(rest, 1);
	for (int i = 0; i < 3; i++)
		if (!str_split(&rest, '\0', &parts[i]))
			return 0;
	buf_put_str(&text, parts[0]);
	struct replacement r = {parts[1], parts[2], data[0] & 1};
	if (!replace_in(&text, &r, &arena, &how, &why))
		must(why.n && str_eq(buf_str(&text), parts[0]));
	else if (!str_starts(parts[0], STR("\xef\xbb\xbf")) &&
		 !str_starts(parts[1], STR("\xef\xbb\xbf")) && parts[1].n)
		check_exact(parts[0], &r, buf_str(&text));
	must(!text.overflow);
	return 0;
}
