// SPDX-License-Identifier: MIT
/* Doing what a plan says: what leaves goes first, deepest first; then what comes back, from the
 * top. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/keep/plan.h"
#include "base/file.h"

/* One path and how it shall be. */
struct step {
	struct str path;
	struct kept_state target; /* mode 0: nothing */
	const struct kept_state *expected; /* what has to be there now; NULL: anything */
};

typedef VEC(struct step) step_list;

struct doing {
	const struct workspace *workspace;
	struct keep *keep;
	bool is_certain; /* what the step expects has to be there */
};

/* ---- one path ---- */

static bool make_parents(const struct workspace *w, struct str path, struct err *e)
{
	AUTO(arena) scratch = {0};

	for (size_t n = 0; (n = str_find_char(path, '/', n)) != SIZE_MAX; n++) {
		struct str name;
		AUTO_FD parent = keep_open_parent(w, str_head(path, n), &name, e);
		if (parent < 0)
			return false;
		const char *text = arena_text(&scratch, name);
		if (mkdirat(parent, text, 0777) < 0 && errno != EEXIST)
			return err_errno(e, "%.*s", STR_ARG(str_head(path, n)));
	}
	return true;
}

/* A new file beside, which takes the name in one step. */
static bool put_file(int parent, const char *name, struct str bytes, mode_t mode, struct err *e)
{
	char temporary[32];
	struct stat st;

	snprintf(temporary, sizeof temporary, ".fettle-undo.%08x", (unsigned)arc4random());
	AUTO_FD fd = openat(
		parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, "%s", name);
	/* Whose it is stays where we may say so; before the mode, which a change of owner trims. */
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
	bool is_done = file_write_fd(fd, bytes, e);
	if (is_done && (fchmod(fd, mode & 07777) < 0 || fsync(fd) < 0 ||
			       renameat(parent, temporary, parent, name) < 0))
		is_done = err_errno(e, "%s", name);
	if (!is_done)
		unlinkat(parent, temporary, 0);
	return is_done;
}

static bool put_link(int parent, const char *name, struct str target, struct err *e)
{
	char temporary[32];
	AUTO(arena) scratch = {0};

	snprintf(temporary, sizeof temporary, ".fettle-undo.%08x", (unsigned)arc4random());
	if (symlinkat(arena_text(&scratch, target), parent, temporary) < 0)
		return err_errno(e, "%s", name);
	if (renameat(parent, temporary, parent, name) == 0)
		return true;
	(void)err_errno(e, "%s", name);
	unlinkat(parent, temporary, 0);
	return false;
}

static bool put_directory(int parent, const char *name, mode_t mode, struct err *e)
{
	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return err_errno(e, "%s", name);
	AUTO_FD fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return (fd >= 0 && fchmod(fd, mode & 07777) == 0) || err_errno(e, "%s", name);
}

static bool remove_it(int parent, const char *name, const struct kept_state *present,
	bool is_needed, struct err *e)
{
	int flags = S_ISDIR(present->mode) ? AT_REMOVEDIR : 0;

	if (unlinkat(parent, name, flags) == 0 || errno == ENOENT)
		return true;
	/* A directory that the run made and that is in use now stays. */
	if (flags && !is_needed && (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY))
		return true;
	return err_errno(e, "%s", name);
}

static bool change_path(struct doing *d, const struct step *step, const struct kept_state *present,
	struct str bytes, struct err *e)
{
	AUTO(arena) scratch = {0};
	mode_t mode = step->target.mode;
	struct str last;

	if (mode && !make_parents(d->workspace, step->path, e))
		return false;
	AUTO_FD parent = keep_open_parent(d->workspace, step->path, &last, e);
	if (parent < 0)
		return !mode && e->code == ERR_NOT_FOUND;
	const char *name = arena_text(&scratch, last);
	bool is_other_kind = (present->mode & S_IFMT) != (mode & S_IFMT);
	bool is_in_the_way = !mode || S_ISDIR(mode) || S_ISDIR(present->mode);
	if (present->mode && is_other_kind && is_in_the_way &&
		!remove_it(parent, name, present, mode != 0, e))
		return false;
	bool is_done = !mode           ? true
		       : S_ISDIR(mode) ? put_directory(parent, name, mode, e)
		       : S_ISLNK(mode) ? put_link(parent, name, bytes, e)
				       : put_file(parent, name, bytes, mode, e);
	return is_done && (fsync(parent) == 0 || err_errno(e, "%.*s", STR_ARG(step->path)));
}

