// SPDX-License-Identifier: MIT
/* batch: the command: its options, and what has to be there before the first task. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/xdg.h"
#include "cmd/batch.h"
#include "cmd/queue_place.h"
#include "cmd/run_options.h"

extern const struct command command_batch;

static const struct option options[] = {
	{"for-each", 0, "GLOB",
		"a task for each file that matches and is not ignored; {{file}} is its path"},
	{"array", 0, "FILE",
		"a task for each object of a JSON array, or for each record of a CSV file; {{name}} is "
		"a member"},
	{"context", 0, "TEXT", "told before every task; providers keep it in their prefix caches"},
	{"context-file", 0, "FILE", "the same from a file"},
	{"summarize", 0, "PROMPT", "one more task, which is told the results of all others"},
	{"skip-bad", 0, NULL, "leave out tasks with something wrong, instead of running nothing"},
	{"resume", 0, "RUN", "go on with a run: its name, the beginning of it, or last"},
	{"retry-failed", 0, "RUN", "the same, and what failed is tried again"},
	{"only", 0, "ID", "of a run that is resumed only this task, though it failed"},
	{"status", 0, NULL, "which runs there are; with a run's name: what has become of it"},
	{"batch-api", 0, NULL,
		"through the provider's batches: half the price, no tools, within a day "
		"(docs/batch-api.md)"},
	{"batch-poll", 0, "SECONDS",
		"with --batch-api: between two looks (default 5, growing to 60)"},
	{"parallel", 'p', "N", "tasks at the same time (default 3; in a queue 256)"},
	{"on-error", 0, "WHAT",
		"when a task has failed: retry (what may go better; the default), skip (go on), abort "
		"(end the batch)"},
	{"fail-fast", 0, NULL, "start nothing more after the first task that failed"},
	{"isolate", 0, NULL,
		"let each task work in a git work tree of its own, and keep a patch of what it changed"},
	{"apply", 0, NULL,
		"and apply the patches of what is done, those that fit, when all has ended"},
	{"queue", 0, "URL",
		"let workers do the tasks: fettle worker, on any machine that reaches this Redis "
		"server (redis://HOST, unix:///PATH)"},
	QUEUE_OPTIONS,
	{"task-timeout", 0, "SECONDS", "stop a task after this time; it has failed then"},
	MODEL_OPTIONS,
	BUDGET_OPTIONS,
	PERMIT_OPTIONS,
	{"output-format", 'o', "FORMAT", "text, json, stream-json or markdown"},
	{"unordered", 0, NULL, "results as they come, not in the order of the list"},
	{"output", 0, "[FORMAT:]FILE",
		"write the results into FILE, too; the format else by its ending (.json, .jsonl, "
		".md); may be repeated"},
	{"output-dir", 0, "DIR", "write each result into a file of its own there, too"},
	{"plain", 0, NULL,
		"text: answers as the model writes them, also on a terminal, where their Markdown is "
		"rendered"},
	{"include-partial-messages", 0, NULL, "stream-json: also every piece of text as it comes"},
	{"schema", 0, "FILE",
		"every answer is JSON that fits the JSON Schema in FILE, or has failed"},
	{"image", 'i', "FILE", "show this image with every task; may be repeated"},
	{"directory", 'C', "DIR", "work in this directory"},
	TURN_OPTIONS,
	{"quiet", 'q', NULL, "no progress on stderr, only errors"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { PARALLEL_USUAL = 3, PARALLEL_MAX = 256 };
enum { QUEUED_USUAL = 256, QUEUED_MAX = 10'000 };

static bool read_on_error(const char *word, enum on_error *out, struct err *e)
{
	static const char *const names[] = {
		[ON_ERROR_RETRY] = "retry", [ON_ERROR_SKIP] = "skip", [ON_ERROR_ABORT] = "abort"};

	for (size_t i = 0; word && i < sizeof names / sizeof *names; i++)
		if (strcmp(word, names[i]) == 0)
			return (*out = (enum on_error)i, true);
	return !word ||
	       err_set(e, ERR_USAGE, "option --on-error: %s is none of retry, skip, abort", word);
}

static bool read_batch_options(struct batch *b, struct err *e)
{
	const struct options *given = &b->run.given;
	struct runner_options *o = &b->options;
	bool is_queued = b->run.is_elsewhere;
	int most = is_queued ? QUEUED_MAX : PARALLEL_MAX;
	int64_t parallel;

	if (!batch_takes_format(b->run.ui_options.format, e) ||
		!options_int(given, "parallel", 1, is_queued ? QUEUED_USUAL : PARALLEL_USUAL,
			&parallel, e) ||
		!options_int(given, "task-timeout", 1, 0, &o->timeout_s, e) ||
		!read_on_error(options_value(given, "on-error"), &o->schedule.on_error, e))
		return false;
	if (parallel > most)
		return err_set(e, ERR_USAGE, "option --parallel: at most %d", most);
	if (o->timeout_s > TASK_TIMEOUT_MAX_S)
		return err_set(e, ERR_USAGE, "option --task-timeout: more than %d seconds",
			TASK_TIMEOUT_MAX_S);
	if (options_has(given, "apply") && !options_has(given, "isolate"))
		return err_set(e, ERR_USAGE, "--apply needs --isolate: there are no patches else");
	o->parallel = (int)parallel;
	o->schedule.fails_fast = options_has(given, "fail-fast");
	o->only = options_value(given, "only");
	return true;
}

static bool find_state(struct batch *b, struct err *e)
{
	b->state = xdg_directory(XDG_STATE, "", run_environment, &b->run.arena);
	return b->state || err_set(e, ERR_USAGE,
				   "a batch keeps a journal, and there is no place for it: neither "
				   "XDG_STATE_HOME nor HOME is set");
}

/* What the undo store calls this run. */
static void name_run(struct batch *b)
{
	struct run *r = &b->run;

	r->tasks = arena_alloc(&r->arena, 1, sizeof *r->tasks);
	r->tasks[0] = arena_printf(&r->arena, "batch of %zu tasks", b->tasks.items.n);
	r->task_count = 1;
}

