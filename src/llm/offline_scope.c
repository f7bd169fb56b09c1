// SPDX-License-Identifier: MIT
/* Which files a request is about: languages, kinds of files, patterns, directories. */
#include <ctype.h>

#include "llm/offline.h"

struct kind {
	uint64_t class;
	const char *label, *alternatives;
};

/* Patterns with "/" have it in every alternative: without one a pattern matches base names only. */
static const struct kind kinds[] = {
	{CLASS(W_HEADER), "header", "*.h,*.hh,*.hpp,*.hxx"},
	{CLASS(W_TEST), "test", "test_*,*_test.*,*.test.*,*.spec.*,*_spec.*,*Test.*,*Tests.*"},
	{CLASS(W_DOCUMENT), "documentation",
		"**/*.md,**/*.markdown,**/*.rst,**/*.adoc,**/docs/**,**/doc/**"},
	{CLASS(W_CONFIG), "configuration",
		"*.json,*.yaml,*.yml,*.toml,*.ini,*.cfg,*.conf,*.config,*.properties,*.env"},
	{CLASS(W_IMAGE), "image", "*.png,*.jpg,*.jpeg,*.gif,*.svg,*.webp,*.ico,*.bmp"},
	{CLASS(W_SCRIPT), "script", "*.sh,*.bash,*.zsh,*.fish,*.ps1,*.bat,*.py,*.pl,*.rb,*.lua"},
};

bool subjects_add(struct subjects *s, struct str text)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->p[i], text))
			return true;
	if (s->n == SUBJECTS_MAX || text.n == 0)
		return false;
	s->p[s->n++] = text;
	return true;
}

static bool is(const struct word *w, enum word_class c)
{
	return w->kind == WORD_PLAIN && !w->is_object && (w->classes & CLASS(c));
}

static bool is_one_of(const struct word *w, uint64_t classes)
{
	return w->kind == WORD_PLAIN && !w->is_object && (w->classes & classes);
}

static void add_alternatives(struct scope *s, struct str more, struct arena *a)
{
	s->alternatives = s->alternatives.n ? arena_printf(a, "%.*s,%.*s", STR_ARG(s->alternatives),
						      STR_ARG(more))
					    : more;
}

static void add_label(struct scope *s, struct str label, struct arena *a)
{
	s->label = s->label.n ? arena_printf(a, "%.*s and %.*s", STR_ARG(s->label), STR_ARG(label))
			      : label;
}

static void add_language(struct scope *s, const struct language *l, struct arena *a)
{
	if (str_contains(s->label, str_from(l->name)) && s->label.n == strlen(l->name))
		return;
	for (int i = 0; i < 10 && l->endings[i]; i++)
		add_alternatives(s,
			arena_printf(a, l->endings[i][0] == '.' ? "*%s" : "%s", l->endings[i]), a);
	add_label(s, str_from(l->name), a);
}

/* "*.{c,h}" to "*.c,*.h"; deeper braces are left as they are. */
static void add_glob(struct scope *s, struct str glob, struct arena *a)
{
	size_t open = str_find_char(glob, '{', 0), close = str_find_char(glob, '}', 0);

	add_label(s, arena_printf(a, "`%.*s`", STR_ARG(glob)), a);
	if (open == SIZE_MAX || close == SIZE_MAX || close < open) {
		add_alternatives(s, glob, a);
		return;
	}
	struct str inner = str_range(glob.p + open + 1, glob.p + close), part;
	while (str_split(&inner, ',', &part))
		add_alternatives(s,
			arena_printf(a, "%.*s%.*s%.*s", (int)open, glob.p, STR_ARG(part),
				STR_ARG(str_skip(glob, close + 1))),
			a);
}

