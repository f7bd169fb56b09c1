// SPDX-License-Identifier: MIT
/*
 * copilot: Copilot CLI and Chat. OpenTelemetry's file exporter writes of one answer up to four
 * times, in no order: the span of the request, a log of it, a log of the turn and, over all turns,
 * the span of the agent. The best that a trace has counts. What a session used is said once more
 * at its end, as sums over all its runs (session-state/<id>/events.jsonl): overlap.h counts one of
 * both.
 */
#include <string.h>

#include "base/json.h"
#include "base/money.h"
#include "base/vec.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_copilot;

static void add_home(struct usage_places *places, struct str home, unsigned)
{
	static const char *const tails[] = {"/otel", "/session-state"};
	struct usage_places *outer = ((struct parts_fan *)places)->outer;

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
		outer->add(outer, arena_printf(outer->arena, "%.*s%s", STR_ARG(home), tails[i]), 0);
}

static void places(struct usage_places *places)
{
	struct parts_fan homes = {.places = *places, .outer = places};

	homes.places.add = add_home;
	if (!usage_places_variable(&homes.places, "COPILOT_HOME", "", 0))
		usage_places_add(&homes.places, "~/.copilot", 0);
	(void)usage_places_variable(places, "COPILOT_OTEL_FILE_EXPORTER_PATH", "", 0);
}

/* What else is below session-state are the session's own files. */
static bool wants(struct str below, unsigned)
{
	struct str name = parts_name(below);

	return str_is(name, "events.jsonl") ||
	       (str_eq(name, below) && str_ends(name, STR(".jsonl")));
}

/* ---- telemetry ---- */

/* The better one first. */
enum rank { CHAT_SPAN, INFERENCE_LOG, TURN_LOG, AGENT_SPAN, NO_RANK };

struct call {
	struct usage_record record;
	enum rank rank;
	struct str trace, response;
};

struct calls {
	VEC(struct call) list;
};

static struct str attribute(struct usage_file *file, struct str attributes, const char *name)
{
	struct str value = json_get(attributes, name);

	return json_type(value) == JSON_STRING ? json_text(value, file->arena) : (struct str){0};
}

static bool begins(struct usage_file *file, struct str value, struct str start)
{
	return str_starts(json_text(value, file->arena), start);
}

static enum rank rank_of(struct usage_file *file, struct str json, struct str attributes)
{
	struct str name = json_get(json, "name");
	struct str operation = json_get(attributes, "gen_ai.operation.name");
	struct str event = json_get(attributes, "event.name");
	struct str body = json_get(json, "_body");

	if (!body.p)
		body = json_get(json, "body");
	if (json_text_is(json_get(json, "type"), "span") || (name.p && !event.p)) {
		if (json_text_is(operation, "chat") || begins(file, name, STR("chat ")))
			return CHAT_SPAN;
		if (json_text_is(operation, "invoke_agent") ||
			begins(file, name, STR("invoke_agent ")))
			return AGENT_SPAN;
		return NO_RANK;
	}
	if (json_text_is(event, "gen_ai.client.inference.operation.details") ||
		begins(file, body, STR("GenAI inference:")))
		return INFERENCE_LOG;
	if (json_text_is(event, "copilot_chat.agent.turn") ||
		begins(file, body, STR("copilot_chat.agent.turn")))
		return TURN_LOG;
	return NO_RANK;
}

/* Seconds and nanoseconds in an array, or any other time. */
static bool take_time(struct str value, int64_t *time_ms)
{
	int64_t seconds, nanoseconds;

	if (json_type(value) != JSON_ARRAY)
		return usage_json_time(value, time_ms);
	if (!json_int(json_at(value, 0), &seconds) || !json_int(json_at(value, 1), &nanoseconds) ||
		seconds <= 0 || seconds > 1LL << 40 || nanoseconds < 0 || nanoseconds > 999'999'999)
		return false;
	*time_ms = seconds * 1000 + nanoseconds / 1'000'000;
	return true;
}

static int64_t call_time(struct usage_file *file, struct str json)
{
	static const char *const names[] = {"endTime", "_endTime", "hrTime", "_hrTime", "time",
		"timestamp", "timeUnixNano", "hrTimeObserved", "observedTimestamp", "startTime"};
	int64_t time_ms;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (take_time(json_get(json, names[i]), &time_ms))
			return time_ms;
	return file->modified_ms;
}

/* "resource": {"_rawAttributes": [["session.id", "..."]]} */
static struct str resource_session(struct usage_file *file, struct str json)
{
	struct str attributes = json_get(json_get(json, "resource"), "_rawAttributes"), key, pair;

