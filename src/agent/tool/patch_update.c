// SPDX-License-Identifier: MIT
/* Finding the places of a patch's hunks, and changing the lines there. */
#include <string.h>

#include "agent/tool/likeness.h"
#include "agent/tool/patch.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

struct update {
	struct lines lines; /* without their ends */
	struct str text; /* all of them */
	size_t done; /* lines that are in out, or gone */
	struct buf *out;
	size_t given; /* where the last line end that we put into out begins */
	struct arena *arena;
};

static bool is_at(
	const struct lines *lines, size_t at, const struct lines *sought, enum likeness likeness)
{
	for (size_t i = 0; i < sought->count; i++)
		if (!lines_alike(lines->items[at + i], sought->items[i], likeness))
			return false;
	return true;
}

/* The first place at or behind from; SIZE_MAX: none. */
static size_t seek(const struct lines *lines, size_t from, const struct lines *sought)
{
	for (int likeness = LIKE_EXACTLY; likeness <= LIKE_IN_PLAIN; likeness++)
		for (size_t at = from; at + sought->count <= lines->count; at++)
			if (is_at(lines, at, sought, (enum likeness)likeness))
				return at;
	return SIZE_MAX;
}

/* What a hunk expects to be there. */
static struct lines old_lines(const struct patch_hunk *hunk, struct arena *a)
{
	struct lines old = {arena_alloc(a, hunk->lines.n + 1, sizeof *old.items), 0};

	vec_each (&hunk->lines, line)
		if (line->mark != '+')
			old.items[old.count++] = line->text;
	return old;
}

/* As the line near has it; the last one may have none, and the first tells then. */
static void put_line_end(struct update *u, size_t near)
{
	const char *end = u->text.p + u->text.n;
	const struct str *line = near < u->lines.count ? &u->lines.items[near] : NULL;

	if (line && !memchr(line->p, '\n', (size_t)(end - line->p)))
		line = &u->lines.items[0];
	bool is_crlf = line && line->p + line->n + 1 < end && line->p[line->n] == '\r';

	u->given = u->out->n;
	buf_put_text(u->out, is_crlf ? "\r\n" : "\n");
}

/* No line end at the end is kept, too; a carriage return there may be the last line's own. */
static void drop_last_end(struct update *u)
{
	struct buf *out = u->out;

	if (out->n == 0 || out->p[out->n - 1] != '\n')
		return;
	size_t end = out->n - 1 - (out->n > 1 && out->p[out->n - 2] == '\r');
	buf_cut(out, u->given > end ? u->given : end);
}

/* Lines up to this one stay, with whatever ends they have. */
static void keep_to(struct update *u, size_t line)
{
	size_t end = u->text.n;

	if (line == u->done)
		return;
	if (line < u->lines.count)
		end = (size_t)(u->lines.items[line].p - u->text.p);
	const char *from = u->lines.items[u->done].p;
	buf_put_str(u->out, str_range(from, u->text.p + end));
	u->done = line;
	if (u->out->n && u->out->p[u->out->n - 1] != '\n')
		put_line_end(u, 0);
}

static void change_at(struct update *u, const struct patch_hunk *hunk, size_t at)
{
	keep_to(u, at);
	vec_each (&hunk->lines, line) {
		if (line->mark == ' ') {
			keep_to(u, u->done + 1);
		} else if (line->mark == '-') {
			u->done++;
		} else {
			buf_put_str(u->out, line->text);
			put_line_end(u, u->done < u->lines.count ? u->done : 0);
		}
	}
}

static void tell_missing(
	struct update *u, const struct lines *sought, const char *what, struct buf *why)
{
	AUTO(buf) pattern = {0};
	AUTO(buf) nearest = {0};

	buf_printf(why, "%s not there%s:\n", what, u->done ? ", behind the change before it" : "");
	for (size_t i = 0; i < sought->count && i < 8; i++) {
		buf_printf(&pattern, "%.*s\n", STR_ARG(sought->items[i]));
		buf_printf(why, "%.*s\n", STR_ARG(str_head(sought->items[i], 200)));
	}
	if (put_nearest(&nearest, u->text, buf_str(&pattern), u->arena))
		buf_printf(why, "the nearest lines are\n%s", buf_text(&nearest));
}

/* Goes behind the lines above; the line of each one is looked for behind the one before. */
static bool seek_above(
	struct update *u, const struct patch_hunk *hunk, size_t *from, struct buf *why)
{
	vec_each (&hunk->above, above) {
		struct lines one = {above, 1};
		size_t at = seek(&u->lines, *from, &one);
		if (at == SIZE_MAX) {
			tell_missing(u, &one, "the line of @@ is", why);
			return false;
		}
		*from = at + 1;
	}
	return true;
}

static bool update_hunk(struct update *u, const struct patch_hunk *hunk, struct buf *why)
{
	struct lines old = old_lines(hunk, u->arena);
	size_t from = u->done;

	if (!seek_above(u, hunk, &from, why))
		return false;
	if (old.count == 0) {
		change_at(u, hunk, hunk->above.n && !hunk->is_at_end ? from : u->lines.count);
		return true;
	}
	size_t left = u->lines.count - from;
	size_t at = seek(&u->lines,
		hunk->is_at_end && left > old.count ? u->lines.count - old.count : from, &old);
	if (at == SIZE_MAX) {
		tell_missing(u, &old,
			hunk->is_at_end ? "at the end of the file these lines are"
					: "these lines are",
			why);
		return false;
	}
	change_at(u, hunk, at);
	return true;
}

/* An empty line at the end of a hunk may be no line of the file, but the end of the patch's. */
static void drop_last_empty(struct patch_hunk *hunk)
{
	const struct patch_line *last = &hunk->lines.p[hunk->lines.n - 1];

	if (hunk->lines.n > 1 && last->mark == ' ' && last->text.n == 0)
		hunk->lines.n--;
}

static bool update_hunks(struct update *u, const struct patch_file *file, struct buf *why)
{
	vec_each (&file->hunks, hunk) {
		struct patch_hunk shorter = *hunk;
		AUTO(buf) reason = {0};
		if (update_hunk(u, hunk, &reason))
			continue;
		if (shorter.lines.n)
			drop_last_empty(&shorter);
		AUTO(buf) ignored = {0};
		if (shorter.lines.n < hunk->lines.n && update_hunk(u, &shorter, &ignored))
			continue;
		buf_put_str(why, buf_str(&reason));
		return false;
	}
	return true;
}

bool patch_update(struct buf *text, const struct patch_file *file, struct arena *a, struct buf *why)
{
	struct str whole = buf_str(text), mark = STR("");
	struct buf out = {.max = text->max};

	if (str_starts(whole, BYTE_ORDER_MARK))
		mark = BYTE_ORDER_MARK;
	struct str body = str_skip(whole, mark.n);
	struct update u = {.lines = lines_of(body, a), .text = body, .out = &out, .arena = a};
	buf_put_str(&out, mark);
	if (!update_hunks(&u, file, why)) {
		buf_release(&out);
		return false;
	}
	keep_to(&u, u.lines.count);
	if (body.n && body.p[body.n - 1] != '\n')
		drop_last_end(&u);
	bool fits = !out.overflow;
	if (fits)
		buf_release(text);
	else
		buf_put_text(why, "the file would be too large");
	if (fits)
		*text = out;
	else
		buf_release(&out);
	return fits;
}