/* Words that are languages only beside "files", "code" and the like. */
static bool is_language(const struct request *r, size_t i)
{
	static const char *const ambiguous[] = {"make", "go", "text", "node", "swift", "dart",
		"docker", "proto", "rust", "zig", "java", NULL};
	const struct word *w = &r->words.p[i];
	uint64_t beside = CLASS(W_FILE) | CLASS(W_SOURCE) | CLASS(W_SCRIPT) | CLASS(W_LINE) |
			  CLASS(W_FUNCTION) | CLASS(W_TYPE) | CLASS(W_TEST) | CLASS(W_HEADER) |
			  CLASS(W_PROJECT) | CLASS(W_AND);

	if (!w->language || w->kind != WORD_PLAIN || w->is_object || w->is_used)
		return false;
	if (i && is_one_of(&r->words.p[i - 1], CLASS(W_IMPORT)) &&
		!(i + 1 < r->words.n && is_one_of(&r->words.p[i + 1], beside)))
		return false;
	if ((w->classes & CLASS(W_FILENAME)) && !str_ends(w->low, STR("s")))
		return false;
	for (int k = 0; ambiguous[k]; k++) {
		if (!str_is(w->low, ambiguous[k]))
			continue;
		if (i + 1 < r->words.n && is_one_of(&r->words.p[i + 1], beside))
			return true;
		return i && (i + 1 == r->words.n || r->words.p[i + 1].kind == WORD_STOP) &&
		       (str_is(r->words.p[i - 1].low, "of") || str_is(r->words.p[i - 1].low, "in"));
	}
	return true;
}

static void read_languages(struct request *r, struct arena *a)
{
	for (size_t i = 0; i < r->words.n; i++) {
		struct word *w = &r->words.p[i];
		if (w->kind == WORD_GLOB && !w->is_object) {
			add_glob(&r->scope, w->text, a);
			w->is_used = true;
		} else if (is_language(r, i)) {
			add_language(&r->scope, w->language, a);
			w->is_used = true;
			w->classes = CLASS(W_FILLER);
		}
	}
}

static bool is_plural(const struct word *w)
{
	return w->low.n > 3 && str_ends(w->low, STR("s"));
}

/* "test files", "headers", "configs"; not "test functions", "config loading". */
static bool names_kind(const struct request *r, size_t i)
{
	const struct word *w = &r->words.p[i];
	const struct word *next = i + 1 < r->words.n ? w + 1 : NULL;

	if (next && is_one_of(next, CLASS(W_FILE) | CLASS(W_SCRIPT) | CLASS(W_SOURCE)))
		return true;
	if (next && is(next, W_DIRECTORY))
		return false;
	if (next && next->kind == WORD_PLAIN && is_one_of(next, CLASS(W_FUNCTION) | CLASS(W_TYPE)))
		return false;
	/* "http headers" are no files, and "the settings" are what is in them. */
	if (i && w[-1].kind == WORD_PLAIN && w[-1].classes == 0 && !w[-1].language &&
		!w[-1].is_used)
		return false;
	if (i && is_one_of(&w[-1], CLASS(W_NEW) | CLASS(W_LARGE) | CLASS(W_SMALL) | CLASS(W_OLD)))
		return true;
	if (is(w, W_CONFIG))
		return str_is(w->low, "configs") ||
		       (r->words.n <= 3 && str_starts(w->low, STR("config")));
	return is_plural(w) || is(w, W_DOCUMENT);
}

/* "python test files": the language's endings with the names that tests have. */
static void narrow_to_tests(struct scope *s, struct arena *a)
{
	static const char *const names[] = {
		"test_*", "*_test", "*.test", "*.spec", "*Test", "*Tests"};
	struct str rest = s->alternatives, part;

	s->alternatives = (struct str){0};
	while (str_split(&rest, ',', &part))
		for (size_t i = 0; i < sizeof names / sizeof *names && str_starts(part, STR("*."));
			i++)
			add_alternatives(s,
				arena_printf(a, "%s%.*s", names[i], STR_ARG(str_skip(part, 1))), a);
	add_label(s, STR("test"), a);
	s->label = arena_printf(a, "%.*s test", STR_ARG(str_head(s->label, s->label.n - 9)));
}

static void read_kinds(struct request *r, struct arena *a)
{
	for (size_t i = 0; i < r->words.n; i++) {
		struct word *w = &r->words.p[i];
		if (w->kind != WORD_PLAIN || w->is_object || w->is_used || !names_kind(r, i))
			continue;
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
			/* A language with "scripts" or "headers" says more than the kind. */
			if (!(w->classes & kinds[k].class) ||
				(r->scope.label.n && (kinds[k].class & (CLASS(W_SCRIPT)))))
				continue;
			if (r->scope.label.n && kinds[k].class == CLASS(W_HEADER))
				r->scope = (struct scope){.places = r->scope.places};
			if (r->scope.label.n && kinds[k].class == CLASS(W_TEST)) {
				narrow_to_tests(&r->scope, a);
				w->is_used = true;
				break;
			}
			add_alternatives(&r->scope, str_from(kinds[k].alternatives), a);
			add_label(&r->scope, str_from(kinds[k].label), a);
			w->is_used = true;
			break;
		}
	}
}

