// SPDX-License-Identifier: MIT
/*
 * Writing a set of changes:
 *
 *   stage every file: directories made, new bytes beside it and on the disk
 *   swap every file: one rename each, checked before and after
 *   settle: directories onto the disk, old files removed
 *
 * A failure in the first two puts back what was done, in reverse.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "agent/hands.h"
#include "agent/tool/change_place.h"
#include "base/file.h"

struct made_directory {
	int parent_fd;
	const char *name;
};

struct writing {
	struct change_set *set;
	VEC(struct made_directory) made;
};

static void writing_release(struct writing *w)
{
	vec_each (&w->made, item)
		file_close(&item->parent_fd);
	vec_release(&w->made);
}

/* ---- keeping what is there for an undo ---- */

/* Before its directories are made: they are noted with it. */
static void keep_old(const struct change_set *set, struct change *c)
{
	const struct tool_call *call = set->call;
	mode_t mode = c->mode_after ? c->mode_after : 0666;
	struct keep_state before = {c->was_there ? c->place->st.st_mode : 0, c->before};
	struct keep_state after = {0};
	struct err e;

	if (c->is_there)
		after = (struct keep_state){S_IFREG | mode, buf_str(&c->after)};
	if (!keep_before(call->hands->keep, c->relative, &before, &after,
		    arena_text(call->arena, call->name), &e))
		c->unkept = arena_copy(call->arena, str_from(e.text));
}

static void tell_keep(const struct change_set *set, bool is_changed)
{
	vec_each (&set->changes, item)
		if (change_is_any(*item))
			keep_after(set->call->hands->keep, (*item)->relative, is_changed);
}

/* ---- staging ---- */

/* Goes into the directory, which is made when it is missing. */
static bool enter(struct writing *w, const struct change *c, const char *name, struct err *e)
{
	struct change_place *p = c->place;
	bool is_new = mkdirat(p->parent_fd, name, 0777) == 0;

	if (!is_new && errno != EEXIST)
		return err_errno(e, "%s", c->shown.p);
	if (is_new) {
		struct made_directory made = {fcntl(p->parent_fd, F_DUPFD_CLOEXEC, 0), name};
		vec_push(&w->made, made);
	}
	int fd = openat(p->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "%s", c->shown.p);
	file_close(&p->parent_fd);
	p->parent_fd = fd;
	return true;
}

static bool enter_all(struct writing *w, const struct change *c, struct err *e)
{
	struct change_place *p = c->place;
	struct str rest = p->missing, name;

	p->parent_fd = fcntl(p->directory_fd, F_DUPFD_CLOEXEC, 0);
	if (p->parent_fd < 0)
		return err_errno(e, "%s", c->shown.p);
	while (str_split(&rest, '/', &name))
		if (name.n && !enter(w, c, arena_text(w->set->call->arena, name), e))
			return false;
	return true;
}

static void choose_temporary(struct change_place *p)
{
	uint64_t number;

	arc4random_buf(&number, sizeof number);
	snprintf(p->temporary, sizeof p->temporary, ".fettle-%016" PRIx64 ".tmp", number);
}

/* A file that replaces another has its owner, as far as we may, and its mode. */
static bool take_over(int fd, const struct change *c)
{
	const struct stat *st = &c->place->st;
	struct stat made;

	if (!c->mode_after)
		return true;
	if (c->was_there && st->st_nlink && fstat(fd, &made) == 0 &&
		(made.st_uid != st->st_uid || made.st_gid != st->st_gid) &&
		fchown(fd, st->st_uid, st->st_gid) < 0 && fchown(fd, -1, st->st_gid) < 0 &&
		errno != EPERM)
		return false;
	return fchmod(fd, c->mode_after) == 0;
}

static bool put_beside(const struct change *c, struct str bytes, struct err *e)
{
	struct change_place *p = c->place;

	choose_temporary(p);
	AUTO_FD fd = openat(p->parent_fd, p->temporary,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, c->mode_after ? 0600 : 0666);
	if (fd < 0) {
		p->temporary[0] = '\0';
		return err_errno(e, "%s", c->shown.p);
	}
	if (!file_write_fd(fd, bytes, e))
		return err_context(e, "%s", c->shown.p);
	if (!take_over(fd, c) || fsync(fd) < 0)
		return err_errno(e, "%s", c->shown.p);
	return true;
}

