// SPDX-License-Identifier: MIT
/*
 * What a request wants. Rules are tried in their order; the first that fits decides. A rule looks
 * at classes of words, never at whole sentences.
 */
#include "llm/offline_ask.h"

static bool is(const struct word *w, enum word_class c)
{
	return w->kind == WORD_PLAIN && !w->is_object && (w->classes & CLASS(c));
}

bool is_one_of_fillers(const struct word *w)
{
	uint64_t meant = ~(CLASS(W_FILLER) | CLASS(W_POLITE) | CLASS(W_YES_NO) | CLASS(W_PRONOUN) |
			   CLASS(W_MENTION) | CLASS(W_PERSON));

	return w->kind == WORD_PLAIN && !w->is_object &&
	       (w->classes & (CLASS(W_FILLER) | CLASS(W_POLITE))) && !(w->classes & meant);
}

bool is_plural_noun(const struct word *w)
{
	return w->low.n > 3 && (str_ends(w->low, STR("s")) || str_ends(w->low, STR("ed")) ||
				       str_ends(w->low, STR("ing")));
}

static bool has(const struct request *r, enum word_class c)
{
	return request_has(r, c);
}

/* The first word that carries a meaning, and the one behind it. */
static const struct word *opener(const struct request *r, const struct word **next)
{
	static const struct word none = {.kind = WORD_STOP};
	size_t i = 0;

	while (i < r->words.n &&
		(r->words.p[i].kind == WORD_STOP || is(&r->words.p[i], W_AND) ||
			(is_one_of_fillers(&r->words.p[i]) && !is(&r->words.p[i], W_YES_NO)) ||
			(is(&r->words.p[i], W_YES_NO) && i + 1 < r->words.n &&
				str_is(r->words.p[i + 1].low, "you"))))
		i++;
	*next = i + 1 < r->words.n ? &r->words.p[i + 1] : &none;
	return i < r->words.n ? &r->words.p[i] : &none;
}

static bool has_subject(const struct request *r)
{
	return r->names.n || r->topics.n || r->paths.n;
}

static bool asks_nothing(struct request *r)
{
	if (r->classes == 0 && !has_subject(r) && !r->scope.places.n && !r->scope.label.n)
		return true;
	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		bool is_empty = w->kind == WORD_STOP || is_one_of_fillers(w) || is(w, W_AND) ||
				is(w, W_YES_NO) || is(w, W_PRONOUN);
		if (!is_empty)
			return false;
	}
	return true;
}

static bool asks_help(struct request *r)
{
	return !has_subject(r) &&
	       (request_says(r, "help") || (request_says(r, "you") && request_says(r, "do"))) &&
	       r->words.n < 8 && !has(r, W_FILE) && !has(r, W_LINE) && !has(r, W_TEST) &&
	       !has(r, W_BRANCH) && !has(r, W_COMMIT);
}

/* Nouns that are verbs too count as an order only before "a", "the", "my", "it" or a name. */
static bool is_order(const struct word *w, const struct word *next)
{
	static const char *const nouns[] = {"test", "commit", "change", "document", "build", "set",
		"format", "clean", "support", "plan", "edit", "speed", "release", "stage", "stop",
		"start", "turn", "handle", "move", "pull", "script", "profile", "benchmark",
		"patch", "extract", "design", "copy", "upgrade", "send", "port", "export",
		"install", "compile", NULL};
	bool is_noun = false;

	if (!is(w, W_DO) || is_plural_noun(w))
		return false;
	for (int i = 0; nouns[i]; i++)
		is_noun |= str_is(w->low, nouns[i]);
	if (!is_noun)
		return true;
	return next->kind == WORD_NAME || next->kind == WORD_PATH || next->kind == WORD_QUOTED ||
	       (next->kind == WORD_PLAIN &&
		       (is(next, W_PRONOUN) || str_is(next->low, "the") || str_is(next->low, "a") ||
			       str_is(next->low, "an") || str_is(next->low, "my") ||
			       str_is(next->low, "our") || str_is(next->low, "all") ||
			       str_is(next->low, "everything") || str_is(next->low, "up")));
}