static bool check_outputs(const struct run *r, struct err *e)
{
	const struct ui_options *o = &r->ui_options;

	for (size_t i = 0; i < o->output_count; i++)
		if (!batch_takes_format(o->outputs[i].format, e))
			return err_context(e, "option --output: %s", o->outputs[i].path);
	return true;
}

/* Settings, model and form; the rest needs the list. */
static bool prepare_model(struct batch *b, const struct option *table, struct err *e)
{
	b->typed = b->run.given;
	return batch_queue_check(b, e) && run_read_settings(&b->run, table, e) &&
	       run_read_options(&b->run, e) && read_batch_options(b, e) &&
	       run_prepare_model(&b->run, e) && check_outputs(&b->run, e);
}

static bool prepare_hands(struct batch *b, struct err *e)
{
	struct run *r = &b->run;

	if (!batch_check_outputs(b, e))
		return false;
	name_run(b);
	/* Files are read here, and nothing else is done. */
	if (r->is_elsewhere)
		return batch_queue_room(b, e) && run_make_hands(r, e);
	if (!run_prepare_hands(r, e))
		return false;
	if (b->context.n)
		agent_context_instruct(&r->context, b->context);
	if (b->is_posted)
		batch_drop_tools(b);
	return true;
}

static bool prepare(struct batch *b, const struct program *program, struct err *e)
{
	const struct options *given = &b->run.given;
	bool is_resumed = options_has(given, "resume") || options_has(given, "retry-failed");

	if (!is_resumed && options_has(given, "only"))
		return err_set(e, ERR_USAGE, "--only needs --resume: the run that the task is of");
	if (!find_state(b, e) || (is_resumed && !batch_resume(b, options, e)) ||
		!prepare_model(b, options, e))
		return false;
	return (is_resumed ? batch_check_models(b, e) : batch_read_tasks(b, program, e)) &&
	       batch_check_post(b, e) && prepare_hands(b, e);
}

static bool prepare_words(
	struct batch *b, const struct option *table, const struct program *program, struct err *e)
{
	struct run *r = &b->run;

