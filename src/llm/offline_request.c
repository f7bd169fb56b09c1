// SPDX-License-Identifier: MIT
/* From words to requests: where one ends and the next begins, what it is about. */
#include "llm/offline.h"
#include "llm/offline_ask.h"

static bool is(const struct word *w, enum word_class c)
{
	return w->kind == WORD_PLAIN && !w->is_object && (w->classes & CLASS(c));
}

bool request_has(const struct request *r, enum word_class c)
{
	return r->classes & CLASS(c);
}

bool request_says(const struct request *r, const char *word)
{
	for (size_t i = 0; i < r->words.n; i++)
		if (r->words.p[i].kind == WORD_PLAIN && !r->words.p[i].is_object &&
			str_is(r->words.p[i].low, word))
			return true;
	return false;
}

static bool is_joint(const struct word *w)
{
	return is(w, W_AND) || (w->kind == WORD_STOP && strchr(",:", w->text.p[0]));
}

/* Words that begin a request of their own: "how many", "list", "where", "last commit". */
static bool opens(const struct words *words, size_t i)
{
	uint64_t openers = CLASS(W_LIST) | CLASS(W_SHOW) | CLASS(W_COUNT) | CLASS(W_FIND) |
			   CLASS(W_WHERE) | CLASS(W_WHICH) | CLASS(W_WHAT) | CLASS(W_WHO) |
			   CLASS(W_HOW) | CLASS(W_WHY) | CLASS(W_WHEN) | CLASS(W_EXPLAIN) |
			   CLASS(W_LARGE) | CLASS(W_SMALL) | CLASS(W_NEW) | CLASS(W_PENDING) |
			   CLASS(W_GIT) | CLASS(W_LAST) | CLASS(W_FIRST);

	while (i < words->n && (is(&words->p[i], W_AND) || (is_one_of_fillers(&words->p[i]) &&
								   !is(&words->p[i], W_YES_NO))))
		i++;
	if (i >= words->n || words->p[i].kind != WORD_PLAIN || words->p[i].is_object)
		return false;
	const struct word *w = &words->p[i];
	const struct word *next = i + 1 < words->n ? w + 1 : NULL;
	if (w->classes & openers)
		return true;
	if (is(w, W_YES_NO) && next && next->kind == WORD_PLAIN &&
		(next->classes & (CLASS(W_FILLER) | CLASS(W_PRONOUN))))
		return true;
	if (is(w, W_BRANCH) || is(w, W_CALL) || (is(w, W_DO) && !is_plural_noun(w)))
		return next == NULL || next->kind != WORD_PLAIN || is(w, W_DO) || is(w, W_BRANCH) ||
		       is(w, W_CALL);
	return false;
}

/* "todos and fixmes": the same thing twice is one request. */
static bool is_mark_pair(const struct words *words, size_t from, size_t i)
{
	bool before = false;

	for (size_t k = from; k < i; k++)
		before |= is(&words->p[k], W_MARK);
	return before && i + 1 < words->n && is(&words->p[i + 1], W_MARK);
}

static bool ends_sentence(const struct words *words, size_t i)
{
	const struct word *w = &words->p[i];

	return w->kind == WORD_STOP && w->text.n && strchr("?;!.\n", w->text.p[0]);
}

/* A part without an opener of its own belongs to the one before ("which files use x, y and z"). */
static bool says_something(const struct words *words, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct word *w = &words->p[i];
		if (w->kind != WORD_STOP && !(w->kind == WORD_PLAIN && is_one_of_fillers(w)) &&
			!is(w, W_AND))
			return true;
	}
	return false;
}

