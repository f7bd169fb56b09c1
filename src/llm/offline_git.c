// SPDX-License-Identifier: MIT
/* The state and the history of the repository, as git tells them. */
#include <ctype.h>

#include "llm/offline.h"

/* The tool gives no more than LOG_MAX commits at once. */
enum { LOG_DEFAULT = 10, LOG_MAX = 200, LOG_SHOWN = 100, BLAME_MAX = 100 };

struct commit {
	struct str hash, date, author, subject;
};

struct history {
	struct commit *p;
	size_t n;
	bool is_cut; /* there may be more, older ones */
};

static bool read_commit(struct str line, struct commit *out)
{
	return str_split(&line, '\t', &out->hash) && str_split(&line, '\t', &out->date) &&
	       str_split(&line, '\t', &out->author) && line.p && (out->subject = line, true);
}

static struct history read_log(struct desk *d, const struct finding *f)
{
	struct str rest = f->text, line;
	struct history h = {0};
	size_t lines = 1;

	for (size_t i = 0; i < f->text.n; i++)
		lines += f->text.p[i] == '\n';
	h.p = arena_alloc(d->a, lines, sizeof *h.p);
	while (!f->is_error && str_split(&rest, '\n', &line)) {
		if (read_commit(line, &h.p[h.n]))
			h.n++;
		else
			h.is_cut |= str_starts(line, STR("[cut: "));
	}
	h.is_cut |= h.n >= LOG_MAX;
	return h;
}

static void put_commit(struct buf *out, const struct commit *c)
{
	buf_printf(out, "- %.*s %.*s %.*s: %.*s\n", STR_ARG(str_head(c->hash, 10)),
		STR_ARG(c->date), STR_ARG(c->author), STR_ARG(c->subject));
}

/* ---- log ---- */

static bool wants_oldest(const struct request *r)
{
	return request_says(r, "first") || request_says(r, "oldest") ||
	       request_says(r, "initial") || request_says(r, "earliest");
}

/* Only commits that match: all that can be had are looked through. */
static bool is_filtered(const struct request *r)
{
	return r->topics.n &&
	       (request_says(r, "by") || request_says(r, "about") || request_says(r, "of") ||
		       request_says(r, "on") || request_says(r, "from"));
}

static int64_t log_limit(const struct request *r)
{
	bool is_single = (request_says(r, "commit") || request_says(r, "change")) &&
			 !request_says(r, "commits") && !request_says(r, "changes") &&
			 !request_says(r, "log") && !request_says(r, "history");
	bool is_last = request_has(r, W_LAST) || request_has(r, W_NEW) || request_has(r, W_WHEN);

	if (r->is_numeric || wants_oldest(r))
		return LOG_MAX;
	if (r->limit)
		return r->limit > LOG_MAX ? LOG_MAX : r->limit;
	if ((is_single && is_last) || (request_has(r, W_WHO) && is_last) || request_has(r, W_WHEN))
		return 1;
	return LOG_DEFAULT;
}

bool history_path(struct desk *d, const struct request *r, struct str *path)
{
	struct subjects files;

	*path = (struct str){0};
	if (r->paths.n) {
		if (!desk_files(d, r->paths.p[0], &files))
			return false;
		*path = files.n ? files.p[0] : r->paths.p[0];
	} else if (r->topics.n == 1 && (request_has(r, W_WHO) || request_has(r, W_WHEN)) &&
		   !request_has(r, W_COMMIT)) {
		if (!desk_namesakes(d, r->topics.p[0], &files))
			return false;
		*path = files.n ? files.p[0] : *path;
	} else if (r->scope.places.n) {
		struct target t;
		if (!desk_target(d, r, &t))
			return false;
		*path = t.path;
	}
	return true;
}

static bool is_by(struct str author, struct str name)
{
	struct str part;

	while (str_split(&author, ' ', &part))
		if (str_eq_nocase(part, name))
			return true;
	return false;
}

/* "did Alice": a capital in the middle of a sentence is somebody, who may have made none. */
static bool names_somebody(const struct request *r)
{
	for (size_t i = 1; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		if (w->kind == WORD_PLAIN && !w->is_used && !w->classes && w->text.n > 1 &&
			isupper((unsigned char)w->text.p[0]) &&
			islower((unsigned char)w->text.p[1]))
			return true;
	}
	return false;
}

static bool is_wanted(struct desk *d, const struct request *r, const struct commit *c)
{
	struct str subject = offline_lower(c->subject, d->a);
	bool by_person = request_says(r, "by") || names_somebody(r);

	for (size_t k = 0; k < r->topics.n; k++) {
		struct str stem = offline_stem(offline_lower(r->topics.p[k], d->a), d->a);
		if (is_by(c->author, r->topics.p[k]) ||
			(isdigit((unsigned char)stem.p[0]) && str_starts(c->date, stem)) ||
			(!by_person && stem.n > 2 && str_contains(subject, stem)))
			return true;
	}
	return false;
}

/*
 * Commits by the people named in the request; with other words, those whose subject has one of
 * them. Words that fit neither change nothing unless they are what was asked for ("by", "about").
 */
