// SPDX-License-Identifier: MIT
/*
 * batch_status: runs that are on the disk, for people and, as docs/batch-status.schema.json, for
 * scripts.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ui/batch_inside.h"

enum { REASON_CELLS = 200, ID_CELLS = 60, FAILED_SHOWN = 20 };

static const char utc[] = "%Y-%m-%dT%H:%M:%SZ", local_minute[] = "%Y-%m-%d %H:%M";

static size_t unfinished(size_t total, const size_t counts[TASK_SKIPPED + 1])
{
	return total - counts[TASK_DONE] - counts[TASK_FAILED] - counts[TASK_SKIPPED];
}

static void member_time(struct json_writer *w, const char *name, int64_t at_ms)
{
	char when[CLOCK_TEXT];

	clock_text(at_ms, false, utc, when);
	json_member_text(w, name, when);
}

/* ---- all runs ---- */

static const char *state_of(const struct run_listed *run)
{
	return run->is_at_work                                 ? "at work"
	       : unfinished(run->task_count, run->counts) == 0 ? "complete"
							       : "interrupted";
}

static void put_row(struct buf *out, const struct run_listed *run)
{
	char when[CLOCK_TEXT];

	if (run->problem) {
		buf_printf(out, "%-24s  ", run->name);
		utf8_put_line(out, str_from(run->problem), REASON_CELLS);
		buf_put_char(out, '\n');
		return;
	}
	clock_text(run->at_ms, true, local_minute, when);
	buf_printf(out, "%-24s  %s  %-11s  %7zu %7zu %7zu %7zu %10zu\n", run->name, when,
		state_of(run), run->task_count, run->counts[TASK_DONE], run->counts[TASK_FAILED],
		run->counts[TASK_SKIPPED], unfinished(run->task_count, run->counts));
}

static void put_listed(struct json_writer *w, const struct run_listed *run)
{
	json_open(w, '{');
	json_member_text(w, "run", run->name);
	if (run->problem) {
		json_member_text(w, "problem", run->problem);
		json_close(w, '}');
		return;
	}
	member_time(w, "at", run->at_ms);
	json_member_bool(w, "at_work", run->is_at_work);
	batch_put_counts(w, run->task_count, run->counts[TASK_DONE], run->counts[TASK_FAILED],
		run->counts[TASK_SKIPPED]);
	batch_put_resume(
		w, run->name, run->is_at_work ? 0 : unfinished(run->task_count, run->counts));
	json_close(w, '}');
}

