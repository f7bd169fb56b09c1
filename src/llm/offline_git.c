// SPDX-License-Identifier: MIT
/* The state and the history of the repository, as git tells them. */
#include <ctype.h>

#include "llm/offline.h"

enum { LOG_DEFAULT = 10, LOG_MAX = 1000, DIFF_LINES = 200 };

struct commit {
	struct str hash, date, author, subject;
};

static bool read_commit(struct str line, struct commit *out)
{
	return str_split(&line, '\t', &out->hash) && str_split(&line, '\t', &out->date) &&
	       str_split(&line, '\t', &out->author) && line.p && (out->subject = line, true);
}

static size_t read_log(struct desk *d, const struct finding *f, struct commit **out)
{
	struct str rest = f->text, line;
	size_t n = 0, lines = 1;

	for (size_t i = 0; i < f->text.n; i++)
		lines += f->text.p[i] == '\n';
	*out = arena_alloc(d->a, lines, sizeof **out);
	if (f->is_error)
		return 0;
	while (str_split(&rest, '\n', &line))
		if (read_commit(line, &(*out)[n]))
			n++;
	return n;
}

static void put_commit(struct buf *out, const struct commit *c)
{
	buf_printf(out, "- %.*s %.*s %.*s: %.*s\n", STR_ARG(str_head(c->hash, 10)),
		STR_ARG(c->date), STR_ARG(c->author), STR_ARG(c->subject));
}

/* ---- log ---- */

static int64_t log_limit(const struct request *r)
{
	bool is_single = (request_says(r, "commit") || request_says(r, "change")) &&
			 !request_says(r, "commits") && !request_says(r, "changes") &&
			 !request_says(r, "log") && !request_says(r, "history");
	bool is_last = request_has(r, W_LAST) || request_has(r, W_NEW) || request_has(r, W_WHEN);

	if (r->is_numeric || request_says(r, "first") || request_says(r, "oldest"))
		return LOG_MAX;
	if (r->limit)
		return r->limit > LOG_MAX ? LOG_MAX : r->limit;
	if ((is_single && is_last) || (request_has(r, W_WHO) && is_last) || request_has(r, W_WHEN))
		return 1;
	return LOG_DEFAULT;
}

/* One file's history: a name without directory is found first. False: not known yet. */
static bool log_path(struct desk *d, const struct request *r, struct str *path)
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

/*
 * Commits by the people named in the request; with other words, those whose subject has one of
 * them. Words that fit neither change nothing unless they are what was asked for ("by", "about").
 */
static size_t keep_wanted(struct desk *d, const struct request *r, struct commit *c, size_t n)
{
	bool must = request_says(r, "by") || request_says(r, "about") || request_says(r, "of") ||
		    request_says(r, "on");
	size_t kept = 0;

	for (size_t i = 0; i < n && r->topics.n; i++) {
		struct str subject = offline_lower(c[i].subject, d->a);
		bool is_kept = false;
		for (size_t k = 0; k < r->topics.n; k++) {
			struct str stem = offline_stem(offline_lower(r->topics.p[k], d->a), d->a);
			is_kept |= is_by(c[i].author, r->topics.p[k]) ||
				   (isdigit((unsigned char)stem.p[0]) &&
					   str_starts(c[i].date, stem)) ||
				   (!request_says(r, "by") && stem.n > 2 &&
					   str_contains(subject, stem));
		}
		if (is_kept) {
			struct commit swap = c[kept];
			c[kept++] = c[i];
			c[i] = swap;
		}
	}
	return kept || (must && r->topics.n) ? kept : n;
}

