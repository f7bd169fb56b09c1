// SPDX-License-Identifier: MIT
/*
 * Commits and differences. Git's own statistics are believed before anything that is counted here:
 * a long patch arrives cut.
 */
#include "llm/offline.h"

enum { DIFF_LINES = 100, DIFF_SHORT = 40, MESSAGE_LINES = 12 };

struct change {
	struct str path;
	int64_t added, removed; /* of a patch that was seen whole, else 0 */
	struct str measure; /* by the statistics: "12", "Bin 0 -> 250 bytes" */
	bool is_whole; /* the patch of this file was seen to its end */
};

struct changes {
	struct change *p;
	size_t n;
	struct str total; /* git's own sum: "2 files changed, 3 insertions(+)"; "" when missing */
	struct str message, patch; /* parts of what was read */
	bool is_cut;
};

static size_t count_lines(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

/* ---- the patch ---- */

/* "a/path b/path" of a file without lines of its own, such as a binary one. */
static struct str path_of_pair(struct str pair)
{
	size_t n = pair.n > 5 ? (pair.n - 5) / 2 : 0;

	return n && str_starts(pair, STR("a/")) ? str_head(str_skip(pair, 2), n) : pair;
}

static struct str path_of_side(struct str side)
{
	if (str_starts(side, STR("a/")) || str_starts(side, STR("b/")))
		side = str_skip(side, 2);
	while (side.n && side.p[side.n - 1] == '\t')
		side.n--;
	return side;
}

static void read_head_line(struct change *c, struct str line)
{
	if (str_starts(line, STR("rename to ")))
		c->path = str_skip(line, 10);
	else if (str_starts(line, STR("--- ")) && !str_is(line, "--- /dev/null"))
		c->path = path_of_side(str_skip(line, 4));
	else if (str_starts(line, STR("+++ ")) && !str_is(line, "+++ /dev/null"))
		c->path = path_of_side(str_skip(line, 4));
}

static void read_patch(struct desk *d, struct str text, bool is_cut, struct changes *out)
{
	struct str rest = text, line;
	bool in_head = false;

	out->p = arena_alloc(d->a, count_lines(text), sizeof *out->p);
	out->patch = text;
	while (str_split(&rest, '\n', &line)) {
		if (str_starts(line, STR("diff --git "))) {
			out->p[out->n++] = (struct change){
				.path = path_of_pair(str_skip(line, 11)), .is_whole = true};
			in_head = true;
		} else if (out->n && in_head) {
			in_head = !str_starts(line, STR("@@"));
			read_head_line(&out->p[out->n - 1], line);
			if (str_starts(line, STR("Binary files ")))
				out->p[out->n - 1].measure = STR("binary");
		} else if (out->n) {
			out->p[out->n - 1].added += str_starts(line, STR("+"));
			out->p[out->n - 1].removed += str_starts(line, STR("-"));
		}
	}
	if (out->n && is_cut)
		out->p[out->n - 1].is_whole = false;
	out->is_cut = is_cut;
}

/* ---- the statistics above it ---- */

static bool is_total(struct str line)
{
	return str_starts(line, STR(" ")) && (str_contains(line, STR(" file changed")) ||
						     str_contains(line, STR(" files changed")));
}

/* " path | 12 ++--" */
static bool read_measure(struct str line, struct change *out)
{
	size_t bar = str_find(line, STR(" | "), 0);

	if (!str_starts(line, STR(" ")) || bar == SIZE_MAX)
		return false;
	struct str measure = str_trim(str_skip(line, bar + 3)), number;
	if (!str_starts(measure, STR("Bin"))) {
		struct str rest = measure;
		measure = str_split(&rest, ' ', &number) ? number : measure;
	}
	*out = (struct change){.path = str_trim(str_head(line, bar)), .measure = measure};
	return true;
}

/* The message may hold anything; the statistics are what stands between "---" and their sum. */
static size_t read_statistics(struct desk *d, struct str text, struct changes *out)
{
	struct str rest = text, line;
	bool inside = false;

	out->p = arena_alloc(d->a, count_lines(text), sizeof *out->p);
	out->message = text;
	while (str_split(&rest, '\n', &line)) {
		if (str_is(line, "---")) {
			out->message = str_range(text.p, line.p);
			out->n = 0;
			inside = true;
		} else if (inside && is_total(line)) {
			out->total = str_trim(line);
			return rest.n ? (size_t)(rest.p - text.p) : text.n;
		} else if (inside && read_measure(line, &out->p[out->n])) {
			out->n++;
		} else if (!str_starts(line, STR("[cut: "))) {
			inside = false;
		}
	}
	return text.n;
}

/* Files of the patch stand in the order of the statistics, whose names may be shortened. */
static void add_patch(struct changes *all, const struct changes *patch)
{
	for (size_t i = 0; i < all->n && i < patch->n; i++) {
		struct str measure = all->p[i].measure;
		all->p[i] = patch->p[i];
		all->p[i].measure = measure;
	}
	all->patch = patch->patch;
}

static struct str without_cut(struct str text, bool *is_cut)
{
	size_t at = str_find(text, STR("\n[cut: the first "), 0), next;

	while (at != SIZE_MAX &&
		(next = str_find(text, STR("\n[cut: the first "), at + 1)) != SIZE_MAX)
		at = next;
	*is_cut =
		at != SIZE_MAX && str_find_char(str_trim(str_skip(text, at)), '\n', 0) == SIZE_MAX;
	return *is_cut ? str_head(text, at + 1) : text;
}

static struct changes read_commit(struct desk *d, const struct finding *f)
{
	struct changes all = {0}, patch = {0};
	bool is_cut;
	struct str text = without_cut(f->text, &is_cut);
	size_t at = read_statistics(d, text, &all);

	read_patch(d, str_skip(text, at), is_cut, &patch);
	add_patch(&all, &patch);
	all.is_cut = is_cut;
	return all;
}

/* ---- saying it ---- */

static void put_change(struct buf *out, const struct change *c)
{
	bool is_binary = str_starts(c->measure, STR("Bin")) || str_is(c->measure, "binary");

	buf_printf(out, "- %.*s", STR_ARG(c->path));
	if (is_binary)
		buf_put_text(out, " (binary)\n");
	else if (c->is_whole)
		buf_printf(out, " (+%lld -%lld)\n", (long long)c->added, (long long)c->removed);
	else if (c->measure.n)
		buf_printf(out, " (%.*s line%s)\n", STR_ARG(c->measure),
			str_is(c->measure, "1") ? "" : "s");
	else
		buf_put_char(out, '\n');
}

static void put_changes(struct buf *out, const struct changes *c)
{
	int64_t files = (int64_t)c->n;

	if (c->total.n)
		(void)desk_numbers(c->total, &files, 1);
	if (c->total.n)
		buf_printf(out, "%.*s:\n", STR_ARG(c->total));
	else if (c->n)
		buf_printf(out, "%s%zu file%s changed:\n", c->is_cut ? "At least " : "", c->n,
			plural((int64_t)c->n));
	else
		buf_put_text(out, "No file is changed.\n");
	for (size_t i = 0; i < c->n && i < ITEMS_SHOWN; i++)
		put_change(out, &c->p[i]);
	put_more(out, files - (files < ITEMS_SHOWN ? files : ITEMS_SHOWN));
}

static void put_patch(struct desk *d, struct buf *out, const struct changes *c, size_t most)
{
	struct str *lines = arena_alloc(d->a, most + 1, sizeof *lines);
	struct str rest = str_trim(c->patch), line;
	size_t n = 0, all = 0;

	while (rest.n && str_split(&rest, '\n', &line)) {
		if (n < most)
			lines[n++] = line;
		all++;
	}
	if (n)
		put_fence(out, lines, n);
	if (all > n || c->is_cut)
		buf_printf(out,
			"%s%zu more lines of the diff are left out here; name a file to "
			"see its part.\n",
			c->is_cut ? "At least " : "", all - n);
}

/* A short one says more than its numbers do; a long one is shown when it is asked for. */
static void put_wanted_patch(
	struct desk *d, const struct request *r, struct buf *out, const struct changes *c)
{
	bool is_asked = request_says(r, "diff") || request_says(r, "patch");
	bool is_short = count_lines(str_trim(c->patch)) <= DIFF_SHORT && !c->is_cut;

	if (is_asked || (is_short && !request_has(r, W_FILE) && !request_has(r, W_COUNT)))
		put_patch(d, out, c, is_asked ? DIFF_LINES : DIFF_SHORT);
	else if (!is_short && !request_has(r, W_FILE))
		buf_put_text(out, "Ask for the diff, or the diff of one file, to see the lines.\n");
}

static bool is_hash(struct str text)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (!strchr("0123456789abcdef", text.p[i]) || !text.p[i])
			return false;
		digits += text.p[i] <= '9';
	}
	return text.n >= 6 && text.n <= 64 && digits;
}