/* All programming languages, for "source files". */
static void read_sources(struct request *r, struct arena *a)
{
	if (r->scope.label.n || r->scope.alternatives.n)
		return;
	for (size_t i = 0; i < r->words.n; i++) {
		struct word *w = &r->words.p[i];
		bool is_files = i + 1 < r->words.n && is(&r->words.p[i + 1], W_FILE);
		if (w->kind != WORD_PLAIN ||
			!(str_is(w->low, "source") || str_is(w->low, "code")) || !is_files ||
			w->is_object)
			continue;
		for (const struct language *l = languages; l->name; l++)
			for (int k = 0; l->is_code && k < 10 && l->endings[k]; k++)
				add_alternatives(&r->scope,
					arena_printf(a, l->endings[k][0] == '.' ? "*%s" : "%s",
						l->endings[k]),
					a);
		add_label(&r->scope, STR("source"), a);
		w->is_used = true;
		return;
	}
}

static bool is_file_path(struct str path)
{
	struct str base = offline_base(path);

	return base.n && !str_is(base, ".") && !str_is(base, "..") &&
	       (str_find_char(base, '.', 0) != SIZE_MAX || language_of(path));
}

static struct str without_slash(struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (str_starts(path, STR("./")) && path.n > 2)
		path = str_skip(path, 2);
	return path;
}

static void take_place(struct request *r, struct word *w, bool is_guess)
{
	struct str place = w->kind == WORD_PATH ? without_slash(w->text) : w->text;

	if (str_is(place, ".") || str_is(place, "./"))
		return;
	subjects_add(&r->scope.places, place);
	r->scope.is_guess |= is_guess;
	w->is_used = true;
}

/* Could the word after "in" be a directory's name? */
static bool may_be_place(const struct request *r, const struct word *w)
{
	uint64_t never = CLASS(W_PROJECT) | CLASS(W_PRONOUN) | CLASS(W_FILE) | CLASS(W_LINE) |
			 CLASS(W_FUNCTION) | CLASS(W_TYPE) | CLASS(W_COMMENT) | CLASS(W_GIT) |
			 CLASS(W_COMMIT) | CLASS(W_WHICH) | CLASS(W_WHAT) | CLASS(W_COUNT) |
			 CLASS(W_FILENAME) | CLASS(W_DIRECTORY) | CLASS(W_LAST) | CLASS(W_FIRST) |
			 CLASS(W_LARGE) | CLASS(W_SMALL) | CLASS(W_BRANCH) | CLASS(W_PENDING) |
			 CLASS(W_AND);
	bool is_kind = is_one_of(w, CLASS(W_TEST) | CLASS(W_DOCUMENT) | CLASS(W_CONFIG) |
					    CLASS(W_IMAGE) | CLASS(W_SCRIPT) | CLASS(W_HEADER));

	(void)r;
	if (w->is_object || w->is_used || w->language)
		return false;
	if (w->kind == WORD_PATH)
		return !is_file_path(w->text);
	if (w->kind != WORD_PLAIN && w->kind != WORD_NAME && w->kind != WORD_QUOTED)
		return false;
	if (str_is(w->low, "src") || str_is(w->low, "lib") || is_kind)
		return true;
	return w->kind != WORD_PLAIN || !(w->classes & (never | CLASS(W_FILLER) | CLASS(W_POLITE)));
}

static size_t after_articles(const struct request *r, size_t i)
{
	while (i < r->words.n && r->words.p[i].kind == WORD_PLAIN &&
		(str_is(r->words.p[i].low, "the") || str_is(r->words.p[i].low, "our") ||
			str_is(r->words.p[i].low, "my") || str_is(r->words.p[i].low, "this") ||
			str_is(r->words.p[i].low, "all") || str_is(r->words.p[i].low, "of")))
		i++;
	return i;
}

