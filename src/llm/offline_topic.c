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
	FILES_MAX = 1100, /* no more lines and names than that come in */
	FILES_SHOWN = 8,
	LINES_SHOWN = 3,
	OTHERS_SHOWN = 8,
	TERMS_MAX = 6,
	COLUMNS = 120
};

struct term {
	struct str stem; /* lower case, what all its forms begin with */
	struct str word; /* the same with the letters that the stem lost; else the stem */
	bool is_weak;
};

struct evidence {
	struct match match;
	struct definition definition;
	bool defines, is_comment;
	int score;
};

struct ranked {
	struct str path;
	int score;
	unsigned terms; /* a bit for every term that was met */
	bool defines;
	bool is_named; /* its name has a strong word */
	bool is_aside; /* tests, documents and data stand behind what they are about */
	int best; /* highest number of terms in one line */
	struct evidence best_lines[LINES_SHOWN];
	size_t line_count, matches;
};

/* "retries" to "retr": the beginning that retry, retries and retrying share. */
static struct term term_of(struct str word, bool is_weak, struct arena *a)
{
	struct str stem = offline_stem(offline_lower(word, a), a);
	struct term t = {.stem = stem, .word = stem, .is_weak = is_weak};

	if (stem.n > 4 && (stem.p[stem.n - 1] == 'y' || stem.p[stem.n - 1] == 'e'))
		t.stem.n--;
	return t;
}

static size_t add_term(struct term *terms, size_t n, struct term term)
{
	bool is_known = term.stem.n < 2 || n == TERMS_MAX;

	for (size_t k = 0; k < n; k++)
		is_known |= str_eq(terms[k].stem, term.stem);
	if (!is_known)
		terms[n++] = term;
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
				n = add_term(terms, n, term_of(word, s == 2 && has_strong, d->a));
		}
	for (size_t i = 0; i < r->words.n && n < TERMS_MAX; i++) {
		const struct word *w = &r->words.p[i];
		if (w->kind == WORD_NUMBER && w->text.n > 1)
			terms[n++] = (struct term){w->text, w->text, has_strong};
	}
	return n;
}

static unsigned strong_of(const struct term *terms, size_t n)
{
	unsigned strong = 0;

	for (size_t i = 0; i < n; i++)
		strong |= terms[i].is_weak ? 0 : 1u << i;
	return strong;
}

static void put_quoted(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr("\\^$.|?*+()[]{}-", text.p[i]) && text.p[i])
			buf_put_char(b, '\\');
		buf_put_char(b, text.p[i]);
	}
}

/*
 * Short stems are searched where a word begins only: "log" is not in "catalog". A stem that lost a
 * letter goes on as its forms do: "stat(e|i)" is not in "static", but for what is sorted out later.
 */
static void put_term(struct buf *b, const struct term *t)
{
	if (t->stem.n < 4)
		buf_put_text(b, "(?<![A-Za-z])");
	put_quoted(b, t->stem);
	if (t->word.n > t->stem.n && t->word.p[t->stem.n] == 'y')
		buf_put_text(b, "(?:y|i[ae])");
	else if (t->word.n > t->stem.n)
		buf_put_text(b, "(?:e|ing|ion|able|or)");
}

static struct str pattern_of(struct desk *d, const struct term *terms, size_t n)
{
	AUTO(buf) b = {0};
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (terms[i].is_weak)
			continue;
		buf_put_text(&b, used++ ? "|" : "");
		put_term(&b, &terms[i]);
	}
	return arena_copy(d->a, buf_str(&b));
}

/*
 * For what stands in more lines than are read: lines with two of the words at once; of a single
 * word, lines that begin at the margin, as definitions do, or with a keyword of one.
 */
static struct str narrow_pattern(struct desk *d, const struct term *terms, size_t n)
{
	AUTO(buf) b = {0};
	size_t strong = (size_t)__builtin_popcount(strong_of(terms, n));

	if (strong > 1) {
		buf_put_text(&b, "^");
		for (size_t i = 0; i < n; i++)
			if (!terms[i].is_weak) {
				buf_put_text(&b, "(?=.*?(?:");
				put_term(&b, &terms[i]);
				buf_put_text(&b, "))");
			}
		return arena_copy(d->a, buf_str(&b));
	}
	buf_printf(&b,
		"^(?:[A-Za-z_][^;=]*|#\\s*define\\s+\\w*|\\s*(?:def|class|fn|func|function|struct|"
		"enum)\\s+\\w*)(?:%.*s)\\w*\\s*[({:]|^#\\s*define\\s+\\w*(?:%.*s)",
		STR_ARG(pattern_of(d, terms, n)), STR_ARG(pattern_of(d, terms, n)));
	return arena_copy(d->a, buf_str(&b));
}