/* "make a list of ...", "run git status": the verb only leads to what is wanted. */
static bool leads_to_lookup(const struct request *r, const struct word *w)
{
	const struct word *end = r->words.p + r->words.n;

	for (w++; w < end; w++) {
		if (is(w, W_LIST) || is(w, W_COUNT) || is(w, W_GIT))
			return true;
		if (!is_one_of_fillers(w))
			return w->kind == WORD_PLAIN && (is(w, W_FIND) || is(w, W_SHOW)) &&
			       str_is(r->words.p[0].low, "run");
	}
	return false;
}

/* "how do I build it": the project's own documents may say. */
static bool asks_howto(struct request *r)
{
	static const char *const verbs[] = {"test", "deploy", "install", "configure", "setup",
		"compile", "build", "start", "run", "use", NULL};
	bool is_how = request_says(r, "how") &&
		      (request_says(r, "i") || request_says(r, "we") || request_says(r, "you") ||
			      request_says(r, "to") || request_says(r, "one") ||
			      request_says(r, "it") || has(r, W_PROJECT));

	if (!is_how || r->is_numeric || r->names.n)
		return false;
	for (int k = 0; verbs[k]; k++)
		for (size_t i = 0; i < r->words.n; i++)
			if (str_starts(r->words.p[i].low, str_from(verbs[k])) &&
				r->words.p[i].low.n <= strlen(verbs[k]) + 3) {
				r->topics = (struct subjects){.p = {str_from(verbs[k])}, .n = 1};
				return true;
			}
	return false;
}

static bool asks_judgement(struct request *r, const struct word *first)
{
	uint64_t askers = CLASS(W_YES_NO) | CLASS(W_WHAT) | CLASS(W_WHICH) | CLASS(W_HOW) |
			  CLASS(W_JUDGE) | CLASS(W_FIND) | CLASS(W_SHOW) | CLASS(W_LIST) |
			  CLASS(W_DO) | CLASS(W_WHO) | CLASS(W_WHY);
	bool is_asked = first->kind != WORD_PLAIN || (first->classes & askers);

	if (request_says(r, "should") && !r->is_quoted)
		return true;
	/* Functions are found by their first lines; how long they are is not known. */
	if (has(r, W_FUNCTION) && (has(r, W_LARGE) || has(r, W_SMALL)) && !r->is_phrase &&
		!r->threshold && !has(r, W_FILE))
		return true;
	return has(r, W_JUDGE) && is_asked && !has(r, W_WHERE) && !has(r, W_MENTION) &&
	       !has(r, W_MARK) && !r->is_phrase &&
	       !(has(r, W_PENDING) && request_says(r, "clean")) &&
	       !(has(r, W_DEFINE) && has(r, W_WHICH)) && !has(r, W_USE);
}

/* "how does x work", "what does x do", "what is x for": only reading and understanding answers. */
static bool asks_explanation(struct request *r, const struct word *first)
{
	if (is(first, W_EXPLAIN) && r->scope.places.n && !has_subject(r))
		return false;
	const struct word *last = r->words.n ? &r->words.p[r->words.n - 1] : first;

	if ((has(r, W_PROJECT) || has(r, W_DIRECTORY)) && !r->names.n && !r->paths.n &&
		!r->topics.n)
		return false;
	if (is(first, W_EXPLAIN) || is(first, W_WHY) || has(r, W_WHY))
		return !(has(r, W_LAYOUT) && !has_subject(r)) &&
		       !(has(r, W_DEFINE) && has(r, W_WHERE)) && !has(r, W_GIT);
	if (has(r, W_EXPLAIN) && (has(r, W_WHAT) || has(r, W_YES_NO) || has(r, W_HOW)) &&
		has_subject(r) && !has(r, W_WHERE) && !has(r, W_MENTION))
		return true;
	if (is(first, W_HOW) && !r->is_numeric &&
		(request_says(r, "work") || request_says(r, "works") || request_says(r, "happen") ||
			request_says(r, "happens")))
		return true;
	if (is(first, W_HOW) && !r->is_numeric &&
		(request_says(r, "i") || request_says(r, "we") || request_says(r, "would")) &&
		!has(r, W_WHERE))
		return true;
	if (is(first, W_WHAT) && (str_is(last->low, "do") || str_is(last->low, "does")))
		return !has(r, W_PROJECT) || has_subject(r);
	return is(first, W_WHAT) && str_is(last->low, "for") && has_subject(r);
}

static bool asks_impossible(struct request *r)
{
	const struct word *next, *first = opener(r, &next);

	if (is_order(first, next) && !leads_to_lookup(r, first))
		return true;
	if (asks_explanation(r, first)) {
		r->is_explaining = true;
		return true;
	}
	return asks_judgement(r, first);
}

