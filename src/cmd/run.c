// SPDX-License-Identifier: MIT
/* run: one task after another through the agent. Builds the world they live in. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "cmd/command.h"
#include "cmd/local.h"
#include "cmd/replay.h"
#include "cmd/settings.h"
#include "ui/trace.h"
#include "ui/ui.h"

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
	{"output-format", 'o', "FORMAT", "text, json or stream-json"},
	{"schema", 0, "FILE", "the answer is JSON that fits the JSON Schema in FILE, or status 1"},
	{"include-partial-messages", 0, NULL, "stream-json: also every piece of text as it comes"},
	{"image", 'i', "FILE", "show the model this PNG, JPEG, GIF or WebP, too; may be repeated"},
	{"directory", 'C', "DIR", "work in this directory"},
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

/* Task text and piped text together; models take far less, but the limit is theirs to tell. */
enum { TEXT_MAX_BYTES = 32 << 20 };
/* How long an open pipe may stay silent before the run goes on without it. */
enum { STDIN_WAIT_MS = 2'000 };
enum { OUTPUT_PATIENCE_MS = 500 };
enum { WORKERS = 4, QUEUE = 256 };
/* Far beyond any sense, near enough that no sum overflows. */
enum { LONGEST_S = 10'000'000, TIMEOUT_MAX_S = 1'000'000'000 };

struct run {
	struct arena arena;
	struct options given; /* on the command line, and what settings add */
	struct settings settings;
	struct buf piped;
	struct str *tasks;
	size_t task_count;
	bool task_is_piped; /* "-", or no task and something on stdin */
	struct route route, summary_route;
	struct agent_images images;
	struct retry_limits retry;
	struct http_trust trust;
	struct workspace workspace;
	struct agent_context context;
	struct hands hands;
	struct answer_schema *schema; /* NULL: answers are any text */
	struct loop *loop;
	struct pool *pool;
	struct http_client *http;
	struct replay replay;
	struct ui *ui;
	struct ui_options ui_options;
	struct ui_times times;
	struct trace *trace; /* NULL: nobody wants one */
	char session_id[UUID_TEXT];
	int64_t max_turns, timeout_s;

