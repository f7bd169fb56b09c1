// SPDX-License-Identifier: MIT
/* git: what the repository's history and state say, read only. */
#include "agent/tool/git_run.h"
#include "agent/tool/plain.h"
#include "base/utf8.h"

extern const char embed_git_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_git = {
	.name = "git",
	.needs = TOOL_READS,
	.target = "show",
	.document = embed_git_md,
	.run = run,
};

enum {
	LIMIT_DEFAULT = 10,
	LIMIT_MAX = 200,
	BLAME_LINES_DEFAULT = 100,
	REVISION_MAX_BYTES = 200,
	TEXT_MAX_BYTES = 30'000,
	STATUS_MAX_BYTES = 4 << 20,
};

struct request {
	const struct tool_call *call;
	struct tool_result *out;
	const char *revision; /* "" when not given */
	const char *path; /* relative to the root; NULL when not given */
	int64_t limit; /* -1 when not given */
};

/* Text as git wrote it, up to the limit, cut at a line's end. */
static void put_text(const struct child_result *result, struct buf *out)
{
	struct str text = utf8_head(buf_str(&result->out), TEXT_MAX_BYTES);

	if (result->out_bytes <= TEXT_MAX_BYTES) {
		plain_put_text(out, text);
		return;
	}
	const char *end = memrchr(text.p, '\n', text.n);
	if (end)
		text.n = (size_t)(end + 1 - text.p);
	plain_put_text(out, text);
	if (!end)
		buf_put_char(out, '\n');
	buf_printf(out, "[cut: the first %zu of %llu bytes; give a path to narrow it]\n", text.n,
		(unsigned long long)result->out_bytes);
}

static void run_and_put(
	const struct request *r, const struct git_command *command, const char *nothing)
{
	AUTO(child_result) result = {0};

	if (!git_run(r->call, command, &result, r->out))
		return;
	put_text(&result, &r->out->text);
	if (r->out->text.n == 0)
		buf_printf(&r->out->text, "[%s]\n", nothing);
}

static void show_log(const struct request *r)
{
	int64_t limit = r->limit < 1 ? LIMIT_DEFAULT : r->limit > LIMIT_MAX ? LIMIT_MAX : r->limit;
	struct git_command command = {
		.arguments = {"log", "--no-show-signature", "--no-color",
			"--format=%h%x09%ad%x09%an%x09%s", "--date=short",
			arena_printf(r->call->arena, "--max-count=%lld", (long long)limit).p,
			r->revision[0] ? r->revision : "HEAD", "--", r->path},
		.out_max_bytes = TEXT_MAX_BYTES,
	};

	run_and_put(r, &command, "no commits");
}

static void show_diff(const struct request *r)
{
	struct git_command command = {
		.arguments = {"diff", "--no-ext-diff", "--no-textconv", "--no-color",
			"--submodule=short", "--ignore-submodules=dirty",
			r->revision[0] ? r->revision : "HEAD", "--", r->path},
		.reads_worktree = true,
		.out_max_bytes = TEXT_MAX_BYTES,
	};

	run_and_put(r, &command, "no changes");
}

static void show_commit(const struct request *r)
{
	/* ^{commit}: a tag is followed; a file's contents or a range is no commit. */
	const char *commit =
		arena_printf(r->call->arena, "%s^{commit}", r->revision[0] ? r->revision : "HEAD")
			.p;
	struct git_command command = {
		.arguments = {"show", "--no-show-signature", "--no-ext-diff", "--no-textconv",
			"--no-color", "--submodule=short", "--diff-merges=first-parent", "--stat",
			"--patch", "--date=short", "--format=commit %H%nauthor %an%ndate %ad%n%n%B",
			commit, "--", r->path},
		.out_max_bytes = TEXT_MAX_BYTES,
	};

	run_and_put(r, &command, "the commit does not touch this path");
}

static void show_blame(const struct request *r)
{
	int64_t first = tool_argument_int(r->call, "offset", 1);
	int64_t limit = r->limit < 1 ? BLAME_LINES_DEFAULT : r->limit;

	if (!r->path) {
		tool_fail(r->out, "blame: \"path\" is required");
		return;
	}
	struct git_command command = {
		.arguments = {"blame", "--no-textconv", "--date=short", "-L",
			arena_printf(r->call->arena, "%lld,+%lld",
				(long long)(first < 1 ? 1 : first),
				(long long)(limit > 2000 ? 2000 : limit))
				.p,
			r->revision[0] ? r->revision : "HEAD", "--", r->path},
		.out_max_bytes = TEXT_MAX_BYTES,
	};
	run_and_put(r, &command, "no lines");
}

/* ---- status: git's porcelain version 2 (git-status(1)), shown as version 1 ---- */

