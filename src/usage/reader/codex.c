// SPDX-License-Identifier: MIT
/*
 * codex: Codex CLI. A rollout holds a thread: session_meta names it, turn_context its model, and
 * each token_count has the thread's cumulative totals. Those are told again whenever anything else
 * changes, so only what they grew by counts.
 *
 * A fork begins with a copy of its parent's rollout, its times set to when it was forked. Copies
 * and originals get one id: the thread that the nearest session_meta in front names, and the
 * totals. A fork's own answers stand behind its parent's session_meta, too, and are so in a fork of
 * the fork. Agents get their parent's session_meta but, since 0.142, no token_count of it; they
 * begin at zero like their siblings, so that what is surely their own is named by themselves.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "usage/reader/codex_count.h"
#include "usage/reader/codex_limit.h"

extern const struct usage_reader usage_reader_codex;

/* Of usage_memory. */
enum {
	TEXT_THREAD, /* whose file it is; absent before the first session_meta */
	TEXT_SESSION,
	TEXT_ORIGIN, /* the thread whose answers come next, as far as the file says */
	TEXT_SEEN, /* threads that had a session_meta, each with a line's end */
	TEXT_PROJECT,
	TEXT_BRANCH,
	TEXT_AGENT,
	TEXT_MODEL,
	TEXT_PROVIDER = USAGE_LATE_TEXT,
};
enum {
	NUMBER_HAS_TOTAL,
	NUMBER_INPUT, /* the totals so far: five in a row */
	NUMBER_CACHED,
	NUMBER_WRITTEN,
	NUMBER_OUTPUT,
	NUMBER_REASONING,
	NUMBER_TOTAL,
	NUMBER_START_MS, /* of the first session_meta */
	NUMBER_LAST_MS, /* of the last line that was looked at */
	NUMBER_IS_AGENT,
	NUMBER_IS_FORK,
	NUMBER_IS_OWN, /* a pause was there: what follows is no copy */
	NUMBER_IS_FAST,
	NUMBER_IS_DROPPED, /* a copy, by ccusage's rules */
};
enum { NOTE_FAST = 1 }; /* config.toml asks for the fast tier now */
enum {
	ORIGIN_MAX_BYTES = 64,
	SEEN_MAX_BYTES = 4096,
	/* Lines are copied without a pause; no model answers in less. */
	PAUSE_MS = 1000,
	DAY_MS = 86'400'000,
	CONFIG_MAX_BYTES = 1 << 20,
	HEAD_MAX_BYTES = 256 << 20,
};
#define DEFAULT_MODEL "gpt-5"
#define LOG_ORIGIN    "exec:" /* an origin by what codex exec --json printed */

struct codex_line {
	struct str type, timestamp, payload, whole;
};

static struct codex_counts remembered(const struct usage_memory *m)
{
	const int64_t *n = m->numbers;

	return (struct codex_counts){.input = n[NUMBER_INPUT],
		.cached = n[NUMBER_CACHED],
		.written = n[NUMBER_WRITTEN],
		.output = n[NUMBER_OUTPUT],
		.reasoning = n[NUMBER_REASONING],
		.total = n[NUMBER_TOTAL]};
}

static void remember(struct usage_memory *m, const struct codex_counts *c)
{
	m->numbers[NUMBER_HAS_TOTAL] = 1;
	m->numbers[NUMBER_INPUT] = c->input;
	m->numbers[NUMBER_CACHED] = c->cached;
	m->numbers[NUMBER_WRITTEN] = c->written;
	m->numbers[NUMBER_OUTPUT] = c->output;
	m->numbers[NUMBER_REASONING] = c->reasoning;
	m->numbers[NUMBER_TOTAL] = c->total;
}

/* ---- what a line says of the thread ---- */

static bool time_of(struct codex_line *line, int64_t *time_ms)
{
	return usage_json_time(line->timestamp, time_ms) ||
	       usage_json_time(json_get(line->payload, "timestamp"), time_ms);
}

