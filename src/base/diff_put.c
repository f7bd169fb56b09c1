// SPDX-License-Identifier: MIT
/* Writing a difference down: git's extended header and unified hunks, see git-diff(1). */
#include <string.h>
#include <sys/stat.h>

#include "base/binary_patch.h"
#include "base/diff.h"
#include "base/utf8.h"
#include "base/vec.h"

/* ---- names ---- */

/* As git does: in quotes where something in it would be taken for something else. */
static bool needs_quotes(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (c < ' ' || c == 127 || c == '"' || c == '\\')
			return true;
	}
	return !utf8_is_valid(name);
}

static void put_quoted(struct buf *out, const char *prefix, struct str name)
{
	static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";

	buf_printf(out, "\"%s", prefix);
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		const char *letter = c ? strchr(letters, c) : NULL;
		/* Of each pair the first is meant: no first one is a letter. */
		if (letter && (c < ' ' || c == '"' || c == '\\'))
			buf_printf(out, "\\%c", c < ' ' ? letter[1] : c);
		else if (c < ' ' || c >= 127)
			buf_printf(out, "\\%03o", c);
		else
			buf_put_char(out, (char)c);
	}
	buf_put_char(out, '"');
}

static void put_name(struct buf *out, const char *prefix, struct str name)
{
	if (needs_quotes(name))
		put_quoted(out, prefix, name);
	else
		buf_printf(out, "%s%.*s", prefix, STR_ARG(name));
}

/* On the lines "---" and "+++" a tab ends a name with a space in it. */
static void put_side(struct buf *out, const char *mark, const char *prefix, struct str name)
{
	buf_put_text(out, mark);
	if (name.p)
		put_name(out, prefix, name);
	else
		buf_put_text(out, "/dev/null");
	if (name.p && str_find_char(name, ' ', 0) != SIZE_MAX)
		buf_put_char(out, '\t');
	buf_put_char(out, '\n');
}

/* ---- the header ---- */

/* The modes that git knows. */
static unsigned git_mode(unsigned mode)
{
	if (S_ISLNK(mode))
		return 0120000;
	return mode & 0111 ? 0100755 : 0100644;
}

static void put_header(struct buf *out, const struct diff_options *o)
{
	struct str before = o->before_name, after = o->after_name;
	unsigned before_mode = git_mode(o->before_mode), after_mode = git_mode(o->after_mode);

	buf_put_text(out, "diff --git ");
	put_name(out, "a/", before.p ? before : after);
	buf_put_char(out, ' ');
	put_name(out, "b/", after.p ? after : before);
	buf_put_char(out, '\n');
	if (!before.p) {
		buf_printf(out, "new file mode %06o\n", after_mode);
	} else if (!after.p) {
		buf_printf(out, "deleted file mode %06o\n", before_mode);
	} else {
		if (before_mode != after_mode)
			buf_printf(out, "old mode %06o\nnew mode %06o\n", before_mode, after_mode);
		if (!str_eq(before, after)) {
			buf_put_text(out, "rename from ");
			put_name(out, "", before);
			buf_put_text(out, "\nrename to ");
			put_name(out, "", after);
			buf_put_char(out, '\n');
		}
	}
}

static void put_sides(struct buf *out, const struct diff_options *o)
{
	put_side(out, "--- ", "a/", o->before_name);
	put_side(out, "+++ ", "b/", o->after_name);
}

/* ---- hunks ---- */

/* Lines that are replaced by others. */
struct change {
	size_t before, before_end, after, after_end;
};

typedef VEC(struct change) changes;

static struct diff_counts find_changes(const struct diff *d, changes *found)
{
	struct diff_counts counts = {0};
	size_t i = 0, k = 0;

	while (i < d->before.count || k < d->after.count) {
		struct change c = {i, i, k, k};
		while (c.before_end < d->before.count && d->before.is_changed[c.before_end])
			c.before_end++;
		while (c.after_end < d->after.count && d->after.is_changed[c.after_end])
			c.after_end++;
		counts.deleted += c.before_end - i;
		counts.added += c.after_end - k;
		if (c.before_end > i || c.after_end > k)
			vec_push(found, c);
		/* Behind it stands a line that both have, or the end. */
		i = c.before_end + 1;
		k = c.after_end + 1;
	}
	return counts;
}

static void put_lines(
	struct buf *out, char mark, const struct diff_side *side, size_t from, size_t to)
{
	for (; from < to; from++) {
		struct str line = side->lines[from];
		buf_put_char(out, mark);
		buf_put_str(out, line);
		if (line.p[line.n - 1] != '\n')
			buf_put_text(out, "\n\\ No newline at end of file\n");
	}
}

