// SPDX-License-Identifier: MIT
/* runner_text: what a task's agent is told: context, files, other tasks' results, the prompt. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/runner_inside.h"

enum { FILE_MAX_BYTES = 4 << 20, TEXT_MAX_BYTES = TASK_TEXT_MAX_BYTES };
/* Results that are told together have about this share of the window, at four bytes a token. */
enum { RESULTS_WINDOW_SHARE = 2, BYTES_A_TOKEN = 4, WINDOW_UNKNOWN_TOKENS = 128'000 };

static bool put_result(void *self, struct str id, struct buf *out)
{
	struct attempt *a = self;
	const struct runner_options *o = &a->runner->options;
	struct run_outcome outcome;
	struct err e;

	for (size_t i = 0; i < a->task->need_count; i++) {
		uint32_t needed = a->task->needs[i];
		if (!str_eq(o->tasks->items.p[needed].id, id))
			continue;
		if (!journal_outcome(o->journal_fd, o->past, needed, &a->arena, &outcome, &e))
			return false;
		buf_put_str(out, outcome.result);
		return true;
	}
	return false;
}

static bool fill(struct attempt *a, struct str template, struct buf *out, struct err *e)
{
	return task_fill(a->task, template, put_result, a, out, e);
}

/* ---- files ---- */

static bool read_file(struct attempt *a, struct str path, struct buf *out, struct err *e)
{
	const struct workspace *w = a->place.workspace;
	struct str relative, real;
	struct stat st;

	if (!workspace_relative(w, path, &a->arena, &relative, e))
		return false;
	AUTO_FD fd = workspace_open_path(w, relative, O_RDONLY, e);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "it is no regular file");
	if (!workspace_real(w, fd, &a->arena, &real))
		real = relative;
	if (secret_is_path(&a->place.hands->secrets, real))
		return err_set(e, ERR_DENIED,
			"it may hold secrets, and is not read (--allow-read would allow it)");
	return file_read_fd(fd, "file", FILE_MAX_BYTES, out, e);
}

static bool put_file(struct attempt *a, struct str template, struct buf *out, struct err *e)
{
	AUTO(buf) path = {0};
	AUTO(buf) bytes = {.max = FILE_MAX_BYTES + 1};

	if (!fill(a, template, &path, e))
		return false;
	if (!read_file(a, buf_str(&path), &bytes, e))
		return err_context(e, "file %.*s", STR_ARG(buf_str(&path)));
	buf_printf(out, "<file path=\"%.*s\">\n", STR_ARG(buf_str(&path)));
	buf_put_str(out, buf_str(&bytes));
	if (bytes.n && bytes.p[bytes.n - 1] != '\n')
		buf_put_char(out, '\n');
	buf_put_text(out, "</file>\n");
	return true;
}

/* ---- all results, for a task that comes after all ---- */

static size_t room_for_results(const struct attempt *a)
{
	bool is_known;
	int64_t tokens = route_context_tokens(a->route, &is_known);

	if (tokens <= 0)
		tokens = WINDOW_UNKNOWN_TOKENS;
	return (size_t)(tokens / RESULTS_WINDOW_SHARE) * BYTES_A_TOKEN;
}

/* Longer ones are cut at the end of a line, and say so. */
static void put_share(struct buf *out, struct str text, size_t share)
{
	size_t end = share;

	if (text.n <= share) {
		buf_put_str(out, text);
		return;
	}
	while (end > share / 2 && text.p[end - 1] != '\n')
		end--;
	if (end <= share / 2)
		for (end = share; end && ((unsigned char)text.p[end] & 0xc0) == 0x80;)
			end--;
	buf_put_str(out, str_head(text, end));
	buf_printf(out, "\n[%zu more bytes are left out]", text.n - end);
}

static void put_outcome(
	struct buf *out, const struct task *task, const struct task_outcome *o, size_t share)
{
	buf_printf(out, "<result id=\"%.*s\"", STR_ARG(task->id));
	if (o->state == TASK_DONE) {
		buf_put_text(out, ">\n");
		put_share(out, o->text, share);
	} else {
		buf_printf(out, " state=\"%s\">\n", o->state == TASK_FAILED ? "failed" : "skipped");
		put_share(out, o->message, share);
	}
	buf_put_text(out, "\n</result>\n");
}

static bool put_results(struct attempt *a, struct buf *out, struct err *e)
{
	const struct tasks *t = a->runner->options.tasks;
	size_t others = 0;

	vec_each (&t->items, task)
		others += !task->is_after_all;
	size_t share = others ? room_for_results(a) / others : 0;
	for (uint32_t i = 0; i < t->items.n; i++) {
		AUTO(arena) arena = {0};
		struct task_outcome outcome;
		enum task_state state = runner_state(a->runner, i);
		bool has_ended =
			state == TASK_DONE || state == TASK_FAILED || state == TASK_SKIPPED;
		if (t->items.p[i].is_after_all || !has_ended)
			continue;
		if (!runner_outcome(a->runner, i, &arena, &outcome, e))
			return false;
		put_outcome(out, &t->items.p[i], &outcome, share > 80 ? share : 80);
	}
	return true;
}

/* ---- the whole ---- */

static struct str keep(struct attempt *a, struct buf *text)
{
	return arena_copy(&a->arena, buf_str(text));
}

bool attempt_put_text(struct attempt *a, struct err *e)
{
	const struct task *task = a->task;
	AUTO(buf) before = {.max = TEXT_MAX_BYTES};
	AUTO(buf) prompt = {.max = TEXT_MAX_BYTES};

	if (task->context.p) {
		if (!fill(a, task->context, &before, e))
			return false;
		buf_put_char(&before, '\n');
	}
	for (size_t i = 0; i < task->file_count; i++)
		if (!put_file(a, task->files[i], &before, e))
			return false;
	if ((task->is_after_all && !put_results(a, &before, e)) ||
		!fill(a, task->prompt, &prompt, e))
		return false;
	if (before.overflow || prompt.overflow)
		return err_set(e, ERR_USAGE, "more than %d MB to tell", TEXT_MAX_BYTES >> 20);
	if (str_trim(buf_str(&prompt)).n == 0)
		return err_set(e, ERR_USAGE, "the prompt is empty");
	a->asked.preamble = keep(a, &before);
	a->asked.text = keep(a, &prompt);
	return true;
}