static void put_list(struct buf *out, const run_list *runs, bool as_json)
{
	struct json_writer w = {.buf = out};

	if (!as_json) {
		buf_printf(out, "%-24s  %-16s  %-11s  %7s %7s %7s %7s %10s\n", "run", "begun",
			"state", "tasks", "done", "failed", "skipped", "unfinished");
		vec_each (runs, run)
			put_row(out, run);
		return;
	}
	json_open(&w, '{');
	json_key(&w, "runs");
	json_open(&w, '[');
	vec_each (runs, run)
		put_listed(&w, run);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

bool batch_status_list(const char *directory, bool as_json, struct buf *out, struct err *e)
{
	AUTO(arena) arena = {0};
	run_list runs = {0};
	bool good = journal_list(directory, &arena, &runs, e);

	if (good)
		put_list(out, &runs, as_json);
	vec_release(&runs);
	return good;
}

/* ---- one run ---- */

struct status {
	const char *run;
	int fd;
	struct tasks tasks;
	struct run_past past;
	struct arena scratch;
};

static void status_release(struct status *s)
{
	file_close(&s->fd);
	tasks_release(&s->tasks);
	run_past_release(&s->past);
	arena_release(&s->scratch);
}

static size_t count(const struct status *s, enum task_state state)
{
	return s->past.counts[state];
}

static size_t left(const struct status *s)
{
	return unfinished(s->past.head.task_count, s->past.counts);
}

/* What the journal cannot tell any more has its reason in the message. */
static void read_outcome(struct status *s, uint32_t task, struct run_outcome *outcome)
{
	struct err e;

	arena_clear(&s->scratch);
	if (!journal_outcome(s->fd, &s->past, task, &s->scratch, outcome, &e))
		*outcome = (struct run_outcome){
			.class = STR("journal"),
			.message = arena_copy(&s->scratch, str_from(e.text)),
		};
}

static void put_failed_text(struct status *s, struct buf *out)
{
	struct run_outcome outcome;
	size_t shown = 0;

	for (uint32_t i = 0; i < s->tasks.items.n && shown < FAILED_SHOWN; i++) {
		if (s->past.tasks[i].state != TASK_FAILED)
			continue;
		read_outcome(s, i, &outcome);
		buf_put_text(out, "  ");
		utf8_put_line(out, s->tasks.items.p[i].id, ID_CELLS);
		buf_printf(out, ", %u attempt%s: ", s->past.tasks[i].attempts,
			s->past.tasks[i].attempts == 1 ? "" : "s");
		batch_put_reason(out, outcome.class, outcome.message, REASON_CELLS);
		buf_put_text(out, "\n    alone: ");
		batch_put_alone(out, s->run, s->tasks.items.p[i].id);
		buf_put_char(out, '\n');
		shown++;
	}
	if (count(s, TASK_FAILED) > shown)
		buf_printf(out, "  and %zu more that failed\n", count(s, TASK_FAILED) - shown);
}

static void put_text(struct status *s, struct buf *out)
{
	char begun[CLOCK_TEXT], last[CLOCK_TEXT];

	clock_text(s->past.head.at_ms, true, local_minute, begun);
	clock_text(s->past.last_ms, true, local_minute, last);
	buf_printf(out, "run %s: %zu tasks: %zu done, %zu failed, %zu skipped, %zu unfinished\n",
		s->run, s->past.head.task_count, count(s, TASK_DONE), count(s, TASK_FAILED),
		count(s, TASK_SKIPPED), left(s));
	buf_printf(out, "begun %s, last change %s\n", begun, last);
	buf_put_text(out, "spent: ");
	batch_put_spent(out, &s->past.spent);
	buf_put_char(out, '\n');
	if (s->past.bad_lines)
		buf_printf(out, "damaged: %zu lines of the journal, the first is line %zu\n",
			s->past.bad_lines, s->past.first_bad_line);
	put_failed_text(s, out);
	if (left(s))
		buf_printf(out, "to go on: fettle batch --resume %s\n", s->run);
}

static void put_failed_json(struct status *s, struct json_writer *w)
{
	struct run_outcome outcome;

	json_key(w, "failed");
	json_open(w, '[');
	for (uint32_t i = 0; i < s->tasks.items.n; i++) {
		if (s->past.tasks[i].state != TASK_FAILED)
			continue;
		read_outcome(s, i, &outcome);
		json_open(w, '{');
		json_member_str(w, "id", s->tasks.items.p[i].id);
		json_member_int(w, "index", i);
		json_member_int(w, "attempts", s->past.tasks[i].attempts);
		json_member_str(w, "class", outcome.class.p ? outcome.class : STR(""));
		json_member_str(w, "message", outcome.message.p ? outcome.message : STR(""));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_json(struct status *s, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "run", s->run);
	member_time(&w, "at", s->past.head.at_ms);
	member_time(&w, "last_change", s->past.last_ms);
	batch_put_counts(&w, s->past.head.task_count, count(s, TASK_DONE), count(s, TASK_FAILED),
		count(s, TASK_SKIPPED));
	report_put_usage(&w, &s->past.spent.tokens);
	report_put_cost(&w, s->past.spent.cost_nanousd);
	json_member_int(&w, "damaged_lines", (int64_t)s->past.bad_lines);
	put_failed_json(s, &w);
	batch_put_resume(&w, s->run, left(s));
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

bool batch_status_run(
	const char *directory, const char *word, bool as_json, struct buf *out, struct err *e)
{
	AUTO(status) s = {.fd = -1};
	char run[RUN_NAME_BYTES];

	if (!journal_find(directory, word, run, e) ||
		!journal_look(directory, run, &s.tasks, &s.past, e) ||
		(s.fd = journal_open(directory, run, e)) < 0)
		return false;
	s.run = run;
	if (as_json)
		put_json(&s, out);
	else
		put_text(&s, out);
	return true;
}
