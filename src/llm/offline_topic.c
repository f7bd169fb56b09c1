// SPDX-License-Identifier: MIT
/*
 * Topics: "which files define the retry rules". Words are searched by their stems; files are ranked
 * by what stands in them: names of files and definitions weigh more than comments, those more than
 * the rest. Every claim comes with the line that bears it.
 */
#include <ctype.h>

#include "base/utf8.h"
#include "llm/offline.h"

enum {
	GREP_LIMIT = 1000,
	FILES_MAX = 64,
	FILES_SHOWN = 8,
	LINES_SHOWN = 4,
	TERMS_MAX = 6,
	COLUMNS = 140
};

struct term {
	struct str stem; /* lower case, what all its forms begin with */
	bool is_weak;
};

struct evidence {
	struct match match;
	struct definition definition;
	bool defines;
	int score;
};

struct ranked {
	struct str path;
	int score;
	unsigned terms; /* a bit for every term that was met */
	bool defines;
	bool is_named; /* its name has a strong word */
	int best; /* highest number of terms in one line */
	struct evidence best_lines[LINES_SHOWN];
	size_t line_count, matches;
};

/* "retries" to "retr": the beginning that retry, retries and retrying share. */
static struct str root_of(struct str word, struct arena *a)
{
	struct str stem = offline_stem(offline_lower(word, a), a);

	if (stem.n > 4 && (stem.p[stem.n - 1] == 'y' || stem.p[stem.n - 1] == 'e'))
		stem.n--;
	return stem;
}

static size_t add_term(struct term *terms, size_t n, struct str root, bool is_weak)
{
	bool is_known = root.n < 2 || n == TERMS_MAX;

	for (size_t k = 0; k < n; k++)
		is_known |= str_eq(terms[k].stem, root);
	if (!is_known)
		terms[n++] = (struct term){root, is_weak};
	return n;
}

static size_t read_terms(struct desk *d, const struct request *r, struct term *terms)
{
	size_t n = 0;
	const struct subjects *sources[] = {&r->names, &r->topics, &r->weak};
	bool has_strong = r->names.n + r->topics.n > 0;

	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < sources[s]->n; i++) {
			struct str rest = sources[s]->p[i], word;
			while (str_split(&rest, ' ', &word))
				n = add_term(terms, n, root_of(word, d->a), s == 2 && has_strong);
		}
	for (size_t i = 0; i < r->words.n && n < TERMS_MAX; i++) {
		const struct word *w = &r->words.p[i];
		if (w->kind == WORD_NUMBER && w->text.n > 1 && n && has_strong)
			terms[n++] = (struct term){w->text, true};
		else if (w->kind == WORD_NUMBER && w->text.n > 1)
			terms[n++] = (struct term){w->text, false};
	}
	return n;
}

static void put_quoted(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr("\\^$.|?*+()[]{}-", text.p[i]) && text.p[i])
			buf_put_char(b, '\\');
		buf_put_char(b, text.p[i]);
	}
}

/* Short stems are searched where a word begins only: "log" is not in "catalog". */
static struct str pattern_of(struct desk *d, const struct term *terms, size_t n)
{
	AUTO(buf) b = {0};
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (terms[i].is_weak)
			continue;
		buf_put_text(&b, used++ ? "|" : "");
		if (terms[i].stem.n < 4)
			buf_put_text(&b, "(?<![A-Za-z])");
		put_quoted(&b, terms[i].stem);
	}
	return arena_copy(d->a, buf_str(&b));
}

/*
 * The stem where a word begins: after a sign, a digit, or at a hump ("maxRetry"). Long ones count
 * anywhere: "port" is not in "report", but "timeout" is in "readtimeout".
 */