static size_t keep_wanted(struct desk *d, const struct request *r, struct history *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n && r->topics.n; i++)
		if (is_wanted(d, r, &h->p[i])) {
			struct commit swap = h->p[kept];
			h->p[kept++] = h->p[i];
			h->p[i] = swap;
		}
	return kept || is_filtered(r) || names_somebody(r) ? kept : h->n;
}

/* Days are not compared: the model has no clock. */
static bool names_a_time(const struct request *r)
{
	static const char *const times[] = {
		"today", "yesterday", "week", "month", "year", "days", "hours", "weeks", NULL};

	for (int i = 0; times[i]; i++)
		for (size_t k = 0; k < r->words.n; k++)
			if (str_is(r->words.p[k].low, times[i]))
				return true;
	return false;
}

static void put_history(const struct request *r, const struct history *h, size_t n, struct str path,
	struct buf *out)
{
	AUTO(buf) of = {0};
	bool is_oldest = wants_oldest(r);

	if (path.n)
		buf_printf(&of, " that touch%s %.*s", n == 1 ? "es" : "", STR_ARG(path));
	if (n == 0) {
		buf_printf(out, "No such commit among the last %zu%s.\n", h->n, buf_text(&of));
		return;
	}
	if (is_oldest && h->is_cut) {
		buf_printf(out,
			"The first commit is further back than the last %zu%s, which is as "
			"far as can be looked here.\n",
			h->n, buf_text(&of));
		return;
	}
	if (r->is_numeric)
		buf_printf(out, "%s%zu commit%s%s%s\n", h->is_cut ? "At least " : "", n,
			plural((int64_t)n), buf_text(&of),
			h->is_cut ? "; no more can be looked at here." : ".");
	else if (n < h->n)
		buf_printf(out, "%zu of the last %zu commits%s:\n", n, h->n, buf_text(&of));
	else if (is_oldest)
		buf_printf(out, "The first of %zu commit%s%s:\n", n, plural((int64_t)n),
			buf_text(&of));
	else if (n == 1)
		buf_printf(out, "The last commit%s:\n", buf_text(&of));
	else
		buf_printf(out, "The last %zu commits%s%s:\n", n, buf_text(&of),
			names_a_time(r) ? ", whatever their date" : "");
	size_t show = r->is_numeric   ? (n > 5 ? 5 : n)
		      : is_oldest     ? 1
		      : n > LOG_SHOWN ? LOG_SHOWN
				      : n;
	for (size_t i = 0; i < show; i++)
		put_commit(out, &h->p[is_oldest ? n - 1 - i : i]);
	if (!is_oldest)
		put_more(out, (int64_t)(n - show));
}

void answer_log(struct desk *d, const struct request *r, struct buf *out)
{
	struct str path;

	if (!history_path(d, r, &path))
		return;
	int64_t limit = is_filtered(r) && !path.n ? LOG_MAX : log_limit(r);
	const struct finding *f =
		desk_git(d, &(struct git_ask){.show = "log", .path = path, .limit = limit});
	bool wants_state =
		request_has(r, W_CHANGE) && !request_has(r, W_COMMIT) && !path.n && limit > 1;
	const struct finding *status =
		wants_state ? desk_git(d, &(struct git_ask){.show = "status"}) : NULL;
	if (!is_usable(f, out) || (wants_state && !status))
		return;
	struct history h = read_log(d, f);
	size_t n = keep_wanted(d, r, &h);
	put_history(r, &h, n, path, out);
	if (wants_state && n == h.n && !status->is_error &&
		!str_contains(status->text, STR("[clean]"))) {
		buf_put_text(out, "There are uncommitted changes besides:\n");
		answer_status(d, r, out);
	}
}

/* ---- status ---- */

static const char *state_of(struct str code)
{
	if (str_is(code, "??"))
		return "untracked";
	if (code.p[0] == 'U' || code.p[1] == 'U')
		return "in conflict";
	if (code.p[0] != ' ' && code.p[1] == ' ')
		return code.p[0] == 'A'   ? "added, staged"
		       : code.p[0] == 'D' ? "deleted, staged"
		       : code.p[0] == 'R' ? "renamed, staged"
					  : "modified, staged";
	return code.p[1] == 'D'                       ? "deleted"
	       : code.p[1] == 'M' || code.p[0] == 'M' ? "modified"
						      : "changed";
}

/* "untracked files", "staged changes": only those. */
static const char *wanted_state(const struct request *r)
{
	static const char *const states[] = {"untracked", "staged", "unstaged", NULL};

	for (int i = 0; states[i]; i++)
		if (request_says(r, states[i]))
			return states[i];
	return NULL;
}

static bool is_shown(const char *state, struct str code)
{
	bool is_untracked = str_is(code, "??"), is_staged = code.p[0] != ' ' && !is_untracked;

	if (!state)
		return true;
	if (strcmp(state, "untracked") == 0)
		return is_untracked;
	return strcmp(state, "staged") == 0 ? is_staged : code.p[1] != ' ' && !is_untracked;
}

static bool is_state_line(struct str line)
{
	return line.n > 3 && line.p[2] == ' ' && line.p[0] != '[';
}