static bool stage(struct writing *w, struct change *c, struct err *e)
{
	struct change_place *p = c->place;

	if (!enter_all(w, c, e))
		return false;
	if (c->is_there && !put_beside(c, buf_str(&c->after), e))
		return false;
	if (!c->is_there)
		choose_temporary(p);
	p->step = STEP_READY;
	return true;
}

/* ---- swapping ---- */

static bool is_moved_away(const struct change *c, struct err *e)
{
	return err_set(e, ERR_DENIED,
		"%s: changed by somebody else just now; view it again, nothing was written",
		c->shown.p);
}

/* The file of this name is the one that was read, and holds what was read. */
static bool is_as_read(const struct change *c, const char *name)
{
	const struct change_place *p = c->place;
	AUTO_FD fd = openat(
		p->parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	AUTO(buf) now = {0};
	struct stat st;
	struct err e;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == p->st.st_dev &&
	       st.st_ino == p->st.st_ino && st.st_nlink == 1 && st.st_size == p->st.st_size &&
	       (st.st_mode & 0777) == c->mode_before &&
	       file_read_fd(fd, name, CHANGE_MAX_BYTES, &now, &e) &&
	       str_eq(buf_str(&now), c->before);
}

static bool is_lacking(int error)
{
	return error == EINVAL || error == ENOSYS || error == ENOTSUP;
}

static bool replace(const struct change *c, struct err *e)
{
	struct change_place *p = c->place;

	if (!is_as_read(c, p->name))
		return is_moved_away(c, e);
	if (renameat2(p->parent_fd, p->temporary, p->parent_fd, p->name, RENAME_EXCHANGE) == 0) {
		p->step = STEP_EXCHANGED;
		return is_as_read(c, p->temporary) || is_moved_away(c, e);
	}
	if (!is_lacking(errno) || renameat(p->parent_fd, p->temporary, p->parent_fd, p->name) < 0)
		return err_errno(e, "%s", c->shown.p);
	p->temporary[0] = '\0';
	p->step = STEP_OVERWRITTEN;
	return true;
}

/* Fails where something has the name by now. */
static bool rename_into_gap(int directory_fd, const char *from, const char *to)
{
	if (renameat2(directory_fd, from, directory_fd, to, RENAME_NOREPLACE) == 0)
		return true;
	return is_lacking(errno) && linkat(directory_fd, from, directory_fd, to, 0) == 0 &&
	       unlinkat(directory_fd, from, 0) == 0;
}

static bool make(const struct change *c, struct err *e)
{
	struct change_place *p = c->place;

	if (!rename_into_gap(p->parent_fd, p->temporary, p->name))
		return errno == EEXIST ? is_moved_away(c, e) : err_errno(e, "%s", c->shown.p);
	p->temporary[0] = '\0';
	p->step = STEP_MADE;
	return true;
}

static bool set_aside(const struct change *c, struct err *e)
{
	struct change_place *p = c->place;

	if (!is_as_read(c, p->name))
		return is_moved_away(c, e);
	if (!rename_into_gap(p->parent_fd, p->name, p->temporary))
		return err_errno(e, "%s", c->shown.p);
	p->step = STEP_ASIDE;
	return is_as_read(c, p->temporary) || is_moved_away(c, e);
}

/* Its directory is still where it was found. */
static bool is_in_place(const struct writing *w, const struct change *c)
{
	const struct tool_call *call = w->set->call;
	struct str real;

	return workspace_real(call->workspace, c->place->directory_fd, call->arena, &real) &&
	       str_eq(real, c->place->directory);
}

static bool swap(const struct writing *w, const struct change *c, struct err *e)
{
	if (!is_in_place(w, c))
		return is_moved_away(c, e);
	if (!c->was_there)
		return make(c, e);
	return c->is_there ? replace(c, e) : set_aside(c, e);
}

/* ---- putting back ---- */

static bool put_back(const struct change *c)
{
	const struct change_place *p = c->place;
	struct err ignored;

	switch (p->step) {
	case STEP_EXCHANGED:
		return renameat2(p->parent_fd, p->temporary, p->parent_fd, p->name,
			       RENAME_EXCHANGE) == 0;
	case STEP_OVERWRITTEN:
		return put_beside(c, c->before, &ignored) &&
		       renameat(p->parent_fd, p->temporary, p->parent_fd, p->name) == 0;
	case STEP_MADE: return unlinkat(p->parent_fd, p->name, 0) == 0;
	case STEP_ASIDE: return rename_into_gap(p->parent_fd, p->temporary, p->name);
	default: return true;
	}
}

static void undo(struct writing *w, struct err *e)
{
	struct change_set *set = w->set;

	for (size_t i = set->changes.n; i-- > 0;) {
		struct change *c = set->changes.p[i];
		struct change_place *p = c->place;
		if (!put_back(c)) {
			err_context(e, "%s could not be put back (%s)", c->shown.p,
				p->temporary[0] ? p->temporary : "it is as it should have become");
			continue;
		}
		if (p->temporary[0])
			unlinkat(p->parent_fd, p->temporary, 0);
	}
	for (size_t i = w->made.n; i-- > 0;)
		unlinkat(w->made.p[i].parent_fd, w->made.p[i].name, AT_REMOVEDIR);
}

/* ---- the whole ---- */

/* What the disk says of a directory that is not to be told: its file system has no such notion. */
static bool sync_directory(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

static bool settle(struct writing *w, struct err *e)
{
	vec_each (&w->made, item)
		if (!sync_directory(item->parent_fd))
			return err_errno(e, "%s", item->name);
	vec_each (&w->set->changes, item)
		if ((*item)->place->step > STEP_READY && !sync_directory((*item)->place->parent_fd))
			return err_errno(e, "%s", (*item)->shown.p);
	vec_each (&w->set->changes, item)
		if ((*item)->place->temporary[0])
			unlinkat((*item)->place->parent_fd, (*item)->place->temporary, 0);
	return true;
}

static bool write_all(struct writing *w, struct err *e)
{
	const atomic_bool *cancel = w->set->call->cancel;

	vec_each (&w->set->changes, item) {
		if (cancel && atomic_load(cancel))
			return err_set(e, ERR_CANCELLED, "stopped");
		if (!change_is_any(*item))
			continue;
		keep_old(w->set, *item);
		if (!stage(w, *item, e))
			return false;
	}
	vec_each (&w->set->changes, item)
		if (change_is_any(*item) && !swap(w, *item, e))
			return false;
	return settle(w, e);
}

static void note(const struct change_set *set)
{
	const struct tool_call *call = set->call;

	vec_each (&set->changes, item) {
		const struct change *c = *item;
		struct str after = c->is_there ? buf_str(&c->after) : (struct str){0};
		if (!call->memory || !change_is_any(c))
			continue;
		if (call->hands->is_dry_run)
			keep_old(set, *item);
		if (call->hands->is_dry_run)
			seen_put_draft(call->memory->seen, c->relative,
				c->is_there && !after.p ? STR("") : after);
		if (c->is_there)
			seen_note(call->memory->seen, c->relative, seen_mark_of(after));
		else
			seen_forget(call->memory->seen, c->relative);
	}
}

bool change_commit(struct change_set *set, struct err *e)
{
	AUTO(writing) w = {.set = set};

	vec_each (&set->changes, item)
		if ((*item)->is_there && (*item)->after.n > CHANGE_MAX_BYTES)
			return err_set(e, ERR_LIMIT, "%s: more than %d MB", (*item)->shown.p,
				CHANGE_MAX_BYTES >> 20);
	if (!set->call->hands->is_dry_run && !write_all(&w, e)) {
		undo(&w, e);
		tell_keep(set, false);
		return false;
	}
	tell_keep(set, true);
	note(set);
	return true;
}
