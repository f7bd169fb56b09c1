// SPDX-License-Identifier: MIT
/* Text and symbols: where something is mentioned, defined, used, and what it looks like. */
#include "base/utf8.h"
#include "llm/offline.h"

enum { GREP_LIMIT = 1000, TEXT_COLUMNS = 160, BODY_LINES = 160, BODIES_MAX = 3, VIEWED_MAX = 8 };

void put_place(struct buf *out, const struct match *m)
{
	struct str text = str_trim(m->text);

	buf_printf(out, "- %.*s:%lld: %.*s%s\n", STR_ARG(m->path), (long long)m->line,
		STR_ARG(utf8_head(text, TEXT_COLUMNS)), text.n > TEXT_COLUMNS ? " ..." : "");
}

static void put_places(struct buf *out, const struct match *m, size_t count, int64_t total)
{
	size_t shown = 0;

	for (; shown < count && shown < ITEMS_SHOWN; shown++)
		put_place(out, &m[shown]);
	put_more(out, total - (int64_t)shown);
}

static bool says(const struct request *r, const char *word)
{
	for (size_t i = 0; i < r->words.n; i++)
		if (r->words.p[i].kind == WORD_PLAIN && !r->words.p[i].is_object &&
			str_is(r->words.p[i].low, word))
			return true;
	return false;
}

static size_t file_count(const struct match *m, size_t count)
{
	size_t files = 0;

	for (size_t i = 0; i < count; i++)
		files += i == 0 || !str_eq(m[i].path, m[i - 1].path);
	return files;
}

