// SPDX-License-Identifier: MIT
/* undo --list */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cmd/undo.h"

enum { TASK_CELLS = 50 };

static const char *state_of(const struct undo_run *run)
{
	return run->is_at_work  ? "at work"
	       : run->is_undone ? "undone"
	       : run->bad_lines ? "damaged"
				: "";
}

static void put_line(struct buf *out, const struct undo_run *run)
{
	char when[CLOCK_TEXT];
	AUTO(buf) notes = {0};

	clock_text(run->at_ms, true, "%Y-%m-%d %H:%M", when);
	buf_printf(out, "%.*s  %s  %2zu %s", STR_ARG(str_head(run->id, 8)), when, run->files,
		run->files == 1 ? "file " : "files");
	if (run->added >= 0)
		buf_printf(out, " +%lld -%lld", (long long)run->added, (long long)run->removed);
	buf_put_text(out, "  ");
	utf8_put_line(out, run->task, TASK_CELLS);
	buf_put_text(&notes, state_of(run));
	if (run->unkept)
		buf_printf(&notes, "%s%zu not kept", notes.n ? ", " : "", run->unkept);
	if (notes.n)
		buf_printf(out, "  [%s]", buf_text(&notes));
	buf_put_char(out, '\n');
}

static void put_run(struct json_writer *w, const struct undo_run *run)
{
	char when[CLOCK_TEXT];

	clock_text(run->at_ms, false, "%Y-%m-%dT%H:%M:%SZ", when);
	json_open(w, '{');
	json_member_str(w, "run", run->id);
	json_member_text(w, "at", when);
	json_member_str(w, "task", run->task.p ? run->task : STR(""));
	if (run->undoes.p)
		json_member_str(w, "undoes", run->undoes);
	json_member_int(w, "files", (int64_t)run->files);
	if (run->added >= 0) {
		json_member_int(w, "added", run->added);
		json_member_int(w, "removed", run->removed);
	}
	json_member_int(w, "not_kept", (int64_t)run->unkept);
	json_member_bool(w, "undone", run->is_undone);
	json_member_bool(w, "at_work", run->is_at_work);
	json_member_int(w, "damaged_lines", (int64_t)run->bad_lines);
	json_close(w, '}');
}

int undo_show_list(struct undo *u, const char *directory, struct err *e)
{
	struct json_writer w = {.buf = &u->out};
	struct undo_run *runs = NULL;
	size_t count;

	if (!undo_list(&u->workspace, directory, &u->arena, &runs, &count, e))
		return EXIT_TASK_FAILED;
	if (!u->has_json) {
		for (size_t i = 0; i < count; i++)
			put_line(&u->out, &runs[i]);
		if (!count && !u->is_quiet)
			fprintf(stderr, "fettle: no run of this workspace has changed anything\n");
		return EXIT_DONE;
	}
	json_open(&w, '{');
	json_key(&w, "runs");
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++)
		put_run(&w, &runs[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_put_char(&u->out, '\n');
	return EXIT_DONE;
}
