// SPDX-License-Identifier: MIT
#include "index/glob.h"

#include <ctype.h>

#include "index/index.h"

enum {
	EXPANSIONS_MAX = 256,
	CLASS_MAX_BYTES = 16,
};

static bool class_has(struct str name, unsigned char c)
{
	static const struct {
		const char *name;
		int (*has)(int);
	} classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
		{"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph}, {"lower", islower},
		{"print", isprint}, {"punct", ispunct}, {"space", isspace}, {"upper", isupper},
		{"xdigit", isxdigit}};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (str_is(name, classes[i].name))
			return classes[i].has(c);
	return false;
}

/* A byte of a bracket expression, a backslash undone. False at the end of the pattern. */
static bool bracket_byte(struct str pattern, size_t *at, unsigned char *c)
{
	if (*at < pattern.n && pattern.p[*at] == '\\')
		(*at)++;
	if (*at >= pattern.n)
		return false;
	*c = (unsigned char)pattern.p[(*at)++];
	return true;
}

/*
 * "[:alpha:]" at pattern[at]: its length, or 0 when there is none. As in git the next ']' decides;
 * it is looked for no further than a name may be long, so that a row of "[:" costs little.
 */
static size_t class_length(struct str pattern, size_t at, struct str *name)
{
	if (at + 1 >= pattern.n || pattern.p[at] != '[' || pattern.p[at + 1] != ':')
		return 0;
	struct str rest = str_head(str_skip(pattern, at + 2), CLASS_MAX_BYTES);
	size_t end = str_find_char(rest, ']', 0);
	if (end == SIZE_MAX || end == 0 || rest.p[end - 1] != ':')
		return 0;
	*name = str_head(rest, end - 1);
	return end + 3;
}

/* pattern[*at] is behind '['. False when there is no ']': such a pattern matches nothing. */
static bool bracket(struct str pattern, size_t *at, unsigned char c, bool *matched)
{
	bool is_negated = *at < pattern.n && (pattern.p[*at] == '!' || pattern.p[*at] == '^');
	bool found = false;
	struct str name;

	*at += is_negated;
	for (size_t first = *at; *at < pattern.n && (pattern.p[*at] != ']' || *at == first);) {
		unsigned char low, high;
		size_t n = class_length(pattern, *at, &name);
		if (n) {
			found |= class_has(name, c);
			*at += n;
			continue;
		}
		if (!bracket_byte(pattern, at, &low))
			return false;
		high = low;
		if (*at + 1 < pattern.n && pattern.p[*at] == '-' && pattern.p[*at + 1] != ']') {
			(*at)++;
			if (!bracket_byte(pattern, at, &high))
				return false;
		}
		/* To git the first of a range that runs backwards is still a member. */
		found |= c == low || (low <= c && c <= high);
	}
	if (*at >= pattern.n)
		return false;
	(*at)++;
	*matched = found != is_negated && c != '/';
	return true;
}

enum step { STEP_MATCHED, STEP_FAILED, STEP_NEVER };

/* One pattern item other than '*' against the byte c. */
static enum step match_one(struct str pattern, size_t *at, unsigned char c)
{
	unsigned char want = (unsigned char)pattern.p[(*at)++];
	bool matched;

	if (want == '?')
		return c != '/' ? STEP_MATCHED : STEP_FAILED;
	if (want == '[') {
		if (!bracket(pattern, at, c, &matched))
			return STEP_NEVER;
		return matched ? STEP_MATCHED : STEP_FAILED;
	}
	if (want == '\\') {
		if (*at == pattern.n)
			return STEP_NEVER;
		want = (unsigned char)pattern.p[(*at)++];
	}
	return want == c ? STEP_MATCHED : STEP_FAILED;
}

/* Where to go on after a failure: behind the last '*' of this directory, or the last "**". */
struct retry {
	size_t star_pattern, star_path; /* SIZE_MAX: none */
	size_t deep_pattern, deep_path;
};

/* At one or more '*'. True when the rest of the pattern matches anything. */
static bool take_stars(struct str pattern, size_t *at, size_t path_at, struct retry *r)
{
	size_t first = *at;

	while (*at < pattern.n && pattern.p[*at] == '*')
		(*at)++;
	bool is_deep = *at - first > 1 && (first == 0 || pattern.p[first - 1] == '/') &&
		       (*at == pattern.n || pattern.p[*at] == '/');
	if (!is_deep) {
		r->star_pattern = *at;
		r->star_path = path_at;
		return false;
	}
	if (*at == pattern.n)
		return true;
	(*at)++;
	r->deep_pattern = *at;
	r->deep_path = path_at;
	r->star_pattern = SIZE_MAX;
	return false;
}

static bool go_back(struct str path, struct retry *r, size_t *at, size_t *path_at)
{
	if (r->star_pattern != SIZE_MAX && r->star_path < path.n && path.p[r->star_path] != '/') {
		*path_at = ++r->star_path;
		*at = r->star_pattern;
		return true;
	}
	r->star_pattern = SIZE_MAX;
	if (r->deep_pattern == SIZE_MAX)
		return false;
	size_t slash = str_find_char(path, '/', r->deep_path);
	if (slash == SIZE_MAX)
		return false;
	*path_at = r->deep_path = slash + 1;
	*at = r->deep_pattern;
	return true;
}

