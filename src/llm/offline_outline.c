// SPDX-License-Identifier: MIT
/* What a file or a tree defines by kind, and who includes whom. */
#include "base/utf8.h"
#include "llm/offline.h"

enum { GREP_LIMIT = 1000, OUTLINE_SHOWN = 60, COLUMNS = 140 };

struct noun {
	const char *word; /* as people say it, singular */
	const char *nouns; /* of struct definition */
	const char *pattern; /* lines that may define one, for a whole tree */
};

#define LEAD \
	"^\\s*(?:(?:export|default|public|private|protected|static|abstract|final|pub(?:\\([a-z]+\\))?|async|sealed|data|partial)\\s+)*"

static const struct noun nouns[] = {
	{"function", "function method",
		LEAD
		"(?:def|func|fun|fn|function|sub)\\b|^[A-Za-z_\\[][\\w\\s*:<>&,~\\[\\]]*\\([^;]*$|^\\w+\\s*\\(\\)|^\\s+\\w+\\(.*\\{$"},
	{"method", "function method",
		LEAD "(?:def|func|fun|fn|function|sub)\\b|^\\s+[\\w\\s*:<>&,~]*\\w+\\(.*\\{$"},
	{"class", "class", LEAD "class\\b"},
	{"struct", "struct", LEAD "(?:typedef\\s+)?(?:struct|type)\\b"},
	{"structure", "struct", LEAD "(?:typedef\\s+)?(?:struct|type)\\b"},
	{"enum", "enum", LEAD "(?:typedef\\s+)?(?:const\\s+)?enum\\b"},
	{"enumeration", "enum", LEAD "(?:typedef\\s+)?(?:const\\s+)?enum\\b"},
	{"union", "union", LEAD "(?:typedef\\s+)?union\\b"},
	{"interface", "interface", LEAD "interface\\b"},
	{"trait", "trait", LEAD "trait\\b"},
	{"typedef", "typedef", "^\\s*typedef\\b|^\\}\\s*\\w+;"},
	{"macro", "macro", "^\\s*#\\s*define\\b|^\\s*macro_rules!"},
	{"define", "macro", "^\\s*#\\s*define\\b"},
	{"constant", "constant macro enumerator variable",
		"^\\s*#\\s*define\\b|" LEAD "const\\b|^[A-Z][A-Z0-9_]+\\s*="},
	{"variable", "variable constant", "^[A-Za-z_][\\w\\s*]*(?:=|;|\\[)"},
	{"global", "variable constant", "^[A-Za-z_][\\w\\s*]*(?:=|;|\\[)"},
	{"target", "target", "^[\\w./%-]+\\s*:"},
	{"heading", "heading", "^#{1,6} "},
	{"type", "struct class enum union typedef interface type trait record",
		LEAD "(?:typedef|struct|enum|union|class|interface|type|trait|record)\\b"},
};

/* The nouns that the words ask for; NULL: all of them. */
static const struct noun *wanted(const struct request *r, struct arena *a)
{
	const struct noun *all_types = NULL;

	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		if (w->kind != WORD_PLAIN || w->is_object || w->is_used)
			continue;
		struct str stem = str_is(w->low, "class") ? w->low : offline_stem(w->low, a);
		if (str_is(stem, "func") || str_is(stem, "routine") || str_is(stem, "procedure") ||
			str_is(stem, "fn"))
			stem = STR("function");
		if (str_is(w->low, "define") || str_is(w->low, "defined"))
			continue;
		for (size_t k = 0; k < sizeof nouns / sizeof *nouns; k++)
			if (str_is(stem, nouns[k].word)) {
				if (strcmp(nouns[k].word, "type") != 0)
					return &nouns[k];
				all_types = &nouns[k];
			}
	}
	return all_types;
}

static bool is_among(const char *list, const char *noun)
{
	struct str rest = str_from(list), entry;

	while (str_split(&rest, ' ', &entry))
		if (str_is(entry, noun))
			return true;
	return false;
}

struct outline {
	struct match *p;
	struct definition *definitions;
	size_t n, capacity;
	size_t bodies; /* of n: no mere declarations */
};

static bool has_part(const struct request *r, bool by_name, struct str name, struct arena *a)
{
	struct str low = offline_lower(name, a);

	if (request_has(r, W_TEST) && !str_contains(r->scope.label, STR("test")) &&
		!str_contains(low, STR("test")))
		return false;
	for (size_t i = 0; i < r->topics.n && by_name; i++)
		if (!str_contains(low, offline_stem(offline_lower(r->topics.p[i], a), a)))
			return false;
	return true;
}