void answer_log(struct desk *d, const struct request *r, struct buf *out)
{
	struct str path;

	if (!log_path(d, r, &path))
		return;
	bool is_filtered = r->topics.n && !path.n &&
			   (request_says(r, "by") || request_says(r, "about") ||
				   request_says(r, "of") || request_says(r, "on"));
	int64_t limit = is_filtered ? LOG_MAX : log_limit(r);
	const struct finding *f = desk_git(d, "log", path, (struct str){0}, limit);
	bool wants_state =
		request_has(r, W_CHANGE) && !request_has(r, W_COMMIT) && !path.n && limit > 1;
	const struct finding *status =
		wants_state ? desk_git(d, "status", path, (struct str){0}, 0) : NULL;
	if (!f || (wants_state && !status))
		return;
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	struct commit *c;
	size_t n = read_log(d, f, &c), all = n;
	n = keep_wanted(d, r, c, n);
	wants_state &= n == all;
	struct str of =
		path.n ? arena_printf(d->a, " that touch%s %.*s", n == 1 ? "es" : "", STR_ARG(path))
		       : STR("");
	if (n == 0) {
		buf_printf(out, "No such commit among the last %zu%.*s.\n", all, STR_ARG(of));
		return;
	}
	if (r->is_numeric)
		buf_printf(out, "%s%zu commit%s%.*s.\n", (int64_t)all == LOG_MAX ? "At least " : "",
			n, plural((int64_t)n), STR_ARG(of));
	else if (n < all)
		buf_printf(out, "%zu of the last %zu commits%.*s:\n", n, all, STR_ARG(of));
	else if (n == 1)
		buf_printf(out, "The last commit%.*s:\n", STR_ARG(path.n ? of : STR("")));
	else if (request_says(r, "first") || request_says(r, "oldest"))
		buf_printf(out, "The first of %zu commits%.*s:\n", n, STR_ARG(of));
	else
		buf_printf(out, "The last %zu commits%.*s:\n", n, STR_ARG(of));
	bool is_first = request_says(r, "first") || request_says(r, "oldest");
	size_t show = r->is_numeric ? (n > 5 ? 5 : n) : is_first ? 1 : n > 100 ? 100 : n;
	for (size_t i = 0; i < show; i++)
		put_commit(out, &c[is_first ? n - 1 - i : i]);
	if (!is_first)
		put_more(out, (int64_t)(n - show));
	if (wants_state && !status->is_error && !str_contains(status->text, STR("[clean]")))
		buf_put_text(out, "There are uncommitted changes besides:\n");
	if (wants_state && !status->is_error && !str_contains(status->text, STR("[clean]")))
		answer_status(d, r, out);
}

/* ---- status ---- */

static const char *state_of(struct str code)
{
	if (str_is(code, "??"))
		return "untracked";
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
static bool is_shown(const struct request *r, struct str code)
{
	bool is_untracked = str_is(code, "??"), is_staged = code.p[0] != ' ' && !is_untracked;

	if (request_says(r, "untracked"))
		return is_untracked;
	if (request_says(r, "staged"))
		return is_staged;
	if (request_says(r, "unstaged"))
		return !is_staged && !is_untracked;
	return true;
}

void answer_status(struct desk *d, const struct request *r, struct buf *out)
{
	const struct finding *f = desk_git(d, "status", (struct str){0}, (struct str){0}, 0);
	struct str rest, line, branch = {0};
	size_t count = 0, shown = 0;

	if (!f)
		return;
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	rest = f->text;
	while (str_split(&rest, '\n', &line)) {
		if (!branch.n &&
			(str_starts(line, STR("branch ")) || str_starts(line, STR("detached "))))
			branch = line;
		else if (line.n > 3 && line.p[2] == ' ')
			count += is_shown(r, str_head(line, 2));
	}
	bool is_branch_only =
		request_has(r, W_BRANCH) && !request_has(r, W_PENDING) && !request_has(r, W_CHANGE);
	if (str_starts(branch, STR("branch ")))
		buf_printf(out, "The branch is %.*s.\n", STR_ARG(str_skip(branch, 7)));
	else if (branch.n)
		buf_printf(out, "No branch is checked out: HEAD is %.*s.\n", STR_ARG(branch));
	if (is_branch_only)
		return;
	if (count == 0) {
		buf_put_text(
			out, "There are no such changes: nothing is uncommitted of that kind.\n");
		return;
	}
	buf_printf(out, "%zu uncommitted file%s:\n", count, plural((int64_t)count));
	rest = f->text;
	while (str_split(&rest, '\n', &line)) {
		bool is_file = line.n > 3 && line.p[2] == ' ' && !str_starts(line, STR("branch "));
		if (!is_file || !is_shown(r, str_head(line, 2)) || shown++ >= ITEMS_SHOWN)
			continue;
		buf_printf(out, "- %.*s (%s)\n", STR_ARG(str_skip(line, 3)),
			state_of(str_head(line, 2)));
	}
	put_more(out, (int64_t)count - ITEMS_SHOWN);
}

/* ---- diffs ---- */

struct change {
	struct str path;
	size_t added, removed;
};

/* "+++ b/path" and the lines that begin with + and - below it. */
static size_t read_diff(struct desk *d, struct str text, struct change **out)
{
	struct str rest = text, line, old = {0};
	size_t n = 0, lines = 1;
	bool in_head = true;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	*out = arena_alloc(d->a, lines, sizeof **out);
	while (str_split(&rest, '\n', &line)) {
		if (str_starts(line, STR("diff --git "))) {
			in_head = true;
		} else if (in_head && str_starts(line, STR("--- "))) {
			old = str_skip(line, 4);
		} else if (in_head && str_starts(line, STR("+++ "))) {
			struct str path = str_skip(line, 4);
			if (str_is(path, "/dev/null"))
				path = old;
			if (str_starts(path, STR("a/")) || str_starts(path, STR("b/")))
				path = str_skip(path, 2);
			(*out)[n++] = (struct change){.path = path};
			in_head = false;
		} else if (n && !in_head) {
			(*out)[n - 1].added += str_starts(line, STR("+"));
			(*out)[n - 1].removed += str_starts(line, STR("-"));
		}
	}
	return n;
}

static void put_changes(struct buf *out, const struct change *c, size_t n)
{
	buf_printf(out, "%zu file%s changed:\n", n, plural((int64_t)n));
	for (size_t i = 0; i < n && i < ITEMS_SHOWN; i++)
		buf_printf(
			out, "- %.*s (+%zu -%zu)\n", STR_ARG(c[i].path), c[i].added, c[i].removed);
	put_more(out, (int64_t)n - ITEMS_SHOWN);
}

static void put_diff(struct desk *d, struct buf *out, struct str text)
{
	struct str *lines = arena_alloc(d->a, DIFF_LINES, sizeof *lines), rest = text, line;
	size_t n = 0, all = 0;

	while (str_split(&rest, '\n', &line)) {
		if (n < DIFF_LINES)
			lines[n++] = line;
		all++;
	}
	while (n && lines[n - 1].n == 0)
		n--;
	put_fence(out, lines, n);
	if (all > DIFF_LINES)
		buf_printf(
			out, "%zu more lines of the diff are left out here.\n", all - DIFF_LINES);
}

/* The commit that is named by its hash; else "HEAD". */
static struct str revision_of(const struct request *r)
{
	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		size_t hex = 0;
		while (hex < w->text.n && strchr("0123456789abcdef", w->text.p[hex]) &&
			w->text.p[hex])
			hex++;
		bool is_hash = hex == w->text.n && hex >= 6 && hex <= 64 && w->kind != WORD_STOP;
		if (is_hash || str_starts(w->text, STR("HEAD")))
			return w->text;
	}
	return STR("HEAD");
}

