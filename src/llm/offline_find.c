// SPDX-License-Identifier: MIT
/* Text: where something is mentioned, and the TODO comments. */
#include "base/utf8.h"
#include "llm/offline.h"

enum { GREP_LIMIT = 1000, TEXT_COLUMNS = 160 };

void put_place(struct buf *out, const struct match *m)
{
	struct str text = str_trim(m->text);

	buf_printf(out, "- %.*s:%lld: %.*s%s\n", STR_ARG(m->path), (long long)m->line,
		STR_ARG(utf8_head(text, TEXT_COLUMNS)), text.n > TEXT_COLUMNS ? " ..." : "");
}

void put_places(struct buf *out, const struct match *m, size_t count, int64_t total)
{
	size_t shown = 0;

	for (; shown < count && shown < ITEMS_SHOWN; shown++)
		put_place(out, &m[shown]);
	put_more(out, total - (int64_t)shown);
}

static size_t file_count(const struct match *m, size_t count)
{
	size_t files = 0;

	for (size_t i = 0; i < count; i++)
		files += i == 0 || !str_eq(m[i].path, m[i - 1].path);
	return files;
}

/* "parcel status" as the words with anything small between them: parcel_status, parcelStatus. */
static struct str loose_pattern(struct desk *d, struct str text)
{
	AUTO(buf) b = {0};

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == ' ' || c == '-' || c == '_')
			buf_put_text(&b, "[\\s_-]*");
		else if (strchr("\\^$.|?*+()[]{}", c))
			buf_printf(&b, "\\%c", c);
		else
			buf_put_char(&b, c);
	}
	return arena_copy(d->a, buf_str(&b));
}

struct search {
	struct matches found;
	const struct finding *result;
	const char *how; /* "", " in any case", ... */
};

static bool grep_into(struct desk *d, const struct grep_ask *ask, const char *how, struct search *s)
{
	s->result = desk_grep(d, ask);
	if (!s->result)
		return false;
	s->found = desk_matches(d, s->result);
	s->how = how;
	return true;
}

/* As typed first; then in any case; then with the words joined as identifiers join them. */
static bool search_text(struct desk *d, struct str text, const struct request *r,
	const struct target *t, struct search *s)
{
	struct grep_ask ask = {.pattern = text,
		.path = t->path,
		.glob = t->glob,
		.literal = true,
		.limit = GREP_LIMIT};
	bool is_loose = r->is_phrase && !r->is_quoted;

	ask.ignore_case = is_loose;
	if (!grep_into(d, &ask, is_loose ? " (in any case)" : "", s))
		return false;
	if (s->found.n || s->result->is_error)
		return true;
	bool has_gap =
		str_find_char(text, ' ', 0) != SIZE_MAX || str_find_char(text, '_', 0) != SIZE_MAX;
	if (is_loose && !has_gap)
		return true;
	ask.ignore_case = true;
	ask.literal = !has_gap;
	ask.word = !has_gap && text.n < 5;
	ask.pattern = has_gap ? loose_pattern(d, text) : text;
	return grep_into(d, &ask, has_gap ? " (in any case and spelling)" : " (in any case)", s);
}

static int64_t occurrences(const struct matches *m, struct str text)
{
	int64_t count = 0;

	for (size_t i = 0; i < m->n; i++) {
		int64_t here = 0;
		for (size_t at = 0; (at = str_find(m->p[i].text, text, at)) != SIZE_MAX;
			at += text.n)
			here++;
		count += here ? here : 1;
	}
	return count;
}

/* Many matches: a line a file, with the first place as evidence. */
static void put_by_file(struct buf *out, const struct matches *m)
{
	size_t shown = 0, files = 0;

	for (size_t i = 0; i < m->n;) {
		size_t end = i + 1;
		while (end < m->n && str_eq(m->p[end].path, m->p[i].path))
			end++;
		if (shown < ITEMS_SHOWN) {
			buf_printf(out, "- %.*s (%zu line%s), first %.*s:%lld: %.*s\n",
				STR_ARG(m->p[i].path), end - i, plural((int64_t)(end - i)),
				STR_ARG(m->p[i].path), (long long)m->p[i].line,
				STR_ARG(utf8_head(str_trim(m->p[i].text), TEXT_COLUMNS)));
			shown++;
		}
		files++;
		i = end;
	}
	put_more(out, (int64_t)(files - shown));
}