static bool holds(struct str text, struct str low, struct str stem)
{
	for (size_t at = 0; (at = str_find(low, stem, at)) != SIZE_MAX; at++) {
		bool is_hump = at && islower((unsigned char)text.p[at - 1]) &&
			       isupper((unsigned char)text.p[at]);
		if (stem.n >= 6 || at == 0 || is_hump || !isalpha((unsigned char)text.p[at - 1]))
			return true;
	}
	return false;
}

static unsigned terms_in(struct str text, const struct term *terms, size_t n, struct arena *a)
{
	struct str low = offline_lower(str_head(text, 2000), a);
	unsigned met = 0;

	for (size_t i = 0; i < n; i++)
		met |= holds(text, low, terms[i].stem) ? 1u << i : 0;
	return met;
}

static bool is_secondary(struct str path)
{
	return str_starts(path, STR("test")) || str_contains(path, STR("/test")) ||
	       str_contains(path, STR("CHANGELOG")) || str_contains(path, STR("vendor/")) ||
	       str_contains(path, STR("example")) || str_contains(path, STR("_test."));
}

static struct ranked *file_for(struct ranked *files, size_t *n, struct str path)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(files[i].path, path))
			return &files[i];
	if (*n == FILES_MAX)
		return NULL;
	files[*n] = (struct ranked){.path = path};
	return &files[(*n)++];
}

static void keep_line(struct ranked *f, struct evidence e)
{
	size_t i = f->line_count;

	if (i == LINES_SHOWN && f->best_lines[i - 1].score >= e.score)
		return;
	if (i == LINES_SHOWN)
		i--;
	else
		f->line_count++;
	while (i > 0 && f->best_lines[i - 1].score < e.score) {
		f->best_lines[i] = f->best_lines[i - 1];
		i--;
	}
	f->best_lines[i] = e;
}

static void weigh(struct ranked *f, const struct match *m, const struct term *terms, size_t n,
	const struct request *r, struct arena *a)
{
	struct evidence e = {.match = *m};
	unsigned met = terms_in(m->text, terms, n, a);
	int count = __builtin_popcount(met);
	size_t comment = symbol_comment(m->path, m->text);
	bool is_text = !symbol_is_code(m->path);

	/* Words that meet in one line are about each other. */
	e.score = count * 2 + (count > 1 ? count * 3 : 0);
	if (symbol_defined(m->path, m->text, &e.definition) &&
		terms_in(e.definition.name, terms, n, a)) {
		bool is_constant = strcmp(e.definition.noun, "macro") == 0 ||
				   strcmp(e.definition.noun, "constant") == 0 ||
				   strcmp(e.definition.noun, "struct") == 0;
		e.defines =
			!e.definition.is_declaration && strcmp(e.definition.noun, "heading") != 0;
		int plain = is_text ? (request_has(r, W_WHERE) ? 2 : 4) : 5;
		e.score += e.definition.is_declaration ? 2 : is_constant ? 6 : plain;
	} else if (comment != SIZE_MAX && !is_text) {
		e.score += 2;
	} else if (symbol_is_import(m->path, m->text)) {
		e.score -= 1;
	}

	f->terms |= met;
	f->defines |= e.defines && symbol_is_code(m->path);
	f->best = count > f->best ? count : f->best;
	f->score += f->matches++ < 12 ? e.score : 0;
	keep_line(f, e);
}

static int by_score(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return str_cmp(a->path, b->path);
}

static void weigh_file(const struct request *r, struct ranked *f, const struct term *terms,
	size_t n, struct arena *a)
{
	unsigned strong = 0, named = terms_in(offline_base(f->path), terms, n, a);

	for (size_t i = 0; i < n; i++)
		strong |= terms[i].is_weak ? 0 : 1u << i;
	f->terms |= named;
	f->is_named = named & strong;
	f->score += named & strong ? 12 : 0;
	/* Several words close together are worth more than many of one. */
	f->score *= 1 + __builtin_popcount(f->terms & strong) + (f->best > 1 ? f->best : 0);
	if (is_secondary(f->path))
		f->score /= 3;
	if (!symbol_is_code(f->path))
		f->score /= request_has(r, W_WHERE) || request_has(r, W_DEFINE) ? 4 : 2;
}

