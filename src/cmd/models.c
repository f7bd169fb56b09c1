// SPDX-License-Identifier: MIT
/* models: the catalogue, and what the providers say they have now. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cmd/world.h"

extern const struct command command_models;

static const struct option options[] = {
	{"all", 'a', NULL,
		"also every model that a provider offers and the catalogue does not know"},
	{"reachable", 'r', NULL, "only what can be asked now"},
	{"catalogue", 'c', NULL, "only the catalogue: no provider is asked"},
	{"timeout", 0, "SECONDS", "how long to wait for a provider's list (default 5)"},
	{"json", 'j', NULL, "one JSON array"},
	{"directory", 'C', "DIR", "as if started in this directory: for its settings"},
	TRUST_OPTIONS,
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { TIMEOUT_S = 5, TIMEOUT_MAX_S = 1'000 };

enum reach {
	REACH_UNKNOWN, /* nobody asked */
	REACH_NO_PROVIDER, /* the catalogue knows it from a provider that is not set up */
	REACH_NO_KEY,
	REACH_FAILED, /* the provider was asked, in vain */
	REACH_NOT_LISTED, /* the provider answers and does not name it */
	REACH_YES,
};

static const struct {
	const char *text; /* in the table */
	const char *word; /* in JSON */
} reaches[] = {
	[REACH_UNKNOWN] = {"not asked", "unknown"},
	[REACH_NO_PROVIDER] = {"no provider", "no_provider"},
	[REACH_NO_KEY] = {"no key", "no_key"},
	[REACH_FAILED] = {"no answer", "failed"},
	[REACH_NOT_LISTED] = {"not offered", "not_offered"},
	[REACH_YES] = {"yes", "yes"},
};

/* A provider and what it said. */
struct source {
	struct provider_facts facts;
	enum reach reach;
	struct listed_model *listed;
	size_t listed_count;
	struct err error;
};

struct row {
	struct str name; /* "provider/model" */
	struct model model;
	bool has_model; /* the catalogue knows it */
	enum reach reach;
};

struct models {
	struct world *world;
	VEC(struct source) sources;
	VEC(struct list_wish) wanted; /* of the sources, in their order */
	VEC(struct row) rows;
	size_t named, hidden; /* by the words; those that only --all shows */
	int64_t timeout_ms;
	bool asks, shows_all, is_reachable_only, is_json;
};

/* ---- asking ---- */

static void got_list(void *self, size_t place, const struct call_result *result,
	const struct model_list *list, bool is_last)
{
	struct models *m = self;
	struct source *source = &m->sources.p[place];

	source->reach = list ? REACH_NOT_LISTED : result->route ? REACH_FAILED : REACH_NO_KEY;
	if (!list) {
		source->error = *result->error;
	} else {
		source->listed = arena_alloc(&m->world->arena, list->count, sizeof *list->models);
		source->listed_count = list->count;
		for (size_t i = 0; i < list->count; i++) {
			source->listed[i] = list->models[i];
			source->listed[i].id = arena_copy(&m->world->arena, list->models[i].id);
		}
	}
	m->world->is_done |= is_last;
}

static void add_source(void *self, const struct provider_facts *facts)
{
	struct models *m = self;

	vec_push(&m->sources, (struct source){.facts = *facts});
	vec_push(&m->wanted, (struct list_wish){facts->name, m->timeout_ms});
}

static bool ask(struct models *m)
{
	struct world *w = m->world;

	return world_wait_lists(
		w, lists_start(&(struct call_world){w->loop, w->http, {0}}, &w->wish, &w->arena,
			   m->wanted.p, m->wanted.n, &(struct lists_sink){got_list, m}));
}

/* ---- rows ---- */

static const struct listed_model *find_listed(const struct source *source, struct str id)
{
	for (size_t i = 0; i < source->listed_count; i++)
		if (str_eq(source->listed[i].id, id))
			return &source->listed[i];
	return NULL;
}

static bool is_wanted(const struct models *m, struct str name)
{
	const struct options *given = &m->world->given;

	for (size_t i = 0; i < given->operand_count; i++)
		if (str_find(name, str_from(given->operands[i]), 0) == SIZE_MAX)
			return false;
	return true;
}

static void add_row(struct models *m, const struct row *row)
{
	if (!is_wanted(m, row->name))
		return;
	m->named++;
	if (!m->is_reachable_only || row->reach == REACH_YES)
		vec_push(&m->rows, *row);
}

struct catalog_visit {
	struct models *models;
	const struct source *source; /* NULL: models of no source */
};

static bool is_of(const struct source *source, const struct model *model)
{
	return str_eq(model->provider, source->facts.catalog);
}

