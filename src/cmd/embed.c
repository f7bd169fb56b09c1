// SPDX-License-Identifier: MIT
/* embed: texts as vectors, for scripts. One request after another, some hundred texts in each. */
#include "call/embed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "cmd/spending.h"
#include "cmd/world.h"

enum { TEXT_MAX_BYTES = 64 << 20, BATCH_TEXTS = 256, MAX_RETRIES = 3, MAX_RETRY_WAIT_S = 60 };
enum { TIMEOUT_MAX_S = 1'000'000'000 };

extern const struct command command_embed;

static const struct option options[] = {
	{"model", 'm', "PROVIDER/MODEL", "which model makes the vectors (openai/..., ollama/...)"},
	{"base-url", 0, "URL", "where the provider is reached, for a local or own server"},
	{"dimensions", 'd', "N", "how many numbers a vector shall have (default: the model's own)"},
	{"lines", 'l', NULL, "every line of stdin is a text; empty ones are left out"},
	{"cut", 0, NULL, "Ollama: cut texts beyond the model's window in place of an error"},
	{"output-format", 'o', "FORMAT", "text: a vector a line; json: one object"},
	LIMIT_OPTIONS,
	TRUST_OPTIONS,
	{"max-retries", 0, "N", "how often a failed request is made again (default 3)"},
	{"timeout", 0, "SECONDS", "stop after this time"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

struct embedding {
	struct world *world;
	struct buf piped;
	VEC(struct str) texts;
	struct route route;
	struct rates rates;
	struct retry_limits retry;
	struct spending spending;
	char run_id[UUID_TEXT];
	struct embed_request request;
	struct call *call;
	struct timer *timeout;
	int64_t timeout_s;
	size_t done; /* texts that have their vectors */
	VEC(float) values; /* of all of them */
	size_t dimensions;
	struct usage usage;
	int64_t cost_nanousd; /* -1 unknown */
	struct err error;
	bool is_json, is_late;
};

/* ---- what to do ---- */

static bool take_stdin(struct embedding *m, struct err *e)
{
	struct str rest, line;

	m->piped.max = TEXT_MAX_BYTES + 1;
	if (!file_read_fd(STDIN_FILENO, "stdin", TEXT_MAX_BYTES, &m->piped, e))
		return false;
	if (!options_has(&m->world->given, "lines")) {
		vec_push(&m->texts, buf_str(&m->piped));
		return true;
	}
	rest = buf_str(&m->piped);
	while (str_split(&rest, '\n', &line))
		if (str_trim(line).n)
			vec_push(&m->texts, line);
	return true;
}

static bool take_texts(struct embedding *m, struct err *e)
{
	const struct options *given = &m->world->given;
	bool has_stdin = false;

	for (size_t i = 0; i < given->operand_count; i++) {
		bool is_dash = i < given->literal_from && strcmp(given->operands[i], "-") == 0;
		if (is_dash && has_stdin)
			return err_set(e, ERR_USAGE, "- (the text from stdin) can be given once");
		has_stdin |= is_dash;
		if (is_dash ? !take_stdin(m, e) : false)
			return false;
		if (!is_dash)
			vec_push(&m->texts, str_from(given->operands[i]));
	}
	if (!has_stdin && options_has(given, "lines") && !take_stdin(m, e))
		return false;
	if (!m->texts.n)
		return err_set(e, ERR_USAGE, "no text");
	vec_each (&m->texts, text) {
		if (!str_trim(*text).n)
			return err_set(e, ERR_USAGE, "empty text");
		if (!utf8_is_valid(*text))
			return err_set(e, ERR_USAGE, "text %zu is no UTF-8",
				(size_t)(text - m->texts.p) + 1);
	}
	return true;
}

static bool take_options(struct embedding *m, struct err *e)
{
	const struct options *given = &m->world->given;
	const char *format = options_value(given, "output-format");
	int64_t retries;

	if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		return err_set(
			e, ERR_USAGE, "option --output-format: %s is none of text, json", format);
	m->is_json = format && strcmp(format, "json") == 0;
	m->request.is_cut = options_has(given, "cut");
	if (!options_int(given, "dimensions", 1, 0, &m->request.dimensions, e) ||
		!options_int(given, "max-retries", 0, MAX_RETRIES, &retries, e) ||
		!options_int(given, "timeout", 1, 0, &m->timeout_s, e))
		return false;
	if (m->request.dimensions > EMBED_DIMENSIONS_MAX)
		return err_set(
			e, ERR_USAGE, "option --dimensions: more than %d", EMBED_DIMENSIONS_MAX);
	if (m->timeout_s > TIMEOUT_MAX_S)
		return err_set(
			e, ERR_USAGE, "option --timeout: more than %d seconds", TIMEOUT_MAX_S);
	m->retry = (struct retry_limits){
		(int)(retries < 1'000'000 ? retries : 1'000'000), MAX_RETRY_WAIT_S * 1000};
	return true;
}

/* Of the settings only how providers are reached: models and limits are those of tasks. */
static bool choose_model(struct embedding *m, struct err *e)
{
	struct world *w = m->world;
	const char *model = options_value(&w->given, "model");

	if (!model)
		return err_set(e, ERR_USAGE, "needs --model: which model makes the vectors");
	if (!world_settings(w, e) || !settings_rates(&w->settings, &w->given, &m->rates, e))
		return false;
	w->wish.model = model;
	w->wish.base_url = options_value(&w->given, "base-url");
	if (!route_choose(&w->wish, &w->arena, &m->route, e))
		return false;
	w->route = &m->route;
	return (m->route.wire && m->route.wire->embed_path) ||
	       err_set(e, ERR_USAGE, "%.*s makes no vectors of texts", STR_ARG(m->route.name));
}

static bool open_spending(struct embedding *m, struct err *e)
{
	struct world *w = m->world;
	const struct spending_wish wish = {.given = &w->given,
		.settings = &w->settings,
		.workspace = &w->workspace,
		.environment = w->wish.environment,
		.run_id = m->run_id};

	uuid_make(m->run_id);
	return spending_open(&m->spending, &wish, &w->arena, e) &&
	       spending_check(&m->spending, &m->route, e);
}

/* ---- doing it ---- */

static void ask_next(struct embedding *m);

static void on_end(void *self, const struct call_result *result, const struct embeddings *vectors)
{
	struct embedding *m = self;

	m->call = NULL;
	if (result->error) {
		m->error = *result->error;
		m->world->is_done = true;
		return;
	}
	if (m->dimensions && m->dimensions != vectors->dimensions) {
		err_set(&m->error, ERR_PROVIDER, "%.*s: vectors of %zu and of %zu numbers",
			STR_ARG(m->route.name), m->dimensions, vectors->dimensions);
		m->world->is_done = true;
		return;
	}
	m->dimensions = vectors->dimensions;
	for (size_t i = 0; i < vectors->count * vectors->dimensions; i++)
		vec_push(&m->values, vectors->values[i]);
	usage_add(&m->usage, &result->usage);
	m->cost_nanousd = m->cost_nanousd < 0 || result->cost_nanousd < 0
				  ? -1
				  : m->cost_nanousd + result->cost_nanousd;
	m->done += vectors->count;
	if (m->done < m->texts.n)
		ask_next(m);
	else
		m->world->is_done = true;
}

static void on_wait(void *, const struct call_wait *wait)
{
	AUTO(buf) name = {0};

	utf8_put_line(&name, wait->route->name, 80);
	fprintf(stderr, "fettle: waiting for %s: %s\n", buf_text(&name), wait->why);
}

static void ask_next(struct embedding *m)
{
	const struct world *w = m->world;
	struct call_world world = {.loop = w->loop,
		.http = w->http,
		.retry = m->retry,
		.pacer = w->pacer,
		.is_interactive = true};
	size_t left = m->texts.n - m->done;

	spending_give(&m->spending, &world);
	m->request.texts = m->texts.p + m->done;
	m->request.text_count = left < BATCH_TEXTS ? left : BATCH_TEXTS;
	m->call = embed_start(&world, &m->route, &m->request,
		&(struct embed_sink){.end = on_end, .self = m, .wait = on_wait});
}

static void on_timeout(void *self)
{
	struct embedding *m = self;

	m->timeout = NULL;
	m->is_late = true;
	call_cancel(m->call);
}

static bool make_vectors(struct embedding *m, struct err *e)
{
	struct world *w = m->world;

	if (!world_open(w, e))
		return false;
	w->pacer = settings_pacer(&w->settings, w->loop, &m->rates);
	if (m->timeout_s)
		m->timeout = loop_after(w->loop, m->timeout_s * 1000, on_timeout, m);
	ask_next(m);
	if (!world_wait(w) && m->call) {
		call_cancel(m->call);
		world_finish(w);
	}
	timer_cancel(m->timeout);
	if (m->error.code && m->is_late)
		err_set(&m->error, ERR_TIMEOUT, "not done within %lld s (--timeout)",
			(long long)m->timeout_s);
	if (m->error.code)
		*e = m->error;
	return !m->error.code;
}

/* ---- what came of it ---- */

/* Nine digits tell every number apart from its neighbours. */
static void put_vector(struct buf *out, const float *values, size_t n)
{
	buf_put_char(out, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%.9g", i ? "," : "", (double)values[i]);
	buf_put_char(out, ']');
}

static void put_head(struct json_writer *w, const struct embedding *m)
{
	json_member_text(w, "type", "embeddings");
	json_member_str(w, "model", m->route.name);
	json_member_int(w, "dimensions", (int64_t)m->dimensions);
	json_key(w, "usage");
	json_open(w, '{');
	json_key(w, "input_tokens");
	if (m->usage.input < 0)
		json_put_null(w);
	else
		json_put_int(w, m->usage.input);
	json_close(w, '}');
	json_key(w, "total_cost_usd");
	if (m->cost_nanousd < 0)
		json_put_null(w);
	else
		json_put_double(w, (double)m->cost_nanousd / 1e9, 9);
	json_key(w, "vectors");
}

/* A vector is written when it is made, as all of them together may be long. */
static void print_vectors(const struct embedding *m)
{
	AUTO(buf) line = {0};
	struct json_writer w = {.buf = &line};

	if (m->is_json) {
		json_open(&w, '{');
		put_head(&w, m);
		buf_put_char(&line, '[');
	}
	for (size_t i = 0; i < m->done; i++) {
		if (m->is_json && i)
			buf_put_char(&line, ',');
		put_vector(&line, m->values.p + i * m->dimensions, m->dimensions);
		if (!m->is_json)
			buf_put_char(&line, '\n');
		fwrite(line.p, 1, line.n, stdout);
		buf_clear(&line);
	}
	if (m->is_json)
		fputs("]}\n", stdout);
}

static int embed(struct world *w, struct err *e)
{
	struct embedding m = {.world = w, .usage = USAGE_UNKNOWN};
	int status;

	if (take_options(&m, e) && choose_model(&m, e) && take_texts(&m, e) &&
		open_spending(&m, e) && make_vectors(&m, e)) {
		print_vectors(&m);
		status = command_end_output();
	} else {
		status = w->signal_number ? 128 + w->signal_number : command_exit_status(e);
	}
	spending_close(&m.spending);
	vec_release(&m.texts);
	vec_release(&m.values);
	buf_release(&m.piped);
	return status;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_embed, program, count, words, embed);
}

const struct command command_embed = {
	.name = "embed",
	.brief = "turn texts into vectors and print them",
	.synopsis = {"[options] --model PROVIDER/MODEL \"text\" [\"text\" ...]",
		"[options] --model PROVIDER/MODEL -          (the text from stdin)",
		"[options] --model PROVIDER/MODEL --lines"},
	.description =
		"Asks an embedding model for a vector of each text and prints them in the order of the "
		"texts: as JSON arrays, one a line, or with -o json as one object with the model, the "
		"tokens and the cost. A building block for scripts that compare texts by their "
		"meaning. Providers that speak OpenAI's embeddings (openai, openrouter, gemini, "
		"mistral, llamacpp, vllm, lmstudio ...) and Ollama can be asked; Anthropic has no such "
		"models.\n\n"
		"Nothing is printed unless every text has its vector, all of one length and of finite "
		"numbers.",
	.options = options,
	.examples = {"fettle embed --model openai/text-embedding-3-small \"retry rules\"",
		"fettle embed --model ollama/nomic-embed-text --lines -o json < questions.txt"},
	.run = run,
};
