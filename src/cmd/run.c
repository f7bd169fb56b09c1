// SPDX-License-Identifier: MIT
/* run: the command: its options, and what has to be there before the first task. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/run.h"

extern const struct command command_run;

static const struct option options[] = {
	{"model", 'm', "PROVIDER/MODEL",
		"which model answers (anthropic/..., openai/..., offline)"},
	{"fast", 0, NULL, "the fast, cheap model: fast_model of the settings, or the provider's"},
	{"smart", 0, NULL, "the strong model: smart_model of the settings, or the provider's"},
	{"preset", 0, "NAME", "prompt, model, tools and limits by a name: fettle preset list"},
	{"effort", 0, "LEVEL",
		"how much the model reasons: none, minimal, low, medium, high, xhigh, max"},
	{"base-url", 0, "URL", "where the provider is reached, for a local or own server"},
	{"replay", 0, "SCRIPT",
		"let a script answer (docs/mock.md) instead of a provider: no network, no key"},
	{"fallback", 0, "PROVIDER/MODEL,...", "who is asked when that model cannot answer"},
	{"summary-model", 0, "PROVIDER/MODEL",
		"who summarises what no longer fits the context window (default: fast_model of the "
		"settings, else the same model)"},
	{"max-retries", 0, "N",
		"how often a failed model call is made again (default 3), before anything is shown"},
	{"max-retry-wait", 0, "SECONDS",
		"the longest wait that a provider may ask for before a retry (default 60)"},
	TRUST_OPTIONS,
	{"connect-timeout", 0, "SECONDS", "give up connecting after this time (default 10)"},
	{"first-byte-timeout", 0, "SECONDS",
		"give up when no answer begins after this time (default 300)"},
	{"idle-timeout", 0, "SECONDS",
		"give up when an answer stops coming for this time (default 120)"},
	{"permit", 0, "MODE",
		"what tools may do: read (the workspace), edit (and change files in it, and run "
		"commands in the sandbox; the default), all"},
	{"ask", 0, NULL, "ask on the terminal before each change, command and request"},
	{"allow-tool", 0, "RULE",
		"allow a tool, or with NAME(PATTERN) some of its calls, without asking; may be "
		"repeated"},
	{"deny-tool", 0, "RULE", "refuse a tool, or some of its calls; may be repeated"},
	{"allow-host", 0, "HOST",
		"let tools fetch from this host, *.SUFFIX for those under it, or * for any public one; "
		"may be repeated"},
	{"allow-read", 0, "GLOB",
		"let tools read files that may hold secrets (.env, keys); may be repeated"},
	{"sandbox", 0, "KIND",
		"what commands are fenced in with: auto (the default), bubblewrap, landlock, none "
		"(needs --permit all)"},
	{"sandbox-network", 0, NULL, "let commands in the sandbox use the network"},
	{"output-format", 'o', "FORMAT", "text, json, stream-json, markdown or diff"},
	{"plain", 0, NULL,
		"text: the answer as the model writes it, also on a terminal, where its Markdown "
		"is rendered"},
	{"output", 0, "[FORMAT:]FILE",
		"write the run into FILE, too, when it ends; the format else by its ending (.json, "
		".jsonl, .md, .diff); may be repeated"},
	MCP_OPTION,
	{"schema", 0, "FILE", "the answer is JSON that fits the JSON Schema in FILE, or status 1"},
	{"include-partial-messages", 0, NULL, "stream-json: also every piece of text as it comes"},
	{"image", 'i', "FILE", "show the model this PNG, JPEG, GIF or WebP, too; may be repeated"},
	{"directory", 'C', "DIR", "work in this directory"},
	{"dry-run", 'n', NULL, "show the diff of what would be changed, and change nothing"},
	{"max-turns", 0, "N", "stop after this many model calls (default 50)"},
	{"max-output-tokens", 0, "N", "ceiling of one answer (default 32000)"},
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

/* Near enough that no sum overflows. */
enum { TIMEOUT_MAX_S = 1'000'000'000 };

const char *run_environment(const char *name)
{
	return getenv(name);
}

static bool read_schema(struct run *r, struct err *e)
{
	const char *path = options_value(&r->given, "schema");

	if (!path)
		return true;
	r->schema = answer_schema_load(path, e);
	r->ui_options.has_schema = true;
	return r->schema;
}

/* Those that go on with the model's settings; they are judged as these are. */
static bool check_wishes(struct run *r, struct err *e)
{
	static const char *const names[] = {"effort", "max_output_tokens"};
	struct conf_value v;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct conf_key *key = conf_key_find(settings_keys, str_from(names[i]));
		const char *word = options_value(&r->given, key->option);
		if (word && !conf_from_word(key, str_from(word), &r->arena, &v, e))
			return err_context(e, "option --%s", key->option);
	}
	return true;
}

