// SPDX-License-Identifier: MIT
#include "agent/tool/replace.h"

#include <string.h>

#include "agent/tool/likeness.h"
#include "agent/tool/plain.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

enum { LINES_TOLD = 8 };

bool buf_splice(struct buf *text, size_t at, size_t n, struct str bytes)
{
	size_t behind = text->n - at - n;

	if (bytes.n > n && !buf_reserve(text, bytes.n - n))
		return false;
	if (text->n)
		memmove(text->p + at + bytes.n, text->p + at + n, behind);
	if (bytes.n)
		memcpy(text->p + at, bytes.p, bytes.n);
	text->n = at + bytes.n + behind;
	if (text->p)
		text->p[text->n] = '\0';
	return true;
}

/* ---- line ends ---- */

static struct str with_lf(struct str text, struct arena *a)
{
	AUTO(buf) out = {0};

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' || i + 1 == text.n || text.p[i + 1] != '\n')
			buf_put_char(&out, text.p[i]);
	return arena_copy(a, buf_str(&out));
}

static struct str with_crlf(struct str text, struct arena *a)
{
	AUTO(buf) out = {0};

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			buf_put_char(&out, '\r');
		buf_put_char(&out, text.p[i]);
	}
	return arena_copy(a, buf_str(&out));
}

/* Whether the line at this place ends in CRLF; the last line: the one before it. */
static bool is_crlf_at(struct str text, size_t at)
{
	size_t end = str_find_char(text, '\n', at);

	if (end == SIZE_MAX) {
		const char *newline = at ? memrchr(text.p, '\n', at) : NULL;
		if (!newline)
			return false;
		end = (size_t)(newline - text.p);
	}
	return end > 0 && text.p[end - 1] == '\r';
}

/* The new text with the line ends that are usual where it goes. */
static struct str fit_ends(struct str text, size_t at, const struct replacement *r, struct arena *a)
{
	bool has_cr = str_find_char(r->old, '\r', 0) != SIZE_MAX;

	/* Who writes CR means line ends as written. */
	if (has_cr || str_find_char(r->new, '\n', 0) == SIZE_MAX || !is_crlf_at(text, at))
		return r->new;
	return with_crlf(r->new, a);
}

/* ---- counting and telling ---- */

/* Places that overlap count, too. */
static size_t count_in(struct str text, struct str what)
{
	size_t count = 0;

	for (size_t at = 0;; count++, at++) {
		at = str_find(text, what, at);
		if (at == SIZE_MAX)
			break;
	}
	return count;
}

static void tell_ambiguous(struct buf *why, struct str text, struct str what)
{
	size_t count = count_in(text, what), at = 0, line = 1, from = 0;

	buf_printf(why, "old_string is there %zu times (lines", count);
	for (size_t i = 0; i < count && i < LINES_TOLD; i++) {
		at = str_find(text, what, at);
		line += plain_newlines(str_range(text.p + from, text.p + at));
		from = at++;
		buf_printf(why, "%s %zu", i ? "," : "", line);
	}
	buf_printf(why, "%s); add lines around it until it is unique, or set replace_all",
		count > LINES_TOLD ? ", ..." : "");
}

static void tell_missing(struct buf *why, struct str text, struct str what, struct arena *a)
{
	AUTO(buf) lines = {0};

	buf_put_text(why, "old_string is not there");
	if (!put_nearest(&lines, text, what, a))
		return;
	buf_printf(why, "; the nearest lines are\n%s", buf_text(&lines));
}

static bool tell(struct buf *why, const char *sentence)
{
	buf_put_text(why, sentence);
	return false;
}

/* ---- replacing ---- */

static bool replace_everywhere(struct buf *text, struct str old, struct str new, struct buf *why)
{
	struct buf out = {.max = text->max};
	struct str from = buf_str(text);
	size_t start = 0, at;

	while ((at = str_find(from, old, start)) != SIZE_MAX) {
		buf_put_str(&out, str_range(from.p + start, from.p + at));
		buf_put_str(&out, new);
		start = at + old.n;
	}
	buf_put_str(&out, str_skip(from, start));
	if (out.overflow) {
		buf_release(&out);
		return tell(why, "the file would be too large");
	}
	buf_release(text);
	*text = out;
	return true;
}

static bool replace_at(struct buf *text, struct part part, struct str new, struct buf *why)
{
	return buf_splice(text, part.at, part.n, new) || tell(why, "the file would be too large");
}