/* "which .c files do not mention x": all files less those that do. */
static void put_without(struct desk *d, const struct target *t, const struct match *m, size_t count,
	struct str text, struct buf *out)
{
	const struct finding *f = desk_glob(d, t->glob.n ? t->glob : STR("*"), t->path);
	size_t shown = 0, left = 0;

	if (!f)
		return;
	struct entries all = desk_paths(d, f);
	for (size_t i = 0; i < all.n; i++) {
		bool has = false;
		for (size_t k = 0; k < count && !has; k++)
			has = str_eq(m[k].path, all.p[i].path);
		left += !has;
	}
	buf_printf(out, "%zu of %zu %.*ss%.*s do not have `%.*s`%s\n", left, all.n,
		STR_ARG(t->kind), STR_ARG(t->words), STR_ARG(text), left ? ":" : ".");
	for (size_t i = 0; i < all.n && shown < ITEMS_SHOWN; i++) {
		bool has = false;
		for (size_t k = 0; k < count && !has; k++)
			has = str_eq(m[k].path, all.p[i].path);
		if (!has) {
			buf_printf(out, "- %.*s\n", STR_ARG(all.p[i].path));
			shown++;
		}
	}
	put_more(out, (int64_t)(left - shown));
	if (all.is_cut)
		buf_printf(out, "Only the newest %zu of %lld files were compared.\n", all.n,
			(long long)all.files);
}

static void put_search(struct desk *d, const struct request *r, const struct target *t,
	struct str text, const struct search *s, struct buf *out)
{
	const struct matches *m = &s->found;
	int64_t files = m->files ? m->files : (int64_t)file_count(m->p, m->n);

	if (s->result->is_error) {
		put_error(out, s->result);
		return;
	}
	if (r->is_negated) {
		put_without(d, t, m->p, m->n, text, out);
		return;
	}
	if (m->n == 0) {
		buf_printf(out, "`%.*s` is not mentioned%.*s: %.*s\n", STR_ARG(text),
			t->words.n ? (int)t->words.n : 9, t->words.n ? t->words.p : " anywhere",
			STR_ARG(str_trim(s->result->text)));
		return;
	}
	int64_t times = occurrences(m, text);
	buf_printf(out, "`%.*s` is in %lld line%s of %lld file%s%.*s%s", STR_ARG(text),
		(long long)m->total, plural(m->total), (long long)files, plural(files),
		STR_ARG(t->words), s->how);
	if (times > m->total && !m->is_cut)
		buf_printf(out, ", %lld times", (long long)times);
	buf_put_text(out, ":\n");
	if (m->n > ITEMS_SHOWN && file_count(m->p, m->n) > 1)
		put_by_file(out, m);
	else
		put_places(out, m->p, m->n, m->total);
	if (m->is_cut)
		buf_printf(out, "Only the first %zu lines were looked at.\n", m->n);
}

void answer_find(struct desk *d, const struct request *r, struct buf *out)
{
	const struct subjects *texts = r->names.n ? &r->names : r->topics.n ? &r->topics : &r->weak;
	struct target t;

	if (!desk_target(d, r, &t))
		return;
	if (t.problem.n)
		buf_printf(out, "%.*s\n", STR_ARG(t.problem));
	for (size_t i = 0; i < texts->n && i < 4; i++) {
		struct search s;
		if (!search_text(d, texts->p[i], r, &t, &s))
			continue;
		/* Loosely named and not there to the letter: its words may be. */
		if (!s.found.n && !s.result->is_error && !r->is_quoted &&
			(r->is_phrase || !r->names.n))
			answer_topic(d, r, out);
		else
			put_search(d, r, &t, texts->p[i], &s, out);
	}
}