/* ---- git ---- */

/* Words that say nothing beyond what git is asked for: its own nouns, and people's names. */
static bool is_git_word(const struct request *r, struct str topic)
{
	static const char *const nouns[] = {"message", "messages", "subject", "subjects", "title",
		"hash", "sha", "id", "date", "dates", "time", "days", "week", "today", "yesterday",
		"month", "name", "head", "master", "main", "origin", "remote", "local", "wip",
		"since", "happened", "mine", "person", "people", "merged", "merge", "added",
		"removed", "deleted", "released", "make", "made", NULL};
	bool is_first = r->words.n && r->words.p[0].text.p == topic.p;

	if (topic.p[0] >= '0' && topic.p[0] <= '9')
		return true;

	for (int i = 0; nouns[i]; i++)
		if (str_eq_nocase(topic, str_from(nouns[i])))
			return true;
	return topic.p[0] >= 'A' && topic.p[0] <= 'Z' && !is_first;
}

static bool has_foreign_topic(const struct request *r)
{
	for (size_t i = 0; i < r->topics.n; i++)
		if (!is_git_word(r, r->topics.p[i]) && !request_says(r, "by"))
			return true;
	return false;
}

static bool asks_branch(struct request *r)
{
	return has(r, W_BRANCH) && !has_foreign_topic(r) && !r->names.n && !has(r, W_MENTION) &&
	       !has(r, W_WHERE);
}

/* "state of the repo", "what is the git state", "is everything committed". */
static bool asks_state(struct request *r)
{
	bool is_repository = has(r, W_GIT) || has(r, W_PROJECT) || request_says(r, "tree") ||
			     request_says(r, "checkout") || request_says(r, "clone");
	bool is_whole = request_says(r, "everything") || request_says(r, "all") ||
			request_says(r, "anything") || request_says(r, "work");

	if (r->names.n || r->paths.n || has(r, W_WHERE) || has(r, W_FILE) || has(r, W_DEFINE) ||
		has(r, W_MENTION) || has(r, W_USE))
		return false;
	if (is_whole && has(r, W_YES_NO) && r->topics.n == 0 &&
		(request_says(r, "committed") || request_says(r, "commit")) && r->words.n <= 8)
		return true;
	return is_repository && request_says(r, "state") && r->topics.n == 1 &&
	       !request_says(r, "code");
}

static bool asks_status(struct request *r)
{
	const struct word *next, *first = opener(r, &next);
	bool is_files = is(first, W_YES_NO) || has(r, W_FILE) || has(r, W_CHANGE) ||
			has(r, W_GIT) || r->words.n <= 3 || request_says(r, "tree") ||
			request_says(r, "work");

	if (has(r, W_CHANGE) && has(r, W_COMMIT) && request_says(r, "since"))
		return true;
	if (r->names.n || has(r, W_WHERE) || has(r, W_MENTION) || has(r, W_COMMIT) ||
		request_revision(r).n)
		return false;
	if (request_says(r, "clean") && has(r, W_YES_NO) && !has_foreign_topic(r) && !r->paths.n &&
		(has(r, W_PROJECT) || has(r, W_GIT) || has(r, W_PENDING) ||
			request_says(r, "tree") || request_says(r, "checkout")) &&
		!request_says(r, "code"))
		return true;
	if (has(r, W_PENDING) && !has_foreign_topic(r) && is_files)
		return !request_says(r, "diff");
	return (has(r, W_CHANGE) || request_says(r, "modified") || request_says(r, "edited")) &&
	       !request_says(r, "diff") && has(r, W_FILE) && !r->topics.n && !has(r, W_MOST) &&
	       !request_says(r, "recently") && !request_says(r, "recent") &&
	       !request_says(r, "last") && !request_says(r, "lately") &&
	       !request_says(r, "latest") && !has(r, W_WHEN);
}

static bool asks_diff(struct request *r)
{
	bool has_names = r->names.n > (request_revision(r).n ? 1 : 0);

	return request_says(r, "diff") && !has(r, W_COMMIT) && !has_names && !has(r, W_WHERE) &&
	       !has(r, W_MENTION);
}

