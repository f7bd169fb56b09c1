// SPDX-License-Identifier: MIT
#include "usage/reader/claude_line.h"

#include <stddef.h>
#include <string.h>

#include "usage/reader/track.h"

/* A walk that leaves its track. */
struct walker {
	struct json_walk w;
	struct claude_line *line;
	struct track *track; /* NULL: it leaves none */
	const char *run; /* where the run that is not in it yet begins */
};

/* ---- tracks ---- */

/* The line is not one for whose likes a track can speak. */
static void leave_none(struct walker *l)
{
	if (l->track)
		l->track->run_count = 0;
	l->track = NULL;
}

static uint16_t place_of(const struct walker *l, const struct str *to)
{
	return (uint16_t)((const char *)to - (const char *)l->line);
}

/* A run ends where the value begins. */
static void note(struct walker *l, const char *start, const struct str *to, enum track_value value)
{
	struct track *t = l->track;
	size_t n = (size_t)(start - l->run);
	uint8_t kept = t->kept_count;

	if (t->run_count == TRACK_RUNS || n > sizeof t->text - t->n) {
		leave_none(l);
		return;
	}
	for (size_t i = 0; i < t->run_count; i++)
		kept -= t->runs[i].kept;
	for (size_t i = t->kept_count - kept; i < t->kept_count; i++)
		t->kept[i].back = (uint16_t)(n - t->kept[i].back);
	memcpy(t->text + t->n, l->run, n);
	t->n += (uint16_t)n;
	t->runs[t->run_count].n = (uint16_t)n;
	t->runs[t->run_count].to = place_of(l, to);
	t->runs[t->run_count].kept = kept;
	t->runs[t->run_count++].value = value;
	l->run = l->w.p;
}

/* It becomes a part of the run; how far it is from the run's end is known there. */
static void note_kept(struct walker *l, const struct str *to)
{
	struct track *t = l->track;
	size_t before = (size_t)(to->p - l->run);

	if (t->kept_count == TRACK_KEPT || before + to->n > sizeof t->text) {
		leave_none(l);
		return;
	}
	t->kept[t->kept_count].back = (uint16_t)before;
	t->kept[t->kept_count].n = (uint16_t)to->n;
	t->kept[t->kept_count++].to = place_of(l, to);
}

static __attribute__((noinline)) void note_value(
	struct walker *l, const struct str *to, enum track_value value)
{
	const struct claude_line *line = l->line;
	size_t place = place_of(l, to) - offsetof(struct claude_line, setting);

	if (place < sizeof line->setting)
		note_kept(l, to);
	else if (to != &line->usual)
		note(l, to->p, to, value);
}

static void take_as(struct walker *l, struct str *to, enum track_value value)
{
	*to = json_walk_value(&l->w);
	if (l->track)
		note_value(l, to, value);
}

static void take(struct walker *l, struct str *to)
{
	take_as(l, to, TRACK_ANY);
}

/* What nobody wants; some of it mostly is as in the line before. */
static void take_unwanted(struct walker *l, struct str key)
{
	static const char *const usual[] = {"type", "role", "stop_sequence", "context_management",
		"container", "userType", "entrypoint", "version", "slug"};

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (str_is(key, usual[i])) {
			take(l, &l->line->usual);
			return;
		}
	take(l, &l->line->unwanted);
}

static void take_member(struct walker *l, struct str key, struct str *to)
{
	if (to)
		take(l, to);
	else
		take_unwanted(l, key);
}

/* Into the object that comes; what is none is passed. */
static bool enter(struct walker *l)
{
	if (json_walk_enter(&l->w, '{'))
		return true;
	take_as(l, &l->line->unwanted, TRACK_FLAT);
	return false;
}

/* ---- the content ---- */