void answer_commit(struct desk *d, const struct request *r, struct buf *out)
{
	struct str revision = revision_of(r);
	bool is_head = str_is(revision, "HEAD");
	const struct finding *f = desk_git(d, "commit", (struct str){0}, revision, 0);
	const struct finding *log =
		is_head ? desk_git(d, "log", (struct str){0}, (struct str){0}, 1) : NULL;
	struct change *changes;
	struct commit *c;

	if (!f || (is_head && !log))
		return;
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	if (is_head && read_log(d, log, &c)) {
		buf_put_text(out, "The last commit:\n");
		put_commit(out, &c[0]);
	}
	size_t n = read_diff(d, f->text, &changes);
	put_changes(out, changes, n);
	if (!request_has(r, W_FILE) && !request_has(r, W_COUNT))
		put_diff(d, out, f->text);
}

void answer_diff(struct desk *d, const struct request *r, struct buf *out)
{
	struct str path;

	if (!log_path(d, r, &path))
		return;
	const struct finding *f = desk_git(d, "diff", path, (struct str){0}, 0);
	struct change *changes;

	if (!f)
		return;
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	size_t n = read_diff(d, f->text, &changes);
	if (n == 0 && str_trim(f->text).n <= 20) {
		buf_put_text(
			out, "There is no difference: nothing that git follows has changed.\n");
		return;
	}
	put_changes(out, changes, n);
	put_diff(d, out, f->text);
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
	const struct finding *f = desk_git(d, "log", (struct str){0}, (struct str){0}, LOG_MAX);
	struct commit *c;

	if (!f)
		return;
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	size_t n = read_log(d, f, &c), people = 0;
	struct person *p = arena_alloc(d->a, n + 1, sizeof *p);
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (k < people && !str_eq(p[k].name, c[i].author))
			k++;
		if (k == people)
			p[people++] = (struct person){c[i].author, c[i].date, 0};
		p[k].commits++;
	}
	if (people)
		qsort(p, people, sizeof *p, by_commits);
	buf_printf(
		out, "%zu author%s in the last %zu commits:\n", people, plural((int64_t)people), n);
	for (size_t i = 0; i < people && i < ITEMS_SHOWN; i++)
		buf_printf(out, "- %.*s: %zu commit%s, the last on %.*s\n", STR_ARG(p[i].name),
			p[i].commits, plural((int64_t)p[i].commits), STR_ARG(p[i].last));
	put_more(out, (int64_t)people - ITEMS_SHOWN);
}