/* "what did the last commit change", "show commit 1a2b3c4", "files in the last commit". */
static bool asks_commit(struct request *r)
{
	bool is_inside = has(r, W_CHANGE) || has(r, W_FILE) || request_says(r, "diff") ||
			 request_says(r, "in") || request_says(r, "touch") ||
			 request_says(r, "touched") || request_says(r, "show");

	if (request_revision(r).n && is_inside && !r->is_numeric && !has(r, W_MENTION) &&
		!request_says(r, "diff"))
		return true;
	return has(r, W_COMMIT) && !request_says(r, "commits") && !request_says(r, "log") &&
	       !request_says(r, "history") && !has_foreign_topic(r) && is_inside &&
	       !has(r, W_WHO) && !has(r, W_WHEN) && !r->is_numeric && !has(r, W_PENDING) &&
	       !has(r, W_MENTION);
}

/* "who wrote line 12 of retry.c", "git blame retry.c" */
static bool asks_blame(struct request *r)
{
	if (!r->paths.n || r->names.n || has(r, W_MENTION))
		return false;
	return (has(r, W_WHO) && r->first) || request_says(r, "blame");
}

static bool asks_authors(struct request *r)
{
	return has(r, W_AUTHOR) && !r->paths.n && !r->names.n && !r->topics.n &&
	       !has(r, W_COMMIT) && !has(r, W_MENTION) && !has(r, W_WHERE);
}

static bool asks_log(struct request *r)
{
	const struct word *next, *first = opener(r, &next);
	bool is_plain =
		!has(r, W_WHERE) && !has(r, W_MENTION) && !has(r, W_DEFINE) && !r->is_phrase;
	bool is_file_change = (has(r, W_CHANGE) || has(r, W_AUTHOR) || has(r, W_NEW)) &&
			      (has(r, W_WHO) || has(r, W_WHEN)) && !has(r, W_CALL) &&
			      !has(r, W_USE);

	if (!is_plain)
		return false;
	if (is_file_change ||
		(has(r, W_COMMIT) &&
			(has(r, W_GIT) || !has_foreign_topic(r) || is(first, W_COMMIT) ||
				request_says(r, "commits") || has(r, W_AUTHOR) || has(r, W_WHO))))
		return !(has(r, W_COMMIT) && has(r, W_FUNCTION));
	if (has(r, W_GIT) && !r->topics.n)
		return true;
	if (is(first, W_WHAT) && request_says(r, "new") && r->words.n <= 3)
		return true;
	if (!has(r, W_CHANGE) || r->names.n || request_says(r, "changelog") ||
		request_says(r, "set"))
		return false;
	return (is(first, W_WHAT) || is(first, W_NEW) || is(first, W_LAST) || is(first, W_CHANGE) ||
		       is(first, W_SHOW) || is(first, W_LIST) || is(first, W_YES_NO)) &&
	       !has_foreign_topic(r) && !(has(r, W_FILE) && has(r, W_NEW));
}

/* ---- symbols ---- */

static bool asks_imports(struct request *r)
{
	return has(r, W_IMPORT) && !has(r, W_MENTION) && !r->is_phrase &&
	       (r->names.n || r->paths.n || r->topics.n == 1);
}

static bool asks_marks(struct request *r)
{
	return has(r, W_MARK) && !r->is_quoted;
}

/* "where is x tested", "tests for x". */
static bool asks_tested(struct request *r)
{
	if (!has(r, W_TEST) || !r->names.n || r->is_phrase || r->is_quoted || has(r, W_DEFINE) ||
		has(r, W_FUNCTION) || has(r, W_MENTION))
		return false;
	r->is_tested = true;
	return true;
}

/* A word that stands for one symbol: "parse" in "who calls parse". */
static bool has_symbol(const struct request *r)
{
	return r->names.n || r->topics.n == 1;
}

static bool asks_used(struct request *r)
{
	const struct word *next, *first = opener(r, &next);
	bool is_use = has(r, W_CALL) || has(r, W_USE);
	bool is_where = is(first, W_USE) || is(first, W_CALL) || has(r, W_WHERE) ||
			has(r, W_WHICH) || has(r, W_WHO) || has(r, W_WHAT) || has(r, W_FIND) ||
			has(r, W_LIST) || has(r, W_SHOW) || r->is_numeric || has(r, W_HOW) ||
			has(r, W_YES_NO) || r->words.n <= 4;

	/* "what port does the server use": the user is named, not the used. */
	const struct word *last = r->words.n ? &r->words.p[r->words.n - 1] : first;
	if (!r->names.n && str_is(last->low, "use") && r->words.n > 3)
		return false;
	return is_use && is_where && (has_symbol(r) || r->paths.n) && !has(r, W_LOOK);
}

