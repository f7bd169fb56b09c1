// SPDX-License-Identifier: MIT
/* isolate: git with our own index, directories and objects in place of those it would find. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/isolate_inside.h"

/* Behind these comes the command. The first three are extensions of an index that we copy. */
static const char *const settings[] = {"-c", "core.splitIndex=false", "-c",
	"core.untrackedCache=false", "-c", "core.fsmonitor=false", "-c", "submodule.recurse=false",
	"-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.safecrlf=false", "-c",
	"apply.whitespace=nowarn", "-c", "apply.ignoreWhitespace=no", NULL};

static const char *const author[] = {"GIT_AUTHOR_NAME=fettle", "GIT_AUTHOR_EMAIL=fettle@localhost",
	"GIT_COMMITTER_NAME=fettle", "GIT_COMMITTER_EMAIL=fettle@localhost", NULL};

struct words {
	VEC(const char *) list;
};

static void add_variable(struct words *to, struct arena *a, const char *name, const char *value)
{
	if (value)
		vec_push(&to->list, arena_printf(a, "%s=%s", name, value).p);
}

static void add_variables(struct words *to, struct arena *a, const struct isolate_git *how)
{
	const struct isolate *i = how->owner;

	for (const char *const *word = author; *word; word++)
		vec_push(&to->list, *word);
	add_variable(to, a, "GIT_DIR", how->directory);
	add_variable(to, a, "GIT_WORK_TREE", how->tree);
	add_variable(to, a, "GIT_INDEX_FILE", how->index);
	if (how->own_objects) {
		add_variable(to, a, "GIT_OBJECT_DIRECTORY",
			arena_printf(a, "%s/objects", i->directory).p);
		/* Quoted, as a colon parts two of them (environment of git(1)). */
		AUTO(buf) quoted = {0};
		for (const char *c = i->common; *c; c++)
			buf_printf(&quoted, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
		add_variable(to, a, "GIT_ALTERNATE_OBJECT_DIRECTORIES",
			arena_printf(a, "\"%s/objects\"", buf_text(&quoted)).p);
	}
	vec_push(&to->list, NULL);
}

/* What people should know first, wherever git says it. */
static bool fail(const char *command, const struct child_result *r, struct err *e)
{
	struct str line = git_program_complaint(r);

	if (str_contains(buf_str(&r->errors), STR("No space left on device")))
		return err_set(e, ERR_IO, "git %s: no space left on the disk", command);
	if (line.n == 0)
		return err_set(e, ERR_IO, "git %s ended with status %d", command, r->status);
	return err_set(e, ERR_IO, "git %s: %.*s", command, STR_ARG(line));
}

bool isolate_git_run(const struct isolate_git *how, const char *const *words,
	struct child_result *out, struct err *e)
{
	AUTO(arena) scratch = {0};
	struct words all = {0}, variables = {0};

	if (how->cancel && atomic_load(how->cancel))
		return err_set(e, ERR_CANCELLED, "stopped");
	for (const char *const *word = settings; *word; word++)
		vec_push(&all.list, *word);
	for (const char *const *word = words; *word; word++)
		vec_push(&all.list, *word);
	vec_push(&all.list, NULL);
	add_variables(&variables, &scratch, how);
	struct git_words call = {.arguments = all.list.p,
		.variables = variables.list.p,
		.input = how->input,
		.out_max_bytes = how->out_max_bytes ? how->out_max_bytes : GIT_WORD_MAX_BYTES,
		.deadline_ms = GIT_WAIT_MS,
		.cancel = how->cancel};
	bool done = git_program_run(&how->owner->git, &call, out, e);
	vec_release(&all.list);
	vec_release(&variables.list);
	return done;
}

bool isolate_git(const struct isolate_git *how, const char *const *words, struct child_result *out,
	struct err *e)
{
	if (!isolate_git_run(how, words, out, e))
		return false;
	if (out->status == 0)
		return true;
	(void)fail(words[0], out, e);
	child_result_release(out);
	return false;
}

bool isolate_git_do(const struct isolate_git *how, const char *const *words, struct err *e)
{
	AUTO(child_result) result = {0};

	return isolate_git(how, words, &result, e);
}

bool isolate_git_name(const struct isolate_git *how, const char *const *words,
	char out[OBJECT_NAME_BYTES], struct err *e)
{
	AUTO(child_result) result = {0};

	if (!isolate_git(how, words, &result, e))
		return false;
	struct str name = str_trim(buf_str(&result.out));
	if (name.n < 40 || name.n >= OBJECT_NAME_BYTES)
		return err_set(e, ERR_PARSE, "git %s: \"%.*s\" is no name of an object", words[0],
			STR_ARG(str_head(name, 80)));
	memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

struct isolate_git isolate_git_of(const struct isolate_slot *slot, const atomic_bool *cancel)
{
	return (struct isolate_git){.owner = slot->owner,
		.directory = slot->admin,
		.tree = slot->root,
		.index = slot->index,
		.own_objects = true,
		.cancel = cancel};
}

bool isolate_copy_index(const char *from, const char *to, struct err *e)
{
	AUTO(arena) scratch = {0};
	AUTO(buf) bytes = {.max = (size_t)1 << 30};
	const char *beside = arena_printf(&scratch, "%s.new", to).p;
	struct stat st;
	AUTO_FD in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_FD out = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in < 0 || fstat(in, &st) < 0)
		return err_errno(e, "%s", from);
	if (out < 0)
		return err_errno(e, "%s", beside);
	if (!file_read_fd(in, from, bytes.max - 1, &bytes, e) ||
		!file_write_fd(out, buf_str(&bytes), e))
		return false;
	struct timespec times[] = {st.st_atim, st.st_mtim};
	if (futimens(out, times) < 0 || rename(beside, to) < 0)
		return err_errno(e, "%s", to);
	return true;
}

/* ---- what is in a work tree ---- */

/* Whether a file that git knows is not there any more, as itself and not behind a link. */
static bool is_gone(const char *root, struct str name)
{
	AUTO(arena) scratch = {0};
	struct stat st;

	for (size_t n = 0; (n = str_find_char(name, '/', n)) != SIZE_MAX; n++)
		if (lstat(arena_printf(&scratch, "%s/%.*s", root, (int)n, name.p).p, &st) < 0 ||
			!S_ISDIR(st.st_mode))
			return true;
	return lstat(arena_printf(&scratch, "%s/%.*s", root, STR_ARG(name)).p, &st) < 0;
}

/* In the order in which git takes them: a name can be free only when what had it is gone. */
struct sorted {
	struct buf gone, changed, added;
	size_t count, left_out;
};

static void sorted_release(struct sorted *s)
{
	buf_release(&s->gone);
	buf_release(&s->changed);
	buf_release(&s->added);
}

/* Each name has a letter and a space in front: "?" new, "C" changed, "R" removed. */
static void sort_out(struct sorted *s, const struct isolate_git *how, struct str list)
{
	const struct isolate *i = how->owner;
	const char *root = how->tree ? how->tree : i->options.workspace->root;
	struct str entry;

	while (list.n && str_split(&list, '\0', &entry)) {
		struct str name = str_skip(entry, 2);
		if (name.n == 0 || own_has(i->own, i->own_count, name))
			continue;
		/* Names that end in a slash are repositories of their own. */
		if (str_ends(name, STR("/"))) {
			s->left_out++;
			continue;
		}
		struct buf *to = entry.p[0] == '?'     ? &s->added
				 : is_gone(root, name) ? &s->gone
						       : &s->changed;
		s->count++;
		buf_put_str(to, name);
		buf_put_char(to, '\0');
	}
}

static bool update(const struct isolate_git *how, struct sorted *s, struct err *e)
{
	static const char *const forget[] = {
		"update-index", "-z", "--force-remove", "--stdin", NULL};
	static const char *const take[] = {
		"update-index", "-z", "--add", "--remove", "--replace", "--stdin", NULL};
	struct isolate_git with = *how;

	with.input = buf_str(&s->gone);
	if (s->gone.n && !isolate_git_do(&with, forget, e))
		return false;
	buf_put_str(&s->changed, buf_str(&s->added));
	with.input = buf_str(&s->changed);
	return !s->changed.n || isolate_git_do(&with, take, e);
}

bool isolate_gather(const struct isolate_git *how, size_t *changed, size_t *left_out, struct err *e)
{
	static const char *const list[] = {"ls-files", "-z", "-t", "--others", "--modified",
		"--deleted", "--exclude-standard", NULL};
	AUTO(child_result) found = {0};
	AUTO(sorted) sorted = {.changed.max = 2 * (size_t)GIT_LIST_MAX_BYTES};
	struct isolate_git look = *how;

	look.out_max_bytes = GIT_LIST_MAX_BYTES;
	if (!isolate_git(&look, list, &found, e))
		return false;
	/* What cannot be read would be taken for deleted. */
	if (str_contains(buf_str(&found.errors), STR("Permission denied")))
		return err_set(e, ERR_IO, "not all files can be read: %.*s",
			STR_ARG(git_program_complaint(&found)));
	if (found.out_bytes > GIT_LIST_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "too many files have changed");
	sort_out(&sorted, how, buf_str(&found.out));
	*changed = sorted.count;
	*left_out = sorted.left_out;
	return update(how, &sorted, e);
}