struct str request_revision(const struct request *r)
{
	for (size_t i = 0; i < r->words.n; i++) {
		const struct word *w = &r->words.p[i];
		if (w->kind != WORD_STOP && (is_hash(w->text) || str_starts(w->text, STR("HEAD")) ||
						    str_find(w->text, STR(".."), 1) != SIZE_MAX))
			return w->text;
	}
	bool is_second = (request_says(r, "before") && request_says(r, "last")) ||
			 request_says(r, "second") || request_says(r, "penultimate");
	return is_second ? STR("HEAD~1") : (struct str){0};
}

/* "commit HASH", "author NAME", "date DAY", an empty line, the message. */
static void put_message(struct buf *out, struct str text, bool is_last)
{
	struct str hash = {0}, author = {0}, date = {0}, line, rest = text;
	size_t shown = 0;

	(void)(str_split(&rest, '\n', &hash) && str_split(&rest, '\n', &author) &&
		str_split(&rest, '\n', &date));
	buf_printf(out, "%s %.*s, %.*s, %.*s:\n", is_last ? "The last commit," : "Commit",
		STR_ARG(str_head(str_skip(hash, 7), 10)), STR_ARG(str_skip(date, 5)),
		STR_ARG(str_skip(author, 7)));
	rest = str_trim(rest);
	while (rest.n && shown++ < MESSAGE_LINES && str_split(&rest, '\n', &line))
		buf_printf(out, "> %.*s\n", STR_ARG(line));
	if (rest.n)
		buf_put_text(out, "> ...\n");
}