/* Does the part before a joint already say what to do with what? "find and fix x" does not. */
static bool is_whole(const struct words *words, size_t from, size_t to)
{
	size_t subjects = 0;

	for (size_t i = from; i < to; i++) {
		const struct word *w = &words->p[i];
		if (w->kind == WORD_STOP || is_one_of_fillers(w) || is(w, W_AND))
			continue;
		if (w->kind == WORD_PLAIN &&
			(is(w, W_FIND) || is(w, W_SHOW) || is(w, W_WHERE) || is(w, W_WHICH) ||
				is(w, W_LIST)) &&
			!is(w, W_MARK))
			continue;
		subjects++;
	}
	return subjects > 0;
}

static struct words slice(const struct words *words, size_t from, size_t to)
{
	while (from < to && (words->p[from].kind == WORD_STOP || is(&words->p[from], W_AND)))
		from++;
	while (to > from && words->p[to - 1].kind == WORD_STOP)
		to--;
	return (struct words){words->p + from, to - from};
}

static size_t split(const struct words *words, struct words out[REQUESTS_MAX])
{
	size_t count = 0, from = 0;

	for (size_t i = 0; i <= words->n; i++) {
		bool cut = i == words->n || ends_sentence(words, i);
		if (!cut && is_joint(&words->p[i]) && i > from)
			cut = opens(words, i + 1) && is_whole(words, from, i) &&
			      !is_mark_pair(words, from, i);
		if (!cut)
			continue;
		if (says_something(words, from, i) && count < REQUESTS_MAX)
			out[count++] = slice(words, from, i);
		from = i;
		if (i < words->n && words->p[i].kind == WORD_STOP)
			from = i + 1;
	}
	return count;
}

/* ---- what one request is about ---- */

/* Words that end what is searched for: "retries in src". */
static size_t object_end(const struct request *r, size_t i)
{
	size_t start = i;

	while (i < r->words.n && r->words.p[i].kind == WORD_PLAIN &&
		!(i > start && is(&r->words.p[i], W_SCOPE)) && !is(&r->words.p[i], W_AND) &&
		!str_is(r->words.p[i].low, "or") && !str_is(r->words.p[i].low, "anywhere"))
		i++;
	return i;
}

static bool skips_to_object(const struct word *w)
{
	static const char *const nouns[] = {"string", "word", "text", "phrase", "term", "pattern",
		"symbol", "identifier", "keyword", "name", "occurrence", "occurrences", "instance",
		"instances", "mention", "mentions", "reference", "references", "match", "matches",
		"lines", "line", "in", "all", "anything", "something", "i", "that", NULL};

	if (w->kind != WORD_PLAIN)
		return false;
	for (int i = 0; nouns[i]; i++)
		if (str_is(w->low, nouns[i]))
			return true;
	return (w->classes & CLASS(W_FILLER)) != 0 || (w->text.p[0] == '-' && w->text.n <= 4);
}

static bool may_be_object(const struct request *r, size_t from, size_t to, bool is_mention)
{
	uint64_t other = CLASS(W_FILE) | CLASS(W_FUNCTION) | CLASS(W_TYPE) | CLASS(W_DEFINE) |
			 CLASS(W_USE) | CLASS(W_CALL) | CLASS(W_LARGE) | CLASS(W_SMALL) |
			 CLASS(W_NEW) | CLASS(W_EMPTY) | CLASS(W_IMPORT) | CLASS(W_WHERE) |
			 CLASS(W_HOW) | CLASS(W_WHO) | CLASS(W_WHICH) | CLASS(W_WHAT) |
			 CLASS(W_MARK) | CLASS(W_FILENAME) | CLASS(W_WEAK) | CLASS(W_COMMIT) |
			 CLASS(W_JUDGE) | CLASS(W_MENTION) | CLASS(W_COMMENT) | CLASS(W_WHEN);

	if (is_mention)
		other = CLASS(W_FUNCTION) | CLASS(W_MARK) | CLASS(W_WEAK) | CLASS(W_WHERE) |
			CLASS(W_DEFINE);
	for (size_t i = from; i < to; i++) {
		const struct word *w = &r->words.p[i];
		bool is_kind =
			w->classes & (CLASS(W_TEST) | CLASS(W_HEADER) | CLASS(W_DOCUMENT) |
					     CLASS(W_CONFIG) | CLASS(W_IMAGE) | CLASS(W_SCRIPT));
		if (w->kind != WORD_PLAIN)
			return false;
		if (w->classes & other)
			return false;
		if (!is_mention && (is_kind || w->language))
			return false;
	}
	return from < to;
}