static bool asks_body(struct request *r)
{
	bool is_methods = request_says(r, "methods") && !r->paths.n;
	bool is_look = is_methods || has(r, W_LOOK) || request_says(r, "code") ||
		       request_says(r, "source");
	const struct word *next, *first = opener(r, &next);

	if (r->is_phrase || has(r, W_MENTION) || has(r, W_WHERE) || has(r, W_FIND) || r->is_numeric)
		return false;
	if (r->names.n && (is_look || has(r, W_VALUE) || has(r, W_SHOW)))
		return true;
	if (is_methods && r->topics.n == 1)
		return true;
	if (r->topics.n == 1 && r->paths.n && has(r, W_SCOPE) && has(r, W_SHOW))
		return true;
	if (r->topics.n == 1 && !r->paths.n && has(r, W_FUNCTION) + has(r, W_TYPE) &&
		!is_plural_noun(first) && (is_look || has(r, W_SHOW)) &&
		!request_says(r, "functions") && !has(r, W_LIST))
		return true;
	if (r->topics.n == 1 && is_look && (has(r, W_WHAT) || has(r, W_HOW)) && !has(r, W_PROJECT))
		return true;
	return r->names.n && is(first, W_WHAT) && !has(r, W_WHICH) && !has(r, W_FILE) &&
	       !r->is_quoted && r->words.n <= 5 && !has(r, W_DEFINE);
}

static bool asks_defined(struct request *r)
{
	if (r->is_phrase || has(r, W_MENTION))
		return false;
	if (has(r, W_DEFINE) && r->names.n)
		return true;
	if (has(r, W_DEFINE) && r->topics.n == 1 && !r->weak.n && !r->paths.n)
		return true;
	if (has(r, W_WHERE) && r->names.n &&
		(r->topics.n == 0 || has(r, W_FUNCTION) || has(r, W_TYPE)))
		return true;
	if (r->topics.n == 1 && !r->weak.n && (has(r, W_FUNCTION) || has(r, W_TYPE)) &&
		(has(r, W_WHERE) || has(r, W_FIND)))
		return true;
	return has(r, W_WHERE) && r->topics.n == 1 && !r->weak.n && !r->paths.n &&
	       r->words.n <= 4 && !has(r, W_FILE);
}

/* "functions in x", "which structs are defined", "how many classes". */
static bool asks_outline(struct request *r)
{
	bool is_code_noun = false;

	/* "methods of Report": what the class looks like says it. */
	if (request_says(r, "methods") && r->topics.n == 1 && !r->paths.n)
		return false;

	if (r->is_phrase || r->names.n || has(r, W_MENTION) || has(r, W_CALL) || has(r, W_USE))
		return false;
	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		is_code_noun |= (is(w, W_FUNCTION) || is(w, W_TYPE)) && !is(w, W_DEFINE) &&
				(str_ends(w->low, STR("s")) || r->paths.n || r->is_numeric) &&
				!str_is(w->low, "class") && !str_is(w->low, "types");
		is_code_noun |= str_is(w->low, "types") && w->kind == WORD_PLAIN && !has(r, W_FILE);
	}
	if (r->paths.n && (request_says(r, "outline") || request_says(r, "symbols") ||
				  (has(r, W_DEFINE) && has(r, W_WHAT))))
		return true;
	return is_code_noun && !has(r, W_WHERE);
}

/* ---- files ---- */

static bool asks_named(struct request *r)
{
	const struct word *next, *first = opener(r, &next);
	bool is_where = has(r, W_WHERE) || has(r, W_FIND) || has(r, W_NAMED) || is(first, W_YES_NO);

	if (has(r, W_FUNCTION) || has(r, W_TYPE) || has(r, W_USE) || has(r, W_CALL))
		return false;
	if (r->is_phrase || has(r, W_LINE) || r->first || has(r, W_MENTION))
		return false;
	if (has(r, W_NAMED) && (r->names.n || r->topics.n || r->paths.n))
		return true;
	return r->paths.n && is_where && !r->names.n && !r->topics.n && !has(r, W_SHOW) &&
	       !has(r, W_EMPTY) && !has(r, W_WHAT);
}