/* ---- TODO and the like ---- */

static const char *const marks[] = {"TODO", "FIXME", "XXX", "HACK"};

/*
 * Where the mark stands in the comment. In small letters it counts only as the first word or before
 * a colon: "the todo list" is prose.
 */
static bool is_mark(const struct match *m, const char *mark)
{
	size_t comment = symbol_comment(m->path, m->text);
	struct str text = comment == SIZE_MAX ? str_trim(m->text) : str_skip(m->text, comment);
	struct str word = str_from(mark);
	bool begins = true;

	if (comment == SIZE_MAX && (!symbol_is_code(m->path) || text.n < word.n ||
					   !str_eq_nocase(str_head(text, word.n), word)))
		return false;
	for (size_t i = 0; i + word.n <= text.n; i++) {
		char c = text.p[i], next = i + word.n < text.n ? text.p[i + word.n] : ' ';
		bool is_letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		if (str_eq_nocase(str_head(str_skip(text, i), word.n), word) &&
			!((next | 32) >= 'a' && (next | 32) <= 'z') && next != '_' &&
			(begins || str_eq(str_head(str_skip(text, i), word.n), word) ||
				next == ':') &&
			(i == 0 || text.p[i - 1] != '_'))
			return true;
		begins &= !is_letter;
		while (is_letter && i + 1 < text.n && ((text.p[i + 1] | 32) >= 'a') &&
			((text.p[i + 1] | 32) <= 'z'))
			i++;
	}
	return false;
}

static bool wants_mark(const struct request *r, size_t mark)
{
	static const char *const forms[][3] = {{"todo", "todos", "to-do"},
		{"fixme", "fixmes", "fixmes"}, {"xxx", "xxxs", "xxx"}, {"hack", "hacks", "hacks"}};

	for (int i = 0; i < 3; i++)
		if (request_says(r, forms[mark][i]))
			return true;
	return false;
}

void answer_marks(struct desk *d, const struct request *r, struct buf *out)
{
	struct grep_ask ask = {.pattern = STR("\\b(TODO|FIXME|XXX|HACK)\\b"),
		.ignore_case = true,
		.limit = GREP_LIMIT};
	struct target t;

	if (!desk_target(d, r, &t))
		return;
	ask.path = t.path;
	ask.glob = t.glob;
	const struct finding *f = desk_grep(d, &ask);
	if (!is_usable(f, out))
		return;
	if (t.problem.n)
		buf_printf(out, "%.*s\n", STR_ARG(t.problem));
	struct matches m = desk_matches(d, f);
	struct match *of = arena_alloc(d->a, m.n + 1, sizeof *of);
	size_t others[4] = {0};
	bool wants_any =
		wants_mark(r, 0) || wants_mark(r, 1) || wants_mark(r, 2) || wants_mark(r, 3);
	for (size_t k = 0; k < 4; k++) {
		size_t count = 0;
		for (size_t i = 0; i < m.n; i++)
			if (is_mark(&m.p[i], marks[k]))
				of[count++] = m.p[i];
		others[k] = count;
		if (wants_any ? !wants_mark(r, k) : k > 1)
			continue;
		others[k] = 0;
		if (count)
			buf_printf(out, "%zu %s comment%s%.*s:\n", count, marks[k],
				plural((int64_t)count), STR_ARG(t.words));
		else
			buf_printf(out, "There are no %s comments%.*s (0).\n", marks[k],
				STR_ARG(t.words));
		put_places(out, of, count, (int64_t)count);
	}
	for (size_t k = 0; k < 4; k++)
		if (others[k])
			buf_printf(out, "There %s also %zu %s comment%s.\n",
				others[k] == 1 ? "is" : "are", others[k], marks[k],
				plural((int64_t)others[k]));
	if (m.is_cut)
		buf_printf(out, "Only the first %zu lines with such words were looked at.\n", m.n);
}