/* ---- steps ---- */

/* What is there is kept first: an undo can be undone. */
static bool take_step(struct doing *d, const struct step *step, struct err *e)
{
	AUTO(buf) now = {0};
	AUTO(buf) old = {0};
	struct kept_state present;

	if (!keep_look(d->workspace, step->path, &present, &now, e))
		return false;
	if (d->is_certain && step->expected && !kept_state_eq(&present, step->expected))
		return err_set(e, ERR_DENIED, "%.*s: changed meanwhile", STR_ARG(step->path));
	if (kept_state_eq(&present, &step->target))
		return true;
	if (step->target.has_digest && !store_get(&d->keep->store, &step->target.digest, &old, e))
		return err_context(e, "%.*s", STR_ARG(step->path));
	struct keep_state before = {present.mode, buf_str(&now)};
	struct keep_state after = {step->target.mode, buf_str(&old)};
	if (!keep_before(d->keep, step->path, &before, &after, "undo", e))
		return err_context(e, "%.*s cannot be kept", STR_ARG(step->path));
	bool is_done = change_path(d, step, &present, buf_str(&old), e);
	keep_after(d->keep, step->path, is_done);
	return is_done;
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct step *)a)->path, ((const struct step *)b)->path);
}

static bool take_steps(struct doing *d, step_list *steps, struct err *e)
{
	if (steps->n)
		qsort(steps->p, steps->n, sizeof *steps->p, by_path);
	for (size_t i = steps->n; i-- > 0;)
		if (!steps->p[i].target.mode && !take_step(d, &steps->p[i], e))
			return false;
	vec_each (steps, step)
		if (step->target.mode && !take_step(d, step, e))
			return false;
	return true;
}

/* Everything that the undo itself has changed becomes what it was. */
static bool put_back(struct doing *d, struct err *e)
{
	step_list steps = {0};
	bool is_done;

	vec_each (&d->keep->files, file)
		vec_push(&steps, (struct step){.path = file->path, .target = file->first});
	d->is_certain = false;
	is_done = take_steps(d, &steps, e);
	vec_release(&steps);
	return is_done;
}

static bool begin(struct undo_plan *p, struct keep *k, struct err *e)
{
	keep_set_undoes(k, p->run.id);
	pthread_mutex_lock(&k->lock);
	bool is_open = keep_open(k, e);
	pthread_mutex_unlock(&k->lock);
	return is_open || err_context(e, "what is there now cannot be kept");
}

static bool end(struct keep *k, struct err *e)
{
	AUTO(buf) line = {0};

	journal_put_undone(&line);
	return journal_append(k->journal_fd, &line, true, e);
}

static struct keep *own_keep(struct undo_plan *p)
{
	struct str task = arena_printf(&p->arena, "undo of %.*s: %.*s",
		STR_ARG(str_head(p->run.id, 8)), STR_ARG(p->run.task));

	return keep_new(p->wish.workspace, p->wish.directory, p->wish.own_id, task);
}

bool undo_apply(struct undo_plan *p, bool partial, struct err *e)
{
	struct doing d = {.workspace = p->wish.workspace, .is_certain = true};
	step_list steps = {0};
	struct err why;
	bool is_whole = !p->problem;

	vec_each (&p->nets, net) {
		is_whole &= !net->problem;
		if (net->problem || net->is_over)
			continue;
		vec_push(&steps, (struct step){.path = net->path,
					 .target = net->from,
					 .expected = net_is_file(net) ? &net->present : NULL});
		if (net->from.mode)
			steps.p[steps.n - 1].target.mode = net_mode(net);
	}
	if (!is_whole && !partial) {
		vec_release(&steps);
		return err_set(e, ERR_DENIED, "nothing is undone");
	}
	d.keep = own_keep(p);
	bool is_done = begin(p, d.keep, e) && take_steps(&d, &steps, e);
	if (is_done && is_whole)
		is_done = end(d.keep, e);
	else if (!is_done && d.keep->is_open && !put_back(&d, &why))
		(void)err_context(e, "and not all could be put back (%s)", why.text);
	vec_release(&steps);
	keep_free(d.keep);
	return is_done;
}
