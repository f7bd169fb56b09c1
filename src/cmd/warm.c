// SPDX-License-Identifier: MIT
/* warm: has a local server load a model before it is needed. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/world.h"

extern const struct command command_warm;

static const struct option options[] = {
	{"keep-alive", 'k', "TIME",
		"how long the server shall keep it: 30m, 2h, seconds, -1 for ever, 0 to unload it "
		"(Ollama; default 30m)"},
	{"base-url", 0, "URL", "where the server is reached"},
	{"timeout", 0, "SECONDS", "give up after this time (default 600)"},
	{"directory", 'C', "DIR", "as if started in this directory: for its settings"},
	{"quiet", 'q', NULL, "say nothing when it went well"},
	TRUST_OPTIONS,
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { TIMEOUT_S = 600, TIMEOUT_MAX_S = 1'000'000 };

struct warm {
	struct world *world;
	struct route route;
	struct call *call;
	struct err error;
	int64_t took_ns;
};

/* "30m", "1h30m", "-1", "600". */
static bool check_time(const char *text, struct err *e)
{
	const char *p = text + (*text == '-');
	bool is_good = *p >= '0' && *p <= '9';

	for (; *p; p++)
		is_good &= (*p >= '0' && *p <= '9') || *p == '.' || strchr("smh", *p);
	return is_good || err_set(e, ERR_USAGE,
				  "option --keep-alive: %s is no time (30m, 2h, 600 for seconds, "
				  "-1 for ever)",
				  text);
}

static void got_delta(void *, const struct delta *)
{
}

static void got_end(void *self, const struct call_result *result)
{
	struct warm *w = self;

	w->call = NULL;
	if (result->error)
		w->error = *result->error;
	w->took_ns = result->times.ended - result->times.begun;
	w->world->is_done = true;
}

static bool ask(struct warm *w, const char *keep_alive)
{
	struct block hello = {.kind = BLOCK_TEXT, .text = STR("hi")};
	struct message message = {.role = ROLE_USER, .blocks = &hello, .block_count = 1};
	bool loads = w->route.wire->loads_models;
	/* Where nothing else makes the server load the model, the shortest of answers does. */
	struct prompt prompt = {.system = STR(""),
		.messages = &message,
		.message_count = loads ? 0 : 1,
		.max_output_tokens = 1,
		.keep_alive = str_from(keep_alive),
		.stream = true};
	struct call_world world = {w->world->loop, w->world->http, {.retries_max = 1}};
	struct call_sink sink = {got_delta, NULL, got_end, w};

	w->call = call_start(&world, &w->route, &prompt, &sink);
	bool is_done = world_wait(w->world);
	if (w->call) {
		call_cancel(w->call);
		world_finish(w->world);
	}
	return is_done;
}

static void tell(const struct warm *w, const char *keep_alive)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, w->route.name, 400);
	if (strcmp(keep_alive, "0") == 0)
		printf("%s: unloaded\n", buf_text(&line));
	else if (w->route.wire->loads_models)
		printf("%s: loaded in %.1f s, stays for %s\n", buf_text(&line),
			clock_ms(w->took_ns) / 1000,
			strcmp(keep_alive, "-1") == 0 ? "ever" : keep_alive);
	else
		printf("%s: answers, %.1f s\n", buf_text(&line), clock_ms(w->took_ns) / 1000);
}

static bool choose(struct warm *w, struct err *e)
{
	const struct options *given = &w->world->given;
	struct route_wish *wish = &w->world->wish;
	int64_t timeout_s;

	if (!options_int(given, "timeout", 1, TIMEOUT_S, &timeout_s, e) ||
		!world_settings(w->world, e))
		return false;
	wish->model = given->operands[0];
	wish->base_url = options_value(given, "base-url");
	wish->option = "model";
	if (!route_choose(wish, &w->world->arena, &w->route, e))
		return false;
	w->route.limits.first_byte_ms = w->route.limits.idle_ms =
		(timeout_s < TIMEOUT_MAX_S ? timeout_s : TIMEOUT_MAX_S) * 1000;
	if (!w->route.wire || !w->route.is_local)
		return err_set(e, ERR_USAGE,
			"%.*s does not run here: only a local server loads models",
			STR_ARG(w->route.name));
	return true;
}

static int load(struct warm *w, struct err *e)
{
	const struct options *given = &w->world->given;
	const char *keep_alive = options_value(given, "keep-alive");

	if (given->operand_count != 1)
		return err_set(e, ERR_USAGE, "needs one model (ollama/NAME)"), EXIT_USAGE;
	if ((keep_alive && !check_time(keep_alive, e)) || !choose(w, e))
		return EXIT_USAGE;
	if (keep_alive && !w->route.wire->loads_models)
		return err_set(e, ERR_USAGE, "option --keep-alive: %.*s takes no such time",
			       STR_ARG(w->route.provider)),
		       EXIT_USAGE;
	keep_alive = keep_alive ? keep_alive : "30m";
	if (!world_open(w->world, e))
		return EXIT_TASK_FAILED;
	if (!ask(w, keep_alive))
		return err_set(e, ERR_CANCELLED, "interrupted"), 128 + w->world->signal_number;
	if (w->error.code) {
		*e = w->error;
		return command_exit_status(e);
	}
	if (!options_has(given, "quiet"))
		tell(w, keep_alive);
	return command_end_output();
}

static int warm(struct world *world, struct err *e)
{
	struct warm w = {.world = world};

	return load(&w, e);
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_warm, program, count, words, warm);
}

const struct command command_warm = {
	.name = "warm",
	.brief = "have a local server load a model, so that the first answer comes at once",
	.synopsis = {"[options] MODEL"},
	.description =
		"Ollama loads the model with the window that later runs ask for, and keeps it for the "
		"time given. Other local servers are asked for an answer of one token, which makes them "
		"load it.",
	.options = options,
	.examples = {"fettle warm ollama/qwen3", "fettle warm -k 0 ollama/qwen3"},
	.run = run,
};