static bool read_options(struct run *r, struct err *e)
{
	const struct options *given = &r->given;
	const char *format = options_value(given, "output-format");

	r->ui_options =
		(struct ui_options){.format = format ? format_find(str_from(format)) : formats,
			.is_quiet = options_has(given, "quiet"),
			.is_verbose = options_has(given, "verbose"),
			.shows_thinking = options_has(given, "show-thinking"),
			.shows_timings = options_has(given, "timings"),
			.is_plain = options_has(given, "plain"),
			.shows_partial = options_has(given, "include-partial-messages"),
			.environment = run_environment};
	if (!r->ui_options.format)
		return err_set(e, ERR_USAGE,
			"option --output-format: %s is none of text, json, stream-json, markdown, "
			"diff",
			format);
	log_enable(r->ui_options.is_verbose);
	if (!check_wishes(r, e))
		return false;
	if (!options_int(given, "max-turns", 1, 0, &r->max_turns, e) ||
		!options_int(given, "timeout", 1, 0, &r->timeout_s, e))
		return false;
	if (r->timeout_s > TIMEOUT_MAX_S)
		return err_set(
			e, ERR_USAGE, "option --timeout: more than %d seconds", TIMEOUT_MAX_S);
	return true;
}

/* Everything that is not on the command line. */
static bool read_settings(struct run *r, struct err *e)
{
	struct settings *s = &r->settings;
	const char *preset = options_value(&r->given, "preset");

	if (!workspace_open(&r->workspace, options_value(&r->given, "directory"), e)) {
		e->code = ERR_USAGE;
		return false;
	}
	r->times.workspace_at = clock_ns();
	settings_read(s, &r->workspace, run_environment);
	if (!settings_check(s, e) || (preset && !preset_choose(s, preset, e)))
		return false;
	settings_fill(s, options, &r->given, &r->arena);
	r->times.settings_at = clock_ns();
	return true;
}

static bool apply_preset(struct run *r, struct err *e)
{
	const struct conf_value *prompt = settings_preset_value(&r->settings, "prompt"),
				*offered = settings_preset_value(&r->settings, "tools");

	if (prompt)
		agent_context_instruct(&r->context, prompt->text);
	if (!offered ||
		agent_context_keep_tools(&r->context, offered->items, offered->item_count, e))
		return true;
	return err_context(e, "preset %s (%s)", r->settings.preset.name, r->settings.preset.where);
}

static bool load_images(struct run *r, struct err *e)
{
	const char *path;

	for (size_t n = 0; (path = options_nth(&r->given, "image", n)); n++)
		if (!agent_images_add(&r->images, path, &r->arena, e))
			return false;
	return !r->images.block_count || agent_images_suit(&r->route, e);
}

static bool prepare(struct run *r, const struct program *program, struct err *e)
{
	r->times = (struct ui_times){
		.exec_ns = program->exec_ns, .main_at = program->main_at, .parsed_at = clock_ns()};
	if (!read_settings(r, e) || !read_options(r, e) || !read_schema(r, e) ||
		!run_open_trace(r, e) || !run_open_outputs(r, e) || !run_choose_model(r, e) ||
		!load_images(r, e))
		return false;
	r->times.chosen_at = clock_ns();
	if (!run_collect_tasks(r, program, e))
		return false;
	r->times.tasks_at = clock_ns();
	uuid_make(r->session_id);
	if (!run_make_hands(r, e) || !run_read_mcp(r, e))
		return false;
	agent_context_load(&r->context, &r->workspace, &r->hands, &r->route, clock_wall_s());
	r->times.context_at = clock_ns();
	return apply_preset(r, e);
}

static void release(struct run *r)
{
	trace_free(r->trace);
	replay_release(&r->replay);
	mcp_servers_release(&r->servers);
	agent_context_release(&r->context);
	agent_context_free(r->hands.reader);
	skills_release(&r->hands.skills);
	lsp_free(r->hands.lsp);
	fence_free(r->hands.fence);
	answer_schema_free(r->schema);
	keep_free(r->hands.keep);
	buf_release(&r->net_diff);
	workspace_release(&r->workspace);
	settings_release(&r->settings);
	buf_release(&r->piped);
	arena_release(&r->arena);
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
	} else if (!prepare(&r, program, &e)) {
		r.status = command_failed(&command_run, &e);
	} else if (!run_open_loop(&r, &e)) {
		r.status = (fprintf(stderr, "fettle: %s\n", e.text), EXIT_TASK_FAILED);
	} else {
		run_all(&r);
	}
	release(&r);
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
		"conversations, worked on one after the other.\n\n"
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