static void note_time(struct usage_file *file, struct codex_line *line)
{
	int64_t time_ms;

	if (time_of(line, &time_ms))
		file->memory.numbers[NUMBER_LAST_MS] = time_ms;
}

static bool was_seen(struct usage_file *file, struct str thread)
{
	struct str rest = file->memory.texts[TEXT_SEEN], seen;

	while (str_split(&rest, '\n', &seen))
		if (str_eq(seen, thread))
			return true;
	return false;
}

static void set_seen(struct usage_file *file, struct str thread)
{
	struct str seen = file->memory.texts[TEXT_SEEN];

	if (seen.n + thread.n < SEEN_MAX_BYTES)
		usage_remember(file, TEXT_SEEN,
			arena_printf(file->arena, "%.*s%.*s\n", STR_ARG(seen), STR_ARG(thread)));
}

static struct str text(struct usage_file *file, struct str object, const char *name)
{
	return json_text(json_get(object, name), file->arena);
}

static struct str agent_name(struct usage_file *file, struct str payload, struct str subagent)
{
	struct str spawn = json_get(subagent, "thread_spawn");
	struct str name = text(file, spawn, "agent_role");

	if (name.n == 0)
		name = text(file, payload, "agent_role");
	if (name.n == 0)
		name = json_text(subagent, file->arena); /* "review", "compact" */
	return name.n > 0 ? name : STR("agent");
}

/* As config.toml names it. Older versions call the open models of a server at hand so. */
static void note_provider(struct usage_file *file, struct str payload, const char *name)
{
	struct str provider = text(file, payload, name);

	if (provider.n > 0)
		usage_remember(
			file, TEXT_PROVIDER, str_is(provider, "oss") ? STR("ollama") : provider);
}

/* The first one: whose file this is. The thread that began an agent's; absent for others. */
static struct str begin_thread(struct usage_file *file, struct str payload, struct str thread)
{
	struct str subagent = json_get(json_get(payload, "source"), "subagent");
	struct str parent = text(file, json_get(subagent, "thread_spawn"), "parent_thread_id");
	int64_t *numbers = file->memory.numbers;

	if (parent.n == 0)
		parent = text(file, payload, "parent_thread_id");
	bool is_agent = subagent.p || parent.n > 0 ||
			json_text_is(json_get(payload, "thread_source"), "subagent");
	struct str session = text(file, payload, "session_id");
	if (session.n == 0)
		session = is_agent && parent.n > 0 ? parent : thread;
	usage_remember(file, TEXT_THREAD, thread);
	usage_remember(file, TEXT_SESSION, session);
	usage_remember(file, TEXT_PROJECT, text(file, payload, "cwd"));
	usage_remember(file, TEXT_BRANCH, text(file, json_get(payload, "git"), "branch"));
	note_provider(file, payload, "model_provider");
	if (is_agent)
		usage_remember(file, TEXT_AGENT, agent_name(file, payload, subagent));
	numbers[NUMBER_IS_AGENT] = is_agent;
	numbers[NUMBER_IS_FORK] =
		subagent.p || json_type(json_get(payload, "forked_from_id")) == JSON_STRING;
	numbers[NUMBER_START_MS] = numbers[NUMBER_LAST_MS];
	return parent;
}

static void set_origin(struct usage_file *file, struct str thread)
{
	usage_remember(file, TEXT_ORIGIN, str_head(thread, ORIGIN_MAX_BYTES));
}

static void session_meta(struct usage_file *file, struct codex_line *line)
{
	struct str thread = text(file, line->payload, "id");
	struct str parent = text(file, line->payload, "forked_from_id");

	if (thread.n == 0)
		thread = text(file, line->payload, "session_id");
	if (thread.n == 0)
		return;
	note_time(file, line);
	if (!file->memory.texts[TEXT_THREAD].p) {
		struct str spawner = begin_thread(file, line->payload, thread);
		bool is_known = !file->is_compat || file->memory.numbers[NUMBER_IS_FORK];
		if (parent.n == 0 && is_known)
			parent = spawner;
	}
	/* The parent's own line may be missing; a second one of the same thread ends the copy. */
	bool is_again = was_seen(file, thread);
	set_origin(file, is_again || parent.n == 0 ? thread : parent);
	if (!is_again)
		set_seen(file, thread);
}