/* ---- text ---- */

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
		if (says(r, forms[mark][i]))
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
	if (!f)
		return;
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	if (t.problem.n)
		buf_printf(out, "%.*s\n", STR_ARG(t.problem));
	struct matches m = desk_matches(d, f);
	struct match *of = arena_alloc(d->a, m.n + 1, sizeof *of);
	size_t others[4] = {0};
	for (size_t k = 0; k < 4; k++) {
		size_t count = 0;
		for (size_t i = 0; i < m.n; i++)
			if (is_mark(&m.p[i], marks[k]))
				of[count++] = m.p[i];
		others[k] = count;
		if (!wants_mark(r, k))
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

/* ---- symbols ---- */

struct place {
	struct match match;
	struct definition definition;
	enum {
		PLACE_DEFINITION,
		PLACE_DECLARATION,
		PLACE_CALL,
		PLACE_IMPORT,
		PLACE_USE,
		PLACE_TEXT, /* comments, documents, data */
	} kind;
};

struct survey {
	struct place *p;
	size_t n;
	struct matches found;
	const struct finding *result;
	struct str name;
};

static struct str last_part(struct str name)
{
	for (size_t i = name.n; i-- > 0;)
		if (name.p[i] == '.' || name.p[i] == ':' || name.p[i] == '>')
			return i + 1 < name.n ? str_skip(name, i + 1) : name;
	return name;
}

static void classify(struct place *p, struct str name)
{
	const struct match *m = &p->match;
	size_t comment = symbol_comment(m->path, m->text), at = symbol_find(m->text, name, 0);

	if (symbol_defines(m->path, m->text, name, &p->definition)) {
		p->kind = p->definition.is_declaration ? PLACE_DECLARATION : PLACE_DEFINITION;
	} else if (at == SIZE_MAX || comment <= at || !symbol_is_code(m->path)) {
		p->kind = PLACE_TEXT;
	} else if (symbol_is_import(m->path, m->text)) {
		p->kind = PLACE_IMPORT;
	} else {
		struct str rest = str_skip(m->text, at + name.n);
		while (rest.n && rest.p[0] == ' ')
			rest = str_skip(rest, 1);
		p->kind = rest.n && rest.p[0] == '(' ? PLACE_CALL : PLACE_USE;
	}
}

/* Two shapes of a definition in one C file, the first without body: that one is a prototype. */
static void demote_prototypes(struct survey *s)
{
	for (size_t i = 0; i + 1 < s->n; i++) {
		struct place *p = &s->p[i];
		if (p->kind != PLACE_DEFINITION || strcmp(p->definition.noun, "function") != 0 ||
			!str_ends(str_trim(p->match.text), STR(",")))
			continue;
		for (size_t k = i + 1; k < s->n; k++)
			if (s->p[k].kind == PLACE_DEFINITION &&
				str_eq(s->p[k].match.path, p->match.path) &&
				str_ends(p->match.path, STR(".c")))
				p->kind = PLACE_DECLARATION;
	}
}

/* False: not known yet. */
static bool survey(struct desk *d, struct str name, const struct target *t, struct survey *s)
{
	struct grep_ask ask = {.pattern = last_part(name),
		.path = t->path,
		.glob = t->glob,
		.word = true,
		.literal = true,
		.limit = GREP_LIMIT};

	*s = (struct survey){.name = ask.pattern, .result = desk_grep(d, &ask)};
	if (!s->result)
		return false;
	s->found = desk_matches(d, s->result);
	s->p = arena_alloc(d->a, s->found.n + 1, sizeof *s->p);
	for (size_t i = 0; i < s->found.n; i++) {
		s->p[i].match = s->found.p[i];
		classify(&s->p[i], s->name);
	}
	s->n = s->found.n;
	demote_prototypes(s);
	return true;
}

static bool is_data_definition(const struct place *p)
{
	return p->kind == PLACE_DEFINITION && !symbol_is_code(p->match.path);
}

static const char *wanted_aggregate(const struct request *r)
{
	static const char *const nouns[] = {"struct", "class", "enum", "union", "macro", "function",
		"interface", "typedef", "constant", "type", NULL};

	for (int i = 0; nouns[i]; i++)
		if (says(r, nouns[i]))
			return nouns[i];
	return says(r, "structure") ? "struct" : NULL;
}

/* "struct parcel" means the struct, where there is one; "the class x" in C means nothing. */
static bool is_wanted(const struct survey *s, const struct request *r, const struct place *p)
{
	const char *noun = wanted_aggregate(r);
	bool exists = false;

	if (!noun)
		return true;
	for (size_t i = 0; i < s->n; i++)
		exists |= s->p[i].kind == PLACE_DEFINITION &&
			  strcmp(s->p[i].definition.noun, noun) == 0;
	return !exists || strcmp(p->definition.noun, noun) == 0;
}

static size_t collect(struct desk *d, const struct survey *s, const struct request *r,
	unsigned kinds, struct place ***out)
{
	size_t count = 0, code = 0;

	*out = arena_alloc(d->a, s->n + 1, sizeof **out);
	for (size_t i = 0; i < s->n; i++)
		code += s->p[i].kind == PLACE_DEFINITION && !is_data_definition(&s->p[i]);
	for (size_t i = 0; i < s->n; i++) {
		struct place *p = &s->p[i];
		bool is_defining = p->kind == PLACE_DEFINITION || p->kind == PLACE_DECLARATION;
		if (!(kinds & (1u << p->kind)) || (is_defining && !is_wanted(s, r, p)) ||
			(code && is_data_definition(p)))
			continue;
		(*out)[count++] = p;
	}
	return count;
}

static void put_definitions(struct buf *out, struct place **p, size_t count)
{
	for (size_t i = 0; i < count && i < ITEMS_SHOWN; i++)
		buf_printf(out, "- %.*s:%lld (%s): %.*s\n", STR_ARG(p[i]->match.path),
			(long long)p[i]->match.line, p[i]->definition.noun,
			STR_ARG(utf8_head(str_trim(p[i]->match.text), TEXT_COLUMNS)));
	put_more(out, (int64_t)count - ITEMS_SHOWN);
}

/* Says where the name is defined and declared; false when it is neither. */
static bool put_symbol(
	struct desk *d, const struct survey *s, const struct request *r, struct buf *out)
{
	struct place **defined, **declared;
	size_t definitions = collect(d, s, r, 1u << PLACE_DEFINITION, &defined);
	size_t declarations = collect(d, s, r, 1u << PLACE_DECLARATION, &declared);

	if (definitions == 1)
		buf_printf(out, "`%.*s` is defined at %.*s:%lld:\n", STR_ARG(s->name),
			STR_ARG(defined[0]->match.path), (long long)defined[0]->match.line);
	else if (definitions)
		buf_printf(
			out, "`%.*s` is defined in %zu places:\n", STR_ARG(s->name), definitions);
	put_definitions(out, defined, definitions);
	if (declarations)
		buf_printf(out, "%s `%.*s` is declared at:\n",
			definitions ? "Also," : "No definition is here, but", STR_ARG(s->name));
	put_definitions(out, declared, declarations);
	return definitions + declarations > 0;
}

static void put_not_defined(
	struct desk *d, const struct survey *s, const struct target *t, struct buf *out)
{
	(void)d;
	if (s->result->is_error) {
		put_error(out, s->result);
	} else if (s->n == 0) {
		buf_printf(out, "There is no `%.*s`%.*s: %.*s\n", STR_ARG(s->name),
			t->words.n ? (int)t->words.n : 9, t->words.n ? t->words.p : " anywhere",
			STR_ARG(str_trim(s->result->text)));
	} else {
		buf_printf(out, "No definition of `%.*s` was recognised. It is in %lld line%s:\n",
			STR_ARG(s->name), (long long)s->found.total, plural(s->found.total));
		put_places(out, s->found.p, s->found.n > 10 ? 10 : s->found.n, s->found.total);
	}
}

/* An outside-of-the-scope name: the scope was too narrow rather than the name wrong. */
static bool survey_anywhere(struct desk *d, struct str name, struct target *t, struct survey *s)
{
	if (!survey(d, name, t, s))
		return false;
	if (s->n || s->result->is_error || (!t->path.n && !t->glob.n))
		return true;
	*t = (struct target){.kind = STR("file"), .words = STR("")};
	return survey(d, name, t, s);
}

void answer_defined(struct desk *d, const struct request *r, struct buf *out)
{
	const struct subjects *names = r->names.n ? &r->names : &r->topics;
	struct target scope;

	if (!desk_target(d, r, &scope))
		return;
	for (size_t i = 0; i < names->n && i < 4; i++) {
		struct target t = scope;
		struct survey s;
		if (!survey_anywhere(d, names->p[i], &t, &s))
			continue;
		if (put_symbol(d, &s, r, out))
			continue;
		if (!r->names.n)
			answer_topic(d, r, out);
		else
			put_not_defined(d, &s, &t, out);
	}
}

/* The function around a line: the nearest one above that is indented less. */
static bool enclosing(
	struct str path, struct str *lines, size_t at, struct definition *out, size_t *line)
{
	size_t indent = 0;

	if (at == 0)
		return false;
	while (indent < lines[at].n && (lines[at].p[indent] == ' ' || lines[at].p[indent] == '\t'))
		indent++;
	for (size_t i = at; i-- > 0;) {
		size_t here = 0;
		while (here < lines[i].n && (lines[i].p[here] == ' ' || lines[i].p[here] == '\t'))
			here++;
		if (here >= indent || !symbol_defined(path, lines[i], out) || out->is_declaration)
			continue;
		if (strcmp(out->noun, "function") != 0 && strcmp(out->noun, "method") != 0 &&
			strcmp(out->noun, "target") != 0)
			continue;
		*line = i + 1;
		return true;
	}
	return false;
}

/* False: files are still to be looked into. */
static bool put_uses(struct desk *d, struct place **p, size_t count, struct buf *out)
{
	bool is_known = true;
	size_t viewed = 0;

	for (size_t i = 0; i < count && i < ITEMS_SHOWN; i++) {
		struct match *m = &p[i]->match;
		struct definition around;
		struct str *lines, note;
		size_t line = 0, n = 0;
		viewed += i == 0 || !str_eq(m->path, p[i - 1]->match.path);
		if (viewed <= VIEWED_MAX && symbol_is_code(m->path) && d->rounds < ROUNDS_MAX + 1) {
			const struct finding *f = desk_view(d, m->path, 0, 2000);
			if (!f) {
				is_known = false;
				continue;
			}
			n = desk_lines(d, f, &lines, &note);
		}
		if (m->line > 0 && (size_t)m->line <= n &&
			enclosing(m->path, lines, (size_t)m->line - 1, &around, &line))
			buf_printf(out, "- %.*s:%lld in `%.*s` (line %zu): %.*s\n",
				STR_ARG(m->path), (long long)m->line, STR_ARG(around.name), line,
				STR_ARG(utf8_head(str_trim(m->text), TEXT_COLUMNS)));
		else
			put_place(out, m);
	}
	put_more(out, (int64_t)count - ITEMS_SHOWN);
	return is_known;
}

/* "where is x raised": among its uses those that say so, if any do. */
static size_t keep_raises(struct place **p, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct str text = p[i]->match.text;
		if (str_contains(text, STR("raise ")) || str_contains(text, STR("throw ")))
			p[kept++] = p[i];
	}
	return kept ? kept : count;
}