static void put_evidence(struct buf *out, const struct evidence *e)
{
	struct str text = utf8_head(str_trim(e->match.text), COLUMNS);

	if (e->defines || e->definition.is_declaration)
		buf_printf(out, "  - %.*s:%lld (%s%s): %.*s\n", STR_ARG(e->match.path),
			(long long)e->match.line, e->definition.noun,
			e->definition.is_declaration ? ", declared" : "", STR_ARG(text));
	else
		buf_printf(out, "  - %.*s:%lld: %.*s\n", STR_ARG(e->match.path),
			(long long)e->match.line, STR_ARG(text));
}

static void put_file(struct buf *out, const struct ranked *f)
{
	buf_printf(out, "- %.*s%s\n", STR_ARG(f->path), f->is_named ? " (by its name)" : "");
	for (size_t i = 0; i < f->line_count; i++)
		put_evidence(out, &f->best_lines[i]);
}

static void put_ranked(struct buf *out, const struct ranked *files, size_t n, const char *words,
	bool wants_definitions)
{
	size_t defining = 0, shown = 0;

	for (size_t i = 0; i < n; i++)
		defining += files[i].defines;
	bool is_split = wants_definitions && defining;
	if (is_split)
		buf_printf(out, "%zu file%s define%s something named after %s:\n", defining,
			plural((int64_t)defining), defining == 1 ? "s" : "", words);
	else
		buf_printf(out, "%zu file%s speak%s of %s, the most telling first:\n", n,
			plural((int64_t)n), n == 1 ? "s" : "", words);
	for (size_t i = 0; i < n && shown < FILES_SHOWN; i++)
		if (!is_split || files[i].defines) {
			put_file(out, &files[i]);
			shown++;
		}
	if ((is_split ? defining : n) > shown)
		put_more(out, (int64_t)((is_split ? defining : n) - shown));
	if (!is_split || defining == n)
		return;
	buf_put_text(out, "Others that mention it:");
	shown = 0;
	for (size_t i = 0; i < n && shown < 12; i++)
		if (!files[i].defines && files[i].line_count)
			buf_printf(out, "%s %.*s:%lld", shown++ ? "," : "", STR_ARG(files[i].path),
				(long long)files[i].best_lines[0].match.line);
		else if (!files[i].defines)
			buf_printf(out, "%s %.*s", shown++ ? "," : "", STR_ARG(files[i].path));
	buf_put_text(out, ".\n");
}

static const char *terms_as_words(struct desk *d, const struct request *r)
{
	AUTO(buf) b = {0};
	size_t n = 0;
	const struct subjects *sources[] = {&r->names, &r->topics, &r->weak};

	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < sources[s]->n && (s < 2 || n == 0); i++)
			buf_printf(&b, "%s\"%.*s\"", n++ ? " or " : "", STR_ARG(sources[s]->p[i]));
	return n ? arena_text(d->a, buf_str(&b)) : "it";
}

/* Keeps the files that have most of the strong words: all but one of what any file has. */
static size_t keep_best(struct ranked *files, size_t n, const struct term *terms, size_t term_count)
{
	unsigned strong = 0;
	int most = 0;
	size_t kept = 0;

	for (size_t i = 0; i < term_count; i++)
		strong |= terms[i].is_weak ? 0 : 1u << i;
	for (size_t i = 0; i < n; i++) {
		int count = __builtin_popcount(files[i].terms & strong);
		most = count > most ? count : most;
	}
	for (size_t i = 0; i < n; i++)
		if (most &&
			__builtin_popcount(files[i].terms & strong) >= (most > 1 ? most - 1 : 1))
			files[kept++] = files[i];
	return kept;
}