static bool asks_show(struct request *r)
{
	const struct word *next, *first = opener(r, &next);

	if (!r->paths.n || r->names.n || r->is_numeric || has(r, W_WHERE) || has(r, W_FIND) ||
		(has(r, W_WHICH) && !r->first) || has(r, W_MENTION))
		return false;
	if (r->first || (r->limit && (has(r, W_FIRST) || has(r, W_LAST) || has(r, W_LINE))))
		return true;
	if (r->topics.n == 1 && has(r, W_SCOPE))
		return false;
	if (has(r, W_SHOW) || is(first, W_LIST) || has(r, W_FIRST) || has(r, W_LAST))
		return !r->topics.n || is(first, W_SHOW);
	return !r->topics.n &&
	       (is(first, W_WHAT) || first->kind == WORD_PATH || is(first, W_FILENAME)) &&
	       !has(r, W_SIZE) && !(has(r, W_LINE) && request_says(r, "count"));
}

static bool asks_kinds_of_count(struct request *r)
{
	bool is_measure = has(r, W_LINE) || has(r, W_FILE) || has(r, W_SIZE) ||
			  request_says(r, "long") || request_says(r, "big") ||
			  request_says(r, "large") || has(r, W_DIRECTORY);
	bool is_bare = r->words.n <= 3 && (request_says(r, "loc") || request_says(r, "sloc") ||
						  request_says(r, "size"));

	if (r->names.n || r->is_phrase || has(r, W_MENTION))
		return false;
	if (is_bare)
		return true;
	if (has(r, W_LINE) && has(r, W_PER) && has(r, W_FILE) && !r->topics.n)
		return true;
	if (has(r, W_LINE) && (request_says(r, "count") || request_says(r, "counts") ||
				      request_says(r, "wc") || request_says(r, "loc")))
		return true;
	return (r->is_numeric && (is_measure || r->scope.label.n || r->paths.n ||
					 r->scope.places.n || has(r, W_PROJECT) || !r->topics.n)) ||
	       (has(r, W_SIZE) && !r->topics.n && !has(r, W_LARGE) && !has(r, W_SMALL));
}

static bool asks_groups(struct request *r)
{
	bool is_language = has(r, W_LANGUAGE);

	if (r->names.n || r->is_phrase || has(r, W_MENTION))
		return false;
	if (is_language && (r->topics.n == 0 || r->is_numeric || has(r, W_PROJECT) ||
				   has(r, W_WHAT) || has(r, W_WHICH)))
		return true;
	return has(r, W_DIRECTORY) &&
	       (has(r, W_PER) || ((has(r, W_LARGE) || has(r, W_MOST) || has(r, W_SMALL)) &&
					 !has(r, W_SCOPE)));
}

static bool is_sorted(const struct request *r)
{
	return (request_says(r, "sorted") || request_says(r, "sort") ||
		       request_says(r, "ordered") || request_says(r, "order")) &&
	       request_says(r, "by");
}

static bool asks_rank(struct request *r)
{
	bool is_superlative = has(r, W_LARGE) || has(r, W_SMALL) || has(r, W_OLD) ||
			      has(r, W_EMPTY) || has(r, W_NEW) ||
			      (has(r, W_MOST) && has(r, W_LINE));
	bool is_files = has(r, W_FILE) || r->scope.label.n || has(r, W_CHANGE) || has(r, W_LINE) ||
			r->words.n <= 2 || has(r, W_SOURCE) || has(r, W_SCRIPT) || has(r, W_TEST);

	if (r->threshold && !r->names.n && !r->paths.n && !r->topics.n && !has(r, W_FUNCTION))
		return true;
	if (has(r, W_FUNCTION) || has(r, W_COMMIT) || r->names.n || r->is_phrase || r->paths.n ||
		has(r, W_MENTION) || (r->is_numeric && !has(r, W_EMPTY)))
		return false;
	if (is_sorted(r))
		return true;
	return is_superlative && is_files && !r->topics.n;
}