bool glob_match_plain(struct str pattern, struct str path)
{
	struct retry r = {SIZE_MAX, 0, SIZE_MAX, 0};
	size_t at = 0, path_at = 0;

	for (;;) {
		if (at == pattern.n && path_at == path.n)
			return true;
		if (at < pattern.n && pattern.p[at] == '*') {
			if (take_stars(pattern, &at, path_at, &r))
				return true;
			continue;
		}
		enum step step = STEP_FAILED;
		if (at < pattern.n && path_at < path.n)
			step = match_one(pattern, &at, (unsigned char)path.p[path_at]);
		if (step == STEP_NEVER)
			return false;
		if (step == STEP_MATCHED)
			path_at++;
		else if (!go_back(path, &r, &at, &path_at))
			return false;
	}
}

/* The first '{' that has its '}'. Escaped and bracketed braces are text. */
struct braces {
	size_t open, close, choices;
	bool closed; /* as of skip_text, at open */
};

/*
 * Behind what begins at pattern[at] and is text to the braces, or at. closed: whether a '[' may yet
 * have its ']'.
 */
static size_t skip_text(struct str pattern, size_t at, bool *closed)
{
	size_t end = at + 1;
	bool matched;

	if (pattern.p[at] == '\\')
		return at + 2;
	if (pattern.p[at] != '[' || !*closed)
		return at;
	*closed = bracket(pattern, &end, 0, &matched);
	return *closed ? end : at;
}

static bool find_braces(struct str pattern, struct braces *b)
{
	size_t depth = 0;
	bool closed = true;

	for (size_t at = 0; at < pattern.n; at++) {
		char c = pattern.p[at];
		size_t end = skip_text(pattern, at, &closed);
		if (end > at) {
			at = end - 1;
		} else if (c == '{' && depth++ == 0) {
			*b = (struct braces){.open = at, .choices = 1, .closed = closed};
		} else if (c == ',' && depth == 1) {
			b->choices++;
		} else if (c == '}' && depth && --depth == 0) {
			b->close = at;
			return true;
		}
	}
	return false;
}

static void put_choices(struct str pattern, struct braces b, struct arena *a, glob_list *out)
{
	size_t from = b.open + 1, depth = 0;
	bool closed = b.closed;

	for (size_t at = from; at <= b.close; at++) {
		char c = pattern.p[at];
		size_t end = skip_text(pattern, at, &closed);
		if (end > at) {
			at = end - 1;
		} else if (depth == 0 && (c == ',' || at == b.close)) {
			vec_push(out, arena_printf(a, "%.*s%.*s%.*s", (int)b.open, pattern.p,
					      (int)(at - from), pattern.p + from,
					      STR_ARG(str_skip(pattern, b.close + 1))));
			from = at + 1;
		} else if (c == '{') {
			depth++;
		} else if (c == '}') {
			depth--;
		}
	}
}

void glob_expand(struct str pattern, struct arena *a, glob_list *out)
{
	size_t next = out->n, most = next + EXPANSIONS_MAX;
	struct braces b = {0};

	vec_push(out, pattern);
	while (next < out->n) {
		struct str one = out->p[next];
		if (!find_braces(one, &b) || out->n + b.choices > most) {
			next++;
			continue;
		}
		/* The last one takes the place of the pattern that is being expanded. */
		out->p[next] = out->p[--out->n];
		put_choices(one, b, a, out);
	}
}

/* '/' in front anchors. */
static bool match_name_or_path(struct str pattern, struct str path)
{
	bool has_slash = str_find_char(pattern, '/', 0) != SIZE_MAX;

	if (has_slash)
		return glob_match_plain(str_skip(pattern, str_starts(pattern, STR("/"))), path);
	for (size_t slash; (slash = str_find_char(path, '/', 0)) != SIZE_MAX;)
		path = str_skip(path, slash + 1);
	return glob_match_plain(pattern, path);
}

/* '/' behind means all that is inside of such a directory. */
static bool match_path(struct str pattern, struct str path)
{
	size_t slash = SIZE_MAX;

	if (!str_ends(pattern, STR("/")))
		return match_name_or_path(pattern, path);
	pattern.n--;
	while ((slash = str_find_char(path, '/', slash + 1)) != SIZE_MAX)
		if (match_name_or_path(pattern, str_head(path, slash)))
			return true;
	return false;
}

bool glob_match(struct str pattern, struct str path)
{
	struct arena a = {0};
	glob_list list = {0};
	bool found = false;

	if (str_find_char(pattern, '{', 0) == SIZE_MAX)
		return match_path(pattern, path);
	glob_expand(pattern, &a, &list);
	vec_each (&list, one)
		found = found || match_path(*one, path);
	vec_release(&list);
	arena_release(&a);
	return found;
}