/* "12,3"; a range without lines names the line before it. */
static void put_range(struct buf *out, size_t from, size_t to)
{
	if (to - from == 1)
		buf_printf(out, "%zu", from + 1);
	else
		buf_printf(out, "%zu,%zu", to > from ? from + 1 : from, to - from);
}

static void put_hunk(
	struct buf *out, const struct diff *d, const struct change *first, const struct change *end)
{
	const struct change *last = end - 1;
	size_t lead = first->before < DIFF_CONTEXT_LINES ? first->before : DIFF_CONTEXT_LINES;
	size_t left = d->before.count - last->before_end;
	size_t trail = left < DIFF_CONTEXT_LINES ? left : DIFF_CONTEXT_LINES;
	size_t at = first->before - lead;

	buf_put_text(out, "@@ -");
	put_range(out, at, last->before_end + trail);
	buf_put_text(out, " +");
	put_range(out, first->after - lead, last->after_end + trail);
	buf_put_text(out, " @@\n");
	for (const struct change *c = first; c < end; c++) {
		put_lines(out, ' ', &d->before, at, c->before);
		put_lines(out, '-', &d->before, c->before, c->before_end);
		put_lines(out, '+', &d->after, c->after, c->after_end);
		at = c->before_end;
	}
	put_lines(out, ' ', &d->before, at, at + trail);
}

/* Changes whose contexts touch are one hunk. */
static void put_hunks(struct buf *out, const struct diff *d, const changes *found)
{
	const struct change *end = found->p + found->n;

	for (const struct change *first = found->p, *next; first < end; first = next) {
		for (next = first + 1; next < end; next++)
			if (next->before - next[-1].before_end > 2 * DIFF_CONTEXT_LINES)
				break;
		put_hunk(out, d, first, next);
	}
}

bool diff_is_binary(struct str text)
{
	return text.n && memchr(text.p, '\0', text.n);
}

bool diff_is_large(struct str before, struct str after)
{
	return (diff_is_binary(before) || diff_is_binary(after)) &&
	       (before.n > DIFF_BINARY_MAX_BYTES || after.n > DIFF_BINARY_MAX_BYTES);
}

/* The names of both sides' contents, without which git apply takes no binary patch. */
static void put_index(
	struct buf *out, const struct diff_options *o, struct str before, struct str after)
{
	unsigned before_mode = git_mode(o->before_mode), after_mode = git_mode(o->after_mode);
	bool has_both = o->before_name.p && o->after_name.p;
	/* For a side without a file. */
	char old[BLOB_NAME_BYTES] = "0000000000000000000000000000000000000000";
	char new[BLOB_NAME_BYTES] = "0000000000000000000000000000000000000000";

	if (o->before_name.p)
		blob_name(before, old);
	if (o->after_name.p)
		blob_name(after, new);
	buf_printf(out, "index %s..%s", old, new);
	if (has_both && before_mode == after_mode)
		buf_printf(out, " %06o", after_mode);
	buf_put_char(out, '\n');
}

static void put_binary(struct buf *out, const struct diff_options *o)
{
	buf_put_text(out, "Binary files ");
	put_name(out, o->before_name.p ? "a/" : "",
		o->before_name.p ? o->before_name : STR("/dev/null"));
	buf_put_text(out, " and ");
	put_name(out, o->after_name.p ? "b/" : "",
		o->after_name.p ? o->after_name : STR("/dev/null"));
	buf_put_text(out, " differ\n");
}

struct diff_counts diff_put_unified(
	struct buf *out, const struct diff_options *o, struct str before, struct str after)
{
	bool is_same = str_eq(before, after) || before.n + after.n == 0;
	struct diff_counts counts = {0};

	if (is_same && o->before_name.p && o->after_name.p &&
		str_eq(o->before_name, o->after_name) &&
		git_mode(o->before_mode) == git_mode(o->after_mode))
		return counts;
	put_header(out, o);
	if (is_same)
		return counts;
	if (diff_is_binary(before) || diff_is_binary(after)) {
		if (!o->has_binary || diff_is_large(before, after)) {
			put_binary(out, o);
			return counts;
		}
		put_index(out, o, before, after);
		binary_patch_put(out, before, after);
		return counts;
	}
	AUTO(diff) d;
	changes found = {0};
	put_sides(out, o);
	diff_compare(&d, before, after);
	counts = find_changes(&d, &found);
	put_hunks(out, &d, &found);
	vec_release(&found);
	return counts;
}