static void put_states(struct str text, const char *state, struct buf *out)
{
	struct str rest = text, line, note = {0};
	size_t count = 0, shown = 0;

	while (str_split(&rest, '\n', &line)) {
		if (is_state_line(line))
			count += is_shown(state, str_head(line, 2));
		else if (str_ends(line, STR(" more entries]")))
			note = line;
	}
	if (count == 0 && !note.n) {
		buf_printf(out, "Nothing is %s%s\n", state ? state : "uncommitted",
			state ? "." : ": the working tree is clean.");
		return;
	}
	buf_printf(out, "%s%zu %s path%s:\n", note.n ? "At least " : "", count,
		state ? state : "uncommitted", plural((int64_t)count));
	rest = text;
	while (str_split(&rest, '\n', &line) && shown < ITEMS_SHOWN)
		if (is_state_line(line) && is_shown(state, str_head(line, 2))) {
			buf_printf(out, "- %.*s (%s)\n", STR_ARG(str_skip(line, 3)),
				state_of(str_head(line, 2)));
			shown++;
		}
	put_more(out, (int64_t)(count - shown));
}

void answer_status(struct desk *d, const struct request *r, struct buf *out)
{
	const struct finding *f = desk_git(d, &(struct git_ask){.show = "status"});
	bool wants_last = request_says(r, "state");
	const struct finding *log =
		wants_last ? desk_git(d, &(struct git_ask){.show = "log", .limit = 1}) : NULL;
	struct str rest, line;

	if (!is_usable(f, out) || (wants_last && !log))
		return;
	rest = f->text;
	if (str_split(&rest, '\n', &line) && str_starts(line, STR("branch ")))
		buf_printf(out, "The branch is %.*s.\n", STR_ARG(str_skip(line, 7)));
	else if (str_starts(line, STR("detached ")))
		buf_printf(out, "No branch is checked out: HEAD is %.*s.\n", STR_ARG(line));
	if (request_has(r, W_BRANCH) && !request_has(r, W_PENDING) && !request_has(r, W_CHANGE))
		return;
	struct history h = log ? read_log(d, log) : (struct history){0};
	if (h.n) {
		buf_put_text(out, "The last commit:\n");
		put_commit(out, &h.p[0]);
	}
	put_states(f->text, wanted_state(r), out);
}

/* ---- authors ---- */

struct person {
	struct str name, last;
	size_t commits;
};

static int by_commits(const void *x, const void *y)
{
	const struct person *a = x, *b = y;

	if (a->commits != b->commits)
		return a->commits > b->commits ? -1 : 1;
	return str_cmp(a->name, b->name);
}

void answer_authors(struct desk *d, const struct request *, struct buf *out)
{
	const struct finding *f = desk_git(d, &(struct git_ask){.show = "log", .limit = LOG_MAX});

	if (!is_usable(f, out))
		return;
	struct history h = read_log(d, f);
	struct person *p = arena_alloc(d->a, h.n + 1, sizeof *p);
	size_t people = 0;
	for (size_t i = 0; i < h.n; i++) {
		size_t k = 0;
		while (k < people && !str_eq(p[k].name, h.p[i].author))
			k++;
		if (k == people)
			p[people++] = (struct person){h.p[i].author, h.p[i].date, 0};
		p[k].commits++;
	}
	if (people)
		qsort(p, people, sizeof *p, by_commits);
	buf_printf(out, "%zu author%s in the last %zu commits%s:\n", people,
		plural((int64_t)people), h.n, h.is_cut ? ", as far as can be looked here" : "");
	for (size_t i = 0; i < people && i < ITEMS_SHOWN; i++)
		buf_printf(out, "- %.*s: %zu commit%s, the last on %.*s\n", STR_ARG(p[i].name),
			p[i].commits, plural((int64_t)p[i].commits), STR_ARG(p[i].last));
	put_more(out, (int64_t)people - ITEMS_SHOWN);
}

/* ---- blame ---- */

/* "who wrote line 12 of retry.c" */
void answer_blame(struct desk *d, const struct request *r, struct buf *out)
{
	struct str path;

	if (!history_path(d, r, &path))
		return;
	int64_t first = r->first ? r->first : 1;
	int64_t count = !r->first ? BLAME_MAX : r->last >= first ? r->last - first + 1 : 1;
	const struct finding *f =
		desk_git(d, &(struct git_ask){.show = "blame",
				    .path = path,
				    .offset = first,
				    .limit = count > BLAME_MAX ? BLAME_MAX : count});
	if (!is_usable(f, out))
		return;
	struct str rest = str_trim(f->text), line, lines[BLAME_MAX];
	size_t n = 0;
	while (n < BLAME_MAX && str_split(&rest, '\n', &line))
		lines[n++] = line;
	buf_printf(out, "git blame of %.*s:%lld", STR_ARG(path), (long long)first);
	if (n > 1)
		buf_printf(out, "-%lld", (long long)first + (long long)n - 1);
	buf_put_text(out, " (commit, author, date, line):\n");
	put_fence(out, lines, n);
}
