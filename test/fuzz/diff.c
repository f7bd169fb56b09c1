// SPDX-License-Identifier: MIT
/*
 * diff: any two texts, parted by a NUL. What the diff says, read back, makes the second of the
 * first.
 */
#include <stdint.h>

#include "base/diff.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line of text, with its end. */
static struct str take_line(struct str *text)
{
	size_t end = str_find_char(*text, '\n', 0);
	struct str line = str_head(*text, end == SIZE_MAX ? end : end + 1);

	*text = str_skip(*text, line.n);
	return line;
}

/* Number behind the sign in "@@ -1,2 +3,4 @@", less one where lines follow. */
static size_t line_number(struct str head, char sign)
{
	size_t at = str_find_char(head, sign, 0);
	int64_t number, count = 1;
	struct str range, first;

	must(at != SIZE_MAX);
	head = str_skip(head, at + 1);
	must(str_split(&head, ' ', &range) && str_split(&range, ',', &first));
	must(str_int(first, &number) && (!range.p || str_int(range, &count)));
	return (size_t)(count ? number - 1 : number);
}

/* Puts lines of before until there are at of them. */
static void copy_to(struct buf *out, struct str *before, size_t *line, size_t at)
{
	must(at >= *line);
	for (; *line < at; ++*line) {
		must(before->n);
		buf_put_str(out, take_line(before));
	}
}

static void apply(struct str diff, struct str before, struct buf *out)
{
	size_t at = 0;

	for (int i = 0; i < 3; i++)
		take_line(&diff);
	while (diff.n) {
		struct str line = take_line(&diff), text = str_skip(line, 1);
		if (line.p[0] == '@') {
			copy_to(out, &before, &at, line_number(line, '-'));
			continue;
		}
		if (str_starts(diff, STR("\\ No newline"))) {
			take_line(&diff);
			text = str_head(text, text.n - 1);
		}
		if (line.p[0] != '+') {
			must(str_eq(take_line(&before), text));
			at++;
		}
		if (line.p[0] != '-')
			buf_put_str(out, text);
	}
	buf_put_str(out, before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str before = {(const char *)data, size}, after;
	struct diff_options o = {.before_name = STR("f"), .after_name = STR("f")};
	AUTO(buf) diff = {0};
	AUTO(buf) got = {0};
	size_t nul = size ? str_find_char(before, '\0', 0) : SIZE_MAX;

	if (nul == SIZE_MAX)
		return 0;
	after = str_skip(before, nul + 1);
	before = str_head(before, nul);
	if (str_find_char(after, '\0', 0) != SIZE_MAX)
		return 0;
	diff_put_unified(&diff, &o, before, after);
	must((diff.n == 0) == str_eq(before, after));
	apply(buf_str(&diff), before, &got);
	must(str_eq(buf_str(&got), after));
	buf_release(&diff);
	/* Any name can be written. */
	diff_put_unified(&diff, &(struct diff_options){.before_name = before}, STR("x"), STR(""));
	must(utf8_is_valid(buf_str(&diff)));
	return 0;
}
