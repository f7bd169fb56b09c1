// SPDX-License-Identifier: MIT
/* undo: which runs there are, and the plan to take one back. */
#include "agent/undo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/keep/plan.h"
#include "base/file.h"

/* A journal as it was read, with what the directory says of it. */
struct entry {
	struct journal journal;
	struct str name;
	bool is_at_work, is_undone;
};

struct runs {
	struct arena *arena;
	VEC(struct entry) entries; /* newest first */
};

static void runs_release(struct runs *r)
{
	vec_each (&r->entries, entry)
		journal_release(&entry->journal);
	vec_release(&r->entries);
}

/* ---- reading them ---- */

static int open_runs(const struct store *s, const char *tree)
{
	AUTO(arena) scratch = {0};

	return openat(s->fd, arena_printf(&scratch, "trees/%s/runs", tree).p,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* The process that writes it has not ended. */
static bool is_at_work(int runs_fd, const char *name)
{
	AUTO_FD fd = openat(runs_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static void read_run(struct runs *r, int runs_fd, const char *name)
{
	struct entry entry = {.name = arena_copy(r->arena, str_from(name))};
	struct stat st;
	struct err e;

	if (fstatat(runs_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	entry.is_at_work = is_at_work(runs_fd, name);
	if (!journal_read(runs_fd, name, r->arena, &entry.journal, &e)) {
		if (e.code == ERR_NOT_FOUND)
			return;
		entry.journal.head = (struct journal_head){
			.run = entry.name, .at_ms = (int64_t)st.st_mtim.tv_sec * 1000};
		entry.journal.bad_lines = 1;
		entry.journal.first_bad_line = 1;
	}
	vec_push(&r->entries, entry);
}

static int newest_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int64_t s = x->journal.head.at_ms, t = y->journal.head.at_ms;

	return s != t ? (s < t) - (s > t) : str_cmp(y->name, x->name);
}

/* An undo counts unless it was undone itself; it is younger than what it takes back. */
static void tell_undone(struct runs *r)
{
	for (size_t i = 0; i < r->entries.n; i++) {
		const struct entry *undo = &r->entries.p[i];
		if (!undo->journal.head.undoes.p || !undo->journal.is_undone || undo->is_undone)
			continue;
		for (size_t k = i + 1; k < r->entries.n; k++)
			r->entries.p[k].is_undone |=
				str_eq(r->entries.p[k].name, undo->journal.head.undoes);
	}
}

static void read_runs(struct runs *r, int runs_fd)
{
	int fd = openat(runs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;

	for (struct dirent *d; list && (d = readdir(list));)
		if (d->d_name[0] != '.' && !str_ends(str_from(d->d_name), STR(".before")))
			read_run(r, runs_fd, d->d_name);
	if (list)
		closedir(list);
	else
		file_close(&fd);
	if (r->entries.n)
		qsort(r->entries.p, r->entries.n, sizeof *r->entries.p, newest_first);
	tell_undone(r);
}

static struct undo_run describe(const struct entry *entry)
{
	const struct journal *j = &entry->journal;
	struct undo_run run = {.id = entry->name,
		.task = j->head.task,
		.undoes = j->head.undoes,
		.at_ms = j->head.at_ms,
		.added = j->added,
		.removed = j->removed,
		.is_undone = entry->is_undone,
		.is_at_work = entry->is_at_work,
		.bad_lines = j->bad_lines};
	net_list nets = {0};

	net_collect(j, &nets);
	vec_each (&nets, net) {
		run.files += net_is_file(net);
		run.unkept += net->unkept.p != NULL;
	}
	vec_release(&nets);
	return run;
}

static bool has_content(const struct entry *entry)
{
	const struct journal *j = &entry->journal;

	return j->changes.n || j->bad_lines || j->open_watch;
}

bool undo_list(const struct workspace *w, const char *directory, struct arena *a,
	struct undo_run **out, size_t *count, struct err *e)
{
	struct runs runs = {.arena = a};
	char tree[TREE_NAME_BYTES];
	struct store store;
	struct err why;

	*count = 0;
	if (!directory || !store_open(&store, directory, false, &why)) {
		if (!directory || why.code == ERR_NOT_FOUND)
			return true;
		*e = why;
		return false;
	}
	keep_tree_name(w, tree);
	AUTO_FD fd = open_runs(&store, tree);
	if (fd >= 0)
		read_runs(&runs, fd);
	*out = arena_alloc(a, runs.entries.n + 1, sizeof **out);
	vec_each (&runs.entries, entry)
		if (has_content(entry))
			(*out)[(*count)++] = describe(entry);
	runs_release(&runs);
	store_close(&store);
	return true;
}

/* ---- choosing one ---- */

/* Where a run is that this workspace does not have; absent when nobody has. */
static struct str find_elsewhere(const struct store *s, const char *id, struct arena *a)
{
	int fd = openat(s->fd, "trees", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *trees = fd >= 0 ? fdopendir(fd) : NULL;
	struct str root = {0};

	for (struct dirent *d; trees && !root.p && (d = readdir(trees));) {
		struct runs runs = {.arena = a};
		AUTO_FD runs_fd = d->d_name[0] == '.' ? -1 : open_runs(s, d->d_name);
		if (runs_fd < 0)
			continue;
		read_runs(&runs, runs_fd);
		vec_each (&runs.entries, entry)
			if (str_starts(entry->name, str_from(id)))
				root = entry->journal.head.root;
		runs_release(&runs);
	}
	if (trees)
		closedir(trees);
	else
		file_close(&fd);
	return root;
}

static const struct entry *choose_latest(const struct runs *r, struct err *e)
{
	vec_each (&r->entries, entry)
		if (has_content(entry) && !entry->journal.head.undoes.p && !entry->is_undone)
			return entry;
	err_set(e, ERR_USAGE, "no run of this workspace is left to undo");
	return NULL;
}

static const struct entry *choose(const struct undo_plan *p, const struct runs *r, struct err *e)
{
	const char *id = p->wish.id;
	const struct entry *found = NULL;
	AUTO(arena) scratch = {0};

	if (!id)
		return choose_latest(r, e);
	vec_each (&r->entries, entry) {
		if (!str_starts(entry->name, str_from(id)))
			continue;
		if (found) {
			err_set(e, ERR_USAGE, "several runs begin with %s", id);
			return NULL;
		}
		found = entry;
	}
	if (found)
		return found;
	struct str root = *id ? find_elsewhere(&p->store, id, &scratch) : (struct str){0};
	if (root.p)
		err_set(e, ERR_USAGE, "run %s worked in %.*s: -C %.*s undoes it", id, STR_ARG(root),
			STR_ARG(root));
	else
		err_set(e, ERR_USAGE, "no run begins with %s (fettle undo --list)", id);
	return NULL;
}

/* ---- the plan ---- */

static int nets_by_path(const void *a, const void *b)
{
	return str_cmp(((const struct net *)a)->path, ((const struct net *)b)->path);
}

/* What a command that was cut off has changed is told from its beginning and from now. */
static void add_interrupted(struct undo_plan *p, int runs_fd, const struct journal *j)
{
	struct keep keep = {.workspace = p->wish.workspace, .directory = p->wish.directory};
	const char *name = arena_printf(&p->arena, "%.*s.before", STR_ARG(p->run.id)).p;
	struct tree_index before = {0};
	struct tree now = {0};
	change_list changes = {0};
	struct err e;

	if (!tree_index_read(&before, runs_fd, name, &e) || !tree_scan(&now, &keep, NULL, &e)) {
		p->problem = "a command of it was cut off, and what it had changed is not known";
	} else {
		tree_compare(keep.workspace, before.entries.p, before.entries.n, j->watch_ns, &now,
			&changes);
	}
	vec_each (&changes, change) {
		struct net net = {.path = arena_copy(&p->arena, change->path),
			.from = change->from,
			.to = change->to,
			.unkept = change->unkept};
		bool is_known = false;
		vec_each (&p->nets, other)
			is_known |= str_eq(other->path, net.path);
		if (is_known)
			continue;
		if (!p->wish.takes_interrupted)
			net.problem = "changed while or after a command was cut off "
				      "(--interrupted takes it back, too)";
		vec_push(&p->nets, net);
	}
	if (p->nets.n)
		qsort(p->nets.p, p->nets.n, sizeof *p->nets.p, nets_by_path);
	vec_release(&changes);
	tree_release(&now);
	tree_index_release(&before);
}

static bool read_bytes(struct undo_plan *p, const struct net *net, struct buf *now, struct buf *old)
{
	struct kept_state present;
	struct err e;

	if (!keep_look(p->wish.workspace, net->path, &present, now, &e))
		return false;
	return !net->from.has_digest || store_get(&p->store, &net->from.digest, old, &e);
}

static void add_file(struct undo_plan *p, const struct net *net)
{
	AUTO(buf) now = {0};
	AUTO(buf) old = {0};
	AUTO(buf) diff = {0};
	struct undo_file file = {.path = net->path,
		.problem = net->problem,
		.kind = !net->from.mode || S_ISDIR(net->from.mode) ? 'D'
			: net->present.mode                        ? 'M'
								   : 'A'};

	if (!net->problem && read_bytes(p, net, &now, &old)) {
		struct str before = buf_str(&now), after = buf_str(&old);
		struct diff_counts counts =
			keep_diff_sides(&diff, net->path, &net->present, before, &net->from, after);
		file.is_text = !diff_is_binary(before) && !diff_is_binary(after);
		file.added = (int64_t)counts.added;
		file.removed = (int64_t)counts.deleted;
	}
	vec_push(&p->files, file);
}

static void judge(struct undo_plan *p)
{
	vec_each (&p->nets, net) {
		if (!net->problem)
			net_judge(p, net);
		if (!net->is_over && (net_is_file(net) || net->problem))
			add_file(p, net);
	}
}

static void fill(struct undo_plan *p, const struct entry *entry, int runs_fd)
{
	const struct journal *j = &entry->journal;

	p->run = describe(entry);
	net_collect(j, &p->nets);
	if (j->bad_lines)
		p->problem = arena_printf(
			&p->arena, "line %d of its journal is damaged", j->first_bad_line)
				     .p;
	if (j->open_watch)
		add_interrupted(p, runs_fd, j);
	judge(p);
}

static bool is_possible(const struct entry *entry, struct err *e)
{
	const char *name = entry->name.p;

	if (entry->is_at_work)
		return err_set(e, ERR_USAGE, "run %s is still at work", name);
	if (entry->is_undone)
		return err_set(e, ERR_USAGE, "run %s is undone already", name);
	return true;
}

struct undo_plan *undo_plan_new(const struct undo_wish *wish, struct err *e)
{
	struct undo_plan *p = must_alloc(1, sizeof *p);
	struct runs runs = {.arena = &p->arena};
	char tree[TREE_NAME_BYTES];
	bool is_good = false;

	*p = (struct undo_plan){.wish = *wish, .store.fd = -1};
	if (!wish->directory)
		err_set(e, ERR_USAGE, "neither XDG_STATE_HOME nor HOME says where runs are kept");
	else if (!store_open(&p->store, wish->directory, false, e) && e->code == ERR_NOT_FOUND)
		err_set(e, ERR_USAGE, "no run has changed anything yet");
	if (p->store.fd >= 0) {
		keep_tree_name(wish->workspace, tree);
		AUTO_FD fd = open_runs(&p->store, tree);
		if (fd >= 0)
			read_runs(&runs, fd);
		const struct entry *entry = choose(p, &runs, e);
		is_good = entry && is_possible(entry, e);
		if (is_good)
			fill(p, entry, fd);
		runs_release(&runs);
	}
	if (is_good)
		return p;
	undo_plan_free(p);
	return NULL;
}

void undo_plan_free(struct undo_plan *p)
{
	if (!p)
		return;
	if (p->store.fd >= 0)
		store_close(&p->store);
	vec_release(&p->nets);
	vec_release(&p->files);
	arena_release(&p->arena);
	free(p);
}

const struct undo_run *undo_plan_run(const struct undo_plan *p)
{
	return &p->run;
}

const struct undo_file *undo_plan_files(const struct undo_plan *p, size_t *count)
{
	*count = p->files.n;
	return p->files.p;
}

const char *undo_plan_problem(const struct undo_plan *p)
{
	return p->problem;
}

void undo_plan_put_diff(struct undo_plan *p, struct buf *out, struct buf *notes)
{
	vec_each (&p->nets, net) {
		AUTO(buf) now = {0};
		AUTO(buf) old = {0};
		if (net->is_over || net->problem || !net_is_file(net) ||
			!read_bytes(p, net, &now, &old))
			continue;
		struct str before = buf_str(&now), after = buf_str(&old);
		if (diff_is_large(before, after))
			buf_printf(notes, "%.*s: " KEEP_LARGE_WORDS "\n", STR_ARG(net->path));
		else
			keep_diff_sides(out, net->path, &net->present, before, &net->from, after);
	}
}