static void note_tier(struct usage_file *file, struct str tier)
{
	if (json_type(tier) == JSON_STRING)
		file->memory.numbers[NUMBER_IS_FAST] =
			json_text_is(tier, "fast") || json_text_is(tier, "priority");
}

static void turn_context(struct usage_file *file, struct codex_line *line)
{
	struct str model = text(file, line->payload, "model");

	if (model.n > 0)
		usage_remember(file, TEXT_MODEL, model);
	note_provider(file, line->payload, "model_provider");
	note_tier(file, json_get(line->payload, "service_tier"));
	if (!file->memory.texts[TEXT_PROJECT].p)
		usage_remember(file, TEXT_PROJECT, text(file, line->payload, "cwd"));
}

/* ---- records ---- */

/* Where ccusage has the session: the path below sessions. */
static struct str compat_session(struct usage_file *file)
{
	struct str below = file->below;

	return str_ends(below, STR(".jsonl")) ? str_head(below, below.n - STR(".jsonl").n) : below;
}

/* What reviews by itself is a name for whichever model was newest then, by day of 1970. */
static struct str reviewer(int64_t time_ms)
{
	static const struct {
		int64_t from_day;
		const char *model;
	} models[] = {
		{20'664, "gpt-5.6-luna"}, /* 2026-07-30 */
		{20'517, "gpt-5.4"}, /* 2026-03-05 */
		{20'489, "gpt-5.3-codex"}, /* 2026-02-05 */
		{20'433, "gpt-5.2-codex"}, /* 2025-12-11 */
		{20'405, "gpt-5.1-codex"}, /* 2025-11-13 */
		{20'346, "gpt-5-codex"}, /* 2025-09-15 */
	};
	int64_t day = time_ms / DAY_MS;

	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		if (day >= models[i].from_day)
			return str_from(models[i].model);
	return STR(DEFAULT_MODEL);
}

static void set_model(struct usage_file *file, struct usage_record *r, struct str named)
{
	r->model = named.n > 0 ? named : file->memory.texts[TEXT_MODEL];
	if (r->model.n > 0 && !str_is(r->model, "codex-auto-review"))
		return;
	r->model = r->model.n > 0 ? reviewer(r->time_ms) : STR(DEFAULT_MODEL);
	r->flags |= USAGE_GUESSED_MODEL;
}

static void set_thread(struct usage_file *file, struct usage_record *r)
{
	const struct usage_memory *m = &file->memory;

	r->session = m->texts[TEXT_SESSION].n > 0 ? m->texts[TEXT_SESSION] : usage_file_stem(file);
	r->project = m->texts[TEXT_PROJECT];
	r->branch = m->texts[TEXT_BRANCH];
	r->agent = m->texts[TEXT_AGENT];
	r->provider = file->is_compat ? STR("") : m->texts[TEXT_PROVIDER];
	if (m->numbers[NUMBER_IS_AGENT])
		r->flags |= USAGE_SIDECHAIN;
	if (m->numbers[NUMBER_IS_FAST] || (file->is_compat && (file->note & NOTE_FAST)))
		r->flags |= USAGE_FAST;
	if (file->is_compat)
		r->session = compat_session(file);
}

static bool is_after_pause(const struct usage_file *file, int64_t time_ms)
{
	const int64_t *numbers = file->memory.numbers;

	return time_ms > numbers[NUMBER_START_MS] && time_ms - numbers[NUMBER_LAST_MS] >= PAUSE_MS;
}

/* Notes whether the answers of this file have begun, by the first pause. */
static void note_pause(struct usage_file *file, int64_t time_ms)
{
	if (is_after_pause(file, time_ms))
		file->memory.numbers[NUMBER_IS_OWN] = 1;
}

/* A copy has the time of the copying; how much was used by then it does not tell. */
static void note_limits(struct usage_file *file, struct codex_line *line)
{
	const int64_t *numbers = file->memory.numbers;
	bool may_be_copy = numbers[NUMBER_IS_FORK] || numbers[NUMBER_IS_AGENT];
	int64_t time_ms;

	if (!time_of(line, &time_ms) ||
		(may_be_copy && !numbers[NUMBER_IS_OWN] && !is_after_pause(file, time_ms)))
		return;
	codex_limits_note(file, json_get(line->payload, "rate_limits"), time_ms);
}

/* The thread by whose name an answer is known. */
static struct str origin(struct usage_file *file)
{
	const struct usage_memory *m = &file->memory;

	if (!m->texts[TEXT_ORIGIN].p)
		return usage_file_stem(file);
	if (m->numbers[NUMBER_IS_AGENT] && m->numbers[NUMBER_IS_OWN])
		return m->texts[TEXT_THREAD];
	return m->texts[TEXT_ORIGIN];
}

static void take(struct usage_file *file, struct str id, int64_t time_ms,
	const struct codex_counts *used, struct str named_model)
{
	struct usage_record r = USAGE_RECORD_NONE;

	r.tokens = codex_counts_tokens(used);
	if (usage_tokens_total(&r.tokens) == 0)
		return;
	r.id = id;
	r.time_ms = time_ms;
	set_model(file, &r, named_model);
	set_thread(file, &r);
	usage_take(file, &r);
}

static struct str model_in(struct usage_file *file, struct str payload, struct str info)
{
	struct str model = text(file, payload, "model");

	if (model.n == 0)
		model = text(file, info, "model");
	return model.n > 0 ? model : text(file, info, "model_name");
}

/* Whether a line of the file is a token_count; when it is from. */
static bool is_count(struct str whole, int64_t *time_ms)
{
	return str_contains(whole, STR("\"token_count\"")) &&
	       json_text_is(json_pointer(whole, STR("/payload/type")), "token_count") &&
	       usage_json_time(json_get(whole, "timestamp"), time_ms);
}

/* Whether the first two token_counts follow each other without a pause. */
static bool begins_at_once(struct usage_file *file)
{
	AUTO(buf) head = {0};
	struct err e;
	struct str rest, whole;
	int64_t first_ms = -1, time_ms;

	if (!file_read(AT_FDCWD, arena_text(file->arena, file->path), HEAD_MAX_BYTES, &head, &e))
		return false;
	rest = buf_str(&head);
	while (str_split(&rest, '\n', &whole)) {
		if (!is_count(whole, &time_ms))
			continue;
		if (first_ms >= 0)
			return time_ms - first_ms < PAUSE_MS;
		first_ms = time_ms;
	}
	return false;
}

/*
 * ccusage takes what a fork begins with for its parent's, wherever that is, if it is more than one
 * token_count without a pause.
 */
static bool is_dropped_copy(struct usage_file *file, bool is_first, int64_t time_ms)
{
	int64_t *numbers = file->memory.numbers;

	if (!file->is_compat || !numbers[NUMBER_IS_FORK])
		return false;
	if (is_first)
		numbers[NUMBER_IS_DROPPED] = begins_at_once(file);
	else if (time_ms - numbers[NUMBER_LAST_MS] >= PAUSE_MS)
		numbers[NUMBER_IS_DROPPED] = 0;
	return numbers[NUMBER_IS_DROPPED];
}

static struct codex_counts used_since(struct usage_file *file, const struct codex_counts *before,
	const struct codex_counts *total, const struct codex_counts *last)
{
	static const struct codex_counts none;

	if (!file->is_compat)
		return codex_counts_used(before, total, last);
	return last->is_known ? *last : codex_counts_growth(before ? before : &none, total);
}

static void token_count(struct usage_file *file, struct codex_line *line)
{
	struct usage_memory *m = &file->memory;
	struct codex_counts before = remembered(m);
	bool has_before = m->numbers[NUMBER_HAS_TOTAL];
	struct str info = json_get(line->payload, "info");
	char id[CODEX_ID_BYTES];
	int64_t time_ms;

	if (json_type(info) != JSON_OBJECT)
		return;
	struct codex_counts total = codex_counts_read(json_get(info, "total_token_usage"));
	struct codex_counts last = codex_counts_read(json_get(info, "last_token_usage"));
	if (!total.is_known && !last.is_known) {
		usage_complain(file, "usage without a number");
		return;
	}
	/* Not remembered: the next one's growth holds this, too. */
	if (!time_of(line, &time_ms)) {
		usage_complain(file, "usage without a time");
		return;
	}
	note_pause(file, time_ms);
	bool is_copy = is_dropped_copy(file, !has_before, time_ms);
	bool is_told_again = total.is_known && has_before && codex_counts_same(&total, &before);
	if (!total.is_known)
		total = codex_counts_sum(&before, &last);
	if (!is_told_again) {
		struct codex_counts used =
			used_since(file, has_before ? &before : NULL, &total, &last);
		if (!is_copy)
			take(file, codex_counts_id(id, origin(file), &total), time_ms, &used,
				model_in(file, line->payload, info));
		remember(m, &total);
	}
	note_time(file, line);
}

static void thread_settings(struct usage_file *file, struct str settings)
{
	note_tier(file, json_get(settings, "service_tier"));
	note_provider(file, settings, "model_provider_id");
}

static void event_msg(struct usage_file *file, struct codex_line *line)
{
	struct str type = json_get(line->payload, "type");

	if (json_text_is(type, "token_count")) {
		note_limits(file, line);
		token_count(file, line);
	} else if (json_text_is(type, "thread_settings_applied"))
		thread_settings(file, json_get(line->payload, "thread_settings"));
}

/* ---- what codex exec --json prints ---- */

static void thread_started(struct usage_file *file, struct codex_line *line)
{
	struct str thread = text(file, line->whole, "thread_id");

	/* A thread that is resumed goes on counting. */
	if (thread.n == 0 || str_eq(thread, file->memory.texts[TEXT_THREAD]))
		return;
	usage_remember(file, TEXT_THREAD, thread);
	usage_remember(file, TEXT_SESSION, thread);
	set_origin(file, arena_printf(file->arena, LOG_ORIGIN "%.*s", STR_ARG(thread)));
	remember(&file->memory, &(struct codex_counts){0});
	file->memory.numbers[NUMBER_HAS_TOTAL] = 0;
}

/* The object that holds usage: the line itself, or one of these in it. */
static struct str usage_holder(struct str line)
{
	static const struct str names[] = {
		STR("usage"), STR("data"), STR("result"), STR("response")};
	struct str v[4];

	json_pick(line, names, 4, v);
	if (json_type(v[0]) == JSON_OBJECT)
		return line;
	for (int i = 1; i < 4; i++)
		if (json_type(json_get(v[i], "usage")) == JSON_OBJECT)
			return v[i];
	return (struct str){0};
}

/* A log has no times in most versions: when it was written stands in. */
static void turn_completed(struct usage_file *file, struct codex_line *line)
{
	struct usage_memory *m = &file->memory;
	struct str holder = usage_holder(line->whole), id = {0};
	struct codex_counts told, used;
	int64_t time_ms;
	char space[CODEX_ID_BYTES];

	if (!holder.p)
		return;
	told = codex_counts_read(json_get(holder, "usage"));
	if (!told.is_known) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (!time_of(line, &time_ms))
		time_ms = file->modified_ms;
	used = told;
	struct str model = text(file, holder, "model");
	if (model.n == 0)
		model = text(file, line->whole, "model");
	if (model.n > 0)
		usage_remember(file, TEXT_MODEL, model);
	if (file->is_compat) {
		id = arena_printf(file->arena, "%lld", (long long)time_ms);
		id = codex_counts_id(space, id, &told);
	} else if (str_starts(m->texts[TEXT_ORIGIN], STR(LOG_ORIGIN)) &&
		   json_text_is(line->type, "turn.completed")) {
		/* What it calls the turn's usage is the thread's. */
		struct codex_counts before = remembered(m), none = {0};
		used = codex_counts_used(
			m->numbers[NUMBER_HAS_TOTAL] ? &before : NULL, &told, &none);
		id = codex_counts_id(space, m->texts[TEXT_ORIGIN], &told);
		remember(m, &told);
	}
	take(file, id, time_ms, &used, model);
}

/* ---- the reader ---- */

static const struct {
	const char *type;
	void (*take)(struct usage_file *file, struct codex_line *line);
} kinds[] = {
	{"event_msg", event_msg},
	{"turn_context", turn_context},
	{"session_meta", session_meta},
	{"turn.completed", turn_completed},
	{"result", turn_completed},
	{"thread.started", thread_started},
};

static void line(struct usage_file *file, struct str whole)
{
	static const struct str names[] = {STR("type"), STR("timestamp"), STR("payload")};
	struct str v[3];

	if (!usage_line_is_whole(file, whole))
		return;
	json_pick(whole, names, 3, v);
	struct codex_line line = {v[0], v[1], v[2], whole};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (json_text_is(line.type, kinds[i].type))
			kinds[i].take(file, &line);
}

/* Whether config.toml asks for the fast tier, outside of any table: what ccusage goes by. */
static bool wants_fast(struct str path)
{
	AUTO(buf) settings = {0};
	struct str rest, line;
	struct err e;

	if (!file_read(AT_FDCWD, path.p, CONFIG_MAX_BYTES, &settings, &e))
		return false;
	rest = buf_str(&settings);
	while (str_split(&rest, '\n', &line)) {
		line = str_trim(line);
		if (str_starts(line, STR("[")))
			return false;
		if (!str_starts(line, STR("service_tier")))
			continue;
		struct str value = str_trim(str_skip(line, STR("service_tier").n));
		if (!str_starts(value, STR("=")))
			continue;
		value = str_trim(str_skip(value, 1));
		return str_starts(value, STR("\"fast\"")) || str_starts(value, STR("\"priority\""));
	}
	return false;
}

/* A home without sessions is a directory of logs. "~" is expanded by who adds a place, only. */
static void add_home(struct usage_places *places, struct str home)
{
	static const char *const tails[] = {"/sessions", "/archived_sessions", ""};
	struct arena *a = places->arena;
	bool has_sessions = false;

	while (home.n > 1 && str_ends(home, STR("/")))
		home = str_head(home, home.n - 1);
	bool is_below = str_starts(home, STR("~/")) && places->home;
	struct str real = arena_printf(a, "%s%.*s", is_below ? places->home : "",
		STR_ARG(str_skip(home, is_below ? 1 : 0)));
	unsigned note = wants_fast(arena_printf(a, "%s/config.toml", real.p)) ? NOTE_FAST : 0;
	for (int i = 0; i < 2; i++)
		has_sessions |= access(arena_printf(a, "%s%s", real.p, tails[i]).p, F_OK) == 0;
	for (int i = has_sessions ? 0 : 2; i < (has_sessions ? 2 : 3); i++)
		usage_places_add(
			places, arena_printf(a, "%.*s%s", STR_ARG(home), tails[i]).p, note);
}

static void places(struct usage_places *places)
{
	struct str rest = str_from(usage_places_get(places, "CODEX_HOME")), home;

	if (str_trim(rest).n == 0)
		rest = STR("~/.codex");
	while (str_split(&rest, ',', &home)) {
		home = str_trim(home);
		if (home.n > 0)
			add_home(places, home);
	}
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".jsonl"));
}

const struct usage_reader usage_reader_codex = {
	.name = "codex",
	.title = "Codex CLI",
	.provider = "openai",
	.tells_limits = true,
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"token_count\""), STR("\"turn_context\""), STR("\"session_meta\""),
		STR("\"thread_settings_applied\""), STR("\"turn.completed\""),
		STR("\"thread.started\""), STR("\"result\"")},
};
