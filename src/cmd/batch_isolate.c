// SPDX-License-Identifier: MIT
/* batch: --isolate, a work tree for each task, and --apply, what to do with the patches. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "base/xdg.h"
#include "cmd/batch.h"

/* Where one attempt works. */
struct batch_tree {
	struct isolated *isolated;
	struct agent_context context;
};

bool batch_open_trees(struct batch *b, struct err *e)
{
	struct run *r = &b->run;
	struct isolate_options o = {.workspace = &r->workspace,
		.hands = &r->hands,
		.state = b->state,
		.cache = xdg_directory(XDG_CACHE, "", run_environment, &r->arena),
		.run = b->name};

	if (!options_has(&r->given, "isolate"))
		return true;
	if (!o.cache)
		return err_set(e, ERR_USAGE,
			"--isolate: there is no place for work trees: neither XDG_CACHE_HOME nor "
			"HOME is set");
	b->trees = must_alloc(b->tasks.items.n, sizeof *b->trees);
	b->isolate = isolate_open(&o, &b->is_cancelled, e);
	return b->isolate || err_context(e, "--isolate");
}

static void free_tree(struct batch *b, uint32_t task)
{
	agent_context_release(&b->trees[task]->context);
	free(b->trees[task]);
	b->trees[task] = NULL;
}

bool batch_enter(void *self, uint32_t task, struct task_place *out, struct err *e)
{
	struct batch *b = self;
	struct isolated *isolated = isolate_enter(b->isolate, task, &b->is_cancelled, e);

	if (!isolated)
		return false;
	struct batch_tree *tree = must_alloc(1, sizeof *tree);
	*tree = (struct batch_tree){.isolated = isolated};
	b->trees[task] = tree;
	if (!run_load_context(&b->run, &isolated->workspace, &isolated->hands, &tree->context, e)) {
		isolate_abandon(isolated);
		free_tree(b, task);
		return false;
	}
	if (b->context.n)
		agent_context_instruct(&tree->context, b->context);
	*out = (struct task_place){&isolated->workspace, &tree->context, &isolated->hands};
	return true;
}

bool batch_leave(void *self, uint32_t task, bool is_done, struct err *e)
{
	struct batch *b = self;
	struct isolated *isolated = b->trees[task]->isolated;
	struct isolate_change change;
	bool is_good = true;

	if (is_done)
		is_good = isolate_leave(isolated, &b->is_cancelled, &change, e);
	else
		isolate_abandon(isolated);
	free_tree(b, task);
	return is_good;
}

void batch_close_trees(struct batch *b)
{
	isolate_close(b->isolate);
	free(b->trees);
	b->isolate = NULL;
	b->trees = NULL;
}

/* ---- patches ---- */

static const char *run_path(struct batch *b, const char *name)
{
	return arena_printf(&b->run.arena, "%s/batch/%s/%s", b->state, b->name, name).p;
}

bool batch_patch_file(void *self, uint32_t task, struct buf *path)
{
	struct batch *b = self;
	char name[ISOLATE_NAME_BYTES];
	struct stat st;
	size_t start = path->n;

	isolate_patch_name(task, name);
	buf_printf(path, "%s/batch/%s/%s", b->state, b->name, name);
	if (stat(buf_text(path) + start, &st) == 0 && st.st_size > 0)
		return true;
	path->n = start;
	return false;
}

/* What is in the user's files is not put there again, whatever ends this. */
static void note_applied(struct batch *b, uint32_t task)
{
	char line[16];
	int n = snprintf(line, sizeof line, "%u\n", task);
	struct err e;

	if (!file_write_fd(b->applied_fd, (struct str){line, (size_t)n}, &e))
		fprintf(stderr, "fettle: %s: %s\n", run_path(b, "applied"), e.text);
}

