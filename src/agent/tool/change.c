// SPDX-License-Identifier: MIT
/* Finding and reading what is to be changed; change_write.c writes it. */
#include "agent/tool/change.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/hands.h"
#include "agent/protect.h"
#include "agent/tool/change_place.h"
#include "base/file.h"

void change_begin(struct change_set *set, const struct tool_call *call)
{
	*set = (struct change_set){.call = call};
	pthread_mutex_lock(&call->hands->changing);
}

void change_set_release(struct change_set *set)
{
	if (!set->call)
		return;
	vec_each (&set->changes, item) {
		file_close(&(*item)->place->directory_fd);
		file_close(&(*item)->place->parent_fd);
		buf_release(&(*item)->after);
	}
	vec_release(&set->changes);
	pthread_mutex_unlock(&set->call->hands->changing);
	*set = (struct change_set){0};
}

static bool refuse_protected(const struct tool_call *call, struct str path, struct err *e)
{
	const struct secret_rules *rules = &call->hands->secrets;
	const char *why = "fettle's own settings and state";

	if (!own_has(rules->own, rules->own_count, path) && !path_is_protected(path, &why))
		return true;
	return err_set(
		e, ERR_DENIED, "%.*s: protected, no tool may change it (%s)", STR_ARG(path), why);
}

static void split_name(struct arena *a, struct str path, struct str *directory, const char **name)
{
	const char *slash = memrchr(path.p, '/', path.n);

	*directory = slash ? str_range(path.p, slash) : STR("");
	*name = arena_text(a, slash ? str_range(slash + 1, path.p + path.n) : path);
}

/* A directory by its path without links; -1 when a link has got into the way by now. */
static int open_directory(
	const struct workspace *w, struct str path, struct arena *a, struct err *e)
{
	AUTO_FD fd = workspace_open_path(w, path, O_RDONLY | O_DIRECTORY, e);
	struct str real;

	if (fd < 0)
		return -1;
	if (!workspace_real(w, fd, a, &real) || !str_eq(real, path)) {
		err_set(e, ERR_DENIED, "%.*s: changed while it was opened", STR_ARG(path));
		return -1;
	}
	int result = fd;
	fd = -1;
	return result;
}

/* This directory and those above it, by what they are. */
static bool check_directories(const struct workspace *w, int directory_fd, struct str path,
	struct arena *a, struct err *e)
{
	AUTO_FD fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
	const char *why, *name;

	for (;;) {
		if (fd < 0)
			return err_errno(e, "%.*s", STR_ARG(path));
		if (directory_is_protected(fd, &why))
			return err_set(e, ERR_DENIED,
				"%.*s: protected, no tool may change what is in it (%s)",
				STR_ARG(path.n ? path : STR(".")), why);
		if (path.n == 0)
			return true;
		struct str above;
		split_name(a, path, &above, &name);
		file_close(&fd);
		fd = open_directory(w, above, a, e);
		if (fd < 0)
			return false;
		path = above;
	}
}

/* ---- a file that is there ---- */

static bool check_file(const struct stat *st, struct str path, struct err *e)
{
	const char *kind = S_ISDIR(st->st_mode)    ? "a directory"
			   : S_ISFIFO(st->st_mode) ? "a FIFO"
			   : S_ISSOCK(st->st_mode) ? "a socket"
			   : S_ISLNK(st->st_mode)  ? "a link"
						   : "a device";

	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_DENIED, "%.*s: %s, not a regular file", STR_ARG(path), kind);
	if (st->st_nlink > 1)
		return err_set(e, ERR_DENIED,
			"%.*s: has %lu names (hard links), others of them may be outside of the "
			"workspace; it is not changed",
			STR_ARG(path), (unsigned long)st->st_nlink);
	return true;
}

static bool read_before(struct change *c, int fd, struct arena *a, struct err *e)
{
	AUTO(buf) bytes = {0};

	if (!file_read_fd(fd, c->shown.p, CHANGE_MAX_BYTES, &bytes, e))
		return false;
	c->before = bytes.n ? arena_copy(a, buf_str(&bytes)) : STR("");
	c->was_there = true;
	return true;
}

/* The name in its directory still is the file that was found. */
static bool open_file(struct change *c, const struct stat *found, struct arena *a, struct err *e)
{
	struct change_place *p = c->place;
	AUTO_FD fd = openat(p->directory_fd, p->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &p->st) < 0)
		return err_errno(e, "%s", c->shown.p);
	if (p->st.st_dev != found->st_dev || p->st.st_ino != found->st_ino)
		return err_set(e, ERR_DENIED, "%s: changed while it was opened", c->shown.p);
	if (faccessat(p->directory_fd, p->name, W_OK, AT_EACCESS) < 0)
		return err_errno(e, "%s: may not be written", c->shown.p);
	c->mode_before = p->st.st_mode & 0777;
	return read_before(c, fd, a, e);
}

static bool open_existing(
	struct change *c, const struct tool_call *call, int path_fd, struct err *e)
{
	const struct workspace *w = call->workspace;
	struct change_place *p = c->place;
	struct stat found;

	if (!workspace_real(w, path_fd, call->arena, &c->relative))
		return err_set(e, ERR_DENIED, "%s: moved while it was opened", c->shown.p);
	if (fstat(path_fd, &found) < 0)
		return err_errno(e, "%s", c->shown.p);
	if (!check_file(&found, c->shown, e) || !refuse_protected(call, c->relative, e))
		return false;
	if (secret_is_path(&call->hands->secrets, c->relative))
		return err_set(e, ERR_DENIED,
			"%s: may hold secrets; the user can allow it with --allow-read",
			c->shown.p);
	split_name(call->arena, c->relative, &p->directory, &p->name);
	p->directory_fd = open_directory(w, p->directory, call->arena, e);
	return p->directory_fd >= 0 &&
	       check_directories(w, p->directory_fd, p->directory, call->arena, e) &&
	       open_file(c, &found, call->arena, e);
}

