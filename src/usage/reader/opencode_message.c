// SPDX-License-Identifier: MIT
#include "usage/reader/opencode.h"

#include "base/json.h"
#include "base/money.h"
#include "usage/reader/parts.h"

/* Without a total, or with one that counts it twice, reasoning stands beside the output. */
static bool take_tokens(struct usage_file *file, struct str json, struct usage_tokens *tokens)
{
	struct str cache = json_get(json, "cache");
	int64_t reasoning = parts_count(json, "reasoning"), total = parts_count(json, "total");

	if (json_type(json) != JSON_OBJECT)
		return false;
	tokens->input = parts_count(json, "input");
	tokens->output = parts_count(json, "output");
	tokens->cache_read = parts_count(cache, "read");
	tokens->cache_write_5m = parts_count(cache, "write");
	if (!file->is_compat && reasoning <= tokens->output && total == usage_tokens_total(tokens))
		tokens->reasoning = reasoning;
	else
		parts_add_thoughts(file, tokens, reasoning);
	parts_fill_total(file, tokens, total);
	return parts_has_tokens(tokens);
}

static int64_t take_cost(const struct opencode_message *message, bool is_compat)
{
	int64_t cost = usage_json_cost(json_get(message->data, "cost"));

	if (message->is_cost_always_said && is_compat)
		return cost > 0 ? cost : 0;
	return cost > 0 ? cost : -1;
}

static int64_t take_time(struct usage_file *file, const struct opencode_message *message)
{
	int64_t time_ms = 0;
	struct str time = json_get(message->data, "time");

	if (usage_json_time(json_get(time, "created"), &time_ms) || file->is_compat)
		return time_ms;
	if (usage_json_time(message->created, &time_ms))
		return time_ms;
	return file->modified_ms;
}

/* An agent's messages are in a session of their own, which names the one it was started from. */
static void take_agent(
	struct usage_file *file, const struct opencode_message *message, struct usage_record *r)
{
	if (message->parent.n == 0)
		return;
	r->flags |= USAGE_SIDECHAIN;
	r->agent = parts_first(parts_text(file, message->data, "agent"),
		parts_first(parts_text(file, message->data, "mode"), STR("agent")));
}

static struct str take_project(struct usage_file *file, const struct opencode_message *message)
{
	struct str path = json_get(message->data, "path");
	struct str cwd = parts_first(parts_text(file, path, "cwd"), parts_text(file, path, "root"));

	return parts_first(cwd, message->directory);
}

static struct str model_name(struct usage_file *file, struct str data, struct usage_record *r)
{
	struct str model = json_get(data, "model");

	r->provider = parts_first(
		parts_text(file, data, "providerID"), parts_text(file, model, "providerID"));
	return parts_first(parts_text(file, data, "modelID"), parts_text(file, model, "id"));
}

void opencode_take(struct usage_file *file, const struct opencode_message *message)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str role = json_get(message->data, "role");

	if (json_type(role) == JSON_STRING && !json_text_is(role, "assistant") &&
		(!file->is_compat || message->is_cost_always_said))
		return;
	if (!take_tokens(file, json_get(message->data, "tokens"), &r.tokens))
		return;
	r.model = model_name(file, message->data, &r);
	if (file->is_compat && r.model.n == 0)
		return;
	r.id = parts_first(message->id, parts_text(file, message->data, "id"));
	r.session = parts_first(message->session, parts_text(file, message->data, "sessionID"));
	r.time_ms = take_time(file, message);
	r.project = take_project(file, message);
	r.cost_reported_nanousd = take_cost(message, file->is_compat);
	r.is_replacing = message->is_row;
	take_agent(file, message, &r);
	parts_tools(file, json_get(message->data, "content"), "tool", &r);
	usage_take(file, &r);
}

/* ---- rows ---- */

enum { MESSAGE_ID, MESSAGE_SESSION, MESSAGE_CREATED, MESSAGE_DATA, MESSAGE_TYPE };
enum { SESSION_ID, SESSION_PARENT, SESSION_DIRECTORY };

static const struct column message_columns[] = {
	[MESSAGE_ID] = {"id", true},
	[MESSAGE_SESSION] = {"session_id", true},
	[MESSAGE_CREATED] = {"time_created", false},
	[MESSAGE_DATA] = {"data", true},
	[MESSAGE_TYPE] = {"type", false},
	{0},
};

static const struct column session_columns[] = {
	[SESSION_ID] = {"id", true},
	[SESSION_PARENT] = {"parent_id", false},
	[SESSION_DIRECTORY] = {"directory", false},
	{0},
};

struct session {
	struct sqlite_rows rows;
	struct str id, parent, directory; /* of the last one that was asked for */
};

/* Neighbours are mostly of one session. */
static bool find_session(
	struct usage_file *file, struct session *session, struct str id, struct err *e)
{
	if (!session->rows.statement || (session->id.p && str_eq(session->id, id)))
		return true;
	session->id = arena_copy(file->arena, id);
	session->parent = session->directory = (struct str){0};
	sqlite_rows_again(&session->rows, session->id);
	if (sqlite_rows_next(&session->rows, e)) {
		session->parent =
			arena_copy(file->arena, sqlite_rows_text(&session->rows, SESSION_PARENT));
		session->directory = arena_copy(
			file->arena, sqlite_rows_text(&session->rows, SESSION_DIRECTORY));
	}
	return !session->rows.is_broken;
}

static bool take_rows(struct usage_file *file, struct sqlite_rows *rows, struct session *session,
	const struct opencode_message *what, struct err *e)
{
	while (sqlite_rows_next(rows, e)) {
		struct opencode_message message = *what;
		struct str type = sqlite_rows_text(rows, MESSAGE_TYPE);
		struct err ignored;
		if (type.p && !str_is(type, "assistant"))
			continue;
		message.data = sqlite_rows_text(rows, MESSAGE_DATA);
		if (!json_check(message.data, &ignored))
			message.data = parts_line(file, arena_copy(file->arena, message.data));
		message.id = sqlite_rows_text(rows, MESSAGE_ID);
		message.session = sqlite_rows_text(rows, MESSAGE_SESSION);
		message.created = sqlite_rows_text(rows, MESSAGE_CREATED);
		if (!find_session(file, session, message.session, e))
			return false;
		message.parent = session->parent;
		message.directory = session->directory;
		if (message.data.p)
			opencode_take(file, &message);
	}
	return !rows->is_broken;
}

bool opencode_take_rows(struct usage_file *file, struct source *source, const char *table,
	const struct opencode_message *what, struct err *e)
{
	AUTO(sqlite_rows) rows = {0};
	struct session session = {0};
	bool done = source_rows(source, table, message_columns, "", &rows, e);

	if (done && source_has_table(source, "session"))
		done = source_rows(
			source, "session", session_columns, "WHERE id = ?1", &session.rows, e);
	done = done && take_rows(file, &rows, &session, what, e);
	sqlite_rows_release(&session.rows);
	return done;
}