static void used_in(struct desk *d, const struct request *r, const struct survey *s,
	const struct target *t, struct buf *out)
{
	bool is_calls = request_has(r, W_CALL) && !request_has(r, W_USE);
	unsigned kinds = is_calls ? 1u << PLACE_CALL
				  : 1u << PLACE_CALL | 1u << PLACE_IMPORT | 1u << PLACE_USE;
	const char *noun = is_calls ? "call" : "use";
	struct place **p, **text;
	size_t count = collect(d, s, r, kinds, &p),
	       texts = collect(d, s, r, 1u << PLACE_TEXT, &text);

	if (r->is_tested && !s->n && s->found.n) {
		buf_printf(out, "No test uses `%.*s`.\n", STR_ARG(s->name));
		return;
	}
	if (s->result->is_error || s->n == 0) {
		put_not_defined(d, s, t, out);
		return;
	}
	if (says(r, "raised") || says(r, "raises") || says(r, "raise") || says(r, "thrown") ||
		says(r, "throw") || says(r, "throws"))
		count = keep_raises(p, count);
	size_t files = 0;
	for (size_t i = 0; i < count; i++)
		files += i == 0 || !str_eq(p[i]->match.path, p[i - 1]->match.path);
	if (count == 0) {
		struct place **other;
		size_t uses = collect(d, s, r, 1u << PLACE_USE, &other);
		buf_printf(out, "No %s of `%.*s` was found%.*s.\n", noun, STR_ARG(s->name),
			STR_ARG(t->words));
		if (is_calls && uses) {
			buf_put_text(out, "It is used without being called at:\n");
			put_uses(d, other, uses, out);
		} else {
			put_symbol(d, s, r, out);
		}
		return;
	}
	buf_printf(out, "%zu %s%s of `%.*s` in %zu file%s%.*s:\n", count, noun,
		plural((int64_t)count), STR_ARG(s->name), files, plural((int64_t)files),
		STR_ARG(t->words));
	if (!put_uses(d, p, count, out))
		return;
	if (texts)
		buf_printf(out, "Comments, documents and data mention it in %zu more line%s.\n",
			texts, plural((int64_t)texts));
	if (s->found.is_cut)
		buf_printf(out, "Only the first %zu of %lld lines were looked at.\n", s->n,
			(long long)s->found.total);
}