static bool is_mention_verb(const struct request *r, size_t i)
{
	const struct word *w = &r->words.p[i];

	if (str_is(w->low, "about") && i && is(&r->words.p[i - 1], W_MENTION))
		return true;
	return is(w, W_MENTION) || (str_is(w->low, "with") && i && is(&r->words.p[i - 1], W_LINE));
}

static void mark_object(struct request *r)
{
	for (size_t i = 0; i < r->words.n; i++) {
		bool is_mention = is_mention_verb(r, i);
		if (!is_mention && !is(&r->words.p[i], W_FIND))
			continue;
		size_t from = i + 1;
		while (from < r->words.n && skips_to_object(&r->words.p[from]))
			from++;
		size_t to = object_end(r, from);
		/* "grep malloc src": in a shell the second word is a place. */
		if (str_is(r->words.p[i].low, "grep") && i == 0 && to == from + 2 &&
			r->words.p[to - 1].kind == WORD_PLAIN)
			to--;
		if (from < r->words.n && r->words.p[from].kind != WORD_PLAIN) {
			if (is_mention || str_is(r->words.p[i].low, "grep"))
				r->words.p[from].is_object = true;
			continue;
		}
		if (!may_be_object(r, from, to, is_mention))
			continue;
		r->is_phrase = true;
		subjects_add(
			&r->names, str_range(r->words.p[from].text.p,
					   r->words.p[to - 1].text.p + r->words.p[to - 1].text.n));
		for (size_t k = from; k < to; k++)
			r->words.p[k].is_object = true;
		return;
	}
}

/* "more than 100 lines", "under 2kb". */
static bool read_threshold(struct request *r, size_t i)
{
	static const char *const above[] = {
		"than", "over", "above", "exceeding", "exceed", ">", NULL};
	static const char *const below[] = {"under", "below", "<", NULL};
	const struct word *w = &r->words.p[i], *before = i ? w - 1 : w;
	bool is_above = false, is_below = false;

	for (int k = 0; above[k]; k++)
		is_above |= before != w && str_is(before->low, above[k]);
	for (int k = 0; below[k]; k++)
		is_below |= before != w && str_is(before->low, below[k]);
	if (!is_above && !is_below)
		return false;
	r->threshold = w->first;
	r->is_below = is_below ||
		      (i > 1 && (is(w - 2, W_SMALL) || str_is(w[-2].low, "fewer") ||
					str_is(w[-2].low, "less") || str_is(w[-2].low, "smaller") ||
					str_is(w[-2].low, "shorter")));
	r->is_bytes = w->is_bytes || (i + 1 < r->words.n && is(w + 1, W_SIZE));
	if (i + 1 < r->words.n && (str_is(w[1].low, "kb") || str_is(w[1].low, "kilobytes")))
		r->threshold = w->first < INT64_MAX / 1024 ? w->first * 1024 : w->first;
	return true;
}

