// SPDX-License-Identifier: MIT
/*
 * batch_files: a file a task, in one directory that no name leaves: names are taken apart, and
 * each directory on the way is opened without following links. The journal has the answers, so
 * files are not waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/utf8.h"
#include "ui/batch_inside.h"

/* Of an id within a name; longer ones end with their digest. */
enum { ID_MAX_BYTES = 200, DIGEST_CHARACTERS = 16 };

/* ---- names ---- */

/* Two ids never become one name: what stands for something else is itself written so. */
static void put_safe(struct buf *out, struct str id)
{
	for (size_t i = 0; i < id.n; i++) {
		unsigned char c = (unsigned char)id.p[i];
		if (c <= ' ' || c == 0x7f || strchr("/\\%:*?\"<>|", c) || (i == 0 && c == '.'))
			buf_printf(out, "%%%02X", c);
		else
			buf_put_char(out, (char)c);
	}
}

static void put_id_name(struct buf *out, struct str id, bool has_schema)
{
	char digest[SHA256_TEXT];
	AUTO(buf) safe = {0};

	put_safe(&safe, id);
	if (safe.n > ID_MAX_BYTES) {
		struct sha256 whole = sha256_of(id);
		sha256_text(&whole, digest);
		buf_put_str(out, utf8_head(buf_str(&safe), ID_MAX_BYTES - DIGEST_CHARACTERS - 1));
		buf_printf(out, "-%.*s", DIGEST_CHARACTERS, digest);
	} else {
		buf_put_str(out, buf_str(&safe));
	}
	buf_put_text(out, has_schema ? ".json" : ".md");
}

bool batch_file_name(const struct task *task, bool has_schema, struct buf *path, struct err *e)
{
	if (!task->output.p) {
		put_id_name(path, task->id, has_schema);
		return true;
	}
	return task_put_output(task, path, e) ||
	       err_context(e, "task %.*s", STR_ARG(str_head(task->id, 100)));
}

/* ---- before anything runs ---- */

struct file_place {
	struct str name;
	uint32_t task;
};

struct places {
	struct arena arena;
	VEC(struct file_place) items;
};

static void places_release(struct places *p)
{
	vec_release(&p->items);
	arena_release(&p->arena);
}

static int compare_places(const void *left, const void *right)
{
	const struct file_place *a = left, *b = right;

	return str_cmp(a->name, b->name);
}

static const struct file_place *place_find(const struct places *p, struct str name)
{
	struct file_place wanted = {.name = name};

	return bsearch(&wanted, p->items.p, p->items.n, sizeof wanted, compare_places);
}

static bool same_place(const struct tasks *tasks, const struct file_place *a,
	const struct file_place *b, const char *how, struct err *e)
{
	AUTO(buf) one = {0};
	AUTO(buf) other = {0};

	utf8_put_line(&one, tasks->items.p[a->task].id, 100);
	utf8_put_line(&other, tasks->items.p[b->task].id, 100);
	return err_set(e, ERR_USAGE, "tasks %s and %s %s in the output directory: %.*s",
		buf_text(&one), buf_text(&other), how, STR_ARG(str_head(a->name, 100)));
}

/* A file of one task may be no directory of another. */
static bool check_above(const struct places *p, const struct tasks *tasks,
	const struct file_place *place, struct err *e)
{
	size_t slash = 0;

	while ((slash = str_find_char(place->name, '/', slash)) != SIZE_MAX) {
		const struct file_place *above = place_find(p, str_head(place->name, slash++));
		if (above)
			return same_place(
				tasks, above, place, "have a file and a directory of one name", e);
	}
	return true;
}

static bool check_places(struct places *p, const struct tasks *tasks, struct err *e)
{
	if (p->items.n)
		qsort(p->items.p, p->items.n, sizeof *p->items.p, compare_places);
	for (size_t i = 1; i < p->items.n; i++)
		if (str_eq(p->items.p[i - 1].name, p->items.p[i].name))
			return same_place(
				tasks, &p->items.p[i - 1], &p->items.p[i], "have the same file", e);
	vec_each (&p->items, place)
		if (!check_above(p, tasks, place, e))
			return false;
	return true;
}

