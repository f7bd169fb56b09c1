// SPDX-License-Identifier: MIT
#include "batch/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/isolate_inside.h"
#include "batch/journal_inside.h"

/* ---- what has to be there ---- */

/* "git version 2.39.5", and whatever a packager puts behind it. */
static bool check_version(const struct isolate *i, struct err *e)
{
	static const char *const words[] = {"version", NULL};
	AUTO(child_result) said = {0};
	struct isolate_git how = {.owner = i};
	struct str word, version = {0};
	int64_t major, minor;

	if (!isolate_git(&how, words, &said, e))
		return false;
	struct str rest = str_trim(buf_str(&said.out));
	for (int n = 0; n < 3; n++)
		(void)str_split(&rest, ' ', &version);
	struct str whole = version;
	if (!str_split(&version, '.', &word) || !str_int(word, &major) ||
		!str_split(&version, '.', &word) || !str_int(word, &minor))
		return err_set(e, ERR_USAGE, "git does not tell its version");
	if (major > ISOLATE_GIT_MAJOR || (major == ISOLATE_GIT_MAJOR && minor >= ISOLATE_GIT_MINOR))
		return true;
	return err_set(e, ERR_USAGE, "git %d.%d or newer is needed, this is %.*s",
		ISOLATE_GIT_MAJOR, ISOLATE_GIT_MINOR, STR_ARG(whole));
}

struct facts {
	struct str top, common, index, head, head_tree;
};

static bool ask_facts(struct isolate *i, struct facts *f, struct err *e)
{
	static const char *const words[] = {"rev-parse", "--path-format=absolute",
		"--show-toplevel", "--git-common-dir", "--git-path", "index", "HEAD^{commit}",
		"HEAD^{tree}", NULL};
	struct str *const lines[] = {&f->top, &f->common, &f->index, &f->head, &f->head_tree};
	enum { LINES = sizeof lines / sizeof *lines };
	AUTO(child_result) said = {0};
	struct isolate_git how = {.owner = i};
	const char *root = i->options.workspace->root;

	if (!isolate_git_run(&how, words, &said, e))
		return false;
	struct str complaint = git_program_complaint(&said);
	if (said.status != 0 && str_contains(complaint, STR("HEAD^{commit}")))
		return err_set(
			e, ERR_USAGE, "%s has no commit yet: tasks need one to begin with", root);
	if (said.status != 0)
		return err_set(e, ERR_USAGE, "%s: git: %.*s", root, STR_ARG(complaint));
	struct str rest = str_trim(arena_copy(&i->arena, buf_str(&said.out)));
	size_t n = 0;
	for (struct str line; rest.n && str_split(&rest, '\n', &line); n++)
		if (n < LINES)
			*lines[n] = line;
	/* More lines: a name with a line end in it. */
	if (n != LINES || !str_is(f->top, root))
		return err_set(e, ERR_USAGE, "%s: not the top of a git work tree", root);
	return true;
}

static bool look_at_repository(struct isolate *i, struct facts *f, struct err *e)
{
	const struct workspace *w = i->options.workspace;

	if (!w->has_git)
		return err_set(
			e, ERR_USAGE, "%s is no git repository: tasks cannot be isolated", w->root);
	if (!git_program_open(&i->git, w->root, e)) {
		e->code = ERR_USAGE;
		return false;
	}
	if (!check_version(i, e) || !ask_facts(i, f, e))
		return false;
	i->common = arena_text(&i->arena, f->common);
	i->own_index = arena_text(&i->arena, f->index);
	i->own = own_paths(w, &i->arena, &i->own_count);
	return true;
}

/* ---- open and close ---- */

static bool open_all(struct isolate *i, const atomic_bool *cancel, struct err *e)
{
	const struct isolate_options *o = &i->options;
	struct facts facts = {0};

	i->top = arena_printf(&i->arena, "%s/worktrees", o->cache).p;
	i->directory = arena_printf(&i->arena, "%s/%s", i->top, o->run).p;
	i->run_fd = journal_open_run(o->state, o->run, e);
	return i->run_fd >= 0 && look_at_repository(i, &facts, e) &&
	       git_program_silence(&i->git, true, cancel, e) && isolate_take_directory(i, e) &&
	       isolate_take_snapshot(i, facts.head, facts.head_tree, cancel, e);
}