static void read_numbers(struct request *r)
{
	bool has_line = false;

	for (size_t i = 0; i < r->words.n; i++)
		has_line |= is(&r->words.p[i], W_LINE);
	for (size_t i = 0; i < r->words.n; i++) {
		struct word *w = &r->words.p[i];
		if (w->kind == WORD_PATH && w->first) {
			r->first = w->first;
			r->last = w->last ? w->last : w->first;
		}
		if (w->kind != WORD_NUMBER || w->is_object || w->first <= 0)
			continue;
		bool after_line = i && is(&r->words.p[i - 1], W_LINE);
		bool is_range = w->last || after_line || r->first || str_is(w->low, "from") ||
				(i && has_line &&
					(str_is(r->words.p[i - 1].low, "from") ||
						str_is(r->words.p[i - 1].low, "between")));
		w->is_used = true;
		if (read_threshold(r, i))
			continue;
		/* "around line 20": with what is near it. */
		size_t about = i >= 2 && after_line ? i - 2 : i ? i - 1 : 0;
		if (str_is(r->words.p[about].low, "around") ||
			str_is(r->words.p[about].low, "near")) {
			r->first = w->first > 6 ? w->first - 6 : 1;
			r->last = w->first < INT64_MAX - 6 ? w->first + 6 : w->first;
			continue;
		}
		if (is_range && !r->first) {
			r->first = w->first;
			r->last = w->last ? w->last : 0;
		} else if (is_range && !r->last) {
			r->last = w->first;
		} else if (!r->limit) {
			r->limit = w->first;
		}
	}
	for (size_t i = 0; i < r->words.n && !r->limit && !r->first; i++)
		if (str_is(r->words.p[i].low, "line") && i &&
			(is(&r->words.p[i - 1], W_FIRST) || is(&r->words.p[i - 1], W_LAST)))
			r->limit = 1;
	if (r->first && !r->last)
		r->last = r->limit > r->first ? r->limit : r->first;
}

/* A path in quotes is a path, unless text is what is searched. */
static bool is_quoted_path(const struct word *w, struct arena *a)
{
	struct words one = offline_words(w->text, a);

	return one.n == 1 && one.p[0].kind == WORD_PATH;
}

static bool is_quoted_glob(const struct word *w)
{
	return str_starts(w->text, STR("*.")) || str_starts(w->text, STR("**/"));
}

static void prepare_quoted(struct request *r, struct arena *a)
{
	for (size_t i = 0; i < r->words.n; i++) {
		struct word *w = &r->words.p[i];
		if (w->kind != WORD_QUOTED || w->is_object)
			continue;
		if (is_quoted_glob(w))
			w->kind = WORD_GLOB;
		else if (is_quoted_path(w, a))
			w->kind = WORD_PATH;
	}
}

/* Words that carry meaning in a topic although the lexicon knows them. */
static bool is_soft(const struct word *w)
{
	return w->classes &
	       (CLASS(W_WEAK) | CLASS(W_CONFIG) | CLASS(W_TEST) | CLASS(W_IMAGE) | CLASS(W_SIZE) |
		       CLASS(W_BRANCH) | CLASS(W_COMMIT) | CLASS(W_IMPORT) | CLASS(W_PENDING) |
		       CLASS(W_COMMENT) | CLASS(W_VALUE) | CLASS(W_LARGE) | CLASS(W_SMALL) |
		       CLASS(W_EMPTY) | CLASS(W_MENTION) | CLASS(W_JUDGE) | CLASS(W_DO) |
		       CLASS(W_HEADER) | CLASS(W_SCRIPT) | CLASS(W_USE));
}

/* "struct store" in quotes is the name store. */
static struct str without_keyword(struct str text)
{
	static const char *const keywords[] = {"struct ", "enum ", "union ", "class ", "def ",
		"function ", "func ", "fn ", "interface ", "#define ", NULL};

	for (int i = 0; keywords[i]; i++)
		if (str_starts(text, str_from(keywords[i])) && text.n > strlen(keywords[i]))
			return str_trim(str_skip(text, strlen(keywords[i])));
	return text;
}

