// SPDX-License-Identifier: MIT
/* isolate: patches into the user's files. git itself takes a patch whole or not at all. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/protect.h"
#include "base/file.h"
#include "base/utf8.h"
#include "batch/isolate_inside.h"
#include "batch/journal_inside.h"

struct applying {
	const struct isolate_apply *wish;
	struct isolate *git; /* only its git is there */
	int run_fd;
	struct arena arena; /* for the patch at hand */
	struct {
		VEC(struct str) list;
	} before, after; /* names of its files on both sides */
};

static bool run(struct applying *a, const char *const *words, size_t max, struct child_result *out,
	struct err *e)
{
	struct isolate_git how = {.owner = a->git, .out_max_bytes = max};

	return isolate_git_run(&how, words, out, e);
}

static void fail(struct applying *a, struct isolate_applied *out, const char *why)
{
	out->outcome = ISOLATE_FAILED;
	out->why = arena_copy(&a->arena, str_from(why));
}

/* ---- what git says ---- */

/* "patch failed: FILE:LINE", or "FILE: reason". */
static struct str file_of(struct str line)
{
	static const char *const reasons[] = {": patch does not apply",
		": already exists in working directory", ": No such file or directory",
		": wrong type", ": Is a directory", ": Not a directory", NULL};
	const char *colon = memrchr(line.p, ':', line.n);

	if (str_starts(line, STR("patch failed: ")) && colon)
		return str_skip(str_range(line.p, colon), 14);
	for (const char *const *reason = reasons; *reason; reason++)
		if (str_ends(line, str_from(*reason)))
			return str_head(line, line.n - strlen(*reason));
	return (struct str){0};
}

static void tell_conflict(
	struct applying *a, const struct child_result *said, struct isolate_applied *out)
{
	struct str rest = buf_str(&said->errors), line;
	AUTO(buf) why = {0};

	out->outcome = ISOLATE_CONFLICT;
	while (rest.n && !out->file.p && str_split(&rest, '\n', &line))
		if (str_starts(line, STR("error: ")))
			out->file = file_of(str_skip(line, 7));
	utf8_put_line(&why, git_program_complaint(said), 300);
	out->why = arena_copy(&a->arena, buf_str(&why));
	if (out->file.p)
		out->file = arena_copy(&a->arena, out->file);
}

/* ---- one patch ---- */

/* Names are told for one direction at a time: of a file that moves, the other one is the old. */
static bool list_names(struct applying *a, const char *path, bool is_reverse, struct err *e)
{
	const char *const words[] = {"apply", "--numstat", "-z",
		is_reverse ? "--reverse" : "--no-reverse", "--", path, NULL};
	AUTO(child_result) found = {0};
	struct str entry, number;
	const char *why;

	if (!run(a, words, GIT_LIST_MAX_BYTES, &found, e))
		return false;
	if (found.status != 0)
		return err_set(e, ERR_PARSE, "%.*s", STR_ARG(git_program_complaint(&found)));
	struct str rest = arena_copy(&a->arena, buf_str(&found.out));
	while (rest.n && str_split(&rest, '\0', &entry)) {
		if (!str_split(&entry, '\t', &number) || !str_split(&entry, '\t', &number) ||
			!entry.n)
			continue;
		if (path_is_protected(entry, &why))
			return err_set(e, ERR_DENIED,
				"%.*s: %s; look at the patch and apply it by hand", STR_ARG(entry),
				why);
		if (is_reverse)
			vec_push(&a->before.list, entry);
		else
			vec_push(&a->after.list, entry);
	}
	return true;
}

/* ---- directories where the patch wants a file ---- */

static bool is_in_patch(const struct applying *a, struct str name)
{
	vec_each (&a->before.list, known)
		if (str_eq(*known, name))
			return true;
	return false;
}

/*
 * What is empty in a directory goes, as git takes away only those that it has emptied itself and
 * then stops half way. False at a file that the patch knows nothing of: one that is ignored.
 */