static bool is_test(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	struct str base = slash ? str_range(slash + 1, path.p + path.n) : path;

	return str_starts(path, STR("test")) || str_contains(path, STR("/test")) ||
		str_starts(base, STR("test")) || str_contains(base, STR("_test.")) ||
		str_contains(base, STR(".test.")) || str_contains(base, STR(".spec."));
}

static void keep_tests(struct survey *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (is_test(s->p[i].match.path))
			s->p[kept++] = s->p[i];
	s->n = kept;
}

void answer_used(struct desk *d, const struct request *r, struct buf *out)
{
	const struct subjects *names = r->names.n    ? &r->names
				       : r->topics.n ? &r->topics
						     : &r->paths;
	struct request scoped = *r;
	struct target t;

	if (names == &r->paths) {
		answer_imports(d, r, out);
		return;
	}
	if (!desk_target(d, &scoped, &t))
		return;
	for (size_t i = 0; i < names->n && i < 4; i++) {
		struct survey s;
		if (!survey(d, names->p[i], &t, &s))
			continue;
		if (r->is_tested)
			keep_tests(&s);
		used_in(d, r, &s, &t, out);
	}
}

static bool put_body(struct desk *d, const struct place *p, struct buf *out)
{
	const struct finding *f = desk_view(d, p->match.path, p->match.line, BODY_LINES);
	struct str *lines, note;

	if (!f)
		return false;
	if (f->is_error) {
		put_error(out, f);
		return true;
	}
	size_t count = desk_lines(d, f, &lines, &note);
	bool is_single = strcmp(p->definition.noun, "enumerator") == 0;
	size_t n = is_single && count ? 1 : symbol_extent(p->match.path, lines, count);
	if (n > 1)
		buf_printf(out, "%.*s:%lld-%lld (%s):\n", STR_ARG(p->match.path),
			(long long)p->match.line, (long long)p->match.line + (long long)n - 1,
			p->definition.noun);
	else
		buf_printf(out, "%.*s:%lld (%s):\n", STR_ARG(p->match.path),
			(long long)p->match.line, p->definition.noun);
	put_fence(out, lines, n);
	if (n == count && note.n)
		buf_put_text(out, "It goes on below that.\n");
	return true;
}