static void read_subjects(struct request *r)
{
	for (size_t i = 0; i < r->words.n; i++) {
		struct word *w = &r->words.p[i];
		if (w->is_used)
			continue;
		switch (w->kind) {
		case WORD_QUOTED:
			r->is_quoted = true;
			subjects_add(&r->names, without_keyword(w->text));
			break;
		case WORD_NAME:
			if (w->text.p[0] != '-' || w->text.n > 4)
				subjects_add(&r->names, w->text);
			break;
		case WORD_PATH: subjects_add(w->is_object ? &r->names : &r->paths, w->text); break;
		case WORD_NUMBER: break;
		case WORD_PLAIN:
			if (w->is_object || (w->text.p[0] == '-' && w->text.n <= 4))
				break;
			if (is(w, W_FILENAME))
				subjects_add(&r->paths, w->text);
			else if (w->classes == 0 || w->classes == CLASS(W_DO))
				subjects_add(&r->topics, w->text);
			else if (is_soft(w) && !(w->classes & (CLASS(W_FILLER) | CLASS(W_POLITE) |
								      CLASS(W_PROJECT))))
				subjects_add(&r->weak, w->low);
			break;
		default: break;
		}
	}
}

static void read_flags(struct request *r)
{
	static const char *const negations[] = {"not", "don", "doesn", "don't", "doesn't",
		"without", "isn't", "aren't", "never", "dont", "doesnt", "lack", "lacking", NULL};

	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i], *next = i + 1 < r->words.n ? w + 1 : NULL;
		if (w->kind != WORD_PLAIN || w->is_object)
			continue;
		for (int k = 0; negations[k]; k++)
			r->is_negated |= str_is(w->low, negations[k]);
		r->is_numeric |= is(w, W_COUNT) ||
				 (is(w, W_HOW) && next &&
					 (str_is(next->low, "much") || str_is(next->low, "big") ||
						 str_is(next->low, "long") || is(next, W_COUNT) ||
						 is(next, W_LARGE)));
	}
}

/* "not committed", "haven't been committed", "not yet committed". */
static bool is_uncommitted(const struct words *words, size_t i)
{
	if (!is(&words->p[i + 1], W_COMMIT) || !str_starts(words->p[i + 1].low, STR("commit")))
		return false;
	for (size_t k = i + 1, seen = 0; k-- > 0 && seen < 4; seen++) {
		const struct word *w = &words->p[k];
		if (w->kind == WORD_PLAIN && (str_is(w->low, "not") || str_is(w->low, "never") ||
						     str_ends(w->low, STR("n't"))))
			return true;
		if (!is_one_of_fillers(w))
			return false;
	}
	return false;
}

/* Pairs of words that mean something else than each alone. */
static void settle_pairs(struct words *words)
{
	struct word *last = words->n > 1 ? &words->p[words->n - 1] : NULL;

	if (last && str_is(last->low, "number"))
		last->classes = CLASS(W_WEAK);
	for (size_t i = 0; i + 1 < words->n; i++) {
		struct word *w = &words->p[i], *next = w + 1;
		if (is(w, W_HOW) && str_is(next->low, "may"))
			next->classes = CLASS(W_COUNT);
		else if (is_uncommitted(words, i))
			next->classes = CLASS(W_PENDING);
		else if (str_is(w->low, "look") &&
			 (str_is(next->low, "for") || str_is(next->low, "up")))
			w->classes = CLASS(W_FIND);
		else if (str_is(w->low, "look") && str_is(next->low, "at"))
			w->classes = CLASS(W_SHOW);
		else if (str_is(w->low, "to") && str_is(next->low, "do") && i &&
			 (str_is(w[-1].low, "left") || str_starts(w[-1].low, STR("remain"))))
			next->classes = CLASS(W_MARK);
		else if (str_is(w->low, "unit") && is(next, W_TEST))
			w->classes = CLASS(W_FILLER);
		else if (str_is(w->low, "number") && !str_is(next->low, "of") && i)
			w->classes = CLASS(W_WEAK);
		else if (is(w, W_FILE) && str_is(next->low, "called"))
			next->classes = CLASS(W_NAMED);
		else if (str_is(next->low, "about") &&
			 (str_is(w->low, "anything") || str_is(w->low, "something")))
			next->classes = CLASS(W_MENTION);
	}
}

