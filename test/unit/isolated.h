// SPDX-License-Identifier: MIT
/* isolated: repositories, runs and tasks in work trees of their own, for tests. */
#ifndef ISOLATED_H
#define ISOLATED_H

#include "agent/undo.h"
#include "batch/isolate.h"
#include "tree.h"

static char state[80], cache[80];
static struct workspace workspace;
static struct err failure;
static struct hands hands;
static int last_run;

__attribute__((unused)) static void shell(const char *command)
{
	char *text = tree_shell(command);

	if (!text)
		fail_msg("%s", command);
	free(text);
}

/* In a directory; its output, which the caller frees. */
__attribute__((unused)) static char *shell_in(const char *directory, const char *command)
{
	AUTO(buf) words = {0};

	buf_printf(&words, "cd '%s' && %s", directory, command);
	char *text = tree_shell(buf_text(&words));
	if (!text)
		fail_msg("%s: %s", directory, command);
	return text;
}

__attribute__((unused)) static void work(const struct isolated *t, const char *command)
{
	free(shell_in(t->workspace.root, command));
}

__attribute__((unused)) static void open_workspace(void)
{
	workspace_release(&workspace);
	assert_true(workspace_open(&workspace, tree_root, &failure));
}

__attribute__((unused)) static void begin_bare(void)
{
	tree_new();
	snprintf(state, sizeof state, "%s-state", tree_root);
	snprintf(cache, sizeof cache, "%s-cache", tree_root);
	shell("git init -q -b main && git config user.name a && git config user.email a@b");
}

/* All kinds of files, in a first commit. */
__attribute__((unused)) static void begin(void)
{
	begin_bare();
	tree_text("plain.txt", "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
	tree_text("windows.txt", "one\r\ntwo\r\n");
	tree_text("open-ended", "no newline at the end");
	tree_text("tool.sh", "#!/bin/sh\necho hello\n");
	tree_text("deep/down/leaf.c", "int leaf;\n");
	tree_put("data.bin", "\0\1\2\377", 4);
	tree_text("empty", "");
	tree_text("n\xff m\n\".txt", "a name that is no UTF-8\n");
	tree_text(".gitignore", "*.o\n/build/\n");
	shell("chmod 755 tool.sh; ln -s plain.txt link; git add -A && git commit -qm one");
	open_workspace();
}

/* A run that nobody else has; its directory is the journal's to make. */
__attribute__((unused)) static const char *new_run(void)
{
	static char name[2][RUN_NAME_BYTES];
	AUTO(buf) command = {0};
	char *out = name[last_run % 2];

	snprintf(out, sizeof name[0], "20260101-%06d", ++last_run);
	buf_printf(&command, "umask 077; mkdir -p %s/batch/%s", state, out);
	shell(buf_text(&command));
	return out;
}

__attribute__((unused)) static struct isolate_options options(const char *run)
{
	return (struct isolate_options){.workspace = &workspace,
		.hands = &hands,
		.state = state,
		.cache = cache,
		.run = run};
}

__attribute__((unused)) static struct isolate *open_run(const char *run)
{
	static struct isolate_options o[8];
	static int turn;
	struct isolate_options *kept = &o[turn++ % 8];

	*kept = options(run);
	struct isolate *i = isolate_open(kept, NULL, &failure);
	if (!i)
		fail_msg("%s", failure.text);
	return i;
}

__attribute__((unused)) static struct isolated *enter(struct isolate *i, uint32_t task)
{
	struct isolated *t = isolate_enter(i, task, NULL, &failure);

	if (!t)
		fail_msg("%s", failure.text);
	return t;
}

__attribute__((unused)) static struct isolate_change leave(struct isolated *t)
{
	struct isolate_change change;

	if (!isolate_leave(t, NULL, &change, &failure))
		fail_msg("%s", failure.text);
	return change;
}

/* Files, links, executable or not, contents. Directories are nothing to git. */
__attribute__((unused)) static char *picture(const char *root)
{
	return shell_in(root,
		"find . -name .git -prune -o ! -type d -printf '%p %y %l ' "
		"\\( -perm -100 -printf x -o -true \\) -printf '\\0' | sort -z | tr '\\0' '\\n'; "
		"find . -name .git -prune -o -type f -print0 | sort -z | "
		"xargs -0 sha256sum");
}

__attribute__((unused)) static void assert_same(char *a, char *b)
{
	assert_string_equal(a, b);
	free(a);
	free(b);
}

/* ---- what isolate_apply tells ---- */

static struct isolate_applied told[64];
static char told_files[64][100], told_why[64][400];
static size_t told_count;

__attribute__((unused)) static void tell(void *, const struct isolate_applied *applied)
{
	assert_true(told_count < 64);
	told[told_count] = *applied;
	snprintf(told_files[told_count], 100, "%.*s", STR_ARG(applied->file));
	snprintf(told_why[told_count++], 400, "%.*s", STR_ARG(applied->why));
}

__attribute__((unused)) static void apply_with(const char *run, size_t count, struct keep *keep)
{
	uint32_t tasks[64];
	struct isolate_apply a = {.workspace = &workspace,
		.state = state,
		.run = run,
		.keep = keep,
		.tasks = tasks,
		.count = count,
		.tell = tell};
	AUTO(buf) notes = {0};

	for (uint32_t n = 0; n < count; n++)
		tasks[n] = n;
	told_count = 0;
	if (!isolate_apply(&a, &notes, &failure))
		fail_msg("%s", failure.text);
	assert_int_equal(told_count, count);
}

__attribute__((unused)) static void apply(const char *run, size_t count)
{
	apply_with(run, count, NULL);
}

__attribute__((unused)) static void assert_applied(size_t n)
{
	if (told[n].outcome != ISOLATE_APPLIED)
		fail_msg("%zu: %d %s", n, told[n].outcome, told_why[n]);
}

static int isolated_teardown(void **unused)
{
	workspace_release(&workspace);
	return tree_teardown(unused);
}

#endif