struct isolate *isolate_open(
	const struct isolate_options *o, const atomic_bool *cancel, struct err *e)
{
	struct isolate *i = must_alloc(1, sizeof *i);

	*i = (struct isolate){.options = *o, .lock_fd = -1, .run_fd = -1};
	pthread_mutex_init(&i->lock, NULL);
	if (open_all(i, cancel, e))
		return i;
	isolate_close(i);
	return NULL;
}

void isolate_close(struct isolate *i)
{
	if (!i)
		return;
	must((int)i->free_slots.n == i->slot_count);
	vec_each (&i->free_slots, slot) {
		isolate_slot_drop(*slot);
		isolate_slot_free(*slot);
	}
	vec_release(&i->free_slots);
	isolate_leave_directory(i);
	file_close(&i->run_fd);
	git_program_release(&i->git);
	pthread_mutex_destroy(&i->lock);
	arena_release(&i->arena);
	free(i);
}

/* ---- one task ---- */

static struct isolate_slot *take_slot(struct isolate *i)
{
	pthread_mutex_lock(&i->lock);
	struct isolate_slot *slot = i->free_slots.n ? i->free_slots.p[--i->free_slots.n]
						    : isolate_slot_new(i, ++i->slot_count);
	pthread_mutex_unlock(&i->lock);
	return slot;
}

static void give_slot(struct isolate_slot *slot)
{
	struct isolate *i = slot->owner;

	pthread_mutex_lock(&i->lock);
	vec_push(&i->free_slots, slot);
	pthread_mutex_unlock(&i->lock);
}

/* The user's working directory may be one that git knows nothing of: empty, or ignored. */
static void make_inside(const char *root, const char *inside)
{
	AUTO(buf) path = {0};
	struct str rest = str_from(inside), word;

	buf_put_text(&path, root);
	while (rest.n && str_split(&rest, '/', &word)) {
		buf_printf(&path, "/%.*s", STR_ARG(word));
		mkdir(buf_text(&path), 0777);
	}
}

static bool open_workspace(struct isolated *t, struct err *e)
{
	const char *inside = t->owner->options.workspace->inside;

	make_inside(t->slot->root, inside);
	const char *directory = arena_printf(&t->arena, "%s/%s", t->slot->root, inside).p;
	return workspace_open(&t->workspace, directory, e);
}

/*
 * Commands of a task do not see the user's files, which may hold what git does not know: keys in
 * ignored files. Where the user's home lies in the repository, the programs that are in it are
 * needed, and what is secret there is hidden by its name.
 */
static const char *hidden_from_tasks(const struct isolated *t)
{
	const char *root = t->owner->options.workspace->root, *home = getenv("HOME");
	char real[PATH_MAX];
	size_t n = strlen(root);

	if (home && realpath(home, real) && strncmp(real, root, n) == 0 &&
		(real[n] == '/' || real[n] == '\0'))
		return NULL;
	return root;
}

static void make_hands(struct isolated *t)
{
	const struct hands *from = t->owner->options.hands;
	struct hands *h = &t->hands;

	*h = (struct hands){.permit = from->permit,
		.secrets = from->secrets,
		.skills = from->skills,
		.hooks = from->hooks,
		.web = from->web,
		.is_dry_run = from->is_dry_run};
	h->secrets.own = own_paths(&t->workspace, &t->arena, &h->secrets.own_count);
	if (from->fence)
		h->fence = fence_elsewhere(
			from->fence, &t->workspace, &h->secrets, hidden_from_tasks(t));
}

static void free_task(struct isolated *t)
{
	fence_free(t->hands.fence);
	agent_context_free(t->hands.reader);
	workspace_release(&t->workspace);
	arena_release(&t->arena);
	give_slot(t->slot);
	free(t);
}

struct isolated *isolate_enter(
	struct isolate *i, uint32_t task, const atomic_bool *cancel, struct err *e)
{
	struct isolated *t = must_alloc(1, sizeof *t);

	*t = (struct isolated){.owner = i, .task = task, .slot = take_slot(i)};
	if (isolate_slot_fill(t->slot, cancel, e) && open_workspace(t, e)) {
		make_hands(t);
		return t;
	}
	free_task(t);
	return NULL;
}

bool isolate_leave(
	struct isolated *t, const atomic_bool *cancel, struct isolate_change *out, struct err *e)
{
	bool done = isolate_save_patch(t->slot, t->task, cancel, out, e);

	free_task(t);
	return done;
}

void isolate_abandon(struct isolated *t)
{
	free_task(t);
}