static void read_request(struct request *r, struct words words, struct arena *a)
{
	r->words = words;
	settle_pairs(&words);
	mark_object(r);
	for (size_t i = 0; i < words.n; i++)
		if (words.p[i].kind == WORD_PLAIN && !words.p[i].is_object)
			r->classes |= words.p[i].classes;
	prepare_quoted(r, a);
	scope_read(r, a);
	read_numbers(r);
	read_flags(r);
	read_subjects(r);
}

/* "where is x defined and who calls it": what "it" is was said before. */
static void inherit(struct request *r, const struct request *before)
{
	bool lacks_subject = !r->names.n && !r->topics.n && !r->paths.n;
	bool is_about_symbol = request_has(r, W_CALL) || request_has(r, W_USE) ||
			       request_has(r, W_DEFINE) || request_has(r, W_WHERE) ||
			       request_has(r, W_MENTION);

	/* The largest file comes with its length. */
	if (before->ask == ASK_RANK && r->is_numeric && request_has(r, W_PRONOUN) && lacks_subject)
		r->classes = 0;
	/* "how many lines of C in a, and how many in b". */
	bool is_bare = r->is_numeric && !request_has(r, W_FILE) && !request_has(r, W_LINE) &&
		       !r->scope.label.n && lacks_subject;
	if (is_bare && before->ask == ASK_COUNT && r->scope.places.n) {
		r->scope.alternatives = before->scope.alternatives;
		r->scope.label = before->scope.label;
	}
	if (!lacks_subject || !(request_has(r, W_PRONOUN) || is_about_symbol))
		return;
	if (before->names.n) {
		r->names = before->names;
	} else if (before->paths.n && (request_has(r, W_PRONOUN) || request_has(r, W_LINE))) {
		r->paths = before->paths;
	} else if (is_about_symbol && before->topics.n) {
		r->topics = before->topics;
		r->weak = before->weak;
	} else if (request_has(r, W_PRONOUN) && !r->scope.places.n && !r->scope.alternatives.n) {
		r->scope = before->scope;
	}
}

/* "how many files and how many lines of C are there": C is meant for both. */
static void share_scope(struct request *r, struct request *next)
{
	bool is_bare = r->ask == ASK_COUNT && r->words.n <= 4 && !r->paths.n &&
		       !r->scope.places.n && !r->scope.alternatives.n;

	if (is_bare && next->ask == ASK_COUNT)
		r->scope = next->scope;
}

/* "I'm new here." beside a question is no request. */
static size_t drop_asides(struct request *r, size_t count)
{
	size_t kept = 0, real = 0;

	for (size_t i = 0; i < count; i++)
		real += !(r[i].ask == ASK_CANNOT && r[i].is_guess);
	for (size_t i = 0; i < count; i++)
		if (real == 0 || !(r[i].ask == ASK_CANNOT && r[i].is_guess && !r[i].names.n))
			r[kept++] = r[i];
	return kept;
}

size_t offline_requests(struct str task, struct request out[REQUESTS_MAX], struct arena *a)
{
	struct words words = offline_words(task, a), parts[REQUESTS_MAX];
	size_t parts_count = split(&words, parts), count = 0;

	for (size_t i = 0; i < parts_count; i++) {
		struct request r = {0};
		read_request(&r, parts[i], a);
		if (count)
			inherit(&r, &out[count - 1]);
		r.ask = ask_of(&r);
		if (r.ask != ASK_NOTHING)
			out[count++] = r;
	}
	count = drop_asides(out, count);
	for (size_t i = 0; i + 1 < count; i++)
		share_scope(&out[i], &out[i + 1]);
	if (count == 0)
		out[count++] = (struct request){.ask = ASK_HELP, .words = words};
	return count;
}
