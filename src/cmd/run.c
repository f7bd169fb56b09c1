// SPDX-License-Identifier: MIT
/* run: the command. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/xdg.h"
#include "cmd/batch.h"
#include "cmd/run_options.h"

extern const struct command command_run;

static const struct option options[] = {
	MODEL_OPTIONS,
	BUDGET_OPTIONS,
	PERMIT_OPTIONS,
	{"ask", 0, NULL, "ask on the terminal before each change, command and request"},
	{"output-format", 'o', "FORMAT", "text, json, stream-json, markdown or diff"},
	{"plain", 0, NULL,
		"text: the answer as the model writes it, also on a terminal, where its Markdown "
		"is rendered"},
	{"output", 0, "[FORMAT:]FILE",
		"write the run into FILE, too, when it ends; the format else by its ending (.json, "
		".jsonl, .md, .diff); may be repeated"},
	{"schema", 0, "FILE", "the answer is JSON that fits the JSON Schema in FILE, or status 1"},
	{"include-partial-messages", 0, NULL, "stream-json: also every piece of text as it comes"},
	{"image", 'i', "FILE", "show the model this PNG, JPEG, GIF or WebP, too; may be repeated"},
	{"directory", 'C', "DIR", "work in this directory"},
	{"dry-run", 'n', NULL, "show the diff of what would be changed, and change nothing"},
	TURN_OPTIONS,
	{"timeout", 0, "SECONDS", "stop the task after this time"},
	{"quiet", 'q', NULL, "no progress on stderr, only errors"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"show-thinking", 0, NULL, "show the model's thinking on stderr"},
	{"timings", 0, NULL, "show on stderr where the time went"},
	{"trace", 0, "FILE",
		"write where the time went as Chrome trace events (ui.perfetto.dev); no texts"},
	{"help", 'h', NULL, "this help"},
	{"version", 'V', NULL, "print the version"},
	{0},
};

static bool prepare(struct run *r, const struct program *program, struct err *e)
{
	r->times = (struct ui_times){
		.exec_ns = program->exec_ns, .main_at = program->main_at, .parsed_at = clock_ns()};
	return run_read_settings(r, options, e) && run_read_options(r, e) && run_open_trace(r, e) &&
	       run_prepare_model(r, e) && run_collect_tasks(r, program, e) &&
	       run_prepare_hands(r, e);
}

/* Of several tasks one after the other: they speak to a person, or of one task at a time. */
static bool is_one_by_one(struct run *r)
{
	static const char *const names[] = {
		"ask", "dry-run", "show-thinking", "timings", "trace", NULL};
	const char *format = options_value(&r->given, "output-format"), *output;

	for (size_t i = 0; names[i]; i++)
		if (options_has(&r->given, names[i]))
			return true;
	for (size_t n = 0; (output = options_nth(&r->given, "output", n)); n++)
		if (str_starts(str_from(output), STR("diff:")) ||
			format_of_file(str_from(output)) == format_find(STR("diff")))
			return true;
	return (format && strcmp(format, "diff") == 0) ||
	       !xdg_directory(XDG_STATE, "", run_environment, &r->arena);
}

static int run(const struct program *program, int count, char *const *words)
{
	struct run r = {0};
	struct err e;

	if (!options_parse(options, count, words, &r.arena, &r.given, &e)) {
		r.status = command_wrong_usage(&command_run, &e);
	} else if (options_has(&r.given, "help")) {
		char word[] = "run", *const help[] = {word, NULL};
		r.status = command_find("help")->run(program, 1, help);
	} else if (options_has(&r.given, "version")) {
		r.status = command_find("version")->run(program, 0, NULL);
	} else if (r.given.operand_count > 1 && !is_one_by_one(&r)) {
		return batch_words(&r, options, program);
	} else if (!prepare(&r, program, &e)) {
		r.status = command_failed(&command_run, &e);
	} else {
		run_all(&r);
	}
	run_release(&r);
	return r.status;
}

const struct command command_run = {
	.name = "run",
	.brief = "work on a task and print the answer",
	.synopsis = {"[options] \"task\" [\"task\" ...]",
		"[options] -          (the task from stdin)"},
	.description =
		"Asks the chosen model, runs the tools it calls for in the working directory's "
		"repository, as far as --permit, rules and the sandbox allow, and prints the answer on stdout. Everything else goes to stderr. Text "
		"piped in beside a task is given to the model with it, and so is every --image; a model "
		"that is known to take no images is refused. Several tasks are independent "
		"conversations, worked on at the same time as a batch (fettle help batch); with --ask, "
		"--dry-run, --timings, --trace, --show-thinking or a diff one after the other.\n\n"
		"With --schema the answer is one JSON value that fits the schema, and stdout gets nothing "
		"else: an answer that does not fit is asked for once more, with what is wrong with it; "
		"if that one does not fit either, it goes to stderr with the reasons, and the status is "
		"1.\n\n"
		"Without --model, the settings decide, else the first key found (Anthropic, OpenAI, "
		"OpenRouter, Gemini), else a base URL found, else a server on this machine (Ollama, "
		"llama.cpp, LM Studio); without any, the built-in offline model answers: it looks "
		"things up with the same tools and knows no language.",
	.options = options,
	.examples =
		{"fettle \"which files define the retry rules, and how many lines of C are there?\"",
			"fettle --model offline \"list the TODO comments\"",
			"git diff | fettle --model anthropic/claude-sonnet-5-5 \"review this change\"",
			"fettle -q -o json \"how many python files are there?\"",
			"fettle -q --schema bugs.json \"what is wrong in src/main.c?\" | jq .bugs"},
	.run = run,
};
