// SPDX-License-Identifier: MIT
/*
 * ignore: the first line is a path ('/' behind: a directory), the rest an ignore file. The verdict
 * of the sealed rules has to be that of the lines taken one by one, the last first; each line is
 * also tried as a glob. Nothing may take exponential time.
 */
#include <stdint.h>

#include "index/glob.h"
#include "index/ignore.h"
#include "index/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool line_matches(struct str line, const struct ignore_name *name)
{
	if (str_ends(line, STR("/"))) {
		line.n--;
		if (!name->is_directory)
			return false;
	}
	bool has_slash = str_find_char(line, '/', 0) != SIZE_MAX;
	line = str_skip(line, str_starts(line, STR("/")));
	return line.n && glob_match_plain(line, has_slash ? name->path : name->name);
}

/* Spaces at the end go, but for one behind an odd number of backslashes. */
static size_t end_of(struct str line)
{
	size_t end = line.n;

	while (end && line.p[end - 1] == ' ') {
		size_t slashes = 0;
		while (slashes + 1 < end && line.p[end - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2)
			break;
		end--;
	}
	return end;
}

static enum ignore_verdict judge(struct str text, const struct ignore_name *name)
{
	enum ignore_verdict verdict = IGNORE_NONE;
	struct str line;

	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	while (str_split(&text, '\n', &line)) {
		if (str_ends(line, STR("\r")))
			line.n--;
		if (str_starts(line, STR("#")))
			continue;
		line = str_head(line, end_of(line));
		bool is_negated = str_starts(line, STR("!"));
		line = str_skip(line, is_negated);
		if (line.n <= IGNORE_PATTERN_MAX_BYTES && line_matches(line, name))
			verdict = is_negated ? IGNORE_IN : IGNORE_OUT;
	}
	return verdict;
}

static void try_globs(struct str text, struct str path)
{
	struct str line;

	while (str_split(&text, '\n', &line)) {
		AUTO(arena) arena = {0};
		glob_list list = {0};
		glob_expand(line, &arena, &list);
		must(list.n >= 1 && list.n <= 257);
		bool found = glob_match(line, path);
		/* Without braces and slashes it is about the base name, at any depth. */
		if (list.n == 1 && str_find_char(line, '/', 0) == SIZE_MAX)
			must(found == glob_match_plain(list.p[0], ignore_name(path, false).name));
		vec_release(&list);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, path;
	struct ignore_rules rules = {0};

	if (!str_split(&text, '\n', &path))
		return 0;
	bool is_directory = str_ends(path, STR("/"));
	path.n -= is_directory;
	if (path.n == 0)
		return 0;
	struct ignore_name name = ignore_name(path, is_directory);
	ignore_rules_parse(&rules, text);
	ignore_rules_seal(&rules);
	must(ignore_rules_match(&rules, &name, 0) == judge(text, &name));
	ignore_rules_release(&rules);
	try_globs(text, path);
	return 0;
}
