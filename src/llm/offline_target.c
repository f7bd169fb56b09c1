// SPDX-License-Identifier: MIT
/* From what people call a place to paths and globs that exist. */
#include <ctype.h>

#include "llm/offline.h"

static size_t depth_of(struct str path)
{
	size_t depth = 0;

	for (size_t i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	return depth;
}

/* "readme" as a glob that takes all its spellings and endings. */
static struct str name_pattern(struct desk *d, struct str name)
{
	static const char *const stems[] = {"readme", "changelog", "license", "licence",
		"contributing", "makefile", "dockerfile", NULL};
	char upper[32], title[32];

	for (int i = 0; stems[i]; i++) {
		if (!str_eq_nocase(name, str_from(stems[i])))
			continue;
		snprintf(upper, sizeof upper, "%s", stems[i]);
		for (char *c = upper; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		snprintf(title, sizeof title, "%s", stems[i]);
		title[0] = upper[0];
		return arena_printf(d->a, "{%s,%s.*,%s,%s.*,%s,%s.*}", upper, upper, title, title,
			stems[i], stems[i]);
	}
	return name;
}

/* "retry.C" as "[rR][eE]...": the second try when nothing has exactly that name. */
static struct str any_case(struct desk *d, struct str name)
{
	AUTO(buf) b = {0};

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (isalpha((unsigned char)c))
			buf_printf(
				&b, "[%c%c]", tolower((unsigned char)c), toupper((unsigned char)c));
		else
			buf_put_char(&b, c);
	}
	return arena_copy(d->a, buf_str(&b));
}

/* Nearest to the root first. */
static void sort_by_depth(struct entries *e)
{
	for (size_t i = 1; i < e->n; i++)
		for (size_t k = i; k > 0; k--) {
			size_t before = depth_of(e->p[k - 1].path), here = depth_of(e->p[k].path);
			if (before < here ||
				(before == here && str_cmp(e->p[k - 1].path, e->p[k].path) <= 0))
				break;
			struct entry swap = e->p[k];
			e->p[k] = e->p[k - 1];
			e->p[k - 1] = swap;
		}
}

/* A directory of that name in the path, or a part of the base name between dots and dashes. */
static bool has_part(struct str path, struct str name)
{
	for (size_t at = 0; (at = str_find(path, name, at)) != SIZE_MAX; at++) {
		size_t end = at + name.n;
		bool starts = at == 0 || strchr("/_.-", path.p[at - 1]);
		if (starts && end < path.n && strchr("/_.-s", path.p[end]))
			return true;
	}
	return false;
}

bool path_is_test(struct str path)
{
	static const char *const parts[] = {"test", "testing", "fixture", "testdata", "corpus",
		"example", "sample", "spec", "mock", "vendor", "node_modules", "third_party", NULL};

	for (int i = 0; parts[i]; i++)
		if (has_part(path, str_from(parts[i])))
			return true;
	struct str base = offline_base(path);
	return str_ends(base, STR("Test.java")) || str_ends(base, STR("Tests.cs")) ||
	       str_ends(base, STR("Test.kt"));
}

bool desk_files(struct desk *d, struct str name, struct subjects *out)
{
	*out = (struct subjects){0};
	if (str_find_char(name, '/', 0) != SIZE_MAX) {
		subjects_add(out, str_starts(name, STR("./")) ? str_skip(name, 2) : name);
		return true;
	}
	const struct finding *f = desk_glob(d, name_pattern(d, name), (struct str){0});
	if (!f)
		return false;
	struct entries e = desk_paths(d, f);
	if (e.n == 0 && !f->is_error && name.n < 60) {
		if (!(f = desk_glob(d, any_case(d, name), (struct str){0})))
			return false;
		e = desk_paths(d, f);
	}
	sort_by_depth(&e);
	for (size_t i = 0; i < e.n; i++)
		subjects_add(out, e.p[i].path);
	return true;
}

bool desk_named_files(struct desk *d, struct str name, struct subjects *files, struct buf *answer)
{
	if (!desk_files(d, name, files))
		return false;
	if (files->n == 0)
		buf_printf(answer, "There is no file named `%.*s`.\n", STR_ARG(name));
	return true;
}

/* The part of path up to and with the directory called name, nearest to the root. */
static struct str directory_in(struct str path, struct str name)
{
	for (size_t at = 0; (at = str_find(path, name, at)) != SIZE_MAX; at++) {
		bool starts = at == 0 || path.p[at - 1] == '/';
		if (starts && at + name.n < path.n && path.p[at + name.n] == '/')
			return str_head(path, at + name.n);
	}
	return (struct str){0};
}

/* A directory of that name anywhere; "" when there is none. False: not known yet. */
static bool find_directory(struct desk *d, struct str name, struct str *out)
{
	struct str low = offline_lower(name, d->a);
	struct str spelled =
		str_eq(low, name) ? name
				  : arena_printf(d->a, "{%.*s,%.*s}", STR_ARG(name), STR_ARG(low));
	const struct finding *f =
		desk_glob(d, arena_printf(d->a, "**/%.*s/**", STR_ARG(spelled)), (struct str){0});

	*out = (struct str){0};
	if (!f)
		return false;
	struct entries e = desk_paths(d, f);
	for (size_t i = 0; i < e.n; i++) {
		struct str found = directory_in(e.p[i].path, name);
		if (!found.n)
			found = directory_in(e.p[i].path, low);
		if (found.n && (!out->n || depth_of(found) < depth_of(*out)))
			*out = found;
	}
	return true;
}

static struct str join(struct desk *d, const struct subjects *s, const char *separator)
{
	AUTO(buf) b = {0};

	for (size_t i = 0; i < s->n; i++)
		buf_printf(&b, "%s%.*s", i ? separator : "", STR_ARG(s->p[i]));
	return arena_copy(d->a, buf_str(&b));
}

/* "*.c,*.h" below one of the directories, as one glob; "" for everything. */
static struct str combine(struct desk *d, const struct subjects *below, struct str alternatives)
{
	AUTO(buf) b = {0};
	bool is_one = str_find_char(alternatives, ',', 0) == SIZE_MAX;
	bool is_deep = str_find_char(alternatives, '/', 0) != SIZE_MAX;
	struct str rest = alternatives, part;
	size_t count = 0;

	if (below->n > 1)
		buf_printf(
			&b, "{%.*s}/**%s", STR_ARG(join(d, below, ",")), alternatives.n ? "/" : "");
	if (alternatives.n && !is_one)
		buf_put_char(&b, '{');
	while (str_split(&rest, ',', &part)) {
		/* A slash in one alternative would bind the others to the top directory. */
		bool needs_depth =
			is_deep && below->n < 2 && str_find_char(part, '/', 0) == SIZE_MAX;
		bool is_double = below->n > 1 && str_starts(part, STR("**/"));
		buf_printf(&b, "%s%s%.*s", count++ ? "," : "", needs_depth ? "**/" : "",
			STR_ARG(is_double ? str_skip(part, 3) : part));
	}
	if (alternatives.n && !is_one)
		buf_put_char(&b, '}');
	return arena_copy(d->a, buf_str(&b));
}

bool desk_namesakes(struct desk *d, struct str name, struct subjects *out)
{
	*out = (struct subjects){0};
	const struct finding *f = desk_glob(d,
		arena_printf(d->a, "{%.*s,%.*s.*}", STR_ARG(name), STR_ARG(name)), (struct str){0});

	if (!f)
		return false;
	struct entries e = desk_paths(d, f);
	sort_by_depth(&e);
	for (size_t i = 0; i < e.n && i < 4; i++)
		subjects_add(out, e.p[i].path);
	return true;
}

static bool resolve_places(struct desk *d, const struct scope *s, struct subjects *out,
	struct subjects *files, struct target *t)
{
	bool is_known = true;

	for (size_t i = 0; i < s->places.n; i++) {
		struct str place = s->places.p[i], real = place;
		if (s->is_guess && str_find_char(place, '/', 0) == SIZE_MAX) {
			struct subjects namesakes = {0};
			bool has_directory = find_directory(d, place, &real);
			if (!desk_namesakes(d, place, &namesakes) || !has_directory) {
				is_known = false;
				continue;
			}
			for (size_t k = 0; k < namesakes.n && !real.n && !s->fallback.n; k++)
				subjects_add(files, namesakes.p[k]);
			if (!real.n && namesakes.n)
				continue;
		}
		if (real.n)
			subjects_add(out, real);
		else if (!s->fallback.n)
			t->problem = arena_printf(d->a,
				"There is no directory `%.*s`, so this is about everything.",
				STR_ARG(place));
	}
	return is_known;
}

static bool resolve_paths(
	struct desk *d, const struct request *r, struct subjects *out, struct target *t)
{
	bool is_known = true;

	for (size_t i = 0; i < r->paths.n; i++) {
		struct subjects files;
		if (!desk_files(d, r->paths.p[i], &files)) {
			is_known = false;
			continue;
		}
		if (files.n == 0)
			t->problem = arena_printf(
				d->a, "There is no file named `%.*s`.", STR_ARG(r->paths.p[i]));
		/* "the changelog": the one nearest to the root; "util.c": all of that name. */
		bool is_one = str_find_char(r->paths.p[i], '.', 0) == SIZE_MAX;
		for (size_t k = 0; k < files.n && (!is_one || k == 0); k++)
			subjects_add(out, files.p[k]);
	}
	return is_known;
}

bool desk_target(struct desk *d, const struct request *r, struct target *out)
{
	struct subjects places = {0}, files = {0};
	struct str alternatives = r->scope.alternatives, label = r->scope.label;

	*out = (struct target){0};
	bool is_known = resolve_places(d, &r->scope, &places, &files, out);
	is_known &= resolve_paths(d, r, &files, out);
	if (!is_known)
		return false;
	if (r->scope.places.n && !places.n && r->scope.fallback.n && !alternatives.n) {
		alternatives = r->scope.fallback;
		label = r->scope.fallback_label;
	}
	if (files.n == 1) {
		out->path = files.p[0];
		alternatives = (struct str){0};
		places = files;
	} else if (files.n > 1) {
		out->glob = arena_printf(d->a, "{%.*s}", STR_ARG(join(d, &files, ",")));
		places = files;
	} else {
		if (places.n == 1)
			out->path = places.p[0];
		out->glob = combine(d, &places, alternatives);
	}
	if (places.n)
		out->words = arena_printf(d->a, " in %.*s", STR_ARG(join(d, &places, " and ")));
	out->kind =
		label.n && !files.n ? arena_printf(d->a, "%.*s file", STR_ARG(label)) : STR("file");
	if (str_is(label, "test") && !files.n)
		out->second = STR("**/{test,tests,spec,__tests__}/**");
	if (str_starts(label, STR("`")) && !files.n)
		out->kind = STR("file");
	if (str_starts(label, STR("`")) && !files.n)
		out->words = arena_printf(
			d->a, "%.*s matching %.*s", STR_ARG(out->words), STR_ARG(label));
	return true;
}
