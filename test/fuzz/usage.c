// SPDX-License-Identifier: MIT
/*
 * usage: any lines for any reader of lines. The first line names it, "codex" or, by ccusage's
 * rules, "codex!"; any other stands for one of them. What is read in two parts is what is read in
 * one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/must.h"
#include "usage/reader.h"

#define BASE_MS 1'772'366'400'000

enum { READERS_MAX = 32, CUTS = 8 };

/* What a reading gave, as one number that depends on every byte of it. */
struct gist {
	uint64_t hash;
	int64_t records, complaints;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mix(struct gist *gist, struct str text)
{
	gist->hash = gist->hash * 1'099'511'628'211 + hash_bytes(text) + text.n;
}

static void take(void *self, struct usage_file *, const struct usage_record *r)
{
	struct gist *gist = self;
	const struct str texts[] = {
		r->id, r->session, r->project, r->branch, r->agent, r->model, r->provider};

	gist->records++;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		must(texts[i].n == 0 || texts[i].p);
		mix(gist, texts[i]);
	}
	for (size_t i = 0; i < r->tool_count; i++)
		mix(gist, r->tools[i]);
	const struct usage_tokens *t = &r->tokens;
	must(t->input >= 0 && t->output >= 0 && t->cache_write_5m >= 0 && t->cache_write_1h >= 0);
	must(t->cache_read >= 0 && t->other >= 0 && t->reasoning >= 0 && t->web_searches >= 0);
	must(r->cost_reported_nanousd >= -1);
	mix(gist, (struct str){(const char *)t, sizeof *t});
	mix(gist, (struct str){(const char *)&r->time_ms, sizeof r->time_ms});
	mix(gist, (struct str){(const char *)&r->flags, sizeof r->flags});
}

static void complain(void *self, struct usage_file *, const char *why)
{
	struct gist *gist = self;

	gist->complaints++;
	mix(gist, str_from(why));
}

/* A reading ends here: the memory's texts move on, everything else is gone. */
static void keep_memory(struct usage_file *file, struct arena *now, struct arena *kept)
{
	struct arena next = {0};

	for (int i = 0; i < USAGE_TEXTS; i++) {
		struct str *text = &file->memory.texts[i];
		if (text->p)
			*text = arena_copy(&next, *text);
	}
	arena_release(kept);
	arena_release(now);
	*kept = next;
}

/* Reads line by line, as two readings where the line at cut begins. */
static struct gist read_lines(
	const struct usage_reader *reader, struct str text, bool is_compat, size_t cut)
{
	struct gist gist = {0};
	struct arena now = {0}, kept = {0};
	struct usage_file file = {.path = STR("/nowhere/sessions/a/b/wire.jsonl"),
		.below = STR("sessions/a/b/wire.jsonl"),
		.is_compat = is_compat,
		.arena = &now,
		.modified_ms = BASE_MS,
		.self = &gist,
		.take = take,
		.complain = complain};
	struct str line;

	for (size_t i = 0; str_split(&text, '\n', &line); i++) {
		if (i == cut)
			keep_memory(&file, &now, &kept);
		/* A copy: the sanitizer sees what looks beyond its end. */
		char *bytes = must_alloc(line.n + !line.n, 1);
		memcpy(bytes, line.p, line.n);
		reader->line(&file, (struct str){bytes, line.n});
		free(bytes);
	}
	arena_release(&now);
	arena_release(&kept);
	return gist;
}

static const struct usage_reader *choose(struct str name)
{
	const struct usage_reader *readers[READERS_MAX];
	size_t count = 0;

	for (size_t i = 0; usage_readers[i] && count < READERS_MAX; i++) {
		if (!usage_readers[i]->line)
			continue;
		if (str_is(name, usage_readers[i]->name))
			return usage_readers[i];
		readers[count++] = usage_readers[i];
	}
	return readers[hash_bytes(name) % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, name;

	if (!str_split(&text, '\n', &name) || text.n == 0)
		return 0;
	bool is_compat = str_ends(name, STR("!"));
	const struct usage_reader *reader = choose(str_head(name, name.n - is_compat));
	struct gist once = read_lines(reader, text, is_compat, SIZE_MAX);
	struct gist twice = read_lines(reader, text, is_compat, 1 + size % CUTS);
	must(once.hash == twice.hash && once.records == twice.records);
	must(once.complaints == twice.complaints);
	return 0;
}