	if (json_type(attributes) == JSON_ARRAY && !file->is_compat)
		json_each (attributes, key, pair)
			if (json_text_is(json_at(pair, 0), "session.id"))
				return json_text(json_at(pair, 1), file->arena);
	return (struct str){0};
}

static struct str call_session(
	struct usage_file *file, struct str json, struct str attributes, const struct call *call)
{
	static const char *const names[] = {"gen_ai.conversation.id", "copilot_chat.session_id",
		"copilot_chat.chat_session_id", "session.id"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str session = attribute(file, attributes, names[i]);
		if (session.n > 0)
			return session;
	}
	struct str session = parts_first(resource_session(file, json),
		attribute(file, attributes, "github.copilot.interaction_id"));
	if (file->is_compat)
		session = parts_first(session, call->response);
	return parts_first(session, call->trace);
}

static int64_t either(struct str attributes, const char *a, const char *b)
{
	int64_t count = parts_count(attributes, a);

	return count > 0 ? count : parts_count(attributes, b);
}

/* Input has what was read from and written to a cache within it; ccusage takes out the former. */
static void part_input(struct usage_file *file, struct usage_tokens *tokens)
{
	int64_t cached = tokens->cache_read;

	if (!file->is_compat)
		cached = money_add(cached, tokens->cache_write_5m);
	if (cached <= tokens->input)
		tokens->input -= cached;
	else if (file->is_compat)
		tokens->input = 0;
}

static void take_tokens(struct usage_file *file, struct str attributes, struct usage_tokens *tokens)
{
	tokens->input = parts_count(attributes, "gen_ai.usage.input_tokens");
	tokens->output = parts_count(attributes, "gen_ai.usage.output_tokens");
	tokens->cache_read = parts_count(attributes, "gen_ai.usage.cache_read.input_tokens");
	tokens->cache_write_5m = either(attributes, "gen_ai.usage.cache_write.input_tokens",
		"gen_ai.usage.cache_creation.input_tokens");
	int64_t reasoning = either(attributes, "gen_ai.usage.reasoning.output_tokens",
		"gen_ai.usage.reasoning_tokens");
	tokens->reasoning = reasoning < tokens->output ? reasoning : tokens->output;
	part_input(file, tokens);
	tokens->messages = 1;
	parts_fill_total(file, tokens,
		either(attributes, "gen_ai.usage.total_tokens", "gen_ai.usage.total.token_count"));
}

static struct str call_id(struct usage_file *file, const struct call *call, struct str span)
{
	if (file->is_compat)
		return (struct str){0};
	return call->response.n > 0 ? call->response : parts_id(file, call->trace, span);
}

static void take_telemetry(struct usage_file *file, struct calls *calls, struct str json)
{
	struct call call = {.record = USAGE_RECORD_NONE};
	struct usage_record *r = &call.record;
	struct str attributes = json_get(json, "attributes");
	struct str context = json_get(json, "spanContext");

	call.rank = rank_of(file, json, attributes);
	take_tokens(file, attributes, &r->tokens);
	if (call.rank == NO_RANK || !parts_has_tokens(&r->tokens))
		return;
	call.trace = parts_first(
		parts_text(file, json, "traceId"), parts_text(file, context, "traceId"));
	call.response = attribute(file, attributes, "gen_ai.response.id");
	struct str span =
		parts_first(parts_text(file, json, "spanId"), parts_text(file, context, "spanId"));
	/* All logs within a span have its id. */
	if (call.rank == TURN_LOG)
		span = json_get(attributes, "turn.index");
	r->id = call_id(file, &call, span);
	r->session = call_session(file, json, attributes, &call);
	r->model = parts_first(attribute(file, attributes, "gen_ai.response.model"),
		attribute(file, attributes, "gen_ai.request.model"));
	if (r->model.n == 0 && file->is_compat)
		r->model = STR("unknown");
	r->time_ms = call_time(file, json);
	if (call.rank != AGENT_SPAN && !file->is_compat)
		r->agent = attribute(file, attributes, "gen_ai.agent.name");
	vec_push(&calls->list, call);
}

/* Without a trace, a session has to do. */
static struct str call_group(struct usage_file *file, const struct call *call)
{
	return call->trace.n > 0 || file->is_compat ? call->trace : call->record.session;
}

/* Gives what no better one of its trace or its answer stands in for. */
static void give_best(struct usage_file *file, struct calls *calls)
{
	size_t count = calls->list.n;
	struct parts_entry *groups = arena_alloc(file->arena, count + 1, sizeof *groups);
	struct parts_entry *responses = arena_alloc(file->arena, count + 1, sizeof *responses);

	for (size_t i = 0; i < count; i++) {
		const struct call *call = &calls->list.p[i];
		groups[i] = (struct parts_entry){call_group(file, call), call->rank};
		responses[i] = (struct parts_entry){call->response, call->rank};
	}
	parts_sort(groups, count);
	parts_sort(responses, count);
	vec_each (&calls->list, call) {
		if (parts_find(groups, count, call_group(file, call)) >= call->rank &&
			parts_find(responses, count, call->response) >= call->rank)
			usage_take(file, &call->record);
	}
}

