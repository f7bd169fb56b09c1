// SPDX-License-Identifier: MIT
/* Symbols: where something is defined and used, and what it looks like. */
#include "base/utf8.h"
#include "llm/offline.h"

enum {
	GREP_LIMIT = 1000,
	TEXT_COLUMNS = 160,
	BODY_LINES = 160,
	BODIES_MAX = 3,
	VIEWED_MAX = 8,
	ASIDES_MAX = 8
};

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

static size_t add_places(struct survey *s, const struct matches *m)
{
	size_t known = s->n;

	for (size_t i = 0; i < m->n; i++) {
		bool is_known = false;
		for (size_t k = 0; k < known && !is_known; k++)
			is_known = s->p[k].match.line == m->p[i].line &&
				   str_eq(s->p[k].match.path, m->p[i].path);
		if (is_known)
			continue;
		s->p[s->n].match = m->p[i];
		classify(&s->p[s->n++], s->name);
	}
	return s->n - known;
}

/*
 * A name in more lines than are read: those that may define it are asked for by themselves. What
 * is found beyond the first lines counts as definition only.
 */
static bool survey_definitions(struct desk *d, const struct grep_ask *all, struct survey *s)
{
	struct grep_ask ask = *all;

	ask.literal = ask.word = false;
	ask.pattern = arena_printf(d->a,
		"^(?:\\w[^;]*|\\s*#\\s*define\\s+|\\s+(?:async\\s+)?(?:def|class|fn|func|function|"
		"struct|enum|union|interface|type)\\s+)\\b\\Q%.*s\\E\\b(?!\\s*[.,)])",
		STR_ARG(s->name));
	const struct finding *f = desk_grep(d, &ask);
	if (!f)
		return false;
	struct matches m = desk_matches(d, f);
	struct place *more = arena_alloc(d->a, s->n + m.n + 1, sizeof *more);
	for (size_t i = 0; i < s->n; i++)
		more[i] = s->p[i];
	s->p = more;
	size_t first = s->n;
	add_places(s, &m);
	size_t kept = first;
	for (size_t i = first; i < s->n; i++)
		if (s->p[i].kind <= PLACE_DECLARATION)
			s->p[kept++] = s->p[i];
	s->n = kept;
	return true;
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
	if (s->found.is_cut && !survey_definitions(d, &ask, s))
		return false;
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
		if (request_says(r, nouns[i]))
			return nouns[i];
	return request_says(r, "structure") ? "struct" : NULL;
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

static bool has_code_definition(const struct survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->p[i].kind <= PLACE_DECLARATION && symbol_is_code(s->p[i].match.path))
			return true;
	return false;
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
		/* A plain word that only a data file has as a key was hardly meant as a symbol. */
		if ((r->names.n || has_code_definition(&s)) && put_symbol(d, &s, r, out))
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

/* In one line: where else it is. */
static void put_aside(struct desk *d, const struct survey *s, const struct request *r,
	unsigned kinds, const char *lead, struct buf *out)
{
	struct place **p;
	size_t count = collect(d, s, r, kinds, &p);

	for (size_t i = 0; i < count && i < ASIDES_MAX; i++)
		buf_printf(out, "%s %.*s:%lld", i ? "," : lead, STR_ARG(p[i]->match.path),
			(long long)p[i]->match.line);
	if (count > ASIDES_MAX)
		buf_printf(out, " and %zu more", count - ASIDES_MAX);
	buf_put_text(out, count ? ".\n" : "");
}

static void used_in(struct desk *d, const struct request *r, const struct survey *s,
	const struct target *t, struct buf *out)
{
	bool is_calls = request_has(r, W_CALL) && !request_has(r, W_USE);
	unsigned kinds = is_calls ? 1u << PLACE_CALL
				  : 1u << PLACE_CALL | 1u << PLACE_IMPORT | 1u << PLACE_USE;
	const char *noun = is_calls ? "call" : "use";
	struct place **p;
	size_t count = collect(d, s, r, kinds, &p);

	if (r->is_tested && !s->n && s->found.n) {
		buf_printf(out, "No test uses `%.*s`.\n", STR_ARG(s->name));
		return;
	}
	if (s->result->is_error || s->n == 0) {
		put_not_defined(d, s, t, out);
		return;
	}
	if (request_says(r, "raised") || request_says(r, "raises") || request_says(r, "raise") ||
		request_says(r, "thrown") || request_says(r, "throw") || request_says(r, "throws"))
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
	buf_printf(out, "%s%zu %s%s of `%.*s` in %zu file%s%.*s:\n",
		s->found.is_cut ? "At least " : "", count, noun, plural((int64_t)count),
		STR_ARG(s->name), files, plural((int64_t)files), STR_ARG(t->words));
	if (!put_uses(d, p, count, out))
		return;
	put_aside(d, s, r, 1u << PLACE_DEFINITION, "It is defined at", out);
	put_aside(d, s, r, 1u << PLACE_TEXT, "Comments, documents and data mention it at", out);
	if (s->found.is_cut)
		buf_printf(out, "Only the first %zu of %lld lines were looked at.\n", s->found.n,
			(long long)s->found.total);
}

static void keep_tests(struct survey *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (path_is_test(s->p[i].match.path))
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