static void walk_block(struct json_walk *w, struct claude_line *line)
{
	struct str key, type = {0}, name = {0};

	while (json_walk_member(w, &key)) {
		if (str_is(key, "type"))
			type = json_walk_value(w);
		else if (str_is(key, "name"))
			name = json_walk_value(w);
		else
			json_walk_skip(w);
	}
	if (name.n > 2 && name.p[0] == '"' && str_ends(type, STR("tool_use\"")) &&
		line->tool_count < CLAUDE_TOOLS_MAX)
		line->tools[line->tool_count++] = name;
}

static void walk_content(struct json_walk *w, struct claude_line *line)
{
	line->tool_count = 0;
	if (!json_walk_enter(w, '[')) {
		json_walk_skip(w);
		return;
	}
	while (json_walk_item(w)) {
		if (json_walk_enter(w, '{'))
			walk_block(w, line);
		else
			json_walk_skip(w);
	}
}

/* ---- the rest ---- */

/* Of the members of an object within usage one or two. */
static void walk_part(struct walker *l, const char *name, struct str *value, const char *other_name,
	struct str *other)
{
	struct str key;

	if (!enter(l))
		return;
	while (json_walk_member(&l->w, &key))
		take_member(l, key,
			str_is(key, name)                       ? value
			: other_name && str_is(key, other_name) ? other
								: NULL);
}

static struct str *usage_member(struct claude_line *line, struct str key)
{
	struct claude_usage *u = &line->usage;

	switch (key.n) {
	case 5: return str_is(key, "speed") ? &line->setting.speed : NULL;
	case 12:
		if (str_is(key, "input_tokens"))
			return &u->input;
		return str_is(key, "service_tier") ? &line->setting.tier : NULL;
	case 13:
		if (str_is(key, "output_tokens"))
			return &u->output;
		return str_is(key, "inference_geo") ? &line->setting.geo : NULL;
	case 23: return str_is(key, "cache_read_input_tokens") ? &u->cache_read : NULL;
	case 27: return str_is(key, "cache_creation_input_tokens") ? &u->cache_write : NULL;
	default: return NULL;
	}
}

/* Of a name that comes twice the last value counts. */
static void forget_usage(struct walker *l)
{
	l->line->has_usage = false;
	l->line->usage = (struct claude_usage){0};
	l->line->setting.speed = l->line->setting.geo = l->line->setting.tier = (struct str){0};
	leave_none(l);
}

static void forget_message(struct walker *l)
{
	forget_usage(l);
	l->line->message_id = l->line->setting.model = (struct str){0};
	l->line->tool_count = 0;
}

/* usage that is no object counts as little as none. */
static void walk_usage(struct walker *l)
{
	struct claude_usage *u = &l->line->usage;
	struct str key;

	if (l->line->has_usage)
		forget_usage(l);
	l->line->has_usage = enter(l);
	if (!l->line->has_usage)
		return;
	while (json_walk_member(&l->w, &key)) {
		if (str_is(key, "cache_creation"))
			walk_part(l, "ephemeral_5m_input_tokens", &u->cache_5m,
				"ephemeral_1h_input_tokens", &u->cache_1h);
		else if (str_is(key, "server_tool_use"))
			walk_part(l, "web_search_requests", &u->searches, NULL, NULL);
		else if (str_is(key, "output_tokens_details"))
			walk_part(l, "thinking_tokens", &u->thinking, NULL, NULL);
		else
			take_member(l, key, usage_member(l->line, key));
	}
}

static void walk_message(struct walker *l)
{
	struct str key;

	if (l->line->has_message)
		forget_message(l);
	l->line->has_message = true;
	if (!enter(l))
		return;
	while (json_walk_member(&l->w, &key)) {
		if (str_is(key, "content")) {
			const char *start = l->w.p;
			walk_content(&l->w, l->line);
			if (l->track)
				note(l, start, &l->line->unwanted, TRACK_CONTENT);
		} else if (str_is(key, "usage"))
			walk_usage(l);
		else if (str_is(key, "id"))
			take(l, &l->line->message_id);
		else
			take_member(l, key, str_is(key, "model") ? &l->line->setting.model : NULL);
	}
}