/* ---- sessions ---- */

struct events {
	struct str session, project, branch;
	struct str metrics; /* of the end before */
};

static void take_start(struct usage_file *file, struct events *events, struct str data)
{
	struct str context = json_get(data, "context");

	events->session = parts_first(parts_text(file, data, "sessionId"), events->session);
	events->project = parts_first(parts_text(file, context, "cwd"), events->project);
	events->branch = parts_first(parts_text(file, context, "branch"), events->branch);
}

/* Input has what was read from and written to a cache within it. */
static struct usage_tokens read_sums(struct str metrics)
{
	struct str usage = json_get(metrics, "usage");
	struct usage_tokens sums = {
		.messages = parts_count(json_get(metrics, "requests"), "count"),
		.input = parts_count(usage, "inputTokens"),
		.output = parts_count(usage, "outputTokens"),
		.cache_read = parts_count(usage, "cacheReadTokens"),
		.cache_write_5m = parts_count(usage, "cacheWriteTokens"),
		.reasoning = parts_count(usage, "reasoningTokens"),
	};
	int64_t cached = money_add(sums.cache_read, sums.cache_write_5m);

	sums.input = sums.input > cached ? sums.input - cached : 0;
	sums.reasoning = sums.reasoning < sums.output ? sums.reasoning : sums.output;
	return sums;
}

static int64_t more(int64_t now, int64_t before)
{
	return now > before ? now - before : 0;
}

/* Sums that went down began anew; to ccusage each kind is by itself. */
static struct usage_tokens grown(
	const struct usage_file *file, struct usage_tokens now, struct usage_tokens before)
{
	if (!file->is_compat &&
		(now.output < before.output || now.cache_read < before.cache_read ||
			now.input < before.input || now.cache_write_5m < before.cache_write_5m))
		return now;
	return (struct usage_tokens){
		.input = more(now.input, before.input),
		.output = more(now.output, before.output),
		.cache_read = more(now.cache_read, before.cache_read),
		.cache_write_5m = more(now.cache_write_5m, before.cache_write_5m),
		.reasoning = more(now.reasoning, before.reasoning),
		.messages = more(now.messages, before.messages),
	};
}

static void take_end(
	struct usage_file *file, struct events *events, struct str json, struct str data)
{
	struct str metrics = json_get(data, "modelMetrics"), key, value;
	struct usage_record r = USAGE_RECORD_NONE;

	if (json_type(metrics) != JSON_OBJECT)
		return;
	r.session = parts_first(events->session, parts_name(parts_parent(file->path)));
	r.project = events->project;
	r.branch = events->branch;
	r.flags = USAGE_SUMMED;
	if (!usage_json_time(json_get(json, "timestamp"), &r.time_ms))
		r.time_ms = file->modified_ms;
	json_each (metrics, key, value) {
		r.model = json_text(key, file->arena);
		struct str before = json_get(events->metrics, arena_text(file->arena, r.model));
		r.tokens = grown(file, read_sums(value), read_sums(before));
		r.id = parts_id(file, parts_text(file, json, "id"), r.model);
		/* To ccusage an end is one, though nothing was used. */
		if (parts_has_tokens(&r.tokens) || file->is_compat)
			usage_take(file, &r);
	}
	events->metrics = metrics;
}

static bool may_count(struct str line)
{
	return str_contains(line, STR("\"gen_ai.usage.")) ||
	       str_contains(line, STR("\"session.shutdown\"")) ||
	       str_contains(line, STR("\"session.start\""));
}

static void document(struct usage_file *file, struct str text)
{
	struct calls calls = {0};
	struct events events = {0};
	struct str rest = text, line;

	while (str_split(&rest, '\n', &line)) {
		struct str json = may_count(line) ? parts_line(file, line) : (struct str){0};
		struct str type = json_get(json, "type"), data = json_get(json, "data");
		if (json_text_is(type, "session.start"))
			take_start(file, &events, data);
		else if (json_text_is(type, "session.shutdown"))
			take_end(file, &events, json, data);
		else if (json_type(json) == JSON_OBJECT)
			take_telemetry(file, &calls, json);
	}
	give_best(file, &calls);
	vec_release(&calls.list);
}

const struct usage_reader usage_reader_copilot = {
	.name = "copilot",
	.title = "Copilot CLI",
	.provider = "github-copilot",
	.places = places,
	.wants = wants,
	.document = document,
};