static bool has_source(const struct models *m, const struct model *model)
{
	vec_each (&m->sources, source)
		if (is_of(source, model))
			return true;
	return false;
}

static bool add_catalogued(void *self, const struct model *model)
{
	struct catalog_visit *visit = self;
	struct models *m = visit->models;
	const struct source *source = visit->source;
	struct row row = {.model = *model, .has_model = true, .reach = REACH_NO_PROVIDER};

	if (source ? !is_of(source, model) : has_source(m, model))
		return true;
	if (source)
		row.reach = find_listed(source, model->id) ? REACH_YES : source->reach;
	if (!m->asks)
		row.reach = source ? REACH_UNKNOWN : REACH_NO_PROVIDER;
	row.name = arena_printf(&m->world->arena, "%.*s/%.*s",
		STR_ARG(source ? source->facts.name : model->provider), STR_ARG(model->id));
	add_row(m, &row);
	return true;
}

/* What a server on this machine has is always worth a line; a cloud's thousands are not. */
static void add_listed(struct models *m, const struct source *source)
{
	struct model known;

	for (size_t i = 0; i < source->listed_count; i++) {
		const struct listed_model *listed = &source->listed[i];
		struct row row = {.reach = REACH_YES,
			.name = arena_printf(&m->world->arena, "%.*s/%.*s",
				STR_ARG(source->facts.name), STR_ARG(listed->id)),
			.model = {.context_tokens = listed->context_tokens,
				.max_output_tokens = listed->max_output_tokens}};
		if (catalog_find(source->facts.catalog, listed->id, &known))
			continue;
		if (m->shows_all || source->facts.is_local || m->world->given.operand_count)
			add_row(m, &row);
		else
			m->hidden++;
	}
}

static void make_rows(struct models *m)
{
	vec_each (&m->sources, source) {
		catalog_each(add_catalogued, &(struct catalog_visit){m, source});
		add_listed(m, source);
	}
	catalog_each(add_catalogued, &(struct catalog_visit){m, NULL});
}

/* ---- showing ---- */

static void put_tokens(struct buf *out, int64_t tokens)
{
	if (tokens <= 0)
		buf_put_text(out, "-");
	else if (tokens < 1'000)
		buf_printf(out, "%lld", (long long)tokens);
	else
		buf_printf(out, "%lldk", (long long)(tokens + 500) / 1'000);
}

/* Dollars per million tokens, at least two places, no zeros behind them. */
static void put_price(struct buf *out, int64_t price)
{
	char text[40];

	snprintf(text, sizeof text, "%lld.%06lld", (long long)(price / 1'000'000),
		(long long)(price % 1'000'000));
	size_t n = strlen(text);
	while (text[n - 1] == '0' && text[n - 3] != '.')
		text[--n] = '\0';
	buf_put_text(out, text);
}

static void put_cell(struct buf *line, struct str cell, int width)
{
	int gap = width - (int)cell.n;

	buf_printf(line, "%*s%.*s", gap > 0 ? gap : 0, "", STR_ARG(cell));
}

static void show_row(const struct row *row, int name_width)
{
	const struct price *price = &row->model.price;
	const int64_t prices[] = {price->input, price->output, price->cache_read};
	AUTO(buf) line = {0};
	AUTO(buf) cell = {0};

	utf8_put_line(&line, row->name, 200);
	buf_printf(&line, "%*s", line.n < (size_t)name_width ? name_width - (int)line.n : 0, "");
	put_tokens(&cell, row->model.context_tokens);
	put_cell(&line, buf_str(&cell), 9);
	buf_clear(&cell);
	put_tokens(&cell, row->model.max_output_tokens);
	put_cell(&line, buf_str(&cell), 8);
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&cell);
		if (row->model.has_price)
			put_price(&cell, prices[i]);
		else
			buf_put_text(&cell, i ? "-" : "unknown");
		put_cell(&line, buf_str(&cell), i < 2 ? 9 : 8);
	}
	printf("%s  %s\n", buf_text(&line), reaches[row->reach].text);
}

static void show_table(const struct models *m)
{
	int width = 5;

	vec_each (&m->rows, row)
		if ((int)row->name.n > width)
			width = row->name.n < 60 ? (int)row->name.n : 60;
	printf("%-*s%9s%8s%9s%9s%8s  %s\n", width, "model", "context", "output", "$/M in",
		"$/M out", "cached", "reachable");
	vec_each (&m->rows, row)
		show_row(row, width);
}

static void put_count(struct json_writer *w, const char *name, int64_t count)
{
	json_key(w, name);
	if (count > 0)
		json_put_int(w, count);
	else
		json_put_null(w);
}

static void put_usd(struct json_writer *w, const char *name, int64_t price)
{
	json_key(w, name);
	json_put_double(w, (double)price / 1e6, 6);
}