/* Where a member's value goes; NULL: nobody wants it. */
static struct str *member(struct claude_line *line, struct str key)
{
	switch (key.n) {
	case 3: return str_is(key, "cwd") ? &line->setting.cwd : NULL;
	case 4: return str_is(key, "uuid") ? &line->uuid : NULL;
	case 7: return str_is(key, "costUSD") ? &line->cost : NULL;
	case 9:
		if (str_is(key, "timestamp"))
			return &line->timestamp;
		if (str_is(key, "sessionId"))
			return &line->setting.session_id;
		return str_is(key, "gitBranch") ? &line->setting.branch : NULL;
	case 11: return str_is(key, "isSidechain") ? &line->setting.sidechain : NULL;
	default: return NULL;
	}
}

static void begin(struct claude_line *line, struct str text)
{
	memset(line, 0, offsetof(struct claude_line, tools));
	line->whole = text;
}

static bool walk(struct str text, struct track *track, struct claude_line *line)
{
	struct walker l = {json_walk_begin(text), line, track, text.p};
	struct str key;

	begin(line, text);
	if (!json_walk_enter(&l.w, '{'))
		return false;
	while (json_walk_member(&l.w, &key)) {
		if (str_is(key, "message"))
			walk_message(&l);
		else
			take_member(&l, key, member(line, key));
	}
	bool is_whole = json_walk_ends(&l.w);
	if (!is_whole || !line->has_usage)
		leave_none(&l);
	if (l.track)
		note(&l, l.w.end, &line->unwanted, TRACK_END);
	return is_whole;
}

/* ---- along a track ---- */

static inline struct str *place(struct claude_line *line, size_t at)
{
	return (struct str *)((char *)line + at);
}

static inline bool pass(struct json_walk *w, const char *text, size_t n)
{
	if ((size_t)(w->end - w->p) < n || memcmp(w->p, text, n) != 0)
		return false;
	w->p += n;
	return true;
}

/* False: the line is another one, or damaged. */
static bool follow(const struct track *t, struct str text, struct claude_line *line)
{
	struct json_walk w = json_walk_begin(text);
	const char *run = t->text;
	size_t kept = 0;

	begin(line, text);
	line->has_message = line->has_usage = true;
	for (size_t i = 0; i < t->run_count; i++) {
		if (!pass(&w, run, t->runs[i].n))
			return false;
		run += t->runs[i].n;
		for (size_t end = kept + t->runs[i].kept; kept < end; kept++)
			*place(line, t->kept[kept].to) =
				(struct str){w.p - t->kept[kept].back, t->kept[kept].n};
		if (t->runs[i].value == TRACK_END)
			return json_walk_ends(&w);
		if (t->runs[i].value == TRACK_CONTENT)
			walk_content(&w, line);
		else if (t->runs[i].value == TRACK_FLAT && (*w.p == '{' || *w.p == '['))
			return false;
		else
			*place(line, t->runs[i].to) = json_walk_value(&w);
	}
	return false;
}

bool claude_line_read(struct str text, struct usage_tracks *tracks, struct claude_line *line)
{
	if (!tracks)
		return walk(text, NULL, line);
	for (unsigned i = 0; i < tracks->count; i++) {
		unsigned at = (tracks->last + i) % tracks->count;
		if (!follow(&tracks->all[at], text, line))
			continue;
		tracks->last = at;
		return true;
	}
	/* A new one, or in place of the one that was tried last. */
	if (tracks->count < TRACKS)
		tracks->last = tracks->count++;
	else
		tracks->last = (tracks->last + TRACKS - 1) % TRACKS;
	struct track *track = &tracks->all[tracks->last];
	track->run_count = track->kept_count = 0;
	track->n = 0;
	return walk(text, track, line);
}