/* What may follow the common beginning of a word's forms. */
static bool is_ending(struct str rest, const struct term *t)
{
	static const char endings[] =
		" s es e ed d er ers r rs ing ings y ies ied ier iers ying able yable iable eable ion "
		"ions or ors ment ments al ly ous ";

	if (rest.n > 1 && t->stem.n && rest.p[0] == t->stem.p[t->stem.n - 1])
		rest = str_skip(rest, 1); /* "logging" */
	return rest.n == 0 || (rest.n < 8 && lexicon_lists(endings, rest));
}

static bool goes_on(struct str text, struct str low, size_t at, const struct term *t)
{
	size_t end = at + t->stem.n;
	bool is_full = str_starts(str_skip(low, at), t->word);

	while (end < text.n && isalpha((unsigned char)text.p[end]) &&
		!(isupper((unsigned char)text.p[end]) && islower((unsigned char)text.p[end - 1])))
		end++;
	struct str rest = str_range(low.p + at + t->stem.n, low.p + end);
	if (is_ending(rest, t) || (is_full && t->word.n >= 6))
		return true;
	return is_full && is_ending(str_skip(low, at + t->word.n).n
					    ? str_range(low.p + at + t->word.n, low.p + end)
					    : (struct str){0},
				  t);
}

/*
 * A form of the word where a word begins: after a sign, a digit, or at a hump ("maxRetry"). Long
 * ones count anywhere: "port" is not in "report", but "timeout" is in "readtimeout".
 */
static bool holds(struct str text, struct str low, const struct term *t)
{
	for (size_t at = 0; (at = str_find(low, t->stem, at)) != SIZE_MAX; at++) {
		bool is_hump = at && islower((unsigned char)text.p[at - 1]) &&
			       isupper((unsigned char)text.p[at]);
		bool begins = t->stem.n >= 6 || at == 0 || is_hump ||
			      !isalpha((unsigned char)text.p[at - 1]);
		if (begins && goes_on(text, low, at, t))
			return true;
	}
	return false;
}

static unsigned terms_in(struct str text, const struct term *terms, size_t n, struct arena *a)
{
	struct str head = str_head(text, 2000), low = offline_lower(head, a);
	unsigned met = 0;

	for (size_t i = 0; i < n; i++)
		met |= holds(head, low, &terms[i]) ? 1u << i : 0;
	return met;
}