	if (!find_state(b, e) || !prepare_model(b, table, e) || !run_collect_tasks(r, program, e))
		return false;
	tasks_read_words(&b->tasks, r->tasks, r->task_count,
		r->task_is_piped ? (struct str){0} : buf_str(&r->piped), r->timeout_s);
	return tasks_finish(&b->tasks, false, e) && prepare_hands(b, e);
}

static void release(struct batch *b)
{
	batch_close_trees(b);
	buf_release(&b->scratch);
	journal_free(b->journal);
	file_close(&b->journal_fd);
	run_past_release(&b->past);
	vec_release(&b->routes);
	tasks_release(&b->tasks);
	run_release(&b->run);
}

/* ---- --status ---- */

static int show_status(struct batch *b, struct err *e)
{
	const struct options *given = &b->run.given;
	const char *format = options_value(given, "output-format");
	bool as_json = format && strcmp(format, "json") == 0;
	AUTO(buf) out = {0};

	if (given->operand_count > 1 || (format && !as_json && strcmp(format, "text") != 0))
		return (void)err_set(e, ERR_USAGE,
			       given->operand_count > 1 ? "--status: one run, or none for all"
							: "--status: text or json"),
		       command_failed(&command_batch, e);
	bool is_good = find_state(b, e) &&
		       (given->operand_count ? batch_status_run(b->state, given->operands[0],
						       as_json, &out, e)
					     : batch_status_list(b->state, as_json, &out, e));
	if (!is_good)
		return command_failed(&command_batch, e);
	fputs(buf_text(&out), stdout);
	return command_end_output();
}

int batch_words(struct run *run, const struct option *table, const struct program *program)
{
	struct batch b = {.run = *run, .journal_fd = -1};
	struct err e;

	b.run.times = (struct ui_times){
		.exec_ns = program->exec_ns, .main_at = program->main_at, .parsed_at = clock_ns()};
	if (!prepare_words(&b, table, program, &e) || !batch_work(&b, &e))
		b.run.status = command_failed(command_find("run"), &e);
	release(&b);
	return b.run.status;
}

static int run(const struct program *program, int count, char *const *words)
{
	struct batch b = {.journal_fd = -1};
	struct run *r = &b.run;
	struct err e;

	r->times = (struct ui_times){
		.exec_ns = program->exec_ns, .main_at = program->main_at, .parsed_at = clock_ns()};
	if (!options_parse(options, count, words, &r->arena, &r->given, &e)) {
		r->status = command_wrong_usage(&command_batch, &e);
	} else if (options_has(&r->given, "help")) {
		char word[] = "batch", *const help[] = {word, NULL};
		r->status = command_find("help")->run(program, 1, help);
	} else if (options_has(&r->given, "status")) {
		r->status = show_status(&b, &e);
	} else if (!prepare(&b, program, &e) || !batch_work(&b, &e)) {
		r->status = command_failed(&command_batch, &e);
	}
	release(&b);
	return r->status;
}

const struct command command_batch = {
	.name = "batch",
	.brief = "work on many tasks, within limits, and go on where it ended",
	.synopsis = {"[options] FILE            (a list of tasks; - is stdin)",
		"[options] --for-each GLOB \"task with {{file}}\"",
		"[options] --array FILE \"task with {{name}}\"",
		"[options] --resume RUN | --retry-failed RUN [--only ID]", "--status [RUN]"},
	.description =
		"Each task is a conversation of its own. FILE has a task a line (# begins a comment), or "
		"a JSON object a line with prompt and maybe id, vars, model, timeout, context, files, "
		"needs, output, after_all. The whole list is checked before anything runs.\n\n"
		"What becomes of the tasks is in a journal on the disk before it is shown. Whatever ends "
		"the batch, --resume goes on with it: no task that was done runs again. The first "
		"interrupt (Ctrl-C) lets what runs finish, the second does not.\n\n"
		"Results go to stdout in the order of the list. The status is 0 when every task is done, "
		"1 when some are not, 5 when a budget was spent.",
	.options = options,
	.examples = {"fettle batch tasks.txt",
		"fettle batch --for-each 'src/**/*.c' \"name three weak spots of {{file}}\"",
		"fettle batch --array params.csv --output-dir out \"write fib in {{lang}}\"",
		"fettle batch --resume last"},
	.run = run,
};