void answer_body(struct desk *d, const struct request *r, struct buf *out)
{
	const struct subjects *names = r->names.n ? &r->names : &r->topics;
	struct target scope;

	if (!desk_target(d, r, &scope))
		return;
	for (size_t i = 0; i < names->n && i < 3; i++) {
		struct target t = scope;
		struct survey s;
		struct place **p;
		if (!survey_anywhere(d, names->p[i], &t, &s))
			continue;
		size_t count = collect(d, &s, r, 1u << PLACE_DEFINITION, &p);
		if (count == 0)
			count = collect(d, &s, r, 1u << PLACE_DECLARATION, &p);
		if (count == 0 && !r->names.n && r->paths.n) {
			answer_show(d, r, out);
			continue;
		}
		if (count == 0) {
			put_not_defined(d, &s, &t, out);
			continue;
		}
		buf_printf(out, "`%.*s` is defined at %.*s:%lld", STR_ARG(s.name),
			STR_ARG(p[0]->match.path), (long long)p[0]->match.line);
		for (size_t k = 1; k < count; k++)
			buf_printf(out, "%s %.*s:%lld", k + 1 == count ? " and" : ",",
				STR_ARG(p[k]->match.path), (long long)p[k]->match.line);
		buf_put_text(out, ".\n");
		for (size_t k = 0; k < count && k < BODIES_MAX; k++)
			if (!put_body(d, p[k], out))
				continue;
	}
}

void put_facts(struct desk *d, const struct request *r, struct buf *out)
{
	struct target t = {.kind = STR("file")};

	for (size_t i = 0; i < r->names.n && i < 3; i++) {
		struct survey s;
		if (r->names.p[i].n > 60 || str_find_char(r->names.p[i], ' ', 0) != SIZE_MAX ||
			r->names.p[i].p[0] == '-' || !survey(d, r->names.p[i], &t, &s))
			continue;
		if (!s.result->is_error && s.n)
			put_symbol(d, &s, r, out);
	}
}