/* "functions with parse in the name": by name; where none has it, by the whole line. */
static void keep_parts(struct outline *o, const struct request *r, bool by_name, struct arena *a)
{
	size_t by_line = 0, kept = 0;

	for (size_t i = 0; i < o->n; i++) {
		kept += has_part(r, by_name, o->definitions[i].name, a);
		by_line += has_part(r, by_name, o->p[i].text, a);
	}
	bool is_line = kept == 0 && by_line;
	kept = o->bodies = 0;
	for (size_t i = 0; i < o->n; i++) {
		if (!has_part(r, by_name, is_line ? o->p[i].text : o->definitions[i].name, a))
			continue;
		o->definitions[kept] = o->definitions[i];
		o->p[kept++] = o->p[i];
		o->bodies += !o->definitions[kept - 1].is_declaration;
	}
	o->n = kept;
}

static void add_line(struct outline *o, const struct noun *noun, struct match m)
{
	struct definition d;

	if (o->n == o->capacity || !symbol_defined(m.path, m.text, &d) ||
		(noun && !is_among(noun->nouns, d.noun)))
		return;
	/* A heading or a key in prose and data is asked for by that name only. */
	if (!noun && strcmp(d.noun, "enumerator") == 0)
		return;
	o->definitions[o->n] = d;
	o->p[o->n++] = m;
	o->bodies += !d.is_declaration;
}

static void put_outline(const struct outline *o, const struct noun *noun, struct str words,
	bool is_cut, struct buf *out)
{
	bool skip = o->bodies > 0;
	size_t count = skip ? o->bodies : o->n, shown = 0;
	const char *what = noun ? noun->word : "definition";

	if (count == 0) {
		buf_printf(out, "No %s%s found%.*s.\n", what,
			noun && what[strlen(what) - 1] == 's' ? "es were" : "s were",
			STR_ARG(words));
		return;
	}
	buf_printf(out, "%zu %s%s%.*s%s:\n", count, what,
		count == 1                      ? ""
		: what[strlen(what) - 1] == 's' ? "es"
						: "s",
		STR_ARG(words), skip ? "" : " (declared only)");
	for (size_t i = 0; i < o->n && shown < OUTLINE_SHOWN; i++) {
		if (skip && o->definitions[i].is_declaration)
			continue;
		buf_printf(out, "- %.*s:%lld `%.*s` (%s): %.*s\n", STR_ARG(o->p[i].path),
			(long long)o->p[i].line, STR_ARG(o->definitions[i].name),
			o->definitions[i].noun,
			STR_ARG(utf8_head(str_trim(o->p[i].text), COLUMNS)));
		shown++;
	}
	put_more(out, (int64_t)(count - shown));
	if (is_cut)
		buf_put_text(out, "Not all lines could be looked at: narrow it to a directory.\n");
}

static void outline_file(struct desk *d, const struct request *r, struct str path, struct buf *out)
{
	const struct noun *noun = wanted(r, d->a);
	const struct finding *f = desk_view(d, path, 0, 2000);
	struct str *lines, note;

	if (!is_usable(f, out))
		return;
	size_t count = desk_lines(d, f, &lines, &note);
	struct outline o = {.p = arena_alloc(d->a, count + 1, sizeof *o.p),
		.definitions = arena_alloc(d->a, count + 1, sizeof *o.definitions),
		.capacity = count};
	for (size_t i = 0; i < count; i++)
		add_line(&o, noun, (struct match){path, (int64_t)i + 1, lines[i]});
	keep_parts(&o, r, noun != NULL, d->a);
	put_outline(&o, noun, arena_printf(d->a, " in %.*s", STR_ARG(path)), note.n > 0, out);
}

void answer_outline(struct desk *d, const struct request *r, struct buf *out)
{
	const struct noun *noun = wanted(r, d->a);
	struct target t;

	for (size_t i = 0; i < r->paths.n; i++) {
		struct subjects files;
		if (!desk_named_files(d, r->paths.p[i], &files, out))
			continue;
		for (size_t k = 0; k < files.n; k++)
			outline_file(d, r, files.p[k], out);
	}
	if (r->paths.n || !desk_target(d, r, &t))
		return;
	struct grep_ask ask = {.pattern = str_from(noun ? noun->pattern : nouns[0].pattern),
		.path = t.path,
		.glob = t.glob,
		.limit = GREP_LIMIT};
	const struct finding *f = desk_grep(d, &ask);
	if (!is_usable(f, out))
		return;
	struct matches m = desk_matches(d, f);
	struct outline o = {.p = arena_alloc(d->a, m.n + 1, sizeof *o.p),
		.definitions = arena_alloc(d->a, m.n + 1, sizeof *o.definitions),
		.capacity = m.n};
	for (size_t i = 0; i < m.n; i++)
		add_line(&o, noun, m.p[i]);
	keep_parts(&o, r, noun != NULL, d->a);
	struct str words = t.words;
	if (str_ends(t.kind, STR(" file")))
		words = arena_printf(d->a, "%.*s in %.*ss", STR_ARG(t.words), STR_ARG(t.kind));
	put_outline(&o, noun, words, m.is_cut, out);
}

/* ---- imports ---- */