	struct agent *agent;
	struct timer *timeout, *patience;
	bool is_done, is_stopped;
	int signal_number;
	int status;
};

static const char *get_environment(const char *name)
{
	return getenv(name);
}

/* ---- what to do ---- */

/*
 * Text is taken from a pipe, a socket or a file. A pipe that somebody holds open without writing (a
 * CI job's stdin) must not hang the run, so silence is waited out once, unless "-" asked for stdin.
 */
static bool read_stdin(struct run *r, bool is_asked, struct err *e)
{
	struct stat st;
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	if (!is_asked) {
		if (fstat(STDIN_FILENO, &st) < 0 ||
			!(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)))
			return true;
		if (poll(&p, 1, STDIN_WAIT_MS) == 0) {
			fprintf(stderr, "fettle: stdin is open but silent; going on without it "
					"(a task of - waits for it)\n");
			return true;
		}
	}
	r->piped.max = TEXT_MAX_BYTES + 1;
	return file_read_fd(STDIN_FILENO, "stdin", TEXT_MAX_BYTES, &r->piped, e);
}

/* A single word that looks like a mistyped command is more likely that than a task. */
static bool check_words(const struct run *r, struct err *e)
{
	const struct options *given = &r->given;
	size_t bare = 0;

	for (size_t i = 0; i < given->literal_from; i++)
		bare += !strpbrk(given->operands[i], " \t\n") &&
			strcmp(given->operands[i], "-") != 0;
	if (bare == 0)
		return true;
	const char *near = command_nearest(given->operands[0]);
	if (near)
		return err_set(
			e, ERR_USAGE, "no command %s (did you mean %s?)", given->operands[0], near);
	if (bare > 1)
		return err_set(e, ERR_USAGE,
			"several one-word tasks: put the task in quotes (fettle \"how many files\"), "
			"or put -- in front if they are tasks");
	return true;
}

static bool collect_tasks(struct run *r, const struct program *program, struct err *e)
{
	const struct options *given = &r->given;
	size_t dashes = 0;

	if (!check_words(r, e))
		return false;
	for (size_t i = 0; i < given->literal_from; i++)
		dashes += strcmp(given->operands[i], "-") == 0;
	if (dashes > 1)
		return err_set(e, ERR_USAGE, "- (the task from stdin) can be given once");
	if (dashes && !program->has_stdin)
		return err_set(e, ERR_USAGE, "- asks for stdin, but stdin is closed");
	r->task_is_piped = dashes || given->operand_count == 0;
	if (given->operand_count == 0 && isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE, "no task");
	if (program->has_stdin && !read_stdin(r, r->task_is_piped, e))
		return false;
	r->task_count = given->operand_count ? given->operand_count : 1;
	r->tasks = arena_alloc(&r->arena, r->task_count, sizeof *r->tasks);
	for (size_t i = 0; i < r->task_count; i++) {
		bool is_stdin = given->operand_count == 0 ||
				(i < given->literal_from && strcmp(given->operands[i], "-") == 0);
		r->tasks[i] = is_stdin ? buf_str(&r->piped) : str_from(given->operands[i]);
		if (str_trim(r->tasks[i]).n == 0)
			return err_set(
				e, ERR_USAGE, is_stdin ? "no task: stdin is empty" : "empty task");
		if (r->tasks[i].n > TEXT_MAX_BYTES)
			return err_set(
				e, ERR_USAGE, "a task of more than %d MB", TEXT_MAX_BYTES >> 20);
	}
	return true;
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

	r->ui_options = (struct ui_options){.format = format ? format_find(format) : formats,
		.is_quiet = options_has(given, "quiet"),
		.is_verbose = options_has(given, "verbose"),
		.shows_thinking = options_has(given, "show-thinking"),
		.shows_timings = options_has(given, "timings"),
		.shows_partial = options_has(given, "include-partial-messages"),
		.environment = get_environment};
	if (!r->ui_options.format)
		return err_set(e, ERR_USAGE,
			"option --output-format: %s is none of text, json, "
			"stream-json",
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

static bool read_seconds(
	const struct run *r, const char *name, int64_t minimum, int64_t *ms, struct err *e)
{
	int64_t seconds;

	if (!options_int(&r->given, name, minimum, *ms / 1000, &seconds, e))
		return false;
	if (options_has(&r->given, name))
		*ms = (seconds < LONGEST_S ? seconds : LONGEST_S) * 1000;
	return true;
}

static bool read_patience(struct run *r, struct err *e)
{
	struct http_limits *limits = &r->route.limits;
	int64_t retries;

	if (!options_int(&r->given, "max-retries", 0, 0, &retries, e))
		return false;
	r->retry.retries_max = (int)(retries < 1'000'000 ? retries : 1'000'000);
	return read_seconds(r, "max-retry-wait", 0, &r->retry.wait_max_ms, e) &&
	       read_seconds(r, "connect-timeout", 1, &limits->connect_ms, e) &&
	       read_seconds(r, "first-byte-timeout", 1, &limits->first_byte_ms, e) &&
	       read_seconds(r, "idle-timeout", 1, &limits->idle_ms, e);
}

/* The provider of its choice would have its key sent to the address that is typed. */
static bool check_repository_model(
	const struct route_wish *wish, const struct setting *model, struct err *e)
{
	return !wish->base_url || !model->is_repository ||
	       err_set(e, ERR_USAGE,
		       "--base-url needs --model: that of %s is the repository's choice, and its "
		       "provider's key would go to this URL",
		       model->where);
}

/* The model of --fast or --smart; else the one that is named nearest. */
static bool name_model(struct run *r, struct route_wish *wish, struct err *e)
{
	struct settings *s = &r->settings;
	bool is_fast = options_has(&r->given, "fast"), is_smart = options_has(&r->given, "smart");
	struct setting model = settings_get(s, "model"), sized;

	if (is_fast + is_smart + (model.origin == ORIGIN_OPTION) > 1)
		return err_set(e, ERR_USAGE, "--fast, --smart and --model: only one of them");
	if (!check_repository_model(wish, &model, e))
		return false;
	if (model.origin) {
		wish->model = arena_text(&r->arena, model.text);
		wish->option = model.where;
	}
	if (!is_fast && !is_smart)
		return true;
	sized = settings_get(s, is_fast ? "fast_model" : "smart_model");
	if (!check_repository_model(wish, &sized, e))
		return false;
	wish->size = is_fast ? SIZE_FAST : SIZE_SMART;
	wish->near = wish->model;
	wish->model = sized.origin ? arena_text(&r->arena, sized.text) : NULL;
	wish->option = sized.where;
	return true;
}

/* Said nearer than in a file, or for this model in a file, or for all models in a file. */
static const char *fallback_of(struct run *r, struct route_wish *wish)
{
	struct setting usual = settings_get(&r->settings, "fallback");
	const struct conf_value *own =
		conf_find(&r->settings.conf, "models", r->route.name, "fallback");

	/* The offline model never fails in a way that another could mend. */
	if ((r->replay.path || !r->route.wire) && usual.origin < ORIGIN_PRESET)
		return NULL;
	wish->fallback_option = usual.where;
	if (own && usual.origin < ORIGIN_ENVIRONMENT) {
		wish->fallback_option = arena_printf(&r->arena, "%s:%d", own->file, own->line).p;
		return arena_text(&r->arena, own->text);
	}
	return usual.origin ? arena_text(&r->arena, usual.text) : NULL;
}

static bool open_replay(struct run *r, struct route_wish *wish, struct err *e)
{
	const char *path = options_value(&r->given, "replay");

	if (!path)
		return true;
	if (wish->base_url)
		return err_set(e, ERR_USAGE, "--replay and --base-url are two places to ask");
	if (!replay_open(&r->replay, path, e))
		return false;
	wish->environment = replay_environment;
	/* The script knows what it was made for; what is typed knows better. */
	if (!wish->model || settings_get(&r->settings, "model").origin < ORIGIN_PRESET)
		wish->model = r->replay.model;
	return true;
}

/* What goes for the model's own server goes for this one: who is trusted, and who plays it. */
static bool choose_summary_model(struct run *r, const struct route_wish *wish, struct err *e)
{
	struct route *route = &r->summary_route;
	struct route_wish own = *wish;

	struct setting fast = settings_get(&r->settings, "fast_model");

	own.model = options_value(&r->given, "summary-model");
	own.option = settings_get(&r->settings, "summary_model").where;
	if (!own.model && fast.origin && !r->replay.path) {
		own.model = arena_text(&r->arena, fast.text);
		own.option = fast.where;
	}
	if (!own.model)
		return true;
	if (!route_choose_beside(&own, &r->arena, &r->route, route, e))
		return false;
	if (!r->replay.path)
		return command_trust(&r->given, route, &r->arena, &r->trust, e);
	return !route->wire || replay_address(&r->replay, route, e);
}

static bool choose_model(struct run *r, struct err *e)
{
	struct route_wish wish = {
		.base_url = options_value(&r->given, "base-url"), .environment = get_environment};

	if (!settings_wish(&r->settings, &wish, e) || !name_model(r, &wish, e) ||
		!open_replay(r, &wish, e) || !route_choose(&wish, &r->arena, &r->route, e))
		return false;
	if (r->route.is_last_resort && str_is(settings_get(&r->settings, "probe").text, "true"))
		(void)!local_find(&wish, &r->arena, &r->route);
	if (!read_patience(r, e))
		return false;
	const char *fallback = fallback_of(r, &wish);
	if ((fallback && !route_add_fallbacks(fallback, &wish, &r->arena, &r->route, e)) ||
		/* A replay asks no server, so there is none to trust. */
		(!r->replay.path &&
			!command_trust(&r->given, &r->route, &r->arena, &r->trust, e)) ||
		!choose_summary_model(r, &wish, e))
		return false;
	return !r->replay.path || replay_address(&r->replay, &r->route, e);
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
	settings_read(s, &r->workspace, get_environment);
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

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The trace takes its file's place: that may be none which this run reads or answers into. */
static bool check_trace_path(const struct run *r, const char *path, struct err *e)
{
	static const char *const read[] = {"schema", "image", "replay", "ca-file"};
	struct stat trace, other;
	const char *input;

	if (stat(path, &trace) < 0)
		return true;
	if (fstat(STDOUT_FILENO, &other) == 0 && is_same_file(&trace, &other))
		return err_set(e, ERR_USAGE, "option --trace: %s is where stdout goes", path);
	for (size_t i = 0; i < sizeof read / sizeof *read; i++)
		for (size_t n = 0; (input = options_nth(&r->given, read[i], n)); n++)
			if (stat(input, &other) == 0 && is_same_file(&trace, &other))
				return err_set(e, ERR_USAGE,
					"option --trace: %s is the file of --%s, and would be "
					"overwritten",
					path, read[i]);
	return true;
}

/* Before anything is asked, so that no paid run ends without its trace. */
static bool open_trace(struct run *r, struct err *e)
{
	const char *path = options_value(&r->given, "trace");

	if (!path)
		return true;
	if (strcmp(path, "-") == 0)
		return err_set(e, ERR_USAGE,
			"option --trace: - is no file, and stdout carries the answer");
	if (!check_trace_path(r, path, e))
		return false;
	r->trace = trace_new(path, e);
	return r->trace || err_context(e, "option --trace");
}

static bool prepare(struct run *r, const struct program *program, struct err *e)
{
	r->times = (struct ui_times){
		.exec_ns = program->exec_ns, .main_at = program->main_at, .parsed_at = clock_ns()};
	if (!read_settings(r, e) || !read_options(r, e) || !read_schema(r, e) ||
		!open_trace(r, e) || !choose_model(r, e) || !load_images(r, e))
		return false;
	r->times.chosen_at = clock_ns();
	if (!collect_tasks(r, program, e))
		return false;
	r->times.tasks_at = clock_ns();
	agent_context_load(&r->context, &r->workspace, clock_wall_s());
	r->times.context_at = clock_ns();
	uuid_make(r->session_id);
	return apply_preset(r, e);
}

/* ---- doing it ---- */

static void on_signal(void *self, int number)
{
	struct run *r = self;

	/* The second one does not wait for anything. */
	if (r->signal_number)
		_exit(128 + number);
	r->signal_number = number;
	r->is_stopped = true;
	if (r->agent) {
		agent_cancel(
			r->agent, ERR_CANCELLED, number == SIGINT ? "interrupted" : "terminated");
	} else {
		/* All is said but what stdout does not take. */
		ui_abandon_output(r->ui);
		r->status = 128 + number;
	}
}

static void on_output_error(void *self, const struct err *e)
{
	struct run *r = self;

	r->is_stopped = true;
	if (r->agent)
		agent_cancel(r->agent, e->code, e->text);
}

static void on_timeout(void *self)
{
	struct run *r = self;
	char why[64];

	r->timeout = NULL;
	snprintf(why, sizeof why, "the task took longer than %lld s (--timeout)",
		(long long)r->timeout_s);
	if (r->agent) {
		agent_cancel(r->agent, ERR_TIMEOUT, why);
	} else {
		ui_abandon_output(r->ui);
		r->status = EXIT_TIMEOUT;
		fprintf(stderr, "fettle: %s: stdout takes nothing\n", why);
	}
}

static void on_event(void *self, const struct agent_event *event)
{
	struct run *r = self;

	ui_event(r->ui, event);
	if (r->trace)
		trace_event(r->trace, event);
	if (event->kind != AGENT_DONE)
		return;
	const struct err *e = event->result->error;
	if (e && !(e->code == ERR_CANCELLED && !r->signal_number))
		ui_error(r->ui, e);
	int status = e ? command_exit_status(e) : EXIT_DONE;
	if (r->signal_number)
		status = 128 + r->signal_number;
	else if (e && e->code == ERR_CANCELLED) /* the reader of stdout has gone away */
		status = EXIT_DONE;
	if (!r->status)
		r->status = status;
	r->is_done = true;
	r->agent = NULL;
}

static void give_up_output(void *self)
{
	struct run *r = self;

	r->patience = NULL;
	ui_abandon_output(r->ui);
}

/* A stopped run does not wait long for a reader that takes nothing. */
static void finish_output(struct run *r)
{
	bool is_stopped = r->is_stopped || (r->timeout_s && !r->timeout);

	if (is_stopped && !*ui_drained(r->ui))
		r->patience = loop_after(r->loop, OUTPUT_PATIENCE_MS, give_up_output, r);
	loop_run(r->loop, ui_drained(r->ui));
	timer_cancel(r->patience);
	r->patience = NULL;
}

static void run_task(struct run *r, struct str text)
{
	struct agent_world world = {r->loop, r->pool, {r->loop, r->http, r->retry}};
	struct agent_task task = {.text = text,
		.piped = r->task_is_piped ? (struct str){0} : buf_str(&r->piped),
		.images = r->images,
		.route = &r->route,
		.workspace = &r->workspace,
		.context = &r->context,
		.hands = &r->hands,
		.schema = r->schema,
		.summary_route = r->summary_route.name.n ? &r->summary_route : NULL,
		.max_turns = (int)(r->max_turns < 1'000'000 ? r->max_turns : 1'000'000)};
	struct agent_sink sink = {on_event, r};

	r->is_done = false;
	ui_begin_task(r->ui);
	if (r->timeout_s)
		r->timeout = loop_after(r->loop, r->timeout_s * 1000, on_timeout, r);
	r->agent = agent_start(&world, &task, &sink);
	loop_run(r->loop, &r->is_done);
	finish_output(r);
	timer_cancel(r->timeout);
	r->timeout = NULL;
}

static void announce(struct run *r)
{
	if (r->ui_options.is_quiet)
		return;
	settings_warn(&r->settings);
	settings_tell_repository(&r->settings);
	AUTO(buf) choice = {0}, shown = {0};
	buf_printf(&choice, "%.*s (%s)", STR_ARG(r->route.name), r->route.why);
	utf8_put_line(&shown, buf_str(&choice), 1000);
	fprintf(stderr, "fettle: %s\n", buf_text(&shown));
	if (r->route.notice)
		fprintf(stderr, "fettle: %s\n", r->route.notice);
	if (!r->route.wire)
		fprintf(stderr,
			"fettle: this is no language model: it looks things up. For a real one set "
			"ANTHROPIC_API_KEY or OPENAI_API_KEY, or use --model and --base-url\n");
	AUTO(buf) notice = {0};
	/* Names of directories are in it. */
	utf8_put_line(&notice, r->context.notice, 1000);
	if (notice.n)
		fprintf(stderr, "fettle: %s\n", buf_text(&notice));
}

static bool open_loop(struct run *r, struct err *e)
{
	r->loop = loop_new(e);
	r->http = r->loop ? http_client_new(r->loop) : NULL;
	if (r->loop && loop_on_signal(r->loop, SIGINT, on_signal, r, e) &&
		loop_on_signal(r->loop, SIGTERM, on_signal, r, e) &&
		loop_on_signal(r->loop, SIGHUP, on_signal, r, e) &&
		replay_start(&r->replay, r->loop, r->http, e))
		return true;
	http_client_free(r->http);
	loop_free(r->loop);
	return err_context(e, "cannot start");
}

static void run_all(struct run *r)
{
	struct ui_run shown = {r->session_id, &r->route, &r->workspace, &r->context, &r->times};
	struct err e;

	r->pool = pool_new(r->loop, WORKERS, QUEUE);
	http_client_trust(r->http, &r->trust);
	r->ui = ui_new(r->loop, &r->ui_options, &shown);
	ui_on_output_error(r->ui, on_output_error, r);
	announce(r);
	if (r->trace)
		trace_begin(r->trace, &shown);
	for (size_t i = 0; i < r->task_count && !r->is_stopped; i++)
		run_task(r, r->tasks[i]);
	/* The last of the answer did not go through, when all was told already. */
	if (!ui_free(r->ui, &e) && !r->status && e.code != ERR_CANCELLED)
		r->status = (fprintf(stderr, "fettle: %s\n", e.text), EXIT_TASK_FAILED);
	if (r->trace && !trace_write(r->trace, &e)) {
		fprintf(stderr, "fettle: the trace is lost: %s\n", e.text);
		r->status = r->status ? r->status : EXIT_TASK_FAILED;
	}
	http_client_free(r->http);
	replay_stop(&r->replay);
	pool_free(r->pool);
	loop_free(r->loop);
}

static void release(struct run *r)
{
	trace_free(r->trace);
	replay_release(&r->replay);
	agent_context_release(&r->context);
	answer_schema_free(r->schema);
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
	} else if (!open_loop(&r, &e)) {
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
		"Asks the chosen model, runs the reading tools it calls for in the working directory's "
		"repository, and prints the answer on stdout. Everything else goes to stderr. Text "
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