/* On a worker; nothing else is said meanwhile. */
static void tell_applied(void *self, const struct isolate_applied *a)
{
	struct batch *b = self;
	AUTO(buf) line = {0};
	bool is_bad = a->outcome == ISOLATE_CONFLICT || a->outcome == ISOLATE_FAILED;

	b->has_conflict |= is_bad;
	if (a->outcome == ISOLATE_APPLIED)
		note_applied(b, a->task);
	if (b->run.ui_options.is_quiet && !is_bad)
		return;
	buf_put_text(&line, "fettle: ");
	utf8_put_line(&line, b->tasks.items.p[a->task].id, 200);
	switch (a->outcome) {
	case ISOLATE_APPLIED:
		buf_printf(&line, ": applied, %zu file%s", a->files, a->files == 1 ? "" : "s");
		break;
	case ISOLATE_EMPTY: buf_put_text(&line, ": it changed nothing"); break;
	case ISOLATE_CONFLICT: buf_put_text(&line, ": NOT applied: "); break;
	case ISOLATE_FAILED: buf_put_text(&line, ": cannot be applied: "); break;
	}
	if (is_bad)
		utf8_put_line(&line, a->why, 1000);
	if (is_bad && batch_patch_file(b, a->task, &b->scratch))
		buf_printf(&line, "; its patch is %s", buf_text(&b->scratch));
	buf_clear(&b->scratch);
	fprintf(stderr, "%s\n", buf_text(&line));
}

/* Positions of tasks whose patches are in the user's files; false: it has been told. */
static bool *read_applied(struct batch *b, size_t *count, struct err *e)
{
	bool *applied = arena_alloc(&b->run.arena, b->tasks.items.n, sizeof *applied);
	AUTO(buf) text = {.max = 64 << 20};
	struct str rest, line;
	int64_t task;

	*count = 0;
	b->applied_fd = open(
		run_path(b, "applied"), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (b->applied_fd < 0)
		return err_errno(e, "%s", run_path(b, "applied")), NULL;
	if (!file_read_fd(b->applied_fd, "applied", text.max, &text, e))
		return NULL;
	for (rest = buf_str(&text); str_split(&rest, '\n', &line);)
		if (str_int(line, &task) && task >= 0 && (size_t)task < b->tasks.items.n &&
			!applied[task]) {
			applied[task] = true;
			++*count;
		}
	return applied;
}

struct applying {
	struct batch *batch;
	uint32_t *tasks;
	size_t count;
	struct err error;
	bool is_good, is_done;
};

static void apply(void *self)
{
	struct applying *a = self;
	struct batch *b = a->batch;
	AUTO(buf) notes = {0};
	AUTO(buf) shown = {0};
	struct isolate_apply o = {.workspace = &b->run.workspace,
		.state = b->state,
		.run = b->name,
		.keep = b->run.hands.keep,
		.tasks = a->tasks,
		.count = a->count,
		.cancel = &b->is_cancelled,
		.tell = tell_applied,
		.self = b};

	a->is_good = isolate_apply(&o, &notes, &a->error);
	utf8_put_shown(&shown, buf_str(&notes));
	fputs(buf_text(&shown), stderr);
}

static void applied(void *self)
{
	struct applying *a = self;

	a->is_done = true;
}

bool batch_apply(struct batch *b, struct err *e)
{
	struct applying a = {.batch = b};
	size_t before;
	bool *is_applied = read_applied(b, &before, e);

	if (!is_applied)
		return false;
	a.tasks = arena_alloc(&b->run.arena, b->tasks.items.n, sizeof *a.tasks);
	for (uint32_t i = 0; i < b->tasks.items.n; i++)
		if (runner_state(b->runner, i) == TASK_DONE && !is_applied[i])
			a.tasks[a.count++] = i;
	if (before && !b->run.ui_options.is_quiet)
		fprintf(stderr, "fettle: %zu of this run's patches %s applied before\n", before,
			before == 1 ? "was" : "were");
	/* Beside the loop, so that signals are heard: it ends between two patches. */
	if (a.count && pool_submit(b->run.pool, apply, applied, &a))
		loop_run(b->run.loop, &a.is_done);
	else
		a.is_good = true;
	file_close(&b->applied_fd);
	if (!a.is_good)
		*e = a.error;
	return a.is_good && !b->has_conflict;
}