static struct ranked *file_for(struct ranked *files, size_t *n, struct str path)
{
	for (size_t i = *n; i-- > 0;)
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

static int definition_score(const struct request *r, const struct evidence *e)
{
	const char *noun = e->definition.noun;
	bool is_constant = strcmp(noun, "macro") == 0 || strcmp(noun, "constant") == 0 ||
			   strcmp(noun, "struct") == 0;

	if (e->definition.is_declaration)
		return 2;
	if (is_constant)
		return 6;
	return symbol_is_code(e->match.path) ? 5 : request_has(r, W_WHERE) ? 2 : 4;
}

static void weigh(struct ranked *f, const struct match *m, const struct term *terms, size_t n,
	const struct request *r, struct arena *a)
{
	struct evidence e = {.match = *m};
	unsigned met = terms_in(m->text, terms, n, a);
	int count = __builtin_popcount(met);
	size_t comment = symbol_comment(m->path, m->text);
	bool is_code = symbol_is_code(m->path);

	/* Words that meet in one line are about each other. */
	e.score = count * 2 + (count > 1 ? count * 3 : 0);
	e.is_comment = is_code && comment != SIZE_MAX &&
		       !terms_in(str_head(m->text, comment), terms, n, a);
	if (symbol_defined(m->path, m->text, &e.definition) &&
		terms_in(e.definition.name, terms, n, a)) {
		e.defines =
			!e.definition.is_declaration && strcmp(e.definition.noun, "heading") != 0;
		e.score += definition_score(r, &e);
	} else if (e.is_comment) {
		e.score += 2;
	} else if (symbol_is_import(m->path, m->text)) {
		e.score -= 1;
	}
	f->terms |= met;
	f->defines |= e.defines && is_code;
	f->best = count > f->best ? count : f->best;
	f->score += f->matches++ < 12 ? e.score : 0;
	keep_line(f, e);
}

static int by_score(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	if (a->is_aside != b->is_aside)
		return a->is_aside - b->is_aside;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return str_cmp(a->path, b->path);
}

static void weigh_file(const struct request *r, struct ranked *f, const struct term *terms,
	size_t n, struct arena *a)
{
	unsigned strong = strong_of(terms, n), named = terms_in(offline_base(f->path), terms, n, a);
	bool wants_tests = request_has(r, W_TEST), wants_text = request_has(r, W_DOCUMENT) ||
								request_has(r, W_CONFIG) ||
								request_has(r, W_VALUE);

	f->terms |= named;
	f->is_named = named & strong;
	f->score += named & strong ? 12 : 0;
	/* Several words close together are worth more than many of one. */
	f->score *= 1 + __builtin_popcount(f->terms & strong) + (f->best > 1 ? f->best : 0);
	f->is_aside = (path_is_test(f->path) && !wants_tests) ||
		      (!symbol_is_code(f->path) && !wants_text && !f->is_named);
	if (!symbol_is_code(f->path) && !wants_text)
		f->score /= request_has(r, W_WHERE) || request_has(r, W_DEFINE) ? 4 : 2;
}

static void put_evidence(struct buf *out, const struct evidence *e, const char *lead)
{
	struct str text = str_trim(e->match.text), head = utf8_head(text, COLUMNS);

	buf_printf(out, "%s%.*s:%lld", lead, STR_ARG(e->match.path), (long long)e->match.line);
	if (e->defines || e->definition.is_declaration)
		buf_printf(out, " (%s%s)", e->definition.noun,
			e->definition.is_declaration ? ", declared" : "");
	buf_printf(out, ": %.*s%s\n", STR_ARG(head), head.n < text.n ? " ..." : "");
}

/* Beside definitions, comments are noise. */
static void put_file(struct buf *out, const struct ranked *f)
{
	bool defines = false;
	size_t shown = 0;

	for (size_t i = 0; i < f->line_count; i++)
		defines |= f->best_lines[i].defines;
	for (size_t i = 0; i < f->line_count; i++)
		if (!(defines && f->best_lines[i].is_comment))
			put_evidence(out, &f->best_lines[i], shown++ ? "  " : "- ");
	if (shown == 0)
		buf_printf(out, "- %.*s (by its name)\n", STR_ARG(f->path));
}

static bool is_data(struct str path)
{
	return !symbol_is_code(path) && !str_ends(path, STR(".md")) && !str_ends(path, STR(".rst"));
}

/* In one line: files that are about it without defining it. */
static void put_others(struct buf *out, const struct ranked *files, size_t n)
{
	size_t others = 0, data = 0, shown = 0, left = 0;

	for (size_t i = 0; i < n; i++) {
		others += !files[i].defines;
		data += !files[i].defines && is_data(files[i].path);
	}
	for (size_t i = 0; i < n; i++) {
		const struct ranked *f = &files[i];
		if (f->defines || (is_data(f->path) && data < others))
			continue;
		if (shown == OTHERS_SHOWN) {
			left++;
			continue;
		}
		buf_printf(out, "%s %.*s",
			shown++ ? "," : "Others that mention it:", STR_ARG(f->path));
		if (f->line_count)
			buf_printf(out, ":%lld", (long long)f->best_lines[0].match.line);
	}
	if (left)
		buf_printf(out, " and %zu more", left);
	buf_put_text(out, shown ? ".\n" : "");
}

static void put_ranked(struct buf *out, const struct ranked *files, size_t n, const char *words,
	bool wants_definitions, bool is_cut)
{
	size_t defining = 0, shown = 0;
	const char *least = is_cut ? "At least " : "";

	for (size_t i = 0; i < n; i++)
		defining += files[i].defines;
	bool is_split = wants_definitions && defining;
	if (is_split)
		buf_printf(out, "%s%zu file%s define%s something named after %s:\n", least,
			defining, plural((int64_t)defining), defining == 1 ? "s" : "", words);
	else
		buf_printf(out, "%s%zu file%s mention%s %s%s:\n", least, n, plural((int64_t)n),
			n == 1 ? "s" : "", words, n > 1 ? ", the most telling first" : "");
	for (size_t i = 0; i < n && shown < FILES_SHOWN; i++)
		if (!is_split || files[i].defines) {
			put_file(out, &files[i]);
			shown++;
		}
	put_more(out, (int64_t)((is_split ? defining : n) - shown));
	if (is_split)
		put_others(out, files, n);
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
static size_t keep_best(struct ranked *files, size_t n, unsigned strong)
{
	int most = 0;
	size_t kept = 0;

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

struct topic {
	struct term terms[TERMS_MAX + 1];
	size_t term_count;
	struct matches found;
	struct entries names; /* files by their names */
	const struct finding *result; /* NULL: nothing to search for */
	bool is_cut;
};

/* False: not known yet. */
static bool search_topic(
	struct desk *d, const struct request *r, const struct target *t, struct topic *o)
{
	o->term_count = read_terms(d, r, o->terms);
	struct grep_ask ask = {.pattern = pattern_of(d, o->terms, o->term_count),
		.path = t->path,
		.glob = t->glob,
		.ignore_case = true,
		.limit = GREP_LIMIT};
	struct str glob = name_glob(d, o->terms, o->term_count);
	bool has_glob = glob.n && !t->glob.n;

	if (ask.pattern.n == 0)
		return true;
	o->result = desk_grep(d, &ask);
	const struct finding *named = has_glob ? desk_glob(d, glob, t->path) : NULL;
	if (!o->result || (has_glob && !named))
		return false;
	o->found = desk_matches(d, o->result);
	o->names = named ? desk_paths(d, named) : (struct entries){0};
	o->is_cut = o->found.is_cut;
	if (!o->is_cut)
		return true;
	ask.pattern = narrow_pattern(d, o->terms, o->term_count);
	const struct finding *narrow = desk_grep(d, &ask);
	if (!narrow)
		return false;
	struct matches m = desk_matches(d, narrow);
	if (m.n)
		o->found = m;
	return true;
}

static size_t rank_files(
	struct desk *d, const struct request *r, const struct topic *o, struct ranked *files)
{
	unsigned strong = strong_of(o->terms, o->term_count);
	size_t n = 0;

	for (size_t i = 0; i < o->found.n; i++) {
		const struct match *m = &o->found.p[i];
		struct ranked *file = terms_in(m->text, o->terms, o->term_count, d->a) & strong
					      ? file_for(files, &n, m->path)
					      : NULL;
		if (file)
			weigh(file, m, o->terms, o->term_count, r, d->a);
	}
	for (size_t i = 0; i < o->names.n; i++)
		if (terms_in(offline_base(o->names.p[i].path), o->terms, o->term_count, d->a) &
			strong)
			file_for(files, &n, o->names.p[i].path);
	for (size_t i = 0; i < n; i++)
		weigh_file(r, &files[i], o->terms, o->term_count, d->a);
	n = keep_best(files, n, strong);
	if (n)
		qsort(files, n, sizeof *files, by_score);
	return n;
}

void answer_topic(struct desk *d, const struct request *r, struct buf *out)
{
	struct ranked *files = arena_alloc(d->a, FILES_MAX, sizeof *files);
	struct topic o = {0};
	struct target t;

	if (!desk_target(d, r, &t) || !search_topic(d, r, &t, &o))
		return;
	const struct finding *f = o.result;
	if (f && f->is_error) {
		put_error(out, f);
		return;
	}
	if (t.problem.n)
		buf_printf(out, "%.*s\n", STR_ARG(t.problem));
	size_t n = rank_files(d, r, &o, files);
	const char *words = terms_as_words(d, r);
	if (n == 0) {
		struct str note = f && !o.found.n ? str_trim(f->text) : STR("");
		buf_printf(out, "Nothing%.*s mentions %s.%s%.*s\n", STR_ARG(t.words), words,
			note.n ? " " : "", STR_ARG(note));
		if (r->ask == ASK_TOPIC)
			buf_put_text(out,
				"If that was more than a search: a language model can be connected with "
				"ANTHROPIC_API_KEY or OPENAI_API_KEY, or --model provider/model.\n");
		return;
	}
	bool wants_definitions =
		request_has(r, W_DEFINE) || request_has(r, W_WHERE) || r->weak.n > 0;
	put_ranked(out, files, n, words, wants_definitions, o.is_cut);
}
