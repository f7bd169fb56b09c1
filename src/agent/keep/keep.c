// SPDX-License-Identifier: MIT
#include "agent/keep/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"

/* Of a task in the journal: enough to tell runs apart. */
enum { TASK_MAX_BYTES = 200 };

struct keep *keep_new(
	const struct workspace *w, const char *directory, const char *run_id, struct str task)
{
	struct keep *k = must_alloc(1, sizeof *k);

	*k = (struct keep){.workspace = w,
		.tree_fd = -1,
		.runs_fd = -1,
		.journal_fd = -1,
		.store = {.fd = -1, .objects_fd = -1, .lock_fd = -1, .size_fd = -1}};
	pthread_mutex_init(&k->lock, NULL);
	if (directory)
		k->directory = arena_text(&k->arena, str_from(directory));
	k->run = arena_copy(&k->arena, str_from(run_id));
	k->task = arena_copy(&k->arena, utf8_head(str_trim(task), TASK_MAX_BYTES));
	return k;
}

struct keep *keep_new_dry(const struct workspace *w)
{
	struct keep *k = keep_new(w, NULL, "", STR(""));

	k->is_dry = true;
	return k;
}

bool keep_is_dry(const struct keep *k)
{
	return k && k->is_dry;
}

const char *keep_before_name(const struct keep *k, struct arena *a)
{
	return arena_printf(a, "%.*s.before", STR_ARG(k->run)).p;
}

/* Commands ran and nothing is different. */
static void drop_empty(struct keep *k)
{
	AUTO(arena) scratch = {0};

	if (k->files.n || k->undoes.p)
		return;
	unlinkat(k->runs_fd, arena_text(&scratch, k->run), 0);
	unlinkat(k->runs_fd, keep_before_name(k, &scratch), 0);
}

/* For the list of runs; who asks later may find the files changed again. */
static void note_lines(struct keep *k)
{
	AUTO(arena) scratch = {0};
	AUTO(buf) line = {0};
	struct keep_change *changes;
	int64_t added = 0, removed = 0;
	struct err e;

	size_t count = keep_changes(k, &scratch, &changes);
	for (size_t i = 0; i < count; i++) {
		added += changes[i].added;
		removed += changes[i].removed;
	}
	journal_put_lines(&line, added, removed);
	/* Without it the list shows no lines. */
	(void)!journal_append(k->journal_fd, &line, false, &e);
}

void keep_free(struct keep *k)
{
	if (!k)
		return;
	if (k->is_open) {
		keep_note_standing(k);
		if (k->files.n)
			note_lines(k);
		drop_empty(k);
		keep_sweep(k, KEEP_STORE_MAX_BYTES);
	}
	file_close(&k->journal_fd);
	file_close(&k->runs_fd);
	file_close(&k->tree_fd);
	store_close(&k->store);
	keep_tree_free(k->standing);
	tree_index_free(k->index);
	vec_release(&k->files);
	pthread_mutex_destroy(&k->lock);
	arena_release(&k->arena);
	free(k);
}

void keep_set_undoes(struct keep *k, struct str run)
{
	k->undoes = arena_copy(&k->arena, run);
}

void keep_tree_name(const struct workspace *w, char out[TREE_NAME_BYTES])
{
	struct sha256 digest = sha256_of(str_from(w->root));
	char text[SHA256_TEXT];

	sha256_text(&digest, text);
	memcpy(out, text, TREE_NAME_BYTES - 1);
	out[TREE_NAME_BYTES - 1] = '\0';
}

/* ---- the journal's file ---- */

static bool open_tree(struct keep *k, struct err *e)
{
	char name[TREE_NAME_BYTES];
	AUTO_FD trees = store_directory(k->store.fd, "trees", true, e);

	if (trees < 0)
		return false;
	keep_tree_name(k->workspace, name);
	k->tree_fd = store_directory(trees, name, true, e);
	if (k->tree_fd < 0)
		return false;
	k->runs_fd = store_directory(k->tree_fd, "runs", true, e);
	if (k->runs_fd < 0)
		return false;
	/* For people; nobody reads it. */
	return faccessat(k->tree_fd, "root", F_OK, 0) == 0 ||
	       store_write(k->tree_fd, "root", str_from(k->workspace->root), false, e);
}