/* "in scripts and tools", "in src, web": the following ones too. */
static void read_more_places(struct request *r, size_t i)
{
	while (i + 1 < r->words.n && r->scope.places.n < SUBJECTS_MAX) {
		const struct word *joint = &r->words.p[i];
		bool joins = joint->kind == WORD_STOP
				     ? str_is(joint->text, ",")
				     : str_is(joint->low, "and") || str_is(joint->low, "or") ||
					       joint->text.p[0] == '&';
		struct word *w = &r->words.p[i + 1];
		if (!joins || !may_be_place(r, w) || (w->kind == WORD_NAME))
			return;
		take_place(r, w, w->kind == WORD_PLAIN);
		i += 2;
	}
}

static void set_fallback(struct scope *s, const struct word *w)
{
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		if (is_one_of(w, kinds[k].class)) {
			s->fallback = str_from(kinds[k].alternatives);
			s->fallback_label = str_from(kinds[k].label);
		}
}

static void read_places(struct request *r)
{
	struct words *words = &r->words;

	for (size_t i = 0; i < words->n; i++) {
		struct word *w = &words->p[i];
		struct word *next = i + 1 < words->n ? w + 1 : NULL;
		bool is_named = next && is(next, W_DIRECTORY) && !str_ends(next->low, STR("s")) &&
				!str_ends(next->low, STR("ies")) && !str_is(next->low, "path");
		if (is_named && may_be_place(r, w) &&
			!is_one_of(w, CLASS(W_LIST) | CLASS(W_SHOW) | CLASS(W_WHICH) |
					      CLASS(W_EMPTY) | CLASS(W_PER) | CLASS(W_WHAT))) {
			take_place(r, w, w->kind == WORD_PLAIN);
		} else if (is(w, W_SCOPE)) {
			size_t at = after_articles(r, i + 1);
			if (at < words->n && is(&words->p[at], W_DIRECTORY))
				at = after_articles(r, at + 1);
			if (at < words->n && may_be_place(r, &words->p[at])) {
				take_place(r, &words->p[at], words->p[at].kind == WORD_PLAIN);
				set_fallback(&r->scope, &words->p[at]);
				read_more_places(r, at + 1);
				i = at;
			}
		} else if (w->kind == WORD_PATH && !w->is_object && !w->is_used &&
			   !is_file_path(w->text)) {
			take_place(r, w, false);
		}
	}
}

/* "ls include", "grep x src": as typed in a shell. */
static void read_shell_place(struct request *r)
{
	struct words *words = &r->words;
	struct word *last = words->n ? &words->p[words->n - 1] : NULL;

	if (words->n < 2 || r->scope.places.n)
		return;
	bool is_ls = str_is(words->p[0].low, "ls") || str_is(words->p[0].low, "tree") ||
		     str_is(words->p[0].low, "dir");
	bool is_grep = str_is(words->p[0].low, "grep") || str_is(words->p[0].low, "rg");
	if (!(is_ls && words->n == 2) && !(is_grep && words->n >= 3))
		return;
	last->is_object &= !is_grep || words->n < 3;
	if (is_grep && !(words->p[words->n - 2].kind == WORD_QUOTED || words->n == 3 ||
			       last->text.p[0] == '-'))
		return;
	if (is_grep && words->p[words->n - 2].kind == WORD_PLAIN &&
		!words->p[words->n - 2].is_object)
		return;
	if (last->kind == WORD_PLAIN && last->text.p[0] != '-')
		take_place(r, last, true);
}

/* "size of include". */
static void read_sized_place(struct request *r)
{
	size_t n = r->words.n;

	if (n < 3 || r->scope.places.n || !(r->classes & CLASS(W_SIZE)))
		return;
	if (str_is(r->words.p[n - 2].low, "of") && r->words.p[n - 1].kind == WORD_PLAIN &&
		may_be_place(r, &r->words.p[n - 1]))
		take_place(r, &r->words.p[n - 1], true);
}

void scope_read(struct request *r, struct arena *a)
{
	read_places(r);
	read_shell_place(r);
	read_sized_place(r);
	read_languages(r, a);
	read_kinds(r, a);
	read_sources(r, a);
}