static bool check_names(const struct tasks *tasks, bool has_schema, struct err *e)
{
	AUTO(places) places = {0};
	AUTO(buf) name = {0};

	for (uint32_t i = 0; i < tasks->items.n; i++) {
		buf_clear(&name);
		if (!batch_file_name(&tasks->items.p[i], has_schema, &name, e))
			return false;
		vec_push(&places.items,
			(struct file_place){arena_copy(&places.arena, buf_str(&name)), i});
	}
	return check_places(&places, tasks, e);
}

bool batch_has_file(const struct tasks *tasks, bool has_schema, struct str name)
{
	AUTO(buf) own = {0};
	struct err e;

	vec_each (&tasks->items, task) {
		buf_clear(&own);
		if (batch_file_name(task, has_schema, &own, &e) && str_eq(buf_str(&own), name))
			return true;
	}
	return false;
}

int batch_open_directory(const char *path, struct err *e)
{
	AUTO(buf) part = {0};

	buf_put_text(&part, path);
	for (size_t slash = 1; part.n && slash <= part.n; slash++) {
		if (slash < part.n && part.p[slash] != '/')
			continue;
		char kept = part.p[slash];
		part.p[slash] = '\0';
		if (mkdir(part.p, 0777) < 0 && errno != EEXIST && slash == part.n) {
			err_errno(e, "%s", path);
			return -1;
		}
		part.p[slash] = kept;
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err_errno(e, "%s", path);
	return fd;
}

bool batch_check_directory(
	const struct tasks *tasks, const char *directory, bool has_schema, struct err *e)
{
	if (!check_names(tasks, has_schema, e))
		return false;
	AUTO_FD fd = batch_open_directory(directory, e);
	if (fd < 0)
		return false;
	return faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0 || err_errno(e, "%s", directory);
}

/* ---- writing ---- */

/* The directory that the last part of path is in, made on the way; *name is that part. */
static int open_parent(int top, char *path, const char **name, struct err *e)
{
	AUTO_FD fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *part = path;

	for (char *slash; fd >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
		*slash = '\0';
		if (mkdirat(fd, part, 0777) < 0 && errno != EEXIST) {
			err_errno(e, "%s", path);
			return -1;
		}
		int inner = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		file_close(&fd);
		fd = inner;
		if (fd >= 0)
			*slash = '/';
	}
	if (fd < 0)
		err_errno(e, "%s", path);
	*name = part;
	int found = fd;
	fd = -1;
	return found;
}

static bool write_file(
	const struct batch_ui *b, uint32_t task, const struct task_outcome *outcome, struct err *e)
{
	AUTO(buf) path = {0};
	AUTO(buf) text = {0};
	const char *name;

	if (!batch_file_name(batch_task(b, task), b->options.has_schema, &path, e))
		return false;
	AUTO_FD parent = open_parent(b->directory_fd, path.p, &name, e);
	if (parent < 0)
		return false;
	buf_put_str(&text, outcome->text);
	if (text.n && text.p[text.n - 1] != '\n')
		buf_put_char(&text, '\n');
	return file_replace_at(parent, name, buf_str(&text), 0666, e);
}

void batch_write_file(struct batch_ui *b, uint32_t task, const struct task_outcome *outcome)
{
	struct err e;

	if (!b->options.directory || outcome->state != TASK_DONE)
		return;
	if (b->directory_fd >= 0 && !outcome->class.p && write_file(b, task, outcome, &e))
		return;
	b->seen[task].has_no_file = true;
	if (b->directory_fd >= 0 && !outcome->class.p && b->lost_files++ == 0)
		b->first_lost_file = e;
}

bool batch_put_file(const struct batch_ui *b, uint32_t task, struct buf *path)
{
	struct err e;

	if (b->seen[task].has_no_file)
		return false;
	buf_printf(path, "%s/", b->options.directory);
	return batch_file_name(batch_task(b, task), b->options.has_schema, path, &e);
}
