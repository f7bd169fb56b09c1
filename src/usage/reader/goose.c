// SPDX-License-Identifier: MIT
/*
 * goose: Goose keeps sums of a session in its row, and newer versions each answer's in a ledger
 * beside it. Its input tokens have those of the cache within them.
 */
#include "base/json.h"
#include "base/money.h"
#include "usage/reader/parts.h"
#include "usage/reader/sqlite.h"

extern const struct usage_reader usage_reader_goose;

static void places(struct usage_places *places)
{
	if (usage_places_variable(places, "GOOSE_PATH_ROOT", "/data/sessions/sessions.db", 0))
		return;
	usage_places_xdg(places, "XDG_DATA_HOME", ".local/share", "/goose/sessions/sessions.db", 0);
	usage_places_xdg(
		places, "XDG_DATA_HOME", ".local/share", "/Block/goose/sessions/sessions.db", 0);
	usage_places_add(places, "~/Library/Application Support/goose/sessions/sessions.db", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_is(below, "sessions.db");
}

enum {
	SESSION_ID,
	SESSION_DIRECTORY,
	SESSION_CREATED,
	SESSION_UPDATED,
	SESSION_PROVIDER,
	SESSION_MODEL,
	SESSION_TOTAL,
	SESSION_INPUT,
	SESSION_OUTPUT,
	SESSION_ALL_TOTAL,
	SESSION_ALL_INPUT,
	SESSION_ALL_OUTPUT,
	SESSION_ALL_READ,
	SESSION_ALL_WRITE,
	SESSION_ALL_COST,
	SESSION_PARENT,
};

static const struct column session_columns[] = {
	[SESSION_ID] = {"id", true},
	[SESSION_DIRECTORY] = {"working_dir", false},
	[SESSION_CREATED] = {"created_at", true},
	[SESSION_UPDATED] = {"updated_at", false},
	[SESSION_PROVIDER] = {"provider_name", false},
	[SESSION_MODEL] = {"model_config_json", true},
	[SESSION_TOTAL] = {"total_tokens", false},
	[SESSION_INPUT] = {"input_tokens", false},
	[SESSION_OUTPUT] = {"output_tokens", false},
	[SESSION_ALL_TOTAL] = {"accumulated_total_tokens", false},
	[SESSION_ALL_INPUT] = {"accumulated_input_tokens", false},
	[SESSION_ALL_OUTPUT] = {"accumulated_output_tokens", false},
	[SESSION_ALL_READ] = {"accumulated_cache_read_tokens", false},
	[SESSION_ALL_WRITE] = {"accumulated_cache_write_tokens", false},
	[SESSION_ALL_COST] = {"accumulated_cost", false},
	[SESSION_PARENT] = {"parent_session_id", false},
	{0},
};

enum {
	CALL_ID,
	CALL_CREATED,
	CALL_MODEL,
	CALL_INPUT,
	CALL_OUTPUT,
	CALL_TOTAL,
	CALL_READ,
	CALL_WRITE,
	CALL_COST,
};

static const struct column call_columns[] = {
	[CALL_ID] = {"id", true},
	[CALL_CREATED] = {"created_timestamp", true},
	[CALL_MODEL] = {"model", false},
	[CALL_INPUT] = {"input_tokens", true},
	[CALL_OUTPUT] = {"output_tokens", true},
	[CALL_TOTAL] = {"total_tokens", false},
	[CALL_READ] = {"cache_read_tokens", false},
	[CALL_WRITE] = {"cache_write_tokens", false},
	[CALL_COST] = {"cost", false},
	{0},
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A total that has room for the cache beside the input says that it stands there. */
static void part_cache(struct usage_tokens *tokens, int64_t read, int64_t write, int64_t total)
{
	int64_t beside = money_add(usage_tokens_total(tokens), money_add(read, write));

	if (total < beside) {
		read = least(read, tokens->input);
		write = least(write, tokens->input - read);
		tokens->input -= read + write;
	}
	tokens->cache_read = read;
	tokens->cache_write_5m = write;
}

static int64_t first_count(struct sqlite_rows *rows, int a, int b)
{
	int64_t count = usage_json_count(sqlite_rows_text(rows, a));

	return count > 0 ? count : usage_json_count(sqlite_rows_text(rows, b));
}

static int64_t cost(struct sqlite_rows *rows, int column)
{
	int64_t nanousd = usage_json_cost(sqlite_rows_text(rows, column));

	return nanousd > 0 ? nanousd : -1;
}

static bool session_time(struct usage_file *file, struct sqlite_rows *rows, int64_t *time_ms)
{
	if (usage_json_time(sqlite_rows_text(rows, SESSION_CREATED), time_ms))
		return true;
	if (file->is_compat)
		return false;
	if (!usage_json_time(sqlite_rows_text(rows, SESSION_UPDATED), time_ms))
		*time_ms = file->modified_ms;
	return true;
}

/* What all records of the session say. Numbers of sessions begin anew each day and each machine. */
static struct usage_record begin(struct usage_file *file, struct sqlite_rows *rows)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str config = sqlite_rows_text(rows, SESSION_MODEL);
	struct err ignored;

	r.session = sqlite_rows_text(rows, SESSION_ID);
	r.id = arena_printf(file->arena, "%.*s %.*s %.*s", STR_ARG(r.session),
		STR_ARG(sqlite_rows_text(rows, SESSION_CREATED)),
		STR_ARG(sqlite_rows_text(rows, SESSION_DIRECTORY)));
	r.project = sqlite_rows_text(rows, SESSION_DIRECTORY);
	r.provider = sqlite_rows_text(rows, SESSION_PROVIDER);
	if (json_check(config, &ignored))
		r.model = parts_text(file, config, "model_name");
	if (sqlite_rows_text(rows, SESSION_PARENT).n > 0) {
		r.flags = USAGE_SIDECHAIN;
		r.agent = STR("agent");
	}
	r.is_replacing = true;
	return r;
}

static void take_sums(struct usage_file *file, struct sqlite_rows *rows, struct usage_record r)
{
	int64_t total = first_count(rows, SESSION_ALL_TOTAL, SESSION_TOTAL);

	r.tokens.input = first_count(rows, SESSION_ALL_INPUT, SESSION_INPUT);
	r.tokens.output = first_count(rows, SESSION_ALL_OUTPUT, SESSION_OUTPUT);
	if (!file->is_compat) {
		part_cache(&r.tokens, usage_json_count(sqlite_rows_text(rows, SESSION_ALL_READ)),
			usage_json_count(sqlite_rows_text(rows, SESSION_ALL_WRITE)), total);
		r.cost_reported_nanousd = cost(rows, SESSION_ALL_COST);
	}
	parts_fill_total(file, &r.tokens, total);
	if (parts_has_tokens(&r.tokens) && session_time(file, rows, &r.time_ms))
		usage_take(file, &r);
}

static void take_call(struct usage_file *file, struct sqlite_rows *rows, struct usage_record r)
{
	int64_t total = usage_json_count(sqlite_rows_text(rows, CALL_TOTAL));

	r.id = parts_id(file, r.id, sqlite_rows_text(rows, CALL_ID));
	r.model = parts_first(sqlite_rows_text(rows, CALL_MODEL), r.model);
	r.tokens.input = usage_json_count(sqlite_rows_text(rows, CALL_INPUT));
	r.tokens.output = usage_json_count(sqlite_rows_text(rows, CALL_OUTPUT));
	part_cache(&r.tokens, usage_json_count(sqlite_rows_text(rows, CALL_READ)),
		usage_json_count(sqlite_rows_text(rows, CALL_WRITE)), total);
	parts_fill_total(file, &r.tokens, total);
	r.cost_reported_nanousd = cost(rows, CALL_COST);
	if (!usage_json_time(sqlite_rows_text(rows, CALL_CREATED), &r.time_ms))
		r.time_ms = file->modified_ms;
	if (parts_has_tokens(&r.tokens))
		usage_take(file, &r);
}

static bool take_session(struct usage_file *file, struct sqlite_rows *sessions,
	struct sqlite_rows *calls, struct err *e)
{
	struct usage_record r = begin(file, sessions);
	bool has_calls = false;

	if (file->is_compat && r.model.n == 0)
		return true;
	sqlite_rows_again(calls, r.session);
	while (sqlite_rows_next(calls, e)) {
		has_calls = true;
		take_call(file, calls, r);
	}
	if (!has_calls && !calls->is_broken)
		take_sums(file, sessions, r);
	return !calls->is_broken;
}

static bool take_sessions(struct usage_file *file, struct source *source, struct err *e)
{
	AUTO(sqlite_rows) sessions = {0};
	AUTO(sqlite_rows) calls = {0};
	bool has_ledger = source_has_table(source, "usage_ledger");

	if (!source_rows(source, "sessions", session_columns, "", &sessions, e))
		return false;
	if (has_ledger && !file->is_compat &&
		!source_rows(source, "usage_ledger", call_columns,
			"WHERE session_id = ?1 ORDER BY id", &calls, e))
		return false;
	while (sqlite_rows_next(&sessions, e))
		if (!take_session(file, &sessions, &calls, e))
			return false;
	return !sessions.is_broken;
}

static bool database(struct usage_file *file, struct err *e)
{
	AUTO(source) source = {0};

	return source_open(file, &source, e) && take_sessions(file, &source, e) &&
	       source_end(&source, e);
}

const struct usage_reader usage_reader_goose = {
	.name = "goose",
	.title = "Goose",
	.places = places,
	.wants = wants,
	.database = database,
};