static bool open_journal(struct keep *k, struct err *e)
{
	const char *name = arena_text(&k->arena, k->run);
	struct journal_head head = {.run = k->run,
		.root = str_from(k->workspace->root),
		.task = k->task,
		.undoes = k->undoes,
		.at_ms = clock_wall_ms()};
	AUTO(buf) line = {0};

	k->journal_fd =
		openat(k->runs_fd, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	/* The lock tells an undo that the run is still at work. */
	if (k->journal_fd < 0 || flock(k->journal_fd, LOCK_EX | LOCK_NB) < 0)
		return err_errno(e, "%s", name);
	journal_put_head(&line, &head);
	return journal_append(k->journal_fd, &line, true, e) &&
	       (fsync(k->runs_fd) == 0 || err_errno(e, "%s", name));
}

bool keep_open(struct keep *k, struct err *e)
{
	if (k->is_open)
		return true;
	if (!k->is_broken) {
		k->is_broken = true;
		if (!k->directory)
			(void)err_set(&k->why, ERR_NOT_FOUND,
				"neither XDG_STATE_HOME nor HOME says where");
		else if (store_open(&k->store, k->directory, true, &k->why) &&
			 open_tree(k, &k->why) && open_journal(k, &k->why))
			k->is_open = true;
	}
	if (k->is_open)
		return true;
	*e = k->why;
	return false;
}

/* ---- the files of a run ---- */

static size_t place_of(const struct keep *k, struct str path)
{
	size_t low = 0, high = k->files.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(k->files.p[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct kept_file *find_file(struct keep *k, struct str path)
{
	size_t at = place_of(k, path);

	return at < k->files.n && str_eq(k->files.p[at].path, path) ? &k->files.p[at] : NULL;
}

struct kept_file *keep_note(struct keep *k, const struct journal_change *change)
{
	struct kept_file *file = find_file(k, change->path);

	if (!file) {
		size_t at = place_of(k, change->path);
		vec_push(&k->files, (struct kept_file){0});
		file = &k->files.p[at];
		memmove(file + 1, file, (k->files.n - 1 - at) * sizeof *file);
		*file = (struct kept_file){
			.path = arena_copy(&k->arena, change->path), .first = change->from};
		if (change->unkept.p)
			file->unkept = arena_copy(&k->arena, change->unkept);
	}
	file->previous = change->from;
	file->last = change->to;
	file->open_number = change->outcome == OUTCOME_OPEN ? change->number : 0;
	return file;
}

bool keep_has_room(const struct keep *k, int64_t bytes)
{
	return k->run_bytes + bytes <= KEEP_RUN_MAX_BYTES;
}

/* ---- one change ---- */

static struct kept_state describe(const struct keep_state *state)
{
	struct kept_state made = {.mode = state->mode};

	if (state->mode == 0 || S_ISDIR(state->mode))
		return made;
	made.size_bytes = (int64_t)state->bytes.n;
	made.digest = sha256_of(state->bytes);
	made.has_digest = true;
	return made;
}

/* Puts what was there into the store; "" or why it is not there. */
static const char *keep_bytes(
	struct keep *k, const struct keep_state *before, struct kept_state *from, struct err *e)
{
	int64_t stored = k->store.added_bytes;

	if (from->mode == 0 || S_ISDIR(from->mode))
		return "";
	if (before->bytes.n > KEEP_FILE_MAX_BYTES)
		return "more than 16 MB";
	if (!keep_has_room(k, from->size_bytes))
		return "more than 256 MB in one run";
	if (!store_put(&k->store, before->bytes, true, &from->digest, e))
		return e->text;
	k->run_bytes += k->store.added_bytes - stored;
	return "";
}

/* Lines for the directories above path that are missing: whoever creates it makes them. */
static void note_directories(struct keep *k, struct str path, const char *tool, struct buf *lines)
{
	struct err e;
	bool is_missing = false;

	for (size_t n = 0; (n = str_find_char(path, '/', n)) != SIZE_MAX; n++) {
		struct str directory = str_head(path, n);
		if (!is_missing) {
			AUTO_FD fd = workspace_open_path(
				k->workspace, directory, O_PATH | O_DIRECTORY, &e);
			is_missing = fd < 0 && e.code == ERR_NOT_FOUND;
		}
		const struct kept_file *noted = find_file(k, directory);
		if (!is_missing || (noted && noted->last.mode))
			continue;
		struct journal_change change = {.number = ++k->number,
			.path = directory,
			.to.mode = STATE_DIRECTORY_MODE,
			.tool = str_from(tool),
			.outcome = OUTCOME_DONE};
		journal_put_change(lines, &change, clock_wall_ms());
		keep_note(k, &change);
	}
}

static bool journal_one(struct keep *k, struct str path, const struct keep_state *before,
	const struct keep_state *after, const char *tool, struct err *e)
{
	struct journal_change change = {.path = path,
		.tool = str_from(tool),
		.from = describe(before),
		.to = describe(after)};
	AUTO(buf) lines = {0};
	struct err failed = {0};
	const char *why = keep_bytes(k, before, &change.from, &failed);

	if (*why)
		change.unkept = str_from(why);
	if (before->mode == 0 && after->mode != 0)
		note_directories(k, path, tool, &lines);
	change.number = ++k->number;
	journal_put_change(&lines, &change, clock_wall_ms());
	if (!journal_append(k->journal_fd, &lines, true, e))
		return false;
	keep_note(k, &change);
	return !*why || err_set(e, failed.code ? failed.code : ERR_LIMIT, "%s", why);
}

/* Later states of a file take the earlier ones' place; the memory goes with the run. */
static bool remember(struct keep *k, struct str path, const struct keep_state *before,
	const struct keep_state *after)
{
	struct journal_change change = {.path = path,
		.from = describe(before),
		.to = describe(after),
		.number = ++k->number};
	const struct kept_file *known = find_file(k, path);
	bool is_new = !known;

	/* One that is only remembered has no permissions but those it was made with. */
	if (known && known->last.mode && before->mode == 0 && after->mode)
		change.to.mode = known->last.mode;
	struct kept_file *file = keep_note(k, &change);
	if (is_new)
		file->first_bytes = arena_copy(&k->arena, before->bytes);
	file->last_bytes = arena_copy(&k->arena, after->bytes);
	return true;
}

bool keep_before(struct keep *k, struct str path, const struct keep_state *before,
	const struct keep_state *after, const char *tool, struct err *e)
{
	if (!k)
		return true;
	pthread_mutex_lock(&k->lock);
	bool is_kept = k->is_dry ? remember(k, path, before, after)
				 : keep_open(k, e) && journal_one(k, path, before, after, tool, e);
	pthread_mutex_unlock(&k->lock);
	return is_kept;
}

void keep_after(struct keep *k, struct str path, bool is_changed)
{
	AUTO(buf) line = {0};
	struct err e;

	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	struct kept_file *file = k->is_open ? find_file(k, path) : NULL;
	if (file && file->open_number) {
		journal_put_mark(&line, is_changed ? "done" : "left", file->open_number);
		/* Without the line, an undo compares the file with both states. */
		(void)!journal_append(k->journal_fd, &line, false, &e);
		file->open_number = 0;
		if (!is_changed)
			file->last = file->previous;
	}
	pthread_mutex_unlock(&k->lock);
}

/* ---- looking at the workspace ---- */

int keep_open_parent(const struct workspace *w, struct str path, struct str *name, struct err *e)
{
	const char *slash = memrchr(path.p, '/', path.n);
	size_t n = slash ? (size_t)(slash - path.p) : 0;

	*name = slash ? str_skip(path, n + 1) : path;
	return workspace_open_path(w, str_head(path, n), O_RDONLY | O_DIRECTORY, e);
}

static bool look_at_link(
	int parent, const char *name, struct kept_state *state, struct buf *bytes, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(parent, name, target, sizeof target);

	if (n < 0)
		return err_errno(e, "%s", name);
	struct str text = {target, (size_t)n};
	state->size_bytes = n;
	state->digest = sha256_of(text);
	state->has_digest = true;
	if (bytes)
		buf_put_str(bytes, text);
	return true;
}

static bool look_at_file(
	int parent, const char *name, struct kept_state *state, struct buf *bytes, struct err *e)
{
	AUTO(buf) own = {0};
	struct buf *into = bytes ? bytes : &own;
	size_t start = into->n;
	struct stat st;

	AUTO_FD fd =
		openat(parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "%s: not a regular file", name);
	state->mode = st.st_mode;
	state->size_bytes = st.st_size;
	if (st.st_size > KEEP_FILE_MAX_BYTES)
		return true;
	if (!file_read_fd(fd, name, KEEP_FILE_MAX_BYTES, into, e))
		return false;
	struct str text = str_skip(buf_str(into), start);
	state->size_bytes = (int64_t)text.n;
	state->digest = sha256_of(text);
	state->has_digest = true;
	return true;
}

bool keep_look(const struct workspace *w, struct str path, struct kept_state *state,
	struct buf *bytes, struct err *e)
{
	AUTO(arena) scratch = {0};
	struct kept_state found = {0};
	struct stat st;
	struct str last;
	AUTO_FD parent = keep_open_parent(w, path, &last, e);

	*state = found;
	if (parent < 0)
		return e->code == ERR_NOT_FOUND;
	const char *name = arena_text(&scratch, last);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || err_errno(e, "%.*s", STR_ARG(path));
	found.mode = st.st_mode;
	bool is_read = S_ISLNK(st.st_mode)   ? look_at_link(parent, name, &found, bytes, e)
		       : S_ISREG(st.st_mode) ? look_at_file(parent, name, &found, bytes, e)
					     : true;
	if (is_read)
		*state = found;
	return is_read;
}
