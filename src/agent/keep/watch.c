// SPDX-License-Identifier: MIT
/* watch: what a command has changed, told from looks at the whole workspace before and after it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/keep/tree.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"

enum { SHOWN_MAX = 20, PATH_CELLS = 200 };

struct keep_tree {
	struct tree tree;
	int64_t number; /* of its line in the journal */
	const char *tool; /* a standing one's */
};

/* ---- before: what is not in the store yet is put there ---- */

struct gaps {
	size_t large, full, unreadable;
	int64_t bytes; /* of the whole tree, as far as it is in the store */
};

/* Half of the store, so that one workspace does not push all runs out of it. */
enum { TREE_MAX_BYTES = KEEP_STORE_MAX_BYTES / 2 };

static bool take_link(struct keep *k, int parent, const char *name, struct kept_state *state)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(parent, name, target, sizeof target);
	struct str text = {target, n > 0 ? (size_t)n : 0};
	struct err e;

	state->digest = sha256_of(text);
	return n >= 0 && store_put(&k->store, text, false, &state->digest, &e);
}

static bool take_file(struct keep *k, int parent, const char *name, struct kept_state *state)
{
	AUTO_FD fd = openat(parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct err e;

	return fd >= 0 && store_take(&k->store, fd, KEEP_FILE_MAX_BYTES, &state->digest,
				  &state->size_bytes, &e);
}

static void take(struct keep *k, struct tree_entry *entry, struct gaps *gaps)
{
	struct kept_state *state = &entry->state;
	int64_t stored = k->store.added_bytes;
	AUTO(arena) scratch = {0};
	struct str last;
	struct err e;

	if (state->size_bytes > KEEP_FILE_MAX_BYTES) {
		gaps->large++;
		return;
	}
	if (!keep_has_room(k, state->size_bytes) ||
		gaps->bytes + state->size_bytes > TREE_MAX_BYTES) {
		gaps->full++;
		return;
	}
	AUTO_FD parent = keep_open_parent(k->workspace, entry->path, &last, &e);
	const char *name = arena_text(&scratch, last);
	state->has_digest =
		parent >= 0 && (S_ISLNK(state->mode) ? take_link(k, parent, name, state)
						     : take_file(k, parent, name, state));
	gaps->unreadable += !state->has_digest;
	gaps->bytes += state->has_digest ? state->size_bytes : 0;
	k->run_bytes += k->store.added_bytes - stored;
}

static void read_index(struct keep *k)
{
	struct err e;

	if (k->index)
		return;
	k->index = must_alloc(1, sizeof *k->index);
	/* Without one, or with a damaged one, everything is taken anew. */
	(void)!tree_index_read(k->index, k->tree_fd, "index", &e);
}

/* Both are in the order of paths. True when something was taken, or is gone. */
static bool take_new(struct keep *k, struct tree *t, struct gaps *gaps, const atomic_bool *cancel)
{
	struct tree_entry *old = k->index->entries.p;
	const struct tree_entry *end = old + k->index->entries.n;
	bool is_sure = k->index->generation == k->store.generation, has_news = !is_sure;

	has_news |= k->index->entries.n != t->entries.n;
	vec_each (&t->entries, entry) {
		while (old < end && str_cmp(old->path, entry->path) < 0)
			old++;
		bool is_known = old < end && str_eq(old->path, entry->path) &&
				tree_is_same(old, INT64_MAX, entry);
		if (S_ISDIR(entry->state.mode))
			continue;
		if (is_known && (is_sure || store_has(&k->store, &old->state.digest))) {
			entry->state = old->state;
			gaps->bytes += entry->state.size_bytes;
			continue;
		}
		has_news = true;
		if (cancel && atomic_load_explicit(cancel, memory_order_relaxed))
			return false;
		take(k, entry, gaps);
	}
	return has_news;
}

/* The index of the next command is what was seen at this one. */
static void renew_index(struct keep *k, const struct tree *t)
{
	struct err e;

	tree_index_release(k->index);
	if (tree_index_write(t, k->store.generation, k->tree_fd, &e))
		(void)!tree_index_read(k->index, k->tree_fd, "index", &e);
}

static void put_gaps(const struct gaps *gaps, struct buf *note)
{
	size_t all = gaps->large + gaps->full + gaps->unreadable;

	if (all == 0)
		return;
	buf_printf(note, "[%zu %s not kept, changes to %s cannot be undone:", all,
		all == 1 ? "file is" : "files are", all == 1 ? "it" : "them");
	if (gaps->large)
		buf_printf(note, " %zu over 16 MB", gaps->large);
	if (gaps->full)
		buf_printf(note, "%s %zu past 256 MB in one run or 512 MB in all",
			gaps->large ? "," : "", gaps->full);
	if (gaps->unreadable)
		buf_printf(note, "%s %zu unreadable", gaps->large + gaps->full ? "," : "",
			gaps->unreadable);
	buf_put_text(note, "]\n");
}

/* What an undo goes by when the command does not come to its end. */
static void put_watch(struct keep *k, struct keep_tree *t)
{
	AUTO(arena) scratch = {0};
	AUTO(buf) line = {0};
	struct err e;

	(void)!linkat(k->tree_fd, "index", k->runs_fd, keep_before_name(k, &scratch), 0);
	t->number = ++k->number;
	journal_put_watch(&line, t->number, t->tree.at_ns);
	(void)!journal_append(k->journal_fd, &line, false, &e);
}

static bool look_before(struct keep *k, struct keep_tree *t, const atomic_bool *cancel,
	struct buf *note, struct err *e)
{
	struct gaps gaps = {0};

	if (!keep_open(k, e) || !tree_scan(&t->tree, k, cancel, e))
		return false;
	if (t->tree.is_too_large)
		return err_set(e, ERR_LIMIT, "more than 100,000 files");
	read_index(k);
	if (take_new(k, &t->tree, &gaps, cancel))
		renew_index(k, &t->tree);
	if (cancel && atomic_load(cancel))
		return err_set(e, ERR_CANCELLED, "stopped");
	put_gaps(&gaps, note);
	put_watch(k, t);
	return true;
}

void keep_tree_free(struct keep_tree *t)
{
	if (!t)
		return;
	tree_release(&t->tree);
	free(t);
}

struct keep_tree *keep_tree_before(struct keep *k, const atomic_bool *cancel, struct buf *note)
{
	struct err e;

	if (!k || k->is_dry)
		return NULL;
	struct keep_tree *t = must_alloc(1, sizeof *t);
	pthread_mutex_lock(&k->lock);
	bool is_kept = look_before(k, t, cancel, note, &e);
	pthread_mutex_unlock(&k->lock);
	if (is_kept)
		return t;
	if (e.code != ERR_CANCELLED)
		buf_printf(
			note, "[what this changes is not kept and cannot be undone: %s]\n", e.text);
	keep_tree_free(t);
	return NULL;
}

/* ---- after ---- */

struct comparing {
	const struct workspace *workspace;
	int64_t before_ns;
	change_list *out;
	VEC(struct str) came; /* directories of these names that were others before, or none */
};

static void differs(const struct comparing *c, struct str path, const struct kept_state *from,
	const struct kept_state *to)
{
	struct journal_change change = {.path = path, .from = *from, .to = *to};

	if (from->mode && !S_ISDIR(from->mode) && !from->has_digest)
		change.unkept = STR("too large, or unreadable");
	vec_push(c->out, change);
}

/* What both looks have seen, or what is there now although the second look did not see it. */
static void compare(
	const struct comparing *c, const struct tree_entry *before, const struct tree_entry *now)
{
	struct kept_state found;
	struct err e;

	if (now && tree_is_same(before, c->before_ns, now))
		return;
	if (!keep_look(c->workspace, before->path, &found, NULL, &e))
		return;
	/* Of what cannot be compared, only size and times tell, and now there are none. */
	bool is_blind = found.mode && !S_ISDIR(found.mode) &&
			(!found.has_digest || !before->state.has_digest);
	if (is_blind && !now)
		return;
	if (!kept_state_eq(&before->state, &found))
		differs(c, before->path, &before->state, &found);
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A directory that is moved takes along what is in it, and nothing of that is touched. */
static bool came_along(const struct comparing *c, struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct str directory = str_head(path, slash ? (size_t)(slash - path.p) : 0);

	return slash && c->came.n &&
	       bsearch(&directory, c->came.p, c->came.n, sizeof directory, by_text);
}

/*
 * New to the look, but not new: a change of ignore rules brings old files to light. Whatever was
 * made, or moved here, after the first look has been changed after it.
 */
static void add(struct comparing *c, const struct tree_entry *now)
{
	static const struct kept_state nothing;
	struct kept_state found;
	struct err e;

	if (now->changed_ns < c->before_ns && !came_along(c, now->path))
		return;
	if (S_ISDIR(now->state.mode))
		vec_push(&c->came, now->path);
	if (keep_look(c->workspace, now->path, &found, NULL, &e) && found.mode)
		differs(c, now->path, &nothing, &found);
}

static bool is_other_directory(const struct tree_entry *before, const struct tree_entry *now)
{
	return S_ISDIR(now->state.mode) &&
	       (!S_ISDIR(before->state.mode) || before->inode != now->inode);
}

void tree_compare(const struct workspace *w, const struct tree_entry *before, size_t count,
	int64_t before_ns, const struct tree *now, change_list *out)
{
	struct comparing c = {.workspace = w, .before_ns = before_ns, .out = out};
	const struct tree_entry *end = before + count;

	vec_each (&now->entries, entry) {
		for (; before < end && str_cmp(before->path, entry->path) < 0; before++)
			compare(&c, before, NULL);
		if (before == end || !str_eq(before->path, entry->path)) {
			add(&c, entry);
			continue;
		}
		if (is_other_directory(before, entry))
			vec_push(&c.came, entry->path);
		compare(&c, before++, entry);
	}
	for (; before < end; before++)
		compare(&c, before, NULL);
	vec_release(&c.came);
}

static bool is_about_directory(const struct journal_change *change)
{
	return (change->from.mode == 0 || S_ISDIR(change->from.mode)) &&
	       (change->to.mode == 0 || S_ISDIR(change->to.mode));
}

static void show(const change_list *changes, struct buf *out)
{
	size_t files = 0, unkept = 0;

	vec_each (changes, change) {
		unkept += change->unkept.p != NULL;
		if (is_about_directory(change) || files++ >= SHOWN_MAX)
			continue;
		buf_printf(out, "%s%c ", files == 1 ? "changed: " : ", ",
			!change->from.mode ? 'A'
			: change->to.mode  ? 'M'
					   : 'D');
		utf8_put_line(out, change->path, PATH_CELLS);
	}
	if (files > SHOWN_MAX)
		buf_printf(out, " and %zu more", files - SHOWN_MAX);
	if (files)
		buf_put_char(out, '\n');
	if (unkept)
		buf_printf(out, "[%zu of them cannot be undone]\n", unkept);
}

static void journal_all(struct keep *k, change_list *changes, const char *tool, struct buf *out)
{
	AUTO(buf) lines = {0};
	int64_t at_ms = clock_wall_ms();
	struct err e;

	vec_each (changes, change) {
		change->number = ++k->number;
		change->tool = str_from(tool);
		change->outcome = OUTCOME_DONE;
		if (change->from.has_digest &&
			!store_make_safe(&k->store, &change->from.digest, &e))
			change->unkept = STR("the disk does not take it");
		journal_put_change(&lines, change, at_ms);
		journal_put_mark(&lines, "done", change->number);
		keep_note(k, change);
	}
	if (lines.n && !journal_append(k->journal_fd, &lines, true, &e))
		buf_printf(out, "[these changes are not kept and cannot be undone: %s]\n", e.text);
}

static bool look_after(struct keep *k, const struct keep_tree *t, const char *tool, struct buf *out)
{
	struct tree now = {0};
	change_list changes = {0};
	struct err e;

	bool is_seen = tree_scan(&now, k, NULL, &e) && !now.is_too_large;
	if (is_seen) {
		tree_compare(k->workspace, t->tree.entries.p, t->tree.entries.n, t->tree.at_ns,
			&now, &changes);
		show(&changes, out);
		journal_all(k, &changes, tool, out);
	} else {
		buf_printf(out, "[what this has changed is not known: %s]\n",
			now.is_too_large ? "more than 100,000 files" : e.text);
	}
	vec_release(&changes);
	tree_release(&now);
	return is_seen;
}

static void end_watch(struct keep *k, const struct keep_tree *t)
{
	AUTO(arena) scratch = {0};
	AUTO(buf) line = {0};
	struct err e;

	journal_put_mark(&line, "watched", t->number);
	/* Without it an undo takes what changes later for the command's, too, and says so. */
	(void)!journal_append(k->journal_fd, &line, false, &e);
	unlinkat(k->runs_fd, keep_before_name(k, &scratch), 0);
}

void keep_tree_after(struct keep *k, struct keep_tree *t, const char *tool, struct buf *out)
{
	if (!k || !t)
		return;
	pthread_mutex_lock(&k->lock);
	if (look_after(k, t, tool, out) && !k->standing)
		end_watch(k, t);
	pthread_mutex_unlock(&k->lock);
	keep_tree_free(t);
}

/* ---- what goes on beside the run ---- */

void keep_tree_stay(struct keep *k, struct keep_tree *t, const char *tool)
{
	if (!k || !t)
		return;
	pthread_mutex_lock(&k->lock);
	/* The first look is the older one: it sees what the others would, and more. */
	if (k->standing) {
		keep_tree_free(t);
	} else {
		t->tool = tool;
		k->standing = t;
	}
	pthread_mutex_unlock(&k->lock);
}

void keep_note_standing(struct keep *k)
{
	AUTO(buf) unsaid = {0};

	if (k->standing && look_after(k, k->standing, k->standing->tool, &unsaid))
		end_watch(k, k->standing);
}