static bool asks_layout(struct request *r)
{
	bool is_about = has(r, W_WHAT) || has(r, W_EXPLAIN) || request_says(r, "about") ||
			has(r, W_SHOW) || has(r, W_HOW);

	if (r->names.n || r->is_phrase || r->paths.n || has(r, W_MENTION))
		return false;
	if (has(r, W_EXPLAIN) && r->scope.places.n && !r->topics.n)
		return true;
	if (has(r, W_EXPLAIN) && has(r, W_DIRECTORY) && !r->topics.n)
		return true;
	if (has(r, W_LAYOUT) && !r->topics.n && !has(r, W_FUNCTION) && !has(r, W_PENDING))
		return true;
	return has(r, W_PROJECT) && is_about && !r->topics.n && !r->weak.n && !r->scope.label.n &&
	       !has(r, W_FILE) && !has(r, W_DEFINE) && !has(r, W_FUNCTION) && !has(r, W_LINE);
}

static bool asks_find(struct request *r)
{
	if (r->is_phrase)
		return true;
	if (has(r, W_MENTION) && (r->names.n || r->topics.n) && !(r->weak.n && !r->names.n))
		return true;
	return r->names.n &&
	       (has(r, W_FIND) || (r->is_quoted && r->words.n > 1) || has(r, W_LINE) ||
		       r->is_numeric) &&
	       !has(r, W_DEFINE);
}

/* "which html file loads app.js": the path is what they have in them. */
static bool asks_holders(struct request *r)
{
	bool is_which = has(r, W_WHICH) || has(r, W_WHAT);

	if (!is_which || !has(r, W_FILE) || r->paths.n != 1 || r->names.n || has(r, W_SCOPE) ||
		r->first)
		return false;
	r->names = r->paths;
	r->paths.n = 0;
	return true;
}

static bool asks_list(struct request *r)
{
	if (r->names.n || r->topics.n)
		return false;
	return has(r, W_FILE) || r->scope.label.n || r->scope.places.n || has(r, W_DIRECTORY) ||
	       has(r, W_LIST);
}

static bool asks_path(struct request *r)
{
	return r->paths.n && !r->topics.n && !r->names.n;
}

static bool asks_name(struct request *r)
{
	return r->names.n && !has(r, W_WHICH);
}

static bool asks_topic(struct request *r)
{
	uint64_t cues = CLASS(W_WHERE) | CLASS(W_WHICH) | CLASS(W_FIND) | CLASS(W_WEAK) |
			CLASS(W_DEFINE) | CLASS(W_MENTION) | CLASS(W_USE) | CLASS(W_CALL) |
			CLASS(W_FUNCTION) | CLASS(W_TYPE) | CLASS(W_LIST) | CLASS(W_SHOW) |
			CLASS(W_FILE) | CLASS(W_TEST) | CLASS(W_PROJECT);
	const struct word *next, *first = opener(r, &next);

	if (is(first, W_YES_NO) || is(first, W_HOW))
		cues |= CLASS(W_YES_NO);

	return (r->topics.n || r->weak.n || r->names.n) &&
	       ((r->classes & cues) || r->names.n || r->paths.n);
}

struct rule {
	bool (*fits)(struct request *r);
	enum ask ask;
};

static const struct rule rules[] = {
	{asks_nothing, ASK_NOTHING},
	{asks_help, ASK_HELP},
	{asks_howto, ASK_HOWTO},
	{asks_branch, ASK_STATUS},
	{asks_marks, ASK_MARKS},
	{asks_state, ASK_STATUS},
	{asks_status, ASK_STATUS},
	{asks_blame, ASK_BLAME},
	{asks_impossible, ASK_CANNOT},
	{asks_diff, ASK_DIFF},
	{asks_commit, ASK_COMMIT},
	{asks_authors, ASK_AUTHORS},
	{asks_log, ASK_LOG},
	{asks_imports, ASK_IMPORTS},
	{asks_tested, ASK_USED},
	{asks_named, ASK_LIST},
	{asks_outline, ASK_OUTLINE},
	{asks_show, ASK_SHOW},
	{asks_used, ASK_USED},
	{asks_defined, ASK_DEFINED},
	{asks_body, ASK_BODY},
	{asks_find, ASK_FIND},
	{asks_groups, ASK_GROUPS},
	{asks_rank, ASK_RANK},
	{asks_kinds_of_count, ASK_COUNT},
	{asks_layout, ASK_LAYOUT},
	{asks_holders, ASK_FIND},
	{asks_list, ASK_LIST},
	{asks_path, ASK_SHOW},
	{asks_name, ASK_DEFINED},
	{asks_topic, ASK_TOPIC},
};

enum ask ask_of(struct request *r)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].fits(r))
			return rules[i].ask;
	r->is_explaining = r->is_guess = true;
	return ASK_CANNOT;
}
