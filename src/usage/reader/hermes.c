// SPDX-License-Identifier: MIT
/* hermes: Hermes keeps sums of a session in its row; what was thought is within the output. */
#include "usage/reader/parts.h"
#include "usage/reader/sqlite.h"

extern const struct usage_reader usage_reader_hermes;

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "HERMES_HOME", "/state.db", 0))
		usage_places_add(places, "~/.hermes/state.db", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_is(below, "state.db");
}

enum {
	SESSION_ID,
	SESSION_MODEL,
	SESSION_PROVIDER,
	SESSION_STARTED,
	SESSION_INPUT,
	SESSION_OUTPUT,
	SESSION_READ,
	SESSION_WRITE,
	SESSION_REASONING,
	SESSION_ESTIMATED,
	SESSION_ACTUAL,
	SESSION_DIRECTORY,
	SESSION_BRANCH,
	SESSION_MESSAGES,
};

static const struct column columns[] = {
	[SESSION_ID] = {"id", true},
	[SESSION_MODEL] = {"model", true},
	[SESSION_PROVIDER] = {"billing_provider", false},
	[SESSION_STARTED] = {"started_at", true},
	[SESSION_INPUT] = {"input_tokens", true},
	[SESSION_OUTPUT] = {"output_tokens", true},
	[SESSION_READ] = {"cache_read_tokens", false},
	[SESSION_WRITE] = {"cache_write_tokens", false},
	[SESSION_REASONING] = {"reasoning_tokens", false},
	[SESSION_ESTIMATED] = {"estimated_cost_usd", false},
	[SESSION_ACTUAL] = {"actual_cost_usd", false},
	[SESSION_DIRECTORY] = {"cwd", false},
	[SESSION_BRANCH] = {"git_branch", false},
	[SESSION_MESSAGES] = {"message_count", false},
	{0},
};

static void take_tokens(
	struct usage_file *file, struct sqlite_rows *rows, struct usage_tokens *tokens)
{
	int64_t reasoning = usage_json_count(sqlite_rows_text(rows, SESSION_REASONING));

	tokens->input = usage_json_count(sqlite_rows_text(rows, SESSION_INPUT));
	tokens->output = usage_json_count(sqlite_rows_text(rows, SESSION_OUTPUT));
	tokens->cache_read = usage_json_count(sqlite_rows_text(rows, SESSION_READ));
	tokens->cache_write_5m = usage_json_count(sqlite_rows_text(rows, SESSION_WRITE));
	tokens->messages = usage_json_count(sqlite_rows_text(rows, SESSION_MESSAGES));
	if (file->is_compat)
		parts_add_thoughts(file, tokens, reasoning);
	else
		tokens->reasoning = reasoning < tokens->output ? reasoning : tokens->output;
}

static int64_t take_cost(struct usage_file *file, struct sqlite_rows *rows)
{
	int64_t cost = usage_json_cost(sqlite_rows_text(rows, SESSION_ACTUAL));

	if (cost <= 0 && !file->is_compat)
		cost = usage_json_cost(sqlite_rows_text(rows, SESSION_ESTIMATED));
	return cost > 0 ? cost : -1;
}

static void take_session(struct usage_file *file, struct sqlite_rows *rows)
{
	struct usage_record r = USAGE_RECORD_NONE;

	r.id = r.session = sqlite_rows_text(rows, SESSION_ID);
	r.model = str_trim(sqlite_rows_text(rows, SESSION_MODEL));
	r.provider = sqlite_rows_text(rows, SESSION_PROVIDER);
	r.project = sqlite_rows_text(rows, SESSION_DIRECTORY);
	r.branch = sqlite_rows_text(rows, SESSION_BRANCH);
	r.is_replacing = true;
	take_tokens(file, rows, &r.tokens);
	if (!parts_has_tokens(&r.tokens) || (file->is_compat && r.model.n == 0))
		return;
	if (!usage_json_time(sqlite_rows_text(rows, SESSION_STARTED), &r.time_ms)) {
		if (file->is_compat)
			return;
		r.time_ms = file->modified_ms;
	}
	r.cost_reported_nanousd = take_cost(file, rows);
	usage_take(file, &r);
}

static bool database(struct usage_file *file, struct err *e)
{
	AUTO(source) source = {0};
	AUTO(sqlite_rows) rows = {0};

	if (!source_open(file, &source, e) ||
		!source_rows(&source, "sessions", columns, "", &rows, e))
		return false;
	while (sqlite_rows_next(&rows, e))
		take_session(file, &rows);
	return !rows.is_broken && source_end(&source, e);
}

const struct usage_reader usage_reader_hermes = {
	.name = "hermes",
	.title = "Hermes",
	.places = places,
	.wants = wants,
	.database = database,
};