static void put_status_path(const struct request *r, struct str path)
{
	bool is_directory = str_ends(path, STR("/"));

	if (is_directory)
		path.n--;
	plain_put_field(&r->out->text, workspace_show(r->call->workspace, path, r->call->arena));
	if (is_directory)
		buf_put_char(&r->out->text, '/');
}

/* What is left of a record after so many words. */
static struct str after_words(struct str record, int words)
{
	struct str word;

	while (words-- > 0 && str_split(&record, ' ', &word))
		continue;
	return record;
}

/* "1 XY ...8 words path", "2 XY ...9 words path\0old path", "u XY ...10 words path", "? path". */
static void put_status_record(const struct request *r, struct str record, struct str *rest)
{
	struct buf *out = &r->out->text;
	char kind = record.p[0];
	struct str from;

	if (kind == '?') {
		buf_put_text(out, "?? ");
		put_status_path(r, str_skip(record, 2));
	} else if ((kind == '1' || kind == '2' || kind == 'u') && record.n > 4) {
		buf_put_char(out, record.p[2] == '.' ? ' ' : record.p[2]);
		buf_put_char(out, record.p[3] == '.' ? ' ' : record.p[3]);
		buf_put_char(out, ' ');
		if (kind == '2' && str_split(rest, '\0', &from)) {
			put_status_path(r, from);
			buf_put_text(out, " -> ");
		}
		put_status_path(r, after_words(record, kind == '1' ? 8 : kind == '2' ? 9 : 10));
	} else {
		return;
	}
	buf_put_char(out, '\n');
}

static void put_branch(struct str head, struct str oid, struct buf *out)
{
	bool is_detached = str_is(head, "(detached)");

	buf_put_text(out, is_detached ? "detached " : "branch ");
	plain_put_field(out, is_detached ? str_head(oid, 7) : head);
	buf_put_char(out, '\n');
}

static void put_status(const struct request *r, struct str rest)
{
	struct str head = {0}, oid = {0}, record;
	struct buf *out = &r->out->text;
	size_t entries = 0, hidden = 0;

	while (rest.n && str_split(&rest, '\0', &record) && record.n) {
		if (str_starts(record, STR("# branch.oid ")))
			oid = after_words(record, 2);
		else if (str_starts(record, STR("# branch.head ")))
			head = after_words(record, 2);
		if (record.p[0] == '#')
			continue;
		if (head.p && entries == 0)
			put_branch(head, oid, out);
		entries++;
		hidden += out->n > TEXT_MAX_BYTES;
		if (out->n <= TEXT_MAX_BYTES)
			put_status_record(r, record, &rest);
		else if (record.p[0] == '2')
			(void)str_split(&rest, '\0', &record);
	}
	if (entries == 0) {
		put_branch(head, oid, out);
		buf_put_text(out, "[clean]\n");
	}
	if (hidden)
		buf_printf(out, "[%zu more entries]\n", hidden);
}

static void show_status(const struct request *r)
{
	AUTO(child_result) result = {0};
	struct git_command command = {
		.arguments = {"status", "--porcelain=v2", "--branch", "-z",
			"--untracked-files=normal", "--ignore-submodules=dirty", "--", r->path},
		.reads_worktree = true,
		.out_max_bytes = STATUS_MAX_BYTES,
	};

	if (git_run(r->call, &command, &result, r->out))
		put_status(r, buf_str(&result.out));
}

/* ---- the tool ---- */

static const struct show {
	const char *name;
	void (*run)(const struct request *r);
} shows[] = {
	{"log", show_log},
	{"status", show_status},
	{"diff", show_diff},
	{"commit", show_commit},
	{"blame", show_blame},
	{NULL},
};

static const struct show *find_show(struct str name)
{
	for (const struct show *s = shows; s->name; s++)
		if (str_is(name, s->name))
			return s;
	return NULL;
}

/* What git would take for an option, or for two words, is no revision. */
static bool is_revision(struct str text)
{
	if (text.n > REVISION_MAX_BYTES || str_starts(text, STR("-")))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str name = tool_argument(call, "show", STR(""));
	struct str revision = tool_argument(call, "revision", STR(""));
	struct str path = tool_argument(call, "path", STR("")), relative;
	const struct show *show = find_show(name);
	struct request r = {.call = call, .out = out};
	struct err e;

	if (!show) {
		tool_fail(out, "show \"%.*s\": use log, status, diff, commit or blame",
			STR_ARG(name));
		return;
	}
	if (!is_revision(revision)) {
		tool_fail(out,
			"revision \"%.*s\" is refused: give a name such as HEAD~2 or main..topic",
			STR_ARG(revision));
		return;
	}
	r.revision = arena_text(call->arena, revision);
	r.limit = tool_argument_int(call, "limit", -1);
	if (path.n) {
		if (!workspace_relative(call->workspace, path, call->arena, &relative, &e)) {
			tool_fail(out, "%s", e.text);
			return;
		}
		r.path = relative.n ? arena_text(call->arena, relative) : ".";
	}
	show->run(&r);
}