static void put_row(struct json_writer *w, const struct row *row)
{
	const struct price *price = &row->model.price;

	json_open(w, '{');
	json_member_str(w, "model", row->name);
	put_count(w, "context_tokens", row->model.context_tokens);
	put_count(w, "max_output_tokens", row->model.max_output_tokens);
	json_key(w, "usd_per_million_tokens");
	if (row->model.has_price) {
		json_open(w, '{');
		put_usd(w, "input", price->input);
		put_usd(w, "output", price->output);
		put_usd(w, "cache_read", price->cache_read);
		put_usd(w, "cache_write", price->cache_write);
		json_close(w, '}');
	} else {
		json_put_null(w);
	}
	json_member_bool(w, "is_in_catalogue", row->has_model);
	json_member_text(w, "reachable", reaches[row->reach].word);
	json_close(w, '}');
}

static void show_json(const struct models *m)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	json_open(&w, '[');
	vec_each (&m->rows, row)
		put_row(&w, row);
	json_close(&w, ']');
	printf("%s\n", buf_text(&out));
}

/* A server of this machine that is not there is no news. */
static void tell_failures(const struct models *m)
{
	vec_each (&m->sources, source) {
		AUTO(buf) line = {0};
		utf8_put_line(&line, str_from(source->error.text), 400);
		bool is_absent = source->facts.is_local && !source->facts.is_named;
		if (source->reach == REACH_FAILED && !is_absent)
			fprintf(stderr, "fettle: %s\n", buf_text(&line));
	}
}

static void tell_rest(const struct models *m)
{
	struct str date = catalog_date();

	if (m->is_json)
		return;
	if (m->hidden)
		fprintf(stderr, "fettle: %zu more are offered (--all)\n", m->hidden);
	fprintf(stderr, "fettle: prices of the catalogue of %.*s\n", STR_ARG(date));
}

/* ---- the command ---- */

static bool prepare(struct models *m, struct err *e)
{
	const struct options *given = &m->world->given;
	int64_t seconds;

	m->shows_all = options_has(given, "all");
	m->is_reachable_only = options_has(given, "reachable");
	m->asks = !options_has(given, "catalogue");
	m->is_json = options_has(given, "json");
	if (m->is_reachable_only && !m->asks)
		return err_set(e, ERR_USAGE, "--catalogue asks nobody what is --reachable");
	if (!options_int(given, "timeout", 1, TIMEOUT_S, &seconds, e))
		return false;
	m->timeout_ms = (seconds < TIMEOUT_MAX_S ? seconds : TIMEOUT_MAX_S) * 1000;
	if (!world_settings(m->world, e))
		return false;
	route_survey(&m->world->wish, &m->world->arena, add_source, m);
	return true;
}

static int nothing_named(const struct models *m, struct err *e)
{
	const struct options *given = &m->world->given;
	AUTO(buf) words = {0};

	for (size_t i = 0; i < given->operand_count; i++)
		buf_printf(&words, " %s", given->operands[i]);
	err_set(e, ERR_USAGE, "no provider or model matches%s (fettle models)", buf_text(&words));
	return EXIT_USAGE;
}

static int list_models(struct models *m, struct err *e)
{
	if (!prepare(m, e))
		return EXIT_USAGE;
	if (m->asks) {
		if (!world_open(m->world, e))
			return EXIT_TASK_FAILED;
		if (!ask(m))
			return 128 + m->world->signal_number;
	}
	make_rows(m);
	if (m->is_json)
		show_json(m);
	else if (m->named)
		show_table(m);
	/* A provider that did not answer may have what was looked for. */
	tell_failures(m);
	if (!m->named)
		return nothing_named(m, e);
	tell_rest(m);
	return command_end_output();
}

static int models(struct world *w, struct err *e)
{
	struct models m = {.world = w};
	int status = list_models(&m, e);

	vec_release(&m.sources);
	vec_release(&m.wanted);
	vec_release(&m.rows);
	return status;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_models, program, count, words, models);
}

const struct command command_models = {
	.name = "models",
	.brief = "list the catalogue and what is reachable now, with windows and prices",
	.synopsis = {"[options] [WORD ...]"},
	.description =
		"Every model of the built-in catalogue with its context window, its longest answer and "
		"its prices in US dollars per million tokens, and whether it can be asked now: each "
		"provider with a key and each server on this machine is asked for its list. Only models "
		"whose name has every WORD in it are shown.\n\n"
		"A model that is not in the catalogue works all the same; its cost is then unknown.",
	.options = options,
	.examples = {"fettle models", "fettle models --catalogue sonnet", "fettle models -r -j"},
	.run = run,
};