/* ---- a file that is not ---- */

/* The deepest directory on the way to path that is there; what is behind it goes to missing. */
static bool find_directory(struct change *c, const struct workspace *w, struct str path,
	struct arena *a, struct err *e)
{
	struct change_place *p = c->place;
	struct str directory = path, missing;

	split_name(a, path, &directory, &p->name);
	for (;;) {
		p->directory_fd = workspace_open_path(w, directory, O_RDONLY | O_DIRECTORY, e);
		if (p->directory_fd >= 0 || e->code != ERR_NOT_FOUND || directory.n == 0)
			break;
		const char *slash = memrchr(directory.p, '/', directory.n);
		directory = slash ? str_range(directory.p, slash) : STR("");
	}
	if (p->directory_fd < 0)
		return false;
	missing = str_skip(path, directory.n + (directory.n > 0));
	p->missing = str_head(missing, missing.n - strlen(p->name));
	if (!workspace_real(w, p->directory_fd, a, &p->directory))
		return err_set(e, ERR_DENIED, "%s: moved while it was opened", c->shown.p);
	c->relative = arena_printf(a, "%.*s%s%.*s%s", STR_ARG(p->directory),
		p->directory.n ? "/" : "", STR_ARG(p->missing), p->name);
	return true;
}

/* What is not there to open may be a link to something that is not there. */
static bool check_missing(const struct change *c, struct arena *a, struct err *e)
{
	const struct change_place *p = c->place;
	struct str first = p->missing;
	struct stat st;

	if (first.n)
		first = str_head(first, str_find_char(first, '/', 0));
	else
		first = str_from(p->name);
	if (fstatat(p->directory_fd, arena_text(a, first), &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_DENIED, "%s: %s", c->shown.p,
			S_ISLNK(st.st_mode) ? "a link that leads nowhere"
					    : "goes through something that is no directory");
	return errno == ENOENT || err_errno(e, "%s", c->shown.p);
}

static bool open_missing(
	struct change *c, const struct tool_call *call, struct str path, struct err *e)
{
	const struct workspace *w = call->workspace;
	const struct change_place *p = c->place;

	return find_directory(c, w, path, call->arena, e) &&
	       refuse_protected(call, c->relative, e) &&
	       check_directories(w, p->directory_fd, p->directory, call->arena, e) &&
	       check_missing(c, call->arena, e);
}

/* ---- both ---- */

/* What this conversation would have made of it by now. */
static void take_draft(struct change *c, const struct tool_call *call)
{
	struct str bytes;

	if (!call->hands->is_dry_run || !call->memory ||
		!seen_draft(call->memory->seen, c->relative, call->arena, &bytes))
		return;
	c->was_there = bytes.p;
	c->before = bytes.p ? bytes : STR("");
}

static bool fill(struct change *c, const struct tool_call *call, struct str path, struct err *e)
{
	struct str relative;

	if (path.n == 0 || path.p[path.n - 1] == '/')
		return err_set(e, ERR_DENIED, "\"%.*s\": not the path of a file", STR_ARG(path));
	if (!workspace_relative(call->workspace, path, call->arena, &relative, e))
		return false;
	c->shown = workspace_show(call->workspace, relative, call->arena);
	if (!refuse_protected(call, relative, e))
		return false;
	AUTO_FD path_fd = workspace_open_path(call->workspace, relative, O_PATH, e);
	if (path_fd < 0 && (e->code != ERR_NOT_FOUND || relative.n == 0))
		return false;
	if (!(path_fd >= 0 ? open_existing(c, call, path_fd, e)
			   : open_missing(c, call, relative, e)))
		return false;
	take_draft(c, call);
	return true;
}

static struct change *find_same(struct change_set *set, const struct change *c)
{
	vec_each (&set->changes, item)
		if (str_eq((*item)->relative, c->relative))
			return *item;
	return NULL;
}

struct change *change_open(struct change_set *set, struct str path, struct err *e)
{
	struct arena *a = set->call->arena;

	vec_each (&set->changes, item)
		if (str_eq((*item)->written, path))
			return *item;
	struct change *c = arena_alloc(a, 1, sizeof *c);
	c->written = path;
	c->place = arena_alloc(a, 1, sizeof *c->place);
	c->place->directory_fd = c->place->parent_fd = -1;
	c->before = STR("");
	bool is_filled = fill(c, set->call, path, e);
	struct change *same = is_filled ? find_same(set, c) : NULL;
	if (!is_filled || same) {
		file_close(&c->place->directory_fd);
		return same;
	}
	c->is_there = c->was_there;
	c->mode_after = c->mode_before;
	c->after.max = CHANGE_MAX_BYTES + 1;
	buf_put_str(&c->after, c->before);
	if (set->call->memory && c->was_there)
		c->seen =
			seen_compare(set->call->memory->seen, c->relative, seen_mark_of(c->before));
	vec_push(&set->changes, c);
	return c;
}

bool change_is_current(const struct change *c, struct err *e)
{
	return c->seen != SEEN_OTHER ||
	       err_set(e, ERR_DENIED, "%s: changed since you read it; view it again", c->shown.p);
}

bool change_is_any(const struct change *c)
{
	return c->was_there != c->is_there ||
	       (c->is_there && !str_eq(c->before, buf_str(&c->after)));
}