void answer_commit(struct desk *d, const struct request *r, struct buf *out)
{
	struct str revision = request_revision(r), path = {0};

	if (r->paths.n && !history_path(d, r, &path))
		return;
	const struct finding *f =
		desk_git(d, &(struct git_ask){.show = "commit",
				    .path = path,
				    .revision = revision.n ? revision : STR("HEAD")});
	if (!is_usable(f, out))
		return;
	if (str_starts(f->text, STR("["))) {
		buf_printf(out, "That commit does not touch %.*s.\n", STR_ARG(path));
		return;
	}
	struct changes c = read_commit(d, f);
	put_message(out, c.message, !revision.n || str_is(revision, "HEAD"));
	put_changes(out, &c);
	put_wanted_patch(d, r, out, &c);
}

void answer_diff(struct desk *d, const struct request *r, struct buf *out)
{
	struct str path;
	bool is_cut;

	if (!history_path(d, r, &path))
		return;
	const struct finding *f = desk_git(d,
		&(struct git_ask){.show = "diff", .path = path, .revision = request_revision(r)});
	const struct finding *status = NULL;

	if (!is_usable(f, out))
		return;
	struct str text = without_cut(f->text, &is_cut);
	if (str_starts(text, STR("[no changes]"))) {
		buf_put_text(
			out, "There is no difference: nothing that git follows has changed.\n");
		return;
	}
	/* What is beyond the cut is known to git's status, unless an older state was asked for. */
	bool wants_status = is_cut && !request_revision(r).n && !path.n;
	if (wants_status && !(status = desk_git(d, &(struct git_ask){.show = "status"})))
		return;
	struct changes c = {0};
	read_patch(d, text, is_cut, &c);
	if (status) {
		buf_put_text(out, "The difference is longer than can be read at once.\n");
		answer_status(d, r, out);
	} else {
		put_changes(out, &c);
	}
	put_wanted_patch(d, r, out, &c);
}