static bool clear_directory(struct applying *a, struct buf *path, size_t root_bytes)
{
	DIR *d = opendir(buf_text(path));
	size_t n = path->n;
	bool is_clear = true;

	for (struct dirent *entry; d && is_clear && (entry = readdir(d));) {
		struct stat st;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		buf_printf(path, "/%s", entry->d_name);
		if (lstat(buf_text(path), &st) == 0 && S_ISDIR(st.st_mode))
			is_clear = clear_directory(a, path, root_bytes);
		else
			is_clear = is_in_patch(a, str_skip(buf_str(path), root_bytes));
		buf_cut(path, n);
	}
	if (d)
		closedir(d);
	if (is_clear)
		rmdir(buf_text(path));
	return is_clear;
}

static bool clear_ways(struct applying *a, struct isolate_applied *out)
{
	const char *root = a->wish->workspace->root;

	vec_each (&a->after.list, name) {
		AUTO(buf) path = {0};
		struct stat st;
		buf_printf(&path, "%s/", root);
		size_t root_bytes = path.n;
		buf_put_str(&path, *name);
		if (lstat(buf_text(&path), &st) < 0 || !S_ISDIR(st.st_mode) ||
			clear_directory(a, &path, root_bytes))
			continue;
		out->outcome = ISOLATE_CONFLICT;
		out->file = *name;
		out->why = STR("a directory, with files in it that git does not know");
		return false;
	}
	return true;
}

static bool apply_file(
	struct applying *a, const char *path, struct isolate_applied *out, struct err *e)
{
	const char *const check[] = {"apply", "--check", "--", path, NULL};
	const char *const change[] = {"apply", "--", path, NULL};
	AUTO(child_result) checked = {0};
	AUTO(child_result) changed = {0};

	if (!list_names(a, path, true, e) || !list_names(a, path, false, e) ||
		!run(a, check, 0, &checked, e))
		return false;
	if (checked.status != 0) {
		tell_conflict(a, &checked, out);
		return true;
	}
	if (!clear_ways(a, out))
		return true;
	if (!run(a, change, 0, &changed, e))
		return false;
	if (changed.status != 0)
		return err_set(e, ERR_IO, "git apply: %.*s; the patch may be applied in part",
			STR_ARG(git_program_complaint(&changed)));
	out->outcome = ISOLATE_APPLIED;
	out->files = a->after.list.n;
	return true;
}

static void apply_one(struct applying *a, uint32_t task)
{
	const struct isolate_apply *w = a->wish;
	struct isolate_applied out = {.task = task};
	char name[ISOLATE_NAME_BYTES];
	struct stat st;
	struct err e;

	isolate_patch_name(task, name);
	const char *path = arena_printf(&a->arena, "%s/batch/%s/%s", w->state, w->run, name).p;
	if (fstatat(a->run_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		fail(a, &out, "there is no patch of this task");
	else if (st.st_size == 0)
		out.outcome = ISOLATE_EMPTY;
	else if (!apply_file(a, path, &out, &e))
		fail(a, &out, e.text);
	w->tell(w->self, &out);
	vec_release(&a->before.list);
	vec_release(&a->after.list);
	arena_clear(&a->arena);
}

/* ---- all of them ---- */

static bool apply_all(struct applying *a, struct err *e)
{
	const struct isolate_apply *w = a->wish;

	for (size_t i = 0; i < w->count; i++) {
		if (w->cancel && atomic_load(w->cancel))
			return err_set(e, ERR_CANCELLED, "stopped");
		apply_one(a, w->tasks[i]);
	}
	return true;
}

static void isolate_release(struct isolate *i)
{
	git_program_release(&i->git);
}

bool isolate_apply(const struct isolate_apply *wish, struct buf *notes, struct err *e)
{
	AUTO(isolate) git = {0};
	AUTO(buf) changed = {0};
	AUTO_FD run_fd = journal_open_run(wish->state, wish->run, e);
	struct applying a = {.wish = wish, .git = &git, .run_fd = run_fd};

	if (run_fd < 0 || !git_program_open(&git.git, wish->workspace->root, e) ||
		!git_program_silence(&git.git, true, wish->cancel, e))
		return false;
	struct keep_tree *before =
		wish->keep ? keep_tree_before(wish->keep, wish->cancel, notes) : NULL;
	bool done = apply_all(&a, e);
	keep_tree_after(wish->keep, before, "batch", &changed);
	arena_release(&a.arena);
	return done;
}