/* "*{deploy,Deploy}*": files may be about it by their names alone. */
static struct str name_glob(struct desk *d, const struct term *terms, size_t n)
{
	AUTO(buf) b = {0};
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_plain = terms[i].stem.n >= 3;
		for (size_t k = 0; k < terms[i].stem.n; k++)
			is_plain &= isalnum((unsigned char)terms[i].stem.p[k]) ||
				    terms[i].stem.p[k] == '_';
		if (terms[i].is_weak || !is_plain)
			continue;
		buf_printf(&b, "%s%.*s,%c%.*s", used++ ? "," : "*{", STR_ARG(terms[i].stem),
			toupper((unsigned char)terms[i].stem.p[0]),
			STR_ARG(str_skip(terms[i].stem, 1)));
	}
	if (used)
		buf_put_text(&b, "}*");
	return arena_copy(d->a, buf_str(&b));
}

static bool topic_files(struct desk *d, const struct request *r, const struct target *t,
	struct ranked *files, size_t *count, const struct finding **result)
{
	struct term terms[TERMS_MAX + 1];
	size_t n = read_terms(d, r, terms), file_count = 0;
	struct grep_ask ask = {.pattern = pattern_of(d, terms, n),
		.path = t->path,
		.glob = t->glob,
		.ignore_case = true,
		.limit = GREP_LIMIT};

	*count = 0;
	*result = NULL;
	if (ask.pattern.n == 0)
		return true;
	struct str glob = name_glob(d, terms, n);
	const struct finding *f = desk_grep(d, &ask);
	const struct finding *named = glob.n && !t->glob.n ? desk_glob(d, glob, t->path) : NULL;
	if (!f || (glob.n && !t->glob.n && !named))
		return false;
	*result = f;
	struct matches m = desk_matches(d, f);
	unsigned strong = 0;
	for (size_t i = 0; i < n; i++)
		strong |= terms[i].is_weak ? 0 : 1u << i;
	for (size_t i = 0; i < m.n; i++) {
		if (!(terms_in(m.p[i].text, terms, n, d->a) & strong))
			continue;
		struct ranked *file = file_for(files, &file_count, m.p[i].path);
		if (file)
			weigh(file, &m.p[i], terms, n, r, d->a);
	}
	struct entries names = named ? desk_paths(d, named) : (struct entries){0};
	for (size_t i = 0; i < names.n; i++)
		if (terms_in(offline_base(names.p[i].path), terms, n, d->a) & strong)
			file_for(files, &file_count, names.p[i].path);
	for (size_t i = 0; i < file_count; i++)
		weigh_file(r, &files[i], terms, n, d->a);
	file_count = keep_best(files, file_count, terms, n);
	if (file_count)
		qsort(files, file_count, sizeof *files, by_score);
	*count = file_count;
	return true;
}

void answer_topic(struct desk *d, const struct request *r, struct buf *out)
{
	struct ranked *files = arena_alloc(d->a, FILES_MAX, sizeof *files);
	const struct finding *f;
	struct target t;
	size_t n;

	if (!desk_target(d, r, &t) || !topic_files(d, r, &t, files, &n, &f))
		return;
	if (f && f->is_error) {
		put_error(out, f);
		return;
	}
	const char *words = terms_as_words(d, r);
	if (n == 0) {
		buf_printf(out, "Nothing%.*s mentions %s.%s%.*s\n", STR_ARG(t.words), words,
			f ? " " : "", f ? (int)str_trim(f->text).n : 0,
			f ? str_trim(f->text).p : "");
		if (r->ask == ASK_TOPIC)
			buf_put_text(out,
				"If that was more than a search: a language model can be connected with "
				"ANTHROPIC_API_KEY or OPENAI_API_KEY, or --model provider/model.\n");
		return;
	}
	bool wants_definitions =
		request_has(r, W_DEFINE) || request_has(r, W_WHERE) || r->weak.n > 0;
	put_ranked(out, files, n, words, wants_definitions);
}