/* "what does x include": its own lines. */
static void put_own_imports(struct desk *d, struct str path, struct buf *out)
{
	const struct finding *f = desk_view(d, path, 0, 2000);
	struct str *lines, note;
	size_t shown = 0;

	if (!is_usable(f, out))
		return;
	size_t count = desk_lines(d, f, &lines, &note);
	for (size_t i = 0; i < count; i++)
		if (symbol_is_import(path, lines[i])) {
			if (shown++ == 0)
				buf_printf(out, "%.*s includes:\n", STR_ARG(path));
			put_place(out, &(struct match){path, (int64_t)i + 1, lines[i]});
		}
	if (shown == 0)
		buf_printf(out, "%.*s includes nothing.\n", STR_ARG(path));
}

static void put_absent(struct desk *d, const struct target *t, const struct match *p, size_t n,
	struct str object, struct buf *out)
{
	const struct finding *f = desk_glob(d, t->glob.n ? t->glob : STR("*"), t->path);

	if (!f)
		return;
	struct entries all = desk_paths(d, f);
	size_t count = 0, compared = all.n;
	for (size_t i = 0; i < all.n; i++) {
		bool has = false;
		for (size_t k = 0; k < n; k++)
			has |= str_eq(p[k].path, all.p[i].path);
		if (!has)
			all.p[count++] = all.p[i];
	}
	buf_printf(out, "%zu of %lld %.*ss%.*s do not include `%.*s`:\n", count,
		(long long)all.files, STR_ARG(t->kind), STR_ARG(t->words), STR_ARG(object));
	for (size_t i = 0; i < count && i < ITEMS_SHOWN; i++)
		buf_printf(out, "- %.*s\n", STR_ARG(all.p[i].path));
	put_more(out, (int64_t)count - ITEMS_SHOWN);
	if (all.is_cut)
		buf_printf(out, "Only the newest %zu files were compared.\n", compared);
}

static bool is_outgoing(const struct request *r)
{
	bool asks_what = false;

	if (r->names.n + r->topics.n || r->paths.n != 1)
		return false;
	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		if (w->kind == WORD_PATH)
			return asks_what || str_is(r->words.p[0].low, "imports") ||
			       str_is(r->words.p[0].low, "includes") ||
			       str_is(r->words.p[0].low, "dependencies") ||
			       (i + 1 < r->words.n && asks_what);
		asks_what |= w->kind == WORD_PLAIN && (w->classes & CLASS(W_WHAT));
	}
	return false;
}

static void answer_outgoing(struct desk *d, struct str path, struct buf *out)
{
	struct subjects files;

	if (!desk_named_files(d, path, &files, out))
		return;
	for (size_t i = 0; i < files.n && i < 3; i++)
		put_own_imports(d, files.p[i], out);
}

static void put_importers(const struct matches *m, size_t n, const struct target *t,
	struct str object, const struct finding *f, struct buf *out)
{
	size_t listed = n ? n : m->n;

	if (n == 0 && m->n == 0)
		buf_printf(out, "Nothing%.*s includes or mentions `%.*s`: %.*s\n",
			STR_ARG(t->words), STR_ARG(object), STR_ARG(str_trim(f->text)));
	else if (n == 0)
		buf_printf(out, "No line%.*s includes `%.*s`, but %lld mention%s it:\n",
			STR_ARG(t->words), STR_ARG(object), (long long)m->total,
			m->total == 1 ? "s" : "");
	else
		buf_printf(out, "%zu line%s%.*s include%s `%.*s`:\n", n, plural((int64_t)n),
			STR_ARG(t->words), n == 1 ? "s" : "", STR_ARG(object));
	put_places(out, m->p, listed, (int64_t)listed);
}

void answer_imports(struct desk *d, const struct request *r, struct buf *out)
{
	struct request scoped = *r;
	struct target t;

	if (is_outgoing(r)) {
		answer_outgoing(d, r->paths.p[0], out);
		return;
	}
	struct str object = r->names.n   ? r->names.p[0]
			    : r->paths.n ? r->paths.p[0]
					 : r->topics.p[0];
	if (!r->names.n)
		scoped.paths.n = 0;
	if (!desk_target(d, &scoped, &t))
		return;
	/* What could not include it in the first place is not worth listing. */
	if (r->is_negated && !t.glob.n && str_ends(object, STR(".h")))
		t.glob = STR("{*.c,*.h,*.cc,*.cpp,*.hpp}");
	struct grep_ask ask = {.pattern = object,
		.path = t.path,
		.glob = t.glob,
		.literal = true,
		.limit = GREP_LIMIT};
	const struct finding *f = desk_grep(d, &ask);
	if (!is_usable(f, out))
		return;
	struct matches m = desk_matches(d, f);
	size_t n = 0;
	for (size_t i = 0; i < m.n; i++)
		if (symbol_is_import(m.p[i].path, m.p[i].text) && symbol_is_code(m.p[i].path) &&
			symbol_find(m.p[i].text, object, 0) != SIZE_MAX)
			m.p[n++] = m.p[i];
	if (r->is_negated) {
		put_absent(d, &t, m.p, n, object, out);
		return;
	}
	put_importers(&m, n, &t, object, f, out);
}