/* old is at this place, the first one. */
static bool replace_exactly(
	struct buf *text, const struct replacement *r, size_t at, struct arena *a, struct buf *why)
{
	struct str whole = buf_str(text), new = fit_ends(whole, at, r, a);

	if (str_eq(new, r->old))
		return tell(why, "old_string and new_string are the same");
	if (r->is_everywhere)
		return replace_everywhere(text, r->old, new, why);
	/* One byte on, so that an overlapping place counts, too. */
	if (str_find(whole, r->old, at + 1) == SIZE_MAX)
		return replace_at(text, (struct part){at, r->old.n}, new, why);
	tell_ambiguous(why, whole, r->old);
	return false;
}

static bool replace_loosely(struct buf *text, const struct replacement *r, struct arena *a,
	enum replaced_how *how, struct buf *why)
{
	struct str whole = buf_str(text), new = r->new;
	struct part part;
	size_t count = find_in_plain(whole, r->old, &part);

	*how = REPLACED_IN_PLAIN;
	if (count == 0) {
		count = find_by_lines(whole, r->old, r->new, a, &part, &new);
		*how = REPLACED_BY_LINES;
	}
	if (count == 1 && new.p) {
		struct replacement fitted = {.old = STR(""), .new = new};
		return replace_at(text, part, fit_ends(whole, part.at, &fitted, a), why);
	}
	tell_missing(why, whole, r->old, a);
	if (count > 1)
		buf_put_text(why, "with white space ignored it is there more than once\n");
	return false;
}

/* Without the mark at the beginning, which models do not see. */
static bool replace_body(struct buf *text, const struct replacement *r, struct arena *a,
	enum replaced_how *how, struct buf *why)
{
	struct str whole = buf_str(text);
	struct replacement other = *r;
	size_t at = str_find(whole, r->old, 0);

	*how = REPLACED_EXACTLY;
	if (at != SIZE_MAX)
		return replace_exactly(text, r, at, a, why);
	if (str_find(whole, STR("\r\n"), 0) != SIZE_MAX)
		other = (struct replacement){
			with_crlf(r->old, a), with_crlf(r->new, a), r->is_everywhere};
	else
		other = (struct replacement){
			with_lf(r->old, a), with_lf(r->new, a), r->is_everywhere};
	at = str_eq(other.old, r->old) ? SIZE_MAX : str_find(whole, other.old, 0);
	if (at != SIZE_MAX)
		return replace_exactly(text, &other, at, a, why);
	if (!r->is_everywhere)
		return replace_loosely(text, r, a, how, why);
	tell_missing(why, whole, r->old, a);
	return false;
}

bool replace_in(struct buf *text, const struct replacement *r, struct arena *a,
	enum replaced_how *how, struct buf *why)
{
	bool has_mark = str_starts(buf_str(text), BYTE_ORDER_MARK);
	struct replacement plain = *r;

	*how = REPLACED_EXACTLY;
	if (plain_is_binary(buf_str(text)))
		return tell(why, "a binary file, it cannot be edited");
	if (str_starts(r->old, BYTE_ORDER_MARK))
		plain.old = str_skip(r->old, BYTE_ORDER_MARK.n);
	if (has_mark && str_starts(r->new, BYTE_ORDER_MARK))
		plain.new = str_skip(r->new, BYTE_ORDER_MARK.n);
	if (plain.old.n == 0) {
		if (text->n > (has_mark ? BYTE_ORDER_MARK.n : 0))
			return tell(why, "old_string is empty, but the file is not; to replace "
					 "all of it use write");
		return replace_at(text, (struct part){text->n, 0}, plain.new, why);
	}
	if (str_eq(plain.old, plain.new))
		return tell(why, "old_string and new_string are the same");
	if (!has_mark)
		return replace_body(text, &plain, a, how, why);
	struct buf body = {.max = text->max};
	buf_put_str(&body, str_skip(buf_str(text), BYTE_ORDER_MARK.n));
	bool done = replace_body(&body, &plain, a, how, why);
	if (done)
		done = buf_splice(text, BYTE_ORDER_MARK.n, text->n - BYTE_ORDER_MARK.n,
			       buf_str(&body)) ||
		       tell(why, "the file would be too large");
	buf_release(&body);
	return done;
}
