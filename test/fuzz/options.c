// SPDX-License-Identifier: MIT
/* Command-line words, one a line: parsing never crashes and loses no operand. */
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "base/vec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct option table[] = {
	{"model", 'm', "NAME", ""},
	{"max-turns", 0, "N", ""},
	{"quiet", 'q', NULL, ""},
	{"verbose", 'v', NULL, ""},
	{0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = must_copy((const char *)data, size);
	struct str rest = {text, size}, line;
	VEC(char *) words = {0};
	struct arena a = {0};
	struct options options;
	struct err e = {0};
	int64_t n;

	while (size && str_split(&rest, '\n', &line))
		vec_push(&words, must_copy(line.p, strnlen(line.p, line.n)));
	if (options_parse(table, (int)words.n, words.p, &a, &options, &e)) {
		must(options.operand_count + options.match_count <= words.n * 8 + size);
		must(options.literal_from <= options.operand_count);
		if (options_int(&options, "max-turns", 1, 1, &n, &e))
			must(n >= 1);
	} else {
		must(e.code == ERR_USAGE && e.text[0]);
	}
	vec_each (&words, word)
		free(*word);
	vec_release(&words);
	arena_release(&a);
	free(text);
	return 0;
}
